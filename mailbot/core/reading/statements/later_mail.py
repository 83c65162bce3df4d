"""A later mail that corrects an earlier answer: it says so, and gives the new answer whole (ballot.md section 8)."""

from __future__ import annotations

import re
from datetime import date

from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Understood, comparable
from mailbot.core.reading.statements.named_answer import APOLOGY, explicit_answers, question_of
from mailbot.core.reading.statements.stated import Statements
from mailbot.core.reading.text.known_text import LONGEST_LINE, QUESTION_MARK, Known
from mailbot.core.surveys.survey import Question, Survey

_CORRECTS = (
    r"(?:(?:訂正|修正|変更|差し?替え|再回答|再提出|再送)(?:を?お?願い?(?:いた|致)?します|(?:いた|致)?します|させて(?:いただ|頂)きます|です)"
    r"|(?:ご?回答|提出)し直します)"
)
# 「先ほどの回答ですが、人数に誤りがありましたので訂正します。」: of an earlier mail, and nothing else.
_ANNOUNCES = re.compile(
    rf"(?:{APOLOGY.pattern})?"
    r"(?:(?:先ほど|先程|先日|昨日|前回|先に)の?(?:お?送りした|提出した|送った)?(?:ご?回答|お?答え|返信|返事|メール|内容)?(?:しましたが|ですが|に|について|につきまして|を|は|の)?、?)?"
    r"(?:[一-龠ァ-ヶー]{1,8}(?:に|の))?(?:一部)?(?:に|の)?(?:(?:記入|入力|転記)?(?:誤り|間違い|誤記|ミス))?(?:が(?:ありました|ございました)(?:ので|ため)|がありましたため|のため)?、?"
    rf"{_CORRECTS}[。.]?|[【［\[（(](?:訂正|再回答|修正)(?:版|分)?[】］\]）)]"
)
# 「Q2の件数は1,000件の誤りでした。訂正します。」: it names the right value.
_NAMES_THE_RIGHT = re.compile(
    rf"\s*{QUESTION_MARK}\s?(?P<question>[0-9０-９]{{1,3}})(?:の[^0-9０-９。、は]{{1,10}})?は、?(?P<value>[0-9０-９][^。、はの]{{0,12}})の(?:誤り|間違い)(?:でした|です)[。.]?(?:{_CORRECTS}[。.]?)?\s*"
)
_CHANGED = re.compile(r"(?P<before>[^→⇒]{1,40})(?:→|⇒|[-－]>)(?P<after>[^→⇒]{1,40})")


def announced(survey: Survey, stated: Statements) -> frozenset[str]:
    """Return the lines that announce a correction above the answers of this mail, whose own these are.

    Below an answer such a line may be said of that one, which is asked about.
    """
    lines: set[str] = set()
    for line in stated.lines:
        text = line.text.strip()[:LONGEST_LINE]
        if not text or line.roles:
            continue
        named = _NAMES_THE_RIGHT.fullmatch(text)
        if _ANNOUNCES.fullmatch(text) or (named and _is_given(survey, stated, named)):
            lines.add(line.text)
        elif line.depth or explicit_answers(survey, line.text):
            break
    return frozenset(lines) if stated.explicit else frozenset()


def _is_given(survey: Survey, stated: Statements, named: re.Match[str]) -> bool:
    """Say whether the right value that a sentence names is the one that the mail gives."""
    question = question_of(survey, f"Q{int(named['question'])}")
    if question is None:
        return False
    right = read_answer(question, named["value"], today=date.min)
    given = [read_answer(question, value, today=date.min) for value in stated.explicit.get(question.id, [])]
    return (
        isinstance(right, Understood)
        and bool(given)
        and all(
            isinstance(read, Understood) and comparable(read.answer) == comparable(right.answer)
            for read in given
        )
    )


def changed_to(question: Question, value: str, known: Known, today: date) -> Understood | None:
    """Return the new answer of 「15人→10人」, where the first is the one that our newest receipt holds."""
    changed = _CHANGED.fullmatch(value.strip()[:LONGEST_LINE])
    if changed is None or question.type == "text":
        return None
    before, after = (
        read_answer(question, changed[name].strip(), today=today) for name in ("before", "after")
    )
    slots = (text.slots[question.id].content for text in known.texts if question.id in text.slots)
    stood = read_answer(question, next(slots, ""), today=today)
    if not (
        isinstance(before, Understood) and isinstance(after, Understood) and isinstance(stood, Understood)
    ):
        return None
    return after if comparable(before.answer) == comparable(stood.answer) else None
