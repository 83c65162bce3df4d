"""Reading a bounce: for whom delivery failed, and whether for good (RFC 3464, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.message import Message

_REPORT_LIMIT = 200  # recipients of one bounce that are read
_LINE_LIMIT = 1000  # characters of one line that are read

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<!\d)([45])\d\d[ -]")
_ADDRESS = re.compile(r"<([^<>@\s]{1,64}@[^<>@\s]{1,190})>")
_UNKNOWN_USER = re.compile(
    r"user unknown|unknown user|no such user|no such recipient|mailbox unavailable|does not exist|"
    r"recipient address rejected|宛先不明|ユーザーが見つかりません",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Report:
    """What a bounce says of one recipient."""

    address: str | None  # Original-Recipient if stated, else Final-Recipient
    status: str | None  # "5.1.1"
    action: str | None  # "failed", "delayed", ... in lower case
    diagnostic: str  # the remote server's words, one line
    permanent: bool  # failed for good; never for 4.x.x, a delay, or what only might be a bounce


def read_bounce(message: Message) -> tuple[Report, ...]:
    """Return a report per recipient; empty when the mail, such as a vacation note, reports no failure."""
    reports: list[Report] = []
    for part in message.parts:
        if part.content_type in {"message/delivery-status", "message/global-delivery-status"}:
            reports += _delivery_status(part.content)
    return tuple(reports[:_REPORT_LIMIT]) or _from_text(message)


def _delivery_status(content: bytes) -> list[Report]:
    """Read the groups of fields behind the first, which is about the message as a whole (RFC 3464 section 2.1)."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    groups = [_fields(group) for group in text.split("\n\n")]
    return [_report(group) for group in groups if "final-recipient" in group or "original-recipient" in group]


def _report(group: dict[str, str]) -> Report:
    recipient = group.get("original-recipient") or group.get("final-recipient", "")
    status = _STATUS.search(group.get("status", "")[:_LINE_LIMIT])
    action = group.get("action", "").partition(" ")[0].lower() or None
    diagnostic = group.get("diagnostic-code", "").partition(";")[2].strip() or group.get(
        "diagnostic-code", ""
    )
    return Report(
        address=recipient.rpartition(";")[2].strip().strip("<>") or None,
        status=status[1] if status else None,
        action=action,
        diagnostic=diagnostic[:_LINE_LIMIT],
        permanent=action == "failed" and status is not None and status[1].startswith("5"),
    )


def _fields(group: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in group.split("\n"):
        if line[:1] in {" ", "\t"} and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name = line.partition(":")[0].strip().lower()
            fields.setdefault(name, line.partition(":")[2].strip())
    return fields


def _from_text(message: Message) -> tuple[Report, ...]:
    """Read a bounce that has no report part, line by line: only a line that states a 5 counts as permanent."""
    sender = (message.from_address or "").partition("@")[0].lower()
    if sender not in {"mailer-daemon", "postmaster"}:
        return ()
    address: str | None = None
    for whole in message.text.splitlines()[:500]:
        line = whole[:_LINE_LIMIT]
        if found := _ADDRESS.search(line):
            address = found[1]
        status, code = _STATUS.search(line), _REPLY_CODE.search(line)
        unknown = _UNKNOWN_USER.search(line) is not None
        if status or code or unknown:
            digit = status[1][0] if status else code[1] if code else "5"
            stated = status[1] if status else "5.1.1" if unknown and digit == "5" else None
            return (Report(address, stated, None, line.strip(), permanent=digit == "5"),)
    return ()
