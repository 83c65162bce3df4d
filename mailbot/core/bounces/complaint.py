"""A complaint: somebody marked a mail of ours as spam, and his provider reports it (ARF, RFC 5965).

Providers black out who it was; our own tokens in the mail that they send back still name the copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.bounces.delivery_status import bare_address
from mailbot.core.mail.control_characters import strip_controls
from mailbot.core.mail.message import Message

_CONTENT = 200_000  # bytes of each part that are read
_MOST = 50  # tokens that are tried
_REPORT = "message/feedback-report"
# The fields of a feedback report (RFC 5965) that are read.
_FIELD = re.compile(
    r"^(feedback-type|original-rcpt-to|removal-recipient)[ \t]{0,5}:([^\n]{1,300})",
    re.IGNORECASE | re.MULTILINE,
)
# A leave address or return path of ours in the mail that is complained about.
_TOKEN = re.compile(rb"(?:([a-z0-9._-]{1,32})-leave|bounces?|error)[+=-]([0-9a-z]{17,26})@", re.IGNORECASE)


@dataclass(frozen=True)
class Complaint:
    """What one report says."""

    kind: str  # abuse, fraud, virus, not-spam, ..., lower case
    recipient: str | None  # as the provider states it; often blacked out
    bounce_tokens: tuple[str, ...]  # what looks like the token of a return path of ours; to be verified
    leave_tokens: tuple[tuple[str, str], ...]  # the same for List-Unsubscribe: list and token


def read_complaint(message: Message) -> Complaint | None:
    """Return what a report of abuse says; None for any other mail."""
    report = next((part for part in message.parts if part.content_type == _REPORT), None)
    if report is None:
        declared = (message.header("content-type") or "").lower()[:1_000]
        if not ("report-type" in declared and "feedback-report" in declared):
            return None
    fields: dict[str, str] = {}
    if report is not None:
        for name, value in _FIELD.findall(report.content[:_CONTENT].decode("utf-8", "replace")):
            fields.setdefault(name.lower(), strip_controls(value).strip())
    found = [
        (place[1].decode("ascii").lower() if place[1] else "", place[2].decode("ascii"))
        for part in message.parts
        for place in _TOKEN.finditer(part.content[:_CONTENT])
    ][:_MOST]
    return Complaint(
        kind=fields.get("feedback-type", "abuse").lower()[:40],
        recipient=bare_address(fields.get("original-rcpt-to", "") or fields.get("removal-recipient", "")),
        bounce_tokens=tuple(token for name, token in found if not name),
        leave_tokens=tuple((name, token) for name, token in found if name),
    )
