"""What a file of config/surveys/ with `type: resolution` may hold, key by key: a written vote, its shares and motions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, model_validator

from mailbot.core.reading.grammar.printed_options import yesno_values
from mailbot.core.surveys.share import WrittenShare, read_share
from mailbot.core.surveys.survey import Article, Denominator, Question, Resolution, Share, Survey
from mailbot.folder.survey_files import SurveyFile, some_questions
from mailbot.folder.written_values import BodyCode, Lines, stated, written_date
from mailbot.folder.yaml_source import FileModel, Line, listed, said

_MOTION = ("賛成", "反対", "棄権")
RESOLUTION_KEYS = ("key", "title", "audience", "opens", "closes", "quorum", "threshold")  # as in a survey


def _day(value: object) -> date:
    if not isinstance(value, str):
        raise said("must be one date such as 2027-01-14")
    return written_date(value)


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
        written = stated(read_share(self.share))
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
        read = stated(read_share(self.share))
        more_than = read.more_than if self.more_than is None else self.more_than
        return WrittenShare(read.part, self.of or read.of, more_than).share(of)

    @property
    def bare_half(self) -> bool:
        """Say whether it is one half, without a word on whether exactly half is enough."""
        read = stated(read_share(self.share))
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
    chair: BodyCode | None = None
    deemed: Line | None = None
    comparison: tuple[ArticleFile, ...] = ()
    articles: tuple[ArticleFile, ...] = ()
    questions: Annotated[tuple[MotionFile, ...], AfterValidator(some_questions)] | None = None  # type: ignore[assignment]

    def value(self, zone: ZoneInfo) -> Survey:
        """Return the core value of a file without mistakes."""
        own = [article for motion in self.questions or () for article in motion.changes()]
        shares = [share.written("votes") for share in stated(self.threshold)]
        return replace(
            super().value(zone),
            mode=self.mode or "named",
            resolution=Resolution(
                base_date=self.base_date or stated(self.opens).date(),
                by_law=self.by_law or "",
                quorum=stated(self.quorum).written("electorate"),
                thresholds=tuple(shares),
                comparison=(*(article.value() for article in (*self.comparison, *self.articles)), *own),
                chair=self.chair or "",
                deemed=self.deemed or "",
            ),
        )

    def asked(self) -> tuple[Question, ...]:
        """Return the motions; a file that names none puts its title to the vote."""
        if self.questions is None:
            return (Question("Q1", stated(self.title), "yesno", _MOTION, required=True),)
        return tuple(motion.value(place) for place, motion in enumerate(self.questions, 1))
