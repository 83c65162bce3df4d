"""How long the raw replies to a survey are kept (ballot.md section 16)."""

from __future__ import annotations

from datetime import datetime

from mailbot.core.surveys.survey import Survey

_YEARS, _YEARS_OF_A_RESOLUTION = 1, 10


def kept_until(survey: Survey, settled_at: datetime) -> datetime:
    """Return from when the raw replies may go: a year after the result was settled, ten for a resolution.

    `settled_at`, aware, is when the result went out, or of a survey whose result goes to nobody when it was closed.
    """
    year = settled_at.year + (_YEARS if survey.resolution is None else _YEARS_OF_A_RESOLUTION)
    try:
        return settled_at.replace(year=year)
    except ValueError:  # 29 February
        return settled_at.replace(year=year, month=3, day=1)
