"""What `mailbot members` shows of the register."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailbot.core.mistake import Mistakes
from mailbot.folder.new_folder import make_folder
from tests.cli.test_folder_commands import run

REGISTER = """code,body,kind,prefecture,population,name,email
13101,千代田区,ward,東京都,66000,山田太郎,yamada@city.chiyoda.example.jp
13000,東京都,prefecture,東京都,14000000,佐藤花子,sato@metro.tokyo.example.jp
"""


def filled(tmp_path: Path, register: str = REGISTER) -> Path:
    """Return a working folder with this register."""
    folder, file = tmp_path / "site", tmp_path / "members.csv"
    make_folder(folder, bytes(32))
    file.write_text(register, encoding="utf-8")
    run(folder, "members", "import", str(file))
    return folder


def test_figures_by_prefecture_name_it_where_it_is_a_member_itself(tmp_path: Path) -> None:
    """A prefecture among the members is counted beside the towns, and does not take the place of the row's name."""
    folder = filled(tmp_path)
    tokyo, whole = json.loads(run(folder, "members", "figures", "--by", "prefecture", "--json"))
    assert (tokyo["prefecture"], tokyo["ward"], tokyo["prefectures"], tokyo["bodies"]) == ("東京都", 1, 1, 2)
    assert whole["prefecture"] == "whole"


def test_the_register_is_handed_out_for_programs_too(tmp_path: Path) -> None:
    """One row for each contact, with the columns that `members import` reads."""
    folder = filled(tmp_path)
    metropolis, ward = json.loads(run(folder, "members", "export", "--json"))
    assert (metropolis["code"], metropolis["kind"]) == ("130001", "prefecture")
    assert (ward["email"], ward["population"], ward["rank"]) == ("yamada@city.chiyoda.example.jp", 66000, 1)
    run(folder, "members", "export", "--json", "--to", str(tmp_path / "members.json"))
    assert json.loads((tmp_path / "members.json").read_text(encoding="utf-8")) == [metropolis, ward]


def test_a_japanese_domain_name_is_kept_as_mail_carries_it(tmp_path: Path) -> None:
    """RFC 5890: what people write as 例え.jp is xn--r8jz45g.jp in the dialogue; a Japanese local part is refused."""
    folder = filled(tmp_path, REGISTER.replace("city.chiyoda.example.jp", "例え.example.jp"))
    for code in ("13101", "１３１０１６"):
        assert "yamada@xn--r8jz45g.example.jp" in run(folder, "members", "show", code)
    file = tmp_path / "members.csv"
    run(folder, "members", "import", str(file))  # once more: it is the same person
    file.write_text(REGISTER.replace("sato@", "佐藤@"), encoding="utf-8")
    with pytest.raises(
        Mistakes, match=r":3:7 email: .* is not a mail address such as sato@city\.example\.jp"
    ):
        run(folder, "members", "import", str(file))
