"""The bytes of an SMTP or LMTP client's dialogue: replies cut, commands and content written (RFC 5321, RFC 2033).

All bounds are here: what a server may make us hold, and what may leave us. Nothing is ever cut to fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mailbot.core.transfer.delivery import Failed, Outcome, Transaction, classify

LINE_MAX = 2_048  # bytes of one reply line; RFC 5321 4.5.3.1.5 asks for 512
REPLY_LINES_MAX = 256
_KNOWN_REPLIES = 64  # one-line replies that a connection keeps as read
WORDS_MAX = 1_000  # characters of a reply that are kept
CONTENT_LINE_MAX = 998  # bytes without CRLF, RFC 5321 4.5.3.1.6
ADDRESS_MAX = 254  # octets, RFC 5321 4.5.3.1.3 without the angle brackets

_CODES = {b"%d" % code: code for code in range(200, 600)}
# What no line of a log, mail or page of ours may take from a server's words.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")
# Dots stand anywhere in a local part: Japanese carriers gave out such addresses, and relays take them.
_LOCAL = r'[^\x00-\x20\x7f()<>@,;:\\"\[\]]+|"(?:[^\x00-\x1f\x7f\\"]|\\[ -~])*"'
_DOMAIN = r"[A-Za-z0-9_\u00a1-\U0010ffff-]+(?:\.[A-Za-z0-9_\u00a1-\U0010ffff-]+)*|\[[A-Za-z0-9:.]+\]"
# A part of _ADDRESS. Possessive within a label: that takes half as long, and stepping back there never helps. Not so over
# labels: before 3.11.5 Python takes half a round of a possessive group for a whole one, and would let "a@b." pass.
_USUAL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*")
_ADDRESS = re.compile(f"(?:{_LOCAL})@(?:{_DOMAIN})")
_NO_XTEXT = re.compile(r"[^!-*,-<>-~]")
_USUAL_ADDRESSES = re.compile(f"(?:{_USUAL_ADDRESS.pattern} )++")  # a blank behind each
# Behind the first line, where each LF has its CR before it.
_LONG_LINE = re.compile(rb"\n[^\n]{%d}" % (CONTENT_LINE_MAX + 2))
_SAME = 16  # groups of replies that a connection keeps as read
_SAME_MAX = 4 * LINE_MAX  # bytes of such a group at most


class GarbledReply(ValueError):  # noqa: N818  what came, not what we did
    """A server's bytes are not a reply within bounds; the dialogue cannot go on."""


class SmtpReply(NamedTuple):
    """One whole reply."""

    code: int
    text: str  # without codes; lines joined by a line feed

    @property
    def words(self) -> str:
        """The server's words in one bounded line, code first."""
        return f"{self.code} {self.text[:WORDS_MAX]}".replace("\n", " ")

    @property
    def outcome(self) -> Outcome:
        """What it means for a recipient."""
        return classify(self.code, self.text[:WORDS_MAX].replace("\n", " "))


class ReplyCutter:
    """Cuts what a server sends into replies; strict, and holds no more than the bounds above."""

    def __init__(self) -> None:
        self._rest = b""  # the line that has not ended
        self._lines: list[str] = []  # of the reply that has not ended
        self._code = 0
        self._known: dict[bytes, SmtpReply] = {}  # a server says nearly the same to each mail
        self._same: dict[bytes, list[SmtpReply]] = {
            b"": []
        }  # what is said to an envelope: the same bytes each time

    @property
    def pending(self) -> bool:
        """Tell whether a reply has begun and not ended."""
        return bool(self._rest or self._lines)

    def usual(self, data: bytes) -> list[SmtpReply] | None:
        """Return the replies of these bytes, single lines that all but the first came before; None: `feed` must cut them.

        None of them is a 421. Raises GarbledReply.
        """
        if self._rest or self._lines or not data.endswith(b"\r\n"):
            return None
        # What became of a mail, which may name it, and behind it what is said to the next one's envelope.
        first, _, others = data.partition(b"\r\n")
        same = self._same.get(others)
        if same is None:
            same = self._learn_others(others)
        if same is None or (first not in self._known and not self._learn(first)):
            return None
        return [self._known[first], *same]

    def _learn_others(self, others: bytes) -> list[SmtpReply] | None:
        """Keep the replies that these lines are; None: one of them was none by itself yet."""
        known = self._known
        lines = others.split(b"\r\n")[:-1]
        if not known.keys() >= set(lines):
            return None
        same = [known[line] for line in lines]
        if len(others) <= _SAME_MAX:
            if len(self._same) >= _SAME:
                self._same = {b"": []}
            self._same[others] = same
        return same

    def feed(self, data: bytes) -> Iterator[SmtpReply]:
        """Yield each reply that these bytes complete; raise GarbledReply at the first that is none."""
        *lines, rest = (self._rest + data).split(b"\r\n")
        self._rest = rest
        known = self._known
        for line in lines:
            if not self._lines and (line in known or self._learn(line)):
                yield known[line]
                continue
            code, mark = _CODES.get(line[:3]), line[3:4]
            if code is None or mark not in {b" ", b"-", b""} or len(line) > LINE_MAX - 2:
                raise GarbledReply(f"the server's reply cannot be read: {line[:60]!r}")
            text = _text(line)
            if self._lines and code != self._code:
                raise GarbledReply(f"the server changed its reply code from {self._code} to {code}")
            if len(self._lines) == REPLY_LINES_MAX:
                raise GarbledReply(f"the server's reply has more than {REPLY_LINES_MAX} lines")
            self._code = code
            self._lines.append(text)
            if mark == b"-":
                continue
            text = "\n".join(self._lines)
            self._lines = []
            yield SmtpReply(code, text)
        if len(rest) >= LINE_MAX or b"\n" in rest:
            raise GarbledReply(f"the server's reply has a line that does not end with CRLF: {rest[:60]!r}")

    def _learn(self, line: bytes) -> bool:
        """Keep the reply that a line is by itself; False: it is no whole one, or the last of its connection."""
        code = _CODES.get(line[:3])
        if code is None or code == 421 or line[3:4] not in {b" ", b""} or len(line) > LINE_MAX - 2:
            return False
        if len(self._known) >= _KNOWN_REPLIES:
            self._known.clear()
        self._known[line] = SmtpReply(code, _text(line))
        return True


def _text(line: bytes) -> str:
    """Return a reply line's text; a stranger's control characters reach no log and no terminal."""
    text = line[4:].decode("utf-8", "replace")
    if text.isprintable():
        return text
    if "\n" in text or "\r" in text or "\x00" in text:
        raise GarbledReply(f"the server's reply has a bare CR, LF or NUL: {line[:60]!r}")
    return _CONTROL.sub("?", text.replace("\t", " "))


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a server said that it can do (RFC 5321 4.1.1.1)."""

    pipelining: bool = False  # RFC 2920
    eight_bit: bool = False  # RFC 6152
    utf8: bool = False  # RFC 6531
    starttls: bool = False  # RFC 3207
    auth_plain: bool = False  # RFC 4954, RFC 4616
    dsn: bool = False  # RFC 3461
    size: int | None = None  # RFC 1870, bytes; 0: no fixed limit; None: not offered


def parse_extensions(reply: SmtpReply) -> Extensions:
    """Return what the reply to EHLO or LHLO offers; what we do not know is passed over."""
    offered: dict[str, list[str]] = {}
    for line in reply.text.split("\n")[1:]:
        words = line.upper().split()
        if words:
            offered[words[0]] = words[1:]
    limit = offered.get("SIZE", [])
    return Extensions(
        pipelining="PIPELINING" in offered,
        eight_bit="8BITMIME" in offered,
        utf8="SMTPUTF8" in offered,
        starttls="STARTTLS" in offered,
        auth_plain="PLAIN" in offered.get("AUTH", []),
        dsn="DSN" in offered,
        size=_size(limit) if "SIZE" in offered else None,
    )


def _size(words: Sequence[str]) -> int:
    """Return the stated limit; one that cannot be read is no limit."""
    return int(words[0]) if words and words[0].isascii() and words[0].isdigit() and len(words[0]) <= 18 else 0


def address_problem(address: str) -> str | None:
    """Return why an address cannot stand in a command, as a sentence; None: it can (promises.md attack 3)."""
    if len(address) <= ADDRESS_MAX and _USUAL_ADDRESS.fullmatch(address):
        return None
    if not address.isprintable():
        return f"the address {address[:WORDS_MAX]!r} has a control character"
    if len(address) > ADDRESS_MAX or len(address.encode()) > ADDRESS_MAX:
        return f"the address {address[:80]!r}... is longer than {ADDRESS_MAX} octets"
    if not _ADDRESS.fullmatch(address):
        return f"the address {address!r} does not have the form local@domain"
    return None


def stuff(content: bytes) -> bytes:
    """Return content with each leading dot doubled (RFC 5321 4.5.2). Raises ValueError as `check_content` does."""
    check_content(content)
    return double_dots(content)


def check_content(content: bytes, start: int = 0) -> None:
    """Look at content, or at what begins with a line at `start`, where it stands: a long one is in memory once.

    Raises ValueError, with a sentence, for what must not leave: bare CR, LF or NUL, a line of more than 998 bytes,
    no CRLF at the end (promises.md R6, I16).
    """
    if start < len(content) and not content.endswith(b"\r\n"):
        raise ValueError("the content does not end with CRLF")
    lines = content.count(b"\r\n", start)
    if (
        content.find(b"\x00", start) >= 0
        or lines != content.count(b"\n", start)
        or lines != content.count(b"\r", start)
    ):
        raise ValueError("the content has a bare CR, LF or NUL")
    first = content.find(b"\n", start) - start  # its CR counted
    if first > CONTENT_LINE_MAX + 1 or _LONG_LINE.search(content, start):
        raise ValueError(f"the content has a line of more than {CONTENT_LINE_MAX} bytes")


def unstuff(content: bytes) -> bytes:
    """Undo `stuff`."""
    return (content[1:] if content.startswith(b"..") else content).replace(b"\r\n..", b"\r\n.")


def double_dots(content: bytes) -> bytes:
    """Return content with each leading dot doubled, without the checks of `stuff`: for copies of what it checked."""
    return (b"." if content.startswith(b".") else b"") + content.replace(b"\r\n.", b"\r\n..")


_NOTIFY = " NOTIFY=FAILURE,DELAY"


class Prepared(NamedTuple):
    """A transaction as it will stand on the wire of one connection."""

    transaction: Transaction
    ids: tuple[int, ...]  # delivery ids in the order of the RCPT commands
    dialogue: bytes  # MAIL, each RCPT, DATA
    content: bytes  # dot-stuffed, without the final dot
    tail: bytes | memoryview = b""  # the rest of it, see `Transaction`

    @property
    def commands(self) -> list[bytes]:
        """The commands one by one."""
        return self.dialogue.splitlines(keepends=True)

    @property
    def asked(self) -> int:
        """How many commands, and so replies, there are."""
        return len(self.ids) + 2


Refusal = tuple[int, Failed]


def prepare(
    transaction: Transaction, extensions: Extensions, downgrade: Callable[[bytes], bytes]
) -> tuple[Prepared | None, list[Refusal]]:
    """Write a transaction's commands for a server with these extensions, and say which recipients cannot be asked.

    8-bit content is given to `downgrade` when the server does not offer 8BITMIME.
    """
    usual = _write_usual(transaction, extensions)
    if usual is not None:
        return usual, []
    problem = address_problem(transaction.mail_from) if transaction.mail_from else None
    if problem is not None:
        return None, _refuse(transaction, f"553 5.1.7 not sent: {problem}")
    content = transaction.whole
    eight_bit = not content.isascii()
    try:
        if eight_bit and not extensions.eight_bit:
            plain = unstuff(content) if transaction.stuffed else content
            content, eight_bit = stuff(downgrade(plain)), False
        elif not transaction.stuffed:
            content = stuff(content)
        else:
            _check_stuffed(content)
    except ValueError as error:
        return None, _refuse(transaction, f"554 5.6.0 not sent: {error}")
    if extensions.size and len(content) > extensions.size:
        return None, _refuse(
            transaction,
            f"552 5.3.4 not sent: the mail has {len(content)} bytes, the relay takes at most {extensions.size}",
        )
    return _write(transaction, extensions, content, eight_bit=eight_bit)


def body_of(content: bytes) -> str:
    """Return "7BIT" or "8BITMIME" (RFC 6152) for stuffed content that may leave as it is, "" for what lost its end or has a NUL."""
    if not content.endswith(b"\r\n") or b"\x00" in content:
        return ""
    return "7BIT" if content.isascii() else "8BITMIME"


def _write_usual(transaction: Transaction, extensions: Extensions) -> Prepared | None:
    """Write the usual transaction, as all below would: to one address, its content looked at when it was made. None: it is another."""
    mail_from, recipients, content, _, _, body, tail = transaction
    length = len(content) + len(tail)
    if (
        not body
        or (body == "8BITMIME" and not extensions.eight_bit)
        or (extensions.size and length > extensions.size)
    ):
        return None
    ((delivery, address),) = recipients
    size = "" if extensions.size is None else f" SIZE={length}"
    eight_bit = " BODY=8BITMIME" if body == "8BITMIME" else ""
    told, notify = "", ""
    if extensions.dsn and mail_from:
        told, notify = f" RET=HDRS ENVID={delivery}", _NOTIFY
    dialogue = f"MAIL FROM:<{mail_from}>{size}{eight_bit}{told}\r\nRCPT TO:<{address}>{notify}\r\nDATA\r\n"
    return Prepared(transaction, (delivery,), dialogue.encode("ascii"), content, tail)


def _write(
    transaction: Transaction, extensions: Extensions, content: bytes, *, eight_bit: bool
) -> tuple[Prepared | None, list[Refusal]]:
    ids: list[int] = []
    rcpts: list[str] = []
    refused: list[Refusal] = []
    utf8 = not transaction.mail_from.isascii()
    # Headers are enough to know which mail it was; there is nobody to tell about one without a sender (RFC 3461).
    tells = extensions.dsn and bool(transaction.mail_from)
    notify = _NOTIFY if tells else ""
    names = tells and transaction.identical
    if utf8 and not extensions.utf8:
        return None, _refuse(transaction, _no_utf8(transaction.mail_from))
    recipients = transaction.recipients
    if len(recipients) > 1 and all_usual([address for _, address in recipients]):
        ids += [delivery for delivery, _ in recipients]
        if names:
            notify += " ORCPT=rfc822;"
            rcpts += [f"RCPT TO:<{address}>{notify}{_xtext(address)}\r\n" for _, address in recipients]
        else:
            rcpts += [f"RCPT TO:<{address}>{notify}\r\n" for _, address in recipients]
        recipients = ()
    for delivery, address in recipients:
        problem = address_problem(address)
        if problem is not None:
            refused.append((delivery, Failed(f"553 5.1.3 not sent: {problem}")))
            continue
        if not address.isascii():
            if not extensions.utf8:
                refused.append((delivery, Failed(_no_utf8(address))))
                continue
            utf8 = True
        ids.append(delivery)
        named = f" ORCPT=rfc822;{_xtext(address)}" if names and address.isascii() else ""
        rcpts.append(f"RCPT TO:<{address}>{notify}{named}\r\n")
    if not ids:
        return None, refused
    mail = f"MAIL FROM:<{transaction.mail_from}>"
    if extensions.size is not None:
        mail += f" SIZE={len(content)}"
    if eight_bit:
        mail += " BODY=8BITMIME"
    if utf8:
        mail += " SMTPUTF8"
    if tells:
        mail += f" RET=HDRS ENVID={ids[0]}"
    dialogue = "".join((mail, "\r\n", *rcpts, "DATA\r\n"))
    return Prepared(transaction, tuple(ids), dialogue.encode(), content), refused


def all_usual(addresses: Sequence[str]) -> bool:
    """Tell whether all of these can stand in a command as they are; to look at them together takes half as long."""
    joined = " ".join((*addresses, ""))
    return (
        joined.count(" ") == len(addresses)  # none of them has one itself
        and max(map(len, addresses)) <= ADDRESS_MAX
        and _USUAL_ADDRESSES.fullmatch(joined) is not None
    )


def _xtext(address: str) -> str:
    """Return an address as it stands in a parameter (RFC 3461 section 4)."""
    # `address_problem` lets nothing else pass that would have to be encoded.
    if "+" not in address and "=" not in address and " " not in address:
        return address
    return _NO_XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", address)


def _check_stuffed(content: bytes) -> None:
    """Refuse cooked content that lost its end, or has a field that was not filled (mailing.py marks them by NUL).

    Its lines were checked by `stuff` when it was cooked; looking at each copy again costs as much as sending it.
    """
    if not content.endswith(b"\r\n"):
        raise ValueError("the content does not end with CRLF")
    if b"\x00" in content:
        raise ValueError("the content has a NUL: a field that was not filled")


def _refuse(transaction: Transaction, reply: str) -> list[Refusal]:
    return [(delivery, Failed(reply)) for delivery, _ in transaction.recipients]


def _no_utf8(address: str) -> str:
    return f"553 5.6.7 not sent: the address {address} needs SMTPUTF8, which the relay does not offer"


def only(transaction: Transaction, ids: Container[int]) -> Transaction | None:
    """Return the transaction for these of its recipients alone; None: it has none of them."""
    left = tuple(recipient for recipient in transaction.recipients if recipient[0] in ids)
    return transaction._replace(recipients=left) if left else None
