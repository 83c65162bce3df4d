"""What a probe finds out about mail programs and gateways, on the shapes of real ones (core/surveys/gateway.py)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.calendar import Language
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import Message, parse
from mailbot.core.mail.wrap import columns
from mailbot.core.surveys.ballot import WIDTHS
from mailbot.core.surveys.gateway import Layout, ProbeFindings, SentProbe, findings, layout, probe_lines
from mailbot.core.surveys.gateway_sentences import finding_sentences
from mailbot.demo.demo_clients import CLIENTS, Client, Original, original
from mailbot.render import Letterhead, Recipient, Renderer, recipient_values
from mailbot.resources import templates_folder

NOW = datetime(2026, 6, 18, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = ("ja", "en")
LETTERHEAD = Letterhead("○○協議会", "jimukyoku@example.jp", "kaitou.example.jp", ZoneInfo("Asia/Tokyo"))
MEMBER = ("佐藤 太郎", "sato@city-01201.example.jp", "青里市")
TO = Recipient(MEMBER[1], "青里市 情報政策課 佐藤 太郎様", "probe-012017", "012017", "a7qk2m3xd9wpt4hv")


def arrived(language: Language = "ja") -> tuple[Original, SentProbe]:
    """Return a probe as it arrives at one member, and as it was sent."""
    render = Renderer(templates_folder(), language, LETTERHEAD)
    cooked = render.surveys.probe("probe-2026-06-18", probe_lines(language), now=NOW)
    raw = fill(template(cooked), recipient_values(TO, "7"))
    message = parse(raw)
    sent = SentProbe(message.text, message.message_id, message.subject)
    return original(raw, "bounce+x@ml.example.jp", MEMBER), sent


PROBE, SENT = arrived()


def found(raw: bytes) -> ProbeFindings:
    return findings(SENT, parse(raw), NOW)


def client(name: str) -> Client:
    return next(one for one in CLIENTS if one.__name__ == name)


def echoed(one: Client) -> bytes:
    """Return the reply of a program that only presses Reply; what its charset has not, it writes as ?."""
    try:
        return one(PROBE, {})
    except UnicodeEncodeError:
        return one(replace(PROBE, text=re.sub("[〜－‖¥①]", "?", PROBE.text)), {})


QUOTING = [one for one in CLIENTS if one.__name__ != "mobile_kanji_numbers"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_probe_lines(language: Language) -> None:
    """There is a line of exactly each width, and none wider than 68 columns."""
    lines = probe_lines(language)
    assert [columns(line) for line in lines[1:5]] == list(WIDTHS)
    assert max(map(columns, lines)) == 68
    assert any(line.startswith("   ") for line in lines)


@pytest.mark.parametrize("one", QUOTING, ids=lambda one: one.__name__)
def test_programs_that_quote(one: Client) -> None:
    """Every mail program that quotes us leaves lines of 68 columns alone, and its reply is known to be one."""
    result = found(echoed(one))
    assert result.quotes
    assert result.intact == WIDTHS
    assert result.wrapped_at is None
    assert result.message_id == "kept"
    assert result.subject_kept
    assert result.subject_tag == ""
    assert (result.banner_top, result.banner_bottom) == ((), ())
    assert layout(result) == Layout(68)


@pytest.mark.parametrize(
    ("name", "mark", "form", "charset"),
    [
        ("outlook_top_posted", "", "plain", "utf-8"),
        ("outlook_sender_block", "", "both", "utf-8"),
        ("outlook_html_only", "> ", "html", "utf-8"),
        ("thunderbird_slots", "> ", "plain", "utf-8"),
        ("thunderbird_iso_2022_jp", "> ", "plain", "iso-2022-jp"),
        ("becky_circled", "> ", "plain", "iso-2022-jp"),
        ("hidemaru_cp932", ">", "plain", "shift_jis"),
        ("gmail_top_posted", "> ", "both", "utf-8"),
        ("iphone", "> ", "plain", "utf-8"),
        ("apple_mail_html", "> ", "html", "utf-8"),
        ("al_mail_name_prefix", "jimukyoku> ", "plain", "iso-2022-jp"),
        ("mutt_euc_jp", "> ", "plain", "euc-jp"),
        ("no_label_utf_8", "> ", "plain", ""),
        ("no_label_iso_2022_jp", "| ", "plain", ""),
        ("lotus_notes_marks", "", "plain", "utf-8"),
    ],
)
def test_quote_marks_and_charsets(name: str, mark: str, form: str, charset: str) -> None:
    """The quote mark, the form and the charset are those of the program."""
    result = found(echoed(client(name)))
    assert (result.mark, result.form, result.charset) == (mark, form, charset)


def test_a_program_that_does_not_quote() -> None:
    """Where nothing of ours comes back, the how-to names the top of the mail alone."""
    result = found(client("mobile_kanji_numbers")(PROBE, {}))
    assert not result.quotes
    assert layout(result) == Layout(68, quotes=False)
    assert "本文の先頭" in finding_sentences(result)[0]


# ---- gateways ----------------------------------------------------------------------------------------------------


def rewritten(text_of: Callable[[list[str]], list[str]], **fields: str) -> bytes:
    """Return a reply of Thunderbird after a gateway has rewritten its lines and header fields."""
    mail = client("thunderbird_slots")(PROBE, {}).decode().replace("\r\n", "\n")
    head, _, body = mail.partition("\n\n")
    for name, value in fields.items():
        head = re.sub(rf"(?m)^{name.replace('_', '-')}: .*(?:\n[ \t].*)*", value, head)
    return f"{head}\n\n{chr(10).join(text_of(body.split(chr(10))))}\n".encode()


def wrapped_at(octets: int) -> Callable[[list[str]], list[str]]:
    """Return a gateway that breaks lines after so many octets of UTF-8, as it knows no columns."""

    def wrap(lines: list[str]) -> list[str]:
        wrapped = []
        for line in lines:
            rest = line
            while len(rest.encode()) > octets:
                piece = rest.encode()[:octets].decode(errors="ignore")
                wrapped.append(piece)
                rest = ("> " if line.startswith(">") else "") + rest[len(piece) :]
            wrapped.append(rest)
        return wrapped

    return wrap


@pytest.mark.parametrize(
    ("octets", "columns_left"), [(998, 68), (104, 68), (100, 60), (90, 50), (72, 40), (60, 40), (50, 40)]
)
def test_gateways_that_wrap(octets: int, columns_left: int) -> None:
    """The widest layout is chosen that a gateway leaves alone; below 40 columns there is none."""
    result = found(rewritten(wrapped_at(octets)))
    assert result.quotes
    assert layout(result) == Layout(columns_left)
    assert (result.wrapped_at is None) == (columns_left == 68)
    assert (40 in result.intact) == (octets > 62)
    if octets <= 62:
        assert any("最も短い行" in sentence for sentence in finding_sentences(result))


def test_pieces_without_a_quote_mark() -> None:
    """A line broken behind its quote mark is found although the rest of it has none."""
    broken = rewritten(lambda lines: [piece for line in lines for piece in (line[:30], line[30:]) if piece])
    assert layout(found(broken)).columns == 50


def changed(*pairs: tuple[str, str]) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        text = "\n".join(lines)
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        return text.split("\n")

    return change


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            rewritten(changed(("〜", "?"), ("－", "?"), ("①", "〓"))),
            {"damaged": ("波線", "負号", "丸数字"), "brackets": True},
        ),
        (rewritten(changed(("〜", "～"), ("‖", "∥"))), {"damaged": ()}),
        (rewritten(changed(("【】", "??"))), {"brackets": False}),
        (rewritten(changed(("[   ]", "[ ]"))), {"blanks": False, "leading": True}),
        (rewritten(changed(("   先頭", "先頭"))), {"blanks": True, "leading": False}),
        (
            rewritten(lambda lines: [lines[0], "> 【注意】外部からのメールです。", *lines[1:]]),
            {"banner_top": ("> 【注意】外部からのメールです。",), "banner_bottom": ()},
        ),
        (
            rewritten(lambda lines: ["CAUTION: EXTERNAL MAIL", *lines]),
            {"banner_top": ("CAUTION: EXTERNAL MAIL",)},
        ),
        (
            rewritten(lambda lines: [*lines, "", "このメールはウイルス検査済みです。"]),
            {"banner_bottom": ("このメールはウイルス検査済みです。",)},
        ),
        (
            rewritten(list, Subject="Subject: [EXTERNAL] Re: 【到達確認】返信のお願い [probe-2026-06-18]"),
            {"subject_tag": "[EXTERNAL]", "subject_kept": True},
        ),
        (rewritten(list, Subject="Subject: 返信です"), {"subject_kept": False}),
        (
            rewritten(list, In_Reply_To="In-Reply-To: <x@gw>", References="References: <x@gw>"),
            {"message_id": "changed"},
        ),
        (rewritten(list, In_Reply_To="X-Old: 1", References="X-Older: 1"), {"message_id": "dropped"}),
        (
            rewritten(list, Content_Type='Content-Type: text/plain; charset="UTF-8"; Format=Flowed'),
            {"flowed": True},
        ),
    ],
)
def test_what_gateways_change(raw: bytes, expected: dict[str, object]) -> None:
    """Each change on the way is found, has its sentence, and never narrows the lines by itself."""
    result = found(raw)
    assert {name: getattr(result, name) for name in expected} == expected
    assert layout(result) == Layout(68)
    for language in LANGUAGES:
        assert finding_sentences(result, language)


def converted(charset: str, client_name: str) -> bytes:
    """Return a reply that a gateway has converted with ? for what the charset has not."""
    message = parse(client(client_name)(PROBE, {}))
    head = (
        f"From: <{MEMBER[1]}>\nSubject: Re\nIn-Reply-To: {SENT.message_id}\n"
        f"Content-Type: text/plain; charset={charset}\n\n"
    )
    return head.encode() + message.text.encode(charset, "replace")


@pytest.mark.parametrize("name", ["thunderbird_slots", "outlook_html_only", "gmail_top_posted"])
def test_conversion_with_question_marks(name: str) -> None:
    """A gateway that strips HTML and writes ISO-2022-JP damages only the characters that it has not."""
    result = found(converted("iso2022_jp", name))
    assert result.form == "plain"
    assert set(result.damaged) == {"負号", "丸数字"}
    assert result.intact == WIDTHS
    assert result.brackets


def test_line_ends_lost() -> None:
    """A system that runs all lines together is found out."""
    result = found(rewritten(lambda lines: [" ".join(line.removeprefix("> ") for line in lines)]))
    assert result.run_together
    assert layout(result) == Layout(40)


def test_attachments_and_delay() -> None:
    """Attachments that a system adds are named, and how long the reply was on its way."""
    reply: Message = replace(
        parse(client("iphone")(PROBE, {})),
        attachments=("winmail.dat",),
        date="Thu, 18 Jun 2026 09:00:00 +0900",
    )
    result = findings(SENT, reply, NOW + timedelta(minutes=15))
    assert (result.attachments, result.delay_s) == (("winmail.dat",), 900)
    assert any("15分" in sentence for sentence in finding_sentences(result))
    assert findings(SENT, replace(reply, date=None), NOW).delay_s is None
    assert findings(SENT, reply, NOW - timedelta(minutes=15)).delay_s is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_undamaged_round_trip(language: Language) -> None:
    """Where nothing happened, one sentence says so; the English probe is as good as the Japanese one."""
    probe, sent = arrived(language)
    result = findings(sent, parse(client("thunderbird_slots")(probe, {})), NOW)
    assert layout(result) == Layout(68)
    assert len(finding_sentences(result, language)) == 1


def test_an_empty_reply() -> None:
    """A reply without any text shows that nothing is quoted."""
    result = found(b"From: <x@example.jp>\n\n")
    assert not result.quotes
    assert result.message_id == "dropped"
    assert layout(result) == Layout(68, quotes=False)
