"""The roll-call 名簿確認: each body is asked once a year whether what the register says of its people still holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from mailbot.core.calendar import Holiday, moment_before
from mailbot.core.lists.list_command import ChangeAddress, HandOver, NotUnderstood, read_command
from mailbot.core.reading.known_text import line_key

Answer = Literal[
    "", "confirmed", "named", "other"
]  # "": none yet; named: a successor; other: the office reads it

REMIND_BEFORE = (7, 2)  # business days before the close, at nine
_AT = "09:00"
_LOOKED_AT = 5  # own lines: what stands further down is a signature
_UNCHANGED = re.compile(
    r"(?:(?:登録|名簿)?(?:内容)?(?:に|の|は|、)*)?(?:変更|異動|相違|訂正|間違い)(?:は|も|点は)?"
    r"(?:特に)?(?:なし|無し|ない|ありません|ございません)(?:です)?"
)


@dataclass(frozen=True)
class RollCall:
    """One roll-call."""

    key: str  # the day on which it opens, 2027-04-05
    opens: datetime
    closes: datetime


def reminders(call: RollCall, holiday: Holiday) -> tuple[datetime, ...]:
    """Return when those who have not answered are reminded, between opening and close; times as the zone of `closes`."""
    zone = call.closes.tzinfo
    assert zone is not None, "times are aware"
    day = call.closes.date()
    planned = (moment_before(day, days, _AT, holiday, zone) for days in REMIND_BEFORE)
    return tuple(at for at in planned if call.opens < at < call.closes)


def named_in(lines: Sequence[str], today: date) -> HandOver | ChangeAddress | NotUnderstood | None:
    """Return the successor or the new address that one of a reply's own first lines names, or why it names none."""
    for line in lines[:_LOOKED_AT]:
        command = read_command(line, frozenset(), today=today)
        if isinstance(command, (HandOver, ChangeAddress)):
            return command
        if isinstance(command, NotUnderstood) and command.kind in {"successor", "address"}:
            return command
    return None


def says_unchanged(lines: Sequence[str]) -> bool:
    """Tell whether one of the first lines says in other words than はい that all is as it was: 変更ありません."""
    return any(_UNCHANGED.fullmatch(line_key(line).rstrip("。.! ")) for line in lines[:_LOOKED_AT])
