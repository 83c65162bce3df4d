"""Old posts by mail: to members alone, each as its author wrote it, bounded in number, size and mails a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from mailbot.core.lists import old_posts
from tests.flows.post_office import (
    KAIGI,
    KAIGI_REQUEST,
    SATO,
    SECURITY,
    SECURITY_REQUEST,
    STRANGER,
    SUZUKI,
    TANAKA,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)


def attached(copy: Copy) -> list[EmailMessage]:
    """Return the posts that a mail brings."""
    found = [part.get_payload(0) for part in copy.mail.walk() if part.get_content_type() == "message/rfc822"]
    return [post for post in found if isinstance(post, EmailMessage)]


def ask(
    office: PostOffice, text: str, author: str = SATO, to: str = SECURITY_REQUEST
) -> tuple[str, Copy | None]:
    """Write a command; returns the answer without blanks, and the mail of posts if there is one."""
    office.copies()
    office.write(author, to, text)
    copies = {copy.kind: copy for copy in office.copies()}
    return copies["member_answer"].said, copies.get("old_posts")


def test_a_post_comes_as_its_author_wrote_it(office: PostOffice) -> None:
    """From, text and Message-ID are his; number and Reply-To the list's; traces and passwords are gone."""
    raw = office.mail(
        f"Taro <{YAMADA}>",
        "security@ml.example.jp",
        "災害対策",
        "Re: 点検",
        Received="from pc1.city.nagano.lg.jp by mx",
        Approved="himitsu",
        Disposition_Notification_To=YAMADA,
    )
    office.hand_in(raw, "security@ml.example.jp")
    answer, copy = ask(office, "過去記事 1")
    assert "「情報セキュリティ部会」の投稿1件（1）を、別のメールでお送りします。" in answer
    assert copy is not None
    assert (copy.to, copy.mail_from, copy["Auto-Submitted"]) == (SATO, "", "auto-generated")
    assert "1　2026/06/18　山田太郎（長野市）　Re: 点検" in copy.text
    (post,) = attached(copy)
    assert post["From"] == f"Taro <{YAMADA}>"
    assert post["Subject"] == "[security:00001] Re: 点検"
    assert (post["Reply-To"], post["X-Mail-Count"]) == ("security@ml.example.jp", "00001")
    assert post.get_content() == "災害対策\r\n"
    assert not {"Received", "Approved", "Disposition-Notification-To", "List-Unsubscribe"} & set(post.keys())


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("過去記事 2-3", [2, 3]),
        ("過去記事 3-2", [2, 3]),
        ("get last:2", [3, 4]),
        ("過去記事 最新2件", [3, 4]),
        ("過去記事 4-900", [4]),
        ("話題 3", [1, 3]),
        ("thread 1", [1, 3]),
        ("過去記事 5", None),
        ("話題 9", None),
    ],
)
def test_which_posts_come(office: PostOffice, text: str, numbers: list[int] | None) -> None:
    """A number, a range, the newest, or a whole thread; what is not there is said."""
    office.post(YAMADA, Message_ID="<first@x>")
    office.post(SUZUKI, subject="別の件")
    office.post(SUZUKI, In_Reply_To="<first@x>")
    office.post(SATO, subject="三つ目")
    answer, copy = ask(office, text)
    if numbers is None:
        assert copy is None
        assert "番の投稿はありません" in answer
    else:
        assert copy is not None
        assert [int(post["X-Mail-Count"]) for post in attached(copy)] == numbers


def test_an_address_asks_for_posts(office: PostOffice) -> None:
    """Mail to security-get+1@ or security-get+1-2@, whatever it says, asks for these."""
    office.post(YAMADA)
    office.post(SUZUKI, subject="別の件")
    office.copies()
    for address, count in (("security-get+2@ml.example.jp", 1), ("security-get+1-2@ml.example.jp", 2)):
        assert office.write(SATO, address, "").state == "answered"
        (copy,) = office.copies("old_posts")
        assert len(attached(copy)) == count


def test_what_does_not_fit_is_named(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """One mail has so many posts and bytes; the answer says how to ask for the rest."""
    monkeypatch.setattr(old_posts, "MOST_POSTS", 2)
    for number in range(4):
        office.post(YAMADA, subject=f"その{number}件目")
    answer, copy = ask(office, "過去記事 1-4")
    assert copy is not None
    assert len(attached(copy)) == 2
    assert "続きは「過去記事3-4」" in answer
    monkeypatch.setattr(old_posts, "MOST_BYTES", 10)
    _, copy = ask(office, "過去記事 2-4")
    assert copy is not None
    assert len(attached(copy)) == 1


def test_only_members_get_posts(office: PostOffice) -> None:
    """Who does not belong to the list gets neither posts nor what they are about; nor does a stranger any answer."""
    office.post(YAMADA)
    for text in ("過去記事 1", "目次", "検索 点検", "話題 1"):
        answer, copy = ask(office, text, TANAKA)
        assert copy is None
        assert "入会されていません" in answer
    office.copies()
    assert office.write(STRANGER, SECURITY_REQUEST, "過去記事 1", proved=False).state == "held"
    assert not office.copies("old_posts")


def test_a_list_without_an_archive_says_so(office: PostOffice) -> None:
    """`archive: no` gives nothing out, also of what was kept before."""
    office.post(YAMADA)
    office.apply(replace(SECURITY, archive=False), KAIGI)
    for text in ("過去記事 1", "目次", "検索 点検"):
        answer, copy = ask(office, text)
        assert copy is None
        assert "過去の投稿を残しておりません" in answer


def test_nobody_is_flooded_with_posts(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many mails of posts go to one address in a day; without proof of the sender only three."""
    monkeypatch.setattr("mailbot.flows.lists.send_posts.MAILS_PER_DAY", 2)
    office.post(YAMADA)
    office.copies()
    office.write(SATO, SECURITY_REQUEST, "過去記事 1\n過去記事 1\n過去記事 1")
    copies = office.copies()
    assert sum(copy.kind == "old_posts" for copy in copies) == 2
    assert "1日に2通まで" in copies[-1].said
    for number in range(6):
        office.write(SUZUKI, SECURITY_REQUEST, "過去記事 1", proved=False, Message_ID=f"<f{number}@x>")
    assert sum(copy.kind == "old_posts" for copy in office.copies()) <= 3


@pytest.mark.parametrize("charset", ["iso-2022-jp", "cp932", "utf-8"])
def test_a_post_keeps_its_bytes(office: PostOffice, charset: str) -> None:
    """Whatever its charset and however long its lines, what is attached reads as it was written."""
    text = "髙い①本\n" if charset == "cp932" else "災害の対策\n"
    head = office.mail(YAMADA, "security@ml.example.jp", "", Content_Type=f"text/plain; charset={charset}")
    office.hand_in(head + text.encode(charset).replace(b"\n", b"\r\n"), "security@ml.example.jp")
    _, copy = ask(office, "過去記事 1")
    assert copy is not None
    (post,) = attached(copy)
    assert text.encode(charset).strip() in post.get_payload(decode=True)


# --- what there is -----------------------------------------------------------------------------------------------


def test_the_newest_posts_are_listed(office: PostOffice) -> None:
    """Number, date, author and subject, newest first, and how to read one."""
    assert "まだ投稿がありません" in ask(office, "目次")[0]
    office.post(YAMADA)
    office.post(SATO, subject="Re: 点検のお願い")
    answer, _ = ask(office, "index")
    assert "22026/06/18佐藤花子（松本市）Re:点検のお願い12026/06/18" in answer
    assert "「過去記事2」のように" in answer


def test_words_are_searched(office: PostOffice) -> None:
    """By the rules of the command line; a year behind them limits it, the line in which they are is shown."""
    office.post(YAMADA, text="お世話になります。\n災害対策の標準化です。")
    office.post(SATO, text="なにもありません。", subject="別の件")
    for text in ("検索 災害", "search 標準化 2026", "検索 災害 標準化"):
        answer, _ = ask(office, text)
        assert "で1件の投稿が見つかりました。12026/06/18山田太郎" in answer
        assert "災害対策の標準化です。" in answer
        office.pass_time(timedelta(hours=1))
    assert "見つかりませんでした" in ask(office, "検索 災害 2025")[0]
    assert "探す言葉がありません" in ask(office, "検索 ！？")[0]


def test_all_own_lists_are_searched_at_once(office: PostOffice) -> None:
    """Written to the robot, a search goes through every list that he belongs to, and no other."""
    office.post(YAMADA, text="災害その一")
    office.post(YAMADA, "kaigi@ml.example.jp", text="災害その二")
    answer, _ = ask(office, "検索 災害", to="robot@ml.example.jp")
    assert "[security]1" in answer
    assert "[kaigi]1" in answer
    answer, _ = ask(office, "検索 災害", TANAKA, "robot@ml.example.jp")
    assert "[security]1" not in answer
    assert "1件の投稿" in answer


def test_a_thread_is_muted_by_its_number(office: PostOffice) -> None:
    """「話題停止 1」 needs no mail of that thread to answer."""
    office.post(YAMADA, "kaigi@ml.example.jp", Message_ID="<first@x>")
    office.write(SATO, KAIGI_REQUEST, "話題停止 1")
    office.copies()
    office.post(TANAKA, "kaigi@ml.example.jp", References="<first@x>")
    assert SATO not in {copy.to for copy in office.copies("post")}
    assert "9番の投稿はありません" in ask(office, "話題停止 9", to=KAIGI_REQUEST)[0]


def test_in_english(office: PostOffice) -> None:
    """The same in English."""
    english = in_english(office)
    english.post(YAMADA, text="IT asset")
    answer, copy = ask(english, "get 1")
    assert copy is not None
    assert copy["Subject"] == "[security] 1 old post (1)"
    assert "1postsof情報セキュリティ部会(1)gotoyou" in answer
    assert '1postshold"IT"' in ask(english, "search IT")[0]
