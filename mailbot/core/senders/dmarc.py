"""Which DMARC policy receivers apply to a domain, found by the tree walk of RFC 9989 (section 4.10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal["none", "quarantine", "reject"]

_MOST = 8  # queries of one walk
_ACTIONS: dict[str, Action] = {"none": "none", "quarantine": "quarantine", "reject": "reject"}
_TAG = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=\s*([^;]*?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Policy:
    """What receivers shall do with mail that fails, and where that is said."""

    action: Action
    at: str  # the domain whose record says so
    tags: Mapping[str, str]
    testing: bool  # t=y: the action is to be one step milder

    @property
    def effective(self) -> Action:
        """What really happens to mail that fails."""
        if not self.testing:
            return self.action
        return "quarantine" if self.action == "reject" else "none"


def names_to_ask(domain: str) -> list[str]:
    """Return the domains whose _dmarc record is looked at, in their order: at most eight.

    From a name of more than eight labels the walk goes on with its last seven.
    """
    labels = domain.split(".")
    rest = labels[1:] if len(labels) <= _MOST else labels[1 - _MOST :]
    return [domain, *(".".join(rest[start:]) for start in range(len(rest)))]


def find_policy(
    domain: str, texts: Callable[[str], tuple[str, ...]], exists: Callable[[], bool] = lambda: True
) -> Policy | None:
    """Return the policy for mail From `domain`; `texts` gives the TXT records of a name. None: there is none.

    A domain's own record holds; else that of the organisational domain, whose `sp=` is for the domains below it and
    whose `np=` is for those of them that are not in the DNS, which is asked with `exists` where it matters.
    Raises ValueError, with a sentence, when the domain has more records than one, which receivers do not believe.
    """
    own = _records(domain, texts)
    if len(own) > 1:
        raise ValueError(
            f"_dmarc.{domain} has {len(own)} DMARC records, of which receivers believe none; leave one"
        )
    if own:
        return _policy(domain, own[0], own[0].get("p", "none"))
    records = _walk(domain, texts)
    if not records:
        return None
    at = _organisational(domain, records)
    tags = records.get(at)
    if tags is None:  # below a public suffix that has a record, and has none itself
        at, tags = next((name, tags) for name, tags in records.items() if tags.get("psd") == "y")
    below = tags.get("sp", tags.get("p", "none"))
    if "np" in tags and tags["np"] != below and not exists():
        below = tags["np"]
    return _policy(at, tags, below)


def organisational_domain(domain: str, texts: Callable[[str], tuple[str, ...]]) -> str:
    """Return the domain that stands for the whole organisation, by the tree walk; itself where no record says more.

    Section 4.10.2.
    """
    records = _walk(domain, texts)
    return _organisational(domain, records) if records else domain


def aligned(carrier: str, domain: str, texts: Callable[[str], tuple[str, ...]], *, strict: bool) -> bool:
    """Tell whether what vouched for `carrier` speaks for mail From `domain` (section 4.10.2, adkim= and aspf=)."""
    if carrier == domain or strict:
        return carrier == domain
    if carrier.rpartition(".")[2] != domain.rpartition(".")[2]:
        return False  # no walk leads to a common domain
    return organisational_domain(carrier, texts) == organisational_domain(domain, texts)


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


def _records(name: str, texts: Callable[[str], tuple[str, ...]]) -> list[Mapping[str, str]]:
    return [tags for text in texts(f"_dmarc.{name}") if (tags := parse_record(text)) is not None]


def _walk(domain: str, texts: Callable[[str], tuple[str, ...]]) -> dict[str, Mapping[str, str]]:
    """Return the records from the domain upwards; the walk ends where `psd=` says that an organisation does."""
    records: dict[str, Mapping[str, str]] = {}
    for name in names_to_ask(domain):
        found = _records(name, texts)
        if len(found) == 1:
            records[name] = found[0]
            if found[0].get("psd") == "n" or (found[0].get("psd") == "y" and name != domain):
                break
    return records


def _organisational(domain: str, records: Mapping[str, Mapping[str, str]]) -> str:
    """Return the organisational domain: where psd=n stands, one below psd=y, else the shortest name with a record."""
    for name, tags in records.items():
        if tags.get("psd") == "n":
            return name
        if tags.get("psd") == "y" and name != domain:
            depth = name.count(".") + 2
            return ".".join(domain.split(".")[-depth:])
    return min(records, key=lambda name: name.count("."))


def _policy(at: str, tags: Mapping[str, str], action: str) -> Policy:
    return Policy(_ACTIONS.get(action, "none"), at, tags, tags.get("t") == "y")
