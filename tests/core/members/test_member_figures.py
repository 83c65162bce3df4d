"""The members in figures 会員状況."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mailbot.core.members.member_figures import MemberGroup, member_figures
from mailbot.core.members.register import Body

DAY = date(2027, 4, 1)
BODIES = (
    Body("202011", "長野市", "city", "長野県", 370_000),
    Body("203211", "軽井沢町", "town", "長野県", None),
    Body("131016", "千代田区", "ward", "東京都", 66_680),
    Body("000001", "連合会", "other", "", None),
    Body("012025", "函館市", "city", "北海道", 250_000),
)


def test_figures_by_kind() -> None:
    """In the order of kinds, those that there are, and the whole last."""
    groups = member_figures(BODIES, "kind", DAY)
    assert [(group.name, group.bodies, group.population) for group in groups] == [
        ("city", 2, 620_000),
        ("town", 1, 0),
        ("ward", 1, 66_680),
        ("other", 1, 0),
        ("", 5, 686_680),
    ]


def test_figures_by_prefecture() -> None:
    """From the north to the south, as their codes go, each by kind; bodies without one last before the whole."""
    groups = member_figures(BODIES, "prefecture", DAY)
    assert [group.name for group in groups] == ["北海道", "東京都", "長野県", "", ""]
    kinds = (("city", 1), ("town", 1), ("ward", 0), ("other", 0))
    assert groups[2] == MemberGroup("長野県", 2, 0, kinds, 370_000)
    assert dict(groups[-1].by_kind) == {"city": 2, "town": 1, "ward": 1, "other": 1}


def test_an_empty_register_has_figures() -> None:
    """The whole is nothing."""
    assert member_figures((), "kind", DAY) == (MemberGroup("", 0, 0, (), 0),)


def test_a_body_counts_while_it_belongs() -> None:
    """From its first day until the day on which it has left; partner bodies are counted apart."""
    city, town, *_ = BODIES
    merged = replace(city, joined=date(2026, 4, 1), left=date(2027, 4, 1), successor=town.code)
    partner = replace(town, category="partner")
    for day, bodies in (
        (date(2026, 3, 31), 0),
        (date(2026, 4, 1), 1),
        (date(2027, 3, 31), 1),
        (date(2027, 4, 1), 0),
    ):
        whole = member_figures([merged, partner], "kind", day)[-1]
        assert (whole.bodies, whole.partners) == (bodies, 1)
