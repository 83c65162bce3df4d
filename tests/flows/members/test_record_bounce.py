"""A bounce is believed only at the return path that we signed, and says which copy failed, and whether for good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import update

from mailbot.core.members.register import Body, Contact, full_code
from mailbot.flows.members.watch_addresses import watch_addresses
from mailbot.store.members import bounces
from mailbot.store.surveys import ballots
from mailbot.store.tables import delivery, microseconds
from tests.flows.post_office import NAGANO, OFFICE, SURVEY, SUZUKI, YAMADA, Copy, PostOffice, dsn


def undeliverable(office: PostOffice) -> set[str]:
    """Return the bodies that could not be reached."""
    with office.database.read() as connection:
        return bounces.undeliverable(connection, SURVEY.key)


@pytest.mark.parametrize(
    ("report", "reason", "lost"),
    [
        (dsn("5.1.1"), f"permanent failure 5.1.1 of the copy for {YAMADA}", {NAGANO}),
        (dsn("4.2.2", "failed"), f"temporary failure 4.2.2 of the copy for {YAMADA}", set()),
        (dsn("4.4.1", "delayed"), f"the copy for {YAMADA} is late and tried again", set()),
    ],
)
def test_a_bounce_names_its_copy(
    office: PostOffice, invitation: Copy, report: bytes, reason: str, lost: set[str]
) -> None:
    """A permanent one makes the body undeliverable; nobody is answered."""
    entry = office.hand_in(report, office.return_path(invitation), mail_from="")
    assert (entry.state, entry.reason) == ("bounced", reason)
    assert undeliverable(office) == lost
    # The next contact gets the ballot of one that found nobody, and the office hears of it: test_pass_ballot.py.
    assert [copy.kind for copy in office.copies()] == (["invitation", "office_report"] if lost else [])


@pytest.mark.parametrize("spoil", ["0", "bounce+0000000000000000000", "kaigi-bounces"])
def test_a_forged_bounce_counts_for_nothing(office: PostOffice, invitation: Copy, spoil: str) -> None:
    """Without the right token a bounce is discarded (promises.md I15)."""
    local, _, domain = office.return_path(invitation).partition("@")
    to = f"{local[:-1]}{'z' if local[-1] != 'z' else 'y'}@{domain}" if spoil == "0" else f"{spoil}@{domain}"
    assert office.hand_in(dsn(), to, mail_from="").state == "discarded"
    assert undeliverable(office) == set()


def test_a_vacation_note_at_the_return_path_is_no_bounce(office: PostOffice, invitation: Copy) -> None:
    """RFC 3834 sends them there; they cost nobody anything."""
    note = office.mail(YAMADA, "x", "不在です。", "自動応答", Auto_Submitted="auto-replied")
    assert office.hand_in(note, office.return_path(invitation), mail_from="").state == "discarded"
    assert undeliverable(office) == set()


def test_a_person_who_writes_to_a_return_path_is_heard(office: PostOffice) -> None:
    """Without a token and with an author it is held for the office."""
    entry = office.post(YAMADA, "security-bounces@ml.example.jp")
    assert entry.state == "held"
    assert office.only_copy("office_held").to == OFFICE


def test_a_bounce_of_a_post_names_its_member(office: PostOffice) -> None:
    """Each copy of a post has a return path of its own (VERP)."""
    office.post(YAMADA)
    copy = office.copies("post")[1]
    assert copy.to in office.hand_in(dsn(), office.return_path(copy), mail_from="").reason


def test_a_bounce_does_not_cancel_a_vote(office: PostOffice, invitation: Copy) -> None:
    """What was counted stays counted (ballot.md section 13)."""
    office.reply(invitation, "Q1 1")
    office.hand_in(dsn(), office.return_path(invitation), mail_from="")
    assert office.stands()[NAGANO].row.status == "counted"


def test_a_vacation_note_at_the_return_path_says_until_when(office: PostOffice, invitation: Copy) -> None:
    """The reminder then goes to the deputy (ballot.md section 13)."""
    note = office.mail(YAMADA, "x", "6月25日まで不在です。", "自動応答", Auto_Submitted="auto-replied")
    office.hand_in(note, office.return_path(invitation), mail_from="")
    with office.database.read() as connection:
        own = [one for one in ballots.of_subject(connection, SURVEY.key) if one.address == YAMADA]
    assert [one.absent_until is not None for one in own] == [True]


def test_a_mailing_of_which_a_third_comes_back_is_stopped(office: PostOffice) -> None:
    """What has not left is withdrawn, and the office hears of it once (ballot.md section 13)."""
    bodies = [Body(full_code(f"{13101 + number}"), f"第{number}区", "ward", "東京都") for number in range(60)]
    contacts = [Contact(body.code, f"c{body.code}@example.com") for body in bodies]
    office.register(bodies, contacts)
    copies = list(office.open_survey().values())
    for copy in copies[:21]:
        office.hand_in(dsn(), office.return_path(copy), mail_from="")
    assert len(copies) == 64
    assert {copy.state for copy in office.all_copies() if copy.kind == "invitation"} == {"withdrawn"}
    stopped = "届かずに戻ってきたため、まだ出ていなかった64通は送らないことにしました。"
    reports = [
        copy for copy in office.copies("office_report") if stopped in "".join(copy.text.split())
    ]  # beside one for each body at whose address there is nobody
    assert [copy.to for copy in reports] == [OFFICE]


@pytest.mark.parametrize("left", [0, 30], ids=["all have left", "some wait"])
def test_a_mailing_of_which_a_third_is_refused_is_stopped(office: PostOffice, left: int) -> None:
    """So it is when our relay refuses them in the dialogue, and the office is told once, also where nothing waits any more."""
    bodies = [Body(full_code(f"{13101 + number}"), f"第{number}区", "ward", "東京都") for number in range(60)]
    office.register(bodies, [Contact(body.code, f"c{body.code}@example.com") for body in bodies])
    copies = list(office.open_survey().values())
    with office.database.write() as connection:
        connection.execute(update(delivery).values(state="sent", settled_at=microseconds(office.now)))
        for state, some in (("failed", copies[:25]), ("pending", copies[25 : 25 + left])):
            numbers = [copy.id for copy in some]
            changed = update(delivery).where(delivery.c.id.in_(numbers))
            connection.execute(changed.values(state=state, reply="550 5.1.1 unknown"))
    watch_addresses(office.database, office.site, office.now)
    watch_addresses(office.database, office.site, office.now)
    told = ["".join(copy.text.split()) for copy in office.copies("office_report")]
    words = f"まだ出ていなかった{left}通は送らないことにしました" if left else "止めたものはありません"
    assert sum("S26-014の発送" in text for text in told) == 1
    assert sum(words in text for text in told) == 1
    assert not [copy for copy in office.all_copies() if copy.kind == "invitation" and copy.state == "pending"]


def form(name: str) -> bytes:
    """Return one of our own mails of tests/bounces."""
    return (Path(__file__).resolve().parents[2] / "bounces" / f"{name}.eml").read_bytes()


def test_a_complaint_waits_for_the_office_and_counts_for_nothing(
    office: PostOffice, invitation: Copy
) -> None:
    """Somebody marked a mail as spam (RFC 5965): a person asks him, no machine stops his mail."""
    entry = office.hand_in(form("not-complaint"), office.return_path(invitation), mail_from="")
    assert entry.state == "held"
    assert YAMADA in entry.reason
    assert undeliverable(office) == set()
    assert office.only_copy("office_held").to == OFFICE


def test_what_a_person_writes_to_a_signed_return_path_waits_for_the_office(
    office: PostOffice, invitation: Copy
) -> None:
    """It is no bounce, whatever it says of one."""
    entry = office.hand_in(form("not-a-person"), office.return_path(invitation), mail_from=YAMADA)
    assert entry.state == "held"
    assert undeliverable(office) == set()


def test_a_report_of_success_is_no_failure(office: PostOffice, invitation: Copy) -> None:
    """A copy that arrived, or went on to a host that reports nothing, did not fail (RFC 3464 section 2.3.3)."""
    entry = office.hand_in(dsn("2.1.5", "relayed"), office.return_path(invitation), mail_from="")
    assert entry.state == "discarded"
    assert undeliverable(office) == set()


@pytest.mark.parametrize("name", ["not-vacation-ja", "not-vacation-retired", "not-read-receipt"])
def test_an_automatic_answer_counts_for_nothing(office: PostOffice, invitation: Copy, name: str) -> None:
    """Vacation notes, those of leavers and read receipts come to the return path, too (RFC 3834, RFC 8098)."""
    entry = office.hand_in(form(name), office.return_path(invitation), mail_from="")
    assert entry.state == "discarded"
    assert undeliverable(office) == set()


@pytest.mark.parametrize(
    "to", ["abuse@ml.example.jp", "postmaster@ml.example.jp", "security-bounces@ml.example.jp"]
)
@pytest.mark.parametrize("by", ["return path", "List-Unsubscribe"])
def test_a_complaint_names_its_member_by_our_token(office: PostOffice, to: str, by: str) -> None:
    """Wherever it is sent, and although the provider blacks him out; one that we did not make names nobody."""
    office.post(SUZUKI)
    copy = next(copy for copy in office.copies("post") if copy.to == YAMADA)
    own = (
        office.return_path(copy)
        if by == "return path"
        else re.findall(r"mailto:([^>]+)", copy["List-Unsubscribe"])[0]
    )
    report = (
        "From: fbl@provider.example.com\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nX-Path: <{own}>\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    )
    entry = office.hand_in(report.encode(), to, mail_from="")
    assert entry.state == "held"
    assert YAMADA in entry.reason
    told = office.only_copy("office_held").text
    assert ("お確かめになった後、済みとするときは" in told, "差出人のアドレスあて" in told) == (True, False)
    forged = report.replace(own.partition("@")[0][-3:] + "@", "000@")
    assert YAMADA not in office.hand_in(forged.encode(), to, mail_from="").reason
