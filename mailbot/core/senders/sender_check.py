"""Does a mail come from whom it says? SPF, DKIM, DMARC and ARC together, as one line of results (RFC 8601).

The line is what a mail exchanger would write, so that core/senders/authentication.py reads both alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailbot.core.senders.arc import Chain, check_chain
from mailbot.core.senders.authentication import Authentication, authserv_id_of, read_authentication
from mailbot.core.senders.dkim_signature import DkimFinding, SignedMail, Verify, check_signatures
from mailbot.core.senders.dmarc import Policy, aligned, find_policy
from mailbot.core.senders.dns_answers import Answers, Host, NoAnswer
from mailbot.core.senders.spf import SpfVerdict, check_host

_PLAIN = re.compile(r"[^A-Za-z0-9 .:/=_+~,'-]")
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_WHY_MAX = 120  # characters of a reason: parts of it are strangers' words


@dataclass(frozen=True)
class Client:
    """Who brought the mail to us, where it came straight from the world."""

    host: Host
    helo: str
    mail_from: str  # "" is the null sender


@dataclass(frozen=True)
class SenderResults:
    """What was found out."""

    text: str  # as the value of an Authentication-Results field
    temporary: bool  # the DNS left something open that may decide: worth another try


@dataclass(frozen=True)
class _Dmarc:
    result: str
    why: str = ""
    action: str | None = None


def check_sender(
    content: bytes,
    author: str | None,
    client: Client | None,
    stated: Authentication | None,
    dns: Answers,
    verify: Verify,
    *,
    own_id: str,
    sealers: Sequence[str],
    now: datetime,
) -> SenderResults:
    """Return what is found out about a raw mail.

    `author` is its one unambiguous From address (None: there is none), `client` who brought it (None: a host of our
    own, so that SPF says nothing), `stated` what our own mail exchanger found out before us, which then stands for
    SPF, DKIM and DMARC, `sealers` the domains whose word in ARC is taken. The DNS is asked by `dns`, within its bounds.
    """
    mail = SignedMail.of(content)
    domain = (author or "").rpartition("@")[2].lower()
    statements: list[str] = []
    spf: SpfVerdict | None = None
    signatures: tuple[DkimFinding, ...] = ()
    if stated is not None and stated != Authentication():
        dmarc = _restated(stated, domain, dns)
        statements += [
            f"dkim=pass header.d={each}" for each in stated.dkim_domains if _DOMAIN.fullmatch(each)
        ]
        if stated.spf_domain and _DOMAIN.fullmatch(stated.spf_domain):
            statements.append(f"spf=pass smtp.mailfrom={stated.spf_domain}")
    else:
        spf = None if client is None else _spf(client, dns)
        signatures = check_signatures(mail, domain, dns.txt, verify, now)
        dmarc = _dmarc(domain, client, spf, signatures, dns)
        statements += [_spf_statement(client, spf)] if client is not None and spf is not None else []
        statements += [_dkim_statement(each) for each in signatures]
    policy = f" policy.published-domain-policy={dmarc.action}" if dmarc.action else ""
    header_from = f" header.from={domain}" if _DOMAIN.fullmatch(domain) else ""
    statements.append(f"dmarc={dmarc.result}{_comment(dmarc.why)}{policy}{header_from}")
    chain, arc_open = _chain(mail, dns, verify, now)
    if arc_open or chain.state != "none":
        state = "temperror" if arc_open else chain.state
        sealer = _trusted(chain, sealers, domain)
        vouched = f" policy.sealer={sealer}" if sealer else ""
        statements.append(f"arc={state}{_comment(chain.why)}{vouched}")
    undecided = dmarc.result in {"none", "neutral"} and "temperror" in {
        *(each.result for each in signatures),
        *([spf.result] if spf is not None else []),
    }
    temporary = dmarc.result == "temperror" or undecided or arc_open
    return SenderResults("; ".join([own_id, *statements]), temporary)


def _spf(client: Client, dns: Answers) -> SpfVerdict:
    """Check the envelope sender's domain; of a null sender the greeting (RFC 7208 section 2.4)."""
    sender = client.mail_from or f"postmaster@{client.helo}"
    return check_host(client.host, _domain(sender), dns, sender=sender, helo=client.helo)


def _dmarc(
    domain: str,
    client: Client | None,
    spf: SpfVerdict | None,
    signatures: Sequence[DkimFinding],
    dns: Answers,
) -> _Dmarc:
    """Return what DMARC says (RFC 9989 section 4.8, 5.3)."""
    if "." not in domain:
        return _Dmarc("permerror", "From names no one author")
    try:
        policy = _policy(domain, dns)
    except NoAnswer as silence:
        return _Dmarc("temperror", str(silence))
    except ValueError:
        return _Dmarc("permerror", "the domain has several DMARC records")
    if policy is None:
        return _Dmarc("none", "no policy is published")
    still_open = False
    carriers: list[tuple[str, str, bool]] = [
        (each.result, each.domain, policy.tags.get("adkim") == "s") for each in signatures if each.domain
    ]
    if spf is not None and client is not None:
        sender = client.mail_from or f"@{client.helo}"
        carriers.append((spf.result, _domain(sender), policy.tags.get("aspf") == "s"))
    for result, carrier, strict in carriers:
        if result not in {"pass", "temperror"}:
            continue
        try:
            speaks = aligned(carrier, domain, dns.txt, strict=strict)
        except NoAnswer:
            speaks, result = True, "temperror"  # noqa: PLW2901  whether it speaks for it is what is open
        if speaks and result == "pass":
            return _Dmarc("pass", "", policy.effective)
        still_open |= speaks
    if still_open:
        return _Dmarc("temperror", "the DNS left open what may vouch for it", policy.effective)
    # Without a client nobody has looked at SPF, so that nothing is known against the mail.
    return _Dmarc("neutral" if client is None else "fail", "nothing aligned passes", policy.effective)


def _restated(stated: Authentication, domain: str, dns: Answers) -> _Dmarc:
    """Return what our own mail exchanger says of DMARC, with the policy that it may have left out."""
    result = {"unsure": "temperror", "none": "none" if stated.policy == "none" else "neutral"}.get(
        stated.dmarc, stated.dmarc
    )
    if stated.dmarc_domain not in {None, domain}:
        return _Dmarc("neutral", "our mail exchanger looked at another domain")
    if stated.policy is not None or "." not in domain:
        return _Dmarc(result, "", stated.policy)
    try:
        policy = _policy(domain, dns)
    except (NoAnswer, ValueError):
        return _Dmarc(result)
    return _Dmarc(result, "", policy.effective if policy else "none")


def _policy(domain: str, dns: Answers) -> Policy | None:
    return find_policy(domain, dns.txt, lambda: bool(dns.addresses(domain) or dns.mx(domain)))


def _chain(mail: SignedMail, dns: Answers, verify: Verify, now: datetime) -> tuple[Chain, bool]:
    try:
        return check_chain(mail, dns.txt, verify, now), False
    except NoAnswer as silence:
        return Chain("fail", str(silence)), True


def _trusted(chain: Chain, sealers: Sequence[str], domain: str) -> str | None:
    """Return the host that vouches for the author by a chain: all its seals are trusted ones', and the first saw a pass."""
    if chain.state != "pass" or not all(one in sealers for one in chain.sealers):
        return None
    first = chain.results[0]
    found = read_authentication([("Authentication-Results", first)], authserv_id_of(first))
    return chain.sealers[0] if found.dmarc == "pass" and found.dmarc_domain == domain else None


def _spf_statement(client: Client, spf: SpfVerdict) -> str:
    domain = _domain(client.mail_from or client.helo)
    name = "smtp.mailfrom" if client.mail_from else "smtp.helo"
    about = f" {name}={domain}" if _DOMAIN.fullmatch(domain) else ""
    return f"spf={spf.result}{_comment('' if spf.result == 'pass' else spf.why)}{about}"


def _dkim_statement(found: DkimFinding) -> str:
    names = (("header.d", found.domain), ("header.s", found.selector), ("header.a", found.algorithm))
    about = "".join(f" {name}={value}" for name, value in names if value)
    return f"dkim={found.result}{_comment(found.why)}{about}"


def _comment(why: str) -> str:
    """Return a reason as a comment; nothing in it can end the comment or the statement."""
    return f" ({_PLAIN.sub('_', why)[:_WHY_MAX]})" if why else ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2].rstrip(".").lower()
