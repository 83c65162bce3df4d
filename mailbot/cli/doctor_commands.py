"""`mailbot doctor`: is everything well that the service stands on, and what has to be published in the DNS."""

from __future__ import annotations

import os
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, command
from mailbot.cli.root import root
from mailbot.core.mail.header import clean
from mailbot.doctor.checkup import Checkup, check_up
from mailbot.installation import clock
from mailbot.net.dns_client import DnsClient

_STATES = {"missing": "missing", "different": "differs", "published": "published", "unknown": "not looked at"}


@command(root, "doctor")
@click.option("--no-dns", is_flag=True, help="Ask the DNS nothing.")
@click.option(
    "--nameserver", metavar="ADDRESS[:PORT]", help="Ask this DNS server; default those of the system."
)
@JSON
def _doctor(path: Path, no_dns: bool, nameserver: str | None, as_json: bool) -> None:
    """Look at configuration, database, relay, mailboxes, DNS, clock and disk; change nothing."""
    server = _server(nameserver) if nameserver else None
    found = check_up(path, os.environ, clock, None if no_dns else DnsClient(nameserver=server))
    if as_json:
        show.as_json(
            {
                "faults": found.faults,
                "findings": [asdict(finding) for finding in found.findings],
                "records": [{**asdict(record), "zone_line": record.zone_line} for record in found.records],
            }
        )
    else:
        _print(found)
    if found.faults:
        raise click.exceptions.Exit(1)


def _print(found: Checkup) -> None:
    """One line for each finding, then the records, ready to be copied into a zone file."""
    for finding in found.findings:
        print(f"{finding.state:<8} {finding.area}: {clean(finding.what)}: {clean(finding.sentence)}")
    if found.records:
        print("\nDNS records to publish:")
    for record in found.records:
        print(f"\n; {record.why} ({_STATES[record.publication]})\n{clean(record.zone_line)}")
    states = [finding.state for finding in found.findings]
    print(
        f"\n{states.count('ok')} ok, {states.count('warning')} warnings, {found.faults} faults, "
        f"{states.count('skipped')} skipped"
    )


def _server(text: str) -> tuple[str, int]:
    host, colon, port = (
        text.rpartition(":") if text.count(":") == 1 or text.startswith("[") else (text, "", "")
    )
    if text.endswith("]") or not colon:
        host, port = text, "53"
    try:
        number = int(port)
        address = str(ip_address(host.strip("[]")))
    except ValueError:
        raise click.UsageError(f"--nameserver: {text!r} is not an IP address, or address:port") from None
    return address, number
