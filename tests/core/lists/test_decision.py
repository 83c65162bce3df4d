"""What a moderator's reply decides: one word, alone on its line; everything else decides nothing."""

from __future__ import annotations

import pytest

from mailbot.core.lists.decision import Decision, read_decision

SENT = """\
次の投稿を保留しました。
　理由　　差出人のアドレスが名簿にありません。
投稿の書き出し
｜承認
｜お世話になっております。
　配信するときは「承認」
　差出人に理由を添えて断るときは「却下 理由」
　　「却下1」　このリストの話題から外れる内容のため、配信を見合わせました。
　差出人に知らせずに破棄するときは「破棄」
"""
QUOTED = "".join(f"> {line}\n" for line in SENT.splitlines())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("承認", Decision("accept")),
        ("「承認」", Decision("accept")),
        ("承認します。", Decision("accept")),
        ("採用", Decision("accept")),
        ("ＯＫ", Decision("accept")),
        ("approve", Decision("accept")),
        ("承認して以後も", Decision("trust")),
        ("承認 以後も", Decision("trust")),
        ("accept and trust", Decision("trust")),
        ("破棄", Decision("discard")),
        ("引き受けます", Decision("claim")),
        ("claim", Decision("claim")),
        ("却下", Decision("reject")),
        ("却下します。", Decision("reject")),
        ("却下1", Decision("reject", canned=1)),
        ("却下２", Decision("reject", canned=2)),
        ("却下 2", Decision("reject", canned=2)),
        ("却下 部会の話題から外れるため", Decision("reject", "部会の話題から外れるため")),
        ("却下：部会の話題から外れるため", Decision("reject", "部会の話題から外れるため")),
        ("却下します。部会の話題ではありません。", Decision("reject", "部会の話題ではありません。")),
        ("差戻し 課名に誤りがあります", Decision("reject", "課名に誤りがあります")),
        ("配信してください。", Decision("accept")),
        ("却下\n理由：重複しています", Decision("reject", "重複しています")),
        ("reject it is off topic", Decision("reject", "it is off topic")),
        ("お世話になっております。\n承認でお願いします\n山田", Decision("accept")),
    ],
)
def test_one_word_alone_on_its_line_decides(text: str, expected: Decision) -> None:
    """It stands alone on its line, in any width, politely or not, above a quotation or with none."""
    assert read_decision(f"{text}\n\n事務局 さんは書きました:\n{QUOTED}", SENT) == expected
    assert read_decision(text, SENT) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "承認しません",
        "却下しますか",
        "却下しないでください",
        "承認してよいか分かりません。",
        "承認\n破棄",
        "ただいま不在にしております。",
        "これは却下できない理由があります",
        "1\n2\n3\n4\n5\n承認",
        "-- \n承認",
    ],
)
def test_what_decides_nothing(text: str) -> None:
    """An empty reply, prose, two words, a word far below: a person must say it again."""
    assert read_decision(f"{text}\n\n事務局 さんは書きました:\n{QUOTED}", SENT) is None


def test_our_own_mail_decides_nothing() -> None:
    """Sent back quoted or not, with the post in it that says 承認, no line of it acts."""
    for back in (SENT, QUOTED, SENT.replace("\n", "\n\n")):
        assert read_decision(back, SENT) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("U-0020 承認", Decision("accept")),
        ("「U-0020 採用」", Decision("accept")),
        ("Ｕ－００２０　採用 以後も", Decision("trust")),
        ("u-0020：却下1", Decision("reject", canned=1)),
        ("U-0020 返送 重複しています", Decision("reject", "重複しています")),
        ("U-0021 承認", None),
        ("U-00201 承認", None),
    ],
)
def test_a_word_behind_the_mails_name(text: str, expected: Decision | None) -> None:
    """Who knows the office's way of writing is understood; a word about another mail decides nothing about this one."""
    assert read_decision(text, SENT, "U-0020") == expected
