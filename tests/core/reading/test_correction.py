"""Corrections: every way in which a line says one is looked for at all."""

from __future__ import annotations

from mailbot.core.reading.correction import _CORRECTION, _PROVISIONAL, _TAKEN_BACK, may_correct
from tests.drawing import example, given, settings, st


@settings(max_examples=400)
@given(said=st.from_regex(_CORRECTION) | st.from_regex(_PROVISIONAL) | st.from_regex(_TAKEN_BACK))
@example("確認後改めて回答")
def test_no_correction_is_passed_over(said: str) -> None:
    """Whatever the patterns of corrections find has a word by which they are looked for at all."""
    assert may_correct(said)
