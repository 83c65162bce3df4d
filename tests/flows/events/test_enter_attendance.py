"""Who was at an event, and what is sent to them afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

import pytest

from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.events.enter_attendance import enter_attendance
from mailbot.store.events import attendances
from tests.flows.post_office import EVENT, SATO, SURVEY, TANAKA, TOKYO, UEDA, YAMADA, PostOffice

KEY = EVENT.key
AFTER = datetime(2026, 10, 22, 17, 0, tzinfo=TOKYO)
HELD = replace(EVENT, starts=time(10), ends=time(15))


@pytest.fixture
def held(office: PostOffice) -> PostOffice:
    """The office after the event, for which Nagano (2) and Matsumoto (1) had registered."""
    office.apply(HELD)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    notices = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(notices[YAMADA], "参加 2名")
    office.reply(notices[SATO], "参加")
    office.copies()
    office.now = AFTER
    return office


def enter(office: PostOffice, *words: str) -> dict[str, int]:
    """Enter who was there."""
    with office.database.write() as connection:
        return enter_attendance(connection, office.site, KEY, words, office.now)


def entered(office: PostOffice) -> dict[str, int]:
    """Return what stands."""
    with office.database.read() as connection:
        return attendances.of_event(connection, KEY)


def test_who_was_there(held: PostOffice) -> None:
    """All as they registered, but one; a later word replaces what was said of its body alone."""
    assert enter(held, "全員", "202029=0") == {"202011": 2, "202029": 0}
    enter(held, f"{UEDA}=1")
    enter(held, "202029")
    assert entered(held) == {"202011": 2, "202029": 1, UEDA: 1}


def test_a_survey_for_those_who_were_there(held: PostOffice) -> None:
    """`audience: {attended: N26-07}` asks the bodies that came, with and without a seat, and nobody else."""
    enter(held, "全員", "202029=0", f"{UEDA}=1")
    survey = replace(
        SURVEY,
        audience=Selector(attended=(KEY,)),
        opens=AFTER,
        closes=datetime(2026, 11, 5, 17, 0, tzinfo=TOKYO),
        reminders=(),
    )
    assert set(held.open_survey(survey)) == {YAMADA, TANAKA}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("みんな",), "is neither 全員"),
        (("202037=1", "131016=1"), "131016 is no body of the register"),
        (("202037",), "had no seat|no body"),
    ],
)
def test_what_cannot_be_entered(held: PostOffice, words: tuple[str, ...], why: str) -> None:
    """One sentence, and nothing of it is entered."""
    with pytest.raises(Refusal, match=why):
        enter(held, *words)
    assert entered(held) == {}


def test_not_before_the_event_and_not_when_it_was_cancelled(office: PostOffice) -> None:
    """Nobody was there."""
    office.apply(HELD)
    with pytest.raises(Refusal, match="has not begun"):
        enter(office, "全員")
    with office.database.write() as connection:
        cancel_event(connection, office.site, KEY, "", office.now)
    with pytest.raises(Refusal, match="was cancelled; nobody was there"):
        enter(office, "全員")
