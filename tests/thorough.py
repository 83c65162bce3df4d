"""What an ordinary run leaves to `make thorough`, which runs that and nothing else, so that CI runs everything once.

Left to it are, in this order:

1. tests of hypothesis (see drawing.py), and what stands in long_tests.txt: what starts the whole service, a browser or a
   mail program, or takes longer than a tenth of a second of a processor, and in core than a fiftieth; where cases are
   named behind `but`, those are run;
2. of a test marked `sampled`, whose cases are exhaustive by intention, all but one case in forty, or in `sampled(MANY)`,
   two at the least;
3. what needs PostgreSQL, but for the first test of each file of store/: the databases differ in how they take a statement,
   the cases mostly in what was decided, and that SQLite tries; and what needs Dovecot, but for the first of each file;
4. of the cases of one test on a database all but one: which way is taken is decided in core, and tried there.

Tests marked `drawn`, which loop over `examples` or `part`, run in both: with few, and with all.
"""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

WHOLE = os.environ.get("THOROUGH", "") not in {
    "",
    "0",
}  # then nothing is left out, and `-m thorough` chooses what was
ONE_IN = 40  # an ordinary run tries one case of so many, unless its mark says otherwise,
ONE_EXAMPLE_IN = 100  # one example of so many, since to draw one takes longer than to try it,
LEAST = 2  # but so many of each test
ON_A_DATABASE = 1  # and so many cases of each test that has a database


def examples(many: int) -> int:
    """Return how many of so many examples are tried in this run."""
    return many if WHOLE else min(many, max(LEAST, many // ONE_EXAMPLE_IN))


def part(cases: Sequence[T]) -> list[T]:
    """Return those of a test's own cases that are tried in this run, in their order; the same each time."""
    chosen = set(random.Random(1).sample(range(len(cases)), examples(len(cases))))
    return [case for place, case in enumerate(cases) if place in chosen]


def draws(item: pytest.Item) -> bool:
    """Tell whether a test is in both runs, with few of its examples and with all."""
    return item.get_closest_marker("drawn") is not None


@cache
def long_tests() -> Mapping[str, frozenset[str]]:
    """Return the files and tests of long_tests.txt, each with the cases that an ordinary run tries all the same."""
    found: dict[str, frozenset[str]] = {}
    for line in Path(__file__).with_name("long_tests.txt").read_text(encoding="utf-8").splitlines():
        name, _, cases = line.partition("#")[0].strip().partition(" but ")
        if name:
            found[name] = frozenset(cases.split())
    return found


def left_out(items: Iterable[pytest.Function]) -> set[pytest.Function]:
    """Return those of the collected tests that an ordinary run leaves to `make thorough`."""
    later: set[pytest.Function] = set()
    sampled: dict[str, list[pytest.Function]] = {}
    with_database: dict[str, list[pytest.Function]] = {}
    begun: set[tuple[str, str]] = set()  # files of which a test needs a program
    for item in items:
        file, test, case = _place(item)
        marks = {mark.name for mark in item.iter_markers()}
        program = next((mark for mark in ("postgres", "dovecot") if mark in marks), "")
        if "fault" in marks:
            continue  # `make faults` runs them, all
        if _is_long(file, test, case) or hasattr(item.obj, "is_hypothesis_test"):
            later.add(item)
        elif "sampled" in marks:
            sampled.setdefault(test, []).append(item)
        elif program:
            if (file, program) in begun or (program == "postgres" and not file.startswith("tests/store/")):
                later.add(item)
            begun.add((file, program))
        elif not {"database", "sqlite"}.isdisjoint(item.fixturenames):
            with_database.setdefault(test, []).append(item)
    for test, cases in sampled.items():
        mark = next(cases[0].iter_markers("sampled"))
        later |= _others(test, cases, _few(mark, len(cases)))
    for test, cases in with_database.items():
        later |= _others(test, cases, ON_A_DATABASE)
    return later


def _others(test: str, cases: Sequence[pytest.Function], many: int) -> set[pytest.Function]:
    values = [case.callspec._idlist if hasattr(case, "callspec") else () for case in cases]
    chosen = sample(test, values, many)
    return {case for place, case in enumerate(cases) if place not in chosen}


def tried(mark: pytest.Mark, many: int) -> int:
    """Return how many of a test's cases are tried in this run, if it has the mark `sampled`."""
    return many if WHOLE else _few(mark, many)


def _few(mark: pytest.Mark, many: int) -> int:
    one_in: int = mark.args[0] if mark.args else ONE_IN
    return max(LEAST, many // one_in)


def sample(test: str, cases: Sequence[Sequence[object]], many: int) -> set[int]:
    """Return the places of so many of a test's cases, the same each time.

    A case is told by which value it has of each parameter. The sample has as many different ones as fit.
    """
    left = [(place, {*enumerate(values)}) for place, values in enumerate(cases)]
    random.Random(test).shuffle(left)
    seen: set[tuple[int, object]] = set()
    chosen: set[int] = set()
    new = max((len(values) for _, values in left), default=0)  # how many of a case's values none chosen has
    while left and len(chosen) < many:
        at = next((at for at, (_, values) in enumerate(left) if len(values - seen) == new), None)
        if at is None:
            new -= 1
            continue
        place, values = left.pop(at)
        chosen.add(place)
        seen |= values
    return chosen


def _place(item: pytest.Function) -> tuple[str, str, str]:
    """Return a test's file, its name with the file, and its case."""
    test, _, case = item.nodeid.partition("[")
    return test.partition("::")[0], test, case.removesuffix("]")


def _is_long(file: str, test: str, case: str) -> bool:
    table: Mapping[str, Collection[str]] = long_tests()
    return file in table or (test in table and case not in table[test])
