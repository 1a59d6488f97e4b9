"""A comparison in a page of Markdown: the three ways side by side, and what the verifier caught, repaired, dropped and missed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from eval.generated.compare import WAYS, Compared, Comparison, Said, Told, Way
from eval.statistics import interval

SHOWN = 12
"""Examples of a kind."""
LONGEST = 220
"""Characters of a claim that are shown."""

_TITLES: dict[Way, str] = {"extractive": "extractive", "draft": "draft, not verified", "verified": "verified"}
_Value = Callable[[Compared, Told], float | None]


def as_markdown(comparison: Comparison) -> str:
    """The whole page; ends with a line feed."""
    cases = comparison.cases
    asked = [case for case in cases if case.asked_model]
    sent = "sends questions and passages to another machine" if comparison.leaves_machine else "stays on this machine"
    lines = [
        f"# {_code(comparison.model)}: answers written by a chat model",
        "",
        f"{len(cases)} cases; the model was asked in {len(asked)}, in the others the reader declined before. It {sent}. "
        f"Advice only: the gate is over the extractive answers. Commit {_code(comparison.commit[:10])}, {comparison.started}.",
        "",
        "| | " + " | ".join(_TITLES[way] for way in WAYS) + " |",
        "|---|" + "---|" * len(WAYS),
        *(_row(words, value, cases) for words, value in _ROWS),
        *_times(cases, asked),
        *_tokens(comparison, asked),
        *_verification(asked),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(words: str, value: _Value, cases: Sequence[Compared]) -> str:
    return (
        f"| {words} | "
        + " | ".join(_mean([(value(case, case.told[way]), case) for case in cases]) for way in WAYS)
        + " |"
    )


def _score(name: str, answerable: bool | None = True) -> _Value:
    def value(case: Compared, told: Told) -> float | None:
        return told.scores.get(name) if answerable is None or case.answerable == answerable else None

    return value


def _declined(answerable: bool) -> _Value:
    return lambda case, told: float(told.abstained) if case.answerable == answerable else None


def _share_of_claims(bad: Callable[[Said], bool]) -> _Value:
    """Claims of a kind, of each answer that was given."""
    return lambda _, told: None if told.abstained else float(sum(map(bad, told.claims)))


_ROWS: tuple[tuple[str, _Value], ...] = (
    ("facts, of answerable questions", _score("facts")),
    ("all right (every fact, or rightly declined)", _score("exact", None)),
    ("hallucinated claims an answer", _share_of_claims(lambda said: said.hallucinated)),
    ("- rejected by the verifier", _share_of_claims(lambda said: said.rejected)),
    ("- with a figure that the source does not hold", _share_of_claims(lambda said: bool(said.numbers))),
    ("citation precision", _score("citation_precision")),
    ("citation recall", _score("citation_recall")),
    ("unanswerable questions declined", _declined(False)),
    ("answerable questions declined", _declined(True)),
    ("claims an answer", lambda _, told: None if told.abstained else float(len(told.claims))),
)


def _mean(values: Iterable[tuple[float | None, Compared]]) -> str:
    scored = [(value, (*case.history, case.question)[0]) for value, case in values if value is not None]
    if not scored:
        return "not scored"
    mean, low, high = interval([value for value, _ in scored], [cluster for _, cluster in scored])
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"


def _times(cases: Sequence[Compared], asked: Sequence[Compared]) -> list[str]:
    """Over the cases in which the model was asked: the others take no longer than extractive answers."""
    of: list[tuple[str, Callable[[Told], float | None]]] = [
        ("seconds, where the model was asked", lambda told: told.ms),
        ("seconds to the first claim (draft: to its first piece)", lambda told: told.first_claim_ms),
    ]
    lines = []
    for words, value in of:
        cells = []
        for way in WAYS:
            found = [ms / 1000 for case in asked if (ms := value(case.told[way])) is not None]
            cells.append(
                f"p50 {np.quantile(found, 0.5):.1f}, p95 {np.quantile(found, 0.95):.1f}" if found else "not scored"
            )
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return lines if cases else []


def _tokens(comparison: Comparison, asked: Sequence[Compared]) -> list[str]:
    if not asked:
        return []
    calls, read, wrote = (
        sum(getattr(case, name) for case in asked) for name in ("calls", "input_tokens", "output_tokens")
    )
    failed = [case for case in asked if case.error]
    lines = [
        "",
        f"Tokens: {read:,} read and {wrote:,} written in {calls} calls, {read / len(asked):.0f} and {wrote / len(asked):.0f} a "
        f"question that the model was asked; {comparison.estimated} calls were not counted by the server and are estimated.",
    ]
    if failed:
        errors = dict.fromkeys(case.error for case in failed)
        lines.append(f"In {len(failed)} cases the model failed: {'; '.join(_plain(error) for error in errors)}.")
    return lines


def _verification(asked: Sequence[Compared]) -> Iterator[str]:
    """What became of the draft's claims, and what of the shown ones should not have been."""
    drafted = [(case, said) for case in asked for said in case.told["draft"].claims]
    kept_out = [(case, said) for case in asked for said in case.not_shown]
    shown = [(case, said) for case in asked for said in case.told["verified"].claims]
    caught = [(case, said) for case, said in kept_out if said.hallucinated]
    numbers = [(case, said) for case, said in kept_out if said.numbers]
    spared = [(case, said) for case, said in kept_out if not said.hallucinated]
    repaired = [(case, said) for case, said in shown if said.repaired]
    missed = [(case, said) for case, said in shown if said.numbers]
    lost = [case for case in asked if _lost(case)]
    yield from (
        "",
        "## What the verification did",
        "",
        f"Of {len(drafted)} sentences that the model wrote, {len(drafted) - len(kept_out)} are shown as written and {len(kept_out)} "
        f"are not; {len(repaired)} sentences of the source are shown in the place of some, or added.",
    )
    yield from _examples("Caught: not shown, and hallucinated by either measure", caught)
    yield from _examples("Of these with a figure that the passages do not hold", numbers)
    yield from _examples(
        "Dropped although neither measure finds fault (repeated, beside the question, or too strict)", spared
    )
    yield from _examples("Repaired: the source's own sentence", repaired)
    yield from _examples("Missed: shown with a figure that its quotes do not hold", missed)
    yield f"\n**Worse than the extractive answer by the facts: {len(lost)}**"
    for case in lost[:SHOWN]:
        facts = [case.told[way].scores.get("facts") for way in ("extractive", "verified")]
        yield f"- {_code(case.id)}: {facts[0]:.2f} -> {facts[1]:.2f}: {_plain(' '.join(s.text for s in case.told['verified'].claims))}"


def _lost(case: Compared) -> bool:
    own, verified = (case.told[way].scores.get("facts") for way in ("extractive", "verified"))
    return own is not None and verified is not None and verified < own


def _examples(title: str, found: Sequence[tuple[Compared, Said]]) -> Iterator[str]:
    yield f"\n**{title}: {len(found)}**"
    for case, said in found[:SHOWN]:
        numbers = f" (not in the source: {', '.join(map(_code, said.numbers))})" if said.numbers else ""
        yield f"- {_code(case.id)}: {_plain(said.text)}{numbers}"


def _plain(text: str) -> str:
    """A model's text on one line, with nothing that Markdown or HTML would take for its own."""
    line = " ".join(text.split())
    line = line if len(line) <= LONGEST else f"{line[:LONGEST]} …"
    return re.sub(r"([\\`*_{}\[\]<>#|!&~])", r"\\\1", line)


def _code(text: str) -> str:
    return "`" + " ".join(text.replace("`", "'").split()) + "`"
