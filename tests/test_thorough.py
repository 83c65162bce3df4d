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


def test_cases_that_sqlite_tries_run_on_a_server_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """One case in four, one at the least; what has no twin, or one case alone, is left as it is."""
    both, alone, single = cases(2, 8), cases(1, 3), cases(2, 1)
    for test, every in (("both", both), ("alone", alone), ("single", single)):
        for case in every:
            database, _, value = case.nodeid.partition("[")[2].partition("-")
            database = "sqlite" if database == "0" and test != "alone" else "postgresql"
            case.nodeid = f"test_{test}[{database}-{value}"
            case.callspec._idlist[0] = database
    (found,) = thorough.again_on_a_server(both + alone + single)
    assert found == [case for case in both if case.callspec._idlist[0] == "postgresql"]
    monkeypatch.setattr(thorough, "WHOLE", False)
    assert len(thorough.sample_on_a_server(found)) == 2
    assert len(thorough.sample_on_a_server(found[:3])) == 1
    monkeypatch.setattr(thorough, "WHOLE", True)
    assert thorough.sample_on_a_server(found) == found
