"""Seal the votes of a secret survey at its close: copied without body, time or order (ballot.md section 15)."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import counted_rows
from mailbot.core.surveys.seal import SECRET_BYTES, line_of, voter_key
from mailbot.store.surveys import ballots, ledgers, sealed, surveys


def make_seal_key() -> bytes:
    """Return a new secret of one survey, from which each voter's key is made."""
    return secrets.token_bytes(SECRET_BYTES)


def seal_votes(connection: Connection, key: str) -> None:
    """Copy the counted votes into the published list and empty the ledger of what they say.

    Runs in the transaction of the close. Raises Refusal when the ledger is not whole: what it hides could never be
    looked at again.
    """
    stored = surveys.load(connection, key)
    assert stored is not None, "it is being closed"
    if stored.seal_key is None:
        raise Refusal(f"survey {key} has no secret to seal its votes with; was it opened as a sealed survey?")
    if (broken := ledgers.broken_link(connection, key)) is not None:
        raise Refusal(
            f"survey {key} cannot be sealed: its ledger is broken at row {broken}; "
            f"look at `mailbot surveys recount {key}` first"
        )
    references = {one.id: one.reference for one in ballots.of_subject(connection, key)}
    rows = counted_rows(ledgers.rows(connection, key), stored.survey.unit)
    votes = [
        (line_of(voter_key(stored.seal_key, row.ballot_id), references[row.ballot_id]), row.answers)
        for row in rows
    ]
    sealed.publish_lines(connection, key, votes)
    sealed.empty_rows(connection, key)
