"""The whole service as its own mail exchanger: who wrote a post is looked at in the DNS, and what leaves is sealed and signed."""

from __future__ import annotations

import json
import smtplib
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import dkim
import pytest
from cryptography.hazmat.primitives import serialization

from mailbot.folder.dkim_keys import make_key
from mailbot.folder.secret_files import write_secret_key
from tests.dialogs.conversation import environment, run
from tests.forked import Forked
from tests.net.dns_server import dns_server
from tests.ports import free_port

Found = TypeVar("Found")

_MEMBERS = """code,body,kind,prefecture,population,name,role,email,rank,tags
202011,長野市,city,長野県,370000,山田太郎,課長,yamada@city.example.jp,1,
202029,松本市,city,長野県,240000,佐藤花子,課長,sato@town.example.jp,1,
"""
_POST = b"""From: yamada@city.example.jp\r
To: room@ml.example.jp\r
Subject: minutes\r
Message-ID: <%s@city.example.jp>\r
Date: Sun, 22 Nov 2026 10:00:00 +0900\r
\r
hello\r
"""
_CONFIG = """domain: ml.example.jp
office: office@example.jp
receive: {smtp: 127.0.0.1:%d}
web: 127.0.0.1:%d
authenticate: {by: check, mta: [192.0.2.1], resolver: "127.0.0.1:%d"}
dkim: {selector: m, arc: true}
"""


def _run(folder: Path, *words: str) -> str:
    status, output = run(words, folder)
    assert status == 0, output
    return output


def _wait_for(look: Callable[[], Found]) -> Found:
    for _ in range(600):
        if found := look():
            return found
        time.sleep(0.1)
    return look()


def _strings(record: str) -> list[str]:
    return [f'"{record[:200]}" "{record[200:]}"']


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a list and a key."""
    site = tmp_path / "site"
    (site / "config" / "lists").mkdir(parents=True)
    (site / "data").mkdir()
    write_secret_key(site, b"k" * 32)
    (site / "members.csv").write_text(_MEMBERS, encoding="utf-8")
    (site / "config" / "lists" / "room.yaml").write_text(
        "name: room\ntitle: 会議室\npreset: closed\nmembers: all\n", encoding="utf-8"
    )
    return site


def test_the_service_looks_at_who_sent_a_mail(folder: Path, tmp_path: Path) -> None:
    """A signed post goes out sealed and signed, a forged one is held, and both can be looked up; the DNS is real."""
    ours = make_key(folder / "data" / "dkim" / "m.key", "rsa")
    theirs = make_key(tmp_path / "city.key", "rsa")
    zone = {
        ("_dmarc.city.example.jp", "TXT"): ['"v=DMARC1; p=reject"'],
        ("city.example.jp", "TXT"): ['"v=spf1 -all"'],
        ("c._domainkey.city.example.jp", "TXT"): _strings(theirs.record),
        ("m._domainkey.ml.example.jp", "TXT"): _strings(ours.record),
    }
    pem = serialization.load_pem_private_key((tmp_path / "city.key").read_bytes(), None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    port, web = free_port(), free_port()
    with dns_server(zone) as (_, resolver):
        (folder / "config" / "mailbot.yaml").write_text(_CONFIG % (port, web, resolver), encoding="utf-8")
        _run(folder, "members", "import", str(folder / "members.csv"))
        _run(folder, "apply")
        good = dkim.sign(_POST % b"good", b"c", b"city.example.jp", pem) + _POST % b"good"
        forged = (
            b"Authentication-Results: ml.example.jp; dmarc=pass header.from=city.example.jp\r\n"
            + _POST % b"bad"
        )
        with _serving(folder, port) as session:
            for raw in (good, forged):
                session.sendmail("eve@evil.test", ["room@ml.example.jp"], raw)
            copies = _wait_for(lambda: _copies(folder, b"minutes", 2))
            (held,) = _wait_for(lambda: json.loads(_run(folder, "held", "list", "--json")))
            session.quit()
            ready = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{web}/readyz", timeout=10).read())
        why = json.loads(_run(folder, "queue", "--why", str(held["id"]), "--json"))
        (tmp_path / "good.eml").write_bytes(good)
        rehearse = ("rehearse", str(tmp_path / "good.eml"), "--to", "room@ml.example.jp", "--json")
        known = json.loads(_run(folder, *rehearse, "--client", "203.0.113.9"))
    assert "dmarc=fail" in why["authentication"]
    assert "DMARC" in held["reason"]
    assert "dmarc=pass policy.published-domain-policy=reject" in known["authentication"]
    assert (ready["senders_waiting"], ready["senders"]["pass"], ready["senders"]["fail"]) == (0, 1, 1)
    records = {
        f"{name}.": values[0].replace('" "', "").strip('"').encode() for (name, _), values in zone.items()
    }

    def dns(name: bytes, timeout: int = 5) -> bytes:
        return records.get(name.decode(), b"")

    assert len(copies) == 2
    for copy in copies:
        assert dkim.verify(copy, dnsfunc=dns)
        assert dkim.arc_verify(copy, dnsfunc=dns)[0] == b"pass"
        assert b"header.d=city.example.jp" in copy


def _copies(folder: Path, words: bytes, count: int) -> list[bytes]:
    found = [path.read_bytes() for path in (folder / "data" / "outgoing" / "new").glob("*")]
    copies = [
        one.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for one in found
        if b"List-Id" in one and words in one
    ]
    return copies if len(copies) >= count else []


@contextmanager
def _serving(folder: Path, port: int) -> Iterator[smtplib.SMTP]:
    """Run the service, which must end well; yields a session with its door."""
    service = Forked(["serve"], environment(folder), folder / "serve.log")

    def connect() -> smtplib.SMTP | None:
        assert service.poll() is None
        try:
            return smtplib.SMTP("127.0.0.1", port, local_hostname="mail.evil.test", timeout=30)
        except OSError:
            return None

    try:
        session = _wait_for(connect)
        assert session is not None
        yield session
    finally:
        service.terminate()
        status = service.wait(60)
    assert status == 0, (folder / "serve.log").read_text(encoding="utf-8")
