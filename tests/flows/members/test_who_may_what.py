"""The table of roles in the manuals, held where it is cheap: which command of a closed list is done for whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.lists.list_command import (
    ChangeAddress,
    Command,
    Index,
    Invite,
    LeaveList,
    Off,
    OwnCopies,
    Who,
)
from mailbot.core.refusal import Refusal
from mailbot.flows.members.join_list import admits
from mailbot.flows.members.perform_list_command import Writer, perform_list_command
from tests.flows.post_office import OFFICE, SATO, SECURITY, STRANGER, TAKAHASHI, TANAKA, YAMADA, PostOffice

LIST = replace(SECURITY, moderators=(TANAKA,))
ROLES = {"office": OFFICE, "moderator": TANAKA, "member": SATO, "stranger": STRANGER}

# Who is not named is refused with a sentence.
MAY: dict[str, tuple[Command, set[str]]] = {
    "leave": (LeaveList(), {"member"}),
    "off": (Off(), {"member"}),
    "own copies": (OwnCopies(False), {"member"}),
    "contents": (Index(), {"member"}),
    "who": (Who(), {"office", "member"}),
    "invite": (Invite((TAKAHASHI,)), {"office", "moderator", "member"}),
    "member's new address": (ChangeAddress(SATO, "new@city.matsumoto.lg.jp"), {"member"}),
}


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("command", sorted(MAY))
def test_each_command_is_done_for_those_whom_the_table_names(
    office: PostOffice, command: str, role: str
) -> None:
    """Office, moderator, member and stranger each get what the table says, and nothing more."""
    office.apply(LIST)
    wanted, may = MAY[command]
    writer = Writer(ROLES[role], proved=True, list_name=LIST.name)
    with office.database.write() as connection:
        try:
            perform_list_command(connection, office.site, writer, wanted, office.now)
            done = True
        except Refusal:
            done = False
    assert done == (role in may)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_office_and_moderators_let_others_in(office: PostOffice, role: str) -> None:
    """Nobody else does."""
    with office.database.read() as connection:
        assert admits(connection, office.site, LIST, ROLES[role]) == (role in {"office", "moderator"})


def test_a_colleague_of_the_body_may_ask_for_a_new_address(office: PostOffice) -> None:
    """The office's word is asked after the new address has confirmed it."""
    office.apply(LIST)
    wanted = ChangeAddress(YAMADA, "new@city.nagano.lg.jp")
    with office.database.write() as connection:
        perform_list_command(
            connection,
            office.site,
            Writer("somebody@city.nagano.lg.jp", proved=True, list_name=""),
            wanted,
            office.now,
        )
    assert office.only_copy("confirm_address").to == "new@city.nagano.lg.jp"
