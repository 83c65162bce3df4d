"""Cross tables: who stands in which group, and the proof that the rows sum to the whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.members.register import Body, Kind
from mailbot.core.surveys.cross_table import (
    Elector,
    Unsummed,
    cross_tables,
    group_of,
    population_class,
    unsummed,
)
from mailbot.core.surveys.group_words import UNKNOWN, group_words
from mailbot.core.surveys.tally import Vote
from tests.mails.standard import STANDARD

BODIES = (
    Body("202011", "長野市", "city", "長野県", 370_000),
    Body("203211", "軽井沢町", "town", "長野県", 20_000),
    Body("010006", "北海道", "prefecture", "北海道", 5_000_000),
    Body("209999", "広域連合", "other", "長野県"),
    Body("999999", "無所属", "other", ""),
)
ELECTORS = [Elector(body, body.code in {"203211", "202011"}) for body in BODIES]
VOTES = [
    Vote("202011", {"Q1": ("2",), "Q2": ("1", "3")}),
    Vote("010006", {"Q1": ("1",)}),
    Vote("209999", {"Q1": None}),
]


def test_each_body_is_in_one_group_of_each_table() -> None:
    """The row その他・未分類 is always there; prefectures stand by code, bodies without one last."""
    tables = cross_tables(STANDARD, ELECTORS, VOTES)
    assert isinstance(tables, tuple)
    rows = {
        table.attribute: [(group.name, group.electorate, group.answered) for group in table.groups]
        for table in tables
    }
    assert rows["kind"] == [
        *(("city", 1, 1), ("town", 1, 0), ("village", 0, 0), ("ward", 0, 0)),
        *(("prefecture", 1, 1), ("other", 2, 1)),
    ]
    assert rows["prefecture"] == [("北海道", 1, 1), ("長野県", 3, 2), (UNKNOWN, 1, 0)]
    assert rows["population"] == [
        *(("0-", 1, 0), ("50000-", 0, 0), ("100000-", 0, 0), ("200000-", 1, 1), ("500000-", 1, 1)),
        (UNKNOWN, 2, 1),
    ]


def test_undeliverable_bodies_are_those_that_did_not_answer() -> None:
    """未達 is counted apart; a body that answered although a later mail came back is reached."""
    tables = cross_tables(STANDARD, ELECTORS, VOTES)
    assert isinstance(tables, tuple)
    assert [group.undeliverable for group in tables[0].groups] == [0, 1, 0, 0, 0, 0]


def test_counts_keep_base_and_not_asked_apart() -> None:
    """A question's base is who was asked it by its condition; 無回答 and 非該当 have columns of their own."""
    tables = cross_tables(STANDARD, ELECTORS, VOTES)
    assert isinstance(tables, tuple)
    nagano = tables[1].groups[1]
    assert nagano.counts["Q2"] == {"1": 1, "2": 0, "3": 1, "4": 0, "none": 0, "not_asked": 1}
    assert nagano.base("Q2") == 1
    assert nagano.counts["Q1"]["none"] == 1


@pytest.mark.parametrize(
    ("population", "name", "words"),
    [
        (None, UNKNOWN, "不明"),
        (0, "0-", "5万人未満"),
        (49_999, "0-", "5万人未満"),
        (50_000, "50000-", "5万人以上10万人未満"),
        (199_999, "100000-", "10万人以上20万人未満"),
        (200_000, "200000-", "20万人以上50万人未満"),
        (500_000, "500000-", "50万人以上"),
    ],
)
def test_population_classes(population: int | None, name: str, words: str) -> None:
    """The classes of municipal statistics: a bound belongs to the class above it."""
    assert population_class(population) == name
    assert group_words(name) == words


def test_a_kind_that_nobody_knows_is_unclassified() -> None:
    """691 cities, 466 towns and 94 villages are not 1,401 members: the rest has a row."""
    kind: Kind = "union"  # type: ignore[assignment]
    assert group_of("kind", replace(BODIES[0], kind=kind)) == "other"
    counts: tuple[tuple[Kind, int], ...] = (("city", 691), ("town", 466), ("village", 94), ("other", 150))
    electors = [Elector(Body(f"{kind}{n}", "", kind, "")) for kind, number in counts for n in range(number)]
    tables = cross_tables(STANDARD, electors, [])
    assert isinstance(tables, tuple)
    assert [sum(group.electorate for group in table.groups) for table in tables] == [1401] * 3
    assert (tables[0].groups[-1].name, tables[0].groups[-1].electorate) == ("other", 150)


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ([*VOTES, Vote("130001", {"Q1": ("1",)})], "種別ごとの回答の合計が 3 で、全体の 4 と合いません"),
        ([*VOTES, VOTES[0]], "「市」で回答が対象を上回っています"),
    ],
)
def test_what_does_not_sum_is_refused(votes: list[Vote], words: str) -> None:
    """A vote of nobody who was asked, or a second one of the same body, is no table but a sentence."""
    refused = cross_tables(STANDARD, ELECTORS, votes)
    assert isinstance(refused, Unsummed)
    assert words in refused.sentence
    assert "S26-014" in refused.sentence


def test_a_lost_figure_is_found() -> None:
    """Every column of every question is summed again."""
    tables = cross_tables(STANDARD, ELECTORS, VOTES)
    assert isinstance(tables, tuple)
    first, *others = tables[1].groups
    counts = {**first.counts, "Q1": {**first.counts["Q1"], "1": 0}}
    wrong = replace(tables[1], groups=(replace(first, counts=counts), *others))
    found = unsummed(STANDARD, (tables[0], wrong), len(ELECTORS), VOTES)
    assert found is not None
    assert "都道府県ごとの Q1 の 1 の合計が 0 で、全体の 1 と合いません" in found.sentence
