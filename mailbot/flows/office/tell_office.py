"""Queue a mail to the secretariat: something needs a person, who answers it by reply with a word that works once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.mail.address import Reply
from mailbot.core.mail.token import desk_token, token_hash
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.office import desk_words
from mailbot.store.sending import allowances, outbox

WORD_LASTS = timedelta(days=14)
NOT_TOLD = "the office was not told again: too many reports this hour"  # in a mail's history


def tell_office(
    connection: Connection,
    site: Site,
    cooked: bytes,
    now: datetime,
    *,
    kind: str,
    inbox_id: int | None = None,
    to: Sequence[str] | None = None,
    act_id: int | None = None,
    by_others: bool = False,
) -> None:
    """Queue a rendered mail to the office, or to these people of it, unless one has had too many this hour.

    `by_others`: what strangers or members do causes it, so that they could cause a flood. What the office asked for, or
    what comes by plan, is counted apart: no flood may swallow the mail that an act waits for, or the daily one.

    Each copy has a reply address of its own, which works once and for two weeks; with `act_id` its reader may approve
    that act, or send it back.
    """
    spend = allowances.spend_duty_mail if by_others else allowances.spend_asked_mail
    for address in (site.office,) if to is None else to:
        if not spend(connection, address, now):
            inbox.note(connection, NOT_TOLD, now=now, inbox_id=inbox_id)
            if inbox_id is not None:
                allowances.leave_untold(connection, address, now)  # tell_untold.py: in one mail, later
            continue
        word_id = desk_words.make(
            connection,
            address,
            act_id,
            now + WORD_LASTS,
            lambda number: token_hash(desk_token(site.key, number)),
        )
        mailing_id = outbox.add_mailing(
            connection,
            kind=kind,
            subject=desk_words.subject_of(word_id),  # a reply is read beside the mail that it answers
            cooked=cooked,
            bounces=None,
            now=now,
            inbox_id=inbox_id,
        )
        copy = outbox.Addressee(address, None, {"desk": str(word_id)})
        outbox.queue(connection, mailing_id, [copy], now)


def report_to_office(connection: Connection, site: Site, item: ReportItem, now: datetime) -> None:
    """Queue a mail to the office with one thing that it should know."""
    tell_office(connection, site, site.render.office.report((item,), now=now), now, kind="office_report")


def is_desk_word(connection: Connection, site: Site, recipient: str) -> bool:
    """Tell whether an address is the reply address of one of these mails: what comes there is a command."""
    found = site.route(recipient, ())
    return isinstance(found, Reply) and desk_words.by_token(connection, token_hash(found.token)) is not None
