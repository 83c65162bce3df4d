"""`mailbot surveys open|remind|close|acts|...`: the course of a survey, and what of it needed a second person."""

from __future__ import annotations

from pathlib import Path

import click

from mailbot import show
from mailbot.cli.act_frame import request
from mailbot.cli.defined_survey import defined
from mailbot.cli.frame import JSON, PATH, command, only_try, opened, write_out
from mailbot.cli.survey_commands import surveys_group
from mailbot.cli.survey_frame import must_exist
from mailbot.core.members.register import full_code
from mailbot.core.reading.answer_form import takes_form
from mailbot.core.refusal import Refusal
from mailbot.flows.surveys.follow_up_survey import follow_up_survey
from mailbot.flows.surveys.record_proxy import record_proxy
from mailbot.flows.surveys.reissue_ballot import reissue_ballot
from mailbot.flows.surveys.remind_survey import remind_survey
from mailbot.flows.surveys.send_form import send_form
from mailbot.folder.definition_files import moment
from mailbot.formats.form_file import write_form
from mailbot.installation import clock
from mailbot.store import acts, surveys


@command(surveys_group, "open")
@click.argument("key")
def _surveys_open(path: Path, key: str) -> None:
    """Open a survey now and send the invitations."""
    with opened(path) as it, it.database.write() as connection:
        invited = request(connection, it, key, "open")
    if invited is not None:
        print(f"survey {key} is open; {invited} invitations are in the outbox")


@command(surveys_group, "close")
@click.argument("key")
def _surveys_close(path: Path, key: str) -> None:
    """Close a survey now and send the result."""
    with opened(path) as it, it.database.write() as connection:
        counted = request(connection, it, key, "close")
    if counted is not None:
        print(f"survey {key} is closed; the answers of {counted} bodies count")


@command(surveys_group, "remind")
@click.argument("key")
@click.option("--dry-run", is_flag=True, help="Only say how many would be reminded.")
def _surveys_remind(path: Path, key: str, dry_run: bool) -> None:
    """Remind those from whom nothing complete has come."""
    with opened(path) as it, it.database.write() as connection:
        reminded = remind_survey(connection, it.site, key, clock())
        only_try(connection, dry_run)
    print(f"survey {key}: {reminded} {'would be' if dry_run else 'are'} reminded")


@command(surveys_group, "extend")
@click.argument("key")
@click.argument("closes")
def _surveys_extend(path: Path, key: str, closes: str) -> None:
    """Put off the close of an open survey, to "YYYY-MM-DD HH:MM", and tell everybody who was asked."""
    with opened(path) as it, it.database.write() as connection:
        until = moment(closes, it.config.timezone)
        told = request(connection, it, key, "extend", closes=until.isoformat())
    if told is not None:
        print(
            f"survey {key} closes {closes} now; {told} are told. "
            f"Its definition file still has the old close: put `closes: {closes}` there"
        )


@command(surveys_group, "publish")
@click.argument("key")
def _surveys_publish(path: Path, key: str) -> None:
    """Send the result of a closed survey whose definition says `publish: {at: hand}`."""
    with opened(path) as it, it.database.write() as connection:
        told = request(connection, it, key, "publish")
    if told is not None:
        print(f"survey {key}: the result is in the outbox, to {told}")


@command(surveys_group, "reissue")
@click.argument("key")
@click.argument("code")
def _surveys_reissue(path: Path, key: str, code: str) -> None:
    """Give a body's ballot a new token and send it; the old one counts no more."""
    with opened(path) as it, it.database.write() as connection:
        print(reissue_ballot(connection, it.site, key, full_code(code), clock()))


@command(surveys_group, "form")
@click.argument("key")
@click.option(*("-o", "--out", "target"), type=PATH, help="The file to write.")
@click.option("--to", "code", metavar="CODE", help="Send it to this body with its ballot.")
def _surveys_form(path: Path, key: str, target: Path | None, code: str | None) -> None:
    """Write the spreadsheet in which a survey can be answered, or send it to a body."""
    if code is not None and target is not None:
        raise click.UsageError("--to sends the form and --out writes it; say one of them")
    with opened(path) as it, it.database.write() as connection:
        if code is not None:
            print(send_form(connection, it.site, key, full_code(code), clock()))
            return
        stored = surveys.load(connection, key)
        survey = stored.survey if stored else defined(it.config, key)
    if not takes_form(survey):
        raise Refusal(f"survey {key}: a written vote is cast in the mail itself; it has no form")
    write_out(write_form(survey, it.config.language), target)


@command(surveys_group, "follow-up")
@click.argument("key")
def _surveys_follow_up(path: Path, key: str) -> None:
    """Send each block representative the missing bodies of the own prefecture now."""
    with opened(path) as it, it.database.write() as connection:
        told = follow_up_survey(connection, it.site, key, clock())
    print(f"survey {key}: {told} lists of missing bodies are in the outbox")


@command(surveys_group, "proxy")
@click.argument("key")
@click.argument("code")
@click.option(
    "--to", "holder", required=True, metavar="議長|CODE", help="The chair, or a body by code or name."
)
@click.option("--words", default="", help="What the proxy on paper says, for the record.")
def _surveys_proxy(path: Path, key: str, code: str, holder: str, words: str) -> None:
    """Record a body's proxy in an open resolution, as the office has it on paper."""
    with opened(path) as it, it.database.write() as connection:
        must_exist(connection, key)
        print(
            record_proxy(
                connection,
                it.site,
                key,
                full_code(code),
                holder,
                words=words,
                by="office",
                inbox_id=None,
                now=clock(),
            )
        )


@command(surveys_group, "acts")
@click.argument("key", required=False)
@JSON
def _surveys_acts(path: Path, key: str | None, as_json: bool) -> None:
    """Show what needed, or needs, a second person: who asked, who decided, and what became of it."""
    with opened(path) as it, it.database.read() as connection:
        if key is not None:
            must_exist(connection, key)
        rows = [
            {
                "id": one.id,
                "survey": one.key,
                "act": one.act,
                "asked": show.local(one.asked_at, it.config.timezone),
                "by": one.asked_by,
                "state": one.state,
                "decided by": one.decided_by,
                "note": one.note,
            }
            for one in acts.every(connection, key)
        ]
    show.table(rows, as_json=as_json, empty="nothing has needed a second person")
