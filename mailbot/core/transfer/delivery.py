"""What became of one attempt to deliver, when to try again, and when to give up (RFC 5321 4.5.4, promises.md I8, I12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from mailbot.core.frozen import frozen

_FIRST_WAIT = timedelta(seconds=300)
_LONGEST_WAIT = timedelta(seconds=4_000)
_DOUBLINGS = 4  # 300 s doubled four times is past the longest wait
_JITTER = 0.1  # a wait is up to a tenth longer, so that what failed together does not return together
_LIFETIME = timedelta(days=5)


@frozen
class Sent:
    """The next hop took responsibility (2xx after the final dot)."""

    reply: str  # the server's words


@frozen
class Deferred:
    """Not now: 4xx, no connection, or a connection lost; `unknown` when it was lost after the final dot."""

    reply: str
    unknown: bool = False  # the next hop may have the mail: a retry may be a duplicate (I9, I12)


@frozen
class Failed:
    """Never: 5xx for this recipient."""

    reply: str


Outcome = Sent | Deferred | Failed


class Transaction(NamedTuple):
    """One mail on its way to the next hop: for one recipient, or for a bundle of them who get identical bytes."""

    mail_from: str  # "" is the null sender
    recipients: tuple[tuple[int, str], ...]  # (delivery id, address)
    content: bytes  # CRLF lines, no bare CR, LF or NUL, lines of at most 998 bytes; ends with CRLF
    stuffed: bool = False  # smtp_wire.stuff checked it and doubled its dots when it was cooked
    identical: bool = False  # its return path names no recipient: reports are to repeat his address (ORCPT)
    body: str = ""  # for one recipient, stuffed, and looked at by smtp_wire.all_usual and body_of: what the latter says
    tail: bytes | memoryview = (
        b""  # what stands behind `content`: of a long mail what all its copies share, so that it is there once
    )

    @property
    def whole(self) -> bytes:
        """All of the content in one piece."""
        return self.content + self.tail if self.tail else self.content


Marked = Callable[[bool, Exception | None], None]  # what `settle` would give, or what it would raise


class Work(Protocol):
    """Where a sender gets its transactions, and where it says what became of them."""

    def take(self) -> Transaction | None:
        """Return the next transaction; None: nothing now."""

    def ready(self) -> Awaitable[bool]:
        """Wait for what is being made ready to send; tell whether `take` has a transaction."""

    def settle(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]) -> Awaitable[bool]:
        """Make durable what became of earlier deliveries, and that these are starting now (I9).

        Only when it gives True may the content of `starting` leave. False: their lease was lost, somebody else
        delivers them.
        """


class MarkedWork(Work, Protocol):
    """Work whose marks need no task that waits for them."""

    def mark(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int], marked: Marked) -> None:
        """Do as `settle` does, and call `marked`, which raises nothing, when it is done; never before this returns."""


def classify(code: int, text: str) -> Outcome:
    """Return what a server's final reply means for the recipient (RFC 5321 4.2.1).

    A code that is no final answer is Deferred: nothing is lost by asking again.
    """
    reply = f"{code} {text}" if text else str(code)
    match code // 100:
        case 2:
            return Sent(reply)
        case 5:
            return Failed(reply)
        case _:
            return Deferred(reply)


def next_attempt(attempts: int, now: datetime, spread: float) -> datetime:
    """Return when to try again after this many attempts: 5 minutes, doubling to 4,000 s (promises.md I12).

    `spread` from 0 to 1 is the jitter, up to a tenth of the wait.
    """
    wait = min(_FIRST_WAIT * (1 << min(max(attempts - 1, 0), _DOUBLINGS)), _LONGEST_WAIT)
    return now + wait * (1 + _JITTER * spread)


def given_up(queued_at: datetime, now: datetime) -> bool:
    """Tell whether a delivery has waited long enough to be expired: 5 days (promises.md I8)."""
    return now - queued_at >= _LIFETIME
