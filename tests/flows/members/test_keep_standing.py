"""Bodies that join, leave and are merged: from their day on, and with nothing of their history lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from mailbot.core.members.audience import Partners, Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.refusal import Refusal
from mailbot.flows.members.import_members import Imported
from mailbot.flows.members.retire_body import retire_body
from mailbot.flows.members.undo_import import undo_import
from mailbot.flows.runs.run_due import run_due
from mailbot.store.lists import lists
from mailbot.store.members import members
from mailbot.store.office import journal
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    SATO,
    SUZUKI,
    TOKYO,
    YAMADA,
    PostOffice,
)

LEAVES = date(2026, 7, 1)
ALL = Selector(everyone=True)
LEAGUE = Body("000001", "全国連合会", "other", "", category="partner")
PARTNER = Contact("000001", "jimu@league.example", tags=frozenset({"security"}))


def retire(office: PostOffice, code: str, day: date = LEAVES, into: str = "") -> Imported:
    """Write down that a body leaves."""
    with office.database.write() as connection:
        return retire_body(connection, office.site, code, day, into, "office", office.now)


def codes(office: PostOffice, selector: Selector = ALL) -> set[str]:
    """Return the bodies that a selector means now."""
    with office.database.read() as connection:
        return {person.body.code for person in members.selected(connection, selector)}


def security(office: PostOffice) -> list[str]:
    """Return the members of the closed list."""
    with office.database.read() as connection:
        return lists.member_addresses(connection, "security")


def test_a_body_that_leaves_is_in_no_audience_from_its_day_on(office: PostOffice) -> None:
    """Until midnight in the association's own zone it is a member; then nobody needs to do anything."""
    retire(office, MATSUMOTO)
    before = datetime(2026, 6, 30, 23, 59, tzinfo=TOKYO)
    run_due(office.database, office.site, before)
    assert MATSUMOTO in codes(office)
    assert SATO in security(office)
    run_due(office.database, office.site, before + timedelta(minutes=1))
    assert MATSUMOTO not in codes(office)
    assert MATSUMOTO not in codes(office, Selector(emails=(SATO,)))  # whoever names him
    assert security(office) == [SUZUKI, YAMADA]
    with office.database.read() as connection:
        assert members.bodies(connection)[MATSUMOTO].left == LEAVES
        assert members.people_at(connection, SATO) != []  # who he was is still known


def test_the_journal_tells_of_both(office: PostOffice) -> None:
    """Who wrote down that a body leaves stands there, and the day on which it was gone."""
    retire(office, MATSUMOTO, into=NAGANO)
    run_due(office.database, office.site, datetime(2026, 7, 1, 0, 1, tzinfo=TOKYO))
    with office.database.read() as connection:
        lines = [one.line for one in journal.every(connection, about=MATSUMOTO)]
    assert [(one.what, one.who, one.detail) for one in lines] == [
        ("body.leaves", "office", f"松本市 from 2026-07-01, merged into {NAGANO} 長野市"),
        ("body.left", "schedule", "松本市"),
    ]


def test_a_body_comes_on_its_first_day(office: PostOffice) -> None:
    """One that is registered in March for April gets nothing before."""
    joining = Body("202053", "飯田市", "city", "長野県", joined=LEAVES)
    office.register([joining], [Contact(joining.code, "iida@city.iida.lg.jp", tags=frozenset({"security"}))])
    assert joining.code not in codes(office)
    run_due(office.database, office.site, datetime(2026, 7, 1, tzinfo=TOKYO))
    assert joining.code in codes(office)
    assert "iida@city.iida.lg.jp" in security(office)


def test_a_survey_that_is_open_keeps_the_voters_that_it_had(office: PostOffice) -> None:
    """An electorate is frozen: who leaves while it is open may answer, and counts."""
    invitation = office.open_survey()[SATO]
    retire(office, MATSUMOTO, date(2026, 6, 1))
    assert MATSUMOTO not in codes(office)
    office.reply(invitation, "Q1 1")
    assert office.stands()[MATSUMOTO].row.status == "counted"


def test_a_merger_names_the_body_that_it_went_into(office: PostOffice) -> None:
    """It is shown, exported and can be taken back like an import."""
    number = retire(office, KARUIZAWA, date(2026, 6, 1), into=NAGANO).number
    with office.database.read() as connection:
        assert members.bodies(connection)[KARUIZAWA].successor == NAGANO
    assert KARUIZAWA not in codes(office)
    with office.database.write() as connection:
        undo_import(connection, office.site, number, "office", office.now)
        assert members.bodies(connection) == {body.code: body for body in BODIES}
    assert KARUIZAWA in codes(office)


@pytest.mark.parametrize(
    ("code", "day", "into", "sentence"),
    [
        ("202053", LEAVES, "", "no body has the code 202053"),
        (NAGANO, LEAVES, "202053", "no body has the code 202053"),
        (NAGANO, LEAVES, NAGANO, "cannot be merged into itself"),
        (MATSUMOTO, date(2020, 4, 1), "", "joined on 2020-04-01, which is not before 2020-04-01"),
    ],
)
def test_what_cannot_be(office: PostOffice, code: str, day: date, into: str, sentence: str) -> None:
    """Each refusal says what is wrong."""
    office.register([replace(BODIES[1], joined=date(2020, 4, 1))], [CONTACTS[2]])
    with pytest.raises(Refusal, match=sentence):
        retire(office, code, day, into)


def test_a_file_cannot_merge_a_body_into_nothing(office: PostOffice) -> None:
    """The body that it went into is in the register, or in the same file."""
    merged = replace(BODIES[3], successor="202053", left=LEAVES)
    with pytest.raises(Refusal, match="203211 軽井沢町 is merged into 202053"):
        office.register([merged], [CONTACTS[4]])


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (ALL, False),
        (Selector(kinds=("other",)), False),
        (Selector(tags=("security",)), False),
        (Selector(everyone=True, partners="yes"), True),
        (Selector(tags=("security",), partners="only"), True),
        (Selector(partners="only"), True),
        (Selector(codes=(LEAGUE.code,)), True),  # named itself
        (Selector(emails=(PARTNER.email,)), True),
        (Selector(everyone=True, partners="yes", excluded=Selector(kinds=("other",))), False),
        (Selector(everyone=True, partners="yes", excluded=Selector(partners="only")), False),
    ],
)
def test_partner_bodies_get_what_is_marked_for_partners(
    office: PostOffice, selector: Selector, found: bool
) -> None:
    """All are the regular members; partner bodies only where the selector says so, or names them."""
    office.register([LEAGUE], [PARTNER])
    assert (LEAGUE.code in codes(office, selector)) is found


@pytest.mark.parametrize(("partners", "regular"), [("no", True), ("yes", True), ("only", False)])
def test_members_beside_partners(office: PostOffice, partners: Partners, regular: bool) -> None:
    """`only` leaves the regular members out."""
    assert (NAGANO in codes(office, Selector(everyone=True, partners=partners))) is regular
