"""The link of List-Unsubscribe: whose copy it was in leaves, once, and can come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.mail.token import leave_token
from mailbot.core.refusal import Refusal
from mailbot.flows.members.obey_link import Link, obey_link, read_link
from mailbot.store.lists import lists
from tests.flows.post_office import KAIGI, NEWS, TAKAHASHI, TANAKA, YAMADA, PostOffice


def token(office: PostOffice, address: str, name: str = "kaigi") -> str:
    """Let a post go out, and return the token of this member's copy."""
    office.post(YAMADA, to=f"{name}@ml.example.jp")
    (copy,) = [copy for copy in office.copies("post") if copy.to == address]
    return leave_token(office.site.key, name, copy.id)


def follow(office: PostOffice, link: str, days: int | None = None) -> Link | None:
    """Press a button."""
    with office.database.write() as connection:
        return obey_link(connection, office.site, link, days, office.now)


def is_member(office: PostOffice, address: str, name: str = "kaigi") -> bool:
    """Tell whether an address gets the list's posts."""
    with office.database.read() as connection:
        return lists.is_member(connection, name, address)


def test_a_member_leaves_and_comes_back(office: PostOffice) -> None:
    """He gets a mail by which he can take it back; a second press changes nothing and sends nothing."""
    link = token(office, TANAKA)
    found = follow(office, link)
    assert found is not None
    assert (found.list.name, found.address, found.member, found.may_leave) == ("kaigi", TANAKA, True, True)
    assert not is_member(office, TANAKA)
    told = office.only_copy("member_answer")
    assert told.to == TANAKA
    assert "退会（メールにある退会用のリンクから）" in told.text
    assert "「取消」" in told.text
    again = follow(office, link)
    assert again is not None
    assert not again.member
    assert office.copies() == []
    office.reply(told, "取消")
    assert is_member(office, TANAKA)


def test_to_look_changes_nothing(office: PostOffice) -> None:
    """A mail program, a gateway or a virus scanner that follows every link removes nobody."""
    link = token(office, TANAKA)
    with office.database.read() as connection:
        found = read_link(connection, office.site, link)
    assert found is not None
    assert found.member
    assert is_member(office, TANAKA)


def test_a_guessed_or_foreign_token_opens_nothing(office: PostOffice) -> None:
    """Not another list's, not one of another key, not the copy next to it, not a mail that is no post."""
    link = token(office, TANAKA)
    number = link[:-16]
    office.open_survey()
    ballot = office.all_copies()[-1].id
    for other in (
        "",
        "x" * 40,
        "0" * 17,
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        leave_token(b"other" * 7, "kaigi", 1),
        leave_token(office.site.key, "security", 1)[: len(number)] + link[-16:][::-1],
        leave_token(office.site.key, "kaigi", ballot),
        leave_token(office.site.key, "kaigi", 10**9),
    ):
        assert follow(office, other) is None
    assert is_member(office, TANAKA)


def test_letters_may_be_in_capitals(office: PostOffice) -> None:
    """As gateways make them."""
    follow(office, token(office, TANAKA).upper())
    assert not is_member(office, TANAKA)


def test_a_list_of_duty_can_rest_only(office: PostOffice) -> None:
    """Leaving is refused with a sentence, and nothing is sent; resting is kept to the day, and said."""
    link = token(office, TAKAHASHI, "news")
    office.copies()
    with pytest.raises(Refusal, match="退会はできません"):
        follow(office, link)
    assert is_member(office, TAKAHASHI, "news")
    found = follow(office, link, days=14)
    assert found is not None
    assert not found.may_leave
    assert "7月2日" in office.only_copy("member_answer").text
    office.post(YAMADA, to="news@ml.example.jp")
    assert TAKAHASHI not in {copy.to for copy in office.copies("post")}


def test_a_list_that_became_one_of_duty(office: PostOffice) -> None:
    """The link does what the list allows now, not what it allowed when the copy left."""
    link = token(office, TANAKA)
    office.apply(replace(KAIGI, leave=False))
    with pytest.raises(Refusal):
        follow(office, link)
    office.apply(replace(NEWS, leave=True))
    follow(office, token(office, TANAKA, "news"))
    assert not is_member(office, TANAKA, "news")
