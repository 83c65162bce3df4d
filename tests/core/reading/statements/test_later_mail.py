"""A later mail that corrects an earlier answer (ballot.md section 8: the later accepted counts)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Question
from tests.mails.standard import STANDARD, TODAY, acknowledgement, invitation, quoted

TRAINING = replace(
    STANDARD,
    questions=(
        Question("Q1", "研修の満足度", "rating", required=True),
        Question("Q2", "形式", "single", ("集合", "オンライン", "併用"), required=True),
        Question("Q3", "受講させたい人数（人）", "number"),
    ),
)
RECEIPT = acknowledgement({"Q1": ("4",), "Q2": ("3",), "Q3": "15"}, 2, TRAINING)


@pytest.mark.parametrize(
    ("typed", "answers"),
    [
        ("先ほどの回答ですが、人数に誤りがありましたので訂正します。\nQ3 12人", {"Q3": "12"}),
        ("すみません、先ほどの回答を訂正します。\nQ1 5\nQ3 1", {"Q1": ("5",), "Q3": "1"}),
        ("再回答します。\nQ2 2", {"Q2": ("2",)}),
        ("訂正します。\nQ2 2", {"Q2": ("2",)}),
        ("【訂正】\nQ2 2", {"Q2": ("2",)}),
        ("Q2 2\n【訂正】", None),
        ("【訂正】", None),
        ("【訂正前】\nQ2 2", None),
        ("Q3 15人→10人", {"Q3": "10"}),
        ("Q2 3→1", {"Q2": ("1",)}),
        ("Q3の人数は1,000人の誤りでした。訂正します。\nQ3 1,000", {"Q3": "1000"}),
        ("Q3 14人→10人", None),  # 14 is not what stands
        ("Q2 1→3", None),
        ("Q3 15人→未定", None),
        ("Q3の人数は15人の誤りでした。訂正します。\nQ3 12", None),
        ("Q2 2\n訂正します。", None),  # this one, or the one before?
        ("Q2 2\n訂正します。\nQ2 1", None),
        ("先ほどの回答は誤りですので訂正しません。\nQ3 12", None),
        ("訂正するかもしれません。\nQ3 12", None),
        ("訂正します。", None),
    ],
)
def test_a_correction(typed: str, answers: dict[str, Answer] | None) -> None:
    """The new answer counts where it stands whole below the sentence that announces it, or behind the one that stands."""
    sent = [RECEIPT, invitation(TRAINING)]
    reading = read_reply(TRAINING, f"{typed}\n\n{quoted(RECEIPT)}", sent, today=TODAY)
    assert (dict(reading.answers) if reading.hold is None else {}) == (answers or {})
