"""Which lines of a reply its writer put there himself: not ours, no quotation, nothing below the head of an earlier mail."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbot.core.reading.text.known_text import known_texts, line_key, slot_line
from mailbot.core.reading.text.prose import says_more
from mailbot.core.reading.text.reply_lines import LONGEST_REPLY, reply_lines

_MOST_LINES = 200  # of the writer's own
_LONGEST_LINE = 1_000  # characters
_MOST_SHOWN = 30  # lines of a held reply, in the mail to the office
_LONGEST_SHOWN = 200  # characters

# A quote mark, or one behind a name.
_QUOTE = re.compile(r"^\s{0,20}(?:[>＞|｜]|[^\s>＞]{1,20}[>＞])")
# The head that a program puts over an earlier or forwarded mail: what follows is not the writer's.
_HISTORY = re.compile(
    r"^\s{0,9}(?:[-_]{2,}\s?.{0,40}(?:元のメッセージ|オリジナルメッセージ|転送|original message|forwarded message|original appointment)"
    r"|begin forwarded message|(?:差出人|送信者|送信元|from)\s?[:：]\s?\S)",
    re.IGNORECASE,
)
# "On ... somebody wrote:" over a quotation, but not 「後任 新井渉 <arai@...>」.
_ATTRIBUTION = re.compile(
    r"(?:wrote|writes|書きました|書かれました|のメール|のメッセージ)\s?[:：]?\s*$|@[^<>\s]{1,200}>\s?[:：]\s*$|[0-9]{1,2}[:：時月/][0-9]?.*@[^<>\s]{1,200}>\s*$"
)
# A line drawn, or that of a signature.
_RULE = re.compile(r"^\s*(?:--\s*|[^\w\s]{5,}\s*|[━─―＝*=_~-]{5,}\s*)$")
# Greetings, thanks and what telephones add: they say nothing.
_COURTESY = re.compile(
    r"^\s*(?:(?:iPhone|iPad|Android|スマートフォン|携帯電話?)から送信\s*$|Sent from my \S.{0,30}$|お世話になって|お疲れ(?:様|さま)|(?:以上|どうぞ)?[、。]?\s?(?:よろしく|宜しく)お願い|ありがとうございま|以上(?:です)?。?\s*$"
    r"|(?:dear|hello|hi)\b[^=]{0,60}$|(?:thanks|thank you|best regards|kind regards|regards)\b[^=]{0,40}$)",
    re.IGNORECASE,
)


def begins_history(line: str) -> bool:
    """Say whether a line is what a program puts over an earlier mail: its head, or who wrote it."""
    return _HISTORY.match(line) is not None or _ATTRIBUTION.search(line) is not None


def own_lines(text: str, sent: str, *, for_people: bool = False) -> tuple[str, ...]:
    """Return the lines that the writer of a reply put there himself, without courtesies; `sent` is our mail's text.

    For people to look at, a line that says more behind its greeting is one of them.

    Of a quoting client the lines without quote marks are his, above, between and below ours; of one that sets no
    marks, those above the head of the earlier mail, and none that equals a line of ours, also where it was re-wrapped.
    """
    ours = frozenset(line_key(line) for line in sent.splitlines()) - {""}
    lines = text.splitlines()[: LONGEST_REPLY // 20]
    own: list[str] = []
    at = 0
    while at < len(lines) and len(own) < _MOST_LINES:
        line = lines[at][: _LONGEST_LINE + 1]
        taken = _pieces_of_ours(lines, at, ours)
        if taken:
            at += taken
        elif _HISTORY.match(line) or (_RULE.match(line) and (own or line.startswith("--"))):
            break
        elif _ATTRIBUTION.search(line):
            if not _quotes(lines[at + 1 :], ours):
                break
            at += 1
        else:
            if (
                line.strip()
                and not _QUOTE.match(line)
                and (not _COURTESY.match(line) or (for_people and says_more(line)))
                and not _RULE.match(line)
            ):
                own.append(line.strip())
            at += 1
    return tuple(own)


def written_lines(text: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the writer of a reply wrote, for a person to look at: his own lines, and our slots as he filled them.

    `texts` are those that we sent him; 30 lines of 200 characters are enough to decide by.
    """
    ours = {line_key(line) for sent in texts for line in sent.splitlines()}
    own = own_lines(text, "\n".join(texts), for_people=True)
    slots = [
        line.text.strip()
        for line in reply_lines(text[:LONGEST_REPLY], known_texts(texts))
        if slot_line(line.text) is not None and line.key not in ours
    ]
    written = dict.fromkeys((*own, *slots))
    return tuple(line[:_LONGEST_SHOWN] for line in written)[:_MOST_SHOWN]


def _pieces_of_ours(lines: Sequence[str], at: int, ours: frozenset[str]) -> int:
    """Return over how many lines a line of ours runs that begins here, quoted or not; 0: none does."""
    whole = ""
    for count, line in enumerate(lines[at : at + 4], 1):
        key = line_key(line[:_LONGEST_LINE].lstrip(" \t>＞|｜"))
        if not key:
            return 0
        whole += key
        if whole in ours:
            return count
    return 0


def _quotes(below: Sequence[str], ours: frozenset[str]) -> bool:
    """Tell whether what stands below an attribution is a quotation of ours, marked or not."""
    first = next((at for at, line in enumerate(below) if line.strip()), None)
    if first is None:
        return True
    return bool(_QUOTE.match(below[first]) or _pieces_of_ours(below, first, ours))
