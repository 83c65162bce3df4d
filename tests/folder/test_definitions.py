"""Lists, surveys and events as files: what they mean, what is refused, and that an export reads back the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.events.event import Event, Material, Notice
from mailbot.core.events.meeting import Meeting
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import NOBODY, Selector
from mailbot.core.mistake import Mistakes
from mailbot.core.office.lateness import Lateness
from mailbot.core.surveys.survey import Article, Question, Reminder, Resolution, Share, Survey
from mailbot.folder.config import Config, load_config
from mailbot.folder.definition_yaml import file_name, to_document, write_markdown, write_yaml
from mailbot.folder.definitions import Definitions, check_folder, load_definitions
from mailbot.folder.event_files import EventFile
from mailbot.folder.list_files import ListFile
from mailbot.folder.resolution_files import ResolutionFile
from mailbot.folder.survey_files import SurveyFile
from mailbot.folder.yaml_source import FileModel, read_yaml, validate
from mailbot.resources import example_config_folder
from tests.drawing import given, st

TOKYO = ZoneInfo("Asia/Tokyo")
BAD_CONFIGS = Path(__file__).parent / "bad_configs"
LIST = "name: ant\ntitle: 蟻の会\npreset: closed\nmembers: all\n"
SURVEY = (
    "key: S1\ntitle: 調査\naudience: all\nopens: 2027-01-14 09:00\ncloses: 2027-01-28 17:00\n"
    "questions:\n  - {id: Q1, text: 利用していますか, type: yesno}\n"
)
EVENT = "key: N1\ntitle: 研修\ndate: 2027-02-10\ntime: 10:00-15:00\nplace: 有明\naudience: all\n"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def folder(tmp_path: Path, **files: str) -> Config:
    """Write definition files, named lists_a, surveys_a ..., and load the configuration beside them."""
    (tmp_path / "config").mkdir()
    path = tmp_path / "config" / "mailbot.yaml"
    path.write_text("domain: ml.example.jp\noffice: jimukyoku@example.jp\n", encoding="utf-8")
    for name, text in files.items():
        file = tmp_path / "config" / f"{name.replace('_', '/')}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return load_config(path)


def defined(tmp_path: Path, **files: str) -> Definitions:
    return load_definitions(folder(tmp_path, **files))


@pytest.mark.parametrize("case", sorted(path.name for path in BAD_CONFIGS.iterdir()))
def test_bad_configs(case: str) -> None:
    """Each broken folder is refused with exactly the lines that stand beside it, all at once."""
    path = BAD_CONFIGS / case
    mistakes, notes = check_folder(path / "config" / "mailbot.yaml", {"HOME": "x"})
    printed = "".join(f"{line}\n" for line in (*mistakes, *notes))
    assert printed == (path / "expected.txt").read_text(encoding="utf-8")
    assert mistakes


def test_the_examples_are_sound() -> None:
    """The files that `init` copies have no mistake and no note."""
    assert check_folder(example_config_folder() / "mailbot.yaml") == ((), ())


def test_no_definitions_are_no_mistake(tmp_path: Path) -> None:
    """A folder without definitions is a service that has none yet."""
    assert defined(tmp_path) == Definitions((), (), (), ())


@pytest.mark.parametrize("kind", ["lists", "surveys", "events", "bulletins", "meetings"])
def test_a_folder_that_cannot_be_looked_into(kind: str, tmp_path: Path) -> None:
    """It is a mistake, not a folder in which nothing is defined."""
    config = folder(tmp_path)
    (tmp_path / "config" / kind).write_text("", encoding="utf-8")
    with pytest.raises(Mistakes) as broken:
        load_definitions(config)
    assert str(broken.value).startswith(f"config/{kind}:1:1 folder: cannot be read: Not a directory;")


def test_a_list(tmp_path: Path) -> None:
    """A closed list answers to the list, others to the author, unless the file says otherwise."""
    (ant,) = defined(tmp_path, lists_ant=LIST).lists
    assert ant == MailingList("ant", "蟻の会", "closed", Selector(everyone=True))


def test_every_key_of_a_list(tmp_path: Path) -> None:
    """Every key of a list file has its place in the value."""
    text = (
        "name: ant\ntitle: 蟻の会\npreset: announce\nmembers: {kind: [市, town]}\nsubject_prefix: '[ant %d]'\n"
        "author: aligned\nfrom: auto\nreply_to: list\nfooter: |\n  一行目\n  二行目\nmax_size: 20480\n"
        "posters: {emails: [a@example.jp]}\njoin: closed\nleave: true\nwho: nobody\narchive: no\n"
        "copies: identical\n"
    )
    assert defined(tmp_path, lists_ant=text).lists == (
        MailingList(
            "ant", "蟻の会", "announce", Selector(kinds=("city", "town")), "[ant %d]", "aligned", "auto", "list",
            "一行目\n二行目", 20_480, Selector(emails=("a@example.jp",)), False, "closed", True, "nobody",
            copies="identical",
        ),
    )  # fmt: skip


def test_what_needs_an_archive_is_noted(tmp_path: Path) -> None:
    """A list that keeps no posts names no files in their place, and knows no newcomers."""
    text = LIST + "archive: no\nattachments: replace\nmoderated: new\n"
    notes = [str(note).partition(" ")[2] for note in defined(tmp_path, lists_ant=text).notes]
    assert notes == [
        "attachments: files are sent all the same: without an archive nobody could get what was left out",
        "moderated: every post waits: without an archive nobody knows who has posted before",
    ]


def test_what_needs_copies_of_ones_own_is_noted(tmp_path: Path) -> None:
    """Where the pages are public, one click is promised in personal copies only; they are the usual ones."""
    config = folder(tmp_path, lists_ant=LIST + "copies: identical\n", lists_bee=LIST.replace("ant", "bee"))
    assert load_definitions(config).notes == ()
    config.file.write_text(config.file.read_text() + "web: 127.0.0.1:8080\nweb_url: https://ml.example.jp\n")
    (note,) = load_definitions(load_config(config.file)).notes
    assert str(note) == (
        "config/lists/ant.yaml:5:9 copies: posts have no one-click List-Unsubscribe of each member's own, which web_url gives to "
        "personal copies (RFC 8058): who wants to leave writes to ant-leave@ml.example.jp, and is asked back"
    )


def test_a_list_that_selects_nobody(tmp_path: Path) -> None:
    """`members: none` is a list of those who join, are invited or are added; it is written back as it was read."""
    (ant,) = defined(tmp_path, lists_ant=LIST.replace("all", "none")).lists
    assert ant == MailingList("ant", "蟻の会", "closed", NOBODY)
    assert "members: none" in write_yaml(ant, TOKYO)


def test_preset_decides_reply_to(tmp_path: Path) -> None:
    """Answers on open lists go to the author by default, so that nobody posts by accident."""
    (ant,) = defined(tmp_path, lists_ant=LIST.replace("closed", "open")).lists
    assert ant.reply_to == "author"


@pytest.mark.parametrize(
    ("written", "selector"),
    [
        ("all", Selector(everyone=True)),
        ("{all: true}", Selector(everyone=True)),
        ("{kind: city}", Selector(kinds=("city",))),
        ("{kind: [市, 村]}", Selector(kinds=("city", "village"))),
        ("{prefecture: 長野県}", Selector(prefectures=("長野県",))),
        ("{population: {min: 50000, max: 100000}}", Selector(population_min=50_000, population_max=100_000)),
        ("{population: {max: '50,000'}}", Selector(population_max=50_000)),
        ("{population: 50000-100000}", Selector(population_min=50_000, population_max=100_000)),
        ("{population: '>=50000'}", Selector(population_min=50_000)),
        ("{population: '<=50000'}", Selector(population_max=50_000)),
        ("{tags: [officer, security]}", Selector(tags=("officer", "security"))),
        ("{codes: [131016, 01100]}", Selector(codes=("131016", "011002"))),
        ("{emails: a@city.example.jp}", Selector(emails=("a@city.example.jp",))),
        ("{kind: city, tags: officer}", Selector(kinds=("city",), tags=("officer",))),
        (
            "{all: yes, except: {kind: city, emails: a@example.jp}}",
            Selector(everyone=True, excluded=Selector(kinds=("city",), emails=("a@example.jp",))),
        ),
    ],
)
def test_selectors(tmp_path: Path, written: str, selector: Selector) -> None:
    """A selector is `all` or conditions; one word stands for a list of one."""
    text = LIST.replace("members: all", f"members: {written}")
    assert defined(tmp_path, lists_ant=text).lists[0].members == selector


def test_a_survey(tmp_path: Path) -> None:
    """A survey file has its place in the value key by key; times are local to the configured zone."""
    text = (
        "key: S26-014\ntitle: 調査\naudience: {tags: officer}\nopens: 2027-01-14 09:00:30\ncloses: '2027-01-28 17:00'\n"
        "reminders: [{business_days_before_close: 3}, {at: 2027-01-20 09:00}]\nmode: named\n"
        "publish: {at: close, to: office}\npurpose: |\n  趣旨\ncontact: 事務局\nquestions:\n"
        "  - {id: Q1, text: 一問, type: single, options: [yes, 10:00], required: yes}\n"
        "  - {id: Q2, text: 二問, type: rating, when: {Q1: 2}}\n"
    )
    assert defined(tmp_path, surveys_a=text).surveys == (
        Survey(
            key="S26-014",
            title="調査",
            audience=Selector(tags=("officer",)),
            opens=at("2027-01-14 09:00:30"),
            closes=at("2027-01-28 17:00"),
            questions=(
                Question("Q1", "一問", "single", ("yes", "10:00"), required=True),
                Question("Q2", "二問", "rating", ("1", "2", "3", "4", "5"), when=(("Q1", ("2",)),)),
            ),
            reminders=(Reminder(business_days_before_close=3), Reminder(at=at("2027-01-20 09:00"))),
            mode="named",
            publish_to="office",
            purpose="趣旨",
            contact="事務局",
        ),
    )


def test_every_further_key_of_a_survey(tmp_path: Path) -> None:
    """Whose vote is one, who approves, who hears what is missing, and what it is compared with, each has its key."""
    text = SURVEY + (
        "mode: sealed\ncount: person\npublish: {at: hand}\nprevious: S0\nform: yes\napproval: kacho@example.jp\n"
        "follow_up: {tag: kanji, at: [2027-01-25 09:00, {business_days_before_close: 1, at: '10:00'}]}\n"
    )
    (survey,) = defined(tmp_path, surveys_a=text).surveys
    assert (survey.mode, survey.unit, survey.publish_at, survey.publish_to) == (
        "sealed",
        "person",
        "hand",
        "audience",
    )
    assert (survey.previous, survey.approvers, survey.follow_up_tag) == ("S0", ("kacho@example.jp",), "kanji")
    assert survey.form
    assert "form: true" in write_yaml(survey, TOKYO)
    assert survey.follow_ups == (
        Reminder(at=at("2027-01-25 09:00")),
        Reminder(business_days_before_close=1, time="10:00"),
    )


@pytest.mark.parametrize(
    "written",
    ["2027-01-25 09:00", "[2027-01-25 09:00]", "{at: 2027-01-25 09:00}", "[{at: 2027-01-25 09:00}]"],
)
def test_one_follow_up(tmp_path: Path, written: str) -> None:
    """A time, or a list of times, goes to the representatives with the tag block."""
    (survey,) = defined(tmp_path, surveys_a=SURVEY + f"follow_up: {written}\n").surveys
    assert (survey.follow_ups, survey.follow_up_tag) == ((Reminder(at=at("2027-01-25 09:00")),), "block")


RESOLUTION = (
    "key: K1\ntype: resolution\ntitle: 規約の一部改正\naudience: all\nopens: 2027-02-15 09:00\n"
    "closes: 2027-03-01 17:00\nquorum: 過半数\nthreshold: 2/3\nby_law: 規約第18条\n"
)
OPTIONS = ("賛成", "反対", "棄権")


def test_a_plain_resolution(tmp_path: Path) -> None:
    """Without further keys the title is the motion, by name, of the members on the day of the opening."""
    (survey,) = defined(tmp_path, surveys_a=RESOLUTION).surveys
    assert survey == Survey(
        key="K1",
        title="規約の一部改正",
        audience=Selector(everyone=True),
        opens=at("2027-02-15 09:00"),
        closes=at("2027-03-01 17:00"),
        questions=(Question("Q1", "規約の一部改正", "yesno", OPTIONS, required=True),),
        mode="named",
        resolution=Resolution(
            base_date=date(2027, 2, 15),
            by_law="規約第18条",
            quorum=Share(1, 2, "electorate", more_than=True),
            thresholds=(Share(2, 3, "votes", more_than=False),),
        ),
    )


def test_every_key_of_a_resolution(tmp_path: Path) -> None:
    """Motions may bring their article along; what stands in `comparison` and `articles` comes before."""
    text = RESOLUTION.replace("threshold: 2/3", "threshold: [3分の2以上, {share: 1/2, of: electorate}]") + (
        "mode: sealed\nbase_date: 2027-02-01\nchair: 20201\ndeemed: 規約第19条\n"
        "comparison: [{article: 第5条, old: 理事 10名以内, new: 理事 15名以内}]\n"
        "articles:\n  - article: 第6条\n    old: |\n      一行目\n      二行目\n"
        "questions:\n  - {text: 規約第5条及び第6条の改正}\n"
        "  - {id: Q2, text: 規約第7条の改正, type: yesno, options: [同意, 不同意], article: 第7条, new: 顧問を置く。}\n"
    )
    (survey,) = defined(tmp_path, surveys_a=text).surveys
    assert survey.mode == "sealed"
    assert survey.questions == (
        Question("Q1", "規約第5条及び第6条の改正", "yesno", OPTIONS, required=True),
        Question("Q2", "規約第7条の改正", "yesno", ("同意", "不同意"), required=True),
    )
    assert survey.resolution == Resolution(
        base_date=date(2027, 2, 1),
        by_law="規約第18条",
        quorum=Share(1, 2, "electorate", more_than=True),
        thresholds=(Share(2, 3, "votes", more_than=False), Share(1, 2, "electorate", more_than=True)),
        comparison=(
            Article("第5条", "理事 10名以内", "理事 15名以内"),
            Article("第6条", "一行目\n二行目", ""),
            Article("第7条", "", "顧問を置く。"),
        ),
        chair="202011",
        deemed="規約第19条",
    )


@pytest.mark.parametrize(
    ("quorum", "noted"), [("1/2", True), ("50%", True), ("過半数", False), ("2/3", False)]
)
def test_a_bare_half_is_noted(tmp_path: Path, quorum: str, noted: bool) -> None:
    """One half alone is read as more than half, and `check` says so."""
    found = defined(tmp_path, surveys_a=RESOLUTION.replace("quorum: 過半数", f"quorum: {quorum}"))
    assert [note.key for note in found.notes] == (["quorum"] if noted else [])


def test_own_addresses_approve_nothing(tmp_path: Path) -> None:
    """An address of the service itself cannot approve a draft: its mail would never come to a person."""
    config = folder(tmp_path, lists_ant=LIST, surveys_a=SURVEY + "approval: [ant@ml.example.jp]\n")
    with pytest.raises(Mistakes, match=r"approval\.1: ant@ml\.example\.jp is an address of this service"):
        load_definitions(config)


def test_a_list_of_the_missing_after_the_close(tmp_path: Path) -> None:
    """Follow-ups lie between the opening and the close, as reminders do."""
    config = folder(tmp_path, surveys_a=SURVEY + "follow_up: [2027-02-25 09:00]\n")
    with pytest.raises(Mistakes, match="this list of the missing would go out at 2027-02-25 09:00, after"):
        load_definitions(config)


def test_an_event(tmp_path: Path) -> None:
    """An event file has its place in the value key by key."""
    text = EVENT + (
        "capacity: 80\nrsvp_until: 2027-01-29 17:00\nprogramme: |\n  講演\n  質疑\ncontact: 事務局\n"
        "notices: [{at: 2027-01-12 10:00}, {business_days_before: 3, at: '09:30', to: attending}]\n"
        "offer_days: 3\ncalendar: request\norganiser: センター\nco_organisers: [協議会]\n"
        "materials: [{title: 資料1, url: 'https://example.jp/1.pdf'}]\njoining: https://meet.example.jp/1\n"
    )
    assert defined(tmp_path, events_a=text).events == (
        Event(
            key="N1",
            title="研修",
            date=date(2027, 2, 10),
            starts=time(10),
            ends=time(15),
            place="有明",
            audience=Selector(everyone=True),
            notices=(
                Notice(at=at("2027-01-12 10:00")),
                Notice(business_days_before=3, time="09:30", to="attending"),
            ),
            rsvp_until=at("2027-01-29 17:00"),
            capacity=80,
            programme="講演\n質疑",
            contact="事務局",
            calendar="request",
            offer_days=3,
            organiser="センター",
            co_organisers=("協議会",),
            materials=(Material("資料1", "https://example.jp/1.pdf"),),
            joining="https://meet.example.jp/1",
        ),
    )


@pytest.mark.parametrize(("written", "meant"), [("yes", ""), ("no", None), ("台風のため", "台風のため")])
def test_a_cancelled_event(tmp_path: Path, written: str, meant: str | None) -> None:
    """`cancelled:` is yes, no, or why."""
    (event,) = defined(tmp_path, events_a=EVENT + f"cancelled: {written}\n").events
    assert event.cancelled == meant


def test_undecided_time(tmp_path: Path) -> None:
    """`time: undecided` is a time like any other until it is known."""
    (event,) = defined(tmp_path, events_a=EVENT.replace("10:00-15:00", "undecided")).events
    assert (event.starts, event.ends) == (None, None)


def test_a_survey_may_have_opened_long_ago(tmp_path: Path) -> None:
    """Files stay where they are when their survey is over."""
    assert len(defined(tmp_path, surveys_a=SURVEY.replace("2027", "2008")).surveys) == 1


def test_written_times_on_days_off_are_noted(tmp_path: Path) -> None:
    """A time that a person wrote out holds, also on a holiday or at night; `check` says so."""
    survey = SURVEY.replace("01-14 09:00", "01-11 09:00").replace("01-28 17:00", "01-28 23:59")
    config = folder(
        tmp_path,
        surveys_a=survey + "reminders: [{at: 2027-01-16 09:00}]\n",
        events_a=EVENT + "notices: [{at: 2026-12-30 10:00}]\n",
    )
    notes = [str(note).split(": ")[0] for note in load_definitions(config).notes]
    assert notes == [
        "config/events/a.yaml:7:16 notices.1.at",
        "config/surveys/a.yaml:4:8 opens",
        "config/surveys/a.yaml:5:9 closes",
        "config/surveys/a.yaml:8:18 reminders.1.at",
    ]


def test_a_reminder_at_the_turn_of_the_year_is_moved_and_noted(tmp_path: Path) -> None:
    """Nobody is reminded while the people in charge change, unless the time is written out; `check` says where it goes."""
    survey = SURVEY.replace("01-14 09:00", "03-01 09:00").replace("01-28 17:00", "04-09 17:00")
    reminders = "reminders: [{business_days_before_close: 3}, {at: 2027-04-01 09:00}]\n"
    (note,) = defined(tmp_path, surveys_a=survey + reminders).notes
    assert "2027-03-24 09:00" in str(note)
    assert "reminders.1" in str(note)


def test_a_date_beyond_the_published_holidays_is_noted(tmp_path: Path) -> None:
    """What is planned for a year whose holidays nobody knows yet is planned, and said."""
    (note,) = defined(tmp_path, surveys_a=SURVEY.replace("2027-01-28 17:00", "2028-01-28 17:00")).notes
    assert "The public holidays of 2028 are not published yet" in str(note)


def test_a_time_by_a_rule_is_resolved_and_shown(tmp_path: Path) -> None:
    """「2027年1月の第3営業日 9:00」 obeys the office's calendar, and `check` shows the date that it is."""
    survey = SURVEY.replace("2027-01-14 09:00", "2027年1月の第3営業日 9:00")
    found = defined(tmp_path, surveys_a=survey)
    assert found.surveys[0].opens == at("2027-01-06 09:00")
    assert "is 2027-01-06 09:00, a Wednesday" in str(found.notes[0])


def test_an_era_date_is_a_date(tmp_path: Path) -> None:
    """令和 and the day of the week may stand where a date is asked for."""
    survey = SURVEY.replace("2027-01-14 09:00", "令和9年1月14日（木）9時")
    assert defined(tmp_path, surveys_a=survey).surveys[0].opens == at("2027-01-14 09:00")


ISSUE = """\
---
key: M27-01
title: 1月号
list: dayori
audience: [{kind: [city]}, all]
send: 2027-01-12 10:00
number: 12
sections: [今後の予定, surveys, {posts: kaigi}]
approval: [tanaka@example.jp]
test: suzuki@example.jp
charset: iso-2022-jp
undo_minutes: 5
late: {hours: 6, then: drop}
contact: 事務局
---
## ごあいさつ

本文です。
"""
DAYORI = "name: dayori\ntitle: だより\npreset: announce\nmembers: all\n"
OPEN_ROOM = "name: kaigi\ntitle: 会議室\npreset: open\nmembers: all\n"


def test_every_key_of_a_bulletin(tmp_path: Path) -> None:
    """The head of a file of Markdown says when and to whom; the text stands below it, and an export reads back the same."""
    config = folder(tmp_path, lists_dayori=DAYORI, lists_kaigi=OPEN_ROOM)
    path = tmp_path / "config/bulletins/m27-01.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(ISSUE, encoding="utf-8")
    (issue,) = load_definitions(config).bulletins
    assert issue == Bulletin(
        key="M27-01",
        title="1月号",
        body="## ごあいさつ\n\n本文です。",
        list="dayori",
        audience=(Selector(kinds=("city",)), Selector(everyone=True)),
        sends=at("2027-01-12 10:00"),
        number=12,
        sections=("events", "surveys", "posts kaigi"),
        approvers=("tanaka@example.jp",),
        test_to=("suzuki@example.jp",),
        charset="iso-2022-jp",
        undo_minutes=5,
        late=Lateness(6, "drop"),
        contact="事務局",
    )
    path.write_text(write_markdown(issue, TOKYO), encoding="utf-8")
    assert load_definitions(config).bulletins == (issue,)
    path.unlink()
    path.with_suffix(".yaml").write_text(write_yaml(issue, TOKYO), encoding="utf-8")
    assert load_definitions(config).bulletins == (issue,)


def test_a_time_that_the_clocks_skip_is_refused(tmp_path: Path) -> None:
    """A local time that does not exist in the zone is a mistake, not another time."""
    config = folder(tmp_path, surveys_a=SURVEY.replace("2027-01-14 09:00", "2026-03-29 02:30"))
    config.file.write_text(config.file.read_text() + "timezone: Europe/Berlin\n")
    with pytest.raises(Mistakes, match="does not exist in Europe/Berlin"):
        load_definitions(load_config(config.file))


def test_definitions_are_checked_beside_a_broken_configuration() -> None:
    """A mistake in mailbot.yaml does not hide those of the other files."""
    mistakes, _ = check_folder(BAD_CONFIGS / "every_file_at_once" / "config" / "mailbot.yaml")
    assert {mistake.file for mistake in mistakes} == {
        "config/mailbot.yaml",
        "config/lists/security.yaml",
        "config/surveys/a.yaml",
        "config/events/a.yaml",
    }


# -- export --------------------------------------------------------------------------------------------------------


def read_back(tmp_path: Path, text: str, model: type[FileModel]) -> MailingList | Survey | Event:
    path = tmp_path / "exported.yaml"
    path.write_text(text, encoding="utf-8")
    found, mistakes = validate(read_yaml(path, "exported.yaml"), model, {"zone": TOKYO})
    assert mistakes == []
    match found:
        case ListFile():
            return found.value()
        case SurveyFile() | EventFile():
            return found.value(TOKYO)
    raise AssertionError(model)


def test_exported_examples_read_back_equal(tmp_path: Path) -> None:
    """What `export` writes is what `apply` read."""
    config = load_config(example_config_folder() / "mailbot.yaml")
    known = load_definitions(config)
    values: list[MailingList | Survey | Event | Meeting] = [*known.lists, *known.surveys, *known.events]
    values += known.meetings
    assert known.bulletins
    for value in values:
        target = tmp_path / "config" / file_name(value)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(write_yaml(value, TOKYO), encoding="utf-8")
    for issue in known.bulletins:
        target = tmp_path / "config" / file_name(issue)
        target.parent.mkdir(exist_ok=True)
        target.write_text(write_markdown(issue, TOKYO), encoding="utf-8")
    (tmp_path / "config" / "mailbot.yaml").write_bytes(config.file.read_bytes())
    again = load_definitions(load_config(tmp_path / "config" / "mailbot.yaml"))
    assert again == known


def test_an_export_reads_like_a_file_of_the_office(tmp_path: Path) -> None:
    """An export is written for people: Japanese as it is, local times, one order of keys, no defaults."""
    (survey,) = defined(tmp_path, surveys_a=SURVEY + "reminders: [{business_days_before_close: 3}]\n").surveys
    assert file_name(survey) == "surveys/s1.yaml"
    assert write_yaml(survey, TOKYO) == (
        "key: S1\n"
        "title: 調査\n"
        "audience: all\n"
        "opens: 2027-01-14 09:00\n"
        "closes: 2027-01-28 17:00\n"
        "reminders:\n"
        "  - business_days_before_close: 3\n"
        '    at: "09:00"\n'
        "mode: aggregate\n"
        "publish:\n"
        "  at: close\n"
        "  to: audience\n"
        "questions:\n"
        "  - id: Q1\n"
        "    text: 利用していますか\n"
        "    type: yesno\n"
    )


def test_times_are_exported_in_the_configured_zone(tmp_path: Path) -> None:
    """However the database keeps a moment, the file shows the local time."""
    (survey,) = defined(tmp_path, surveys_a=SURVEY).surveys
    assert to_document(survey, ZoneInfo("UTC"))["opens"] == "2027-01-14 00:00"


_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" \u3000"), min_size=1
).filter(lambda text: text == text.strip())
_LINES = st.lists(_WORDS | st.just(""), max_size=3).map("\n".join).map(str.rstrip)


@given(title=_WORDS, footer=_LINES, options=st.lists(_WORDS, min_size=1, max_size=4))
def test_any_words_survive_export(
    tmp_path_factory: pytest.TempPathFactory, title: str, footer: str, options: list[str]
) -> None:
    """Whatever a person may write into a definition comes back from an export unchanged."""
    tmp_path = tmp_path_factory.mktemp("export")
    members = Selector(prefectures=tuple(options), excluded=Selector(everyone=True, emails=("a@example.jp",)))
    ant = MailingList("ant", title, "closed", members, footer=footer)
    assert read_back(tmp_path, write_yaml(ant, TOKYO), ListFile) == ant
    moment = at("2027-01-14 09:00")
    questions = (Question("Q1", title, "multi", tuple(options)),)
    survey = Survey("S1", title, Selector(everyone=True), moment, moment, questions, purpose=footer)
    assert read_back(tmp_path, write_yaml(survey, TOKYO), SurveyFile) == survey
    resolution = Resolution(
        moment.date(),
        title,
        Share(1, 2, "electorate", more_than=True),
        (Share(len(options), 7, "yes_and_no", more_than=False), Share(1, 1, "present", more_than=False)),
        tuple(Article(title, option, "") for option in options),
    )
    voted = replace(
        survey,
        mode="named",
        unit="body",
        questions=(Question("Q1", title, "yesno", OPTIONS, required=True),),
        publish_at="hand",
        previous="S0",
        approvers=("a@example.jp",),
        follow_ups=(Reminder(at=moment), Reminder(business_days_before_close=2)),
        follow_up_tag="kanji",
        resolution=resolution,
    )
    assert read_back(tmp_path, write_yaml(voted, TOKYO), ResolutionFile) == voted
