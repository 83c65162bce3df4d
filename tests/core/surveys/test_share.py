"""Quorums and thresholds as people write them (core/surveys/share.py)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mailbot.core.surveys.share import Requirement, WrittenShare, read_share, share_words
from mailbot.core.surveys.survey import Denominator, Share

HALF, THIRDS = Fraction(1, 2), Fraction(2, 3)


@pytest.mark.parametrize(
    ("written", "part", "of", "more_than"),
    [
        ("1/2", HALF, None, None),
        ("１／２", HALF, None, None),
        ("2 / 3", THIRDS, None, None),
        ("50%", HALF, None, None),
        ("66.7%", Fraction(667, 1000), None, None),
        ("0.5", HALF, None, None),
        ("0.75", Fraction(3, 4), None, None),
        ("1", Fraction(1), None, None),
        ("過半数", HALF, None, True),
        ("半数以上", HALF, None, False),
        ("半数", HALF, None, None),
        ("3分の2以上", THIRDS, None, False),
        ("３分の２以上", THIRDS, None, False),
        ("三分の二以上", THIRDS, None, False),
        ("3分の2", THIRDS, None, None),
        ("2分の1を超える", HALF, None, True),
        ("2分の1超", HALF, None, True),
        ("3分の2以上の賛成", THIRDS, None, False),
        ("会員の過半数", HALF, "electorate", True),
        ("会員総数の2分の1以上", HALF, "electorate", False),
        ("総会員の3分の2以上の同意", THIRDS, "electorate", False),
        ("出席者の過半数", HALF, "present", True),
        ("表決総数の3分の2以上", THIRDS, "votes", False),
        ("賛否の過半数", HALF, "yes_and_no", True),
        ("全員", Fraction(1), None, False),
        ("majority", HALF, None, True),
        ("Majority of votes", HALF, "votes", True),
        ("more than 1/2", HALF, None, True),
        ("at least 2/3 of the members present", THIRDS, "present", False),
        (">= 2/3", THIRDS, None, False),
        ("> 1/2", HALF, None, True),
        ("unanimous", Fraction(1), None, False),
    ],
)
def test_a_share_is_read_exactly(
    written: str, part: Fraction, of: Denominator | None, more_than: bool | None
) -> None:
    """A share is read exactly, with its whole and its 過半数 or 以上 where they are written."""
    assert read_share(written) == WrittenShare(part, of, more_than)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            "4/3",
            "0",
            "0%",
            "1/0",
            "-1/2",
            "2",
            "101%",
            "多数",
            "3分の4以上",
            "about half",
            "1/2 of cats",
        ),
        *("過半数くらい", "2/3以上1/2", "1/2" * 60, "以上", "nan", "1e2%"),
    ],
)
def test_what_is_no_share(written: str) -> None:
    """What is not wholly a share above 0 and at most 1 is none."""
    assert read_share(written) is None


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("1/2", Share(1, 2, "votes", True)),
        ("50%", Share(1, 2, "votes", True)),
        ("0.5", Share(1, 2, "votes", True)),
        ("2/4", Share(1, 2, "votes", True)),
        ("2分の1以上", Share(1, 2, "votes", False)),
        ("2/3", Share(2, 3, "votes", False)),
        ("3/4", Share(3, 4, "votes", False)),
        ("会員の過半数", Share(1, 2, "electorate", True)),
    ],
)
def test_a_bare_half_is_a_majority(written: str, share: Share) -> None:
    """One half alone means 過半数, more than half; every other share means at least so much."""
    read = read_share(written)
    assert read is not None
    assert read.share("votes") == share


MAJORITY, TWO_THIRDS = Share(1, 2, "votes", True), Share(2, 3, "votes", False)
HALF_OR_MORE, ALL = Share(1, 2, "votes", False), Share(1, 1, "votes", False)


@pytest.mark.parametrize(
    ("share", "count", "whole", "reached", "least"),
    [
        (MAJORITY, 0, 0, False, 1),
        (HALF_OR_MORE, 0, 0, False, 0),
        (TWO_THIRDS, 0, 0, False, 0),
        (MAJORITY, 2, 4, False, 3),
        (MAJORITY, 3, 4, True, 3),
        (MAJORITY, 2, 3, True, 2),
        (MAJORITY, 1, 2, False, 2),
        (MAJORITY, 1, 1, True, 1),
        (HALF_OR_MORE, 2, 4, True, 2),
        (HALF_OR_MORE, 1, 3, False, 2),
        (TWO_THIRDS, 2, 3, True, 2),
        (TWO_THIRDS, 4, 6, True, 4),
        (TWO_THIRDS, 6, 10, False, 7),
        (TWO_THIRDS, 7, 10, True, 7),
        (TWO_THIRDS, 666_666_666, 1_000_000_000, False, 666_666_667),
        (Share(2, 3, "votes", True), 2, 3, False, 3),
        (ALL, 4, 4, True, 4),
        (ALL, 3, 4, False, 4),
        (Share(33, 100, "votes", False), 1, 3, True, 1),
        (Share(333, 1000, "votes", False), 333, 1000, True, 333),
    ],
)
def test_nothing_is_rounded(share: Share, count: int, whole: int, reached: bool, least: int) -> None:
    """A share is reached exactly or not at all; of nobody, nothing is reached."""
    requirement = Requirement(share, count, whole)
    assert (requirement.reached, requirement.least) == (reached, least)
    assert requirement.needed == share.part * whole


def test_a_share_is_said_with_its_own_whole() -> None:
    """A share is said with its own whole."""
    assert share_words(Share(1, 2, "electorate", True)) == "会員総数の過半数"
    assert share_words(TWO_THIRDS) == "表決総数（棄権を含む）の3分の2以上"
    assert share_words(Share(1, 2, "present", False)) == "出席した会員（表決または委任）の2分の1以上"
    assert share_words(Share(2, 3, "yes_and_no", True)) == "賛成と反対の合計（棄権を除く）の3分の2を超える数"
    assert share_words(Share(1, 1, "electorate", False)) == "会員総数の全部"
    assert share_words(TWO_THIRDS, "en") == "at least 2/3 of the votes cast (abstentions included)"
    assert share_words(Share(1, 2, "electorate", True), "en") == "more than half of all members"
