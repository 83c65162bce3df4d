"""The paper of a written resolution, and its ballot (core/surveys/voting_paper.py, core/surveys/ballot.py; ballot.md section 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.calendar import Language
from mailbot.core.mail.wrap import columns
from mailbot.core.members.audience import Selector
from mailbot.core.reading.reply import read_reply
from mailbot.core.reading.statements.command import ALWAYS, command_of
from mailbot.core.reading.statements.named_answer import explicit_answers
from mailbot.core.surveys.ballot import ballot_lines
from mailbot.core.surveys.ballot_faults import faults
from mailbot.core.surveys.how_to_answer import how_to_lines
from mailbot.core.surveys.survey import Article, Mode, Question, Resolution, Share, Survey
from mailbot.core.surveys.voting_paper import difference, paper_lines, text_digest

TOKYO = ZoneInfo("Asia/Tokyo")
OPENS = datetime(2026, 6, 15, 9, 0, tzinfo=TOKYO)
OPTIONS = ("賛成", "反対", "棄権")
RESOLUTION = Resolution(
    base_date=date(2026, 6, 1),
    by_law="規約第18条（書面による表決）",
    quorum=Share(1, 2, "electorate", more_than=True),
    thresholds=(Share(2, 3, "votes", more_than=False), Share(1, 2, "electorate", more_than=True)),
    comparison=(
        Article("第5条（役員）", "理事 10名以内", "理事 15名以内"),
        Article("第7条", "会長は、会務を総理する。\n2 副会長は、会長を補佐する。", "情報" * 60),
        Article("第8条", "", "顧問を置くことができる。"),
    ),
    chair="202011",
)
SURVEY = Survey(
    key="K26-02",
    title="規約の一部改正",
    audience=Selector(everyone=True),
    opens=OPENS,
    closes=datetime(2026, 6, 29, 17, 0, tzinfo=TOKYO),
    questions=(
        Question("Q1", "規約第5条の改正", "yesno", OPTIONS, required=True),
        Question("Q2", "規約第7条及び第8条の改正", "yesno", OPTIONS, required=True),
    ),
    mode="named",
    resolution=RESOLUTION,
)
LANGUAGES: tuple[Language, ...] = ("ja", "en")

PAPER = f"""\
【書面表決K26-02】規約の一部改正
根拠　　　　規約第18条（書面による表決）
定足数　　　会員総数の過半数
可決の要件　賛成が表決総数（棄権を含む）の3分の2以上
　　　　　　かつ賛成が会員総数の過半数
基準日　　　2026年6月1日（月）（この日の会員に表決権があります）
議案の版　　第1版　照合 {text_digest(SURVEY)}
(新旧対照)
 第5条（役員）
   【現行】理事 10名以内
   【改正】理事 15名以内
   （変わる所：10名→15名）
 第7条
   【現行】
     会長は、会務を総理する。
     2 副会長は、会長を補佐する。
   【改正】情報情報情報情報情報情報情報情報情報情報情報情報情報情"""

BALLOT = """\
★★ 回答欄 ここから ★★（この行は残してください）
受付番号 K26-02-202011 第1版
議案1 規約第5条の改正
   1. 賛成
   2. 反対
   3. 棄権
【Q1回答】[ 1 ]　賛成

議案2 規約第7条及び第8条の改正
   1. 賛成
   2. 反対
   3. 棄権
【Q2回答】[　　]
【表決者氏名】[　　　　　　]　　（代理の方は、委任の有無も）
★★ 回答欄 ここまで ★★"""


def all_lines(survey: Survey, language: Language, width: int = 68) -> list[str]:
    return [
        *paper_lines(survey, language, columns=width),
        *how_to_lines(survey, language, columns=width),
        *ballot_lines(survey, "K26-02-202011", 1, language=language, columns=width),
    ]


def test_the_paper() -> None:
    """The paper names by-law, quorum, each threshold with its whole, base date, version and digest, and both texts."""
    assert "\n".join(paper_lines(SURVEY)).startswith(PAPER)
    assert paper_lines(SURVEY)[-3:] == (
        " 第8条",
        "   【現行】（新設）",
        "   【改正】顧問を置くことができる。",
    )


def test_the_ballot_of_section_3() -> None:
    """Motions are 議案, answered in the slot of their question; the voter's name has a slot of its own."""
    assert "\n".join(ballot_lines(SURVEY, "K26-02-202011", 1, answers={"Q1": "yes"})) == BALLOT


@pytest.mark.parametrize("width", [68, 56, 40])
@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_are_narrow_harmless_and_survive(language: Language, width: int) -> None:
    """Every line fits, survives ISO-2022-JP, and is no answer, no command and no proxy by itself."""
    modes: tuple[Mode, ...] = ("named", "sealed")
    for mode in modes:
        survey = replace(SURVEY, mode=mode)
        assert faults(survey, language) == ()
        for line in all_lines(survey, language, width):
            assert columns(line) <= width
            line.encode("iso-2022-jp")
            assert not line.startswith((">", "From ", "."))
            assert command_of(line, ALWAYS | {"proxy"}) is None
            assert not any(value == "1" for _, value in explicit_answers(survey, line))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("deemed", "chair", "mode"), [("", "", "named"), ("規約第19条", "202011", "named"), ("", "", "sealed")]
)
def test_silence_and_proxies_are_explained(deemed: str, chair: str, mode: str, language: Language) -> None:
    """The ballot says that silence is no vote, or by which article it is one; a secret vote offers no proxies."""
    survey = replace(
        SURVEY,
        mode=mode,  # type: ignore[arg-type]
        resolution=replace(RESOLUTION, deemed=deemed, chair=chair),
    )
    text = "\n".join(how_to_lines(survey, language))
    assert ("規約第19条" in text) == bool(deemed)
    assert (("委任 議長" in text) or ("proxy to chair" in text)) == (mode != "sealed")
    if language == "ja":
        assert ("賛成にも反対にも数えません" in text) == (not deemed)
        assert ("定足数にだけ数え" in text) == (not chair and mode == "named")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("quoting", ["> ", ""])
def test_an_untouched_copy_is_no_vote(language: Language, quoting: str) -> None:
    """Our whole mail quoted, or standing unquoted below, votes for nothing by itself, and one line above it votes."""
    sent = "\n".join(all_lines(SURVEY, language))
    quoted = "\n".join(quoting + line for line in sent.splitlines())
    today = date(2026, 6, 20)
    assert not read_reply(SURVEY, f"\n\n{quoted}", [sent], today=today, language=language).answers
    read = read_reply(SURVEY, f"Q1 1\nQ2 3\n\n{quoted}", [sent], today=today, language=language)
    assert (dict(read.answers), read.hold) == ({"Q1": "yes", "Q2": "abstain"}, None)


def test_a_filled_ballot_is_read() -> None:
    """What a voter writes into the slots and over his name comes back."""
    sent = "\n".join(all_lines(SURVEY, "ja"))
    filled = sent.replace("【Q1回答】[　　]", "【Q1回答】[ 2 ]").replace(
        "【Q2回答】[　　]", "【Q2回答】[賛成]"
    )
    filled = filled.replace("【表決者氏名】[　　　　　　]", "【表決者氏名】[ 山田太郎 ]")
    quoted = "\n".join(f"> {line}" for line in filled.splitlines())
    read = read_reply(SURVEY, quoted, [sent], today=date(2026, 6, 20))
    assert (dict(read.answers), read.signed, read.hold) == ({"Q1": "no", "Q2": "yes"}, "山田太郎", None)


@pytest.mark.parametrize(
    ("article", "words"),
    [
        (Article("第1条", "", "Q1 2"), "「Q1 2」"),
        (Article("第1条", "", "甲\n1. 賛成\n乙"), "「1. 賛成」"),
        (Article("第1条", "賛成", ""), "「賛成」"),
        (Article("第1条", "", "議案2 反対"), "「議案2 反対」"),
        (Article("第1条", "", "2"), "「2」"),
        (Article("第1条", "", "委任 議長"), "「委任 議長」"),
        (Article("第1条", "", "取下げ"), "「取下げ」"),
        (Article("第1条", "", "★★ 回答欄 ここから ★★"), "回答欄"),
        (Article("第1条", "", "【表決者氏名】[ 甲 ]"), "表決者氏名"),
        (Article("第1条", "", "受付番号 K26-02-1 第2版"), "受付番号"),
        (Article("第①条", "", "甲"), "「①」"),
        (Article("第1条", "", "会費は 3～5千円"), "「～」"),
    ],
)
def test_articles_that_may_not_be_sent(article: Article, words: str) -> None:
    """A line of a by-law that reads as a vote, begins a ballot or comes back damaged is refused, and quoted."""
    survey = replace(SURVEY, resolution=replace(RESOLUTION, comparison=(article,)))
    assert any(words in sentence for sentence in faults(survey)), faults(survey)
    assert faults(survey, "en")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("理事 10名以内", "理事 15名以内", "変わる所：10名→15名"),
        ("会費は年額5,000円とする。", "会費は年額12,000円とする。", "変わる所：5,000円→12,000円"),
        ("理事及び監事", "理事、幹事及び監事", "変わる所：「、幹事」を加える"),
        ("会長、副会長、顧問", "会長、副会長", "変わる所：「、顧問」を削る"),
        ("会務を総理する。", "会務を総理し、本会を代表する。", ""),
        ("甲" * 30, "乙" * 30, ""),
        ("", "顧問を置く。", ""),
        ("同じ", "同じ", ""),
    ],
)
def test_differences(old: str, new: str, words: str) -> None:
    """A short change is named by its words, figures whole; a long one, or one within a word, is left to the texts."""
    assert difference(Article("第5条", old, new)) == words


def test_the_digest_covers_what_is_voted_on() -> None:
    """Every change of title, by-law, quorum, threshold, motion, comparison or deemed consent changes the digest."""
    changed = [
        SURVEY,
        replace(SURVEY, title="規約の改正"),
        replace(SURVEY, questions=SURVEY.questions[:1]),
        *(
            replace(SURVEY, resolution=replace(RESOLUTION, **change))
            for change in (
                {"by_law": "規約第19条"},
                {"quorum": Share(1, 2, "electorate", more_than=False)},
                {"thresholds": RESOLUTION.thresholds[:1]},
                {"comparison": RESOLUTION.comparison[:2]},
                {"deemed": "規約第19条"},
            )
        ),
    ]
    assert len({text_digest(survey) for survey in changed}) == len(changed)
    assert text_digest(replace(SURVEY, purpose="別の趣旨")) == text_digest(SURVEY)
    assert text_digest(replace(SURVEY, resolution=None)) != text_digest(SURVEY)
    first, dash, second = text_digest(SURVEY).partition("-")
    assert (len(first), dash, len(second)) == (4, "-", 4)
