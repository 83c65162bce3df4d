"""A mail with a plain and an HTML form, read so that neither says what the other does not (ballot.md sections 5 to 8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from mailbot.core.reading.text.prose import is_prose
from mailbot.core.surveys.survey import Reading, Survey

_STRUCK = "~~"  # around what is struck through, see formatted_text
_STRUCK_LINE = re.compile(rf"(?m)^[> \t]*{_STRUCK}(?:(?!{_STRUCK}).)*{_STRUCK}[ \t]*\n?")

_MOST_PROSE = 50  # lines that are looked for in the other form; our own sentences among them


def read_both_forms(survey: Survey, plain: str, formatted: str, read: Callable[[str], Reading]) -> Reading:
    """Read a mail by its plain form, beside the HTML form as text ("" where that says nothing else).

    Where the two contradict each other the reply is held. Where the plain form states nothing, as the one that a gateway
    wrote from the mail answered, the other is read: an author sees what he formatted.
    """
    reading = read(plain)
    if not formatted:
        return reading
    if _states_nothing(reading, plain, formatted):
        return read(_STRUCK_LINE.sub("", formatted))
    if reading.hold is not None or not reading.answers:
        return reading
    if _contradicts(survey, reading, read(formatted), struck=_STRUCK in formatted):
        return replace(reading, hold="forms-differ", ask=True)
    return reading


def _states_nothing(reading: Reading, plain: str, formatted: str) -> bool:
    """Say whether a plain form holds no answer, and no sentence that the other form does not hold as well."""
    if reading.hold == "untouched":
        return True
    if reading.hold != "prose":
        return False
    prose = ["".join(line.split()) for line in plain.split("\n") if is_prose(line)]
    other = "".join(formatted.split())
    return len(prose) <= _MOST_PROSE and all(line in other for line in prose)


def _contradicts(survey: Survey, plain: Reading, rich: Reading, *, struck: bool) -> bool:
    """Say whether the formatted form of a mail contradicts the plain one, which shows no words struck through.

    What the formatted form does not state at all says nothing, since quotations often look different there; unless
    words are struck through in it, which may be that very answer.
    """
    doubted = {problem.question for problem in rich.problems}
    for number, answer in plain.answers.items():
        if answer is None or survey.question(number).type == "text":
            continue
        other = rich.answers.get(number)
        if number in doubted or (other != answer and (other is not None or struck)):
            return True
    return False
