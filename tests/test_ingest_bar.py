from __future__ import annotations

import io

from ingest.bar import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_line_that_moves() -> None:
    terminal = Terminal()
    bar = Bar(terminal)
    for line in (
        "Building the index",
        "Reading 1/2: a.md",
        "Embedding passages: 512/about 1024, 80 a second, about 6 s left",
        "Embedding passages: 1024/1024",
    ):
        bar(line)
    bar.close()
    bar.close()
    shown = terminal.getvalue().split("\r\x1b[K")
    assert shown[1:] == [
        "Building the index\n",
        "Reading 1/2: a.md",
        "[############............] 512 of 1,024 passages, 80 a second, about 6 s left"[:79],
        "[########################] 1,024 of 1,024 passages\n",
    ]


def test_a_file_gets_every_line() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    bar("Reading 1/2: a\x1b[2J.md")
    bar("Embedding passages: 1/2")
    bar.close()
    assert stream.getvalue() == "Reading 1/2: a\\x1b[2J.md\nEmbedding passages: 1/2\n"
