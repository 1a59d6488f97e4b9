"""Documents made on the spot."""

from __future__ import annotations

from hypothesis import strategies as st

from ketarag.types import Document, LeftOut, Span


def document(text: str, *left_out: tuple[int, int], name: str = "a.txt") -> Document:
    return Document(name, name, text, "0" * 64, left_out=tuple(LeftOut(Span(*ends), "a test") for ends in left_out))


_LINES = st.sampled_from(
    [
        "Ketamine Pharmacology",
        "# Dose",
        "## Oral › use #",
        "Setext",
        "=====",
        "-----",
        "",
        "  ",
        "•calcium channels",
        "- sodium, e.g. HCN",
        "1. first",
        "a) second",
        "| a | b |",
        "Effects,5 and interactions with, e.g.:",
        "It opens.4 At rest it is inactive.3",
        "25 vs. 50% (19 vs. 2%). About 90% is excreted!",
        "quality13, 40, and “so on.” Then",
        "See [4] and **bold** [link](https://example.org).",
        "。日本語の文。次の文",
        "Dr. Smith gave 0.5 mg i.v. He left",
        "\u2028 odd \x0b breaks \x0c here \x85 and",
        "\r",
        "Give 30 mg/m² ...\u00a0Wait?!",
    ]
)
_TEXTS = st.one_of(st.lists(st.one_of(_LINES, st.text(max_size=30)), max_size=25).map("\n".join), st.text(max_size=200))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any text, with up to three stretches left out anywhere."""
    text = draw(_TEXTS)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    ends = [(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False) if start < end]
    return document(text, *ends)
