"""Japan's public holidays, as jpholiday knows them, for the calendar rules of core."""

from __future__ import annotations

from datetime import date

import jpholiday


def is_holiday(day: date) -> bool:
    """Tell whether the day is a public holiday in Japan (国民の祝日・休日)."""
    return bool(jpholiday.is_holiday(day))
