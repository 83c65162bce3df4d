"""A person's reply to a question of ours, as the flows that act on it are handed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.mail.mailing import copy_shown
from mailbot.core.mail.message import Message, parse
from mailbot.flows.know_recipient import token_answered
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations
from mailbot.store.members.confirmations import Confirmation


@dataclass(frozen=True)
class QuestionReply:
    """One reply to one question."""

    site: Site
    received: Received
    message: Message
    asked: Confirmation
    sent: str  # the text of the mail that asked; "": it is no longer kept
    now: datetime

    def say(self, name: str, /, **figures: object) -> str:
        """Return a sentence for members in the site's language."""
        return list_sentence(self.site.language, name, **figures)

    @property
    def thread(self) -> Thread:
        """The mail, as an answer names it."""
        return Thread.of(self.message)

    @property
    def is_late(self) -> bool:
        """Whether the word was given already, or the time for it is over."""
        return self.asked.used_at is not None or self.now >= self.asked.expires_at


def question_of_mail(connection: Connection, site: Site, received: Received) -> Confirmation | None:
    """Return the question of ours that a mail was sent to, by the token of its recipient; None when there is none."""
    hashed = token_answered(connection, site, received.recipient)
    return None if hashed is None else confirmations.by_token(connection, hashed)


def text_of_question(connection: Connection, asked: Confirmation) -> str:
    """Return the text of the mail that asked; "" when it is no longer kept."""
    cooked = confirmations.mail_of(connection, asked.id)
    return "" if cooked is None else parse(copy_shown(cooked)).text
