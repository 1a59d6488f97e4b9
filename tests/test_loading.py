"""Where the trained reader cannot be used, the first one answers, and every answer says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ketarag.answering.cross_encoder import MODEL_FOLDER
from ketarag.answering.entail import EntailmentVerifier
from ketarag.answering.read import FeatureReader, TrainedReader
from ketarag.answering.verify import ExactVerifier
from ketarag.answering.weights import FIRST_READER
from ketarag.assistant import Assistant
from ketarag.errors import ModelError
from ketarag.loading import FIRST_READER_NOTICE
from ketarag.types import Answer, Final

ANSWERED = "What IV dose is used for depression?"
DECLINED = "What is the weather in Paris?"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


@pytest.fixture(scope="module")
def reports() -> list[str]:
    return []


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, index: Path, reports: list[str]) -> Assistant:
    """Loaded where the model's folder is empty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ketarag.loading.MODEL_FOLDER", tmp_path_factory.mktemp("no_model"))
        return Assistant.load(index=index, progress=reports.append)


def check(answer: Answer, *more: str) -> None:
    notice, *others = answer.warnings
    assert notice.startswith(f"{FIRST_READER_NOTICE}: ")
    assert "reader.lock.json" in notice
    assert "reinstall ketarag" in notice
    assert others == list(more)


def test_without_the_model_it_still_answers_and_says_so(bare: Assistant) -> None:
    answer = bare.ask(ANSWERED)
    assert not answer.abstained
    assert "500 microgram/kg" in answer.text
    check(answer)


def test_without_the_model_it_still_declines_and_says_so(bare: Assistant) -> None:
    answer = bare.ask(DECLINED)
    assert answer.abstained
    check(answer)


def test_the_notice_comes_before_what_was_mended(bare: Assistant) -> None:
    check(bare.ask("What IV dose is used for depresion?"), f"Read as: {ANSWERED}")


def test_every_turn_and_every_stream_says_so(bare: Assistant) -> None:
    conversation = bare.conversation()
    for question in (ANSWERED, "how long does it last?", DECLINED):
        check(conversation.ask(question))
    *_, last = bare.stream(ANSWERED)
    assert isinstance(last, Final)
    check(last.answer)


def test_without_the_model_the_first_reader_and_the_exact_checks_work(bare: Assistant) -> None:
    assert type(bare._reader) is FeatureReader
    assert type(bare._verifier) is ExactVerifier
    assert bare.verify("Up to 70% of patients respond to a single IV dose.").supported
    assert not bare.verify("Up to 80% of patients respond to a single IV dose.").supported


def test_the_cause_is_reported_while_loading(bare: Assistant, reports: list[str]) -> None:
    (line,) = [line for line in reports if line.startswith("The trained reader is not used: ")]
    assert "reader.lock.json" in line


def test_with_the_model_nothing_is_said(assistant: Assistant) -> None:
    assert type(assistant._reader) is TrainedReader
    assert type(assistant._verifier) is EntailmentVerifier
    for question in (ANSWERED, DECLINED):
        assert assistant.ask(question).warnings == ()
    assert assistant.ask("What IV dose is used for depresion?").warnings == (f"Read as: {ANSWERED}",)


def test_the_fingerprint_tells_which_reader_answered(bare: Assistant, assistant: Assistant) -> None:
    assert bare.fingerprint != assistant.fingerprint
    assert bare.ask(DECLINED).fingerprint == bare.fingerprint


@pytest.mark.usefixtures("bare")
def test_a_damaged_network_is_named(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(MODEL_FOLDER / "reader.lock.json", tmp_path)
    (tmp_path / "reader.onnx").write_bytes(b"not a network")
    monkeypatch.setattr("ketarag.loading.MODEL_FOLDER", tmp_path)
    (notice,) = Assistant.load(index=index).ask(DECLINED).warnings
    assert notice.startswith(FIRST_READER_NOTICE)
    assert "reader.onnx: SHA-256 is" in notice


@pytest.mark.usefixtures("bare")
def test_weights_of_another_version_are_named(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketarag.loading.TRAINED_READER", FIRST_READER)
    (notice,) = Assistant.load(index=index).ask(DECLINED).warnings
    assert notice.startswith(FIRST_READER_NOTICE)
    assert "not the reader's weights" in notice


@pytest.mark.usefixtures("bare")
def test_without_any_readers_weights_nothing_is_loaded(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ketarag.loading.FIRST_READER", tmp_path / "first_reader.json")
    with pytest.raises(ModelError, match=r"first_reader\.json: not the reader's weights"):
        Assistant.load(index=index)
