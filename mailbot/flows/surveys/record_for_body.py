"""Enter what a body answered by telephone, on paper or by FAX, or what a held reply of it says: always marked 代理入力."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import receipt_words
from mailbot.core.mail.address import address_key
from mailbot.core.members.register import full_code
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import EXPLANATIONS, Understood
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ballot import answer_words
from mailbot.core.surveys.ledger import LedgerRow, accepted, own_rows, standing
from mailbot.core.surveys.ledger_chain import mail_digest
from mailbot.core.surveys.survey import Answer, Answers, Reading, Survey
from mailbot.core.surveys.vote import weigh
from mailbot.flows.surveys.answer_reply import queue_receipt, seal_in_receipt
from mailbot.flows.surveys.held_reply import held_reply
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.record_proxy import end_proxy
from mailbot.flows.surveys.record_vote import read_if_admitted
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members
from mailbot.store.surveys import ballots, gateways, ledgers, surveys
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.surveys.surveys import StoredSurvey

Written = Sequence[tuple[str, str]]  # question ("": the only one it can be), and its answer as written


@dataclass(frozen=True)
class Entered:
    """What the office entered for a body, and what stands for it now."""

    key: str
    body: str  # its name
    version: int
    stands: str  # what stands, as a sentence about its version ends
    asked: bool  # the body is asked for what is missing


@dataclass(frozen=True)
class OfficeEntry:
    """What the office enters for a body."""

    written: Written
    how: str  # how it came, when and from whom
    by: str  # who enters it
    received_at: datetime
    inbox_id: int | None = None  # the mail with which it is entered, or in which the answers were read
    author: str = ""  # of the held reply in which they were read
    rule: str = "desk 代理"
    # What that reply says of itself, where the office fills its one gap: the other questions count as they were read
    filled: Reading | None = None


def record_for_body(
    connection: Connection, site: Site, key: str, code: str, entry: OfficeEntry, now: datetime
) -> Entered:
    """Enter a body's answers and queue its receipt. Raises Refusal when any of it cannot be read whole."""
    stored, ballot = _ballot_of(connection, site, key, code)
    if stored.state != "open" or entry.received_at >= stored.survey.closes:
        raise Refusal(sentence(site.language, "not-open", key=key))
    return _enter(connection, site, stored, ballot, entry, now)


def record_held_answers(
    connection: Connection, site: Site, number: int, written: Written, now: datetime, *, by: str
) -> Entered:
    """Let a held reply count with the answers that the office read in it; raises Refusal when that cannot be.

    An answer without its question fills the one gap that the reader left: what it read of the others counts beside it.
    """
    received, ballot = held_reply(connection, site, number)
    stored = surveys.lock(connection, ballot.subject)
    assert stored is not None, "a ballot has its survey"
    if stored.survey.mode == "sealed" and stored.state == "closed":
        raise Refusal(sentence(site.language, "sealed", key=stored.survey.key))
    message = received.message(site.authserv_id)
    author = message.from_address or ""
    how = sentence(site.language, "that-reply", at=_arrived(site, received))
    gap = any(not question for question, _ in written)
    filled = read_if_admitted(connection, site, ballot, received, message).reading if gap else None
    entry = OfficeEntry(written, how, by, received.received_at, number, author, "desk 回答", filled)
    entered = _enter(connection, site, stored, ballot, entry, now)
    inbox.settle(
        connection,
        number,
        "voted",
        f"its answers were read by {by}",
        sender=author or message.from_header,
        title=message.subject,
        now=now,
    )
    return entered


def _arrived(site: Site, received: Received) -> str:
    return receipt_words(received.received_at.astimezone(site.zone), site.language)


def stands_for(connection: Connection, site: Site, survey: Survey, ballot: Ballot) -> Entered:
    """Return what stands for a ballot now, in words."""
    rows = own_rows(ledgers.rows(connection, survey.key, ballot.code), survey.unit, ballot.id)
    now_stands = standing(rows)
    row = None if now_stands is None else now_stands.row
    return Entered(
        survey.key,
        _name(connection, ballot.code),
        0 if row is None else row.version,
        _in_words(site, survey, {} if row is None else row.answers),
        row is not None and row.status == "partial",
    )


def _ballot_of(connection: Connection, site: Site, key: str, code: str) -> tuple[StoredSurvey, Ballot]:
    stored = surveys.lock(connection, key)
    if stored is None:
        raise Refusal(sentence(site.language, "no-survey", key=key))
    try:
        full = full_code(code)
    except ValueError:
        raise Refusal(sentence(site.language, "bad-code", code=code)) from None
    if stored.survey.unit == "person":
        raise Refusal(sentence(site.language, "persons", key=key))
    own = ballots.of_subject(connection, key, full)
    if not own:
        raise Refusal(sentence(site.language, "no-body", key=key, code=full))
    return stored, own[0]


def _enter(
    connection: Connection,
    site: Site,
    stored: StoredSurvey,
    ballot: Ballot,
    entry: OfficeEntry,
    now: datetime,
) -> Entered:
    survey = stored.survey
    rows = own_rows(ledgers.rows(connection, survey.key, ballot.code), survey.unit, ballot.id)
    before = standing(rows)
    reading = _read(site, survey, _with_questions(site, survey, entry, rows), entry.received_at)
    if (said := entry.filled) is not None:
        reading = replace(
            reading,
            answers={**said.answers, **reading.answers},
            remarks={**said.remarks, **reading.remarks},
            flags={**said.flags, **reading.flags},
        )
    previous = None if before is None else before.vote
    verdict = weigh(survey, previous, reading, late=False, automatic=False, language=site.language)
    if not accepted(verdict.status):
        why = "、".join(problem.text for problem in verdict.problems) or verdict.reason
        raise Refusal(sentence(site.language, "not-counted", why=why))
    mail = None if entry.inbox_id is None else inbox.load(connection, entry.inbox_id)
    row = LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=entry.inbox_id,
        received_at=entry.received_at,
        author=entry.author,
        status=verdict.status,
        version=1 + (0 if before is None else before.row.version),
        answers=verdict.answers,
        problems=verdict.problems,
        reason=f"代理入力：{entry.how}",
        rule=entry.rule,
        level="4",
        by=entry.by,
        remarks=reading.remarks,
        flags=reading.flags,
        texts=known_texts(connection, site, ballot).newest,
        digest="" if mail is None else mail_digest(mail.content),
    )
    ledgers.append(connection, survey.key, row, sealed=survey.mode == "sealed")
    if survey.resolution is not None:
        # Who votes needs no proxy.
        end_proxy(connection, site, survey.key, ballot.code, entry.received_at, now, inbox_id=entry.inbox_id)
    told = _told(connection, ballot, None if before is None else before.row.author)
    cooked = site.render.surveys.entered_for_body(
        survey,
        row,
        how=entry.how,
        closed=stored.has_closed(now),
        seal=seal_in_receipt(stored, ballot),
        now=now,
        layout=gateways.layout_of(connection, ballot),
    )
    queue_receipt(connection, "entered_for_body", cooked, ballot, told, row.inbox_id, now)
    return stands_for(connection, site, survey, ballot)


def _with_questions(
    site: Site, survey: Survey, entry: OfficeEntry, rows: Sequence[LedgerRow]
) -> list[tuple[str, str]]:
    """Say which question is meant where none was written: the only one, or the only one that was not understood."""
    found = []
    for question, value in entry.written:
        if question:
            found.append((question, value))
            continue
        row = next((row for row in reversed(rows) if row.inbox_id == entry.inbox_id), None)
        unclear = {problem.question for problem in row.problems if problem.question} if row else set()
        meant = [each.id for each in survey.questions if len(survey.questions) == 1 or unclear == {each.id}]
        if not meant:
            raise Refusal(sentence(site.language, "which-question", mail=mail_name(entry.inbox_id or 0)))
        found.append((meant[0], value))
    return found


def _read(site: Site, survey: Survey, written: Written, received_at: datetime) -> Reading:
    """Read what was written by the grammar of the ballot: each answer whole, or none of them."""
    answers: dict[str, Answer] = {}
    remarks: dict[str, str] = {}
    flags: dict[str, tuple[str, ...]] = {}
    today = received_at.astimezone(site.zone).date()
    for question_id, value in written:
        question = next((each for each in survey.questions if each.id == question_id), None)
        if question is None:
            raise Refusal(sentence(site.language, "no-question", key=survey.key, question=question_id))
        read = read_answer(question, value, today=today)
        if not isinstance(read, Understood):
            why = EXPLANATIONS[site.language][getattr(read, "kind", "unclear")]
            # What we write is quoted, and outlives the votes
            shown = "…" if survey.mode == "sealed" else value
            raise Refusal(sentence(site.language, "unread", question=question_id, value=shown, why=why))
        answers[question_id] = read.answer
        if read.remark:
            remarks[question_id] = read.remark
        if read.flags:
            flags[question_id] = read.flags
    return Reading(answers, remarks, flags=flags)


def _told(connection: Connection, ballot: Ballot, author: str | None) -> list[str]:
    """Return who hears of an entry: the address that was asked, and who of the body had answered before."""
    registered = {
        address_key(each): person.contact.email
        for person in members.people_of(connection, ballot.code)
        for each in person.contact.addresses
    }
    previous = registered.get(address_key(author or ""))
    return list(dict.fromkeys([ballot.address, *([previous] if previous else [])]))


def _in_words(site: Site, survey: Survey, answers: Answers) -> str:
    if survey.mode == "sealed":
        return sentence(site.language, "stands-sealed")
    words = [
        f"{question.id} {said}"
        for question in survey.questions
        if (said := answer_words(question, answers.get(question.id), site.language))
    ]
    said = ("、" if site.language == "ja" else ", ").join(words) or sentence(site.language, "nobody")
    return sentence(site.language, "stands", answers=said)


def _name(connection: Connection, code: str) -> str:
    body = members.bodies(connection, [code]).get(code)
    return body.name if body is not None else code
