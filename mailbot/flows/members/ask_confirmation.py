"""Ask one person for a word by mail: the reply address of the mail works once, for that person alone, until it expires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from mailbot.core.mail.token import confirm_token, token_hash
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.members import confirmations
from mailbot.store.members.confirmations import NewConfirmation
from mailbot.store.sending import outbox

LASTS = timedelta(days=7)


@dataclass(frozen=True)
class ConfirmationQuestion:
    """What one person is asked, and by which mail."""

    kind: str  # what a yes does: flows/members/settle_confirmation.py
    address: str  # to whom it is sent; nobody else may answer
    template: str  # of the mail
    about: str  # the list, the address, the body, ...
    detail: Mapping[str, str]  # what is needed to do what a yes says
    by_mail: bool  # anybody's mail may have caused it, so that the limits of promises.md I30 hold
    lasts: timedelta = LASTS
    inbox_id: int | None = None  # the mail that caused it
    bounces: str | None = None  # local part of a return path of its own, such as "bounce"


def ask_confirmation(
    connection: Connection,
    site: Site,
    question: ConfirmationQuestion,
    now: datetime,
    *,
    thread: Thread | None = None,
    **words: Any,  # as the template names them
) -> bool:
    """Queue a question, its template filled with these words; False where the limits of promises.md I30 forbid it."""
    if question.by_mail and not confirmations.may_ask(connection, question.address, now):
        return False
    new = NewConfirmation(
        question.kind,
        question.about,
        question.address,
        question.detail,
        now + question.lasts,
        by_mail=question.by_mail,
    )
    number = confirmations.make(connection, new, lambda row: token_hash(confirm_token(site.key, row)), now)
    mailing_id = outbox.add_mailing(
        connection,
        kind=question.template,
        subject=confirmations.subject_of(number),  # the reply is read beside the mail that it answers
        cooked=site.render.letter(question.template, now=now, thread=thread, answerable=True, **words),
        bounces=question.bounces,
        now=now,
        inbox_id=question.inbox_id,
    )
    copy = outbox.Addressee(question.address, None, {"confirm": str(number)})
    outbox.queue(connection, mailing_id, [copy], now)
    return True
