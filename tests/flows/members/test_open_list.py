"""A group is opened, and filled, by mail alone: who may, what the office must say, and what a name may be."""

from __future__ import annotations

import pytest

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import NOBODY
from mailbot.store.lists import lists
from tests.flows.post_office import SATO, STRANGER, SUZUKI, TANAKA, YAMADA, PostOffice

ROBOT = "robot@ml.example.jp"
OPEN = "グループ開設 anzen 情報安全の勉強会"


def stored(office: PostOffice, name: str) -> MailingList | None:
    """Return the list of this name."""
    with office.database.read() as connection:
        return lists.load(connection, name)


def opened(office: PostOffice) -> None:
    """Have 佐藤 open a group with the office's word."""
    office.write(SATO, ROBOT, OPEN)
    office.command(office.copies("office_request")[0], "承認")
    office.copies()


def test_a_member_opens_a_group_with_the_offices_word(office: PostOffice) -> None:
    """He asks, the office answers 承認, and he is its first member and may post."""
    assert office.write(SATO, ROBOT, OPEN).state == "answered"
    request, answer = office.copies()
    assert (request.kind, request.to, answer.to) == ("office_request", office.site.office, SATO)
    assert "松本市佐藤花子" in request.said
    assert "「情報安全の勉強会」（anzen@ml.example.jp）" in request.said
    assert stored(office, "anzen") is None
    assert office.command(request, "承認").state == "answered"
    told = office.only_copy("member_answer")
    assert told.to == SATO
    assert "anzen-request@ml.example.jpあてに「招待" in told.said
    assert stored(office, "anzen") == MailingList(
        "anzen", "情報安全の勉強会", "closed", NOBODY, "[anzen:%05d]", moderators=(SATO,)
    )
    assert office.belongs("anzen", SATO)
    assert office.post(SATO, "anzen@ml.example.jp").state == "posted"
    assert office.post(TANAKA, "anzen@ml.example.jp").state == "rejected"


def test_the_office_may_say_no_to_a_group(office: PostOffice) -> None:
    """Then there is no list, and who asked hears of it."""
    office.write(SATO, ROBOT, OPEN)
    office.command(office.copies("office_request")[0], "却下")
    assert stored(office, "anzen") is None
    assert office.only_copy("member_answer").to == SATO


def test_an_untouched_reply_of_the_office_opens_nothing(office: PostOffice) -> None:
    """It is held, like every reply that does not say what it wants."""
    office.write(SATO, ROBOT, OPEN)
    assert office.command(office.copies("office_request")[0], "").state == "held"
    assert stored(office, "anzen") is None


def test_the_office_opens_a_group_at_once(office: PostOffice) -> None:
    """It needs nobody's leave."""
    office.write(office.site.office, ROBOT, OPEN)
    assert "開設しました" in office.only_copy("member_answer").said
    assert office.belongs("anzen", office.site.office)


def test_a_from_alone_opens_nothing(office: PostOffice) -> None:
    """Who is not vouched for is asked first, and the office hears of it only after his reply."""
    office.write(SATO, ROBOT, OPEN, proved=False)
    asked = office.only_copy("confirm_commands")
    assert "グループ「情報安全の勉強会」（anzen）を開設します。" in asked.said
    office.reply(asked, "承認します")
    assert {copy.kind for copy in office.copies()} == {"office_request", "member_answer"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("グループ開設 kaigi 会議", "すでに使われています"),
        ("グループ開設 robot 機械", "使えません"),
        ("グループ開設 kaigi-owner 会議", "使えません"),
        ("グループ開設 a--b 題名", "使えません"),
        ("グループ開設 情報安全", "英数字の名前"),
        ("グループ開設 anzen", "英数字の名前"),
        ("招待 sato", "アドレスを10件まで"),
        ("招待 kaigi", "アドレスを10件まで"),
    ],
)
def test_what_a_group_cannot_be_called(office: PostOffice, text: str, words: str) -> None:
    """A name that is taken, is an address of ours, or is none, is refused with a sentence."""
    office.write(SATO, ROBOT, text)
    assert office.only_copy("member_answer").says(words)


def test_two_who_want_the_same_name(office: PostOffice) -> None:
    """The first whom the office lets have it, has it; the other hears so."""
    office.write(SATO, ROBOT, OPEN)
    office.write(TANAKA, ROBOT, "グループ開設 anzen 安全")
    first, second = office.copies("office_request")
    office.command(second, "承認")
    office.copies()
    office.command(first, "承認")
    assert "同じ名前" in office.only_copy("member_answer").said
    found = stored(office, "anzen")
    assert found is not None
    assert found.title == "安全"
    assert not office.belongs("anzen", SATO)


# --- invitations --------------------------------------------------------------------------------------------------


def test_whom_the_moderator_invites_is_in_with_his_yes(office: PostOffice) -> None:
    """Who opened the group lets others in; an untouched reply joins nobody."""
    opened(office)
    office.write(SATO, "anzen-request@ml.example.jp", f"招待 {TANAKA}")
    asked, answer = office.copies()
    assert (asked.kind, asked.to, answer.to) == ("invite", TANAKA, SATO)
    assert "松本市佐藤花子から" in asked.said
    assert office.reply(asked, "").state == "held"
    office.copies()
    office.reply(asked, "承認")
    assert office.belongs("anzen", TANAKA)


def test_whom_a_member_invites_the_moderator_lets_in(office: PostOffice) -> None:
    """A member who is no moderator invites; the invited says yes, and then the moderator is asked."""
    opened(office)
    office.write(SATO, "anzen-request@ml.example.jp", f"招待 {TANAKA}")
    office.reply(office.copies("invite")[0], "承認")
    office.copies()
    office.write(TANAKA, "anzen-request@ml.example.jp", f"招待 {YAMADA}")
    office.reply(office.copies("invite")[0], "承認")
    assert not office.belongs("anzen", YAMADA)
    request = office.copies("office_request")[0]
    assert request.to == SATO
    office.command(request, "承認", author=SATO)
    assert office.belongs("anzen", YAMADA)


def test_moderating_goes_over_to_the_successor(office: PostOffice) -> None:
    """With everything else that belonged to the address."""
    opened(office)
    office.write(SATO, ROBOT, "後任 hanako@city.matsumoto.lg.jp 松本花子")
    office.reply(office.copies("confirm_address")[0], "承認", author="hanako@city.matsumoto.lg.jp")
    found = stored(office, "anzen")
    assert found is not None
    assert found.moderators == ("hanako@city.matsumoto.lg.jp",)
    assert office.belongs("anzen", "hanako@city.matsumoto.lg.jp")


def test_whom_the_office_invites_is_in_with_his_yes(office: PostOffice) -> None:
    """It is the office that lets in."""
    opened(office)
    office.write(office.site.office, "anzen-request@ml.example.jp", f"招待 {TANAKA} {SUZUKI}")
    for asked in office.copies("invite"):
        office.reply(asked, "承認")
    assert office.belongs("anzen", TANAKA)
    assert office.belongs("anzen", SUZUKI)


@pytest.mark.parametrize(
    ("author", "text", "words"),
    [
        (TANAKA, f"招待 {YAMADA}", "メンバーの方です"),
        (SATO, f"招待 {TANAKA} {STRANGER}", "名簿にない"),
        (SATO, f"招待 {SATO}", "すでにメンバー"),
    ],
)
def test_who_cannot_invite_or_be_invited(office: PostOffice, author: str, text: str, words: str) -> None:
    """Outsiders do not invite, strangers are not written to, members need no invitation."""
    opened(office)
    office.write(author, "anzen-request@ml.example.jp", text)
    assert office.only_copy("member_answer").says(words)


def test_an_invitation_is_nobody_elses(office: PostOffice) -> None:
    """Who got it forwarded cannot join with it."""
    opened(office)
    office.write(SATO, "anzen-request@ml.example.jp", f"招待 {TANAKA}")
    asked = office.copies("invite")[0]
    assert office.reply(asked, "承認", author=YAMADA).state == "rejected"
    assert not office.belongs("anzen", YAMADA)


def test_a_group_of_invitations_is_bounded(office: PostOffice) -> None:
    """Three mails a day that other people's mails cause are what one address gets (promises.md I30)."""
    opened(office)
    for _ in range(5):
        office.write(SATO, "anzen-request@ml.example.jp", f"招待 {TANAKA}")
    assert len(office.copies("invite")) == 3
