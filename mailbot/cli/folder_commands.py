"""The commands about the working folder and its files: `init`, `check`."""

from __future__ import annotations

import secrets
import shlex
import sys
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, PATH, UNUSED_CONFIG, command
from mailbot.cli.root import root
from mailbot.folder.definitions import check_folder
from mailbot.folder.new_folder import make_folder


@root.command("init")
@click.argument("folder", type=PATH)
@JSON
@UNUSED_CONFIG
def _init(folder: Path, as_json: bool) -> None:
    """Make a working folder that runs as it is."""
    made = make_folder(folder, secrets.token_bytes(32))
    config = folder / "config" / "mailbot.yaml"
    if as_json:
        show.as_json({"folder": str(folder), "config": str(config), "files": [str(path) for path in made]})
        return
    for path in made:
        print(path)
    print(f"\nNext: edit {config}, then\n  mailbot check --config {shlex.quote(str(config))}")


@command(root, "check")
@JSON
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
