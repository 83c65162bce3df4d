"""Short replies: a word or two in answer to a mail, perhaps meant for one person."""

from __future__ import annotations

import pytest

from mailbot.core.lists.short_reply import is_short_reply
from mailbot.core.mail.message import parse

QUOTED = "\n\n2026年6月18日 山田 <y@x.jp> のメール:\n> 点検のお願いです。\n> よろしくお願いします。\n"
OUTLOOK = "\n\n-----Original Message-----\nFrom: 山田\nSubject: 点検\n\n点検のお願いです。\n"


def mail(text: str, *fields: str) -> bytes:
    """Return a mail with these further fields."""
    head = ["From: a@x.jp", "Content-Type: text/plain; charset=utf-8", *fields]
    return ("\r\n".join(head) + "\r\n\r\n" + text.replace("\n", "\r\n")).encode()


@pytest.mark.parametrize("below", [QUOTED, OUTLOOK])
@pytest.mark.parametrize(
    "text", ["了解しました", "お疲れ様です。\n了解です。よろしくお願いします。", "Thanks!", ""]
)
def test_a_short_reply(text: str, below: str) -> None:
    """It says next to nothing of its own, and quotes."""
    assert is_short_reply(parse(mail(text + below, "In-Reply-To: <1@x>")))
    assert is_short_reply(parse(mail(text + below, "Subject: =?utf-8?B?UmXvvJrngrnmpJw=?=")))  # Re：点検


@pytest.mark.parametrize("field", ["In-Reply-To: <1@x>", "References: <1@x>"])
@pytest.mark.parametrize(
    "text", ["了解しました", "了解しました。\n\n-- \n山田 太郎\n長野市 情報政策課 電話 026-000-0000\n"]
)
def test_a_short_reply_that_quotes_nothing(text: str, field: str) -> None:
    """Telephones answer without a quotation; a signature is not what is said."""
    assert is_short_reply(parse(mail(text, field)))


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("了解しました" + QUOTED, ()),  # no reply
        ("了解しました", ("Subject: Re: 点検",)),  # typed: nothing quoted, nothing answered
        (
            "当市では、昨年度に更新を済ませており、費用は約300万円でした。ご参考まで。" + QUOTED,
            ("In-Reply-To: <1@x>",),
        ),
    ],
)
def test_what_is_none(text: str, fields: tuple[str, ...]) -> None:
    """A new post, one whose Subject alone says that it answers, and one that has something to say."""
    assert not is_short_reply(parse(mail(text, *fields)))


def test_a_reply_with_a_file_is_none() -> None:
    """Who attaches something means everybody."""
    text = (
        "--x\r\nContent-Type: text/plain\r\n\r\nok\r\n> q\r\n--x\r\n"
        'Content-Type: application/pdf; name="a.pdf"\r\n\r\nx\r\n--x--'
    )
    raw = f"From: a@x.jp\r\nIn-Reply-To: <1@x>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{text}\r\n"
    assert not is_short_reply(parse(raw.encode()))
