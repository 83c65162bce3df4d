"""Every automatic mail, in both languages, with every branch of its template (mailbot/render, templates/mail)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as clock
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import icalendar
import pytest

from mailbot.core.calendar import Language
from mailbot.core.events.event import Event, Material, Rsvp, event_changes, rsvp_form
from mailbot.core.mail.mailing import field, fill, template
from mailbot.core.mail.wrap import columns
from mailbot.core.members.audience import Selector
from mailbot.core.reading.reply import read_reply
from mailbot.core.reading.statements.command import command_of
from mailbot.core.reading.statements.named_answer import explicit_answers
from mailbot.core.surveys.comparison import Before, NotComparable
from mailbot.core.surveys.cross_table import CrossTable, Group
from mailbot.core.surveys.ledger import LedgerRow
from mailbot.core.surveys.report import QuestionReport, Report
from mailbot.core.surveys.seal import Seal
from mailbot.core.surveys.survey import Answers, Problem, Question, Survey
from mailbot.render import (
    EACH,
    ActMail,
    CommandLine,
    HeldMail,
    Letterhead,
    Recipient,
    Renderer,
    ReportItem,
    RsvpReceipt,
    Thread,
    VoteReceipt,
    recipient_values,
)

TOKYO = ZoneInfo("Asia/Tokyo")
TEMPLATES = Path(__file__).parents[1] / "templates"
LETTERHEAD = Letterhead("○○協議会", "jimukyoku@example.jp", "kaitou.example.jp", TOKYO)
NOW = datetime(2026, 6, 20, 10, 12, tzinfo=TOKYO)
LANGUAGES: tuple[Language, ...] = ("ja", "en")
RENDER = {language: Renderer(TEMPLATES, language, LETTERHEAD) for language in LANGUAGES}

SURVEY = Survey(
    key="S26-014",
    title="LG.JPドメインの利用について",
    audience=Selector(everyone=True),
    opens=datetime(2026, 6, 18, 9, 0, tzinfo=TOKYO),
    closes=datetime(2026, 7, 2, 17, 0, tzinfo=TOKYO),
    questions=(
        Question(
            "Q1",
            "LG.JPドメインを利用していますか",
            "single",
            ("利用している", "利用していない", "検討中"),
            required=True,
        ),
        Question(
            "Q2",
            "利用していない理由",
            "multi",
            ("費用", "手続き", "必要がない", "その他"),
            when=(("Q1", ("2",)),),
        ),
        Question("Q3", "ご意見", "text"),
    ),
    purpose="LG.JPドメインの普及の状況を調べ、国への要望の資料とするものです。\nご協力をお願いいたします。",
    contact="事務局 03-0000-0000",
)
EVENT = Event(
    key="N26-07",
    title="第1回トピックスセミナー",
    date=date(2026, 10, 22),
    starts=None,
    ends=None,
    place="有明・東京ビッグサイト",
    audience=Selector(everyone=True),
    notices=(),
    rsvp_until=datetime(2026, 10, 9, 17, 0, tzinfo=TOKYO),
    capacity=80,
    programme="講演「自治体の情報セキュリティ」\n意見交換",
)
FIXED = replace(EVENT, starts=clock(10, 0), ends=clock(15, 0))
PAST = replace(FIXED, rsvp_until=NOW)  # its deadline has passed
YAMADA = Recipient(
    "yamada@city.nagano.example.jp",
    "長野市 情報政策課 髙山様",
    "S26-014-202011",
    "202011",
    "a7qk2m3xd9wpt4hv",
)
THREAD = Thread("<reply.1@city.nagano.example.jp>", ("<first@kaitou.example.jp>",))
ANSWERS: Answers = {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "費用が\x0b高い"}
ROW = LedgerRow(1, "202011", 1, NOW, "a@b.example", "counted", 1, ANSWERS, (), "")
PROBLEM = Problem("Q2", "out-of-range", "番号が選択肢にありません")
Q1, Q2, Q3 = SURVEY.questions
BEFORE = Before(500, {"1": 206, "2": 294, "3": 0})
RESULT = Report(
    survey=SURVEY,
    state="closed",
    at=NOW,
    electorate=1401,
    answered=598,
    undeliverable=3,
    questions=(
        QuestionReport(Q1, 598, 0, {"1": 320, "2": 200, "3": 70, "none": 8}, before=BEFORE),
        QuestionReport(
            Q2, 200, 398, {"1": 200, "2": 0, "3": 1, "4": 3, "none": 0}, before=NotComparable("options")
        ),
        QuestionReport(Q3, 598, 0, {"answered": 18, "none": 580}, before=NotComparable("text")),
    ),
    tables=(
        CrossTable(
            "kind",
            (
                Group(
                    "city",
                    691,
                    300,
                    1,
                    {
                        "Q1": {"1": 150, "2": 100, "3": None, "none": None, "not_asked": 0},
                        "Q2": {"1": 100, "2": 0, "3": None, "4": None, "none": 0, "not_asked": 200},
                        "Q3": {"answered": None, "none": None, "not_asked": 0},
                    },
                ),
            ),
        ),
    ),
    smallest=5,
    earlier="S25-009",
)
SEALED = replace(RESULT, survey=replace(SURVEY, mode="sealed"), tables=(), earlier="")


def values(name: str, language: Language) -> dict[str, bytes]:
    """Return the recipient's own values for a mail."""
    make = RENDER[language].results.own_result(SEALED if name == "result, sealed" else RESULT)
    own = make("city", None if name == "result, not answered" else ANSWERS)
    return recipient_values(replace(YAMADA, own=own), "77")


VALUES = values("invitation", "ja")

ACT = ActMail("open", SURVEY, "7f3a91c2" * 8, "chair@b.example", SURVEY.closes, bodies=1401, answered=598)


def vote(status: str, **more: object) -> Callable[[Renderer], bytes]:
    receipt = VoteReceipt(status, NOW, 2, 3, ANSWERS)  # type: ignore[arg-type]
    return lambda render: render.surveys.vote_receipt(
        SURVEY,
        replace(receipt, **more),  # type: ignore[arg-type]
        thread=THREAD,
        now=NOW,
    )


def rsvp(
    status: str, people: int = 0, names: tuple[str, ...] = (), event: Event | None = None, **more: object
) -> Callable[[Renderer], bytes]:
    receipt = RsvpReceipt(Rsvp(status, people, names), NOW, 1, 2, {"Q1": ("1",), "Q2": "2名"})  # type: ignore[arg-type]
    return lambda render: render.events.rsvp_receipt(
        event or EVENT,
        replace(receipt, **more),  # type: ignore[arg-type]
        thread=THREAD,
        now=NOW,
    )


MAILS: dict[str, Callable[[Renderer], bytes]] = {
    "invitation": lambda r: r.surveys.invitation(SURVEY, now=NOW),
    "invitation, late": lambda r: r.surveys.invitation(SURVEY, now=NOW, late_since=SURVEY.opens),
    "invitation, named, to the office": lambda r: r.surveys.invitation(
        replace(SURVEY, mode="named", publish_to="office", purpose="", contact=""), now=NOW
    ),
    "invitation, sealed": lambda r: r.surveys.invitation(replace(SURVEY, mode="sealed"), now=NOW),
    "reminder": lambda r: r.surveys.invitation(SURVEY, reminds=True, now=NOW),
    "reminder, partly": lambda r: r.surveys.invitation(SURVEY, reminds=True, partly=True, now=NOW),
    "reminder, late": lambda r: r.surveys.invitation(SURVEY, reminds=True, now=NOW, late_since=SURVEY.opens),
    "receipt, counted": vote("counted"),
    "receipt, counted with notes": vote(
        "counted",
        remarks={"Q1": "来年度\r\nから"},
        flags={"Q1": ("read", "other"), "Q2": ("approximate",), "Q3": ("year-assumed",)},
    ),
    "receipt, partial": vote("partial", problems=(PROBLEM,)),
    "receipt, partial with nothing else": vote("partial", problems=(PROBLEM,), answers={}),
    "receipt, held": vote("held", reason="Q1の答えが二つあります。", problems=(PROBLEM,)),
    "receipt, desk": vote("desk", reason="文章だけのお返事でした。"),
    "receipt, late": vote("late"),
    "receipt, withdrawn": vote("withdrawn", answers={}),
    "receipt, declined": vote("declined", answers={}),
    "receipt, untouched": vote("untouched", answers={}),
    "fresh ballot": lambda r: r.surveys.fresh_ballot(SURVEY, now=NOW),
    "fresh ballot, asked for": lambda r: r.surveys.fresh_ballot(
        SURVEY, now=NOW, thread=THREAD, answers=ANSWERS, edition=3
    ),
    "closed": lambda r: r.surveys.closed_reply(SURVEY, thread=THREAD, now=NOW),
    "result": lambda r: r.results.result(RESULT, now=NOW),
    "result, named, late": lambda r: r.results.result(
        replace(RESULT, survey=replace(SURVEY, mode="named")), now=NOW, late_since=SURVEY.closes
    ),
    "result, not answered": lambda r: r.results.result(RESULT, now=NOW),
    "result, sealed": lambda r: r.results.result(SEALED, now=NOW),
    "result, nobody": lambda r: r.results.result(
        replace(RESULT, electorate=0, answered=0, undeliverable=0, questions=(), tables=()), now=NOW
    ),
    "notice, undecided": lambda r: r.events.notice(EVENT, sequence=0, now=NOW),
    "notice, fixed, late": lambda r: r.events.notice(FIXED, sequence=1, now=NOW, late_since=SURVEY.opens),
    "notice, attending": lambda r: r.events.notice(FIXED, sequence=1, now=NOW, to_whom="attending"),
    "notice, fixed, unanswered": lambda r: r.events.notice(
        replace(
            FIXED,
            organiser="地方自治情報センター",
            co_organisers=("全国協議会",),
            materials=(Material("資料1", "https://example.jp/shiryo/1.pdf"),),
        ),
        sequence=1,
        now=NOW,
        to_whom="unanswered",
    ),
    "joining": lambda r: r.events.joining(
        replace(FIXED, joining="https://meet.example.jp/abc\nパスコード 1234"), now=NOW
    ),
    "notice, closed": lambda r: r.events.notice(
        replace(FIXED, capacity=None, programme=""), sequence=1, now=datetime(2026, 10, 19, tzinfo=TOKYO)
    ),
    "notice, asked for": lambda r: r.events.notice(
        EVENT, sequence=0, now=NOW, answers={"Q1": ("1",)}, edition=2, thread=THREAD
    ),
    "change": lambda r: r.events.change(
        FIXED, event_changes(EVENT, FIXED, "ja" if r is RENDER["ja"] else "en"), sequence=1, now=NOW
    ),
    "change, time decided": lambda r: r.events.change(
        FIXED,
        event_changes(EVENT, FIXED, "ja" if r is RENDER["ja"] else "en"),
        sequence=1,
        now=NOW,
        decided=True,
    ),
    "change, programme, reminded": lambda r: r.events.change(
        replace(FIXED, programme="講演\n質疑"),
        event_changes(FIXED, replace(FIXED, programme="講演\n質疑"), "ja" if r is RENDER["ja"] else "en"),
        sequence=1,
        now=NOW,
        reminded=True,
    ),
    "cancelled": lambda r: r.events.cancelled(replace(FIXED, cancelled="台風のため"), sequence=2, now=NOW),
    "cancelled, answered": lambda r: r.events.cancelled(
        replace(FIXED, cancelled=""), sequence=2, now=NOW, thread=THREAD
    ),
    "calendar, another time": lambda r: r.events.calendar_answer(FIXED, known=True, thread=THREAD, now=NOW),
    "calendar, another entry": lambda r: r.events.calendar_answer(EVENT, known=False, thread=THREAD, now=NOW),
    "seats offered": lambda r: r.events.seat_offer(
        FIXED, people=2, until=NOW, over=False, edition=2, answers={"Q2": "2名"}, now=NOW
    ),
    "seats offered in vain": lambda r: r.events.seat_offer(
        FIXED, people=2, until=NOW, over=True, edition=2, answers={}, now=NOW
    ),
    "rsvp, attending": rsvp("attending", 2, ("山田太郎", "鈴木花子")),
    "rsvp, a seat became free": lambda r: r.events.rsvp_receipt(
        FIXED, RsvpReceipt(Rsvp("attending", 1), NOW, 1, 2, {"Q1": ("1",)}), thread=None, now=NOW
    ),
    "rsvp, waiting": rsvp("waiting", 2, ("山田太郎", "鈴木花子")),
    "rsvp, declined": rsvp("declined"),
    "rsvp, later": rsvp("later"),
    "rsvp, late": rsvp("attending", 1, event=PAST, late=True),
    "rsvp, late, one comes already": rsvp("attending", 3, event=PAST, late=True, before=Rsvp("attending", 2)),
    "rsvp, late, one waits already": rsvp("attending", 3, event=PAST, late=True, before=Rsvp("waiting", 1)),
    "rsvp, late, one declined before": rsvp(
        "attending", 1, event=PAST, late=True, before=Rsvp("declined", 0)
    ),
    "rsvp, late, an offer ran out": rsvp(
        "attending", 1, event=PAST, late=True, before=Rsvp("declined", 0), lapsed=True
    ),
    "rsvp, unclear after the deadline": rsvp(
        "unclear", event=PAST, past=True, before=Rsvp("attending", 2), problems=(PROBLEM,)
    ),
    "rsvp, late, it has begun": rsvp(
        "declined", event=replace(PAST, date=NOW.date()), late=True, before=Rsvp("attending", 2)
    ),
    "rsvp, fewer after the deadline": rsvp("attending", 2, event=PAST, past=True),
    "rsvp, waiting after the deadline": rsvp("waiting", 1, event=PAST, past=True),
    "rsvp, declined after the deadline": rsvp("declined", event=PAST, past=True),
    "rsvp, unclear": rsvp("unclear", problems=(PROBLEM,)),
    "held": lambda r: r.office.held(
        HeldMail(
            *("12", "a@b.example", "件名\r\nBcc: evil@x", "security", "会員ではない方からの投稿です。"),
            words=("条件付き賛成", "U-0012 採用", "あ" * 200),
            attachments=("回答.xlsx",),
            answers=("Q1 1 賛成",),
        ),
        now=NOW,
    ),
    "report": lambda r: r.office.report(
        (
            ReportItem("survey:S26-014:reminder:1", "25 時間遅れたため送っていません。"),
            ReportItem("relay", "応答なし"),
        ),
        now=NOW,
    ),
    "command, done": lambda r: r.office.answer(
        (CommandLine("締切 S26-014", "締め切りました。", ("取り消せません。",)),),
        (),
        key="S26-014",
        thread=THREAD,
        now=NOW,
    ),
    "command, partly done": lambda r: r.office.answer(
        (CommandLine("状況 S26-014", "受付中です。"),),
        (CommandLine("えんき", "読み取れませんでした。"), CommandLine("締切 S26-014", "行っておりません。")),
        thread=THREAD,
        now=NOW,
    ),
    "command, not done": lambda r: r.office.answer(
        (), (CommandLine("えんき", "読み取れませんでした。"),), thread=THREAD, now=NOW
    ),
    "command, nothing": lambda r: r.office.answer(
        (), (), sentence="指示がありません。", thread=THREAD, now=NOW
    ),
    "act, draft": lambda r: r.office.act(
        replace(ACT, by_plan=True, text=("LG.JPドメインを利用していますか",), plan=(SURVEY.closes,)), now=NOW
    ),
    "act, open": lambda r: r.office.act(ACT, now=NOW),
    "act, extend": lambda r: r.office.act(replace(ACT, act="extend", closes=SURVEY.closes), now=NOW),
    "act, admit": lambda r: r.office.act(
        replace(ACT, act="admit", held="U-0012 長野市", words=("Q1 賛成", "条件付き")), now=NOW
    ),
    "act settled": lambda r: r.office.act_settled(
        "close", SURVEY, state="approved", by="a@b.example", sentence="締め切りました。", now=NOW
    ),
    "act given up": lambda r: r.office.act_settled(
        "close", SURVEY, state="expired", by="", sentence="7日を過ぎました。", now=NOW
    ),
    "entered": lambda r: r.surveys.entered_for_body(
        SURVEY, ROW, how="電話 6/20 山田様", closed=False, seal=None, now=NOW
    ),
    "reply rejected": lambda r: r.surveys.reply_rejected(
        SURVEY,
        ROW,
        author="a@b.example\r\nBcc: evil@x",
        at=NOW,
        reason="番号でお答えください。",
        is_open=True,
        thread=THREAD,
        now=NOW,
    ),
    "rejected": lambda r: r.post_rejected(
        "ant@ml.example.jp", "質問", "会員だけが投稿できます。", to="x@y.example", thread=THREAD, now=NOW
    ),
}
ANSWERED = {name for name in MAILS if name.startswith(("receipt", "rsvp, "))} - {"rsvp, a seat became free"}
ANSWERED |= {
    "fresh ballot, asked for",
    "notice, asked for",
    "closed",
    "rejected",
    "reply rejected",
    "cancelled, answered",
    "calendar, another time",
    "calendar, another entry",
}
DESK = {"held", "report"} | {name for name in MAILS if name.startswith(("command", "act"))}
SECRETARIAT = {"rejected"} | DESK
OF_AN_EVENT = ("joining", "notice", "change", "cancelled", "rsvp", "calendar", "seats")
ANSWERED |= {name for name in MAILS if name.startswith("command")}
BALLOTS = {
    name for name in MAILS if name.startswith(("invitation", "reminder", "fresh", "notice, u", "notice, f"))
}

every_mail = pytest.mark.parametrize("name", MAILS)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def cooked(name: str, language: Language) -> bytes:
    return MAILS[name](RENDER[language])


def composed(name: str, language: Language) -> EmailMessage:
    copy = fill(template(cooked(name, language)), values(name, language))
    message = message_from_bytes(copy, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


@cache  # nobody changes it
def parsed(name: str, language: Language) -> EmailMessage:
    return composed(name, language)


def body(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == "8bit"
    return str(part.get_content()).replace("\r\n", "\n")


@every_language
@every_mail
def test_head(name: str, language: Language) -> None:
    """Each mail has exactly the fields we wrote, once each, from the office, to one recipient."""
    message = parsed(name, language)
    fields = ["From", "Reply-To", "To", "Subject", "Date", "Message-ID"]
    fields += ["In-Reply-To", "References"] if name in ANSWERED else []
    fields += ["Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"]
    assert message.keys() == [*fields, "Content-Transfer-Encoding"]
    assert message["From"].addresses[0].addr_spec == "jimukyoku@example.jp"
    assert message["From"].addresses[0].display_name.startswith("○○協議会")
    expected = {"rejected": "x@y.example"}
    assert [a.addr_spec for a in message["To"].addresses] == [expected.get(name, YAMADA.address)]
    assert message["Date"].datetime is not None
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"


@every_language
@every_mail
def test_automatic_mails_say_so(name: str, language: Language) -> None:
    """What answers a mail is auto-replied and stands in its thread; everything else is auto-generated."""
    message = parsed(name, language)
    if name in ANSWERED:
        assert message["Auto-Submitted"] == "auto-replied"
        assert message["In-Reply-To"] == THREAD.message_id
        assert message["References"] == f"{THREAD.references[0]} {THREAD.message_id}"
    else:
        assert message["Auto-Submitted"] == "auto-generated"


@every_language
@every_mail
def test_replies_come_back_to_the_token(name: str, language: Language) -> None:
    """A ballot's Reply-To and Message-ID carry the recipient's token; results and office mails are answered by people."""
    message = parsed(name, language)
    reply_to = message["Reply-To"].addresses[0].addr_spec
    if (
        name in DESK
    ):  # from whom a command comes, and whether it is one, is shown by flows/office/test_obey_desk.py
        assert reply_to == "a7qk2m3xd9wpt4hv@kaitou.example.jp"
        assert message["Message-ID"] == "<office.77@kaitou.example.jp>"
    elif name in SECRETARIAT or name.startswith(("result", "cancelled")):
        assert reply_to == "jimukyoku@example.jp"
        assert YAMADA.token not in message["Message-ID"]
    else:
        assert reply_to == "a7qk2m3xd9wpt4hv@kaitou.example.jp"
        key = "n26-07" if name.startswith(OF_AN_EVENT) else "s26-014"
        assert message["Message-ID"] == f"<{key}.202011.a7qk2m3xd9wpt4hv.77@kaitou.example.jp>"


@every_language
@every_mail
def test_subject_carries_the_key(name: str, language: Language) -> None:
    """The Subject of everything about a survey or event carries its key in square brackets, and its title."""
    subject = str(parsed(name, language)["Subject"])
    if name not in SECRETARIAT:
        assert subject.endswith("[N26-07]" if name.startswith(OF_AN_EVENT) else "[S26-014]")
        assert ("トピックスセミナー" if "[N26" in subject else "LG.JPドメイン") in subject


@every_language
@every_mail
def test_octets(name: str, language: Language) -> None:
    """No bare CR or LF, no other control character, no line over 998 octets, no raw header line over 998."""
    copy = fill(template(cooked(name, language)), values(name, language))
    bare = copy.replace(b"\r\n", b"")
    assert not set(bare) & (set(range(32)) | {127})
    assert max(len(line) for line in copy.split(b"\r\n")) <= 998
    head = copy.split(b"\r\n\r\n")[0]
    assert head.isascii()
    assert copy.endswith(b"\r\n")


@every_language
@every_mail
def test_lines(name: str, language: Language) -> None:
    """No line is taken for a quotation, a signature, or the end of a mail; ours have at most 68 columns."""
    text = body(parsed(name, language))
    lines = text.split("\n")
    assert text.strip()
    assert not any(line.startswith((">", "From ", ".")) or line == "-- " for line in lines)
    assert [line for line in lines if columns(line) > 68] == []
    assert not any(line and not line.strip("-_=") for line in lines)
    assert "\n\n\n" not in text
    assert not any(line != line.rstrip(" ") for line in lines)


@every_language
@every_mail
def test_templates_need_no_wrapping(name: str, language: Language) -> None:
    """With titles of usual length every line of a template fits as it is written; wrapping is for longer ones."""
    with patch("mailbot.render.pen.wrap_safely", lambda line, _columns, indent, balanced: (line,)):
        text = body(composed(name, language))
    assert [line for line in text.split("\n") if columns(line) > 68] == []


@every_language
@pytest.mark.parametrize(
    "name", sorted(BALLOTS | {"receipt, counted", "receipt, partial", "change", "rsvp, declined"})
)
def test_ballots_survive_iso_2022_jp(name: str, language: Language) -> None:
    """Our own text uses only characters that come back from a reply in ISO-2022-JP; names stand outside the ballot."""
    text = body(parsed(name, language)).replace(YAMADA.greeting, "")
    text.encode("iso-2022-jp")


@pytest.mark.parametrize("name", sorted(BALLOTS))
def test_each_ballot_shows_its_reference(name: str) -> None:
    """A ballot greets its recipient and shows its reference and edition once, and no question's slot twice."""
    text = body(parsed(name, "ja"))
    assert text.startswith("長野市 情報政策課 髙山様\n")
    assert text.count("S26-014-202011") == 1
    assert text.count("【Q1回答】") == 1
    assert ("トピックスセミナー" if name.startswith("notice") else "LG.JPドメイン") in text


def test_invitation_in_words() -> None:
    """The invitation says what is asked, until when, how to answer, why, and what becomes of the answers."""
    text = body(parsed("invitation", "ja"))
    assert (
        "次の調査に、お答えをお願いいたします。\n　「LG.JPドメインの利用について」\n全部で3問、約3分です。\n"
        in text
    )
    assert "締切　2026年7月2日（木）17時00分 までに当方へ届いたもの" in text
    assert "国への要望の資料" in text
    assert "団体名は出さず" in text
    assert "事務局 03-0000-0000" in text
    assert (
        str(parsed("invitation", "ja")["Subject"])
        == "【調査】LG.JPドメインの利用について（7/2締切） [S26-014]"
    )
    assert "6月18日 9時00分の予定でした" in body(parsed("invitation, late", "ja"))
    assert "planned for 18 June, 09:00" in body(parsed("invitation, late", "en"))


def test_receipt_in_words() -> None:
    """A receipt says what was received, when, and as which version; its ballot is filled in."""
    text = body(parsed("receipt, counted", "ja"))
    assert "次のとおり受け付けました（第2版、6月20日 10時12分）" in text
    assert "[ 2 ]" in text
    assert "(version 2, 20 June, 10:12)" in body(parsed("receipt, counted", "en"))


def test_partial_receipt_asks_only_what_was_unclear() -> None:
    """What was not understood stands first, with only that question; the other answers follow in words."""
    text = body(parsed("receipt, partial", "ja"))
    assert "【Q2回答】" in text
    assert "【Q1回答】" not in text
    assert text.index(PROBLEM.text) < text.index("【Q2回答】") < text.index("受付済み　Q1 利用していない")
    assert "受付済み　Q3 費用が 高い" in text
    assert "受付済み" not in body(parsed("receipt, partial with nothing else", "ja"))


def test_receipt_says_what_was_inferred() -> None:
    """An answer read from the one option line that was left, and words beside a choice, are shown as understood."""
    text = body(parsed("receipt, counted with notes", "ja"))
    assert "・残された選択肢から、Q1は「利用していない」と読み取りました。\n" in text
    assert "・お答えに添えられたお言葉も承りました（Q1）：来年度  から\n" in text


def test_late_receipt_has_no_ballot() -> None:
    """A reply after the deadline is told so, and is not asked again."""
    text = body(parsed("receipt, late", "ja"))
    assert "集計に入って\nおりません" in text
    assert "【Q1回答】" not in text


def test_result_has_base_rate_and_bars() -> None:
    """The result shows whom was asked, the response rate, each count with its share of the base, and a bar."""
    text = body(parsed("result", "ja"))
    assert "お尋ねした団体　1401　お答え　598（回答率 42.7%）" in text
    assert "うちメールをお届けできなかった団体　3（回答率の母数に含めています）" in text
    assert "　　　　320団体（53.5%）" + "■" * 10 + "\n" in text
    assert "　　　　200団体（100.0%）" + "■" * 20 + "\n" in text
    assert "　　　　0団体（0.0%）\n" in text
    assert "無回答 8団体、割合の母数 598団体" in text
    assert "お尋ねの対象でない（非該当）398団体" in text
    assert "お答え 18団体（お尋ね 598団体）" in text
    assert "団体ごとのお答えは出しておりません" in text
    assert "団体ごとのお答えは出しておりません" not in body(parsed("result, named, late", "ja"))


def test_result_stands_beside_the_one_before() -> None:
    """Each option of a question that was asked alike has last time's share and the change; another says why not."""
    text = body(parsed("result", "ja"))
    assert "「前回」は、調査 S25-009 の結果です。" in text
    assert "　　　　前回 41.2%（12.3ポイント増）\n" in text
    assert "　　　　前回 58.8%（25.4ポイント減）\n" in text
    assert "　　前回の母数 500団体\n" in text
    assert "前回とは選択肢が違うため、比べられません。" in text


def test_result_shows_your_body_your_kind_and_all() -> None:
    """Below the whole stand the recipient's own answers, marked in the table of its kind; withheld figures say so."""
    text = body(parsed("result", "ja"))
    assert "■ 貴団体のお答えと、市の結果\n" in text
    assert "　市　お尋ねした団体　691　お答え　300（回答率 43.4%）\n" in text
    assert "　　2. 利用していない　★貴団体\n　　　　100団体（33.3%）■■■■■■\n" in text
    assert "　　3. 検討中\n　　　　＊\n　　無回答 ＊、割合の母数 300団体\n" in text
    assert "＊は、5団体未満の区分などが分からないように伏せた数です。" in text
    assert "　　貴団体のお答え　いただきました\n" in text  # free words are not repeated
    assert "費用が" not in text
    silent = body(parsed("result, not answered", "ja"))
    assert "集計に入る貴団体のお答えは、締切までに届いておりませんでした。" in silent
    assert "★" not in silent
    assert "種別や地域ごとの結果はお出ししておりません" in body(parsed("result, sealed", "ja"))


@every_language
@pytest.mark.parametrize("name", [name for name in MAILS if name.startswith("result")])
def test_no_line_of_a_result_is_an_answer(name: str, language: Language) -> None:
    """Whoever replies to a result with the whole of it quoted has answered nothing."""
    for line in body(parsed(name, language)).split("\n"):
        assert command_of(line) is None
        assert [
            value for number, value in explicit_answers(SURVEY, line) if not own_question(number, value)
        ] == []


def own_question(number: str, value: str) -> bool:
    """Say whether what follows Q1 on a line is that question's own text."""
    return value.strip() == SURVEY.question(number).text


@every_language
@pytest.mark.parametrize("name", ["notice, undecided", "notice, fixed, late", "notice, attending", "change"])
def test_calendar_file(name: str, language: Language) -> None:
    """An event's mail is complete in plain text, with one calendar file beside it: same UID, its own SEQUENCE."""
    message = parsed(name, language)
    assert message.get_content_type() == "multipart/mixed"
    text, file = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert "2026" in text.get_content()
    assert "有明・東京ビッグサイト" in text.get_content()
    assert (file.get_content_type(), file.get_content_disposition()) == ("text/calendar", "attachment")
    assert file.get_filename() == "n26-07.ics"
    raw = file.get_payload(decode=True)
    assert isinstance(raw, bytes)
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    calendar = icalendar.Calendar.from_ical(raw.decode())
    assert calendar["METHOD"] == file.get_param("method") == "PUBLISH"
    (entry,) = calendar.walk("VEVENT")
    assert entry["UID"] == "n26-07@kaitou.example.jp"
    assert entry["ORGANIZER"] == "mailto:jimukyoku@example.jp"
    assert "情報セキュリティ" in str(entry["DESCRIPTION"])
    if name == "notice, undecided":
        assert entry.decoded("DTSTART") == date(2026, 10, 22)
        assert entry.decoded("DTEND") == date(2026, 10, 23)
        assert entry["SUMMARY"] == "【時間未定】第1回トピックスセミナー"
        assert entry["SEQUENCE"] == 0
    else:
        assert entry.decoded("DTSTART") == datetime(2026, 10, 22, 10, 0, tzinfo=TOKYO)
        assert entry.decoded("DTEND") == datetime(2026, 10, 22, 15, 0, tzinfo=TOKYO)
        assert entry["SUMMARY"] == "第1回トピックスセミナー"
        assert entry["SEQUENCE"] == 1
        assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Asia/Tokyo"]


def test_event_in_words() -> None:
    """A notice says that the time is undecided; a change says what it was and what it is."""
    assert "日時　2026年10月22日（木）【時間未定】　決まり次第お知らせします\n" in body(
        parsed("notice, undecided", "ja")
    )
    assert "1. 出席" in body(parsed("notice, undecided", "ja"))
    assert "3. 時間が決まってから返事" in body(parsed("notice, undecided", "ja"))
    change = body(parsed("change", "ja"))
    assert "・日時　2026年10月22日（木）【時間未定】\n　→ 2026年10月22日（木）10時00分〜15時00分\n" in change
    assert "決まり次第" not in change
    assert "【Q1回答】" not in body(parsed("notice, closed", "ja"))


@every_language
@every_mail
def test_same_arguments_same_bytes(name: str, language: Language) -> None:
    """A mail cooked twice from the same arguments is the same, its MIME boundary included."""
    assert cooked(name, language) == cooked(name, language)


def test_one_mailing_serves_everybody() -> None:
    """A cooked invitation names its fields, and two copies differ in them only."""
    pieces = template(cooked("invitation", "ja"))
    assert {p for p in pieces if isinstance(p, str)} == set(VALUES) - {"own"}
    other = recipient_values(replace(YAMADA, greeting="松本市 鈴木様", code="202029"), "78")
    assert fill(pieces, VALUES) != fill(pieces, other)
    literal = RENDER["ja"].surveys.invitation(SURVEY, now=NOW, to=YAMADA)
    assert fill(template(literal), {"delivery": b"77"}) == fill(pieces, VALUES)
    assert EACH.token == field("token")


HOSTILE = [
    "x\r\nBcc: evil@x",
    "x\nBcc:",
    "x\rBcc:",
    "x\r\n\r\nbody",
    "x\u2028Bcc:",
    "x\x85Bcc:",
    "x\x0bBcc:",
    "x\x1cB",
    "x\0y",
]
ENCODED = "=?utf-8?q?x=0D=0ABcc:_evil=40x?="


@pytest.mark.parametrize("hostile", [*HOSTILE, "x\x00token\x00y\x07", "x\u202eB", "x\ud800"])
def test_definitions_with_control_characters_are_refused(hostile: str) -> None:
    """A title or place with a control character is refused with a sentence (promises.md attack 5)."""
    with pytest.raises(ValueError, match="control character"):
        RENDER["ja"].surveys.invitation(replace(SURVEY, title=hostile), now=NOW)
    with pytest.raises(ValueError, match="control character"):
        RENDER["ja"].events.notice(replace(EVENT, place=hostile), sequence=0, now=NOW)


@pytest.mark.parametrize("hostile", [*HOSTILE, ENCODED, "x\u202eB", "x\ud800"])
def test_strangers_words_stay_words(hostile: str) -> None:
    """A control character in what a stranger wrote becomes a blank, and no field appears that we did not write."""
    held = HeldMail(
        "12", hostile, hostile, hostile, hostile, words=(hostile,), attachments=(hostile,), answers=(hostile,)
    )
    thread = Thread(f"<{hostile}@x>", (hostile, f"<{hostile}>"))
    mails = [
        RENDER["ja"].office.held(held, now=NOW),
        RENDER["ja"].post_rejected("a@b.example", hostile, hostile, to="x@y.example", thread=thread, now=NOW),
        RENDER["ja"].surveys.vote_receipt(
            SURVEY,
            VoteReceipt("partial", NOW, 1, 2, {"Q3": hostile}, (Problem("Q1", "garbled", hostile),), hostile),
            thread=THREAD,
            now=NOW,
        ),
    ]
    for mail in mails:
        values = recipient_values(replace(YAMADA, greeting=hostile, reference=hostile), "77")
        message = message_from_bytes(fill(template(mail), values), policy=policy.compat32)
        assert "Bcc" not in message
        assert len(message.keys()) == len({name.lower() for name in message})
        assert set(message) <= {
            *("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
            *("Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
            "Content-Transfer-Encoding",
        }


def test_lines_of_strangers_are_made_safe() -> None:
    """A member's words cannot look like a quotation, a signature or the end of the mail in our receipt."""
    text = "> 引用\n-- \nFrom here\n.\n" + "長" * 2000 + "x" * 3000
    receipt = VoteReceipt("held", NOW, 1, 2, {"Q3": text}, reason=">引用")
    mail = fill(template(RENDER["ja"].surveys.vote_receipt(SURVEY, receipt, thread=THREAD, now=NOW)), VALUES)
    lines = mail.decode().split("\r\n")
    assert max(len(line.encode()) for line in lines) <= 998
    assert not any(line.startswith((">", "From ", ".")) or line == "-- " for line in lines)


def test_a_receipt_that_is_kept_says_nothing_of_another() -> None:
    """The receipts of one answer share a text, but not their moment and thread; whatever else differs is another text."""
    kept = VoteReceipt("partial", NOW, 1, 2, {"Q1": ("2",)}, (Problem("Q2", "required", "まだです"),), "理由")
    changes: dict[str, object] = {
        "status": "late",
        "at": NOW + timedelta(hours=1),
        "version": 7,
        "edition": 9,
        "answers": {"Q1": ("3",)},
        "problems": (Problem("Q2", "garbled", "文字化け"),),
        "reason": "別の理由",
        "remarks": {"Q1": "来年度から"},
        "flags": {"Q1": ("read",)},
        "ask": False,
        "others": 3,
        "seal": Seal("key", "line"),
        "proxy_ended": True,
        "closed": True,
        "written": "設置済",
        "stands_since": NOW,
    }
    assert changes.keys() == vars(kept).keys()
    shared = Renderer(TEMPLATES, "ja", LETTERHEAD)
    for change in ({}, *({name: value} for name, value in changes.items()), {}):
        receipt: VoteReceipt = replace(kept, **change)  # type: ignore[arg-type]
        for now, thread in ((NOW, THREAD), (NOW + timedelta(minutes=5), Thread("<other@x.example>"))):
            own = Renderer(TEMPLATES, "ja", LETTERHEAD)
            cooked = own.surveys.vote_receipt(SURVEY, receipt, thread=thread, now=now)
            assert shared.surveys.vote_receipt(SURVEY, receipt, thread=thread, now=now) == cooked


def test_long_threads_fit_a_line() -> None:
    """References keep the first and the newest ids and stay on one line of at most 998 octets."""
    ids = tuple(f"<{'a' * 80}.{n}@x.example>" for n in range(200))
    thread = Thread("<last@x.example>", ids)
    mail = RENDER["ja"].surveys.closed_reply(SURVEY, thread=thread, now=NOW)
    (line,) = [line for line in mail.split(b"\r\n") if line.startswith(b"References:")]
    assert len(line) <= 998
    assert line.endswith(b"<last@x.example>")


def test_ids_that_are_none_are_left_out() -> None:
    """An answer to a mail without a Message-ID stands in no thread, and is still an automatic reply."""
    mail = RENDER["ja"].surveys.closed_reply(SURVEY, thread=Thread(""), now=NOW)
    message = message_from_bytes(mail, policy=policy.compat32)
    assert "In-Reply-To" not in message
    assert message["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize(
    "address", ["", "x", "x@y.example\r\nBcc: z@y.example", "a@b.example, c@d.example", "x@y\0z.jp"]
)
def test_no_mail_without_an_address(address: str) -> None:
    """What is no address goes into no To line."""
    with pytest.raises(ValueError, match="not a mail address"):
        recipient_values(replace(YAMADA, address=address), "1")
    with pytest.raises(ValueError, match="not a mail address"):
        RENDER["ja"].post_rejected("a@b.example", "s", "r", to=address, thread=THREAD, now=NOW)


def test_templates_are_the_same_in_both_languages() -> None:
    """Each mail has its template in each language."""
    names = [
        sorted(path.name for path in (TEMPLATES / "mail" / language).iterdir()) for language in LANGUAGES
    ]
    assert names[0] == names[1]


@every_language
@pytest.mark.parametrize("name", sorted(BALLOTS | {"receipt, counted", "receipt, partial", "receipt, held"}))
def test_a_ballot_returned_untouched_holds_no_answer(name: str, language: Language) -> None:
    """No line of ours parses as an answer or a command: the whole mail quoted back, or copied, says nothing."""
    form = rsvp_form(FIXED if "fixed" in name else EVENT, language) if name.startswith("notice") else SURVEY
    text = body(parsed(name, language))
    for reply in (text, "\n".join(f"> {line}" for line in text.splitlines())):
        reading = read_reply(form, reply, [text], today=NOW.date(), language=language)
        assert (dict(reading.answers), reading.problems, reading.command) == ({}, (), None)
        assert reading.hold == "untouched"
    start, end = (
        ("★★ 回答欄 ここから", "ここまで ★★") if language == "ja" else ("** ANSWERS START", "ANSWERS END **")
    )
    outside = [*text[: text.index(start)].splitlines(), *text[text.index(end) + len(end) :].splitlines()]
    assert [line for line in outside if explicit_answers(form, line) or command_of(line)] == []


@every_language
def test_an_answer_in_the_slot_is_read_back(language: Language) -> None:
    """A number in the slot of the quoted invitation is that answer, and so is a changed one in the receipt."""
    slot = {"ja": ("【Q1回答】[　　]", "【Q1回答】[ 3 ]"), "en": ("[Q1 answer] [    ]", "[Q1 answer] [ 3 ]")}[
        language
    ]
    text = body(parsed("invitation", language))
    assert slot[0] in text
    quoted = "\n".join(f"> {line}" for line in text.replace(*slot).splitlines())
    reading = read_reply(SURVEY, quoted, [text], today=NOW.date(), language=language)
    assert (dict(reading.answers), reading.problems, reading.hold) == ({"Q1": ("3",)}, (), None)
    receipt = body(parsed("receipt, counted", language))
    changed = receipt.replace("[ 2 ]", "[ 1 ]")
    assert changed != receipt
    reading = read_reply(SURVEY, changed, [receipt, text], today=NOW.date(), language=language)
    assert (dict(reading.answers), reading.problems) == ({"Q1": ("1",)}, ())


def test_what_may_be_meant_is_confirmed_by_a_lone_yes() -> None:
    """An ask-back that names what was probably meant can be answered with はい alone."""
    problem = Problem("Q2", "joined", "「1と3」ですか。番号の区切りが読み取れません", ("1", "3"))
    receipt = VoteReceipt("partial", NOW, 1, 2, {"Q1": ("2",)}, (problem,))
    cooked = RENDER["ja"].surveys.vote_receipt(SURVEY, receipt, thread=THREAD, now=NOW)
    mail = fill(template(cooked), VALUES)
    text = str(message_from_bytes(mail, policy=policy.default).get_content()).replace("\r\n", "\n")
    assert "・「1と3」ですか。番号の区切りが読み取れません。（Q2）\n" in text
    reading = read_reply(SURVEY, "はい\n", [text], today=NOW.date())
    assert dict(reading.answers) == {"Q2": ("1", "3")}
