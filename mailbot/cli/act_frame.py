"""How a command does an act for which two persons may be needed."""

from __future__ import annotations

from typing import Any

from mailbot.cli.frame import Open
from mailbot.core.surveys.two_persons import COMMAND_LINE, Act
from mailbot.flows.office.ask_second_person import Done, Waiting, request_act
from mailbot.installation import clock


def request(connection: Any, it: Open, key: str, act: Act, **detail: str) -> int | None:
    """Do an act about a survey, or ask a second person for it; returns its figure, None while it waits."""
    match request_act(connection, it.site, key, act, detail, by=COMMAND_LINE, now=clock()):
        case Done(_, figure, alone):
            if alone:
                print(
                    f"note: two persons should decide about this, and `desk:` in {it.config.file} names nobody else; "
                    f"that one alone did is on record (`mailbot surveys acts {key}`)"
                )
            return figure
        case Waiting(_, others, _):
            print(
                f"survey {key}: not done yet. It needs two persons; {' and '.join(others)} can approve it by reply "
                f"to the mail that is in the outbox; `mailbot surveys acts {key}` shows what waits"
            )
            return None
