"""Files of the bench: read and checked, refused with the file and the line, and the part that was held out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from bench_files import beir, claim_file, squad_file, write_lines
from hypothesis import given
from hypothesis import strategies as st

from eval.benchmarks.collection import read_collection
from eval.benchmarks.files import BenchmarkError, Document, LabelledClaim, Query, read_lines, read_qrels, read_squad
from eval.benchmarks.held_out import held_out_claims, held_out_queries
from eval.benchmarks.passages import as_passage
from training.examples import Row
from training.prepare import _held_out

T = TypeVar("T")
TEXTS = {"d1": "Cats purr.", "d2": "Dogs bark."}
QUERIES = [
    {"_id": "q1", "text": "cats?", "metadata": {"a": 1}},
    {"_id": "q2", "text": "dogs?", "history": [{"role": "user", "text": "cats?"}, {"role": "agent", "text": "purr"}]},
    {"_id": "unjudged", "text": "birds?"},
]


def test_a_folder_holds_the_judged_queries_and_every_document(tmp_path: Path) -> None:
    qrels = [("q2", "d2", 2), ("q1", "d1", 1), ("q1", "d2", 0)]
    collection = read_collection(beir(tmp_path / "pets", TEXTS, QUERIES, qrels))
    assert collection.name == "pets (dev)"
    assert [passage.id for passage in collection.passages] == ["d1", "d2"]
    assert [query.id for query in collection.queries] == ["q1", "q2"]
    assert [said.text for said in collection.queries[1].history] == ["cats?", "purr"]
    assert collection.qrels == {"q2": {"d2": 2}, "q1": {"d1": 1, "d2": 0}}


def test_a_query_that_nothing_is_relevant_to_is_not_asked(tmp_path: Path) -> None:
    collection = read_collection(beir(tmp_path / "pets", TEXTS, QUERIES, [("q1", "d1", 1), ("q2", "d1", 0)]))
    assert [query.id for query in collection.queries] == ["q1"]


def test_of_several_splits_one_must_be_named(tmp_path: Path) -> None:
    folder = beir(tmp_path / "pets", TEXTS, QUERIES, [("q1", "d1", 1)])
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq2\td2\t1\n")
    with pytest.raises(BenchmarkError, match=r"name one with --split; it has dev, test"):
        read_collection(folder)
    assert [query.id for query in read_collection(folder, "test").queries] == ["q2"]
    with pytest.raises(BenchmarkError, match=r"no 'train'; it has dev, test"):
        read_collection(folder, "train")


def test_a_folder_without_qrels_or_with_those_of_other_queries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"no \.tsv file"):
        read_collection(tmp_path)
    with pytest.raises(BenchmarkError, match="judges no query"):
        read_collection(beir(tmp_path / "pets", TEXTS, QUERIES, [("other", "d1", 1)]))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"_id": "a"}', "text: Field required"),
        ("{", "Invalid JSON"),
        ('{"_id": 1, "text": "a"}', "_id: Input should be"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_text('{"_id": "a", "text": "b"}\n\n' + line)
    with pytest.raises(BenchmarkError, match=rf"corpus\.jsonl:3: {said}"):
        read_lines(file, Document)


def test_a_claim_without_evidence_is_refused(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", [{"id": "a", "claim": "b", "evidence": [], "label": "SUPPORT"}])
    with pytest.raises(BenchmarkError, match=r"a\.jsonl:1: evidence"):
        read_lines(file, LabelledClaim)


@pytest.mark.parametrize("line", ["q1\td1", "q1\td1\tmuch", "q1 d1 1"])
def test_bad_qrels_are_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "dev.tsv"
    file.write_text(f"query-id\tcorpus-id\tscore\nq1\td1\t1\n{line}\n")
    with pytest.raises(BenchmarkError, match=r"dev\.tsv:3"):
        read_qrels(file)


def test_a_file_that_is_not_there_or_no_squad_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="cannot be read"):
        read_lines(tmp_path / "none.jsonl", Document)
    file = tmp_path / "squad.json"
    file.write_text('{"data": [{"title": "a", "paragraphs": [{"context": "b"}]}]}')
    with pytest.raises(BenchmarkError, match=r"squad\.json: data\.0\.paragraphs\.0\.qas"):
        read_squad(file)
    assert read_squad(squad_file(file)).data[0].title == "Pets"


def test_a_passage_has_the_programs_sentences_at_least_one() -> None:
    passage = as_passage("d", "Pets", "Cats purr. Dogs bark.")
    assert [one.text for one in passage.sentences] == ["Cats purr.", "Dogs bark."]
    assert [(one.start, one.end) for one in passage.sentences] == [(0, 10), (11, 21)]
    assert [one.clean for one in as_passage("d", "Pets", "").sentences] == ["Pets"]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_what_is_held_out_is_what_training_held_out(name: str) -> None:
    claim = LabelledClaim.model_validate({"id": name, "claim": f"{name}!", "evidence": ["A."], "label": "SUPPORT"})
    for file, source, group in (
        ("begin_wow", "begin", claim.id),
        ("wice", "wice", claim.id),
        ("scifact_claims", "scifact", claim.claim),
    ):
        row = Row("entail", claim.claim, ("A.",), 0, source, group)
        assert _kept(held_out_claims, Path(f"{file}.jsonl"), claim) == _held_out(row)
    query = Query.model_validate({"_id": "1", "text": f" a {name}"})
    asked = " ".join(query.text.split())
    row = Row("rank", asked, ("A.",), 1, "scifact", asked)
    assert _kept(held_out_queries, Path("scifact"), query) == _held_out(row)


def _kept(part: Callable[[Path, list[T]], list[T]], path: Path, row: T) -> bool:
    try:
        return part(path, [row]) == [row]
    except BenchmarkError:  # nothing is left
        return False


def test_a_part_of_nothing_is_refused(tmp_path: Path) -> None:
    query = Query.model_validate({"_id": "1", "text": "b"})  # bucket 66
    with pytest.raises(BenchmarkError, match="none of its 1 rows was held out"):
        held_out_queries(tmp_path / "scifact", [query])


def test_a_set_that_was_learned_from_whole_has_no_held_out_part(tmp_path: Path) -> None:
    rows = read_lines(claim_file(tmp_path / "claims.jsonl"), LabelledClaim)
    with pytest.raises(BenchmarkError, match="begin_wow, scifact_claims, wice"):
        held_out_claims(tmp_path / "claims.jsonl", rows)
    with pytest.raises(BenchmarkError, match="--held-out is for scifact"):
        held_out_queries(tmp_path / "medquad_open", [])
