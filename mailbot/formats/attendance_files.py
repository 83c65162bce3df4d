"""Who comes to an event, as files for its reception: CSV, .xlsx, and name badges as a page for print on A4."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from mailbot.core.events.attendance import Attendee, guests
from mailbot.core.events.event import Event, time_words
from mailbot.core.mail.header import clean
from mailbot.formats.report_files import Line, table_csv, table_xlsx

_HEAD: Line = ("番号", "団体コード", "団体名", "都道府県", "氏名", "区分", "備考", "当日")
_WIDTHS = (6, 11, 18, 10, 20, 10, 36, 8)
_STATUS = {"attending": "出席", "waiting": "空き待ち", "joined": "当日参加"}
_ON_A_SHEET = 10  # badges, two by five


def attendance_csv(attendees: Sequence[Attendee]) -> str:
    """Return the list as CSV, a line for each person; no cell is a formula."""
    return table_csv((_HEAD, *_lines(attendees)))


def attendance_xlsx(event: Event, attendees: Sequence[Attendee]) -> bytes:
    """Return the list as a workbook that prints on A4, a line for each person; no cell is a formula."""
    return table_xlsx(f"{event.key} 出席者", (_HEAD, *_lines(attendees)), _WIDTHS)


def badge_page(templates: Path, event: Event, attendees: Sequence[Attendee]) -> str:
    """Return a page of name badges of 91 by 55 mm, ten on a sheet of A4, for everybody who has a seat.

    No script, nothing from elsewhere, all escaped; a badge without a name has a line to write on.
    """
    pages = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates / "report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    style = pages.get_template("badges.css").render().strip()
    seated = [one for one in attendees if one.status == "attending"]
    badges = [
        {
            "body": clean(guest.attendee.body),
            "prefecture": clean(guest.attendee.prefecture),
            "name": clean(guest.name),
        }
        for guest in guests(seated)
    ]
    return pages.get_template(
        "badges.html"
    ).render(
        title=clean(event.title),
        when=time_words(event),
        style=Markup(style),  # noqa: S704  our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        sheets=[badges[at : at + _ON_A_SHEET] for at in range(0, len(badges), _ON_A_SHEET)],
    )


def _lines(attendees: Sequence[Attendee]) -> Iterator[Line]:
    shown: set[str] = set()
    for guest in guests(attendees):
        one = guest.attendee
        first = one.code not in shown
        shown.add(one.code)
        came = ""
        if first and one.came is not None:
            came = f"{one.came}名" if one.came else "欠席"
        remark = one.remark if first else ""
        yield (
            guest.number,
            one.code,
            one.body,
            one.prefecture,
            guest.name,
            _STATUS[one.status],
            remark,
            came,
        )
