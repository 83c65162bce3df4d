"""A magazine by mail: the draft, its preview, the second person's word, the time, the way back, and back numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.flows.bulletins.ask_bulletin import ask_bulletin
from mailbot.flows.bulletins.send_bulletin import send_bulletin
from mailbot.flows.runs.keep_up import keep_up
from mailbot.flows.runs.run_due import run_due
from mailbot.store.mail.inbox import InboxEntry
from tests.flows.bulletins.test_send_bulletin import BODY, ISSUE, apply, stands
from tests.flows.post_office import OFFICE, SATO, TOKYO, YAMADA, Copy, PostOffice

EDITOR = "dayori-editor@ml.example.jp"
MORI, HAYASHI = "mori@example.jp", "hayashi@example.jp"
BOOKED = "配信: 6/22 10:00\n\n"


@pytest.fixture
def two(office: PostOffice) -> PostOffice:
    """An office of two persons, with a magazine."""
    office.site = replace(office.site, desk=(MORI, HAYASHI))
    apply(office)
    return office


def draft(
    office: PostOffice,
    text: str = BODY,
    author: str = MORI,
    subject: str = "メルマガ原稿 M26-06 6月号",
    **own: str,
) -> InboxEntry:
    """Mail a draft in, vouched for."""
    domain = author.partition("@")[2]
    stated = f"Authentication-Results: mx.example.jp; dmarc=pass header.from={domain}\r\n"
    return office.hand_in(stated.encode() + office.mail(author, EDITOR, text, subject, **own), EDITOR)


def flat(copy: Copy) -> str:
    """Return a mail's text in one line, as it was before it was wrapped."""
    return re.sub(r"\r?\n\u3000*", "", copy.text)


def by_kind(office: PostOffice) -> dict[str, list[Copy]]:
    """Return what was queued since, by kind."""
    found: dict[str, list[Copy]] = {}
    for copy in office.copies():
        found.setdefault(copy.kind, []).append(copy)
    return found


def test_a_draft_is_approved_by_a_second_person(two: PostOffice) -> None:
    """Its editor sees it as it will arrive, the other one is asked, and on 承認 it goes out after the minutes to undo."""
    assert draft(two).state == "answered"
    asked, shown = by_kind(two)["bulletin_draft"]
    assert (asked.to, shown.to) == (HAYASHI, MORI)
    assert asked["Subject"] == "【承認のお願い】6月号 [M26-06]"
    assert shown["Subject"] == "【原稿の確認】6月号 [M26-06]"
    for copy in (asked, shown):
        assert "■ 年末のごあいさつ" in copy.text
        assert "【協議会だより 第1号】6月号" in copy.text
        assert "送り先　　3通" in copy.text
        assert SATO in copy.text
    two.command(asked, "承認")
    found = by_kind(two)
    assert [copy.to for copy in found["office_answer"]] == [HAYASHI]
    assert "10:10から3通お送りします" in flat(found["office_answer"][0])
    assert [copy.to for copy in found["bulletin_settled"]] == [MORI]
    assert len(found["bulletin"]) == 3
    assert stands(two).state == "sent"
    two.command(shown, "配信中止 M26-06")
    assert "1通も出ていません" in flat(two.copies("office_answer")[0])
    assert stands(two).state == "cancelled"


def test_it_goes_out_at_the_time_that_the_draft_names(two: PostOffice) -> None:
    """Not before it is approved; then by plan, and the editor hears how many it was."""
    draft(two, BOOKED + BODY)
    asked = by_kind(two)["bulletin_draft"][0]
    assert "2026年6月22日（月）10時00分" in asked.text
    assert "　6月号\r\n　2026年6月22日（月）\r\n" in asked.text  # as it will arrive
    two.command(asked, "承認")
    assert "bulletin" not in by_kind(two)
    monday = datetime(2026, 6, 22, 10, 0, tzinfo=TOKYO)
    assert run_due(two.database, two.site, monday) == 1
    found = by_kind(two)
    assert len(found["bulletin"]) == 3
    (told,) = found["bulletin_sent"]
    assert told.to == MORI
    two.now = monday
    two.command(told, "状況 M26-06")
    assert "これから3通" in flat(two.copies("office_answer")[0])


def test_without_approval_it_stays(two: PostOffice) -> None:
    """At its time the office is told; the word that comes later sends it."""
    draft(two, BOOKED + BODY)
    asked = by_kind(two)["bulletin_draft"][0]
    two.now = datetime(2026, 6, 22, 10, 0, tzinfo=TOKYO)
    two.look()
    (report,) = by_kind(two)["office_report"]
    assert f"{HAYASHI} の承認がまだのため、お送りしておりません。" in flat(report)
    two.pass_time(timedelta(hours=1))
    two.command(asked, "承認")
    assert len(by_kind(two)["bulletin"]) == 3


def test_nobody_approves_his_own(two: PostOffice) -> None:
    """Nor what has changed since he was asked; a return goes to the editor with its reason."""
    draft(two)
    asked, shown = by_kind(two)["bulletin_draft"]
    two.command(shown, "承認")
    assert "承認をお願いするメールではありません" in flat(two.copies("office_answer")[0])
    draft(two, BODY + "\n追記です。")
    newer, _ = by_kind(two)["bulletin_draft"]
    two.command(asked, "承認")
    assert "原稿が変わった" in flat(two.copies("office_answer")[0])
    two.command(newer, "差戻し 日付を確かめてください")
    found = by_kind(two)
    assert "日付を確かめてください" in found["bulletin_settled"][0].text
    assert "件名を「メルマガ原稿 M26-06 6月号」とし" in flat(found["bulletin_settled"][0])
    assert stands(two).state == "draft"
    with two.database.write() as connection, pytest.raises(Refusal, match="waits for the 承認"):
        send_bulletin(connection, two.site, "M26-06", two.now, by="command line")


def test_one_clerk_approves_what_he_has_seen(office: PostOffice) -> None:
    """Where the office is one person, his own word after the preview is enough."""
    apply(office)
    draft(office, author=OFFICE)
    copy = office.only_copy("bulletin_draft")
    assert copy["Subject"] == "【原稿の確認】6月号 [M26-06]"
    assert "「承認」とご返信ください" in copy.text
    office.command(copy, "承認")
    assert len(by_kind(office)["bulletin"]) == 3


@pytest.mark.parametrize(
    ("text", "subject", "why"),
    [
        ("12月3日（金）に開きます", "メルマガ原稿 6月号", "1行目　12月3日(金)とありますが"),
        ("一\n![図](https://example.jp/a.png)", "メルマガ原稿 6月号", "2行目　画像は"),
        (
            "配信: 6/22 10:00\n\n12月3日（金）に開きます",
            "メルマガ原稿 6月号",
            "3行目　12月3日(金)とありますが",
        ),
        ("<b>太字</b>", "メルマガ原稿 6月号", "HTML は使えません"),
        ("本文", "メルマガ原稿", "件名に題名がありません"),
        ("-- \n署名", "メルマガ原稿 6月号", "本文がありません"),
        ("配信: 6/17 10:00\n本文", "メルマガ原稿 6月号", "「配信」の日時を読み取れませんでした"),
    ],
)
def test_a_draft_that_cannot_go_out_comes_back(two: PostOffice, text: str, subject: str, why: str) -> None:
    """With each place and what to write instead; nothing is stored, nobody is asked."""
    draft(two, text, subject=subject)
    copy = two.only_copy("bulletin_refused")
    assert copy.to == MORI
    assert why in flat(copy)


def test_an_issue_that_went_out_is_not_written_over(two: PostOffice) -> None:
    """Nor is a survey's key taken."""
    draft(two)
    asked = by_kind(two)["bulletin_draft"][0]
    two.command(asked, "承認")
    two.copies()
    draft(two, BODY + "追記")
    assert "M26-06 は、もうお送りした号の番号です" in two.only_copy("bulletin_refused").text
    two.open_survey()
    two.copies()
    draft(two, subject="メルマガ原稿 S26-014 6月号")
    assert "調査か行事の番号です" in two.only_copy("bulletin_refused").text


def test_only_the_office_writes_it(two: PostOffice) -> None:
    """A stranger's draft waits for a person, and so does one that nothing vouches for; a machine's is put aside."""
    assert draft(two, author=YAMADA).state == "held"
    assert two.hand_in(two.mail(MORI, EDITOR, BODY, "メルマガ原稿 6月号"), EDITOR).state == "held"
    assert draft(two, Auto_Submitted="auto-generated").state == "discarded"
    assert "bulletin_draft" not in by_kind(two)


def test_the_desk_moves_and_tries(two: PostOffice) -> None:
    """試し送り to named addresses, 配信 at another time, which needs a new word; a time that is past is refused."""
    draft(two)
    asked, shown = by_kind(two)["bulletin_draft"]
    two.command(shown, f"試し送り M26-06 {SATO}\n配信 M26-06 6/23 9:00")
    found = by_kind(two)
    assert [copy.to for copy in found["bulletin_trial"]] == [SATO]
    assert [copy.to for copy in found["bulletin_draft"]] == [HAYASHI, MORI]
    assert stands(two).bulletin.sends == datetime(2026, 6, 23, 9, 0, tzinfo=TOKYO)
    two.command(asked, "承認")
    assert "原稿が変わった" in flat(two.copies("office_answer")[0])
    two.command(found["bulletin_draft"][1], "配信 M26-06 6/17 9:00")
    assert "過ぎています" in flat(two.copies("office_answer")[0])


def test_a_file_that_names_approvers_waits_for_them(two: PostOffice) -> None:
    """Somebody outside the office may be one; his word does that and nothing else."""
    apply(two, replace(ISSUE, approvers=(YAMADA,)))
    with two.database.write() as connection:
        assert ask_bulletin(connection, two.site, ISSUE.key, two.now, by="command line") == (YAMADA,)
    asked = two.only_copy("bulletin_draft")
    two.command(asked, "配信中止 M26-06")
    assert "「承認」と「差戻し 理由」だけです" in flat(two.copies("office_answer")[0])
    with two.database.write() as connection:
        ask_bulletin(connection, two.site, ISSUE.key, two.now, by="command line")
    two.command(two.only_copy("bulletin_draft"), "承認")
    two.copies()
    assert run_due(two.database, two.site, datetime(2026, 6, 19, 10, 0, tzinfo=TOKYO)) == 1
    assert len(by_kind(two)["bulletin"]) == 4


def test_a_question_that_nobody_answers_is_given_up(two: PostOffice) -> None:
    """After seven days; both hear of it."""
    draft(two)
    two.copies()
    two.pass_time(timedelta(days=7, minutes=1))
    keep_up(two.database, two.site, two.now)
    assert {copy.to for copy in two.copies("bulletin_settled")} == {MORI, HAYASHI}


def test_a_reader_asks_for_back_numbers(two: PostOffice) -> None:
    """By the number of the issue; 目次 shows them all."""
    apply(two, ISSUE, Bulletin("M26-07", "7月号", BODY, list="dayori", number=12, audience=(Selector(),)))
    for key in (ISSUE.key, "M26-07"):
        with two.database.write() as connection:
            send_bulletin(connection, two.site, key, two.now, by="command line")
    two.copies()
    robot = "dayori-request@ml.example.jp"
    two.write(SATO, robot, "バックナンバー")
    assert "【協議会だより 第12号】7月号" in two.copies("member_answer")[0].text
    two.write(SATO, robot, "バックナンバー 第12号")
    (sent,) = two.copies("old_posts")
    assert "第12号" in sent.text
    two.write(SATO, robot, "バックナンバー 5")
    assert "第5号" in two.copies("member_answer")[0].text
