"""The register that the demo and the benchmarks invent: as large as wanted, valid, and the same each time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mailbot.core.members.register import KINDS, full_code
from mailbot.demo.demo_register import MOST_BODIES, make_register
from mailbot.formats.register_file import read_register, write_register


def test_the_association() -> None:
    """1,401 members are 691 cities, 466 towns, 94 villages and 150 of the other kinds."""
    kinds = Counter(body.kind for body, _ in make_register(1401))
    assert set(kinds) == set(KINDS)
    assert (kinds["city"], kinds["town"], kinds["village"]) == (691, 466, 94)
    assert kinds["ward"] + kinds["prefecture"] + kinds["other"] == 150


def test_groups_within() -> None:
    """120 contacts have the tag of the closed list, 8 are officers."""
    tags = Counter(tag for _, contact in make_register(1401) for tag in contact.tags)
    assert tags == {"security": 120, "officer": 8}


@pytest.mark.parametrize("members", [1, 10, 120, 1401, 14_010])
def test_each_member_is_a_body_of_its_own(members: int) -> None:
    """Codes are valid and unique, and so are addresses."""
    register = make_register(members)
    assert len(register) == members
    assert len({body.code for body, _ in register}) == members
    assert len({contact.email for _, contact in register}) == members
    assert all(full_code(body.code) == body.code == contact.code for body, contact in register)
    assert {contact.rank for _, contact in register} == {1}


def test_beyond_the_codes_bodies_get_deputies() -> None:
    """More members than codes are further contacts of the same bodies."""
    register = make_register(MOST_BODIES + 100)
    assert len({body.code for body, _ in register}) == MOST_BODIES
    assert Counter(contact.rank for _, contact in register) == {1: MOST_BODIES, 2: 100}
    assert len({contact.email for _, contact in register}) == len(register)


def test_always_the_same() -> None:
    """The same number gives the same register."""
    assert make_register(300) == make_register(300)


def test_names_differ() -> None:
    """No two of the association's cities have the same name."""
    names = [body.name for body, _ in make_register(1401) if body.kind == "city"]
    assert len(set(names)) == len(names)


def test_import_takes_it(tmp_path: Path) -> None:
    """Written as CSV it is read back without a mistake, the same."""
    register = make_register(1401)
    file = tmp_path / "register.csv"
    file.write_text(write_register(register), encoding="utf-8", newline="")
    read = read_register(file, lambda _: False)
    assert [(row.body, row.contact) for row in read.rows] == register
