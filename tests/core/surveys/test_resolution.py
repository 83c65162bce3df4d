"""What a resolution comes to, exactly (core/surveys/resolution.py; ballot.md sections 3, 8 and 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.members.audience import Selector
from mailbot.core.surveys.resolution import CHAIR, Cast, Proxy, ResolutionOutcome, outcome
from mailbot.core.surveys.survey import Answers, Question, Resolution, Share, Survey
from tests.drawing import given, st

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 6, 20, 12, 0, tzinfo=TOKYO)
HOUR = timedelta(hours=1)
MAJORITY_OF_ALL = Share(1, 2, "electorate", more_than=True)
THIRDS = Share(2, 3, "votes", more_than=False)
MOTION = Question("Q1", "規約第5条の改正", "yesno", ("賛成", "反対", "棄権"), required=True)


def resolution(
    *thresholds: Share, quorum: Share = MAJORITY_OF_ALL, chair: str = "", deemed: str = "", motions: int = 1
) -> Survey:
    return Survey(
        key="K26-02",
        title="規約の一部改正",
        audience=Selector(everyone=True),
        opens=NOON - 48 * HOUR,
        closes=NOON + 48 * HOUR,
        questions=tuple(replace(MOTION, id=f"Q{number}") for number in range(1, motions + 1)),
        mode="named",
        resolution=Resolution(
            base_date=date(2026, 6, 1),
            by_law="規約第20条",
            quorum=quorum,
            thresholds=thresholds or (THIRDS,),
            chair=chair,
            deemed=deemed,
        ),
    )


def cast(votes: str) -> dict[str, Answers]:
    """Return one body's vote for each letter: y, n, a; a dash is a body that said nothing."""
    words = {"y": "yes", "n": "no", "a": "abstain", "-": None}
    return {f"{place:02d}": {"Q1": words[letter]} for place, letter in enumerate(votes) if letter != " "}


def codes(count: int) -> list[str]:
    return [f"{place:02d}" for place in range(count)]


def counted(survey: Survey, votes: str, electorate: int, *proxies: Proxy) -> ResolutionOutcome:
    return outcome(survey, codes(electorate), cast(votes), proxies)


@pytest.mark.parametrize(
    ("thresholds", "votes", "electorate", "reached", "carried"),
    [
        ((THIRDS,), "", 3, (False,), False),
        ((THIRDS,), "", 0, (False,), False),
        ((THIRDS,), "aaa", 3, (False,), False),
        ((Share(2, 3, "yes_and_no", False),), "aaa", 3, (False,), False),
        ((Share(2, 3, "yes_and_no", False),), "yya", 3, (True,), True),
        ((THIRDS,), "yya", 3, (True,), True),
        ((THIRDS,), "yyaa", 4, (False,), False),
        ((THIRDS,), "yyn", 3, (True,), True),
        ((THIRDS,), "yyyynn", 6, (True,), True),
        ((THIRDS,), "yyyyyynnna", 10, (False,), False),
        ((Share(1, 2, "votes", True),), "yynn", 4, (False,), False),
        ((Share(1, 2, "votes", False),), "yynn", 4, (True,), True),
        ((Share(1, 2, "votes", True),), "yyn", 4, (True,), True),
        ((Share(1, 2, "votes", True),), "yynaa", 5, (False,), False),
        ((Share(1, 2, "yes_and_no", True),), "yynaa", 5, (True,), True),
        ((THIRDS, MAJORITY_OF_ALL), "yyn", 4, (True, False), False),
        ((THIRDS, MAJORITY_OF_ALL), "yyyn", 5, (True, True), True),
        ((THIRDS,), "yy", 4, (True,), False),
        ((THIRDS,), "yyy", 4, (True,), True),
        ((Share(1, 1, "votes", False),), "yyy", 4, (True,), True),
        ((Share(1, 1, "electorate", False),), "yyy", 4, (False,), False),
        ((Share(2, 3, "present", False),), "yya", 3, (True,), True),
    ],
)
def test_a_motion_is_carried_when_quorum_and_thresholds_are_reached(
    thresholds: tuple[Share, ...], votes: str, electorate: int, reached: tuple[bool, ...], carried: bool
) -> None:
    """A motion is carried when the quorum is there and every threshold is reached, each of its own whole."""
    (motion,) = counted(resolution(*thresholds), votes, electorate).motions
    assert tuple(threshold.reached for threshold in motion.thresholds) == reached
    assert motion.carried == carried


@pytest.mark.parametrize(
    ("quorum", "present", "electorate", "reached"),
    [
        (MAJORITY_OF_ALL, 2, 4, False),
        (MAJORITY_OF_ALL, 3, 4, True),
        (Share(1, 2, "electorate", False), 2, 4, True),
        (Share(2, 3, "electorate", False), 2, 3, True),
        (Share(2, 3, "electorate", False), 934, 1401, True),
        (Share(2, 3, "electorate", False), 933, 1401, False),
        (MAJORITY_OF_ALL, 701, 1401, True),
        (MAJORITY_OF_ALL, 700, 1401, False),
    ],
)
def test_the_quorum_is_a_share_of_the_frozen_electorate(
    quorum: Share, present: int, electorate: int, reached: bool
) -> None:
    """The quorum is a share of the frozen electorate; abstentions are there."""
    votes = {code: {"Q1": "abstain"} for code in codes(present)}
    found = outcome(resolution(quorum=quorum), codes(electorate), votes, [])
    assert (found.quorum.reached, found.quorum.count, found.quorum.whole) == (reached, present, electorate)
    assert found.quorum.needed == quorum.part * electorate
    assert isinstance(found.quorum.needed, Fraction)


def proxy(giver: str, holder: str, at: datetime = NOON) -> Proxy:
    return Proxy(giver, holder, at)


def test_a_holder_votes_for_its_givers() -> None:
    """A proxy counts as its holder voted, apart from direct votes; those to the chair apart again."""
    survey = resolution(chair="00")
    found = counted(survey, "yn", 6, proxy("02", "01"), proxy("03", CHAIR), proxy("04", CHAIR))
    (motion,) = found.motions
    assert (found.direct, found.by_proxy, found.to_chair, found.silent) == (2, 1, 2, ("05",))
    assert motion.yes == Cast(direct=1, chair=2)
    assert motion.no == Cast(direct=1, proxy=1)
    assert (motion.votes, motion.idle, found.present) == (5, 0, 5)


def test_a_body_that_votes_itself_ends_its_proxy() -> None:
    """The giver's own vote counts and the proxy does not."""
    found = counted(resolution(chair="00"), "yn", 2, proxy("01", CHAIR))
    assert (found.direct, found.to_chair) == (2, 0)
    assert (found.motions[0].yes.total, found.motions[0].no.total) == (1, 1)


@pytest.mark.parametrize(("chair", "votes"), [("", "y"), ("00", ""), ("09", "y"), ("00", "-")])
def test_proxies_to_a_chair_that_does_not_vote(chair: str, votes: str) -> None:
    """Without a chair, or without its vote, such proxies are there for the quorum and vote for nobody."""
    found = counted(resolution(chair=chair), votes, 4, proxy("02", CHAIR), proxy("03", CHAIR))
    (motion,) = found.motions
    assert (found.to_chair, motion.idle, motion.yes.chair) == (2, 2, 0)
    assert found.present == found.direct + 2


@pytest.mark.parametrize(
    ("holder", "voted", "yes", "idle"),
    [("00", NOON + HOUR, 2, 0), ("00", NOON, 2, 0), ("00", NOON - HOUR, 1, 1), (CHAIR, NOON - HOUR, 2, 0)],
)
def test_a_proxy_is_recorded_before_the_vote(holder: str, voted: datetime, yes: int, idle: int) -> None:
    """A proxy takes part in a vote that comes after it (section 11); the chair votes for its givers at the close."""
    survey = resolution(chair="00")
    found = outcome(survey, codes(3), cast("y"), [proxy("01", holder)], voted_at={"00": voted})
    assert (found.motions[0].yes.total, found.motions[0].idle) == (yes, idle)
    assert found.present == 2


def test_a_proxy_goes_one_step_only() -> None:
    """A proxy of a proxy, and a circle, vote for nobody even if they were recorded."""
    survey = resolution()
    chained = counted(survey, "y", 4, proxy("01", "02"), proxy("02", "00"))
    assert (chained.motions[0].yes.total, chained.motions[0].idle) == (2, 1)
    circle = counted(survey, "y", 4, proxy("01", "02"), proxy("02", "01"))
    assert (circle.motions[0].yes.total, circle.motions[0].idle) == (1, 2)


def test_who_is_not_entitled_counts_for_nothing() -> None:
    """Votes and proxies of bodies outside the electorate are not in any figure."""
    found = outcome(resolution(), ["00", "01"], cast("yyyy"), [proxy("05", "00"), proxy("01", "07")])
    assert (found.electorate, found.direct, found.by_proxy, found.motions[0].yes.total) == (2, 2, 0, 2)


def test_silence_is_no_vote() -> None:
    """Without a by-law that says so, no answer is consent to nothing."""
    found = counted(resolution(), "yy", 4)
    assert (found.deemed, found.present, found.silent) == (0, 2, ("02", "03"))
    assert found.motions[0].yes == Cast(direct=2)


def test_deemed_consent_stands_in_its_own_row() -> None:
    """Where a by-law takes silence for consent it counts, apart; who replied or was not reached is not silent."""
    survey = resolution(deemed="規約第21条")
    found = outcome(survey, codes(6), cast("yn-"), [], replied=frozenset({"03"}))
    assert found.motions[0].yes == Cast(direct=1, deemed=2)
    assert (found.deemed, found.present, found.silent) == (2, 4, ("02", "03"))
    assert found.motions[0].carried  # 3 of 4


def test_a_vote_on_some_motions_only() -> None:
    """A body that voted on one motion is present; on the other it is invalid, and so is the proxy that it holds."""
    votes: Mapping[str, Answers] = {"00": {"Q1": "yes"}, "01": {"Q1": "no", "Q2": "yes"}}
    found = outcome(resolution(motions=2), codes(3), votes, [proxy("02", "00")])
    first, second = found.motions
    assert (found.present, first.votes, first.invalid, first.idle) == (3, 3, 0, 0)
    assert (second.votes, second.invalid, second.idle) == (1, 1, 1)


@given(
    votes=st.dictionaries(st.integers(0, 9), st.sampled_from(["yes", "no", "abstain", None])),
    given_away=st.dictionaries(st.integers(0, 9), st.integers(-1, 9)),
    chair=st.integers(-1, 9),
    deemed=st.booleans(),
)
def test_every_body_stands_in_one_row(
    votes: dict[int, str | None], given_away: dict[int, int], chair: int, deemed: bool
) -> None:
    """Whatever came in, who takes part and who does not sum to the electorate, and so do each motion's rows."""
    survey = resolution(chair="" if chair < 0 else f"{chair:02d}", deemed="規約第21条" if deemed else "")
    proxies = [
        proxy(f"{giver:02d}", CHAIR if holder < 0 else f"{holder:02d}")
        for giver, holder in given_away.items()
    ]
    found = outcome(survey, codes(10), {f"{code:02d}": {"Q1": said} for code, said in votes.items()}, proxies)
    assert found.present + len(found.silent) == found.electorate == 10
    (motion,) = found.motions
    assert motion.votes + motion.invalid + motion.idle == found.present
    assert found.deemed == 0 or deemed
