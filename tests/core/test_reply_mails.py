"""Replies as real clients write them, from the bytes to the verdict (ballot.md sections 5 to 8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mailbot.core.message import parse
from mailbot.core.reply import read_reply
from mailbot.core.survey import Answer
from mailbot.core.vote import weigh
from tests.mails.standard import STANDARD, TODAY, acknowledgement, invitation, reminder

MAILS = Path(__file__).parents[1] / "mails"
EXPECTED: dict[str, dict[str, Any]] = json.loads((MAILS / "expected.json").read_text(encoding="utf-8"))
SENT = {
    "invitation": invitation(),
    "reminder": reminder(),
    "ack": acknowledgement({"Q1": ("2",), "Q2": ("1", "3"), "Q3": "LGWAN接続が先です。"}),
}


def _answer(value: Any) -> Answer:
    return tuple(value) if isinstance(value, list) else value


def test_every_mail_has_its_expectation() -> None:
    """Each mail of the folder is named in expected.json, and the other way round."""
    assert {path.name for path in MAILS.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_mail(name: str) -> None:
    """A real reply is read as expected, and nothing that it does not say is accepted."""
    expected = EXPECTED[name]
    message = parse((MAILS / name).read_bytes())
    assert not message.defects
    reading = read_reply(STANDARD, message.text, [SENT[kind] for kind in expected["known"]], today=TODAY)
    assert dict(reading.answers) == {key: _answer(value) for key, value in expected["answers"].items()}
    assert {problem.question: problem.kind for problem in reading.problems} == expected.get("problems", {})
    assert (reading.command, reading.hold) == (expected.get("command"), expected.get("hold"))
    assert reading.ask is expected.get("ask", False)
    assert dict(reading.remarks) == expected.get("remarks", {})
    assert {key: list(value) for key, value in reading.flags.items()} == expected.get("flags", {})
    previous = (
        {key: _answer(value) for key, value in expected["previous"].items()}
        if "previous" in expected
        else None
    )
    verdict = weigh(STANDARD, previous, reading, late=False, automatic=expected.get("automatic", False))
    assert verdict.status == expected["status"]
