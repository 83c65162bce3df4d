"""`mailbot journal`: who changed or decided what, and whether that record is as it was written."""

from __future__ import annotations

import re
from pathlib import Path

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.frame import JSON, Open, command, opened
from mailbot.cli.root import root
from mailbot.core.refusal import Refusal
from mailbot.folder.written_values import moment
from mailbot.store.office import journal

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@command(root, "journal")
@click.option(
    "--about", default="", metavar="X", help="A list, a survey or event, an import, or a person's address."
)
@click.option("--who", default="", metavar="X", help='An address, "command line", schedule or service.')
@click.option("--since", metavar="DATE", help='Only from "YYYY-MM-DD [HH:MM]" on.')
@click.option("--verify", is_flag=True, help="Look whether a line was changed, dropped or put elsewhere.")
@JSON
def _journal(path: Path, about: str, who: str, since: str | None, verify: bool, as_json: bool) -> None:
    """Show who changed a setting, decided, joined or left, newest last."""
    if verify and (about or who or since):
        raise click.UsageError("--verify looks at the whole journal; leave --about, --who and --since away")
    with opened(path) as it, it.database.read() as connection:
        if verify:
            _verify(connection, as_json=as_json)
            return
        rows = _rows(connection, it, about, who, since)
    show.table(rows, as_json=as_json, empty="nothing of that is in the journal")


def _rows(connection: Connection, it: Open, about: str, who: str, since: str | None) -> list[show.Row]:
    zone = it.config.timezone
    start = None if since is None else moment(f"{since} 00:00" if _DAY.fullmatch(since) else since, zone)
    return [
        {
            "number": entry.number,
            "at": show.local(entry.line.at, zone),
            "who": entry.line.who,
            "what": entry.line.what,
            "about": entry.line.about,
            "person": "" if entry.line.person == entry.line.who else entry.line.person,
            "detail": entry.line.detail,
        }
        for entry in journal.every(connection, about=about, who=who, since=start)
    ]


def _verify(connection: Connection, *, as_json: bool) -> None:
    fault, head = journal.verify(connection), journal.head(connection)
    if as_json:
        found = None if fault is None else {"number": fault.number, "problem": fault.sentence}
        show.as_json({"lines": head.rows, "head": head.chain, "fault": found})
        if fault is not None:
            raise click.exceptions.Exit(1)
        return
    if fault is not None:
        raise Refusal(
            f"journal: {fault.sentence}; the database was changed by other means than mailbot. Compare with a backup"
        )
    print(f"the journal is whole: {head.rows} lines, the last with the hash {head.chain}")
