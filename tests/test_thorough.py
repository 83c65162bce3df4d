"""An ordinary run tries some of everything, a thorough one what is left, and CI both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import thorough

ROOT = Path(__file__).parents[1]
BY_HAND = {
    "tests/core/reading/test_reply_shapes.py::test_many_surveys_in_many_shapes"
}  # other ones each time, for hours


@dataclass(eq=False)
class Case:
    """A test as pytest collects it."""

    test: str
    values: Sequence[str] = ()
    marks: Collection[str] = ()
    fixturenames: Sequence[str] = ()

    @property
    def nodeid(self) -> str:
        """Its name, and its values in brackets."""
        return f"{self.test}[{'-'.join(self.values)}]" if self.values else self.test

    @property
    def callspec(self) -> SimpleNamespace:
        """Its values."""
        return SimpleNamespace(_idlist=self.values)

    @property
    def obj(self) -> object:
        """Its function, which is none of hypothesis."""
        return None

    def iter_markers(self, name: str = "") -> Iterator[SimpleNamespace]:
        """Return the marks that it carries."""
        return (SimpleNamespace(name=mark, args=()) for mark in self.marks if name in {"", mark})


@pytest.mark.parametrize(("numbers", "kept"), [((3, 4), 4), ((40,), 4), ((10, 2, 10), 10), ((3,), 3)])
def test_a_sample_meets_as_many_values_as_fit(numbers: tuple[int, ...], kept: int) -> None:
    """The same each time."""
    every = [*product(*map(range, numbers))]
    chosen = thorough.sample("test_it", every, kept)
    assert len(chosen) == kept
    for place, number in enumerate(numbers):
        assert len({every[one][place] for one in chosen}) == min(number, kept)
    assert chosen == thorough.sample("test_it", every, kept)


def test_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the table, on a second program, or as one case of many."""
    table = {"tests/a.py": frozenset[str](), "tests/b.py::test_x": frozenset({"2"})}
    monkeypatch.setattr(thorough, "long_tests", lambda: table)
    later: list[Any] = [
        Case("tests/a.py::test_y"),
        Case("tests/b.py::test_x", ["1"]),
        Case("tests/store/c.py::test_b", ["postgresql"], ["postgres"]),
        Case("tests/d.py::test_a", ["postgresql"], ["postgres"], ["database"]),
    ]
    now: list[Any] = [
        Case("tests/b.py::test_x", ["2"]),
        Case("tests/store/c.py::test_a", ["postgresql"], ["postgres"]),
        Case("tests/c.py::test_c", [], ["dovecot"]),
        Case("tests/d.py::test_a", ["sqlite"], [], ["database"]),
        Case("tests/d.py::test_b", [], ["postgres", "fault"]),
    ]
    many = list(map(str, range(120)))
    sampled: list[Any] = [Case("tests/e.py::test_z", [number], ["sampled"]) for number in many[:30]]
    sampled += [Case("tests/e.py::test_w", [number], ["sampled"]) for number in many]
    with_database: list[Any] = [Case("tests/e.py::test_v", [number], [], ["database"]) for number in many]
    found = thorough.left_out([*now[:2], *later, *now[2:], *sampled, *with_database])
    assert found >= {*later}
    assert found.isdisjoint(now)
    assert len(found & {*sampled}) == 28 + 117
    assert len(found & {*with_database}) == 119


@pytest.mark.timeout(900)
def test_nothing_runs_in_neither() -> None:
    """CI's commands together collect every test, and the table names tests that there are; of each file some run first."""
    commands = re.findall(r"^make (\w+)", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    found = {name: collected(name) for name in commands}
    ((ordinary, every), (later, _), (faults, _)) = (found[name] for name in ("test", "thorough", "faults"))
    assert len(ordinary | later | faults | BY_HAND) == every
    assert len(ordinary & later) < every / 50  # what draws its examples
    assert faults.isdisjoint(ordinary | later)
    whole = {name for name in thorough.long_tests() if name.endswith(".py")}
    assert {test.partition("::")[0] for test in later} - {
        test.partition("::")[0] for test in ordinary
    } == whole
    names = {test.partition("[")[0] for test in later} | whole
    assert set(thorough.long_tests()) <= names
    for name, tried in thorough.long_tests().items():
        assert {f"{name}[{one}]" for one in tried} <= ordinary


def collected(target: str) -> tuple[set[str], int]:
    """Return the tests that a target of the Makefile runs, and how many it chose from."""
    shown = subprocess.run(
        ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    (line,) = (line for line in shown.splitlines() if " -m pytest" in line)
    options = re.sub(r"-n auto --dist \w+", "", line.partition(" -m pytest")[2]).split()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=os.environ | {"THOROUGH": "1" if "THOROUGH=1" in line else ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
    tests = {line for line in done.stdout.splitlines() if line.startswith("tests/")}
    return tests, int(re.findall(r"(\d+) tests collected", done.stdout)[-1])
