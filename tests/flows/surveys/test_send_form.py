"""The survey's form on its way: sent on a word, filled in, attached to a reply, counted, and counted again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.flows.rehearse import rehearse
from mailbot.flows.surveys.recount import Recount, recount
from mailbot.flows.surveys.send_form import send_form
from mailbot.flows.surveys.send_trial import send_trial
from mailbot.formats.form_file import read_form
from mailbot.store.mail.inbox import InboxEntry
from mailbot.store.tables import vote
from tests.flows.post_office import (
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    YAMADA,
    Copy,
    PostOffice,
)
from tests.mails.standard import RESOLUTION
from tests.workbooks import attached, filled


def form_of(copy: Copy) -> bytes:
    """Return the workbook attached to a mail of ours."""
    (part,) = copy.mail.iter_attachments()
    assert part.get_filename() == "s26-014.xlsx"
    content = part.get_content()
    assert isinstance(content, bytes)
    return content


def answer(
    office: PostOffice,
    copy: Copy,
    answers: Mapping[str, Any],
    text: str = "様式を添付します。",
    author: str | None = None,
    *,
    survey: Survey = SURVEY,
) -> InboxEntry:
    """Reply to a mail of ours with a filled form attached."""
    raw = attached(office.reply_mail(copy, text, author), filled(survey, answers))
    return office.hand_in(raw, office.reply_address(copy))


def again(office: PostOffice) -> Recount:
    with office.database.read() as connection:
        return recount(connection, office.site, SURVEY.key)


def test_a_form_is_asked_for_filled_in_and_counted(office: PostOffice) -> None:
    """「様式」 brings the ballot with the form; what is in its cells is the vote, and the receipt shows it."""
    invited = office.open_survey()
    assert office.reply(invited[YAMADA], "様式").state == "answered"
    fresh = office.only_copy("fresh_ballot")
    assert (fresh.to, fresh.mail_from, fresh["Auto-Submitted"]) == (YAMADA, "", "auto-replied")
    assert "表計算の回答様式を添付しました。" in fresh.text
    assert "【Q1回答】[　　]" in fresh.text
    assert read_form(form_of(fresh)) is not None
    entry = answer(office, fresh, {"Q1": "2 利用していない", "Q2": "1,3", "Q3": "費用が\n掛かる"})
    assert (entry.state, office.stands()[NAGANO].row.status) == ("voted", "counted")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "費用が\n掛かる"}
    receipt = office.only_copy("vote_receipt")
    assert "【Q1回答】[ 2 ]　利用していない" in receipt.text
    office.reply(receipt, "", slots={"Q1": "1"})
    assert office.stands()[NAGANO].row.answers["Q1"] == ("1",)
    assert again(office).differences == ()


def test_a_recount_reads_the_form_again(office: PostOffice) -> None:
    """A row whose answer is not the one in its mail's form is found."""
    invited = office.open_survey()
    answer(office, invited[YAMADA], {"Q1": "2"})
    answer(office, invited[SATO], {"Q1": "=1+1", "Q3": "意見"})
    found = again(office)
    assert (found.differences, found.tally["Q1"]) == ((), {"1": 0, "2": 1, "3": 0, "none": 1})
    with office.database.write() as connection:
        connection.execute(update(vote).where(vote.c.code == NAGANO).values(answers='{"Q1": ["1"]}'))
    assert any("the answer to Q1 is not what was read" in words for words in again(office).differences)


def test_a_formula_is_asked_back(office: PostOffice) -> None:
    """Nobody computes what a stranger wrote: the question comes back, and the rest counts."""
    entry = answer(office, office.open_survey()[YAMADA], {"Q1": "=1+1", "Q3": "意見"})
    assert entry.state == "voted"
    receipt = office.only_copy("vote_receipt")
    assert "・数式は読み取れません。値をお書きください。（Q1）" in receipt.text
    assert dict(office.stands()[NAGANO].row.answers) == {"Q3": "意見"}


def test_text_and_form_differ(office: PostOffice) -> None:
    """A reply that says 3 at the top and 2 in the form is held, both are shown, and its sender is asked."""
    answer(office, office.open_survey()[YAMADA], {"Q1": "2"}, "Q1 3")
    row = office.stands()[NAGANO].row
    assert (row.status, row.rule, dict(row.answers)) == ("held", "8 differ", {})
    assert "2か所のお答えが違います（3. 検討中／2. 利用していない）" in office.only_copy("vote_receipt").text


@pytest.mark.parametrize(
    ("author", "status"), [(SUZUKI, "counted"), (STRANGER, "held")], ids=["a deputy", "a stranger"]
)
def test_who_sends_a_form_is_weighed_as_for_any_reply(office: PostOffice, author: str, status: str) -> None:
    """A form does not carry its sender higher on the ladder of trust."""
    answer(office, office.open_survey()[YAMADA], {"Q1": "2"}, author=author)
    assert office.ledger()[-1].status == status


def test_a_form_without_a_token_counts_nothing(office: PostOffice) -> None:
    """A filled form sent to the office or to a list is a mail like any other."""
    office.open_survey()
    raw = attached(office.mail(YAMADA, "survey@ml.example.jp"), filled(SURVEY, {"Q1": "2"}))
    assert office.hand_in(raw, "survey@ml.example.jp").state == "held"
    assert office.ledger() == []


def test_forms_that_a_person_must_see(office: PostOffice) -> None:
    """A form of another survey, a changed one and a file that is none are held, and the office is told why."""
    invited = office.open_survey()
    answer(office, invited[YAMADA], {"Q1": "2"}, survey=replace(SURVEY, key="S26-011"))
    assert (office.ledger()[-1].status, office.ledger()[-1].rule) == ("held", "8 other-ballot")
    changed = replace(SURVEY, questions=SURVEY.questions[:2])
    entry = answer(office, invited[SATO], {"Q1": "2"}, survey=changed)
    assert (entry.state, office.ledger()[-1].rule) == ("held", "8 form-changed")
    told = [copy for copy in office.copies() if copy.kind == "office_held" and copy.to == OFFICE]
    assert [("kaitou.xlsx" in copy.text, "当方のものから変わっています" in copy.text) for copy in told] == [
        (True, False),
        (True, True),
    ]
    office.reply(invited[SATO], "Q1 1")
    assert office.stands()[MATSUMOTO].row.status == "counted"
    assert again(office).differences == ()


def test_a_late_form(office: PostOffice) -> None:
    """What came after the close is kept with what its form says, and counts nowhere."""
    invited = office.open_survey()
    office.pass_time(timedelta(days=20))
    answer(office, invited[YAMADA], {"Q1": "2"})
    (row,) = office.ledger()
    assert (row.status, dict(row.answers)) == ("late", {"Q1": ("2",)})


def test_a_trial_with_a_form(office: PostOffice) -> None:
    """A trial ballot is answered in its form too, and counts nowhere."""
    office.apply(SURVEY)
    with office.database.write() as connection:
        send_trial(connection, office.site, SURVEY.key, office.now, to=[NAGANO], pilot=1)
    office.reply(office.only_copy("trial"), "様式")
    trial = office.only_copy("trial")
    assert read_form(form_of(trial)) is not None
    answer(office, trial, {"Q1": "2"})
    assert "読み取れました" in office.only_copy("trial_receipt")["Subject"]
    assert office.ledger() == []


def test_a_rehearsal_reads_the_form(office: PostOffice) -> None:
    """`mailbot rehearse` says what a reply with a form would be worth."""
    copy = office.open_survey()[YAMADA]
    raw = attached(office.reply_mail(copy, ""), filled(SURVEY, {"Q1": "2"}))
    with office.database.read() as connection:
        found = rehearse(connection, office.site, raw, office.reply_address(copy), None, office.now)
    assert found.outcome.startswith("counted: Q1=('2',)")


def test_the_office_sends_the_form(office: PostOffice) -> None:
    """`surveys form KEY --to CODE` sends a body its ballot as it stands, with the form."""
    invited = office.open_survey()
    office.reply(invited[YAMADA], "Q1 3")
    office.copies()
    with office.database.write() as connection:
        said = send_form(connection, office.site, SURVEY.key, NAGANO, office.now)
    assert said == f"survey {SURVEY.key}: the form is in the outbox, to {YAMADA}"
    copy = office.only_copy("fresh_ballot")
    assert "【Q1回答】[ 3 ]　検討中" in copy.text
    answer(office, copy, {"Q3": "意見"})
    assert office.stands()[NAGANO].row.answers == {"Q1": ("3",), "Q3": "意見"}


def test_when_there_is_nothing_to_send(office: PostOffice) -> None:
    """Only a body that was asked in an open survey gets its form, and a written vote has none."""
    office.apply(SURVEY)
    office.apply(replace(RESOLUTION, opens=SURVEY.opens, closes=SURVEY.closes))

    def refused(key: str, code: str) -> str:
        with office.database.write() as connection, pytest.raises(Refusal) as refusal:
            send_form(connection, office.site, key, code, office.now)
        return str(refusal.value)

    assert "is planned; only an open survey" in refused(SURVEY.key, NAGANO)
    assert "is not there" in refused("S99", NAGANO)
    office.open_survey(
        replace(SURVEY, key="S26-015", audience=replace(SURVEY.audience, everyone=False, codes=(NAGANO,)))
    )
    assert "was not asked" in refused("S26-015", KARUIZAWA)
    office.open_survey(replace(RESOLUTION, opens=SURVEY.opens, closes=SURVEY.closes))
    assert "it has no form" in refused(RESOLUTION.key, NAGANO)


@pytest.mark.parametrize("offered", [True, False])
def test_the_help_line(office: PostOffice, offered: bool) -> None:
    """A survey's mails speak of the form only where its definition says so; the word works in any."""
    invited = office.open_survey(replace(SURVEY, form=offered))
    assert ("「様式」と返信" in invited[YAMADA].text) == offered
