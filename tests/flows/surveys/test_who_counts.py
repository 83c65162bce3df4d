"""Whose answer counts: colleagues, deputies, strangers, delayed mail, frozen tokens, Reply All (ballot.md 10 to 13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailbot.core.members.register import Contact
from mailbot.core.surveys.survey import Question, Resolution, Share, Survey
from mailbot.flows.read_mail import read_mail
from mailbot.flows.surveys.pay_receipts import pay_receipts
from mailbot.flows.surveys.recount import recount
from mailbot.flows.surveys.remind_survey import remind_survey
from mailbot.store.mail import inbox
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    YAMADA,
    Copy,
    PostOffice,
    find,
)

COLLEAGUE, SECOND = "ito@city.nagano.lg.jp", "kato@city.nagano.lg.jp"
RESOLUTION = replace(
    SURVEY,
    key="K26-02",
    title="規約の一部改正",
    questions=(Question("Q1", "規約第5条の改正", "yesno", ("賛成", "反対", "棄権"), required=True),),
    resolution=Resolution(
        base_date=SURVEY.opens.date(),
        by_law="規約第20条",
        quorum=Share(1, 2, "electorate", more_than=True),
        thresholds=(Share(2, 3, "votes", more_than=False),),
    ),
)


def test_the_primary_approves_what_a_stranger_answered(office: PostOffice, invitation: Copy) -> None:
    """A reply from a private address waits; the primary's 承認 lets it count, as it was read, and he gets the receipt."""
    held = office.reply(invitation, "Q1 2\nQ2 1", STRANGER)
    asked = office.copies("primary_asked")[0]
    assert asked.to == YAMADA
    assert STRANGER in asked.text
    assert "Q1 利用していない" in asked.text
    assert office.stands()[NAGANO].row.version == 0
    assert office.reply(asked, "承認します。").state == "voted"
    row = office.stands()[NAGANO].row
    assert (row.status, row.version, row.answers, row.by) == (
        "counted",
        1,
        {"Q1": ("2",), "Q2": ("1",)},
        YAMADA,
    )
    assert not office.stands()[NAGANO].held
    assert office.only_copy("vote_receipt").to == YAMADA
    with office.database.read() as connection:
        entry = inbox.entry(connection, held.id)
    assert entry is not None
    assert entry.state == "voted"


def test_the_stranger_cannot_approve_himself(office: PostOffice, invitation: Copy) -> None:
    """A word of approval counts from the primary alone."""
    office.reply(invitation, "Q1 2", STRANGER)
    (asked,) = office.copies("primary_asked")
    assert office.reply(asked, "承認", STRANGER).state == "held"
    assert office.stands()[NAGANO].row.version == 0


def test_a_deputy_may_not_replace_but_the_primary_may_let_him(office: PostOffice, invitation: Copy) -> None:
    """差替 counts the deputy's answer in place of the primary's; the one before stays in the ledger."""
    office.reply(invitation, "Q1 2")
    office.copies()
    office.reply(invitation, "Q1 1", SUZUKI)
    asked = office.only_copy("primary_asked")
    assert "Q1 利用している" in asked.text
    office.reply(asked, "差替")
    row = office.stands()[NAGANO].row
    assert (row.answers, row.version, row.by) == ({"Q1": ("1",)}, 2, YAMADA)
    assert [one.status for one in office.ledger()] == ["counted", "held", "counted"]


def test_keep_leaves_it_as_it_was(office: PostOffice, invitation: Copy) -> None:
    """そのまま: the earlier answer stands, nothing waits any more, and a later word changes nothing."""
    office.reply(invitation, "Q1 2")
    office.copies()
    office.reply(invitation, "Q1 1", SUZUKI)
    asked = office.only_copy("primary_asked")
    assert asked.says("下の理由により、まだ数えておりません")
    office.pass_time(timedelta(hours=1))
    office.reply(asked, "そのままでお願いします")
    kept = office.only_copy("vote_receipt")
    assert (kept.to, kept.mail["Subject"]) == (YAMADA, f"【調査・変更なし】{SURVEY.title} [{SURVEY.key}]")
    assert "これまでのまま（第1版、6月18日 10時00分）です。" in kept.text
    assert "【Q1回答】[ 2 ]" in kept.text
    stands = office.stands()[NAGANO]
    assert (stands.row.answers, stands.row.version, stands.held) == ({"Q1": ("2",)}, 1, False)
    office.reply(asked, "差替")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",)}


def test_keep_where_nothing_was_counted_before(office: PostOffice, invitation: Copy) -> None:
    """そのまま about a stranger's reply: it is left aside, and the primary reads that nothing has come of his body yet."""
    office.reply(invitation, "Q1 2", STRANGER)
    (asked,) = office.copies("primary_asked")
    office.reply(asked, "そのまま")
    kept = office.only_copy("vote_receipt")
    assert "まだ受け付けておりません" in kept.text
    assert "【Q1回答】[　　]" in kept.text
    assert office.stands()[NAGANO].row.version == 0


def test_two_colleagues_with_different_answers_within_ten_minutes(
    office: PostOffice, invitation: Copy
) -> None:
    """The second one waits for the primary; later it would simply count (ballot.md section 11)."""
    office.reply(invitation, "Q1 2", COLLEAGUE)
    office.copies()
    office.pass_time(timedelta(minutes=5))
    office.reply(invitation, "Q1 1", SECOND)
    assert [copy.to for copy in office.copies()] == [YAMADA]
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",)}
    office.pass_time(timedelta(minutes=11))
    office.reply(invitation, "Q1 3", SECOND)
    assert office.stands()[NAGANO].row.answers == {"Q1": ("3",)}
    assert {copy.to for copy in office.copies("vote_receipt")} == {SECOND, COLLEAGUE, YAMADA}


def test_one_person_may_correct_himself_at_once(office: PostOffice, invitation: Copy) -> None:
    """A correction within ten minutes by the same person counts."""
    office.reply(invitation, "Q1 2", COLLEAGUE)
    office.reply(invitation, "Q1 1", COLLEAGUE)
    assert office.stands()[NAGANO].row.answers == {"Q1": ("1",)}


def test_whoever_answered_before_hears_of_the_change(office: PostOffice, invitation: Copy) -> None:
    """A hijack is noticed: the deputy whose answer is replaced gets the receipt as well."""
    office.reply(invitation, "Q1 2", SUZUKI)
    office.copies()
    office.pass_time(timedelta(hours=1))
    office.reply(invitation, "Q1 1")
    assert {copy.to for copy in office.copies("vote_receipt")} == {YAMADA, SUZUKI}


@pytest.mark.parametrize(
    ("author", "addressed"), [(SUZUKI, "長野市 情報政策課 鈴木一郎様"), (COLLEAGUE, "長野市 ご担当者様")]
)
def test_each_reads_the_receipt_under_his_own_name(
    office: PostOffice, invitation: Copy, author: str, addressed: str
) -> None:
    """Who answers a ballot made out to another is not addressed by that one's name; whose ballot it is hears of it."""
    office.reply(invitation, "Q1 2", author)
    first = {copy.to: copy.text.splitlines()[0] for copy in office.copies("vote_receipt")}
    assert first == {author: addressed, YAMADA: "長野市 情報政策課 山田太郎様"}


def test_a_mail_written_before_the_counted_answer_waits(office: PostOffice, invitation: Copy) -> None:
    """Delayed for hours on its way, it does not overtake what was written after it (ballot.md section 11)."""
    earlier = office.reply_mail(invitation, "Q1 1")
    office.pass_time(timedelta(hours=2))
    office.reply(invitation, "Q1 2")
    office.copies()
    office.hand_in(earlier, office.reply_address(invitation))
    stands = office.stands()[NAGANO]
    assert (stands.row.answers, stands.held) == ({"Q1": ("2",)}, True)
    assert office.ledger()[-1].rule == "11 delayed"
    asked = office.only_copy("primary_asked")
    office.reply(asked, "差替")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("1",)}


def test_the_last_that_came_counts_in_whatever_order_they_are_read(
    office: PostOffice, invitation: Copy
) -> None:
    """Another node, or one whose sender was looked at for less long, reads the correction first (promises.md I18)."""
    first = office.store(office.reply_mail(invitation, "Q1 1"), office.reply_address(invitation))
    office.now += timedelta(milliseconds=5)
    office.reply(invitation, "Q1 2")
    office.copies()
    read_mail(office.database, office.site, first, office.now)
    stands = office.stands()[NAGANO]
    assert (stands.row.answers, stands.held) == ({"Q1": ("2",)}, True)
    assert office.ledger()[-1].rule == "11 overtaken"
    assert "先に届いた" in office.only_copy("primary_asked").text
    with office.database.read() as connection:
        assert recount(connection, office.site, SURVEY.key).differences == ()


def test_a_clock_a_little_slow_does_no_harm(office: PostOffice, invitation: Copy) -> None:
    """Less than half an hour is no delay."""
    earlier = office.reply_mail(invitation, "Q1 1")
    office.pass_time(timedelta(minutes=29))
    office.reply(invitation, "Q1 2")
    office.hand_in(earlier, office.reply_address(invitation))
    assert office.stands()[NAGANO].row.answers == {"Q1": ("1",)}


def test_a_token_seen_from_three_domains_is_frozen(office: PostOffice, invitation: Copy) -> None:
    """From then on nothing counts with it, the office knows, and 再送 from the registered address brings a new one."""
    office.reply(invitation, "Q1 2", "a@one.example")
    office.reply(invitation, "Q1 2", "b@two.example")
    told = [copy for copy in office.copies() if copy.to == OFFICE]
    assert any("受付を止めております" in "".join(copy.text.split()) for copy in told)
    office.reply(invitation, "Q1 1")
    assert office.stands()[NAGANO].row.version == 0
    assert "再送" in office.copies("vote_receipt")[0].text
    office.reply(invitation, "再送")
    fresh = office.only_copy("fresh_ballot")
    assert office.reply_address(fresh) != office.reply_address(invitation)
    office.reply(fresh, "Q1 3")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("3",)}
    office.copies()
    office.pass_time(timedelta(hours=1))
    office.reply(invitation, "Q1 2")  # the old token
    assert office.stands()[NAGANO].row.answers == {"Q1": ("3",)}
    assert office.reply_address(office.only_copy("fresh_ballot")) == office.reply_address(fresh)


def test_five_domains_change_nothing(office: PostOffice, invitation: Copy) -> None:
    """A token that was handed round counts for nobody."""
    for number in range(5):
        office.reply(invitation, f"Q1 {1 + number % 3}", f"x@d{number}.example")
    assert office.stands()[NAGANO].row.version == 0
    assert {row.status for row in office.ledger()} == {"held"}


def test_reply_all_counts_and_the_sender_is_told(office: PostOffice, invitation: Copy) -> None:
    """The answers that also went to a list and to another body count; the receipt asks to write to us alone."""
    to = office.reply_address(invitation)
    mail = office.reply_mail(invitation, "Q1 2").replace(
        f"To: {to}".encode(),
        f"To: {to}, {SATO}\r\nCc: security@ml.example.jp, friend@elsewhere.example".encode(),
    )
    office.hand_in(mail, to)
    assert office.stands()[NAGANO].row.status == "counted"
    assert "（2件）" in office.only_copy("vote_receipt").text


def test_after_the_second_question_back_the_office_asks(office: PostOffice, invitation: Copy) -> None:
    """Two ask-backs for a body and survey; the third reply is acknowledged, and is the office's (ballot.md section 8)."""
    for _ in range(2):
        office.reply(invitation, "Q1 9")
        assert "もう一度お答えください" in office.only_copy("vote_receipt").text
    office.reply(invitation, "Q1 8")
    receipt = office.only_copy("vote_receipt")
    assert "事務局からお電話など" in receipt.text


def test_who_was_not_told_for_the_limit_is_told_the_last_state_later(
    office: PostOffice, invitation: Copy
) -> None:
    """Twelve replies from one address: five receipts, and one more when the hour is over (ballot.md section 13)."""
    for number in range(12):
        office.reply(invitation, f"Q1 {1 + number % 3}")
    assert len(office.copies("vote_receipt")) == 5
    with office.database.write() as connection:
        assert pay_receipts(connection, office.site, office.now) == 0
    office.pass_time(timedelta(minutes=61))
    with office.database.write() as connection:
        assert pay_receipts(connection, office.site, office.now) == 1
        assert pay_receipts(connection, office.site, office.now) == 0
    receipt = office.only_copy("vote_receipt")
    assert "第12版" in receipt.text
    assert office.stands()[NAGANO].row.version == 12


def test_while_the_primary_is_away_the_deputy_is_reminded(office: PostOffice, invitation: Copy) -> None:
    """A vacation note with its last day sends the reminder to the deputy until then (ballot.md section 13)."""
    to = office.reply_address(invitation)
    note = office.mail(YAMADA, to, "6月25日（木）まで不在にしております。", Auto_Submitted="auto-replied")
    office.hand_in(note, to)
    assert office.copies() == []
    with office.database.write() as connection:
        remind_survey(connection, office.site, SURVEY.key, office.now)
    reminded = {copy.to: copy.text.splitlines()[0] for copy in office.copies("reminder")}
    assert reminded[SUZUKI] == "長野市 情報政策課 鈴木一郎様"
    assert YAMADA not in reminded
    office.pass_time(timedelta(days=10))
    with office.database.write() as connection:
        remind_survey(connection, office.site, SURVEY.key, office.now)
    assert YAMADA in {copy.to for copy in office.copies("reminder")}


def test_who_has_moved_on_sends_the_ballot_to_the_next_address(office: PostOffice, invitation: Copy) -> None:
    """異動しました: the office has a task, and the body's other contact gets a ballot (ballot.md section 8)."""
    assert office.reply(invitation, "4月に異動しました。後任は伊藤です。").state == "held"
    assert SUZUKI in {copy.to for copy in office.copies("fresh_ballot")}


def test_who_names_a_successor_hears_that_it_was_read(office: PostOffice, invitation: Copy) -> None:
    """「担当変更」 is the office's task, which says what ends it; nothing of it stands in the ledger."""
    entry = office.reply(invitation, "担当変更 伊藤次郎 jiro@city.nagano.lg.jp")
    assert (entry.state, office.ledger()) == ("held", [])
    sent = office.copies()
    noted = find(sent, "vote_receipt")
    assert (noted.to, noted["Subject"].partition("】")[0]) == (YAMADA, "【調査・事務局で確認中")
    assert noted.says("担当の方の変更のご連絡と承りました。")
    assert find(sent, "office_held").says("名簿を直してから、「破棄」で片付けてください。")


def test_an_answer_in_the_subject_alone_is_for_the_office(office: PostOffice, invitation: Copy) -> None:
    """It is held, with its reason, and counts for nothing by itself."""
    mail = office.mail(YAMADA, "x", "", subject=f"Re: {invitation['Subject']} Q1 2")
    entry = office.hand_in(mail, office.reply_address(invitation))
    assert (entry.state, office.ledger()[-1].rule) == ("held", "8 subject")


def test_persons_vote_for_themselves_where_the_survey_says_so(office: PostOffice) -> None:
    """With `count: person` each contact has a vote, and a colleague's reply to it waits for its owner."""
    invitations = office.open_survey(replace(SURVEY, unit="person"))
    assert set(invitations) == {contact.email for contact in CONTACTS}
    office.reply(invitations[YAMADA], "Q1 1")
    office.reply(invitations[SUZUKI], "Q1 2")
    rows = office.ledger()
    assert [(row.status, row.version, row.answers["Q1"]) for row in rows] == [
        ("counted", 1, ("1",)),
        ("counted", 1, ("2",)),
    ]
    office.copies()
    office.reply(invitations[SUZUKI], "Q1 3", YAMADA)
    assert office.ledger()[-1].status == "held"
    assert office.only_copy("primary_asked").to == SUZUKI


@pytest.mark.parametrize(
    ("author", "status", "rule", "told"),
    [
        (YAMADA, "counted", "8 counted", {YAMADA, SUZUKI}),
        (SUZUKI, "held", "11 not-entitled", {YAMADA}),
        (COLLEAGUE, "held", "10 level 2", {YAMADA}),
        (STRANGER, "held", "10 level 1", {YAMADA, OFFICE}),
    ],
)
def test_who_may_vote_in_a_resolution(
    office: PostOffice, author: str, status: str, rule: str, told: set[str]
) -> None:
    """Only the entitled voter; everybody registered hears of it, and all others wait (ballot.md sections 10 and 11)."""
    invitation = office.open_survey(RESOLUTION)[YAMADA]
    office.reply(invitation, "Q1 1", author)
    (row,) = office.ledger(RESOLUTION.key)
    assert (row.status, row.rule) == (status, rule)
    assert {copy.to for copy in office.copies()} == told


def test_the_voter_approves_a_colleagues_vote(office: PostOffice) -> None:
    """承認 of the entitled voter lets the colleague's vote in a resolution count."""
    invitation = office.open_survey(RESOLUTION)[YAMADA]
    office.reply(invitation, "Q1 1", COLLEAGUE)
    office.reply(office.only_copy("primary_asked"), "承認")
    row = office.stands(RESOLUTION.key)[NAGANO].row
    assert (row.status, row.answers, row.by) == ("counted", {"Q1": "yes"}, YAMADA)


def test_a_mailbox_of_two_bodies_is_told_for_each(office: PostOffice) -> None:
    """The limit of receipts counts by address, the votes by body."""
    shared = Contact(BODIES[1].code, YAMADA, "山田太郎", "", 1)
    office.register(BODIES, [*(one for one in CONTACTS if one.code != BODIES[1].code), shared])
    survey: Survey = replace(SURVEY, title="共有")
    office.apply(survey)
    office.open_survey(survey)
    two = [copy for copy in office.all_copies() if copy.kind == "invitation" and copy.to == YAMADA]
    for copy in two:
        office.reply(copy, "Q1 1")
    assert len(office.stands()) == 2


def test_what_did_not_count_is_not_in_the_next_ballot(office: PostOffice, invitation: Copy) -> None:
    """A receipt or fresh ballot prints what counts; a stranger's held answer is in no slot of it."""
    office.reply(invitation, "Q1 1", "a@one.example")
    office.reply(invitation, "Q1 2", "b@two.example")
    office.reply(invitation, "再送")
    for copy in office.copies("fresh_ballot") + office.copies("vote_receipt"):
        assert "[ 1 ]" not in copy.text
        assert "[ 2 ]" not in copy.text


def test_a_resolution_opened_before_its_base_date_names_the_day_of_its_opening(office: PostOffice) -> None:
    """No ballot names a base date that has not come; the definition file's own stays no change."""
    resolution = RESOLUTION.resolution
    assert resolution is not None
    later = replace(
        RESOLUTION, resolution=replace(resolution, base_date=SURVEY.opens.date() + timedelta(days=5))
    )
    office.now = SURVEY.opens - timedelta(days=3)
    invitation = office.open_survey(later)[YAMADA]
    assert "基準日　　　2026年6月15日" in invitation.text
    assert office.apply(later) == ()
