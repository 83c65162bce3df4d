"""The due-table: a run has one row for ever, known by its job and its local time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailbot.store.database import Database
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence

NOW = datetime(2026, 6, 18, 0, 0, tzinfo=UTC)
OPEN = Occurrence("survey:S1:open", "2026-06-18T09:00:00", NOW)
CLOSE = Occurrence("survey:S1:close", "2026-07-02T17:00:00", NOW + timedelta(days=14))


def states(database: Database) -> dict[tuple[str, str], str]:
    """Return the state of every run."""
    with database.read() as connection:
        found = occurrences.between(connection, NOW - timedelta(days=999), NOW + timedelta(days=999))
    return {(one.job, one.local): one.state for one in found}


def test_what_is_planned_comes_due_in_its_order(database: Database) -> None:
    """Due means at that moment or before."""
    with database.write() as connection:
        occurrences.plan(connection, "survey:S1:", [CLOSE, OPEN])
        assert occurrences.due(connection, NOW - timedelta(microseconds=1)) == []
        assert occurrences.due(connection, NOW) == [OPEN]
        assert occurrences.due(connection, CLOSE.due_at) == [OPEN, CLOSE]


def test_a_run_that_is_done_is_never_planned_again(database: Database) -> None:
    """Neither by the same plan, nor after another one has come between (promises.md R7)."""
    with database.write() as connection:
        occurrences.plan(connection, "survey:S1:", [OPEN])
        occurrences.settle(connection, OPEN.job, OPEN.local, "done", "4 invited", NOW)
        occurrences.plan(connection, "survey:S1:", [])
        occurrences.plan(connection, "survey:S1:", [OPEN])
        assert occurrences.due(connection, NOW) == []
    assert states(database) == {(OPEN.job, OPEN.local): "done"}


def test_a_run_that_is_no_longer_planned_is_withdrawn_and_may_come_back(database: Database) -> None:
    """A definition that changes and changes back keeps its run."""
    with database.write() as connection:
        occurrences.plan(connection, "survey:S1:", [OPEN])
        occurrences.plan(connection, "survey:S1:", [])
        assert occurrences.due(connection, NOW) == []
        occurrences.plan(connection, "survey:S1:", [OPEN])
        assert occurrences.due(connection, NOW) == [OPEN]


def test_a_prefix_is_taken_literally(database: Database) -> None:
    """`S_1` does not mean SX1: an underscore is no wildcard."""
    other = Occurrence("survey:SX1:open", OPEN.local, NOW)
    with database.write() as connection:
        occurrences.plan(connection, "survey:SX1:", [other])
        occurrences.plan(connection, "survey:S_1:", [])
        assert occurrences.due(connection, NOW) == [other]


def test_a_run_is_claimed_once(database: Database) -> None:
    """A settled run cannot be claimed, nor one that never was."""
    with database.write() as connection:
        occurrences.plan(connection, "survey:S1:", [OPEN])
        assert occurrences.claim(connection, OPEN.job, OPEN.local)
        occurrences.settle(connection, OPEN.job, OPEN.local, "done", "", NOW)
        assert not occurrences.claim(connection, OPEN.job, OPEN.local)
        assert not occurrences.claim(connection, "survey:S2:open", OPEN.local)


def test_two_nodes_do_not_wait_for_each_other(postgresql: Database) -> None:
    """A run that another node is doing is passed over, not waited for."""
    with postgresql.write() as connection:
        occurrences.plan(connection, "survey:S1:", [OPEN])
    with postgresql.write() as one, postgresql.write() as other:
        assert occurrences.claim(one, OPEN.job, OPEN.local)
        assert not occurrences.claim(other, OPEN.job, OPEN.local)


def test_what_was_late_or_skipped_is_found(database: Database) -> None:
    """`mailbot schedule` shows it."""
    with database.write() as connection:
        occurrences.plan(connection, "survey:S1:", [OPEN, CLOSE])
        occurrences.settle(connection, OPEN.job, OPEN.local, "late", "3 h 0 min late", NOW)
        assert [one.note for one in occurrences.missed(connection, NOW)] == ["3 h 0 min late"]
        assert occurrences.missed(connection, NOW + timedelta(seconds=1)) == []


def test_what_a_person_did_by_hand_settles_every_waiting_run_of_the_job(database: Database) -> None:
    """And no other job's."""
    with database.write() as connection:
        occurrences.plan(connection, "survey:S1:", [OPEN, CLOSE])
        occurrences.settle_waiting(connection, OPEN.job, "done", "opened by hand", NOW)
    assert states(database) == {(OPEN.job, OPEN.local): "done", (CLOSE.job, CLOSE.local): "waiting"}


def test_a_look_reads_by_the_index_whatever_is_done(tmp_path: Path) -> None:
    """The scan of every second does not walk the runs that are done (promises.md R7)."""
    database = Database(f"sqlite:///{tmp_path}/mailbot.db")
    database.upgrade()
    with database.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT job FROM occurrence WHERE state = 'waiting' AND due_at <= 1 OR state = 'asked'"
        ).all()
    database.close()
    steps = [str(row[3]) for row in plan]
    assert any("ix_occurrence_state_due_at" in step for step in steps)
    assert not any(step.startswith("SCAN occurrence") for step in steps)
