"""A draft that the office mails in becomes a bulletin: shown to its editor as it will arrive, or refused line by line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin import EVENTS, SURVEYS, Bulletin, text_faults
from mailbot.core.bulletins.bulletin_sentences import bulletin_sentence
from mailbot.core.bulletins.draft import Unreadable, WrittenDraft, free_key, read_draft
from mailbot.core.calendar import local_moment
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.address import same_address
from mailbot.core.mail.automatic import automatic
from mailbot.core.mail.message import Message
from mailbot.flows.bulletins.ask_bulletin import ask_bulletin
from mailbot.flows.members.obey_member import vouched
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.runs.plan_runs import plan_runs
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.office import journal
from mailbot.store.surveys import surveys


def take_draft(
    connection: Connection, site: Site, received: Received, message: Message, name: str, now: datetime
) -> Settled:
    """Store the draft that a person of the office sent to LIST-editor@, and show what it becomes.

    A draft with a key that is there takes the older text's place, and needs a new word of approval.
    """
    value = lists.load(connection, name)
    assert value is not None, "the route was read in this transaction"
    why_machine = automatic(message, received.mail_from)
    if why_machine is not None:
        return Settled("discarded", f"an automatic mail to the address for drafts ({why_machine})")
    author = next((one for one in site.people if same_address(one, message.from_address or "")), None)
    if author is None:
        return Settled("held", bulletin_sentence(site.language, "not-office"))
    if not vouched(site, message, author):
        return Settled("held", bulletin_sentence(site.language, "not-proved"))
    if not inbox.take_once(connection, f"draft:{name}", received.fingerprint(message), received.id):
        return Settled("discarded", "the same draft was read before")
    draft = read_draft(message.subject, message.text, today=now.astimezone(site.zone).date())
    made = _bulletin(connection, site, value, draft, message, now)
    if isinstance(made, tuple):
        title = draft.title if isinstance(draft, WrittenDraft) else message.subject
        _refuse(connection, site, received, author, title, made, now)
        return Settled("answered", f"a draft that cannot be sent: {made[0]}")
    changed = bulletins.load(connection, made.key) is not None
    bulletins.save(connection, made, written_by=author)
    plan_runs(connection, site, made)
    what = "bulletin.changed" if changed else "bulletin.added"
    journal.add(connection, what, now, who=author, about=made.key, detail=made.title)
    ask_bulletin(connection, site, made.key, now, by=author, inbox_id=received.id)
    return Settled("answered", f"draft {made.key} of {author}")


def _bulletin(
    connection: Connection,
    site: Site,
    value: MailingList,
    draft: WrittenDraft | Unreadable,
    message: Message,
    now: datetime,
) -> Bulletin | tuple[str, ...]:
    """Return the bulletin that a draft makes, or every reason why it makes none."""
    say = site.language
    if value.preset != "announce":
        return (bulletin_sentence(say, "not-magazine", list=value.name),)
    if isinstance(draft, Unreadable):
        return (bulletin_sentence(say, draft.sentence),)
    older = bulletins.load(connection, draft.key) if draft.key else None
    faults: list[str] = []
    if older is not None and older.state != "draft":
        faults.append(bulletin_sentence(say, "taken", key=draft.key))
    taken = [one.survey.key for one in surveys.every(connection)]
    taken += [one.event.key for one in events.every(connection)]
    if draft.key.casefold() in {one.casefold() for one in taken}:
        faults.append(bulletin_sentence(say, "not-draft", key=draft.key))
    sends = None
    if draft.day is not None and draft.time is not None:
        sends = local_moment(draft.day, draft.time, site.zone)
        if sends <= now:
            faults.append(bulletin_sentence(say, "head-time"))
    if message.attachments:
        faults.append(bulletin_sentence(say, "files", names="、".join(message.attachments)))
    day = (sends or now).astimezone(site.zone).date()
    faults += [
        bulletin_sentence(say, "line", line=draft.above + fault.line, sentence=fault.sentence)
        for fault in (*site.read_article(draft.body, say).faults, *text_faults(draft.body, "utf-8", day, say))
    ]
    if faults:
        return tuple(faults)
    taken += [one.bulletin.key for one in bulletins.every(connection)]
    return Bulletin(
        key=draft.key or free_key((sends or now).astimezone(site.zone).date(), taken),
        title=draft.title,
        body=draft.body,
        list=value.name,
        sends=sends,
        number=draft.number,
        sections=(EVENTS, SURVEYS),
    )


def _refuse(
    connection: Connection,
    site: Site,
    received: Received,
    author: str,
    title: str,
    faults: tuple[str, ...],
    now: datetime,
) -> None:
    """Tell the editor everything that keeps his draft from going out; he sends it again."""
    cooked = site.render.office.letter("bulletin_refused", now=now, title=title, faults=faults)
    tell_office(connection, site, cooked, now, kind="bulletin_refused", inbox_id=received.id, to=(author,))
