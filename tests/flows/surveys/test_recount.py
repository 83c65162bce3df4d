"""A recount proves the count from the raw mails, and finds every row, mail or figure that somebody changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import LedgerRow
from mailbot.core.surveys.ledger_chain import FIRST_CHAIN, chain
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.recount import Recount, recount
from mailbot.store.database import Database
from mailbot.store.office import journal
from mailbot.store.surveys import ballots, ledgers
from mailbot.store.tables import inbox as inbox_table
from mailbot.store.tables import ledger_head, mail, mailing, vote
from tests.flows.post_office import (
    KARUIZAWA,
    NAGANO,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    TAKAHASHI,
    TANAKA,
    YAMADA,
    PostOffice,
)
from tests.thorough import examples

KEY = SURVEY.key


def again(office: PostOffice, head: str | None = None) -> Recount:
    """Count the survey again."""
    with office.database.read() as connection:
        return recount(connection, office.site, KEY, head=head)


def vote_and_close(office: PostOffice) -> None:
    """Let four bodies answer in every way that leaves a row, or none, and close the survey."""
    invited = office.open_survey()
    office.reply(invited[YAMADA], "Q1 2\nQ2 1,3\nQ3 検討します")
    office.reply(office.only_copy("vote_receipt"), "Q2 2")  # a correction beside the receipt
    office.reply(invited[YAMADA], "Q1 1", SUZUKI)  # a lower rank
    office.reply(invited[SATO], "Q1 9\nQ3 あとで")  # partial
    office.reply(invited[SATO], "ありがとうございました。")  # nothing new
    office.reply(invited[TANAKA], "Q1 3", STRANGER)  # held for its sender
    office.reply(invited[TANAKA], "Q1 1")
    office.reply(invited[TAKAHASHI], "取下げ")
    office.reply(invited[TAKAHASHI], "Q1 3", slots={"Q1": "1"})  # it disagrees with itself
    office.pass_time(timedelta(days=20))
    with office.database.write() as connection:
        close_survey(connection, office.site, KEY, SURVEY.closes, office.now)
    office.reply(invited[TAKAHASHI], "Q1 1")  # late


def test_an_untouched_survey_is_proved(office: PostOffice) -> None:
    """Every row says what its mail says, the figures are those that were published, and each vote names its rule."""
    vote_and_close(office)
    found = again(office)
    assert found.differences == ()
    assert found.rows == len(found.votes) == len(office.ledger())
    assert found.electorate == sum(found.bodies.values()) == 4
    assert found.tally["Q1"] == {"1": 1, "2": 1, "3": 0, "none": 1}
    assert {check.basis for check in found.votes} == {"mail"}
    assert all(check.row.rule for check in found.votes)


def test_replies_from_before_the_opening_by_the_clock_are_proved(office: PostOffice) -> None:
    """It was set back after the opening, or is another node's: nobody has a token before, so the reply came after."""
    invited = office.open_survey()
    office.pass_time(timedelta(hours=-9))
    office.reply(invited[YAMADA], "Q1 2")
    found = again(office)
    assert found.differences == ()
    assert {check.basis for check in found.votes} == {"mail"}


def test_a_survey_that_nobody_answered_is_proved(office: PostOffice) -> None:
    """An empty ledger is whole."""
    office.open_survey()
    found = again(office)
    assert (found.differences, found.rows, found.head) == ((), 0, FIRST_CHAIN)
    assert found.bodies == {"missing": 4}


def test_a_survey_that_is_not_there_is_refused(office: PostOffice) -> None:
    """The sentence says what to do."""
    with pytest.raises(Refusal, match="surveys list"):
        again(office)
    office.apply(SURVEY)
    with pytest.raises(Refusal, match="never opened"):
        again(office)


def test_what_a_person_decided_is_listed_with_his_name(office: PostOffice) -> None:
    """A row that a person decided is taken as decided, whatever its mail says, and is told apart."""
    invited = office.open_survey()
    row = LedgerRow(
        ballot_id=next(one.id for one in electorate(office) if one.code == NAGANO),
        code=NAGANO,
        inbox_id=None,
        received_at=office.now,
        author="",
        status="counted",
        version=1,
        answers={"Q1": ("1",)},
        problems=(),
        reason="電話",
        rule="15 office",
        by="desk@example.jp",
    )
    with office.database.write() as connection:
        ledgers.append(connection, KEY, row)
    office.reply(invited[SATO], "Q1 2")
    found = again(office)
    assert found.differences == ()
    assert [(check.basis, check.row.by) for check in found.votes] == [
        ("person", "desk@example.jp"),
        ("mail", ""),
    ]
    assert found.tally["Q1"] == {"1": 1, "2": 1, "3": 0, "none": 0}


def test_what_was_admitted_behind_the_result_is_named_and_is_no_difference(office: PostOffice) -> None:
    """The result that went out is right for its time; whoever admits a vote later, and whoever counts again, hears of it."""
    vote_and_close(office)
    (late,) = [row.inbox_id for row in office.ledger() if row.status == "late"]
    assert late is not None
    office.pass_time(timedelta(hours=1))
    with office.database.write() as connection:
        said = settle_held(connection, office.site, late, "accept", "", office.now)
    assert said.endswith("; the result of S26-014 went out 2026-07-08 10:00 without it")
    with office.database.read() as connection:
        line = journal.every(connection, about=KEY)[-1].line
    assert (line.what, line.detail) == ("held.accepted", f"mail {late}: after the result was published")
    found = again(office)
    assert found.differences == ()
    assert found.tally["Q1"] == {"1": 2, "2": 1, "3": 0, "none": 1}
    assert found.notes[-1] == (
        f"the published result does not contain mail {late}, admitted on 2026-07-08 11:00 (by command line), "
        "after it had gone out"
    )
    with office.database.write() as connection:  # a changed figure is found nevertheless
        connection.execute(update(mailing).where(mailing.c.kind == "result").values(cooked=b"\r\n\r\n5"))
    assert any("published result (mailing" in words for words in again(office).differences)


def test_a_head_that_was_sent_stands_in_the_chain(office: PostOffice) -> None:
    """The hash of each day's mail is found behind its row; one that never was is a difference."""
    invited = office.open_survey()
    office.reply(invited[SATO], "Q1 2")
    sent = again(office).head
    office.reply(invited[YAMADA], "Q1 1")
    assert again(office, sent).head_found == 1
    assert again(office, again(office).head.upper()).head_found == 2
    assert again(office, FIRST_CHAIN).head_found == 0
    unknown = again(office, "ab" * 32)
    assert unknown.head_found is None
    assert "stands nowhere" in unknown.differences[0]


def electorate(office: PostOffice) -> list[ballots.Ballot]:
    """Return the ballots of the survey."""
    with office.database.read() as connection:
        return ballots.of_subject(connection, KEY)


# --- tampering (promises.md I19) --------------------------------------------------------------------------------


def rechain(connection: Connection) -> None:
    """Do what an attacker does who can write to the database: make every chain, and the head, fit again."""
    rows = ledgers.rows(connection, KEY)
    numbers = connection.execute(select(vote.c.id).where(vote.c.subject == KEY).order_by(vote.c.id)).scalars()
    previous = FIRST_CHAIN
    for number, row in zip(list(numbers), rows, strict=True):
        previous = chain(previous, row)
        connection.execute(update(vote).where(vote.c.id == number).values(chain=previous))
    connection.execute(
        update(ledger_head).where(ledger_head.c.subject == KEY).values(rows=len(rows), chain=previous)
    )


def numbers(connection: Connection, *wanted: object) -> list[int]:
    """Return the numbers of the rows that meet these conditions."""
    query = select(vote.c.id).where(vote.c.subject == KEY, *wanted)  # type: ignore[arg-type]
    return list(connection.execute(query.order_by(vote.c.id)).scalars())


FLIPS: list[tuple[str, object]] = [
    *(("status", status) for status in ("counted", "held", "withdrawn", "late", "ignored")),
    *(("answers", text) for text in ("{}", '{"Q1": ["3"]}', '{"Q1": ["1"], "Q2": ["1"]}')),
    *(("author", address) for address in ("eve@evil.test", "")),
    *(("version", number) for number in (0, 7)),
    *(("reason", words) for words in ("", "お答えを数えました。")),
    *(("rule", words) for words in ("", "10 level 2")),
    *(("level", level) for level in ("4", "x")),
    *(("problems", text) for text in ('[["Q1", "garbled", "x"]]',)),
    *(("remarks", text) for text in ('{"Q1": "x"}',)),
    *(("received_at", moment) for moment in (SURVEY.opens, SURVEY.closes)),
    *(("decided_by", name) for name in ("office",)),
]


def flip(connection: Connection, random: Random) -> None:
    """Change one field of one row."""
    while True:
        number = random.choice(numbers(connection))
        column, value = random.choice(FLIPS)
        before = connection.execute(select(vote.c[column]).where(vote.c.id == number)).scalar_one()
        if before != value:
            connection.execute(update(vote).where(vote.c.id == number).values({column: value}))
            return


def remove(connection: Connection, random: Random) -> None:
    """Delete one row; the last one half of the time."""
    every = numbers(connection)
    number = random.choice([random.choice(every), every[-1]])
    connection.execute(delete(vote).where(vote.c.id == number))


def remove_and_rechain(connection: Connection, random: Random) -> None:
    """Delete one row and leave a whole chain."""
    remove(connection, random)
    rechain(connection)


def add(connection: Connection, random: Random) -> None:
    """Insert a copy of a row at the end, as another version."""
    columns = [column for column in vote.c if column.name != "id"]
    row = dict(
        connection.execute(select(*columns).where(vote.c.id == random.choice(numbers(connection))))
        .mappings()
        .one()
    )
    connection.execute(insert(vote).values({**row, "version": row["version"] + random.choice([0, 1])}))


def add_and_rechain(connection: Connection, random: Random) -> None:
    """Insert a copy of a row and leave a whole chain."""
    add(connection, random)
    rechain(connection)


def reorder(connection: Connection, random: Random) -> None:
    """Let two rows change their places."""
    one, other = random.sample(numbers(connection), 2)
    spare = connection.execute(select(func.max(vote.c.id))).scalar_one() + 1
    for old, new in ((one, spare), (other, one), (spare, other)):
        connection.execute(update(vote).where(vote.c.id == old).values(id=new))


def swap_and_rechain(connection: Connection, random: Random) -> None:
    """Give two counting rows each other's answers, and leave a whole chain."""
    counting = numbers(connection, vote.c.status.in_(("counted", "partial")))
    answers = {
        number: connection.execute(select(vote.c.answers).where(vote.c.id == number)).scalar_one()
        for number in counting
    }
    pairs = [(a, b) for a in counting for b in counting if answers[a] != answers[b]]
    one, other = random.choice(pairs)
    connection.execute(update(vote).where(vote.c.id == one).values(answers=answers[other]))
    connection.execute(update(vote).where(vote.c.id == other).values(answers=answers[one]))
    rechain(connection)


def change_mail(connection: Connection, random: Random) -> None:
    """Change one byte of one raw mail behind a row."""
    behind = select(inbox_table.c.mail_id).join(vote, vote.c.inbox_id == inbox_table.c.id)
    number = random.choice(sorted(set(connection.execute(behind).scalars())))
    raw = bytearray(connection.execute(select(mail.c.content).where(mail.c.id == number)).scalar_one())
    raw[random.randrange(len(raw))] ^= 1
    connection.execute(update(mail).where(mail.c.id == number).values(content=bytes(raw)))


def change_tally(connection: Connection, random: Random) -> None:
    """Change one figure of the result that went out."""
    number, cooked = connection.execute(
        select(mailing.c.id, mailing.c.cooked).where(mailing.c.kind == "result")
    ).one()
    figures = [
        at
        for at in range(len(cooked))
        if cooked[at : at + 1].isdigit() and cooked[at + 1 :].startswith("団体（".encode())
    ]
    at = random.choice(figures)
    other = b"%d" % ((int(cooked[at : at + 1]) + random.randrange(1, 10)) % 10)
    changed = cooked[:at] + other + cooked[at + 1 :]
    connection.execute(update(mailing).where(mailing.c.id == number).values(cooked=changed))


def move_head(connection: Connection, random: Random) -> None:
    """Let the head say that the ledger ends elsewhere."""
    rows = connection.execute(select(ledger_head.c.rows)).scalar_one()
    changes: list[dict[str, object]] = [{"rows": rows + random.choice([-1, 1])}, {"chain": "0" * 63 + "1"}]
    connection.execute(
        update(ledger_head).where(ledger_head.c.subject == KEY).values(**random.choice(changes))
    )


NONSENSE = [
    *(
        ("answers", text)
        for text in ('{"Q1": ["9"]}', '{"Q3": ["2"]}', '{"Q9": ["1"]}', '{"Q1": "1"}', '{"Q1": 1}')
    ),
    ("status", "elsewhere"),
]


def test_what_no_reply_can_say_is_found(office: PostOffice) -> None:
    """A field that was overwritten by something that the ballot does not know is a difference, and no traceback."""
    vote_and_close(office)
    for column, value in NONSENSE:
        found: list[Recount] = []
        with suppress(_Undone), office.database.write() as connection:
            number = numbers(connection, vote.c.status.in_(("counted", "partial")))[-1]
            connection.execute(update(vote).where(vote.c.id == number).values({column: value}))
            found.append(recount(connection, office.site, KEY))
            raise _Undone
        assert found[0].differences, (column, value)
    with suppress(_Undone), office.database.write() as connection:
        connection.execute(update(vote).values(answers="no json"))
        with pytest.raises(Refusal, match=r"row 1 .* cannot be read"):
            recount(connection, office.site, KEY)
        raise _Undone


TAMPERINGS: tuple[Callable[[Connection, Random], None], ...] = (
    flip,
    remove,
    remove_and_rechain,
    add,
    add_and_rechain,
    reorder,
    swap_and_rechain,
    change_mail,
    change_tally,
    move_head,
)


class _Undone(Exception):  # noqa: N818  it undoes a tampering
    pass


def tamper(office: PostOffice, seed: int) -> tuple[str, Recount]:
    """Tamper by the seed, count again, and undo it."""
    random = Random(seed)
    tampering = TAMPERINGS[seed % len(TAMPERINGS)]
    found: list[Recount] = []
    with suppress(_Undone), office.database.write() as connection:
        tampering(connection, random)
        found.append(recount(connection, office.site, KEY))
        raise _Undone
    return tampering.__name__, found[0]


def missed(office: PostOffice, seeds: range) -> list[tuple[int, str]]:
    """Return the tamperings that the recount did not find."""
    vote_and_close(office)
    assert again(office).differences == ()
    tried = [(seed, *tamper(office, seed)) for seed in seeds]
    return [(seed, name) for seed, name, found in tried if not found.differences]


@pytest.mark.drawn
def test_every_tampering_is_found(sqlite: Database) -> None:
    """Of a hundred random changes to the database, the recount finds a hundred (V4)."""
    assert missed(_office(sqlite), range(examples(100))) == []


def test_every_tampering_is_found_on_a_server(postgresql: Database) -> None:
    """PostgreSQL keeps the same chain."""
    assert missed(_office(postgresql), range(len(TAMPERINGS))) == []


def _office(database: Database) -> PostOffice:
    from tests.flows.post_office import open_post_office  # noqa: PLC0415

    return open_post_office(database)


def test_a_vote_that_was_removed_whole_is_found_by_a_head_that_was_sent(office: PostOffice) -> None:
    """Who removes mail, row, receipt and chain together leaves nothing but the hash that the witnesses have."""
    invited = office.open_survey()
    office.reply(invited[SATO], "Q1 2")
    office.reply(invited[YAMADA], "Q1 1")
    sent = again(office).head
    with office.database.write() as connection:
        last = numbers(connection)[-1]
        row = connection.execute(select(vote.c.inbox_id).where(vote.c.id == last)).scalar_one()
        connection.execute(delete(vote).where(vote.c.id == last))
        connection.execute(update(inbox_table).where(inbox_table.c.id == row).values(recipient="x@y.example"))
        rechain(connection)
    assert again(office).differences == ()
    assert "stands nowhere" in again(office, sent).differences[0]


def test_a_mail_without_its_row_is_named(office: PostOffice) -> None:
    """A row that was dropped from a chain which was made whole again is found by its mail."""
    invited = office.open_survey()
    entry = office.reply(invited[TAKAHASHI], "Q1 2")
    with office.database.write() as connection:
        connection.execute(delete(vote))
        rechain(connection)
    (sentence, *_) = again(office).differences
    assert f"mail {entry.id} ({KARUIZAWA}) has no row" in sentence


def test_last_years_rows_are_counted_again_too(office: PostOffice) -> None:
    """Rows of the first version have neither rule nor digest; their chain and their mails prove them."""
    invited = office.open_survey()
    office.reply(invited[SATO], "Q1 2")
    with office.database.write() as connection:
        (row,) = ledgers.rows(connection, KEY)
        old = replace(row, rule="", level="", by="", written_at=None, texts=0, digest="")
        connection.execute(delete(vote))
        connection.execute(delete(ledger_head))
        ledgers.append(connection, KEY, old)
    assert again(office).differences == ()


def test_a_primarys_word_has_no_row_and_is_no_difference(office: PostOffice) -> None:
    """What it decided about has two: held by the rules, then counted in the primary's name."""
    invited = office.open_survey()
    office.reply(invited[YAMADA], "Q1 3", STRANGER)
    office.reply(office.copies("primary_asked")[0], "承認")
    found = again(office)
    assert found.differences == ()
    assert [(check.row.status, check.basis, check.row.by) for check in found.votes] == [
        ("held", "mail", ""),
        ("counted", "person", YAMADA),
    ]
