"""The cases of a plain test run as one, and plain tests of a file do; each that fails is named and shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.case_tables import CasesError, Table, in_tables


@pytest.mark.parametrize(("number", "doubled"), [(1, 2), (2, 3), (4, 8), (5, 9)])
def doubling(number: int, doubled: int) -> None:
    """Fail for two of four."""
    assert number * 2 == doubled


@pytest.mark.parametrize("number", [1, 2])
def skipping(number: int) -> None:
    """Skip one of two."""
    if number == 2:
        pytest.skip("no server here")


def holding() -> None:
    """Have no cases."""


def failing() -> None:
    """Have no cases, and fail."""
    assert 1 + 1 == 3


@pytest.mark.parametrize("number", [1, 2])
def with_a_fixture(number: int, tmp_path: Path) -> None:
    """Need more than its cases."""


@pytest.mark.parametrize("tmp_path", [1, 2], indirect=True)
def with_a_fixture_of_its_own(tmp_path: Path) -> None:
    """Need what a fixture makes of its cases."""


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.timeout(3)
def with_a_mark(number: int) -> None:
    """Carry a mark that pytest obeys."""


@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.skip("none"))])
def with_a_mark_at_one(number: int) -> None:
    """Carry it at one of two cases."""


@pytest.mark.parametrize("number", [1, 2])
async def awaiting(number: int) -> None:
    """Need an event loop."""


def collected(request: pytest.FixtureRequest, test: Callable[..., object]) -> list[pytest.Item]:
    """Return what pytest collects of a function."""
    return list(request.node.parent._genfunctions(test.__name__, test))


def table(request: pytest.FixtureRequest, test: Callable[..., object]) -> Table:
    """Return the one item of a plain test."""
    (made,) = in_tables(collected(request, test))
    assert isinstance(made, Table)
    return made


def test_every_case_is_run_and_each_that_fails_is_shown(request: pytest.FixtureRequest) -> None:
    """One failure hides no other: the line of the summary names both, and what each compared stands under its name."""
    made = table(request, doubling)
    with pytest.raises(CasesError) as failed:
        made.runtest()
    assert str(failed.value) == "2 of 4 cases: [2-3], [5-9]"
    shown = made.repr_failure(failed)
    assert shown.reprcrash.message == str(failed.value)
    assert [name for name, _, _ in shown.sections] == ["doubling[2-3]", "doubling[5-9]"]
    assert "assert (2 * 2) == 3" in shown.sections[0][1]
    assert "assert (5 * 2) == 9" in shown.sections[1][1]
    assert made.nodeid.endswith("::doubling")
    assert made.reportinfo()[2] == "doubling"


def test_tests_without_cases_run_as_one(request: pytest.FixtureRequest) -> None:
    """Each by its name, and beside the tables of those that have some."""
    (one,), two, (three,) = (collected(request, test) for test in (holding, skipping, failing))
    made, other = in_tables([one, *two, three])
    assert isinstance(made, Table)
    assert made.cases == [one, three]
    assert other.name == "skipping"
    with pytest.raises(CasesError) as failed:
        made.runtest()
    assert str(failed.value) == "1 of 2 tests: failing"
    assert [name for name, _, _ in made.repr_failure(failed).sections] == ["failing"]
    assert made.reportinfo()[2] == "plain tests"
    assert in_tables([three]) == [three]


def test_a_case_that_is_skipped_is_told(request: pytest.FixtureRequest) -> None:
    """For in CI a skip is a failure."""
    with pytest.raises(pytest.skip.Exception, match="no server here"):
        table(request, skipping).runtest()


@pytest.mark.parametrize(
    "test", [with_a_fixture, with_a_fixture_of_its_own, with_a_mark, with_a_mark_at_one, awaiting]
)
def test_what_needs_more_runs_by_itself(request: pytest.FixtureRequest, test: Callable[..., object]) -> None:
    """Whatever pytest does for a test before it runs, it does for each of its cases."""
    items = collected(request, test)
    assert len(items) == 2
    assert in_tables(items) == items


def test_one_case_runs_by_itself(request: pytest.FixtureRequest) -> None:
    """Which was chosen by its name, say."""
    chosen = collected(request, doubling)[1:2]
    assert in_tables(chosen) == chosen


def test_cases_stand_where_the_first_did(request: pytest.FixtureRequest) -> None:
    """The order of the tests stays."""
    one, two = collected(request, skipping)
    (other,) = collected(request, test_one_case_runs_by_itself)
    assert [item.nodeid.partition("::")[2] for item in in_tables([other, one, two])] == [
        "test_one_case_runs_by_itself",
        "skipping",
    ]
    assert [item.name for item in in_tables([one, other, two])] == ["skipping", other.name]
