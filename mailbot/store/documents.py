"""Core values as JSON text in a column, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from pydantic import TypeAdapter

from mailbot.core.bulletin import Bulletin
from mailbot.core.event import Event
from mailbot.core.mailing_list import MailingList
from mailbot.core.meeting import Meeting
from mailbot.core.survey import Answer, Problem, Survey

_LIST = TypeAdapter(MailingList)
_SURVEY = TypeAdapter(Survey)
_EVENT = TypeAdapter(Event)
_BULLETIN = TypeAdapter(Bulletin)
_MEETING = TypeAdapter(Meeting)
_text = json.JSONEncoder(sort_keys=True).encode  # escapes what a database might refuse


def document(value: MailingList | Survey | Event | Bulletin | Meeting) -> str:
    """Return a definition as JSON."""
    match value:
        case MailingList():
            return _LIST.dump_json(value).decode("utf-8")
        case Survey():
            return _SURVEY.dump_json(value).decode("utf-8")
        case Event():
            return _EVENT.dump_json(value).decode("utf-8")
        case Bulletin():
            return _BULLETIN.dump_json(value).decode("utf-8")
        case Meeting():
            return _MEETING.dump_json(value).decode("utf-8")


@lru_cache(maxsize=64)
def list_of(text: str) -> MailingList:
    """Read a list's definition."""
    return _LIST.validate_json(text)


@lru_cache(maxsize=64)
def survey_of(text: str) -> Survey:
    """Read a survey's definition."""
    return _SURVEY.validate_json(text)


@lru_cache(maxsize=64)
def event_of(text: str) -> Event:
    """Read an event's definition."""
    return _EVENT.validate_json(text)


@lru_cache(maxsize=64)
def bulletin_of(text: str) -> Bulletin:
    """Read a bulletin's definition."""
    return _BULLETIN.validate_json(text)


@lru_cache(maxsize=64)
def meeting_of(text: str) -> Meeting:
    """Read a meeting's definition."""
    return _MEETING.validate_json(text)


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
    return _text([[problem.question, problem.kind, problem.text] for problem in problems])


def problems_of(text: str) -> tuple[Problem, ...]:
    """Read problems back."""
    return tuple(Problem(question, kind, words) for question, kind, words in json.loads(text))


def remarks_text(remarks: Mapping[str, str]) -> str:
    """Return the words beside the answers as JSON."""
    return _text(dict(remarks))


def remarks_of(text: str) -> dict[str, str]:
    """Read the words beside the answers back."""
    return dict(json.loads(text))


def flags_text(flags: Mapping[str, tuple[str, ...]]) -> str:
    """Return the flags of the answers as JSON."""
    return _text(dict(flags))


def flags_of(text: str) -> dict[str, tuple[str, ...]]:
    """Read the flags of the answers back."""
    return {question: tuple(flags) for question, flags in json.loads(text).items()}
