"""Which service holds a folder: the lock (data/serve.lock), by which others see it, too, and the name of its node."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from mailbot.core.refusal import Refusal

_BOOT = Path("/proc/sys/kernel/random/boot_id")  # of a kernel, from its start to its end


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder, so that a second `serve` on it is refused."""
    path = folder / "data" / "serve.lock"
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Refusal(
                f"{folder}: a service runs on this folder already (process {holder}); stop it, or use another folder"
            ) from None
        try:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        except OSError as error:
            raise _unwritable(path, error) from error
        yield


def running(folder: Path) -> str | None:
    """Return the process whose service holds the folder; None: nobody does."""
    path = folder / "data" / "serve.lock"
    try:
        with path.open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "unknown"
    except OSError:
        return None
    return None


def node_name(folder: Path) -> str:
    """Return the name in leases of the node that holds a folder: the same when it starts again, never that of another.

    Neither cloned machines nor containers with one host name and one path are taken for one node: at its start it frees
    what it was sending, and of another that would leave twice. Under one kernel two folders have not the same number on
    the same device. After a start of the machine the name is new, and its leases run out.
    """
    data = (folder / "data").stat()
    boot = _BOOT.read_text("ascii").strip() if _BOOT.exists() else ""
    of = f"{socket.gethostname()}:{folder.resolve()}:{boot}:{data.st_dev}:{data.st_ino}"
    return hashlib.sha256(of.encode()).hexdigest()[:16]


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="ascii")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> Refusal:
    return Refusal(
        f"{path} cannot be written: {error.strerror}; the service needs room, and its user the right to write there"
    )
