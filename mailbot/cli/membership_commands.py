"""`mailbot lists`: who is on a list, and what each member gets."""

from __future__ import annotations

from pathlib import Path

import click

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.frame import JSON, command, opened
from mailbot.cli.list_commands import lists_group
from mailbot.core.lists.membership import MODES
from mailbot.flows.members.set_member import add_member, describe_members, remove_member, set_member
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members


@command(lists_group, "members")
@click.argument("name")
@JSON
def _lists_members(path: Path, name: str, as_json: bool) -> None:
    """Show the members of a list, and what each of them chose."""
    with opened(path) as it, it.database.read() as connection:
        lists.require(connection, name)
        rows = describe_members(
            members.people(connection),
            memberships.of_list(connection, name),
            lists.member_addresses(connection, name),
            it.site,
        )
    show.table(rows, as_json=as_json, empty=f"{name} has no members")


@acting(lists_group, "add")
@click.argument("name")
@click.argument("address")
def _lists_add(act: Acting, name: str, address: str) -> Deed:
    """Make somebody a member, whatever the list's `members:` select."""
    said = add_member(act.connection, act.it.site, name, address, act.now)
    return Deed(said, {"list": name, "address": address, "member": True})


@acting(lists_group, "remove")
@click.argument("name")
@click.argument("address")
def _lists_remove(act: Acting, name: str, address: str) -> Deed:
    """Take a member out, whatever the list's `members:` select."""
    said = remove_member(act.connection, name, address, act.now)
    return Deed(said, {"list": name, "address": address, "member": False})


@acting(lists_group, "set")
@click.argument("name")
@click.argument("address")
@click.option("--mode", type=click.Choice(MODES), help="How posts come.")
@click.option("--weekly", type=click.Choice(["yes", "no"]), help="Digests and notices once a week.")
@click.option("--profile", type=click.Choice(["plain", "none"]), help="Posts as plain text, without files.")
@click.option("--off", metavar="DATES", help='No mail: "7/1 7/20", "7/1", now; or no to end it.')
@click.option("--own", type=click.Choice(["yes", "no"]), help="Copies of his own posts.")
@click.option("--receipts", type=click.Choice(["yes", "no"]), help="He hears when his post has gone out.")
@click.option(
    "--posting",
    type=click.Choice(["accept", "hold", "reject", "discard", "rules"]),
    help="What becomes of his posts.",
)
def _lists_set(
    act: Acting,
    name: str,
    address: str,
    mode: str | None,
    weekly: str | None,
    profile: str | None,
    off: str | None,
    own: str | None,
    receipts: str | None,
    posting: str | None,
) -> Deed:
    """Change what a member gets."""
    settings: dict[str, object] = {} if mode is None else {"mode": mode}
    if profile is not None:
        settings["profile"] = "plain" if profile == "plain" else ""
    if weekly is not None:
        settings["weekly"] = weekly == "yes"
    if own is not None:
        settings["copies_own"] = own == "yes"
    if receipts is not None:
        settings["receipts"] = receipts == "yes"
    if posting is not None:
        settings["posting"] = None if posting == "rules" else posting
    said = set_member(act.connection, act.it.site, name, address, act.now, off=off, **settings)
    rest = {} if off is None else {"off": off}
    return Deed(said, {"list": name, "address": address, **settings, **rest})
