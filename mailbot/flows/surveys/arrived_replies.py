"""Every mail that came to an answer address of one survey, whatever became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.mail.address import Reply
from mailbot.core.mail.token import token_hash
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Arrival
from mailbot.store.surveys import ballots
from mailbot.store.surveys.ballots import Ballot

# How far a clock may be behind: one that was set back since the opening, or another node's
_CLOCKS_DIFFER = timedelta(days=7)


@dataclass(frozen=True)
class ArrivedReply:
    """One mail to the answer address of one ballot."""

    arrival: Arrival
    ballot: Ballot
    replaced: bool  # its token had been replaced by a newer one, then or since


def arrived_replies(connection: Connection, site: Site, key: str, since: datetime) -> list[ArrivedReply]:
    """Return the mails to any token that a ballot of this survey has or had, in the order of their numbers.

    They are found by their envelope alone, so that a reply whose ledger row is gone is found too. `since`, the opening, only
    saves a look at all older mail: no token is known before, and the clock that says when a reply came may be behind.
    """
    tokens = ballots.by_token_hash(connection, key)
    names = lists.names(connection)
    found = []
    for arrival in inbox.arrivals(connection, since - _CLOCKS_DIFFER):
        meant = site.route(arrival.recipient, names)
        if isinstance(meant, Reply) and (own := tokens.get(token_hash(meant.token))) is not None:
            found.append(ArrivedReply(arrival, *own))
    return found
