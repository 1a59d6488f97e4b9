"""The evaluation: known questions with their answers, run against the assistant. `python -m eval`."""
