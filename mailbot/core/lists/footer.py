"""The footer of a list below the text of a post, in the charset of that text."""

from __future__ import annotations

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.entity import (
    Fields,
    content_type,
    decode_transfer,
    encode_transfer,
    field_value,
    transfer_encoding,
    with_field,
)
from mailbot.core.mail.japanese import decode, is_known

# Charsets to which a footer can be added as it is, and the codec that writes it.
_FOOTER_CODECS = {
    "": "ascii",
    "us-ascii": "ascii",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "iso-2022-jp": "iso2022_jp",
    "csiso2022jp": "iso2022_jp",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
}


def with_footer(
    fields: Fields, body: memoryview, mailing_list: MailingList, own: str
) -> tuple[Fields, bytes | memoryview]:
    """Add the list's footer to a message that is one plain text; anything else stays as its author made it."""
    kind, parameters = content_type(fields)
    attached = field_value(fields, "content-disposition").lower().startswith("attachment")
    if not mailing_list.footer.strip() or kind != "text/plain" or attached:
        return fields, body
    encoding = transfer_encoding(fields)
    content = decode_transfer(encoding, bytes(body))
    if content is None or b"-----BEGIN PGP" in content:
        return fields, body
    footer = _footer_text(mailing_list, own, flowed=parameters.get("format", "").lower() == "flowed")
    declared = parameters.get("charset", "").lower()
    longer = _appended(content, declared, footer)
    if longer is None:
        if declared and content.isascii() and not is_known(declared):
            return fields, body  # utf-7 writes Japanese in ASCII: under another name it would be lost
        reading = decode(content, declared or None)
        if not reading.clean:
            return fields, body
        longer = (reading.text.rstrip("\r\n") + footer).encode("utf-8", "replace")
        fields = with_field(fields, "Content-Type", _as_utf_8(parameters))
    if encoding not in {"base64", "quoted-printable"} and not longer.isascii():
        fields = with_field(fields, "Content-Transfer-Encoding", "8bit")
    if not field_value(fields, "mime-version"):
        fields = with_field(fields, "MIME-Version", "1.0")
    return fields, encode_transfer(encoding, longer)


def _footer_text(mailing_list: MailingList, own: str, *, flowed: bool) -> str:
    """Return the footer below a line of words: a rule of dashes would be cut as a signature (ballot.md section 1)."""
    lines = [f"【{mailing_list.title}】 {own}", *mailing_list.footer.strip().splitlines()]
    stuffing = " " if flowed else ""  # RFC 3676 section 4.4
    text = [
        stuffing + line.rstrip() if line.startswith((" ", ">", "From ")) else line.rstrip() for line in lines
    ]
    return "\r\n\r\n" + "\r\n".join(text) + "\r\n"


def _appended(content: bytes, declared: str, footer: str) -> bytes | None:
    """Return the content with the footer in its own charset, or None when that cannot be done whole."""
    codec = _FOOTER_CODECS.get(declared)
    if codec is None:
        return None
    content = content.rstrip(b"\r\n")
    try:
        if codec == "iso2022_jp":
            if not content.isascii():
                return None
            return content + _back_to_ascii(content) + footer.encode(codec)
        if codec == "ascii" and b"\x1b" in content:
            return None
        content.decode(codec)
        return content + footer.encode(codec)
    except UnicodeError:
        return None


def _back_to_ascii(content: bytes) -> bytes:
    """Return the escape that ends ISO-2022-JP's Japanese when the text forgot it, so that the footer is not garbled."""
    last = content.rfind(b"\x1b")
    return b"\x1b(B" if last >= 0 and content[last : last + 3] not in {b"\x1b(B", b"\x1b(J"} else b""


def _as_utf_8(parameters: dict[str, str]) -> str:
    value = "text/plain; charset=utf-8"
    if parameters.get("format", "").lower() == "flowed":
        value += "; format=flowed"
        if parameters.get("delsp", "").lower() == "yes":
            value += "; delsp=yes"
    return value
