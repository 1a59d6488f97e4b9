"""Text of a user, a document or a model -> HTML that shows it and does nothing else. The one way into the page."""

from __future__ import annotations

import re

from ketarag.presentation import printable

_PLAIN = re.compile(r"[^\w ,;?%']|_")
"""What `escape` encodes: all but letters, digits, spaces and punctuation without a meaning in HTML and Markdown."""


def escape(text: str) -> str:
    """`text` as HTML and Markdown that show exactly it: special characters as entities, line breaks as `<br>`.

    Control characters and those that reorder text are shown as their escape, as in a terminal.
    """
    return _PLAIN.sub(lambda found: "<br>" if found[0] == "\n" else f"&#{ord(found[0])};", printable(text))
