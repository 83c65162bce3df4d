"""Replies of about 1 MB, each made to cost as much as it can: to the parser, a decoder, the alignment or the grammar.

Each answers the survey of standard.py. They are made when they are wanted, since all of them together are 60 MB.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from tests.mails.standard import invitation

MEGABYTE = 1_000_000
AUTHOR = "yamada@city.example.lg.jp"
_HEAD = f"From: {AUTHOR}\nTo: a7qk2m3xd9wpt4hv@kaitou.example.or.jp\nMessage-ID: <x@example.lg.jp>\n"
_SENT = invitation()
_TO_Q2 = _SENT[: _SENT.index("【Q2回答】")]
_TO_Q3 = _SENT[: _SENT.index("【Q3回答】")]

Make = Callable[[], bytes]


def _headed(fields: str, body: bytes) -> bytes:
    """Return a mail with these further fields, whole lines of about a megabyte at the most."""
    return (_HEAD + fields).encode() + b"\n" + body[: MEGABYTE + 50_000]


def _text(unit: str, before: str = "", charset: str = "utf-8", form: str = "") -> Make:
    """Return what makes a plain text of one unit over and over, behind some other text."""

    def make() -> bytes:
        start, each = before.encode(charset), unit.encode(charset)
        content = start + each * ((MEGABYTE - len(start)) // len(each))
        return _headed(f"Content-Type: text/plain; charset={charset}{form}\n", content)

    return make


def _lines(line: str, before: str = "") -> Make:
    """Return what makes a text of numbered lines; `{n}` is the number, `{q}` a question's from 1 to 3."""

    def make() -> bytes:
        count = MEGABYTE // len(line.format(n=10_000, q=1).encode())
        written = "\n".join(line.format(n=number, q=number % 3 + 1) for number in range(count))
        return _headed("Content-Type: text/plain; charset=utf-8\n", (before + written).encode())

    return make


def _raw(fields: str, unit: bytes, before: bytes = b"") -> Make:
    """Return what makes a mail of these fields and one unit of bytes over and over."""
    return lambda: _headed(fields, before + unit * ((MEGABYTE - len(before)) // len(unit)))


def _html(unit: str, before: str = "") -> Make:
    return _raw("Content-Type: text/html; charset=utf-8\n", unit.encode(), before.encode())


def _both_forms(plain: str, unit: str) -> Make:
    """Return what makes a mail with a plain text and a large HTML form, which are compared."""

    def make() -> bytes:
        page = unit * (290_000 // len(unit.encode()))
        body = (
            f"--b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
            f"--b\nContent-Type: text/html; charset=utf-8\n\n{page}\n--b--\n"
        )
        return _headed("Content-Type: multipart/alternative; boundary=b\n", body.encode())

    return make


def _nested() -> bytes:
    levels = 20
    heads = "".join(
        f"--{level}\nContent-Type: multipart/mixed; boundary={level + 1}\n\n" for level in range(levels)
    )
    body = heads.encode() + b"--20 \n" * ((MEGABYTE - len(heads)) // 6)
    return _headed("Content-Type: multipart/mixed; boundary=0\n", body)


def _many_charsets() -> bytes:
    part = b"--b\nContent-Type: text/plain; charset=utf-8\n\n" + b"\xad\xa1\x82\xa0\x1b$B!" * 620 + b"\n"
    return _headed("Content-Type: multipart/mixed; boundary=b\n", part * (MEGABYTE // len(part)))


def _mixed_pages() -> bytes:
    part = b"--b\nContent-Type: text/html\n\n" + b"<p>x" * 1_700 + b"\n"
    return _headed("Content-Type: multipart/mixed; boundary=b\n", part * (MEGABYTE // len(part)))


def _base64_pages() -> bytes:
    page = base64.b64encode(b"<div class=a>1</div>" * 37_000)
    fields = "Content-Type: text/html\nContent-Transfer-Encoding: base64\n"
    return _headed(fields, page)


_PLAIN = "Content-Type: text/plain; charset=utf-8\n"
_BASE64 = f"{_PLAIN}Content-Transfer-Encoding: base64\n"
_QUOTED = f"{_PLAIN}Content-Transfer-Encoding: quoted-printable\n"
_JIS = "Content-Type: text/plain; charset=iso-2022-jp\n"
_MIXED = "Content-Type: multipart/mixed; boundary=b\n"
_PART = b"--b\nContent-Type: text/plain\n\n"

SHAPES: Mapping[str, Make] = {
    # the header
    "header lines": lambda: _headed("X: y\n" * 200_000, b"x"),
    "a folded Subject": lambda: _headed("Subject: x" + "\n " * 400_000 + "\n", b"x"),
    "a wide Subject": lambda: _headed("Subject: " + "x" * MEGABYTE + "\n", b"x"),
    "encoded words": lambda: _headed("Subject: " + "=?utf-8?q?x?= " * 4_600 + "\n", b"Q1 2\n" * 190_000),
    "encoded words of JIS": lambda: _headed(
        "".join(f"X-{n}: =?iso-2022-jp?b?GyRC?=\n" for n in range(900)) + "Subject: =?iso-2022-jp?b?GyRC\n",
        b"x" * 900_000,
    ),
    "broken encoded words": lambda: _headed("Subject: " + "=?a?q?" * 10_000 + "\n", b"1\n" * 450_000),
    "parameters": lambda: _headed("Content-Type: text/plain" + ";a=b" * 15_000 + "\n", b"x" * 900_000),
    "addresses": lambda: _headed(
        "To: " + "a@b.jp, " * 8_000 + "\n" + "Cc: " + "<" * 60_000 + "\n", b"x" * 900_000
    ),
    "no header": lambda: b"a" * MEGABYTE,
    "NUL": lambda: b"\0" * MEGABYTE,
    # the parts
    "parts": _raw(_MIXED, b"--b\n\nx\n"),
    "boundaries without a part": _raw(_MIXED, b"--b\n"),
    "lines like boundaries": _raw(_MIXED, b"--bb\n", _PART),
    "boundaries with blanks": _raw(_MIXED, b"--b \t \n"),
    "nested parts": _nested,
    "parts in many charsets": _many_charsets,
    "pages in many parts": _mixed_pages,
    # transfer encodings
    "padded base64": _raw(_BASE64, b"QQ=="),
    "padded base64 in lines": _raw(_BASE64, b"QQ==\n"),
    "base64 with strangers": _raw(_BASE64, b"Q!Q-=Q"),
    "quoted-printable": _raw(_QUOTED, b"=E8=B3=9B"),
    "broken quoted-printable": _raw(_QUOTED, b"=\n=3="),
    "base64 of HTML": _base64_pages,
    # charsets
    "JIS escapes": _raw(_JIS, b"\x1b$B!"),
    "JIS escapes to and fro": _raw(_JIS, b'\x1b$B$"\x1b(B1'),
    "JIS kana": _raw(_JIS, b"\x0e\xff", b"\x1b$B"),
    "JIS pairs with blanks": _raw(_JIS, b" !!", b"\x1b$B"),
    "JIS vendor characters": _raw(_JIS, b"-!", b"\x1b$B"),
    "EUC that is none": _raw("Content-Type: text/plain; charset=euc-jp\n", b"\xad\xa1\x8f"),
    "CP932 that is none": _raw("Content-Type: text/plain; charset=shift_jis\n", b"\x81\xff\xf0"),
    "no charset": _raw("", b"\x82\xa0\xa4\xa2\xff"),
    "UTF-16": _raw("Content-Type: text/plain; charset=utf-16\n", b"Q\x001\x00 \x002\x00\n\x00\x00\xd8"),
    # format=flowed
    "soft line ends": _text(" \n", form="; format=flowed"),
    "soft line ends, quoted": _text(">x \n", form="; format=flowed"),
    "soft line ends, DelSp": _text("賛 \n", form="; format=flowed; delsp=yes"),
    "deep quotation, flowed": _text(">" * 90 + "x \n", form="; format=flowed"),
    # HTML
    "open divs": _html("<div>"),
    "open and closed spans": _html("<span style='color:red'>1</span>"),
    "angle brackets": _html("<"),
    "a tag without an end": _html('<a b="'),
    "quotes in tags": _html("<a b='\" c=\"'>"),
    "nested quotations": _html("<blockquote>1"),
    "lists": _html("<ol><li>1"),
    "table cells": _html("<tr><td>Q1<td>2"),
    "struck words": _html("<s>1</s>2"),
    "comments": _html("<!--><!---"),
    "scripts without an end": _html("<script></scrip"),
    "character references": _html("&#x2460;&amp;&nbsp"),
    "Outlook's thin lines": _html("<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt'>1"),
    "attributes": _html("<p " + "a=b " * 2_000 + ">"),
    "two forms": _both_forms("Q1 2", "<div>Q1 3</div>"),
    "two forms, struck words": _both_forms("Q1 2", "<p><s>Q1 3</s>Q1 2"),
    "two forms that agree": _both_forms("Q1 2\n" * 20_000, "<p>Q1 2"),
    # the alignment
    "the ballot over and over": _text(_SENT),
    "quote marks": _text("> "),
    "quote marks, wide": _text("＞"),
    "names as quote marks": _lines("y{n}> Q1 {n}"),
    "pieces of our lines": _text("【Q1\n回答\n】\n[\n"),
    "lines nearly ours": _text(_SENT.replace("回答", "回頭"), _TO_Q3),
    "brackets without an end": _text("【Q1回答】["),
    "slots without an end": _lines("【Q{q}回答】[ {n}"),
    "lines in a slot": _text("あ[\n", _TO_Q3 + "【Q3回答】[\n"),
    "damage below a slot": _text("?" * 140 + "\n", _TO_Q3 + "【Q3回答】[　　]\n"),
    "labels below a question": _text("あい出席費用\n", _TO_Q2),
    "headers of quoted mails": _text("差出人: x\n件名: y\n"),
    "table rows": _text("| Q1 | 2 |\n"),
    "tabs": _text("a\t" * 499 + "\n"),
    "struck stretches": _text("~~a" * 333 + "\n"),
    # the grammar
    "question lines": _lines("Q{q} {n}"),
    "answers in one line": _text("Q1 2 " * 190 + "\n"),
    "figures": _text("1" * 900 + "\n"),
    "one figure": _text("1"),
    "kanji figures": _text("Q1 " + "十" * 90 + "\n"),
    "kanji figures in a slot": _text("一二三四五六七八九十", _TO_Q2 + "【Q2回答】["),
    "items": _text("Q2 " + "1," * 140 + "x\n"),
    "courtesy": _text("Q1 2" + "お願いします" * 40 + "x\n"),
    "conditions": _text("Q1 2（" + "ただし、" * 70 + "\n"),
    "commands": _text("取下げ\n再送\n回答しない\n担当変更 新担当 x@example.jp\n"),
    "sentences": _text("お世話になっております。訂正します、やはりQ1は3です。\n"),
    "line ends": _text("\n"),
    "one line": _text("A"),
    "blanks": _text(" " * 990 + "\u3000x\n"),
    "dots": _text("Q1" + "…" * 300 + "\n"),
}
