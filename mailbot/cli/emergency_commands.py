"""`mailbot lists stop`, `start`: a list is stopped in an emergency, and goes on."""

from __future__ import annotations

import click

from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.list_commands import lists_group
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.flows.lists.stop_list import start_list, stop_list


@acting(lists_group, "stop")
@click.argument("name")
@click.option("--withdraw", is_flag=True, help="The copies that have not left yet never will.")
def _lists_stop(act: Acting, name: str, withdraw: bool) -> Deed:
    """Stop a list in an emergency: no copy of a post leaves any more, and whatever arrives is held."""
    said = stop_list(act.connection, name, COMMAND_LINE, act.now, withdraw=withdraw)
    return Deed(said, {"list": name, "stopped": True})


@acting(lists_group, "start")
@click.argument("name")
def _lists_start(act: Acting, name: str) -> Deed:
    """Let a stopped list go on."""
    said = start_list(act.connection, name, COMMAND_LINE, act.now)
    return Deed(said, {"list": name, "stopped": False})
