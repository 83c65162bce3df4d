"""Answers numbered as the questions are or named by their words, without a question's mark: 「1. 3」, 「②1,2」, 「①賛成　②賛成　③反対」 (ballot.md section 7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from mailbot.core.reading.grammar.answer import label_answer, read_answer
from mailbot.core.reading.grammar.printed_options import label_numbers, printed_options
from mailbot.core.reading.grammar.understood import Unclear, Understood
from mailbot.core.reading.statements.bare_answer import MOST_AT_TOP
from mailbot.core.reading.statements.named_answer import explicit_answers
from mailbot.core.reading.text.known_text import LONGEST_LINE, Known, line_key
from mailbot.core.reading.text.prose import RULE, is_greeting
from mailbot.core.reading.text.reply_lines import Line
from mailbot.core.reading.text.tidy import label_key, tidy
from mailbot.core.surveys.survey import Question, Survey

_FEWEST_WITH_GAPS = 4  # answers, where those to questions that need none are left out
_FEWEST_FILLED = 2  # answers, where other items are left empty
_LABELLED = 2  # questions that are not answered in free words

_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_MARK = rf"(?:(?P<circled>[{_CIRCLED}])|[(（\[［【](?P<bracketed>[0-9０-９]{{1,2}})[)）\]］】])"
_ITEM = re.compile(
    rf"^[\s・]*(?:{_MARK}|(?P<dotted>[0-9０-９]{{1,2}})(?:[.．)）:：、](?![0-9０-９]*[)）])|(?P<apart>[ \u3000]+)(?=[^\s①-⑳])))\s*(?P<rest>.*)$"
)
_SEVERAL = re.compile(_MARK)
_TWO_NUMBERS = re.compile(
    r"[\s・]*[0-9０-９]{1,2}[ \u3000]+[0-9０-９]"
)  # 「1 2」: option 2 of question 1, or both?


def numbered_by_question(survey: Survey, lines: list[Line], known: Known) -> list[Line]:
    """Return a reply's lines, those at the top that number their answers as the ballot numbers its questions with "Q1" before each.

    Only where nothing is left open: the numbers rise from 1; each question is there once, or is one that needs no answer,
    where at least four others are; each item is a whole answer to its question; no line at the top names a question; no
    heading of another list stands above; and the items are not a question's own options, copied. Else the lines as they are, and the reply is asked about.
    """
    if len(survey.questions) < 2:
        return lines
    top = _top(lines)
    found = {at: several for at in range(top) if (several := _items(lines[at].text))}
    items = [(at, *item) for at, several in found.items() for item in several]
    if not _is_complete(survey, [number for _, number, _ in items]):
        return lines
    if len(items) < _FEWEST_WITH_GAPS and any(_TWO_NUMBERS.match(lines[at].text) for at in found):
        return lines
    if not _is_a_list_of_answers(survey, lines[:top], [*found], known):
        return lines
    answers = [(survey.question(f"Q{number}"), rest) for _, number, rest in items]
    said = [_behind_its_words(question, rest) for question, rest in answers]
    if not all(_is_whole(question, each) for (question, _), each in zip(answers, said, strict=True)):
        return lines
    if sum(not _is_left_empty(each) for each in said) < _FEWEST_FILLED:
        return lines
    if not said[-1] and any(line.key for line in lines[items[-1][0] + 1 : items[-1][0] + 2]):
        return lines  # the last answer may stand below its number
    if any(_are_options(question, [rest for _, rest in answers]) for question in survey.questions):
        return lines
    named = [
        (at, f"Q{number} {each}")
        for (at, number, _), each in zip(items, said, strict=True)
        if not _is_left_empty(each)
    ]
    read: list[Line] = []
    for at, line in enumerate(lines):
        own = [Line(line.depth, text, line_key(text), ()) for place, text in named if place == at]
        read += own if at in found else [line]
    return read


_EMPTY_WORDS = re.compile(r"[(（]?(?:空欄|空白|無回答|未記入|記入なし|回答なし)(?:です)?[。.]?[)）]?")


def _is_left_empty(written: str) -> bool:
    """Say whether an item is a number with nothing behind it, or with the word for that: 「4.」, 「(4) 空欄」."""
    return not written.strip() or _EMPTY_WORDS.fullmatch(written.strip()) is not None


# 「台数：620」, of a question 「職員用パソコンの台数（台）」.
_WORDED = re.compile(r"[ \t\u3000・]*(?P<named>[^\s:：→、。0-9０-９]{2,20})\s*[:：→]\s*(?P<said>\S.*?)\s*")
_FEWEST_WORDED = 2
_FEWEST_BY_NUMBER = 3  # lines, where an option's number may stand behind the words: it is no amount then
_NOT_NOW_OR_NOT_OURS = re.compile("昨年|前年|去年|一昨|前回|[隣他旧例案]|支所|前任|参考|予定")


def named_by_words(survey: Survey, lines: list[Line], known: Known) -> list[Line]:
    """Return a reply's lines, those at the top that name each question by its own words with "Q1" before their answer.

    Only as a list that stands alone with nothing between: in the ballot's order, each required question among them; a number behind the
    last words of its question alone, a whole label behind its first or last ones; words of two questions name neither.
    """
    if survey.resolution is not None or len(survey.questions) < _FEWEST_WORDED:
        return lines
    top = _top(lines)
    worded = {at: match for at in range(top) if (match := _WORDED.fullmatch(lines[at].text[:LONGEST_LINE]))}
    many = len(worded) >= _FEWEST_BY_NUMBER
    named = {
        at: _worded_question(survey, match["named"], match["said"], many=many) for at, match in worded.items()
    }
    numbers = [int(question.id[1:]) for question in named.values() if question is not None]
    required = {int(each.id[1:]) for each in survey.questions if each.required and not each.when}
    if len(numbers) < max(_FEWEST_WORDED, len(named)) or numbers != sorted(set(numbers)):
        return lines
    if not required.issubset(numbers) or not _is_a_list_of_answers(survey, lines[:top], [*named], known):
        return lines
    beside = [line.text for at, line in enumerate(lines[:top]) if at not in named]
    if any(_NOT_NOW_OR_NOT_OURS.search(text) for text in beside) or any(
        line.key for line in lines[max(named) + 1 : min(max(named) + 2, top)]
    ):
        return lines
    read = [*lines]
    for at, question in named.items():
        assert question is not None
        text = f"{question.id} {worded[at]['said']}"
        read[at] = Line(lines[at].depth, text, line_key(text), ())
    return read


_UNIT_IN_BRACKETS = re.compile(r"\([^()]*\)$")


def _worded_question(survey: Survey, named: str, said: str, *, many: bool) -> Question | None:
    """Return the one question that has these words, where they name what it asks for and a whole answer follows.

    `many`: it is one line of several, so that a number behind the words is an option's, and yes, no or free words may be.
    """
    words = tidy(named)
    fits = [question for question in survey.questions if words in tidy(question.text)]
    if len(fits) != 1 or any(label_key(named) in label_numbers(question) for question in survey.questions):
        return None
    (question,) = fits
    asked = _UNIT_IN_BRACKETS.sub("", tidy(question.text))
    if question.type in {"single", "multi"}:
        whole = label_answer(question, said) is not None and asked.startswith(words) | asked.endswith(words)
        read = read_answer(question, said, today=date.min)
        return question if whole or (many and isinstance(read, Understood) and not read.remark) else None
    read = read_answer(question, said, today=date.min)
    if not isinstance(read, Understood) or read.remark:
        return None
    if question.type in {"number", "date"}:
        return question if asked.endswith(words) else None
    return question if many else None


_MAY_BE_A_FIGURE = re.compile(r"[\s・]*[0-9０-９]{1,2}[.．:：][0-9０-９]")  # 「1.5」, 「1:30」
_LEADS = re.compile(
    r"(?:調査票|資料|ご?案内|メール)を?(?:拝見|拝受|受領|確認)|回答|お?答え|表決|下記|以下|次の(?:とおり|通り)|^[\s　]*記[\s　]*$"
)


def _is_a_list_of_answers(survey: Survey, top: Sequence[Line], at: Sequence[int], known: Known) -> bool:
    """Say whether the items at these places of the top may be the answers: nothing between them, nothing else above or beside."""
    above = [line.text for line in top[: at[0]] if line.key][-1:]
    between = [top[place] for place in range(at[0], at[-1]) if place not in at]
    if any(line.key for line in between) or not all(_leads_to_answers(line, known) for line in above):
        return False
    if len(at) < _FEWEST_WITH_GAPS and any(_MAY_BE_A_FIGURE.match(top[place].text) for place in at):
        return False
    return not any(explicit_answers(survey, line.text) for line in top)


def _leads_to_answers(line: str, known: Known) -> bool:
    """Say whether answers may stand below a line: a greeting, the body's name, 「回答」, not the heading of another list."""
    own = line_key(line).strip("【】[]()<>・:")
    return bool(_LEADS.search(line)) or is_greeting(line) or (len(own) > 1 and known.holds(own))


def _top(lines: Sequence[Line]) -> int:
    """Return how many lines stand above our mail, a quotation and a signature."""
    for at, line in enumerate(lines[:MOST_AT_TOP]):
        ours = any(role.kind != "option" for role in line.roles)  # 「1. 賛成」 up here was typed
        if ours or line.depth or RULE.match(line.text):
            return at
    return min(len(lines), MOST_AT_TOP)


def _items(text: str) -> list[tuple[int, str]]:
    """Return the numbers of a line and what stands behind each: one at its beginning, or several circled ones or in brackets."""
    first = _ITEM.match(text) if len(text) <= LONGEST_LINE else None
    if first is None:
        return []
    marks = [*_SEVERAL.finditer(text)] if first["dotted"] is None else []
    if len(marks) < 2:
        return [(_number(first), first["rest"].strip())]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        (_number(mark), text[mark.end() : end].strip(" \t\u3000、,，;；/／"))
        for mark, end in zip(marks, ends, strict=True)
    ]


def _number(match: re.Match[str]) -> int:
    if match["circled"]:
        return _CIRCLED.index(match["circled"]) + 1
    return int(match["bracketed"] or match["dotted"])


def _is_complete(survey: Survey, numbers: Sequence[int]) -> bool:
    """Say whether the numbers rise from the first question to the last, without one that needs an answer left out."""
    if not numbers or numbers[0] != 1 or list(numbers) != sorted(set(numbers)):
        return False
    every = {int(question.id[1:]): question for question in survey.questions}
    if not every.keys() >= set(numbers):
        return False
    if sum(every[number].type != "text" for number in numbers) < _LABELLED:
        return False
    left_out = [every[number] for number in every.keys() - set(numbers)]
    return not left_out or (
        len(numbers) >= _FEWEST_WITH_GAPS
        and survey.resolution is None
        and not any(question.required and not question.when for question in left_out)
    )


# 「補正予算：賛成」, of a question 「令和9年度補正予算」.
_SHORT_NAME = re.compile(r"(?P<named>[^\s:→、。]{2,30})(?:\s*[:→]+\s*|\s+)(?P<said>\S.*)")


def _behind_its_words(question: Question, rest: str) -> str:
    """Return an answer without the question's own words before it, or some of them: 「役員の選任　　賛成」."""
    words = tidy(question.text)
    written = tidy(rest)
    if written.startswith(words) and written != words:
        return written[len(words) :].strip(" :→")
    named = _SHORT_NAME.fullmatch(written) if question.type != "text" else None
    if named is None or named["named"] not in words or _is_whole(question, rest):
        return rest
    return named["said"]


def _is_whole(question: Question, written: str) -> bool:
    """Say whether an item is one whole answer, or says that there is none where none is needed."""
    if _is_left_empty(written):
        return not question.required
    read = read_answer(question, written, today=date.min)
    if isinstance(read, Unclear):
        return not question.required and read.kind in {"no-value", "not-concerned"}
    return isinstance(read, Understood)


def _are_options(question: Question, items: Sequence[str]) -> bool:
    """Say whether the items are a question's own options in their order, as far as both go."""
    pairs = [
        (label_key(label), label_key(item))
        for label, item in zip(printed_options(question), items, strict=False)
    ]
    return len(pairs) > 1 and all(label == item for label, item in pairs)
