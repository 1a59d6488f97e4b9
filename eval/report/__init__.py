"""What a run is shown as: one page to read in the morning (`html`), and a summary for a terminal or a job's summary (`markdown`).

Both are pure functions of `Material`: the same material gives the same text. Nothing here reckons a figure or judges a run.
"""

from eval.report.material import HistoryPoint, Material
from eval.report.page import html
from eval.report.summary import markdown

__all__ = ["HistoryPoint", "Material", "html", "markdown"]
