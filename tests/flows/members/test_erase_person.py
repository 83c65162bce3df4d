"""A person is taken out of everything, bytes of the file included; votes of bodies, tallies and proofs stay."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.flows.members.erase_person import Erased, erase_person
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.store.database import Database
from mailbot.store.lists import archive
from mailbot.store.members import members, persons
from mailbot.store.sending import allowances
from mailbot.store.snapshots import broken_ledgers
from mailbot.store.tables import delivery, ledger_head, mail, vote
from tests.flows.post_office import NAGANO, NEWS, SATO, SECURITY, SURVEY, YAMADA, PostOffice, open_post_office
from tests.flows.surveys.test_recount import again, vote_and_close


@pytest.fixture
def office(database: Database) -> PostOffice:
    """An installation whose definitions name no person."""
    office = open_post_office(database)
    office.apply(replace(NEWS, posters=Selector()), SECURITY)
    return office


def erase(office: PostOffice, address: str = YAMADA) -> Erased:
    """Erase a person."""
    with office.database.write() as connection:
        return erase_person(connection, office.site, address, office.now)


def traces(office: PostOffice, address: str) -> dict[str, int]:
    """Return where an address still stands."""
    with office.database.read() as connection:
        found = {table: len(rows) for table, rows in persons.rows_about(connection, address).items()}
        raw = connection.execute(select(mail.c.content)).scalars()
        found |= {"raw": sum(address.encode() in content.lower() for content in raw)}
    return {table: number for table, number in found.items() if number}


def live(office: PostOffice) -> None:
    """Let Yamada do what a member does: post, be quoted, vote, command, be written to."""
    office.post(YAMADA, text=f"山田です。\n返信は {YAMADA} へ。")
    office.post(SATO, text=f"> {YAMADA.upper()} wrote\n了解です。")
    office.hand_in(
        office.mail(YAMADA, "security-request@ml.example.jp", "status"), "security-request@ml.example.jp"
    )
    vote_and_close(office)
    with office.database.write() as connection:  # he has decided about posts, and was of the desk
        assert allowances.spend_duty_mail(connection, YAMADA, office.now)
        assert allowances.spend_asked_mail(connection, YAMADA, office.now)


def test_nothing_of_the_address_is_left(office: PostOffice) -> None:
    """In no column of any table, in no raw or sent mail."""
    live(office)
    assert len(traces(office, YAMADA)) > 8
    erased = erase(office)
    assert traces(office, YAMADA) == {}
    assert erased.removed["contact"] == 1
    assert erased.ledgers.keys() == {SURVEY.key}
    with office.database.read() as connection:
        assert NAGANO in members.bodies(connection)  # the body stays


def test_the_bytes_of_the_files_hold_nothing(sqlite: Database, tmp_path: Path) -> None:
    """Deleted rows, free pages and the write-ahead log are overwritten: neither address nor name is found in the files."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()), SECURITY)
    live(office)
    (file,) = tmp_path.glob("*.db")
    before = file.read_bytes() + Path(f"{file}-wal").read_bytes()
    assert YAMADA.encode() in before
    erase(office)
    after = b"".join(path.read_bytes() for path in tmp_path.glob("mailbot.db*"))
    for trace in (YAMADA, YAMADA.upper(), "山田太郎", "yamada"):
        assert trace.encode() not in after, trace


def test_tallies_and_proofs_hold(office: PostOffice) -> None:
    """The count is the same, the chains hold, a recount finds no difference and says which rows it could not read anew."""
    live(office)
    before = again(office)
    assert before.differences == ()
    erase(office)
    after = again(office)
    assert after.differences == ()
    assert after.tally == before.tally
    assert any("a person was taken out" in note for note in after.notes)
    with office.database.read() as connection:
        assert broken_ledgers(connection) == []


def test_the_ledger_goes_on(office: PostOffice) -> None:
    """After an erasure in an open survey the others vote on, and the chain holds."""
    invited = office.open_survey()
    office.reply(invited[YAMADA], "Q1 2")
    erase(office)
    office.reply(invited[SATO], "Q1 1")
    office.pass_time(timedelta(days=20))
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, SURVEY.closes, office.now)
    found = again(office)
    assert found.differences == ()
    assert found.tally["Q1"] == {"1": 1, "2": 1, "3": 0, "none": 0}


def _change_erased(connection: Connection) -> None:
    connection.execute(
        update(vote)
        .where(vote.c.digest.startswith("erased:"), vote.c.answers != "{}")
        .values(answers='{"Q1": ["3"]}')
    )


def _forge_mark(connection: Connection) -> None:
    row = connection.execute(select(vote.c.id).where(vote.c.digest.startswith("erased:"))).scalars().first()
    connection.execute(update(vote).where(vote.c.id == row).values(digest="erased:" + "0" * 64))


def _drop_naming_row(connection: Connection) -> None:
    last = connection.execute(select(vote).order_by(vote.c.id.desc())).first()
    assert last is not None
    before = connection.execute(
        select(vote.c.chain).where(vote.c.id < last.id).order_by(vote.c.id.desc())
    ).scalar()
    connection.execute(vote.delete().where(vote.c.id == last.id))
    head = select(ledger_head.c.rows).scalar_subquery()
    connection.execute(update(ledger_head).values(rows=head - 1, chain=before))


@pytest.mark.parametrize("change", [_change_erased, _forge_mark, _drop_naming_row])
def test_what_was_left_of_a_row_cannot_be_changed_unseen(
    office: PostOffice, change: Callable[[Connection], None]
) -> None:
    """From the erasure on, a row without its person is proved by the row that names its mark."""
    live(office)
    erase(office)
    with office.database.write() as connection:
        change(connection)
    with office.database.read() as connection:
        assert broken_ledgers(connection) == [SURVEY.key]


def test_posts_keep_their_text_and_are_found_by_it(office: PostOffice) -> None:
    """The archive has the post under a stand-in, and finds it by its words, not by the address."""
    live(office)
    stand_in = erase(office).stand_in
    with office.database.read() as connection:
        post = archive.by_number(connection, "security", 1)
        raw = archive.raw(connection, "security", 1)
    assert post is not None
    assert raw is not None
    assert post.author == stand_in
    assert f"返信は {stand_in} へ" in raw.decode()
    assert b"From: <" + stand_in.encode() + b">" in raw


def test_what_waits_is_withdrawn_and_a_second_erasure_finds_nothing(office: PostOffice) -> None:
    """No copy leaves to an erased address; a second command says that nothing is kept."""
    office.post(SATO)
    erase(office)
    with office.database.read() as connection:
        rows = (
            connection.execute(select(delivery.c.state).where(delivery.c.address.like("erased-%")))
            .scalars()
            .all()
        )
    assert set(rows) == {"withdrawn"}
    with pytest.raises(Refusal, match="nothing is kept about this address"):
        erase(office)


@pytest.mark.parametrize("coding", ["base64", "quoted-printable", "upper"])
def test_an_address_in_any_coding_of_a_mail(office: PostOffice, coding: str) -> None:
    """An encoded body is decoded, cleared and encoded again; what is around it stays."""
    text = f"一行目\r\n連絡先: {YAMADA} です\r\n".encode()
    body = {
        "base64": base64.encodebytes(text).replace(b"\n", b"\r\n"),
        "quoted-printable": quopri.encodestring(text * 3).replace(b"\n", b"\r\n"),
        "upper": text.upper(),
    }[coding]
    raw = office.mail(
        SATO, "security@ml.example.jp", "X", Content_Transfer_Encoding={"upper": "8bit"}.get(coding, coding)
    )
    office.hand_in(raw.replace(b"\r\n\r\nX\r\n", b"\r\n\r\n" + body), "security@ml.example.jp")
    stand_in = erase(office).stand_in
    with office.database.read() as connection:
        kept = archive.raw(connection, "security", 1)
    assert kept is not None
    content = kept.partition(b"\r\n\r\n")[2]
    decoded = content
    if coding == "base64":
        decoded = base64.b64decode(content)
    elif coding == "quoted-printable":
        decoded = quopri.decodestring(content)
    assert YAMADA.encode() not in decoded.lower()
    assert stand_in.encode() in decoded
    assert "一行目".encode() in decoded


def test_what_would_bring_the_address_back_is_refused(office: PostOffice) -> None:
    """A list's definition that names it, the configuration, an open secret survey it is asked by."""
    office.apply(replace(SECURITY, members=Selector(emails=(YAMADA,))))
    with pytest.raises(Refusal, match="the definition of the list security names it"):
        erase(office)
    office.apply(SECURITY)
    with pytest.raises(Refusal, match="stands in the configuration"):
        erase(office, office.site.office)
    office.open_survey(replace(SURVEY, mode="sealed"))
    with pytest.raises(Refusal, match=r"the secret survey S26-014, which is open"):
        erase(office)
    with pytest.raises(Refusal, match="nothing is kept"):
        erase(office, "nobody@nowhere.example")


def test_a_closed_secret_survey_still_holds(office: PostOffice) -> None:
    """Rows of a sealed ledger lose their person; list and chain still hold."""
    sealed = replace(SURVEY, mode="sealed")
    invited = office.open_survey(sealed)
    for address in (SATO, YAMADA):
        office.reply(invited[address], "Q1 1")
    office.pass_time(timedelta(days=20))
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, SURVEY.closes, office.now)
    with office.database.read() as connection:
        assert broken_ledgers(connection) == []
    erase(office)
    assert traces(office, YAMADA) == {}
    with office.database.read() as connection:
        assert broken_ledgers(connection) == []
