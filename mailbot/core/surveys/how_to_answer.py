"""How to answer a ballot, in its own words: lines, a sentence, and examples that fit its questions (ballot.md sections 1 to 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailbot.core.calendar import Language
from mailbot.core.mail.wrap import COLUMNS, wrap
from mailbot.core.mail.wrap import columns as columns_of
from mailbot.core.reading.grammar.printed_options import printed_options
from mailbot.core.surveys.ballot import FREE, wrapped
from mailbot.core.surveys.survey import Question, Survey
from mailbot.core.surveys.voting_paper import voting_lines


def how_to_lines(
    survey: Survey, language: Language = "ja", *, columns: int = COLUMNS, quotes: bool = True
) -> tuple[str, ...]:
    """Return the part that says how to answer; its examples stand inside sentences and fit these questions.

    `quotes`: whether the member's mail system quotes our text in a reply; without it, answers can only stand at the top.
    """
    if survey.resolution is not None:
        lines = voting_lines(survey, language, quotes=quotes)
    elif language == "en":
        lines = _how_to_en(survey, columns, quotes)
    else:
        lines = _how_to_ja(survey, columns, quotes)
    return tuple(piece for line in lines for piece in wrap(line, columns))


def _how_to_ja(survey: Survey, columns: int, quotes: bool) -> Iterator[str]:
    form = answer_form(survey.questions, examples=False)
    examples = [f"     {line}" for line in _examples_ja(survey, columns - 5)]
    if quotes:
        yield "■ お答えの方法（どちらでもかまいません）"
        yield f" ア このメールに返信し、本文の先頭に{form}を書く"
        yield from examples
        yield f" イ このメールに返信し、下の［　］の中に{form}を書く"
    else:
        yield "■ お答えの方法"
        yield f" 本文の先頭に{form}を書いて、このメールに返信する"
        yield from examples
        yield " 下の回答欄は、問いの一覧としてご覧ください。"
    yield " 何度でも出し直せます。最後に届いたお答えを数えます。"
    yield " お答えは貴団体で1件です（代理の方のお答えも受け付けます）。"


def _examples_ja(survey: Survey, width: int) -> list[str]:
    """Return one or two lines of examples: the first question, and the first multi-select if it is another one."""
    first = survey.questions[0]
    example = _example(first, "ja")
    if first.type in {"single", "rating"}:
        text = f"例）1問目が{example}番なら「{first.id} {example}」"
    elif first.type == "multi":
        text = f"例）複数は「{first.id} {example}」"
    else:
        text = f"例）1問目は「{first.id} {example}」"
    second = _second_example(survey)
    if second is None:
        return [text]
    words = "複数は" if second.type == "multi" else f"{survey.questions.index(second) + 1}問目は"
    more = f"{words}「{second.id} {_example(second, 'ja')}」"
    joined = f"{text}、{more}"
    return [joined] if columns_of(joined) <= width else [text + "、", f"　　{more}"]


def _second_example(survey: Survey) -> Question | None:
    """Return the first question of another kind than question 1, which needs another example."""
    first = survey.questions[0]
    return next((q for q in survey.questions[1:] if q.type not in {first.type, "text"}), None)


def _how_to_en(survey: Survey, columns: int, quotes: bool) -> Iterator[str]:
    first, second = survey.questions[0], _second_example(survey)
    end = "," if quotes else "."
    example = f'"{first.id} {_example(first, "en")}"'
    more = "" if second is None else f'and "{second.id} {_example(second, "en")}" on the next'
    one = f"   {example} on one line {more}{end}" if more else f"   {example}{end}"
    yield "To answer, just reply. " + ("Either write" if quotes else "Write") + " at the top, for instance"
    yield from [one] if columns_of(one) <= columns else [f"   {example} on one line", f"   {more}{end}"]
    if quotes:
        yield "or put the numbers between the brackets below."
    yield "You may answer again; the last answer that reaches us counts."


def answer_form(questions: Sequence[Question], language: Language = "ja", *, examples: bool = True) -> str:
    """Return what is written to answer these questions: 番号, 日付（例 2026/7/2）, or several of them; words, if no other.

    Without `examples` where they stand beside it.
    """
    words = _FORMS[language]
    named = {
        words.get(question.type, words["choice"]): question
        for question in questions
        if question.type != "text"
    }
    if not named:
        return words["text"]
    forms = [
        name
        if not examples or question.type not in FREE
        else f"{name}（例 {_example(question, language)}）"
        if language == "ja"
        else f"{name} (such as {_example(question, language)})"
        for name, question in named.items()
    ]
    *first, last = forms
    if language == "ja":
        return f"{'、'.join(first)}または{last}" if first else last
    return f"{', '.join(first)} or {last}" if first else last


_FORMS: dict[Language, dict[str, str]] = {
    "ja": {"choice": "番号", "number": "数字", "date": "日付", "text": "お答えの文"},
    "en": {
        "choice": "number of the option",
        "number": "figure",
        "date": "date",
        "text": "answer in your words",
    },
}


def how_in_short(survey: Survey, language: Language) -> str:
    """Return in one sentence how to answer, with an example for the first question."""
    if survey.resolution is not None and language == "ja":
        return "議案ごとに、賛成なら「Q1 1」、反対なら「Q1 2」のようにお書きください。"
    first = survey.questions[0]
    example = _example(first, language)
    if len(survey.questions) > 1:
        example = f"{first.id} {example}"
    if language == "en":
        return f'For instance "{example}" is read as an answer.'
    behind = "、問いの番号に続けてお答えを" if len(survey.questions) > 1 else ""
    return f"たとえば「{example}」のように{behind}お書きください。"


def how_to_write(question: Question, language: Language) -> str:
    """Return in a sentence how one question is answered, with an example of its kind."""
    if question.type not in FREE | {"multi"}:  # no example: it would be one of the options
        return (
            "選択肢の番号を1つお書きください" if language == "ja" else "Please write the number of one option"
        )
    example = _example(question, language)
    if language == "en":
        return f"Please write it like {example}"
    form = answer_form((question,), examples=False)
    return f"{form}を「{example}」のようにお書きください" if question.type != "text" else "文でお書きください"


def _example(question: Question, language: Language) -> str:
    count = len(printed_options(question, language)) or 5
    match question.type:
        case "single" | "rating":
            return str(min(2, count))
        case "multi":
            return "1,3" if count >= 3 else "1"
        case "yesno":
            return "1"
        case "number":
            return "12"
        case "date":
            return "2026/7/2"
        case "text":
            return "ご意見の文" if language == "ja" else "your words"


def confirmation(
    question: Question, suggested: tuple[str, ...], language: Language = "ja"
) -> tuple[str, ...]:
    """Return the lines of an ask-back by which a lone はい confirms what we think was meant ("13": 1 and 3)."""
    numbers = ",".join(suggested)
    if language == "en":
        return tuple(wrapped(f'Only "yes" in reply counts {numbers} for {question.id}.', " ", COLUMNS))
    said = f"「はい」とだけ返信されると、{question.id}を {numbers} と数えます。"
    return tuple(wrapped(said, " ", COLUMNS))
