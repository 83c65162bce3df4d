"""How fast copies may leave: never faster than stated, never slower than need be, and nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from mailbot.core.transfer.pace import Buckets, Pace, admit
from tests.drawing import given, st

NOW = datetime(2026, 6, 18, tzinfo=UTC)


def test_without_a_limit_everybody_leaves() -> None:
    """So it is unless the configuration says otherwise."""
    assert admit(["a@x", "b@y"], Pace(), {}, NOW).waits == (None, None)


def test_a_domain_waits_alone() -> None:
    """Whoever lives elsewhere does not wait for it, and it comes back at its own pace."""
    addresses = ["a@slow.test", "b@SLOW.test", "c@fast.test", "d@slow.test"]
    found = admit(addresses, Pace(domains={"slow.test": 12}), {}, NOW)
    assert found.waits == (None, NOW + timedelta(seconds=5), None, NOW + timedelta(seconds=10))


def test_who_comes_back_gets_the_mark_that_he_waited_for() -> None:
    """Nothing is reserved for him before, so that nothing is counted twice."""
    pace = Pace(all=60)
    first = admit([f"{n}@x" for n in range(8)], pace, {}, NOW)
    assert first.waits[:5] == (None,) * 5
    later = admit(["5@x"], pace, first.buckets, NOW + timedelta(seconds=1))
    assert first.waits[5] == NOW + timedelta(seconds=1)
    assert later.waits == (None,)


@given(
    st.integers(1, 3000),
    st.none() | st.integers(1, 600),
    st.lists(st.sampled_from(["a@slow.test", "b@x", "c@y"]), min_size=1, max_size=120),
)
def test_the_pace_is_kept_and_everybody_leaves(rate: int, slow: int | None, addresses: list[str]) -> None:
    """Whatever is queued, each bucket gives in any time no more than it holds and is filled with, and all leave at last."""
    pace = Pace(rate, {"slow.test": slow} if slow else {})
    queue = [(NOW, number, address) for number, address in enumerate(addresses)]
    buckets: Buckets = {}
    left: list[tuple[datetime, str]] = []
    for _ in range(20 * len(addresses)):
        if not queue:
            break
        now = min(queue)[0]
        due = sorted(row for row in queue if row[0] <= now)
        found = admit([address for *_, address in due], pace, buckets, now)
        buckets = found.buckets
        queue = [row for row in queue if row[0] > now]
        for (_, number, address), wait in zip(due, found.waits, strict=True):
            if wait is None:
                left.append((now, address))
            else:
                assert wait > now
                queue.append((wait, number, address))
    assert Counter(address for _, address in left) == Counter(addresses)
    for count, (at, _) in enumerate(left, 1):
        assert count <= max(1, rate * 5 / 60) + (at - NOW).total_seconds() * rate / 60 + 1e-3
