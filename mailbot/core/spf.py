"""May a host send in the name of a domain? The check of RFC 7208, without macros, on answers that the caller gets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Literal, Protocol

Host = IPv4Address | IPv6Address
Result = Literal["pass", "fail", "softfail", "neutral", "none", "permerror"]

LOOKUPS_MAX = 10  # terms that ask the DNS, RFC 7208 section 4.6.4
_VOID_MAX = 2  # of them that may find nothing, the same section
_RESULTS: dict[str, Result] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_TERM = re.compile(r"([+?~-]?)([a-z0-9]+)(?::([^/]+))?(?:/(\d{1,2}))?(?://(\d{1,3}))?", re.IGNORECASE)
_NETWORK = re.compile(r"([+?~-]?)(ip[46]):([0-9a-f.:]+(?:/\d{1,3})?)", re.IGNORECASE)


class Answers(Protocol):
    """The DNS; what cannot be asked raises what its maker likes, and passes through."""

    def txt(self, name: str) -> tuple[str, ...]: ...
    def mx(self, name: str) -> tuple[str, ...]: ...
    def addresses(self, name: str) -> tuple[Host, ...]: ...


class _Wrong(Exception):  # noqa: N818  never leaves this file
    """The record has a permanent error; the text says which."""


@dataclass
class Verdict:
    """What came of it."""

    result: Result
    why: str  # the term that matched, or what is wrong
    lookups: int


@dataclass
class _Count:
    lookups: int = 0
    void: int = 0


@dataclass
class _Check:
    host: Host
    dns: Answers
    count: _Count = field(default_factory=_Count)

    def record(self, domain: str) -> str | None:
        found = spf_records(self.dns.txt(domain))
        if len(found) > 1:
            raise _Wrong(f"{domain} has {len(found)} SPF records, of which receivers believe none")
        return found[0] if found else None

    def domain(self, domain: str) -> tuple[Result, str]:
        record = self.record(domain)
        if record is None:
            return "none", f"{domain} has no SPF record"
        redirect = None
        for term in record.split()[1:]:
            name, equals, value = term.partition("=")
            if equals and re.fullmatch(r"[a-z][a-z0-9_.-]*", name, re.IGNORECASE):
                redirect = value if name.lower() == "redirect" else redirect
                continue
            if (result := self._term(term, domain)) is not None:
                return result, term
        if redirect is not None:
            self._ask()
            result, why = self.domain(redirect)
            if result == "none":
                raise _Wrong(f"redirect={redirect} leads to no SPF record")
            return result, why
        return "neutral", "no term matches"

    def _term(self, term: str, domain: str) -> Result | None:
        if network := _NETWORK.fullmatch(term):
            try:
                hit = self.host in ip_network(network[3], strict=False)
            except ValueError:
                raise _Wrong(f"{term!r} names no network") from None
            return _RESULTS[network[1] or "+"] if hit else None
        found = _TERM.fullmatch(term)
        kind = found[2].lower() if found else ""
        if found is None or kind not in {"all", "include", "a", "mx", "ptr", "exists"}:
            raise _Wrong(f"{term!r} is no term of SPF")
        result = _RESULTS[found[1] or "+"]
        if kind == "all":
            return result
        self._ask()
        target = found[3] or domain
        if "%" in target or kind in {"ptr", "exists"}:
            return None  # depends on one mail's sender
        if kind == "include":
            inner, _ = self.domain(target)
            if inner == "none":
                raise _Wrong(f"include:{target} leads to no SPF record")
            return result if inner == "pass" else None
        names = [target] if kind == "a" else list(self.dns.mx(target))[:LOOKUPS_MAX]
        hosts = [host for name in names for host in self.dns.addresses(name)]
        if not hosts:
            self.count.void += 1
            if self.count.void > _VOID_MAX:
                raise _Wrong(f"more than {_VOID_MAX} of its terms find nothing in the DNS")
        length = (found[4], 32) if isinstance(self.host, IPv4Address) else (found[5], 128)
        prefix = int(length[0]) if length[0] is not None else length[1]
        if prefix > length[1]:
            raise _Wrong(f"{term!r} has a prefix that is too long")
        near = any(
            self.host in ip_network(f"{host}/{prefix}", strict=False)
            for host in hosts
            if host.version == self.host.version
        )
        return result if near else None

    def _ask(self) -> None:
        self.count.lookups += 1
        if self.count.lookups > LOOKUPS_MAX:
            raise _Wrong(f"it needs more than {LOOKUPS_MAX} look-ups, after which receivers give up")


def check_host(host: Host, domain: str, dns: Answers) -> Verdict:
    """Tell what receivers conclude when this host sends with a sender in this domain (RFC 7208 section 4)."""
    check = _Check(host, dns)
    try:
        result, why = check.domain(domain)
    except _Wrong as wrong:
        return Verdict("permerror", str(wrong), check.count.lookups)
    return Verdict(result, why, check.count.lookups)


def spf_records(texts: tuple[str, ...]) -> list[str]:
    """Return those TXT records that are SPF records (RFC 7208 section 4.5)."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]
