"""`mailbot rehearse`: what a mail would cause."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, PATH, Open, command, opened
from mailbot.cli.root import root
from mailbot.core.mail.header import clean
from mailbot.core.mail.message import parse
from mailbot.core.refusal import Refusal
from mailbot.flows.rehearse import Rehearsal, rehearse
from mailbot.installation import clock
from mailbot.sender_lookup import make_sender_check


@command(root, "rehearse")
@click.argument("file", type=PATH)
@click.option("--to", "recipient", required=True, metavar="ADDRESS", help="The envelope recipient.")
@click.option("--from", "sender", metavar="ADDRESS", help="The envelope sender; default the mail's From.")
@click.option(
    "--client", metavar="IP", help="Whence it comes, where senders are looked at; default a host of our own."
)
@click.option("--helo", default="", metavar="NAME", help="By which name that host greets.")
@JSON
def _rehearse(
    path: Path, file: Path, recipient: str, sender: str | None, client: str | None, helo: str, as_json: bool
) -> None:
    """Say what a mail would cause: each rule with its result, the final headers, the recipients; nothing is sent."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise Refusal(f"{file}: cannot be read: {error.strerror}") from error
    with opened(path) as it:
        results = _looked_at(it, raw, sender, client, helo)
        with it.database.read() as connection:
            shown = rehearse(connection, it.site, raw, recipient, sender, clock(), results)
    if as_json:
        show.as_json(vars(shown))
    else:
        _print(shown)


def _looked_at(it: Open, raw: bytes, sender: str | None, client: str | None, helo: str) -> str | None:
    """Return what is found out about the sender where that is done by ourselves; asks the DNS."""
    check = make_sender_check(it.config)
    if client is not None and check is None:
        raise click.UsageError("--client: nobody looks at senders here; see `authenticate:`")
    if check is None:
        return None
    try:
        host = str(ip_address(client)) if client is not None else ""
    except ValueError:
        raise click.UsageError(f"--client: {client!r} is no IP address such as 192.0.2.1") from None
    mail_from = sender if sender is not None else parse(raw).from_address or ""
    protocol = "smtp" if client is not None else "lmtp"
    return check.look(raw, peer=host, protocol=protocol, helo=helo, mail_from=mail_from, now=clock()).text


def _print(shown: Rehearsal) -> None:
    """Print what a mail would cause."""
    show.facts(
        {
            "to": shown.recipient,
            "means": shown.means,
            "author": shown.author or "not one unambiguous address",
            "authentication": shown.authentication or "nothing is known about its sender",
        }
    )
    if shown.rules:
        show.table(
            [{"rule": name, "result": result} for name, result in shown.rules], as_json=False, empty=""
        )
    show.facts({"outcome": shown.outcome})
    for line in shown.headers:
        print("  " + clean(line))
    for address in shown.recipients[:20]:
        print("  -> " + clean(address))
    if len(shown.recipients) > 20:
        print(f"  -> and {len(shown.recipients) - 20} more")
