"""A command of the office from its page: first tried, to say what it would do, and then done, once; by the words of a reply."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.mail.token import read_trial_token, token_hash, trial_token
from mailbot.core.office.desk import read_line
from mailbot.core.office.desk_command import WHY_NOT, Approve, Command, NotUnderstood, SendBack
from mailbot.core.office.desk_sentences import sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.members.enter_pages import Visit
from mailbot.flows.office.know_decider import Decider
from mailbot.flows.office.obey_command import CommandDone, Desk, obey_command
from mailbot.site import Site
from mailbot.store.members import confirmations
from mailbot.store.members.confirmations import NewConfirmation
from mailbot.store.office import desk_words
from mailbot.store.sending import sendings
from mailbot.store.transactions import savepoint

_KIND = "desk"
_LASTS = timedelta(minutes=30)  # for which what was shown may be pressed


@dataclass(frozen=True)
class Tried:
    """What a command would do."""

    sentence: str
    hints: tuple[str, ...]
    mails: int  # that would leave
    once: str  # the token by which it is done; "": it cannot be


class _TakenBack(Exception):  # noqa: N818  it is no error: it takes the trial back
    """Raised where a command would have been done."""


def try_command(
    connection: Connection, site: Site, decider: Decider, visit: Visit, line: str, act: int, now: datetime
) -> Tried:
    """Return what this line would do, as the trial of it said, which leaves nothing behind. `act`: that it approves; 0: none.

    What may be done gets a token that is good for this line alone, for one time, for half an hour, and for this visit. The
    line is not kept, it may say what somebody answers in a secret survey: the token's MAC knows it.
    """
    try:
        command = _read(site, line, now)
        said, mails = _tried(connection, site, decider, command, act, now)
    except Refusal as refusal:
        return Tried(str(refusal), (), 0, "")
    if said.failed:
        return Tried(said.sentence, said.hints, 0, "")
    detail = {"visit": str(visit.number)}
    new = NewConfirmation(_KIND, "desk", decider.address, detail, now + _LASTS, by_mail=False)
    # No address has this token, so that no mail can answer it.
    number = confirmations.make(connection, new, lambda row: token_hash(f"{_KIND} {row}"), now)
    return Tried(said.sentence, said.hints, mails, trial_token(site.key, f"{act} {line}", number))


def command_at_desk(
    connection: Connection,
    site: Site,
    decider: Decider,
    visit: Visit,
    line: str,
    act: int,
    once: str,
    now: datetime,
) -> CommandDone:
    """Do what this line says. Raises Refusal where that cannot be, and where the token was used before or is not for it."""
    number = read_trial_token([site.key], f"{act} {line}", once)
    asked = None if number is None else confirmations.by_id(connection, number, _KIND)
    own = asked is not None and asked.detail.get("visit") == str(visit.number) and now < asked.expires_at
    if number is None or not own or not confirmations.use(connection, number, now):
        raise Refusal(sentence(site.language, "pressed-before"))
    return _obey(connection, site, decider, _read(site, line, now), act, now)


def _tried(
    connection: Connection, site: Site, decider: Decider, command: Command, act: int, now: datetime
) -> tuple[CommandDone, int]:
    found: list[tuple[CommandDone, int]] = []
    with contextlib.suppress(_TakenBack), savepoint(connection):
        newest = sendings.newest_mailing(connection)
        said = _obey(connection, site, decider, command, act, now)
        found.append((said, sum(made.copies for made in sendings.made_after(connection, newest, now))))
        raise _TakenBack
    return found[0]


def _read(site: Site, line: str, now: datetime) -> Command:
    command = read_line(line, today=now.astimezone(site.zone).date())
    if isinstance(command, NotUnderstood):
        stop = "。" if site.language == "ja" else "."
        raise Refusal(WHY_NOT[site.language][command.kind] + stop)
    return command


def _obey(
    connection: Connection, site: Site, decider: Decider, command: Command, act: int, now: datetime
) -> CommandDone:
    """Do a command. Only whoever was sent the mail that asks for an act may approve it, once: that uses up the mail's word."""
    if not isinstance(command, Approve | SendBack):
        return obey_command(connection, Desk(site, decider.address, now, now), command)
    word = desk_words.of_act(connection, act, decider.address) if act else None
    if word is None or now >= word.expires_at:
        raise Refusal(sentence(site.language, "not-asked"))
    if not desk_words.use(connection, word.id, now):
        raise Refusal(sentence(site.language, "word-used"))
    return obey_command(connection, Desk(site, decider.address, now, now, act_id=act), command)
