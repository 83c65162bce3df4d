"""Commands that act: what --json says was done, and that --dry-run says the same and does nothing."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import click
import pytest

from mailbot.cli import root
from mailbot.core.refusal import Refusal
from mailbot.folder.new_folder import make_folder
from tests.cli.test_folder_commands import refused, run
from tests.cli.test_root import every_command
from tests.dialogs.conversation import SETTING

_NO_JSON = {("serve",)}  # it never ends
_INVITED = 3
_RUN = "event:N26-07:notice:1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a working folder with three bodies and all examples applied."""
    made = tmp_path / "site"
    make_folder(made, bytes(32))
    shutil.copy(SETTING / "members.csv", made / "members.csv")
    run(made, "members", "import", str(made / "members.csv"))
    run(made, "apply")
    return made


def said(folder: Path, *words: str) -> dict[str, Any]:
    """Run a command with --json; returns the one object that it prints."""
    found = json.loads(run(folder, *words, "--json"))
    assert isinstance(found, dict)
    return found


def test_every_command_takes_json() -> None:
    """Whatever a program asks for, it hears what came of it."""
    silent = [
        names
        for names, command in every_command()
        if not isinstance(command, click.Group)
        and not any("--json" in option.opts for option in command.params)
        and names not in _NO_JSON
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("words", "facts", "mails"),
    [
        (
            ("surveys", "open", "S26-014"),
            {"key": "S26-014", "state": "open", "invited": _INVITED, "closes": "2027-01-28 17:00:00"},
            {"invitation": _INVITED},
        ),
        (
            ("events", "announce", "N26-07"),
            {"key": "N26-07", "noticed": _INVITED},
            {"event_notice": _INVITED},
        ),
        (("schedule", "skip", _RUN), {"job": _RUN, "state": "skipped"}, {}),
        (("lists", "add", "security", "a@example.com"), {"list": "security", "member": True}, {}),
        (("lists", "stop", "security"), {"list": "security", "stopped": True}, {}),
        (("surveys", "draft", "S26-014"), {"key": "S26-014"}, {"office_act": 1}),
        (("bulletins", "cancel", "M27-01"), {"key": "M27-01", "state": "cancelled", "out": 0}, {}),
    ],
    ids=["open", "announce", "skip", "add", "stop", "draft", "cancel"],
)
def test_a_deed_is_one_object_and_tried_changes_nothing(
    folder: Path, words: tuple[str, ...], facts: dict[str, object], mails: dict[str, int]
) -> None:
    """The trial says what the deed says after it, and leaves the outbox, the journal and the schedule as they were."""
    looks = (
        ("queue",),
        ("journal",),
        ("schedule", "--days", "9999"),
        ("surveys", "list"),
        ("events", "list"),
    )
    before = [run(folder, *look, "--json") for look in looks]
    runs = {row["job"]: row["id"] for row in json.loads(before[2])}
    words = tuple(runs.get(word, word) for word in words)
    tried = said(folder, *words, "--dry-run")
    assert [run(folder, *look, "--json") for look in looks] == before
    assert (tried["dry_run"], tried["done"]) == (True, False)
    done = said(folder, *words)
    assert (done["dry_run"], done["done"]) == (False, True)
    for told in (tried, done):
        assert {name: told[name] for name in facts} == facts
        assert {mail["kind"]: mail["copies"] for mail in told["outbox"]} == mails
    assert json.loads(run(folder, *looks[0], "--json"))["outbox"].get("pending", 0) == sum(mails.values())
    assert json.loads(run(folder, "journal", "--json")) != json.loads(before[1])


def test_a_close_that_is_put_off_says_when_its_runs_come(folder: Path) -> None:
    """`extend --dry-run` shows how many are told and where the reminders move."""
    run(folder, "surveys", "open", "S26-014")
    tried = said(folder, "surveys", "extend", "S26-014", "2027-02-04 17:00", "--dry-run")
    assert (tried["told"], tried["closes"]) == (_INVITED, "2027-02-04 17:00:00")
    assert {"at": "2027-02-01 09:00:00", "job": "survey:S26-014:reminder:1"} in tried["runs"]
    assert said(folder, "surveys", "show", "S26-014")["state"] == "open"
    text = run(folder, "surveys", "extend", "S26-014", "2027-02-04 17:00", "--dry-run")
    assert text.splitlines()[0] == "survey S26-014 would close 2027-02-04 17:00; 3 would be told"
    assert text.splitlines()[-3:] == [
        "would be planned: 2027-02-01 09:00:00 survey:S26-014:reminder:1",
        "would be planned: 2027-02-04 17:00:00 survey:S26-014:close",
        "nothing was changed (--dry-run)",
    ]
    closed = said(folder, "surveys", "close", "S26-014", "--dry-run")
    assert (closed["state"], closed["counted"], closed["withdrawn"]) == ("closed", 0, _INVITED)
    assert [(mail["kind"], mail["copies"]) for mail in closed["outbox"]] == [("result", _INVITED)]
    assert said(folder, "surveys", "show", "S26-014")["state"] == "open"


def test_a_second_reminder_is_refused_and_tried_says_so(folder: Path) -> None:
    """`surveys remind` twice in a row: the trial hears what the command would, and --again does it all the same."""
    run(folder, "surveys", "open", "S26-014")
    assert said(folder, "surveys", "remind", "S26-014")["reminded"] == _INVITED
    for trial in (("--dry-run",), ()):
        told = refused(folder, "surveys", "remind", "S26-014", *trial)
        assert re.fullmatch(r"survey S26-014: 3 were reminded [-0-9: ]+ by command line; --again .*", told)
    assert said(folder, "surveys", "remind", "S26-014", "--again", "--dry-run")["reminded"] == _INVITED
    assert said(folder, "surveys", "remind", "S26-014", "--again")["reminded"] == _INVITED


def test_a_refusal_keeps_its_sentence_beside_json(folder: Path) -> None:
    """What cannot be done is said as without --json."""
    for words in (("surveys", "close", "S26-014"), ("held", "accept", "7"), ("schedule", "undo", "P-0001")):
        assert refused(folder, *words, "--json") == refused(folder, *words)


def test_mail_that_cannot_be_decided_is_named_in_the_object(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where several are decided at once, what was refused is no deed that is done."""
    with pytest.raises(Refusal):
        root(
            ["held", "accept", "7", "--json", "--config", str(folder / "config" / "mailbot.yaml")],
            standalone_mode=False,
        )
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["mails"]) == (False, [])
    assert len(told["refused"]) == 1


def test_what_waits_for_a_second_person_names_him(folder: Path) -> None:
    """Of an act that two decide, `done` is false, and `waits_for` says who has the word; a trial asks nobody."""
    config = folder / "config" / "mailbot.yaml"
    desk = "\ndesk: [a@example.jp, b@example.jp]\n"
    config.write_text(config.read_text(encoding="utf-8") + desk, encoding="utf-8")
    for trial in (["--dry-run"], []):
        told = said(folder, "surveys", "open", "K27-01", *trial)
        assert (told["done"], told["waits_for"]) == (False, ["a@example.jp", "b@example.jp"])
    waiting = json.loads(run(folder, "surveys", "acts", "K27-01", "--json"))
    assert [(one["act"], one["state"]) for one in waiting] == [("open", "waiting")]


def test_a_preview_follows_a_file_that_is_not_applied_yet(folder: Path) -> None:
    """Who mends a file and looks again sees what he has written, and is told that it holds only once it is applied."""
    before = said(folder, "surveys", "preview", "S26-014")
    file = folder / "config" / "surveys" / "s26-014.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("検討中]", "検討している]"), encoding="utf-8")
    text = run(folder, "surveys", "preview", "S26-014")
    assert "3. 検討している" in text
    assert text.startswith("survey S26-014 is shown as its file has it now; `mailbot apply` takes it over\n")
    after = said(folder, "surveys", "preview", "S26-014")
    assert (before["applied"], after["applied"]) == (True, False)
    run(folder, "apply")
    run(folder, "surveys", "open", "S26-014")
    file.unlink()
    assert "3. 検討している" in said(folder, "surveys", "preview", "S26-014")["text"]
    assert said(folder, "surveys", "preview", "B27-01-P")["applied"]


def test_what_is_no_whole_hash_accuses_nobody(folder: Path) -> None:
    """A hash that was copied in part does not mean that the ledger was rewritten."""
    run(folder, "surveys", "open", "S26-014")
    told = refused(folder, "surveys", "recount", "S26-014", "--head", "caed9f8a9178")
    assert told.startswith("--head: 'caed9f8a9178' is not a whole hash: 64 digits and letters")


def test_an_address_that_is_dropped_must_be_a_further_one(folder: Path) -> None:
    """Who is not registered, and where mail goes, are told apart, in words of the terminal."""
    drop = ("members", "address", "drop")
    assert refused(folder, *drop, "a@example.com").startswith("a@example.com is not registered; ")
    yamada = "yamada@city.nagano.lg.jp"
    assert refused(folder, *drop, yamada).startswith(f"{yamada} is where that person's mail goes; another")
