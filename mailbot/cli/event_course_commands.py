"""`mailbot events announce|cancel|withdraw|attendance|attended`: the course of an event, and who comes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.event_commands import events_group
from mailbot.cli.frame import PATH, command, opened, write_out
from mailbot.cli.withdraw_frame import withdrawn_deed
from mailbot.core.mail.header import clean
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.events.enter_attendance import enter_attendance
from mailbot.flows.events.list_attendees import list_attendees
from mailbot.flows.withdraw_definition import withdraw_event
from mailbot.formats.attendance_files import attendance_csv, attendance_xlsx, badge_page
from mailbot.formats.report_files import encoded
from mailbot.resources import templates_folder
from mailbot.show import show_events
from mailbot.store.keys import meant
from mailbot.store.surveys import ballots

_FIRST = 5  # bodies that a notice goes to first, named


@acting(events_group, "announce")
@click.argument("key")
@click.option("--again", is_flag=True, help="Also when it was announced before.")
def _events_announce(act: Acting, key: str, again: bool) -> Deed:
    """Send the event's notice now, to all who are asked."""
    noticed = announce_event(act.connection, act.it.site, key, 0, act.now, again=again)
    first = [ballot.greeting for ballot in ballots.of_subject(act.connection, key)[:_FIRST]]
    facts = {"key": key, "state": "announced", "noticed": noticed, "first": first}
    if act.dry_run:
        return Deed(f"event {key}: {noticed} notices would be sent, first to {', '.join(first)}", facts)
    return Deed(f"event {key} is announced; {noticed} notices are in the outbox", facts)


@acting(events_group, "cancel")
@click.argument("key")
@click.option("--reason", default="", help="Why, in one line; it stands in the mail.")
def _events_cancel(act: Acting, key: str, reason: str) -> Deed:
    """Say that an event is not held, and tell everybody who was asked."""
    told = cancel_event(act.connection, act.it.site, key, clean(reason).strip(), act.now)
    facts = {"key": key, "state": "cancelled", "told": told}
    if act.dry_run:
        return Deed(f"event {key} would be cancelled; {told} would be told", facts)
    return Deed(f"event {key} is cancelled; {told} mails that say so are in the outbox", facts)


@acting(events_group, "withdraw")
@click.argument("key")
def _events_withdraw(act: Acting, key: str) -> Deed:
    """Take back an event that nobody was told of, as though it had never been applied."""
    return withdrawn_deed(act, "event", key, withdraw_event(act.connection, key, act.now))


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
            key = meant(connection, key, "event")
            rows = show_events.attendance_rows(list_attendees(connection, key)[1])
        show.table(rows, as_json=form == "json", empty="nobody has answered")
        return
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "event")
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


@acting(events_group, "attended")
@click.argument("key")
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
def _events_attended(act: Acting, key: str, words: tuple[str, ...]) -> Deed:
    """Enter who was there: all (全員), then single bodies: 202011 as registered, 202011=1, 202029=0."""
    said = enter_attendance(act.connection, act.it.site, key, words, act.now)
    bodies, people = sum(number > 0 for number in said.values()), sum(said.values())
    return Deed(
        f"event {key}: {people} people of {bodies} bodies {act.are} entered",
        {"key": key, "bodies": bodies, "people": people, "entered": said},
    )
