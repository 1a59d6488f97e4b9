"""Each set of claims or of relevant documents as a tiny file -> the very rows that it should give."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from training.examples import CONTRADICTED, NOT_SAID, SUPPORTED, Row
from training.sources import LONGEST_PASSAGE, breaking_nli, labelled_claims, premise_csv, relevance
from training.sources.files import around, shortened


def lines(path: Path, *tables: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(table) + "\n" for table in tables), encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "mark"), [("m.csv", ","), ("m.tsv", "\t"), ("m.txt", "\t")])
def test_premises_are_read_from_the_last_three_columns(tmp_path: Path, name: str, mark: str) -> None:
    table = [("premise", "hypothesis", "label"), (" A premise. ", "A claim. ", "entailment"), ("P.", "C.", "contradiction"),
             ("P.", "D.", "neutral"), ("P.", "E.", "not_entailment"), ("", "F.", "neutral")]  # fmt: skip
    text = "".join(mark.join(("7", *cells)) + "\n" for cells in table)
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert list(premise_csv(tmp_path / name, "mnli")) == [
        Row("entail", "A claim.", ("A premise.",), SUPPORTED, "mnli", " A premise. "),
        Row("entail", "C.", ("P.",), CONTRADICTED, "mnli", "P."),
        Row("entail", "D.", ("P.",), NOT_SAID, "mnli", "P."),
    ]


def test_a_quote_is_a_quote_in_csv_and_a_character_between_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'"One, two \xe9","A ""claim"".",neutral\n')
    (tmp_path / "a.tsv").write_text('"One\t"Two\tneutral\n')
    assert [(r.sentences, r.first) for r in premise_csv(tmp_path / "a.csv", "s")] == [(("One, two �",), 'A "claim".')]
    assert [(r.sentences, r.first) for r in premise_csv(tmp_path / "a.tsv", "s")] == [(('"One',), '"Two')]


def test_breaking_nli_is_read_from_its_archive(tmp_path: Path) -> None:
    pairs = [{"sentence1": "A man.", "sentence2": "A woman.", "gold_label": label} for label in ("contradiction", "-")]
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("__MACOSX/a.jsonl", "not json")
        archive.writestr("readme.md", "not json")
        archive.writestr("data/a.jsonl", "\n".join(map(json.dumps, pairs)))
    assert list(breaking_nli(tmp_path / "b.zip")) == [
        Row("entail", "A woman.", ("A man.",), CONTRADICTED, "breaking_nli", "A man.")
    ]


def test_labelled_claims_are_held_against_their_rationale_and_the_whole(tmp_path: Path) -> None:
    texts = ["One\nis.", "Two.", "Three.", "Four."]
    kinds = {
        "a": ("SUPPORT", [[2]]),
        "b": ("REFUTE", []),
        "c": ("PARTIAL", []),
        "d": ("NOT_SUPPORTED", [9]),
        "e": ("NEUTRAL", [1]),
    }
    tables = [
        {"id": k, "claim": f"{k}.", "evidence": texts, "label": v, "rationales": r} for k, (v, r) in kinds.items()
    ]
    path = lines(tmp_path / "v.jsonl", *tables)
    made = ("One is.", "Two.", "Three.", "Four.")
    wanted = [("a.", made[1:3], SUPPORTED, "a"), ("a.", made, SUPPORTED, "a"), ("b.", made, CONTRADICTED, "b"),
              ("d.", made, NOT_SAID, "d"), ("e.", made[:2], NOT_SAID, "e"), ("e.", made, NOT_SAID, "e")]  # fmt: skip
    assert list(labelled_claims(path, "wice")) == [
        Row("entail", claim, seen, label, "wice", group) for claim, seen, label, group in wanted
    ]
    assert {row.group for row in labelled_claims(path, "scifact")} == {"a.", "b.", "d.", "e."}


def test_relevance_pairs_the_right_documents_and_the_best_wrong_ones(tmp_path: Path) -> None:
    lines(
        tmp_path / "corpus.jsonl", *({"_id": str(at), "title": f"T{at}", "text": f"It is {at}. So"} for at in range(5))
    )
    lines(tmp_path / "queries.jsonl", {"_id": "q", "text": "What\nis?"}, {"_id": "other", "text": "No?"})
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\nq\t3\t0\nq\t0\t2\n")
    rows = list(relevance(tmp_path, "dev.tsv", {"q": ["1", "3", "2", "4"]}, "set", 2))
    assert [(row.sentences[0], row.label) for row in rows] == [("T0.", 1), ("T1.", 1), ("T3.", 0), ("T2.", 0)]
    assert rows[0] == Row("rank", "What is?", ("T0.", "It is 0.", "So"), 1, "set", "What is?")


def test_what_is_around_and_how_much_of_it() -> None:
    texts = ("a b", "c d", "e f", "g h")
    assert [around(texts, places) for places in ([0], [2], [1, 3])] == [texts[:1], texts[1:3], texts]
    assert around(texts, []) == texts
    wide = "w " * (LONGEST_PASSAGE - 2)
    assert shortened(["a b", wide, "c"]) == ("a b", wide)
    assert shortened([wide + "x y z", "c"]) == (wide + "x y z",)
    assert shortened([]) == ()
