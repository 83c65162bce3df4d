"""The command line: reads what a person asks for, calls one flow, shows what came of it (interface.md, "Commands")."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Literal, NoReturn

import click
from sqlalchemy import Connection

from mailbot import __version__, log, show
from mailbot.config import Config, dkim_key_file, find_config, load_config, read_config
from mailbot.config import selector as checked_selector
from mailbot.core.answer_form import takes_form
from mailbot.core.archived import Search
from mailbot.core.calendar import Language
from mailbot.core.envelope import StorageFull, StorageUnavailable
from mailbot.core.event import Event
from mailbot.core.gateway import finding_sentences, probe_summary
from mailbot.core.header import clean
from mailbot.core.mailing_list import MailingList
from mailbot.core.message import parse
from mailbot.core.refusal import Refusal
from mailbot.core.register import full_code
from mailbot.core.seal import LINE
from mailbot.core.survey import Survey
from mailbot.core.trial import PILOT, TrialReport
from mailbot.core.two_persons import COMMAND_LINE, Act
from mailbot.core.wrap import COLUMNS, NARROWEST
from mailbot.definition_files import moment
from mailbot.definition_yaml import file_name, write_yaml
from mailbot.definitions import check_folder, load_definitions
from mailbot.dkim_keys import KeyType, make_key, public_key, zone_line
from mailbot.flows.announce_event import announce_event
from mailbot.flows.apply_definitions import apply_definitions
from mailbot.flows.ask_second_person import Done, Waiting, request_act
from mailbot.flows.draft_minutes import draft_minutes
from mailbot.flows.follow_up_survey import follow_up_survey
from mailbot.flows.import_members import import_members
from mailbot.flows.know_recipient import own_addresses
from mailbot.flows.preview_survey import Preview, preview_survey
from mailbot.flows.probe_gateways import Probed, probe_gateways, report_probes
from mailbot.flows.record_for_body import ballot_of_mail
from mailbot.flows.record_proxy import record_proxy
from mailbot.flows.recount import recount
from mailbot.flows.rehearse import rehearse
from mailbot.flows.reissue_ballot import reissue_ballot
from mailbot.flows.remind_survey import missing, remind_survey
from mailbot.flows.report_survey import report_survey, votes_by_body
from mailbot.flows.send_draft import send_draft
from mailbot.flows.send_form import send_form
from mailbot.flows.send_trial import report_trial, send_trial
from mailbot.flows.set_member import add_member, describe_members, remove_member, set_member
from mailbot.flows.settle_held import settle_held
from mailbot.form_file import write_form
from mailbot.new_folder import make_folder
from mailbot.register_file import read_register, write_register
from mailbot.report_files import encoded, write_csv, write_raw_csv, write_xlsx
from mailbot.report_page import ReportPages
from mailbot.resources import templates_folder
from mailbot.service import ROLES, clock, make_site, open_database, serve
from mailbot.site import Site
from mailbot.store import acts, archive, events, inbox, lists, members, memberships, occurrences, surveys
from mailbot.store.ballots import Ballot
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
                *(stored.defined for stored in surveys.every(connection)),
                *(stored.event for stored in events.every(connection)),
            ]
        for value in values:
            file = (target or it.config.file.parent) / file_name(value)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Refusal(f"{file.parent}: cannot be made: {error.strerror}") from error
            _write_out(write_yaml(value, it.config.timezone).encode(), file)


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


@root.group("dkim")
def _dkim() -> None:
    """The keys that sign outgoing mail."""


@_command(_dkim, "make")
@click.option("--selector", help="Its name in the DNS; default the year and a letter, such as 2026a.")
@click.option("--type", "key_type", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True)
@_JSON
def _dkim_make(path: Path, selector: str | None, key_type: KeyType, as_json: bool) -> None:
    """Make a key below data/dkim/ and print its DNS record; nothing is signed until `dkim:` names it."""
    _, partial, mistakes = read_config(path)
    if not partial.domain:
        raise Mistakes(mistakes)
    if selector is None:
        year = clock().astimezone(partial.timezone).year
        names = (f"{year}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
        selector = next((name for name in names if not dkim_key_file(partial.folder, name).exists()), "")
    name = checked_selector(selector)
    file = dkim_key_file(partial.folder, name)
    key = make_key(file, key_type)
    record = zone_line(partial.domain, name, key)
    if as_json:
        show.as_json({"selector": name, "file": str(file), "record": key.record, "zone_line": record})
        return
    print(f"{file}\n\nPublish this record:\n\n{record}\n")
    print(f"When `mailbot doctor` sees it, sign with the key in {path}:\n\ndkim:\n  selector: {name}")


@_command(_dkim, "show")
@_JSON
def _dkim_show(path: Path, as_json: bool) -> None:
    """Show the DNS record of every key below data/dkim/, and which of them sign."""
    config = load_config(path)
    signing = {key.file: key.selector for key in config.dkim.keys} if config.dkim else {}
    domain = config.dkim.domain if config.dkim else config.domain
    lying = {file: file.stem for file in sorted(dkim_key_file(config.folder, "").parent.glob("*.key"))}
    rows = [
        {
            "selector": name,
            "signs": file in signing,
            "file": str(file),
            "record": zone_line(domain, name, public_key(file)),
        }
        for file, name in {**lying, **signing}.items()
    ]
    if as_json:
        show.as_json(rows)
        return
    for row in rows:
        print(f"{'signs' if row['signs'] else 'does not sign'}  {row['file']}\n{row['record']}\n")
    if not rows:
        print("no keys; `mailbot dkim make` makes one. Without one your MTA signs, or nobody.")


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
            register = read_register(file, own_addresses(connection, it.site))
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
        _write_out(text.encode(), target)


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


@root.group("lists", invoke_without_command=True)
@_CONFIG
@_JSON
@click.pass_context
def _lists(context: click.Context, config_path: str | None, as_json: bool) -> None:
    """Show the lists; or look after the members of one."""
    if context.invoked_subcommand is not None:
        return
    path = find_config(config_path or context.find_root().obj, os.environ, Path.cwd())
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


@_command(_lists, "members")
@click.argument("name")
@_JSON
def _lists_members(path: Path, name: str, as_json: bool) -> None:
    """Show the members of a list, and what each of them chose."""
    with _opened(path) as it, it.database.read() as connection:
        if lists.load(connection, name) is None:
            raise Refusal(f"there is no list {name}; `mailbot lists` shows them")
        rows = describe_members(
            members.people(connection),
            memberships.of_list(connection, name),
            lists.member_addresses(connection, name),
            it.site,
        )
    show.table(rows, as_json=as_json, empty=f"{name} has no members")


@_command(_lists, "add")
@click.argument("name")
@click.argument("address")
def _lists_add(path: Path, name: str, address: str) -> None:
    """Make somebody a member, whatever the list's `members:` select."""
    with _opened(path) as it, it.database.write() as connection:
        print(add_member(connection, it.site, name, address, clock()))


@_command(_lists, "remove")
@click.argument("name")
@click.argument("address")
def _lists_remove(path: Path, name: str, address: str) -> None:
    """Take a member out, whatever the list's `members:` select."""
    with _opened(path) as it, it.database.write() as connection:
        print(remove_member(connection, name, address, clock()))


@_command(_lists, "set")
@click.argument("name")
@click.argument("address")
@click.option("--mode", type=click.Choice(["each", "none"]), help="How posts come.")
@click.option("--off", metavar="DATES", help='No mail: "7/1 7/20", "7/1", now; or no to end it.')
@click.option("--own", type=click.Choice(["yes", "no"]), help="Copies of his own posts.")
@click.option(
    "--posting", type=click.Choice(["accept", "hold", "reject", "rules"]), help="What becomes of his posts."
)
def _lists_set(
    path: Path,
    name: str,
    address: str,
    mode: str | None,
    off: str | None,
    own: str | None,
    posting: str | None,
) -> None:
    """Change what a member gets."""
    settings: dict[str, object] = {} if mode is None else {"mode": mode}
    if own is not None:
        settings["copies_own"] = own == "yes"
    if posting is not None:
        settings["posting"] = None if posting == "rules" else posting
    with _opened(path) as it, it.database.write() as connection:
        print(set_member(connection, it.site, name, address, clock(), off=off, **settings))


# --- archive ----------------------------------------------------------------------------------------------------


@root.group("archive")
def _archive() -> None:
    """The posts of the lists: found by words, shown as they came."""


@_command(_archive, "search")
@click.argument("words")
@click.option("--list", "names", multiple=True, help="Only in this list; may be given several times.")
@click.option("--year", type=click.IntRange(1970, 9998), help="Only posts of this year.")
@click.option("--prefecture", help="Only posts from bodies of this prefecture.")
@click.option("--from", "sender", help="Only posts of this address, or of a name that holds this.")
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@_JSON
def _archive_search(
    path: Path,
    words: str,
    names: tuple[str, ...],
    year: int | None,
    prefecture: str | None,
    sender: str | None,
    most: int,
    as_json: bool,
) -> None:
    """Show the posts that hold all these words, newest first; two Japanese characters are a word."""
    with _opened(path) as it, it.database.read() as connection:
        for name in names:
            _known_list(connection, name)
        zone = it.config.timezone
        wanted = Search(
            words,
            lists=names or None,
            since=None if year is None else datetime(year, 1, 1, tzinfo=zone),
            before=None if year is None else datetime(year + 1, 1, 1, tzinfo=zone),
            prefecture=prefecture,
            sender=sender,
        )
        found = archive.search(connection, wanted, most)
    rows = [
        {
            "list": one.list,
            "number": one.number,
            "date": one.written_at.astimezone(zone).isoformat(" ", "minutes"),
            "from": one.author_name or one.author,
            "subject": one.subject,
            "thread": one.thread,
        }
        for one in found
    ]
    show.table(rows, as_json=as_json, empty=f"no post holds {words}")


@_command(_archive, "show")
@click.argument("name", metavar="LIST")
@click.argument("number", type=click.IntRange(1))
@click.option("--raw", "as_raw", is_flag=True, help="Write the mail as it came, byte for byte.")
@_JSON
def _archive_show(path: Path, name: str, number: int, as_raw: bool, as_json: bool) -> None:
    """Show one post of a list as its author wrote it."""
    with _opened(path) as it, it.database.read() as connection:
        _known_list(connection, name)
        one = archive.by_number(connection, name, number)
        content = archive.raw(connection, name, number)
    if one is None or content is None:
        raise Refusal(
            f"archive: {name} has no post {number}; `mailbot archive search WORDS --list {name}` finds posts"
        )
    if as_raw:
        sys.stdout.buffer.write(content)
        return
    known: dict[str, object] = {
        "list": one.list,
        "number": one.number,
        "date": one.written_at.astimezone(it.config.timezone).isoformat(" ", "minutes"),
        "from": one.author,
        "name": one.author_name,
        "subject": one.subject,
        "message_id": one.message_id,
        "thread": one.thread,
        "answers": one.parent,
        "attachments": list(one.attachments),
    }
    text = parse(content).text
    if as_json:
        show.as_json({**known, "text": text})
        return
    show.facts({key: fact for key, fact in known.items() if fact not in (None, "", [])})
    print()
    for line in text.splitlines():
        print(clean(line))


def _known_list(connection: Connection, name: str) -> None:
    if name not in lists.names(connection):
        raise Refusal(f"archive: there is no list {name}; `mailbot lists` shows those there are")


# --- held -------------------------------------------------------------------------------------------------------


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
            key = _resolution_of(connection, it.site, number) if decision == "accept" else None
            if key is None:
                print(settle_held(connection, it.site, number, decision, reason, clock()))
            elif _request(connection, it, key, "admit", number=str(number)) is not None:
                print(f"mail {number}: admitted to {key}")

    settle.help = help_text


def _resolution_of(connection: Connection, site: Site, number: int) -> str | None:
    """Return the resolution that a held mail votes on: to admit a vote there needs two persons."""
    received = inbox.load(connection, number)
    ballot = None if received is None else ballot_of_mail(connection, site, received)
    stored = None if ballot is None else surveys.load(connection, ballot.subject)
    return stored.survey.key if stored is not None and stored.survey.resolution is not None else None


_held_command("accept", "Let a held post go out, or a held answer count.")
_held_command("reject", "Refuse a held mail and tell its author, or the body's registered address, why.")
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
        invited = _request(connection, it, key, "open")
    if invited is not None:
        print(f"survey {key} is open; {invited} invitations are in the outbox")


@_command(_surveys, "close")
@click.argument("key")
def _surveys_close(path: Path, key: str) -> None:
    """Close a survey now and send the result."""
    with _opened(path) as it, it.database.write() as connection:
        counted = _request(connection, it, key, "close")
    if counted is not None:
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
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv", "xlsx", "svg", "html"]), default="text"
)
@click.option(
    *("--out", "target"),
    type=click.Path(path_type=Path),
    help="The file to write; for svg an existing folder gets a file for each question.",
)
@click.option("--encoding", type=click.Choice(["utf-8", "cp932"]), default="utf-8", help="Of CSV.")
@click.option("--raw", is_flag=True, help="CSV and xlsx: the answers of each body; needs --office.")
@click.option("--office", is_flag=True, help="The file stays in the office.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def _surveys_results(
    path: Path,
    key: str,
    form: str,
    target: Path | None,
    encoding: Literal["utf-8", "cp932"],
    raw: bool,
    office: bool,
    as_json: bool,
) -> None:
    """Show the result: tally, tables by kind, prefecture and population, and last year's same questions."""
    form = "json" if as_json else form
    if raw and not office:
        raise click.UsageError(
            "--raw shows what each body answered; say --office too if the file stays there"
        )
    if raw and form not in {"csv", "xlsx"}:
        raise click.UsageError("--raw goes with --format csv or xlsx")
    if form == "text" and target is not None:
        raise click.UsageError("text goes to the screen; --out needs another --format")
    with _opened(path) as it, it.database.read() as connection:
        report = report_survey(connection, key, clock().astimezone(it.config.timezone))
        votes = votes_by_body(connection, key, report) if raw else None
    match form:
        case "text":
            show.results_text(report)
        case "json":
            _write_out(
                (json.dumps(show.results(report), ensure_ascii=False, indent=2) + "\n").encode(), target
            )
        case "csv":
            text = write_csv(report) if votes is None else write_raw_csv(report, votes)
            content, missing = encoded(text, encoding)
            _write_out(content, target)
            if missing:
                print(f"{missing} characters that CP932 does not have are written as 〓", file=sys.stderr)
        case "xlsx":
            _write_out(write_xlsx(report, votes), target)
        case "svg" if target is not None and target.is_dir():
            for name, chart in ReportPages(templates_folder()).chart_files(report).items():
                _write_out(chart.encode(), target / name)
        case "svg":
            _write_out(ReportPages(templates_folder()).charts(report).encode(), target)
        case "html":
            _write_out(ReportPages(templates_folder()).page(report).encode(), target)


def _write_out(content: bytes, target: Path | None) -> None:
    """Write a file and say so, or write to standard output."""
    if target is None:
        if b"\x00" in content and sys.stdout.isatty():
            raise click.UsageError("this file is not for a screen; name it with --out FILE")
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        target.write_bytes(content)
    except OSError as error:
        raise Refusal(f"{target}: cannot be written: {error.strerror}") from error
    print(target)


@_command(_surveys, "extend")
@click.argument("key")
@click.argument("closes")
def _surveys_extend(path: Path, key: str, closes: str) -> None:
    """Put off the close of an open survey, to "YYYY-MM-DD HH:MM", and tell everybody who was asked."""
    with _opened(path) as it, it.database.write() as connection:
        until = moment(closes, it.config.timezone)
        told = _request(connection, it, key, "extend", closes=until.isoformat())
    if told is not None:
        print(
            f"survey {key} closes {closes} now; {told} are told. "
            f"Its definition file still has the old close: put `closes: {closes}` there"
        )


@_command(_surveys, "publish")
@click.argument("key")
def _surveys_publish(path: Path, key: str) -> None:
    """Send the result of a closed survey whose definition says `publish: {at: hand}`."""
    with _opened(path) as it, it.database.write() as connection:
        told = _request(connection, it, key, "publish")
    if told is not None:
        print(f"survey {key}: the result is in the outbox, to {told}")


@_command(_surveys, "reissue")
@click.argument("key")
@click.argument("code")
def _surveys_reissue(path: Path, key: str, code: str) -> None:
    """Give a body's ballot a new token and send it; the old one counts no more."""
    with _opened(path) as it, it.database.write() as connection:
        print(reissue_ballot(connection, it.site, key, full_code(code), clock()))


@_command(_surveys, "form")
@click.argument("key")
@click.option(*("-o", "--out", "target"), type=click.Path(path_type=Path), help="The file to write.")
@click.option("--to", "code", metavar="CODE", help="Send it to this body with its ballot.")
def _surveys_form(path: Path, key: str, target: Path | None, code: str | None) -> None:
    """Write the spreadsheet in which a survey can be answered, or send it to a body."""
    if code is not None and target is not None:
        raise click.UsageError("--to sends the form and --out writes it; say one of them")
    with _opened(path) as it, it.database.write() as connection:
        if code is not None:
            print(send_form(connection, it.site, key, full_code(code), clock()))
            return
        stored = surveys.load(connection, key)
        survey = stored.survey if stored else _defined(it.config, key)
    if not takes_form(survey):
        raise Refusal(f"survey {key}: a written vote is cast in the mail itself; it has no form")
    _write_out(write_form(survey, it.config.language), target)


@_command(_surveys, "follow-up")
@click.argument("key")
def _surveys_follow_up(path: Path, key: str) -> None:
    """Send each block representative the missing bodies of the own prefecture now."""
    with _opened(path) as it, it.database.write() as connection:
        told = follow_up_survey(connection, it.site, key, clock())
    print(f"survey {key}: {told} lists of missing bodies are in the outbox")


@_command(_surveys, "minutes")
@click.argument("key")
@_JSON
def _surveys_minutes(path: Path, key: str, as_json: bool) -> None:
    """Print the draft minutes of a closed resolution."""
    with _opened(path) as it, it.database.read() as connection:
        text = draft_minutes(connection, it.site, key)
    show.as_json({"key": key, "minutes": text}) if as_json else print(text, end="")


@_command(_surveys, "proxy")
@click.argument("key")
@click.argument("code")
@click.option(
    "--to", "holder", required=True, metavar="議長|CODE", help="The chair, or a body by code or name."
)
@click.option("--words", default="", help="What the proxy on paper says, for the record.")
def _surveys_proxy(path: Path, key: str, code: str, holder: str, words: str) -> None:
    """Record a body's proxy in an open resolution, as the office has it on paper."""
    with _opened(path) as it, it.database.write() as connection:
        print(
            record_proxy(
                connection,
                it.site,
                key,
                full_code(code),
                holder,
                words=words,
                by="office",
                inbox_id=None,
                now=clock(),
            )
        )


@_command(_surveys, "recount")
@click.argument("key")
@click.option("--head", metavar="HASH", help="A hash from a daily mail to the witnesses, to be found again.")
@_JSON
def _surveys_recount(path: Path, key: str, head: str | None, as_json: bool) -> None:
    """Count a survey again from the raw mails; exit status 1 with a sentence for each difference."""
    with _opened(path) as it, it.database.read() as connection:
        found = recount(connection, it.site, key, head=head)
        shown = show.recounted(found, it.config.timezone)
    show.as_json(shown) if as_json else show.recount_text(shown)
    for sentence in found.differences:
        print(f"survey {key}: {sentence}", file=sys.stderr)
    if found.differences:
        raise click.exceptions.Exit(1)


@_command(_surveys, "lines")
@click.argument("key")
@_JSON
def _surveys_lines(path: Path, key: str, as_json: bool) -> None:
    """Print the published list of a closed sealed survey, and how a voter finds the own line."""
    with _opened(path) as it, it.database.read() as connection:
        rows = show.sealed_lines(connection, key)
    show.table(rows, as_json=as_json, empty="nobody's vote counts")
    if not as_json:
        print(f"A voter's line is the first {LINE} letters of what this prints:")
        print("  printf %s REFERENCE | openssl dgst -sha256 -hmac KEY")


@_command(_surveys, "destroy")
@click.argument("key")
def _surveys_destroy(path: Path, key: str) -> None:
    """Destroy the raw mails, receipts and keys of a closed sealed survey; nobody can undo it."""
    with _opened(path) as it, it.database.write() as connection:
        mails = _request(connection, it, key, "destroy")
    if mails is not None:
        print(f"survey {key}: {mails} raw mails are destroyed, and with them the receipts and the keys")


@_command(_surveys, "missing")
@click.argument("key")
@_JSON
def _surveys_missing(path: Path, key: str, as_json: bool) -> None:
    """Show the bodies from which nothing complete has come."""
    with _opened(path) as it, it.database.read() as connection:
        stored = surveys.load(connection, key)
        if stored is None:
            raise Refusal(f"survey {key}: there is none with this key; `mailbot surveys list` shows them")
        names = members.bodies(connection)
        rows = [
            {"code": ballot.code, "body": names[ballot.code].name, "address": ballot.address}
            for ballot in missing(connection, stored.survey)
        ]
    show.table(rows, as_json=as_json, empty="nobody is missing")


@_command(_surveys, "preview")
@click.argument("key")
@click.option(
    "--code", metavar="CODE", help="The body whose copy is shown; default the first of the audience."
)
@click.option(
    "--columns",
    type=click.IntRange(NARROWEST, COLUMNS),
    help="Width of the lines; default what suits the body.",
)
@click.option("--ruler", is_flag=True, help="Print a ruler above the text.")
@_JSON
def _surveys_preview(
    path: Path, key: str, code: str | None, columns: int | None, ruler: bool, as_json: bool
) -> None:
    """Show the invitation as a body would get it, to how many it goes and when, and what to look at again."""
    with _opened(path) as it, it.database.read() as connection:
        stored = surveys.load(connection, key)
        survey = stored.survey if stored else _defined(it.config, key)
        shown = preview_survey(connection, it.site, survey, code=code, columns=columns)
    if as_json:
        show.as_json({"key": key, "applied": stored is not None, "asked": shown.asked, **vars(shown)})
        return
    if stored is None:
        print(f"survey {key} stands in its file only; `mailbot apply` takes it over\n")
    _print_preview(shown, ruler=ruler)


def _defined(config: Config, key: str) -> Survey:
    found = [survey for survey in load_definitions(config).surveys if survey.key == key]
    if not found:
        raise Refusal(
            f"survey {key}: neither applied nor in config/surveys/; `mailbot surveys list` shows them"
        )
    return found[0]


def _print_preview(shown: Preview, *, ruler: bool) -> None:
    print(f"To: {shown.to}\nSubject: {shown.subject}\n")
    if ruler:
        print("".join(str(at // 10 % 10) if at % 10 == 0 else "." for at in range(1, shown.columns + 1)))
    print(shown.text.rstrip("\n"))
    print("\n" + "=" * 20 + " end of the mail " + "=" * 20)
    kinds = ", ".join(f"{kind} {number}" for kind, number in shown.bodies)
    print(f"to {shown.asked}" + (f": {kinds}" if kinds else ""))
    for what, when in shown.dates:
        print(f"{what}: {when}")
    for warning in shown.warnings:
        print(f"note: {warning}")


@_command(_surveys, "trial")
@click.argument("key")
@click.option("--to", multiple=True, metavar="CODE|ADDRESS", help="A body or a contact; may be repeated.")
@click.option("--pilot", type=click.IntRange(1, 100), is_flag=False, flag_value=PILOT, metavar="[N]")
@click.option("--report", is_flag=True, help="Show how the trial went, and send nothing.")
@click.option("--dry-run", is_flag=True, help="Only say to whom it would go.")
@_JSON
def _surveys_trial(
    path: Path, key: str, to: tuple[str, ...], pilot: int | None, report: bool, dry_run: bool, as_json: bool
) -> None:
    """Send trial ballots to bodies that you name, or to N (ten) spread over kinds and prefectures; nothing counts."""
    if report:
        with _opened(path) as it, it.database.read() as connection:
            _show_trial(report_trial(connection, key), as_json=as_json)
        return
    if not to and pilot is None:
        raise click.UsageError("say to whom: --to CODE or ADDRESS, or --pilot for ten bodies")
    with _opened(path) as it, it.database.write() as connection:
        sent = send_trial(connection, it.site, key, clock(), to=to, pilot=pilot or PILOT)
        _only_try(connection, dry_run)
    _show_sent(sent, f"survey {key}: trial ballots", dry_run=dry_run, as_json=as_json)


def _show_trial(report: TrialReport, *, as_json: bool) -> None:
    rows = [
        {"question": one.question or "(whole reply)", "bodies": one.bodies, "why": " / ".join(one.reasons)}
        for one in report.asked_back
    ]
    if as_json:
        show.as_json({**vars(report), "asked_back": rows})
        return
    show.facts({name: number for name, number in vars(report).items() if name != "asked_back"})
    show.table(rows, as_json=False, empty="no question was asked back")


def _show_sent(sent: Sequence[Ballot], what: str, *, dry_run: bool, as_json: bool) -> None:
    rows = [
        {"code": ballot.code, "to": ballot.greeting, "address": ballot.address, "columns": ballot.columns}
        for ballot in sent
    ]
    if as_json:
        show.as_json({"dry_run": dry_run, "sent": rows})
        return
    show.table(rows, as_json=False, empty="nobody")
    print(f"{what} {'would go' if dry_run else 'are in the outbox'}: {len(rows)}")


# --- the round-trip probe ---------------------------------------------------------------------------------------


@root.group("probe")
def _probe() -> None:
    """What members' mail systems do to our mail, and which layout suits each."""


@_command(_probe, "send")
@click.option("--to", multiple=True, metavar="CODE|ADDRESS", help="A body or a contact; may be repeated.")
@click.option("--pilot", type=click.IntRange(1, 2000), is_flag=False, flag_value=PILOT, metavar="[N]")
@click.option("--dry-run", is_flag=True, help="Only say to whom it would go.")
@_JSON
def _probe_send(path: Path, to: tuple[str, ...], pilot: int | None, dry_run: bool, as_json: bool) -> None:
    """Send a harmless test mail that is only to be replied to, to bodies that you name or to N (ten)."""
    if not to and pilot is None:
        raise click.UsageError("say to whom: --to CODE or ADDRESS, or --pilot for ten bodies")
    with _opened(path) as it, it.database.write() as connection:
        sent = probe_gateways(connection, it.site, clock(), to=to, pilot=pilot or PILOT)
        _only_try(connection, dry_run)
    _show_sent(sent, "probes", dry_run=dry_run, as_json=as_json)


@_command(_probe, "report")
@_JSON
def _probe_report(path: Path, as_json: bool) -> None:
    """Show what came back from each body, and what is done about it."""
    with _opened(path) as it, it.database.read() as connection:
        probed = report_probes(connection)
        language = it.site.language
    if as_json:
        show.as_json({"probed": [_probed_json(one, language) for one in probed]})
        return
    show.table([_probed_row(one, language) for one in probed], as_json=False, empty="no probe was sent yet")
    found = [one.gateway.findings if one.gateway else None for one in probed]
    for sentence in probe_summary(found, language):
        print(sentence)


def _probed_row(one: Probed, language: Language) -> dict[str, object]:
    known = one.gateway
    return {
        "code": one.code,
        "body": one.body,
        "columns": known.layout.columns if known else None,
        "quotes": known.findings.quotes if known else None,
        "found": " ".join(finding_sentences(known.findings, language)) if known else None,
    }


def _probed_json(one: Probed, language: Language) -> dict[str, object]:
    known = one.gateway
    return {
        **_probed_row(one, language),
        "address": one.address,
        "found": list(finding_sentences(known.findings, language)) if known else None,
        "findings": vars(known.findings) if known else None,
        "probed_at": known.probed_at.isoformat() if known else None,
    }


@_command(_surveys, "draft")
@click.argument("key")
def _surveys_draft(path: Path, key: str) -> None:
    """Send the draft to those who must approve it by reply: as it will look, to how many, and when."""
    with _opened(path) as it, it.database.write() as connection:
        to = send_draft(connection, it.site, key, clock(), by=COMMAND_LINE)
    print(f"survey {key}: the draft is in the outbox, to {', '.join(to)}")


@_command(_surveys, "acts")
@click.argument("key", required=False)
@_JSON
def _surveys_acts(path: Path, key: str | None, as_json: bool) -> None:
    """Show what needed, or needs, a second person: who asked, who decided, and what became of it."""
    with _opened(path) as it, it.database.read() as connection:
        rows = [
            {
                "id": one.id,
                "survey": one.key,
                "act": one.act,
                "asked": show.local(one.asked_at, it.config.timezone),
                "by": one.asked_by,
                "state": one.state,
                "decided by": one.decided_by,
                "note": one.note,
            }
            for one in acts.every(connection, key)
        ]
    show.table(rows, as_json=as_json, empty="nothing has needed a second person")


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
@click.option("--again", is_flag=True, help="Also when it was announced before.")
def _events_announce(path: Path, key: str, again: bool) -> None:
    """Send the event's notice now, to all who are asked."""
    with _opened(path) as it, it.database.write() as connection:
        noticed = announce_event(connection, it.site, key, 0, clock(), again=again)
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
@click.option(
    "--why", "mail", metavar="ID", help="The history of a received mail (12), or of one of our copies (C12)."
)
@_JSON
def _queue(path: Path, mail: str | None, as_json: bool) -> None:
    """Show the inbox and the outbox by state, or the history of one mail."""
    found = re.fullmatch(r"(?:U-?|(c))?([0-9]{1,18})", mail or "0", re.IGNORECASE)
    if found is None:
        raise click.UsageError(f"--why: {mail!r} is no number such as 12, or C12 for a copy of ours")
    with _opened(path) as it, it.database.read() as connection:
        if mail is None:
            shown = show.queue(connection, clock())
        else:
            story = show.why_copy if found[1] else show.why
            shown = story(connection, int(found[2]), it.config.timezone)
    if as_json:
        show.as_json(shown)
    elif mail is None:
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


def _request(connection: Any, it: Open, key: str, act: Act, **detail: str) -> int | None:
    """Do an act about a survey, or ask a second person for it; returns its figure, None while it waits."""
    match request_act(connection, it.site, key, act, detail, by=COMMAND_LINE, now=clock()):
        case Done(_, figure, alone):
            if alone:
                print(
                    f"note: two persons should decide about this, and `desk:` in {it.config.file} names nobody else; "
                    f"that one alone did is on record (`mailbot surveys acts {key}`)"
                )
            return figure
        case Waiting(_, others, _):
            print(
                f"survey {key}: not done yet. It needs two persons; {' and '.join(others)} can approve it by reply "
                f"to the mail that is in the outbox; `mailbot surveys acts {key}` shows what waits"
            )
            return None


def _only_try(connection: Any, dry_run: bool) -> None:
    """Take everything back that this transaction did, when the person only wanted to see it."""
    if dry_run:
        connection.get_transaction().rollback()


def _outcome(changes: int, dry_run: bool) -> str:
    if not changes:
        return "nothing to change"
    what = "1 change" if changes == 1 else f"{changes} changes"
    return f"{what}; nothing was changed (--dry-run)" if dry_run else f"{what} applied"
