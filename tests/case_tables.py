"""Plain tests, run as one test of pytest's for each file: it spends on each of its own more than most of ours take.

Plain is a test that is handed the values of its cases, if it has any, and nothing else: no fixture, no event loop, no
mark but `sampled` and `drawn`. pytest does not even collect them one by one, unless somebody chooses among them: by `file::test[case]`, -k or -m,
or by -v, --collect-only or a debugger, which show each. All of a file are run: those that fail are named in the line of
the summary, and shown one after the other as pytest shows them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction, isfunction
from itertools import product
from typing import Any

import pytest

from tests.thorough import long_tests, sample, tried

USUAL = "not fault"  # -m of pyproject.toml; no plain test has that mark
TESTS = "plain tests"  # what those of a file are called together
_LOOKED_AT_BY_NONE = {"event_loop_policy"}  # pytest-asyncio hands it to every test
_CASE = type(pytest.param())
_TABLE = pytest.StashKey["Table"]()


@dataclass(frozen=True)
class Plain:
    """A plain test, and the arguments of each case that is tried, under its place among all; where it has none, of one."""

    name: str
    function: Callable[..., object]
    cases: Mapping[int, Mapping[str, object]]


class CasesError(AssertionError):
    """Some of a table failed; said with how many and which."""


class Table(pytest.Item):
    """The plain tests of a file."""

    def __init__(self, **of_any_node: Any) -> None:
        super().__init__(**of_any_node)
        self.tests: list[Plain] = []
        self.failed: list[tuple[pytest.Function, pytest.ExceptionInfo[BaseException]]] = []

    def runtest(self) -> None:
        """Run every case, and then fail if any did."""
        many = sum(len(test.cases) for test in self.tests)
        self.user_properties.append(("cases", many))
        skipped = None
        for test in self.tests:
            for place, arguments in test.cases.items():
                try:
                    test.function(**arguments)
                except pytest.skip.Exception as said:
                    skipped = said
                except (Exception, pytest.fail.Exception):  # noqa: BLE001  # reported, as pytest would
                    by_itself = _collected(self.parent, test)[place]
                    self.failed.append((by_itself, pytest.ExceptionInfo.from_current()))
        if self.failed:
            raise CasesError(
                f"{len(self.failed)} of {many}: {', '.join(case.name for case, _ in self.failed)}"
            )
        if skipped:
            raise skipped

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is shown: which cases failed, and then each as pytest shows it."""
        if not isinstance(excinfo.value, CasesError):
            return super().repr_failure(excinfo, style)
        shown = excinfo.getrepr(style="value")
        if shown.reprcrash:
            shown.reprcrash.message = str(excinfo.value)
        for case, why in self.failed:
            shown.addsection(case.name, str(case.repr_failure(why)))
        return shown

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return where it stands, and its name."""
        return self.path, None, self.name


def nobody_chooses(config: pytest.Config) -> bool:
    """Tell whether no case is asked for, or to be seen, by itself."""
    option = config.option
    chosen = option.keyword or option.markexpr != USUAL or option.deselect or "::" in " ".join(config.args)
    return not (chosen or option.verbose > 0 or option.collectonly or option.usepdb)


def into_table(file: pytest.Module | pytest.Class, name: str, thing: object) -> list[Table] | None:
    """Put a plain test of a file into its table, and return that table if this is its first; None if it is not plain."""
    test = plain(file, name, thing)
    if test is None:
        return None
    begun = _TABLE in file.stash
    if not begun:
        file.stash[_TABLE] = Table.from_parent(file, name=TESTS)
    file.stash[_TABLE].tests.append(test)
    return [] if begun else [file.stash[_TABLE]]


def plain(file: pytest.Module | pytest.Class, name: str, thing: object) -> Plain | None:
    """Return what stands in a file under a name, if that is a plain test, and not one that takes long."""
    if not (isinstance(file, pytest.Module) and isfunction(thing) and file.istestfunction(thing, name)):
        return None
    if iscoroutinefunction(thing) or hasattr(thing, "__wrapped__") or hasattr(thing, "is_hypothesis_test"):
        return None
    of_all = {*file.session._fixturemanager._getautousenames(file)}
    if of_all - _LOOKED_AT_BY_NONE or hasattr(file.obj, "pytestmark"):
        return None
    test = f"{file.nodeid}::{name}"
    marks: list[pytest.Mark] = getattr(thing, "pytestmark", [])
    parameters = [_parameters(mark) for mark in marks if mark.name not in {"sampled", "drawn"}]
    if not long_tests().keys().isdisjoint({file.nodeid, test}) or not all(parameters):
        return None
    every = [*product(*map(enumerate, parameters))]  # in pytest's order
    chosen: Collection[int] = range(len(every))
    for mark in marks:
        if mark.name == "sampled":
            values = [[number for number, _ in case] for case in every]
            chosen = sample(test, values, tried(mark, len(every)))
    cases = {
        place: {parameter: value for _, row in case for parameter, value in row.items()}
        for place, case in enumerate(every)
        if place in chosen
    }
    code = thing.__code__
    asked = {*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]}
    return Plain(name, thing, cases) if all(asked == each.keys() for each in cases.values()) else None


def _parameters(mark: pytest.Mark) -> list[dict[str, object]]:
    """Return the arguments of each row of a parametrized test, and none if the mark says anything else."""
    if mark.name != "parametrize" or len(mark.args) != 2 or mark.kwargs.keys() - {"ids"}:
        return []
    names, rows = mark.args
    if not isinstance(rows, Collection):
        return []  # read once, and pytest may have to
    alone = False
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
        alone = len(names) == 1
    found: list[dict[str, object]] = []
    for row in rows:
        if isinstance(row, _CASE):
            if row.marks:
                return []
            found.append(dict(zip(names, row.values, strict=True)))
        else:
            found.append(dict(zip(names, (row,) if alone else row, strict=True)))
    return found


def _collected(file: Any, test: Plain) -> list[pytest.Function]:
    """Return a test's cases as pytest collects them."""
    return [*file._genfunctions(test.name, test.function)]
