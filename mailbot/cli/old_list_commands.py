"""`mailbot lists import`: a list comes over from fml, Mailman or a spreadsheet."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, PATH, Open, command, only_try, opened
from mailbot.cli.list_commands import lists_group
from mailbot.core.lists.old_list import Aside, OldList, Role
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.flows.know_recipient import own_addresses
from mailbot.flows.members.take_over_list import take_over_list
from mailbot.folder.definition_yaml import to_document, write_yaml
from mailbot.formats.old_list_files import check_addresses, read_old_list
from mailbot.installation import clock

_FILE = PATH
_LONGEST = 60  # characters of a value that is left aside, on a screen


@command(lists_group, "import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=_FILE)
@click.option("--name", default="", help="The list's name here; default: the one it had.")
@click.option("--members", multiple=True, type=_FILE, help="A file of members: ADDRESS, or NAME <ADDRESS>.")
@click.option("--digest", multiple=True, type=_FILE, help="The same, of those who get digests.")
@click.option("--off", multiple=True, type=_FILE, help="The same, of those whose mail rests.")
@click.option("--moderators", multiple=True, type=_FILE, help="The same, of those who decide about posts.")
@click.option("--dry-run", is_flag=True, help="Show the definition and the members; change nothing.")
@JSON
def _lists_import(
    path: Path,
    paths: tuple[Path, ...],
    name: str,
    members: tuple[Path, ...],
    digest: tuple[Path, ...],
    off: tuple[Path, ...],
    moderators: tuple[Path, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take over a list of another program.

    PATH is an fml folder (config.ph or config.cf), what `config_list -o` of Mailman 2.1 wrote, JSON of Mailman 3
    (lists/NAME/config, and rosters beside it), or a table of addresses (CSV or .xlsx) for a new list.
    """
    people: list[tuple[Role, Path]] = [("member", file) for file in members]
    people += [("digest", file) for file in digest]
    people += [("off", file) for file in off]
    people += [("moderator", file) for file in moderators]
    read = read_old_list(paths, people, name=name)
    with opened(path) as it, it.database.write() as connection:
        own, site, its_own = own_addresses(connection, it.site), it.site, {read.value.name}

        def ours(address: str) -> bool:
            at_list = site.route(address, its_own)
            return own(address) or at_list is not None

        old = check_addresses(read, ours)
        take_over_list(connection, site, old, COMMAND_LINE, clock())
        only_try(connection, dry_run)
        if as_json:
            show.as_json(_as_json(it, old, dry_run=dry_run))
        else:
            _as_text(it, old, dry_run=dry_run)


def _as_json(it: Open, old: OldList, *, dry_run: bool) -> show.Row:
    return {
        "dry_run": dry_run,
        "program": old.program,
        "list": to_document(old.value, it.config.timezone),
        "moderated": old.moderated,
        "next_number": old.last_number + 1,
        "members": _member_rows(old),
        "left_aside": [{"name": one.name, "value": one.value, "why": one.why} for one in old.aside],
    }


def _as_text(it: Open, old: OldList, *, dry_run: bool) -> None:
    name = old.value.name
    if dry_run:
        print(f"# config/lists/{name}.yaml")
        print(write_yaml(old.value, it.config.timezone))
        rows = [{**row, "off": "off" if row["off"] else ""} for row in _member_rows(old)]
        show.table(rows, as_json=False, empty="no members")
        print()
    if old.aside:
        print("left aside:")
        empty = [one.name for one in old.aside if not one.why and one.value in _EMPTY]
        rows = [_aside_row(one) for one in old.aside if one.why or one.value not in _EMPTY]
        if rows:
            show.table(rows, as_json=False, empty="")
        if empty:
            print(f"and these, which were empty or off: {', '.join(empty)}")
        print()
    modes = Counter("off" if one.off else one.mode for one in old.members)
    counted = ", ".join(f"{mode} {count}" for mode, count in sorted(modes.items()))
    what = "would come" if dry_run else "is taken"
    print(
        f"{name} ({old.value.title}) {what} over from {old.program}: {len(old.members)} members"
        f"{f' ({counted})' if counted else ''}; the next post has the number {old.last_number + 1}"
    )
    if old.moderated:
        print(
            "each post waits for a moderator, as it did (moderated: yes); `mailbot held trust` lets an author pass"
        )
    if dry_run:
        print("nothing was changed (--dry-run)")
        return
    print(
        f"Next: `mailbot archive import {name}` brings its old posts, `mailbot export` writes "
        f"config/lists/{name}.yaml. There is no command that removes a list: to take it back, restore the backup "
        "that was made before"
    )


_EMPTY: tuple[object, ...] = ("", "0", 0, None, (), "no")


def _aside_row(one: Aside) -> show.Row:
    value = ", ".join(one.value) if isinstance(one.value, tuple) else str(one.value)
    value = " ".join(value.split())
    shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
    return {"name": one.name, "value": shown, "why": one.why or "no counterpart"}


def _member_rows(old: OldList) -> list[show.Row]:
    return [
        {
            "address": one.address,
            "name": one.name,
            "mode": one.mode,
            "off": one.off,
            "posting": one.posting or "",
        }
        for one in old.members
    ]
