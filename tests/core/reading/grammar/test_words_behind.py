"""Words of one's own behind a choice or a number, and the reason of a vote (ballot.md sections 7 and 8)."""

from __future__ import annotations

from datetime import date

import pytest

from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.surveys.survey import Question

TODAY = date(2027, 1, 16)
SHAPE = Question(
    "Q1", "グループウェアの形態", "single", ("自庁で設置", "クラウドを利用", "県の共同利用", "その他")
)
TROUBLES = Question("Q1", "困っていること", "multi", ("経費", "人員", "知識", "特になし"))
TRAINED = Question("Q1", "職員研修を実施しましたか", "yesno")
USED = Question("Q1", "生成AIを業務で利用していますか", "yesno")
AUDITED = Question("Q1", "外部監査を受けたことがありますか", "yesno")
COSTS = Question("Q1", "令和9年度の経費（千円）", "number")
PERSONS = Question("Q1", "担当の職員は何人ですか", "number")
GRADE = Question("Q1", "研修への満足度", "rating")
MOTION = Question("Q1", "会費の改定", "yesno", ("賛成", "反対", "棄権"))


def read(question: Question, written: str) -> tuple[object, str] | None:
    """Return the answer with its remark; None where it is asked about."""
    found = read_answer(question, written, today=TODAY)
    return (found.answer, found.remark) if isinstance(found, Understood) else None


@pytest.mark.parametrize(
    ("question", "written", "answer", "remark"),
    [
        (SHAPE, "3　県と18市町村で進めています", ("3",), "県と18市町村で進めています"),
        (SHAPE, "2、庁内のサーバーを廃止したためです", ("2",), "庁内のサーバーを廃止したためです"),
        (SHAPE, "1です。支所からも使っています。", ("1",), "支所からも使っています。"),
        (TROUBLES, "1,2　特に人員が深刻です", ("1", "2"), "特に人員が深刻です"),
        (TRAINED, "はい。昨年10月に実施しました。", "yes", "昨年10月に実施しました。"),
        (TRAINED, "1　年2回、全職員を対象に行いました", "yes", "年2回、全職員を対象に行いました"),
        (TRAINED, "いいえ。来年度に実施予定です。", "no", "来年度に実施予定です。"),
        (USED, "使っています", "yes", ""),
        (AUDITED, "受けたことがあります。", "yes", ""),
        (AUDITED, "受けたことはありません", "no", ""),
        (USED, "まだ使っておりません。", "no", ""),
        (USED, "いいえ　利用を禁止しています", "no", "利用を禁止しています"),
        (TROUBLES, "2、それから3", ("2", "3"), ""),
        (COSTS, "￥12,000千円", "12000", ""),
        (MOTION, "異議ございませんので、賛成といたします。", "yes", ""),
        (TRAINED, "2　人手が足りず実施できませんでした", "no", "人手が足りず実施できませんでした"),
        (PERSONS, "2　係長と主査が担当しています", "2", "係長と主査が担当しています"),
        (PERSONS, "0人です。総務課が兼務しています。", "0", "総務課が兼務しています。"),
        (PERSONS, "3人です。うち1人は兼務です。", "3", "うち1人は兼務です。"),
        (GRADE, "4。もう少し実習の時間があると良い。", ("4",), "もう少し実習の時間があると良い。"),
        (MOTION, "2　会員の負担が大きいため", "no", "会員の負担が大きいため"),
        (MOTION, "1です。財政状況からやむを得ないものと考えます。", "yes", "財政状況からやむを得ないものと考えます。"),
        (MOTION, "時期尚早と考え反対としました。", "no", "時期尚早と考え"),
        (MOTION, "内容が不明なため棄権します。", "abstain", "内容が不明なため"),
        (GRADE, "4　他団体の事例がもっと欲しいです", ("4",), "他団体の事例がもっと欲しいです"),
        (SHAPE, "1です。以前の約2倍の経費です。", ("1",), "以前の約2倍の経費です。"),
        (SHAPE, "2　ＬＧＷＡＮ版のＡＩを使っています", ("2",), "ＬＧＷＡＮ版のＡＩを使っています"),
        (MOTION, "1　異議ありません", "yes", ""),
        (MOTION, "賛成の意を表します", "yes", ""),
        (MOTION, "当市の表決は「賛成」です。", "yes", ""),
    ],
)  # fmt: skip
def test_they_explain_it(question: Question, written: str, answer: object, remark: str) -> None:
    """They are kept, for the office or the chair."""
    assert read(question, written) == (answer, remark)


@pytest.mark.parametrize(
    ("question", "written"),
    [
        # gone on with, turned away from, thought or heard, another one's, not settled, asked
        *((SHAPE, f"2{words}") for words in (
            "に決まりましたら連絡します", "　が良かった", "　のはずです", "　だったと思います", "　らしいです",
            "　強いて言えばクラウドです", "です。実際は自庁のサーバーです。", "　迷いました", "です。もやもやしています。",
            "　課長に確認中です", "　隣の市の回答です", "　昨年の回答です", "　でよいですか", "　クラウドに当たりますか",
            "です。ただし一部は自庁です。", "　県の共同利用", "　3人で相談しました", "　次第です",
        )),
        (SHAPE, "3. 県の共同で使い"),  # a damaged label of ours
        (TROUBLES, "4、課内協議"),
        (TRAINED, "はい、一部行いました"),
        (TRAINED, "はい。令和5年度に廃止しました。"),
        (TRAINED, "いいえ。昨年10月に実施しました。"),
        (TRAINED, "1　担当者がいません"),
        (PERSONS, "3　以上"),
        (PERSONS, "3人　増員予定です"),
        (PERSONS, "4人。来月1人減ります。"),
        (PERSONS, "5名　まだ確定していません"),
        (PERSONS, "2人です。うち3人は兼務です。"),
        (GRADE, "4です。採点は仮です。"),
        (GRADE, "5　時間が足りませんでした"),
        *((MOTION, f"1　{words}") for words in (
            "負担が大きいため", "条件が整うため", "今後の見直しを望むため", "会費が据え置かれるなら", "決裁待ちのため",
            "周知を徹底してください", "会費を据え置くこと", "他の市も賛成のため", "一部に疑問がありますが必要なため", "異議があります",
        )),
        (MOTION, "賛成（会費を据え置くこと）"),
        (MOTION, "2　妥当なため"),
        (MOTION, "賛成（要再検討）"),
        (COSTS, "￥12,000"),
        (MOTION, "妥当なため反対"),
        (MOTION, "1　反対です"),
    ],
)  # fmt: skip
def test_they_may_change_it(question: Question, written: str) -> None:
    """What goes on with the choice, doubts it, limits it or says something else is asked about."""
    assert read(question, written) is None


@pytest.mark.parametrize(
    ("asked", "written", "answer"),
    [
        ("完了した日または完了予定日", "令和9年3月1日に完了", "2027-03-01"),
        ("完了した日または完了予定日", "令和9年3月1日に完了予定です", "2027-03-01"),
        ("完了した日", "令和9年3月1日に完了予定です", None),
        ("完了した日", "令和9年3月1日に着手", None),
        ("完了予定日", "令和９年１２月末日", "2027-12-31"),
        ("完了予定日", "2028年2月末日", "2028-02-29"),
        ("完了予定日", "2027年（令和9年）12月1日", "2027-12-01"),
        ("完了予定日", "2027年（令和8年）12月1日", None),
        ("完了予定日", "令和9年12月末", None),
        ("完了予定日", "12月末日", None),
        ("完了予定日", "令和9年13月末日", None),
    ],
)
def test_a_day_and_what_is_done_on_it(asked: str, written: str, answer: str | None) -> None:
    """What the question asks for may be said again; the last day of a month is one day, its end is not."""
    found = read(Question("Q1", asked, "date"), written)
    assert (found and found[0]) == answer


@pytest.mark.parametrize(
    ("asked", "written", "answer"),
    [
        ("カードの交付率（％）", "72.5", "72.5"),
        ("カードの交付率（％）", "100%", "100"),
        ("カードの交付率（％）", "120", None),
        ("オンライン申請の割合", "250件", None),
        ("予算の前年比（％）", "120", "120"),
    ],
)
def test_a_share_is_no_more_than_the_whole(asked: str, written: str, answer: str | None) -> None:
    """A figure above a hundred is another one than was asked for; of a comparison it may be so."""
    found = read(Question("Q1", asked, "number"), written)
    assert (found and found[0]) == answer
