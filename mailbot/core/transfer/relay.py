"""The next hop for outgoing mail, as the configuration names it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

Scheme = Literal["smtp", "smtps", "lmtp", "maildir"]
Tls = Literal["none", "opportunistic", "require"]

_PORTS: dict[str, tuple[Scheme, int]] = {"smtp": ("smtp", 25), "smtps": ("smtps", 465), "lmtp": ("lmtp", 24)}
_TLS: tuple[Tls, ...] = get_args(Tls)
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_LONGEST = 1_000


class RelayAway(Exception):  # noqa: N818  the state of the world, not a fault of ours
    """No relay takes mail now; it says which and why, and no recipient that is not settled was touched."""


@dataclass(frozen=True)
class Relay:
    """One next hop."""

    scheme: Scheme
    host: str = ""  # name or IP address without brackets; "" for a Maildir
    port: int = 0
    path: Path | None = None  # the Maildir
    user: str | None = None  # AUTH PLAIN
    password: str | None = field(default=None, repr=False)  # put in by whoever reads password_file
    password_file: Path | None = None
    tls: Tls = "none"  # smtps is always verified TLS from the first byte

    @property
    def name(self) -> str:
        """What a person calls it: smtp://mail.example.jp:25."""
        if self.scheme == "maildir":
            return f"maildir:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def local(self) -> bool:
        """Tell whether it is this machine, where nobody listens on the wire."""
        return self.host == "localhost" or _is_loopback(self.host)


def parse_relay(text: str) -> Relay:
    """Return the relay for `maildir:DIR`, `smtp://[user@]host[:port]`, `smtps://...` or `lmtp://...`.

    Options follow a question mark: `tls=none|opportunistic|require` and `password_file=PATH`. Without `tls`, this
    machine is spoken to in the clear, a relay that wants a user with verified TLS, and any other opportunistically.
    Raises ValueError, with a sentence, when it is none of these.
    """
    if not text.isprintable() or len(text) > _LONGEST:
        raise ValueError(f"relay {text[:60]!r} has control characters or is too long")
    scheme, colon, rest = text.partition(":")
    if scheme == "maildir" and colon:
        if not rest:
            raise ValueError("relay 'maildir:' names no folder; write maildir:data/outgoing")
        return Relay(scheme="maildir", path=Path(rest))
    if scheme not in _PORTS or not rest.startswith("//"):
        raise ValueError(
            f"relay {text!r} is not maildir:DIR, smtp://host:port, smtps://host:port or lmtp://host:port"
        )
    return _parse_server(text, *_PORTS[scheme])


def _parse_server(text: str, scheme: Scheme, default_port: int) -> Relay:
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port
    except ValueError:
        raise ValueError(f"relay {text!r}: the host or the port (1 to 65535) cannot be read") from None
    if not (_HOST_NAME.fullmatch(host) or is_address(host)):
        raise ValueError(f"relay {text!r}: {host!r} is not a host name or an IP address")
    if port == 0:
        raise ValueError(f"relay {text!r}: the port must be 1 to 65535")
    if url.path not in {"", "/"} or url.fragment:
        raise ValueError(f"relay {text!r}: nothing may follow the port but ?tls= and ?password_file=")
    if url.password is not None:
        raise ValueError(
            f"relay {scheme}://{host}: the password must not stand in the configuration; "
            "put it into a file and name it with ?password_file=PATH"
        )
    options = _parse_options(text, url.query)
    user = unquote(url.username) if url.username else None
    if "password_file" in options and user is None:
        raise ValueError(f"relay {text!r}: password_file needs a user, such as {scheme}://user@{host}")
    bare = Relay(scheme, host, port or default_port)
    return Relay(
        scheme=scheme,
        host=host,
        port=port or default_port,
        user=user,
        password_file=Path(options["password_file"]) if "password_file" in options else None,
        tls=_tls(text, options.get("tls"), bare, user),
    )


def _parse_options(text: str, query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=2)
    except ValueError:
        raise ValueError(
            f"relay {text!r}: {query!r} is not tls=... or password_file=..., joined by &"
        ) from None
    options = dict(pairs)
    for name, value in options.items():
        if name not in {"tls", "password_file"} or not value:
            raise ValueError(
                f"relay {text!r}: {name}={value} is not an option; there are tls and password_file"
            )
    return options


def _tls(text: str, stated: str | None, relay: Relay, user: str | None) -> Tls:
    if relay.scheme == "smtps":
        if stated not in {None, "require"}:
            raise ValueError(f"relay {text!r}: smtps is always TLS with verification; leave tls={stated} out")
        return "require"
    if stated is None:
        remote: Tls = "require" if user else "opportunistic"
        return "none" if relay.local else remote
    for tls in _TLS:
        if tls == stated:
            return tls
    raise ValueError(f"relay {text!r}: tls={stated} is not none, opportunistic or require")


def is_address(host: str) -> bool:
    """Tell whether a host is named by its IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return is_address(host) and ip_address(host).is_loopback
