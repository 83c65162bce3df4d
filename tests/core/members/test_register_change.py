"""What changes in the register: compared row by row, doubted when it looks like a mistake, taken back exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import (
    Change,
    Rows,
    changes_to,
    count_changes,
    fields_changed,
    key_of,
    suspicious,
    undone,
)
from tests.drawing import given, st

CITY = Body("202011", "長野市", "city", "長野県", 370_000)
TOWN = Body("203211", "軽井沢町", "town", "長野県", 20_000)
A = Contact(CITY.code, "a@city.example", "甲", "課長", 1, frozenset({"officer"}))
B = Contact(CITY.code, "b@city.example", "乙", "", 2)
C = Contact(TOWN.code, "c@town.example", "丙", "", 1)


def rows(*present: Body | Contact) -> Rows:
    return {key_of(row): row for row in present}


def after(before: Rows, changes: tuple[Change, ...]) -> Rows:
    """Return the register once these changes are made."""
    made = dict(before)
    for change in changes:
        assert made.get(key_of(change.row)) == change.old
        if change.new is None:
            del made[key_of(change.row)]
        else:
            made[key_of(change.row)] = change.new
    return made


def test_what_a_file_has_no_column_for_stays() -> None:
    """A file of addresses alone takes away no name, no tag and no population."""
    bare = (
        [replace(CITY, population=None)],
        [Contact(CITY.code, A.email), Contact(CITY.code, B.email, rank=2)],
    )
    columns = frozenset({"code", "body", "kind", "prefecture", "email"})
    assert changes_to(rows(CITY, A, B), *bare, columns) == ()
    assert count_changes(changes_to(rows(CITY, A, B), *bare)) == {
        "bodies_added": 0,
        "bodies_changed": 1,
        "bodies_removed": 0,
        "contacts_added": 0,
        "contacts_changed": 2,
        "contacts_removed": 0,
    }


def test_a_change_names_the_values_that_differ() -> None:
    """Old and new, for a row that stays; a row that comes or goes is named as a whole."""
    assert fields_changed(Change(A, replace(A, name="丁", rank=3))) == {"name": ("甲", "丁"), "rank": (1, 3)}
    assert fields_changed(Change(None, A)) == {}


@pytest.mark.parametrize(
    ("lost", "come", "whole", "doubted"),
    [
        (10, 0, 20, False),  # a few may always go
        (11, 0, 110, False),  # a tenth
        (12, 0, 110, True),
        (33, 33, 100, False),  # April
        (50, 50, 100, False),
        (51, 51, 100, True),
        (40, 20, 100, True),
    ],
)
def test_many_who_go_are_doubted(lost: int, come: int, whole: int, doubted: bool) -> None:
    """More than a tenth without another in their place, or more than a half with one, looks like a broken file."""
    bodies = [Body(f"{n:06}", f"第{n}市", "city", "長野県") for n in range(whole)]
    contacts = [Contact(body.code, f"old@{body.code}.example") for body in bodies]
    going = {body.code for body in bodies[:lost]}
    coming = {body.code for body in bodies[:come]}
    changes = [Change(one, None) for one in contacts if one.code in going]
    changes += [Change(None, Contact(code, f"new@{code}.example")) for code in coming]
    assert (suspicious(changes, rows(*bodies, *contacts)) is not None) is doubted


def test_what_is_taken_back_is_as_it_was() -> None:
    """Rows that came go, rows that went come, values get back what they were."""
    before = rows(CITY, A, B)
    changes = changes_to(before, [replace(CITY, population=1), TOWN], [replace(A, name="丁"), C])
    now = after(before, changes)
    back, overtaken = undone(changes, now)
    assert (after(now, back), overtaken) == (before, ())


def test_what_was_changed_since_is_not_overwritten() -> None:
    """A value that has changed again is overtaken; another value of the same row is not in the way."""
    changes = (Change(A, replace(A, name="丁")), Change(B, None))
    renamed, promoted = replace(A, name="戊"), replace(A, name="丁", rank=2)
    assert undone(changes, rows(CITY, renamed)) == ((Change(None, B),), (changes[0],))
    assert undone(changes, rows(CITY, promoted)) == (
        (Change(promoted, replace(promoted, name="甲")), Change(None, B)),
        (),
    )
    assert undone(changes, rows(CITY, A, B)) == ((), ())  # all is back already
    assert undone(changes, rows(CITY, A, replace(B, name="己")))[1] == (changes[1],)


def test_a_new_body_stays_while_others_have_put_contacts_there() -> None:
    """To take it back would take away whom a later file has brought."""
    changes = (Change(None, TOWN), Change(None, C))
    later = Contact(TOWN.code, "later@town.example")
    assert undone(changes, rows(TOWN, C)) == ((Change(TOWN, None), Change(C, None)), ())
    assert undone(changes, rows(TOWN, C, later)) == ((Change(C, None),), (changes[0],))


_BODIES = st.lists(
    st.builds(
        Body,
        code=st.sampled_from(["1", "2", "3"]),
        name=st.sampled_from(["甲市", "乙市"]),
        kind=st.just("city"),
        prefecture=st.just("長野県"),
        population=st.sampled_from([None, 1, 2]),
    ),
    unique_by=lambda body: body.code,
)
_CONTACTS = st.lists(
    st.builds(
        Contact,
        code=st.sampled_from(["1", "2", "3"]),
        email=st.sampled_from(["a@x.example", "A@X.example", "b@x.example"]),
        name=st.sampled_from(["", "甲"]),
        tags=st.sampled_from([frozenset(), frozenset({"officer"})]),
    ),
    unique_by=lambda contact: (contact.code, contact.email.lower()),
)


@given(_BODIES, _CONTACTS, _BODIES, _CONTACTS)
def test_every_import_can_be_taken_back(
    bodies: list[Body], contacts: list[Contact], new_bodies: list[Body], new_contacts: list[Contact]
) -> None:
    """Straight after it, whatever was there and whatever came, the register is again what it was."""
    there = {body.code for body in bodies}
    coming = there | {body.code for body in new_bodies}
    before = rows(*bodies, *(one for one in contacts if one.code in there))
    new_people = [one for one in new_contacts if one.code in coming]
    changes = changes_to(before, new_bodies, new_people)
    now = after(before, changes)
    wanted: list[Body | Contact] = [*new_bodies, *new_people]
    assert all(now[key_of(row)] == row for row in wanted)
    back, overtaken = undone(changes, now)
    assert (after(now, back), overtaken) == (before, ())
