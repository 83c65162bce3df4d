"""How the database is and what waits in it: for `mailbot doctor`, the desk and /readyz; all look and change nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, or_, select, text

from mailbot.core.transfer.envelope import StorageUnavailable
from mailbot.store.database import schema_of, storage_errors
from mailbot.store.sending import bundles, leases, outbox
from mailbot.store.tables import bundle, delivery, history, inbox, mail, mailing, microseconds

# For so long may wait what is to be read or sent; then doctor, desk and health say so
OVERDUE = timedelta(minutes=10)
_LEASE_GRACE = timedelta(seconds=60)  # another node takes an expired row within 30
_ALARM = "office_report"


@dataclass(frozen=True)
class FileVitals:
    """A SQLite database."""

    schema: str | None  # the newest migration that it has; None: no tables
    journal: str  # wal
    synchronous: int  # 2: FULL
    page_size: int  # bytes
    pages: int
    free_pages: int


@dataclass(frozen=True)
class ServerVitals:
    """A PostgreSQL database."""

    schema: str | None
    version: str
    version_number: int  # 150004
    encoding: str
    isolation: str
    synchronous_commit: str
    fsync: str
    standbys: tuple[str, ...]  # names and states of sync, of those that are connected
    synchronous_standbys: str
    clock: datetime
    size: int  # bytes


@dataclass(frozen=True)
class Backlog:
    """What waits, and what went wrong last."""

    unread: int  # received mails that nobody has read yet
    oldest_unread: datetime | None
    overdue: timedelta  # for how long some copy has been due that nobody takes
    expired_leases: int  # copies whose node is gone, and that no other took
    held: int
    quarantined: int
    doubtful: int  # copies that may have gone twice
    last_alarm: datetime | None  # the newest report to the office
    last_alarm_id: int | None  # its copy, for `queue --why C...`


def of_file(connection: Connection) -> FileVitals:
    """Return how a SQLite database is."""

    def pragma(name: str) -> str:
        return str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())

    return FileVitals(
        schema=schema_of(connection),
        journal=pragma("journal_mode"),
        synchronous=int(pragma("synchronous")),
        page_size=int(pragma("page_size")),
        pages=int(pragma("page_count")),
        free_pages=int(pragma("freelist_count")),
    )


def damage(connection: Connection, seconds: float) -> str | None:
    """Return what SQLite's quick check finds first, "ok" when it is nothing; None: it had not ended in time."""
    own = connection.connection.driver_connection
    assert own is not None, "the connection is open"
    stop = threading.Timer(seconds, own.interrupt)
    stop.start()
    try:
        with storage_errors():
            return str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except StorageUnavailable as away:
        if "interrupted" in str(away):
            return None
        raise
    finally:
        stop.cancel()


def of_server(connection: Connection) -> ServerVitals:
    """Return how a PostgreSQL database is."""

    def setting(name: str) -> str:
        return str(connection.exec_driver_sql(f"SHOW {name}").scalar())

    standbys = connection.execute(
        text("SELECT application_name || ': ' || sync_state FROM pg_stat_replication ORDER BY 1")
    )
    connected = tuple(str(name) for name in standbys.scalars() if name)
    return ServerVitals(
        schema=schema_of(connection),
        version=setting("server_version"),
        version_number=int(setting("server_version_num")),
        encoding=setting("server_encoding"),
        isolation=setting("default_transaction_isolation"),
        synchronous_commit=setting("synchronous_commit"),
        fsync=setting("fsync"),
        standbys=connected,
        synchronous_standbys=setting("synchronous_standby_names"),
        clock=connection.execute(text("SELECT clock_timestamp()")).scalar_one(),
        size=int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()),
    )


def backlog(connection: Connection, now: datetime) -> Backlog:
    """Return what waits in the inbox and the outbox, and the last report to the office."""
    received = connection.execute(
        select(func.count(), func.min(mail.c.received_at))
        .join_from(inbox, mail)
        .where(inbox.c.state == "received")
    ).one()
    states: dict[str, int] = {
        row[0]: row[1]
        for row in connection.execute(
            select(inbox.c.state, func.count())
            .where(inbox.c.state.in_(("held", "quarantined")))
            .group_by(inbox.c.state)
        )
    }
    ended = microseconds(now - _LEASE_GRACE)
    expired = connection.execute(
        select(func.count()).where(
            delivery.c.state == "sending",
            or_(delivery.c.lease_until.is_(None), delivery.c.lease_until < ended),
        )
    ).scalar_one()
    left = (bundle.c.state == "sending") & (bundle.c.lease_until < ended)
    expired += sum(bundles.copies(connection, left).values())
    alarm = connection.execute(
        select(mailing.c.created_at, delivery.c.id)
        .join_from(mailing, delivery)
        .where(mailing.c.kind == _ALARM)
        .order_by(mailing.c.id.desc())
        .limit(1)
    ).first()
    return Backlog(
        unread=received[0],
        oldest_unread=received[1],
        overdue=leases.overdue(connection, now),
        expired_leases=expired,
        held=states.get("held", 0),
        quarantined=states.get("quarantined", 0),
        doubtful=outbox.count_doubtful(connection),
        last_alarm=alarm[0] if alarm else None,
        last_alarm_id=alarm[1] if alarm else None,
    )


def first_moment(connection: Connection) -> datetime | None:
    """Return since when mail is kept here; None: there was none yet."""
    firsts = [
        connection.execute(select(column).order_by(table.c.id).limit(1)).scalar()
        for table, column in (
            (mail, mail.c.received_at),
            (mailing, mailing.c.created_at),
            (history, history.c.at),
        )
    ]
    known = [first.astimezone(UTC) for first in firsts if first is not None]
    return min(known, default=None)
