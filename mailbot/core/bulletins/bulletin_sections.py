"""The sections that are merged into a bulletin: coming events, surveys that can be answered, new posts of lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from mailbot.core.bulletins.article import Block, Heading, Items, Paragraph, Sentence, Words
from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.calendar import Language, date_words, moment_words, short_words
from mailbot.core.events.event import Event, time_words
from mailbot.core.lists.archived import Archived
from mailbot.core.lists.subject import untagged
from mailbot.core.members.audience import Selector
from mailbot.core.surveys.survey import Survey

MOST_POSTS = 20  # of one list, newest; the others are counted

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "events": "今後の予定",
        "surveys": "回答受付中の調査",
        "posts": "新着（{title}）",
        "place": "会場: {place}",
        "rsvp": "出欠のご返信は{until}まで",
        "until": "{until}まで",
        "answer": "ご案内のメールにご返信いただければ、回答になります。",
        "more": "ほか{count}件",
    },
    "en": {
        "events": "Coming events",
        "surveys": "Surveys open now",
        "posts": "New on {title}",
        "place": "Place: {place}",
        "rsvp": "please answer by {until}",
        "until": "until {until}",
        "answer": "A reply to the invitation is an answer.",
        "more": "and {count} more",
    },
}


@dataclass(frozen=True)
class NewPosts:
    """The new posts of one list, newest last."""

    title: str  # of the list
    prefix: str  # its tag
    posts: Sequence[Archived]


def meant_for_readers(audience: Selector, bulletin: Bulletin) -> bool:
    """Tell whether what is for this audience may stand in a bulletin: it is for everybody, or for these very readers.

    A meeting of the officers is no news for a thousand readers.
    """
    readers = {*bulletin.audience, Selector(lists=(bulletin.list,))}
    return audience in readers or (audience.everyone and audience.excluded is None)


def event_blocks(events: Iterable[Event], today: date, zone: tzinfo, language: Language) -> list[Block]:
    """Return the events from today on, next first, with until when they are answered."""
    say = _WORDS[language]
    coming = sorted((one for one in events if one.date >= today), key=lambda one: (one.date, one.key))
    items: list[list[str]] = []
    for one in coming:
        lines = [one.title, time_words(one, language), say["place"].format(place=one.place)]
        if one.rsvp_until is not None and one.rsvp_until.astimezone(zone).date() >= today:
            until = date_words(one.rsvp_until.astimezone(zone).date(), language)
            lines.append(say["rsvp"].format(until=until))
        items.append(lines)
    return _section(say["events"], items)


def survey_blocks(surveys: Iterable[Survey], now: datetime, zone: tzinfo, language: Language) -> list[Block]:
    """Return the surveys that can be answered, the one that closes first at the top."""
    say = _WORDS[language]
    items = [
        [
            f"{one.title} [{one.key}]",
            say["until"].format(until=moment_words(one.closes.astimezone(zone), language)),
        ]
        for one in sorted(surveys, key=lambda one: (one.closes, one.key))
        if one.closes > now
    ]
    blocks = _section(say["surveys"], items)
    return [*blocks, Paragraph((_plain(say["answer"]),))] if blocks else []


def post_blocks(new: NewPosts, zone: tzinfo, language: Language) -> list[Block]:
    """Return the subjects of new posts, each with its day and author."""
    say = _WORDS[language]
    shown = new.posts[-MOST_POSTS:]
    items = []
    for one in shown:
        author = one.author_name or one.author.partition("@")[0]
        day = short_words(one.written_at.astimezone(zone).date(), language)
        items.append([f"{day}　{untagged(one.subject, new.prefix)}（{author}）"])
    if len(new.posts) > len(shown):
        items.append([say["more"].format(count=len(new.posts) - len(shown))])
    return _section(say["posts"].format(title=new.title), items)


def _section(title: str, items: Sequence[Sequence[str]]) -> list[Block]:
    if not items:
        return []
    points = tuple((Paragraph(tuple(map(_plain, lines))),) for lines in items)
    return [Heading(2, _plain(title)), Items(points)]


def _plain(text: str) -> Sentence:
    return (Words(text),)
