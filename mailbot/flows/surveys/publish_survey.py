"""Publish the result of a closed survey: the one switch that every result obeys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.flows.surveys.publish_resolution import resolution_copies
from mailbot.flows.surveys.publish_result import result_copies
from mailbot.site import Site
from mailbot.store.sending import outbox
from mailbot.store.surveys import surveys


def publish_survey(connection: Connection, site: Site, key: str, now: datetime) -> int:
    """Send the result of a closed survey now; returns to how many. Raises Refusal when it cannot be sent."""
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "closed":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; the result of a closed survey can be published")
    if stored.survey.publish_to == "nobody":
        raise Refusal(
            f"survey {key}: by its definition (`publish: {{to: nobody}}`) its result goes to nobody; "
            f"`mailbot surveys results {key}` shows it"
        )
    if stored.published_at is not None:
        raise Refusal(
            f"survey {key}: its result went out {stored.published_at.astimezone(site.zone):%Y-%m-%d %H:%M}"
        )
    return send_result(connection, site, stored.survey, now)


def send_result(
    connection: Connection, site: Site, survey: Survey, now: datetime, *, late_since: datetime | None = None
) -> int:
    """Queue the result to those whom the definition names; returns to how many.

    Raises Refusal when its tables do not sum to the electorate.
    """
    copies = result_copies if survey.resolution is None else resolution_copies
    cooked, to = copies(connection, site, survey, now, late_since=late_since)
    surveys.set_published(connection, survey.key, now)
    if to:
        mailing_id = outbox.add_mailing(
            connection, kind="result", subject=survey.key, cooked=cooked, bounces="bounce", now=now
        )
        outbox.queue(connection, mailing_id, to, now)
    return len(to)
