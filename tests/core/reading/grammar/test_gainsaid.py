"""Words behind a choice that use its own verb to say otherwise than it does."""

from __future__ import annotations

from datetime import date

import pytest

from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Unclear, Understood
from mailbot.core.surveys.survey import Question

TODAY = date(2026, 6, 20)
USED = Question(
    "Q1", "LG.JPドメインを利用していますか", "single", ("利用している", "利用していない", "その他")
)
JOIN = Question("Q2", "研修会への参加を希望しますか", "yesno")
HELD = Question("Q3", "CSIRTを設置していますか", "yesno")


@pytest.mark.parametrize(
    ("question", "slot"),
    [
        (USED, "1（来年度利用予定）"),
        (USED, "1です。来年度から利用する予定です。"),
        (USED, "1です。以前は利用していました。"),
        (USED, "1です。利用を終了したところです。"),
        (USED, "2です。一部の課では利用しています。"),
        (JOIN, "はい（参加しません）"),
        (JOIN, "1（参加できません）"),
        (JOIN, "いいえ（参加します）"),
        (HELD, "はい（来年度に設置を予定）"),
        (HELD, "はい（設置を見送り）"),
        (HELD, "いいえ（設置済みです）"),
    ],
)
def test_the_verb_of_the_choice_denied(question: Question, slot: str) -> None:
    """Whose number and words contradict each other is asked which of them he means."""
    assert isinstance(read_answer(question, slot, today=TODAY), Unclear)


@pytest.mark.parametrize(
    ("question", "slot"),
    [
        (USED, "1（利用に支障はありません）"),
        (USED, "1です。利用者が少なく、広がりません。"),
        (USED, "2です。昨年まで利用していました。"),
        (USED, "2（来年度の利用を検討しています）"),
        (JOIN, "はい（参加の予定は2名です）"),
        (JOIN, "いいえ（参加できません）"),
        (HELD, "いいえ（来年度に設置を予定）"),
    ],
)
def test_other_words_with_the_verb_of_the_choice(question: Question, slot: str) -> None:
    """What agrees with the choice, or speaks of users and fees, is its remark."""
    read = read_answer(question, slot, today=TODAY)
    assert isinstance(read, Understood)
    assert read.remark
