"""Show a bulletin to its editor as it will arrive, and ask its approvers for their word (承認)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin_sentences import bulletin_sentence
from mailbot.core.calendar import moment_words
from mailbot.core.mail.address import same_address
from mailbot.core.office.desk_sentences import sentence
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.surveys.two_persons import ACT_LASTS, Order, deciders
from mailbot.flows.bulletins.choose_readers import Readers, choose_readers
from mailbot.flows.bulletins.compose_bulletin import Composed, compose_bulletin
from mailbot.flows.bulletins.send_bulletin import bulletin_to_change, refuse_gone
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store.bulletins.bulletins import StoredBulletin
from mailbot.store.office import acts, journal

_FIRST = 5  # readers that are named


def ask_bulletin(
    connection: Connection, site: Site, key: str, now: datetime, *, by: str, inbox_id: int | None = None
) -> tuple[str, ...]:
    """Mail the draft to those who may approve it, and to its editor; returns to whom the word is.

    `by`: who asks, an address or COMMAND_LINE. What was asked before about the same bulletin gives way. Raises Refusal
    when it cannot be sent as it stands.
    """
    stored = bulletin_to_change(connection, key)
    refuse_gone(site, stored)
    value = stored.bulletin
    composed = compose_bulletin(connection, site, value, now)
    words = _words(site, stored, composed, choose_readers(connection, value, now))
    for older in acts.waiting(connection, key):
        note = sentence(site.language, "superseded")
        acts.decide(connection, older.id, "expired", by="", note=note, now=now)
    asked = deciders(value.approvers, site.people, asked_by=by, office=site.office)
    digest = acts.digest_of(value)
    act_id = acts.add(connection, Order(key, "send", {}, by), digest, now)
    journal.add(connection, "act.asked", now, who=by, about=key, detail=f"send, of {', '.join(asked)}")
    for role in ("approver", "editor"):
        to = asked if role == "approver" else (by,)
        if role == "editor" and ("@" not in by or any(same_address(by, one) for one in asked)):
            continue
        cooked = site.render.office.letter(
            "bulletin_draft",
            now=now,
            role=role,
            digest=f"{digest[:4]}-{digest[4:8]}".upper(),
            asked_by="" if by == COMMAND_LINE or role == "editor" else by,
            others=asked,
            own=all(same_address(by, one) for one in asked),
            until=moment_words((now + ACT_LASTS).astimezone(site.zone), site.language),
            of_office=role == "editor" or all(map(site.may_command, asked)),
            **words,
        )
        tell_office(
            connection,
            site,
            cooked,
            now,
            kind="bulletin_draft",
            inbox_id=inbox_id,
            to=to,
            act_id=act_id if role == "approver" else None,
        )
    return asked


def _words(site: Site, stored: StoredBulletin, composed: Composed, readers: Readers) -> dict[str, object]:
    """Return what every draft says of its bulletin: what would go out, to whom and when."""
    value = stored.bulletin
    sends = bulletin_sentence(site.language, "no-time")
    if value.sends is not None:
        sends = moment_words(value.sends.astimezone(site.zone), site.language)
    return {
        "key": value.key,
        "title": value.title,
        "subject_of_mail": composed.subject,
        "readers": len(readers.readers),
        "by_way": tuple(map(str, readers.by_way)),
        "doubled": readers.doubled,
        "first": tuple(one.address for one in readers.readers[:_FIRST]),
        "sends": sends,
        "has_time": value.sends is not None,
        "from_mail": bool(stored.written_by),
        "undo": value.undo_minutes,
        "lines": tuple(composed.text.split("\n")),
    }
