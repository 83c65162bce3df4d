"""One received mail, parsed within bounds (RFC 5322, 2045-2047); never raises on what strangers send."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mailbot.core.frozen import frozen
from mailbot.core.mail.control_characters import strip_controls, strip_controls_of_lines
from mailbot.core.mail.encoded_word import decode_header
from mailbot.core.mail.html_text import CUT, html_to_text, read_html
from mailbot.core.mail.japanese import EUC, JIS, decode
from mailbot.core.mail.mime import Body, Head, Leaf, Multipart, Node, TooMuchError, read_head, tree

MAX_ADDRESSES = 500  # in To and Cc together (promises.md attack 6)
MAX_HARD_TEXT = 100_000  # bytes of one mail's text that a slow decoder reads (50 ms); the rest is left
MAX_FLOWED = 10_000  # lines of a text in which soft line ends are looked for; those behind stay as they are
MAX_MARKUP = 6_000  # tags of all HTML in one mail (40 ms), those with attributes twice: 750 lines as Outlook writes them
MAX_FORMATTED = 300_000  # bytes of HTML that are compared with the plain text beside them
MAX_HASHED_HEAD = 512 * 1024  # bytes in which trace fields are looked for; no readable header is longer
MAX_LABEL = 255  # characters of an attachment's name
_LONG = 1_048_576  # bytes of a mail of which no second form is kept


@frozen
class Part:
    """One leaf of the MIME tree."""

    content_type: str  # "text/plain", lower case
    charset: str | None  # as declared, lower case; None: not declared
    body: Body
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
        return _message(Head(()), (*head.defects, defect), _NOTHING, len(raw))


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


def _message(head: Head, defects: tuple[str, ...], content: _Content, size: int) -> Message:
    recipients = tuple(
        address for name in ("to", "cc") for value in head.all(name) for address in _addresses(value)
    )
    if len(recipients) > MAX_ADDRESSES:
        defects = (*defects, f"To and Cc have more than {MAX_ADDRESSES} addresses")
    author = _author(head)
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


# --- The author (promises.md attack 8) ---


@dataclass(frozen=True)
class _Mailbox:
    name: str
    address: str


# An address as nearly all are, without quotes, comments and the like.
_PLAIN_ADDRESS = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@(?P<domain>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)"
)
_NOT_IN_A_NAME = frozenset('<>@,;:"\\')
_PERHAPS_NOT_IN_A_NAME = re.compile(r'[<>@,;:"\\()]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _author(head: Head) -> _Mailbox | None:
    """Return the one author that every reader of this mail must see, else None.

    Stricter than RFC 5322: one From field, one address, no group, no route, no quoted local part, no comment but a
    plain one, no control byte; a name in front of the address holds no `@`, unless it repeats the address.
    """
    values = head.all("from")
    if len(values) != 1:
        return None
    value = values[0].replace("\t", " ")
    if _CONTROL.search(value):
        return None
    value = value.strip()
    if "<" not in value:
        bare, _, comment = value.partition(" (")
        address = _plain_address(bare.rstrip())
        remark = comment.removesuffix(")")
        if address is None or (comment and not (comment.endswith(")") and _is_plain_name(remark))):
            return None
        return _Mailbox(_decoded(remark), address)
    name, _, rest = _behind_quotes(value)
    address = _plain_address(rest[:-1]) if rest.endswith(">") else None
    if address is None:
        return None
    name = name.strip()
    if name.startswith('"'):
        inner = _inside_quotes(name)
        return None if inner is None else _Mailbox(_decoded(inner), address)
    if _plain_address(name) == address or _is_plain_name(name):
        return _Mailbox(_decoded(name), address)
    return None


def _behind_quotes(value: str) -> tuple[str, str, str]:
    """Split at the first `<` that is not inside a quoted name."""
    if not value.startswith('"'):
        return value.partition("<")
    end = _closing_quote(value)
    name, bracket, rest = value[end:].partition("<")
    return value[:end] + name, bracket, rest


def _closing_quote(value: str) -> int:
    """Return the place behind the quote that closes the one at the start; the end if nothing does."""
    position = 1
    while position < len(value):
        if value[position] == '"':
            return position + 1
        position += 2 if value[position] == "\\" else 1
    return len(value)


def _inside_quotes(name: str) -> str | None:
    """Return what a display name in quotes says; None if it is more than one quoted string."""
    if len(name) < 2 or _closing_quote(name) != len(name) or not name.endswith('"'):
        return None
    return name[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _is_plain_name(name: str) -> bool:
    """Tell whether a name without quotes is free of what could be read as an address, a group or a comment in one."""
    if not _PERHAPS_NOT_IN_A_NAME.search(name):
        return True
    opened = 0
    for character in name:
        if character in _NOT_IN_A_NAME:
            return False
        opened += (character == "(") - (character == ")")
        if opened not in {0, 1}:
            return False
    return opened == 0


def _plain_address(text: str) -> str | None:
    """Return an address of the plain form local@domain, its domain in lower case; None for any other form.

    Dots may stand anywhere in the local part, because Japan's mobile carriers gave out such addresses for years.
    """
    found = _PLAIN_ADDRESS.fullmatch(text) if len(text) <= 320 else None
    if found is None or "=?" in found["local"] or len(found["domain"]) > 253:
        return None
    return f"{found['local']}@{found['domain'].lower()}"


def _addresses(value: str) -> Iterator[str]:
    """Yield the plain addresses of a To or Cc field, leniently: for information, never for trust."""
    for entry in _outside_quotes(value).replace(";", ",").replace(":", ",").split(","):
        inside = entry.rpartition("<")[2].partition(">")[0] if "<" in entry else entry.partition("(")[0]
        address = _plain_address(inside.strip())
        if address is not None:
            yield address


def _outside_quotes(value: str) -> str:
    """Leave out quoted strings, commas and addresses in names with them."""
    return "".join(value.replace("\\\\", "").replace('\\"', "").split('"')[::2])


# --- The text ---


def _content(head: Head, mail: bytes, start: int, raw: bytes) -> _Content:
    root = tree(head, mail, start)
    leaves = tuple(_leaves(root))
    bodies = [leaf.body for leaf in leaves]
    reader = _Reader()
    text = reader.text(root)
    if len(raw) > _LONG and len(raw) - len(mail) == mail.count(b"\n"):  # all its lines end with CRLF
        bodies = list(_as_it_came(bodies, mail, raw))
    return _Content(
        content_type=f"multipart/{root.subtype}" if isinstance(root, Multipart) else root.content_type,
        parts=tuple(
            Part(
                leaf.content_type,
                _charset(leaf),
                body,
                _label(leaf.filename) or None,
                attached=not _is_text(leaf),
            )
            for leaf, body in zip(leaves, bodies, strict=True)
        ),
        text=text,
        garbled=reader.garbled,
        attachments=tuple(
            _label(leaf.filename) or leaf.content_type for leaf in leaves if not _is_text(leaf)
        ),
    )


def _as_it_came(bodies: Sequence[Body], mail: bytes, raw: bytes) -> Iterator[Body]:
    """Yield where in the mail as it came these stand, in their order, so that the form with LF is needed no more."""
    place = lines = 0
    for body in bodies:
        above = lines + mail.count(b"\n", place, body.start)
        lines = above + mail.count(b"\n", body.start, body.stop)
        place = body.stop
        yield Body(raw, body.start + above, body.stop + lines, body.encoding, crlf=True)


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
        return
    for child in node.children:
        yield from _leaves(child)


def _charset(leaf: Leaf) -> str | None:
    return strip_controls(leaf.parameters["charset"]).lower() if leaf.parameters.get("charset") else None


def _label(filename: str | None) -> str:
    """Return an attachment's name as a label: the last step of whatever path it claims, of bearable length."""
    return (filename or "").replace("\\", "/").rpartition("/")[2].strip()[-MAX_LABEL:]


def _is_text(leaf: Leaf) -> bool:
    """Tell whether a leaf is something that its author typed for reading. A root part may have a name."""
    if leaf.content_type not in {"text/plain", "text/html"} or leaf.disposition == "attachment":
        return False
    return not leaf.subtype_of or not leaf.filename


class _Reader:
    """Reads the text of a tree, and remembers whether all of it was legible."""

    def __init__(self) -> None:
        self.garbled = False
        self._markup_left = MAX_MARKUP
        self._hard_text_left = MAX_HARD_TEXT

    def text(self, node: Node) -> str:
        match node:
            case Leaf():
                return self._leaf(node) if _is_text(node) else ""
            case Multipart(subtype="alternative"):
                return self._alternative(node.children)
            case Multipart(subtype="report"):
                return self.text(node.children[0])
            case Multipart():
                return "\n".join(text for child in node.children if (text := self.text(child)).strip())

    def _alternative(self, children: tuple[Node, ...]) -> str:
        """Return the plain text, or the richest other form when the plain one says nothing but that there is one."""
        plain = [
            child for child in children if isinstance(child, Leaf) and child.content_type == "text/plain"
        ]
        others = [child for child in reversed(children) if child not in plain]
        said = ""
        for child in (*plain, *others):
            if (text := self.text(child)).strip():
                if child not in plain or not _only_points_to_html(text):
                    return text
                said = said or text
        return said

    def _leaf(self, leaf: Leaf) -> str:
        if self._hard_text_left <= 0:
            self.garbled = True
            return ""
        content = leaf.body.content
        if len(content) > self._hard_text_left and not _easy(content):
            content, self.garbled = content[: self._hard_text_left], True
        decoded = decode(content, _charset(leaf))
        self.garbled = self.garbled or not decoded.clean
        if not decoded.clean or decoded.charset in {JIS, EUC}:
            # damaged: it was tried by each
            self._hard_text_left -= len(content) * (1 if decoded.clean else 3)
        if leaf.content_type == "text/html":
            text, self._markup_left = read_html(decoded.text, self._markup_left)
            return strip_controls_of_lines(text)
        text = strip_controls_of_lines(decoded.text)
        if leaf.parameters.get("format", "").lower() == "flowed":
            text = unflowed(text, delete_space=leaf.parameters.get("delsp", "").lower() == "yes")
        return text


# A plain part that only says that there is an HTML part.
_POINTS_TO_HTML = re.compile(
    r"HTML\s?(?:形式|メール|対応|表示|で|mail|e-mail|message|format|version|capable|-)|in HTML|an HTML",
    re.IGNORECASE,
)


def _only_points_to_html(text: str) -> bool:
    """Tell whether a plain part says nothing of its own: 「このメールはHTML形式です。」"""
    words = text.strip()
    return len(words) <= 300 and words.count("\n") <= 5 and _POINTS_TO_HTML.search(words) is not None


def formatted_text(message: Message) -> str | None:
    """Return the HTML form of a mail as text, what is struck through as `~~words~~`; "" for a mail without two forms.

    Also "" where the HTML form says nothing else than the plain one, which most mails with both forms do. What a
    program shows of a mail with both forms is mostly this one, so that what its author saw when he wrote it is here;
    `Message.text` is the plain form. None: it is too large to be compared; pictures written into it do not count.
    """
    shown = [part for part in message.parts if part.filename is None]
    pages = [part for part in shown if part.content_type == "text/html"]
    if not pages or all(part.content_type != "text/plain" for part in shown):
        return ""
    contents = [_PICTURE.sub(b'""', page.content) for page in pages]
    if sum(map(len, contents)) > MAX_FORMATTED:
        return None
    markup = [decode(content, page.charset).text for content, page in zip(contents, pages, strict=True)]
    if all(_only_repeats(page, message.text) for page in markup):
        return ""
    room = MAX_MARKUP // len(pages)
    texts = [html_to_text(page, room, show_struck=True) for page in markup]
    return None if any(text.endswith(CUT) for text in texts) else strip_controls_of_lines("\n".join(texts))


def hidden_addresses(message: Message) -> tuple[str, ...]:
    """Return where the HTML of a mail leads, or takes its pictures from, as far as its text does not say it; each once.

    Looks at no more than the first `MAX_FORMATTED` bytes of each part.
    """
    found: dict[str, None] = {}
    for part in message.parts:
        if part.content_type == "text/html" and part.filename is None:
            markup = html.unescape(decode(part.content[:MAX_FORMATTED], part.charset).text)
            found |= dict.fromkeys(_LEADS_TO.findall(markup))
    return tuple(strip_controls(each) for each in found if each not in message.text)


# Where a link, a picture or a form of a page leads.
_LEADS_TO = re.compile(
    r"(?:href|src|action)\s{0,8}=[\s\"']{0,8}((?:https?:)?//[^\s\"'<>]{1,500})", re.IGNORECASE
)
_PICTURE = re.compile(rb'"data:image/[^"<>]*"')
# Markup that takes away what its words say.
_TAKES_AWAY = ("<s>", "<s ", "<del", "<strike", "line-through", "display", "visibility")
_UNSEEN = (("<!--", "-->"), ("<head", "</head>"), ("<style", "</style>"), ("<script", "</script>"))
_TAG = re.compile(r"<[^<>]*>")
# What Outlook's plain text has for the thin line above the quoted mail
_LINE_ABOVE = re.compile(r"(?m)^_{20,}$")


def _only_repeats(markup: str, plain: str) -> bool:
    """Tell whether an HTML form has just the characters of the plain one: then it need not be read as well."""
    lowered = markup.lower()
    if len(lowered) != len(markup) or any(mark in lowered for mark in _TAKES_AWAY):
        return False
    for start, end in _UNSEEN:
        if start in lowered:
            markup = _without(markup, start, end)
    return _letters(html.unescape(_TAG.sub("", markup))) == _letters(_LINE_ABOVE.sub("", plain))


def _letters(text: str) -> str:
    """Return a text without blanks, line ends and quote marks."""
    return "".join(text.replace(">", "").split())


def _without(markup: str, start: str, end: str) -> str:
    """Return the markup without what stands between these two, in any case of letters."""
    kept, at, lowered = [], 0, markup.lower()
    while (begins := lowered.find(start, at)) >= 0:
        kept.append(markup[at:begins])
        ends = lowered.find(end, begins)
        if ends < 0:
            return "".join(kept)
        at = ends + len(end)
    return "".join([*kept, markup[at:]])


def _easy(content: bytes) -> bool:
    """Tell whether a text is ASCII or UTF-8, which is read at once however long it is."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x1b" not in content


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676); quote marks become `> ` per level."""
    paragraphs: list[tuple[int, list[str]]] = []
    flowing = False
    *lines, rest = text.split("\n", MAX_FLOWED)
    if len(lines) < MAX_FLOWED:
        lines, rest = [*lines, rest], ""
    for line in lines:
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space-stuffing
        soft = content.endswith(" ") and content != "-- "
        if soft and delete_space:
            content = content[:-1]
        if flowing and paragraphs[-1][0] == depth and content != "-- ":
            paragraphs[-1][1].append(content)
        else:
            paragraphs.append((depth, [content]))
        flowing = soft
    joined = "\n".join("> " * depth + "".join(pieces) for depth, pieces in paragraphs)
    return f"{joined}\n{rest}" if rest else joined


# --- Recognising the same mail again ---

_TRACE_FIELDS = frozenset(
    {
        "received", "received-spf", "return-path", "delivered-to", "envelope-to", "authentication-results", "dkim-signature",
        "domainkey-signature",
    }
)  # fmt: skip
_TRACE_PREFIXES = ("arc-", "x-")  # each gateway and scanner has X- fields of its own


def canonical_hash(raw: bytes) -> str:
    """Return the SHA-256, in hex, of a mail without what its way added: the same mail gives the same hash whether it
    came by SMTP, LMTP or IMAP.

    Left out: trace fields, signatures, and all X- fields. Line ends count as CRLF; empty lines at the end do not count.
    """
    mail = raw
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):  # SMTP lets no other line ends through
        mail = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    start = 0
    if mail.startswith(b"From "):
        start = mail.find(b"\r\n") + 2 if b"\r\n" in mail else len(mail)
    end = mail.find(b"\r\n\r\n", start)
    end = len(mail) if end < 0 else end
    kept = []
    keeps = False  # the field whose line this is
    for line in _lines_of_head(mail[start:end]):
        if not line.startswith((b" ", b"\t")):
            keeps = not _is_trace(line[:100].partition(b":")[0])
        if keeps:
            kept.append(line)
    found = hashlib.sha256(b"\r\n".join([*kept, b"", b""]))
    found.update(memoryview(mail)[end + 4 : _last_line_end(mail, end + 4)])
    return found.hexdigest()


def _last_line_end(mail: bytes, start: int) -> int:
    """Return where the text behind this place ends: before the line ends that close the mail."""
    stop = len(mail)
    while start < stop:
        some = max(start, stop - 65_536)
        if text := mail[some:stop].rstrip(b"\r\n"):
            return some + len(text)
        stop = some
    return start


def _lines_of_head(head: bytes) -> list[bytes]:
    """Split a head into lines; what lies behind a readable header, in a mail without an empty line, stays one piece."""
    if len(head) <= MAX_HASHED_HEAD:
        return head.split(b"\r\n")
    end = head.find(b"\r\n", MAX_HASHED_HEAD)
    return head.split(b"\r\n") if end < 0 else [*head[:end].split(b"\r\n"), head[end + 2 :]]


@lru_cache(maxsize=256)
def _is_trace(field: bytes) -> bool:
    name = field.strip().lower().decode("latin-1")
    return name in _TRACE_FIELDS or name.startswith(_TRACE_PREFIXES)
