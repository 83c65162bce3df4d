"""Moderation by reply: who was asked decides, once, in the mail that he was sent; the others and the author hear of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailbot.core.lists.membership import Membership
from mailbot.flows.lists.expire_held import expire_held
from mailbot.flows.office.settle_held import settle_held
from mailbot.store.lists import held_posts, lists, memberships
from mailbot.store.mail.inbox import InboxEntry
from tests.flows.post_office import KAIGI, SATO, SECURITY, STRANGER, SUZUKI, TANAKA, YAMADA, Copy, PostOffice

MODERATED = replace(SECURITY, moderators=(YAMADA, SATO), reasons=("重複のため。", "話題から外れるため。"))


def hold(office: PostOffice, author: str = STRANGER, **own: str) -> tuple[InboxEntry, dict[str, Copy]]:
    """Let a post to a moderated list be held; returns it and the mail to each moderator."""
    office.apply(MODERATED)
    held = office.post(author, **own)
    assert held.state == "held"
    return held, {copy.to: copy for copy in office.copies("moderate_post")}


def set_posting(office: PostOffice, author: str, posting: str, name: str = "security") -> None:
    """Decide what becomes of an author's posts, as `mailbot lists set` does."""
    with office.database.write() as connection:
        one = replace(memberships.load(connection, name, author), posting=posting)  # type: ignore[arg-type]
        memberships.save(connection, one)
        lists.refresh_every(connection, author)


def membership(office: PostOffice, author: str) -> Membership:
    """Return what was decided about an author on the list."""
    with office.database.read() as connection:
        return memberships.load(connection, "security", author)


def pass_time(office: PostOffice, span: timedelta) -> int:
    """Let time go by, and what it makes due."""
    office.pass_time(span)
    with office.database.write() as connection:
        return expire_held(connection, office.site, office.now)


def test_each_moderator_is_asked_with_what_he_needs(office: PostOffice) -> None:
    """Who wrote what, why it waits, how it begins, what is attached, which words decide, until when; the office is not."""
    held, asked = hold(office, text="承認\n点検の手順を送ります。", subject="手順書")
    assert set(asked) == {YAMADA, SATO}
    text = asked[YAMADA].text
    for words in (
        f"U-{held.id:04d}",
        STRANGER,
        "手順書",
        "差出人のアドレスが名簿にありません。",
        "｜点検の手順を送ります。",
        "「却下2」　話題から外れるため。",
        "7月2日",
    ):
        assert words in text
    assert asked[YAMADA]["Reply-To"] != asked[SATO]["Reply-To"]
    assert asked[YAMADA].mail_from == ""


def test_approved_by_reply(office: PostOffice) -> None:
    """It goes out as the next post, and every moderator hears by whom."""
    held, asked = hold(office)
    assert office.reply(asked[YAMADA], "承認").state == "answered"
    assert office.state(held.id) == "posted"
    copies = office.copies()
    assert sorted(copy.to for copy in copies if copy.kind == "post") == sorted([YAMADA, SUZUKI, SATO])
    told = {copy.to: copy.said for copy in copies if copy.kind == "moderator_told"}
    assert set(told) == {YAMADA, SATO}
    assert f"{YAMADA}が" in told[SATO]
    assert "投稿1として3名に配信しました" in told[SATO]
    assert not membership(office, STRANGER).posting


def test_approved_and_trusted(office: PostOffice) -> None:
    """The author's next post goes out by itself; he becomes no member by it."""
    _, asked = hold(office)
    office.reply(asked[YAMADA], "承認して以後も")
    assert membership(office, STRANGER).posting == "accept"
    assert office.post(STRANGER).state == "posted"
    with office.database.read() as connection:
        assert not lists.is_member(connection, "security", STRANGER)
    assert office.post(
        STRANGER, Authentication_Results="mx.example.jp; dmarc=fail header.from=evil.test"
    ).state == ("held")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("却下 添付を外してください。", "添付を外してください。"),
        ("却下2", "話題から外れるため。"),
        ("却下", "担当の判断により"),
    ],
)
def test_refused_by_reply(office: PostOffice, words: str, reason: str) -> None:
    """The author gets the reason: the moderator's own, one of the list's by its number, or a plain one."""
    held, asked = hold(office)
    office.reply(asked[SATO], words)
    assert office.state(held.id) == "rejected"
    copies = office.copies()
    (refusal,) = [copy for copy in copies if copy.kind == "post_rejected"]
    assert refusal.to == STRANGER
    assert reason in refusal.text
    assert {copy.to for copy in copies if copy.kind == "moderator_told"} == {YAMADA, SATO}


def test_discarded_by_reply(office: PostOffice) -> None:
    """Its author hears nothing."""
    held, asked = hold(office)
    office.reply(asked[SATO], "破棄")
    assert office.state(held.id) == "discarded"
    assert {copy.kind for copy in office.copies()} == {"moderator_told"}


def test_claimed(office: PostOffice) -> None:
    """The others hear who will decide; the post waits on, and the same mail decides."""
    held, asked = hold(office)
    office.reply(asked[SATO], "引き受け")
    told = office.copies("moderator_told")
    assert {copy.to for copy in told} == {YAMADA, SATO}
    assert "判断を引き受けました" in told[0].said
    assert office.state(held.id) == "held"
    office.reply(asked[SATO], "承認")
    assert office.state(held.id) == "posted"


def test_the_first_word_decides(office: PostOffice) -> None:
    """The second moderator is told that it is settled; nothing goes out twice."""
    held, asked = hold(office)
    office.reply(asked[YAMADA], "承認")
    office.copies()
    assert office.reply(asked[SATO], "破棄").state == "discarded"
    assert office.state(held.id) == "posted"
    told = office.only_copy("moderator_told")
    assert told.to == SATO
    assert "もう済んでいます" in told.said


def test_a_word_is_not_said_twice(office: PostOffice) -> None:
    """The same mail again does nothing; another one with the same address says that it is settled."""
    held, asked = hold(office)
    raw, to = office.reply_mail(asked[YAMADA], "承認"), office.reply_address(asked[YAMADA])
    office.hand_in(raw, to)
    office.copies()
    assert office.hand_in(raw, to).reason == "the same mail was read before"
    assert office.copies() == []
    office.reply(asked[YAMADA], "破棄")
    assert [copy.kind for copy in office.copies()] == ["moderator_told"]
    assert office.state(held.id) == "posted"


@pytest.mark.parametrize("author", [STRANGER, SATO, TANAKA])
def test_somebody_elses_reply_is_refused(office: PostOffice, author: str) -> None:
    """The address belongs to the moderator who was sent it, not even to the other one."""
    held, asked = hold(office)
    assert office.reply(asked[YAMADA], "承認", author).state == "rejected"
    assert office.state(held.id) == "held"
    assert office.copies() == []
    assert office.reply(asked[YAMADA], "承認").state == "answered"


def test_a_forged_moderator_is_refused(office: PostOffice) -> None:
    """His From with his own token, disowned by his domain, decides nothing; without a token there is no way at all."""
    held, asked = hold(office)
    forged = b"Authentication-Results: mx.example.jp; dmarc=fail header.from=city.nagano.lg.jp\r\n"
    raw = forged + office.reply_mail(asked[YAMADA], "承認")
    assert office.hand_in(raw, office.reply_address(asked[YAMADA])).state == "rejected"
    office.post(YAMADA, "security-owner@ml.example.jp", text=f"U-{held.id:04d} 承認")
    office.post(YAMADA, "security-request@ml.example.jp", text=f"U-{held.id:04d} 承認")
    assert office.state(held.id) == "held"


def test_a_token_of_another_kind_decides_nothing(office: PostOffice) -> None:
    """A word that was asked for something else, or for another post, decides nothing about this one."""
    other, asked_before = hold(office)
    held, asked = hold(office)
    assert office.reply(asked_before[YAMADA], "承認").state == "answered"
    assert office.state(other.id) == "posted"
    assert office.state(held.id) == "held"
    office.post(TANAKA, "kaigi-request@ml.example.jp", text="退会")
    question = next(copy for copy in office.copies() if copy.kind == "confirm_commands")
    office.reply(question, "承認")
    assert office.state(held.id) == "held"
    assert asked


@pytest.mark.parametrize("text", ["", "承知しました、あとで見ます。", "承認\n破棄", "却下9"])
def test_what_cannot_be_read_decides_nothing(office: PostOffice, text: str) -> None:
    """An untouched reply, prose, two words: he is told how to say it, and the same mail still decides."""
    held, asked = hold(office)
    office.reply(asked[YAMADA], text)
    assert office.state(held.id) == "held"
    assert "読み取れませんでした" in office.only_copy("moderator_told").said
    office.reply(asked[YAMADA], "承認")
    assert office.state(held.id) == "posted"


def test_a_machine_decides_nothing(office: PostOffice) -> None:
    """A vacation note, with the very word in it, is put aside without an answer."""
    held, asked = hold(office)
    to = office.reply_address(asked[YAMADA])
    raw = b"Auto-Submitted: auto-replied\r\n" + office.reply_mail(asked[YAMADA], "承認")
    assert office.hand_in(raw, to).state == "discarded"
    raw = office.mail(YAMADA, to, "承認", "自動応答: 不在にしております")
    assert office.hand_in(raw, to).state == "discarded"
    assert office.state(held.id) == "held"
    assert office.copies() == []


def test_a_mail_that_says_two_things_decides_nothing(office: PostOffice) -> None:
    """Its HTML says 承認 and its text 破棄 (promises.md attack 9)."""
    held, asked = hold(office)
    text = (
        "--x\nContent-Type: text/plain; charset=utf-8\n\n破棄\n"
        "--x\nContent-Type: text/html; charset=utf-8\n\n<p>承認</p>\n--x--\n"
    )
    to = office.reply_address(asked[YAMADA])
    office.hand_in(office.mail(YAMADA, to, text, Content_Type="multipart/alternative; boundary=x"), to)
    assert office.state(held.id) == "held"


def test_a_registered_author_hears_that_his_post_waits_and_how_it_ended(office: PostOffice) -> None:
    """Held, with the reason; then the number that it went out under."""
    office.apply(MODERATED)
    set_posting(office, SUZUKI, "hold")
    held = office.post(SUZUKI)
    copies = office.copies()
    (told,) = [copy for copy in copies if copy.kind == "post_held"]
    assert told.to == SUZUKI
    assert "配信の前に担当が確認する" in told.said
    (asked, _) = [copy for copy in copies if copy.kind == "moderate_post"]
    office.reply(asked, "承認")
    (told,) = [copy for copy in office.copies() if copy.kind == "post_accepted"]
    assert told.to == SUZUKI
    assert "投稿1" in told["Subject"]
    assert office.state(held.id) == "posted"


@pytest.mark.parametrize(
    ("posting", "became"), [("reject", "rejected"), ("discard", "discarded"), ("accept", "posted")]
)
def test_what_was_decided_about_a_member(office: PostOffice, posting: str, became: str) -> None:
    """`lists set LIST ADDRESS --posting` decides about his posts."""
    set_posting(office, SUZUKI, posting)
    assert office.post(SUZUKI).state == became


def test_reminded_and_given_up(office: PostOffice) -> None:
    """Three days before the end the moderators get it again, with fresh words; then its author hears that it is over."""
    office.apply(MODERATED)
    set_posting(office, SUZUKI, "hold")
    held = office.post(SUZUKI)
    first = office.copies("moderate_post")
    assert pass_time(office, timedelta(days=10, hours=23)) == 0
    assert pass_time(office, timedelta(hours=1)) == 1
    again = office.copies("moderate_post")
    assert {copy.to for copy in again} == {YAMADA, SATO}
    assert "まもなく期限" in again[0]["Subject"]
    assert pass_time(office, timedelta(days=2, hours=23)) == 0
    assert pass_time(office, timedelta(hours=1)) == 1
    copies = office.copies()
    assert [copy.to for copy in copies if copy.kind == "post_rejected"] == [SUZUKI]
    assert {copy.to for copy in copies if copy.kind == "moderator_told"} == {YAMADA, SATO}
    assert office.state(held.id) == "rejected"
    for copy in (first[0], again[0]):
        office.reply(copy, "承認")
    assert office.state(held.id) == "rejected"
    assert office.copies("post") == []


def test_a_stranger_is_not_told_that_nobody_decided(office: PostOffice) -> None:
    """His post is put aside in silence: his From may be anybody's (promises.md I14)."""
    held, _ = hold(office)
    pass_time(office, timedelta(days=14))
    assert office.state(held.id) == "discarded"
    assert not [copy for copy in office.copies() if copy.to == STRANGER]


def test_where_nobody_moderates_the_office_does(office: PostOffice) -> None:
    """It is told as ever, may trust the author or choose a reason by its number, and is reminded."""
    held = [office.post(STRANGER) for _ in range(2)]
    first, second = office.copies("office_held")
    assert "7月2日" in first.said
    office.command(first, f"U-{held[0].id:04d} 採用 以後も")
    assert membership(office, STRANGER).posting == "accept"
    office.copies()
    office.command(second, f"U-{held[1].id:04d} 返送 2")
    (told,) = office.copies("post_rejected")
    assert "すでに同じ内容の投稿" in told.said
    held.append(office.post("other@evil.test", "kaigi@ml.example.jp"))
    office.copies()
    assert pass_time(office, timedelta(days=11)) == 1
    assert [copy.to for copy in office.copies("office_held")] == [office.site.office]
    assert pass_time(office, timedelta(days=3)) == 1
    assert office.state(held[2].id) == "discarded"


def test_decided_at_the_terminal(office: PostOffice) -> None:
    """The moderators hear of it, and their mails decide nothing any more."""
    held, asked = hold(office)
    with office.database.write() as connection:
        settle_held(connection, office.site, held.id, "accept", "", office.now)
        assert held_posts.load(connection, held.id) is None
    told = [copy for copy in office.copies() if copy.kind == "moderator_told"]
    assert {copy.to for copy in told} == {YAMADA, SATO}
    assert "事務局 が" in told[0].text
    assert office.reply(asked[YAMADA], "承認").state == "discarded"


def test_a_decision_and_its_copies_are_one(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks behind the decision takes it back whole: no number is used, nothing goes out, it waits on."""
    held, asked = hold(office)
    copies = office.copies()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr("mailbot.flows.office.settle_held.tell_decision", broken)
        assert office.reply(asked[YAMADA], "承認").state == "quarantined"
    assert copies == []
    assert office.state(held.id) == "held"
    assert office.copies("post") == []
    office.reply(asked[SATO], "承認")
    assert "[security:00001]" in office.copies("post")[0]["Subject"]


def test_a_flood_ends_at_the_office(office: PostOffice) -> None:
    """A moderator gets at most thirty an hour; what he was not asked about, the office is."""
    office.apply(replace(KAIGI, moderators=(YAMADA,)))
    for _ in range(31):
        office.post(STRANGER, "kaigi@ml.example.jp")
    kinds = [copy.kind for copy in office.copies()]
    assert kinds.count("moderate_post") == 30
    assert kinds.count("office_held") == 1
