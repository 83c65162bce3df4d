"""Somebody enters our pages: a link goes to his registered address, works once, and lets that browser in for half a day.

There are no passwords: who reads a person's mail is that person to us already (ballot.md section 9), and a password would be one
more thing to lose each April. To follow the link changes nothing; the button on its page does (gateways follow links).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.core.mail.token import read_visit_token, token_hash, visit_token
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.members import confirmations, members, other_addresses
from mailbot.store.members.confirmations import Confirmation, NewConfirmation
from mailbot.store.sending import outbox

# As long as its mail counts (promises.md I30): whoever uses up somebody's three mails leaves that person links that work
LINK_LASTS = timedelta(days=1)
VISIT_LASTS = timedelta(hours=12)  # a day's work: town halls share machines

_KIND = "visit"
# Where a link of ours may lead
_PLACE = re.compile(r"/a/[a-z0-9][a-z0-9.-]*/(?:m/[A-Za-z0-9_-]+)?|/results/[A-Za-z0-9][A-Za-z0-9.-]*")


@dataclass(frozen=True)
class Visit:
    """One browser that is let in, and for whom."""

    number: int
    address: str  # his own, at which his mail arrives


def send_link(connection: Connection, site: Site, typed: str, place: str, now: datetime) -> bool:
    """Mail the link to somebody whom we know, within the limits of promises.md I30; False: none was mailed, which no page may show."""
    address = _known_address(connection, site, typed.strip())
    if address is None or not confirmations.may_ask(connection, address, now):
        return False
    detail = {"place": place if _PLACE.fullmatch(place) else "/"}
    new = NewConfirmation(_KIND, "pages", address, detail, now + LINK_LASTS, by_mail=True)
    # No address has this token, so that no mail can answer it.
    number = confirmations.make(connection, new, lambda row: token_hash(f"{_KIND} {row}"), now)
    cooked = site.render.letter(
        "visit_link",
        now=now,
        own=("token",),  # the stored mail does not have it (promises.md I31)
        pages=site.web_url,
        hours=LINK_LASTS // timedelta(hours=1),
    )
    mailing_id = outbox.add_mailing(
        connection,
        kind="visit_link",
        subject=confirmations.subject_of(number),
        cooked=cooked,
        bounces=None,
        now=now,
    )
    outbox.queue(connection, mailing_id, [outbox.Addressee(address, None, {"visit": str(number)})], now)
    return True


def read_link(connection: Connection, site: Site, token: str, now: datetime) -> bool:
    """Tell whether a link still works; nothing changes."""
    return _of_link(connection, site, token, now) is not None


def enter_pages(connection: Connection, site: Site, token: str, now: datetime) -> tuple[str, str] | None:
    """Use a link up; returns the browser's session token and the page that was asked for, None for a link that does not work."""
    asked = _of_link(connection, site, token, now)
    if asked is None or not confirmations.use(connection, asked.id, now):
        return None
    confirmations.set_expiry(connection, asked.id, now + VISIT_LASTS)
    confirmations.wanted(connection, asked.id)
    return visit_token(site.key, "session", asked.id), asked.detail["place"]


def visit_of(connection: Connection, site: Site, session: str, now: datetime) -> Visit | None:
    """Return the visit of a browser; None where it was not let in, the visit is over, or the person is not known any more."""
    number = read_visit_token([site.key], "session", session)
    asked = None if number is None else confirmations.by_id(connection, number, _KIND)
    if asked is None or asked.used_at is None or asked.expires_at <= now:
        return None
    address = _known_address(connection, site, asked.address)  # it may have become a further one meanwhile
    return None if address is None else Visit(asked.id, address)


def form_token(site: Site, visit: Visit) -> str:
    """Return what stands in each form of a visit, so that no other site's form is taken for ours."""
    return visit_token(site.key, "form", visit.number)


def is_own_form(site: Site, visit: Visit, token: str) -> bool:
    """Tell whether a form was made for this visit."""
    return read_visit_token([site.key], "form", token) == visit.number


def leave_pages(connection: Connection, visit: Visit, now: datetime) -> None:
    """End a visit, in whatever browser."""
    confirmations.set_expiry(connection, visit.number, now)


def _of_link(connection: Connection, site: Site, token: str, now: datetime) -> Confirmation | None:
    number = read_visit_token([site.key], "link", token)
    asked = None if number is None else confirmations.by_id(connection, number, _KIND)
    if asked is None or asked.used_at is not None or asked.expires_at <= now:
        return None
    return asked


def _known_address(connection: Connection, site: Site, address: str) -> str | None:
    """Return where his mail goes, as we have it written: a contact, a member or moderator of a list, or one of the office."""
    home = other_addresses.home(connection, address)
    return next((one for one in _known(connection, site, home) if same_address(one, home)), None)


def _known(connection: Connection, site: Site, address: str) -> Iterator[str]:
    """Yield the addresses that could be this one; the definitions of all lists are the last to be looked at."""
    yield from (one.contact.email for one in members.people_at(connection, address))
    if lists.of_address(connection, address):
        yield from (one.address for one in memberships.of_person(connection, address))
    yield from site.of_office
    yield from (one for value in lists.every(connection) for one in value.moderators)
