"""The mails to the office, by whose replies it decides, and to the witnesses of a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mailbot.core.calendar import Language
from mailbot.core.mail.header import clean
from mailbot.core.mail.mailing import field
from mailbot.core.mail.wrap import COLUMNS, wrap
from mailbot.core.office.desk_sentences import STATES, act_name, mail_name
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.surveys.receipt_words import sentence
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import Act, ActState
from mailbot.render.pen import EACH, Pen, Thread

# None begins with the question: such a line would read as an answer.
_BY_COMMAND: dict[Language, str] = {"ja": "事務局（端末での操作）", "en": "the office, at its computer"}


# How the office can let a held mail act: as it was read, with answers of its own (entered: only so), or as a letter that it answers.
# unread: not at all, only refuse it.
Takes = Literal["accept", "answers", "entered", "unread", "letter", "report", "neither"]


@dataclass(frozen=True)
class HeldMail:
    """A mail that waits for the office."""

    number: str  # its id, as `mailbot held accept` takes it
    sender: str
    subject: str
    about: str  # the key of the survey or event, or the address that it was sent to
    reason: str  # a sentence
    takes: Takes = "neither"
    words: tuple[str, ...] = ()  # what its writer wrote
    attachments: tuple[str, ...] = ()  # names of files
    answers: tuple[str, ...] = ()  # how it was read: Q1 1 賛成
    until: datetime | None = None  # a post to a list: when it is given up
    reasons: tuple[str, ...] = ()  # ... and the list's sentences for a refusal
    pages: str = ""  # where our pages are, on which the same can be decided; "": nowhere


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
    pending: int = 0  # bodies of which a reply waits for somebody's decision
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


class OfficeMails:
    """The mails to the office, by whose replies it decides, and to the witnesses of a ledger."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen

    def held(self, held: HeldMail, *, now: datetime) -> bytes:
        """Cook the news for the office that a mail waits for its decision, and how to decide."""
        body = self._pen.text(
            "office_held",
            number=held.number,
            mail=mail_name(int(held.number)),
            sender=clean(held.sender),
            subject=clean(held.subject),
            about=clean(held.about),
            reason=sentence(held.reason, self._pen.language),
            takes=held.takes,
            words=_shown(held.words),
            attachments=_shown(held.attachments),
            answers=_shown(held.answers),
            until="" if held.until is None else self._pen.moment(held.until),
            reasons=[clean(reason) for reason in held.reasons],
            pages=held.pages,
        )
        return self._pen.cook_for_office(body, now)

    def ledger_head(self, survey: Survey, *, rows: int, head: str, now: datetime) -> bytes:
        """Cook the day's mail to the witnesses: where the ledger of a survey ends."""
        text = self._pen.text(
            "ledger_head",
            survey=survey,
            matter=self._pen.matter(survey),
            rows=rows,
            head=head,
            day=self._pen.receipt_time(now),
        )
        return self._pen.assemble(
            text,
            to=EACH.address,
            reply_to=self._pen.office_reply(),
            message_id=f"<ledger.{field('delivery')}@{self._pen.letterhead.reply_domain}>",
            now=now,
        )

    def report(self, items: tuple[ReportItem, ...], *, now: datetime) -> bytes:
        """Cook the report of late and skipped runs and of failures, one sentence each."""
        words = [
            {
                "what": clean(item.what),
                "sentence": clean(item.sentence),
                "commands": [clean(line) for line in item.commands],
            }
            for item in items
        ]
        return self._pen.cook_for_office(self._pen.text("office_report", items=words), now)

    def answer(
        self,
        done: tuple[CommandLine, ...],
        not_done: tuple[CommandLine, ...],
        *,
        key: str = "",
        sentence: str = "",
        of_office: bool = True,
        thread: Thread | None,
        now: datetime,
    ) -> bytes:
        """Cook the answer to a command: line by line what was done and what was not, or the sentence why nothing was.

        `key`: the survey that all of it is about, if it is one; `of_office`: its reader may give further commands.
        """
        body = self._pen.text(
            "office_answer",
            done=[_command_words(line) for line in done],
            not_done=[_command_words(line) for line in not_done],
            sentence=clean(sentence),
            key=clean(key),
            of_office=of_office,
        )
        return self._pen.cook_for_office(body, now, thread)

    def act(self, mail: ActMail, *, now: datetime) -> bytes:
        """Cook the question whether an act shall be done, for the second person: 承認 or 差戻し."""
        survey = mail.survey
        body = self._pen.text(
            "office_act",
            mail=mail,
            survey=survey,
            matter=self._pen.matter(survey),
            what=act_name(self._pen.language, mail.act, survey),
            asked_by=_BY_COMMAND[self._pen.language]
            if mail.asked_by == COMMAND_LINE
            else clean(mail.asked_by),
            until=self._pen.moment(mail.until),
            digest=f"{mail.digest[:4]}-{mail.digest[4:8]}".upper(),
            opens=self._pen.moment(survey.opens),
            closes=self._pen.moment(survey.closes),
            new_close="" if mail.closes is None else self._pen.moment(mail.closes),
            plan=[self._pen.moment(at) for at in mail.plan],
            words=[clean(line) for line in mail.words],
            reply=_shown(mail.reply),
            attachments=_shown(mail.attachments),
            text=self._pen.lines(mail.text),
        )
        return self._pen.cook_for_office(body, now)

    def act_settled(
        self, act: Act, survey: Survey, *, state: ActState, by: str, sentence: str, now: datetime
    ) -> bytes:
        """Cook the news of what became of an act, for those who were asked and who asked."""
        body = self._pen.text(
            "office_act_settled",
            survey=survey,
            what=act_name(self._pen.language, act, survey),
            state=STATES[self._pen.language][state],
            by=clean(by),
            sentence=clean(sentence),
        )
        return self._pen.cook_for_office(body, now)

    def letter(self, template: str, *, now: datetime, **words: object) -> bytes:
        """Cook one of the mails to the office about members' addresses; it commands in reply to it."""
        given: dict[str, Any] = {name: cleaned(word) for name, word in words.items()}
        return self._pen.cook_for_office(self._pen.text(template, **given), now)


def _shown(lines: tuple[str, ...]) -> list[str]:
    """Return lines that a stranger wrote, each within the width of ours."""
    return [piece for line in lines for piece in wrap(clean(line), COLUMNS - 12)]


def _command_words(line: CommandLine) -> dict[str, object]:
    return {
        "line": clean(line.line),
        "sentence": clean(line.sentence),
        "hints": [clean(hint) for hint in line.hints],
    }


def cleaned(word: object) -> object:
    """Return what a template is given, without control characters in any text of it."""
    match word:
        case str():
            return clean(word)
        case tuple() | list():
            return [cleaned(each) for each in word]
        case CommandLine():
            return _command_words(word)
    return word
