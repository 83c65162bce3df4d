"""The documentation is true: its commands, options, paths and log events are those of the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mailbot.cli import root
from mailbot.folder import (
    bulletin_files,
    event_files,
    list_files,
    meeting_files,
    resolution_files,
    selector_files,
    survey_files,
    written_values,
)
from mailbot.folder.config_file import ConfigFile, ImapFile, ReceiveFile
from mailbot.folder.yaml_source import FileModel
from mailbot.store import tables

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
DRAWN = re.compile(r"^( *)(\S+(?: \S+)*)(?:  +\S.*)?$")  # names, two blanks or more, what they are
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
EVENT = re.compile(r"[a-z]+\.[a-z_]+")
# A page, and its rules: "ballot.md sections 8 and 14", "promises.md R6, I16", "promises.md attack 5".
CITED = re.compile(r"\b([a-z]+(?:\.ja)?)\.md((?:[,;]?(?: and| to| sections?| attack)* [RI]?\d+\b)*)")
# Options of other people's programs that the documents name.
FOREIGN = {"adduser": {"--system", "--group", "--home"}, "pip": {"--no-deps"}}


def commands(command: click.Command = root, *names: str) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Yield each command's words with its options."""
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    yield names, options | {"--help"}
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from commands(below, *names, name)


COMMANDS = dict(commands())


def written(document: Path) -> Iterator[str]:
    """Yield every piece of code of a document: its indented lines and what stands between backticks."""
    text = document.read_text(encoding="utf-8")
    yield from (line.split(" # ")[0].strip() for line in text.splitlines() if line.startswith("    "))
    yield from (code for line in text.splitlines() for code in re.findall(r"`([^`]+)`", line))


def called(code: str) -> tuple[tuple[str, ...], set[str]] | None:
    """Return the command that a piece of code calls, as far as its words are names of commands, and its options."""
    words = code.split()
    starts = [index for index, word in enumerate(words) if word == "mailbot" or word.endswith("bin/mailbot")]
    if not starts or any(word in {"adduser", "chown"} for word in words[: starts[0]]):
        return None
    names: tuple[str, ...] = ()
    for word in words[starts[0] + 1 :]:
        group = COMMANDS.get((*names, word))
        if group is None:
            break
        names = (*names, word)
    return names, set(OPTION.findall(code))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_exists(document: Path) -> None:
    """A command of the documentation is one of the command line's, with options that it has."""
    for code in written(document):
        found = called(code)
        if found is None or not code.startswith(("mailbot ", ".venv/", "runuser", "ExecStart")):
            continue
        names, options = found
        assert names or options <= COMMANDS[()], code
        assert options <= COMMANDS[names] | COMMANDS[()], code


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_exists(document: Path) -> None:
    """An option that stands anywhere is one of ours, or known to be another program's."""
    ours = {option for options in COMMANDS.values() for option in options} | {"--version"}
    for script in (ROOT / "benchmarks").iterdir():
        if script.is_file():
            ours |= set(re.findall(r'"(--[a-z-]+)"', script.read_text(encoding="utf-8")))
    foreign = {option for options in FOREIGN.values() for option in options}
    assert set(OPTION.findall(document.read_text(encoding="utf-8"))) <= ours | foreign


def test_every_command_is_documented() -> None:
    """Each command stands in one of the documents, alone or as "surveys list, show"."""
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    missing = [
        " ".join(names)
        for names in COMMANDS
        if names and not all(re.search(rf"\b{name}\b", text) for name in names)
    ]
    assert missing == []


def test_every_target_of_make_exists() -> None:
    """`make X` of a document is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in DOCUMENTS:
        for code in written(document):
            for target in re.findall(r"\bmake ([a-z]+)\b", code):
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def section(title: str) -> list[str]:
    """Return the drawn lines of one section of README."""
    text = README.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [line.removeprefix("    ") for line in text.splitlines() if line.startswith("    ")]


def test_the_tree_is_the_real_one() -> None:
    """README draws every file of the program and no other, and what it draws beside the program exists."""
    drawn: set[str] = set()
    folder = ""
    for line in section("Where things are"):
        found = DRAWN.match(line)
        assert found, line
        indent, names = found[1], found[2].split()
        if not indent:
            folder = names[0] if len(names) == 1 and names[0].endswith("/") else ""
        drawn |= {(folder if indent else "") + name for name in names}
    hidden = {"__init__.py", "__pycache__", "py.typed", "_templates", "_config"}
    real = {
        "mailbot/" + path.name + "/" * path.is_dir()
        for path in (ROOT / "mailbot").iterdir()
        if path.name not in hidden and not path.name.startswith(".")
    }
    assert {name for name in drawn if name.startswith("mailbot/")} - {"mailbot/"} == real
    assert [name for name in sorted(drawn - real) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("title", ["One post, walked", "One vote, walked"])
def test_the_walks_go_through_real_files(title: str) -> None:
    """Each file that a walk names exists."""
    paths = [path for line in section(title) for path in re.findall(r"[\w/]+\.(?:py|txt)\b", line)]
    assert len(paths) > 10
    assert [
        path for path in paths if not (ROOT / "mailbot" / path).exists() and not (ROOT / path).exists()
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_and_link_leads_somewhere(document: Path) -> None:
    """A path into this tree, in backticks or as a link, exists."""
    text = document.read_text(encoding="utf-8")
    paths = re.findall(r"`((?:mailbot|tests|docs|templates|benchmarks)/[\w./-]*)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    tests = re.findall(r"`((?!tests/)(?:\w+/)*test_\w+\.py)`", text)
    assert [test for test in tests if not (ROOT / "tests" / test).exists()] == []
    links = re.findall(r"\]\(([\w.-]+)\)", text)
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_page_and_rule_that_the_code_names_exists() -> None:
    """What a comment names as "ballot.md section 8" or "promises.md I13" is a page of docs/, and a place in it."""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    rules = {
        page: set(re.findall(r"^(?:## |\| )([RI]?\d+)\b", text, re.MULTILINE)) for page, text in pages.items()
    }
    wrong = []
    for path in [*(ROOT / "mailbot").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        for cited in CITED.finditer(path.read_text(encoding="utf-8")):
            page, numbers = cited[1], set(re.findall(r"[RI]?\d+", cited[2]))
            if (page not in pages and path.is_relative_to(ROOT / "mailbot")) or not numbers <= rules.get(
                page, numbers
            ):
                wrong.append(f"{path.name}: {cited[0]}")
    assert wrong == []


def test_readme_can_be_read_in_a_sitting() -> None:
    """README has fewer than 200 lines."""
    assert len(README.read_text(encoding="utf-8").splitlines()) < 200


@pytest.mark.parametrize("model", [ConfigFile, ReceiveFile, ImapFile])
def test_every_option_of_the_configuration_is_documented(model: type[FileModel]) -> None:
    """Each option stands in the example, with its default, and in the operator's table."""
    example = (ROOT / "config/mailbot.yaml").read_text(encoding="utf-8")
    manual = (ROOT / "docs/operator.md").read_text(encoding="utf-8")
    for name in model.model_fields:
        assert re.search(rf"^[# ]*(?:- )?{name}:", example, re.MULTILINE), name
        assert re.search(rf"`(?:receive\.)?{name}`", manual), name


DEFINITION_FILES = (
    *(written_values, selector_files, list_files, survey_files, resolution_files),
    *(event_files, bulletin_files, meeting_files),
)


@pytest.mark.parametrize(
    "model",
    [
        model
        for name, model in {
            name: value for each in DEFINITION_FILES for name, value in vars(each).items()
        }.items()
        if name.endswith("File")
    ],
)
def test_every_key_of_a_definition_is_documented(model: type[FileModel]) -> None:
    """Each key of a list, survey or event stands in the secretariat's manual."""
    manual = (ROOT / "docs/secretariat.ja.md").read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        assert re.search(rf"(?<![a-z_]){field.alias or name}(?![a-z_])", manual), name


def names_of(first: ast.expr) -> list[str]:
    """Return the names that the first argument of a log call may have: of f"{protocol}.mail" both protocols'."""
    match first:
        case ast.Constant(str(name)):
            return [name]
        case ast.JoinedStr([ast.FormattedValue(), ast.Constant(str(rest))]):
            return ["smtp" + rest, "lmtp" + rest]
        case _:
            return []  # the state of a row, see the tables of states


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def events() -> set[str]:
    """Return the names of all log events, as far as they stand in the code as text."""
    found: set[str] = set()
    texts = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "mailbot").rglob("*.py")))
    for text in (text for text in texts if "event(" in text or "_say(" in text):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _called(node.func) in {"event", "_say"}:
                found |= (
                    {name for name in names_of(node.args[0]) if EVENT.fullmatch(name)} if node.args else set()
                )
    return found


def test_every_log_event_is_documented() -> None:
    """The operator's manual says of each log event what it means."""
    manual = (ROOT / "docs/operator.md").read_text(encoding="utf-8")
    assert len(events()) > 10
    assert [event for event in sorted(events()) if f"`{event}`" not in manual] == []


def test_every_state_is_documented() -> None:
    """The operator's manual names every state that the comments of the tables name."""
    manual = (ROOT / "docs/operator.md").read_text(encoding="utf-8")
    source = Path(tables.__file__).read_text(encoding="utf-8")
    stated = re.findall(r'"state", Text, nullable=False\),  # ([a-z |]+\|[a-z |]+)', source)
    assert len(stated) == 6
    states = {state.strip() for line in stated for state in line.split("|")}
    assert [state for state in sorted(states) if f"`{state}`" not in manual] == []
