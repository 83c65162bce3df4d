"""Do what the office decided: open, close, extend, admit, publish or destroy, and say so in a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.office.plan import occurrence
from mailbot.core.surveys.two_persons import Act, Order
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.surveys.close_survey import StillReading, close_survey
from mailbot.flows.surveys.destroy_sealed import destroy_sealed
from mailbot.flows.surveys.extend_survey import extend_survey
from mailbot.flows.surveys.held_reply import ballot_of_mail, held_mail
from mailbot.flows.surveys.missed_result import AFTER_RESULT, published_at
from mailbot.flows.surveys.open_survey import open_survey
from mailbot.flows.surveys.publish_survey import publish_survey
from mailbot.flows.surveys.record_for_body import (
    OfficeEntry,
    record_for_body,
    record_held_answers,
    stands_for,
)
from mailbot.site import Site
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import surveys


@dataclass(frozen=True)
class Performed:
    """What was done."""

    sentence: str  # in the site's language
    figure: int = 0  # bodies invited, counted or told; mails of a result


def perform_act(connection: Connection, site: Site, order: Order, now: datetime) -> Performed:
    """Do an act about a survey, and write down who decided it. Raises Refusal when it cannot be done."""
    key, detail, by = order.key, order.detail, order.by
    done = _perform(connection, site, order, now)
    if order.act in _WHAT:
        journal.add(connection, _WHAT[order.act], now, who=by, about=key, detail=_figures(order, done.figure))
    elif "answers" in detail:
        whose = f"body {detail['code']}" if "code" in detail else f"mail {detail['number']}"
        if published_at(connection, key) is not None:
            whose = f"{whose}: {AFTER_RESULT}"
        journal.add(connection, "answer.entered", now, who=by, about=key, detail=whose)
    return done


_WHAT: Mapping[Act, str] = {  # that a held mail was admitted, `settle_held` writes down
    "open": "survey.opened",
    "close": "survey.closed",
    "extend": "survey.extended",
    "publish": "survey.published",
    "destroy": "survey.destroyed",
}


def _figures(order: Order, figure: int) -> str:
    """Return, for the journal, how many it concerned."""
    match order.act:
        case "open":
            return f"{figure} invited"
        case "close":
            return f"{figure} answers counted"
        case "extend":
            return f"until {order.detail['closes']}; {figure} told"
        case "publish":
            return f"to {figure}"
        case _:
            return f"{figure} mails"


def _perform(connection: Connection, site: Site, order: Order, now: datetime) -> Performed:
    key, detail, by, language = order.key, order.detail, order.by, site.language
    match order.act:
        case "open":
            figure = open_survey(connection, site, key, now)
            return Performed(sentence(language, "open", key=key, figure=figure), figure)
        case "close":
            if order.received_at is None:
                return _close(connection, site, key, now, now)
            return _close_by_mail(connection, site, key, order.received_at, now)
        case "extend":
            closes = datetime.fromisoformat(detail["closes"]).astimezone(site.zone)
            figure = extend_survey(connection, site, key, closes, now, by=by)
            words = moment_words(closes, language)
            return Performed(sentence(language, "extend", key=key, closes=words, figure=figure), figure)
        case "publish":
            figure = publish_survey(connection, site, key, now)
            return Performed(sentence(language, "publish", key=key, figure=figure), figure)
        case "destroy":
            gone = destroy_sealed(connection, site, key, now)
            name = "destroy" if gone else "destroyed-before"
            return Performed(sentence(language, name, key=key, what=gone.words(language)), figure=gone.mails)
        case "send":
            raise AssertionError("a bulletin is sent by settle_bulletin.py")
        case "admit" if "code" in detail:
            return _enter(connection, site, key, detail, now, by=by)
        case "admit":
            said = _admit(connection, site, detail, now, by=by)
            return Performed(said + _missed(connection, site, key))


def pairs_text(answers: tuple[tuple[str, str], ...]) -> str:
    """Return answers as written, for an act's detail."""
    return json.dumps([list(pair) for pair in answers], ensure_ascii=False)


def pairs_of(text: str) -> tuple[tuple[str, str], ...]:
    """Read them back."""
    return tuple((question, value) for question, value in json.loads(text))


def _close(connection: Connection, site: Site, key: str, at: datetime, now: datetime) -> Performed:
    figure = close_survey(connection, site, key, at, now)
    stored = surveys.load(connection, key)
    # Of a resolution the ballots alone would be a wrong number: bodies take part by proxy, too.
    is_vote = stored is not None and stored.survey.resolution is not None
    return Performed(
        sentence(site.language, "close-vote" if is_vote else "close", key=key, figure=figure), figure
    )


def _close_by_mail(connection: Connection, site: Site, key: str, at: datetime, now: datetime) -> Performed:
    """Close a survey as of the mail that commands it; where mail that came before it is still unread, the due-table closes it then."""
    try:
        with connection.begin_nested():
            return _close(connection, site, key, at, now)
    except StillReading:
        job = f"survey:{key}:close"
        occurrences.plan(connection, job, [Occurrence(job, occurrence(at, site.zone), at)])
        return Performed(sentence(site.language, "closing", key=key))


def _enter(
    connection: Connection, site: Site, key: str, detail: Mapping[str, str], now: datetime, *, by: str
) -> Performed:
    entry = OfficeEntry(
        pairs_of(detail["answers"]),
        detail["reason"],
        by,
        datetime.fromisoformat(detail["received_at"]) if "received_at" in detail else now,
        int(detail["mail"]) if "mail" in detail else None,
    )
    entered = record_for_body(connection, site, key, detail["code"], entry, now)
    asked = sentence(site.language, "entered-asked") if entered.asked else ""
    said = sentence(
        site.language, "entered", body=entered.body, key=key, version=entered.version, stands=entered.stands
    )
    return Performed(said + asked)


def _missed(connection: Connection, site: Site, key: str) -> str:
    """Return a sentence where the result has gone out without what counts now; else ""."""
    out = published_at(connection, key)
    if out is None:
        return ""
    at = moment_words(out.astimezone(site.zone), site.language)
    return sentence(site.language, "not-in-result", key=key, at=at)


def _admit(connection: Connection, site: Site, detail: Mapping[str, str], now: datetime, *, by: str) -> str:
    number = int(detail["number"])
    mail = mail_name(number)
    if "answers" in detail:
        given = record_held_answers(connection, site, number, pairs_of(detail["answers"]), now, by=by)
        return sentence(site.language, "given", mail=mail, **vars(given))
    received = held_mail(connection, site, number)
    ballot = ballot_of_mail(connection, site, received)
    settle_held(connection, site, number, "accept", "", now, by=by)
    stored = surveys.load(connection, ballot.subject) if ballot is not None else None
    if ballot is None or stored is None:
        return sentence(site.language, "accept", mail=mail)
    stands = stands_for(connection, site, stored.survey, ballot)
    return sentence(site.language, "accept-vote", mail=mail, **vars(stands))
