"""Whom a list, a survey or an event is for: a selector over the register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Partners = Literal["no", "yes", "only"]


@dataclass(frozen=True)
class Selector:
    """Which contacts are meant; every stated condition must hold, within one condition any value does.

    A selector with nothing stated selects nobody; `everyone` alone selects the whole register. Whoever `excluded`
    selects is left out, whatever else is stated. Bodies that have left, or have not joined yet, are in no audience;
    partner bodies only where `partners` says so, or where they are named by code or address.
    """

    everyone: bool = False
    kinds: tuple[str, ...] = ()  # city, town, village, ward, prefecture, other
    prefectures: tuple[str, ...] = ()  # 長野県 as the register has it
    population_min: int | None = None  # inclusive, persons
    population_max: int | None = None  # inclusive, persons
    tags: tuple[str, ...] = ()  # any of these tags on the contact
    codes: tuple[str, ...] = ()  # six-digit local-government codes
    lists: tuple[str, ...] = ()  # members of any of these lists
    attended: tuple[str, ...] = ()  # bodies that were at any of these events, as the office entered it
    emails: tuple[str, ...] = ()  # single addresses, added to whatever else is selected
    partners: Partners = "no"  # partner bodies too, or alone
    excluded: Selector | None = None  # `except:` in a file; has no exception of its own


NOBODY = Selector()


def lists_of(selector: Selector) -> tuple[str, ...]:
    """Return the lists that a selector leans on, those of its exception among them."""
    return selector.lists + (selector.excluded.lists if selector.excluded else ())


def emails_of(selector: Selector) -> tuple[str, ...]:
    """Return the single addresses that a selector states, those of its exception among them."""
    return selector.emails + (selector.excluded.emails if selector.excluded else ())


def asks_register(selector: Selector) -> bool:
    """Tell whether any contact may be meant for what the register says of him; if not, only stated addresses and lists count.

    An exception takes away only.
    """
    return (
        selector.everyone
        or selector.population_min is not None
        or selector.population_max is not None
        or selector.partners == "only"
        or bool(
            selector.kinds or selector.prefectures or selector.tags or selector.codes or selector.attended
        )
    )


def order_of(members: Mapping[str, Selector]) -> tuple[str, ...]:
    """Return the names of lists in an order in which each comes after those that it takes members from.

    Raises ValueError with the names of a circle: then nobody could say who belongs to any of them.
    """
    ordered: dict[str, None] = {}
    under_way: list[str] = []

    def place(name: str) -> None:
        if name in ordered or name not in members:
            return
        if name in under_way:
            raise ValueError(" > ".join([*under_way[under_way.index(name) :], name]))
        under_way.append(name)
        for other in lists_of(members[name]):
            place(other)
        under_way.pop()
        ordered[name] = None

    for name in members:
        place(name)
    return tuple(ordered)
