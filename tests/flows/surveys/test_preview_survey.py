"""The preview of a survey: the mail as it would leave, what it costs, and what to look at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from mailbot.core.mail.wrap import columns
from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.gateway import ProbeFindings
from mailbot.core.surveys.survey import Question, Survey
from mailbot.flows.surveys.preview_survey import Preview, preview_survey
from mailbot.store.surveys import gateways
from tests.flows.post_office import (
    KARUIZAWA,
    NAGANO,
    SURVEY,
    TAKAHASHI,
    TOKYO,
    YAMADA,
    PostOffice,
    in_english,
)

QUIET = replace(SURVEY, purpose="普及の状況を調べます。")


def preview(
    office: PostOffice, survey: Survey = QUIET, code: str | None = None, width: int | None = None
) -> Preview:
    with office.database.read() as connection:
        return preview_survey(connection, office.site, survey, code=code, columns=width)


def test_it_is_the_invitation(office: PostOffice) -> None:
    """What is shown is what leaves, to the letter."""
    shown = preview(office, code=NAGANO)
    office.now = QUIET.opens
    copy = office.open_survey(QUIET)[YAMADA]
    assert (shown.to, shown.subject) == (copy.to, copy["Subject"])
    assert shown.text.split() == copy.text.split()
    assert shown.warnings == ()


def test_nothing_is_changed(office: PostOffice) -> None:
    """A preview sends nothing and needs no applied survey."""
    preview(office)
    assert office.copies() == []


def test_what_it_costs(office: PostOffice) -> None:
    """It says to how many bodies of which kind the survey goes, and when, with the weekdays."""
    shown = preview(office)
    assert (shown.asked, shown.bodies) == (4, (("市", 3), ("町", 1)))
    assert shown.dates == (
        ("お願いの発送", "2026年6月18日（木）9時00分"),
        ("再度のお願い", "2026年6月29日（月）9時00分"),
        ("締切", "2026年7月2日（木）17時00分"),
    )


def test_a_given_width(office: PostOffice) -> None:
    """A width may be asked for; else it is the one that suits the body's mail system."""
    assert max(map(columns, preview(office, width=40).text.splitlines())) <= 40
    with office.database.write() as connection:
        gateways.save(connection, TAKAHASHI, KARUIZAWA, ProbeFindings(True, intact=(50, 40)), office.now)
    assert preview(office, code=KARUIZAWA).columns == 50
    assert preview(office, code=NAGANO).columns == 68


def test_a_sample_body(office: PostOffice) -> None:
    """Where the audience is empty, a sample is shown, and the preview says that nobody is asked."""
    shown = preview(office, replace(QUIET, audience=Selector(kinds=("village",))))
    assert "○○市 ご担当者様" in shown.text
    assert shown.warnings == ("対象に当たる団体がありません。",)


def test_an_unknown_body(office: PostOffice) -> None:
    """A body that the register does not have is refused."""
    with pytest.raises(Refusal, match="131016"):
        preview(office, code="131016")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (replace(QUIET, purpose=""), "調査の趣旨"),
        (replace(QUIET, closes=datetime(2026, 7, 4, 17, 0, tzinfo=TOKYO)), "閉庁日"),
        (replace(QUIET, closes=datetime(2026, 7, 2, 17, 30, tzinfo=TOKYO)), "執務時間"),
        (replace(QUIET, closes=datetime(2026, 7, 3, 8, 29, tzinfo=TOKYO)), "執務時間"),
        (replace(QUIET, closes=datetime(2026, 6, 22, 17, 0, tzinfo=TOKYO)), "7日ありません"),
        (replace(QUIET, questions=(Question("Q1", "標準化に伴う情報" * 20, "text"),)), "行あります"),
        (
            replace(QUIET, questions=(Question("Q1", "改正", "single", ("賛成", "賛成できない")),)),
            "「賛成できない」は「賛成」で始まります",
        ),
    ],
)
def test_warnings(office: PostOffice, changed: Survey, words: str) -> None:
    """What a careful person would look at again is said in a sentence, in both languages."""
    shown = preview(office, changed)
    assert len(shown.warnings) == 1
    assert words in shown.warnings[0]
    english = preview(in_english(office), changed)
    assert len(english.warnings) == 1
    assert english.warnings[0].isascii() or "賛成" in english.warnings[0]


def test_the_same_bodies_at_the_same_time(office: PostOffice) -> None:
    """Another survey to the same bodies in the same weeks is named with how many they share."""
    office.apply(replace(SURVEY, key="S26-015", title="端末の更新", audience=Selector(kinds=("city",))))
    (warning,) = preview(office).warnings
    assert "S26-015「端末の更新」" in warning
    assert "3団体" in warning


def test_one_address_for_two_bodies(office: PostOffice) -> None:
    """An address that stands for several bodies is named."""
    both = Selector(emails=(YAMADA,))
    assert preview(office, replace(QUIET, audience=both)).asked == 1
