"""What a body says to the roll-call: that all is right, who its new person is, or something for the office."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.lists.list_command import WHY_NOT, ChangeAddress, HandOver, NotUnderstood
from mailbot.core.members.confirmation import read_word
from mailbot.core.members.roll_call import Answer, named_in, says_unchanged, speaks_of_change
from mailbot.core.refusal import Refusal
from mailbot.flows.members.answer_member import tell_member
from mailbot.flows.members.call_roll import ask_again
from mailbot.flows.members.perform_list_command import Writer, perform_list_command
from mailbot.flows.question_reply import QuestionReply
from mailbot.flows.settled import Settled
from mailbot.store.members import roll_calls
from mailbot.store.office import journal

_FOR_OFFICE: dict[Language, str] = {
    "ja": "名簿確認へのお返事です。名簿を直す必要があるかどうか、お読みください。",
    "en": "It answers the roll-call; please read whether the register must be mended.",
}


def answer_roll_call(connection: Connection, reply: QuestionReply) -> Settled:
    """Write down what the asked person says.

    A plain はい at the top confirms, unless another line of his has something for the register; a reply to which nothing was
    added confirms nothing. A successor is asked first, as always (promises.md I28): until he has answered, nothing moves.
    """
    if reply.now >= reply.asked.expires_at:
        tell_member(connection, reply, reply.say("expired"))
        return Settled("discarded", "the roll-call is over")
    word, lines = read_word(reply.message.text, reply.sent)
    named = named_in(lines, reply.now.astimezone(reply.site.zone).date())
    if isinstance(named, NotUnderstood):
        tell_member(connection, reply, WHY_NOT[reply.site.language][named.kind] + reply.say("full-stop"))
        return Settled("answered", "a successor without an address")
    if named is not None:
        return _name_successor(connection, reply, named)
    consents = word == "yes" or (word == "unclear" and says_unchanged(lines))
    if consents and not speaks_of_change(lines):
        _note(connection, reply, "confirmed")
        tell_member(connection, reply, reply.say("roll-confirmed"))
        return Settled("answered", f"{reply.asked.about} confirms the register")
    if word == "untouched":
        ask_again(connection, reply.site, reply.asked, reply.now, reply.received.id)
        return Settled("answered", "nothing was added to the roll-call's own text")
    _note(connection, reply, "other")
    return Settled("held", _FOR_OFFICE[reply.site.language])


def _name_successor(connection: Connection, reply: QuestionReply, named: HandOver | ChangeAddress) -> Settled:
    writer = Writer(reply.asked.address, True, "", inbox_id=reply.received.id)
    try:
        said = perform_list_command(connection, reply.site, writer, named, reply.now)
    except Refusal as refusal:
        tell_member(connection, reply, str(refusal))
        return Settled("answered", f"not done: {refusal}")
    _note(connection, reply, "named", named.new)
    tell_member(connection, reply, said.sentence)
    return Settled("answered", f"names {named.new}, who is asked")


def _note(connection: Connection, reply: QuestionReply, said: Answer, detail: str = "") -> None:
    key, code = reply.asked.detail["call"], reply.asked.about
    roll_calls.answer(connection, key, code, said, reply.now)
    journal.add(
        connection,
        "rollcall.answered",
        reply.now,
        who=reply.asked.address,
        about=f"rollcall {key}",
        detail=" ".join(filter(None, (code, said, detail))),
    )
