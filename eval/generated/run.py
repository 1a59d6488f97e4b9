"""One comparison from end to end: cases -> three ways -> `llm.json` and `llm.md`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from eval import environment
from eval.cases import CaseError, QuestionCase
from eval.generated.compare import Compared, Comparison, compare
from eval.generated.recorder import Recorder
from eval.generated.summary import as_markdown
from ketarag import Assistant
from ketarag.integrations.langchain.models import load_chat_model

_SAID_EVERY = 10  # cases


def run(cases: Sequence[tuple[str, QuestionCase]], out: Path, llm: str, url: str | None) -> Comparison:
    """Writes `llm.json` and `llm.md` to `out` and prints the latter. Raises CaseError, KetaRAGError, OSError."""
    if not cases:
        raise CaseError("no question fits; see eval/cases/ for ids and categories")
    started = datetime.now(UTC).isoformat(timespec="seconds")
    model = load_chat_model(llm, url)
    recorder = Recorder(model)
    extractive = Assistant.load(progress=_say, llm="")
    verified = Assistant.load(progress=_say, llm=recorder)
    done: list[Compared] = []
    for one in compare(extractive, verified, recorder, model, cases):
        done.append(one)
        if len(done) % _SAID_EVERY == 0 or len(done) == len(cases):
            _say(f"cases: {len(done)}/{len(cases)}")
    comparison = Comparison(
        model=model.name,
        leaves_machine=model.leaves_machine,
        fingerprint=verified.fingerprint,
        commit=environment.commit()[0],
        started=started,
        estimated=model.usage.estimated,
        cases=tuple(done),
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "llm.json").write_text(comparison.model_dump_json(indent=1) + "\n", encoding="utf-8")
    summary = as_markdown(comparison)
    (out / "llm.md").write_text(summary, encoding="utf-8")
    print(summary)
    return comparison


def _say(line: str) -> None:
    print(line, file=sys.stderr)
