"""What the commands about a survey share: whether it is there, and to whom something of it went."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mailbot import show
from mailbot.core.refusal import Refusal
from mailbot.store import surveys
from mailbot.store.ballots import Ballot


def must_exist(connection: Connection, key: str) -> None:
    """Raise Refusal when no survey with this key was applied."""
    if surveys.load(connection, key) is None:
        raise Refusal(f"survey {key}: there is none with this key; `mailbot surveys list` shows them")


def show_sent(sent: Sequence[Ballot], what: str, *, dry_run: bool, as_json: bool) -> None:
    """Show to whom mails of a kind went, or would go."""
    rows = [
        {"code": ballot.code, "to": ballot.greeting, "address": ballot.address, "columns": ballot.columns}
        for ballot in sent
    ]
    if as_json:
        show.as_json({"dry_run": dry_run, "sent": rows})
        return
    show.table(rows, as_json=False, empty="nobody")
    print(f"{what} {'would go' if dry_run else 'are in the outbox'}: {len(rows)}")
