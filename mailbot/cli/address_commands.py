"""`mailbot members address`: the addresses of one person 別アドレス, and two entries that are one person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, Open, command, only_try, opened
from mailbot.cli.member_commands import members_group, show_imported
from mailbot.cli.root import CONFIG
from mailbot.core.mail.address import same_address
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.flows.members.add_address import add_address
from mailbot.flows.members.drop_address import drop_address
from mailbot.flows.members.merge_persons import merge_persons
from mailbot.installation import clock
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import members, other_addresses

DRY_RUN = click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")


@members_group.group("address")
@CONFIG
def _address() -> None:
    """The addresses of one person: his mail goes to one, and he writes from any."""


@command(_address, "show")
@click.argument("address")
@JSON
def _show(path: Path, address: str, as_json: bool) -> None:
    """Show all addresses of the person at one of them, where he is registered, and his lists."""
    with opened(path) as it, it.database.read() as connection:
        people = members.people_at(connection, address)
        own = lists.of_address(connection, people[0].contact.email) if people else []
    if not people:
        raise Refusal(f"{address} is not registered; `mailbot members export` lists who is")
    contact = people[0].contact
    shown: show.Row = {
        "address": contact.email,
        "others": sorted(contact.others),
        "people": [one.names for one in people],
        "codes": [one.body.code for one in people],
        "lists": own,
    }
    if as_json:
        show.as_json(shown)
        return
    show.facts(
        {name: ", ".join(value) if isinstance(value, list) else value for name, value in shown.items()}
    )


@command(_address, "add")
@click.argument("address")
@click.argument("new")
@DRY_RUN
@JSON
def _add(path: Path, address: str, new: str, dry_run: bool, as_json: bool) -> None:
    """Let the person at ADDRESS write from NEW too; the office vouches for it, and NEW is not asked."""
    with opened(path) as it, it.database.write() as connection:
        theirs = members.people_at(connection, new)
        if theirs and not other_addresses.same_person(connection, address, new):
            raise Refusal(
                f"{new} belongs to {theirs[0].contact.email} already, and an address has one owner; if both are one "
                f"person, `mailbot members address merge {address} {new}` makes them so"
            )
        done = add_address(connection, _english(it), address, new, COMMAND_LINE, clock())
        names = members.bodies(connection)
        only_try(connection, dry_run)
    show_imported(done, names, {}, dry_run=dry_run, as_json=as_json)


@command(_address, "drop")
@click.argument("address")
@DRY_RUN
@JSON
def _drop(path: Path, address: str, dry_run: bool, as_json: bool) -> None:
    """Forget a further address; what comes from it is a stranger's again."""
    with opened(path) as it, it.database.write() as connection:
        people = members.people_at(connection, address)
        if not people:
            raise Refusal(f"{address} is not registered; `mailbot members export` lists who is")
        if same_address(people[0].contact.email, address):
            raise Refusal(
                f"{address} is where that person's mail goes; another takes its place in the file of the register, "
                "and `mailbot members import` brings it here"
            )
        done = drop_address(connection, _english(it), address, address, COMMAND_LINE, clock())
        names = members.bodies(connection)
        only_try(connection, dry_run)
    show_imported(done, names, {}, dry_run=dry_run, as_json=as_json)


@command(_address, "merge")
@click.argument("address")
@click.argument("other")
@DRY_RUN
@JSON
def _merge(path: Path, address: str, other: str, dry_run: bool, as_json: bool) -> None:
    """Two entries are one person: everything of OTHER becomes ADDRESS's, where mail goes; OTHER is a further address."""
    with opened(path) as it, it.database.write() as connection:
        done = merge_persons(connection, address, other, COMMAND_LINE, clock())
        names = members.bodies(connection)
        only_try(connection, dry_run)
    show_imported(done, names, {}, dry_run=dry_run, as_json=as_json)


def _english(it: Open) -> Site:
    """Return the site with refusals for the terminal, where English is spoken."""
    return replace(it.site, language="en")
