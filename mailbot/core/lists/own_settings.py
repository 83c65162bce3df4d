"""What a member's word changes of his own settings on a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, tzinfo

from mailbot.core.calendar import local_moment
from mailbot.core.lists.list_command import Deliver, Off, On, OwnCopies, PlainText, Receipts
from mailbot.core.lists.membership import Membership

Setting = Off | On | Deliver | OwnCopies | Receipts | PlainText


def chosen(before: Membership, command: Setting, now: datetime, zone: tzinfo) -> Membership:
    """Return a member's settings as he wants them from now on; days are whole days of the time zone."""
    match command:
        case Off(first, last):
            today = now.astimezone(zone).date()
            begins = now if first is None or first <= today else local_moment(first, time(0), zone)
            ends = None if last is None else local_moment(last + timedelta(days=1), time(0), zone)
            return replace(before, off_from=begins, off_until=ends)
        case On():
            mode = "each" if before.mode == "none" else before.mode
            return replace(before, off_from=None, off_until=None, mode=mode)
        case Deliver(mode):
            return replace(before, mode=mode, weekly=command.weekly)
        case OwnCopies(wanted):
            return replace(before, copies_own=wanted)
        case Receipts(wanted):
            return replace(before, receipts=wanted)
        case PlainText(wanted):
            return replace(before, profile="plain" if wanted else "")
