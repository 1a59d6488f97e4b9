"""Answers that a chat model writes, with and without verification, beside the extractive ones: `python -m eval --llm MODEL`.

Nothing here gates: the baseline is of the extractive answers. `recorder` sees what the model was given and wrote, `compare` runs the cases,
`numbers` is a check of figures that shares nothing with the verifier, `summary` puts it into words.
"""

from eval.generated.compare import Comparison, compare
from eval.generated.summary import as_markdown

__all__ = ["Comparison", "as_markdown", "compare"]
