"""Send a body its ballot with the survey's form attached, on the office's word."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.reading.statements.answer_form import takes_form
from mailbot.core.refusal import Refusal
from mailbot.flows.surveys.answer_reply import queue_fresh_ballot
from mailbot.site import Site
from mailbot.store.surveys import ballots, surveys


def send_form(connection: Connection, site: Site, key: str, code: str, now: datetime) -> str:
    """Queue the ballots of a body with the form; returns a sentence. Raises Refusal when it has none to send."""
    stored = surveys.load(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey has ballots to send")
    if not takes_form(stored.survey):
        raise Refusal(f"survey {key}: a written vote is cast in the mail itself; it has no form")
    own = ballots.of_subject(connection, key, code)
    if not own:
        raise Refusal(f"survey {key}: body {code} was not asked; `mailbot members show {code}` shows it")
    form = site.write_form(stored.survey, site.language)
    for ballot in own:
        queue_fresh_ballot(connection, site, stored.survey, ballot, now, form=form)
    return f"survey {key}: the form is in the outbox, to {', '.join(one.address for one in own)}"
