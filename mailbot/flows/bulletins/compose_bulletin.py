"""A bulletin as it leaves: its text with what is merged in, whole as plain lines and as light HTML beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.bulletins.article import Block, ReadArticle, html_page, plain_lines
from mailbot.core.bulletins.bulletin import (
    EVENTS,
    POSTS,
    SURVEYS,
    Bulletin,
    headline,
    next_number,
    text_faults,
)
from mailbot.core.bulletins.bulletin_sections import (
    NewPosts,
    event_blocks,
    meant_for_readers,
    post_blocks,
    survey_blocks,
)
from mailbot.core.calendar import date_words, moment_words
from mailbot.core.lists.cook import cook_digest
from mailbot.core.lists.mailing_list import MailingList, leaving
from mailbot.core.mail.enclosure import in_jis, with_html
from mailbot.core.refusal import Refusal
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events
from mailbot.store.lists import archive, lists
from mailbot.store.surveys import surveys

_FIRST_SPAN = timedelta(days=31)  # whose new posts the first issue of a magazine brings
_MOST_POSTS = 500


@dataclass(frozen=True)
class Composed:
    """A bulletin that could leave now."""

    bulletin: Bulletin
    number: int | None  # of the issue
    list: MailingList | None
    subject: str
    text: str  # the whole plain text
    html: str
    cooked: bytes  # both forms
    plain: bytes  # the plain text alone, for those whose mail system wants that
    merged: bool  # something stands in its sections
    trial: bytes  # both forms, without the way out of the list: a trial copy is nobody's own


def compose_bulletin(
    connection: Connection,
    site: Site,
    bulletin: Bulletin,
    now: datetime,
    *,
    late_since: datetime | None = None,
    marked: str = "",
) -> Composed:
    """Return the bulletin as it stands now; `marked` begins the Subject of a trial copy.

    Raises Refusal with every place that cannot be sent.
    """
    value = _list(connection, bulletin)
    article = _article(site, bulletin, now)
    number = (
        next_number(bulletin.number, bulletins.numbers(connection, value.name)) if value else bulletin.number
    )
    merged = _merged(connection, site, bulletin, now)
    blocks = [*article.blocks, *merged]
    title = value.title if value else ""
    subject = headline(bulletin.title, title, number, site.language)
    letter = site.render.letter(
        "bulletin",
        now=now,
        subject=marked + subject,
        title=bulletin.title,
        list_title=title,
        number=number,
        day=date_words(max(now, bulletin.sends or now).astimezone(site.zone).date(), site.language),
        lines=tuple(plain_lines(blocks)),
        contact=tuple(bulletin.contact.splitlines()),
        late_since=moment_words(late_since.astimezone(site.zone), site.language) if late_since else "",
        leave=f"{value.name}-leave@{site.domain}" if value and leaving(value) else "",
        robot=f"{value.name}-request@{site.domain}" if value and value.archive else "",
    )
    text = letter.partition(b"\r\n\r\n")[2].decode().replace("\r\n", "\n")
    if bulletin.charset == "iso-2022-jp":
        letter = in_jis(letter)
    html = html_page(subject, blocks, site.language)
    cooked, plain = with_html(letter, html), letter
    trial = cooked
    if value is not None:
        cooked, plain = (cook_digest(each, value, site.list_host) for each in (cooked, plain))
    return Composed(
        bulletin=bulletin,
        number=number,
        list=value,
        subject=subject,
        text=text,
        html=html,
        cooked=cooked,
        plain=plain,
        merged=bool(merged),
        trial=trial,
    )


def _article(site: Site, bulletin: Bulletin, now: datetime) -> ReadArticle:
    """Return its text, read. Raises Refusal with every place that cannot be sent."""
    article = site.read_article(bulletin.body, site.language)
    day = (bulletin.sends or now).astimezone(site.zone).date()
    faults = [*article.faults, *text_faults(bulletin.body, bulletin.charset, day, site.language)]
    if faults:
        raise Refusal("; ".join(f"{bulletin.key}, line {fault.line}: {fault.sentence}" for fault in faults))
    return article


def _list(connection: Connection, bulletin: Bulletin) -> MailingList | None:
    if not bulletin.list:
        return None
    value = lists.load(connection, bulletin.list)
    if value is None:
        raise Refusal(
            f"bulletin {bulletin.key}: there is no list {bulletin.list}; define it in config/lists/ and run `mailbot apply`"
        )
    return value


def _merged(connection: Connection, site: Site, bulletin: Bulletin, now: datetime) -> list[Block]:
    """Return the sections that the bulletin asks for, those with nothing in them left out."""
    today = now.astimezone(site.zone).date()
    blocks: list[Block] = []
    for section in bulletin.sections:
        if section == EVENTS:
            shown = [
                one.event
                for one in events.every(connection)
                if one.state == "announced"
                and one.event.cancelled is None
                and meant_for_readers(one.event.audience, bulletin)
            ]
            blocks += event_blocks(shown, today, site.zone, site.language)
        elif section == SURVEYS:
            running = [
                one.survey
                for one in surveys.every(connection)
                if one.state == "open" and meant_for_readers(one.survey.audience, bulletin)
            ]
            blocks += survey_blocks(running, now, site.zone, site.language)
        else:
            blocks += _new_posts(connection, site, bulletin, section.removeprefix(POSTS), now)
    return blocks


def _new_posts(
    connection: Connection, site: Site, bulletin: Bulletin, name: str, now: datetime
) -> list[Block]:
    value = lists.load(connection, name)
    if value is None:
        return []
    since = bulletins.last_sent(connection, bulletin.list) if bulletin.list else None
    since = since or now - _FIRST_SPAN
    posts = [
        one
        for one in archive.newest(connection, name, _MOST_POSTS)
        if one.written_at > since and one.purged_at is None
    ]
    posts.sort(key=lambda one: one.number)
    return post_blocks(NewPosts(value.title, value.subject_prefix, posts), site.zone, site.language)
