"""How much an ordinary run tries of what is exhaustive by intention; `make thorough`, and so CI, tries all of it.

Marked `thorough` is every test that has a short form: those of hypothesis by themselves, which then draw fewer
examples, and those that carry the mark, of whose cases some are run; of a file that carries it, some of its tests.
And of a test whose cases all run on SQLite some run on PostgreSQL, too, one at the least: the databases differ in how they
take a statement, the cases mostly in what was decided. Which ones is the same each time.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

WHOLE = os.environ.get("THOROUGH", "") not in {"", "0"}
ONE_IN = 10  # an ordinary run tries one example or case of so many,
LEAST = 4  # but so many of each test
ONE_ON_A_SERVER_IN = 4  # one of so many cases that SQLite has tried, but one of each test


def examples(many: int) -> int:
    """Return how many of so many examples are tried in this run."""
    return many if WHOLE else min(many, max(LEAST, many // ONE_IN))


def part(cases: Sequence[T]) -> list[T]:
    """Return those of a test's own cases that are tried in this run, in their order; the same each time."""
    chosen = set(random.Random(1).sample(range(len(cases)), examples(len(cases))))
    return [case for place, case in enumerate(cases) if place in chosen]


def draw_fewer(test: Any) -> None:
    """Let a test of hypothesis draw as many examples as are tried in this run."""
    from hypothesis import settings  # noqa: PLC0415  # slow to load, and most files do without

    if not WHOLE and not hasattr(test, "mailbot_draws_fewer"):  # once for all cases of one function
        own = test._hypothesis_internal_use_settings
        test._hypothesis_internal_use_settings = settings(own, max_examples=examples(own.max_examples))
        test.mailbot_draws_fewer = True


def sample(cases: Sequence[pytest.Function], many: int | None = None) -> list[pytest.Function]:
    """Return so many of a test's cases, in their order, by itself those that are run.

    They have as many different values of each parameter as fit.
    """
    many = examples(len(cases)) if many is None else many
    left = list(cases)
    random.Random(cases[0].nodeid.partition("[")[0]).shuffle(left)
    seen: set[tuple[int, str]] = set()
    chosen: set[str] = set()
    while left and len(chosen) < many:
        best = max(left, key=lambda case: len(_values(case) - seen))
        left.remove(best)
        chosen.add(best.nodeid)
        seen |= _values(best)
    return [case for case in cases if case.nodeid in chosen]


def again_on_a_server(items: Sequence[pytest.Function]) -> list[list[pytest.Function]]:
    """Return, of each test with several cases, those that run on PostgreSQL and are among these on SQLite, too."""
    names = {item.nodeid for item in items}
    found: dict[str, list[pytest.Function]] = {}
    for item in items:
        test, bracket, values = item.nodeid.partition("[")
        if "postgresql" in values and test + bracket + values.replace("postgresql", "sqlite") in names:
            found.setdefault(test, []).append(item)
    return [cases for cases in found.values() if len(cases) > 1]


def sample_on_a_server(cases: Sequence[pytest.Function]) -> list[pytest.Function]:
    """Return those of a test's cases on PostgreSQL that are run."""
    return sample(cases, len(cases) if WHOLE else max(1, len(cases) // ONE_ON_A_SERVER_IN))


def _values(case: pytest.Function) -> set[tuple[int, str]]:
    test = case.nodeid.partition("[")[0]  # where a file carries the mark, its tests are values, too
    return set(enumerate([test, *(case.callspec._idlist if hasattr(case, "callspec") else ())]))
