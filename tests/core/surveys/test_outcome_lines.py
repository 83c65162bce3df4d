"""What a resolution came to, as its mail and its minutes say it."""

from __future__ import annotations

from dataclasses import replace

from mailbot.core.surveys.outcome_lines import outcome_lines
from mailbot.core.surveys.resolution import CHAIR, Proxy, outcome
from tests.core.surveys.test_voting_paper import OPENS, RESOLUTION, SURVEY

OUTCOME = """\
表決権者　　7団体
出席　　　　5団体
　本人の表決　　　3団体
　他の会員へ委任　1団体
　議長へ委任　　　1団体
表決なし　　2団体

定足数　会員総数の過半数
　　5／7、必要な数 4以上　→ 満たします

議案第1号　規約第5条の改正
　結果　可決
　賛成　4（本人 2、委任 1、議長への委任 1）
　反対　1（本人 1、委任 0、議長への委任 0）
　棄権　0（本人 0、委任 0、議長への委任 0）
　無効　0（この議案の記入がない表決）
　不行使　0（委任のうち、受任者の表決がないもの）
　表決総数　5（賛成、反対、棄権の合計）
　要件1　賛成が表決総数（棄権を含む）の3分の2以上
　　4／5、必要な数 4以上　→ 満たします
　要件2　賛成が会員総数の過半数
　　4／7、必要な数 4以上　→ 満たします

議案第2号　規約第7条及び第8条の改正
　結果　否決"""


def test_the_outcome_in_words() -> None:
    """The outcome shows every figure with its whole and what was needed; nothing is rounded."""
    votes = {
        "202011": {"Q1": "yes", "Q2": "no"},
        "b": {"Q1": "yes", "Q2": "yes"},
        "c": {"Q1": "no", "Q2": "no"},
    }
    proxies = [Proxy("d", CHAIR, OPENS), Proxy("e", "b", OPENS)]
    found = outcome(SURVEY, ["202011", *"bcdefg"], votes, proxies)
    assert "\n".join(outcome_lines(found)).startswith(OUTCOME)
    assert "Result: carried" in "\n".join(outcome_lines(found, "en"))
    void = outcome(SURVEY, ["202011", *"bcdefg"], {}, [])
    assert "　結果　不成立（定足数に達しないため）" in outcome_lines(void)
    assert "　　0／0、母数がないため成立しません　→ 満たしません" in outcome_lines(void)


def test_deemed_consent_has_its_row_only_where_it_exists() -> None:
    """みなし賛成 is mentioned only where a by-law makes silence consent."""
    deemed = replace(SURVEY, resolution=replace(RESOLUTION, deemed="規約第19条"))
    for survey, shown in ((SURVEY, False), (deemed, True)):
        found = outcome(survey, ["a", "b"], {"a": {"Q1": "yes", "Q2": "yes"}}, [])
        assert any("みなし" in line for line in outcome_lines(found)) == shown
        assert any("deemed" in line for line in outcome_lines(found, "en")) == shown
