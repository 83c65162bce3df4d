"""What a sealed survey keeps and destroys: its secret, the published list, the traces of who answered what."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Text,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from mailbot.core.surveys.ledger_chain import ChainHead, chain_list
from mailbot.core.surveys.survey import Answers
from mailbot.store.documents import answers_of, answers_text
from mailbot.store.sending.copy_states import not_out
from mailbot.store.spent_numbers import numbers_stay
from mailbot.store.surveys import ballots, ledgers, surveys
from mailbot.store.tables import (
    act,
    ballot,
    bounce,
    delivery,
    desk_word,
    failure,
    history,
    inbox,
    mail,
    mailing,
    post,
    sealed_line,
    seen,
    vote,
)

# Kinds of mailing that say nothing of what one body has answered; every other kind of the survey is destroyed.
HARMLESS = ("invitation", "result", "ledger_head")
# Tables whose rows are emptied or removed; the database is told to keep no trace of what stood there.
TOUCHED = (
    "vote",
    "mail",
    "inbox",
    "history",
    "seen",
    "mailing",
    "delivery",
    "bounce",
    "failure",
    "act",
    "survey",
)
_AT_ONCE = 500  # numbers in one statement


# --- the published list -----------------------------------------------------------------------------------------


def publish_lines(connection: Connection, key: str, votes: Iterable[tuple[str, Answers]]) -> None:
    """Put the votes into the published list, in the order of their lines, which says nothing of their voters, and chain it."""
    rows = sorted((line, answers_text(answers)) for line, answers in votes)
    if rows:
        connection.execute(
            insert(sealed_line), [{"subject": key, "line": line, "answers": text} for line, text in rows]
        )
    last = ledgers.head(connection, key)
    ledgers.move_head(connection, key, last, ChainHead(last.rows, chain_list(last.chain, rows)))


def lines(connection: Connection, key: str) -> list[tuple[str, str]]:
    """Return the published list as it is stored: each line with its answers as JSON, by line."""
    query = select(sealed_line.c.line, sealed_line.c.answers).where(sealed_line.c.subject == key)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(sealed_line.c.line))]


def answers(connection: Connection, key: str) -> list[Answers]:
    """Return the answers of the published list; nobody can tell whose they are."""
    return [answers_of(text) for _, text in lines(connection, key)]


def published(connection: Connection, key: str) -> list[Answers] | None:
    """Return the answers of the published list; None: the survey is not sealed, or not closed."""
    stored = surveys.load(connection, key)
    if stored is None or stored.survey.mode != "sealed" or stored.state != "closed":
        return None
    return answers(connection, key)


def empty_rows(connection: Connection, key: str) -> None:
    """Take out of a sealed ledger all that it says of answers, and what could open a commitment."""
    connection.execute(
        update(vote)
        .where(vote.c.subject == key)
        .values(
            answers="{}",
            problems="[]",
            remarks="{}",
            flags="{}",
            reason="",
            rule="",
            texts=0,
            digest="",
            salt="",
        )
    )
    connection.execute(
        update(vote).where(vote.c.subject == key, vote.c.status == "partial").values(status="counted")
    )


# --- destroying -------------------------------------------------------------------------------------------------


def place(key: str) -> str:
    """Return the place (`inbox.take_once`) of the office's mails that say what a body answers in this survey."""
    return f"sealed:{key}"


def mails_behind(connection: Connection, key: str) -> set[int]:
    """Return the inbox rows that the ledger of a survey names, and the office's mails that name answers of it."""
    voted = select(vote.c.inbox_id).where(vote.c.subject == key, vote.c.inbox_id.is_not(None))
    commanded = select(seen.c.inbox_id).where(seen.c.place == place(key))
    return {
        number
        for query in (voted, commanded)
        for number in connection.execute(query).scalars()
        if number is not None
    }


def raw_mails(connection: Connection, key: str) -> int:
    """Return how many raw mails behind the ledger of a survey still have content."""
    return count_full(connection, same_mails(connection, mails_behind(connection, key))[0])


def same_mails(connection: Connection, inbox_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Return the raw mails behind these inbox rows, and every inbox row of those mails."""
    mails: set[int] = set()
    for some in _parts(inbox_ids):
        mails |= set(connection.execute(select(inbox.c.mail_id).where(inbox.c.id.in_(some))).scalars())
    return mails, rows_of(connection, mails)


def rows_of(connection: Connection, mail_ids: Collection[int]) -> set[int]:
    """Return every inbox row of these raw mails."""
    rows: set[int] = set()
    for some in _parts(mail_ids):
        rows |= set(connection.execute(select(inbox.c.id).where(inbox.c.mail_id.in_(some))).scalars())
    return rows


def posted(connection: Connection, mail_ids: Collection[int]) -> set[int]:
    """Return those of these raw mails that are a list's archived posts, too."""
    found: set[int] = set()
    for some in _parts(mail_ids):
        found |= set(connection.execute(select(post.c.mail_id).where(post.c.mail_id.in_(some))).scalars())
    return found


def waiting_copies(connection: Connection, key: str, inbox_ids: Collection[int]) -> int:
    """Return how many copies still wait that show what a body answered: while they do, nothing can be destroyed."""
    count = 0
    for telling in _telling(key, inbox_ids):
        query = select(func.count()).select_from(delivery).where(not_out(), telling)
        count += connection.execute(query).scalar_one()
    return count


def unread(connection: Connection, inbox_ids: Collection[int]) -> int:
    """Return how many of these inbox rows nobody has read yet."""
    count = 0
    for some in _parts(inbox_ids):
        query = select(func.count()).select_from(inbox)
        count += connection.execute(
            query.where(inbox.c.id.in_(some), inbox.c.state == "received")
        ).scalar_one()
    return count


def settle_held(connection: Connection, inbox_ids: Collection[int], reason: str) -> int:
    """Put aside those of these mails that wait for a person; returns how many."""
    count = 0
    for some in _parts(inbox_ids):
        count += connection.execute(
            update(inbox)
            .where(inbox.c.id.in_(some), inbox.c.state == "held")
            .values(state="discarded", reason=reason)
        ).rowcount
    return count


def count_full(connection: Connection, mail_ids: Collection[int]) -> int:
    """Return how many of these raw mails still have content."""
    count = 0
    for some in _parts(mail_ids):
        query = select(func.count()).select_from(mail)
        count += connection.execute(query.where(mail.c.id.in_(some), mail.c.content != b"")).scalar_one()
    return count


def is_approved(connection: Connection, key: str) -> bool:
    """Tell whether a second person has approved that a survey's raw mails are destroyed."""
    query = select(act.c.id).where(act.c.subject == key, act.c.act == "destroy", act.c.state == "approved")
    return connection.execute(query).first() is not None


def replies_of_copies(connection: Connection, key: str, inbox_ids: Collection[int]) -> list[str]:
    """Return what our relay said to the copies that are to be destroyed; a Maildir named the file."""
    return [
        words
        for telling in _telling(key, inbox_ids)
        for words in connection.execute(select(delivery.c.reply).where(telling)).scalars()
        if words is not None
    ]


def empty_mails(connection: Connection, mail_ids: Collection[int], inbox_ids: Collection[int]) -> int:
    """Empty raw mails and what was noted of them; returns how many mails still had content."""
    count = 0
    for some in _parts(mail_ids):
        count += connection.execute(
            update(mail)
            .where(mail.c.id.in_(some), mail.c.content != b"")
            .values(content=b"", mail_from="", peer="")
        ).rowcount
    for some in _parts(inbox_ids):
        connection.execute(update(inbox).where(inbox.c.id.in_(some)).values(title="", reason=""))
        connection.execute(delete(history).where(history.c.inbox_id.in_(some)))
    return count


def destroy_copies(connection: Connection, key: str, inbox_ids: Collection[int], now: datetime) -> int:
    """Remove every copy that we sent which shows answers or a key, and what is known of it; returns how many."""
    count = 0
    with numbers_stay(connection, (mailing, delivery), now):
        for telling in _telling(key, inbox_ids):
            numbers = list(connection.execute(select(delivery.c.id).where(telling)).scalars())
            for some in _parts(numbers):
                for told in (bounce, failure):
                    connection.execute(delete(told).where(told.c.delivery_id.in_(some)))
                connection.execute(delete(history).where(history.c.delivery_id.in_(some)))
                count += connection.execute(delete(delivery).where(delivery.c.id.in_(some))).rowcount
        for emptied in _mailings(key, inbox_ids):
            connection.execute(emptied)
    return count


def forget(connection: Connection, key: str) -> None:
    """Destroy a survey's secret, the fingerprints of its replies, and what acts of the office told of one reply."""
    surveys.destroy_seal_key(connection, key)
    places = list(connection.execute(select(ballot.c.id).where(ballot.c.subject == key)).scalars())
    for some in _parts(places):
        connection.execute(delete(seen).where(seen.c.place.in_([ballots.place(number) for number in some])))
    connection.execute(delete(seen).where(seen.c.place == place(key)))
    connection.execute(
        update(act).where(act.c.subject == key, act.c.act == "admit").values(detail="{}", digest="", note="")
    )


def _telling(key: str, inbox_ids: Collection[int]) -> list[ColumnElement[bool]]:
    """Return conditions for the copies that show answers, or when something was missing in them.

    A reminder to a body that has answered says that its answer was not complete; others keep theirs.
    """
    voted = select(vote.c.ballot_id).where(vote.c.subject == key)
    of_survey = select(mailing.c.id).where(mailing.c.subject == key)
    own = of_survey.where(mailing.c.kind.not_in((*HARMLESS, "reminder")))
    reminders = of_survey.where(mailing.c.kind == "reminder")
    reminded = delivery.c.mailing_id.in_(reminders) & delivery.c.ballot_id.in_(voted)
    found: list[ColumnElement[bool]] = [
        or_(delivery.c.mailing_id.in_(own), reminded),
        delivery.c.mailing_id.in_(select(mailing.c.id).where(_of_act(key))),
    ]
    for some in _parts(inbox_ids):
        caused = select(mailing.c.id).where(mailing.c.inbox_id.in_(some), mailing.c.subject != key)
        found.append(delivery.c.mailing_id.in_(caused))
    return found


def _of_act(key: str) -> ColumnElement[bool]:
    """Return the condition for the mails in which the office asked itself to admit one body's answers."""
    words = (
        select(literal("desk:").concat(cast(desk_word.c.id, Text)))
        .join_from(desk_word, act)
        .where(act.c.subject == key, act.c.act == "admit")
    )
    return mailing.c.subject.in_(words)


def _mailings(key: str, inbox_ids: Collection[int]) -> list[Delete]:
    """Return what removes the mailings of which no copy is left."""
    left = select(delivery.c.mailing_id)
    own = mailing.c.subject == key, mailing.c.kind.not_in(HARMLESS)
    caused = [mailing.c.inbox_id.in_(some) for some in _parts(inbox_ids)]
    return [
        delete(mailing).where(*own, mailing.c.id.not_in(left)),
        delete(mailing).where(_of_act(key), mailing.c.id.not_in(left)),
        *(delete(mailing).where(one, mailing.c.id.not_in(left)) for one in caused),
    ]


def _parts(numbers: Collection[int]) -> list[list[int]]:
    ordered = sorted(numbers)
    return [ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE)]
