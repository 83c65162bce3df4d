"""How fast copies may leave: so many a minute in all, and to one domain, for relays and receivers that mind.

A bucket of marks fills steadily and holds no more than a few seconds' worth, so that nothing leaves in a burst. Who gets no
mark waits until there will be one for his place in the queue; only then it is taken, so that no waiting is counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_HOLDS = 5.0  # seconds' worth of marks in a full bucket


@dataclass(frozen=True)
class Pace:
    """Copies a minute, of one node; None: as fast as the relay listens."""

    all: int | None = None
    domains: Mapping[str, int] | None = None  # by the domain of the recipient, in lower case


UNPACED = Pace()


@dataclass(frozen=True)
class Bucket:
    """The marks that one bucket held at a moment."""

    marks: float
    at: datetime


Buckets = Mapping[str, Bucket]  # by domain; "": in all


@dataclass(frozen=True)
class Admitted:
    """Who may leave now, in the given order; and until when each other one waits."""

    waits: tuple[datetime | None, ...]  # None: now
    buckets: Buckets


def admit(addresses: Sequence[str], pace: Pace, buckets: Buckets, now: datetime) -> Admitted:
    """Give each recipient a mark of each of its buckets, or say when to come back for one."""
    found = dict(buckets)
    behind: dict[str, int] = {}  # how many wait already, by bucket
    waits: list[datetime | None] = []
    domains = pace.domains or {}
    for address in addresses:
        domain = address.rpartition("@")[2].lower()
        rates = {"": pace.all, domain: domains.get(domain)}
        limits = {name: rate for name, rate in rates.items() if rate}
        for name, rate in limits.items():
            found[name] = _filled(found.get(name), rate, now)
        short = [name for name in limits if found[name].marks < 1 or behind.get(name)]
        if not short:
            for name in limits:
                found[name] = replace(found[name], marks=found[name].marks - 1)
            waits.append(None)
            continue
        seconds = 0.0
        for name in short:
            behind[name] = behind.get(name, 0) + 1
            seconds = max(seconds, (behind[name] - found[name].marks) * 60 / limits[name])
        waits.append(now + timedelta(seconds=max(seconds, 0.05)))
    return Admitted(tuple(waits), found)


def _filled(bucket: Bucket | None, rate: int, now: datetime) -> Bucket:
    most = max(1.0, rate * _HOLDS / 60)
    if bucket is None:
        return Bucket(most, now)
    since = max(0.0, (now - bucket.at).total_seconds())
    return Bucket(min(most, bucket.marks + since * rate / 60), now)
