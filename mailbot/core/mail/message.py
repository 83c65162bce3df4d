"""One received mail, parsed within bounds (RFC 5322, 2045-2047); never raises on what strangers send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from mailbot.core.frozen import frozen
from mailbot.core.mail.author import addresses_in, one_author
from mailbot.core.mail.encoded_word import decode_header
from mailbot.core.mail.mime import (
    HeaderSection,
    Leaf,
    Multipart,
    Node,
    PartBody,
    TooMuchError,
    read_head,
    tree,
)
from mailbot.core.mail.readable_text import charset_of, is_text, readable_text

MAX_ADDRESSES = 500  # in To and Cc together (promises.md attack 6)
MAX_LABEL = 255  # characters of an attachment's name
_LONG = 1_048_576  # bytes of a mail of which no second form is kept


@frozen
class Part:
    """One leaf of the MIME tree."""

    content_type: str  # "text/plain", lower case
    charset: str | None  # as declared, lower case; None: not declared
    body: PartBody
    filename: str | None  # decoded; a label only, never a path
    attached: bool = False  # no text that its author typed for reading

    @property
    def content(self) -> bytes:
        """The content, its transfer encoding undone; line ends are LF unless it was encoded."""
        return self.body.content


@frozen
class Message:
    """What the service needs to know of a mail."""

    message_id: str  # with angle brackets; "" if missing
    subject: str  # decoded
    from_name: str  # display name of the one author; ""
    from_address: str | None  # the one unambiguous author, else None (promises.md attack 8)
    to: tuple[str, ...]  # addresses of To and Cc
    date: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    auto_submitted: str | None  # the value's first word, lower case
    # All header fields in order, undecoded, unfolded; 8-bit as surrogates
    headers: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    text: str  # the readable text: text/plain parts, or HTML as lines with quote marks
    garbled: bool  # the text could not be decoded whole by any table
    attachments: tuple[str, ...]  # file names of what is not readable text
    defects: tuple[str, ...]  # why this mail must go to quarantine; empty: none
    content_type: str = "text/plain"  # of the whole mail, lower case
    size: int = 0  # bytes as received

    @cached_property
    def from_header(self) -> str:
        """The first From field, decoded, as it stands; few ask for it (15 us)."""
        return (self.header("from") or "").strip()

    def header(self, name: str) -> str | None:
        """Return the first field of this name, decoded, without control characters; None if there is none."""
        wanted = name.lower()
        value = next((value for field, value in self.headers if field.lower() == wanted), None)
        return None if value is None else decode_header(value)


def parse(raw: bytes) -> Message:
    """Parse a mail as it was received; never raises, and costs well below a second whatever it holds.

    A mail beyond the bounds of promises.md attack 6 comes back with `defects` and those header fields that could be
    read; nothing else of it may be acted upon.
    """
    mail = raw.replace(b"\r\n", b"\n") if b"\n" in raw else raw.replace(b"\r", b"\n")
    start = 0
    if mail.startswith((b"From ", b">From ")):  # a mailbox's separator, or what a gateway left of it
        start = mail.find(b"\n") + 1 or len(mail)
    head, start = read_head(mail, start)
    try:
        return _message(head, head.defects, _content(head, mail, start, raw), len(raw))
    except TooMuchError as error:
        return _message(head, (*head.defects, str(error)), _NOTHING, len(raw))
    except Exception as error:  # noqa: BLE001  promise I7: what a stranger sends is quarantined, whatever it does to us
        defect = f"the mail cannot be read ({type(error).__name__})"
        return _message(HeaderSection(()), (*head.defects, defect), _NOTHING, len(raw))


@frozen
class _Content:
    """What the body gave."""

    content_type: str
    parts: tuple[Part, ...] = ()
    text: str = ""
    garbled: bool = False
    attachments: tuple[str, ...] = ()


_NOTHING = _Content("text/plain")


def thread_of(message: Message) -> str:
    """Return the Message-ID of the first post of the thread that a post belongs to; its own if it begins one."""
    return next(iter((*message.references, *message.in_reply_to, message.message_id)))


def _message(head: HeaderSection, defects: tuple[str, ...], content: _Content, size: int) -> Message:
    recipients = tuple(
        address for name in ("to", "cc") for value in head.all(name) for address in addresses_in(value)
    )
    if len(recipients) > MAX_ADDRESSES:
        defects = (*defects, f"To and Cc have more than {MAX_ADDRESSES} addresses")
    author = one_author(head)
    return Message(
        message_id=next(iter(_message_ids(head.first("message-id") or "")), ""),
        subject=_decoded(head.first("subject")),
        from_name=author.name if author else "",
        from_address=author.address if author else None,
        to=recipients[:MAX_ADDRESSES],
        date=_decoded(head.first("date")) or None,
        in_reply_to=tuple(_message_ids(" ".join(head.all("in-reply-to")))),
        references=tuple(_message_ids(" ".join(head.all("references")))),
        auto_submitted=_first_word(head.first("auto-submitted")),
        headers=head.fields,
        parts=content.parts,
        text=content.text,
        garbled=content.garbled,
        attachments=content.attachments,
        defects=tuple(dict.fromkeys(defects)),
        content_type=content.content_type,
        size=size,
    )


def _decoded(value: str | None) -> str:
    return decode_header(value).strip() if value else ""


def _first_word(value: str | None) -> str | None:
    if value is None:
        return None
    words = _decoded(value).replace(";", " ").replace("(", " ").split()
    return words[0].lower() if words else ""


def _message_ids(value: str) -> Iterator[str]:
    """Yield every `<...>` of a field, without the blanks that folding left inside."""
    for chunk in value.split("<")[1:]:
        inner, closed, _ = chunk.partition(">")
        inner = "".join(inner.split())
        if closed and inner.isascii() and inner.isprintable() and 0 < len(inner) < 998:
            yield f"<{inner}>"


# --- The text ---


def _content(head: HeaderSection, mail: bytes, start: int, raw: bytes) -> _Content:
    root = tree(head, mail, start)
    leaves = tuple(_leaves(root))
    bodies = [leaf.body for leaf in leaves]
    text, garbled = readable_text(root)
    if len(raw) > _LONG and len(raw) - len(mail) == mail.count(b"\n"):  # all its lines end with CRLF
        bodies = list(_as_it_came(bodies, mail, raw))
    return _Content(
        content_type=f"multipart/{root.subtype}" if isinstance(root, Multipart) else root.content_type,
        parts=tuple(
            Part(
                leaf.content_type,
                charset_of(leaf),
                body,
                _label(leaf.filename) or None,
                attached=not is_text(leaf),
            )
            for leaf, body in zip(leaves, bodies, strict=True)
        ),
        text=text,
        garbled=garbled,
        attachments=tuple(_label(leaf.filename) or leaf.content_type for leaf in leaves if not is_text(leaf)),
    )


def _as_it_came(bodies: Sequence[PartBody], mail: bytes, raw: bytes) -> Iterator[PartBody]:
    """Yield these as places in the mail as it came, in their order, so that the form with LF is needed no more."""
    place = lines = 0
    for body in bodies:
        above = lines + mail.count(b"\n", place, body.start)
        lines = above + mail.count(b"\n", body.start, body.stop)
        place = body.stop
        yield PartBody(raw, body.start + above, body.stop + lines, body.encoding, crlf=True)


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
        return
    for child in node.children:
        yield from _leaves(child)


def _label(filename: str | None) -> str:
    """Return an attachment's name as a label: the last step of whatever path it claims, of bearable length."""
    return (filename or "").replace("\\", "/").rpartition("/")[2].strip()[-MAX_LABEL:]
