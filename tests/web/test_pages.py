"""The pages over a real socket: what a browser, a mail program, a gateway and an attacker get."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request

from mailbot.core.mail.token import leave_token
from mailbot.core.transfer.envelope import Envelope, StorageUnavailable
from mailbot.resources import templates_folder
from mailbot.store import vitals
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.sending import leases
from mailbot.web import guard, listener, members_corner
from mailbot.web.health import Health
from mailbot.web.listener import Listener, listen
from mailbot.web.pages import application
from mailbot.web.paper import Corner
from tests.databases import sqlite
from tests.flows.post_office import NEWS, TAKAHASHI, TANAKA, YAMADA, PostOffice, open_post_office

__all__ = ["sqlite"]
ONE_CLICK = b"List-Unsubscribe=One-Click"


@dataclass
class Answer:
    """An answer as it stood on the wire."""

    status: int
    headers: dict[str, str]
    body: str


class Site:
    """A running listener and the office behind it."""

    def __init__(self, office: PostOffice, door: Listener) -> None:
        self.office = office
        self.door = door
        self.woken = 0
        self.tick: datetime | None = None

    async def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        kind: str = "application/x-www-form-urlencoded",
    ) -> Answer:
        """Ask as a client does that says all that HTTP needs."""
        head = f"{method} {path} HTTP/1.1\r\nHost: ml.example.jp\r\n"
        if body:
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        return read(await self.say(head.encode() + b"\r\n" + body))

    async def say(self, data: bytes) -> bytes:
        """Say these bytes and hear everything until the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.door.port)
        try:
            writer.write(data)
            heard = b""
            with contextlib.suppress(ConnectionError):  # it hangs up on who goes on talking
                while piece := await asyncio.wait_for(reader.read(65_536), 10):
                    heard += piece
            return heard
        finally:
            writer.close()

    def link(self, address: str, name: str = "kaigi") -> str:
        """Let a post go out, and return the path in this member's copy."""
        self.office.post(YAMADA, to=f"{name}@ml.example.jp")
        (copy,) = [copy for copy in self.office.copies("post") if copy.to == address]
        path = f"/u/{leave_token(self.office.site.key, name, copy.id)}"
        assert f"<https://ml.example.jp{path}>" in copy["List-Unsubscribe"]
        return path

    def is_member(self, address: str, name: str = "kaigi") -> bool:
        """Tell whether an address gets the list's posts."""
        with self.office.database.read() as connection:
            return lists.is_member(connection, name, address)


def read(raw: bytes) -> Answer:
    """Read an answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(first.split()[1]), headers, body.decode())


@contextlib.asynccontextmanager
async def running_site(office: PostOffice) -> AsyncIterator[Site]:
    """Run the pages of an installation with a public address."""
    office.site = replace(office.site, web_url="https://ml.example.jp")
    running: list[Site] = []

    def wake() -> None:
        running[0].woken += 1

    corner = Corner(
        office.database, office.site, lambda: office.now, wake, lambda: running[0].tick, templates_folder()
    )
    door = await listen("127.0.0.1", 0, application(corner))
    running.append(Site(office, door))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members_corner, "_ASKED_SECONDS", 0.0)  # nobody measures
        yield running[0]
    await door.drain(1)


@pytest.fixture
async def site(sqlite: Any) -> AsyncIterator[Site]:
    """The pages of an installation with a public address."""
    async with running_site(open_post_office(sqlite)) as running:
        yield running


async def test_get_shows_a_button_and_changes_nothing(site: Site) -> None:
    """A browser sees what the link is about, in Japanese and English; GET, HEAD and prefetch remove nobody."""
    path = site.link(TANAKA)
    answer = await site.ask(path)
    assert answer.status == 200
    assert "電子会議室" in answer.body
    assert "退会する / Unsubscribe" in answer.body
    assert "ta…@city.ueda.lg.jp" in answer.body
    assert TANAKA not in answer.body
    head = await site.ask(path, "HEAD")
    assert (head.status, head.body) == (200, "")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await site.ask(path, method)).status == 405
    await site.ask(f"{path}?List-Unsubscribe=One-Click")
    assert site.is_member(TANAKA)
    assert site.woken == 0


async def test_one_click(site: Site) -> None:
    """RFC 8058: the POST alone, without cookie or redirect, does it; again, it is answered well and does nothing."""
    path = site.link(TANAKA)
    answer = await site.ask(path, "POST", ONE_CLICK)
    assert answer.status == 200
    assert "確認のメールをお送りしました" in answer.body
    assert not site.is_member(TANAKA)
    assert [copy.to for copy in site.office.copies("member_answer")] == [TANAKA]
    assert site.woken == 1
    again = await site.ask(path, "POST", ONE_CLICK)
    assert again.status == 200
    assert "今後お届けいたしません" in again.body
    assert site.office.copies("member_answer") == []
    assert "今後お届けいたしません" in (await site.ask(path)).body


async def test_one_click_as_multipart(site: Site) -> None:
    """The other encoding of RFC 8058."""
    body = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    answer = await site.ask(site.link(TANAKA), "POST", body, "multipart/form-data; boundary=b")
    assert answer.status == 200
    assert not site.is_member(TANAKA)


@pytest.mark.parametrize(
    "body", [b"", b"List-Unsubscribe=Yes", b"rest=15", b"rest=14&x=1", b"{}", b"\xff\x00"]
)
async def test_any_other_post_does_nothing(site: Site, body: bytes) -> None:
    """And says what to do."""
    answer = await site.ask(site.link(TANAKA), "POST", body)
    assert answer.status == 400
    assert "お手続きは行っておりません" in answer.body
    assert site.is_member(TANAKA)


async def test_a_list_of_duty_offers_rest(site: Site) -> None:
    """No button to leave, no one-click; a time without mail, after which it comes again by itself."""
    path = site.link(TAKAHASHI, "news")
    page = await site.ask(path)
    assert "退会はできません" in page.body
    assert "Unsubscribe”" not in page.body
    assert "One-Click" not in page.body
    refused = await site.ask(path, "POST", ONE_CLICK)
    assert refused.status == 403
    assert site.is_member(TAKAHASHI, "news")
    answer = await site.ask(path, "POST", b"rest=30")
    assert answer.status == 200
    assert "30日間お止めします" in answer.body
    assert [copy.to for copy in site.office.copies("member_answer")] == [TAKAHASHI]


@pytest.mark.parametrize("path", ["/u/x", "/u/" + "0" * 20, "/u/%00", "/u/../u/x", "/s"])
async def test_what_is_not_there(site: Site, path: str) -> None:
    """One page for all of it, which tells nothing of what exists."""
    for method in ("GET", "POST"):
        body = ONE_CLICK if method == "POST" else b""
        answer = await site.ask(path, method, body)
        assert answer.status in ({404} if method == "GET" else {404, 405})
        assert "jimukyoku" not in answer.body


async def test_titles_are_no_markup(site: Site) -> None:
    """What the office wrote as a title is text on the page."""
    site.office.apply(replace(NEWS, title="<script>alert(1)</script>"))
    answer = await site.ask(site.link(TAKAHASHI, "news"))
    assert "<script>" not in answer.body
    assert "&lt;script&gt;" in answer.body


async def test_every_answer_has_the_security_headers(site: Site) -> None:
    """Nothing is loaded, framed, kept or remembered, and no cookie is set, on pages and faults alike."""
    for path in (site.link(TANAKA), "/u/x", "/healthz", "/readyz", "/metrics"):
        headers = (await site.ask(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["connection"] == "close"
        assert not {"set-cookie", "server", "location"} & set(headers)


async def test_a_large_body_is_refused(site: Site) -> None:
    """Stated or not, 8 KiB are enough for a form."""
    path = site.link(TANAKA)
    assert (await site.ask(path, "POST", b"x" * 9_000)).status == 413
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert read(await site.say(head + chunk * 3)).status == 413
    assert read(await site.say(b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 200_000)).status in {400, 431}


async def test_slow_clients_are_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that does not end closes the connection, a body that does not come is answered 408."""
    monkeypatch.setattr(listener, "_HEAD_SECONDS", 0.2)
    monkeypatch.setattr(guard, "_SECONDS", 0.2)
    assert await site.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n") == b""
    assert await site.say(b"") == b""
    head = f"POST {site.link(TANAKA)} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-".encode()
    assert read(await site.say(head)).status == 408
    assert site.is_member(TANAKA)


async def test_many_clients(site: Site) -> None:
    """A hundred at once are answered or told to come later; afterwards all is well."""
    answers = await asyncio.gather(*(site.ask("/healthz") for _ in range(150)))
    assert {answer.status for answer in answers} <= {200, 503}
    assert (await site.ask("/healthz")).status == 200


async def test_health(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alive is the process alone; ready asks for the database, the schedule and the outbox, and says what is wrong."""
    assert (await site.ask("/healthz")).body == "ok\n"
    ready = await site.ask("/readyz")
    assert (ready.status, json.loads(ready.body)) == (
        200,
        {"ready": True, "database": "ok", "outbox_overdue_s": 0, "faults": []},
    )
    site.tick = site.office.now
    site.link(TANAKA)
    site.office.pass_time(timedelta(minutes=11))
    late = await site.ask("/readyz")
    assert late.status == 503
    assert json.loads(late.body)["faults"] == [
        "mail is due and does not leave",
        "the schedule is not looked at",
    ]

    def away(*_: object) -> timedelta:
        raise StorageUnavailable("gone")

    monkeypatch.setattr(leases, "overdue", away)
    gone = await site.ask("/readyz")
    assert (gone.status, json.loads(gone.body)["database"]) == (503, "away")
    assert (await site.ask("/healthz")).status == 200


async def test_metrics(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus reads what waits and for how long, and that the database is away."""

    async def figures() -> dict[str, float]:
        page = await site.ask("/metrics")
        assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
        read = (line.split(" ") for line in page.body.splitlines() if not line.startswith("#"))
        return {name.removeprefix("mailbot_"): float(value) for name, value in read}

    site.link(TANAKA)
    site.office.hand_in(site.office.mail("eve@evil.test", "kaigi@ml.example.jp"), "kaigi@ml.example.jp")
    site.tick = site.office.now
    site.office.pass_time(timedelta(minutes=11))
    now = await figures()
    assert (now["up"], now["inbox_held"], now["inbox_unread"]) == (1, 1, 0)
    assert now["outbox_overdue_seconds"] == now["schedule_looked_at_seconds"] == 660
    monkeypatch.setattr(vitals, "backlog", lambda *_: (_ for _ in ()).throw(StorageUnavailable("gone")))
    assert (await figures())["up"] == 0


async def test_health_of_the_looks_at_senders(site: Site) -> None:
    """Where senders are looked at, ready counts what came of it, and minds when it does not go on."""
    health = Health(site.office.database, lambda: site.office.now, lambda: None, {"pass": 3})

    async def ready() -> tuple[int, dict[str, Any]]:
        answer = await health.ready(Request({"type": "http"}))
        return answer.status_code, json.loads(bytes(answer.body))

    with site.office.database.write() as connection:
        envelope = Envelope(TANAKA, ("kaigi@ml.example.jp",), "203.0.113.5", "smtp")
        inbox.add(connection, [(b"x", envelope)], lambda: site.office.now, check=True)
    status, figures = await ready()
    assert (status, figures["senders_waiting"], figures["senders"]) == (200, 1, {"pass": 3})
    site.office.pass_time(timedelta(minutes=11))
    status, figures = await ready()
    assert (status, figures["faults"]) == (503, ["senders are not looked at, so their mail is not read"])


async def test_while_the_database_is_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A button says "later" and nothing is lost; our own fault shows no traceback."""
    path = site.link(TANAKA)
    with monkeypatch.context() as patched:
        patched.setattr(
            site.office.database, "write", lambda: (_ for _ in ()).throw(StorageUnavailable("gone"))
        )
        assert (await site.ask(path, "POST", ONE_CLICK)).status == 503
        patched.setattr(site.office.database, "write", lambda: 1 / 0)
        broken = await site.ask(path, "POST", ONE_CLICK)
        assert broken.status == 500
        assert "ZeroDivisionError" not in broken.body
        assert broken.headers["cache-control"] == "no-store"
    assert (await site.ask(path, "POST", ONE_CLICK)).status == 200


async def test_drain_lets_a_request_end(site: Site) -> None:
    """SIGTERM closes the door, not the request under way."""
    path = site.link(TANAKA)
    asking = asyncio.create_task(site.ask(path, "POST", ONE_CLICK))
    while site.is_member(TANAKA):  # noqa: ASYNC110  the database tells nobody
        await asyncio.sleep(0.001)
    await site.door.drain(5)
    assert (await asking).status == 200
    with pytest.raises(OSError):
        await site.ask("/healthz")
