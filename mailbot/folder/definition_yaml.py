"""A list, survey, event, bulletin or meeting written back as the file that defines it, for `mailbot export`."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from mailbot.core.bulletins.bulletin import POSTS, Bulletin
from mailbot.core.events.event import Event, Notice
from mailbot.core.events.meeting import Meeting
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import NOBODY, Selector
from mailbot.core.office.lateness import Lateness
from mailbot.core.surveys.survey import Question, Reminder, Resolution, Share, Survey
from mailbot.folder.list_files import default_reply_to

_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")

Document = dict[str, Any]  # the keys and plain values of one file, in the order in which they are written


def file_name(value: MailingList | Survey | Event | Bulletin | Meeting) -> str:
    """Return where below config/ the definition is kept, such as surveys/s26-014.yaml."""
    match value:
        case MailingList():
            return f"lists/{value.name}.yaml"
        case Survey():
            return f"surveys/{value.key.lower()}.yaml"
        case Event():
            return f"events/{value.key.lower()}.yaml"
        case Bulletin():
            return f"bulletins/{value.key.lower()}.md"
        case Meeting():
            return f"meetings/{value.key.lower()}.yaml"


def to_document(value: MailingList | Survey | Event | Bulletin | Meeting, zone: ZoneInfo) -> Document:
    """Return what the file says, as plain JSON values; times are local to the zone, defaults are left out."""
    match value:
        case MailingList():
            return _list(value)
        case Survey():
            return _survey(value, zone)
        case Event():
            return _event(value, zone)
        case Bulletin():
            return _bulletin(value, zone)
        case Meeting():
            return _meeting(value, zone)


def write_markdown(value: Bulletin, zone: ZoneInfo) -> str:
    """Return the text of a bulletin's file of Markdown: the head, and below it the body."""
    head = to_document(value, zone)
    body = head.pop("body")
    return f"---\n{_dumped(head)}---\n{body}"


def write_yaml(value: MailingList | Survey | Event | Bulletin | Meeting, zone: ZoneInfo) -> str:
    """Return the file's text; read again, it gives an equal value."""
    return _dumped(to_document(value, zone))


def _dumped(plain: Document) -> str:
    yaml = YAML()
    yaml.allow_unicode = True
    yaml.width = 100_000  # never fold a line
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump(_styled(plain), text)
    return text.getvalue()


def _list(value: MailingList) -> Document:
    return _stated(
        name=value.name,
        title=value.title,
        preset=value.preset,
        members="none" if value.members == NOBODY else _selector(value.members),
        subject_prefix=value.subject_prefix,
        author=None if value.author == MailingList.author else value.author,
        **{"from": None if value.rewrite_from == MailingList.rewrite_from else value.rewrite_from},
        reply_to=None if value.reply_to == default_reply_to(value.preset) else value.reply_to,
        footer=value.footer,
        max_size=None if value.max_size == MailingList.max_size else value.max_size,
        posters=None if value.posters == NOBODY else _selector(value.posters),
        join=value.join,
        leave=value.leave,
        who=value.who,
        archive=None if value.archive else False,
        attachments=_attachments(value.files_above),
        moderators=list(value.moderators),
        moderated=None if value.moderated == MailingList.moderated else value.moderated,
        stopped=True if value.stopped else None,
        filters=[
            _stated(field=one.field, contains=one.contains, then=one.then, reason=one.reason)
            for one in value.filters
        ],
        guard=None if value.guard == MailingList.guard else value.guard,
        undo_minutes=value.undo_minutes or None,
        receipts=True if value.receipts else None,
        hours=None if value.hours is None else "-".join(f"{one:%H:%M}" for one in value.hours),
        hold_days=None if value.hold_days == MailingList.hold_days else value.hold_days,
        reasons=list(value.reasons),
        copies=None if value.copies == MailingList.copies else value.copies,
    )


def _attachments(above: int | None) -> str | None:
    """Return the policy in the words of a definition; None: it is the usual one."""
    if above is None:
        return None
    return "replace" if above == 0 else f"limit {above}"


def _survey(value: Survey, zone: ZoneInfo) -> Document:
    resolution = value.resolution
    return _stated(
        key=value.key,
        type=None if resolution is None else "resolution",
        title=value.title,
        audience=_selector(value.audience),
        opens=_time(value.opens, zone),
        closes=_time(value.closes, zone),
        reminders=[_reminder(reminder, zone) for reminder in value.reminders],
        follow_up=_follow_up(value, zone),
        approval=list(value.approvers),
        mode=value.mode,
        count=None if value.unit == Survey.unit else value.unit,
        publish={"at": value.publish_at, "to": value.publish_to},
        previous=value.previous,
        form=value.form or None,
        late=_late(value.late),
        purpose=value.purpose,
        contact=value.contact,
        **({} if resolution is None else _resolution(resolution)),
        questions=[_question(question, motion=resolution is not None) for question in value.questions],
    )


def _follow_up(value: Survey, zone: ZoneInfo) -> Document | None:
    if not value.follow_ups:
        return None
    return {"tag": value.follow_up_tag, "at": [_reminder(one, zone) for one in value.follow_ups]}


def _resolution(value: Resolution) -> Document:
    return _stated(
        by_law=value.by_law,
        base_date=value.base_date.isoformat(),
        quorum=_share(value.quorum),
        threshold=[_share(share) for share in value.thresholds],
        chair=value.chair,
        deemed=value.deemed,
        comparison=[
            _stated(article=article.name, old=article.old, new=article.new) for article in value.comparison
        ],
    )


def _share(value: Share) -> Document:
    return {"share": f"{value.numerator}/{value.denominator}", "of": value.of, "more_than": value.more_than}


def _event(value: Event, zone: ZoneInfo) -> Document:
    undecided = value.starts is None or value.ends is None
    return _stated(
        key=value.key,
        title=value.title,
        date=value.date.isoformat(),
        time="undecided" if undecided else f"{value.starts:%H:%M}-{value.ends:%H:%M}",
        place=value.place,
        capacity=value.capacity,
        audience=_selector(value.audience),
        notices=[_notice(notice, zone) for notice in value.notices],
        rsvp_until=_time(value.rsvp_until, zone) if value.rsvp_until else None,
        programme=value.programme,
        contact=value.contact,
        organiser=value.organiser,
        co_organisers=list(value.co_organisers),
        materials=[{"title": one.title, "url": one.url} for one in value.materials],
        joining=value.joining,
        offer_days=value.offer_days,
        calendar=None if value.calendar == "publish" else value.calendar,
        late=_late(value.late),
        cancelled="yes" if value.cancelled == "" else value.cancelled,
    )


def _meeting(value: Meeting, zone: ZoneInfo) -> Document:
    poll = None
    if value.poll_opens is not None and value.poll_closes is not None:
        poll = _stated(
            opens=_time(value.poll_opens, zone),
            closes=_time(value.poll_closes, zone),
            reminders=[_reminder(one, zone) for one in value.reminders],
        )
    return _stated(
        key=value.key,
        title=value.title,
        members=_selector(value.members),
        place=value.place,
        quorum=_share(value.quorum),
        candidates=[_time(one, zone) for one in value.candidates],
        poll=poll,
        at=_time(value.at, zone) if value.at else None,
        invite=_time(value.invite, zone) if value.invite else None,
        minutes=None if value.minutes == Meeting.minutes else value.minutes,
        rsvp_until=_time(value.rsvp_until, zone) if value.rsvp_until else None,
        agenda=list(value.agenda),
        material=list(value.material),
        chair=value.chair,
        contact=value.contact,
    )


def _bulletin(value: Bulletin, zone: ZoneInfo) -> Document:
    usual = Bulletin("", "", "")
    return _stated(
        key=value.key,
        title=value.title,
        list=value.list,
        audience=[_selector(one) for one in value.audience],
        send=_time(value.sends, zone) if value.sends and not value.every else None,
        every=value.every,
        late=_late(value.late),
        number=value.number,
        sections=[
            {"posts": one.removeprefix(POSTS)} if one.startswith(POSTS) else one for one in value.sections
        ],
        approval=list(value.approvers),
        test=list(value.test_to),
        charset=None if value.charset == usual.charset else value.charset,
        undo_minutes=None if value.undo_minutes == usual.undo_minutes else value.undo_minutes,
        contact=value.contact,
        body=value.body + "\n",
    )


def _selector(value: Selector) -> str | Document:
    if value == Selector(everyone=True):
        return "all"
    return _stated(
        all=value.everyone or None,
        kind=list(value.kinds),
        prefecture=list(value.prefectures),
        population=_stated(min=value.population_min, max=value.population_max),
        tags=list(value.tags),
        codes=list(value.codes),
        lists=list(value.lists),
        attended=list(value.attended),
        emails=list(value.emails),
        partners=None if value.partners == "no" else value.partners,
        **{"except": _selector(value.excluded) if value.excluded else None},
    )


def _question(value: Question, *, motion: bool) -> Document:
    return _stated(
        id=value.id,
        text=value.text,
        type=None if motion else value.type,
        options=list(value.options),
        required=None if motion else value.required or None,
        when={question: list(options) for question, options in value.when},
    )


def _reminder(value: Reminder, zone: ZoneInfo) -> Document:
    if value.at is not None:
        return {"at": _time(value.at, zone)}
    return {"business_days_before_close": value.business_days_before_close, "at": value.time}


def _notice(value: Notice, zone: ZoneInfo) -> Document:
    to = None if value.to == Notice.to else value.to
    if value.at is not None:
        return _stated(at=_time(value.at, zone), to=to, late=_late(value.late))
    return _stated(
        business_days_before=value.business_days_before, at=value.time, to=to, late=_late(value.late)
    )


def _late(value: Lateness | None) -> Document | None:
    return None if value is None else {"hours": value.hours, "then": value.then}


def _time(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"


def _stated(**keys: Any) -> Document:
    """Leave out what is not stated; 0 and False are."""
    return {key: value for key, value in keys.items() if value is not None and value not in ("", [], {})}


def _styled(value: Any) -> Any:
    """Write free lines as a block, lists of words on one line, and in quotes what YAML might take for something else."""
    match value:
        case dict():
            return {key: _styled(inner) for key, inner in value.items()}
        case list() if all(isinstance(inner, str) and "\n" not in inner for inner in value):
            row = CommentedSeq(int(inner) if _NUMBER.fullmatch(inner) else _styled(inner) for inner in value)
            row.fa.set_flow_style()
            return row
        case list():
            return [_styled(inner) for inner in value]
        case str() if "\n" in value:
            return LiteralScalarString(value)
        case str() if not value[:1].isalnum() or _CLOCK.fullmatch(value):  # [?a] would be read as a mapping
            return DoubleQuotedScalarString(value)
    return value
