"""Whom a list, a survey or an event is for: a selector over the register (interface.md, "Definitions")."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Selector:
    """Which contacts are meant; every stated condition must hold, within one condition any value does.

    A selector with nothing stated selects nobody; `everyone` alone selects the whole register.
    """

    everyone: bool = False
    kinds: tuple[str, ...] = ()  # city, town, village, ward, prefecture, other
    prefectures: tuple[str, ...] = ()  # 長野県 as the register has it
    population_min: int | None = None  # inclusive, persons
    population_max: int | None = None  # inclusive, persons
    tags: tuple[str, ...] = ()  # any of these tags on the contact
    codes: tuple[str, ...] = ()  # six-digit local-government codes
    emails: tuple[str, ...] = ()  # single addresses, added to whatever else is selected


NOBODY = Selector()
