"""Signing on the way out: what leaves verifies, whatever kind of mail it is, and a fault of ours holds nobody up."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import dkim
import pytest

from mailbot.core.senders.dkim import Signer
from mailbot.core.transfer.relay import Relay
from mailbot.flows.sending import sign_copies
from mailbot.flows.sending.deliver_outbox import Delivery
from mailbot.flows.sending.sign_copies import SignedAhead
from mailbot.folder.dkim_keys import PublicKey, load_signer, make_key
from mailbot.store.sending import copies as our_copies
from mailbot.store.sending import outbox
from tests.flows.post_office import SATO, SECURITY, SUZUKI, YAMADA, PostOffice
from tests.net.test_smtp_client import Server, mail

RSA, EDWARDS = "2026a", "2026e"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, PublicKey], list[Signer]]:
    """An RSA key and an Ed25519 key: what the DNS says, and what signs."""
    folder = tmp_path_factory.mktemp("keys")
    public = {RSA: make_key(folder / RSA, "rsa"), EDWARDS: make_key(folder / EDWARDS, "ed25519")}
    return public, [load_signer(folder / name, "ml.example.jp", name) for name in public]


Keys = tuple[dict[str, PublicKey], list[Signer]]


def sender(office: PostOffice, relay: Relay, keys: Keys) -> Delivery:
    """Return what empties the outbox into this relay, signed."""
    return Delivery(
        office.database, office.site.key, office.site.domain, [relay], 4, "this", lambda: office.now, keys[1]
    )


def answers(keys: Keys) -> Callable[..., bytes]:
    """Return a DNS that has these keys."""

    def dns(name: bytes, timeout: int = 5) -> bytes:
        return keys[0][name.decode().removesuffix("._domainkey.ml.example.jp.")].record.encode()

    return dns


def verified(content: bytes, keys: Keys) -> bool:
    """Ask an independent verifier for both signatures of a mail."""
    verifier = dkim.DKIM(content)
    return all(verifier.verify(index, dnsfunc=answers(keys)) for index in range(2))


@pytest.mark.parametrize("offers", [("PIPELINING", "8BITMIME"), ("8BITMIME",), ("PIPELINING",), ()])
async def test_a_post_is_signed_for_each_recipient(
    office: PostOffice, keys: Keys, offers: tuple[str, ...]
) -> None:
    """Each copy with its own List-Unsubscribe and its own signatures, 7-bit whatever the relay can do."""
    office.post(YAMADA, text="日本語の本文です。\n.点で始まる行\n")
    async with Server(offers=offers) as server:
        assert await sender(office, server.relay, keys).deliver() == 3
    contents = [content.replace(b"\r\n..", b"\r\n.") for content in server.contents]
    assert all(content.isascii() and verified(content, keys) for content in contents)
    mails = [message_from_bytes(content, policy=policy.default) for content in contents]
    assert len({copy["List-Unsubscribe"] for copy in mails}) == 3
    assert {"日本語の本文です。" in copy.get_content() for copy in mails} == {True}
    with office.database.read() as connection:
        assert outbox.count_by_state(connection) == {"sent": 3}


async def test_a_signed_line_may_begin_with_dots(office: PostOffice, keys: Keys) -> None:
    """They are doubled once for all copies, and what is signed has them as they were."""
    office.apply(replace(SECURITY, footer=""))
    office.post(YAMADA, text=".one\n..two\nnone\n")
    async with Server() as server:
        assert await sender(office, server.relay, keys).deliver() == 3
    assert all(b"\r\n..one\r\n...two\r\nnone\r\n" in content for content in server.contents)
    assert all(verified(content.replace(b"\r\n..", b"\r\n."), keys) for content in server.contents)


async def test_ballots_and_receipts_are_signed_too(office: PostOffice, keys: Keys) -> None:
    """Their bodies are each recipient's own, so each has a body hash of its own."""
    invitations = office.open_survey()
    async with Server() as server:
        assert await sender(office, server.relay, keys).deliver() == len(invitations)
    contents = [content.replace(b"\r\n..", b"\r\n.") for content in server.contents]
    assert len({dkim.DKIM(content).headers[0][1].split(b"bh=")[1][:44] for content in contents}) == len(
        contents
    )
    assert all(verified(content, keys) for content in contents)
    texts = [message_from_bytes(content, policy=policy.default).get_content() for content in contents]
    assert all("LG.JPドメインの利用について" in text for text in texts)


async def test_identical_copies_are_signed_once_beside_others_that_are_not(
    office: PostOffice, keys: Keys
) -> None:
    """Whoever signs each copy signs these once, all of it covered; personal copies in the same run have their own."""
    made: list[bytes] = []

    def counting(signer: Signer) -> Signer:
        def sign(digest: bytes) -> bytes:
            made.append(digest)
            return signer.sign(digest)

        return replace(signer, sign=sign)

    counted = (keys[0], [counting(signer) for signer in keys[1]])
    office.apply(replace(SECURITY, copies="identical"))
    office.post(YAMADA, text="日本語の本文です。\n.点で始まる行\n")
    office.post(YAMADA, "kaigi@ml.example.jp", Message_ID="<other@test>")
    async with Server() as server:
        assert await sender(office, server.relay, counted).deliver() == 8
    contents = [content.replace(b"\r\n..", b"\r\n.") for content in server.contents]
    assert len(contents) == 1 + 5
    assert all(verified(content, keys) for content in contents)
    assert len(made) == 2 + 2 * 5
    (alike,) = [content for content in contents if b"<mailto:security-leave@ml.example.jp>" in content]
    assert b"h=list-unsubscribe:" in alike.replace(b"\r\n ", b"").lower()
    with office.database.read() as connection:
        assert outbox.count_by_state(connection) == {"sent": 8}


@pytest.mark.parametrize("names", [(RSA,), (RSA, EDWARDS)])
async def test_one_signature_for_all_copies(office: PostOffice, keys: Keys, names: tuple[str, ...]) -> None:
    """The shared one is the same in each copy and covers all but List-Unsubscribe, which the other one covers."""
    public, (rsa, edwards) = keys
    once = [replace(rsa, shared=True), edwards][: len(names)]
    office.post(YAMADA, text="日本語の本文です。")
    async with Server() as server:
        assert await sender(office, server.relay, (public, once)).deliver() == 3
    contents = [content.replace(b"\r\n..", b"\r\n.") for content in server.contents]
    fields = [
        [value for name, value in dkim.DKIM(one).headers if name == b"DKIM-Signature"] for one in contents
    ]
    assert len({one[-1] for one in fields}) == 1
    assert b"list-unsubscribe" not in fields[0][-1]
    assert b"subject" in fields[0][-1]
    assert [b"list-unsubscribe" in value for value in fields[0][:-1]] == [True] * (len(names) - 1)
    assert len({one[0] for one in fields}) == (3 if len(names) == 2 else 1)
    for content in contents:
        verifier = dkim.DKIM(content)
        assert all(verifier.verify(index, dnsfunc=answers(keys)) for index in range(len(names)))
        changed = content.replace(b"Subject: ", b"Subject: x ", 1)
        assert not dkim.DKIM(changed).verify(len(names) - 1, dnsfunc=answers(keys))


async def test_ballots_are_signed_each_for_itself(office: PostOffice, keys: Keys) -> None:
    """A body of each copy's own needs a signature of its own, whatever the key may share."""
    invitations = office.open_survey()
    once = [replace(keys[1][0], shared=True), keys[1][1]]
    async with Server() as server:
        assert await sender(office, server.relay, (keys[0], once)).deliver() == len(invitations)
    contents = [content.replace(b"\r\n..", b"\r\n.") for content in server.contents]
    assert all(verified(content, keys) for content in contents)


async def test_a_maildir_keeps_signed_mail(office: PostOffice, keys: Keys, tmp_path: Path) -> None:
    """What is kept to be looked at is what would have left."""
    office.post(YAMADA)
    await sender(office, Relay("maildir", path=tmp_path / "out"), keys).deliver()
    kept = [path.read_bytes() for path in (tmp_path / "out" / "new").iterdir()]
    assert len(kept) == 3
    assert all(verified(content.replace(b"\n", b"\r\n"), keys) for content in kept)


async def test_more_copies_than_are_signed_ahead(
    office: PostOffice, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections wait for the threads, and every copy goes once."""
    monkeypatch.setattr(sign_copies, "_AHEAD", 10)
    for number in range(15):
        office.post(YAMADA, Message_ID=f"<{number}@test>")
    async with Server() as server:
        assert await sender(office, server.relay, keys).deliver() == 45
    assert len(server.contents) == 45
    assert len(server.commands) <= 4, "connections are not opened anew for each chunk"


async def test_a_key_that_fails_loses_nothing(office: PostOffice, keys: Keys) -> None:
    """What could not be signed waits with the reason; no unsigned copy leaves, and nobody waits for ever."""

    def broken(digest: bytes) -> bytes:
        raise RuntimeError("the card was pulled out")

    office.post(YAMADA)
    async with Server() as server, asyncio.timeout(20):
        faulty = Signer("ml.example.jp", RSA, "rsa-sha256", broken)
        await sender(office, server.relay, (keys[0], [faulty])).deliver()
        assert server.contents == []
        with office.database.read() as connection:
            troubled = our_copies.troubled(connection)
        assert {(copy.address, copy.state, copy.reply) for copy in troubled} == {
            (member, "pending", "not signed: the card was pulled out") for member in (YAMADA, SUZUKI, SATO)
        }


@pytest.mark.parametrize(("bound", "most"), [("_AHEAD", 1000), ("_AHEAD_BYTES", 1000 * len(mail(1).content))])
async def test_no_more_is_signed_than_memory_is_meant_for_it(
    monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    """By number and by bytes, but for what is under way; what nobody takes ends the signing."""
    monkeypatch.setattr(sign_copies, "_AHEAD", 10**6)
    monkeypatch.setattr(sign_copies, bound, most)
    numbers = itertools.count()
    ahead = SignedAhead[int](
        lambda: next(numbers), lambda claims: [mail(one) for one in claims], lambda claims, error: None
    )
    assert await ahead.ready()
    while ahead._under_way:
        await asyncio.wait(ahead._under_way)
    assert 1000 <= next(numbers) <= 1000 + 2 * sign_copies._CORES * sign_copies._CHUNK
    await ahead.close()


async def test_ready_says_that_nothing_comes() -> None:
    """With nothing to sign nobody waits."""
    ahead = SignedAhead[int](
        lambda: None, lambda claims: [mail(one) for one in claims], lambda claims, error: None
    )
    assert ahead.take() is None
    assert not await ahead.ready()
    await ahead.close()
