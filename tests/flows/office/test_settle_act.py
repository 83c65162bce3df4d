"""What needs two persons gets two: asked by one, done once on another's 承認, given up on 差戻し or by time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Resolution, Share, Survey
from mailbot.core.surveys.two_persons import Act, Order, Word
from mailbot.flows.office.ask_second_person import Done, Waiting, request_act
from mailbot.flows.office.settle_act import Undecided, expire_acts, settle_act
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.open_survey import open_survey
from mailbot.flows.surveys.publish_survey import publish_survey
from mailbot.flows.surveys.recount import recount
from mailbot.flows.surveys.send_draft import send_draft
from mailbot.store.office import acts
from mailbot.store.office.acts import StoredAct
from mailbot.store.surveys import ledgers, surveys
from mailbot.store.tables import delivery
from tests.flows.post_office import (
    NAGANO,
    NOW,
    OFFICE,
    SATO,
    STRANGER,
    SURVEY,
    TOKYO,
    YAMADA,
    Copy,
    PostOffice,
)

CHAIR, DEPUTY, THIRD = "chair@example.jp", "deputy@example.jp", "third@example.jp"
MOTION = replace(SURVEY.questions[0], type="yesno", options=("賛成", "反対", "棄権"), text="規約第5条の改正")
RESOLUTION = replace(
    SURVEY,
    key="K26-02",
    title="規約の一部改正",
    questions=(MOTION,),
    reminders=(),
    publish_at="hand",
    resolution=Resolution(
        date(2026, 6, 1),
        "規約第12条",
        Share(1, 2, "electorate", more_than=True),
        (Share(2, 3, "votes", more_than=False),),
    ),
)
APPROVED = replace(SURVEY, approvers=(CHAIR,))
SEALED = replace(SURVEY, mode="sealed")


@pytest.fixture
def two(office: PostOffice) -> PostOffice:
    """An installation whose configuration names three people of the office."""
    office.site = replace(office.site, desk=(CHAIR, DEPUTY, THIRD))
    return office


def request(
    office: PostOffice, act: Act, by: str = COMMAND_LINE, key: str = RESOLUTION.key, **detail: str
) -> Done | Waiting:
    """Ask for an act, as the command line does."""
    with office.database.write() as connection:
        return request_act(connection, office.site, Order(key, act, detail, by), office.now)


def state(office: PostOffice, key: str = RESOLUTION.key) -> str:
    """Return where a survey stands."""
    with office.database.read() as connection:
        stored = surveys.load(connection, key)
    assert stored is not None
    return stored.state


def history(office: PostOffice, key: str = RESOLUTION.key) -> list[tuple[str, str, str]]:
    """Return act, state and who decided, of every act."""
    with office.database.read() as connection:
        return [(one.act, one.state, one.decided_by) for one in acts.every(connection, key)]


def newest(office: PostOffice, key: str = RESOLUTION.key) -> StoredAct:
    """Return the newest act."""
    with office.database.read() as connection:
        return acts.every(connection, key)[-1]


def asked(office: PostOffice) -> dict[str, Copy]:
    """Return the mails that ask for approval, by address."""
    return {copy.to: copy for copy in office.copies() if copy.kind == "office_act"}


def opened(office: PostOffice, survey: Survey = RESOLUTION) -> dict[str, Copy]:
    """Open a survey that needs two persons, and return each body's invitation."""
    office.apply(survey)
    request(office, "open", CHAIR, survey.key)
    word = asked(office).get(DEPUTY)
    if word is not None:
        office.command(word, "承認")
    return {copy.to: copy for copy in office.copies() if copy.kind == "invitation"}


# --- asked, approved, done ----------------------------------------------------------------------------------------


def test_a_resolution_opens_when_a_second_person_has_approved(two: PostOffice) -> None:
    """The others get the whole text, to how many it goes and until when; one 承認 opens it, and all hear of it."""
    two.apply(RESOLUTION)
    waiting = request(two, "open", CHAIR)
    assert isinstance(waiting, Waiting)
    assert waiting.of == (DEPUTY, THIRD)
    assert state(two) == "planned"
    mails = asked(two)
    assert set(mails) == {DEPUTY, THIRD}
    text = mails[DEPUTY].said
    assert "送り先4団体" in text
    assert "締切2026年7月2日（木）17時00分" in text
    assert "規約第5条の改正" in text
    assert "1.賛成" in text
    assert mails[DEPUTY]["Subject"].endswith("[K26-02]")
    entry = two.command(mails[DEPUTY], "承認します。")
    assert entry.state == "answered"
    assert state(two) == "open"
    copies = two.copies()
    assert len([copy for copy in copies if copy.kind == "invitation"]) == 4
    assert {(copy.kind, copy.to) for copy in copies if copy.kind.startswith("office")} == {
        ("office_answer", DEPUTY),
        ("office_act_settled", CHAIR),
        ("office_act_settled", THIRD),
    }
    assert history(two) == [("open", "approved", DEPUTY)]


def test_it_is_done_once(two: PostOffice) -> None:
    """The second 承認, by whoever was asked too, does nothing and says who was first."""
    two.apply(RESOLUTION)
    request(two, "open", CHAIR)
    mails = asked(two)
    two.command(mails[DEPUTY], "承認")
    two.copies()
    two.command(mails[THIRD], "承認")
    copies = two.copies()
    assert [copy.kind for copy in copies] == ["office_answer"]
    assert f"もう決まっています（承認済み、{DEPUTY}）" in copies[0].said


@pytest.mark.parametrize("author", [CHAIR, THIRD, STRANGER, "CHAIR@EXAMPLE.JP"])
def test_nobody_approves_with_another_person_s_word(two: PostOffice, author: str) -> None:
    """The asker, with a mail that a colleague forwarded, least of all."""
    two.apply(RESOLUTION)
    request(two, "open", CHAIR)
    word = asked(two)[DEPUTY]
    assert two.command(word, "承認", author).state == "held"
    assert state(two) == "planned"
    two.command(word, "承認")
    assert state(two) == "open"


@pytest.mark.parametrize(
    ("asked_by", "by", "why"),
    [
        (CHAIR, CHAIR, "ご自分では承認できません"),
        (CHAIR, OFFICE, "お願いをお送りした方だけ"),
        (COMMAND_LINE, OFFICE, "お願いをお送りした方だけ"),
    ],
)
def test_a_word_of_the_asker_or_of_one_not_asked_decides_nothing(
    two: PostOffice, asked_by: str, by: str, why: str
) -> None:
    """Even if such a word came about, it is the person that counts: where people are named, the shared mailbox is none."""
    two.apply(RESOLUTION)
    request(two, "open", asked_by)
    with two.database.write() as connection:
        word = Word(approve=True, note="", by=by, received_at=two.now)
        settled = settle_act(connection, two.site, acts.waiting(connection)[0].id, word, two.now)
    assert isinstance(settled, Undecided)
    assert why in settled.sentence
    assert state(two) == "planned"


def test_a_forged_approval_is_held(two: PostOffice) -> None:
    """Without the word of our own mail exchanger From proves nothing (promises.md I28)."""
    two.apply(RESOLUTION)
    request(two, "open", CHAIR)
    word = asked(two)[DEPUTY]
    assert two.reply(word, "承認").state == "held"
    assert state(two) == "planned"


def test_an_approval_that_only_stands_in_the_quotation(two: PostOffice) -> None:
    """Our own example of it, sent back, approves nothing."""
    two.apply(RESOLUTION)
    request(two, "open", CHAIR)
    word = asked(two)[DEPUTY]
    stated = b"Authentication-Results: mx.example.jp; dmarc=pass header.from=example.jp\r\n"
    two.hand_in(stated + two.mail(DEPUTY, "x", word.text), two.reply_address(word))
    assert state(two) == "planned"


def test_sent_back(two: PostOffice) -> None:
    """「差戻し 理由」: it is not done, the asker reads why, and it cannot be approved any more."""
    two.apply(RESOLUTION)
    request(two, "open", CHAIR)
    mails = asked(two)
    two.command(mails[THIRD], "差戻し 第5条の数字が違います")
    copies = {copy.to: copy for copy in two.copies() if copy.kind == "office_act_settled"}
    assert set(copies) == {CHAIR, DEPUTY}
    assert "第5条の数字が違います" in copies[CHAIR].text
    assert "差戻し" in copies[CHAIR]["Subject"]
    two.command(mails[DEPUTY], "承認")
    assert state(two) == "planned"
    assert history(two) == [("open", "rejected", THIRD)]


def test_a_changed_survey_needs_a_new_request(two: PostOffice) -> None:
    """What was shown must be what is done: a survey that was changed since is not opened (digest)."""
    two.apply(RESOLUTION)
    request(two, "open", CHAIR)
    mails = asked(two)
    two.apply(replace(RESOLUTION, title="規約の全部改正"))
    two.command(mails[DEPUTY], "承認")
    assert state(two) == "planned"
    answer = next(copy for copy in two.copies() if copy.kind == "office_answer")
    assert "書面表決の内容が変わった" in answer.said
    assert history(two) == [("open", "expired", "")]


def test_a_request_is_given_up_after_a_week(two: PostOffice) -> None:
    """Nobody answered: it is reported to all concerned once, and a late 承認 does nothing."""
    two.apply(replace(RESOLUTION, closes=datetime(2026, 7, 30, 17, 0, tzinfo=TOKYO)))
    request(two, "open", CHAIR)
    mails = asked(two)
    two.pass_time(timedelta(days=7))
    with two.database.write() as connection:
        assert expire_acts(connection, two.site, two.now) == 0
    two.pass_time(timedelta(seconds=1))
    with two.database.write() as connection:
        assert expire_acts(connection, two.site, two.now) == 1
        assert expire_acts(connection, two.site, two.now) == 0
    assert {copy.to for copy in two.copies() if copy.kind == "office_act_settled"} == {CHAIR, DEPUTY, THIRD}
    two.command(mails[DEPUTY], "承認")
    assert state(two) == "planned"
    assert "7日を過ぎた" in two.only_copy("office_answer").said


def test_a_request_that_makes_no_sense_any_more(two: PostOffice) -> None:
    """The survey closed by its plan while an early close waited: given up, and said so."""
    opened(two)
    request(two, "close", CHAIR)
    word = asked(two)[DEPUTY]
    two.now = RESOLUTION.closes - timedelta(minutes=1)
    with two.database.write() as connection:
        surveys.set_closed(connection, RESOLUTION.key, two.now)
        assert expire_acts(connection, two.site, two.now) == 1
    two.copies()
    assert newest(two).state == "expired"
    assert word.to == DEPUTY


# --- which acts ---------------------------------------------------------------------------------------------------


def test_closing_and_extending_a_resolution_by_mail(two: PostOffice) -> None:
    """A command waits for the second person, who is told until when and to how many; then it is done."""
    invitations = opened(two)
    assert len(invitations) == 4
    two.post(STRANGER)
    told = two.copies("office_held")[-1]
    two.command(told, "延期 K26-02 7/9", OFFICE)
    mails = asked(two)
    assert set(mails) == {CHAIR, DEPUTY, THIRD}
    assert "新しい締切2026年7月9日（木）17時00分" in mails[CHAIR].said
    two.command(mails[CHAIR], "承認")
    with two.database.read() as connection:
        stored = surveys.load(connection, RESOLUTION.key)
    assert stored is not None
    assert stored.survey.closes.day == 9
    answer = next(copy for copy in two.copies() if copy.kind == "office_answer")
    later = replace(RESOLUTION, closes=stored.survey.closes + timedelta(days=1))
    with pytest.raises(Refusal, match=r"put `closes` back to 2026-07-09 17:00.*surveys extend K26-02"):
        two.apply(later)  # that would be one person's word
    assert two.apply(RESOLUTION) == ()  # the file has not followed
    two.reply(invitations[YAMADA], "条件付き賛成です。")
    two.copies()
    two.command(answer, "締切 K26-02")
    assert state(two) == "open"
    mail = asked(two)[DEPUTY]
    assert mail.says("お尋ね　4団体（お答え済み 0団体、確認待ち 1団体）"), (
        "what would be left out of the count"
    )
    assert mail["Subject"].startswith("【承認のお願い】書面表決の締切")
    assert "調査" not in mail.text.partition("以下は")[0]
    two.command(mail, "承認")
    assert state(two) == "closed"
    answer = next(copy for copy in two.copies() if copy.kind == "office_answer")
    assert "K26-02を締め切りました。届いた票と委任を数えます。" in answer.said


def test_admitting_a_held_vote_to_a_resolution(two: PostOffice) -> None:
    """What was read stands in the mail to the second person; the ledger names both."""
    invitations = opened(two)
    two.reply(invitations[YAMADA], "おおむね賛成（任期を定めること）")
    told = next(copy for copy in two.copies() if copy.kind == "office_held")
    number = int(told["Subject"].partition("U-")[2][:4])
    two.command(told, f"U-{number} Q1=1")
    assert two.stands(RESOLUTION.key)[NAGANO].row.status == "held"
    mails = asked(two)
    assert f"U-{number:04d}" in mails[CHAIR].text
    assert "Q1 1 賛成" in mails[CHAIR].text
    assert "おおむね賛成（任期を定めること）" in mails[CHAIR].text
    two.command(mails[CHAIR], "承認")
    row = two.stands(RESOLUTION.key)[NAGANO].row
    assert (row.status, row.answers, row.by) == ("counted", {"Q1": "yes"}, f"{OFFICE}, {CHAIR}")
    with two.database.read() as connection:
        assert ledgers.broken_link(connection, RESOLUTION.key) is None


def test_a_late_vote_on_a_resolution_that_is_published(two: PostOffice) -> None:
    """Both who admit it read that the result does not contain it; the recount says so, and finds no difference."""
    invitations = opened(two)
    two.reply(invitations[SATO], "Q1 1")
    two.now = RESOLUTION.closes
    with two.database.write() as connection:
        close_survey(connection, two.site, RESOLUTION.key, two.now, two.now)
        publish_survey(connection, two.site, RESOLUTION.key, two.now)
    two.copies()
    two.pass_time(timedelta(hours=1))
    two.reply(invitations[YAMADA], "Q1 1")
    told = next(copy for copy in two.copies() if copy.kind == "office_held")
    number = int(told["Subject"].partition("U-")[2][:4])
    two.command(told, f"U-{number} 採用")
    two.command(asked(two)[CHAIR], "承認")
    (answer,) = {copy.said for copy in two.copies() if copy.kind == "office_answer" and copy.to == CHAIR}
    assert "公表済みで、このお答えを含んでいません" in answer.replace("\n", "")
    with two.database.read() as connection:
        found = recount(connection, two.site, RESOLUTION.key)
    assert found.differences == ()
    assert f"does not contain mail {number}" in found.notes[-1]


def test_an_entry_for_a_body_in_a_resolution_needs_two(two: PostOffice) -> None:
    """A vote by telephone counts only when a second person has seen whose, what and why."""
    opened(two)
    two.post(STRANGER)
    told = two.copies("office_held")[-1]
    two.command(told, "代理 K26-02 20201 Q1=2 書面 6/18 山田様")
    mails = asked(two)
    assert "長野市（202011）" in mails[CHAIR].text
    assert "書面 6/18 山田様" in mails[CHAIR].text
    assert NAGANO not in two.stands(RESOLUTION.key)
    two.command(mails[CHAIR], "承認")
    assert two.stands(RESOLUTION.key)[NAGANO].row.answers == {"Q1": "no"}


@pytest.mark.parametrize("act", ["open", "close", "extend"])
def test_an_ordinary_survey_needs_one(two: PostOffice, act: Act) -> None:
    """No rule asks for a second person: it acts at once, and no act is written down."""
    two.apply(SURVEY)
    if act != "open":
        request(two, "open", key=SURVEY.key)
    detail = {"closes": datetime(2026, 7, 9, 17, 0, tzinfo=TOKYO).isoformat()} if act == "extend" else {}
    done = request(two, act, key=SURVEY.key, **detail)
    assert isinstance(done, Done)
    assert not done.alone
    assert history(two, SURVEY.key) == []


@pytest.mark.parametrize("desk", [(), (CHAIR,), (CHAIR, "Chair@Example.JP")])
def test_where_nobody_else_is_named_one_person_acts_and_it_is_written_down(
    office: PostOffice, desk: tuple[str, ...]
) -> None:
    """A plain configuration opens a resolution at once; the history says that one person alone did it."""
    office.site = replace(office.site, desk=desk)
    office.apply(RESOLUTION)
    done = request(office, "open")
    assert isinstance(done, Done)
    assert (done.figure, done.alone) == (4, True)
    assert state(office) == "open"
    assert history(office) == [("open", "approved", COMMAND_LINE)]
    assert "お一人で" in newest(office).note


def test_destroying_a_sealed_survey_needs_two(two: PostOffice) -> None:
    """Nothing is destroyed on one person's word."""
    two.apply(SEALED)
    request(two, "open", key=SEALED.key)
    with two.database.write() as connection:
        surveys.set_closed(connection, SEALED.key, two.now)
    two.copies()
    waiting = request(two, "destroy", CHAIR, SEALED.key)
    assert isinstance(waiting, Waiting)
    assert set(asked(two)) == {DEPUTY, THIRD}


def test_two_persons_are_asked_once_whether_a_sealed_survey_is_destroyed(two: PostOffice) -> None:
    """After their word it is tried again without them, and once it is done the sentence says that nothing is left."""
    invited = two.open_survey(SEALED)
    two.reply(invited[YAMADA], "Q1: 1")
    two.now = SEALED.closes
    with two.database.write() as connection:
        close_survey(connection, two.site, SEALED.key, two.now, two.now)
    two.copies()
    waiting = request(two, "destroy", CHAIR, SEALED.key)
    assert isinstance(waiting, Waiting)
    with two.database.write() as connection:
        word = Word(approve=True, note="", by=DEPUTY, received_at=two.now)
        settle_act(connection, two.site, waiting.act_id, word, two.now)
    two.copies()
    with pytest.raises(Refusal, match="receipts wait to be delivered"):
        request(two, "destroy", CHAIR, SEALED.key)
    with two.database.write() as connection:
        connection.execute(update(delivery).values(state="sent", reply="250 ok"))
    done = request(two, "destroy", CHAIR, SEALED.key)
    assert isinstance(done, Done)
    assert done.figure == 1
    again = request(two, "destroy", CHAIR, SEALED.key)
    assert isinstance(again, Done)
    assert (again.figure, again.alone) == (0, False)
    assert again.sentence.startswith("S26-014 のメールの原本は、もう残っていません。")
    assert asked(two) == {}
    assert history(two, SEALED.key) == [("destroy", "approved", DEPUTY)]


@pytest.mark.parametrize("survey", [RESOLUTION, SURVEY])
def test_nobody_is_asked_to_destroy_what_never_is(two: PostOffice, survey: Survey) -> None:
    """A survey or resolution that is not sealed keeps its mails."""
    two.apply(survey)
    with two.database.write() as connection:
        surveys.set_closed(connection, survey.key, two.now)
    with pytest.raises(Refusal, match="no sealed survey that was closed"):
        request(two, "destroy", CHAIR, survey.key)
    assert asked(two) == {}


@pytest.mark.parametrize(
    ("act", "why"), [("close", "受付中ではありません"), ("publish", "まだ締め切っていません")]
)
def test_what_makes_no_sense_is_refused_at_once(two: PostOffice, act: Act, why: str) -> None:
    """Nobody is bothered with an act that could not be done."""
    two.apply(RESOLUTION)
    with pytest.raises(Refusal, match=why):
        request(two, act, CHAIR)
    assert asked(two) == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("代理 K26-02 20201 Q1=9 書面 6/18 山田様", "番号が選択肢にありません"),
        ("代理 K26-02 20201 Q7=1 書面 6/18 山田様", "Q7"),
        ("代理 K26-02 13101 Q1=1 書面 6/18 山田様", "131016"),
    ],
)
def test_an_entry_that_could_not_be_made_is_refused_before_anybody_is_asked(
    two: PostOffice, line: str, why: str
) -> None:
    """The second person would approve in vain; nor is anything of the trial left."""
    opened(two)
    two.post(STRANGER)
    two.command(two.copies("office_held")[-1], line)
    copies = two.copies()
    assert [copy.kind for copy in copies] == ["office_answer"]
    assert why in copies[0].said
    assert two.stands(RESOLUTION.key) == {}


def test_an_entry_after_the_close_is_refused_before_anybody_is_asked(two: PostOffice) -> None:
    """A closed resolution takes no entry, whoever approves."""
    opened(two)
    two.now = RESOLUTION.closes + timedelta(minutes=1)
    with two.database.write() as connection:
        close_survey(connection, two.site, RESOLUTION.key, RESOLUTION.closes, two.now)
    two.post(STRANGER)
    told = two.copies("office_held")[-1]
    two.command(told, "代理 K26-02 20201 Q1=1 書面 6/18 山田様")
    (answer,) = two.copies()
    assert "K26-02は受付中ではありません。" in answer.said


def test_the_same_request_twice(two: PostOffice) -> None:
    """The asker's newer one takes the place of the older; another person is told to approve the one that waits."""
    opened(two)
    request(two, "close", CHAIR)
    first = asked(two)
    request(two, "close", CHAIR)
    asked(two)
    with pytest.raises(Refusal, match=f"{CHAIR} さんがお求めに"):
        request(two, "close", DEPUTY)
    two.command(first[DEPUTY], "承認")
    assert state(two) == "open"
    assert "新しいお願いに替わりました" in two.only_copy("office_answer").said


# --- drafts -------------------------------------------------------------------------------------------------------


def test_a_draft_is_approved_by_reply_and_opens_by_its_plan(office: PostOffice) -> None:
    """Until one of its approvers has replied 承認 to exactly this text the survey does not open."""
    office.now = APPROVED.opens - timedelta(days=1)
    office.apply(APPROVED)
    with office.database.write() as connection, pytest.raises(Refusal, match="承認"):
        open_survey(connection, office.site, APPROVED.key, office.now)
    with office.database.write() as connection:
        assert send_draft(connection, office.site, APPROVED.key, office.now, by=COMMAND_LINE) == (CHAIR,)
    draft = asked(office)[CHAIR]
    assert "【案】" in draft["Subject"]
    text = draft.said
    assert "送り先4団体" in text
    assert "【Q1回答】[]" in text
    assert "催促2026年6月29日（月）9時00分" in text
    office.command(draft, "承認")
    answer = next(copy for copy in office.copies() if copy.kind == "office_answer")
    assert "予定の2026年6月18日（木）9時00分に始まります" in answer.said
    assert state(office, APPROVED.key) == "planned"
    with office.database.write() as connection:
        assert open_survey(connection, office.site, APPROVED.key, office.now) == 4


@pytest.mark.parametrize("approved_at", [APPROVED.opens, APPROVED.opens + timedelta(days=2)])
def test_a_draft_that_is_approved_after_it_was_to_open_opens_at_once(
    office: PostOffice, approved_at: datetime
) -> None:
    """The due-table has skipped its run by then: the approval opens it, and the answer says so."""
    office.now = APPROVED.opens - timedelta(days=1)
    office.apply(APPROVED)
    with office.database.write() as connection:
        send_draft(connection, office.site, APPROVED.key, office.now, by=COMMAND_LINE)
    draft = asked(office)[CHAIR]
    office.now = approved_at
    office.look()
    office.copies()
    office.command(draft, "承認")
    assert state(office, APPROVED.key) == "open"
    copies = office.copies()
    assert len([copy for copy in copies if copy.kind == "invitation"]) == 4
    answer = next(copy for copy in copies if copy.kind == "office_answer")
    assert "S26-014を始めました。4団体に送ります。" in answer.said
    assert "始まりの予定（2026年6月18日（木）9時00分）を過ぎていたため" in answer.said


def test_a_draft_that_is_approved_after_its_close_does_not_open(office: PostOffice) -> None:
    """There is nothing left to open; the answer says what to do."""
    closes = NOW + timedelta(days=1)
    office.apply(replace(APPROVED, closes=closes, reminders=()))
    with office.database.write() as connection:
        send_draft(connection, office.site, APPROVED.key, office.now, by=COMMAND_LINE)
    draft = asked(office)[CHAIR]
    office.now = closes
    office.command(draft, "承認")
    assert state(office, APPROVED.key) == "planned"
    answer = next(copy for copy in office.copies() if copy.kind == "office_answer")
    assert "行えませんでした" in answer["Subject"]
    assert "is past" in answer.text


def test_a_draft_that_was_changed_waits_again(office: PostOffice) -> None:
    """The approval was for another text."""
    office.now = APPROVED.opens - timedelta(days=1)
    office.apply(APPROVED)
    with office.database.write() as connection:
        send_draft(connection, office.site, APPROVED.key, office.now, by=COMMAND_LINE)
    office.command(asked(office)[CHAIR], "承認")
    office.apply(replace(APPROVED, title="ほかの題"))
    with office.database.write() as connection, pytest.raises(Refusal, match="承認"):
        open_survey(connection, office.site, APPROVED.key, office.now)


def test_an_approver_who_is_not_of_the_office_only_approves(office: PostOffice) -> None:
    """His word is good for 承認 and 差戻し, and for no command of the desk."""
    office.apply(APPROVED)
    request(office, "open", key=APPROVED.key)
    word = asked(office)[CHAIR]
    office.command(word, "状況 S26-014")
    answer = next(copy for copy in office.copies() if copy.kind == "office_answer")
    assert "「承認」と「差戻し理由」だけ" in answer.said
    assert state(office, APPROVED.key) == "planned"


def test_a_draft_of_a_survey_that_runs_is_not_sent(office: PostOffice) -> None:
    """It would be a draft of what cannot change any more."""
    office.open_survey()
    with office.database.write() as connection, pytest.raises(Refusal, match="もう始まっています"):
        send_draft(connection, office.site, SURVEY.key, office.now, by=COMMAND_LINE)
