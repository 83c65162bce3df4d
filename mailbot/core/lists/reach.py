"""How many a post goes to, as far as it is known when it is let go."""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.core.calendar import Language


@dataclass(frozen=True)
class Reach:
    """The recipients of a post; a large list is not counted through before the first of them gets his copy."""

    queued: int  # copies that are in the outbox
    more: bool = False  # there are members who are looked at after that: each gets a copy who wants one
    elsewhere: int = 0  # who get this very mail by another list, and therefore no copy by this one

    def __add__(self, other: Reach) -> Reach:
        """Return what two forms of one post reach together."""
        return Reach(
            self.queued + other.queued,
            more=self.more or other.more,
            elsewhere=self.elsewhere + other.elsewhere,
        )

    def words(self, language: Language) -> str:
        """Return it as it stands before 名 or "members"."""
        ja = language == "ja"
        said = str(self.queued)
        if self.more:
            said = f"最初の{self.queued:,}" if ja else f"the first {self.queued:,}"
        if self.elsewhere:
            said += (
                f"名と、別のリストから届く{self.elsewhere:,}"
                if ja
                else f" and, by another list, {self.elsewhere:,} more"
            )
        return said
