"""What stands in a signature is passed over, a postscript below it is not (ballot.md section 8)."""

from __future__ import annotations

import pytest

from tests.core.reading.test_reply import INVITATION, read
from tests.mails.standard import quoted

_DELIMITED = "-- \n○○村 総務課　山本\nTel.0899-77-0001\n\n{}"
_BETWEEN_LINES = "==========\n{}\n○○町　企画課　電話 0123-44-5566\n=========="


@pytest.mark.parametrize("signature", [_DELIMITED, _BETWEEN_LINES])
@pytest.mark.parametrize(
    "notice",
    [
        "※本メールに返信される場合は、件名を変更しないでください。",
        "本メールは組織としての見解を示すものではなく、担当者個人の見解です。",
        "ワクチン接種の予約を受付中です。変更・取消しはコールセンターまで。",
        "本電子メールは情報提供を目的としたものであり、契約の申込みや承諾を意味するものではありません。",
        "誤って受信された方は、直ちに削除し、発信者までお知らせくださるようお願いします。",
        "※本メールにお心当たりのない場合は、お手数ですが差出人までご連絡のうえ、\n　削除していただきますようお願いいたします。",
        "秋の文化祭は雨天の場合中止となります",
    ],
)
def test_a_notice_in_a_signature_doubts_nothing(signature: str, notice: str) -> None:
    """A town's own notice stands below every mail of its clerks: who asks about it asks them all, each time anew."""
    reading = read(f"Q1 2\nQ2 1,3\n\n{signature.format(notice)}\n\n{quoted(INVITATION)}")
    assert (reading.hold, reading.answers) == (None, {"Q1": ("2",), "Q2": ("1", "3")})


@pytest.mark.parametrize("signature", [_DELIMITED, _BETWEEN_LINES])
@pytest.mark.parametrize(
    "postscript",
    [
        "追伸　まだ決裁が下りていません。",
        "なお、回答は案の段階です。",
        "このメールは間違いですので、無視してください。",
        "すべて後日改めて回答します。",
        "上記は未確定です。",
        "please ignore this mail",
    ],
)
def test_a_postscript_in_a_signature_is_read(signature: str, postscript: str) -> None:
    """Somebody adds a word below his name, and it is said of the answers above."""
    reading = read(f"Q1 2\nQ2 1,3\n\n{signature.format(postscript)}\n\n{quoted(INVITATION)}")
    assert reading.hold is not None


def test_a_line_across_without_an_address_begins_no_signature() -> None:
    """Some put a line between their answers and what they say of them."""
    reading = read(
        f"Q1 2\nQ2 1,3\n----------\n来週の会議で変わるかもしれません。\n----------\n\n{quoted(INVITATION)}"
    )
    assert reading.hold is not None


def test_a_hundred_signatures_are_none() -> None:
    """Each would be looked through; what stands below so many is weighed as any other line."""
    reading = read(
        "Q1 2\nQ2 1,3\n"
        + "--\n山田\n" * 100
        + f"--\n本メールは組織としての見解を示すものではなく、担当者個人の見解です。\n\n{quoted(INVITATION)}"
    )
    assert reading.hold is not None
