"""Look up how surveys go, what waits for a second person, what stands due, and how the service is, for the office's pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.core.mail.mailing import copy_shown
from mailbot.core.mail.message import Message, parse
from mailbot.core.office.desk_command import OfSurvey
from mailbot.core.office.desk_sentences import ACTS, act_name, sentence
from mailbot.core.office.plan import duration, job_name
from mailbot.flows.office.know_decider import Decider
from mailbot.flows.office.look_up_held import HeldShown, show_held
from mailbot.flows.office.mail_plan import PlanLine, plan_line
from mailbot.flows.office.obey_command import Desk, obey_command
from mailbot.flows.surveys.remind_survey import missing, reminded_lately
from mailbot.site import Site
from mailbot.store import vitals
from mailbot.store.mail import inbox
from mailbot.store.members import members
from mailbot.store.office import acts, desk_words
from mailbot.store.office.acts import StoredAct
from mailbot.store.runs import occurrences
from mailbot.store.sending import sendings
from mailbot.store.sending.sendings import Last, Sending
from mailbot.store.surveys import ledgers, surveys
from mailbot.store.surveys.surveys import StoredSurvey

MOST_MISSING = 50  # bodies on one page
_MOST_SURVEYS = 30
_MOST_REPLIES = 10  # each is parsed anew
_MOST_RUNS = 60
_MOST_TOLD = 10
_AHEAD = timedelta(days=14)
_BACK = timedelta(days=7)
_MOST_TEXT = 20_000  # characters of a mail of ours


@dataclass(frozen=True)
class MissingBody:
    """A body, or a person, from whom nothing complete has come."""

    code: str
    name: str
    address: str


@dataclass(frozen=True)
class WaitingAct:
    """An act that waits for a second person."""

    id: int
    key: str
    what: str
    asked_by: str
    asked_at: datetime
    own: bool  # who looks has asked for it himself
    text: str  # the mail by which whoever looks was asked to approve it; "": he was not


@dataclass(frozen=True)
class Course:
    """How a survey goes."""

    stored: StoredSurvey
    status: str  # a sentence
    missing: tuple[MissingBody, ...]  # of this page
    missing_in_all: int
    after: int | None  # where the next page begins
    held: tuple[HeldShown, ...]
    held_in_all: int
    acts: tuple[WaitingAct, ...]
    reminded: Last | None  # the reminder that has just gone out


@dataclass(frozen=True)
class RunLine:
    """One run, and what may be said about it."""

    line: PlanLine
    state: str  # waiting | asked | late | skipped
    moved: bool  # a person changed it: it can be put back
    movable: bool  # a close and the freezing of an electorate are not moved here


@dataclass(frozen=True)
class Told:
    """A mail that the service has sent to the office."""

    at: datetime
    to: str
    subject: str
    text: str


@dataclass(frozen=True)
class ServiceStanding:
    """What stands due, what leaves, how the service is, and what it last said."""

    state: tuple[str, ...]  # sentences
    sendings: tuple[Sending, ...]
    coming: tuple[RunLine, ...]
    past: tuple[RunLine, ...]
    told: tuple[Told, ...]


def surveys_at_desk(connection: Connection) -> list[StoredSurvey]:
    """Return the surveys that run, then those to come, then the newest that are closed."""
    order = {"open": 0, "planned": 1, "closed": 2}
    every = sorted(surveys.every(connection), key=lambda one: one.survey.opens, reverse=True)
    return sorted(every, key=lambda one: order[one.state])[:_MOST_SURVEYS]


def acts_at_desk(
    connection: Connection, site: Site, decider: Decider, key: str | None = None
) -> tuple[WaitingAct, ...]:
    """Return the acts that wait for a second person, of one survey or all, with what whoever looks was sent about them."""
    return tuple(
        _act(connection, site, decider, one) for one in acts.waiting(connection, key)[:_MOST_SURVEYS]
    )


def course_of_survey(
    connection: Connection, site: Site, decider: Decider, key: str, after: int, now: datetime
) -> Course | None:
    """Return how a survey goes, its missing bodies from a place on; None: there is none with this key."""
    stored = surveys.load(connection, key)
    if stored is None:
        return None
    said = obey_command(connection, Desk(site, decider.address, now, now), OfSurvey("status", key))
    gone = [] if stored.state == "planned" else missing(connection, stored.survey)
    shown = gone[after : after + MOST_MISSING]
    names = members.bodies(connection, sorted({one.code for one in shown}))
    waiting = {
        row.inbox_id
        for row in ledgers.rows(connection, key)
        if row.status == "held" and row.inbox_id is not None
    }
    held = inbox.held(connection, among=waiting) if waiting else []
    replies = (show_held(connection, site, decider, one.id, now) for one in held[:_MOST_REPLIES])
    return Course(
        stored=stored,
        status=said.sentence,
        missing=tuple(
            MissingBody(one.code, names[one.code].name if one.code in names else one.code, one.address)
            for one in shown
        ),
        missing_in_all=len(gone),
        after=after + MOST_MISSING if len(gone) > after + MOST_MISSING else None,
        held=tuple(one for one in replies if one is not None),
        held_in_all=len(held),
        acts=acts_at_desk(connection, site, decider, key),
        reminded=reminded_lately(connection, key, now),
    )


def standing_of_service(connection: Connection, site: Site, now: datetime) -> ServiceStanding:
    """Return what stands due within two weeks, what was late or skipped of late, what leaves now, and how the service is."""
    coming = occurrences.open_until(connection, now + _AHEAD)
    past = [one for one in occurrences.settled_since(connection, now - _BACK) if one.state != "done"]
    return ServiceStanding(
        _state(connection, site, now),
        tuple(sendings.under_way(connection)[:_MOST_RUNS]),
        tuple(_run(connection, site, one) for one in coming[:_MOST_RUNS]),
        tuple(_run(connection, site, one) for one in past[-_MOST_RUNS:]),
        tuple(_told(*one) for one in desk_words.newest(connection, site.of_office, _MOST_TOLD)),
    )


def _act(connection: Connection, site: Site, decider: Decider, one: StoredAct) -> WaitingAct:
    stored = surveys.load(connection, one.key) if one.act != "send" else None
    word = desk_words.of_act(connection, one.id, decider.address)
    mail = None if word is None else desk_words.mail_of(connection, word.id)
    return WaitingAct(
        id=one.id,
        key=one.key,
        what=ACTS[site.language][one.act]
        if stored is None
        else act_name(site.language, one.act, stored.survey),
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        own=same_address(one.asked_by, decider.address),
        text="" if mail is None else _as_sent(mail).text.strip("\n")[:_MOST_TEXT],
    )


def _state(connection: Connection, site: Site, now: datetime) -> tuple[str, ...]:
    found = vitals.backlog(connection, now)
    said = [sentence(site.language, "service-inbox", unread=found.unread, held=found.held)]
    if found.overdue > vitals.OVERDUE:
        span = duration(found.overdue, site.language)
        said.append(sentence(site.language, "service-overdue", span=span))
    else:
        said.append(sentence(site.language, "service-leaves"))
    if found.quarantined:
        said.append(sentence(site.language, "service-quarantined", count=found.quarantined))
    return tuple(said)


def _run(connection: Connection, site: Site, one: occurrences.Occurrence) -> RunLine:
    fixed = job_name(one.job).action in {"close", "freeze"}
    return RunLine(plan_line(connection, site, one), one.state, one.planned_at is not None, movable=not fixed)


def _told(address: str, at: datetime, cooked: bytes) -> Told:
    mail = _as_sent(cooked)
    return Told(at, address, mail.subject, mail.text.strip("\n")[:_MOST_TEXT])


def _as_sent(cooked: bytes) -> Message:
    """Return a mail of ours without what is its recipient's own: the address to which it is answered above all."""
    return parse(copy_shown(cooked))
