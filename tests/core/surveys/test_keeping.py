"""How long the raw replies to a survey are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mailbot.core.surveys.keeping import kept_until
from mailbot.core.surveys.survey import Resolution, Share
from tests.mails.standard import STANDARD

TOKYO = ZoneInfo("Asia/Tokyo")


def test_a_year_and_ten() -> None:
    """A year behind the result of a survey, ten behind that of a resolution; a leap day ends on 1 March."""
    out = datetime(2026, 7, 2, 17, tzinfo=TOKYO)
    share = Share(1, 2, "electorate", more_than=True)
    resolution = Resolution(base_date=out.date(), by_law="", quorum=share, thresholds=(share,))
    assert kept_until(STANDARD, out) == out.replace(year=2027)
    assert kept_until(replace(STANDARD, resolution=resolution), out) == out.replace(year=2036)
    assert kept_until(STANDARD, datetime(2028, 2, 29, 9, tzinfo=TOKYO)) == datetime(
        2029, 3, 1, 9, tzinfo=TOKYO
    )
