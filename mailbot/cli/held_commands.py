"""`mailbot held`: mail that waits for a decision."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.frame import JSON, command, opened, request, root
from mailbot.flows.record_for_body import ballot_of_mail
from mailbot.flows.settle_held import settle_held
from mailbot.service import clock
from mailbot.site import Site
from mailbot.store import inbox, surveys


@root.group("held")
def _held() -> None:
    """Mails that wait for a person's decision."""


@command(_held, "list")
@JSON
def _held_list(path: Path, as_json: bool) -> None:
    """Show what waits."""
    with opened(path) as it, it.database.read() as connection:
        rows = show.held_rows(connection, it.config.timezone)
    show.table(rows, as_json=as_json, empty="nothing is held")


def _held_command(decision: str, help_text: str) -> None:
    @command(_held, decision)
    @click.argument("number", type=int)
    @click.option(
        "--reason", default="", help="A sentence for the history, and for the sender of a rejected mail."
    )
    def settle(path: Path, number: int, reason: str) -> None:
        with opened(path) as it, it.database.write() as connection:
            key = _resolution_of(connection, it.site, number) if decision == "accept" else None
            if key is None:
                print(settle_held(connection, it.site, number, decision, reason, clock()))
            elif request(connection, it, key, "admit", number=str(number)) is not None:
                print(f"mail {number}: admitted to {key}")

    settle.help = help_text


def _resolution_of(connection: Connection, site: Site, number: int) -> str | None:
    """Return the resolution that a held mail votes on: to admit a vote there needs two persons."""
    received = inbox.load(connection, number)
    ballot = None if received is None else ballot_of_mail(connection, site, received)
    stored = None if ballot is None else surveys.load(connection, ballot.subject)
    return stored.survey.key if stored is not None and stored.survey.resolution is not None else None


_held_command("accept", "Let a held post go out, or a held answer count.")
_held_command("reject", "Refuse a held mail and tell its author, or the body's registered address, why.")
_held_command("discard", "Put a held mail aside without a word to its sender.")
