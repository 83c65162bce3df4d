"""`mailbot held`: mail that waits for a decision."""

from __future__ import annotations

from pathlib import Path

from mailbot import show
from mailbot.cli.frame import JSON, command, opened
from mailbot.cli.root import CONFIG, CommandGroup, root
from mailbot.show import show_queue
from mailbot.store.lists import held_posts
from mailbot.store.mail import inbox


@root.group(
    "held",
    cls=CommandGroup,
    files=dict.fromkeys(("accept", "discard", "reject", "trust"), "decision_commands"),
)
@CONFIG
def held_group() -> None:
    """Mails that wait for a person's decision."""


@command(held_group, "list")
@JSON
def _held_list(path: Path, as_json: bool) -> None:
    """Show what waits."""
    with opened(path) as it, it.database.read() as connection:
        waiting = held_posts.every(connection)
        rows = show_queue.held_rows(inbox.held(connection), waiting, it.config.timezone)
    show.table(rows, as_json=as_json, empty="nothing is held")
