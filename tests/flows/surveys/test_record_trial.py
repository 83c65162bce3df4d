"""Trial ballots 練習投票: sent to a few, read like real ones, counted nowhere (flows/surveys/send_trial.py, record_trial.py)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.trial import TrialReport
from mailbot.flows.surveys.send_trial import report_trial, send_trial
from mailbot.store.surveys import ballots
from mailbot.store.surveys.ballots import Ballot
from tests.flows.post_office import (
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
)

TRIAL = f"trial:{SURVEY.key}"


def send(office: PostOffice, *to: str, pilot: int = 10) -> dict[str, Copy]:
    """Apply the survey and send its trial ballots; returns them by address."""
    office.apply(SURVEY)
    with office.database.write() as connection:
        send_trial(connection, office.site, SURVEY.key, office.now, to=to, pilot=pilot)
    return {copy.to: copy for copy in office.copies("trial")}


def report(office: PostOffice) -> TrialReport:
    with office.database.read() as connection:
        return report_trial(connection, SURVEY.key)


def in_electorate(connection: Connection) -> list[Ballot]:
    return ballots.of_subject(connection, SURVEY.key)


def test_what_a_trial_looks_like(office: PostOffice) -> None:
    """A trial ballot says in its Subject and first lines that it is one, and has a reference of its own."""
    sent = send(office, NAGANO)
    assert list(sent) == [YAMADA]
    copy = sent[YAMADA]
    assert copy["Subject"].startswith("【練習】")
    assert f"[{SURVEY.key}]" in copy["Subject"]
    assert "お答えは、いっさい数えません。" in copy.text
    assert f"受付番号 練習-{SURVEY.key}-{NAGANO} 第1版" in copy.text
    assert "【Q1回答】[　　]" in copy.text


def test_nothing_of_it_counts(office: PostOffice) -> None:
    """A trial makes no electorate, and its answers stand in a ledger of their own."""
    copy = send(office, NAGANO)[YAMADA]
    entry = office.reply(copy, "Q1 2\nQ2 1,3")
    assert entry.state == "answered"
    receipt = office.only_copy("trial_receipt")
    assert receipt.to == YAMADA
    assert receipt["Subject"].startswith("【練習】読み取れました")
    assert "いっさい数えておりません" in receipt.text
    assert "【Q1回答】[ 2 ]　利用していない" in receipt.text
    assert receipt.mail_from == ""
    assert office.ledger() == []
    assert [row.status for row in office.ledger(TRIAL)] == ["counted"]
    with office.database.read() as connection:
        assert in_electorate(connection) == []
    invitations = office.open_survey()
    assert len(invitations) == 4
    assert office.stands() == {}


def test_a_trial_while_the_survey_is_open(office: PostOffice) -> None:
    """A trial reply counts nothing for a survey that is open already either."""
    invitation = office.open_survey()[YAMADA]
    with office.database.write() as connection:
        send_trial(connection, office.site, SURVEY.key, office.now, to=[NAGANO], pilot=1)
    trial = office.only_copy("trial")
    office.reply(trial, "Q1 1")
    assert office.stands() == {}
    office.reply(invitation, "Q1 3")
    assert {code: stands.row.answers for code, stands in office.stands().items()} == {NAGANO: {"Q1": ("3",)}}


def test_a_trial_ballot_used_for_the_survey(office: PostOffice) -> None:
    """A filled trial ballot that is sent to the survey's own address is another ballot, and held."""
    invitation = office.open_survey()[YAMADA]
    with office.database.write() as connection:
        send_trial(connection, office.site, SURVEY.key, office.now, to=[NAGANO], pilot=1)
    trial = office.only_copy("trial")
    filled = trial.text.replace("【Q1回答】[　　]", "【Q1回答】[ 2 ]")
    office.hand_in(
        office.mail(YAMADA, office.reply_address(invitation), filled), office.reply_address(invitation)
    )
    assert {code: stands.row.status for code, stands in office.stands().items()} == {NAGANO: "held"}


def test_unclear_answers_are_asked_back(office: PostOffice) -> None:
    """What was not read is asked back as in the survey, and the report says which questions confuse."""
    sent = send(office)
    assert len(sent) == 4
    office.reply(sent[YAMADA], "Q1 2\nQ2 13")
    asked = office.only_copy("trial_receipt")
    assert asked["Subject"].startswith("【練習】一部読み取れません")
    assert "【Q2回答】[　　]" in asked.text
    assert "【Q1回答】" not in asked.text
    assert "読み取り　Q1 利用していない" in asked.text
    office.pass_time(timedelta(minutes=5))
    office.reply(asked, "Q2 1,3", YAMADA)
    assert office.only_copy("trial_receipt")["Subject"].startswith("【練習】読み取れました")
    office.reply(sent[SATO], "Q1 1")
    seen = report(office)
    assert (seen.sent, seen.answered, seen.read_at_once, seen.read_in_the_end) == (4, 2, 1, 2)
    assert [(one.question, one.bodies) for one in seen.asked_back] == [("Q2", 1)]


def test_an_empty_trial_reply(office: PostOffice) -> None:
    """A trial ballot returned untouched is answered with how to try again, and stands in the report."""
    office.reply(send(office, NAGANO)[YAMADA], "")
    receipt = office.only_copy("trial_receipt")
    assert "もう一度お試しください" in receipt.text
    assert [one.question for one in report(office).asked_back] == [""]


def test_a_fresh_trial_ballot(office: PostOffice) -> None:
    """再送 brings the trial ballot again."""
    office.reply(send(office, NAGANO)[YAMADA], "再送")
    assert office.only_copy("trial")["Subject"].startswith("【練習】")
    assert office.ledger(TRIAL) == []


def test_who_is_told(office: PostOffice) -> None:
    """A registered colleague is told himself; for a stranger the one who got the ballot is told; a machine nobody."""
    copy = send(office, NAGANO)[YAMADA]
    office.reply(copy, "Q1 1", SUZUKI)
    assert office.only_copy("trial_receipt").to == SUZUKI
    office.reply(copy, "Q1 3", STRANGER)
    assert office.only_copy("trial_receipt").to == YAMADA
    automatic = office.mail(YAMADA, office.reply_address(copy), "Q1 1", Auto_Submitted="auto-replied")
    assert office.hand_in(automatic, office.reply_address(copy)).state == "discarded"
    assert office.copies() == []


def test_sent_again(office: PostOffice) -> None:
    """A second trial to the same body uses its ballot again."""
    first = send(office, NAGANO)[YAMADA]
    again = send(office, NAGANO, UEDA)
    assert office.reply_address(again[YAMADA]) == office.reply_address(first)
    assert report(office).sent == 2


def test_by_address(office: PostOffice) -> None:
    """A trial may go to any registered address."""
    assert list(send(office, SUZUKI)) == [SUZUKI]


def test_pilot(office: PostOffice) -> None:
    """A pilot round takes other kinds first."""
    codes = {copy["To"] for copy in send(office, pilot=2).values()}
    assert len(codes) == 2
    with office.database.read() as connection:
        assert KARUIZAWA in {ballot.code for ballot in ballots.of_subject(connection, TRIAL)}


@pytest.mark.parametrize(
    ("to", "words"), [(["nobody@example.jp"], "no contact"), (["131016"], "no body with the code")]
)
def test_unknown_recipients(office: PostOffice, to: list[str], words: str) -> None:
    """Somebody outside of the register is refused with a sentence, and nothing is sent."""
    office.apply(SURVEY)
    with office.database.write() as connection, pytest.raises(Refusal, match=words):
        send_trial(connection, office.site, SURVEY.key, office.now, to=[MATSUMOTO, *to], pilot=10)
    assert office.copies() == []


def test_refusals(office: PostOffice) -> None:
    """A survey that is not there has no trial, and without a trial there is no report."""
    with office.database.write() as connection, pytest.raises(Refusal, match="none with this key"):
        send_trial(connection, office.site, "X1", office.now, pilot=10)
    with office.database.read() as connection, pytest.raises(Refusal, match="no trial ballots"):
        report_trial(connection, "X1")
