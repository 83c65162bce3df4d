"""Our own ballots in a reply: the lines of ours followed in their order, and what was put in and around them (ballot.md section 6)."""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import pairwise

from mailbot.core.reading.grammar.answer import label_answer, may_be_cut
from mailbot.core.reading.grammar.printed_options import printed_options, whole_labels
from mailbot.core.reading.statements.named_answer import asked_removed, is_answer, question_of
from mailbot.core.reading.statements.stated import Slot, Statements
from mailbot.core.reading.text.known_text import (
    EMPTY_BRACKETS,
    Known,
    is_damaged_copy,
    line_key,
    slot_line,
    slot_parts,
)
from mailbot.core.reading.text.reply_lines import Line, Mark, without_mark
from mailbot.core.reading.text.tidy import ANY_CIRCLED, CIRCLED, is_blank
from mailbot.core.surveys.survey import Survey

MOST_COMPARED = 40  # lines of a reply that are compared with ours by their likeness

_BEGINS_LIKE_OURS = re.compile("[q0-9?〓\ufffd.★*\\[]")  # ours, or damaged; not a sentence of the member's
_ARROW = re.compile("[→⇒:：=＝]")
# 「Q3 ご意見（ご自由に） → なし」
_BEHIND_HINT = re.compile(r"[)）]\s*[→⇒:：=＝]\s*(?P<said>[^\s\[［【].*?)\s*$")
_TICKS = frozenset("○◎✓✔✅☑")
_OTHER_WHAT = re.compile(
    r"(?<=その他)(?:\([^()]{1,40}\)|[:→][^0-9:→]{1,40})$"
)  # 「○ 4. その他（住民説明会）」
_ANNOUNCED = re.compile(r"^[\s\u3000]*[【\[［](?:ご?回答|答)[】\]］]\s*[^\s\[［【]")


class QuotedBallots:
    """Follows our own lines through a reply, whatever ballot they belong to, and notes what each slot of them says."""

    def __init__(self, survey: Survey, known: Known, stated: Statements) -> None:
        self.survey = survey
        self.known = known
        self.stated = stated
        self.places = {question.id: place for place, question in enumerate(survey.questions)}
        self.count = 0  # of ballots that began so far
        self.open = False  # inside a ballot of ours
        self.current: Slot | None = None
        self.current_id = ""
        self.edition = ""
        self.foreign = False
        self.seen_ours = False
        self.compared = 0
        self.slot_text: list[str] | None = None  # a slot whose bracket is not closed yet
        self.mails = 0  # how many quoted mails began so far, by their 差出人 and 件名
        self.history = 0  # how many earlier mails began so far below the first ballot, by the line over them
        self.ours_since = True  # a line of ours stands below the header of the quoted mail that began last
        self.ended: int | None = None  # quote depth of the ballot of ours that ended last

    def follow(self, line: Line) -> bool:
        """Follow a line that equals one of ours; say no when it stands where ours does not."""
        roles = line.roles
        kinds: Container[str] = (roles[0].kind,) if len(roles) == 1 else {role.kind for role in roles}
        if "option" in kinds or ("more" in kinds and any(role.option for role in roles)):
            return self._option(line)
        if "start" in kinds:
            self.bound(line.key)
            self.begin("")
            self._edition(line)
        elif "reference" in kinds:
            if not self.open:
                self.begin("")
            self._edition(line)
        elif "question" in kinds:
            question = next(role.question for role in line.roles if role.kind == "question")
            if question in self.places:
                self.enter(question, line.depth)
                assert self.current is not None
                self.current.question_line = True
                # Our hint ends it, on a second line if it is long; a motion has none.
                asked = line_key(self.survey.question(question).text)
                self.current.asked = line.key.endswith((")", f"議案{question[1:]}{asked}"))
        elif "more" in kinds and self.current is not None:
            self.current.asked = self.current.asked or line.key.endswith(")")
        elif "end" in kinds or "outside" in kinds:
            if "end" in kinds:
                self.stated.to_the_end = True
                self.ended = line.depth if self.ended is None else min(self.ended, line.depth)
            self.bound(line.key)
            self.current, self.current_id, self.open = None, "", False
        elif "slot-more" in kinds:
            return self.current is not None and self.current.present and not self.current.unbounded
        return True

    def begin(self, edition: str) -> None:
        """Begin a ballot; `edition`: the line that tells which of our mails it is, "" unknown."""
        self.count += 1
        self.open, self.current, self.current_id = True, None, ""
        self.edition, self.foreign = edition, False

    def _edition(self, line: Line) -> None:
        if any(text.edition == line.key for text in self.known.texts):
            self.edition, self.stated.ours = line.key, True

    def blank_line(self) -> None:
        """Note a blank line: what is written below it stands apart from what is above."""
        if self.current is None:
            return
        if self.current.unbounded:
            self.current.gap = True
        if not self.current.present:
            self.current.below_ended = self.current.below_ended or bool(self.current.behind)
            self.current.spaced = self.current.spaced or not self.current.behind

    def bound(self, key: str = "", question: str = "", slot: str = "") -> None:
        """A line of ours follows: what was written before it stands between our lines."""
        if self.current is not None:
            self.current.bounded = True
            if slot != self.current_id and not self.current.next_slot:
                self.current.next_key, self.current.next_question, self.current.next_slot = (
                    key,
                    question,
                    slot,
                )
            self.current.under += self.current.unbounded
            self.current.unbounded = []

    def enter(self, question: str, depth: int) -> None:
        """Begin this question's part, in a new ballot when it does not come after the one before."""
        self.bound(question=question)
        if (
            not self.open
            or not self._comes_next(question)
            or (self.current is not None and self.current.place[0] != depth)
        ):
            forward = self.open and self._comes_next(question)
            edition, foreign = (self.edition, self.foreign) if forward else ("", False)
            self.begin(edition)
            self.foreign = foreign
        self.current = Slot((depth, self.count), self.edition, self.mails, self.history, self.foreign)
        self.current_id = question
        self.stated.slots.setdefault(question, []).append(self.current)

    def _option(self, line: Line) -> bool:
        """Follow an option line in its own order; out of order the member has typed or copied it."""
        slot = self.current
        if slot is not None and not slot.present and slot.place[0] == line.depth:
            last = max(slot.options) if slot.options else 0
            for role in line.roles:
                after = role.option > last
                if role.kind == "option" and role.question == self.current_id and after:
                    slot.options.append(role.option)
                    slot.stands_behind(line.text, role.option)
                    if ANY_CIRCLED.search(line.text):
                        slot.marks.append(role.option)
                    return True
                if role.kind == "more" and role.question == self.current_id:
                    return True
        own = slot is not None and self.current_id in {role.question for role in line.roles}
        return (line.depth > 0 or slot is not None) and not own

    def marked(self, line: Line) -> bool:
        """Note an option line of ours that bears a mark."""
        slot = self.current
        if slot is None or slot.present or slot.place[0] != line.depth:
            return False
        circled = (_circled_in_place(line.text),) if line.text.strip()[:1] in CIRCLED else ()
        for key, mark in (*circled, *without_mark(line.key)):
            for role in self.known.roles.get(key) or self.known.roles.get(_OTHER_WHAT.sub("", key), ()):
                if role.question == self.current_id and role.kind in {"option", "more"} and role.option:
                    if role.kind == "option":
                        slot.options.append(role.option)
                    slot.stands_behind(line.text, role.option)
                    slot.marked(role.option, mark)
                    return True
        return self._marked_otherwise(line, slot)

    def _marked_otherwise(self, line: Line, slot: Slot) -> bool:
        """Note an option line with a mark and further words, 「○ 1. 費用（機器のみ）」: that option alone, or what else?"""
        if _TICKS.isdisjoint(line.key):
            return False
        for key, role in self.known.likenesses:
            if role.kind == "option" and role.question == self.current_id and key in line.key:
                slot.options.append(role.option)
                slot.stands_behind(line.text, role.option)
                slot.marked(role.option, "doubtful")
                return True
        return False

    def slot(self, line: Line, question: str, rest: str, *, before: str) -> None:
        """Begin with a line that has a question's slot; `before`: the words of the line above it."""
        slot = self.current
        if (
            slot is None
            or self.current_id != question
            or slot.place[0] != line.depth
            or not self._is_open(slot, before)
        ):
            self.bound(slot=question)
            self.enter(question, line.depth)
        self.bound(slot=question)
        self.seen_ours = self.ours_since = True
        assert self.current is not None
        self.current.present = True
        self.slot_text = [rest]
        if slot_parts(rest, last=False)[2] and not self._may_continue():
            self.close_slot(ended=True)

    def _is_open(self, slot: Slot, before: str) -> bool:
        """Say whether a slot has still to come, or stands empty on the line before: some type it anew below it."""
        if not slot.present:
            return True
        above = slot_line(before)
        return above is not None and above[0] == self.current_id and slot.value is None and not slot.emptied

    def _may_continue(self) -> bool:
        """Say whether our own words about this slot's answer run on to further lines."""
        return self.current_id in self.known.running_on

    def continue_slot(self, line: Line) -> bool:
        """Take a line into the open slot; return True when the line has to be read on its own."""
        assert self.slot_text is not None
        assert self.current is not None
        closed = slot_parts("\n".join(self.slot_text), last=False)[2]
        more = any(role.kind == "slot-more" and role.question == self.current_id for role in line.roles)
        other = line.roles and not more and not self._is_listed(line)
        if other or slot_line(line.text) or line.depth > self.current.place[0] or (closed and not more):
            self.close_slot(ended=True)
            return True
        # One blank belongs to the quote mark, not to the member's words.
        self.slot_text.append(line.text.removeprefix(" ") if line.depth else line.text)
        if len(self.slot_text) > 400:
            self.close_slot(ended=True)
        return False

    def _is_listed(self, line: Line) -> bool:
        """Say whether a line within a free answer equals an option of a question further up: the member's own list."""
        if self.survey.question(self.current_id).type != "text":
            return False
        here = self.places[self.current_id]
        return all(
            role.kind == "option" and self.places.get(role.question, here) < here for role in line.roles
        )

    def close_slot(self, *, ended: bool) -> None:
        """Compare the slot with how we sent it."""
        assert self.slot_text is not None
        assert self.current is not None
        slot, lines = self.current, self.slot_text
        self.slot_text = None
        question = self.survey.question(self.current_id)
        content, tail, closed = slot_parts("\n".join(lines), last=question.type == "text")
        if not closed and not ended and len(lines) > 1:
            content = (
                lines[0].strip()[1:] if question.type != "text" else "\ufffd"
            )  # it runs into what follows
        sent = self.known.slots(slot.edition, self.current_id)
        content_key, tail_key = line_key(content), line_key(tail)
        own_tail = not tail_key or any(tail_key == filled.tail for filled in sent)
        if any(content_key == filled.content and tail_key == filled.tail for filled in sent):
            return
        if question.type == "text" and any(
            is_damaged_copy(content_key, filled.content, cut=not closed) for filled in sent
        ):
            return  # his own words of before, as a gateway sent them back
        if is_blank(content) and own_tail:
            slot.emptied = slot.edition != "" and any(filled.content for filled in sent)
            return
        if is_blank(content):
            slot.value = tail
        elif own_tail:
            slot.value = content
        else:
            slot.value = f"{content.strip()} {tail}"
        slot.loose = not closed or is_blank(content) or not own_tail
        if question.type != "text" and any(may_be_cut(*pair) for pair in pairwise(slot.value.split("\n"))):
            slot.value = "\ufffd"
        if question.type == "text" and not line_key(slot.value).strip("[]()?〓"):
            slot.value = "\ufffd"  # a bracket is all that is left of the slot
        elif question.type != "text":
            slot.value = slot.value.strip(" 　→←⇒⇐:：=＝")

    def damaged(self, line: Line) -> bool:
        """Follow a line of ours that was damaged on the way, so that what follows is not read for another question."""
        slot = self.current
        assert slot is not None
        if self.compared >= MOST_COMPARED or not self.known.texts:
            return False
        self.compared += 1
        question = self.survey.question(self.current_id)
        if slot.present and question.type != "text" and is_answer(question, line.text):
            return False
        if any(mark in line.key for mark in ("答]", "answer]", "][")) and not self._is_announced(line):
            slot.damaged = True
            if not line.key.endswith(("[]", "]")) or not EMPTY_BRACKETS.search(line.text):
                slot.unbounded.append("\ufffd")  # somebody's answer, to a question that we cannot tell
            return True
        role = self.known.like(line.key) if _BEGINS_LIKE_OURS.match(line.key) else None
        if role is None or role.question not in self.places:
            return role is not None and role.kind in {"start", "end", "reference"}
        if role.kind == "question" and role.question != self.current_id:
            self.enter(role.question, line.depth)
            assert self.current is not None
            self.current.damaged = True
            return True
        if role.question == self.current_id and (slot.present or role.kind in {"option", "more"}):
            return False
        slot.damaged = True
        return True

    def _is_announced(self, line: Line) -> bool:
        """Say whether a line is an answer that the member's own 【回答】 announces, no slot of ours that lost its number."""
        question = self.survey.question(self.current_id)
        return _ANNOUNCED.match(line.text) is not None and (
            question.type != "text" and is_answer(question, line.text)
        )

    def _comes_next(self, question: str) -> bool:
        """Say whether a question stands further down our ballot than the one that we are at."""
        return self.places[question] > self.places.get(self.current_id, -1)

    def enter_behind(self, line: Line, stated: list[tuple[str, str]]) -> bool:
        """Say whether an answer was typed behind our own question, on its line in the quoted ballot, and enter its part.

        Its options follow, which may be the same as those of the question before.
        """
        number, value = stated[0]
        question = question_of(self.survey, number)
        typed = self.open and question is not None and asked_removed(question, value) != value
        if typed and self._comes_next(number):
            self.enter(number, line.depth)
        return typed

    def is_question_line(self, line: Line, stated: list[tuple[str, str]]) -> bool:
        """Say whether this is our own question line, damaged or cut, and enter its part."""
        number, value = stated[0]
        question = question_of(self.survey, number)
        if question is None:
            return False
        asked, written = line_key(question.text), line_key(value)
        cut = len(written) >= 4 and asked.startswith(written)
        whole = written.startswith(asked) and written[len(asked) :][:1] in {"", "("}
        if question.type == "text" and not whole and self.open and self.compared < MOST_COMPARED:
            self.compared += 1
            like = self.known.like(line.key)
            whole = like is not None and like.kind == "question" and like.question == number
        if len(stated) > 1 or not asked or not (cut or whole) or label_answer(question, value):
            return False
        if question.type == "text" and (said := _BEHIND_HINT.search(value)) is not None:
            self.enter(number, line.depth)
            assert self.current is not None
            self.current.asked = self.current.question_line = self.seen_ours = True
            self.stated.explicit.setdefault(number, []).append(said["said"])
            return True
        behind = asked_removed(question, value)
        merged = not _ARROW.search(value) and any(label in behind for label, _ in whole_labels(question))
        if question.type != "text" and not merged and is_answer(question, behind):
            return False  # the member copied the question and answered behind it
        self.enter(number, line.depth)
        assert self.current is not None
        self.current.damaged = True
        self.current.asked = written == asked or (written.startswith(f"{asked}(") and written.endswith(")"))
        self.current.shortened = cut and not self.current.asked
        self.seen_ours = True
        return True

    def under(self, line: Line) -> None:
        """Keep a line that is not ours, within a question's part of the ballot."""
        slot = self.current
        assert slot is not None
        if line.depth > slot.place[0]:
            return
        if not slot.present:
            slot.damaged = True
            count = len(printed_options(self.survey.question(self.current_id)))
            if not slot.options and not slot.below_ended:
                slot.below.append(line.text)
            slot.stands_behind(line.text)
            if len(set(slot.options)) < count:
                slot.among.append(line.text)  # it may be one of our own option lines, damaged
                return
            if self.known.holds_most(line.key, self.current_id):
                return
        if line.depth < slot.place[0]:
            slot.typed.append(line.text)
        slot.unbounded.append(line.text)


def _circled_in_place(text: str) -> tuple[str, Mark]:
    """Return the key that an option line had before its number was circled: 「②　利用していない」."""
    bare = text.strip()
    return line_key(f"{bare[0]}.{bare[1:].lstrip('.．')}"), "chosen"
