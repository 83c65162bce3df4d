"""Do what the office writes in reply to a mail of ours, line by line, and answer with what was done (ballot.md 14).

Nothing acts but a mail from the very person to whom the word was sent, vouched for by our own mail exchanger, and
each word acts once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.calendar import business_day, local_moment, moment_words
from mailbot.core.mail.address import Reply, same_address
from mailbot.core.mail.automatic import automatic, seems_automatic
from mailbot.core.mail.html_text import html_to_text
from mailbot.core.mail.japanese import decode
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import Message, parse
from mailbot.core.mail.token import token_hash
from mailbot.core.members.register import full_code
from mailbot.core.office.desk import (
    LONGEST_REPLY,
    WHY_NOT,
    Approve,
    Attended,
    Command,
    Decide,
    Enter,
    Extend,
    FixMeeting,
    Give,
    NotUnderstood,
    OfBulletin,
    OfRun,
    OfSending,
    OfSurvey,
    Reissue,
    Resume,
    SendBack,
    own_lines,
    read_line,
)
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.office.run_change import RunChange
from mailbot.core.refusal import Refusal
from mailbot.core.senders.authentication import read_authentication
from mailbot.core.surveys.ledger import IN_TALLY, standings, standings_of_ballots
from mailbot.core.surveys.trust import trust
from mailbot.core.surveys.two_persons import Act
from mailbot.flows.bulletins.command_bulletin import bulletin_status, command_bulletin, find_bulletin
from mailbot.flows.bulletins.settle_bulletin import settle_bulletin
from mailbot.flows.events.command_event import command_attendance, event_status, find_event
from mailbot.flows.events.command_meeting import command_meeting, find_meeting, meeting_status
from mailbot.flows.members.resume_address import resume_address
from mailbot.flows.office.ask_second_person import Waiting, refuse_out_of_place, request_act
from mailbot.flows.office.perform_act import answers_text
from mailbot.flows.office.settle_act import Undecided, settle_act
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.runs.change_run import change_run
from mailbot.flows.runs.steer_sending import Steer, steer_sending
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.record_for_body import ballot_of_mail, held_mail, held_reply
from mailbot.flows.surveys.reissue_ballot import reissue_ballot
from mailbot.flows.surveys.remind_survey import missing, remind_survey
from mailbot.render import CommandLine, Thread
from mailbot.site import Site
from mailbot.store import acts, ballots, desk_words, inbox, keys, members, occurrences, sealed, surveys
from mailbot.store.desk_words import DeskWord
from mailbot.store.inbox import Received
from mailbot.store.surveys import StoredSurvey

_KEY_IN_SUBJECT = re.compile(r"\[(?P<key>[^\[\]]{1,41})\]$")
_ENTER_WORDS = ("代理", "enter")  # an answer that the office gives for a body


@dataclass(frozen=True)
class _Desk:
    """Who commands, by which mail."""

    site: Site
    received: Received
    word: DeskWord
    now: datetime

    def say(self, name: str, **figures: object) -> str:
        """Return a sentence in the site's language."""
        return sentence(self.site.language, name, **figures)

    def moment(self, at: datetime) -> str:
        """Return a moment in words."""
        return moment_words(at.astimezone(self.site.zone), self.site.language)


@dataclass(frozen=True)
class _Said:
    """What one command did."""

    sentence: str
    key: str = ""  # the survey that it was about
    hints: tuple[str, ...] = ()
    failed: bool = False


def obey_desk(
    connection: Connection, site: Site, received: Received, message: Message, word: DeskWord, now: datetime
) -> Settled:
    """Run the commands of a reply to a mail to the office, each line in its turn until one cannot be done."""
    desk = _Desk(site, received, word, now)
    why_machine = automatic(message, received.mail_from)
    if why_machine is not None:
        return Settled("discarded", f"an automatic reply to a mail to the office ({why_machine})")
    lines = own_lines(message.text, _sent(connection, word))
    _join_sealed(connection, desk, message, lines)
    if (dead := _dead(site, word, now)) is not None:
        return _dead_word(connection, desk, dead)
    if (why := _untrusted(desk, message)) is not None:
        return Settled("held", why)  # and the word still works for whom it is meant
    if not inbox.first_time(connection, f"desk:{word.id}", received.fingerprint(message), received.id):
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
        key=keys.pop() if len(keys) == 1 else "",
        sentence="" if lines else desk.say("no-command"),
        of_office=_of_office(site, word),
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
    return None if word.act_id is not None or _of_office(site, word) else "word-foreign"


def _of_office(site: Site, word: DeskWord) -> bool:
    """Tell whether a word was sent to the office or its people; else it lets its reader approve one act, no more."""
    return any(same_address(word.address, one) for one in (site.office, *site.people))


def _dead_word(connection: Connection, desk: _Desk, why: str) -> Settled:
    """Say, to the registered office alone, that a reply did nothing; its sender is not known."""
    said = desk.say(why)
    cooked = desk.site.render.office.answer((), (), sentence=said, thread=None, now=desk.now)
    number = desk.received.id
    tell_office(
        connection, desk.site, cooked, desk.now, kind="office_answer", inbox_id=number, by_others=True
    )
    return Settled("discarded", f"a reply to the office whose address is spent ({why})")


def _untrusted(desk: _Desk, message: Message) -> str | None:
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


def _parts_differ(desk: _Desk, message: Message) -> bool:
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


def _mail(connection: Connection, word: DeskWord) -> Message | None:
    """Return the mail that is answered, as it left."""
    cooked = desk_words.mail_of(connection, word.id)
    if cooked is None:
        return None
    pieces = template(cooked)
    return parse(fill(pieces, {piece: b"" for piece in pieces if isinstance(piece, str)}))


# --- the lines ----------------------------------------------------------------------------------------------------


def _run(
    connection: Connection, desk: _Desk, lines: tuple[str, ...]
) -> tuple[list[tuple[str, _Said]], tuple[CommandLine, ...]]:
    """Do the commands in order; from the first line that cannot be done on, none is."""
    today = desk.now.astimezone(desk.site.zone).date()
    done: list[tuple[str, _Said]] = []
    for at, line in enumerate(lines):
        command = read_line(line, today=today)
        why = ""
        if isinstance(command, NotUnderstood):
            why = WHY_NOT[desk.site.language][command.kind] + ("。" if desk.site.language == "ja" else ".")
        else:
            try:
                with connection.begin_nested():
                    said = _do(connection, desk, command)
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


def _join_sealed(connection: Connection, desk: _Desk, message: Message, lines: tuple[str, ...]) -> None:
    """Let a mail that says what a body answers in a sealed survey be destroyed with its replies (promises.md I21)."""
    print_of_mail = desk.received.fingerprint(message)
    for key in sorted({key for line in lines for key in _sealed(connection, desk, line)}):
        inbox.first_time(connection, sealed.place(key), print_of_mail, desk.received.id)


def _echo(connection: Connection, desk: _Desk, line: str) -> str:
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


def _sealed(connection: Connection, desk: _Desk, line: str) -> tuple[str, ...]:
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
    if not named and isinstance(command, Give):
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


def _read(desk: _Desk, line: str) -> Command | NotUnderstood:
    return read_line(line, today=desk.now.astimezone(desk.site.zone).date())


def _about(connection: Connection, desk: _Desk, line: str) -> str:
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
            found = _find_survey(connection, key)
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


def _do(connection: Connection, desk: _Desk, command: Command) -> _Said:
    if not isinstance(command, Approve | SendBack) and not _of_office(desk.site, desk.word):
        raise Refusal(desk.say("desk-only"))
    match command:
        case Decide(number, "accept", _):
            return _accept(connection, desk, number)
        case Decide(number, "trust", _):
            return _trust(connection, desk, number)
        case Decide(number, decision, reason):
            return _put_aside(connection, desk, number, decision, reason)
        case Give(number, answers):
            return _give(connection, desk, number, answers)
        case Enter(key, code, answers, reason):
            return _enter(connection, desk, key, code, answers, reason)
        case Extend():
            return _extend(connection, desk, command)
        case OfBulletin():
            did = command_bulletin(connection, desk.site, command, desk.now, by=desk.word.address)
            return _Said(did.sentence, did.key, did.hints)
        case FixMeeting():
            key, sentence = command_meeting(connection, desk.site, command, desk.now, by=desk.word.address)
            return _Said(sentence, key)
        case Attended():
            about = _named_in_subject(connection, desk.word)
            said = command_attendance(connection, desk.site, command, about, desk.now, by=desk.word.address)
            return _Said(said.sentence, said.key, said.hints)
        case OfSurvey("status", key):
            return _status(connection, desk, key)
        case OfSurvey(do, key):
            return _SURVEY_COMMANDS[do](connection, desk, _survey(connection, desk, key))
        case Reissue(key, code):
            return _reissue(connection, desk, _survey(connection, desk, key), code)
        case Resume(address):
            return _resume(connection, desk, address)
        case OfRun():
            return _of_run(connection, desk, command)
        case OfSending(do, key):
            return _of_sending(connection, desk, do, key)
        case Approve():
            return _decide(connection, desk, approve=True, note="")
        case SendBack(reason):
            return _decide(connection, desk, approve=False, note=reason)


def _request(
    connection: Connection,
    desk: _Desk,
    key: str,
    act: Act,
    detail: dict[str, str],
    undo: str = "",
    **figures: object,
) -> _Said:
    """Do an act, or ask the second person for it."""
    asked = request_act(
        connection,
        desk.site,
        key,
        act,
        detail,
        by=desk.word.address,
        now=desk.now,
        received_at=desk.received.received_at,
    )
    if isinstance(asked, Waiting):
        return _Said(asked.sentence, key)
    stored = surveys.load(connection, key)
    over = stored is not None and stored.state == "closed"
    if over and act == "admit":  # nothing takes it back: neither 代理 nor a reply counts after the close
        undo = ""
    if over and act == "close" and stored is not None and stored.survey.mode == "sealed":
        undo = "undo-close-sealed"
    hints = (desk.say(undo, key=key, **figures),) if undo else ()
    return _Said(asked.sentence, key, (*([desk.say("alone")] if asked.alone else []), *hints))


def _accept(connection: Connection, desk: _Desk, number: int) -> _Said:
    received = held_mail(connection, desk.site, number)
    if _is_command(connection, desk, received):
        raise Refusal(desk.say("no-accept", mail=mail_name(number)))
    ballot = ballot_of_mail(connection, desk.site, received)
    if ballot is not None and ballot.kind == "survey":
        return _request(connection, desk, ballot.subject, "admit", {"number": str(number)}, "undo-accept")
    settle_held(connection, desk.site, number, "accept", "", desk.now, by=desk.word.address)
    return _Said(desk.say("accept", mail=mail_name(number)))


def _trust(connection: Connection, desk: _Desk, number: int) -> _Said:
    held_mail(connection, desk.site, number)
    settle_held(connection, desk.site, number, "trust", "", desk.now, by=desk.word.address)
    return _Said(desk.say("trust", mail=mail_name(number)))


def _is_command(connection: Connection, desk: _Desk, received: Received) -> bool:
    """Tell whether a held mail is itself a command to the desk: no command is made good by accepting it."""
    found = desk.site.route(received.recipient, frozenset())
    return isinstance(found, Reply) and desk_words.by_token(connection, token_hash(found.token)) is not None


def _put_aside(
    connection: Connection,
    desk: _Desk,
    number: int,
    decision: Literal["discard", "reject", "accept", "trust"],
    reason: str,
) -> _Said:
    held_mail(connection, desk.site, number)
    settle_held(connection, desk.site, number, decision, reason, desk.now, by=desk.word.address)
    hint = desk.say("undo-discard", number=number)
    return _Said(desk.say(decision, mail=mail_name(number)), hints=(hint,))


def _give(connection: Connection, desk: _Desk, number: int, answers: tuple[tuple[str, str], ...]) -> _Said:
    """Let a held reply count with the answers that the office read in it."""
    received, ballot = held_reply(connection, desk.site, number)
    detail = {"number": str(received.id), "answers": answers_text(answers)}
    return _request(connection, desk, ballot.subject, "admit", detail, "undo-accept")


def _enter(
    connection: Connection,
    desk: _Desk,
    key: str,
    code: str,
    answers: tuple[tuple[str, str], ...],
    reason: str,
) -> _Said:
    if not key:
        running = [stored for stored in surveys.every(connection) if stored.state == "open"]
        if len(running) != 1:
            raise Refusal(desk.say("which-survey", count=len(running)))
        key = running[0].survey.key
    stored = _survey(connection, desk, key)
    detail = {
        "code": _full_code(desk, code),
        "answers": answers_text(answers),
        "reason": reason,
        "mail": str(desk.received.id),
        "received_at": desk.received.received_at.isoformat(),
    }
    return _request(connection, desk, stored.survey.key, "admit", detail, "undo-entered")


def _extend(connection: Connection, desk: _Desk, command: Extend) -> _Said:
    stored = _survey(connection, desk, command.key)
    key, old = stored.survey.key, stored.survey.closes.astimezone(desk.site.zone)
    refuse_out_of_place(desk.site, stored, "extend")
    closes = local_moment(command.day, command.time or old.timetz(), desk.site.zone)
    if closes <= old or closes <= desk.now:
        raise Refusal(desk.say("not-later", closes=desk.moment(closes), key=key))
    said = _request(connection, desk, key, "extend", {"closes": closes.isoformat()}, "undo-extend")
    off = () if business_day(closes.date(), desk.site.calendar) else (desk.say("day-off"),)
    return replace(said, hints=(*off, *said.hints))


def _close(connection: Connection, desk: _Desk, stored: StoredSurvey) -> _Said:
    refuse_out_of_place(desk.site, stored, "close")
    return _request(connection, desk, stored.survey.key, "close", {}, "undo-close")


def _publish(connection: Connection, desk: _Desk, stored: StoredSurvey) -> _Said:
    refuse_out_of_place(desk.site, stored, "publish")
    return _request(connection, desk, stored.survey.key, "publish", {}, "undo-publish")


def _remind(connection: Connection, desk: _Desk, stored: StoredSurvey) -> _Said:
    refuse_out_of_place(desk.site, stored, "extend")  # likewise only while it is open
    key = stored.survey.key
    figure = remind_survey(connection, desk.site, key, desk.now, by=desk.word.address)
    return _Said(desk.say("remind", key=key, figure=figure), key)


def _status(connection: Connection, desk: _Desk, key: str) -> _Said:
    """Say where a meeting, a bulletin, an event or a survey stands."""
    if (meeting := find_meeting(connection, key)) is not None:
        return _Said(meeting_status(connection, desk.site, meeting), meeting.meeting.key)
    if (issue := find_bulletin(connection, key)) is not None:
        return _Said(bulletin_status(connection, desk.site, issue, desk.now), issue.bulletin.key)
    if (event := find_event(connection, key)) is not None:
        return _Said(event_status(connection, desk.site, event), event.event.key)
    return _survey_status(connection, desk, _survey(connection, desk, key))


def _survey_status(connection: Connection, desk: _Desk, stored: StoredSurvey) -> _Said:
    survey = stored.survey
    rows = ballots.ledger(connection, survey.key)
    stands = list(
        standings_of_ballots(rows).values() if survey.unit == "person" else standings(rows).values()
    )
    figures = {
        "invited": ballots.count(connection, survey.key),
        "answered": sum(each.row.status in IN_TALLY for each in stands),
        "held": sum(each.held for each in stands),
        "missing": len(missing(connection, survey)),
        "opens": desk.moment(survey.opens),
        "closes": desk.moment(survey.closes),
        "closed": desk.moment(stored.closed_at or survey.closes),
    }
    return _Said(desk.say(f"status-{stored.state}", key=survey.key, **figures), survey.key)


_SURVEY_COMMANDS: dict[str, Callable[[Connection, _Desk, StoredSurvey], _Said]] = {
    "close": _close,
    "publish": _publish,
    "remind": _remind,
}


def _reissue(connection: Connection, desk: _Desk, stored: StoredSurvey, code: str) -> _Said:
    refuse_out_of_place(desk.site, stored, "extend")
    key, full = stored.survey.key, _full_code(desk, code)
    if not ballots.of_subject(connection, key, full):
        raise Refusal(desk.say("no-body", key=key, code=full))
    reissue_ballot(connection, desk.site, key, full, desk.now, by=desk.word.address)
    body = members.bodies(connection, [full]).get(full)
    return _Said(desk.say("reissue", key=key, body=full if body is None else body.name), key)


def _resume(connection: Connection, desk: _Desk, address: str) -> _Said:
    by, mail = desk.word.address, desk.received.id
    if not resume_address(connection, address, "the office said so", desk.now, by=by, inbox_id=mail):
        raise Refusal(desk.say("not-troubled", address=address))
    return _Said(desk.say("resumed", address=address))


def _of_run(connection: Connection, desk: _Desk, command: OfRun) -> _Said:
    at = None
    if command.day is not None:
        run = occurrences.numbered(connection, command.number)
        planned = desk.now if run is None else run.planned_at or run.due_at
        of_day = command.time or planned.astimezone(desk.site.zone).timetz()
        at = local_moment(command.day, of_day, desk.site.zone)
    change = RunChange(command.do, at)
    said, *hints = change_run(connection, desk.site, command.number, change, desk.now, by=desk.word.address)
    return _Said(said, hints=tuple(hints))


def _of_sending(connection: Connection, desk: _Desk, do: Steer, key: str) -> _Said:
    said, *hints = steer_sending(connection, desk.site, key, do, desk.now, by=desk.word.address).said
    return _Said(said, key, tuple(hints))


def _decide(connection: Connection, desk: _Desk, *, approve: bool, note: str) -> _Said:
    if desk.word.act_id is None:
        raise Refusal(desk.say("no-act"))
    if acts.is_of_bulletin(connection, desk.word.act_id):
        settled = settle_bulletin(
            connection,
            desk.site,
            desk.word.act_id,
            approve=approve,
            note=note,
            by=desk.word.address,
            now=desk.now,
        )
        return _Said(settled.sentence, settled.key, failed=isinstance(settled, Undecided))
    settled = settle_act(
        connection,
        desk.site,
        desk.word.act_id,
        approve=approve,
        note=note,
        by=desk.word.address,
        now=desk.now,
        received_at=desk.received.received_at,
    )
    return _Said(settled.sentence, settled.key, failed=isinstance(settled, Undecided))


def _survey(connection: Connection, desk: _Desk, key: str) -> StoredSurvey:
    """Return the survey with this key, in whatever case it was written. Raises Refusal when there is none."""
    stored = _find_survey(connection, key)
    if stored is None:
        raise Refusal(desk.say("no-survey", key=key))
    return stored


def _find_survey(connection: Connection, key: str) -> StoredSurvey | None:
    return surveys.load(connection, keys.meant(connection, key, "survey"))


def _full_code(desk: _Desk, code: str) -> str:
    try:
        return full_code(code)
    except ValueError:
        raise Refusal(desk.say("bad-code", code=code)) from None
