"""How much an ordinary run tries of what is exhaustive by intention; `make thorough`, and so CI, tries all of it.

Marked `thorough` is every test that has a short form: those of hypothesis by themselves, which then draw fewer
examples, and those that carry the mark, of whose cases some are run; of a file that carries it, some of its tests.
Which ones is the same each time.
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


def sample(cases: Sequence[pytest.Function]) -> list[pytest.Function]:
    """Return those of a test's cases that are run, in their order: as many different values as fit, of each parameter."""
    left = list(cases)
    random.Random(cases[0].nodeid.partition("[")[0]).shuffle(left)
    seen: set[tuple[int, str]] = set()
    chosen: set[str] = set()
    while left and len(chosen) < examples(len(cases)):
        best = max(left, key=lambda case: len(_values(case) - seen))
        left.remove(best)
        chosen.add(best.nodeid)
        seen |= _values(best)
    return [case for case in cases if case.nodeid in chosen]


def _values(case: pytest.Function) -> set[tuple[int, str]]:
    test = case.nodeid.partition("[")[0]  # where a file carries the mark, its tests are values, too
    return set(enumerate([test, *(case.callspec._idlist if hasattr(case, "callspec") else ())]))
