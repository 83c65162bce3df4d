"""The service's configuration: config/mailbot.yaml, checked whole and turned into one frozen value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time as clock
from datetime import timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from mailbot.core.calendar import Language, OfficeCalendar
from mailbot.core.members.trouble import Limits
from mailbot.core.mistake import Mistake, Mistakes
from mailbot.core.transfer.pace import UNPACED, Pace
from mailbot.core.transfer.relay import Relay
from mailbot.folder.config_file import Address, ConfigFile, ImapFile, Network
from mailbot.folder.holidays import is_holiday, with_published
from mailbot.folder.plain_file import read_file
from mailbot.folder.secret_files import NoPassword, dkim_key_file, not_secret, others_may_read, password_in
from mailbot.folder.yaml_source import Source, read_yaml, validate

_DEFAULT_FILE = Path("config/mailbot.yaml")
_PASSWORD_IN_URL = re.compile(r"[a-z+]+://[^/@:]*:[^/@]+@")  # of a relay or database


@dataclass(frozen=True)
class ImapSource:
    """A hosted mailbox that is watched for new mail."""

    host: str
    port: int
    tls: bool | Literal["starttls"]
    user: str
    password: str = field(repr=False)
    folder: str
    address: str  # stands for the envelope recipient of mail that names none; "" holds such mail
    password_file: Path | None = field(default=None, compare=False)  # where the password was read


@dataclass(frozen=True)
class DkimKey:
    """A key that signs outgoing mail."""

    selector: str  # published at SELECTOR._domainkey.DOMAIN
    file: Path


@dataclass(frozen=True)
class Dkim:
    """How outgoing mail is signed."""

    domain: str  # d=
    keys: tuple[DkimKey, ...]  # one signature each
    each: bool = True  # the first key signs each copy; False: once for all copies with the same body
    arc: bool = False  # posts are sealed, too
    complaints: bool = False  # posts say where providers send complaints


@dataclass(frozen=True)
class Authenticate:
    """Who finds out whether a mail comes from its From."""

    check: bool  # we do; False: our own mail exchanger, in the head of each mail
    mta: tuple[Network, ...]  # hosts of our own; from others comes what nobody has looked at
    resolver: Address | None  # the DNS server that is asked; None: those of the system
    sealers: tuple[str, ...]  # domains whose word is taken for mail that they changed (ARC)


@dataclass(frozen=True)
class Config:
    """Every option of config/mailbot.yaml; paths are absolute, addresses parsed, passwords read."""

    folder: Path  # the working folder; relative paths in the file begin here
    file: Path
    domain: str
    reply_domain: str
    former_domains: tuple[str, ...]  # where lists and answers lived
    association: str  # its name; with 事務局 after it, the From of surveys and notices
    office: str  # the secretariat's own address
    digest_at: clock  # local, on business days
    daily_at: clock | None  # local; None: no daily mail
    plan_at: clock | None  # local, on the first business day of the week; None: no mail of the plan
    witnesses: tuple[str, ...]  # get the hash of each ledger once a day
    desk: tuple[str, ...]  # those who may act for it by mail; empty: whoever reads `office`
    timezone: ZoneInfo
    language: Language
    authserv_id: str  # RFC 8601: whose Authentication-Results we believe
    authenticate: Authenticate
    database: str = field(repr=False)  # a SQLAlchemy URL; may hold a password
    smtp: Address | None
    lmtp: Address | None
    imap: tuple[ImapSource, ...]
    max_size: int  # bytes of one received mail
    spam_score: float | None  # from which score on a post is held; None: X-Spam-* is not read
    relay: tuple[Relay, ...]  # in the order of fail-over
    relay_connections: int
    pace: Pace  # how fast copies leave
    dkim: Dkim | None  # None: your MTA signs
    web: Address | None
    bounces: Limits  # when an address whose mail comes back is asked, and how long is waited
    web_url: str  # where the public reaches it, without a slash at its end; "": nowhere
    calendar: OfficeCalendar  # which days are off, in which hours mail goes out, when nobody is reminded


@dataclass(frozen=True)
class Partial:
    """The sound part of a configuration: definitions are checked against it even when other parts have mistakes."""

    folder: Path
    timezone: ZoneInfo
    language: Language
    domain: str
    reply_domain: str
    # Office, desk and witnesses, each with the place where it is written
    people: tuple[tuple[Source, tuple[str | int, ...], str], ...] = ()
    calendar: OfficeCalendar = is_holiday
    web_url: str = ""  # "": nowhere
    former_domains: tuple[str, ...] = ()


def find_config(option: str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the configuration's path: the option, else MAILBOT_CONFIG, else config/mailbot.yaml below cwd."""
    return cwd / (option or environ.get("MAILBOT_CONFIG") or _DEFAULT_FILE)


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration. Raises Mistakes with all of them."""
    config, _, mistakes = read_config(path, environ)
    if config is None:
        raise Mistakes(mistakes)
    return config


def read_config(
    path: Path, environ: Mapping[str, str] = os.environ
) -> tuple[Config | None, Partial, list[Mistake]]:
    """Return the configuration (None if it has mistakes), what of it is sound enough for definitions, and mistakes."""
    file = path.absolute()
    folder = file.parent.parent
    shown = str(file.relative_to(folder))
    try:
        source = read_yaml(file, shown)
    except Mistakes as broken:
        nothing = ConfigFile.model_validate({}, context={"folder": folder})
        return None, _partial(folder, nothing), list(broken.mistakes)
    found, mistakes = validate(source, ConfigFile, {"folder": folder}, required=("domain", "office"))
    mistakes += _same_port_twice(source, found) + _not_former(source, found)
    sources, secrets = _imap_sources(source, found, folder, environ)
    dkim, faults = _dkim(source, found, folder)
    mistakes += secrets + faults + _readable_passwords(source, file)
    calendar, unread = _calendar(source, found, folder)
    mistakes += unread
    partial = replace(_partial(folder, found), people=_people(source, found), calendar=calendar)
    if mistakes:
        return None, partial, mistakes
    return _config(file, found, partial, sources, dkim), partial, []


def _config(
    file: Path, found: ConfigFile, partial: Partial, sources: tuple[ImapSource, ...], dkim: Dkim | None
) -> Config:
    """Return what a file without mistakes says, in the values of core."""
    folder = file.parent.parent
    return Config(
        folder=folder,
        file=file,
        domain=partial.domain,
        reply_domain=partial.reply_domain,
        former_domains=partial.former_domains,
        association=found.association,
        office=found.office,
        witnesses=found.witnesses,
        digest_at=clock.fromisoformat(found.digest_at),
        daily_at=None if found.daily_at == "off" else clock.fromisoformat(found.daily_at),
        plan_at=None if found.plan_at == "off" else clock.fromisoformat(found.plan_at),
        desk=found.desk,
        timezone=found.timezone,
        language=found.language,
        authserv_id=found.authserv_id or found.domain,
        authenticate=Authenticate(
            found.authenticate.by == "check",
            found.authenticate.mta,
            found.authenticate.resolver,
            found.authenticate.sealers,
        ),
        database=_database_url(found.database, folder),
        smtp=found.receive.smtp,
        lmtp=found.receive.lmtp,
        imap=sources,
        max_size=found.max_size,
        spam_score=found.spam_score,
        relay=found.relay,
        relay_connections=found.relay_connections,
        pace=Pace(found.pace.all, found.pace.domains) if found.pace else UNPACED,
        dkim=dkim,
        web=found.web,
        web_url=found.web_url or "",
        calendar=partial.calendar,
        bounces=Limits(
            found.bounces.probe_at,
            timedelta(days=found.bounces.half_life_days),
            timedelta(days=found.bounces.probe_days),
        ),
    )


def _database_url(text: str, folder: Path) -> str:
    """Return SQLAlchemy's form of the URL."""
    if text.startswith("sqlite:"):
        return f"sqlite:///{(folder / text.removeprefix('sqlite:')).absolute()}"
    return "postgresql+psycopg:" + text.partition(":")[2]


def _partial(folder: Path, found: ConfigFile) -> Partial:
    return Partial(
        folder,
        found.timezone,
        found.language,
        found.domain,
        found.reply_domain or found.domain,
        web_url=found.web_url or "",
        former_domains=found.former_domains,
    )


def _calendar(source: Source, found: ConfigFile, folder: Path) -> tuple[OfficeCalendar, list[Mistake]]:
    calendar = replace(
        is_holiday, closed=found.closed, hours=found.hours, quiet=found.quiet, no_reminders=found.no_reminders
    )
    if found.holidays is None:
        return calendar, []
    path = folder / found.holidays
    try:
        return with_published(calendar, read_file(path)), []
    except OSError as error:
        fault = f"{path} cannot be read: {error.strerror}"
    except ValueError as error:
        fault = f"{path}: {error}"
    return calendar, [source.mistake(("holidays",), fault)]


def _people(source: Source, found: ConfigFile) -> tuple[tuple[Source, tuple[str | int, ...], str], ...]:
    """Return the addresses of people, none of which may be one of the service's own."""
    office: list[tuple[tuple[str | int, ...], str]] = [(("office",), found.office)] if found.office else []
    listed = (("desk", found.desk), ("witnesses", found.witnesses))
    office += [((key, place), email) for key, emails in listed for place, email in enumerate(emails)]
    return tuple((source, source.reached(path), email) for path, email in office)


def _not_former(source: Source, found: ConfigFile) -> list[Mistake]:
    return [
        source.mistake(("former_domains", place), f"{one} is in use as {key}; take it out here")
        for place, one in enumerate(found.former_domains)
        for key in ("domain", "reply_domain")
        if one == getattr(found, key)
    ]


def _same_port_twice(source: Source, found: ConfigFile) -> list[Mistake]:
    listeners = (
        (("receive", "smtp"), found.receive.smtp),
        (("receive", "lmtp"), found.receive.lmtp),
        (("web",), found.web),
    )
    mistakes: list[Mistake] = []
    taken: dict[Address, str] = {}
    for path, listen in listeners:
        if listen is None or listen[1] == 0:
            continue
        if listen in taken:
            sentence = f"{taken[listen]} listens on {listen[0]}:{listen[1]} already; give each its own port"
            mistakes.append(source.mistake(path, sentence))
        taken.setdefault(listen, ".".join(path))
    return mistakes


def _imap_sources(
    source: Source, found: ConfigFile, folder: Path, environ: Mapping[str, str]
) -> tuple[tuple[ImapSource, ...], list[Mistake]]:
    """Read each account's password from where its entry says."""
    accounts: list[ImapSource] = []
    mistakes: list[Mistake] = []
    for index, entry in enumerate(found.receive.imap):
        tls = entry.tls
        if tls is None:  # at port 143 a server speaks TLS only once it is asked to
            tls = "starttls" if entry.port == 143 else True
        if not tls and not Relay("smtp", entry.host).local:
            sentence = (
                "the password would travel in the clear; only a server on this machine may go without tls"
            )
            mistakes.append(source.mistake(("receive", "imap", index, "tls"), sentence))
            continue
        try:
            password = _password(entry, folder, environ)
        except NoPassword as fault:
            mistakes.append(source.mistake(("receive", "imap", index, *fault.key), fault.sentence))
            continue
        port = entry.port or (993 if tls is True else 143)  # RFC 8314, RFC 9051
        accounts.append(
            ImapSource(
                entry.host,
                port,
                tls,
                entry.user,
                password,
                entry.folder,
                entry.address or "",
                folder / entry.password_file if entry.password_file else None,
            )
        )
    return tuple(accounts), mistakes


def _password(entry: ImapFile, folder: Path, environ: Mapping[str, str]) -> str:
    stated = [
        name for name in ("password", "password_file", "password_env") if getattr(entry, name) is not None
    ]
    if len(stated) != 1:
        raise NoPassword("needs exactly one of password_file, password_env and password")
    if entry.password_env is not None:
        if entry.password_env not in environ:
            raise NoPassword(f"the environment has no {entry.password_env}", "password_env")
        return environ[entry.password_env]
    if entry.password_file is not None:
        return password_in(folder / entry.password_file)
    return entry.password or ""


def _dkim(source: Source, found: ConfigFile, folder: Path) -> tuple[Dkim | None, list[Mistake]]:
    """Look at each key's file; what is in it is read when the service starts (dkim_keys.py)."""
    if found.dkim is None:
        return None, []
    keys: list[DkimKey] = []
    mistakes: list[Mistake] = []
    entries = [(found.dkim, ("dkim",))] + (
        [(found.dkim.ed25519, ("dkim", "ed25519"))] if found.dkim.ed25519 else []
    )
    for entry, path in entries:
        file = folder / entry.key_file if entry.key_file else dkim_key_file(folder, entry.selector)
        if (fault := not_secret(file)) is not None:
            mistakes.append(source.mistake((*path, "key_file" if entry.key_file else "selector"), fault))
        keys.append(DkimKey(entry.selector, file))
    each = found.dkim.sign == "copies"
    if not each and found.web_url and not found.dkim.ed25519:
        sentence = (
            "one click (web_url) needs a signature of each copy's own over its List-Unsubscribe (RFC 8058); "
            "add ed25519, or write copies"
        )
        mistakes.append(source.mistake(("dkim", "sign"), sentence))
    if found.dkim.arc and found.authenticate.by != "check":
        sentence = "a seal says what we found out about a mail; write `authenticate: check`, or leave arc to your MTA"
        mistakes.append(source.mistake(("dkim", "arc"), sentence))
    signing = found.dkim.domain or found.domain
    if found.dkim.complaints and not f".{found.domain}".endswith(f".{signing}"):
        sentence = (
            f"providers believe it only where the signing domain is {found.domain} or above it, not {signing}"
        )
        mistakes.append(source.mistake(("dkim", "complaints"), sentence))
    return Dkim(signing, tuple(keys), each, found.dkim.arc, found.dkim.complaints), mistakes


def _readable_passwords(source: Source, file: Path) -> list[Mistake]:
    """Refuse passwords written into a file that everybody may read (promises.md I31)."""
    if not others_may_read(file):
        return []
    shut = f"a password stands in a file that everybody on this machine may read; run `chmod 600 {file}`"
    paths = [path for path, text in source.texts() if path[-1] == "password" or _PASSWORD_IN_URL.match(text)]
    return [
        source.mistake(path, f"{shut} or use password_file" if path[-1] == "password" else shut)
        for path in paths
    ]
