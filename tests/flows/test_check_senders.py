"""Who really sent it: looked at by ourselves with a real DNS server, stored with the mail, and believed in place of its head."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import dkim
import pytest
from sqlalchemy import select

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.mailing import fill_each, template
from mailbot.core.senders.arc import seal
from mailbot.core.senders.authentication import read_authentication
from mailbot.core.senders.dkim import covered, signature
from mailbot.core.senders.dns_answers import NoAnswer
from mailbot.core.transfer.envelope import Envelope
from mailbot.core.transfer.seven_bit import seven_bit
from mailbot.flows.check_senders import SenderCheck, SenderChecking
from mailbot.flows.read_mail import read_waiting
from mailbot.flows.sending.sign_copies import sign_copies
from mailbot.folder.dkim_keys import load_signer, make_key, verify
from mailbot.net.dns_client import DnsClient
from mailbot.store.database import Database
from mailbot.store.lists import lists
from mailbot.store.mail import inbox, sender_checks
from mailbot.store.tables import mail, mailing
from tests.flows.post_office import NOW, SATO, SECURITY, YAMADA, PostOffice, open_post_office
from tests.net.dns_server import Zone, dns_server

OWN_ID = "mx.example.jp"
HOME, ELSEWHERE = "203.0.113.5", "198.51.100.9"  # Nagano's own mail host, and somebody else's
DOMAIN = YAMADA.partition("@")[2]
FORGED = f"{OWN_ID}; dmarc=pass header.from={DOMAIN}"


@pytest.fixture
def office(sqlite: Database) -> PostOffice:
    """An installation with its register; most of this is no matter of SQL."""
    return open_post_office(sqlite)


@pytest.fixture
def either(database: Database) -> PostOffice:
    """The same on each database."""
    return open_post_office(database)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nagano's key."""
    path = tmp_path_factory.mktemp("keys") / "n.key"
    make_key(path, "rsa")
    return path


def zone(key: Path, dmarc: str = "v=DMARC1; p=reject") -> dict[tuple[str, str], list[str]]:
    """Return what Nagano publishes."""
    record = load_record(key)
    return {
        (DOMAIN, "TXT"): [f'"v=spf1 ip4:{HOME} -all"'],
        (f"_dmarc.{DOMAIN}", "TXT"): [f'"{dmarc}"'],
        (f"n._domainkey.{DOMAIN}", "TXT"): [f'"{record[:200]}" "{record[200:]}"'],
    }


def load_record(key: Path) -> str:
    """Return the key's record."""
    from mailbot.folder.dkim_keys import public_key  # noqa: PLC0415

    return public_key(key).record


def signed(raw: bytes, key: Path, domain: str = DOMAIN) -> bytes:
    """Sign as Nagano's mail host does."""
    return signature(covered(raw), {}, load_signer(key, domain, "n"), NOW) + raw


def sender_check(server: tuple[str, int] | None, mta: str = "127.0.0.0/8") -> SenderCheck:
    """Look with this DNS server."""
    dns = partial(DnsClient, seconds=2.0, each=0.5, nameserver=server or ("127.0.0.1", 9))
    return SenderCheck(OWN_ID, (ip_network(mta),), (), dns, verify)


def store(
    office: PostOffice,
    raw: bytes,
    *,
    peer: str = ELSEWHERE,
    mail_from: str = YAMADA,
    protocol: str = "smtp",
    to: str = "security@ml.example.jp",
) -> None:
    """Store a mail as the door does, where senders are looked at."""
    envelope = Envelope(mail_from, (to,), peer, protocol, "mail.example")  # type: ignore[arg-type]
    with office.database.write() as connection:
        inbox.add(connection, [(raw, envelope)], lambda: office.now, check=True)


async def look(office: PostOffice, check: SenderCheck) -> SenderChecking:
    """Look at every mail that is due."""
    checking = SenderChecking(office.database, check, lambda: office.now, lambda: None)
    task = asyncio.create_task(checking.run(0.05))
    while True:
        with office.database.read() as connection:
            if not sender_checks.is_due(connection, office.now) and not sender_checks.is_due(
                connection, office.now + sender_checks.LEASE
            ):
                break
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return checking


def outcome(office: PostOffice) -> inbox.InboxEntry:
    """Read what waits; returns what became of the newest mail."""
    while read_waiting(office.database, office.site, lambda: office.now):
        pass
    with office.database.read() as connection:
        entry = inbox.entry(
            connection, max(row.id for row in inbox.arrivals(connection, NOW.replace(year=2000)))
        )
    assert entry is not None
    return entry


async def through(office: PostOffice, records: Zone, raw: bytes, **envelope: str) -> inbox.InboxEntry:
    """Store, look, read."""
    store(office, raw, **envelope)
    with dns_server(records) as server:
        await look(office, sender_check(server))
    return outcome(office)


async def test_what_the_author_s_domain_signed_goes_out(either: PostOffice, key: Path) -> None:
    """A good signature of the author's own domain is a DMARC pass, from whatever host it comes."""
    raw = signed(either.mail(YAMADA, "security@ml.example.jp"), key)
    entry = await through(either, zone(key), raw)
    assert entry.state == "posted"
    assert entry.results == (
        f"{OWN_ID}; spf=fail (-all) smtp.mailfrom={DOMAIN}; "
        f"dkim=pass header.d={DOMAIN} header.s=n header.a=rsa-sha256; "
        f"dmarc=pass policy.published-domain-policy=reject header.from={DOMAIN}"
    )


async def test_what_comes_from_the_author_s_own_host_goes_out(office: PostOffice, key: Path) -> None:
    """SPF for the envelope sender of the same domain is a DMARC pass, too."""
    entry = await through(office, zone(key), office.mail(YAMADA, "security@ml.example.jp"), peer=HOME)
    assert entry.state == "posted"
    assert "spf=pass" in (entry.results or "")


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"Authentication-Results": FORGED},
        {"Authentication-Results": f"(x) {OWN_ID} 1;\r\n dmarc=pass\r\n header.from={DOMAIN}"},
        {"AUTHENTICATION-RESULTS": f'"{OWN_ID}"; dmarc=pass header.from={DOMAIN}'},
        {"ARC-Authentication-Results": f"i=1; {FORGED}; arc=pass policy.sealer={DOMAIN}"},
        {"Received-SPF": f"pass ({OWN_ID}: domain of {YAMADA})"},
        {"DKIM-Signature": f"v=1; a=rsa-sha256; d={DOMAIN}; s=n; h=from; bh=AAAA; b=AAAA"},
    ],
)
async def test_a_forged_author_is_held_whatever_his_mail_says(
    office: PostOffice, key: Path, head: dict[str, str]
) -> None:
    """Fields in our name that the mail brings with it count for nothing (promises.md I28)."""
    raw = office.mail(YAMADA, "security@ml.example.jp", **head)
    entry = await through(office, zone(key), raw, mail_from="eve@evil.test")
    assert entry.state == "held"
    assert "DMARC" in entry.reason
    assert office.copies("post") == []


@pytest.mark.parametrize(
    "author",
    [
        f"{YAMADA}, {SATO}",
        f'"{YAMADA}" <eve@evil.test>',
        f"everybody: {YAMADA};",
        f"{YAMADA} <eve@evil.test>",
        f"<@evil.test:{YAMADA}>",
        f"eve@evil.test (\r\n {YAMADA}",
        "",
    ],
)
async def test_an_author_who_cannot_be_told_is_nobody(office: PostOffice, key: Path, author: str) -> None:
    """Two addresses, a name like an address, a group, a route, no From: held, though a sound signature is on it."""
    raw = signed(office.mail(author, "security@ml.example.jp", X="y"), key)
    entry = await through(office, zone(key), raw, mail_from="eve@evil.test")
    assert entry.state == "held"
    assert "dmarc=pass" not in (entry.results or "")


async def test_a_from_that_was_added_above_the_signed_one(office: PostOffice, key: Path) -> None:
    """The signature holds and yet vouches for nothing; a second Subject does the same to it."""
    raw = signed(office.mail("eve@evil.test", "security@ml.example.jp"), key, "evil.test")
    for added in (f"From: {YAMADA}\r\n", "Subject: 至急\r\n"):
        entry = await through(office, zone(key), added.encode() + raw, mail_from="eve@evil.test")
        assert entry.state == "held"
        assert "dkim=pass" not in (entry.results or "")


async def test_from_a_host_of_our_own_its_header_counts(office: PostOffice, key: Path) -> None:
    """Behind our own mail exchanger, by LMTP and by IMAP: what it has found out; the policy is looked up beside it."""
    for peer, protocol in (
        ("127.0.0.1", "smtp"),
        (ELSEWHERE, "lmtp"),
        ("imap:ml@imap.example.jp/1/7", "imap"),
    ):
        raw = office.mail(YAMADA, "security@ml.example.jp", protocol, Authentication_Results=FORGED)
        entry = await through(office, zone(key), raw, peer=peer, protocol=protocol)
        assert entry.state == "posted"
        assert (
            entry.results
            == f"{OWN_ID}; dmarc=pass policy.published-domain-policy=reject header.from={DOMAIN}"
        )


async def test_where_our_mail_exchanger_says_nothing_signatures_are_looked_at(
    office: PostOffice, key: Path
) -> None:
    """A signature vouches; without one nothing is known, and nothing held against the mail."""
    plain = office.mail(YAMADA, "security@ml.example.jp")
    entry = await through(office, zone(key), signed(plain, key), peer="127.0.0.1")
    assert "dmarc=pass" in (entry.results or "")
    entry = await through(office, zone(key), office.mail(YAMADA, "security@ml.example.jp"), peer="127.0.0.1")
    assert (entry.state, "dmarc=neutral" in (entry.results or "")) == ("posted", True)


async def test_a_dns_that_does_not_answer_is_asked_again_and_then_a_person(
    office: PostOffice, key: Path
) -> None:
    """Nothing is refused for it: the mail waits, is looked at three times, and is held with the reason."""
    store(office, signed(office.mail(YAMADA, "security@ml.example.jp"), key))
    with dns_server({}, silent=True) as server:
        check = sender_check(server)
        for _ in range(2):
            task = asyncio.create_task(
                SenderChecking(office.database, check, lambda: office.now, lambda: None).run(0.05)
            )
            await _until_postponed(office)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert outcome(office).state == "received"
            office.now += sender_checks.LEASE * 4
        checking = await look(office, check)
    entry = outcome(office)
    assert entry.state == "held"
    assert "答えがない" in entry.reason
    assert checking.counts["unsure"] == 1


async def _until_postponed(office: PostOffice) -> None:
    while True:
        with office.database.read() as connection:
            checks, due = connection.execute(
                mail.select().with_only_columns(mail.c.checks, mail.c.check_due)
            ).one()
        if checks and due != office.now + sender_checks.LEASE and due > office.now:
            return
        await asyncio.sleep(0.02)


async def test_dns_that_comes_back_is_believed(either: PostOffice, key: Path) -> None:
    """What was left open the first time is settled by the second."""
    store(either, signed(either.mail(YAMADA, "security@ml.example.jp"), key))
    task = asyncio.create_task(
        SenderChecking(either.database, sender_check(None), lambda: either.now, lambda: None).run(0.05)
    )
    await _until_postponed(either)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    either.now += sender_checks.LEASE * 4
    with dns_server(zone(key)) as server:
        await look(either, sender_check(server))
    assert outcome(either).state == "posted"


async def test_from_is_kept_where_the_author_s_domain_minds_nothing(office: PostOffice, key: Path) -> None:
    """`from: auto` goes by the policy that was found: none, or no record, leaves From; reject gives it to the list."""
    auto: MailingList = replace(SECURITY, rewrite_from="auto")
    office.apply(auto)
    without = {name: values for name, values in zone(key).items() if not name[0].startswith("_dmarc")}
    cases = (
        (zone(key), "security@ml.example.jp"),
        (zone(key, "v=DMARC1; p=none"), YAMADA),
        (without, YAMADA),
        (zone(key, "v=DMARC1; p=quarantine; t=y"), YAMADA),
        (zone(key, "v=DMARC1; p=reject; t=y"), "security@ml.example.jp"),
    )
    for number, (records, shown) in enumerate(cases):
        raw = signed(office.mail(YAMADA, "security@ml.example.jp", f"第{number}報"), key)
        entry = await through(office, records, raw)
        assert entry.state == "posted"
        assert shown in office.copies("post")[0]["From"]


async def test_a_post_that_is_passed_on_is_sealed_once_for_all_copies(
    office: PostOffice, key: Path, tmp_path: Path
) -> None:
    """A partner's chain goes on through our list, and each signed copy of it verifies (an independent verifier)."""
    ours, partner = tmp_path / "ours.key", tmp_path / "partner.key"
    for path in (ours, partner):
        make_key(path, "rsa")
    office.site = replace(office.site, sealer=load_signer(ours, "ml.example.jp", "m"))
    records = zone(key) | {
        (f"{name}._domainkey.{domain}", "TXT"): [f'"{load_record(path)[:200]}" "{load_record(path)[200:]}"']
        for name, domain, path in (("m", "ml.example.jp", ours), ("p", "lists.partner.jp", partner))
    }
    raw = signed(office.mail(YAMADA, "security@ml.example.jp", "次第\n本文です。"), key)
    came = seal(
        raw,
        "none",
        f"lists.partner.jp; dmarc=pass header.from={DOMAIN}",
        load_signer(partner, "lists.partner.jp", "p"),
        NOW,
    )
    entry = await through(office, records, came)
    assert (entry.state, "arc=pass" in (entry.results or "")) == ("posted", True)
    with office.database.read() as connection:
        (cooked,) = connection.execute(select(mailing.c.cooked).where(mailing.c.kind == "post")).scalars()

    def dns(name: bytes, timeout: int = 5) -> bytes:
        texts = records.get((name.decode().rstrip("."), "TXT"), [""])
        return texts[0].replace('" "', "").strip('"').encode()

    for leave in (b"aaaa", b"bbbb"):
        values = {name: [leave] for name in template(cooked) if isinstance(name, str)}
        copies = fill_each(template(cooked), values, 1)
        (copy,) = sign_copies(copies, values, covered(cooked), [load_signer(ours, "ml.example.jp", "m")], NOW)
        assert dkim.arc_verify(copy, dnsfunc=dns)[0] == b"pass"
        assert dkim.verify(copy, dnsfunc=dns)
        assert b"i=2; " in copy


async def test_a_trusted_list_vouches_for_what_it_changed(
    office: PostOffice, key: Path, tmp_path: Path
) -> None:
    """Its seal over a DMARC pass lets a changed mail through; nobody else's does, nor one that saw no pass."""
    path = tmp_path / "partner.key"
    make_key(path, "rsa")
    partner = load_signer(path, "lists.partner.jp", "p")
    record = load_record(path)
    records = zone(key) | {("p._domainkey.lists.partner.jp", "TXT"): [f'"{record[:200]}" "{record[200:]}"']}
    saw = f"lists.partner.jp; dmarc=pass header.from={DOMAIN}"
    for number, (results, trusted, state) in enumerate(
        [
            (saw, ("lists.partner.jp",), "posted"),
            (saw, (), "held"),
            (saw, ("other.partner.jp",), "held"),
            (f"lists.partner.jp; dmarc=fail header.from={DOMAIN}", ("lists.partner.jp",), "held"),
            ("lists.partner.jp; dmarc=pass header.from=evil.test", ("lists.partner.jp",), "held"),
        ]
    ):
        raw = office.mail(YAMADA, "security@ml.example.jp", f"第{number}報", "[partner] 点検")
        store(office, seal(seven_bit(raw), "none", results, partner, NOW))
        with dns_server(records) as server:
            await look(office, replace(sender_check(server), sealers=trusted))
        assert outcome(office).state == state, results


async def test_a_held_post_is_not_asked_about_again(office: PostOffice, key: Path) -> None:
    """What was found out stands with the raw mail: reading it again asks no DNS and finds the same."""
    await through(office, zone(key), office.mail(YAMADA, "security@ml.example.jp"), mail_from="eve@evil.test")
    with office.database.read() as connection:
        (waiting,) = inbox.held(connection)
        received = inbox.load(connection, waiting.id)
    assert received is not None
    found = read_authentication(received.message(OWN_ID).headers, OWN_ID)
    assert (found.dmarc, found.policy) == ("fail", "reject")


async def test_what_we_fail_at_is_read_all_the_same(
    office: PostOffice, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in looking keeps no mail from being read: it is tried thrice and then counts as left open."""
    monkeypatch.setattr(
        "mailbot.flows.check_senders.check_sender",
        lambda *_, **__: (_ for _ in ()).throw(RuntimeError("broken")),
    )
    store(office, office.mail(YAMADA, "security@ml.example.jp"))
    for _ in range(2):
        task = asyncio.create_task(
            SenderChecking(office.database, sender_check(None), lambda: office.now, lambda: None).run(0.05)
        )
        await _until_postponed(office)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        office.now += sender_checks.LEASE * 4
    await look(office, sender_check(None))
    assert outcome(office).state == "held"


async def test_the_end_of_the_service_waits_for_no_dns(office: PostOffice, key: Path) -> None:
    """A look that hangs keeps nothing from stopping; its mail stays to be looked at."""
    asked, answered = threading.Event(), threading.Event()

    class Slow(DnsClient):
        def txt(self, name: str) -> tuple[str, ...]:
            asked.set()
            answered.wait(60)
            raise NoAnswer(name)

    store(office, office.mail(YAMADA, "security@ml.example.jp"))
    check = replace(sender_check(None), dns=lambda: Slow(nameserver=("127.0.0.1", 9)))
    task = asyncio.create_task(
        SenderChecking(office.database, check, lambda: office.now, lambda: None).run(0.05)
    )
    try:
        await asyncio.to_thread(asked.wait, 60)
        task.cancel()
        async with asyncio.timeout(30):
            await asyncio.gather(task, return_exceptions=True)
    finally:
        answered.set()
    with office.database.read() as connection:
        assert sender_checks.is_due(connection, office.now + sender_checks.LEASE)


async def test_no_two_nodes_take_the_same_mail(either: PostOffice) -> None:
    """What one took is free for another only after its time."""
    store(either, either.mail(YAMADA, "security@ml.example.jp"))
    with either.database.write() as connection:
        assert len(sender_checks.claim(connection, either.now, 5, 1_000)) == 1
        assert sender_checks.claim(connection, either.now, 5, 1_000) == []
        later = either.now + sender_checks.LEASE
        assert [one.checks for one in sender_checks.claim(connection, later, 5, 1_000)] == [2]
        assert sender_checks.backlog(connection) == (1, either.now)
        assert sender_checks.release(connection) == 1
        assert sender_checks.backlog(connection) == (0, None)
        assert lists.names(connection)
