"""Send a bulletin: composed once, queued with a row for each reader, and kept in its list's archive as a post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin_sentences import bulletin_sentence
from mailbot.core.mail.address import address_key
from mailbot.core.mail.mailing import copy_shown
from mailbot.core.mail.message import parse
from mailbot.core.office.journal_line import SCHEDULE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.two_persons import deciders
from mailbot.flows.bulletins.choose_readers import Readers, choose_readers
from mailbot.flows.bulletins.compose_bulletin import Composed, compose_bulletin
from mailbot.flows.lists.archive_post import archive_post
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store import keys
from mailbot.store.bulletins import bulletins
from mailbot.store.bulletins.bulletins import StoredBulletin
from mailbot.store.lists import archive, lists
from mailbot.store.office import acts, journal
from mailbot.store.runs import occurrences
from mailbot.store.sending import outbox


@dataclass(frozen=True)
class SentBulletin:
    """What went into the outbox."""

    number: int | None  # of the issue
    copies: int
    readers: Readers
    leaves_at: datetime  # until then it can be called back whole
    subject: str


def send_bulletin(
    connection: Connection,
    site: Site,
    key: str,
    now: datetime,
    *,
    by: str,
    late_since: datetime | None = None,
    undo_minutes: int = 0,
) -> SentBulletin:
    """Queue a bulletin's copies, to leave in so many minutes. Raises Refusal when it went out, or to nobody."""
    stored = bulletin_to_change(connection, key)
    refuse_gone(site, stored)
    if stored.bulletin.every:
        raise Refusal(
            f"bulletin {key} goes out by its rule ({stored.bulletin.every}), each time as an issue of its own; for one "
            "in between write another bulletin"
        )
    if needs_approval(connection, stored):
        named = deciders(
            stored.bulletin.approvers, site.people, asked_by=stored.written_by, office=site.office
        )
        if by == SCHEDULE:  # the office reads it in its mail
            others = "、".join(named)
            raise Refusal(bulletin_sentence(site.language, "not-approved", key=key, others=others))
        raise Refusal(
            f"bulletin {key} waits for the 承認 of {' or '.join(named)}, and nobody has given it to exactly this text; "
            f"`mailbot bulletins approve {key}` asks for it"
        )
    composed = compose_bulletin(connection, site, stored.bulletin, now, late_since=late_since)
    readers = choose_readers(connection, stored.bulletin, now)
    if not readers.readers:
        raise Refusal(f"bulletin {key}: nobody would get it; see `list:` and `audience:` in its definition")
    leaves_at = now + timedelta(minutes=undo_minutes)
    mailings = _queue(connection, composed, readers, now, leaves_at)
    post = _archive(connection, site, composed, now)
    bulletins.set_sent(connection, key, number=composed.number, post=post, mailings=mailings, now=now)
    occurrences.settle_waiting(connection, f"bulletin:{key}:send", "done", f"sent by {by}", now)
    count = len(readers.readers)
    journal.add(connection, "bulletin.sent", now, who=by, about=key, detail=f"to {count}")
    sent = SentBulletin(composed.number, count, readers, leaves_at, composed.subject)
    if by == SCHEDULE:
        _tell(connection, site, stored, sent, now)
    return sent


def needs_approval(connection: Connection, stored: StoredBulletin) -> bool:
    """Tell whether somebody must approve a bulletin who has not done so for exactly this text and these readers."""
    if not (stored.bulletin.approvers or stored.written_by):
        return False
    return not acts.approved(connection, stored.bulletin.key, "send", acts.digest_of(stored.bulletin))


def sent_sentences(site: Site, key: str, sent: SentBulletin, now: datetime) -> tuple[str, str]:
    """Return what the office is told: how many go out and when, and how they can be called back."""
    say = site.language
    if sent.leaves_at <= now:
        said = bulletin_sentence(say, "sent", subject=sent.subject, copies=sent.copies)
        return said, bulletin_sentence(say, "undo-partly", key=key)
    at = f"{sent.leaves_at.astimezone(site.zone):%H:%M}"
    said = bulletin_sentence(say, "sent-undo", subject=sent.subject, at=at, copies=sent.copies)
    return said, bulletin_sentence(say, "undo", key=key)


def bulletin_to_change(connection: Connection, key: str) -> StoredBulletin:
    """Return a bulletin under our lock. Raises Refusal when there is none with this key."""
    stored = bulletins.lock(connection, key)
    if stored is None:
        raise keys.none(connection, "bulletin", key)
    return stored


def refuse_gone(site: Site, stored: StoredBulletin) -> None:
    """Raise Refusal for a bulletin that went out, or was called back."""
    key = stored.bulletin.key
    if stored.state == "sent" and stored.sent_at is not None:
        at = f"{stored.sent_at.astimezone(site.zone):%Y-%m-%d %H:%M}"
        raise Refusal(f"bulletin {key} went out {at} already; a second one needs a key of its own")
    if stored.state == "cancelled":
        raise Refusal(f"bulletin {key} was called back; give what is to go out a key of its own")


def _tell(
    connection: Connection, site: Site, stored: StoredBulletin, sent: SentBulletin, now: datetime
) -> None:
    """Tell its editor, or the office, that a bulletin went out by plan."""
    said, hint = sent_sentences(site, stored.bulletin.key, sent, now)
    cooked = site.render.office.letter(
        "bulletin_sent", now=now, key=stored.bulletin.key, title=stored.bulletin.title, said=said, hint=hint
    )
    tell_office(connection, site, cooked, now, kind="bulletin_sent", to=(stored.written_by or site.office,))


def _queue(
    connection: Connection, composed: Composed, readers: Readers, now: datetime, leaves_at: datetime
) -> list[int]:
    """Queue one copy for each reader, the plain text alone to those whose mail system wants that."""
    value = composed.list
    made = []
    for cooked, plain in ((composed.cooked, False), (composed.plain, True)):
        to = [
            outbox.Addressee(one.address)
            for one in readers.readers
            if (address_key(one.address) in readers.plain) is plain
        ]
        if to:
            mailing_id = outbox.add_mailing(
                connection,
                kind="bulletin",
                subject=value.name if value else composed.bulletin.key,
                cooked=cooked,
                bounces=f"{value.name}-bounces" if value else "bounce",
                now=now,
            )
            outbox.queue(connection, mailing_id, to, leaves_at)
            made.append(mailing_id)
    return made


def _archive(connection: Connection, site: Site, composed: Composed, now: datetime) -> int | None:
    """Keep the issue among the list's posts, where back numbers are asked for and digests take it from."""
    value = composed.list
    if value is None or not value.archive:
        return None
    number = lists.next_number(connection, value.name)
    message_id = f"<{composed.bulletin.key.lower()}.{number}.{value.name}@{site.domain}>"
    raw = _for_nobody(composed.cooked, f"{value.name}@{site.domain}", number)
    archive_post(
        connection,
        value,
        parse(raw),
        [],
        number=number,
        message_id=message_id,
        written_at=now,
        mail_id=archive.keep_raw(connection, raw, f"bulletin {composed.bulletin.key}", now),
    )
    return number


def _for_nobody(cooked: bytes, address: str, number: int) -> bytes:
    """Return the copy that is kept: addressed to the list, with no reader's own marks."""
    own = {"address": address.encode(), "delivery": f"post-{number}".encode()}
    return copy_shown(cooked, own)
