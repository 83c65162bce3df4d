"""Addresses: which are valid, which are the same, and what each address of the service means."""

from __future__ import annotations

import pytest

from mailbot.core.mail.address import (
    Bounces,
    Commands,
    Join,
    Leave,
    OfService,
    Owner,
    Post,
    Reply,
    Route,
    ThreadChoice,
    address_key,
    list_name_fault,
    route,
    same_address,
    split_address,
    tokens_of,
    valid_address,
)
from tests.drawing import given, st

LISTS = frozenset({"room", "room-b", "a.b_c"})
TOKEN = "a7qk2m3xd9wpt4hv"
RETURN = "c1e" + TOKEN  # an id before the MAC


def find(local: str, host: str = "ml.example.jp", reply_domain: str = "kaitou.example.jp") -> Route | None:
    return route(f"{local}@{host}", domain="ml.example.jp", reply_domain=reply_domain, lists=LISTS)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("room", Post("room")),
        ("ROOM", Post("room")),
        ("a.b_c", Post("a.b_c")),
        ("room-owner", Owner("room")),
        ("Room-Admin", Owner("room")),
        ("room-b-owner", Owner("room-b")),
        ("room-request", Commands("room")),
        ("room-ctl", Commands("room")),
        ("room-join", Join("room")),
        ("room-subscribe", Join("room")),
        ("room-mute", ThreadChoice("room", "mute")),
        ("room-follow", ThreadChoice("room", "follow")),
        ("room-confirm+0123456789abcdef", Reply("0123456789abcdef")),
        ("room-confirm", None),
        ("room-leave", Leave("room", None)),
        (f"room-leave+{RETURN}", Leave("room", RETURN)),
        (f"room-unsubscribe+{RETURN}", Leave("room", RETURN)),
        ("room-bounces", Bounces("room", None)),
        ("room-error", Bounces("room", None)),
        (f"room-bounces+{RETURN}", Bounces("room", RETURN)),
        (f"ROOM-BOUNCES+{RETURN.upper()}", Bounces("room", RETURN)),
        (f"room-bounces={RETURN}", Bounces("room", RETURN)),
        (f"room-bounces-{RETURN}", Bounces("room", RETURN)),
        ("room-bounces+yamada=city.example.jp", Bounces("room", None)),
        (f"bounce+{RETURN}", Bounces(None, RETURN)),
        ("bounce", Bounces(None, None)),
        ("postmaster", OfService("postmaster")),
        ("Abuse", OfService("abuse")),
        ("listmaster", OfService("listmaster")),
        ("robot", OfService("robot")),
        ("noreply", OfService("noreply")),
        ("survey", OfService("survey")),
        ("event", OfService("event")),
        (f"survey+{TOKEN}", Reply(TOKEN)),
        ("nobody", None),
        ("nobody-owner", None),
        ("room+x", None),
        (f"room+{TOKEN}", None),
        ("room-", None),
        ("-owner", None),
        ("ｒoom", None),
        ("room-bounces+" + "a" * 60, None),
        (TOKEN, None),
    ],
)
def test_list_domain(local: str, expected: Route | None) -> None:
    """An address of the list domain is a list, a list and its role, or a role of the service."""
    assert find(local) == expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (TOKEN, Reply(TOKEN)),
        (TOKEN.upper(), Reply(TOKEN)),
        (f"r-{TOKEN}", Reply(TOKEN)),
        (f"r+{TOKEN}", Reply(TOKEN)),
        ("A7QK2M3XD9WPT4HO", Reply("a7qk2m3xd9wpt4h0")),
        (TOKEN[:-1], None),
        (TOKEN + "2", None),
        ("room", None),
        ("postmaster", OfService("postmaster")),
        ("abuse", OfService("abuse")),
    ],
)
def test_reply_domain(local: str, expected: Route | None) -> None:
    """At the answer domain a token of sixteen letters is an answer, in any letter case."""
    assert find(local, "KAITOU.example.jp") == expected


def test_whatever_may_be_a_token_is_found() -> None:
    """In every form of an answer's address, at whichever domain; a return path's token is longer."""
    for local in (
        TOKEN,
        TOKEN.upper(),
        f"r-{TOKEN}",
        f"r+{TOKEN}",
        f"survey+{TOKEN}",
        f"room-confirm={TOKEN}",
    ):
        assert tokens_of(f"{local}@kaitou.example.jp") == {TOKEN}
    for address in ("room@ml.example.jp", f"bounce+{RETURN}@ml.example.jp", "postmaster", f"{TOKEN}2@x.test"):
        assert tokens_of(address) == frozenset()


def test_one_domain_for_both() -> None:
    """When lists and answers share a domain, an exact list name comes first and a token last."""
    lists = {"informationabcde", "room"}
    for local, expected in (("informationabcde", Post("informationabcde")), (TOKEN, Reply(TOKEN))):
        address = f"{local}@ml.example.jp"
        assert route(address, domain="ml.example.jp", reply_domain="ml.example.jp", lists=lists) == expected


def test_foreign_domain_and_no_domain() -> None:
    """Other domains are not ours; the bare postmaster of RFC 5321 is."""
    assert find("room", "example.jp") is None
    assert find("room", "ml.example.jp.evil.test") is None
    assert route("Postmaster", domain="d", reply_domain="d", lists=LISTS) == OfService("postmaster")
    assert route("room", domain="d", reply_domain="d", lists=LISTS) is None


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("room", Post("room")),
        ("room-owner", Owner("room")),
        (f"room-bounces+{RETURN}", Bounces("room", RETURN)),
        (f"bounce+{RETURN}", Bounces(None, RETURN)),
        ("postmaster", OfService("postmaster")),
        (TOKEN, Reply(TOKEN)),
        (f"R-{TOKEN.upper()}", Reply(TOKEN)),
        ("nobody", None),
    ],
)
def test_at_a_former_domain_all_of_it_holds(local: str, expected: Route | None) -> None:
    """Lists, roles and tokens alike: nothing says which of the two it was."""
    for host, is_former in (
        ("Old.Example.jp", True),
        ("older.example.jp", True),
        ("x.old.example.jp", False),
    ):
        found = route(
            f"{local}@{host}",
            domain="ml.example.jp",
            reply_domain="kaitou.example.jp",
            lists=LISTS,
            former=("old.example.jp", "OLDER.example.jp"),
        )
        assert found == (expected if is_former else None)


def test_lists_may_be_a_question() -> None:
    """The lists may be asked for one by one, as a store does."""
    assert route("x@d", domain="d", reply_domain="r", lists=lambda name: name == "x") == Post("x")


@given(st.text(max_size=80))
def test_route_never_raises(local: str) -> None:
    """Whatever a stranger writes after RCPT TO finds a route or none."""
    find(local)
    find(local, "kaitou.example.jp")
    valid_address(local)
    list_name_fault(local)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.jp",
        "a.b+c@EXAMPLE.jp",
        "taro..x.@docomo.ne.jp",
        '"a b"@example.jp',
        "a@localhost",
        "x" * 64 + "@a.jp",
    ],
)
def test_valid(address: str) -> None:
    """What RFC 5321 allows is valid, and so are the dots of Japanese carriers."""
    assert valid_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@a.jp",
        "a@",
        "x" * 65 + "@a.jp",
        "a@" + "b" * 64 + ".jp",
        "a@" + "b.c" * 90,
        "a b@example.jp",
        "a@exa mple.jp",
        "a@-a.jp",
        "a@a..jp",
        "a@a.jp.",
        "a@a.jp\n",
        "a\r\nRCPT TO:<b@x>@a.jp",
        "b@x>\r\nRCPT TO:<c@x",
        "a\x00@a.jp",
        "<a@a.jp>",
        "a@b@c.jp",
        "ａ@a.jp",
        "a@ex\u0430mple.org",
        ".a@a.jp",
        '"a"b"@a.jp',
    ],
)
def test_invalid(address: str) -> None:
    """Nothing that could end an SMTP command, or that looks like another address, is valid."""
    assert not valid_address(address)


def test_same_address() -> None:
    """Addresses are compared without the case of A to Z, and nothing is folded beyond ASCII."""
    assert same_address("a@Example.JP", "a@example.jp")
    assert same_address("A@example.jp", "a@example.jp")
    assert not same_address("\u212aim@a.jp", "kim@a.jp")
    assert not same_address("a@\u212aa.jp", "a@ka.jp")
    assert address_key("Taro@City.Example.JP") == "taro@city.example.jp"
    assert split_address("a@b@c") == ("a@b", "c")


@pytest.mark.parametrize("name", ["room", "room-b", "a.b_c", "x", "owner", "l" * 32, "n2026"])
def test_good_list_names(name: str) -> None:
    """Ordinary names are taken."""
    assert list_name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Room",
        "room-",
        "-room",
        "a--b",
        "a b",
        "会議室",
        "room-owner",
        "room-confirm",
        "postmaster",
        "bounce",
        "r-room",
        "l" * 33,
        "room\n",
    ],
)
def test_bad_list_names(name: str) -> None:
    """A name that collides with a role or cannot stand in an address is refused with a sentence."""
    assert (list_name_fault(name) or "").startswith("list name")
