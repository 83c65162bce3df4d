"""The association's members in figures 会員状況: how many bodies, by kind and prefecture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from mailbot.core.members.register import KINDS, PREFECTURES, Body, belongs

Grouping = Literal["kind", "prefecture"]


@dataclass(frozen=True)
class MemberGroup:
    """The bodies of one kind or prefecture; "" for the whole."""

    name: str
    bodies: int  # regular members
    partners: int
    by_kind: tuple[tuple[str, int], ...]  # regular members; only kinds that have any in the whole
    population: int  # persons, of the regular members that have a number


def member_figures(bodies: Iterable[Body], grouping: Grouping, day: date) -> tuple[MemberGroup, ...]:
    """Return each group in the order of kinds, or of the codes of prefectures (JIS X 0401), and the whole last.

    Only bodies that belong on the `day` are counted, partner bodies apart.
    """
    present = [body for body in bodies if belongs(body, day)]
    kinds = [kind for kind in KINDS if any(body.kind == kind for body in present)]
    if grouping == "kind":
        parts = {kind: [body for body in present if body.kind == kind] for kind in kinds}
    else:
        names = {body.prefecture for body in present}
        known = [name for name in PREFECTURES if name in names]
        parts = {
            name: [body for body in present if body.prefecture == name]
            for name in (*known, *sorted(names.difference(PREFECTURES)))
        }
    return (*(_group(name, part, kinds) for name, part in parts.items()), _group("", present, kinds))


def _group(name: str, part: Sequence[Body], kinds: Sequence[str]) -> MemberGroup:
    regular = [body for body in part if body.category == "regular"]
    return MemberGroup(
        name,
        len(regular),
        len(part) - len(regular),
        tuple((kind, sum(body.kind == kind for body in regular)) for kind in kinds),
        sum(body.population or 0 for body in regular),
    )
