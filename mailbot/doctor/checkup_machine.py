"""The part of the check-up that looks at this machine: files, folders, ports, clock, versions, a running service."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import socket
import sqlite3
import stat
import sys
import zoneinfo
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import make_url

from mailbot.core.office.finding import Finding
from mailbot.core.refusal import Refusal
from mailbot.folder.config import Config
from mailbot.folder.dkim_keys import public_key
from mailbot.folder.serve_lock import running

_TIME_ERROR = 5  # adjtimex(2): the kernel knows of nobody who sets this clock
_OLD_SQLITE = (3, 35, 0)  # RETURNING
_LIBRARIES = ("SQLAlchemy", "aiosmtpd", "cryptography", "dnspython")


def secret_findings(config: Config) -> list[Finding]:
    """Look at the files that nobody else may read, as far as the commands do not refuse them anyway."""
    secrets = {
        config.folder
        / "data"
        / "secret.key": "without it no answer address of ours is known: copy it from the backup"
    }
    if config.dkim is not None:
        secrets |= {key.file: "whoever has it signs in our name" for key in config.dkim.keys}
    secrets |= {relay.password_file: "" for relay in config.relay if relay.password_file is not None}
    found = [_secret_finding(config.folder / path, why) for path, why in secrets.items()]
    for key in config.dkim.keys if config.dkim else ():
        try:
            public_key(key.file)
        except Refusal as broken:
            found.append(Finding("files", str(key.file), "fault", str(broken)))
    data = config.folder / "data"
    if not data.exists():
        found.append(
            Finding("files", str(data), "fault", "does not exist; `mailbot init` makes a working folder")
        )
        return found
    if (problem := unwritable(data)) is not None:
        found.append(Finding("files", str(data), "fault", problem))
    elif data.stat().st_uid != os.geteuid():
        words = "belongs to another user than the one who runs this; run the service and its commands as the folder's owner"
        found.append(Finding("files", str(data), "warning", words))
    if data.stat().st_mode & stat.S_IRWXO:
        words = (
            f"everybody on this machine may look into it; run `chmod o-rwx {data}`: members' mail lies there"
        )
        found.append(Finding("files", str(data), "warning", words))
    return found


def _secret_finding(path: Path, why: str) -> Finding:
    try:
        state = path.stat()
    except OSError as error:
        words = f"cannot be read: {error.strerror}" + (f"; {why}" if why else "")
        return Finding("files", str(path), "fault", words)
    if state.st_mode & stat.S_IRWXO:
        words = f"everybody on this machine may read it; run `chmod 600 {path}`"
        return Finding("files", str(path), "fault", words)
    if state.st_mode & stat.S_IRWXG:
        words = f"its group may read it; run `chmod 600 {path}` unless that is meant"
        return Finding("files", str(path), "warning", words)
    return Finding(
        "files", str(path), "ok", f"only its owner reads it (mode {stat.S_IMODE(state.st_mode):o})"
    )


def unwritable(folder: Path) -> str | None:
    """Return why nothing can be written into a folder, or why it cannot be made; None: it can."""
    there = _nearest(folder)
    if not there.is_dir():
        return f"{there} is no folder; move it away, or name another"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{there} cannot be written by this user; give it to the service's user with `chown`"
    return None


def named_database(config: Config) -> str:
    """Return what a person calls the database, without its password."""
    if config.database.startswith("sqlite"):
        return config.database.removeprefix("sqlite:///")
    return make_url(config.database).render_as_string(hide_password=True)


def free_bytes(folder: Path) -> int:
    """Return how many bytes the disk of a folder still takes from its user."""
    return shutil.disk_usage(_nearest(folder)).free


def _nearest(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that is there, as far as this user may know."""
    for there in (folder, *folder.parents):
        with contextlib.suppress(PermissionError):
            if there.exists():
                return there
    return Path("/")


def service_findings(config: Config) -> list[Finding]:
    """Tell whether the service runs, and whether its doors are open, or would find their ports free."""
    holder = running(config.folder)
    if holder is None:
        found = [Finding("service", "mailbot serve", "warning", "does not run on this folder; start it")]
    else:
        found = [Finding("service", "mailbot serve", "ok", f"runs (process {holder})")]
    doors = {"receive.smtp": config.smtp, "receive.lmtp": config.lmtp, "web": config.web}
    open_doors = {name: address for name, address in doors.items() if address is not None}
    for name, address in open_doors.items():
        found.append(_door_finding(name, *address, running=holder is not None))
    if not config.smtp and not config.lmtp and not config.imap:
        words = "nothing is received: `receive:` names neither smtp, lmtp nor imap"
        found.append(Finding("service", "receive", "fault", words))
    return found


def _door_finding(name: str, host: str, port: int, *, running: bool) -> Finding:
    where = f"{name} {host}:{port}"
    if running:
        target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
        try:
            with socket.create_connection((target, port), timeout=3):
                return Finding("service", where, "ok", "is listened on")
        except OSError as error:
            words = f"nobody can be reached there: {error}; does this node have the role? see the log of `mailbot serve`"
            return Finding("service", where, "warning", words)
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        words = f"cannot be listened on: {error.strerror or error}; stop the other program, or choose another port"
        return Finding("service", where, "fault", words)
    return Finding("service", where, "ok", "is free")


def machine_findings(config: Config) -> list[Finding]:
    """Look at the clock and at the time zones."""
    return [_clock_finding(), _zone_finding(config)]


def _clock_finding() -> Finding:
    """Ask the kernel whether somebody keeps its clock right."""
    room = ctypes.create_string_buffer(512)  # struct timex, with modes = 0: only ask; larger than it ever was
    ask = getattr(ctypes.CDLL(None), "adjtimex", None)
    state = -1 if ask is None else ask(room)
    if state == -1:
        return Finding(
            "clock", "kernel", "skipped", "this system does not say whether its clock is kept right"
        )
    if state == _TIME_ERROR:
        words = "nobody keeps this clock right; install chrony or systemd-timesyncd: openings and closes go by this clock"
        return Finding("clock", "kernel", "warning", words)
    return Finding("clock", "kernel", "ok", "is kept right by a time service")


def _zone_finding(config: Config) -> Finding:
    key = config.timezone.key
    for folder in zoneinfo.TZPATH:
        if Path(folder, key).exists():
            return Finding("clock", key, "ok", f"the rules of the zone come from {folder}")
    return Finding(
        "clock", key, "ok", f"the rules of the zone come from the package tzdata {version('tzdata')}"
    )


def version_findings() -> list[Finding]:
    """Name what runs."""
    sqlite = tuple(map(int, sqlite3.sqlite_version.split(".")))
    words = f"SQLite {sqlite3.sqlite_version}"
    old = sqlite < _OLD_SQLITE
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return [
        Finding("versions", "mailbot", "ok", f"{version('mailbot')}; {libraries}"),
        Finding("versions", "python", "ok", f"{platform.python_version()} ({sys.executable})"),
        Finding(
            "versions", "sqlite", "fault" if old else "ok", f"{words}; needs 3.35 or later" if old else words
        ),
    ]
