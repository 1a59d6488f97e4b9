"""Benchmarks: figures that are reported and never fail a run. How fast: `latency` (`make bench`). How well, on sets of others:

    python -m eval.benchmarks squad|conversations|retrieval|claims PATH

What they reach, and beside what: `docs/benchmarks.md`. Public sets ask for a part of the program (a ranking, a sentence, a score), not
for answers, so these modules use inner modules of `ketarag` (the retriever, the network, the segmenter). The rest of `eval` does not.
"""
