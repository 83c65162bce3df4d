"""Old archives as files: mbox (also .gz), an fml spool, a Maildir, single mails; read one mail at a time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from mailbot.core.lists.mbox import Separator, read_mail, read_separator
from mailbot.core.lists.old_archive import StoredMail
from mailbot.core.refusal import Refusal

LARGEST = 104_857_600  # bytes of one mail; a larger one is passed over, so that memory stays bounded
_LINE = 1_048_576  # bytes of a line that are read at once
_GZIP = b"\x1f\x8b"


def check_files(paths: Sequence[Path]) -> None:
    """Raise Refusal for the first of these that is no archive that can be read."""
    for path in paths:
        if not path.exists():
            raise Refusal(f"{path}: there is no such file or folder")
        if path.is_dir() and not _files(path):
            raise Refusal(
                f"{path}: a folder is an fml spool (files 1, 2, 3 ...), a Maildir or holds .eml files; "
                "this is none of these. Name an mbox file itself"
            )


def read_mails(paths: Sequence[Path]) -> Iterator[StoredMail]:
    """Yield every mail of these files and folders, in the order of their names, numbers or places.

    What cannot be read comes with its fault; nothing is raised for it.
    """
    for path in paths:
        if path.is_dir():
            for file in _files(path):
                yield _single(file, int(file.name) if file.name.isdecimal() else None)
        else:
            yield from _of_file(path)


def _files(folder: Path) -> list[Path]:
    """Return the mails of a folder in their order."""
    if (folder / "cur").is_dir():
        found = [path for name in ("new", "cur") for path in (folder / name).iterdir() if path.is_file()]
        return sorted(found, key=lambda path: path.name)
    files = [path for path in folder.iterdir() if path.is_file()]
    spool = [path for path in files if path.name.isascii() and path.name.isdecimal() and len(path.name) < 10]
    if spool:
        return sorted(spool, key=lambda path: int(path.name))
    return sorted(path for path in files if path.suffix.lower() == ".eml")


def _single(path: Path, number: int | None) -> StoredMail:
    try:
        if path.stat().st_size > LARGEST:
            return StoredMail(str(path), b"", fault=f"it is larger than {LARGEST} bytes")
        return StoredMail(str(path), path.read_bytes(), number)
    except OSError as error:
        return StoredMail(str(path), b"", fault=f"it cannot be read: {error.strerror}")


def _of_file(path: Path) -> Iterator[StoredMail]:
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
        with _stream(path, packed=packed) as stream:
            first = b"\n"
            while first in {b"\n", b"\r\n"}:
                first = stream.readline(_LINE)
            if first.startswith(b"From "):
                stream.seek(0)
                yield from _of_mbox(stream, str(path))
                return
            stream.seek(0)
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            yield StoredMail(str(path), b"", fault=f"it is no mbox, and larger than {LARGEST} bytes")
        elif content.strip():
            yield StoredMail(str(path), content)
    except (OSError, EOFError, zlib.error) as error:
        yield StoredMail(str(path), b"", fault=f"it cannot be read: {error}")


def _stream(path: Path, *, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")


def _of_mbox(stream: IO[bytes], place: str) -> Iterator[StoredMail]:
    """Yield the mails of an mbox. The empty line before a separator may be missing, as some programs leave it out."""
    separator, begun, number = None, 0, 0
    lines: list[bytes] = []
    size, whole = 0, True  # of the mail so far; what was read last ended its line
    while line := stream.readline(_LINE):
        number += whole
        found = read_separator(line) if whole and line.startswith(b"From ") else None
        if found is None and separator is None and line.startswith(b"From "):
            found = Separator(None)  # the first line of a file, whatever its date looks like
        if found is not None:
            if separator is not None:
                yield _between(lines, size, separator, f"{place}:{begun}")
            separator, begun, lines, size = found, number, [], 0
        elif separator is not None:
            size += len(line)
            if size <= LARGEST:
                lines.append(line)
        whole = line.endswith(b"\n")
    if separator is not None:
        yield _between(lines, size, separator, f"{place}:{begun}")


def _between(lines: Sequence[bytes], size: int, separator: Separator, place: str) -> StoredMail:
    if size > LARGEST:
        return StoredMail(place, b"", fault=f"it is larger than {LARGEST} bytes")
    content = read_mail(b"".join(lines), separator)
    return StoredMail(place, content, separator.number, separator.moment)
