"""The ballot as text: question lines, options and slots that survive quoting and are never an answer (ballot.md 1 to 4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Literal

from mailbot.core.mail.japanese import fold
from mailbot.core.mail.wrap import COLUMNS, NARROWEST, wrap
from mailbot.core.mail.wrap import columns as columns_of
from mailbot.core.reading.answer import read_answer
from mailbot.core.reading.command import ALWAYS, command_of
from mailbot.core.reading.known_text import REFERENCE, SIGNATURE, slot_line
from mailbot.core.reading.named_answer import explicit_answers, looks_like_answer
from mailbot.core.reading.printed_options import printed_options, yesno_values
from mailbot.core.reading.tidy import label_key, tidy
from mailbot.core.reading.understood import Understood
from mailbot.core.surveys.survey import Answer, Answers, Question, Resolution, Survey
from mailbot.core.surveys.voting_paper import paper_lines, voting_lines

Language = Literal["ja", "en"]
WIDTHS = (
    COLUMNS,
    60,
    50,
    NARROWEST,
)  # columns of our lines, by what a gateway leaves alone (core/surveys/gateway.py)

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
    columns: int = COLUMNS,
) -> tuple[str, ...]:
    """Return the lines from ★★ 回答欄 ここから ★★ to ★★ 回答欄 ここまで ★★ (ballot.md sections 2 to 4).

    `answers` fills the slots (an acknowledgement); `only` names the questions to print (an ask-back); no line is wider than
    `columns`.
    """
    answers = answers or {}
    lines = _first_lines(reference, edition, language, columns)
    asked = [question for question in survey.questions if only is None or question.id in only]
    for place, question in enumerate(asked):
        lines += [""] if place else []
        lines += (
            _question_lines(question, answers.get(question.id), language, columns)
            if survey.resolution is None
            else _motion_lines(question, answers.get(question.id), language, columns)
        )
    if survey.resolution is not None:
        lines += _signature_lines(language, columns)
    lines.append("★★ 回答欄 ここまで ★★" if language == "ja" else "** ANSWERS END **")
    return tuple(lines)


def _first_lines(reference: str, edition: int, language: Language, columns: int) -> list[str]:
    """Return the line that begins the ballot and the one with its reference; narrow ones are our own, not a gateway's."""
    if language == "ja":
        mark, keep, number = (
            "★★ 回答欄 ここから ★★",
            "（この行は残してください）",
            f"受付番号 {reference} 第{edition}版",
        )
        return [mark + keep, number] if columns_of(mark + keep) <= columns else [mark, keep, number]
    mark, keep, number = "** ANSWERS START **", "(please keep this line)", f"Ref {reference} v{edition}"
    if columns >= COLUMNS:
        return [f"{mark} {keep}   {number}"]
    return [f"{mark} {keep}", number] if columns_of(f"{mark} {keep}") <= columns else [mark, keep, number]


def _question_lines(question: Question, answer: Answer, language: Language, columns: int) -> list[str]:
    return [*_asking_lines(question, language, columns), *_slot_lines(question, answer, language, columns)]


def _motion_lines(motion: Question, answer: Answer, language: Language, columns: int) -> list[str]:
    """Return one motion of a resolution with its options and slot: 議案1 規約第5条の改正 (ballot.md section 3)."""
    mark = f"議案{motion.id.removeprefix('Q')}" if language == "ja" else motion.id
    lines = _wrapped(f"{mark} {_one_line(motion.text)}", "   ", columns)
    return [
        *lines,
        *_option_lines(motion, language, columns),
        *_slot_lines(motion, answer, language, columns),
    ]


def _signature_lines(language: Language, columns: int) -> list[str]:
    """Return the slot for the name of the person who votes; its hint begins with a bracket, as no name does."""
    slot, hint = (
        ("【表決者氏名】[　　　　　　]", "（登録の方と違うときは委任の有無）")
        if language == "ja"
        else ("[Name of voter] [            ]", "(if not the registered person: by what proxy)")
    )
    joined = f"{slot}　　{hint}" if language == "ja" else f"{slot}  {hint}"
    return [joined] if columns_of(joined) <= columns else [slot, *_wrapped(f"  {hint}", "   ", columns)]


@lru_cache(maxsize=1024)
def _asking_lines(question: Question, language: Language, columns: int) -> tuple[str, ...]:
    """Return the question with its hint, and one line for each option."""
    hint = answer_hint(question, language)
    asked = f"{question.id} {_one_line(question.text)}" + (
        f"（{hint}）" if language == "ja" else f" ({hint})"
    )
    return (*_wrapped(asked, "   ", columns), *_option_lines(question, language, columns))


def _option_lines(question: Question, language: Language, columns: int) -> list[str]:
    lines: list[str] = []
    for number, label in enumerate(printed_options(question, language), 1):
        lines += _wrapped(f"   {number}. {_one_line(label)}", "      ", columns)
    return lines


def answer_hint(question: Question, language: Language) -> str:
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


def _slot_lines(question: Question, answer: Answer, language: Language, columns: int) -> list[str]:
    """Return the slot, empty or filled with the answer and its words."""
    number = question.id.removeprefix("Q")
    mark = f"【Q{number}回答】" if language == "ja" else f"[Q{number} answer] "
    if answer is None or answer == ():
        return [mark + ("[　　]" if language == "ja" else "[    ]")]
    if question.type == "text":
        assert isinstance(answer, str)
        return _wrapped_text(mark, answer, columns)
    value = slot_value(question, answer)
    words = answer_words(question, answer, language)
    filled = f"{mark}[ {value} ]"
    if not words or words == value:
        return [filled]
    filled += f"{'　' if language == 'ja' else '  '}{words}"
    return list(wrap_safely(filled, columns, indent="      ", longest_word=columns - 8))


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


def numbered_answers(survey: Survey, answers: Answers, language: Language = "ja") -> tuple[str, ...]:
    """Return each answer on a line, as it is written and as it is meant: Q1 1 賛成."""
    lines = []
    for question in survey.questions:
        answer = answers.get(question.id)
        if words := answer_words(question, answer, language):
            lines.append(" ".join(part for part in (question.id, _numbers(question, answer), words) if part))
    return tuple(lines)


def _numbers(question: Question, answer: Answer) -> str:
    if isinstance(answer, tuple):
        return ",".join(answer)
    values = yesno_values(question) if question.type == "yesno" else ()
    return str(1 + values.index(answer)) if answer in values else ""


def _one_line(text: str) -> str:
    return " ".join(text.split(" ")).replace("\n", " ").replace("\r", "").strip()


# ---- wrapping ----------------------------------------------------------------------------------------------------


def _wrapped(text: str, indent: str, columns: int) -> list[str]:
    """Break a line of the ballot; a word longer than a line is cut too, since quoting would cut it anyway."""
    return list(wrap(text, columns, indent=indent, longest_word=columns - len(indent)))


_EARLIER = 12  # columns


@lru_cache(maxsize=1024)
def wrap_safely(
    line: str, columns: int, *, indent: str | None = None, longest_word: int | None = None
) -> tuple[str, ...]:
    """Break a line as `wrap` does, but so that no continuation reads as an answer or ends a mail.

    Where one would, the line is broken some columns earlier (「（Q1）」 never stands alone); where that does not help, the
    continuation gets a mark. Such lines hold words of members or of the register, so `faults` cannot refuse them beforehand.
    """
    limit = {} if longest_word is None else {"longest_word": longest_word}
    for earlier in range(0, _EARLIER, 2):
        first, *others = wrap(line, columns - earlier, indent=indent, **limit)
        if not any(_is_risky(other.lstrip(" 　")) for other in others):
            return (first, *others)
    first, *others = wrap(line, columns - 2, indent=indent, **limit)
    return (first, *(_marked(other) for other in others))


def _marked(line: str) -> str:
    text = line.lstrip(" 　")
    return f"{line[: len(line) - len(text)]}※{text}" if _is_risky(text) else line


def _wrapped_text(mark: str, text: str, columns: int) -> list[str]:
    """Return a free answer in its slot; a line of it that could be taken for something else gets a mark."""
    written = [line.strip(" \t\r　") for line in text.splitlines()]
    written = [_harmless(line) for line in written if line]
    lines: list[str] = []
    for place, line in enumerate(written or [""]):
        shown = (f"{mark}[ " if place == 0 else "      ") + line
        lines += wrap_safely(shown, columns - 2, indent="      ", longest_word=columns - 10)
    lines[-1] += " ]"
    return lines


def _harmless(line: str) -> str:
    """Return a member's line so that it neither reads as an answer nor ends the slot when it comes back quoted."""
    folded = tidy(line)
    risky = folded[:1] in set("q問議設質【[(第★*>|-・●■◆◇「") or folded[:1].isdigit() or _is_risky(line)
    return f"※{line}" if risky else line


def _is_risky(line: str) -> bool:
    """Say whether a line reads as an answer or a part of the ballot, or as an end or a quotation to a mail program."""
    folded = tidy(line)
    return (
        folded.startswith(("★", "**", ">", "|", ".", "from "))
        or not folded.strip("-_=─━* ")
        or _NUMBERED.match(folded) is not None
        or command_of(line) is not None
        or looks_like_answer(line)
    )


_NUMBERED = re.compile(r"[0-9]{1,3}\.\s")  # as our own options begin


# ---- how to answer -----------------------------------------------------------------------------------------------


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
    examples = [f"     {line}" for line in _examples_ja(survey, columns - 5)]
    if quotes:
        yield "■ お答えの方法（どちらでもかまいません）"
        yield " ア このメールに返信し、本文の先頭に番号を書く"
        yield from examples
        yield " イ このメールに返信し、下の［　］の中に番号を書く"
    else:
        yield "■ お答えの方法"
        yield " 本文の先頭に番号を書いて、このメールに返信する"
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
        return tuple(_wrapped(f'Only "yes" in reply counts {numbers} for {question.id}.', " ", COLUMNS))
    said = f"「はい」とだけ返信されると、{question.id}を {numbers} と数えます。"
    return tuple(_wrapped(said, " ", COLUMNS))


# ---- what may not be sent ----------------------------------------------------------------------------------------

_INSTEAD: dict[str, tuple[str, str]] = {
    "～": ("〜」（波ダッシュ）か「から", '〜" (wave dash) or "to'),
    "－": ("-", "-"),
    "—": ("、", ","),
    "―": ("、", ","),
    "–": ("-", "-"),
    "〝": ("“", "“"),
    "〟": ("”", "”"),
    "¥": ("円", "yen"),
    "‾": ("~", "~"),
    **{
        mark: (plain, plain)
        for mark, plain in zip(
            "髙﨑栁濵桒德瀨昻增寬橫淸靑緖薰黑", "高崎柳浜桑徳瀬昂増寛横清青緒薫黒", strict=True
        )
    },
}
_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]+|.", re.DOTALL)


@lru_cache(maxsize=16384)
def survives(mark: str) -> bool:
    """Say whether a character comes back as it was in a reply written in ISO-2022-JP, and in one in CP932.

    CP932 gives 〜, ‖ and − other code points, which the reader takes for the same (japanese.fold).
    """
    if mark in _INSTEAD:
        return False
    try:
        if mark.encode("iso2022_jp").decode("iso2022_jp") != mark:
            return False
        windows = mark.encode("ascii") if mark.isascii() else mark.encode("shift_jis")
        return fold(windows.decode("cp932")) == fold(mark)
    except UnicodeError:
        return False


def _instead(mark: str, language: Language) -> str:
    """Say what to write instead of a character, or a run of half-width kana, that does not survive."""
    plain = _INSTEAD.get(mark, ("", ""))[0 if language == "ja" else 1] or unicodedata.normalize("NFKC", mark)
    if plain and plain != mark and (mark in _INSTEAD or all(survives(each) for each in plain)):
        if unicodedata.numeric(mark[0], None) is not None and plain.isdigit():
            plain = f"({plain})"
        return f"「{plain}」と書いてください" if language == "ja" else f'write "{plain}"'
    return "別の字で書いてください" if language == "ja" else "use another character"


def _damaged(text: str) -> tuple[str, ...]:
    """Return each character, and each run of half-width kana, that does not survive a reply."""
    found = (match[0] for match in _HALF_WIDTH_KANA.finditer(text))
    return tuple(dict.fromkeys(each for each in found if each not in "\r\n" and not all(map(survives, each))))


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
    found += _text_faults(survey, language)
    if survey.resolution is not None:
        found += _paper_faults(survey, survey.resolution, language)
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
        for mark in _damaged(text):
            yield (
                f"{question.id}: {where}の「{mark}」は返信で文字化けすることがあります。{_instead(mark, language)}"
                if language == "ja"
                else f"{question.id}: {mark!r} in {where} may be damaged in replies; {_instead(mark, language)}"
            )


def _text_faults(survey: Survey, language: Language) -> Iterator[str]:
    """Say what of the title, the purpose and the contact does not survive a reply, or ends a mail for some program.

    Each sentence quotes the whole line, so that its place in the definition file is found.
    """
    for line in [survey.title, *survey.purpose.splitlines(), *survey.contact.splitlines()]:
        for mark in _damaged(line):
            yield (
                f"「{line}」の「{mark}」は返信で文字化けすることがあります。{_instead(mark, language)}"
                if language == "ja"
                else f'{mark!r} in "{line}" may be damaged in replies; {_instead(mark, language)}'
            )
        if line.strip() and not line.strip("-_=─━* 　"):
            yield (
                f"「{line}」の行は、ここで本文が終わると見るメールソフトがあります。けい線に言葉を添えてください"
                if language == "ja"
                else f'some mail programs end the text at the line "{line}"; put words into a rule'
            )


def _line_faults(survey: Survey, language: Language) -> Iterator[str]:
    """No line of ours may itself parse as an answer (ballot.md section 1, rule 7), however narrow it is printed."""
    lines = [line for columns in WIDTHS for line in _own_lines(survey, language, columns)]
    texts = [line for text in (survey.title, survey.purpose, survey.contact) for line in text.splitlines()]
    for question in survey.questions:
        texts += [question.text, *question.options]
    bare = {question.text for question in survey.questions if _is_answer(question, question.text)}
    for line in dict.fromkeys([*lines, *texts]):
        # The title begins lines of ours in 「」, with other words after it in each mail.
        named = line == survey.title and looks_like_answer(f"「{line}」")
        if line in bare or named or _parses_as_answer(survey, line):
            yield (
                f"「{line.strip()}」の行は、そのままお答えとして読めてしまいます。言葉を変えてください"
                if language == "ja"
                else f'the line "{line.strip()}" would itself be read as an answer; reword it'
            )
    for question in survey.questions:
        yield from _broken_line_faults(question, language)


def _own_lines(survey: Survey, language: Language, columns: int) -> list[str]:
    return [
        *ballot_lines(survey, f"{survey.key}-000000", 1, language=language, columns=columns),
        *how_to_lines(survey, language, columns=columns),
        *how_to_lines(survey, language, columns=columns, quotes=False),
        *(paper_lines(survey, language, columns=columns) if survey.resolution is not None else ()),
    ]


def _broken_line_faults(question: Question, language: Language) -> Iterator[str]:
    """A long question or option, broken where the line ends, may not go on like an option or a slot of its own."""
    for columns in WIDTHS:
        options = _option_lines(question, language, columns)
        asked = _asking_lines(question, language, columns)[: -len(options) or None]
        for line in [*asked[1:], *(line for line in options if line.startswith(" " * 6))]:
            if _begins_anew(line.strip()):
                yield (
                    f"{question.id}: 折り返すと「{line.strip()}」で始まる行ができ、選択肢やお答えと紛れます。言葉を変えてください"
                    if language == "ja"
                    else f'{question.id}: where it is broken, a line begins "{line.strip()}" like an option; reword it'
                )
                return


def _begins_anew(line: str) -> bool:
    """Say whether the reader of replies would take a line for another part of the ballot than its question."""
    return (
        _NUMBERED.match(tidy(line)) is not None
        or tidy(line).startswith(("★★", "** answers"))
        or slot_line(line) is not None
        or SIGNATURE.match(line) is not None
        or REFERENCE.search(line) is not None
        or _ends_mail(line)
    )


def mail_faults(
    survey: Survey, text: str, *, columns: int = COLUMNS, language: Language = "ja"
) -> tuple[str, ...]:
    """Return a sentence for each line of a whole composed mail that ballot.md section 1 forbids (rules 2, 3 and 7).

    The slots themselves are left out: they are where the answer stands. Only an address or another long word of ASCII
    may be wider than the lines.
    """
    found = []
    for line in text.splitlines():
        bare = line.strip(" 　")
        if columns_of(line) > columns and max(map(len, _ASCII_WORDS.findall(line)), default=0) < columns - 8:
            found.append(
                f"「{bare}」の行が{columns}桁を超えています"
                if language == "ja"
                else f'the line "{bare}" is wider than {columns} columns'
            )
        if slot_line(line) is None and (_ends_mail(line) or _parses_as_answer(survey, line)):
            found.append(
                f"「{bare}」の行は、お答えや引用、本文の終わりと紛れます"
                if language == "ja"
                else f'the line "{bare}" reads as an answer, a quotation or an end'
            )
    return tuple(found)


_ASCII_WORDS = re.compile(r"[!-~]+")


def _ends_mail(line: str) -> bool:
    """Say whether a mail program takes a line for a quotation, a signature or the end (ballot.md section 1, rule 3)."""
    return line.startswith((">", "From ", ".")) or (bool(line.strip()) and not line.strip("-_= 　"))


def _paper_faults(survey: Survey, resolution: Resolution, language: Language) -> Iterator[str]:
    """No line of a by-law may read as a vote, begin a ballot, or come back damaged."""
    texts = [survey.title, resolution.by_law, resolution.deemed]
    texts += [text for article in resolution.comparison for text in (article.name, article.old, article.new)]
    for line in dict.fromkeys(line.strip() for text in texts for line in text.splitlines()):
        for mark in dict.fromkeys(line):
            if not survives(mark):
                yield (
                    f"「{line}」の「{mark}」は返信で文字化けすることがあります。{_instead(mark, language)}"
                    if language == "ja"
                    else f'{mark!r} in "{line}" may be damaged in replies; {_instead(mark, language)}'
                )
        if _reads_as_vote(survey, line):
            yield (
                f"「{line}」の行は、そのまま表決として読めてしまいます。前後の行とつなぐか、言葉を添えてください"
                if language == "ja"
                else f'the line "{line}" would itself be read as a vote; join it with its neighbours or add words'
            )


def _reads_as_vote(survey: Survey, line: str) -> bool:
    """Say whether a line of a by-law reads as a vote, a proxy or a part of the ballot, wherever it may end up."""
    return (
        _parses_as_answer(survey, line)
        or command_of(line, ALWAYS | {"proxy", "form"}) is not None
        or tidy(line).startswith(("★★", "** answers"))
        or SIGNATURE.match(line) is not None
        or REFERENCE.search(line) is not None
        or any(_is_answer(motion, line) for motion in survey.questions)
    )


def _parses_as_answer(survey: Survey, line: str) -> bool:
    if command_of(line):
        return True
    for number, value in explicit_answers(survey, line):
        question = next((each for each in survey.questions if each.id == number), None)
        if question is None or not value:
            continue
        said, asked = label_key(value), label_key(question.text)
        own = said.startswith(asked) or (len(said) >= _OWN_ENOUGH and asked.startswith(said))
        if question.type == "text" and own:
            continue  # its own question line, which the alignment knows by its words, also where it is broken
        if question.type == "text" or _is_answer(question, value):
            return True
    return False


_OWN_ENOUGH = 8  # characters of a question's broken first line: enough to tell it from an answer


def _is_answer(question: Question, text: str) -> bool:
    """Say whether a text is itself a whole answer to a question; any text is one to a free question, so not that."""
    if question.type == "text":
        return False
    return isinstance(read_answer(question, text, today=date(2000, 1, 1)), Understood)
