"""The automatic mails: each is a template of templates/mail, cooked once with a field for what is each recipient's own.

A cooked mail is what leaves: CRLF, UTF-8 as 8bit, one plain text part, and for an event a calendar file beside
it (RFC 5322, 2045, 3834; ballot.md section 1). The rules of that section for lines hold for every body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as field_of
from datetime import datetime, tzinfo
from email.utils import format_datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mailbot import log
from mailbot.core.address import valid_address
from mailbot.core.ballot import answer_words, ballot_lines, how_to_lines, wrap_safely
from mailbot.core.calendar import Language, date_words, moment_words, receipt_words, short_words
from mailbot.core.cross_table import group_words
from mailbot.core.desk import harmless
from mailbot.core.desk_sentences import STATES, act_name, mail_name
from mailbot.core.enclosure import Enclosed, enclose
from mailbot.core.event import Change, Event, Rsvp, begins, rsvp_deadline, rsvp_form, time_words
from mailbot.core.header import clean, encode_address, encode_phrase, header_line, is_clean
from mailbot.core.letter import (
    MARK,
    PLAIN,
    AttachedFile,
    UndatedLetter,
    calendar_file,
    check_letter,
    letter_address,
    raw_field,
    thread_fields,
    with_file,
    workbook_file,
)
from mailbot.core.mailing import field
from mailbot.core.receipt_words import asked_back, problem_lines, reading_notes, sentence
from mailbot.core.report import Report, percent
from mailbot.core.resolution import Outcome
from mailbot.core.result_words import RESULT_WORDS, own_result_words, result_words
from mailbot.core.seal import Seal
from mailbot.core.survey import Answers, Problem, Survey
from mailbot.core.tally import ANSWERED, counted_in
from mailbot.core.two_persons import COMMAND_LINE, Act, ActState
from mailbot.core.voting_paper import comparison_lines, outcome_lines, paper_lines, text_digest
from mailbot.core.wrap import COLUMNS, wrap
from mailbot.ics import event_ics

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

# A resolution's mails are other templates with the same occasions.
_OF_A_RESOLUTION = {
    "invitation": "resolution_invitation",
    "reminder": "resolution_reminder",
    "fresh_ballot": "resolution_ballot",
    "vote_receipt": "resolution_receipt",
}

_AROUND_MARKS = re.compile(f"({MARK.pattern})")
_LONGEST_VALUE = 120  # characters of one recipient's own value
_RECEIPTS_KEPT = 256
_LONGEST_KEPT = 20_000  # octets of a receipt

# None begins with the question: such a line would read as an answer.
_BY_COMMAND: dict[Language, str] = {
    "ja": "事務局（コンピューターの指示による）",
    "en": "the office, at its computer",
}

Auto = Literal["auto-generated", "auto-replied"]
ReceiptStatus = Literal[
    "counted", "partial", "held", "desk", "frozen", "late", "withdrawn", "declined", "untouched"
]


@dataclass(frozen=True)
class Letterhead:
    """Who writes."""

    association: str  # ○○協議会
    office: str  # jimukyoku@example.jp
    reply_domain: str  # kaitou.example.jp
    zone: tzinfo


@dataclass(frozen=True)
class Recipient:
    """What of a mail is one recipient's own; by default a field that is filled in at delivery."""

    address: str = field("address")
    greeting: str = field("greeting")  # ○○市 情報政策課 山田様
    reference: str = field("reference")  # S26-014-132012, without the word 受付番号
    code: str = field("code")  # the body's
    token: str = field("token")
    own: str = field("own")  # in a result: lines with CRLF between them, as `Renderer.own_result` makes them


EACH = Recipient()


@dataclass(frozen=True)
class Thread:
    """The mail that is answered, as its headers said."""

    message_id: str  # with angle brackets; "" if it had none
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class VoteReceipt:
    """What became of one reply to a survey."""

    status: ReceiptStatus
    at: datetime  # aware; when the reply arrived
    version: int  # the body's accepted replies so far
    edition: int  # printed on the ballot in this receipt
    answers: Answers  # what stands for the body now
    problems: tuple[Problem, ...] = ()
    reason: str = ""  # held or desk: why, in a sentence for the member
    remarks: Mapping[str, str] = field_of(default_factory=dict)  # of this reply (survey.Reading)
    flags: Mapping[str, tuple[str, ...]] = field_of(default_factory=dict)  # of this reply (survey.Reading)
    ask: bool = True  # False: it was asked back often enough, the office asks from now on
    others: int = 0  # members and lists that the reply went to as well (Reply All)
    seal: Seal | None = None  # of a sealed survey: how its voter finds the own line in the published list
    proxy_ended: bool = False  # of a resolution: the reply ended the proxy that its body had given


@dataclass(frozen=True)
class RsvpReceipt:
    """What became of one reply to an event."""

    rsvp: Rsvp
    at: datetime  # aware
    version: int
    edition: int
    answers: Answers
    problems: tuple[Problem, ...] = ()
    joining: str = ""  # how to join, once those who attend were told
    late: bool = False  # after the deadline: stored, not counted
    past: bool = False  # after the deadline and taken, for it asks for no more seats
    before: Rsvp | None = None  # late: what counts of the body all the same


@dataclass(frozen=True)
class Minutes:
    """What the minutes of a resolution say beside its outcome."""

    opened_at: datetime
    closed_at: datetime
    proxies: tuple[tuple[str, str, datetime], ...]  # giver, holder, when it was recorded
    silent: tuple[str, ...]  # names of the bodies without a vote
    held: int  # bodies with a reply that waits for a person
    late: int  # bodies whose reply came after the close
    chair: str  # name of the chair's body; "": none was named
    ledger_rows: int
    ledger_chain: str  # sha256, the head of the ledger


@dataclass(frozen=True)
class HeldMail:
    """A mail that waits for the office."""

    number: str  # its id, as `mailbot held accept` takes it
    sender: str
    subject: str
    about: str  # the key of the survey or event, or the address that it was sent to
    reason: str  # a sentence
    takes: Literal["answers", "accept", "neither"] = "neither"  # how the office can let it act
    words: tuple[str, ...] = ()  # what its writer wrote
    attachments: tuple[str, ...] = ()  # names of files
    answers: tuple[str, ...] = ()  # how it was read: Q1 1 賛成
    until: datetime | None = None  # a post to a list: when it is given up
    reasons: tuple[str, ...] = ()  # ... and the list's sentences for a refusal


@dataclass(frozen=True)
class CommandLine:
    """One line of a reply by which the office commands, and what became of it."""

    line: str  # as it was written
    sentence: str
    hints: tuple[str, ...] = ()  # how to take it back, and what else is to be known


@dataclass(frozen=True)
class ActMail:
    """An act that waits for a second person, with all that he must know to decide."""

    act: Act
    survey: Survey
    digest: str  # stands for exactly this survey
    asked_by: str
    until: datetime  # when the act is given up
    by_plan: bool = False  # an opening: not at once, but by its plan
    bodies: int = 0  # to how many it goes; the bodies that are asked
    answered: int = 0  # so far
    closes: datetime | None = None  # an extension: the new close
    held: str = ""  # admitted: which mail, or whose answer
    words: tuple[str, ...] = ()  # admitted: what will stand for the body
    reply: tuple[str, ...] = ()  # admitted: what the held reply's writer wrote
    attachments: tuple[str, ...] = ()  # admitted: its files' names
    text: tuple[str, ...] = ()  # the whole text that goes out
    plan: tuple[datetime, ...] = ()  # its reminders


@dataclass(frozen=True)
class ReportItem:
    """One thing that the office must know."""

    what: str  # P-0012 S26-014の再度のお願い
    sentence: str
    commands: tuple[str, ...] = ()  # what may be written in reply, each on a line of its own, with its use


def recipient_values(recipient: Recipient, delivery: str) -> dict[str, bytes]:
    """Return the values of the fields in one recipient's copy, for `core.mailing.fill`.

    What the register says is cleaned, so that it can neither end a line nor begin a header of its own. Raises
    ValueError when the address is none.
    """
    if not valid_address(recipient.address):
        raise ValueError(f"{recipient.address!r} is not a mail address")
    values = {
        "address": recipient.address,
        "greeting": _safe_line(clean(recipient.greeting[:_LONGEST_VALUE])),
        "reference": clean(recipient.reference[:_LONGEST_VALUE]),
        "code": clean(recipient.code),
        "token": clean(recipient.token),
        "delivery": clean(delivery),
        "own": "\r\n".join(_safe_line(clean(line)) for line in recipient.own.split("\r\n")),
    }
    return {name: value.encode() for name, value in values.items()}


class Renderer:
    """Cooks each automatic mail from its template, in one language, under one letterhead."""

    def __init__(
        self, templates: Path, language: Language, letterhead: Letterhead, own: Path | None = None
    ) -> None:
        """Read templates from `templates`/mail/`language`; each is read when it is first used.

        `own`: a folder of the same form whose templates stand in for those of the same name (own_templates.py).
        """
        self._language = language
        self._letterhead = letterhead
        self._zone = letterhead.zone
        self._receipts: dict[Hashable, UndatedLetter] = {}
        self._own = own
        self._folder = templates

    @cached_property
    def _ours(self) -> ImmutableSandboxedEnvironment:
        """The templates of the program."""
        return _environment(self._folder / "mail" / self._language)

    @cached_property
    def _templates(self) -> ImmutableSandboxedEnvironment:
        """The association's own templates, and the program's where it has none."""
        if self._own is None or not self._own.is_dir():
            return self._ours
        return _environment(*(folder / "mail" / self._language for folder in (self._own, self._folder)))

    # --- surveys ---

    def invitation(
        self,
        survey: Survey,
        *,
        now: datetime,
        to: Recipient = EACH,
        edition: int = 1,
        late_since: datetime | None = None,
        columns: int = COLUMNS,
        quotes: bool = True,
    ) -> bytes:
        """Cook the ballot that opens a survey. `late_since` is when it should have gone out (promises.md I22).

        `columns` is how wide its lines are, and `quotes` whether a reply quotes us: see core/gateway.py.
        """
        body = self._survey_text(
            *("invitation", survey, to, edition),
            columns=columns,
            quotes=quotes,
            late_since=self._late(late_since),
        )
        return self._cook(body, survey.key, to, now)

    def reminder(
        self,
        survey: Survey,
        *,
        now: datetime,
        to: Recipient = EACH,
        edition: int = 1,
        late_since: datetime | None = None,
        columns: int = COLUMNS,
        quotes: bool = True,
    ) -> bytes:
        """Cook the reminder for those who have not answered; it is a whole ballot again."""
        body = self._survey_text(
            *("reminder", survey, to, edition),
            columns=columns,
            quotes=quotes,
            late_since=self._late(late_since),
        )
        return self._cook(body, survey.key, to, now)

    def vote_receipt(
        self,
        survey: Survey,
        receipt: VoteReceipt,
        *,
        thread: Thread | None,
        now: datetime,
        to: Recipient = EACH,
        columns: int = COLUMNS,
        quotes: bool = True,
        trial: bool = False,
    ) -> bytes:
        """Cook the acknowledgement of a reply, which is the next ballot (ballot.md section 4).

        What was not understood stands first, and then only those questions are asked again. A `trial` says that
        nothing of it counts.
        """
        at = self._receipt_time(receipt.at)
        key = (survey, at, to, columns, quotes, trial, *_all_but_the_time(receipt))
        cooked = self._receipts.get(key)
        if cooked is None:
            text = self._receipt_text(survey, receipt, at, to, columns, quotes=quotes, trial=trial)
            cooked = self._cook_undated(text, survey.key, to)
            self._keep(key, cooked)
        return self._dated(cooked, now, thread)

    def _keep(self, key: Hashable, cooked: UndatedLetter) -> None:
        """Keep a receipt: most bodies of a survey give one of a few answers, many of them in the same minute."""
        if len(self._receipts) >= _RECEIPTS_KEPT:
            self._receipts.clear()
        if len(cooked.rest) <= _LONGEST_KEPT:
            self._receipts[key] = cooked

    def _receipt_text(
        self,
        survey: Survey,
        receipt: VoteReceipt,
        at: str,
        to: Recipient,
        columns: int,
        *,
        quotes: bool,
        trial: bool,
    ) -> list[str]:
        asked = asked_back(survey.questions, receipt.problems) if receipt.status == "partial" else None
        return self._survey_text(
            "trial_receipt" if trial else "vote_receipt",
            survey,
            to,
            receipt.edition,
            columns=columns,
            quotes=quotes,
            answers=receipt.answers,
            only=asked,
            status=receipt.status,
            version=receipt.version,
            at=at,
            problems=problem_lines(survey, receipt.problems, self._language),
            reason=sentence(receipt.reason, self._language),
            notes=reading_notes(survey, receipt.answers, receipt.flags, receipt.remarks, self._language),
            ask=receipt.ask,
            blank=all(problem.kind == "required" for problem in receipt.problems),
            others=receipt.others,
            seal=receipt.seal,
            proxy_ended=receipt.proxy_ended,
            understood=self._understood(survey, receipt.answers, without=asked) if asked else (),
        )

    def primary_asked(
        self,
        survey: Survey,
        *,
        author: str,
        at: datetime,
        read: Answers,
        withdraws: bool,
        reason: str,
        stands: Answers,
        edition: int,
        now: datetime,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the question to a primary about a reply that may not count by itself (ballot.md sections 10 and 11).

        `read`: what the reply says; `withdraws`: it takes the answer back or declines; `stands`: what counts now.
        """
        body = self._survey_text(
            "primary_asked",
            survey,
            to,
            edition,
            answers=stands,
            author=clean(author),
            at=self._receipt_time(at),
            reason=sentence(reason, self._language),
            read=self._understood(survey, read, without=()),
            withdraws=withdraws,
            stands=bool(stands),
        )
        return self._cook(body, survey.key, to, now)

    def reply_rejected(
        self,
        about: Survey | Event,
        *,
        author: str,
        at: datetime,
        reason: str,
        answers: Answers,
        version: int,
        is_open: bool,
        thread: Thread,
        now: datetime,
        to: Recipient = EACH,
        columns: int = COLUMNS,
    ) -> bytes:
        """Cook the news that the office does not accept a held reply, and why; with the ballot again while `is_open`.

        `answers`, `version`: what counts now; version 0: nothing does.
        """
        survey = about if isinstance(about, Survey) else rsvp_form(about, self._language)
        if isinstance(about, Event):
            survey = replace(survey, closes=rsvp_deadline(about, self._zone))
        body = self._survey_text(
            *("reply_rejected", survey, to, version + 1),
            columns=columns,
            answers=answers,
            author=clean(author),
            at=self._receipt_time(at),
            reason=sentence(clean(reason), self._language),
            version=version,
            is_open=is_open,
        )
        return self._cook(body, survey.key, to, now, thread=thread, answerable=is_open)

    def extension(
        self,
        survey: Survey,
        before: datetime,
        *,
        now: datetime,
        to: Recipient = EACH,
        edition: int = 1,
        columns: int = COLUMNS,
        quotes: bool = True,
    ) -> bytes:
        """Cook the news that the close has moved, from `before`, with the whole ballot beneath."""
        body = self._survey_text(
            *("extension", survey, to, edition),
            columns=columns,
            quotes=quotes,
            before=self._moment(before),
            sooner=survey.closes < before,
        )
        return self._cook(body, survey.key, to, now)

    def follow_up(
        self,
        survey: Survey,
        prefecture: str,
        names: tuple[str, ...],
        *,
        now: datetime,
        to: Recipient = EACH,
        late_since: datetime | None = None,
    ) -> bytes:
        """Cook the list of a prefecture's missing bodies (code and name) for its block representative."""
        body = self._text(
            "follow_up",
            survey=survey,
            matter=self._matter(survey),
            greeting=self._greeting(to),
            prefecture=clean(prefecture),
            names=[clean(name) for name in names],
            closes=self._moment(survey.closes),
            closes_short=self._short(survey.closes),
            at=self._receipt_time(now),
            office=self._contact(survey),
            late_since=self._late(late_since),
        )
        return self._cook(body, survey.key, to, now, answerable=False)

    def fresh_ballot(
        self,
        survey: Survey,
        *,
        now: datetime,
        answers: Answers | None = None,
        edition: int = 1,
        thread: Thread | None = None,
        to: Recipient = EACH,
        columns: int = COLUMNS,
        quotes: bool = True,
        form: bytes | None = None,
    ) -> bytes:
        """Cook a ballot sent again, on 「再送」 or to the registered address of one who wrote without a token.

        `form`: the survey's spreadsheet, which goes with it.
        """
        body = self._survey_text(
            *("fresh_ballot", survey, to, edition),
            columns=columns,
            quotes=quotes,
            answers=answers or {},
            with_form=form is not None,
        )
        return self._cook(body, survey.key, to, now, thread=thread, form=form)

    def trial(
        self,
        survey: Survey,
        *,
        now: datetime,
        to: Recipient = EACH,
        columns: int = COLUMNS,
        quotes: bool = True,
        thread: Thread | None = None,
        form: bytes | None = None,
    ) -> bytes:
        """Cook a trial ballot 練習投票: the survey as it will be, and nothing of what comes back counts."""
        body = self._survey_text("trial", survey, to, 1, columns=columns, quotes=quotes)
        return self._cook(body, survey.key, to, now, thread=thread, form=form)

    # --- the round-trip probe ---

    def probe(self, name: str, lines: tuple[str, ...], *, now: datetime, to: Recipient = EACH) -> bytes:
        """Cook the mail that shows what a gateway does to ours; `lines` are those of core/gateway.py, as they are."""
        body = self._text(
            "probe", name=name, greeting=self._greeting(to), lines=lines, office=self._office_line()
        )
        return self._cook(body, name, to, now)

    def probe_thanks(self, name: str, *, thread: Thread, now: datetime, to: Recipient = EACH) -> bytes:
        """Cook the thanks for a returned probe."""
        body = self._text("probe_thanks", name=name, greeting=self._greeting(to), office=self._office_line())
        return self._cook(body, name, to, now, thread=thread, answerable=False)

    def survey_closed_reply(
        self, survey: Survey, *, thread: Thread, now: datetime, to: Recipient = EACH
    ) -> bytes:
        """Cook the answer to a reply to an old survey, of which nothing is counted (ballot.md section 8)."""
        body = self._text(
            "survey_closed_reply" if survey.resolution is None else "resolution_closed_reply",
            survey=survey,
            greeting=self._greeting(to),
            closes=self._moment(survey.closes),
            office=self._contact(survey),
        )
        return self._cook(body, survey.key, to, now, thread=thread)

    def result(
        self, report: Report, *, now: datetime, to: Recipient = EACH, late_since: datetime | None = None
    ) -> bytes:
        """Cook the result: counts, base, response rate, bars, and what it was the time before.

        No body is named in it; what each recipient's own body answered, and its kind's table, is the field `own`.
        """
        survey, words = report.survey, RESULT_WORDS[self._language]
        body = self._text(
            "result",
            survey=survey,
            greeting=self._greeting(to),
            closes=self._moment(survey.closes),
            unit=words[survey.unit],
            invited=report.electorate,
            answered=report.answered,
            rate=percent(report.answered, report.electorate),
            undeliverable=report.undeliverable,
            earlier=report.earlier,
            questions=[result_words(each, self._language) for each in report.questions],
            own=to.own,
            office=self._contact(survey),
            late_since=self._late(late_since),
        )
        return self._cook(body, survey.key, to, now, answerable=False)

    def own_result(self, report: Report) -> Callable[[str, Answers | None], str]:
        """Return the maker of the field `own`: from a body's kind (register.KINDS; "": the office) and its counted answers.

        Its lines fit a mail and have CRLF between them; where the report has no tables, it says so. Each question's
        lines are made once for all bodies of a kind with the same answer.
        """
        table = report.table("kind")
        groups = {group.name: group for group in table.groups} if table else {}
        survey, unit = report.survey, RESULT_WORDS[self._language][report.survey.unit]

        @cache
        def head(kind: str, own_place: bool) -> list[str]:
            group = groups[kind]
            printed = [count for counts in group.counts.values() for count in counts.values()]
            return self._text(
                "_result_own",
                kind=group_words(kind, self._language),
                own_place=own_place,
                unit=unit,
                invited=group.electorate,
                answered=group.answered,
                rate=percent(group.answered, group.electorate),
                withheld=None in printed,
            )

        @cache
        def question_lines(kind: str, place: int, columns: tuple[str, ...], said: str) -> list[str]:
            words = own_result_words(
                report.questions[place], groups[kind], columns, said, survey.unit, self._language
            )
            return self._text("_result_own_question", question=words)[:-1]

        def make(kind: str, answers: Answers | None) -> str:
            if not kind and groups:
                return RESULT_WORDS[self._language]["for_office"]
            if kind not in groups:
                return RESULT_WORDS[self._language]["unjoinable"]
            lines = [*head(kind, answers is not None)[:-1]]  # each question begins with a blank line
            for place, each in enumerate(report.questions):
                columns = () if answers is None else counted_in(survey, each.question, answers)
                free = each.question.type in {"number", "date"} and columns == (ANSWERED,)
                said = answer_words(each.question, (answers or {}).get(each.question.id), self._language)
                lines += question_lines(kind, place, columns, said if free else "")
            return "\r\n".join(lines).rstrip("\r\n")

        return make

    # --- resolutions ---

    def proxy_receipt(
        self,
        survey: Survey,
        sentence: str,
        *,
        recorded: bool,
        at: datetime,
        edition: int,
        thread: Thread,
        now: datetime,
        to: Recipient = EACH,
        columns: int = COLUMNS,
        quotes: bool = True,
    ) -> bytes:
        """Cook the answer to a proxy: the sentence of `record_proxy` or of its refusal, and the ballot again."""
        body = self._survey_text(
            *("proxy_receipt", survey, to, edition),
            columns=columns,
            quotes=quotes,
            sentence=clean(sentence),
            recorded=recorded,
            at=self._receipt_time(at),
        )
        return self._cook(body, survey.key, to, now, thread=thread)

    def resolution_result(
        self,
        survey: Survey,
        outcome: Outcome,
        *,
        now: datetime,
        to: Recipient = EACH,
        late_since: datetime | None = None,
    ) -> bytes:
        """Cook the result of a resolution: who took part, the quorum, each motion with its votes and requirements."""
        body = self._text(
            "resolution_result",
            survey=survey,
            greeting=self._greeting(to),
            closes=self._moment(survey.closes),
            paper=self._lines(paper_lines(survey, self._language)),
            outcome=self._lines(outcome_lines(outcome, self._language)),
            office=self._contact(survey),
            late_since=self._late(late_since),
        )
        return self._cook(body, survey.key, to, now, answerable=False)

    def minutes(self, survey: Survey, outcome: Outcome, minutes: Minutes) -> str:
        """Return the draft minutes 議事録（案） of a closed resolution as plain text, its heading on the first line."""
        resolution = survey.resolution
        assert resolution is not None, "only a resolution has minutes"
        lines = self._text(
            "minutes",
            survey=survey,
            association=clean(self._letterhead.association),
            opened=self._moment(minutes.opened_at),
            closed=self._moment(minutes.closed_at),
            base_date=date_words(resolution.base_date, self._language),
            by_law=resolution.by_law,
            deemed=resolution.deemed if outcome.deemed else "",
            digest=text_digest(survey),
            comparison=self._lines(comparison_lines(resolution, self._language)),
            outcome=self._lines(outcome_lines(outcome, self._language)),
            proxies=[
                {"giver": clean(giver), "holder": clean(holder), "at": self._moment(at)}
                for giver, holder, at in minutes.proxies
            ],
            silent=[clean(name) for name in minutes.silent],
            held=minutes.held,
            late=minutes.late,
            chair=clean(minutes.chair),
            ledger_rows=minutes.ledger_rows,
            ledger_chain=[minutes.ledger_chain[:32], minutes.ledger_chain[32:]],
        )
        return "\n".join(lines).rstrip("\n") + "\n"

    # --- events ---

    def event_notice(
        self,
        event: Event,
        *,
        sequence: int,
        now: datetime,
        to_whom: Literal["audience", "attending", "unanswered"] = "audience",
        answers: Answers | None = None,
        edition: int = 1,
        late_since: datetime | None = None,
        thread: Thread | None = None,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook a notice of an event, complete in plain text, with its calendar file beside it.

        `to_whom`: to those who come it asks nothing new, those who have not answered it asks again. With a thread (and the body's answers)
        it is the form sent again on 「再送」.
        """
        body = self._event_text(
            "event_notice",
            event,
            to,
            now,
            edition,
            answers=answers,
            attending=to_whom == "attending",
            unanswered=to_whom == "unanswered",
            late_since=self._late(late_since),
        )
        return self._cook(body, event.key, to, now, thread=thread, ics=self._ics(event, sequence, now))

    def event_joining(
        self, event: Event, *, now: datetime, late_since: datetime | None = None, to: Recipient = EACH
    ) -> bytes:
        """Cook what those who attend need to join from afar."""
        joining = [clean(line) for line in event.joining.splitlines()]
        body = self._event_text(
            "event_joining", event, to, now, 1, joining=joining, late_since=self._late(late_since)
        )
        return self._cook(body, event.key, to, now)

    def event_change(
        self,
        event: Event,
        changes: tuple[Change, ...],
        *,
        sequence: int,
        now: datetime,
        edition: int = 1,
        reminded: bool = False,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the notice that something about an event has changed; `reminded`: a notice of its old day is out."""
        body = self._event_text("event_change", event, to, now, edition, changes=changes, reminded=reminded)
        return self._cook(body, event.key, to, now, ics=self._ics(event, sequence, now))

    def event_cancelled(
        self,
        event: Event,
        *,
        sequence: int,
        now: datetime,
        thread: Thread | None = None,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the news that an event is not held; with a thread, the answer to an RSVP that came all the same."""
        body = self._event_text("event_cancelled", event, to, now, 1, answered=thread is not None)
        ics = None if thread else self._ics(event, sequence, now)
        return self._cook(body, event.key, to, now, thread=thread, ics=ics, answerable=False)

    def rsvp_receipt(
        self,
        event: Event,
        receipt: RsvpReceipt,
        *,
        thread: Thread | None,
        now: datetime,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the acknowledgement of an RSVP; without a thread, the news that a waiting body got its seats."""
        body = self._event_text(
            "rsvp_receipt",
            event,
            to,
            now,
            receipt.edition,
            answers=receipt.answers,
            status="late" if receipt.late else receipt.rsvp.status,
            people=receipt.rsvp.people,
            names=tuple(clean(name) for name in receipt.rsvp.names),
            joining=[clean(line) for line in receipt.joining.splitlines()],
            version=receipt.version,
            at=self._receipt_time(receipt.at),
            problems=problem_lines(rsvp_form(event, self._language), receipt.problems, self._language),
            answered=thread is not None,
            past=receipt.past,
            before=receipt.before,
        )
        return self._cook(body, event.key, to, now, thread=thread)

    def seat_offer(
        self,
        event: Event,
        *,
        people: int,
        until: datetime,
        over: bool,
        edition: int,
        answers: Answers,
        now: datetime,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the offer of seats that became free, until a moment; `over`: the news that it was not taken up."""
        body = self._event_text(
            "seat_offer",
            event,
            to,
            now,
            edition,
            answers=answers,
            people=people,
            offered_until=self._moment(until),
            offered_short=self._short(until),
            over=over,
        )
        return self._cook(body, event.key, to, now)

    def calendar_answer(
        self, event: Event, *, known: bool, thread: Thread, now: datetime, to: Recipient = EACH
    ) -> bytes:
        """Cook the answer to a calendar's mail that is no RSVP: another time proposed, or (not `known`) another entry."""
        body = self._event_text("calendar_answer", event, to, now, 1, known=known)
        return self._cook(body, event.key, to, now, thread=thread)

    # --- the office, and authors of posts ---

    def office_held(self, held: HeldMail, *, now: datetime, to: Recipient = EACH) -> bytes:
        """Cook the news for the office that a mail waits for its decision, and how to decide."""
        body = self._text(
            "office_held",
            number=held.number,
            mail=mail_name(int(held.number)),
            sender=clean(held.sender),
            subject=clean(held.subject),
            about=clean(held.about),
            reason=clean(held.reason),
            takes=held.takes,
            words=_shown(held.words),
            attachments=_shown(held.attachments),
            answers=_shown(held.answers),
            until="" if held.until is None else self._moment(held.until),
            reasons=[clean(reason) for reason in held.reasons],
        )
        return self._cook_for_office(body, now, to)

    def ledger_head(
        self, survey: Survey, *, rows: int, head: str, now: datetime, to: Recipient = EACH
    ) -> bytes:
        """Cook the day's mail to the witnesses: where the ledger of a survey ends."""
        text = self._text("ledger_head", survey=survey, rows=rows, head=head, day=self._receipt_time(now))
        return self._assemble(
            text,
            to=to.address,
            reply_to=self._office_reply(),
            message_id=f"<ledger.{field('delivery')}@{self._letterhead.reply_domain}>",
            now=now,
        )

    def office_report(self, items: tuple[ReportItem, ...], *, now: datetime, to: Recipient = EACH) -> bytes:
        """Cook the report of late and skipped runs and of failures, one sentence each."""
        words = [
            {
                "what": clean(item.what),
                "sentence": clean(item.sentence),
                "commands": [clean(line) for line in item.commands],
            }
            for item in items
        ]
        return self._cook_for_office(self._text("office_report", items=words), now, to)

    def office_answer(
        self,
        done: tuple[CommandLine, ...],
        not_done: tuple[CommandLine, ...],
        *,
        key: str = "",
        sentence: str = "",
        of_office: bool = True,
        thread: Thread | None,
        now: datetime,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the answer to a command: line by line what was done and what was not, or the sentence why nothing was.

        `key`: the survey that all of it is about, if it is one; `of_office`: its reader may give further commands.
        """
        body = self._text(
            "office_answer",
            done=[_command_words(line) for line in done],
            not_done=[_command_words(line) for line in not_done],
            sentence=clean(sentence),
            key=clean(key),
            of_office=of_office,
        )
        return self._cook_for_office(body, now, to, thread)

    def office_act(self, mail: ActMail, *, now: datetime, to: Recipient = EACH) -> bytes:
        """Cook the question whether an act shall be done, for the second person: 承認 or 差戻し."""
        survey = mail.survey
        body = self._text(
            "office_act",
            mail=mail,
            survey=survey,
            matter=self._matter(survey),
            what=act_name(self._language, mail.act, survey),
            asked_by=_BY_COMMAND[self._language] if mail.asked_by == COMMAND_LINE else clean(mail.asked_by),
            until=self._moment(mail.until),
            digest=f"{mail.digest[:4]}-{mail.digest[4:8]}".upper(),
            opens=self._moment(survey.opens),
            closes=self._moment(survey.closes),
            new_close="" if mail.closes is None else self._moment(mail.closes),
            plan=[self._moment(at) for at in mail.plan],
            words=[clean(line) for line in mail.words],
            reply=_shown(mail.reply),
            attachments=_shown(mail.attachments),
            text=self._lines(mail.text),
        )
        return self._cook_for_office(body, now, to)

    def office_act_settled(
        self,
        act: Act,
        survey: Survey,
        *,
        state: ActState,
        by: str,
        sentence: str,
        now: datetime,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the news of what became of an act, for those who were asked and who asked."""
        body = self._text(
            "office_act_settled",
            survey=survey,
            what=act_name(self._language, act, survey),
            state=STATES[self._language][state],
            by=clean(by),
            sentence=clean(sentence),
        )
        return self._cook_for_office(body, now, to)

    def entered_for_body(
        self,
        survey: Survey,
        answers: Answers,
        *,
        reason: str,
        at: datetime,
        version: int,
        seal: Seal | None = None,
        now: datetime,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the receipt of an answer that the office entered for a body; it is the next ballot, like any receipt."""
        body = self._survey_text(
            "entered_for_body",
            survey,
            to,
            version + 1,
            answers=answers,
            reason=clean(reason),
            version=version,
            at=self._receipt_time(at),
            seal=seal,
        )
        return self._cook(body, survey.key, to, now)

    def letter(
        self,
        template: str,
        *,
        now: datetime,
        thread: Thread | None = None,
        answerable: bool = False,
        enclosed: Sequence[Enclosed] = (),
        as_digest: bool = False,
        **words: object,
    ) -> bytes:
        """Cook one of the mails about a list, its members and their wishes; every word of them is cleaned here.

        The reply to an answerable one comes back to the recipient's own token, to another one the office. Posts that are
        enclosed, as files or as one digest, stay byte for byte as they are given.
        """
        domain = self._letterhead.reply_domain
        desk = "受付" if self._language == "ja" else "desk"
        phrase = f"{self._letterhead.association} {desk}".strip()
        cleaned: dict[str, Any] = {name: _cleaned(word) for name, word in words.items()}
        own = f"Reply-To: {encode_phrase(phrase, f'<{EACH.token}@{domain}>', column=10)}\r\n".encode()
        cooked = self._assemble(
            self._text(template, office=self._office_line(), **cleaned),
            to=EACH.address,
            reply_to=own if answerable else self._office_reply(),
            message_id=f"<{template.replace('_', '-')}.{field('delivery')}@{domain}>",
            now=now,
            thread=thread,
        )
        return enclose(cooked, enclosed, "digest" if as_digest else "files")

    def office_letter(self, template: str, *, now: datetime, **words: object) -> bytes:
        """Cook one of the mails to the office about members' addresses; it commands in reply to it."""
        cleaned: dict[str, Any] = {name: _cleaned(word) for name, word in words.items()}
        return self._cook_for_office(self._text(template, **cleaned), now, EACH)

    def post_rejected(
        self, list_address: str, subject: str, reason: str, *, to: str, thread: Thread, now: datetime
    ) -> bytes:
        """Cook the sentence with which a post is refused, for its author."""
        body = self._text(
            "post_rejected", list_address=list_address, subject=clean(subject), reason=clean(reason)
        )
        return self._assemble(
            body,
            to=to,
            reply_to=self._office_reply(),
            message_id=f"<rejected.{field('delivery')}@{self._letterhead.reply_domain}>",
            now=now,
            thread=thread,
        )

    # --- texts ---

    def _survey_text(
        self,
        template: str,
        survey: Survey,
        to: Recipient,
        edition: int,
        *,
        answers: Answers | None = None,
        only: tuple[str, ...] | None = None,
        columns: int = COLUMNS,
        quotes: bool = True,
        **words: object,
    ) -> list[str]:
        if survey.resolution is not None:
            template = _OF_A_RESOLUTION.get(template, template)
            words["paper"] = self._lines(paper_lines(survey, self._language, columns=columns))
        return self._text(
            template,
            columns=columns,
            survey=survey,
            greeting=self._greeting(to),
            closes=self._moment(survey.closes),
            closes_short=self._short(survey.closes),
            how_to=self._lines(how_to_lines(survey, self._language, columns=columns, quotes=quotes)),
            ballot=self._ballot(survey, to, edition, answers or {}, only, columns),
            purpose=survey.purpose.splitlines(),
            office=self._contact(survey),
            matter=self._matter(survey),
            **words,
        )

    def _matter(self, survey: Survey) -> str:
        """Return what it is that a mail is about, in the Subject's word."""
        if self._language == "ja":
            return "調査" if survey.resolution is None else "書面表決"
        return "Survey" if survey.resolution is None else "Written vote"

    def _event_text(
        self,
        template: str,
        event: Event,
        to: Recipient,
        now: datetime,
        edition: int,
        *,
        answers: Answers | None = None,
        **words: object,
    ) -> list[str]:
        form = rsvp_form(event, self._language)
        deadline = rsvp_deadline(event, self._zone)
        return self._text(
            template,
            columns=COLUMNS,
            event=event,
            greeting=self._greeting(to),
            when=time_words(event, self._language),
            undecided=event.starts is None,
            until=self._moment(deadline),
            until_short=self._short(deadline),
            open=now < deadline,
            begun=now >= begins(event, self._zone),
            programme=event.programme.splitlines(),
            how_to=self._lines(how_to_lines(form, self._language)),
            ballot=self._ballot(form, to, edition, answers or {}, None),
            office=self._contact(form),
            **words,
        )

    def _ballot(
        self,
        survey: Survey,
        to: Recipient,
        edition: int,
        answers: Answers,
        only: tuple[str, ...] | None,
        columns: int = COLUMNS,
    ) -> list[str]:
        return self._lines(
            ballot_lines(
                survey,
                to.reference,
                edition,
                answers=answers,
                only=None if only is None else frozenset(only),
                language=self._language,
                columns=columns,
            )
        )

    def _greeting(self, to: Recipient) -> str:
        return self._lines((to.greeting,))[0]

    def _lines(self, lines: tuple[str, ...]) -> list[str]:
        """Return lines that may hold a member's words, without control characters but with our fields."""
        return [
            "".join(part if MARK.fullmatch(part) else clean(part) for part in _AROUND_MARKS.split(line))
            if "\x00" in line
            else clean(line)
            for line in lines
        ]

    def _text(self, template: str, *, columns: int = COLUMNS, **words: object) -> list[str]:
        """Render a template into its Subject and the lines of its body, as ballot.md section 1 wants them.

        A line that holds a field stays whole: nobody knows yet how wide it will be.
        """
        try:
            text = self._templates.get_template(f"{template}.txt").render(**words)
        except Exception as fault:
            if self._templates is self._ours:
                raise
            # Of a template that the association wrote: no mail is held up by it.
            log.event("template.unfit", level="error", template=template, reason=fault)
            text = self._ours.get_template(f"{template}.txt").render(**words)
        subject, *body = text.split("\n")
        lines = [
            _safe_line(line)
            for long in body
            for line in (wrap_safely(long, columns) if "\x00" not in long else (long,))
        ]
        kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
        return [subject, *kept]

    def _understood(self, survey: Survey, answers: Answers, *, without: tuple[str, ...]) -> list[str]:
        """Return in words the answers that stand and are not asked back."""
        return [
            f"{question.id} {words}"
            for question in survey.questions
            if question.id not in without
            and (words := clean(answer_words(question, answers.get(question.id), self._language)))
        ]

    def _moment(self, moment: datetime) -> str:
        return moment_words(moment.astimezone(self._zone), self._language)

    def _receipt_time(self, moment: datetime) -> str:
        return receipt_words(moment.astimezone(self._zone), self._language)

    def _short(self, moment: datetime) -> str:
        return short_words(moment.astimezone(self._zone).date(), self._language)

    def _late(self, since: datetime | None) -> str:
        return "" if since is None else self._receipt_time(since)

    def _contact(self, survey: Survey) -> list[str]:
        return survey.contact.splitlines() or self._office_line()

    def _office_line(self) -> list[str]:
        return [f"{self._association()} {self._letterhead.office}"]

    def _association(self) -> str:
        return f"{self._letterhead.association} {'事務局' if self._language == 'ja' else 'Office'}".strip()

    # --- mails ---

    def _cook(
        self,
        text: list[str],
        key: str,
        to: Recipient,
        now: datetime,
        *,
        thread: Thread | None = None,
        ics: bytes | None = None,
        form: bytes | None = None,
        answerable: bool = True,
    ) -> bytes:
        """Cook a mail about a survey or an event; an answerable one comes back to the recipient's own token."""
        cooked = self._cook_undated(text, key, to, ics=ics, form=form, answerable=answerable)
        return self._dated(cooked, now, thread)

    def _cook_undated(
        self,
        text: list[str],
        key: str,
        to: Recipient,
        *,
        ics: bytes | None = None,
        form: bytes | None = None,
        answerable: bool = True,
    ) -> UndatedLetter:
        domain = self._letterhead.reply_domain
        about = re.sub(r"[^a-z0-9-]", "-", key.lower())
        desk = "回答受付" if self._language == "ja" else "replies"
        phrase = f"{self._letterhead.association} {desk}".strip()
        reply_to = f"Reply-To: {encode_phrase(phrase, f'<{to.token}@{domain}>', column=10)}\r\n".encode()
        return self._undated(
            text,
            to=to.address,
            reply_to=reply_to if answerable else self._office_reply(),
            message_id=f"<{about}.{to.code}.{to.token}.{field('delivery')}@{domain}>"
            if answerable
            else f"<{about}.{to.code}.{field('delivery')}@{domain}>",
            file=calendar_file(ics, about) if ics else workbook_file(form, about) if form else None,
        )

    def _cook_for_office(
        self, text: list[str], now: datetime, to: Recipient, thread: Thread | None = None
    ) -> bytes:
        """Cook a mail to the office; its reader commands in reply, so no line of it is a command itself."""
        domain = self._letterhead.reply_domain
        desk = "事務局受付" if self._language == "ja" else "office desk"
        phrase = f"{self._letterhead.association} {desk}".strip()
        subject, *lines = text
        return self._assemble(
            [subject, *map(harmless, lines)],
            to=to.address,
            reply_to=f"Reply-To: {encode_phrase(phrase, f'<{to.token}@{domain}>', column=10)}\r\n".encode(),
            message_id=f"<office.{field('delivery')}@{domain}>",
            now=now,
            thread=thread,
        )

    def _office_reply(self) -> bytes:
        return f"Reply-To: {encode_address(self._association(), self._letterhead.office, column=10)}\r\n".encode()

    def _assemble(
        self,
        text: list[str],
        *,
        to: str,
        reply_to: bytes,
        message_id: str,
        now: datetime,
        thread: Thread | None = None,
    ) -> bytes:
        cooked = self._undated(text, to=to, reply_to=reply_to, message_id=message_id)
        return self._dated(cooked, now, thread)

    def _undated(
        self, text: list[str], *, to: str, reply_to: bytes, message_id: str, file: AttachedFile | None = None
    ) -> UndatedLetter:
        """Put head and body together; ids stand raw on one line, texts are encoded words."""
        subject, *lines = text
        body = "\r\n".join(lines).strip("\r\n").encode() + b"\r\n"
        sender = encode_address(self._association(), self._letterhead.office, column=6)
        kind, content = with_file(body, file) if file else (PLAIN, body)
        cooked = UndatedLetter(
            b"".join(
                (
                    raw_field("From", sender),
                    reply_to,
                    raw_field("To", letter_address(to)),
                    header_line("Subject", subject),
                )
            ),
            raw_field("Message-ID", message_id),
            b"".join(
                (
                    raw_field("X-Auto-Response-Suppress", "OOF, AutoReply"),
                    raw_field("MIME-Version", "1.0"),
                    *(raw_field(*line) for line in kind),
                    b"\r\n",
                    content,
                )
            ),
        )
        check_letter(b"".join(cooked))
        return cooked

    def _dated(self, cooked: UndatedLetter, now: datetime, thread: Thread | None) -> bytes:
        """Return the cooked mail of this moment, in this thread."""
        auto: Auto = "auto-replied" if thread else "auto-generated"
        date = _date_field(now.replace(microsecond=0), self._zone)
        submitted = raw_field("Auto-Submitted", auto)
        thread_lines = thread_fields(thread.message_id, thread.references) if thread else []
        return b"".join((cooked.top, date, cooked.message_id, *thread_lines, submitted, cooked.rest))

    def _ics(self, event: Event, sequence: int, now: datetime) -> bytes | None:
        if event.calendar == "none":
            return None
        return event_ics(
            event,
            sequence=sequence,
            stamp=now,
            zone=self._zone,
            organizer=self._letterhead.office,
            organizer_name=self._association() if event.calendar == "request" else "",
            domain=self._letterhead.reply_domain,
        )


# --- parts of a mail ------------------------------------------------------------------------------------------------


def _environment(*folders: Path) -> ImmutableSandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415  slow to import, and most commands write no mail
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
        autoescape=False,
        auto_reload=False,
    )


# --- words ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _date_field(second: datetime, zone: tzinfo) -> bytes:
    """Return the Date field of a second, in which many receipts are cooked: 18 us less for each."""
    return raw_field("Date", format_datetime(second.astimezone(zone)))


def _all_but_the_time(receipt: VoteReceipt) -> tuple[Hashable, ...]:
    """Return the receipt as a key."""
    values = vars(receipt).copy()
    del values["at"]
    return tuple([tuple(value.items()) if isinstance(value, dict) else value for value in values.values()])


def _shown(lines: tuple[str, ...]) -> list[str]:
    """Return lines that a stranger wrote, each within the width of ours."""
    return [piece for line in lines for piece in wrap(clean(line), COLUMNS - 12)]


def _command_words(line: CommandLine) -> dict[str, object]:
    return {
        "line": clean(line.line),
        "sentence": clean(line.sentence),
        "hints": [clean(hint) for hint in line.hints],
    }


def _cleaned(word: object) -> object:
    """Return what a template is given, without control characters in any text of it."""
    match word:
        case str():
            return clean(word)
        case tuple() | list():
            return [_cleaned(each) for each in word]
        case CommandLine():
            return _command_words(word)
    return word


def _printable(value: object) -> object:
    """Refuse what a template may not print: control characters (promises.md attack 5), and nothing at all."""
    if value is None:
        raise ValueError("a template prints a value that is not there")
    text = str(value)
    if not is_clean(text) and not is_clean(MARK.sub("", text)):
        raise ValueError(f"{text[:60]!r} holds a control character; it must be one line of plain text")
    return value


def _safe_line(line: str) -> str:
    """Return a line that no mail program takes for a quotation, a signature or an end (ballot.md section 1, rule 3)."""
    bare = line.rstrip(" \t")
    return f" {bare}" if bare.startswith((">", "From ", ".")) else bare
