"""condense: a question in a conversation -> a question that stands alone, without a language model.

A follow-up is known by its words: it points back ("it", "that trial"), goes on ("and by mouth?"), or names too little
to stand alone ("why?"). It is then searched both as it is and after the questions that it continues. A question that
names its own subject is a new one, and nothing of the old one is dragged in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ketarag.text import content_stems, normalise
from ketarag.types import Answer, Citation, Turn

LONGEST_CHAIN = 3
"""Questions that one standalone question holds at most: the one that named the subject, the last one, and this one."""

HISTORY_TURNS = 6

_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|she|him|her|this|these|those|the same|the former|the latter|ones?"
    r"|that(?! (?:is|are|was|were|has|have|can|could|may|will|do|does|did)\b)|instead|otherwise|afterwards|then|so)\b"
)
_GOES_ON = re.compile(
    r"(?:and|but|or|so|then|also|what about|how about|what if|why|how come|how so|really|which ones?|for (?:how|what|whom)"
    r"|in (?:which|what|whom|how)|any others?|who else|what else|when|where|compared|versus|vs)\b"
)
_CHANGES_SUBJECT = re.compile(
    r"(?:ok(?:ay)?[,.]? |right[,.]? |thanks?[,.]? |now[,.]? )*(?:different|another|new|unrelated|next|separate) (?:question|topic|subject)"
    r"|changing (?:the )?(?:subject|topic)|on another (?:note|topic)"
)
_IMPERSONAL = re.compile(
    r"\bit (?:known|clear|true|possible|safe|ok|okay|worth|legal|necessary|common|normal)\b|\bso (?:much|many|far)\b"
)
_NAMED_SUBJECT = 3
"""Content words with which a question that only points back loosely counts as naming its own subject."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """`context` is "" for a question that stands alone; `queries` are what is searched, the question itself first.

    `carried` are the ids of the passages that the last turn cited, where the question continues it. `history` is what was said before,
    the latest first, "" for a first question: it tells where to look, not what is asked. `rephrased` is a chat model's form of a question
    that continues another, "" for none.
    """

    question: str
    standalone: str
    context: str
    queries: tuple[str, ...]
    carried: tuple[str, ...] = ()
    history: str = ""
    rephrased: str = ""


def condense(question: str, turns: Sequence[Turn]) -> Condensed:
    """The question with the part of the conversation that it continues, if any."""
    history = _history(turns)
    if not turns or not continues(question):
        return Condensed(question, question, "", (question,), (), history)
    chain = _chain(turns)
    context = " ".join(chain)
    standalone = f"{context} {question}"
    carried = tuple(dict.fromkeys(citation.passage_id for citation in _in_order(turns[-1].answer)))
    return Condensed(question, standalone, context, (question, standalone), carried, history)


def continues(question: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    text = normalise(question)
    if _CHANGES_SUBJECT.search(text):
        return False
    words = len(set(content_stems(text)))
    if words == 0:
        return True
    if _POINTS_BACK.search(_IMPERSONAL.sub("", text)):
        return True
    if _GOES_ON.match(text):
        return words < _NAMED_SUBJECT or text.startswith(("and ", "but ", "what about", "how about", "or "))
    return words <= 1 and not text.startswith(("what is", "what are", "what's", "define", "who is", "explain"))


def _history(turns: Sequence[Turn]) -> str:
    """Answers and questions of the last HISTORY_TURNS turns, the latest first; an abstention says nothing."""
    said = [(_said(turn.answer), turn.question) for turn in turns[-HISTORY_TURNS:]]
    return " ".join(text for pair in reversed(said) for text in pair if text)


def _said(answer: Answer) -> str:
    """The sentences of an answer in the documents' order, in which they belong together, whatever order they were shown in.

    Of an answer that a client sent back only the quotes are known.
    """
    if answer.abstained:
        return ""
    places = {citation.marker: at for at, citation in enumerate(_in_order(answer), 1)}
    claims = [([places[marker] for marker in claim.markers], claim.text) for claim in answer.claims]
    quotes = [([places[one.marker]], " ".join(one.quote.split())) for one in answer.citations]
    pieces = sorted(claims or quotes, key=lambda piece: min(piece[0], default=0))
    return " ".join(text + "".join(f" [{at}]" for at in markers) for markers, text in pieces) or answer.text


def _in_order(answer: Answer) -> list[Citation]:
    return sorted(answer.citations, key=lambda citation: (citation.document_id, citation.start))


def _chain(turns: Sequence[Turn]) -> list[str]:
    """The question that named the subject and the latest one, which may be the same."""
    first = len(turns) - 1
    while first > 0 and continues(turns[first].question):
        first -= 1
    questions = [turn.question for turn in turns[first:]]
    return questions if len(questions) < LONGEST_CHAIN else [questions[0], *questions[-(LONGEST_CHAIN - 2) :]]
