"""Count a survey again from the raw mails that are stored, and find every row that says something else (I19).

Four things are asked: does each row follow from the one before it; has each mail that came to an answer address its
row; does each row say what its mail says; and do the rows come to what was published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from mailbot.core.mail.message import Message
from mailbot.core.reading.judgement import Judged, judge
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.entitlement import PRIMARYS_WORDS
from mailbot.core.surveys.evidence import (
    Basis,
    Checked,
    differences,
    emptied_matches,
    expected,
    inconsistent,
    sums,
)
from mailbot.core.surveys.ledger import (
    VOTES,
    LedgerRow,
    Standing,
    counted_rows,
    standing,
    waiting_for_primary,
)
from mailbot.core.surveys.ledger_chain import (
    ERASED,
    FIRST_CHAIN,
    ChainLink,
    broken_link,
    chain_list,
    listed_behind,
    mail_digest,
    outward,
)
from mailbot.core.surveys.seal import seal_of
from mailbot.core.surveys.tally import Vote, tally
from mailbot.flows.surveys.arrived_replies import ArrivedReply, arrived_replies
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.missed_result import missed_result
from mailbot.flows.surveys.published_figures import published_differs
from mailbot.flows.surveys.record_vote import trust_of
from mailbot.site import Site
from mailbot.store.documents import answers_text
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members
from mailbot.store.office import journal
from mailbot.store.sending import sent_texts
from mailbot.store.surveys import ballots, ledgers, sealed, surveys
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.surveys.surveys import StoredSurvey


@dataclass(frozen=True)
class Recount:
    """What came of a recount."""

    key: str
    state: str
    rows: int
    head: str  # the chain of the last row, or of the published list after it
    electorate: int
    bodies: Mapping[str, int]  # of the electorate, how many stand at each status; "missing": nothing came
    # From the mails, or from the published list where they are destroyed
    tally: Mapping[str, Mapping[str, int]]
    votes: tuple[Checked, ...]  # one for each row of the ledger
    differences: tuple[str, ...]  # a sentence each; none: the count is proved
    notes: tuple[str, ...]  # what a person should know and is no difference
    head_found: int | None = None  # after which row the hash that was asked for stands; 0: before the first


def recount(connection: Connection, site: Site, key: str, *, head: str | None = None) -> Recount:
    """Count a survey again; `head`: a hash from a daily mail, to be found in the chain.

    Raises Refusal when there is no such survey, or it was never opened.
    """
    stored = surveys.require(connection, key)
    if stored.opened_at is None:
        raise Refusal(f"survey {key} was never opened; there is nothing to count")
    return _Count(connection, site, stored, stored.opened_at).run(head)


@dataclass
class _Count:
    """One recount under way."""

    connection: Connection
    site: Site
    stored: StoredSurvey
    opened_at: datetime
    links: list[ChainLink] = field(default_factory=list)
    ballots: dict[int, Ballot] = field(default_factory=dict)
    arrived: dict[int, ArrivedReply] = field(default_factory=dict)  # by the number of its inbox row
    checked: list[Checked] = field(default_factory=list)
    reread: list[LedgerRow] = field(default_factory=list)  # as the mails make them
    own: dict[object, list[LedgerRow]] = field(default_factory=dict)  # the same, of each body or person
    prints: dict[tuple[int, str], int] = field(default_factory=dict)  # the first mail with each fingerprint
    found: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.stored.survey.key

    @property
    def is_sealed(self) -> bool:
        """Whether the answers are in the published list and the rows are empty."""
        return self.stored.survey.mode == "sealed" and self.stored.state == "closed"

    @cached_property
    def forgotten(self) -> bool:
        """Whether raw mails of it were let go, as their time was over: the chain alone then vouches for their rows."""
        return any(
            one.line.what == "survey.forgotten" for one in journal.every(self.connection, about=self.key)
        )

    @property
    def destroyed(self) -> bool:
        """Whether the raw mails of a sealed survey are gone."""
        return self.is_sealed and self.stored.seal_key is None

    def run(self, head: str | None) -> Recount:
        self.links = ledgers.links(self.connection, self.key)
        self.ballots = {one.id: one for one in ballots.of_subject(self.connection, self.key)}
        replies = arrived_replies(self.connection, self.site, self.key, self.opened_at)
        self.arrived = {one.arrival.id: one for one in replies}
        self._chain()
        self._read_rows()
        self._read_mails_without_row()
        votes = self._votes()
        counts = tally(self.stored.survey, [vote.answers for vote in votes])
        self._figures(votes, counts)
        if self.forgotten:
            self.notes.append(
                "its raw mails were let go when their time was over; for their rows the chain vouches"
            )
        last = ledgers.head(self.connection, self.key)
        behind = None if head is None else self._find(head.strip().lower(), last.chain)
        return Recount(
            key=self.key,
            state=self.stored.state,
            rows=len(self.links),
            head=last.chain,
            electorate=len(self.ballots),
            bodies=self._bodies(),
            tally=counts,
            votes=tuple(self.checked),
            differences=tuple(self.found),
            notes=tuple(self.notes),
            head_found=behind,
        )

    # --- the chain ---

    def _chain(self) -> None:
        lines = sealed.lines(self.connection, self.key) if self.is_sealed else None
        broken = broken_link(self.links, ledgers.head(self.connection, self.key), lines)
        if broken is None:
            return
        if broken <= len(self.links):
            row = self.links[broken - 1].row
            self.found.append(
                f"row {broken} of the ledger ({row.code}) does not follow from the one before it: "
                "it, or a row before it, was changed, removed or moved"
            )
        elif lines is not None:
            self.found.append("the ledger and its published list do not end as its head says")
        else:
            self.found.append(f"the ledger ends after row {broken - 1}, and its head says otherwise")

    def _find(self, wanted: str, last: str) -> int | None:
        chains = [FIRST_CHAIN, *(link.chain for link in self.links)]
        if wanted in chains:
            return chains.index(wanted)
        if self.is_sealed:  # at the close the list was tied in after the last row, and late rows follow it
            behind = listed_behind(self.links)
            if wanted == chain_list(chains[behind], sealed.lines(self.connection, self.key)):
                return behind
        if wanted == last:
            return len(self.links)
        self.found.append(
            f"the hash {wanted[:16]} stands nowhere in the ledger: it was rewritten since that hash was sent"
        )
        return None

    # --- rows, and their mails ---

    def _read_rows(self) -> None:
        seen: set[tuple[int, int]] = set()
        for number, link in enumerate(self.links, 1):
            row = link.row
            wrong, wanted, basis = self._read_row(row)
            if not row.by and row.inbox_id is not None:
                if (row.ballot_id, row.inbox_id) in seen:
                    wrong = (*wrong, f"mail {row.inbox_id} has a row already")
                seen.add((row.ballot_id, row.inbox_id))
            self.checked.append(Checked(number, row, basis, wrong))
            self.found += [f"row {number} ({row.code}): {words}" for words in wrong]
            self.reread.append(wanted)
            self.own.setdefault(self._whose(wanted), []).append(wanted)

    def _read_row(self, row: LedgerRow) -> tuple[tuple[str, ...], LedgerRow, Basis]:
        """Return what is wrong in a row, what it must say, and what that was found from."""
        if row.digest.startswith(ERASED):
            self.notes.append(
                f"a person was taken out of a row of {row.code} and of its mail on request; it counts as it stands"
            )
            return (), row, "chain"
        if row.status == "ignored" and row.waits_for.startswith(ERASED):
            return (), row, "chain"
        one = self.ballots.get(row.ballot_id)
        if one is None or one.code != row.code:
            return ("its ballot is none of this survey's electorate",), row, "chain"
        received = None if row.inbox_id is None else inbox.load(self.connection, row.inbox_id)
        if received is None:
            named = () if row.by else ("no mail and no person stands behind it",)
            return named, row, "person" if row.by else "chain"
        if received.content == b"" and (self.is_sealed or self.forgotten):
            return (), row, "chain"
        wrong: list[str] = []
        if row.digest and mail_digest(received.content) != row.digest:
            wrong.append(f"its raw mail {received.id} was changed")
        message = received.message(self.site.authserv_id)
        if received.id in self.arrived and not self.arrived[received.id].replaced:
            self.prints.setdefault((one.id, received.fingerprint(message)), received.id)
        if row.by:
            return tuple(wrong), row, "person"
        arrived = self.arrived.get(received.id)
        if arrived is None or arrived.ballot.id != one.id:
            return (*wrong, f"mail {received.id} did not come to this ballot's address"), row, "chain"
        wrong += self._envelope(row, received, message)
        before = standing(self._own(row))
        wanted = expected(row, self._judge(one, received, message, row, before), before)
        if self.is_sealed:
            wanted = emptied_matches(row, wanted)
        else:
            wrong += inconsistent(row, self.stored.survey)
        wrong += differences(row, wanted, emptied=self.is_sealed)
        self._note_level(row, one, message)
        return tuple(wrong), wanted, "mail"

    def _envelope(self, row: LedgerRow, received: Received, message: Message) -> list[str]:
        wrong = []
        if row.received_at != received.received_at:
            wrong.append(f"its time is not that at which mail {received.id} came")
        if row.author != (message.from_address or ""):
            wrong.append(f"its author is not the one in mail {received.id}")
        return wrong

    def _judge(
        self,
        one: Ballot,
        received: Received,
        message: Message,
        row: LedgerRow | None,
        before: Standing | None,
    ) -> Judged:
        """Judge a mail as it was judged then: beside the texts that had been sent, on what stood by then."""
        up_to = row.texts if row is not None else 0
        if not up_to:
            up_to = sent_texts.newest(self.connection, one.id, received.received_at)
        if row is not None:
            awaits = waiting_for_primary(self._own(row)) is not None
        else:  # the word of a primary has no row: what it decided about has two
            awaits = any(own.waits_for == "primary" for own in self.own.get(self._whose_ballot(one), []))
        return judge(
            self.stored.survey,
            message,
            known_texts(self.connection, self.site, one, up_to=up_to).texts,
            mail_from=received.mail_from,
            previous=None if before is None else before.vote,
            today=received.received_at.astimezone(self.site.zone).date(),
            late=self._late(row, received.received_at),
            awaiting=PRIMARYS_WORDS if awaits else frozenset(),
            own_domains=self.site.domains,
            sheets=self.site.read_forms(message),
            language=self.site.language,
        )

    def _late(self, row: LedgerRow | None, received_at: datetime) -> bool:
        """Tell whether a reply was late; one that came before the close was put off was late at its time."""
        closed = self.stored.closed_at or self.stored.survey.closes
        if row is not None and received_at == closed:
            return row.status == "late"  # which of the two came first is known by the row alone
        if received_at >= closed:
            return True
        earlier = self.stored.extended_from
        return row is not None and row.status == "late" and earlier is not None and received_at >= earlier

    def _note_level(self, row: LedgerRow, one: Ballot, message: Message) -> None:
        """Say where today's register would believe a sender otherwise; it may rightly have changed since."""
        registered = [person.contact for person in members.people_of(self.connection, one.code)]
        level = str(trust_of(self.site, one, message, registered).level)
        if row.level and level != row.level:
            self.notes.append(
                f"mail {row.inbox_id} ({row.code}) was believed at level {row.level}; "
                f"by today's register it would be {level}"
            )

    # --- mails that have no row ---

    def _read_mails_without_row(self) -> None:
        with_row = {link.row.inbox_id for link in self.links}
        for number, reply in self.arrived.items():
            if number not in with_row:
                self._read_mail_without_row(reply)

    def _read_mail_without_row(self, reply: ArrivedReply) -> None:
        arrival = reply.arrival
        if arrival.state == "received":
            self.notes.append(f"mail {arrival.id} ({reply.ballot.code}) waits to be read")
            return
        received = inbox.load(self.connection, arrival.id)
        # Destroyed with a sealed survey, let go when its time was over, or erased with its author.
        if received is None or received.content == b"":
            return
        message = received.message(self.site.authserv_id)
        first = self.prints.setdefault((reply.ballot.id, received.fingerprint(message)), received.id)
        if message.defects or reply.replaced or first != received.id:
            return
        rows = [
            row
            for row in self.own.get(self._whose_ballot(reply.ballot), [])
            if row.inbox_id is not None and row.inbox_id < received.id
        ]
        judged = self._judge(reply.ballot, received, message, None, standing(rows))
        if judged.verdict.status == "ignored" or judged.reading.command in PRIMARYS_WORDS:
            return
        self.found.append(
            f"mail {received.id} ({reply.ballot.code}) has no row in the ledger, "
            f"and by what it says it would be {outward(judged.verdict.status)}"
        )

    # --- figures ---

    def _votes(self) -> list[Vote]:
        """Return the votes as the mails make them, or as they were published where no mail is left."""
        if not self.is_sealed:
            return self._votes_of(self.reread)
        published = sealed.answers(self.connection, self.key)
        if len(published) != len(counted_rows([link.row for link in self.links], self.stored.survey.unit)):
            self.found.append("the published list has not as many lines as the ledger has votes that count")
        if not self.destroyed:
            self._check_lines()
        return [Vote(None, answers) for answers in published]

    def _votes_of(self, rows: Sequence[LedgerRow]) -> list[Vote]:
        return [Vote(row.code, row.answers) for row in counted_rows(rows, self.stored.survey.unit)]

    def _check_lines(self) -> None:
        """Make the published list again from the mails, while they and the survey's secret still stand."""
        assert self.stored.seal_key is not None
        if any(check.basis == "person" and check.row.status in VOTES for check in self.checked):
            self.notes.append("votes that a person decided are not compared with the published list")
            return
        wanted = {
            (seal_of(self.stored.seal_key, one.id, one.reference).line, answers_text(row.answers))
            for row in counted_rows(self.reread, self.stored.survey.unit)
            for one in (self.ballots[row.ballot_id],)
        }
        if wanted != set(sealed.lines(self.connection, self.key)):
            self.found.append("the published list is not what the mails say")

    def _figures(self, votes: list[Vote], counts: Mapping[str, Mapping[str, int]]) -> None:
        survey = self.stored.survey
        self.found += sums(survey, [vote.answers for vote in votes], counts)
        if not self.is_sealed:
            rows = counted_rows([link.row for link in self.links], survey.unit)
            recorded = tally(survey, [row.answers for row in rows])
            self.found += [
                f"{question}: the ledger comes to {_words(recorded[question])}, the mails to {_words(again)}"
                for question, again in counts.items()
                if recorded[question] != again
            ]
        self._published(votes)

    def _published(self, votes: list[Vote]) -> None:
        """Compare with the result that went out, and name the replies that were admitted after it."""
        missed = missed_result(self.connection, self.stored)
        without = {one.inbox_id for one in missed}
        if without and not self.is_sealed:
            votes = self._votes_of([row for row in self.reread if not (row.by and row.inbox_id in without)])
        now = self.stored.closed_at or self.opened_at
        self.found += published_differs(
            self.connection, self.site, self.stored.survey, votes, now, without=without
        )
        self.notes += [
            f"the published result does not contain mail {one.inbox_id}, admitted on "
            f"{one.admitted_at.astimezone(self.site.zone):%Y-%m-%d %H:%M} (by {one.by}), after it had gone out"
            for one in missed
        ]

    # --- whose ---

    def _whose(self, row: LedgerRow) -> object:
        return row.ballot_id if self.stored.survey.unit == "person" else row.code

    def _whose_ballot(self, one: Ballot) -> object:
        return one.id if self.stored.survey.unit == "person" else one.code

    def _own(self, row: LedgerRow) -> list[LedgerRow]:
        return self.own.get(self._whose(row), [])

    def _bodies(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for whose in {self._whose_ballot(one) for one in self.ballots.values()}:
            stands = standing(self.own.get(whose, []))
            status = "missing" if stands is None else stands.row.status
            counts[status] = counts.get(status, 0) + 1
        return dict(sorted(counts.items()))


def _words(counts: Mapping[str, int]) -> str:
    return " ".join(f"{answer}={count}" for answer, count in counts.items())
