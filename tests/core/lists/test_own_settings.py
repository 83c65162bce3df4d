"""What a member's word changes of his own settings on a list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.lists.list_command import Deliver, Off, On, OwnCopies, PlainText, Receipts
from mailbot.core.lists.list_sentences import did_sentence
from mailbot.core.lists.membership import Membership
from mailbot.core.lists.own_settings import Setting, chosen

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)  # the 2nd in Tokyo
BEFORE = Membership("security", "yamada@city.nagano.example.jp")


@pytest.mark.parametrize(
    ("command", "begins", "ends"),
    [
        (Off(), NOW, None),
        (Off(date(2026, 7, 2), None), NOW, None),  # today: at once
        (Off(date(2026, 7, 3), None), datetime(2026, 7, 2, 15, tzinfo=UTC), None),
        (
            Off(None, date(2026, 7, 20)),
            NOW,
            datetime(2026, 7, 20, 15, tzinfo=UTC),
        ),  # the last day is rested whole
    ],
)
def test_delivery_rests_for_whole_days(command: Off, begins: datetime, ends: datetime | None) -> None:
    """From midnight to midnight where the secretariat is; from now on where the first day has begun."""
    after = chosen(BEFORE, command, NOW, TOKYO)
    assert (after.off_from, after.off_until) == (begins, ends)


def test_delivery_comes_again() -> None:
    """Also for who had chosen to get nothing; who has digests keeps them."""
    resting = chosen(BEFORE, Off(), NOW, TOKYO)
    assert chosen(resting, On(), NOW, TOKYO) == BEFORE
    assert chosen(chosen(BEFORE, Deliver("none"), NOW, TOKYO), On(), NOW, TOKYO).mode == "each"
    assert chosen(chosen(BEFORE, Deliver("digest"), NOW, TOKYO), On(), NOW, TOKYO).mode == "digest"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            Off(None, date(2026, 7, 20)),
            "「情報」の配信を、2026年7月2日（木）から2026年7月20日（月）までお止めします。",
        ),
        (On(), "「情報」の配信を再開しました。"),
        (Deliver("digest", weekly=True), "「情報」の投稿を、週に1度まとめてお届けします。"),
        (OwnCopies(wanted=False), "「情報」へのご自分の投稿は、お届けしません。"),
        (Receipts(wanted=True), "「情報」へのご投稿を配信したときに、お知らせします。"),
        (PlainText(wanted=False), "「情報」の投稿を、届いたままの形でお届けします。"),
    ],
)
def test_each_change_has_its_sentence(command: Setting, said: str) -> None:
    """The member is told what holds from now on."""
    assert did_sentence("ja", command, title="情報", today=date(2026, 7, 2)) == said
