"""A mail that waits for the office, taken to be decided about, and the ballot that it answers."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.office.desk_sentences import MAIL_STATES, mail_name, sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.know_recipient import token_answered
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.surveys import ballots
from mailbot.store.surveys.ballots import Ballot


def held_reply(connection: Connection, site: Site, number: int) -> tuple[Received, Ballot]:
    """Return a held mail that is a reply to a survey, taken for this transaction. Raises Refusal when it is none."""
    received = held_mail(connection, site, number)
    ballot = ballot_of_mail(connection, site, received)
    if ballot is None or ballot.kind != "survey":
        raise Refusal(sentence(site.language, "no-answer-mail", mail=mail_name(number)))
    return received, ballot


def held_mail(connection: Connection, site: Site, number: int) -> Received:
    """Return a held mail, taken for this transaction. Raises Refusal when it is not held."""
    received = inbox.load(connection, number)
    if received is None:
        raise Refusal(sentence(site.language, "no-mail", mail=mail_name(number)))
    if not inbox.claim(connection, number, "held"):
        state = MAIL_STATES[site.language].get(received.state, received.state)
        raise Refusal(sentence(site.language, "not-held", mail=mail_name(number), state=state))
    return received


def ballot_of_mail(connection: Connection, site: Site, received: Received) -> Ballot | None:
    """Return the ballot that a mail answers by its token; None: it is no answer."""
    hashed = token_answered(connection, site, received.recipient)
    return None if hashed is None else ballots.by_token(connection, hashed)
