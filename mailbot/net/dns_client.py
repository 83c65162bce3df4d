"""Ask the DNS (RFC 1035), within bounds of time: the only file that knows dnspython."""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from mailbot.core.senders.dns_answers import Host, NoAnswer

_REMEMBERED = 20_000  # answers
_NO_SERVER = "the system names no DNS server (/etc/resolv.conf)"


@dataclass
class DnsClient:
    """Asks each question once, remembers the answer, and stops altogether when its seconds or questions are over."""

    seconds: float = 10.0  # for everything that is ever asked
    each: float = 3.0  # for one question
    nameserver: tuple[str, int] | None = None  # None: those of the system
    most: int = 1_000  # questions
    cache: dns.resolver.LRUCache | None = None  # of answers, shared by several clients, each for its TTL

    def __post_init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, ...] | NoAnswer] = {}
        self._until = time.monotonic() + self.seconds
        try:
            self._resolver = dns.resolver.Resolver(configure=self.nameserver is None)
        except dns.resolver.NoResolverConfiguration:
            self._resolver = dns.resolver.Resolver(configure=False)
        if self.nameserver is not None:
            self._resolver.nameservers = [self.nameserver[0]]
            self._resolver.port = self.nameserver[1]
        self._resolver.cache = self.cache

    @staticmethod
    def new_cache() -> dns.resolver.LRUCache:
        """Return an empty memory of answers, for several clients and threads."""
        return dns.resolver.LRUCache(_REMEMBERED)

    def txt(self, name: str) -> tuple[str, ...]:
        """Return each TXT record of a name, its strings joined. Raises NoAnswer."""
        return self._ask(name, "TXT")

    def mx(self, name: str) -> tuple[str, ...]:
        """Return the mail hosts of a domain, the preferred one first; "" is the null MX of RFC 7505. Raises NoAnswer."""
        ranked = sorted((int(rank), host) for rank, host in (one.split() for one in self._ask(name, "MX")))
        return tuple(host.removesuffix(".") for _, host in ranked)

    def addresses(self, name: str, family: Literal[4, 6] | None = None) -> tuple[Host, ...]:
        """Return the IP addresses of a host, of one family or of both. Raises NoAnswer."""
        kinds = {4: ("A",), 6: ("AAAA",), None: ("A", "AAAA")}[family]
        return tuple(ip_address(one) for kind in kinds for one in self._ask(name, kind))

    def names(self, address: Host) -> tuple[str, ...]:
        """Return the host names of an IP address. Raises NoAnswer."""
        reverse = dns.reversename.from_address(str(address)).to_text()
        return tuple(one.removesuffix(".").lower() for one in self._ask(reverse, "PTR"))

    def is_alias(self, name: str) -> bool:
        """Tell whether a name is only another one's alias (CNAME). Raises NoAnswer."""
        return bool(self._ask(name, "CNAME"))

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        question = (name.lower().removesuffix("."), kind)
        if question not in self._known:
            if len(self._known) >= self.most:
                raise NoAnswer(f"the DNS was asked {self.most} questions already")
            try:
                self._known[question] = self._answer(*question)
            except NoAnswer as silence:
                self._known[question] = silence
        answer = self._known[question]
        if isinstance(answer, NoAnswer):
            raise answer
        return answer

    def _answer(self, name: str, kind: str) -> tuple[str, ...]:
        left = self._until - time.monotonic()
        if left <= 0:
            raise NoAnswer(f"the DNS was asked for {self.seconds:g} s already")
        if not self._resolver.nameservers:
            raise NoAnswer(_NO_SERVER)
        try:
            asked = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return ()  # no such name can be in the DNS
        try:
            found = self._resolver.resolve(asked, kind, lifetime=min(left, self.each), search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.resolver.LifetimeTimeout:
            raise NoAnswer(f"no DNS server answered within {min(left, self.each):.0f} s") from None
        except dns.resolver.NoNameservers:
            raise NoAnswer(f"the DNS servers could not answer for {name}") from None
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswer(f"the DNS could not be asked: {error}") from None
        if kind == "TXT":
            return tuple(b"".join(one.strings).decode("utf-8", "replace") for one in found)
        if kind == "MX":
            return tuple(f"{one.preference} {one.exchange.to_text()}" for one in found)
        return tuple(one.to_text() for one in found)
