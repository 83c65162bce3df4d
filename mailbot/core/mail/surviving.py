"""Which characters come back as they were in a reply written in ISO-2022-JP or CP932, and what to write in place of others."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mailbot.core.calendar import Language
from mailbot.core.mail.fold import fold

_INSTEAD: dict[str, tuple[str, str]] = {
    "～": ("〜」（波ダッシュ）か「から", '〜" (wave dash) or "to'),
    "－": ("-", "-"),
    "—": ("、", ","),
    "―": ("、", ","),
    "–": ("-", "-"),
    "〝": ("“", "“"),
    "〟": ("”", "”"),
    "¥": ("円", "yen"),
    "‾": ("~", "~"),
    **{
        mark: (plain, plain)
        for mark, plain in zip(
            "髙﨑栁濵桒德瀨昻增寬橫淸靑緖薰黑", "高崎柳浜桑徳瀬昂増寛横清青緒薫黒", strict=True
        )
    },
}
_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]+|.", re.DOTALL)


@lru_cache(maxsize=16384)
def survives(mark: str) -> bool:
    """Say whether a character comes back as it was in a reply written in ISO-2022-JP, and in one in CP932.

    CP932 gives 〜, ‖ and − other code points, which the reader takes for the same (japanese.fold).
    """
    if mark in _INSTEAD:
        return False
    try:
        if mark.encode("iso2022_jp").decode("iso2022_jp") != mark:
            return False
        windows = mark.encode("ascii") if mark.isascii() else mark.encode("shift_jis")
        return fold(windows.decode("cp932")) == fold(mark)
    except UnicodeError:
        return False


def instead_of(mark: str, language: Language) -> str:
    """Say what to write instead of a character, or a run of half-width kana, that does not survive."""
    plain = _INSTEAD.get(mark, ("", ""))[0 if language == "ja" else 1] or unicodedata.normalize("NFKC", mark)
    if plain and plain != mark and (mark in _INSTEAD or all(survives(each) for each in plain)):
        if unicodedata.numeric(mark[0], None) is not None and plain.isdigit():
            plain = f"({plain})"
        return f"「{plain}」と書いてください" if language == "ja" else f'write "{plain}"'
    return "別の字で書いてください" if language == "ja" else "use another character"


def damaged(text: str) -> tuple[str, ...]:
    """Return each character, and each run of half-width kana, that does not survive a reply."""
    found = (match[0] for match in _HALF_WIDTH_KANA.finditer(text))
    return tuple(dict.fromkeys(each for each in found if each not in "\r\n" and not all(map(survives, each))))
