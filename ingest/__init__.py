"""Builds the index from the repository: `python -m ingest`. The work is `ketarag.build_index`."""
