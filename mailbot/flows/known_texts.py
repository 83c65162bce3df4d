"""The texts that we sent for one ballot: a reply is read beside them (ballot.md section 1, rule 8)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from mailbot.core.mailing import fill, template
from mailbot.core.message import parse
from mailbot.core.token import ballot_token
from mailbot.site import Site
from mailbot.store import outbox
from mailbot.store.ballots import Ballot


@dataclass(frozen=True)
class KnownTexts:
    """What one ballot's address had been sent when a reply was read."""

    texts: tuple[str, ...]  # newest first, exactly as they left
    newest: int  # delivery id of the first; 0: nothing was sent


def known_texts(
    connection: Connection, site: Site, ballot: Ballot, *, up_to: int | None = None
) -> KnownTexts:
    """Return the body of every mail that we sent for this ballot; `up_to` a delivery id, for a recount."""
    token = ballot_token(site.key, ballot.id, ballot.issue).encode()
    texts, newest = [], 0
    for cooked, fields, delivery_id, address in outbox.texts_sent(connection, ballot.id):
        if up_to is not None and delivery_id > up_to:
            continue
        values = {name: text.encode("utf-8") for name, text in json.loads(fields or "{}").items()}
        values |= {"token": token, "delivery": str(delivery_id).encode(), "address": address.encode("utf-8")}
        texts.append(_text(fill(_pieces(cooked), values)))
        newest = max(newest, delivery_id)
    return KnownTexts(tuple(texts), newest)


@lru_cache(maxsize=32)
def _pieces(cooked: bytes) -> tuple[bytes | str, ...]:
    return template(cooked)


def _text(copy: bytes) -> str:
    """Return the plain text of one copy; ours is UTF-8 as 8bit, so that most need no parser."""
    head, _, body = copy.partition(b"\r\n\r\n")
    if b"\r\nContent-Type: text/plain" in head:
        return body.decode("utf-8").replace("\r\n", "\n")
    return parse(copy).text
