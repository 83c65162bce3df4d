"""A sealed survey: votes can be changed until the close, and after it nobody can tell whose they were."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mailbot.core.mail.message import parse
from mailbot.core.reading.judgement import judge
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Answers
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.counted_answers import counted_answers
from mailbot.flows.surveys.destroy_sealed import Destroyed, destroy_due, destroy_sealed, still_stands
from mailbot.flows.surveys.recount import Recount, recount
from mailbot.store.surveys import sealed
from mailbot.store.tables import (
    delivery,
    history,
    ledger_head,
    mail,
    mailing,
    sealed_line,
    seen,
    survey,
    vote,
)
from mailbot.store.tables import inbox as inbox_table
from mailbot.store.transactions import savepoint
from tests.flows.post_office import (
    MATSUMOTO,
    NAGANO,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    TAKAHASHI,
    TANAKA,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)

SEALED = replace(SURVEY, mode="sealed")
KEY = SEALED.key


def close(office: PostOffice) -> None:
    """Close the survey at its time."""
    office.now = SEALED.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, KEY, office.now, office.now)


def send_everything(office: PostOffice) -> None:
    """Let every copy leave."""
    with office.database.write() as connection:
        connection.execute(update(delivery).values(state="sent", reply="250 2.0.0 accepted 2310 bytes"))


def destroy(office: PostOffice) -> Destroyed:
    """Destroy what can be destroyed."""
    with office.database.write() as connection:
        return destroy_sealed(connection, office.site, KEY, office.now)


def again(office: PostOffice, head: str | None = None) -> Recount:
    """Count again."""
    with office.database.read() as connection:
        return recount(connection, office.site, KEY, head=head)


def listed(office: PostOffice) -> list[Answers]:
    """Return the published list's answers."""
    with office.database.read() as connection:
        return sealed.answers(connection, KEY)


def seal_in(copy: Copy) -> tuple[str, str]:
    """Return line and key as a receipt prints them."""
    line = re.search(r"[0-9a-f]{32}", copy.text)
    key = re.search(r"\b[0-9a-z]{5}(?:-[0-9a-z]{5}){3}\b", copy.text)
    assert line is not None
    assert key is not None
    return line[0], key[0]


def voted(office: PostOffice) -> dict[str, Copy]:
    """Let two bodies vote whole, one in part, one not at all; one changes its mind. Returns the invitations."""
    invited = office.open_survey(SEALED)
    office.reply(invited[YAMADA], "Q1 1")
    office.reply(invited[SATO], "Q1 3")
    office.reply(invited[TANAKA], "Q1 9\nQ3 あとで")
    office.reply(invited[YAMADA], "Q1 2\nQ2 1,3")
    office.reply(invited[TAKAHASHI], "Q1 1", STRANGER)
    return invited


def test_a_voter_finds_the_own_line_with_the_key_of_the_receipt(office: PostOffice) -> None:
    """The line is HMAC-SHA256 of the reference under the printed key, and does not change when the vote does."""
    invited = office.open_survey(SEALED)
    office.reply(invited[YAMADA], "Q1 1")
    line, key = seal_in(office.only_copy("vote_receipt"))
    assert (
        "メールの通るサーバーの管理者は、お答えを見ることができます。" in invited[YAMADA].text
    )  # until the close
    office.reply(invited[YAMADA], "Q1 3")
    assert seal_in(office.only_copy("vote_receipt")) == (line, key)
    assert line == hmac.new(key.encode(), f"{KEY}-{NAGANO}".encode(), hashlib.sha256).hexdigest()[:32]
    close(office)
    with office.database.read() as connection:
        assert sealed.lines(connection, KEY) == [(line, '{"Q1": ["3"]}')]
    told = next(copy.text for copy in office.copies("result") if copy.to == YAMADA)
    assert "受付のメールにある「一覧の行」がその中にあれば" in told  # and where the list is to be had


@pytest.mark.parametrize("english", [False, True])
def test_what_the_receipt_says_of_the_list_is_never_read_as_an_answer(
    office: PostOffice, english: bool
) -> None:
    """A receipt that comes back as it was, quoted or not, says nothing new."""
    office = in_english(office) if english else office
    invited = office.open_survey(SEALED)
    office.reply(invited[YAMADA], "Q1 1")
    receipt = office.only_copy("vote_receipt")
    for quote in ("", "> "):
        text = "".join(f"{quote}{one}\n" for one in receipt.text.splitlines())
        for texts in ((receipt.text,), ()):
            judged = judge(
                SEALED,
                parse(office.mail(YAMADA, "x@kaitou.example.jp", text)),
                texts,
                mail_from=YAMADA,
                previous={"Q1": ("1",)},
                today=office.now.date(),
                late=False,
                language="en" if english else "ja",
            )
            assert judged.reading.answers in ({}, {"Q1": ("1",)})


def test_other_surveys_have_no_line(office: PostOffice) -> None:
    """Where names stay in the office, a receipt shows neither line nor key."""
    invited = office.open_survey()
    office.reply(invited[YAMADA], "Q1 1")
    assert "一覧" not in office.only_copy("vote_receipt").text


def test_the_votes_are_counted_as_they_stood_at_the_close(office: PostOffice) -> None:
    """The list holds one line for each vote that counts, by line, and the tally is made of it."""
    voted(office)
    close(office)
    votes: list[Answers] = [{"Q1": ("2",), "Q2": ("1", "3")}, {"Q1": ("3",)}, {"Q3": "あとで"}]
    assert sorted(map(str, listed(office))) == sorted(map(str, votes))
    with office.database.read() as connection:
        lines = [line for line, _ in sealed.lines(connection, KEY)]
        assert lines == sorted(lines)
        assert counted_answers(connection, SEALED) == listed(office)


def test_the_ledger_still_says_who_took_part(office: PostOffice) -> None:
    """Code, status, version and time stay, chained; whether a vote was complete does not."""
    voted(office)
    close(office)
    stands = {code: stands.row for code, stands in office.stands().items()}
    assert {code: (row.status, row.version) for code, row in stands.items() if row.status == "counted"} == {
        NAGANO: ("counted", 2),
        MATSUMOTO: ("counted", 1),
        "202037": ("counted", 1),
    }
    for row in office.ledger():
        assert (row.answers, row.problems, row.reason, row.rule, row.texts) == ({}, (), "", "", 0)
    assert again(office).differences == ()


def test_recount_proves_the_list_while_the_mails_stand_and_after(office: PostOffice) -> None:
    """Before they are destroyed, the list is made again from the mails; then chain, list and result hold together."""
    voted(office)
    assert again(office).differences == ()
    close(office)
    assert again(office).differences == ()
    with office.database.write() as connection:
        connection.execute(
            update(sealed_line).where(sealed_line.c.answers == '{"Q1": ["3"]}').values(answers="{}")
        )
        connection.execute(
            update(ledger_head).values(chain=_head_with(connection))
        )  # as one would who can write to the database
    assert any("not what the mails say" in words for words in again(office).differences)
    with office.database.write() as connection:
        connection.execute(
            update(sealed_line).where(sealed_line.c.answers == "{}").values(answers='{"Q1": ["3"]}')
        )
        connection.execute(update(ledger_head).values(chain=_head_with(connection)))
    send_everything(office)
    destroy(office)
    proved = again(office)
    assert proved.differences == ()
    assert {check.basis for check in proved.votes} == {"chain"}
    assert proved.tally["Q1"] == {"1": 0, "2": 1, "3": 1, "none": 1}


def _head_with(connection: object) -> str:
    from mailbot.core.surveys.ledger_chain import chain_list  # noqa: PLC0415

    last = connection.execute(select(vote.c.chain).order_by(vote.c.id.desc()).limit(1)).scalar_one()  # type: ignore[attr-defined]
    return chain_list(last, sealed.lines(connection, KEY))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", ["line", "row", "status", "head"])
def test_a_change_after_the_destruction_is_found(office: PostOffice, change: str) -> None:
    """The list is the last link of the chain."""
    voted(office)
    close(office)
    send_everything(office)
    destroy(office)
    with office.database.write() as connection:
        match change:
            case "line":
                connection.execute(update(sealed_line).values(answers='{"Q1": ["1"]}'))
            case "row":
                connection.execute(sealed_line.delete().where(sealed_line.c.answers == '{"Q1": ["3"]}'))
            case "status":
                connection.execute(update(vote).where(vote.c.status == "held").values(status="counted"))
            case _:
                connection.execute(update(ledger_head).values(chain="0" * 64))
    assert again(office).differences != ()


def test_nothing_is_destroyed_while_a_receipt_waits(office: PostOffice) -> None:
    """The voters need their keys; the sentence says what to do."""
    voted(office)
    close(office)
    with pytest.raises(Refusal, match="receipts wait to be delivered"):
        destroy(office)
    assert destroy_due(office.database, office.site, office.now) == 0
    with office.database.read() as connection:
        assert still_stands(connection, office.site, KEY) == 5


def test_only_a_closed_sealed_survey_is_destroyed(office: PostOffice) -> None:
    """An open one is not, and no other mode ever."""
    office.open_survey(SEALED)
    with pytest.raises(Refusal, match="no sealed survey that was closed"):
        destroy(office)


def test_mails_receipts_and_the_secret_are_destroyed(office: PostOffice) -> None:
    """What is left of a reply is that it came, from whom and when; of our mails, the invitation and the result."""
    voted(office)
    close(office)
    send_everything(office)
    gone = destroy(office)
    assert (gone.mails, gone.held) == (5, 1)
    assert gone.copies >= 4
    with office.database.read() as connection:
        assert set(connection.execute(select(mail.c.content)).scalars()) == {b""}
        assert set(connection.execute(select(inbox_table.c.title)).scalars()) == {""}
        assert connection.execute(select(survey.c.seal_key)).scalar() is None
        assert set(connection.execute(select(mailing.c.kind)).scalars()) == {"invitation", "result"}
        for table in (history, seen):
            assert connection.execute(select(table)).all() == []
        assert still_stands(connection, office.site, KEY) == 0
    assert not destroy(office)


def test_the_service_destroys_when_the_receipts_have_left(office: PostOffice) -> None:
    """Where one person is enough, nobody has to think of it."""
    voted(office)
    close(office)
    send_everything(office)
    assert destroy_due(office.database, office.site, office.now) == 1
    assert destroy_due(office.database, office.site, office.now) == 0


def test_two_persons_decide_where_two_are_named(office: PostOffice) -> None:
    """Then the service leaves it to them."""
    office.site = replace(office.site, desk=("a@example.jp", "b@example.jp"))
    voted(office)
    close(office)
    send_everything(office)
    assert destroy_due(office.database, office.site, office.now) == 0


def test_a_late_reply_is_answered_and_forgotten(office: PostOffice) -> None:
    """It stands in the ledger as late; what it says is kept nowhere, and it can never be admitted."""
    invited = voted(office)
    close(office)
    send_everything(office)
    destroy(office)
    office.copies()
    office.pass_time(timedelta(hours=1))
    office.reply(invited[SATO], "Q1 1\nQ3 秘密です")
    (row,) = [row for row in office.ledger() if row.status == "late"]
    assert (row.code, row.answers, row.remarks, row.digest) == (MATSUMOTO, {}, {}, "")
    receipt = office.only_copy("vote_receipt")
    assert "期限後" in receipt["Subject"]
    assert "お返事は、事務局で読まずに破棄します。" in receipt.text
    assert "事務局で取り扱いを決めます" not in receipt.text
    assert again(office).differences == ()
    assert listed(office) == listed(office)
    send_everything(office)
    assert destroy_due(office.database, office.site, office.now) == 1
    with office.database.read() as connection:
        assert set(connection.execute(select(mail.c.content)).scalars()) == {b""}
    assert again(office).differences == ()


def test_the_head_at_the_close_is_found_after_a_late_reply(office: PostOffice) -> None:
    """It is the list's link, which stands behind no row of its own; a hash that never was is still a difference."""
    invited = voted(office)
    close(office)
    sent, rows = again(office).head, again(office).rows
    assert again(office, sent).head_found == rows
    office.pass_time(timedelta(hours=1))
    office.reply(invited[SATO], "Q1 1")
    late = again(office, sent)
    assert (late.head_found, late.differences, late.rows) == (rows, (), rows + 1)
    assert again(office, late.head).head_found == rows + 1
    assert "stands nowhere" in again(office, "ab" * 32).differences[0]


@pytest.mark.parametrize("undone", [True, False])
def test_files_go_and_the_log_speaks_when_the_destruction_is_committed(
    office: PostOffice, tmp_path: Path, caplog: pytest.LogCaptureFixture, undone: bool
) -> None:
    """What a rollback cannot bring back is left alone until no rollback can come."""
    caplog.set_level(logging.INFO, logger="mailbot")
    (tmp_path / "new").mkdir()
    kept = tmp_path / "new" / "1.P2Q3.here"
    kept.write_bytes(b"a receipt with its key")
    office.site = replace(office.site, outgoing=(tmp_path,))
    voted(office)
    close(office)
    with office.database.write() as connection:
        reply = f"250 2.0.0 kept in new/{kept.name}"
        connection.execute(update(delivery).values(state="sent", reply=reply))
    with suppress(KeyError), office.database.write() as connection:
        if undone:
            with savepoint(connection):
                destroy_sealed(connection, office.site, KEY, office.now)
                raise KeyError
        destroy_sealed(connection, office.site, KEY, office.now)
        assert kept.exists()
    with office.database.write() as connection:
        assert (connection.execute(select(survey.c.seal_key)).scalar() is None) == (not undone)
    assert kept.exists() == undone
    assert ("sealed.destroyed" in caplog.text) == (not undone)


def test_a_broken_ledger_is_not_sealed(office: PostOffice) -> None:
    """What sealing hides can never be looked at again: the close is refused until the ledger is."""
    voted(office)
    with office.database.write() as connection:
        connection.execute(update(vote).values(answers='{"Q1": ["1"]}'))
    with pytest.raises(Refusal, match="cannot be sealed"):
        close(office)


def test_a_colleague_of_lower_rank_is_destroyed_as_well(office: PostOffice) -> None:
    """What was asked of the primary about a second reply shows answers, and goes."""
    invited = voted(office)
    office.reply(invited[YAMADA], "Q1 3", SUZUKI)
    close(office)
    send_everything(office)
    destroy(office)
    with office.database.read() as connection:
        assert set(connection.execute(select(mailing.c.kind)).scalars()) == {"invitation", "result"}
    assert again(office).differences == ()


def test_the_close_says_how_many_votes_were_sealed(office: PostOffice) -> None:
    """As with any other survey."""
    voted(office)
    office.now = SEALED.closes
    with office.database.write() as connection:
        assert close_survey(connection, office.site, KEY, office.now, office.now) == 3


def test_a_receipt_that_is_owed_goes_out_before_the_votes_are_sealed(office: PostOffice) -> None:
    """After the close nobody could write it; the limit of automatic answers gives way (promises.md I20)."""
    invited = office.open_survey(SEALED)
    for number in range(7):
        office.reply(invited[YAMADA], f"Q1 {number % 3 + 1}")
    told = [copy for copy in office.copies("vote_receipt") if copy.to == YAMADA]
    assert len(told) < 7
    close(office)
    (last,) = [copy for copy in office.copies("vote_receipt") if copy.to == YAMADA]
    assert "第7版" in last.text
    assert seal_in(last) == seal_in(told[0])
