"""Files with a secret (the service's own key, keys that sign mail, passwords), which nobody else on the machine may read."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from mailbot.core.mistake import Mistake, Mistakes
from mailbot.folder.plain_file import read_file

_KEY_FILE = "data/secret.key"
_KEY_BYTES = 32
_LOST = (
    "there is no secret key, but a database: no answer, bounce or leave link of what was sent is known without the key; "
    "copy it from the backup or the other node (mode 600): {path}"
)


def secret_key(folder: Path, database: str = "") -> bytes:
    """Return the key that signs the service's own addresses. Raises Mistakes when it is missing or not secret.

    Where there is the database already (a SQLAlchemy URL), a new key would be the wrong one.
    """
    path = folder / _KEY_FILE
    make = f"write 64 random hexadecimal digits into it (mode 600), or copy it from the other node or the backup: {path}"
    try:
        text = read_file(path).decode("ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        if _is_there(database):
            raise Mistakes([_of_key(_LOST.format(path=path))]) from None
        raise Mistakes([_of_key(f"there is no secret key; `mailbot init` makes one; {make}")]) from None
    except OSError as error:
        raise Mistakes([_of_key(f"cannot be read: {error.strerror}")]) from None
    except ValueError:
        raise Mistakes([_of_key(f"this is not a key; {make}")]) from None
    if len(key) != _KEY_BYTES:
        raise Mistakes([_of_key(f"the key has {len(key)} bytes and needs {_KEY_BYTES}; {make}")])
    if others_may_read(path):
        raise Mistakes([_of_key(f"everybody on this machine may read the key; run `chmod 600 {path}`")])
    return key


def key_mistakes(folder: Path, database: str) -> Sequence[Mistake]:
    """Return what is wrong with the key, if there is one or should be: a folder that nobody has run yet needs none."""
    try:
        if (folder / _KEY_FILE).exists() or _is_there(database):
            secret_key(folder, database)
    except PermissionError:  # who may not look there is told of it by what needs the folder
        return ()
    except Mistakes as broken:
        return broken.mistakes
    return ()


def _is_there(url: str) -> bool:
    """Tell whether a database is there, if it is a SQLite file; of a server one cannot know without asking it."""
    return url.startswith("sqlite:///") and Path(url.removeprefix("sqlite:///")).exists()


def write_secret_key(folder: Path, key: bytes) -> None:
    """Write the key of a new working folder where only its owner can read it; never over an old one."""
    path = folder / _KEY_FILE
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")


def dkim_key_file(folder: Path, selector: str) -> Path:
    """Return where a key lies whose file the configuration does not name."""
    return folder / "data" / "dkim" / f"{selector}.key"


def _of_key(sentence: str) -> Mistake:
    return Mistake(_KEY_FILE, 1, 1, "file", sentence)


class NoPassword(Exception):  # noqa: N818  it becomes a Mistake, or a sentence of pydantic's
    """Raised where no password can be read: why, and the key to blame."""

    def __init__(self, sentence: str, *key: str) -> None:
        self.sentence = sentence
        self.key = key


def password_in(path: Path) -> str:
    """Return the password that is all of a file. Raises NoPassword."""
    try:
        if others_may_read(path):
            raise NoPassword(
                f"everybody on this machine may read {path}; run `chmod 600 {path}`", "password_file"
            )
        return read_file(path).decode().rstrip("\r\n")
    except OSError as error:
        raise NoPassword(f"{path} cannot be read: {error.strerror}", "password_file") from None
    except UnicodeDecodeError:
        raise NoPassword(f"{path} is not UTF-8 text", "password_file") from None


def not_secret(file: Path) -> str | None:
    """Return what is wrong with the file of a secret, whatever is in it; None: nothing."""
    try:
        if others_may_read(file):
            return f"everybody on this machine may read {file}; run `chmod 600 {file}`"
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}; `mailbot dkim make` makes a key"
    return None


def others_may_read(path: Path) -> bool:
    """Tell whether everybody on this machine may read a file. Raises OSError."""
    return bool(path.stat().st_mode & stat.S_IROTH)
