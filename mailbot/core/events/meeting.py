"""A meeting of a group 役員会: the poll for its date, the best date, and who is there, himself or by proxy 委任."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from mailbot.core.calendar import Language, date_words
from mailbot.core.events.event import Event
from mailbot.core.members.audience import Selector
from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.core.surveys.share import Requirement
from mailbot.core.surveys.survey import Answers, Question, Reminder, Share, Survey

MARKS = ("○", "△", "×")  # can attend, could if need be, cannot
MOST_CANDIDATES = 20
_POLL = "-P"  # behind the meeting's key


@dataclass(frozen=True)
class Meeting:
    """One meeting as the secretariat defined it."""

    key: str  # B27-01
    title: str  # 第1回役員会
    members: Selector
    place: str
    quorum: Share  # of the members; a giver whose proxy counts is present
    candidates: tuple[datetime, ...] = ()  # aware; empty: the time is `at`
    poll_opens: datetime | None = None  # aware
    poll_closes: datetime | None = None
    reminders: tuple[Reminder, ...] = ()  # of the poll
    at: datetime | None = None  # aware: when it is held, where nobody is asked
    invite: datetime | None = None  # aware: when the invitations to `at` go out
    minutes: int = 120  # how long it takes
    rsvp_until: datetime | None = None  # aware
    agenda: tuple[str, ...] = ()
    material: tuple[str, ...] = ()  # links
    chair: str = ""  # code of the chair's body; a proxy to 議長 counts while it is present
    contact: str = ""  # free lines


@dataclass(frozen=True)
class DateFigures:
    """What the poll says of one candidate."""

    number: int  # as printed, from 1
    starts: datetime
    yes: tuple[str, ...]  # codes of bodies: ○
    perhaps: tuple[str, ...]  # △
    no: tuple[str, ...]  # ×
    enough: bool  # those with ○ reach the quorum by themselves


@dataclass(frozen=True)
class Attendance:
    """Which members are present, as far as the answers say."""

    members: tuple[str, ...]  # codes
    attending: tuple[str, ...]
    proxies: tuple[Proxy, ...]  # those that count: their holder is present
    idle: tuple[Proxy, ...]  # those that do not count: their holder is not present
    declined: tuple[str, ...]  # without a proxy
    silent: tuple[str, ...]
    quorum: Requirement


_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "title": "{title}の日程",
        "purpose": "{title}（{place}、{length}）の候補日です。\n候補ごとに、ご都合をお知らせください。\n"
        "○は出席できる、△は調整すれば出席できる、×は出席できない",
        "to": "{day}{start}〜{end}",
        "agenda": "【議題】",
        "material": "【資料】",
        "proxy": "【委任】　ご欠席のときは、このメールへの返信の先頭に",
        "proxy-2": "　「委任 議長」または「委任 団体名」とお書きください。",
        "hours": "{hours}時間",
        "half": "{hours}時間{minutes}分",
    },
    "en": {
        "title": "Date of {title}",
        "purpose": "These are the dates for {title} ({place}, {length}). Please say of each whether you can come:\n"
        "  ○ you can, △ you could if need be, × you cannot.",
        "to": "{day}, {start} to {end}",
        "agenda": "Agenda:",
        "material": "Papers:",
        "proxy": 'If you cannot come, "proxy to chair" or "proxy to NAME" at the top of your reply',
        "proxy-2": "  gives your vote to somebody who does.",
        "hours": "{hours} hours",
        "half": "{hours} hours {minutes} minutes",
    },
}


def poll_key(key: str) -> str:
    """Return the key of the poll for a meeting's date."""
    return f"{key}{_POLL}"


def is_poll(survey: Survey) -> bool:
    """Tell whether a survey is the poll for a meeting's date: by its key, and the marks that each question offers."""
    return survey.key.endswith(_POLL) and all(one.options == MARKS for one in survey.questions)


def span_words(starts: datetime, minutes: int, language: Language) -> str:
    """Return 「2027年2月2日（火）14時00分〜16時00分」 for a local beginning."""
    ends = starts + timedelta(minutes=minutes)
    day = date_words(starts.date(), language)
    return _WORDS[language]["to"].format(day=day, start=_clock(starts, language), end=_clock(ends, language))


def _clock(at: datetime, language: Language) -> str:
    return f"{at.hour}時{at.minute:02d}分" if language == "ja" else f"{at:%H:%M}"


def poll_of(meeting: Meeting, zone: tzinfo, language: Language) -> Survey | None:
    """Return the poll for the date as a survey, one question for each candidate; None where nobody is asked."""
    if not meeting.candidates or meeting.poll_opens is None or meeting.poll_closes is None:
        return None
    say = _WORDS[language]
    hours, minutes = divmod(meeting.minutes, 60)
    length = say["half" if minutes else "hours"].format(hours=hours, minutes=minutes)
    return Survey(
        key=poll_key(meeting.key),
        title=say["title"].format(title=meeting.title),
        audience=meeting.members,
        opens=meeting.poll_opens,
        closes=meeting.poll_closes,
        questions=tuple(
            Question(
                f"Q{number}",
                span_words(at.astimezone(zone), meeting.minutes, language),
                "single",
                MARKS,
                required=True,
            )
            for number, at in enumerate(meeting.candidates, 1)
        ),
        reminders=meeting.reminders,
        mode="named",
        publish_to="nobody",
        publish_at="hand",
        purpose=say["purpose"].format(title=meeting.title, place=meeting.place, length=length),
        contact=meeting.contact,
    )


def date_figures(
    meeting: Meeting, answers: Mapping[str, Answers], members: Sequence[str]
) -> tuple[DateFigures, ...]:
    """Return the candidates, the best first: most ○, then most △, then the earlier day. `answers` by body."""
    found = []
    for number, starts in enumerate(meeting.candidates, 1):
        said = {
            mark: tuple(code for code, own in answers.items() if own.get(f"Q{number}") == (mark,))
            for mark in "123"
        }
        enough = Requirement(meeting.quorum, len(said["1"]), len(members)).reached
        found.append(DateFigures(number, starts, said["1"], said["2"], said["3"], enough))
    return tuple(sorted(found, key=lambda one: (-len(one.yes), -len(one.perhaps), one.starts)))


def event_of(meeting: Meeting, starts: datetime, zone: tzinfo, language: Language) -> Event:
    """Return the meeting at a fixed time as the event to which its members are invited."""
    local = starts.astimezone(zone)
    ends = local + timedelta(minutes=meeting.minutes)
    say = _WORDS[language]
    lines: list[str] = []
    if meeting.agenda:
        lines += [say["agenda"], *(f"　{number}. {item}" for number, item in enumerate(meeting.agenda, 1))]
    if meeting.material:
        lines += [say["material"], *(f"　{link}" for link in meeting.material)]
    lines += [say["proxy"], say["proxy-2"]]
    return Event(
        key=meeting.key,
        title=meeting.title,
        date=local.date(),
        starts=local.time().replace(tzinfo=None),
        ends=ends.time().replace(tzinfo=None),
        place=meeting.place,
        audience=meeting.members,
        notices=(),
        rsvp_until=meeting.rsvp_until,
        programme="\n".join(lines),
        contact=meeting.contact,
        calendar="request",
    )


def same_day(starts: datetime, minutes: int) -> bool:
    """Tell whether a meeting that begins then ends on the same (local) day."""
    return (starts + timedelta(minutes=minutes)).date() == starts.date()


def count_attendance(
    meeting: Meeting, members: Sequence[str], statuses: Mapping[str, str], proxies: Sequence[Proxy]
) -> Attendance:
    """Count who is there: `statuses` are the RSVPs by body, `proxies` those that stand, one for a giver at most.

    A proxy counts while its holder is there; one to the chair while the chair is, or where no chair is named.
    """
    attending = tuple(code for code in members if statuses.get(code) == "attending")
    given = {one.code: one for one in proxies if one.code in members and one.code not in attending}

    def counts(one: Proxy) -> bool:
        holder = meeting.chair if one.holder == CHAIR else one.holder
        return holder in attending or (one.holder == CHAIR and not meeting.chair)

    valid = tuple(one for one in given.values() if counts(one))
    return Attendance(
        members=tuple(members),
        attending=attending,
        proxies=valid,
        idle=tuple(one for one in given.values() if not counts(one)),
        declined=tuple(code for code in members if statuses.get(code) == "declined" and code not in given),
        silent=tuple(
            code
            for code in members
            if statuses.get(code, "") not in {"attending", "declined"} and code not in given
        ),
        quorum=Requirement(meeting.quorum, len(attending) + len(valid), len(members)),
    )


MeetingState = Literal["planned", "polling", "to be fixed", "fixed"]
