"""A person's reply to a question of ours, as the flows that act on it are handed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.mail.message import Message
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.confirmations import Confirmation
from mailbot.store.inbox import Received


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
