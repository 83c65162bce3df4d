"""The copy of a post that leaves, cooked once for all recipients (RFC 2369, 2919, 9057)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailbot.core.lists.archived import Archived
from mailbot.core.lists.footer import with_footer
from mailbot.core.lists.list_host import ListHost
from mailbot.core.lists.mailing_list import MailingList, joining, leaving
from mailbot.core.lists.subject import list_subject
from mailbot.core.mail.address import valid_address
from mailbot.core.mail.entity import Fields, canonical, field_name, join_entity, split_entity, split_head
from mailbot.core.mail.header import clean, encode_address, encode_phrase, header_line
from mailbot.core.mail.mailing import field
from mailbot.core.mail.mended_field import mended_field
from mailbot.core.mail.message import Message
from mailbot.core.senders.authentication import authserv_id_of
from mailbot.core.transfer.seven_bit import short_lines

DELIVERY_FIELD = "X-Mailbot-Delivery"  # the same on each attempt, so that receivers can tell a duplicate (I9)

# These never leave; nor do List-*, Resent-* and, where From is rewritten, ARC-*.
_REMOVED = frozenset(
    {
        # written by the last hop only, or nobody's business
        "return-path",
        "bcc",
        "errors-to",
        "content-length",
        # may hold a password
        "approved",
        "approve",
        "x-approved",
        "x-approve",
        "urgent",
        # would reveal the membership
        "return-receipt-to",
        "disposition-notification-to",
        "disposition-notification-options",
        "x-confirm-reading-to",
        "x-pmrqc",
        # ours, or another list's word for the same thing
        "sender",
        "reply-to",
        "author",
        "x-original-from",
        "x-original-dkim-signature",
        "precedence",
        "x-auto-response-suppress",
        "archived-at",
        "cfbl-address",
        "cfbl-feedback-id",
        "x-ml-name",
        "x-mail-count",
        "x-ml-count",
        "x-sequence",
        DELIVERY_FIELD.lower(),
    }
)
_REMOVED_FAMILIES = ("list-", "resent-")

# How a mail came to us and what was found out on its way, which is no business of its later readers.
_TRACE = frozenset(
    {"received", "x-received", "received-spf", "authentication-results", "delivered-to", "x-original-to"}
    | {"envelope-to", "x-envelope-to", "x-envelope-from", "x-mailfrom"}
)
_TRACE_FAMILIES = ("arc-", "x-arc-", "x-spam-")

# RFC 5322 section 3.6 and RFC 2045 allow one of each; a second one is read differently by different programs.
_ONCE = frozenset(
    {"from", "subject", "date", "message-id", "to", "cc", "in-reply-to", "references", "mime-version"}
    | {"content-type", "content-transfer-encoding", "content-disposition"}
)


@dataclass(frozen=True)
class PostIdentity:
    """By what a list knows a post."""

    number: int
    message_id: str  # used only if the post has none
    stable: str = ""  # its address in the archive; "": it is not kept


def cook_post(
    raw: bytes,
    message: Message,
    mailing_list: MailingList,
    host: ListHost,
    identity: PostIdentity,
    *,
    author_label: str | None,
    now: datetime,
    rewrite: bool,
    keep_arc: bool = False,
) -> bytes:
    """Return the post as it goes to every member, with the fields "leave" and "delivery" for what is each one's own.

    A list of identical copies has neither. Fields and parts that no rule names stay byte for byte, and in order.
    `author_label` is how the register names the author (山田 太郎（長野市）). `rewrite` makes From the list's; `keep_arc` keeps an
    ARC chain even then. The result has CRLF line ends only, no line above 998 octets, and NUL only around its fields
    (promises.md R6, I16).
    """
    content = canonical(raw)
    fields, start = split_head(content)
    from_value = _from_value(fields)
    own = _own_address(mailing_list, host)
    kept = [
        cooked
        for original in _once(fields)
        if (cooked := _kept(original, own, host.authserv_id, rewrite=rewrite, arc=keep_arc or not rewrite))
        is not None
    ]
    if not message.message_id:
        kept = [original for original in kept if field_name(original) != "message-id"]
    kept, body = with_footer(kept, memoryview(content)[start:], mailing_list, own)
    kept = _with_subject(kept, message, mailing_list, identity.number)
    if rewrite:
        name = _display_name(message, mailing_list, author_label)
        kept = _replaced(
            kept, "from", b"From: " + encode_address(name, own, column=6).encode("ascii") + b"\r\n"
        )
    head = [
        *kept,
        *_missing(kept, own, identity.message_id, now),
        *_author_fields(from_value, own, rewrite=rewrite),
        *_reply_to(fields, message, mailing_list, own, host.office, rewrite=rewrite),
        *_list_fields(mailing_list, host, own, identity.number, identical=mailing_list.copies == "identical"),
        *_archive_fields(mailing_list, host.web_url, identity.stable),
        *_complaint_fields(host.complaints_to if rewrite else ""),
    ]
    return short_lines(_whole(head, body))


def cook_old_post(
    raw: bytes, message: Message, post: Archived, mailing_list: MailingList, host: ListHost
) -> bytes:
    """Return a kept post as it is sent again within another mail: under its number, without a trace of its way to us.

    From stays the author's, since the mail around it is ours; replies go where replies to the post went. What the mail
    lacks (Message-ID, Date) is filled in from the archive. Line ends and lengths are as in `cook_post`.
    """
    content = canonical(raw)
    fields, start = split_head(content)
    own = _own_address(mailing_list, host)
    kept = [
        cooked
        for original in _once(fields)
        if not (field_name(original) in _TRACE or field_name(original).startswith(_TRACE_FAMILIES))
        if (cooked := _kept(original, own, "", rewrite=False, arc=False)) is not None
    ]
    if not message.message_id:
        kept = [original for original in kept if field_name(original) != "message-id"]
    head = [
        *_with_subject(kept, message, mailing_list, post.number),
        *_missing(kept, own, post.message_id, post.written_at),
        *_reply_to(fields, message, mailing_list, own, host.office, rewrite=False),
        f"X-ML-Name: {mailing_list.name}\r\n".encode("ascii"),
        f"X-Mail-Count: {post.number:05d}\r\n".encode("ascii"),
    ]
    return short_lines(_whole(head, memoryview(content)[start:]))


def cook_digest(letter: bytes, mailing_list: MailingList, host: ListHost) -> bytes:
    """Return a cooked letter as the list's own mail: From is the list, with what it says of itself and the way out."""
    fields, body = split_entity(letter)
    own = _own_address(mailing_list, host)
    sender = encode_address(_without_addresses(mailing_list.title) or mailing_list.name, own, column=6)
    fields = _replaced(fields, "from", f"From: {sender}\r\n".encode("ascii"))
    known = {field_name(each) for each in fields} | {"x-mail-count", "x-sequence"}
    added = [each for each in _list_fields(mailing_list, host, own, 0) if field_name(each) not in known]
    return join_entity([*fields, *added], body)


def _whole(head: Fields, body: bytes | memoryview) -> bytes:
    """Return the mail, its last line ended."""
    return join_entity(head, body, b"" if body[-2:] == b"\r\n" else b"\r\n")


def _own_address(mailing_list: MailingList, host: ListHost) -> str:
    return f"{mailing_list.name}@{host.domain}"


def _once(fields: Fields) -> Fields:
    """Leave the first field of each name that may stand only once."""
    seen: set[str] = set()
    first: Fields = []
    for original in fields:
        name = field_name(original)
        if name not in seen:
            first.append(original)
        if name in _ONCE:
            seen.add(name)
    return first


def _kept(original: bytes, own: str, own_id: str, *, rewrite: bool, arc: bool) -> bytes | None:
    """Return the field as it stays, or None when it goes."""
    name = field_name(original)
    if name in _REMOVED or name.startswith(_REMOVED_FAMILIES) or (name.startswith("arc-") and not arc):
        return None
    value = original.partition(b":")[2].decode("ascii", "replace")
    if name == "authentication-results" and authserv_id_of(value.replace("\r\n", "")) == own_id.lower():
        return None
    if name == "x-loop" and value.strip().lower() == own.lower():
        return None
    if name == "dkim-signature" and rewrite:
        return b"X-Original-DKIM-Signature:" + mended_field(original).partition(b":")[2]
    return mended_field(original)


def _replaced(fields: Fields, name: str, line: bytes) -> Fields:
    """Return the fields with this line in the place of the field it replaces, or at the end."""
    changed = [line if field_name(original) == name else original for original in fields]
    return changed if line in changed else [*changed, line]


def _with_subject(fields: Fields, message: Message, mailing_list: MailingList, number: int) -> Fields:
    if not mailing_list.subject_prefix:
        return fields
    subject = list_subject(clean(message.subject), mailing_list.subject_prefix, number)
    return _replaced(fields, "subject", header_line("Subject", clean(subject)))


def _missing(fields: Fields, own: str, message_id: str, now: datetime) -> Fields:
    """Return what every mail must have and this one has not."""
    names = {field_name(original) for original in fields}
    missing: Fields = []
    if "message-id" not in names:
        missing.append(f"Message-ID: {message_id}\r\n".encode("ascii"))
    if "date" not in names:
        missing.append(f"Date: {format_datetime(now)}\r\n".encode("ascii"))
    if not names & {"to", "cc"}:
        missing.append(f"To: {own}\r\n".encode("ascii"))
    return missing


def _from_value(fields: Fields) -> bytes:
    """Return the value of the first From as it was written, its folds included; b"" if there is none."""
    for original in fields:
        if field_name(original) == "from":
            return mended_field(original).partition(b":")[2]
    return b""


def _author_fields(from_value: bytes, own: str, *, rewrite: bool) -> Fields:
    """Return who wrote it, where From no longer says so; and who sent it, where From is not the list's."""
    if not rewrite:
        return [f"Sender: {own.replace('@', '-owner@')}\r\n".encode("ascii")]
    if not from_value.strip():
        return []
    return [b"Author:" + from_value, b"X-Original-From:" + from_value]


def _display_name(message: Message, mailing_list: MailingList, author_label: str | None) -> str:
    """Return "山田 太郎（長野市） via 会議室"; nothing in it looks like another address."""
    local = (message.from_address or "").partition("@")[0]
    name = _without_addresses(author_label or message.from_name) or _without_addresses(local)
    title = _without_addresses(mailing_list.title) or mailing_list.name
    return f"{name} via {title}" if name else title


def _without_addresses(text: str) -> str:
    words = clean(text)[:120].split()
    return " ".join(word for word in words if "@" not in word and "＠" not in word)


def _reply_to(
    fields: Fields, message: Message, mailing_list: MailingList, own: str, office: str, *, rewrite: bool
) -> Fields:
    """Return where Reply leads, decided after From: to the list, or to the author as he asked for it."""
    if mailing_list.reply_to == "list":
        return [f"Reply-To: {own}\r\n".encode("ascii")]
    asked = [original for original in fields if field_name(original) == "reply-to"]
    if asked:
        return [mended_field(asked[0])]
    if not rewrite:
        return []
    author = message.from_address
    return [f"Reply-To: <{author if author and valid_address(author) else office}>\r\n".encode("ascii")]


def _list_fields(
    mailing_list: MailingList, host: ListHost, own: str, number: int, *, identical: bool = False
) -> Fields:
    """Return what the list says of itself; one click is promised only where it truly leaves (RFC 8058 section 3.1).

    Where copies are identical nothing in them says whose they are: whoever wants to leave is asked back by mail.
    """
    name, domain, web_url = mailing_list.name, host.domain, host.web_url
    ways_out = [f"<mailto:{name}-leave+{field('leave')}@{domain}>"]
    if identical:
        ways_out = [f"<mailto:{name}-leave@{domain}>"]
    elif web_url:
        ways_out.insert(0, f"<{web_url}/u/{field('leave')}>")
    list_id = encode_phrase(mailing_list.title, f"<{name}.{domain}>", column=len("List-Id: "))
    lines = [
        f"List-Id: {list_id}",
        "List-Post: NO" if mailing_list.preset == "announce" else f"List-Post: <mailto:{own}>",
        f"List-Help: <mailto:{name}-request@{domain}?subject=help>",
        f"List-Owner: <mailto:{name}-owner@{domain}>",
        f"List-Unsubscribe: {', '.join(ways_out)}",
    ]
    if web_url and leaving(mailing_list) and not identical:
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    if mailing_list.preset != "closed" and joining(mailing_list) != "closed":
        lines.append(f"List-Subscribe: <mailto:{name}-join@{domain}>")
    lines += [
        "Precedence: list",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        f"X-ML-Name: {name}",
        f"X-Mail-Count: {number:05d}",
        f"X-Sequence: {number:05d}",
        f"X-Loop: {own}",
    ]
    if not identical:
        lines.append(f"{DELIVERY_FIELD}: {field('delivery')}")
    return [f"{line}\r\n".encode("ascii") for line in lines]


def _archive_fields(mailing_list: MailingList, web_url: str, stable: str) -> Fields:
    """Return where the list's posts are kept (RFC 2369), and this one (RFC 5064)."""
    if not (web_url and stable):
        return []
    place = f"{web_url}/a/{mailing_list.name}/"
    return [f"List-Archive: <{place}>\r\n".encode(), f"Archived-At: <{place}m/{stable}>\r\n".encode()]


def _complaint_fields(address: str) -> Fields:
    """Return whom providers tell of complaints (RFC 9477): only where From is in that domain, too (section 3.1.1)."""
    return [f"CFBL-Address: {address}; report=arf\r\n".encode("ascii")] if address else []
