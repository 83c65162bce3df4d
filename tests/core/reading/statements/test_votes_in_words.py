"""Votes on all motions in one sentence: counted where the whole of it is understood, held where anything more stands in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Question, Reading, Survey
from mailbot.core.surveys.vote import weigh
from tests.mails.standard import RESOLUTION, TODAY, invitation, quoted

FIRST, SECOND = RESOLUTION.questions[:2]
THREE = replace(RESOLUTION, questions=(FIRST, SECOND, replace(SECOND, id="Q3", text="役員の選任")))
ONE = replace(RESOLUTION, questions=(FIRST,))
OPTIONS_OF_ELECTION = ("甲野太郎", "乙野花子")
ELECTION = replace(
    RESOLUTION, questions=(FIRST, Question("Q2", "会長の選挙", "single", OPTIONS_OF_ELECTION, required=True))
)
VOTES = {"賛": "yes", "反": "no", "棄": "abstain"}


def read(text: str, of: Survey, *, quotation: bool = True) -> Reading:
    sent = invitation(of)
    return read_reply(of, f"{text}\n\n{quoted(sent)}" if quotation else text, [sent], today=TODAY)


def votes(said: str) -> dict[str, Answer]:
    return {f"Q{number}": VOTES[mark] for number, mark in enumerate(said, 1)}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("全議案に賛成いたします。", "賛賛賛"),
        ("全議案賛成", "賛賛賛"),
        ("いずれの議案も賛成です。準備いただきありがとうございます。", "賛賛賛"),
        ("3議案とも賛成します。当日の総会には私が出席できず申し訳ありません。", "賛賛賛"),
        ("議案1、議案2は賛成、議案3は棄権します。候補者に当市の職員がいるためです。", "賛賛棄"),
        ("1号　○\n2号　○\n3号　×", "賛賛反"),
        ("全ての議案に賛成します。よろしくお願いいたします。", "賛賛賛"),
        ("すべての議案について賛成です。", "賛賛賛"),
        ("全て賛成です", "賛賛賛"),
        ("いずれの議案にも異議ありません。", "賛賛賛"),
        ("3議案とも反対とします。", "反反反"),
        ("三議案とも賛成", "賛賛賛"),
        ("全3議案に賛成します", "賛賛賛"),
        ("ご提案の3議案、異議ありません。", "賛賛賛"),
        ("議案1から3まで、いずれも賛成します。", "賛賛賛"),
        ("議案1～3　賛成", "賛賛賛"),
        ("議案1から議案3まで賛成です", "賛賛賛"),
        ("1号議案から3号議案まで全て賛成でお願いします！", "賛賛賛"),
        ("第1号議案から第3号議案まで棄権します。", "棄棄棄"),
        ("議案1、議案2、議案3とも賛成します。", "賛賛賛"),
        ("議案２のみ反対、他は賛成です。", "賛反賛"),
        ("議案2は反対、その他の議案は賛成とします。", "賛反賛"),
        ("議案1は棄権し、残りの2議案には賛成します。", "棄賛賛"),
        ("第1号議案…賛成、第2号議案…反対、第3号議案…賛成", "賛反賛"),
        ("議案1は賛成。議案2は反対。議案3は棄権。", "賛反棄"),
        ("規約第5条の改正は賛成、会費の改定は反対、役員の選任は賛成です。", "賛反賛"),
        ("総会の件、全議案に賛成します。", "賛賛賛"),
        ("当市としましては、全議案に賛成いたします。", "賛賛賛"),
        ("お世話になっております。全議案に賛成いたします。", "賛賛賛"),
        ("○○市です。全議案に賛成いたします。", "賛賛賛"),
        ("全議案について、原案どおり承認します。", "賛賛賛"),
        ("「全議案に賛成」", "賛賛賛"),
        ("原案のとおり、3議案すべてに賛成します。", "賛賛賛"),
        ("総会資料を拝見しました。議案1、議案2、議案3のいずれも賛成いたします。", "賛賛賛"),
        ("賛否：全て賛成（議案1～3）", "賛賛賛"),
        ("議案1、2、3　賛成", "賛賛賛"),
        ("いずれも賛成です。", "賛賛賛"),
        ("3件とも賛成です。", "賛賛賛"),
        ("お疲れさまです。3つとも賛成でお願いします。", "賛賛賛"),
        ("全ての議案について、異議なく賛成いたします。", "賛賛賛"),
        ("ご提案のとおり、すべて承認いたします。", "賛賛賛"),
        ("全議案、異議ございません。お取り計らいのほどよろしくお願いいたします。", "賛賛賛"),
        ("議案1,2,3について賛成いたします。総会の準備、お疲れさまです。", "賛賛賛"),
        ("議案1・2は賛成、議案3は反対でお願いします。", "賛賛反"),
        ("議案1と3は賛成です。議案2は反対します。", "賛反賛"),
        ("第1、3号議案は賛成、第2号議案は棄権とします。", "賛棄賛"),
        ("全議案につき賛成といたします。", "賛賛賛"),
        ("（1）書面表決：議案1 賛成、議案2 反対、議案3 賛成", "賛反賛"),
        ("庁内で協議した結果、全議案に賛成します。", "賛賛賛"),
    ],
)
@pytest.mark.parametrize("quotation", [True, False])
def test_a_sentence_that_votes_on_every_motion_counts(written: str, said: str, quotation: bool) -> None:
    """Nothing in it is left over, and each motion is named once: a careful clerk reads it surely."""
    reading = read(f"お世話になっております。\n{written}\nよろしくお願いします。", THREE, quotation=quotation)
    assert reading.answers == votes(said)
    assert reading.hold is None
    assert weigh(THREE, None, reading, late=False, automatic=False).status == "counted"


@pytest.mark.parametrize(
    "written",
    [
        "全議案に賛成できません。",
        "修正案のとおり、3議案すべてに賛成します。",
        "総会資料を拝見しましたが、全議案に賛成します。",
        "総会資料を拝見しました。議案1、議案2、議案3のいずれかに賛成いたします。",
        "賛否：全て賛成（議案1～2）",
        "議案1、2　賛成",
        "2件とも賛成です。",
        "いずれかに賛成です。",
        "いずれも賛成多数です。",
        "議案1、3、2　賛成",
        "議案1、2、3、4　賛成",
        "議案1、2、3　賛成できない",
        "議案1、2、3　1",
        "庁内で協議しておりますが、全議案に賛成します。",
        "賛否：全て賛成（議案1～3のうち2を除く）",
        "議案2のみ反対、他は賛成（議案1～3）",
        "賛成（議案1～3のいずれか）",
        "全議案に賛成しかねます。",
        "全議案におおむね賛成です。",
        "全議案に条件付きで賛成します。",
        "全議案賛成。ただし議案2は予算の修正を条件とします。",
        "全議案に賛成します\nただし、議案2は修正を求めます。",
        "全議案に賛成します\nが、議案2には条件があります。",
        "全議案に賛成します。議案2は一部修正してください。",
        "全議案に賛成（議案2を除く）",
        "全議案に賛成の予定です。",
        "全議案に賛成でよいですか。",
        "全議案に賛成？",
        "全議案に賛成\nと回答してよいでしょうか",
        "全議案に賛成（案）",
        "議案2を除き全議案に賛成します。",
        "議案2以外は賛成です。",
        "一部の議案に賛成します。",
        "2議案とも賛成です。",
        "4議案とも賛成です。",
        "3議案 賛成",
        "両議案に賛成",
        "議案1から2まで賛成",
        "議案1～4　賛成",
        "議案2～3　賛成",
        "議案3～1　賛成",
        "議案2のみ反対",
        "議案2のみ反対、議案2は賛成、他は賛成",
        "議案4のみ反対、他は賛成です。",
        "議案1は棄権し、残りの1議案には賛成します。",
        "議案1は反対、残りは未定です。",
        "全議案なし",
        "全議案について保留します。",
        "全議案 可否を検討中",
        "全議案 1か2",
        "全会一致で賛成が見込まれます。",
        "課長は全議案に賛成です。",
        "隣の市は全議案に賛成だそうです。",
        "全議案に賛成する団体が多いと聞きました。",
        "全議案に賛成しますが、議案2は反対です。",
        "全議案に賛成\n議案2 反対",
        "全議案に賛成\n議案2だけは反対です",
        "全議案に賛成\n反対",
        "案として、議案1～3すべて賛成で起案中です。決裁が下りましたら正式にお送りします。",
        "全議案に賛成いたします\n（議案2を除く）",
        "全議案に賛成いたします\n議案2を除きます",
        "全議案賛成\n※議案2は条件付き",
        "全議案賛成\n\n追伸：議案3は反対に変更します。",
        "全議案に賛成いたします。先週の回答は取り消します。",
        "全議案に賛成いたします。\nと、先週申し上げましたが再考中です。",
        "議案2のみ反対、他は賛成です。\n議案3 棄権",
        "議案1は賛成、他は賛成できません。",
        "議案1、4は賛成、議案2、3は反対です。",
        "今回は議案1のみ賛成とします。",
        "議案1は賛成、他は反対か棄権です。",
        "全議案 賛成 反対 棄権",
        "全議案 □賛成 □反対",
        "全議案、反対なし",
        "全議案に異議がないわけではありません。",
        "全議案不承認に反対",
        "全議案の承認をお願いします。",
        "「全議案に賛成」と書けばよいですか。",
        "例：全議案に賛成",
        "部長\n全議案に賛成でお願いします。\n担当",
        "課長へ\n全議案に賛成でよろしくお願いします。",
        "標記の件、賛成します。",
        "議案に賛成します。",
        "賛成です。",
        "松本市です。全議案に賛成いたします。",
        "規約第5条の改正は賛成、会費の改定は反対です。役員の選任は後日お送りします。",
    ],
)
@pytest.mark.parametrize("quotation", [True, False])
def test_anything_more_is_held(written: str, quotation: bool) -> None:
    """A condition, a correction, a motion left out or one too many: nothing counts, as ballot.md section 8 has it."""
    reading = read(written, THREE, quotation=quotation)
    found = weigh(THREE, None, reading, late=False, automatic=False)
    assert (found.status, dict(found.answers)) == ("held", {})


@pytest.mark.parametrize(
    "quoted_mail", ["> 全議案に賛成いたします。", "差出人: 佐藤\n件名: 表決\n\n全議案に賛成いたします。"]
)
def test_a_quoted_vote_is_not_the_members(quoted_mail: str) -> None:
    """What somebody else wrote, in the mail that is quoted, votes for nobody."""
    assert not read(f"ご参考までに転送します。\n\n{quoted_mail}", THREE, quotation=False).answers


def test_words_that_gainsay_a_slot_are_held() -> None:
    """Head and slot differ."""
    sent = invitation(THREE)
    filled = quoted(sent.replace("【Q2回答】[　　]", "【Q2回答】[ 2 ]"))
    assert read_reply(THREE, f"全議案に賛成します。\n\n{filled}", [sent], today=TODAY).hold == "differ"


def test_an_election_is_no_motion() -> None:
    """Whoever is to be elected is not chosen by 賛成."""
    assert not read("全議案に賛成します。", ELECTION).answers


@pytest.mark.parametrize(
    ("written", "vote"),
    [
        ("標記の件、議案に賛成します。", "yes"),
        ("件名の書面表決、賛成です。", "yes"),
        ("規約第5条の改正について、賛成いたします。", "yes"),
        ("お疲れ様です。規約第5条の改正について、反対いたします。", "no"),
        ("申し訳ありませんが、反対といたします。", "no"),
        ("今回は棄権といたします。", "abstain"),
        ("さて、このことについて、本町としましては「賛成」です。", "yes"),
        ("表決：賛成（満場一致で庁内決裁済）", "yes"),
        ("全て賛成です。", "yes"),
        ("本議案に賛成します", "yes"),
        ("ｻﾝｾｲ", "yes"),
        ("課内で確認し、賛成とさせていただきます。", "yes"),
        ("町長の了解を得まして、反対とします。", "no"),
        ("ご照会の件、当町は賛成です。", "yes"),
        ("改正案に賛成します。", "yes"),
        ("提案どおりで異議ありません。", "yes"),
        ("書面表決の件、当市は賛成いたしますので、よろしくお願いいたします。", "yes"),
        ("Q1 1です。外出先から失礼します。", "yes"),
        ("賛成です。いつもありがとうございます。", "yes"),
        ("ハンタイ", "no"),
    ],
)
def test_one_motion_needs_no_number(written: str, vote: str) -> None:
    """Of the only motion there is, its own words or 標記の件 say which."""
    reading = read(written, ONE)
    assert (reading.answers, reading.hold) == ({"Q1": vote}, None)


@pytest.mark.parametrize(
    "written",
    [
        "標記の件、議案に賛成できません。",
        "課内で検討中、賛成です。",
        "修正案に賛成します。",
        "改正案に賛成する声が多いです。",
        "課長に確認して、賛成か反対か決めます。",
        "Q1 1です。いつもどおり保留でお願いします。",
        "Q1 1です。ご送付の資料は了解できません。",
        "Q1 1です。ご回答は後日お送りします。",
        "標記の件、議案2に賛成します。",
        "標記の件、条件付きで賛成します。",
        "標記の件、議会の承認を前提に賛成します。",
        "規約第5条の改正について、賛成の方向で検討しています。",
        "規約第5条の改正について、賛成してよいでしょうか。",
        "佐藤さん\n標記の件、賛成で回答しておいてください。",
        "このことについて、町長は賛成です。",
        "本議案に賛成する理由を教えてください。",
        "昨年度の議案に賛成しました。",
        "標記の件、承認をお願いします。",
        "標記の件、承認いただきました。",
        "標記の件、反対意見はありません。",
        "表決：賛成または反対",
        "表決：賛成（未決裁）",
        "議案に賛成します。修正案には反対です。",
        "規約第5条の改正に賛成する声はありません。",
        "会費の改定について、賛成いたします。",
    ],
)
def test_of_one_motion_anything_more_is_held(written: str) -> None:
    """Conditions, questions, others' words, and another motion's."""
    assert not read(written, ONE).answers or read(written, ONE).hold


_NOTICE = (
    "このメールおよび添付ファイルには機密情報が含まれている場合があります。",
    "誤って受信された場合は、送信者に通知のうえ、直ちに削除してください。",
)


@pytest.mark.parametrize("above", ["--\n○○市役所\n\n", "joho@city.example.lg.jp\n", "-----\n", ""])
@pytest.mark.parametrize("notice", ["\n".join(_NOTICE), _NOTICE[0].replace("場合", "場合\n"), _NOTICE[1]])
def test_a_confidentiality_notice_below_a_vote_is_no_condition(above: str, notice: str) -> None:
    """Its 場合 are not the vote's, whatever stands between them."""
    reading = read(f"賛成します。\n\n{above}{notice}", ONE)
    assert (reading.answers, reading.hold, reading.problems) == ({"Q1": "yes"}, None, ())


@pytest.mark.parametrize(
    "below",
    [
        "予算が認められた場合です。",
        "メールで事前に連絡がある場合です。",
        "添付の案で賛成する場合に限ります。",
        "場合によっては反対です。",
        "総会が流会の場合は、受信後に破棄してください。",
        "議会で否決された場合は、このメールを削除してください。",
    ],
)
@pytest.mark.parametrize("rule", ["", "--\n"])
def test_a_condition_below_a_vote_is_one(below: str, rule: str) -> None:
    """Also below a line across, where a signature may stand."""
    reading = read(f"賛成します。\n\n{rule}{below}", ONE)
    assert reading.hold is not None or reading.answers == {}


@pytest.mark.parametrize(
    ("written", "vote"),
    [
        ("改正の件、賛成です。", "yes"),
        ("規約第5条の改正の件ですが、反対です。", "no"),
        ("改正の件は、賛成できません。", None),
        ("改定の件、賛成です。", None),
        ("改正の件、賛成です。新しい条文は分かりやすいですね。", None),
    ],
)
def test_a_vote_on_the_one_motion_by_its_last_words(written: str, vote: str | None) -> None:
    """Of other words it may be another matter; a sentence behind a vote is the chair's to read."""
    assert read(written, ONE).answers.get("Q1") == vote


@pytest.mark.parametrize(
    ("slot", "vote"),
    [
        ("○賛成", "yes"),
        ("○ 賛成", "yes"),
        ("賛成○", "yes"),
        ("○反対", None),
        ("賛成○反対", None),
        ("×賛成", None),
        ("○賛成できない", None),
    ],
)
def test_a_circle_before_a_vote(slot: str, vote: str | None) -> None:
    """It says the same as 賛成; of 「○反対」 it may be the vote, or mark it."""
    sent = invitation(ONE)
    reading = read_reply(
        ONE, quoted(sent).replace("【Q1回答】[　　]", f"【Q1回答】[ {slot} ]"), [sent], today=TODAY
    )
    assert reading.answers.get("Q1") == vote


BRACKETED = replace(
    RESOLUTION,
    questions=(
        replace(FIRST, text="会則第8条の改正（年会費の改定）"),
        replace(SECOND, text="監事の補欠選任（東雲町 情報政策課長）"),
    ),
)


@pytest.mark.parametrize(
    ("written", "of", "given"),
    [
        ("年会費の改定の件、賛成で回答します。", 1, {"Q1": "yes"}),
        ("会則第8条の改正に反対します。", 1, {"Q1": "no"}),
        ("会則改正の件、反対です。", 1, {"Q1": "no"}),
        ("議案1 会則第8条の改正　賛成\n議案2 監事の補欠選任　反対", 2, {"Q1": "yes", "Q2": "no"}),
        ("議案1 会則第8条の改正（年会費の改定）賛成\n議案2 監事の補欠選任　2", 2, {"Q1": "yes", "Q2": "no"}),
        ("監事の補欠選任は反対、年会費の改定は賛成です。", 2, {"Q1": "yes", "Q2": "no"}),
        ("役員の選任の件、反対です。", 1, {}),
        ("議案1 会則第9条の改正　賛成", 1, {}),
        ("議案1 年会費　賛成\n議案2 監事の選任　反対", 2, {}),
    ],
)
def test_a_motion_by_its_words_without_their_brackets(written: str, of: int, given: dict[str, str]) -> None:
    """With what its brackets hold, without them, or by that alone; of other words it may be another motion."""
    assert read(written, replace(BRACKETED, questions=BRACKETED.questions[:of])).answers == given
