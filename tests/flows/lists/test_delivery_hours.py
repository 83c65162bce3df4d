"""Delivery hours of a list: what comes at night waits for the morning, once, and its author may cancel it until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from mailbot.core.lists.delivery_hours import leaves_at
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.rehearse import rehearse
from tests.flows.lists.test_decide_post import pass_time
from tests.flows.post_office import KAIGI, SATO, SECURITY, TOKYO, YAMADA, PostOffice, find

DAY = (time(8), time(20))
HOURS = replace(KAIGI, hours=DAY)
MODERATED = replace(SECURITY, hours=DAY, moderated="yes", moderators=(YAMADA, SATO))
KAIGI_POST = "kaigi@ml.example.jp"


def at(text: str) -> datetime:
    """Return a moment of 18 June, or of 19 June behind a plus."""
    day = 19 if text.startswith("+") else 18
    return datetime.fromisoformat(f"2026-06-{day} {text.removeprefix('+')}").replace(tzinfo=TOKYO)


def at_night(office: PostOffice) -> PostOffice:
    """Return the installation at nine in the evening."""
    office.now = at("21:00")
    return office


@pytest.mark.parametrize(
    ("moment", "leaves"),
    [
        ("07:59", "08:00"),
        ("08:00", "08:00"),
        ("12:34", "12:34"),
        ("19:59", "19:59"),
        ("20:00", "+08:00"),
        ("23:59", "+08:00"),
        ("00:00", "08:00"),
    ],
)
def test_when_it_leaves(moment: str, leaves: str) -> None:
    """From the first of the hours until the second, the second not included; else when they begin again."""
    assert leaves_at(DAY, at(moment)) == at(leaves)
    assert leaves_at(None, at(moment)) == at(moment)


def test_a_post_at_night_waits_for_the_morning(office: PostOffice) -> None:
    """Its author hears when it goes out; in the morning it does, once, and by day each goes at once."""
    office.apply(replace(HOURS, receipts=True))
    assert office.post(YAMADA, KAIGI_POST).state == "posted"
    at_night(office).copies()
    held = office.post(YAMADA, KAIGI_POST)
    assert (held.state, held.reason) == ("held", "goes out at 2026-06-19 08:00, unless its author cancels it")
    told = office.only_copy("post_waiting")
    assert "8:00から20:00まで" in told.text
    assert "6月19日" in told["Subject"]
    assert pass_time(office, timedelta(hours=10, minutes=59)) == 0
    assert pass_time(office, timedelta(minutes=1)) == 1
    assert pass_time(office, timedelta(minutes=1)) == 0
    copies = office.copies()
    assert len([copy for copy in copies if copy.kind == "post"]) == 5
    assert find(copies, "post_accepted").to == YAMADA
    assert office.state(held.id) == "posted"


def test_its_author_may_cancel_it_until_then(office: PostOffice) -> None:
    """取消 at night, and nobody gets it."""
    office.apply(HOURS)
    held = at_night(office).post(YAMADA, KAIGI_POST)
    office.reply(office.only_copy("post_waiting"), "取消")
    assert office.state(held.id) == "discarded"
    office.copies()
    assert pass_time(office, timedelta(hours=12)) == 0
    assert office.copies() == []


def test_a_list_without_hours_is_never_late(office: PostOffice) -> None:
    """An alarm goes out at once, at any hour."""
    assert at_night(office).post(YAMADA, KAIGI_POST).state == "posted"


def test_the_minutes_to_cancel_in_may_reach_into_the_night(office: PostOffice) -> None:
    """Then it waits for the morning, and he is told so."""
    office.apply(replace(HOURS, undo_minutes=5))
    office.now = at("19:57")
    office.post(YAMADA, KAIGI_POST)
    assert "6月19日" in office.only_copy("post_waiting")["Subject"]
    assert pass_time(office, timedelta(minutes=10)) == 0


def test_what_is_accepted_at_night_waits_too(office: PostOffice) -> None:
    """The moderators hear when it goes out; nobody decides again, and in the morning no rule holds it once more."""
    office.apply(MODERATED)
    held = at_night(office).post(YAMADA)
    asked = {copy.to: copy for copy in office.copies("moderate_post")}
    office.reply(asked[SATO], "承認")
    told = {copy.to: copy.said for copy in office.copies("moderator_told")}
    assert "配信時間になりましたら" in told[YAMADA]
    assert office.state(held.id) == "held"
    office.reply(asked[YAMADA], "却下")
    assert "すでに承認され" in office.only_copy("moderator_told").said
    assert pass_time(office, timedelta(hours=11)) == 1
    copies = office.copies()
    assert len([copy for copy in copies if copy.kind == "post"]) == 3
    assert find(copies, "post_accepted").to == YAMADA
    assert office.state(held.id) == "posted"


def test_the_office_may_let_it_out_at_once(office: PostOffice) -> None:
    """Who accepts it a second time does not wait for the morning."""
    office.apply(MODERATED)
    held = at_night(office).post(YAMADA)
    office.copies()
    for _ in range(2):
        assert not office.copies("post")
        with office.database.write() as connection:
            settle_held(connection, office.site, held.id, "accept", "", office.now)
    assert len(office.copies("post")) == 3
    assert pass_time(office, timedelta(hours=11)) == 0


def test_what_its_author_confirms_at_night_waits_too(office: PostOffice) -> None:
    """His word is kept, and it goes out in the morning."""
    office.apply(replace(HOURS, author="confirm"))
    held = at_night(office).post(YAMADA, KAIGI_POST)
    office.reply(find(office.copies(), "ask_author"), "はい")
    assert office.state(held.id) == "held"
    assert office.only_copy("post_waiting").to == YAMADA
    assert pass_time(office, timedelta(hours=11)) == 1
    assert len(office.copies("post")) == 5


def test_a_rehearsal_says_when(office: PostOffice) -> None:
    """It names the moment at which the post would leave."""
    office.apply(HOURS)
    raw = at_night(office).mail(YAMADA, KAIGI_POST)
    with office.database.read() as connection:
        shown = rehearse(connection, office.site, raw, KAIGI_POST, None, office.now)
    assert shown.outcome == "accept: post 1 goes to 5 members, in the list's hours: at 2026-06-19 08:00"
