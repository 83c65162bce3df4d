"""The commands between definition files and the database: `apply`, `export`."""

from __future__ import annotations

from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, PATH, command, only_try, opened, outcome, write_out
from mailbot.cli.root import root
from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.events.event import Event
from mailbot.core.events.meeting import Meeting
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.flows.apply_definitions import apply_definitions
from mailbot.folder.definition_sources import files_of
from mailbot.folder.definition_yaml import file_name, write_markdown, write_yaml
from mailbot.folder.definitions import load_definitions
from mailbot.installation import clock
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events, meetings
from mailbot.store.lists import lists
from mailbot.store.surveys import surveys


@command(root, "apply")
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@JSON
def _apply(path: Path, dry_run: bool, as_json: bool) -> None:
    """Bring the database to what the definition files say, in one transaction."""
    with opened(path) as it:
        definitions = load_definitions(it.config)
        with it.database.write() as connection:
            changes = apply_definitions(connection, it.site, definitions, clock())
            only_try(connection, dry_run)
    if as_json:
        show.as_json({"dry_run": dry_run, "changes": list(changes)})
        return
    for change in changes:
        print(change)
    print(outcome(len(changes), dry_run))


@command(root, "export")
@click.option("--to", "target", type=PATH, help="The folder to write below; default config/.")
@JSON
def _export(path: Path, target: Path | None, as_json: bool) -> None:
    """Write the lists, surveys, events, bulletins and meetings of the database back as definition files."""
    with opened(path) as it:
        with it.database.read() as connection:
            own = meetings.own_keys(connection)  # what a meeting made, its own file defines
            values: list[MailingList | Survey | Event | Bulletin | Meeting] = [
                *lists.every(connection),
                *(stored.defined for stored in surveys.every(connection) if stored.survey.key not in own),
                *(stored.event for stored in events.every(connection) if stored.event.key not in own),
                *(stored.bulletin for stored in bulletins.every(connection)),
                *(stored.meeting for stored in meetings.every(connection)),
            ]
        folder = target or it.config.file.parent
        standing = files_of(folder)  # of one key there must not be two files
        written: list[str] = []
        for value in values:
            usual = folder / file_name(value)
            named = value.name if isinstance(value, MailingList) else value.key
            file = standing.get((usual.parent.name, named), usual)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Refusal(f"{file.parent}: cannot be made: {error.strerror}") from error
            if isinstance(value, Bulletin) and file.suffix == ".md":
                text = write_markdown(value, it.config.timezone)
            else:
                text = write_yaml(value, it.config.timezone)
            write_out(text.encode(), file, say=not as_json)
            written.append(str(file))
    if as_json:
        show.as_json({"files": written})
