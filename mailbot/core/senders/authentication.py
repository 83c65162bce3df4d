"""What our own mail exchanger found out about the sender: Authentication-Results (RFC 8601), and only its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from mailbot.core.frozen import frozen
from mailbot.core.mail.message import Message

Verdict = Literal["pass", "fail", "unsure", "none"]  # unsure: the DNS left it open

_FIELD_LIMIT = 20  # fields of ours that are read
_LENGTH_LIMIT = 8_000  # characters of one field

_POLICY = re.compile(r"\bp=(none|quarantine|reject)\b", re.IGNORECASE)
_EQUALS = re.compile(r"\s{0,9}=\s{0,9}")


@frozen
class Authentication:
    """The results that our own authserv-id states; where its fields disagree, the worst one counts."""

    dmarc: Verdict = "none"
    policy: Literal["none", "quarantine", "reject"] | None = None  # the From domain's DMARC policy, if stated
    dmarc_domain: str | None = None  # the From domain that DMARC looked at, if stated
    dkim_domains: tuple[str, ...] = ()  # d= of each signature that passed
    spf_domain: str | None = None  # of the envelope sender, if SPF passed
    chain: Literal["none", "pass", "fail", "unsure"] = "none"  # the state of the ARC chain that it came with
    sealer: str | None = None  # a trusted host that saw a DMARC pass before the mail was changed (ARC)


_NO_RESULTS = Authentication()


def authserv_id_of(value: str) -> str:
    """Return who states the results of this field: its first word, in lower case."""
    return _statements(value)[0][0].partition(" ")[0].lower()


def read_authentication(headers: Iterable[tuple[str, str]], own_id: str) -> Authentication:
    """Return what the Authentication-Results fields of exactly our authserv-id say (promises.md attack 9)."""
    results: list[tuple[str, str, dict[str, str], str]] = []
    fields = 0
    for name, value in headers:
        if name.lower() == "authentication-results" and fields < _FIELD_LIMIT:
            (identity, _), *statements = _statements(value)
            if identity.partition(" ")[0].lower() == own_id.lower():
                fields += 1
                results += [_result(text, comments) for text, comments in statements]
    if not results:
        return _NO_RESULTS
    dmarc = [result for result in results if result[0] == "dmarc"]
    policies = {
        found[1].lower() for result in dmarc if (found := _POLICY.search(_policy_text(result)[:1000]))
    }
    domains = {domain for result in dmarc if (domain := _domain(result[2].get("header.from", "")))}
    spf = [result for result in results if result[0] == "spf"]
    arc = [result for result in results if result[0] == "arc"]
    if dmarc and not policies and all(result[1] == "none" for result in dmarc):
        policies = {"none"}  # RFC 8601 section 2.7.3: no policy is published
    return Authentication(
        dmarc=_worst([result[1] for result in dmarc]),
        policy=next((p for p in ("reject", "quarantine", "none") if p in policies), None),
        dmarc_domain=domains.pop() if len(domains) == 1 else None,
        dkim_domains=tuple(
            domain
            for method, verdict, properties, _ in results
            if method == "dkim" and verdict == "pass"
            if (domain := _domain(properties.get("header.d", "") or properties.get("header.i", "")))
        ),
        spf_domain=_domain(spf[0][2].get("smtp.mailfrom", ""))
        if _worst([result[1] for result in spf]) == "pass"
        else None,
        chain=_worst([result[1] for result in arc]),
        sealer=_domain(arc[0][2].get("policy.sealer", "")) or None
        if _worst([result[1] for result in arc]) == "pass"
        else None,
    )


def is_looked_at(headers: Iterable[tuple[str, str]], own_id: str) -> bool:
    """Tell whether anybody of ours has looked at a mail's sender, whatever he found out."""
    return any(
        name.lower() == "authentication-results" and authserv_id_of(value) == own_id.lower()
        for name, value in headers
    )


def with_results(message: Message, results: str, own_id: str) -> Message:
    """Return a mail with what we found out ourselves in the place of whatever its head says in our name."""
    kept = [
        (name, value)
        for name, value in message.headers
        if name.lower() != "authentication-results" or authserv_id_of(value) != own_id.lower()
    ]
    return replace(message, headers=(("Authentication-Results", results), *kept))


def verdict(authentication: Authentication, from_address: str | None) -> Verdict:
    """Tell what the results say of this From address: vouched for, disowned by its own domain, or nothing.

    A DMARC pass, or an aligned DKIM or SPF pass, vouches for it. A DMARC failure disowns it, unless the domain
    itself asks for no consequence: gateways that rewrite bodies and forwarding break what was honest (ballot.md
    section 10); nor does it where a trusted host saw a pass before.
    """
    domain = _domain(from_address or "")
    if not domain:
        return "none"
    if authentication.sealer and authentication.dmarc in {"fail", "unsure"}:
        return "pass"
    about_it = authentication.dmarc_domain in {None, domain}
    if authentication.dmarc == "fail" and authentication.policy != "none":
        return "fail"
    if authentication.dmarc == "pass":
        return "pass" if about_it else "none"
    carriers = [*authentication.dkim_domains, authentication.spf_domain or ""]
    if authentication.dmarc != "fail" and any(aligned(carrier, domain) for carrier in carriers):
        return "pass"
    return "unsure" if authentication.dmarc == "unsure" else "none"


def aligned(carrier: str, domain: str) -> bool:
    """Tell whether an authenticated domain speaks for a From domain: the same, or the one below the other.

    Without the tree walk of RFC 9989 a parent speaks only from three labels up (city.example.jp, not example.jp
    for everything below jp's second level).
    """
    if carrier == domain:
        return bool(carrier)
    shorter, longer = sorted((carrier, domain), key=len)
    return shorter.count(".") >= 2 and longer.endswith("." + shorter)


def _worst(verdicts: list[str]) -> Verdict:
    if "fail" in verdicts:
        return "fail"
    if "temperror" in verdicts:
        return "unsure"
    return "pass" if verdicts and all(found == "pass" for found in verdicts) else "none"


def _policy_text(result: tuple[str, str, dict[str, str], str]) -> str:
    stated = result[2].get("policy.published-domain-policy") or result[2].get("policy.dmarc")
    return f"p={stated}" if stated else result[3]


def _result(text: str, comments: str) -> tuple[str, str, dict[str, str], str]:
    """Return method, result, properties and comments of one statement such as "dkim=pass header.d=example.jp"."""
    words = _EQUALS.sub("=", text[:1000]).split()
    method, _, found = (words[0] if words else "").partition("=")
    properties = {name.lower(): value for name, _, value in (word.partition("=") for word in words[1:])}
    return method.partition("/")[0].lower(), found.lower(), properties, comments


def _domain(text: str) -> str:
    return text.rpartition("@")[2].rstrip(".").lower()


def _statements(value: str) -> list[tuple[str, str]]:
    """Split a field at its semicolons into text and comments; quotes and nested comments hold (RFC 5322 3.2.2)."""
    statements: list[tuple[str, str]] = []
    text: list[str] = []
    comments: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value[:_LENGTH_LIMIT]:
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
            continue
        elif character == '"' and not depth:
            quoted = not quoted
            continue
        elif quoted:
            pass
        elif character == "(":
            depth += 1
            text.append(" ")
            comments.append(" ")
            continue
        elif character == ")" and depth:
            depth -= 1
            continue
        elif character == ";" and not depth:
            statements.append(("".join(text).strip(), "".join(comments)))
            text, comments = [], []
            continue
        if depth:
            comments.append(character)
        else:
            # A blank or an equals sign inside quotes must not look like the start of another property.
            text.append("_" if quoted and character in " =\t;" else character)
    return [*statements, ("".join(text).strip(), "".join(comments))]
