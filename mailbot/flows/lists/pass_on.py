"""Pass on what a list withdraws: lists that had the same mail send it to those they left out because of it (promises.md I10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection

from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.reach import Reach
from mailbot.core.lists.target import target_of
from mailbot.core.mail.message import Message, parse, thread_of
from mailbot.flows.lists.distribute_post import by_other_lists
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.members import other_addresses
from mailbot.store.sending import fan_outs, outbox, sendings
from mailbot.store.sending.outbox import PostForm


def pass_on(connection: Connection, mailings: Collection[int], now: datetime) -> Reach:
    """Queue by other lists what was just withdrawn of these mailings; returns to how many.

    A list that has itself withdrawn or destroyed the mail sends it to nobody; on a stopped list the copies rest.
    """
    passed = Reach(0)
    withdrawn = outbox.post_forms(connection, mailings)
    for name, inbox_id in dict.fromkeys((form.list_name, form.inbox_id) for form in withdrawn):
        received = inbox.load(connection, inbox_id)
        assert received is not None, "its mailings refer to it"
        message = parse(received.content)
        fingerprint = received.fingerprint(message)
        others = outbox.post_forms(connection, by_other_lists(connection, name, fingerprint, now))
        for other, found in groupby(others, key=lambda form: form.list_name):
            forms = list(found)
            if all(form.goes for form in forms):
                had = [*by_other_lists(connection, other, fingerprint, now), *(form.id for form in forms)]
                passed += _send(connection, other, forms, message, had, now)
    return passed


def _send(
    connection: Connection,
    name: str,
    forms: Sequence[PostForm],
    message: Message,
    had: Collection[int],
    now: datetime,
) -> Reach:
    """Queue the forms of a list's post to its members who have none of these mailings."""
    value = lists.load(connection, name)
    assert value is not None, "the names were read in this transaction"
    target = target_of(message.text)
    author = message.from_address
    fan_outs.finish(connection, name)  # what is under way has members of its own who are passed by
    home = author and other_addresses.home(connection, author)
    to = Expansion(name, now, home, thread_of(message), value.archive, target)
    reach = Reach(0)
    for profile, form in zip(("", "plain") if len(forms) > 1 else (None,), forms, strict=True):
        begun = fan_outs.begin(connection, form.id, to, profile=profile, had=had)
        reach += Reach(begun.queued, more=begun.more)
    if value.stopped or any(form.rests for form in forms):
        sendings.rest(connection, [form.id for form in forms])
    return reach
