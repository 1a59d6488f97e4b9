"""`python -m eval --llm`: what the model was given and wrote is seen, judged three ways, and put into words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from faulty_server import FaultyServer, says
from made import answer, case, citation, gold

from eval import cases as cases_module
from eval.__main__ import main
from eval.cases import QuestionCase
from eval.generated import as_markdown, compare
from eval.generated.compare import Comparison, Said
from eval.generated.numbers import foreign_numbers
from eval.generated.recorder import Recorder, passage_of
from ketarag import Answer, Assistant, Document, Hit, Passage, Verdict
from ketarag.answering import prompts
from ketarag.errors import ChatModelError, SettingsError
from ketarag.integrations.langchain.models import load_chat_model
from ketarag.protocols import ChatModel, Message
from ketarag.testing import Reply, ScriptedChatModel

TEXT = "The dose is 5 mg. It lasts a week."
PASSAGE = Passage("p", "a.txt", 0, 34, "Dose", TEXT, TEXT, ())
OTHER = Passage("q", "a.txt", 18, 34, "", TEXT[18:], TEXT[18:], ())
DRAFT = "The dose is 5 mg [1]. It lasts 9 weeks [1]. It cures everything [7]."
CASES = (
    ("dev", case("number", facts=(("5 mg",),), evidence=((gold(0, 17),),), question="What dose?", name="number-1")),
    ("dev", case("unanswerable_far", question="Weather?", name="far-1")),
)


class Extractive:
    """Quotes the dose; takes every claim whose words are in the text."""

    fingerprint = "extractive"
    documents = (Document("a.txt", "A", TEXT, "0"),)

    def conversation(self) -> Extractive:
        return self

    def ask(self, question: str) -> Answer:
        said = answer("The dose is 5 mg.", citations=[citation(0, 17, TEXT[:17])])
        return replace(said, timings_ms={"first_claim": 3.0}) if "dose" in question else answer()

    def retrieve(self, question: str, k: int) -> list[Hit]:
        return [Hit(passage, 0.5, rank, "dense") for rank, passage in enumerate((PASSAGE, OTHER), 1)][:k]

    def verify(self, claim: str) -> Verdict:
        return Verdict(claim in TEXT, 0.5)


class Writing(Extractive):
    """Asks the model as the program does, shows what is in the text, and the source's own in the place of the second sentence."""

    fingerprint = "writing"

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    def ask(self, question: str) -> Answer:
        if "dose" not in question:
            return answer()
        messages = prompts.writing(question, (), [PASSAGE])
        text = "".join(self._model.stream(messages, seconds=5, tokens=100))
        own = answer("The dose is 5 mg.", "It lasts a week.", citations=[citation(0, 17, TEXT[:17])])
        claims = (
            (own.claims[0], replace(own.claims[1], repaired=True)) if DRAFT.startswith(text[:5]) else own.claims[:1]
        )
        return replace(own, claims=claims, timings_ms={"first_claim": 9.0}, written_by="m")


@pytest.fixture
def comparison() -> Iterator[Comparison]:
    with FaultyServer(says(DRAFT, usage=(50, 20))) as server:
        model = load_chat_model("m", server.url)
        recorder = Recorder(model)
        done = compare(Extractive(), Writing(recorder), recorder, model, CASES)  # type: ignore[arg-type]
        yield Comparison(
            model=model.name, leaves_machine=False, fingerprint="f", commit="c" * 40, started="now", estimated=0,
            cases=tuple(done),
        )  # fmt: skip


# Figures that are not in the source


@pytest.mark.parametrize(
    ("claim", "source", "foreign"),
    [
        ("The dose is 5 mg.", "The dose is 5 mg.", ()),
        ("The dose is 50 mg.", "The dose is 5 mg.", ("50 mg",)),
        ("The dose is 5 mg.", "The dose is 5 microgram.", ("5 mg",)),
        ("The dose is 5 mcg.", "The dose is 5 microgram.", ()),
        ("The dose is 5 µg/kg.", "The dose is 5microgram/kg.", ()),
        ("Up to 70 percent respond.", "Up to 70% respond.", ()),
        ("Up to 70% respond.", "Up to 7.70% respond.", ("70%",)),
        ("It lasts 2 weeks, 2 weeks.", "It lasts a week.", ("2",)),
        ("Of 1,200 patients 0.5 responded.", "Of 1,200 patients 0.5 responded.", ()),
        ("GluN2B and S-ketamine act.", "nothing", ()),
        ("A single 4-hour infusion, 40 minutes.", "a single 4h infusion over 40min", ()),
        ("A single 4-hour infusion.", "a single 14h infusion of 4 days", ("4 h",)),
        ("100mg/24h by CIVI for 2 days", "ketamine 100 mg/24h for 2 days", ()),
        ("No figure.", "", ()),
    ],
)
def test_figures_that_the_source_does_not_hold(claim: str, source: str, foreign: tuple[str, ...]) -> None:
    assert foreign_numbers(claim, source) == foreign


# The recorder


def test_the_recorder_passes_on_and_keeps_what_was_given_and_read() -> None:
    recorder = Recorder(ScriptedChatModel("One [1]. Two [2].", Reply(["Half"], error="gone")))
    messages = prompts.writing("What?", (), [PASSAGE, OTHER])
    assert "".join(recorder.stream(messages, seconds=5, tokens=50)) == "One [1]. Two [2]."
    with pytest.raises(ChatModelError):
        list(recorder.stream([Message("user", "rephrase")], seconds=5, tokens=50))
    first, second = recorder.taken()
    assert recorder.taken() == []
    assert [(sentence.text, sentence.cited) for sentence in first.sentences] == [("One.", (1,)), ("Two.", (2,))]
    assert [passage_of(first.passages[number], [PASSAGE, OTHER]) for number in (1, 2)] == [PASSAGE, OTHER]
    assert (second.passages, second.text, second.error) == ({}, "Half", "gone")


def test_what_is_not_read_is_not_kept() -> None:
    model = ScriptedChatModel("One two three four.")
    recorder = Recorder(model)
    stream = recorder.stream([Message("user", "x")], seconds=5, tokens=50)
    next(stream)
    stream.close()
    assert recorder.taken()[0].text == "One"
    assert model.ended == 1


# The comparison


def test_the_three_ways_are_judged_by_the_same_measures(comparison: Comparison) -> None:
    number, far = comparison.cases
    assert [number.told[way].scores["facts"] for way in ("extractive", "draft", "verified")] == [1, 1, 1]
    assert [number.told[way].scores["citation_recall"] for way in ("extractive", "draft", "verified")] == [1, 1, 1]
    assert [said.hallucinated for said in number.told["draft"].claims] == [False, True, True]
    assert number.told["draft"].claims[1] == Said(text="It lasts 9 weeks.", markers=(1,), rejected=True, numbers=("9",))
    assert [said.text for said in number.not_shown] == ["It lasts 9 weeks.", "It cures everything."]
    assert [said.repaired for said in number.told["verified"].claims] == [False, True]
    assert (number.calls, number.input_tokens, number.output_tokens) == (1, 50, 20)
    assert number.told["verified"].first_claim_ms == 9
    assert not far.asked_model
    assert far.calls == 0
    assert all(told.abstained for told in far.told.values())


def test_the_summary_says_what_was_caught_repaired_and_missed(comparison: Comparison) -> None:
    text = as_markdown(comparison)
    assert "the model was asked in 1" in text
    assert "| hallucinated claims an answer | 0.00" in text
    assert (
        "Of 3 sentences that the model wrote, 1 are shown as written and 2 are not; 1 sentences of the source" in text
    )
    assert "neither measure finds fault (repeated, beside the question, or too strict): 0**" in text
    assert "Missed: shown with a figure that its quotes do not hold: 0**" in text
    assert "50 read and 20 written in 1 calls" in text


def test_a_models_text_is_no_markdown(comparison: Comparison) -> None:
    first = comparison.cases[0]
    evil = Said(text="<script>x</script> [a](http://b) `c` | d\n# e", markers=(), rejected=True, numbers=("1`",))
    hostile = comparison.model_copy(update={"cases": (first.model_copy(update={"not_shown": (evil,)}),)})
    line = next(line for line in as_markdown(hostile).splitlines() if "script" in line)
    text = line.partition(": ")[2].partition(" (not in")[0]
    assert "<script>" in text.replace("\\", "")
    assert not re.search(r"(?<!\\)[<>`|\[\]#]", text)
    assert "`1'`" in line


def test_a_model_that_fails_is_said(comparison: Comparison) -> None:
    failed = comparison.cases[0].model_copy(update={"error": "m at http://127.0.0.1: it refuses the key (401)"})
    assert "In 1 cases the model failed" in as_markdown(comparison.model_copy(update={"cases": (failed,)}))


# The command


def test_the_command_writes_a_report_and_leaves_the_gate_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lines(cases: list[QuestionCase]) -> str:
        shown = [
            {
                "id": one.id, "category": one.category, "question": one.question, "history": [], "answerable": one.answerable,
                "facts": [list(fact) for fact in one.facts],
                "evidence": [[{"quote": g.quote, "start": g.start, "end": g.end} for g in group] for group in one.evidence],
            }
            for one in cases
        ]  # fmt: skip
        return "\n".join(map(json.dumps, shown))

    for split in ("dev", "test"):
        (tmp_path / "cases" / split).mkdir(parents=True)
        chosen = [one for of, one in CASES if of == split]
        (tmp_path / "cases" / split / "questions.jsonl").write_text(lines(chosen))
    monkeypatch.setattr(cases_module, "CASES", tmp_path / "cases")
    monkeypatch.setattr(Assistant, "load", lambda llm, **_: Writing(llm) if llm else Extractive())
    out = tmp_path / "out"
    with FaultyServer(says(DRAFT)) as server:
        assert main(["--llm", "openai:m", "--llm-url", server.url, "--out", str(out)]) == 0
    assert (out / "llm.md").read_text() in capsys.readouterr().out
    assert len(Comparison.model_validate_json((out / "llm.json").read_text()).cases) == 2
    assert {path.name for path in out.iterdir()} == {"llm.md", "llm.json"}


def test_a_model_that_cannot_be_had_is_a_mistake_of_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingsError):
        load_chat_model("nobody:x")
    assert main(["--llm", "nobody:x"]) == 2
    assert "nobody:x" in capsys.readouterr().err


def test_what_gates_is_extractive_whatever_the_environment_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def load(**given: object) -> None:
        asked.append(given["llm"])
        raise SettingsError("enough")

    monkeypatch.setattr(Assistant, "load", load)
    monkeypatch.setenv("KETARAG_LLM", "ollama:llama3.2")
    assert main(["--case", "number-001"]) == 2 or main([]) == 2
    assert asked == [""] * len(asked)
