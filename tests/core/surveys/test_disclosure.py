"""Small cells and their complements, tried by somebody who knows everything that is printed (ballot.md section 15)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from mailbot.core.members.register import Body, Kind
from mailbot.core.surveys import disclosure
from mailbot.core.surveys.cross_table import ATTRIBUTES, CrossTable, Elector, Group, cross_tables, group_of
from mailbot.core.surveys.disclosure import withheld
from mailbot.core.surveys.survey import Answers, Question, Survey
from mailbot.core.surveys.tally import NONE, NOT_ASKED, Vote, columns_of, counted_in
from tests.mails.standard import STANDARD

QUESTIONS = (
    Question("Q1", "利用", "single", ("している", "していない", "検討中")),
    Question("Q2", "理由", "multi", ("費用", "手続き", "その他"), when=(("Q1", ("2",)),)),
    Question("Q3", "賛否", "yesno"),
)
SURVEY = replace(STANDARD, questions=QUESTIONS)
KINDS: tuple[Kind, ...] = ("city", "town", "village")
PREFECTURES = ("長野県", "岐阜県", "山梨県")
Atom = tuple[str, ...]  # the groups of a body, one in each table
Variable = tuple[Atom, str, str]  # bodies of an atom, counted in a question's column
Cell = tuple[int, str, str, str]  # table, group, question, column
# The attacker reckons modulo a prime, three times as fast as with fractions. What he solves is the same, unless it divides
# a determinant of zeros and ones that he meets; it divides none of those with fewer than 37 rows, which are smaller.
PRIME = 2**61 - 1


def a_survey(dice: random.Random, bodies: int) -> tuple[Sequence[Elector], list[Vote]]:
    """Return an electorate and votes: some kinds and answers are rare, some bodies do not answer."""
    electors, votes = [], []
    rare = dice.choice([0.02, 0.1, 0.3])
    for number in range(bodies):
        body = Body(
            f"{number:06d}",
            f"第{number}市",
            dice.choices(KINDS, (10, 4, 1))[0],
            dice.choices(PREFECTURES, (8, 3, 1))[0],
            dice.choices((20_000, 70_000, None), (8, 3, 1))[0],
        )
        electors.append(Elector(body))
        if dice.random() < 0.85:
            first = dice.choices(("1", "2", "3", ""), (10, 5, 10 * rare, 10 * rare))[0]
            reasons = tuple(option for option in "123" if dice.random() < 0.4)
            third = dice.choices(("yes", "no", "abstain", None), (10, 4, 10 * rare, 5 * rare))[0]
            answers: Answers = {"Q1": (first,) if first else None, "Q2": reasons, "Q3": third}
            votes.append(Vote(body.code, answers))
    return electors, votes


def made(
    survey: Survey, electors: Sequence[Elector], votes: list[Vote]
) -> tuple[tuple[CrossTable, ...], tuple[CrossTable, ...]]:
    """Return the whole tables and the printed ones."""
    whole = cross_tables(survey, electors, votes)
    assert isinstance(whole, tuple)
    bodies = {elector.body.code: elector.body for elector in electors}
    return whole, withheld(survey, whole, bodies, votes, 5)


def unprotected(
    survey: Survey, electors: Sequence[Elector], votes: list[Vote]
) -> tuple[tuple[CrossTable, ...], tuple[CrossTable, ...]]:
    """Return the same without the figures that are withheld only to protect others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disclosure, "protect", lambda *_: None)
        return made(survey, electors, votes)


class Attacker:
    """Knows the register, who answered, the questions, the totals and every printed figure; solves for the rest."""

    def __init__(
        self,
        survey: Survey,
        electors: Sequence[Elector],
        votes: list[Vote],
        printed: Iterable[tuple[Cell, int]],
    ) -> None:
        bodies = {elector.body.code: elector.body for elector in electors}
        self.survey = survey
        self.sizes: dict[Atom, int] = {}
        totals: dict[tuple[str, str], int] = {}
        for vote in votes:
            assert vote.code is not None
            atom = tuple(group_of(attribute, bodies[vote.code]) for attribute in ATTRIBUTES)
            self.sizes[atom] = self.sizes.get(atom, 0) + 1
            for question in survey.questions:
                for column in counted_in(survey, question, vote.answers):
                    totals[question.id, column] = totals.get((question.id, column), 0) + 1
        self.low: dict[Variable, int] = {}
        self.high: dict[Variable, int] = {}
        self.equal: list[tuple[dict[Variable, int], int]] = []
        self._know_the_form()
        for question in survey.questions:
            for column in (*columns_of(question), NOT_ASKED):
                everywhere = {(atom, question.id, column): 1 for atom in self.sizes}
                self.equal.append((everywhere, totals.get((question.id, column), 0)))
        for cell, count in printed:
            self.equal.append((self.variables(cell), count))
        self._tighten()
        self._eliminate()

    def variables(self, cell: Cell) -> dict[Variable, int]:
        """Return what a cell sums."""
        place, group, question, column = cell
        return {(atom, question, column): 1 for atom in self.sizes if atom[place] == group}

    def determined(self, cell: Cell) -> bool:
        """Tell whether only one value of a cell fits everything that is known."""
        terms = self.variables(cell)
        if sum(self.low[each] for each in terms) == sum(self.high[each] for each in terms):
            return True
        return not self._reduced(self._unknown(terms))

    def _unknown(self, terms: Mapping[Variable, int]) -> dict[Variable, int]:
        return {each: weight for each, weight in terms.items() if self.low[each] != self.high[each]}

    def _know_the_form(self) -> None:
        for atom, size in self.sizes.items():
            for question in self.survey.questions:
                for column in (*columns_of(question), NOT_ASKED):
                    self.low[atom, question.id, column] = 0
                    self.high[atom, question.id, column] = size if column != NOT_ASKED or question.when else 0
                if question.type != "multi":
                    one = {(atom, question.id, column): 1 for column in (*columns_of(question), NOT_ASKED)}
                    self.equal.append((one, size))
                for other, numbers in question.when:
                    asked = {(atom, other, number): 1 for number in numbers}
                    self.equal.append(({**asked, (atom, question.id, NOT_ASKED): 1}, size))

    def _tighten(self) -> None:
        """Narrow the bounds by every sum until nothing moves."""
        moved = True
        while moved:
            moved = False
            for terms, total in self.equal:
                least = sum(self.low[each] for each in terms)
                most = sum(self.high[each] for each in terms)
                for each in terms:
                    low = max(self.low[each], total - (most - self.high[each]))
                    high = min(self.high[each], total - (least - self.low[each]))
                    if (low, high) != (self.low[each], self.high[each]):
                        assert low <= high, "the printed figures contradict each other"
                        least += low - self.low[each]
                        most += high - self.high[each]
                        self.low[each], self.high[each] = low, high
                        moved = True

    def _eliminate(self) -> None:
        """Bring the sums of what is still unknown into a form in which each has a leading variable of its own."""
        self.leading: dict[Variable, dict[Variable, int]] = {}
        for terms, _ in self.equal:
            row = self._reduced(self._unknown(terms))
            if row:
                lead = next(iter(row))
                inverse = pow(row[lead], -1, PRIME)
                self.leading[lead] = {each: weight * inverse % PRIME for each, weight in row.items()}

    def _reduced(self, row: Mapping[Variable, int]) -> dict[Variable, int]:
        left = dict(row)
        while lead := next((each for each in left if each in self.leading), None):
            factor = left[lead]
            for each, weight in self.leading[lead].items():
                left[each] = (left.get(each, 0) - factor * weight) % PRIME
                if not left[each]:
                    del left[each]
        return left


def cells(tables: Sequence[CrossTable]) -> dict[Cell, int | None]:
    """Return every figure of the tables; None is withheld."""
    return {
        (place, group.name, question, column): count
        for place, table in enumerate(tables)
        for group in table.groups
        for question, counts in group.counts.items()
        for column, count in counts.items()
    }


def no_answer(whole: Sequence[CrossTable], cell: Cell) -> bool:
    """Tell whether a figure is 無回答 or 非該当 of fewer than five: left out with the rest, but no answer to protect."""
    place, name, question, column = cell
    group = next(group for group in whole[place].groups if group.name == name)
    return column in {NONE, NOT_ASKED} and (group.answered < 5 or 0 < (group.base(question) or 0) < 5)


def found_out(
    electors: Sequence[Elector],
    votes: list[Vote],
    tables: tuple[Sequence[CrossTable], Sequence[CrossTable]],
    survey: Survey = SURVEY,
) -> list[Cell]:
    """Return the withheld figures that follow from the printed ones, but not already from the totals."""
    whole, printed = tables
    shown = cells(printed)
    attacker = Attacker(
        survey, electors, votes, [(cell, count) for cell, count in shown.items() if count is not None]
    )
    hidden = [cell for cell, count in shown.items() if count is None and not no_answer(whole, cell)]
    known = [cell for cell in hidden if attacker.determined(cell)]
    if not known:
        return []
    ignorant = Attacker(survey, electors, votes, [])
    return [cell for cell in known if not ignorant.determined(cell)]


@pytest.mark.parametrize("seed", range(40))
def test_no_withheld_figure_follows_from_what_is_printed(seed: int) -> None:
    """With the three tables, the totals, the register and the form, nobody can compute a figure that is withheld."""
    dice = random.Random(seed)
    electors, votes = a_survey(dice, dice.choice([12, 25, 40, 80, 150]))
    whole, printed = made(SURVEY, electors, votes)
    assert found_out(electors, votes, (whole, printed)) == []
    true = cells(whole)
    assert all(count in {None, true[cell]} for cell, count in cells(printed).items())


@pytest.mark.parametrize("seed", range(40))
def test_no_answer_of_a_small_group_is_told(seed: int) -> None:
    """Nobody learns what a body chose that stands in a row of fewer than five, or of one answer."""
    dice = random.Random(1000 + seed)
    electors, votes = a_survey(dice, dice.choice([25, 60, 120]))
    whole, printed = made(SURVEY, electors, votes)
    shown = cells(printed)
    attacker = Attacker(SURVEY, electors, votes, [(cell, n) for cell, n in shown.items() if n is not None])
    ignorant = Attacker(SURVEY, electors, votes, [])
    told = [
        (place, group.name, atom, question, column)
        for place, table in enumerate(whole)
        for group in table.groups
        for (atom, question, column), low in attacker.low.items()
        if atom[place] == group.name
        and 0 < low == attacker.high[atom, question, column]
        and ignorant.low[atom, question, column] < low
        and column not in {NONE, NOT_ASKED}
        and (group.answered < 5 or one_answer(group, question))
    ]
    assert told == []


def one_answer(group: Group, question: str) -> bool:
    """Tell whether all of a row who answered a question gave the same answer."""
    counts = group.counts[question]
    answering = group.answered - (counts[NOT_ASKED] or 0) - (counts[NONE] or 0)
    return answering in {count for column, count in counts.items() if column not in {NONE, NOT_ASKED}}


def test_the_attacker_is_a_real_one() -> None:
    """Without the complements he finds withheld figures in most surveys: the test above can fail."""
    beaten = 0
    for seed in range(20):
        electors, votes = a_survey(random.Random(seed), 60)
        beaten += bool(found_out(electors, votes, unprotected(SURVEY, electors, votes)))
    assert beaten >= 15


MEMBERS: tuple[tuple[Kind, int, Sequence[int | None]], ...] = (
    ("city", 691, (30_000, 40_000, 60_000, 70_000, 150_000, 180_000, 300_000, 700_000)),
    ("town", 466, (5_000, 9_000, 15_000, 20_000, 30_000, 60_000)),
    ("village", 94, (900, 4_000)),
    ("ward", 23, (70_000, 150_000, 250_000, 350_000, 700_000)),
    ("prefecture", 47, (800_000, 2_000_000)),
    ("other", 80, (None, None, None, 30_000)),
)
ASSOCIATION = replace(
    STANDARD,
    questions=(
        Question("Q1", "利用", "single", ("している", "していない", "検討中")),
        Question("Q2", "費用", "single", ("足りる", "足りない", "不明")),
    ),
)


def an_association(dice: random.Random, rate: float) -> tuple[list[Elector], list[Vote]]:
    """Return 1,401 bodies in 47 prefectures, wards in one of them, and the votes of so many."""
    bodies = [
        Body(
            f"{number:02d}{kind}{at}",
            f"{kind}{at}",
            kind,
            f"第{13 if kind == 'ward' else at % 47 + 1 if kind == 'prefecture' else dice.randint(1, 47)}県",
            dice.choice(populations),
        )
        for number, (kind, many, populations) in enumerate(MEMBERS)
        for at in range(many)
    ]
    votes = [
        Vote(
            body.code,
            {
                question: (answer,) if (answer := dice.choices(("1", "2", "3", ""), weights)[0]) else None
                for question, weights in (("Q1", (45, 33, 21, 1)), ("Q2", (34, 33, 32, 1)))
            },
        )
        for body in bodies
        if dice.random() < rate
    ]
    return [Elector(body) for body in bodies], votes


def shares(whole: CrossTable, printed: CrossTable) -> tuple[float, float]:
    """Return how much of a table is printed: of the answers counted in it, and of its figures from five on."""
    pairs = [
        (counted.counts[question.id][column] or 0, shown.counts[question.id][column] is not None)
        for counted, shown in zip(whole.groups, printed.groups, strict=True)
        for question in ASSOCIATION.questions
        for column in ("1", "2", "3")
    ]
    large = [shown for count, shown in pairs if count >= 5]
    return sum(count * shown for count, shown in pairs) / sum(count for count, _ in pairs), sum(large) / len(
        large
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rate", [0.2, 0.45, 0.9])
def test_what_an_association_publishes_is_printed(rate: float, seed: int) -> None:
    """Of 1,401 members the rows 市 and 町 are printed whole; at 45 % response nearly all of kinds and classes is."""
    electors, votes = an_association(random.Random(seed), rate)
    whole, printed = made(ASSOCIATION, electors, votes)
    for group in printed[0].groups[:2]:
        assert None not in [count for counts in group.counts.values() for count in counts.values()]
    by_kind, by_class = shares(whole[0], printed[0]), shares(whole[2], printed[2])
    if rate >= 0.45:
        assert by_kind[0] >= 0.9
        assert by_class[0] >= 0.8
        assert by_kind[1] >= 0.75
        assert by_class[1] >= 0.75
    assert found_out(electors, votes, (whole, printed), ASSOCIATION) == []
    bare = unprotected(ASSOCIATION, electors, votes)
    assert found_out(electors, votes, bare, ASSOCIATION) != []


def test_later_tables_pay_for_earlier_ones() -> None:
    """By kind, by population, by prefecture: what is printed by kind does not depend on what the others need."""
    electors, votes = an_association(random.Random(7), 0.3)
    whole, printed = made(ASSOCIATION, electors, votes)
    bodies = {elector.body.code: elector.body for elector in electors}
    alone = withheld(ASSOCIATION, whole[:1], bodies, votes, 5)
    both = withheld(ASSOCIATION, (whole[0], whole[2]), bodies, votes, 5)
    assert alone[0] == printed[0]
    assert both == (printed[0], printed[2])


def electorate(*groups: tuple[Kind, str, int]) -> list[Elector]:
    """Return so many bodies of each kind and prefecture."""
    wanted = [(kind, prefecture) for kind, prefecture, number in groups for _ in range(number)]
    return [
        Elector(Body(f"{at:06d}", f"{at}", kind, prefecture, 9))
        for at, (kind, prefecture) in enumerate(wanted)
    ]


ONE = replace(STANDARD, questions=(Question("Q1", "利用", "single", ("はい", "いいえ")),))


def answering(electors: Sequence[Elector], chosen: Sequence[str]) -> list[Vote]:
    """Return a vote of each elector."""
    return [
        Vote(elector.body.code, {"Q1": (choice,)}) for elector, choice in zip(electors, chosen, strict=True)
    ]


def test_a_group_of_four_is_withheld_and_one_of_five_is_printed() -> None:
    """Five is the least (ballot.md section 2); how many answered is printed for every group."""
    electors = electorate(("city", "長野県", 20), ("town", "長野県", 10), ("village", "長野県", 4))
    _, printed = made(ONE, electors, answering(electors, "12" * 17))
    by_kind = {group.name: group for group in printed[0].groups}
    assert by_kind["village"].answered == 4
    assert set(by_kind["village"].counts["Q1"].values()) == {None}
    electors = electorate(("city", "長野県", 20), ("town", "長野県", 10), ("village", "長野県", 10))
    _, printed = made(ONE, electors, answering(electors, "12" * 20))
    assert {group.name: group for group in printed[0].groups}["village"].counts["Q1"]["1"] == 5


def test_what_a_whole_group_answered_is_withheld() -> None:
    """Of a group of any size that gave one answer, the count would tell each body's."""
    electors = electorate(("city", "長野県", 20), ("town", "長野県", 10), ("village", "長野県", 10))
    _, printed = made(ONE, electors, answering(electors, "12" * 15 + "1" * 10))
    assert {group.name: group for group in printed[0].groups}["village"].counts["Q1"]["1"] is None


def test_the_difference_of_two_tables_betrays_nothing() -> None:
    """A prefecture that is one kind but for one body: the two tables together would tell that body's answer."""
    electors = electorate(("town", "長野県", 12), ("city", "長野県", 1), ("city", "岐阜県", 30))
    votes = answering(electors, "1" * 6 + "2" * 6 + "1" + "12" * 15)
    _, printed = made(ONE, electors, votes)
    shown = cells(printed)
    attacker = Attacker(ONE, electors, votes, [(cell, n) for cell, n in shown.items() if n is not None])
    theirs = (("city", "長野県", "0-"), "Q1", "1")
    assert attacker.low[theirs] < attacker.high[theirs]


def test_what_the_totals_tell_is_printed() -> None:
    """Nobody chose it, everybody chose it, or the group is all who answered: to withhold it would be for nothing."""
    electors = electorate(("city", "長野県", 8), ("village", "長野県", 6))
    _, printed = made(ONE, electors, answering(electors, "1" * 14))
    assert None not in cells(printed).values()
    electors = electorate(("village", "長野県", 6))
    _, printed = made(ONE, electors, answering(electors, "112222"))
    assert None not in cells(printed).values()


def test_fewer_than_five_are_withheld_even_where_the_totals_tell() -> None:
    """The promise is about groups: a group of four is not broken down, though it be all who answered."""
    electors = electorate(("village", "長野県", 4))
    _, printed = made(ONE, electors, answering(electors, "1122"))
    village = printed[0].groups[2]
    assert set(village.counts["Q1"].values()) == {None}


def test_a_survey_with_names_withholds_nothing() -> None:
    """記名: everybody may see everybody's answers."""
    electors, votes = a_survey(random.Random(1), 30)
    whole = cross_tables(SURVEY, electors, votes)
    assert isinstance(whole, tuple)
    assert withheld(SURVEY, whole, {}, votes, 1) == whole
    assert NONE in whole[0].groups[0].counts["Q1"]
