"""What stands in the place of a file and is none is refused at once, by its name and with what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mailbot.folder.definitions import check_folder
from mailbot.folder.new_folder import make_folder
from mailbot.folder.plain_file import read_file

KEY = bytes(range(32))


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("file", "more"),
    [
        ("config/mailbot.yaml", ""),
        ("config/lists/security.yaml", ""),
        ("config/bulletins/new.md", ""),
        ("templates/mail/ja/reminder.txt", ""),
        ("config/holidays.csv", "holidays: config/holidays.csv\n"),
        ("data/relay.password", "relay: smtps://u@relay.example?password_file=data/relay.password\n"),
        ("data/secret.key", ""),
    ],
)
def test_a_check_waits_for_no_pipe(tmp_path: Path, file: str, more: str) -> None:
    """Nobody may ever write into it: one sentence says where it stands and what to do."""
    make_folder(tmp_path / "ml", KEY)
    config = tmp_path / "ml" / "config" / "mailbot.yaml"
    lines = config.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition(":")[0] != more.partition(":")[0]]
    config.write_text("\n".join([*kept, more]), encoding="utf-8")
    path = tmp_path / "ml" / file
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path, 0o600)
    mistakes, _ = check_folder(config, {})
    (line,) = [str(mistake) for mistake in mistakes if "pipe" in str(mistake)]
    assert path.name in line
    assert line.endswith("it is a named pipe, not a file; remove it, or save the file in its place")


def test_a_socket_and_a_device_are_none_either(tmp_path: Path) -> None:
    """They have no end, or cannot be opened as a file."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "s"))
        with pytest.raises(OSError, match="it is a socket, not a file"):
            read_file(tmp_path / "s")
    with pytest.raises(OSError, match="it is a device, not a file"):
        read_file(Path("/dev/zero"))
    (tmp_path / "link").symlink_to(__file__)
    assert read_file(tmp_path / "link") == Path(__file__).read_bytes()


@pytest.mark.parametrize(
    ("content", "worked", "sentence"),
    [
        (None, False, None),
        (None, True, "there is no secret key, but a database: "),
        ("00ff", False, "the key has 2 bytes and needs 32; "),
        (KEY.hex(), True, None),
    ],
)
def test_a_check_knows_a_missing_key(
    tmp_path: Path, content: str | None, worked: bool, sentence: str | None
) -> None:
    """Where there is a database a new key would be the wrong one; a folder that nobody has run yet needs none."""
    make_folder(tmp_path / "ml", KEY)
    key = tmp_path / "ml" / "data" / "secret.key"
    key.unlink()
    if content is not None:
        key.write_text(content, encoding="ascii")
        key.chmod(0o600)
    if worked:
        (tmp_path / "ml" / "data" / "mailbot.db").touch()
    mistakes, _ = check_folder(tmp_path / "ml" / "config" / "mailbot.yaml", {})
    found = [str(mistake) for mistake in mistakes]
    if sentence is None:
        assert found == []
    else:
        (line,) = found
        assert line.startswith(f"data/secret.key:1:1 file: {sentence}")
