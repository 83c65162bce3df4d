"""A reply to a question of ours: yes, no, untouched, or for a person to read."""

from __future__ import annotations

import pytest

from mailbot.core.members.confirmation import read_word

SENT = "次のお申し込みがありました。\n\n■ お願い\n　（本文に「承認」とお書きになっても結構です）\n"
QUOTED = "\n\n事務局 さんは書きました:\n" + "".join(f"> {line}\n" for line in SENT.splitlines())
UNMARKED = "\n\n-----Original Message-----\nFrom: jimukyoku\n" + SENT


@pytest.mark.parametrize("below", ["", QUOTED, UNMARKED])
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "untouched"),
        ("承認", "yes"),
        ("「承認」", "yes"),
        ("承認します。", "yes"),
        ("はい、", "yes"),
        ("OK", "yes"),
        ("ＯＫです。", "yes"),
        ("お世話になっております。\nはい\nよろしくお願いします。\n-- \n佐藤", "yes"),
        ("承認します。よろしくお願いいたします。", "yes"),
        ("確認しました。", "yes"),
        ("確認します。", "unclear"),
        ("取消", "no"),
        ("取り消してください", "unclear"),
        ("取消をお願いします", "no"),
        ("いいえ", "no"),
        ("cancel", "no"),
        ("undo", "no"),
        ("承認\n取消", "unclear"),
        ("承認できません", "unclear"),
        ("どういうことですか", "unclear"),
        ("1\n2\n3\n4\n5\n承認", "unclear"),
    ],
)
def test_what_a_reply_says(text: str, word: str, below: str) -> None:
    """The word stands alone on its line near the top; our own quoted lines say nothing."""
    assert read_word(text + below, SENT)[0] == word
