"""The demo's client shapes: each is read, from its bytes to the answers, as its member means it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.events.event import Event, Rsvp, rsvp_form, rsvp_of
from mailbot.core.mail.automatic import automatic
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import Message, parse
from mailbot.core.members.audience import Selector
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answers, Reading, Survey
from mailbot.demo.demo_clients import (
    CLIENTS,
    Client,
    Original,
    exchange_vacation,
    hidemaru_cp932,
    no_label_iso_2022_jp,
    original,
    outlook_html_only,
    post,
    thunderbird_iso_2022_jp,
    thunderbird_slots,
    words_at_the_top,
)
from mailbot.render import Letterhead, Recipient, Renderer, Thread, VoteReceipt, recipient_values
from mailbot.resources import templates_folder
from tests.mails.standard import STANDARD, TODAY

NOW = datetime(2026, 6, 18, tzinfo=UTC)
RENDER = Renderer(
    templates_folder(),
    "ja",
    Letterhead("○○協議会", "jimukyoku@example.jp", "kaitou.example.jp", ZoneInfo("Asia/Tokyo")),
)
EVENT = Event(
    "N26-07", "第1回トピックスセミナー", date(2026, 10, 22), None, None, "有明", Selector(everyone=True), ()
)
MEMBER = ("佐藤 太郎", "sato@city-01201.example.jp", "青里市")


def arrived(cooked: bytes) -> Original:
    """Return a cooked mail as it arrives at one member."""
    to = Recipient(MEMBER[1], "青里市 情報政策課 佐藤 太郎様", "S26-014-012017", "012017", "a7qk2m3xd9wpt4hv")
    return original(fill(template(cooked), recipient_values(to, "7")), "bounce+x@ml.example.jp", MEMBER)


INVITATION = arrived(RENDER.surveys.invitation(STANDARD, now=NOW))
NOTICE = arrived(RENDER.events.notice(EVENT, sequence=0, now=NOW))


def read(raw: bytes, *known: str, of: Survey = STANDARD) -> tuple[Message, Reading]:
    message = parse(raw)
    assert not message.defects
    assert not message.garbled
    reading = read_reply(of, message.text, known, today=TODAY, bare_label_ok=of is not STANDARD)
    return message, reading


def test_there_are_enough() -> None:
    """At least twelve programs answer in the demo."""
    assert len({client.__name__ for client in CLIENTS}) >= 12


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
@pytest.mark.parametrize(
    "answers",
    [
        {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "国の補助があれば進めたいと考えています。"},
        {"Q1": ("2",), "Q2": ("4",)},
        {"Q1": ("1",), "Q3": "特になし"},
        {"Q1": ("3",)},
    ],
)
def test_answers(client: Client, answers: Answers) -> None:
    """What the member has in mind is what is read, and nothing is asked back."""
    message, reading = read(client(INVITATION, answers), INVITATION.text)
    assert dict(reading.answers) == answers
    assert (reading.problems, reading.hold, reading.command) == ((), None, None)
    assert message.from_address == MEMBER[1]
    assert message.to == ("a7qk2m3xd9wpt4hv@kaitou.example.jp",)
    assert message.in_reply_to == (INVITATION.message_id,)
    assert message.subject.endswith(INVITATION.subject)
    assert automatic(message, MEMBER[1]) is None


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_rsvp(client: Client) -> None:
    """The same programs answer a notice: who comes, or nobody."""
    form = rsvp_form(EVENT)
    coming: Answers = {"Q1": ("1",), "Q2": "2名 佐藤太郎、山田太郎"}
    _, reading = read(client(NOTICE, coming), NOTICE.text, of=form)
    assert rsvp_of(reading.answers) == Rsvp("attending", 2, ("佐藤太郎", "山田太郎"))
    _, reading = read(client(NOTICE, {"Q1": ("3",)}), NOTICE.text, of=form)
    assert rsvp_of(reading.answers) == Rsvp("later", 0)


def test_one_word() -> None:
    """「出席します。」 above everything is an RSVP."""
    _, reading = read(words_at_the_top(NOTICE, "出席します。"), NOTICE.text, of=rsvp_form(EVENT))
    assert rsvp_of(reading.answers) == Rsvp("attending", 1)


@pytest.mark.parametrize(
    "client",
    [thunderbird_slots, outlook_html_only, thunderbird_iso_2022_jp, hidemaru_cp932, no_label_iso_2022_jp],
    ids=lambda client: client.__name__,
)
def test_correction(client: Client) -> None:
    """A slot rewritten in the quoted receipt changes that answer and no other."""
    stands: Answers = {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "特になし"}
    thread = Thread("<x@city-01201.example.jp>")
    receipt = arrived(
        RENDER.surveys.vote_receipt(
            STANDARD, VoteReceipt("counted", NOW, 1, 2, stands), thread=thread, now=NOW
        )
    )
    _, reading = read(client(receipt, {"Q1": ("3",)}), receipt.text, INVITATION.text)
    assert dict(reading.answers) == {"Q1": ("3",)}
    assert reading.problems == ()


def test_circled_digits_are_as_windows_writes_them() -> None:
    """Under the label ISO-2022-JP the circled digit is in row 13, which the standard does not have."""
    assert b"\x1b$B-\x22" in next(c for c in CLIENTS if c.__name__ == "becky_circled")(
        INVITATION, {"Q1": ("2",)}
    )


def test_vacation() -> None:
    """A vacation notice is automatic and answers nothing."""
    message, reading = read(exchange_vacation(INVITATION), INVITATION.text)
    assert automatic(message, "") is not None
    assert not reading.answers


def test_post() -> None:
    """A post is ISO-2022-JP throughout."""
    raw = post(
        ("佐藤 太郎", MEMBER[1]), "security@ml.example.jp", "返信: 端末の更改", "本文です。\n", "demo.1"
    )
    message = parse(raw)
    assert raw.isascii()
    assert (message.subject, message.from_name, message.text.strip()) == (
        "返信: 端末の更改",
        "佐藤 太郎",
        "本文です。",
    )
