"""Any survey, answered in any shape that mail programs and members give a reply, reads back (ballot.md 6 to 8)."""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

import pytest

from mailbot.core.mail.message import parse
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.ballot import ballot_lines
from mailbot.core.surveys.ballot_faults import faults
from mailbot.core.surveys.how_to_answer import how_to_lines
from mailbot.core.surveys.survey import Answer, Question, QuestionType, Survey
from tests.drawing import HealthCheck, assume, given, settings, st
from tests.mails.standard import STANDARD, TODAY
from tests.thorough import examples

Language = Literal["ja", "en"]
ORDINARY = examples(800)  # replies in each run of the suite
MANY = int(os.environ.get("REPLY_SHAPES", "10000"))  # replies in a long run
CLEAR_SHARE = (
    0.98  # of the clear replies are read whole; what is left is asked back, never read as something else
)

# ---- what is asked -----------------------------------------------------------------------------------------------

# Labels that begin or end one another, that hold numbers or separators, and plain ones.
LABELS: Mapping[Language, tuple[str, ...]] = {
    "ja": (
        "利用している",
        "利用していない",
        "利用していないが検討中",
        "一部利用している",
        "導入済み",
        "導入済みで更新予定",
        "導入の予定なし",
        "2年以内",
        "3年以内",
        "5年より先",
        "10名以上の職場",
        "24時間対応の窓口",
        "第1庁舎のみ",
        "LG.JPのみ",
        "Web会議",
        "Web会議（有料）",
        "子ども・子育て支援",
        "保健・医療",
        "税務、出納",
        "費用",
        "費用と人員",
        "手続き",
        "人員",
        "必要がない",
        "未定",
        "その他",
        "その他（国の事業など）",
    ),
    "en": (
        "yes, in use",
        "not in use",
        "in use since 2024",
        "under study",
        "cost",
        "cost and staff",
        "paperwork",
        "2 years or less",
        "3 years or less",
        "other",
        "other (please wait)",
        "not needed",
        "staff",
    ),
}
ASKED: Mapping[Language, tuple[str, ...]] = {
    "ja": (
        "LG.JPドメインを利用していますか",
        "利用していない理由",
        "令和8年度の予定",
        "研修を実施しましたか",
        "受講した職員の数",
        "直近の実施日",
        "国の補助制度を利用して住民向けの窓口業務を改善する計画の有無とその時期についてお答えください",
        "今後の希望",
    ),
    "en": (
        "Does your city use LG.JP?",
        "Why not?",
        "Your plan for 2026",
        "How many staff took part?",
        "Remarks",
    ),
}
YES_OR_NO: Mapping[Language, tuple[tuple[str, ...], ...]] = {
    "ja": ((), ("賛成", "反対", "棄権"), ("出席", "欠席"), ("あり", "なし")),
    "en": ((), ("yes", "no")),
}
REFERENCE = f"{STANDARD.key}-13201"


@st.composite
def surveys(draw: st.DrawFn, language: Language) -> Survey:
    """Draw a survey that the composer accepts."""
    questions: list[Question] = []
    for place in range(1, draw(st.integers(1, 5)) + 1):
        kind: QuestionType = draw(st.sampled_from(get_args(QuestionType)))
        options: tuple[str, ...] = ()
        if kind in {"single", "multi"}:
            most = 12 if kind == "multi" else 6
            labels = st.lists(st.sampled_from(LABELS[language]), min_size=2, max_size=most, unique=True)
            options = tuple(draw(labels))
        elif kind == "yesno":
            options = draw(st.sampled_from(YES_OR_NO[language]))
        text = draw(st.sampled_from(ASKED[language]))
        questions.append(Question(f"Q{place}", text, kind, options, required=draw(st.booleans())))
    survey = replace(STANDARD, questions=tuple(questions))
    assume(not faults(survey, language))
    return survey


def sent(survey: Survey, language: Language) -> str:
    """Return the mail as it went out."""
    head = {
        "ja": ("○○市 情報政策課 山田様", "", "お尋ねします。"),
        "en": ("To the division", "", "Please answer."),
    }
    foot = {"ja": "【お問い合わせ】 事務局 03-0000-0000", "en": "Contact: the office, 03-0000-0000"}
    ballot = ballot_lines(survey, REFERENCE, 1, language=language)
    return "\n".join(
        [*head[language], "", *how_to_lines(survey, language), "", *ballot, "", foot[language], ""]
    )


# ---- what is answered --------------------------------------------------------------------------------------------

WIDE = str.maketrans("0123456789,-/", "０１２３４５６７８９，－／")
CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")
KANJI = str.maketrans("123456789", "一二三四五六七八九")
TEXTS: Mapping[Language, tuple[str, ...]] = {
    "ja": (
        "特になし",
        "令和8年度に3件の更新を予定しています。",
        "手引きを1部お送りください。",
        "経費は2,500千円程度の見込みです。",
        "担当は情報政策課2係です。電話の内線は15です。",
        "近隣3市で共同調達したい",
    ),
    "en": ("Nothing", "We plan 3 renewals in 2026.", "Please send 1 copy of the guide."),
}


@dataclass(frozen=True)
class Written:
    """An answer, and the words in which the member puts it."""

    answer: Answer
    words: str
    chosen: tuple[int, ...] = ()  # option numbers, where there are numbered options


def _label(question: Question, number: int, language: Language) -> str:
    if question.type == "yesno" and not question.options:
        return {"ja": ("はい", "いいえ"), "en": ("yes", "no")}[language][number - 1]
    return question.options[number - 1]


@st.composite
def one_choice(draw: st.DrawFn, question: Question, language: Language) -> Written:
    """Draw one option, by number or by label."""
    count = len(question.options) or (5 if question.type == "rating" else 2)
    number = draw(st.integers(1, count))
    digits = str(number)
    forms = [digits, f" {digits} ", f"({digits})", f"{digits}."]
    if language == "ja":
        forms += [f"{digits}番", f"{digits}です。", f"{digits}番でお願いします", digits.translate(WIDE)]
        forms += [f"（{digits}）"]
        if number <= 9:
            forms += [digits.translate(CIRCLED), f"{digits.translate(KANJI)}番"]
    if question.type != "rating":
        label = _label(question, number, language)
        forms += [label, f"{digits} {label}", f"{digits}. {label}"]
        if language == "ja":
            forms += [f"{digits}（{label}）", f"「{label}」", f"{digits}番　{label}"]
    values = ("yes", "no", "abstain")
    answer: Answer = values[number - 1] if question.type == "yesno" else (digits,)
    return Written(answer, draw(st.sampled_from(forms)), (number,))


@st.composite
def several_choices(draw: st.DrawFn, question: Question, language: Language) -> Written:
    """Draw some options, by numbers, labels or a range."""
    count = len(question.options)
    numbers = sorted(draw(st.sets(st.integers(1, count), min_size=1, max_size=max(1, count - 1))))
    digits = [str(number) for number in numbers]
    marks = [",", ", ", " ", "/"] + ([" and "] if language == "en" else ["、", "，", "・", "と", " 及び "])
    forms = [mark.join(digits) for mark in marks]
    if language == "ja":
        labels = "、".join(question.options[number - 1] for number in numbers)
        forms += [labels, "、".join(f"{number} {question.options[number - 1]}" for number in numbers)]
        forms += [",".join(digits).translate(WIDE), "、".join(f"{digit}番" for digit in digits)]
        if numbers[-1] <= 9:
            forms += ["".join(digits).translate(CIRCLED)]
        if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
            forms += [f"{digits[0]}〜{digits[-1]}", f"{digits[0]}から{digits[-1]}"]
    return Written(tuple(digits), draw(st.sampled_from(forms)), tuple(numbers))


@st.composite
def written_answer(draw: st.DrawFn, question: Question, language: Language) -> Written:
    """Draw an answer to one question, and its words."""
    match question.type:
        case "single" | "rating" | "yesno":
            return draw(one_choice(question, language))
        case "multi":
            return draw(several_choices(question, language))
        case "number":
            value = draw(st.integers(0, 10**7))
            forms = [str(value), f"{value:,}"]
            if language == "ja":
                forms += [f"{value}人", str(value).translate(WIDE), f"{value:,}円"]
            return Written(str(value), draw(st.sampled_from(forms)))
        case "date":
            day = draw(st.dates(date(2025, 1, 1), date(2027, 12, 31)))
            forms = [f"{day.year}/{day.month}/{day.day}", f"{day.year}-{day.month:02}-{day.day:02}"]
            if language == "ja":
                forms += [
                    f"{day.year}年{day.month}月{day.day}日",
                    f"R{day.year - 2018}.{day.month}.{day.day}",
                ]
                forms += [f"令和{day.year - 2018}年{day.month}月{day.day}日".translate(WIDE)]
            return Written(day.isoformat(), draw(st.sampled_from(forms)))
        case "text":
            words = draw(st.sampled_from(TEXTS[language]))
            return Written(words, words)


# ---- where it is written -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line below the member's own words."""

    text: str
    typed: bool = False  # the member's, between the quoted ones


Place = Literal["head", "slot", "behind", "under", "marks", "left", "bottom"]
MARKED = ("○ {line}", "○{line}", "◎ {line}", "レ {line}", "[○] {line}", "{line} ○", "■ {line}")


def _slot(question: Question) -> re.Pattern[str]:
    number = question.id.removeprefix("Q")
    return re.compile(rf"^(【Q{number}回答】|\[Q{number} answer\] )\[(?:　　|    )\]$")


def _option_lines(lines: list[Line], question: Question) -> dict[int, int]:
    """Return where the option lines of a question stand; only those that fill one line."""
    start = next(place for place, line in enumerate(lines) if line.text.startswith(f"{question.id} "))
    found: dict[int, int] = {}
    for place in range(start + 1, len(lines)):
        if _slot(question).match(lines[place].text):
            break
        if match := re.match(r"   ([0-9]+)\. ", lines[place].text):
            found[int(match[1])] = place
    return found


def write_in_ballot(
    lines: list[Line], question: Question, place: Place, words: Written, shape: str
) -> list[Line]:
    """Return the quoted ballot with one answer written into it."""
    at = next(place for place, line in enumerate(lines) if _slot(question).match(line.text))
    changed = list(lines)
    mark = lines[at].text[: lines[at].text.rindex("[")]
    match place:
        case "slot":
            changed[at] = Line(f"{mark}[ {words.words} ]")
        case "behind":
            changed[at] = Line(f"{lines[at].text}{words.words}")
        case "under":
            changed.insert(at + 1, Line(words.words.strip(), typed=True))
        case "marks":
            for number, option in _option_lines(lines, question).items():
                if number in words.chosen:
                    changed[option] = Line(shape.format(line=lines[option].text.strip()))
        case "left":
            gone = {
                option
                for number, option in _option_lines(lines, question).items()
                if number not in words.chosen
            }
            changed = [line for place, line in enumerate(lines) if place not in gone]
        case "head" | "bottom":
            pass
    return changed


def places(question: Question, words: Written) -> list[Place]:
    """Return where members write such an answer."""
    found: list[Place] = ["head", "slot", "behind", "under", "bottom"]
    wraps = any(len(label) > 25 for label in question.options)
    if question.type in {"single", "multi"} and len(words.chosen) < len(question.options) and not wraps:
        found.append("marks")
        if question.type == "single" and len(question.options) >= 3:
            found.append("left")
    return found


# ---- what the programs do with it --------------------------------------------------------------------------------

QUOTES = ("> ", ">", "＞ ", "| ", "", "", "jimukyoku> ", "> > ")
GREETINGS: Mapping[Language, tuple[str, ...]] = {
    "ja": (
        "",
        "お世話になっております。",
        "○○市（131）情報政策課2係の山田です。",
        "標記の件、次のとおり回答します。",
        "6月20日付けで回答いたします。",
        "いつもありがとうございます。1件回答します。",
    ),
    "en": ("", "Dear all,", "Thank you for your mail of 18 June."),
}
SIGNATURES: tuple[tuple[str, ...], ...] = (
    (),
    ("山田",),
    ("--", "○○市 総務部 情報政策課 2係", "TEL 03-1234-5678（内線 2115）", "yamada@city.example.lg.jp"),
    ("*" * 30, "〒100-0001 ○○市中央1-2-3", "山田 太郎", "*" * 30),
    ("iPhoneから送信",),
    ("-- ", "Taro Yamada", "Tel. 03-1234-5678 ext. 2"),
)
ATTRIBUTIONS = (
    "On Thu, 18 Jun 2026 09:00:00 +0900\n事務局 <jimukyoku@example.or.jp> wrote:",
    "2026年6月18日(木) 9:00 事務局 <jimukyoku@example.or.jp>:",
    "-----Original Message-----\nFrom: 事務局 <jimukyoku@example.or.jp>\nSent: Thursday, June 18, 2026 9:00 AM\nSubject: 調査",
    "________________________________\n差出人: 事務局\n送信日時: 2026年6月18日 9:00\n件名: 調査",
    "事務局 さんは書きました:",
    "",
)
BLANKS: Mapping[str, Callable[[str], str]] = {
    "as it was": lambda line: line,
    "no indent": str.strip,
    "one kind": lambda line: " ".join(line.split()),
    "tabs": lambda line: line.replace("   ", "\t"),
}
CHARSETS = {"utf-8": "UTF-8", "iso2022_jp": "ISO-2022-JP", "cp932": "Shift_JIS", "euc_jp": "EUC-JP"}


def _columns(text: str) -> int:
    return sum(1 if mark.isascii() else 2 for mark in text)


def rewrapped(line: str, width: int) -> list[str]:
    """Return a line cut by a gateway at so many columns; the pieces after the first have lost the quote mark."""
    pieces = [""]
    for mark in line:
        if _columns(pieces[-1] + mark) > width:
            pieces.append("")
        pieces[-1] += mark
    return pieces


def plain_mail(
    top: list[str], quoted: list[Line], bottom: list[str], quote: str, width: int, codec: str
) -> bytes:
    """Return the reply in plain text."""
    below: list[str] = []
    for line in quoted:
        if line.typed:
            below.append(line.text)
        else:
            below += rewrapped(f"{quote}{line.text}".rstrip(" "), width)
    text = "\r\n".join([*top, *below, *bottom, ""])
    try:
        content = text.encode(codec)
    except UnicodeEncodeError:
        codec, content = "utf-8", text.encode()
    return f"Content-Type: text/plain; charset={CHARSETS[codec]}\r\n\r\n".encode() + content


def _escaped(line: str) -> str:
    return html.escape(line).replace("   ", "&nbsp; &nbsp;") or "<br>"


def gmail(top: list[str], quoted: list[Line], bottom: list[str]) -> str:
    """Return the reply as Gmail's HTML: what is typed between splits the quotation."""
    open_, close = '<blockquote class="gmail_quote">', "</blockquote>"
    body = "".join(
        f"{close}<div>{_escaped(line.text)}</div>{open_}" if line.typed else f"{_escaped(line.text)}<br>\n"
        for line in quoted
    )
    above = "".join(f"<div>{_escaped(line)}</div>" for line in top)
    below = "".join(f"<div>{_escaped(line)}</div>" for line in bottom)
    return f'<div dir="ltr">{above}</div><div class="gmail_quote">{open_}{body}{close}</div>{below}'


def outlook(top: list[str], quoted: list[Line], bottom: list[str]) -> str:
    """Return the reply as Outlook's HTML: no quotation marks, a thin line above the header block."""

    def paragraphs(lines: list[str]) -> str:
        return "\n".join(f'<p class="MsoNormal">{_escaped(line)}<o:p></o:p></p>' for line in lines)

    border = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0mm 0mm 0mm"
    block = f'<div><div style="{border}"><p class="MsoNormal"><b>From:</b> 事務局<br><b>Subject:</b> 調査</p></div></div>'
    return f'<div class="WordSection1">{paragraphs(top)}{block}{paragraphs([line.text for line in quoted] + bottom)}</div>'


def apple(top: list[str], quoted: list[Line], bottom: list[str]) -> str:
    """Return the reply as Apple Mail's HTML."""
    open_, close = '<blockquote type="cite"><div>', "</div></blockquote>"
    body = "".join(
        f"{close}<div>{_escaped(line.text)}</div>{open_}"
        if line.typed
        else f"<div>{_escaped(line.text)}</div>"
        for line in quoted
    )
    above = "<br>".join(_escaped(line) for line in top)
    return f"{above}<br>{open_}{body}{close}{''.join(f'<div>{_escaped(line)}</div>' for line in bottom)}"


PROGRAMS = (None, None, None, gmail, outlook, apple)


@dataclass(frozen=True)
class Reply:
    """One reply, and what its author meant."""

    survey: Survey
    language: Language
    known: str
    raw: bytes
    meant: Mapping[str, Answer]


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Draw a survey, answers to it, and the mail in which they come."""
    language: Language = draw(st.sampled_from(("ja", "ja", "ja", "en")))
    survey = draw(surveys(language))
    known = sent(survey, language)
    program = draw(st.sampled_from(PROGRAMS))
    top, bottom, head = [draw(st.sampled_from(GREETINGS[language]))], [""], []
    quoted = [Line(line) for line in known.rstrip("\n").split("\n")]
    meant: dict[str, Answer] = {}
    for question in survey.questions:
        if question.type != survey.questions[0].type and draw(st.booleans()):
            continue
        words = draw(written_answer(question, language))
        meant[question.id] = words.answer
        place = draw(st.sampled_from(places(question, words)))
        explicit = draw(st.sampled_from(("{id} {words}", "{id}　{words}", "{id}: {words}", "{id}：{words}")))
        line = explicit.format(id=question.id, words=words.words.strip())
        if place == "head":
            head.append(line)
        elif place == "bottom":
            bottom.append(line)
        else:
            quoted = write_in_ballot(quoted, question, place, words, draw(st.sampled_from(MARKED)))
    signature = list(draw(st.sampled_from(SIGNATURES)))
    top += [*head, ""]
    if draw(st.booleans()):
        top += signature
    else:
        bottom += ["", *signature]
    if program is None:
        blanks = BLANKS[draw(st.sampled_from(sorted(BLANKS)))]
        no_blank_lines = draw(st.booleans())
        quoted = [replace(line, text=blanks(line.text)) for line in quoted if line.text or not no_blank_lines]
        top += ["", *draw(st.sampled_from(ATTRIBUTIONS)).split("\n")]
        width = draw(st.sampled_from((998, 998, 76, 70, 60)))
        quote = draw(st.sampled_from(QUOTES))
        raw = plain_mail(top, quoted, bottom, quote, width, draw(st.sampled_from(sorted(CHARSETS))))
    else:
        content = base64.encodebytes(f"<html><body>{program(top, quoted, bottom)}</body></html>".encode())
        raw = b"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + content
    return Reply(survey, language, known, raw, meant)


def same(given: Answer, meant: Answer) -> bool:
    """Say whether two answers are one; a gateway may have broken the lines of a free one."""
    if isinstance(given, str) and isinstance(meant, str):
        return "".join(given.split()) == "".join(meant.split())
    return given == meant


def is_read(reply: Reply) -> bool:
    """Say whether a reply is read whole; fail when anything but what was meant is accepted."""
    text = parse(reply.raw).text
    reading = read_reply(reply.survey, text, [reply.known], today=TODAY, language=reply.language)
    if reading.hold is None:
        for question, answer in reading.answers.items():
            assert same(answer, reply.meant.get(question)), (question, answer, text)
    assert reading.command is None
    return reading.hold is None and reading.answers.keys() == reply.meant.keys()


def _share_read(examples: int, *, derandomize: bool) -> tuple[int, int]:
    """Return how many of so many replies are read whole, and how many there were."""
    outcomes: list[bool] = []

    @settings(
        max_examples=examples,
        derandomize=derandomize,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(reply=replies())
    def read_back(reply: Reply) -> None:
        outcomes.append(is_read(reply))

    read_back()
    return sum(outcomes), len(outcomes)


@pytest.mark.drawn
def test_any_survey_in_any_shape() -> None:
    """No answer is ever read as another, and 98 clear replies of 100 are read whole."""
    read, all_of_them = _share_read(ORDINARY, derandomize=True)
    assert read >= CLEAR_SHARE * all_of_them


@pytest.mark.fault
@pytest.mark.timeout(1800)
def test_many_surveys_in_many_shapes() -> None:
    """The same holds for thousands of replies, other ones each time (REPLY_SHAPES says how many), with THOROUGH=1."""
    read, all_of_them = _share_read(MANY, derandomize=False)
    assert read >= CLEAR_SHARE * all_of_them
