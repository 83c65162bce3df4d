"""A mail to the address of List-Unsubscribe: the token of a member's own copy is the proof that he writes (RFC 2369)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import read_leave_token
from mailbot.flows.members.obey_member import obey_member
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.mail.inbox import Received
from mailbot.store.members import other_addresses
from mailbot.store.sending import outbox

_LEAVE: Mapping[Language, str] = {"ja": "退会", "en": "unsubscribe"}  # as its answer quotes it


def leave_by_address(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    list_name: str,
    token: str | None,
    now: datetime,
) -> Settled:
    """Let the member whose copy carried the token leave; anybody else, and anybody without a token, is asked first.

    The token names his copy, which stays what it is however often the list's members are counted anew.
    """
    copy = None if token is None else read_leave_token([site.key], list_name, token)
    address = None if copy is None else outbox.address_of(connection, copy)
    own = (
        address is not None
        and message.from_address is not None
        and other_addresses.same_person(connection, address, message.from_address)
    )
    return obey_member(
        connection, site, received, message, list_name, now, lines=(_LEAVE[site.language],), proved=own
    )
