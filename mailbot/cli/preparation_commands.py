"""`mailbot surveys preview|trial|draft` and `mailbot probe`: what is tried before a survey goes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.defined_survey import find_defined, none_defined
from mailbot.cli.frame import JSON, command, only_try, opened
from mailbot.cli.root import CONFIG, root
from mailbot.cli.survey_commands import surveys_group
from mailbot.core.calendar import Language
from mailbot.core.mail.wrap import COLUMNS, NARROWEST
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.surveys.gateway_sentences import finding_sentences, probe_summary
from mailbot.core.surveys.trial import PILOT, TrialReport
from mailbot.flows.surveys.preview_survey import Preview, preview_survey
from mailbot.flows.surveys.probe_gateways import Probed, probe_gateways, report_probes
from mailbot.flows.surveys.send_draft import send_draft
from mailbot.flows.surveys.send_trial import report_trial, send_trial
from mailbot.installation import clock
from mailbot.store.keys import meant
from mailbot.store.surveys import surveys
from mailbot.store.surveys.ballots import Ballot


@command(surveys_group, "preview")
@click.argument("key")
@click.option(
    "--code", metavar="CODE", help="The body whose copy is shown; default the first of the audience."
)
@click.option(
    "--columns",
    type=click.IntRange(NARROWEST, COLUMNS),
    help="Width of the lines; default what suits the body.",
)
@click.option("--ruler", is_flag=True, help="Print a ruler above the text.")
@JSON
def _surveys_preview(
    path: Path, key: str, code: str | None, columns: int | None, ruler: bool, as_json: bool
) -> None:
    """Show the invitation as a body would get it, to how many it goes and when, and what to look at again."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "survey")
        stored = surveys.load(connection, key)
        file = None if stored is not None and stored.state != "planned" else find_defined(it.config, key)
        if stored is None and file is None:
            raise none_defined(it.config, key)
        applied = stored is not None and (file is None or file == stored.survey)
        survey = stored.survey if stored is not None and file is None else file
        assert survey is not None, "one of them is there"
        key = survey.key
        shown = preview_survey(connection, it.site, survey, code=code, columns=columns)
    if as_json:
        show.as_json({"key": key, "applied": applied, "asked": shown.asked, **vars(shown)})
        return
    if not applied:
        what = "stands in its file only" if stored is None else "is shown as its file has it now"
        print(f"survey {key} {what}; `mailbot apply` takes it over\n")
    _print_preview(shown, ruler=ruler)


def _print_preview(shown: Preview, *, ruler: bool) -> None:
    print(f"To: {shown.to}\nSubject: {shown.subject}\n")
    if ruler:
        print("".join(str(at // 10 % 10) if at % 10 == 0 else "." for at in range(1, shown.columns + 1)))
    print(shown.text.rstrip("\n"))
    print("\n" + "=" * 20 + " end of the mail " + "=" * 20)
    kinds = ", ".join(f"{kind} {number}" for kind, number in shown.bodies)
    print(f"to {shown.asked}" + (f": {kinds}" if kinds else ""))
    for what, when in shown.dates:
        print(f"{what}: {when}")
    for warning in shown.warnings:
        print(f"note: {warning}")


@command(surveys_group, "trial")
@click.argument("key")
@click.option("--to", multiple=True, metavar="CODE|ADDRESS", help="A body or a contact; may be repeated.")
@click.option(
    "--pilot",
    type=click.IntRange(1, 100),
    is_flag=False,
    flag_value=PILOT,
    metavar="[N]",
    help=f"So many bodies, spread over kinds and prefectures; {PILOT} without a number.",
)
@click.option("--report", is_flag=True, help="Show how the trial went, and send nothing.")
@click.option("--dry-run", is_flag=True, help="Only say to whom it would go.")
@JSON
def _surveys_trial(
    path: Path, key: str, to: tuple[str, ...], pilot: int | None, report: bool, dry_run: bool, as_json: bool
) -> None:
    """Send trial ballots to bodies that you name, or to N (ten) spread over kinds and prefectures; nothing counts."""
    if report:
        with opened(path) as it, it.database.read() as connection:
            key = meant(connection, key, "survey")
            _show_trial(report_trial(connection, key), as_json=as_json)
        return
    if not to and pilot is None:
        raise click.UsageError("say to whom: --to CODE or ADDRESS, or --pilot for ten bodies")
    with opened(path) as it, it.database.write() as connection:
        key = meant(connection, key, "survey")
        sent = send_trial(connection, it.site, key, clock(), to=to, pilot=pilot or PILOT)
        only_try(connection, dry_run)
    _show_sent(sent, f"survey {key}: trial ballots", dry_run=dry_run, as_json=as_json)


def _show_trial(report: TrialReport, *, as_json: bool) -> None:
    rows = [
        {"question": one.question or "(whole reply)", "bodies": one.bodies, "why": " / ".join(one.reasons)}
        for one in report.asked_back
    ]
    if as_json:
        show.as_json({**vars(report), "asked_back": rows})
        return
    show.facts({name: number for name, number in vars(report).items() if name != "asked_back"})
    show.table(rows, as_json=False, empty="no question was asked back")


@root.group("probe")
@CONFIG
def _probe() -> None:
    """What members' mail systems do to our mail, and which layout suits each."""


@command(_probe, "send")
@click.option("--to", multiple=True, metavar="CODE|ADDRESS", help="A body or a contact; may be repeated.")
@click.option(
    "--pilot",
    type=click.IntRange(1, 2000),
    is_flag=False,
    flag_value=PILOT,
    metavar="[N]",
    help=f"So many bodies, spread over kinds and prefectures; {PILOT} without a number.",
)
@click.option("--dry-run", is_flag=True, help="Only say to whom it would go.")
@JSON
def _probe_send(path: Path, to: tuple[str, ...], pilot: int | None, dry_run: bool, as_json: bool) -> None:
    """Send a harmless test mail that is only to be replied to, to bodies that you name or to N (ten)."""
    if not to and pilot is None:
        raise click.UsageError("say to whom: --to CODE or ADDRESS, or --pilot for ten bodies")
    with opened(path) as it, it.database.write() as connection:
        sent = probe_gateways(connection, it.site, clock(), to=to, pilot=pilot or PILOT)
        only_try(connection, dry_run)
    _show_sent(sent, "probes", dry_run=dry_run, as_json=as_json)


@command(_probe, "report")
@JSON
def _probe_report(path: Path, as_json: bool) -> None:
    """Show what came back from each body, and what is done about it."""
    with opened(path) as it, it.database.read() as connection:
        probed = report_probes(connection)
        language = it.site.language
    if as_json:
        show.as_json({"probed": [_probed_json(one, language) for one in probed]})
        return
    show.table([_probed_row(one, language) for one in probed], as_json=False, empty="no probe was sent yet")
    found = [one.gateway.findings if one.gateway else None for one in probed]
    for sentence in probe_summary(found, language):
        print(sentence)


def _probed_row(one: Probed, language: Language) -> dict[str, object]:
    known = one.gateway
    return {
        "code": one.code,
        "body": one.body,
        "columns": known.layout.columns if known else None,
        "quotes": known.findings.quotes if known else None,
        "found": " ".join(finding_sentences(known.findings, language)) if known else None,
    }


def _probed_json(one: Probed, language: Language) -> dict[str, object]:
    known = one.gateway
    return {
        **_probed_row(one, language),
        "address": one.address,
        "found": list(finding_sentences(known.findings, language)) if known else None,
        "findings": vars(known.findings) if known else None,
        "probed_at": known.probed_at.isoformat() if known else None,
    }


@acting(surveys_group, "draft")
@click.argument("key")
def _surveys_draft(act: Acting, key: str) -> Deed:
    """Send the draft to those who must approve it by reply: as it will look, to how many, and when."""
    surveys.require(act.connection, key)
    to = send_draft(act.connection, act.it.site, key, act.now, by=COMMAND_LINE)
    words = f"survey {key}: the draft {act.is_} in the outbox, to {', '.join(to)}"
    return Deed(words, {"key": key, "to": list(to)})


def _show_sent(sent: Sequence[Ballot], what: str, *, dry_run: bool, as_json: bool) -> None:
    """Show to whom mails of a kind went, or would go."""
    rows = [
        {"code": ballot.code, "to": ballot.greeting, "address": ballot.address, "columns": ballot.columns}
        for ballot in sent
    ]
    if as_json:
        show.as_json({"dry_run": dry_run, "sent": rows})
        return
    show.table(rows, as_json=False, empty="nobody")
    print(f"{what} {'would go' if dry_run else 'are in the outbox'}: {len(rows)}")
