"""What a reply to an event says: by the calendar of its author and the words beside that, by its words, by the word in its Subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, tzinfo

from mailbot.core.calendar import Language
from mailbot.core.events.calendar_reply import CalendarReply, is_outdated
from mailbot.core.events.event import (
    Event,
    calendar_answers,
    rsvp_apart,
    rsvp_form,
    rsvp_problems,
    stays_away_with_people,
)
from mailbot.core.events.rsvp_doubt import answer_to_offer, depends_on_something, speaks_of_coming
from mailbot.core.events.rsvp_words import OwnWords, own_words
from mailbot.core.mail.formatted_text import formatted_text
from mailbot.core.mail.message import Message
from mailbot.core.reading.both_forms import read_both_forms
from mailbot.core.reading.reply import read_reply
from mailbot.core.reading.text.prose import without_gateway_tag
from mailbot.core.reading.text.reply_lines import LONGEST_REPLY, MOST_LINES
from mailbot.core.surveys.survey import Answers, Problem, Reading, Survey

_SENTENCES: Mapping[Language, Mapping[str, str]] = {  # why Q1 is asked again, by the kind of the problem
    "ja": {
        "calendar": "予定表からのお返事に、ご出席かご欠席かがありませんでした。番号をお書きください。",
        "outdated": "予定表からのお返事は、変更前の日時へのものでした。いまの日時でのご出欠を、番号でお書きください。",
        "condition": "予定表からのお返事に、条件が書き添えられています。ご出席かご欠席かを、番号でお書きください。",
        "otherwise": "予定表からのお返事と、書き添えられたお言葉とが合いません。ご出席かご欠席かを、番号でお書きください。",
        "both": "ご欠席と、おいでになる人数の両方が書かれています。ご出席かご欠席かを、番号でお書きください。",
        "offer": "ご案内したお席をお使いになるかどうかを読み取れませんでした。「出席」か「欠席」かをお書きください。",
    },
    "en": {
        "calendar": "The answer of your calendar does not say whether you attend. Please write the number.",
        "outdated": "The answer of your calendar was to the time before the change. Please write the number for the time now.",
        "condition": "The answer of your calendar has a condition beside it. Please write the number for attending or not.",
        "otherwise": "The answer of your calendar and the words beside it do not agree. Please write the number for one of the two.",
        "both": "The reply says that you do not attend, and how many come. Please write the number for one of the two.",
        "offer": 'We could not read whether you take the seats that we offered. Please write "attending" or "not attending".',
    },
}


@dataclass(frozen=True)
class Asked:
    """What a body was asked, and what it has said before."""

    event: Event
    sequence: int  # of its calendar entry
    zone: tzinfo
    language: Language
    known: tuple[str, ...]  # the texts that we sent
    answered: Answers  # what counts so far
    stands: Answers  # of that, what a calendar's answer leaves as it is
    offered: bool  # seats are kept for it
    today: date  # local, when the reply came

    def form(self, text: str) -> Survey:
        """Return the form that a text answers."""
        return rsvp_form(self.event, self.language, text if len(text) <= LONGEST_REPLY else "")


def read_rsvp(asked: Asked, message: Message, calendar: CalendarReply | None) -> Reading:
    """Return what a reply says; `calendar`: what its author's calendar program wrote into it."""
    read = _of_text(asked, message) if calendar is None else _of_calendar(asked, message, calendar)
    if not read.problems and stays_away_with_people(read.answers, asked.answered):
        return _unclear(asked, "both", read.remarks)
    return read


def read_entered(asked: Asked, text: str) -> Reading:
    """Return what words say that the office enters for a body: 「出席 2名 山田太郎、鈴木花子」, 「欠席」; quoted is nothing."""
    read = _read(asked, text, ())
    if not read.problems and stays_away_with_people(read.answers, asked.answered):
        return _unclear(asked, "both", read.remarks)
    return read


def _unclear(asked: Asked, kind: str, remarks: Mapping[str, str]) -> Reading:
    return Reading(problems=(Problem("Q1", kind, _SENTENCES[asked.language][kind]),), remarks=remarks)


def _of_calendar(asked: Asked, message: Message, reply: CalendarReply) -> Reading:
    """Return what a calendar's answer says; one to an older time is asked back, but for that nobody comes."""
    remarks = {"Q1": reply.comment} if reply.comment else {}
    answers = calendar_answers(reply.partstat, reply.guests, asked.stands)
    if answers is None:
        return _unclear(asked, "calendar", remarks)
    if answers["Q1"] != ("2",) and is_outdated(reply, asked.event, asked.sequence, asked.zone):
        return _unclear(asked, "outdated", remarks)
    beside = reply.comment or message.text
    if depends_on_something(beside):
        return _unclear(asked, "condition", remarks)
    written = _read(asked, beside, asked.known).answers
    people = written.get("Q2")
    if written.get("Q1", answers["Q1"]) != answers["Q1"] or (people and answers["Q1"] != ("1",)):
        return _unclear(asked, "otherwise", remarks)
    return Reading(answers={**answers, "Q2": people} if people else answers, remarks=remarks)


def _of_text(asked: Asked, message: Message) -> Reading:
    """Return what a reply says in words."""
    text = message.text
    formatted = formatted_text(message) if len(text) <= LONGEST_REPLY else ""
    read = read_both_forms(
        asked.form(text), text, formatted or "", lambda each: _read(asked, each, asked.known)
    )
    if asked.offered and not (read.answers or read.problems or read.command):
        # Who was offered seats until then must not lose them by a word that the form does not know.
        match answer_to_offer(text, asked.known):
            case True:
                return Reading(answers={"Q1": ("1",)}, remarks=read.remarks)
            case None:
                return _unclear(asked, "offer", {})
    if not read.answers and read.command is None and not text.strip():
        # One word in the Subject and nothing else is an answer to an invitation (ballot.md section 8).
        return _read(asked, message.subject.rpartition(":")[2].rpartition("：")[2], ())
    return read


def _read(asked: Asked, text: str, known: tuple[str, ...]) -> Reading:
    """Return what a text says to the form; `known`: the texts that we sent."""
    # What is too long to be an answer is left as it stands: the reading says so, and it waits for the office.
    short = len(text) <= LONGEST_REPLY and text.count("\n") < MOST_LINES
    own = own_words(without_gateway_tag(text), known, asked.language) if short else OwnWords(text)
    found = read_reply(
        asked.form(text),
        rsvp_apart(own.text, known) if short else text,
        known,
        today=asked.today,
        language=asked.language,
        bare_label_ok=True,
    )
    if own.later and not found.answers and not found.problems and found.command is None:
        return Reading(answers={"Q1": ("3",)})
    if found.hold == "untouched" and short and speaks_of_coming(text, known):
        return replace(found, hold=None, problems=rsvp_problems({}, asked.language))
    if own.how and found.answers.get("Q1") == ("1",):
        return replace(found, remarks={"Q1": own.how, **found.remarks})
    return found
