"""The witnesses get the end of each ledger once a day, and a recount finds it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.mail_ledger_heads import mail_ledger_heads
from mailbot.flows.surveys.recount import recount
from tests.flows.post_office import SATO, SURVEY, Copy, PostOffice, in_english

WITNESSES = ("kanji1@example.jp", "kanji2@example.jp")


def look(office: PostOffice) -> list[Copy]:
    """Look once, as the schedule does; returns the mails to the witnesses."""
    with office.database.write() as connection:
        mail_ledger_heads(connection, office.site, office.now)
    return office.copies("ledger_head")


@pytest.mark.parametrize("english", [False, True])
def test_each_witness_gets_one_mail_a_day(office: PostOffice, english: bool) -> None:
    """With the key, the number of rows and the hash, from the first look after nine."""
    office = in_english(office) if english else office
    office.site = replace(office.site, witnesses=WITNESSES)
    invited = office.open_survey()
    office.reply(invited[SATO], "Q1 2")
    office.copies()
    mails = look(office)
    assert tuple(copy.to for copy in mails) == WITNESSES
    with office.database.read() as connection:
        found = recount(connection, office.site, SURVEY.key)
    assert found.head in mails[0].text.splitlines()
    assert "[S26-014]" in mails[0]["Subject"]
    assert all(len(line) <= 68 for line in mails[0].text.splitlines())
    assert look(office) == []
    office.now = office.now.replace(hour=8) + timedelta(days=1)
    assert look(office) == []
    office.pass_time(timedelta(hours=1))
    assert len(look(office)) == 2


def test_the_last_mail_is_that_after_the_close(office: PostOffice) -> None:
    """It holds the hash of the whole ledger; then there is nothing left to watch."""
    office.site = replace(office.site, witnesses=WITNESSES)
    office.open_survey()
    office.now = SURVEY.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, office.now, office.now)
    office.copies()
    assert len(look(office)) == 2
    office.pass_time(timedelta(hours=20))
    assert len(look(office)) == 2
    office.pass_time(timedelta(days=1))
    assert look(office) == []


def test_without_witnesses_nothing_is_mailed(office: PostOffice) -> None:
    """The default."""
    office.open_survey()
    assert look(office) == []
