"""SQuAD: answerability and the gold sentence, for each way to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_files import squad_file

from eval.benchmarks.files import BenchmarkError, Squad, read_squad
from eval.benchmarks.squad import squad, word_coverage
from ketarag.testing import FakePairModel, FakeReader, HashEmbedder


def test_a_rare_word_covers_more_than_one_of_every_sentence() -> None:
    cover = word_coverage("ketamine glaucoma", ["ketamine acts", "ketamine glaucoma", "ketamine rests"])
    assert cover[1] == pytest.approx(1.0)
    assert 0 < cover[0] == cover[2] < 0.5


def test_a_question_without_content_is_covered_by_nothing() -> None:
    assert word_coverage("what is it?", ["It is."]).tolist() == [0.0]


def test_answerability_and_the_gold_sentence(tmp_path: Path) -> None:
    figures = squad(
        read_squad(squad_file(tmp_path / "squad.json")), [], HashEmbedder(), FakePairModel(), lambda _: FakeReader()
    )
    ways = ["as shipped", "network", "network and coverage", "coverage", "cosine"]
    assert list(figures) == [
        *(f"answerability AUROC: {way}" for way in ("as shipped", "network", "cosine")),
        *(f"gold sentence first: {way}" for way in ways),
    ]
    assert {name: one.value for name, one in figures.items() if one} == dict.fromkeys(figures, 1.0)
    counts = {name: one.count for name, one in figures.items() if one}
    assert counts["answerability AUROC: network"] == 2
    assert counts["gold sentence first: network"] == 1


def _asked(question: str, start: int) -> Squad:
    """Beside a question that cannot be answered, one whose answer starts at `start` of two sentences."""
    answers = [{"text": "x", "answer_start": start}]
    qas = [{"question": question, "answers": answers}, {"question": "Dogs bark?", "is_impossible": True}]
    paragraph = {"context": "Cats purr loudly. Dogs bark at night.", "qas": qas}
    return Squad.model_validate({"data": [{"title": "Pets", "paragraphs": [paragraph]}]})


@pytest.mark.parametrize(("start", "right"), [(0, 0.0), (16, 0.0), (18, 1.0), (36, 1.0)])
def test_the_first_sentence_is_gold_where_the_answer_starts_in_it(start: int, right: float) -> None:
    figures = squad(_asked("Who barks?", start), [], HashEmbedder(), FakePairModel(), lambda _: FakeReader())
    for way in ("as shipped", "network", "coverage", "cosine"):
        one = figures[f"gold sentence first: {way}"]
        assert one is not None
        assert one.value == right


def test_less_sure_of_what_is_answered_is_the_wrong_way_round() -> None:
    figures = squad(_asked("Why?", 0), [], HashEmbedder(), FakePairModel(), lambda _: FakeReader())
    one = figures["answerability AUROC: as shipped"]
    assert one is not None
    assert one.value == 0.0


def test_only_the_articles_that_are_named(tmp_path: Path) -> None:
    file = read_squad(squad_file(tmp_path / "squad.json"))
    more = Squad(data=(*file.data, file.data[0].model_copy(update={"title": "Birds"})))
    heard: list[int] = []

    def reader_of(passages: object) -> FakeReader:
        heard.append(len(passages))  # type: ignore[arg-type]
        return FakeReader()

    figures = squad(more, ["Birds"], HashEmbedder(), FakePairModel(), reader_of)
    one = figures["answerability AUROC: network"]
    assert one is not None
    assert (one.count, heard) == (2, [1])
    with pytest.raises(BenchmarkError, match=r"no article 'Fish'; there are Pets, Birds"):
        squad(more, ["Birds", "Fish"], HashEmbedder(), FakePairModel(), reader_of)


def test_a_file_that_asks_nothing_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="no question"):
        squad(Squad(data=()), [], HashEmbedder(), FakePairModel(), lambda _: FakeReader())


def test_where_everything_is_answered_answerability_is_not_scored() -> None:
    paragraph = {"context": "Cats purr.", "qas": [{"question": "Who purrs?", "answers": [{"answer_start": 0}]}]}
    file = Squad.model_validate({"data": [{"title": "Pets", "paragraphs": [paragraph]}]})
    figures = squad(file, [], HashEmbedder(), FakePairModel(), lambda _: FakeReader())
    assert figures["answerability AUROC: network"] is None
    assert figures["gold sentence first: network"] is not None
