"""`mailbot members`: the register of bodies and their contacts."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, command, only_try, opened, outcome, root, write_out
from mailbot.core.refusal import Refusal
from mailbot.core.register import full_code
from mailbot.flows.import_members import import_members
from mailbot.flows.know_recipient import own_addresses
from mailbot.register_file import read_register, write_register
from mailbot.store import members


@root.group("members")
def _members() -> None:
    """The register of bodies and their contacts."""


@command(_members, "import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@JSON
def _members_import(path: Path, file: Path, dry_run: bool, as_json: bool) -> None:
    """Bring the register to what a CSV or .xlsx file says; bodies that it does not name stay."""
    with opened(path) as it:
        with it.database.read() as connection:
            register = read_register(file, own_addresses(connection, it.site))
        bodies = {row.body.code: row.body for row in register.rows}
        with it.database.write() as connection:
            change = import_members(connection, list(bodies.values()), [row.contact for row in register.rows])
            only_try(connection, dry_run)
    counts = {name: list(value) for name, value in vars(change).items()}
    if as_json:
        show.as_json({"dry_run": dry_run, "rows": len(register.rows), **counts})
        return
    if register.ignored:
        print(f"columns left aside: {', '.join(register.ignored)}")
    for name, entries in counts.items():
        print(f"{name.replace('_', ' ')}: {len(entries)}")
        if dry_run:
            for entry in entries[:20]:
                print(f"  {entry}")
            if len(entries) > 20:
                print(f"  ... and {len(entries) - 20} more")
    print(outcome(sum(map(len, counts.values())), dry_run))


@command(_members, "export")
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


@command(_members, "show")
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
    show.body(body, [person.contact for person in people], as_json=as_json)
