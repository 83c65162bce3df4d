"""The one author of a mail, for every reader of it, or none."""

from __future__ import annotations

import pytest

from mailbot.core.mail.message import parse


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("alice@Example.ORG", "", "alice@example.org"),
        ("<alice@example.org>", "", "alice@example.org"),
        ("Alice B. <alice@example.org>", "Alice B.", "alice@example.org"),
        ('"Yamada, Taro (IT) <x@y>" <t@example.org>', "Yamada, Taro (IT) <x@y>", "t@example.org"),
        ('"a\\"b" <t@example.org>', 'a"b', "t@example.org"),
        ("alice@example.org (Alice B)", "Alice B", "alice@example.org"),
        ("Taro (City) [x] <t@example.org>", "Taro (City) [x]", "t@example.org"),
        ("=?utf-8?B?6LOb?= <t@example.org>", "賛", "t@example.org"),
        ('"=?utf-8?B?6LOb?=" <t@example.org>', "賛", "t@example.org"),
        ("賛成 <t@example.org>", "賛成", "t@example.org"),
        ("t@example.org <t@example.org>", "t@example.org", "t@example.org"),
        ("<taro..y.@docomo.ne.jp>", "", "taro..y.@docomo.ne.jp"),
        ("Folded\r\n <t@example.org>", "Folded", "t@example.org"),
    ],
)
def test_the_one_author(value: str, name: str, address: str) -> None:
    """A From field with one plain address has an author."""
    message = parse(f"From: {value}\r\n\r\n".encode())
    assert (message.from_name, message.from_address) == (name, address)


@pytest.mark.parametrize(
    "fields",
    [
        "Subject: no From at all",
        "From: alice@example.org\r\nFrom: e@evil.test",
        "From: alice@example.org\r\nfrom : e@evil.test",
        "From: alice@example.org <e@evil.test>",
        "From: alice@example.org)e@evil.test",
        "From: <alice@example.org>\0<e@evil.test>",
        "From: A: alice@example.org;, e@evil.test",
        "From: <@evil.test:alice@example.org>",
        "From: alice @ example.org",
        "From: alice@example.org, e@evil.test",
        "From: <alice@example.org>, <e@evil.test>",
        "From: <alice@example.org> <e@evil.test>",
        "From: <alice@example.org> e@evil.test",
        "From: A:;",
        "From: group: alice@example.org;",
        'From: "alice"@example.org',
        'From: "a" "b" <alice@example.org>',
        'From: "a <alice@example.org>',
        "From: (e@evil.test) <alice@example.org>",
        "From: a (b (c)) <alice@example.org>",
        "From: alice@example.org (e@evil.test)",
        "From: alice@example.org (a) (b)) x",
        "From: Yamada, Taro <alice@example.org>",
        "From: alice@example.org.",
        "From: alice@ex\u0430mple.org",
        "From: ａlice@example.org",
        "From: \u212aim@example.org",
        "From: alice@[192.0.2.1]",
        "From: alice@a..b",
        "From: @example.org",
        "From: alice@",
        "From: <>",
        "From:",
        "From: =?utf-8?q?alice=40example.org?=",
        "From: =?utf-8?q?a?=@example.org",
        "From: a\rb <alice@example.org>",
        "From: <alice@example.org",
        "From: a\\ <alice@example.org>",
        "From: e@evil.test <<alice@example.org>>",
    ],
)
def test_an_ambiguous_author_is_none(fields: str) -> None:
    """Whatever another reader could take for somebody else has no author (promises.md attack 8)."""
    message = parse(fields.encode() + b"\r\n\r\nQ1 2")
    assert message.from_address is None
    assert message.from_name == ""
