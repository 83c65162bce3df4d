"""Which addresses are ours, as the SMTP dialogue asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from mailbot.core.mail.token import ballot_token, token_hash
from mailbot.core.transfer.envelope import StorageUnavailable
from mailbot.flows.know_recipient import Directory, know_recipient
from mailbot.flows.surveys.answer_reply import new_token
from mailbot.site import Site
from mailbot.store.surveys import ballots
from tests.flows.post_office import STRANGER, YAMADA, PostOffice


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("security@ml.example.jp", True),
        ("SECURITY@ML.EXAMPLE.JP", True),
        ("security-owner@ml.example.jp", True),
        ("security-bounces+x@ml.example.jp", True),
        ("postmaster@ml.example.jp", True),
        ("nosuch@ml.example.jp", False),
        ("security@other.example", False),
        ("0000000000000000@kaitou.example.jp", False),
        ("", False),
        ("@", False),
        ("security@ml.example.jp\r\nRCPT TO:<x@y>", False),
    ],
)
def test_who_is_ours(office: PostOffice, address: str, known: bool) -> None:
    """Lists, their roles and the site's own names; nobody else."""
    with office.database.read() as connection:
        assert know_recipient(connection, office.site, address) is known


def test_a_token_that_we_gave_out_is_known_in_any_case(office: PostOffice) -> None:
    """A gateway may write it in capitals."""
    address = office.reply_address(office.open_survey()[YAMADA])
    with office.database.read() as connection:
        assert know_recipient(connection, office.site, address)
        assert know_recipient(connection, office.site, address.upper())


@pytest.mark.parametrize(
    ("local", "known"),
    [
        ("a7qk2m3xd9wpt4hv", True),  # whole, and none of ours: a letter was lost and another put in its place
        ("a7qk2m3xd9", True),
        ("R-A7QK2M3XD9WPT", True),
        ("a7qk2", False),
        ("information", False),
        ("20260618", False),
        ("no.such7person", False),
        ("a7qk2m3xd9wpt4hva7qk2m3xd9wpt4hv", False),
    ],
)
def test_a_token_that_was_cut_on_the_way(office: PostOffice, local: str, known: bool) -> None:
    """A registered sender may write to it, and gets a fresh ballot; strangers, machines and guesses hear 550."""
    with office.database.read() as connection:
        for domain, sender, expected in (
            ("kaitou.example.jp", YAMADA, known),
            ("kaitou.example.jp", YAMADA.upper(), known),
            ("ml.example.jp", YAMADA, False),
            ("kaitou.example.jp", STRANGER, False),
            ("kaitou.example.jp", "", False),
        ):
            assert know_recipient(connection, office.site, f"{local}@{domain}", sender) is expected


async def test_sessions_share_a_look_and_each_hears_its_own_answer(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks while a look is under way shares the next one, so that a crowd costs few looks into the database."""
    looks: list[int] = []
    reading = office.database.reading

    async def counted(
        function: Callable[..., object], site: Site, asked: Sequence[object], remembered: object
    ) -> object:
        looks.append(len(asked))
        return await reading(function, site, asked, remembered)

    monkeypatch.setattr(office.database, "reading", counted)
    directory = Directory(office.database, office.site)
    addresses = ["security@ml.example.jp", "nosuch@ml.example.jp"] * 20
    assert (
        await asyncio.gather(*(directory.knows(address, "") for address in addresses)) == [True, False] * 20
    )
    assert looks == [40]
    assert await directory.knows(addresses[0], "")
    assert looks == [40, 1]


async def test_replies_to_a_survey_need_one_look(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first its other tokens are remembered; one that is given out later, and a guess, are looked for."""
    copies = office.open_survey()
    directory = Directory(office.database, office.site)
    old = office.reply_address(copies[YAMADA])
    assert await directory.knows(old, "")
    looks: list[object] = []
    reading = office.database.reading

    async def counted(function: Callable[..., object], *facts: object) -> object:
        looks.append(facts[1])
        return await reading(function, *facts)

    monkeypatch.setattr(office.database, "reading", counted)
    assert len(copies) > 1
    for copy in copies.values():
        assert await directory.knows(office.reply_address(copy).upper(), STRANGER)
    assert looks == []
    with office.database.write() as connection:
        ballot = ballots.by_token(connection, token_hash(old.partition("@")[0]))
        assert ballot is not None
        new = new_token(connection, office.site, ballot, office.now)
    token = ballot_token(office.site.key, new.id, new.issue)
    assert await directory.knows(f"{token}@{office.site.reply_domain}", "")
    assert await directory.knows(old, "")  # he may still write to the old one
    assert not await directory.knows(f"a7qk2m3xd9wpt4hv@{office.site.reply_domain}", STRANGER)
    assert len(looks) == 2


async def test_each_session_hears_that_the_database_is_away(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for an answer that never comes, and the next look asks again; a session that hung up harms none."""
    directory = Directory(office.database, office.site)

    async def away(*_: object) -> None:
        await asyncio.sleep(0)
        raise StorageUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(office.database, "reading", away)
        hung_up, *waiting = [
            asyncio.create_task(directory.knows("security@ml.example.jp", "")) for _ in range(3)
        ]
        await asyncio.sleep(0)
        hung_up.cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [StorageUnavailable] * 2
    assert await directory.knows("security@ml.example.jp", "")
