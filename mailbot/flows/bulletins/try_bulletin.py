"""Send trial copies of a bulletin to a test panel: just what readers will get, marked in the Subject, counted nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.mail.address import valid_address
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.two_persons import distinct
from mailbot.flows.bulletins.compose_bulletin import compose_bulletin
from mailbot.flows.bulletins.send_bulletin import bulletin_to_change
from mailbot.site import Site
from mailbot.store.office import journal
from mailbot.store.sending import outbox

_MARK = {"ja": "【試し送り】", "en": "[Trial] "}


def try_bulletin(
    connection: Connection, site: Site, key: str, to: Sequence[str], now: datetime, *, by: str
) -> tuple[str, ...]:
    """Queue a trial copy to these, or to the panel that the bulletin names; returns to whom.

    Raises Refusal when neither names anybody, or what is named is no address.
    """
    stored = bulletin_to_change(connection, key)
    for address in to:
        if not valid_address(address):
            raise Refusal(f"--to: {address!r} is not a mail address such as sato@city.example.jp")
    panel = distinct(to or stored.bulletin.test_to)
    if not panel:
        raise Refusal(
            f"bulletin {key}: nobody is named for a trial; write test: [ADDRESS] there, or name them with --to"
        )
    composed = compose_bulletin(connection, site, stored.bulletin, now, marked=_MARK[site.language])
    mailing_id = outbox.add_mailing(
        connection, kind="bulletin_trial", subject=key, cooked=composed.trial, bounces=None, now=now
    )
    outbox.queue(connection, mailing_id, [outbox.Addressee(address) for address in panel], now)
    journal.add(connection, "bulletin.tried", now, who=by, about=key, detail=f"to {', '.join(panel)}")
    return panel
