"""A person taken out of text and out of raw mails: the address, however a mail writes it, and the registered name."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

_BASE64_BLOCK = re.compile(rb"(?:[A-Za-z0-9+/]{4,998}={0,2}\r?\n)*[A-Za-z0-9+/]{4,998}={0,2}(?=\r?\n|\Z)")
_SOFT = rb"(?:=[ \t]*\r?\n)?"  # a soft line break of quoted-printable (RFC 2045 section 6.7)
_FOLD = 76
_SHORTEST_NAME = 3  # characters; two are too often part of another word


@dataclass(frozen=True)
class Person:
    """Who is taken out, and what stands in the place."""

    address: str
    names: tuple[str, ...]  # as they were registered
    stand_in: str  # erased-7@erased.invalid (RFC 6761 section 6.4)

    @property
    def _words(self) -> list[str]:
        return [self.address, *(name for name in self.names if len(name) >= _SHORTEST_NAME)]

    def out_of_text(self, text: str) -> str:
        """Return text in which the stand-in is in place of the address, in any case of its letters, and of the name."""
        cleared = re.sub(re.escape(self.address), self.stand_in, text, flags=re.IGNORECASE)
        for name in self._words[1:]:
            cleared = cleared.replace(name, self.stand_in.partition("@")[0])
        return cleared

    def out_of_bytes(self, content: bytes, *, deep: bool = False) -> bytes:
        """Return a mail without the person: plain, in quoted-printable, or inside of base64.

        `deep` looks into base64 for the name too, where the address is not.
        """
        cleared = self._pattern().sub(self.stand_in.encode(), content)
        for name in self._words[1:]:
            cleared = cleared.replace(name.encode(), self.stand_in.partition("@")[0].encode())
        if deep or self._in_base64(cleared):
            cleared = _BASE64_BLOCK.sub(lambda block: self._decoded(block[0]), cleared)
        return cleared

    def is_in(self, content: bytes) -> bool:
        """Tell whether the address is in a mail, in one of these forms."""
        return bool(self._pattern().search(content)) or self._in_base64(content)

    def _pattern(self) -> re.Pattern[bytes]:
        letters = [re.escape(letter.encode()) for letter in self.address]
        coded = [
            rb"(?:%s|=%02X)" % (letter, ord(plain)) if plain in "@.=_+-" else letter
            for letter, plain in zip(letters, self.address, strict=True)
        ]
        return re.compile(_SOFT.join(coded), re.IGNORECASE)

    def _in_base64(self, content: bytes) -> bool:
        """Look for the address as base64 has it, at each of the three places in which it can begin."""
        joined = content.replace(b"\r\n", b"").replace(b"\n", b"")
        for form in dict.fromkeys((self.address, self.address.lower())):
            for shift in range(3):
                coded = base64.b64encode(b"\0" * shift + form.encode())
                first = (0, 2, 3)[shift]  # letters that the bytes before it have a part in
                whole = (len(form.encode()) + shift) // 3 * 4
                if coded[first:whole] in joined:
                    return True
        return False

    def _decoded(self, block: bytes) -> bytes:
        plain = block.replace(b"\r\n", b"").replace(b"\n", b"")
        try:
            text = base64.b64decode(plain, validate=True)
        except (binascii.Error, ValueError):
            return block
        cleared = self._pattern().sub(self.stand_in.encode(), text)
        for name in self._words[1:]:
            cleared = cleared.replace(name.encode(), self.stand_in.partition("@")[0].encode())
        if cleared == text:
            return block
        again = base64.b64encode(cleared)
        return b"\r\n".join(again[start : start + _FOLD] for start in range(0, len(again), _FOLD))


def without_author(content: bytes, stand_in: str) -> bytes:
    """Return a post whose fields name nobody: From, Sender, Reply-To and the traces of how it came are gone."""
    head, blank, body = content.partition(b"\r\n\r\n")
    kept = [
        field
        for field in _fields(head)
        if _name(field) in _KEPT_FIELDS or _name(field).startswith(b"content-")
    ]
    fields = [b"From: <" + stand_in.encode() + b">", *kept]
    return b"\r\n".join(fields) + (blank or b"\r\n\r\n") + body


_KEPT_FIELDS = frozenset(
    (b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references", b"mime-version")
)


def _fields(head: bytes) -> Sequence[bytes]:
    return re.split(rb"\r\n(?![ \t])", head)


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip().lower()
