"""The automatic mails: each is a template of templates/mail, cooked once with a field for what is each recipient's own.

A cooked mail is what leaves: CRLF, UTF-8 as 8bit, one plain text part, and for an event a calendar file beside
it (RFC 5322, 2045, 3834; ballot.md section 1). The rules of that section for lines hold for every body.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as field_of
from datetime import datetime, tzinfo
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailbot.core.address import valid_address
from mailbot.core.ballot import answer_words, ballot_lines, confirmation, how_to_lines
from mailbot.core.calendar import Language, moment_words, receipt_words, short_words
from mailbot.core.event import Event, Rsvp, rsvp_deadline, rsvp_form, time_words
from mailbot.core.header import clean, encode_address, encode_phrase, header_line
from mailbot.core.mailing import field
from mailbot.core.survey import Answers, Problem, Question, Survey
from mailbot.core.wrap import wrap
from mailbot.ics import event_ics

FIELDS = ("address", "greeting", "reference", "code", "token", "delivery")

_MARK = re.compile(r"\x00(?:" + "|".join(FIELDS) + r")\x00")
_AROUND_MARKS = re.compile(f"({_MARK.pattern})")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
_LONGEST_VALUE = 120  # characters of one recipient's own value
_REFERENCES = 8  # Message-IDs of a thread that are kept
_BAR = 20  # full-width characters of a bar that stands for everybody

Auto = Literal["auto-generated", "auto-replied"]


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


EACH = Recipient()


@dataclass(frozen=True)
class Thread:
    """The mail that is answered, as its headers said."""

    message_id: str  # with angle brackets; "" if it had none
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class VoteReceipt:
    """What became of one reply to a survey."""

    status: Literal["counted", "partial", "held", "desk", "late", "withdrawn", "declined", "untouched"]
    at: datetime  # aware; when the reply arrived
    version: int  # the body's accepted replies so far
    edition: int  # printed on the ballot in this receipt
    answers: Answers  # what stands for the body now
    problems: tuple[Problem, ...] = ()
    reason: str = ""  # held or desk: why, in a sentence for the member
    remarks: Mapping[str, str] = field_of(default_factory=dict)  # of this reply (survey.Reading)
    flags: Mapping[str, tuple[str, ...]] = field_of(default_factory=dict)  # of this reply (survey.Reading)


@dataclass(frozen=True)
class RsvpReceipt:
    """What became of one reply to an event."""

    rsvp: Rsvp
    at: datetime  # aware
    version: int
    edition: int
    answers: Answers
    problems: tuple[Problem, ...] = ()
    late: bool = False  # after the deadline: stored, not counted


@dataclass(frozen=True)
class QuestionResult:
    """One question at the close."""

    question: Question
    base: int  # counted bodies that were asked it
    counts: tuple[tuple[str, int], ...]  # label, bodies; empty for text, number and date
    none: int  # of the base, without an answer


@dataclass(frozen=True)
class SurveyResult:
    """A survey at the close; counts only."""

    invited: int
    answered: int
    questions: tuple[QuestionResult, ...]


@dataclass(frozen=True)
class HeldMail:
    """A mail that waits for the office."""

    number: str  # its id, as `mailbot held accept` takes it
    sender: str
    subject: str
    about: str  # the list, survey or event
    reason: str  # a sentence


@dataclass(frozen=True)
class ReportItem:
    """One thing that the office must know."""

    what: str  # survey:S26-014:reminder:1, 2026-06-29T09:00:00
    sentence: str


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
    }
    return {name: value.encode() for name, value in values.items()}


class Renderer:
    """Cooks each automatic mail from its template, in one language, under one letterhead."""

    def __init__(self, templates: Path, language: Language, letterhead: Letterhead) -> None:
        """Read templates from `templates`/mail/`language`; each is read when it is first used."""
        self._language = language
        self._letterhead = letterhead
        self._zone = letterhead.zone
        self._templates = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(templates / "mail" / language),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_printable,
            autoescape=False,
        )

    # --- surveys ---

    def invitation(
        self,
        survey: Survey,
        *,
        now: datetime,
        to: Recipient = EACH,
        edition: int = 1,
        late_since: datetime | None = None,
    ) -> bytes:
        """Cook the ballot that opens a survey. `late_since` is when it should have gone out (promises.md I22)."""
        body = self._survey_text("invitation", survey, to, edition, late_since=self._late(late_since))
        return self._cook(body, survey.key, to, now)

    def reminder(
        self,
        survey: Survey,
        *,
        now: datetime,
        to: Recipient = EACH,
        edition: int = 1,
        late_since: datetime | None = None,
    ) -> bytes:
        """Cook the reminder for those who have not answered; it is a whole ballot again."""
        body = self._survey_text("reminder", survey, to, edition, late_since=self._late(late_since))
        return self._cook(body, survey.key, to, now)

    def vote_receipt(
        self, survey: Survey, receipt: VoteReceipt, *, thread: Thread, now: datetime, to: Recipient = EACH
    ) -> bytes:
        """Cook the acknowledgement of a reply, which is the next ballot (ballot.md section 4).

        What was not understood stands first, and then only those questions are asked again.
        """
        asked = _asked_back(survey.questions, receipt.problems) if receipt.status == "partial" else None
        body = self._survey_text(
            "vote_receipt",
            survey,
            to,
            receipt.edition,
            answers=receipt.answers,
            only=asked,
            status=receipt.status,
            version=receipt.version,
            at=self._receipt_time(receipt.at),
            problems=_problem_lines(survey, receipt.problems, self._language),
            reason=_sentence(receipt.reason, self._language),
            notes=_notes(survey, receipt, self._language),
            understood=self._understood(survey, receipt.answers, without=asked) if asked else (),
        )
        return self._cook(body, survey.key, to, now, thread=thread)

    def fresh_ballot(
        self,
        survey: Survey,
        *,
        now: datetime,
        answers: Answers | None = None,
        edition: int = 1,
        thread: Thread | None = None,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook a ballot sent again, on 「再送」 or to the registered address of one who wrote without a token."""
        body = self._survey_text("fresh_ballot", survey, to, edition, answers=answers or {})
        return self._cook(body, survey.key, to, now, thread=thread)

    def survey_closed_reply(
        self, survey: Survey, *, thread: Thread, now: datetime, to: Recipient = EACH
    ) -> bytes:
        """Cook the answer to a reply to an old survey, of which nothing is counted (ballot.md section 8)."""
        body = self._text(
            "survey_closed_reply",
            survey=survey,
            greeting=self._greeting(to),
            closes=self._moment(survey.closes),
            office=self._contact(survey),
        )
        return self._cook(body, survey.key, to, now, thread=thread)

    def result(
        self,
        survey: Survey,
        result: SurveyResult,
        *,
        now: datetime,
        to: Recipient = EACH,
        late_since: datetime | None = None,
    ) -> bytes:
        """Cook the result at the close: counts, base, response rate and bars; no body is named in it."""
        body = self._text(
            "result",
            survey=survey,
            greeting=self._greeting(to),
            closes=self._moment(survey.closes),
            invited=result.invited,
            answered=result.answered,
            rate=_percent(result.answered, result.invited),
            questions=[_result_words(each) for each in result.questions],
            office=self._contact(survey),
            late_since=self._late(late_since),
        )
        return self._cook(body, survey.key, to, now, answerable=False)

    # --- events ---

    def event_notice(
        self,
        event: Event,
        *,
        sequence: int,
        now: datetime,
        attending: bool = False,
        answers: Answers | None = None,
        edition: int = 1,
        late_since: datetime | None = None,
        thread: Thread | None = None,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook a notice of an event, complete in plain text, with its calendar file beside it.

        `attending` says that it goes to those who have said that they come. With a thread (and the body's answers)
        it is the form sent again on 「再送」.
        """
        body = self._event_text(
            "event_notice",
            event,
            to,
            now,
            edition,
            answers=answers,
            attending=attending,
            late_since=self._late(late_since),
        )
        return self._cook(body, event.key, to, now, thread=thread, ics=self._ics(event, sequence, now))

    def event_change(
        self,
        event: Event,
        changes: tuple[str, ...],
        *,
        sequence: int,
        now: datetime,
        edition: int = 1,
        to: Recipient = EACH,
    ) -> bytes:
        """Cook the notice that something about an event has changed, in the words of `event_changes`."""
        body = self._event_text("event_change", event, to, now, edition, changes=changes)
        return self._cook(body, event.key, to, now, ics=self._ics(event, sequence, now))

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
            version=receipt.version,
            at=self._receipt_time(receipt.at),
            problems=_problem_lines(rsvp_form(event, self._language), receipt.problems, self._language),
            answered=thread is not None,
        )
        return self._cook(body, event.key, to, now, thread=thread)

    # --- the office, and authors of posts ---

    def office_held(self, held: HeldMail, *, now: datetime) -> bytes:
        """Cook the news for the office that a mail waits for its decision, and how to decide."""
        body = self._text(
            "office_held",
            number=held.number,
            sender=clean(held.sender),
            subject=clean(held.subject),
            about=clean(held.about),
            reason=clean(held.reason),
        )
        return self._cook_for_office(body, now)

    def office_report(self, items: tuple[ReportItem, ...], *, now: datetime) -> bytes:
        """Cook the report of late and skipped runs and of failures, one sentence each."""
        words = [{"what": clean(item.what), "sentence": clean(item.sentence)} for item in items]
        return self._cook_for_office(self._text("office_report", items=words), now)

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
        **words: object,
    ) -> list[str]:
        return self._text(
            template,
            survey=survey,
            greeting=self._greeting(to),
            closes=self._moment(survey.closes),
            closes_short=self._short(survey.closes),
            how_to=self._lines(how_to_lines(survey, self._language)),
            ballot=self._ballot(survey, to, edition, answers or {}, only),
            purpose=survey.purpose.splitlines(),
            office=self._contact(survey),
            **words,
        )

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
            event=event,
            greeting=self._greeting(to),
            when=time_words(event, self._language),
            undecided=event.starts is None,
            until=self._moment(deadline),
            until_short=self._short(deadline),
            open=now < deadline,
            programme=event.programme.splitlines(),
            how_to=self._lines(how_to_lines(form, self._language)),
            ballot=self._ballot(form, to, edition, answers or {}, None),
            office=self._contact(form),
            **words,
        )

    def _ballot(
        self, survey: Survey, to: Recipient, edition: int, answers: Answers, only: tuple[str, ...] | None
    ) -> list[str]:
        return self._lines(
            ballot_lines(
                survey,
                to.reference,
                edition,
                answers=answers,
                only=None if only is None else frozenset(only),
                language=self._language,
            )
        )

    def _greeting(self, to: Recipient) -> str:
        return self._lines((to.greeting,))[0]

    def _lines(self, lines: tuple[str, ...]) -> list[str]:
        """Return lines that may hold a member's words, without control characters but with our fields."""
        return [
            "".join(part if _MARK.fullmatch(part) else clean(part) for part in _AROUND_MARKS.split(line))
            for line in lines
        ]

    def _text(self, template: str, **words: object) -> list[str]:
        """Render a template into its Subject and the lines of its body, as ballot.md section 1 wants them."""
        text = self._templates.get_template(f"{template}.txt").render(**words)
        subject, *body = text.split("\n")
        lines = [
            _safe_line(line) for long in body for line in (wrap(long) if "\x00" not in long else (long,))
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
        return survey.contact.splitlines() or [f"{self._association()} {self._letterhead.office}"]

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
        answerable: bool = True,
    ) -> bytes:
        """Cook a mail about a survey or an event; an answerable one comes back to the recipient's own token."""
        domain = self._letterhead.reply_domain
        about = re.sub(r"[^a-z0-9-]", "-", key.lower())
        desk = "回答受付" if self._language == "ja" else "replies"
        phrase = f"{self._letterhead.association} {desk}".strip()
        reply_to = f"Reply-To: {encode_phrase(phrase, f'<{to.token}@{domain}>', column=10)}\r\n".encode()
        return self._assemble(
            text,
            to=to.address,
            reply_to=reply_to if answerable else self._office_reply(),
            message_id=f"<{about}.{to.code}.{to.token}.{field('delivery')}@{domain}>"
            if answerable
            else f"<{about}.{to.code}.{field('delivery')}@{domain}>",
            now=now,
            thread=thread,
            ics=ics,
            name=about,
        )

    def _cook_for_office(self, text: list[str], now: datetime) -> bytes:
        return self._assemble(
            text,
            to=self._letterhead.office,
            reply_to=self._office_reply(),
            message_id=f"<office.{field('delivery')}@{self._letterhead.reply_domain}>",
            now=now,
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
        ics: bytes | None = None,
        name: str = "event",
    ) -> bytes:
        """Put head and body together; ids stand raw on one line, texts are encoded words."""
        subject, *lines = text
        body = "\r\n".join(lines).strip("\r\n").encode() + b"\r\n"
        sender = encode_address(self._association(), self._letterhead.office, column=6)
        auto: Auto = "auto-replied" if thread else "auto-generated"
        kind, content = _with_calendar(body, ics, name) if ics else (_PLAIN, body)
        cooked = b"".join(
            (
                _raw("From", sender),
                reply_to,
                _raw("To", _address(to)),
                header_line("Subject", subject),
                _raw("Date", format_datetime(now.astimezone(self._zone))),
                _raw("Message-ID", message_id),
                *_thread_lines(thread),
                _raw("Auto-Submitted", auto),
                _raw("X-Auto-Response-Suppress", "OOF, AutoReply"),
                _raw("MIME-Version", "1.0"),
                *(_raw(*line) for line in kind),
                b"\r\n",
                content,
            )
        )
        _check(cooked)
        return cooked

    def _ics(self, event: Event, sequence: int, now: datetime) -> bytes:
        return event_ics(
            event,
            sequence=sequence,
            stamp=now,
            zone=self._zone,
            organizer=self._letterhead.office,
            domain=self._letterhead.reply_domain,
        )


# --- parts of a mail ------------------------------------------------------------------------------------------------

_PLAIN = (("Content-Type", "text/plain; charset=UTF-8"), ("Content-Transfer-Encoding", "8bit"))


def _with_calendar(body: bytes, ics: bytes, name: str) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return the header and content of a mixed mail; its boundary comes from what it holds, so it is the same again."""
    boundary = "part-" + hashlib.sha256(body + ics).hexdigest()[:32]
    file = (
        ("Content-Type", f'text/calendar; charset=UTF-8; method=PUBLISH; name="{name}.ics"'),
        ("Content-Disposition", f'attachment; filename="{name}.ics"'),
        ("Content-Transfer-Encoding", "8bit"),
    )
    edge = f"--{boundary}".encode()
    parts = [_part(edge, _PLAIN, body), _part(edge, file, ics), edge + b"--\r\n"]
    kind = (
        ("Content-Type", f'multipart/mixed; boundary="{boundary}"'),
        ("Content-Transfer-Encoding", "8bit"),
    )
    return kind, b"".join(parts)


def _part(edge: bytes, head: tuple[tuple[str, str], ...], content: bytes) -> bytes:
    return edge + b"\r\n" + b"".join(_raw(*line) for line in head) + b"\r\n" + content + b"\r\n"


def _raw(name: str, value: str) -> bytes:
    """Return a field whose value is structured ASCII of our own and is never folded or encoded here."""
    return f"{name}: {value}\r\n".encode("ascii")


def _thread_lines(thread: Thread | None) -> list[bytes]:
    """Return In-Reply-To and References; an id that is none, or would not fit a line, is left out."""
    if thread is None or not _MESSAGE_ID.fullmatch(thread.message_id):
        return []
    known = [each for each in thread.references if _MESSAGE_ID.fullmatch(each)]
    chain = [*known[:1], *known[1:][-_REFERENCES:], thread.message_id]
    while len(" ".join(chain)) > 900:
        del chain[0]
    return [_raw("In-Reply-To", thread.message_id), _raw("References", " ".join(chain))]


def _address(to: str) -> str:
    if not (_MARK.fullmatch(to) or valid_address(to)):
        raise ValueError(f"{to!r} is not a mail address")
    return to


def _check(cooked: bytes) -> None:
    """Hold what a receiver may rely on (promises.md I16): CRLF alone, no other control character, lines that fit."""
    text = _MARK.sub("", cooked.decode())
    for line in text.split("\r\n"):
        if len(line.encode()) > 998:
            raise ValueError(f"a line of {len(line.encode())} octets does not fit a mail: {line[:60]!r}...")
        if (bare := line.replace("\t", " ")) != clean(bare):
            raise ValueError(f"a control character may not stand in a mail: {line[:60]!r}")


# --- words ----------------------------------------------------------------------------------------------------------


def _printable(value: object) -> object:
    """Refuse what a template may not print: control characters (promises.md attack 5), and nothing at all."""
    if value is None:
        raise ValueError("a template prints a value that is not there")
    text = _MARK.sub("", str(value))
    if text != clean(text):
        raise ValueError(f"{text[:60]!r} holds a control character; it must be one line of plain text")
    return value


def _safe_line(line: str) -> str:
    """Return a line that no mail program takes for a quotation, a signature or an end (ballot.md section 1, rule 3)."""
    bare = line.rstrip(" \t")
    return f" {bare}" if bare.startswith((">", "From ", ".")) else bare


def _sentence(text: str, language: Language) -> str:
    """Return the words with the full stop that short explanations go without."""
    words = clean(text).strip()
    stop = "。" if language == "ja" else "."
    return words if not words or words.endswith(("。", ".", "!", "?", "！", "？")) else words + stop


def _problem_lines(survey: Survey, problems: tuple[Problem, ...], language: Language) -> list[str]:
    """Return what was not understood, one sentence each, and below it how a lone はい confirms what may be meant."""
    lines = []
    for problem in problems:
        # The question stands behind the sentence: a line that begins with it would read as an answer.
        about = f"（{problem.question}）" if language == "ja" else f" ({problem.question})"
        mark = "・" if language == "ja" else "* "
        lines.append(mark + _sentence(problem.text, language) + (about if problem.question else ""))
        if problem.question and problem.suggested:
            lines += confirmation(survey.question(problem.question), problem.suggested, language)
    return lines


def _asked_back(questions: tuple[Question, ...], problems: tuple[Problem, ...]) -> tuple[str, ...] | None:
    named = {problem.question for problem in problems}
    return tuple(question.id for question in questions if question.id in named) or None


_NOTES: dict[Language, dict[str, str]] = {
    "ja": {
        "read": "・{id}は、残された選択肢から「{words}」と読み取りました。",
        "approximate": "・{id}は、おおよその数として「{words}」と読み取りました。",
        "year-assumed": "・{id}は、年を補って「{words}」と読み取りました。",
        "remark": "・{id}に添えられたお言葉も承りました：{words}",
    },
    "en": {
        "read": '* {id}: read as "{words}", the option that was left.',
        "approximate": '* {id}: read as "{words}", a rough figure.',
        "year-assumed": '* {id}: read as "{words}", with the year added.',
        "remark": "* {id}: your remark is kept as well: {words}",
    },
}


def _notes(survey: Survey, receipt: VoteReceipt, language: Language) -> list[str]:
    """Return what the member should see of how the reply was read: what was inferred, and words beside a choice."""
    notes = [
        _NOTES[language][flag].format(
            id=question.id, words=clean(answer_words(question, receipt.answers.get(question.id), language))
        )
        for question in survey.questions
        for flag in receipt.flags.get(question.id, ())
        if flag in _NOTES[language]
    ]
    remarks = {question: clean(words) for question, words in receipt.remarks.items()}
    return notes + [
        _NOTES[language]["remark"].format(id=question, words=words) for question, words in remarks.items()
    ]


def _result_words(result: QuestionResult) -> dict[str, object]:
    """Return one question's result as its template prints it."""
    asked = max(result.base, 1)
    return {
        "id": result.question.id,
        "text": result.question.text,
        "base": result.base,
        "none": result.none,
        "free": result.question.type in {"text", "number", "date"},
        "answers": result.base - result.none,
        "rows": [
            {
                "label": label,
                "count": count,
                "percent": _percent(count, result.base),
                "bar": "■" * (count * _BAR // asked),
            }
            for label, count in result.counts
        ],
    }


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"
