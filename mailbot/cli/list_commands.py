"""`mailbot lists`: the lists and who is on them."""

from __future__ import annotations

from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, command, config_of, opened
from mailbot.cli.root import CONFIG, CommandGroup, root
from mailbot.core.lists.mailing_list import joining, leaving, viewers
from mailbot.store.lists import lists

_FIRST = 5  # members whom `show` names


@root.group(
    "lists",
    cls=CommandGroup,
    files={
        "import": "old_list_commands",
        **dict.fromkeys(("start", "stop"), "emergency_commands"),
        **dict.fromkeys(("add", "members", "remove", "set"), "membership_commands"),
    },
    invoke_without_command=True,
)
@CONFIG
@JSON
@click.pass_context
def lists_group(context: click.Context, as_json: bool) -> None:
    """Show the lists; or look after the members of one."""
    if context.invoked_subcommand is not None:
        return
    path = config_of(context)
    with opened(path) as it, it.database.read() as connection:
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


@command(lists_group, "show")
@click.argument("name")
@JSON
def _lists_show(path: Path, name: str, as_json: bool) -> None:
    """Show one list: its rules as they hold, its moderators, how many members and who is first."""
    with opened(path) as it, it.database.read() as connection:
        value = lists.require(connection, name)
        addresses = lists.member_addresses(connection, name)
        facts: dict[str, object] = {
            "name": name,
            "address": f"{name}@{it.config.domain}",
            "title": value.title,
            "preset": value.preset,
            "subject_prefix": value.subject_prefix,
            "posts": lists.last_number(connection, name),
            "members": len(addresses),
            "first": addresses[:_FIRST],
            "moderators": list(value.moderators) or [it.config.office],
            "join": joining(value),
            "leave": leaving(value),
            "who": viewers(value),
            "reply_to": value.reply_to,
            "archive": value.archive,
            "max_size": value.max_size,
            "hold_days": value.hold_days,
            "hours": "-".join(f"{one:%H:%M}" for one in value.hours) if value.hours else "any",
        }
    if as_json:
        show.as_json(facts)
        return
    show.facts({key: _words(fact) for key, fact in facts.items()})


def _words(fact: object) -> object:
    if isinstance(fact, list):
        return ", ".join(fact)
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return fact
