"""How late what is planned may still go out, and what becomes of it then: `late: {hours: 24, then: ask}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Lateness:
    """What a person wrote for the runs of one survey, event or bulletin."""

    hours: int  # it still goes out so many hours late
    # After that the office is asked, or it is dropped and the office told
    then: Literal["ask", "drop"] = "ask"
