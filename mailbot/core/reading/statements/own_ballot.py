"""What the member's own copy of the ballot says: in its slots, under them, and on its option lines (ballot.md section 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise, takewhile

from mailbot.core.reading.doubts.undone import undoes
from mailbot.core.reading.grammar.answer import label_answer, may_be_cut, read_answer
from mailbot.core.reading.grammar.printed_options import (
    choice_count,
    every_option,
    label_numbers,
    option_answer,
)
from mailbot.core.reading.grammar.remark import mentions_choice
from mailbot.core.reading.grammar.understood import Blank, Read, Unclear, Understood, comparable
from mailbot.core.reading.statements.bare_answer import is_bare_choice, takes_on, without_answer_word
from mailbot.core.reading.statements.stated import Slot, Statements
from mailbot.core.reading.text.known_text import (
    LONGEST_LINE,
    Known,
    Neighbours,
    is_piece,
    is_taken_away,
    line_key,
    share,
)
from mailbot.core.reading.text.prose import NOT_PROSE, RULE, ends_text, is_prose
from mailbot.core.reading.text.tidy import is_blank, label_key
from mailbot.core.surveys.survey import Question


def in_ballot(question: Question, stated: Statements, known: Known, today: date) -> Read | None:
    """Return what the member's own copy of the ballot says to this question; None: it stands as we sent it."""
    slots = stated.slots.get(question.id, [])
    if not slots:
        return None
    copies = _copies(question, slots)
    beneath = [slot for slot in slots if all(slot is not copy for copy in copies)]
    slot = _shallowest(beneath or slots)
    for other in slots:  # beside his own, not in an older mail
        if other.foreign and (other is slot or (other.place[0] == slot.place[0] and other.mail == slot.mail)):
            stated.foreign = stated.foreign or other.value is not None or bool(other.under or other.marks)
    if slot.foreign:
        return None
    apart = [_copied_read(question, copy, known, today) for copy in copies]
    placed = {each.place for others in stated.slots.values() for each in others if each.present}
    if any(copy.place in placed for copy in copies):  # pieces of a ballot of ours that lost its first lines
        apart = [
            Unclear("lines-left") if isinstance(each, Understood) and "read" in each.flags else each
            for each in apart
        ]
    if any(_is_whole(question, each) for each in beneath):  # nothing of it was deleted: the copy was typed
        apart = [
            replace(each, flags=_without_read(each.flags)) if isinstance(each, Understood) else each
            for each in apart
        ]
    read = _slot_read(question, slot, known, today) if beneath else None
    # Who answers at the top deletes no lines below; a gateway may have lost one.
    if (
        isinstance(read, Understood)
        and "read" in read.flags
        and (stated.explicit or _may_be_lost(slot, stated, known))
    ):
        read = Unclear("lines-left")
    if any(_is_filled_otherwise(slot, other) for other in slots):
        return Unclear("two-choices" if question.type in {"single", "rating", "yesno"} else "differ")
    return _one_of(question, (*apart, read)) if any(apart) else read


def _is_whole(question: Question, slot: Slot) -> bool:
    """Say whether a question stands with all its options and its slot in a ballot of ours."""
    options = len(set(slot.options)) == choice_count(question)
    return slot.question_line and options and slot.present and slot.edition != ""


def _without_read(flags: Sequence[str]) -> tuple[str, ...]:
    return tuple(flag for flag in flags if flag != "read")


def _shallowest(slots: Sequence[Slot]) -> Slot:
    """Return the member's own copy of a question: the shallowest, before one whose slot is gone."""
    depth = min(slot.place[0] for slot in slots)
    return next((slot for slot in slots if slot.present and slot.place[0] == depth), min(slots, key=_place))


def _is_filled_otherwise(slot: Slot, other: Slot) -> bool:
    """Say whether the question was answered a second time beside its slot, and otherwise: in it or in another ballot.

    What is quoted deeper, or below the head of an earlier mail, is older, and loses to the member's own.
    """
    if other is slot or _mail_of(other) != _mail_of(slot):
        return False
    typed = not (other.question_line or other.options or other.edition)
    copied = other.present and other.place != slot.place and not other.foreign
    said, also = ([line_key(each.value or ""), *map(str, each.marks)] for each in (slot, other))
    return (typed or copied) and any(said) and any(also) and said != also


def _mail_of(slot: Slot) -> tuple[int, int, int]:
    """Return what tells the mail in which a slot stands from those quoted beneath it."""
    return slot.place[0], slot.mail, slot.history


def _copies(question: Question, slots: Sequence[Slot]) -> list[Slot]:
    """Return the copies of a question that stand above its place in a ballot of ours, where only the member writes."""
    ballots = [slot.place for slot in slots if not _is_copied(question, slot)]
    first = min(ballots) if ballots else None
    return [slot for slot in slots if _is_copied(question, slot) and (first is None or slot.place < first)]


def _is_copied(question: Question, slot: Slot) -> bool:
    """Say whether a question stands without its slot where only the member writes, in no ballot of ours."""
    alone = not (slot.edition or slot.present or slot.mail or slot.place[0])
    return alone and (slot.asked or (slot.shortened and question.type != "text"))


def _copied_read(question: Question, slot: Slot, known: Known, today: date) -> Read | None:
    """Read what stands right behind a question that the member copied: his answer, or the options that he chose, copied too.

    What is no answer there is asked about: nobody copies a question but to answer it.
    """
    if question.type == "text":
        return _without_closing(_slot_read(question, slot, known, today))
    if slot.doubts or slot.crosses or (slot.marks and set(slot.marks) != set(slot.options)):
        return Unclear("lines-left")  # 「→ 1. 転入」, 「2. 転出」: one of the two, or both?
    printed = (
        len(set(slot.options)) == choice_count(question) and not slot.marks
    )  # all of them: none is chosen
    behind = takewhile(lambda each: not (NOT_PROSE.search(each[0]) or RULE.match(each[0])), slot.behind)
    lines = _with_remarks_joined(
        [line.strip(_BEFORE_ANSWER) for line, option in behind if not (printed and option)]
    )
    reads = [read_answer(question, line, today=today) for line in lines]
    understood = [read for read in reads if isinstance(read, Understood)]
    if slot.spaced and not understood and not any(mentions_choice(question, line) for line in lines):
        return None  # a greeting, below a question that is only named
    if any(may_be_cut(*pair) for pair in pairwise(lines)):
        return Unclear("unclear")
    unclear = next((read for read in reads if isinstance(read, Unclear)), None)
    listed = question.type == "multi" and not all(map(is_prose, lines[1:]))
    if unclear is not None and not listed and (read := _below_read(question, slot, known, today)) is not None:
        return read
    if unclear is not None or not understood:
        return unclear
    if question.type == "multi":
        chosen = sorted({int(number) for read in understood for number in read.answer})
        if len(understood) > 1 and len(chosen) == choice_count(question):
            return Unclear("all", every_option(question))
        answer: tuple[str, ...] | str = tuple(map(str, chosen))
    elif len({comparable(read.answer) for read in understood}) > 1:
        return Unclear("lines-left" if slot.options else "two-choices")
    else:
        answer = understood[0].answer
    remark = "、".join(read.remark for read in understood if read.remark)
    flags = understood[0].flags if len(understood) == 1 else ()
    left = len(slot.options) > len(slot.marks)
    return Understood(answer, remark, ("read", *flags) if left else flags)


def _without_closing(read: Read | None) -> Read | None:
    """Return a free answer without the courtesy that ends the mail below it: 「以上、よろしくお願いします。」."""
    if not isinstance(read, Understood) or not isinstance(read.answer, str):
        return read
    first, *more = read.answer.split("\n")
    kept = [first, *takewhile(lambda line: not ends_text(line), more)]
    return Understood("\n".join(kept).rstrip(), read.remark, read.flags)


def _with_remarks_joined(lines: Sequence[str]) -> list[str]:
    """Return lines, each with the remark in brackets that stands on the line below it."""
    joined: list[str] = []
    for line in filter(None, lines):
        if joined and _IN_BRACKETS.fullmatch(line):
            joined[-1] += line
        else:
            joined.append(line)
    return joined


def _one_of(question: Question, reads: Sequence[Read | None]) -> Read | None:
    """Return what places that may answer one question say together."""
    said = [read for read in reads if read is not None and not isinstance(read, Blank)]
    unclear = next((read for read in said if isinstance(read, Unclear)), None)
    if unclear or not said:
        return unclear
    understood = [read for read in said if isinstance(read, Understood)]
    if len({comparable(read.answer) for read in understood}) > 1:
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
    bare = any(
        is_bare_choice(said) or (slot.asked and label_answer(question, said) is not None)
        for said in map(_announced, slot.among)
    )
    if value is None and under is None and marks is None and bare:
        return _among_read(question, slot, today)
    said = _one_of(question, (value, under, marks))
    if said is None:
        return Blank() if slot.emptied else _left_standing(question, slot)
    if isinstance(said, Understood) and any(_doubted_among(question, slot, line) for line in slot.among):
        return Unclear("unclear")
    return said


def _announced(line: str) -> str:
    """Return a line between a question and its options without what announces an answer: 「【回答】2」, 「● 2」, 「→ 2」."""
    return without_answer_word(line.strip(" \u3000→")).lstrip("●■◆◇○◎※▶・* \u3000→")


def _among_read(question: Question, slot: Slot, today: date) -> Read:
    """Read the answer typed between a question and its options, where all of these stand as we sent them.

    Else it may be an option of ours of which a gateway left the number.
    """
    whole = slot.asked and len(set(slot.options)) == choice_count(question)
    if not whole or len(slot.among) > 1:
        return Unclear("unclear")
    return read_answer(question, _announced(slot.among[0]), today=today)


_LIST_ITEM = re.compile(r"^\s*[(（]?(?P<number>[0-9]{1,3})[)）．、]\s*(?P<label>\S.*?)\s*$")


def _doubted_among(question: Question, slot: Slot, line: str) -> bool:
    """Say whether a line typed between a question and its options takes the answer back: 「※この問は未確定です」.

    It may also be an option line of ours that was damaged on the way, which holds a number or a label but is no sentence;
    「3) 検討中」 is ours too, as a program writes a list anew.
    """
    item = _LIST_ITEM.match(line[:LONGEST_LINE])
    number = label_numbers(question).get(label_key(item["label"])) if item else None
    if item and number == int(item["number"]) and number not in slot.options:
        return False
    return undoes(line) or (is_prose(line) and mentions_choice(question, line))


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
    if slot.loose and text.rstrip()[-1:] in {">", "＞"}:
        return Unclear("garbled")  # the quote marks of a line of ours that was run together with the slot
    untouched = (
        slot.question_line and slot.present and slot.bounded and not missing
    )  # but for what was typed there
    if slot.damaged and slot.value is None and not untouched and not _is_copied(question, slot):
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


_BEFORE_ANSWER = "→⇒➡・* \t\u3000"
_POINTING = "→⇒➡ \u3000"  # to a free answer; it is none of its words
_PUNCTUATION = "。、.,)]?〓\ufffd"
_WHOLE_DATE = re.compile(r"[0-9]{4}[/年][0-9]{1,2}[/月][0-9]{1,2}日?(?:\([月火水木金土日]\))?")


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
    lines = _with_remarks_joined(lines)
    bulleted = [_ONE_BULLET.sub("", line) for line in lines] if len(lines) == 1 else lines
    reads = [read_answer(question, line.strip(" 　・*→"), today=today) for line in bulleted]
    if not slot.bounded:
        reads = [read for read in reads if not isinstance(read, Unclear)]
    unclear = next((read for read in reads if isinstance(read, Unclear)), None)
    answered = isinstance(value, Understood)
    if (remarked := _with_remark(question, slot, value, lines, today)) is not None:
        return remarked
    if unclear and answered and not any(mentions_choice(question, line) for line in lines):
        written = slot.value or ""
        doubted = any(undoes(line) or takes_on(question, written, line, today) for line in lines)
        return unclear if doubted else None
    if unclear:
        return unclear
    understood = [read for read in reads if isinstance(read, Understood)]
    if question.type == "multi" and understood:
        chosen = sorted({int(number) for read in understood for number in read.answer})
        if len(understood) > 1 and len(chosen) == choice_count(question):
            return Unclear("all", every_option(question))
        return Understood(tuple(str(number) for number in chosen))
    if len({read.answer for read in understood}) > 1:
        return Unclear("two-choices")
    return understood[0] if understood else None


_ONE_BULLET = re.compile(r"^\s*[●■◆◇※▶]\s?(?=[0-9０-９][^●■◆○◎□☐☑✓]*$)")  # 「● 1,4」, of no marked list


def _with_remark(
    question: Question, slot: Slot, value: Read | None, lines: Sequence[str], today: date
) -> Understood | None:
    """Return the answer of a slot with the one line under it, where that may stand in brackets behind it: 「（令和7年度に整備）」."""
    said = _IN_BRACKETS.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    if said is None or not isinstance(value, Understood) or value.remark:
        return None
    read = read_answer(question, f"{slot.value}（{said['noted'] or said['inside']}）", today=today)
    return read if isinstance(read, Understood) and read.answer == value.answer else None


_IN_BRACKETS = re.compile(r"(?:[(（](?P<inside>[^()（）]{1,80})[)）]|※\s?(?P<noted>[^()（）]{1,80}))")


def _is_fragment(question: Question, line: str, known: Known) -> bool:
    """Say whether a line is a piece of a longer line of ours that was wrapped beyond recognition.

    A whole date below a question for one is an answer, also where our example or the deadline happens to name it.
    """
    key = line_key(line)
    if question.type == "date" and _WHOLE_DATE.fullmatch(key):
        return False
    long_enough = len(key) >= 8 or (len(key) >= 2 and key.endswith(")"))
    return long_enough and key not in known.roles and known.holds(key)


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
            return Unclear("all", every_option(question))
        return Understood(tuple(str(number) for number in marks))
    return Unclear("two-choices") if len(marks) > 1 else Understood(option_answer(question, marks[0]))


def _left_standing(question: Question, slot: Slot) -> Read | None:
    """Read the one option line that was left when the others were deleted, unless the quotation was merely cut."""
    count = choice_count(question)
    if not slot.options or len(slot.options) == count or slot.damaged:
        return None
    if len(slot.options) > 1:
        cut = not slot.bounded or not slot.question_line
        if cut or question.type not in {"single", "multi", "yesno"}:
            return None
        if question.type != "multi" or not is_taken_away(count, len(slot.options)):
            return Unclear("lines-left")
        return Understood(tuple(str(option) for option in sorted(set(slot.options))), "", ("read",))
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
