"""Do one command of the office, by whichever way it came: a line of a reply, or a button of a page (ballot.md 14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.calendar import business_day, local_moment, moment_words
from mailbot.core.events.attendance_sentences import attendance_sentence
from mailbot.core.members.register import full_code
from mailbot.core.office.desk_command import (
    Approve,
    Attended,
    Command,
    Decide,
    Enter,
    Extend,
    FixMeeting,
    Give,
    OfBulletin,
    OfRun,
    OfSending,
    OfSurvey,
    Reissue,
    Resume,
    SendBack,
)
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.office.run_change import RunChange
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import IN_TALLY, standings_of_voters
from mailbot.core.surveys.two_persons import Act, Order, Word
from mailbot.flows.bulletins.command_bulletin import bulletin_status, command_bulletin, find_bulletin
from mailbot.flows.bulletins.settle_bulletin import settle_bulletin
from mailbot.flows.events.command_event import command_attendance, event_status, find_event
from mailbot.flows.events.command_meeting import command_meeting, find_meeting, meeting_status
from mailbot.flows.events.enter_rsvp import Call, enter_rsvp
from mailbot.flows.members.resume_address import resume_address
from mailbot.flows.office.ask_second_person import Waiting, refuse_out_of_place, request_act
from mailbot.flows.office.perform_act import pairs_text
from mailbot.flows.office.settle_act import Undecided, settle_act
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.office.tell_office import is_desk_word
from mailbot.flows.runs.change_run import change_run
from mailbot.flows.runs.steer_sending import Steer, steer_sending
from mailbot.flows.surveys.held_reply import ballot_of_mail, held_mail, held_reply
from mailbot.flows.surveys.reissue_ballot import reissue_ballot
from mailbot.flows.surveys.remind_survey import RemindedLately, missing, remind_survey
from mailbot.site import Site
from mailbot.store import keys
from mailbot.store.members import members
from mailbot.store.office import acts
from mailbot.store.runs import occurrences
from mailbot.store.surveys import ballots, ledgers, surveys
from mailbot.store.surveys.surveys import StoredSurvey


@dataclass(frozen=True)
class Desk:
    """Who commands, when, and by what."""

    site: Site
    by: str  # his address, which is proved
    now: datetime
    received_at: datetime  # since when the command counts: when its mail came
    mail: int | None = None  # the inbox row of its mail; None: it came from a page
    act_id: int | None = None  # the act that an approval is about; None: none
    about: str = ""  # what the answered mail names in its Subject; "": nothing

    def say(self, name: str, **figures: object) -> str:
        """Return a sentence in the site's language."""
        return sentence(self.site.language, name, **figures)

    def moment(self, at: datetime) -> str:
        """Return a moment in words."""
        return moment_words(at.astimezone(self.site.zone), self.site.language)


@dataclass(frozen=True)
class CommandDone:
    """What one command did."""

    sentence: str
    key: str = ""  # the survey that it was about
    hints: tuple[str, ...] = ()
    failed: bool = False


def obey_command(connection: Connection, desk: Desk, command: Command) -> CommandDone:
    """Do one command, or ask a second person for what it says. Raises Refusal where it cannot be done."""
    if not isinstance(command, Approve | SendBack) and not desk.site.may_command(desk.by):
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
        case Enter():
            return _enter(connection, desk, command)
        case Extend():
            return _extend(connection, desk, command)
        case OfBulletin():
            did = command_bulletin(connection, desk.site, command, desk.now, by=desk.by)
            return CommandDone(did.sentence, did.key, did.hints)
        case FixMeeting():
            key, sentence = command_meeting(connection, desk.site, command, desk.now, by=desk.by)
            return CommandDone(sentence, key)
        case Attended():
            said = command_attendance(connection, desk.site, command, desk.about, desk.now, by=desk.by)
            return CommandDone(said.sentence, said.key, said.hints)
        case OfSurvey("status", key):
            return _status(connection, desk, key)
        case OfSurvey("remind", key, again):
            return _remind(connection, desk, _survey(connection, desk, key), again=again)
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
            return _decide(connection, desk, Word(True, "", desk.by, desk.received_at))
        case SendBack(reason):
            return _decide(connection, desk, Word(False, reason, desk.by, desk.received_at))


def _request(
    connection: Connection,
    desk: Desk,
    key: str,
    act: Act,
    detail: dict[str, str],
    undo: str,
    **figures: object,
) -> CommandDone:
    """Do an act, or ask the second person for it."""
    asked = request_act(connection, desk.site, Order(key, act, detail, desk.by, desk.received_at), desk.now)
    if isinstance(asked, Waiting):
        return CommandDone(asked.sentence, key)
    stored = surveys.load(connection, key)
    over = stored is not None and stored.state == "closed"
    if over and act == "admit":  # nothing takes it back: neither 代理 nor a reply counts after the close
        undo = ""
    if over and act == "close" and stored is not None and stored.survey.mode == "sealed":
        undo = "undo-close-sealed"
    hints = (desk.say(undo, key=key, **figures),) if undo else ()
    return CommandDone(asked.sentence, key, (*([desk.say("alone")] if asked.alone else []), *hints))


def _accept(connection: Connection, desk: Desk, number: int) -> CommandDone:
    received = held_mail(connection, desk.site, number)
    if is_desk_word(connection, desk.site, received.recipient):  # no command is made good by accepting it
        raise Refusal(desk.say("no-accept", mail=mail_name(number)))
    ballot = ballot_of_mail(connection, desk.site, received)
    if ballot is not None and ballot.kind == "survey":
        return _request(connection, desk, ballot.subject, "admit", {"number": str(number)}, "undo-accept")
    settle_held(connection, desk.site, number, "accept", "", desk.now, by=desk.by)
    return CommandDone(desk.say("accept", mail=mail_name(number)))


def _trust(connection: Connection, desk: Desk, number: int) -> CommandDone:
    held_mail(connection, desk.site, number)
    settle_held(connection, desk.site, number, "trust", "", desk.now, by=desk.by)
    return CommandDone(desk.say("trust", mail=mail_name(number)))


def _put_aside(
    connection: Connection,
    desk: Desk,
    number: int,
    decision: Literal["discard", "reject", "accept", "trust"],
    reason: str,
) -> CommandDone:
    held_mail(connection, desk.site, number)
    settle_held(connection, desk.site, number, decision, reason, desk.now, by=desk.by)
    hint = desk.say("undo-discard", number=number)
    return CommandDone(desk.say(decision, mail=mail_name(number)), hints=(hint,))


def _give(
    connection: Connection, desk: Desk, number: int, answers: tuple[tuple[str, str], ...]
) -> CommandDone:
    """Let a held reply count with the answers that the office read in it."""
    received, ballot = held_reply(connection, desk.site, number)
    detail = {"number": str(received.id), "answers": pairs_text(answers)}
    return _request(connection, desk, ballot.subject, "admit", detail, "undo-accept")


def _enter(connection: Connection, desk: Desk, command: Enter) -> CommandDone:
    key = command.key
    if key and (event := find_event(connection, key)) is not None:
        return _enter_rsvp(connection, desk, command, event.event.key)
    if not key:
        running = [stored for stored in surveys.every(connection) if stored.state == "open"]
        if len(running) != 1:
            raise Refusal(desk.say("which-survey", count=len(running)))
        key = running[0].survey.key
    stored = _survey(connection, desk, key)
    if not all(question for question, _ in command.answers):
        raise Refusal(desk.say("no-words", key=stored.survey.key))
    detail = {
        "code": _full_code(desk, command.code),
        "answers": pairs_text(command.answers),
        "reason": command.reason,
        "received_at": desk.received_at.isoformat(),
    }
    if desk.mail is not None:
        detail["mail"] = str(desk.mail)
    return _request(connection, desk, stored.survey.key, "admit", detail, "undo-entered")


def _enter_rsvp(connection: Connection, desk: Desk, command: Enter, key: str) -> CommandDone:
    call = Call(command.code, command.answers, command.reason, desk.by, desk.received_at, desk.mail)
    said = enter_rsvp(connection, desk.site, key, call, desk.now)
    return CommandDone(said, key, (attendance_sentence(desk.site.language, "undo-rsvp"),))


def _extend(connection: Connection, desk: Desk, command: Extend) -> CommandDone:
    stored = _survey(connection, desk, command.key)
    key, old = stored.survey.key, stored.survey.closes.astimezone(desk.site.zone)
    refuse_out_of_place(desk.site, stored, "extend")
    closes = local_moment(command.day, command.time or old.timetz(), desk.site.zone)
    if closes <= old or closes <= desk.now:
        raise Refusal(desk.say("not-later", closes=desk.moment(closes), key=key))
    said = _request(connection, desk, key, "extend", {"closes": closes.isoformat()}, "undo-extend")
    off = () if business_day(closes.date(), desk.site.calendar) else (desk.say("day-off"),)
    return replace(said, hints=(*off, *said.hints))


def _close(connection: Connection, desk: Desk, stored: StoredSurvey) -> CommandDone:
    refuse_out_of_place(desk.site, stored, "close")
    return _request(connection, desk, stored.survey.key, "close", {}, "undo-close")


def _publish(connection: Connection, desk: Desk, stored: StoredSurvey) -> CommandDone:
    refuse_out_of_place(desk.site, stored, "publish")
    return _request(connection, desk, stored.survey.key, "publish", {}, "undo-publish")


def _remind(connection: Connection, desk: Desk, stored: StoredSurvey, *, again: bool) -> CommandDone:
    refuse_out_of_place(desk.site, stored, "extend")  # likewise only while it is open
    key = stored.survey.key
    try:
        figure = remind_survey(connection, desk.site, key, desk.now, again=again, by=desk.by)
    except RemindedLately as lately:
        at, figure = desk.moment(lately.last.made_at), lately.last.copies
        who = desk.say(f"by-{lately.who.replace(' ', '-')}") if "@" not in lately.who else lately.who
        raise Refusal(desk.say("reminded-lately", key=key, at=at, figure=figure, who=who)) from None
    return CommandDone(desk.say("remind", key=key, figure=figure), key)


def _status(connection: Connection, desk: Desk, key: str) -> CommandDone:
    """Say where a meeting, a bulletin, an event or a survey stands."""
    if (meeting := find_meeting(connection, key)) is not None:
        return CommandDone(meeting_status(connection, desk.site, meeting), meeting.meeting.key)
    if (issue := find_bulletin(connection, key)) is not None:
        return CommandDone(bulletin_status(connection, desk.site, issue, desk.now), issue.bulletin.key)
    if (event := find_event(connection, key)) is not None:
        return CommandDone(event_status(connection, desk.site, event), event.event.key)
    return _survey_status(connection, desk, _survey(connection, desk, key))


def _survey_status(connection: Connection, desk: Desk, stored: StoredSurvey) -> CommandDone:
    survey = stored.survey
    stands = standings_of_voters(ledgers.rows(connection, survey.key), survey.unit)
    figures = {
        "invited": ballots.count(connection, survey.key),
        "answered": sum(each.row.status in IN_TALLY for each in stands),
        "held": sum(each.held for each in stands),
        "missing": len(missing(connection, survey)),
        "beside": "".join(
            desk.say(f"status-{status}", count=count)
            for status in ("partial", "declined")
            if (count := sum(each.row.status == status for each in stands))
        ),
        "opens": desk.moment(survey.opens),
        "closes": desk.moment(survey.closes),
        "closed": desk.moment(stored.closed_at or survey.closes),
    }
    return CommandDone(desk.say(f"status-{stored.state}", key=survey.key, **figures), survey.key)


_SURVEY_COMMANDS: dict[str, Callable[[Connection, Desk, StoredSurvey], CommandDone]] = {
    "close": _close,
    "publish": _publish,
}


def _reissue(connection: Connection, desk: Desk, stored: StoredSurvey, code: str) -> CommandDone:
    refuse_out_of_place(desk.site, stored, "extend")
    key, full = stored.survey.key, _full_code(desk, code)
    if not ballots.of_subject(connection, key, full):
        raise Refusal(desk.say("no-body", key=key, code=full))
    reissue_ballot(connection, desk.site, key, full, desk.now, by=desk.by)
    body = members.bodies(connection, [full]).get(full)
    return CommandDone(desk.say("reissue", key=key, body=full if body is None else body.name), key)


def _resume(connection: Connection, desk: Desk, address: str) -> CommandDone:
    by, mail = desk.by, desk.mail
    if not resume_address(connection, address, "the office said so", desk.now, by=by, inbox_id=mail):
        raise Refusal(desk.say("not-troubled", address=address))
    return CommandDone(desk.say("resumed", address=address))


def _of_run(connection: Connection, desk: Desk, command: OfRun) -> CommandDone:
    at = None
    if command.day is not None:
        run = occurrences.numbered(connection, command.number)
        planned = desk.now if run is None else run.planned_at or run.due_at
        of_day = command.time or planned.astimezone(desk.site.zone).timetz()
        at = local_moment(command.day, of_day, desk.site.zone)
    change = RunChange(command.do, at)
    said, *hints = change_run(connection, desk.site, command.number, change, desk.now, by=desk.by)
    return CommandDone(said, hints=tuple(hints))


def _of_sending(connection: Connection, desk: Desk, do: Steer, key: str) -> CommandDone:
    said, *hints = steer_sending(connection, desk.site, key, do, desk.now, by=desk.by).said
    return CommandDone(said, key, tuple(hints))


def _decide(connection: Connection, desk: Desk, word: Word) -> CommandDone:
    if desk.act_id is None:
        raise Refusal(desk.say("no-act"))
    settle = settle_bulletin if acts.is_of_bulletin(connection, desk.act_id) else settle_act
    settled = settle(connection, desk.site, desk.act_id, word, desk.now)
    return CommandDone(settled.sentence, settled.key, failed=isinstance(settled, Undecided))


def _survey(connection: Connection, desk: Desk, key: str) -> StoredSurvey:
    """Return the survey with this key, in whatever case it was written. Raises Refusal when there is none."""
    stored = find_survey(connection, key)
    if stored is None:
        raise Refusal(desk.say("no-survey", key=key))
    return stored


def find_survey(connection: Connection, key: str) -> StoredSurvey | None:
    """Return the survey with this key, in whatever case it was written; None: there is none."""
    return surveys.load(connection, keys.meant(connection, key, "survey"))


def _full_code(desk: Desk, code: str) -> str:
    try:
        return full_code(code)
    except ValueError:
        raise Refusal(desk.say("bad-code", code=code)) from None
