"""What a file of config/meetings/ may hold, key by key: a meeting of a group, with a poll for its date or without one."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mailbot.core.events.meeting import MOST_CANDIDATES, Meeting, same_day
from mailbot.folder.resolution_files import ShareFile, WrittenQuorum
from mailbot.folder.selector_files import Selection
from mailbot.folder.survey_files import ReminderFile
from mailbot.folder.written_values import BodyCode, Key, Lines, Moment
from mailbot.folder.yaml_source import FileModel, Line, listed, said

MEETING_KEYS = ("key", "title", "members", "place", "quorum")
_LINK = re.compile(r"https?://[!-~]{3,290}")
_LONGEST_KEY = 22  # characters: its poll's key has two more


def _link(text: str) -> str:
    if not _LINK.fullmatch(text):
        raise said(f"{text!r} is no link; papers are not attached but linked to: https://...")
    return text


class PollFile(FileModel):
    """When members are asked for the date."""

    opens: Moment
    closes: Moment
    reminders: tuple[ReminderFile, ...] = ()

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.closes <= self.opens:
            raise said(
                f"the poll closes at {self.closes:%Y-%m-%d %H:%M}, before it opens at {self.opens:%Y-%m-%d %H:%M}"
            )
        return self


class MeetingFile(FileModel):
    """config/meetings/KEY.yaml."""

    key: Key | None = None
    title: Line | None = None
    members: Selection | None = None
    place: Line | None = None
    quorum: WrittenQuorum | None = None
    candidates: Annotated[tuple[Moment, ...], BeforeValidator(listed), Field(max_length=MOST_CANDIDATES)] = ()
    poll: PollFile | None = None
    at: Moment | None = None
    invite: Moment | None = None
    minutes: Annotated[int, Field(ge=10, le=720)] = Meeting.minutes
    rsvp_until: Moment | None = None
    agenda: Annotated[tuple[Line, ...], BeforeValidator(listed)] = ()
    material: Annotated[tuple[Annotated[Line, AfterValidator(_link)], ...], BeforeValidator(listed)] = ()
    chair: BodyCode | None = None
    contact: Lines = ""

    def value(self, zone: ZoneInfo) -> Meeting:
        """Return the core value of a file without mistakes."""
        key, title, members, place, quorum = self.key, self.title, self.members, self.place, self.quorum
        assert key is not None
        assert title is not None
        assert members is not None
        assert place is not None
        assert isinstance(quorum, ShareFile)
        poll = self.poll
        return Meeting(
            key=key,
            title=title,
            members=members.selector(),
            place=place,
            quorum=quorum.written("electorate"),
            candidates=self.candidates,
            poll_opens=poll.opens if poll else None,
            poll_closes=poll.closes if poll else None,
            reminders=tuple(one.value(zone) for one in poll.reminders) if poll else (),
            at=self.at,
            invite=self.invite,
            minutes=self.minutes,
            rsvp_until=self.rsvp_until,
            agenda=self.agenda,
            material=self.material,
            chair=self.chair or "",
            contact=self.contact,
        )


def meeting_faults(found: MeetingFile, stated: Collection[str]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what does not fit together in a file, each with its place; `stated`: the keys that it has, sound or not."""
    faults: list[tuple[tuple[str | int, ...], str]] = []
    if found.key is not None and len(found.key) > _LONGEST_KEY:
        faults.append((("key",), f"has {len(found.key)} characters; a meeting's has at most {_LONGEST_KEY}"))
    if not {"at", "candidates"} & set(stated):
        faults.append(
            (("title",), "has no time; write at: 2027-02-02 14:00, or candidates: and poll: to ask for one")
        )
    if found.at is not None and found.candidates:
        faults.append((("at",), "stands beside candidates; a meeting has a time, or asks for one"))
    if found.candidates and "poll" not in stated:
        faults.append((("candidates",), "needs poll: {opens: ..., closes: ...}, when members are asked"))
    if found.poll is not None and "candidates" not in stated:
        faults.append((("poll",), "asks for nothing; write the candidates"))
    for place, starts in enumerate(found.candidates):
        if starts in found.candidates[:place]:
            faults.append((("candidates", place), f"{starts:%Y-%m-%d %H:%M} stands there twice"))
        if found.poll is not None and starts <= found.poll.closes:
            faults.append((("candidates", place), f"{starts:%Y-%m-%d %H:%M} is before the poll closes"))
        if not same_day(starts, found.minutes):
            faults.append(
                (("candidates", place), f"a meeting of {found.minutes} minutes would end on the next day")
            )
    if found.at is not None:
        if not same_day(found.at, found.minutes):
            faults.append((("at",), f"a meeting of {found.minutes} minutes would end on the next day"))
        if "invite" not in stated:
            faults.append((("at",), "needs invite: 2027-01-12 10:00, when the invitations go out"))
        for name in ("invite", "rsvp_until"):
            moment = getattr(found, name)
            if moment is not None and moment > found.at:
                faults.append(((name,), f"{moment:%Y-%m-%d %H:%M} is after the meeting begins"))
    elif found.invite is not None:
        faults.append(
            (("invite",), "belongs to `at`; after a poll the invitations go out when you fix the date")
        )
    return faults
