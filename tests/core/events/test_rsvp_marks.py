"""Which of 出席 and 欠席 a line, or two, mark (core/events/rsvp_marks.py)."""

from __future__ import annotations

import pytest

from mailbot.core.events.rsvp_marks import marked_of_pair


@pytest.mark.parametrize(
    ("lines", "marked"),
    [
        ("○出席　欠席", "出席"),
        ("出席 ・ ○欠席", "欠席"),
        ("出席　○欠席", "欠席"),  # it touches the word behind it
        ("出席○　欠席", "出席"),
        ("◯ 出席　　　欠席", "出席"),
        ("出席　欠席 ○", "欠席"),
        ("出席 ☑ 欠席 □", "出席"),
        ("[x] 出席  [ ] 欠席", "出席"),
        ("出席（○）欠席（　）", "出席"),
        ("出欠：欠席○", "欠席"),
        ("（出席）・欠席", "出席"),
        ("出席・「欠席」", "欠席"),
        ("~~出席~~ ・ 欠席", "欠席"),
        ("出席 ・ ~~欠席~~", "出席"),
        ("1. 出席 ○", "出席"),
        ("1. 出席 ○|2. 欠席", "出席"),
        ("1. 出席|2. 欠席 ○", "欠席"),
        ("出席：|欠席：○", "欠席"),
        ("□ 出席|■ 欠席", "欠席"),
        *((line, "") for line in ("出席 ○ 欠席", "出席○欠席", "○出席　○欠席", "出席・欠席", "☐出席 ☐欠席")),
        *(
            (line, "")
            for line in ("出席", "（出席）", "出席×", "~~出席~~", "~~出席~~ ~~欠席~~", "出席　×欠席")
        ),
        *(
            (line, "")
            for line in ("2. 出席 ○", "出席者 ○", "○出席 出席", "出席（", "出席 ○|欠席 ○", "出席 ○|出席", "")
        ),
    ],
)
def test_which_is_marked(lines: str, marked: str) -> None:
    """By a mark, by brackets around the word, or by striking out the other; what two readers could read differently is neither."""
    assert marked_of_pair(lines.split("|")) == marked


def test_a_line_without_end_is_no_pair() -> None:
    """Nobody makes us look at each of a hundred thousand marks."""
    assert marked_of_pair(["出席○　欠席" + "　" * 53]) == "出席"
    assert marked_of_pair(["○ 出席 " + "× 欠席 " * 100_000]) == ""
