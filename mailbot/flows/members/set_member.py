"""The office decides about one member of one list: adds or removes him, or changes what he gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from datetime import time as clock
from typing import Any

from sqlalchemy import Connection

from mailbot.core.calendar import local_moment
from mailbot.core.lists.command_grammar import read_command
from mailbot.core.lists.digest import DIGESTS
from mailbot.core.lists.list_command import WHY_NOT, NotUnderstood, Off
from mailbot.core.lists.membership import CHOSEN, ListStanding, Membership
from mailbot.core.mail.address import valid_address
from mailbot.core.office.journal_line import COMMAND_LINE, setting_words
from mailbot.core.refusal import Refusal
from mailbot.flows.members.change_mode import change_mode
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.members import other_addresses
from mailbot.store.members.members import Person
from mailbot.store.office import journal


def add_member(connection: Connection, site: Site, name: str, address: str, now: datetime) -> str:
    """Make somebody a member, registered or not, whatever the selector says; returns a sentence."""
    value = lists.require(connection, name)
    if not valid_address(address):
        raise Refusal(f"{address!r} is not a mail address such as sato@city.example.jp")
    ours = lists.names(connection)
    if site.route(address, ours) is not None:
        raise Refusal(f"{address} is an address of this service itself and cannot be a member")
    address = other_addresses.home(connection, address)
    if lists.is_member(connection, name, address):
        raise Refusal(f"{address} is a member of {name} already")
    selected = lists.is_selected(connection, value, address)
    before = replace(
        memberships.load(connection, name, address), digested=lists.last_number(connection, name)
    )
    _save(connection, "member.added", before, now, standing="" if selected else "added")
    return f"{address} is now a member of {name}"


def remove_member(connection: Connection, name: str, address: str, now: datetime) -> str:
    """Take a member out, whatever the selector says; returns a sentence."""
    value = lists.require(connection, name)
    address = other_addresses.home(connection, address)
    before = _member(connection, name, address)
    standing: ListStanding = "removed" if lists.is_selected(connection, value, address) else ""
    _save(connection, "member.removed", before, now, standing=standing)
    stays = "; its `members:` select him, and he stays out until he is added again" if standing else ""
    return f"{address} is no member of {name} any more{stays}"


def set_member(
    connection: Connection,
    site: Site,
    name: str,
    address: str,
    now: datetime,
    *,
    off: str | None = None,
    **settings: Any,
) -> str:
    """Change a member's settings (fields of `Membership`; `off`: dates such as "7/1 7/20", now, or no); returns a sentence."""
    value = lists.require(connection, name)
    address = other_addresses.home(connection, address)
    before = _member(connection, name, address)
    if {"mode", "weekly"} & settings.keys():
        mode, weekly = settings.pop("mode", before.mode), settings.pop("weekly", before.weekly)
        if mode in DIGESTS and not value.archive:
            raise Refusal(f"list {name} keeps no posts (archive: no), so that there are no digests of it")
        before = change_mode(connection, site, value, address, mode, now, weekly=weekly)
        _save(connection, "member.set", before, now)
        if off is None and not settings:
            return f"{address} on {name}: {_words(site, before)}"
    if off is not None:
        settings["off_from"], settings["off_until"] = _absence(site, off, now)
    if not settings:
        raise Refusal("nothing to set; name at least one option, see `mailbot lists set --help`")
    _save(connection, "member.set", before, now, **settings)
    return f"{address} on {name}: {_words(site, memberships.load(connection, name, address))}"


def describe_members(
    people: Sequence[Person], chosen: dict[str, Membership], addresses: Sequence[str], site: Site
) -> list[dict[str, object]]:
    """Return a list's members as rows for people to look at."""
    by_key = {person.contact.email.lower(): person for person in people}
    rows: list[dict[str, object]] = []
    for address in addresses:
        person = by_key.get(address.lower())
        own = chosen.get(address.lower(), Membership("", address))
        rows.append(
            {
                "address": address,
                "body": "" if person is None else person.body.name,
                "name": "" if person is None else person.contact.name,
                "mode": own.mode,
                "off_from": _shown(site, own.off_from),
                "off_until": _shown(site, own.off_until),
                "copies_own": own.copies_own,
                "receipts": own.receipts,
                "posting": own.posting or "",
                "standing": own.standing,
                "changed_by": own.changed_by,
            }
        )
    return rows


def _member(connection: Connection, name: str, address: str) -> Membership:
    if not lists.is_member(connection, name, address):
        raise Refusal(f"{address} is no member of {name}; `mailbot lists members {name}` shows them")
    return memberships.load(connection, name, address)


def _save(connection: Connection, what: str, before: Membership, now: datetime, **settings: Any) -> None:
    stored = memberships.load(connection, before.list_name, before.address)
    after = replace(before, **settings, changed_by="office", changed_at=now)
    memberships.save(connection, after)
    lists.refresh_every(connection, before.address)
    detail = setting_words(stored, after, CHOSEN)
    journal.add(
        connection, what, now, who=COMMAND_LINE, about=before.list_name, person=before.address, detail=detail
    )


def _absence(site: Site, text: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    if text.strip().lower() == "no":
        return None, None
    dates = "" if text.strip().lower() == "now" else text
    command = read_command(f"off {dates}".strip(), frozenset(), today=now.astimezone(site.zone).date())
    if not isinstance(command, Off):
        why = WHY_NOT["en"][command.kind] if isinstance(command, NotUnderstood) else "no dates"
        raise Refusal(f"--off {text!r}: {why}; or write now, or no")
    first = now if command.first is None else local_moment(command.first, clock(0), site.zone)
    if command.last is None:
        return first, None
    return first, local_moment(command.last + timedelta(days=1), clock(0), site.zone)


def _words(site: Site, one: Membership) -> str:
    """Return how a member's mail stands."""
    until = "" if one.off_until is None else f" until {_shown(site, one.off_until)}"
    off = "not off" if one.off_from is None else f"off from {_shown(site, one.off_from)}{until}"
    weekly = " (weekly)" if one.weekly and one.mode in DIGESTS else ""
    words = [
        f"mode {one.mode}{weekly}",
        off,
        "copies of own posts" if one.copies_own else "no copies of own posts",
        f"posts: {one.posting or 'as the rules say'}",
    ]
    if not one.receipts:
        words.insert(3, "no receipts")
    if one.profile == "plain":
        words.append("as plain text")
    return ", ".join(words)


def _shown(site: Site, value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(site.zone):%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)
