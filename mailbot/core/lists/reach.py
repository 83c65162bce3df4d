"""How many a post goes to, as far as it is known when it is let go."""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.core.calendar import Language


@dataclass(frozen=True)
class Reach:
    """The recipients of a post; a large list is not counted through before the first of them gets his copy."""

    queued: int  # copies that are in the outbox
    more: bool = False  # there are members who are looked at after that: each gets a copy who wants one

    def words(self, language: Language) -> str:
        """Return it as it stands before 名 or "members"."""
        if not self.more:
            return str(self.queued)
        return f"最初の{self.queued:,}" if language == "ja" else f"the first {self.queued:,}"
