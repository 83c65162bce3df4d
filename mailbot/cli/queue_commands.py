"""`mailbot queue`: where received mails and our copies stand, and what became of one."""

from __future__ import annotations

import re
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, command, opened
from mailbot.cli.root import root
from mailbot.installation import clock
from mailbot.show import show_queue


@command(root, "queue")
@click.option(
    "--why", "mail", metavar="ID", help="The history of a received mail (12), or of one of our copies (C12)."
)
@JSON
def _queue(path: Path, mail: str | None, as_json: bool) -> None:
    """Show the inbox and the outbox by state, or the history of one mail."""
    found = re.fullmatch(r"(?:U-?|(c))?([0-9]{1,18})", mail or "0", re.IGNORECASE)
    if found is None:
        raise click.UsageError(f"--why: {mail!r} is no number such as 12, or C12 for a copy of ours")
    with opened(path) as it, it.database.read() as connection:
        if mail is None:
            shown = show_queue.queue(connection, clock())
        else:
            story = show_queue.why_copy if found[1] else show_queue.why
            shown = story(connection, int(found[2]), it.config.timezone)
    if as_json:
        show.as_json(shown)
    elif mail is None:
        show_queue.queue_text(shown)
    else:
        show_queue.why_text(shown)
