"""What `mailbot members` prints: changes of the register, its figures, and whom a selector means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from mailbot.core.mail.header import clean
from mailbot.core.members.member_figures import Grouping, MemberGroup
from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import Change, count_changes, fields_changed, key_of, kind_of_change
from mailbot.core.surveys.group_words import group_words
from mailbot.show import Row, facts, local, table
from mailbot.store.members.imports import RegisterImport
from mailbot.store.members.members import Person

_SHOWN = 60  # lines of a report; JSON has them all
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_FIRST = 5  # names in a sentence


# --- changes ----------------------------------------------------------------------------------------------------


def changes_text(changes: Sequence[Change], names: Mapping[str, Body]) -> None:
    """Print changes, one a line, and how many there are of each kind."""
    for change in changes[:_SHOWN]:
        print(clean(change_line(change, names)))
    if len(changes) > _SHOWN:
        print(f"... and {len(changes) - _SHOWN} more; --json shows them all")
    for name, count in count_changes(changes).items():
        if count or name != "bodies_removed":  # only an undo takes bodies away
            print(f"{name.replace('_', ' ')}: {count}")


def codes_shown(changes: Sequence[Change]) -> set[str]:
    """Return the codes of the bodies whose names `changes_text` prints."""
    return {change.row.code for change in changes[:_SHOWN]}


def change_line(change: Change, names: Mapping[str, Body]) -> str:
    """Return one change as a line: ~ 202011 長野市 yamada@city.nagano.lg.jp: name 山田 -> 小林."""
    row = change.row
    sign = _SIGNS[kind_of_change(change).rpartition("_")[2]]
    if isinstance(row, Body):
        head = f"{sign} {row.code} {row.name}"
        whole = f" ({group_words(row.kind)}, {row.prefecture or '-'})"
    else:
        body = names.get(row.code)
        head = f"{sign} {row.code} {body.name if body else ''} {row.email}"
        whole = " " + " ".join(
            filter(None, (row.role, row.name, f"rank {row.rank}", *sorted(row.tags), *sorted(row.others)))
        )
    values = (f"{name} {_word(old)} -> {_word(new)}" for name, (old, new) in fields_changed(change).items())
    return head + (": " + "; ".join(values) if change.old and change.new else whole)


def changes_json(changes: Sequence[Change]) -> list[Row]:
    """Return each change with the values that differ; of a row that comes or goes, all."""
    return [
        {
            "change": kind_of_change(change),
            "code": change.row.code,
            "address": key_of(change.row)[1] or None,
            "old": _values(change, change.old, new=False),
            "new": _values(change, change.new, new=True),
        }
        for change in changes
    ]


def changes_by_kind(changes: Sequence[Change]) -> dict[str, list[str]]:
    """Return the codes, or codes and addresses, of each kind of change."""
    named: dict[str, list[str]] = {name: [] for name in count_changes(())}
    for change in changes:
        named[kind_of_change(change)].append(" ".join(filter(None, key_of(change.row))))
    return named


def import_rows(
    every: Sequence[RegisterImport], counts: Mapping[int, Mapping[str, int]], zone: ZoneInfo
) -> list[Row]:
    """Return one row for each import."""
    return [
        {
            "id": one.id,
            "at": local(one.made_at, zone),
            "by": one.made_by,
            "source": f"undo of {one.undoes}: {one.source}" if one.undoes else one.source,
            **(counts.get(one.id) or count_changes(())),
            "sha256": one.sha256[:12],
            "undone_by": one.undone_by,
        }
        for one in every
    ]


def _values(change: Change, row: object, *, new: bool) -> Row | None:
    if row is None:
        return None
    differing = fields_changed(change)
    if differing:
        return {name: _plain(pair[new]) for name, pair in differing.items()}
    return {name: _plain(value) for name, value in vars(row).items()}


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _word(value: object) -> str:
    if value is None:
        return "(nothing)"
    words = " ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
    return words or "(nothing)"


# --- one body ---------------------------------------------------------------------------------------------------


def body(shown: Body, contacts: Sequence[Contact], *, as_json: bool) -> None:
    """Print one body and its contacts."""
    people = [
        {
            "rank": contact.rank,
            "name": contact.name,
            "role": contact.role,
            "email": contact.email,
            "others": " ".join(sorted(contact.others)),
            "tags": " ".join(sorted(contact.tags)),
        }
        for contact in contacts
    ]
    head: Row = {
        "code": shown.code,
        "body": shown.name,
        "kind": shown.kind,
        "prefecture": shown.prefecture,
        "population": shown.population,
        "category": shown.category,
        **({"joined": str(shown.joined)} if shown.joined else {}),
        **({"left": str(shown.left)} if shown.left else {}),
        **({"successor": shown.successor} if shown.successor else {}),
    }
    if as_json:
        print(json.dumps({**head, "contacts": people}, ensure_ascii=False, indent=2))
        return
    facts(head)
    table(people, as_json=False, empty="no contacts")


# --- figures and audiences --------------------------------------------------------------------------------------


def figure_rows(groups: Sequence[MemberGroup], grouping: Grouping) -> list[Row]:
    """Return one row for each kind or prefecture, and one for the whole.

    Prefectures that are members themselves stand under "prefectures": "prefecture" is which one the row is about.
    """
    rows = []
    for group in groups:
        name = ("whole" if group is groups[-1] else group.name) or "-"
        counted = group.by_kind if grouping == "prefecture" else ()
        kinds = {"prefectures" if kind == "prefecture" else kind: number for kind, number in counted}
        rows.append(
            {
                grouping: name,
                "bodies": group.bodies,
                **kinds,
                "partners": group.partners,
                "population": group.population,
            }
        )
    return rows


def audience(people: Sequence[Person]) -> Row:
    """Return how many a selector means, and the first of them."""
    kinds: dict[str, set[str]] = {}
    for person in people:
        kinds.setdefault(person.body.kind, set()).add(person.body.code)
    return {
        "bodies": len({person.body.code for person in people}),
        "people": len(people),
        "kinds": {kind: len(codes) for kind, codes in kinds.items()},
        "first": [person.names for person in people[:_FIRST]],
    }


def audience_text(shown: Row) -> str:
    """Return an audience as a sentence: 7 people of 4 bodies (city 3, town 1): 長野市 山田太郎, ... and 2 more."""
    kinds = ", ".join(f"{kind} {count}" for kind, count in shown["kinds"].items())
    more = shown["people"] - len(shown["first"])
    names = ": " + ", ".join(shown["first"]) + (f" and {more} more" if more else "") if shown["first"] else ""
    people = "1 person" if shown["people"] == 1 else f"{shown['people']} people"
    bodies = "1 body" if shown["bodies"] == 1 else f"{shown['bodies']} bodies"
    return clean(f"{people} of {bodies}" + (f" ({kinds})" if kinds else "") + names)


def export_rows(people: Iterable[Person]) -> list[Row]:
    """Return one row for each contact, with the columns of the register's file."""
    return [
        {
            "code": body.code,
            "body": body.name,
            "kind": body.kind,
            "prefecture": body.prefecture,
            "population": body.population,
            "name": contact.name,
            "role": contact.role,
            "email": contact.email,
            "rank": contact.rank,
            "tags": " ".join(sorted(contact.tags)),
            "category": body.category,
            "joined": None if body.joined is None else body.joined.isoformat(),
            "left": None if body.left is None else body.left.isoformat(),
            "successor": body.successor,
            "others": " ".join(sorted(contact.others)),
        }
        for body, contact in ((person.body, person.contact) for person in people)
    ]


def person_rows(people: Sequence[Person]) -> list[Row]:
    """Return one row for each contact."""
    return [
        {
            "code": person.body.code,
            "body": person.body.name,
            "rank": person.contact.rank,
            "name": person.contact.name,
            "role": person.contact.role,
            "email": person.contact.email,
            "others": " ".join(sorted(person.contact.others)),
            "tags": " ".join(sorted(person.contact.tags)),
        }
        for person in people
    ]
