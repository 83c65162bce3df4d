"""What a spam filter in front of us wrote into a mail: X-Spam-Flag, X-Spam-Status, X-Spam-Score (SpamAssassin, rspamd)."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A score, alone or as score=7.2.
_SCORE = re.compile(r"(?:^|\bscore\s?=\s?)(-?[0-9]{1,6}(?:\.[0-9]{1,6})?)(?![\w.])", re.IGNORECASE)
_FIELDS = frozenset({"x-spam-status", "x-spam-score"})


def spam_mark(headers: Iterable[tuple[str, str]], limit: float | None) -> str | None:
    """Return what marks a mail as spam, as in "X-Spam-Score 7.2", or None; with no `limit` nothing is asked.

    A sender may write these fields himself: that harms nobody but him, and lowers nothing, since any one of them is enough.
    """
    if limit is None:
        return None
    for name, value in headers:
        lowered = name.lower()
        words = value.strip()[:500]
        if lowered == "x-spam-flag" and words.lower().startswith("yes"):
            return "X-Spam-Flag YES"
        if lowered in _FIELDS:
            if words.lower().startswith("yes"):
                return f"{name} Yes"
            found = _SCORE.search(words)
            if found and float(found[1]) >= limit:
                return f"{name} {found[1]}"
    return None
