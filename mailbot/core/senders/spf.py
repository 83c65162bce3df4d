"""May a host send in the name of a domain? The check of RFC 7208, on answers that the caller gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Literal
from urllib.parse import quote

from mailbot.core.senders.dns_answers import Answers, Host, NoAnswer

Result = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]

LOOKUPS_MAX = 10  # terms that ask the DNS, RFC 7208 section 4.6.4
_VOID_MAX = 2  # of them that may find nothing, the same section
_NAMES_MAX = 10  # names of an address that are looked at, the same section
_RECORD_MAX = 4_000  # characters; the longest that are in use have not a quarter of it
_TERM_MAX = 512
_RESULTS: dict[str, Result] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

# Section 12.
_EXPAND = r"%\{[slodiphcrtv][0-9]{0,3}r?[.+,/_=-]*\}"
_MACRO = rf"(?:{_EXPAND}|%[%_-])"
_LABELS_END = r"\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\.?"
_SPEC_FORM = rf"(?:{_MACRO}|[!-$&-~])*(?:{_LABELS_END}|{_MACRO})"
_SPEC = f"(?P<spec>{_SPEC_FORM})"
_PREFIXES = r"(?:/(?P<four>0|[1-9][0-9]?))?(?://(?P<six>0|[1-9][0-9]{0,2}))?"
_MECHANISMS = tuple(
    re.compile(rf"(?P<sign>[+?~-]?)(?P<kind>{form}", re.IGNORECASE)
    for form in (
        "all)",
        rf"include):{_SPEC}",
        rf"a|mx)(?::{_SPEC})?{_PREFIXES}",
        rf"ptr)(?::{_SPEC})?",
        r"ip4):(?P<network>[0-9.]+(?:/(?:0|[1-9][0-9]?))?)",
        r"ip6):(?P<network>[0-9a-f:.]+(?:/(?:0|[1-9][0-9]{0,2}))?)",
        rf"exists):{_SPEC}",
    )
)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_SPEC_ALONE = re.compile(_SPEC_FORM, re.IGNORECASE)
_MACRO_STRING = re.compile(rf"(?:{_MACRO}|[!-$&-~])*", re.IGNORECASE)
# A macro (RFC 7208 section 7.1).
_ONE_MACRO = re.compile(r"%(?:\{([a-z])([0-9]*)(r?)([.+,/_=-]*)\}|([%_-]))", re.IGNORECASE)


class _Wrong(Exception):  # noqa: N818  never leaves this file
    """The record has a permanent error; the text says which."""


@dataclass
class SpfVerdict:
    """What came of it."""

    result: Result
    why: str  # the term that matched, or what is wrong
    lookups: int


@dataclass
class _Count:
    lookups: int = 0
    void: int = 0


@dataclass(frozen=True)
class _Term:
    """One mechanism of a record."""

    text: str
    result: Result  # what a match means
    kind: str
    spec: str | None = None
    network: IPv4Network | IPv6Network | None = None
    four: int = 32
    six: int = 128


@dataclass(frozen=True)
class _Record:
    terms: tuple[_Term, ...]
    redirect: str | None


@dataclass
class _Check:
    host: Host
    dns: Answers
    sender: str | None  # local@domain; None: what depends on it is passed over
    helo: str
    count: _Count = field(default_factory=_Count)

    def domain(self, domain: str) -> tuple[Result, str]:
        found = spf_records(self.dns.txt(domain))
        if len(found) > 1:
            raise _Wrong(f"{domain} has {len(found)} SPF records, of which receivers believe none")
        if not found:
            return "none", f"{domain} has no SPF record"
        record = _parse(found[0])
        for term in record.terms:
            if self._matches(term, domain):
                return term.result, term.text
        if record.redirect is None:
            return "neutral", "no term matches"
        self._ask()
        target = self._expanded(record.redirect, domain)
        result, why = self.domain(target) if target and _is_domain(target) else ("none", "")
        if result == "none":
            raise _Wrong(f"redirect={record.redirect} leads to no SPF record")
        return result, why

    def _matches(self, term: _Term, domain: str) -> bool:
        if term.kind == "all":
            return True
        if term.network is not None:
            return self.host.version == term.network.version and self.host in term.network
        self._ask()
        if term.kind == "ptr" and self.sender is None:
            return False
        target = domain if term.spec is None else self._expanded(term.spec, domain)
        if target is None:
            return False  # it depends on one mail's sender
        if term.kind == "include":
            inner = self.domain(target)[0] if _is_domain(target) else "none"
            if inner == "none":
                raise _Wrong(f"include:{term.spec} leads to no SPF record")
            return inner == "pass"
        if term.kind == "ptr":
            return any(_is_below(name, target) for name in self._validated_names(counted=True))
        if term.kind == "exists":
            found = self.dns.addresses(target, 4) if _is_domain(target) else ()
            self._note_void(found)
            return bool(found)
        near = ip_network(f"{self.host}/{term.four if self.host.version == 4 else term.six}", strict=False)
        return any(address in near for address in self._addresses(term.kind, target))

    def _addresses(self, kind: str, target: str) -> Iterator[Host]:
        if not _is_domain(target):
            self._note_void(())
            return
        family: Literal[4, 6] = 4 if self.host.version == 4 else 6
        if kind == "a":
            found = self.dns.addresses(target, family)
            self._note_void(found)
            yield from found
            return
        hosts = self.dns.mx(target)
        self._note_void(hosts)
        if len(hosts) > LOOKUPS_MAX:
            raise _Wrong(f"{target} has more than {LOOKUPS_MAX} mail hosts")
        for host in hosts:
            if host:
                yield from self.dns.addresses(host, family)

    def _validated_names(self, *, counted: bool) -> list[str]:
        """Return the names of the client's address that lead back to it (section 5.5); errors are no names."""
        try:
            names = self.dns.names(self.host)
        except NoAnswer:
            return []
        if counted:
            self._note_void(names)
        family: Literal[4, 6] = 4 if self.host.version == 4 else 6
        validated = []
        for name in names[:_NAMES_MAX]:
            try:
                if self.host in self.dns.addresses(name, family):
                    validated.append(name)
            except NoAnswer:
                continue
        return validated

    def _note_void(self, found: tuple[object, ...]) -> None:
        if not found:
            self.count.void += 1
            if self.count.void > _VOID_MAX:
                raise _Wrong(f"more than {_VOID_MAX} of its terms find nothing in the DNS")

    def _ask(self) -> None:
        self.count.lookups += 1
        if self.count.lookups > LOOKUPS_MAX:
            raise _Wrong(f"it needs more than {LOOKUPS_MAX} look-ups, after which receivers give up")

    def _expanded(self, spec: str, domain: str) -> str | None:
        """Return a domain with its macros expanded (section 7); None when the sender is not known."""
        if "%" not in spec:
            return spec.removesuffix(".")
        if self.sender is None:
            return None
        text = _ONE_MACRO.sub(lambda found: self._macro(found, domain), spec).removesuffix(".")
        while len(text) > 253 and "." in text:  # section 7.3: labels go from the left
            text = text.partition(".")[2]
        return text

    def _macro(self, found: re.Match[str], domain: str) -> str:
        if found[5]:
            return {"%": "%", "_": " ", "-": "%20"}[found[5]]
        letter = found[1].lower()
        parts = re.split("[" + re.escape(found[4] or ".") + "]", self._letter(letter, domain))
        if found[3]:
            parts.reverse()
        if found[2]:
            parts = parts[-int(found[2]) :]
        value = ".".join(parts)
        return quote(value, safe="-._~") if found[1].isupper() else value

    def _letter(self, letter: str, domain: str) -> str:
        assert self.sender is not None
        local, _, sender_domain = self.sender.rpartition("@")
        if letter == "i":
            if isinstance(self.host, IPv4Address):
                return str(self.host)
            return ".".join(self.host.exploded.replace(":", ""))
        if letter == "p":
            names = self._validated_names(counted=False)
            return next((name for name in names if _is_below(name, domain)), (*names, "unknown")[0])
        return {
            "s": self.sender,
            "l": local,
            "o": sender_domain,
            "d": domain,
            "h": self.helo,
            "v": "in-addr" if self.host.version == 4 else "ip6",
        }[letter]


def check_host(
    host: Host, domain: str, dns: Answers, *, sender: str | None = None, helo: str = ""
) -> SpfVerdict:
    """Tell what receivers conclude when this host sends with a sender in this domain (RFC 7208 section 4).

    `sender` is the whole envelope sender; without it terms that depend on it match nothing. What the DNS leaves open
    is a temperror.
    """
    if not _is_domain(domain):
        return SpfVerdict("none", f"{domain!r} is no domain", 0)
    if isinstance(host, IPv6Address) and host.ipv4_mapped is not None:
        host = host.ipv4_mapped
    if sender is not None and not sender.rpartition("@")[0]:
        sender = f"postmaster@{domain}"  # section 4.3
    check = _Check(host, dns, sender, helo)
    try:
        result, why = check.domain(domain)
    except _Wrong as wrong:
        return SpfVerdict("permerror", str(wrong), check.count.lookups)
    except NoAnswer as silence:
        return SpfVerdict("temperror", str(silence), check.count.lookups)
    return SpfVerdict(result, why, check.count.lookups)


def spf_records(texts: tuple[str, ...]) -> list[str]:
    """Return those TXT records that are SPF records (RFC 7208 section 4.5)."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def _parse(record: str) -> _Record:
    """Return the record's terms; a mistake anywhere spoils the whole (section 4.6)."""
    if len(record) > _RECORD_MAX:
        raise _Wrong("its record is far too long")
    terms: list[_Term] = []
    modifiers: dict[str, str] = {}
    for text in record[6:].split(" "):
        if not text:
            continue
        if len(text) > _TERM_MAX:
            raise _Wrong("one of its terms is far too long")
        if (modifier := _MODIFIER.fullmatch(text)) is not None:
            name, value = modifier[1].lower(), modifier[2]
            ours = name in {"redirect", "exp"}
            if ours and name in modifiers:
                raise _Wrong(f"{name}= stands in it twice")
            if not (_SPEC_ALONE if ours else _MACRO_STRING).fullmatch(value) or _misused(value):
                raise _Wrong(f"{text!r} is no modifier of SPF")
            modifiers.setdefault(name, value)
        else:
            terms.append(_mechanism(text))
    return _Record(tuple(terms), modifiers.get("redirect"))


def _mechanism(text: str) -> _Term:
    found = next((match for form in _MECHANISMS if (match := form.fullmatch(text))), None)
    if found is None:
        raise _Wrong(f"{text!r} is no term of SPF")
    groups = found.groupdict()
    network = None
    if groups.get("network"):
        form = IPv4Network if groups["kind"].lower() == "ip4" else IPv6Network
        try:
            network = form(groups["network"], strict=False)
        except ValueError:
            raise _Wrong(f"{text!r} names no network") from None
    four, six = int(groups.get("four") or 32), int(groups.get("six") or 128)
    if four > 32 or six > 128:
        raise _Wrong(f"{text!r} has a prefix that is too long")
    if groups.get("spec") and _misused(groups["spec"]):
        raise _Wrong(f"{text!r} has a macro that cannot stand there")
    result = _RESULTS[groups["sign"] or "+"]
    return _Term(text, result, groups["kind"].lower(), groups.get("spec"), network, four, six)


def _misused(spec: str) -> bool:
    """Tell whether it has a macro that stands in the text of an explanation only, or that keeps 0 parts (section 7)."""
    return any(
        (found[1] or "").lower() in {"c", "r", "t"} or (found[2] and not int(found[2]))
        for found in _ONE_MACRO.finditer(spec)
    )


def _is_domain(name: str) -> bool:
    """Tell whether a name can be asked for: labels of bearable length, more than one (section 4.3)."""
    labels = name.removesuffix(".").split(".")
    return len(name) <= 253 and len(labels) > 1 and all(0 < len(label) <= 63 for label in labels)


def _is_below(name: str, domain: str) -> bool:
    name, domain = name.lower().removesuffix("."), domain.lower().removesuffix(".")
    return name == domain or name.endswith("." + domain)
