"""Lists, surveys and events as files: what they mean, what is refused, and that an export reads back the same."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.config import Config, load_config
from mailbot.core.audience import Selector
from mailbot.core.event import Event, Notice
from mailbot.core.mailing_list import MailingList
from mailbot.core.survey import Question, Reminder, Survey
from mailbot.definition_files import EventFile, ListFile, SurveyFile
from mailbot.definition_yaml import file_name, to_document, write_yaml
from mailbot.definitions import Definitions, check_folder, load_definitions
from mailbot.resources import example_config_folder
from mailbot.yaml_source import FileModel, Mistakes, read_yaml, validate

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


def test_a_list(tmp_path: Path) -> None:
    """A closed list answers to the list, others to the author, unless the file says otherwise."""
    (ant,) = defined(tmp_path, lists_ant=LIST).lists
    assert ant == MailingList("ant", "蟻の会", "closed", Selector(everyone=True))


def test_every_key_of_a_list(tmp_path: Path) -> None:
    """Every key of a list file has its place in the value."""
    text = (
        "name: ant\ntitle: 蟻の会\npreset: announce\nmembers: {kind: [市, town]}\nsubject_prefix: '[ant %d]'\n"
        "author: aligned\nfrom: auto\nreply_to: list\nfooter: |\n  一行目\n  二行目\nmax_size: 20480\n"
        "posters: {emails: [a@example.jp]}\n"
    )
    assert defined(tmp_path, lists_ant=text).lists == (
        MailingList(
            "ant", "蟻の会", "announce", Selector(kinds=("city", "town")), "[ant %d]", "aligned", "auto", "list",
            "一行目\n二行目", 20_480, Selector(emails=("a@example.jp",)),
        ),
    )  # fmt: skip


def test_preset_decides_reply_to(tmp_path: Path) -> None:
    """Answers on open lists go to the author by default, so that nobody posts by accident (posts.md)."""
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


def test_an_event(tmp_path: Path) -> None:
    """An event file has its place in the value key by key."""
    text = EVENT + (
        "capacity: 80\nrsvp_until: 2027-01-29 17:00\nprogramme: |\n  講演\n  質疑\ncontact: 事務局\n"
        "notices: [{at: 2027-01-12 10:00}, {business_days_before: 3, at: '09:30', to: attending}]\n"
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
        ),
    )


def test_undecided_time(tmp_path: Path) -> None:
    """`time: undecided` is a time like any other until it is known."""
    (event,) = defined(tmp_path, events_a=EVENT.replace("10:00-15:00", "undecided")).events
    assert (event.starts, event.ends) == (None, None)


def test_a_survey_may_have_opened_long_ago(tmp_path: Path) -> None:
    """Files stay where they are when their survey is over."""
    assert len(defined(tmp_path, surveys_a=SURVEY.replace("2027", "2008")).surveys) == 1


def test_written_times_on_days_off_are_noted(tmp_path: Path) -> None:
    """A time that a person wrote out holds, also on a holiday or at night; `check` says so (interface.md)."""
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


def test_bulletins_are_noted(tmp_path: Path) -> None:
    """A bulletin's file is not passed over in silence."""
    (note,) = defined(tmp_path, bulletins_a="key: B1\n").notes
    assert str(note).startswith("config/bulletins/a.yaml:1:1 file: ")


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
    values: list[MailingList | Survey | Event] = [*known.lists, *known.surveys, *known.events]
    for value in values:
        target = tmp_path / "config" / file_name(value)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(write_yaml(value, TOKYO), encoding="utf-8")
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


@settings(deadline=None)  # a loaded machine is no fault
@given(title=_WORDS, footer=_LINES, options=st.lists(_WORDS, min_size=1, max_size=4))
def test_any_words_survive_export(
    tmp_path_factory: pytest.TempPathFactory, title: str, footer: str, options: list[str]
) -> None:
    """Whatever a person may write into a definition comes back from an export unchanged."""
    tmp_path = tmp_path_factory.mktemp("export")
    ant = MailingList("ant", title, "closed", Selector(prefectures=tuple(options)), footer=footer)
    assert read_back(tmp_path, write_yaml(ant, TOKYO), ListFile) == ant
    moment = at("2027-01-14 09:00")
    questions = (Question("Q1", title, "multi", tuple(options)),)
    survey = Survey("S1", title, Selector(everyone=True), moment, moment, questions, purpose=footer)
    assert read_back(tmp_path, write_yaml(survey, TOKYO), SurveyFile) == survey
