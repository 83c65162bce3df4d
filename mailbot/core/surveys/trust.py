"""How far the sender of a reply is believed, and what follows from it: the ladder of ballot.md section 10."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mailbot.core.frozen import frozen
from mailbot.core.mail.address import address_key, split_address
from mailbot.core.members.register import Contact, same_person
from mailbot.core.senders.authentication import Authentication, aligned, verdict

Level = Literal[4, 3, 2, 1, 0, "-", "x"]
Purpose = Literal["survey", "rsvp", "resolution"]

# Domains whose users have nothing in common but their provider.
_SHARED = frozenset(
    """gmail.com googlemail.com yahoo.co.jp yahoo.ne.jp yahoo.com ymail.ne.jp icloud.com me.com mac.com
    outlook.jp outlook.com hotmail.com hotmail.co.jp live.jp live.com msn.com aol.com proton.me
    protonmail.com docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp rakuten.jp nifty.com
    biglobe.ne.jp so-net.ne.jp ocn.ne.jp plala.or.jp dion.ne.jp eonet.ne.jp excite.co.jp goo.jp
    mail.goo.ne.jp infoseek.jp jcom.home.ne.jp odn.ne.jp asahi-net.or.jp iij4u.or.jp zoho.com gmx.com""".split()  # noqa: SIM905  as of _REGIONS
)


@frozen
class Trust:
    """How far a sender is believed, and who of the body he is."""

    level: Level
    sender: Contact | None  # the registered contact whose address stands in From
    reason: str  # a short phrase for the ledger


@dataclass(frozen=True)
class Count:
    """The reply counts; `acknowledge` says who reads what was understood."""

    acknowledge: Literal["sender", "sender and primary", "everyone registered"]


@dataclass(frozen=True)
class HoldReply:
    """The reply waits for a person's word."""

    ask: Literal["primary", "office"]


@dataclass(frozen=True)
class SendBallot:
    """Nothing counts; a fresh ballot goes to the registered address."""


@dataclass(frozen=True)
class ShowOffice:
    """Nothing counts, the office looks at it, and nobody is answered by machine."""


Consequence = Count | HoldReply | SendBallot | ShowOffice

_LADDER: dict[Level, dict[Purpose, Consequence]] = {
    4: {"survey": Count("sender"), "rsvp": Count("sender"), "resolution": Count("sender")},
    3: {
        "survey": Count("sender and primary"),
        "rsvp": Count("sender"),
        "resolution": Count("everyone registered"),
    },
    2: {"survey": Count("sender and primary"), "rsvp": Count("sender"), "resolution": HoldReply("primary")},
    1: {"survey": HoldReply("primary"), "rsvp": HoldReply("office"), "resolution": HoldReply("office")},
    0: {"survey": SendBallot(), "rsvp": SendBallot(), "resolution": SendBallot()},
    "-": {"survey": ShowOffice(), "rsvp": ShowOffice(), "resolution": ShowOffice()},
    "x": {"survey": ShowOffice(), "rsvp": ShowOffice(), "resolution": ShowOffice()},
}


def trust(
    from_address: str | None,
    *,
    token: bool,
    designated: str | None,
    registered: Sequence[Contact],
    authentication: Authentication,
    own_domains: Sequence[str],
) -> Trust:
    """Return where on the ladder a reply stands.

    `from_address` is the one unambiguous author (None: there is none), `token` whether the reply carries a valid
    one, `designated` the address to which that token was sent, `registered` the contacts of its body (without a
    token: of every body), `own_domains` the service's own.
    """
    finding = verdict(authentication, from_address)
    domain = _domain(from_address)
    if finding == "fail":
        return Trust("x", None, "DMARC failed")
    if domain in {own.lower() for own in own_domains}:
        return Trust("x", None, "From is an address of this service")
    sender = next(
        (contact for contact in registered if from_address and contact.writes_from(from_address)), None
    )
    if not token:
        return Trust(0, sender, "no token") if sender else Trust("-", None, "no token, unknown sender")
    if (
        from_address is not None
        and designated is not None
        and same_person(from_address, designated, registered)
    ):
        vouched = (finding, authentication.dmarc) == ("pass", "pass") or any(
            aligned(carrier, domain) for carrier in authentication.dkim_domains
        )
        if vouched:
            return Trust(4, sender, "designated address, authenticated")
        return Trust(3, sender, "designated address")
    if sender is not None:
        return Trust(3, sender, "registered address")
    if any(same_organisation(domain, _domain(contact.email)) for contact in registered):
        return Trust(2, None, "colleague in the same domain")
    return Trust(1, None, "foreign sender" if from_address else "ambiguous sender")


def consequence(level: Level, purpose: Purpose) -> Consequence:
    """Return what follows for a reply whose sender is believed that far: it counts, waits, or counts for nothing."""
    return _LADDER[level][purpose]


def same_organisation(one: str, other: str) -> bool:
    """Tell whether two domains are the same organisation's: equal, or one below the other, and nobody else's too.

    Two labels such as lg.jp or co.jp name no organisation when another domain lies below them.
    """
    shorter, longer = sorted((one, other), key=len)
    if not shorter or shorter in _SHARED:
        return False
    if shorter == longer:
        return True
    return longer.endswith("." + shorter) and (shorter.count(".") >= 2 or not _public(shorter))


def _public(domain: str) -> bool:
    """Tell whether anyone may register below this domain: a bare TLD, or a short or regional second level of jp."""
    label, _, parent = domain.partition(".")
    return not parent or (parent == "jp" and (len(label) <= 2 or label in _REGIONS))


def _domain(address: str | None) -> str:
    parts = split_address(address_key(address or ""))
    return parts[1] if parts else ""


_REGIONS = frozenset(
    """hokkaido aomori iwate miyagi akita yamagata fukushima ibaraki tochigi gunma saitama chiba tokyo kanagawa
    niigata toyama ishikawa fukui yamanashi nagano gifu shizuoka aichi mie shiga kyoto osaka hyogo nara wakayama
    tottori shimane okayama hiroshima yamaguchi tokushima kagawa ehime kochi fukuoka saga nagasaki kumamoto oita
    miyazaki kagoshima okinawa sapporo sendai yokohama kawasaki nagoya kobe kitakyushu""".split()  # noqa: SIM905  fifty quoted names would hide the names
)
