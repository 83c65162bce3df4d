"""What a member states: every line of a reply in order, followed through our ballot or read as his own (ballot.md 6)."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from mailbot.core.mail.fold import fold
from mailbot.core.reading.doubts.doubt import doubts
from mailbot.core.reading.grammar.answer import label_answer, may_be_cut, read_answer
from mailbot.core.reading.grammar.printed_options import printed_options, whole_labels
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.reading.statements.command import command_of
from mailbot.core.reading.statements.named_answer import (
    BULLETS,
    GOES_ON,
    asked_removed,
    explicit_answers,
    is_answer,
    question_of,
)
from mailbot.core.reading.statements.votes_in_words import speaks_of_votes, voted_in_words
from mailbot.core.reading.text.known_text import (
    EMPTY_BRACKETS,
    QUESTION_MARK,
    REFERENCE,
    SIGNATURE,
    Known,
    Role,
    is_damaged_copy,
    line_key,
    slot_line,
    slot_parts,
)
from mailbot.core.reading.text.prose import NOT_PROSE, RULE, is_by_machine
from mailbot.core.reading.text.reply_lines import Line, Mark, without_mark
from mailbot.core.reading.text.tidy import ANY_CIRCLED, CIRCLED, is_blank
from mailbot.core.surveys.survey import Command, Survey

MOST_COMPARED = 40  # lines of a reply that are compared with ours by their likeness
MOST_NAMED = 500  # answers of one reply that name their question
MOST_IN_WORDS = 60  # lines that may vote on all motions in words
LONGEST_NAME = 100  # characters of 【表決者氏名】

_BRACKETED = re.compile(r"[(（][^()（）]{0,80}[)）]?\s*$")
_QUESTIONS_LISTED = re.compile(
    rf"^\s*{QUESTION_MARK}\s?[0-9０-９]{{1,3}}(?P<others>(?:\s?[,，、]\s?[0-9０-９]{{1,3}})+)\s*$"
)
_BEGINS_LIKE_OURS = re.compile("[q0-9?〓\ufffd.★*\\[]")  # ours, or damaged; not a sentence of the member's
_ARROW = re.compile("[→⇒:：=＝]")
_ANNOUNCED = re.compile(r"^[\s\u3000]*[【\[［](?:ご?回答|答)[】\]］]\s*[^\s\[［【]")


@dataclass
class Slot:
    """One slot of one quoted ballot, and what stands around it."""

    place: tuple[int, int]  # (quote depth, which ballot in the mail): the smallest is the member's own
    edition: str = ""
    mail: int = 0  # in which of the mails that are quoted without marks it stands
    foreign: bool = False
    value: str | None = None  # None: as we sent it
    emptied: bool = False  # it was filled when we sent it and is blank now
    present: bool = False  # the slot's own line is there
    question_line: bool = False
    bounded: bool = False  # a line of ours follows
    options: list[int] = field(default_factory=list)  # the option lines that still stand
    marks: list[int] = field(default_factory=list)
    doubts: list[int] = field(default_factory=list)  # option lines with △
    crosses: list[int] = field(default_factory=list)  # option lines with ×
    damaged: bool = False  # a line among the options is neither ours nor an answer
    among: list[str] = field(default_factory=list)  # lines before the last option that are not ours
    under: list[str] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)  # written under the slot, no line of ours after it yet
    gap: bool = False  # a blank line stands among the unbounded ones
    loose: bool = (
        False  # the value stands outside the brackets or in unclosed ones: it may hold pieces of ours
    )
    next_key: str = ""  # our line that follows the slot
    next_question: str = ""  # the question that begins with that line, where it is one that was damaged
    next_slot: str = ""  # the question whose slot that line is
    asked: bool = False  # the question stands there whole
    shortened: bool = False  # its first words stand there alone
    below: list[str] = field(default_factory=list)  # what follows it directly, up to a blank line
    behind: list[tuple[str, int]] = field(
        default_factory=list
    )  # the same with our option lines among it: each line, and which option it is (0: none)
    below_ended: bool = False
    spaced: bool = False  # a blank line stands between the question and that
    typed: list[str] = field(default_factory=list)  # lines under it without the quotation's marks

    def stands_behind(self, line: str, option: int = 0) -> None:
        """Note a line that follows the question directly, whosever it is; `option`: which of ours it is, 0 none."""
        if not self.below_ended:
            self.behind.append((line, option))

    def marked(self, option: int, mark: Mark) -> None:
        """Note a mark on an option line."""
        match mark:
            case "chosen":
                self.marks.append(option)
            case "doubtful":
                self.doubts.append(option)
            case "crossed":
                self.crosses.append(option)
            case "empty":
                pass


class Quoted(NamedTuple):
    """An answer that names its question, in a mail that is quoted."""

    question: str
    value: str
    depth: int
    mail: int  # in which of the mails that are quoted without marks


@dataclass
class Statements:
    """Everything that a reply states, by question, before it is weighed."""

    explicit: dict[str, list[str]] = field(default_factory=dict)  # written as "Q1 2"
    slots: dict[str, list[Slot]] = field(default_factory=dict)
    top: list[str] = field(default_factory=list)  # the member's lines above everything of ours
    below: list[str] = field(default_factory=list)  # the member's lines below our mail, quoted with marks
    behind: list[str] = field(
        default_factory=list
    )  # lines below our mail and quoted as deep as it: the member's, where no marks stand
    asides: list[str] = field(
        default_factory=list
    )  # the member's lines that answer nothing, wherever they stand
    named: int = 0  # answers that name their question, up to MOST_NAMED and a line more
    commands: list[tuple[Command, str]] = field(
        default_factory=list
    )  # different ones, each with what follows it
    signed: list[tuple[tuple[int, int], str]] = field(
        default_factory=list
    )  # 【表決者氏名】: place and content
    foreign: bool = False
    ours: bool = False  # one of the ballots quoted is one that we sent to this address for this survey
    others: bool = False  # one of them is not
    to_the_end: bool = False  # the last line of one of our ballots stands in the reply
    quoted: list[Quoted] = field(
        default_factory=list
    )  # answers that stand in a quotation of somebody else's mail
    together: dict[str, list[str]] = field(
        default_factory=dict
    )  # 「Q1,2」: Q1's answer is 2, or both are meant
    in_words: bool = False  # one sentence votes on all motions
    unknown: list[str] = field(default_factory=list)  # answers to questions that do not exist
    lines: Sequence[Line] = ()  # all of the reply

    @property
    def stands(self) -> frozenset[str]:
        """The keys of our lines that stand in the reply."""
        return frozenset(line.key for line in self.lines if line.roles)


# Free answers that nobody goes on with; the next line is a name.
_COMPLETE = frozenset(
    {
        "なし",
        "無し",
        "特になし",
        "特に無し",
        "特にありません",
        "特になしです",
        "ありません",
        "none",
        "nothing",
        "-",
    }
)


def _ends_text(line: str) -> bool:
    """Say whether a free answer written at the top ends before this line."""
    return (
        RULE.match(line) is not None
        or NOT_PROSE.search(line) is not None
        or line_key(line).startswith(("よろしく", "宜しく", "どうぞよろしく", "以上"))
    )


# 「要綱を定めておりましたので、Q3とQ4を訂正します。」 above these two answers says what they are.
_ANNOUNCES = re.compile(
    rf"^\s*(?P<why>[^。、]{{0,40}}(?:ので|ため|ましたが)、)?(?P<named>{QUESTION_MARK}\s?[0-9０-９]{{1,3}}(?:\s?(?:[、,，・と]|及び|および)\s?{QUESTION_MARK}\s?[0-9０-９]{{1,3}}){{0,9}})"
    r"(?:の(?:ご?回答|お?答え))?(?:を|は|について)[、,]?\s?(?:(?:以下|下記|次)の?(?:とおり|通り|ように)に?[、,]?)?(?:訂正|修正|変更|差し?替え)"
    r"(?:(?:いた|致)?します|させて(?:いただき|頂き)ます|を?お願い(?:いた|致)?します|願います)[。.]?\s*$"
)


def _announces(line: str, answered: Container[str]) -> bool:
    """Say whether a line does no more than announce answers that stand in the mail by their questions' names."""
    said = _ANNOUNCES.match(line) if len(line) <= LONGEST_NAME else None
    if said is None or doubts(said["why"] or ""):
        return False
    numbers = re.findall("[0-9０-９]+", said["named"])
    return all(f"Q{int(number)}" in answered for number in numbers)


# 「2026/12/01 5:20に事務局さんから頂いたメール」, 「「【調査】...」への返信です。」
_RECEIVED_FROM = re.compile(r"[0-9]{1,2}:[0-9]{2}.{0,80}さんから(?:頂|いただ)いたメール\s*$")
_IN_REPLY_TO = re.compile(r"^\s*「[^\n]{1,300}」への返信です。\s*$")
_SENDERS = ("差出人", "送信者", "From")
_SENDER = re.compile(rf"^[\s*]*(?:{'|'.join(_SENDERS)})[\s*]*[:：]")
_SUBJECT = re.compile(r"^[\s*]*(?:件名|題名|Subject)[\s*]*[:：]")
_SIGNATURE = Role("signature")
_OUTSIDE = (Role("outside"),)
_LONGEST_MORE = 300  # characters of a line that goes on with the answer above it
_HEADER_LINES = 8  # of a quoted mail: 差出人, 送信日時, 宛先, CC, 件名


def may_quote_mails(text: str) -> bool:
    """Say whether a reply may quote a mail without marks; most need not be looked through, 12 us less for each."""
    return "~~" in text or any(word in text for word in _SENDERS)


def _quoted_mails(lines: Sequence[Line]) -> frozenset[int]:
    """Return the lines with which mails begin that are quoted without marks, as Outlook does."""
    senders = [place for place, line in enumerate(lines) if ":" in line[2][:20] and _SENDER.match(line[1])]
    return frozenset(
        place
        for place in senders
        if any(_SUBJECT.match(after.text) for after in lines[place + 1 : place + _HEADER_LINES])
    )


class Reader:
    """Walks the lines of one reply once, in order, and notes what each states."""

    def __init__(self, survey: Survey, known: Known, commands: frozenset[str]) -> None:
        self.survey = survey
        self.known = known
        self.commands = commands
        self.places = {question.id: place for place, question in enumerate(survey.questions)}
        self.references = {text.reference for text in known.texts if text.reference}
        self.signed_slot = survey.resolution is not None
        self.stated = Statements()
        self.ballots = 0
        self.open = False  # inside a ballot of ours
        self.current: Slot | None = None
        self.current_id = ""
        self.edition = ""
        self.foreign = False
        self.seen_ours = False
        self.compared = 0
        self.in_words = 0
        self.pending = ""  # a question named at the top whose answer follows on the next lines
        self.slot_text: list[str] | None = None  # a slot whose bracket is not closed yet
        self.mails = 0  # how many quoted mails began so far, by their 差出人 and 件名
        self.line_before: Line | None = None
        self.stated_last = ""  # the question that the line before named
        self.ours_since = True  # a line of ours stands below the header of the quoted mail that began last
        self.ended: int | None = None  # quote depth of the ballot of ours that ended last
        self.signing: int | None = None  # quote depth of an empty 【表決者氏名】: the name may follow

    def read(self, lines: Sequence[Line], *, mails: bool = True) -> Statements:
        """Follow every line once and return all that is stated; `mails`: one quoted without marks may be among them."""
        headers: Container[int] = _quoted_mails(lines) if mails else ()
        self.stated.lines = lines
        outside = False  # what stands around our ballots: more of it says nothing more
        for place, line in enumerate(lines):
            if place in headers:
                self.mails += 1
                self.ours_since = outside = False
            depth, _, key, roles = line
            if self.ended and depth > self.ended and self.stated.behind:
                self.stated.behind.clear()  # an older mail is quoted beneath, which these lines announce
            if not outside or (key and roles != _OUTSIDE):
                if self.slot_text is not None and not self._continue_slot(line):
                    continue
                self._line(line)
                outside = roles == _OUTSIDE and not self.signed_slot
            self.line_before = line
        if self.slot_text is not None:
            self._close_slot(ended=False)
        self.stated.asides += self.stated.behind
        announced = self.stated.explicit.keys()
        self.stated.asides = [line for line in self.stated.asides if not _announces(line, announced)]
        return self.stated

    @property
    def before(self) -> str:
        """The words of the line before."""
        return self.line_before.text.rstrip() if self.line_before else ""

    def _line(self, line: Line) -> None:
        named, self.stated_last = self.stated_last, ""
        if line.roles:
            if not (named and line.depth == 0 and self._lists_on(named, line)):
                self._line_like_ours(line)
            return
        if named and may_be_cut(self.before, line.text):
            self.stated.explicit[named][-1] += "\ufffd"  # the rest of its number may stand here
        elif named and line.depth == 0 and self._goes_on_with(named, line.text):
            return
        if not line.key:
            self.pending = ""
            if self.current is not None and self.current.unbounded:
                self.current.gap = True
            if self.current is not None and not self.current.present:
                self.current.below_ended = self.current.below_ended or bool(self.current.behind)
                self.current.spaced = self.current.spaced or not self.current.behind
            return
        slot = slot_line(line.text)
        signing, self.signing = self.signing, None
        if slot and slot[0] in self.places and (self.open or line.depth):
            self._slot(line, *slot)
        elif self.signed_slot and (signature := SIGNATURE.match(line.text)):
            self._signature(line, signature["rest"])
        elif signing == line.depth and self._is_name(line):
            self._sign(line.depth, line.text)
        elif not self._marked(line):
            self._new(line)

    def _line_like_ours(self, line: Line) -> None:
        signing, self.signing = self.signing, None
        if self.signed_slot and (signature := SIGNATURE.match(line.text)):
            self._signature(line, signature["rest"])
        elif _SIGNATURE in line.roles:
            self.signing = signing  # the hint to it, on a line of its own
        elif self._ours(line):
            self.seen_ours = self.ours_since = True
            self.pending = ""
        elif not self._marked(line):
            self._new(line)

    # Who signs a written resolution

    def _signature(self, line: Line, rest: str) -> None:
        """Note the name in 【表決者氏名】[ ... ]; our own line untouched is no name."""
        self._bound(line.key)
        self.current, self.current_id, self.pending = None, "", ""
        if line.roles:
            self.seen_ours = True
            self.signing = line.depth
            return
        content, tail, closed = slot_parts(rest, last=False)
        name = content if not is_blank(content) or not closed else _BRACKETED.sub("", tail)
        if is_blank(name):
            self.signing = line.depth
        else:
            self._sign(line.depth, name)

    def _is_name(self, line: Line) -> bool:
        return not line.roles and line.key[:1] not in {"(", "*", "★"} and len(line.text) <= LONGEST_NAME

    def _sign(self, depth: int, name: str) -> None:
        self.stated.signed.append(((depth, self.ballots), name.strip(" \t\u3000")[:LONGEST_NAME]))

    # Lines of ours

    def _ours(self, line: Line) -> bool:
        """Follow a line that equals one of ours; say no when it stands where ours does not."""
        roles = line.roles
        kinds: Container[str] = (roles[0].kind,) if len(roles) == 1 else {role.kind for role in roles}
        if "option" in kinds or ("more" in kinds and any(role.option for role in roles)):
            return self._option(line)
        if "start" in kinds:
            self._bound(line.key)
            self._begin("")
            self._edition(line)
        elif "reference" in kinds:
            if not self.open:
                self._begin("")
            self._edition(line)
        elif "question" in kinds:
            question = next(role.question for role in line.roles if role.kind == "question")
            if question in self.places:
                self._enter(question, line.depth)
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
            self._bound(line.key)
            self.current, self.current_id, self.open = None, "", False
        elif "slot-more" in kinds:
            return self.current is not None and self.current.present and not self.current.unbounded
        return True

    def _begin(self, edition: str) -> None:
        self.ballots += 1
        self.open, self.current, self.current_id = True, None, ""
        self.edition, self.foreign = edition, False

    def _edition(self, line: Line) -> None:
        if any(text.edition == line.key for text in self.known.texts):
            self.edition, self.stated.ours = line.key, True

    def _bound(self, key: str = "", question: str = "", slot: str = "") -> None:
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

    def _enter(self, question: str, depth: int) -> None:
        """Begin this question's part, in a new ballot when it does not come after the one before."""
        self._bound(question=question)
        before = self.places.get(self.current_id, -1)
        if (
            not self.open
            or self.places[question] <= before
            or (self.current is not None and self.current.place[0] != depth)
        ):
            forward = self.open and self.places[question] > before
            edition, foreign = (self.edition, self.foreign) if forward else ("", False)
            self._begin(edition)
            self.foreign = foreign
        self.current = Slot((depth, self.ballots), self.edition, self.mails, self.foreign)
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

    def _marked(self, line: Line) -> bool:
        """Note an option line of ours that bears a mark."""
        slot = self.current
        if slot is None or slot.present or slot.place[0] != line.depth:
            return False
        circled = (_circled_in_place(line.text),) if line.text.strip()[:1] in CIRCLED else ()
        for key, mark in (*circled, *without_mark(line.key)):
            for role in self.known.roles.get(key, ()):
                if role.question == self.current_id and role.kind in {"option", "more"} and role.option:
                    if role.kind == "option":
                        slot.options.append(role.option)
                    slot.stands_behind(line.text, role.option)
                    slot.marked(role.option, mark)
                    return True
        return False

    # Slots

    def _slot(self, line: Line, question: str, rest: str) -> None:
        slot = self.current
        if (
            slot is None
            or self.current_id != question
            or slot.place[0] != line.depth
            or not self._is_open(slot)
        ):
            self._bound(slot=question)
            self._enter(question, line.depth)
        self._bound(slot=question)
        self.seen_ours = self.ours_since = True
        self.pending = ""
        assert self.current is not None
        self.current.present = True
        self.slot_text = [rest]
        if slot_parts(rest, last=False)[2] and not self._may_continue():
            self._close_slot(ended=True)

    def _is_open(self, slot: Slot) -> bool:
        """Say whether a slot has still to come, or stands empty on the line before: some type it anew below it."""
        if not slot.present:
            return True
        before = slot_line(self.before)
        return before is not None and before[0] == self.current_id and slot.value is None and not slot.emptied

    def _may_continue(self) -> bool:
        """Say whether our own words about this slot's answer run on to further lines."""
        return self.current_id in self.known.running_on

    def _continue_slot(self, line: Line) -> bool:
        """Take a line into the open slot; return True when the line has to be read on its own."""
        assert self.slot_text is not None
        assert self.current is not None
        closed = slot_parts("\n".join(self.slot_text), last=False)[2]
        more = any(role.kind == "slot-more" and role.question == self.current_id for role in line.roles)
        other = line.roles and not more and not self._is_listed(line)
        if other or slot_line(line.text) or line.depth > self.current.place[0] or (closed and not more):
            self._close_slot(ended=True)
            return True
        # One blank belongs to the quote mark, not to the member's words.
        self.slot_text.append(line.text.removeprefix(" ") if line.depth else line.text)
        if len(self.slot_text) > 400:
            self._close_slot(ended=True)
        return False

    def _is_listed(self, line: Line) -> bool:
        """Say whether a line within a free answer equals an option of a question further up: the member's own list."""
        if self.survey.question(self.current_id).type != "text":
            return False
        here = self.places[self.current_id]
        return all(
            role.kind == "option" and self.places.get(role.question, here) < here for role in line.roles
        )

    def _close_slot(self, *, ended: bool) -> None:
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

    # The member's own lines

    def _new(self, line: Line) -> None:
        reference = REFERENCE.search(fold(line.text)) if "-" in line.key else None
        if reference and reference["reference"].casefold() not in self.references and self.references:
            if not self.open:
                self._begin("")
            self.foreign = self.stated.others = True
            return
        if self.pending and _ends_text(line.text):
            self.pending = ""
        within = self.open and self.current is not None
        stated = self._named_answers(line.text) if self.stated.named <= MOST_NAMED else []
        self.stated.named += len(stated)
        if stated and self._is_question_line(line, stated):
            return
        # In somebody else's mail, or below our own; either may be quoted without any marks.
        older = line.depth > 0 or self.mails > 1 or not self.ours_since
        if stated and self.before.endswith(("「", "『", '"')):
            return  # our own example 「Q1 2」, broken behind its bracket on the way
        if stated and (within or not older or self._below_ours(line) or self._behind_our_question(stated)):
            if self._goes_on_about(stated):
                self._continue_explicit(line.text, self.pending)
            if len(stated) == 1 and (listed := _QUESTIONS_LISTED.match(line.text)):
                others = [f"Q{int(number)}" for number in re.findall("[0-9０-９]+", listed["others"])]
                self.stated.together[stated[0][0]] = others
            self._explicit(stated)
        elif stated:
            self.stated.quoted += [Quoted(*each, line.depth, self.mails) for each in stated]
        elif self._is_our_command(line, older=older or within):
            pass
        elif not older and not within and (command := command_of(line.text, self.commands)):
            if command not in self.stated.commands:
                self.stated.commands.append(command)
        elif self.pending and not older:
            self._continue_explicit(line.text, self.pending)
        elif within and self._damaged(line):
            self.seen_ours = True
        elif within:
            self._under(line)
        elif self._below_ours(line):
            self.stated.behind += [] if is_by_machine(line.text) else [line.text]
        elif line.depth == 0:
            self._aside(line, older=older)

    def _named_answers(self, text: str) -> list[tuple[str, str]]:
        """Return what a line answers by naming the questions, in a resolution also all of them in one sentence."""
        if self.signed_slot and self.in_words < MOST_IN_WORDS and speaks_of_votes(text):
            self.in_words += 1
            if votes := voted_in_words(self.survey, text, self.known):
                self.stated.in_words = True
                return votes
        return explicit_answers(self.survey, text)

    def _aside(self, line: Line, *, older: bool) -> None:
        """Keep a line of the member's own that answers nothing; the second line of Shuriken's attribution is not his own."""
        if is_by_machine(line.text) or (_RECEIVED_FROM.search(self.before) and _IN_REPLY_TO.match(line.text)):
            return
        self.stated.asides.append(line.text)
        if older:
            pass  # a colleague's 「2です」 in a mail that was quoted without marks
        elif not self.seen_ours:
            self.stated.top.append(line.text)
        elif self.ended:
            self.stated.below.append(line.text)

    def _goes_on_about(self, stated: list[tuple[str, str]]) -> bool:
        """Say whether a line that names an answered question may as well be the next one of a free answer."""
        if not self.pending or self.survey.question(self.pending).type != "text":
            return False
        number, value = stated[0]
        question = question_of(self.survey, number)
        return question is not None and number in self.stated.explicit and not is_answer(question, value)

    def _is_our_command(self, line: Line, *, older: bool) -> bool:
        """Say whether a command is the end of our own sentence about it, cut off by a gateway and left without its mark."""
        if older or not self.seen_ours or command_of(line.text, self.commands) is None:
            return False
        before = line_key(self.before)[-6:]
        return bool(before) and self.known.holds(before + line.key)

    def _goes_on_with(self, named: str, text: str) -> bool:
        """Take the line right below an answer into it where it belongs there: more options, or the rest of the sentence."""
        question, values = self.survey.question(named), self.stated.explicit[named]
        if question.type in {"number", "date"} or self.mails or len(text) > _LONGEST_MORE:
            return False
        more = text.strip(BULLETS)
        if GOES_ON.match(text):
            values[-1] += more
            self.stated.asides.append(text)  # what doubts one answer may be said of all
        elif command_of(text, self.commands) is None and is_answer(question, more):
            if question.type == "multi":
                values[-1] += f"、{more}"
            else:
                values.append(more)
        else:
            return False
        self.stated_last = named
        return True

    def _lists_on(self, named: str, line: Line) -> bool:
        """Take one more of the options that the member copied below a question's name: 「Q2」, 「1. 費用」, 「3. 必要がない」."""
        question, values = self.survey.question(named), self.stated.explicit[named]
        own = self._options_of(named, line.roles)
        copied = any(role.kind == "option" for role in self.known.roles.get(line_key(self.before), ()))
        # The first may stand behind the question's name; our whole list below it begins anew.
        first = self._options_of(named, self.known.roles.get(line_key("".join(values[-1:])), ()))
        copied = copied or (bool(first and own) and max(first) < min(own))
        if question.type != "multi" or not (own and copied) or self.mails:
            return False
        values[-1] += f"、{line.text.strip(BULLETS)}"
        read = read_answer(question, values[-1], today=date.min)
        if isinstance(read, Understood) and len(read.answer) == len(question.options):
            values[-1] = "すべて"  # the whole list says no more than that, which is asked about
        self.stated_last = named
        return True

    @staticmethod
    def _options_of(question: str, roles: Sequence[Role]) -> list[int]:
        return [role.option for role in roles if role.kind == "option" and role.question == question]

    def _behind_our_question(self, stated: list[tuple[str, str]]) -> bool:
        """Say whether an answer was typed behind our own question, on its line in the quoted ballot."""
        question = question_of(self.survey, stated[0][0])
        return self.open and question is not None and asked_removed(question, stated[0][1]) != stated[0][1]

    def _below_ours(self, line: Line) -> bool:
        """Say whether a line stands below our own quoted mail, and as deep as that.

        Outlook marks no lines: all below its thin line is one level deep, what a member types at the very end too.
        Our mails quote nothing, so that no older mail can follow one at its own depth.
        """
        return self.ended == line.depth and self.mails <= 1 and not self.foreign

    def _damaged(self, line: Line) -> bool:
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
            self._enter(role.question, line.depth)
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

    def _is_question_line(self, line: Line, stated: list[tuple[str, str]]) -> bool:
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
        behind = asked_removed(question, value)
        merged = not _ARROW.search(value) and any(label in behind for label, _ in whole_labels(question))
        if question.type != "text" and not merged and is_answer(question, behind):
            return False  # the member copied the question and answered behind it
        self._enter(number, line.depth)
        assert self.current is not None
        self.current.damaged = True
        self.current.asked = written == asked or (written.startswith(f"{asked}(") and written.endswith(")"))
        self.current.shortened = cut and not self.current.asked
        self.seen_ours = True
        return True

    def _explicit(self, stated: list[tuple[str, str]]) -> None:
        self.stated.foreign = self.stated.foreign or (self.open and self.foreign)
        for number, value in stated:
            self.pending = ""  # the last one of the line alone may go on below it
            question = question_of(self.survey, number)
            if question is None:
                self.stated.unknown.append(number)
                continue
            if question.type == "text" and line_key(value).startswith(line_key(question.text) + "("):
                continue  # our own line, run together with another
            values = self.stated.explicit.setdefault(number, [])
            if value:
                values.append(value)
                self.stated_last = number if question.type != "text" else ""
            if not value or (question.type == "text" and line_key(value).rstrip("。.") not in _COMPLETE):
                self.pending = number

    def _continue_explicit(self, text: str, number: str) -> None:
        """Add the next line to a free answer, or take it as the answer of a question that stood alone."""
        if line_key(text) == line_key(self.survey.question(number).text):
            return  # of a table: 「Q1」, 「導入している決済手段」, 「1,4」, each in a line of its own
        values = self.stated.explicit[number]
        if self.survey.question(number).type != "text":
            values.append(text.strip(BULLETS))
            self.pending, self.stated_last = "", number
        elif values:
            values[-1] = f"{values[-1]}\n{text.strip()}"
        else:
            values.append(text.strip())

    def _under(self, line: Line) -> None:
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
