"""How many people a post goes to, as far as that is known when it begins to leave."""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.core.calendar import Language


@dataclass(frozen=True)
class Reach:
    """The recipients of a post. Those of a large list are not all counted before the first copy leaves."""

    queued: int  # copies that are in the outbox
    more: bool = False  # more members are looked at later; each of them who wants a copy gets one
    elsewhere: int = 0  # members who get this very mail by another list, and no copy by this one

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
