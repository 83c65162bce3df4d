"""Our calendar entries in other people's programs: two libraries that are not the one that writes them, and a server."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import time as clock
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import ics
import pytest
import vobject

from mailbot.core.events.calendar_reply import uid_key_and_token
from mailbot.core.events.event import Event
from mailbot.core.mail.mailing import fill, folded_mailbox, template
from mailbot.core.mail.token import calendar_token
from mailbot.core.members.audience import Selector
from mailbot.formats.ics import event_ics
from tests.ports import free_port

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 6, 18, 10, 0, tzinfo=TOKYO)
DOMAIN = "kaitou.example.jp"
KEY = b"k" * 32
SEMINAR = Event(
    key="N26-07",
    title="第1回トピックスセミナー；標準化, これから\\先へ",
    date=date(2026, 10, 22),
    starts=time(10),
    ends=time(15),
    place="有明・東京ビッグサイト　会議棟６階　レセプションホール、東京都江東区有明三丁目十一番一号",
    audience=Selector(everyone=True),
    notices=(),
    programme="基調講演　自治体情報システムの標準化とこれから\n事例報告；会員団体の取組から, 意見交換",
    contact="全国協議会 事務局\njimukyoku@example.jp",
)
EVENTS = {
    "fixed": SEMINAR,
    "undecided": replace(SEMINAR, starts=None, ends=None),
    "cancelled": replace(SEMINAR, cancelled="台風のため"),
    "invitation": replace(SEMINAR, calendar="request"),
    "invitation, undecided": replace(SEMINAR, starts=None, ends=None, calendar="request"),
    "invitation, cancelled": replace(SEMINAR, cancelled="", calendar="request"),
    "bare": replace(SEMINAR, programme="", contact="", place=""),
}
every_event = pytest.mark.parametrize("name", EVENTS)


def entry(name: str, sequence: int = 0, address: str = "yamada@city.nagano.lg.jp") -> str:
    """Return the calendar file of an event as one recipient gets it."""
    cooked = event_ics(
        EVENTS[name],
        sequence=sequence,
        stamp=NOW,
        zone=TOKYO,
        organizer="jimukyoku@example.jp",
        organizer_name="全国協議会 事務局",
        domain=DOMAIN,
    )
    values = {
        "calendar": calendar_token(KEY, 70_001).encode(),
        "token": b"0123456789abcdef",
        "partstat": b"NEEDS-ACTION",
        "mailbox": folded_mailbox(address),
    }
    filled = fill(template(cooked), values)
    assert all(len(line) <= 75 for line in filled.split(b"\r\n"))
    return filled.decode()


def moments(name: str) -> tuple[date, date]:
    """Return when the event begins and ends: days while its time is undecided."""
    event = EVENTS[name]
    if event.starts is None or event.ends is None:
        return event.date, date(2026, 10, 23)
    return datetime.combine(event.date, event.starts, TOKYO), datetime.combine(event.date, event.ends, TOKYO)


@every_event
def test_vobject_reads_it(name: str) -> None:
    """The library of many Python calendars reads every value as it was meant."""
    calendar: Any = vobject.readOne(entry(name))
    event, own = EVENTS[name], calendar.vevent
    assert (own.dtstart.value, own.dtend.value) == moments(name)
    assert own.summary.value == ("" if event.starts else "【時間未定】") + event.title
    assert getattr(getattr(own, "location", None), "value", "") == event.place
    if event.programme:
        assert own.description.value == f"{event.programme}\n{event.contact}"
    if event.calendar == "request":
        assert uid_key_and_token(own.uid.value, DOMAIN) == ("n26-07", calendar_token(KEY, 70_001))
        assert own.attendee.value == "mailto:yamada@city.nagano.lg.jp"
        assert own.organizer.value == f"mailto:0123456789abcdef@{DOMAIN}"
    else:
        assert own.uid.value == f"n26-07@{DOMAIN}"
    method = (
        "CANCEL" if event.cancelled is not None else "REQUEST" if event.calendar == "request" else "PUBLISH"
    )
    assert calendar.method.value == method


@every_event
def test_ics_reads_it(name: str) -> None:
    """Another library, with a grammar of its own."""
    (own,) = ics.Calendar(entry(name)).events
    event = EVENTS[name]
    begin, end = moments(name)
    assert own.name == ("" if event.starts else "【時間未定】") + event.title
    assert (own.location or "") == event.place
    assert own.all_day is (event.starts is None)
    if isinstance(begin, datetime):
        assert (own.begin.datetime, own.end.datetime) == (begin, end)
    else:
        assert own.begin.date() == begin
    assert own.status == (
        "CANCELLED" if event.cancelled is not None else "CONFIRMED" if event.starts else "TENTATIVE"
    )


@dataclass(frozen=True)
class CalDav:
    """A CalDAV server (RFC 4791)."""

    port: int

    def ask(self, method: str, path: str, body: str = "", **fields: str) -> tuple[int, str]:
        """Return status and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            head = {name.replace("_", "-"): value for name, value in fields.items()}
            connection.request(method, path, body.encode(), head)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def put(self, path: str, calendar: str) -> int:
        """Keep an entry as a calendar program does: without METHOD (RFC 4791 section 4.1)."""
        kept = re.sub(r"METHOD:[A-Z]+\r\n", "", calendar)
        return self.ask("PUT", path, kept, Content_Type="text/calendar; charset=utf-8")[0]

    def report(self, path: str, start: str, end: str) -> list[str]:
        """Return the entries of a span of time (REPORT calendar-query)."""
        query = (
            '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><C:calendar-data/>'
            '</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
            f'<C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter>'
            "</C:calendar-query>"
        )
        status, body = self.ask("REPORT", path, query, Content_Type="application/xml", Depth="1")
        assert status == 207
        return [
            found.text or ""
            for found in ET.fromstring(body).iter("{urn:ietf:params:xml:ns:caldav}calendar-data")
        ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDav]:
    """Radicale, as a process of its own."""
    folder: Path = tmp_path_factory.mktemp("radicale")
    port = free_port()
    config = folder / "config"
    config.write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = none\n[storage]\nfilesystem_folder = {folder}/kept\n"
        "[rights]\ntype = authenticated\n[logging]\nlevel = warning\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", str(config)], stdout=log, stderr=log
        )
        try:
            _await(port, process)
            yield CalDav(port)
        finally:
            process.terminate()
            process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the server ended"
        clock.sleep(0.1)
    raise AssertionError("the server does not answer")


@pytest.fixture
def folder(server: CalDav, request: pytest.FixtureRequest) -> str:
    """A calendar on the server, for this test."""
    name = re.sub("[^a-z]", "-", request.node.name.lower())
    path = f"/someone/{name}/"
    body = (
        '<C:mkcalendar xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:set><D:prop>'
        "<D:displayname>x</D:displayname></D:prop></D:set></C:mkcalendar>"
    )
    login = {"Authorization": "Basic c29tZW9uZTo="}
    status, _ = server.ask("MKCALENDAR", path, body, **login)
    assert status == 201
    return path


@every_event
def test_a_caldav_server_keeps_it(server: CalDav, folder: str, name: str) -> None:
    """Radicale takes every entry of ours and finds it on its day, and on no other."""
    assert server.put(f"{folder}n26-07.ics", entry(name)) == 201
    (kept,) = server.report(folder, "20261021T150000Z", "20261022T150000Z")
    back: Any = vobject.readOne(kept)
    assert (back.vevent.dtstart.value, back.vevent.dtend.value) == moments(name)
    assert EVENTS[name].title in back.vevent.summary.value
    assert server.report(folder, "20261023T150000Z", "20261024T150000Z") == []


def test_a_change_takes_the_place_of_the_entry(server: CalDav, folder: str) -> None:
    """Undecided, decided, cancelled: one UID, one entry, a rising SEQUENCE."""
    for sequence, name in enumerate(("invitation, undecided", "invitation", "invitation, cancelled")):
        assert server.put(f"{folder}n26-07.ics", entry(name, sequence)) in {201, 204}
        (kept,) = server.report(folder, "20261021T150000Z", "20261022T150000Z")
        assert f"SEQUENCE:{sequence}" in kept
    assert "STATUS:CANCELLED" in kept


def test_a_long_address_survives(server: CalDav, folder: str) -> None:
    """An address that takes several lines comes back whole."""
    address = "kikaku." + "x" * 57 + "@" + "sub." * 30 + "city.nagano.lg.jp"
    assert server.put(f"{folder}n26-07.ics", entry("invitation", address=address)) == 201
    (kept,) = server.report(folder, "20261021T150000Z", "20261022T150000Z")
    back: Any = vobject.readOne(kept)
    assert back.vevent.attendee.value == f"mailto:{address}"
    assert back.vevent.dtstamp.value == NOW.astimezone(UTC)
