"""How many a post goes to, as far as it is known when it is let go."""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.core.calendar import Language


@dataclass(frozen=True)
class Reach:
    """The recipients of a post; a large list is not counted through before the first of them gets his copy."""

    queued: int  # copies that are in the outbox
    ahead: int = 0  # members who are looked at after that: each gets a copy who wants one

    def words(self, language: Language) -> str:
        """Return it as it stands before 名 or "members"."""
        if not self.ahead:
            return str(self.queued)
        if language == "ja":
            return f"{self.queued:,}名、続いて最大{self.ahead:,}"
        return f"{self.queued:,} and then up to {self.ahead:,}"
