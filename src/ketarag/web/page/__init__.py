"""The chat page: questions on the left, the quotes and the source itself on the right, as a Gradio page.

`layout` is what stands where and what a click does; `chat` is one browser session; `kept` is what comes back from the
browser after a reload. Not here: what messages and documents look like (`ketarag.web.render`, `cards`, `source`,
`static/*.css`), what happens in the browser (`static/*.js`), the server and its headers (`ketarag.web.server`).
"""

from pathlib import Path

from ketarag.web.page.layout import build_page

_STATIC = Path(__file__).parents[1] / "static"

STYLES = tuple(
    _STATIC / name
    for name in (
        "page.css",
        "answer.css",
        "ask.css",
        "within.css",
        "source.css",
        "dialog.css",
        "uploads.css",
        "phone.css",
    )
)
"""The page's style sheets."""

_IMPORTED = (
    "account",
    "copy",
    "dialog",
    "dom",
    "export",
    "feedback",
    "history",
    "service",
    "source",
    "tip",
    "uploads",
    "within",
)

HEAD = "".join(f'<link rel="modulepreload" href="/ketarag/{name}.js">' for name in _IMPORTED) + (
    '<script type="module" src="/ketarag/page.js"></script>'
)
"""What the page's head links to: one module, and those that it imports, so that they are fetched at once."""

__all__ = ["HEAD", "STYLES", "build_page"]
