"""What a body says to the roll-call: that all is right, who its new person is, or something for the office."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.confirmation import read_word
from mailbot.core.list_command import WHY_NOT, NotUnderstood
from mailbot.core.list_sentences import list_sentence
from mailbot.core.message import Message
from mailbot.core.refusal import Refusal
from mailbot.core.roll_call import Answer, named_in, says_unchanged
from mailbot.flows.members.answer_member import answer_member
from mailbot.flows.members.perform_list_command import Writer, perform_list_command
from mailbot.flows.settled import Settled
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store import journal, roll_calls
from mailbot.store.confirmations import Confirmation
from mailbot.store.inbox import Received

_FOR_OFFICE: dict[Language, str] = {
    "ja": "名簿確認へのお返事です。名簿を直す必要があるかどうか、お読みください。",
    "en": "It answers the roll-call; please read whether the register must be mended.",
}


def answer_roll_call(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    asked: Confirmation,
    sent: str,
    now: datetime,
) -> Settled:
    """Write down what the asked person says; `sent` is the text of our mail.

    A plain はい at the top confirms; a reply to which nothing was added confirms nothing. A successor is asked first, as
    always (promises.md I28): until he has answered, nothing moves.
    """
    key, code = asked.detail["call"], asked.about

    def tell(sentence: str) -> None:
        thread = Thread.of(message)
        answer_member(
            connection,
            site,
            asked.address,
            (),
            (),
            now,
            inbox_id=received.id,
            thread=thread,
            sentence=sentence,
        )

    def note(said: Answer, detail: str = "") -> None:
        roll_calls.answer(connection, key, code, said, now)
        words = " ".join(filter(None, (code, said, detail)))
        journal.add(
            connection, "rollcall.answered", now, who=asked.address, about=f"rollcall {key}", detail=words
        )

    if now >= asked.expires_at:
        tell(list_sentence(site.language, "expired"))
        return Settled("discarded", "the roll-call is over")
    word, lines = read_word(message.text, sent)
    named = named_in(lines, now.astimezone(site.zone).date())
    match named:
        case NotUnderstood(kind):
            tell(WHY_NOT[site.language][kind] + list_sentence(site.language, "full-stop"))
            return Settled("answered", "a successor without an address")
        case None:
            pass
        case _:
            try:
                said = perform_list_command(
                    connection, site, Writer(asked.address, True, "", inbox_id=received.id), named, now
                )
            except Refusal as refusal:
                tell(str(refusal))
                return Settled("answered", f"not done: {refusal}")
            note("named", named.new)
            tell(said.sentence)
            return Settled("answered", f"names {named.new}, who is asked")
    if word == "yes" or (word == "unclear" and says_unchanged(lines)):
        note("confirmed")
        tell(list_sentence(site.language, "roll-confirmed"))
        return Settled("answered", f"{code} confirms the register")
    if word == "untouched":
        tell(list_sentence(site.language, "roll-untouched"))
        return Settled("answered", "nothing was added to the roll-call's own text")
    note("other")
    return Settled("held", _FOR_OFFICE[site.language])
