"""Whether a mail was sent by a machine rather than a person (RFC 3834, ballot.md section 13)."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

from mailbot.core.mail.message import Message

# X-Auto-Response-Suppress is not among these: it only asks us not to answer by machine.
_MACHINE_FIELDS = frozenset(
    {
        "x-autoreply",
        "x-auto-reply",
        "x-autorespond",
        "x-autoresponder",
        "x-autoresponse",
        "x-autoreply-from",
        "x-mail-autoreply",
        "x-auto-response-type",
        "x-auto-response-reply",
    }
)
_LONGEST_ABSENCE = timedelta(days=120)
_NOT_SAID_HOW_LONG = timedelta(days=7)
_MACHINES = frozenset({"mailer-daemon", "postmaster"})
# A Subject that begins like a vacation note's: only a hint, see seems_automatic.
_HINTS = re.compile(
    r"\s{0,9}(?:\[?(?:automatic reply|auto[- ]?reply|autoreply|out of office|vacation)\b|"
    r".{0,30}(?:自動応答|自動返信|不在(?!者)|休暇))",
    re.IGNORECASE,
)


def automatic(message: Message, mail_from: str) -> str | None:
    """Return why this mail is automatic, or None.

    Precedence, X-Auto-Response-Suppress and "Auto-Submitted: no" are no reasons: group addresses and relays add
    the first to the votes of people.
    """
    if message.auto_submitted not in {None, "", "no"}:
        return f"Auto-Submitted: {message.auto_submitted}"
    if not mail_from.strip().strip("<>"):
        return "null envelope sender"
    for name, value in message.headers:
        lowered = name.lower()
        if lowered == "content-type" and value.strip().lower().startswith("multipart/report"):
            return "multipart/report"
        if lowered in _MACHINE_FIELDS and value.strip().lower() not in {"no", "none", "false"}:
            return name
    for address in (message.from_address or "", mail_from):
        local = address.partition("@")[0].lower()
        if local in _MACHINES:
            return f"from {local}"
    return None


_DATE = (
    r"(?:(?P<year>[0-9]{4})[年/])?(?P<month>[0-9]{1,2})[月/](?P<day>[0-9]{1,2})日?(?:\([月火水木金土日]\))?"
)
_UNTIL = re.compile(rf"{_DATE}\s?(?:まで|迄)")
# 6月18日(木)~6月25日(木)
_SPAN = re.compile(rf"[0-9]日?(?:\([月火水木金土日]\))?\s?(?:から|より|~|〜|-)\s?{_DATE}")
# Words of somebody who is away, without saying until when.
_AWAY = re.compile(
    r"不在|休暇|休業|出張|外出し|お休み|out of (?:the )?office|on (?:leave|vacation|holiday)", re.IGNORECASE
)
_OUR_BALLOT = re.compile(r"★★|\*\* ANSWERS|^\s{0,9}[>|]")  # from here on a note only quotes us


def absent_until(subject: str, text: str, received_at: datetime) -> datetime | None:
    """Return until when an automatic mail says that its writer is away (the end of that day), None if it does not say that he is.

    A date without its year is the next one; what lies more than 120 days ahead is taken for a misreading. Who is away and
    does not say for how long is taken to be away for a week: a shared mailbox that only confirms each mail says no such thing.
    """
    lines: list[str] = []
    for line in text.splitlines()[:40]:
        folded = unicodedata.normalize("NFKC", line[:200])
        if _OUR_BALLOT.search(folded):
            break
        lines.append(folded)
    for line in lines:
        found = _UNTIL.search(line) or _SPAN.search(line)
        until = None if found is None else _end_of(found, received_at)
        if until is not None:
            return until
    away = any(_AWAY.search(line) for line in (unicodedata.normalize("NFKC", subject[:200]), *lines))
    return received_at + _NOT_SAID_HOW_LONG if away else None


def _end_of(found: re.Match[str], received_at: datetime) -> datetime | None:
    """Return the end of the day that is named, where it lies ahead and not too far."""
    for year in [int(found["year"])] if found["year"] else [received_at.year, received_at.year + 1]:
        try:
            until = received_at.replace(
                year=year, month=int(found["month"]), day=int(found["day"]), hour=23, minute=59
            )
        except ValueError:
            continue
        if timedelta(0) <= until - received_at <= _LONGEST_ABSENCE:
            return until
    return None


# A Subject that programs give their notes, and people do not.
_NOTICES = re.compile(
    r"[\s【\[(（「]{0,3}(?:自動(?:返信|応答|送信)(?:メール)?|不在(?:通知|連絡|応答|メッセージ|の(?:お知らせ|ご連絡))|"
    r"automatic reply|auto[- ]?reply|out of (?:the )?office)(?![^\s:：\-。、【】\[\](（)）」])",
    re.IGNORECASE,
)


def is_notice(subject: str) -> bool:
    """Tell whether a subject begins as programs begin their notes: what is only about absence, such as 休暇の取扱い, does not."""
    return bool(_NOTICES.match(subject[:200]))


def seems_automatic(subject: str) -> bool:
    """Tell whether the subject reads like a vacation note: a hint, never a reason by itself.

    With no filled slot the reply is then automatic, with a filled slot the office looks at it.
    """
    return bool(_HINTS.match(subject[:200]))
