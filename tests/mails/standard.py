"""The survey that the mails of this folder answer, a resolution beside it, and the texts that we sent for it (ballot.md section 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from mailbot.core.members.audience import Selector
from mailbot.core.surveys.ballot import ballot_lines
from mailbot.core.surveys.how_to_answer import how_to_lines
from mailbot.core.surveys.survey import Answers, Question, Resolution, Share, Survey

TOKYO = timezone(timedelta(hours=9))
TODAY = date(2026, 6, 20)
REFERENCE = "S26-014-13201"

STANDARD = Survey(
    key="S26-014",
    title="LG.JPドメインの利用",
    audience=Selector(everyone=True),
    opens=datetime(2026, 6, 18, 9, tzinfo=TOKYO),
    closes=datetime(2026, 7, 2, 17, tzinfo=TOKYO),
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
)
RESOLUTION = replace(
    STANDARD,
    key="K26-02",
    title="規約の一部改正",
    questions=tuple(
        Question(number, text, "yesno", ("賛成", "反対", "棄権"), required=True)
        for number, text in (("Q1", "規約第5条の改正"), ("Q2", "会費の改定"))
    ),
    resolution=Resolution(
        date(2026, 6, 1),
        "規約第12条",
        Share(1, 2, "electorate", more_than=True),
        (Share(2, 3, "votes", more_than=False),),
    ),
)


def invitation(survey: Survey = STANDARD, reference: str = REFERENCE) -> str:
    """Return the body of the first mail."""
    return "\n".join(
        (
            "○○市 情報政策課 山田様",
            "",
            f"「{survey.title}」についてお尋ねします（3問、約3分）。",
            "締切　2026年7月2日（木）17時00分 までに当方へ届いたもの",
            "",
            *how_to_lines(survey),
            "",
            *ballot_lines(survey, reference, 1),
            "",
            *_FOOT,
            "",
        )
    )


def reminder(survey: Survey = STANDARD, reference: str = REFERENCE) -> str:
    """Return the body of a reminder: other words, the same ballot."""
    return "\n".join(
        (
            "○○市 情報政策課 山田様",
            "",
            f"「{survey.title}」のお答えをお待ちしています。",
            "",
            *ballot_lines(survey, reference, 1),
            "",
            *_FOOT,
            "",
        )
    )


def acknowledgement(
    answers: Answers, edition: int = 2, survey: Survey = STANDARD, reference: str = REFERENCE
) -> str:
    """Return the body of a receipt, which is the next ballot."""
    return "\n".join(
        (
            "○○市 情報政策課 山田様",
            "",
            f"次のとおり受け付けました（第{edition}版、6月20日 10時12分）。",
            "",
            *ballot_lines(survey, reference, edition, answers=answers),
            "",
            *_FOOT,
            "",
        )
    )


def quoted(text: str, mark: str = "> ") -> str:
    """Return a text as a client quotes it."""
    return "\n".join(
        (mark + line).rstrip() if mark.strip() == ">" else mark + line for line in text.split("\n")
    )


_FOOT = (
    "【調査の趣旨】 利用状況を調べ、今後の要望の資料とします。",
    "【結果の公表】 団体名は出しません。5団体未満の区分は伏せます。",
    "【お問い合わせ】 事務局 03-0000-0000",
    " 一部だけ変える…そのQだけ書いて返信　取り消す…「取下げ」",
    " 回答票をもう一度…「再送」　今回は答えない…「回答しない」",
)
