"""Which characters come back as they were in a reply."""

from __future__ import annotations

import pytest

from mailbot.core.mail.fold import fold
from mailbot.core.mail.surviving import survives


@pytest.mark.parametrize("mark", "漢あア〜−‖…ａ★※→○①髙～－—㈱ｱ\\~¥é")
def test_survives(mark: str) -> None:
    """A character is accepted only if real ISO-2022-JP and CP932 bring it back as the reader compares it."""
    try:
        jis = mark.encode("iso2022_jp").decode("iso2022_jp") == mark
        windows = fold(_windows(mark).decode("cp932")) == fold(mark)
    except UnicodeError:
        jis = windows = False
    assert not survives(mark) or (jis and windows)
    assert survives(mark) == (mark not in "①髙～－—㈱ｱ¥é")


def _windows(mark: str) -> bytes:
    """Return a character as a Windows program writes it: by its place in JIS."""
    return mark.encode("ascii") if mark.isascii() else mark.encode("shift_jis")
