"""Days in words. Imports nothing of ours."""

from __future__ import annotations

from datetime import date


def human_date(day: date | None) -> str:
    """For example "4 April 2020"; "date not known" for None."""
    return f"{day.day} {day:%B %Y}" if day else "date not known"
