"""What every command stands in: its options, the opened installation, and how an act or a trial run ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from mailbot.cli.root import CONFIG, NAMED
from mailbot.core.refusal import Refusal
from mailbot.folder.config import Config, find_config, load_config
from mailbot.installation import make_site, open_database
from mailbot.site import Site
from mailbot.store.database import Database

PATH = click.Path(path_type=Path, readable=False)  # what cannot be read, the command itself says
# Of a mail, a post or an import: no column of the database holds a higher one
NUMBER = click.IntRange(1, 10**18 - 1)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
UNUSED_CONFIG = click.option(  # on commands that make a folder, or bring their own: every command takes it
    "--config", metavar="FILE", expose_value=False, help="Taken like everywhere; this command reads none."
)


@dataclass(frozen=True)
class Open:
    """An opened installation, for one command."""

    config: Config
    site: Site
    database: Database


def config_of(context: click.Context) -> Path:
    """Return the configuration that --config names, after the command or after a group or `mailbot` before it."""
    return find_config(context.meta.get(NAMED), os.environ, Path.cwd())


def command(group: click.Group, name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command that takes --config, before or after its name, and is handed the file."""

    def decorate(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        @click.pass_context
        def run(context: click.Context, /, **arguments: Any) -> None:
            function(config_of(context), **arguments)

        return group.command(name)(CONFIG(run))

    return decorate


@contextmanager
def opened(path: Path) -> Iterator[Open]:
    """Open the installation of a configuration; what is wrong in it is raised as Mistakes."""
    config = load_config(path)
    site = make_site(config)
    database = open_database(config)
    try:
        yield Open(config, site, database)
    finally:
        database.close()


def write_out(content: bytes, target: Path | None, *, say: bool = True) -> None:
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
    if say:
        print(target)


def only_try(connection: Any, dry_run: bool) -> None:
    """Take back all that this transaction did, in a trial run."""
    if dry_run:
        connection.get_transaction().rollback()


def outcome(changes: int, dry_run: bool) -> str:
    """Return the last line of a command that changes things."""
    if not changes:
        return "nothing to change"
    what = "1 change" if changes == 1 else f"{changes} changes"
    return f"{what}; nothing was changed (--dry-run)" if dry_run else f"{what} applied"
