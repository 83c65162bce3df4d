"""What keeps the tests of core quick: none of them can do what takes long (conftest.py)."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable

import pytest


def with_socket(act: Callable[[socket.socket], object]) -> None:
    """Do something with a socket, and close it."""
    with socket.socket() as one:
        act(one)


@pytest.mark.parametrize(
    ("act", "event"),
    [
        (lambda: socket.create_connection(("127.0.0.1", 9)), "socket.getaddrinfo"),
        (lambda: with_socket(lambda one: one.connect(("127.0.0.1", 9))), "socket.connect"),
        (lambda: with_socket(lambda one: one.bind(("127.0.0.1", 0))), "socket.bind"),
        (lambda: sqlite3.connect(":memory:"), "sqlite3.connect"),
        (lambda: subprocess.run(["true"], check=True), "subprocess.Popen"),
        (lambda: os.system("true"), "os.system"),
        (lambda: time.sleep(0), "time.sleep"),
    ],
)
def test_a_test_of_core_can_do_none_of_this(act: Callable[[], object], event: str) -> None:
    """Connections, databases, processes and waiting are for the tests of what talks, remembers and runs."""
    with pytest.raises(AssertionError, match=f"a test of core does this: {event}"):
        act()
