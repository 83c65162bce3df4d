"""Drafts of bulletins as the office mails them in: title, key, time and text."""

from __future__ import annotations

from datetime import date, time

import pytest

from mailbot.core.bulletins.draft import Unreadable, WrittenDraft, free_key, read_draft

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("subject", "text", "draft"),
    [
        ("メルマガ原稿 12月号", "本文", WrittenDraft("", "12月号", "本文")),
        ("Re: メールマガジン原稿：12月号", "本文", WrittenDraft("", "12月号", "本文")),
        ("メルマガ原稿　Ｍ２６－１２　１２月号　年末", "本文", WrittenDraft("M26-12", "12月号 年末", "本文")),
        ("12月号", "\n本文\n\n二段落\n", WrittenDraft("", "12月号", "本文\n\n二段落", above=1)),
        ("draft December issue", "text", WrittenDraft("", "December issue", "text")),
        (
            "メルマガ原稿 12月号",
            "配信：12月1日（火）午前10時\n号数: 第12号\n\n本文",
            WrittenDraft("", "12月号", "本文", date(2026, 12, 1), time(10), 12, 3),
        ),
        ("原稿 12月号", "本文\n-- \n事務局 田中", WrittenDraft("", "12月号", "本文")),
        ("原稿 12月号", "本文\n（原稿ここまで）\n事務局 田中", WrittenDraft("", "12月号", "本文")),
        ("原稿 12月号", "配信について\n本文", WrittenDraft("", "12月号", "配信について\n本文")),
    ],
)
def test_a_draft_is_read(subject: str, text: str, draft: WrittenDraft) -> None:
    """Key and title from the Subject; time and number from lines at the top; no signature goes out to everybody."""
    assert read_draft(subject, text, today=TODAY) == draft


@pytest.mark.parametrize(
    ("subject", "text", "why"),
    [
        ("メルマガ原稿", "本文", "no-title"),
        ("メルマガ原稿 12月号", " \n-- \n田中", "empty"),
        ("原稿 12月号", "配信: 12月1日（水）10:00\n本文", "head-time"),
        ("原稿 12月号", "配信: 12/1\n本文", "head-time"),
        ("原稿 12月号", "号数: 十二\n本文", "head-number"),
    ],
)
def test_a_draft_that_says_too_little_is_refused(subject: str, text: str, why: str) -> None:
    """Each for its own reason."""
    assert read_draft(subject, text, today=TODAY) == Unreadable(why)


def test_a_free_key() -> None:
    """The month's, or the next one that nothing else has."""
    assert free_key(TODAY, ()) == "M26-11"
    assert free_key(TODAY, ("m26-11", "M26-11-2")) == "M26-11-3"
