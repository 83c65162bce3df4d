"""What holds for every test: how much of the exhaustive ones is run, in what pieces, and that in CI a skipped one has failed."""

from __future__ import annotations

import gc
import logging
import os
import re
from collections.abc import Generator, Sequence

import pytest

from tests.case_tables import Table, into_table, nobody_chooses
from tests.thorough import WHOLE, draws, left_out

# The collections of real mail are large and not ours to publish; everything else is installed by .ci/run.
_MAY_BE_ABSENT = re.compile(r"shared (?:collections|corpora)")


def pytest_collection() -> None:
    """Collect without looking for garbage: there is hardly any, and to look through it took a quarter of the time."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for garbage again, but no more at what was collected, which stays until the end."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)  # what tests leave behind is little: it was looked for at every turn
    gc.enable()


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what an ordinary run does not try, or not whole, and leave it out of one."""
    later: set[pytest.Item] = {*left_out(item for item in items if isinstance(item, pytest.Function))}
    for item in items:
        if item in later or draws(item):
            item.add_marker("thorough")
    if later and not WHOLE:
        config.hook.pytest_deselected(items=[item for item in items if item in later])
        items[:] = [item for item in items if item not in later]


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> Sequence[Table] | None:
    """Let the plain tests of a file run as one, unless somebody chooses among them."""
    return into_table(collector, name, obj) if nobody_chooses(collector.config) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases the tests had."""
    reports = [report for state in ("passed", "failed") for report in terminalreporter.getreports(state)]
    cases = [dict(report.user_properties).get("cases", 1) for report in reports if report.when == "call"]
    if sum(cases) > len(cases):
        terminalreporter.line(f"{len(cases):,} tests with {sum(cases):,} cases")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """End the log of a service that a test ran in this process: the next test's events are looked for where pytest does."""
    logger = logging.getLogger("mailbot")
    if not logger.propagate:
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)


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
