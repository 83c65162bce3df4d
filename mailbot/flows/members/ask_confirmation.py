"""Ask one person for a word by mail: the reply address of the mail works once, for him alone, until it expires."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.mail.token import confirm_token, token_hash
from mailbot.site import Site
from mailbot.store import confirmations, outbox

LASTS = timedelta(days=7)


def ask_confirmation(
    connection: Connection,
    site: Site,
    kind: str,
    address: str,
    cooked: bytes,
    now: datetime,
    *,
    template: str,
    about: str,
    detail: Mapping[str, str],
    by_mail: bool,
    lasts: timedelta = LASTS,
    inbox_id: int | None = None,
    bounces: str | None = None,
) -> bool:
    """Queue a rendered question to this address; `flows/members/settle_confirmation.py` does what a yes to `kind` means.

    `by_mail`: anybody's mail may have caused it, so that the limits of promises.md I30 hold; False when they forbid it.
    `template` is the name of the mail, `about` the list or the mail that it is about; with `bounces` the mail has a return
    path of its own.
    """
    if by_mail and not confirmations.may_ask(connection, address, now):
        return False
    number = confirmations.make(
        connection,
        kind,
        address,
        detail,
        now + lasts,
        lambda row: token_hash(confirm_token(site.key, row)),
        about=about,
        now=now,
        by_mail=by_mail,
    )
    mailing_id = outbox.add_mailing(
        connection,
        kind=template,
        subject=confirmations.subject_of(number),  # the reply is read beside the mail that it answers
        cooked=cooked,
        bounces=bounces,
        now=now,
        inbox_id=inbox_id,
    )
    outbox.queue(connection, mailing_id, [outbox.Addressee(address, None, {"confirm": str(number)})], now)
    return True
