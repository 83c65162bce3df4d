"""Give a body's ballot a new token and send it: what comes with the old one does not count any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.flows.surveys.answer_reply import new_token, queue_fresh_ballot
from mailbot.site import Site
from mailbot.store.office import journal
from mailbot.store.surveys import ballots, surveys


def reissue_ballot(
    connection: Connection, site: Site, key: str, code: str, now: datetime, *, by: str = COMMAND_LINE
) -> str:
    """Re-issue the ballots of a body in an open survey; returns a sentence. Raises Refusal when it has none."""
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey has ballots to re-issue")
    own = ballots.of_subject(connection, key, code)
    if not own:
        raise Refusal(f"survey {key}: body {code} was not asked; `mailbot members show {code}` shows it")
    for old in own:
        ballot = new_token(connection, site, old, now)
        queue_fresh_ballot(connection, site, stored.survey, ballot, now)
    journal.add(connection, "ballot.reissued", now, who=by, about=key, detail=f"body {code}")
    return (
        f"survey {key}: {len(own)} ballot(s) of {code} re-issued, to {', '.join(one.address for one in own)}"
    )
