"""What runs in the parsing process: `python -m ketarag.indexing.parse KIND LIMITS`, bytes in, JSON out.

It loads its parser, tries it on a small file of its own (so that nothing is left to be loaded), gives up what it does
not need, says that it is ready, and answers one file after the other. Anything unforeseen ends it; `sandbox` then says so.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import IO, cast

from ketarag.indexing.kinds import Kind
from ketarag.indexing.parsed import Parsed, UnreadableError
from ketarag.indexing.sandbox import HEADER, Limits

Parser = Callable[[bytes], Parsed]


def main(arguments: list[str]) -> None:
    """Answers until the standard input ends."""
    kind, limits = cast("Kind", arguments[0]), Limits(**json.loads(arguments[1]))
    parser = parser_of(kind, limits)
    parser(sample(kind))
    _confine(limits)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _send(answers, b"")
    while len(header := requests.read(HEADER)) == HEADER:
        data = requests.read(int.from_bytes(header, "big"))
        _more_time(limits)
        _send(answers, json.dumps(_answer(parser, data, limits)).encode("ascii"))


def parser_of(kind: Kind, limits: Limits) -> Parser:
    """The parser of a kind; text comes as UTF-8 (its encoding was found before)."""
    if kind == "pdf":
        from ketarag.indexing.pdf import read_pdf

        return lambda data: read_pdf(data, limits.pages)
    if kind == "docx":
        from ketarag.indexing.docx import read_docx

        return lambda data: read_docx(data, limits.unpacked_bytes)
    if kind == "html":
        from ketarag.indexing.html import read_html

        return lambda data: read_html(data.decode("utf-8"), limits.depth)
    from ketarag.indexing.markdown import read_markdown

    return lambda data: read_markdown(data.decode("utf-8"))


def sample(kind: Kind) -> bytes:
    """A small file of the kind, with some words in it."""
    words = "Ketamine was given by mouth on the next day as well. "
    if kind == "pdf":
        drawn = f"BT /F 12 Tf 72 700 Td ({words}) Tj 0 -14 Td (It was well toler-) Tj 0 -14 Td (ated.) Tj ET"
        return (
            "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
            f"4 0 obj<</Length {len(drawn)}>>stream\n{drawn}\nendstream endobj\n"
            "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
        ).encode("ascii")
    if kind == "docx":
        schemas = "http://schemas.openxmlformats.org"
        main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr(
                "[Content_Types].xml",
                f'<Types xmlns="{schemas}/package/2006/content-types">'
                f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
            )
            parts.writestr(
                "_rels/.rels",
                f'<Relationships xmlns="{schemas}/package/2006/relationships"><Relationship Id="a" '
                f'Type="{schemas}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
            )
            parts.writestr(
                "word/document.xml",
                f'<w:document xmlns:w="{schemas}/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>{words}</w:t></w:r></w:p>'
                "</w:body></w:document>",
            )
        return package.getvalue()
    if kind == "html":
        return f"<h1>Dose</h1><p>{words * 30}</p><table><tr><td>Route</td><td>Dose</td></tr></table>".encode()
    return f"# Dose\n\n{words}".encode()


def _answer(parser: Parser, data: bytes, limits: Limits) -> dict[str, object]:
    try:
        parsed = parser(data)
    except UnreadableError as error:
        return {"refused": str(error)}
    except RecursionError:
        return {"refused": "nests its elements too deeply to be read; save it anew"}
    except MemoryError:
        return {"refused": f"needs more than {limits.memory_bytes // 1_000_000:,} MB of memory to be read; split it"}
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:200]
        return {"refused": f"cannot be read ({said}); it may be damaged: save it anew"}
    left_out = [[item.span.start, item.span.end, item.reason] for item in parsed.left_out]
    return {"title": parsed.title, "text": parsed.text, "left_out": left_out}


def _send(stream: IO[bytes], answer: bytes) -> None:
    stream.write(len(answer).to_bytes(HEADER, "big") + answer)
    stream.flush()


def _confine(limits: Limits) -> None:
    """No file or socket can be opened from here on, no process started, nothing written, no core dumped."""
    with suppress(ImportError):  # not on Windows
        import resource

        bounds = {
            resource.RLIMIT_AS: limits.memory_bytes,
            resource.RLIMIT_NOFILE: 3,
            resource.RLIMIT_NPROC: 0,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
        }
        for name, bound in bounds.items():
            with suppress(ValueError, OSError):  # a system that does not know this limit, or binds it loosely
                resource.setrlimit(name, (bound, bound))


def _more_time(limits: Limits) -> None:
    """Processor time for one more file: a child whose parent was killed ends by itself."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + limits.seconds) + 2, hard))


if __name__ == "__main__":
    main(sys.argv[1:])
