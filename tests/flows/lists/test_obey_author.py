"""The author's own word about his post: who must confirm it, a guard before a very large broadcast, minutes to cancel it in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mailbot.core.lists.mailing_list import Filter
from mailbot.core.members.audience import Selector
from mailbot.flows.lists.stop_list import start_list, stop_list
from mailbot.flows.rehearse import rehearse
from mailbot.store.mail.inbox import InboxEntry
from mailbot.store.tables import delivery, mailing, microseconds
from tests.flows.lists.test_decide_post import pass_time, set_posting
from tests.flows.post_office import KAIGI, SATO, SECURITY, STRANGER, SUZUKI, TANAKA, YAMADA, Copy, PostOffice

CONFIRM = replace(SECURITY, author="confirm")
GUARDED = replace(KAIGI, guard=3)
UNDO = replace(KAIGI, undo_minutes=5)
SHORT = "了解しました\n\n山田 さんは書きました:\n> 点検のお願いです。\n"


def confirm(office: PostOffice, author: str = YAMADA) -> tuple[InboxEntry, Copy]:
    """Post to a list whose authors confirm their posts; returns the post and the question."""
    office.apply(CONFIRM)
    held = office.post(author)
    assert held.state == "held"
    return held, office.only_copy("ask_author")


def short_reply(office: PostOffice) -> tuple[InboxEntry, Copy]:
    """Post a short reply to a list of more members than its guard lets pass."""
    office.apply(GUARDED)
    held = office.post(YAMADA, "kaigi@ml.example.jp", text=SHORT, In_Reply_To="<1@x.jp>")
    assert held.state == "held"
    return held, office.only_copy("ask_author")


def test_a_post_that_its_author_confirms(office: PostOffice) -> None:
    """Only then it goes out, and neither the office nor a moderator is troubled; the question is in its thread (RFC 3834)."""
    office.apply(CONFIRM)
    held = office.post(YAMADA, Message_ID="<mine@nagano>")
    question = office.only_copy("ask_author")
    assert question.to == YAMADA
    assert (question["Auto-Submitted"], question["In-Reply-To"]) == ("auto-replied", "<mine@nagano>")
    assert office.reply(question, "はい").state == "answered"
    assert office.state(held.id) == "posted"
    assert [copy.kind for copy in office.copies()] == ["post"] * 3
    assert office.reply(question, "取消").state == "discarded"
    assert "もう済んでいます" in office.only_copy("author_told").text


@pytest.mark.parametrize("text", ["", "ただいま席を外しております。", "はい\n取消"])
def test_what_confirms_nothing(office: PostOffice, text: str) -> None:
    """An untouched reply, prose, both words: a forged post must not be let out by a machine that quotes our question."""
    held, question = confirm(office)
    office.reply(question, text)
    assert office.state(held.id) == "held"
    assert "「はい」" in office.only_copy("author_told").text


def test_who_may_not_confirm(office: PostOffice) -> None:
    """A colleague, a stranger, a machine, one whose domain disowns the mail."""
    held, question = confirm(office)
    to = office.reply_address(question)
    assert office.reply(question, "はい", SUZUKI).state == "rejected"
    assert office.reply(question, "はい", STRANGER).state == "rejected"
    assert office.hand_in(
        b"Auto-Submitted: auto-replied\r\n" + office.reply_mail(question, "はい"), to
    ).state == ("discarded")
    forged = b"Authentication-Results: mx.example.jp; dmarc=fail header.from=city.nagano.lg.jp\r\n"
    assert office.hand_in(forged + office.reply_mail(question, "はい"), to).state == "rejected"
    assert office.state(held.id) == "held"
    assert office.copies() == []


def test_a_post_that_its_author_does_not_confirm(office: PostOffice) -> None:
    """取消 drops it at once, silence after a week; nobody is mailed about the latter."""
    held, question = confirm(office)
    office.reply(question, "取消")
    assert office.state(held.id) == "discarded"
    assert "取りやめました" in office.only_copy("author_told").text
    other, _ = confirm(office)
    assert pass_time(office, timedelta(days=7)) == 1
    assert office.state(other.id) == "discarded"
    assert office.copies() == []


def test_nobody_is_bombed_with_questions(office: PostOffice) -> None:
    """Three a day; what else comes in his name waits for a moderator (I30)."""
    office.apply(CONFIRM)
    for _ in range(4):
        assert office.post(YAMADA).state == "held"
    kinds = [copy.kind for copy in office.copies()]
    assert kinds.count("ask_author") == 3
    assert kinds.count("office_held") == 1


def test_what_is_confirmed_may_still_wait_for_a_moderator(office: PostOffice) -> None:
    """The rules behind the author's word hold; the list's moderators are asked then."""
    office.apply(replace(CONFIRM, moderated="yes", moderators=(SATO,)))
    held = office.post(YAMADA)
    office.reply(office.only_copy("ask_author"), "はい")
    assert office.state(held.id) == "held"
    copies = office.copies()
    assert [copy.to for copy in copies if copy.kind == "moderate_post"] == [SATO]
    assert [copy.to for copy in copies if copy.kind == "post_held"] == [YAMADA]
    office.reply(next(copy for copy in copies if copy.kind == "moderate_post"), "承認")
    assert office.state(held.id) == "posted"


def test_a_short_reply_to_very_many(office: PostOffice) -> None:
    """Its author is asked, with the figure; his はい sends it to all, his silence to nobody."""
    held, question = short_reply(office)
    assert "5名の全員に届きます" in question.said
    office.reply(question, "はい")
    assert office.state(held.id) == "posted"
    assert len(office.copies("post")) == 5
    other = office.post(YAMADA, "kaigi@ml.example.jp", text=SHORT, In_Reply_To="<1@x.jp>")
    office.copies()
    assert pass_time(office, timedelta(days=1)) == 1
    assert office.state(other.id) == "discarded"
    assert office.copies() == []


def test_a_post_to_several_large_lists(office: PostOffice) -> None:
    """Each large one asks; a small one does not."""
    office.apply(GUARDED)
    both = "kaigi@ml.example.jp, security@ml.example.jp"
    raw = office.mail(YAMADA, both)
    assert office.hand_in(raw, "kaigi@ml.example.jp").state == "held"
    assert "2つのリスト" in office.only_copy("ask_author").text
    assert office.hand_in(raw, "security@ml.example.jp").state == "posted"


@pytest.mark.parametrize(
    ("text", "fields", "guard"),
    [
        ("点検のお願い", {}, 3),
        (SHORT, {}, 3),
        (SHORT, {"In_Reply_To": "<1@x.jp>"}, 0),
        (SHORT, {"In_Reply_To": "<1@x.jp>"}, 5),
    ],
)
def test_what_the_guard_lets_pass(office: PostOffice, text: str, fields: dict[str, str], guard: int) -> None:
    """No reply; no guard; no more members than it lets pass."""
    office.apply(replace(KAIGI, guard=guard))
    assert office.post(YAMADA, "kaigi@ml.example.jp", text=text, **fields).state == "posted"


def test_minutes_in_which_the_author_may_cancel(office: PostOffice) -> None:
    """Before any copy leaves he hears when it will; 取消 drops it, and nobody gets it."""
    office.apply(UNDO)
    held = office.post(YAMADA, "kaigi@ml.example.jp")
    assert held.state == "held"
    receipt = office.only_copy("post_waiting")
    assert "5名" in receipt.text
    assert office.reply(receipt, "取消してください").state == "answered"
    assert "読み取れませんでした" in office.only_copy("author_told").text
    office.reply(receipt, "取消")
    assert office.state(held.id) == "discarded"
    office.copies()
    assert pass_time(office, timedelta(minutes=6)) == 0
    assert office.copies() == []


def test_after_those_minutes_it_goes_out_by_itself(office: PostOffice) -> None:
    """Once, as the next post; 取消 comes too late then."""
    office.apply(replace(UNDO, receipts=True))
    held = office.post(YAMADA, "kaigi@ml.example.jp")
    receipt = office.only_copy("post_waiting")
    assert pass_time(office, timedelta(minutes=4)) == 0
    assert pass_time(office, timedelta(minutes=1)) == 1
    assert pass_time(office, timedelta(minutes=1)) == 0
    copies = office.copies()
    assert len([copy for copy in copies if copy.kind == "post"]) == 5
    assert [copy.to for copy in copies if copy.kind == "post_accepted"] == [YAMADA]
    assert office.state(held.id) == "posted"
    office.reply(receipt, "取消")
    assert "もう済んでいます" in office.only_copy("author_told").text


def test_a_crash_between_the_end_of_those_minutes_and_the_copies(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is kept: the post waits on and goes out once."""
    office.apply(UNDO)
    held = office.post(YAMADA, "kaigi@ml.example.jp")
    office.copies()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("power")

    with monkeypatch.context() as patch:
        patch.setattr("mailbot.flows.lists.release_post.inbox.change", broken)
        with pytest.raises(RuntimeError):
            pass_time(office, timedelta(minutes=5))
    assert office.state(held.id) == "held"
    assert office.copies() == []
    assert pass_time(office, timedelta(0)) == 1
    assert len(office.copies("post")) == 5


def test_a_receipt(office: PostOffice) -> None:
    """Where the list gives them: number and how many. Else the author's own copy is enough."""
    office.post(YAMADA)
    assert {copy.kind for copy in office.copies()} == {"post"}
    office.apply(replace(SECURITY, receipts=True))
    office.post(YAMADA)
    (receipt,) = [copy for copy in office.copies() if copy.kind == "post_accepted"]
    assert "投稿2" in receipt["Subject"]
    assert "3名" in receipt.text


LOOKED_AT = {
    "nobody looks": ("", 5),
    "he wrote it": ("dmarc=pass header.from=city.nagano.lg.jp", 5),
    "nothing proves him": ("spf=none; dmarc=none", 3),
    "another's domain": ("dmarc=pass header.from=evil.test; dkim=pass header.d=evil.test", 3),
}


@pytest.mark.parametrize("found", LOOKED_AT)
@pytest.mark.parametrize("kind", ["post_accepted", "post_waiting"])
def test_whoever_takes_his_name_brings_him_three_mails_a_day(
    office: PostOffice, found: str, kind: str
) -> None:
    """Where senders are looked at; else he hears of each post that went out in his name, within the limit of all answers."""
    results, mails = LOOKED_AT[found]
    office.apply(
        replace(SECURITY, receipts=kind == "post_accepted", undo_minutes=5 * (kind == "post_waiting"))
    )
    for number in range(6):
        fields = {"Authentication_Results": f"mx.example.jp; {results}"} if results else {}
        office.post(YAMADA, subject=f"{number}", text=f"本文{number}", **fields)
    assert len([copy for copy in office.copies(kind) if copy.to == YAMADA]) == mails


def test_who_wants_no_receipts_gets_none(office: PostOffice) -> None:
    """配信通知 不要 ends them for him alone, 要 brings them back; a post that was held is told of all the same."""
    office.apply(replace(SECURITY, receipts=True))
    office.write(YAMADA, "security-request@ml.example.jp", "配信通知 不要")
    office.copies()
    for author in (YAMADA, SATO):
        office.post(author)
    assert [copy.to for copy in office.copies("post_accepted")] == [SATO]
    office.write(YAMADA, "security-request@ml.example.jp", "配信通知 要")
    office.post(YAMADA)
    assert [copy.to for copy in office.copies("post_accepted")] == [YAMADA]
    office.apply(SECURITY)
    office.write(YAMADA, "security-request@ml.example.jp", "配信通知 不要")
    assert "お送りしておりません" in office.only_copy("member_answer").said


# --- rules of lists ------------------------------------------------------------------------------------------------


def test_a_list_that_looks_at_everything(office: PostOffice) -> None:
    """`moderated: yes` holds every post but of those who were trusted."""
    office.apply(replace(SECURITY, moderated="yes"))
    assert office.post(YAMADA).state == "held"
    set_posting(office, YAMADA, "accept")
    assert office.post(YAMADA).state == "posted"


def test_a_list_that_looks_at_newcomers(office: PostOffice) -> None:
    """`moderated: new` holds each author's posts until one has gone out."""
    office.apply(replace(SECURITY, moderated="new", moderators=(SATO,)))
    assert office.post(YAMADA).state == "held"
    assert office.post(YAMADA).state == "held"
    office.reply(office.copies("moderate_post")[0], "承認")
    assert office.post(YAMADA).state == "posted"
    assert office.post(SUZUKI).state == "held"


def test_members_of_another_list_may_post(office: PostOffice) -> None:
    """`posters: {lists: [security]}` lets the members of that list post, members of this one or not."""
    office.apply(
        replace(KAIGI, name="kanji", title="幹事会", preset="closed", members=Selector(emails=(SATO,)))
    )
    assert office.post(SUZUKI, "kanji@ml.example.jp").state == "rejected"
    office.apply(
        replace(
            KAIGI,
            name="kanji",
            title="幹事会",
            preset="closed",
            members=Selector(emails=(SATO,)),
            posters=Selector(lists=("security",)),
        )
    )
    assert office.post(SUZUKI, "kanji@ml.example.jp").state == "posted"
    assert office.post(TANAKA, "kanji@ml.example.jp").state == "rejected"


@pytest.mark.parametrize(
    ("then", "became"), [("hold", "held"), ("reject", "rejected"), ("discard", "discarded")]
)
def test_a_filter_of_a_list(office: PostOffice, then: str, became: str) -> None:
    """The words of a field decide, whatever their case and width."""
    one = Filter("Subject", "[広告] Sale", then, "宣伝はお受けしておりません。")  # type: ignore[arg-type]
    office.apply(replace(SECURITY, filters=(one,)))
    entry = office.post(YAMADA, subject="Fw: [広告] ＳＡＬＥ")
    assert (entry.state, entry.reason) == (became, "宣伝はお受けしておりません。")
    assert office.post(YAMADA, subject="広告について").state == "posted"


def test_what_the_spam_filter_marks(office: PostOffice) -> None:
    """It is held where `spam_score` is configured, and not looked at else."""
    assert office.post(YAMADA, X_Spam_Status="Yes, score=9.1").state == "posted"
    office.site = replace(office.site, spam_score=6.0)
    assert office.post(YAMADA, X_Spam_Score="6.5").state == "held"


# --- emergency -----------------------------------------------------------------------------------------------------


def test_a_stopped_list(office: PostOffice) -> None:
    """Whatever arrives is held, what has not left rests; after the start it leaves once, and the held posts still wait."""
    office.post(YAMADA)
    with office.database.write() as connection:
        said = stop_list(connection, "security", "office", office.now)
    assert "3 copies" in said
    assert due(office) == 0
    assert office.apply(SECURITY) == ()  # a stop outlives what is applied
    held = office.post(YAMADA)
    assert held.state == "held"
    assert "いま止めています" in held.reason
    assert office.post(STRANGER, "kaigi@ml.example.jp").reason != held.reason
    with office.database.write() as connection:
        assert "3 copies leave now" in start_list(connection, "security", "office", office.now)
    office.apply(SECURITY)
    assert due(office) == 3
    assert office.post(YAMADA).state == "posted"
    assert office.state(held.id) == "held"


def test_copies_that_never_leave(office: PostOffice) -> None:
    """`lists stop --withdraw`, also after a plain stop: they are withdrawn for good."""
    office.post(YAMADA)
    with office.database.write() as connection:
        stop_list(connection, "security", "office", office.now)
    with office.database.write() as connection:
        assert "3 copies that had not left never will" in stop_list(
            connection, "security", "office", office.now, withdraw=True
        )
    assert {copy.state for copy in office.all_copies() if copy.kind == "post"} == {"withdrawn"}


def test_a_stop_in_the_definition(office: PostOffice) -> None:
    """`stopped: yes` does the same for what arrives; a post that waits for the clock waits for a moderator then."""
    office.apply(UNDO)
    held = office.post(YAMADA, "kaigi@ml.example.jp")
    office.apply(replace(UNDO, stopped=True))
    office.copies()
    assert pass_time(office, timedelta(minutes=5)) == 1
    assert office.state(held.id) == "held"
    assert [copy.kind for copy in office.copies() if copy.to == office.site.office] == ["office_held"]
    assert office.post(TANAKA, "kaigi@ml.example.jp").state == "held"


def due(office: PostOffice) -> int:
    """Return how many copies of posts a sender would take now."""
    query = select(func.count()).select_from(delivery.join(mailing))
    query = query.where(
        mailing.c.kind == "post", delivery.c.state == "pending", delivery.c.due_at <= microseconds(office.now)
    )
    with office.database.read() as connection:
        return connection.execute(query).scalar_one()


def test_a_rehearsal_shows_what_the_author_will_be_asked(office: PostOffice) -> None:
    """Every rule stands there with its result."""
    office.apply(CONFIRM)
    raw = office.mail(YAMADA, "security@ml.example.jp")
    with office.database.read() as connection:
        shown = rehearse(connection, office.site, raw, "security@ml.example.jp", None, office.now)
    assert shown.outcome.startswith("ask: ")
    assert [name for name, _ in shown.rules][-4:] == ["author-policy", "moderated", "target", "guard"]
