"""A post: who may write where, what goes out, and that the same mail goes out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from mailbot.core.lists.moderation import SAME_WORDS
from mailbot.core.office.desk_sentences import mail_name
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.runs.keep_up import keep_up
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import InboxEntry
from tests.flows.post_office import (
    OFFICE,
    SATO,
    SECURITY,
    STRANGER,
    SUZUKI,
    TAKAHASHI,
    TANAKA,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)

EVERYONE = {YAMADA, SUZUKI, SATO, TANAKA, TAKAHASHI}
SECTION = {YAMADA, SUZUKI, SATO}


@pytest.mark.parametrize(
    ("to", "author", "state", "told"),
    [
        ("security", YAMADA, "posted", SECTION),
        ("security", OFFICE, "posted", SECTION),
        ("security", TANAKA, "rejected", {TANAKA}),  # registered, but no member
        ("security", STRANGER, "held", {OFFICE}),
        ("kaigi", TANAKA, "posted", EVERYONE),
        ("kaigi", OFFICE, "posted", EVERYONE),
        ("kaigi", STRANGER, "held", {OFFICE}),
        ("news", OFFICE, "posted", EVERYONE),
        ("news", YAMADA, "posted", EVERYONE),  # named under `posters`
        ("news", TANAKA, "rejected", {TANAKA}),
        ("news", STRANGER, "held", {OFFICE}),
    ],
)
def test_who_may_post_where(office: PostOffice, to: str, author: str, state: str, told: set[str]) -> None:
    """Each preset lets the right people post; a registered author hears why not, a stranger waits for the office."""
    assert office.post(author, f"{to}@ml.example.jp").state == state
    assert {copy.to for copy in office.copies()} == told


def test_a_post_goes_to_every_member_with_a_return_path_of_its_own(office: PostOffice) -> None:
    """The author gets a copy, too; Subject, From and Reply-To are the list's, the body ends with the footer."""
    assert office.post(f"Taro <{YAMADA}>", subject="Re: 返信: 点検").reason == "post 1 to 3 members"
    copies = office.copies("post")
    assert [copy["Subject"] for copy in copies] == ["[security:00001] Re: 点検"] * 3
    assert {copy.mail_from for copy in copies} == {"security-bounces"}
    first = copies[0]
    assert first.mail["From"].addresses[0].addr_spec == "security@ml.example.jp"
    assert "山田太郎（長野市）" in first["From"]
    assert first["Reply-To"].endswith("security@ml.example.jp")
    assert "本文です。" in first.text
    assert first.text.rstrip().endswith("部会の窓口は事務局です。")


def test_posts_are_numbered_in_their_order(office: PostOffice) -> None:
    """Each list has numbers of its own; a post that is refused takes none."""
    office.post(YAMADA)
    office.post(TANAKA)
    office.post(SATO)
    office.post(SATO, "kaigi@ml.example.jp")
    subjects = {copy["Subject"].partition(" ")[0] for copy in office.copies("post")}
    assert subjects == {"[security:00001]", "[security:00002]", "[kaigi:00001]"}
    with office.database.read() as connection:
        assert lists.last_number(connection, "security") == 2


def test_the_same_mail_goes_out_once(office: PostOffice) -> None:
    """Same Message-ID and content, by whatever way: discarded with its reason (promises.md I13)."""
    mail = office.mail(YAMADA, "security@ml.example.jp")
    assert office.hand_in(mail, "security@ml.example.jp").state == "posted"
    again = office.hand_in(b"Received: from elsewhere\r\n" + mail, "security@ml.example.jp")
    assert again.state == "discarded"
    assert "すでに" in again.reason
    assert len(office.copies("post")) == 3


def test_the_same_mail_to_two_lists_goes_out_at_both(office: PostOffice) -> None:
    """What one list has sent does not stop another."""
    mail = office.mail(YAMADA, "security@ml.example.jp, kaigi@ml.example.jp")
    assert office.hand_in(mail, "security@ml.example.jp").state == "posted"
    assert office.hand_in(mail, "kaigi@ml.example.jp").state == "posted"


@pytest.mark.parametrize(
    ("fields", "state", "words"),
    [
        ({"X_Loop": "security@ml.example.jp"}, "held", "輪"),
        ({"List_Id": "部会 <security.ml.example.jp>"}, "held", "輪"),
        ({"List_Post": "<mailto:security@ml.example.jp>"}, "held", "輪"),
        (
            {"Received": "from a by ml.example.jp with ESMTP", "Delivered_To": "Security@ml.example.jp"},
            "held",
            "輪",
        ),
        ({"List_Id": "<other.ml.example.jp>"}, "posted", "post 1"),
        ({"Delivered_To": "yamada@city.nagano.lg.jp"}, "posted", "post 1"),
        ({"Auto_Submitted": "auto-replied"}, "discarded", "自動応答"),
        ({"Auto_Submitted": "no"}, "posted", "post 1"),
        ({"Precedence": "bulk"}, "posted", "post 1"),
        ({"From": f"{YAMADA}, {SATO}"}, "held", "From"),
        (
            {"Authentication_Results": "mx.example.jp; dmarc=fail header.from=city.nagano.lg.jp"},
            "held",
            "DMARC",
        ),
        (
            {"Authentication_Results": "evil.test; dmarc=fail header.from=city.nagano.lg.jp"},
            "posted",
            "post 1",
        ),
        ({"text": "あ" * 10_000}, "rejected", "上限"),
        ({"text": "  \n "}, "rejected", "本文も"),
    ],
)
def test_a_members_post_that_is_not_simply_taken(
    office: PostOffice, fields: dict[str, str], state: str, words: str
) -> None:
    """Loops and doubtful authors are held, machines discarded, what is too large or empty refused."""
    entry = office.post(YAMADA, **fields)
    assert (entry.state, words in entry.reason) == (state, True)


def test_an_answer_that_comes_again_and_again_in_the_same_words_is_held(office: PostOffice) -> None:
    """A program that answers each mail and says nowhere that it is one: the fifth of a day waits, and another day begins anew."""
    to = "security@ml.example.jp"

    def answer(text: str) -> InboxEntry:
        reply = {"In_Reply_To": "<1@ml.example.jp>"}
        return office.hand_in(office.mail(YAMADA, to, f"{text}\n\n> {office.now}", "Re: 点検", **reply), to)

    away = "本日は不在にしております。"
    assert [answer(away).state for _ in range(SAME_WORDS)] == ["posted"] * SAME_WORDS
    assert answer("明日は出ております。").state == "posted"
    assert answer(away).state == "held"
    office.now += timedelta(days=1)
    assert answer(away).state == "posted"


def sent_in_again(office: PostOffice, copy: Copy, turn: int) -> bytes:
    """Return a post of ours as a list elsewhere sends it in that leaves author, Date and text, and nothing else of it."""
    text = f"{copy.text}\n{'-' * 20}\n別のリスト {turn}号\n"
    subject = f"[elsewhere {turn}] {copy['Subject']}"
    return office.mail(YAMADA, "security@ml.example.jp", text, subject, Date=copy["Date"])


def test_a_list_that_strips_every_mark_of_ours_does_not_loop(office: PostOffice) -> None:
    """With a Message-ID, a Subject and a footer of its own: the third mail with one Date and one beginning waits."""
    to = "security@ml.example.jp"
    states = [office.hand_in(office.mail(YAMADA, to, "議題の案です。\nご確認ください。"), to).state]
    for turn in range(6):
        copies = office.copies("post")
        if not copies:
            break
        again = sent_in_again(office, copies[0], turn)
        entry = office.hand_in(again, to, mail_from=f"elsewhere-bounces+{turn}@lists.example")
        states.append(entry.state)
    assert states[-1] == "held"
    assert len(states) <= 4
    assert "配信の輪のおそれ" in entry.reason


def test_ordinary_mails_are_no_loop(office: PostOffice) -> None:
    """The same words an hour later, several parts in one second, a program's mails, and one mail that arrives by several ways."""
    to = "security@ml.example.jp"
    second = {"Date": "Mon, 30 Nov 2026 10:00:00 +0900"}
    for number in range(5):
        assert office.post(YAMADA, to, text="同じ文面", **second).state == "posted"
        by_program = office.mail(YAMADA, to, "同じ文面", f"通知 {number}号", **second)
        assert office.hand_in(by_program, to, mail_from="monitor@city.nagano.lg.jp").state == "posted"
    for _ in range(5):
        assert office.post(YAMADA, to, text="異常はありません。", subject="監視").state == "posted"
        office.pass_time(timedelta(hours=1))
    for part in range(5):
        assert office.post(YAMADA, to, text=f"資料 その{part}").state == "posted"
    mail = office.mail(YAMADA, to, "一度だけ")
    assert [office.hand_in(mail, to).state for _ in range(4)] == ["posted", *["discarded"] * 3]
    for _ in range(4):
        assert office.post(YAMADA, to, text="日付なし", Date="").state == "posted"
    for page in range(4):  # from a scanner whose clock nobody has set
        scanned = {"Date": "Sat, 1 Jan 2000 00:00:00 +0900", "Content_Type": 'multipart/mixed; boundary="b"'}
        text = f'--b\n\nScan\n--b\nContent-Type: application/pdf; name="scan.pdf"\n\n%PDF {page}\n--b--'
        assert office.post(YAMADA, to, text=text, **scanned).state == "posted"


def test_a_vacation_note_that_says_nowhere_that_it_is_one_is_held(office: PostOffice) -> None:
    """It came because the list stands in From: nobody on the list gets it, and its machine no answer."""
    to = "security@ml.example.jp"
    for subject in ("自動返信: [security:00012] 点検", "Re: [security:00012] 不在通知"):
        assert office.hand_in(office.mail(YAMADA, to, "不在です", subject), to).state == "held"
    assert {copy.kind for copy in office.copies()} == {"office_held"}
    assert office.hand_in(office.mail(YAMADA, to, "議題", "休暇の取扱いについて"), to).state == "posted"


VOUCHED = {"Authentication_Results": "mx.example.jp; dmarc=pass header.from=city.ueda.lg.jp"}  # TANAKA


def test_a_forged_author_is_not_flooded_with_refusals(office: PostOffice) -> None:
    """Anybody can write in his name: three a day, refused or held; of whom our mail exchanger vouches for, each (I30, I14)."""
    for number in range(4):
        assert office.post(TANAKA, text=f"{number}").state == "rejected"
    assert len(office.copies("post_rejected")) == 3
    office.post(TANAKA, **VOUCHED)
    assert len(office.copies("post_rejected")) == 1


def test_fifty_one_hops_are_held(office: PostOffice) -> None:
    """More than 50 Received fields look like a loop (promises.md I13)."""
    mail = b"Received: from a by b\r\n" * 51 + office.mail(YAMADA, "security@ml.example.jp")
    assert office.hand_in(mail, "security@ml.example.jp").state == "held"


def test_a_null_sender_is_never_answered_nor_distributed(office: PostOffice) -> None:
    """A bounce sent to the list's own address is discarded without a word (promises.md I14)."""
    mail = office.mail(TANAKA, "security@ml.example.jp")
    assert office.hand_in(mail, "security@ml.example.jp", mail_from="").state == "discarded"
    assert office.copies() == []


def test_a_refusal_names_the_mail_and_the_reason_and_cannot_be_bounced(office: PostOffice) -> None:
    """The author's answer is in his thread, from the null sender, and says that a machine wrote it (RFC 3834)."""
    office.post(TANAKA, Message_ID="<mine@ueda>", subject="お願い")
    copy = office.only_copy("post_rejected")
    assert (copy.to, copy.mail_from) == (TANAKA, "")
    assert copy["In-Reply-To"] == "<mine@ueda>"
    assert copy["Auto-Submitted"] == "auto-replied"
    assert "お願い" in copy.text
    assert "メンバーだけです" in "".join(copy.text.split())


def test_at_most_five_refusals_an_hour_go_to_one_author(office: PostOffice) -> None:
    """The sixth is refused in silence, and an hour later he hears again (promises.md I14)."""
    for _ in range(6):
        assert office.post(TANAKA, **VOUCHED).state == "rejected"
    assert len(office.copies("post_rejected")) == 5
    office.pass_time(timedelta(hours=1, seconds=1))
    office.post(TANAKA, **VOUCHED)
    assert len(office.copies("post_rejected")) == 1


def test_the_office_hears_what_is_held_and_how_to_decide(office: PostOffice) -> None:
    """The mail to the office names number, author, subject and reason, but not the stranger as its sender."""
    entry = office.post(STRANGER, subject="儲かる話")
    copy = office.only_copy("office_held")
    assert copy.to == OFFICE
    assert f"mailbot held accept {entry.id}" in copy.text
    assert all(word in copy.text for word in (STRANGER, "儲かる話", "名簿にありません"))
    assert STRANGER not in copy["From"]


def test_a_flood_of_held_mail_is_no_flood_at_the_office(office: PostOffice) -> None:
    """After 30 reports in an hour the office is left alone, and the history says so."""
    entries = [office.post(STRANGER) for _ in range(31)]
    assert len(office.copies("office_held")) == 30
    with office.database.read() as connection:
        story = inbox.story(connection, entries[-1].id)
    assert any("not told again" in what for _, what in story)
    with office.database.write() as connection:  # what the office asks for, or gets by plan, still reaches it
        tell_office(connection, office.site, b"Subject: x\r\n\r\nx\r\n", office.now, kind="meeting_proposal")
    assert office.only_copy("meeting_proposal").to == OFFICE


def test_what_a_flood_kept_from_the_office_comes_in_one_mail(office: PostOffice) -> None:
    """An hour after the limit one mail names what still waits of the rest, once; its reply decides."""
    entries = [office.post(STRANGER, subject=f"件名{number:02}") for number in range(34)]
    office.copies()
    keep_up(office.database, office.site, office.now + timedelta(minutes=59))
    assert office.copies() == []
    with office.database.write() as connection:
        settle_held(connection, office.site, entries[30].id, "discard", "", office.now, by=OFFICE)
    office.pass_time(timedelta(hours=1))
    for _ in range(2):
        keep_up(office.database, office.site, office.now)
    more = office.only_copy("office_held_more")
    assert (more.to, more["Subject"]) == (OFFICE, "【要確認】ほかに3通のメールを保留しています")
    assert [number for number in range(34) if f"件名{number:02}" in more.text] == [31, 32, 33]
    office.command(more, "\n".join(f"{mail_name(entry.id)} 破棄" for entry in entries[31:]))
    assert {office.state(entry.id) for entry in entries[30:]} == {"discarded"}
    assert len(office.copies("office_answer")) == 1


@pytest.mark.parametrize("author", ["aligned", "confirm"])
def test_a_list_may_ask_more_of_its_authors(
    office: PostOffice, author: Literal["aligned", "confirm"]
) -> None:
    """`author: aligned` and `confirm` do not take a From header's word (promises.md I28)."""
    office.apply(replace(SECURITY, author=author))
    assert office.post(YAMADA).state == "held"


def test_an_aligned_author_may_post(office: PostOffice) -> None:
    """A pass that our own MX states is proof enough for `author: aligned`."""
    office.apply(replace(SECURITY, author="aligned"))
    passed = "mx.example.jp; dmarc=pass header.from=city.nagano.lg.jp"
    assert office.post(YAMADA, Authentication_Results=passed).state == "posted"


def test_a_list_without_members_takes_posts(office: PostOffice) -> None:
    """A post to nobody is numbered and kept, and breaks nothing."""
    office.apply(replace(KAIGI_EMPTY))
    assert office.post(TANAKA, "empty@ml.example.jp").reason == "post 1 to 0 members"


KAIGI_EMPTY = replace(
    SECURITY, name="empty", preset="open", members=replace(SECURITY.members, tags=("nobody",))
)


def test_english_sentences_where_the_site_is_english(office: PostOffice) -> None:
    """The reasons follow the site's language."""
    assert in_english(office).post(TANAKA).reason.startswith("Only members of security")
