"""An address whose mail comes back is weighed, asked, suspended, and comes back by itself; the office hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from mailbot.core.lists.expansion import Expansion
from mailbot.core.mail.token import bounce_token
from mailbot.flows.members.change_address import Move, change_address
from mailbot.flows.runs.keep_up import keep_up
from mailbot.store.lists import lists
from mailbot.store.members import bounces, troubles
from mailbot.store.tables import delivery, microseconds
from tests.flows.post_office import NAGANO, OFFICE, SATO, SURVEY, SUZUKI, YAMADA, Copy, PostOffice, dsn

DAY = timedelta(days=1)


def post(office: PostOffice, to: str = YAMADA) -> Copy:
    """Let a post go out; returns the copy for one member."""
    office.copies()
    assert office.post(SUZUKI, subject=f"{office.now}").state == "posted"
    return next(copy for copy in office.copies("post") if copy.to == to)


def come_back(office: PostOffice, copy: Copy, status: str = "5.1.1", action: str = "failed") -> str:
    """Let a copy come back; returns why the bounce is what it is."""
    return office.hand_in(dsn(status, action), office.return_path(copy), mail_from="").reason


def score(office: PostOffice, address: str = YAMADA) -> float:
    """Return the score of an address as it was counted last."""
    with office.database.read() as connection:
        one = troubles.load(connection, address)
    return 0 if one is None else one.score


def state(office: PostOffice, address: str = YAMADA) -> str | None:
    """Return the state of an address."""
    with office.database.read() as connection:
        return troubles.state_of(connection, address)


def receivers(office: PostOffice) -> set[str]:
    """Return to whom a post of the list goes now."""
    with office.database.read() as connection:
        return set(lists.recipients(connection, Expansion("security", office.now)))


def asked(office: PostOffice) -> Copy:
    """Let posts come back for good on three days; returns the probe."""
    for _ in range(3):
        come_back(office, post(office))
        office.pass_time(DAY)
    probe = office.only_copy("address_probe")
    assert probe.to == YAMADA
    return probe


def suspended(office: PostOffice) -> Copy:
    """Let the probe come back, too; returns what the office was told."""
    come_back(office, asked(office))
    return office.only_copy("address_suspended")


def look(office: PostOffice) -> None:
    """Let the service look at what time has made due."""
    keep_up(office.database, office.site, office.now)


def test_one_bounce_a_day_counts(office: PostOffice) -> None:
    """Ten posts to a server that is down are one trouble."""
    for _ in range(10):
        come_back(office, post(office))
    assert score(office) == 1


def test_a_bounce_counts_once_for_each_copy(office: PostOffice) -> None:
    """However often it is sent again, on however many days (promises.md I15)."""
    copy = post(office)
    come_back(office, copy)
    for _ in range(50):
        office.pass_time(DAY)
        assert come_back(office, copy) == f"the failure of the copy for {YAMADA} is known"
    assert score(office) == 1
    assert state(office) == "watched"


def test_without_our_token_nothing_counts(office: PostOffice) -> None:
    """Neither a guessed one, nor one of another key, nor none (promises.md I15)."""
    copy = post(office)
    foreign = bounce_token(b"x" * 32, copy.id)
    for local in (f"security-bounces+{foreign}", "security-bounces", "bounce", "security-bounces+0" * 3):
        for _ in range(5):
            office.hand_in(dsn(), f"{local}@ml.example.jp", mail_from="")
            office.pass_time(DAY)
    assert state(office) is None


@pytest.mark.parametrize(
    ("status", "action", "weight"),
    [("5.1.1", "failed", 1), ("5.2.2", "failed", 0.5), ("4.2.2", "failed", 0.25), ("5.7.1", "failed", 0.25)],
)
def test_what_a_bounce_weighs(office: PostOffice, status: str, action: str, weight: float) -> None:
    """Nobody there: 1. A full mailbox: half. What is temporary, or says more of our mail: a quarter."""
    come_back(office, post(office), status, action)
    assert score(office) == weight


def test_a_delay_weighs_nothing(office: PostOffice) -> None:
    """The copy may still arrive."""
    come_back(office, post(office), "4.4.1", "delayed")
    assert state(office) is None


def test_the_weight_fades(office: PostOffice) -> None:
    """By half in sixty days."""
    come_back(office, post(office))
    office.pass_time(60 * DAY)
    come_back(office, post(office))
    assert score(office) == 1.5


def test_an_address_is_asked_before_its_mail_stops(office: PostOffice) -> None:
    """The probe says what will happen, and has a return path of its own; until it comes back, posts go on."""
    probe = asked(office)
    assert "このままご返信ください" in probe.text
    assert probe.mail_from == "bounce"
    assert state(office) == "probing"
    assert YAMADA in receivers(office)


def test_a_probe_that_comes_back_stops_list_mail_and_nothing_else(office: PostOffice) -> None:
    """The office hears who it is, what the server said and whom to call; surveys go on, and he stays a member."""
    told = suspended(office)
    assert told.to == OFFICE
    for word in (YAMADA, "長野市 情報政策課 山田太郎", "情報セキュリティ部会", "5.1.1", f"鈴木一郎 {SUZUKI}"):
        assert word in told.text
    assert receivers(office) == {SUZUKI, SATO}
    assert YAMADA in office.open_survey()
    with office.database.read() as connection:
        assert lists.is_member(connection, "security", YAMADA)


def test_the_office_hears_which_surveys_may_not_have_arrived(office: PostOffice) -> None:
    """A survey is never lost in silence."""
    office.open_survey()
    assert f"　{SURVEY.key}" in suspended(office).text


def test_a_probe_that_does_not_come_back_has_arrived(office: PostOffice) -> None:
    """After seven days everything is forgotten."""
    asked(office)
    office.pass_time(7 * DAY)
    look(office)
    assert state(office) is None


def test_a_reply_to_the_probe_brings_his_mail_back(office: PostOffice) -> None:
    """Also after it had stopped, and whatever he writes."""
    probe = asked(office)
    come_back(office, probe)
    office.copies()
    assert office.reply(probe, "届いています。").state == "answered"
    assert state(office) is None
    assert "配信を再開しました" in office.only_copy("member_answer").text
    assert YAMADA in receivers(office)


def test_somebody_elses_reply_to_the_probe_does_not(office: PostOffice) -> None:
    """Nor a machine's."""
    probe = asked(office)
    come_back(office, probe)
    assert office.reply(probe, "届いています。", SATO).state == "rejected"
    note = office.mail(YAMADA, "x", "不在です", "自動応答", Auto_Submitted="auto-replied")
    office.hand_in(note, office.reply_address(probe))
    assert state(office) == "suspended"


def test_the_command_brings_his_mail_back(office: PostOffice) -> None:
    """「再開」, as after a leave."""
    suspended(office)
    vouched = {"Authentication-Results": "mx.example.jp; dmarc=pass header.from=city.nagano.lg.jp"}
    to = "security-request@ml.example.jp"
    office.hand_in(office.mail(YAMADA, to, "再開", **vouched), to)
    assert state(office) is None


def test_the_office_brings_it_back_by_reply(office: PostOffice) -> None:
    """To the report itself; a second time there is nothing to bring back."""
    told = suspended(office)
    assert office.command(told, f"再開 {YAMADA}").state == "answered"
    assert state(office) is None
    answer = office.only_copy("office_answer")
    assert f"{YAMADA} への配信を再開しました。" in answer.text
    office.command(answer, f"再開 {YAMADA}")
    assert "このところ何も" in office.only_copy("office_answer").text


@pytest.mark.parametrize(("word", "after"), [("pass", None), ("none", "suspended")])
def test_a_mail_that_is_vouched_for_brings_his_mail_back(
    office: PostOffice, word: str, after: str | None
) -> None:
    """Whatever it is about; a From alone does not."""
    suspended(office)
    stated = {"Authentication-Results": f"mx.example.jp; dmarc={word} header.from=city.nagano.lg.jp"}
    office.hand_in(
        office.mail(YAMADA, "security@ml.example.jp", **stated), "security@ml.example.jp", mail_from=YAMADA
    )
    assert state(office) == after


def test_what_our_relay_refuses_weighs_as_a_bounce(office: PostOffice) -> None:
    """At once by 5xx for this recipient; a copy that was given up weighs a quarter."""
    refused, given_up = post(office), post(office, SATO)
    with office.database.write() as connection:
        for copy, outcome, words in (
            (refused, "failed", "550 5.1.1 User unknown"),
            (given_up, "expired", "connection refused"),
        ):
            connection.execute(
                update(delivery)
                .where(delivery.c.id == copy.id)
                .values(state=outcome, reply=words, settled_at=microseconds(office.now))
            )
    look(office)
    look(office)
    assert (score(office, YAMADA), score(office, SATO)) == (1, 0.25)


def test_a_mailing_that_fails_as_a_whole_blames_nobody(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more than a third comes back, the fault is ours."""
    monkeypatch.setattr("mailbot.flows.members.weigh_failure.FEWEST", 1)
    come_back(office, post(office))
    come_back(office, post(office, SATO))
    assert state(office) is state(office, SATO) is None


def test_an_address_that_is_reached_for_long_is_forgotten(office: PostOffice) -> None:
    """Two weeks without a bounce, and a copy that left a week ago and stayed away."""
    come_back(office, post(office))
    office.pass_time(15 * DAY)
    look(office)
    assert state(office) == "watched"  # nothing was sent since
    copy = post(office)
    with office.database.write() as connection:
        connection.execute(
            update(delivery)
            .where(delivery.c.id == copy.id)
            .values(state="sent", settled_at=microseconds(office.now))
        )
    office.pass_time(8 * DAY)
    look(office)
    assert state(office) is None


def test_a_new_address_begins_anew(office: PostOffice) -> None:
    """What came back from the old one says nothing of it."""
    suspended(office)
    with office.database.write() as connection:
        move = Move(YAMADA, "yamada@city.nagano.example.jp", None, YAMADA)
        change_address(connection, office.site, move, office.now)
    assert "yamada@city.nagano.example.jp" in receivers(office)
    assert state(office) is None


def test_the_office_gets_a_list_each_monday(office: PostOffice) -> None:
    """Once, while there is anything to show."""
    come_back(office, post(office))  # a Thursday
    for _ in range(10):
        office.pass_time(DAY)
        look(office)
        look(office)
    (told,) = office.copies("bounce_summary")
    assert told.to == OFFICE
    assert "メールが届きにくいアドレス 1件" in told["Subject"]
    assert f"{YAMADA} 長野市" in told.text


def test_a_survey_counts_its_lost_invitations_as_before(office: PostOffice) -> None:
    """Weighing changes nothing of what `undeliverable` means."""
    invitation = office.open_survey()[YAMADA]
    come_back(office, invitation)
    with office.database.read() as connection:
        assert bounces.undeliverable(connection, SURVEY.key) == {NAGANO}
