"""A proxy in words of one's own: to whom, or nobody plainly."""

from __future__ import annotations

import pytest

from mailbot.core.events.proxy_words import proxy_said, speaks_of_proxy, words_in_slots


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("委任 議長", "議長"),
        ("委任　松本市", "松本市"),
        ("欠席します。\n委任 議長", "議長"),
        ("欠席します。議長に委任します。", "議長"),
        ("欠席します。長野市に委任します。", "長野市"),
        ("都合により欠席しますので、議長に委任いたします。", "議長"),
        ("欠席（議長一任）", "議長"),
        ("欠席（議長に委任）", "議長"),
        ("欠席、議長委任でお願いします。", "議長"),
        ("欠席につき議長一任とします。", "議長"),
        ("欠席いたします。議決権は議長に一任させていただきます。", "議長"),
        ("つきましては長野市様に議決権の行使を委任いたします。", "長野市"),
        ("委任先：長野市", "長野市"),
        ("欠席します。受任者は長野市です。", "長野市"),
        ("議長へ委任", "議長"),
        ("私は出席できませんので、議長に一切の権限を委任します。", "議長"),
        ("欠席します。当日の議決については議長に委任いたします。", "議長"),
        ("当日は議会のため欠席いたします。\n議決については議長に一任いたします。", "議長"),
        ("委任状\n私は、長野市を代理人と定め、第2回役員会における議決権の行使を委任いたします。", "長野市"),
        ("１　出欠：欠席\n２　委任先：議長", "議長"),
        ("□出席　■欠席\n■議長に委任する　□委任しない", "議長"),
    ],
)
def test_the_vote_is_given_to_who_is_named(text: str, to: str) -> None:
    """Alone on its line, as a sentence behind the absence, or in brackets."""
    assert proxy_said(text.splitlines()) == to


@pytest.mark.parametrize(
    "text",
    [
        "欠席します。委任状を提出します。",
        "欠席（委任）",
        "欠席します。委任状は後日郵送します。",
        "欠席の場合は議長一任とします。",
        "欠席します。採決は議長に、その他は長野市に委任します。",
        "欠席します。議長に委任します。長野市に委任します。",
    ],
)
def test_a_proxy_that_names_nobody_is_asked_about(text: str) -> None:
    """Nothing is guessed, and nothing is passed over."""
    assert proxy_said(text.splitlines()) is None
    assert speaks_of_proxy(text.splitlines(), "ja")


@pytest.mark.parametrize(
    "text",
    [
        "欠席します。",
        "欠席します。委任はいたしません。",
        "■欠席　□出席\n□議長に委任する　■委任しない",
        "欠席します。委任状の提出はありません。",
        "出席します。委任なし",
        "【委任】　ご欠席のときは、このメールへの返信の先頭に",
    ],
)
def test_no_proxy_is_no_proxy(text: str) -> None:
    """Who says that he gives none is not asked."""
    assert proxy_said(text.splitlines()) is None
    assert not speaks_of_proxy(text.splitlines(), "ja")


def test_a_proxy_in_a_slot() -> None:
    """A slot that he filled says it; the one that our own receipt printed does not."""
    slot = "> 【Q2回答】[ 議長に委任 ]"
    assert words_in_slots(f"\n{slot}\n> 【Q1回答】[ 2 ]", "") == ("議長に委任",)
    assert words_in_slots(slot, slot.removeprefix("> ")) == ()


def test_who_comes_himself_gives_no_vote_in_passing() -> None:
    """A sentence beside his attendance is left to the office; a line of its own counts, as it always did."""
    assert proxy_said(["出席します。途中退席後は議長に委任します。"]) is None
    assert proxy_said(["出席します。議長に委任します。"]) is None
    assert proxy_said(["議長に委任します"]) == "議長"
