"""The calendar entry of an event: what all entries share is worked out once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from mailbot.formats.ics import add_zones
from mailbot.formats.plan_ics import PlanEntry, plan_ics


def calendar(*zones: str) -> icalendar.Calendar:
    """Return a calendar with an entry in each of these zones."""
    made = icalendar.Calendar()
    for zone in zones:
        entry = icalendar.Event()
        entry.add("dtstart", datetime(2026, 10, 22, 10, tzinfo=ZoneInfo(zone)))
        made.add_component(entry)
    return made


@pytest.mark.parametrize(
    "zones", [("Asia/Tokyo",), ("UTC",), ("Asia/Tokyo", "Asia/Tokyo"), ("Europe/Berlin",)]
)
def test_zones_are_what_the_library_makes_of_them(zones: tuple[str, ...]) -> None:
    """The first time and the next; UTC needs none."""
    wanted = calendar(*zones)
    wanted.add_missing_timezones()
    for _ in range(2):
        made = calendar(*zones)
        add_zones(made)
        assert made.to_ical() == wanted.to_ical()
        assert not made.get_missing_tzids()


def test_the_rules_of_a_zone_are_walked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each calendar: that takes longer than all the rest of a notice."""
    asked = []
    from_tzid = icalendar.Timezone.from_tzid

    def counted(tzid: str) -> icalendar.Timezone:
        asked.append(tzid)
        return from_tzid(tzid)

    monkeypatch.setattr(icalendar.Timezone, "from_tzid", counted)
    now = datetime(2026, 10, 22, 10, tzinfo=ZoneInfo("America/Santiago"))
    for number in range(3):
        entry = PlanEntry(number, now + timedelta(days=number), "x", 1)
        plan_ics([entry], stamp=now.astimezone(UTC), language="en", domain="ml.example.jp")
    assert asked == ["America/Santiago"]
