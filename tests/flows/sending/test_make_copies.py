"""A mailing is looked at once, whole, however long it is; what its copies share is there once."""

from __future__ import annotations

import pytest

from mailbot.core.transfer.smtp_wire import stuff
from mailbot.flows.sending.make_copies import Recipe, make_copies, recipe_of
from mailbot.store.sending.leases import Claimed, Mailing
from tests.flows.post_office import NOW

KEY = b"k" * 32
HEAD = b"X: y\r\nX-Mailbot-Delivery: \x00delivery\x00"
LINES = b"a line of a file\r\n" * 5_000  # so many that they are shared


def recipe(cooked: bytes, *, identical: bool = False) -> Recipe:
    """Return a mailing ready to fill."""
    return recipe_of(Mailing(7, cooked, "room", "room-bounces", identical), KEY, (), NOW)


@pytest.mark.parametrize(
    ("behind", "body"),
    [
        (b"\r\n\r\n" + LINES, "7BIT"),
        (b" and more\r\n\r\n" + LINES, "7BIT"),
        (b"\r\n\r\n" + LINES + "終わり\r\n".encode(), "8BITMIME"),
        (" です\r\n\r\n".encode() + LINES, "8BITMIME"),
        (b"\r\n.\r\n" + LINES, "7BIT"),
        (b"\r\n\r\n" + LINES + b".\r\n..\r\n", "7BIT"),
        (b"\r\n" + b"a" * 998 + b"\r\n" + LINES + b"a" * 998 + b"\r\n", "7BIT"),
    ],
)
def test_copies_of_a_long_mailing_are_those_of_a_short_one(behind: bytes, body: str) -> None:
    """Each begins with a line or two of its own, and the rest is the mailing's own bytes, unless some dots are doubled."""
    cooked = HEAD + behind
    found = recipe(cooked)
    rows = [Claimed(number, 7, f"m{number}@example.jp", None, None, 0) for number in (11, 12)]
    copies = list(make_copies([(row, found) for row in rows], KEY, "ml.example.jp"))
    for copy, row in zip(copies, rows, strict=True):
        assert copy.whole == stuff(cooked.replace(b"\x00delivery\x00", b"%d" % row.id))
        assert (copy.stuffed, copy.body) == (True, body)
        assert len(copy.content) < 200
    if isinstance(found.tail, memoryview):
        assert found.tail.obj is cooked
    assert isinstance(found.tail, memoryview) is (b"\r\n." not in behind)
    same = cooked.replace(b"\x00delivery\x00", b"")
    assert recipe(same, identical=True).identical == stuff(same)


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (b"", "CRLF"),
        (b"\r\n\r\n" + LINES + b"x", "CRLF"),
        (b"\r\n\r\n" + LINES + b"a\nb\r\n", "bare"),
        (b"\r\n\r\n" + LINES + b"a\rb\r\n", "bare"),
        (b"\r\n\r\n" + LINES + b"a\x00b\r\n", "bare"),
        (b"\r\n\r\n" + LINES + b"a" * 999 + b"\r\n", "998"),
        (b"\r\n" + b"a" * 999 + b"\r\n" + LINES, "998"),
        (b"a" * 999 + b"\r\n\r\n" + LINES, "998"),
    ],
)
def test_what_must_not_leave_is_found_wherever_it_stands(behind: bytes, said: str) -> None:
    """In the part that is each copy's own, at the seam, and far behind it (promises.md R6, I16)."""
    with pytest.raises(ValueError, match=said):
        recipe(HEAD + behind)
