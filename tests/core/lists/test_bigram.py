"""What a text is found by: two characters of Japanese, any word of Latin letters, in every width and case."""

from __future__ import annotations

import pytest

from mailbot.core.lists.bigram import MAX_TERMS, Phrase, excerpt, phrases, terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("災害対策", ["災害", "害対", "対策", "策"]),
        ("災", ["災"]),
        ("LG.JPの件", ["lg", "jp", "の件", "件"]),
        ("ｾﾐﾅｰ", ["セミ", "ミナ", "ナー", "ー"]),
        ("ＩＴ　ﾊﾞｽ", ["it", "バス", "ス"]),
        ("㈱テック", ["株", "テッ", "ック", "ク"]),
        ("第1回", ["第", "1", "回"]),
        ("S26-014", ["s26", "014"]),
        ("Straße", ["strasse"]),
        ("災\n害", ["災害", "害"]),
        ("災\n> 害", ["災害", "害"]),
        ("災\n\n害", ["災", "害"]),
        ("日々〆切", ["日々", "々〆", "〆切", "切"]),
        ("𠮷野家", ["𠮷野", "野家", "家"]),
        ("・、。!? _", []),
        ("", []),
    ],
)
def test_terms(text: str, found: list[str]) -> None:
    """Runs without blanks become pairs and their last character; other words stay whole; all of one width and case."""
    assert terms(text) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("災害", [Phrase(("災害",), begins=False)]),
        ("害対策", [Phrase(("害対", "対策"), begins=False)]),
        ("災", [Phrase(("災",), begins=True)]),
        ("災害　IT", [Phrase(("災害",), begins=False), Phrase(("it",), begins=False)]),
        ("災害IT", [Phrase(("災害", "害", "it"), begins=False)]),
        ("第1回", [Phrase(("第", "1", "回"), begins=True)]),
        (
            '"annual report" 2026',
            [Phrase(("annual", "report"), begins=False), Phrase(("2026",), begins=False)],
        ),
        ("「電子 会議室」", [Phrase(("電子", "子", "会議", "議室"), begins=False)]),
        ("!? 災害", [Phrase(("災害",), begins=False)]),
        ("' \" ) OR (", [Phrase(("or",), begins=False)]),
        ("。", []),
    ],
)
def test_phrases(words: str, found: list[Phrase]) -> None:
    """Each word is a phrase of terms that stand in a row; a single character is the beginning of a pair."""
    assert list(phrases(words)) == found


def test_a_long_text_is_searched_up_to_a_bound() -> None:
    """A text of any length costs no more than MAX_TERMS terms."""
    assert len(terms("災害対策" * MAX_TERMS)) == MAX_TERMS


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("セミナー", "ｾﾐﾅｰの日程"),
        ("2026", "開催は２０２６年"),
        ("なし", "長野市の山田です。"),
        ("「ありません", "長野市の山田です。"),
    ],
)
def test_excerpt(words: str, line: str) -> None:
    """The line that holds the first word found, as it was written; the first line when none does."""
    assert excerpt("長野市の山田です。\n\nｾﾐﾅｰの日程\n開催は２０２６年\n", words) == line


def test_an_excerpt_is_cut_around_what_is_found() -> None:
    """A long line is shown from shortly before the word."""
    shown = excerpt("あ" * 200 + "災害" + "い" * 200, "災害", width=40)
    assert shown.startswith("…あ")
    assert "災害" in shown
    assert len(shown) == 41
