"""Do what the office writes in reply to a mail of ours, line by line, and answer with what was done (ballot.md 14).

Nothing acts but a mail from the very person to whom the word was sent, vouched for by our own mail exchanger, and
each word acts once.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.core.mail.automatic import automatic, seems_automatic
from mailbot.core.mail.html_text import html_to_text
from mailbot.core.mail.japanese import decode
from mailbot.core.mail.mailing import copy_shown
from mailbot.core.mail.message import Message, parse
from mailbot.core.office.desk import read_line
from mailbot.core.office.desk_command import (
    WHY_NOT,
    Attended,
    Command,
    Decide,
    Enter,
    Extend,
    FixMeeting,
    Give,
    NotUnderstood,
    OfBulletin,
    OfSurvey,
    Reissue,
)
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.reading.text.own_lines import own_lines
from mailbot.core.reading.text.reply_lines import LONGEST_REPLY
from mailbot.core.refusal import Refusal
from mailbot.core.senders.authentication import read_authentication
from mailbot.core.surveys.trust import trust
from mailbot.flows.events.command_event import find_event
from mailbot.flows.office.obey_command import CommandDone, Desk, find_survey, obey_command
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.held_reply import ballot_of_mail
from mailbot.render import CommandLine, Thread
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.office import desk_words
from mailbot.store.office.desk_words import DeskWord
from mailbot.store.surveys import sealed, surveys

_KEY_IN_SUBJECT = re.compile(r"\[(?P<key>[^\[\]]{1,41})\]$")
_HELD_IN_SUBJECT = re.compile(r"[（(](?P<name>U-[0-9]{4,12})[）)]")
_ENTER_WORDS = ("代理", "enter")  # an answer that the office gives for a body


@dataclass(frozen=True)
class _DeskMail:
    """Who commands, by which mail."""

    site: Site
    received: Received
    word: DeskWord
    now: datetime

    def say(self, name: str, **figures: object) -> str:
        """Return a sentence in the site's language."""
        return sentence(self.site.language, name, **figures)

    def commanding(self, about: str) -> Desk:
        """Return the same for one command; `about`: what the answered mail names in its Subject."""
        return Desk(
            self.site,
            self.word.address,
            self.now,
            self.received.received_at,
            mail=self.received.id,
            act_id=self.word.act_id,
            about=about,
        )


def obey_desk(
    connection: Connection, site: Site, received: Received, message: Message, word: DeskWord, now: datetime
) -> Settled:
    """Run the commands of a reply to a mail to the office, each line in its turn until one cannot be done."""
    desk = _DeskMail(site, received, word, now)
    why_machine = automatic(message, received.mail_from)
    if why_machine is not None:
        return Settled("discarded", f"an automatic reply to a mail to the office ({why_machine})")
    lines = _about_the_held(connection, desk, own_lines(message.text, _sent(connection, word)))
    _join_sealed(connection, desk, message, lines)
    if (dead := _dead(site, word, now)) is not None:
        return _dead_word(connection, desk, dead)
    if (why := _untrusted(desk, message)) is not None:
        return Settled("held", why)  # and the word still works for whom it is meant
    if not inbox.take_once(connection, f"desk:{word.id}", received.fingerprint(message), received.id):
        return Settled("discarded", "the same mail was read before")
    if not desk_words.use(connection, word.id, now):
        return _dead_word(connection, desk, "word-used")
    done, not_done = _run(connection, desk, lines)
    keys = {said.key for _, said in done if said.key}
    if not done:
        keys = {key for line in lines if (key := _about(connection, desk, line))}
    cooked = site.render.office.answer(
        tuple(CommandLine(_echo(connection, desk, line), said.sentence, said.hints) for line, said in done),
        tuple(replace(one, line=_echo(connection, desk, one.line)) for one in not_done),
        key=keys.pop() if len(keys) == 1 else "" if keys else _named_in_subject(connection, word),
        sentence="" if lines else desk.say("no-command"),
        of_office=site.may_command(word.address),
        thread=Thread.of(message),
        now=now,
    )
    tell_office(connection, site, cooked, now, kind="office_answer", inbox_id=received.id, to=(word.address,))
    return Settled("answered", f"{len(done)} commands done, {len(not_done)} lines not, for {word.address}")


# --- whose word, and does it act ----------------------------------------------------------------------------------


def _dead(
    site: Site, word: DeskWord, now: datetime
) -> Literal["word-used", "word-expired", "word-foreign"] | None:
    if word.used_at is not None:
        return "word-used"
    if now >= word.expires_at:
        return "word-expired"
    return None if word.act_id is not None or site.may_command(word.address) else "word-foreign"


def _dead_word(connection: Connection, desk: _DeskMail, why: str) -> Settled:
    """Say, to the registered office alone, that a reply did nothing; its sender is not known."""
    said = desk.say(why)
    cooked = desk.site.render.office.answer((), (), sentence=said, thread=None, now=desk.now)
    number = desk.received.id
    tell_office(
        connection, desk.site, cooked, desk.now, kind="office_answer", inbox_id=number, by_others=True
    )
    return Settled("discarded", f"a reply to the office whose address is spent ({why})")


def _untrusted(desk: _DeskMail, message: Message) -> str | None:
    """Return why a reply must wait for the office; None: it comes from whom the word was sent to, and says one thing."""
    if message.from_address is None or not same_address(message.from_address, desk.word.address):
        return desk.say("other-address", to=desk.word.address)
    # Our own domain is no exception here: the office may well have its mailbox there, and nothing below a result of
    # our own mail exchanger for exactly this address is enough.
    found = trust(
        message.from_address,
        token=True,
        designated=desk.word.address,
        registered=(),
        authentication=read_authentication(message.headers, desk.site.authserv_id),
        own_domains=(),
    )
    if found.level != 4:
        return desk.say("untrusted")
    if len(message.text) > LONGEST_REPLY:
        return desk.say("too-long")
    if seems_automatic(message.subject):
        return desk.say("hint")
    return desk.say("differs") if _parts_differ(desk, message) else None


def _parts_differ(desk: _DeskMail, message: Message) -> bool:
    """Tell whether the text and the HTML of one mail command different things (promises.md attack 9)."""
    today = desk.now.astimezone(desk.site.zone).date()

    def commands(texts: list[str]) -> list[Command]:
        read = [read_line(line, today=today) for text in texts for line in own_lines(text, "")]
        return [command for command in read if not isinstance(command, NotUnderstood)]

    plain, html = (
        [
            decode(part.content, part.charset).text
            for part in message.parts
            if part.content_type == kind and part.filename is None
        ]
        for kind in ("text/plain", "text/html")
    )
    return bool(plain and html) and commands(plain) != commands([html_to_text(text) for text in html])


def _sent(connection: Connection, word: DeskWord) -> str:
    """Return the text of the mail that is answered; its lines are never commands."""
    mail = _mail(connection, word)
    return "" if mail is None else mail.text


def _named_in_subject(connection: Connection, word: DeskWord) -> str:
    """Return what the mail that is answered is about: the key at the end of its Subject; "": none stands there."""
    mail = _mail(connection, word)
    found = None if mail is None else _KEY_IN_SUBJECT.search(mail.subject)
    return "" if found is None else found["key"]


def _about_the_held(connection: Connection, desk: _DeskMail, lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines, 「Q1=1」 or 「破棄」 in reply to a mail about one that is held with that one's name before it."""
    mail = _mail(connection, desk.word)
    named = None if mail is None else _HELD_IN_SUBJECT.search(mail.subject)
    if named is None:
        return lines
    return tuple(
        f"{named['name']} {line}"
        if isinstance(_read(desk, line), NotUnderstood)
        and isinstance(_read(desk, f"{named['name']} {line}"), (Decide, Give))
        else line
        for line in lines
    )


def _mail(connection: Connection, word: DeskWord) -> Message | None:
    """Return the mail that is answered, as it left."""
    cooked = desk_words.mail_of(connection, word.id)
    return None if cooked is None else parse(copy_shown(cooked))


# --- the lines ----------------------------------------------------------------------------------------------------


def _run(
    connection: Connection, desk: _DeskMail, lines: tuple[str, ...]
) -> tuple[list[tuple[str, CommandDone]], tuple[CommandLine, ...]]:
    """Do the commands in order; from the first line that cannot be done on, none is."""
    today = desk.now.astimezone(desk.site.zone).date()
    commanding = desk.commanding(_named_in_subject(connection, desk.word))
    done: list[tuple[str, CommandDone]] = []
    for at, line in enumerate(lines):
        command = read_line(line, today=today)
        why = ""
        if isinstance(command, NotUnderstood):
            why = WHY_NOT[desk.site.language][command.kind] + ("。" if desk.site.language == "ja" else ".")
        else:
            try:
                with connection.begin_nested():
                    said = obey_command(connection, commanding, command)
            except Refusal as refusal:
                why = str(refusal)
            else:
                if not said.failed:
                    done.append((line, said))
                    continue
                why = said.sentence
        after = (CommandLine(other, desk.say("stopped")) for other in lines[at + 1 :])
        return done, (CommandLine(line, why), *after)
    return done, ()


def _join_sealed(connection: Connection, desk: _DeskMail, message: Message, lines: tuple[str, ...]) -> None:
    """Let a mail that says what a body answers in a sealed survey be destroyed with its replies (promises.md I21)."""
    print_of_mail = desk.received.fingerprint(message)
    for key in sorted({key for line in lines for key in _sealed(connection, desk, line)}):
        inbox.take_once(connection, sealed.place(key), print_of_mail, desk.received.id)


def _echo(connection: Connection, desk: _DeskMail, line: str) -> str:
    """Return a line as our answer repeats it: without what it answers in a sealed survey, for answers are quoted."""
    if not _sealed(connection, desk, line):
        return line
    word, hidden = line.split(maxsplit=1)[0], desk.say("hidden")
    match _read(desk, line):
        case Enter(key, code, _, reason):
            return " ".join(part for part in (word, key, code, hidden, reason) if part)
        case Give(number):
            return f"{mail_name(number)} {hidden}"
        case _:
            return f"{word} {hidden}" if word.casefold() in _ENTER_WORDS else hidden


def _sealed(connection: Connection, desk: _DeskMail, line: str) -> tuple[str, ...]:
    """Return the sealed surveys of which a line says what somebody answers, or may mean to."""
    every = surveys.every(connection)
    key = ""
    match command := _read(desk, line):
        case Enter(key=""):
            running = [one.survey.key for one in every if one.state == "open"]
            key = running[0] if len(running) == 1 else ""
        case Enter() | Give():
            key = _about(connection, desk, line)
        case NotUnderstood() if _may_answer(line):
            key = _about(connection, desk, line)
        case _:
            return ()
    named = [one for one in every if one.survey.key.casefold() == key.casefold()]
    if not named and (isinstance(command, Give) or find_event(connection, key) is not None):
        return ()
    return tuple(
        one.survey.key
        for one in named or every
        if one.survey.mode == "sealed" and one.state != "planned" and not one.is_over(desk.now)
    )


def _may_answer(line: str) -> bool:
    """Tell whether a line that is no command may be one for a body's answers, miswritten."""
    plain = unicodedata.normalize("NFKC", line).casefold()
    return "=" in plain or plain.startswith(_ENTER_WORDS) or plain.startswith("u-")


def _read(desk: _DeskMail, line: str) -> Command | NotUnderstood:
    return read_line(line, today=desk.now.astimezone(desk.site.zone).date())


def _about(connection: Connection, desk: _DeskMail, line: str) -> str:
    """Return the survey that a line names, else the mail that it names; "": neither."""
    match _read(desk, line):
        case (
            Enter(key=key)
            | Extend(key=key)
            | OfSurvey(key=key)
            | OfBulletin(key=key)
            | FixMeeting(key=key)
            | Attended(key=key)
            | Reissue(key=key)
        ) if key:
            found = find_survey(connection, key)
            return key if found is None else found.survey.key
        case Decide(number=number) | Give(number=number):
            received = inbox.load(connection, number)
            ballot = None if received is None else ballot_of_mail(connection, desk.site, received)
            return mail_name(number) if ballot is None else ballot.subject
        case NotUnderstood():
            words = unicodedata.normalize("NFKC", line).casefold().split()
            keys = [one.survey.key for one in surveys.every(connection)]
            return next((key for key in keys if key.casefold() in words), "")
        case _:
            return ""
