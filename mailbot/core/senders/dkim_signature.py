"""DKIM signatures in mail that comes in (RFC 6376 section 6, RFC 8301, RFC 8463): what each covers, and whether it holds.

The key is asked for by the caller's `texts`, and the arithmetic is the caller's `verify`, as with the Signer of dkim.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mailbot.core.mail.entity import Fields, canonical, field_name, split_entity
from mailbot.core.senders.dkim import relaxed_body, relaxed_field
from mailbot.core.senders.dns_answers import NoAnswer
from mailbot.core.senders.dns_record import dkim_tags

# pass; fail: changed on its way; policy: sound, but it proves too little; neutral: the signer only tries; RFC 8601 2.7.1
DkimResult = Literal["pass", "fail", "policy", "neutral", "temperror", "permerror"]

Texts = Callable[[str], tuple[str, ...]]  # a name to its TXT records; raises NoAnswer
# The kind of key (rsa, ed25519), the published key, a SHA-256 digest and a signature to whether they fit.
# Raises ValueError, with a sentence, for a key that is none or proves too little.
Verify = Callable[[str, bytes, bytes, bytes], bool]

SIGNATURES_MAX = 5  # that are looked at; those of the author's own domain first
_KEYS_MAX = 3  # records of one selector that are tried
_FIELD_MAX = 16_000  # octets of the signature's field
_NAMES_MAX = 300  # in h=
_KINDS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.IGNORECASE)
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OWN_VALUE = re.compile(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")

# What readers take one of: a second one that no signature covers is shown by some of them (section 8.15).
_ONCE = ("from", "subject", "date", "to", "cc", "reply-to", "sender", "message-id", "content-type")


@dataclass(frozen=True)
class DkimFinding:
    """What came of one signature."""

    result: DkimResult
    domain: str  # d=; "" when it has none that can be read
    selector: str
    algorithm: str
    why: str  # "" for a pass


class Broken(Exception):  # noqa: N818  a finding, no fault of ours
    """The signature proves nothing; the text says why."""

    def __init__(self, result: DkimResult, why: str) -> None:
        super().__init__(why)
        self.result = result


def demand(holds: bool, result: DkimResult, why: str) -> None:
    """Return where it holds. Raises Broken."""
    if not holds:
        raise Broken(result, why)


@dataclass
class SignedMail:
    """A mail as signatures see it, cut where our parser cuts it: what they cover is what we act upon."""

    fields: Fields
    body: bytes
    _hashes: dict[tuple[str, int | None], bytes] = field(default_factory=dict)
    _lengths: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, content: bytes) -> SignedMail:
        """Return the raw mail in its parts."""
        return cls(*split_entity(canonical(content)))

    def named(self, name: str) -> Fields:
        """Return the fields of this name (lower case), in order."""
        return [one for one in self.fields if field_name(one) == name]

    def body_hash(self, form: str, length: int | None) -> bytes:
        """Return the hash of the body in relaxed or simple form, or of so many of its first octets."""
        if (form, length) not in self._hashes:
            body = relaxed_body(self.body) if form == "relaxed" else self.body.rstrip(b"\r\n") + b"\r\n"
            self._lengths[form] = len(body)
            self._hashes[form, length] = hashlib.sha256(body[:length]).digest()
        return self._hashes[form, length]

    def beyond(self, form: str, length: int) -> int:
        """Return how many octets of the body are behind the first `length`; negative when it has fewer."""
        self.body_hash(form, length)
        return self._lengths[form] - length


@dataclass(frozen=True)
class Signed:
    """A signature's field that can be read."""

    raw: bytes  # the field itself
    domain: str  # d=
    selector: str
    algorithm: str
    signature: bytes
    names: tuple[str, ...]  # h=, in lower case
    forms: tuple[str, str]  # relaxed or simple, of head and body
    body_hash: bytes
    length: int | None  # l=
    expires: int | None  # x=
    identity: str  # the domain of i=


def check_signatures(
    mail: SignedMail, author_domain: str, texts: Texts, verify: Verify, now: datetime
) -> tuple[DkimFinding, ...]:
    """Return what each signature is worth, those of the author's own domain first, and at most five of them."""
    fields = mail.named("dkim-signature")
    # A stranger may put a hundred of his own above the one that matters.
    ours = [one for one in fields if _near(_domain_of(one), author_domain)]
    others = [one for one in fields if one not in ours]
    return tuple(_check(one, mail, texts, verify, now) for one in (*ours, *others)[:SIGNATURES_MAX])


def _check(raw: bytes, mail: SignedMail, texts: Texts, verify: Verify, now: datetime) -> DkimFinding:
    domain, selector, algorithm = "", "", ""
    try:
        tags = read_tags(raw)
        demand(tags.get("v") == "1", "permerror", "it is of no version that is known")
        signed = read_signed(raw, tags)
        domain, selector, algorithm = signed.domain, signed.selector, signed.algorithm
        judge(signed, mail, texts, verify, now)
        _nothing_added(signed, mail)
    except Broken as broken:
        return DkimFinding(broken.result, domain, selector, algorithm, str(broken))
    except NoAnswer as silence:
        return DkimFinding("temperror", domain, selector, algorithm, str(silence))
    return DkimFinding("pass", domain, selector, algorithm, "")


def _nothing_added(signed: Signed, mail: SignedMail) -> None:
    present, covered = Counter(map(field_name, mail.fields)), Counter(signed.names)
    added = next((name for name in _ONCE if 0 < covered[name] < present[name]), None)
    demand(added is None, "policy", f"another {added} field was added to what it covers")


def read_tags(raw: bytes) -> dict[str, str]:
    """Return the tags of a signature's field (section 3.2). Raises Broken when it is no list of tags."""
    value = raw.partition(b":")[2]
    demand(
        len(value) <= _FIELD_MAX and value.isascii(), "permerror", "its field is too long, or is not ASCII"
    )
    tags: dict[str, str] = {}
    parts = value.decode("ascii").split(";")
    for part in parts if parts[-1].strip() else parts[:-1]:
        name, equals, text = part.partition("=")
        sound = equals and _TAG_NAME.fullmatch(name.strip()) and name.strip() not in tags
        demand(bool(sound), "permerror", "its field is no list of tags")
        tags[name.strip()] = text.strip()
    return tags


def read_signed(raw: bytes, tags: Mapping[str, str]) -> Signed:
    """Return what a field with these tags says (section 3.5). Raises Broken."""
    domain, selector = tags.get("d", "").lower(), tags.get("s", "").lower()
    named = bool(_NAME.fullmatch(domain) and _NAME.fullmatch(selector)) and "." in domain
    demand(named, "permerror", "it names no key")
    algorithm = tags.get("a", "").lower()
    demand(algorithm != "rsa-sha1", "policy", "rsa-sha1 proves nothing any more (RFC 8301)")
    demand(algorithm in _KINDS, "permerror", "its algorithm is not known")
    head, _, body = tags.get("c", "simple/simple").lower().partition("/")
    forms = (head, body or "simple")
    names = tuple(name.strip().lower() for name in tags.get("h", "").split(":"))
    demand(set(forms) <= {"simple", "relaxed"}, "permerror", "its form is not known")
    demand("from" in names and len(names) <= _NAMES_MAX, "permerror", "it does not cover From")
    identity = tags.get("i", f"@{domain}").rpartition("@")[2].lower()
    demand(_near_or_below(identity, domain), "permerror", "i= is not within d=")
    demand("dns/txt" in tags.get("q", "dns/txt").lower(), "permerror", "its key is not in the DNS")
    made, expires = _number(tags, "t"), _number(tags, "x")
    demand(made is None or expires is None or made <= expires, "permerror", "it expires before it is made")
    return Signed(
        *(raw, domain, selector, algorithm, _base64(tags.get("b", "")), names, forms),
        *(_base64(tags.get("bh", "")), _number(tags, "l"), expires, identity),
    )


def judge(signed: Signed, mail: SignedMail, texts: Texts, verify: Verify, now: datetime) -> None:
    """Return when the signature holds and proves enough. Raises Broken when not, NoAnswer when the DNS leaves it open."""
    demand(signed.expires is None or signed.expires >= now.timestamp(), "fail", "it has expired")
    body_hash = mail.body_hash(signed.forms[1], signed.length)
    demand(body_hash == signed.body_hash, "fail", "the body was changed")
    whole = signed.length is None or mail.beyond(signed.forms[1], signed.length) == 0
    demand(whole, "policy", "it does not cover the whole body (l=)")
    digest = hashlib.sha256(_covered_head(signed, mail)).digest()
    holds = verify_by_dns(signed, digest, texts, verify)
    demand(holds, "fail", "the head was changed, or the key is another")


def verify_by_dns(signed: Signed, digest: bytes, texts: Texts, verify: Verify) -> bool:
    """Tell whether a published key made this signature (section 3.6). Raises Broken where none can be used."""
    found = [
        tags
        for text in texts(f"{signed.selector}._domainkey.{signed.domain}")
        if "p" in (tags := dkim_tags(text))
    ]
    if not found:
        raise Broken("permerror", "its key is not published")
    faults: list[Broken] = []
    for tags in found[:_KEYS_MAX]:
        try:
            if verify(_KINDS[signed.algorithm], _key(tags, signed), digest, signed.signature):
                demand("y" not in tags.get("t", "").split(":"), "neutral", "its domain only tries (t=y)")
                return True
        except Broken as broken:
            faults.append(broken)
        except ValueError as weak:
            faults.append(Broken("policy", str(weak)))
    for fault in faults:
        raise fault
    return False


def without_own_value(raw: bytes) -> bytes:
    """Return a signature's field with nothing behind b=, as it is signed itself (section 3.7)."""
    name, colon, value = raw.partition(b":")
    return name + colon + _OWN_VALUE.sub(rb"\1", value, count=1)


def _covered_head(signed: Signed, mail: SignedMail) -> bytes:
    """Return what is signed of the head: of several namesakes the last comes first (section 5.4.2)."""
    left: dict[str, list[bytes]] = {}
    for one in mail.fields:
        left.setdefault(field_name(one), []).append(one)
    form = relaxed_field if signed.forms[0] == "relaxed" else bytes
    pieces = [form(left[name].pop()) for name in signed.names if left.get(name)]
    own = form(without_own_value(signed.raw))
    return b"".join(pieces) + own.removesuffix(b"\r\n")


def _key(tags: Mapping[str, str], signed: Signed) -> bytes:
    same_kind = tags.get("k", "rsa").lower() == _KINDS[signed.algorithm]
    demand(tags.get("v", "DKIM1") == "DKIM1" and same_kind, "permerror", "its key is of another kind")
    demand(bool(tags["p"]), "permerror", "its key was revoked")
    demand("sha256" in tags.get("h", "sha256").split(":"), "permerror", "its key is not for SHA-256")
    demand(bool(set(tags.get("s", "*").split(":")) & {"*", "email"}), "permerror", "its key is not for mail")
    own = "s" not in tags.get("t", "").split(":") or signed.identity == signed.domain
    demand(own, "permerror", "its key does not speak for i=")
    return _base64(tags["p"])


def _number(tags: Mapping[str, str], name: str) -> int | None:
    text = tags.get(name)
    if text is None:
        return None
    demand(bool(re.fullmatch(r"[0-9]{1,12}", text)), "permerror", f"{name}= is no number")
    return int(text)


def _base64(text: str) -> bytes:
    try:
        found = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        found = b""
    demand(bool(found), "permerror", "one of its values is no base64")
    return found


def _domain_of(raw: bytes) -> str:
    try:
        return read_tags(raw).get("d", "").lower()
    except Broken:
        return ""


def _near(domain: str, author_domain: str) -> bool:
    """Tell whether a signature's domain may be the author's organisation: one is the other, or below it."""
    return bool(domain) and (_near_or_below(domain, author_domain) or _near_or_below(author_domain, domain))


def _near_or_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)
