"""The surveys that the mails of this folder answer, with the texts that we had sent for them (ballot.md 2 to 4).

The texts stand in `sent/` as they went out: a mail in a member's folder does not change when we reword ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from mailbot.core.surveys.survey import Question, Resolution, Share, Survey
from tests.mails.standard import STANDARD

SENT = Path(__file__).parent / "sent"


@dataclass(frozen=True)
class Asked:
    """One survey, and the language in which it was asked."""

    survey: Survey
    language: Literal["ja", "en"] = "ja"

    def sent(self, kind: str) -> str:
        """Return the body of one mail of ours: invitation, reminder, ack."""
        return _sent(f"{self.survey.key.lower()}-{kind}.txt")


@cache
def _sent(name: str) -> str:
    return (SENT / name).read_text(encoding="utf-8")


def _survey(key: str, title: str, *questions: Question, resolution: Resolution | None = None) -> Survey:
    return Survey(
        key=key,
        title=title,
        audience=STANDARD.audience,
        opens=STANDARD.opens,
        closes=STANDARD.closes,
        questions=questions,
        resolution=resolution,
    )


TRAINING = _survey(
    "S26-021",
    "情報セキュリティ研修の実施状況",
    Question("Q1", "昨年度に研修を実施しましたか", "yesno", required=True),
    Question("Q2", "受講した職員は何人ですか", "number", when=(("Q1", ("1",)),)),
    Question("Q3", "直近の実施日", "date"),
    Question("Q4", "研修への満足度", "rating"),
    Question("Q5", "今後の希望", "text"),
)

# Labels with numbers and separators in them, one the end of another, and more than nine of them.
SYSTEMS = _survey(
    "S26-030",
    "窓口業務で使う仕組み",
    Question(
        "Q1",
        "導入済みのものをお選びください",
        "multi",
        (
            "住民記録",
            "税務",
            "国民健康保険",
            "介護保険",
            "児童手当",
            "子ども・子育て支援",
            "戸籍",
            "選挙人名簿",
            "印鑑登録",
            "生活保護",
            "健康管理",
            "就学",
            "24時間対応のチャット",
            "その他",
        ),
    ),
    Question("Q2", "次の更新の時期", "single", ("2年以内", "3年以内", "5年以内", "5年より先", "未定")),
    Question("Q3", "検討している対策", "multi", ("要員の確保", "予算の確保", "研修", "特になし")),
    Question("Q4", "標準化への対応", "single", ("対応している", "対応していない", "一部対応している")),
)

ENGLISH = _survey(
    "S26-040",
    "Use of LG.JP domains",
    Question(
        "Q1", "Does your city use an LG.JP domain?", "single", ("yes, in use", "not in use", "under study")
    ),
    Question("Q2", "Why not?", "multi", ("cost", "paperwork", "not needed", "other"), when=(("Q1", ("2",)),)),
    Question("Q3", "Any comments?", "text"),
)

BY_LAW = _survey(
    "K26-02",
    "規約の一部改正ほか",
    Question("Q1", "規約第5条の改正", "yesno", ("賛成", "反対", "棄権"), required=True),
    Question("Q2", "令和8年度補正予算", "yesno", ("賛成", "反対", "棄権"), required=True),
    resolution=Resolution(
        base_date=date(2026, 6, 1),
        by_law="規約第20条",
        quorum=Share(1, 2, "electorate", more_than=True),
        thresholds=(Share(2, 3, "present", more_than=False),),
    ),
)

SEMINAR = _survey(
    "S26-050",
    "秋の研修会への出席",
    Question("Q1", "9月25日の研修会への出席", "single", ("出席", "欠席", "時間が決まってから返事")),
)

# Labels that begin alike, a number, a day and a list of twelve beside a free answer.
DRILL = _survey(
    "S26-061",
    "防災訓練と備蓄の状況",
    Question(
        "Q1", "今年度の訓練", "single", ("実施済み", "実施予定あり", "実施予定なし", "未定"), required=True
    ),
    Question("Q2", "参加した職員の数", "number"),
    Question("Q3", "次の訓練の予定日", "date"),
    Question(
        "Q4",
        "備蓄している品目",
        "multi",
        (
            "飲料水",
            "食料",
            "毛布",
            "簡易トイレ",
            "発電機",
            "燃料",
            "医薬品",
            "粉ミルク",
            "衛生用品",
            "衛星電話",
            "テント",
            "その他",
        ),
    ),
    Question("Q5", "職員向けの手引きがありますか", "yesno"),
    Question("Q6", "課題や要望", "text"),
)

SURVEYS: Mapping[str, Asked] = {
    "standard": Asked(STANDARD),
    "training": Asked(TRAINING),
    "systems": Asked(SYSTEMS),
    "english": Asked(ENGLISH, "en"),
    "by-law": Asked(BY_LAW),
    "seminar": Asked(SEMINAR),
    "drill": Asked(DRILL),
}
