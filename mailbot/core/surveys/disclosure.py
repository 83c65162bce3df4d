"""Small cells are withheld, and others beside them, so that no withheld figure follows from what is printed.

The promise to members is 「5団体未満の区分は伏せます」 (ballot.md sections 2 and 15). Three tables of the same votes stand
side by side, and everybody can look up which body belongs to which of their rows. So it is not enough to look at one
table's sums: here a figure counts as hidden only when there is an exchange, two bodies or two pairs of them whose
answers could be swapped so that the figure differs while everything printed stays as it is. Whoever knows the tables,
the totals, the register, who answered and how the questions depend on each other cannot tell the two worlds apart.

The tables are decided one after the other: by kind, then by population, then by prefecture. Each is made safe
together with those before it, and what this takes is withheld in the newest; an older one, which readers need more,
loses a figure only where nothing else would help. Of several exchanges the one is taken that costs readers least:
figures of small rows, which mostly are withheld anyway, protect each other before those of large rows are touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mailbot.core.members.register import Body
from mailbot.core.surveys.cross_table import Attribute, CrossTable, Group, group_of
from mailbot.core.surveys.exchange import Hidden, protect
from mailbot.core.surveys.small_figures import (
    Difference,
    Respondent,
    Shape,
    differences_of,
    few_columns,
    shape_of,
    sheet_of,
    small_figures,
)
from mailbot.core.surveys.survey import Mode, Survey
from mailbot.core.surveys.tally import Vote, counted_in

SMALLEST_GROUP: Mapping[Mode, int] = {"named": 1, "aggregate": 5, "sealed": 5}  # bodies that may be printed
_ORDER: tuple[Attribute, ...] = ("kind", "population", "prefecture")  # in which the tables are decided


def withheld(
    survey: Survey,
    tables: Sequence[CrossTable],
    bodies: Mapping[str, Body],
    votes: Sequence[Vote],
    smallest: int,
) -> tuple[CrossTable, ...]:
    """Return the tables with None for each figure that may not be printed.

    These are withheld:

    * all answers of a group in which fewer than `smallest` bodies answered, or to a question that fewer were asked;
    * every count above 0 that is smaller;
    * an answer that everybody in a group gave, since it tells what each one answered;
    * whatever else one of these would follow from.

    How many bodies a group has, and how many of them answered, is printed: it is no answer. In groups that are large
    enough, what the totals say by themselves is printed too: that nobody, or everybody, chose something. 無回答 and 非該当 of
    a small group go with the rest, but nothing is withheld to protect them.
    """
    if smallest <= 1:
        return tuple(tables)
    shape = shape_of(survey)
    ordered = sorted(tables, key=lambda table: _ORDER.index(table.attribute))
    sheets = [sheet_of(table, shape, len(votes)) for table in ordered]
    hidden = Hidden(sheets, shape.silent)
    people = _people(survey, ordered, bodies, votes, shape)
    differences: list[Difference] = []
    for newest, sheet in enumerate(sheets):
        for row, column in small_figures(sheet, shape, smallest):
            hidden.rows[newest][row] |= column
        differences += differences_of(people, newest, [len(each.rows) for each in sheets], smallest)
        for cluster in shape.clusters:
            protect(hidden, people, differences, shape, cluster, newest, smallest)
    printed = {}
    for table, sheet, rows in zip(ordered, sheets, hidden.rows, strict=True):
        groups = (
            _printed(group, shape, columns | few_columns(row, shape, smallest))
            for group, row, columns in zip(table.groups, sheet.rows, rows, strict=True)
        )
        printed[table.attribute] = replace(table, groups=tuple(groups))
    return tuple(printed[table.attribute] for table in tables)


def _people(
    survey: Survey,
    tables: Sequence[CrossTable],
    bodies: Mapping[str, Body],
    votes: Sequence[Vote],
    shape: Shape,
) -> list[Respondent]:
    """Return where each who answered stands in the tables, and what he answered."""
    places = [{group.name: at for at, group in enumerate(table.groups)} for table in tables]
    rows: dict[str, tuple[int, ...]] = {}
    people = []
    for vote in votes:
        assert vote.code is not None
        if vote.code not in rows:
            body = bodies[vote.code]
            rows[vote.code] = tuple(
                places[at][group_of(table.attribute, body)] for at, table in enumerate(tables)
            )
        columns = sum(
            shape.columns[question.id, column]
            for question in survey.questions
            for column in counted_in(survey, question, vote.answers)
        )
        people.append(Respondent(rows[vote.code], columns))
    return people


def _printed(group: Group, shape: Shape, hidden: int) -> Group:
    """Return a row without the figures of the hidden columns."""
    return replace(
        group,
        counts={
            question: {
                column: None if hidden & shape.columns[question, column] else count
                for column, count in counts.items()
            }
            for question, counts in group.counts.items()
        },
    )
