"""Hand out all that is kept about the person at an address (開示): rows as JSON, mails as they came and as they left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailbot.core.mail.address import address_key
from mailbot.core.mail.mailing import copy_shown
from mailbot.store.members import other_addresses, persons
from mailbot.store.surveys import surveys
from mailbot.store.surveys.sealed import HARMLESS

# What of the rows is said in which file; every other table's rows stand in other.json.
_FILES = {
    "register.json": ("contact", "body", "register_change"),
    "lists.json": ("list_member", "membership", "thread_choice", "held_post"),
    "posts.json": ("post",),
    "surveys.json": ("ballot", "vote", "proxy", "act", "seat_offer"),
    "log.json": ("history", "inbox", "delivery", "bundle", "bounce"),
}
_SECRET = frozenset({"token_hash", "salt", "chain", "digest", "commitment", "content", "cooked"})
_ANSWERS = ("answers", "problems", "remarks", "flags", "reason")
_HIDDEN = "(a secret that only its owner may use)"


@dataclass(frozen=True)
class PersonFile:
    """One file of the export."""

    name: str
    content: bytes
    about: str


def export_person(connection: Connection, address: str, now: datetime) -> tuple[PersonFile, ...]:
    """Return the files, the index first, about all addresses of the person at this one; none when nothing is kept.

    Of surveys that are not `named` it says that and when the person answered, not what; of secret ones nothing at all.
    """
    addresses = other_addresses.of_person(connection, address)
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in addresses:
        for table, rows in persons.rows_about(connection, each).items():
            known = found.setdefault(table, [])
            known += [row for row in rows if row not in known]
    if not found:
        return ()
    stored = {one.survey.key: one.survey.mode for one in surveys.every(connection)}
    secret = {key for key, mode in stored.items() if mode == "sealed"}
    hidden = persons.voted_mails(connection, secret)
    files = list(_row_files(found, stored, hidden, addresses))
    mails = {one.name: one for each in addresses for one in _mails(connection, each, secret, hidden)}
    files += mails.values()
    index = {
        "address": address,
        "addresses": addresses,
        "made_at": now.isoformat(),
        "files": [{"name": one.name, "about": one.about, "bytes": len(one.content)} for one in files],
        "left_out": sorted(secret) and f"the secret surveys {', '.join(sorted(secret))}",
    }
    return (PersonFile("index.json", _json(index), "what there is"), *files)


def _row_files(
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    modes: Mapping[str, str],
    hidden: set[int],
    addresses: Sequence[str],
) -> list[PersonFile]:
    files: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for table, rows in found.items():
        name = next((file for file, tables in _FILES.items() if table in tables), "other.json")
        shown = [
            _shown(row, modes, addresses)
            for row in rows
            if modes.get(str(row.get("subject", ""))) != "sealed"
            and row.get("id" if table == "inbox" else "inbox_id") not in hidden
        ]
        if shown:
            files.setdefault(name, {})[table] = shown
    return [
        PersonFile(name, _json(tables), f"rows of {', '.join(sorted(tables))}")
        for name, tables in sorted(files.items())
    ]


def _shown(row: Mapping[str, Any], modes: Mapping[str, str], addresses: Sequence[str]) -> dict[str, Any]:
    shown = {name: _readable(value) for name, value in row.items() if name not in _SECRET}
    if "definition" in shown:
        shown["definition"] = _own_part(shown["definition"], tuple(map(address_key, addresses)))
    if "answers" in shown and modes.get(str(row.get("subject", "")), "named") != "named":
        shown |= dict.fromkeys(_ANSWERS, "(not handed out: the survey is not held by name)")
    return shown


def _own_part(value: object, keys: Sequence[str]) -> object:
    """Return what of a definition names the person; None: nothing. The others whom it names are not handed out."""
    if isinstance(value, str):
        return value if any(key in value.lower() for key in keys) else None
    if isinstance(value, dict):
        parts = {name: _own_part(one, keys) for name, one in value.items()}
        return {name: part for name, part in parts.items() if part is not None} or None
    if isinstance(value, list):
        return [part for one in value if (part := _own_part(one, keys)) is not None] or None
    return None


def _readable(value: object) -> object:
    """Return a column's value as JSON has it; what is JSON in the database is no text in text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _mails(connection: Connection, address: str, secret: set[str], hidden: set[int]) -> list[PersonFile]:
    files = [
        PersonFile(f"sent/{number:06d}.eml", content, f"to {recipient}, received {at:%Y-%m-%d %H:%M:%S} UTC")
        for number, _, at, recipient, content in persons.mails_from(connection, address)
        if content and number not in hidden
    ]
    for number, state, kind, subject, at, cooked, fields in persons.mails_to(connection, address):
        if subject in secret and kind not in HARMLESS:
            continue
        about = f"{kind} {subject}, {state}, made {at:%Y-%m-%d %H:%M:%S} UTC"
        files.append(PersonFile(f"received/{number:06d}.eml", _filled(cooked, address, fields), about))
    return files


def _filled(cooked: bytes, address: str, fields: str | None) -> bytes:
    """Return a copy as it left, but for the secrets in it."""
    values = {name: text.encode() for name, text in json.loads(fields or "{}").items()}
    return copy_shown(cooked, {**values, "address": address.encode()}, _HIDDEN.encode())


def _json(shown: object) -> bytes:
    return json.dumps(shown, ensure_ascii=False, indent=1, default=str).encode()
