"""What a survey is: its questions, the values that answers take, and the votes that count (ballot.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from mailbot.core.frozen import frozen
from mailbot.core.members.audience import Selector
from mailbot.core.office.lateness import Lateness

QuestionType = Literal["single", "multi", "yesno", "number", "date", "text", "rating"]
Mode = Literal["named", "aggregate", "sealed"]

# single, multi, rating: the chosen option numbers as printed, ("2",) or ("1", "3"); yesno: "yes", "no" or "abstain";
# number: a plain decimal string; date: "YYYY-MM-DD"; text: the member's own words; None: no answer.
Answer = tuple[str, ...] | str | None
Answers = Mapping[str, Answer]  # question id -> answer; a question that is absent was not touched


@dataclass(frozen=True)
class Question:
    """One question of a survey."""

    id: str  # Q1, Q2, ... in order
    text: str
    type: QuestionType
    options: tuple[str, ...] = ()  # labels; option n is printed as "n."; rating: 1..5 by default
    required: bool = False
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()  # asked only if each (question, option numbers) holds

    def __hash__(self) -> int:
        """Return a hash of its words alone: answers kept as read look it up thirty times for each reply (15 us)."""
        return hash((self.id, self.text))


@dataclass(frozen=True)
class Reminder:
    """When those who have not answered are reminded; either a written time or one relative to the close."""

    at: datetime | None = None
    business_days_before_close: int | None = None
    time: str = "09:00"  # HH:MM for the relative form


# Of what a share is taken: all entitled bodies; those present (that voted or gave a proxy); the votes cast, abstentions
# included; the votes for and against alone.
Denominator = Literal["electorate", "present", "votes", "yes_and_no"]


@dataclass(frozen=True)
class Share:
    """A quorum or a threshold: so much of a stated whole, never rounded (ballot.md section 3)."""

    numerator: int
    denominator: int
    of: Denominator
    more_than: bool  # True: 過半数, strictly more; False: 以上, at least

    @property
    def part(self) -> Fraction:
        """Return the share as an exact fraction."""
        return Fraction(self.numerator, self.denominator)


@dataclass(frozen=True)
class Article:
    """One row of the comparison table 新旧対照表; an empty side is an article added or deleted."""

    name: str  # 第5条（役員）
    old: str  # 現行
    new: str  # 改正


@dataclass(frozen=True)
class Resolution:
    """What makes a survey a written resolution 書面表決: who is entitled, and when its motions are carried."""

    base_date: date  # 基準日: the electorate is the register's at the beginning of this day
    by_law: str  # the article under which written voting is held, quoted in the ballot and in the minutes; "": not named
    quorum: Share
    thresholds: tuple[Share, ...]  # each must be reached, each with its own denominator
    comparison: tuple[Article, ...] = ()
    # Code of the body to which 議長一任 gives its vote; "": such proxies count for the quorum alone
    chair: str = ""
    deemed: str = ""  # the by-law article under which silence is consent; "": silence is never a vote


@dataclass(frozen=True)
class Survey:
    """One survey as the secretariat defined it. Times are aware, in the configured zone."""

    key: str  # S26-014
    title: str
    audience: Selector
    opens: datetime
    closes: datetime
    questions: tuple[Question, ...]
    reminders: tuple[Reminder, ...] = ()
    mode: Mode = "aggregate"
    publish_to: Literal["audience", "office", "nobody"] = "audience"
    purpose: str = ""  # 【調査の趣旨】, free lines
    contact: str = ""  # 【お問い合わせ】, free lines
    publish_at: Literal["close", "hand"] = "close"  # hand: `surveys publish` is the only switch
    unit: Literal["body", "person"] = "body"  # whose vote is one: each body's, or each selected contact's
    previous: str = ""  # key of the survey (last year's) whose questions of the same id are compared
    approvers: tuple[str, ...] = ()  # addresses; it opens only once one of them has replied 承認 to the draft
    # When block representatives get the missing bodies of their prefecture
    follow_ups: tuple[Reminder, ...] = ()
    follow_up_tag: str = "block"  # the tag of those representatives in the register
    resolution: Resolution | None = None
    late: Lateness | None = None  # how late its opening and its reminders may go out; None: as usual
    # Its mails say that 「様式」 brings a spreadsheet to fill in; gateways often take files away
    form: bool = False

    def __hash__(self) -> int:
        """Return a hash of its key alone: what is kept for a survey is looked up several times for each reply."""
        return hash(self.key)

    def question(self, question_id: str) -> Question:
        """Return the question with this id (KeyError if there is none)."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)


@dataclass(frozen=True)
class Problem:
    """Something in a reply that was not understood; its text is a sentence for the member."""

    question: str | None  # None: the reply as a whole
    kind: str  # a short code: "out-of-range", "two-choices", "garbled", ...
    text: str
    # What may have been meant ("13": 1 and 3); it counts only after the member's はい
    suggested: tuple[str, ...] = ()
    written: str = ""  # what was written, for its author's receipt alone: it is not stored


# approve 承認, replace 差替, keep そのまま: the primary's word on a reply of his body that is held (ballot.md 10, 11);
# proxy 委任: to whom stands in the detail; form 様式: the ballot again, with the form attached.
Command = Literal[
    "withdraw", "resend", "decline", "contact", "help", "approve", "replace", "keep", "proxy", "form"
]


@frozen
class Reading:
    """What one reply says, before anyone decides whether it counts (ballot.md sections 6 to 8)."""

    # Only what this reply states; None: a filled slot was emptied
    answers: Answers = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)  # words after a clear choice
    # Sentences of the member's own beside the answers, which say nothing that the reader knows
    beside: str = ""
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # "approximate" (約), "year-assumed" (a date without its year), "read" (from deleted option lines: confirm it)
    problems: tuple[Problem, ...] = ()
    command: Command | None = None
    detail: str = ""  # what follows the command on its line (担当変更: the new person and address)
    # A reason (short code, reply.HOLDS) why nothing of this reply may count without a person
    hold: str | None = None
    signed: str = ""  # 【表決者氏名】 as the member filled it in
    written: str = ""  # words of its author which are the reason for the hold, for the receipt alone
    ask: bool = False  # a held reply whose sender is asked again (H) rather than left to the office (D)
