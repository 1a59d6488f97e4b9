"""The public sets and our own writing, each read from a path into rows. What they are and their licences: `training/README.md`.

Everything here is deterministic: a set gives the same rows in the same order, alterations drawn from a generator that is given.
"""

from training.sources.claims import altered_claims, breaking_nli, labelled_claims, premise_csv
from training.sources.files import LONGEST_PASSAGE, json_lines
from training.sources.made import (
    altered_question,
    in_conversation,
    negatives,
    other_passage,
    with_history,
    without_evidence,
)
from training.sources.own import own_negatives, written
from training.sources.questions import covid_qa, qamr, squad, unansq
from training.sources.relevance import relevance

__all__ = [
    "LONGEST_PASSAGE",
    "altered_claims",
    "altered_question",
    "breaking_nli",
    "covid_qa",
    "in_conversation",
    "json_lines",
    "labelled_claims",
    "negatives",
    "other_passage",
    "own_negatives",
    "premise_csv",
    "qamr",
    "relevance",
    "squad",
    "unansq",
    "with_history",
    "without_evidence",
    "written",
]
