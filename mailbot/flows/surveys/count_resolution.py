"""Count a resolution: load its electorate, votes and proxies, and decide what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import IN_TALLY, Standing, standings
from mailbot.core.surveys.resolution import Proxy, ResolutionOutcome, outcome
from mailbot.core.surveys.survey import Answers
from mailbot.store.members import bounces
from mailbot.store.surveys import ballots, ledgers, proxies, sealed, surveys
from mailbot.store.surveys.surveys import StoredSurvey


@dataclass(frozen=True)
class Counted:
    """A resolution with its outcome, and what of it stands aside."""

    stored: StoredSurvey
    outcome: ResolutionOutcome
    proxies: tuple[Proxy, ...]  # those that stood when it was counted
    held: int  # bodies with a reply that waits for a person and counts for nothing
    late: int  # bodies whose only reply came after the close
    remarks: Mapping[str, Mapping[str, str]]  # by body: what its author wrote beside the vote that counts


def count_resolution(connection: Connection, key: str, without: Collection[int] = ()) -> Counted:
    """Return what a resolution comes to as it stands now, but for these mails that a person admitted. Raises Refusal when it is none."""
    stored = surveys.require(connection, key)
    if stored.survey.resolution is None:
        raise Refusal(f"survey {key} is no resolution; `mailbot surveys results {key}` shows its tally")
    electorate = [ballot.code for ballot in ballots.of_subject(connection, key)]
    ledger = ledgers.rows(connection, key)
    stands = standings(row for row in ledger if not (row.by and row.inbox_id in without))
    voted = {code: one for code, one in stands.items() if one.row.status in IN_TALLY}
    given = tuple(proxies.standing(connection, key))
    replied = frozenset(stands) | bounces.undeliverable(connection, key)
    found = outcome(
        stored.survey,
        electorate,
        _votes(connection, stored, voted),
        given,
        voted_at=_voted_at(voted),
        replied=replied,
    )
    return Counted(
        stored,
        found,
        tuple(proxy for proxy in given if proxy.code not in voted),
        held=sum(one.held or one.row.status == "held" for one in stands.values()),
        late=sum(one.row.status == "late" for one in stands.values()),
        remarks={code: one.row.remarks for code, one in voted.items() if one.row.remarks},
    )


def _votes(connection: Connection, stored: StoredSurvey, voted: Mapping[str, Standing]) -> dict[str, Answers]:
    """Return the votes by body; after the close of a sealed one, in an order that says nothing.

    Which body cast which sealed vote is destroyed: each voter stands for some vote of the published list, and only
    the counts leave this file.
    """
    if stored.survey.mode == "sealed" and stored.state == "closed":
        return dict(zip(sorted(voted), sealed.answers(connection, stored.survey.key), strict=True))
    return {code: one.row.answers for code, one in voted.items()}


def _voted_at(voted: Mapping[str, Standing]) -> dict[str, datetime]:
    return {code: one.row.received_at for code, one in voted.items()}
