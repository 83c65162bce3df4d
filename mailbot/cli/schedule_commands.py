"""`mailbot schedule`: what will be sent, when, to how many; what was late, skipped or changed; and a word about a run."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import islice
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.frame import JSON, PATH, command, config_of, opened, write_out
from mailbot.cli.root import CONFIG, root
from mailbot.core.calendar import date_words, local_moment, unconfirmed
from mailbot.core.mail.written_date import read_written
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.office.run_change import RunChange
from mailbot.core.office.run_words import run_name
from mailbot.core.recurrence import coming, read_recurrence, recurrence_words
from mailbot.core.refusal import Refusal
from mailbot.flows.runs.change_run import change_run
from mailbot.flows.runs.steer_sending import Steer, steer_sending
from mailbot.formats.plan_ics import plan_ics
from mailbot.installation import clock
from mailbot.show.show_schedule import schedule_entries, schedule_rows, zone_words
from mailbot.store.runs import occurrences

_RUN = re.compile(r"(?:p-?)?0*([1-9][0-9]{0,11})", re.IGNORECASE)


@root.group("schedule", invoke_without_command=True)
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=30,
    show_default=True,
    help="How far to look ahead, and back.",
)
@click.option("--ical", is_flag=True, help="Print a calendar file (RFC 5545) for the secretariat's calendar.")
@click.option("--out", type=PATH, help="Write the calendar file here.")
@JSON
@CONFIG
@click.pass_context
def _schedule(context: click.Context, days: int, ical: bool, out: Path | None, as_json: bool) -> None:
    """Show what will be sent, when, to how many, and what was late or skipped."""
    if context.invoked_subcommand is not None:
        return
    with opened(config_of(context)) as it, it.database.read() as connection:
        now = clock()
        coming = occurrences.open_until(connection, now + timedelta(days=days))
        if ical:
            entries = schedule_entries(connection, it.site, coming)
            content = plan_ics(entries, stamp=now, language=it.config.language, domain=it.config.domain)
        else:
            past = occurrences.missed(connection, now - timedelta(days=days))
            rows = schedule_rows(connection, it.site, past, coming)
            zone = zone_words(it.site, now)
    if ical:
        write_out(content, out)
        return
    show.table(rows, as_json=as_json, empty=f"nothing is planned in the next {days} days")
    if rows and not as_json:
        print(f"times: {zone}")


@acting(_schedule, "postpone")
@click.argument("run", metavar="P-NUMBER")
@click.argument("when", nargs=-1, required=True, metavar="YYYY-MM-DD HH:MM")
def _schedule_postpone(act: Acting, run: str, when: tuple[str, ...]) -> Deed:
    """Let a run come at another time, whatever its definition says; a change of the definition's time plans it anew."""
    text = " ".join(when)
    try:
        written = read_written(text)
    except ValueError as error:
        raise Refusal(str(error)) from None
    if written is None or written.time is None:
        raise Refusal(f"{text!r} is not a time; write YYYY-MM-DD HH:MM, such as 2027-01-14 09:00")
    return _change(act, run, RunChange("postpone", local_moment(written.day, written.time, act.it.site.zone)))


@acting(_schedule, "skip")
@click.argument("run", metavar="P-NUMBER")
def _schedule_skip(act: Acting, run: str) -> Deed:
    """Let a run not be done at all."""
    return _change(act, run, RunChange("skip"))


@acting(_schedule, "send")
@click.argument("run", metavar="P-NUMBER")
def _schedule_send(act: Acting, run: str) -> Deed:
    """Let a run be done now, by the running service or as soon as it runs; also one that was late or skipped."""
    return _change(act, run, RunChange("send"))


@acting(_schedule, "undo")
@click.argument("run", metavar="P-NUMBER")
def _schedule_undo(act: Acting, run: str) -> Deed:
    """Put a run back to the time that its definition says."""
    return _change(act, run, RunChange("undo"))


@command(_schedule, "dates")
@click.argument("rule", nargs=-1, required=True, metavar="RULE")
@click.option("--count", type=click.IntRange(1, 366), default=12, show_default=True, help="How many dates.")
@JSON
def _schedule_dates(path: Path, rule: tuple[str, ...], count: int, as_json: bool) -> None:
    """Show the next dates of a rule such as 毎月第1営業日 10:00 or "second Tuesday of the month 10:00"."""
    try:
        found = read_recurrence(" ".join(rule))
    except ValueError as error:
        raise Refusal(str(error)) from None
    with opened(path) as it:
        calendar, zone = it.config.calendar, it.config.timezone
        moments = [at.astimezone(zone) for at in islice(coming(found, clock(), calendar, zone), count)]
        rows = [
            {
                "at": f"{at:%Y-%m-%d %H:%M}",
                "day": date_words(at.date(), it.config.language),
                "note": unconfirmed(at.date(), calendar) or "",
            }
            for at in moments
        ]
    if not as_json:
        print(recurrence_words(found, it.config.language))
    show.table(rows, as_json=as_json, empty="no dates")


@acting(_schedule, "stop")
@click.argument("key")
def _schedule_stop(act: Acting, key: str) -> Deed:
    """Stop what is being sent about a list, survey, event or bulletin; says how many mails are out already."""
    return _steer(act, key, "stop")


@acting(_schedule, "resume")
@click.argument("key")
def _schedule_resume(act: Acting, key: str) -> Deed:
    """Let what was stopped go on."""
    return _steer(act, key, "resume")


@acting(_schedule, "cancel")
@click.argument("key")
def _schedule_cancel(act: Acting, key: str) -> Deed:
    """Let what has not left yet never leave."""
    return _steer(act, key, "cancel")


def _steer(act: Acting, key: str, do: Steer) -> Deed:
    steered = steer_sending(act.connection, act.it.site, key, do, act.now, by=COMMAND_LINE)
    hint = f"mailbot schedule resume {key}, or mailbot schedule cancel {key}" if do == "stop" else ""
    facts = {"key": key, "do": do, "copies": steered.copies, "total": steered.total, "out": steered.out}
    return Deed(steered.said[0], facts, hint=hint)


def _change(act: Acting, run: str, change: RunChange) -> Deed:
    found = _RUN.fullmatch(run)
    if found is None:
        raise click.UsageError(f"{run!r} is no number of a run such as P-0012; `mailbot schedule` shows them")
    number = int(found[1])
    said = change_run(act.connection, act.it.site, number, change, act.now, by=COMMAND_LINE)
    now = occurrences.numbered(act.connection, number)
    assert now is not None, "it was just changed"
    facts = {
        "id": run_name(number),
        "job": now.job,
        "state": now.state,
        "at": show.local(now.due_at, act.it.site.zone),
    }
    hint = f"to take it back: mailbot schedule undo {run}" if change.do in {"postpone", "skip"} else ""
    return Deed(said[0], facts, hint=hint)
