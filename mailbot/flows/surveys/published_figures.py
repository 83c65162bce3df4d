"""Compare the figures of the result mails that went out with those that a recount makes (promises.md I19)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import Connection

from mailbot.core.mail.mailing import template
from mailbot.core.surveys.report import Report
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.tally import Vote
from mailbot.flows.surveys.publish_resolution import resolution_copies
from mailbot.flows.surveys.report_survey import report_survey
from mailbot.site import Site
from mailbot.store.sending import outbox

_FIGURE = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def published_differs(
    connection: Connection,
    site: Site,
    survey: Survey,
    votes: list[Vote],
    now: datetime,
    *,
    without: Collection[int],
) -> list[str]:
    """Return a sentence for each result mail of a survey whose figures are not those of these votes.

    `without`: mails that a person admitted after it had gone out, whose answers these votes do not have.

    Every line that holds a figure is compared, but for those that tell how many could not be reached, which goes on
    changing, and how late the mail was.
    """
    mails = outbox.cooked_mails(connection, survey.key, "result")
    if not mails:
        return []
    if survey.resolution:
        wanted, moving = _of_resolution(connection, site, survey, now, without)
    else:
        report = report_survey(connection, survey.key, now, votes)
        wanted, moving = _lines(site.render.results.result(report, now=now)), _moving(site, report, now)
    right = _steady(wanted, moving)
    found = []
    for number, cooked in mails:
        said = _steady(_lines(cooked), moving)
        if said != right:
            pairs = zip_longest(said, right, fillvalue="")
            first = next((one, other) for one, other in pairs if one != other)
            found.append(
                f"the published result (mailing {number}) is not what the mails come to: "
                f"it says {first[0].strip()!r}, the recount {first[1].strip()!r}"
            )
    return found


def _of_resolution(
    connection: Connection, site: Site, survey: Survey, now: datetime, without: Collection[int]
) -> tuple[list[str], set[str]]:
    """Return the lines of a resolution's result, from the ledger and the proxies, and those that only lateness has."""
    plain, late = (
        _lines(resolution_copies(connection, site, survey, now, late_since=since, without=without)[0])
        for since in (None, now)
    )
    return plain, {_FIGURE.sub("", line) for line in late if line not in plain}


def _moving(site: Site, report: Report, now: datetime) -> set[str]:
    """Return the lines, without their figures, that change although no vote does."""
    unreached = [replace(report, undeliverable=number) for number in (0, report.electorate + 1)]
    cooked = [_lines(site.render.results.result(one, now=now)) for one in unreached]
    cooked.append(_lines(site.render.results.result(unreached[0], now=now, late_since=now)))
    steady = set(cooked[0]).intersection(*cooked)
    return {_FIGURE.sub("", line) for lines in cooked for line in lines if line not in steady}


def _steady(lines: list[str], moving: set[str]) -> list[str]:
    return [line for line in lines if _FIGURE.sub("", line) not in moving]


def _lines(cooked: bytes) -> list[str]:
    """Return the lines of a cooked mail's text that hold a figure."""
    fixed = b"".join(piece for piece in template(cooked) if isinstance(piece, bytes))
    body = fixed.partition(b"\r\n\r\n")[2].decode("utf-8")
    return [line for line in body.split("\r\n") if _FIGURE.search(line)]
