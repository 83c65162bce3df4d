"""What every automatic mail is written with: a template of templates/mail, its words, and what stands around them.

A mail is cooked once with a field for what is each recipient's own. What leaves is CRLF, UTF-8 as 8bit, one plain text
part, and for an event a calendar file beside it (RFC 5322, 2045, 3834; ballot.md section 1). The rules of that section
for lines hold for every body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.utils import format_datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mailbot import log
from mailbot.core.calendar import Language, moment_words, receipt_words, short_words
from mailbot.core.events.event import Event, begins, rsvp_deadline, rsvp_form, time_words
from mailbot.core.lists.thread import key_in_message_id
from mailbot.core.mail.address import valid_address
from mailbot.core.mail.header import clean, encode_address, encode_phrase, header_line, is_clean
from mailbot.core.mail.letter import (
    MARK,
    PLAIN,
    LetterFile,
    UndatedLetter,
    calendar_file,
    check_letter,
    letter_address,
    raw_field,
    thread_fields,
    with_file,
    workbook_file,
)
from mailbot.core.mail.mailing import field
from mailbot.core.mail.message import Message
from mailbot.core.mail.wrap import COLUMNS
from mailbot.core.office.desk import harmless
from mailbot.core.surveys.ballot import answer_words, ballot_lines, wrap_safely
from mailbot.core.surveys.gateway import USUAL, Layout
from mailbot.core.surveys.how_to_answer import answer_form, how_to_lines
from mailbot.core.surveys.matter import matter
from mailbot.core.surveys.survey import Answers, Survey
from mailbot.core.surveys.voting_paper import paper_lines
from mailbot.formats.ics import event_ics

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
    # In a result: lines with CRLF between them, as `ResultMails.own_result` makes them
    own: str = field("own")


EACH = Recipient()


@dataclass(frozen=True)
class Thread:
    """The mail that is answered, as its headers said."""

    message_id: str  # with angle brackets; "" if it had none
    references: tuple[str, ...] = ()

    @classmethod
    def of(cls, message: Message) -> Thread:
        """Return the thread that an answer to this mail belongs to."""
        return cls(message.message_id, message.references)


def _hanging(line: str) -> str | None:
    """Return the indent of what does not fit into a line: below a point of a list, under its words; None: as the line's own."""
    return "　" if line.startswith("・") else "  " if line.startswith("* ") else None


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


class Pen:
    """Writes in one language, under one letterhead, from the program's templates or the association's own."""

    def __init__(
        self, templates: Path, language: Language, letterhead: Letterhead, own: Path | None = None
    ) -> None:
        """Read templates from `templates`/mail/`language`; each is read when it is first used.

        `own`: a folder of the same form whose templates stand in for those of the same name (own_templates.py).
        """
        self.language = language
        self.letterhead = letterhead
        self.zone = letterhead.zone
        self._own = own
        self._folder = templates

    @cached_property
    def _ours(self) -> ImmutableSandboxedEnvironment:
        """The templates of the program."""
        return _environment(self._folder / "mail" / self.language)

    @cached_property
    def _templates(self) -> ImmutableSandboxedEnvironment:
        """The association's own templates, and the program's where it has none."""
        if self._own is None or not self._own.is_dir():
            return self._ours
        return _environment(*(folder / "mail" / self.language for folder in (self._own, self._folder)))

    def survey_text(
        self,
        template: str,
        survey: Survey,
        edition: int = 1,
        *,
        to: Recipient = EACH,
        answers: Answers | None = None,
        only: tuple[str, ...] | None = None,
        layout: Layout = USUAL,
        **words: object,
    ) -> list[str]:
        if survey.resolution is not None:
            template = _OF_A_RESOLUTION.get(template, template)
            words["paper"] = self.lines(paper_lines(survey, self.language, columns=layout.columns))
        columns, quotes = layout.columns, layout.quotes
        return self.text(
            template,
            columns=columns,
            quotes=quotes,
            survey=survey,
            greeting=self.greeting(to),
            closes=self.moment(survey.closes),
            closes_short=self.short(survey.closes),
            how_to=self.lines(how_to_lines(survey, self.language, columns=columns, quotes=quotes)),
            ballot=self.ballot(survey, to, edition, answers or {}, only, columns),
            purpose=survey.purpose.splitlines(),
            office=self.contact(survey),
            matter=self.matter(survey),
            written_as=answer_form(
                [each for each in survey.questions if only is None or each.id in only], self.language
            ),
            **words,
        )

    def matter(self, survey: Survey) -> str:
        """Return the Subject's word for what a mail is about."""
        return matter(survey, self.language)

    def event_text(
        self,
        template: str,
        event: Event,
        now: datetime,
        edition: int = 1,
        *,
        answers: Answers | None = None,
        **words: object,
    ) -> list[str]:
        form = rsvp_form(event, self.language)
        deadline = rsvp_deadline(event, self.zone)
        return self.text(
            template,
            columns=COLUMNS,
            event=event,
            greeting=self.greeting(),
            when=time_words(event, self.language),
            undecided=event.starts is None,
            until=self.moment(deadline),
            until_short=self.short(deadline),
            open=now < deadline,
            begun=now >= begins(event, self.zone),
            programme=event.programme.splitlines(),
            how_to=self.lines(how_to_lines(form, self.language)),
            ballot=self.ballot(form, EACH, edition, answers or {}, None),
            office=self.contact(form),
            **words,
        )

    def ballot(
        self,
        survey: Survey,
        to: Recipient,
        edition: int,
        answers: Answers,
        only: tuple[str, ...] | None,
        columns: int = COLUMNS,
    ) -> list[str]:
        return self.lines(
            ballot_lines(
                survey,
                to.reference,
                edition,
                answers=answers,
                only=None if only is None else frozenset(only),
                language=self.language,
                columns=columns,
            )
        )

    def greeting(self, to: Recipient = EACH) -> str:
        return self.lines((to.greeting,))[0]

    def lines(self, lines: tuple[str, ...]) -> list[str]:
        """Return lines that may hold a member's words, without control characters but with our fields."""
        return [
            "".join(part if MARK.fullmatch(part) else clean(part) for part in _AROUND_MARKS.split(line))
            if "\x00" in line
            else clean(line)
            for line in lines
        ]

    def text(self, template: str, *, columns: int = COLUMNS, **words: object) -> list[str]:
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
            for line in (
                wrap_safely(long, columns, indent=_hanging(long), balanced=True)
                if "\x00" not in long
                else (long,)
            )
        ]
        kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
        return [subject, *kept]

    def understood(self, survey: Survey, answers: Answers, *, without: tuple[str, ...]) -> list[str]:
        """Return the answers that stand and are not asked back, in words."""
        return [
            f"{question.id} {words}"
            for question in survey.questions
            if question.id not in without
            and (words := clean(answer_words(question, answers.get(question.id), self.language)))
        ]

    def moment(self, moment: datetime) -> str:
        return moment_words(moment.astimezone(self.zone), self.language)

    def receipt_time(self, moment: datetime) -> str:
        return receipt_words(moment.astimezone(self.zone), self.language)

    def short(self, moment: datetime) -> str:
        return short_words(moment.astimezone(self.zone).date(), self.language)

    def late(self, since: datetime | None) -> str:
        return "" if since is None else self.receipt_time(since)

    def contact(self, survey: Survey) -> list[str]:
        return survey.contact.splitlines() or self.office_line()

    def office_line(self) -> list[str]:
        return [f"{self.association()} {self.letterhead.office}"]

    def association(self) -> str:
        return f"{self.letterhead.association} {'事務局' if self.language == 'ja' else 'Office'}".strip()

    def cook(
        self,
        text: list[str],
        key: str,
        now: datetime,
        *,
        to: Recipient = EACH,
        thread: Thread | None = None,
        ics: bytes | None = None,
        form: bytes | None = None,
        answerable: bool = True,
    ) -> bytes:
        """Cook a mail about a survey or an event; an answerable one comes back to the recipient's own token."""
        cooked = self.cook_undated(text, key, to=to, ics=ics, form=form, answerable=answerable)
        return self.dated(cooked, now, thread)

    def cook_undated(
        self,
        text: list[str],
        key: str,
        *,
        to: Recipient = EACH,
        ics: bytes | None = None,
        form: bytes | None = None,
        answerable: bool = True,
    ) -> UndatedLetter:
        domain = self.letterhead.reply_domain
        about = key_in_message_id(key)
        desk = "回答受付" if self.language == "ja" else "replies"
        phrase = f"{self.letterhead.association} {desk}".strip()
        reply_to = f"Reply-To: {encode_phrase(phrase, f'<{to.token}@{domain}>', column=10)}\r\n".encode()
        whose = f"{about}.{to.code}.{to.token}" if answerable else f"{about}.{to.code}"
        file = None
        if ics:
            file = calendar_file(ics, about)
        elif form:
            file = workbook_file(form, about)
        return self._undated(
            text,
            to=to.address,
            reply_to=reply_to if answerable else self.office_reply(),
            message_id=f"<{whose}.{field('delivery')}@{domain}>",
            file=file,
        )

    def cook_for_office(self, text: list[str], now: datetime, thread: Thread | None = None) -> bytes:
        """Cook a mail to the office; its reader commands in reply, so no line of it is a command itself."""
        domain = self.letterhead.reply_domain
        desk = "事務局受付" if self.language == "ja" else "office desk"
        phrase = f"{self.letterhead.association} {desk}".strip()
        subject, *lines = text
        return self.assemble(
            [subject, *map(harmless, lines)],
            to=EACH.address,
            reply_to=f"Reply-To: {encode_phrase(phrase, f'<{EACH.token}@{domain}>', column=10)}\r\n".encode(),
            message_id=f"<office.{field('delivery')}@{domain}>",
            now=now,
            thread=thread,
        )

    def office_reply(self) -> bytes:
        return (
            f"Reply-To: {encode_address(self.association(), self.letterhead.office, column=10)}\r\n".encode()
        )

    def assemble(
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
        return self.dated(cooked, now, thread)

    def _undated(
        self, text: list[str], *, to: str, reply_to: bytes, message_id: str, file: LetterFile | None = None
    ) -> UndatedLetter:
        """Put head and body together; ids stand raw on one line, texts are encoded words."""
        subject, *lines = text
        body = "\r\n".join(lines).strip("\r\n").encode() + b"\r\n"
        sender = encode_address(self.association(), self.letterhead.office, column=6)
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

    def dated(self, cooked: UndatedLetter, now: datetime, thread: Thread | None) -> bytes:
        """Return the cooked mail of this moment, in this thread."""
        auto: Auto = "auto-replied" if thread else "auto-generated"
        date = _date_field(now.replace(microsecond=0), self.zone)
        submitted = raw_field("Auto-Submitted", auto)
        thread_lines = thread_fields(thread.message_id, thread.references) if thread else []
        return b"".join((cooked.top, date, cooked.message_id, *thread_lines, submitted, cooked.rest))

    def ics(self, event: Event, sequence: int, now: datetime, domain: str) -> bytes | None:
        """Return an event's calendar entry, if it has one; `domain`: of its UID, "": that of today."""
        if event.calendar == "none":
            return None
        return event_ics(
            event,
            sequence=sequence,
            stamp=now,
            zone=self.zone,
            organizer=self.letterhead.office,
            organizer_name=self.association() if event.calendar == "request" else "",
            domain=domain or self.letterhead.reply_domain,
        )


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


@lru_cache(maxsize=4)
def _date_field(second: datetime, zone: tzinfo) -> bytes:
    """Return the Date field of a second, in which many receipts are cooked: 18 us less for each."""
    return raw_field("Date", format_datetime(second.astimezone(zone)))


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
