"""`mailbot export-person` and `mailbot erase`: what is kept about one person, handed out or taken out (開示・消去)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, PATH, command, only_try, opened
from mailbot.cli.root import root
from mailbot.core.refusal import Refusal
from mailbot.flows.members.erase_person import Erased, erase_person
from mailbot.flows.members.export_person import PersonFile, export_person
from mailbot.folder.config_file import address as checked_address
from mailbot.installation import clock


@command(root, "export-person")
@click.argument("address")
@click.option("--out", "target", type=PATH, help="A new folder for the files.")
@JSON
def _export_person(path: Path, address: str, target: Path | None, as_json: bool) -> None:
    """Write everything that is kept about an address into a new folder; without --out only list it."""
    email = checked_address(address)
    with opened(path) as it, it.database.read() as connection:
        files = export_person(connection, email, clock())
    if not files:
        raise Refusal(f"{email}: nothing is kept about this address")
    if target is not None:
        _write(files, target)
    if as_json:
        show.as_json(
            {
                "address": email,
                "folder": None if target is None else str(target),
                "files": [
                    {"name": file.name, "bytes": len(file.content), "about": file.about} for file in files
                ],
            }
        )
        return
    for file in files:
        print(f"{file.name}: {file.about}")
    print(f"{len(files)} files {'would be written; add --out FOLDER' if target is None else f'in {target}'}")


def _write(files: tuple[PersonFile, ...], target: Path) -> None:
    """Write into a folder that only its owner can enter."""
    try:
        target.mkdir(mode=0o700)
        for file in files:
            written = target / file.name
            written.parent.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(
                os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as opened_file:
                opened_file.write(file.content)
    except FileExistsError:
        raise Refusal(f"{target} exists already; name a folder that does not") from None
    except OSError as error:
        raise Refusal(f"{target}: cannot be written: {error.strerror}") from None


@command(root, "erase")
@click.argument("address")
@click.option("--dry-run", is_flag=True, help="Say what would be taken out, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
def _erase(path: Path, address: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Take a person out of everything that is kept; it cannot be undone."""
    email = checked_address(address)
    if not (dry_run or yes):
        if not sys.stdin.isatty():
            raise Refusal(f"{email} would be erased for good; add --yes, or --dry-run to see what that means")
        click.confirm(f"Erase {email} for good?", abort=True)
    with opened(path) as it, it.database.write() as connection:
        erased = erase_person(connection, it.site, email, clock())
        only_try(connection, dry_run)
    _print(erased, dry_run=dry_run, as_json=as_json)


def _print(erased: Erased, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        show.as_json(
            {
                "dry_run": dry_run,
                "stand_in": erased.stand_in,
                "removed": dict(erased.removed),
                "withdrawn": erased.withdrawn,
                "mails": erased.mails,
                "posts": erased.posts,
                "rows": erased.rows,
                "ledgers": dict(erased.ledgers),
                "stays": list(erased.stays),
            }
        )
        return
    for table, number in erased.removed.items():
        print(f"removed: {number} rows of {table.replace('_', ' ')}")
    for words, number in (
        ("copies withdrawn", erased.withdrawn),
        ("mails emptied or changed", erased.mails),
        ("posts of archives changed", erased.posts),
        ("other rows changed", erased.rows),
    ):
        if number:
            print(f"{words}: {number}")
    for subject, number in erased.ledgers.items():
        print(f"rows of the ledger of {subject} changed: {number}")
    for reason in erased.stays:
        print(f"stays: {reason}")
    print(f"in its place stands {erased.stand_in}")
    print(
        "nothing was changed (--dry-run)"
        if dry_run
        else "Backups, logs of your MTA, members' own mailboxes and the file of the register are yours to clear."
    )
