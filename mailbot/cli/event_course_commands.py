"""`mailbot events announce|cancel|attendance|attended`: the course of an event, and who comes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from mailbot import show
from mailbot.cli.event_commands import events_group
from mailbot.cli.frame import PATH, command, only_try, opened, write_out
from mailbot.core.mail.header import clean
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.events.enter_attendance import enter_attendance
from mailbot.flows.events.list_attendees import list_attendees
from mailbot.formats.attendance_files import attendance_csv, attendance_xlsx, badge_page
from mailbot.formats.report_files import encoded
from mailbot.installation import clock
from mailbot.resources import templates_folder
from mailbot.show import show_events
from mailbot.store import ballots


@command(events_group, "announce")
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


@command(events_group, "cancel")
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


@command(events_group, "attendance")
@click.argument("key")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "xlsx", "badges"]),
    default="text",
    show_default=True,
    help="A table on the screen, or a file.",
)
@click.option("--out", "target", type=PATH, help="The file to write.")
@click.option("--encoding", type=click.Choice(["utf-8", "cp932"]), default="utf-8", help="Of CSV.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def _events_attendance(
    path: Path, key: str, form: str, target: Path | None, encoding: Literal["utf-8", "cp932"], as_json: bool
) -> None:
    """Show who comes: a table, a list for the reception (csv, xlsx), or name badges as a page to print."""
    form = "json" if as_json else form
    if form in {"text", "json"}:
        if target is not None:
            raise click.UsageError(f"{form} goes to the screen; --out needs another --format")
        with opened(path) as it, it.database.read() as connection:
            rows = show_events.attendance_rows(list_attendees(connection, key)[1])
        show.table(rows, as_json=form == "json", empty="nobody has answered")
        return
    with opened(path) as it, it.database.read() as connection:
        event, attendees = list_attendees(connection, key)
    match form:
        case "csv":
            content, missing = encoded(attendance_csv(attendees), encoding)
            write_out(content, target)
            if missing:
                print(f"{missing} characters that CP932 does not have are written as 〓", file=sys.stderr)
        case "xlsx":
            write_out(attendance_xlsx(event, attendees), target)
        case "badges":
            write_out(badge_page(templates_folder(), event, attendees).encode(), target)


@command(events_group, "attended")
@click.argument("key")
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
def _events_attended(path: Path, key: str, words: tuple[str, ...], dry_run: bool) -> None:
    """Enter who was there: all (全員), then single bodies: 202011 as registered, 202011=1, 202029=0."""
    with opened(path) as it, it.database.write() as connection:
        said = enter_attendance(connection, it.site, key, words, clock())
        only_try(connection, dry_run)
    bodies, people = sum(number > 0 for number in said.values()), sum(said.values())
    print(f"event {key}: {people} people of {bodies} bodies {'would be' if dry_run else 'are'} entered")
