"""Commands by mail: who may what, what needs proof, and who is never answered (promises.md I14, I28, I30)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from mailbot.core.lists.membership import Membership
from mailbot.core.mail.token import confirm_token
from mailbot.core.members.audience import Selector
from mailbot.store.lists import lists, memberships
from mailbot.store.sending import allowances
from mailbot.store.tables import confirmation
from tests.flows.post_office import (
    KAIGI,
    KAIGI_REQUEST,
    NEWS,
    SATO,
    SECURITY,
    SECURITY_REQUEST,
    STRANGER,
    TANAKA,
    TOKYO,
    YAMADA,
    PostOffice,
)


def receivers(office: PostOffice, to: str = "kaigi@ml.example.jp") -> set[str]:
    """Return to whom a post goes now."""
    office.copies()
    office.post(YAMADA, to)
    return {copy.to for copy in office.copies("post")}


# --- what is done -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("入会", "すでに入会されています"),
        ("退会", "「電子会議室」を退会されました。"),
        ("停止", "「再開」のお知らせがあるまでお止めします"),
        ("停止 7/1から7/20まで", "2026年7月1日（水）から2026年7月20日（月）までお止めします"),
        ("再開", "配信を再開しました"),
        ("通常", "1通ずつお届けします"),
        ("自分の投稿 不要", "お届けしません"),
        ("名簿", "事務局にお尋ねください"),
        ("案内", "名簿の方はどなたでも投稿できます"),
        ("状態", "松本市 佐藤花子"),
        ("ヘルプ", "【メールでできること】"),
        ("まとめ送り", "「電子会議室」の投稿を、平日ごとにまとめてお届けします。"),
        ("目次", "まだ投稿がありません"),
        ("話題停止", "その話題のメールへの返信でお送りください"),
        ("よろしく", "指示として読み取れませんでした"),
        ("停止 7/20から7/1まで", "終わりの日が、始まりの日より前です"),
        ("停止 2/30から", "その日付はありません"),
        ("停止 6/1から6/10まで", "終わりの日が、もう過ぎています"),
        ("退会 zoo", "指示として読み取れませんでした"),
        ("確認 0123456789abcdef", "もう使えません"),
        ("あ" * 130, "1行は128文字までです"),
    ],
)
def test_each_command_is_answered(office: PostOffice, text: str, words: str) -> None:
    """The answer says what was done, or why it was not."""
    assert office.write(SATO, KAIGI_REQUEST, text).state == "answered"
    copy = office.only_copy("member_answer")
    assert copy.to == SATO
    assert copy.says(words)
    assert (copy.mail_from, copy["Auto-Submitted"]) == ("", "auto-replied")
    assert copy["In-Reply-To"]


def test_lines_run_up_to_the_first_that_cannot(office: PostOffice) -> None:
    """What stands behind an unknown line is not done, and the answer lists both."""
    office.write(SATO, KAIGI_REQUEST, "自分の投稿 不要\nよくわかりません\n退会")
    answer = office.only_copy("member_answer")
    assert "1件を承り、2行は行っておりません" in answer["Subject"]
    assert "前の行を行えなかったため" in answer.said
    assert office.belongs("kaigi", SATO)
    assert not office.settings("kaigi", SATO).copies_own


def test_the_hundred_and_first_command_is_not_done(office: PostOffice) -> None:
    """A mail has at most a hundred commands."""
    office.write(SATO, KAIGI_REQUEST, "ヘルプ\n" * 100 + "退会\n")
    assert "100行まで" in office.only_copy("member_answer").said
    assert office.belongs("kaigi", SATO)


def test_a_signature_and_what_is_quoted_are_no_commands(office: PostOffice) -> None:
    """`-- `, 終わり and quotation marks end them; in fml's style a mark may stand in front."""
    office.write(SATO, KAIGI_REQUEST, "> 退会\n# status\n終わり\n退会\n-- \n退会")
    assert "1件を承りました" in office.only_copy("member_answer")["Subject"]
    assert office.belongs("kaigi", SATO)


def test_the_subject_speaks_when_the_body_does_not(office: PostOffice) -> None:
    """A mail with a command in its Subject and nothing below."""
    office.write(SATO, KAIGI_REQUEST, "", subject="退会")
    assert not office.belongs("kaigi", SATO)


def test_the_robot_is_told_which_list(office: PostOffice) -> None:
    """Of several lists one must be named; of one it is clear."""
    robot = "robot@ml.example.jp"
    office.write(SATO, robot, "退会")
    assert "リストの名前もお書きください" in office.only_copy("member_answer").said
    office.write(SATO, robot, "退会 kaigi@ml.example.jp")
    assert not office.belongs("kaigi", SATO)


def test_a_leave_of_absence_is_kept_to_the_day(office: PostOffice) -> None:
    """From the first day's beginning to the last day's end, on the association's clock."""
    office.write(SATO, KAIGI_REQUEST, "停止 7/1から7/20まで")
    for day, hour, away in ((30, 23, False), (31, 0, True), (50, 23, True), (51, 0, False)):
        office.now = datetime(2026, 5, 31, hour, 59 if hour else 0, tzinfo=TOKYO) + timedelta(days=day)
        assert (SATO not in receivers(office)) is away


def test_an_absence_that_has_not_begun_is_no_absence_yet(office: PostOffice) -> None:
    """The status says how his mail comes now, and from when it rests."""
    office.write(SATO, KAIGI_REQUEST, "まとめ送り\n停止 7/1から7/20まで\n状態")
    text = office.only_copy("member_answer").said
    assert "、2026年7月1日（水）から停止（2026年7月20日（月）まで）" in text
    assert "停止中" not in text
    office.now = datetime(2026, 7, 2, 9, tzinfo=TOKYO)
    office.write(SATO, KAIGI_REQUEST, "状態")
    assert "停止中（2026年7月20日（月）まで）" in office.only_copy("member_answer").said


def test_own_posts_stay_away_when_he_wants_none(office: PostOffice) -> None:
    """By default the author gets a copy."""
    assert YAMADA in receivers(office)
    office.write(YAMADA, KAIGI_REQUEST, "自分の投稿 不要")
    assert YAMADA not in receivers(office)


def test_who_shows_names_to_members_and_no_addresses(office: PostOffice) -> None:
    """On a closed list; nobody else hears who they are."""
    office.write(SATO, SECURITY_REQUEST, "名簿")
    text = office.only_copy("member_answer").text
    assert "長野市 情報政策課 山田太郎" in text
    assert YAMADA not in text
    office.write(TANAKA, SECURITY_REQUEST, "名簿")
    assert "入会されていません" in office.only_copy("member_answer").said


def test_a_thread_is_muted_by_writing_in_reply_to_it(office: PostOffice) -> None:
    """To the list's own address for that, or as a command; the other threads go on."""
    first = office.mail(YAMADA, "kaigi@ml.example.jp", Message_ID="<first@x>")
    office.hand_in(first, "kaigi@ml.example.jp")
    office.copies()
    office.write(SATO, "kaigi-mute@ml.example.jp", "", References="<first@x>", In_Reply_To="<first@x>")
    office.copies()
    office.post(TANAKA, "kaigi@ml.example.jp", References="<first@x>")
    assert SATO not in {copy.to for copy in office.copies("post")}
    office.post(TANAKA, "kaigi@ml.example.jp")
    assert SATO in {copy.to for copy in office.copies("post")}
    office.write(SATO, KAIGI_REQUEST, "話題再開", References="<first@x>")
    office.copies()
    office.post(TANAKA, "kaigi@ml.example.jp", References="<first@x>")
    assert SATO in {copy.to for copy in office.copies("post")}


# --- joining and leaving ------------------------------------------------------------------------------------------


def test_leaving_can_be_taken_back(office: PostOffice) -> None:
    """By 取消 in reply to the answer; and what he chose outlives an import and an apply."""
    office.write(SATO, "kaigi-leave@ml.example.jp", "お世話になりました。")
    office.apply(KAIGI)
    assert not office.belongs("kaigi", SATO)
    answer = office.only_copy("member_answer")
    assert "「取消」" in answer.said
    assert office.reply(answer, "取消").state == "answered"
    assert office.belongs("kaigi", SATO)
    assert "元に戻しました" in office.only_copy("member_answer").said


def test_a_duty_cannot_be_left_and_says_what_can_be_done(office: PostOffice) -> None:
    """A list of announcements offers its mail to rest."""
    office.write(SATO, "news-leave@ml.example.jp", "")
    assert "「停止7/1から7/20まで」" in office.only_copy("member_answer").said
    assert office.belongs("news", SATO)
    office.apply(replace(NEWS, leave=True))
    office.write(SATO, "news-leave@ml.example.jp", "")
    assert not office.belongs("news", SATO)


def test_every_copy_says_how_to_leave_and_it_works(office: PostOffice) -> None:
    """List-Unsubscribe: the token is the member's own proof, and holds after the members were counted anew (RFC 2369)."""
    office.post(YAMADA, "kaigi@ml.example.jp")
    copies = {copy.to: copy for copy in office.copies("post")}
    address = copies[SATO]["List-Unsubscribe"].strip("<>").removeprefix("mailto:")
    office.apply(KAIGI)
    assert office.write(SATO, address, "", proved=False).state == "answered"
    assert not office.belongs("kaigi", SATO)
    assert "「取消」" in office.only_copy("member_answer").said


def test_a_token_in_other_hands_only_asks(office: PostOffice) -> None:
    """Who forwards a post does not hand out his membership: the one who writes is asked about his own."""
    office.post(YAMADA, "kaigi@ml.example.jp")
    copies = {copy.to: copy for copy in office.copies("post")}
    address = copies[SATO]["List-Unsubscribe"].strip("<>").removeprefix("mailto:")
    office.write(TANAKA, address, "", proved=False)
    assert office.only_copy("confirm_commands").to == TANAKA
    assert office.belongs("kaigi", SATO)
    assert office.belongs("kaigi", TANAKA)


def test_joining_a_closed_list_waits_for_the_office(office: PostOffice) -> None:
    """The office answers 承認, vouched for; then he is a member, and hears of it."""
    office.write(TANAKA, "security-join@ml.example.jp", "")
    request, answer = office.copies()
    assert (request.kind, request.to, answer.to) == ("office_request", office.site.office, TANAKA)
    assert "上田市 田中次郎" in request.text
    assert answer.says("・入会 事務局に申し込みました"), "as if he had written it"
    assert not office.belongs("security", TANAKA)
    assert office.reply(request, "承認").state == "held"  # nothing vouches for the office's From
    office.copies()
    assert office.command(request, "").state == "held"  # nor does an untouched reply decide
    office.copies()
    assert office.command(request, "承認").state == "answered"
    assert office.belongs("security", TANAKA)
    assert "入会されました" in office.only_copy("member_answer").said


def test_who_asks_while_the_office_has_too_many_requests_hears_the_true_reason(office: PostOffice) -> None:
    """It is not his third question of the day, and he need not wait until tomorrow."""
    with office.database.write() as connection:
        while allowances.spend_duty_mail(connection, office.site.office, office.now):
            pass
    office.write(TANAKA, "security-join@ml.example.jp", "")
    assert office.only_copy("member_answer").says("1時間ほど後に、もう一度お送りください")
    office.now += timedelta(hours=1, minutes=1)
    office.write(TANAKA, "security-join@ml.example.jp", "")
    assert {copy.kind for copy in office.copies()} == {"office_request", "member_answer"}


def test_the_office_may_say_no(office: PostOffice) -> None:
    """Then nothing changes, and who asked hears of it."""
    office.write(TANAKA, "security-join@ml.example.jp", "")
    request = office.copies("office_request")[0]
    office.command(request, "却下")
    assert not office.belongs("security", TANAKA)
    assert "見送り" in office.only_copy("member_answer").said


@pytest.mark.parametrize(
    ("join", "words"), [("closed", "メールでの入会を受け付けておりません"), ("confirm", "入会されました")]
)
def test_who_may_join_is_the_lists_word(office: PostOffice, join: str, words: str) -> None:
    """Nobody, or every registered contact."""
    office.apply(replace(SECURITY, join=join))  # type: ignore[arg-type]
    office.write(TANAKA, SECURITY_REQUEST, "入会")
    assert office.only_copy("member_answer").says(words)
    assert office.belongs("security", TANAKA) is (join == "confirm")


def test_whom_the_office_took_out_does_not_come_back_alone(office: PostOffice) -> None:
    """On a list that everybody else may join."""
    with office.database.write() as connection:
        memberships.save(connection, Membership("kaigi", SATO, standing="removed"))
        lists.refresh_every(connection, SATO)
    office.write(SATO, KAIGI_REQUEST, "入会")
    assert {copy.kind for copy in office.copies()} == {"office_request", "member_answer"}
    assert not office.belongs("kaigi", SATO)


@pytest.mark.parametrize("join", ["closed", "ask"])
@pytest.mark.parametrize("proved", [True, False])
@pytest.mark.parametrize(
    "line",
    [
        "退会",
        "停止",
        "通常",
        "入会",
        "招待 sato@city.matsumoto.lg.jp",
        "話題停止",
        "名簿",
        "目次",
        "検索 ウイルス",
        "配信通知 必要",
        "案内",
    ],
)
def test_a_closed_group_is_not_named_to_others(
    office: PostOffice, line: str, join: str, *, proved: bool
) -> None:
    """Its address was tried; what it is about stays among its members, but for the guide for who can ask to join."""
    office.apply(replace(SECURITY, join=join))  # type: ignore[arg-type]
    assert not office.belongs("security", TANAKA)
    office.write(TANAKA, SECURITY_REQUEST, line, proved=proved)
    told = [copy for copy in office.copies() if copy.to == TANAKA]
    assert told
    named = "情報セキュリティ部会" in "".join(copy["Subject"] + copy.text for copy in told)
    assert named is ((line, join) == ("案内", "ask"))


def test_the_guide_is_for_who_could_join(office: PostOffice) -> None:
    """Whom nobody has registered is not told what a group is about, though his provider vouches for him."""
    office.write(STRANGER, SECURITY_REQUEST, "案内")
    assert "情報セキュリティ部会" not in office.only_copy("member_answer").text


# --- proof --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "承認", "はい", "OK です", "了解しました。\n松本市　佐藤"])
def test_a_from_alone_changes_nothing_before_its_owner_answers(office: PostOffice, text: str) -> None:
    """The question, in the thread of his mail, says what will happen; a reply as it is, or a yes, does it (I28, RFC 3834)."""
    lines = "停止 7/1から7/20まで\n退会"
    office.write(SATO, KAIGI_REQUEST, lines, proved=False, Message_ID="<mine@matsumoto>")
    question = office.only_copy("confirm_commands")
    assert question.to == SATO
    assert (question["Auto-Submitted"], question["In-Reply-To"]) == ("auto-replied", "<mine@matsumoto>")
    assert "「電子会議室」を退会します。" in question.text
    assert office.belongs("kaigi", SATO)
    assert office.reply(question, text).state == "answered"
    assert not office.belongs("kaigi", SATO)
    assert "2件を承りました" in office.only_copy("member_answer")["Subject"]


@pytest.mark.parametrize(
    ("text", "author", "state", "fields"),
    [
        ("取消", SATO, "answered", {}),
        ("どういうことでしょうか", SATO, "held", {}),
        ("承認\n取消", SATO, "held", {}),
        ("承認", TANAKA, "rejected", {}),
        ("承認", STRANGER, "rejected", {}),
        ("承認", SATO, "discarded", {"Auto_Submitted": "auto-replied"}),
        ("承認", SATO, "rejected", {"Authentication_Results": "mx.example.jp; dmarc=fail (p=reject)"}),
    ],
)
def test_what_does_not_confirm(
    office: PostOffice, text: str, author: str, state: str, fields: dict[str, str]
) -> None:
    """A no, a question back, both at once, somebody else's word, a machine's, a forged one."""
    office.write(SATO, KAIGI_REQUEST, "退会", proved=False)
    question = office.only_copy("confirm_commands")
    mail = office.mail(author, office.reply_address(question), text, **fields)
    assert office.hand_in(mail, office.reply_address(question)).state == state
    assert office.belongs("kaigi", SATO)


def test_a_confirmation_counts_once_and_not_for_ever(office: PostOffice) -> None:
    """Later ones are told so, and do nothing."""
    office.write(SATO, KAIGI_REQUEST, "退会", proved=False)
    question = office.only_copy("confirm_commands")
    office.reply(question, "承認")
    office.write(SATO, KAIGI_REQUEST, "入会")
    office.copies()
    assert office.reply(question, "はい").state == "discarded"
    assert "もう済んでいます" in office.only_copy("member_answer").said
    assert office.belongs("kaigi", SATO)
    office.write(SATO, KAIGI_REQUEST, "退会\n\n", proved=False)
    question = office.only_copy("confirm_commands")
    office.pass_time(timedelta(days=7))
    assert office.reply(question, "承認").state == "discarded"
    assert "期限を過ぎた" in office.only_copy("member_answer").said
    assert office.belongs("kaigi", SATO)


def test_a_token_may_be_typed(office: PostOffice) -> None:
    """確認 TOKEN, or list-confirm+TOKEN, where the reply address cannot be used; nobody else's works."""
    office.write(SATO, KAIGI_REQUEST, "退会", proved=False)
    office.copies()
    with office.database.read() as connection:
        number = connection.execute(select(func.max(confirmation.c.id))).scalar_one()
    token = confirm_token(office.site.key, number)
    office.write(TANAKA, KAIGI_REQUEST, f"確認 {token}")
    assert "もう使えません" in office.only_copy("member_answer").said
    office.write(SATO, KAIGI_REQUEST, f"確認 {token}", proved=False)
    assert not office.belongs("kaigi", SATO)
    office.write(TANAKA, KAIGI_REQUEST, "退会", proved=False)
    with office.database.read() as connection:
        number = connection.execute(select(func.max(confirmation.c.id))).scalar_one()
    token = confirm_token(office.site.key, number)
    office.write(TANAKA, f"kaigi-confirm+{token}@ml.example.jp", "はい", proved=False)
    assert not office.belongs("kaigi", TANAKA)


def test_who_is_never_answered(office: PostOffice) -> None:
    """Machines, lists, vacation notes, forged mails, strangers whom nothing vouches for (I14)."""
    fields: tuple[dict[str, str], ...] = (
        {"Auto_Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"List_Id": "<other.example>"},
        {"X_Loop": "kaigi@ml.example.jp"},
        {"subject": "自動応答: お願い"},
        {"Authentication_Results": "mx.example.jp; dmarc=fail (p=reject)"},
    )
    for own in fields:
        entry = office.write(SATO, KAIGI_REQUEST, "退会\nヘルプ", proved=False, **own)
        assert entry.state in {"discarded", "rejected"}, own
    mail = office.mail(SATO, KAIGI_REQUEST, "退会")
    assert office.hand_in(mail, KAIGI_REQUEST, mail_from="").state == "discarded"
    assert office.copies() == []
    assert office.write(STRANGER, KAIGI_REQUEST, "ヘルプ", proved=False).state == "held"
    assert {copy.kind for copy in office.copies()} == {"office_held"}


def test_the_same_mail_again_is_not_obeyed_again(office: PostOffice) -> None:
    """Whichever of our doors it comes through."""
    mail = office.mail(SATO, KAIGI_REQUEST, "状態")
    assert office.hand_in(mail, KAIGI_REQUEST).state == "answered"
    assert office.hand_in(mail, KAIGI_REQUEST).state == "discarded"
    assert office.hand_in(mail, SECURITY_REQUEST).state == "answered"  # one mail to two lists asks both


def test_nobody_is_bombed(office: PostOffice) -> None:
    """However many ask in his name, he gets three mails a day, and all together a hundred an hour (S7, I30)."""
    office.apply(replace(SECURITY, join="confirm"))
    office.copies()
    ways = (
        "security-join@ml.example.jp",
        SECURITY_REQUEST,
        "kaigi-leave@ml.example.jp",
        "robot@ml.example.jp",
    )
    for number in range(24):
        office.write(TANAKA, ways[number % 4], "入会 security\nヘルプ", proved=False)
        office.pass_time(timedelta(minutes=5))
    assert len([copy for copy in office.copies() if copy.to == TANAKA]) == 3
    office.pass_time(timedelta(days=1))
    office.write(TANAKA, KAIGI_REQUEST, "状態", proved=False)
    assert len(office.copies()) == 1


def test_the_same_in_english(office: PostOffice) -> None:
    """Old users of list programs know these words."""
    office.apply(replace(SECURITY, members=Selector(everyone=True)))
    for line in ("help", "guide", "who", "off 2026-07-01 2026-07-20", "on", "each", "own no"):
        assert office.write(SATO, SECURITY_REQUEST, line).state == "answered"
        office.pass_time(timedelta(hours=1))
    assert all("1件を承りました" in copy["Subject"] for copy in office.copies("member_answer"))
