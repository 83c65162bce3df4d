"""The lists, surveys, events, bulletins and meetings that stand as files below config/, checked together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path
from typing import Generic, Literal, TypeVar, cast

from mailbot.core.bulletins.bulletin import POSTS, Bulletin, size_fault, text_faults
from mailbot.core.calendar import OfficeCalendar, english_weekday, unconfirmed, unusual
from mailbot.core.events.event import Event
from mailbot.core.events.meeting import Meeting, poll_key, poll_of
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.address import route
from mailbot.core.members.audience import order_of
from mailbot.core.mistake import Mistake, Mistakes
from mailbot.core.office.plan import reminder_before
from mailbot.core.recurrence import read_in_month
from mailbot.core.surveys.ballot import faults
from mailbot.core.surveys.survey import Reminder, Survey
from mailbot.folder.bulletin_files import BULLETIN_KEYS, BulletinFile, read_bulletin
from mailbot.folder.config import Config, Partial, read_config
from mailbot.folder.event_files import EVENT_KEYS, EventFile
from mailbot.folder.list_files import LIST_KEYS, ListFile
from mailbot.folder.meeting_files import MEETING_KEYS, MeetingFile, meeting_faults
from mailbot.folder.own_templates import check_own_templates
from mailbot.folder.resolution_files import RESOLUTION_KEYS, ResolutionFile, ShareFile
from mailbot.folder.selector_files import SelectorFile
from mailbot.folder.survey_files import SURVEY_KEYS, SurveyFile
from mailbot.folder.yaml_source import FileModel, Source, Trail, nearest, read_yaml, validate
from mailbot.formats.markdown import read_markdown
from mailbot.resources import templates_folder

Kind = Literal["lists", "surveys", "events", "meetings"]
_REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "lists": LIST_KEYS,
    "surveys": SURVEY_KEYS,
    "events": EVENT_KEYS,
    "meetings": MEETING_KEYS,
}
File = TypeVar("File", bound=FileModel)


@dataclass(frozen=True)
class Definitions:
    """Everything that the files define, and what a person may want to know of it before it is applied."""

    lists: tuple[MailingList, ...]
    surveys: tuple[Survey, ...]
    events: tuple[Event, ...]
    notes: tuple[Mistake, ...]
    bulletins: tuple[Bulletin, ...] = ()
    meetings: tuple[Meeting, ...] = ()


@dataclass
class _Findings:
    """What reading the files has brought up so far."""

    mistakes: list[Mistake] = field(default_factory=list)
    notes: list[Mistake] = field(default_factory=list)


@dataclass(frozen=True)
class _Read(Generic[File]):
    """A definition file that could be read, and whether it is sound so far."""

    source: Source
    found: File
    sound: bool


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
    findings = _Findings()
    definitions = _definitions(known, findings)
    if findings.mistakes:
        raise Mistakes(findings.mistakes)
    return definitions


def check_folder(
    path: Path, environ: Mapping[str, str] = os.environ
) -> tuple[tuple[Mistake, ...], tuple[Mistake, ...]]:
    """Return every mistake and note of the configuration at this path and of all definitions beside it."""
    _, known, mistakes = read_config(path, environ)
    findings = _Findings(mistakes)
    findings.mistakes += check_own_templates(known.folder, templates_folder(), known.language)
    _definitions(known, findings)
    return Mistakes(findings.mistakes).mistakes, tuple(sorted(findings.notes))


def _definitions(known: Partial, findings: _Findings) -> Definitions:
    lists = _read_all(known, "lists", ListFile, findings)
    surveys = _read_all(known, "surveys", SurveyFile, findings)
    events = _read_all(known, "events", EventFile, findings)
    bulletins = _read_bulletins(known, findings)
    meetings = _read_all(known, "meetings", MeetingFile, findings)
    for one in lists:
        findings.notes += _unkept(one) + _impersonal(one, known)
    for survey in surveys:
        _check_survey(survey, known, findings)
    for event in events:
        _check_event(event, known, findings)
    for bulletin in bulletins:
        _check_bulletin(bulletin, lists, known, findings)
    for meeting in meetings:
        _check_meeting(meeting, known, findings)
    findings.mistakes += _named_twice([(one.source, ("name",), one.found.name) for one in lists])
    findings.mistakes += _named_twice(_keys(surveys, events, meetings, bulletins))
    selections = _selections(lists, surveys, events) + _audiences(bulletins)
    selections += [(one.source, ("members",), one.found.members) for one in meetings if one.found.members]
    findings.mistakes += _own_addresses(known, lists, surveys, selections, bulletins)
    findings.mistakes += _unknown_lists(lists, selections)
    findings.notes += _unknown_events(events, selections)
    findings.mistakes += _circles(lists)
    return Definitions(
        lists=tuple(one.found.value() for one in lists if one.sound),
        surveys=tuple(one.found.value(known.timezone) for one in surveys if one.sound),
        events=tuple(one.found.value(known.timezone) for one in events if one.sound),
        notes=tuple(sorted(findings.notes)),
        bulletins=tuple(one.read.found.value(known.timezone) for one in bulletins if one.read.sound),
        meetings=tuple(one.found.value(known.timezone) for one in meetings if one.sound),
    )


def _read_all(known: Partial, kind: Kind, model: type[File], findings: _Findings) -> list[_Read[File]]:
    """Read the files of one folder in the order of their names."""
    read: list[_Read[File]] = []
    folder = known.folder / "config" / kind
    for path in sorted(folder.glob("*.y*ml")):
        shown = str(path.relative_to(known.folder))
        if path.suffix != ".yaml":
            findings.mistakes.append(Mistake(shown, 1, 1, "file", f"is not read; name it {path.stem}.yaml"))
            continue
        try:
            source = read_yaml(path, shown)
        except Mistakes as broken:
            findings.mistakes += broken.mistakes
            continue
        found, mistakes = _validated(source, kind, model, known)
        findings.mistakes += mistakes
        read.append(_Read(source, found, sound=not mistakes))
    return read


def _validated(source: Source, kind: Kind, model: type[File], known: Partial) -> tuple[File, list[Mistake]]:
    """Check one file against its model; `type: resolution` makes another model of a survey's file."""
    context = {"zone": known.timezone, "calendar": known.calendar}
    if kind == "surveys" and source.plain.get("type") == "resolution":
        resolution = cast("type[File]", ResolutionFile)  # a SurveyFile, which is what File is here
        return validate(source, resolution, context, required=RESOLUTION_KEYS)
    found, mistakes = validate(source, model, context, required=_REQUIRED[kind])
    if kind == "surveys":
        mistakes = [_of_a_resolution(source, mistake) for mistake in mistakes]
    return found, mistakes


_NO_BY_LAW = (
    "names no article that allows a written vote, such as 規約第18条; the ballot and the minutes leave it open, and "
    "whether the vote is lawful is not for mailbot to decide"
)
_ONLY_OF_A_RESOLUTION = frozenset(ResolutionFile.model_fields) - frozenset(SurveyFile.model_fields)


def _of_a_resolution(source: Source, mistake: Mistake) -> Mistake:
    """Say it where an ordinary survey has a key that belongs to a resolution."""
    if mistake.key in _ONLY_OF_A_RESOLUTION and mistake.sentence.startswith("is not a known key"):
        return source.at_key((mistake.key,), "belongs to a resolution; add type: resolution, or remove it")
    return mistake


@dataclass(frozen=True)
class _ReadBulletin:
    """A bulletin's file, and where in it the text begins."""

    read: _Read[BulletinFile]
    first_line: int


def _read_bulletins(known: Partial, findings: _Findings) -> list[_ReadBulletin]:
    """Read the bulletins in the order of their names, YAML or Markdown."""
    found: list[_ReadBulletin] = []
    folder = known.folder / "config" / "bulletins"
    for path in sorted([*folder.glob("*.y*ml"), *folder.glob("*.md"), *folder.glob("*.markdown")]):
        shown = str(path.relative_to(known.folder))
        if path.suffix not in {".yaml", ".md"}:
            usual = ".md" if path.suffix == ".markdown" else ".yaml"
            findings.mistakes.append(Mistake(shown, 1, 1, "file", f"is not read; name it {path.stem}{usual}"))
            continue
        try:
            source, first_line = read_bulletin(path, shown)
        except Mistakes as broken:
            findings.mistakes += broken.mistakes
            continue
        context = {"zone": known.timezone, "calendar": known.calendar}
        one, mistakes = validate(source, BulletinFile, context, required=BULLETIN_KEYS)
        findings.mistakes += mistakes
        found.append(_ReadBulletin(_Read(source, one, sound=not mistakes), first_line))
    return found


def files_of(config_folder: Path) -> dict[tuple[str, str], Path]:
    """Return which file below config/ defines what: ("lists", its name), or ("surveys", its key) and so on.

    Whatever a person called the file; a file that cannot be read defines nothing.
    """
    found: dict[tuple[str, str], Path] = {}
    for kind in ("lists", "surveys", "events", "bulletins", "meetings"):
        markdown = (config_folder / kind).glob("*.md") if kind == "bulletins" else ()
        for path in sorted([*(config_folder / kind).glob("*.yaml"), *markdown]):
            try:
                source, _ = read_bulletin(path, str(path))
            except Mistakes:
                continue
            named = source.plain.get("name" if kind == "lists" else "key")
            if isinstance(named, str):
                found.setdefault((kind, named), path)
    return found


# -- within one file -----------------------------------------------------------------------------------------------


def _unkept(read: _Read[ListFile]) -> list[Mistake]:
    """Note the settings of a list without an archive that need one."""
    found, source = read.found, read.source
    if found.archive:
        return []
    notes = []
    if found.attachments != "pass":
        sentence = "files are sent all the same: without an archive nobody could get what was left out"
        notes.append(source.note(("attachments",), sentence))
    if found.moderated == "new":
        sentence = "every post waits: without an archive nobody knows who has posted before"
        notes.append(source.note(("moderated",), sentence))
    return notes


def _impersonal(read: _Read[ListFile], known: Partial) -> list[Mistake]:
    """Note what a list of identical copies cannot have, although this configuration gives it to personal ones."""
    found, source = read.found, read.source
    if found.copies == "personal" or not known.web_url:
        return []
    sentence = (
        "posts have no one-click List-Unsubscribe of each member's own, which web_url gives to personal copies "
        f"(RFC 8058): who wants to leave writes to {found.name or 'NAME'}-leave@{known.domain}, and is asked back"
    )
    return [source.note(("copies",), sentence)]


def _check_survey(read: _Read[SurveyFile], known: Partial, findings: _Findings) -> None:
    found, source = read.found, read.source
    if found.opens and found.closes and found.closes <= found.opens:
        sentence = f"the survey closes at {found.closes:%Y-%m-%d %H:%M}, before it opens at {found.opens:%Y-%m-%d %H:%M}"
        findings.mistakes.append(source.mistake(("closes",), sentence))
    elif found.opens and found.closes:
        _check_reminders(read, found.opens, found.closes, known, findings)
    if found.previous is not None and found.previous == found.key:
        findings.mistakes.append(
            source.mistake(("previous",), "names this survey itself; name an earlier one")
        )
    if isinstance(found, ResolutionFile):
        _check_resolution(source, found, findings)
        if not found.by_law:
            findings.notes.append(source.note(("type",), _NO_BY_LAW))
    asked = found if read.sound else _with_stand_ins(found, known)
    if found.questions is None:
        findings.mistakes += _ids_twice(source)
    if asked is not None:
        for fault in faults(asked.value(known.timezone), known.language):
            findings.mistakes.append(_placed(source, found, fault))
    moments: list[tuple[Trail, datetime | None]] = [(("opens",), found.opens), (("closes",), found.closes)]
    moments += [((*path, "at"), reminder.at) for path, reminder in _reminders(found, known)]
    findings.notes += _unusual(source, moments, known.calendar)
    if found.closes is not None:
        findings.notes += _moved_reminders(read, found.closes, known)


def _moved_reminders(read: _Read[SurveyFile], closes: datetime, known: Partial) -> Iterator[Mistake]:
    """Note a reminder that is moved out of the turn of the year."""
    for path, reminder in _reminders(read.found, known):
        if reminder.business_days_before_close is None:
            continue
        at = reminder_before(reminder, closes, known.calendar, known.timezone)
        as_planned = reminder_before(
            reminder, closes, replace(known.calendar, no_reminders=None), known.timezone
        )
        if at != as_planned:
            sentence = (
                f"would go out on {as_planned:%Y-%m-%d}, when nobody is reminded ({known.calendar.no_reminders}, the turn "
                f"of the year); it goes out at {at:%Y-%m-%d %H:%M}. Write the time out to have it sent all the same"
            )
            yield read.source.note(read.source.reached(path), sentence)


def _ids_twice(source: Source) -> Iterator[Mistake]:
    """Return the ids that two questions have, where one of the questions is wrong and none can be read further."""
    asked = source.plain.get("questions")
    seen: set[str] = set()
    for index, question in enumerate(asked if isinstance(asked, list) else ()):
        name = question.get("id") if isinstance(question, dict) else None
        if isinstance(name, str) and name in seen:
            yield source.mistake(("questions", index), "two questions have this id; give each its own")
        elif isinstance(name, str):
            seen.add(name)


def _with_stand_ins(found: SurveyFile, known: Partial) -> SurveyFile | None:
    """Return a survey whose questions are sound, with something harmless in place of what is wrong beside them.

    So a mistake in a question is told together with one in the dates. None: the questions themselves are wrong, or it
    is a resolution, whose parts hang together.
    """
    if found.questions is None or isinstance(found, ResolutionFile):
        return None
    some_day = datetime(2027, 1, 14, 9, tzinfo=known.timezone)
    given = {
        "key": "S",
        "title": "調査",
        "audience": SelectorFile.model_validate({"all": True}),
        "opens": some_day,
        "closes": some_day,
    }
    missing = {name: value for name, value in given.items() if getattr(found, name) is None}
    return found.model_copy(update=missing)


def _reminders(found: SurveyFile, known: Partial) -> list[tuple[Trail, Reminder]]:
    """Return the reminders and the follow-ups with their paths."""
    listed: list[tuple[Trail, Reminder]] = [
        (("reminders", index), reminder.value(known.timezone))
        for index, reminder in enumerate(found.reminders)
    ]
    if found.follow_up is not None:
        listed += [
            (("follow_up", "at", index), follow_up.value(known.timezone))
            for index, follow_up in enumerate(found.follow_up.at)
        ]
    return listed


def _check_reminders(
    read: _Read[SurveyFile], opens: datetime, closes: datetime, known: Partial, findings: _Findings
) -> None:
    """Find reminders outside the survey's time: one that was written out is a mistake; so many business days before the close
    may be too many for a short survey, which then has no such reminder.
    """
    for path, reminder in _reminders(read.found, known):
        written = reminder.business_days_before_close is None
        at = reminder.at if written else reminder_before(reminder, closes, known.calendar, known.timezone)
        if at is None or opens < at < closes:
            continue
        when = "before the survey opens" if at <= opens else "after the survey closes"
        what = "reminder" if path[0] == "reminders" else "list of the missing"
        sentence = f"this {what} would go out at {at:%Y-%m-%d %H:%M}, {when}"
        if written:
            findings.mistakes.append(read.source.mistake(read.source.reached(path), sentence))
        else:
            findings.notes.append(read.source.note(read.source.reached(path), f"{sentence}, and is not sent"))


def _check_resolution(source: Source, found: ResolutionFile, findings: _Findings) -> None:
    if found.base_date and found.opens and found.base_date > found.opens.date():
        sentence = f"the vote opens on {found.opens:%Y-%m-%d}, and its electorate must be known by then; name that day or one before"
        findings.mistakes.append(source.mistake(("base_date",), sentence))
    shares: list[tuple[Trail, ShareFile]] = [(("quorum",), found.quorum)] if found.quorum else []
    shares += [(("threshold", place), share) for place, share in enumerate(found.threshold or ())]
    for path, share in shares:
        if share.bare_half:
            sentence = (
                "one half is read as 過半数, more than half; write 2分の1以上 if exactly half is enough"
            )
            findings.notes.append(source.note(source.reached(path), sentence))


def _placed(source: Source, found: SurveyFile, fault: str) -> Mistake:
    """Place a sentence about a survey at the question that it names first, or at the text that it quotes."""
    name, _, sentence = fault.partition(": ")
    questions = list(enumerate(found.questions or ()))
    for index, question in reversed(questions):  # of two with one id, the later is the wrong one
        if question.id == name:
            return source.mistake(("questions", index), sentence)
    texts: list[tuple[Trail, str]] = [(("questions", index, "text"), one.text) for index, one in questions]
    for index, question in questions:
        texts += [(("questions", index, "options", at), label) for at, label in enumerate(question.options)]
    texts += [(("title",), found.title or ""), (("purpose",), found.purpose), (("contact",), found.contact)]
    if isinstance(found, ResolutionFile):
        texts += _paper_texts(found)
    quoted = [path for path, text in texts if any(line and line in fault for line in text.splitlines())]
    if found.questions is None and not quoted:
        return source.mistake(("title",), fault)
    return source.mistake(quoted[0] if quoted else ("questions",), fault)


def _paper_texts(found: ResolutionFile) -> Iterator[tuple[Trail, str]]:
    """Yield what a resolution prints beside its motions."""
    yield ("by_law",), found.by_law or ""
    yield ("deemed",), found.deemed or ""
    for index, motion in enumerate(found.questions or ()):
        for side in ("article", "old", "new"):
            yield ("questions", index, side), getattr(motion, side) or ""
    for key in ("comparison", "articles"):
        for index, article in enumerate(getattr(found, key)):
            for side in ("article", "old", "new"):
                yield (key, index, side), getattr(article, side) or ""


def _check_event(read: _Read[EventFile], known: Partial, findings: _Findings) -> None:
    found, source = read.found, read.source
    moments: list[tuple[Trail, datetime | None]] = [(("rsvp_until",), found.rsvp_until)]
    notices = [notice.value(known.timezone) for notice in found.notices]
    moments += [(("notices", index, "at"), notice.at) for index, notice in enumerate(notices)]
    findings.notes += _unusual(source, moments, known.calendar)
    if found.date is None:
        return
    starts = found.time[0] if isinstance(found.time, tuple) else clock.max
    begins = datetime.combine(found.date, starts, known.timezone)
    for path, at in moments:
        if at is not None and at > begins:
            sentence = f"{at:%Y-%m-%d %H:%M} is after the event of {found.date}"
            findings.mistakes.append(source.mistake(path, sentence))


def _check_meeting(read: _Read[MeetingFile], known: Partial, findings: _Findings) -> None:
    found, source = read.found, read.source
    findings.mistakes += [
        source.mistake(source.reached(path), why) for path, why in meeting_faults(found, source.plain)
    ]
    moments: list[tuple[Trail, datetime | None]] = [(("at",), found.at), (("invite",), found.invite)]
    moments += [(("candidates", place), starts) for place, starts in enumerate(found.candidates)]
    if found.poll is not None:
        moments += [(("poll", "opens"), found.poll.opens), (("poll", "closes"), found.poll.closes)]
    findings.notes += _unusual(source, moments, known.calendar)
    poll = poll_of(found.value(known.timezone), known.timezone, known.language) if read.sound else None
    if poll is not None:
        findings.mistakes += [source.mistake(("title",), fault) for fault in faults(poll, known.language)]


def _check_bulletin(
    one: _ReadBulletin, lists: Sequence[_Read[ListFile]], known: Partial, findings: _Findings
) -> None:
    found, source = one.read.found, one.read.source
    findings.notes += _unusual(source, [(("send",), found.send)], known.calendar)
    presets = {each.found.name: each.found.preset for each in lists if each.found.name}
    if found.list is None and not found.audience and not {"list", "audience"} & source.plain.keys():
        sentence = "goes to nobody; name its list (list: news), or whom it is for (audience: all)"
        findings.mistakes.append(source.mistake(("title",), sentence))
    if found.list is not None:
        if found.list not in presets:
            findings.mistakes.append(source.mistake(("list",), _no_list(found.list, presets)))
        elif presets[found.list] not in {None, "announce"}:
            sentence = f"{found.list!r} is a list to which its members post; a bulletin needs one with preset: announce"
            findings.mistakes.append(source.mistake(("list",), sentence))
    if found.every is not None:
        findings.mistakes += _standing(one.read)
    for index, section in enumerate(found.sections):
        if section.startswith(POSTS):
            name = section.removeprefix(POSTS)
            path = source.reached(("sections", index))
            if name not in presets:
                findings.mistakes.append(source.mistake(path, _no_list(name, presets)))
            elif presets[name] == "closed":
                sentence = f"{name!r} is a closed list; its subjects are not for the readers of a bulletin"
                findings.mistakes.append(source.mistake(path, sentence))
    if found.body is None:
        return
    day = found.send.date() if found.send else None
    wrong = list(read_markdown(found.body, known.language, one.first_line).faults)
    wrong += text_faults(found.body, found.charset, day, known.language, one.first_line)
    findings.mistakes += [Mistake(source.file, fault.line, 1, "body", fault.sentence) for fault in wrong]
    for name in ("title", "contact"):
        for fault in text_faults(getattr(found, name) or "", found.charset, day, known.language):
            findings.mistakes.append(source.mistake((name,), fault.sentence))
    if one.read.sound and (fault_of := size_fault(found.value(known.timezone))) is not None:
        findings.mistakes.append(source.mistake((fault_of[0],), fault_of[1]))


_LONGEST_STANDING = 17  # characters of a key: that of an issue has the day behind it


def _standing(read: _Read[BulletinFile]) -> Iterator[Mistake]:
    """Refuse what cannot stand beside `every`: each issue is another text."""
    found, source = read.found, read.source
    for name, stated in (("send", found.send), ("number", found.number), ("approval", found.approval)):
        if stated:
            yield source.mistake(
                (name,), "cannot stand beside every: each issue has its own time, number and text"
            )
    if not found.sections:
        yield source.mistake(("every",), "needs sections: without them each issue would say the same")
    if found.key is not None and len(found.key) > _LONGEST_STANDING:
        sentence = f"has {len(found.key)} characters; beside every at most {_LONGEST_STANDING} fit, for each issue adds its day"
        yield source.mistake(("key",), sentence)


def _no_list(name: str, known: Mapping[str, object]) -> str:
    return f"no file of config/lists/ defines a list {name!r}" + (nearest(name, known) if known else "")


def _unusual(
    source: Source, moments: Iterable[tuple[Trail, datetime | None]], calendar: OfficeCalendar
) -> Iterator[Mistake]:
    told: set[int] = set()  # years whose holidays are not published: said once for a file
    for path, at in moments:
        if at is None:
            continue
        written = source.plain.get(str(path[0])) if len(path) == 1 else None
        by_rule = (
            f"{written!r} is {at:%Y-%m-%d %H:%M}, a {english_weekday(at.date())}"
            if isinstance(written, str) and read_in_month(written, calendar, at.tzinfo or UTC) is not None
            else None
        )
        open_year = unconfirmed(at.date(), calendar) if at.year not in told else None
        if open_year:
            told.add(at.year)
        for sentence in (by_rule, unusual(at, calendar), open_year):
            if sentence is not None:
                yield source.note(path, sentence)


# -- between the files ---------------------------------------------------------------------------------------------


def _keys(
    surveys: Sequence[_Read[SurveyFile]],
    events: Sequence[_Read[EventFile]],
    meetings: Sequence[_Read[MeetingFile]],
    bulletins: Sequence[_ReadBulletin],
) -> list[tuple[Source, Trail, str | None]]:
    """Return each key that mails may bear, with its place; a meeting has another for the poll for its date."""
    polls = {poll_key(one.found.key): one.source for one in reversed(meetings) if one.found.key}
    return [
        *((one.source, ("key",), one.found.key) for one in surveys),
        *((one.source, ("key",), one.found.key) for one in events),
        *((one.source, ("key",), one.found.key) for one in meetings),
        *((source, ("key",), poll) for poll, source in polls.items()),
        *((one.read.source, ("key",), one.read.found.key) for one in bulletins),
    ]


def _named_twice(names: Iterable[tuple[Source, Trail, str | None]]) -> Iterator[Mistake]:
    """Refuse a name that another file has taken; letter case does not make two of one in a Subject."""
    taken: dict[str, str] = {}
    for source, path, name in names:
        if name is None:
            continue
        if name.lower() in taken:
            yield source.mistake(path, f"{name!r} is taken by {taken[name.lower()]}; every one needs its own")
        taken.setdefault(name.lower(), source.file)


def _selections(
    lists: Iterable[_Read[ListFile]], surveys: Iterable[_Read[SurveyFile]], events: Iterable[_Read[EventFile]]
) -> list[tuple[Source, Trail, SelectorFile]]:
    """Return every selector of the files with its place."""
    found: list[tuple[Source, Trail, SelectorFile | None]] = []
    found += [(one.source, ("members",), one.found.members) for one in lists]
    found += [(one.source, ("posters",), one.found.posters) for one in lists]
    found += [(one.source, ("audience",), one.found.audience) for one in surveys]
    found += [(one.source, ("audience",), one.found.audience) for one in events]
    return [(source, path, selector) for source, path, selector in found if selector is not None]


def _audiences(bulletins: Iterable[_ReadBulletin]) -> list[tuple[Source, Trail, SelectorFile]]:
    """Return the selectors of bulletins with their places."""
    return [
        (
            one.read.source,
            ("audience", index) if isinstance(one.read.source.plain.get("audience"), list) else ("audience",),
            selector,
        )
        for one in bulletins
        for index, selector in enumerate(one.read.found.audience)
    ]


def _unknown_lists(
    lists: Sequence[_Read[ListFile]], selections: Iterable[tuple[Source, Trail, SelectorFile]]
) -> Iterator[Mistake]:
    """Refuse members of a list that no file defines."""
    names = {one.found.name for one in lists if one.found.name}
    for source, path, selector in selections:
        exception = selector.excluded.lists if selector.excluded else ()
        places = [((*path, "lists", index), name) for index, name in enumerate(selector.lists)]
        places += [((*path, "except", "lists", index), name) for index, name in enumerate(exception)]
        for place, name in places:
            if name not in names:
                yield source.mistake(source.reached(place), _no_list(name, dict.fromkeys(names)))


def _unknown_events(
    events: Iterable[_Read[EventFile]], selections: Iterable[tuple[Source, Trail, SelectorFile]]
) -> Iterator[Mistake]:
    """Say that an event whose attendance is meant has no file: it may stand in the database, or be a slip."""
    keys = {one.found.key for one in events}
    for source, path, selector in selections:
        for index, key in enumerate(selector.attended):
            if key not in keys:
                yield source.note((*path, "attended", index), f"no file of config/events/ has the key {key}")


def _circles(lists: Sequence[_Read[ListFile]]) -> Iterator[Mistake]:
    """Refuse lists that take their members from each other in a circle."""
    members = {
        one.found.name: one.found.members.selector()
        for one in lists
        if one.found.name is not None and one.found.members is not None
    }
    try:
        order_of(members)
    except ValueError as circle:
        name = str(circle).partition(" > ")[0]
        source = next(one.source for one in lists if one.found.name == name)
        sentence = f"takes its members from lists that take theirs from it: {circle}"
        yield source.mistake(("members",), sentence)


def _own_addresses(
    known: Partial,
    lists: Sequence[_Read[ListFile]],
    surveys: Sequence[_Read[SurveyFile]],
    selections: Sequence[tuple[Source, Trail, SelectorFile]],
    bulletins: Sequence[_ReadBulletin],
) -> Iterator[Mistake]:
    """Refuse addresses of the service itself where people are meant: their mail would go round in circles."""
    names = {one.found.name for one in lists}
    addresses: list[tuple[Source, Trail, str, str]] = [
        (source, (*path, "emails", index), email, "cannot be a member")
        for source, path, selection in selections
        for index, email in enumerate(selection.emails)
    ]
    addresses += [
        (one.source, ("approval", index), email, "cannot approve a draft")
        for one in surveys
        for index, email in enumerate(one.found.approval)
    ]
    addresses += [
        (one.source, ("moderators", index), email, "cannot decide about posts")
        for one in lists
        for index, email in enumerate(one.found.moderators)
    ]
    addresses += [
        (one.read.source, (key, index), email, what)
        for one in bulletins
        for key, what in (("approval", "cannot approve a draft"), ("test", "cannot read a trial copy"))
        for index, email in enumerate(getattr(one.read.found, key))
    ]
    addresses += [(source, path, email, "cannot be a person's") for source, path, email in known.people]
    answers = f"@{known.reply_domain.lower()}" if known.reply_domain != known.domain else None
    for source, path, email, what in addresses:
        answer = answers is not None and email.lower().endswith(answers)  # a domain that has no people
        if answer or route(
            email,
            domain=known.domain,
            reply_domain=known.reply_domain,
            lists=names.__contains__,
            former=known.former_domains,
        ):
            sentence = f"{email} is an address of this service itself and {what}"
            yield source.mistake(source.reached(path), sentence)
