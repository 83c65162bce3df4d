"""Answer a member's commands: what was done, what was not, and how to go on; within the limits of promises.md I14 and I30."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.members.perform_list_command import Writer
from mailbot.flows.question_reply import QuestionReply
from mailbot.render import CommandLine, Thread
from mailbot.site import Site
from mailbot.store.members import confirmations
from mailbot.store.sending import allowances, outbox


@dataclass(frozen=True)
class Answer:
    """What a member is told about his commands."""

    done: Sequence[CommandLine] = ()
    not_done: Sequence[CommandLine] = ()
    sentence: str = ""  # where there is no line to answer
    commands: bool = False  # all commands are explained
    undo: Mapping[str, str] | None = None  # what a 取消 in reply takes back, as `leave_list` returns it


def answer_member(
    connection: Connection, site: Site, writer: Writer, answer: Answer, now: datetime, thread: Thread | None
) -> bool:
    """Queue the answer to where he wrote from; False when one more would be too many.

    Where he is not proved to have written, anybody may have caused it.
    """
    address, list_name = writer.answered_at, writer.list_name
    if not (writer.proved or confirmations.spend_unproved_answer(connection, address, now)):
        return False
    if not allowances.spend_answer(connection, address, now):
        return False
    words: dict[str, Any] = {
        "done": tuple(answer.done),
        "not_done": tuple(answer.not_done),
        "sentence": answer.sentence,
        "commands": answer.commands or bool(answer.not_done),
        "robot": f"{list_name}-request@{site.domain}" if list_name else f"robot@{site.domain}",
    }
    if answer.undo is not None:
        question = ConfirmationQuestion(
            "undo-leave",
            address,
            "member_answer",
            about=list_name,
            detail=answer.undo,
            by_mail=False,
            inbox_id=writer.inbox_id,
        )
        return ask_confirmation(connection, site, question, now, thread=thread, **words)
    cooked = site.render.letter("member_answer", now=now, thread=thread, **words)
    outbox.queue_letter(
        connection, "member_answer", list_name, cooked, address, now, inbox_id=writer.inbox_id
    )
    return True


def tell_member(connection: Connection, reply: QuestionReply, words: str, to: str | None = None) -> None:
    """Say what became of the reply to a question: to the person who was asked, in answer to the reply, or to another."""
    asked = reply.asked.address
    address = to or asked
    writer = Writer(address, proved=True, list_name="", inbox_id=reply.received.id)
    thread = reply.thread if same_address(address, asked) else None
    answer_member(connection, reply.site, writer, Answer(sentence=words), reply.now, thread)
