"""To whom a bulletin goes: the list's members who want it, then whom its audience names, each mailbox once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin import Bulletin, Reader, once
from mailbot.core.mail.address import address_key
from mailbot.store.bulletins import bulletins
from mailbot.store.lists import lists
from mailbot.store.members import members, other_addresses


@dataclass(frozen=True)
class Readers:
    """Who gets a bulletin, by which way, and who does not."""

    readers: tuple[Reader, ...]  # in the order in which the copies leave
    by_way: tuple[int, ...]  # how many the list reaches, and each selector of the audience beside it
    doubled: int  # were reached by two ways, and get one copy
    left: int  # are in the audience and left the magazine
    plain: frozenset[str]  # keys of those whose mail system wants plain text alone


def choose_readers(connection: Connection, bulletin: Bulletin, now: datetime) -> Readers:
    """Return the readers of a bulletin as the register and the list are now.

    Who left the list gets none by any way. An address whose mail comes back gets none either.
    """
    found: list[Reader] = []
    digests: set[str] = set()
    left: set[str] = set()
    plain: set[str] = set()
    value = lists.load(connection, bulletin.list) if bulletin.list else None
    if value is not None:
        on_list = {address_key(one): one for one in lists.member_addresses(connection, value.name)}
        wanted = bulletins.readers_of_list(connection, value.name, now, digests=value.archive)
        found += [Reader(one.address, 0) for one in wanted]
        plain = {address_key(one.address) for one in wanted if one.profile == "plain"}
        digests = set(on_list) - {
            address_key(one.address) for one in wanted
        }  # they rest, or read it in a digest
        left = bulletins.left(connection, value.name)
    for way, selector in enumerate(bulletin.audience, 1):
        found += [Reader(one.contact.email, way) for one in members.selected(connection, selector)]
        known = {address_key(one.address) for one in found}
        found += [Reader(email, way) for email in selector.emails if address_key(email) not in known]
    home_of = {key: home for home, keys in other_addresses.by_home(connection).items() for key in keys}
    found = [replace(one, person=home_of.get(key := address_key(one.address), key)) for one in found]
    silent = digests | left  # a person's choice holds for all his addresses
    kept_out = {address_key(one.address) for one in found if {address_key(one.address), one.person} & silent}
    chosen, doubled = once(found, kept_out | bulletins.unreachable(connection))
    ways = range(len(bulletin.audience) + 1)
    return Readers(
        readers=tuple(chosen),
        by_way=tuple(sum(one.way == way for one in chosen) for way in ways),
        doubled=doubled,
        left=len({address_key(one.address) for one in found} & left),
        plain=frozenset(plain),
    )
