"""RSVPs in English sentences (core/events/rsvp_english.py)."""

from __future__ import annotations

import pytest

from mailbot.core.events.event import Rsvp
from mailbot.core.events.rsvp_english import English, english_answer
from tests.core.events.test_rsvp_words import BALLOT, said

COMES, STAYS = English(comes=True), English(comes=False)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("I will attend, 2 people.", English(comes=True, people="2 people")),
        ("We will attend (2 people)", English(comes=True, people="2 people")),
        ("Attending: 2", English(comes=True, people="2")),
        ("Two of us will attend.", English(comes=True, people="2 people")),
        ("Both of us will attend", English(comes=True, people="2 people")),
        ("Yes, two people.", English(comes=True, people="2 people")),
        ("2 people are coming", English(comes=True, people="2 people")),
        (
            "attending, 2 people: Taro Yamada, Hanako Suzuki",
            English(comes=True, people="2 people: Taro Yamada, Hanako Suzuki"),
        ),
        *(
            (line, COMES)
            for line in (
                "I\u2019ll be there.",
                "We are attending",
                "I'd like to join you.",
                "Yes, I will attend.",
            )
        ),
        ("Thank you for the invitation. I plan to attend.", COMES),
        ("We can attend.", COMES),
        *(
            (line, STAYS)
            for line in (
                "I can't attend.",
                "I won't be able to make it.",
                "Unfortunately, we cannot make it.",
                "No, I won't come.",
            )
        ),
        ("I am sorry, but I will not be able to attend.", STAYS),
        *(
            (line, STAYS)
            for line in (
                "I regret that I must decline.",
                "Unable to attend.",
                "we are not coming",
                "Declined",
            )
        ),
        *(
            (line, None)
            for line in ("No, I will attend.", "Yes, I cannot attend.", "Yes.", "2 people", "I might attend.")
        ),
        *(
            (line, None)
            for line in ("I will attend if the council does not meet.", "We will attend with 2 people.")
        ),
        *(
            (line, None)
            for line in (
                "Mr. Suzuki will attend.",
                "I will attend the dinner.",
                "I will not attend, 2 people",
                "Not both of us will attend",
                "Both of us will attend if the council allows",
            )
        ),
    ],
)
def test_what_a_sentence_says(line: str, answer: English | None) -> None:
    """A whole sentence is read, and nothing that has a condition, a part or somebody else in it."""
    assert english_answer(line) == answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dear office,\n\nI will attend, 2 people.\n\nBest regards,\nTaro Yamada\n", Rsvp("attending", 2)),
        ("I will attend.\n2 people\n", Rsvp("attending", 2)),
        ("Sorry, we cannot attend.\n", Rsvp("declined", 0)),
        ("I will attend.\nI am not yet sure who comes with me.\n", ""),
        ("I will attend.\nIt depends on the council, though.\n", ""),
        ("I will attend.\nI cannot attend.\n", ""),
    ],
)
def test_a_reply_in_english(text: str, expected: Rsvp | str) -> None:
    """It is answered above the Japanese form as well; what makes it uncertain has it asked back."""
    assert said(text + BALLOT) == expected
