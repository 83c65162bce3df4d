"""A member's posts come in another form from now on: none is lost, none comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.digest import DIGESTS
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.membership import Membership, Mode
from mailbot.flows.lists.queue_digest import queue_digest
from mailbot.site import Site
from mailbot.store.lists import lists, memberships


def change_mode(
    connection: Connection,
    site: Site,
    value: MailingList,
    address: str,
    mode: Mode,
    now: datetime,
    *,
    weekly: bool,
) -> Membership:
    """Return a member's settings with the new form, to be saved.

    Somebody who leaves digests gets a last one at once, with what has gathered. Somebody who begins with them has had
    everything up to now. From one kind of digest to the other, what has gathered comes in the new one. No post goes out meanwhile.
    """
    last = lists.lock_number(connection, value.name)
    before = memberships.load(connection, value.name, address)
    if before.mode in DIGESTS and mode == "each" and value.archive:
        queue_digest(connection, site, value, now, only=address)
    if before.mode not in DIGESTS and mode in DIGESTS:
        before = replace(before, digested=last)
    return replace(before, mode=mode, weekly=weekly)
