"""One line per event, key=value, always with the inbox or outbox id where there is one."""

from __future__ import annotations

import logging
import re
import sys
import time
from contextlib import nullcontext
from functools import lru_cache
from typing import TextIO

_LOGGER = logging.getLogger("mailbot")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_NEEDS_QUOTES = re.compile(r'[\s"=\\]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


class _Formatter(logging.Formatter):
    """Writes the date as Python's own does, but once for all events of a second."""

    def formatTime(self, record: logging.LogRecord, _: str | None = None) -> str:  # noqa: N802  Python's name
        return f"{_date(int(record.created))},{int(record.msecs):03d}"


class _Lines(logging.StreamHandler[TextIO]):
    """Writes each event as a line."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(_Formatter("%(asctime)s %(levelname)s %(message)s"))

    def write(self, level: str, words: str) -> None:
        """Write what has no traceback, as `emit` does but without a record of logging's: three lines for each reply."""
        now = time.time()
        line = f"{_date(int(now))},{int(now % 1 * 1000):03d} {level.upper()} {words}\n"
        with self.lock or nullcontext():
            try:
                self.stream.write(line)
                self.stream.flush()
            except (OSError, ValueError):  # full, or closed: no mail waits for the log
                pass


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


def start(level: str = "info") -> None:
    """Send every event of at least this level to standard error."""
    _LOGGER.handlers[:] = [_Lines()]
    _LOGGER.setLevel(_LEVELS[level])
    _LOGGER.propagate = False
    # What no line of ours shows need not be looked up for each (Python's "Logging HOWTO", Optimization): 31 to 18 us.
    logging._srcfile = None  # noqa: SLF001  named there
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def event(name: str, *, level: str = "info", error: BaseException | None = None, **facts: object) -> None:
    """Log one event with its facts, such as `inbox.stored inbox=12 bytes=4006`; with `error`, its traceback too."""
    number = _LEVELS[level]
    if _LOGGER.isEnabledFor(number):
        words = " ".join([name, *[f"{key}={_value(fact)}" for key, fact in facts.items()]])
        handler = _LOGGER.handlers[0] if _LOGGER.handlers else None
        if error is None and isinstance(handler, _Lines):
            handler.write(level, words)
        else:
            _LOGGER.log(number, "%s", words, exc_info=error)


def _value(fact: object) -> str:
    """Quote what has blanks; a stranger's control characters never reach the operator's terminal."""
    text = _CONTROL.sub("?", str(fact))
    if _NEEDS_QUOTES.search(text) or not text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
