"""The mails of a written resolution, in both languages (mailbot/render, templates/mail/*/resolution_*.txt, minutes.txt)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.calendar import Language
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.wrap import columns
from mailbot.core.members.audience import Selector
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.resolution import CHAIR, Proxy, outcome
from mailbot.core.surveys.survey import Article, Problem, Question, Resolution, Share, Survey
from mailbot.render import (
    Letterhead,
    Minutes,
    ProxyChange,
    Recipient,
    Renderer,
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
OPTIONS = ("賛成", "反対", "棄権")
SURVEY = Survey(
    key="K26-02",
    title="規約の一部改正",
    audience=Selector(everyone=True),
    opens=datetime(2026, 6, 15, 9, 0, tzinfo=TOKYO),
    closes=datetime(2026, 6, 29, 17, 0, tzinfo=TOKYO),
    questions=(
        Question("Q1", "規約第5条の改正", "yesno", OPTIONS, required=True),
        Question("Q2", "規約第7条の改正", "yesno", OPTIONS, required=True),
    ),
    mode="named",
    purpose="理事の職務が増えたため、定数を改めるものです。",
    contact="事務局 03-0000-0000",
    resolution=Resolution(
        base_date=date(2026, 6, 1),
        by_law="規約第18条（書面による表決）",
        quorum=Share(1, 2, "electorate", more_than=True),
        thresholds=(Share(2, 3, "votes", more_than=False), Share(1, 2, "electorate", more_than=True)),
        comparison=(
            Article("第5条（役員）", "理事 10名以内", "理事 15名以内"),
            Article("第7条", "", "顧問を置く。"),
        ),
        chair="202011",
    ),
)
YAMADA = Recipient(
    "yamada@city.nagano.example.jp", "長野市 山田様", "K26-02-202011", "202011", "a7qk2m3xd9wpt4hv"
)
THREAD = Thread("<reply.1@city.nagano.example.jp>")
OUTCOME = outcome(
    SURVEY,
    ["202011", *"bcde"],
    {"202011": {"Q1": "yes", "Q2": "yes"}, "b": {"Q1": "yes", "Q2": "no"}, "c": {"Q1": "abstain"}},
    [Proxy("d", CHAIR, NOW)],
)
MINUTES = Minutes(
    SURVEY.opens,
    SURVEY.closes,
    (("上田市", "議長", NOW),),
    ("軽井沢町",),
    1,
    2,
    "長野市",
    (("松本市", "早期の施行を望みます"),),
    7,
    "ab" * 32,
)


def receipt(status: str, **more: object) -> Callable[[Renderer], bytes]:
    told = VoteReceipt(status, NOW, 2, 3, {"Q1": "yes", "Q2": "no"})  # type: ignore[arg-type]
    return lambda render: render.surveys.vote_receipt(
        SURVEY,
        replace(told, **more),  # type: ignore[arg-type]
        thread=THREAD,
        now=NOW,
    )


HELD = ProxyChange(
    giver="南アルプス市外国人材受入推進協議会連絡会議",
    at=NOW,
    ended=False,
    count=12,
    names="、".join(["上田市"] * 10) + "、ほか2団体",
)
ENDED = replace(HELD, ended=True)

MAILS: dict[str, Callable[[Renderer], bytes]] = {
    "invitation": lambda r: r.surveys.invitation(SURVEY, now=NOW),
    "invitation, late": lambda r: r.surveys.invitation(SURVEY, now=NOW, late_since=NOW - timedelta(hours=2)),
    "invitation, sealed": lambda r: r.surveys.invitation(
        replace(SURVEY, mode="sealed", publish_to="office"), now=NOW
    ),
    "invitation, aggregate": lambda r: r.surveys.invitation(
        replace(SURVEY, mode="aggregate", purpose=""), now=NOW
    ),
    "reminder": lambda r: r.surveys.invitation(SURVEY, reminds=True, now=NOW),
    "reminder, partly": lambda r: r.surveys.invitation(SURVEY, reminds=True, partly=True, now=NOW),
    "ballot again": lambda r: r.surveys.fresh_ballot(
        SURVEY, now=NOW, thread=THREAD, answers={"Q1": "yes"}, edition=3
    ),
    "receipt, counted": receipt("counted", others=2, remarks={"Q1": "会長より"}),
    "receipt, partial": receipt(
        "partial", problems=(Problem("Q2", "required", "お答えがまだありません"),), answers={"Q1": "yes"}
    ),
    "receipt, held": receipt("held", reason="2か所のお答えが違います"),
    "receipt, desk": receipt("desk", reason="登録以外の方からのお返事でした"),
    "receipt, late": receipt("late"),
    "receipt, withdrawn": receipt("withdrawn", answers={}),
    "receipt, declined": receipt("declined", answers={}),
    "receipt, untouched": receipt("untouched", answers={}),
    "proxy": lambda r: r.results.proxy_receipt(
        SURVEY,
        "K26-02: 上田市から議長への委任を記録しました。",
        recorded=True,
        at=NOW,
        edition=2,
        thread=THREAD,
        now=NOW,
    ),
    "proxy, refused": lambda r: r.results.proxy_receipt(
        SURVEY, "ご自身の団体には委任できません。", recorded=False, at=NOW, edition=2, thread=THREAD, now=NOW
    ),
    "proxy held": lambda r: r.results.proxy_held(SURVEY, HELD, voted=False, edition=1, now=NOW),
    "proxy held, voted": lambda r: r.results.proxy_held(SURVEY, HELD, voted=True, edition=2, now=NOW),
    "proxy held, ended": lambda r: r.results.proxy_held(SURVEY, ENDED, voted=True, edition=2, now=NOW),
    "closed": lambda r: r.surveys.closed_reply(SURVEY, thread=THREAD, now=NOW),
    "result": lambda r: r.results.resolution_result(SURVEY, OUTCOME, now=NOW),
    "result, aggregate, late": lambda r: r.results.resolution_result(
        replace(SURVEY, mode="aggregate"), OUTCOME, now=NOW, late_since=SURVEY.closes
    ),
}
BALLOTS = (
    *("invitation", "reminder", "ballot again", "receipt, counted", "proxy", "proxy, refused"),
    *("proxy held", "proxy held, voted"),
)

every_mail = pytest.mark.parametrize("name", MAILS)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def mail(name: str, language: Language) -> EmailMessage:
    raw = fill(template(MAILS[name](RENDER[language])), recipient_values(YAMADA, "77"))
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(name: str, language: Language) -> str:
    return str(mail(name, language).get_content()).replace("\r\n", "\n")


@every_language
@every_mail
def test_lines(name: str, language: Language) -> None:
    """No line is wider than 68 columns, does harm, or is lost in a reply in ISO-2022-JP."""
    text = text_of(name, language)
    for line in text.split("\n"):
        assert columns(line) <= 68
        assert not line.startswith((">", "From ", "."))
        assert not line or line.strip("-_=")
    text.encode("iso-2022-jp")
    assert "\n\n\n" not in text


@every_language
@every_mail
def test_subject(name: str, language: Language) -> None:
    """The Subject carries the key, and calls the thing a written vote rather than a survey."""
    message = mail(name, language)
    assert str(message["Subject"]).endswith("[K26-02]")
    assert "調査" not in str(message["Subject"])
    if "closed" not in name:
        assert "調査" not in text_of(name, language)
        assert "survey" not in text_of(name, language)


@every_language
@pytest.mark.parametrize("name", BALLOTS)
def test_every_ballot_shows_what_is_voted_on(name: str, language: Language) -> None:
    """By-law, digest, both texts and the slots stand in every mail that is a ballot."""
    text = text_of(name, language)
    for words in ("規約第18条（書面による表決）", "理事 10名以内", "理事 15名以内", "K26-02-202011"):
        assert words in text
    assert ("【表決者氏名】[" if language == "ja" else "[Name of voter] [") in text


@every_language
@pytest.mark.parametrize("name", BALLOTS)
@pytest.mark.parametrize("quote", ["> ", ""])
def test_replies_are_read(name: str, language: Language, quote: str) -> None:
    """A vote above our quoted mail is read; the mail alone changes nothing; 委任 above it is a proxy."""
    sent = text_of(name, language)
    quoted = "\n".join(quote + line for line in sent.splitlines())
    today = date(2026, 6, 20)
    alone = read_reply(SURVEY, f"\n{quoted}", [sent], today=today, language=language)
    assert (dict(alone.answers), alone.command) == ({}, None)
    voted = read_reply(SURVEY, f"Q1 2\nQ2 1\n\n{quoted}", [sent], today=today, language=language)
    assert (dict(voted.answers), voted.hold) == ({"Q1": "no", "Q2": "yes"}, None)
    proxy = read_reply(SURVEY, f"委任 議長\n\n{quoted}", [sent], today=today, language=language)
    assert (proxy.command, proxy.detail, dict(proxy.answers)) == ("proxy", "議長", {})


def test_an_asked_back_motion() -> None:
    """Only the motion without a vote is asked again; the other stands in words."""
    text = text_of("receipt, partial", "ja")
    assert "【Q2回答】" in text
    assert "【Q1回答】" not in text
    assert "受付済み　Q1 賛成" in text


def test_the_proxy_receipt() -> None:
    """The receipt of a proxy says what is recorded, or that nothing is, and why."""
    assert "上田市から議長への委任を記録しました" in text_of("proxy", "ja")
    assert "受け付けておりません" in text_of("proxy, refused", "ja")
    assert "has not been recorded" in text_of("proxy, refused", "en")


def test_the_result() -> None:
    """The result mail names the outcome of every motion, and bodies by no name."""
    text = text_of("result", "ja")
    assert text.index("議案第1号") < text.index("表決権者"), "first what became of it, then how"
    assert text.count("結果　可決") == 1
    assert text.count("結果　否決") == 1
    assert "→ 満たします" in text
    assert "Result: carried" in text_of("result", "en")
    assert "団体ごとの表決は出しておりません" in text_of("result, aggregate, late", "ja")


@every_language
@pytest.mark.parametrize("deemed", ["", "規約第19条"])
@pytest.mark.parametrize("chair", ["長野市", ""])
@pytest.mark.parametrize("mode", ["named", "sealed"])
def test_minutes(language: Language, deemed: str, chair: str, mode: str) -> None:
    """The draft holds period, by-law, electorate, motions, outcome, proxies, what is not counted, and the ledger."""
    assert SURVEY.resolution is not None
    survey = replace(
        SURVEY,
        mode=mode,  # type: ignore[arg-type]
        resolution=replace(SURVEY.resolution, deemed=deemed),
    )
    found = outcome(survey, ["a", "b"], {"a": {"Q1": "yes", "Q2": "yes"}}, [])
    minutes = RENDER[language].results.minutes(survey, found, replace(MINUTES, chair=chair))
    assert max(columns(line) for line in minutes.splitlines()) <= 68
    for words in ("規約第18条", "規約第5条の改正", "上田市", "ab" * 16, "K26-02"):
        assert words in minutes
    assert ("規約第19条" in minutes) == bool(deemed)
    empty = RENDER[language].results.minutes(survey, found, replace(MINUTES, proxies=(), silent=(), held=0))
    assert ("なし" if language == "ja" else "none") in empty
