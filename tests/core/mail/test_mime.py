"""Header sections and parameters, well-formed and not, and the bounds on them."""

from __future__ import annotations

import tracemalloc

import pytest

from mailbot.core.mail.mime import MAX_DEPTH, Leaf, Multipart, TooMuchError, parse_parameters, read_head, tree


@pytest.mark.parametrize(
    ("mail", "fields", "body"),
    [
        (b"A: 1\nB: 2\n\nbody\n", (("A", "1"), ("B", "2")), b"body\n"),
        (b"A: 1\n  2\n\t3\n\nx", (("A", "1  2\t3"),), b"x"),
        (b"A : 1\nno field\nB: 2\n\nx", (("A", "1"),), b"no field\nB: 2\n\nx"),
        (b"\nx", (), b"x"),
        (b"A:\n", (("A", ""),), b""),
        (b"A: \xe8\xb3\x9b \xff\n\n", (("A", "賛 \udcff"),), b""),
        (b" A: 1\n\nx", (), b" A: 1\n\nx"),
    ],
)
def test_header_sections(mail: bytes, fields: tuple[tuple[str, str], ...], body: bytes) -> None:
    """A header section ends at the empty line or at the first line that is no field."""
    head, start = read_head(mail)
    rest = mail[start:]
    assert (head.fields, rest, head.defects) == (fields, body, ())


@pytest.mark.parametrize(
    "mail",
    [b"A: 1\n" * 1_001, b"A: 1\n" + b"B: " + b"x" * 70_000 + b"\n\nx", b"A: 1\n" + b"B: " + b"x" * 300_000],
)
def test_a_header_beyond_its_bounds_keeps_what_is_within(mail: bytes) -> None:
    """What is too long is named, and the fields before it are there."""
    head, _ = read_head(mail)
    assert head.fields[0] == ("A", "1")
    assert head.defects


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ('TEXT/Plain ;\t Charset = "ISO-2022-JP" ', "text/plain", {"charset": "ISO-2022-JP"}),
        ('a/b; name="x;y\\"z"; c=d', "a/b", {"name": 'x;y"z', "c": "d"}),
        ("a/b; name*=utf-8'ja'%E8%B3%9B.txt", "a/b", {"name": "賛.txt"}),
        ("a/b; name*1=c; name*0*=iso-2022-jp''%1B$B-!%1B(B", "a/b", {"name": "①c"}),
        ("a/b; name=old; name*=utf-8''new", "a/b", {"name": "new"}),
        ("a/b; name*=idna''x", "a/b", {"name": "x"}),
        ("text/html charset=utf-8", "text/html", {"charset": "utf-8"}),
        ("a/b; x; =y; ;", "a/b", {}),
        ('a/b; name="open', "a/b", {"name": "open"}),
        ("", "", {}),
    ],
)
def test_parameters(value: str, main: str, parameters: dict[str, str]) -> None:
    """Parameters are read with their quotes, their RFC 2231 pieces and their usual mistakes."""
    assert parse_parameters(value) == (main, parameters)


@pytest.mark.parametrize("value", ["a/b" + "; n*0=x" * 33, "a/b" + ";x" * 300])
def test_too_many_parameters(value: str) -> None:
    """More parameters than any program writes are refused."""
    with pytest.raises(TooMuchError):
        parse_parameters(value)


def _tree(mail: bytes) -> Leaf | Multipart:
    head, start = read_head(mail)
    return tree(head, mail, start)


def test_a_tree_keeps_its_shape() -> None:
    """Parts within parts stand where they stood; an inner boundary that begins like the outer one is its own."""
    body = b"x\n--a\n\n1\n--a\nContent-Type: multipart/related; boundary=ab\n\n--ab\n\n2\n--ab--\n--a--\n--a\n\n3"
    root = _tree(b"Content-Type: multipart/mixed; boundary=a\n\n" + body)
    assert isinstance(root, Multipart)
    first, second = root.children
    assert isinstance(first, Leaf)
    assert (first.body.content, first.subtype_of) == (b"1", "mixed")
    assert isinstance(second, Multipart)
    assert (second.subtype, len(second.children)) == ("related", 1)


def test_a_tree_is_not_deeper_than_its_bound() -> None:
    """A mail nested deeper than twenty levels is refused with a sentence."""
    mail = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(MAX_DEPTH + 1)
    )
    with pytest.raises(TooMuchError, match="nested deeper than 20"):
        _tree(mail + b"\nx")


def test_a_nested_mail_is_not_copied_at_each_level() -> None:
    """A part of 2 MB costs some 2 MB, however deep it lies; it was 80 at the deepest place (promises.md I7)."""
    wraps = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(MAX_DEPTH)
    )
    mail = wraps + b"\n" + b"0123456789abcde\n" * 131_072
    tracemalloc.start()
    try:
        _tree(mail)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
