"""Do what a member writes to a command address, line by line, and answer with what was done and what was not.

What changes something for him needs proof that he wrote it: our own mail exchanger's, a token of his own copy, or his
reply to a question that goes to the registered address (promises.md I14, I28, I30).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.lists.command_grammar import command_lines, read_command
from mailbot.core.lists.list_command import (
    CHANGES,
    MOST_COMMANDS,
    WHY_NOT,
    AddAddress,
    ChangeAddress,
    Command,
    Confirm,
    DropAddress,
    HandOver,
    NotUnderstood,
    OpenList,
)
from mailbot.core.lists.list_sentences import list_sentence, will_do
from mailbot.core.mail.address import same_address
from mailbot.core.mail.automatic import automatic, seems_automatic
from mailbot.core.mail.message import Message, thread_of
from mailbot.core.mail.token import token_hash
from mailbot.core.reading.text.own_lines import own_lines
from mailbot.core.refusal import Refusal
from mailbot.core.senders.authentication import read_authentication, verdict
from mailbot.core.surveys.trust import trust
from mailbot.flows.members.answer_member import Answer, answer_member
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.members.name_list import name_list
from mailbot.flows.members.perform_list_command import (
    ListCommandDone,
    Writer,
    list_meant,
    perform_list_command,
)
from mailbot.flows.settled import Settled
from mailbot.render import CommandLine, Thread
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations, members, other_addresses

_STRANGER: dict[Language, str] = {
    "ja": "差出人のアドレスが名簿になく、認証もされていません。",
    "en": "Its author is not registered, and nothing vouches for him.",
}
_OF_NO_LIST = (ChangeAddress, HandOver, AddAddress, DropAddress, OpenList)
_LISTS = frozenset({"list-id", "x-loop"})


@dataclass(frozen=True)
class LinesOutcome:
    """What became of the lines of one mail."""

    done: tuple[tuple[str, ListCommandDone], ...] = ()  # each line with what it did
    not_done: tuple[CommandLine, ...] = ()  # the first that cannot be done, and those after it
    waiting: tuple[str, ...] = ()  # need proof of who wrote them


def obey_member(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    list_name: str,
    now: datetime,
    *,
    lines: Sequence[str] | None = None,
    proved: bool = False,
) -> Settled:
    """Run the commands of a mail to a list's address ("": the robot's); `lines`: the address itself is the command.

    `proved`: a token of the writer's own has shown who he is.
    """
    machine = _machine(message, received)
    if machine is not None:
        return Settled("discarded", f"a machine is not answered ({machine})")
    author = message.from_address
    if author is None:
        return Settled("discarded", "its From does not name exactly one author")
    if verdict(read_authentication(message.headers, site.authserv_id), author) == "fail":
        return Settled("rejected", "its author's domain disowns this mail (DMARC failed)")
    place = f"commands:{received.recipient.lower()}"  # one mail may ask several lists
    if not inbox.take_once(connection, place, received.fingerprint(message), received.id):
        return Settled("discarded", "the same mail was read before")
    proved = proved or vouched(site, message, author)
    if not (proved or _known(connection, author)):
        return Settled("held", _STRANGER[site.language])
    thread = thread_of(message) if message.references or message.in_reply_to else ""
    writer = writer_at(connection, author, proved, list_name, thread, received.id)
    return _obey(connection, site, message, writer, _lines(message) if lines is None else tuple(lines), now)


def writer_at(
    connection: Connection, address: str, proved: bool, list_name: str, thread: str, inbox_id: int | None
) -> Writer:
    """Return who writes from an address: the person, be it a further address of his."""
    person = other_addresses.home(connection, address)
    further = "" if same_address(person, address) else address
    return Writer(person, proved, list_name, thread, inbox_id, further)


def vouched(site: Site, message: Message, address: str) -> bool:
    """Tell whether our own mail exchanger says that this address itself wrote the mail (ladder of ballot.md: 4)."""
    found = trust(
        message.from_address,
        token=True,
        designated=address,
        registered=(),
        authentication=read_authentication(message.headers, site.authserv_id),
        own_domains=(),
    )
    return found.level == 4


def run_lines(
    connection: Connection, site: Site, writer: Writer, lines: Sequence[str], now: datetime
) -> LinesOutcome:
    """Do lines in order, up to the first that cannot be done."""
    done: list[tuple[str, ListCommandDone]] = []
    waiting: list[str] = []
    for at, line in enumerate(lines):
        try:
            command = _command(connection, site, "" if at == MOST_COMMANDS else line, now)
            if isinstance(command, CHANGES) and not writer.proved:
                _will_do(connection, site, writer, command, now)  # refuses what cannot be meant
                waiting.append(line)
                continue
            with connection.begin_nested():
                done.append((line, perform_list_command(connection, site, writer, command, now)))
        except Refusal as refusal:
            stopped = list_sentence(site.language, "stopped")
            rest = [CommandLine(other, stopped) for other in lines[at + 1 :]]
            return LinesOutcome(tuple(done), (CommandLine(line, str(refusal)), *rest), tuple(waiting))
    return LinesOutcome(tuple(done), (), tuple(waiting))


def answer(
    connection: Connection,
    site: Site,
    writer: Writer,
    outcome: LinesOutcome,
    now: datetime,
    *,
    answered: Thread | None,
    sentence: str = "",
) -> bool:
    """Answer with what was done and what was not."""
    asked = list_sentence(site.language, "asked-you")
    shown = [CommandLine(line, said.sentence, said.hints) for line, said in outcome.done]
    told = Answer(
        (*shown, *(CommandLine(line, asked) for line in outcome.waiting)),
        outcome.not_done,
        sentence,
        commands=any(said.commands for _, said in outcome.done) or bool(sentence),
        undo=next((said.undo for _, said in outcome.done if said.undo is not None), None),
    )
    return answer_member(connection, site, writer, told, now, answered)


def _obey(
    connection: Connection, site: Site, message: Message, writer: Writer, lines: Sequence[str], now: datetime
) -> Settled:
    answered = Thread.of(message)
    if (token := _only_token(connection, site, lines, now)) is not None:
        lines, writer, refused = _of_token(connection, site, writer, token, now)
        if refused is not None:
            answer(connection, site, writer, LinesOutcome(not_done=(refused,)), now, answered=answered)
            return Settled("answered", "a token that it may not use")
    if not lines:
        nothing = list_sentence(site.language, "no-command")
        told = answer(connection, site, writer, LinesOutcome(), now, answered=answered, sentence=nothing)
        return Settled("answered" if told else "discarded", "no command in it")
    outcome = run_lines(connection, site, writer, lines, now)
    done, not_done, waiting = outcome.done, outcome.not_done, outcome.waiting
    if waiting and not _ask(connection, site, writer, waiting, now, answered):
        return Settled(
            "discarded", "no question goes out: too many to this address today, or in all this hour"
        )
    told = not (done or not_done) or answer(connection, site, writer, outcome, now, answered=answered)
    reason = f"{len(done)} commands done, {len(not_done)} lines not, {len(waiting)} wait for a reply"
    return Settled("answered", reason if told else f"{reason}; no answer: too many to this address")


def _ask(
    connection: Connection, site: Site, writer: Writer, lines: Sequence[str], now: datetime, answered: Thread
) -> bool:
    """Ask the registered address whether it wrote this; the mail says what will happen."""
    will = []
    for line in lines:
        command = _command(connection, site, line, now)
        will.append(CommandLine(line, _will_do(connection, site, writer, command, now)))
    question = ConfirmationQuestion(
        "commands",
        writer.answered_at,
        "confirm_commands",
        about=writer.list_name,
        detail={"lines": "\n".join(lines), "list": writer.list_name, "thread": writer.thread},
        by_mail=True,
        inbox_id=writer.inbox_id,
    )
    return ask_confirmation(
        connection, site, question, now, thread=answered, will=tuple(will), address=writer.answered_at
    )


def _command(connection: Connection, site: Site, line: str, now: datetime) -> Command:
    """Read a line. Raises Refusal with the sentence why it is no command."""
    today = now.astimezone(site.zone).date()
    command = read_command(line, lists.names(connection), today=today)
    if isinstance(command, NotUnderstood):
        raise Refusal(WHY_NOT[site.language][command.kind] + ("。" if site.language == "ja" else "."))
    return command


def _will_do(connection: Connection, site: Site, writer: Writer, command: Command, now: datetime) -> str:
    title = ""
    if isinstance(command, CHANGES) and not isinstance(command, _OF_NO_LIST):
        value = list_meant(connection, site, writer, command.list)
        title = name_list(connection, site, value, writer.address)
    today = now.astimezone(site.zone).date()
    return will_do(site.language, command, title=title, address=writer.address, today=today)


# --- who writes, and what ------------------------------------------------------------------------------------------


def _machine(message: Message, received: Received) -> str | None:
    """Return why a mail is no person's to us."""
    why = automatic(message, received.mail_from)
    if why is not None:
        return why
    if seems_automatic(message.subject):
        return "its Subject reads like a vacation note"
    for name, value in message.headers:
        lowered = name.lower()
        if lowered in _LISTS or (
            lowered == "precedence" and value.strip().lower() in {"bulk", "junk", "list"}
        ):
            return name
    return None


def _known(connection: Connection, address: str) -> bool:
    return bool(members.people_at(connection, address) or memberships.of_person(connection, address))


def _lines(message: Message) -> tuple[str, ...]:
    """Return the commands of the body, or of the Subject when the body has none."""
    lines = command_lines("\n".join(own_lines(message.text, "")))
    return lines or command_lines(message.subject)


def _only_token(connection: Connection, site: Site, lines: Sequence[str], now: datetime) -> str | None:
    """Return the token when a mail's first command is 「確認 TOKEN」."""
    if not lines:
        return None
    command = read_command(lines[0], lists.names(connection), today=now.astimezone(site.zone).date())
    return command.token if isinstance(command, Confirm) else None


def _of_token(
    connection: Connection, site: Site, writer: Writer, token: str, now: datetime
) -> tuple[Sequence[str], Writer, CommandLine | None]:
    """Return the commands that a token confirms, and their writer, who is proved by it; or why it confirms none."""
    found = confirmations.by_token(connection, token_hash(token))
    good = (
        found is not None
        and found.kind == "commands"
        and other_addresses.same_person(connection, found.address, writer.address)
        and now < found.expires_at
        and confirmations.use(connection, found.id, now)
    )
    if found is None or not good:
        return (), writer, CommandLine(token, list_sentence(site.language, "bad-token"))
    proved = replace(writer, proved=True, list_name=found.detail["list"], thread=found.detail["thread"])
    return found.detail["lines"].split("\n"), proved, None
