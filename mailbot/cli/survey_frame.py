"""What the commands about a survey share: its definition, and to whom something of it went."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mailbot import show
from mailbot.core.refusal import Refusal
from mailbot.core.survey import Survey
from mailbot.folder.config import Config
from mailbot.folder.definitions import load_definitions
from mailbot.store import surveys
from mailbot.store.ballots import Ballot


def defined(config: Config, key: str) -> Survey:
    """Return the survey as its file defines it, applied or not."""
    found = [survey for survey in load_definitions(config).surveys if survey.key == key]
    if not found:
        raise Refusal(
            f"survey {key}: neither applied nor in config/surveys/; `mailbot surveys list` shows them"
        )
    return found[0]


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
