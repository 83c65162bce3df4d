"""A backup in one file: a tar with the database, config/ and the keys, and a list of all with their hashes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from mailbot.core.refusal import Refusal
from mailbot.folder.config import Config, load_config
from mailbot.store.database import SCHEMA, Database
from mailbot.store.snapshots import Contents, copy_database, look_into, put_back, skip_numbers

LAST = "data/backup.json"  # when the last backup was made, for `mailbot doctor`
# Until it is gone, nothing is read or sent: see flows/runs/resume_after_restore.py
HELD = "data/restored.json"

_LIST = "backup.json"
_FORM = 1
_LIST_MAX = 64 * 1024 * 1024  # bytes
_CHUNK = 1024 * 1024
_DATABASE_LINE = re.compile(r"^database:.*$", re.MULTILINE)
_DUMPS = {"sqlite": "database.sqlite", "postgresql": "database.dump"}


@dataclass(frozen=True)
class Backup:
    """What a backup file says of itself."""

    file: Path
    size: int  # bytes
    made_at: datetime
    kind: str  # sqlite | postgresql
    version: str  # of mailbot
    configuration: str  # its file
    contents: Contents
    files: Mapping[str, tuple[str, int]]  # name -> SHA-256 in hexadecimal, mode
    left_out: tuple[str, ...]  # secrets outside of the working folder


@dataclass(frozen=True)
class Restored:
    """What a restore made, or would make."""

    backup: Backup
    folder: Path
    notes: tuple[str, ...]


# --- making one -------------------------------------------------------------------------------------------------


def write_backup(config: Config, target: Path, now: datetime, version: str) -> Backup:
    """Write a backup of a working folder, read it back whole, and only then let it appear under its name.

    `target` is a file that does not exist yet, or a folder, in which it is named by the time. Raises Refusal.
    """
    if target.is_dir():
        target /= f"mailbot-{now.astimezone(config.timezone):%Y%m%d-%H%M%S}.tar.gz"
    if target.exists() or target.is_symlink():
        raise Refusal(f"{target} exists already; a backup never overwrites one, name another file")
    if not target.parent.is_dir():
        raise Refusal(f"{target.parent} is no folder; make it, or name a file in another one")
    try:
        with tempfile.TemporaryDirectory(prefix=".mailbot-backup-", dir=target.parent) as hidden:
            part = Path(hidden, "backup.tar.gz")
            _pack(config, part, Path(hidden), now, version)
            backup = verify_backup(part)  # every hash, once more from the disk
            _appear(part, target)
    except OSError as error:
        raise Refusal(f"{target}: cannot be written: {error.strerror or error}") from None
    backup = replace(backup, file=target)
    note = {"at": now.isoformat(), "file": str(target.absolute()), "size": backup.size}
    (config.folder / LAST).write_text(json.dumps(note) + "\n", encoding="utf-8")
    return backup


def _pack(config: Config, part: Path, hidden: Path, now: datetime, version: str) -> None:
    kind = config.database.partition(":")[0].partition("+")[0]
    dump = hidden / _DUMPS[kind]
    if kind == "sqlite" and not Path(config.database.removeprefix("sqlite:///")).exists():
        raise Refusal("there is no database yet; `mailbot apply` or `mailbot serve` makes it")
    found = copy_database(config.database, dump)
    inside, left_out = _secrets(config)
    files = {_DUMPS[kind]: dump}
    files |= {path.relative_to(config.folder).as_posix(): path for path in (*_config_files(config), *inside)}
    listed = {name: (_hash_of(path), path.stat().st_mode & 0o700) for name, path in files.items()}
    index = {
        "form": _FORM,
        "made_at": now.isoformat(),
        "kind": kind,
        "version": version,
        "configuration": config.file.relative_to(config.folder).as_posix(),
        "contents": {**asdict(found), "newest_mail": found.newest_mail and found.newest_mail.isoformat()},
        "files": {name: {"sha256": digest, "mode": mode} for name, (digest, mode) in listed.items()},
        "left_out": left_out,
    }
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0, filename="") as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            text = json.dumps(index, ensure_ascii=False, indent=1).encode()
            tar.addfile(_entry(_LIST, len(text), 0o600, now), io.BytesIO(text))
            for name, path in files.items():
                with path.open("rb") as content:
                    tar.addfile(_entry(name, path.stat().st_size, listed[name][1], now), content)
        raw.flush()
        os.fsync(raw.fileno())
    dump.unlink()


def _entry(name: str, size: int, mode: int, now: datetime) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, mode, int(now.timestamp())
    return entry


def _appear(part: Path, target: Path) -> None:
    """Give a whole file its name, unless somebody else took it meanwhile."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise Refusal(f"{target} exists already; a backup never overwrites one, name another file") from None
    except OSError:  # a file system without hard links
        if target.exists():
            raise Refusal(f"{target} exists already; a backup never overwrites one") from None
        part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _config_files(config: Config) -> list[Path]:
    return sorted(path for path in config.file.parent.rglob("*") if path.is_file() and not path.is_symlink())


def _secrets(config: Config) -> tuple[list[Path], list[str]]:
    """Return the key and password files below the folder, and the names of those that lie elsewhere."""
    named = [config.folder / "data" / "secret.key", *sorted((config.folder / "data" / "dkim").glob("*.key"))]
    named += [key.file for key in config.dkim.keys] if config.dkim else []
    named += [config.folder / relay.password_file for relay in config.relay if relay.password_file]
    named += [source.password_file for source in config.imap if source.password_file]
    inside: dict[Path, None] = {}
    outside: list[str] = []
    for path in named:
        if not path.is_file():
            continue
        below = path.resolve().is_relative_to(config.folder.resolve())
        if below and not path.is_relative_to(config.file.parent):
            inside[path] = None
        elif not below:
            outside.append(str(path))
    return list(inside), list(dict.fromkeys(outside))


# --- reading one ------------------------------------------------------------------------------------------------


def verify_backup(file: Path) -> Backup:
    """Read a whole backup and compare every file in it with its hash. Raises Refusal, with what is wrong."""
    with _readable(file), tarfile.open(file, "r:gz") as tar:
        backup = _index(file, tar)
        found: set[str] = set()
        for entry, content in _entries(tar):
            if entry.name not in backup.files or entry.name in found or not _is_plain(entry.name):
                raise Refusal(f"{file}: {entry.name!r} does not belong in a backup; take another backup")
            if _hash_from(content) != backup.files[entry.name][0]:
                raise Refusal(f"{file}: {entry.name} is not what was packed; take another backup")
            found.add(entry.name)
        if missing := sorted(backup.files.keys() - found):
            raise Refusal(f"{file}: {missing[0]} is missing; take another backup")
    return backup


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, tarfile.TarError, zlib.error, ValueError, KeyError, TypeError) as error:
        why = getattr(error, "strerror", None) or error
        raise Refusal(f"{file}: cannot be read as a backup: {why}") from None


def _index(file: Path, tar: tarfile.TarFile) -> Backup:
    """Read the list that a backup begins with."""
    first = tar.next()
    if first is None or first.name != _LIST or not first.isreg() or first.size > _LIST_MAX:
        raise Refusal(f"{file}: this is no backup of mailbot: it does not begin with {_LIST}")
    content = tar.extractfile(first)
    assert content is not None, "a regular file"
    index = json.loads(content.read())
    if index["form"] != _FORM or index["kind"] not in _DUMPS:
        raise Refusal(f"{file}: its form is {index['form']!r}, this version reads {_FORM}")
    held = index["contents"]
    return Backup(
        file=file,
        size=file.stat().st_size,
        made_at=datetime.fromisoformat(index["made_at"]),
        kind=index["kind"],
        version=index["version"],
        configuration=index["configuration"],
        contents=Contents(
            schema=held["schema"],
            rows=dict(held["rows"]),
            newest_mail=datetime.fromisoformat(held["newest_mail"]) if held["newest_mail"] else None,
            heads=dict(held["heads"]),
            broken=tuple(held["broken"]),
            sealed_open=tuple(held["sealed_open"]),
        ),
        files={name: (one["sha256"], int(one["mode"]) & 0o700) for name, one in index["files"].items()},
        left_out=tuple(index["left_out"]),
    )


def _entries(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Yield the entries after the list, each with its content, in the order of the file."""
    while (entry := tar.next()) is not None:
        content = tar.extractfile(entry) if entry.isreg() else None
        if content is None:
            raise tarfile.TarError(f"{entry.name!r} is no regular file")
        yield entry, content


def last_backup(folder: Path) -> datetime | None:
    """Return when the last backup of a working folder was made; None: never, as far as is known."""
    try:
        return datetime.fromisoformat(json.loads((folder / LAST).read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def held_since(folder: Path) -> datetime | None:
    """Return the moment of the backup that a folder was restored from, as long as nobody has let it go on.

    Raises Refusal when that cannot be known: what goes on unasked may send twice.
    """
    file = folder / HELD
    try:
        return datetime.fromisoformat(json.loads(file.read_text(encoding="utf-8"))["backup_at"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Refusal(
            f"{file} cannot be read: {error.strerror}; run this as the owner of the folder"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(
            f"{file}, written by `mailbot restore`, is damaged; restore the backup into a new folder"
        ) from error


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and name == path.as_posix()


# --- putting one back -------------------------------------------------------------------------------------------


def restore_backup(
    file: Path, folder: Path, now: datetime, *, dry_run: bool, database: str | None
) -> Restored:
    """Put a backup into a folder that does not exist or is empty, whole or not at all; nothing is read or sent there yet.

    `database` is the URL of an empty PostgreSQL database to take in place of the configured one. With `dry_run` the
    backup is only read. Raises Refusal.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise Refusal(
            f"{folder} is not empty; a backup is put back into a folder that does not exist or is empty"
        )
    backup = verify_backup(file)
    if backup.contents.schema > SCHEMA:
        raise Refusal(f"{file}: it was made by a newer version ({backup.version}); install that one first")
    if database is not None and backup.kind == "sqlite":
        raise Refusal("--database is for a backup of PostgreSQL; this one is of SQLite")
    notes = list(_notes(backup))
    if dry_run:
        return Restored(backup, folder, tuple(notes))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as hidden:
            made = Path(hidden, "folder")
            _unpack(backup, made)
            notes += _place_database(backup, made, database, now)
            held = {"backup_at": backup.made_at.isoformat(), "restored_at": now.isoformat()}
            (made / HELD).write_text(json.dumps(held) + "\n", encoding="utf-8")
            made.rename(folder)  # over an empty folder too, and over nothing else
    except OSError as error:
        raise Refusal(f"{folder}: cannot be made: {error.strerror or error}") from None
    return Restored(backup, folder, tuple(notes))


def _unpack(backup: Backup, made: Path) -> None:
    (made / "data").mkdir(parents=True, mode=0o700)
    with tarfile.open(backup.file, "r:gz") as tar:
        tar.next()  # the list
        for entry, content in _entries(tar):
            target = made / entry.name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            mode = backup.files[entry.name][1] | 0o600
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as written:
                shutil.copyfileobj(content, written, _CHUNK)


def _place_database(backup: Backup, made: Path, database: str | None, now: datetime) -> Iterator[str]:
    """Put the database where the configuration says, see that it is what was packed, and yield what changed by it."""
    file, dump = made / backup.configuration, made / _DUMPS[backup.kind]
    if backup.kind == "sqlite" and not _file_of(load_config(file)).is_relative_to(made.absolute()):
        database = "sqlite:data/mailbot.db"
        yield "the database lay outside of its folder; it is data/mailbot.db now, and `database:` says so"
    if database is not None:
        text = file.read_text(encoding="utf-8")
        line = f"database: {database}"
        changed, count = _DATABASE_LINE.subn(lambda _: line, text, count=1)
        file.write_text(changed if count else f"{text.rstrip()}\n{line}\n", encoding="utf-8")
    config = load_config(file)
    if backup.kind == "sqlite":
        _file_of(config).parent.mkdir(parents=True, exist_ok=True)
    put_back(config.database, dump)
    dump.unlink()
    if look_into(config.database) != backup.contents:
        raise Refusal(
            f"{backup.file}: the database that came out of it holds other figures than were packed; take another backup"
        )
    opened = Database(config.database)
    try:
        opened.upgrade()
        with opened.write() as connection:
            skip_numbers(connection, now)
    finally:
        opened.close()


def _file_of(config: Config) -> Path:
    return Path(config.database.removeprefix("sqlite:///"))


def _notes(backup: Backup) -> Iterator[str]:
    """What is different from the service that was lost."""
    yield f"what came after {backup.made_at:%Y-%m-%d %H:%M:%S} UTC is not in it: mails, votes, changes by command"
    yield "what was sent after it stands as not sent yet; nothing leaves before `mailbot resume` says what becomes of it"
    yield "new mails, ballots and questions get numbers a million higher, so that answers to lost ones find nothing"
    for path in backup.left_out:
        yield f"{path} lies outside of the folder and is not in the backup"
    for key in backup.contents.broken:
        yield f"the ledger of {key} did not hold when the backup was made; `mailbot surveys recount {key}` says where"
    for key in backup.contents.sealed_open:
        yield f"it holds who answered what in the secret survey {key}; destroy the file after its close"


def _hash_of(path: Path) -> str:
    with path.open("rb") as content:
        return _hash_from(content)


def _hash_from(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
