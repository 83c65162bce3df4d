"""`mailbot members`: whom a selector means, and the roll-call 名簿確認 that asks every body."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.frame import JSON, command, only_try, opened
from mailbot.cli.member_commands import members_group
from mailbot.core.mail.address import address_key
from mailbot.core.members.audience import Selector
from mailbot.core.members.roll_call import RollCall
from mailbot.flows.members.call_roll import plan_roll_call
from mailbot.flows.surveys.open_survey import first_of_each_body
from mailbot.folder.selector_files import read_selector
from mailbot.folder.written_values import moment
from mailbot.installation import clock
from mailbot.show import show_register
from mailbot.store.members import members, roll_calls
from mailbot.store.runs import occurrences

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


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
