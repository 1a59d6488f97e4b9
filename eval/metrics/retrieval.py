"""How well passages were ranked, through `ir-measures`, which asks trec_eval's code (pytrec-eval).

Measures of retrieval count judged passages, and cases name places of the source, not passages: any passage that overlaps a gold place is
relevant, however the source was cut. `evidence` says more than "relevant": a list of needed places, each a list of alternatives of which
one is enough. So each needed place is asked for as a topic of its own with exactly one relevant unit, which stands in the ranking where the
first passage on one of its alternatives stands; a second alternative adds nothing, its absence takes nothing away, and one passage may hold
several needed places. A case's score is the mean over its topics.

Where one place is needed, which is nearly every case, these are the common measures. Where several are, recall is subtopic recall (Zhai et
al. 2003, "Beyond independent relevance"), and reciprocal rank and nDCG reach 1 only when the first passage holds them all: they fall with
every place that comes later and depend on nothing but its rank, so that two rankings compare fairly whatever else the index holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from eval.metrics.places import Place, overlap

RECALL_DEPTH = 5
NDCG_DEPTH = 10


def retrieval_scores(ranked: Sequence[Place], evidence: Sequence[Sequence[Place]]) -> dict[str, float | None]:
    """Scores in [0, 1] of passages, best first, by name; each None where nothing is needed. With r the rank from 1 of a topic's first hit:

    - `recall_at_5`: 1 where r <= 5, else 0
    - `reciprocal_rank`: 1 / r (Kantor & Voorhees 2000), over all that was ranked; its mean over cases is the MRR
    - `ndcg_at_10`: 1 / log2(1 + r) where r <= 10, else 0 (Järvelin & Kekäläinen 2002; the ideal gain of one relevant unit is 1)

    and 0 for a topic that no passage hits.
    """
    import ir_measures
    from ir_measures import RR, Qrel, R, ScoredDoc, nDCG

    measures = {"recall_at_5": R @ RECALL_DEPTH, "reciprocal_rank": RR, "ndcg_at_10": nDCG @ NDCG_DEPTH}
    if not evidence:
        return dict.fromkeys(measures)
    topics = {str(at): _names(ranked, group) for at, group in enumerate(evidence)}
    judged = [Qrel(topic, _RELEVANT, 1) for topic in topics]
    # trec_eval orders by score and breaks ties by name: scores that fall keep the ranking as it is.
    run = [ScoredDoc(topic, name, -float(rank)) for topic, names in topics.items() for rank, name in enumerate(names)]
    found = ir_measures.pytrec_eval.calc_aggregate(measures.values(), judged, run)
    return {name: float(found[measure]) for name, measure in measures.items()}


_RELEVANT = "relevant"


def _names(ranked: Sequence[Place], group: Sequence[Place]) -> list[str]:
    """The ranking as the topic of one needed place sees it: its unit at the first hit, passages of no account elsewhere."""
    names = [str(rank) for rank in range(len(ranked))]
    first = next((rank for rank, passage in enumerate(ranked) if any(overlap(passage, gold) for gold in group)), None)
    if first is not None:
        names[first] = _RELEVANT
    return names
