"""The service's configuration: config/mailbot.yaml, checked whole and turned into one frozen value."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from datetime import time as clock
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from mailbot.core.calendar import Days, OfficeCalendar
from mailbot.core.mail.address import valid_address
from mailbot.core.mail.pace import UNPACED, Pace
from mailbot.core.mail.relay import Relay, parse_relay
from mailbot.core.mail.written_date import read_written
from mailbot.core.members.trouble import Limits
from mailbot.core.mistake import Mistake, Mistakes
from mailbot.folder.holidays import is_holiday, with_published
from mailbot.folder.yaml_source import FileModel, Line, Source, listed, read_yaml, said, validate

_DEFAULT_FILE = Path("config/mailbot.yaml")
_KEY_FILE = "data/secret.key"
_KEY_BYTES = 32
# RFC 1035 2.3.1
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_PASSWORD_IN_URL = re.compile(r"[a-z+]+://[^/@:]*:[^/@]+@")

Address = tuple[str, int]  # host, port; port 0 takes any free one
Network = IPv4Network | IPv6Network
Language = Literal["ja", "en"]


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
    people: tuple[
        tuple[Source, tuple[str | int, ...], str], ...
    ] = ()  # office, desk and witnesses, with their place
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


def secret_key(config: Config) -> bytes:
    """Return the key that signs the service's own addresses. Raises Mistakes when it is missing or not secret."""
    path = config.folder / _KEY_FILE
    make = f"write 64 random hexadecimal digits into it (mode 600), or copy it from the other node or the backup: {path}"
    try:
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        raise Mistakes([_of_key(f"there is no secret key; `mailbot init` makes one; {make}")]) from None
    except OSError as error:
        raise Mistakes([_of_key(f"cannot be read: {error.strerror}")]) from None
    except ValueError:
        raise Mistakes([_of_key(f"this is not a key; {make}")]) from None
    if len(key) != _KEY_BYTES:
        raise Mistakes([_of_key(f"the key has {len(key)} bytes and needs {_KEY_BYTES}; {make}")])
    if _others_may_read(path):
        raise Mistakes([_of_key(f"everybody on this machine may read the key; run `chmod 600 {path}`")])
    return key


def write_secret_key(folder: Path, key: bytes) -> Path:
    """Write the key of a new working folder where only its owner can read it; never over an old one."""
    path = folder / _KEY_FILE
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
    return path


def dkim_key_file(folder: Path, selector: str) -> Path:
    """Return where a key lies whose file the configuration does not name."""
    return folder / "data" / "dkim" / f"{selector}.key"


def _of_key(sentence: str) -> Mistake:
    return Mistake(_KEY_FILE, 1, 1, "file", sentence)


# -- what each value must look like ------------------------------------------------------------------------------


def domain(text: str) -> str:
    """Return the domain in lower case. Raises our own sentence when it is none."""
    lower = text.strip().lower()
    if len(lower) > 253 or not _DOMAIN.fullmatch(lower):
        raise said(f"{text!r} is not a domain such as ml.example.jp")
    return lower


def selector(text: str) -> str:
    """Return the DKIM selector in lower case. Raises our own sentence when it is none."""
    lower = text.strip().lower()
    if len(lower) > 63 or not _DOMAIN.fullmatch(lower):
        raise said(f"{text!r} is not a selector such as 2026a: letters, digits and hyphens")
    return lower


def address(text: str) -> str:
    """Return the mail address. Raises our own sentence when it is none."""
    if not valid_address(text):
        raise said(f"{text!r} is not a mail address such as jimukyoku@example.jp")
    return text


def _tls(value: object) -> object:
    """Return what YAML's words for yes and no say, and `starttls` as it is."""
    if isinstance(value, bool) or value == "starttls":
        return value
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise said(f"must be true, starttls or false, not {value!r}")
    return words[str(value).lower()]


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (OSError, ValueError, KeyError):  # as zoneinfo reports folders, odd characters and unknown names
        raise said(f"{value!r} is not a time zone such as Asia/Tokyo") from None


def _listen(value: object) -> Address:
    found = _LISTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or int(found[2]) > 65_535:
        shown = repr(value) if isinstance(value, str) else "this"
        raise said(f"{shown} is not host:port such as 127.0.0.1:8025")
    return found[1].strip("[]"), int(found[2])


def _public_url(text: str) -> str:
    url = urlsplit(text)
    sound = text.isascii() and text.isprintable() and not re.search(r"[\s<>\"]", text)
    if (
        not sound
        or url.scheme != "https"
        or not url.hostname
        or url.query
        or url.fragment
        or "@" in url.netloc
    ):
        raise said(f"{text!r} is not an https address such as https://ml.example.jp (RFC 8058 wants TLS)")
    return text.rstrip("/")


def _time_of_day(text: str) -> str:
    if re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", text) is None:
        raise said(f"{text!r} is not a time of day; write HH:MM, such as 17:00")
    return text


_MONTH_DAY = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})")
_UNTIL = re.compile(r"\s*(?:\bto\b|〜|～|から)\s*")


def _days(value: object) -> Days:
    """Read 2026-08-13, 08-13 (of every year), and a span of either: 08-13 to 08-15."""
    ends = _UNTIL.split(value.strip().removesuffix("まで")) if isinstance(value, str) else []
    if not 1 <= len(ends) <= 2:
        raise said("must be a day or a span such as 2026-08-13, 08-13, or 08-13 to 08-15")
    first, last = _end_of_span(ends[0]), _end_of_span(ends[-1])
    if isinstance(first, date) != isinstance(last, date):
        raise said(f"{value!r}: write the year at both ends, or at neither")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        raise said(f"{value!r} ends before it starts")
    return Days(first, last)


def _end_of_span(text: str) -> date | tuple[int, int]:
    if (found := _MONTH_DAY.fullmatch(text)) is not None:
        month, day = int(found[1]), int(found[2])
        try:
            date(2028, month, day)  # a leap year: 02-29 exists
        except ValueError:
            raise said(f"{text!r} does not exist in the calendar") from None
        return month, day
    try:
        written = read_written(text)
    except ValueError as error:
        raise said(str(error)) from None
    if written is None or written.time is not None:
        raise said(f"{text!r} is not a day; write YYYY-MM-DD, or MM-DD for every year")
    return written.day


def _season(value: object) -> Days | None:
    return None if value == "off" else _days(value)


def _office_hours(value: object) -> tuple[clock, clock]:
    first, _, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    hours = clock.fromisoformat(_time_of_day(first.strip())), clock.fromisoformat(_time_of_day(last.strip()))
    if hours[1] <= hours[0]:
        raise said(f"{value!r} ends before it starts")
    return hours


def _network(value: object) -> Network:
    try:
        return ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise said(f"{value!r} is no network such as 127.0.0.0/8 or 2001:db8::5") from None


def _authenticate(value: object) -> object:
    return {"by": value} if isinstance(value, str) else value


def _time_or_off(text: str) -> str:
    return text if text == "off" else _time_of_day(text)


def _relays(value: object) -> object:
    if value == []:
        raise said("names no relay; write one such as smtp://127.0.0.1:25 or maildir:data/outgoing")
    return listed(value)


def _relay(url: object, info: ValidationInfo) -> Relay:
    folder = (info.context or {})["folder"]
    if not isinstance(url, str):
        raise said("each relay must be text such as smtp://127.0.0.1:25")
    try:
        relay = parse_relay(url)
        if relay.path is not None:
            return replace(relay, path=folder / relay.path)
        if relay.password_file is not None:
            return replace(relay, password=_password_in(folder / relay.password_file))
    except _NoPassword as fault:
        raise said(fault.sentence) from None
    except ValueError as error:
        raise said(str(error)) from None
    return relay


def _database(text: str) -> str:
    if text.startswith("sqlite:"):
        if not text.removeprefix("sqlite:").strip("/"):
            raise said("sqlite: needs a file name, such as sqlite:data/mailbot.db")
        return text
    url = urlsplit(text)
    if url.scheme not in {"postgresql", "postgresql+psycopg"}:
        raise said("must be sqlite:FILE or postgresql://user@host/name")
    if not url.path.strip("/"):
        raise said("names no database; write postgresql://user@host/name")
    return text


def _database_url(text: str, folder: Path) -> str:
    """Return SQLAlchemy's form of the URL."""
    if text.startswith("sqlite:"):
        return f"sqlite:///{(folder / text.removeprefix('sqlite:')).absolute()}"
    return "postgresql+psycopg:" + text.partition(":")[2]


Domain = Annotated[str, AfterValidator(domain)]
Selector = Annotated[str, AfterValidator(selector)]
PerMinute = Annotated[int, Field(ge=1, le=10_000_000)]
MailAddress = Annotated[str, AfterValidator(address)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Listen = Annotated[Address, BeforeValidator(_listen)]
NetworkText = Annotated[Network, BeforeValidator(_network)]
NextHop = Annotated[Any, BeforeValidator(_relay)]
Tls = Annotated[bool | Literal["starttls"], BeforeValidator(_tls)]
Zone = Annotated[Any, BeforeValidator(_zone)]
DaysOff = Annotated[Any, BeforeValidator(_days)]


class ImapFile(FileModel):
    """One entry of receive.imap."""

    host: Line
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    tls: Tls | None = None
    user: Line
    password: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    folder: Line = "INBOX"
    address: MailAddress | None = None


class ReceiveFile(FileModel):
    """Where mail comes in."""

    smtp: Listen | None = None
    lmtp: Listen | None = None
    imap: tuple[ImapFile, ...] = ()


class PaceFile(FileModel):
    """How fast copies leave, in copies a minute."""

    all: PerMinute | None = None
    domains: dict[Domain, PerMinute] | None = None


class DkimKeyFile(FileModel):
    """A key, as a person writes it."""

    selector: Selector
    key_file: str | None = None


class DkimFile(DkimKeyFile):
    """The signing of outgoing mail."""

    domain: Domain | None = None
    ed25519: DkimKeyFile | None = None
    sign: Literal["copies", "mailings"] = "copies"
    arc: bool = False
    complaints: bool = False


class AuthenticateFile(FileModel):
    """Who finds out whether a mail comes from its From."""

    by: Literal["header", "check"] = "header"
    mta: Annotated[tuple[NetworkText, ...], BeforeValidator(listed)] = (
        ip_network("127.0.0.0/8"),
        ip_network("::1"),
    )
    resolver: Listen | None = None
    sealers: Annotated[tuple[Domain, ...], BeforeValidator(listed)] = ()


class BouncesFile(FileModel):
    """When an address whose mail comes back is asked, and when its list mail stops."""

    probe_at: Annotated[float, Field(ge=0.25, le=100)] = 2.0
    half_life_days: Annotated[int, Field(ge=1, le=3_650)] = 60
    probe_days: Annotated[int, Field(ge=1, le=60)] = 7


class ConfigFile(FileModel):
    """config/mailbot.yaml as a person writes it, with the default of each option."""

    domain: Domain = ""
    reply_domain: Domain | None = None
    former_domains: Annotated[tuple[Domain, ...], BeforeValidator(listed)] = ()
    association: str = ""
    office: MailAddress = ""
    witnesses: Annotated[tuple[MailAddress, ...], BeforeValidator(listed)] = ()
    digest_at: Annotated[str, AfterValidator(_time_of_day)] = "17:00"
    plan_at: Annotated[str, AfterValidator(_time_or_off)] = "08:30"
    daily_at: Annotated[str, AfterValidator(_time_or_off)] = "off"
    desk: Annotated[tuple[MailAddress, ...], BeforeValidator(listed)] = ()
    timezone: Zone = ZoneInfo("Asia/Tokyo")
    language: Language = "ja"
    authserv_id: Domain | None = None
    authenticate: Annotated[AuthenticateFile, BeforeValidator(_authenticate)] = AuthenticateFile()
    database: Annotated[str, AfterValidator(_database)] = "sqlite:data/mailbot.db"
    receive: ReceiveFile = ReceiveFile()
    max_size: Annotated[int, Field(ge=65_536, le=104_857_600)] = 26_214_400
    spam_score: Annotated[float, Field(gt=0, le=1000)] | None = None
    relay: Annotated[tuple[NextHop, ...], BeforeValidator(_relays), Field(validate_default=True)] = (
        "maildir:data/outgoing",
    )
    relay_connections: Annotated[int, Field(ge=1, le=100)] = 20
    pace: PaceFile | None = None
    dkim: DkimFile | None = None
    bounces: BouncesFile = BouncesFile()
    web: Listen | None = None
    web_url: PublicUrl | None = None
    holidays: Line | None = None
    closed: Annotated[tuple[DaysOff, ...], BeforeValidator(listed)] = ()
    hours: Annotated[Any, BeforeValidator(_office_hours), Field(validate_default=True)] = "08:00-20:00"
    quiet: bool = False
    no_reminders: Annotated[Any, BeforeValidator(_season), Field(validate_default=True)] = "03-25 to 04-10"


# -- between the values --------------------------------------------------------------------------------------------


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
        return with_published(calendar, path.read_bytes()), []
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
        except _NoPassword as fault:
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


class _NoPassword(Exception):  # noqa: N818  never leaves this file
    def __init__(self, sentence: str, *key: str) -> None:
        self.sentence = sentence
        self.key = key


def _password(entry: ImapFile, folder: Path, environ: Mapping[str, str]) -> str:
    stated = [
        name for name in ("password", "password_file", "password_env") if getattr(entry, name) is not None
    ]
    if len(stated) != 1:
        raise _NoPassword("needs exactly one of password_file, password_env and password")
    if entry.password_env is not None:
        if entry.password_env not in environ:
            raise _NoPassword(f"the environment has no {entry.password_env}", "password_env")
        return environ[entry.password_env]
    if entry.password_file is not None:
        return _password_in(folder / entry.password_file)
    return entry.password or ""


def _password_in(path: Path) -> str:
    try:
        if _others_may_read(path):
            raise _NoPassword(
                f"everybody on this machine may read {path}; run `chmod 600 {path}`", "password_file"
            )
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise _NoPassword(f"{path} cannot be read: {error.strerror}", "password_file") from None
    except UnicodeDecodeError:
        raise _NoPassword(f"{path} is not UTF-8 text", "password_file") from None


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
        if (fault := _not_secret(file)) is not None:
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


def _not_secret(file: Path) -> str | None:
    """Return what is wrong with the file of a secret, whatever is in it; None: nothing."""
    try:
        if _others_may_read(file):
            return f"everybody on this machine may read {file}; run `chmod 600 {file}`"
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}; `mailbot dkim make` makes a key"
    return None


def _readable_passwords(source: Source, file: Path) -> list[Mistake]:
    """Refuse passwords written into a file that everybody may read (promises.md I31)."""
    if not _others_may_read(file):
        return []
    shut = f"a password stands in a file that everybody on this machine may read; run `chmod 600 {file}`"
    paths = [path for path, text in source.texts() if path[-1] == "password" or _PASSWORD_IN_URL.match(text)]
    return [
        source.mistake(path, f"{shut} or use password_file" if path[-1] == "password" else shut)
        for path in paths
    ]


def _others_may_read(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH)
