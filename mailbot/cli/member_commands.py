"""`mailbot members`: the register of bodies and their contacts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, NUMBER, PATH, command, only_try, opened, outcome, write_out
from mailbot.cli.root import CONFIG, CommandGroup, root
from mailbot.core.mail.header import clean
from mailbot.core.mail.written_date import read_written
from mailbot.core.members.member_figures import Grouping, member_figures
from mailbot.core.members.register import Body, full_code
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.flows.know_recipient import own_addresses
from mailbot.flows.members.import_members import Imported, Incoming, import_members
from mailbot.flows.members.retire_body import retire_body
from mailbot.flows.members.undo_import import undo_import
from mailbot.formats.register_file import read_register, write_register
from mailbot.installation import clock
from mailbot.show import show_register
from mailbot.store.members import imports, members


@root.group(
    "members",
    cls=CommandGroup,
    files={"address": "address_commands", **dict.fromkeys(("rollcall", "select"), "audience_commands")},
)
@CONFIG
def members_group() -> None:
    """The register of bodies and their contacts."""


@command(members_group, "import")
@click.argument("file", type=PATH)
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Also when it takes many contacts away.")
@JSON
def _members_import(path: Path, file: Path, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Bring the register to what a CSV or .xlsx file says; bodies that it does not name stay."""
    with opened(path) as it:
        with it.database.read() as connection:
            register = read_register(file, own_addresses(connection, it.site))
        incoming = Incoming(
            list({row.body.code: row.body for row in register.rows}.values()),
            [row.contact for row in register.rows],
            source=file.name,
            sha256=register.sha256,
            by=COMMAND_LINE,
            columns=register.columns,
        )
        with it.database.write() as connection:
            imported = import_members(connection, it.site, incoming, clock(), sure=yes or dry_run)
            names = members.bodies(connection, show_register.codes_shown(imported.changes))
            only_try(connection, dry_run)
    if register.ignored and not as_json:
        print(f"columns left aside: {clean(', '.join(register.ignored))}")
    show_imported(imported, names, {"rows": len(register.rows)}, dry_run=dry_run, as_json=as_json)


@command(members_group, "undo")
@click.argument("number", metavar="[IMPORT]", type=NUMBER, required=False)
@click.option("--keep-later", is_flag=True, help="Leave rows as they are that have changed again since.")
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@JSON
def _members_undo(path: Path, number: int | None, keep_later: bool, dry_run: bool, as_json: bool) -> None:
    """Take an import back, the newest when none is named; what changed again since is not overwritten."""
    with opened(path) as it, it.database.write() as connection:
        names = members.bodies(connection)
        undone = undo_import(connection, it.site, number, COMMAND_LINE, clock(), keep_later=keep_later)
        only_try(connection, dry_run)
    show_imported(undone, names, {}, dry_run=dry_run, as_json=as_json)


def show_imported(
    imported: Imported, names: Mapping[str, Body], more: show.Row, *, dry_run: bool, as_json: bool
) -> None:
    """Print what changed in the register, and under which number it can be taken back."""
    changes, number = imported.changes, None if dry_run else imported.number
    if as_json:
        detail = {"import": number, "changes": show_register.changes_json(changes)}
        show.as_json({"dry_run": dry_run, **more, **show_register.changes_by_kind(changes), **detail})
        return
    show_register.changes_text(changes, names)
    print(outcome(len(changes), dry_run))
    if number is not None:
        print(f"this is import {number}; `mailbot members undo {number}` takes it back")


@command(members_group, "imports")
@JSON
def _members_imports(path: Path, as_json: bool) -> None:
    """Show the imports, newest first: when, by whom, from what, and what each changed."""
    with opened(path) as it, it.database.read() as connection:
        every, counts = imports.every(connection), imports.counts(connection)
        rows = show_register.import_rows(every, counts, it.config.timezone)
    show.table(rows, as_json=as_json, empty="nothing was imported yet")


@command(members_group, "figures")
@click.option(
    "--by",
    "grouping",
    type=click.Choice(["kind", "prefecture"]),
    default="kind",
    show_default=True,
    help="What the rows are.",
)
@click.option("--date", "day", metavar="DATE", help="The day, such as 2027-04-01; default today.")
@JSON
def _members_figures(path: Path, grouping: Grouping, day: str | None, as_json: bool) -> None:
    """Show how many members there are 会員状況, or were on a day, by kind or prefecture; partner bodies apart."""
    with opened(path) as it, it.database.read() as connection:
        on = _day(day) if day else clock().astimezone(it.config.timezone).date()
        groups = member_figures(members.bodies(connection).values(), grouping, on)
    show.table(show_register.figure_rows(groups, grouping), as_json=as_json, empty="")


@command(members_group, "leave")
@click.argument("code")
@click.option("--date", "day", required=True, metavar="DATE", help="The first day on which it is no member.")
@click.option("--into", metavar="CODE", help="The body that it is merged into.")
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@JSON
def _members_leave(path: Path, code: str, day: str, into: str | None, dry_run: bool, as_json: bool) -> None:
    """Write down when a body leaves, or is merged into another; from that day it is in no audience."""
    with opened(path) as it, it.database.write() as connection:
        successor = full_code(into) if into else ""
        names = members.bodies(connection)
        retired = retire_body(
            connection, it.site, full_code(code), _day(day), successor, COMMAND_LINE, clock()
        )
        only_try(connection, dry_run)
    show_imported(retired, names, {}, dry_run=dry_run, as_json=as_json)


def _day(text: str) -> date:
    try:
        written = read_written(text)
    except ValueError as error:
        raise Refusal(str(error)) from None
    if written is None or written.time is not None:
        raise Refusal(f"{text!r} is not a date; write YYYY-MM-DD, such as 2027-04-01")
    return written.day


@command(members_group, "export")
@click.option("--to", "target", type=PATH, help="The file to write; default standard output.")
@JSON
def _members_export(path: Path, target: Path | None, as_json: bool) -> None:
    """Write the register as CSV, as `members import` reads it."""
    with opened(path) as it, it.database.read() as connection:
        people = members.people(connection)
        if as_json:
            text = json.dumps(show_register.export_rows(people), ensure_ascii=False, indent=2) + "\n"
        else:
            text = write_register((person.body, person.contact) for person in people)
    if target is None:
        sys.stdout.write(text)
    else:
        write_out(text.encode(), target)


@command(members_group, "show")
@click.argument("code")
@JSON
def _members_show(path: Path, code: str, as_json: bool) -> None:
    """Show one body and its contacts."""
    wanted = full_code(code)
    with opened(path) as it, it.database.read() as connection:
        body = members.bodies(connection, [wanted]).get(wanted)
        people = members.people_of(connection, wanted)
    if body is None:
        raise Refusal(
            f"members: no body has the code {wanted}; `mailbot members export` lists those there are"
        )
    show_register.body(body, [person.contact for person in people], as_json=as_json)
