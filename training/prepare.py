"""python -m training.prepare: the public sets and our own writing -> the rows that the network learns from, in a folder.

    python -m training.prepare --bench ../shared/bench --public DIR --out build/training

`--public` holds what `training/README.md` lists. What comes out: `first.jsonl` (the first stage: public sets), `second.jsonl` (our own
writing, the rows that people wrote for our tasks, and a sample of the first), `third.jsonl` (the same with the pairs of UnAnsQ and
less of the first), and `held_out.jsonl`, `held_out_own.jsonl` (two articles of SQuAD, a fifth of the claims, a tenth of our own
passages: never learned from). What is drawn is drawn from a fixed seed.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import bm25s
import Stemmer

from training import sources
from training.examples import Row, read_rows, write_rows
from training.passages import Passages
from training.sentences import sentences

SEED = 20261125
OWN = Path(__file__).with_name("data")
HELD_OUT_ARTICLES = ("Force", "Huguenot")
_HISTORY_SHARE = 0.12
MOST_PAIRS = 1_200
"""Of one retrieval set."""
_RANKED_DEPTH = 12


def main() -> int:
    """Writes the three files and prints how many rows of each source they hold."""
    parser = argparse.ArgumentParser(prog="python -m training.prepare", description=__doc__.partition("\n")[0])
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/training"))
    parser.add_argument("--stage", choices=("first", "second", "third"), action="append", help="default: all")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    stages = arguments.stage or ["first", "second", "third"]
    if "first" in stages:
        rows = [*_questions(arguments.bench, arguments.public), *_claims(arguments.bench, arguments.public)]
        rows += _relevance(arguments.bench)
        kept = [row for row in rows if not _held_out(row)]
        _write(arguments.out / "first.jsonl", kept)
        _write(arguments.out / "held_out.jsonl", [row for row in rows if _held_out(row) and "+" not in row.source])
    if {"second", "third"} & set(stages):
        first = list(read_rows(arguments.out / "first.jsonl"))
        own = _own(Passages(arguments.bench, arguments.public))
        kept = [row for row in own if not _held_out(row)]
        again = [row for row in kept if row.source.startswith("own_ketamine")]
        _write(arguments.out / "held_out_own.jsonl", [row for row in own if _held_out(row)])
    if "second" in stages:
        _write(arguments.out / "second.jsonl", [*kept, *again, *_repeated(first, 14_000)])
    if "third" in stages:
        pairs = list(sources.unansq(arguments.public / "unansq", "dev"))
        _write(arguments.out / "third.jsonl", [*kept, *again, *pairs, *_repeated(first, 4_000)])
    return 0


def _questions(bench: Path, public: Path) -> list[Row]:
    rng = random.Random(SEED)
    squad = list(sources.squad(bench / "squad2" / "squad2.json", "squad2"))
    shifts = rng.sample(list(sources.squad(public / "shifts_new_wiki_v1.0.json", "shifts_wiki")), 6_000)
    covid = list(sources.covid_qa(public / "covidqa.json", rng))
    qamr = rng.sample(list(sources.qamr(public / "qamr", rng)), 5_000)
    rows = [*squad, *shifts, *covid, *qamr]
    rows += sources.negatives(squad, rng, deleted=0.5, other=0.3, changed=0.5)
    rows += sources.negatives(shifts, rng, deleted=0.4, other=0.3, changed=0.4)
    rows += sources.negatives(covid, rng, deleted=0.7, other=0.3, changed=0.3)
    rows += sources.negatives(qamr, rng, deleted=0.3, other=0.0, changed=0.35)
    return _conversations(rows, rng)


def _conversations(rows: Sequence[Row], rng: random.Random) -> list[Row]:
    """Some rows after an earlier question of their own group, so that a conversation is no strange sight."""
    asked: dict[str, list[str]] = {}
    for row in rows:
        asked.setdefault(row.group, []).append(row.first)
    return [
        sources.with_history(row, rng.choice(asked[row.group])) if rng.random() < _HISTORY_SHARE else row
        for row in rows
    ]


def _claims(bench: Path, public: Path) -> list[Row]:
    rng = random.Random(SEED + 1)
    rows = [
        *sources.premise_csv(public / "mnli_dev.csv", "mnli"),
        *rng.sample(list(sources.premise_csv(public / "snli_dev.csv", "snli")), 3_000),
        *rng.sample(list(sources.premise_csv(public / "conjnli_train.tsv", "conjnli")), 10_000),
        *sources.premise_csv(public / "negation_MNLI.txt", "negation"),
        *sources.premise_csv(public / "negation_SNLI.txt", "negation"),
        *rng.sample(list(sources.breaking_nli(public / "breaking.zip")), 2_000),
        *(row for name in ("scifact", "begin", "wice") for row in _bench_claims(bench, name)),
    ]
    for name, folder in (("pubmedqa", "pubmedqa"), ("medquad", "medquad_open"), ("scifact_abstracts", "scifact")):
        rows += sources.altered_claims(_passages(bench / folder / "corpus.jsonl", rng, 1_500), rng, name)
    wiki = [(r.group, r.sentences) for r in sources.squad(public / "shifts_new_wiki_v1.0.json", "shifts_wiki")]
    rows += sources.altered_claims(dict.fromkeys(wiki), rng, "shifts_wiki")
    return rows


def _bench_claims(bench: Path, name: str) -> list[Row]:
    file = {"scifact": "scifact_claims", "begin": "begin_wow", "wice": "wice"}[name]
    return list(sources.labelled_claims(bench / "verifier" / f"{file}.jsonl", name))


def _passages(path: Path, rng: random.Random, most: int) -> list[tuple[str, tuple[str, ...]]]:
    """(id, up to eight sentences in a row) of documents drawn at random."""
    found = []
    for table in sources.json_lines(path):
        texts = sentences(" ".join(table["text"].split()))
        if len(texts) >= 3:
            first = rng.randrange(max(1, len(texts) - 7))
            found.append((table["_id"], tuple(texts[first : first + 8])))
    return rng.sample(found, min(most, len(found)))


def _relevance(bench: Path) -> list[Row]:
    rows: list[Row] = []
    for folder, qrels, wrong in (
        ("scifact", "train.tsv", 1),
        ("pubmedqa", "dev.tsv", 1),
        ("medquad_open", "dev.tsv", 1),
    ):
        path = bench / folder
        pairs = list(sources.relevance(path, qrels, _ranked(path), folder, wrong))
        rows += pairs if len(pairs) <= MOST_PAIRS else random.Random(SEED).sample(pairs, MOST_PAIRS)
    return rows


def _ranked(folder: Path) -> dict[str, list[str]]:
    """For each query the first documents of BM25."""
    stemmer = Stemmer.Stemmer("english")
    documents = sources.json_lines(folder / "corpus.jsonl")
    texts = [f"{document['title']} {document['text']}" for document in documents]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    queries = sources.json_lines(folder / "queries.jsonl")
    asked = bm25s.tokenize([q["text"] for q in queries], stopwords="en", stemmer=stemmer, show_progress=False)
    places, _ = index.retrieve(asked, k=_RANKED_DEPTH, show_progress=False)
    return {q["_id"]: [documents[at]["_id"] for at in row] for q, row in zip(queries, places, strict=True)}


def _own(passages: Passages) -> list[Row]:
    """Everything in `training/data`."""
    rng = random.Random(SEED + 3)
    rows = [row for path in sorted(OWN.glob("*.jsonl")) for row in sources.written(path, passages)]
    return rows + list(sources.own_negatives(rows, rng))


def _repeated(first: Sequence[Row], others: int) -> list[Row]:
    """For the later stages: what people wrote for our tasks, and `others` of the rest so that nothing is unlearned."""
    rng = random.Random(SEED + 2)
    ours = [row for row in first if row.source in ("squad2", "scifact", "begin", "wice", "covid_qa")]
    rest = [row for row in first if row.source not in ("squad2", "scifact", "begin", "wice", "covid_qa")]
    return ours + rng.sample(rest, min(len(rest), others))


def _held_out(row: Row) -> bool:
    source = row.source.partition("+")[0]
    if source == "squad2":
        return row.group in HELD_OUT_ARTICLES
    if source in ("begin", "wice") or (source == "scifact" and row.task == "entail"):
        return _bucket(row.group) < 20
    if source == "scifact":
        return _bucket(row.first) < 20
    return source.startswith("own_") and not source.startswith("own_ketamine") and _bucket(row.group) < 10


def _bucket(name: str) -> int:
    """0 to 99, evenly, the same on every machine."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 100


def _write(path: Path, rows: Sequence[Row]) -> None:
    write_rows(path, rows)
    counts = Counter((row.task, row.source, row.label) for row in rows)
    print(f"{path.name}: {len(rows)} rows", file=sys.stderr)
    for (task, source, label), count in sorted(counts.items()):
        print(f"  {task:<6} {source:<28} {label}  {count}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
