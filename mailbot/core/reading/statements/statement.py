"""What a member states: every line of a reply in order, followed through our ballot or read as his own (ballot.md 6)."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from datetime import date

from mailbot.core.mail.fold import fold
from mailbot.core.reading.doubts.doubt import doubts
from mailbot.core.reading.grammar.answer import may_be_cut, read_answer
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.reading.grammar.words_behind import stands_beside
from mailbot.core.reading.statements.command import command_of
from mailbot.core.reading.statements.named_answer import (
    BULLETS,
    GOES_ON,
    explicit_answers,
    is_answer,
    question_of,
)
from mailbot.core.reading.statements.quoted_ballots import QuotedBallots
from mailbot.core.reading.statements.stated import Quoted, Statements
from mailbot.core.reading.statements.votes_in_words import (
    speaks_of_votes,
    voted_in_the_first_sentences,
    voted_in_words,
)
from mailbot.core.reading.text.known_text import (
    LONGEST_LINE,
    QUESTION_MARK,
    REFERENCE,
    SIGNATURE,
    Known,
    Role,
    line_key,
    slot_line,
    slot_parts,
)
from mailbot.core.reading.text.own_lines import begins_history
from mailbot.core.reading.text.prose import ends_text, is_by_machine
from mailbot.core.reading.text.reply_lines import Line
from mailbot.core.reading.text.tidy import is_blank, tidy
from mailbot.core.surveys.survey import Survey

_MOST_NAMED = 30  # answers of one reply that name their question, for each question of the survey
MOST_IN_WORDS = 60  # lines that may vote on all motions in words
LONGEST_NAME = 100  # characters of 【表決者氏名】

_BRACKETED = re.compile(r"[(（][^()（）]{0,80}[)）]?\s*$")
# 「遅くなりました。Q1は2、Q2は1です。」
_SAID_FIRST = re.compile(
    rf"(?P<said>[^。]{{2,80}}?(?:[。！!]|(?:ので|ため|おり|まして)[、,]))\s*(?P<answers>{QUESTION_MARK}\s?[0-9０-９].{{0,300}})$"
)
_QUOTED_WHOLE = re.compile(r"\s*「(?P<said>[^「」]{1,100})」[、。]?\s*")
_QUESTIONS_LISTED = re.compile(
    rf"^\s*{QUESTION_MARK}\s?[0-9０-９]{{1,3}}(?P<others>(?:\s?[,，、]\s?[0-9０-９]{{1,3}})+)\s*$"
)
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
        self.references = {text.reference for text in known.texts if text.reference}
        self.signed_slot = survey.resolution is not None
        self.stated = Statements()
        self.ballots = QuotedBallots(survey, known, self.stated)
        self.named_left = _MOST_NAMED * len(survey.questions)
        self.in_words = 0
        self.pending = ""  # a question named at the top whose answer follows on the next lines
        self.line_before: Line | None = None
        self.stated_last = ""  # the question that the line before named
        self.signing: int | None = None  # quote depth of an empty 【表決者氏名】: the name may follow

    def read(self, lines: Sequence[Line], *, mails: bool = True) -> Statements:
        """Follow every line once and return all that is stated; `mails`: one quoted without marks may be among them."""
        ballots = self.ballots
        headers: Container[int] = _quoted_mails(lines) if mails else ()
        self.stated.lines = lines
        outside = False  # what stands around our ballots: more of it says nothing more
        for place, line in enumerate(lines):
            if place in headers:
                ballots.mails += 1
                ballots.ours_since = outside = False
            depth, _, key, roles = line
            if ballots.ended and depth > ballots.ended and self.stated.behind:
                self.stated.behind.clear()  # an older mail is quoted beneath, which these lines announce
            if not outside or (key and roles != _OUTSIDE):
                if ballots.slot_text is not None and not ballots.continue_slot(line):
                    continue
                self._line(line)
                outside = roles == _OUTSIDE and not self.signed_slot
            self.line_before = line
        if ballots.slot_text is not None:
            ballots.close_slot(ended=False)
        self.stated.asides += self.stated.behind
        announced = self.stated.explicit.keys()
        self.stated.asides = [line for line in self.stated.asides if not _announces(line, announced)]
        return self.stated

    @property
    def before(self) -> str:
        """The words of the line before."""
        return self.line_before.text.rstrip() if self.line_before else ""

    def _line(self, line: Line) -> None:
        ballots = self.ballots
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
            ballots.blank_line()
            return
        slot = slot_line(line.text)
        signing, self.signing = self.signing, None
        if slot and slot[0] in ballots.places and (ballots.open or line.depth):
            self.pending = ""
            ballots.slot(line, *slot, before=self.before)
        elif self.signed_slot and (signature := SIGNATURE.match(line.text)):
            self._signature(line, signature["rest"])
        elif signing == line.depth and self._is_name(line):
            self._sign(line.depth, line.text)
        elif not ballots.marked(line):
            self._new(line)

    def _line_like_ours(self, line: Line) -> None:
        ballots = self.ballots
        signing, self.signing = self.signing, None
        if self.signed_slot and (signature := SIGNATURE.match(line.text)):
            self._signature(line, signature["rest"])
        elif _SIGNATURE in line.roles:
            self.signing = signing  # the hint to it, on a line of its own
        elif ballots.follow(line):
            ballots.seen_ours = ballots.ours_since = True
            self.pending = ""
        elif not ballots.marked(line):
            self._new(line)

    # Who signs a written resolution

    def _signature(self, line: Line, rest: str) -> None:
        """Note the name in 【表決者氏名】[ ... ]; our own line untouched is no name."""
        self.ballots.bound(line.key)
        self.ballots.current, self.ballots.current_id = None, ""
        self.pending = ""
        if line.roles:
            self.ballots.seen_ours = True
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
        self.stated.signed.append(((depth, self.ballots.count), name.strip(" \t\u3000")[:LONGEST_NAME]))

    # The member's own lines

    def _new(self, line: Line) -> None:
        ballots = self.ballots
        if ballots.count and begins_history(line.text[:LONGEST_LINE]):
            ballots.history += 1
        reference = REFERENCE.search(fold(line.text)) if "-" in line.key else None
        if reference and reference["reference"].casefold() not in self.references and self.references:
            if not ballots.open:
                ballots.begin("")
            ballots.foreign = self.stated.others = True
            return
        if self.pending and ends_text(line.text):
            self.pending = ""
        within = ballots.open and ballots.current is not None
        stated = self._named_answers(self._unquoted(line)) if not self.stated.overfull else []
        if not stated and not self.pending and self._is_at_top(line):
            stated = self._behind_a_sentence(line)
        self.named_left -= len(stated)
        self.stated.overfull = self.named_left < 0
        if stated and ballots.is_question_line(line, stated):
            return
        # In somebody else's mail, or below our own; either may be quoted without any marks.
        older = line.depth > 0 or ballots.mails > 1 or not ballots.ours_since
        if stated and self.before.endswith(("「", "『", '"')):
            return  # our own example 「Q1 2」, broken behind its bracket on the way
        behind = bool(stated) and ballots.enter_behind(line, stated)
        if stated and (within or not older or self._below_ours(line) or behind):
            if self._goes_on_about(stated):
                self._continue_explicit(line.text, self.pending)
            if len(stated) == 1 and (listed := _QUESTIONS_LISTED.match(line.text)):
                others = [f"Q{int(number)}" for number in re.findall("[0-9０-９]+", listed["others"])]
                self.stated.together[stated[0][0]] = others
            self._explicit(stated)
        elif stated:
            self.stated.quoted += [Quoted(*each, line.depth, ballots.mails) for each in stated]
        elif self._is_our_command(line, older=older or within):
            pass
        elif not older and not within and (command := command_of(line.text, self.commands)):
            if command not in self.stated.commands:
                self.stated.commands.append(command)
        elif self.pending and not older:
            self._continue_explicit(line.text, self.pending)
        elif within and ballots.damaged(line):
            ballots.seen_ours = True
        elif within:
            ballots.under(line)
        elif self._below_ours(line):
            self.stated.behind += [] if is_by_machine(line.text) else [line.text]
        elif line.depth == 0:
            self._aside(line, older=older)

    def _behind_a_sentence(self, line: Line) -> list[tuple[str, str]]:
        """Return the answers that follow a sentence on its line, if all are whole; the sentence stands beside them."""
        told = _SAID_FIRST.match(line.text)
        stated = self._named_answers(told["answers"]) if told else []
        for number, value in stated:
            question = question_of(self.survey, number)
            if question is None or not (question.type == "text" or is_answer(question, value)):
                return []
        clause = told["said"].rstrip("、,") if told else ""
        if (
            clause
            and not clause.endswith(("。", "！", "!"))
            and not stands_beside(tidy(clause), behind_sentence=True)
        ):
            return []
        if told and stated:
            self._aside(line._replace(text=told["said"]), older=False)
        return stated

    def _is_at_top(self, line: Line) -> bool:
        return not (line.depth or self.ballots.mails or self.ballots.seen_ours)

    def _unquoted(self, line: Line) -> str:
        """Return a line at the top without the quotation marks around the whole of it, which are copied with our example 「Q1 2」."""
        if not self._is_at_top(line) or self.before[-1:] not in {"", "。", "」", "、"}:
            return line.text
        whole = _QUOTED_WHOLE.fullmatch(line.text)
        return whole["said"] if whole else line.text

    def _named_answers(self, text: str) -> list[tuple[str, str]]:
        """Return what a line answers by naming the questions, in a resolution also all of them in one sentence."""
        if self.signed_slot and self.in_words < MOST_IN_WORDS and speaks_of_votes(text):
            self.in_words += 1
            if votes := voted_in_words(self.survey, text, self.known):
                self.stated.in_words = True
                return votes
            votes, behind = voted_in_the_first_sentences(self.survey, text, self.known)
            if votes:
                self.stated.in_words = True
                self.stated.asides.append(behind)
                self.stated.top.append(behind)
                return votes
        return explicit_answers(self.survey, text)

    def _aside(self, line: Line, *, older: bool) -> None:
        """Keep a line of the member's own that answers nothing; the second line of Shuriken's attribution is not his own."""
        if is_by_machine(line.text) or (_RECEIVED_FROM.search(self.before) and _IN_REPLY_TO.match(line.text)):
            return
        self.stated.asides.append(line.text)
        if older:
            pass  # a colleague's 「2です」 in a mail that was quoted without marks
        elif not self.ballots.seen_ours:
            self.stated.top.append(line.text)
        elif self.ballots.ended:
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
        if older or not self.ballots.seen_ours or command_of(line.text, self.commands) is None:
            return False
        before = line_key(self.before)[-6:]
        return bool(before) and self.known.holds(before + line.key)

    def _goes_on_with(self, named: str, text: str) -> bool:
        """Take the line right below an answer into it where it belongs there: more options, or the rest of the sentence."""
        question, values = self.survey.question(named), self.stated.explicit[named]
        if question.type in {"number", "date"} or self.ballots.mails or len(text) > _LONGEST_MORE:
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
        if question.type != "multi" or not (own and copied) or self.ballots.mails:
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

    def _below_ours(self, line: Line) -> bool:
        """Say whether a line stands below our own quoted mail, and as deep as that.

        Outlook marks no lines: all below its thin line is one level deep, what a member types at the very end too.
        Our mails quote nothing, so that no older mail can follow one at its own depth.
        """
        return self.ballots.ended == line.depth and self.ballots.mails <= 1 and not self.ballots.foreign

    def _explicit(self, stated: list[tuple[str, str]]) -> None:
        self.stated.foreign = self.stated.foreign or (self.ballots.open and self.ballots.foreign)
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
