"""What a moderator writes in reply to a mail about a held post: one word, and with a refusal its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mailbot.core.calendar import Language
from mailbot.core.mail.fold import ONE_FOR_ONE
from mailbot.core.reading.text.own_lines import own_lines

Act = Literal["accept", "trust", "reject", "discard", "claim"]

REASONS: Mapping[Language, tuple[str, ...]] = {  # of a list that names none of its own
    "ja": (
        "このリストの話題から外れる内容のため、配信を見合わせました。",
        "すでに同じ内容の投稿が配信されているため、配信を見合わせました。",
        "個人や特定の団体についての、お名前などの情報が含まれているため、配信を見合わせました。",
    ),
    "en": (
        "It is not about what this list is for.",
        "The same has already gone out to this list.",
        "It names particulars of persons or bodies that should not be distributed.",
    ),
}


@dataclass(frozen=True)
class Decision:
    """What becomes of a held post."""

    act: Act
    reason: str = ""  # of a refusal, in the moderator's own words
    canned: int = 0  # ... or the number of one of the list's reasons, from 1


_WORDS: Mapping[str, Act] = {
    **dict.fromkeys(("承認", "承認する", "採用", "配信", "はい", "ok", "yes", "approve", "accept"), "accept"),
    **dict.fromkeys(
        (
            "承認して以後も",
            "承認以後も",
            "採用以後も",
            "以後も承認",
            "以後も",
            "acceptandtrust",
            "approveandtrust",
            "trust",
        ),
        "trust",
    ),
    **dict.fromkeys(("破棄", "廃棄", "discard"), "discard"),
    **dict.fromkeys(("引き受け", "引受け", "引受", "引き受ける", "引き受けます", "担当", "claim"), "claim"),
}
# 「却下」, 「却下 2」 (a canned reason), 「却下 理由」.
_REFUSAL = re.compile(
    r"(?:却下|返送|差戻し|差し戻し|差戻|いいえ|reject|no)(?P<canned>\s?[0-9]{1,2})?"
    r"(?:(?:(?<=却下)(?:(?:いた|致)?します[。、,]|[。、,]))?[\s:、,]*(?<=[\s:、,。])(?P<reason>.+)|(?P<end>))$",
    re.IGNORECASE,
)
# A reason on a line of its own.
_REASON = re.compile(r"(?:理由|reason)\s?:\s?(?P<reason>.+)$", re.IGNORECASE)
# What may stand behind a word of decision and says nothing more.
_POLITE = re.compile(
    r"(?:を|と|で)?(?:お願い(?:いた|致)?します|(?:いた|致)?します|(?:いた|致)?しました|です|(?:して)?(?:ください|下さい))$"
)
_LOOKED_AT = 5  # of the writer's own lines: what stands further down is a signature
_LONGEST_REASON = 1_000  # characters
_BLANK = " \t\u3000\xa0"
_AROUND = f"{_BLANK}「」『』\"'“”。.!、,"


def read_decision(text: str, sent: str, mail: str = "") -> Decision | None:
    """Return what a moderator's reply decides; None: nothing, or more than one thing.

    `sent` is the text of the mail that is answered: none of its lines is the moderator's, quoted or not. The word stands
    alone on one of the first lines, or after the name of the held mail, `mail` (U-0020), as the office writes it; the name
    of another mail decides nothing. A reason follows 却下, or stands on a line of its own that begins with 理由.
    """
    above = re.split(r"^-- ?$", text, maxsplit=1, flags=re.MULTILINE)[0]
    lines = own_lines(above, sent)[:_LOOKED_AT]
    said = {found for line in lines if (found := _read(_behind_name(line, mail))) is not None}
    if len(said) != 1:
        return None
    decision = said.pop()
    if decision.act == "reject" and not decision.reason and not decision.canned:
        reason = next((words for line in lines if (words := _reason(line))), "")
        return Decision("reject", reason[:_LONGEST_REASON])
    return decision


def _behind_name(line: str, mail: str) -> str:
    """Return a line without the marks of an example of ours, and without the mail's name before its word."""
    written = line.strip(_BLANK)
    if written[:1] == "「" and written.find("」") == len(written) - 1:
        written = written[1:-1].strip(_BLANK)
    named = mail and written[: len(mail)].translate(ONE_FOR_ONE).upper() == mail
    return written[len(mail) :].strip(f"{_BLANK}:：、") if named else written


def _read(written: str) -> Decision | None:
    joined = "".join(written.strip(_AROUND).translate(ONE_FOR_ONE).split()).casefold()
    forms = (joined, _POLITE.sub("", joined))
    for form in forms:
        if form in _WORDS:
            return Decision(_WORDS[form])
    if found := _REFUSAL.match(written.translate(ONE_FOR_ONE)):
        reason = written[found.start("reason") :].strip() if found["reason"] else ""
        return Decision("reject", reason[:_LONGEST_REASON], int(found["canned"] or 0))
    for form in forms:
        if (found := _REFUSAL.match(form)) and not found["reason"]:
            return Decision("reject", "", int(found["canned"] or 0))
    return None


def _reason(line: str) -> str:
    written = line.strip()
    found = _REASON.match(written.translate(ONE_FOR_ONE))
    return written[found.start("reason") :].strip() if found else ""
