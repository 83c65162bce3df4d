"""The schedule: each run is done once, late ones by their rule, and nothing is left out in silence (promises.md I22)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailbot.core.members.audience import Selector
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.read_mail import read_waiting
from mailbot.flows.runs.run_due import nothing_before, run_due
from mailbot.store.database import Database
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from tests.flows.post_office import EVENT, NAGANO, OFFICE, SURVEY, TOKYO, YAMADA, PostOffice, open_post_office

KEY = SURVEY.key
REMINDER = datetime(2026, 6, 29, 9, 0, tzinfo=TOKYO)  # three business days before Thursday, 2 July


def runs(office: PostOffice) -> dict[str, tuple[str, str]]:
    """Return the state and note of every run by its job."""
    with office.database.read() as connection:
        every = occurrences.between(
            connection, SURVEY.opens - timedelta(days=400), SURVEY.opens + timedelta(days=400)
        )
    return {one.job: (one.state, one.note) for one in every}


@pytest.fixture
def planned(office: PostOffice) -> PostOffice:
    """An installation in which the survey is planned and its opening has not come."""
    office.now = SURVEY.opens - timedelta(days=1)
    office.apply(SURVEY)
    return office


def test_until_when_no_run_is_due(planned: PostOffice) -> None:
    """Until the next run that waits, or that the office was asked about; and until the day ends, for the register."""
    with planned.database.read() as connection:
        assert nothing_before(connection, planned.site, SURVEY.opens - timedelta(minutes=1)) == SURVEY.opens
        long_before = datetime(2026, 1, 31, 23, 0, tzinfo=TOKYO)
        assert nothing_before(connection, planned.site, long_before) == datetime(2026, 2, 1, tzinfo=TOKYO)
    with planned.database.write() as connection:
        occurrences.ask(
            connection, f"survey:{KEY}:open", SURVEY.opens.strftime("%Y-%m-%dT%H:%M:%S"), "", SURVEY.opens
        )
    with planned.database.read() as connection:
        later = SURVEY.opens + timedelta(minutes=1)
        assert nothing_before(connection, planned.site, later) == SURVEY.opens


def test_a_survey_runs_its_whole_course_by_itself(planned: PostOffice) -> None:
    """It opens, reminds, closes and publishes at its times, each once, however often the scan looks."""
    assert planned.look(SURVEY.opens - timedelta(seconds=1)) == 0
    assert [planned.look(SURVEY.opens) for _ in range(3)] == [1, 0, 0]
    invitations = {copy.to: copy for copy in planned.copies("invitation")}
    planned.reply(invitations[YAMADA], "Q1 1")
    planned.copies()
    assert [planned.look(REMINDER) for _ in range(2)] == [1, 0]
    assert len(planned.copies("reminder")) == 3
    assert [planned.look(SURVEY.closes) for _ in range(2)] == [1, 0]
    assert len(planned.copies("result")) == 4
    assert {job.rpartition(":")[2]: state for job, (state, _) in runs(planned).items()} == {
        "open": "done",
        "1": "done",
        "close": "done",
    }


@pytest.mark.parametrize(
    ("late", "state", "kind"),
    [
        (timedelta(minutes=4), "done", "invitation"),
        (timedelta(hours=3), "late", "invitation"),
        (timedelta(days=13), "late", "invitation"),
        (timedelta(days=15), "skipped", None),  # the survey is over
    ],
)
def test_a_late_opening(planned: PostOffice, late: timedelta, state: str, kind: str | None) -> None:
    """While the survey runs it still opens and the mail says that it is late; afterwards the office hears of it."""
    with planned.database.write() as connection:
        for job in (f"survey:{KEY}:reminder:1", f"survey:{KEY}:close"):
            occurrences.settle_waiting(connection, job, "done", "of no interest here", planned.now)
    planned.look(SURVEY.opens + late)
    assert runs(planned)[f"survey:{KEY}:open"][0] == state
    copies = planned.copies()
    assert {copy.kind for copy in copies} - {"office_report"} == ({kind} if kind else set())
    assert [copy.to for copy in copies if copy.kind == "office_report"] == (
        [] if state == "done" else [OFFICE]
    )
    if state == "late":
        assert "6月18日" in next(copy for copy in copies if copy.kind == kind).text
        assert "invited" in runs(planned)[f"survey:{KEY}:open"][1]


def test_a_reminder_more_than_a_day_late_is_not_sent_but_reported(planned: PostOffice) -> None:
    """Two days before the close nobody is reminded by a mail that names the wrong day (core/office/plan.py)."""
    planned.look(SURVEY.opens)
    planned.copies()
    planned.look(REMINDER + timedelta(hours=25))
    assert runs(planned)[f"survey:{KEY}:reminder:1"][0] == "skipped"
    report = planned.only_copy("office_report")
    assert f"survey:{KEY}:reminder:1" in report.text


def test_after_a_long_rest_every_run_is_settled_in_order(planned: PostOffice) -> None:
    """A service that was down over all of a survey neither asks nor closes, and reports each run."""
    assert planned.look(SURVEY.closes + timedelta(days=30)) == 3
    assert {state for state, _ in runs(planned).values()} == {"skipped"}
    copies = planned.copies()
    assert {(copy.kind, copy.to) for copy in copies} == {("office_report", OFFICE)}
    assert len(copies) == 3


def test_a_close_waits_for_mail_that_came_before_it(planned: PostOffice) -> None:
    """The scan comes back when the mail is read, and the vote is in the result (promises.md I20)."""
    planned.look(SURVEY.opens)
    invitation = {copy.to: copy for copy in planned.copies("invitation")}[YAMADA]
    planned.look(REMINDER)
    planned.now = SURVEY.closes - timedelta(seconds=1)
    planned.store(planned.reply_mail(invitation, "Q1 1"), planned.reply_address(invitation))
    assert planned.look(SURVEY.closes + timedelta(seconds=1)) == 0
    read_waiting(planned.database, planned.site, lambda: planned.now)
    assert planned.look(SURVEY.closes + timedelta(seconds=2)) == 1
    assert planned.stands()[NAGANO].row.status == "counted"
    assert runs(planned)[f"survey:{KEY}:close"] == ("done", "1 answers counted")


def test_a_late_close_counts_only_what_came_in_time(planned: PostOffice) -> None:
    """The close stands at its planned moment, however late it is done."""
    planned.look(SURVEY.opens)
    invitation = {copy.to: copy for copy in planned.copies("invitation")}[YAMADA]
    planned.now = SURVEY.closes + timedelta(hours=1)
    planned.reply(invitation, "Q1 1")
    planned.look(SURVEY.closes + timedelta(hours=2))
    assert runs(planned)[f"survey:{KEY}:close"][0] == "late"
    assert "0 answers" in runs(planned)[f"survey:{KEY}:close"][1]
    assert [row.status for row in planned.ledger()] == ["late"]


def test_a_run_that_cannot_be_done_is_reported_with_the_reason(planned: PostOffice) -> None:
    """An audience that selects nobody is not a silent nothing, and the office reads why in its own language."""
    planned.apply(replace(SURVEY, audience=Selector(tags=("nobody",))))
    planned.look(SURVEY.opens)
    assert runs(planned)[f"survey:{KEY}:open"][0] == "skipped"
    told = "".join(planned.only_copy("office_report").text.split())
    assert "行えませんでした。お送りする団体が名簿にありません。定義のaudienceをお確かめください。" in told


def test_a_run_whose_definition_is_gone_is_reported(office: PostOffice) -> None:
    """A row of the due-table without a survey behind it is settled, not looked at for ever."""
    lost = Occurrence("survey:S25-001:open", "2026-06-18T09:00:00", SURVEY.opens)
    with office.database.write() as connection:
        occurrences.plan(connection, "survey:S25-001:", [lost])
    assert office.look(SURVEY.opens) == 1
    assert office.only_copy("office_report").to == OFFICE


def test_the_notices_of_an_event_go_out_at_their_times(office: PostOffice) -> None:
    """The written one to all, the relative one, three business days before, to those who come."""
    office.apply(EVENT)
    first = EVENT.notices[0].at
    assert first is not None
    assert office.look(first) == 1
    notices = {copy.to: copy for copy in office.copies("event_notice")}
    assert len(notices) == 4
    office.reply(notices[YAMADA], "Q1 1")
    office.copies()
    assert office.look(datetime(2026, 10, 19, 9, 59, tzinfo=TOKYO)) == 0
    assert office.look(datetime(2026, 10, 19, 10, 0, tzinfo=TOKYO)) == 1
    assert office.only_copy("event_notice").to == YAMADA


def test_a_notice_is_not_sent_when_the_event_has_begun(office: PostOffice) -> None:
    """It is reported instead."""
    office.apply(EVENT)
    office.look(datetime(2026, 10, 23, 10, 0, tzinfo=TOKYO))
    assert {state for name, (state, _) in runs(office).items() if "notice" in name} == {"skipped"}
    assert {copy.kind for copy in office.copies()} == {"office_report"}


def test_an_event_announced_by_hand_is_not_announced_again(office: PostOffice) -> None:
    """`mailbot events announce` does the work of the first notice."""
    office.apply(EVENT)
    with office.database.write() as connection:
        announce_event(connection, office.site, EVENT.key, 0, office.now)
    office.copies()
    first = EVENT.notices[0].at
    assert first is not None
    assert office.look(first) == 0
    assert office.copies() == []


def test_a_changed_time_moves_the_run(planned: PostOffice) -> None:
    """The old time is withdrawn, the new one holds, and going back to the old one holds too."""
    later = replace(SURVEY, opens=SURVEY.opens + timedelta(days=1))
    planned.apply(later)
    assert planned.look(SURVEY.opens) == 0
    planned.apply(SURVEY)
    assert planned.look(SURVEY.opens) == 1
    assert len(planned.copies("invitation")) == 4


def test_a_run_that_was_done_is_never_done_again(planned: PostOffice) -> None:
    """Whatever is applied afterwards: the same job at the same local time was done."""
    planned.look(SURVEY.opens)
    planned.copies()
    longer = replace(SURVEY, closes=SURVEY.closes + timedelta(days=7))
    planned.apply(longer)
    assert {copy.kind for copy in planned.copies()} == {"extension"}
    planned.apply(SURVEY)
    assert planned.look(SURVEY.opens + timedelta(seconds=1)) == 0
    assert planned.copies() == []


def test_two_nodes_do_each_run_once(database_url: str) -> None:
    """Two scans at the same moment, on connections of their own, send one set of mails."""
    nodes = [Database(database_url) for _ in range(2)]
    office = open_post_office(nodes[0])
    office.now = SURVEY.opens - timedelta(days=1)
    surveys = [replace(SURVEY, key=f"S26-{number:03}") for number in range(1, 6)]
    office.apply(*surveys)
    together = threading.Barrier(len(nodes))
    done: list[int] = []

    def scan(node: Database) -> None:
        together.wait(10)
        done.append(run_due(node, office.site, SURVEY.opens))

    threads = [threading.Thread(target=scan, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(done) == len(surveys)
    assert len(office.copies("invitation")) == 4 * len(surveys)
    for node in nodes:
        node.close()
