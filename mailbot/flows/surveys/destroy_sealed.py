"""Destroy what could join the voters of a closed sealed survey to their answers (ballot.md section 15, promises.md I21).

The raw replies, our receipts with the voters' keys, the survey's secret, and everything noted of each: nothing is
left but who took part, when and how often, and the published list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.calendar import Language
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.two_persons import SecondNeeded, persons_needed
from mailbot.flows.surveys.arrived_replies import arrived_replies
from mailbot.net.maildir import forget
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.surveys import sealed, surveys
from mailbot.store.surveys.surveys import StoredSurvey
from mailbot.store.transactions import after_commit, scrub_after

_PUT_ASIDE = "it was not counted, and is destroyed with the replies to a sealed survey"
# For so long after the close what was read late must be forgotten, too: a day more than the last reply has
_FORGETS_FOR = surveys.LATE_WINDOW + timedelta(days=1)


@dataclass(frozen=True)
class Destroyed:
    """What is gone."""

    mails: int  # raw mails, replies and the office's entries
    held: int  # of them, those that still waited for a person: no votes
    copies: int  # of ours, with answers or keys

    def __bool__(self) -> bool:
        return bool(self.mails or self.copies)

    def words(self, language: Language) -> str:
        """Return it in words."""
        if language == "ja":
            return f"お返事 {self.mails}通（保留のまま数えなかったもの {self.held}通）、受領の控え {self.copies}通"
        return f"{self.mails} replies ({self.held} of them held and never counted), {self.copies} receipts"


def destroy_sealed(connection: Connection, site: Site, key: str, now: datetime) -> Destroyed:
    """Destroy them; once more finds only what came since.

    After the commit the pages are overwritten, and the copies' files in a Maildir of ours go.

    Raises Refusal when the survey is not sealed and closed, and while a reply waits to be read or a receipt to be sent.
    """
    stored = surveys.lock(connection, key)
    if stored is None or not _can_be(stored):
        raise _none_of(key)
    mails, rows = _behind(connection, site, stored)
    if unread := sealed.unread(connection, rows):
        raise Refusal(
            f"survey {key}: {unread} replies wait to be read; nothing was destroyed. "
            "Let the service run (`mailbot serve`), then destroy again"
        )
    if waiting := sealed.waiting_copies(connection, key, rows):
        raise Refusal(
            f"survey {key}: {waiting} receipts wait to be delivered, and the voters need their keys; "
            "nothing was destroyed. `mailbot queue` shows why they wait; destroy again when they have left"
        )
    held = sealed.settle_held(connection, rows, _PUT_ASIDE)
    replies = sealed.replies_of_copies(connection, key, rows)
    emptied = sealed.empty_mails(connection, mails, rows)
    copies = sealed.destroy_copies(connection, key, rows, now)
    sealed.forget(connection, key)
    scrub_after(connection, sealed.TOUCHED)

    def finish() -> None:  # what no rollback would bring back
        files = forget(site.outgoing, replies)
        log.event(
            "sealed.destroyed", survey=key, mails=emptied, held=held, copies=copies, files=files, at=now
        )

    after_commit(connection, finish)
    return Destroyed(emptied, held, copies)


def refuse_or_decided(connection: Connection, stored: StoredSurvey) -> bool:
    """Tell whether no second person need be asked, since two have decided this destruction already, or it is done.

    Raises Refusal when nothing of it is ever to be destroyed.
    """
    if not _can_be(stored):
        raise _none_of(stored.survey.key)
    return stored.seal_key is None or sealed.is_approved(connection, stored.survey.key)


def _can_be(stored: StoredSurvey) -> bool:
    return stored.survey.mode == "sealed" and stored.state == "closed"


def _none_of(key: str) -> Refusal:
    return Refusal(f"survey {key} is no sealed survey that was closed; nothing of it is to be destroyed")


def destroy_due(database: Database, site: Site, now: datetime) -> int:
    """Destroy what is left of every closed sealed survey that needs no second person's word; returns how many surveys.

    What was destroyed before is looked at again while replies still come: a late one is answered and forgotten.
    """
    with database.read() as connection:
        due = [key for key in _closed_lately(connection, now) if _stands(connection, site, key)]
    done = 0
    for key in due:
        try:
            with database.write() as connection:
                done += bool(destroy_sealed(connection, site, key, now))
        except Refusal:
            continue  # a receipt has not left yet: the next time tries again
    return done


def still_stands(connection: Connection, site: Site, key: str) -> int:
    """Return how many raw mails of a closed sealed survey still stand, for those who ask where it stands."""
    stored = surveys.load(connection, key)
    if stored is None or not _can_be(stored):
        return 0
    return sealed.count_full(connection, _behind(connection, site, stored)[0])


def _closed_lately(connection: Connection, now: datetime) -> list[str]:
    return [
        stored.survey.key
        for stored in surveys.every(connection)
        if _can_be(stored) and (stored.seal_key is not None or now - (stored.closed_at or now) < _FORGETS_FOR)
    ]


def _stands(connection: Connection, site: Site, key: str) -> bool:
    """Tell whether the service destroys by itself now: what two persons decide about, only after they have."""
    stored = surveys.load(connection, key)
    assert stored is not None, "it was there in this snapshot"
    if stored.seal_key is None:
        return still_stands(connection, site, key) > 0
    needed = persons_needed(stored.survey, "destroy", site.people, asked_by="")
    return not isinstance(needed, SecondNeeded) or sealed.is_approved(connection, key)


def _behind(connection: Connection, site: Site, stored: StoredSurvey) -> tuple[set[int], set[int]]:
    """Return the raw mails that came to this survey's addresses or decided its votes, and all their inbox rows."""
    key = stored.survey.key
    assert stored.opened_at is not None, "it is closed"
    replies = arrived_replies(connection, site, key, stored.opened_at)
    numbers = {reply.arrival.id for reply in replies} | sealed.mails_behind(connection, key)
    return sealed.same_mails(connection, numbers)
