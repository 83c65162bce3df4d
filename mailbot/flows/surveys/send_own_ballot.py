"""A member asks our page for his ballot: it is sent anew to where his ballots go, and only the newest one counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.flows.surveys.answer_reply import new_token, queue_fresh_ballot
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.sending import allowances
from mailbot.store.surveys import ballots, surveys

_A_DAY = 6  # to one person


def send_own_ballot(connection: Connection, site: Site, address: str, key: str, now: datetime) -> int | None:
    """Queue this person's ballots in an open survey; returns how many, None when there were too many today.

    The ballots of colleagues, at other addresses, stay as they are.
    """
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        return 0
    codes = {one.body.code for one in members.people_at(connection, address)}
    own = [
        ballot
        for code in sorted(codes)
        for ballot in ballots.of_subject(connection, key, code)
        if same_address(ballot.address, address)
    ]
    # No address has a blank in it: these mails are counted apart from the automatic answers to the person.
    if own and not allowances.spend_answer(
        connection, f"ballot {address}", now, per_hour=_A_DAY, per_day=_A_DAY
    ):
        return None
    for old in own:
        fresh = new_token(connection, site, old, now)
        queue_fresh_ballot(connection, site, stored.survey, fresh, now)
    return len(own)
