"""An address whose mail comes back: how much that weighs, when it is asked, and when its list mail stops.

A bounce that says that nobody is there weighs 1; another one for good, or one that was given up, less. The weight fades by half in
`half_life`, so that one bad day is forgotten and a dead address of a quiet list is still found. At most one bounce a day counts:
ten posts to a server that is down are one trouble.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # for it comes with all that reads bounces, and each command needs the limits alone
    from mailbot.core.bounces.failure import Reason

State = Literal["watched", "probing", "suspended"]
"""watched: its bounces are weighed. probing: a mail to it asks for a sign of life. suspended: it gets no list mail."""

QUIET = timedelta(days=14)  # without a bounce, and ...
ARRIVED = timedelta(days=7)  # ... with a copy that left so long ago: its mail gets through again
_GRAINS = 1000  # of a score, as it is kept


@dataclass(frozen=True)
class Limits:
    """What the configuration says (`bounces:`)."""

    probe_at: float = 2.0  # the score at which an address is asked
    half_life: timedelta = timedelta(days=60)
    probe_wait: timedelta = timedelta(days=7)  # a probe that has not come back by then has arrived


LIMITS = Limits()


@dataclass(frozen=True)
class Failure:
    """One copy that did not arrive."""

    permanent: bool
    reason: Reason
    status: str  # "5.1.1"; made up where none was stated
    words: str  # the server's, one line


@dataclass(frozen=True)
class Trouble:
    """How things stand with one address."""

    address: str
    since: datetime  # its first bounce
    last_at: datetime  # its newest
    score: float  # as it was at `scored_at`
    scored_at: datetime
    counted_on: date | None  # the local day of the last bounce that counted
    failure: Failure  # the newest
    state: State = "watched"
    state_at: datetime | None = None
    state_by: str = ""  # "office" where a person suspended it
    summed_at: datetime | None = None  # when the office last saw it in a summary


def weight(failure: Failure) -> float:
    """Return how much one failure says against the address."""
    if failure.permanent and failure.reason in {"unknown", "other"}:
        return 1.0
    if failure.permanent and failure.reason in {"full", "unreachable"}:
        return 0.5
    return 0.25  # refused: it says more of our mail; temporary: of the day


def nobody_there(failure: Failure) -> bool:
    """Tell whether the server says that there is no such address, and never will be."""
    return failure.permanent and failure.reason == "unknown"


def score_at(trouble: Trouble, now: datetime, limits: Limits) -> float:
    """Return the score as it has faded by now, in thousandths."""
    age = max(now - trouble.scored_at, timedelta())
    faded: float = trouble.score * 0.5 ** (age / limits.half_life)
    return round(faded * _GRAINS) / _GRAINS


def counted(
    before: Trouble | None, address: str, failure: Failure, now: datetime, today: date, limits: Limits
) -> Trouble:
    """Return how things stand after one more failure; `today` is the local day, of which only one counts."""
    if before is None:
        return Trouble(address, now, now, weight(failure), now, today, failure, summed_at=now)
    after = replace(before, address=address, last_at=now, failure=failure)
    if before.counted_on == today:
        return after
    return replace(
        after, score=score_at(before, now, limits) + weight(failure), scored_at=now, counted_on=today
    )


def must_ask(trouble: Trouble, limits: Limits) -> bool:
    """Tell whether it has bounced so much that it must be asked before its mail stops."""
    return trouble.state == "watched" and trouble.score >= limits.probe_at
