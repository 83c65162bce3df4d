"""A reply to an event: who comes, who waits, and who gets a place that becomes free."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from time import process_time

import pytest

from mailbot.core.events.event import begins, rsvp_of
from mailbot.flows.events.announce_event import announce_event
from mailbot.store.surveys import ledgers
from tests.flows.post_office import (
    EVENT,
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    TAKAHASHI,
    TANAKA,
    TOKYO,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
    find,
    in_english,
)

KEY = EVENT.key


@pytest.fixture
def notices(office: PostOffice) -> dict[str, Copy]:
    """The notice that each body was sent, by address; the event has room for three people."""
    office.apply(EVENT)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    return {copy.to: copy for copy in office.copies("event_notice")}


def test_an_rsvp_by_reply_with_number_and_names(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Whoever answers hears what was understood, in his thread, and can correct it by replying."""
    entry = office.reply(notices[YAMADA], "", slots={"Q1": "1", "Q2": "2名 山田太郎、鈴木花子"})
    assert entry.state == "answered"
    row = office.stands(KEY)[NAGANO].row
    assert (row.status, rsvp_of(row.answers).names) == ("attending", ("山田太郎", "鈴木花子"))
    receipt = office.only_copy("rsvp_receipt")
    assert (receipt.to, receipt.mail_from, receipt["Auto-Submitted"]) == (YAMADA, "", "auto-replied")
    assert receipt["Subject"].startswith("【出欠・ご出席】")
    assert receipt["Subject"].endswith("[N26-07]")
    assert "山田太郎" in receipt.text
    assert receipt["In-Reply-To"]


@pytest.mark.parametrize(
    ("text", "status", "people"),
    [
        ("Q1 1", "attending", 1),
        ("Q1 出席\nQ2 2名", "attending", 2),
        ("出席 1名", "attending", 1),
        ("出席　２名です。", "attending", 2),
        ("Q1 出席（2名）", "attending", 2),  # no remark: one seat would be too few
        ("2名出席します。\n\n長野市 情報政策課 山田", "attending", 2),
        ("出席 数名", "unclear", 0),
        ("出席 1名、欠席 1名", "unclear", 0),
        ("Q1 2", "declined", 0),
        ("Q1 3", "later", 0),  # the time is undecided
        ("Q1 1\nQ2 数名ほど", "unclear", 0),
        ("Q1 7", "unclear", 0),
        ("取下げ", "declined", 0),
        ("参加 2名 山田太郎、鈴木花子", "attending", 2),
        ("不参加です。", "declined", 0),
        ("時間が決まってからお返事します", "later", 0),
        ("未定です", "later", 0),
        ("参加します。2名です。", "attending", 2),
    ],
)
def test_what_a_reply_says(
    office: PostOffice, notices: dict[str, Copy], text: str, status: str, people: int
) -> None:
    """Attending, declined, later or unclear; nobody is guessed into a seat."""
    office.reply(notices[YAMADA], text)
    stands = office.stands(KEY)[NAGANO].row
    assert stands.status == status
    if status != "unclear":
        assert rsvp_of(stands.answers).people == people
    assert len(office.copies("rsvp_receipt")) == 1


@pytest.mark.parametrize(
    ("text", "people", "status"),
    [
        ("2名→1名", 1, "attending"),
        ("人数：2名→1名 山田太郎", 1, "attending"),
        ("先日参加と回答しましたが、欠席とさせてください", 0, "declined"),
        ("1名は欠席です", 2, "unclear"),
        ("I will attend, 1 person.", 1, "attending"),
        ("I might attend.", 2, "unclear"),
        ("よろしく", 2, "attending"),
    ],
)
def test_what_a_body_with_seats_says(
    office: PostOffice, notices: dict[str, Copy], text: str, people: int, status: str
) -> None:
    """A change counts; what speaks of coming and is not understood is asked about, and the seats stand; the rest is nothing."""
    office.reply(notices[YAMADA], "出席 2名 山田太郎、鈴木花子")
    office.copies()
    office.reply(notices[YAMADA], text)
    seats = {"declined": ("declined", 0)}.get(status, ("attending", people))
    assert office.seats()[NAGANO] == seats
    assert office.ledger(KEY)[-1].status == status
    assert len(office.copies("rsvp_receipt")) == (0 if text == "よろしく" else 1)


@pytest.mark.parametrize("mail", ["event_notice", "event_change"])
@pytest.mark.parametrize(
    ("text", "slots", "status", "people"),
    [
        ("出席 1名 山田太郎", None, "attending", 1),
        ("", {"Q1": "1", "Q2": "2名 山田太郎、鈴木花子"}, "attending", 2),
        ("欠席します。", None, "declined", 0),
        ("", {"Q1": "2"}, "declined", 0),
        ("時間が決まってからお返事します", None, "later", 0),
    ],
)
def test_a_reply_to_a_notice_that_offered_more(
    office: PostOffice,
    notices: dict[str, Copy],
    mail: str,
    text: str,
    slots: dict[str, str] | None,
    status: str,
    people: int,
) -> None:
    """Once the time is decided, who answers the notice with 「3. 時間が決まってから返事」 in it is read as before."""
    office.apply(replace(EVENT, starts=time(10), ends=time(15)))
    changed = {copy.to: copy for copy in office.copies("event_change")}
    office.reply({"event_notice": notices, "event_change": changed}[mail][YAMADA], text, slots=slots)
    assert office.seats()[NAGANO] == (status, people)


@pytest.mark.parametrize(
    ("plain", "page", "status", "people"),
    [
        ("", "<p>出席します。</p><p>2名です。</p>", "attending", 2),  # a gateway's plain part lost it
        ("お世話になっております。", "<p>お世話になっております。</p><p>欠席します。</p>", "declined", 0),
        ("出席します。", "<p>出席します。</p>", "attending", 1),
        ("出席します。", "<p>欠席します。</p>", "unclear", 0),
        ("出席します。", "<p><s>出席します。</s></p><p>調整します。</p>", "unclear", 0),
        ("", "<p><s>出席します。</s></p>", "unclear", 0),
    ],
)
def test_a_reply_in_two_forms(
    office: PostOffice, notices: dict[str, Copy], plain: str, page: str, status: str, people: int
) -> None:
    """What the plain form does not say is read from the HTML form, and nothing that the two say differently."""
    head, _, _ = office.reply_mail(notices[YAMADA], "").partition(b"Content-Type:")
    parts = "".join(
        f'--two\r\nContent-Type: text/{kind}; charset="utf-8"\r\n\r\n{text}\r\n'
        for kind, text in (("plain", plain), ("html", page))
    )
    body = f'Content-Type: multipart/alternative; boundary="two"\r\n\r\n{parts}--two--\r\n'
    office.hand_in(head + body.encode(), office.reply_address(notices[YAMADA]))
    assert office.seats()[NAGANO] == (status, people)


def test_a_number_alone_changes_the_number_alone(office: PostOffice, notices: dict[str, Copy]) -> None:
    """「2名に変更します」 to the receipt keeps that they come."""
    office.reply(notices[YAMADA], "参加 1名 山田太郎")
    office.reply(office.only_copy("rsvp_receipt"), "2名に変更します")
    assert office.seats() == {NAGANO: ("attending", 2)}


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("出席 2名", "例）「2名 山田太郎、鈴木花子」"),
        ("出席 1名", "例）「1名 山田太郎」"),
        ("出席", ""),
        ("出席 1名 山田太郎", ""),
        ("欠席", ""),
    ],
)
def test_who_writes_a_number_without_names_is_asked_for_them(
    office: PostOffice, notices: dict[str, Copy], text: str, example: str
) -> None:
    """The form asks for both; its slot shows the number as it was written, and the receipt sent back changes nothing."""
    office.reply(notices[YAMADA], text)
    receipt = office.only_copy("rsvp_receipt")
    assert receipt.says("お名前を、まだいただいておりません") == bool(example)
    assert receipt.says(example)
    assert "※" not in receipt.text
    seats = office.seats()
    office.reply(receipt, "確認しました。")
    assert office.seats() == seats
    if example:
        office.reply(receipt, "", slots={"Q2": "2名 山田太郎、鈴木花子"})
        assert rsvp_of(office.stands(KEY)[NAGANO].row.answers).names == ("山田太郎", "鈴木花子")


@pytest.mark.parametrize(
    "text", ["2名", "２名です。", "人数 2名", "2名 山田太郎、鈴木花子", "山田太郎、鈴木花子の2名"]
)
def test_a_number_needs_no_word_beside_it(office: PostOffice, notices: dict[str, Copy], text: str) -> None:
    """Who comes says 「2名」, with names or without: so many come; who had declined is asked, and is absent until then."""
    office.reply(notices[YAMADA], "参加 1名")
    office.reply(office.only_copy("rsvp_receipt"), text)
    assert office.seats() == {NAGANO: ("attending", 2)}
    office.copies()
    office.reply(notices[SATO], "欠席")
    entry = office.reply(office.only_copy("rsvp_receipt"), text)
    assert (entry.state, office.seats()[MATSUMOTO]) == ("answered", ("declined", 0))
    assert office.ledger(KEY, MATSUMOTO)[-1].status == "unclear"
    asked = office.only_copy("rsvp_receipt")
    assert asked["Subject"].startswith("【出欠・確認のお願い】")
    assert "ご欠席と、おいでになる人数の両方が書かれています。" in "".join(asked.text.split())
    office.reply(asked, "出席")
    assert office.seats()[MATSUMOTO][0] == "attending"


@pytest.mark.parametrize("text", ["会員2名の件です。", "当課から2名", "昨年は2名でした。"])
def test_a_number_within_other_words_is_none(office: PostOffice, notices: dict[str, Copy], text: str) -> None:
    """What else may be meant changes nothing."""
    office.reply(notices[YAMADA], "参加 1名")
    office.reply(office.only_copy("rsvp_receipt"), text)
    assert office.seats() == {NAGANO: ("attending", 1)}


def test_whoever_writes_what_a_person_must_read_hears_so(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """The office reads it; what stood before stands, and an answer by number counts at once."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 2名")
    office.only_copy("rsvp_receipt")
    assert office.reply(notices[YAMADA], "たぶん行くと思います。").state == "held"
    sent = office.copies()
    asked = find(sent, "office_held")
    assert "返送 理由" in asked.text
    assert "採用" not in asked.text, "nothing is in it that could count"
    assert office.command(asked, "採用").state == "answered"
    assert office.only_copy("office_answer").says("番号（「Q1 1」か「Q1 2」）での返信を")
    told = find(sent, "rsvp_receipt")
    assert told["Subject"] == "【出欠・事務局で確認中】第1回トピックスセミナー [N26-07]"
    assert told.says("まだ数えておりません。")
    assert told.says("先にいただいたご出席のお返事（2名）は、まだそのままです。")
    assert office.reply(told, "Q1 2").state == "answered"
    assert office.seats() == {NAGANO: ("declined", 0)}


def test_a_number_that_cannot_be_is_held_with_its_reason(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """「0名」 of one who comes: what the office reads is why, not that it was counted."""
    office.reply(notices[YAMADA], "参加 1名")
    entry = office.reply(office.only_copy("rsvp_receipt"), "0名")
    assert (entry.state, entry.reason) == (
        "held",
        "人数と氏名を読み取れませんでした。「2名 山田太郎、鈴木花子」のようにお書きください。",
    )


def test_who_will_answer_later_hears_until_when(office: PostOffice) -> None:
    """With the time decided 「未定」 takes no seat, and the receipt says by when to answer."""
    office.apply(replace(EVENT, starts=time(10), ends=time(15)))
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    copy = office.copies("event_notice")[0]
    office.reply(copy, "検討中です")
    assert office.seats() == {NAGANO: ("later", 0)}
    text = office.only_copy("rsvp_receipt").text
    assert "お席はまだお取りしておりません。" in text
    assert "2026年10月9日（金）17時00分までにお知らせください。" in text.replace("\r\n", "")


def test_a_single_word_in_the_subject_is_an_answer_to_an_invitation(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """A phone's 「出席」 in the Subject with an empty text counts (ballot.md section 8)."""
    to = office.reply_address(notices[YAMADA])
    office.hand_in(office.mail(YAMADA, to, "", "出席"), to)
    assert office.seats() == {NAGANO: ("attending", 1)}


def test_who_comes_after_the_last_seat_waits_and_so_does_everybody_behind(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """Strictly in order of arrival: a small group does not pass a large one that waits."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 2名")
    office.reply(notices[SATO], "Q1 1\nQ2 2名")
    office.reply(notices[TANAKA], "Q1 1\nQ2 1名")
    assert office.seats() == {NAGANO: ("attending", 2), MATSUMOTO: ("waiting", 2), UEDA: ("waiting", 1)}
    assert "空き待ち" in office.copies("rsvp_receipt")[1]["Subject"]


def test_a_place_that_becomes_free_goes_to_the_first_who_waits(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """He hears so at his registered address; the next waits on while there is no room for all of them."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 3名")
    office.reply(notices[SATO], "Q1 1\nQ2 2名")
    office.reply(notices[TANAKA], "Q1 1\nQ2 2名")
    office.copies()
    office.reply(notices[YAMADA], "Q1 2")
    assert office.seats() == {NAGANO: ("declined", 0), MATSUMOTO: ("attending", 2), UEDA: ("waiting", 2)}
    own, news = office.copies("rsvp_receipt")
    assert (own.to, news.to) == (YAMADA, SATO)
    assert "空きが出ました" in news.text


def test_a_change_of_mind_keeps_the_seats_that_it_still_needs(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """Who comes with fewer people stays; who wants more than there are goes to the end of the line."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 3名")
    office.reply(notices[SATO], "Q1 1\nQ2 1名")
    office.reply(notices[YAMADA], "Q1 1\nQ2 2名")
    assert office.seats() == {NAGANO: ("attending", 2), MATSUMOTO: ("attending", 1)}
    office.reply(notices[TANAKA], "Q1 1\nQ2 1名")
    assert office.seats()[UEDA] == ("waiting", 1)


def test_the_same_mail_counts_once(office: PostOffice, notices: dict[str, Copy]) -> None:
    """A second delivery is discarded (promises.md I17)."""
    mail = office.reply_mail(notices[YAMADA], "Q1 1")
    to = office.reply_address(notices[YAMADA])
    assert [office.hand_in(mail, to).state for _ in range(2)] == ["answered", "discarded"]
    assert len(office.ledger(KEY)) == 1


def pass_deadline(office: PostOffice) -> None:
    """Let the deadline for answers pass; the event has not begun."""
    office.copies()
    assert EVENT.rsvp_until is not None
    office.now = EVENT.rsvp_until


@pytest.mark.parametrize(
    ("first", "stands"),
    [
        ("Q1 1\nQ2 2名", "先にいただいたご出席のお返事（2名）は、まだそのままです。"),
        ("欠席", "先にいただいたご欠席のお返事は、まだそのままです。"),
    ],
)
def test_who_is_asked_again_hears_what_stands(
    office: PostOffice, notices: dict[str, Copy], first: str, stands: str
) -> None:
    """「まだ数えておりません」 alone reads as if the answer of before were gone; who has none hears nothing of it."""
    office.reply(notices[YAMADA], first)
    office.copies()
    office.reply(notices[YAMADA], "出席 2名\n人数：1名")
    assert stands in office.only_copy("rsvp_receipt").text
    office.reply(notices[SATO], "出席 2名\n人数：1名")
    assert "先にいただいた" not in office.only_copy("rsvp_receipt").text


@pytest.mark.parametrize("text", ["参加 3名", "Q2 3名", "検討中です"])
def test_after_the_deadline_a_reply_is_kept_but_does_not_count(
    office: PostOffice, notices: dict[str, Copy], text: str
) -> None:
    """More people, or an open question: what stood before stands on, and the sender hears so and whom to ask."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 2名")
    pass_deadline(office)
    office.reply(notices[YAMADA], text)
    office.reply(notices[SATO], "Q1 1")
    assert office.seats() == {NAGANO: ("attending", 2), MATSUMOTO: ("late", 1)}
    yamada, sato = office.copies("rsvp_receipt")
    assert all("期限後" in copy["Subject"] for copy in (yamada, sato))
    assert "先にいただいたご出席のお返事（2名）は、そのまま有効です。" in yamada.text
    assert "このメールに、「欠席」または「1名に変更します」とだけ" in yamada.text
    assert "ご出席をご希望のときは、下記のお問い合わせ先へご連絡ください。" in sato.text


def test_after_the_deadline_a_reply_that_is_not_understood_is_no_mere_late_one(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """It may give up seats: its author is asked, or told what to write, and the office reads what is prose."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 2名")
    pass_deadline(office)
    assert office.reply(notices[YAMADA], "出席 2名\n人数：1名").state == "answered"
    asked = office.only_copy("rsvp_receipt")
    assert asked["Subject"] == "【出欠・確認のお願い】第1回トピックスセミナー [N26-07]"
    assert "先にいただいたご出席のお返事（2名）は、まだそのままです。" in asked.text
    assert "このメールに、「欠席」または「1名に変更します」とだけ" in asked.text
    assert office.reply(asked, "2名か1名です").state == "held"
    told, held = office.copies()
    assert "期限後" in told["Subject"]
    assert "ご欠席のご連絡かもしれません" in held.text.replace("\r\n　", "")
    assert office.seats() == {NAGANO: ("attending", 2)}
    office.reply(told, "急な公務のため、1名に変更します。")
    assert office.seats() == {NAGANO: ("attending", 1)}


@pytest.mark.parametrize(
    ("text", "stands", "given"),
    [
        ("欠席", ("declined", 0), True),
        ("取下げ", ("declined", 0), True),
        ("1名に変更します", ("attending", 1), True),
        ("参加 3名 山田太郎、鈴木花子、佐藤一郎", ("attending", 3), False),
    ],
)
def test_who_asks_for_no_more_seats_is_heard_after_the_deadline(
    office: PostOffice, notices: dict[str, Copy], text: str, stands: tuple[str, int], given: bool
) -> None:
    """It harms nobody: a decline, fewer people or other names count, and free seats go to the first who waits."""
    office.reply(notices[YAMADA], "参加 3名")
    office.reply(notices[SATO], "参加 2名")
    pass_deadline(office)
    office.reply(notices[YAMADA], text)
    assert office.seats() == {NAGANO: stands, MATSUMOTO: ("attending" if given else "waiting", 2)}
    own, *news = office.copies("rsvp_receipt")
    assert "出欠の締切は過ぎておりますが、始まる前ですのでお受けしました。" in own.text
    assert "期限後" not in own["Subject"]
    assert [copy.to for copy in news] == [SATO] * given
    assert all("このメールに、「欠席」または「1名に変更します」とだけ" in copy.text for copy in news)


def test_who_waits_is_heard_after_the_deadline(office: PostOffice, notices: dict[str, Copy]) -> None:
    """With fewer people he keeps his place; a decline lets the next one pass."""
    office.reply(notices[YAMADA], "参加 3名")
    office.reply(notices[SATO], "参加 3名")
    office.pass_time(timedelta(minutes=1))
    office.reply(notices[TANAKA], "参加 2名")
    pass_deadline(office)
    office.reply(notices[SATO], "2名に変更します")
    assert office.seats()[MATSUMOTO] == ("waiting", 2)
    assert "始まる前ですのでお受けしました" in office.only_copy("rsvp_receipt").text
    office.reply(notices[SATO], "3名に変更します")
    assert office.seats()[MATSUMOTO] == ("waiting", 2)
    assert "お申し込み（空き待ち、2名）は、そのまま有効です" in office.only_copy("rsvp_receipt").text
    office.reply(notices[YAMADA], "1名に変更します")
    assert office.seats() == {NAGANO: ("attending", 1), MATSUMOTO: ("attending", 2), UEDA: ("waiting", 2)}


def test_a_decline_without_an_answer_before_is_heard_after_the_deadline(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """The office knows then that nobody comes; that he comes after all is late."""
    pass_deadline(office)
    office.reply(notices[YAMADA], "欠席")
    assert office.seats() == {NAGANO: ("declined", 0)}
    assert "【出欠・ご欠席】" in office.only_copy("rsvp_receipt")["Subject"]
    office.reply(notices[YAMADA], "参加")
    assert office.seats() == {NAGANO: ("declined", 0)}
    assert "先にいただいたご欠席のお返事は、そのままです。" in office.only_copy("rsvp_receipt").text


def test_once_the_event_has_begun_no_reply_counts(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Who was there is entered by the office then; no seat is given any more."""
    office.reply(notices[YAMADA], "参加 3名")
    office.reply(notices[SATO], "参加")
    office.copies()
    office.now = begins(EVENT, TOKYO)
    office.reply(notices[YAMADA], "欠席")
    assert office.seats() == {NAGANO: ("attending", 3), MATSUMOTO: ("waiting", 1)}
    receipt = office.only_copy("rsvp_receipt")
    assert "期限後" in receipt["Subject"]
    assert "すでに始まる時刻を過ぎております。" in receipt.text


def test_after_the_deadline_in_english(office: PostOffice) -> None:
    """The same rules and words that can be used as they stand in the receipt."""
    english = in_english(office)
    english.apply(EVENT)
    with english.database.write() as connection:
        announce_event(connection, english.site, KEY, 0, english.now)
    notices = {copy.to: copy for copy in english.copies("event_notice")}
    english.reply(notices[YAMADA], "attending 2 people")
    pass_deadline(english)
    english.reply(notices[YAMADA], "attending 3 people")
    assert english.seats() == {NAGANO: ("attending", 2)}
    late = english.only_copy("rsvp_receipt")
    assert 'reply to this mail with "not attending" or "attending 1 person".' in late.text
    english.reply(late, "attending 1 person")
    assert english.seats() == {NAGANO: ("attending", 1)}
    taken = english.only_copy("rsvp_receipt")
    assert "The deadline has passed, but we take this until the event begins." in taken.text
    english.reply(taken, "not attending")
    assert english.seats() == {NAGANO: ("declined", 0)}


def test_people_that_cannot_be_read_in_english(office: PostOffice) -> None:
    """The question back speaks the site's language."""
    english = in_english(office)
    english.apply(EVENT)
    with english.database.write() as connection:
        announce_event(connection, english.site, KEY, 0, english.now)
    notices = {copy.to: copy for copy in english.copies("event_notice")}
    english.reply(notices[YAMADA], "Q1 1\nQ2 a few of us")
    (asked,) = english.copies("rsvp_receipt")
    assert "We could not read the number and the names." in asked.text
    assert "読み取れません" not in asked.text


@pytest.mark.parametrize(
    ("author", "status", "told"),
    [
        ("ito@city.nagano.lg.jp", "attending", ["ito@city.nagano.lg.jp"]),  # a colleague
        (STRANGER, "unclear", [OFFICE]),
        ("kaigi@ml.example.jp", "unclear", [OFFICE]),
    ],
)
def test_who_may_answer(
    office: PostOffice, notices: dict[str, Copy], author: str, status: str, told: list[str]
) -> None:
    """A colleague may; a stranger waits for the office and is not answered (ballot.md section 10)."""
    office.reply(notices[YAMADA], "Q1 1", author)
    assert office.stands(KEY)[NAGANO].row.status == status
    assert [copy.to for copy in office.copies()] == told


def test_a_vacation_note_takes_no_seat(office: PostOffice, notices: dict[str, Copy]) -> None:
    """A machine is neither counted nor answered."""
    to = office.reply_address(notices[YAMADA])
    mail = office.mail(YAMADA, to, "不在にしております。", Auto_Submitted="auto-replied")
    assert office.hand_in(mail, to).state == "discarded"
    assert office.ledger(KEY) == []
    assert office.copies() == []


def test_an_event_without_a_limit_seats_everybody(office: PostOffice) -> None:
    """Without `capacity` nobody waits."""
    office.apply(replace(EVENT, capacity=None))
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    for copy in office.copies("event_notice"):
        office.reply(copy, "Q1 1\nQ2 50名")
    assert {status for status, _ in office.seats().values()} == {"attending"}


def test_the_ledger_of_an_event_is_chained_too(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Promotions, which no mail caused, are rows like others."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 3名")
    office.reply(notices[TAKAHASHI], "Q1 1")
    office.reply(notices[YAMADA], "Q1 2")
    rows = office.ledger(KEY)
    assert [(row.code, row.status, row.inbox_id is None) for row in rows] == [
        (NAGANO, "attending", False),
        (KARUIZAWA, "waiting", False),
        (NAGANO, "declined", False),
        (KARUIZAWA, "attending", True),
    ]
    with office.database.read() as connection:
        assert ledgers.broken_link(connection, KEY) is None


@pytest.mark.parametrize("text", ["Q1 2\nQ2 2名", "Q1 2\nQ2 2名 山田太郎、鈴木花子", "出席 0名"])
def test_nobody_and_two_people_are_asked_back(
    office: PostOffice, notices: dict[str, Copy], text: str
) -> None:
    """Who writes that nobody comes, and how many do, is asked which; nothing is recorded as a decline."""
    office.reply(notices[YAMADA], text)
    assert office.ledger(KEY, NAGANO)[-1].status == "unclear"
    (receipt,) = office.copies("rsvp_receipt")
    assert receipt["Subject"].startswith("【出欠・確認のお願い】")


def test_who_had_said_two_may_decline(office: PostOffice, notices: dict[str, Copy]) -> None:
    """People of the answer before are no contradiction to a decline, in the receipt's own form too."""
    office.reply(notices[YAMADA], "出席 2名")
    receipt = office.only_copy("rsvp_receipt")
    office.reply(receipt, "先日出席と回答しましたが、都合により欠席します。")
    assert office.seats()[NAGANO] == ("declined", 0)


@pytest.mark.parametrize(
    "text",
    ["a\n" * 300_000, "1\n" * 31_000, "出席 1名\n" * 1_499, f"出席 1名 山田{'　' * 10_000}x"],
    ids=["600 kB", "62 kB", "as many lines as are read", "blanks behind a name"],
)
def test_an_endless_reply_costs_less_than_a_second(
    office: PostOffice, notices: dict[str, Copy], text: str
) -> None:
    """Its lines were compared with all before them: 4 MB of them stopped the service for good (promises.md I7)."""
    started = process_time()
    office.reply(notices[YAMADA], text)
    assert process_time() - started < 1
