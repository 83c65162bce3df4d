"""The check-up of a whole installation, for `mailbot doctor`: looks at everything that it stands on, and changes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.office.finding import Finding, disk_finding, size_words, skew_finding, time_words
from mailbot.core.refusal import Refusal
from mailbot.core.senders.dns_record import DnsRecord
from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.core.transfer.relay import Relay, RelayAway
from mailbot.doctor.checkup_dns import domain_findings
from mailbot.doctor.checkup_machine import (
    free_bytes,
    machine_findings,
    named_database,
    secret_findings,
    service_findings,
    unwritable,
    version_findings,
)
from mailbot.folder.config import Config, ImapSource, read_config
from mailbot.folder.definitions import check_folder
from mailbot.formats.backup_file import held_since, last_backup
from mailbot.net.dns_client import DnsClient
from mailbot.net.imap_client import ImapAccount, NeedsPerson, look_in
from mailbot.net.imap_connection import ConnectionLost, Refused
from mailbot.net.smtp_connection import Timeouts, greet
from mailbot.store import vitals
from mailbot.store.database import SCHEMA, Database
from mailbot.store.events import answer_domains
from mailbot.store.lists import lists

_RELAY_SECONDS = Timeouts(connect=5, greeting=10, quit=2)
_IMAP_SECONDS = 10.0
_QUICK_CHECK_SECONDS = 20.0
_RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Checkup:
    """What a check-up found."""

    findings: tuple[Finding, ...]
    records: tuple[DnsRecord, ...]  # to publish

    @property
    def faults(self) -> int:
        """How many things must be mended."""
        return sum(finding.state == "fault" for finding in self.findings)


def check_up(
    path: Path, environ: Mapping[str, str], clock: Callable[[], datetime], dns: DnsClient | None
) -> Checkup:
    """Look at everything, at the slow things side by side; without `dns` its questions are left out."""
    config, _, mistakes = read_config(path, environ)
    found = _definition_findings(path)
    if config is None:
        found += [
            Finding("configuration", "the rest", "skipped", "mend the configuration first"),
            *version_findings(),
        ]
        assert mistakes, "no configuration without a mistake"
        return Checkup(tuple(found), ())
    with ThreadPoolExecutor(thread_name_prefix="checkup") as threads:
        database = threads.submit(_database_findings, config, clock)
        relays = [threads.submit(_relay_findings, config, relay) for relay in config.relay]
        mailboxes = [threads.submit(_imap_findings, source) for source in config.imap]
        domains = threads.submit(domain_findings, config, dns)
        found += secret_findings(config)
        found += database.result()
        found += service_findings(config)
        found.append(_backup_finding(config, clock()))
        for one in (*relays, *mailboxes):
            found += one.result()
        dns_findings, records = domains.result()
        found += dns_findings + machine_findings(config) + version_findings()
    return Checkup(tuple(found), records)


def _definition_findings(path: Path) -> list[Finding]:
    mistakes, notes = check_folder(path)
    found = [Finding("configuration", str(path), "fault", str(mistake)) for mistake in mistakes]
    found += [Finding("configuration", str(path), "warning", str(note)) for note in notes]
    return found or [Finding("configuration", str(path), "ok", "no mistakes, in the definitions neither")]


def _relay_findings(config: Config, relay: Relay) -> list[Finding]:
    """Say EHLO to a relay, or see whether a Maildir can be written."""
    if relay.path is not None:
        problem = unwritable(relay.path)
        if problem is not None:
            return [Finding("relay", relay.name, "fault", problem)]
        kept = "outgoing mail is kept there and reaches nobody; `relay: smtp://...` sends it"
        return [Finding("relay", relay.name, "warning", kept)]
    try:
        offer = asyncio.run(greet(relay, hostname=config.domain, timeouts=_RELAY_SECONDS))
    except RelayAway as away:
        return [
            Finding(
                "relay", relay.name, "fault", f"{away}; nothing leaves by it: see `relay:` and the MTA's log"
            )
        ]
    found: list[Finding] = []
    names = ("pipelining", "eight_bit", "utf8", "dsn")
    said = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN")
    offered = [word for name, word in zip(names, said, strict=True) if getattr(offer, name)]
    offered += ["STARTTLS"] * offer.starttls + [f"SIZE {offer.size}"] * (offer.size is not None)
    found.append(
        Finding("relay", relay.name, "ok", f"answers; offers {', '.join(offered) or 'no extensions'}")
    )
    if not offer.pipelining:
        slow = "offers no PIPELINING, so each copy waits for several answers; switch it on in the MTA"
        found.append(Finding("relay", relay.name, "warning", slow))
    if not offer.eight_bit:
        found.append(
            Finding(
                "relay", relay.name, "warning", "offers no 8BITMIME, so Japanese mail is made 7-bit first"
            )
        )
    if offer.size and offer.size < config.max_size:
        small = (
            f"takes mails of at most {size_words(offer.size)}, while max_size lets {size_words(config.max_size)} in; "
            "raise message_size_limit there or lower max_size"
        )
        found.append(Finding("relay", relay.name, "warning", small))
    if relay.tls == "opportunistic" and not offer.starttls:
        found.append(
            Finding(
                "relay",
                relay.name,
                "warning",
                "is another machine and offers no STARTTLS: mail goes in clear",
            )
        )
    return found


def _imap_findings(source: ImapSource) -> list[Finding]:
    name = f"{source.user}@{source.host}"
    account = ImapAccount(
        source.host, source.user, source.password, source.port, source.tls, source.folder, source.address
    )
    try:
        asyncio.run(look_in(account, silence=_IMAP_SECONDS))
    except (NeedsPerson, ConnectionLost, Refused, OSError, TimeoutError, ValueError) as error:
        words = str(error) or f"no answer within {_IMAP_SECONDS:g} s"
        return [
            Finding("imap", name, "fault", f"{words}; see receive.imap: nothing is taken from this mailbox")
        ]
    return [Finding("imap", name, "ok", f"logged in, {source.folder} can be read and marked")]


def _database_findings(config: Config, clock: Callable[[], datetime]) -> list[Finding]:
    if config.database.startswith("sqlite"):
        file = Path(config.database.removeprefix("sqlite:///"))
        try:
            missing = not file.exists()
        except PermissionError as error:
            words = f"{file} cannot be looked at: {error.strerror}; run this as the owner of the folder"
            return [Finding("database", str(file), "fault", words)]
        if missing:
            none = f"{file} does not exist yet; the first command that needs it, or `mailbot serve`, makes it"
            return [Finding("database", str(file), "warning", none)]
    database = Database(config.database)
    try:
        with database.read() as connection:
            if config.database.startswith("sqlite"):
                file_vitals = vitals.of_file(connection)
                damage = vitals.damage(connection, _QUICK_CHECK_SECONDS)
                found = _file_findings(named_database(config), file_vitals, damage)
                found += _unwritable_file(Path(named_database(config)))
                used, schema = file_vitals.page_size * file_vitals.pages, file_vitals.schema
            else:
                server = vitals.of_server(connection)
                found = _server_findings(named_database(config), server, clock())
                used, schema = server.size, server.schema
            if schema == SCHEMA:
                now = clock()
                found += _backlog_findings(vitals.backlog(connection, now), now)
                today = now.astimezone(config.timezone).date()
                found += _list_findings(lists.every(connection))
                found += _answer_findings(config, answer_domains.awaited(connection, today))
                found.append(_room_finding(config, used, vitals.first_moment(connection), now))
    except (StorageUnavailable, StorageFull) as away:
        words = f"{away}; see `database:`: no mail is received without it"
        return [Finding("database", named_database(config), "fault", words)]
    finally:
        database.close()
    return found


def _list_findings(found: list[MailingList]) -> list[Finding]:
    """Name the announcement lists that take a bare From: everybody knows the office's address."""
    words = (
        "whoever writes the office's address into From reaches all its readers; `author: confirm` asks that address before each "
        "post, `author: aligned` wants DKIM or DMARC to vouch for it"
    )
    open_doors = (
        one for one in found if (one.preset, one.author) == ("announce", "member") and one.moderated != "yes"
    )
    return [Finding("lists", one.name, "warning", words) for one in open_doors]


def _file_findings(name: str, found: vitals.FileVitals, damage: str | None) -> list[Finding]:
    """Judge a SQLite file."""
    findings = [_schema_finding(name, found.schema)]
    if damage is None:
        words = f"the quick check took more than {_QUICK_CHECK_SECONDS:g} s and was given up"
        findings.append(Finding("database", "integrity", "skipped", words))
    elif damage == "ok":
        findings.append(Finding("database", "integrity", "ok", "the quick check finds nothing"))
    else:
        words = f"the file is damaged: {damage}; stop the service, keep a copy of data/, and restore the newest backup"
        findings.append(Finding("database", "integrity", "fault", words))
    safe = (found.journal, found.synchronous) == ("wal", 2)
    words = (
        f"journal_mode={found.journal}, synchronous={'FULL' if found.synchronous == 2 else found.synchronous}"
    )
    findings.append(
        Finding(
            "database",
            "durability",
            "ok" if safe else "fault",
            words
            if safe
            else f"{words}; it must lie on a local disk that takes WAL and FULL, not on a network folder",
        )
    )
    share = found.free_pages / max(1, found.pages)
    size = size_words(found.page_size * found.pages)
    words = f"{size}, {share:.0%} of it free pages, which new mail fills first"
    findings.append(Finding("database", "size", "ok", words))
    return findings


def _unwritable_file(file: Path) -> list[Finding]:
    """Name those of SQLite's files, it has two more beside the database, that this user may read and not write."""
    words = "cannot be written by this user; give it to the service's user with `chown`: no mail is received without it"
    files = (Path(f"{file}{end}") for end in ("", "-wal", "-shm"))
    return [
        Finding("database", str(one), "fault", words)
        for one in files
        if one.exists() and not os.access(one, os.W_OK)
    ]


def _server_findings(name: str, found: vitals.ServerVitals, now: datetime) -> list[Finding]:
    """Judge a PostgreSQL server and database."""
    findings = [_schema_finding(name, found.schema)]
    old = found.version_number < 130_000
    words = f"PostgreSQL {found.version}" + ("; 13 is the oldest that this is tried with" if old else "")
    findings.append(Finding("database", "version", "warning" if old else "ok", words))
    if found.encoding == "UTF8":
        findings.append(Finding("database", "encoding", "ok", "UTF8"))
    else:
        words = f"its encoding is {found.encoding}; make one with `createdb -E UTF8 -T template0`: Japanese would be lost"
        findings.append(Finding("database", "encoding", "fault", words))
    if found.isolation == "read committed":
        findings.append(Finding("database", "isolation", "ok", "read committed"))
    else:
        words = f"default_transaction_isolation is {found.isolation}; set it to 'read committed', which this is built for"
        findings.append(Finding("database", "isolation", "fault", words))
    if found.synchronous_commit == "off" or found.fsync == "off":
        words = (
            f"synchronous_commit={found.synchronous_commit}, fsync={found.fsync}; set both to on: "
            "a mail answered 250 may be lost in a crash"
        )
        findings.append(Finding("database", "durability", "fault", words))
    else:
        findings.append(
            Finding(
                "database", "durability", "ok", f"synchronous_commit={found.synchronous_commit}, fsync=on"
            )
        )
    if found.standbys and not found.synchronous_standbys:
        words = (
            f"a standby is connected ({', '.join(found.standbys)}) and synchronous_standby_names is empty: "
            "a fail-over may lose the last commits; name the standby there"
        )
        findings.append(Finding("database", "standby", "warning", words))
    findings.append(Finding("database", "size", "ok", size_words(found.size)))
    findings.append(skew_finding("the database server", (now - found.clock).total_seconds()))
    return findings


def _schema_finding(name: str, schema: str | None) -> Finding:
    if schema == SCHEMA:
        return Finding("database", name, "ok", f"opens; its tables are those of this version ({schema})")
    if schema is None:
        words = "opens and has no tables yet; `mailbot apply` or `mailbot serve` makes them"
        return Finding("database", name, "warning", words)
    if schema < SCHEMA:
        words = (
            f"its tables are those of an older version ({schema}, now {SCHEMA}); make a backup, then start the service, "
            "which brings them up to date"
        )
        return Finding("database", name, "warning", words)
    words = (
        f"its tables are those of a newer version ({schema}, this one knows {SCHEMA}); run the newer mailbot"
    )
    return Finding("database", name, "fault", words)


def _backlog_findings(found: vitals.Backlog, now: datetime) -> list[Finding]:
    """Judge what waits."""
    findings: list[Finding] = []
    waits = now - found.oldest_unread if found.oldest_unread else timedelta()
    if waits > vitals.OVERDUE:
        words = (
            f"{found.unread} received mails wait to be read, the oldest for {time_words(waits)}; "
            "is `mailbot serve` running, with the role process?"
        )
        findings.append(Finding("queue", "inbox", "fault", words))
    else:
        findings.append(Finding("queue", "inbox", "ok", f"{found.unread} received mails wait to be read"))
    if found.overdue > vitals.OVERDUE:
        words = (
            f"mail has been due for {time_words(found.overdue)} and does not leave; is `mailbot serve` running, with the "
            "role deliver? `relay` here says whether the relay takes any, `mailbot queue` has its words about single copies"
        )
        findings.append(Finding("queue", "outbox", "fault", words))
    else:
        findings.append(Finding("queue", "outbox", "ok", "nothing that is due waits for long"))
    if found.expired_leases:
        words = (
            f"{found.expired_leases} copies are held by a node that is gone; a running `mailbot serve` takes them back "
            "within a minute, this one did not"
        )
        findings.append(Finding("queue", "leases", "fault", words))
    if found.doubtful:
        words = f"{found.doubtful} copies may have gone twice after a lost connection or a crash; `mailbot queue` counts them"
        findings.append(Finding("queue", "doubt", "warning", words))
    if found.quarantined:
        words = f"{found.quarantined} mails could not be read and are put aside; `mailbot queue` and `queue --why` say why"
        findings.append(Finding("queue", "quarantine", "warning", words))
    if found.held:
        words = f"{found.held} mails wait for a person; `mailbot held list`"
        findings.append(Finding("queue", "held", "ok", words))
    if found.last_alarm is not None:
        ago = now - found.last_alarm
        words = f"the office was last told of something {time_words(ago)} ago; `mailbot queue --why C{found.last_alarm_id}`"
        findings.append(Finding("queue", "last alarm", "warning" if ago < _RECENT else "ok", words))
    else:
        findings.append(Finding("queue", "last alarm", "ok", "the office was never told of anything"))
    return findings


def _answer_findings(config: Config, asked: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Say whether the domains to which answers are still awaited are all in the configuration."""
    known = {config.domain, config.reply_domain, *config.former_domains}
    lost = [
        Finding(
            "queue",
            "answers",
            "fault",
            f"{domain}, where {', '.join(keys)} {'are' if len(keys) > 1 else 'is'} answered, is no domain of the configuration: those "
            f"answers are refused; write `former_domains: [{domain}]`",
        )
        for domain, keys in sorted(asked.items())
        if domain not in known
    ]
    return lost or [
        Finding("queue", "answers", "ok", "all that are awaited go to domains of the configuration")
    ]


def _backup_finding(config: Config, now: datetime) -> Finding:
    try:
        moment = held_since(config.folder)
    except Refusal as unknown:
        return Finding("backup", "restored", "fault", str(unknown))
    if moment is not None:
        words = (
            f"restored from a backup of {moment:%Y-%m-%d %H:%M} UTC: nothing is sent before `mailbot resume`"
        )
        return Finding("backup", "restored", "fault", words)
    made = last_backup(config.folder)
    if made is None:
        words = (
            "none was made by `mailbot backup` on this folder; a daily one, kept elsewhere, is good practice"
        )
        return Finding("backup", "last", "warning", words)
    words = f"made {time_words(now - made)} ago"
    if now - made > _RECENT:
        return Finding("backup", "last", "warning", f"{words}; run `mailbot backup` from a daily timer")
    return Finding("backup", "last", "ok", words)


def _room_finding(config: Config, used: int, since: datetime | None, now: datetime) -> Finding:
    folder = config.folder / "data"
    days = (now - since) / timedelta(days=1) if since else 0.0
    return disk_finding(str(folder), free_bytes(folder), used, days)
