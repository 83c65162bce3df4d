"""Digests and notices: at their hour, once, each post to each reader once, whatever he changes in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailbot.core.lists import old_posts
from mailbot.core.lists.digest import begins_week
from mailbot.flows.members.set_member import set_member
from mailbot.flows.runs.keep_up import keep_up
from mailbot.folder.holidays import is_holiday
from mailbot.store.database import Database
from tests.flows.lists.test_send_posts import attached
from tests.flows.post_office import (
    KAIGI,
    KAIGI_REQUEST,
    SATO,
    SUZUKI,
    TAKAHASHI,
    TANAKA,
    TOKYO,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)

ROOM = "kaigi@ml.example.jp"
EVENING = datetime(2026, 6, 18, 17, 0, tzinfo=TOKYO)  # a Thursday


def choose(office: PostOffice, text: str, *authors: str) -> None:
    """Let members write a command, and pass over the answers."""
    for author in authors:
        office.write(author, KAIGI_REQUEST, text)
    office.copies()


def post(office: PostOffice, author: str = YAMADA, **own: str) -> None:
    """Post to the room."""
    office.post(author, ROOM, **own)


def at(office: PostOffice, moment: datetime) -> list[Copy]:
    """Let it become that time; returns the digests that go out then."""
    office.now = moment
    keep_up(office.database, office.site, moment)
    return [copy for copy in office.copies() if copy.kind in {"digest", "notices"}]


def numbers(copy: Copy) -> list[int]:
    """Return the numbers of the posts that a digest brings."""
    return [int(one["X-Mail-Count"]) for one in attached(copy)]


def test_a_digest_brings_the_posts_of_the_day(office: PostOffice) -> None:
    """One mailing for all its readers, from the list, with its way out; in it the posts as their authors wrote them."""
    choose(office, "まとめ送り", SATO, TANAKA)
    post(office)
    post(office, SUZUKI, subject="Re: 点検のお願い")
    assert {copy.to for copy in office.copies("post")} == {YAMADA, SUZUKI, TAKAHASHI}
    assert at(office, EVENING - timedelta(minutes=1)) == []
    copies = at(office, EVENING)
    assert [copy.to for copy in copies] == [SATO, TANAKA]
    copy = copies[0]
    assert copy["Subject"] == "【kaigi】まとめ送り 1-2（2件）"
    assert (copy["From"], copy.mail_from) == ("電子会議室 <kaigi@ml.example.jp>", "kaigi-bounces")
    assert (copy["Auto-Submitted"], copy["Precedence"]) == ("auto-generated", "list")
    assert "kaigi-leave+" in copy["List-Unsubscribe"]
    assert copy["X-Mail-Count"] == ""
    assert "1　2026/06/18　山田太郎（長野市）　点検のお願い" in copy.text
    assert copy.mail.get_payload(1).get_content_type() == "multipart/digest"  # type: ignore[union-attr]
    assert [(one["From"], one["X-Mail-Count"]) for one in attached(copy)] == [
        (YAMADA, "00001"),
        (SUZUKI, "00002"),
    ]


def test_a_digest_of_plain_text_and_notices(office: PostOffice) -> None:
    """One part, authors and files named; a notice shows the first line and how to get the post."""
    choose(office, "まとめ送り 本文のみ", SATO)
    choose(office, "通知のみ", TANAKA)
    post(office, text="一行目です。\n二行目です。")
    digest, notice = at(office, EVENING)
    assert (digest.to, notice.to, notice.kind) == (SATO, TANAKA, "notices")
    assert digest.mail.get_content_type() == notice.mail.get_content_type() == "text/plain"
    assert f"From: 山田太郎（長野市） <{YAMADA}>" in digest.text
    assert "一行目です。\n二行目です。" in digest.text.replace("\r", "")
    assert notice["Subject"] == "【kaigi】新しい投稿 1（1件）"
    assert "一行目です。" in notice.text
    assert "二行目です。" not in notice.text
    assert "「過去記事 1」" in notice.text


def test_a_digest_goes_out_once(office: PostOffice) -> None:
    """Nor is an empty one sent, nor one on a day off; what is late comes all the same."""
    choose(office, "まとめ送り", SATO)
    assert at(office, EVENING) == []
    post(office)
    assert at(office, EVENING + timedelta(hours=1)) == []  # after the day's digests
    friday = EVENING + timedelta(days=1, hours=5)  # the service was down at five
    assert [numbers(copy) for copy in at(office, friday)] == [[1]]
    assert at(office, friday) == []
    post(office)
    assert at(office, EVENING + timedelta(days=2)) == []  # a Saturday
    assert [numbers(copy) for copy in at(office, EVENING + timedelta(days=4))] == [[2]]


def test_a_weekly_digest_comes_on_the_first_business_day(office: PostOffice) -> None:
    """It brings the week; daily readers have theirs each day."""
    choose(office, "まとめ送り 毎週", SATO)
    choose(office, "digest day", TANAKA)
    post(office)
    assert [copy.to for copy in at(office, EVENING)] == [TANAKA]
    post(office)
    assert [copy.to for copy in at(office, EVENING + timedelta(days=1))] == [TANAKA]
    monday = at(office, EVENING + timedelta(days=4))
    assert [(copy.to, numbers(copy)) for copy in monday] == [(SATO, [1, 2])]
    tuesday_after_holiday = datetime(2026, 7, 21, tzinfo=TOKYO).date()  # Monday is 海の日
    assert begins_week(tuesday_after_holiday, is_holiday)
    assert not begins_week(tuesday_after_holiday + timedelta(days=1), is_holiday)
    assert not begins_week(tuesday_after_holiday - timedelta(days=1), is_holiday)


def test_a_change_of_mode_loses_nothing_and_sends_nothing_twice(office: PostOffice) -> None:
    """Back to each post, what has gathered comes at once; to digests, what came before is in none of them."""
    post(office)  # 1 comes by itself
    choose(office, "まとめ送り", SATO)
    post(office)  # 2 and 3 wait
    post(office)
    office.copies()
    office.write(SATO, KAIGI_REQUEST, "通常")
    last = [copy for copy in office.copies() if copy.kind == "digest"]
    assert [(copy.to, numbers(copy)) for copy in last] == [(SATO, [2, 3])]
    post(office)  # 4 by itself
    assert SATO in {copy.to for copy in office.copies("post")}
    choose(office, "まとめ送り 本文のみ", SATO)
    post(office)  # 5
    choose(office, "通知のみ", SATO)
    (notice,) = at(office, EVENING)
    assert notice["Subject"] == "【kaigi】新しい投稿 5（1件）"
    choose(office, "通常", SATO)
    assert at(office, EVENING + timedelta(days=1)) == []


def test_everything_together_comes_to_each_once(office: PostOffice) -> None:
    """However members change about while posts come, each post reaches each member exactly once."""
    words = ["まとめ送り", "通常", "まとめ送り 毎週", "通常", "まとめ送り 本文のみ", "まとめ送り", "通常"]
    office.now = datetime(2026, 6, 15, 9, 0, tzinfo=TOKYO)
    got: dict[str, list[int]] = {SATO: [], TANAKA: [], TAKAHASHI: []}

    def take() -> None:
        for copy in office.copies():
            if copy.to in got and copy.kind == "post":
                got[copy.to].append(int(copy["X-Mail-Count"]))
            elif copy.to in got and copy.kind == "digest":
                count = copy["Subject"].split("送り ")[1].split("（")[0]
                for piece in count.split(", "):
                    first, _, last = piece.partition("-")
                    got[copy.to] += range(int(first), int(last or first) + 1)

    for turn in range(35):
        post(office, subject=f"第{turn}回")
        office.write((SATO, TANAKA, TAKAHASHI)[turn % 3], KAIGI_REQUEST, words[(turn * 5) % 7])
        office.pass_time(timedelta(hours=7))
        keep_up(office.database, office.site, office.now)
        take()
    choose(office, "", SATO)
    for address in got:
        office.write(address, KAIGI_REQUEST, "通常")
        take()
    assert {address: sorted(found) for address, found in got.items()} == {
        address: list(range(1, 36)) for address in got
    }


def test_muted_threads_and_own_posts_are_left_out(office: PostOffice) -> None:
    """As they are of single posts; a thread that he follows comes post by post, and in no digest."""
    choose(office, "まとめ送り", SATO, TANAKA, TAKAHASHI)
    choose(office, "自分の投稿 不要", TAKAHASHI)
    post(office, Message_ID="<a@x>")
    choose(office, "話題停止 1", SATO)
    choose(office, "話題再開 1", TANAKA)
    post(office, TAKAHASHI, References="<a@x>", Message_ID="<b@x>")
    post(office, References="<b@x>", subject="Re: 点検のお願い")  # a gateway cut the first reference
    post(office, subject="別の件")
    assert TANAKA in {copy.to for copy in office.copies("post") if copy["X-Mail-Count"] == "00003"}
    found = {copy.to: numbers(copy) for copy in at(office, EVENING)}
    assert found == {SATO: [4], TANAKA: [1, 4], TAKAHASHI: [1, 3, 4]}


def test_who_is_away_gets_no_digest(office: PostOffice) -> None:
    """And no pile of them when he comes back."""
    choose(office, "まとめ送り\n停止 6/18から6/19まで", SATO)
    post(office)
    assert at(office, EVENING) == []
    assert at(office, EVENING + timedelta(days=1)) == []
    post(office)
    assert [numbers(copy) for copy in at(office, EVENING + timedelta(days=4))] == [[2]]


def test_a_large_digest_comes_in_several_mails(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says which it is of how many."""
    monkeypatch.setattr(old_posts, "MOST_POSTS", 2)
    choose(office, "まとめ送り", SATO)
    for _ in range(5):
        post(office)
    copies = at(office, EVENING)
    assert [numbers(copy) for copy in copies] == [[1, 2], [3, 4], [5]]
    assert copies[2]["Subject"] == "【kaigi】まとめ送り 5（1件） 3/3"


def test_a_list_without_an_archive_has_no_digests(office: PostOffice) -> None:
    """It says so; who had chosen them before gets each post."""
    choose(office, "まとめ送り", SATO)
    office.apply(replace(KAIGI, archive=False))
    office.copies()
    office.write(TANAKA, KAIGI_REQUEST, "まとめ送り")
    assert "過去の投稿を残しておりません" in office.only_copy("member_answer").said
    post(office)
    assert {SATO, TANAKA} <= {copy.to for copy in office.copies("post")}
    assert at(office, EVENING) == []


def test_both_databases_stop_posts_while_digests_are_made(database: Database, office: PostOffice) -> None:
    """The office sets a mode, too; weekly or not."""
    with database.write() as connection:
        said = set_member(connection, office.site, "kaigi", SATO, office.now, mode="notices", weekly=True)
    assert said.startswith(f"{SATO} on kaigi: mode notices (weekly), not off")
    post(office)
    assert at(office, EVENING) == []
    assert [copy.kind for copy in at(office, EVENING + timedelta(days=4))] == ["notices"]


def test_in_english(office: PostOffice) -> None:
    """The same in English."""
    english = in_english(office)
    english.write(SATO, KAIGI_REQUEST, "digest plain week")
    assert "indigestsofplaintextonceaweek." in english.copies()[-1].said
    english.post(YAMADA, ROOM)
    (copy,) = at(english, EVENING + timedelta(days=4))
    assert copy["Subject"] == "[kaigi] digest 1 (1)"
    assert "From: 山田太郎" in copy.text
