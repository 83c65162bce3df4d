"""The chain that hosts on a mail's way sign, each over what it found out (ARC, RFC 8617): is it whole, and our own link.

A set is three fields with the same i=: what was found out, a signature over the mail, a seal over the sets so far.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailbot.core.senders.dkim import Signer, covered, folded_tags, folded_value, relaxed_field
from mailbot.core.senders.dkim_signature import (
    Broken,
    SignedMail,
    Texts,
    Verify,
    demand,
    judge,
    read_signed,
    read_tags,
    verify_by_dns,
    without_own_value,
)

ChainState = Literal["none", "pass", "fail"]

_SETS_MAX = 50  # section 4.2.1
_LOOKED_AT = 10  # sets whose seals are verified; a longer chain is none that we pass on
_RESULTS, _MESSAGE, _SEAL = "arc-authentication-results", "arc-message-signature", "arc-seal"
_INSTANCE = re.compile(r"\s*i\s*=\s*([0-9]{1,3})\s*;\s*(.*)", re.DOTALL)
_NOT_IN_RESULTS = re.compile(r"[^ -~]")


@dataclass(frozen=True)
class Chain:
    """What a mail brings with it."""

    state: ChainState
    why: str = ""  # it fails
    sealers: tuple[str, ...] = ()  # d= of each seal, the first one first
    results: tuple[str, ...] = ()  # what each found out, as Authentication-Results has it


@dataclass(frozen=True)
class _Set:
    results: bytes
    message: bytes
    seal: bytes


def check_chain(mail: SignedMail, texts: Texts, verify: Verify, now: datetime) -> Chain:
    """Return the state of the chain in a mail (section 5.2). Raises NoAnswer when the DNS leaves it open."""
    found = {name: mail.named(name) for name in (_RESULTS, _MESSAGE, _SEAL)}
    if not any(found.values()):
        return Chain("none")
    try:
        sets = _sets(found)
        seals = [read_tags(one.seal) for one in sets]
        demand(seals[-1].get("cv", "").lower() != "fail", "fail", "a host before us found it broken")
        for number, tags in enumerate(seals, start=1):
            possible = tags.get("cv", "").lower() == ("none" if number == 1 else "pass")
            demand(possible and "h" not in tags, "fail", f"seal {number} says what cannot be")
        newest = read_tags(sets[-1].message)
        sound = "v" not in newest and _SEAL not in newest.get("h", "").lower().split(":")
        demand(sound, "fail", "its newest signature is none of this kind")
        judge(read_signed(sets[-1].message, _without_instance(newest)), mail, texts, verify, now)
        for number in range(len(sets), 0, -1):
            _check_seal(sets[:number], texts, verify)
    except Broken as broken:
        return Chain("fail", str(broken))
    return Chain(
        "pass",
        sealers=tuple(tags["d"].lower() for tags in seals),
        results=tuple(_instance(one.results)[1] for one in sets),
    )


def seal(content: bytes, state: ChainState, results: str, signer: Signer, now: datetime) -> bytes:
    """Return a cooked mail with our set on top (section 5.1), over what all its copies have in common.

    `state` and `results` are what we found out when it came, the latter as Authentication-Results has it. A chain that
    somebody has called broken stays as it is.
    """
    mail = SignedMail.of(content)
    before = _complete(mail) if state == "pass" else []
    number = _highest(mail) + 1
    if number > _SETS_MAX or _is_ended(mail):
        return content
    moment = int(now.timestamp())
    own_results = folded_tags(
        "ARC-Authentication-Results", f"i={number}; {_NOT_IN_RESULTS.sub('_', results)}"
    )
    signed = covered(content, shared=True, more=frozenset({"dkim-signature"}))
    message = folded_tags(
        "ARC-Message-Signature",
        f"i={number}; a={signer.algorithm}; c=relaxed/relaxed; d={signer.domain}; s={signer.selector}; t={moment}; "
        f"h={':'.join(signed.names)}; bh={base64.b64encode(signed.body_hash).decode()}; b=",
    )
    head = b"".join(piece for piece in signed.pieces if isinstance(piece, bytes))
    message = _with_signature(message, head + relaxed_field(message + b"\r\n")[:-2], signer)
    own_seal = folded_tags(
        "ARC-Seal",
        f"i={number}; a={signer.algorithm}; t={moment}; cv={state}; d={signer.domain}; s={signer.selector}; b=",
    )
    # Of a broken chain nothing can be said but that it is: the sets before are left out (section 5.1.2).
    sets = [*before, _Set(own_results + b"\r\n", message, own_seal + b"\r\n")]
    own_seal = _with_signature(own_seal, _sealed(sets), signer)
    return b"".join([own_seal, message, own_results, b"\r\n", content])


def _with_signature(raw: bytes, data: bytes, signer: Signer) -> bytes:
    """Return a field that ends in an empty b= with the signature over this data, and its line end."""
    made = signer.sign(hashlib.sha256(data).digest())
    return raw + folded_value(base64.b64encode(made).decode()) + b"\r\n"


def _sets(found: dict[str, list[bytes]]) -> list[_Set]:
    """Return the sets in order. Raises Broken unless there is exactly one of each field for 1, 2, 3 and so on."""
    by_number: dict[str, dict[int, bytes]] = {}
    for name, fields in found.items():
        numbered = [(_number(name, one), one) for one in fields[: _SETS_MAX + 1]]
        by_number[name] = dict(numbered)
        if len(by_number[name]) != len(numbered) or set(by_number[name]) != set(range(1, len(numbered) + 1)):
            raise Broken("fail", "its sets are not whole")
    count = len(by_number[_SEAL])
    if count > _LOOKED_AT or any(len(fields) != count for fields in by_number.values()):
        raise Broken("fail", "its sets are not whole" if count <= _LOOKED_AT else "it has too many sets")
    return [
        _Set(*(by_number[name][number] for name in (_RESULTS, _MESSAGE, _SEAL)))
        for number in range(1, count + 1)
    ]


def _complete(mail: SignedMail) -> list[_Set]:
    try:
        return _sets({name: mail.named(name) for name in (_RESULTS, _MESSAGE, _SEAL)})
    except Broken:
        return []


def _is_ended(mail: SignedMail) -> bool:
    """Tell whether somebody has sealed that the chain fails."""
    return any(re.search(rb"[;:\s]cv\s*=\s*fail\b", raw, re.IGNORECASE) for raw in mail.named(_SEAL))


def _highest(mail: SignedMail) -> int:
    numbers = [0]
    for name in (_RESULTS, _MESSAGE, _SEAL):
        for one in mail.named(name):
            try:
                numbers.append(_number(name, one))
            except Broken:
                continue
    return max(numbers)


def _number(name: str, raw: bytes) -> int:
    """Return the i= of one field."""
    if name == _RESULTS:
        return _instance(raw)[0]
    text = read_tags(raw).get("i", "")
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise Broken("fail", "one of its fields has no number")
    return int(text)


def _instance(raw: bytes) -> tuple[int, str]:
    """Return number and text of a field of results."""
    value = raw.partition(b":")[2].decode("ascii", "replace").replace("\r\n", "")
    found = _INSTANCE.fullmatch(value)
    if found is None or not 1 <= int(found[1]) <= _SETS_MAX:
        raise Broken("fail", "one of its fields has no number")
    return int(found[1]), found[2].strip()


def _without_instance(tags: dict[str, str]) -> dict[str, str]:
    """Return the tags of a signature or seal: i= is a number there, and no identity; relaxed is the usual form."""
    return {"c": "relaxed/relaxed"} | {name: text for name, text in tags.items() if name != "i"}


def _check_seal(sets: Sequence[_Set], texts: Texts, verify: Verify) -> None:
    """Return when the newest of these seals holds. Raises Broken."""
    raw = sets[-1].seal
    signed = read_signed(raw, {**_without_instance(read_tags(raw)), "h": "from", "bh": "AA=="})
    holds = verify_by_dns(signed, hashlib.sha256(_sealed(sets)).digest(), texts, verify)
    demand(holds, "fail", f"seal {len(sets)} does not hold")


def _sealed(sets: Sequence[_Set]) -> bytes:
    """Return what the newest of these seals signs, its own b= empty at the end (section 5.1.1)."""
    fields = [relaxed_field(one) for each in sets[:-1] for one in (each.results, each.message, each.seal)]
    last = sets[-1]
    fields += [relaxed_field(last.results), relaxed_field(last.message)]
    return b"".join(fields) + relaxed_field(without_own_value(last.seal))[:-2]
