"""A survey's course: it opens once, reminds those who are missing, closes in one transaction, publishes as it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest

from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Question, Resolution, Share
from mailbot.flows.office.ask_second_person import refuse_out_of_place
from mailbot.flows.read_mail import read_waiting
from mailbot.flows.runs.run_due import run_due
from mailbot.flows.surveys.close_survey import StillReading, close_survey
from mailbot.flows.surveys.extend_survey import extend_survey
from mailbot.flows.surveys.follow_up_survey import follow_up_survey
from mailbot.flows.surveys.open_survey import open_survey
from mailbot.flows.surveys.publish_survey import publish_survey
from mailbot.flows.surveys.remind_survey import RemindedLately, missing, remind_survey
from mailbot.store.runs import occurrences
from mailbot.store.surveys import surveys
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    NAGANO,
    OFFICE,
    SATO,
    SURVEY,
    SUZUKI,
    TAKAHASHI,
    TANAKA,
    TOKYO,
    YAMADA,
    PostOffice,
)

KEY = SURVEY.key


def close(office: PostOffice) -> int:
    """Close the survey by hand."""
    with office.database.write() as connection:
        return close_survey(connection, office.site, KEY, office.now, office.now)


def remind(office: PostOffice, *, again: bool = False) -> int:
    """Remind by hand."""
    with office.database.write() as connection:
        return remind_survey(connection, office.site, KEY, office.now, again=again)


def test_each_body_is_asked_once_at_its_primary_contact(office: PostOffice) -> None:
    """Four bodies, four ballots with a token each; the deputy gets none."""
    invitations = office.open_survey()
    assert set(invitations) == {YAMADA, SATO, TANAKA, TAKAHASHI}
    assert len({copy["Reply-To"] for copy in invitations.values()}) == len(BODIES)
    first = invitations[YAMADA]
    assert first.text.startswith("長野市 情報政策課 山田太郎様")
    assert "受付番号 S26-014-202011 第1版" in first.text
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.mail_from == "bounce"
    assert "軽井沢町 ご担当者様" in invitations[TAKAHASHI].text


def test_a_selector_among_contacts_decides_who_is_asked(office: PostOffice) -> None:
    """Where only a deputy has the tag, the ballot goes to him."""
    by_tag = replace(SURVEY, audience=Selector(emails=(SUZUKI,)))
    assert set(office.open_survey(by_tag)) == {SUZUKI}


def test_the_electorate_is_frozen_when_the_survey_opens(office: PostOffice) -> None:
    """A second opening is refused, and changes nothing."""
    office.open_survey()
    with pytest.raises(Refusal, match="open already"), office.database.write() as connection:
        open_survey(connection, office.site, KEY, office.now)
    assert office.copies() == []


@pytest.mark.parametrize(
    ("survey", "words"),
    [
        (None, "none with this key"),
        (replace(SURVEY, audience=Selector(tags=("nobody",))), "selects nobody"),
        (replace(SURVEY, closes=SURVEY.opens + timedelta(minutes=1)), "is past"),
    ],
)
def test_what_cannot_open_says_why(office: PostOffice, survey: object, words: str) -> None:
    """An unknown key, an empty audience, a close that is past: one sentence, and nothing is changed."""
    if isinstance(survey, type(SURVEY)):
        office.apply(survey)
    with pytest.raises(Refusal, match=words), office.database.write() as connection:
        open_survey(connection, office.site, KEY, office.now)
    assert office.copies() == []


def test_reminders_go_to_those_from_whom_nothing_complete_has_come(office: PostOffice) -> None:
    """Counted and declined are done; partial, held and silent ones hear again, with a whole ballot."""
    invitations = office.open_survey()
    office.reply(invitations[YAMADA], "Q1 1")
    office.reply(invitations[SATO], "Q1 9")
    office.reply(invitations[TANAKA], "回答しない")
    office.copies()
    assert remind(office) == 2
    reminders = office.copies("reminder")
    assert {copy.to for copy in reminders} == {SATO, TAKAHASHI}
    office.reply(reminders[1], "", slots={"Q1": "2"})
    with office.database.read() as connection:
        assert [ballot.address for ballot in missing(connection, SURVEY)] == [SATO]


def test_a_reminder_does_not_say_that_nothing_came_where_something_was_accepted(office: PostOffice) -> None:
    """One of whose answers a part stands is asked for the rest; one of whose nothing could be read has not answered."""
    invitations = office.open_survey()
    office.reply(invitations[SATO], "Q1 2\nQ2 9")
    office.reply(invitations[TANAKA], "Q1 9")
    office.copies()
    assert remind(office) == 4
    told = {copy.to: "まだこちらに届いておりません" in copy.text for copy in office.copies("reminder")}
    assert told == {YAMADA: True, SATO: False, TANAKA: True, TAKAHASHI: True}
    with pytest.raises(RemindedLately, match="4 were reminded"):
        remind(office)


def test_nobody_is_reminded_twice_in_one_day_by_mistake(office: PostOffice) -> None:
    """Within twelve hours a second reminder is refused: how many were reminded when and by whom, and how to do it again."""
    office.open_survey()
    assert remind(office) == 4
    at = office.now
    office.now += timedelta(hours=11)
    with pytest.raises(
        RemindedLately, match=rf"4 were reminded {at:%Y-%m-%d %H:%M} by command line; --again"
    ):
        remind(office)
    assert len(office.copies("reminder")) == 4
    assert remind(office, again=True) == 4
    office.now += timedelta(hours=12)
    assert remind(office) == 4
    assert len(office.copies("reminder")) == 8


def test_what_is_planned_is_sent_after_a_reminder_by_hand(office: PostOffice) -> None:
    """A reminder of the definition goes out at its time, and who then reminds by hand hears that it did."""
    office.open_survey()
    office.now = datetime(2026, 6, 29, 8, 55, tzinfo=TOKYO)
    remind(office)
    office.now += timedelta(minutes=5)
    assert run_due(office.database, office.site, office.now) == 1
    assert len(office.copies("reminder")) == 8
    with pytest.raises(RemindedLately, match="4 were reminded 2026-06-29 09:00 by schedule"):
        remind(office)


def test_a_reminder_keeps_the_token_of_the_invitation(office: PostOffice) -> None:
    """Whichever mail a member finds, he can answer it (ballot.md section 1, rule 8)."""
    invitations = office.open_survey()
    remind(office)
    for copy in office.copies("reminder"):
        assert copy["Reply-To"] == invitations[copy.to]["Reply-To"]


@pytest.mark.parametrize("state", ["absent", "planned", "closed"])
def test_only_an_open_survey_reminds_and_closes(office: PostOffice, state: str) -> None:
    """In any other state both are refused with a sentence."""
    if state != "absent":
        office.apply(SURVEY)
    if state == "closed":
        office.open_survey()
        close(office)
    with pytest.raises(Refusal, match="only an open survey"):
        remind(office)
    with pytest.raises(Refusal, match="only an open survey"):
        close(office)


@pytest.mark.parametrize(
    ("publish_to", "told"),
    [("audience", {YAMADA, SATO, TANAKA, TAKAHASHI}), ("office", {OFFICE}), ("nobody", set())],
)
def test_the_result_goes_where_the_definition_says(
    office: PostOffice, publish_to: Literal["audience", "office", "nobody"], told: set[str]
) -> None:
    """To all who were asked, to the office alone, or to nobody."""
    invitations = office.open_survey(replace(SURVEY, publish_to=publish_to))
    office.reply(invitations[YAMADA], "Q1 2\nQ2 1")
    office.reply(invitations[SATO], "Q1 1")
    office.reply(invitations[TANAKA], "回答しない")
    office.copies()
    assert close(office) == 2
    results = office.copies("result")
    assert {copy.to for copy in results} == told
    for copy in results:
        assert "お尋ねした団体　4　お答え　2（回答率 50.0%）" in copy.text
        assert "割合の母数 1団体" in copy.text  # Q2 is only for those who chose 2
        assert "長野市" not in copy.text.partition("\n")[2]


def test_mail_that_came_before_the_close_is_read_first(office: PostOffice) -> None:
    """No vote is acknowledged as counted and missing from the count (promises.md I20)."""
    invitations = office.open_survey()
    office.store(office.reply_mail(invitations[YAMADA], "Q1 1"), office.reply_address(invitations[YAMADA]))
    office.pass_time(timedelta(seconds=1))
    with pytest.raises(StillReading):
        close(office)
    with office.database.read() as connection:
        stored = surveys.load(connection, KEY)
    assert stored is not None
    assert stored.state == "open"
    read_waiting(office.database, office.site, lambda: office.now)
    assert close(office) == 1


def test_mail_that_comes_after_the_close_does_not_hold_it_up(office: PostOffice) -> None:
    """A reply received at or after the moment of the close is late, read or not."""
    invitations = office.open_survey()
    office.pass_time(timedelta(hours=1))
    office.store(office.reply_mail(invitations[YAMADA], "Q1 1"), office.reply_address(invitations[YAMADA]))
    with office.database.write() as connection:
        assert close_survey(connection, office.site, KEY, office.now, office.now + timedelta(seconds=9)) == 0
    read_waiting(office.database, office.site, lambda: office.now)
    assert [row.status for row in office.ledger()] == ["late"]


def test_invitations_that_still_wait_are_withdrawn_at_the_close(office: PostOffice) -> None:
    """Nobody is asked after the end (promises.md I23)."""
    office.open_survey()
    close(office)
    assert {copy.state for copy in office.all_copies() if copy.kind == "invitation"} == {"withdrawn"}


def test_what_is_done_by_hand_is_not_done_again_by_the_schedule(office: PostOffice) -> None:
    """Opening and closing by hand settle their runs, and after the close nobody is left to remind."""
    office.apply(SURVEY)
    office.open_survey()
    with office.database.read() as connection:
        waiting = [one.job for one in occurrences.due(connection, SURVEY.closes + timedelta(days=1))]
    assert waiting == [f"survey:{KEY}:reminder:1", f"survey:{KEY}:close"]
    close(office)
    with office.database.read() as connection:
        waiting = [one.job for one in occurrences.due(connection, SURVEY.closes + timedelta(days=1))]
    assert waiting == []


def test_with_publish_by_hand_the_switch_is_the_only_one(office: PostOffice) -> None:
    """The close sends nothing; `publish` sends the result once, and only of a closed survey."""
    office.open_survey(replace(SURVEY, publish_at="hand"))
    with pytest.raises(Refusal, match="closed survey"), office.database.write() as connection:
        publish_survey(connection, office.site, KEY, office.now)
    close(office)
    assert office.copies("result") == []
    with office.database.write() as connection:
        assert publish_survey(connection, office.site, KEY, office.now) == 4
    assert len(office.copies("result")) == 4
    with pytest.raises(Refusal, match="went out"), office.database.write() as connection:
        publish_survey(connection, office.site, KEY, office.now)


def test_a_survey_closed_before_its_time_is_exported_as_it_was_planned(office: PostOffice) -> None:
    """Opened and closed by hand, it has a file that `check` takes and that changes nothing when it is applied."""
    office.open_survey()
    office.now = SURVEY.opens - timedelta(days=3)
    close(office)
    with office.database.read() as connection:
        stored = surveys.load(connection, KEY)
    assert stored is not None
    assert stored.survey.closes < SURVEY.opens
    assert stored.defined == SURVEY
    assert office.apply(stored.defined) == ()


def test_a_result_for_nobody_is_not_sent_by_hand_either(office: PostOffice) -> None:
    """`publish: {to: nobody}` is told to who presses the switch, and the result does not count as published."""
    office.open_survey(replace(SURVEY, publish_at="hand", publish_to="nobody"))
    close(office)
    with pytest.raises(Refusal, match="goes to nobody"), office.database.write() as connection:
        publish_survey(connection, office.site, KEY, office.now)
    with office.database.read() as connection:
        stored = surveys.load(connection, KEY)
    assert stored is not None
    assert stored.published_at is None


def test_a_result_that_went_to_nobody_at_the_close_did_not_go_out(office: PostOffice) -> None:
    """Who publishes it afterwards hears that it goes to nobody, and not that everybody has it."""
    office.open_survey(replace(SURVEY, publish_to="nobody"))
    close(office)
    with pytest.raises(Refusal, match="goes to nobody"), office.database.write() as connection:
        publish_survey(connection, office.site, KEY, office.now)
    with office.database.read() as connection:
        stored = surveys.load(connection, KEY)
    assert stored is not None
    with pytest.raises(Refusal, match="どこにも送りません"):
        refuse_out_of_place(office.site, stored, "publish")


def test_an_extension_is_announced_and_moves_the_plan(office: PostOffice) -> None:
    """Everybody who was asked hears the old and the new close, with a ballot; a reply to that counts."""
    office.open_survey()
    later = SURVEY.closes + timedelta(days=7)
    with office.database.write() as connection:
        assert extend_survey(connection, office.site, KEY, later, office.now, by="office") == 4
    told = {copy.to: copy for copy in office.copies("extension")}
    assert "7月2日" in told[YAMADA].text
    assert "7月9日" in told[YAMADA].text
    office.now = SURVEY.closes + timedelta(days=1)
    office.reply(told[YAMADA], "Q1 2")
    assert office.stands()[NAGANO].row.status == "counted"
    for closes in (SURVEY.closes, later):
        with pytest.raises(Refusal, match="must be later"), office.database.write() as connection:
            extend_survey(connection, office.site, KEY, closes, office.now, by="office")


def test_an_extension_reminds_nobody_of_a_time_that_is_past(office: PostOffice) -> None:
    """A reminder that the new close would have had before the extension is none: everybody has just been written to."""
    office.open_survey()
    day_before = SURVEY.closes - timedelta(days=1)
    with office.database.write() as connection:
        extend_survey(
            connection, office.site, KEY, SURVEY.closes + timedelta(days=3), day_before, by="office"
        )
        waiting = [one.job for one in occurrences.due(connection, SURVEY.closes + timedelta(days=9))]
    assert waiting == [f"survey:{KEY}:close"]


def test_a_block_representative_gets_the_missing_of_the_own_prefecture(office: PostOffice) -> None:
    """In a form to copy from; who has answered is not in it, and a prefecture without missing bodies gets no mail."""
    invitations = office.open_survey(replace(SURVEY, follow_up_tag="officer"))
    office.reply(invitations[SATO], "Q1 1")
    office.copies()
    with office.database.write() as connection:
        assert follow_up_survey(connection, office.site, KEY, office.now) == 1
    listed = office.only_copy("follow_up")
    assert listed.to == YAMADA
    assert "202037 上田市" in listed.text
    assert "松本市" not in listed.text
    assert "（3団体）" in listed.text


def test_a_resolution_keeps_the_electorate_of_its_base_date(office: PostOffice) -> None:
    """A body that joins after the base date is not asked, and one that leaves its place to a new contact stays."""
    survey = replace(
        SURVEY,
        questions=(Question("Q1", "規約第5条の改正", "yesno", ("賛成", "反対", "棄権"), required=True),),
        resolution=Resolution(
            SURVEY.opens.date() - timedelta(days=10),
            "規約第20条",
            Share(1, 2, "electorate", more_than=True),
            (Share(1, 2, "votes", more_than=True),),
        ),
    )
    office.now = SURVEY.opens - timedelta(days=20)
    office.apply(survey)
    assert run_due(office.database, office.site, SURVEY.opens - timedelta(days=9)) == 1
    joined = Body("202053", "飯田市", "city", "長野県", 100_000)
    office.register([*BODIES, joined], [*CONTACTS, Contact(joined.code, "iida@city.iida.lg.jp", rank=1)])
    office.now = SURVEY.opens
    with office.database.write() as connection:
        assert open_survey(connection, office.site, KEY, office.now) == 4
