"""The public sets, each read from a path into rows. What they are, where they come from and their licences: `training/README.md`.

Everything here is deterministic: a set gives the same rows in the same order, alterations drawn from a generator that is given.
"""

from __future__ import annotations

import csv
import json
import random
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.alter import altered, names_in
from training.examples import CONTRADICTED, NOT_SAID, SUPPORTED, Row
from training.passages import Passages
from training.sentences import one_line, sentence_spans, sentences

Table = dict[str, Any]
LONGEST_PASSAGE = 190  # words: about the 256 word pieces that are read, less the question
_LABELS = {"entailment": SUPPORTED, "contradiction": CONTRADICTED, "neutral": NOT_SAID}


def json_lines(path: Path) -> list[Table]:
    """The objects of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


# ---- questions and passages -------------------------------------------------------------------------------------------------


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


def written(path: Path, passages: Passages) -> Iterator[Row]:
    """What we wrote ourselves: questions, follow-ups, near misses and claims (`training/data`, format in `training/README.md`)."""
    source = f"own_{path.stem}"
    for table in json_lines(path):
        texts, group = passages.sentences(table), f"{source}-{table.get('article', table['id'])}"
        for item in [*table.get("questions", []), *table.get("follow_ups", [])]:
            asked = in_conversation(item.get("history", []), item["q"])
            gold = tuple(item["sentences"])
            yield Row("read", asked, texts, 1, source, group, gold, item.get("answer", ""))
        for item in table.get("unanswerable", []):
            yield Row("read", in_conversation(item.get("history", []), item["q"]), texts, 0, source, group)
        for item in table.get("claims", []):
            label = {"supported": SUPPORTED, "contradicted": CONTRADICTED, "neutral": NOT_SAID}[item["label"]]
            yield Row("entail", item["text"], _around(texts, item.get("sentences", [])), label, source, group)


def in_conversation(history: Sequence[str], question: str) -> str:
    """How the reader sees a question that follows others: the last two of them before it, parted by slashes."""
    return " / ".join([*history[-2:], question])


# ---- rows made from rows ----------------------------------------------------------------------------------------------------


def without_evidence(row: Row) -> Row | None:
    """The same question with the evidence taken out of its passage; None where the rest is too little or repeats the answer."""
    left = tuple(text for at, text in enumerate(row.sentences) if at not in row.gold)
    repeats = bool(row.answer) and any(row.answer.casefold() in text.casefold() for text in left)
    if row.label != 1 or sum(len(text.split()) for text in left) < 25 or repeats:
        return None
    return Row("read", row.first, left, 0, f"{row.source}+deleted", row.group)


def altered_question(row: Row, names: Sequence[str], rng: random.Random) -> Row | None:
    """A question that its passage no longer answers, since one thing in it is another."""
    changed = altered(row.first, names, rng)
    if row.label != 1 or changed is None or " / " in row.first:
        return None
    return Row("read", changed[1], row.sentences, 0, f"{row.source}+altered", row.group)


def other_passage(row: Row, passages: Sequence[tuple[str, ...]]) -> Row | None:
    """The same question on the passage, of those given, that shares most of its rarer words but not its answer."""
    if row.label != 1 or not row.answer:
        return None
    asked = set(re.findall(r"\w{4,}", row.first.casefold()))
    best, most = None, 1
    for texts in passages:
        text = " ".join(texts).casefold()
        shared = sum(word in text for word in asked)
        if shared > most and row.answer.casefold() not in text and texts != row.sentences:
            best, most = texts, shared
    return Row("read", row.first, best, 0, f"{row.source}+other", row.group) if best else None


def with_history(row: Row, earlier: str) -> Row:
    """The same row after an earlier question of its passage."""
    return replace(row, first=in_conversation([earlier], row.first))


def negatives(rows: Sequence[Row], rng: random.Random, deleted: float, other: float, changed: float) -> Iterator[Row]:
    """Unanswerable rows from answerable ones, each kind drawn for its share of them."""
    passages: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in rows:
        if row.sentences not in passages[row.group][-1:]:
            passages[row.group].append(row.sentences)
    names = {group: names_in([text for texts in found for text in texts]) for group, found in passages.items()}
    for row in rows:
        made = (
            without_evidence(row) if rng.random() < deleted else None,
            other_passage(row, passages[row.group]) if rng.random() < other else None,
            altered_question(row, names[row.group], rng) if rng.random() < changed else None,
        )
        yield from (new for new in made if new is not None)


def own_negatives(rows: Sequence[Row], rng: random.Random) -> Iterator[Row]:
    """From our own answerable rows: another passage of the article, where there is one, else for some the evidence taken out."""
    passages: dict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
    for row in rows:
        if row.task == "read":
            passages[row.group][row.sentences] = None
    for row in rows:
        if row.task != "read" or row.label != 1:
            continue
        others = [
            texts
            for texts in passages[row.group]
            if texts != row.sentences and len(texts) > 1 and not _holds(" ".join(texts), row.answer)
        ]
        if others:
            yield Row("read", row.first, rng.choice(others), 0, f"{row.source}+other", row.group)
        elif rng.random() < 0.3 and (rest := without_evidence(row)) is not None:
            yield rest


# ---- claims ----------------------------------------------------------------------------------------------------------------


def premise_csv(path: Path, source: str) -> Iterator[Row]:
    """premise, hypothesis, label; pairs of two classes ("not_entailment") are left out where the label does not say which."""
    with path.open(
        encoding="utf-8-sig", errors="replace", newline=""
    ) as file:  # one set has a few bytes of another encoding
        tabs = path.suffix in (".tsv", ".txt")
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(file)
        for cells in rows:
            premise, claim, label = cells[-3:]
            if label in _LABELS and premise.strip() and claim.strip():
                yield Row("entail", claim.strip(), (premise.strip(),), _LABELS[label], source, premise[:60])


def breaking_nli(path: Path) -> Iterator[Row]:
    """Breaking NLI (zip): one word of the premise replaced by one that excludes, implies or leaves it open."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".jsonl") and not n.startswith("__"))
        for line in archive.read(name).decode("utf-8").splitlines():
            table = json.loads(line)
            if table["gold_label"] in _LABELS:
                premise = table["sentence1"]
                yield Row(
                    "entail", table["sentence2"], (premise,), _LABELS[table["gold_label"]], "breaking_nli", premise[:60]
                )


def labelled_claims(path: Path, source: str) -> Iterator[Row]:
    """The bench's `verifier/*.jsonl`. PARTIAL is left out; NOT_SUPPORTED counts as not said."""
    labels = {"SUPPORT": SUPPORTED, "REFUTE": CONTRADICTED, "NEUTRAL": NOT_SAID, "NOT_SUPPORTED": NOT_SAID}
    for table in json_lines(path):
        if table["label"] in labels:
            group = table["claim"] if source == "scifact" else table["id"]
            texts = tuple(one_line(text) for text in table["evidence"])
            rationales = sorted({i for r in table.get("rationales", []) for i in (r if isinstance(r, list) else [r])})
            if rationales and all(i < len(texts) for i in rationales):
                yield Row("entail", table["claim"], _around(texts, rationales), labels[table["label"]], source, group)
            yield Row("entail", table["claim"], _shortened(texts), labels[table["label"]], source, group)


def altered_claims(passages: Iterable[tuple[str, tuple[str, ...]]], rng: random.Random, source: str) -> Iterator[Row]:
    """From (group, sentences): for a sentence drawn from each, itself, it altered by rule, and one from elsewhere as not said."""
    kept = [(group, texts) for group, texts in passages if len(texts) >= 3]
    names = names_in([text for _, texts in kept for text in texts])
    for at, (group, texts) in enumerate(kept):
        usable = [i for i, text in enumerate(texts) if 8 <= len(text.split()) <= 45]
        if not usable:
            continue
        chosen = rng.choice(usable)
        window = _around(texts, [chosen])
        if (false := altered(texts[chosen], rng.sample(names, min(len(names), 40)), rng)) is not None:
            yield Row("entail", false[1], window, CONTRADICTED, f"{source}+{false[0]}", group)
        if rng.random() < 0.5:
            yield Row("entail", _lightly_reworded(texts[chosen], rng), window, SUPPORTED, source, group)
        left = tuple(text for i, text in enumerate(texts) if i != chosen)
        other = rng.choice(kept[(at + 1) % len(kept)][1])
        if rng.random() < 0.4 and texts[chosen] not in left:
            yield Row("entail", texts[chosen], _shortened(left), NOT_SAID, f"{source}+elsewhere", group)
        elif rng.random() < 0.2 and other not in window:
            yield Row("entail", other, window, NOT_SAID, f"{source}+unrelated", group)


def _holds(text: str, answer: str) -> bool:
    """Whether the answer stands in the text as whole words, letter case aside."""
    return bool(answer) and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text, re.IGNORECASE) is not None


def _lightly_reworded(text: str, rng: random.Random) -> str:
    """A sentence without what can be left out: a parenthesis, an opening adverb, the first letter's case."""
    shorter = re.sub(r" \([^()]*\)", "", text)
    shorter = re.sub(r"^(?:However|Thus|Therefore|Moreover|Furthermore|In addition|Also|Further),? ", "", shorter)
    if rng.random() < 0.3:
        shorter = re.sub(r", (?:although|whereas|while|but) .*?(?=\.$)", "", shorter)
    return shorter[:1].upper() + shorter[1:]


# ---- relevance -------------------------------------------------------------------------------------------------------------


def relevance(folder: Path, qrels: str, ranked: dict[str, list[str]], source: str, wrong: int) -> Iterator[Row]:
    """BEIR-like: each relevant pair, and for each query the `wrong` best-ranked documents that are not relevant to it."""
    corpus = {
        d["_id"]: tuple(sentences(f"{d['title']}. {d['text']}".strip(". ")))
        for d in json_lines(folder / "corpus.jsonl")
    }
    right: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels" / qrels).read_text(encoding="utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            right[query].add(document)
    for asked in json_lines(folder / "queries.jsonl"):
        name, text = asked["_id"], one_line(asked["text"])
        for document in sorted(right[name]):
            yield Row("rank", text, _shortened(corpus[document]), 1, source, text)
        others = [document for document in ranked.get(name, []) if document not in right[name]]
        for document in others[:wrong]:
            yield Row("rank", text, _shortened(corpus[document]), 0, source, text)


# ---- helpers ---------------------------------------------------------------------------------------------------------------


def _around(texts: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    """The sentences at `places` with the one before the first: what a claim is held against."""
    if not places:
        return _shortened(texts)
    first, last = max(0, min(places) - 1), max(places)
    return _shortened(texts[first : last + 1])


def _shortened(texts: Sequence[str]) -> tuple[str, ...]:
    """Whole sentences from the start, up to LONGEST_PASSAGE words; at least one."""
    kept: list[str] = []
    count = 0
    for text in texts:
        count += len(text.split())
        if kept and count > LONGEST_PASSAGE:
            break
        kept.append(text)
    return tuple(kept)


def _untokenised(words: Sequence[str]) -> str:
    """Penn-Treebank words as ordinary text."""
    text = " ".join(words).replace("-LRB- ", "(").replace(" -RRB-", ")").replace("`` ", '"').replace(" ''", '"')
    text = re.sub(r" ([.,;:!?%])", r"\1", text)
    return re.sub(r" ('s|n't|'re|'ve|'d|'ll|'m)\b", r"\1", text)
