"""The register: what an import changes, and that the lists follow it."""

from __future__ import annotations

from dataclasses import replace

from mailbot.core.register import Contact
from mailbot.flows.import_members import import_members
from mailbot.store import lists, members
from mailbot.store.members import RegisterChange
from tests.flows.post_office import BODIES, CONTACTS, NAGANO, SATO, SUZUKI, YAMADA, PostOffice


def run(office: PostOffice, contacts: list[Contact]) -> RegisterChange:
    """Import these contacts with their bodies."""
    codes = {contact.code for contact in contacts}
    with office.database.write() as connection:
        return import_members(connection, [body for body in BODIES if body.code in codes], contacts)


def addresses(office: PostOffice) -> list[str]:
    """Return the members of the closed list."""
    with office.database.read() as connection:
        return lists.member_addresses(connection, "security")


def test_the_same_file_again_changes_nothing(office: PostOffice) -> None:
    """Not a body, not a contact."""
    assert run(office, list(CONTACTS)) == RegisterChange((), (), (), (), ())


def test_a_new_person_in_charge_replaces_the_old_one_everywhere(office: PostOffice) -> None:
    """In April 山田 goes and 小林 comes: the lists know it at once, other bodies stay as they were."""
    kobayashi = Contact(NAGANO, "kobayashi@city.nagano.lg.jp", "小林", "", 1, frozenset({"security"}))
    change = run(office, [kobayashi, CONTACTS[1]])
    assert change.contacts_added == (f"{NAGANO} kobayashi@city.nagano.lg.jp",)
    assert change.contacts_removed == (f"{NAGANO} {YAMADA}",)
    assert set(addresses(office)) == {"kobayashi@city.nagano.lg.jp", SUZUKI, SATO}
    assert office.post(YAMADA).state == "held"  # he is a stranger now


def test_a_tag_that_goes_takes_the_membership_along(office: PostOffice) -> None:
    """A contact without the tag is no longer a member of the list that asks for it."""
    changed = [replace(CONTACTS[0], tags=frozenset({"officer"})), CONTACTS[1]]
    assert run(office, changed).contacts_changed == (f"{NAGANO} {YAMADA}",)
    assert YAMADA not in addresses(office)


def test_a_survey_that_runs_keeps_its_ballots(office: PostOffice) -> None:
    """Who leaves the register in the middle of a survey leaves a vote that still counts."""
    invitation = office.open_survey()[YAMADA]
    office.reply(invitation, "Q1 1")
    run(office, [CONTACTS[1]])
    assert office.stands()[NAGANO].row.status == "counted"
    with office.database.read() as connection:
        assert [person.contact.email for person in members.people(connection, [NAGANO])] == [SUZUKI]
