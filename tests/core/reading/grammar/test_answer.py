"""The grammar of one answer (ballot.md section 7)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest

from mailbot.core.reading.grammar.answer import label_answer, read_answer
from mailbot.core.reading.grammar.understood import Blank, Unclear, Understood
from mailbot.core.surveys.survey import Question

TODAY = date(2026, 6, 20)
SINGLE = Question("Q1", "利用", "single", ("利用している", "利用していない", "検討中"))
MULTI = Question("Q2", "理由", "multi", ("費用", "手続き", "必要がない", "その他"))
WITH_NONE = Question("Q2", "理由", "multi", ("費用", "手続き", "特になし"))
MANY = Question("Q2", "理由", "multi", tuple("甲乙丙丁戊己庚辛壬癸子丑"))
YESNO = Question("Q1", "賛否", "yesno")
MOTION = Question("Q1", "賛否", "yesno", ("賛成", "反対", "棄権"))
NUMBER = Question("Q1", "台数", "number")
DATE = Question("Q1", "導入日", "date")
TEXT = Question("Q1", "意見", "text")
RATING = Question("Q1", "満足度", "rating")


def kind(question: Question, slot: str) -> str:
    read = read_answer(question, slot, today=TODAY)
    assert isinstance(read, Unclear), read
    return read.kind


@pytest.mark.parametrize(
    "slot",
    """2|２|②|❷|⑵|⒉|二|II|Ⅱ|ⅱ|2番|2番目|2番目です|2.|2)|(2)|（２）|「2」|2です。|2でお願いします|2でお願いいたします。
    |2とします|2にします|2とさせていただきます|2です。よろしくお願いします。|2を希望します。|2がよいです。|2　利用していない|2．利用していない|2:利用していない
    |2、利用していない|利用していない|利用していないです|「利用していない」|利用していない。|2 利用していないです。
    |利用していません|利用しておりません。|2 利用していません
    |今のところ利用していません。|現在は、利用しておりません|うちは2です。|ご照会の件、うちは2です。|2ですので、よろしくお願いいたします。""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_single(slot: str) -> None:
    """Every choice form, with label and courtesy, is the same answer."""
    assert read_answer(SINGLE, slot, today=TODAY) == Understood(("2",))


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("予定はない", "予定はありません。"),
        ("予定はない", "予定はございません"),
        ("支払える", "支払えます"),
        ("支払えない", "支払えません"),
        ("対応できる", "対応できます"),
        ("支所にもある", "支所にもあります。"),
        ("行っていない", "行っておりません"),
        ("公開した", "公開いたしました。"),
        ("実施する", "実施します"),
    ],
)
def test_a_label_as_it_is_said_politely(label: str, said: str) -> None:
    """The whole label, with its verb in the polite form; the same of another label is that one's."""
    asked = Question("Q1", "状況", "single", ("その他", label))
    assert read_answer(asked, said, today=TODAY) == Understood(("2",))
    assert isinstance(read_answer(asked, f"{said.rstrip('。')}か", today=TODAY), Unclear)
    both = Question("Q1", "状況", "single", (said.rstrip("。"), label))
    assert read_answer(both, said, today=TODAY) == Understood(("1",))


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("1 利用していない", "mismatch"),
        ("4", "out-of-range"),
        ("0", "out-of-range"),
        ("12", "out-of-range"),
        ("1,2", "two-choices"),
        ("①②", "two-choices"),
        ("ⅠⅡ", "two-choices"),
        ("1か2", "two-choices"),
        ("1-3", "two-choices"),
        ("利用している、検討中", "two-choices"),
        ("2-1", "descending"),
        ("利用していませんでした", "unclear"),
        ("利用しませんでした", "unclear"),
        ("今のところ、2ではありません", "unclear"),
        ("利用していませんので、検討中です", "unclear"),
        ("利用して", "unclear"),
        ("利用していない方向で検討中", "unclear"),
        ("2ではない", "unclear"),
        ("2以上", "unclear"),
        ("2？", "unclear"),
        ("-2", "unclear"),
        ("2.5", "unclear"),
        ("v", "unclear"),
        ("X", "unclear"),
        ("²", "unclear"),
        ("○", "unclear"),
        ("2（3にします）", "unclear"),
        ("2（検討中）", "mismatch"),
        ("2（間違い）", "unclear"),
        ("2（削除）", "unclear"),
        ("2（案）", "unclear"),
        ("2（変更予定）", "unclear"),
        ("2（×）", "unclear"),
        ("2（決裁後に確定）", "unclear"),
        ("2を希望しません", "unclear"),
        ("第2希望", "unclear"),
        ("2（ただし来年度）", "conditional"),
        ("すべて", "unclear"),
        ("?", "garbled"),
        ("？？", "garbled"),
        ("〓", "garbled"),
        ("2\ufffd", "garbled"),
    ],
)
def test_single_unclear(slot: str, expected: str) -> None:
    """What is not wholly one choice is unclear, and says of what kind."""
    assert kind(SINGLE, slot) == expected


@pytest.mark.parametrize("slot", ["", " ", "　　", "_", "＿＿", "…", "...", "\u200b"])
def test_nothing(slot: str) -> None:
    """Blanks, underscores and an ellipsis are no answer."""
    for question in (SINGLE, MULTI, YESNO, NUMBER, DATE, TEXT):
        assert read_answer(question, slot, today=TODAY) == Blank()


def test_remark() -> None:
    """Words in brackets after a clear choice are kept as written."""
    assert read_answer(SINGLE, "2（LGWAN更改の2027年度から）", today=TODAY) == Understood(
        ("2",), "LGWAN更改の2027年度から"
    )
    assert read_answer(SINGLE, "2 利用していない（3年後に再検討）です", today=TODAY) == Understood(
        ("2",), "3年後に再検討"
    )


@pytest.mark.parametrize(
    ("slot", "answer"),
    [
        ("1,3", "1 3"),
        ("1，3", "1 3"),
        ("1、3", "1 3"),
        ("3　1", "1 3"),
        ("1・3", "1 3"),
        ("1/3", "1 3"),
        ("1;3", "1 3"),
        ("1&3", "1 3"),
        ("1と3", "1 3"),
        ("1及び3です", "1 3"),
        ("①③", "1 3"),
        ("Ⅰ、Ⅲ", "1 3"),
        ("1番と3番", "1 3"),
        ("1-3", "1 2 3"),
        ("1〜3", "1 2 3"),
        ("１～３", "1 2 3"),
        ("1ー3", "1 2 3"),
        ("1から3", "1 2 3"),
        ("1から3まで", "1 2 3"),
        ("1,3-4", "1 3 4"),
        ("費用", "1"),
        ("費用と必要がない", "1 3"),
        ("1 費用、3 必要がない", "1 3"),
        ("2 手続き", "2"),
        ("4", "4"),
    ],
)
def test_multi(slot: str, answer: str) -> None:
    """Items with any separator, ranges and labels make one sorted set."""
    assert read_answer(MULTI, slot, today=TODAY) == Understood(tuple(answer.split()))


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("13", "joined"),
        ("1,5", "out-of-range"),
        ("3-1", "descending"),
        ("すべて", "all"),
        ("全部です。", "all"),
        ("なし", "none-of-these"),
        ("特になし", "none-of-these"),
        ("1 手続き", "mismatch"),
        ("費用（3）", "mismatch"),
        ("該当なし", "not-concerned"),
        ("対象外です。", "not-concerned"),
        ("1（3）", "unclear"),
        ("1、3、（4）", "unclear"),
        ("1・・・4", "unclear"),
        ("1～3（2を除きます）", "unclear"),
        ("1～3（2なし）", "unclear"),
        ("1,2,3（3は未着手）", "unclear"),
        ("1,2,3（手続きは不要）", "unclear"),
        ("1,2（導入予定）", "unclear"),
        ("1（廃止）", "unclear"),
        ("1（できれば）", "unclear"),
        ("1（予算が付けば）", "unclear"),
        ("1（補助があるなら）", "unclear"),
        ("1（紙を含まないなら無し）", "conditional"),
        ("費用とても高い", "unclear"),
        ("なし（Q1が1のため）", "none-of-these"),
        ("該当ありません。", "not-concerned"),
        ("1、4 その他はありません", "unclear"),
        ("1、4 その他は対象外", "unclear"),
        ("4 後日回答", "unclear"),
        ("4、課内協議", "unclear"),
        ("1と3が理由ではない", "unclear"),
        ("1（3項目）", "unclear"),
        ("4（なし）", "unclear"),
        ("1、2の三つ", "unclear"),
        ("1（手続き）、2（紙）", "mismatch"),
        ("費用のためではない", "unclear"),
        ("1費用2手続き", "unclear"),
    ],
)
def test_multi_unclear(slot: str, expected: str) -> None:
    """What may mean two things is asked."""
    assert kind(MULTI, slot) == expected


@pytest.mark.parametrize(
    ("slot", "answer", "remark"),
    [
        ("4 その他は住民説明会です。", "4", "住民説明会です。"),
        ("1、4 その他の内容は住民の理解", "1 4", "住民の理解"),
        ("4　住民説明会", "4", "住民説明会"),
        ("1、4、住民説明会", "1 4", "住民説明会"),
        ("その他　住民説明会", "4", "住民説明会"),
        ("1と3が理由です。", "1 3", ""),
        ("1（令第167条の2第1項第2号）", "1", "令第167条の2第1項第2号"),
        ("1（初期費用）、2（申請が煩雑）", "1 2", "初期費用、申請が煩雑"),
        ("1，2，3の三つ", "1 2 3", ""),
        ("1と2どちらも", "1 2", ""),
        ("費用のため。", "1", ""),
        ("費用、必要がないためです", "1 3", ""),
    ],
)
def test_what_other_is_and_a_reason_asked_for(slot: str, answer: str, remark: str) -> None:
    """What その他 stands for follows it in a sentence or as a noun; ため ends a reason."""
    assert read_answer(MULTI, slot, today=TODAY) == Understood(tuple(answer.split()), remark)


@pytest.mark.parametrize("slot", ["無回答", "未回答です。", "（回答不要）", "回答なし", "/"])
def test_left_out_on_purpose(slot: str) -> None:
    """Words for a slot left empty are none of a choice's, a number's or a day's; a free answer keeps them."""
    for question in (SINGLE, MULTI, YESNO, NUMBER, DATE):
        assert read_answer(question, slot, today=TODAY) == Blank()
    assert read_answer(TEXT, slot, today=TODAY) == Understood(slot)


def test_multi_with_many_options_and_with_none() -> None:
    """12 is option 12 where it exists; なし is the option that says so."""
    assert read_answer(MANY, "12", today=TODAY) == Understood(("12",))
    assert read_answer(MANY, "十二", today=TODAY) == Understood(("12",))
    assert read_answer(MANY, "①⑫", today=TODAY) == Understood(("1", "12"))
    assert read_answer(WITH_NONE, "なし", today=TODAY) == Understood(("3",))
    read = read_answer(MULTI, "13", today=TODAY)
    assert isinstance(read, Unclear)
    assert read.suggested == ("1", "3")


@pytest.mark.parametrize(
    ("question", "slot", "answer"),
    [
        *(
            (YESNO, word, "yes")
            for word in [
                "はい",
                "ハイ",
                "ﾊｲ",
                "yes",
                "Agree",
                "Y",
                "有",
                "あり",
                "可",
                "承認",
                "了承",
                "同意",
                "異議なし",
                "○",
                "〇",
                "◯",
                "1",
                "１",
                "はい。",
                "賛成です",
            ]
        ),
        *(
            (YESNO, word, "no")
            for word in [
                "いいえ",
                "no",
                "Disagree",
                "N",
                "無",
                "なし",
                "反対",
                "否",
                "不可",
                "不承認",
                "異議あり",
                "×",
                "2",
                "不参加とします",
            ]
        ),
        *((YESNO, word, "abstain") for word in ["棄権", "白票"]),
        *((MOTION, word, "abstain") for word in ["棄権", "白票", "保留", "△"]),
        (MOTION, "1", "yes"),
        (MOTION, "○1", "yes"),
        (MOTION, "1 ○", "yes"),
        (MOTION, "特に異議はございません。", "yes"),
        (MOTION, "さて、書面表決についてですが、反対いたします。", "no"),
        (MOTION, "3", "abstain"),
        (MOTION, "2 反対", "no"),
        (MOTION, "□賛成　■反対　□棄権", "no"),
        (MOTION, "☑ 賛成 □ 反対", "yes"),
        (YESNO, "□はい　■いいえ", "no"),
    ],
)
def test_yesno(question: Question, slot: str, answer: str) -> None:
    """The closed word lists and the printed numbers."""
    assert read_answer(question, slot, today=TODAY) == Understood(answer)


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("条件付き賛成", "conditional"),
        ("賛成（条件付き）", "conditional"),
        ("おおむね賛成", "conditional"),
        ("賛成できない", "conditional"),
        ("賛成しかねる", "conditional"),
        ("1 反対", "mismatch"),
        ("1か2", "two-choices"),
        ("4", "out-of-range"),
    ],
)
def test_yesno_unclear(slot: str, expected: str) -> None:
    """A condition is never rounded to yes or no."""
    assert kind(MOTION, slot) == expected


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("12", "12"),
        ("１２台", "12"),
        ("1,234", "1234"),
        ("1.5万円", "15000"),
        ("300千円", "300000"),
        ("三百二十", "320"),
        ("十二", "12"),
        ("一億2千万", "120000000"),
        ("50%", "50"),
        ("0", "0"),
        ("007", "7"),
        ("2名です。", "2"),
        ("12名在籍", "12"),
        ("12人体制です", "12"),
        ("ちょうど10人", "10"),
        ("ゼロ", "0"),
        ("零人です", "0"),
        ("12台あります。", "12"),
        ("12台を保有しています", "12"),
        ("10名で対応しています。", "10"),
    ],
)
def test_number(slot: str, value: str) -> None:
    """A quantity becomes a plain decimal string."""
    assert read_answer(NUMBER, slot, today=TODAY) == Understood(value)


@pytest.mark.parametrize(
    "slot",
    [
        "12,34",
        "3.600",
        "10以上",
        "10人 以上",
        "-5",
        "10〜20",
        "3割",
        "①",
        "〇",
        "1と2",
        "10か20",
        "たくさん",
        "1.2.3",
        "二三",
        "五六百",
        "ゼロではない",
    ],
)
def test_number_unclear(slot: str) -> None:
    """A bound, a range or a malformed figure is no number."""
    assert kind(NUMBER, slot) == "unclear"


def test_number_about() -> None:
    """約 keeps a flag, and a remark in brackets is kept."""
    assert read_answer(NUMBER, "約100人", today=TODAY) == Understood("100", "", ("approximate",))
    assert read_answer(NUMBER, "12台（うち予備2台）", today=TODAY) == Understood("12", "うち予備2台")
    assert read_answer(SINGLE, "2 理由：予算がない", today=TODAY) == Understood(("2",), "予算がない")


@pytest.mark.parametrize(
    "slot",
    [
        "2026/7/2",
        "2026-07-02",
        "2026.7.2",
        "2026年7月2日",
        "２０２６年７月２日（木）",
        "令和8年7月2日",
        "R8.7.2",
        "R8/7/2です",
        "令和八年七月二日",
        "2026年七月二日（木）",
    ],
)
def test_date(slot: str) -> None:
    """Every written form of one day."""
    assert read_answer(DATE, slot, today=TODAY) == Understood("2026-07-02")


@pytest.mark.parametrize("words", ["予定", "の予定です。", "（予定）", "見込み"])
def test_a_planned_day_where_one_is_asked_for(words: str) -> None:
    """A day to come is one where the question asks for a plan, and no answer where it asks for what was."""
    planned = replace(DATE, text="更新の予定日")
    read = read_answer(planned, f"2026/7/2{words}", today=TODAY)
    assert isinstance(read, Understood)
    assert (read.answer, read.remark) == ("2026-07-02", words.strip("の（）。です"))
    assert kind(DATE, f"2026/7/2{words}") == "unclear"
    said = read_answer(planned, "2026/7/2を予定しております。", today=TODAY)
    assert said == Understood("2026-07-02", "予定")


def test_date_without_year() -> None:
    """The year is taken only where the season makes it plain."""
    assert read_answer(DATE, "7月2日", today=TODAY) == Understood("2026-07-02", "", ("year-assumed",))
    assert read_answer(DATE, "1月15日", today=date(2026, 12, 1)) == Understood(
        "2027-01-15", "", ("year-assumed",)
    )
    assert kind(DATE, "1月15日") == "year"


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("2/30", "no-such-day"),
        ("2026年7月2日（金）", "weekday"),
        ("7月2日か3日", "unclear"),
        ("2026/7/2（令和8年7月3日）", "unclear"),
        ("2026/7/2（中止）", "unclear"),
        ("なし", "no-value"),
        ("未定", "no-value"),
        ("現時点では未定です", "no-value"),
        ("（予定なし）", "no-value"),
        ("実施予定はありません。", "no-value"),
        ("未定（議会に諮るため）", "no-value"),
        ("未定（来年度）", "unclear"),
        ("なし（2月ごろ）", "unclear"),
        ("未定ですが夏ごろ", "unclear"),
        ("7/2/2026", "unclear"),
    ],
)
def test_date_unclear(slot: str, expected: str) -> None:
    """A day that does not exist, or does not fit its weekday, is asked back."""
    assert kind(DATE, slot) == expected


def test_text_and_rating() -> None:
    """Free text keeps the member's own characters; a rating is one number of its scale."""
    assert read_answer(TEXT, "　㈱髙橋～①です ", today=TODAY) == Understood("㈱髙橋～①です")
    assert kind(TEXT, "文字\ufffd化け") == "garbled"
    assert read_answer(RATING, "４", today=TODAY) == Understood(("4",))
    assert kind(RATING, "6") == "out-of-range"
    assert read_answer(RATING, "4（おおむね満足）", today=TODAY) == Understood(("4",), "おおむね満足")
    assert kind(RATING, "4（条件付き）") == "conditional"


def test_whole_label() -> None:
    """A label counts whole, never by its beginning."""
    assert label_answer(SINGLE, "利用していないです。") == ("2",)
    assert label_answer(SINGLE, "利用していないかもしれない") is None
    assert label_answer(MOTION, "賛成します") == "yes"
    assert label_answer(MOTION, "賛成できません") is None


@pytest.mark.parametrize(
    "slot",
    [
        "お願いします" * 49 + "x",
        "です" * 149,
        "1," * 149,
        "(" * 299,
        "一" * 299,
        "9" * 299,
        "1と" * 149,
        "以上。" * 99,
    ],
)
def test_repetitions_are_cheap(slot: str) -> None:
    """No pattern takes more than linear time (promises.md, attack 7)."""
    started = time.process_time()
    for question in (SINGLE, MULTI, YESNO, NUMBER, DATE, RATING):
        read_answer(question, slot, today=TODAY)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("slot", "answer"),
    [
        ("はい、賛成です", "yes"),
        ("はい。賛成", "yes"),
        ("賛成する", "yes"),
        ("賛同します", "yes"),
        ("異議ありません", "yes"),
        ("異議はありません。", "yes"),
        ("異議なしです", "yes"),
        ("いいえ、反対します。", "no"),
    ],
)
def test_a_vote_in_words(slot: str, answer: str) -> None:
    """A vote may be said twice in different words of the lists; it is one vote if they agree."""
    assert read_answer(MOTION, slot, today=TODAY) == Understood(answer)


@pytest.mark.parametrize("slot", ["はい、反対です", "はい。いいえ", "賛成・反対", "yes/no", "賛成か反対"])
def test_two_votes_in_words(slot: str) -> None:
    """Words that do not agree are two choices."""
    assert kind(MOTION, slot) == "two-choices"


@pytest.mark.parametrize(
    "slot", ["○2", "2○", "✓ 2", "2レ", "２番に○", "2に丸", "2を丸で囲みました", "選択肢2", "option 2"]
)
def test_a_tick_beside_a_number(slot: str) -> None:
    """A tick or a word for option beside the number changes nothing."""
    assert read_answer(SINGLE, slot, today=TODAY) == Understood(("2",))


@pytest.mark.parametrize(
    "slot",
    [
        "2〇",
        "2×",
        "2△",
        "2（仮）",
        "2（未定）",
        "2（確認中）",
        "2（たぶん）",
        "2（来年度から？）",
        "2（要決裁）",
        "2（後日回答）",
    ],
)
def test_a_doubt_beside_a_number(slot: str) -> None:
    """A doubt in the remark, or a mark that is no tick, is asked back."""
    assert kind(SINGLE, slot) == "unclear"


@pytest.mark.parametrize(
    "slot",
    [
        "2→利用していない", "2 - 利用していない", "2－利用していない", "2の「利用していない」", "2番目の利用していない", "2 番", "No2", "第2",
        "回答：2", "答え 2", "A. 2", "⇒2", "=2", "【2】", "[【2】]", "2]", "＿2＿", "2️⃣", "2ﾃﾞｽ", "2です。お手数をおかけします。", "2 以上",
        "2番でよろしくお願い申し上げます。", "2つ目です", "標記について、2です。", "本件につきましては2番です。", "2番でお願いします以上です",
        "2にしてください。", "2番に決めました。", "2に決定いたしました。", "2に決まりました", "2を選びました。", "2とさせていただきたく存じます。", "2でかまいません。", "2で大丈夫です",
        "2番でお願いできればと存じます。", "2でお願いしたいと思います。", "2 相違ありません。", "Choice: 2", "I vote for option 2.",
        "2番でおねがいします🙏", "2っす", "2だよ！", "2で〜", "2です〜！", "・2", "2ですー",
        "2です(^^)", "2です。よろしくお願いしますm(_ _)m", "2でお願いしまーす", "2で回答", "2と回答させていただきます。", "2を選択いたしました", "2が該当します。", "2で間違いありません。", "2のみの回答です。",
    ],
)  # fmt: skip
def test_single_with_words_that_only_announce_or_repeat(slot: str) -> None:
    """A word or arrow before the number, its own label behind it, brackets of ours left over: the same answer."""
    assert read_answer(SINGLE, slot, today=TODAY) == Understood(("2",))


@pytest.mark.parametrize(
    "slot",
    [
        "2（？）",
        "2 (仮)",
        "2（暫定）",
        "2（要確認）",
        "2（変更の可能性あり）",
        "2→3",
        "2→検討中",
        "3の利用していない",
        "2以上",
        "2だが",
        "2ー",
        "2で回答予定",
        "2で間違いありませんか",
        "2が該当するかも",
        "2〜",
    ],
)
def test_single_that_is_not_sure(slot: str) -> None:
    """A tentative answer and a number with another option's label are asked back."""
    assert isinstance(read_answer(SINGLE, slot, today=TODAY), Unclear)


@pytest.mark.parametrize(
    "slot", ["1+3", "1＋3", "1番3番", "1)3)", "1️⃣3️⃣", "1と3の2つ", "1、3の2点", "1,3の両方"]
)
def test_multi_of_two(slot: str) -> None:
    """Numbers set apart by their own suffix, and their right count behind them, are two answers."""
    assert read_answer(MULTI, slot, today=TODAY) == Understood(("1", "3"))


@pytest.mark.parametrize("slot", ["1と3の3つ", "1,2,3の両方", "1番と第3号"])
def test_a_wrong_count_is_asked(slot: str) -> None:
    """A count that does not fit the numbers leaves the answer open."""
    assert isinstance(read_answer(MULTI, slot, today=TODAY), Unclear)


@pytest.mark.parametrize(
    ("question", "slot", "answer"),
    [
        (YESNO, "1 yes", "yes"), (YESNO, "1. yes", "yes"), (YESNO, "2 no", "no"), (YESNO, "はい、あります", "yes"), (MOTION, "賛　成", "yes"),
        (MOTION, "異議 なし", "yes"), (NUMBER, "計1234人", "1234"), (NUMBER, "合計1,234人", "1234"), (NUMBER, "全部で1234人", "1234"),
        (DATE, "20260213", "2026-02-13"), (DATE, "2026/2/13に実施", "2026-02-13"), (RATING, "4点", ("4",)), (RATING, "評価4", ("4",)),
        (replace(DATE, text="運用開始日"), "令和7年4月1日に開始しました。", "2025-04-01"), (replace(DATE, text="運用開始日"), "令和7年4月1日運用開始", "2025-04-01"),
        (DATE, "令和7年（2025年）4月1日", "2025-04-01"), (replace(MULTI, options=("Microsoft 365", "G Suite")), "microsoft365、g suite", ("1", "2")),
    ],
)  # fmt: skip
def test_words_around_other_answers(question: Question, slot: str, answer: tuple[str, ...] | str) -> None:
    """Options in the other language, spaced-out words, totals and what was done on a day belong to the answer."""
    assert read_answer(question, slot, today=TODAY) == Understood(answer)


@pytest.mark.parametrize(
    ("question", "slot"),
    [
        (YESNO, "No.1"), (YESNO, "no2"), (YESNO, "はい、ありません"), (YESNO, "1 no"), (MOTION, "異議あり なし"), (MOTION, "あります"),
        (NUMBER, "計画中"), (DATE, "令和7年（2024年）4月1日"), (replace(DATE, text="運用開始日"), "令和7年4月1日に開始予定"), (DATE, "2026/2/13に実施予定でしたが延期"), (RATING, "4 以上"), (NUMBER, "10 以上"),
    ],
)  # fmt: skip
def test_words_that_leave_it_open(question: Question, slot: str) -> None:
    """What may mean the contrary, or more than was written, is asked back."""
    assert isinstance(read_answer(question, slot, today=TODAY), Unclear)


STAFF = Question("Q1", "情報担当の職員数", "number")


@pytest.mark.parametrize(
    ("slot", "answer"), [("職員50人", "50"), ("情報担当の職員数は50名", "50"), ("職員数：約50人", "50")]
)
def test_a_number_behind_what_it_counts(slot: str, answer: str) -> None:
    """What the question asks for may stand before the number; of anything else the number may be another one."""
    read = read_answer(STAFF, slot, today=TODAY)
    assert isinstance(read, Understood)
    assert read.answer == answer
    for other in (f"非常勤{slot}", "正職員50名", "職員50人、非常勤3人"):
        assert kind(STAFF, other) == "unclear"


@pytest.mark.parametrize(
    ("slot", "answer"),
    [
        ("50（うち会計年度任用職員2）", "50"),
        ("50人（うち兼務は3名）", "50"),
        ("50名（教育委員会を除く）", "50"),
        ("50（うち欠員1）", None),
        ("50（うち採用予定2）", None),
        ("50（うち会計年度任用職員70）", None),
        ("50（内線2）", None),
        ("50（除く）", None),
        ("50（2を除く）", None),
    ],
)
def test_a_number_with_its_part_or_scope(slot: str, answer: str | None) -> None:
    """A smaller part and what was left out are remarks; those who are not there yet may be counted or not."""
    read = read_answer(STAFF, slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == answer


@pytest.mark.parametrize(
    ("slot", "answer"),
    [
        ("3（県と協議中）", ("3",)),
        ("その他（共同利用を検討中）", ("3",)),
        ("3（協議中）", None),
        ("3（課長と協議中）", None),
        ("3（課内で検討中）", None),
        ("1（県と協議中）", None),
    ],
)
def test_what_is_being_done_instead(slot: str, answer: tuple[str, ...] | None) -> None:
    """Behind その他 it is what その他 means; said of nothing, or of people who decide, it may be the answer that is not settled."""
    read = read_answer(replace(SINGLE, options=("済", "未", "その他")), slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == answer


@pytest.mark.parametrize("slot", ["△", "△（係長が兼ねています）", "△です", "保留"])
def test_half_a_yes(slot: str) -> None:
    """It is an abstention where the ballot offers one, and nothing where はい and いいえ are all that it offers."""
    assert kind(YESNO, slot) == "unclear"


BOUGHT = Question("Q1", "調達", "single", ("購入", "リース", "レンタル", "その他（　）"))


@pytest.mark.parametrize(
    ("slot", "answer"),
    [
        ("4", "4"),
        ("4 その他", "4"),
        ("その他", "4"),
        ("4 その他（　）", "4"),
        ("4.その他（地元業者と保守込みの包括契約）", "4"),
        ("４　その他（債務負担行為による5年間の賃貸借。満了後は無償譲渡）", "4"),
        ("その他（県の共同調達）", "4"),
        ("その他：県の共同調達", "4"),
        ("4 その他（購入とリースを年度ごとに使い分け）", "4"),
        ("4（リースと購入が半々）", "4"),
        ("4（購入からリースへ移行中）", "4"),
        ("2（今年度、Windows11への更新に合わせて購入から切り替えました）", "2"),
        ("4（購入）", None),
        ("4 その他（購入とリース）", None),
        ("その他（リース）", None),
        ("4 その他（購入に変更）", None),
        ("4 その他（2にしておいてください）", None),
        ("4 その他（検討中）", None),
        ("2（購入に切り替えました）", None),
    ],
)
def test_other_with_room_for_words(slot: str, answer: str | None) -> None:
    """Nobody copies the room behind その他（　）; several options in it are what is meant, where more is said than their names."""
    read = read_answer(BOUGHT, slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == ((answer,) if answer else None)


WAYS = Question("Q1", "開催方法", "single", ("会場", "オンライン"))


@pytest.mark.parametrize("slot", ["2 検討中のため", "検討中のため2"])
def test_a_reason_that_is_a_doubt(slot: str) -> None:
    """Who is still considering has not chosen."""
    assert kind(WAYS, slot) == "unclear"


@pytest.mark.parametrize(
    "slot",
    """2だと思います|2だと思います。|2がよいと思います|当市は2です|本市：2|当市の回答は２です。|標記の件、2番でお願いします。|回答につきましては、2番です。|○2. 利用していない
    |☑ 利用していない|●2|■ 2|2. 利用していない ○|選択肢：２|選択番号 2|No 2 please|We choose 2.|2です♪|下記のとおり回答します。2|2のとおりです""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_what_leads_to_a_choice_or_follows_it(slot: str) -> None:
    """Words about whose answer it is, an opinion said politely and a tick before the label leave the choice as it is."""
    assert read_answer(SINGLE, slot, today=TODAY) == Understood(("2",))


@pytest.mark.parametrize(
    "slot", ["遠方のため2", "職員が少ないので2です", "2 遠方のため", "2です。遠方のためです。"]
)
def test_a_reason_without_brackets(slot: str) -> None:
    """A reason before the number or behind it is a remark."""
    read = read_answer(SINGLE, slot, today=TODAY)
    assert isinstance(read, Understood)
    assert read.answer == ("2",)
    assert read.remark


@pytest.mark.parametrize(
    "slot",
    [
        "2かと思います", "2だと思いますか", "2だと思いません", "2だと思いますが3かも", "2は使えないため", "2 は使えないため", "2以外のため", "まだ決裁がないので2", "検討中のため2", "2 検討中のため",
        "●1 ○2 ○3", "1 ☐2 ☑3", "第2希望", "他市は2です", "We choose 2 or 3", "当市は2か3",
        "2番希望", "2でかまいませんか", "2に決めましたか", "2に決めかねています", "2で大丈夫ですか", "2にしてくださいと言われました", "2に決まりましたら連絡します", "2（山田市の回答）", "2 ※隣の町の意見",
    ],
)  # fmt: skip
def test_no_choice_beside_such_words(slot: str) -> None:
    """What doubts, excludes or belongs to somebody else is asked about."""
    assert isinstance(read_answer(SINGLE, slot, today=TODAY), Unclear)


@pytest.mark.parametrize("slot", ["○1 ○3", "☑1 ☑3", "1○ 3○", "✔1,✔3"])
def test_ticks_at_each_number(slot: str) -> None:
    """Ticked numbers are chosen where each that is named has the same tick."""
    assert read_answer(MULTI, slot, today=TODAY) == Understood(("1", "3"))


@pytest.mark.parametrize("slot", ["1○ 2 3○", "●1 ○2 ●3", "1 2○", "☑1 ☐3", "○1 ○2 ○3 ○4", "1.2.2", "1.3"])
def test_options_written_out_with_ticks(slot: str) -> None:
    """Options of which some are ticked, or all, are asked about; 1.3 may be a figure."""
    assert isinstance(read_answer(MULTI, slot, today=TODAY), Unclear)


def test_kanji_figures_set_apart() -> None:
    """「十 二」 may be 12, or 10 and 2."""
    assert kind(replace(MULTI, options=tuple(map(str, range(20, 40)))), "十 二") == "unclear"


def test_points_between_three_numbers() -> None:
    """No figure has two points."""
    assert read_answer(MULTI, "１．２．４", today=TODAY) == Understood(("1", "2", "4"))


@pytest.mark.parametrize("slot", ["12日", "50時間", "50件", "3年", "50円", "50%"])
def test_the_unit_of_another_kind(slot: str) -> None:
    """A question for people is not answered with days."""
    assert kind(STAFF, slot) == "unit"
    assert isinstance(read_answer(STAFF, "50名", today=TODAY), Understood)
    assert isinstance(read_answer(NUMBER, slot, today=TODAY), Understood)


@pytest.mark.parametrize(
    "text", ["年間の保守経費（千円）", "保守経費（単位：千円）", "保守経費は何千円ですか"]
)
@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("3,600", "3600"),
        ("3,600千円", "3600"),
        ("３，６００　千円です。", "3600"),
        ("3,600（千円）", "3600"),
        ("3,600（単位：千円）", "3600"),
        ("3,600千円となっております。", "3600"),
        ("保守経費 3,600千円", "3600"),
        ("360万円", None),
        ("360万", None),
        ("3,600,000円", None),
        ("3,600（円）", None),
        ("3,600（単位：円）", None),
        ("¥3,600", None),
        ("3百万円", None),
        ("3,600人", None),
    ],
)
def test_a_number_of_thousands_where_thousands_are_asked_for(text: str, slot: str, value: str | None) -> None:
    """「3,600千円」 is 3600 of what is asked for; what names another size may mean either."""
    read = read_answer(Question("Q1", text, "number"), slot, today=TODAY)
    assert read == (Unclear("unit") if value is None else Understood(value))


@pytest.mark.parametrize(
    ("text", "slot", "answer"),
    [
        ("2026年10月1日現在の拠点数", "25拠点", "25"),
        ("拠点数", "12拠点（本庁を含む）", "12"),
        ("拠点数", "12月", None),
        ("拠点数", "12年", None),
        ("拠点数", "12%", None),
        ("システムの利用年数", "12年", "12"),
        ("職員用端末の台数（台）", "端末台数　300台", "300"),
        ("職員用端末の台数（台）", "250%", None),
        ("情報主管課の職員数（人）", "5人体制です", "5"),
        ("職員用端末の台数（台）", "250千円", None),
    ],
)
def test_what_a_question_counts_by_its_own_words(text: str, slot: str, answer: str | None) -> None:
    """Its counter may stand behind the number, and what it counts before it; not another unit."""
    read = read_answer(Question("Q1", text, "number"), slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == answer


DAYS = Question(
    "Q1", "参加できる日", "multi", ("12月21日（月）", "12月22日（火）", "1月12日（火）", "参加できない")
)


@pytest.mark.parametrize(
    ("slot", "answer"),
    [
        ("12月22日", ("2",)),
        ("12/21、12/22", ("1", "2")),
        ("12/21(月)", ("1",)),
        ("１２月２１日と１月１２日", ("1", "3")),
        ("1 12月21日", ("1",)),
        ("3（1月12日）", ("3",)),
        ("12月21日（火）", None),
        ("12月23日", None),
        ("12/21〜12/22", None),
        ("12月21日以外", None),
        ("12月22日以降", None),
        ("12月21日の午前", None),
        ("2 12月21日", None),
        ("1/2", ("1", "2")),
        ("12/2", None),
    ],
)
def test_options_that_are_days_are_known_by_the_day(slot: str, answer: tuple[str, ...] | None) -> None:
    """With or without the weekday, which must be right."""
    read = read_answer(DAYS, slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == answer


def test_a_day_that_may_be_two_numbers_is_asked_about() -> None:
    """「1/2」 where 1月2日 is an option, too."""
    assert isinstance(read_answer(replace(DAYS, options=("1月2日", "1月3日")), "1/2", today=TODAY), Unclear)


@pytest.mark.parametrize("slot", ["いいえ（未実施）", "2（未実施）"])
def test_no_said_again(slot: str) -> None:
    """What was not done is no doubt beside いいえ, and is beside はい."""
    assert read_answer(YESNO, slot, today=TODAY) == Understood("no", "未実施")
    assert isinstance(read_answer(YESNO, "はい（未実施）", today=TODAY), Unclear)


@pytest.mark.parametrize("slot", ["1,2...", "1、2…", "1、2・・・"])
def test_a_list_that_goes_on_is_asked_about(slot: str) -> None:
    """It names some of them."""
    assert isinstance(read_answer(MULTI, slot, today=TODAY), Unclear)


@pytest.mark.parametrize(
    "slot", ["令和80年4月1日", "R80.4.1", "平成80年4月1日", "2926/4/1", "1026/4/1", "令和八十年四月一日"]
)
def test_a_year_that_is_a_slip(slot: str) -> None:
    """A year far from ours, or beyond its era, is asked about."""
    assert isinstance(read_answer(DATE, slot, today=TODAY), Unclear)
    assert read_answer(DATE, "2099-04-01", today=TODAY) == Understood("2099-04-01")


@pytest.mark.parametrize(
    "vote",
    [
        "賛成（議会の承認後）",
        "賛成（本年度に限る）",
        "賛成（施行日を令和10年にすること）",
        "賛成（しません）",
        "1（議長一任）",
        "1（委任）",
    ],
)
def test_a_vote_until_another_is_cast(vote: str) -> None:
    """「賛成（議会の承認後）」 is a condition; beside a survey's choice such words are a remark."""
    assert isinstance(read_answer(MOTION, vote, today=TODAY), Unclear)
    assert isinstance(read_answer(SINGLE, "2（議会の承認後に導入）", today=TODAY), Understood)


VOTES = Question("Q1", "規約の改正", "yesno", ("賛成", "反対", "棄権"))


@pytest.mark.parametrize(
    "slot",
    """2で結構です|2でＯＫです|2に投票します|2に○をつけてください。|2としてください|2で処理をお願いします|2が希望です|2が望ましいと考えます。|オンライン一択です。|2番「オンライン」にてお願い申し上げます。|2にて
    |2番の方でお願いします|2で問題ございません|回答番号：2|回答欄：2|Ans. 2|選択：2．オンライン|希望は２番になります|私どもは2を希望します。|当方は「オンライン」です|Our answer is 2.|We would like option 2.
    |option #2|✅ 2|上から2番目のオンラインでお願いします。|課内で検討した結果、2でお願いします。|2番の「オンライン」を選択させていただきます。|質問の件、2です。|「オンライン」に一票入れます。""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_further_ways_to_say_a_choice(slot: str) -> None:
    """Whole phrases that ask to count the choice, or announce it."""
    read = read_answer(WAYS, slot, today=TODAY)
    assert isinstance(read, Understood)
    assert read.answer == ("2",)


@pytest.mark.parametrize(
    "slot",
    """2でよろしいですか|2で問題ありませんか|2は結構です|2で結構ですか|2の方が多い|2の方のみ|2に投票しません|2でOKですか|2で問題ない|選択：2か1|希望は2ですが未定|2に投票するか検討|2が希望ですが
    |検討した結果、2は見送り|2としてくださいますか|2が望ましいですか|2を希望した団体|2の方で検討|We would like to ask 2""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_such_words_that_choose_nothing(slot: str) -> None:
    """The same words in a question, denied, or about somebody else."""
    assert isinstance(read_answer(WAYS, slot, today=TODAY), Unclear)


@pytest.mark.parametrize(
    ("slot", "answer", "remark"),
    [("1（全庁）、3（本庁のみ）", ("1", "3"), "全庁、本庁のみ"), ("1、4 その他の内容：人手がない", ("1", "4"), "人手がない"), ("費用（高い）、手続き", ("1", "2"), "高い")],
)  # fmt: skip
def test_a_remark_at_each_item(slot: str, answer: tuple[str, ...], remark: str) -> None:
    """What stands in brackets behind an item is its remark; a doubt there leaves the whole in doubt."""
    assert read_answer(MULTI, slot, today=TODAY) == Understood(answer, remark)
    for doubtful in ("1（検討中）、3", "1（予定）、3（済）", "1（3）、2", "1（必要がない）、2"):
        assert isinstance(read_answer(MULTI, doubtful, today=TODAY), Unclear)


@pytest.mark.parametrize(
    "slot", ["令和8年2月13日 13時30分から", "2026/2/13 13:30~15:00", "2026/2/13 10時に実施"]
)
def test_a_day_with_its_time(slot: str) -> None:
    """The time of the day changes no day."""
    assert read_answer(DATE, slot, today=TODAY) == Understood("2026-02-13")
    for doubtful in ("2026/2/13 13", "2026/2/13-2", "2026/2/13~2/15", "2026/2/13 10時予定"):
        assert isinstance(read_answer(DATE, doubtful, today=TODAY), Unclear)


def test_a_vote_for_what_is_proposed() -> None:
    """「原案に賛成」 is a vote; with a reservation, or for something else, it is none."""
    for slot, answer in (("原案に賛成", "yes"), ("原案どおり承認", "yes"), ("原案に反対します", "no")):
        assert read_answer(VOTES, slot, today=TODAY) == Understood(answer)
    for slot in ("原案に賛成できない", "修正案に賛成", "原案に賛成か反対", "原案に一部賛成"):
        assert isinstance(read_answer(VOTES, slot, today=TODAY), Unclear)


@pytest.mark.parametrize(
    ("question", "slot"),
    [
        (SINGLE, "2（仮置き）"), (SINGLE, "2（予定です）"), (SINGLE, "2（前回）"), (SINGLE, "2（昨年の回答）"), (SINGLE, "2（課長に確認してから）"), (SINGLE, "2（決まっていない）"), (SINGLE, "2（例）"),
        (SINGLE, "2/2"), (SINGLE, "2 (draft)"), (MULTI, "1,2（いずれも未導入）"), (STAFF, "12人（うち3人は予定）"), (STAFF, "12人（昨年）"), (VOTES, "賛成（議会承認が前提）"),
    ],
)  # fmt: skip
def test_a_remark_that_doubts(question: Question, slot: str) -> None:
    """Pending, of another year, or on a condition; a remark that only compares says nothing of the kind."""
    assert isinstance(read_answer(question, slot, today=TODAY), Unclear)
    for plain in ("2（前回と同じ）", "2（昨年度から）", "2（課長確認済）"):
        assert isinstance(read_answer(SINGLE, plain, today=TODAY), Understood)


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("10人（本務8、兼務2）", "10"), ("10（内訳：正規7、再任用2、嘱託1）", "10"), ("240台（うち共用20）", "240"), ("240（うち、窓口20）", "240"),
        ("10人（本務8、兼務3）", None), ("10（うち兼務12）", None), ("10（12）", None), ("10（昨年8）", None), ("10（正しくは8、誤りは2）", None),
    ],
)  # fmt: skip
def test_a_number_divided_in_brackets(slot: str, expected: str | None) -> None:
    """Parts that make up the number, or one part of it, leave it as it is; others are asked about."""
    read = read_answer(Question("Q1", "職員と端末", "number"), slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == expected


@pytest.mark.parametrize(
    ("asked", "slot", "expected"),
    [
        ("オンライン開催を希望しますか", "希望します", "yes"), ("オンライン開催を希望しますか", "希望しません。", "no"),
        ("今年度に研修を行いましたか", "行いました", "yes"), ("今年度に研修を行いましたか", "行っていない", "no"),
        ("今年度に研修を行いましたか", "はい、行いました。", "yes"), ("今年度に研修を行いましたか", "いいえ、行っていません", "no"),
        ("今年度に研修を行いましたか", "はい、行っていません", None), ("今年度に研修を行いましたか", "はい、一部行いました", None),
        ("今年度に研修を行いましたか", "実施しました", "yes"), ("今年度に研修を行いましたか", "やっていません", "no"),
        ("今年度に研修を行いましたか", "していません", "no"), ("今年度に研修を行いましたか", "やめました", None), ("監視を行っていますか", "実施済み", None),
        ("今年度に研修を行いましたか", "実施した", "yes"), ("今年度に研修を行いましたか", "やった。", "yes"), ("今年度に研修を行いましたか", "実施予定です", None),
        ("今年度に研修を行いましたか", "行う予定です", None), ("研修を行い、報告しましたか", "行いました", None),
        ("規程を定めていますか", "定めています", "yes"), ("規程を定めていますか", "定めていません", "no"),
        ("オンライン開催を希望しますか", "利用します", None), ("オンライン開催を希望しますか", "できれば希望します", None),
        ("オンライン開催を希望しませんか", "希望します", None), ("規程を定めていますか", "定めていません？", None),
    ],
)  # fmt: skip
def test_the_question_s_own_verb(asked: str, slot: str, expected: str | None) -> None:
    """A question answered by its own verb, whole, is answered yes or no."""
    read = read_answer(Question("Q1", asked, "yesno"), slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == expected


def answer_of(question: Question, slot: str) -> object:
    read = read_answer(question, slot, today=TODAY)
    return read.answer if isinstance(read, Understood) else None


CSIRT = Question("Q1", "CSIRTを設置していますか", "yesno")


@pytest.mark.parametrize(
    ("asked", "slot", "expected"),
    [
        (CSIRT, "設置済", "yes"),
        (CSIRT, "設置済みです。", "yes"),
        (CSIRT, "はい、設置しております。", "yes"),
        (CSIRT, "未設置です。", "no"),
        (CSIRT, "まだ設置していません", "no"),
        (CSIRT, "いいえ。令和9年度に設置予定です。", "no"),
        (CSIRT, "いいえ、来年度設置予定", "no"),
        (CSIRT, "はい。令和9年度に設置予定です。", None),
        (CSIRT, "はい。令和5年度に設置済みです。", "yes"),
        (CSIRT, "はい。令和5年度に廃止しました。", None),
        (CSIRT, "はい、未設置です。", None),
        (CSIRT, "いいえ、設置済", None),
        (CSIRT, "いいえ。令和9年度に廃止予定です。", None),
        (CSIRT, "いいえ。令和7年度に設置しました。", None),
        (CSIRT, "設置予定", None),
        (CSIRT, "設置済の予定", None),
        (CSIRT, "一部設置済", None),
        (CSIRT, "まだ設置済", None),
        (CSIRT, "策定済", None),
        (Question("Q1", "規程を策定し、または周知していますか", "yesno"), "周知済", None),
        (Question("Q1", "CSIRTの設置を予定していますか", "yesno"), "設置済", None),
        (Question("Q1", "CSIRTを設置しますか", "yesno"), "設置済", None),
        (
            Question("Q1", "規約の改正", "yesno", ("賛成", "反対", "棄権")),
            "いいえ。令和9年度に改正予定です。",
            None,
        ),
    ],
)
def test_what_is_asked_is_done_or_not(asked: Question, slot: str, expected: str | None) -> None:
    """The question's own word says it, and a plan behind いいえ is a remark; behind はい it gainsays."""
    assert answer_of(asked, slot) == expected


@pytest.mark.parametrize("dash", ["-", "－", "―", " — ", "--", "‐", "−"])
def test_a_dash_is_a_blank(dash: str) -> None:
    """As on paper; ー may be meant for 一."""
    for question in (SINGLE, MULTI, YESNO, NUMBER, DATE, RATING):
        assert read_answer(question, dash, today=TODAY) == Blank()
        assert kind(question, "ー") == "unclear"
    assert read_answer(TEXT, dash, today=TODAY) == Blank()


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("５です。とても良かったです。", ("5",)),
        ("4です。参考になりました。", ("4",)),
        ("3です。時間が短かったです。", ("3",)),
        ("満足度は4です。", ("4",)),
        ("不満足度は4です。", None),
        ("講師の満足度は4です。", None),
        ("1です。とても良かったです。", None),
        ("5です。不満です。", None),
        ("5です。4でもよいです。", None),
        ("5です。と言いたいところです。", None),
        ("5です。正しくは4です。", None),
        ("4です。採点は仮です。", None),
        ("5です。上司の評価では良かったです。", None),
        ("5です。昨年より下がりました。", None),
        ("5です。まだ決裁前です。", None),
    ],
)
def test_a_sentence_behind_a_rating(slot: str, expected: object) -> None:
    """It is kept for the office, unless it may be said of the other end of the scale."""
    assert answer_of(RATING, slot) == expected


def test_apostrophes_of_a_label_are_alike() -> None:
    """Word and Outlook curl them."""
    models = Question("Q1", "構成", "single", ("αモデル", "α'モデル", "βモデル", "β'モデル"))
    for mark in "'’‘′＇":
        assert answer_of(models, f"β{mark}モデル") == ("4",)
        assert answer_of(models, f"４．β{mark}モデル") == ("4",)
    assert answer_of(models, "βモデル") == ("3",)
    assert answer_of(models, "3 β’モデル") is None


@pytest.mark.parametrize(
    ("text", "slot", "expected"),
    [
        ("利用アカウント数", "45アカウント", "45"),
        ("利用アカウント数", "３アカウント（管理者含む）", "3"),
        ("利用アカウント数", "45ライセンス", None),
        ("利用アカウント数", "45アカウント申請中", None),
        ("端末の台数（台）", "260台でした", "260"),
        ("端末の台数（台）", "260台デス。ヨロシクオネガイシマス", "260"),
        ("端末の台数（台）", "260台でした。", "260"),
        ("端末の台数（台）", "260でした", None),  # as a correction of another number
        ("端末の台数（台）", "260台でしたが、今は300台です", None),
        ("端末の台数（台）", "260人でした", None),
    ],
)
def test_a_number_with_the_questions_counter(text: str, slot: str, expected: str | None) -> None:
    """What the question counts by its own words, and what was counted."""
    assert answer_of(Question("Q1", text, "number"), slot) == expected


def test_the_options_that_apply() -> None:
    """「1から3まで該当します。」 names them; 該当しません and 該当なし name none."""
    assert answer_of(MULTI, "1から3まで該当します。") == ("1", "2", "3")
    for slot in ("1該当しません", "1該当なし", "1から3まで該当しない", "1に該当するか不明"):
        assert answer_of(MULTI, slot) is None
