"""`mailbot serve` in a process of its own, forked from one that has loaded the program: to load it takes a second and a half.

What a new process does that begins with nothing is shown by test_service_web.py, test_demo.py and faults/.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mailbot import cli

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["mailbot.cli.serve_commands", "uvloop"])


class Forked:
    """A running command, told and asked what a `subprocess.Popen` is."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], log: Path, program: Path | None = None
    ) -> None:
        """Run `mailbot`, or a program that changes it, with these words; what it says is put behind what the log holds.

        What the program changes must be looked up when it is used: all of the service is loaded before.
        """
        self._process = _FORKS.Process(
            target=_run, args=(list(words), dict(environment), log, program), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number as a process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit status, or None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        """Wait until it has ended; returns its exit status. Raises TimeoutError."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise TimeoutError(f"it still runs after {seconds} s")
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.exitcode is None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def terminate(self) -> None:
        """Ask it to end in good order."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _run(words: list[str], environment: dict[str, str], log: Path, program: Path | None) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["mailbot", *words]
    if program is None:
        cli.main()
    else:
        runpy.run_path(str(program), run_name="__main__")
