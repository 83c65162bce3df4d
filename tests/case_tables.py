"""Plain tests, run many as one test of pytest's, which spends on each of its own more than most of ours take.

Plain is a test that is handed the values of its cases, if it has any, and nothing else: no fixture, no event loop, no
mark that pytest obeys. The cases of one make a table, and so do all plain tests of a file or class without cases. Each
is still collected by its name, so that `file::test[case]`, -k and -m choose among them; with -v, or where only one is
chosen, each runs by itself as ever. All of a table are run: those that fail are named in the line of the summary, and
shown one after the other as pytest shows them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from inspect import iscoroutinefunction
from typing import Any, TypeGuard

import pytest

TESTS = "plain tests"  # what the table of those without cases is called
_OF_ALL = {"event_loop_policy"}  # pytest-asyncio hands it to every test, and no plain one looks at it
_MARKS = {"parametrize", "sampled", "drawn", "thorough"}  # that change nothing in how a test runs


class CasesError(AssertionError):
    """Some of a table failed; said with how many and which."""


class Table(pytest.Item):
    """Several cases of a plain test, or several plain tests."""

    def __init__(self, *, cases: Sequence[pytest.Function], **of_any_node: Any) -> None:
        super().__init__(**of_any_node)
        self.cases = cases
        self.failed: list[tuple[pytest.Function, pytest.ExceptionInfo[BaseException]]] = []
        self.user_properties.append(("cases", len(cases)))

    def runtest(self) -> None:
        """Run every case, and then fail if any did."""
        skipped = None
        for case in self.cases:
            try:
                case.obj(**case.callspec.params if _has_cases(case) else {})
            except pytest.skip.Exception as said:
                skipped = said
            except (Exception, pytest.fail.Exception):  # noqa: BLE001  # reported, as pytest would
                self.failed.append((case, pytest.ExceptionInfo.from_current()))
        if self.failed:
            names = ", ".join(
                f"[{case.callspec.id}]" if _has_cases(case) else case.name for case, _ in self.failed
            )
            what = "tests" if self.name == TESTS else "cases"
            raise CasesError(f"{len(self.failed)} of {len(self.cases)} {what}: {names}")
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
        """Return where the test stands, and its name."""
        path, line, _ = self.cases[0].reportinfo()
        return path, line, self.name


def in_tables(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return what was collected with each table as one item, where its first case stood."""
    tables: dict[tuple[object, str], list[pytest.Function]] = {}
    found: list[list[pytest.Function] | pytest.Item] = []
    for item in items:
        if not _is_plain(item):
            found.append(item)
            continue
        key = item.parent, item.originalname if _has_cases(item) else TESTS
        if key not in tables:
            found.append(tables.setdefault(key, []))
        tables[key].append(item)
    return [_table(one) if isinstance(one, list) else one for one in found]


def _table(cases: Sequence[pytest.Function]) -> pytest.Item:
    first = cases[0]
    if len(cases) == 1 or first.parent is None:
        return first
    name = first.originalname if _has_cases(first) else TESTS
    made: Table = Table.from_parent(first.parent, name=name, cases=cases)
    return made


def _has_cases(item: pytest.Item) -> bool:
    return hasattr(item, "callspec")


def _is_plain(item: pytest.Item) -> TypeGuard[pytest.Function]:
    if type(item) is not pytest.Function or getattr(item.obj, "is_hypothesis_test", False):
        return False
    handed = set()
    for mark in item.iter_markers():
        if mark.name not in _MARKS:
            return False
        if mark.name == "parametrize":
            names = mark.args[0]
            handed |= {name.strip() for name in names.split(",")} if isinstance(names, str) else set(names)
    return handed | _OF_ALL == {*item.fixturenames, *_OF_ALL} and not iscoroutinefunction(item.obj)
