"""What the office may write about a bulletin in reply: 試し送り, 配信 now or at a time, 配信中止, 状況."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin_sentences import bulletin_sentence, states_words
from mailbot.core.calendar import local_moment, moment_words
from mailbot.core.office.desk_command import OfBulletin
from mailbot.core.refusal import Refusal
from mailbot.flows.bulletins.ask_bulletin import ask_bulletin
from mailbot.flows.bulletins.cancel_bulletin import cancel_bulletin
from mailbot.flows.bulletins.choose_readers import choose_readers
from mailbot.flows.bulletins.send_bulletin import (
    bulletin_to_change,
    needs_approval,
    refuse_gone,
    send_bulletin,
    sent_sentences,
)
from mailbot.flows.bulletins.try_bulletin import try_bulletin
from mailbot.flows.runs.plan_runs import plan_runs
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.bulletins.bulletins import StoredBulletin
from mailbot.store.office import journal


@dataclass(frozen=True)
class BulletinSaid:
    """What one command did."""

    key: str
    sentence: str
    hints: tuple[str, ...] = ()


def command_bulletin(
    connection: Connection, site: Site, command: OfBulletin, now: datetime, *, by: str
) -> BulletinSaid:
    """Do a command about a bulletin. Raises Refusal with a sentence when it cannot be done."""
    stored = find_bulletin(connection, command.key)
    if stored is None:
        raise Refusal(bulletin_sentence(site.language, "no-bulletin", key=command.key))
    key = stored.bulletin.key
    _refuse_over(site, stored, command.do)
    match command.do:
        case "try":
            if not (command.to or stored.bulletin.test_to):
                raise Refusal(bulletin_sentence(site.language, "no-panel", key=key))
            panel = try_bulletin(connection, site, key, command.to, now, by=by)
            return BulletinSaid(key, bulletin_sentence(site.language, "tried", key=key, to="、".join(panel)))
        case "cancel":
            back = cancel_bulletin(connection, site, key, now, by=by)
            name = "cancelled-partly" if back.out else "cancelled"
            figures = {"withdrawn": back.withdrawn, "out": back.out}
            return BulletinSaid(key, bulletin_sentence(site.language, name, key=key, **figures))
        case "send":
            return _send(connection, site, stored, command, now, by=by)


def bulletin_status(connection: Connection, site: Site, stored: StoredBulletin, now: datetime) -> str:
    """Return where a bulletin stands, in a sentence."""
    say, value = site.language, stored.bulletin
    if stored.state == "cancelled":
        return bulletin_sentence(say, "status-cancelled", key=value.key)
    if stored.state == "sent" and stored.sent_at is not None:
        states = bulletins.copies_by_state(connection, stored.mailings)
        at = moment_words(stored.sent_at.astimezone(site.zone), say)
        return bulletin_sentence(say, "status-sent", key=value.key, at=at, states=states_words(say, states))
    at = (
        moment_words(value.sends.astimezone(site.zone), say)
        if value.sends
        else bulletin_sentence(say, "no-time")
    )
    readers = len(choose_readers(connection, value, now).readers)
    return bulletin_sentence(say, "status-draft", key=value.key, readers=readers, at=at)


def find_bulletin(connection: Connection, key: str) -> StoredBulletin | None:
    """Return the bulletin with this key, in whatever case it was written."""
    return bulletins.load(connection, key) or next(
        (one for one in bulletins.every(connection) if one.bulletin.key.casefold() == key.casefold()), None
    )


def _refuse_over(site: Site, stored: StoredBulletin, do: Literal["try", "send", "cancel"]) -> None:
    key = stored.bulletin.key
    if stored.state == "cancelled":
        raise Refusal(bulletin_sentence(site.language, "called-back", key=key))
    if stored.state == "sent" and do != "cancel":
        raise Refusal(bulletin_sentence(site.language, "gone", key=key))


def _send(
    connection: Connection, site: Site, stored: StoredBulletin, command: OfBulletin, now: datetime, *, by: str
) -> BulletinSaid:
    """Send it now, or let it go out at another time; where it needs a word of approval, ask for that."""
    say, value = site.language, stored.bulletin
    key = value.key
    if command.day is None or command.time is None:
        if needs_approval(connection, stored):
            raise Refusal(bulletin_sentence(say, "waits", key=key))
        sent = send_bulletin(connection, site, key, now, by=by, undo_minutes=value.undo_minutes)
        first, *hints = sent_sentences(site, key, sent, now)
        return BulletinSaid(key, first, tuple(hints))
    if not stored.written_by:
        raise Refusal(bulletin_sentence(say, "in-file", key=key))
    sends = local_moment(command.day, command.time, site.zone)
    at = moment_words(sends, say)
    if sends <= now:
        raise Refusal(bulletin_sentence(say, "past", at=at, key=key))
    bulletin_to_change(connection, key)
    refuse_gone(site, stored)
    moved = replace(value, sends=sends)
    bulletins.save(connection, moved)
    plan_runs(connection, site, moved)
    journal.add(
        connection, "bulletin.changed", now, who=by, about=key, detail=f"sends: {sends:%Y-%m-%d %H:%M}"
    )
    others = ask_bulletin(connection, site, key, now, by=by)
    return BulletinSaid(key, bulletin_sentence(say, "asked", key=key, others="、".join(others)))
