"""What a reply says: all that it states, weighed question by question (ballot.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise

from mailbot.core.answer import (
    LONGEST_CHOICE,
    choice_count,
    denies_itself,
    is_blank,
    label_answer,
    may_be_cut,
    mentions_choice,
    mentions_condition,
    option_answer,
    printed_options,
    read_answer,
    tidy,
)
from mailbot.core.answer_form import Cell, read_cell
from mailbot.core.calendar import Language
from mailbot.core.command import ALWAYS, AWAITED, command_of
from mailbot.core.correction import corrects, discards, may_correct
from mailbot.core.doubt import doubts, may_doubt
from mailbot.core.known_text import (
    LONGEST_LINE,
    QUESTION_MARK,
    Known,
    Neighbours,
    is_piece,
    known_texts,
    line_key,
    share,
)
from mailbot.core.reply_lines import LONGEST_REPLY, MOST_LINES, reply_lines
from mailbot.core.statement import (
    GOES_ON,
    MOST_NAMED,
    NOT_PROSE,
    RULE,
    Reader,
    Slot,
    Statements,
    asked_removed,
    explicit_answers,
    may_quote_mails,
)
from mailbot.core.survey import Answer, Command, Problem, Question, Reading, Survey
from mailbot.core.understood import EXPLANATIONS, Blank, Read, Unclear, Understood
from mailbot.core.whose_answers import introduces_another, is_anothers, names_another

__all__ = ["HOLDS", "command_of", "explicit_answers", "line_key", "read_reply"]

LONGEST_BESIDE = 500  # characters kept of what stands beside the answers
MOST_AT_TOP = 60  # lines above everything of ours in which a bare number is looked for
_WHOLE_DATE = re.compile(r"[0-9]{4}[/年][0-9]{1,2}[/月][0-9]{1,2}日?(?:\([月火水木金土日]\))?")
MOST_STATEMENTS = 20  # different answers to one question; two already disagree

# Why a reply is held, in sentences for the member who sent it.
HOLDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "differ": "本文の先頭と回答欄など、2か所のお答えが違います",
        "bare-number": "番号だけが書かれていて、どの問いへのお答えか分かりません",
        "untouched": "お答えが見当たりません",
        "prose": "回答欄が空欄で、文章だけがあります",
        "contact-change": "担当者の異動の知らせのようです",
        "quoted-only": "引用の中にだけお答えがあります",
        "other-ballot": "別の調査または別の団体の回答票が使われています",
        "too-long": "本文が長すぎて全体を読めません",
        "correction": "お答えのほかに、訂正と思われる文があります",
        "command-and-answers": "取下げなどの申し出とお答えの両方が書かれています",
        "two-commands": "異なる申し出が2つ以上書かれています",
        "conditional": "賛否に、条件や留保と思われる文が添えられています",
        "forms-differ": "メールの文字だけの本文と書式付きの本文とで、お答えが違います",
        "form-too-long": "書式付きの本文が長すぎて、文字だけの本文と同じお答えか確かめられません（引用を消すか、文字だけのメールでお送りください）",
        "several-forms": "内容の違う回答様式が2つ以上添付されています",
        "form-changed": "添付の回答様式が、当方のものから変わっています（問いや選択肢の書換え、行の追加など）",
    },
    "en": {
        "differ": "the mail holds two different answers to one question, for instance at the top and in the form",
        "bare-number": "there is a number, but we cannot tell which question it answers",
        "untouched": "we found no answer in the mail",
        "prose": "the form is blank, and there is only text beside it",
        "contact-change": "this seems to be news of another person in charge",
        "quoted-only": "the only answers stand in a quotation",
        "other-ballot": "the form belongs to another survey or another body",
        "too-long": "the mail is too long to be read whole",
        "correction": "beside the answers there is a sentence that seems to correct them",
        "command-and-answers": "the mail holds both answers and a request such as withdrawing them",
        "two-commands": "the mail holds two different requests",
        "conditional": "a sentence beside the vote seems to put a condition on it",
        "forms-differ": "the plain and the formatted text of the mail hold different answers",
        "form-too-long": "the formatted text of the mail is too long to be compared with the plain one (please delete what is quoted, or write plain text)",
        "several-forms": "two or more forms that say different things are attached",
        "form-changed": "the attached form is not as we made it (questions or options changed, rows added, or the like)",
    },
}

_GREETING = re.compile(
    r"お世話|いつも|よろしく|宜しく|お疲れ|失礼|ありがとう|有難う|有り難う|拝啓|敬具|以上$|以上です|次のとおり|下記|以下のとおり"
    r"|回答します|回答いたします|返信します|ご回答|送付|回答を?提出|御中|了解|承知|確認(?:いた)?しました|様[、。]?$|担当[:：]|課$|係$|部$|^.{1,25}(?:の|課|係|市|町|村).{1,8}です。?$|申します。?$"
    r"|thank|regards|sincerely|dear|hello|^hi\b",
    re.IGNORECASE,
)
# Sentences that stand beside answers every day, beyond greetings.
_COURTEOUS = re.compile(
    r"申し訳|申しわけ|お詫び|失礼(?:いた|し)|お忙しい|ご多[忙用]|恐縮|恐れ入り|お手数|査収|ご高配|ご清栄|ご健勝|時下|お(?:問い?合わせ|尋ね)|ご(?:案内|連絡|照会|依頼)(?:いただ|頂|を|のあり|の件)"
    r"|の候、|よいお年|乱文|^(?:[上下]の?欄?|回答欄|所定の?欄|該当(?:箇所|欄)?|以下|下記)?[にへをのも]?(?:記入|記載|入力|[○◎■✓レ]を?(?:つけ|付け)?)(?:いた)?し?まし?た。?$"
    r"|^(?:以下|下記)[、がは]?(?:ご?回答|お?答え)です|(?:の|た)件(?:に|で|、)|(?:につい|につきまし)て、?(?:下記|以下|次)|sorry|apolog|please find|as follows",
    re.IGNORECASE,
)
# What a gateway or a mail program writes above a reply by itself.
_BY_MACHINE = re.compile(
    r"このメ(?:ール|ッセージ)は.{0,10}(?:庁外|外部|組織外|社外)|無害化|(?:添付|HTML).{0,16}(?:削除|除去|分離)"
    r"|^on (?:mon|tue|wed|thu|fri|sat|sun)|external (?:e-?mail|sender)|outside (?:of )?(?:the|your) organi[sz]ation",
    re.IGNORECASE,
)
_ENGLISH_THANKS = re.compile(
    r"^\s*(?:many )?thank(?:s|\s+you)(?:\s+(?:very|so) much)?(?:\s+(?:again|for\s+[^,.;]{1,60}))?[,.;!\s]*(?:(?:and|but)\s)?",
    re.IGNORECASE,
)
_ENGLISH_STATEMENT = re.compile(
    r"^(?:(?:but|and|so|as)\s+)?(?:i|we|it|they|this|that|our|the|there|please|sorry)\b", re.IGNORECASE
)
_SENTENCE = re.compile(
    r"(?:ます|ません|した|です|ない|ください|ありました|思う|いる|ある|でしょうか)[。.!！?？]?$|。|[?？]$"
)
_RESERVED = re.compile(
    r"条件(?:付|つき|と(?:して|し|する)|に|で)|^[\s　※*(（]*(?:ただし|但し)|留保|おおむね|概ね"
    r"|^[\s　※*(（]*条件\s*[:：](?!\s*(?:なし|無|特))"
)
_NAMED_IN_PROSE = re.compile(
    rf"{QUESTION_MARK}\s?(?P<question>[0-9０-９]{{1,3}})(?:の(?:ご?回答|お?答え))?\s?(?:[はがをも:：=＝→\s]|\s(?:is|should be)\s|について(?:は|も))\s?(?:選択肢)?"
    r"(?P<option>[0-9０-９]{1,2})\s?(?=番|です|でし|だ|にし|に変|に訂|が正|かも|か[?？。]|[、。,.)）」]|$)"
)
# 「すみません、1に変更します」, where 1 is nowhere chosen.
_CHANGED_TO = re.compile(
    r"(?<![0-9０-９.月年])(?P<option>[0-9０-９]{1,2})\s?番?[にへ](?:変更|訂正|修正|改め)"
)
_CONTACT_CHANGE = re.compile(
    r"異動(?:しま|とな|にな|のため|により|に伴)|担当(?:者)?(?:が|は)?(?:[^。、]{1,20}[にへ])?(?:代わ|替わ|変わ|変更)|後任"
)


def read_reply(
    survey: Survey,
    text: str,
    known: Sequence[str],
    *,
    today: date,
    language: Language = "ja",
    bare_label_ok: bool = False,
    awaiting: frozenset[str] = frozenset(),
    formatted: str = "",
    form: Mapping[str, Cell] | None = None,
) -> Reading:
    """Read a reply by aligning it with every text that we sent to this address for this survey (ballot.md 6 to 8).

    `known`: those texts, newest first. `bare_label_ok` (events): a whole label alone on a line at the top answers the
    first question that has it. `awaiting`: which of approve, replace and keep we have asked this address for; only
    then 承認 and the like are commands. `formatted`: the HTML form of the same mail as text, where `text` is the plain
    one; a reply whose two forms contradict each other is held. `form`: the answers' cells of our own spreadsheet, where
    it is attached. Nothing is guessed; what is not wholly understood becomes a problem or a hold.
    """
    if formatted:
        read = partial(
            read_reply, survey, known=known, today=today, language=language, bare_label_ok=bare_label_ok
        )
        plain = read(text, awaiting=awaiting)
        rich = read(formatted) if plain.hold is None and plain.answers else None
        if rich is not None and _contradicts(survey, plain, rich, struck="~~" in formatted):
            return replace(plain, hold="forms-differ", ask=True)
        if not form:
            return plain
    ours = known_texts(tuple(known))
    whole = len(text) <= LONGEST_REPLY and text.count("\n") < MOST_LINES
    commands = ALWAYS | (AWAITED & awaiting) | ({"proxy"} if survey.resolution is not None else frozenset())
    text = text[:LONGEST_REPLY]
    stated = Reader(survey, ours, commands).read(reply_lines(text, ours), mails=may_quote_mails(text))
    confirmed = _confirmed(ours, stated)
    found = _Outcome(survey, language)
    for question in survey.questions:
        heads = _heads(question, stated, ours, today)
        if bare_label_ok:
            heads += _labels_at_top(survey, question, stated.top)
        if question.id in confirmed:
            heads.append(Understood(confirmed[question.id]))
        found.add(question, heads, _in_ballot(question, stated, ours, today))
    only = _only_question(survey, stated)
    if not stated.commands and not found.any:
        _read_top(survey, only, stated, ours, found, today)
    elif not stated.commands and only is not None and only.id in found.answers:
        _compare_top(only, stated, ours, found, today)
    if stated.together:
        _tell_apart(survey, stated, found)
    for number, cell in (form or {}).items():
        found.join(survey.question(number), read_cell(survey.question(number), cell, today=today))
    if found.answers and only is None and any(_answers_another(survey, line, found) for line in stated.top):
        found.hold, found.ask = "bare-number", True
    if found.answers and found.hold is None:
        _read_asides(survey, stated, ours, found)
    if found.answers and found.hold is None and not bare_label_ok:
        found.beside = _said_beside(survey, stated, ours, today)
    return found.reading(stated, whole=whole)


def _said_beside(survey: Survey, stated: Statements, known: Known, today: date) -> str:
    """Return the sentences beside the answers that are more than courtesy: nobody can know all that takes an answer back."""
    lines = [*stated.top, *_before_signature(stated.below)][:MOST_AT_TOP]
    prose = [line.strip() for line in lines if _is_prose(line) and not _COURTEOUS.search(line)]
    said = [line for line in prose if not _bare_answers(survey.questions, [line], known, today)]
    return "\n".join(said)[:LONGEST_BESIDE]


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


def _is_cut_from_ours(line: str, known: Known) -> bool:
    """Say whether a line is a piece of our text that a gateway cut off."""
    key = line_key(line[:LONGEST_LINE])
    return len(key) > 1 and any(key in text.joined for text in known.texts)


def _read_asides(survey: Survey, stated: Statements, known: Known, found: _Outcome) -> None:
    """See whether a sentence beside the answers takes one of them back, or holds one that was not read."""
    lines = [line for line in stated.asides if not _is_cut_from_ours(line, known)]
    text = "\n".join(lines)
    anothers = any(is_anothers(line, known) for line in lines) or any(
        introduces_another(line, known) for line in [*stated.top, *stated.below]
    )
    if anothers or names_another(survey.key, text):
        found.hold, found.ask = "correction", True
        return
    corrected = may_correct(text) and any(
        corrects(line) or discards(before, line) for before, line in pairwise(["", *lines])
    )
    if corrected or (may_doubt(text) and any(doubts(line) for line in lines)):
        found.hold, found.ask = "correction", True
        return
    if survey.resolution is not None and any(_RESERVED.search(line) for line in lines):
        found.hold, found.ask = "conditional", False
        return
    chosen = {
        option
        for number, answer in found.answers.items()
        if answer is not None
        for option in _options(survey.question(number), answer)
    }
    if any(int(match["option"]) not in chosen for match in _CHANGED_TO.finditer(text)):
        found.hold, found.ask = "correction", True
    for line in lines:
        for match in _NAMED_IN_PROSE.finditer(line[:LONGEST_LINE]):
            number = f"Q{int(match['question'])}"
            question = next((question for question in survey.questions if question.id == number), None)
            if question is None or question.type in {"text", "number", "date"}:
                continue
            answer = found.answers.get(number)
            if answer is not None and _options(question, answer).isdisjoint({int(match["option"])}):
                found.hold, found.ask = "correction", True
            elif number not in found.answers and number not in {each.question for each in found.problems}:
                found.unclear(question, Unclear("unclear"))


def _answers_another(survey: Survey, line: str, found: _Outcome) -> bool:
    """Say whether numbers alone on a line may answer a question that has no answer yet."""
    asked = {problem.question for problem in found.problems} | found.answers.keys()
    return _is_bare_choice(line) and any(
        question.type in {"single", "multi", "rating"}
        and question.id not in asked
        and isinstance(read_answer(question, line, today=date.min), Understood)
        for question in survey.questions
    )


def _options(question: Question, answer: tuple[str, ...] | str) -> frozenset[int]:
    """Return the numbers, as printed, of what was chosen."""
    if isinstance(answer, tuple):
        return frozenset(map(int, answer))
    return frozenset(
        number for number in range(1, choice_count(question) + 1) if option_answer(question, number) == answer
    )


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
    return [_read_head(question, value, today) for value in values]


def _read_head(question: Question, value: str, today: date) -> Read:
    """Read what stands behind a question's number, where some members repeat the question first."""
    read = read_answer(question, value, today=today)
    if isinstance(read, Unclear) and (behind := asked_removed(question, value)) != value:
        return read_answer(question, behind, today=today)
    return read


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


def _in_ballot(question: Question, stated: Statements, known: Known, today: date) -> Read | None:
    """Return what the member's own copy of the ballot says to this question; None: it stands as we sent it."""
    slots = stated.slots.get(question.id, [])
    if not slots:
        return None
    copied = slot = slots[0]
    if len(slots) > 1:
        copied = min(
            slots, key=_place
        )  # the question, copied to the top, has an answer below it or none at all
        beneath = [slot for slot in slots if slot is not copied] if _is_copied(copied) else []
        slot = _shallowest(beneath or slots)
    for other in slots:  # beside his own, not in an older mail
        if other.foreign and (other is slot or (other.place[0] == slot.place[0] and other.mail == slot.mail)):
            stated.foreign = stated.foreign or other.value is not None or bool(other.under or other.marks)
    if slot.foreign:
        return None
    read = _slot_read(question, slot, known, today)
    # Who answers at the top deletes no lines below; a gateway may have lost one.
    if (
        isinstance(read, Understood)
        and "read" in read.flags
        and (stated.explicit or _may_be_lost(slot, stated, known))
    ):
        read = Unclear("lines-left")
    apart = _slot_read(question, copied, known, today) if copied is not slot and _is_copied(copied) else None
    return read if apart is None else _one_of(question, (apart, read))


def _shallowest(slots: Sequence[Slot]) -> Slot:
    """Return the member's own copy of a question: the shallowest, before one whose slot is gone."""
    depth = min(slot.place[0] for slot in slots)
    return next((slot for slot in slots if slot.present and slot.place[0] == depth), min(slots, key=_place))


def _is_copied(slot: Slot) -> bool:
    """Say whether a question stands without its options and slot where only the member writes, in no ballot of ours."""
    alone = not slot.edition and not slot.present and not slot.options
    return slot.place[0] == 0 and slot.asked and alone


def _one_of(question: Question, reads: Sequence[Read | None]) -> Read | None:
    """Return what places that may answer one question say together."""
    said = [read for read in reads if read is not None and not isinstance(read, Blank)]
    unclear = next((read for read in said if isinstance(read, Unclear)), None)
    if unclear or not said:
        return unclear
    understood = [read for read in said if isinstance(read, Understood)]
    if len({_comparable(read.answer) for read in understood}) > 1:
        return Unclear("two-choices" if question.type in {"single", "rating", "yesno"} else "differ")
    return next((read for read in understood if read.remark), understood[0])


def _slot_read(question: Question, slot: Slot, known: Known, today: date) -> Read | None:
    """Return what one copy of the question says, in its slot, below it and on its option lines."""
    if _is_untouched(question, slot):
        return Blank() if slot.emptied else None
    if question.type == "text":
        return _text_read(question, slot, known, today)
    value = read_answer(question, slot.value, today=today) if slot.value is not None else None
    under = _under_read(question, slot, value, known, today)
    marks = _marks_read(question, slot)
    below = _below_read(question, slot, known, today)
    if below is not None:
        return below
    if (
        value is None
        and under is None
        and marks is None
        and any(_is_bare_choice(line) for line in slot.among)
    ):
        return Unclear("unclear")
    said = _one_of(question, (value, under, marks))
    if said is None:
        return Blank() if slot.emptied else _left_standing(question, slot)
    return said


def _is_untouched(question: Question, slot: Slot) -> bool:
    """Say whether nothing was typed at a copy of the question, so that it need not be looked at: 30 us less for a reply."""
    if slot.value is not None or slot.under or slot.unbounded or slot.below:
        return False
    if question.type == "text":
        return True
    marked = slot.marks or slot.doubts or slot.crosses
    return not (marked or slot.among) and len(slot.options) in {0, choice_count(question)}


def _text_read(question: Question, slot: Slot, known: Known, today: date) -> Read | None:
    """Read a free answer in and under its slot; pieces of our own lines that a gateway left there are not the member's."""
    missing = known.missing(
        Neighbours(
            slot.edition,
            question.id,
            slot.question_line,
            slot.present,
            slot.next_key,
            slot.next_question,
            slot.next_slot,
        )
    )
    written = [] if slot.value is None else slot.value.split("\n")
    inside = 0 if slot.loose else len(written)
    beside = slot.below if slot.asked and not slot.present else slot.under
    under = [line for line in beside if line_key(line) not in known.roles and line_key(line).strip("[]()")]
    doubtful = slot.value is not None and _holds_ours(slot.value, known)
    if slot.unbounded and not slot.gap and not slot.bounded and slot.present:
        doubtful = True
    own = written[:inside]
    for line in written[inside:] + under:
        key = line_key(line)
        if missing and (not key.strip(_PUNCTUATION) or is_piece(key, missing)):
            continue
        doubtful = doubtful or share(key, missing) >= 0.3
        own.append(line.strip() if line in under else line)
    if doubtful:
        return Unclear("garbled")
    text = "\n".join(own).lstrip(_POINTING)
    if is_blank(text):
        return Blank() if slot.emptied else None
    if slot.damaged and slot.value is None and not _is_copied(slot):
        return Unclear("garbled")  # it may as well be a piece of our own text
    return read_answer(question, text, today=today)


def _below_read(question: Question, slot: Slot, known: Known, today: date) -> Read | None:
    """Read the answer that alone stands below a question, its options and its slot taken away.

    Two of our option lines that were run together on the way would read like one.
    """
    if not slot.asked or slot.present or slot.options or not slot.below:
        return None
    key = line_key(slot.below[0])
    ours = (
        option for option, role in known.likenesses if role.kind == "option" and role.question == question.id
    )
    if sum(option in key for option in ours) > 1:
        return None
    read = read_answer(question, slot.below[0], today=today)
    if isinstance(read, Understood) and not any(mentions_choice(question, line) for line in slot.below[1:]):
        return read
    return None


_POINTING = "→⇒➡ \u3000"  # to a free answer; it is none of its words
_PUNCTUATION = "。、.,)]?〓\ufffd"


# As nearly every line: it need not be tidied to be none.
_BEGINS_WITH_WORDS = re.compile(r"\s*[a-zA-Zぁ-んァ-ヶ一-龠「」【】（）※]")


def _is_bare_choice(line: str) -> bool:
    if _BEGINS_WITH_WORDS.match(line):
        return False
    return re.fullmatch(r"[→\s]*[0-9]{1,3}(?:[番\s,、]+[0-9]{0,3})*", tidy(line)[:40]) is not None


def _takes_on(question: Question, written: str, after: str, today: date) -> bool:
    """Say whether the next line goes on with an answer's sentence to no answer: 「2」, 「でよいでしょうか」; not 「と思います」."""
    if not GOES_ON.match(after):
        return False
    return not isinstance(read_answer(question, f"{written.strip()}{after.strip()}", today=today), Understood)


def _place(slot: Slot) -> tuple[int, int]:
    return slot.place


def _under_read(question: Question, slot: Slot, value: Read | None, known: Known, today: date) -> Read | None:
    """Read what was typed under a slot: each line is an answer, or a remark on the answer in the slot."""
    lines = [
        line
        for line in slot.under
        if not _is_fragment(question, line, known)
        or label_answer(question, line) is not None
        or (line in slot.typed and isinstance(read_answer(question, line, today=today), Understood))
    ]
    answered_below = len(slot.options) == choice_count(question) > 0
    if not slot.bounded and slot.unbounded and (slot.present or answered_below):
        lines += slot.unbounded[:1]
    if any(may_be_cut(line, after) for line, after in pairwise(lines)):
        return Unclear("unclear")
    reads = [read_answer(question, line.strip(" 　・*→"), today=today) for line in lines]
    if not slot.bounded:
        reads = [read for read in reads if not isinstance(read, Unclear)]
    unclear = next((read for read in reads if isinstance(read, Unclear)), None)
    answered = isinstance(value, Understood)
    if unclear and answered and not any(mentions_choice(question, line) for line in lines):
        written = slot.value or ""
        doubted = any(
            corrects(line) or doubts(line) or _takes_on(question, written, line, today) for line in lines
        )
        return unclear if doubted else None
    if unclear:
        return unclear
    understood = [read for read in reads if isinstance(read, Understood)]
    if question.type == "multi" and understood:
        chosen = sorted({int(number) for read in understood for number in read.answer})
        if len(understood) > 1 and len(chosen) == choice_count(question):
            return Unclear("all", tuple(str(number) for number in chosen))
        return Understood(tuple(str(number) for number in chosen))
    if len({read.answer for read in understood}) > 1:
        return Unclear("two-choices")
    return understood[0] if understood else None


def _is_fragment(question: Question, line: str, known: Known) -> bool:
    """Say whether a line is a piece of a longer line of ours that was wrapped beyond recognition.

    A whole date below a question for one is an answer, also where our example or the deadline happens to name it.
    """
    key = line_key(line)
    if question.type == "date" and _WHOLE_DATE.fullmatch(key):
        return False
    long_enough = len(key) >= 8 or (len(key) >= 2 and key.endswith(")"))
    return long_enough and key not in known.roles and any(key in text.joined for text in known.texts)


def _holds_ours(value: str, known: Known) -> bool:
    """Say whether a free answer has swallowed a line of our ballot that stands behind it."""
    key = line_key(value[:2_000])
    return any(
        ours in key
        for ours, roles in known.roles.items()
        if len(ours) >= 8 and any(role.kind in {"start", "end", "question", "reference"} for role in roles)
    )


def _marks_read(question: Question, slot: Slot) -> Read | None:
    """Read the marks on option lines; △ beside any, or × beside no ○, is asked about."""
    marks = sorted(set(slot.marks))
    if slot.doubts or (slot.crosses and (not marks or set(marks) & set(slot.crosses))):
        return Unclear("unclear")
    if not marks:
        return None
    if question.type == "multi":
        if len(marks) == choice_count(question) and len(marks) > 1:
            return Unclear("all", tuple(str(number) for number in marks))
        return Understood(tuple(str(number) for number in marks))
    return Unclear("two-choices") if len(marks) > 1 else Understood(option_answer(question, marks[0]))


def _left_standing(question: Question, slot: Slot) -> Read | None:
    """Read the one option line that was left when the others were deleted, unless the quotation was merely cut."""
    count = choice_count(question)
    if not slot.options or len(slot.options) == count or slot.damaged:
        return None
    if len(slot.options) > 1:
        cut = not slot.bounded or not slot.question_line
        return None if cut or question.type not in {"single", "multi", "yesno"} else Unclear("lines-left")
    left = slot.options[0]
    deleted_before = slot.question_line and left > 1
    deleted_after = (slot.present or slot.bounded) and left < count
    if deleted_before or deleted_after:
        return Understood(option_answer(question, left), "", ("read",))
    return None


def _may_be_lost(slot: Slot, stated: Statements, known: Known) -> bool:
    """Say whether the options that are not there may as well have been lost on the way: other lines of the ballot are."""
    copies = ((number, each) for number, slots in stated.slots.items() for each in slots)
    own = {number: set(each.options) for number, each in copies if each.present and each.place == slot.place}
    return not known.is_whole(slot.edition, stated.stands, own)


_INSTEAD_OF_ANSWERS: frozenset[Command] = frozenset(
    {"withdraw", "decline", "approve", "replace", "keep", "proxy"}
)


class _Outcome:
    """Collects the answers and problems of one reply."""

    def __init__(self, survey: Survey, language: Language) -> None:
        self.survey = survey
        self.language = language
        self.answers: dict[str, Answer] = {}
        self.remarks: dict[str, str] = {}
        self.flags: dict[str, tuple[str, ...]] = {}
        self.problems: list[Problem] = []
        self.hold: str | None = None
        self.ask = False
        self.beside = ""

    @property
    def any(self) -> bool:
        return bool(self.answers or self.problems)

    def add(self, question: Question, heads: list[Read], placed: Read | None) -> None:
        """Weigh what the head says against what the ballot says (ballot.md section 8)."""
        head = [read for read in heads if not isinstance(read, Blank)]
        reads = head + ([placed] if placed is not None and not (head and isinstance(placed, Blank)) else [])
        if not reads:
            return
        unclear = next((read for read in reads if isinstance(read, Unclear)), None)
        understood = [read for read in reads if isinstance(read, Understood)]
        if unclear:
            self.unclear(question, unclear)
        elif not understood:
            self.answers[question.id] = None
        elif len({_comparable(read.answer) for read in understood}) > 1:
            self.differ(question, [_shown(read.answer) for read in understood])
        else:
            self.accept(question, next((read for read in understood if read.remark), understood[0]))

    def join(self, question: Question, read: Read) -> None:
        """Weigh what the attached form says to a question against what the text said, as a head against a slot."""
        if isinstance(read, Blank) or any(problem.question == question.id for problem in self.problems):
            return
        said = self.answers.get(question.id)
        if isinstance(read, Unclear):
            self.answers.pop(question.id, None)
            self.unclear(question, read)
        elif question.id not in self.answers:
            self.accept(question, read)
        elif said is None or _comparable(said) != _comparable(read.answer):
            self.answers.pop(question.id)
            self.differ(question, ["" if said is None else _shown(said), _shown(read.answer)])

    def differ(self, question: Question, said: Sequence[str]) -> None:
        """Hold a reply that answers one question twice, and show both."""
        between = "／" if self.language == "ja" else " / "
        text = f"{EXPLANATIONS[self.language]['differ']}（{between.join(said)}）"
        self.problems.append(Problem(question.id, "differ", text))
        self.hold, self.ask = "differ", True

    def accept(self, question: Question, read: Understood) -> None:
        if denies_itself(question, read.answer):
            self.unclear(question, Unclear("none-and-more"))
            return
        self.answers[question.id] = read.answer
        if read.remark:
            self.remarks[question.id] = read.remark
        if read.flags:
            self.flags[question.id] = read.flags

    def unclear(self, question: Question, read: Unclear) -> None:
        text = EXPLANATIONS[self.language][read.kind]
        if read.kind == "joined" and self.language == "ja":
            text = f"「{'と'.join(read.suggested)}」ですか。{text}"
        elif read.kind == "joined":
            text = f"do you mean {' and '.join(read.suggested)}? {text}"
        self.problems.append(Problem(question.id, read.kind, text, read.suggested))

    def reading(self, stated: Statements, *, whole: bool) -> Reading:
        """Return the reading; whatever forbids counting without a person stands in `hold`."""
        hold, ask = self.hold, self.ask
        command, detail = stated.commands[0] if stated.commands else (None, "")
        if stated.foreign or (stated.others and not stated.ours and self.any):
            hold, ask = "other-ballot", False
        elif not whole or stated.named > MOST_NAMED:
            hold, ask = "too-long", False
        elif command in _INSTEAD_OF_ANSWERS and self.any:
            hold, ask = "command-and-answers", True
        elif len(stated.commands) > 1:
            hold, ask = "two-commands", True
        elif hold is None and not self.any and command is None:
            hold, ask = _silence(stated)
        return Reading(
            answers=self.answers,
            remarks=self.remarks,
            beside=self.beside,
            flags=self.flags,
            problems=tuple(self.problems),
            command=command,
            detail=detail,
            hold=hold,
            signed=min(stated.signed, key=lambda signature: signature[0])[1] if stated.signed else "",
            ask=ask,
        )


def _comparable(answer: tuple[str, ...] | str) -> tuple[str, ...] | str:
    return answer if isinstance(answer, tuple) else line_key(answer)


def _shown(answer: tuple[str, ...] | str) -> str:
    return ",".join(answer) if isinstance(answer, tuple) else answer[:40]


def _silence(stated: Statements) -> tuple[str, bool]:
    """Return why a reply without any answer is held, and whether its sender is asked again."""
    if stated.unknown:
        return "bare-number", True
    if any(_CONTACT_CHANGE.search(line) for line in stated.top):
        return "contact-change", False
    if any(_is_prose(line) for line in stated.top):
        return "prose", False
    if any(_may_answer(line) for line in stated.top):
        return "correction", True
    if stated.quoted:
        return "quoted-only", False
    return "untouched", True


# 「訂正 Q1：2→3」, 「2→3」: below it our receipt may stand unchanged, which alone would say that nothing changes.
_ANSWERS_SOMEHOW = re.compile(
    rf"{QUESTION_MARK}\s?[0-9０-９]|[0-9０-９]\s?番?\s?(?:→|⇒|->|から)\s?[0-9０-９]"
)


def _may_answer(line: str) -> bool:
    """Say whether a line at the top may be meant as an answer, though it could not be read as one."""
    return _ANSWERS_SOMEHOW.search(line[:LONGEST_LINE]) is not None and NOT_PROSE.search(line) is None


def _is_prose(line: str) -> bool:
    """Say whether a line at the top says something: more than a greeting, a signature or a mail header."""
    if NOT_PROSE.search(line) or RULE.match(line) or _BY_MACHINE.search(line):
        return False
    if line.isascii() and (thanks := _ENGLISH_THANKS.match(line)):
        behind = line[thanks.end() :]
        return behind.count(" ") >= 2 and _ENGLISH_STATEMENT.match(behind) is not None
    sentences = [sentence.strip() for sentence in re.split(r"(?<=[。!！?？])", line)]
    return any(
        len(sentence) >= 5
        and not _GREETING.search(sentence)
        and (_SENTENCE.search(sentence) is not None or (sentence.isascii() and sentence.count(" ") >= 4))
        for sentence in sentences
    )


_ANSWER_WORD = re.compile(
    r"^[\s・●■◆]*[【\[［(（]?(?:ご?回\s?答|答え|[Aa]nswer)[】\]］)）]?(?:\s*[:：→=＝]|は(?!い)|\s|(?<=[】\]］)）]))\s*"
)


_UNFINISHED = Unclear("unclear")  # the sentence of a bare answer goes on and may take it back


_OWN_NAME = re.compile(
    r"^[\s・●■◆]*[【\[（(]?(?P<name>[^\s、。:：はがを【】\[\]()（）]{1,20}[市町村区県合])[】\]）)]?"
    r"(?:の(?:ご?回答|お?答え))?(?:は(?!い)|\s?[:：→=＝]|\s|(?<=[】\]）)]))\s*(?=\S)"
)


def _without_own_name(line: str, questions: Sequence[Question], known: Known) -> str:
    """Return a line without the body that it begins with, where that is the one that we wrote to: 「長野市：2」."""
    named = _OWN_NAME.match(line)
    if named is None or any(label_answer(question, named["name"]) is not None for question in questions):
        return line
    key = line_key(named["name"])
    return line[named.end() :] if any(key in text.joined for text in known.texts) else line


def _bare_answers(
    questions: Sequence[Question], lines: Sequence[str], known: Known, today: date
) -> list[tuple[Question, Read]]:
    """Return the lines that read as an answer by themselves, each with the first question that they may answer."""
    bare: list[tuple[Question, Read]] = []
    shapes = {
        (question.type, question.options): question
        for question in questions
        if question.type not in {"text", "date"}
    }
    for place, line in enumerate(lines[:MOST_AT_TOP]):
        # 「2026-06-20 09:12 に ... さんは書きました:」 is no number.
        if len(line) > LONGEST_CHOICE or NOT_PROSE.search(line):
            continue
        written = _ANSWER_WORD.sub("", _without_own_name(line, questions, known))
        for question in shapes.values():
            read = read_answer(question, written, today=today)
            if isinstance(read, Unclear) and read.kind in {"unclear", "conditional"} and "。" in line:
                read = _last_sentence(question, line, today) or read
            if isinstance(read, Unclear) and read.kind == "conditional" and not _may_reserve(question, line):
                continue
            if isinstance(read, Understood) or (isinstance(read, Unclear) and read.kind != "unclear"):
                after = "".join(lines[place + 1 : place + 2])
                unfinished = _takes_on(question, written, after, today)
                bare.append((question, _UNFINISHED if unfinished else read))
                break
    return bare


_A_VOTE = re.compile("賛成|反対|承認|同意|賛同|異議|棄権|不可|可決")
_OBTAINED = re.compile("(?:承認|同意|了承|賛同)を(?:得|受け|経|いただ|頂)")


def _may_reserve(question: Question, line: str) -> bool:
    """Say whether a line that is no whole answer may be one with a condition; 「申し訳ありません」 only has あり in it."""
    said = _OBTAINED.sub("", line)
    labels = (label for label in printed_options(question) if len(label) > 1)
    return (
        mentions_condition(said) or _A_VOTE.search(said) is not None or any(label in said for label in labels)
    )


_HEARSAY = re.compile(
    r"聞[いきく]|伺[いう]|らしい|とのこと|そうです|によると|によれば|という|昨年|前年|去年|前回|先日|以前|例えば|他の?(?:市|町|村|団体)|隣|近隣"
)


def _last_sentence(question: Question, line: str, today: date) -> Understood | None:
    """Return the answer that a line's last sentence is, behind others about other things: 「遅くなりました。2です。」.

    Greetings may follow it. Nobody else's words and no doubt may stand before it, nothing that might be a choice.
    """
    sentences = [sentence.strip() for sentence in line.split("。") if sentence.strip()]
    while len(sentences) > 1 and sentences[-1].startswith(("よろしく", "宜しく", "どうぞ", "以上")):
        sentences.pop()
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


def _compare_top(question: Question, stated: Statements, known: Known, found: _Outcome, today: date) -> None:
    """Hold the reply to a ballot of one question whose bare answer beside it is not that of its slot (ballot.md section 8)."""
    said = found.answers[question.id]
    answers = [said] if said is not None else []
    for _, read in _bare_answers((question,), [*stated.top, *_before_signature(stated.below)], known, today):
        if isinstance(read, Understood):
            answers.append(read.answer)
        elif read == _UNFINISHED:
            found.answers.pop(question.id, None)
            found.unclear(question, _UNFINISHED)
            return
    if len({_comparable(answer) for answer in answers}) > 1:
        found.answers.pop(question.id, None)
        found.differ(question, [_shown(answer) for answer in answers])


def _before_signature(lines: list[str]) -> list[str]:
    return lines[: next((at for at, line in enumerate(lines) if RULE.match(line)), len(lines))]


def _tell_apart(survey: Survey, stated: Statements, found: _Outcome) -> None:
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
    return question if question.type not in {"text", "date"} else None


def _read_top(
    survey: Survey, only: Question | None, stated: Statements, known: Known, found: _Outcome, today: date
) -> None:
    """Read a bare number at the top: an answer when the ballot has one question, else a reason to ask."""
    questions = survey.questions if only is None else (only,)
    bare = _bare_answers(questions, stated.top, known, today)
    if only is not None and stated.below:
        below = _bare_answers(questions, _before_signature(stated.below), known, today)
        bare += [each for each in below if not bare or isinstance(each[1], Understood)]
    if only is not None:
        answers = {_comparable(read.answer) for _, read in bare if isinstance(read, Understood)}
        if len(answers) > 1:
            found.hold, found.ask = "differ", True
        else:
            found.add(only, [read for _, read in bare], None)
    elif bare:
        found.hold, found.ask = "bare-number", True
