"""A person taken out of text and out of raw mails: the address, however a mail writes it, and the registered name."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.mail.encoded_word import decode_header
from mailbot.core.mail.header import encode_text

# Lines of base64 (RFC 2045 section 6.8).
_BASE64_BLOCK = re.compile(rb"(?:[A-Za-z0-9+/]{4,998}={0,2}\r?\n)*[A-Za-z0-9+/]{4,998}={0,2}(?=\r?\n|\Z)")
_SOFT = rb"(?:=[ \t]*\r?\n)?"  # a soft line break of quoted-printable (RFC 2045 section 6.7)
# Encoded words that belong together (RFC 2047 section 6.2).
_ENCODED_WORDS = re.compile(
    rb"=\?[^?\s]{1,40}\?[BQbq]\?[^?\s]{0,998}\?=(?:[ \t\r\n]+=\?[^?\s]{1,40}\?[BQbq]\?[^?\s]{0,998}\?=)*"
)
_FOLD = 76
_FIELD_NAME = 20  # columns that may stand before an encoded word
_SHORTEST_NAME = 3  # characters; two are too often part of another word


@dataclass(frozen=True)
class ErasedPerson:
    """The person who is taken out, and the stand-in."""

    address: str
    names: tuple[str, ...]  # as they were registered
    stand_in: str  # erased-7@erased.invalid (RFC 6761 section 6.4)
    own_names: tuple[str, ...] = ()  # of the names, those that mean nobody else: looked for everywhere

    @property
    def _long_names(self) -> list[str]:
        return [name for name in self.names if len(name) >= _SHORTEST_NAME]

    @property
    def own_forms(self) -> tuple[str, ...]:
        """Return the names that mean nobody else, each as it is and as JSON has it."""
        long = (name for name in self.own_names if len(name) >= _SHORTEST_NAME)
        return tuple(form for name in long for form in _forms(name))

    def out_of_text(self, text: str) -> str:
        """Return text in which the stand-in is in place of the address, in any case of its letters, and of the name."""
        cleared = re.sub(re.escape(self.address), self.stand_in, text, flags=re.IGNORECASE)
        for name in self._long_names:
            for form in _forms(name):
                cleared = cleared.replace(form, self._short)
        return cleared

    def out_of_bytes(self, content: bytes, *, deep: bool = False) -> bytes:
        """Return a mail without the person: plain, in quoted-printable, or inside of base64.

        `deep` looks into base64 for the name too, where the address is not.
        """
        cleared = self._out_of_plain(content)
        for name in self._long_names:
            cleared = _coded(name).sub(self._short.encode(), cleared)
        cleared = _ENCODED_WORDS.sub(lambda words: self._out_of_words(words[0]), cleared)
        if deep or _in_base64(cleared, self._written) or _in_base64(cleared, self.own_names):
            cleared = _BASE64_BLOCK.sub(lambda block: self._decoded(block[0]), cleared)
        return cleared

    def is_in(self, content: bytes) -> bool:
        """Tell whether the address is in a mail, in one of these forms."""
        return bool(self._pattern().search(content)) or _in_base64(content, self._written)

    def is_named_in(self, content: bytes) -> bool:
        """Tell whether a mail names the person by a name that means nobody else, in one of these forms."""
        names = [name for name in self.own_names if len(name) >= _SHORTEST_NAME]
        if any(_coded(name).search(content) for name in names) or _in_base64(content, names):
            return True
        return any(
            name in decode_header(words[0]) for words in _ENCODED_WORDS.finditer(content) for name in names
        )

    @property
    def _written(self) -> tuple[str, str]:
        return (self.address, self.address.lower())

    @property
    def _short(self) -> str:
        return self.stand_in.partition("@")[0]

    def _out_of_plain(self, content: bytes) -> bytes:
        cleared = self._pattern().sub(self.stand_in.encode(), content)
        for name in self._long_names:
            cleared = cleared.replace(name.encode(), self._short.encode())
        return cleared

    def _out_of_words(self, words: bytes) -> bytes:
        """Return a run of encoded words, written anew where it names the person."""
        text = decode_header(words)
        cleared = self.out_of_text(text)
        return words if cleared == text else encode_text(cleared, column=_FIELD_NAME).encode()

    def _pattern(self) -> re.Pattern[bytes]:
        letters = [re.escape(letter.encode()) for letter in self.address]
        coded = [
            rb"(?:%s|=%02X)" % (letter, ord(plain)) if plain in "@.=_+-" else letter
            for letter, plain in zip(letters, self.address, strict=True)
        ]
        return re.compile(_SOFT.join(coded), re.IGNORECASE)

    def _decoded(self, block: bytes) -> bytes:
        plain = block.replace(b"\r\n", b"").replace(b"\n", b"")
        try:
            text = base64.b64decode(plain, validate=True)
        except (binascii.Error, ValueError):
            return block
        cleared = self._out_of_plain(text)
        if cleared == text:
            return block
        again = base64.b64encode(cleared)
        return b"\r\n".join(again[start : start + _FOLD] for start in range(0, len(again), _FOLD))


def _forms(name: str) -> tuple[str, ...]:
    """Return a name as it is, and as JSON escapes it."""
    return tuple(dict.fromkeys((name, json.dumps(name)[1:-1])))


def _coded(name: str) -> re.Pattern[bytes]:
    """Return what finds a name in UTF-8, plain or in quoted-printable."""
    letters = ((re.escape(bytes((byte,))), byte, byte) for byte in name.encode())
    return re.compile(_SOFT.join(rb"(?:%s|=%02X|=%02x)" % letter for letter in letters))


def _in_base64(content: bytes, words: Sequence[str]) -> bool:
    """Look for words as base64 has them, at each of the three places in which they can begin."""
    joined = content.replace(b"\r\n", b"").replace(b"\n", b"")
    for form in dict.fromkeys(words):
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + form.encode())
            first = (0, 2, 3)[shift]  # letters that the bytes before it have a part in
            whole = (len(form.encode()) + shift) // 3 * 4
            if coded[first:whole] in joined:
                return True
    return False


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
