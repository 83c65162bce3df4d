"""What strace noted of a process: what it said on sockets, and the disk as a power cut at any moment could leave it.

A write is durable when a sync of its file that began after it has ended. Of those that are not, a cut keeps the first so
many or any whatever, some of them in part: the one is a disk that writes in order, the other one with a cache of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512  # bytes, of which a disk writes all or none
IN_ORDER = 0.5  # the share of cuts in which a disk writes in order; in the others
KEPT, TORN = 0.5, 0.05  # so many of the unsynced writes survive, and so many survive in part

_LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. )?(?P<call>\w+)(?P<rest>.*)")
_FILE = re.compile(r"\d+<((?:\\x[0-9a-f]{2})+)>")
_SOCKET = re.compile(r"\d+<TCP(?:v6)?:\[(?P<ours>[^>]*)->(?P<theirs>[^>]*)\]>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACE = re.compile(r'", \d+, (\d+)(?:\)| <)')
_LENGTH = re.compile(r">, (\d+)")


@dataclass(frozen=True)
class Said:
    """Bytes written to a connection."""

    ours: str  # host:port
    theirs: str
    words: bytes


@dataclass(frozen=True)
class Written:
    """Bytes written to a file at a place; no bytes: it ends there from now on."""

    path: Path
    place: int
    content: bytes | None


@dataclass(frozen=True)
class Synced:
    """A sync of a file has ended."""

    path: Path
    began: int  # the place of its beginning among the moments


Moment = Said | Written | Synced


def moments(trace: Path) -> list[Moment]:
    """Return what a process did, in order: writes from when they begin, syncs when they have ended."""
    found: list[Moment] = []
    under_way: dict[str, tuple[Path, int]] = {}  # the syncs, by thread
    for line in trace.read_text(encoding="ascii").splitlines():
        if (parts := _LINE.match(line)) is None:
            continue
        call, rest, ended = parts["call"], parts["rest"], not parts["rest"].endswith("<unfinished ...>")
        if call in {"fdatasync", "fsync"}:
            if (file := _FILE.search(rest)) is not None:
                under_way[parts["thread"]] = _path(file[1]), len(found)
            if ended:
                found.append(Synced(*under_way.pop(parts["thread"])))
        elif "resumed>" not in rest:
            found += _done(call, rest)
    return found


def _done(call: str, rest: str) -> Iterator[Moment]:
    words = b"".join(bytes.fromhex(word.replace("\\x", "")) for word in _STRING.findall(rest))
    if (socket := _SOCKET.search(rest)) is not None:
        yield Said(socket["ours"], socket["theirs"], words)
    elif call == "pwrite64" and (place := _PLACE.search(rest)) is not None:
        yield Written(_file(rest), int(place[1]), words)
    elif call == "ftruncate" and (length := _LENGTH.search(rest)) is not None:
        yield Written(_file(rest), int(length[1]), None)


def _file(rest: str) -> Path:
    file = _FILE.search(rest)
    assert file is not None, rest[:200]
    return _path(file[1])


def _path(written: str) -> Path:
    return Path(bytes.fromhex(written.replace("\\x", "")).decode())


@dataclass
class Disk:
    """Files, with what was written to them since each was last synced."""

    durable: dict[Path, bytes]
    loose: dict[Path, list[tuple[int, Written]]] = field(
        default_factory=dict
    )  # with the place of each among the moments

    def see(self, number: int, moment: Moment) -> None:
        """Take in the next moment."""
        if isinstance(moment, Written):
            self.loose.setdefault(moment.path, []).append((number, moment))
        elif isinstance(moment, Synced):
            waiting = self.loose.get(moment.path, [])
            synced = [write for at, write in waiting if at < moment.began]
            self.durable[moment.path] = _with(self.durable.get(moment.path, b""), synced)
            self.loose[moment.path] = [(at, write) for at, write in waiting if at >= moment.began]

    def after_a_cut(self, chance: random.Random) -> Mapping[Path, bytes]:
        """Return what the files hold when the power is back."""
        found = dict(self.durable)
        in_order = chance.random() < IN_ORDER
        for path, waiting in self.loose.items():
            writes = [write for _, write in waiting]
            if in_order:
                writes = writes[: chance.randint(0, len(writes))]
            else:
                writes = [part for write in writes for part in _survives(write, chance)]
            found[path] = _with(found.get(path, b""), writes)
        return found


def _survives(write: Written, chance: random.Random) -> Sequence[Written]:
    fate = chance.random()
    if fate < KEPT:
        return [write]
    if fate > KEPT + TORN or write.content is None:
        return []
    content = write.content
    parts = [
        Written(write.path, write.place + at, content[at : at + SECTOR])
        for at in range(0, len(content), SECTOR)
    ]
    return [part for part in parts if chance.random() < KEPT]


def _with(content: bytes, writes: Iterable[Written]) -> bytes:
    whole = bytearray(content)
    for write in writes:
        if write.content is None:
            del whole[write.place :]
        whole.extend(bytes(max(0, write.place + len(write.content or b"") - len(whole))))
        if write.content is not None:
            whole[write.place : write.place + len(write.content)] = write.content
    return bytes(whole)
