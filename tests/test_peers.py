"""docs/peers.md is true: every test that it names exists, and no row that is a must is missing."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = (TESTS.parent / "docs" / "peers.md").read_text(encoding="utf-8")
# The rows of the planning table, part 1, whose goal is a must.
MUSTS = {
    *(1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20),
    *(21, 22, 23, 24, 25, 26, 27, 28, 30),
    *(31, 32, 33, 34, 35, 36, 37, 38, 40, 41, 42, 43),
    *(44, 45, 46, 47, 48, 49, 50, 51, 52, 54, 55, 56, 58, 59, 60),
    *(61, 62, 63, 64, 65),
    *(68, 69, 70, 71, 72, 74, 78, 80),
    *(81, 82, 83, 84, 86, 87, 88),
    *(89, 90, 91, 92, 93),
    *(97, 98, 99, 101, 102, 103, 104, 105, 106, 110),
}
# The rows of the second planning table, sections 1.9 and 1.10, whose goal is a must.
SEMINAR_MUSTS = {*(f"9.{row}" for row in range(1, 12)), *(f"10.{row}" for row in range(1, 8))}


def rows() -> dict[str, str]:
    """Return what the table says in the last column, by row."""
    return {
        cells[0].strip(): cells[2]
        for line in TABLE.splitlines()
        if len(cells := line.strip("|").split("|")) == 3 and re.match(r"\s*[0-9]+(?:\.[0-9]+)?\s*$", cells[0])
    }


def test_no_must_is_missing() -> None:
    """Each row that is a must is shown, or it is said why not."""
    assert rows().keys() >= {str(row) for row in MUSTS} | SEMINAR_MUSTS
    silent = [
        row
        for row, said in rows().items()
        if "`" not in said and "not here" not in said and "not whole" not in said
    ]
    assert silent == []


def test_each_complaint_is_met() -> None:
    """The 25 complaints of other programs' users stand in the table, each with a test."""
    said = re.findall(r"^\| C([0-9]+) [^|]+\| [^|]*`\w", TABLE, re.MULTILINE)
    assert [int(number) for number in said] == [*range(1, 26)]


def test_every_named_test_exists() -> None:
    """A test that was renamed or taken out is found."""
    lines = [line for line in TABLE.splitlines() if line.startswith("|")]
    named = [one for line in lines for one in re.findall(r"`((?:\w+/)*test_\w+\.py(?:::\w+)?)`", line)]
    assert len(named) > 170
    missing = []
    for one in named:
        file, _, test = one.partition("::")
        path = TESTS / file
        if not path.is_file() or (test and f"def {test}(" not in path.read_text(encoding="utf-8")):
            missing.append(one)
    assert missing == []
