"""Send the draft of a survey to those who must approve it: as it will look, to how many, and when (ballot.md 14)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.core.office.desk_sentences import sentence
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.two_persons import Order, distinct
from mailbot.flows.office.ask_second_person import ask, refuse_out_of_place
from mailbot.site import Site
from mailbot.store.surveys import surveys


def send_draft(connection: Connection, site: Site, key: str, now: datetime, *, by: str) -> tuple[str, ...]:
    """Mail the draft to the survey's approvers, else to the people of the office; returns to whom it goes.

    `by` asks (an address, or COMMAND_LINE). Once one of them has replied 承認, the survey opens by its plan. Raises
    Refusal when it has begun already.
    """
    stored = surveys.lock(connection, key)
    if stored is None:
        raise Refusal(sentence(site.language, "no-survey", key=key))
    refuse_out_of_place(site, stored, "open")
    named = distinct(stored.survey.approvers or site.people)
    others = tuple(address for address in named if not same_address(address, by))
    ask(connection, site, stored, Order(key, "open", {"when": "plan"}, by), others, now)
    return others
