"""Close a survey in one transaction: from its moment on every reply is late, and the result goes out (I20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.office.desk_sentences import sentence
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.matter import matter
from mailbot.core.surveys.survey import Survey
from mailbot.flows.office.tell_office import report_to_office
from mailbot.flows.surveys.counted_answers import counted_answers
from mailbot.flows.surveys.pay_receipts import pay_before_seal
from mailbot.flows.surveys.publish_survey import send_result
from mailbot.flows.surveys.seal_votes import seal_votes
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.runs import occurrences
from mailbot.store.sending import outbox
from mailbot.store.surveys import ballots, surveys


class StillReading(Refusal):
    """Raised while mail that came before the close has not been read: come back in a moment."""


def close_survey(
    connection: Connection,
    site: Site,
    key: str,
    at: datetime,
    now: datetime,
    *,
    late_since: datetime | None = None,
) -> int:
    """Close an open survey as of `at`; returns how many bodies' (or persons') answers count.

    By hand, before its time, it closes after the replies that were read already, since they have been acknowledged. Raises
    Refusal when it is not open, and StillReading when mail received before that waits to be read.
    """
    inbox.stop_intake(connection)
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey can be closed")
    if at < stored.survey.closes:
        at = _after_what_was_read(connection, key, at, stored.survey.closes)
    waiting = inbox.waiting_before(connection, at)
    if waiting:
        raise StillReading(
            f"survey {key}: {waiting} mails that came before its close wait to be read; "
            "let the service run (`mailbot serve`), then close it again"
        )
    survey = stored.survey
    if at < survey.closes:  # by hand: every mail from now on says when it really closed
        survey = replace(survey, closes=at.astimezone(site.zone).replace(microsecond=0))
        surveys.move_close(connection, survey, stored.survey.closes)
    if survey.mode == "sealed":
        pay_before_seal(connection, site, key, now)
    surveys.set_closed(connection, key, at)
    _settle_runs(connection, survey, now)
    outbox.withdraw(connection, ("invitation", "reminder", "extension", "follow_up"), key)
    if survey.mode == "sealed":
        seal_votes(connection, key)
    counted = len(counted_answers(connection, survey))
    if survey.publish_at == "close":
        _publish(connection, site, survey, now, late_since)
    return counted


def _after_what_was_read(connection: Connection, key: str, at: datetime, closes: datetime) -> datetime:
    """Return from when on replies are late: some that came after the office's word may have been read before it."""
    newest = ballots.newest_reply(connection, key)
    return at if newest is None or newest >= closes else max(at, newest)


def _settle_runs(connection: Connection, survey: Survey, now: datetime) -> None:
    """Settle the close, and withdraw what comes too late: closed by hand, there is nobody left to remind."""
    key = survey.key
    occurrences.settle_waiting(connection, f"survey:{key}:close", "done", "closed", now)
    for action, times in (("reminder", survey.reminders), ("followup", survey.follow_ups)):
        for number, _ in enumerate(times, 1):
            job = f"survey:{key}:{action}:{number}"
            occurrences.settle_waiting(connection, job, "withdrawn", "the survey was closed", now)


def _publish(
    connection: Connection, site: Site, survey: Survey, now: datetime, late_since: datetime | None
) -> None:
    """Send the result; where it cannot be made, the survey is closed all the same and the office hears why."""
    try:
        with connection.begin_nested():
            send_result(connection, site, survey, now, late_since=late_since)
    except Refusal as refusal:
        head = f"{matter(survey, site.language)} {survey.key}"
        item = ReportItem(head, sentence(site.language, "result-stays", why=refusal))
        report_to_office(connection, site, item, now)
