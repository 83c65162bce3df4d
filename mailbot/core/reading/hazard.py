"""What in a reply no machine may decide about: mails in mails, archives, macros, too much of it (ballot.md section 14)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from mailbot.core.calendar import Language
from mailbot.core.mail.message import Message

MAX_SIZE = 2 * 1024 * 1024  # bytes of a mail as it was received
MAX_PARTS = 50

Hazard = Literal["nested", "archive", "macros", "size", "parts", "header"]

HAZARDS: Mapping[Language, Mapping[Hazard, str]] = {  # for the office
    "ja": {
        "nested": "メールの中に、別のメールが添付されています",
        "archive": "圧縮されたファイルが添付されています",
        "macros": "マクロを含むファイルが添付されています",
        "size": "メールの大きさが2MBを超えています",
        "parts": "メールが50を超える部分からできています",
        "header": "件名などの見出しに、改行が埋め込まれています",
    },
    "en": {
        "nested": "another mail is attached to the mail",
        "archive": "an archive is attached",
        "macros": "a file with macros is attached",
        "size": "the mail is larger than 2 MB",
        "parts": "the mail has more than 50 parts",
        "header": "a line end is hidden in the Subject or another header field",
    },
}
_ARCHIVES = frozenset(
    "zip 7z rar lzh lha cab gz tgz bz2 xz zst tar jar iso img arj z".split()  # noqa: SIM905  shorter to read
)
_ARCHIVE_TYPES = re.compile(
    r"application/(?:x-)?(?:zip|zip-compressed|7z-compressed|rar|rar-compressed|vnd\.rar|lzh"
    r"|lzh-compressed|lha|gzip|bzip2?"
    r"|xz|tar|java-archive|iso9660-image)$"
)
_MACROS = frozenset("docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm".split())  # noqa: SIM905
_MACRO_TYPES = re.compile(r"application/vnd\.ms-.*\.macroenabled\.12$")
_MACHINE_MADE = frozenset({"message/delivery-status", "message/disposition-notification"})
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,40}\?(?P<how>[bq])\?(?P<text>[^?\s]{0,1000})\?=", re.IGNORECASE)
_SHORT_FIELD = 500  # characters
_SHOWN = frozenset({"subject", "from", "to", "cc", "reply-to", "sender", "message-id"})


def hazard(message: Message) -> Hazard | None:
    """Return why a person must look at this reply before anything of it counts, or None."""
    if message.size > MAX_SIZE:
        return "size"
    if len(message.parts) > MAX_PARTS:
        return "parts"
    encoded = [(name, value) for name, value in message.headers if "=?" in value]
    if any(name.lower() in _SHOWN and _hides_a_line(value) for name, value in encoded):
        return "header"
    for part in message.parts:
        kind = part.content_type
        ending = (part.filename or "").rpartition(".")[2].strip().lower() if part.filename else ""
        if kind.startswith("message/") and kind not in _MACHINE_MADE:
            return "nested"
        if ending in _ARCHIVES or _ARCHIVE_TYPES.match(kind):
            return "archive"
        if ending in _MACROS or _MACRO_TYPES.match(kind):
            return "macros"
    return None


def _hides_a_line(value: str) -> bool:
    """Tell whether an encoded word of a header field holds a line end or NUL: the start of a field of a stranger's."""
    return _short_hides_a_line(value) if len(value) <= _SHORT_FIELD else _word_hides_a_line(value)


def _word_hides_a_line(value: str) -> bool:
    for word in _ENCODED_WORD.finditer(value):
        text = word["text"].encode("ascii", "replace")
        try:
            plain = (
                binascii.a2b_base64(text + b"=" * (-len(text) % 4))
                if word["how"] in "bB"
                else binascii.a2b_qp(text, header=True)
            )
        except binascii.Error:
            continue
        if any(mark in plain for mark in b"\r\n\0"):
            return True
    return False


# The replies to one mail of ours have its Subject: 15 us less for each.
_short_hides_a_line = lru_cache(maxsize=1024)(_word_hides_a_line)
