"""The texts that we sent for one ballot: a reply is read beside them (ballot.md section 1, rule 8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from mailbot.core.mail.mailing import copy_shown, template
from mailbot.core.mail.message import parse
from mailbot.core.mail.token import ballot_token
from mailbot.site import Site
from mailbot.store.sending import sent_texts
from mailbot.store.surveys.ballots import Ballot


@dataclass(frozen=True)
class KnownTexts:
    """What one ballot's address had been sent when a reply was read."""

    texts: tuple[str, ...]  # newest first, exactly as they left
    newest: int  # delivery id of the first; 0: nothing was sent


def known_texts(
    connection: Connection, site: Site, ballot: Ballot, *, up_to: int | None = None
) -> KnownTexts:
    """Return the body of every mail that we sent for this ballot; `up_to` a delivery id, for a recount."""
    token = ballot_token(site.key, ballot.id, ballot.issue)
    texts, newest = [], 0
    for cooked, fields, delivery_id, address in sent_texts.of_ballot(connection, ballot.id):
        if up_to is not None and delivery_id > up_to:
            continue
        values: dict[str, str] = json.loads(fields) if fields else {}
        values |= {"token": token, "delivery": str(delivery_id), "address": address}
        texts.append(text_of(cooked, values))
        newest = max(newest, delivery_id)
    return KnownTexts(tuple(texts), newest)


def text_of(cooked: bytes, values: Mapping[str, str]) -> str:
    """Return the plain text of one copy, with these values of its fields."""
    pieces = _body(cooked)
    if pieces is None:
        # What is filled into a calendar file stands in no text.
        return parse(copy_shown(cooked, {name: text.encode() for name, text in values.items()})).text
    text = "".join([values[piece] if place % 2 else piece for place, piece in enumerate(pieces)])
    return text.replace("\r\n", "\n")


@lru_cache(maxsize=64)
def _body(cooked: bytes) -> tuple[str, ...] | None:
    """Return the text of a cooked mail, every second piece the name of a field; None: it needs the parser.

    Ours is UTF-8 as 8bit, so that most need none.
    """
    head, _, body = cooked.partition(b"\r\n\r\n")
    if b"\r\nContent-Type: text/plain" not in head:
        return None
    return tuple(
        piece if type(piece) is str else piece.decode("utf-8")  # type: ignore[union-attr]
        for piece in template(body)
    )
