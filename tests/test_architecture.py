"""The house rules that a machine can hold: which way imports point, and that core stays pure."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import mailbot

PACKAGE = Path(mailbot.__file__).parent
FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}

# What each folder, or file beside the folders, may import of ours, and of other people's libraries.
ARROWS: dict[str, tuple[set[str], set[str]]] = {
    "core": ({"core"}, set()),
    "net": ({"core", "log", "net"}, {"aiosmtpd", "aioimaplib", "dns"}),
    "store": ({"core", "store"}, {"sqlalchemy", "pydantic", "alembic"}),
    "flows": ({"core", "flows", "store", "site", "render", "log"}, {"sqlalchemy"}),
    # What is destroyed may also lie in a Maildir of ours.
    "flows/members/erase_person.py": ({"core", "flows", "net", "site", "store"}, {"sqlalchemy"}),
    "flows/surveys/destroy_sealed.py": ({"core", "flows", "log", "net", "site", "store"}, {"sqlalchemy"}),
    "flows/lists/purge_posts.py": ({"core", "flows", "log", "net", "site", "store"}, {"sqlalchemy"}),
    "web": ({"core", "flows", "log", "site", "store", "web"}, {"jinja2", "starlette", "uvicorn"}),
    "flows/sending": ({"core", "flows", "net", "store", "log"}, {"sqlalchemy"}),
    # A departure: the flow is handed the checked files as the one value that definitions.py makes of them.
    "flows/apply_definitions.py": ({"core", "flows", "folder", "site", "store"}, {"sqlalchemy"}),
    "formats": ({"core", "formats"}, {"icalendar", "jinja2", "markdown_it", "markupsafe", "openpyxl"}),
    "formats/backup_file.py": ({"core", "folder", "store"}, set()),
    "folder": (
        {"core", "folder", "resources"},
        {"cryptography", "jinja2", "pydantic", "pydantic_core", "ruamel"},
    ),
    "folder/definition_faults.py": ({"core", "folder", "formats"}, set()),  # a bulletin's text is Markdown
    # The check-up looks at everything that the service stands on, itself left out.
    "doctor": ({"core", "doctor", "folder", "formats", "net", "store"}, {"sqlalchemy"}),
    "show": ({"core", "flows", "formats", "show", "site", "store"}, {"rich", "sqlalchemy"}),
    "render": ({"core", "formats", "log", "render"}, {"jinja2"}),
    "__init__.py": (set(), set()),
    "__main__.py": ({"cli"}, set()),
    "clock_watch.py": ({"core", "log"}, set()),
    "doors.py": (
        {"core", "flows", "folder", "installation", "log", "net", "resources", "site", "store", "web"},
        set(),
    ),
    "installation.py": ({"core", "folder", "formats", "render", "resources", "site", "store"}, set()),
    "log.py": (set(), set()),
    "resources.py": (set(), set()),
    "schedule.py": (set(), {"apscheduler"}),
    "sender_lookup.py": ({"core", "flows", "folder", "net"}, set()),
    "site.py": ({"core", "render"}, set()),  # what flows are told, their `render` among it
    "workers.py": ({"log"}, set()),
}
DEMO = {
    name for name in FILES if name.startswith("demo/")
}  # the demo, which types the commands as a person would
COMMANDS = {name for name in FILES if name.startswith("cli/")}  # what a person types
ROOTS = {"service.py"} | COMMANDS | DEMO  # these may import any other, but hardly anybody may import them

PURE = {
    *("__future__", "ast", "base64", "binascii", "bisect", "calendar", "collections", "collections.abc", "dataclasses", "datetime", "difflib"),
    *("decimal", "email.utils", "fractions", "functools", "hashlib", "hmac", "html", "ipaddress", "itertools", "json"),
    *("operator", "pathlib", "re", "string", "typing", "unicodedata", "urllib.parse"),
}  # fmt: skip
IMPURE = {
    *("open", "print", "input", "now", "today", "utcnow", "read_text", "read_bytes", "write_text", "write_bytes"),
    *("stat", "mkdir", "unlink", "iterdir", "glob", "resolve", "absolute", "cwd", "home"),
}  # fmt: skip
AWAITS = {
    "net",
    "web",
    "doors.py",
    "service.py",
    "schedule.py",
    "store/database.py",
    "flows/know_recipient.py",
    "flows/check_senders.py",
    "flows/receive_mail.py",
    "flows/sending",
}
IMPORTED = re.compile(r"^ *(?:from|import) ([\w.]+)", re.MULTILINE)
BESIDE_CORE = {  # what tests of core may load
    "mailbot.demo.demo_clients",
    "mailbot.demo.demo_register",
    "mailbot.folder.dkim_keys",
    "mailbot.folder.holidays",
    "mailbot.formats.form_file",
    "mailbot.render",
    "mailbot.resources",
}
CLOCKS = {"installation.py", "net/smtp_server.py"}  # the second for the date in its Received field


@dataclass(frozen=True)
class Facts:
    """What is looked for in a file; its tree is not kept, since all of them together take seconds to clean up after."""

    says: str  # the first line of its docstring
    imported: frozenset[str]  # every module, `from mailbot import log` as mailbot.log
    called: frozenset[str]  # the last word of each function that it calls by a name
    awaits: bool


@cache  # by the first test that asks, not whenever tests are collected
def facts(name: str) -> Facts:
    """Read a file."""
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    imported: set[str] = set()
    called: set[str] = set()
    awaits = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                called.add(node.func.attr)
            elif isinstance(node.func, ast.Name):
                called.add(node.func.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported |= set(_modules(node))
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            awaits = True
    says = (ast.get_docstring(tree) or "").partition("\n")[0]
    return Facts(says, frozenset(imported), frozenset(called), awaits)


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    module = node.module or ""
    inside = module == "mailbot" or _is_folder(module)
    yield from (f"{module}.{alias.name}" for alias in node.names) if inside else (module,)


@cache
def _is_folder(module: str) -> bool:
    return (PACKAGE.parent / module.replace(".", "/")).is_dir()


def _places(name: str) -> list[str]:
    """Return a file and the folders that it is in, the innermost first."""
    return [name, *map(str, Path(name).parents)]


def ours(name: str) -> set[str]:
    """Return the parts of mailbot that a file imports: folders, and files beside them."""
    return {module.split(".")[1] for module in facts(name).imported if module.startswith("mailbot.")} - {
        "__version__"
    }


def test_imports_point_right_and_down() -> None:
    """A file imports only those parts, and those libraries, that its folder may."""
    wrong = {}
    for name in FILES:
        if name in ROOTS:
            continue
        parts, libraries = next(ARROWS[place] for place in _places(name) if place in ARROWS)
        foreign = {module.partition(".")[0] for module in facts(name).imported} - {
            *sys.stdlib_module_names,
            "mailbot",
        }
        wrong[name] = (ours(name) - parts) | (foreign - libraries)
    assert {name: modules for name, modules in wrong.items() if modules} == {}


def test_the_reader_of_replies_is_built_in_steps() -> None:
    """Of core/reading a folder imports itself and those before it: text, doubts, grammar, statements; all come below the reply."""
    steps = ["text", "doubts", "grammar", "statements", "reading"]
    wrong = {}
    for name in FILES:
        if name.startswith("core/reading/"):
            later = steps[steps.index(Path(name).parent.name) + 1 :]
            of_the_reader = {
                module.split(".")[3]
                for module in facts(name).imported
                if module.startswith("mailbot.core.reading.")
            }
            wrong[name] = of_the_reader & set(later) | (set() if later == [] else of_the_reader - set(steps))
    assert {name: steps for name, steps in wrong.items() if steps} == {}


@pytest.mark.parametrize(
    ("root", "users"),
    [
        ("service", COMMANDS | DEMO),
        ("installation", COMMANDS | DEMO | {"doors.py", "service.py"}),
        ("doors", {"service.py"}),
        ("cli", COMMANDS | DEMO | {"__main__.py"}),
        ("demo", COMMANDS | DEMO),
    ],
)
def test_nobody_imports_the_composition_root(root: str, users: set[str]) -> None:
    """Only the command line and the demo know the service, they and the service an opened installation."""
    assert {name for name in FILES if root in ours(name)} <= users


def test_core_is_pure() -> None:
    """A file of core imports no module that reaches the world, and calls nothing that reads, writes or tells the time."""
    wrong = {}
    for name in FILES:
        if name.startswith("core/"):
            others = {module for module in facts(name).imported if not module.startswith("mailbot.core")}
            wrong[name] = (others - PURE) | (facts(name).called & IMPURE)
    assert {name: words for name, words in wrong.items() if words} == {}


def test_the_tests_of_core_load_little_else() -> None:
    """Nothing that remembers, talks or does, nor another test that needs it: to load that takes as long as to try core."""
    root = PACKAGE.parent
    left, seen, loaded = [*(root / "tests" / "core").rglob("*.py")], set(), {}
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        modules = set(IMPORTED.findall(path.read_text(encoding="utf-8")))
        loaded[path.name] = {
            one for one in modules if one.startswith("mailbot") and not one.startswith("mailbot.core.")
        } - BESIDE_CORE
        files = [root / f"{one.replace('.', '/')}.py" for one in modules if one.startswith("tests.")]
        left += [file for file in files if file.exists()]
    assert {name: modules for name, modules in loaded.items() if modules} == {}


def test_only_what_talks_awaits() -> None:
    """Flows and queries are plain functions; only the network, the service and the two flows between them are async."""
    may = AWAITS | ROOTS
    plain = [name for name in FILES if may.isdisjoint(_places(name))]
    assert [name for name in plain if facts(name).awaits] == []


def test_now_is_an_argument() -> None:
    """No decision looks at a clock: who opened the installation hands the time to whom it concerns."""
    plain = [name for name in FILES if name not in CLOCKS | ROOTS]
    assert [name for name in plain if facts(name).called & {"now", "today", "utcnow"}] == []


def test_each_file_says_what_it_is_for() -> None:
    """A file begins with a docstring whose first line is a sentence."""
    assert [name for name in FILES if not facts(name).says.endswith((".", ")", '"'))] == []


def test_no_two_files_share_a_name() -> None:
    """A reader who hears a file's name knows which one is meant."""
    names = Counter(Path(name).name for name in FILES if Path(name).name not in {"__init__.py", "env.py"})
    assert [name for name, count in names.items() if count > 1] == []
