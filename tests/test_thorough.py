"""An ordinary run tries some of what is exhaustive, a thorough one all of it."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from tests import thorough


def cases(*numbers: int) -> list[Any]:
    """Return the cases of a test with so many values of each parameter."""
    every = product(*([f"{number}" for number in range(count)] for count in numbers))
    return [
        SimpleNamespace(nodeid=f"test_it[{'-'.join(values)}]", callspec=SimpleNamespace(_idlist=values))
        for values in map(list, every)
    ]


@pytest.mark.parametrize(("numbers", "kept"), [((3, 4), 4), ((40,), 4), ((10, 2, 10), 20), ((3,), 3)])
def test_a_sample_meets_as_many_values_as_fit(
    numbers: tuple[int, ...], kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One case in ten, four at the least, the same each time; in a thorough run all of them."""
    monkeypatch.setattr(thorough, "WHOLE", False)
    every = cases(*numbers)
    chosen = [case.callspec._idlist for case in thorough.sample(tuple(every))]
    assert len(chosen) == kept
    for place, number in enumerate(numbers):
        assert len({values[place] for values in chosen}) == min(number, kept)
    assert chosen == [case.callspec._idlist for case in thorough.sample(tuple(every))]
    monkeypatch.setattr(thorough, "WHOLE", True)
    assert thorough.sample(every) == every
