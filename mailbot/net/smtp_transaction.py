"""One mail on a connection (RFC 5321 section 3.3): its commands asked, and what the replies say of each recipient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.transfer.delivery import Deferred, Outcome, Transaction
from mailbot.core.transfer.smtp_wire import Prepared, SmtpReply, only
from mailbot.net.smtp_connection import Connection


@dataclass(frozen=True, slots=True)
class EnvelopeReplies:
    """What a server said to one mail's MAIL, RCPT and DATA."""

    mail: Prepared
    accepted: tuple[int, ...]  # delivery ids that the content would reach
    refused: list[tuple[int, Outcome]]
    go_on: bool  # 354: the server waits for content
    answered: bool  # False: the connection was lost before the end
    crowded_out: tuple[int, ...] = ()  # who found no room in this transaction, and goes in the next

    @property
    def starting(self) -> tuple[int, ...]:
        """The deliveries that begin when the content is written."""
        return self.accepted if self.go_on else ()

    @property
    def unanswered(self) -> Transaction | None:
        """What another connection can still take."""
        return only(self.mail.transaction, set(self.mail.ids) - {delivery for delivery, _ in self.refused})


def read_replies(mail: Prepared, replies: Sequence[SmtpReply], lost: str | None) -> EnvelopeReplies:
    """Match the replies to the commands; there are fewer when the rest was not asked, or the connection is lost.

    A 421 ends a connection and says nothing about a recipient.
    """
    if lost is not None and replies and replies[-1].code == 421:
        replies = replies[:-1]
    if not replies:
        return EnvelopeReplies(mail, (), [], go_on=False, answered=False)
    data = replies[-1] if len(replies) == mail.asked else None
    go_on = data is not None and data.code == 354
    if replies[0].code >= 300:
        refusal = _refusal(replies[0])
        return EnvelopeReplies(mail, (), [(delivery, refusal) for delivery in mail.ids], go_on, answered=True)
    answers = list(zip(mail.ids, replies[1:], strict=False))  # to RCPT
    accepted = tuple([delivery for delivery, reply in answers if reply.code < 300])
    crowded_out = _crowded_out(answers) if accepted else ()
    refused = [
        (delivery, _refusal(reply))
        for delivery, reply in answers
        if reply.code >= 300 and delivery not in crowded_out
    ]
    if data is not None and not go_on:
        refused += [(delivery, _refusal(data)) for delivery in accepted]
        accepted = ()
    answered = data is not None or lost is None or len(refused) == len(mail.ids)
    return EnvelopeReplies(mail, accepted, refused, go_on, answered, crowded_out)


def _crowded_out(answers: Sequence[tuple[int, SmtpReply]]) -> tuple[int, ...]:
    """Return the last recipients in a row who were one too many (RFC 5321 4.5.3.1.10, 552 as older servers say it).

    A mailbox that is full is another matter, though it has the same code.
    """
    crowded_out: list[int] = []
    for delivery, reply in reversed(answers):
        too_many = reply.code == 452 and not reply.text.startswith("4.2.")
        if not (too_many or (reply.code == 552 and reply.text.startswith("5.5.3"))):
            break
        crowded_out.append(delivery)
    return tuple(reversed(crowded_out))


def _refusal(reply: SmtpReply) -> Outcome:
    """Return what a reply means that did not let the mail go on, whatever it says."""
    return reply.outcome if reply.code >= 400 else Deferred(reply.words)


def read_content(
    starting: Sequence[int], replies: Sequence[SmtpReply], connection: Connection
) -> list[tuple[int, Outcome]]:
    """Match the replies to the final dot: one for all, or in LMTP one for each; without one nobody knows."""
    if len(replies) == 1 and not connection.lmtp and not 300 <= replies[0].code < 400:
        outcome = replies[0].outcome
        return [(delivery, outcome) for delivery in starting]
    unknown = Deferred(f"lost after the final dot: {connection.lost}", unknown=True)
    verdicts: list[Outcome] = [unknown if 300 <= reply.code < 400 else reply.outcome for reply in replies]
    if not connection.lmtp:
        verdict = verdicts[0] if verdicts else unknown
        return [(delivery, verdict) for delivery in starting]
    verdicts += [unknown] * (len(starting) - len(verdicts))
    return list(zip(starting, verdicts, strict=True))


async def exchange(connection: Connection, head: bytes, count: int, mail: Prepared | None) -> list[SmtpReply]:
    """Send what ends one mail (`count` replies) and the envelope of the next: in one write if the server may."""
    seconds = connection.timeouts.dot if count else connection.timeouts.envelope
    if mail is None:
        return await connection.ask(head, count, seconds)
    if not connection.extensions.pipelining:
        replies = await connection.ask(head, count, seconds) if count else []
        replies += await _ask_in_turn(connection, mail)
    else:
        replies = await connection.ask(head + mail.dialogue, count + mail.asked, seconds)
    return in_step(connection, replies, count + mail.asked)


def in_step(connection: Connection, replies: list[SmtpReply], wanted: int) -> list[SmtpReply]:
    """Return the replies up to that to DATA; none when they do not answer what was asked."""
    if len(replies) == wanted and replies[-1].code < 400 and replies[-1].code != 354:
        connection.fall_out_of_step(f"the server answered DATA with {replies[-1].words}")
    return [] if connection.out_of_step else replies


async def _ask_in_turn(connection: Connection, mail: Prepared) -> list[SmtpReply]:
    """Ask the commands of an envelope one by one (no PIPELINING), and only those that still make sense."""
    replies: list[SmtpReply] = []
    for command in mail.commands:
        answer = await connection.ask(command, 1, connection.timeouts.envelope)
        replies += answer
        mail_refused = replies[:1] and replies[0].code >= 300
        none_accepted = len(replies) == mail.asked - 1 and all(reply.code >= 300 for reply in replies[1:])
        if not answer or mail_refused or none_accepted:
            break
    return replies


def ending(envelope: EnvelopeReplies, *, lmtp: bool) -> tuple[bytes, int]:
    """Return what ends this mail on the wire, and how many replies that gets (RFC 2920 3.1, RFC 2033 4.2)."""
    if envelope.starting:
        mail = envelope.mail
        return b"".join((mail.content, mail.tail, b".\r\n")), len(envelope.accepted) if lmtp else 1
    if envelope.go_on:
        return b".\r\n", 1
    return b"RSET\r\n", 1
