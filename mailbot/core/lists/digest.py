"""Digests: which posts each reader has yet to get, and who gets the same ones in one mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from mailbot.core.calendar import Holiday, business_day, local_moment
from mailbot.core.lists.archived import Archived
from mailbot.core.lists.membership import Mode
from mailbot.core.mail.address import address_key, same_address

DIGESTS: tuple[Mode, ...] = ("digest", "digest-plain", "notices")
MOST_TEXT = 100_000  # characters of one post in a digest of plain text


@dataclass(frozen=True)
class DigestReader:
    """A member who gets posts in digests, or notices of them."""

    address: str
    mode: Mode
    seen: int  # number of the post up to which he has had them
    copies_own: bool
    muted: frozenset[str] = frozenset()  # threads, as the Message-ID of their first post
    had: frozenset[int] = frozenset()  # numbers of posts that went to him one by one
    others: frozenset[str] = frozenset()  # further addresses of his, as `address_key` has them


@dataclass(frozen=True)
class DigestPost:
    """A post that may go into digests."""

    post: Archived
    thread: str  # Message-ID of the first post of its thread


def shares(
    readers: Sequence[DigestReader], posts: Sequence[DigestPost]
) -> Mapping[tuple[Mode, tuple[int, ...]], list[str]]:
    """Return the addresses that get the same posts in the same form, by form and numbers; those that get none are left out."""
    found: dict[tuple[Mode, tuple[int, ...]], list[str]] = {}
    for reader in readers:
        numbers = tuple(one.post.number for one in posts if _wants(reader, one))
        if numbers:
            found.setdefault((reader.mode, numbers), []).append(reader.address)
    return found


def _wants(reader: DigestReader, one: DigestPost) -> bool:
    wrote_it = same_address(reader.address, one.post.author) or address_key(one.post.author) in reader.others
    own = wrote_it and not reader.copies_own
    return (
        one.post.number > reader.seen
        and one.post.number not in reader.had
        and one.thread not in reader.muted
        and not own
    )


def digest_moment(now: datetime, at: time, holiday: Holiday, zone: tzinfo) -> datetime | None:
    """Return when today's digests go out; None: today is not a business day."""
    today = now.astimezone(zone).date()
    return local_moment(today, at, zone) if business_day(today, holiday) else None


def begins_week(day: date, holiday: Holiday) -> bool:
    """Tell whether a day is the first business day of its week (Monday to Sunday), on which weekly digests go out."""
    before = (day - timedelta(days=n) for n in range(1, day.weekday() + 1))
    return business_day(day, holiday) and not any(business_day(each, holiday) for each in before)
