"""The results of surveys and resolutions, and what belongs to a resolution alone: proxies and minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from mailbot.core.calendar import date_words
from mailbot.core.mail.header import clean
from mailbot.core.surveys.ballot import answer_words
from mailbot.core.surveys.gateway import USUAL, Layout
from mailbot.core.surveys.group_words import group_words
from mailbot.core.surveys.outcome_lines import outcome_lines, verdict_lines
from mailbot.core.surveys.report import Report, percent
from mailbot.core.surveys.resolution import ResolutionOutcome
from mailbot.core.surveys.result_words import RESULT_WORDS, marks_own, own_result_words, result_words
from mailbot.core.surveys.survey import Answers, Survey
from mailbot.core.surveys.tally import ANSWERED, counted_in
from mailbot.core.surveys.voting_paper import comparison_lines, paper_lines, text_digest
from mailbot.render.pen import EACH, Pen, Thread


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
    remarks: tuple[tuple[str, str], ...]  # body, and what its author wrote beside his vote
    ledger_rows: int
    ledger_chain: str  # sha256, the head of the ledger


@dataclass(frozen=True)
class ProxyChange:
    """What the holder of a proxy is told of it: it was recorded, or it ended."""

    giver: str  # name of the body
    at: datetime  # aware: when the proxy was recorded, or ended
    ended: bool
    count: int  # of the proxies that the holder has now
    names: str  # of their givers, or of some


class ResultMails:
    """The results of surveys and resolutions, and what belongs to a resolution alone: proxies and minutes."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen

    def result(self, report: Report, *, now: datetime, late_since: datetime | None = None) -> bytes:
        """Cook the result: counts, base, response rate, bars, and what it was the time before.

        No body is named in it; what each recipient's own body answered, and its kind's table, is the field `own`.
        """
        survey, words = report.survey, RESULT_WORDS[self._pen.language]
        body = self._pen.text(
            "result",
            survey=survey,
            greeting=self._pen.greeting(),
            closes=self._pen.moment(survey.closes),
            unit=words[survey.unit],
            invited=report.electorate,
            answered=report.answered,
            rate=percent(report.answered, report.electorate),
            undeliverable=report.undeliverable,
            earlier=report.earlier,
            questions=[result_words(each, self._pen.language) for each in report.questions],
            own=EACH.own,
            office=self._pen.contact(survey),
            late_since=self._pen.late(late_since),
        )
        return self._pen.cook(body, survey.key, now, answerable=False)

    def own_result(self, report: Report) -> Callable[[str, Answers | None], str]:
        """Return the maker of the field `own`: from a body's kind (register.KINDS; "": the office) and its counted answers.

        Its lines fit a mail and have CRLF between them; where the report has no tables, it says so. Each question's
        lines are made once for all bodies of a kind with the same answer.
        """
        table = report.table("kind")
        groups = {group.name: group for group in table.groups} if table else {}
        survey, unit = report.survey, RESULT_WORDS[self._pen.language][report.survey.unit]

        @cache
        def head(kind: str, own_place: bool, marked: bool) -> list[str]:
            group = groups[kind]
            printed = [count for counts in group.counts.values() for count in counts.values()]
            return self._pen.text(
                "_result_own",
                kind=group_words(kind, self._pen.language),
                own_place=own_place,
                marked=marked,
                unit=unit,
                invited=group.electorate,
                answered=group.answered,
                rate=percent(group.answered, group.electorate),
                withheld=None in printed,
            )

        @cache
        def question_lines(
            kind: str, place: int, columns: tuple[str, ...], said: str
        ) -> tuple[list[str], bool]:
            words = own_result_words(
                report.questions[place], groups[kind], columns, said, survey.unit, self._pen.language
            )
            return self._pen.text("_result_own_question", question=words)[:-1], marks_own(words)

        def make(kind: str, answers: Answers | None) -> str:
            if not kind and groups:
                return RESULT_WORDS[self._pen.language]["for_office"]
            if kind not in groups:
                return RESULT_WORDS[self._pen.language]["unjoinable"]
            lines: list[str] = []  # each question begins with a blank line
            marked = False
            for place, each in enumerate(report.questions):
                columns = () if answers is None else counted_in(survey, each.question, answers)
                free = each.question.type in {"number", "date"} and columns == (ANSWERED,)
                said = answer_words(each.question, (answers or {}).get(each.question.id), self._pen.language)
                of_question, marks = question_lines(kind, place, columns, said if free else "")
                lines += of_question
                marked = marked or marks
            return "\r\n".join([*head(kind, answers is not None, marked)[:-1], *lines]).rstrip("\r\n")

        return make

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
        layout: Layout = USUAL,
    ) -> bytes:
        """Cook the answer to a proxy: the sentence of `record_proxy` or of its refusal, and the ballot again."""
        body = self._pen.survey_text(
            "proxy_receipt",
            survey,
            edition,
            layout=layout,
            sentence=clean(sentence).removeprefix(f"{survey.key}: "),
            recorded=recorded,
            at=self._pen.receipt_time(at),
        )
        return self._pen.cook(body, survey.key, now, thread=thread)

    def proxy_held(
        self,
        survey: Survey,
        change: ProxyChange,
        *,
        voted: bool,
        edition: int,
        now: datetime,
        layout: Layout = USUAL,
    ) -> bytes:
        """Cook the news for a body that its vote counts for another's from now on, with the ballot; or that it no longer does.

        `voted`: it had voted before the proxy came.
        """
        body = self._pen.survey_text(
            "proxy_held",
            survey,
            edition,
            layout=layout,
            giver=clean(change.giver),
            at=self._pen.receipt_time(change.at),
            ended=change.ended,
            count=change.count,
            names=clean(change.names),
            voted=voted,
        )
        return self._pen.cook(body, survey.key, now)

    def resolution_result(
        self, survey: Survey, outcome: ResolutionOutcome, *, now: datetime, late_since: datetime | None = None
    ) -> bytes:
        """Cook the result of a resolution: who took part, the quorum, each motion with its votes and requirements."""
        body = self._pen.text(
            "resolution_result",
            survey=survey,
            greeting=self._pen.greeting(),
            closes=self._pen.moment(survey.closes),
            paper=self._pen.lines(paper_lines(survey, self._pen.language)),
            verdicts=self._pen.lines(verdict_lines(outcome, self._pen.language)),
            outcome=self._pen.lines(outcome_lines(outcome, self._pen.language)),
            office=self._pen.contact(survey),
            late_since=self._pen.late(late_since),
        )
        return self._pen.cook(body, survey.key, now, answerable=False)

    def minutes(self, survey: Survey, outcome: ResolutionOutcome, minutes: Minutes) -> str:
        """Return the draft minutes 議事録（案） of a closed resolution as plain text, its heading on the first line."""
        resolution = survey.resolution
        assert resolution is not None, "only a resolution has minutes"
        lines = self._pen.text(
            "minutes",
            survey=survey,
            association=clean(self._pen.letterhead.association),
            opened=self._pen.moment(minutes.opened_at),
            closed=self._pen.moment(minutes.closed_at),
            base_date=date_words(resolution.base_date, self._pen.language),
            by_law=resolution.by_law,
            deemed=resolution.deemed if outcome.deemed else "",
            digest=text_digest(survey),
            comparison=self._pen.lines(comparison_lines(resolution, self._pen.language)),
            outcome=self._pen.lines(outcome_lines(outcome, self._pen.language)),
            proxies=[
                {"giver": clean(giver), "holder": clean(holder), "at": self._pen.moment(at)}
                for giver, holder, at in minutes.proxies
            ],
            silent=[clean(name) for name in minutes.silent],
            held=minutes.held,
            late=minutes.late,
            chair=clean(minutes.chair),
            remarks=[{"body": clean(body), "words": clean(words)} for body, words in minutes.remarks],
            ledger_rows=minutes.ledger_rows,
            ledger_chain=[minutes.ledger_chain[:32], minutes.ledger_chain[32:]],
        )
        return "\n".join(lines).rstrip("\n") + "\n"
