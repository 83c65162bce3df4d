"""What a reply says: all that it states, weighed question by question (ballot.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from mailbot.core.calendar import Language
from mailbot.core.reading.asides import (
    answers_another,
    is_gainsaid,
    said_beside,
    speaks_of_nothing,
    weigh_asides,
)
from mailbot.core.reading.findings import Findings, shown
from mailbot.core.reading.grammar.answer import label_answer, read_answer
from mailbot.core.reading.grammar.understood import Read, Unclear, Understood, comparable
from mailbot.core.reading.grammar.words_behind import stands_beside
from mailbot.core.reading.statements.answer_form import Cell, read_cell
from mailbot.core.reading.statements.bare_answer import (
    UNFINISHED,
    bare_answers,
    listed,
    takes_on,
    without_own_name,
)
from mailbot.core.reading.statements.command import ALWAYS, AWAITED
from mailbot.core.reading.statements.copied_question import without_copied_question
from mailbot.core.reading.statements.later_mail import announced, changed_to
from mailbot.core.reading.statements.named_answer import asked_removed, text_behind_question
from mailbot.core.reading.statements.numbered_answers import named_by_words, numbered_by_question
from mailbot.core.reading.statements.own_ballot import in_ballot
from mailbot.core.reading.statements.spoken_of import gives_reason, only_speaks_of
from mailbot.core.reading.statements.stated import Quoted, Statements
from mailbot.core.reading.statements.statement import Reader, may_quote_mails
from mailbot.core.reading.statements.votes_in_words import may_be_limited
from mailbot.core.reading.text.known_text import LONGEST_LINE, Known, known_texts, line_key
from mailbot.core.reading.text.prose import without_gateway_tag
from mailbot.core.reading.text.reply_lines import LONGEST_REPLY, MOST_LINES, reply_lines
from mailbot.core.reading.text.signature import before_signature, signed
from mailbot.core.reading.text.tidy import CIRCLED, tidy
from mailbot.core.surveys.survey import Question, Reading, Survey

MOST_STATEMENTS = 20  # different answers to one question; two already disagree
_UNSEEN = re.compile("[\u200b\u2060\ufeff]")  # what some clients leave within our words (ballot.md section 5)


def read_reply(
    survey: Survey,
    text: str,
    known: Sequence[str],
    *,
    today: date,
    language: Language = "ja",
    bare_label_ok: bool = False,
    awaiting: frozenset[str] = frozenset(),
    form: Mapping[str, Cell] | None = None,
) -> Reading:
    """Read a reply by aligning it with every text that we sent to this address for this survey (ballot.md 6 to 8).

    `known`: those texts, newest first. `bare_label_ok` (events): a whole label alone on a line at the top answers the
    first question that has it. `awaiting`: which of approve, replace and keep we have asked this address for; only
    then 承認 and the like are commands. `form`: the answers' cells of our own spreadsheet, where it is attached. Nothing is
    guessed; what is not wholly understood becomes a problem or a hold.
    """
    ours = known_texts(tuple(known))
    text = without_gateway_tag(_UNSEEN.sub("", text))
    whole = len(text) <= LONGEST_REPLY and text.count("\n") < MOST_LINES
    commands = ALWAYS | (AWAITED & awaiting) | ({"proxy"} if survey.resolution is not None else frozenset())
    text = text[:LONGEST_REPLY]
    lines = reply_lines(text, ours)
    if not bare_label_ok:
        lines = without_copied_question(survey, lines)
        lines = named_by_words(survey, numbered_by_question(survey, lines, ours), ours)
    stated = Reader(survey, ours, commands).read(lines, mails=may_quote_mails(text))
    said_first = announced(survey, stated)
    stated.asides = [line for line in stated.asides if line not in said_first]
    found = Findings(survey, language)
    only = _only_question(survey, stated)
    _weigh_questions(survey, stated, ours, found, today, labels=bare_label_ok)
    _weigh_top(survey, only, stated, ours, found, today)
    if stated.together:
        _tell_apart(survey, stated, found)
    first = next((line.text for line in lines if line.key), "")
    if stated.in_words and may_be_limited(first, stated.asides):
        found.hold, found.ask = "correction", True
    for number, cell in (form or {}).items():
        found.join(survey.question(number), read_cell(survey.question(number), cell, today=today))
    whole = whole and not stated.overfull
    if whole:  # else it is held, whatever stands beside its answers
        _weigh_beside(survey, only, stated, ours, found, today)
        if found.answers and found.hold is None and not bare_label_ok:
            found.beside = said_beside(survey, stated, ours, today)
        if found.beside and speaks_of_nothing(stated, found.beside):
            found.hold, found.ask = "correction", True
    return found.reading(stated, whole=whole)


def _weigh_questions(
    survey: Survey, stated: Statements, known: Known, found: Findings, today: date, *, labels: bool
) -> None:
    """Weigh what each question is given by name, by the member's copy of the ballot, and by はい to our proposal."""
    confirmed = _confirmed(known, stated)
    for question in survey.questions:
        heads = _heads(question, stated, known, today)
        if labels:
            heads += _labels_at_top(survey, question, stated.top)
        if question.id in confirmed:
            heads.append(Understood(confirmed[question.id]))
        placed = in_ballot(question, stated, known, today)
        stated.asides += _said_behind(heads)
        found.add(question, _without_asides(survey, question, stated, heads, placed, today), placed)


def _weigh_top(
    survey: Survey, only: Question | None, stated: Statements, known: Known, found: Findings, today: date
) -> None:
    """Weigh what stands at the top without a question's name, unless the mail is a command."""
    if stated.commands:
        return
    if not found.any:
        _read_top(survey, only, stated, known, found, today)
    elif only is not None and only.id in found.answers:
        _compare_top(only, stated, known, found, today)


def _weigh_beside(
    survey: Survey, only: Question | None, stated: Statements, known: Known, found: Findings, today: date
) -> None:
    """See what beside the answers makes them doubtful."""
    if found.answers and only is None and any(answers_another(survey, line, found) for line in stated.top):
        found.hold, found.ask = "bare-number", True
    if found.answers and only is None and is_gainsaid(survey, stated, known, found, today):
        found.hold, found.ask = "differ", True
    if stated.quoted and any(
        _is_quoted_otherwise(survey, said, stated, found, today) for said in stated.quoted
    ):
        found.hold, found.ask = "differ", True
    if found.answers and found.hold is None:
        weigh_asides(survey, stated, known, found)


def _asks(question: Question, values: Sequence[str], stated: Statements, known: Known) -> bool:
    """Say whether what stands behind a free question's number is the question, whose own line is not there whole."""
    slots = stated.slots.get(question.id, [])
    whole = any(slot.question_line for slot in slots) or not stated.slots
    return not whole and any(
        known.asked_mostly(question.id, line_key(value[:LONGEST_LINE])) for value in values
    )


def _heads(question: Question, stated: Statements, known: Known, today: date) -> list[Read]:
    """Return what the lines that name the question say to it."""
    values = tuple(dict.fromkeys(stated.explicit.get(question.id, [])))[:MOST_STATEMENTS]
    if question.type == "text" and _asks(question, values, stated, known):
        return [Unclear("garbled")]
    if question.type != "text":
        values = tuple(without_own_name(value, (question,), known) for value in values)
    return [
        changed_to(question, value, known, today) or _read_head(question, value, today) for value in values
    ]


def _said_behind(heads: Sequence[Read]) -> list[str]:
    """Return what stands behind the first sentence of answers that were not read: it may be said of all of them.

    「Q1は2、Q2は1、Q3は1です。まだ決裁が下りていません。」
    """
    behind = (read.written.partition("。")[2].strip() for read in heads if isinstance(read, Unclear))
    return [said for said in behind if said]


def _without_asides(
    survey: Survey,
    question: Question,
    stated: Statements,
    heads: list[Read],
    placed: Read | None,
    today: date,
) -> list[Read]:
    """Leave out what only speaks of a question that is clearly answered elsewhere; it is a sentence beside the answers."""
    clear = next((read for read in (*heads, placed) if isinstance(read, Understood)), None)
    if clear is None or question.type in {"text", "rating"}:
        return heads

    def is_aside(written: str) -> bool:
        if question.type in {"number", "date"}:  # 「Q3は当初予算額です。」
            said = tidy(written)
            return not _A_FIGURE.search(said) and stands_beside(said, behind_sentence=False)
        spoken_of = survey.resolution is None and only_speaks_of(question, written, clear)
        return spoken_of or gives_reason(question, written, clear, today)

    aside = [read for read in heads if isinstance(read, Unclear) and is_aside(read.written)]
    said = [f"{read.written.rstrip('。')}。" for read in aside]  # a reason may end in 「ため」
    stated.asides += said
    stated.top += said
    return [read for read in heads if read not in aside]


_A_FIGURE = re.compile("[0-9一二三四五六七八九十百千万]")


def _read_head(question: Question, value: str, today: date) -> Read:
    """Read what stands behind a question's number, where some members repeat the question first."""
    if question.type == "text":
        return read_answer(question, text_behind_question(question, value), today=today)
    read = read_answer(question, value, today=today)
    if isinstance(read, Unclear) and (behind := asked_removed(question, value)) != value:
        return read_answer(question, behind, today=today)
    return read


def _is_quoted_otherwise(
    survey: Survey, said: Quoted, stated: Statements, found: Findings, today: date
) -> bool:
    """Say whether an answer in a quoted mail is not the one in a slot of that mail, or of an older one quoted beneath.

    Who passes on a reply quotes its top and its ballot alike; what is quoted deeper than the slot is history.
    """
    answer, slots = found.answers.get(said.question), stated.slots.get(said.question, [])
    beneath = any(slot.place[0] >= said.depth and slot.mail >= said.mail for slot in slots)
    if answer is None or said.question in stated.explicit or not beneath:
        return False
    question = survey.question(said.question)
    read = _read_head(question, said.value, today) if question.type != "text" else None
    return isinstance(read, Understood) and comparable(read.answer) != comparable(answer)


def _confirmed(known: Known, stated: Statements) -> dict[str, tuple[str, ...]]:
    """Return what a lone はい confirms: the proposal that our newest mail made."""
    if not known.texts or not known.texts[0].confirms or stated.explicit:
        return {}
    if not any(
        line_key(line).strip("。.!「」") in {"はい", "はいです", "yes", "ok"} for line in stated.top[:5]
    ):
        return {}
    return dict(known.texts[0].confirms)


def _labels_at_top(survey: Survey, question: Question, top: list[str]) -> list[Read]:
    """Return the answers that lines at the top give by a whole label, to the first question that has it."""
    reads: list[Read] = []
    for line in top:
        first = next((other for other in survey.questions if label_answer(other, line) is not None), None)
        if first is not None and first.id == question.id:
            answer = label_answer(question, line)
            assert answer is not None
            reads.append(Understood(answer))
    return reads


def _compare_top(question: Question, stated: Statements, known: Known, found: Findings, today: date) -> None:
    """Hold the reply to a ballot of one question whose bare answer beside it is not that of its slot (ballot.md section 8)."""
    said = found.answers[question.id]
    answers = [said] if said is not None else []
    lines = [*_top_lines(question, stated), *listed(question, before_signature(stated.below))]
    for _, read in bare_answers((question,), lines, known, today):
        if isinstance(read, Understood):
            answers.append(read.answer)
        elif read == UNFINISHED:
            found.answers.pop(question.id, None)
            found.unclear(question, UNFINISHED)
            return
    if len({comparable(answer) for answer in answers}) > 1:
        found.answers.pop(question.id, None)
        found.differ(question, [shown(question, answer, found.language) for answer in answers])


def _tell_apart(survey: Survey, stated: Statements, found: Findings) -> None:
    """Ask what 「議案1,2」 is where motion 2 has no answer of its own: motion 1's answer, or both motions."""
    for number, others in stated.together.items():
        named = [question.id for question in survey.questions if question.id in others]
        answered = found.answers.keys() | {problem.question for problem in found.problems}
        ascending = [int(each[1:]) for each in (number, *others)]
        listed = ascending == sorted(set(ascending))  # 「Q2,1,3」 names no three questions
        open_still = len(named) == len(others) and not answered.issuperset(named)
        if listed and number in found.answers and open_still:
            del found.answers[number]
            found.unclear(survey.question(number), Unclear("unclear"))


def _only_question(survey: Survey, stated: Statements) -> Question | None:
    """Return the question to which a bare number belongs: the survey's only one, or the only one that we asked again.

    Of the latter the whole ballot must stand in the reply: a longer one may have been cut off behind its first question.
    """
    if len(survey.questions) == 1:
        return survey.questions[0]
    if len(stated.slots) != 1 or not stated.to_the_end or not stated.ours or stated.others:
        return None
    question = survey.question(*stated.slots)
    return question if question.type != "text" else None


def _top_lines(question: Question, stated: Statements) -> list[str]:
    """Return the lines at the top, items of a list on one line; for a day with the blank ones, which set it apart."""
    if question.type != "date":
        return listed(question, stated.top)
    lines: list[str] = []
    left = stated.top[::-1]
    for line in stated.lines:
        if not left:
            break
        if line.text == left[-1]:
            lines.append(left.pop())
        elif not line.key:
            lines.append("")
    return lines


_BEGINS_WITH_NUMBER = re.compile(rf"[\s・→]*[0-9０-９{''.join(sorted(CIRCLED))}]")


def _read_top(
    survey: Survey, only: Question | None, stated: Statements, known: Known, found: Findings, today: date
) -> None:
    """Read a bare number at the top: an answer when the ballot has one question, else a reason to ask."""
    questions = survey.questions if only is None else (only,)
    bare = bare_answers(questions, _top_lines(only, stated) if only else stated.top, known, today)
    if only is not None and stated.below:
        below = bare_answers(questions, listed(only, stated.below[: signed(stated.below)]), known, today)
        bare += [each for each in below if not bare or isinstance(each[1], Understood)]
    if only is not None:
        answers = {comparable(read.answer) for _, read in bare if isinstance(read, Understood)}
        if len(answers) > 1:
            found.hold, found.ask = "differ", True
        else:
            found.add(only, [read for _, read in bare], None)
    elif bare and (label := _label_of_asked(survey, stated, known, today)) is not None:
        found.add(*label, None)
    elif bare:
        said = next(line for line in stated.top if bare_answers(questions, [line], known, today))
        found.hold, found.ask = "bare-number" if _BEGINS_WITH_NUMBER.match(said) else "which-question", True
        found.written = said.strip()


def _label_of_asked(
    survey: Survey, stated: Statements, known: Known, today: date
) -> tuple[Question, list[Read]] | None:
    """Return the one question that our newest mail asks again, and the whole labels at the top, if they can be of no other.

    The reply quotes nothing, so that a number might answer an older mail of ours; the label of one question alone cannot.
    """
    again = known.texts[0].slots if known.texts else {}
    if len(again) != 1 or stated.slots:
        return None
    question = survey.question(*again)
    answers: list[Read] = []
    for line, after in pairwise([*stated.top, ""]):
        if not bare_answers(survey.questions, [line], known, today):
            continue
        label = label_answer(question, line)
        if label is None or takes_on(question, line, after, today):
            return None
        if any(
            isinstance(read_answer(other, line, today=today), Understood)
            for other in survey.questions
            if other is not question and other.type != "text"
        ):
            return None
        answers.append(Understood(label))
    return (question, answers) if len(answers) == 1 else None
