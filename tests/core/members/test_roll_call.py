"""What a reply to the roll-call says in words: all is as it was, or there is something for the register."""

from __future__ import annotations

from datetime import date

import pytest

from mailbot.core.lists.list_command import NotUnderstood
from mailbot.core.members.confirmation import read_word
from mailbot.core.members.roll_call import named_in, says_unchanged, speaks_of_change


@pytest.mark.parametrize(
    "text",
    [
        "はい、変更ありません。",
        "お世話になっております。松本市の佐藤です。\n登録内容に変更はございません。引き続きよろしくお願いいたします。",
        "問題ありません。",
        "ご登録のとおりで間違いありません。",
        "登録内容のとおりです。",
        "確認いたしました。変更はありません。",
        "特に変更ありません",
        "異動はございません。",
        "登録に変更なし",
        "名簿の登録内容に変更はございません。\nよろしくお願いいたします。",
        "現状のままで結構です。",
        "お世話になっております。\n名簿につきまして、変更はございません。\nよろしくお願いいたします。",
        "標記の件について、変更はありません。",
        "はい、そのとおりです。",
        "ﾊｲ",
        "はい　○",
        "更新の必要はありません。",
        "今年度も担当者に変更はありません。",
    ],
)
def test_all_is_as_it_was(text: str) -> None:
    """With courtesies around it, in one line or several."""
    lines = text.splitlines()
    assert says_unchanged(lines)
    assert not speaks_of_change(lines)


@pytest.mark.parametrize(
    "text",
    [
        "変更ありませんか",
        "変更なしではありません。",
        "確認します。",
        "このままではいけません。",
        "はい、変更ありません。ただし電話番号が違います。",
        "変更があります",
        *(
            "電話につきまして、変更はございません。",
            "名簿につきまして、確認中です。変更はございません。",
            "名簿につきまして",
        ),
        "いいえ",
        "電話番号のみ変更なし",
        "",
    ],
)
def test_other_words_are_no_consent(text: str) -> None:
    """A person reads them."""
    assert not says_unchanged(text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "はい\n課の名前がデジタル推進課に変わりました。",
        "確認しました。\n4月に担当が代わる予定です。",
        "はい\nなお、電話番号を訂正してください。",
        "変更ありません。\n正しくは「情報推進課」です。",
    ],
)
def test_what_the_register_must_learn_is_seen_beside_a_consent(text: str) -> None:
    """It is not lost under はい."""
    assert speaks_of_change(text.splitlines())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("後任 arai@city.example.jp 新井渉", "arai@city.example.jp"),
        ("後任：arai@city.example.jp 新井渉", "arai@city.example.jp"),
        ("後任 新井渉 <arai@city.example.jp>", "arai@city.example.jp"),
        ("後任\narai@city.example.jp 新井渉", "arai@city.example.jp"),
        ("担当変更 新井渉 arai@city.example.jp", "arai@city.example.jp"),
        ("後任 arai@city.example.jp 新井渉\n後任 kawa@city.example.jp 川口純", "successors"),
        ("後任 新井渉", "successor"),
        ("後任は未定です。", None),
    ],
)
def test_who_comes_next(text: str, named: str | None) -> None:
    """One successor, in a line or under the word; of two nobody is chosen, and nobody is asked."""
    found = named_in(read_word(text, "")[1], date(2027, 4, 5))
    if isinstance(found, NotUnderstood):
        assert found.kind == named
    else:
        assert (found and found.new) == named


def test_a_signature_tells_the_register_nothing() -> None:
    """Its telephone, its office and its person in charge are no change."""
    assert not speaks_of_change(
        ["はい", "長野市 情報政策課 担当 山田太郎", "電話 026-000-0000", "E-mail yamada@city.nagano.lg.jp"]
    )
