"""A MIME entity as it stands in bytes (RFC 2045 section 2.4): its header fields, its body and their encoding.

For the copies that leave: what is not changed stays byte for byte, which no parser and generator in turn can promise.
Everything here expects CRLF line ends, which `canonical` makes.
"""

from __future__ import annotations

import base64
import binascii
import re

LINE_LIMIT = 998  # octets, RFC 5322 section 2.1.1

_LONGEST_NAME = 76  # octets
_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
# One parameter of a Content-Type or Content-Disposition (RFC 2045 section 5.1).
_PARAMETER = re.compile(r';\s*([A-Za-z0-9*_.-]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]{1,200}))')
_UNENCODED = frozenset({"", "7bit", "8bit", "binary"})

Fields = list[bytes]  # each whole: name, folds and the last line end


def canonical(content: bytes) -> bytes:
    """Return the content with CRLF line ends only; a lone CR becomes a blank and NUL goes (promises.md I16)."""
    if content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r") and b"\x00" not in content:
        return content  # as all that comes by SMTP; a long one need not be in memory three times
    return content.replace(b"\x00", b"").replace(b"\r\n", b"\n").replace(b"\r", b" ").replace(b"\n", b"\r\n")


def split_entity(content: bytes) -> tuple[Fields, bytes]:
    """Return the header fields in order and the body, as `split_head` cuts them."""
    fields, start = split_head(content)
    return fields, content[start:]


def split_head(content: bytes) -> tuple[Fields, int]:
    """Return the header fields in order and where the body begins, which is where `mime.read_head` cuts.

    The head ends at an empty line or before the first line that is no field: what its author meant as text stays text.
    Left out are a mailbox's separator, folds of blanks only, which would end the head for some readers, and fields
    with a name that is longer than any line should be.
    """
    fields: Fields = []
    position = 0
    if content.startswith((b"From ", b">From ")):
        position = _line_end(content, 0)
    begun = kept = False
    while position < len(content):
        end = content.find(b"\r\n", position)
        end = len(content) if end < 0 else end
        line = content[position:end]
        if not line:
            return fields, end + 2
        if begun and line[:1] in {b" ", b"\t"}:
            if kept and line.strip():
                fields[-1] += line + b"\r\n"
        elif named := _NAME.match(line[:1000]):
            begun, kept = True, len(named[1]) <= _LONGEST_NAME
            if kept:
                fields.append(named[1] + line[named.end() - 1 :] + b"\r\n")
        else:
            break
        position = end + 2
    return fields, position


def _line_end(content: bytes, position: int) -> int:
    """Return where the next line begins; the end if there is none."""
    end = content.find(b"\r\n", position)
    return len(content) if end < 0 else end + 2


def join_entity(fields: Fields, *body: bytes | memoryview) -> bytes:
    """Return the entity that these fields and this body, or its pieces, make."""
    return b"".join([*fields, b"\r\n", *body])


def field_name(field: bytes) -> str:
    """Return the field's name in lower case."""
    return field.partition(b":")[0].decode("ascii").lower()


def field_value(fields: Fields, name: str) -> str:
    """Return the unfolded value of the first field of this name (lower case), or ""."""
    for field in fields:
        if field_name(field) == name:
            return field.partition(b":")[2].replace(b"\r\n", b"").strip().decode("ascii", "replace")
    return ""


def with_field(fields: Fields, name: str, value: str) -> Fields:
    """Return the fields with this one in the place of its first namesake, or at the end; its other namesakes go."""
    line = f"{name}: {value}\r\n".encode("ascii")
    changed: Fields = []
    for field in fields:
        if field_name(field) != name.lower():
            changed.append(field)
        elif line not in changed:
            changed.append(line)
    return changed if line in changed else [*changed, line]


def content_type(fields: Fields) -> tuple[str, dict[str, str]]:
    """Return the media type in lower case and its parameters by lower-case name (RFC 2045 section 5)."""
    value = field_value(fields, "content-type")[:1000]
    if not value:
        return "text/plain", {}
    parameters = {
        found[1].lower(): found[3] or re.sub(r"\\(.)", r"\1", found[2] or "")
        for found in _PARAMETER.finditer(value)
    }
    return value.partition(";")[0].strip().lower(), parameters


def transfer_encoding(fields: Fields) -> str:
    """Return the declared transfer encoding in lower case; "" when none is."""
    return field_value(fields, "content-transfer-encoding").partition("(")[0].strip().lower()


def decode_transfer(encoding: str, body: bytes) -> bytes | None:
    """Return the content of a body, or None when its encoding is none of RFC 2045's."""
    if encoding == "base64":
        try:
            return base64.b64decode(body + b"==")
        except binascii.Error:
            return None
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body if encoding in _UNENCODED else None


def encode_transfer(encoding: str, content: bytes) -> bytes:
    """Return the body for a content: base64, quoted-printable, or as it is."""
    if encoding == "base64":
        return base64.encodebytes(content).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        # b2a_qp ends its soft breaks with LF alone when the content has no CRLF.
        return binascii.b2a_qp(content).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return content


def split_multipart(body: bytes, boundary: str) -> tuple[list[bytes], list[bytes]]:
    """Return the parts of a multipart body, and what stands around them (delimiters, preamble, epilogue).

    There is always one more of the latter, so that joining both in turn gives the body again.
    """
    delimiter = b"--" + boundary.encode("ascii", "replace")
    parts: list[bytes] = []
    around: list[bytes] = []
    place, part_start = 0, -1
    glue_start = 0
    while (found := body.find(delimiter, place)) >= 0:
        line_end = body.find(b"\r\n", found)
        line_end = len(body) if line_end < 0 else line_end + 2
        tail = body[found + len(delimiter) : line_end].rstrip(b" \t\r\n")
        place = found + len(delimiter)
        if (found and body[found - 2 : found] != b"\r\n") or tail not in {b"", b"--"}:
            continue
        if part_start >= 0:
            part_end = max(found - 2, part_start)  # the CRLF before a delimiter is the delimiter's
            around.append(body[glue_start:part_start])
            parts.append(body[part_start:part_end])
            glue_start = part_end
        part_start, place = line_end, line_end
        if tail == b"--":
            break
    else:
        if part_start >= 0:  # never closed: the last part runs to the end
            around.append(body[glue_start:part_start])
            parts.append(body[part_start:])
            glue_start = len(body)
    around.append(body[glue_start:])
    return parts, around
