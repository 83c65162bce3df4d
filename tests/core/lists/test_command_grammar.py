"""The grammar of members' commands: Japanese and English, as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from mailbot.core.lists.command_grammar import command_lines, read_command
from mailbot.core.lists.list_command import (
    AddAddress,
    Addresses,
    ChangeAddress,
    ChooseThread,
    Command,
    Confirm,
    Deliver,
    DropAddress,
    GetPosts,
    HandOver,
    Help,
    Index,
    Invite,
    JoinList,
    LeaveList,
    NotUnderstood,
    Off,
    On,
    OpenList,
    OwnCopies,
    PlainText,
    Receipts,
    SearchArchive,
    Status,
    Topic,
    Who,
)
from tests.drawing import given, st

TODAY = date(2026, 6, 18)
LISTS = frozenset({"security", "kaigi"})
JULY = date(2026, 7, 1), date(2026, 7, 20)
A, B = "a@city.example.jp", "b@city.example.jp"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ヘルプ", Help()),
        ("help", Help()),
        ("案内 kaigi", Help(guide=True, list="kaigi")),
        ("入会", JoinList()),
        ("subscribe security", JoinList("security")),
        ("subscribe Taro Yamada", JoinList()),
        ("入会希望します。", JoinList()),
        ("# bye", LeaveList()),
        ("退会", LeaveList()),
        ("「退会」", LeaveList()),
        ("退会します。", LeaveList()),
        ("退会したいです", LeaveList()),
        ("退会をお願いいたします", LeaveList()),
        ("登録解除", LeaveList()),
        ("停止してください。", Off()),
        ("ＢＹＥ　ｋａｉｇｉ", LeaveList("kaigi")),
        ("退会 kaigi@ml.example.jp", LeaveList("kaigi")),
        ("別アドレス", Addresses()),
        ("別アドレス一覧", Addresses()),
        ("addresses", Addresses()),
        (f"別アドレス追加 {A}", AddAddress(A)),
        (f"別アドレス 追加 <{A}>", AddAddress(A)),
        (f"アドレス追加　{A}　をお願いします", AddAddress(A)),
        (f"add-address {A}", AddAddress(A)),
        (f"別アドレス削除 {A}", DropAddress(A)),
        (f"別アドレス 停止 {A}", DropAddress(A)),
        (f"drop-address {A}", DropAddress(A)),
        ("別アドレス追加", NotUnderstood("further")),
        (f"別アドレス追加 {A} {B}", NotUnderstood("further")),
        ("別アドレス どうしたら", NotUnderstood("further")),
        ("グループ開設 anzen 情報安全の勉強会", OpenList("anzen", "情報安全の勉強会")),
        ("開設 Anzen 「情報 安全」 ", OpenList("anzen", "情報 安全")),
        ("open-group safety Safety first", OpenList("safety", "Safety first")),
        ("グループ開設 security 部会", OpenList("security", "部会")),  # the name is judged elsewhere
        ("グループ開設 anzen 題\u202eらか", NotUnderstood("open")),
        (f"招待 {A}", Invite((A,))),
        (f"招待 security {A}、<{B}>", Invite((A, B), "security")),
        (f"invite {A} {A}", Invite((A,))),
        ("停止", Off()),
        ("停止 7/1から7/20まで", Off(*JULY)),
        ("停止7月1日〜7月20日", Off(*JULY)),
        ("停止 令和8年7月1日から令和8年7月20日まで", Off(*JULY)),
        ("配信停止 7/1(水) 7/20(月)", Off(*JULY)),
        ("off 2026-07-01 2026-07-20", Off(*JULY)),
        ("off 7/1 to 7/20 security", Off(*JULY, "security")),
        ("停止 7/20まで", Off(None, JULY[1])),
        ("停止 7/1から", Off(JULY[0])),
        ("停止 1/5まで", NotUnderstood("year")),
        ("再開", On()),
        ("on kaigi", On("kaigi")),
        ("通常", Deliver("each")),
        ("まとめ送り", Deliver("digest")),
        ("digest plain", Deliver("digest-plain")),
        ("set digest", Deliver("digest")),
        ("set digest mime", Deliver("digest")),
        ("set digest plain", Deliver("digest-plain")),
        ("set digest off", Deliver("each")),
        ("SET security DIGESTPLAIN", Deliver("digest-plain", "security")),
        ("SET security NOMAIL", Off(list="security")),
        ("set nomail off", On()),
        ("set delivery off", Off()),
        ("set delivery on", On()),
        ("set myposts off", OwnCopies(wanted=False)),
        ("set ack on", Receipts(wanted=True)),
        ("set summary", Deliver("notices")),
        *(
            (line, NotUnderstood())
            for line in ("set", "set digest perhaps", "set delivery", "set nomail 7/1")
        ),
        ("まとめ送り 毎週", Deliver("digest", weekly=True)),
        ("digest plain week", Deliver("digest-plain", weekly=True)),
        ("通知のみ 毎週", Deliver("notices", weekly=True)),
        ("テキスト", PlainText(wanted=True)),
        ("plain off", PlainText(wanted=False)),
        ("話題123", Topic(123)),
        ("digest off", Deliver("each")),
        ("通知のみ", Deliver("notices")),
        ("自分の投稿 不要", OwnCopies(wanted=False)),
        ("配信通知 不要", Receipts(wanted=False)),
        ("receipts yes kaigi", Receipts(wanted=True, list="kaigi")),
        ("配信通知", NotUnderstood()),
        ("own yes", OwnCopies(wanted=True)),
        (f"アドレス変更 {A} {B}", ChangeAddress(A, B)),
        (f"アドレス変更 {A} から {B}", ChangeAddress(A, B)),
        (f"chaddr <{B}>", ChangeAddress("", B)),
        ("chaddr kaigi@ml.example.jp", ChangeAddress("", "kaigi@ml.example.jp")),
        (f"後任 {B} 鈴木 一郎 様", HandOver(B, "鈴木 一郎")),
        (f"successor {A} {B} Suzuki", HandOver(B, "Suzuki", A)),
        ("目次", Index()),
        ("summary kaigi", Index("kaigi")),
        ("get 100-110", GetPosts(100, 110)),
        ("過去記事110〜100", GetPosts(100, 110)),
        ("get last:10 kaigi", GetPosts(0, 10, "kaigi")),
        ("検索 LGWAN 更新", SearchArchive("LGWAN 更新")),
        ("検索 security", SearchArchive("security")),
        ("名簿", Who()),
        ("状態", Status()),
        ("話題停止 123", ChooseThread("mute", 123)),
        ("follow", ChooseThread("follow", 0)),
        ("確認 0123456789abcdef", Confirm("0123456789abcdef")),
        ("停止 7/20から7/1まで", NotUnderstood("order")),
        ("停止 6/1から6/10まで", NotUnderstood("past")),
        ("停止 2/30から", NotUnderstood("no-such-day")),
        ("停止 7/1(月)から", NotUnderstood("weekday")),
        ("停止 来週から", NotUnderstood("date")),
        ("off 7/1 7/2 7/3", NotUnderstood("date")),
        ("アドレス変更", NotUnderstood("address")),
        ("chaddr x y", NotUnderstood("address")),
        (f"chaddr {A} {B} {A}", NotUnderstood("address")),
        ("後任 鈴木", NotUnderstood("successor")),
        ("get", NotUnderstood("number")),
        ("get 0", NotUnderstood("number")),
        ("検索", NotUnderstood("search")),
        ("確認", NotUnderstood("confirm")),
        ("確認しました。よろしく", NotUnderstood("unknown")),
        ("退会の方法を教えてください", NotUnderstood("unknown")),
        ("退会しません", NotUnderstood("unknown")),
        ("退会 zoo", NotUnderstood("unknown")),
        ("ヘルプデスクの山田です", NotUnderstood("unknown")),
        ("停止" + " " * 130, NotUnderstood("long")),
        ("", NotUnderstood("many")),
    ],
)
def test_a_line_is_a_command_whole_or_not_at_all(line: str, expected: Command | NotUnderstood) -> None:
    """Courtesies, widths, marks and the name of a list do not matter; what else stands beside it does."""
    assert read_command(line, LISTS, today=TODAY) == expected


def test_lines_of_a_mail() -> None:
    """Quotations, rules and blank lines are passed over; a signature and 終わり end it; at most one too many is read."""
    text = "\n> 退会\n-----\n状態\n\n  # help \n終わり\n退会"
    assert command_lines(text) == ("状態", "# help")
    assert command_lines("名簿\n-- \n退会") == ("名簿",)
    polite = (
        "お世話になります。長野市情報政策課です。\n情報政策課の山田です。\n退会\nよろしくお願いいたします。"
    )
    assert command_lines(polite) == ("退会",)
    assert command_lines("お世話になりますが退会は誰に頼めばよいですか") != ()
    assert len(command_lines("状態\n" * 500)) == 101


@given(st.text(max_size=140))
def test_any_line_is_read(line: str) -> None:
    """Whatever stands there, something is made of it."""
    read_command(line, LISTS, today=TODAY)
    command_lines(line)
