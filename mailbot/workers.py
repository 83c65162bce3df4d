"""One `serve` as several processes: each has its share of the roles, wakes the others, and is begun anew when it dies.

The parent takes no part in the work: it holds the folder, forks the workers before any of them has a thread or a
connection, and hands signals on. What they share is the database alone, as nodes do; a byte in a pipe says that there
is something in it, so that nobody waits for the next look. Who misses the byte looks by himself within a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mailbot import log

MOST = 3
# Who asks is woken by whoever stores: the pages show when the schedule last looked and how senders are looked at, so
# these three stay together; sending takes the most time, receiving must never wait.
_SHARES: dict[int, tuple[frozenset[str], ...]] = {
    1: (frozenset({"receive", "process", "schedule", "web", "deliver"}),),
    2: (frozenset({"receive", "process", "schedule", "web"}), frozenset({"deliver"})),
    3: (frozenset({"receive"}), frozenset({"process", "schedule", "web"}), frozenset({"deliver"})),
}
_WOKEN = ("process", "deliver")  # the roles that wait for what others store
_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
_PAUSES = (0.0, 1.0, 5.0, 30.0)  # seconds before a worker that has died so many times in a row begins anew
_STEADY_SECONDS = 60.0  # who lived so long did not die in a row
_START_SECONDS = 0.05  # how often the parent looks whether all are ready
# After that what still runs is killed: each part has its own limit, all of them together less
_STOP_SECONDS = 40.0


def share_out(roles: frozenset[str], workers: int) -> tuple[frozenset[str], ...]:
    """Return the roles of each process, for 1 to 3 of them; a share of which no role is wanted makes no process."""
    return tuple(share & roles for share in _SHARES[workers] if share & roles)


@dataclass(frozen=True)
class Ties:
    """What ties one process of a service to the others; a process alone has none."""

    # Of a role: the end it reads, and ours
    pipes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    parent: int | None = None  # a pipe that ends with the parent
    ready: tuple[int, int] | None = None  # the pipe to the parent, and who we are

    def wakes(self, role: str, ours: Callable[[], None] | None) -> Callable[[], None]:
        """Return what wakes a role: `ours` where this process has it, and then the others' bytes call it too."""
        if ours is None:
            return self.waker(role)
        self.listen(role, ours)
        return ours

    def waker(self, role: str) -> Callable[[], None]:
        """Return what tells the process of a role that there is something for it."""
        if role not in self.pipes:
            return _nobody
        end = self.pipes[role][1]

        def wake() -> None:
            with contextlib.suppress(BlockingIOError):  # a full pipe wakes him as well
                os.write(end, b"\0")

        return wake

    def listen(self, role: str, wake: Callable[[], None]) -> None:
        """Let `wake` be called, in the running loop, when another process tells this role's."""
        if role not in self.pipes:
            return
        end = self.pipes[role][0]

        def heard() -> None:
            with contextlib.suppress(BlockingIOError):
                os.read(end, 65_536)
            wake()

        asyncio.get_running_loop().add_reader(end, heard)

    def outlive_no_parent(self, stop: Callable[[], None]) -> None:
        """Let `stop` be called, in the running loop, when the parent has gone without a word."""
        if self.parent is not None:
            loop, end = asyncio.get_running_loop(), self.parent

            def gone() -> None:
                loop.remove_reader(end)
                stop()

            loop.add_reader(end, gone)

    def say_ready(self) -> None:
        """Tell the parent that every part of this process runs."""
        if self.ready is not None:
            end, number = self.ready
            os.write(end, bytes([number]))


@dataclass
class _Worker:
    roles: frozenset[str]
    pid: int | None = None
    began: float = 0.0  # monotonic seconds
    deaths: int = 0  # in a row
    due: float | None = 0.0  # when it is to begin (anew)


def keep_workers(
    shares: Sequence[frozenset[str]],
    work: Callable[[frozenset[str], Ties], None],
    *,
    ready: Callable[[], None],
    stopping: Callable[[], None],
) -> int:
    """Keep a process at work for each share of the roles until SIGTERM or SIGINT; returns the exit status.

    `work` does one share's work in a process of its own, which leaves this function by its exception or SystemExit, as
    a process alone would. One that cannot begin ends the whole service with its status; one that dies later begins anew.
    """
    parent = _Parent(work, [_Worker(share) for share in shares])
    # Taken by sigtimedwait alone: none is missed, none interrupts
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    status = parent.begin()
    if status is None:
        log.event("workers.ready", workers=len(shares))
        ready()
        status = parent.keep()
    stopping()
    parent.stop()
    return status


def ending_signals() -> frozenset[signal.Signals]:
    """Return the signals that end the service: SIGHUP, of a closed terminal, not where it is ignored, as under nohup."""
    hung_up = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else set()
    return frozenset({signal.SIGTERM, signal.SIGINT} | hung_up)


def _waited_for() -> frozenset[signal.Signals]:
    return ending_signals() | {signal.SIGCHLD}


class _Parent:
    """The process that has forked the others."""

    def __init__(self, work: Callable[[frozenset[str], Ties], None], workers: list[_Worker]) -> None:
        self._work = work
        self._workers = workers
        self._pipes = {role: os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) for role in _WOKEN}
        self._life = os.pipe2(os.O_CLOEXEC)  # the children read it; nobody ever writes
        self._ready = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def begin(self) -> int | None:
        """Begin all; returns once all are ready, or with the status of one that ended, or of a signal."""
        waited: set[int] = set(range(len(self._workers)))
        for number in waited:
            self._fork(number)
        while waited:
            got = signal.sigtimedwait(_waited_for(), _START_SECONDS)
            if got is not None and got.si_signo != signal.SIGCHLD:
                return 0
            for worker, status in self._ended():
                log.event("worker.failed", level="error", roles=_names(worker.roles), status=status)
                return status or 1
            with contextlib.suppress(BlockingIOError):
                waited -= set(os.read(self._ready[0], 256))
        return None

    def keep(self) -> int:
        """Begin each anew that dies, until a signal ends us."""
        while True:
            due = [worker.due for worker in self._workers if worker.due is not None]
            patience = max(min(due) - time.monotonic(), 0.0) if due else 3600.0
            got = signal.sigtimedwait(_waited_for(), patience)
            if got is not None and got.si_signo != signal.SIGCHLD:
                return 0
            now = time.monotonic()
            for worker, status in self._ended():
                worker.deaths = 0 if now - worker.began > _STEADY_SECONDS else worker.deaths
                pause = _PAUSES[min(worker.deaths, len(_PAUSES) - 1)]
                worker.deaths += 1
                worker.due = now + pause
                log.event(
                    "worker.died",
                    level="error",
                    roles=_names(worker.roles),
                    status=status,
                    again_seconds=pause,
                )
            for number, worker in enumerate(self._workers):
                if worker.due is not None and worker.due <= now:
                    self._fork(number)

    def stop(self) -> None:
        """End all in good order, and by force whoever does not."""
        for _, pid in self._alive():
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        while self._alive() and (left := end - time.monotonic()) > 0:
            signal.sigtimedwait(_SIGNALS, min(left, 1.0))
            self._ended()
        for worker, pid in self._alive():
            log.event("worker.killed", level="error", roles=_names(worker.roles), after_seconds=_STOP_SECONDS)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _alive(self) -> list[tuple[_Worker, int]]:
        """Return who has not ended as far as we have asked, each with its process."""
        return [(worker, worker.pid) for worker in self._workers if worker.pid is not None]

    def _ended(self) -> list[tuple[_Worker, int]]:
        """Return who has ended since the last look, with its exit status; a signal's is 128 and its number."""
        ended = []
        for worker, pid in self._alive():
            found, code = os.waitpid(pid, os.WNOHANG)
            if found:
                worker.pid = None
                exit_code = os.waitstatus_to_exitcode(code)
                ended.append((worker, exit_code if exit_code >= 0 else 128 - exit_code))
        return ended

    def _fork(self, number: int) -> None:
        worker = self._workers[number]
        pid = os.fork()
        if pid:
            worker.pid, worker.began, worker.due = pid, time.monotonic(), None
            log.event("worker.started", pid=pid, roles=_names(worker.roles))
            return
        os.close(self._life[1])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._work(worker.roles, Ties(self._pipes, self._life[0], (self._ready[1], number)))
        raise SystemExit(0)


def _names(roles: frozenset[str]) -> str:
    return ",".join(sorted(roles))


def _nobody() -> None:
    """Wake nobody: whoever has the role looks by itself."""
