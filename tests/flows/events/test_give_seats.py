"""Seats that become free: given at once, or offered for so many business days, strictly in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.runs.run_due import run_due
from mailbot.store.events import seat_offers
from tests.flows.post_office import (
    EVENT,
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    SATO,
    TAKAHASHI,
    TANAKA,
    TOKYO,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
)

KEY = EVENT.key
OFFERED = replace(EVENT, starts=time(10), ends=time(15), offer_days=2)


@pytest.fixture
def notices(office: PostOffice) -> dict[str, Copy]:
    """The notices by address; Nagano has the three seats, Matsumoto (2), Ueda (1) and Karuizawa (1) wait."""
    office.apply(OFFERED)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    found = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(found[YAMADA], "参加 3名")
    for address, people in ((SATO, 2), (TANAKA, 1), (TAKAHASHI, 1)):
        office.pass_time(timedelta(minutes=1))
        office.reply(found[address], f"参加 {people}名")
    office.copies()
    return found


def offered(office: PostOffice) -> int:
    """Return how many offers are open."""
    with office.database.read() as connection:
        return len(seat_offers.of_event(connection, KEY))


def run_at(office: PostOffice, moment: datetime) -> None:
    """Let the schedule run at this moment."""
    office.now = moment
    run_due(office.database, office.site, moment)


def test_free_seats_are_offered_in_order_and_kept(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Both who have room hear of it; until they answer their seats are nobody else's."""
    office.reply(notices[YAMADA], "欠席")
    offers = office.copies("seat_offer")
    assert [copy.to for copy in offers] == [SATO, TANAKA]
    assert offers[0]["Subject"] == "【空きのご案内】第1回トピックスセミナー（6/22までにお返事を） [N26-07]"
    assert "期限　2026年6月22日（月）17時00分 までに" in offers[0].text
    assert office.seats()[MATSUMOTO] == ("waiting", 2)
    office.reply(notices[YAMADA], "参加 1名")
    assert office.seats()[NAGANO] == ("waiting", 1)  # behind Karuizawa, although no seat is taken yet


def test_an_offer_is_taken_by_a_word(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Number and names stand as they were; the receipt is an ordinary one."""
    office.reply(notices[YAMADA], "欠席")
    first = office.copies("seat_offer")[0]
    office.reply(first, "出席")
    assert office.seats()[MATSUMOTO] == ("attending", 2)
    assert office.only_copy("rsvp_receipt")["Subject"].startswith("【出欠・ご出席】")
    assert offered(office) == 1


@pytest.mark.parametrize("text", ["1", "１", "はい", "お受けします。", "はい、お願いします。"])
def test_an_offer_is_taken_by_what_its_mail_asks_for(
    office: PostOffice, notices: dict[str, Copy], text: str
) -> None:
    """The number alone, or a plain yes: it is an answer to this one question."""
    office.reply(notices[YAMADA], "欠席")
    office.reply(office.copies("seat_offer")[0], text)
    assert office.seats()[MATSUMOTO] == ("attending", 2)


@pytest.mark.parametrize("text", ["検討します", "はい\nただし1名は欠席です", "欠席 3名"])
def test_an_offer_is_not_lost_by_a_word_that_is_not_understood(
    office: PostOffice, notices: dict[str, Copy], text: str
) -> None:
    """It is asked back while the seats are kept, and not passed over as no change."""
    office.reply(notices[YAMADA], "欠席")
    office.reply(office.copies("seat_offer")[0], text)
    asked = next(copy for copy in office.copies("rsvp_receipt") if copy.to == SATO)
    assert "確認のお願い" in asked["Subject"]
    assert office.seats()[MATSUMOTO] == ("waiting", 2)
    office.reply(asked, "出席")
    assert office.seats()[MATSUMOTO] == ("attending", 2)


def test_an_offer_that_is_refused_goes_to_the_next(office: PostOffice, notices: dict[str, Copy]) -> None:
    """The seats of who declines are offered on at once."""
    office.reply(notices[YAMADA], "欠席")
    first = office.copies("seat_offer")[0]
    office.reply(first, "欠席")
    assert [copy.to for copy in office.copies("seat_offer")] == [TAKAHASHI]


def test_an_offer_that_nobody_takes_up_ends(office: PostOffice, notices: dict[str, Copy]) -> None:
    """At its end the body waits no longer and hears so, and the next has its turn."""
    office.reply(notices[YAMADA], "欠席")
    office.copies()
    run_at(office, datetime(2026, 6, 22, 17, 0, tzinfo=TOKYO))
    mails = office.copies("seat_offer")
    assert [(copy.to, "期限切れ" in copy["Subject"]) for copy in mails] == [
        (SATO, True),
        (TAKAHASHI, False),
        (TANAKA, True),
    ]
    stands = office.seats()
    assert (stands[MATSUMOTO][0], stands[UEDA][0]) == ("declined", "declined")
    assert offered(office) == 1


def test_an_offer_taken_too_late_waits_again(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Behind those who waited all the time."""
    office.reply(notices[YAMADA], "欠席")
    first = office.copies("seat_offer")[0]
    run_at(office, datetime(2026, 6, 22, 17, 0, tzinfo=TOKYO))
    office.copies()
    office.reply(first, "参加 3名")
    assert office.seats()[MATSUMOTO] == ("waiting", 3)


def test_an_offer_is_taken_after_the_deadline_for_answers(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """Whoever was offered a seat may say yes until the offer ends, whatever `rsvp_until` says."""
    office.now = datetime(2026, 10, 9, 16, 0, tzinfo=TOKYO)
    office.reply(notices[YAMADA], "欠席")
    first = office.copies("seat_offer")[0]
    office.pass_time(timedelta(hours=3))
    office.reply(first, "出席")
    assert office.seats()[MATSUMOTO] == ("attending", 2)


def test_who_takes_up_an_offer_after_both_deadlines_hears_that_it_is_over(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """And not of a decline that he never wrote."""
    office.now = datetime(2026, 10, 9, 16, 0, tzinfo=TOKYO)
    office.reply(notices[YAMADA], "欠席")
    first = office.copies("seat_offer")[0]
    run_at(office, datetime(2026, 10, 14, 17, 0, tzinfo=TOKYO))
    office.copies()
    office.reply(first, "出席")
    told = office.only_copy("rsvp_receipt")
    assert "期限後" in told["Subject"]
    assert "お取り置きを終わっております" in told.text
    assert "ご欠席のお返事" not in told.text


def test_no_offer_outlasts_the_start(office: PostOffice, notices: dict[str, Copy]) -> None:
    """It ends when the event begins, and after that nothing is offered any more."""
    office.apply(replace(OFFERED, rsvp_until=None))
    office.now = datetime(2026, 10, 21, 18, 0, tzinfo=TOKYO)
    office.reply(notices[YAMADA], "欠席")
    (offer, _) = office.copies("seat_offer")
    assert "期限　2026年10月22日（木）10時00分 までに" in offer.text
    run_at(office, datetime(2026, 10, 22, 10, 0, tzinfo=TOKYO))
    assert [copy.to for copy in office.copies("seat_offer") if "期限切れ" not in copy["Subject"]] == []
    assert office.seats()[KARUIZAWA] == ("waiting", 1)
    assert offered(office) == 0


def test_a_change_of_definition_keeps_the_open_offers(office: PostOffice, notices: dict[str, Copy]) -> None:
    """The run that ends an offer is planned by no file, and no file takes it away; a cancellation does."""
    office.reply(notices[YAMADA], "欠席")
    office.apply(replace(OFFERED, place="長野市"))
    office.copies()
    run_at(office, datetime(2026, 6, 22, 17, 0, tzinfo=TOKYO))
    assert office.seats()[MATSUMOTO][0] == "declined"
    with office.database.write() as connection:
        cancel_event(connection, office.site, KEY, "", office.now)
    office.copies()
    run_at(office, datetime(2026, 7, 31, 17, 0, tzinfo=TOKYO))
    assert office.copies("seat_offer") == []


def test_a_second_offer_of_the_same_day_ends_too(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Refused, asked for again and offered again: it ends at the same moment, and it does end."""
    office.reply(notices[YAMADA], "欠席")
    first = office.copies("seat_offer")[0]
    office.reply(first, "欠席")
    office.apply(replace(OFFERED, capacity=2))
    office.reply(first, "参加 2名")
    office.apply(replace(OFFERED, capacity=9))
    assert offered(office) == 3
    office.copies()
    run_at(office, datetime(2026, 6, 22, 17, 0, tzinfo=TOKYO))
    assert offered(office) == 0
    assert office.seats()[MATSUMOTO][0] == "declined"


def test_who_writes_the_same_again_keeps_his_place(office: PostOffice, notices: dict[str, Copy]) -> None:
    """And so does who needs fewer seats; who wants more goes to the end."""
    office.reply(notices[SATO], "参加 2名")
    office.reply(notices[TANAKA], "参加 2名")
    office.reply(notices[YAMADA], "欠席")
    assert [copy.to for copy in office.copies("seat_offer")] == [SATO, TAKAHASHI]
