"""How a command does an act for which two persons may be needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailbot.cli.act_frame import Acting, Deed
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.surveys.two_persons import Act, Order
from mailbot.flows.office.ask_second_person import Done, Waiting, request_act


def request(acting: Acting, key: str, act: Act, told: Callable[[int], Deed], **detail: str) -> Deed:
    """Do an act about a survey, or ask a second person for it; `told` turns the figure of a done act into its Deed."""
    site, config = acting.it.site, acting.it.config
    match request_act(acting.connection, site, Order(key, act, detail, COMMAND_LINE), acting.now):
        case Done(_, figure, alone):
            deed = told(figure)
            if not alone:
                return deed
            note = (
                f"note: two persons should decide about this, and `desk:` in {config.file} names nobody else; "
                f"that one alone did is on record (`mailbot surveys acts {key}`)"
            )
            return replace(deed, words=f"{note}\n{deed.words}", facts={**deed.facts, "alone": True})
        case Waiting(act_id, others, _):
            words = (
                f"survey {key}: not done yet. It needs two persons; {' and '.join(others)} can approve it by reply "
                f"to the mail that {acting.is_} in the outbox; `mailbot surveys acts {key}` shows what waits"
            )
            facts = {"key": key, "act": act, "waits_for": list(others)}
            return Deed(words, facts if acting.dry_run else {**facts, "id": act_id}, done=False)
