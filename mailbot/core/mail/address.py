"""Mail addresses (RFC 5321 section 4.1.2), and what each address of the service means."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Literal

from mailbot.core.mail import token as tokens

ServiceRole = Literal["robot", "listmaster", "postmaster", "abuse", "noreply", "survey", "event"]


@dataclass(frozen=True)
class Post:
    """A post to the list."""

    list: str


@dataclass(frozen=True)
class Owner:
    """A letter to the people who run the list."""

    list: str


@dataclass(frozen=True)
class Commands:
    """Commands for the service, one a line."""

    list: str


@dataclass(frozen=True)
class Bounces:
    """A return path; without a token the mail has lost it, or never had one."""

    list: str | None  # None: mail of the service itself, such as an invitation
    token: str | None


@dataclass(frozen=True)
class Leave:
    """A member's wish to leave; without a token he must confirm it."""

    list: str
    token: str | None


@dataclass(frozen=True)
class Join:
    """A wish to join the list."""

    list: str


@dataclass(frozen=True)
class Draft:
    """The draft of a bulletin for the list."""

    list: str


@dataclass(frozen=True)
class ThreadChoice:
    """A wish for less, or more, of the thread that the mail answers."""

    list: str
    choice: Literal["mute", "follow"]


@dataclass(frozen=True)
class Get:
    """A wish for old posts, by their numbers."""

    list: str
    first: int
    last: int


@dataclass(frozen=True)
class Reply:
    """An answer to a survey or an event; the token says whose."""

    token: str  # folded


@dataclass(frozen=True)
class OfService:
    """An address of the service as a whole (RFC 2142 names some)."""

    role: ServiceRole


Route = Post | Owner | Commands | Bounces | Leave | Join | Draft | ThreadChoice | Get | Reply | OfService

LOCAL_LIMIT = 64  # octets, RFC 5321 section 4.5.3.1.1
ADDRESS_LIMIT = 254  # octets: a path of 256 without its angle brackets
_LIST_NAME_LIMIT = 32

_SERVICE_ROLES: dict[str, ServiceRole] = {
    "robot": "robot",
    "listmaster": "listmaster",
    "postmaster": "postmaster",
    "abuse": "abuse",
    "noreply": "noreply",
    "survey": "survey",
    "event": "event",
}
_TOKEN_ROLES = frozenset({"r", "survey", "event"})  # with a token these are answers
_ROLES = frozenset(
    [
        "request",
        "ctl",
        "owner",
        "admin",
        "bounces",
        "error",
        "confirm",
        "join",
        "subscribe",
        "leave",
        "unsubscribe",
        "reply",
        "get",
        "mute",
        "follow",
        "moderate",
        "editor",
    ]
)
_RESERVED = frozenset({*_SERVICE_ROLES, "bounce", "r", "mailer-daemon"})

# Japanese carriers gave out addresses with two dots in a row or one before the @, which RFC 5321 does not know.
_DOT_STRING = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]*\Z")
_QUOTED_STRING = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])*"\Z')
# RFC 1123 section 2.1.
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z"
)
# LIST-get-5, LIST-get+5-9: posts by number, as old list programs had them.
_OLD_POSTS = re.compile(r"(?P<list>.+)-get[+=-](?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?")
_LIST_NAME = re.compile(r"[a-z0-9]+(?:[-._][a-z0-9]+)*\Z")


def split_address(address: str) -> tuple[str, str] | None:
    """Return local part and domain as they stand, or None when one of them is missing."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at and local and domain else None


def valid_address(address: str) -> bool:
    """Tell whether this is one address that may stand in an SMTP command: ASCII, no control character, no literal."""
    parts = split_address(address)
    if parts is None or len(address) > ADDRESS_LIMIT or len(parts[0]) > LOCAL_LIMIT:
        return False
    local, domain = parts
    return bool((_DOT_STRING.match(local) or _QUOTED_STRING.match(local)) and _DOMAIN.match(domain))


def with_ascii_domain(address: str) -> str:
    """Return the address with a Japanese or other domain name in the form that SMTP carries (xn--, RFC 5890), else as it is."""
    parts = None if address.isascii() else split_address(address)
    if parts is None:
        return address
    try:
        return f"{parts[0]}@{parts[1].encode('idna').decode('ascii')}"
    except UnicodeError:  # no domain name either
        return address


def address_key(address: str) -> str:
    """Return the form in which addresses are looked up and compared: A to Z in lower case throughout.

    People and gateways change the case of local parts, and no host in practice gives two cases to two persons;
    letters beyond ASCII are never folded, so that no look-alike becomes somebody else (promises.md attack 8).
    """
    return _ascii_lower(address)


def same_address(one: str, other: str) -> bool:
    """Tell whether two addresses are the same mailbox."""
    return address_key(one) == address_key(other)


def list_name_fault(name: str) -> str | None:
    """Return a sentence that says why a list cannot have this name, or None."""
    if len(name) > _LIST_NAME_LIMIT:
        return f"list name {name!r} has {len(name)} characters; at most {_LIST_NAME_LIMIT} fit an address with a token"
    if not _LIST_NAME.match(name):
        return f"list name {name!r} must be a-z and 0-9, with single '-', '.' or '_' only between them"
    if name in _RESERVED:
        return f"list name {name!r} is an address of the service itself; choose another name"
    role = name.rpartition("-")[2]
    if role in _ROLES and role != name:
        return f"list name {name!r} ends in '-{role}', which is an address of the list {name.rpartition('-')[0]!r}"
    if name.startswith("r-"):
        return f"list name {name!r} begins with 'r-', which marks an answer address; choose another name"
    return None


def route(
    address: str,
    *,
    domain: str,
    reply_domain: str,
    lists: Callable[[str], bool] | Container[str],
    former: Iterable[str] = (),
) -> Route | None:
    """Return what an envelope recipient means, or None when it is nobody here (550 5.1.1).

    An exact list name comes first, then list name and role, then the service's own addresses, then an answer
    token; letter case never matters. At `former` domains, where lists and answers may both have
    been, all of it holds.
    """
    exists = lists if callable(lists) else lists.__contains__
    if _ascii_lower(address) == "postmaster":  # RFC 5321 section 4.1.1.3: without a domain, too
        return OfService("postmaster")
    parts = split_address(_ascii_lower(address))
    if parts is None or len(parts[0]) > LOCAL_LIMIT or not address.isascii():
        return None
    local, host = parts
    if host == domain.lower():
        found = _at_list(local, exists) or _at_site(local)
        if found is not None:
            return found
    if host == reply_domain.lower():
        if local in {"postmaster", "abuse"}:
            return _at_site(local)
        return _bare_answer(local)
    if host in map(str.lower, former):
        return _at_list(local, exists) or _at_site(local) or _bare_answer(local)
    return None


def _bare_answer(local: str) -> Reply | None:
    return _answer(local.removeprefix("r-").removeprefix("r+"))


def _at_list(local: str, exists: Callable[[str], bool]) -> Route | None:
    if exists(local):
        return Post(local)
    if (asked := _OLD_POSTS.fullmatch(local)) and exists(asked["list"]):
        return Get(asked["list"], int(asked["first"]), int(asked["last"] or asked["first"]))
    for base, token in _cuts(local):
        name, _, role = base.rpartition("-")
        if role in _ROLES and name and exists(name):
            return _with_role(name, role, token)
    return None


def _with_role(name: str, role: str, token: str | None) -> Route | None:
    match role:
        case "owner" | "admin":
            return Owner(name)
        case "request" | "ctl":
            return Commands(name)
        case "bounces" | "error":
            return Bounces(name, token)
        case "leave" | "unsubscribe":
            return Leave(name, token)
        case "join" | "subscribe":
            return Join(name)
        case "editor":
            return Draft(name)
        case "mute" | "follow":
            return ThreadChoice(name, role)
        case "confirm" if token is not None:
            return _answer(token)
    return None


def _at_site(local: str) -> Route | None:
    for base, token in _cuts(local):
        if base == "bounce":
            return Bounces(None, token)
        if base in _TOKEN_ROLES and token is not None:
            return _answer(token)
        if base in _SERVICE_ROLES and token is None:
            return OfService(_SERVICE_ROLES[base])
    return None


def _answer(text: str) -> Reply | None:
    token = tokens.fold(text)
    return Reply(token) if token is not None and len(token) == tokens.MAC_LENGTH else None


def tokens_of(address: str) -> frozenset[str]:
    """Return whatever in an address may be the token of an answer, folded, whichever address of ours it is."""
    local, _ = split_address(_ascii_lower(address)) or ("", "")
    whole = tokens.fold(local.removeprefix("r-").removeprefix("r+"))
    found = {whole, *(token for _, token in _cuts(local))}
    return frozenset(token for token in found if token is not None and len(token) == tokens.MAC_LENGTH)


def seems_damaged_answer(address: str, *reply_domains: str) -> bool:
    """Tell whether an address at a domain of answers looks like a token of ours that was cut or spoilt on the way.

    Figures among letters, about as long as a token: no name of a person or a role.
    """
    local, host = split_address(_ascii_lower(address)) or ("", "")
    if host not in map(str.lower, reply_domains):
        return False
    return _DAMAGED.fullmatch(local.removeprefix("r-").removeprefix("r+")) is not None


_DAMAGED = re.compile(r"(?=[a-z]*[0-9])(?=[0-9]*[a-z])[0-9a-z]{8,26}")


def _cuts(local: str) -> list[tuple[str, str | None]]:
    """Return the ways to read a local part: whole, or with a token behind one of the delimiters."""
    cuts: list[tuple[str, str | None]] = [(local, None)]
    for delimiter in "+=-":
        base, found, detail = local.rpartition(delimiter)
        token = tokens.fold(detail)
        if found and base and token is not None and len(token) >= tokens.MAC_LENGTH:
            cuts.append((base, token))
        elif found and delimiter != "-":
            cuts.append((base, None))  # a token that a gateway cut or spoilt: the role still holds
    return cuts


def _ascii_lower(text: str) -> str:
    """Lower-case A to Z only: str.lower would make the Kelvin sign a k (promises.md attack 8)."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
