"""The lock by which one service at a time holds a folder, and by which others see that one does (data/serve.lock)."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from mailbot.core.refusal import Refusal


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
