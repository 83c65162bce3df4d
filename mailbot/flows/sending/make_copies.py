"""Make the copies that leave: a mailing is looked at once, then each recipient's own bytes are filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, repeat

from mailbot.core.mail.entity import split_entity
from mailbot.core.mail.mailing import fill, fill_each, folded_mailbox, template
from mailbot.core.mail.token import (
    ballot_token,
    bounce_tokens,
    calendar_token,
    confirm_token,
    desk_token,
    leave_token,
    leave_tokens,
    mailing_token,
    visit_token,
)
from mailbot.core.senders.dkim import Covered, Signer, covered, signature
from mailbot.core.transfer.delivery import Transaction
from mailbot.core.transfer.seven_bit import seven_bit
from mailbot.core.transfer.smtp_wire import all_usual, body_of, check_content, double_dots
from mailbot.flows.sending.sign_copies import sign_copies
from mailbot.store.sending import leases

_QUICK = frozenset({"delivery", "leave"})  # fields of a post, which need nothing but the row's number
_LONG = 65_536  # octets behind the last field of a mailing from which its copies share them
_DOTLESS = frozenset({"delivery", "leave", "token"})  # fields whose values are letters and digits


@dataclass(frozen=True)
class Recipe:
    """A mailing as we send it: its pieces, already dot-stuffed, and what each copy must fill in."""

    pieces: tuple[bytes | str, ...]
    names: frozenset[str]
    subject: str  # the list, survey or event
    bounces: str | None  # local part of the return path; None: null sender
    covered: Covered | None = None  # what a signature covers, when that is the same for every copy
    signers: tuple[Signer, ...] = ()  # who signs each copy for itself
    dotted: bool = False  # leading dots are doubled already, and no recipient's own bytes have any
    body: str = ""  # `Transaction.body` of each copy, where recipients' own bytes are nothing but letters and digits of ours
    tail: bytes | memoryview = b""  # what stands behind the pieces; only of a long mailing
    identical: bytes | None = None  # what leaves for all alike; then `bounces` is the whole local part


Begun = tuple[leases.Claimed, Recipe]  # a row that is to leave, and how
Recipients = tuple[tuple[int, str], ...]  # as `Transaction` has them


def recipe_of(mailing: leases.Mailing, key: bytes, signers: Sequence[Signer], now: datetime) -> Recipe:
    """Return a mailing ready to fill, or, where its copies are identical, to leave. Raises ValueError when it is not fit to.

    Whoever signs identical copies does it once, here.
    """
    if not mailing.identical:
        return _recipe(mailing, signers, now)
    recipe = _recipe(mailing, [replace(signer, shared=True) for signer in signers], now)
    if recipe.names or not recipe.dotted:
        raise ValueError(
            f"it has fields of its recipients, and is to be the same for all: {sorted(recipe.names)}"
        )
    bounces = None if mailing.bounces is None else f"{mailing.bounces}+{mailing_token(key, mailing.id)}"
    whole = b"".join((fill(recipe.pieces, {}), recipe.tail))
    return replace(recipe, pieces=(), tail=b"", bounces=bounces, identical=whole)


def _recipe(mailing: leases.Mailing, signers: Sequence[Signer], now: datetime) -> Recipe:
    """Return a mailing ready to fill. Raises ValueError when it is not fit to leave.

    Whoever converts what is signed breaks it, so it is made 7-bit before (RFC 6376 section 5.3). Where all copies have
    the same body, who may sign once for all of them does it here.
    """
    cooked, shared, own = mailing.cooked, None, tuple(signers)
    if signers and b"\x00" not in split_entity(cooked)[1]:
        cooked = seven_bit(cooked)
        shared = covered(cooked)
        common = covered(cooked, shared=True)
        try:
            once = [signature(common, {}, signer, now) for signer in signers if signer.shared]
        except Exception as error:
            raise ValueError(f"not signed: {error}") from error
        cooked = b"".join([*once, cooked])
        own = tuple(signer for signer in signers if not signer.shared)
    cut = _end_of_fields(cooked)
    pieces = template(cooked[:cut])
    names = frozenset(piece for piece in pieces if isinstance(piece, str))
    looked_at = fill(pieces, dict.fromkeys(names, b"x"))
    check_content(looked_at)  # once for all copies (promises.md R6, I16)
    check_content(cooked, cut)
    dotted = (not own or shared is not None) and names <= _DOTLESS  # whoever signs has its bytes in `shared`
    if not (dotted and names <= _QUICK):
        pieces = template(double_dots(cooked) if dotted else cooked)
        return Recipe(pieces, names, mailing.subject, mailing.bounces, shared, own, dotted)
    pieces = template(double_dots(cooked[:cut]))
    tail: bytes | memoryview = b""
    if cut < len(cooked):
        has_dots = cooked.find(b"\r\n.", cut - 2) >= 0
        tail = double_dots(cooked[cut:]) if has_dots else memoryview(cooked)[cut:]  # as it stands: no copy
    body = body_of(looked_at)
    if body and not cooked.isascii():
        body = "8BITMIME"
    return Recipe(pieces, names, mailing.subject, mailing.bounces, shared, own, dotted, body, tail)


def _end_of_fields(cooked: bytes) -> int:
    """Return where the line behind the last field of a long mailing begins, which its copies share from there on; else its end."""
    end = cooked.find(b"\r\n", cooked.rfind(b"\x00") + 1) + 2
    return end if end >= 2 and len(cooked) - end >= _LONG else len(cooked)


def copy_for_all(recipients: Recipients, recipe: Recipe, domain: str) -> Transaction:
    """Return the transaction of some who get identical copies."""
    assert recipe.identical is not None, "it is a group of such a mailing"
    mail_from = "" if recipe.bounces is None else f"{recipe.bounces}@{domain}"
    return Transaction(mail_from, recipients, recipe.identical, stuffed=True, identical=True)


def make_copies(
    begun: Sequence[Begun], key: bytes, domain: str, signed_at: datetime | None = None
) -> Iterator[Transaction]:
    """Give the copies of these rows as they leave, each with its own return path; signed, where a time is given."""
    for _, group in groupby(begun, lambda one: one[0].mailing_id):
        same = list(group)
        rows, recipe = [row for row, _ in same], same[0][1]
        columns = _own_columns(recipe.names, key, recipe.subject, rows)
        copies = fill_each(recipe.pieces, columns, len(rows))
        if signed_at is not None:
            copies = sign_copies(copies, columns, recipe.covered, recipe.signers, signed_at)
        if not recipe.dotted:
            copies = [double_dots(copy) for copy in copies]
        senders = [""] * len(rows)
        if recipe.bounces is not None:
            tokens = bounce_tokens(key, [row.id for row in rows])
            senders = [f"{recipe.bounces}+{token}@{domain}" for token in tokens]
        bodies: Iterable[str] = repeat("")
        if all_usual([*filter(None, senders), *[row.address for row in rows]]):
            bodies = repeat(recipe.body) if recipe.body else map(body_of, copies)
        recipients = [((row.id, row.address),) for row in rows]
        yield from map(
            Transaction, senders, recipients, copies, repeat(True), repeat(False), bodies, repeat(recipe.tail)
        )


def _own_columns(
    names: frozenset[str], key: bytes, subject: str, rows: Sequence[leases.Claimed]
) -> dict[str, list[bytes]]:
    """Return for each field that a mailing has what `own_values` says for each of these rows."""
    if not names <= _QUICK:
        values = [own_values(names, key, subject, row) for row in rows]
        return {name: [own[name] for own in values] for name in names}
    columns = {}
    if "delivery" in names:
        columns["delivery"] = [b"%d" % row.id for row in rows]
    if "leave" in names:
        columns["leave"] = [token.encode() for token in leave_tokens(key, subject, [row.id for row in rows])]
    return columns


def own_values(names: frozenset[str], key: bytes, subject: str, row: leases.Claimed) -> dict[str, bytes]:
    """Return one recipient's own bytes for the fields that its mailing has."""
    values: dict[str, bytes] = {}
    if row.fields is not None:
        values = {name: text.encode("utf-8") for name, text in json.loads(row.fields).items()}
    if "delivery" in names:
        values["delivery"] = str(row.id).encode()
    if "address" in names:
        values["address"] = row.address.encode("utf-8")
    if "mailbox" in names:
        values["mailbox"] = folded_mailbox(row.address)
        values.setdefault("partstat", b"NEEDS-ACTION")
        values["calendar"] = calendar_token(key, row.ballot_id or 0).encode()
    if "leave" in names:
        values["leave"] = leave_token(key, subject, row.id).encode()
    if "token" in names and row.ballot_id is not None:
        values["token"] = ballot_token(key, row.ballot_id, int(values.get("issue", b"1"))).encode()
    elif "token" in names and "desk" in values:
        values["token"] = desk_token(key, int(values["desk"])).encode()
    elif "token" in names and "confirm" in values:
        values["token"] = confirm_token(key, int(values["confirm"])).encode()
    elif "token" in names and "visit" in values:
        values["token"] = visit_token(key, "link", int(values["visit"])).encode()
    return values
