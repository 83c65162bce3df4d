"""The lists, surveys, events, bulletins and meetings that stand as files below config/, checked together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.events.event import Event
from mailbot.core.events.meeting import Meeting
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mistake import Mistake, Mistakes
from mailbot.core.surveys.survey import Survey
from mailbot.folder.config import Config, Partial, read_config
from mailbot.folder.definition_clashes import check_clashes
from mailbot.folder.definition_faults import (
    check_bulletin,
    check_event,
    check_list,
    check_meeting,
    check_survey,
)
from mailbot.folder.definition_sources import Findings, read_files
from mailbot.folder.own_templates import check_own_templates
from mailbot.folder.secret_files import key_mistakes
from mailbot.resources import templates_folder


@dataclass(frozen=True)
class Definitions:
    """Everything that the files define, and what a person may want to know of it before it is applied."""

    lists: tuple[MailingList, ...]
    surveys: tuple[Survey, ...]
    events: tuple[Event, ...]
    notes: tuple[Mistake, ...]
    bulletins: tuple[Bulletin, ...] = ()
    meetings: tuple[Meeting, ...] = ()


def load_definitions(config: Config) -> Definitions:
    """Read every definition file. Raises Mistakes with the mistakes of all of them."""
    known = Partial(
        config.folder,
        config.timezone,
        config.language,
        config.domain,
        config.reply_domain,
        calendar=config.calendar,
        web_url=config.web_url,
        former_domains=config.former_domains,
    )
    findings = Findings()
    definitions = _definitions(known, findings)
    if findings.mistakes:
        raise Mistakes(findings.mistakes)
    return definitions


def check_folder(
    path: Path, environ: Mapping[str, str] = os.environ
) -> tuple[tuple[Mistake, ...], tuple[Mistake, ...]]:
    """Return every mistake and note of the configuration at this path and of all definitions beside it."""
    config, known, mistakes = read_config(path, environ)
    findings = Findings(mistakes)
    if config is not None:
        findings.mistakes += key_mistakes(config.folder, config.database)
    findings.mistakes += check_own_templates(known.folder, templates_folder(), known.language)
    _definitions(known, findings)
    return Mistakes(findings.mistakes).mistakes, tuple(sorted(findings.notes))


def _definitions(known: Partial, findings: Findings) -> Definitions:
    files = read_files(known, findings)
    for one in files.lists:
        check_list(one, known, findings)
    for survey in files.surveys:
        check_survey(survey, known, findings)
    for event in files.events:
        check_event(event, known, findings)
    for bulletin in files.bulletins:
        check_bulletin(bulletin, files.lists, known, findings)
    for meeting in files.meetings:
        check_meeting(meeting, known, findings)
    check_clashes(files, known, findings)
    zone = known.timezone
    return Definitions(
        lists=tuple(one.found.value() for one in files.lists if one.sound),
        surveys=tuple(one.found.value(zone) for one in files.surveys if one.sound),
        events=tuple(one.found.value(zone) for one in files.events if one.sound),
        notes=tuple(sorted(findings.notes)),
        bulletins=tuple(one.read.found.value() for one in files.bulletins if one.read.sound),
        meetings=tuple(one.found.value(zone) for one in files.meetings if one.sound),
    )
