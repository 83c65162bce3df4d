"""What does not fit together between definition files: a name taken twice, a list that no file defines, a circle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailbot.core.events.meeting import poll_key
from mailbot.core.mail.address import route
from mailbot.core.members.audience import order_of
from mailbot.core.mistake import Mistake
from mailbot.folder.config import Partial
from mailbot.folder.definition_faults import no_list
from mailbot.folder.definition_sources import Files, Findings, Read
from mailbot.folder.event_files import EventFile
from mailbot.folder.list_files import ListFile
from mailbot.folder.selector_files import SelectorFile
from mailbot.folder.yaml_source import Source, Trail


def check_clashes(files: Files, known: Partial, findings: Findings) -> None:
    """Find what does not fit together between files, and name events that no file defines."""
    findings.mistakes += _named_twice([(one.source, ("name",), one.found.name) for one in files.lists])
    findings.mistakes += _named_twice(_keys(files))
    selections = _selections(files)
    findings.mistakes += _own_addresses(files, known, selections)
    findings.mistakes += _unknown_lists(files.lists, selections)
    findings.notes += _unknown_events(files.events, selections)
    findings.mistakes += _circles(files.lists)


def _keys(files: Files) -> list[tuple[Source, Trail, str | None]]:
    """Return each key that mails may bear, with its place; a meeting has another for the poll for its date."""
    polls = {poll_key(one.found.key): one.source for one in reversed(files.meetings) if one.found.key}
    return [
        *((one.source, ("key",), one.found.key) for one in files.surveys),
        *((one.source, ("key",), one.found.key) for one in files.events),
        *((one.source, ("key",), one.found.key) for one in files.meetings),
        *((source, ("key",), poll) for poll, source in polls.items()),
        *((one.read.source, ("key",), one.read.found.key) for one in files.bulletins),
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


def _selections(files: Files) -> list[tuple[Source, Trail, SelectorFile]]:
    """Return every selector of the files with its place."""
    found: list[tuple[Source, Trail, SelectorFile | None]] = []
    found += [(one.source, ("members",), one.found.members) for one in files.lists]
    found += [(one.source, ("posters",), one.found.posters) for one in files.lists]
    found += [(one.source, ("audience",), one.found.audience) for one in files.surveys]
    found += [(one.source, ("audience",), one.found.audience) for one in files.events]
    for bulletin in files.bulletins:
        source, listed = bulletin.read.source, bulletin.read.found.audience
        several = isinstance(source.plain.get("audience"), list)
        found += [
            (source, ("audience", index) if several else ("audience",), selector)
            for index, selector in enumerate(listed)
        ]
    found += [(one.source, ("members",), one.found.members) for one in files.meetings]
    return [(source, path, selector) for source, path, selector in found if selector is not None]


def _unknown_lists(
    lists: Sequence[Read[ListFile]], selections: Iterable[tuple[Source, Trail, SelectorFile]]
) -> Iterator[Mistake]:
    """Refuse members of a list that no file defines."""
    names = {one.found.name for one in lists if one.found.name}
    for source, path, selector in selections:
        exception = selector.excluded.lists if selector.excluded else ()
        places = [((*path, "lists", index), name) for index, name in enumerate(selector.lists)]
        places += [((*path, "except", "lists", index), name) for index, name in enumerate(exception)]
        for place, name in places:
            if name not in names:
                yield source.mistake(source.reached(place), no_list(name, dict.fromkeys(names)))


def _unknown_events(
    events: Iterable[Read[EventFile]], selections: Iterable[tuple[Source, Trail, SelectorFile]]
) -> Iterator[Mistake]:
    """Say that an event whose attendance is meant has no file: it may stand in the database, or be a slip."""
    keys = {one.found.key for one in events}
    for source, path, selector in selections:
        for index, key in enumerate(selector.attended):
            if key not in keys:
                yield source.note((*path, "attended", index), f"no file of config/events/ has the key {key}")


def _circles(lists: Sequence[Read[ListFile]]) -> Iterator[Mistake]:
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
    files: Files, known: Partial, selections: Sequence[tuple[Source, Trail, SelectorFile]]
) -> Iterator[Mistake]:
    """Refuse addresses of the service itself where people are meant: their mail would go round in circles."""
    names = {one.found.name for one in files.lists}
    addresses: list[tuple[Source, Trail, str, str]] = [
        (source, (*path, "emails", index), email, "cannot be a member")
        for source, path, selection in selections
        for index, email in enumerate(selection.emails)
    ]
    addresses += [
        (one.source, ("approval", index), email, "cannot approve a draft")
        for one in files.surveys
        for index, email in enumerate(one.found.approval)
    ]
    addresses += [
        (one.source, ("moderators", index), email, "cannot decide about posts")
        for one in files.lists
        for index, email in enumerate(one.found.moderators)
    ]
    addresses += [
        (one.read.source, (key, index), email, what)
        for one in files.bulletins
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
