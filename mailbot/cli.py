"""The command line: reads what a person asks for, calls one flow, shows what came of it (interface.md, "Commands")."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from mailbot import __version__, log, show
from mailbot.config import Config, find_config, load_config
from mailbot.core.envelope import StorageFull, StorageUnavailable
from mailbot.core.event import Event
from mailbot.core.mailing_list import MailingList
from mailbot.core.refusal import Refusal
from mailbot.core.register import full_code
from mailbot.core.survey import Survey
from mailbot.definition_yaml import file_name, write_yaml
from mailbot.definitions import check_folder, load_definitions
from mailbot.flows.announce_event import announce_event
from mailbot.flows.apply_definitions import apply_definitions
from mailbot.flows.close_survey import close_survey
from mailbot.flows.import_members import import_members
from mailbot.flows.know_recipient import known_recipients
from mailbot.flows.open_survey import open_survey
from mailbot.flows.rehearse import rehearse
from mailbot.flows.remind_survey import missing, remind_survey
from mailbot.flows.settle_held import settle_held
from mailbot.new_folder import make_folder
from mailbot.register_file import read_register, write_register
from mailbot.service import ROLES, clock, make_site, open_database, serve
from mailbot.site import Site
from mailbot.store import events, lists, members, occurrences, surveys
from mailbot.store.database import Database
from mailbot.yaml_source import Mistakes

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
_CONFIG = click.option(
    "--config", "config_path", metavar="FILE", help="The configuration; default config/mailbot.yaml."
)


@dataclass(frozen=True)
class Open:
    """An opened installation, for one command."""

    config: Config
    site: Site
    database: Database


def main() -> NoReturn:
    """Run the command line; whatever a person did wrong ends as one sentence and exit status 1."""
    try:
        status: int | None = root(prog_name="mailbot", standalone_mode=False)  # what `Exit` was raised with
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (Refusal, Mistakes, ValueError) as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)
    except StorageFull as full:
        print(
            f"the database has no room: {full}; free space on its disk and run the command again",
            file=sys.stderr,
        )
        sys.exit(1)
    except StorageUnavailable as away:
        print(
            f"the database cannot be used now: {away}; see `database:` in the configuration", file=sys.stderr
        )
        sys.exit(1)
    except BrokenPipeError:
        os._exit(1)  # the reader went away (`| head`): nothing is left to say, and nobody to say it to
    sys.exit(status or 0)


@click.group()
@click.version_option(__version__)
@_CONFIG
@click.pass_context
def root(context: click.Context, config_path: str | None) -> None:
    """Mailing lists, surveys answered by plain reply mail, and seminar notices on schedule."""
    context.obj = config_path


def _command(group: click.Group, name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command that takes --config, before or after its name."""

    def decorate(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        @click.pass_context
        def run(context: click.Context, /, config_path: str | None, **arguments: Any) -> None:
            function(find_config(config_path or context.find_root().obj, os.environ, Path.cwd()), **arguments)

        return group.command(name)(_CONFIG(run))

    return decorate


@contextmanager
def _opened(path: Path) -> Iterator[Open]:
    config = load_config(path)
    site = make_site(config)
    database = open_database(config)
    try:
        yield Open(config, site, database)
    finally:
        database.close()


# --- the folder -------------------------------------------------------------------------------------------------


@root.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
def _init(folder: Path) -> None:
    """Make a working folder that runs as it is."""
    made = make_folder(folder, secrets.token_bytes(32))
    for path in made:
        print(path)
    print(
        f"\nNext: edit {folder}/config/mailbot.yaml, then\n  mailbot check --config {folder}/config/mailbot.yaml"
    )


@_command(root, "check")
@_JSON
def _check(path: Path, as_json: bool) -> None:
    """Print every mistake of the configuration and of all definitions."""
    mistakes, notes = check_folder(path)
    if as_json:
        show.as_json({"mistakes": [str(one) for one in mistakes], "notes": [str(one) for one in notes]})
    else:
        for mistake in mistakes:
            print(mistake, file=sys.stderr)
        for note in notes:
            print(f"note: {note}")
        if not mistakes:
            print(f"{path}: no mistakes")
    if mistakes:
        raise click.exceptions.Exit(1)


@_command(root, "apply")
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@_JSON
def _apply(path: Path, dry_run: bool, as_json: bool) -> None:
    """Bring the database to what the definition files say, in one transaction."""
    with _opened(path) as it:
        definitions = load_definitions(it.config)
        with it.database.write() as connection:
            changes = apply_definitions(connection, it.site, definitions, clock())
            _only_try(connection, dry_run)
    if as_json:
        show.as_json({"dry_run": dry_run, "changes": list(changes)})
        return
    for change in changes:
        print(change)
    print(_outcome(len(changes), dry_run))


@_command(root, "export")
@click.option(
    "--to", "target", type=click.Path(path_type=Path), help="The folder to write below; default config/."
)
def _export(path: Path, target: Path | None) -> None:
    """Write the lists, surveys and events of the database back as definition files."""
    with _opened(path) as it:
        with it.database.read() as connection:
            values: list[MailingList | Survey | Event] = [
                *lists.every(connection),
                *(stored.survey for stored in surveys.every(connection)),
                *(stored.event for stored in events.every(connection)),
            ]
        for value in values:
            file = (target or it.config.file.parent) / file_name(value)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(write_yaml(value, it.config.timezone), encoding="utf-8")
            print(file)


@_command(root, "serve")
@click.option("--roles", help=f"Comma-separated, of {','.join(ROLES)}; default all.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def _serve(path: Path, roles: str | None, log_level: str) -> None:
    """Run the service; SIGTERM drains and stops it."""
    chosen = frozenset(roles.split(",")) if roles else frozenset(ROLES)
    if unknown := sorted(chosen - set(ROLES)):
        raise click.UsageError(f"--roles: {unknown[0]!r} is none of {', '.join(ROLES)}")
    mistakes, _ = check_folder(path)
    if mistakes:
        raise Mistakes(mistakes)
    config = load_config(path)
    log.start(log_level)
    run = serve(config, chosen)
    try:
        import uvloop  # noqa: PLC0415  an extra; plain asyncio does the same, slower
    except ImportError:
        asyncio.run(run)
    else:
        uvloop.run(run)


@root.command("demo")
@_JSON
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the demo's folder here.")
def _demo(as_json: bool, keep: Path | None) -> None:
    """Do the whole main job on real input: a post, a survey, a seminar, all by real SMTP, within a minute."""
    from mailbot.demo import demo  # noqa: PLC0415  only the demo needs what it imports

    demo(keep=keep, as_json=as_json)


# --- members ----------------------------------------------------------------------------------------------------


@root.group("members")
def _members() -> None:
    """The register of bodies and their contacts."""


@_command(_members, "import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@_JSON
def _members_import(path: Path, file: Path, dry_run: bool, as_json: bool) -> None:
    """Bring the register to what a CSV or .xlsx file says; bodies that it does not name stay."""
    with _opened(path) as it:
        with it.database.read() as connection:
            register = read_register(file, known_recipients(connection, it.site))
        bodies = {row.body.code: row.body for row in register.rows}
        with it.database.write() as connection:
            change = import_members(connection, list(bodies.values()), [row.contact for row in register.rows])
            _only_try(connection, dry_run)
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
    print(_outcome(sum(map(len, counts.values())), dry_run))


@_command(_members, "export")
@click.option(
    "--to", "target", type=click.Path(path_type=Path), help="The file to write; default standard output."
)
def _members_export(path: Path, target: Path | None) -> None:
    """Write the register as CSV, as `members import` reads it."""
    with _opened(path) as it, it.database.read() as connection:
        text = write_register((person.body, person.contact) for person in members.people(connection))
    if target is None:
        sys.stdout.write(text)
    else:
        target.write_text(text, encoding="utf-8", newline="")


@_command(_members, "show")
@click.argument("code")
@_JSON
def _members_show(path: Path, code: str, as_json: bool) -> None:
    """Show one body and its contacts."""
    wanted = full_code(code)
    with _opened(path) as it, it.database.read() as connection:
        body = members.bodies(connection).get(wanted)
        people = members.people(connection, [wanted])
    if body is None:
        raise Refusal(
            f"members: no body has the code {wanted}; `mailbot members export` lists those there are"
        )
    show.body(body, [person.contact for person in people], as_json=as_json)


# --- lists ------------------------------------------------------------------------------------------------------


@_command(root, "lists")
@_JSON
def _lists(path: Path, as_json: bool) -> None:
    """Show the lists."""
    with _opened(path) as it, it.database.read() as connection:
        rows = [
            {
                "name": value.name,
                "address": f"{value.name}@{it.config.domain}",
                "title": value.title,
                "preset": value.preset,
                "members": lists.count_members(connection, value.name),
                "posts": lists.last_number(connection, value.name),
            }
            for value in lists.every(connection)
        ]
    show.table(rows, as_json=as_json, empty="no lists; define one in config/lists/ and run `mailbot apply`")


@root.group("held")
def _held() -> None:
    """Mails that wait for a person's decision."""


@_command(_held, "list")
@_JSON
def _held_list(path: Path, as_json: bool) -> None:
    """Show what waits."""
    with _opened(path) as it, it.database.read() as connection:
        rows = show.held_rows(connection, it.config.timezone)
    show.table(rows, as_json=as_json, empty="nothing is held")


def _held_command(decision: str, help_text: str) -> None:
    @_command(_held, decision)
    @click.argument("number", type=int)
    @click.option(
        "--reason", default="", help="A sentence for the history, and for the sender of a rejected mail."
    )
    def settle(path: Path, number: int, reason: str) -> None:
        with _opened(path) as it, it.database.write() as connection:
            print(settle_held(connection, it.site, number, decision, reason, clock()))

    settle.help = help_text


_held_command("accept", "Let a held post go out, or a held answer count.")
_held_command("reject", "Refuse a held mail and tell its sender why.")
_held_command("discard", "Put a held mail aside without a word to its sender.")


# --- surveys ----------------------------------------------------------------------------------------------------


@root.group("surveys")
def _surveys() -> None:
    """Surveys, answered by reply mail."""


@_command(_surveys, "list")
@_JSON
def _surveys_list(path: Path, as_json: bool) -> None:
    """Show the surveys."""
    with _opened(path) as it, it.database.read() as connection:
        rows = show.survey_rows(connection, it.config.timezone)
    show.table(
        rows, as_json=as_json, empty="no surveys; define one in config/surveys/ and run `mailbot apply`"
    )


@_command(_surveys, "show")
@click.argument("key")
@click.option(
    "--office",
    is_flag=True,
    help="With each body's own answers, also where the mode keeps them in the office.",
)
@_JSON
def _surveys_show(path: Path, key: str, office: bool, as_json: bool) -> None:
    """Show where a survey stands."""
    with _opened(path) as it, it.database.read() as connection:
        shown = show.survey(connection, key, office=office)
    show.survey_text(shown) if not as_json else show.as_json(shown)


@_command(_surveys, "open")
@click.argument("key")
def _surveys_open(path: Path, key: str) -> None:
    """Open a survey now and send the invitations."""
    with _opened(path) as it, it.database.write() as connection:
        invited = open_survey(connection, it.site, key, clock())
    print(f"survey {key} is open; {invited} invitations are in the outbox")


@_command(_surveys, "close")
@click.argument("key")
def _surveys_close(path: Path, key: str) -> None:
    """Close a survey now and send the result."""
    with _opened(path) as it, it.database.write() as connection:
        now = clock()
        counted = close_survey(connection, it.site, key, now, now)
    print(f"survey {key} is closed; the answers of {counted} bodies count")


@_command(_surveys, "remind")
@click.argument("key")
@click.option("--dry-run", is_flag=True, help="Only say how many would be reminded.")
def _surveys_remind(path: Path, key: str, dry_run: bool) -> None:
    """Remind those from whom nothing complete has come."""
    with _opened(path) as it, it.database.write() as connection:
        reminded = remind_survey(connection, it.site, key, clock())
        _only_try(connection, dry_run)
    print(f"survey {key}: {reminded} {'would be' if dry_run else 'are'} reminded")


@_command(_surveys, "results")
@click.argument("key")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text")
def _surveys_results(path: Path, key: str, form: str) -> None:
    """Show the tally."""
    with _opened(path) as it, it.database.read() as connection:
        rows, shown = show.results(connection, key)
    if form == "json":
        show.as_json(shown)
    elif form == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)
        sys.stdout.write("\ufeff" + text.getvalue())
    else:
        show.table(rows, as_json=False, empty="no questions")


@_command(_surveys, "missing")
@click.argument("key")
@_JSON
def _surveys_missing(path: Path, key: str, as_json: bool) -> None:
    """Show the bodies from which nothing complete has come."""
    with _opened(path) as it, it.database.read() as connection:
        if surveys.load(connection, key) is None:
            raise Refusal(f"survey {key}: there is none with this key; `mailbot surveys list` shows them")
        names = members.bodies(connection)
        rows = [
            {"code": ballot.code, "body": names[ballot.code].name, "address": ballot.address}
            for ballot in missing(connection, key)
        ]
    show.table(rows, as_json=as_json, empty="nobody is missing")


# --- events -----------------------------------------------------------------------------------------------------


@root.group("events")
def _events() -> None:
    """Seminars and meetings, answered by reply mail."""


@_command(_events, "list")
@_JSON
def _events_list(path: Path, as_json: bool) -> None:
    """Show the events."""
    with _opened(path) as it, it.database.read() as connection:
        rows = show.event_rows(connection)
    show.table(rows, as_json=as_json, empty="no events; define one in config/events/ and run `mailbot apply`")


@_command(_events, "show")
@click.argument("key")
@_JSON
def _events_show(path: Path, key: str, as_json: bool) -> None:
    """Show where an event stands."""
    with _opened(path) as it, it.database.read() as connection:
        shown = show.event(connection, key)
    show.event_text(shown) if not as_json else show.as_json(shown)


@_command(_events, "announce")
@click.argument("key")
def _events_announce(path: Path, key: str) -> None:
    """Send the event's notice now, to all who are asked."""
    with _opened(path) as it, it.database.write() as connection:
        noticed = announce_event(connection, it.site, key, 0, clock())
    print(f"event {key} is announced; {noticed} notices are in the outbox")


@_command(_events, "attendance")
@click.argument("key")
@_JSON
def _events_attendance(path: Path, key: str, as_json: bool) -> None:
    """Show who comes."""
    with _opened(path) as it, it.database.read() as connection:
        rows = show.attendance_rows(connection, key)
    show.table(rows, as_json=as_json, empty="nobody has answered")


# --- schedule and queue -----------------------------------------------------------------------------------------


@_command(root, "schedule")
@click.option("--days", type=click.IntRange(1, 3650), default=30, help="How far to look ahead.")
@_JSON
def _schedule(path: Path, days: int, as_json: bool) -> None:
    """Show what will be sent, when, to how many, and what was late or skipped."""
    with _opened(path) as it, it.database.read() as connection:
        now = clock()
        past = occurrences.missed(connection, now - timedelta(days=days))
        coming = occurrences.between(connection, now - timedelta(days=3650), now + timedelta(days=days))
        rows = show.schedule_rows(
            connection, it.site, past, [one for one in coming if one.state == "waiting"]
        )
    show.table(rows, as_json=as_json, empty=f"nothing is planned in the next {days} days")


@_command(root, "queue")
@click.option("--why", "number", type=int, metavar="ID", help="The history of one received mail.")
@_JSON
def _queue(path: Path, number: int | None, as_json: bool) -> None:
    """Show the inbox and the outbox by state, or the history of one mail."""
    with _opened(path) as it, it.database.read() as connection:
        shown = (
            show.queue(connection, clock())
            if number is None
            else show.why(connection, number, it.config.timezone)
        )
    if as_json:
        show.as_json(shown)
    elif number is None:
        show.queue_text(shown)
    else:
        show.why_text(shown)


@_command(root, "rehearse")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "recipient", required=True, metavar="ADDRESS", help="The envelope recipient.")
@click.option("--from", "sender", metavar="ADDRESS", help="The envelope sender; default the mail's From.")
@_JSON
def _rehearse(path: Path, file: Path, recipient: str, sender: str | None, as_json: bool) -> None:
    """Say what a mail would cause: each rule with its result, the final headers, the recipients; nothing is sent."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise Refusal(f"{file}: cannot be read: {error.strerror}") from error
    with _opened(path) as it, it.database.read() as connection:
        shown = rehearse(connection, it.site, raw, recipient, sender, clock())
    show.as_json(vars(shown)) if as_json else show.rehearsal_text(shown)


# --- between the commands ---------------------------------------------------------------------------------------


def _only_try(connection: Any, dry_run: bool) -> None:
    """Take everything back that this transaction did, when the person only wanted to see it."""
    if dry_run:
        connection.get_transaction().rollback()


def _outcome(changes: int, dry_run: bool) -> str:
    if not changes:
        return "nothing to change"
    what = "1 change" if changes == 1 else f"{changes} changes"
    return f"{what}; nothing was changed (--dry-run)" if dry_run else f"{what} applied"
