"""What would break a line or mislead a reader, and what is left alone."""

from __future__ import annotations

from mailbot.core.mail.control_characters import strip_controls


def test_strip_controls_leaves_other_text_alone() -> None:
    """Only control characters, line ends and reordering marks are replaced."""
    assert strip_controls("a\u202egpj.exe\t賛　成\ud800") == "a gpj.exe 賛　成\ufffd"
