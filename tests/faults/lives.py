"""Loads mailbot once and forks it for each life: "start" and "kill" on the standard input, so that a life may be a second.

A service that is started anew needs a second of processor time to load; killed each second it would never do anything.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import alembic.command
import psycopg

from mailbot import cli, service
from tests.dialogs.conversation import environment
from tests.faults.node import ROOT, Node

LOADED = (alembic.command, psycopg, service)  # what `serve` would load only later


class Lives:
    """One node's lives, each ended by SIGKILL."""

    def __init__(self, node: Node, program: Path = Path(__file__)) -> None:
        """Load the program, this one or a mutant, for the node; nothing serves yet."""
        self._node = node
        with (node.folder / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(program), "serve"],
                env=environment(node.folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            )

    def start(self) -> None:
        """Begin a life. Raises AssertionError when the program is no longer there."""
        self._say("start")

    def kill(self) -> None:
        """End the life as a power switch would. Raises AssertionError when it had ended by itself."""
        self._say("kill")

    def end(self) -> None:
        """End the life and the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == f"{word}\n", self._node.log()[-3_000:]


def obey() -> None:
    """Do what the lines of the standard input say; at their end a life that goes on is ended too."""
    child = 0
    for line in sys.stdin:
        word = line.strip()
        if word == "kill":
            child = _end(child)
        elif (child := os.fork()) == 0:
            cli.main()
        print(word, flush=True)
    _end(child)


def _end(child: int) -> int:
    if child:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the service had ended by itself"
    return 0


if __name__ == "__main__":
    obey()
