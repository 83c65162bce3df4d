"""Whom the line at the top of a post names: read whole, or a fault, and never everybody by mistake."""

from __future__ import annotations

import pytest

from mailbot.core.lists.target import Fault, read_target
from mailbot.core.members.audience import Selector
from tests.drawing import given, st


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("宛先: 都道府県=長野,新潟", Selector(prefectures=("長野県", "新潟県"))),
        ("宛先：都道府県＝長野県、東京　種別＝市", Selector(kinds=("city",), prefectures=("長野県", "東京都"))),
        ("to: prefecture=北海道 kind=town,village", Selector(kinds=("town", "village"), prefectures=("北海道",))),
        ("あて先: 人口=5万以上", Selector(population_min=50_000)),
        ("宛先: 人口=10万未満", Selector(population_max=99_999)),
        ("宛先: 人口=50000-100000", Selector(population_min=50_000, population_max=100_000)),
        ("宛先: 団体=202011,20202", Selector(codes=("202011", "202029"))),
        ("宛先: タグ=security 除く タグ=officer", Selector(tags=("security",), excluded=Selector(tags=("officer",)))),
        ("宛先: 除く リスト=security", Selector(everyone=True, excluded=Selector(lists=("security",)))),
        ("\n　\n宛先: 種別=市\n皆様へ", Selector(kinds=("city",))),
    ],
)  # fmt: skip
def test_what_it_names(line: str, expected: Selector) -> None:
    """The same conditions as in a definition, in the words of a secretariat."""
    assert read_target(line) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "宛先: 各位",
        "皆様\n宛先: 種別=市",
        "会議の宛先: 種別=市",
        "To: everybody",
        "to: x = y",
        "> 宛先: 種別=市",
        "宛先 種別=市",
    ],
)
def test_what_is_no_such_line(text: str) -> None:
    """A courtesy, a quotation, or a line further down names nobody."""
    assert read_target(text) is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("宛先: 都道府県=信州", "value"),
        ("宛先: 都道府県=長野,信州", "value"),
        ("宛先: 種別=市 町", "key"),
        ("宛先: 県名=長野", "key"),
        ("宛先: 種別=", "value"),
        ("宛先: 種別=市 除く", "value"),
        ("宛先: 団体=202012", "value"),
        ("宛先: 人口=多い", "value"),
        ("宛先: 人口=10万-5万", "value"),
        ("宛先: 種別=" + "市," * 200, "long"),
    ],
)
def test_what_cannot_be_read_is_a_fault(line: str, fault: Fault) -> None:
    """It is never taken as a post to everybody."""
    assert read_target(line) == fault


@given(st.text(alphabet="宛先:=都道府県長野種別市除く,、 \n人口5万以上-a", max_size=80))
def test_whatever_stands_there(text: str) -> None:
    """Nothing raises, and nothing that is read selects nobody."""
    found = read_target(text)
    assert found != Selector()
