"""Whether a post is a short reply, such as 「了解しました」, which was perhaps meant for one person."""

from __future__ import annotations

import re

from mailbot.core.mail.message import Message
from mailbot.core.reading.text.own_lines import own_lines

SHORT = 30  # characters of its own, blanks not counted
# A Subject that a program marks as an answer's.
_REPLY = re.compile(r"\s*(?:re|aw|sv|返信|回答)\s?(?:\^[0-9]+|\[[0-9]+\])?\s?[:\uff1a]", re.IGNORECASE)
_LONGEST = 20_000  # characters that are looked at: what is quoted may be long


def is_short_reply(message: Message) -> bool:
    """Tell whether a post answers another one with next to nothing of its own.

    What a mail program marks as an answer need not quote: telephones do not. Where only the Subject says so, it must.
    """
    marked = bool(message.in_reply_to or message.references)
    if not (marked or _REPLY.match(message.subject)) or message.attachments:
        return False
    text = message.text[:_LONGEST]
    own = sum(len("".join(line.split())) for line in own_lines(text, ""))
    whole = len("".join(text.split()))
    return own < SHORT and (marked or own < whole)  # what is not its own was quoted, or is a signature
