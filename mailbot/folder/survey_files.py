"""What a file of config/surveys/ may hold, key by key; a resolution has more (resolution_files.py)."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from mailbot.core.surveys.survey import Mode, Question, QuestionType, Reminder, Survey
from mailbot.folder.config_file import MailAddresses
from mailbot.folder.selector_files import Selection
from mailbot.folder.written_values import Key, LateFile, Lines, Moment, Tag, Words, checked_at, moment, stated
from mailbot.folder.yaml_source import FileModel, Line, listed, said

SURVEY_KEYS = ("key", "title", "audience", "opens", "closes", "questions")  # the least a file must say
_RATING = ("1", "2", "3", "4", "5")


def _at(value: object) -> object:
    """Take a written time for {at: ...}."""
    return {"at": value} if isinstance(value, str) else value


def _follow_up(value: object) -> object:
    """Take a time, or a list of times, for {at: ...}."""
    return {"at": value} if isinstance(value, (str, list)) else value


class ReminderFile(FileModel):
    """A reminder: a written time, or business days before the close with a time of day."""

    business_days_before_close: Annotated[int, Field(ge=0, le=250)] | None = None
    at: str | None = None

    @field_validator("at")
    @classmethod
    def _time(cls, at: str, info: ValidationInfo) -> str:
        return checked_at(at, "business_days_before_close", info)

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


def some_questions(questions: tuple[QuestionFile, ...]) -> tuple[QuestionFile, ...]:
    """Return the questions. Raises our own sentence when there is none."""
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

    tag: Tag = Survey.follow_up_tag
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
    approval: MailAddresses = ()
    mode: Mode | None = None
    count: Literal["body", "person"] = Survey.unit
    publish: PublishFile = PublishFile()
    previous: Key | None = None
    late: LateFile | None = None
    form: bool = False
    purpose: Lines = ""
    contact: Lines = ""
    questions: Annotated[tuple[QuestionFile, ...], AfterValidator(some_questions)] | None = None

    def value(self, zone: ZoneInfo) -> Survey:
        """Return the core value of a file without mistakes."""
        follow_up = self.follow_up
        return Survey(
            key=stated(self.key),
            title=stated(self.title),
            audience=stated(self.audience).selector(),
            opens=stated(self.opens),
            closes=stated(self.closes),
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
        return tuple(question.value() for question in stated(self.questions))
