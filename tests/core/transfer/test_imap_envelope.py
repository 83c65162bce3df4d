"""What a mailbox's headers tell of the envelope."""

from __future__ import annotations

import time

import pytest

from mailbot.core.transfer.envelope import Envelope
from mailbot.core.transfer.imap_envelope import UNCLEAR, Account, envelope_of, stated_addresses

OURS = {"ant@ml.example.jp", "bee@ml.example.jp", "s26-014+tok@ml.example.jp"}
DOMAINS = {"ml.example.jp", "kaitou.example.jp"}
ACCOUNT = "ml@provider.example"
ML = Account("ml", ACCOUNT)


def _envelope(*lines: str, account: Account = ML) -> Envelope:
    raw = "\r\n".join((*lines, "", "To: bee@ml.example.jp (in the body)")).encode()
    stated = stated_addresses(raw, DOMAINS)
    return envelope_of(stated, OURS, account=account, peer="imap:ml@provider.example/1/2")


@pytest.mark.parametrize(
    ("lines", "recipients"),
    [
        (["To: ant@ml.example.jp"], ("ant@ml.example.jp",)),
        (
            ["To: 部会 <ant@ml.example.jp>, x@y.jp", "Cc: bee@ml.example.jp"],
            ("ant@ml.example.jp", "bee@ml.example.jp"),
        ),
        (["To: other@y.jp"], (ACCOUNT,)),
        (["Subject: no recipient at all"], (ACCOUNT,)),
        (["Delivered-To: bee@ml.example.jp", "To: ant@ml.example.jp"], ("bee@ml.example.jp",)),
        (["Delivered-To: ml@provider.example", "To: ant@ml.example.jp"], ("ant@ml.example.jp",)),
        (["Delivered-To: ml@provider.example", "X-Original-To: bee@ml.example.jp"], ("bee@ml.example.jp",)),
        (["Envelope-To: ant@ml.example.jp, bee@ml.example.jp"], ("ant@ml.example.jp", "bee@ml.example.jp")),
        (["Delivered-To: ml@provider.example", "Delivered-To: bee@ml.example.jp"], ("bee@ml.example.jp",)),
        (["Delivered-To: bee@ml.example.jp", "Delivered-To: ant@ml.example.jp"], ("bee@ml.example.jp",)),
        (["X-Gm-Original-To: bee@ml.example.jp", "Delivered-To: ml@gmail.example"], ("bee@ml.example.jp",)),
        (["X-Envelope-To: <bee@ml.example.jp>"], ("bee@ml.example.jp",)),
        (["X-Delivered-To: bee@ml.example.jp"], ("bee@ml.example.jp",)),
        (["Received: from a (HELO for) by b", "\tfor <bee@ml.example.jp>; Mon, 30"], ("bee@ml.example.jp",)),
        (["Received: by b for bee@ml.example.jp (multi-drop); Mon"], ("bee@ml.example.jp",)),
        (
            ["Received: by c for <ml@localhost>; x", "Received: by b for <bee@ml.example.jp>; x"],
            ("bee@ml.example.jp",),
        ),
        (
            ["Received: by b for <bee@ml.example.jp>; Mon", "To: ant@ml.example.jp"],
            ("ant@ml.example.jp", "bee@ml.example.jp"),
        ),
        (["Received: by b for <bee@ml.example.jp.evil.test>; Mon"], (ACCOUNT,)),
        (["TO : ant@ml.example.jp"], ("ant@ml.example.jp",)),
        (["To: (bee@ml.example.jp) ant@ml.example.jp"], ("ant@ml.example.jp",)),
        (['To: "bee@ml.example.jp, \\" x" <ant@ml.example.jp>'], ("ant@ml.example.jp",)),
        (["To: x@y.jp,", "\tAnt <ant@ml.example.jp>"], ("ant@ml.example.jp",)),
        (["To: sections: ant@ml.example.jp, bee@ml.example.jp;"], ("ant@ml.example.jp", "bee@ml.example.jp")),
        (["To: <@evil.test:ant@ml.example.jp>"], (ACCOUNT,)),
        (["To: ant @ ml.example.jp"], (ACCOUNT,)),
        (["To: <ant@ml.example.jp>\0<x@y.jp>"], (ACCOUNT,)),
        (['To: "never closed', "Cc: ant@ml.example.jp"], ("ant@ml.example.jp",)),
        (["To: ant@ml.example.jp, ant@ml.example.jp"], ("ant@ml.example.jp",)),
        (["To: s26-014+tok@ml.example.jp"], ("s26-014+tok@ml.example.jp",)),
    ],
)
def test_recipients_are_our_addresses_that_the_headers_state_else_the_account(
    lines: list[str], recipients: tuple[str, ...]
) -> None:
    """The topmost trace field with an address of ours decides, then To and Cc, then the account's own address."""
    assert _envelope(*lines).recipients == recipients


@pytest.mark.parametrize(
    ("lines", "recipient"),
    [
        (["To: s26-014+spoilt@kaitou.example.jp"], "s26-014+spoilt@kaitou.example.jp"),
        (["To: cat@ML.example.jp, dog@ml.example.jp"], "cat@ML.example.jp"),
        (["Delivered-To: box@ml.example.jp", "To: box@ml.example.jp"], "ant@ml.example.jp"),
        (["To: other@y.jp"], "ant@ml.example.jp"),
    ],
)
def test_a_mail_to_an_unknown_address_of_ours_goes_to_no_list_in_its_place(
    lines: list[str], recipient: str
) -> None:
    """`address` stands in where no address at our domains is named but the mailbox's own; nobody reads a spoilt vote."""
    assert _envelope(*lines, account=Account("box", "ant@ml.example.jp")).recipients == (recipient,)


@pytest.mark.parametrize(
    ("lines", "mail_from"),
    [
        (["Return-Path: <a@x.jp>", "From: b@x.jp"], "a@x.jp"),
        (["Return-Path: <>", "From: b@x.jp"], ""),
        (["Return-Path:  <> ", "From: b@x.jp"], ""),
        (["Return-Path: a@x.jp", "Return-Path: <evil@y.jp>"], "a@x.jp"),
        (["Return-Path: broken", "From: b@x.jp"], "b@x.jp"),
        (["From: =?iso-2022-jp?B?GyRCOjRGIxsoQg==?= <b@x.jp>"], "b@x.jp"),
        (["From: b@x.jp, c@x.jp"], UNCLEAR),
        (["From: b@x.jp", "From: c@x.jp"], UNCLEAR),
        (['Return-Path: <"a..b"@docomo.example>', 'From: "a..b"@docomo.example'], UNCLEAR),
        (["From: MAILER-DAEMON (Mail Delivery System)"], ""),
        (["From: alice@example.org <e@evil.test>"], "e@evil.test"),
        (["Subject: nobody"], UNCLEAR),
    ],
)
def test_sender_is_the_return_path_else_the_one_author(lines: list[str], mail_from: str) -> None:
    """An empty Return-Path is the null sender; without any Return-Path the only author stands in for it.

    A sender of an odd form is not the null sender, whose votes and posts are discarded as a machine's.
    """
    assert _envelope(*lines).mail_from == mail_from


def test_a_header_with_bare_line_feeds_is_read_as_well() -> None:
    """Some mailboxes hand mails out with LF alone."""
    stated = stated_addresses(b"From: b@x.jp\nTo: ant@ml.example.jp\n\nTo: bee@ml.example.jp\n", DOMAINS)
    assert stated.recipients == (("ant@ml.example.jp",),)


def test_no_more_than_a_hundred_addresses_of_a_group_are_read() -> None:
    """A mail to thousands costs no more than one to a hundred."""
    to = ", ".join(f"m{number}@ml.example.jp" for number in range(20_000))
    assert len(stated_addresses(f"To: {to}\r\n\r\n".encode(), DOMAINS).recipients[0]) == 100


@pytest.mark.parametrize(
    "bomb", [b"(", b"<", b'"', b"\\", b",", b"a@", b"To: x\n", b"\n ", b"\r", b":", b"\xff", b" for a"]
)
def test_a_huge_header_is_read_in_a_moment(bomb: bytes) -> None:
    """Only the first 256 KB are looked at, in time proportional to them."""
    started = time.process_time()
    stated_addresses(b"From: a@x.jp\r\nTo: " + bomb * (4_000_000 // len(bomb)), DOMAINS)
    stated_addresses(b"From: a@x.jp\r\nReceived: " + bomb * (4_000_000 // len(bomb)), DOMAINS)
    assert time.process_time() - started < 1
