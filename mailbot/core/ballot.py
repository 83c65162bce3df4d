"""The ballot as text: question lines, options and slots that survive quoting and are never an answer (ballot.md 1 to 4)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Literal

from mailbot.core.answer import (
    Understood,
    label_key,
    option_answer,
    printed_options,
    read_answer,
    tidy,
    yesno_values,
)
from mailbot.core.reply import command_of, explicit_answers
from mailbot.core.survey import Answer, Answers, Question, Survey
from mailbot.core.wrap import COLUMNS, columns, wrap

Language = Literal["ja", "en"]


_HINTS: dict[Language, dict[str, str]] = {
    "ja": {
        "single": "1つ",
        "multi": "いくつでも",
        "yesno": "1つ",
        "rating": "1から{count}の数字1つ",
        "number": "数字",
        "date": "日付",
        "text": "ご自由に",
    },
    "en": {
        "single": "one",
        "multi": "any number",
        "yesno": "one",
        "rating": "one number, 1 to {count}",
        "number": "a number",
        "date": "a date",
        "text": "in your own words",
    },
}
_EMPTY_OK = {"ja": "。空欄でもかまいません", "en": "; may stay blank"}
_FREE = frozenset({"number", "date", "text"})


def ballot_lines(
    survey: Survey,
    reference: str,
    edition: int,
    *,
    answers: Answers | None = None,
    only: frozenset[str] | None = None,
    language: Language = "ja",
) -> tuple[str, ...]:
    """Return the lines from ★★ 回答欄 ここから ★★ to ★★ 回答欄 ここまで ★★ (ballot.md sections 2 to 4).

    `answers` fills the slots (an acknowledgement); `only` prints these questions and no others (an ask-back).
    """
    answers = answers or {}
    if language == "ja":
        lines = ["★★ 回答欄 ここから ★★（この行は残してください）", f"受付番号 {reference} 第{edition}版"]
    else:
        lines = [f"** ANSWERS START ** (please keep this line)   Ref {reference} v{edition}"]
    asked = [question for question in survey.questions if only is None or question.id in only]
    for place, question in enumerate(asked):
        lines += ([""] if place else []) + _question_lines(question, answers.get(question.id), language)
    lines.append("★★ 回答欄 ここまで ★★" if language == "ja" else "** ANSWERS END **")
    return tuple(lines)


def _question_lines(question: Question, answer: Answer, language: Language) -> list[str]:
    return [*_asking_lines(question, language), *_slot_lines(question, answer, language)]


@lru_cache(maxsize=1024)
def _asking_lines(question: Question, language: Language) -> tuple[str, ...]:
    """Return the question with its hint, and one line for each option."""
    hint = _hint(question, language)
    asked = f"{question.id} {_one_line(question.text)}" + (
        f"（{hint}）" if language == "ja" else f" ({hint})"
    )
    lines = _wrapped(asked, "   ")
    for number, label in enumerate(printed_options(question, language), 1):
        lines += _wrapped(f"   {number}. {_one_line(label)}", "      ")
    return tuple(lines)


def _hint(question: Question, language: Language) -> str:
    """Return how to answer, in words: 1つ, いくつでも, and for whom the question is."""
    count = len(question.options) or 5
    hint = _HINTS[language][question.type].format(count=count)
    if question.type in _FREE and not question.required and not question.when:
        hint += _EMPTY_OK[language]
    conditions = [
        f"{other}が{'か'.join(numbers)}" if language == "ja" else f"{other} is {' or '.join(numbers)}"
        for other, numbers in question.when
    ]
    if conditions and language == "ja":
        return f"{hint}。{'、'.join(conditions)}の方のみ"
    if conditions:
        return f"{hint}; only if {' and '.join(conditions)}"
    return hint


def _slot_lines(question: Question, answer: Answer, language: Language) -> list[str]:
    """Return the slot, empty or filled with the answer and its words."""
    number = question.id.removeprefix("Q")
    mark = f"【Q{number}回答】" if language == "ja" else f"[Q{number} answer] "
    if answer is None or answer == ():
        return [mark + ("[　　]" if language == "ja" else "[    ]")]
    if question.type == "text":
        assert isinstance(answer, str)
        return _wrapped_text(mark, answer)
    value = slot_value(question, answer)
    words = answer_words(question, answer, language)
    filled = f"{mark}[ {value} ]"
    if not words or words == value:
        return [filled]
    return _wrapped(f"{filled}{'　' if language == 'ja' else '  '}{words}", "      ")


def slot_value(question: Question, answer: Answer) -> str:
    """Return what stands between the brackets for an answer: the number as printed, the figure, the date."""
    if answer is None:
        return ""
    if isinstance(answer, tuple):
        return ",".join(answer)
    if question.type == "yesno":
        values = yesno_values(question)
        return str(values.index(answer) + 1) if answer in values else _YESNO_WORDS["ja"].get(answer, answer)
    if question.type == "date":
        day = date.fromisoformat(answer)
        return f"{day.year}/{day.month}/{day.day}"
    return answer


_YESNO_WORDS: dict[Language, dict[str, str]] = {
    "ja": {"yes": "はい", "no": "いいえ", "abstain": "棄権"},
    "en": {"yes": "yes", "no": "no", "abstain": "abstain"},
}
_WEEKDAYS = "月火水木金土日"


def answer_words(question: Question, answer: Answer, language: Language = "ja") -> str:
    """Return an answer in words, as an acknowledgement shows it: 利用していない, 費用、その他; "" for no answer."""
    labels = printed_options(question, language)
    if answer is None or answer == ():
        return ""
    if isinstance(answer, tuple):
        named = [labels[int(number) - 1] for number in answer if int(number) <= len(labels)]
        return ("、" if language == "ja" else ", ").join(_one_line(label) for label in named)
    if question.type == "yesno":
        values = yesno_values(question)
        if answer in values:
            return _one_line(labels[values.index(answer)])
        return _YESNO_WORDS[language].get(answer, answer)
    if question.type == "date" and language == "ja":
        day = date.fromisoformat(answer)
        return f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"
    return answer


def _one_line(text: str) -> str:
    return " ".join(text.split(" ")).replace("\n", " ").replace("\r", "").strip()


# ---- wrapping ----------------------------------------------------------------------------------------------------


def _wrapped(text: str, indent: str) -> list[str]:
    """Break a line of the ballot; a word longer than a line is cut too, since quoting would cut it anyway."""
    return list(wrap(text, indent=indent, longest_word=COLUMNS - len(indent)))


def _wrapped_text(mark: str, text: str) -> list[str]:
    """Return a free answer in its slot; a line of it that could be taken for something else gets a mark."""
    written = [line.strip(" \t\r　") for line in text.splitlines()]
    written = [_harmless(line) for line in written if line]
    lines: list[str] = []
    for place, line in enumerate(written or [""]):
        lines += _wrapped((f"{mark}[ " if place == 0 else "      ") + line, "      ")
    lines[-1] += " ]"
    return lines


def _harmless(line: str) -> str:
    """Return a member's line so that it neither reads as an answer nor ends the slot when it comes back quoted."""
    folded = tidy(line)
    risky = folded[:1] in set("q問議設質【[(第★*>|-・●■◆◇")
    risky = risky or folded[:1].isdigit() or line.startswith("From ") or command_of(line) is not None
    return f"※{line}" if risky else line


# ---- how to answer -----------------------------------------------------------------------------------------------


def how_to_lines(survey: Survey, language: Language = "ja") -> tuple[str, ...]:
    """Return the part that says how to answer; its examples stand inside sentences and fit these questions."""
    if language == "en":
        return tuple(_how_to_en(survey))
    return (
        "■ お答えの方法（どちらでもかまいません）",
        " ア このメールに返信し、本文の先頭に番号を書く",
        *(f"     {line}" for line in _examples_ja(survey)),
        " イ このメールに返信し、下の［　］の中に番号を書く",
        " 何度でも出し直せます。最後に届いたお答えを数えます。",
        " お答えは貴団体で1件です（代理の方のお答えも受け付けます）。",
    )


def _examples_ja(survey: Survey) -> list[str]:
    """Return one or two lines of examples: the first question, and the first multi-select if it is another one."""
    first = survey.questions[0]
    example = _example(first, "ja")
    place = survey.questions.index(first) + 1
    if first.type in {"single", "rating"}:
        text = f"例）{place}問目が{example}番なら「{first.id} {example}」"
    elif first.type == "multi":
        text = f"例）複数は「{first.id} {example}」"
    else:
        text = f"例）{place}問目は「{first.id} {example}」"
    second = next((q for q in survey.questions[1:] if q.type not in {first.type, "text"}), None)
    if second is None:
        return [text]
    words = "複数は" if second.type == "multi" else f"{survey.questions.index(second) + 1}問目は"
    more = f"{words}「{second.id} {_example(second, 'ja')}」"
    joined = f"{text}、{more}"
    return [joined] if columns(joined) <= COLUMNS - 5 else [text + "、", f"　　{more}"]


def _how_to_en(survey: Survey) -> Iterator[str]:
    first = survey.questions[0]
    example = f'"{first.id} {_example(first, "en")}"'
    second = next((q for q in survey.questions[1:] if q.type not in {first.type, "text"}), None)
    if second is not None:
        example += f' on one line and "{second.id} {_example(second, "en")}" on the next'
    yield "To answer, just reply. Either write at the top, for instance"
    yield f"   {example},"
    yield "or put the numbers between the brackets below."
    yield "You may answer again; the last answer that reaches us counts."


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
    """Return the line of an ask-back by which a lone はい confirms what we think was meant ("13": 1 and 3)."""
    numbers = ",".join(suggested)
    if language == "en":
        return (f'Only "yes" in reply counts {numbers} for {question.id}.',)
    return tuple(_wrapped(f"「はい」とだけ返信されると、{question.id}を {numbers} と数えます。", " "))


# ---- what may not be sent ----------------------------------------------------------------------------------------

_INSTEAD = {
    "～": "「から」",
    "－": "「-」",
    "—": "「、」",
    "―": "「、」",
    "–": "「-」",
    "㈱": "「（株）」",
    "㈲": "「（有）」",
    "髙": "「高」",
    "﨑": "「崎」",
    "№": "「No.」",
    "〝": "「“」",
    "〟": "「”」",
    "¥": "「円」",
    "‾": "「~」",
}


def survives(mark: str) -> bool:
    """Say whether a character comes back whole in a reply written in ISO-2022-JP or CP932."""
    if mark in _INSTEAD:
        return False
    try:
        return mark.encode("iso2022_jp").decode("iso2022_jp") == mark
    except UnicodeError:
        return False


def _instead(mark: str, language: Language) -> str:
    """Say what to write instead of a character that does not survive."""
    plain = _INSTEAD.get(mark, "").strip("「」") or unicodedata.normalize("NFKC", mark)
    if plain and plain != mark and all(survives(each) for each in plain):
        if unicodedata.numeric(mark, None) is not None and plain.isdigit():
            plain = f"({plain})"
        return f"「{plain}」と書いてください" if language == "ja" else f'write "{plain}"'
    return "別の字で書いてください" if language == "ja" else "use another character"


def faults(survey: Survey, language: Language = "ja") -> tuple[str, ...]:
    """Return one sentence for each reason why this survey may not be sent; empty: it may."""
    japanese = language == "ja"
    found: list[str] = []
    if not survey.questions:
        return (
            "問いがありません。questions に1問以上書いてください" if japanese else "there are no questions",
        )
    found += _id_faults(survey, japanese)
    for place, question in enumerate(survey.questions):
        found += _option_faults(question, japanese)
        found += _condition_faults(survey, place, japanese)
        found += _character_faults(question, language)
    return tuple(found or _line_faults(survey, language))


def _id_faults(survey: Survey, japanese: bool) -> Iterator[str]:
    for place, question in enumerate(survey.questions, 1):
        if [other.id for other in survey.questions[: place - 1]].count(question.id):
            yield (
                f"{question.id}: 同じ番号の問いが2つあります。番号を付け直してください"
                if japanese
                else f"{question.id}: two questions have this id; give each its own"
            )
        elif question.id != f"Q{place}":
            yield (
                f"{question.id}: {place}問目の番号は Q{place} です。順に Q1、Q2 と付けてください"
                if japanese
                else f"{question.id}: question {place} must have the id Q{place}; number them Q1, Q2, ..."
            )
        if not question.text.strip():
            yield f"{question.id}: 問いの文がありません" if japanese else f"{question.id}: the text is empty"
        if "\n" in question.text.strip():
            yield (
                f"{question.id}: 問いの文は1行で書いてください（折り返しはこちらで行います）"
                if japanese
                else f"{question.id}: write the text on one line; it is wrapped for you"
            )


def _option_faults(question: Question, japanese: bool) -> Iterator[str]:
    if question.type in {"single", "multi"} and len(question.options) < (
        2 if question.type == "single" else 1
    ):
        yield (
            f"{question.id}: {question.type} の問いには options（選択肢）が要ります"
            if japanese
            else f"{question.id}: a {question.type} question needs options"
        )
    if question.type in _FREE and question.options:
        yield (
            f"{question.id}: {question.type} の問いに options は書けません"
            if japanese
            else f"{question.id}: a {question.type} question has no options"
        )
    seen: dict[str, str] = {}
    for place, label in enumerate(question.options, 1):
        key = label_key(label)
        if not key:
            yield (
                f"{question.id}: 選択肢{place}が空です"
                if japanese
                else f"{question.id}: option {place} is empty"
            )
        elif key in seen:
            yield (
                f"{question.id}: 選択肢「{seen[key]}」と「{label}」は読み取りで区別できません。言葉を変えてください"
                if japanese
                else f'{question.id}: the options "{seen[key]}" and "{label}" cannot be told apart; reword one'
            )
        seen.setdefault(key, label)
        if "\n" in label.strip():
            yield (
                f"{question.id}: 選択肢「{label.split()[0]}」は1行で書いてください"
                if japanese
                else f"{question.id}: write option {place} on one line"
            )
    yield from _number_label_faults(question, japanese)


def _number_label_faults(question: Question, japanese: bool) -> Iterator[str]:
    """A label that is itself the number of another option cannot be told from a choice."""
    count = len(question.options)
    if question.type not in {"single", "multi", "rating", "yesno"} or not count:
        return
    plain = Question(
        question.id, question.text, "multi", tuple("選択肢の番号" + "甲" * n for n in range(count))
    )
    for place, label in enumerate(question.options, 1):
        read = read_answer(plain, label, today=date(2000, 1, 1))
        if isinstance(read, Understood) and read.answer != (str(place),):
            yield (
                f"{question.id}: 選択肢{place}「{label}」は番号と紛れます。「{label}件」のように言葉を添えてください"
                if japanese
                else f'{question.id}: option {place} "{label}" reads as a number; add a word to it'
            )
    if question.type == "yesno" and len(set(yesno_values(question))) != count:
        yield (
            f"{question.id}: yesno の選択肢は、はい・いいえ・棄権に当たる3つまでです"
            if japanese
            else f"{question.id}: a yesno question has at most yes, no and abstain"
        )


def _condition_faults(survey: Survey, place: int, japanese: bool) -> Iterator[str]:
    question = survey.questions[place]
    earlier = {other.id: other for other in survey.questions[:place]}
    for other_id, numbers in question.when:
        other = earlier.get(other_id)
        if other is None:
            exists = any(each.id == other_id for each in survey.questions)
            reason_ja = "より後にある問いです" if exists else "という問いはありません"
            reason_en = "does not come before it" if exists else "does not exist"
            yield (
                f"{question.id}: when の {other_id} {reason_ja}。前にある問いを書いてください"
                if japanese
                else f"{question.id}: {other_id} in when {reason_en}; name an earlier question"
            )
            continue
        count = len(printed_options(other)) or (5 if other.type == "rating" else 0)
        for number in numbers:
            named = number in {"yes", "no", "abstain"} if other.type == "yesno" else False
            if not named and not (number.isdecimal() and 1 <= int(number) <= count):
                yield (
                    f"{question.id}: when の {other_id} に選択肢 {number} はありません（1から{count}まで）"
                    if japanese
                    else f"{question.id}: {other_id} in when has no option {number} (1 to {count})"
                )


def _character_faults(question: Question, language: Language) -> Iterator[str]:
    places = [("問いの文" if language == "ja" else "the text", question.text)]
    places += [
        (f"選択肢{number}" if language == "ja" else f"option {number}", label)
        for number, label in enumerate(question.options, 1)
    ]
    for where, text in places:
        for mark in dict.fromkeys(text):
            if not survives(mark) and mark not in "\r\n":
                yield (
                    f"{question.id}: {where}の「{mark}」は返信で文字化けすることがあります。{_instead(mark, language)}"
                    if language == "ja"
                    else f"{question.id}: {mark!r} in {where} may be damaged in replies; {_instead(mark, language)}"
                )


def _line_faults(survey: Survey, language: Language) -> Iterator[str]:
    """No line of ours may itself parse as an answer (ballot.md section 1, rule 7)."""
    lines = [
        *ballot_lines(survey, f"{survey.key}-00000", 1, language=language),
        *how_to_lines(survey, language),
    ]
    texts = [line for text in (survey.title, survey.purpose, survey.contact) for line in text.splitlines()]
    for question in survey.questions:
        texts += [question.text, *question.options]
    bare = {question.text for question in survey.questions if _is_answer(question, question.text)}
    for line in dict.fromkeys([*lines, *texts]):
        if line in bare or _parses_as_answer(survey, line):
            yield (
                f"「{line.strip()}」の行は、そのままお答えとして読めてしまいます。言葉を変えてください"
                if language == "ja"
                else f'the line "{line.strip()}" would itself be read as an answer; reword it'
            )


def _parses_as_answer(survey: Survey, line: str) -> bool:
    if command_of(line):
        return True
    for number, value in explicit_answers(survey, line):
        question = next((each for each in survey.questions if each.id == number), None)
        if question is None or not value:
            continue
        own = tidy(value).startswith(tidy(question.text))
        if question.type == "text" and own:
            continue  # its own question line, which the alignment knows by its words
        if question.type == "text" or _is_answer(question, value):
            return True
    return False


def _is_answer(question: Question, text: str) -> bool:
    """Say whether a text is itself a whole answer to a question; any text is one to a free question, so not that."""
    if question.type == "text":
        return False
    return isinstance(read_answer(question, text, today=date(2000, 1, 1)), Understood)


def chosen_words(question: Question, number: int, language: Language = "ja") -> str:
    """Return the words of printed option `number`, for a table of results."""
    answer = option_answer(question, number)
    return answer_words(question, answer, language) or str(number)
