"""What is being sent to many is stopped, goes on, or is called off, with how many are out (promises.md I23)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from mailbot.core.refusal import Refusal
from mailbot.flows.runs.steer_sending import Steer, steer_sending
from mailbot.store.sending import leases, outbox, sendings
from mailbot.store.tables import delivery
from tests.flows.post_office import OFFICE, SURVEY, PostOffice

KEY = SURVEY.key


def steer(office: PostOffice, do: Steer) -> tuple[str, ...]:
    with office.database.write() as connection:
        return steer_sending(connection, office.site, KEY, do, office.now, by=OFFICE).said


def due(office: PostOffice) -> int:
    """Return how many copies a node would take now."""
    with office.database.write() as connection:
        taken = leases.claim(connection, "node", office.now + timedelta(days=30), 100)
        if taken:
            leases.put_back(connection, "node", [copy.id for copy in taken])
    return len(taken)


@pytest.fixture
def leaving(office: PostOffice) -> PostOffice:
    """Four invitations of which one has left."""
    office.now = SURVEY.opens
    office.apply(SURVEY)
    office.look()
    first = office.copies("invitation")[0]
    with office.database.write() as connection:
        connection.execute(update(delivery).where(delivery.c.id == first.id).values(state="sent"))
    return office


def test_it_rests_and_goes_on(leaving: PostOffice) -> None:
    """The sentence says how many are out; what was stopped leaves when it goes on, once."""
    assert steer(leaving, "stop") == (
        "S26-014の送信を止めました。4通のうち1通は、もう出ています。残りの3通は、止めてあります。",
        "続けるときは「続行 S26-014」、取り止めるときは「取止め S26-014」とお書きください。",
    )
    assert due(leaving) == 0
    with pytest.raises(Refusal, match="もう止めてあります"):
        steer(leaving, "stop")
    assert "残りの3通をこれから送ります" in steer(leaving, "resume")[0]
    assert due(leaving) == 3
    with pytest.raises(Refusal, match="止まっていません"):
        steer(leaving, "resume")


def test_it_is_called_off(leaving: PostOffice) -> None:
    """What has not left never will, also after it was stopped; what is out stays counted."""
    steer(leaving, "stop")
    assert "残りの3通は送りません" in steer(leaving, "cancel")[0]
    assert due(leaving) == 0
    with leaving.database.read() as connection:
        assert outbox.count_by_state(connection) == {"sent": 1, "withdrawn": 3}
        assert sendings.under_way(connection) == []
    with pytest.raises(Refusal, match="送っている途中のものはありません"):
        steer(leaving, "resume")
