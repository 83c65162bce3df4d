"""One member leaves one list, and comes back when that was a mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList, leaving
from mailbot.core.lists.membership import ListStanding
from mailbot.core.refusal import Refusal
from mailbot.flows.members.name_list import name_list
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.lists import lists, memberships
from mailbot.store.office import journal


def leave_list(
    connection: Connection, site: Site, value: MailingList, address: str, by: str, now: datetime
) -> Mapping[str, str]:
    """Let a member leave; returns what `come_back` needs. Raises Refusal where he is none, or may only let it rest."""
    member = lists.is_member(connection, value.name, address)
    if not member and not bulletins.gets(connection, value.name, address):  # a magazine reaches others, too
        raise Refusal(
            list_sentence(site.language, "not-member", title=name_list(connection, site, value, address))
        )
    if not leaving(value):
        raise Refusal(list_sentence(site.language, "duty", title=value.title))
    before = memberships.load(connection, value.name, address)
    selected = not member or lists.is_selected(connection, value, address)
    standing: ListStanding = "left" if selected else ""
    memberships.save(connection, replace(before, standing=standing, changed_by=by, changed_at=now))
    lists.refresh_every(connection, address)
    journal.add(connection, "member.left", now, who=by, about=value.name, person=address)
    return {"list": value.name, "standing": before.standing}


def come_back(connection: Connection, address: str, undo: Mapping[str, str], now: datetime) -> str:
    """Make a member who left what he was before; returns the list."""
    before = memberships.load(connection, undo["list"], address)
    standing: ListStanding = undo["standing"]  # type: ignore[assignment]  # as leave_list kept it
    memberships.save(connection, replace(before, standing=standing, changed_by=address, changed_at=now))
    lists.refresh_every(connection, address)
    journal.add(
        connection, "member.joined", now, who=address, about=undo["list"], person=address, detail="came back"
    )
    return undo["list"]
