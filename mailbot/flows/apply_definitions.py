"""Bring the database to what the definition files say: lists, surveys, events and bulletins, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.events.event import Event
from mailbot.core.events.meeting import Meeting, event_of, poll_of
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import order_of
from mailbot.core.office.journal_line import COMMAND_LINE, setting_words
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import SecondNeeded, persons_needed
from mailbot.flows.bulletins.send_issue import next_issue
from mailbot.flows.events.change_event import change_event
from mailbot.flows.know_recipient import own_addresses
from mailbot.flows.runs.plan_runs import plan_meeting, plan_runs
from mailbot.flows.surveys.extend_survey import move_close
from mailbot.folder.definitions import Definitions
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events, meetings
from mailbot.store.lists import lists
from mailbot.store.members import members
from mailbot.store.office import journal
from mailbot.store.surveys import surveys
from mailbot.store.surveys.surveys import StoredSurvey

# What may still change while answers come in: nothing that would make two members answer different questions.
_WHILE_OPEN = frozenset({"closes", "reminders", "publish_to", "purpose", "contact", "form", "late"})
# What of a meeting may change once its members are invited: they are told.
_OF_FIXED_MEETING = frozenset({"agenda", "material", "place", "title", "contact", "rsvp_until", "chair"})


def apply_definitions(
    connection: Connection, site: Site, definitions: Definitions, now: datetime
) -> tuple[str, ...]:
    """Apply the files; returns one line for each change, none when nothing changed.

    What the database has and no file names is left alone. Raises Refusal, before anything is saved, for a change
    that must not happen any more.
    """
    changes: list[str] = []
    changes += _apply_lists(connection, site, definitions.lists, now)
    for survey in definitions.surveys:
        changes += _apply_survey(connection, site, survey, now)
    for event in definitions.events:
        changes += _apply_event(connection, site, event, now)
    for bulletin in definitions.bulletins:
        changes += _apply_bulletin(connection, site, bulletin, now)
    for meeting in definitions.meetings:
        changes += _apply_meeting(connection, site, meeting, now)
    return tuple(changes)


def _apply_lists(
    connection: Connection, site: Site, defined: Sequence[MailingList], now: datetime
) -> list[str]:
    """Apply the lists, those first from which others take their members; a list may change through another's change."""
    by_name = {value.name: value for value in defined}
    new = by_name.keys() - lists.names(connection)
    changes: list[str] = []
    for name in order_of({name: value.members for name, value in by_name.items()}):
        changes += _apply_list(connection, by_name[name], now)
    if changes:
        lists.refresh_every(connection)
    if new:
        _refuse_members_addresses(connection, site)
    return changes


def _refuse_members_addresses(connection: Connection, site: Site) -> None:
    """Refuse lists at whose addresses somebody is registered: what goes to him would come back to the list."""
    own = own_addresses(connection, site)
    domains = (site.domain, *site.former_domains)
    for person in (one for domain in domains for one in members.people_at_domain(connection, domain)):
        address = person.contact.email
        if own(address):
            raise Refusal(
                f"{address} would be an address of a new list, and {person.body.code} {person.body.name} is registered with it;"
                " give the list another name, or correct the register"
            )


def _apply_list(connection: Connection, new: MailingList, now: datetime) -> list[str]:
    old = lists.load(connection, new.name)
    if old is not None and old.stopped:
        new = replace(new, stopped=True)  # what was stopped in an emergency goes on by `lists start` alone
    if old == new:
        return []
    lists.save(connection, new)
    _write_down(connection, "list", new.name, old, new, now)
    count = lists.count_members(connection, new.name)
    what = "+" if old is None else "~"
    return [f"{what} list {new.name}: {_changed(old, new) or new.title} ({count} members)"]


def _has_not_followed(stored: StoredSurvey, closes: datetime) -> bool:
    """Tell whether a file still has one of the closes from which its survey was put off, maybe several times."""
    if stored.state == "closed":  # by hand, it may be: before the close that was planned
        return stored.extended_from == closes or closes <= stored.defined.closes
    return stored.extended_from is not None and stored.extended_from <= closes < stored.survey.closes


def _refuse_one_person(site: Site, survey: Survey) -> None:
    """Raise Refusal where the close of an open resolution takes two persons to move (ballot.md section 14)."""
    if isinstance(persons_needed(survey, "extend", site.people, asked_by=COMMAND_LINE), SecondNeeded):
        closes = f"{survey.closes.astimezone(site.zone):%Y-%m-%d %H:%M}"
        raise Refusal(
            f"survey {survey.key} is open, and to move its close takes two persons; put `closes` back to {closes}, and ask "
            f'the second with: mailbot surveys extend {survey.key} "YYYY-MM-DD HH:MM"'
        )


def _apply_survey(connection: Connection, site: Site, new: Survey, now: datetime) -> list[str]:
    stored = surveys.lock(connection, new.key)
    if stored is None:
        surveys.save(connection, new)
        _write_down(connection, "survey", new.key, None, new, now)
        plan_runs(connection, site, new)
        return [f"+ survey {new.key}: {new.title} ({len(new.questions)} questions)"]
    if _has_not_followed(stored, new.closes):
        new = replace(new, closes=stored.survey.closes)
    if stored.state != "planned" and (frozen := stored.survey.resolution) and new.resolution:
        # Opened before its base date, it has the one of its opening.
        base_date = min(frozen.base_date, new.resolution.base_date)
        new = replace(new, resolution=replace(new.resolution, base_date=base_date))
    changed = _changed_fields(stored.survey, new)
    if not changed:
        return []
    if stored.state == "closed":
        raise Refusal(
            f"survey {new.key} is closed; `{changed[0]}` can no longer change. Put the old value back "
            "(`mailbot export --to FOLDER` writes it), and give a new survey a new key"
        )
    late = [name for name in changed if name not in _WHILE_OPEN]
    if stored.state == "open" and late:
        raise Refusal(
            f"survey {new.key} is open, and answers to it are coming in; `{late[0]}` can no longer change. "
            "Put the old value back, or close it and give a new survey a new key"
        )
    if stored.state == "open" and new.closes <= now:
        raise Refusal(
            f"survey {new.key} is open; `closes` is past. To end it now: mailbot surveys close {new.key}"
        )
    if "closes" in changed and stored.state == "open":
        _refuse_one_person(site, stored.survey)
    surveys.save(connection, replace(new, closes=stored.survey.closes) if stored.state == "open" else new)
    _write_down(connection, "survey", new.key, stored.survey, new, now)
    plan_runs(connection, site, new)
    line = f"~ survey {new.key}: {', '.join(changed)}"
    if stored.state == "open" and new.closes != stored.survey.closes:
        told = move_close(
            connection,
            site,
            replace(stored, survey=replace(new, closes=stored.survey.closes)),
            new.closes,
            now,
            by="the definition file",
        )
        line += f" ({told} are told of the new close)"
    return [line]


def _apply_event(connection: Connection, site: Site, new: Event, now: datetime) -> list[str]:
    stored = events.lock(connection, new.key)
    if stored is None:
        events.save(connection, new)
        _write_down(connection, "event", new.key, None, new, now)
        plan_runs(connection, site, new)
        return [f"+ event {new.key}: {new.title}"]
    if stored.event.cancelled is not None and new.cancelled is None:
        new = replace(new, cancelled=stored.event.cancelled)  # what a person cancelled is not held by a file
    changed = _changed_fields(stored.event, new)
    if not changed:
        return []
    became = change_event(connection, site, stored, new, now)
    _write_down(connection, "event", new.key, stored.event, new, now)
    line = f"~ event {new.key}: {', '.join(changed)}"
    told = (f"{became.told} are told",) if became.told else ()
    remarks = "; ".join((*told, *became.remarks))
    return [f"{line} ({remarks})" if remarks else line]


def _apply_bulletin(connection: Connection, site: Site, new: Bulletin, now: datetime) -> list[str]:
    stored = bulletins.lock(connection, new.key)
    if new.every:
        same = stored is not None and stored.bulletin.every == new.every
        sends = stored.bulletin.sends if same and stored is not None else None
        new = replace(new, sends=sends or next_issue(site, new.every, now))
    if stored is None:
        bulletins.save(connection, new)
        _write_down(connection, "bulletin", new.key, None, new, now)
        plan_runs(connection, site, new)
        return [f"+ bulletin {new.key}: {new.title}"]
    changed = _changed_fields(stored.bulletin, new)
    if not changed:
        return []
    if stored.state != "draft":
        became = "went out" if stored.state == "sent" else "was called back"
        raise Refusal(
            f"bulletin {new.key} {became}; `{changed[0]}` can no longer change. Give a new bulletin a new key"
        )
    bulletins.save(connection, new)
    _write_down(connection, "bulletin", new.key, stored.bulletin, new, now)
    plan_runs(connection, site, new)
    return [f"~ bulletin {new.key}: {', '.join(changed)}"]


def _apply_meeting(connection: Connection, site: Site, new: Meeting, now: datetime) -> list[str]:
    """Put a meeting in place, and with it the poll for its date, or the event to which its members were invited."""
    stored = meetings.lock(connection, new.key)
    changed = [] if stored is None else _changed_fields(stored.meeting, new)
    if stored is not None and not changed:
        return []
    starts = None if stored is None else stored.starts
    if starts is not None:
        late = [name for name in changed if name not in _OF_FIXED_MEETING]
        if late:
            raise Refusal(
                f"meeting {new.key} is fixed, and its members are invited; `{late[0]}` can no longer change. To move it: "
                f"mailbot meetings fix {new.key} 'YYYY-MM-DD HH:MM'"
            )
    meetings.save(connection, new)
    _write_down(connection, "meeting", new.key, None if stored is None else stored.meeting, new, now)
    poll = poll_of(new, site.zone, site.language)
    if poll is not None and starts is None:
        _apply_survey(connection, site, poll, now)
    plan_meeting(connection, site, meetings.StoredMeeting(new, starts))
    line = (
        f"+ meeting {new.key}: {new.title}"
        if stored is None
        else f"~ meeting {new.key}: {', '.join(changed)}"
    )
    event = events.lock(connection, new.key) if starts is not None else None
    if event is None or starts is None:
        return [line]
    became = change_event(connection, site, event, event_of(new, starts, site.zone, site.language), now)
    return [f"{line} ({became.told} are told)" if became.told else line]


def _write_down(
    connection: Connection,
    kind: str,
    name: str,
    old: MailingList | Survey | Event | Bulletin | Meeting | None,
    new: MailingList | Survey | Event | Bulletin | Meeting,
    now: datetime,
) -> None:
    what = "added" if old is None else "changed"
    detail = new.title if old is None else setting_words(old, new)
    journal.add(connection, f"{kind}.{what}", now, who=COMMAND_LINE, about=name, detail=detail)


def _changed(old: MailingList | None, new: MailingList) -> str:
    return "" if old is None else ", ".join(_changed_fields(old, new))


def _changed_fields(
    old: MailingList | Survey | Event | Bulletin | Meeting,
    new: MailingList | Survey | Event | Bulletin | Meeting,
) -> list[str]:
    return [field.name for field in fields(new) if getattr(old, field.name) != getattr(new, field.name)]
