"""Say whether an address is one of the service's own: asked in the SMTP dialogue, so that strangers hear 550 there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import starmap

from sqlalchemy import Connection

from mailbot.core.mail.address import Reply, seems_damaged_answer
from mailbot.core.mail.token import token_hash
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.lists import lists
from mailbot.store.members import confirmations, members
from mailbot.store.office import desk_words
from mailbot.store.surveys import ballots
from mailbot.store.surveys.ballots import Ballot

_MOST_TOKENS = 100_000  # kept in memory, some 10 MB


def know_recipient(connection: Connection, site: Site, address: str, sender: str = "") -> bool:
    """Tell whether an address leads somewhere: a list, one of its roles, a token that we gave out, a site role.

    A token that was cut or spoilt on the way leads somewhere for a registered envelope `sender`: his answer is not
    counted, but he gets a fresh ballot (ballot.md section 10, level 0). Whoever guesses tokens hears 550.
    """
    return known_recipients(connection, site)(address, sender)


def known_recipients(
    connection: Connection, site: Site, met: Callable[[Ballot], object] | None = None
) -> Callable[[str, str], bool]:
    """Return what answers `know_recipient` for many addresses, with the names of the lists read once.

    `met` is told each ballot that an address opens.
    """
    names = lists.names(connection)

    def known(address: str, sender: str) -> bool:
        found = site.route(address, names)
        if isinstance(found, Reply):
            hashed = token_hash(found.token)
            ballot = ballots.by_token(connection, hashed)
            if ballot is not None:
                if met is not None:
                    met(ballot)
                return True
            word = desk_words.by_token(connection, hashed) or confirmations.by_token(connection, hashed)
            found = None if word is None else found
        if (
            found is None
            and sender
            and seems_damaged_answer(address, site.reply_domain, *site.former_domains)
        ):
            return members.people_at(connection, sender) != []
        return found is not None

    return known


def token_answered(connection: Connection, site: Site, recipient: str) -> str | None:
    """Return the token, as it is stored, that a mail to this address answers; None: it is no answer's address."""
    found = site.route(recipient, lists.names(connection))
    return token_hash(found.token) if isinstance(found, Reply) else None


def own_addresses(connection: Connection, site: Site) -> Callable[[str], bool]:
    """Return what tells whether an address can be no member's: one of the service's, now or once a token is given out.

    A domain that is for answers alone has no people.
    """
    known, answers = known_recipients(connection, site), f"@{site.reply_domain.lower()}"
    ours = tuple(f"@{domain.lower()}" for domain in site.domains)

    def own(address: str) -> bool:
        here = address.lower().endswith(ours) or "@" not in address  # a file has thousands that are elsewhere
        if not here:
            return False
        return known(address, "") or (site.reply_domain != site.domain and address.lower().endswith(answers))

    return own


@dataclass
class Directory:
    """Answers `know_recipient` for all sessions: who asks while a look is under way shares the next one.

    When mail comes for one ballot of a survey, it will come for others: then all its tokens are remembered (their hashes),
    so that their replies need no look. A token leads somewhere for ever.
    """

    database: Database
    site: Site
    _asked: list[tuple[str, str, asyncio.Future[bool]]] = field(default_factory=list)
    _looking: asyncio.Task[None] | None = None
    _given: dict[str, frozenset[str]] = field(default_factory=dict)  # by survey or event

    async def knows(self, address: str, sender: str) -> bool:
        """Tell whether an address leads somewhere for mail of this envelope sender. Raises StorageUnavailable when the database cannot say."""
        if self._was_given(address):
            return True
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked.append((address, sender, done))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await done

    def _was_given(self, address: str) -> bool:
        site = self.site
        found = site.route(address, ())
        if not isinstance(found, Reply):
            return False
        hashed = token_hash(found.token)
        return any(hashed in tokens for tokens in self._given.values())

    async def _look(self) -> None:
        while self._asked:
            batch, self._asked = self._asked, []
            answers: Sequence[bool | Exception]
            try:
                answers, given = await self.database.reading(
                    _know_each, self.site, [(address, sender) for address, sender, _ in batch], {*self._given}
                )
            except Exception as error:  # noqa: BLE001  each session must hear of it, whatever it is
                answers = [error] * len(batch)
            else:
                self._remember(given)
            for (_, _, done), answer in zip(batch, answers, strict=True):
                if done.done():  # its session has ended
                    continue
                if isinstance(answer, Exception):
                    done.set_exception(answer)
                else:
                    done.set_result(answer)

    def _remember(self, given: dict[str, frozenset[str]]) -> None:
        for subject, tokens in given.items():
            if sum(map(len, self._given.values())) + len(tokens) > _MOST_TOKENS:
                self._given.clear()
            self._given[subject] = tokens


def _know_each(
    connection: Connection, site: Site, asked: Sequence[tuple[str, str]], remembered: Collection[str]
) -> tuple[list[bool], dict[str, frozenset[str]]]:
    """Answer each, and return the tokens of the surveys that they are for and that are not remembered yet."""
    met: set[str] = set()
    answers = list(starmap(known_recipients(connection, site, lambda ballot: met.add(ballot.subject)), asked))
    return answers, {subject: ballots.tokens(connection, subject) for subject in met - {*remembered}}
