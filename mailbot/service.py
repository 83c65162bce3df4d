"""The composition root: builds each part in start order, runs until SIGTERM, stops in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from mailbot import log
from mailbot.clock_watch import ClockWatch
from mailbot.core.office.lapse import ClockReading
from mailbot.core.refusal import Refusal
from mailbot.core.senders.dkim import Signer
from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.doors import Door, open_for_mail, open_pages, watch_mailbox
from mailbot.flows.check_senders import SenderChecking
from mailbot.flows.lists.queue_rest import queue_rest
from mailbot.flows.office.keep_pulse import keep_pulse
from mailbot.flows.read_mail import AT_ONCE, make_ready, read_waiting
from mailbot.flows.receive_mail import Intake
from mailbot.flows.runs.keep_up import keep_up
from mailbot.flows.runs.run_due import nothing_before, run_due
from mailbot.flows.sending.deliver_outbox import Delivery
from mailbot.folder.config import Config
from mailbot.folder.dkim_keys import load_signer
from mailbot.folder.serve_lock import node_name, only_one
from mailbot.formats.backup_file import held_since
from mailbot.installation import clock, make_site, open_database
from mailbot.schedule import Bell, Lull
from mailbot.sender_lookup import make_sender_check
from mailbot.site import Site
from mailbot.store.database import SCHEMA, Database, schema_of
from mailbot.store.mail import sender_checks
from mailbot.store.sending import fan_outs
from mailbot.workers import Ties, ending_signals, keep_workers, share_out

ROLES = ("receive", "process", "deliver", "schedule", "web")
_OPEN_WHILE_HELD = frozenset({"receive", "web"})  # after a restore, until a person has let the rest go on
_DRAIN_SECONDS = 10.0
_POLL_SECONDS = 1.0  # for what other processes and nodes put into the database
_LOOK_ANYWAY_SECONDS = 30.0  # where nobody has written and nothing is due
_RETRY_SECONDS = 2.0  # while the database is away
_AT_ONE_MOMENT = 0.1  # seconds between the readings of two clocks
_GATHER_SECONDS = 0.25  # after few mails were read: what comes meanwhile shares commits and connections
_LET_OTHERS_SECONDS = 0.05  # before each further chunk of a large post: others write, the first copies leave
_LARGE_BLOCK = 1_048_576  # bytes: larger ones the system gives and takes back one by one
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)


class _Pulse:
    """When the schedule was last looked at."""

    def __init__(self) -> None:
        self.at: datetime | None = None

    def beat(self) -> None:
        self.at = clock()


def both_clocks() -> ClockReading:
    """Return the time beside a clock that nobody sets; on Linux it goes on while the machine sleeps."""
    steady = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    while True:
        before, wall = steady(), clock()
        if steady() - before < _AT_ONE_MOMENT:  # a process that is paused between the two would see a jump
            return ClockReading(wall, before)


def make_signers(config: Config) -> tuple[Signer, ...]:
    """Return what signs outgoing mail. Raises Refusal when a key cannot be used."""
    if config.dkim is None:
        return ()
    signers = [load_signer(key.file, config.dkim.domain, key.selector) for key in config.dkim.keys]
    return (replace(signers[0], shared=not config.dkim.each), *signers[1:])


async def serve(config: Config, roles: frozenset[str]) -> None:
    """Run the service in this process until SIGTERM or SIGINT. Raises Refusal when it cannot start."""
    with only_one(config.folder):
        await _work(config, _open_roles(config, roles), Ties())


def serve_in_workers(
    config: Config, roles: frozenset[str], workers: int, run: Callable[[Coroutine[None, None, None]], None]
) -> int:
    """Run the service in so many processes, each in a loop that `run` makes, until SIGTERM or SIGINT.

    Returns the exit status. Raises Refusal when it cannot start.
    """
    with only_one(config.folder):
        shares = share_out(_open_roles(config, roles), workers)
        # Its tables are brought up to date once, not by all at the same time.
        open_database(config, serves=True).close()
        gc.freeze()  # what is loaded by now stays, and its pages are shared

        def work(share: frozenset[str], ties: Ties) -> None:
            os.environ.pop("NOTIFY_SOCKET", None)  # systemd hears the parent alone
            run(_work(config, share, ties))

        return keep_workers(
            shares,
            work,
            ready=partial(_tell_systemd, "READY=1"),
            stopping=partial(_tell_systemd, "STOPPING=1"),
        )


def _open_roles(config: Config, roles: frozenset[str]) -> frozenset[str]:
    """Return which of the roles may be taken up now: after a restore, few."""
    if (moment := held_since(config.folder)) is None:
        return roles
    log.event("service.held", level="warning", backup=moment, next="mailbot resume")
    return roles & _OPEN_WHILE_HELD


async def _work(config: Config, roles: frozenset[str], ties: Ties) -> None:
    """Do the work of these roles until SIGTERM, SIGINT or SIGHUP, or until the parent is gone.

    Raises Refusal when it cannot start, and when a newer version has changed the database meanwhile.
    """
    _return_large_blocks()
    site = make_site(config)
    database = await asyncio.to_thread(open_database, config, serves=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)
    ties.outlive_no_parent(stop.set)
    outgrown = asyncio.create_task(_outgrown(database, stop))
    begun = False
    try:
        async with _parts(config, site, database, roles, stop, ties):
            # What is loaded by now stays: a collection in the middle of a fan-out (50 ms) need not walk it. A start looks for
            # no cycles (cli/__init__.py): those that it left go first.
            gc.collect()
            gc.freeze()
            # Nearly nothing of a mail is a cycle: at Python's own 700 a tenth of reading went into looking.
            gc.set_threshold(20_000, 20, 50)
            log.event("service.ready", roles=",".join(sorted(roles)), node=node_name(config.folder))
            _tell_systemd("READY=1")
            ties.say_ready()
            begun = True
            await stop.wait()
            log.event("service.stopping")
            _tell_systemd("STOPPING=1")
    finally:
        outgrown.cancel()
        await asyncio.to_thread(database.close)
        if begun:  # what could not start has nothing to say but why
            log.event("service.stopped")
    if outgrown.done() and not outgrown.cancelled():
        raise Refusal(
            f"a newer mailbot has changed the tables of the database ({outgrown.result()}, this one knows {SCHEMA}) while "
            "this service ran, so it has stopped; install the newer version here, too, and start it"
        )


def _return_large_blocks() -> None:
    """Let the memory of a long mail go back to the system as soon as it is free, where the C library can be told so.

    By itself glibc keeps blocks of a size that was freed once, up to 32 MiB, among the small ones, in each thread's own
    heap: a post of 20 MB then took twice the memory that it is in, and half of that stayed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE_BLOCK)  # as glibc itself would choose it beside the other


async def _outgrown(database: Database, stop: asyncio.Event) -> str:
    """Stop the service, and return their form, when the tables are no longer those that it knows.

    On another node, or before this one was stopped, an upgrade was begun: what we do not know of could be lost.
    """
    while True:
        await asyncio.sleep(_LOOK_ANYWAY_SECONDS)
        with contextlib.suppress(StorageFull, StorageUnavailable):  # whoever has work says so
            form = await database.reading(schema_of)
            if form is not None and form != SCHEMA:
                stop.set()
                return form


@contextlib.asynccontextmanager
async def _parts(
    config: Config, site: Site, database: Database, roles: frozenset[str], stop: asyncio.Event, ties: Ties
) -> AsyncIterator[None]:
    """Start each part; at the end stop them in reverse: first the doors, then what works on the mail."""
    delivery = _make_delivery(config, site, database)
    something_to_read = asyncio.Event()
    check = make_sender_check(config)
    checking = SenderChecking(database, check, clock, something_to_read.set) if check is not None else None
    wake_reading = something_to_read.set if checking is None else checking.wake
    wake_reading = ties.wakes("process", wake_reading if "process" in roles else None)
    wake_sending = ties.wakes("deliver", delivery.wake if "deliver" in roles else None)
    intake = Intake(database, clock, wake_reading, check=checking is not None)
    pulse = _Pulse()
    # Opened first, since a port that is taken lets nothing begin; drained first, since what comes in gives work to all others.
    doors: list[Door] = []
    if "receive" in roles:
        doors += await open_for_mail(config, site, database, intake)
    if "web" in roles:
        senders = checking.counts if checking is not None else None
        doors += await open_pages(config, site, database, wake_sending, lambda: pulse.at, senders)
    async with asyncio.TaskGroup() as tasks, contextlib.AsyncExitStack() as ends:

        def keep(work: Callable[[], Awaitable[None]]) -> None:
            ends.callback(tasks.create_task(_keep(work, stop)).cancel)

        if "deliver" in roles:
            sending = partial(_keep, partial(delivery.run, _LOOK_ANYWAY_SECONDS), stop)
            ends.push_async_callback(_end_sending, delivery, tasks.create_task(_in_own_thread(sending)))
        if "process" in roles:
            if checking is not None:
                keep(checking.run)
            keep(
                partial(_read, database, site, something_to_read, wake_sending, checked=checking is not None)
            )
        due, kept = Lull(), Lull()
        keep(partial(_notice, database, (something_to_read.set, delivery.wake, due.written, kept.written)))
        if "schedule" in roles:
            bell = _make_bell(database, site, wake_sending, pulse, due, kept)
            pulse.beat()
            bell.start(clock)
            ends.push_async_callback(bell.stop, _DRAIN_SECONDS)
        if "receive" in roles:
            ends.callback(tasks.create_task(intake.run()).cancel)
            for source in config.imap:
                mailbox = tasks.create_task(watch_mailbox(source, config, site, database, intake, stop))
                ends.push_async_callback(asyncio.wait, {mailbox})  # it ends by `stop`
        ends.push_async_callback(_drain, doors)
        yield


async def _drain(doors: Sequence[Door]) -> None:
    """Take nothing new, and let what is being handed in end."""
    await asyncio.gather(*(door.drain(_DRAIN_SECONDS) for door in doors))


async def _end_sending(delivery: Delivery, sending: asyncio.Task[None]) -> None:
    """Let what is under way to the relay end, and be saved, within the time that a part has for it."""
    until = asyncio.get_running_loop().time() + _DRAIN_SECONDS
    delivery.stop()
    await asyncio.wait({sending}, timeout=_DRAIN_SECONDS)
    if sending.done():
        await delivery.save_the_rest(until)
    sending.cancel()


def _make_delivery(config: Config, site: Site, database: Database) -> Delivery:
    return Delivery(
        database,
        key=site.key,
        domain=site.domain,
        relays=config.relay,
        connections=config.relay_connections,
        owner=node_name(config.folder),
        clock=clock,
        signers=make_signers(config),
        pace=config.pace,
    )


def _make_bell(
    database: Database, site: Site, wake_sending: Callable[[], None], pulse: _Pulse, due: Lull, kept: Lull
) -> Bell:
    look_after = partial(_look_after, ClockWatch(both_clocks))
    return Bell(
        partial(_scan, _look_at_runs, due, database, site, wake_sending, pulse.beat),
        partial(_scan, look_after, kept, database, site, wake_sending),
    )


async def _in_own_thread(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a part in a thread with an event loop of its own: it may wait for the disk, and keeps nobody else waiting."""
    here = asyncio.get_running_loop()
    loop = type(here)()
    task = loop.create_task(work())

    def run() -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        finally:
            loop.close()

    thread = here.run_in_executor(None, run)
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        with contextlib.suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(task.cancel)
        await thread
        raise


async def _keep(work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run a part for ever; while the database is away it waits and begins again (I26)."""
    while not stop.is_set():
        try:
            await work()
        except (StorageUnavailable, StorageFull) as away:
            log.event("database.away", level="warning", reason=away, next_try_seconds=_RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)
        except Exception as error:  # noqa: BLE001  our own fault; nothing is lost by beginning again, all by ending
            log.event("service.part_failed", level="error", error=error, next_try_seconds=_RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)


async def _read(
    database: Database,
    site: Site,
    arrived: asyncio.Event,
    wake_delivery: Callable[[], None],
    *,
    checked: bool,
) -> None:
    """Read what lies in the inbox, as it comes, and queue posts to large lists on, a chunk after each few mails.

    Where nobody looks at senders any more (`checked`), what waits for that is read without.
    """
    if not checked and (released := await database.writing(sender_checks.release)):
        log.event("sender.unchecked", level="warning", mails=released, reason="authenticate: header")
    await database.reading(make_ready)
    while True:
        arrived.clear()
        while True:
            found = await database.in_thread(read_waiting, database, site, clock)
            if found:
                wake_delivery()
            if await database.reading(fan_outs.waiting):
                await asyncio.sleep(_LET_OTHERS_SECONDS)
                await database.in_thread(queue_rest, database)
                wake_delivery()
            elif not found:
                break
            elif found < AT_ONCE:
                await asyncio.sleep(_GATHER_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_ANYWAY_SECONDS):
                await arrived.wait()


async def _notice(database: Database, wakes: Sequence[Callable[[], None]]) -> None:
    """Wake who waits when anybody has written: other processes and nodes do not say so themselves."""
    while True:
        if await database.in_thread(database.written):
            for wake in wakes:
                wake()
        await asyncio.sleep(_POLL_SECONDS)


def _look_at_runs(database: Database, site: Site, now: datetime) -> tuple[int, datetime]:
    """Do what is due; returns how much was done, and until when time alone brings nothing more."""
    settled = run_due(database, site, now)
    with database.read() as connection:
        return settled, nothing_before(connection, site, now)


def _look_after(watch: ClockWatch, database: Database, site: Site, now: datetime) -> tuple[int, datetime]:
    """Say that the service works, and keep up with what follows from time alone; returns what `_look_at_runs` does.

    What goes by days may wait a little; what has a time of day has a whole minute, and is looked for as it begins.
    """
    told = keep_pulse(database, site, now, watch.look())
    watch.kept()
    done = told + keep_up(database, site, now)
    minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return done, min(minute, now + timedelta(seconds=_LOOK_ANYWAY_SECONDS))


async def _scan(
    look: Callable[[Database, Site, datetime], tuple[int, datetime]],
    lull: Lull,
    database: Database,
    site: Site,
    wake_delivery: Callable[[], None],
    looked: Callable[[], None] = lambda: None,
) -> None:
    """Look once for what has become due, unless nothing can have."""
    now = clock()
    try:
        if not lull.lasts(now):
            lull.looking()
            done, until = await database.in_thread(look, database, site, now)
            lull.looked(now, until)
            if done:
                wake_delivery()
        looked()
    except (StorageUnavailable, StorageFull) as away:
        log.event("database.away", level="warning", reason=away)
    except Exception as error:  # noqa: BLE001  one job that fails must not silence the others' bell
        log.event("schedule.failed", level="error", error=error)


def _tell_systemd(state: str) -> None:
    """Tell systemd how we are (sd_notify(3)); nothing when it did not start us."""
    target = os.environ.get("NOTIFY_SOCKET", "")
    if target:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, contextlib.suppress(OSError):
            notify.connect("\0" + target[1:] if target.startswith("@") else target)
            notify.sendall(state.encode())
