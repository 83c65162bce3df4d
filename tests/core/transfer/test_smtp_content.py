"""The content of a mail is judged the same however the reads are cut."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from mailbot.core.transfer.smtp_content import Content, LineEnds


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b".\r\n", b""),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"..a\r\n...b\r\n.\r\n", b".a\r\n..b\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\r\n\r\n\r\n.\r\n", b"a\r\n\r\n\r\n"),
        (b"a.\r\n .\r\n.\r\n", b"a.\r\n .\r\n"),
    ],
)
def test_the_dots_are_unstuffed(sent: bytes, meant: bytes, cut: int) -> None:
    """A mail ends at the line that has only a dot, and each line loses the one dot that it begins with."""
    content = Content(size=100, line=100)
    faults = [content.take(piece) for piece in pieces(sent, cut)]
    assert (content.whole, content.hand_over(b"up: 1\r\n"), set(faults)) == (
        True,
        b"up: 1\r\n" + meant,
        {None},
    )
    assert content.taken == len(sent)


def test_a_long_mail_is_copied_once() -> None:
    """What is handed over takes its own memory beside what was gathered, and no third time."""
    content = Content(size=10_000_000, line=100)
    for _ in range(100):
        content.take((b"x" * 78 + b"\r\n..\r\n" + b"y" * 78 + b"\r\n") * 500)
    content.take(b".\r\n")
    tracemalloc.start()
    raw = content.hand_over(b"")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.1 * len(raw)


@pytest.mark.parametrize("cut", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"123456\r\n" * 2 + b".\r\n", None),
        (b"123456\r\n" * 2 + b"\r\n.\r\n", "too large"),
        (b"1234567\r\n.\r\n", "line too long"),
        (b"12\r\n123456789012", "line too long"),
        (b"12\r\n12\r\n12\r\n12\r\n12\r\n", "too large"),
    ],
)
def test_the_limits_are_exact(sent: bytes, fault: str | None, cut: int) -> None:
    """A mail of 16 bytes with lines of 8 is taken, one byte more is not, with or without an end in sight."""
    content = Content(size=16, line=8)
    found = next(filter(None, (content.take(piece) for piece in pieces(sent, cut))), None)
    assert found == fault


def test_input_behind_the_dot_is_seen() -> None:
    """What stands behind the final dot in the same read was sent without waiting for a reply."""
    assert Content(size=100, line=100).take(b"a\r\n.\r\nM") == "input behind the dot"


@pytest.mark.parametrize("cut", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("data", "bare"),
    [
        (b"a\r\nb\r\n", False),
        (b"\r\n\r\n", False),
        (b"a\nb\r\n", True),
        (b"a\rb\r\n", True),
        (b"\r\r\n", True),
        (b"\n\r\n", True),
        (b"\n\r", True),
        (b"\r\n\n", True),
        (b"a\0\r\n", True),
    ],
)
def test_bare_line_ends_are_found(data: bytes, bare: bool, cut: int) -> None:
    """A CR or LF without the other, in this order, and any NUL are found across the cuts between reads."""
    ends = LineEnds()
    assert any(ends.bare(piece) for piece in pieces(data + b"x", cut)) is bare
