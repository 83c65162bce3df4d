"""All that is kept about a person is handed out: rows, mails; of others and of secret surveys nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.surveys.survey import Mode
from mailbot.flows.members.export_person import PersonFile, export_person
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.store.tables import ballot, seat_offer
from tests.flows.post_office import SATO, SURVEY, YAMADA, PostOffice


def exported(office: PostOffice, address: str = YAMADA) -> dict[str, PersonFile]:
    """Export a person; returns the files by name."""
    with office.database.read() as connection:
        return {one.name: one for one in export_person(connection, address, office.now)}


def rows(files: dict[str, PersonFile], name: str, table: str) -> list[dict[str, Any]]:
    """Return the rows of one table in one file."""
    found: list[dict[str, Any]] = json.loads(files[name].content)[table]
    return found


def test_register_lists_posts_and_mails(office: PostOffice) -> None:
    """The files name what they hold; mails are there as they came and as they left, without the secrets in them."""
    office.post(YAMADA, text="私の投稿です。")
    office.post(SATO, text="別の人の投稿です。")
    files = exported(office)
    assert rows(files, "register.json", "contact")[0]["name"] == "山田太郎"
    assert {row["list_name"] for row in rows(files, "lists.json", "list_member")} >= {"security"}
    assert len(rows(files, "posts.json", "post")) == 1
    sent = [one for name, one in files.items() if name.startswith("sent/")]
    received = [one for name, one in files.items() if name.startswith("received/")]
    assert ["私の投稿です。" in one.content.decode() for one in sent] == [True]
    assert len(received) == 2
    assert all(b"\0" not in one.content for one in received)
    listed = [one["name"] for one in json.loads(files["index.json"].content)["files"]]
    assert listed == [name for name in files if name != "index.json"]


@pytest.mark.parametrize(("mode", "says"), [("named", True), ("aggregate", False)])
def test_answers_only_where_they_are_held_by_name(office: PostOffice, mode: Mode, says: bool) -> None:
    """Of an aggregate survey it says that and when the person answered; the person's own reply is the person's in both."""
    invited = office.open_survey(replace(SURVEY, mode=mode))
    office.reply(invited[YAMADA], "Q1 2\nQ3 検討します")
    files = exported(office)
    (vote,) = rows(files, "surveys.json", "vote")
    assert (vote["answers"] == {"Q1": ["2"], "Q3": "検討します"}) is says
    assert vote["received_at"]
    assert "token_hash" not in rows(files, "surveys.json", "ballot")[0]
    assert any(
        "検討します" in one.content.decode() for name, one in files.items() if name.startswith("sent/")
    )


def test_nothing_of_a_secret_survey(office: PostOffice) -> None:
    """Neither row, reply nor receipt of it is handed out, open or closed; the index says that it is left out."""
    invited = office.open_survey(replace(SURVEY, mode="sealed"))
    office.reply(invited[YAMADA], "Q1 2\nQ3 秘密の意見")
    for closed in (False, True):
        if closed:
            office.pass_time(timedelta(days=20))
            with office.database.write() as connection:
                close_survey(connection, office.site, SURVEY.key, SURVEY.closes, office.now)
        files = exported(office)
        everything = "".join(one.content.decode() for one in files.values())
        assert "秘密の意見" not in everything
        assert "vote" not in json.loads(files["surveys.json"].content) if "surveys.json" in files else True
        assert "S26-014" in json.loads(files["index.json"].content)["left_out"]


def test_of_a_definition_what_names_the_person(office: PostOffice) -> None:
    """Of the test panel of a bulletin the person's own place, of no one else the address."""
    office.apply(Bulletin("M26-12", "12月号", "ご案内です。", test_to=(SATO, YAMADA)))
    files = exported(office)
    assert rows(files, "other.json", "bulletin")[0]["definition"] == {"test_to": [YAMADA]}
    assert SATO.encode() not in files["other.json"].content


def test_a_seat_that_was_offered(office: PostOffice) -> None:
    """The offer names a ballot alone; it is handed out with the ballot of the person."""
    office.open_survey()
    with office.database.write() as connection:
        number = connection.execute(select(ballot.c.id).where(ballot.c.address == YAMADA)).scalar_one()
        row = {"ballot_id": number, "event_key": "N26-07", "people": 2, "expires_at": office.now}
        connection.execute(insert(seat_offer).values(row))
    assert rows(exported(office), "surveys.json", "seat_offer")[0]["people"] == 2


def test_nobody(office: PostOffice) -> None:
    """About an address that stands nowhere there is no file."""
    assert exported(office, "nobody@nowhere.example") == {}
