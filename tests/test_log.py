"""The lines of the log: when, how grave, what, with its facts."""

from __future__ import annotations

import logging

import pytest

from mailbot import log


def test_the_date_is_as_pythons_own(capsys: pytest.CaptureFixture[str]) -> None:
    """A line begins with the date that Python's logging writes, to the millisecond, for each of several seconds."""
    before = log._LOGGER.handlers[:], log._LOGGER.level, log._LOGGER.propagate
    try:
        log.start("info")
        formatter = log._LOGGER.handlers[0].formatter
        assert formatter is not None
        for created in (0.0, 1_764_400_000.999, 1_764_400_001.001, 1_764_400_000.5):
            record = logging.LogRecord("mailbot", logging.INFO, "", 0, "%s", ("x",), None)
            record.created, record.msecs = created, int((created - int(created)) * 1000) + 0.0
            assert formatter.formatTime(record) == logging.Formatter().formatTime(record)
        log.event("mail.taken", peer="192.0.2.1", reply="250 2.0.0 ok")
        date, line = capsys.readouterr().err.split(" INFO ")
        assert len(date) == len("2026-11-29 12:00:00,000")
        assert line == 'mail.taken peer=192.0.2.1 reply="250 2.0.0 ok"\n'
    finally:
        log._LOGGER.handlers[:], log._LOGGER.level, log._LOGGER.propagate = before
