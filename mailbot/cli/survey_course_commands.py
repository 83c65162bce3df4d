"""`mailbot surveys open|remind|close|acts|...`: the course of a survey, and what of it needed a second person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.act_frame import AS_JSON, TRY, Acting, Deed, act_once, acting
from mailbot.cli.defined_survey import defined
from mailbot.cli.frame import JSON, PATH, command, opened, write_out
from mailbot.cli.second_person_frame import request
from mailbot.cli.survey_commands import surveys_group
from mailbot.cli.withdraw_frame import withdrawn_deed
from mailbot.core.members.register import full_code
from mailbot.core.reading.statements.answer_form import takes_form
from mailbot.core.refusal import Refusal
from mailbot.flows.surveys.follow_up_survey import follow_up_survey
from mailbot.flows.surveys.record_proxy import record_proxy
from mailbot.flows.surveys.reissue_ballot import reissue_ballot
from mailbot.flows.surveys.remind_survey import remind_survey
from mailbot.flows.surveys.send_form import send_form
from mailbot.flows.withdraw_definition import withdraw_survey
from mailbot.folder.written_values import moment
from mailbot.formats.form_file import write_form
from mailbot.store.keys import meant
from mailbot.store.office import acts
from mailbot.store.runs import occurrences
from mailbot.store.sending import outbox
from mailbot.store.surveys import surveys


@acting(surveys_group, "open")
@click.argument("key")
def _surveys_open(act: Acting, key: str) -> Deed:
    """Open a survey now and send the invitations."""

    def told(invited: int) -> Deed:
        words = f"survey {key} {act.is_} open; {invited} invitations {act.are} in the outbox"
        until, runs = _planned(act, key)
        return Deed(words, {"key": key, "state": "open", "invited": invited, "closes": until}, runs=runs)

    return request(act, key, "open", told)


@acting(surveys_group, "withdraw")
@click.argument("key")
def _surveys_withdraw(act: Acting, key: str) -> Deed:
    """Take back a survey that has not opened, as though it had never been applied."""
    return withdrawn_deed(act, "survey", key, withdraw_survey(act.connection, act.it.site, key, act.now))


@acting(surveys_group, "close")
@click.argument("key")
def _surveys_close(act: Acting, key: str) -> Deed:
    """Close a survey now and send the result."""
    before = _withdrawn(act, key)

    def told(counted: int) -> Deed:
        words = f"survey {key} {act.is_} closed; the answers of {counted} bodies count"
        gone = _withdrawn(act, key) - before
        if gone:
            words += f"; {gone} mails of it that had not left never will"
        return Deed(words, {"key": key, "state": "closed", "counted": counted, "withdrawn": gone})

    return request(act, key, "close", told)


def _withdrawn(act: Acting, key: str) -> int:
    """Return how many mails about a survey were taken back before they left."""
    return sum(states.get("withdrawn", 0) for states in outbox.count_by_kind(act.connection, key).values())


@acting(surveys_group, "remind")
@click.argument("key")
@click.option("--again", is_flag=True, help="Also when they were reminded within the last twelve hours.")
def _surveys_remind(act: Acting, key: str, again: bool) -> Deed:
    """Remind those from whom nothing complete has come."""
    reminded = remind_survey(act.connection, act.it.site, key, act.now, again=again)
    return Deed(f"survey {key}: {reminded} {act.are} reminded", {"key": key, "reminded": reminded})


@acting(surveys_group, "extend")
@click.argument("key")
@click.argument("closes")
def _surveys_extend(act: Acting, key: str, closes: str) -> Deed:
    """Put off the close of an open survey, to "YYYY-MM-DD HH:MM", and tell everybody who was asked."""

    def told(count: int) -> Deed:
        change = f"would close {closes}" if act.dry_run else f"closes {closes} now"
        words = f"survey {key} {change}; {count} {act.are} told"
        hint = f"Its definition file still has the old close: put `closes: {closes}` there"
        closing, runs = _planned(act, key)
        return Deed(words, {"key": key, "told": count, "closes": closing}, runs=runs, hint=hint)

    until = moment(closes, act.it.config.timezone)
    return request(act, key, "extend", told, closes=until.isoformat())


def _planned(act: Acting, key: str) -> tuple[str, list[show.Row]]:
    """Return when a survey closes, and its runs up to that."""
    stored = surveys.load(act.connection, key)
    assert stored is not None, "it was just acted upon"
    closes, zone = stored.survey.closes, act.it.config.timezone
    runs = occurrences.open_until(act.connection, closes + timedelta(seconds=1))
    own = [one for one in runs if one.job.startswith(f"survey:{key}:")]
    return show.local(closes, zone), [{"at": show.local(one.due_at, zone), "job": one.job} for one in own]


@acting(surveys_group, "publish")
@click.argument("key")
def _surveys_publish(act: Acting, key: str) -> Deed:
    """Send the result of a closed survey whose definition says `publish: {at: hand}`."""

    def told(count: int) -> Deed:
        words = f"survey {key}: the result {act.is_} in the outbox, to {count}"
        return Deed(words, {"key": key, "told": count})

    return request(act, key, "publish", told)


@acting(surveys_group, "reissue")
@click.argument("key")
@click.argument("code")
def _surveys_reissue(act: Acting, key: str, code: str) -> Deed:
    """Give a body's ballot a new token and send it; the old one counts no more."""
    body = full_code(code)
    return Deed(reissue_ballot(act.connection, act.it.site, key, body, act.now), {"key": key, "body": body})


@command(surveys_group, "form")
@click.argument("key")
@click.option(*("-o", "--out", "target"), type=PATH, help="The file to write.")
@click.option("--to", "code", metavar="CODE", help="Send it to this body with its ballot.")
@TRY
@AS_JSON
def _surveys_form(
    path: Path, key: str, target: Path | None, code: str | None, dry_run: bool, as_json: bool
) -> None:
    """Write the spreadsheet in which a survey can be answered, or send it to a body."""
    if code is not None and target is not None:
        raise click.UsageError("--to sends the form and --out writes it; say one of them")
    if code is not None:
        body = full_code(code)

        def send(act: Acting) -> Deed:
            named = meant(act.connection, key, "survey")
            said = send_form(act.connection, act.it.site, named, body, act.now)
            return Deed(said, {"key": named, "body": body})

        act_once(path, send, dry_run=dry_run, as_json=as_json)
        return
    if dry_run or as_json:
        raise click.UsageError(
            "--dry-run and --json go with --to CODE; without it the form itself is written"
        )
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        stored = surveys.load(connection, key)
        survey = stored.survey if stored else defined(it.config, key)
    if not takes_form(survey):
        raise Refusal(f"survey {key}: a written vote is cast in the mail itself; it has no form")
    write_out(write_form(survey, it.config.language), target)


@acting(surveys_group, "follow-up")
@click.argument("key")
def _surveys_follow_up(act: Acting, key: str) -> Deed:
    """Send each block representative the missing bodies of that prefecture now."""
    told = follow_up_survey(act.connection, act.it.site, key, act.now)
    words = f"survey {key}: {told} lists of missing bodies {act.are} in the outbox"
    return Deed(words, {"key": key, "told": told})


@acting(surveys_group, "proxy")
@click.argument("key")
@click.argument("code")
@click.option(
    "--to", "holder", required=True, metavar="議長|CODE", help="The chair, or a body by code or name."
)
@click.option("--words", default="", help="What the proxy on paper says, for the record.")
def _surveys_proxy(act: Acting, key: str, code: str, holder: str, words: str) -> Deed:
    """Record a body's proxy in an open resolution, as the office has it on paper."""
    surveys.require(act.connection, key)
    body = full_code(code)
    said = record_proxy(
        act.connection, act.it.site, key, body, holder, words=words, by="office", inbox_id=None, now=act.now
    )
    return Deed(said, {"key": key, "body": body, "to": holder})


@command(surveys_group, "acts")
@click.argument("key", required=False)
@JSON
def _surveys_acts(path: Path, key: str | None, as_json: bool) -> None:
    """Show what needed, or needs, a second person: who asked, who decided, and what became of it."""
    with opened(path) as it, it.database.read() as connection:
        if key is not None:
            key = surveys.require(connection, meant(connection, key, "survey")).survey.key
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
