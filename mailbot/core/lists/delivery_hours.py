"""The hours in which a list's posts go out: what comes outside of them waits for the next morning (`hours:` of a list)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from mailbot.core.calendar import local_moment

Hours = tuple[time, time]  # from, until: local times of a day


def leaves_at(hours: Hours | None, moment: datetime) -> datetime:
    """Return when a post leaves that may leave at this local moment: then, or when the hours begin again."""
    if hours is None:
        return moment
    first, last = hours
    at = moment.time().replace(fold=0)
    if first <= at < last:
        return moment
    assert moment.tzinfo is not None, "a local moment is aware"
    return local_moment(moment.date() + timedelta(days=at >= last), first, moment.tzinfo)
