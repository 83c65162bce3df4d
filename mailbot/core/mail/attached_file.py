"""A file of a mail, to be taken away by a reader's browser under a name that harms nobody (RFC 6266, 8187)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from mailbot.core.mail.header import clean
from mailbot.core.mail.message import Message, Part

_LONGEST = 100  # characters of a name: 255 octets are what file systems take, and one may be three
_LONGEST_ENDING = 16  # with its point
# What some file system or shell reads as something else, and marks that hide or turn round what stands beside them.
_REFUSED = re.compile(
    '["*/:<>?\\\\|%\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]'
)
_BLANKS = re.compile(r"\s+")
# Names that are devices on Windows, whatever stands behind their point.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_ENDINGS: Mapping[str, str] = {  # of a file without a name
    "application/pdf": ".pdf",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/zip": ".zip",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
}


@dataclass(frozen=True)
class AttachedFile:
    """One file, as a page names it and a browser may keep it."""

    place: int  # among the files of its mail, from 1
    name: str  # harmless; never a path
    kind: str  # as its mail says: text/csv
    size: int  # octets

    @property
    def disposition(self) -> str:
        """What makes a browser keep it and not show it: Content-Disposition, its name in both forms."""
        plain = "".join(each if each.isascii() and each not in "'();,=" else "_" for each in self.name)
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(self.name, safe='')}"


def attached_files(message: Message) -> tuple[AttachedFile, ...]:
    """Return the files of a mail, in the order of `Message.attachments`."""
    return tuple(
        AttachedFile(
            place,
            harmless_name(part.filename, part.content_type, place),
            part.content_type,
            len(part.content),
        )
        for place, part in enumerate(_files(message), 1)
    )


def content_of(message: Message, place: int) -> tuple[AttachedFile, bytes] | None:
    """Return one file of a mail with what is in it; None: it has none at this place."""
    files = attached_files(message)
    return (files[place - 1], _files(message)[place - 1].content) if 1 <= place <= len(files) else None


def _files(message: Message) -> list[Part]:
    return [part for part in message.parts if part.attached]


def harmless_name(name: str | None, kind: str, place: int) -> str:
    """Return what a file may be kept as, on any system, whatever name a stranger gave it; its ending stays what it was."""
    label = _BLANKS.sub(" ", _REFUSED.sub("_", clean(name or "")))
    label = label.strip(" .") if label.strip(" ._") else ""
    if not label:
        return f"file-{place}{_ENDINGS.get(kind, '.bin')}"
    stem, point, ending = label.rpartition(".")
    if point and len(ending) < _LONGEST_ENDING:
        label = f"{stem[: _LONGEST - len(ending) - 1].rstrip(' .')}.{ending}"
    return f"_{label}" if _DEVICE.fullmatch(label) else label[:_LONGEST]
