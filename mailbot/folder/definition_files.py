"""What a definition file may hold, key by key: lists, surveys and events as a person writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from mailbot.core.calendar import OfficeCalendar
from mailbot.core.events.event import CalendarUse, Event, Material, Notice
from mailbot.core.lists.mailing_list import Copies, Filter, Joining, MailingList, Moderated, Preset, Viewers
from mailbot.core.mail.address import list_name_fault
from mailbot.core.mail.written_date import read_written
from mailbot.core.members.audience import Partners, Selector
from mailbot.core.members.register import KIND_WORDS, full_code
from mailbot.core.mistake import Mistakes
from mailbot.core.office.lateness import Lateness
from mailbot.core.reading.printed_options import yesno_values
from mailbot.core.recurrence import read_in_month
from mailbot.core.surveys.share import WrittenShare, read_share
from mailbot.core.surveys.survey import (
    Article,
    Denominator,
    Mode,
    Question,
    QuestionType,
    Reminder,
    Resolution,
    Share,
    Survey,
)
from mailbot.folder.config import MailAddress
from mailbot.folder.yaml_source import FileModel, Line, listed, nearest, parse_yaml, said, validate

Stated = TypeVar("Stated")

_KEY = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_KEY_LENGTH = 24  # the Subject carries it twice
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")
_LINK = re.compile(r"https?://[!-~]{1,300}")
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_NUMBER = re.compile(r"%(?:0[1-9])?d")
_RATING = ("1", "2", "3", "4", "5")
_MOTION = ("賛成", "反対", "棄権")

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "lists": ("name", "title", "preset", "members"),
    "surveys": ("key", "title", "audience", "opens", "closes", "questions"),
    "resolutions": ("key", "title", "audience", "opens", "closes", "quorum", "threshold"),
    "events": ("key", "title", "date", "time", "place", "audience"),
}


# -- single values -------------------------------------------------------------------------------------------------


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the aware moment of a written time. Raises our own sentence when it is none."""
    if _DATE.fullmatch(text):
        raise said(f"{text!r} has no time of day; write {text} 09:00")
    if not _MOMENT.fullmatch(text):
        aware = datetime.combine(*_written_moment(text), zone)
    else:
        try:
            aware = datetime.fromisoformat(text).replace(tzinfo=zone)
        except ValueError:
            raise said(f"{text!r} does not exist in the calendar or on the clock") from None
    if aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != aware.replace(tzinfo=None):
        raise said(f"{text!r} does not exist in {zone.key}: the clocks go forward there")
    return aware


def _written_moment(text: str) -> tuple[date, clock]:
    """Read a moment in words, 令和9年4月1日（木）9時. Raises our own sentence when it is none."""
    try:
        written = read_written(text)
    except ValueError as error:
        raise said(str(error)) from None
    if written is None:
        raise said(f"{text!r} is not a time; write YYYY-MM-DD HH:MM, such as 2027-01-14 09:00")
    if written.time is None:
        raise said(f"{text!r} has no time of day; write {text} 09:00")
    return written.day, written.time


def clock_time(text: str) -> clock:
    """Return the time of day of "09:00". Raises our own sentence when it is none."""
    if not _CLOCK.fullmatch(text):
        raise said(f"{text!r} is not a time of day; write HH:MM, such as 09:00")
    try:
        return clock.fromisoformat(text)
    except ValueError:
        raise said(f"{text!r} does not exist on the clock") from None


def _zone(info: ValidationInfo) -> ZoneInfo:
    zone = (info.context or {})["zone"]
    assert isinstance(zone, ZoneInfo)
    return zone


def _moment(value: object, info: ValidationInfo) -> datetime:
    if not isinstance(value, str):
        raise said("must be one time such as 2027-01-14 09:00")
    calendar = (info.context or {}).get("calendar")
    if isinstance(calendar, OfficeCalendar):
        try:
            found = read_in_month(value, calendar, _zone(info))
        except ValueError as error:
            raise said(str(error)) from None
        if found is not None:
            return found
    return moment(value.strip(), _zone(info))


def _date(value: object) -> date:
    try:
        written = read_written(value) if isinstance(value, str) else None
    except ValueError as error:
        raise said(str(error)) from None
    if written is None or written.time is not None:
        raise said(f"{value!r} is not a date; write YYYY-MM-DD, such as 2027-02-10")
    return written.day


def _day(value: object) -> date:
    if not isinstance(value, str):
        raise said("must be one date such as 2027-01-14")
    return _date(value)


def _hours(value: object) -> tuple[clock, clock] | Literal["undecided"]:
    """Read `undecided` or `10:00-15:00`."""
    if value == "undecided":
        return "undecided"
    starts, dash, ends = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not dash:
        raise said(f"{value!r} is neither 'undecided' nor a time such as 10:00-15:00")
    hours = clock_time(starts.strip()), clock_time(ends.strip())
    if hours[1] <= hours[0]:
        raise said(f"{value!r} ends before it starts")
    return hours


def _delivery_hours(value: object) -> tuple[clock, clock] | None:
    """Read 8:00-20:00."""
    if value is None:
        return None
    if not isinstance(value, str) or value == "undecided":
        raise said(f"{value!r} is not a time of the day such as 8:00-20:00")
    hours = _hours("-".join(one.strip().zfill(5) for one in value.split("-")))
    assert hours != "undecided", "that was refused"
    return hours


def _at(value: object) -> object:
    """Take a written time for {at: ...}."""
    return {"at": value} if isinstance(value, str) else value


def _follow_up(value: object) -> object:
    """Take a time, or a list of times, for {at: ...}."""
    return {"at": value} if isinstance(value, (str, list)) else value


def _lines(text: str) -> str:
    if any(not (char.isprintable() or char in "\n\t\u3000") for char in text):
        raise said("must not hold control characters")
    return text.rstrip()


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise said(
            f"{text!r} must be letters and digits with single '-', '.' or '_' between them, such as S26-014"
        )
    if len(text) > _KEY_LENGTH:
        raise said(f"{text!r} has {len(text)} characters; at most {_KEY_LENGTH} fit a Subject")
    return text


def _list_name(text: str) -> str:
    fault = list_name_fault(text)
    if fault is not None:
        raise said(fault)
    return text


def _header_field(text: str) -> str:
    """Return the name of a header field, of printable ASCII without a colon (RFC 5322 section 2.2)."""
    if not _FIELD_NAME.fullmatch(text):
        raise said(f"{text!r} is not the name of a header field such as Subject")
    return text


def _prefix(text: str) -> str:
    if "%" in _NUMBER.sub("", text, count=1):
        raise said("may hold one %d (or %05d) for the post's number, and no other '%'")
    return text


def _kind(text: str) -> str:
    if text not in KIND_WORDS:
        raise said(f"{text!r} is not a kind of body" + nearest(text, KIND_WORDS))
    return KIND_WORDS[text]


def _code(text: str) -> str:
    try:
        return full_code(text)
    except ValueError as error:
        raise said(str(error)) from None


def _tag(text: str) -> str:
    if text.split() != [text]:
        raise said(f"the tag {text!r} must be one word: blanks separate tags in the register")
    return text


def _count(value: object) -> object:
    """Undo the commas of 50,000."""
    return value.replace(",", "") if isinstance(value, str) else value


def _population(value: object) -> object:
    """Read 50000-100000, >=50000 and <=100000 as {min: ..., max: ...}."""
    if not isinstance(value, str):
        return value
    text = value.replace(" ", "").replace(",", "")
    for mark, bound in ((">=", "min"), ("<=", "max")):
        if text.startswith(mark):
            return {bound: text.removeprefix(mark)}
    low, dash, high = text.partition("-")
    if not dash:
        raise said(f"{value!r} is not a range such as 50000-100000, '>=50000' or {{min: 50000, max: 100000}}")
    return {"min": low, "max": high}


def _selection(value: object) -> object:
    if value == "all":
        return {"all": "true"}
    if isinstance(value, dict):
        return value
    raise said("must be all, or conditions such as {kind: [city, town]} or {tags: [officer]}")


def _members(value: object) -> object:
    return {"none": "true"} if value == "none" else _selection(value)


Moment = Annotated[datetime, BeforeValidator(_moment)]
Lines = Annotated[str, AfterValidator(_lines)]
Key = Annotated[Line, AfterValidator(_key)]
BodyCode = Annotated[str, AfterValidator(_code)]
Count = Annotated[int, BeforeValidator(_count), Field(ge=0)]
Words = Annotated[tuple[Line, ...], BeforeValidator(listed)]


# -- selectors -----------------------------------------------------------------------------------------------------


class PopulationFile(FileModel):
    """Bounds of the population, both inclusive."""

    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.min is None and self.max is None:
            raise said("needs min, max or both")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise said(f"max {self.max} is below min {self.min}: this selects nobody")
        return self


class ConditionsFile(FileModel):
    """Conditions on bodies and contacts; every stated one must hold."""

    all: bool = False
    kind: Annotated[tuple[Annotated[str, AfterValidator(_kind)], ...], BeforeValidator(listed)] = ()
    prefecture: Words = ()
    population: Annotated[PopulationFile, BeforeValidator(_population)] | None = None
    tags: Annotated[tuple[Annotated[str, AfterValidator(_tag)], ...], BeforeValidator(listed)] = ()
    codes: Annotated[tuple[Annotated[str, AfterValidator(_code)], ...], BeforeValidator(listed)] = ()
    lists: Annotated[tuple[Annotated[str, AfterValidator(_list_name)], ...], BeforeValidator(listed)] = ()
    attended: Annotated[tuple[Key, ...], BeforeValidator(listed)] = ()
    emails: Annotated[tuple[MailAddress, ...], BeforeValidator(listed)] = ()
    partners: Partners = "no"

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if (
            replace(self.selector(), excluded=None) in {Selector(), Selector(partners="yes")}
            and not self._nobody_meant()
        ):
            raise said("selects nobody; write all, or at least one condition")
        return self

    def _nobody_meant(self) -> bool:
        return False

    def selector(self) -> Selector:
        """Return the core value."""
        return Selector(
            everyone=self.all,
            kinds=self.kind,
            prefectures=self.prefecture,
            population_min=self.population.min if self.population else None,
            population_max=self.population.max if self.population else None,
            tags=self.tags,
            codes=self.codes,
            lists=self.lists,
            attended=self.attended,
            emails=self.emails,
            partners=self.partners,
        )


class SelectorFile(ConditionsFile):
    """Whom something is for, and who of them is left out."""

    excluded: Annotated[ConditionsFile, BeforeValidator(_selection)] | None = Field(None, alias="except")

    def selector(self) -> Selector:
        """Return the core value."""
        return replace(super().selector(), excluded=self.excluded.selector() if self.excluded else None)


class MembersFile(SelectorFile):
    """Who belongs to a list; `none`: only who joins or is added."""

    none: bool = False

    def _nobody_meant(self) -> bool:
        return self.none

    @model_validator(mode="after")
    def _none_alone(self) -> Self:
        if self.none and self.selector() != Selector():
            raise said("none stands alone: it means that the list selects nobody by itself")
        return self


Selection = Annotated[SelectorFile, BeforeValidator(_selection)]


class _SelectionFile(FileModel):
    members: Selection | None = None


_BEFORE = "members: "


def read_selector(text: str, shown: str) -> Selector:
    """Read a selector as definitions have it after `members:`, in one line. Raises Mistakes, which name it `shown`."""
    source = parse_yaml(f"{_BEFORE}{text}\n", shown)
    found, mistakes = validate(source, _SelectionFile, {}, required=("members",))
    if mistakes:
        raise Mistakes(replace(one, column=max(1, one.column - len(_BEFORE))) for one in mistakes)
    return _stated(found.members).selector()


def _stated(value: Stated | None) -> Stated:
    """Return the value of a required key: a file without mistakes has it."""
    assert value is not None
    return value


class LateFile(FileModel):
    """How late what is planned may go out, and what becomes of it then."""

    hours: Annotated[int, Field(ge=0, le=8_760)] | None = None
    then: Literal["ask", "drop"] = "ask"

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.hours is None:
            raise said("needs hours: how late it may still go out, as in {hours: 24, then: ask}")
        return self

    def value(self) -> Lateness:
        """Return the core value of a file without mistakes."""
        return Lateness(_stated(self.hours), self.then)


# -- lists ---------------------------------------------------------------------------------------------------------


_ATTACHMENTS = re.compile(r"pass|replace|limit\s+(?P<size>[1-9][0-9]{0,8})\s?(?P<unit>[kKmM])?B?")


def _attachments(text: str) -> str:
    if _ATTACHMENTS.fullmatch(text) is None:
        raise said(f"{text!r}: write pass, replace, or limit and a size such as `limit 2MB`")
    return text


def _files_above(text: str) -> int | None:
    """Return the size in bytes beyond which attached files are named in place of being sent; None: all are sent."""
    found = _ATTACHMENTS.fullmatch(text)
    if found is None or text == "pass":
        return None
    return int(found["size"] or 0) * {"k": 1_000, "m": 1_000_000}.get((found["unit"] or "").lower(), 1)


class FilterFile(FileModel):
    """What becomes of posts in whose field these words stand."""

    field: Annotated[Line, AfterValidator(_header_field)]
    contains: Annotated[Line, Field(min_length=1)]
    then: Literal["hold", "reject", "discard"] = "hold"
    reason: Line = ""

    def value(self) -> Filter:
        """Return the core value of a file without mistakes."""
        return Filter(self.field, self.contains, self.then, self.reason)


class ListFile(FileModel):
    """config/lists/NAME.yaml."""

    name: Annotated[str, AfterValidator(_list_name)] | None = None
    title: Line | None = None
    preset: Preset | None = None
    members: Annotated[MembersFile, BeforeValidator(_members)] | None = None
    subject_prefix: Annotated[Line, AfterValidator(_prefix)] = ""
    author: Literal["member", "aligned", "confirm"] = "member"
    rewrite_from: Literal["always", "auto"] = Field("always", alias="from")
    reply_to: Literal["list", "author"] | None = None
    footer: Lines = ""
    max_size: Annotated[int, Field(ge=10_240)] = 10_485_760
    posters: Selection | None = None
    join: Joining | None = None
    leave: bool | None = None
    who: Viewers | None = None
    archive: bool = True
    attachments: Annotated[str, AfterValidator(_attachments)] = "pass"
    moderators: Annotated[tuple[MailAddress, ...], BeforeValidator(listed)] = ()
    moderated: Moderated = "no"
    stopped: bool = False
    filters: Annotated[tuple[FilterFile, ...], BeforeValidator(listed), Field(max_length=50)] = ()
    guard: Annotated[int, Field(ge=0)] = 100
    undo_minutes: Annotated[int, Field(ge=0, le=60)] = 0
    receipts: bool = False
    hours: Annotated[Any, BeforeValidator(_delivery_hours)] = None
    hold_days: Annotated[int, Field(ge=1, le=365)] = 14
    reasons: Annotated[tuple[Line, ...], BeforeValidator(listed), Field(max_length=20)] = ()
    copies: Copies = "personal"

    def value(self) -> MailingList:
        """Return the core value of a file without mistakes."""
        preset = self.preset
        assert preset is not None
        return MailingList(
            name=_stated(self.name),
            title=_stated(self.title),
            preset=preset,
            members=_stated(self.members).selector(),
            subject_prefix=self.subject_prefix,
            author=self.author,
            rewrite_from=self.rewrite_from,
            reply_to=self.reply_to or default_reply_to(preset),
            footer=self.footer,
            max_size=self.max_size,
            posters=self.posters.selector() if self.posters else Selector(),
            join=self.join,
            leave=self.leave,
            who=self.who,
            archive=self.archive,
            files_above=_files_above(self.attachments),
            moderators=self.moderators,
            moderated=self.moderated,
            stopped=self.stopped,
            filters=tuple(one.value() for one in self.filters),
            guard=self.guard,
            undo_minutes=self.undo_minutes,
            receipts=self.receipts,
            hours=self.hours,
            hold_days=self.hold_days,
            reasons=self.reasons,
            copies=self.copies,
        )


def default_reply_to(preset: Preset) -> Literal["list", "author"]:
    """Return where answers to a post go unless the list says otherwise."""
    return "list" if preset == "closed" else "author"


# -- surveys -------------------------------------------------------------------------------------------------------


class ReminderFile(FileModel):
    """A reminder: a written time, or business days before the close with a time of day."""

    business_days_before_close: Annotated[int, Field(ge=0, le=250)] | None = None
    at: str | None = None

    @field_validator("at")
    @classmethod
    def _time(cls, at: str, info: ValidationInfo) -> str:
        return _either(at, "business_days_before_close", info)

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.business_days_before_close is None and self.at is None:
            raise said("needs at: 2027-01-25 09:00, or business_days_before_close: 3")
        return self

    def value(self, zone: ZoneInfo) -> Reminder:
        """Return the core value."""
        if self.business_days_before_close is None:
            return Reminder(at=moment(self.at or "", zone))
        time = self.at or Reminder.time
        return Reminder(business_days_before_close=self.business_days_before_close, time=time)


def _either(at: str, relative: str, info: ValidationInfo) -> str:
    """Check `at`: a time of day beside the relative key, else a whole moment."""
    text = at.strip()
    if info.data.get(relative) is not None:
        clock_time(text)
    elif relative in info.data:  # absent when that key has a mistake of its own
        moment(text, _zone(info))
    return text


class PublishFile(FileModel):
    """When and to whom the results go."""

    at: Literal["close", "hand"] = "close"
    to: Literal["audience", "office", "nobody"] = "audience"


class QuestionFile(FileModel):
    """One question."""

    id: Line
    text: Line
    type: QuestionType
    options: tuple[Line, ...] = ()
    required: bool = False
    when: dict[str, Words] = {}  # noqa: RUF012  pydantic copies defaults

    def value(self) -> Question:
        """Return the core value."""
        options = _RATING if self.type == "rating" and not self.options else self.options
        return Question(self.id, self.text, self.type, options, self.required, tuple(self.when.items()))


def _some(questions: tuple[QuestionFile, ...]) -> tuple[QuestionFile, ...]:
    if not questions:
        raise said("holds no question")
    return questions


def _survey_type(text: str) -> str:
    if text != "resolution":
        raise said(
            f"{text!r} is not a type of survey; write resolution for a written vote, or leave the key out"
        )
    return text


class FollowUpFile(FileModel):
    """When block representatives get the missing bodies of their prefecture, and who they are."""

    tag: Annotated[str, AfterValidator(_tag)] = Survey.follow_up_tag
    at: Annotated[tuple[Annotated[ReminderFile, BeforeValidator(_at)], ...], BeforeValidator(listed)]


class SurveyFile(FileModel):
    """config/surveys/KEY.yaml."""

    key: Key | None = None
    type: Annotated[str, AfterValidator(_survey_type)] | None = None
    title: Line | None = None
    audience: Selection | None = None
    opens: Moment | None = None
    closes: Moment | None = None
    reminders: tuple[ReminderFile, ...] = ()
    follow_up: Annotated[FollowUpFile, BeforeValidator(_follow_up)] | None = None
    approval: Annotated[tuple[MailAddress, ...], BeforeValidator(listed)] = ()
    mode: Mode | None = None
    count: Literal["body", "person"] = Survey.unit
    publish: PublishFile = PublishFile()
    previous: Key | None = None
    late: LateFile | None = None
    form: bool = False
    purpose: Lines = ""
    contact: Lines = ""
    questions: Annotated[tuple[QuestionFile, ...], AfterValidator(_some)] | None = None

    def value(self, zone: ZoneInfo) -> Survey:
        """Return the core value of a file without mistakes."""
        follow_up = self.follow_up
        return Survey(
            key=_stated(self.key),
            title=_stated(self.title),
            audience=_stated(self.audience).selector(),
            opens=_stated(self.opens),
            closes=_stated(self.closes),
            questions=self.asked(),
            reminders=tuple(reminder.value(zone) for reminder in self.reminders),
            mode=self.mode or Survey.mode,
            publish_to=self.publish.to,
            purpose=self.purpose,
            contact=self.contact,
            publish_at=self.publish.at,
            unit=self.count,
            previous=self.previous or "",
            approvers=self.approval,
            follow_ups=tuple(one.value(zone) for one in follow_up.at) if follow_up else (),
            follow_up_tag=follow_up.tag if follow_up else Survey.follow_up_tag,
            form=self.form,
            late=self.late.value() if self.late else None,
        )

    def asked(self) -> tuple[Question, ...]:
        """Return the core values of the questions."""
        return tuple(question.value() for question in _stated(self.questions))


# -- resolutions ---------------------------------------------------------------------------------------------------


def _share(text: str) -> str:
    if read_share(text) is None:
        raise said(
            f"{text!r} is not a share; write 過半数 (more than half), 2/3 (at least two thirds), 50%, 会員の2分の1以上, "
            "or {share: 2/3, of: votes, more_than: false}"
        )
    return text


class ShareFile(FileModel):
    """A quorum or a threshold: so much of a stated whole."""

    share: Annotated[str, AfterValidator(_share)]
    of: Denominator | None = None
    more_than: bool | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        written = _stated(read_share(self.share))
        if self.of is not None and written.of not in {None, self.of}:
            raise said(
                f"{self.share!r} is a share of {written.of} already; `of: {self.of}` says another whole"
            )
        if self.more_than is not None and written.more_than not in {None, self.more_than}:
            raise said(f"{self.share!r} says already whether more is needed; leave `more_than` out")
        if self.written(self.of or "votes").part == 1 and self.written("votes").more_than:
            raise said("nothing is more than all; write 全員, or more_than: false")
        return self

    def written(self, of: Denominator) -> Share:
        """Return the core value, of this whole where the file names none."""
        read = _stated(read_share(self.share))
        more_than = read.more_than if self.more_than is None else self.more_than
        return WrittenShare(read.part, self.of or read.of, more_than).share(of)

    @property
    def bare_half(self) -> bool:
        """Say whether it is one half, without a word on whether exactly half is enough."""
        read = _stated(read_share(self.share))
        return read.part == Fraction(1, 2) and read.more_than is None and self.more_than is None


def _share_keys(value: object) -> object:
    return {"share": value} if isinstance(value, str) else value


def _quorum(found: ShareFile) -> ShareFile:
    if found.written("electorate").of != "electorate":
        raise said("a quorum is a share of the electorate; leave `of` out")
    return found


WrittenShareFile = Annotated[ShareFile, BeforeValidator(_share_keys)]
WrittenQuorum = Annotated[WrittenShareFile, AfterValidator(_quorum)]


def _some_threshold(shares: tuple[ShareFile, ...]) -> tuple[ShareFile, ...]:
    if not shares:
        raise said("holds no threshold; write 過半数, 2/3 or the like")
    return shares


class ArticleFile(FileModel):
    """One row of the comparison table 新旧対照表."""

    article: Line | None = None
    old: Lines = ""
    new: Lines = ""

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if not self.old.strip() and not self.new.strip():
            raise said("needs old, new or both: the text before and after the change")
        if self.old.strip() == self.new.strip():
            raise said("old and new are the same; there is nothing to vote on")
        return self

    def value(self) -> Article:
        """Return the core value."""
        return Article(self.article or "", self.old.strip(), self.new.strip())


def _motion_type(text: str) -> str:
    if text != "yesno":
        raise said(
            f"a motion is voted on with yes, no or abstain, not as {text!r}; leave the type out, or ask it in a survey"
        )
    return text


class MotionFile(FileModel):
    """One motion 議案 of a resolution; beside its text may stand the one article that it changes."""

    id: Line | None = None
    text: Line
    type: Annotated[str, AfterValidator(_motion_type)] = "yesno"
    options: tuple[Line, ...] = _MOTION
    required: bool = True
    article: Line | None = None
    old: Lines = ""
    new: Lines = ""

    @model_validator(mode="after")
    def _votes(self) -> Self:
        question = Question("Q1", self.text, "yesno", self.options)
        if not {"yes", "no"} <= set(yesno_values(question)):
            raise said(
                "the options of a motion must be those for and against it; 賛成, 反対, 棄権 by default"
            )
        if not self.required:
            raise said("every motion is required: a ballot without a vote on it is not a vote")
        if self.article and not self.old.strip() and not self.new.strip():
            raise said("the article needs old, new or both")
        return self

    def value(self, place: int) -> Question:
        """Return the core value of the motion at this place, from 1."""
        return Question(self.id or f"Q{place}", self.text, "yesno", self.options, required=True)

    def changes(self) -> tuple[Article, ...]:
        """Return the row of the comparison table that the motion brings along."""
        old, new = self.old.strip(), self.new.strip()
        return (Article(self.article or self.text, old, new),) if old or new else ()


def _no_form(form: bool) -> bool:
    if form:
        raise said("a written vote is cast in the mail itself; leave `form` out")
    return form


class ResolutionFile(SurveyFile):
    """config/surveys/KEY.yaml with `type: resolution`."""

    count: Literal["body"] = "body"
    form: Annotated[bool, AfterValidator(_no_form)] = False
    quorum: WrittenQuorum | None = None
    threshold: (
        Annotated[tuple[WrittenShareFile, ...], BeforeValidator(listed), AfterValidator(_some_threshold)]
        | None
    ) = None
    by_law: Line | None = None
    base_date: Annotated[Any, BeforeValidator(_day)] = None
    chair: Annotated[str, AfterValidator(_code)] | None = None
    deemed: Line | None = None
    comparison: tuple[ArticleFile, ...] = ()
    articles: tuple[ArticleFile, ...] = ()
    questions: Annotated[tuple[MotionFile, ...], AfterValidator(_some)] | None = None  # type: ignore[assignment]

    def value(self, zone: ZoneInfo) -> Survey:
        """Return the core value of a file without mistakes."""
        own = [article for motion in self.questions or () for article in motion.changes()]
        shares = [share.written("votes") for share in _stated(self.threshold)]
        return replace(
            super().value(zone),
            mode=self.mode or "named",
            resolution=Resolution(
                base_date=self.base_date or _stated(self.opens).date(),
                by_law=self.by_law or "",
                quorum=_stated(self.quorum).written("electorate"),
                thresholds=tuple(shares),
                comparison=(*(article.value() for article in (*self.comparison, *self.articles)), *own),
                chair=self.chair or "",
                deemed=self.deemed or "",
            ),
        )

    def asked(self) -> tuple[Question, ...]:
        """Return the motions; a file that names none puts its title to the vote."""
        if self.questions is None:
            return (Question("Q1", _stated(self.title), "yesno", _MOTION, required=True),)
        return tuple(motion.value(place) for place, motion in enumerate(self.questions, 1))


# -- events --------------------------------------------------------------------------------------------------------


def _cancelled(value: object) -> str | None:
    """Read `yes`, `no`, or why in a sentence."""
    if not isinstance(value, str):
        raise said("must be yes, no, or why it is not held, in one line")
    word = value.strip()
    return {"yes": "", "true": "", "no": None, "false": None}.get(word.lower(), word)


class NoticeFile(FileModel):
    """A notice: a written time, or business days before the event with a time of day."""

    business_days_before: Annotated[int, Field(ge=0, le=250)] | None = None
    at: str | None = None
    to: Literal["audience", "attending", "unanswered"] = "audience"
    late: LateFile | None = None

    @field_validator("at")
    @classmethod
    def _time(cls, at: str, info: ValidationInfo) -> str:
        return _either(at, "business_days_before", info)

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.business_days_before is None and self.at is None:
            raise said("needs at: 2027-01-12 10:00, or business_days_before: 3")
        return self

    def value(self, zone: ZoneInfo) -> Notice:
        """Return the core value."""
        late = self.late.value() if self.late else None
        if self.business_days_before is None:
            return Notice(at=moment(self.at or "", zone), to=self.to, late=late)
        time = self.at or Notice.time
        return Notice(business_days_before=self.business_days_before, time=time, to=self.to, late=late)


class MaterialFile(FileModel):
    """Something to read: its title and where it is."""

    title: Line | None = None
    url: Line | None = None

    @model_validator(mode="after")
    def _a_link(self) -> Self:
        if self.title is None or self.url is None:
            raise said("needs title and url")
        if not _LINK.fullmatch(self.url):
            raise said(f"{self.url!r} is no link; it begins with https:// and has no blanks")
        return self


class EventFile(FileModel):
    """config/events/KEY.yaml."""

    key: Key | None = None
    title: Line | None = None
    date: Annotated[Any, BeforeValidator(_date)] = None
    time: Annotated[Any, BeforeValidator(_hours)] = None
    place: Line | None = None
    capacity: Annotated[int, Field(ge=1)] | None = None
    audience: Selection | None = None
    notices: tuple[NoticeFile, ...] = ()
    rsvp_until: Moment | None = None
    programme: Lines = ""
    contact: Lines = ""
    organiser: Line | None = None
    co_organisers: Words = ()
    materials: tuple[MaterialFile, ...] = ()
    joining: Lines = ""
    calendar: CalendarUse = "publish"
    late: LateFile | None = None
    offer_days: Annotated[int, Field(ge=1, le=60)] | None = None
    cancelled: Annotated[str | None, BeforeValidator(_cancelled)] = None

    def value(self, zone: ZoneInfo) -> Event:
        """Return the core value of a file without mistakes."""
        starts, ends = (None, None) if self.time == "undecided" else self.time
        return Event(
            key=_stated(self.key),
            title=_stated(self.title),
            date=self.date,
            starts=starts,
            ends=ends,
            place=_stated(self.place),
            audience=_stated(self.audience).selector(),
            notices=tuple(notice.value(zone) for notice in self.notices),
            rsvp_until=self.rsvp_until,
            capacity=self.capacity,
            programme=self.programme,
            contact=self.contact,
            organiser=self.organiser or "",
            co_organisers=self.co_organisers,
            materials=tuple(Material(_stated(one.title), _stated(one.url)) for one in self.materials),
            joining=self.joining,
            calendar=self.calendar,
            offer_days=self.offer_days,
            cancelled=self.cancelled,
            late=self.late.value() if self.late else None,
        )
