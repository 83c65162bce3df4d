"""What does not fit together within one definition file, and what a person may want to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as clock

from mailbot.core.bulletins.bulletin import POSTS, size_fault, text_faults
from mailbot.core.calendar import OfficeCalendar, english_weekday, unconfirmed, unusual
from mailbot.core.events.meeting import poll_of
from mailbot.core.mistake import Mistake
from mailbot.core.office.plan import reminder_before
from mailbot.core.recurrence import read_in_month
from mailbot.core.surveys.ballot_faults import faults
from mailbot.core.surveys.survey import Reminder
from mailbot.folder.bulletin_files import BulletinFile
from mailbot.folder.config import Partial
from mailbot.folder.definition_sources import Findings, Read, ReadBulletin
from mailbot.folder.event_files import EventFile
from mailbot.folder.list_files import ListFile
from mailbot.folder.meeting_files import MeetingFile, meeting_faults
from mailbot.folder.resolution_files import ResolutionFile, ShareFile
from mailbot.folder.selector_files import SelectorFile
from mailbot.folder.survey_files import SurveyFile
from mailbot.folder.yaml_source import Source, Trail, nearest
from mailbot.formats.markdown import read_markdown

_NO_BY_LAW = (
    "names no article that allows a written vote, such as 規約第18条; the ballot and the minutes leave it open, and "
    "whether the vote is lawful is not for mailbot to decide"
)


def check_list(read: Read[ListFile], known: Partial, findings: Findings) -> None:
    """Note what a list cannot have as it is defined."""
    findings.notes += _unkept(read) + _impersonal(read, known)


def _unkept(read: Read[ListFile]) -> list[Mistake]:
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


def _impersonal(read: Read[ListFile], known: Partial) -> list[Mistake]:
    """Note what a list of identical copies cannot have, although this configuration gives it to personal ones."""
    found, source = read.found, read.source
    if found.copies == "personal" or not known.web_url:
        return []
    sentence = (
        "posts have no one-click List-Unsubscribe of each member's own, which web_url gives to personal copies "
        f"(RFC 8058): who wants to leave writes to {found.name or 'NAME'}-leave@{known.domain}, and is asked back"
    )
    return [source.note(("copies",), sentence)]


def check_survey(read: Read[SurveyFile], known: Partial, findings: Findings) -> None:
    """Find what does not fit together in a survey's file, and name reminders and days that are unusual."""
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


def _moved_reminders(read: Read[SurveyFile], closes: datetime, known: Partial) -> Iterator[Mistake]:
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
    read: Read[SurveyFile], opens: datetime, closes: datetime, known: Partial, findings: Findings
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


def _check_resolution(source: Source, found: ResolutionFile, findings: Findings) -> None:
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


def check_event(read: Read[EventFile], known: Partial, findings: Findings) -> None:
    """Find what comes after the event, and name days that are unusual."""
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


def check_meeting(read: Read[MeetingFile], known: Partial, findings: Findings) -> None:
    """Find what does not fit together in a meeting's file or in the poll that it makes, and name days that are unusual."""
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


def check_bulletin(
    one: ReadBulletin, lists: Sequence[Read[ListFile]], known: Partial, findings: Findings
) -> None:
    """Find what is wrong with a bulletin's readers, sections and text, and name days that are unusual."""
    found, source = one.read.found, one.read.source
    findings.notes += _unusual(source, [(("send",), found.send)], known.calendar)
    presets = {each.found.name: each.found.preset for each in lists if each.found.name}
    if found.list is None and not found.audience and not {"list", "audience"} & source.plain.keys():
        sentence = "goes to nobody; name its list (list: news), or whom it is for (audience: all)"
        findings.mistakes.append(source.mistake(("title",), sentence))
    if found.list is not None:
        if found.list not in presets:
            findings.mistakes.append(source.mistake(("list",), no_list(found.list, presets)))
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
                findings.mistakes.append(source.mistake(path, no_list(name, presets)))
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
    if one.read.sound and (fault_of := size_fault(found.value())) is not None:
        findings.mistakes.append(source.mistake((fault_of[0],), fault_of[1]))


_LONGEST_STANDING = 17  # characters of a key: that of an issue has the day behind it


def _standing(read: Read[BulletinFile]) -> Iterator[Mistake]:
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


def no_list(name: str, known: Mapping[str, object]) -> str:
    """Return the sentence about a list that no file defines, with the nearest that one does."""
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
