"""A reply that came to another address than its ballot's own (ballot.md sections 9 and 10, promises.md I28).

What answers a mail of ours says so by the Message-ID, which bears the ballot's token, too: it is passed on to that address.
Without the token nothing counts, since From alone never votes (level 0). The survey's key in the Subject and the 受付番号 in
the text only say which ballot is meant: a fresh one goes to the registered address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.thread import key_in_message_id
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import token_hash
from mailbot.core.reading.judgement import is_machine
from mailbot.core.reading.text.known_text import REFERENCE
from mailbot.core.senders.authentication import read_authentication, verdict
from mailbot.core.surveys.trust import SendBallot, consequence, trust
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_fresh_ballot
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations, members
from mailbot.store.members.members import Person
from mailbot.store.sending import allowances
from mailbot.store.surveys import ballots, surveys
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.surveys.surveys import StoredSurvey

_READ = 20_000  # characters of the text in which a 受付番号 is looked for
_LOOKED_UP = 20  # Message-IDs of one mail
_A_DAY = 3  # mails to an address that nobody may have asked for (promises.md I30)
_SUBJECT_KEY = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9._-]{0,99})\]")


def answer_astray(
    connection: Connection, site: Site, received: Received, message: Message, now: datetime
) -> Settled | None:
    """Pass the mail on to the ballot whose token its threading fields bear, or send the ballot that is meant.

    None where it is not clear which one is meant, or whose.
    """
    if (token := _token_borne(connection, message)) is not None:
        inbox.pass_on(connection, received.id, f"{token}@{site.reply_domain}")
        return Settled("answered", "passed on to the ballot's own address, whose token its In-Reply-To bears")
    if message.from_address is None:
        return None
    people = members.people_at(connection, message.from_address)
    authentication = read_authentication(message.headers, site.authserv_id)
    believed = trust(
        message.from_address,
        token=False,
        designated=None,
        registered=[person.contact for person in people],
        authentication=authentication,
        own_domains=(site.domain, site.reply_domain),
    )
    if not isinstance(consequence(believed.level, "survey"), SendBallot):
        return None
    found = _meant(connection, people, _keys_named(message))
    if found is None:
        return None
    stored, ballot = found
    if is_machine(message, received.mail_from, stored.survey.title):
        return Settled("discarded", "an automatic mail without a ballot's own address")
    proved = verdict(authentication, message.from_address) == "pass"
    if not _may_send(connection, ballot.address, now, proved=proved):
        return None
    queue_fresh_ballot(
        connection, site, stored.survey, ballot, now, inbox_id=received.id, thread=Thread.of(message)
    )
    return Settled(
        "answered",
        f"{ballot.subject} {ballot.code}: not counted, it came without the ballot's own address; a fresh ballot went to the "
        "registered one",
    )


def _token_borne(connection: Connection, message: Message) -> str | None:
    """Return the token of a ballot in the Message-ID of our mail that this one answers; None: it answers none."""
    for identity in (*message.in_reply_to, *reversed(message.references))[:_LOOKED_UP]:
        parts = identity.strip("<>").partition("@")[0].split(".")
        if len(parts) > 2 and ballots.by_token(connection, token_hash(parts[-2])) is not None:
            return parts[-2]
    return None


def _may_send(connection: Connection, address: str, now: datetime, *, proved: bool) -> bool:
    """Count one ballot to this address; whoever forges a member's From cannot make us send more than he can by other mails (I30)."""
    if not (proved or confirmations.spend_unproved_answer(connection, address, now)):
        return False
    return allowances.spend_answer(connection, address, now, per_hour=_A_DAY, per_day=_A_DAY)


def _keys_named(message: Message) -> frozenset[str]:
    """Return the keys of surveys that a mail names, as far as its words look like keys; in lower case."""
    words = list(_SUBJECT_KEY.findall(message.subject[:1_000]))
    words += [match["reference"] for match in REFERENCE.finditer(message.text[:_READ])]
    own_ids = (*message.in_reply_to, *message.references)
    words += [identity.strip("<>").partition(".")[0] for identity in own_ids]
    lowered = [word.lower() for word in words]
    return frozenset(lowered) | {word.rpartition("-")[0] for word in lowered}  # S26-014-13201 too


def _meant(
    connection: Connection, people: Sequence[Person], keys: frozenset[str]
) -> tuple[StoredSurvey, Ballot] | None:
    """Return the one ballot of an open survey that is named and is this sender's body's, if it is one."""
    codes = {person.body.code for person in people}
    own = {person.contact.email for person in people}
    found = [
        (stored, ballot)
        for stored in surveys.every(connection)
        if stored.state == "open"
        and not keys.isdisjoint((stored.survey.key.lower(), key_in_message_id(stored.survey.key)))
        for ballot in ballots.of_subject(connection, stored.survey.key)
        if ballot.code in codes and (stored.survey.unit == "body" or ballot.address in own)
    ]
    return found[0] if len(found) == 1 and found[0][1].frozen_at is None else None
