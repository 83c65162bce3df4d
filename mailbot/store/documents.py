"""Core values as JSON text in a column, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from mailbot.core.surveys.survey import Answer, Problem

T = TypeVar("T")

_KEPT = (
    1000  # definitions of all kinds: each mail reads the same few, and whoever joins a list reads all lists
)
_text = json.JSONEncoder(sort_keys=True).encode  # escapes what a database might refuse


def document(value: object) -> str:
    """Return a definition (MailingList, Survey, Event, Bulletin, Meeting) as JSON."""
    kind: Any = type(value)  # mypy does not know that a class can be hashed
    return _form(kind).dump_json(value).decode("utf-8")


def read_document(kind: type[T], text: str) -> T:
    """Read a definition of this kind back."""
    wanted: Any = kind
    value: T = _read(wanted, text)
    return value


def make_ready(kind: type[object]) -> None:
    """Let the first definition of this kind be read as fast as the others."""
    wanted: Any = kind
    _form(wanted)


@lru_cache(maxsize=_KEPT)
def _read(kind: Any, text: str) -> Any:
    return _form(kind).validate_json(text)


@cache
def _form(kind: Any) -> TypeAdapter[Any]:
    """Return what turns a class's values into JSON and back; made when it is needed, for that takes milliseconds."""
    return TypeAdapter(kind)


def answers_text(answers: Mapping[str, Answer]) -> str:
    """Return answers as JSON, in a form that does not depend on their order."""
    return _text(dict(answers))


def answers_of(text: str) -> dict[str, Answer]:
    """Read answers back."""
    return {
        key: tuple(answer) if isinstance(answer, list) else answer for key, answer in json.loads(text).items()
    }


def problems_text(problems: tuple[Problem, ...]) -> str:
    """Return problems as JSON."""
    return (
        _text([[problem.question, problem.kind, problem.text] for problem in problems]) if problems else "[]"
    )


def problems_of(text: str) -> tuple[Problem, ...]:
    """Read problems back."""
    return tuple(Problem(question, kind, words) for question, kind, words in json.loads(text))


def remarks_text(remarks: Mapping[str, str]) -> str:
    """Return the words beside the answers as JSON."""
    return _text(dict(remarks)) if remarks else "{}"


def remarks_of(text: str) -> dict[str, str]:
    """Read the words beside the answers back."""
    return dict(json.loads(text))


def flags_text(flags: Mapping[str, tuple[str, ...]]) -> str:
    """Return the flags of the answers as JSON."""
    return _text(dict(flags)) if flags else "{}"


def flags_of(text: str) -> dict[str, tuple[str, ...]]:
    """Read the flags of the answers back."""
    return {question: tuple(flags) for question, flags in json.loads(text).items()}
