"""A command loads what it needs and no more, and none is lost for being loaded late."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import mailbot.cli
from mailbot.cli.root import CommandGroup, root
from mailbot.folder.new_folder import make_folder
from tests.dialogs import conversation

_NOT_TO_SHOW = {"mailbot.service", "mailbot.folder.definitions", "mailbot.render"} | {
    f"mailbot.core.{name}" for name in ("failure", "moderation", "reply", "statement")
}
_HEAVY = {
    *("aioimaplib", "aiosmtpd", "alembic", "apscheduler", "cryptography", "dns", "icalendar", "jinja2", "markdown_it"),
    *("openpyxl", "psycopg", "rich", "starlette", "uvicorn"),
}  # fmt: skip
FILES = sorted(path.stem for path in Path(mailbot.cli.__file__).parent.glob("*_commands.py"))


def groups(group: click.Group = root, *names: str) -> Iterator[tuple[tuple[str, ...], click.Group]]:
    """Yield every group of commands with its words."""
    yield names, group
    for name in group.list_commands(click.Context(group)):
        below = group.get_command(click.Context(group), name)
        if isinstance(below, click.Group):
            yield from groups(below, *names, name)


def file_of(command: click.Command) -> str:
    """Return the name of the file in which a command is defined."""
    assert command.callback is not None
    return command.callback.__module__.rpartition(".")[2]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a new process, in which nothing is loaded yet."""
    line = [sys.executable, "-c", "from mailbot.cli import main; main()", *words]
    return subprocess.run(
        line, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def loaded(*commands: Sequence[str]) -> set[str]:
    """Return the modules that a new process has loaded once it has run these commands."""
    program = (
        "import sys\nfrom mailbot.cli import root\n"
        f"for words in {[[*words] for words in commands]!r}:\n"
        "    root.main(words, prog_name='mailbot', standalone_mode=False)\n"
        "print(*sys.modules, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def test_a_terminal_that_lacks_our_characters_stops_no_command(tmp_path: Path) -> None:
    """Table, facts and JSON: what it has no character for is written as its number, which JSON reads again."""
    make_folder(tmp_path / "site", bytes(32))
    config = ["--config", str(tmp_path / "site" / "config" / "mailbot.yaml")]
    commands = [["apply"], ["lists"], ["surveys", "show", "S26-014"], ["lists", "--json"]]
    program = (  # in one process, since to begin one costs more than all four do
        "import sys\nfrom mailbot.cli import main\n"
        f"for words in {[[*words, *config] for words in commands]!r}:\n"
        "    sys.argv = ['mailbot', *words]\n"
        "    try:\n        main()\n    except SystemExit as end:\n        print(end.code, '---')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    _, lists, survey, as_json, rest = done.stdout.split("0 ---\n")
    assert (done.returncode, done.stderr, rest) == (0, "", "")
    assert "\\u" in lists
    assert "\\u" in survey
    assert "電子会議室" in [one["title"] for one in json.loads(as_json)]


def test_each_group_knows_which_files_define_its_commands() -> None:
    """What stands in a file other than its group's is in the group's table, under this file, and nothing else is."""
    for file in FILES:
        import_module(f"mailbot.cli.{file}")  # with all loaded, a command that no table names shows up too
    for names, group in groups():
        elsewhere = {
            name: file_of(command)
            for name, command in group.commands.items()
            if file_of(command) != file_of(group)
        }
        assert (dict(group.files) if isinstance(group, CommandGroup) else {}) == elsewhere, names


def test_the_help_of_a_group_lists_every_command_with_its_sentence() -> None:
    """`--help` shows each command, loaded or not, and what it does."""
    fresh = run("--help").stdout
    for names, group in groups():
        shown = CliRunner().invoke(root, [*names, "--help"]).output if names else fresh
        for name in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), name)
            assert command is not None
            assert f"  {name} " in shown
            assert command.get_short_help_str(20).removesuffix("...") in shown


def test_a_shell_completes_commands_that_are_not_loaded() -> None:
    """Completion knows the commands of all files."""
    asked = {"_MAILBOT_COMPLETE": "bash_complete", "COMP_WORDS": "mailbot surveys re", "COMP_CWORD": "2"}
    assert run("surveys", "re", **asked).stdout.split() == [
        *("plain,recount", "plain,reissue", "plain,remind", "plain,results")
    ]


def test_a_command_that_is_mistyped_is_answered_with_the_nearest() -> None:
    """The names of commands that are not loaded are known to the sentence too."""
    answer = run("surveys", "recuont")
    assert answer.returncode == 2
    assert "No such command 'recuont'. Did you mean 'recount'?" in answer.stderr


def test_the_version_loads_no_command() -> None:
    """What needs none of our files takes no time for them."""
    assert {name for name in loaded(["--version"]) if name.startswith(("mailbot.cli.", "sqlalchemy", "pydantic"))} == {
        "mailbot.cli.root",
    }  # fmt: skip


def test_a_plain_command_loads_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    """What only shows something loads neither the service nor what writes mail, pages, sheets or tables."""
    config = ("--config", str(tmp_path / "site/config/mailbot.yaml"))
    make_folder(tmp_path / "site", bytes(32))
    assert conversation.run(["lists", *config], tmp_path)[0] == 0  # the first makes the database
    plain = ("lists", "queue", "events list", "held list", "members figures", "surveys list")
    names = loaded(*([*words.split(), "--json", *config] for words in plain))
    assert "mailbot.store.database" in names
    assert names & _NOT_TO_SHOW == set()
    assert not [name for name in names if name.startswith("sqlalchemy.dialects.postgresql")]
    assert {name.partition(".")[0] for name in names} & _HEAVY == set()


def test_the_service_itself_loads_nothing_that_checks_files(tmp_path: Path) -> None:
    """A process of its own looks through the folder; its mistakes are said all the same, and nothing is served."""
    make_folder(tmp_path / "site", bytes(32))
    config = tmp_path / "site" / "config" / "mailbot.yaml"
    (tmp_path / "site" / "data" / "serve.lock").mkdir()  # so that it ends where it would begin to serve
    program = (
        "import sys\nfrom mailbot.cli import root\n"
        f"try:\n    root.main(['serve', '--config', {str(config)!r}], standalone_mode=False)\n"
        "finally:\n    print(*sys.modules, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "serve.lock cannot be written" in done.stderr
    names = set(done.stdout.splitlines())
    assert "mailbot.service" in names
    assert names & {"mailbot.folder.definitions", "mailbot.folder.written_values", "openpyxl"} == set()
    lists = tmp_path / "site" / "config" / "lists"
    (lists / "room.yaml").write_text("name: room\npreset: clozed\n", encoding="utf-8")
    status, said = conversation.run(["serve", "--config", str(config)], tmp_path)
    assert status == 1
    assert "config/lists/room.yaml:2:9 preset: must be one of" in said


def every_command(group: click.Group = root, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command, and every group, with its words."""
    yield names, group
    for name in group.list_commands(click.Context(group)):
        below = group.get_command(click.Context(group), name)
        assert below is not None
        if isinstance(below, click.Group):
            yield from every_command(below, *names, name)
        else:
            yield (*names, name), below


def test_every_option_says_what_it_is_for() -> None:
    """`--help` leaves no option unexplained."""
    silent = [
        (*names, *option.opts)
        for names, command in every_command()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["held", "accept", "9" * 20], "is not in the range"),
        (["held", "accept"], "name the mails by their numbers, or write --all --list NAME"),
        (["held", "discard", "--all"], "name the mails by their numbers, or write --all --list NAME"),
        (["members", "undo", "9" * 20], "is not in the range"),
        (["archive", "kept", "9" * 20], "is not in the range"),
        (["archive", "show", "room", "9" * 20], "is not in the range"),
        (["archive", "purge", "room", "9" * 20, "--yes"], "is not in the range"),
        (["serve", "--roles", ""], "--roles: '' is none of receive, process, deliver, schedule, web"),
    ],
)
def test_what_no_database_takes_and_no_role_is_called(words: list[str], said: str, tmp_path: Path) -> None:
    """A number larger than a database's, no number at all, and a role without a name are usage errors like any other."""
    make_folder(tmp_path / "site", bytes(32))
    config = str(tmp_path / "site" / "config" / "mailbot.yaml")
    done = CliRunner().invoke(root, [*words, "--config", config])
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_a_refusal_brings_no_terminal_escape() -> None:
    """What somebody typed or wrote comes back without its control characters (promises.md attack 12)."""
    done = run("members", "import", "no\x1b[2Jfile.csv", "--config", "no\x1b[2Jsuch.yaml")
    assert done.returncode == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["lists", "--config", "this.yaml", "members", "room"],
        ["bounces", "--config", "this.yaml", "reset", "a@example.jp"],
        ["schedule", "--config", "this.yaml", "stop", "room"],
        ["surveys", "--config", "this.yaml", "list"],
        ["members", "address", "--config", "this.yaml", "show", "a@example.jp"],
        ["--config", "that.yaml", "held", "--config", "this.yaml", "list"],
        ["--config", "that.yaml", "archive", "search", "x", "--config", "this.yaml"],
    ],
)
def test_the_configuration_is_named_anywhere_before_or_behind(words: list[str]) -> None:
    """What is named nearest to the command holds; a group never takes --config and then works on another folder."""
    done = CliRunner().invoke(root, words)
    assert "this.yaml" in str(done.exception), done.output
