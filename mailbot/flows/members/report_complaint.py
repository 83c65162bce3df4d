"""Somebody marked a mail of ours as spam: the office hears who it was, and asks him; no machine stops his mail for it."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.bounces.complaint import Complaint
from mailbot.core.calendar import Language
from mailbot.core.mail.token import read_bounce_token, read_leave_token
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.sending import outbox

_WORDS: dict[Language, dict[str, str]] = {  # why it waits, for the office
    "ja": {
        "known": "{}あてのメールが、受信者側の事業者から迷惑メールとして通報されました（{}）。エラーには数えていません。"
        "配信を続けてよいか、ご本人にお確かめください。",
        "unknown": "当方のメールが、受信者側の事業者から迷惑メールとして通報されました（{}）。どなたあてのものかは"
        "分かりません。続くときは、その事業者にお問い合わせください。",
    },
    "en": {
        "known": "The provider of {} reports that a mail to it was marked as spam ({}). It does not count as a bounce; please ask "
        "the member whether he still wants it.",
        "unknown": "A provider reports that a mail of ours was marked as spam ({}); it does not show whose. If it goes on, ask the "
        "provider.",
    },
}


def report_complaint(
    connection: Connection, site: Site, complaint: Complaint, delivery_id: int | None = None
) -> Settled:
    """Hold a complaint for the office, with the address of the copy that it is about (`delivery_id` if that is known)."""
    if complaint.kind == "not-spam":
        return Settled("discarded", "somebody says that our mail is no spam (RFC 6430)")
    if delivery_id is None:
        delivery_id = _copy(site, complaint)
    address = None if delivery_id is None else outbox.address_of(connection, delivery_id)
    words = _WORDS[site.language]
    if address is None and complaint.recipient is None:
        return Settled("held", words["unknown"].format(complaint.kind))
    return Settled("held", words["known"].format(address or complaint.recipient, complaint.kind))


def _copy(site: Site, complaint: Complaint) -> int | None:
    """Return the copy that a token of ours in the complaint names; what we did not make is not believed."""
    for token in complaint.bounce_tokens:
        if (found := read_bounce_token((site.key,), token)) is not None:
            return found
    for name, token in complaint.leave_tokens:
        if (found := read_leave_token((site.key,), name, token)) is not None:
            return found
    return None
