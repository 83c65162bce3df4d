"""Answer a member's commands: what was done, what was not, and how to go on; within the limits of promises.md I14 and I30."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.flows.members.ask_confirmation import Question, ask_confirmation
from mailbot.flows.question_reply import QuestionReply
from mailbot.render import CommandLine, Thread
from mailbot.site import Site
from mailbot.store import confirmations, inbox, outbox


def answer_member(
    connection: Connection,
    site: Site,
    address: str,
    now: datetime,
    *,
    done: Sequence[CommandLine] = (),
    not_done: Sequence[CommandLine] = (),
    inbox_id: int | None,
    thread: Thread | None,
    proved: bool = True,
    sentence: str = "",
    commands: bool = False,
    list_name: str = "",
    undo: Mapping[str, str] | None = None,
) -> bool:
    """Queue the answer; False when one more would be too many.

    `proved`: the mail certainly came from this address; otherwise anybody may have caused the answer. `commands`: all
    commands are explained. `undo`: what a 取消 in reply takes back, as `leave_list` returns it.
    """
    if not (proved or confirmations.may_tell(connection, address, now)):
        return False
    if not inbox.may_answer(connection, address, now):
        return False
    words: dict[str, Any] = {
        "done": tuple(done),
        "not_done": tuple(not_done),
        "sentence": sentence,
        "commands": commands or bool(not_done),
        "robot": f"{list_name}-request@{site.domain}" if list_name else f"robot@{site.domain}",
    }
    if undo is not None:
        question = Question(
            "undo-leave",
            address,
            "member_answer",
            about=list_name,
            detail=undo,
            by_mail=False,
            inbox_id=inbox_id,
        )
        return ask_confirmation(connection, site, question, now, thread=thread, **words)
    cooked = site.render.letter("member_answer", now=now, thread=thread, **words)
    outbox.queue_letter(connection, "member_answer", list_name, cooked, address, now, inbox_id=inbox_id)
    return True


def tell_member(connection: Connection, reply: QuestionReply, words: str, to: str | None = None) -> None:
    """Say what became of the reply to a question: to the person who was asked, in answer to the reply, or to another."""
    asked = reply.asked.address
    address = to or asked
    answer_member(
        connection,
        reply.site,
        address,
        reply.now,
        inbox_id=reply.received.id,
        thread=reply.thread if same_address(address, asked) else None,
        sentence=words,
    )
