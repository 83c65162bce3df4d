"""What holds for every test: in continuous integration a test that is skipped has failed."""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import pytest

# The collections of real mail are large and not ours to publish; everything else is installed by .ci/run.
_MAY_BE_ABSENT = re.compile(r"shared (?:collections|corpora)")


def _failed(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure: a missing server must not make the tests that need it pass by silence."""
    skipped = report.outcome == "skipped" and not hasattr(report, "wasxfail")
    if skipped and os.environ.get("CI") and not _MAY_BE_ABSENT.search(str(report.longrepr)):
        report.outcome = "failed"
        report.longrepr = f"skipped, which fails when CI is set: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at what became of a test."""
    report = yield
    _failed(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at what became of a file that may have skipped itself as a whole."""
    report = yield
    _failed(report)
    return report
