"""Let go of the raw replies to a survey once they have been kept long enough (ballot.md section 16)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.keeping import kept_until
from mailbot.flows.surveys.arrived_replies import arrived_replies
from mailbot.site import Site
from mailbot.store.office import journal
from mailbot.store.surveys import sealed, surveys
from mailbot.store.surveys.surveys import StoredSurvey
from mailbot.store.transactions import scrub_after

_PUT_ASIDE = "it was not decided about as long as the replies to this survey were kept"


def forget_replies(connection: Connection, site: Site, key: str, now: datetime) -> int:
    """Empty the raw replies to a survey, with their attachments; returns how many. Ledger, receipts and figures stay.

    After the commit the pages are overwritten. What is still held is put aside. Raises Refusal before its time, and of a
    sealed survey, whose replies go at once.
    """
    stored = surveys.require(connection, key, locked=True)
    _refuse_early(site, stored, now)
    assert stored.opened_at is not None, "it is closed"
    replies = arrived_replies(connection, site, key, stored.opened_at)
    numbers = {reply.arrival.id for reply in replies} | sealed.mails_behind(connection, key)
    mails, _ = sealed.same_mails(connection, numbers)
    mails -= sealed.posted(connection, mails)  # a list keeps what went to it as well
    rows = sealed.rows_of(connection, mails)
    sealed.settle_held(connection, rows, _PUT_ASIDE)
    count = sealed.empty_mails(connection, mails, rows)
    if count:
        detail = f"{count} raw mails"
        journal.add(connection, "survey.forgotten", now, who=COMMAND_LINE, about=key, detail=detail)
        scrub_after(connection, sealed.TOUCHED)
    return count


def _refuse_early(site: Site, stored: StoredSurvey, now: datetime) -> None:
    survey = stored.survey
    if survey.mode == "sealed":
        raise Refusal(
            f"survey {survey.key} is sealed; `mailbot surveys destroy {survey.key}` is for its replies"
        )
    settled_at = stored.closed_at if survey.publish_to == "nobody" else stored.published_at
    if stored.closed_at is None or settled_at is None:
        raise Refusal(f"survey {survey.key}: its result is not out yet; until then its replies are needed")
    until = kept_until(survey, max(settled_at, stored.closed_at)).astimezone(site.zone)
    if now < until:
        raise Refusal(
            f"survey {survey.key}: its replies prove its result, and are kept until {until:%Y-%m-%d}; nothing was taken away"
        )
