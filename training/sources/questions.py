"""Public sets of questions on passages: SQuAD and its kin, COVID-QA, QAMR, and the pairs of UnAnsQ."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.examples import Row
from training.sentences import one_line, sentence_spans
from training.sources.files import LONGEST_PASSAGE


def squad(path: Path, source: str) -> Iterator[Row]:
    """A file in the format of SQuAD 1.1 or 2.0: answerable rows with their span, and the unanswerable ones, where it has any."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            spans = sentence_spans(paragraph["context"])
            texts = tuple(paragraph["context"][start:end] for start, end in spans)
            for question in paragraph["qas"]:
                asked = one_line(question["question"])
                if question.get("is_impossible"):
                    yield Row("read", asked, texts, 0, source, article["title"])
                    continue
                answer = min(question["answers"], key=lambda a: len(a["text"]))
                at = answer["answer_start"]
                gold = tuple(i for i, (start, end) in enumerate(spans) if start <= at < end)
                if gold:
                    said = answer["text"].strip()
                    inside = said if said in texts[gold[0]] else ""
                    yield Row("read", asked, texts, 1, source, article["title"], gold, inside)


def covid_qa(path: Path, rng: random.Random) -> Iterator[Row]:
    """COVID-QA: a question with its answer somewhere in a paper; the row's passage is cut around the answer."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for number, paragraph in enumerate(article["paragraphs"]):
            text = paragraph["context"]
            spans = sentence_spans(text)
            for question in paragraph["qas"]:
                if not question["answers"]:
                    continue
                answer = question["answers"][0]
                start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"].strip())
                gold = [i for i, span in enumerate(spans) if span[0] < end and start < span[1]]
                if not gold or len(gold) > 3:
                    continue
                first = max(0, gold[0] - rng.randrange(4))
                texts = tuple(one_line(text[a:b]) for a, b in spans[first : gold[-1] + rng.randrange(1, 4)])
                if sum(len(t.split()) for t in texts) <= LONGEST_PASSAGE:
                    group = f"covid-{paragraph.get('document_id', number)}"
                    found = tuple(i - first for i in gold)
                    whole = one_line(answer["text"].strip()) if len(gold) == 1 else ""
                    short = whole if len(whole.split()) <= 12 and whole in texts[found[0]] else ""
                    yield Row("read", one_line(question["question"]), texts, 1, "covid_qa", group, found, short)


def qamr(folder: Path, rng: random.Random) -> Iterator[Row]:
    """QAMR: questions on one sentence each. The passage puts other sentences of its document, or of others, around it."""
    texts: dict[str, str] = {}
    for line in (folder / "wiki-sentences.tsv").read_text(encoding="utf-8").splitlines():
        name, _, text = line.partition("\t")
        texts[name] = text
    near: dict[str, list[str]] = defaultdict(list)
    for name in texts:
        near[name.split(":")[2]].append(name)
    every = list(texts)
    for name in ("dev.tsv", "test.tsv"):
        for line in (folder / name).read_text(encoding="utf-8").split("\n")[:-1]:
            cells = line.split("\t")
            words = texts.get(cells[0], "").split()
            at = sorted(int(i) for i in cells[6].split())
            if not words or not at or at[-1] - at[0] + 1 != len(at) or at[-1] >= len(words):
                continue
            beside = [other for other in near[cells[0].split(":")[2]] if other != cells[0]]
            others = rng.sample(beside, min(len(beside), 2)) + rng.sample(every, rng.randrange(1, 3))
            others = [other for other in dict.fromkeys(others) if other != cells[0]]
            place = rng.randrange(len(others) + 1)
            passage = [_untokenised(texts[other].split()) for other in others]
            passage.insert(place, _untokenised(words))
            answer = _untokenised(words[at[0] : at[-1] + 1])
            if answer in passage[place]:
                yield Row(
                    "read", cells[5], tuple(passage), 1, "qamr", f"qamr-{cells[0].split(':')[2]}", (place,), answer
                )


def unansq(folder: Path, part: str) -> Iterator[Row]:
    """UnAnsQ: a question of SQuAD 2.0 beside an unanswerable one that was written to look like it, in lower-case tokens.

    Only `part` "dev" may be learned from: it is cut from SQuAD's training articles, while "test" is SQuAD's development set.
    """

    def cells(name: str) -> list[list[str]]:
        text = (folder / f"{part}-{name}.txt").read_text(encoding="utf-8")
        return [line.split("\t") for line in text.split("\n")[:-1]]

    answered, unanswered = cells("answerable-questions"), cells("unanswerable-questions")
    for context, right, wrong in zip(cells("context"), answered, unanswered, strict=True):
        words = context[0].split()
        if len(words) > LONGEST_PASSAGE:
            continue
        spans = _token_sentences(words)
        texts = tuple(_untokenised(words[start:end]) for start, end in spans)
        first, last = int(right[2]), int(right[3])
        gold = next((at for at, (start, end) in enumerate(spans) if start <= first < end), None)
        if gold is None:
            continue
        said = _untokenised(words[first : last + 1])
        group = f"unansq-{' '.join(words[:12])}"
        yield Row(
            "read",
            _untokenised(right[1].split()),
            texts,
            1,
            "unansq",
            group,
            (gold,),
            said if said in texts[gold] else "",
        )
        yield Row("read", _untokenised(wrong[1].split()), texts, 0, "unansq", group)


def _token_sentences(words: Sequence[str]) -> list[tuple[int, int]]:
    """Half-open spans of the sentences of lower-case tokens: a full stop between two words of letters may be an abbreviation's."""
    spans, start = [], 0
    for at, word in enumerate(words):
        ends = word in {".", "?", "!"} and at - start >= 5 and len(words[at - 1]) > 2
        if ends and at + 1 < len(words) and words[at + 1] not in {")", '"', "'"}:
            spans.append((start, at + 1))
            start = at + 1
    return [*spans, (start, len(words))] if start < len(words) else spans


def _untokenised(words: Sequence[str]) -> str:
    """Penn-Treebank words as ordinary text."""
    text = " ".join(words).replace("-LRB- ", "(").replace(" -RRB-", ")").replace("`` ", '"').replace(" ''", '"')
    text = re.sub(r" ([.,;:!?%])", r"\1", text)
    return re.sub(r" ('s|n't|'re|'ve|'d|'ll|'m)\b", r"\1", text)
