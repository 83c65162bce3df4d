"""After the close of a sealed survey nobody joins voters to choices, whatever he has of ours (promises.md I21)."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, event, select, update

from mailbot import log
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.surveys.ledger import counted_rows
from mailbot.core.surveys.survey import Question, Survey
from mailbot.core.transfer.relay import parse_relay
from mailbot.flows.sending.deliver_outbox import Delivery
from mailbot.flows.surveys import destroy_sealed as destroying
from mailbot.flows.surveys import open_survey as opening
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.destroy_sealed import destroy_due
from mailbot.flows.surveys.recount import recount
from mailbot.store.database import Database
from mailbot.store.documents import answers_text
from mailbot.store.surveys import ballots, ledgers, sealed
from mailbot.store.tables import vote
from tests.databases import sqlite_template
from tests.faults.joins import Attack, Voter, chance, chance_of_group, hits
from tests.flows.post_office import SURVEY, PostOffice, open_post_office

VOTERS, INCOMPLETE, AGAIN = 200, 20, 60
SURVEYED = Survey(
    key="S26-099",
    title="無記名の調査",
    audience=Selector(tags=("sealed",)),
    opens=SURVEY.opens,
    closes=SURVEY.closes,
    mode="sealed",
    questions=(
        Question("Q1", "方針", "single", ("甲", "乙", "丙", "丁"), required=True),
        Question("Q2", "理由", "multi", ("費用", "手続き", "人手", "時間", "その他")),
        Question("Q3", "賛否", "yesno"),
        Question("Q4", "件数", "number"),
        Question("Q5", "評価", "rating", ("1", "2", "3", "4", "5")),
    ),
)
KEY = SURVEYED.key


@dataclass(frozen=True)
class Voted:
    """A data folder at the moment of the close, and what only the test knows."""

    folder: Path
    voters: tuple[Voter, ...]
    truth: dict[str, str]  # code -> answers, as they count
    incomplete: frozenset[str]
    secret: bytes


@contextmanager
def running(folder: Path) -> Iterator[PostOffice]:
    """Open the installation of a folder, its log in a file, its mail in a Maildir."""
    database = Database(f"sqlite:///{folder / 'mailbot.db'}")
    office = open_post_office(database)
    office.site = replace(office.site, outgoing=(folder / "outgoing",))
    logger = logging.getLogger("mailbot")
    handler = logging.FileHandler(folder / "mailbot.log")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield office
    finally:
        logger.removeHandler(handler)
        handler.close()
        database.close()


def deliver(office: PostOffice) -> None:
    """Let everything leave into the Maildir."""
    relay = parse_relay(f"maildir:{office.site.outgoing[0]}")
    sender = Delivery(
        office.database, office.site.key, office.site.domain, [relay], 1, "me", lambda: office.now
    )
    while asyncio.run(sender.deliver()):
        pass


def choices(random: Random) -> str:
    """Return one body's answers, typed one to a line."""
    several = ",".join(str(number) for number in sorted(random.sample(range(1, 6), random.randint(1, 3))))
    yes = random.choice(["yes", "no"])
    return f"Q1 {random.randint(1, 4)}\nQ2 {several}\nQ3 {yes}\nQ4 {random.randint(1, 60)}\nQ5 {random.randint(1, 5)}"


@pytest.fixture(scope="module")
def voted(tmp_path_factory: pytest.TempPathFactory) -> Voted:
    """Two hundred bodies vote at random, in a random order; some again, some without the required answer."""
    folder = tmp_path_factory.mktemp("voted")
    secret = Random(26).randbytes(32)  # so that the order of the lines is the same in each run
    shutil.copy(sqlite_template(), folder / "mailbot.db")
    random = Random(1400)
    codes = [f"{number:06d}" for number in random.sample(range(100_000, 999_999), VOTERS)]
    with running(folder) as office:
        office.register(
            [Body(code, f"第{code}町", "town", "長野県", 9000) for code in codes],
            [Contact(code, f"a{code}@town.example", "", "", 1, frozenset({"sealed"})) for code in codes],
        )
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(opening, "make_seal_key", lambda: secret)
            invited = office.open_survey(SURVEYED)
        incomplete = set(random.sample(codes, INCOMPLETE))
        order = random.sample(codes, VOTERS)
        for code in [*order, *random.sample(order, AGAIN)]:
            office.pass_time(timedelta(seconds=random.randint(60, 1800)))
            text = choices(random)
            whole = text if code not in incomplete else text.partition("\n")[2]
            office.reply(invited[f"a{code}@town.example"], whole)
        deliver(office)
        with office.database.read() as connection:
            rows = counted_rows(ledgers.rows(connection, KEY), SURVEYED.unit)
            asked = ballots.of_subject(connection, KEY)
        assert {row.status for row in rows} == {"counted", "partial"}
    return Voted(
        folder,
        tuple(Voter(one.code, one.address, one.reference, one.id) for one in asked),
        {row.code: answers_text(row.answers) for row in rows},
        frozenset(row.code for row in rows if row.status == "partial"),
        secret,
    )


def close_and_destroy(
    voted: Voted, folder: Path, spoil: Callable[[PostOffice], None] = lambda office: None
) -> Attack:
    """Close the survey on a copy of the folder, destroy, and hand what is left to the attacker; `spoil` first."""
    here = folder / "here"
    shutil.copytree(voted.folder, here)
    with running(here) as office:
        spoil(office)
        office.now = SURVEYED.closes
        with office.database.write() as connection:
            close_survey(connection, office.site, KEY, office.now, office.now)
        deliver(office)
        office.pass_time(timedelta(minutes=5))
        destroy_due(office.database, office.site, office.now)
        with office.database.read() as connection:
            proved = recount(connection, office.site, KEY)
        shutil.copytree(
            here, folder / "stolen"
        )  # while the service runs: the log of the database is there too
    if not spoil.__closure__ and spoil.__name__ == "<lambda>":
        assert proved.differences == ()
    attack = Attack(folder / "stolen", office.site.key, voted.voters)
    attack.run()
    attack.groups |= attack.words_about_voters()
    return attack


def found_out(voted: Voted, attack: Attack) -> dict[str, tuple[int, int]]:
    """Return the ways that hit more often than chance, each with its hits and the most that chance explains."""
    limit = chance(voted.truth, len(attack.guesses))
    found = {name: (hits(guess, voted.truth), limit) for name, guess in attack.guesses.items()}
    sized = {name: codes for name, codes in attack.groups.items() if len(codes) == len(voted.incomplete)}
    most = chance_of_group(len(voted.incomplete), len(voted.truth), len(sized))
    found |= {name: (len(codes & voted.incomplete), most) for name, codes in sized.items()}
    return {name: (number, most) for name, (number, most) in found.items() if number > most}


def test_who_has_everything_of_ours_joins_nobody(voted: Voted, tmp_path: Path) -> None:
    """Orders, numbers, times, sizes, keys, logs, kept mail and raw bytes: none hits more often than chance."""
    attack = close_and_destroy(voted, tmp_path)
    assert len(attack.lines) == VOTERS
    assert len(attack.guesses) > 300
    assert len(attack.groups) > 50
    assert found_out(voted, attack) == {}
    for name, content in attack.files.items():
        assert voted.secret not in content, name


def _in_order_of_votes(office: PostOffice) -> None:
    sealed.sorted = list  # type: ignore[attr-defined]


def _without_overwriting(office: PostOffice) -> None:
    office.database._scrub = lambda connection, tables: None  # type: ignore[method-assign]


def _with_free_pages(office: PostOffice) -> None:
    """Neither overwrite what is deleted nor rewrite the file; only empty the log."""
    engine = office.database._engine
    engine.dispose()
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA secure_delete = OFF"))

    def only_the_log(connection: Connection, tables: object) -> None:
        own = connection.connection.driver_connection
        assert own is not None
        own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    office.database._scrub = only_the_log  # type: ignore[method-assign]


def _with_receipts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "destroy_copies", lambda *_: 0)


def _with_raw_mails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "empty_mails", lambda *_: 0)


def _with_kept_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destroying, "forget", lambda *_: 0)


def _with_answers_in_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "empty_rows", lambda *_: None)


def _with_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "forget", lambda *_: None)


def _with_partial_votes(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied = sealed.empty_rows

    def all_but_the_status(connection: Connection, key: str) -> None:
        partial = list(connection.execute(select(vote.c.id).where(vote.c.status == "partial")).scalars())
        emptied(connection, key)
        connection.execute(update(vote).where(vote.c.id.in_(partial)).values(status="partial"))

    monkeypatch.setattr(sealed, "empty_rows", all_but_the_status)


def _with_words_in_the_log(office: PostOffice) -> None:
    for row in office.ledger(KEY):
        log.event("inbox.voted", inbox=row.inbox_id, reason=f"{KEY} {row.code}: {row.status} {row.reason}")


@pytest.mark.fault
@pytest.mark.parametrize(
    "spoil", [_in_order_of_votes, _without_overwriting, _with_free_pages, _with_words_in_the_log]
)
def test_the_attack_finds_a_safeguard_that_is_off(
    voted: Voted, tmp_path: Path, spoil: Callable[[PostOffice], None]
) -> None:
    """Lines in the order of the votes, deleted bytes on the disk, words in the log: each is found."""
    try:
        assert found_out(voted, close_and_destroy(voted, tmp_path, spoil)) != {}
    finally:
        if hasattr(sealed, "sorted"):
            del sealed.sorted


@pytest.mark.fault
@pytest.mark.parametrize(
    "leave",
    [
        _with_receipts,
        _with_raw_mails,
        _with_kept_files,
        _with_answers_in_rows,
        _with_the_secret,
        _with_partial_votes,
    ],
)
def test_the_attack_finds_what_is_left_behind(
    voted: Voted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leave: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Receipts, raw mails, kept files, answers in rows, the secret, the status of a partial vote: each is found."""
    leave(monkeypatch)

    def nothing(office: PostOffice) -> None:
        """The safeguard is off already."""

    assert found_out(voted, close_and_destroy(voted, tmp_path, nothing)) != {}
