"""Why a survey may not be sent as it is written: no reply to it could be read for certain (ballot.md sections 1 to 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from mailbot.core.calendar import Language
from mailbot.core.mail.surviving import damaged, instead_of, survives
from mailbot.core.mail.wrap import COLUMNS
from mailbot.core.mail.wrap import columns as columns_of
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.printed_options import printed_options, yesno_values
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.reading.statements.command import ALWAYS, command_of
from mailbot.core.reading.statements.named_answer import explicit_answers, looks_like_answer
from mailbot.core.reading.text.known_text import REFERENCE, SIGNATURE, slot_line
from mailbot.core.reading.text.tidy import label_key, tidy
from mailbot.core.surveys.ballot import FREE, NUMBERED, WIDTHS, asking_lines, ballot_lines, option_lines
from mailbot.core.surveys.how_to_answer import how_to_lines
from mailbot.core.surveys.survey import Question, Resolution, Survey
from mailbot.core.surveys.voting_paper import paper_lines


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
    if question.type in FREE and question.options:
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
        for mark in damaged(text):
            yield (
                f"{question.id}: {where}の「{mark}」は返信で文字化けすることがあります。{instead_of(mark, language)}"
                if language == "ja"
                else f"{question.id}: {mark!r} in {where} may be damaged in replies; {instead_of(mark, language)}"
            )


def _text_faults(survey: Survey, language: Language) -> Iterator[str]:
    """Say what of the title, the purpose and the contact does not survive a reply, or ends a mail for some program.

    Each sentence quotes the whole line, so that its place in the definition file is found.
    """
    for line in [survey.title, *survey.purpose.splitlines(), *survey.contact.splitlines()]:
        for mark in damaged(line):
            yield (
                f"「{line}」の「{mark}」は返信で文字化けすることがあります。{instead_of(mark, language)}"
                if language == "ja"
                else f'{mark!r} in "{line}" may be damaged in replies; {instead_of(mark, language)}'
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
        options = option_lines(question, language, columns)
        asked = asking_lines(question, language, columns)[: -len(options) or None]
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
        NUMBERED.match(tidy(line)) is not None
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
                    f"「{line}」の「{mark}」は返信で文字化けすることがあります。{instead_of(mark, language)}"
                    if language == "ja"
                    else f'{mark!r} in "{line}" may be damaged in replies; {instead_of(mark, language)}'
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
