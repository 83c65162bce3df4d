"""What an event (seminar, meeting) is, what an RSVP says, who gets a seat, and what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from datetime import time as clock
from typing import Literal

from mailbot.core.calendar import Language, date_words, local_moment, moment_words
from mailbot.core.members.audience import Selector
from mailbot.core.office.lateness import Lateness
from mailbot.core.reading.text.known_text import line_key
from mailbot.core.surveys.survey import Answers, Problem, Question, Survey


@dataclass(frozen=True)
class Notice:
    """When a notice of the event goes out; a written time, or one relative to the event's date."""

    at: datetime | None = None
    business_days_before: int | None = None
    time: str = "10:00"  # HH:MM for the relative form
    to: Literal["audience", "attending", "unanswered"] = "audience"
    late: Lateness | None = None  # how late this one may go out; None: as the event says


@dataclass(frozen=True)
class Material:
    """Something to read for an event: a link, so that no gateway takes it away."""

    title: str
    url: str  # https://...


# What goes with a notice: an entry to look at, an invitation that a calendar program answers, or no file at all.
CalendarUse = Literal["publish", "request", "none"]


@dataclass(frozen=True)
class Event:
    """One event as the secretariat defined it. Times are local to the configured zone."""

    key: str  # N26-07
    title: str
    date: date
    starts: clock | None  # None: time undecided
    ends: clock | None
    place: str
    audience: Selector
    notices: tuple[Notice, ...]
    rsvp_until: datetime | None = None  # aware
    capacity: int | None = None  # people; None: no limit
    programme: str = ""  # free lines
    contact: str = ""  # free lines
    organiser: str = ""  # who holds it, when it is not the association alone
    co_organisers: tuple[str, ...] = ()
    materials: tuple[Material, ...] = ()
    joining: str = ""  # free lines: how to join from afar; sent the day before, to those who attend alone
    calendar: CalendarUse = "publish"
    late: Lateness | None = None  # how late its notices may go out; None: as usual
    offer_days: int | None = None  # business days for which a free seat is offered; None: it is given at once
    cancelled: str | None = None  # why it is not held after all, "" without a reason; None: it is held


RsvpStatus = Literal["attending", "waiting", "declined", "unclear", "later"]


@dataclass(frozen=True)
class Rsvp:
    """One body's answer to an event."""

    status: RsvpStatus
    people: int  # how many come; 0 unless attending or waiting
    names: tuple[str, ...] = ()


# --- when it is -----------------------------------------------------------------------------------------------


def time_words(event: Event, language: Language = "ja") -> str:
    """Return the event's date and time: 「2026年10月22日（木）10時00分〜15時00分」, or 【時間未定】 after the date."""
    day = date_words(event.date, language)
    if event.starts is None:
        return f"{day}【時間未定】" if language == "ja" else f"{day} [time undecided]"
    if language == "ja":
        start, end = _hour_ja(event.starts), "" if event.ends is None else _hour_ja(event.ends)
        return f"{day}{start}〜{end}"
    end = "" if event.ends is None else f" to {event.ends:%H:%M}"
    return f"{day}, {event.starts:%H:%M}{end}"


def begins(event: Event, zone: tzinfo) -> datetime:
    """Return when the event begins; while its time is undecided, the first moment of its day."""
    return local_moment(event.date, event.starts or clock(0, 0), zone)


def ends(event: Event, zone: tzinfo) -> datetime:
    """Return when the event is over: at its written end, else at 17:00 of its day, or at its beginning when that is later."""
    return max(begins(event, zone), local_moment(event.date, event.ends or clock(17, 0), zone))


def rsvp_deadline(event: Event, zone: tzinfo) -> datetime:
    """Return until when an RSVP is taken: the written deadline, else the event's beginning."""
    return event.rsvp_until or begins(event, zone)


def _hour_ja(time: clock) -> str:
    return f"{time.hour}時{time.minute:02d}分"


# --- the RSVP -------------------------------------------------------------------------------------------------

_ATTEND: dict[Language, str] = {"ja": "出席", "en": "attending"}
_DECLINE: dict[Language, str] = {"ja": "欠席", "en": "not attending"}
_LATER: dict[Language, str] = {"ja": "時間が決まってから返事", "en": "will answer when the time is decided"}


def rsvp_form(event: Event, language: Language = "ja", answered: str = "") -> Survey:
    """Return the event's RSVP as a survey of two questions, so that the ballot reader serves events too.

    `answered`: the reply that is read with it. Who answers a notice from before the time was decided has a third option
    before him: it stays one for him, and its line is ours.
    Its `closes` stands only for completeness when the event has no deadline: `rsvp_deadline` decides.
    """
    options = [_ATTEND[language], _DECLINE[language]]
    if event.starts is None or line_key(f"3. {_LATER[language]}") in line_key(answered):
        options.append(_LATER[language])
    attendance, people = ("出欠", "人数と氏名") if language == "ja" else ("Attendance", "Number and names")
    return Survey(
        key=event.key,
        title=event.title,
        audience=event.audience,
        opens=datetime(1970, 1, 1, tzinfo=UTC),
        closes=event.rsvp_until or datetime.combine(event.date, clock(0, 0), UTC),
        questions=(
            Question("Q1", attendance, "single", tuple(options), required=True),
            Question("Q2", people, "text", when=(("Q1", ("1",)),)),
        ),
        mode="named",
        publish_to="nobody",
        contact=event.contact,
    )


_LONGEST_LINE = 200  # characters of a line with both answers
_SEATS = r"(?:[0-9０-９]{1,3}|[一二三四五六七八九十])\s?(?:名様|名|人|people\b|persons?\b)"
_COMES = r"(?:(?:ご?出席|attending\b)(?:(?:と|に)?(?:(?:いた|致)?し|させていただき)ます|です|する|とします)?[。.]?|[1１①](?=\s?[(（]))"
_BEFORE_ANSWER = (
    r"(?P<quote>[\s>＞|]*+)(?P<slot>[【\[［〔(（]?(?:[QqＱｑ]|設問|問)\s?[1１](?:の?回答)?[】\]］〕)）]?[\s:：.．、は]*+)?"
    r"(?P<open>[\[［〔【])?(?:[1１①][.．)）番]?\s?(?=ご?出席|attending))?"
)
_COMES_WITH = tuple(
    re.compile(rf"^{_BEFORE_ANSWER}{both}(?P<close>[\]］〕】])?$", re.IGNORECASE)
    for both in (
        rf"(?P<comes>{_COMES})[\s、,，・:：/]*+(?P<people>[(（]?\s?{_SEATS}[^\]］〕】]*+)",
        rf"(?P<people>{_SEATS})[\s、,，で]*+(?P<comes>{_COMES})",
    )
)


def rsvp_apart(text: str, known: Sequence[str] = ()) -> str:
    """Split each line of a reply that answers both questions at once, 「出席 1名」 or 「出席（2名）」, into two lines.

    Otherwise the number would be a remark, or make the whole line unclear. Our own lines, in `known`, stay as they are.
    """
    ours = {line_key(line) for each in known for line in each.splitlines()}
    return "\n".join(_apart(line, ours) for line in text.split("\n"))


def _apart(line: str, ours: AbstractSet[str]) -> str:
    short = line.rstrip() if len(line) <= _LONGEST_LINE else ""
    both = next((found for form in _COMES_WITH if (found := form.match(short))), None)
    if both is None or line_key(line[both.end("quote") :]) in ours:
        return line
    comes = f"{both['open'] or ''}{both['comes']}{both['close'] or ''}"
    # The attendance comes last: after it, no name of a signature is taken for one of the people.
    return f"{both['quote']}Q2 {both['people']}\n{both['quote']}{both['slot'] or 'Q1 '}{comes}"


def rsvp_of(answers: Answers) -> Rsvp:
    """Return what the answers to the RSVP form say; attending without people given is one person, unnamed.

    Whether an attending body gets a seat or waits is `seat`'s to say.
    """
    choice, words = answers.get("Q1"), answers.get("Q2")
    if choice == ("2",):
        return Rsvp("declined", 0)
    if choice == ("3",):
        return Rsvp("later", 0)
    if choice != ("1",):
        return Rsvp("unclear", 0)
    if not isinstance(words, str) or not words.strip():
        return Rsvp("attending", 1)
    try:
        people, names = read_people(words)
    except ValueError:
        return Rsvp("unclear", 0)
    return Rsvp("attending", people, names)


def stays_away_with_people(said: Answers, before: Answers) -> bool:
    """Tell whether a reply names people who come, although by it, or by what counts so far, nobody does.

    People named in an earlier reply are no contradiction: somebody who had written 「2名」 may decline.
    """
    words = said.get("Q2")
    if said.get("Q1", before.get("Q1")) != ("2",) or not isinstance(words, str) or words == before.get("Q2"):
        return False
    return bool(_count(_unwrapped(_plain(words)))[0])


_BY_PARTSTAT: dict[str, tuple[str, ...]] = {"ACCEPTED": ("1",), "DECLINED": ("2",), "TENTATIVE": ("3",)}


def calendar_answers(partstat: str, guests: int, before: Answers) -> Answers | None:
    """Return what a calendar's Accept, Decline or Tentative says to the RSVP form; None when it is neither.

    A calendar knows one attendee (and guests): a number and names that were written in words before still stand.
    """
    choice = _BY_PARTSTAT.get(partstat)
    if choice is None:
        return None
    if choice == ("1",) and guests and not before.get("Q2"):
        return {"Q1": choice, "Q2": f"{1 + min(guests, 98)}名"}
    return {"Q1": choice}


def rsvp_problems(answers: Answers, language: Language = "ja") -> tuple[Problem, ...]:
    """Return why the answers make an unclear RSVP, in sentences for the member; nothing when it is clear."""
    if answers.get("Q1") is None:
        sentence = (
            "ご出席かどうかを読み取れませんでした。番号でお答えください。"
            if language == "ja"
            else "We could not read whether you attend. Please write the number."
        )
        return (Problem("Q1", "required", sentence),)
    words = answers.get("Q2")
    if answers["Q1"] == ("1",) and isinstance(words, str) and words.strip():
        try:
            read_people(words, language)
        except ValueError as unclear:
            return (Problem("Q2", "people", str(unclear)),)
    return ()


def seat(event: Event, taken: int, wanted: int) -> Literal["attending", "waiting"]:
    """Say whether so many people get seats, in strict order of arrival.

    `taken` counts everybody before them who attends or waits: whoever comes after a waiting group waits too,
    even when the group before was too large for the seats that are left.
    """
    if event.capacity is None or taken + wanted <= event.capacity:
        return "attending"
    return "waiting"


# --- people as members write them -------------------------------------------------------------------------------

_LONGEST = 1000  # characters of an answer that are looked at; a longer one is unclear
_LONGEST_NAME = 40
ASCII_FORMS = {**{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}, 0x3000: 0x20, 0xA0: 0x20}
_KANJI_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_UNIT = r"(?:名様|名|人|people\b|persons?\b)"
_LABEL = re.compile(r"(?:人数と氏名|人数|氏名|お名前|(?:参加|出席)者(?:氏?名(?=\s?:))?)\s?[:と]?")
_POLITE = re.compile(
    r"(?:です|でお願いします|でお願いいたします|とします|が(?:出席|参加)(?:いた)?します|。)$"
)
_COUNT_FIRST = re.compile(
    rf"(?:合計|計)?\s?(?:(\d{{1,3}}|[一二三四五六七八九十])\s?{_UNIT}|(\d{{1,3}})(?=[\s,、:]|$))"
)
_COUNT_LAST = re.compile(
    rf"(?:(\d{{1,3}}|[一二三四五六七八九十])\s?{_UNIT}|\((\d{{1,3}}|[一二三四五六七八九十])\s?{_UNIT}\))$"
)
# 「3名（氏名は当日名簿を持参）」, 「3名 氏名は追って連絡します」: the number is said, and stands.
_NAMES_LATER = re.compile(
    r"(?<![\s、,。])[\s、,。]*[（(]?(?:ご?氏名|お名前|参加者名?|出席者名?)は、?(?:当日|後日|追って|別途|後ほど|改めて)、?(?:名簿[をにで])?"
    r"[ごお]?(?:持参|連絡|報告|知らせ|提出|通知|送付)(?:(?:いた|致)?します)?[。.]?[)）]?$"
)
# 「山田太郎（公用車で参ります）」: how they come; it stays in the answer as it was written.
_TRAVELS = re.compile(
    r"(?<![\s、,。])[\s、,。]*[（(]?(?:当日は、?)?(?:公用車|自家用車|社用車|車|電車|新幹線|飛行機|バス)(?:で|にて)(?:参り|伺い|行き|向かい)ます[。.]?[)）]?$"
)
_IN_BRACKETS = re.compile(r"\s?\([^()]*\)")
_BETWEEN_NAMES = re.compile(r"[、,;/&\n]|\s(?:and|と)\s|及び|および|(?<=[々一-龥])[と・](?=[一-龥])")
_NO_NAME = re.compile(
    r"[\d?!@<>=_…�〓。]|ます|ません|です|ください|数名|以下|未定|不明|同上|^(?:以上|以下|案|仮|なお|ただし|但し|また)$|なし$|無し$|(?:ほか|他)$"
    r"|(?i:\b(?:us|we|few|several|some|both|everybody|everyone|maybe|perhaps|not|yet|later)\b)"
)
_OFFICE_WORD = re.compile(r"[課部係室局署所長員事任当]$")  # 情報政策課, 課長: not a name of its own


def read_people(text: str, language: Language = "ja") -> tuple[int, tuple[str, ...]]:
    """Read how many people come, and their names as written: 「2名 山田太郎、鈴木花子」 is (2, (山田太郎, 鈴木花子)).

    A number alone has no names; names alone are counted. Raises ValueError, with a sentence for the member, when
    anything is left that is neither, or when number and names disagree: nothing is guessed.
    """
    if len(text) > _LONGEST:
        raise ValueError(_UNREADABLE[language])
    count, rest = _count(_unwrapped(_plain(_TRAVELS.sub("", _NAMES_LATER.sub("", text)))))
    names = () if count and rest in {"未定", "TBD"} else _names(rest, count)
    if names is None or not (count or (count is None and names)):
        raise ValueError(_UNREADABLE[language])
    if count and names and count != len(names):
        raise ValueError(_DISAGREE[language].format(count=count, names=len(names)))
    return count or len(names), names


_UNREADABLE: dict[Language, str] = {
    "ja": "人数と氏名を読み取れませんでした。「2名 山田太郎、鈴木花子」のようにお書きください。",
    "en": 'We could not read the number and the names. Please write them like "2 Taro Yamada, Hanako Suzuki".',
}
_DISAGREE: dict[Language, str] = {
    "ja": "人数（{count}名）と氏名（{names}名分）が合いません。「2名 山田太郎、鈴木花子」のようにお書きください。",
    "en": "The number ({count}) and the names ({names}) do not agree. "
    'Please write them like "2 Taro Yamada, Hanako Suzuki".',
}


def _plain(text: str) -> str:
    """Fold digits, ASCII forms and blanks, and drop labels and politeness; names keep their characters."""
    lines = (line.strip(" ・") for line in text[:_LONGEST].translate(ASCII_FORMS).splitlines())
    plain = _LABEL.sub(" ", "\n".join(line for line in lines if line)).strip()
    while shorter := _POLITE.search(plain):
        plain = plain[: shorter.start()].strip()
    return plain


def _count(plain: str) -> tuple[int | None, str]:
    """Split a stated number of people from the rest, at the front or at the end."""
    if found := _COUNT_FIRST.match(plain):
        number, rest = found[1] or found[2], plain[found.end() :]
    elif found := _COUNT_LAST.search(plain):
        number, rest = found[1] or found[2], plain[: found.start()].rstrip("の計 ")
    else:
        return None, _unwrapped(plain)
    return _KANJI_DIGITS.get(number) or int(number), _unwrapped(rest)


def _unwrapped(rest: str) -> str:
    """Drop separators around the names, and brackets around all of them."""
    rest = rest.strip(" \n、,:")
    if rest.startswith("(") and rest.endswith(")") and rest.count("(") == 1:
        rest = rest[1:-1].strip()
    return rest


def _names(rest: str, count: int | None) -> tuple[str, ...] | None:
    """Return the names in the rest, none if it is empty; None when it is not clear which or how many they are."""
    names = tuple(name.strip() for name in _BETWEEN_NAMES.split(rest) if name.strip())
    if any(map(_no_name, names)):
        return None
    words = tuple(_IN_BRACKETS.sub("", rest).split(" "))  # 「林由美子（はやし　ゆみこ）」 is one
    full_names = all(len(word) >= 4 and not word.isascii() for word in words)
    if len(names) == 1 < len(words) and full_names and not any(map(_OFFICE_WORD.search, words)):
        return words if count == len(words) else None  # several by their blanks only if the number says so
    if count is None and len(names) > 1 and all(name.isascii() and " " not in name for name in names):
        return None  # "Suzuki, Hanako": one person or two
    return names


def _no_name(name: str) -> bool:
    return len(name) > _LONGEST_NAME or bool(_NO_NAME.search(name)) or not any(map(str.isalpha, name))


# --- what changed -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EventChange:
    """One fact of an event that a member must know has changed, in words: a line each, none where there was nothing."""

    name: str  # 日時
    before: tuple[str, ...]
    after: tuple[str, ...]


def event_changes(old: Event, new: Event, language: Language = "ja") -> tuple[EventChange, ...]:
    """Return in words what a member must know has changed; nothing when nothing has."""
    before, after = _facts(old, language), _facts(new, language)
    return tuple(
        EventChange(name, *_differing(before[name], after[name]))
        for name in after
        if before[name] != after[name]
    )


def is_weighty(old: Event, new: Event) -> bool:
    """Tell whether everybody must hear of a change at once: it is held at another time, or not at all.

    Who cannot come on the old day may be able to on the new one.
    """
    return _when(old) != _when(new)


def _when(event: Event) -> tuple[object, ...]:
    return event.date, event.starts, event.ends, event.cancelled is not None


def _differing(before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of a fact before and after, without those that stand in both."""
    old, new = _lines(before), _lines(after)
    return tuple(line for line in old if line not in new) or old, tuple(
        line for line in new if line not in old
    ) or new


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


_FACT_NAMES: dict[Language, tuple[str, ...]] = {
    "ja": ("名称", "日時", "会場", "定員", "出欠の締切", "主催", "共催", "内容", "資料"),
    "en": (
        *("Title", "Time", "Place", "Capacity", "RSVP by"),
        *("Organiser", "Co-organisers", "Programme", "Material"),
    ),
}


def _facts(event: Event, language: Language) -> dict[str, str]:
    none, people = ("なし", "名") if language == "ja" else ("none", "")
    capacity = none if event.capacity is None else f"{event.capacity}{people}"
    until = none if event.rsvp_until is None else moment_words(event.rsvp_until, language)
    facts = (
        event.title,
        time_words(event, language),
        event.place,
        capacity,
        until,
        event.organiser,
        "、".join(event.co_organisers),
        event.programme,
        "\n".join(f"{one.title} {one.url}" for one in event.materials),
    )
    return dict(zip(_FACT_NAMES[language], facts, strict=True))
