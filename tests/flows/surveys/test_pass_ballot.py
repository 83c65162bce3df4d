"""A ballot that found nobody: the next contact has it at once, the reminders go to him, and the office hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.flows.runs.keep_up import keep_up
from mailbot.flows.surveys.remind_survey import remind_survey
from mailbot.store.surveys import proxies
from mailbot.store.tables import delivery, microseconds
from tests.flows.post_office import (
    NAGANO,
    OFFICE,
    SATO,
    SURVEY,
    SUZUKI,
    YAMADA,
    Copy,
    PostOffice,
    dsn,
    in_english,
)
from tests.flows.surveys.test_record_proxy import RESOLUTION

USER_UNKNOWN = "550 5.1.1 User unknown"


def come_back(office: PostOffice, copy: Copy, status: str = "5.1.1") -> list[Copy]:
    """Let a copy come back; returns what is sent for it."""
    office.hand_in(dsn(status), office.return_path(copy), mail_from="")
    return office.copies()


def reminded(office: PostOffice) -> set[str]:
    """Let the survey's reminder go; returns to whom."""
    with office.database.write() as connection:
        remind_survey(connection, office.site, SURVEY.key, office.now, again=True)
    return {copy.to for copy in office.copies("reminder")}


def test_one_bounce_of_an_unknown_user_is_enough(office: PostOffice) -> None:
    """The deputy gets the ballot with a word why, the office the address and what to do (ballot.md section 13)."""
    ballot, report = come_back(office, office.open_survey()[YAMADA])
    assert (ballot.kind, ballot.to, report.kind, report.to) == ("invitation", SUZUKI, "office_report", OFFICE)
    assert "鈴木一郎様" in ballot.text
    assert "これまでのご担当の方のアドレスに届きませんでした" in ballot.text
    assert f"S26-014 長野市：{YAMADA}に届きません" in report.text
    assert f"次のご担当の鈴木一郎{SUZUKI}へ、調査のメールをお送りしました" in "".join(report.text.split())
    office.reply(ballot, "Q1 1", SUZUKI)
    assert office.stands()[NAGANO].row.status == "counted"


def test_a_refusal_in_the_dialogue_does_the_same(office: PostOffice) -> None:
    """The relay said it at once; there is no bounce."""
    copy = office.open_survey()[YAMADA]
    with office.database.write() as connection:
        refused = {"state": "failed", "reply": USER_UNKNOWN, "settled_at": microseconds(office.now)}
        connection.execute(delivery.update().where(delivery.c.id == copy.id).values(refused))
    keep_up(office.database, office.site, office.now)
    assert {(copy.kind, copy.to) for copy in office.copies()} >= {
        ("invitation", SUZUKI),
        ("office_report", OFFICE),
    }


def test_what_is_refused_at_once_is_told_at_once(office: PostOffice) -> None:
    """Dead addresses of one mailing make one mail to the office, and not one each."""
    office.open_survey()
    with office.database.write() as connection:
        refused = {"state": "failed", "reply": USER_UNKNOWN, "settled_at": microseconds(office.now)}
        connection.execute(delivery.update().values(refused))
    keep_up(office.database, office.site, office.now)
    (report,) = (copy for copy in office.copies() if copy.kind == "office_report")
    assert report["Subject"].startswith("【報告】ご確認いただきたいことが4件あります")
    assert report.text.count("に届きません") == 4


def test_the_reminder_goes_where_somebody_is(office: PostOffice) -> None:
    """To the next contact; where nobody is there either, to the address of the ballot as ever."""
    ballot, _ = come_back(office, office.open_survey()[YAMADA])
    assert {SUZUKI, SATO} <= reminded(office)
    (report,) = come_back(office, ballot)
    assert "ほかにお送りできる方が名簿にない" in "".join(report.text.split())
    assert {YAMADA, SATO} <= reminded(office)


def test_the_office_alone_hears_of_a_body_with_one_contact(office: PostOffice) -> None:
    """There is nobody else to write to."""
    (report,) = come_back(office, office.open_survey()[SATO])
    assert report.to == OFFICE
    assert SATO in report.text


def test_an_address_is_told_of_once(office: PostOffice) -> None:
    """Whatever else of the survey goes there, and however often it comes back."""
    invitation = office.open_survey()[SATO]
    come_back(office, invitation)
    assert come_back(office, invitation) == []
    with office.database.write() as connection:
        remind_survey(connection, office.site, SURVEY.key, office.now, again=True)
    again = next(copy for copy in office.copies("reminder") if copy.to == SATO)
    assert come_back(office, again) == []


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "4.4.1"])
def test_any_other_failure_tells_nobody(office: PostOffice, status: str) -> None:
    """A full mailbox, a refused mail and a silent host may be well tomorrow."""
    assert come_back(office, office.open_survey()[YAMADA], status) == []
    assert YAMADA in reminded(office)


def test_who_has_answered_is_left_in_peace(office: PostOffice) -> None:
    """A bounce that comes after the answer asks nobody anew."""
    invitation = office.open_survey()[YAMADA]
    office.reply(invitation, "Q1 1")
    office.copies()
    assert come_back(office, invitation) == []


def test_who_has_given_its_vote_to_another_is_not_asked(office: PostOffice) -> None:
    """A proxy is an answer, too (ballot.md section 11)."""
    office.open_survey(RESOLUTION)
    (invitation,) = (copy for copy in office.all_copies() if copy.kind == "invitation" and copy.to == YAMADA)
    with office.database.write() as connection:
        proxies.add(connection, RESOLUTION.key, Proxy(NAGANO, CHAIR, office.now), None)
    assert come_back(office, invitation) == []


def test_the_next_contact_of_a_resolution_is_told(office: PostOffice) -> None:
    """He gets the ballot; whether his answer counts is decided as for any answer of his."""
    ballot, report = come_back(office, office.open_survey(RESOLUTION)[YAMADA])
    assert (ballot.to, report.to) == (SUZUKI, OFFICE)
    assert "これまでのご担当の方のアドレスに届きませんでした" in ballot.text


def test_a_survey_of_persons_is_passed_to_nobody(office: PostOffice) -> None:
    """It asks this very person; the office hears of it."""
    (report,) = come_back(office, office.open_survey(replace(SURVEY, unit="person"))[YAMADA])
    assert "ご本人にお尋ねするもの" in "".join(report.text.split())
    assert YAMADA in reminded(office)


def test_in_english(office: PostOffice) -> None:
    """The same in the other language."""
    english = in_english(office)
    ballot, report = come_back(english, english.open_survey()[YAMADA])
    assert "contact found nobody there" in " ".join(ballot.text.split())
    assert "cannot be reached" in report.text
