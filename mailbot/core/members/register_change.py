"""What changes in the register, row by row: shown before it happens, and kept so that it can be taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

from mailbot.core.mail.address import address_key
from mailbot.core.members.register import Body, Contact

Key = tuple[str, str]  # a body's code, and the key of a contact's address ("": the body itself)
Rows = Mapping[Key, Body | Contact]

EVERY_COLUMN = frozenset(field.name for kind in (Body, Contact) for field in fields(kind))
_ALWAYS = {Body: {"code", "name", "kind", "prefecture"}, Contact: {"code", "email", "rank"}}  # in every file
_NAMES: Mapping[type, tuple[str, str, str]] = {  # of what becomes of a row: it comes, changes, goes
    Body: ("bodies_added", "bodies_changed", "bodies_removed"),
    Contact: ("contacts_added", "contacts_changed", "contacts_removed"),
}

# An import is asked about twice when it takes away more than this part of the contacts: a file from which columns or
# rows were lost looks like a year in which everybody left.
_LOST = 10  # percent of the register's contacts, taken away without another of the same body
_REPLACED = 50  # percent, replaced by others: every April it is a third
_FEW = 10  # contacts that may always go


class Change(NamedTuple):
    """One row of the register as it was and as it becomes; None: it was not there, it is not there any more."""

    old: Body | Contact | None
    new: Body | Contact | None

    @property
    def row(self) -> Body | Contact:
        """The row as it becomes, or as it was when it goes."""
        row = self.new or self.old
        assert row is not None, "a change has a row"
        return row


def key_of(row: Body | Contact) -> Key:
    """Return what a row is found by."""
    return row.code, address_key(row.email) if isinstance(row, Contact) else ""


def changes_to(
    old: Rows, bodies: Iterable[Body], contacts: Iterable[Contact], columns: frozenset[str] = EVERY_COLUMN
) -> tuple[Change, ...]:
    """Return what has to change so that these bodies have these values, and exactly these contacts.

    Bodies that are not named stay, with their contacts; what stands in no column of `columns` stays as it is.
    """
    unsaid = {
        kind: [field.name for field in fields(kind) if field.name not in columns | stated]
        for kind, stated in _ALWAYS.items()
    }
    wanted: dict[Key, Body | Contact] = {(body.code, ""): body for body in bodies}
    wanted |= {(contact.code, address_key(contact.email)): contact for contact in contacts}
    codes = {code for code, address in wanted if address}
    changes = [
        Change(row, None) for key, row in old.items() if key[1] and key[0] in codes and key not in wanted
    ]
    for key, row in wanted.items():
        before = old.get(key)
        after = row if before is None else _completed(row, before, unsaid[type(row)])
        if before != after:
            changes.append(Change(before, after))
    return tuple(sorted(changes, key=_place))


def fields_changed(change: Change) -> dict[str, tuple[object, object]]:
    """Return the values that differ in a row that stays: field -> old and new. Nothing for one that comes or goes."""
    old, new = change.old, change.new
    if old is None or new is None:
        return {}
    pairs = {field.name: (getattr(old, field.name), getattr(new, field.name)) for field in fields(new)}
    return {name: (before, after) for name, (before, after) in pairs.items() if before != after}


def undone(changes: Sequence[Change], now: Rows) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the changes that undo these, and those of them that later changes have overtaken.

    A row that stays gets back the values that were changed, whatever else became of it since; one that came or went
    is overtaken when it is no longer as this left it, a body also when it has contacts of others by now. What is as it
    was before already needs nothing.
    """
    back: list[Change] = []
    overtaken: list[Change] = []
    for change in changes:
        present = now.get(key_of(change.row))
        stays = change.old is not None and change.new is not None
        if _holds(present, change, new=False):
            continue
        if not _holds(present, change, new=True):
            overtaken.append(change)
        elif stays:
            back.append(Change(present, _values_back(change, present)))
        else:
            back.append(Change(present, change.old))
    leaving = {key_of(one.old) for one in back if one.old is not None and one.new is None}
    inhabited = {code for code, address in now if address and (code, address) not in leaving}
    stuck = [
        one for one in back if one.new is None and isinstance(one.old, Body) and one.old.code in inhabited
    ]
    overtaken += [Change(None, one.old) for one in stuck]
    back = [one for one in back if one not in stuck] if stuck else back
    return tuple(sorted(back, key=_place)), tuple(overtaken)


def suspicious(changes: Sequence[Change], old: Rows) -> str | None:
    """Return why so many contacts would go that a person should look again, or None."""
    gone = Counter(
        change.old.code for change in changes if change.new is None and isinstance(change.old, Contact)
    )
    if not gone:
        return None
    come = Counter(
        change.new.code for change in changes if change.old is None and isinstance(change.new, Contact)
    )
    whole = sum(1 for _, address in old if address)
    lost = (gone - come).total()
    swapped = gone.total() - lost
    if lost > _FEW and lost * 100 > whole * _LOST:
        return f"it takes {lost} of {whole} contacts away, and puts no other in their places"
    if swapped > _FEW and swapped * 100 > whole * _REPLACED:
        return f"it puts others in the places of {swapped} of {whole} contacts"
    return None


def addresses_concerned(old: Rows, changes: Sequence[Change], moved: Collection[str]) -> set[str]:
    """Return the keys of all addresses of which these changes may say something else: those of the contacts that change,
    and of all contacts of the bodies that change or have `moved` (their codes), before and after.
    """
    codes = {one.row.code for one in changes if isinstance(one.row, Body)} | set(moved)
    contacts = [row for change in changes for row in change if isinstance(row, Contact)]
    contacts += [row for row in old.values() if isinstance(row, Contact) and row.code in codes]
    keys = {address_key(one.email) for one in contacts}
    keys.update(address_key(other) for one in contacts for other in one.others)
    return keys


def two_owners(rows: Iterable[Body | Contact]) -> tuple[str, str, str] | None:
    """Return an address that belongs to two persons, and where the mail of each goes; None: there is none.

    A person is whoever has one address for his mail, in however many bodies.
    """
    people = [row for row in rows if isinstance(row, Contact)]
    homes = {address_key(one.email): one.email for one in people}
    for one in people:
        for other in sorted(one.others):
            whose = homes.setdefault(address_key(other), one.email)
            if address_key(whose) != address_key(one.email):
                return other, whose, one.email
    return None


def after(old: Rows, changes: Iterable[Change]) -> Rows:
    """Return the rows as they are once these changes are made."""
    rows = dict(old)
    for change in changes:
        if change.new is None:
            rows.pop(key_of(change.row), None)
        else:
            rows[key_of(change.new)] = change.new
    return rows


def count_changes(changes: Iterable[Change]) -> dict[str, int]:
    """Return how many rows come, change and go: bodies_added, bodies_changed, ..., contacts_removed."""
    found = Counter(map(kind_of_change, changes))
    return {name: found[name] for names in _NAMES.values() for name in names}


def kind_of_change(change: Change) -> str:
    """Return the name under which `count_changes` counts a change."""
    old, new = change
    if old is None:
        return _NAMES[type(new)][0]
    return _NAMES[type(old)][2 if new is None else 1]


def _completed(row: Body | Contact, old: Body | Contact, unsaid: Sequence[str]) -> Body | Contact:
    """Return the row with the old values of what the file has no column for."""
    if not unsaid:
        return row
    return _with(row, {name: getattr(old, name) for name in unsaid})


def _holds(present: Body | Contact | None, change: Change, *, new: bool) -> bool:
    """Tell whether a row is as this change left it, or as it found it: in the values that it changed."""
    differing = fields_changed(change)
    if not differing or present is None:
        return present == (change.new if new else change.old)
    return all(getattr(present, name) == pair[new] for name, pair in differing.items())


def _values_back(change: Change, present: Body | Contact | None) -> Body | Contact:
    """Return a row with the values from before this change."""
    assert present is not None, "it holds the values that the change gave it"
    return _with(present, {name: old for name, (old, _) in fields_changed(change).items()})


def _with(row: Body | Contact, values: Mapping[str, object]) -> Body | Contact:
    changed: Callable[..., Body | Contact] = replace
    return changed(row, **values)


def _place(change: Change) -> tuple[str, int, str]:
    """Return where a change stands in a report: by body, the body itself first, its contacts by rank."""
    row = change.row
    return (row.code, row.rank, row.email) if isinstance(row, Contact) else (row.code, 0, "")
