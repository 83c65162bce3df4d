"""What clients change in transit is equal once it is folded, and nothing else is."""

from __future__ import annotations

import pytest

from mailbot.core.mail.fold import fold
from tests.drawing import given, st


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("【Q１回答】［　　］", "[Q1回答][  ]"),
        ("9時〜17時", "9時～17時"),
        ("1−3", "1－3"),
        ("1ー3", "1-3"),
        ("A—B―C–D‐E", "A-B-C-D-E"),
        ("a‖b", "a∥b"),
        ("○", "〇"),
        ("◯", "⭕\ufe0f"),
        ("\ufeff賛\u200b成\u00a0です", "賛成 です"),
        ("か\u3099", "が"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("〔その他〕", "[その他]"),
        ("¥100", "\\100"),
    ],
)
def test_fold_makes_equal_what_clients_change(one: str, other: str) -> None:
    """A ballot that was quoted through another charset folds to the same text."""
    assert fold(one) == fold(other)


def test_fold_keeps_what_differs() -> None:
    """The long mark of a word is no dash, and options that differ stay different."""
    assert fold("サーバー") == "サーバー"
    assert fold("賛成") != fold("賛成できない")
    assert fold("○") != fold("◎")


@given(st.text(st.characters(codec="utf-8")))
def test_fold_is_stable_on_japanese(text: str) -> None:
    """Folding through CP932 and back changes nothing that a comparison would see."""
    kept = text.encode("cp932", "ignore").decode("cp932")
    assert fold(fold(kept)) == fold(kept)
