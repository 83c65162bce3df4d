"""What became of one mail, as each flow reports it to read_mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["posted", "voted", "answered", "bounced", "held", "rejected", "discarded", "quarantined"]


@dataclass(frozen=True)
class Settled:
    """The inbox state of a mail, and why in one sentence."""

    state: State
    reason: str = ""
    told: bool = False  # of a held mail: whom it waits for was asked already
