"""The desk by mail: what the office writes in reply is done once, for whom it was meant, and answered line by line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailbot.core.surveys.ledger_chain import mail_digest
from mailbot.core.surveys.survey import Question
from mailbot.flows.know_recipient import know_recipient
from mailbot.flows.read_mail import read_mail
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.destroy_sealed import destroy_sealed
from mailbot.flows.surveys.recount import recount
from mailbot.flows.surveys.remind_survey import remind_survey
from mailbot.store.mail import inbox
from mailbot.store.surveys import ledgers, sealed, surveys
from mailbot.store.surveys.surveys import StoredSurvey
from mailbot.store.tables import delivery, metadata
from tests.flows.post_office import (
    EVENT,
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    TANAKA,
    TOKYO,
    YAMADA,
    Copy,
    PostOffice,
    find,
    in_english,
)

VOUCHED = "Authentication-Results: mx.example.jp; dmarc=pass header.from=example.jp\r\n"


@pytest.fixture
def invitations(office: PostOffice) -> dict[str, Copy]:
    """What the four bodies were sent when the survey opened, by address."""
    return office.open_survey()


@pytest.fixture
def told(office: PostOffice, invitations: dict[str, Copy]) -> Copy:
    """What the office is told of a reply that only it can read: prose in place of an answer."""
    office.reply(invitations[YAMADA], "前向きに検討しております。")
    return next(copy for copy in office.copies() if copy.kind == "office_held")


def stored(office: PostOffice) -> StoredSurvey:
    """Return the survey as it stands."""
    with office.database.read() as connection:
        found = surveys.load(connection, SURVEY.key)
    assert found is not None
    return found


def held_number(copy: Copy) -> int:
    """Return the number of the held mail that the office is told of."""
    return int(copy["Subject"].partition("U-")[2][:4])


def nothing_happened(office: PostOffice) -> bool:
    """Tell whether the survey is as it was and nobody's answer counts."""
    return stored(office).state == "open" and all(
        row.status not in {"counted", "partial"} for row in office.ledger()
    )


# --- the held mail ------------------------------------------------------------------------------------------------


def test_a_mail_to_the_office_is_answered_to_an_address_of_its_own(office: PostOffice, told: Copy) -> None:
    """Reply-To is a token that our own door knows, and no two mails share one (ballot.md section 14)."""
    assert told.to == OFFICE
    address = office.reply_address(told)
    with office.database.read() as connection:
        assert know_recipient(connection, office.site, address)
    other = office.post(STRANGER)
    assert other.state == "held"
    assert office.reply_address(office.copies("office_held")[-1]) != address


def test_the_office_says_what_a_held_reply_answers(office: PostOffice, told: Copy) -> None:
    """「U-0003 Q1=2」: it counts, marked with who read it so, and the body gets the receipt."""
    number = held_number(told)
    entry = office.command(told, f"U-{number:04d} Q1=2 Q2=1,3")
    assert (entry.state, entry.reason) == ("answered", f"1 commands done, 0 lines not, for {OFFICE}")
    row = office.stands()[NAGANO].row
    assert (row.status, row.answers) == ("counted", {"Q1": ("2",), "Q2": ("1", "3")})
    assert (row.by, row.author, row.rule, row.inbox_id) == (OFFICE, YAMADA, "desk 回答", number)
    with office.database.read() as connection:
        mail = inbox.load(connection, number)
    assert mail is not None
    assert row.digest == mail_digest(mail.content)
    receipt, answer = office.copies()
    assert (receipt.kind, receipt.to) == ("entered_for_body", YAMADA)
    assert "代理入力" in receipt["Subject"]
    assert (answer.kind, answer.to, answer.mail_from) == ("office_answer", OFFICE, "")
    assert "長野市（S26-014）は第1版で、Q1利用していない、Q2費用、必要がない" in answer.said
    with office.database.read() as connection:
        settled = inbox.entry(connection, number)
        assert settled is not None
        assert settled.state == "voted"
        assert ledgers.broken_link(connection, SURVEY.key) is None


def test_an_answer_without_its_question_fills_the_one_gap(
    office: PostOffice, invitations: dict[str, Copy]
) -> None:
    """「U-0003 = 1,3」: what was read of the other questions, and shown to the office, counts with it."""
    office.reply(invitations[YAMADA], "Q1 2\nQ2 4\nQ3 特になし", "taro@gmail.com")
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    assert "Q1 2 利用していない" in told.text
    office.command(told, f"U-{held_number(told)} = 1,3")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "特になし"}


def test_the_receipt_of_an_entry_is_the_next_ballot(office: PostOffice, told: Copy) -> None:
    """The body changes what was entered for it by plain reply, like any answer."""
    office.command(told, f"U-{held_number(told)} Q1=2")
    receipt = next(copy for copy in office.copies() if copy.kind == "entered_for_body")
    office.reply(receipt, "", slots={"Q3": "検討します"})
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",), "Q3": "検討します"}


@pytest.mark.parametrize(
    ("command", "state"),
    [("採用", "voted"), ("accept", "voted"), ("破棄", "discarded"), ("返送 会員の方から", "rejected")],
)
def test_a_held_reply_is_admitted_dropped_or_refused(
    office: PostOffice, invitations: dict[str, Copy], command: str, state: str
) -> None:
    """「採用」「破棄」「返送」 do what `mailbot held` does."""
    office.reply(invitations[YAMADA], "Q1 2", "taro@gmail.com")
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    number = held_number(told)
    office.command(told, f"U-{number} {command}")
    with office.database.read() as connection:
        entry = inbox.entry(connection, number)
    assert entry is not None
    assert entry.state == state
    assert (NAGANO in office.stands() and office.stands()[NAGANO].row.status == "counted") == (
        state == "voted"
    )


@pytest.mark.parametrize(("line", "answers"), [("Q1=2", {"Q1": ("2",)}), ("破棄", {}), ("Q1は2です", None)])
def test_a_word_in_reply_to_the_mail_about_one_that_is_held(
    office: PostOffice, told: Copy, line: str, answers: dict[str, object] | None
) -> None:
    """Its number stands in the Subject and need not be repeated; a line that is no word for it stays none."""
    number = held_number(told)
    office.command(told, line)
    with office.database.read() as connection:
        entry = inbox.entry(connection, number)
    assert entry is not None
    assert (entry.state == "held") == (answers is None)
    if answers:
        assert office.stands()[NAGANO].row.answers["Q1"] == ("2",)


def test_an_answer_without_its_question_is_taken_where_only_one_can_be_meant(
    office: PostOffice, told: Copy
) -> None:
    """「U-0003 = 2」 is refused in a survey of three questions, none of which was singled out."""
    office.command(told, f"U-{held_number(told)} = 2")
    answer = office.only_copy("office_answer")
    assert "どの問いへのお答えか" in answer.text
    assert nothing_happened(office)


def test_an_answer_without_its_question_in_a_survey_of_one(office: PostOffice) -> None:
    """With one question it is that one's."""
    one = replace(SURVEY, questions=SURVEY.questions[:1])
    invitation = office.open_survey(one)[YAMADA]
    office.reply(invitation, "前向きに検討しております。")
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    office.command(told, f"U-{held_number(told):04d} = 2")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",)}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("U-9999 採用", "U-9999という番号のメールはありません"),
        ("U-0001 採用", "保留中ではありません"),
        ("U-{held} Q1=9", "番号が選択肢にありません"),
        ("U-{held} Q7=1", "Q7はありません"),
        ("U-{held} Q1=1,2", "1つだけ"),
        ("U-{held} Q2=1", "お答えがまだありません"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    office: PostOffice, invitations: dict[str, Copy], command: str, why: str
) -> None:
    """Each in one sentence, under the line that it is about; a value is read whole or not at all."""
    office.hand_in(office.mail(YAMADA, "x"), "0000000000000000@kaitou.example.jp")  # U-0001: quarantined
    office.reply(invitations[YAMADA], "前向きに検討しております。")
    told = [copy for copy in office.copies() if copy.kind == "office_held"][-1]
    office.command(told, command.format(held=held_number(told)))
    answer = next(copy for copy in office.copies() if copy.kind == "office_answer")
    if "Q2=1" in command:  # a partial answer is accepted, and the body is asked for the rest
        assert office.stands()[NAGANO].row.status == "partial"
        return
    assert why in answer.said
    assert "行えませんでした" in answer["Subject"]
    assert answer["Subject"].endswith({"9999": "[U-9999]", "0001": "[U-0001]"}.get(command[2:6], "[S26-014]"))
    assert nothing_happened(office)


@pytest.mark.parametrize(
    "line", ["延期 s26-014 6/30", "えんき　Ｓ２６－０１４ 7/9", "代理 S26-014 202029 Q1=x 電話"]
)
def test_the_subject_names_the_survey_also_where_nothing_was_done(
    office: PostOffice, told: Copy, line: str
) -> None:
    """The answer is found beside the others about that survey, whatever was wrong with the line."""
    office.command(told, line)
    assert office.only_copy("office_answer")["Subject"] == "【事務局】行えませんでした [S26-014]"


def test_an_event_s_reply_takes_no_answers_but_can_be_admitted(office: PostOffice) -> None:
    """「U-… Q1=1」 is for surveys; 「採用」 is for every held mail."""
    office.apply(EVENT)
    office.open_survey()
    held = office.post(STRANGER)
    told = office.only_copy("office_held")
    office.command(told, f"U-{held.id} Q1=1")
    answer = office.only_copy("office_answer")
    assert "調査や書面表決へのお返事ではない" in answer.said
    office.command(answer, f"U-{held.id} 採用")
    assert len(office.copies("post")) == 3


# --- 代理 ---------------------------------------------------------------------------------------------------------


def test_an_answer_given_by_telephone(office: PostOffice, told: Copy) -> None:
    """「代理 20202 Q1=2 電話 6/18 佐藤」: in the ledger with author and reason, and the registered contact hears of it."""
    office.command(told, "代理　20202　Ｑ１＝２　Q3=「費用が、高い」　電話 6/18 佐藤様")
    row = office.stands()[MATSUMOTO].row
    assert (row.status, row.answers) == ("counted", {"Q1": ("2",), "Q3": "費用が、高い"})
    assert (row.rule, row.by, row.author, row.level) == ("desk 代理", OFFICE, "", "4")
    assert row.reason == "代理入力：電話 6/18 佐藤様"
    with office.database.read() as connection:
        assert row.inbox_id is not None
        mail = inbox.load(connection, row.inbox_id)
    assert mail is not None
    assert row.digest == mail_digest(mail.content)
    assert row.texts > 0
    receipt = next(copy for copy in office.copies() if copy.kind == "entered_for_body")
    assert receipt.to == SATO
    assert "電話 6/18 佐藤様" in receipt.text


def test_the_body_s_own_answer_replaces_what_was_entered(
    office: PostOffice, invitations: dict[str, Copy], told: Copy
) -> None:
    """Any registered contact may correct the entry at once, and one who had answered before an entry hears of it."""
    office.command(told, "代理 S26-014 202011 Q1=2 電話 6/18 山田様")
    office.copies()
    office.reply(invitations[YAMADA], "Q1 1", SUZUKI)
    row = office.stands()[NAGANO].row
    assert (row.author, row.answers, row.version) == (SUZUKI, {"Q1": ("1",)}, 2)
    answer = office.copies()[-1]
    assert answer.kind == "vote_receipt"
    office.reply(invitations[TANAKA], "前向きに検討しております。")
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    office.command(told, "代理 S26-014 202011 Q1=3 FAX 6/18 鈴木様")
    assert {copy.to for copy in office.copies() if copy.kind == "entered_for_body"} == {YAMADA, SUZUKI}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("代理 202029 Q1=2", "電話・FAX・書面の別"),
        ("代理 202028 Q1=2 電話 6/18 佐藤様", "検査数字"),
        ("代理 131016 Q1=2 電話 6/18 佐藤様", "お尋ねしていません"),
        ("代理 S99-999 202029 Q1=2 電話 6/18 佐藤様", "S99-999という調査や書面表決はありません"),
        ("代理 202029 Q1=はい 電話 6/18 佐藤様", "お答えを読み取れません"),
        ("代理 202029 Q3=今は 電話 がない 電話 6/18 佐藤様", "2か所"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(office: PostOffice, told: Copy, line: str, why: str) -> None:
    """Without its reason, its body, its survey or a whole answer nothing is entered."""
    office.command(told, line)
    assert why in office.only_copy("office_answer").said
    assert nothing_happened(office)


@pytest.mark.usefixtures("invitations")
def test_nothing_is_entered_after_the_close(office: PostOffice) -> None:
    """What is given by telephone counts while the survey is open."""
    office.now = SURVEY.closes
    office.post(STRANGER)
    told = office.copies()[-1]
    office.command(told, "代理 S26-014 202029 Q1=2 電話 7/2 佐藤様")
    assert MATSUMOTO not in office.stands()
    assert "受付中ではありません" in office.only_copy("office_answer").said


# --- the survey ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "closes"),
    [
        ("延期 S26-014 7/9", datetime(2026, 7, 9, 17, 0, tzinfo=TOKYO)),
        ("延期　ｓ２６－０１４　７／９　１２：００", datetime(2026, 7, 9, 12, 0, tzinfo=TOKYO)),
        ("延期 S26-014 7月9日（木）正午", None),
        ("延期 S26-014 令和8年7月9日（木） 17時30分", datetime(2026, 7, 9, 17, 30, tzinfo=TOKYO)),
        ("延期 S26-014 7/9（金）", None),
        ("延期 S26-014 6/30", None),
        ("延期 S26-014 7/2 17:00", None),
        ("extend S26-014 2026-07-09", datetime(2026, 7, 9, 17, 0, tzinfo=TOKYO)),
    ],
)
def test_the_close_is_put_off(office: PostOffice, told: Copy, line: str, closes: datetime | None) -> None:
    """At the survey's own time of day unless another is given; only to later, and the weekday must fit."""
    office.command(told, line)
    assert stored(office).survey.closes == (closes or SURVEY.closes)
    copies = office.copies()
    assert len([copy for copy in copies if copy.kind == "extension"]) == (4 if closes else 0)
    assert [copy.kind for copy in copies][-1] == "office_answer"


def test_closing_and_publishing(office: PostOffice) -> None:
    """「締切」 closes as of its own receipt, the mail itself being no reason to wait; 「公表」 sends the result once."""
    invitations = office.open_survey(replace(SURVEY, publish_at="hand"))
    office.reply(invitations[SATO], "Q1 1")
    office.post(STRANGER)
    told = office.copies()[-1]
    office.command(told, "締切 S26-014")
    assert (stored(office).state, stored(office).closed_at) == ("closed", office.now)
    answer = office.copies("office_answer")[-1]
    assert "1団体のお答えを数えます" in answer.text
    office.command(answer, "公表 S26-014\n公表 S26-014")
    answer = next(copy for copy in office.copies() if copy.kind == "office_answer")
    assert "1件を行い、1行は行っておりません" in answer["Subject"]
    assert "もう公表しています" in answer.text
    assert answer["Subject"].endswith("[S26-014]")


def test_a_close_counts_what_was_read_before_it(office: PostOffice) -> None:
    """A reply behind 「締切」 that was read, and acknowledged, before it is not late by the close (promises.md I19, I20)."""
    invitations = office.open_survey(replace(SURVEY, publish_at="hand"))
    office.post(STRANGER)
    told = office.copies()[-1]
    domain = told.to.partition("@")[2]
    vouched = f"Authentication-Results: {office.site.authserv_id}; dmarc=pass header.from={domain}\r\n"
    word = office.store(
        vouched.encode() + office.reply_mail(told, "締切 S26-014"), office.reply_address(told)
    )
    office.now += timedelta(seconds=5)
    office.reply(invitations[SATO], "Q1 1")
    office.now += timedelta(seconds=5)
    read_mail(office.database, office.site, word, office.now)
    office.look()  # the word itself was still to be read
    assert stored(office).state == "closed"
    assert [row.status for row in office.ledger()] == ["counted"]
    with office.database.read() as connection:
        assert recount(connection, office.site, SURVEY.key).differences == ()
    office.reply(invitations[YAMADA], "Q1 1")
    assert [row.status for row in office.ledger()] == ["counted", "late"]


def test_reminding_and_asking_how_it_stands(
    office: PostOffice, told: Copy, invitations: dict[str, Copy]
) -> None:
    """「催促」 goes to those missing alone; 「状況」 answers with the figures."""
    office.reply(invitations[SATO], "Q1 1")
    office.copies()
    office.command(told, "状況 S26-014\n催促 S26-014")
    copies = office.copies()
    assert {copy.to for copy in copies if copy.kind == "reminder"} == set(invitations) - {SATO}
    text = copies[-1].said
    assert "4団体のうち1団体がお答え済みで、3団体がまだです" in text
    assert "事務局の確認待ちは1件、締切は2026年7月2日（木）17時00分" in text


def test_how_it_stands_names_who_is_in_neither_figure_or_in_both(
    office: PostOffice, invitations: dict[str, Copy]
) -> None:
    """Who declined is neither answered nor missing; whose answer is partial is both, and the sentence says so."""
    office.reply(invitations[SATO], "回答しない")
    office.reply(invitations[TANAKA], "Q1 2\nQ2 9")
    office.reply(invitations[YAMADA], "前向きに検討しております。")
    told = find(office.copies(), "office_held")
    office.command(told, "状況 S26-014")
    assert office.only_copy("office_answer").says(
        "4団体のうち1団体がお答え済みで、3団体がまだです。お答えが一部だけの1団体は、両方に数えています。"
        "ほかに、1団体から「回答しない」とのお返事がありました。事務局の確認待ちは1件"
    )


def test_whoever_reminds_after_another_hears_of_it(
    office: PostOffice, told: Copy, invitations: dict[str, Copy]
) -> None:
    """「催促」 right after another is not obeyed; the answer says when the first went out, and how to send one more."""
    with office.database.write() as connection:
        remind_survey(connection, office.site, SURVEY.key, office.now)
    assert len(office.copies("reminder")) == len(invitations)
    office.command(told, "催促 S26-014")
    (answer,) = office.copies()
    assert f"{len(invitations)}団体へお送りしたばかりです（端末から）" in answer.said
    office.command(answer, "催促 S26-014 再度")
    assert {copy.to for copy in office.copies() if copy.kind == "reminder"} == set(invitations)


def test_a_new_ballot_kills_the_old_one(office: PostOffice, told: Copy, invitations: dict[str, Copy]) -> None:
    """「再発行」: what comes with the old token counts no more."""
    office.command(told, "再発行 S26-014 20321")
    fresh = next(copy for copy in office.copies() if copy.kind == "fresh_ballot")
    office.reply(invitations[fresh.to], "Q1 1")
    assert KARUIZAWA not in office.stands()
    office.reply(fresh, "Q1 1")
    assert office.stands()[KARUIZAWA].row.answers == {"Q1": ("1",)}


# --- one mail, several lines --------------------------------------------------------------------------------------


def test_from_the_first_line_that_is_no_command_on_nothing_runs(office: PostOffice, told: Copy) -> None:
    """What was done and what was not stand in the answer, and it brings a fresh word for the rest."""
    office.command(
        told, "お世話になっております。\n代理 202029 Q1=2 電話 6/18 佐藤様\nえんき S26-014 7/9\n締切 S26-014"
    )
    assert office.stands()[MATSUMOTO].row.status == "counted"
    assert stored(office).state == "open"
    answer = office.copies()[-1]
    done, _, not_done = answer.text.partition("次の行は行っておりません。")
    assert "代理 202029" in done
    not_done = "".join(not_done.split())
    assert "えんきS26-0147/9指示として読み取れませんでした。" in not_done
    assert "締切S26-014前の行を行えなかったため" in not_done
    office.command(answer, "延期 S26-014 7/9")
    assert stored(office).survey.closes.day == 9


def test_a_reply_without_a_command(office: PostOffice, told: Copy) -> None:
    """Nothing is done, and the answer says so."""
    office.command(told, "")
    assert "指示が見当たりません" in office.only_copy("office_answer").text


@pytest.mark.parametrize(
    "quote",
    [
        lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
        lambda text: "-----元のメッセージ-----\n差出人: 全国協議会\n" + text,
        lambda text: "2026年6月18日(木) 10:00 全国協議会 <jimukyoku@example.jp>:\n" + text,
        lambda text: "".join(f"事務局> {line}\n" for line in text.splitlines()),
        lambda text: "\n".join(line[:12] + "\n" + line[12:] for line in text.splitlines()),
    ],
)
def test_our_own_lines_are_no_commands_however_they_are_quoted(
    office: PostOffice, told: Copy, quote: Callable[[str], str]
) -> None:
    """Marked, unmarked or re-wrapped: of the whole mail that is sent back only the writer's line acts."""
    text = f"状況 S26-014\n\n{quote(told.text)}"
    mail = VOUCHED.encode() + office.mail(OFFICE, "x", text)
    office.hand_in(mail, office.reply_address(told))
    answer = office.only_copy("office_answer")
    assert "1件を行いました" in answer["Subject"]


# --- what never acts (promises.md, attack 9) ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "stated"),
    [
        (OFFICE, ""),  # a forged From, as far as anybody knows
        (OFFICE, "mx.evil.test; dmarc=pass header.from=example.jp"),  # somebody else's finding
        (OFFICE, "mx.example.jp; dmarc=fail (p=reject) header.from=example.jp"),
        (OFFICE, "mx.example.jp; dmarc=pass header.from=evil.test"),
        (STRANGER, "mx.example.jp; dmarc=pass header.from=evil.test"),
        (f"{OFFICE} <{STRANGER}>", "mx.example.jp; dmarc=pass header.from=evil.test"),
        (YAMADA, "mx.example.jp; dmarc=pass header.from=city.nagano.lg.jp"),
        ("chair@example.jp", "mx.example.jp; dmarc=pass header.from=example.jp"),  # a colleague's word
    ],
)
def test_only_the_person_to_whom_the_word_was_sent_commands(
    office: PostOffice, told: Copy, author: str, stated: str
) -> None:
    """Anybody else's mail is held for the office with the reason, and the word still works for whom it is meant."""
    mail = office.mail(author, "x", "締切 S26-014", Authentication_Results=stated)
    entry = office.hand_in(mail, office.reply_address(told))
    assert entry.state == "held"
    assert nothing_happened(office)
    (news,) = office.copies()
    assert (news.kind, news.to) == ("office_held", OFFICE)
    assert news["Subject"].endswith("[事務局への指示]")  # and not the one-time word
    why = "認証結果" if author == OFFICE else f"お送りした先（{OFFICE}）とは別のアドレスから届きました"
    assert why in news.said
    office.command(told, "締切 S26-014")
    assert stored(office).state == "closed"


def test_a_held_command_is_not_made_good_by_accepting_it(office: PostOffice, told: Copy) -> None:
    """「U-… 採用」 about a forged command is refused; 「破棄」 is what it is for."""
    forged = office.hand_in(office.mail(OFFICE, "x", "締切 S26-014"), office.reply_address(told))
    office.copies()
    office.command(told, f"U-{forged.id} 採用")
    answer = office.only_copy("office_answer")
    assert "指示のメールです" in answer.text
    assert nothing_happened(office)
    office.command(answer, f"U-{forged.id} 破棄")
    with office.database.read() as connection:
        entry = inbox.entry(connection, forged.id)
    assert entry is not None
    assert entry.state == "discarded"


@pytest.mark.parametrize("again", ["the same mail", "another mail"])
def test_a_word_works_once(office: PostOffice, told: Copy, again: str) -> None:
    """The same bytes again are one event; another mail with a spent word is answered to the office alone."""
    mail = VOUCHED.encode() + office.reply_mail(told, "代理 202029 Q1=2 電話 6/18 佐藤様")
    address = office.reply_address(told)
    office.hand_in(mail, address)
    office.copies()
    if again == "another mail":
        mail = VOUCHED.encode() + office.reply_mail(told, "締切 S26-014")
    entry = office.hand_in(b"Received: from b by c\r\n" + mail, address)
    assert entry.state == "discarded"
    assert stored(office).state == "open"
    assert len(office.ledger()) == 2
    answer = office.only_copy("office_answer")
    assert answer.to == OFFICE
    assert "すでに1回いただいています" in answer.text


def test_a_word_is_good_for_two_weeks(office: PostOffice, told: Copy) -> None:
    """Then it does nothing, and the registered office hears so, whoever wrote."""
    office.pass_time(timedelta(days=14))
    assert office.command(told, "状況 S26-014", STRANGER).state == "discarded"
    answer = office.only_copy("office_answer")
    assert (answer.to, "14日を過ぎています" in answer.text) == (OFFICE, True)


def test_a_person_who_left_the_desk_commands_no_more(office: PostOffice, told: Copy) -> None:
    """Whoever the configuration no longer names is a stranger with an old letter."""
    office.site = replace(office.site, office="shin-jimukyoku@example.jp")
    assert office.command(told, "締切 S26-014").state == "discarded"
    assert nothing_happened(office)
    assert office.only_copy("office_answer").to == "shin-jimukyoku@example.jp"


@pytest.mark.parametrize(
    "text",
    [
        "> 締切 S26-014",
        "拝見しました。\n\n---------- Forwarded message ----------\nFrom: eve@evil.test\n\n締切 S26-014",
        "拝見しました。\n\n-----Original Message-----\nFrom: Eve\nSubject: hello\n\n締切 S26-014",
        "拝見しました。\n\neve@evil.test さんは書きました:\n締切 S26-014",
        "-- \n締切 S26-014",
        "いつ締切 S26-014 をするか相談したいです。",
        "「締切 S26-014」はまだ送らないでください。",
    ],
)
def test_quoted_forwarded_and_spoken_of_commands_do_not_act(
    office: PostOffice, told: Copy, text: str
) -> None:
    """A command counts on a line of its own, above or between what is quoted, and nowhere else."""
    mail = VOUCHED.encode() + office.mail(OFFICE, "x", text)
    office.hand_in(mail, office.reply_address(told))
    assert nothing_happened(office)


def test_a_stranger_s_subject_in_our_mail_is_no_command(office: PostOffice) -> None:
    """A held mail whose Subject breaks into a command leaves in a form that does nothing when it comes back."""
    office.open_survey()
    for filler in range(20, 34):
        office.post(STRANGER, subject="あ" * filler + " 締切 S26-014")
        told = office.copies("office_held")[-1]
        mail = VOUCHED.encode() + office.mail(OFFICE, "x", f"確認しました。\n{told.text}")
        office.hand_in(mail, office.reply_address(told))
        assert nothing_happened(office)


def test_text_and_html_that_command_different_things(office: PostOffice, told: Copy) -> None:
    """The mail waits for the office: nobody can tell which of the two its writer saw."""
    boundary = 'multipart/alternative; boundary="b"'
    parts = (
        "--b\nContent-Type: text/plain; charset=UTF-8\n\n締切 S26-014\n"
        "--b\nContent-Type: text/html; charset=UTF-8\n\n<p>状況 S26-014</p>\n--b--"
    )
    mail = VOUCHED.encode() + office.mail(OFFICE, "x", parts, Content_Type=boundary)
    assert office.hand_in(mail, office.reply_address(told)).state == "held"
    assert nothing_happened(office)
    same = parts.replace("<p>状況 S26-014</p>", "<p>締切 S26-014</p>")
    mail = VOUCHED.encode() + office.mail(OFFICE, "x", same, Content_Type=boundary)
    assert office.hand_in(mail, office.reply_address(told)).state == "answered"
    assert stored(office).state == "closed"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"Auto_Submitted": "auto-replied"}, "discarded"),
        ({"Subject": "Automatic reply: held"}, "held"),
        ({"Subject": "不在のお知らせ"}, "held"),
    ],
)
def test_an_automatic_reply_commands_nothing(
    office: PostOffice, told: Copy, fields: dict[str, str], state: str
) -> None:
    """Neither one that says so nor one that looks like it; the word is not spent by it."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    mail = VOUCHED.encode() + office.mail(OFFICE, "x", "締切 S26-014", **named)
    assert office.hand_in(mail, office.reply_address(told)).state == state
    assert nothing_happened(office)
    office.command(told, "締切 S26-014")
    assert stored(office).state == "closed"


def test_a_command_is_only_read_in_a_reply_of_the_desk(
    office: PostOffice, invitations: dict[str, Copy]
) -> None:
    """In an answer to a ballot, the office's own too, the words are an answer's words."""
    office.reply(invitations[YAMADA], "締切 S26-014\nQ1 1")
    assert stored(office).state == "open"


def test_a_mail_that_came_before_the_close_is_read_first(
    office: PostOffice, told: Copy, invitations: dict[str, Copy]
) -> None:
    """While an earlier mail waits to be read, 「締切」 leaves the close to the due-table, as of its own receipt."""
    office.store(office.reply_mail(invitations[SATO], "Q1 1"), office.reply_address(invitations[SATO]))
    office.pass_time(timedelta(seconds=1))
    office.command(told, "締切 S26-014")
    assert stored(office).state == "open"
    assert "読み終えしだい" in office.only_copy("office_answer").text


def test_the_desk_in_english(office: PostOffice) -> None:
    """An English office reads and commands in English."""
    english = in_english(office)
    questions = (
        Question("Q1", "Question Q1", "single", ("in use", "not in use", "under study"), required=True),
    )
    invitation = english.open_survey(replace(SURVEY, title="Domains", questions=questions))[YAMADA]
    english.reply(invitation, "We are looking into it.")
    told = next(copy for copy in english.copies() if copy.kind == "office_held")
    english.command(told, f"U-{held_number(told)} = 2\nenter 20202 Q1=1 phone 20 June, Sato\nstatus S26-014")
    assert {code: stands.row.answers for code, stands in english.stands().items()} == {
        NAGANO: {"Q1": ("2",)},
        MATSUMOTO: {"Q1": ("1",)},
    }
    assert "3 done" in english.copies()[-1]["Subject"]


# --- a sealed survey's answers are repeated nowhere ---------------------------------------------------------------

SEALED = replace(SURVEY, mode="sealed")
ENTRY = f"代理 {SURVEY.key} {MATSUMOTO} Q1=3 電話 6/18 佐藤様"


def everything(office: PostOffice) -> str:
    """Return all that the database holds, as text."""
    found = []
    with office.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                found += [
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row
                ]
    return "\n".join(found)


def close_and_destroy(office: PostOffice) -> None:
    """Close the sealed survey at its time, let every copy leave, and destroy."""
    office.now = SEALED.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, SEALED.key, office.now, office.now)
        connection.execute(update(delivery).values(state="sent", reply="250 2.0.0 accepted"))
        destroy_sealed(connection, office.site, SEALED.key, office.now)


@pytest.fixture
def sealed_told(office: PostOffice) -> Copy:
    """A mail to the office about a reply to a sealed survey."""
    invited = office.open_survey(SEALED)
    office.reply(invited[YAMADA], "前向きに検討しております。")
    return next(copy for copy in office.copies() if copy.kind == "office_held")


def test_an_entry_in_a_sealed_survey_is_answered_without_the_answers(
    office: PostOffice, sealed_told: Copy
) -> None:
    """Every client quotes: what our answer repeats, the next command would carry past the destruction (promises.md I21)."""
    office.command(sealed_told, f"{ENTRY}\nU-{held_number(sealed_told):04d} Q1=2")
    *receipts, answer = office.copies()
    assert [receipt.kind for receipt in receipts] == ["entered_for_body"] * 2
    assert f"・代理 {SURVEY.key} {MATSUMOTO} （お答えは記しません） 電話 6/18 佐藤様" in answer.text
    assert f"・U-{held_number(sealed_told):04d} （お答えは記しません）" in answer.text
    assert "Q1=3 電話" not in answer.text
    assert "第1版となりました。お答えは、無記名のため、ここには記しません。" in answer.said
    office.command(answer, f"状況 {SURVEY.key}")
    assert office.only_copy("office_answer").to == OFFICE
    close_and_destroy(office)
    left = everything(office)
    assert "Q1=3" not in left
    assert f"U-{held_number(sealed_told):04d} Q1=2\n" not in left.replace("\r", "")


@pytest.mark.parametrize(
    "line",
    [
        f"代理 {SURVEY.key} {MATSUMOTO} Q1=3",  # without how it came
        f"代理 {MATSUMOTO} Q1=3 佐藤様",
        f"代理 {SURVEY.key} {MATSUMOTO} Q1=3 Q9=1 電話 6/18 佐藤様",
        f"{MATSUMOTO} Q1=3",
        f"代理 {MATSUMOTO} Q2=Q1=3 電話 6/18 佐藤様",
    ],
)
def test_nor_is_a_line_repeated_that_was_not_done(office: PostOffice, sealed_told: Copy, line: str) -> None:
    """A line that says what a body answers is not echoed and is destroyed with the replies, though nothing came of it."""
    office.command(sealed_told, line)
    answer = office.only_copy("office_answer")
    assert "（お答えは記しません）" in answer.text
    assert "Q1=3" not in answer.text
    assert "Q1=3" in everything(office)
    close_and_destroy(office)
    assert "Q1=3" not in everything(office)


def test_a_command_that_is_not_believed_is_destroyed_as_well(office: PostOffice, sealed_told: Copy) -> None:
    """It may be the office's own, from a server that signs nothing."""
    entry = office.reply(sealed_told, ENTRY)
    assert entry.state == "held"
    assert "Q1=3" not in "".join(copy.text for copy in office.copies("office_held"))
    close_and_destroy(office)
    assert "Q1=3" not in everything(office)


def test_other_surveys_lines_are_repeated_whole(office: PostOffice, told: Copy) -> None:
    """Where names stay in the office, the office sees what it wrote."""
    office.command(told, ENTRY)
    assert ENTRY in office.copies("office_answer")[0].text


def test_the_receipt_of_an_entry_in_a_sealed_survey_shows_the_line(
    office: PostOffice, sealed_told: Copy
) -> None:
    """Its voter, too, finds the own line in the published list (ballot.md section 15)."""
    office.command(sealed_told, ENTRY)
    (receipt,) = office.copies("entered_for_body")
    assert "一覧の行" in receipt.text
    line = re.search(r"\b[0-9a-f]{32}\b", receipt.text)
    assert line is not None
    office.now = SEALED.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, SEALED.key, office.now, office.now)
        assert [each for each, _ in sealed.lines(connection, SEALED.key)] == [line[0]]


# --- what the office sees of a held mail --------------------------------------------------------------------------


def test_the_office_reads_what_the_member_wrote_and_how_it_was_read(
    office: PostOffice, invitations: dict[str, Copy]
) -> None:
    """The sender's own lines and slots, harmless, and the answers in words as well; nothing of our own text."""
    office.reply(invitations[YAMADA], "Q1 2", "taro@gmail.com", slots={"Q3": "費用の見通し"})
    lines = next(copy for copy in office.copies() if copy.kind == "office_held").text.splitlines()
    assert shown(lines, "読み取ったお答え") == ["\u3000Q1 2 利用していない", "\u3000Q3 費用の見通し"]
    assert shown(lines, "差出人の書いたこと") == ["\u3000Q1 2", "\u3000【Q3回答】[ 費用の見通し ]"]


def test_what_the_member_wrote_is_no_command_when_it_comes_back(
    office: PostOffice, invitations: dict[str, Copy]
) -> None:
    """A line of a stranger that reads like a command gets a mark in front, and none is longer than ours."""
    office.reply(invitations[YAMADA], "前向きに検討しております。\n承認\n" + "あ" * 300, "taro@gmail.com")
    lines = next(copy for copy in office.copies() if copy.kind == "office_held").text.splitlines()
    words = shown(lines, "差出人の書いたこと")
    assert words[:2] == ["\u3000前向きに検討しております。", "\u3000※承認"]
    assert "".join(word.strip() for word in words[2:]) == "あ" * 200


def shown(lines: list[str], head: str) -> list[str]:
    """Return the lines below this head, to the next empty one."""
    below = lines[lines.index(head) + 1 :]
    return below[: below.index("")]


def test_the_office_sees_the_names_of_files(office: PostOffice, invitations: dict[str, Copy]) -> None:
    """An answer may stand in one of them."""
    mail = office.mail(
        YAMADA,
        office.reply_address(invitations[YAMADA]),
        "--b\nContent-Type: text/plain; charset=UTF-8\n\n添付します。\n--b\n"
        'Content-Type: application/pdf\nContent-Disposition: attachment; filename="kaitou.pdf"\n\nx\n--b--',
        Content_Type="multipart/mixed; boundary=b",
    )
    assert office.hand_in(mail, office.reply_address(invitations[YAMADA])).state == "held"
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    assert {"\u3000添付\u3000\u3000kaitou.pdf", "\u3000添付します。"} <= set(told.text.splitlines())


def test_nothing_of_a_sealed_reply_is_shown(office: PostOffice) -> None:
    """The office decides about it by its reason alone."""
    invited = office.open_survey(SEALED)
    office.reply(invited[YAMADA], "Q1 2\n年度内に見直す予定です。", "taro@gmail.com")
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    assert "年度内" not in told.text
    assert "読み取ったお答え" not in told.text


@pytest.mark.parametrize(
    "written", ["前向きに検討しております。", "担当変更 伊藤次郎 jiro@city.nagano.lg.jp"]
)
def test_what_would_be_refused_is_not_offered(
    office: PostOffice, invitations: dict[str, Copy], written: str
) -> None:
    """採用 is named only where something was read that would count; answers can be entered all the same."""
    office.reply(invitations[YAMADA], written)
    told = next(copy for copy in office.copies() if copy.kind == "office_held").text
    assert "採用" not in told
    assert "held accept" not in told
    assert "Q1=2 Q2=1,3" in told
    assert "返送 理由" in told


def test_what_is_entered_after_the_close_comes_without_a_ballot(
    office: PostOffice, invitations: dict[str, Copy]
) -> None:
    """The body reads what was counted for it, and is asked for no reply that would be late."""
    office.now = SURVEY.closes
    office.reply(invitations[YAMADA], "Q1 7")
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    office.command(told, f"U-{held_number(told):04d} Q1=3")
    (entered,) = office.copies("entered_for_body")
    assert "締切を過ぎていますので、返信で直すことはできません。" in entered.text
    assert "　受付済み　Q1 検討中" in entered.text
    assert "【Q1回答】" not in entered.text


def test_after_the_close_nothing_is_offered_that_is_refused(
    office: PostOffice, invitations: dict[str, Copy]
) -> None:
    """A late reply that is accepted cannot be corrected by 代理 or by a reply, so neither is named."""
    office.now = SURVEY.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, office.now, office.now)
    office.copies()
    office.pass_time(timedelta(hours=1))
    office.reply(invitations[YAMADA], "Q1 2")
    told = next(copy for copy in office.copies() if copy.kind == "office_held")
    office.command(told, f"U-{held_number(told):04d} 採用")
    answer = office.copies("office_answer")[0]
    assert "数えました" in answer.said
    assert "直すには" not in answer.said
    assert answer.says(
        "ただし、S26-014 の結果は2026年7月2日（木）17時00分に公表済みで、このお答えを含んでいません。"
    )
