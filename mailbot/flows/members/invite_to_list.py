"""Members ask registered contacts into their list; each joins only by a word of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList, joining
from mailbot.core.mail.address import same_address
from mailbot.core.refusal import Refusal
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.members.join_list import admits
from mailbot.flows.members.name_list import name_list
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import members, other_addresses

_LASTS = timedelta(days=14)


def invite_to_list(
    connection: Connection,
    site: Site,
    value: MailingList,
    author: str,
    addresses: Sequence[str],
    now: datetime,
    inbox_id: int | None,
) -> str:
    """Ask each of them who is no member yet; returns a sentence.

    Raises Refusal, and asks nobody, where the writer may not invite or somebody is not registered: an invitation to a
    stranger would be a mail that nobody asked for.
    """
    say = site.language
    host = admits(connection, site, value, author)
    if not (host or lists.is_member(connection, value.name, author)):
        raise Refusal(list_sentence(say, "invite-members", title=name_list(connection, site, value, author)))
    if joining(value) == "closed" and not host:
        raise Refusal(list_sentence(say, "invite-closed", title=value.title))
    addresses = tuple(dict.fromkeys(other_addresses.home(connection, one) for one in addresses))
    strangers = [one for one in addresses if not members.people_at(connection, one)]
    if strangers:
        raise Refusal(list_sentence(say, "invite-register", addresses=", ".join(strangers)))
    new = [one for one in addresses if not lists.is_member(connection, value.name, one)]
    if not new:
        raise Refusal(list_sentence(say, "invite-nobody", addresses=", ".join(addresses)))
    by = _name_of(connection, site, author)
    asked = [one for one in new if _invite(connection, site, value, one, by, author, now, inbox_id)]
    if not asked:
        raise Refusal(list_sentence(say, "too-many"))
    return list_sentence(say, "did-invite", title=value.title, addresses=", ".join(asked))


def _invite(
    connection: Connection,
    site: Site,
    value: MailingList,
    address: str,
    by: str,
    author: str,
    now: datetime,
    inbox_id: int | None,
) -> bool:
    question = ConfirmationQuestion(
        "invite",
        address,
        "invite",
        about=value.name,
        detail={"address": address, "by": author},
        by_mail=True,
        lasts=_LASTS,
        inbox_id=inbox_id,
    )
    return ask_confirmation(
        connection,
        site,
        question,
        now,
        title=value.title,
        list=f"{value.name}@{site.domain}",
        count=lists.count_members(connection, value.name),
        name=_name_of(connection, site, address, polite=True),
        by=by,
    )


def _name_of(connection: Connection, site: Site, address: str, *, polite: bool = False) -> str:
    people = members.people_at(connection, address)
    if not people:
        return site.office if same_address(address, site.office) else address
    name = " ".join(filter(None, (people[0].body.name, people[0].contact.name)))
    return f"{name} 様" if polite and site.language == "ja" else name
