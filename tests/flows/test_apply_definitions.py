"""Definitions: what applying them changes, what is refused, and that a second time changes nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Question, Survey
from mailbot.flows.apply_definitions import apply_definitions
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.extend_survey import extend_survey
from mailbot.folder.definitions import Definitions
from mailbot.store.events import events
from mailbot.store.lists import lists
from mailbot.store.runs import occurrences
from mailbot.store.surveys import surveys
from tests.flows.post_office import EVENT, KAIGI, NEWS, SECURITY, SURVEY, YAMADA, PostOffice


def test_everything_new_is_one_line_each(office: PostOffice) -> None:
    """The lines say what there is now and how large it is."""
    council = replace(SECURITY, name="yakuin", title="役員会", members=Selector(tags=("officer",)))
    assert office.apply(council, SURVEY, EVENT) == (
        "+ list yakuin: 役員会 (1 members)",
        "+ survey S26-014: LG.JPドメインの利用について (3 questions)",
        "+ event N26-07: 第1回トピックスセミナー",
    )


def test_twice_changes_nothing(office: PostOffice) -> None:
    """The second time prints nothing, and what the database holds is what was applied."""
    office.apply(SURVEY, EVENT)
    assert office.apply(SECURITY, KAIGI, NEWS, SURVEY, EVENT) == ()
    with office.database.read() as connection:
        assert lists.every(connection) == [KAIGI, NEWS, SECURITY]
        assert [stored.survey for stored in surveys.every(connection)] == [SURVEY]
        assert [stored.event for stored in events.every(connection)] == [EVENT]


def test_a_change_names_its_fields_and_counts_the_members_anew(office: PostOffice) -> None:
    """A list's new selector is its new membership at once."""
    wider = replace(SECURITY, members=Selector(everyone=True), footer="")
    assert office.apply(wider) == ("~ list security: members, footer (5 members)",)
    assert office.post(YAMADA).reason == "post 1 to 5 members"


def test_a_list_keeps_its_number_when_it_changes(office: PostOffice) -> None:
    """A new footer does not begin a new count."""
    office.post(YAMADA)
    office.apply(replace(SECURITY, footer=""))
    assert office.post(YAMADA).reason == "post 2 to 3 members"


def test_a_list_of_lists_follows_them(office: PostOffice) -> None:
    """Whichever file comes first by name, a list is counted after those that it takes its members from."""
    both = MailingList("both", "合同", "closed", Selector(lists=("security",)))
    council = replace(SECURITY, members=Selector(everyone=True))
    assert office.apply(both, council) == (
        "~ list security: members (5 members)",
        "+ list both: 合同 (5 members)",
    )
    office.apply(replace(SECURITY, members=Selector(emails=(YAMADA,))))
    with office.database.read() as connection:
        assert lists.member_addresses(connection, "both") == [YAMADA]


def test_single_addresses_stand_beside_the_register(office: PostOffice) -> None:
    """An address outside the register is a member; one inside is not a member twice."""
    guests = Selector(tags=("security",), emails=("guest@partner.example", YAMADA.upper()))
    office.apply(replace(SECURITY, members=guests))
    with office.database.read() as connection:
        addresses = lists.member_addresses(connection, "security")
    assert len(addresses) == 4
    assert "guest@partner.example" in addresses


@pytest.mark.parametrize("registered", ["yakuin", "Yakuin-request", "yakuin-bounces+a"])
def test_a_list_at_whose_address_a_member_is_registered_is_refused(
    office: PostOffice, registered: str
) -> None:
    """Whichever came first; what is sent to him would come back to the list. Another name at the domain is no harm."""
    city = Body("202029", "松本市", "city", "長野県", 240_000)
    people = [
        Contact(city.code, f"{name}@{office.site.domain}", name, "", rank, frozenset())
        for rank, name in enumerate(["tanaka", registered], 1)
    ]
    office.register([city], people)
    with pytest.raises(
        Refusal, match=re.escape(f"{people[1].email} would be an address of a new list, and 202029 松本市")
    ):
        office.apply(replace(SECURITY, name="yakuin", title="役員会"))
    office.apply(replace(SECURITY, name="kanji", title="幹事会"))


def test_a_dry_run_is_a_transaction_that_is_taken_back(office: PostOffice) -> None:
    """What `--dry-run` prints is what would happen, and nothing of it stays."""
    with pytest.raises(ZeroDivisionError), office.database.write() as connection:
        _apply_and_fail(office, connection)
    with office.database.read() as connection:
        assert surveys.every(connection) == []
        assert occurrences.due(connection, SURVEY.closes) == []


def _apply_and_fail(office: PostOffice, connection: Connection) -> None:
    assert apply_definitions(connection, office.site, Definitions((), (SURVEY,), (), ()), office.now)
    raise ZeroDivisionError


_Q4 = Question("Q4", "ほかに", "text")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        (replace(SURVEY, questions=(*SURVEY.questions, _Q4)), "questions"),
        (replace(SURVEY, audience=Selector(tags=("security",))), "audience"),
        (replace(SURVEY, mode="named"), "mode"),
        (replace(SURVEY, title="別の題"), "title"),
        (replace(SURVEY, opens=SURVEY.opens - timedelta(days=1)), "opens"),
    ],
)
def test_an_open_survey_keeps_what_members_have_read(office: PostOffice, changed: Survey, field: str) -> None:
    """What would make two members answer different questions is refused, with what to do instead."""
    office.open_survey()
    with pytest.raises(Refusal, match=rf"S26-014 is open.*`{field}` can no longer change"):
        office.apply(changed)
    with office.database.read() as connection:
        stored = surveys.load(connection, SURVEY.key)
    assert stored is not None
    assert stored.survey == SURVEY


def test_an_open_survey_may_be_prolonged(office: PostOffice) -> None:
    """Its close moves in the due-table, too."""
    office.open_survey()
    longer = replace(SURVEY, closes=SURVEY.closes + timedelta(days=7))
    assert office.apply(longer) == ("~ survey S26-014: closes (4 are told of the new close)",)
    assert len(office.copies("extension")) == 4
    with office.database.read() as connection:
        waiting = occurrences.due(connection, longer.closes)
    assert [one.due_at for one in waiting if one.job.endswith(":close")] == [longer.closes]


def test_an_open_survey_is_not_closed_by_a_definition(office: PostOffice) -> None:
    """A close in the past is refused: the command says so plainly."""
    office.open_survey()
    with pytest.raises(Refusal, match="mailbot surveys close S26-014"):
        office.apply(replace(SURVEY, closes=office.now))


def test_a_close_that_comes_nearer_is_announced_as_well(office: PostOffice) -> None:
    """Its ballots say when it closes, and members rely on it."""
    office.open_survey()
    office.apply(replace(SURVEY, closes=SURVEY.closes - timedelta(hours=1)))
    told = office.copies("extension")
    assert len(told) == 4
    assert "締切を早めました" in told[0].text
    assert "締切変更" in told[0]["Subject"]


def test_a_definition_file_that_has_not_followed_an_extension_changes_nothing(office: PostOffice) -> None:
    """What the office put off by a command is not taken back by the file's old close."""
    office.open_survey()
    later = SURVEY.closes + timedelta(days=7)
    with office.database.write() as connection:
        assert extend_survey(connection, office.site, SURVEY.key, later, office.now, by="office") == 4
    assert office.apply(SURVEY) == ()
    assert office.apply(replace(SURVEY, closes=later)) == ()


@pytest.mark.parametrize("applied", [True, False])
def test_a_file_that_has_followed_one_extension_and_not_the_next_changes_nothing(
    office: PostOffice, applied: bool
) -> None:
    """As the manual says, the file gets the new close; then the office puts it off again, and something else is applied."""
    office.open_survey()
    once, twice = (SURVEY.closes + timedelta(days=days) for days in (7, 14))
    with office.database.write() as connection:
        extend_survey(connection, office.site, SURVEY.key, once, office.now, by="office")
    if applied:
        office.apply(replace(SURVEY, closes=once))
    with office.database.write() as connection:
        extend_survey(connection, office.site, SURVEY.key, twice, office.now, by="office")
    office.copies("extension").clear()
    assert office.apply(replace(SURVEY, closes=once)) == ()
    assert office.apply(replace(SURVEY, closes=twice)) == ()


def test_a_file_of_a_survey_that_was_put_off_and_then_closed_by_hand_holds_nothing_up(
    office: PostOffice,
) -> None:
    """Whichever of its closes the file still has, other definitions can be applied; one that would open it again cannot."""
    office.open_survey()
    later = SURVEY.closes + timedelta(days=7)
    with office.database.write() as connection:
        extend_survey(connection, office.site, SURVEY.key, later, office.now, by="office")
        close_survey(connection, office.site, SURVEY.key, office.now, office.now)
    assert office.apply(SURVEY) == ()
    assert office.apply(replace(SURVEY, closes=later)) == ()
    with pytest.raises(
        Refusal, match=r"S26-014 is closed; `closes` can no longer change. Put the old value back"
    ):
        office.apply(replace(SURVEY, closes=later + timedelta(days=1)))


def test_a_closed_survey_does_not_change(office: PostOffice) -> None:
    """Its result is out."""
    office.open_survey()
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, office.now, office.now)
    with pytest.raises(Refusal, match="is closed"):
        office.apply(replace(SURVEY, purpose="別の趣旨"))


def test_one_refusal_takes_everything_back(office: PostOffice) -> None:
    """The lists and surveys before the one that is refused are not applied either."""
    office.open_survey()
    with pytest.raises(Refusal):
        office.apply(replace(SECURITY, title="別の部会"), replace(SURVEY, mode="named"))
    with office.database.read() as connection:
        assert lists.load(connection, "security") == SECURITY
