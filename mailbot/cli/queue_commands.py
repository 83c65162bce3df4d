"""`mailbot queue`: where received mails and our copies stand, and what became of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.frame import JSON, command, opened
from mailbot.cli.root import root
from mailbot.core.mail.address import split_address
from mailbot.installation import clock
from mailbot.show import Row, show_queue


@command(root, "queue")
@click.option(
    "--why",
    "mail",
    metavar="ID",
    help="The history of a received mail (12), of one of our copies (C12), of a mail by its Message-ID ('<...@...>'), or the"
    " newest copies of an ADDRESS.",
)
@JSON
def _queue(path: Path, mail: str | None, as_json: bool) -> None:
    """Show the inbox and the outbox by state, or the history of one mail, or the copies of one address."""
    story, text = _asked(mail)
    with opened(path) as it, it.database.read() as connection:
        shown = story(connection, it.config.timezone)
    if as_json:
        show.as_json(shown)
    else:
        text(shown)


def _asked(mail: str | None) -> tuple[Callable[[Connection, ZoneInfo], Row], Callable[[Row], None]]:
    """Return the function that finds out what is asked for, and the one that prints it."""
    if mail is None:
        return lambda connection, _: show_queue.queue(connection, clock()), show_queue.queue_text
    asked = mail.strip()
    if found := re.fullmatch(r"(?:U-?|(c))?([0-9]{1,18})", asked, re.IGNORECASE):
        story, number = show_queue.why_copy if found[1] else show_queue.why, int(found[2])
        return lambda connection, zone: story(connection, number, zone), show_queue.why_text
    if found := re.fullmatch(r"(?:message-id:\s*)?(<[^<>\s]+>)", asked, re.IGNORECASE):
        message_id = found[1]
        return (
            lambda connection, zone: show_queue.why_message_id(connection, message_id, zone),
            show_queue.why_message_id_text,
        )
    if split_address(asked) and not re.search(r"[\s<>]", asked):
        return lambda connection, zone: show_queue.why_address(
            connection, asked, zone
        ), show_queue.why_address_text
    raise click.UsageError(
        f"--why: {mail!r} is no number such as 12, C12 for a copy of ours, no address and no Message-ID such as <a@b>"
    )
