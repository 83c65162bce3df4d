"""What a reply states, before it is weighed: slots of our quoted ballots, answers that name their question, and the rest (ballot.md 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mailbot.core.reading.text.reply_lines import Line, Mark
from mailbot.core.surveys.survey import Command


@dataclass
class Slot:
    """One slot of one quoted ballot, and what stands around it."""

    place: tuple[int, int]  # (quote depth, which ballot in the mail): the smallest is the member's own
    edition: str = ""
    mail: int = 0  # in which of the mails that are quoted without marks it stands
    history: int = 0  # how many earlier mails begin above it, behind the first ballot
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
    overfull: bool = False  # more answers name their question than anybody writes
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
