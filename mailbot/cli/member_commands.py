"""`mailbot members`: the register of bodies and their contacts."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from mailbot import show, show_register
from mailbot.cli.frame import JSON, command, only_try, opened, outcome, write_out
from mailbot.cli.root import Group, root
from mailbot.core.address import address_key
from mailbot.core.audience import Selector
from mailbot.core.member_figures import Grouping, member_figures
from mailbot.core.refusal import Refusal
from mailbot.core.register import Body, full_code
from mailbot.core.roll_call import RollCall
from mailbot.core.two_persons import COMMAND_LINE
from mailbot.definition_files import moment, read_selector
from mailbot.flows.know_recipient import own_addresses
from mailbot.flows.members.call_roll import plan_roll_call
from mailbot.flows.members.import_members import Imported, Incoming, import_members
from mailbot.flows.members.retire_body import retire_body
from mailbot.flows.members.undo_import import undo_import
from mailbot.flows.surveys.open_survey import first_of_each_body
from mailbot.installation import clock
from mailbot.register_file import read_register, write_register
from mailbot.store import imports, members, occurrences, roll_calls

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@root.group("members", cls=Group, files={"address": "address_commands"})
def members_group() -> None:
    """The register of bodies and their contacts."""


@command(members_group, "import")
@click.argument("file", type=click.Path(path_type=Path))
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
        print(f"columns left aside: {', '.join(register.ignored)}")
    show_imported(imported, names, {"rows": len(register.rows)}, dry_run=dry_run, as_json=as_json)


@command(members_group, "undo")
@click.argument("number", metavar="[IMPORT]", type=int, required=False)
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
    "--by", "grouping", type=click.Choice(["kind", "prefecture"]), default="kind", show_default=True
)
@click.option("--date", "day", metavar="DATE", help="The day, such as 2027-04-01; default today.")
@JSON
def _members_figures(path: Path, grouping: Grouping, day: str | None, as_json: bool) -> None:
    """Show how many members there are 会員状況, or were on a day, by kind or prefecture; partner bodies apart."""
    with opened(path) as it, it.database.read() as connection:
        on = _day(day) if day else clock().astimezone(it.config.timezone).date()
        groups = member_figures(members.bodies(connection).values(), grouping, on)
    show.table(show_register.figure_rows(groups, grouping), as_json=as_json, empty="")


@command(members_group, "select")
@click.argument("selector")
@click.option("--first", type=click.IntRange(0), default=20, show_default=True, help="How many to show.")
@JSON
def _members_select(path: Path, selector: str, first: int, as_json: bool) -> None:
    """Show whom a selector means, as definitions have it: all, or '{kind: city, except: {tags: officer}}'."""
    wanted = read_selector(selector, "SELECTOR")
    with opened(path) as it, it.database.read() as connection:
        people = members.selected(connection, wanted)
    shown = show_register.audience(people)
    rows = show_register.person_rows(people)
    if as_json:
        show.as_json({name: shown[name] for name in ("bodies", "people", "kinds")} | {"contacts": rows})
        return
    show.table(rows[:first], as_json=False, empty="nobody")
    if len(rows) > first:
        print(f"... and {len(rows) - first} more; --first or --json shows them")
    print(show_register.audience_text({**shown, "first": []}))


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
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{text!r} is not a date; write YYYY-MM-DD, such as 2027-04-01") from None


@command(members_group, "export")
@click.option(
    "--to", "target", type=click.Path(path_type=Path), help="The file to write; default standard output."
)
def _members_export(path: Path, target: Path | None) -> None:
    """Write the register as CSV, as `members import` reads it."""
    with opened(path) as it, it.database.read() as connection:
        text = write_register((person.body, person.contact) for person in members.people(connection))
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
        body = members.bodies(connection).get(wanted)
        people = members.people(connection, [wanted])
    if body is None:
        raise Refusal(
            f"members: no body has the code {wanted}; `mailbot members export` lists those there are"
        )
    show_register.body(body, [person.contact for person in people], as_json=as_json)


@command(members_group, "rollcall")
@click.option("--opens", metavar="TIME", help="When everybody is asked; default now.")
@click.option("--closes", metavar="TIME", help="Until when answers count; plans a roll-call.")
@click.option("--dry-run", is_flag=True, help="Print when it would be sent and to whom, and plan nothing.")
@JSON
def _members_rollcall(
    path: Path, opens: str | None, closes: str | None, dry_run: bool, as_json: bool
) -> None:
    """Ask every body whether the register is right 名簿確認, from --opens to --closes; without them, show the answers."""
    if opens and not closes:
        raise click.UsageError("say until when answers count: --closes '2027-04-23 17:00'")
    with opened(path) as it:
        zone = it.config.timezone
        if closes is None:
            with it.database.read() as connection:
                call = roll_calls.newest(connection)
                rows = [] if call is None else _roll_rows(connection, call, zone)
            if call is not None and not as_json:
                print(f"roll-call {call.key}, until {show.local(call.closes, zone)}")
                print(
                    ", ".join(
                        f"{answer} {count}"
                        for answer, count in Counter(row["answer"] for row in rows).items()
                    )
                )
            show.table(
                rows, as_json=as_json, empty="no body was asked yet; --opens and --closes plan a roll-call"
            )
            return
        now = clock()
        with it.database.write() as connection:
            call = plan_roll_call(
                connection, it.site, moment(opens, zone) if opens else now, moment(closes, zone), now
            )
            people = first_of_each_body(members.selected(connection, Selector(everyone=True)))
            planned = [
                one for one in occurrences.between(connection, _EVER, call.closes) if call.key in one.job
            ]
            only_try(connection, dry_run)
    shown = show_register.audience(people)
    runs = [{"at": show.local(one.due_at, zone), "job": one.job} for one in planned]
    if as_json:
        show.as_json({"dry_run": dry_run, "key": call.key, **shown, "runs": runs})
        return
    show.table(runs, as_json=False, empty="")
    print(f"to the first of {show_register.audience_text(shown)}")
    print(f"roll-call {call.key} {'would be' if dry_run else 'is'} planned")


def _roll_rows(connection: Connection, call: RollCall, zone: ZoneInfo) -> list[show.Row]:
    """Return one row for each body that was asked: confirmed, changed, named (not confirmed yet), other, bounced, silent."""
    away = roll_calls.unreached(connection, call.opens)
    names = members.bodies(connection)
    primary: dict[str, str] = {}
    for person in members.people(connection):
        primary.setdefault(person.body.code, person.contact.email)
    rows: list[show.Row] = []
    for entry in roll_calls.entries(connection, call.key):
        moved = address_key(primary.get(entry.code, "")) != address_key(entry.address)
        answer: str = "changed" if moved else entry.answer
        if not answer:
            answer = "bounced" if address_key(entry.address) in away else "silent"
        body = names.get(entry.code)
        rows.append(
            {
                "code": entry.code,
                "body": body.name if body else "",
                "address": entry.address,
                "answer": answer,
                "at": show.local(entry.at, zone) if entry.at else None,
            }
        )
    return rows
