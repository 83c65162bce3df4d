"""The doors by which mail and readers come in: SMTP, LMTP, mailboxes read by IMAP, and the pages."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal, Protocol

from mailbot import log
from mailbot.core.refusal import Refusal
from mailbot.flows.know_recipient import Directory
from mailbot.flows.receive_mail import Intake
from mailbot.folder.config import Config, ImapSource
from mailbot.installation import clock
from mailbot.net import imap_client, smtp_server
from mailbot.resources import templates_folder
from mailbot.site import Site
from mailbot.store.database import Database

_OTHER_FILES = 80  # descriptors that the database, the relay's connections and the pages may want
_FEWEST = 10  # connections


class Door(Protocol):
    """What listens for others to come."""

    async def drain(self, seconds: float, /) -> None:
        """Take nothing new, and let what is under way end within so many seconds."""


async def open_for_mail(config: Config, site: Site, database: Database, intake: Intake) -> list[Door]:
    """Listen for SMTP and LMTP, where the configuration wants them. Raises Refusal when a port cannot be had."""
    knows = Directory(database, site).knows
    limits = smtp_server.SmtpLimits(size=config.max_size)
    limits = replace(limits, connections=_as_many_as_there_are_files(limits.connections))
    doors: list[Door] = []
    wanted: tuple[tuple[Literal["smtp", "lmtp"], tuple[str, int] | None], ...] = (
        ("smtp", config.smtp),
        ("lmtp", config.lmtp),
    )
    for protocol, address in wanted:
        if address is None:
            continue
        try:
            door = await smtp_server.listen(
                *address,
                protocol=protocol,
                hostname=site.domain,
                receive=intake.receive,
                knows=knows,
                limits=limits,
            )
        except OSError as error:
            raise _not_to_be_had(f"receive.{protocol}", address, error, config) from error
        log.event("door.open", protocol=protocol, address=f"{address[0]}:{address[1]}")
        doors.append(door)
    return doors


def _as_many_as_there_are_files(wanted: int) -> int:
    """Return how many connections this process may have open, and let it have more where the system allows that.

    Without a descriptor no client could even be told 421; what is read and sent meanwhile would fail for want of one, too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = min(wanted, max(soft - _OTHER_FILES, _FEWEST))
    if room < wanted:
        log.event("door.few_files", level="warning", files=soft, connections=room, wanted=wanted)
    return room


async def open_pages(
    config: Config,
    site: Site,
    database: Database,
    wake_delivery: Callable[[], None],
    looked: Callable[[], datetime | None],
    senders: Mapping[str, int] | None,
) -> list[Door]:
    """Listen for HTTP, where the configuration wants pages; `looked`: when the schedule was last looked at.

    Raises Refusal when the port cannot be had.
    """
    if (address := config.web) is None:
        return []
    # Only where there are pages: their libraries take 10 MB and a quarter of a second.
    from mailbot.web.listener import listen  # noqa: PLC0415
    from mailbot.web.pages import application  # noqa: PLC0415
    from mailbot.web.paper import Corner  # noqa: PLC0415

    corner = Corner(
        database,
        site,
        clock,
        wake_delivery=wake_delivery,
        last_tick=looked,
        templates=templates_folder(),
        senders=senders,
    )
    try:
        door = await listen(*address, application(corner))
    except OSError as error:
        raise _not_to_be_had("web", address, error, config) from error
    log.event("door.open", protocol="http", address=f"{address[0]}:{door.port}")
    return [door]


async def watch_mailbox(
    source: ImapSource, config: Config, site: Site, database: Database, intake: Intake, stop: asyncio.Event
) -> None:
    """Fetch what comes into a mailbox of another server, until `stop`."""
    account = imap_client.ImapAccount(
        host=source.host,
        user=source.user,
        password=source.password,
        port=source.port,
        tls=source.tls,
        folder=source.folder,
        address=source.address,
    )
    await imap_client.watch(
        account,
        receive=intake.receive,
        knows=Directory(database, site).knows,
        stop=stop,
        max_size=config.max_size,
        domains={config.domain.lower(), config.reply_domain.lower()},
    )


def _not_to_be_had(option: str, address: tuple[str, int], error: OSError, config: Config) -> Refusal:
    """Say in a sentence which port cannot be listened on, why, and what to do."""
    # What asyncio says of it names the address once more, and the reason as a part of that.
    named = isinstance(error, socket.gaierror) or error.errno is None
    why = (error.strerror or str(error)) if named else os.strerror(error.errno or 0)
    do = "choose another address"
    if error.errno == errno.EADDRINUSE:
        do = "end the program that listens there, or choose another port"
    return Refusal(f"{option}: {address[0]}:{address[1]} cannot be listened on: {why}; {do} in {config.file}")
