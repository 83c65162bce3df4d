"""What `frozen` makes: a dataclass to compare and to hash, whose fields mypy alone keeps from being set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mailbot.core.frozen import frozen


@frozen
class _Pair:
    first: str
    second: tuple[int, ...] = field(default=())


@dataclass(frozen=True)
class _Twin:
    first: str
    second: tuple[int, ...] = field(default=())


def test_values_are_compared_and_hashed_as_those_that_python_itself_freezes() -> None:
    """Equal by their fields, of one hash then, and to be had once more with a field that differs."""
    assert _Pair("a") == _Pair("a", ()) != _Pair("b")
    assert hash(_Pair("a", (1,))) == hash(_Twin("a", (1,)))
    assert replace(_Pair("a"), second=(2,)) == _Pair("a", (2,))
    assert repr(_Pair("a")) == "_Pair(first='a', second=())"


def test_no_field_costs_a_call_and_mypy_holds_it() -> None:
    """Python's own way to set a field stays; the line that sets one is refused by mypy, else its mark is unused there."""
    pair = _Pair("a")
    assert type(pair).__setattr__ is object.__setattr__
    pair.first = "b"  # type: ignore[misc]
