"""Stop what is being sent to many, let it go on, or let the rest never leave, and say how many are out already (I23)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from mailbot.core.lists.reach import Reach
from mailbot.core.office.run_words import run_sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.pass_on import pass_on
from mailbot.site import Site
from mailbot.store.office import journal
from mailbot.store.sending import sendings

Steer = Literal["stop", "resume", "cancel"]


class Steered(NamedTuple):
    """What was done about the mailings under way."""

    said: tuple[str, ...]  # sentences, in the site's language
    copies: int  # that were stopped, go on, or never leave
    total: int
    out: int  # of these had left


def steer_sending(
    connection: Connection, site: Site, key: str, do: Steer, now: datetime, *, by: str
) -> Steered:
    """Stop, resume or cancel every mailing to many about this list, survey, event or bulletin.

    A copy that is on the wire this moment still leaves. Raises Refusal when nothing is under way.
    """
    found = sendings.under_way(connection, key)
    if not found:
        raise Refusal(run_sentence(site.language, "nothing-leaves", key=key))
    ids = [one.mailing_id for one in found]
    total, out = sum(one.total for one in found), sum(one.out for one in found)
    match do:
        case "stop":
            count = sendings.rest(connection, ids)
        case "resume":
            count = sendings.resume(connection, ids)
        case "cancel":
            count = sendings.withdraw(connection, ids, f"withdrawn by {by}", now)
    if not count:
        kind = {"stop": "stopped-already", "resume": "not-stopped", "cancel": "nothing-leaves"}[do]
        raise Refusal(run_sentence(site.language, kind, key=key))
    journal.add(
        connection,
        f"sending.{do}",
        now,
        who=by,
        about=key,
        detail=f"{count} copies; {out} of {total} were out",
    )
    passed = pass_on(connection, ids, now) if do == "cancel" else Reach(0)
    figures = {"key": key, "count": count, "total": total, "out": out}
    said = [run_sentence(site.language, f"sending-{do}", **figures)]
    if passed != Reach(0):
        said[0] += run_sentence(site.language, "sending-passed", count=passed.words(site.language))
    if do == "stop":
        said.append(run_sentence(site.language, "sending-hint", **figures))
    return Steered(tuple(said), count, total, out)
