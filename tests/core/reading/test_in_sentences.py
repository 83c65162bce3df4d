"""Replies in sentences and lists, as people write them, through the whole reader (ballot.md sections 6 to 8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Question, Reading, Survey
from tests.mails.standard import RESOLUTION, STANDARD, TODAY, invitation, quoted

MOVED = replace(
    STANDARD,
    questions=(
        Question(
            "Q1",
            "クラウドへの移行の状況",
            "single",
            ("移行済み", "一部の業務で移行", "移行の時期を延期した", "検討中"),
            required=True,
        ),
        Question("Q2", "経費が増えた要因", "multi", ("利用料", "通信回線", "委託料", "その他")),
        Question("Q3", "運用経費の予算額（千円）", "number"),
        Question("Q4", "最後の業務が移行する（した）日", "date"),
        Question("Q5", "国への要望", "text"),
    ),
)
USED = replace(
    STANDARD,
    questions=(
        Question("Q1", "テレワークを実施していますか", "yesno", required=True),
        Question("Q2", "効果の実感", "rating"),
        Question("Q3", "生成AIの利用", "single", ("全庁で利用", "一部の部署で利用", "試行中", "検討中")),
        Question("Q4", "希望する曜日", "single", ("火曜日", "水曜日", "いつでもよい")),
        Question("Q5", "参加人数（人）", "number"),
        Question("Q6", "経費（万円）", "number"),
    ),
)
MOTIONS = replace(
    RESOLUTION,
    questions=tuple(
        replace(RESOLUTION.questions[0], id=f"Q{number}", text=text)
        for number, text in enumerate(("会費の改定", "規約の改正", "役員の選任"), 1)
    ),
)


def read(text: str, of: Survey) -> Reading:
    sent = invitation(of)
    return read_reply(of, f"{text}\n\n{quoted(sent)}", [sent], today=TODAY)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Q1：2（住民記録、印鑑登録、税務の3業務のみ）", {"Q1": ("2",)}),
        ("Q1 2（標準化対象20業務のうち戸籍を除く12業務が完了）", {"Q1": ("2",)}),
        ("Q4は、最後の業務が児童手当でしたので、令和8年2月16日です。", {"Q4": "2026-02-16"}),
        ("Q1 3（ベンダーの要員不足のため令和11年度に延期）", {"Q1": ("3",)}),
        ("Q1　3　事業者の都合による", {"Q1": ("3",)}),
        ("Q1　2　→ 国保と介護は令和9年12月に移行します", {"Q1": ("2",)}),
        ("Q1 4（情報収集の段階）", {"Q1": ("4",)}),
        ("Q1 4　来年度の導入に向けた検討です", {"Q1": ("4",)}),
        ("Q1は検討中ですので4です。", {"Q1": ("4",)}),
        ("Q2 1（見積りが2.3倍）、3（監視が加わった）", {"Q2": ("1", "3")}),
        ("Q2 1,4（データ移行の手直し）", {"Q2": ("1", "4")}),
        ("Q2　全部（１～４）", {"Q2": ("1", "2", "3", "4")}),
        ("Q2は、利用料（1番）と通信回線（2番）です。", {"Q2": ("1", "2")}),
        ("Q2は1番と4番です。4番は帳票の印刷です。", {"Q2": ("1", "4")}),
        ("Q3　120,000千円（14業務分）", {"Q3": "120000"}),
        ("Q3は134,500千円を計上しました。", {"Q3": "134500"}),
        ("Q3 49,000千円を見込んでいます。", {"Q3": "49000"}),
        ("Q4は令和10年2月28日の予定です。", {"Q4": "2028-02-28"}),
        ("Q4は令和12年3月31日を見込んでいます。", {"Q4": "2030-03-31"}),
        ("Q5として、財政支援を要望します。", {"Q5": "財政支援を要望します。"}),
        ("Q5ですが、回線の増強をお願いします。", {"Q5": "回線の増強をお願いします。"}),
        ("Q5／回線の増強", {"Q5": "回線の増強"}),
        ("当市では8業務が移行を終えており、Q1は2番になります。", {"Q1": ("2",)}),
        ("設問1につきましては「2」、設問2につきましては「1」「2」となります。", {"Q1": ("2",), "Q2": ("1", "2")}),
        ("当課の回答は、Q1が2、Q2が1・2、Q3が151,000、Q4が令和10年3月5日です。", {"Q1": ("2",), "Q2": ("1", "2"), "Q3": "151000", "Q4": "2028-03-05"}),
        ("調査票を拝見しました。\n\n1. 2\n2. 1,2\n3. 110,000\n4. 2028/03/01\n5. ありません", {"Q1": ("2",), "Q2": ("1", "2"), "Q3": "110000", "Q4": "2028-03-01", "Q5": "ありません"}),
        ("移行の状況：2\n増えた要因：1、2\n予算額：133,000千円", {"Q1": ("2",), "Q2": ("1", "2"), "Q3": "133000"}),
        ("山田です。回答欄を切り取って貼り付けます。\nQ1 2", {"Q1": ("2",)}),
        ("表にまとめました。\nQ1 2", {"Q1": ("2",)}),
        ("カッコの後ろに書いてしまいましたが、よろしくお願いします。\nQ1 2", {"Q1": ("2",)}),
    ],
)  # fmt: skip
def test_a_survey(text: str, answers: dict[str, Answer]) -> None:
    """What nine in ten colleagues would enter into the table."""
    reading = read(text, MOVED)
    assert (reading.answers, reading.problems, reading.hold) == (answers, (), None)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Q1は実施していますので1です。", {"Q1": "yes"}),
        ("Q1は「はい」で、対象は本庁の職員です。", {"Q1": "yes"}),
        ("Q1　1　※希望者に端末を貸し出しています（120台）", {"Q1": "yes"}),
        ("Q4は水曜が都合がよいです。", {"Q4": ("2",)}),
        ("Q4　水", {"Q4": ("2",)}),
        ("Q5 2名で参加します", {"Q5": "2"}),
        ("Q6　三百八十万円", {"Q6": "380"}),
        ("Q6 税込み385万円", {"Q6": "385"}),
        ("Q1 実施しています。対象は約300人です。", {"Q1": "yes"}),
        ("Q1 いいえ。コロナ禍のときだけ実施していました。", {"Q1": "no"}),
        ("Q2 4　下書きの時間が短くなりました", {"Q2": ("4",)}),
        ("Q2 5 作成の時間が半分になりました", {"Q2": ("5",)}),
        ("Q3　はい、一部の部署で利用しています。", {"Q3": ("2",)}),
        ("Q3は2番です。4課で使っています。", {"Q3": ("2",)}),
        ("Q3 2　導入の決め手は県の共同調達でした", {"Q3": ("2",)}),
        ("Q3は、全庁で利用しておりますので1番になります。", {"Q3": ("1",)}),
    ],
)
def test_another_survey(text: str, answers: dict[str, Answer]) -> None:
    """Yes and no, a rating, and labels within sentences."""
    reading = read(text, USED)
    assert (reading.answers, reading.problems, reading.hold) == (answers, (), None)


@pytest.mark.parametrize(
    "text",
    [
        "Q1 2（3も）", "Q1 2（3番の予定）", "Q1 1（令和11年度に延期）", "Q1 2 → 3", "Q1　2　→ 検討中",
        "Q1は一部の業務で移行ですので1です。", "Q1 2（情報収集の段階）", "Q1 4（課内で協議の段階）", "隣の市が2と聞いたので、Q1は2です。", "担当が分からないため、Q1は2です。", "課長に確認中のため、Q1は2です。",
        "Q1 4です。財政課に確認中です。", "Q2 4です。財政課に確認中です。", "Q1 1（戸籍を除く）", "Q4は、課長に確認中のため、令和8年2月16日です。", "Q1 2（3寄り）", "Q1 2（3に近い）", "Q1 2（3優先）", "Q1 2（3案も検討）", "Q2 全部（1～3）",
    ],
)  # fmt: skip
def test_what_may_be_another_answer(text: str) -> None:
    """Numbers and labels that are other options, and what the choice does not say itself, are asked about."""
    reading = read(text, MOVED)
    assert not reading.answers
    assert reading.problems or reading.hold


@pytest.mark.parametrize(
    ("text", "votes"),
    [
        ("会費の改定には反対、規約の改正と役員の選任には賛成します。", ("no", "yes", "yes")),
        ("議案1の会費の改定、議案2の規約の改正、議案3の役員の選任のいずれにも賛成いたします。", ("yes", "yes", "yes")),
        ("○○市は、3件すべてに反対します。", ("no", "no", "no")),
        ("議案一　賛成。議案二　賛成。議案三　反対。", ("yes", "yes", "no")),
        ("賛成いたします（議案1、議案2、議案3とも）。", ("yes", "yes", "yes")),
        ("○○市です。全議案に賛成いたします。なお、総会資料の差替えページは受領済みです。", ("yes", "yes", "yes")),
        ("議案1は反対です。小規模団体の負担が大きいと考えます。議案2と議案3は賛成です。", ("no", "yes", "yes")),
        ("1号議案から3号議案まで賛成いたします。小規模団体への配慮に感謝します。", ("yes", "yes", "yes")),
        ("議案1　2　会費の値上げは財政上受け入れられません。\n議案2　1\n議案3　1", ("no", "yes", "yes")),
        ("議案1は賛成に1票、議案2も賛成、議案3も賛成です。", ("yes", "yes", "yes")),
        ("議案1　2（反対）　改定の幅が大きすぎると考えます\n議案2　1（賛成）\n議案3　1（賛成）", ("no", "yes", "yes")),
        ("議案1　棄権（議会で審議中のため）\n議案2　賛成\n議案3　賛成", ("abstain", "yes", "yes")),
    ],
)  # fmt: skip
def test_votes(text: str, votes: tuple[str, ...]) -> None:
    """Motions by their words, one after another, and the reason of a vote."""
    reading = read(text, MOTIONS)
    assert tuple(reading.answers.values()) == votes
    assert (reading.problems, reading.hold) == ((), None)


@pytest.mark.parametrize(
    "text",
    [
        "会費の改定と規約の改正には賛成します。", "議案1の規約の改正、議案2の会費の改定、議案3の役員の選任に賛成します。",
        "3件すべてに賛成します。会費は据え置いてください。", "3件すべてに賛成します。松本市の意見も同じです。",
        "松本市は、3件すべてに反対します。", "会費の改定には反対、規約の改正と会費の改定には賛成します。",
    ],
)  # fmt: skip
def test_votes_that_leave_something_open(text: str) -> None:
    """A motion left out, named wrongly or twice, or another body's vote."""
    reading = read(text, MOTIONS)
    assert len(reading.answers) < len(MOTIONS.questions)
    assert reading.hold is not None or reading.problems or not reading.answers
