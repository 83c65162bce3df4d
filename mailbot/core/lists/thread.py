"""What a post answers: by its references, and by its subject only where that is safe (RFC 5322 section 3.6.4, RFC 5256)."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta

from mailbot.core.lists.bigram import fold
from mailbot.core.lists.subject import stem
from mailbot.core.mail.message import Message

MOST_REFERENCES = 20  # of one mail that are looked for: the nearest
SAME_SUBJECT = timedelta(days=30)  # for so long a subject alone names a thread
_SHORTEST = 5  # characters of a subject that can name a thread

# Subjects that say nothing of what they are about.
_GENERAL = frozenset(
    fold(word)
    for word in (
        *("お知らせ", "お問い合わせ", "お問合せ", "ご連絡について", "質問です", "ご質問です", "お世話になります", "お世話になっております"),
        *("ありがとうございます", "ありがとうございました", "よろしくお願いします", "よろしくお願いいたします", "hello", "question", "no subject"),
    )
)  # fmt: skip


def key_in_message_id(key: str) -> str:
    """Return the word with which the Message-ID of our mails about a survey or event begins, up to its first dot."""
    return re.sub(r"[^a-z0-9-]", "-", key.lower())


def message_id_hash(message_id: str) -> str:
    """Return the stable address of a post: base32 of the SHA-1 of its Message-ID without brackets.

    It is what Mailman 3 and mail-archive.com make of it (X-Message-ID-Hash), so that links into an old archive can be
    led on.
    """
    bare = message_id.strip().removeprefix("<").removesuffix(">").encode("utf-8", "replace")
    return base64.b32encode(hashlib.sha1(bare, usedforsecurity=False).digest()).decode("ascii")


def answered(message: Message) -> tuple[str, ...]:
    """Return the Message-IDs that a mail refers to, that of the mail which it answers first."""
    direct = message.in_reply_to if len(message.in_reply_to) == 1 else ()
    return tuple(dict.fromkeys((*direct, *reversed(message.references), *message.in_reply_to)))[
        :MOST_REFERENCES
    ]


def topic(subject: str, prefix: str) -> str:
    """Return what a subject is about, as it is compared: without tags of replies and of the list; "" if that is unsafe.

    Too short or too general a subject names no thread.
    """
    about = " ".join(fold(stem(subject, prefix)[0]).split())
    return "" if len(about) < _SHORTEST or about in _GENERAL else about[:200]


def known_by_subject(message: Message, prefix: str) -> bool:
    """Tell whether only its subject says what a mail answers: it bears Re:, and no references (a gateway cut them)."""
    return not answered(message) and stem(message.subject, prefix)[1]
