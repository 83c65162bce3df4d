"""One reply judged by itself: what it says, and what that does to a vote, whoever sent it (ballot.md sections 5 to 8, 13).

The same function reads a reply when it comes and when a recount reads it again: it sees nothing but its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from mailbot.core.calendar import Language
from mailbot.core.lists.subject import stem
from mailbot.core.mail.automatic import automatic, seems_automatic
from mailbot.core.mail.formatted_text import formatted_text
from mailbot.core.mail.message import Message
from mailbot.core.reading.both_forms import read_both_forms
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import EXPLANATIONS, Understood
from mailbot.core.reading.hazard import HAZARDS, hazard
from mailbot.core.reading.reply import read_reply
from mailbot.core.reading.statements.answer_form import Sheet, form_word_is_free, stated_in_forms, takes_form
from mailbot.core.reading.statements.dated_answers import named_by_day
from mailbot.core.reading.statements.named_answer import explicit_answers
from mailbot.core.reading.text.reply_lines import LONGEST_REPLY
from mailbot.core.surveys.survey import Answers, Command, Problem, Reading, Survey
from mailbot.core.surveys.vote import Verdict, weigh

_NOTHING_TYPED = frozenset({"untouched", "words-unread", "prose"})
_ONLY: dict[Language, dict[str, str]] = {
    "ja": {
        "attachment": "添付ファイルだけで、お答えが本文にありません",
        "subject": "件名にだけお答えがあり、本文にありません",
        "forward": "ほかの方あての転送でした",
    },
    "en": {
        "attachment": "there is an attachment, and no answer in the text",
        "subject": "there is an answer in the Subject, and none in the text",
        "forward": "it was forwarded to somebody else",
    },
}


@dataclass(frozen=True)
class Judged:
    """What one reply says and what it is worth by itself."""

    reading: Reading
    verdict: Verdict
    machine: bool  # it is an automatic mail: nothing answers it


def judge(
    survey: Survey,
    message: Message,
    texts: tuple[str, ...],
    *,
    mail_from: str,
    previous: Answers | None,
    today: date,
    late: bool,
    awaiting: AbstractSet[Command] = frozenset(),
    own_domains: Sequence[str] = (),
    sheets: Sequence[Sheet] = (),
    admitted: bool = False,
    language: Language,
) -> Judged:
    """Judge a reply beside the texts that we sent (newest first).

    `mail_from`: its envelope sender, "" is the null sender; `previous`: the answers that stand, None if none do;
    `today`: the day of receipt in the configured zone, for dates without a year; `awaiting`: the words of the primary
    that are waited for; `own_domains`: the service's, by which a mail to somebody else with us in Cc is known;
    `sheets`: the attached spreadsheets that begin as our form does; `admitted`: a person has looked at it and decided
    that it counts as it was read, so that it is no vacation note, and what hangs on it does no harm.
    """
    sheets = sheets if takes_form(survey) else ()
    form = stated_in_forms(survey, sheets, language)
    asked_for: set[Command] = {"form"} if form_word_is_free(survey) else set()

    def read(text: str) -> Reading:
        return read_reply(
            survey,
            named_by_day(survey, text, texts),
            texts,
            today=today,
            language=language,
            awaiting=frozenset(awaiting | asked_for),
            form=form if not isinstance(form, str) else None,
        )

    reading = _read_whole(survey, read, message, texts, language)
    if isinstance(form, str) and reading.hold != "other-ballot":
        reading = replace(reading, hold=form, ask=form == "several-forms")
    machine = not admitted and is_machine(message, mail_from, survey.title)
    verdict = weigh(survey, previous, reading, late=late, automatic=machine, language=language)
    if machine:
        return Judged(reading, verdict, machine)
    files = 0 if isinstance(form, str) else len(message.attachments) - len(sheets)
    if (where := _elsewhere(survey, message, reading, files)) is not None:
        verdict = _for_office(verdict, _ONLY[language][where], f"8 {where}")
    if not late and not files and _forwarded(message, reading, own_domains):
        verdict = Verdict("ignored", dict(previous or {}), (), _ONLY[language]["forward"], rule="8 forward")
    if not (late or admitted) and (danger := hazard(message)) is not None:
        verdict = _for_office(verdict, HAZARDS[language][danger], f"14 {danger}")
    return Judged(reading, verdict, machine)


def _read_whole(
    survey: Survey, read: Callable[[str], Reading], message: Message, texts: Sequence[str], language: Language
) -> Reading:
    """Read a mail in both of its forms, and nothing that may be damage as an answer."""
    # What is too long to be read whole is held, whatever another form of it says.
    formatted = formatted_text(message) if len(message.text) <= LONGEST_REPLY else ""
    reading = read_both_forms(survey, message.text, formatted or "", read)
    if formatted is None and reading.hold is None and reading.answers:
        reading = replace(reading, hold="form-too-long", ask=True)
    if message.garbled and reading.hold == "too-long":
        return replace(reading, answers={})  # nothing of it counts: it need not be read twice
    if message.garbled and reading.answers:
        return _legible(reading, read(_only_our_characters(message.text, texts)), language)
    return reading


def _for_office(verdict: Verdict, reason: str, rule: str) -> Verdict:
    return replace(verdict, status="held", reason=reason, ask=False, rule=rule, waits_for="office")


def _only_our_characters(text: str, texts: Sequence[str]) -> str:
    """Return a text in which every character beyond ASCII that stands in none of our own texts is damage."""
    strange = {character for character in set(text).difference(*texts) if not character.isascii()}
    return text.translate(dict.fromkeys(map(ord, strange), "\ufffd"))


def _legible(reading: Reading, doubting: Reading, language: Language) -> Reading:
    """Ask back each answer of a damaged mail that rests on characters which may be wrong (ballot.md section 5).

    No table decodes such a mail whole, so every character beyond ASCII may be another one. ASCII figures are safe, and
    so are words that equal ours letter by letter: wrong tables do not yield our labels. `doubting` is the same mail
    read without all other characters: an answer that it does not give too is asked back as garbled.
    """
    damaged = [
        number
        for number, answer in reading.answers.items()
        if answer is not None and doubting.answers.get(number) != answer
    ]
    if not damaged:
        return reading
    text = EXPLANATIONS[language]["garbled"]
    return replace(
        reading,
        answers={number: answer for number, answer in reading.answers.items() if number not in damaged},
        problems=(*reading.problems, *(Problem(number, "garbled", text) for number in damaged)),
    )


_FORWARD = re.compile(
    r"^\s*(?:[\[【][^\]】]{0,20}[\]】]\s*){0,3}(?:fwd?|転送)\s*[:：]|【転送】", re.IGNORECASE
)
_BALLOT_BEGINS = ("回答欄 ここから", "ANSWERS START")


def _forwarded(message: Message, reading: Reading, own_domains: Sequence[str]) -> bool:
    """Tell whether a mail only hands our ballot on to somebody else, with us in Cc (ballot.md section 8).

    Without an answer typed, and with our ballot below; a forward to ourselves is a reply like any other.
    """
    if reading.answers or reading.problems or reading.command is not None:
        return False
    if reading.hold not in _NOTHING_TYPED or not any(mark in message.text for mark in _BALLOT_BEGINS):
        return False
    to, cc = ((message.header(name) or "").lower() for name in ("to", "cc"))
    if any(f"@{domain.lower()}" in to for domain in own_domains):
        return False
    copied = any(f"@{domain.lower()}" in cc for domain in own_domains)
    return copied or (cc != "" and _FORWARD.search(message.subject[:200]) is not None)


def is_machine(message: Message, mail_from: str, title: str) -> bool:
    """Tell whether a reply is automatic, or its Subject says so; one with answers is for the office (ballot.md section 13).

    `title`: of the survey or event, which stands in the Subject of every reply and may itself be about vacations.
    """
    return automatic(message, mail_from) is not None or seems_automatic(message.subject.replace(title, ""))


def _elsewhere(survey: Survey, message: Message, reading: Reading, files: int) -> str | None:
    """Say where the answer may stand when it was not read: in one of so many files, or in the Subject."""
    if reading.answers or reading.problems or reading.command is not None:
        return None
    if files:
        return "attachment"
    if reading.hold is not None and reading.hold not in _NOTHING_TYPED:
        return None
    about, _ = stem(message.subject, "")
    behind_ours = about.rpartition("]")[2].rpartition("】")[2].strip()
    alone = any(
        isinstance(read_answer(question, behind_ours, today=date.min), Understood)
        for question in survey.questions
        if question.type in {"single", "multi", "yesno", "rating"}
    )
    return "subject" if alone or explicit_answers(survey, behind_ours) else None
