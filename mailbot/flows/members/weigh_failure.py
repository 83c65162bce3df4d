"""A copy did not arrive: what that weighs against its address, and whether the address is asked, or its list mail stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.core.members.trouble import Failure, counted, must_ask
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.members.suspend_address import suspend_address
from mailbot.flows.surveys.pass_ballot import pass_ballot
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import troubles
from mailbot.store.sending import outbox

FEWEST = 20  # failures of one mailing below which no share of it says anything
MOST = 0.3  # of its copies: when more fail, the fault is ours (ballot.md section 13)
_LASTS = timedelta(days=365)  # for so long a late reader's reply lets mail go on


def weigh_failure(
    connection: Connection,
    site: Site,
    delivery_id: int,
    failure: Failure,
    now: datetime,
    tell: list[ReportItem],
) -> bool:
    """Weigh the failure of one copy, once; returns False when it was weighed before.

    What the office is to be told of ballots is added to `tell`, for `tell_unreached`.

    A probe that comes back stops the address's list mail. A ballot that found nobody goes to the next contact.
    Where a third of a mailing fails, nobody's address is to blame.
    """
    address = outbox.address_of(connection, delivery_id)
    if address is None or not troubles.add_failure(connection, delivery_id, address, failure, now):
        return False
    if same_address(address, site.office) or not troubles.is_ours(connection, address):
        return True
    before = troubles.load(connection, address)
    failed, copies = troubles.share_failed(connection, delivery_id)
    if troubles.is_probe(connection, delivery_id):
        if before is not None and before.state == "probing":
            noted = replace(before, last_at=now, failure=failure)
            suspend_address(connection, site, noted, now)
    elif failed < FEWEST or failed <= MOST * copies:
        today = now.astimezone(site.zone).date()
        after = counted(before, address, failure, now, today, site.bounce_limits)
        if must_ask(after, site.bounce_limits):
            after = replace(after, state="probing", state_at=now)
            _ask(connection, site, address, now)
        troubles.save(connection, after)
        passed = pass_ballot(connection, site, delivery_id, failure, now)
        if passed is not None:
            tell.append(passed)
    return True


def _ask(connection: Connection, site: Site, address: str, now: datetime) -> None:
    """Ask the address for a sign of life; a bounce of this mail, by its own return path, is the answer no."""
    titles = [
        value.title
        for name in lists.of_address(connection, address)
        if (value := lists.load(connection, name)) is not None
    ]
    question = ConfirmationQuestion(
        "reachable",
        address,
        troubles.PROBE,
        about=address,
        detail={},
        by_mail=False,
        lasts=_LASTS,
        bounces="bounce",
    )
    days = site.bounce_limits.probe_wait.days
    ask_confirmation(connection, site, question, now, address=address, titles=tuple(titles), days=days)
