"""The plain tests of a file run as one; each case that fails is named and shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.case_tables import CasesError, Plain, Table, plain
from tests.thorough import left_out


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


@pytest.mark.parametrize("letter", ["a", pytest.param("b", id="second")])
@pytest.mark.parametrize(("number", "doubled"), [(1, 2), (3, 6), (4, 8)], ids=str)
def of_two_tables(number: int, doubled: int, letter: str) -> None:
    """Have a case for each pair."""


@pytest.mark.sampled(3)
@pytest.mark.parametrize("letter", "ab")
@pytest.mark.parametrize("number", range(12))
def trying_some(number: int, letter: str) -> None:
    """Fail for whatever is tried."""
    assert number > 12


@pytest.fixture
def module(request: pytest.FixtureRequest) -> pytest.Module:
    """This file."""
    assert isinstance(request.node.parent, pytest.Module)
    return request.node.parent


def read(file: pytest.Module, test: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> Plain | None:
    """Return what we see in a function, as if it were named as tests are."""
    monkeypatch.setattr(file, "istestfunction", lambda *_: True)
    return plain(file, test.__name__, test)


def table(file: pytest.Module, *tests: Plain | None) -> Table:
    """Return the one item of some plain tests."""
    made: Table = Table.from_parent(file, name="plain tests")
    made.tests.extend(filter(None, tests))
    assert len(made.tests) == len(tests)
    return made


def test_every_case_is_run_and_each_that_fails_is_shown(
    module: pytest.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failure hides no other: the line of the summary names each, and what it compared stands under its name."""
    made = table(module, *(read(module, test, monkeypatch) for test in (holding, doubling, failing)))
    with pytest.raises(CasesError) as failed:
        made.runtest()
    assert str(failed.value) == "3 of 6: doubling[2-3], doubling[5-9], failing"
    assert made.user_properties == [("cases", 6)]
    shown = made.repr_failure(failed)
    assert shown.reprcrash.message == str(failed.value)
    assert [name for name, _, _ in shown.sections] == ["doubling[2-3]", "doubling[5-9]", "failing"]
    assert "assert (2 * 2) == 3" in shown.sections[0][1]
    assert "assert (5 * 2) == 9" in shown.sections[1][1]
    assert made.reportinfo()[2] == "plain tests"


@pytest.mark.parametrize("test", [of_two_tables, doubling, holding])
def test_cases_are_those_of_pytest(
    module: pytest.Module, monkeypatch: pytest.MonkeyPatch, test: Callable[..., object]
) -> None:
    """In its order, so that one that fails is shown under its name."""
    seen = read(module, test, monkeypatch)
    theirs = [*module._genfunctions(test.__name__, test)]
    assert seen is not None
    assert [*seen.cases.values()] == [
        case.callspec.params if hasattr(case, "callspec") else {} for case in theirs
    ]


def test_a_sample_is_tried_of_what_is_sampled(module: pytest.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that `make thorough` leaves out, and failures are named as they are there."""
    monkeypatch.setattr("tests.thorough.WHOLE", False)
    made = table(module, read(module, trying_some, monkeypatch))
    cases = [*module._genfunctions(trying_some.__name__, trying_some)]
    kept = [case.name for case in cases if case not in left_out(cases)]
    with pytest.raises(CasesError) as failed:
        made.runtest()
    assert len(kept) == 8
    assert str(failed.value) == f"8 of 8: {', '.join(kept)}"


def test_a_case_that_is_skipped_is_told(module: pytest.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """For in CI a skip is a failure."""
    with pytest.raises(pytest.skip.Exception, match="no server here"):
        table(module, read(module, skipping, monkeypatch)).runtest()


@pytest.mark.parametrize(
    "test", [with_a_fixture, with_a_fixture_of_its_own, with_a_mark, with_a_mark_at_one, awaiting]
)
def test_what_needs_more_runs_by_itself(
    module: pytest.Module, monkeypatch: pytest.MonkeyPatch, test: Callable[..., object]
) -> None:
    """Whatever pytest does for a test before it runs, it does for each of its cases."""
    assert read(module, test, monkeypatch) is None
