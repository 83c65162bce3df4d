"""`mailbot doctor`: what is well is said, what is not is said with what to do; on a real DNS, relay, mailbox, databases."""

from __future__ import annotations

import errno
import json
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import Selector
from mailbot.demo.demo_sink import Sink
from mailbot.doctor.checkup_dns import domain_findings
from mailbot.folder.config import load_config
from mailbot.folder.dkim_keys import make_key, public_key
from mailbot.folder.new_folder import make_folder
from mailbot.installation import make_site, open_database
from mailbot.net.dns_client import DnsClient
from mailbot.store.database import Database
from mailbot.store.lists import lists
from mailbot.store.tables import delivery, inbox, mail, mailing, microseconds, survey
from tests.databases import postgres
from tests.databases import postgresql as postgresql  # noqa: PLC0414  a fixture
from tests.databases import postgresql_url as postgresql_url  # noqa: PLC0414  a fixture
from tests.dialogs.conversation import run
from tests.net import dovecot
from tests.net.dns_server import Zone, dns_server
from tests.ports import free_port
from tests.store.postgresql import server

SINK = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")

_CONFIG = """\
domain: ml.example.jp
reply_domain: kaitou.example.jp
office: jimukyoku@example.jp
"""

GOOD: dict[tuple[str, str], list[str]] = {
    ("ml.example.jp", "MX"): ["10 mail.example.jp."],
    ("ml.example.jp", "TXT"): ['"v=spf1 mx ~all"', '"some-other-proof=1"'],
    ("kaitou.example.jp", "MX"): ["10 mail.example.jp."],
    ("kaitou.example.jp", "TXT"): ['"v=spf1 include:ml.example.jp -all"'],
    ("mail.example.jp", "A"): ["203.0.113.5"],
    ("5.113.0.203.in-addr.arpa", "PTR"): ["mail.example.jp."],
    ("_dmarc.example.jp", "TXT"): ['"v=DMARC1; p=none; sp=reject"'],
}


def site(folder: Path, more: str = "") -> Path:
    """Make a working folder with this much more in its configuration."""
    target = folder / "site"
    if not target.exists():
        make_folder(target, bytes(range(32)))
        shutil.rmtree(target / "config")
        (target / "config").mkdir()
        (target / "data").chmod(0o700)
    (target / "config" / "mailbot.yaml").write_text(_CONFIG + more, encoding="utf-8")
    return target


def doctor(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command; returns its exit status and what it found."""
    status, output = run(["doctor", "--json", *options], folder)
    return status, json.loads(output)


def state(found: dict[str, Any], area: str, what: str) -> tuple[str, str]:
    """Return the state and the sentence of what was found about one thing, the worst where there are several."""
    of_it = [
        (one["state"], one["sentence"])
        for one in found["findings"]
        if one["area"] == area and what in one["what"]
    ]
    assert of_it, [(one["area"], one["what"]) for one in found["findings"]]
    return min(of_it, key=lambda one: ("fault", "warning", "skipped", "ok").index(one[0]))


def opened(folder: Path) -> Database:
    """Open the database of a working folder; its tables are made."""
    return open_database(load_config(folder / "config" / "mailbot.yaml"))


@contextmanager
def smtp_sink(*options: str) -> Iterator[int]:
    """Run Postfix's own sink, with extensions of SMTP switched off; yields its port."""
    assert SINK is not None
    port = free_port()
    with subprocess.Popen([SINK, *options, "-u", "nobody", f"127.0.0.1:{port}", "10"]) as process:
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield port
        finally:
            process.kill()


def test_a_sound_installation(tmp_path: Path) -> None:
    """With everything published and running nothing is a fault, and the exit status is 0."""
    with Sink() as sink:
        folder = site(tmp_path, f"relay: smtp://127.0.0.1:{sink.port}\nreceive: {{lmtp: 127.0.0.1:0}}\n")
        key = make_key(folder / "data" / "dkim" / "2026a.key", "rsa")
        with (folder / "config" / "mailbot.yaml").open("a", encoding="utf-8") as file:
            file.write("dkim: {selector: 2026a}\n")
        opened(folder).close()
        strings = f'"{key.record[:255]}" "{key.record[255:]}"'
        with dns_server(GOOD | {("2026a._domainkey.ml.example.jp", "TXT"): [strings]}) as (host, port):
            status, found = doctor(folder, "--nameserver", f"{host}:{port}")
    assert [one for one in found["findings"] if one["state"] == "fault"] == []
    assert (status, found["faults"]) == (0, 0)
    for area, what in (
        ("configuration", "mailbot.yaml"),
        ("files", "secret.key"),
        ("files", "2026a.key"),
        ("database", "mailbot.db"),
        ("database", "integrity"),
        ("database", "durability"),
        ("relay", "smtp://"),
        ("dns", "MX of ml.example.jp"),
        ("dns", "SPF of ml.example.jp"),
        ("dns", "SPF of kaitou.example.jp"),
        ("dns", "DKIM 2026a._domainkey"),
        ("dns", "DMARC of ml.example.jp"),
        ("dns", "PTR of 203.0.113.5"),
        ("queue", "inbox"),
        ("queue", "outbox"),
        ("disk", "room"),
        ("versions", "sqlite"),
    ):
        assert state(found, area, what)[0] == "ok", (area, what)
    assert {record["publication"] for record in found["records"]} == {"published"}


def test_the_resolver_on_which_the_reading_of_mail_waits(tmp_path: Path) -> None:
    """Where senders are looked at, their DNS server is asked, and that it is silent is a fault."""
    with dns_server({}) as (host, port):
        folder = site(tmp_path, f"authenticate: {{by: check, resolver: '{host}:{port}'}}\n")
        _, found = doctor(folder, "--nameserver", f"{host}:{port}")
        assert state(found, "dns", "resolver") == ("ok", "answers; senders are looked at with it")
    with dns_server({}, silent=True) as (host, port), dns_server({}) as (other, answering):
        folder = site(tmp_path, f"authenticate: {{by: check, resolver: '{host}:{port}'}}\n")
        _, found = doctor(folder, "--nameserver", f"{other}:{answering}")
        assert state(found, "dns", "resolver")[0] == "fault"


def test_the_records_to_publish(tmp_path: Path) -> None:
    """Each record stands there as a zone file takes it, with our own values, the key in strings of at most 255 octets."""
    folder = site(tmp_path, "relay: [smtps://mta.provider.example, smtp://198.51.100.7]\n")
    key = make_key(folder / "data" / "dkim" / "2026a.key", "rsa")
    zone: Zone = {
        ("provider.example", "TXT"): ['"v=spf1 ip4:198.51.100.0/24 -all"'],
        ("mta.provider.example", "A"): ["198.51.100.7"],
    }
    with dns_server(zone) as nameserver:
        findings, records = domain_findings(
            load_config(folder / "config" / "mailbot.yaml"), DnsClient(nameserver=nameserver)
        )
    assert [record.zone_line for record in records] == [
        "ml.example.jp. IN MX 10 mta.provider.example.",
        'ml.example.jp. IN TXT "v=spf1 include:provider.example ip4:198.51.100.7 ~all"',
        '_dmarc.ml.example.jp. IN TXT "v=DMARC1; p=none"',
        "kaitou.example.jp. IN MX 10 mta.provider.example.",
        'kaitou.example.jp. IN TXT "v=spf1 include:provider.example ip4:198.51.100.7 ~all"',
        '_dmarc.kaitou.example.jp. IN TXT "v=DMARC1; p=none"',
        f'2026a._domainkey.ml.example.jp. IN TXT ( "{key.record[:255]}" "{key.record[255:]}" )',
    ]
    assert {record.publication for record in records} == {"missing"}
    assert {finding.what for finding in findings if finding.state == "fault"} == {
        f"{kind} of {domain}" for kind in ("MX", "SPF") for domain in ("ml.example.jp", "kaitou.example.jp")
    }


@pytest.mark.parametrize(
    ("changed", "what", "words"),
    [
        ({("ml.example.jp", "MX"): ["0 ."]}, "MX of ml.example.jp", "null MX"),
        ({("ml.example.jp", "MX"): ["5 nowhere.example.jp."]}, "MX of ml.example.jp", "has no address"),
        ({("mail.example.jp", "CNAME"): ["x.example.jp."]}, "MX of ml.example.jp", "is an alias"),
        (
            {("ml.example.jp", "TXT"): ['"v=spf1 ip4:192.0.2.1 -all"']},
            "SPF of ml.example.jp",
            "does not let 203.0.113.5 through (fail: -all)",
        ),
        (
            {("ml.example.jp", "TXT"): ['"v=spf1 mx -all"', '"v=spf1 a -all"']},
            "SPF of ml.example.jp",
            "leave one of them",
        ),
        ({("ml.example.jp", "TXT"): ['"v=spf1 +all"']}, "SPF of ml.example.jp", "the whole world"),
        (
            {("_dmarc.ml.example.jp", "TXT"): ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']},
            "DMARC of ml.example.jp",
            "2 DMARC records",
        ),
        ({("2026a._domainkey.ml.example.jp", "TXT"): ['"v=DKIM1; p="']}, "DKIM 2026a", "revoked"),
        (
            {("2026a._domainkey.ml.example.jp", "TXT"): ['"v=DKIM1; k=rsa; p=MIIBIjAN"']},
            "DKIM 2026a",
            "of another key",
        ),
        ({}, "DKIM 2026a", "the record is missing"),
    ],
)
def test_a_wrong_record_is_a_fault(
    tmp_path: Path, changed: dict[tuple[str, str], list[str]], what: str, words: str
) -> None:
    """What the DNS says wrongly is named with the record that it concerns; the exit status is 1."""
    folder = site(tmp_path, "relay: smtp://127.0.0.1:9\ndkim: {selector: 2026a}\n")
    make_key(folder / "data" / "dkim" / "2026a.key", "rsa")
    zone = {key: value for key, value in GOOD.items() if (key[0], "CNAME") not in changed} | changed
    with dns_server(zone) as (host, port):
        status, found = doctor(folder, "--nameserver", f"{host}:{port}")
    fault, sentence = state(found, "dns", what)
    assert (status, fault) == (1, "fault")
    assert words in sentence


def test_a_key_in_test_mode_and_a_lenient_policy_are_warnings(tmp_path: Path) -> None:
    """t=y and p=none hinder nothing and protect nothing."""
    folder = site(tmp_path, "dkim: {selector: 2026a}\n")
    make_key(folder / "data" / "dkim" / "2026a.key", "ed25519")
    public = public_key(folder / "data" / "dkim" / "2026a.key").value
    zone = GOOD | {
        ("2026a._domainkey.ml.example.jp", "TXT"): [f'"v=DKIM1; k=ed25519; t=y; p={public}"'],
        ("_dmarc.ml.example.jp", "TXT"): ['"v=DMARC1; p=none"'],
    }
    with dns_server(zone) as (host, port):
        _, found = doctor(folder, "--nameserver", f"{host}:{port}")
    assert state(found, "dns", "DKIM 2026a")[0] == "warning"
    assert state(found, "dns", "DMARC of ml.example.jp")[0] == "warning"
    wanted = next(one for one in found["records"] if one["name"] == "_dmarc.ml.example.jp")
    assert (wanted["value"], wanted["publication"]) == ("v=DMARC1; p=quarantine", "different")


@pytest.mark.parametrize(
    ("record", "state_wanted", "words"),
    [
        ("v=DMARC1; p=reject", "warning", "told to reject"),
        ("v=DMARC1; p=quarantine; t=y", "ok", "nothing is refused"),
        ("v=DMARC1; p=none", "ok", "nothing is refused"),
        (None, "ok", "nothing is refused"),
    ],
)
def test_an_office_whose_domain_is_another(
    tmp_path: Path, record: str | None, state_wanted: str, words: str
) -> None:
    """From of surveys and answers is the office's: where its domain refuses what only the lists' domain signs, that is said."""
    folder = site(tmp_path)
    config = folder / "config" / "mailbot.yaml"
    config.write_text(config.read_text().replace("jimukyoku@example.jp", "jimukyoku@town.lg.test"))
    zone = GOOD | ({} if record is None else {("_dmarc.town.lg.test", "TXT"): [f'"{record}"']})
    with dns_server(zone) as (host, port):
        _, found = doctor(folder, "--nameserver", f"{host}:{port}")
    assert (state(found, "dns", "the office's")[0], words in state(found, "dns", "the office's")[1]) == (
        state_wanted,
        True,
    )


def test_an_office_of_the_same_organisation(tmp_path: Path) -> None:
    """A signature by ml.example.jp speaks for example.jp, unless that asks for its own (adkim=s)."""
    for record, wanted in (("v=DMARC1; p=reject", "ok"), ("v=DMARC1; p=reject; adkim=s", "warning")):
        with dns_server(GOOD | {("_dmarc.example.jp", "TXT"): [f'"{record}"']}) as (host, port):
            _, found = doctor(site(tmp_path), "--nameserver", f"{host}:{port}")
        assert state(found, "dns", "the office's")[0] == wanted


def test_a_silent_dns_is_told_within_seconds(tmp_path: Path) -> None:
    """What was not answered is neither good nor bad; `--no-dns` asks nothing and still prints the records."""
    folder = site(tmp_path)
    began = time.monotonic()
    with dns_server({}, silent=True) as (host, port):
        _, found = doctor(folder, "--nameserver", f"{host}:{port}")
    assert time.monotonic() - began < 20
    assert state(found, "dns", "MX of ml.example.jp")[0] == "warning"
    assert {record["publication"] for record in found["records"]} == {"unknown"}
    _, found = doctor(folder, "--no-dns")
    assert state(found, "dns", "everything")[0] == "skipped"
    assert len(found["records"]) == 6


def test_a_relay_that_is_away_and_one_that_can_little(tmp_path: Path) -> None:
    """Each relay of the list is spoken to; what it lacks is a warning, that it is away a fault."""
    if SINK is None:
        pytest.skip("Postfix's smtp-sink is not installed (Debian: postfix)")
    with smtp_sink("-8", "-p") as port, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = closed.getsockname()[1]
        folder = site(tmp_path, f"relay: [smtp://127.0.0.1:{gone}, smtp://127.0.0.1:{port}]\n")
        status, found = doctor(folder, "--no-dns")
    assert status == 1
    assert state(found, "relay", f":{gone}")[0] == "fault"
    said = [one["sentence"] for one in found["findings"] if one["what"].endswith(f":{port}")]
    assert any("offers no PIPELINING" in sentence for sentence in said)
    assert any("offers no 8BITMIME" in sentence for sentence in said)


@pytest.mark.dovecot
@pytest.mark.skipif(bool(dovecot.UNAVAILABLE), reason=dovecot.UNAVAILABLE or "-")
def test_mailboxes_are_logged_in_to(tmp_path: Path) -> None:
    """The right password is ok, a wrong one a fault with the server's words, and neither is printed."""
    with dovecot.dovecot() as mailbox:
        for name, password in (("right", dovecot.PASSWORD), ("wrong", "himitsu")):
            (tmp_path / name).write_text(password + "\n")
            (tmp_path / name).chmod(0o600)
        account = f"host: 127.0.0.1, port: {mailbox.port}, tls: false"
        folder = site(
            tmp_path,
            f"receive: {{imap: [{{{account}, user: hana, password_file: {tmp_path / 'right'}}},"
            f" {{{account}, user: tsuki, password_file: {tmp_path / 'wrong'}}}]}}\n",
        )
        status, found = doctor(folder, "--no-dns")
    assert status == 1
    assert state(found, "imap", "hana@")[0] == "ok"
    fault, sentence = state(found, "imap", "tsuki@")
    assert fault == "fault"
    assert (
        "the login was refused: [AUTHENTICATIONFAILED] Authentication failed.; check user and password"
        in sentence
    )
    assert "himitsu" not in json.dumps(found)


def test_files_that_others_may_read(tmp_path: Path) -> None:
    """A readable key is a fault with the command that mends it; a readable data folder a warning."""
    folder = site(tmp_path)
    (folder / "data").chmod(0o755)
    (folder / "data" / "secret.key").chmod(0o644)
    status, found = doctor(folder, "--no-dns")
    assert status == 1
    assert "chmod 600" in state(found, "files", "secret.key")[1]
    assert state(found, "files", "site/data")[0] in {"warning", "fault"}


def test_what_this_user_may_not_read_or_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's files are faults with what to do, and so is what is no folder, or damaged; a traceback is neither."""
    folder = site(tmp_path)
    opened(folder).close()
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda path, mode: not str(path).endswith("mailbot.db"))
        _, found = doctor(folder, "--no-dns")
    assert [
        one["sentence"] for one in found["findings"] if one["area"] == "database" and one["state"] == "fault"
    ] == [
        "cannot be written by this user; give it to the service's user with `chown`: no mail is received without it"
    ]
    (folder / "data" / "restored.json").write_text("{", encoding="utf-8")
    _, found = doctor(folder, "--no-dns")
    kind, sentence = state(found, "backup", "restored")
    assert (kind, "is damaged; restore the backup into a new folder" in sentence) == ("fault", True)
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.exists", forbidden_below(folder / "data"))
        _, found = doctor(folder, "--no-dns")
    assert state(found, "database", "mailbot.db")[0] == "fault"
    shutil.rmtree(folder / "data")
    (folder / "data").write_text("", encoding="utf-8")
    _, found = doctor(folder, "--no-dns")
    assert any("is no folder; move it away" in one["sentence"] for one in found["findings"])


def forbidden_below(folder: Path) -> Callable[[Path], bool]:
    """Return what `Path.exists` does where this folder is another user's."""
    really = Path.exists

    def exists(path: Path) -> bool:
        if path != folder and path.is_relative_to(folder):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path)

    return exists


def test_mistakes_of_the_configuration(tmp_path: Path) -> None:
    """Each is a fault with its place, and what needs a configuration is left out."""
    folder = site(tmp_path, "timezone: Asia/Tokio\nrelay: smtp://\n")
    status, found = doctor(folder)
    faults = [one["sentence"] for one in found["findings"] if one["state"] == "fault"]
    assert status == 1
    assert [sentence.partition(" ")[0] for sentence in faults] == [
        "config/mailbot.yaml:4:11",
        "config/mailbot.yaml:5:8",
    ]


def test_a_damaged_database(tmp_path: Path) -> None:
    """The quick check finds what lies wrong in the file; a file that is none is a fault as well."""
    folder = site(tmp_path)
    opened(folder).close()
    file = folder / "data" / "mailbot.db"
    connection = sqlite3.connect(file)
    with connection:
        connection.executemany("INSERT INTO history (at, what) VALUES (0, ?)", [("x" * 500,)] * 2_000)
    connection.close()  # the last to leave: the write-ahead log goes into the file
    content = bytearray(file.read_bytes())
    content[-200_000:-100_000] = b"\xff" * 100_000
    file.write_bytes(content)
    status, found = doctor(folder, "--no-dns")
    assert status == 1
    assert any(one["area"] == "database" and one["state"] == "fault" for one in found["findings"])
    file.write_bytes(b"no database at all" * 1_000)
    status, found = doctor(folder, "--no-dns")
    assert (status, state(found, "database", "mailbot.db")[0]) == (1, "fault")


def test_tables_of_another_version(tmp_path: Path) -> None:
    """Older ones are brought up to date by a start, newer ones need the newer program; the doctor changes neither."""
    folder = site(tmp_path)
    opened(folder).close()
    for version, expected in (("0001", "warning"), ("9999", "fault")):
        connection = sqlite3.connect(folder / "data" / "mailbot.db")
        with connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.close()
        _, found = doctor(folder, "--no-dns")
        assert state(found, "database", "mailbot.db")[0] == expected
        connection = sqlite3.connect(folder / "data" / "mailbot.db")
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (version,)
        connection.close()


def test_what_is_stuck(tmp_path: Path) -> None:
    """Unread mail, due copies that do not leave, leases of a node that is gone, and the last alarm are told."""
    folder = site(tmp_path)
    database = opened(folder)
    now = datetime.now(UTC)
    hours = now - timedelta(hours=3)
    with database.write() as connection:
        fields = {"mail_from": "", "peer": "x", "protocol": "smtp"}
        mail_id = connection.execute(insert(mail).values(content=b"x", received_at=hours, **fields)).lastrowid
        connection.execute(
            insert(inbox).values(mail_id=mail_id, recipient="a@ml.example.jp", state="received")
        )
        number = connection.execute(
            insert(mailing).values(kind="office_report", cooked=b"x", created_at=hours)
        ).lastrowid
        for address, it_is in (("a@b.example", "pending"), ("c@b.example", "sending")):
            connection.execute(
                insert(delivery).values(
                    mailing_id=number,
                    address=address,
                    state=it_is,
                    due_at=microseconds(hours),
                    lease_owner="gone",
                    lease_until=microseconds(hours),
                )
            )
    status, found = doctor(folder, "--no-dns")
    assert status == 1
    assert "the oldest for 3 hours" in state(found, "queue", "inbox")[1]
    assert "due for 3 hours" in state(found, "queue", "outbox")[1]
    assert state(found, "queue", "leases")[0] == "fault"
    assert state(found, "queue", "last alarm")[0] == "warning"
    with database.write() as connection:
        connection.execute(update(inbox).values(state="posted"))
        connection.execute(update(delivery).values(state="sent"))
    database.close()
    _, found = doctor(folder, "--no-dns")
    assert state(found, "queue", "inbox")[0] == state(found, "queue", "outbox")[0] == "ok"


def test_announcements_that_anybody_can_make(tmp_path: Path) -> None:
    """A list that takes a bare From for the office's word is named, with what asks for more; others are not."""
    folder = site(tmp_path)
    database = opened(folder)
    with database.write() as connection:
        news = MailingList("news", "news", "announce", Selector(everyone=True))
        asked, seen = (
            replace(news, name="safe", author="confirm"),
            replace(news, name="seen", moderated="yes"),
        )
        for value in (news, asked, seen):
            lists.save(connection, value)
        lists.save(connection, MailingList("room", "room", "open", Selector(everyone=True)))
    database.close()
    _, found = doctor(folder, "--no-dns")
    named = {one["what"]: one["sentence"] for one in found["findings"] if one["area"] == "lists"}
    assert list(named) == ["news"]
    assert "`author: confirm`" in named["news"]


def test_answers_to_a_domain_that_is_gone(tmp_path: Path) -> None:
    """While a survey is open whose ballots name it, its answers would be refused: the option is named that takes them."""
    folder = site(tmp_path)
    (folder / "config" / "surveys").mkdir()
    (folder / "config" / "surveys" / "s26-014.yaml").write_text(
        "key: S26-014\ntitle: 調査\naudience: all\nopens: 2099-06-18 09:00\ncloses: 2099-07-02 17:00\n"
        "questions: [{id: Q1, text: はいですか, type: single, options: [はい, いいえ]}]\n",
        encoding="utf-8",
    )
    assert run(["apply"], folder)[0] == 0
    database = opened(folder)
    with database.write() as connection:
        connection.execute(update(survey).values(state="open"))
        cooked = b"Subject: x\r\nReply-To: =?utf-8?b?eA==?=\r\n <\x00token\x00@old.example.jp>\r\n\r\nx"
        row = {"kind": "invitation", "subject": "S26-014", "cooked": cooked, "created_at": datetime.now(UTC)}
        connection.execute(insert(mailing).values(**row))
    database.close()
    _, found = doctor(folder, "--no-dns")
    judged, sentence = state(found, "queue", "answers")
    assert judged == "fault"
    assert "old.example.jp, where S26-014 is answered" in sentence
    assert "former_domains: [old.example.jp]" in sentence
    site(tmp_path, "former_domains: old.example.jp\n")
    config = load_config(folder / "config" / "mailbot.yaml")
    assert make_site(config).former_domains == ("old.example.jp",)
    _, found = doctor(folder, "--no-dns")
    assert state(found, "queue", "answers")[0] == "ok"


def test_ports(tmp_path: Path) -> None:
    """A door whose port another program has is a fault as long as the service does not run."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        folder = site(tmp_path, f'receive: {{lmtp: "127.0.0.1:{port}"}}\nweb: 127.0.0.1:0\n')
        status, found = doctor(folder, "--no-dns")
    assert (status, state(found, "service", "receive.lmtp")[0]) == (1, "fault")
    assert state(found, "service", "web")[0] == "ok"
    assert state(found, "service", "mailbot serve")[0] == "warning"


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=postgres)])
def test_postgresql(tmp_path: Path, postgresql: Database, url: str) -> None:
    """Version, encoding, isolation, durability and the server's clock are looked at."""
    address = server().url("tests").removeprefix("postgresql+psycopg:").removeprefix("postgresql:")
    folder = site(tmp_path, f"database: {url}:{address}\n")
    _, found = doctor(folder, "--no-dns")
    for what in ("version", "encoding", "isolation", "size"):
        assert state(found, "database", what)[0] == "ok"
    assert state(found, "clock", "the database server")[0] == "ok"
    # The tests' server does not wait for the disk, which is exactly what must not be.
    assert state(found, "database", "durability")[0] == "fault"


def test_usage(tmp_path: Path) -> None:
    """A DNS server is named by its address; the table for people ends with the count."""
    folder = site(tmp_path)
    status, output = run(["doctor", "--nameserver", "ns.example.jp"], folder)
    assert status == 2
    assert "is not an IP address" in output
    _, output = run(["doctor", "--no-dns"], folder)
    assert "\n; SPF: who may send with a return path in the domain (not looked at)\n" in output
    assert output.rstrip().endswith("skipped")


def test_every_command_takes_the_configuration(tmp_path: Path) -> None:
    """Also `init` and `restore`, which read none."""
    status, output = run(["init", str(tmp_path / "new"), "--config", "nowhere/mailbot.yaml"], tmp_path)
    assert status == 0, output
    status, output = run(["restore", "x.tar.gz", "back", "--config", "nowhere/mailbot.yaml"], tmp_path)
    assert (status, output.startswith("x.tar.gz: ")) == (1, True)
    assert run(["demo", "--config", "nowhere/mailbot.yaml", "--help"], tmp_path)[0] == 0
