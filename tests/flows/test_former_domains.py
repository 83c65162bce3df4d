"""After the domains were changed, what is answered to earlier mail is still taken; no new mail names the former ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import icalendar
import pytest

from mailbot.core.mail.address import Reply
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.know_recipient import know_recipient, own_addresses
from mailbot.render import Letterhead, Renderer
from mailbot.resources import templates_folder
from mailbot.store.events import answer_domains
from tests.flows.events.test_calendar_rsvp import INVITED, calendar_mail, standing
from tests.flows.post_office import (
    EVENT,
    NAGANO,
    OFFICE,
    SATO,
    SECURITY,
    STRANGER,
    SURVEY,
    TOKYO,
    YAMADA,
    Copy,
    PostOffice,
    dsn,
)

FORMER = ("ml.example.jp", "kaitou.example.jp")


def move(office: PostOffice, former: tuple[str, ...] = FORMER) -> None:
    """Give the service new domains."""
    render = Renderer(
        templates_folder(), "ja", Letterhead("全国協議会", OFFICE, "answers.new.example", TOKYO)
    )
    office.site = replace(
        office.site,
        domain="lists.new.example",
        reply_domain="answers.new.example",
        former_domains=former,
        renderer=lambda: render,
    )


@pytest.fixture
def invitation(office: PostOffice) -> Copy:
    """What 長野市 was sent before the domains changed."""
    found = office.open_survey()[YAMADA]
    move(office)
    return found


def known(office: PostOffice, address: str, sender: str = "") -> bool:
    """Ask as RCPT does."""
    with office.database.read() as connection:
        return know_recipient(connection, office.site, address, sender)


def test_a_reply_to_an_old_invitation_counts(office: PostOffice, invitation: Copy) -> None:
    """Its receipt, the next ballot, is answered at the domain of today."""
    address = f"{invitation['Reply-To'].partition('<')[2].rstrip('>')}"
    assert address.endswith("@kaitou.example.jp")
    assert known(office, address)
    assert office.reply(invitation, "Q1: 1").state == "voted"
    receipt = office.only_copy("vote_receipt")
    assert "@answers.new.example>" in receipt["Reply-To"]
    own = (receipt["From"], receipt["Reply-To"], receipt["Message-ID"], receipt.text)
    assert not any(domain in field for domain in FORMER for field in own)
    assert office.reply(receipt, "Q1: 2").state == "voted"


@pytest.mark.parametrize("former", [(), ("ml.example.jp",), ("kaitou.example.jp",)])
def test_what_is_not_named_is_nobodys(office: PostOffice, former: tuple[str, ...]) -> None:
    """Each domain is named by itself; a token counts at each of them, as the lists do."""
    invitation = office.open_survey()[YAMADA]
    token = office.reply_address(invitation).partition("@")[0]
    move(office, former)
    for domain in FORMER:
        for local in (token, f"r-{token}", "security", "security-bounces+x", "postmaster", "bounce+x"):
            assert known(office, f"{local}@{domain}") is (domain in former)
        assert known(office, "a7qk2m3xd9wpt4hv@" + domain, YAMADA) is (domain in former)
        assert not known(office, "a7qk2m3xd9wpt4hv@" + domain, STRANGER)
        assert not known(office, f"nobody@{domain}", YAMADA)


def test_a_bounce_at_the_former_return_path(office: PostOffice, invitation: Copy) -> None:
    """It names its copy."""
    path = office.return_path(invitation).replace("lists.new.example", "ml.example.jp")
    assert office.hand_in(dsn(), path, mail_from="").state == "bounced"


def test_a_post_to_a_list_where_it_was(office: PostOffice) -> None:
    """It goes out under the new name; one that has been round by the former name is seen as such."""
    move(office)
    assert office.post(SATO, "security@ml.example.jp").state == "posted"
    copy = office.copies("post")[0]
    assert "<mailto:security@lists.new.example>" in copy["List-Post"]
    assert copy["List-Id"].endswith("<security.lists.new.example>")
    office.copies()
    round_again = office.mail(SATO, "security@ml.example.jp", "別の本文", List_Id="<security.ml.example.jp>")
    assert office.hand_in(round_again, "security@lists.new.example").state != "posted"
    arrived = b"Delivered-To: security@ml.example.jp\r\nReceived: from a by mx.example.jp with SMTP id 1\r\n"
    fresh = office.mail(SATO, "security@ml.example.jp", "もう一つの本文")
    assert office.hand_in(arrived + fresh, "security@ml.example.jp").state == "posted"


def test_an_answer_of_a_calendar_to_an_old_entry(office: PostOffice) -> None:
    """The domain of its UID is a former one."""
    office.apply(INVITED)
    with office.database.write() as connection:
        announce_event(connection, office.site, EVENT.key, 0, office.now)
    notice = {copy.to: copy for copy in office.copies("event_notice")}[YAMADA]
    raw, to = calendar_mail(office, notice, "ACCEPTED")
    move(office)
    assert office.hand_in(raw, to).state == "answered"
    assert standing(office, NAGANO)[0] == "attending"


@pytest.mark.parametrize("calendar", ["request", "publish"])
def test_an_event_announced_before_keeps_its_calendar_entry(office: PostOffice, calendar: str) -> None:
    """The same UID and organizer in a change, a form sent again and a cancellation: else a calendar holds two events."""
    event = replace(INVITED, calendar=calendar)  # type: ignore[arg-type]
    office.apply(event)
    with office.database.write() as connection:
        announce_event(connection, office.site, event.key, 0, office.now)
    first = {copy.to: copy for copy in office.copies("event_notice")}[YAMADA]
    move(office)
    with office.database.write() as connection:
        announce_event(connection, office.site, event.key, 0, office.now, again=True)
    office.apply(replace(event, starts=time(11)))
    office.reply(first, "再送")
    with office.database.write() as connection:
        cancel_event(connection, office.site, event.key, "台風のため", office.now)
    later = [copy for copy in office.copies() if copy.to == YAMADA]
    assert len(later) == 4
    for copy in later:
        assert [named(copy, name) for name in ("UID", "ORGANIZER")] == [
            named(first, name) for name in ("UID", "ORGANIZER")
        ]
    assert all("answers.new.example" in copy["Message-ID"] for copy in later)


def test_an_entry_whose_domain_is_ours_no_more(office: PostOffice) -> None:
    """Its organizer could not be answered: the entry is a new one."""
    office.apply(INVITED)
    with office.database.write() as connection:
        announce_event(connection, office.site, INVITED.key, 0, office.now)
    move(office, former=())
    office.copies()
    with office.database.write() as connection:
        announce_event(connection, office.site, INVITED.key, 0, office.now, again=True)
    assert "answers.new.example" in named(office.copies("event_notice")[0], "UID")


def named(copy: Copy, name: str) -> str:
    """Return a value of a copy's calendar entry."""
    (part,) = [part for part in copy.mail.walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    (entry,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return str(entry[name])


def test_an_address_at_a_former_domain_is_no_members(office: PostOffice) -> None:
    """What went there would come back to the list; other names at the domain may be people's again."""
    move(office)
    with office.database.read() as connection:
        own = own_addresses(connection, office.site)
        assert own("security@ml.example.jp")
        assert not own("yamada@ml.example.jp")
    assert isinstance(office.site.route("0123456789abcdef@kaitou.example.jp", ()), Reply)
    assert SECURITY.name in str(office.site.route("security@ml.example.jp", {"security"}))


def test_the_domains_that_answers_go_to(office: PostOffice) -> None:
    """Those of open surveys and coming events are named, as their first mail has them; none of what is over."""
    office.open_survey()
    office.apply(EVENT)
    move(office)
    with office.database.write() as connection:
        announce_event(connection, office.site, EVENT.key, 0, office.now)
        day = office.now.date()
        assert answer_domains.awaited(connection, day) == {
            "kaitou.example.jp": [SURVEY.key],
            "answers.new.example": [EVENT.key],
        }
        later = EVENT.date.replace(year=EVENT.date.year + 1)
        assert answer_domains.awaited(connection, later) == {"kaitou.example.jp": [SURVEY.key]}
