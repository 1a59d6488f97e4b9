"""Rankings scored against qrels by `ir-measures` (which asks trec_eval's code): nDCG after Järvelin & Kekäläinen 2002, recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ir_measures

from eval.benchmarks.files import Qrels


def scored(rankings: Mapping[str, Sequence[str]], qrels: Qrels, measures: Sequence[str]) -> dict[str, list[float]]:
    """For each measure ("nDCG@10", "R@5") its values in [0, 1], one a query, in the order of `rankings`.

    `rankings` maps every query to its documents, best first, possibly none (scored 0). Each query must be in `qrels`.
    """
    wanted = {name: ir_measures.parse_measure(name) for name in measures}
    judged = {query: qrels[query] for query in rankings}
    # trec_eval orders by score and breaks ties by name: scores that fall keep the ranking as it is.
    run = {
        query: {document: float(-rank) for rank, document in enumerate(documents)}
        for query, documents in rankings.items()
    }
    found = {
        (result.measure, result.query_id): result.value
        for result in ir_measures.iter_calc(list(wanted.values()), judged, run)
    }
    return {name: [float(found[measure, query]) for query in rankings] for name, measure in wanted.items()}
