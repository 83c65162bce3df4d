"""`mailbot backup`, `mailbot restore` and `mailbot resume`: nothing answered 250 is lost with a disk, nothing goes twice."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from mailbot import __version__, show
from mailbot.cli.frame import JSON, PATH, UNUSED_CONFIG, command, only_try, opened
from mailbot.cli.root import root
from mailbot.core.mail.header import clean
from mailbot.core.office.finding import size_words
from mailbot.core.refusal import Refusal
from mailbot.flows.runs.resume_after_restore import resume_after_restore
from mailbot.folder.config import load_config
from mailbot.folder.serve_lock import only_one
from mailbot.formats.backup_file import HELD, Backup, held_since, restore_backup, write_backup
from mailbot.installation import clock


@command(root, "backup")
@click.argument("target", type=PATH)
@JSON
def _backup(path: Path, target: Path, as_json: bool) -> None:
    """Write database, config/ and keys into one file, while the service runs; never over an old one.

    TARGET is a new file, or a folder, in which the file is named by the time.
    """
    made = write_backup(load_config(path), target, clock(), __version__)
    if as_json:
        show.as_json(_shown(made))
        return
    print(made.file)
    _print(made)
    print("It holds the secret keys and every member's mail: keep it where only you can read it.")
    for outside in made.left_out:
        print(f"not in it: {outside} lies outside of the working folder")
    for key in made.contents.broken:
        print(f"note: the ledger of {key} does not hold; `mailbot surveys recount {key}` says where")
    for key in made.contents.sealed_open:
        print(f"note: it holds who answers what in the secret survey {key}; destroy it after the close")


@root.command("restore")
@click.argument("file", type=PATH)
@click.argument("folder", type=PATH)
@click.option(
    "--database", metavar="URL", help="An empty PostgreSQL database to take in place of the configured one."
)
@click.option("--dry-run", is_flag=True, help="Read the whole backup, say what it holds, and make nothing.")
@JSON
@UNUSED_CONFIG
def _restore(file: Path, folder: Path, database: str | None, dry_run: bool, as_json: bool) -> None:
    """Put a backup back into a folder that does not exist or is empty; nothing is sent before `mailbot resume`."""
    restored = restore_backup(file, folder, clock(), dry_run=dry_run, database=database)
    if as_json:
        show.as_json(
            {
                "dry_run": dry_run,
                "folder": str(folder),
                **_shown(restored.backup),
                "notes": list(restored.notes),
            }
        )
        return
    _print(restored.backup)
    for note in restored.notes:
        print(f"note: {clean(note)}")
    if dry_run:
        print("every file in it is as it was packed; nothing was made (--dry-run)")
        return
    config = folder / restored.backup.configuration
    print(f"{folder}\n\nNext: mailbot doctor --config {config}\n      mailbot resume --config {config}")


@command(root, "resume")
@click.option("--withdraw", "how", flag_value="withdraw", help="Withdraw what waits: it has left already.")
@click.option("--send", "how", flag_value="send", help="Let it go: the service stood still since the backup.")
@JSON
def _resume(path: Path, how: Literal["withdraw", "send"] | None, as_json: bool) -> None:
    """After a restore: say what becomes of what the backup has not sent; without an option only show it."""
    config = load_config(path)
    moment = held_since(config.folder)
    if moment is None:
        raise Refusal(f"{config.folder} was not restored, or goes on already; there is nothing to resume")
    with only_one(config.folder), opened(path) as it:
        with it.database.write() as connection:
            found = resume_after_restore(connection, clock(), withdraw=how == "withdraw")
            only_try(connection, how is None)
        if how is not None:
            (config.folder / HELD).unlink()
    if as_json:
        show.as_json(
            {
                "backup_at": moment.isoformat(),
                "done": how,
                "copies": [
                    {"kind": kind, "subject": subject, "copies": number}
                    for (kind, subject), number in found.copies.items()
                ],
                "runs": [{"job": run.job, "local": run.local} for run in found.runs],
                "deeds": [{"job": run.job, "local": run.local} for run in found.deeds],
                "unread": found.unread,
            }
        )
        return
    verb = {"withdraw": "withdrawn", "send": "will leave", None: "not sent in the backup"}[how]
    for (kind, subject), number in found.copies.items():
        print(f"{verb}: {number} copies of {kind} {clean(subject)}")
    for run in found.runs:
        print(f"{'skipped' if how == 'withdraw' else 'due since the backup'}: {run.job}, {run.local}")
    for run in found.deeds:
        print(f"will be done, whatever you choose: {run.job}, {run.local}")
    if found.unread:
        print(f"will be read, whatever you choose: {found.unread} received mails")
    if not (found.copies or found.runs or found.deeds or found.unread):
        print("nothing waits in the backup")
    if how is None:
        print(
            f"\nThe backup is of {moment:%Y-%m-%d %H:%M:%S} UTC. If the service ran on after it, what waits has left "
            "already:\n  mailbot resume --withdraw\nIf it stood still since then:\n  mailbot resume --send"
        )
    else:
        print("the service may go on: `mailbot serve`")


def _shown(backup: Backup) -> dict[str, object]:
    newest = backup.contents.newest_mail
    return {
        "file": str(backup.file),
        "bytes": backup.size,
        "made_at": backup.made_at.isoformat(),
        "database": backup.kind,
        "schema": backup.contents.schema,
        "rows": dict(backup.contents.rows),
        "newest_mail": newest.isoformat() if newest else None,
        "heads": dict(backup.contents.heads),
        "broken": list(backup.contents.broken),
        "sealed_open": list(backup.contents.sealed_open),
        "files": sorted(backup.files),
        "left_out": list(backup.left_out),
    }


def _print(backup: Backup) -> None:
    rows = backup.contents.rows
    newest = backup.contents.newest_mail
    print(
        f"made {backup.made_at:%Y-%m-%d %H:%M:%S} UTC, {size_words(backup.size)}: {rows.get('inbox', 0)} received mails"
        + (f" (the last of {newest:%Y-%m-%d %H:%M:%S} UTC)" if newest else "")
        + f", {rows.get('delivery', 0)} copies, {rows.get('vote', 0)} rows of ledgers, {len(backup.files)} files"
    )
