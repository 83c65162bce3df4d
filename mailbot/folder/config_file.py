"""What config/mailbot.yaml may hold, key by key, with the default of each option."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from datetime import time as clock
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from mailbot.core.calendar import Days, Language
from mailbot.core.mail.address import valid_address
from mailbot.core.mail.written_date import read_written
from mailbot.core.transfer.relay import Relay, parse_relay
from mailbot.folder.secret_files import NoPassword, password_in
from mailbot.folder.yaml_source import FileModel, Line, listed, said

Address = tuple[str, int]  # host, port; port 0 takes any free one
Network = IPv4Network | IPv6Network

# RFC 1035 2.3.1
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_MONTH_DAY = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})")  # of every year
_UNTIL = re.compile(r"\s*(?:\bto\b|〜|～|から)\s*")  # between the ends of a span


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
            return replace(relay, password=password_in(folder / relay.password_file))
    except NoPassword as fault:
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


Domain = Annotated[str, AfterValidator(domain)]
Selector = Annotated[str, AfterValidator(selector)]
PerMinute = Annotated[int, Field(ge=1, le=10_000_000)]
MailAddress = Annotated[str, AfterValidator(address)]
MailAddresses = Annotated[tuple[MailAddress, ...], BeforeValidator(listed)]  # or one alone
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
    witnesses: MailAddresses = ()
    digest_at: Annotated[str, AfterValidator(_time_of_day)] = "17:00"
    plan_at: Annotated[str, AfterValidator(_time_or_off)] = "08:30"
    daily_at: Annotated[str, AfterValidator(_time_or_off)] = "off"
    desk: MailAddresses = ()
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
