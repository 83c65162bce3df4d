"""`mailbot events`: seminars and meetings, answered by reply mail."""

from __future__ import annotations

from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, command, only_try, opened, root
from mailbot.core.header import clean
from mailbot.flows.announce_event import announce_event
from mailbot.flows.cancel_event import cancel_event
from mailbot.service import clock
from mailbot.store import ballots


@root.group("events")
def _events() -> None:
    """Seminars and meetings, answered by reply mail."""


@command(_events, "list")
@JSON
def _events_list(path: Path, as_json: bool) -> None:
    """Show the events."""
    with opened(path) as it, it.database.read() as connection:
        rows = show.event_rows(connection)
    show.table(rows, as_json=as_json, empty="no events; define one in config/events/ and run `mailbot apply`")


@command(_events, "show")
@click.argument("key")
@JSON
def _events_show(path: Path, key: str, as_json: bool) -> None:
    """Show where an event stands."""
    with opened(path) as it, it.database.read() as connection:
        shown = show.event(connection, key)
    show.event_text(shown) if not as_json else show.as_json(shown)


@command(_events, "announce")
@click.argument("key")
@click.option("--again", is_flag=True, help="Also when it was announced before.")
@click.option("--dry-run", is_flag=True, help="Only say to how many it would go, and to whom first.")
def _events_announce(path: Path, key: str, again: bool, dry_run: bool) -> None:
    """Send the event's notice now, to all who are asked."""
    with opened(path) as it, it.database.write() as connection:
        noticed = announce_event(connection, it.site, key, 0, clock(), again=again)
        first = [ballot.greeting for ballot in ballots.of_subject(connection, key)[:5]]
        only_try(connection, dry_run)
    if dry_run:
        print(f"event {key}: {noticed} notices would be sent, first to {', '.join(first)}")
        return
    print(f"event {key} is announced; {noticed} notices are in the outbox")


@command(_events, "cancel")
@click.argument("key")
@click.option("--reason", default="", help="Why, in one line; it stands in the mail.")
@click.option("--dry-run", is_flag=True, help="Only say how many would be told.")
def _events_cancel(path: Path, key: str, reason: str, dry_run: bool) -> None:
    """Say that an event is not held, and tell everybody who was asked."""
    with opened(path) as it, it.database.write() as connection:
        told = cancel_event(connection, it.site, key, clean(reason).strip(), clock())
        only_try(connection, dry_run)
    if dry_run:
        print(f"event {key} would be cancelled; {told} would be told (--dry-run)")
        return
    print(f"event {key} is cancelled; {told} mails that say so are in the outbox")


@command(_events, "attendance")
@click.argument("key")
@JSON
def _events_attendance(path: Path, key: str, as_json: bool) -> None:
    """Show who comes."""
    with opened(path) as it, it.database.read() as connection:
        rows = show.attendance_rows(connection, key)
    show.table(rows, as_json=as_json, empty="nobody has answered")
