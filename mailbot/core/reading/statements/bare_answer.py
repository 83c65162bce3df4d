"""An answer without its question, such as a number alone at the top (ballot.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from mailbot.core.reading.doubts.correction import corrects
from mailbot.core.reading.doubts.doubt import doubts
from mailbot.core.reading.grammar.amount import behind_its_name
from mailbot.core.reading.grammar.answer import LONGEST_CHOICE, label_answer, read_answer
from mailbot.core.reading.grammar.printed_options import choice_count, printed_options, whole_labels
from mailbot.core.reading.grammar.remark import mentions_choice, mentions_condition
from mailbot.core.reading.grammar.understood import Read, Unclear, Understood
from mailbot.core.reading.statements.bare_day import is_day_alone
from mailbot.core.reading.statements.named_answer import APOLOGY, GOES_ON
from mailbot.core.reading.text.known_text import Known, line_key
from mailbot.core.reading.text.prose import NOT_PROSE, is_notice
from mailbot.core.reading.text.signature import signed
from mailbot.core.reading.text.tidy import tidy
from mailbot.core.surveys.survey import Question

_ANSWER_WORD = re.compile(
    r"^[\s・●■◆]*[【\[［(（]?(?:ご?回\s?答|答え?|表決|[Aa]nswer)[】\]］)）]?(?:\s*[:：→=＝]|は(?!い)|\s|(?<=[】\]］)）]))\s*"
)
# 「すみません、3に訂正します。」, 「正しくは3です。」: the number is the answer.
CHANGED_TO = re.compile(
    rf"{APOLOGY.pattern}?(?:先ほどの?(?:ご?回答|お?答え)?(?:は|を)?[、]?)?(?:正しくは、?)?(?P<option>[0-9０-９]{{1,2}})\s?番?"
    r"(?:[にへ](?:訂正|変更|修正)(?:を?お?願い?(?:いた|致)?します|(?:いた|致)?します|(?:して)?(?:下さい|ください))|(?<=正しくは.)(?:です|でした)"
    r"|(?<=正しくは.番)(?:です|でした))[。]?"
)


def without_answer_word(line: str) -> str:
    """Return a line without the word that announces an answer: 「【回答】2」."""
    return _ANSWER_WORD.sub("", line)


UNFINISHED = Unclear("unclear")  # the sentence of a bare answer goes on and may take it back
MOST_AT_TOP = 60  # lines above everything of ours in which answers without a question's name are looked for
_OWN_NAME = re.compile(
    r"^[\s・●■◆]*[【\[（(]?(?P<name>[^\s、。:：はがを【】\[\]()（）]{1,20}[市町村区県合])[】\]）)]?"
    r"(?:の(?:ご?回答|お?答え|表決))?(?:(?:と(?:いた|致)?しまして|として)?は(?!い)[、，]?|\s?[:：→=＝]|\s|(?<=[】\]）)]))\s*(?=\S)"
)


_OWN_TITLE = re.compile(
    r"^\s*「(?P<title>[^「」]{2,80})」(?:について)?の(?:ご?回答|お?答え)(?:は(?!い)|\s?[:：])[、，,\s]*(?=\S)"
)


def without_own_name(line: str, questions: Sequence[Question], known: Known) -> str:
    """Return a line without what it begins with, where that is the body that we wrote to or our survey: 「長野市：2」."""
    about = _OWN_TITLE.match(line)
    if about is not None and known.holds(line_key(f"「{about['title']}」")):
        return line[about.end() :]
    named = _OWN_NAME.match(line)
    if named is None or any(label_answer(question, named["name"]) is not None for question in questions):
        return line
    return line[named.end() :] if known.holds(line_key(named["name"])) else line


def bare_answers(
    questions: Sequence[Question], lines: Sequence[str], known: Known, today: date
) -> list[tuple[Question, Read]]:
    """Return the lines that read as an answer by themselves, each with the first question that they may answer."""
    bare: list[tuple[Question, Read]] = []
    shapes = {
        (question.type, question.options): question
        for question in questions
        if question.type not in {"text", "date"} or (question.type == "date" and len(questions) == 1)
    }
    begins_signature = signed(list(lines[:MOST_AT_TOP]))
    for place, line in enumerate(lines[:MOST_AT_TOP]):
        # 「2026-06-20 09:12 に ... さんは書きました:」 is no number.
        if len(line) > LONGEST_CHOICE or NOT_PROSE.search(line):
            continue
        changed = CHANGED_TO.fullmatch(line.strip())
        written = (
            changed["option"] if changed else _ANSWER_WORD.sub("", without_own_name(line, questions, known))
        )
        for question in shapes.values():
            if question.type == "date" and not (
                place < begins_signature
                and not known.holds(line_key(written))  # the close of the survey, or our example
                and is_day_alone(behind_its_name(question, tidy(written)), lines, place, today)
            ):
                continue
            read = read_answer(question, written, today=today)
            if (
                isinstance(read, Unclear)
                and read.kind in {"unclear", "conditional"}
                and _FULL_STOP.search(line)
            ):
                read = _last_sentence(question, line, today) or read
            if isinstance(read, Unclear) and read.kind == "conditional":
                before = lines[place - 1].strip() if place else ""
                notice = is_notice(line) or (is_notice(before + line) and _is_wrapped(before))
                if not _may_reserve(question, line, notice=notice):
                    continue
            if isinstance(read, Understood) or (isinstance(read, Unclear) and read.kind != "unclear"):
                after = "".join(lines[place + 1 : place + 2])
                unfinished = takes_on(question, written, after, today)
                bare.append((question, UNFINISHED if unfinished else read))
                break
    return bare


_ITEM = re.compile(r"^\s*(?:[・•]|[0-9０-９]{1,2}[.．)）](?![0-9０-９]))\s*\S")


def listed(question: Question, lines: Sequence[str]) -> list[str]:
    """Return lines with the items that stand one below another on one line: 「1. 住民記録」, 「・税務」.

    All of the options say no more than すべて, which is asked about; an item that is none of them makes the whole unclear.
    """
    if question.type != "multi":
        marked = [line for line in lines if line.lstrip().startswith(("・", "•"))]
        return [line.lstrip(" \t\u3000・•") if marked == [line] else line for line in lines]
    whole: list[str] = []
    chosen: list[str | None] = []  # by each item of the list so far
    for line in _on_one_line(question, lines):
        option = _lone_option(question, line.lstrip(" \t\u3000・•"))
        if option is None and not _ITEM.match(line):
            whole.append(line)
            chosen = []
            continue
        if chosen:
            whole[-1] += f"、{line.strip(' ・•')}"
        else:
            whole.append(line.lstrip(" \t\u3000・•"))
        chosen.append(option)
        if len(set(chosen) - {None}) == choice_count(question):
            whole[-1] = "すべて"
    return whole


_LONE_NUMBER = re.compile(r"\s*(?:(?P<number>[0-9０-９]{1,2})\s?[番,、.．]?|(?P<circled>[①-⑳]))\s*")


def _on_one_line(question: Question, lines: Sequence[str]) -> list[str]:
    """Return lines with numbers that stand alone one below another on one line, where they rise: 「1」, 「3」."""
    joined: list[str] = []
    last = 0  # the number of the line before; 0: none stands alone there
    for line in lines:
        lone = _LONE_NUMBER.fullmatch(line)
        number = (
            (int(lone["number"]) if lone["number"] else ord(lone["circled"]) - ord("①") + 1) if lone else 0
        )
        if 0 < last < number <= choice_count(question):
            joined[-1] += f"、{number}"
        else:
            joined.append(line)
        last = number
    return joined


def _lone_option(question: Question, line: str) -> str | None:
    """Return the number of the one option whose label a line holds and nothing more."""
    if len(line) > LONGEST_CHOICE or not any(label in tidy(line) for label, _ in whole_labels(question)):
        return None
    read = read_answer(question, line, today=date.min)
    alone = isinstance(read, Understood) and len(read.answer) == 1 and not read.remark
    return read.answer[0] if isinstance(read, Understood) and alone else None


_A_VOTE = re.compile("賛成|反対|承認|同意|賛同|異議|棄権|不可|可決")
_OBTAINED = re.compile("(?:承認|同意|了承|賛同)を(?:得|受け|経|いただ|頂)")


WRAPPED_AT = 17  # characters of a Japanese line; gateways wrap at 36 columns or later


def _is_wrapped(line: str) -> bool:
    return len(line) >= WRAPPED_AT and not line.endswith(("。", "！", "？"))


def _may_reserve(question: Question, line: str, *, notice: bool) -> bool:
    """Say whether a line that is no whole answer may be one with a condition; 「申し訳ありません」 only has あり in it.

    `notice`: it is of a confidentiality notice, whose 場合 are not the vote's.
    """
    said = _OBTAINED.sub("", line)
    labels = (label for label in printed_options(question) if len(label) > 1)
    return (
        (not notice and mentions_condition(said))
        or _A_VOTE.search(said) is not None
        or any(label in said for label in labels)
    )


_FULL_STOP = re.compile("[。！!]")
_HEARSAY = re.compile(
    r"聞[いきく]|伺[いう]|らしい|とのこと|そうです|によると|によれば|という|昨年|前年|去年|前回|先日|以前|例えば|他の?(?:市|町|村|団体)|隣|近隣"
)


_CLOSING = ("よろしく", "宜しく", "どうぞ", "以上", "失礼", "お手数", "申し訳", "すみません", "ありがとう")


def _last_sentence(question: Question, line: str, today: date) -> Understood | None:
    """Return the answer that a line's last sentence is, behind others about other things: 「遅くなりました。2です。」.

    Greetings may follow it. Nobody else's words and no doubt may stand before it, nothing that might be a choice.
    """
    sentences = [sentence.strip() for sentence in _FULL_STOP.split(line) if sentence.strip()]
    while len(sentences) > 1 and sentences[-1].startswith(_CLOSING):
        sentences.pop()
    if not sentences:
        return None  # a full stop that a gateway cut off from its sentence
    *before, said = sentences
    if any(
        mentions_choice(question, sentence)
        or _HEARSAY.search(sentence)
        or corrects(sentence)
        or doubts(sentence)
        or sentence.endswith(("?", "？", "か", "か?", "か？"))
        for sentence in before
    ) or (before and said.endswith("ね")):  # 「了解しました。2番ですね。」 repeats what somebody said
        return None
    read = read_answer(question, _ANSWER_WORD.sub("", said), today=today)
    return read if isinstance(read, Understood) else None


def takes_on(question: Question, written: str, after: str, today: date) -> bool:
    """Say whether the next line goes on with an answer's sentence to no answer: 「2」, 「でよいでしょうか」; not 「と思います」."""
    if not GOES_ON.match(after):
        return False
    return not isinstance(read_answer(question, f"{written.strip()}{after.strip()}", today=today), Understood)


# As nearly every line: it need not be tidied to be none.
_BEGINS_WITH_WORDS = re.compile(r"\s*[a-zA-Zぁ-んァ-ヶ一-龠「」【】（）※]")
_NUMBERS = re.compile(r"[→\s]*[0-9]{1,3}(?:[番\s,、]+[0-9]{0,3})*")


def is_bare_choice(line: str) -> bool:
    """Say whether a line holds nothing but numbers as of options: 「1,3」."""
    if _BEGINS_WITH_WORDS.match(line):
        return False
    return _NUMBERS.fullmatch(tidy(line)[:40]) is not None
