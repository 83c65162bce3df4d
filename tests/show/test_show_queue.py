"""What became of a mail or of an address's copies is found by number, address and Message-ID, without a look at all there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from mailbot.core.mail.message import parse
from mailbot.core.refusal import Refusal
from mailbot.show import show_queue
from mailbot.store.mail import message_ids
from mailbot.store.sending import bundles, copies, outbox
from mailbot.store.sending.outbox import Addressee
from mailbot.store.tables import contact, delivery, post, trouble
from tests.flows.post_office import SATO, SECURITY, STRANGER, SURVEY, TANAKA, TOKYO, YAMADA, PostOffice, dsn
from tests.statements import plan, watched


def why_address(office: PostOffice, address: str) -> dict[str, Any]:
    """Ask for an address."""
    with office.database.read() as connection:
        return show_queue.why_address(connection, address, TOKYO)


def why_message_id(office: PostOffice, message_id: str) -> dict[str, Any]:
    """Ask for a Message-ID."""
    with office.database.read() as connection:
        return show_queue.why_message_id(connection, message_id, TOKYO)


def test_the_copies_of_an_address_newest_first(
    office: PostOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    """So many of them, with how many more there are; each with where it stands and the words of its server or bounce."""
    office.post(SATO)
    invitation = office.open_survey()[YAMADA]
    office.hand_in(dsn(), office.return_path(invitation), mail_from="")
    with office.database.write() as connection:
        first = delivery.c.id == invitation.id
        connection.execute(update(delivery).where(first).values(state="sent", reply="250 ok", attempts=1))
    shown = why_address(office, YAMADA)
    assert [(one["kind"], one["state"]) for one in shown["copies"]] == [
        ("invitation", "came_back"),
        ("post", "pending"),
    ]
    assert "5.1.1" in shown["copies"][0]["reply"]
    assert shown["trouble"]["state"] == "watched"
    assert shown["total"] == 2
    with office.database.write() as connection:
        for _ in range(60):
            outbox.queue_letter(connection, "receipt", SURVEY.key, b"x", YAMADA, office.now, inbox_id=None)
    shown = why_address(office, YAMADA)
    assert (len(shown["copies"]), shown["total"]) == (50, 62)
    assert {one["kind"] for one in shown["copies"]} == {"receipt"}
    numbers = [one["id"] for one in shown["copies"]]
    assert numbers == sorted(numbers, reverse=True)
    show_queue.why_address_text(shown)
    said = capsys.readouterr().out
    assert "its mail comes back (watched)" in said
    assert "and 12 more" in said


@pytest.mark.parametrize(
    ("minutes", "state", "told"),
    [(5, "pending", True), (0, "pending", False), (5, "sending", False), (5, "sent", False)],
)
def test_mail_that_is_due_and_not_on_its_way(
    office: PostOffice, minutes: int, state: str, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said where to ask why: a relay that takes no connection says nothing about single copies."""
    office.post(SATO)
    with office.database.write() as connection:
        newest = connection.execute(select(func.max(delivery.c.id))).scalar_one()
        connection.execute(update(delivery).where(delivery.c.id == newest).values(state=state))
        if state == "sent":
            connection.execute(update(delivery).values(state="sent"))
        shown = show_queue.queue(connection, office.now + timedelta(minutes=minutes))
    show_queue.queue_text(shown)
    assert ("`mailbot doctor` says what the relay answers" in capsys.readouterr().out) is told
    assert shown["overdue_s"] == (0 if state == "sent" else 60 * minutes)


def test_what_a_clock_queued_that_ran_ahead(office: PostOffice, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says why nothing leaves, and what lets it go on."""
    office.post(SATO)
    with office.database.read() as connection:
        shown = show_queue.queue(connection, office.now - timedelta(hours=3))
    show_queue.queue_text(shown)
    assert (
        "3 copies were queued by a clock that ran ahead and wait for that time; " in capsys.readouterr().out
    )


@pytest.mark.parametrize("asked", ["Yamada@City.Nagano.lg.jp", YAMADA, YAMADA.upper()])
@pytest.mark.parametrize("registered", [YAMADA, "Yamada@city.nagano.lg.jp"])
def test_letter_case_never_matters(office: PostOffice, asked: str, registered: str) -> None:
    """Neither in what is asked for nor in how the address is registered."""
    with office.database.write() as connection:
        connection.execute(update(contact).where(contact.c.email == YAMADA).values(email=registered))
        outbox.queue_letter(connection, "receipt", "S", b"x", registered, office.now, inbox_id=None)
    assert why_address(office, asked)["total"] == 1


def test_copies_in_bundles_have_no_number_yet(office: PostOffice, capsys: pytest.CaptureFixture[str]) -> None:
    """They are among the newest; nobody whose address has the same letters in it is taken for him."""
    office.apply(replace(SECURITY, copies="identical"))
    with office.database.write() as connection:
        number = outbox.add_mailing(
            connection,
            kind="post",
            subject="security",
            cooked=b"x",
            bounces="b",
            now=office.now,
            identical=True,
        )
        bundles.pack(connection, number, [f"x{YAMADA}", YAMADA.upper()], 0)
        bundles.pack(connection, number, [f"y{YAMADA}"], 0)
    shown = why_address(office, YAMADA)
    assert [(one["id"], one["state"]) for one in shown["copies"]] == [(None, "pending")]
    show_queue.why_address_text(shown)
    assert " - " in capsys.readouterr().out


def test_an_address_without_a_copy(office: PostOffice) -> None:
    """One sentence, which says how a Message-ID is written."""
    with pytest.raises(Refusal, match=r"goes or went to nobody@b\.example; a Message-ID"):
        why_address(office, "nobody@b.example")


def test_no_row_is_looked_for_by_looking_at_all(office: PostOffice) -> None:
    """From the newest mailing back, each by the index of its copies: on both databases, however many rows there are."""
    office.post(SATO)
    post_id = parse(office.mail(SATO, "x")).message_id
    for ask in (lambda: why_address(office, YAMADA), lambda: _quietly(office, post_id)):
        with watched() as ran:
            ask()
        for sql, parameters in ran.items():
            if not sql.lstrip().startswith(("SELECT", "WITH")):
                continue
            steps = plan(office.database, sql, parameters)
            # `mail` is read backwards and only so far, the tables of bundles and of lists are short.
            backwards = "ORDER BY mail.id DESC" in sql
            for table in ("delivery", "mailing", "inbox", "post", "failure", "history", "mail", "contact"):
                if table == "mail" and backwards:
                    continue
                whole = (f"SCAN {table}", f"Seq Scan on {table} ", f"Seq Scan on {table}_")
                assert not any(
                    step.strip(" ->") == whole[0]
                    or f"{whole[0]} " in step
                    or any(one in step for one in whole[1:])
                    for step in steps
                ), (sql, steps)


def _quietly(office: PostOffice, message_id: str) -> None:
    with pytest.raises(Refusal):
        why_message_id(office, message_id)


def test_a_post_by_its_message_id(office: PostOffice, capsys: pytest.CaptureFixture[str]) -> None:
    """How many copies are in which state, with the reasons of those that were not delivered."""
    mail = office.mail(SATO, "security@ml.example.jp")
    entry = office.hand_in(mail, "security@ml.example.jp")
    sent, *_, refused = office.copies("post")
    with office.database.write() as connection:
        for copy, state, reply in ((sent, "sent", "250 ok"), (refused, "failed", "550 5.1.1 nobody here")):
            changed = update(delivery).where(delivery.c.id == copy.id)
            connection.execute(changed.values(state=state, reply=reply, attempts=1))
    office.hand_in(dsn(), office.return_path(sent), mail_from="")
    message_id = parse(mail).message_id
    shown = why_message_id(office, message_id)
    (found,) = shown["mails"]
    assert found["id"] == entry.id
    assert found["state"] == "posted"
    assert found["copies"]["failed"] == found["copies"]["came_back"] == 1
    assert "sent" not in found["copies"]
    words = {one["id"]: one["reply"] for one in found["troubled"]}
    assert words[refused.id] == "550 5.1.1 nobody here"
    assert "5.1.1" in words[sent.id]
    show_queue.why_message_id_text(shown)
    assert "550 5.1.1 nobody here" in capsys.readouterr().out


def test_all_copies_are_counted(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also beyond those that are read one by one, and those that are not queued yet or stand in bundles."""
    entry = office.post(SATO)
    with office.database.write() as connection:
        number = outbox.add_mailing(
            connection,
            kind="post",
            subject="security",
            cooked=b"x",
            bounces="b",
            now=office.now,
            inbox_id=entry.id,
        )
        outbox.queue(connection, number, [Addressee(f"m{one}@b.example") for one in range(1_200)], office.now)
        bundles.pack(connection, number, [f"n{one}@b.example" for one in range(70)], 0)
        connection.execute(update(delivery).where(delivery.c.mailing_id == number).values(state="failed"))
        usual = copies.count_by_state(connection, entry.id)
        troubled = copies.in_trouble(connection, entry.id)
    own = len(office.copies("post")) - 1_270
    assert usual == {"failed": 1_200, "pending": 70 + own}
    assert (len(troubled.copies), troubled.total) == (1_000, 1_200 + own)


def test_a_mail_that_no_archive_has(office: PostOffice) -> None:
    """A held post, a reply and what a list without an archive took are found among the newest received mails."""
    office.apply(replace(SECURITY, archive=False))
    held = office.mail(STRANGER, "security@ml.example.jp")
    posted = office.mail(SATO, "security@ml.example.jp")
    quoting = office.mail(SATO, "security@ml.example.jp", References=parse(posted).message_id)
    for mail, state in ((held, "held"), (posted, "posted"), (quoting, "posted")):
        office.hand_in(mail, "security@ml.example.jp")
        (found,) = why_message_id(office, parse(mail).message_id)["mails"]
        assert found["state"] == state


def test_only_the_newest_mails_are_looked_at(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says how many, and what finds an older one."""
    monkeypatch.setattr(message_ids, "NEWEST", 2)
    monkeypatch.setattr(message_ids, "_AT_ONCE", 1)
    old = office.mail(STRANGER, "security@ml.example.jp")
    office.hand_in(old, "security@ml.example.jp")
    office.post(SATO)
    assert why_message_id(office, parse(old).message_id)["mails"]
    office.post(SATO)
    with pytest.raises(Refusal, match=r"none of the newest 2 received ones.*give the number"):
        why_message_id(office, parse(old).message_id)


def test_a_copy_of_ours_by_its_message_id(office: PostOffice, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own number stands in it; another's mail with a number in its Message-ID is not taken for it."""
    invitation = office.open_survey()[TANAKA]
    shown = why_message_id(office, invitation["Message-ID"])
    assert shown["copy"]["id"] == invitation.id
    assert shown["copy"]["address"] == TANAKA
    show_queue.why_message_id_text(shown)
    assert f"C{invitation.id}" in capsys.readouterr().out
    with pytest.raises(Refusal, match="is no mail in the archive"):
        why_message_id(office, f"<{invitation.id}@member.example>")


def test_a_post_from_an_old_archive(office: PostOffice, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with its number in the list; no copy of it was ever ours."""
    mail = office.mail(SATO, "security@ml.example.jp")
    office.hand_in(mail, "security@ml.example.jp")
    with office.database.write() as connection:
        connection.execute(update(post).values(inbox_id=None))
        connection.execute(delete(trouble))
    shown = why_message_id(office, parse(mail).message_id)
    assert [(one["list"], one["number"]) for one in shown["kept"]] == [("security", 1)]
    show_queue.why_message_id_text(shown)
    assert "kept in the archive" in capsys.readouterr().out
