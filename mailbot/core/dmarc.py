"""Which DMARC policy receivers apply to a domain, found by the tree walk of RFC 9989 (section 4.10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_MOST = 8  # queries of one walk
_POLICIES = {"none", "quarantine", "reject"}
_TAG = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=\s*([^;]*?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Policy:
    """What receivers shall do with mail that fails, and where that is said."""

    action: str  # none | quarantine | reject
    at: str  # the domain whose record says so
    tags: Mapping[str, str]
    testing: bool  # t=y: the action is to be one step milder


def names_to_ask(domain: str) -> list[str]:
    """Return the domains whose _dmarc record is looked at, in their order: at most eight.

    From a name of more than eight labels the walk goes on with its last seven.
    """
    labels = domain.split(".")
    rest = labels[1:] if len(labels) <= _MOST else labels[1 - _MOST :]
    return [domain, *(".".join(rest[start:]) for start in range(len(rest)))]


def find_policy(domain: str, texts: Callable[[str], tuple[str, ...]]) -> Policy | None:
    """Return the policy for mail From `domain`; `texts` gives the TXT records of a name. None: there is none.

    A domain's own record holds; else that of the organisational domain, whose `sp=` is for the domains below it.
    Raises ValueError, with a sentence, when the domain has more records than one, which receivers do not believe.
    """
    records: dict[str, dict[str, str]] = {}
    for name in names_to_ask(domain):
        found = [tags for text in texts(f"_dmarc.{name}") if (tags := parse_record(text)) is not None]
        if len(found) > 1 and name == domain:
            raise ValueError(
                f"_dmarc.{name} has {len(found)} DMARC records, of which receivers believe none; leave one"
            )
        if len(found) != 1:
            continue
        records[name] = found[0]
        if name == domain:
            return _policy(name, found[0], found[0].get("p", "none"))
        if found[0].get("psd") in {"n", "y"}:
            break
    if not records:
        return None
    at = _organisational(domain, records)
    tags = records.get(at)
    if tags is None:  # below a public suffix that has a record, and has none itself
        at, tags = next((name, tags) for name, tags in records.items() if tags.get("psd") == "y")
    return _policy(at, tags, tags.get("sp", tags.get("p", "none")))


def parse_record(text: str) -> dict[str, str] | None:
    """Return the tags of a DMARC record in lower case; None when it is none (RFC 9989 section 4.7)."""
    tags: dict[str, str] = {}
    for place, part in enumerate(text.split(";")):
        found = _TAG.fullmatch(part)
        if place == 0 and (found is None or (found[1].lower(), found[2]) != ("v", "DMARC1")):
            return None
        if found is not None:
            tags.setdefault(found[1].lower(), found[2] if found[1].lower() == "rua" else found[2].lower())
    return tags


def _organisational(domain: str, records: Mapping[str, Mapping[str, str]]) -> str:
    """Return the organisational domain: where psd=n stands, one below psd=y, else the shortest name with a record."""
    for name, tags in records.items():
        if tags.get("psd") == "n":
            return name
        if tags.get("psd") == "y":
            depth = name.count(".") + 2
            return ".".join(domain.split(".")[-depth:])
    return min(records, key=lambda name: name.count("."))


def _policy(at: str, tags: Mapping[str, str], action: str) -> Policy:
    return Policy(action if action in _POLICIES else "none", at, tags, tags.get("t") == "y")
