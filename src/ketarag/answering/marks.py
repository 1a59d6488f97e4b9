"""A sentence as a chat model wrote it -> its plain words, and the passages that it says it is from.

Models write `[1]`, `[1, 2]`, `[1][2]`, `(1)`, `【1†source】`, `[passage 1]`, "According to passage 1, ..."; they write Markdown and HTML.
All of it is taken off: what is left is data. Not here: cutting a stream into sentences (`draft`), whether the words are true (`generate`).
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

_WORD = r"(?:passages?|sources?|citations?|references?|refs?\.?|documents?|texts?|nos?\.?|p|s)\s*[:#.]?\s*"
_LIST = r"\d{1,3}(?:\s*(?:,|;|&|and|or|to|-|–|—)\s*(?:passages?\s*)?\d{1,3})*"
MARK = (
    rf"(?:[\[【［〔]+\s*[\^#]?\s*(?:{_WORD})?{_LIST}(?:\s*[†:|][^\]】\n]{{0,60}})?\s*[\]】］〕]+"
    rf"|\(\s*{_WORD}{_LIST}\s*\)|\(\s*\d{{1,2}}(?:\s*[,;]\s*\d{{1,2}})*\s*\)"
    r"|<\s*/?\s*passage[^>\n]{0,40}>)"
)
"""One marker, to be used without regard to case."""

_MARKS = re.compile(MARK, re.IGNORECASE)
_RAISED = re.compile(r"(?<=[.,;:!?)\]])[⁰¹²³⁴-⁹]{1,2}(?=\s|$)")
_NUMBERS = re.compile(r"(\d{1,3})(?:\s*(?:-|–|—|to)\s*(\d{1,3}))?")
_MOST_IN_RANGE = 9  # passages of "[1-3]"; more than that is no range of passages

_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)")
_HTML = re.compile(r"<[A-Za-z/!?][^<>]{0,300}>")
_EMPHASIS = re.compile(r"\*+|`+|~~|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)")
_BEGINNING = re.compile(
    r"\A(?:\s*(?:>|#{1,6}\s|[-+•‣◦▪–—]\s|\(?\d{1,2}[.)]\s(?=\D)"
    r"|(?:final |short |the )?(?:answer|response|summary|output|result|assistant)\s*:"
    r"|(?:sentence|claim|point)\s*\d+\s*:))+\s*",
    re.IGNORECASE,
)
_SOURCE = r"(?:the\s+)?(?:(?:given|provided|numbered|cited)\s+)?(?:passages?|sources?|documents?|context|text)"
_NAMED = rf"(?:(?:{_SOURCE}\s*)?\0+|{_SOURCE}\s*\d{{1,2}}(?!\w))"
_STATED = r"(?:as\s+)?(?:stated|mentioned|described|noted|reported|said|shown)\s+(?:in|by)|as per|per|from|in"
_STATES = r"(?:states?|says?|mentions?|reports?|notes?|indicates?|explains?)\s+(?:that\s+)?"
_ATTRIBUTED = re.compile(
    rf"\s*(?:(?:(?:according to|based on)\s+(?:{_NAMED}|{_SOURCE})|(?:{_STATED})\s+{_NAMED})\s*,?|{_NAMED}\s+{_STATES})\s*",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"(?:(?:yes|no(?!\. ?\d)|yeah|nope|correct|incorrect|right|wrong|true|false|indeed|certainly|absolutely|sure|of course|definitely"
    r"|exactly|not exactly|not really|therefore|thus|hence|consequently|overall|in (?:short|summary|conclusion)|to summari[sz]e)"
    r"\s*(?:[,:;.!—–]|-(?=\s))\s*)+(?=\S)",
    re.IGNORECASE,
)
"""What ties a sentence to a question or to a chain of thought, which nothing has checked."""
_SPACE_BEFORE = re.compile(r"\s+(?=[.,;:!?)。，！？])")
_EMPTY = re.compile(r"\(\s*[,;]*\s*\)|\[\s*\]|,(?=\s*[.;:!?,])")
_QUOTED = re.compile(r"[\"“„«](.*)[\"”»]([.!?]?)", re.DOTALL)
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@dataclass(frozen=True, slots=True)
class Drafted:
    """One sentence of a draft: its words, and the numbers of the passages that it cites, each once, in order."""

    text: str
    cited: tuple[int, ...]


def drafted(raw: str) -> Drafted:
    """`raw` without markers and markup, on one line, ending with a full stop where it ends with a word; "" for none."""
    text = "".join(" " if c in "\n\t" else c for c in html.unescape(raw) if c in "\n\t" or _shown(c)).replace("\0", "")
    cited = [number for mark in marks_in(text) for number in numbers(mark)]
    text = _RAISED.sub("", _MARKS.sub("\0", _LINK.sub(r"\1", _IMAGE.sub(" ", text))))
    text = _EMPHASIS.sub("", _BEGINNING.sub("", _HTML.sub(" ", text), count=1))
    text, named = _attributed(_BEGINNING.sub("", text.lstrip("\0 "), count=1))
    text, cited = text.replace("\0", " "), list(dict.fromkeys([*named, *cited]))
    text = _unanswered(" ".join(_EMPTY.sub("", _SPACE_BEFORE.sub("", text)).split()).strip(" ,;"))
    if whole := _QUOTED.fullmatch(text):
        text = whole[1] + (whole[2] if not whole[1].endswith((".", "!", "?")) else "")
    if not any(c.isalnum() for c in text):
        return Drafted("", tuple(cited))
    return Drafted(f"{text}." if text[-1].isalnum() or text[-1] in "%)" else text, tuple(cited))


def marks_in(text: str) -> list[str]:
    """The markers of a text, in order."""
    found = [(m.start(), m.group()) for m in _MARKS.finditer(_LINK.sub(" ", text))]
    return [mark for _, mark in sorted([*found, *((m.start(), m.group()) for m in _RAISED.finditer(text))])]


def numbers(mark: str) -> list[int]:
    """The passages that a marker names: "[1-3]" names three."""
    found: list[int] = []
    for match in _NUMBERS.finditer(unicodedata.normalize("NFKC", re.split(r"(?<=\d)\s*[†|:]", mark)[0])):
        first, last = int(match[1]), int(match[2] or match[1])
        found += range(first, last + 1) if 0 <= last - first < _MOST_IN_RANGE else (first, last)
    return found


def _attributed(text: str) -> tuple[str, list[int]]:
    """Without "According to passage 1,": what follows then begins the sentence; and the passages that it names in words."""
    match = _ATTRIBUTED.match(text)
    if match is None or not match.group().strip("\0 "):
        return text, []
    rest = text[match.end() :]
    return rest[:1].upper() + rest[1:], numbers(match.group())


def _unanswered(text: str) -> str:
    """Without "Yes," or "Therefore,"; what follows then begins the sentence."""
    match = _ANSWERED.match(text)
    return text[match.end() : match.end() + 1].upper() + text[match.end() + 1 :] if match else text


def _shown(char: str) -> bool:
    return unicodedata.category(char) not in _DROPPED
