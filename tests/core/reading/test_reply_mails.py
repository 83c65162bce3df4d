"""Replies as real clients write them, from the bytes to the verdict (ballot.md sections 5 to 8 and 13)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mailbot.core.mail.message import Message, parse
from mailbot.core.reading.judgement import Judged, judge
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Reading
from tests.mails.standard import TODAY
from tests.mails.surveys import SURVEYS

OWN_DOMAINS = ("example.or.jp", "kaitou.example.or.jp")
MAILS = Path(__file__).parents[2] / "mails"
# What a careful person reads in each mail, and why. "any": for whatever reason; "may": held or not, nothing counts.
# A mail without a status is one whose verdict is not the reading's alone: a resolution, a forward, a doubtful charset.
EXPECTED: dict[str, dict[str, Any]] = json.loads((MAILS / "expected.json").read_text(encoding="utf-8"))


def _answer(value: Any) -> Answer:
    return tuple(value) if isinstance(value, list) else value


def _answers(values: dict[str, Any]) -> dict[str, Answer]:
    return {question: _answer(value) for question, value in values.items()}


@cache
def _message(name: str) -> Message:
    """Return a mail of the folder."""
    return parse((MAILS / name).read_bytes())


@cache
def _judged(name: str) -> Judged:
    """Return what a mail with a status says, and what it is worth."""
    expected = EXPECTED[name]
    asked = SURVEYS[expected.get("survey", "standard")]
    message = _message(name)
    return judge(
        asked.survey,
        message,
        tuple(asked.sent(kind) for kind in expected["known"]),
        mail_from=expected.get("mail_from", message.from_address or ""),
        previous=_answers(expected["previous"]) if "previous" in expected else None,
        today=TODAY,
        late=False,
        own_domains=OWN_DOMAINS,
        language=asked.language,
    )


def _read(name: str) -> Reading:
    """Return what a mail says."""
    expected = EXPECTED[name]
    if "status" in expected:
        return _judged(name).reading
    asked = SURVEYS[expected.get("survey", "standard")]
    known = [asked.sent(kind) for kind in expected["known"]]
    return read_reply(asked.survey, _message(name).text, known, today=TODAY, language=asked.language)


def test_every_mail_has_its_expectation() -> None:
    """Each mail of the folder is named in expected.json, and the other way round."""
    assert {path.name for path in MAILS.glob("*.eml")} == set(EXPECTED)


def test_there_are_many_mails_of_many_clients() -> None:
    """The folder holds at least 200 replies of 40 client shapes, and each says what it is and why it is so read."""
    assert len(EXPECTED) >= 200
    assert len({expected["client"] for expected in EXPECTED.values()}) >= 40
    assert all(expected["why"] for expected in EXPECTED.values())


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", EXPECTED)
def test_mail(name: str) -> None:
    """A real reply is read as expected, and nothing that it does not say is accepted.

    It counts, is held, asked about or ignored as section 8 says; a machine's never counts.
    """
    expected = EXPECTED[name]
    if "status" in expected:
        judged = _judged(name)
        assert judged.machine is expected.get("automatic", False)
        assert judged.verdict.status == expected["status"]
    message, reading = _message(name), _read(name)
    assert not message.defects
    assert message.from_address is not None
    assert message.garbled is expected.get("garbled", False)
    assert list(message.attachments) == expected.get("attachments", [])
    assert dict(reading.answers) == _answers(expected["answers"])
    assert reading.command == expected.get("command")
    assert reading.detail == expected.get("detail", reading.detail)
    assert reading.signed.split() == expected.get("signed", "").split()
    assert dict(reading.remarks) == expected.get("remarks", {})
    assert {key: list(value) for key, value in reading.flags.items()} == expected.get("flags", {})
    hold = expected.get("hold")
    if hold == "may":
        return
    problems = {
        question: kind if kind != "any" else problem.kind
        for problem in reading.problems
        for question, kind in expected.get("problems", {}).items()
        if question == problem.question
    }
    assert {problem.question: problem.kind for problem in reading.problems} == problems
    assert set(problems) == set(expected.get("problems", {}))
    assert reading.hold == hold if hold != "any" else reading.hold is not None
    assert expected.get("ask", False) in {"any", reading.ask}
