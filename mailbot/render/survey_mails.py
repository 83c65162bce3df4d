"""The mails of a survey: ballots, receipts, and what became of a reply."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import field as field_of
from dataclasses import replace
from datetime import datetime
from typing import Literal

from mailbot.core.events.event import Event, rsvp_deadline, rsvp_form
from mailbot.core.frozen import frozen
from mailbot.core.mail.header import clean
from mailbot.core.mail.letter import UndatedLetter
from mailbot.core.surveys.gateway import USUAL, Layout
from mailbot.core.surveys.how_to_answer import how_in_short
from mailbot.core.surveys.ledger import LedgerRow
from mailbot.core.surveys.receipt_words import asked_back, problem_lines, quotable, reading_notes, sentence
from mailbot.core.surveys.seal import Seal
from mailbot.core.surveys.survey import Answers, Problem, Survey
from mailbot.render.pen import EACH, Pen, Recipient, Thread

_RECEIPTS_KEPT = 256

_LONGEST_KEPT = 20_000  # octets of a receipt

ReceiptStatus = Literal[
    "counted",
    "partial",
    "unread",
    "held",
    "desk",
    "frozen",
    "kept",
    "late",
    "withdrawn",
    "declined",
    "untouched",
]


@frozen
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
    seal: Seal | None = None  # of a sealed survey: by which its voter finds a line in the published list
    closed: bool = False  # the office counted it after the close: nothing can be changed by a reply any more
    proxy_ended: bool = False  # of a resolution: the reply ended the proxy that its body had given
    written: str = ""  # the words of this reply that are the reason why it is held
    stands_since: datetime | None = None  # of a reply that is not accepted: when what stands was received


class SurveyMails:
    """The mails of a survey: ballots, receipts, and what became of a reply."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self._receipts: dict[Hashable, UndatedLetter] = {}

    def invitation(
        self,
        survey: Survey,
        *,
        now: datetime,
        to: Recipient = EACH,
        late_since: datetime | None = None,
        layout: Layout = USUAL,
        reminds: bool = False,
        partly: bool = False,
        instead: bool = False,
    ) -> bytes:
        """Cook the ballot that opens a survey, or `reminds` those who have not answered, or only `partly`: a whole ballot again.

        `late_since` is when it should have gone out (promises.md I22), `layout` what its gateway leaves alone. With
        `instead` it goes to a contact in place of another.
        """
        body = self._pen.survey_text(
            "reminder" if reminds else "invitation",
            survey,
            to=to,
            layout=layout,
            late_since=self._pen.late(late_since),
            partly=partly,
            instead=instead,
        )
        return self._pen.cook(body, survey.key, now, to=to)

    def vote_receipt(
        self,
        survey: Survey,
        receipt: VoteReceipt,
        *,
        thread: Thread | None,
        now: datetime,
        layout: Layout = USUAL,
        trial: bool = False,
    ) -> bytes:
        """Cook the acknowledgement of a reply, which is the next ballot (ballot.md section 4).

        What was not understood stands first, and then only those questions are asked again. A `trial` says that
        nothing of it counts.
        """
        at = self._pen.receipt_time(receipt.at)
        key = (survey, at, layout, trial, *_all_but_the_time(receipt))
        cooked = self._receipts.get(key)
        if cooked is None:
            text = self._receipt_text(survey, receipt, at, layout, trial=trial)
            cooked = self._pen.cook_undated(text, survey.key)
            self._keep(key, cooked)
        return self._pen.dated(cooked, now, thread)

    def _keep(self, key: Hashable, cooked: UndatedLetter) -> None:
        """Keep a receipt: most bodies of a survey give one of a few answers, many of them in the same minute."""
        if len(self._receipts) >= _RECEIPTS_KEPT:
            self._receipts.clear()
        if len(cooked.rest) <= _LONGEST_KEPT:
            self._receipts[key] = cooked

    def _receipt_text(
        self, survey: Survey, receipt: VoteReceipt, at: str, layout: Layout, *, trial: bool
    ) -> list[str]:
        again = receipt.status in {"partial", "unread"}
        asked = asked_back(survey.questions, receipt.problems) if again else None
        return self._pen.survey_text(
            "trial_receipt" if trial else "vote_receipt",
            survey,
            receipt.edition,
            layout=layout,
            answers=receipt.answers,
            only=asked,
            status=receipt.status,
            version=receipt.version,
            at=at,
            stands_since=self._pen.late(receipt.stands_since),
            written=quotable(receipt.written),
            how_in_short=how_in_short(survey, self._pen.language),
            problems=problem_lines(
                survey, receipt.problems, self._pen.language, receipt.answers if again else {}
            ),
            reason=sentence(receipt.reason, self._pen.language),
            notes=reading_notes(survey, receipt.answers, receipt.flags, receipt.remarks, self._pen.language),
            ask=receipt.ask,
            blank=all(problem.kind == "required" for problem in receipt.problems),
            others=receipt.others,
            seal=receipt.seal,
            proxy_ended=receipt.proxy_ended,
            closed=receipt.closed,
            understood=self._pen.understood(survey, receipt.answers, without=asked or ())
            if asked or receipt.closed
            else (),
        )

    def primary_asked(
        self,
        survey: Survey,
        row: LedgerRow,
        *,
        author: str,
        read: Answers,
        withdraws: bool,
        now: datetime,
        layout: Layout,
    ) -> bytes:
        """Cook the question to a primary about a reply that may not count by itself (ballot.md sections 10 and 11).

        `row`: the reply's; `read`: what it says; `withdraws`: it takes the answer back or declines.
        """
        body = self._pen.survey_text(
            "primary_asked",
            survey,
            row.version + 1,
            layout=layout,
            answers=row.stands,
            author=clean(author),
            at=self._pen.receipt_time(row.received_at),
            reason=sentence(row.reason, self._pen.language),
            read=self._pen.understood(survey, read, without=()),
            withdraws=withdraws,
            stands=bool(row.stands),
        )
        return self._pen.cook(body, survey.key, now)

    def reply_rejected(
        self,
        about: Survey | Event,
        stands: LedgerRow | None,
        *,
        author: str,
        at: datetime,
        reason: str,
        is_open: bool,
        thread: Thread,
        now: datetime,
        layout: Layout = USUAL,
    ) -> bytes:
        """Cook the news that the office does not accept a held reply, and why; with the ballot again while `is_open`.

        `author`, `at`: who sent the reply, and when it came; `stands`: the row that counts now.
        """
        version = 0 if stands is None else stands.version
        survey = about if isinstance(about, Survey) else rsvp_form(about, self._pen.language)
        if isinstance(about, Event):
            survey = replace(survey, closes=rsvp_deadline(about, self._pen.zone))
        body = self._pen.survey_text(
            "reply_rejected",
            survey,
            version + 1,
            layout=layout,
            answers={} if stands is None else stands.stands,
            author=clean(author),
            at=self._pen.receipt_time(at),
            reason=sentence(clean(reason), self._pen.language),
            version=version,
            is_open=is_open,
        )
        return self._pen.cook(body, survey.key, now, thread=thread, answerable=is_open)

    def entered_for_body(
        self,
        survey: Survey,
        row: LedgerRow,
        *,
        how: str,
        closed: bool,
        seal: Seal | None,
        now: datetime,
        layout: Layout = USUAL,
    ) -> bytes:
        """Cook the receipt of an answer that the office entered for a body; it is the next ballot, unless that is `closed`.

        `row`: the entry's; `how`: how the answer reached the office.
        """
        body = self._pen.survey_text(
            "entered_for_body",
            survey,
            row.version + 1,
            layout=layout,
            answers=row.answers,
            reason=clean(how),
            version=row.version,
            at=self._pen.receipt_time(now),
            closed=closed,
            understood=self._pen.understood(survey, row.answers, without=()) if closed else (),
            seal=seal,
        )
        return self._pen.cook(body, survey.key, now)

    def extension(
        self, survey: Survey, before: datetime, *, now: datetime, to: Recipient = EACH, layout: Layout = USUAL
    ) -> bytes:
        """Cook the news that the close has moved, from `before`, with the whole ballot beneath."""
        body = self._pen.survey_text(
            "extension",
            survey,
            to=to,
            layout=layout,
            before=self._pen.moment(before),
            sooner=survey.closes < before,
        )
        return self._pen.cook(body, survey.key, now, to=to)

    def follow_up(
        self,
        survey: Survey,
        prefecture: str,
        names: tuple[str, ...],
        *,
        now: datetime,
        late_since: datetime | None = None,
    ) -> bytes:
        """Cook the list of a prefecture's missing bodies (code and name) for its block representative."""
        body = self._pen.text(
            "follow_up",
            survey=survey,
            matter=self._pen.matter(survey),
            greeting=self._pen.greeting(),
            prefecture=clean(prefecture),
            names=[clean(name) for name in names],
            closes=self._pen.moment(survey.closes),
            closes_short=self._pen.short(survey.closes),
            at=self._pen.receipt_time(now),
            office=self._pen.contact(survey),
            late_since=self._pen.late(late_since),
        )
        return self._pen.cook(body, survey.key, now, answerable=False)

    def fresh_ballot(
        self,
        survey: Survey,
        *,
        now: datetime,
        answers: Answers | None = None,
        edition: int = 1,
        thread: Thread | None = None,
        layout: Layout = USUAL,
        form: bytes | None = None,
    ) -> bytes:
        """Cook a ballot sent again, on 「再送」 or to the registered address of one who wrote without a token.

        `form`: the survey's spreadsheet, which goes with it.
        """
        body = self._pen.survey_text(
            "fresh_ballot", survey, edition, layout=layout, answers=answers or {}, with_form=form is not None
        )
        return self._pen.cook(body, survey.key, now, thread=thread, form=form)

    def trial(
        self,
        survey: Survey,
        *,
        now: datetime,
        layout: Layout = USUAL,
        thread: Thread | None = None,
        form: bytes | None = None,
    ) -> bytes:
        """Cook a trial ballot 練習投票: the survey as it will be, and nothing of what comes back counts."""
        body = self._pen.survey_text("trial", survey, layout=layout)
        return self._pen.cook(body, survey.key, now, thread=thread, form=form)

    def probe(self, name: str, lines: tuple[str, ...], *, now: datetime) -> bytes:
        """Cook the mail that shows what a gateway does to ours; `lines` are those of core/surveys/gateway.py, as they are."""
        body = self._pen.text(
            "probe", name=name, greeting=self._pen.greeting(), lines=lines, office=self._pen.office_line()
        )
        return self._pen.cook(body, name, now)

    def probe_thanks(self, name: str, *, thread: Thread, now: datetime) -> bytes:
        """Cook the thanks for a returned probe."""
        body = self._pen.text(
            "probe_thanks", name=name, greeting=self._pen.greeting(), office=self._pen.office_line()
        )
        return self._pen.cook(body, name, now, thread=thread, answerable=False)

    def closed_reply(self, survey: Survey, *, thread: Thread, now: datetime) -> bytes:
        """Cook the answer to a reply to an old survey, of which nothing is counted (ballot.md section 8)."""
        body = self._pen.text(
            "survey_closed_reply" if survey.resolution is None else "resolution_closed_reply",
            survey=survey,
            greeting=self._pen.greeting(),
            closes=self._pen.moment(survey.closes),
            office=self._pen.contact(survey),
            matter=self._pen.matter(survey),
        )
        return self._pen.cook(body, survey.key, now, thread=thread)


def _all_but_the_time(receipt: VoteReceipt) -> tuple[Hashable, ...]:
    """Return the receipt as a key."""
    values = vars(receipt).copy()
    del values["at"]
    return tuple([tuple(value.items()) if isinstance(value, dict) else value for value in values.values()])
