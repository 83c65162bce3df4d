"""A post to a list, as the flows that act on it are handed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.message import Message
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.mail.inbox import Received


@dataclass(frozen=True)
class ListPost:
    """One post to one list."""

    site: Site
    received: Received
    message: Message
    list: MailingList
    now: datetime

    @property
    def author(self) -> str | None:
        """The one unambiguous address in its From."""
        return self.message.from_address

    @property
    def thread(self) -> Thread:
        """The thread that an answer to it belongs to."""
        return Thread.of(self.message)
