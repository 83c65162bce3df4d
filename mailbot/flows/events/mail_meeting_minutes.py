"""When a meeting has ended the office gets a draft of its minutes 議事録, with the attendance filled in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.meeting import span_words
from mailbot.core.events.meeting_sentences import meeting_sentence
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.flows.events.count_meeting import count_meeting
from mailbot.flows.events.fix_meeting import meeting_to_change
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store.members import members


def mail_meeting_minutes(connection: Connection, site: Site, key: str, now: datetime) -> None:
    """Mail the draft to the office. Raises Refusal when the meeting has no time."""
    tell_office(connection, site, _cooked(connection, site, key, now), now, kind="meeting_minutes")


def meeting_minutes(connection: Connection, site: Site, key: str, now: datetime) -> str:
    """Return the draft as text, as it would be mailed now."""
    return _cooked(connection, site, key, now).partition(b"\r\n\r\n")[2].decode().replace("\r\n", "\n")


def _cooked(connection: Connection, site: Site, key: str, now: datetime) -> bytes:
    stored = meeting_to_change(connection, site, key)
    meeting = stored.meeting
    if stored.starts is None:
        raise Refusal(meeting_sentence(site.language, "no-time", key=key))
    here = count_meeting(connection, stored).attendance
    names = {code: body.name for code, body in members.bodies(connection).items()}
    chair = meeting_sentence(site.language, "chair")

    def of(codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(code, code) for code in codes)

    def given(proxies: tuple[Proxy, ...]) -> tuple[str, ...]:
        return tuple(
            f"{names.get(one.code, one.code)} → {chair if one.holder == CHAIR else names.get(one.holder, one.holder)}"
            for one in proxies
        )

    return site.render.office.letter(
        "meeting_minutes",
        now=now,
        key=key,
        title=meeting.title,
        when=span_words(stored.starts.astimezone(site.zone), meeting.minutes, site.language),
        place=meeting.place,
        members=len(here.members),
        attending=of(here.attending),
        proxies=given(here.proxies),
        idle=given(here.idle),
        declined=of(here.declined),
        silent=of(here.silent),
        present=here.quorum.count,
        needed=here.quorum.least,
        quorum=meeting_sentence(site.language, "quorum-yes" if here.quorum.reached else "quorum-no"),
        chair=names.get(meeting.chair, meeting.chair),
        agenda=meeting.agenda,
        material=meeting.material,
    )
