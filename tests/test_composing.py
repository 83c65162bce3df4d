"""Every mail of a survey's life, over all surveys that `check` accepts: none of our lines is an answer (ballot.md 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.calendar import Language
from mailbot.core.mail.fold import fold
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import parse
from mailbot.core.members.audience import Selector
from mailbot.core.reading.grammar.printed_options import choice_count, yesno_values
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.ballot import WIDTHS
from mailbot.core.surveys.ballot_faults import faults, mail_faults
from mailbot.core.surveys.gateway import Layout
from mailbot.core.surveys.survey import Answer, Answers, Problem, Question, QuestionType, Survey
from mailbot.demo.demo_clients import CLIENTS, original
from mailbot.render import Letterhead, Recipient, Renderer, Thread, VoteReceipt, recipient_values
from mailbot.resources import templates_folder
from tests.drawing import HealthCheck, assume, given, settings, st
from tests.mails.standard import STANDARD, TODAY

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 6, 20, 10, 12, tzinfo=TOKYO)
LANGUAGES: tuple[Language, ...] = ("ja", "en")
LETTERHEAD = Letterhead("○○協議会", "jimukyoku@example.jp", "kaitou.example.jp", TOKYO)
RENDER = {language: Renderer(templates_folder(), language, LETTERHEAD) for language in LANGUAGES}
MEMBER = ("佐藤太郎", "sato@city-01201.example.jp", "青里市")
TO = Recipient(MEMBER[1], "青里市 情報政策課 佐藤太郎様", "S26-014-012017", "012017", "a7qk2m3xd9wpt4hv")
VALUES = recipient_values(TO, "7")
THREAD = Thread("<reply.1@city-01201.example.jp>")

# What people write, and what is most like an answer, a command or a line of ours.
_PIECES = [
    *(
        "利用している",
        "利用していない",
        "情報システムの標準化",
        "の問題について",
        "費用",
        "、",
        "。",
        "（",
        "）",
    ),
    *(
        "Q1",
        "Q2 ",
        "Ｑ１",
        "問1",
        "問２",
        "設問3",
        "議案1",
        "第1号議案",
        "の回答",
        "2",
        "1,3",
        "１",
        "はい",
        "いいえ",
    ),
    *(
        "は",
        "：",
        ". ",
        "2. ",
        "3. ",
        "取下げ",
        "再送",
        "回答しない",
        "【Q1回答】",
        "[ 2 ]",
        "★★",
        "-- ",
        ">",
        "From ",
    ),
    *(".", "----", " ", "　", "LG.JP", "A1: 2", "その他", "〜", "−", "‖", "ー" * 20),
    *(
        "x" * 45,
        "https://example.jp/a/b",
        "特になし",
        "すべて",
        "賛成",
        "受付番号",
        "第1版",
        "「",
        "」",
        "受",
        "※",
    ),
    *("自治体の情報化", "についてお尋ねします", "年度の予算", "担当者の人数", "ご意見", "LGWAN接続系"),
]
WORDS = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=14).map("".join).map(str.strip)
TYPES: list[QuestionType] = ["single", "multi", "yesno", "number", "date", "text", "rating"]


@st.composite
def questions(draw: st.DrawFn, number: int) -> Question:
    kind = draw(st.sampled_from(TYPES))
    count = {"single": (2, 5), "multi": (1, 5)}.get(kind, (0, 0))
    options = draw(st.lists(WORDS, min_size=count[0], max_size=count[1]))
    return Question(f"Q{number}", draw(WORDS), kind, tuple(options), draw(st.booleans()))


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    asked = tuple(draw(questions(number)) for number in range(1, draw(st.integers(1, 3)) + 1))
    lines = st.lists(WORDS, max_size=3).map("\n".join)
    return Survey(
        key="S26-014",
        title=draw(WORDS).strip() or "調査",
        audience=Selector(everyone=True),
        opens=datetime(2026, 6, 18, 9, 0, tzinfo=TOKYO),
        closes=datetime(2026, 7, 2, 17, 0, tzinfo=TOKYO),
        questions=asked,
        purpose=draw(lines),
        contact=draw(lines),
    )


def answers(survey: Survey) -> st.SearchStrategy[dict[str, Answer]]:
    """Return a strategy of answers that a member may have given, free text of any kind among them."""

    def of(question: Question) -> st.SearchStrategy[Answer]:
        numbers = [str(number) for number in range(1, choice_count(question) + 1)]
        match question.type:
            case "single" | "rating":
                return st.sampled_from([(number,) for number in numbers])
            case "multi":
                return st.lists(st.sampled_from(numbers), unique=True, min_size=1).map(
                    lambda chosen: tuple(sorted(chosen, key=int))
                )
            case "yesno":
                return st.sampled_from(yesno_values(question))
            case "number":
                return st.integers(0, 10**9).map(str)
            case "date":
                return st.dates().map(lambda day: day.isoformat())
            case "text":
                return st.lists(WORDS, min_size=1, max_size=3).map("\n".join)

    return st.fixed_dictionaries({}, optional={question.id: of(question) for question in survey.questions})


def text_of(cooked: bytes) -> str:
    mail = message_from_bytes(fill(template(cooked), VALUES), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def mails(survey: Survey, given_answers: Answers, language: Language, columns: int) -> Iterator[str]:
    """Yield the text of every mail of a survey's life, at one width."""
    render = RENDER[language]
    for layout in (Layout(columns), Layout(columns, quotes=False)):
        yield text_of(render.surveys.invitation(survey, now=NOW, late_since=NOW, layout=layout))
        for partly in (False, True):
            yield text_of(
                render.surveys.invitation(survey, reminds=True, partly=partly, now=NOW, layout=layout)
            )
        yield text_of(render.surveys.trial(survey, now=NOW, layout=layout))
        yield text_of(
            render.surveys.fresh_ballot(survey, now=NOW, answers=given_answers, edition=3, layout=layout)
        )
        yield from (text_of(each) for each in receipts(survey, given_answers, render, layout))


def receipts(survey: Survey, given_answers: Answers, render: Renderer, layout: Layout) -> Iterator[bytes]:
    problem = Problem(survey.questions[-1].id, "joined", "番号の区切りが読み取れません", ("1", "3"))
    words = next((answer for answer in given_answers.values() if isinstance(answer, str)), "来年度から")
    receipt = VoteReceipt("counted", NOW, 2, 3, given_answers, remarks={"Q1": words})
    for each in (
        receipt,
        replace(receipt, status="partial", problems=(problem,)),
        replace(receipt, status="held", reason="まだ数えておりません"),
    ):
        for trial in (False, True):
            yield render.surveys.vote_receipt(
                survey, each, thread=THREAD, now=NOW, layout=layout, trial=trial
            )


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(LANGUAGES), st.sampled_from(WIDTHS))
def test_no_line_of_ours_is_an_answer(data: st.DataObject, language: Language, columns: int) -> None:
    """A survey that check accepts composes at every width without a line that reads as an answer or ends the mail."""
    survey = data.draw(surveys())
    assume(not faults(survey, language))
    answered = data.draw(answers(survey))
    for text in mails(survey, answered, language, columns):
        assert mail_faults(survey, text, columns=columns, language=language) == ()


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(surveys(), st.sampled_from(LANGUAGES), st.sampled_from(WIDTHS))
def test_a_round_trip_changes_nothing(survey: Survey, language: Language, columns: int) -> None:
    """The mails of a survey that check accepts come back from ISO-2022-JP as they were, and from CP932 as the reader folds."""
    assume(not faults(survey, language))
    for text in mails(survey, {}, language, columns):
        assert text.encode("iso2022_jp").decode("iso2022_jp") == text
        for line in text.splitlines():
            assert fold(line.encode("shift_jis").decode("cp932")) == fold(line) or "\\" in line


# Characters of Japanese text, with those on which charsets disagree as likely as the others.
MARKS = st.one_of(
    st.sampled_from("～－—―–㈱㈲①Ⅰ髙﨑ｱﾞ¥‾〝№‖−〜￥￠∥é♥"),
    st.characters(min_codepoint=0x20, max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc", "Cn", "Co"]),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])
@given(MARKS, st.sampled_from(["title", "purpose", "contact", "text", "label"]))
def test_no_character_is_damaged(mark: str, place: str) -> None:
    """Whatever character stands in a survey that check accepts, its mails come back from ISO-2022-JP as they were."""
    words = f"甲{mark}乙"
    first = replace(
        STANDARD.questions[0],
        text=words if place == "text" else "利用",
        options=(words if place == "label" else "はい", "別の答え"),
    )
    survey = replace(STANDARD, questions=(first,))
    if place in {"title", "purpose", "contact"}:
        survey = replace(survey, **{place: words})  # type: ignore[arg-type]
    assume(not faults(survey))
    for text in mails(survey, {}, "ja", 68):
        assert text.encode("iso2022_jp").decode("iso2022_jp") == text


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_narrow_ballots_are_read(client: object, columns: int) -> None:
    """A ballot of any width is answered by every mail program and read as its member means it."""
    assert callable(client)
    meant: Answers = {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "国の補助があれば進めたい。"}
    raw = fill(template(RENDER["ja"].surveys.invitation(STANDARD, now=NOW, layout=Layout(columns))), VALUES)
    arrived = original(raw, "bounce+x@ml.example.jp", MEMBER)
    message = parse(client(arrived, meant))
    reading = read_reply(STANDARD, message.text, [parse(raw).text], today=TODAY)
    assert (dict(reading.answers), reading.problems, reading.hold) == (meant, (), None)


def test_members_words_cannot_become_answers() -> None:
    """What a member wrote in a free answer never begins a line of our receipt as an answer does, wherever it breaks."""
    words = (
        "とても長いご意見です、" * 3
        + "Q1 2、問2 1,3\n取下げ\n.\n> 引用\nFrom here\n-- \n"
        + "語" * 29
        + "Q1 3"
    )
    for columns in WIDTHS:
        for text in mails(STANDARD, {"Q3": words}, "ja", columns):
            assert mail_faults(STANDARD, text, columns=columns) == ()
