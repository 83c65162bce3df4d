"""Read a file of the working folder; what is no file, and could keep whoever reads it waiting for ever, is refused."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def read_file(path: Path) -> bytes:
    """Return what is in a file. Raises OSError, also where a pipe, a socket or a device stands in its place."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kind = "a named pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise OSError(errno.EINVAL, f"it is {kind}, not a file; remove it, or save the file in its place")
    return path.read_bytes()
