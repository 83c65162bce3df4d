"""The copy of a post that leaves."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from typing import Any

import pytest

from mailbot.core.lists.cook import PostIdentity, cook_post
from mailbot.core.lists.list_host import ListHost
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.entity import encode_transfer
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import parse
from mailbot.core.members.audience import NOBODY
from mailbot.core.senders.dkim import covered
from tests.drawing import given, st

LIST = MailingList(
    name="room",
    title="会議室",
    preset="closed",
    members=NOBODY,
    subject_prefix="[room:%05d]",
    reply_to="list",
)
FOOTED = replace(LIST, footer="お問い合わせは事務局へ\n電話 03-0000-0000")
ASCII_FOOTED = replace(LIST, title="Room", footer="Ask the office.")
OPEN = replace(LIST, preset="open", reply_to="author")

HEAD = (
    b"Received: from a by b; Mon, 22 Jun 2026 10:00:00 +0900\r\n"
    b"From: =?iso-2022-jp?B?GyRCOzNFRBsoQg==?=\r\n <yamada@city.nagano.example.jp>\r\n"
    b"To: room@ml.example.jp\r\n"
    b"Subject: =?iso-2022-jp?B?UmU6IBskQjdvTD4bKEI=?=\r\n"
    b"Date: Mon, 22 Jun 2026 09:59:58 +0900\r\n"
    b"Message-ID: <one@city.nagano.example.jp>\r\n"
    b"References: <a@b>\r\n\t<c@d>\r\n"
)


def cook(raw: bytes, mailing_list: MailingList = LIST, **changes: Any) -> bytes:
    host = ListHost("ml.example.jp", "office@example.jp", "ml.example.jp")
    identity = PostIdentity(123, "<made@ml.example.jp>")
    arguments: dict[str, Any] = {
        "author_label": "山田 太郎（長野市）",
        "now": datetime(2026, 6, 22, 1, 0, tzinfo=UTC),
        "rewrite": True,
    }
    for name, value in changes.items():
        if hasattr(host, name):
            host = replace(host, **{name: value})
        elif hasattr(identity, name):
            identity = replace(identity, **{name: value})
        else:
            arguments[name] = value
    return cook_post(raw, parse(raw), mailing_list, host, identity, **arguments)


def copy(raw: bytes, mailing_list: MailingList = LIST, **changes: Any) -> Mail:
    cooked = cook(raw, mailing_list, **changes)
    return message_from_bytes(fill(template(cooked), {"leave": b"t0ken", "delivery": b"77"}))


def shown(mail: Mail, name: str) -> str:
    return str(make_header(decode_header(mail[name].replace("\r\n", "").replace("\n", ""))))


def text(mail: Mail) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode(mail.get_content_charset("ascii"))


def test_the_head_of_a_copy_field_by_field() -> None:
    """The head of a copy from a member whose domain minds a changed post: field by field."""
    mail = copy(HEAD + b"\r\nbody\r\n")
    assert mail.keys() == [
        "Received",
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "References",
        "Author",
        "X-Original-From",
        "Reply-To",
        "List-Id",
        "List-Post",
        "List-Help",
        "List-Owner",
        "List-Unsubscribe",
        "Precedence",
        "X-Auto-Response-Suppress",
        "X-ML-Name",
        "X-Mail-Count",
        "X-Sequence",
        "X-Loop",
        "X-Mailbot-Delivery",
    ]
    assert shown(mail, "From") == "山田 太郎（長野市） via 会議室 <room@ml.example.jp>"
    assert shown(mail, "Author") == shown(mail, "X-Original-From") == "山田 <yamada@city.nagano.example.jp>"
    assert shown(mail, "Subject") == "[room:00123] Re: 件名"
    assert shown(mail, "List-Id") == "会議室 <room.ml.example.jp>"
    assert mail["List-Unsubscribe"] == "<mailto:room-leave+t0ken@ml.example.jp>"
    assert mail["List-Post"] == "<mailto:room@ml.example.jp>"
    assert mail["List-Help"] == "<mailto:room-request@ml.example.jp?subject=help>"
    assert mail["List-Owner"] == "<mailto:room-owner@ml.example.jp>"
    assert mail["Reply-To"] == "room@ml.example.jp"
    assert (mail["Precedence"], mail["X-Auto-Response-Suppress"]) == ("list", "OOF, AutoReply")
    assert (mail["X-ML-Name"], mail["X-Mail-Count"], mail["X-Loop"]) == (
        "room",
        "00123",
        "room@ml.example.jp",
    )
    assert mail["X-Mailbot-Delivery"] == "77"
    assert mail.get_payload() == "body\r\n"


def test_untouched_fields_stay_byte_for_byte() -> None:
    """What no rule names keeps its folds, its letter case and its place."""
    extra = b"X-mAIler: Becky!  ver. 2\r\nx-Long: a\r\n\tb\r\n  c\r\nContent-Type: TEXT/plain ;\r\n charset=US-ascii\r\n"
    cooked = cook(HEAD + extra + b"\r\nbody\r\n")
    assert extra in cooked
    assert b"References: <a@b>\r\n\t<c@d>\r\n" in cooked
    assert cooked.endswith(b"\r\n\r\nbody\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "Return-Path: <x@y>",
        "Bcc: secret@example.jp",
        "Resent-From: x@y",
        "Approved: password",
        "X-Approve: password",
        "Urgent: password",
        "Return-Receipt-To: x@y",
        "Disposition-Notification-To: x@y",
        "X-Confirm-Reading-To: x@y",
        "X-PMRQC: 1",
        "Errors-To: x@y",
        "Sender: x@y",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Archive: <https://x>",
        "List-Id: <other>",
        "list-post : <mailto:other>",
        "Archived-At: <https://x>",
        "X-ML-Name: other",
        "X-ML-Count: 1",
        "X-Mailbot-Delivery: 1",
        "Precedence: bulk",
        "Author: x@y",
        "ARC-Seal: i=1",
        "Authentication-Results: ml.example.jp; dmarc=pass",
        "AUTHENTICATION-RESULTS: ML.example.jp 1; dmarc=pass",
    ],
)
def test_what_would_reveal_or_mislead_does_not_leave(line: str) -> None:
    """What would reveal, mislead or belong to another list does not leave."""
    name, _, value = line.partition(":")
    mail = copy(f"{line}\r\n".encode() + HEAD + b"\r\nbody\r\n")
    assert value.strip() not in (mail.get_all(name.strip()) or [])


def test_arc_is_kept_where_from_is() -> None:
    """In case B the chain still says something; in case A it does not, and goes."""
    chain = b"ARC-Seal: i=1; cv=none\r\n" + HEAD + b"\r\nbody\r\n"
    assert copy(chain, rewrite=False)["ARC-Seal"] == "i=1; cv=none"
    assert copy(chain)["ARC-Seal"] is None


def test_identical_copies_say_nothing_of_whose_they_are() -> None:
    """No field of a recipient's own, so no one click, and the way out is the list's address, which asks back."""
    raw = HEAD + b"\r\nbody\r\n"
    cooked = cook(raw, replace(OPEN, copies="identical"), web_url="https://ml.example.jp", stable="abc")
    assert b"\x00" not in cooked
    mail = message_from_bytes(cooked)
    assert mail["List-Unsubscribe"] == "<mailto:room-leave@ml.example.jp>"
    assert mail["List-Unsubscribe-Post"] is None
    personal = copy(raw, OPEN, web_url="https://ml.example.jp", stable="abc")
    own = {"List-Unsubscribe", "List-Unsubscribe-Post", "X-Mailbot-Delivery"}
    assert [field for field in mail.items() if field[0] not in own] == [
        field for field in personal.items() if field[0] not in own
    ]


def test_one_click_is_promised_only_where_it_leaves() -> None:
    """RFC 8058: with a public page, and only on lists that a member may leave; then before the address (RFC 2369)."""
    raw = HEAD + b"\r\nbody\r\n"
    mail = copy(raw, OPEN, web_url="https://ml.example.jp")
    assert (
        mail["List-Unsubscribe"] == "<https://ml.example.jp/u/t0ken>, <mailto:room-leave+t0ken@ml.example.jp>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    duty = copy(raw, replace(OPEN, leave=False), web_url="https://ml.example.jp")
    assert duty["List-Unsubscribe"] == mail["List-Unsubscribe"]
    assert duty["List-Unsubscribe-Post"] is None
    by_mail = copy(raw, OPEN)
    assert by_mail["List-Unsubscribe"] == "<mailto:room-leave+t0ken@ml.example.jp>"
    assert by_mail["List-Unsubscribe-Post"] is None


def test_the_archive_is_named_where_it_can_be_reached() -> None:
    """List-Archive (RFC 2369) and Archived-At (RFC 5064) need a public page, and a post that is kept."""
    raw = HEAD + b"\r\nbody\r\n"
    mail = copy(raw, web_url="https://ml.example.jp", stable="ABC2")
    assert mail["List-Archive"] == "<https://ml.example.jp/a/room/>"
    assert mail["Archived-At"] == "<https://ml.example.jp/a/room/m/ABC2>"
    for stable, web_url in (("ABC2", ""), ("", "https://ml.example.jp")):
        mail = copy(raw, stable=stable, web_url=web_url)
        assert mail["List-Archive"] is None
        assert mail["Archived-At"] is None


def test_list_subscribe_is_for_lists_that_can_be_joined() -> None:
    """Not on closed lists, nor where nobody joins by himself."""
    raw = HEAD + b"\r\nbody\r\n"
    assert copy(raw, OPEN)["List-Subscribe"] == "<mailto:room-join@ml.example.jp>"
    assert copy(raw, replace(OPEN, join="closed"))["List-Subscribe"] is None
    assert copy(raw)["List-Subscribe"] is None


def test_others_results_and_loops_are_kept() -> None:
    """Another server's results and another list's X-Loop are not ours to remove."""
    loops = b"X-Loop: other@a.jp\r\nX-Loop: ROOM@ml.example.jp\r\n"
    mail = copy(b"Authentication-Results: mx.a.jp; spf=pass\r\n" + loops + HEAD + b"\r\n")
    assert mail["Authentication-Results"] == "mx.a.jp; spf=pass"
    assert mail.get_all("X-Loop") == ["other@a.jp", "room@ml.example.jp"]


def test_a_broken_signature_stays_under_another_name() -> None:
    """The author's DKIM signature, broken by the rewrite, stays as evidence under another name."""
    raw = b"DKIM-Signature: v=1; d=a.jp;\r\n b=x\r\n" + HEAD + b"\r\nbody\r\n"
    assert b"X-Original-DKIM-Signature: v=1; d=a.jp;\r\n b=x\r\n" in cook(raw)
    assert b"\nDKIM-Signature" not in cook(raw)
    assert cook(raw, rewrite=False).startswith(b"DKIM-Signature: v=1; d=a.jp;\r\n b=x\r\n")


def test_without_the_rewrite_from_stays_and_sender_tells_who_passed_it_on() -> None:
    """Without the rewrite From stays as it was written, and Sender says who passed it on."""
    cooked = cook(HEAD + b"\r\nbody\r\n", rewrite=False)
    assert HEAD[HEAD.index(b"From") : HEAD.index(b"To:")] in cooked
    mail = message_from_bytes(cooked)
    assert mail["Sender"] == "room-owner@ml.example.jp"
    assert mail["Reply-To"] == "room@ml.example.jp"
    assert mail["Author"] is None
    assert mail["X-Original-From"] is None
    assert copy(HEAD + b"\r\n", OPEN, rewrite=False)["Reply-To"] is None


@pytest.mark.parametrize(
    ("mailing_list", "own", "expected"),
    [
        (LIST, b"", "room@ml.example.jp"),
        (LIST, b"Reply-To: other@a.jp\r\n", "room@ml.example.jp"),
        (OPEN, b"", "<yamada@city.nagano.example.jp>"),
        (OPEN, b"Reply-To: =?utf-8?Q?a?= <other@a.jp>\r\n", "=?utf-8?Q?a?= <other@a.jp>"),
    ],
)
def test_reply_leads_to_the_group_or_the_author(mailing_list: MailingList, own: bytes, expected: str) -> None:
    """Reply leads to the group of a closed list, and to the author elsewhere, where he asked for it."""
    assert copy(own + HEAD + b"\r\n", mailing_list)["Reply-To"] == expected


def test_a_post_without_one_author_answers_to_the_office() -> None:
    """A post that the secretariat let through without one author answers to the secretariat."""
    mail = copy(b"Subject: x\r\n\r\nbody\r\n", OPEN, author_label=None)
    assert mail["Reply-To"] == "<office@example.jp>"
    assert shown(mail, "From") == "会議室 <room@ml.example.jp>"
    assert mail["Author"] is None
    assert mail["Message-ID"] == "<made@ml.example.jp>"
    assert mail["Date"] == "Mon, 22 Jun 2026 01:00:00 +0000"
    assert mail["To"] == "room@ml.example.jp"


def test_the_preset_says_who_may_post_and_join() -> None:
    """Nobody posts to announcements, and nobody asks to join a closed list."""
    announce = copy(HEAD + b"\r\n", replace(OPEN, preset="announce"))
    assert announce["List-Post"] == "NO"
    assert copy(HEAD + b"\r\n", OPEN)["List-Subscribe"] == "<mailto:room-join@ml.example.jp>"
    assert copy(HEAD + b"\r\n")["List-Subscribe"] is None


@pytest.mark.parametrize(
    ("label", "from_line", "expected"),
    [
        ("山田", b"x@a.jp", "山田 via 会議室"),
        (None, b"Taro Yamada <x@a.jp>", "Taro Yamada via 会議室"),
        (None, b"x@a.jp", "x via 会議室"),
        (None, b'"boss@bank.test" <x@a.jp>', "x via 会議室"),
        ("boss@bank.test 山田", b"x@a.jp", "山田 via 会議室"),
    ],
)
def test_the_display_name_says_who_wrote_and_where(
    label: str | None, from_line: bytes, expected: str
) -> None:
    """The name says who wrote it and where, and never looks like another address."""
    mail = copy(b"From: " + from_line + b"\r\n\r\n", author_label=label)
    assert shown(mail, "From").replace('"', "") == f"{expected} <room@ml.example.jp>"


def test_no_prefix_leaves_subject_bytes() -> None:
    """A list without a prefix keeps the author's own bytes of the Subject."""
    assert HEAD.split(b"\r\n")[4] in cook(HEAD + b"\r\n", replace(LIST, subject_prefix=""))


def test_of_a_repeated_field_only_the_first_leaves() -> None:
    """Of a field that may stand once, only the first leaves: two readers never see two different mails."""
    mail = copy(HEAD + b"Subject: other\r\nFrom: other@a.jp\r\nDate: x\r\nTo: y@z\r\n\r\nbody\r\n")
    assert [len(mail.get_all(name, [])) for name in ("Subject", "From", "Date", "To")] == [1, 1, 1, 1]


def test_raw_eight_bit_head() -> None:
    """Raw Japanese bytes in a field leave as encoded words that read the same."""
    for charset in ("utf-8", "cp932", "iso2022_jp"):
        mail = copy(b"X-Note: " + "会議の件です".encode(charset) + b"\r\n" + HEAD + b"\r\n")
        assert shown(mail, "X-Note") == "会議の件です"


@pytest.mark.parametrize(
    ("charset", "codec", "encoding"),
    [
        ("iso-2022-jp", "iso2022_jp", "7bit"),
        ("ISO-2022-JP", "iso2022_jp", "base64"),
        ("shift_jis", "cp932", "8bit"),
        ("euc-jp", "euc_jp", "quoted-printable"),
        ("utf-8", "utf-8", "8bit"),
        ("utf-8", "utf-8", "base64"),
        ("utf-8", "utf-8", "quoted-printable"),
    ],
)
def test_footer_keeps_charset(charset: str, codec: str, encoding: str) -> None:
    """The footer is written in the post's own charset and transfer encoding when it fits."""
    body = "本文です。\r\n".encode(codec)
    head = HEAD + f"Content-Type: text/plain; charset={charset}\r\n".encode()
    head += f"Content-Transfer-Encoding: {encoding}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    if encoding in {"base64", "quoted-printable"}:
        body = encode_transfer(encoding, body)
    mail = copy(head + body, FOOTED)
    assert mail["Content-Type"] == f"text/plain; charset={charset}"
    assert mail["Content-Transfer-Encoding"] == encoding
    expected = (
        "本文です。\r\n\r\n【会議室】 room@ml.example.jp\r\nお問い合わせは事務局へ\r\n電話 03-0000-0000\r\n"
    )
    assert text(mail) == expected


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"", b"plain words\r\n"),
        (b"Content-Type: text/plain; charset=us-ascii\r\n", b"plain words\r\n"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"caf\xe9\r\n"),
        (b"", "本文です。\r\n".encode()),
        (b"", "本文です。\r\n".encode("cp932")),
        (b"", "本文です。\r\n".encode("iso2022_jp")),
        (b"Content-Type: text/plain; charset=us-ascii\r\n", "本文です。\r\n".encode("iso2022_jp")),
        (b"Content-Type: text/plain; charset=iso-2022-jp\r\n", "本文です。\r\n".encode()),
    ],
)
def test_footer_converts_to_utf_8(content_type: bytes, body: bytes) -> None:
    """Where the footer does not fit the charset, or the charset is not what was declared, the post becomes UTF-8."""
    mail = copy(HEAD + content_type + b"\r\n" + body, FOOTED)
    assert mail["Content-Type"] == "text/plain; charset=utf-8"
    assert mail["Content-Transfer-Encoding"] == "8bit"
    assert mail["MIME-Version"] == "1.0"
    assert text(mail).startswith(("本文です。\r\n\r\n【", "plain words\r\n\r\n【", "café\r\n\r\n【"))
    assert text(mail).endswith("事務局へ\r\n電話 03-0000-0000\r\n")


def test_footer_in_vendor_characters() -> None:
    """A footer that ISO-2022-JP cannot write makes the post UTF-8; the text's own vendor characters survive."""
    body = b"\x1b$B-!7o\x1b(B\r\n"  # ① in the row that vendors added
    mail = copy(
        HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + body,
        replace(LIST, footer="髙橋まで"),
    )
    assert text(mail).startswith("①件\r\n\r\n【会議室】")
    kept = cook(HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + body, FOOTED)
    assert b"\r\n\r\n\x1b$B-!7o\x1b(B\r\n\r\n\x1b$B" in kept


def test_footer_after_an_open_escape() -> None:
    """A text that forgot to return to ASCII does not swallow the footer."""
    head = HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
    assert text(copy(head + b"\x1b$BK\\J8", ASCII_FOOTED)).startswith("本文\r\n\r\n【Room】")


def test_footer_after_a_last_line_without_end() -> None:
    """A text whose last line has no end gets one before the footer."""
    mail = copy(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\nbody", ASCII_FOOTED)
    assert text(mail) == "body\r\n\r\n【Room】 room@ml.example.jp\r\nAsk the office.\r\n"


def test_flowed_text_survives_a_new_charset() -> None:
    """format=flowed survives the conversion, and a footer line that would be flowed is stuffed."""
    head = HEAD + b"Content-Type: text/plain; charset=us-ascii; format=flowed; delsp=yes\r\n\r\n"
    mail = copy(head + b"body \r\nmore\r\n", replace(LIST, footer="> お問い合わせ\nFrom here"))
    assert mail["Content-Type"] == "text/plain; charset=utf-8; format=flowed; delsp=yes"
    assert text(mail).endswith("\r\n > お問い合わせ\r\n From here\r\n")


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Type: text/html; charset=utf-8\r\n", b"<p>x</p>\r\n"),
        (b"Content-Type: multipart/alternative; boundary=b\r\n", b"--b\r\n\r\nx\r\n--b--\r\n"),
        (b"Content-Type: multipart/signed; boundary=b\r\n", b"--b\r\n\r\nx\r\n--b--\r\n"),
        (b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n", b"YWJj\r\n"),
        (b"Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a\r\n", b"x\r\n"),
        (b"Content-Type: text/plain\r\n", b"-----BEGIN PGP SIGNED MESSAGE-----\r\n"),
        (b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n", b"x\r\n"),
        (b"Content-Type: text/plain; charset=utf-8\r\n", b"\xff\xfe\x81 damaged\r\n"),
        (b"Content-Type: text/plain; charset=utf-7\r\n", b"+MFMwjDBvZyxlhzBnMFkwAg-\r\n"),
    ],
)
def test_what_is_not_one_plain_text_gets_no_footer(head: bytes, body: bytes) -> None:
    """What is not one plain text that we can read stays as its author made it."""
    assert cook(HEAD + head + b"\r\n" + body, FOOTED).endswith(b"\r\n\r\n" + body)


def test_a_line_too_long_for_smtp_is_encoded_or_folded() -> None:
    """A line that SMTP cannot carry leaves in a transfer encoding, or folded in the head."""
    long_references = b"X-Many: " + b" ".join(b"<%d@a.jp>" % n for n in range(500)) + b"\r\n"
    raw = long_references + HEAD + b"\r\n" + b"x" * 3000 + b"\r\n"
    mail = copy(raw)
    assert mail["Content-Transfer-Encoding"] in {"base64", "quoted-printable"}
    assert text(mail) == "x" * 3000 + "\r\n"
    assert mail["X-Many"].split() == [f"<{n}@a.jp>" for n in range(500)]


HOSTILE = [
    b"x\r\nBcc: evil@x",
    b"x\nBcc: evil@x",
    b"x\rBcc: evil@x",
    b"=?utf-8?q?x=0D=0ABcc:_evil=40x?=",
    b"=?utf-8?q?x=00leave=00y?=",
    b"x\x00leave\x00y",
    b"x\x00unknown\x00y",
    "x\u2028Bcc: evil@x".encode(),
    "x\x85Bcc: evil@x".encode(),
    b"x\x0bBcc: evil@x",
    b"x\xff\xfe",
    b"\x1b$B",
    b"x" * 70_000,
    b"<" * 5000,
]


@pytest.mark.sampled(7)
@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "name", [b"Subject", b"From", b"Reply-To", b"Message-ID", b"References", b"X-Other", b"List-Id"]
)
def test_no_value_of_a_stranger_makes_a_field(name: bytes, value: bytes) -> None:
    """No value of a stranger makes a field, a body, a recipient's mark or a line too long (promises.md attack 5)."""
    cooked = cook(name + b": " + value + b"\r\n" + HEAD + b"\r\nbody\r\n", OPEN, author_label=None)
    mail = message_from_bytes(cooked)
    assert mail["Bcc"] is None
    assert cooked.count(b"\x00") == 4
    assert not mail.defects
    check_wire(cooked)


def test_a_long_post_is_copied_once() -> None:
    """What leaves takes its own memory beside the mail as it came, and no third time."""
    file = (
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + (b"A" * 76 + b"\r\n") * 50_000
    )
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + file + b"--b--\r\n"
    tracemalloc.start()
    try:
        cooked = cook(raw, FOOTED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(cooked) + 100_000


def check_wire(cooked: bytes) -> None:
    rest = cooked.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest
    assert max(len(line) for line in cooked.split(b"\r\n")) <= 998
    assert cooked.partition(b"\r\n\r\n")[0].isascii()
    copy_of_one = fill(template(cooked), {"leave": b"t", "delivery": b"1"})
    assert b"\x00" not in copy_of_one


@given(
    st.lists(
        st.sampled_from(
            [
                b"\r\n",
                b"\n",
                b"\r",
                b"\x00",
                b"From: ",
                b"Subject: ",
                b"a@b.jp",
                b" ",
                b"\xe3\x81\x82",
                b"\x1b$B",
                b"\x82",
                b"--b",
                b"Content-Type: multipart/mixed; boundary=b",
                b"Content-Type: text/plain; charset=utf-7",
                b"Content-Transfer-Encoding: base64",
                b"=?utf-8?q?",
                b"?=",
                b"x" * 1000,
                b".",
                b"\x00leave\x00",
            ]
        ),
        max_size=40,
    )
)
def test_whatever_was_received_leaves_by_the_rules_of_the_wire(pieces: list[bytes]) -> None:
    """Whatever was received, what leaves keeps to the rules of the wire (promises.md R6, I16)."""
    for mailing_list in (FOOTED, OPEN):
        check_wire(cook(b"".join(pieces), mailing_list, author_label=None))


def test_where_complaints_go() -> None:
    """Providers are told where the list takes From over (RFC 9477), the signature covers it, and no stranger's field leaves."""
    raw = HEAD + b"CFBL-Address: eve@evil.test; report=arf\r\nCFBL-Feedback-ID: 1\r\n\r\nbody\r\n"
    mail = copy(raw, complaints_to="abuse@ml.example.jp")
    assert mail.get_all("CFBL-Address") == ["abuse@ml.example.jp; report=arf"]
    assert mail["CFBL-Feedback-ID"] is None
    assert "cfbl-address" in covered(cook(raw, complaints_to="abuse@ml.example.jp")).names
    assert copy(raw, complaints_to="abuse@ml.example.jp", rewrite=False)["CFBL-Address"] is None
    assert copy(raw)["CFBL-Address"] is None
