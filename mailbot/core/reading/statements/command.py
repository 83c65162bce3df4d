"""The commands of a reply: one word alone on its line, such as 取下げ, 承認 or 委任 (ballot.md sections 7, 10, 11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import get_args

from mailbot.core.reading.text.known_text import line_key
from mailbot.core.surveys.survey import Command

LONGEST_COMMAND = 320  # characters of a line that may be a command
ALWAYS: frozenset[str] = frozenset({"withdraw", "resend", "decline", "contact", "help"})
# These words are ordinary answers too (承認 is a yes), so they are commands only where they can be meant so.
AWAITED: frozenset[str] = frozenset(get_args(Command)) - ALWAYS

FORM_WORDS = ("様式", "回答様式", "エクセル", "excel", "form")

_WORDS: Mapping[str, Command] = {
    **dict.fromkeys(("取下げ", "取下", "取り下げ", "withdraw"), "withdraw"),
    **dict.fromkeys(("再送", "再送希望", "再送して", "resend"), "resend"),
    **dict.fromkeys(("回答しない", "回答しません", "decline"), "decline"),
    **dict.fromkeys(("ヘルプ", "help"), "help"),
    **dict.fromkeys(FORM_WORDS, "form"),
    **dict.fromkeys(("承認", "承認する", "approve", "approved"), "approve"),
    **dict.fromkeys(
        ("差替", "差替え", "差し替え", "差しかえ", "差替えて", "差し替えて", "replace"), "replace"
    ),
    **dict.fromkeys(("そのまま", "そのままで", "keep"), "keep"),
}
_BEGINNINGS = tuple(_WORDS)
_CONTACT = re.compile(r"^\s*[「『]?(?:担当変更|担当者変更|[Cc]ontact)(?:\s+|[:：]\s*)(?P<detail>\S.{0,300})$")
_POLITE = re.compile(
    r"(?:を|で|と)?(?:お願い(?:いた|致)?します|(?:いた|致)?します|ます|ください|下さい|です|希望します)$"
)
_WHAT = re.compile(
    r"^(?:今回は|(?:前回の|先の|先日の)?(?:ご?回答|お?答え)票?[をは])(?=\S)"
)  # 回答を取り下げます
_QUOTES = "「」『』\"'“”。.!"
_PROXY = re.compile(r"^(?:委任状?|[Pp]roxy(?:\s+to\b)?)(?:\s+|[:：]\s*)(?P<to>\S.{0,80})$")
_PROXY_AFTER = re.compile(
    r"^(?P<to>[^はをがも、。,「」]{1,40}?)(?:に|へ)(?:委任|一任)$|^(?P<chair>議長)一任$"
    r"|^(?:私は[、,]?)?(?P<agent>[^はをがも、。,「」]{1,40}?)(?:様|殿)?を代理人(?:に|と)(?:し|定め|選任し|指定し)(?:て)?[、,][^。]{0,40}を(?:委任|一任)$"
)
_WHO = re.compile(r"(?:に|へ|を|殿|様)$")
_NOBODY = re.compile(
    r"ます|です|ません|ました|ない|別紙|添付|のとおり|の通り|[?？。]"
)  # a sentence, not a name


def command_of(line: str, accepted: frozenset[str] = ALWAYS) -> tuple[Command, str] | None:
    """Return the command that stands alone on this line, and what follows it (担当変更: who; 委任: to whom).

    `accepted`: the commands that have a meaning for this reply; any other word is left to be an answer or prose.
    """
    return None if len(line) > LONGEST_COMMAND else _command_of(line, accepted)


@lru_cache(maxsize=2048)  # it is asked of lines that many members write alike
def _command_of(line: str, accepted: frozenset[str]) -> tuple[Command, str] | None:
    if contact := _CONTACT.match(line):
        return "contact", contact["detail"].strip()
    if "proxy" in accepted and (to := _proxy(line)):
        return "proxy", to
    bare = line_key(line).strip(_QUOTES)
    if not bare.startswith(_BEGINNINGS):
        bare = _WHAT.sub("", bare)
        if not bare.startswith(_BEGINNINGS):
            return None  # no words of courtesy behind it make it one
    command = _WORDS.get(bare) or _WORDS.get(_POLITE.sub("", bare).strip(_QUOTES))
    return (command, "") if command in accepted and command is not None else None


def _proxy(line: str) -> str:
    """Return to whom a line gives the vote: 委任 議長, 議長に委任します, 議長一任; "" when it does not plainly say so."""
    bare = line.strip(" \t\u3000" + _QUOTES)
    without = _POLITE.sub("", bare).strip()
    if after := _PROXY_AFTER.match(without):
        return (after["to"] or after["chair"] or after["agent"]).strip()
    before = _PROXY.match(bare)
    if before is None:
        return ""
    to = _WHO.sub("", _POLITE.sub("", before["to"]).strip()).strip(_QUOTES + " \u3000")
    return "" if _NOBODY.search(to) else to
