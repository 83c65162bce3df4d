"""What the commands about the working folder leave in it."""

from __future__ import annotations

import shlex
from pathlib import Path

from click.testing import CliRunner

import mailbot.cli
from mailbot.core.refusal import Refusal
from mailbot.folder.new_folder import make_folder

ROOM = "name: room\ntitle: 部屋\npreset: closed\nmembers: none\n"


def run(folder: Path, *words: str) -> str:
    """Run a command on the folder, which must succeed; returns what it prints."""
    config = str(folder / "config" / "mailbot.yaml")
    done = CliRunner().invoke(mailbot.cli.root, [*words, "--config", config], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refused(folder: Path, *words: str) -> str:
    """Run a command that must be refused, with exit status 1; returns the sentence."""
    config = str(folder / "config" / "mailbot.yaml")
    done = CliRunner().invoke(mailbot.cli.root, [*words, "--config", config])
    assert isinstance(done.exception, Refusal), done.output
    return str(done.exception)


def test_what_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A folder that the service may not write into, or that is full, ends no command in a traceback."""
    folder = tmp_path / "site"
    make_folder(folder, bytes(32))
    (folder / "data" / "serve.lock").mkdir()  # cannot be opened as a file, whoever asks
    assert "serve.lock cannot be written: Is a directory" in refused(folder, "serve")
    (tmp_path / "file").touch()
    config = folder / "config" / "mailbot.yaml"
    inside = f"database: sqlite:{tmp_path / 'file' / 'below' / 'mailbot.db'}"
    config.write_text(config.read_text(encoding="utf-8").replace("database: sqlite:data/mailbot.db", inside))
    said = refused(folder, "queue")
    assert "below, cannot be made: Not a directory; see `database:` in" in said


def test_init_says_a_command_that_can_be_pasted(tmp_path: Path) -> None:
    """Also where the folder's name has a space or a bracket in it."""
    said = CliRunner().invoke(mailbot.cli.root, ["init", str(tmp_path / "my site (2)")]).output
    words = shlex.split(said.strip().rpartition("\n")[2])
    assert words[:-1] == ["mailbot", "check", "--config"]
    assert Path(words[-1]).is_file()


def test_export_writes_into_the_file_that_defines_it(tmp_path: Path) -> None:
    """Whatever a person called a file, `export` changes that one: a second of the same name would be a mistake."""
    folder = tmp_path / "site"
    make_folder(folder, bytes(32))
    lists, bulletins = folder / "config" / "lists", folder / "config" / "bulletins"
    (lists / "my-room.yaml").write_text(ROOM, encoding="utf-8")
    (bulletins / "m27-01.md").rename(bulletins / "january.md")
    before = {path.name for path in folder.glob("config/*/*")}
    run(folder, "apply")
    (lists / "my-room.yaml").write_text(ROOM.replace("部屋", "広間"), encoding="utf-8")
    run(folder, "export")
    assert {path.name for path in folder.glob("config/*/*")} == before
    assert "部屋" in (lists / "my-room.yaml").read_text(encoding="utf-8")
    assert "no mistakes" in run(folder, "check")
    assert run(folder, "apply").strip() == "nothing to change"
