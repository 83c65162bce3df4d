"""The schedule over kills and rests: each run once, the late ones said to be late, none in silence (I22)."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mailbot.core.members.audience import Selector
from mailbot.core.surveys.survey import Question, Survey
from mailbot.folder.definition_yaml import write_yaml
from mailbot.store.tables import delivery, mailing, occurrence
from tests.faults.node import SHORT, Node, new_node, until
from tests.faults.sink import Sink
from tests.flows.post_office import TOKYO

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


def plan(node: Node, key: str, opens: datetime, closes: datetime) -> None:
    """Define a survey of one question."""
    survey = Survey(
        key, "調査", Selector(everyone=True), opens, closes, (Question("Q1", "よろしいですか", "yesno"),)
    )
    folder = node.folder / "config" / "surveys"
    folder.mkdir(exist_ok=True)
    (folder / f"{key.lower()}.yaml").write_text(write_yaml(survey, TOKYO), encoding="utf-8")


def runs(node: Node) -> dict[str, str]:
    """Return the state of each run by its job."""
    database = node.database
    with database.read() as connection:
        found = {
            row.job: row.state for row in connection.execute(select(occurrence.c.job, occurrence.c.state))
        }
    database.close()
    return found


def mailings(node: Node) -> Counter[tuple[str, str]]:
    """Return how many copies there are of each kind about each subject."""
    database = node.database
    with database.read() as connection:
        rows = connection.execute(select(mailing.c.kind, mailing.c.subject).join_from(delivery, mailing))
        found = Counter((row.kind, row.subject) for row in rows)
    database.close()
    return found


def test_what_was_due_while_the_service_was_down_is_sent_late_or_reported(tmp_path: Path) -> None:
    """One survey runs still and opens late; another is over and its office hears so; a restart repeats neither."""
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=3)
    now = datetime.now(UTC).astimezone(TOKYO).replace(microsecond=0)
    plan(node, "S1", now - timedelta(hours=1), now + timedelta(days=7))
    plan(node, "S2", now - timedelta(days=9), now - timedelta(days=2))
    try:
        node.command("apply")
        for _ in range(2):
            node.start()
            until(
                lambda: "waiting" not in {s for job, s in runs(node).items() if job != "survey:S1:close"},
                20,
                node.log,
            )
            until(node.settled, 20, node.log)
            node.stop()
    finally:
        node.stop()
        sink.close()
    assert runs(node) == {
        "survey:S1:open": "late",
        "survey:S1:close": "waiting",
        "survey:S2:open": "skipped",
        "survey:S2:close": "skipped",
    }
    by_kind = Counter(kind for kind, _ in mailings(node).elements())
    assert by_kind == {"invitation": 1, "office_report": 3}
    assert sorted(sink.received.values()) == [1, 1, 1, 1]


def test_kills_at_the_moment_of_the_run_neither_repeat_nor_skip_it(tmp_path: Path) -> None:
    """Surveys open at every second while the service is killed at random: each opens exactly once."""
    chance = random.Random(22)
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=3)
    surveys = 3 if SHORT else 20
    start = datetime.now(UTC).astimezone(TOKYO).replace(microsecond=0) + timedelta(seconds=3)
    for number in range(surveys):
        plan(node, f"S{number}", start + timedelta(seconds=number), start + timedelta(days=1))
    try:
        node.command("apply")
        while any(state == "waiting" for job, state in runs(node).items() if job.endswith(":open")):
            node.start()
            time.sleep(chance.uniform(0, 1.5))
            node.kill()
        node.start()
        until(node.settled, 20, node.log)
    finally:
        node.stop()
        sink.close()
    assert {state for job, state in runs(node).items() if job.endswith(":open")} == {"done"}
    assert mailings(node) == {("invitation", f"S{number}"): 1 for number in range(surveys)}
