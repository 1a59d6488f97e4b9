"""Plots as SVG, written by hand.

Not matplotlib: a page holds some fifty sparklines and four diagrams, in light and dark. Written by hand they are 1 to 4 kB each and take
their colours from the page's style sheet, so that dark mode and print come for free, and the report needs nothing installed for them.
Coordinates are rounded to a tenth of a pixel, and no element has an id: the same input gives the same text.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

Points = Sequence[tuple[float, float]]

SPARK_WIDTH, SPARK_HEIGHT = 120, 26
LEAST_SPAN = 0.04
"""Of a sparkline's axis, as a share of its largest value: a smaller wobble is to look small."""

WIDTH, HEIGHT = 400, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 44
DOT = 7.0
"""Radius in pixels of the dot of the fullest bin; areas are as counts."""


def sparkline(values: Sequence[float], baseline: float | None, title: str) -> Markup:
    """Values oldest first, the last one dotted; the baseline as a dashed line. Empty for less than two values."""
    if len(values) < 2:
        return Markup("")
    marks = [*values, *([] if baseline is None else [baseline])]
    low, high = min(marks), max(marks)
    spare = max(0.0, LEAST_SPAN * max(map(abs, marks)) - (high - low)) / 2
    low, high = low - spare, high + spare

    def x(at: int) -> float:
        return 3 + at * (SPARK_WIDTH - 6) / (len(values) - 1)

    def y(value: float) -> float:
        return 4 + (SPARK_HEIGHT - 8) * (high - value) / ((high - low) or 1)

    line = _path([(x(at), y(value)) for at, value in enumerate(values)])
    dashed = _line(0, y(baseline), SPARK_WIDTH, y(baseline), "before") if baseline is not None else ""
    end = _dot(x(len(values) - 1), y(values[-1]), 2.5, "now")
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img"><title>{}</title>{}<path class="now" d="{}"/>{}</svg>'
    ).format(SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, SPARK_HEIGHT, title, dashed, line, end)


def reliability_diagram(
    now: Sequence[tuple[float, float, int]], before: Sequence[tuple[float, float, int]], title: str
) -> Markup:
    """(mean confidence, share answerable, count) of each bin, as `eval.metrics.reliability` gives them; the baseline's behind."""
    most = max((count for _, _, count in (*now, *before)), default=1)
    diagonal = _line(_x(0), _y(0, 1), _x(1), _y(1, 1), "ideal")
    layers = []
    for bins, name in ((before, "before"), (now, "now")):
        layers.append(_curve([(_x(mean), _y(share, 1)) for mean, share, _ in bins], name))
        for mean, share, count in bins:
            label = f"{count} questions: confidence {mean:.2f}, answerable {share:.2f}"
            layers.append(_dot(_x(mean), _y(share, 1), max(2.0, DOT * (count / most) ** 0.5), name, label))
    return _diagram(
        [diagonal, *layers], 1, "confidence that the program states", "share that the document answers", title
    )


def risk_diagram(now: Points, before: Points, title: str) -> Markup:
    """(coverage, risk) points, as `eval.metrics.risk_coverage` gives them; the baseline's behind."""
    top = next(step for step in (0.1, 0.2, 0.5, 1.0) if step >= max((risk for _, risk in (*now, *before)), default=0))
    layers = [
        _curve([(_x(coverage), _y(risk, top)) for coverage, risk in points], name)
        for points, name in ((before, "before"), (now, "now"))
    ]
    return _diagram(layers, top, "share answered, the most confident first", "share of these that is wrong", title)


def stacked_bar(counts: Sequence[tuple[str, int]]) -> Markup:
    """(class, count) parts beside each other, by their share. Told in numbers beside it, and so hidden from a screen reader."""
    total, at, parts = sum(count for _, count in counts) or 1, 0.0, []
    for name, count in counts:
        width = SPARK_WIDTH * count / total
        if count:
            parts.append(
                Markup('<rect class="{}" x="{}" y="3" width="{}" height="12"/>').format(name, _n(at), _n(width))
            )
        at += width
    return Markup('<svg class="bar" viewBox="0 0 {} 18" width="{}" height="18" aria-hidden="true">{}</svg>').format(
        SPARK_WIDTH, SPARK_WIDTH, Markup("").join(parts)
    )


def _diagram(layers: Sequence[Markup], top: float, along: str, up: str, title: str) -> Markup:
    """Axes from 0 to 1 and from 0 to `top` with five ticks each, and what lies in them."""
    axes = []
    for tick in range(6):
        share = tick / 5
        axes += [
            _line(_x(0), _y(share, 1), _x(1), _y(share, 1), "grid"),
            _text(_x(share), HEIGHT - BOTTOM + 16, f"{share:.1f}", "middle"),
            _text(LEFT - 6, _y(share, 1) + 4, f"{share * top:.2f}", "end"),
        ]
    middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
    names = [
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, along, "middle"),
        Markup('<text transform="translate(12 {}) rotate(-90)" text-anchor="middle">{}</text>').format(_n(middle), up),
    ]
    return Markup('<svg class="diagram" viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg>').format(
        WIDTH, HEIGHT, title, Markup("").join([*axes, *layers, *names])
    )


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM)


def _curve(points: Points, name: str) -> Markup:
    """A line through the points; nothing for a single one, which has no line."""
    return Markup('<path class="{}" d="{}"/>').format(name, _path(points)) if len(points) > 1 else Markup("")


def _path(points: Points) -> str:
    """Points that lie on the line between their neighbours along one axis are left out."""
    kept = [
        point
        for before, point, after in zip([None, *points], points, [*points[1:], None], strict=False)
        if before is None or after is None or not before[1] == point[1] == after[1]
    ]
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in kept)


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(name, _path([(x1, y1), (x2, y2)]))


def _dot(x: float, y: float, radius: float, name: str, title: str = "") -> Markup:
    told = Markup("<title>{}</title>").format(title) if title else ""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}">{}</circle>').format(name, _n(x), _n(y), _n(radius), told)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(_n(x), _n(y), anchor, text)


def _n(number: float) -> str:
    """To a tenth of a pixel, without a needless ".0"."""
    return f"{number:.1f}".removesuffix(".0")
