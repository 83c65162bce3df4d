"""A test of core decides about values: it opens no connection, no database and no process, and waits for nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from typing import NoReturn
from unittest.mock import patch

import pytest

_REACHES_OUT = frozenset(
    {
        *("socket.bind", "socket.connect", "socket.getaddrinfo", "sqlite3.connect"),
        *("subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.system"),
    }
)  # https://docs.python.org/3/library/audit_events.html
_running: list[pytest.Item] = []


def _watch(event: str, _values: object) -> None:
    if _running and event in _REACHES_OUT:
        raise AssertionError(f"a test of core does this: {event}")


# It cannot be taken off again: of the tests of other folders it sees that they are none of these.
sys.addaudithook(_watch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Watch the tests of this folder, and of no other."""
    _running.append(item)
    try:
        with patch.object(time, "sleep", _wait):
            yield
    finally:
        _running.clear()


def _wait(_seconds: float) -> NoReturn:
    raise AssertionError("a test of core does this: time.sleep")
