"""The members in figures 会員状況."""

from __future__ import annotations

from mailbot.core.member_figures import Group, member_figures
from mailbot.core.register import Body

BODIES = (
    Body("202011", "長野市", "city", "長野県", 370_000),
    Body("203211", "軽井沢町", "town", "長野県", None),
    Body("131016", "千代田区", "ward", "東京都", 66_680),
    Body("000001", "連合会", "other", "", None),
    Body("012025", "函館市", "city", "北海道", 250_000),
)


def test_figures_by_kind() -> None:
    """In the order of kinds, those that there are, and the whole last."""
    groups = member_figures(BODIES, "kind")
    assert [(group.name, group.bodies, group.population) for group in groups] == [
        ("city", 2, 620_000),
        ("town", 1, 0),
        ("ward", 1, 66_680),
        ("other", 1, 0),
        ("", 5, 686_680),
    ]


def test_figures_by_prefecture() -> None:
    """From the north to the south, as their codes go, each by kind; bodies without one last before the whole."""
    groups = member_figures(BODIES, "prefecture")
    assert [group.name for group in groups] == ["北海道", "東京都", "長野県", "", ""]
    kinds = (("city", 1), ("town", 1), ("ward", 0), ("other", 0))
    assert groups[2] == Group("長野県", 2, kinds, 370_000)
    assert dict(groups[-1].by_kind) == {"city": 2, "town": 1, "ward": 1, "other": 1}


def test_an_empty_register_has_figures() -> None:
    """The whole is nothing."""
    assert member_figures((), "kind") == (Group("", 0, (), 0),)
