"""Tokens: short, unforgeable, one purpose each, and safe in any local part."""

from __future__ import annotations

import timeit

import pytest

from mailbot.core.mail.token import (
    ALPHABET,
    MAX_LENGTH,
    ballot_token,
    bounce_token,
    bounce_tokens,
    fold,
    leave_token,
    leave_tokens,
    mailing_token,
    read_bounce_token,
    read_leave_token,
    read_mailing_token,
    token_hash,
)
from tests.drawing import given, st

KEY, OLD_KEY, FOREIGN_KEY = b"k" * 32, b"o" * 32, b"f" * 32


def test_ballot_token_shape() -> None:
    """A ballot's token is sixteen letters of the alphabet and differs from ballot to ballot and key to key."""
    tokens = {ballot_token(key, ballot) for key in (KEY, OLD_KEY) for ballot in range(1, 200)}
    assert len(tokens) == 2 * 199
    assert all(len(token) == 16 and set(token) <= set(ALPHABET) for token in tokens)


def test_token_hash_forgives_case_and_lookalikes() -> None:
    """A token read aloud or upper-cased by a gateway finds the same ballot."""
    assert token_hash("A1O0I2L3BCDEFGHJ") == token_hash("a1001213bcdefghj")
    assert token_hash("a100121" + "3bcdefghk") != token_hash("a1001213bcdefghj")
    assert len(token_hash("a")) == 64


@pytest.mark.parametrize("number", [0, 1, 31, 32, 1023, 1024, 14_010, 2**31, 2**35 - 1, 2**50 - 1])
def test_bounce_token_round_trip(number: int) -> None:
    """A return path names its delivery again, also in upper case, and stays within 26 letters."""
    token = bounce_token(KEY, number)
    assert len(token) <= MAX_LENGTH
    assert read_bounce_token([KEY], token) == number
    assert read_bounce_token([KEY], token.upper()) == number


@given(st.binary(max_size=80), st.lists(st.integers(0, 2**50 - 1), max_size=200))
def test_many_tokens_at_once_are_the_same(key: bytes, numbers: list[int]) -> None:
    """Whether a token is made by itself or with others makes no difference."""
    assert bounce_tokens(key, numbers) == [bounce_token(key, number) for number in numbers]
    assert leave_tokens(key, "room", numbers) == [leave_token(key, "room", number) for number in numbers]


def test_bounce_address_fits_a_local_part() -> None:
    """With the longest list name the return path is no longer than the 64 octets that RFC 5321 allows."""
    assert len("l" * 32 + "-bounces+" + bounce_token(KEY, 2**35 - 1)) <= 64


def test_two_keys_hold() -> None:
    """After a key change the tokens of the old key are still read, and those of a strange key are not."""
    assert read_bounce_token([KEY, OLD_KEY], bounce_token(OLD_KEY, 7)) == 7
    assert read_bounce_token([KEY, OLD_KEY], bounce_token(FOREIGN_KEY, 7)) is None
    assert read_bounce_token([], bounce_token(KEY, 7)) is None


def test_every_changed_letter_is_noticed() -> None:
    """No token with one letter changed is believed."""
    token = bounce_token(KEY, 14_010)
    for place in range(len(token)):
        for letter in ALPHABET:
            forged = token[:place] + letter + token[place + 1 :]
            assert forged == token or read_bounce_token([KEY], forged) is None


@pytest.mark.parametrize("token", ["", "u" * 20, "0" * 16, "0" * 27, "あ" * 20, "a b" * 7, "\x00" * 20])
def test_nonsense_is_no_token(token: str) -> None:
    """What is too short, too long, or not in the alphabet is nobody's token and raises nothing."""
    assert read_bounce_token([KEY], token) is None


def test_one_purpose_each() -> None:
    """A token for leaving one list neither leaves another nor counts as a bounce."""
    token = leave_token(KEY, "room", 12)
    assert read_leave_token([KEY], "room", token) == 12
    assert read_leave_token([KEY], "hall", token) is None
    assert read_bounce_token([KEY], token) is None


def test_fold() -> None:
    """Only letters of the alphabet and its look-alikes make a token."""
    assert fold("AbIlO") == "ab110"
    assert fold("") is None
    assert fold("abu") is None


def test_bounce_tokens_are_cheap() -> None:
    """A million recipients cost seconds, not minutes, of tokens."""
    best = min(timeit.repeat(lambda: bounce_token(KEY, 123_456_789), number=2000, repeat=5)) / 2000
    assert best < 50e-6


def test_the_token_of_a_mailing_is_none_of_a_copy() -> None:
    """Its own purpose: who sees the one of all cannot make it another's own."""
    token = mailing_token(KEY, 7)
    assert read_mailing_token([KEY], token) == 7
    assert read_bounce_token([KEY], token) is None
    assert read_mailing_token([KEY], bounce_token(KEY, 7)) is None
    assert read_mailing_token([FOREIGN_KEY], token) is None
