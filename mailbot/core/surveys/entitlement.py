"""Whose answer counts: the trust ladder, ranks, colleagues, delayed mail, frozen tokens (ballot.md sections 10 to 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailbot.core.calendar import Language
from mailbot.core.frozen import frozen
from mailbot.core.mail.address import address_key
from mailbot.core.members.register import Contact, same_person
from mailbot.core.surveys.ledger import VOTES, Standing
from mailbot.core.surveys.survey import Command, Survey
from mailbot.core.surveys.trust import Count, HoldReply, SendBallot, Trust, consequence, same_organisation
from mailbot.core.surveys.vote import UNREAD, Verdict, WaitsFor

FROZEN = "12 frozen"  # the rule of a reply whose token was seen from too many domains
# What the primary says of a reply that waits for his word: 承認, 差替, そのまま
PRIMARYS_WORDS: frozenset[Command] = frozenset({"approve", "replace", "keep"})
# A reply written so long before the answer that counts was delayed on its way
_DELAYED = timedelta(minutes=30)
# Two answers of one body within this time by two people: the primary decides
_AT_ONCE = timedelta(minutes=10)
_FROM_DOMAINS = 3  # a token that came from so many domains is frozen

_WORDS: dict[Language, dict[str, str]] = {
    "ja": {
        "foreign": "ご登録以外のアドレスから届いたため、ご担当の方の確認が必要です。",
        "colleague": "ご登録の方以外から届いたため、表決する方の確認が必要です。",
        "not-entitled": "表決する方としてご登録の方以外から届いたため、その方の確認が必要です。",
        "frozen": "この回答票が3つ以上の組織から使われたため、受付を止めております。"
        "ご登録のアドレスから「再送」とご返信くだされば、新しい回答票をお送りします。",
        "outranked": "上位の担当の方のお答えを受け付け済みです。",
        "two-people": "貴団体の別の方から、違うお答えが続けて届きました。",
        "delayed": "受け付け済みのお答えより前に書かれたメールが、遅れて届きました。",
        "overtaken": "受け付け済みのお答えより先に届いたメールを、後から読み取りました。",
        "DMARC failed": "メールの認証（DMARC）に失敗したため、差出人を確かめられません。",
        "From is an address of this service": "差出人が当方のアドレスを名乗っているため、確かめられません。",
    },
    "en": {
        "foreign": "It came from an address that is not registered; the registered contact must confirm it.",
        "colleague": "It came from another person than the registered one; the entitled voter must confirm it.",
        "not-entitled": "It came from another person than the entitled voter, who must confirm it.",
        "frozen": "This ballot was used from three or more organisations and is stopped. "
        "Reply with RESEND from the registered address to get a new one.",
        "outranked": "The answer of a contact of higher rank is in already.",
        "two-people": "Two people of your body have sent different answers one after the other.",
        "delayed": "A mail that was written before the answer that counts has arrived late.",
        "overtaken": "A mail that arrived before the answer that counts was read after it.",
        "DMARC failed": "The sender cannot be believed: DMARC failed.",
        "From is an address of this service": "The sender cannot be believed: From is an address of this service.",
    },
}


@frozen
class Sender:
    """Who sent a reply, as far as it can be told."""

    address: str | None  # the one unambiguous author
    trust: Trust
    designated: str  # the address that the ballot was sent to
    registered: Sequence[Contact]  # of the body
    frozen: bool  # the ballot's token, before or by this reply


@dataclass(frozen=True)
class Entitled:
    """What a reply is worth once its sender is weighed, and who is told."""

    verdict: Verdict
    tell: tuple[str, ...]  # addresses; empty: nobody is answered


def entitle(
    survey: Survey,
    verdict: Verdict,
    sender: Sender,
    before: Standing | None,
    *,
    written_at: datetime | None,
    received_at: datetime,
    language: Language,
) -> Entitled:
    """Hold what may not count because of its sender, and say who is answered.

    `before`: what stands for the body; `written_at`: the Date that the mail bears.
    """
    level, words = sender.trust.level, _WORDS[language]
    ladder = consequence(level, "survey" if survey.resolution is None else "resolution")
    rule = f"10 level {level}"
    if sender.frozen and verdict.status in VOTES:
        held = _held(verdict, words["frozen"], FROZEN, "office")
        return Entitled(held, (sender.designated,))
    match ladder:
        case Count():
            pass
        case HoldReply(asked):
            if verdict.status not in VOTES:
                return Entitled(verdict, (sender.designated,))
            reason = words["foreign" if level == 1 else "colleague"]
            return Entitled(_held(verdict, reason, rule, asked), (sender.designated,))
        case SendBallot():
            return Entitled(replace(verdict, status="ignored", reason=sender.trust.reason, rule=rule), ())
        case _:
            reason = words.get(sender.trust.reason, sender.trust.reason)
            return Entitled(_held(verdict, reason, rule, "office"), ())
    if verdict.status in VOTES and (
        why := _not_yet(survey, verdict, sender, before, written_at, received_at)
    ):
        return Entitled(_held(verdict, words[why], f"11 {why}", "primary"), (sender.designated,))
    return Entitled(verdict, _told(ladder, verdict, sender, before))


def freezes(domains: int) -> bool:
    """Tell whether a token is frozen that came from so many From domains, its own address's among them."""
    return domains >= _FROM_DOMAINS


def may_confirm(sender: Sender) -> bool:
    """Tell whether this sender's word decides about a reply that waits for the primary."""
    if sender.trust.level not in {3, 4} or sender.address is None or sender.frozen:
        return False
    ranks = _ranks(sender.registered)
    designated = ranks.get(address_key(sender.designated), 1)
    return same_person(sender.address, sender.designated, sender.registered) or (
        ranks.get(address_key(sender.address), designated + 1) <= designated
    )


def _not_yet(
    survey: Survey,
    verdict: Verdict,
    sender: Sender,
    before: Standing | None,
    written_at: datetime | None,
    received_at: datetime,
) -> str | None:
    """Return why a believed reply still waits for the primary's word (ballot.md section 11), or None."""
    own = same_person(sender.address or "", sender.designated, sender.registered)
    if (survey.resolution is not None or survey.unit == "person") and not own:
        return "not-entitled"
    if before is None or before.row.status not in VOTES:
        return None
    row = before.row
    if written_at is not None and row.written_at is not None and written_at < row.written_at - _DELAYED:
        return "delayed"
    if received_at < row.received_at:  # two nodes read them, or its sender was looked at for longer
        return "overtaken"
    same = same_person(row.author, sender.address or "", sender.registered)
    if row.author == "" or same or survey.unit == "person":
        return None
    ranks = _ranks(sender.registered)
    unranked = 1 + max(ranks.values(), default=0)
    counted = ranks.get(address_key(row.author), unranked)
    new = ranks.get(address_key(sender.address or ""), unranked)
    if new > counted:
        return "outranked"
    soon = received_at - row.received_at <= _AT_ONCE
    differs = (verdict.status, dict(verdict.answers)) != (row.status, dict(row.answers))
    return "two-people" if soon and differs and not own else None


def _told(ladder: Count, verdict: Verdict, sender: Sender, before: Standing | None) -> tuple[str, ...]:
    """Return who reads what was understood: the sender, whoever the ladder names, and who answered before.

    Nobody reads it twice: somebody who wrote from a further address reads it there.
    """
    told = [sender.address or sender.designated]
    if ladder.acknowledge == "sender and primary":
        told.append(sender.designated)
    elif ladder.acknowledge == "everyone registered":
        told.append(sender.designated)
        if verdict.status in VOTES and verdict.rule != UNREAD:  # else nothing counts that they should know of
            told += [contact.email for contact in sender.registered]
    if verdict.status in VOTES and before is not None and before.row.status in VOTES and before.row.author:
        earlier = before.row.author
        known = any(contact.writes_from(earlier) for contact in sender.registered)
        if known or same_organisation(_domain(earlier), _domain(sender.designated)):
            told.append(earlier)
    persons: list[str] = []
    for address in told:
        if not any(same_person(address, one, sender.registered) for one in persons):
            persons.append(address)
    return tuple(persons)


def _ranks(registered: Sequence[Contact]) -> dict[str, int]:
    return {address_key(one): contact.rank for contact in registered for one in contact.addresses}


def _domain(address: str) -> str:
    return address_key(address).rpartition("@")[2]


def _held(verdict: Verdict, reason: str, rule: str, waits_for: WaitsFor) -> Verdict:
    return replace(verdict, status="held", reason=reason, ask=False, rule=rule, waits_for=waits_for)
