"""What the office must see of a held mail to decide about it: its writer's own words, its files, and how it was read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from mailbot.core.mail.message import Message
from mailbot.core.reading.text.own_lines import written_lines
from mailbot.core.surveys.ballot import numbered_answers
from mailbot.core.surveys.ledger import IN_TALLY, accepted
from mailbot.flows.events.record_rsvp import would_count
from mailbot.flows.question_reply import question_of_mail, text_of_question
from mailbot.flows.surveys.held_reply import ballot_of_mail
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.record_vote import read_if_admitted
from mailbot.site import Site
from mailbot.store.mail.inbox import Received
from mailbot.store.surveys import surveys
from mailbot.store.surveys.ballots import Ballot

_MOST_FILES = 10


@dataclass(frozen=True)
class Quoted:
    """What of a held mail is shown."""

    words: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # names of attachments
    answers: tuple[str, ...] = ()  # Q1 1 賛成
    countable: bool = True  # False: a reply to a survey or event of which nothing would count as it was read


def is_secret(connection: Connection, ballot: Ballot | None) -> bool:
    """Tell whether a mail that answers this ballot votes in a sealed survey: nothing that it says is shown, Subject included."""
    stored = (
        surveys.load(connection, ballot.subject) if ballot is not None and ballot.kind == "survey" else None
    )
    return stored is not None and stored.survey.mode == "sealed"


def quote_held(connection: Connection, site: Site, received: Received, message: Message) -> Quoted:
    """Return what is shown of a held mail; nothing of a reply to a sealed survey, which no person may read."""
    ballot = ballot_of_mail(connection, site, received)
    files = message.attachments[:_MOST_FILES]
    if ballot is None:
        asked = question_of_mail(connection, site, received)
        sent = () if asked is None else (text_of_question(connection, asked),)
        return Quoted(written_lines(message.text, sent), files)
    words = written_lines(message.text, known_texts(connection, site, ballot).texts)
    stored = surveys.load(connection, ballot.subject) if ballot.kind == "survey" else None
    if stored is None:
        countable = ballot.kind != "event" or would_count(connection, site, received, message, ballot)
        return Quoted(words, files, countable=countable)
    if stored.survey.mode == "sealed":
        return Quoted()
    read = read_if_admitted(connection, site, ballot, received, message).verdict
    answers = read.answers if read.status in IN_TALLY else {}
    return Quoted(
        words, files, numbered_answers(stored.survey, answers, site.language), accepted(read.status)
    )
