"""Which lines of a reply are its writer's own."""

from __future__ import annotations

import pytest

from mailbot.core.reading.text.own_lines import own_lines, written_lines

SENT = """事務局 ご担当者様

　件名　　とても長い件名なので途中で折り返されて次の行に続いていきます
このメールに返信し、本文の先頭に次のどれかをお書きください。
　読み取ったとおり受け入れるときは「U-0231 採用」
"""
QUOTED = "".join(f"> {line}\n" for line in SENT.splitlines())


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (f"お世話になっております。\nU-231 採用\n\nよろしくお願いします。\n\n{QUOTED}", ("U-231 採用",)),
        (f"{QUOTED}\nU-231 採用\n\n-- \n事務局 山田", ("U-231 採用",)),
        (f"U-231 採用\n\niPhoneから送信\n\n{QUOTED}", ("U-231 採用",)),
        (f"U-231 採用\n\nSent from my iPhone\n\n{QUOTED}", ("U-231 採用",)),
        (
            f"U-231 採用\n新井渉 <arai@city.example.jp>\n{QUOTED}",
            ("U-231 採用", "新井渉 <arai@city.example.jp>"),
        ),
        (f"U-231 採用\n2026年6月20日(土) 10:12 事務局 <jimukyoku@example.jp>\n{SENT}", ("U-231 採用",)),
        (QUOTED.replace("> 　件名", "U-231 採用\n> 　件名"), ("U-231 採用",)),
        (f"U-231 採用\n\n事務局 さんは書きました:\n{SENT}", ("U-231 採用",)),
        (f"U-231 採用\n\n事務局 さんは書きました:\n\nU-231 破棄\n{SENT}", ("U-231 採用",)),
        (f"U-231 採用\n-----Original Message-----\nFrom: x\n{SENT}\nU-231 破棄", ("U-231 採用",)),
        (f"U-231 採用\n差出人: x\n件名: y\n{SENT}\nU-231 破棄", ("U-231 採用",)),
        (f"U-231 採用\n==========\nU-231 破棄\n{QUOTED}", ("U-231 採用",)),
        (SENT.replace("受け入れるときは", "受け入れるときは\n"), ()),
        (QUOTED.replace("受け入れるときは", "受け入れるときは\n"), ()),
        ("事務局> U-231 採用", ()),
        (">> U-231 採用\n＞U-231 破棄\n| U-231 採用", ()),
        ("", ()),
    ],
)
def test_only_the_writer_s_own_lines_are_read(text: str, own: tuple[str, ...]) -> None:
    """Above, between and below what is quoted with marks; above the head of an earlier mail, where there are none."""
    assert own_lines(text, SENT) == own


def test_a_long_reply_is_read_within_bounds() -> None:
    """However many lines a reply has, so many of them are the most that are read."""
    assert len(own_lines("締切 S26-014\n" * 100_000, SENT)) == 200


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("お世話になっております。検討しているところです。", True),
        ("お世話になっております。", False),
        ("お世話になっております、情報政策課の山田です。", False),
    ],
)
def test_what_is_said_behind_a_greeting_is_shown_to_people(line: str, shown: bool) -> None:
    """Whoever decides about a held reply reads all that it says."""
    assert written_lines(line, (SENT,)) == ((line,) if shown else ())
