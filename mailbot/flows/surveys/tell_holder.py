"""Tell a member that it holds another's proxy 委任, or holds it no more: how it votes, or whether it comes, now counts for two.

A proxy to a body takes part only in a vote of its holder that came after it (ballot.md section 11), so the mail in which a
resolution's holder learns of one is a ballot. The chair is told of none: it may have hundreds, and knows that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.surveys.ledger import IN_TALLY, Standing
from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.flows.surveys.answer_reply import queue_receipt, standing_of
from mailbot.render import ProxyChange
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.sending import allowances
from mailbot.store.surveys import ballots, gateways, proxies, surveys
from mailbot.store.surveys.ballots import Ballot

_MOST_NAMED = 10  # givers


def tell_holder(
    connection: Connection,
    site: Site,
    kind: str,
    key: str,
    proxy: Proxy,
    cook: Callable[[ProxyChange, Ballot], bytes],
    now: datetime,
    *,
    ended_at: datetime | None,
    inbox_id: int | None,
) -> None:
    """Queue the news for the body that holds a proxy: it was recorded, or it ended at this moment.

    `cook` makes the mail for each ballot of the body. However often somebody gives and takes back a proxy, `spend_duty_mail`
    limits the mails to its holder.
    """
    if proxy.holder == CHAIR:
        return
    held = [one.code for one in proxies.standing(connection, key) if one.holder == proxy.holder]
    names = members.bodies(connection, [proxy.code, *held[:_MOST_NAMED]])
    change = ProxyChange(
        giver=names[proxy.code].name if proxy.code in names else proxy.code,
        at=ended_at or proxy.recorded_at,
        ended=ended_at is not None,
        count=len(held),
        names=_listed(
            [names[code].name for code in held[:_MOST_NAMED] if code in names], len(held), site.language
        ),
    )
    for ballot in ballots.of_subject(connection, key, proxy.holder):
        if allowances.spend_duty_mail(connection, ballot.address, now):
            queue_receipt(connection, kind, cook(change, ballot), ballot, [ballot.address], inbox_id, now)


def _listed(names: Sequence[str], count: int, language: Language) -> str:
    more = count - len(names)
    if language == "ja":
        return "、".join(names) + (f"、ほか{more}団体" if more else "")
    return ", ".join(names) + (f", and {more} more" if more else "")


def tell_voter(
    connection: Connection,
    site: Site,
    key: str,
    proxy: Proxy,
    now: datetime,
    *,
    ended_at: datetime | None = None,
    inbox_id: int | None,
) -> None:
    """Tell the holder of a proxy in a resolution, with the ballot where it is to vote."""
    stored = surveys.load(connection, key)
    assert stored is not None, "a proxy has its resolution"

    def cook(change: ProxyChange, ballot: Ballot) -> bytes:
        stands: Standing | None = standing_of(connection, ballot, stored.survey.unit)
        return site.render.results.proxy_held(
            stored.survey,
            change,
            voted=stands is not None and stands.row.status in IN_TALLY,
            edition=1 if stands is None else stands.row.version + 1,
            now=now,
            layout=gateways.layout_of(connection, ballot),
        )

    tell_holder(connection, site, "proxy_held", key, proxy, cook, now, ended_at=ended_at, inbox_id=inbox_id)
