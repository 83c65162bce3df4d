"""`mailbot dkim`: the keys that sign outgoing mail, and their DNS records (RFC 6376)."""

from __future__ import annotations

from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, command
from mailbot.cli.root import CONFIG, root
from mailbot.core.mistake import Mistakes
from mailbot.folder.config import load_config, read_config
from mailbot.folder.config_file import selector as checked_selector
from mailbot.folder.dkim_keys import KeyType, make_key, public_key, zone_line
from mailbot.folder.secret_files import dkim_key_file
from mailbot.installation import clock


@root.group("dkim")
@CONFIG
def _dkim() -> None:
    """The keys that sign outgoing mail."""


@command(_dkim, "make")
@click.option("--selector", help="Its name in the DNS; default the year and a letter, such as 2026a.")
@click.option(
    "--type",
    "key_type",
    type=click.Choice(["rsa", "ed25519"]),
    default="rsa",
    show_default=True,
    help="Of the key; every receiver reads rsa.",
)
@JSON
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


@command(_dkim, "show")
@JSON
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
