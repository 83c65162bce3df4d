"""The bytes of the client's dialogue: what is read from a server, and what may leave us."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from mailbot.core.transfer import smtp_wire
from mailbot.core.transfer.delivery import Failed, Transaction
from mailbot.core.transfer.smtp_wire import (
    Extensions,
    GarbledReply,
    ReplyCutter,
    SmtpReply,
    address_problem,
    all_usual,
    body_of,
    parse_extensions,
    prepare,
    stuff,
    unstuff,
)
from tests.drawing import example, given, st

ALL = Extensions(pipelining=True, eight_bit=True, utf8=True, size=0)
ASCII = b"Subject: x\r\n\r\nhello\r\n"
EIGHT_BIT = "Subject: x\r\n\r\nこんにちは\r\n".encode()


def not_called(content: bytes) -> bytes:
    raise AssertionError(content)


def cut(data: bytes) -> list[SmtpReply]:
    return list(ReplyCutter().feed(data))


@pytest.mark.parametrize(
    ("data", "replies"),
    [
        (b"250 ok\r\n", [SmtpReply(250, "ok")]),
        (b"250\r\n", [SmtpReply(250, "")]),
        (b"250-a\r\n250-b\r\n250 c\r\n", [SmtpReply(250, "a\nb\nc")]),
        (b"250-a\r\n250\r\n354 go\r\n", [SmtpReply(250, "a\n"), SmtpReply(354, "go")]),
        (b"550 5.1.1 a\tb\r\n", [SmtpReply(550, "5.1.1 a b")]),
        ("550 宛先不明\r\n".encode(), [SmtpReply(550, "宛先不明")]),
        (b"550 \x1b]0;x\x07\xff\r\n", [SmtpReply(550, "?]0;x?\ufffd")]),
        (b"250 not whole", []),
    ],
)
def test_replies(data: bytes, replies: list[SmtpReply]) -> None:
    """Single and multi-line replies are cut; control characters are replaced."""
    assert cut(data) == replies


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"\r\n",
        b"25 ok\r\n",
        b"150 ok\r\n",
        b"650 ok\r\n",
        b"250ok\r\n",
        b"\xb2\xb5\xb0 ok\r\n",
        b"250 ok\n",
        b"250 ok\n250 ok\r\n",
        b"250 a\rb\r\n",
        b"250 a\x00b\r\n",
        b"250-a\r\n550 b\r\n",
        b"250 " + b"a" * 2_048 + b"\r\n",
        b"a" * 2_048,
        b"250-a\r\n" * 300,
        b"250-a\r\n" * 100_000,
    ],
)
def test_garbage(data: bytes) -> None:
    """What is not a reply within bounds ends the dialogue."""
    with pytest.raises(GarbledReply):
        cut(data)


def test_a_line_that_is_known_ends_a_reply_of_several_lines_as_it_should() -> None:
    """What was read before as a whole reply is the last line of another, and no reply of its own."""
    cutter = ReplyCutter()
    data = b"250 ok\r\n250-first\r\n250 ok\r\n250 ok\r\n"
    assert [*cutter.feed(data)] == [SmtpReply(250, "ok"), SmtpReply(250, "first\nok"), SmtpReply(250, "ok")]


def test_replies_that_are_all_different_are_not_all_kept() -> None:
    """A server that names each mail in its reply takes no more memory for each."""
    cutter = ReplyCutter()
    for number in range(1_000):
        assert [*cutter.feed(b"250 queued as %d\r\n" % number)] == [SmtpReply(250, f"queued as {number}")]
    assert len(cutter._known) <= 64


def test_replies_to_envelopes_that_are_all_different_are_not_all_kept() -> None:
    """Nor where they come together, nor those to very many recipients."""
    cutter = ReplyCutter()
    lines = b"".join(b"250 ok %d\r\n" % number for number in range(40))
    list(cutter.feed(lines))
    each = lines.splitlines(keepends=True)
    for number in range(1, 40):
        found = cutter.usual(each[0] + b"".join(each[:number]))
        assert found is not None
        assert len(found) == number + 1
    many = cutter.usual(each[0] * 5_000)
    assert many == [SmtpReply(250, "ok 0")] * 5_000
    assert len(cutter._same) <= 16
    assert max(map(len, cutter._same)) <= 4 * 2_048


def test_good_replies_before_garbage() -> None:
    """Replies before the garbage still count."""
    replies = ReplyCutter().feed(b"250 ok\r\nrubbish\r\n")
    assert next(replies) == SmtpReply(250, "ok")
    with pytest.raises(GarbledReply):
        next(replies)


@given(st.lists(st.sampled_from([b"250 ok\r\n", b"250-a\r\n250 b\r\n", b"550 no\r\n"])), st.data())
def test_replies_arrive_in_any_pieces(replies: list[bytes], data: st.DataObject) -> None:
    """However the bytes are cut by the network, the replies are the same."""
    stream = b"".join(replies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    cutter = ReplyCutter()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [reply for piece in pieces for reply in cutter.feed(piece)] == cut(stream)
    assert not cutter.pending


@given(
    st.lists(
        st.lists(
            st.sampled_from([b"250 ok\r\n", b"250-a\r\n", b"354 go\r\n", b"421 x\r\n", b"25", b"what\r\n"])
        )
    )
)
@example([[b"250 ok\r\n"], [b"421 x\r\n"]])
@example([[b"250 ok\r\n"], [b"250-a\r\n"], [b"250 ok\r\n"]])
def test_usual_replies_are_what_they_are_one_by_one(arrivals: list[list[bytes]]) -> None:
    """What is taken at once is what would be cut, and leaves the cutter as it was; a 421, which ends a connection, is never."""
    quick, careful = ReplyCutter(), ReplyCutter()
    try:
        for data in map(b"".join, arrivals):
            usual = quick.usual(data)
            found = list(quick.feed(data)) if usual is None else usual
            assert found == list(careful.feed(data))
            assert quick.pending == careful.pending
            assert usual is None or 421 not in {reply.code for reply in usual}
    except GarbledReply:
        pass


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"250 ", b"250-", b"\r\n", b"421 x\r\n"])))
)
def test_cutter_never_fails_otherwise(pieces: list[bytes]) -> None:
    """Any bytes give replies or GarbledReply, nothing else."""
    cutter = ReplyCutter()
    try:
        for piece in pieces:
            for reply in cutter.feed(piece):
                assert 200 <= reply.code <= 599
                assert "\n" not in reply.words
    except GarbledReply:
        pass


@pytest.mark.parametrize(
    ("text", "extensions"),
    [
        ("host", Extensions()),
        ("host\nPIPELINING\n8bitmime\nSMTPUTF8\nSTARTTLS", Extensions(True, True, True, True)),
        ("host\nAUTH LOGIN PLAIN\nSIZE 1000", Extensions(auth_plain=True, size=1000)),
        ("host\nAUTH LOGIN\nSIZE", Extensions(size=0)),
        ("host\nDSN", Extensions(dsn=True)),
        ("host\nSIZE ²\nXUNKNOWN\n", Extensions(size=0)),
        ("PIPELINING", Extensions()),
    ],
)
def test_extensions(text: str, extensions: Extensions) -> None:
    """What EHLO offers is read; the first line is the server's name."""
    assert parse_extensions(SmtpReply(250, text)) == extensions


@pytest.mark.parametrize(
    "address",
    [
        "a@example.jp",
        "a.b..c.@docomo.example",
        "b+ant=example.jp@ml.example.jp",
        '"a b"@example.jp',
        '"a\\"b"@example.jp',
        "a@[192.0.2.1]",
        "a@[IPv6:::1]",
        "a@localhost",
        "太郎@例え.jp",
    ],
)
def test_address_good(address: str) -> None:
    """Addresses that relays take may be said."""
    assert address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b",
        "a@",
        "a@b@c",
        "b@x>\r\nRCPT TO:<c@x",
        "b@x\r\nDATA\r\n",
        "b@x\nRSET",
        "b\r@x",
        "b\x00@x",
        "b@x\u2028",
        "b@x\u0085",
        "b@x> SIZE=1",
        "a b@x",
        "a@b c",
        "a@b..c",
        "a@.b",
        '"a"b"@x',
        '"a\\"@x',
        "a@\udcff",
        "a" * 255 + "@x",
        "あ" * 100 + "@x",
    ],
)
def test_address_bad(address: str) -> None:
    """What would end a command, begin another, or is no address is refused whole, never cut."""
    assert address_problem(address) is not None


@pytest.mark.parametrize(
    ("content", "stuffed"),
    [
        (b"a\r\n", b"a\r\n"),
        (b".\r\n", b"..\r\n"),
        (b".a\r\n..b\r\nc.\r\n", b"..a\r\n...b\r\nc.\r\n"),
        (b"a\r\n.\r\n.\r\n", b"a\r\n..\r\n..\r\n"),
    ],
)
def test_stuff(content: bytes, stuffed: bytes) -> None:
    """Each leading dot is doubled, and undone again."""
    assert stuff(content) == stuffed
    assert unstuff(stuffed) == content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", None),
        (b"a", "end with CRLF"),
        (b"a\r\n.", "end with CRLF"),
        (b"a\nb\r\n", "bare"),
        (b"a\rb\r\n", "bare"),
        (b"a\r\r\n", "bare"),
        (b"a\n\r\n", "bare"),
        (b"a\x00b\r\n", "bare"),
        (b"a" * 998 + b"\r\n", None),
        (b"a" * 999 + b"\r\n", "998"),
    ],
)
def test_stuff_refuses(content: bytes, said: str | None) -> None:
    """Bare CR, LF and NUL, long lines and a missing end do not leave."""
    if said is None:
        assert stuff(content) == content
    else:
        with pytest.raises(ValueError, match=said):
            stuff(content)


@given(st.lists(st.sampled_from([b"\r\n", b".", b"a", b"\n", b"\r", b"\x00", b"\r\n.\r\n"]), max_size=12))
def test_stuffed_content_has_no_end_in_it(pieces: list[bytes]) -> None:
    """Whatever the content, the end of data stands only where we write it (attack 2)."""
    content = b"".join(pieces)
    try:
        stuffed = stuff(content)
    except ValueError:
        return
    wire = b"\r\n" + stuffed + b".\r\n"
    assert wire.index(b"\r\n.\r\n") == len(wire) - 5 or not content
    assert unstuff(stuffed) == content


@pytest.mark.parametrize(
    ("extensions", "mail_from", "recipient", "content", "mail"),
    [
        (Extensions(), "", "b@x", ASCII, b"MAIL FROM:<>\r\n"),
        (Extensions(), "a@x", "b@x", ASCII, b"MAIL FROM:<a@x>\r\n"),
        (Extensions(size=0), "a@x", "b@x", ASCII, b"MAIL FROM:<a@x> SIZE=21\r\n"),
        (Extensions(eight_bit=True), "a@x", "b@x", ASCII, b"MAIL FROM:<a@x>\r\n"),
        (Extensions(eight_bit=True), "a@x", "b@x", EIGHT_BIT, b"MAIL FROM:<a@x> BODY=8BITMIME\r\n"),
        (Extensions(utf8=True), "a@x", "b@x", ASCII, b"MAIL FROM:<a@x>\r\n"),
        (Extensions(utf8=True), "a@x", "あ@x", ASCII, b"MAIL FROM:<a@x> SMTPUTF8\r\n"),
    ],
)
def test_mail_command(
    extensions: Extensions, mail_from: str, recipient: str, content: bytes, mail: bytes
) -> None:
    """MAIL has the parameters that the server offers and the mail needs."""
    prepared, refused = prepare(Transaction(mail_from, ((1, recipient),), content), extensions, not_called)
    assert prepared is not None
    assert not refused
    assert prepared.commands == [mail, f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"]


def test_dsn_is_asked_for_where_it_is_offered() -> None:
    """RFC 3461: of failures and delays, with the headers and our number; never for a mail without a sender."""
    mail = Transaction("a@x", ((7, "b@x"), (8, "c@x")), ASCII)
    prepared, _ = prepare(mail, Extensions(dsn=True), not_called)
    assert prepared is not None
    assert prepared.commands == [
        b"MAIL FROM:<a@x> RET=HDRS ENVID=7\r\n",
        b"RCPT TO:<b@x> NOTIFY=FAILURE,DELAY\r\n",
        b"RCPT TO:<c@x> NOTIFY=FAILURE,DELAY\r\n",
        b"DATA\r\n",
    ]
    prepared, _ = prepare(Transaction("", ((7, "b@x"),), ASCII), Extensions(dsn=True), not_called)
    assert prepared is not None
    assert prepared.commands == [b"MAIL FROM:<>\r\n", b"RCPT TO:<b@x>\r\n", b"DATA\r\n"]


def test_identical_copies_ask_for_their_recipients_in_reports() -> None:
    """Their return path does not name them (RFC 3461 4.2); an address that is not ASCII has no such form."""
    mail = Transaction("a@x", ((7, "b+c=d@x"), (8, "あ@x")), ASCII, identical=True)
    prepared, _ = prepare(mail, Extensions(dsn=True, utf8=True), not_called)
    assert prepared is not None
    assert prepared.commands[1:3] == [
        b"RCPT TO:<b+c=d@x> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bc+3Dd@x\r\n",
        "RCPT TO:<あ@x> NOTIFY=FAILURE,DELAY\r\n".encode(),
    ]
    prepared, _ = prepare(mail, Extensions(utf8=True), not_called)
    assert prepared is not None
    assert prepared.commands[1] == b"RCPT TO:<b+c=d@x>\r\n"


_PARTS = ["a", "b@x", "@", "c.jp", " ", ">", "\r\n", "\x00", "太", '"q"', "..", "x" * 120, ""]
_ADDRESSES = st.sampled_from(
    ["", "b+1@x.jp", "a@b", "a@b ", "a@b c@d", "a", "太郎@x.jp", f"{'l' * 252}@x", f"{'l' * 253}@x"]
) | st.lists(st.sampled_from(_PARTS), max_size=4).map("".join)


@example("b+1@x.jp", ["a@b"], b"a\x00b\r\n", True, False, Extensions())
@example("b+1@x.jp", ["a@b"], b"x", True, False, Extensions())
@example("b+1@x.jp", ["a@b"], EIGHT_BIT, True, False, Extensions())
@example("b+1@x.jp", ["a@b"], EIGHT_BIT, True, False, ALL)
@example("b+1@x.jp", ["a@b"], ASCII, True, True, Extensions(dsn=True))
@example("b+1@x.jp", ["a@b"], ASCII, True, False, Extensions(dsn=True, size=20))
@example("b+1@x.jp", ["a@b", "c@d"], ASCII, True, False, Extensions(dsn=True))
@example("b+1@x.jp", ["a@b"], b"..x\r\n", False, False, Extensions())
@example("b+1@x.jp", [f"{'l' * 253}@x"], ASCII, True, False, Extensions())
@example(f"{'l' * 253}@x", ["a@b"], ASCII, True, False, Extensions())
@example("", ["a@b"], ASCII, True, False, Extensions(dsn=True))
@example("", ["a@b c@d"], ASCII, True, False, Extensions())
@example("", ["a@b c@d", "e@f"], ASCII, True, True, Extensions())
@given(
    _ADDRESSES,
    st.lists(_ADDRESSES, min_size=1, max_size=2),
    st.sampled_from([ASCII, EIGHT_BIT, b"", b"x", b"a\x00b\r\n", b"..x\r\n"]),
    st.booleans(),
    st.booleans(),
    st.builds(
        Extensions,
        eight_bit=st.booleans(),
        utf8=st.booleans(),
        dsn=st.booleans(),
        size=st.sampled_from([None, 0, 20, 10_000]),
    ),
)
def test_the_usual_mail_is_written_as_any_other(
    mail_from: str,
    recipients: list[str],
    content: bytes,
    stuffed: bool,
    identical: bool,
    extensions: Extensions,
) -> None:
    """The short way for what nearly every mail is comes to the same commands and refusals, to the letter."""
    usual = all_usual([*filter(None, [mail_from]), *recipients]) and len(recipients) == 1
    body = body_of(content) if usual and stuffed and not identical else ""
    mail = Transaction(mail_from, tuple(enumerate(recipients, 7)), content, stuffed, identical, body)
    found = prepare(mail, extensions, lambda _content: ASCII)
    with patch.object(smtp_wire, "_write_usual", return_value=None):
        assert found == prepare(mail, extensions, lambda _content: ASCII)


def test_downgrade_of_stuffed_content() -> None:
    """Content for a server without 8BITMIME is made 7-bit before its dots are doubled."""
    seen = []

    def downgrade(content: bytes) -> bytes:
        seen.append(content)
        return b"..7bit\r\n"

    content = EIGHT_BIT + b".x\r\n"
    for mail in (
        Transaction("", ((1, "b@x"),), content),
        Transaction("", ((1, "b@x"),), stuff(content), True),
    ):
        prepared, _ = prepare(mail, Extensions(), downgrade)
        assert prepared is not None
        assert prepared.content == b"...7bit\r\n"
    assert seen == [content, content]


@pytest.mark.parametrize(
    ("mail", "extensions", "said"),
    [
        (Transaction("a@x\r\nDATA", ((1, "b@x"),), ASCII), ALL, "control character"),
        (Transaction("a@x", ((1, "b@x> SIZE=1"),), ASCII), ALL, "form local@domain"),
        (Transaction("あ@x", ((1, "b@x"),), ASCII), Extensions(), "needs SMTPUTF8"),
        (Transaction("a@x", ((1, "あ@x"),), ASCII), Extensions(), "needs SMTPUTF8"),
        (Transaction("a@x", ((1, "b@x"),), ASCII), Extensions(size=20), "takes at most 20"),
        (Transaction("a@x", ((1, "b@x"),), b"a\nb\r\n"), ALL, "bare"),
        (Transaction("a@x", ((1, "b@x"),), b"a", True), ALL, "end with CRLF"),
        (Transaction("a@x", ((1, "b@x"),), b"a\x00name\x00\r\n", True), ALL, "not filled"),
    ],
)
def test_refused_before_the_wire(mail: Transaction, extensions: Extensions, said: str) -> None:
    """What cannot be sent whole is failed with a clear reply, and nothing of it is written."""
    prepared, refused = prepare(mail, extensions, not_called)
    assert prepared is None
    ((delivery, outcome),) = refused
    assert delivery == 1
    assert isinstance(outcome, Failed)
    assert said in outcome.reply


def test_one_bad_address_among_good() -> None:
    """A recipient that cannot be asked does not hold up the others."""
    mail = Transaction("a@x", ((1, "b@x"), (2, "c"), (3, "あ@x"), (4, "d@x")), ASCII)
    prepared, refused = prepare(mail, Extensions(), not_called)
    assert prepared is not None
    assert prepared.ids == (1, 4)
    assert [delivery for delivery, _ in refused] == [2, 3]


def test_two_addresses_in_one_among_usual_ones() -> None:
    """Those of a group are looked at together, and none of them takes another one along."""
    mail = Transaction("a@x", ((1, "b@x c@x"), (2, "d@x")), ASCII)
    prepared, refused = prepare(mail, Extensions(), not_called)
    assert prepared is not None
    assert prepared.ids == (2,)
    assert [delivery for delivery, _ in refused] == [1]
