"""Which acts about which survey need two persons, and who the second may be (ballot.md section 14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mailbot.core.mail.address import address_key
from mailbot.core.surveys.survey import Survey

Act = Literal["open", "close", "extend", "admit", "publish", "destroy", "send"]  # the last: of a bulletin
ActState = Literal["waiting", "approved", "rejected", "expired"]
SurveyState = Literal["planned", "open", "closed"]

ACT_LASTS = timedelta(days=7)


@dataclass(frozen=True)
class Order:
    """What the office wants done: an act about a survey, or that a bulletin is sent.

    `detail`, by act: extend: `closes` (ISO); admit: `number` of the held mail, and `answers` if the office read them; or
    `code`, `answers` and `reason`, with `mail` and `received_at` where it was ordered by mail.
    """

    key: str  # of the survey or bulletin
    act: Act
    detail: Mapping[str, str]
    by: str  # an address, two of them, or COMMAND_LINE
    received_at: datetime | None = None  # when the mail came that orders it: a close counts from then on


@dataclass(frozen=True)
class Word:
    """What a second person says of an act: 承認, or 差戻し with a note."""

    approve: bool
    note: str
    by: str  # whose address is proved
    received_at: datetime  # when it came: a close counts from then on


@dataclass(frozen=True)
class OneIsEnough:
    """No rule asks for a second person."""


@dataclass(frozen=True)
class NobodyElse:
    """A second person is asked for, and the configuration names none: it is done at once, and that is written down."""


@dataclass(frozen=True)
class SecondNeeded:
    """One of these others must approve it."""

    of: tuple[str, ...]  # addresses


def persons_needed(
    survey: Survey, act: Act, people: Sequence[str], *, asked_by: str
) -> OneIsEnough | NobodyElse | SecondNeeded:
    """Say whether this act needs a second person. `people` are those who may act for the office."""
    if not _asks_for_two(survey, act):
        return OneIsEnough()
    of_survey = distinct(survey.approvers) if act == "open" else ()
    named = of_survey or distinct(people)
    if not of_survey and len(named) < 2:
        return NobodyElse()
    others = tuple(address for address in named if address_key(address) != address_key(asked_by))
    return SecondNeeded(others) if others else NobodyElse()


def opening_waits_for(
    survey: Survey, people: Sequence[str], *, approved: bool, sent_back: bool = False
) -> tuple[str, ...]:
    """Return whose 承認 the survey still waits for before it may open; empty: it may.

    `approved`, `sent_back`: what was last said about exactly this survey; a draft that was sent back does not open.
    """
    if approved:
        return ()
    if sent_back:
        return distinct(survey.approvers or people)
    match persons_needed(survey, "open", people, asked_by=""):
        case SecondNeeded(others):
            return others
        case _:
            return ()


def may_decide(survey: Survey, act: Act, people: Sequence[str], *, asked_by: str, address: str) -> bool:
    """Tell whether this address may approve an act, or send it back: it is one of those asked, never the asker."""
    named = (survey.approvers if act == "open" else ()) or people
    keys = {address_key(one) for one in named} - {address_key(asked_by)}
    return address_key(address) in keys


def out_of_place(act: Act, state: SurveyState, *, published: bool) -> bool:
    """Tell whether an act makes no sense for a survey in this state."""
    match act:
        case "open":
            return state != "planned"
        case "close" | "extend":
            return state != "open"
        case "publish":
            return state != "closed" or published
        case "destroy":
            return state != "closed"
        case "admit":
            return state == "planned"
        case "send":
            return True


def deciders(
    approvers: Sequence[str], people: Sequence[str], *, asked_by: str, office: str
) -> tuple[str, ...]:
    """Return who may approve a bulletin: one of its approvers, else of the office's people, never who asks.

    Where there is nobody else it is the asker, who then has looked at it twice.
    """
    named = distinct(approvers or people)
    others = tuple(one for one in named if address_key(one) != address_key(asked_by))
    return others or ((asked_by,) if "@" in asked_by else (office,))


def distinct(addresses: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses without repetition: two spellings of one mailbox are one person."""
    first: dict[str, str] = {}
    for address in addresses:
        first.setdefault(address_key(address), address)
    return tuple(first.values())


def _asks_for_two(survey: Survey, act: Act) -> bool:
    if survey.resolution is not None:
        return True
    if act == "open":
        return bool(survey.approvers)
    return act == "destroy" and survey.mode == "sealed"
