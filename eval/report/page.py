"""The page: one HTML file that needs nothing beside itself, and no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.figures import would_be_right
from eval.metrics import reliability, risk_coverage
from eval.record import QuestionRecord, Run
from eval.report import cases, headline, tables
from eval.report.material import OUTCOMES, Material, outcome
from eval.report.plots import reliability_diagram, risk_diagram

HERE = Path(__file__).parent

Bins = Sequence[tuple[float, float, int]]


@dataclass(frozen=True, slots=True)
class Diagrams:
    """Of one split. `bins` and `bins_before`: what the reliability diagram shows, to be read as a table."""

    split: str
    reliability: Markup
    risk: Markup
    bins: Bins
    bins_before: Bins


def html(material: Material) -> str:
    """The whole page. Raises nothing for material that is missing: what is not there is said or left out."""
    groups = cases.changed(material)
    told = {card.record.id for group in groups.values() for card in group}
    rest = cases.not_right(material, told)
    claims = cases.wrong_claims(material)
    run, before = material.run, material.baseline_shared
    script = (HERE / "page.js").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            m=material,
            run=run,
            env=run.environment,
            baseline=material.baseline,
            style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            head=headline.headline(material),
            nights=headline.nights(material),
            figures={split: tables.figure_rows(material, split) for split in material.splits},
            asked={**{r.id: r.question for r in run.questions}, **{r.id: r.claim for r in run.claims}},
            groups=groups,
            told=told,
            rest=rest,
            anchored={*told, *(card.record.id for card in rest), *(card.record.id for card in claims)},
            outcomes=OUTCOMES,
            confusion={split: tables.confusion(run, before, split) for split in material.splits},
            diagrams=[_diagrams(run, before, split) for split in material.splits if _answered(run, split)],
            claim_rows={split: tables.claim_rows(run, before, split) for split in material.splits},
            claims=claims,
            steps=tables.step_rows(run, before),
            slowest=tables.slowest(run, before),
            speed=tables.speed_ratio(run, before),
            environment={
                what: tables.environment_rows(run, before, what) for what in ("hashes", "versions", "settings")
            },
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,  # of everything: cases come from a chat, and may hold what a browser would run
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: dict[str, Callable[..., object]] = {
        "anchor": cases.anchor,
        "when": headline.when,
        "lasted": headline.lasted,
        "plural": headline.plural,
        "outcome": outcome,
        "chance": tables.chance,
        "label": cases.LABELS.__getitem__,
    }
    environment.filters.update(words)
    return environment


def _answered(run: Run | None, split: str) -> list[QuestionRecord]:
    return [record for record in run.questions if record.split == split and record.answer] if run else []


def _diagrams(run: Run, baseline: Run | None, split: str) -> Diagrams:
    now, before = _answered(run, split), _answered(baseline, split)
    bins, bins_before = _bins(now), _bins(before)
    return Diagrams(
        split=split,
        reliability=reliability_diagram(bins, bins_before, f"Reliability diagram, split {split}, {len(now)} questions"),
        risk=risk_diagram(_risk(now), _risk(before), f"Risk-coverage curve, split {split}, {len(now)} questions"),
        bins=bins,
        bins_before=bins_before,
    )


def _bins(records: Sequence[QuestionRecord]) -> Bins:
    return reliability(_confidences(records), [record.answerable for record in records])


def _risk(records: Sequence[QuestionRecord]) -> list[tuple[float, float]]:
    return risk_coverage(_confidences(records), [not would_be_right(record) for record in records])


def _confidences(records: Sequence[QuestionRecord]) -> list[float]:
    return [record.answer.confidence for record in records if record.answer]
