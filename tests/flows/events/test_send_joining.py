"""How to join an event: told the day before, to those who attend and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

import pytest

from mailbot.core.events.event import Material, Notice
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.runs.run_due import run_due
from tests.flows.post_office import EVENT, SATO, TAKAHASHI, TANAKA, TOKYO, YAMADA, Copy, PostOffice

KEY = EVENT.key
ADDRESS = "https://meet.example.jp/abc"
ONLINE = replace(
    EVENT,
    starts=time(10),
    ends=time(15),
    capacity=None,
    rsvp_until=None,
    joining=f"{ADDRESS}\nパスコード 1234",
    organiser="地方自治情報センター",
    co_organisers=("全国協議会",),
    materials=(Material("資料1", "https://example.jp/shiryo/1.pdf"),),
    notices=(Notice(at=datetime(2026, 10, 1, 10, 0, tzinfo=TOKYO), to="unanswered"),),
)


@pytest.fixture
def notices(office: PostOffice) -> dict[str, Copy]:
    """The notices by address; Nagano attends, Matsumoto declines, Ueda has not decided."""
    office.apply(ONLINE)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    found = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(found[YAMADA], "参加")
    office.reply(found[SATO], "欠席")
    office.reply(found[TANAKA], "検討中")
    return found


def whole(copy: Copy) -> str:
    """Return all that a copy says: its text and its calendar file."""
    parts = [part.get_payload(decode=True) for part in copy.mail.walk() if not part.is_multipart()]
    return "".join(part.decode() for part in parts if isinstance(part, bytes))


def run_at(office: PostOffice, moment: datetime) -> list[Copy]:
    """Let the schedule run at this moment; returns what it sent."""
    office.copies()
    office.now = moment
    run_due(office.database, office.site, moment)
    return office.copies()


def test_the_address_goes_to_those_who_attend(office: PostOffice, notices: dict[str, Copy]) -> None:
    """On the last business day before, and in no mail or calendar file of before."""
    run_at(office, datetime(2026, 10, 1, 10, 0, tzinfo=TOKYO))
    (told,) = run_at(office, datetime(2026, 10, 21, 10, 0, tzinfo=TOKYO))
    assert (told.kind, told.to) == ("event_joining", YAMADA)
    assert ADDRESS in told.text
    before = [copy for copy in office.all_copies() if copy.kind != "event_joining"]
    assert before
    assert all(ADDRESS not in whole(copy) for copy in before)


def test_who_answers_after_that_finds_it_in_the_receipt(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Where he has a seat; who declines does not."""
    run_at(office, datetime(2026, 10, 21, 10, 0, tzinfo=TOKYO))
    office.reply(notices[TAKAHASHI], "参加")
    assert ADDRESS in office.only_copy("rsvp_receipt").text
    office.reply(notices[TAKAHASHI], "欠席")
    assert ADDRESS not in office.only_copy("rsvp_receipt").text


def test_who_has_not_answered_is_asked_again(office: PostOffice, notices: dict[str, Copy]) -> None:
    """`to: unanswered` means who has neither come, waited nor declined, also who is undecided."""
    sent = run_at(office, datetime(2026, 10, 1, 10, 0, tzinfo=TOKYO))
    assert {copy.to for copy in sent} == {TANAKA, TAKAHASHI}
    assert "まだ承っておりません" in sent[0].text


def test_who_holds_it_and_what_to_read(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Organiser and co-organisers stand in the text, material as links, in the calendar file, too."""
    text = notices[YAMADA].text
    for line in ("主催　地方自治情報センター", "共催　全国協議会", "https://example.jp/shiryo/1.pdf"):
        assert line in text
    assert "ATTACH:https://example.jp/shiryo/1.pdf" in whole(notices[YAMADA])
