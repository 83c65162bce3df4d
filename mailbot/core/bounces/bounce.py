"""Reading a bounce: for whom delivery failed, whether for good, and why (RFC 3464, 3463, 6522).

What is machine-readable comes first: the delivery status, wherever in the mail it stands and however it was damaged. Only
then the words for people (failure_notice.py). A mail whose return path names its copy (VERP) needs no address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mailbot.core.bounces.complaint import read_complaint
from mailbot.core.bounces.delivery_status import (
    CONTENT,
    LINE,
    RECIPIENTS,
    RecipientStatus,
    bare_address,
    read_delivery_status,
    read_status_lines,
)
from mailbot.core.bounces.failure import Reason, code_of, reason_of, says_failure
from mailbot.core.bounces.failure_notice import RecipientNotice, read_notice
from mailbot.core.mail.control_characters import strip_controls
from mailbot.core.mail.message import Message, parse
from mailbot.core.members.trouble import Failure

_WITHIN = 3  # mails within mails that are opened
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MAIL_TYPES = frozenset({"message/rfc822", "message/global"})
# The report for machines (RFC 3464), where it stands as text.
_MACHINE_TEXT = re.compile(
    r"^[ \t>|]{0,20}(?:final|original)-recipient[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE
)
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})
_FAILED = frozenset({"failed", "failure", "error", "undeliverable", "undelivered", "bounced", "rejected"})


@dataclass(frozen=True)
class RecipientReport:
    """What a bounce says of one recipient."""

    address: str | None  # Original-Recipient if stated, else Final-Recipient, else as the text names it
    status: str | None  # "5.1.1"
    action: str | None  # "failed", "delayed", ... in lower case
    diagnostic: str  # the remote server's words, one line
    permanent: bool  # failed for good; never for 4.x.x, a delay, or what only might be a bounce
    reason: Reason = "other"

    @property
    def failed(self) -> bool:
        """Whether the copy did not arrive and will not: false for a delay, and for what was delivered or passed on."""
        return self.action != "delayed" and self.action not in _ARRIVED and (self.status or "5")[0] != "2"


def read_bounce(message: Message) -> tuple[RecipientReport, ...]:
    """Return a report per recipient; empty when the mail, such as a vacation note, reports no failure."""
    if read_complaint(message) is not None or _is_read_receipt(message):
        return ()
    statuses = _statuses(message, 0)
    if not statuses and _MACHINE_TEXT.search(message.text[:CONTENT]):
        statuses = read_status_lines(message.text[:CONTENT].splitlines())
    reports = [_report(status) for status in statuses] or _from_service(message)
    if not reports or any(report.address is None for report in reports):
        told = [_told(notice) for notice in read_notice(message)]
        reports = (
            [replace(one, address=told[0].address) for one in reports]
            if len(reports) == len(told) == 1
            else reports
        )
    return tuple((reports or told)[:RECIPIENTS])


def failure_of(reports: tuple[RecipientReport, ...]) -> Failure | None:
    """Return what a bounce says of the one copy that its return path names: its worst report; None: nothing failed.

    Reports of other recipients than ours are of those to whom our copy was passed on.
    """
    failed = sorted((report for report in reports if report.failed), key=lambda report: not report.permanent)
    if not failed:
        return None
    worst = failed[0]
    status = worst.status or ("5.0.0" if worst.permanent else "4.0.0")
    return Failure(worst.permanent, worst.reason, status, worst.diagnostic)


def refusal(reply: str, *, expired: bool) -> Failure:
    """Return what our relay's last reply says of a copy that it refused, or that was given up (`expired`)."""
    status, digit = code_of(reply + " ")
    permanent = not expired and digit != "4"
    words = strip_controls(" ".join(reply.split()))[:LINE]
    reason = reason_of(status, words)
    if expired and reason == "other":
        reason = "unreachable"
    return Failure(permanent, reason, status or ("5.0.0" if permanent else "4.4.7"), words)


def _statuses(message: Message, depth: int) -> list[RecipientStatus]:
    """Return the delivery statuses of a mail; only where it has none itself, of the mails within it."""
    own = [
        status
        for part in message.parts
        if part.content_type in _STATUS_TYPES
        for status in read_delivery_status(part.content, part.charset)
    ]
    if own or depth >= _WITHIN:
        return own[:RECIPIENTS]
    for part in message.parts:
        within = part.content[: 4 * CONTENT]
        if part.content_type in _MAIL_TYPES and b"-recipient" in within.lower():
            inner = parse(within)
            if found := _statuses(inner, depth + 1):
                return found
    return []


def _report(group: RecipientStatus) -> RecipientReport:
    """Judge one group: by its status, else by what the remote server said, else by the action alone."""
    stated, digit = code_of(group.diagnostic)
    status = group.status
    if status is None or (status.endswith(".0.0") and stated and stated[0] == status[0]):
        status = stated or status
    kind = status[0] if status else digit
    failed = group.action in _FAILED or (group.action is None and kind is not None)
    return RecipientReport(
        address=group.address,
        status=status,
        action=group.action,
        diagnostic=group.diagnostic,
        permanent=failed and (kind == "5" or (kind is None and says_failure(group.diagnostic))),
        reason=reason_of(status, group.diagnostic),
    )


def _told(notice: RecipientNotice) -> RecipientReport:
    reason = reason_of(notice.status, notice.words)
    unknown = reason == "unknown" and notice.permanent
    return RecipientReport(
        address=notice.address,
        status=notice.status or ("5.1.1" if unknown else None),
        action="delayed" if notice.delayed else None,
        diagnostic=strip_controls(notice.words)[:LINE],
        permanent=notice.permanent,
        reason=reason,
    )


def _is_read_receipt(message: Message) -> bool:
    """Tell whether a mail says what became of it after it arrived (RFC 8098), and not that a filter refused it."""
    for part in message.parts:
        if part.content_type == "message/disposition-notification":
            words = part.content[:CONTENT].decode("utf-8", "replace").lower()
            refused = "automatic-action" in words and (
                "deleted" in words or "denied" in words or "failed" in words
            )
            return not (refused and says_failure(message.text[:CONTENT]))
    return False


_SERVICE = re.compile(r'"(?:notification|event)Type"\s*:\s*"Bounce"')
_SERVICE_ADDRESS = re.compile(r'"emailAddress"\s*:\s*"([^"]{3,300})"')


def _from_service(message: Message) -> list[RecipientReport]:
    """Read a bounce that a sending service (Amazon SES) tells in JSON, which mail programs have often wrapped."""
    text = message.text[:CONTENT]
    joined = text.replace("\n", "").replace('\\"', '"')
    if not _SERVICE.search(joined):
        return []
    permanent = '"bounceType":"Permanent"' in joined.replace(" ", "")
    status, _ = code_of(joined)
    addresses = [bare_address(found[1]) for found in _SERVICE_ADDRESS.finditer(joined)]
    return [
        RecipientReport(address, status, "failed", "", permanent, reason_of(status, ""))
        for address in dict.fromkeys(addresses)
    ]
