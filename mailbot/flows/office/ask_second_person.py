"""Ask for an act: it is done at once, or it waits until a second person has approved it by reply (ballot.md 14)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.mail.address import same_address
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.office.plan import reminder_at
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ballot import answer_words
from mailbot.core.surveys.ledger import IN_TALLY, standings
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import (
    ACT_LASTS,
    Act,
    NobodyElse,
    OneIsEnough,
    Order,
    SecondNeeded,
    out_of_place,
    persons_needed,
)
from mailbot.flows.office.perform_act import pairs_of, perform_act
from mailbot.flows.office.quote_held import Quoted, quote_held
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.surveys.destroy_sealed import refuse_or_decided
from mailbot.flows.surveys.held_reply import ballot_of_mail, held_mail
from mailbot.flows.surveys.open_survey import first_of_each_body
from mailbot.flows.surveys.publish_resolution import resolution_copies
from mailbot.flows.surveys.publish_result import result_copies
from mailbot.render import ActMail, Recipient
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.office import acts, journal
from mailbot.store.office.acts import StoredAct
from mailbot.store.surveys import ballots, ledgers, surveys
from mailbot.store.surveys.surveys import StoredSurvey
from mailbot.store.transactions import savepoint

_OWN: dict[Language, tuple[str, str]] = {  # what stands in a draft for what is each recipient's own
    "ja": ("（団体名とお名前）", "（団体ごとの番号）"),
    "en": ("(body and name)", "(a number for each body)"),
}


@dataclass(frozen=True)
class Done:
    """The act is done."""

    sentence: str  # in the site's language
    figure: int  # bodies invited, counted or told; mails of a result
    alone: bool  # two persons are asked for, and the configuration names nobody else


@dataclass(frozen=True)
class Waiting:
    """The act waits; these were asked to approve it."""

    act_id: int
    of: tuple[str, ...]
    sentence: str


def request_act(connection: Connection, site: Site, order: Order, now: datetime) -> Done | Waiting:
    """Do an act about a survey, or ask a second person for it. Raises Refusal when it makes no sense now."""
    stored = surveys.require(connection, order.key, locked=True)
    needed = persons_needed(stored.survey, order.act, site.people, asked_by=order.by)
    if order.act == "destroy" and refuse_or_decided(connection, stored):
        needed = OneIsEnough()
    match needed:
        case OneIsEnough():
            done = perform_act(connection, site, order, now)
            return Done(done.sentence, done.figure, alone=False)
        case NobodyElse():
            act_id = acts.add(connection, order, acts.digest_of(stored.survey), now)
            note = sentence(site.language, "alone")
            acts.decide(connection, act_id, "approved", by=order.by, note=note, now=now)
            done = perform_act(connection, site, order, now)
            return Done(done.sentence, done.figure, alone=True)
        case SecondNeeded(others):
            refuse_out_of_place(site, stored, order.act)
            if order.act == "open" and acts.approved(
                connection, order.key, "open", acts.digest_of(stored.survey)
            ):
                done = perform_act(connection, site, order, now)
                return Done(done.sentence, done.figure, alone=False)
            if order.act == "admit":
                _refuse_impossible(connection, site, order, now)
            act_id = ask(connection, site, stored, order, others, now)
            return Waiting(act_id, others, sentence(site.language, "waiting", others="、".join(others)))


class _Tried(Exception):  # noqa: N818  it is no error: it takes a trial back
    """Raised where an act would have been done."""


def _refuse_impossible(connection: Connection, site: Site, order: Order, now: datetime) -> None:
    """Raise the Refusal with which an act would end as things stand, before a second person is asked for it in vain."""
    with contextlib.suppress(_Tried), savepoint(connection):
        perform_act(connection, site, order, now)
        raise _Tried


def refuse_out_of_place(site: Site, stored: StoredSurvey, act: Act) -> None:
    """Raise Refusal when an act makes no sense for a survey as it stands."""
    if act == "publish" and stored.state == "closed" and stored.survey.publish_to == "nobody":
        raise Refusal(sentence(site.language, "to-nobody", key=stored.survey.key))
    if out_of_place(act, stored.state, published=stored.published_at is not None):
        name = {"open": "not-planned", "close": "not-open", "extend": "not-open"}.get(act, "not-closed")
        if act == "publish" and stored.published_at is not None:
            name = "published"
        raise Refusal(sentence(site.language, name, key=stored.survey.key))


def ask(
    connection: Connection,
    site: Site,
    stored: StoredSurvey,
    order: Order,
    others: tuple[str, ...],
    now: datetime,
) -> int:
    """Store an act that waits and mail each of these others; returns its id.

    The same asker's older request for the same gives way. Raises Refusal when somebody else's waits already.
    """
    for older in acts.waiting(connection, order.key):
        if (older.act, _object(older.detail)) != (order.act, _object(order.detail)):
            continue
        if not same_address(older.asked_by, order.by):
            raise Refusal(sentence(site.language, "already-waiting", by=older.asked_by))
        note = sentence(site.language, "superseded")
        acts.decide(connection, older.id, "expired", by="", note=note, now=now)
    act_id = acts.add(connection, order, acts.digest_of(stored.survey), now)
    detail = f"{order.act}, of {', '.join(others)}"
    journal.add(connection, "act.asked", now, who=order.by, about=order.key, detail=detail)
    cooked = site.render.office.act(_mail(connection, site, stored, order, now), now=now)
    about = order.detail.get("number") or order.detail.get("mail")
    tell_office(
        connection,
        site,
        cooked,
        now,
        kind="office_act",
        inbox_id=int(about) if about else None,
        to=others,
        act_id=act_id,
    )
    return act_id


def concerned(site: Site, survey: Survey, one: StoredAct) -> tuple[str, ...]:
    """Return the people who hear what became of an act: who asked, and who might have approved it."""
    asker = (one.asked_by,) if "@" in one.asked_by else (site.office,)
    match persons_needed(survey, one.act, site.people, asked_by=one.asked_by):
        case SecondNeeded(others):
            return tuple(dict.fromkeys([*asker, *others]))
        case _:
            return asker


def _object(detail: Mapping[str, str]) -> tuple[str, str]:
    """Return what of a survey an act is about: a mail, a body, or the whole of it."""
    return detail.get("number", ""), detail.get("code", "")


def _mail(connection: Connection, site: Site, stored: StoredSurvey, order: Order, now: datetime) -> ActMail:
    """Return all that the second person must know: the whole text that goes out, to how many, until when."""
    survey, act, detail = stored.survey, order.act, order.detail
    stands = standings(ledgers.rows(connection, survey.key))
    held, words, quoted = _admitted(connection, site, survey, detail)
    text: tuple[str, ...] = ()
    if act == "open":
        text = _text(site.render.surveys.invitation(survey, now=now, to=_sample(site)))
    elif act == "extend":
        later = replace(survey, closes=datetime.fromisoformat(detail["closes"]))
        text = _text(site.render.surveys.extension(later, survey.closes, now=now, to=_sample(site)))
    elif act == "publish":
        copies = result_copies if survey.resolution is None else resolution_copies
        text = _text(copies(connection, site, survey, now)[0])
    return ActMail(
        act=act,
        survey=survey,
        digest=acts.digest_of(survey),
        asked_by=order.by,
        until=now + ACT_LASTS,
        by_plan=detail.get("when") == "plan",
        bodies=_asked(connection, survey)
        if stored.state == "planned"
        else ballots.count(connection, survey.key),
        answered=sum(standing.row.status in IN_TALLY for standing in stands.values()),
        pending=sum(standing.held for standing in stands.values()),
        closes=datetime.fromisoformat(detail["closes"]) if "closes" in detail else None,
        held=held,
        words=words,
        reply=quoted.words,
        attachments=quoted.files,
        text=text,
        plan=tuple(sorted(reminder_at(each, survey, site.calendar, site.zone) for each in survey.reminders))
        if act == "open"
        else (),
    )


def _asked(connection: Connection, survey: Survey) -> int:
    people = members.selected(connection, survey.audience)
    return len(people) if survey.unit == "person" else len(first_of_each_body(people))


def _admitted(
    connection: Connection, site: Site, survey: Survey, detail: Mapping[str, str]
) -> tuple[str, tuple[str, ...], Quoted]:
    """Return whose answer is to be admitted, what it says, and the words of the reply; of a sealed survey's, neither."""
    pairs = pairs_of(detail.get("answers", "[]"))
    if survey.mode == "sealed":
        given: tuple[str, ...] = (sentence(site.language, "not-shown"),)
    else:
        given = tuple(_given(site, survey, question, value) for question, value in pairs)
    if "code" in detail:
        code = detail["code"]
        body = members.bodies(connection, [code]).get(code)
        name = code if body is None else f"{body.name}（{code}）"
        return name, (*given, detail["reason"]), Quoted()
    if "number" not in detail:
        return "", (), Quoted()
    number = int(detail["number"])
    received = held_mail(connection, site, number)
    ballot = ballot_of_mail(connection, site, received)
    if ballot is None:
        return mail_name(number), given, Quoted()
    quoted = quote_held(connection, site, received, received.message(site.authserv_id))
    rows = [row for row in ledgers.rows(connection, ballot.subject, ballot.code) if row.inbox_id == number]
    why = (rows[-1].reason,) if rows and survey.mode != "sealed" else ()
    return f"{mail_name(number)} {ballot.greeting}", (*(given or quoted.answers), *why), quoted


def _given(site: Site, survey: Survey, question_id: str, value: str) -> str:
    """Return an answer that the office wrote, and what it means where it can be read."""
    question = next((each for each in survey.questions if each.id == question_id), None)
    if question is None and not question_id and len(survey.questions) == 1:
        (question,) = survey.questions
    # A date may lack its year, which only the day of receipt gives.
    if question is None or question.type == "date":
        return f"{question_id or '='} {value}"
    read = read_answer(question, value, today=survey.opens.date())
    if not isinstance(read, Understood):
        return f"{question.id} {value}"
    words = answer_words(question, read.answer, site.language)
    return f"{question.id} {value}" if words == value else f"{question.id} {value} {words}"


def _sample(site: Site) -> Recipient:
    """Return a recipient who is nobody, for a draft."""
    greeting, reference = _OWN[site.language]
    return Recipient("sample@example.invalid", greeting, reference, code="000000", token="0" * 16)


def _text(cooked: bytes) -> tuple[str, ...]:
    """Return the lines of a cooked mail, without what is filled in for each recipient; none when nothing else is there."""
    body = cooked.partition(b"\r\n\r\n")[2].decode("utf-8")
    lines = "".join(body.split("\0")[::2]).split("\r\n")
    return tuple(lines) if any(line.strip() for line in lines) else ()
