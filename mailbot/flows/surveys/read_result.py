"""Read the published results of surveys on our pages: to each person the mail that he was sent, his body's own part in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.flows.surveys.known_texts import text_of
from mailbot.store.sending import copies
from mailbot.store.surveys import surveys

_MOST = 50  # of the newest


@dataclass(frozen=True)
class PublishedResult:
    """A result that somebody was sent."""

    key: str
    title: str
    published_at: datetime


@dataclass(frozen=True)
class ResultText:
    """A result as it was sent to one person."""

    result: PublishedResult
    text: str


def own_results(connection: Connection, address: str) -> list[PublishedResult]:
    """Return the results that were sent to this person, the newest first."""
    sent = copies.results_to(connection, address, _MOST)
    return [PublishedResult(key, _title(connection, key), moment) for key, moment, _ in sent]


def read_result(connection: Connection, address: str, key: str) -> ResultText | None:
    """Return the result of a survey as this person was sent it; None: he was not, or it is not kept any more."""
    for sent, moment, copy in copies.results_to(connection, address, _MOST):
        if sent == key:
            content = copies.sent_content(connection, copy)
            if content is None or not content[0]:
                return None
            values: dict[str, str] = json.loads(content[1]) if content[1] else {}
            shown = {"token": "", "delivery": str(copy), "address": address, **values}
            return ResultText(
                PublishedResult(key, _title(connection, key), moment), text_of(content[0], shown)
            )
    return None


def _title(connection: Connection, key: str) -> str:
    stored = surveys.load(connection, key)
    return key if stored is None else stored.survey.title
