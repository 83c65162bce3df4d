"""The Subject of a list post."""

from __future__ import annotations

import time

import pytest

from mailbot.core.lists.subject import list_subject, list_tag

PREFIX = "[room:%05d]"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("標準化の移行時期について", "標準化の移行時期について"),
        ("Re: 件名", "Re: 件名"),
        ("RE:件名", "Re: 件名"),
        ("RE : 件名", "Re: 件名"),
        ("Re：件名", "Re: 件名"),
        ("ＲＥ:件名", "Re: 件名"),
        ("Ｒｅ：　件名", "Re: 件名"),
        ("返信: 件名", "Re: 件名"),
        ("回答：件名", "Re: 件名"),
        ("Re^2: 件名", "Re: 件名"),
        ("Re[3]: 件名", "Re: 件名"),
        ("Re(2):件名", "Re: 件名"),
        ("Re*12: 件名", "Re: 件名"),
        ("Re2: 件名", "Re: 件名"),
        ("Aw: 件名", "Re: 件名"),
        ("SV: 件名", "Re: 件名"),
        ("Re: 返信: Re^2: RE: 件名", "Re: 件名"),
        ("Re: [room:00012] 件名", "Re: 件名"),
        ("Re: [room:00012] Re: [ROOM:3] 件名", "Re: 件名"),
        ("[room:00012] Re: 件名", "Re: 件名"),
        ("件名 [room:00012]", "件名"),
        ("Re: [room:00012]Re:件名", "Re: 件名"),
        ("Fw: 件名", "Fw: 件名"),
        ("FWD:件名", "FWD: 件名"),
        ("転送: Re: 件名", "転送: Re: 件名"),
        ("Re: Fw: Re: 件名", "Re: Fw: 件名"),
        ("Reform: 件名", "Reform: 件名"),
        ("再送: 件名", "再送: 件名"),
        ("回答について", "回答について"),
        ("件名 Re: これ", "件名 Re: これ"),
        ("[other:00012] 件名", "[other:00012] 件名"),
        ("[room:] 件名", "[room:] 件名"),
        ("", ""),
        ("Re:", "Re:"),
    ],
)
def test_list_subject(subject: str, expected: str) -> None:
    """One list tag, one Re:, forward tags kept, and the rest as the author wrote it."""
    assert list_subject(subject, PREFIX, 123) == f"[room:00123] {expected}".strip()


def test_no_prefix_leaves_the_subject_alone() -> None:
    """A list without a prefix changes nothing."""
    assert list_subject("Re: RE: x", "", 123) == "Re: RE: x"


def test_prefix_forms() -> None:
    """The number stands where the prefix has %d, padded as it says; other signs of per cent are only signs."""
    assert list_tag("[a %d]", 7) == "[a 7]"
    assert list_tag("(a%03d)", 7) == "(a007)"
    assert list_tag("[a]", 7) == "[a]"
    assert list_tag("[100%s %d]", 7) == "[100%s 7]"
    assert list_subject("Re: [a] x", "[a]", 7) == "[a] Re: x"
    assert list_subject("Re: (a.b+12) x", "(a.b+%d)", 7) == "(a.b+7) Re: x"


def test_applied_twice_changes_only_the_number() -> None:
    """A reply to a post of ours does not grow."""
    assert list_subject("Re: " + list_subject("Re: 件名", PREFIX, 1), PREFIX, 2) == "[room:00002] Re: 件名"


@pytest.mark.parametrize("hostile", ["Re: " * 250_000, "[room:1" * 100_000, " " * 1_000_000, "Re[" * 300_000])
def test_hostile_subjects_are_quick(hostile: str) -> None:
    """A subject of a megabyte costs no more than milliseconds."""
    start = time.process_time()
    list_subject(hostile, PREFIX, 1)
    assert time.process_time() - start < 2
