"""`mailbot surveys show|results|missing|recount|...`: where a survey stands, what came of it, and its proof."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Literal

import click

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.frame import JSON, PATH, command, opened, write_out
from mailbot.cli.second_person_frame import request
from mailbot.cli.survey_commands import surveys_group
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.seal import LINE
from mailbot.flows.surveys.count_resolution import count_resolution
from mailbot.flows.surveys.draft_minutes import draft_minutes
from mailbot.flows.surveys.forget_replies import forget_replies
from mailbot.flows.surveys.recount import recount
from mailbot.flows.surveys.remind_survey import missing
from mailbot.flows.surveys.report_survey import report_survey, votes_by_body
from mailbot.formats.report_files import encoded, write_csv, write_raw_csv, write_xlsx
from mailbot.formats.report_page import ReportPages
from mailbot.installation import clock
from mailbot.resources import templates_folder
from mailbot.show import show_results
from mailbot.store.keys import meant
from mailbot.store.members import members
from mailbot.store.surveys import surveys

_HASH = re.compile("[0-9a-f]{64}")


@command(surveys_group, "show")
@click.argument("key")
@click.option(
    "--office",
    is_flag=True,
    help="With each body's own answers, also where the mode keeps them in the office.",
)
@JSON
def _surveys_show(path: Path, key: str, office: bool, as_json: bool) -> None:
    """Show where a survey stands."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        shown = show_results.survey(connection, key, office=office)
    if as_json:
        show.as_json(shown)
    else:
        show_results.survey_text(shown)


@command(surveys_group, "results")
@click.argument("key")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "xlsx", "svg", "html"]),
    default="text",
    show_default=True,
    help="Tables on the screen, or a file.",
)
@click.option(
    *("--out", "target"),
    type=PATH,
    help="The file to write; for svg an existing folder gets a file for each question.",
)
@click.option("--encoding", type=click.Choice(["utf-8", "cp932"]), default="utf-8", help="Of CSV.")
@click.option("--raw", is_flag=True, help="CSV and xlsx: the answers of each body; needs --office.")
@click.option("--office", is_flag=True, help="The file stays in the office.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def _surveys_results(
    path: Path,
    key: str,
    form: str,
    target: Path | None,
    encoding: Literal["utf-8", "cp932"],
    raw: bool,
    office: bool,
    as_json: bool,
) -> None:
    """Show the result: tally, tables by kind, prefecture and population, and last year's same questions."""
    form = "json" if as_json else form
    if raw and not office:
        raise click.UsageError(
            "--raw shows what each body answered; say --office too if the file stays there"
        )
    if raw and form not in {"csv", "xlsx"}:
        raise click.UsageError("--raw goes with --format csv or xlsx")
    if form == "text" and target is not None:
        raise click.UsageError("text goes to the screen; --out needs another --format")
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        report = report_survey(connection, key, clock().astimezone(it.config.timezone))
        votes = votes_by_body(connection, key, report) if raw else None
        resolution = report.survey.resolution
        outcome = None if resolution is None else count_resolution(connection, key).outcome
    match form:
        case "text":
            show_results.results_text(report, outcome)
        case "json":
            write_out(
                (
                    json.dumps(show_results.results(report, outcome), ensure_ascii=False, indent=2) + "\n"
                ).encode(),
                target,
            )
        case "csv":
            text = write_csv(report) if votes is None else write_raw_csv(report, votes)
            content, missing = encoded(text, encoding)
            write_out(content, target)
            if missing:
                print(f"{missing} characters that CP932 does not have are written as 〓", file=sys.stderr)
        case "xlsx":
            write_out(write_xlsx(report, votes), target)
        case "svg" if target is not None and target.is_dir():
            for name, chart in ReportPages(templates_folder()).chart_files(report).items():
                write_out(chart.encode(), target / name)
        case "svg":
            write_out(ReportPages(templates_folder()).charts(report).encode(), target)
        case "html":
            write_out(ReportPages(templates_folder()).page(report).encode(), target)


@command(surveys_group, "minutes")
@click.argument("key")
@JSON
def _surveys_minutes(path: Path, key: str, as_json: bool) -> None:
    """Print the draft minutes of a closed resolution."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        text = draft_minutes(connection, it.site, key)
    if as_json:
        show.as_json({"key": key, "minutes": text})
    else:
        print(text, end="")


@command(surveys_group, "recount")
@click.argument("key")
@click.option("--head", metavar="HASH", help="A hash from a daily mail to the witnesses, to be found again.")
@JSON
def _surveys_recount(path: Path, key: str, head: str | None, as_json: bool) -> None:
    """Count a survey again from the raw mails; exit status 1 with a sentence for each difference."""
    if head is not None:
        head = head.strip().lower()
        if not _HASH.fullmatch(head):
            raise Refusal(
                f"--head: {head!r} is not a whole hash: 64 digits and letters from a to f, as the mail to the witnesses "
                "has them in one line"
            )
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        found = recount(connection, it.site, key, head=head)
        shown = show_results.recounted(found, it.config.timezone)
    if as_json:
        show.as_json(shown)
    else:
        show_results.recount_text(shown)
    for sentence in found.differences:
        print(f"survey {key}: {sentence}", file=sys.stderr)
    if found.differences:
        raise click.exceptions.Exit(1)


@command(surveys_group, "lines")
@click.argument("key")
@JSON
def _surveys_lines(path: Path, key: str, as_json: bool) -> None:
    """Print the published list of a closed sealed survey, and how voters find their own lines."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        rows = show_results.sealed_lines(connection, key)
    show.table(rows, as_json=as_json, empty="nobody's vote counts")
    if not as_json:
        print(f"A voter's line is the first {LINE} letters of what this prints:")
        print("  printf %s REFERENCE | openssl dgst -sha256 -hmac KEY")


@acting(surveys_group, "destroy")
@click.argument("key")
def _surveys_destroy(act: Acting, key: str) -> Deed:
    """Destroy the raw mails, receipts and keys of a closed sealed survey; nobody can undo it."""

    def told(mails: int) -> Deed:
        words = (
            f"survey {key}: {mails} raw mails {act.are} destroyed, and with them the receipts and the keys"
            if mails
            else f"survey {key}: no raw mail is left to destroy; its traces in the database {act.are} overwritten once more"
        )
        return Deed(words, {"key": key, "raw_mails": mails})

    return request(act, key, "destroy", told)


@acting(surveys_group, "forget")
@click.argument("key")
def _surveys_forget(act: Acting, key: str) -> Deed:
    """Empty the raw replies to a closed survey a year after its result, to a resolution after ten; its figures stay."""
    mails = forget_replies(act.connection, act.it.site, key, act.now)
    words = f"survey {key}: {mails} raw replies {act.are} emptied; its ledger, receipts and figures stay"
    return Deed(words, {"key": key, "raw_mails": mails})


@command(surveys_group, "missing")
@click.argument("key")
@JSON
def _surveys_missing(path: Path, key: str, as_json: bool) -> None:
    """Show the bodies from which nothing complete has come."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        stored = surveys.require(connection, key)
        names = members.bodies(connection)
        rows = [
            {"code": ballot.code, "body": names[ballot.code].name, "address": ballot.address}
            for ballot in missing(connection, stored.survey)
        ]
    asked = stored.state != "planned"
    show.table(
        rows, as_json=as_json, empty="nobody is missing" if asked else f"survey {key} was never opened"
    )
