"""Show what a survey would send, to whom and when, and what a careful person would look at again; sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from mailbot.core.calendar import Language, business_day, moment_words
from mailbot.core.mail.address import address_key
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import parse
from mailbot.core.mail.wrap import wrap
from mailbot.core.members.register import KINDS, full_code
from mailbot.core.office.plan import survey_jobs
from mailbot.core.reading.grammar.printed_options import printed_options
from mailbot.core.reading.text.tidy import label_key
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ballot_faults import mail_faults
from mailbot.core.surveys.gateway import USUAL, Layout
from mailbot.core.surveys.group_words import group_words
from mailbot.core.surveys.matter import matter
from mailbot.core.surveys.survey import Question, Survey
from mailbot.flows.surveys.open_survey import first_of_each_body, greeting
from mailbot.render import Recipient, recipient_values
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.members.members import Person
from mailbot.store.surveys import gateways, surveys

_OFFICE_HOURS = ("08:30", "17:15")  # of a town hall
_LONGEST_QUESTION = 4  # lines
_SAMPLE_TOKEN = "mihon" + "0" * 11  # as long as a real one; it opens nothing


@dataclass(frozen=True)
class Preview:
    """What the secretariat looks at before a survey is opened."""

    to: str  # the address that this copy would go to
    subject: str
    text: str  # exactly as it would leave, but for the secret of its reply address
    columns: int
    bodies: tuple[tuple[str, int], ...]  # by kind, in words; every kind that is asked
    dates: tuple[tuple[str, str], ...]  # what, and when in words with the weekday
    warnings: tuple[str, ...]

    @property
    def asked(self) -> int:
        """Return to how many the survey goes."""
        return sum(number for _, number in self.bodies)


def preview_survey(
    connection: Connection, site: Site, survey: Survey, *, code: str | None, columns: int | None = None
) -> Preview:
    """Return the invitation as one body would get it, and what the survey will cost.

    `code`: the body; by default the first of the audience, or a sample where the audience is empty. `columns`: the
    width of the lines; by default the one that suits the body's mail system. Raises Refusal for an unknown code.
    """
    selected = members.selected(connection, survey.audience)
    asked = selected if survey.unit == "person" else first_of_each_body(selected)
    person = _recipient(connection, code, asked)
    layout = gateways.layout_at(connection, person.contact.email) if person else USUAL
    width = columns or layout.columns
    mail = parse(_copy(site, survey, person, Layout(width, layout.quotes)))
    kinds = Counter[str](each.body.kind for each in asked)
    return Preview(
        to=_address(person),
        subject=mail.subject,
        text=mail.text,
        columns=width,
        bodies=tuple((_kind(kind, site.language), kinds[kind]) for kind in KINDS if kinds[kind]),
        dates=tuple(_dates(site, survey)),
        warnings=(
            *_date_warnings(site, survey),
            *_text_warnings(survey, mail.text, width, site.language),
            *_audience_warnings(connection, survey, asked, site.language),
        ),
    )


def _recipient(connection: Connection, code: str | None, asked: list[Person]) -> Person | None:
    if code is None:
        return asked[0] if asked else None
    wanted = full_code(code)
    own = [person for person in asked if person.body.code == wanted]
    people = own or members.people_of(connection, wanted)
    if not people:
        raise Refusal(
            f"--code {code}: no body with the code {wanted} has a contact; see `mailbot members export`"
        )
    return people[0]


def _address(person: Person | None) -> str:
    return person.contact.email if person else "mihon@example.jp"


def _copy(site: Site, survey: Survey, person: Person | None, layout: Layout) -> bytes:
    code = person.body.code if person else "000000"
    named = greeting(person) if person else "○○市 ご担当者様"
    to = Recipient(_address(person), named, f"{survey.key}-{code}", code, _SAMPLE_TOKEN)
    cooked = site.render.surveys.invitation(survey, now=survey.opens, layout=layout)
    return fill(template(cooked), recipient_values(to, "0"))


def _kind(kind: str, language: Language) -> str:
    return group_words(kind) if language == "ja" else kind


# ---- dates ---------------------------------------------------------------------------------------------------------

_ACTIONS = {
    "ja": {
        "freeze": "基準日（対象の団体の確定）",
        "open": "お願いの発送",
        "reminder": "再度のお願い",
        "followup": "未着の一覧の送付",
        "close": "締切",
    },
    "en": {
        "freeze": "base date (the electorate is frozen)",
        "open": "invitations",
        "reminder": "reminder",
        "followup": "lists of the missing",
        "close": "close",
    },
}


def _dates(site: Site, survey: Survey) -> Iterator[tuple[str, str]]:
    names = _ACTIONS[site.language]
    for job in survey_jobs(survey, site.calendar, site.zone):
        action = job.name.split(":")[2]
        yield names.get(action, action), moment_words(job.at.astimezone(site.zone), site.language)


def _date_warnings(site: Site, survey: Survey) -> Iterator[str]:
    closes = survey.closes.astimezone(site.zone)
    when = moment_words(closes, site.language)
    japanese = site.language == "ja"
    if not business_day(closes.date(), site.calendar):
        yield (
            f"締切の{when}は閉庁日です。前後の開庁日をご検討ください。"
            if japanese
            else f"The close, {when}, is on a day when offices are closed."
        )
    if not _OFFICE_HOURS[0] <= f"{closes:%H:%M}" <= _OFFICE_HOURS[1]:
        yield (
            f"締切の{when}は執務時間（8時30分から17時15分まで）の外です。"
            if japanese
            else f"The close, {when}, is outside office hours (8:30 to 17:15)."
        )
    if survey.closes - survey.opens < timedelta(days=7):
        yield (
            "お願いから締切まで7日ありません。"
            if japanese
            else "Less than seven days lie between the invitation and the close."
        )


# ---- the text ------------------------------------------------------------------------------------------------------


def _text_warnings(survey: Survey, text: str, width: int, language: Language) -> Iterator[str]:
    japanese = language == "ja"
    yield from mail_faults(survey, text, columns=width, language=language)
    if not survey.purpose.strip():
        yield (
            f"{matter(survey, language)}の趣旨（purpose）がありません。"
            if japanese
            else "There is no purpose."
        )
    for question in survey.questions:
        lines = len(wrap(f"{question.id} {question.text}", width))
        if lines > _LONGEST_QUESTION:
            yield (
                f"{question.id}の文が{lines}行あります。短くするか、問いを分けることをご検討ください。"
                if japanese
                else f"{question.id} runs over {lines} lines; shorten or divide it."
            )
        yield from _prefix_warnings(question, language)


def _prefix_warnings(question: Question, language: Language) -> Iterator[str]:
    """Name options of which one begins with another: members who write half of a label cannot be understood."""
    labels = printed_options(question, language)
    for short in labels:
        for long in labels:
            if short != long and label_key(long).startswith(label_key(short)):
                yield (
                    f"{question.id}の選択肢「{long}」は「{short}」で始まります。言葉で答える方が間違えやすくなります。"
                    if language == "ja"
                    else f'{question.id}: "{long}" begins like "{short}"; answers in words are easily mistaken.'
                )


# ---- the audience --------------------------------------------------------------------------------------------------


def _audience_warnings(
    connection: Connection, survey: Survey, asked: list[Person], language: Language
) -> Iterator[str]:
    japanese = language == "ja"
    if not asked:
        yield "対象に当たる団体がありません。" if japanese else "The audience selects nobody."
    shared = Counter(address_key(person.contact.email) for person in asked)
    for address, number in sorted(shared.items()):
        if number > 1:
            yield (
                f"{address} が{number}団体の宛先になっています。団体ごとに1通ずつ届きます。"
                if japanese
                else f"{address} stands for {number} bodies and gets a mail for each."
            )
    codes = {person.body.code for person in asked}
    for other in surveys.every(connection):
        if other.survey.key == survey.key or other.state == "closed" or not _overlap(other.survey, survey):
            continue
        both = codes & {each.body.code for each in members.selected(connection, other.survey.audience)}
        if both:
            yield (
                f"同じ時期の{matter(other.survey, language)} {other.survey.key}「{other.survey.title}」と、{len(both)}団体が重なります。"
                if japanese
                else f'{len(both)} bodies are asked by {other.survey.key} "{other.survey.title}" at the same time.'
            )


def _overlap(one: Survey, other: Survey) -> bool:
    return max(one.opens, other.opens) < min(one.closes, other.closes)
