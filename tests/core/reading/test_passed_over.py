"""What a member says where it is easily passed over: between a question and its options, below our mail, without its question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.doubts.doubt import doubts
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Unclear, Understood
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Question, Reading, Survey
from tests.core.reading.test_reply import INVITATION, read, slot
from tests.mails.standard import RESOLUTION, STANDARD, TODAY, invitation, quoted

VOTES = ("1", "1", "1")[: len(RESOLUTION.questions)]


def filled(*values: str, of: Survey = RESOLUTION) -> str:
    text = invitation(of)
    for number, value in enumerate(values, 1):
        text = text.replace(f"【Q{number}回答】[　　]", f"【Q{number}回答】[ {value} ]")
    return text


def vote(top: str, *values: str) -> Reading:
    return read_reply(
        RESOLUTION, f"{top}\n\n{quoted(filled(*values))}", [invitation(RESOLUTION)], today=TODAY
    )


def outlook(text: str, below: str) -> str:
    """All below Outlook's thin line is one level deep, also what the member typed at the very end."""
    return f"お世話になっております。\n{quoted(f'差出人: 事務局{chr(10)}件名: 調査{chr(10)}{chr(10)}{text}{chr(10)}{below}')}"


@pytest.mark.parametrize(
    "said",
    [
        "※この問は未確定です",
        "←要確認",
        "（仮の回答です）",
        "課長：3では？",
        "3のような気もします",
        "と思いましたが、1です",
    ],
)
def test_a_doubt_between_a_question_and_its_options_is_asked_about(said: str) -> None:
    """It belongs to the question above it (ballot.md section 6, rule 5), whose answer it doubts."""
    text = slot(1, "[ 2 ]").replace("   1. 利用している\n", f"   {said}\n   1. 利用している\n")
    reading = read(quoted(text))
    assert "Q1" not in reading.answers
    assert [problem.question for problem in reading.problems] == ["Q1"]


def test_an_option_line_that_came_damaged_is_no_doubt() -> None:
    """A gateway turned a character of ours into another; the answer in the slot stands."""
    assert read(quoted(slot(1, "[ 2 ]").replace("   1. 利用している\n", "   1. 利用してい〓\n"))).answers == {
        "Q1": ("2",)
    }


@pytest.mark.parametrize(
    "said",
    ["この回答は誤りでした。", "決裁前のため仮の回答です。", "回答は差し替えますので、お待ちください。"],
)
def test_a_doubt_below_a_mail_that_outlook_quotes_holds_the_reply(said: str) -> None:
    """The member typed it below everything, where no mark tells it from what is quoted."""
    assert read(outlook(slot(1, "[ 2 ]"), said)).hold == "correction"
    assert read(outlook(slot(1, "[ 2 ]"), "夏に庁舎が移りました。")).beside == "夏に庁舎が移りました。"


def test_what_announces_an_older_mail_beneath_is_no_sentence_of_the_member_s() -> None:
    """Below our mail stands the heading of what is quoted deeper still."""
    text = f"{quoted(INVITATION)}\n> 昨年の回答\n{quoted(INVITATION, '> > ')}"
    assert read(f"Q1 2\n\n{text}").hold is None


@pytest.mark.parametrize(
    "top",
    ["反対", "反対です。", "2", "棄権します。", "異議あり", "賛成できません。", "本議案には反対します。"],
)
def test_a_vote_above_filled_slots_that_none_of_them_is(top: str) -> None:
    """Head and slots differ, whichever motion is meant; nothing counts (ballot.md section 8)."""
    assert vote(top, *VOTES).hold in {"differ", "correction", "conditional"}


@pytest.mark.parametrize("top", ["賛成", "賛成です。", "1", "異議なし", "よろしくお願いします。"])
def test_a_vote_above_filled_slots_that_all_of_them_are(top: str) -> None:
    """It says once more what the slots say."""
    reading = vote(top, *VOTES)
    assert reading.hold is None
    assert set(reading.answers.values()) == {"yes"}


def test_a_label_above_a_slot_that_says_otherwise() -> None:
    """A whole label names its question by itself."""
    assert read(f"利用していない\n\n{quoted(slot(1, '[ 1 ]'))}").hold == "differ"
    assert read(f"利用していない\n\n{quoted(slot(1, '[ 2 ]'))}").hold is None


@pytest.mark.parametrize(
    "said",
    [
        "部長の了解が下りたら正式に回答します。",
        "市の意向です。",
        "再度お送りしますので、こちらは不要です。",
        "会費が上がらないことが前提です。",
        "お手数ですが、Q3だけは後日お送りします。",
    ],
)
def test_no_sentence_is_lost_for_a_word_of_courtesy_in_it(said: str) -> None:
    """What is more than courtesy is held or shown to the office, also where a greeting's words stand in it."""
    reading = read(f"Q1 2\nQ2 1\n\n{said}\n\n{quoted(INVITATION)}")
    assert reading.hold is not None or said in reading.beside


@pytest.mark.parametrize(
    "said",
    [
        "下記のとおり回答いたします。",
        "青里市の佐藤です。",
        "情報政策課の山田太郎です。",
        "お手数をおかけします。",
        "ご不明な点がございましたら、ご連絡ください。",
    ],
)
def test_courtesy_is_not_shown(said: str) -> None:
    """What stands beside answers every day says nothing."""
    reading = read(f"{said}\nQ1 2\n\n{quoted(INVITATION)}")
    assert (reading.hold, reading.beside) == (None, "")


def test_a_gateway_s_mark_glued_to_the_first_line_is_not_of_it() -> None:
    """Some write [EXTERNAL] right before the first word."""
    assert read(f"[EXTERNAL]Q1 2\n\n{quoted(INVITATION)}").answers == {"Q1": ("2",)}
    assert read(f"【外部メール】 Q1 2\n\n{quoted(INVITATION)}").answers == {"Q1": ("2",)}


OPEN_FIGURES = "億|万|兆|1億5|2万5|1億2千|12万3千4|1億2000|5,000千万|5000（単位：千円）|5,000（百万円）|5000（千円単位）|5000万円（精査中）"
DOUBTING_REMARKS = "未決裁|私見|精査中|未確認|ダミー|サンプル|ドラフト|集計しないでください|集計対象外|修正予定|差替予定|再提出予定|担当者案|推測|自信なし|不確か|恐らく|廃棄"
REMARKS = "来年度から|一部の課で導入を検討|県と共同|担当は総務課|本庁のみ|詳細は別紙|課長に確認済み"
AGREEING = "市長の決裁を受けて表決しております。|表決用紙を返送いたします。|本市の表決は次のとおりです。|原案のとおりで異議ありません。|反対意見はありませんでした。|反対する理由はありません。|棄権はありません。|改正の趣旨に賛同します。|庁議で承認されました。|委任状はあります。"
CONDITIONS = "会費が年1万円を超えないことが望ましい。|説明資料が足りません。|議会への説明が済んでいません。|経過措置を設けてもらえると考えての賛成です。|議案1のみ賛成。|議案2を除き賛成。|3議案とも保留。|賛否を明らかにしません。|表決には加わりません。|白紙委任とします。|修正の上、賛成。|市長名での表決は後日提出。|説明を聞いてから決めます。|賛成は議案1だけです。|定数が12名なら賛成という趣旨です。|議会の承認が得られた場合に限ります。|会費が上がらないことが前提です。|委任状はありません。|賛成はしますが、条件があります。|委任状がまだです。|表決権は副市長に委任しました。|正式な表決書は後日郵送します。|別紙のとおり表決します。|前回のとおり。|紙で出した表決書を優先してください。|後のものを無効にしてください。|議会の議決後に効力を生じるものとします。"
SUM = Question("Q1", "令和8年度の経費（円）", "number")
USED = Question("Q1", "利用", "single", ("利用している", "利用していない", "検討中"))


@pytest.mark.parametrize("written", OPEN_FIGURES.split("|"))
def test_a_figure_that_leaves_its_size_open_is_asked_about(written: str) -> None:
    """「1億5」 may be 1億5千万, and 5000 in thousands is no 5000."""
    assert isinstance(read_answer(SUM, written, today=TODAY), Unclear)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("123,456 千円", "123456000"),
        ("10万500円", "100500"),
        ("1億2345万6千円", "123456000"),
        ("5,000千円", "5000000"),
        ("千万", "10000000"),
    ],
)
def test_a_figure_that_does_not(written: str, value: str) -> None:
    """Thousands of yen as account books write them, and figures whose units are all there."""
    assert read_answer(SUM, written, today=TODAY) == Understood(value)


@pytest.mark.parametrize("remark", DOUBTING_REMARKS.split("|"))
def test_a_remark_in_brackets_may_doubt_as_a_sentence_does(remark: str) -> None:
    """What holds a reply beside its answers does so behind one of them."""
    assert isinstance(read_answer(USED, f"2（{remark}）", today=TODAY), Unclear)


@pytest.mark.parametrize("remark", REMARKS.split("|"))
def test_a_remark_in_brackets_is_kept(remark: str) -> None:
    """It explains the answer."""
    assert read_answer(USED, f"1（{remark}）", today=TODAY) == Understood(("1",), remark)


SHIFTED = "一つずれています。|番号がずれているかもしれません。|Q2の番号は逆です。|上から順に読み替えてください。|2を3に読み替えてください。"
ELSEWHERE = "回答は別メールでお送りします。|お電話でお答えします。|FAXで送ります。|回答ではなくご相談です。|回答は不要と聞いております。|質問の意味が理解できません。|よく分かりません。|担当ではないため分かりません。"
OF_OTHERS = "別の市の分を誤って記入しました。|他団体の回答を貼り付けてしまいました。|当市も同様です。|右に同じ。|前回の表決を有効としてください。|先に送った委任状を優先してください。|上記は課としての意見で、市の表決ではありません。"
RECALLED = "キャンセルでお願いします。|上記のうちQ1は取り下げます。|訂正があります。|送り間違いです。|Q1以外は確定です。|議案3のみ、あらためて返信します。|こちらのメールは使わないでください。"
UNSETTLED = "とりあえずの回答です。|中間報告です。|最終版ではありません。|確定は1月です。|あとで変えるかもしれません。|部長の決裁が下りたら正式に回答します。|上司に相談のうえ、改めてご連絡します。|理事会の議決後に正式に表決します。|承認が下りていません。|合議が済んでおりません。|担当課の回答待ちです。|あくまで現時点での意向です。|（ここは後で直します）|来年度は変わる予定なので、確定ではありません。|市長の決裁が下り次第、改めて連絡します。|なお、正式決定は来月の予定です。|取り急ぎの回答となります。|こちらで合っていますか。|個人的な意見です。|庁内の合意は得ていません。|仮にですが、2としました。|見直しの上、再度提出します。|詳細を確認のうえ、改めて回答いたします。|庁内の合意はこれから得ます。"
DONE_OVER = "送信ボタンを押してしまいました。|書き終わる前に送ってしまいました。|単位を千円で書いてしまいました。|再提出します。|回答は係長が後ほど送り直します。|一度取り消させてください。|やはり回答を控えます。|桁を間違えたかもしれません。|別の調査と勘違いしていました。|集計に使わないようお願いします。|問題なければ本回答とします。|議長の許可がまだです。|上司から指示があれば変更します。|私の一存で書きました。|回答権のない者が書いています。|関係課の意見がそろっていません。|この数で正しいか微妙です。|財政課の査定前の数値です。|※いずれも概数で、後日修正します。|数値は追って訂正いたします。|後ほど一部変更予定です。|差し替えをお願いするかもしれません。"
SETTLED = """他の団体の回答を参考にしました。|来年度に改修するため、費用は増える予定です。|令和8年11月末時点の状況です。|令和8年10月1日現在の数字です。|庁内で合意済みです。|議会の承認を得て実施しました。|隣の市の取組が参考になります。|前回の回答と同じです。|資料は別途郵送いたします。|ご不明な点はお電話でお願いします。|担当課と協議のうえ回答しました。|上司の決裁を得て回答しています。|決裁が下りましたので回答します。
|部内の確認が済んでおります。|前回の返信は取り下げました。|訂正がありましたらお知らせください。|記入に誤りはありません。|受領連絡は不要です。|FAXでもお送りしています。|行が崩れていたらすみません。|質問の意図をくみ取って回答しました。|よく分かりました。|確定版です。|当市でも同様の課題があります。
|キャンセル待ちの研修を希望します。|取り下げはしません。|中間報告書を添付します。|後日、担当よりご連絡いたします。|担当ではありませんが、代理で回答します。|課長に確認して回答しています。|本庁のみです。|Q2の番号は1と3です。|ご指摘があればお知らせください。|昨年度に書き直した計画です。|問題なければご返信は不要です。|不明な点は担当までお願いします。|遅くなってしまい申し訳ありません。|関係課の意見がそろいましたので回答します。ご回答をお待ちしております。""".replace(
    "\n", ""
)


@pytest.mark.parametrize(
    "said", f"{SHIFTED}|{ELSEWHERE}|{OF_OTHERS}|{RECALLED}|{UNSETTLED}|{DONE_OVER}".split("|")
)
def test_what_else_takes_answers_back(said: str) -> None:
    """Figures in the wrong place; sent in another way; of others; recalled; not settled."""
    assert doubts(said)


@pytest.mark.parametrize("said", SETTLED.split("|"))
def test_the_same_words_about_other_things(said: str) -> None:
    """Of what is done, what somebody else is asked for, and other papers."""
    assert not doubts(said)


@pytest.mark.parametrize("said", AGREEING.split("|"))
def test_a_sentence_that_agrees_with_the_votes(said: str) -> None:
    """It speaks of the votes that were given, or denies the others."""
    assert vote(said, *VOTES).hold is None


@pytest.mark.parametrize("said", CONDITIONS.split("|"))
def test_a_condition_beside_votes(said: str) -> None:
    """Never rounded to yes or no."""
    assert vote(said, *VOTES).hold in {"conditional", "correction"}


@pytest.mark.parametrize(
    ("said", "hold"),
    [
        ("課長は検討中を希望しています。", "correction"),
        ("部内では、利用しているの方が良いという声もあります。", "correction"),
        ("利用していないことは承知のとおりです。", None),
        ("隣の市は利用していると聞きます。", None),
    ],
)
def test_an_option_that_somebody_else_would_choose(said: str, hold: str | None) -> None:
    """A sentence that wishes for an option which was not chosen is asked about."""
    assert read_of(STANDARD, f"Q1 2\n\n{said}").hold == hold


def test_a_slot_typed_twice_with_two_answers_is_asked_about() -> None:
    """Neither stands deeper than the other (ballot.md section 6, rule 7)."""
    assert "Q1" not in read(quoted(slot(1, "[ 2 ]\n【Q1回答】[ 3 ]"))).answers
    assert read(quoted(slot(1, "[ 2 ]\n【Q1回答】[ 2 ]"))).answers == {"Q1": ("2",)}


def test_a_ballot_that_stands_twice_with_two_answers_is_asked_about() -> None:
    """At one depth neither is older, whether two people filled them or one; below another mail's head it is (rule 7)."""
    one, other = slot(1, "[ 2 ]"), slot(1, "[ 3 ]")
    for text in (
        f"{one}\n\n{other}",
        f"{quoted(one)}\n\n{quoted(other)}",
        f"（山田）\n{one}\n\n（佐藤）\n{other}",
    ):
        assert "Q1" not in read(text).answers
    for text in (f"{one}\n\n{INVITATION}", f"{one}\n\n{one}", f"{one}\n\n山田さんは書きました:\n{other}"):
        assert read(text).answers == {"Q1": ("2",)}
    twice = f"{filled('1', '1')}\n\n{filled('2', '1')}"
    assert "Q1" not in read_reply(RESOLUTION, twice, [invitation(RESOLUTION)], today=TODAY).answers


@pytest.mark.parametrize("said", ["［Q1回答：2］", "[Q1: 2]", "【Q1：２】"])
def test_an_answer_within_the_brackets_of_its_question(said: str) -> None:
    """Some overwrite the brackets, too."""
    assert read(f"{said}\n\n{quoted(INVITATION)}").answers == {"Q1": ("2",)}
    assert read(quoted(INVITATION).replace("【Q1回答】[　　]", said)).answers == {"Q1": ("2",)}


def test_a_sentence_that_a_gateway_wrapped_is_read_whole() -> None:
    """It breaks lines at 40 columns, within words."""
    said = "本市といたしましては、この調査への回答を別\nメールでお送りいたします。"
    assert read(f"Q1 2\n\n{said}\n\n{quoted(INVITATION)}").hold == "correction"
    said = "本市の庁舎は、昨年の夏から移転を段階的に進\nめております。"
    assert read(f"Q1 2\n\n{said}\n\n{quoted(INVITATION)}").beside


def test_a_vote_for_something_else_is_none() -> None:
    """There is no amendment to vote for (ballot.md section 8: 条件付き賛成)."""
    assert isinstance(read_answer(RESOLUTION.questions[0], "賛成（修正案に）", today=TODAY), Unclear)


def test_a_free_answer_that_corrects_another_holds_the_reply() -> None:
    """What stands in the slot of an opinion is no opinion; one that names a question in passing is."""
    assert read(quoted(slot(3, "[ やはりQ1は3にします ]", slot(1, "[ 2 ]")))).hold == "correction"
    assert read(quoted(slot(3, "[ Q1の選択肢に「一部利用」がほしい ]", slot(1, "[ 2 ]")))).hold is None


def test_another_day_for_another_thing_in_the_remark_is_asked_about() -> None:
    """Two days are stated; which one is meant, nobody can tell."""
    day = Question("Q1", "移行日", "date")
    assert isinstance(read_answer(day, "令和9年3月31日（税は令和10年3月31日）", today=TODAY), Unclear)
    assert isinstance(read_answer(day, "令和9年3月31日（議会の議決を得て）", today=TODAY), Understood)


@pytest.mark.parametrize("dash", ["-", "―", "－"])
def test_a_dash_behind_a_question_is_nothing(dash: str) -> None:
    """And the line below it is no answer: a name, or a number of something else."""
    assert read(f"Q1 2\nQ2 {dash}\n3\n").answers in ({"Q1": ("2",)}, {})
    assert read(f"Q1 2\nQ2：{dash}\nQ3 {dash}\n山田太郎").answers == {"Q1": ("2",)}


def test_a_question_s_number_and_what_it_is_changed_to() -> None:
    """「Q1は3に訂正します。」 is an answer as 「Q1を3に訂正します。」 is."""
    assert read("Q1は3に訂正します。").answers == {"Q1": ("3",)}
    for said in ("Q1は3に訂正しません。", "Q1は3に訂正してよいですか", "Q1は3から2に訂正します。"):
        assert read(said).answers.get("Q1") != ("3",), said


STORED = Question(
    "Q1", "バックアップの保管先", "multi", ("庁舎内", "クラウド", "保管していない"), required=True
)
LACKS = Question("Q1", "運用の課題", "multi", ("人員不足", "予算不足", "周知していない"), required=True)


@pytest.mark.parametrize(("asked", "counts"), [(STORED, False), (LACKS, True)])
def test_an_option_that_denies_what_is_asked(asked: Question, counts: bool) -> None:
    """「保管していない」 beside a place of storage is asked about; of several lacks one may be 「周知していない」."""
    of = Survey("S26-1", "調査", STANDARD.audience, STANDARD.opens, STANDARD.closes, (asked,))
    reading = read_reply(of, "1,3", [invitation(of)], today=TODAY)
    assert (reading.answers == {"Q1": ("1", "3")}) is counts
    assert read_reply(of, "3", [invitation(of)], today=TODAY).answers == {"Q1": ("3",)}


ADOPTED = Question("Q1", "導入していますか", "yesno")
WISHES = tuple(Question(f"Q{n}", f"第{n}希望のテーマ", "single", ("監査", "費用", "活用")) for n in (1, 2))
NEWS = Question("Q3", "ご意見", "text")
ASKED = replace(STANDARD, title="研修の希望", questions=(*WISHES, NEWS))
ONLY = replace(
    STANDARD,
    title="移行の時期について",
    questions=(replace(WISHES[0], options=("済み", "8年度中", "時期未定")),),
)


def read_of(of: Survey, text: str) -> Reading:
    return read_reply(of, text, [invitation(of)], today=TODAY)


def behind(line: str, said: str, of: Survey = ASKED) -> str:
    """Return a reply in which something was typed at the end of a line of ours."""
    return quoted(
        "\n".join(f"{each}{said}" if each.startswith(line) else each for each in invitation(of).split("\n"))
    )


def test_an_answer_behind_our_own_question() -> None:
    """The options that follow it are not taken for the member's, where the question before has the same; nor is a free answer lost."""
    typed = behind("Q1 ", "　3").replace("Q2 第2希望のテーマ（1つ）", "Q2 第2希望のテーマ（1つ）　1")
    assert read_of(ASKED, typed).answers == {"Q1": ("3",), "Q2": ("1",)}
    assert read_of(ASKED, behind("Q3 ", "　→　時間が足りない")).answers == {"Q3": "時間が足りない"}


@pytest.mark.parametrize(("said", "answer"), [("いいえ", "no"), ("→ はい", "yes"), ("はい／いいえ", None)])
def test_a_word_between_a_question_and_its_options(said: str, answer: str | None) -> None:
    """It answers the question as a number there does, where all options stand as we sent them."""
    of = replace(STANDARD, questions=(ADOPTED, *STANDARD.questions[1:]))
    text = quoted(invitation(of)).replace(
        "> Q1 導入していますか（1つ）", f"> Q1 導入していますか（1つ）\n{said}"
    )
    assert read_of(of, text).answers.get("Q1") == answer


@pytest.mark.parametrize(
    ("said", "hold"),
    [
        ("失礼しました、先月から始まっていました。「はい」ですね。", "differ"),
        ("先月から始まっていました。はいです。", "differ"),
        ("来年度から始めます。よろしくお願いします。", None),
    ],
)
def test_a_last_sentence_that_answers_otherwise(said: str, hold: str | None) -> None:
    """What a sentence beside the answer says in the end is an answer, too; two that differ count for nothing."""
    of = replace(STANDARD, questions=(ADOPTED, *STANDARD.questions[1:]))
    assert read_of(of, f"Q1 いいえ\n\n{said}\n\n{quoted(invitation(of))}").hold == hold


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("回答　３　時期未定", ("3",)),
        ("「移行の時期について」の回答は、2．8年度中です。", ("2",)),
        ("「住基の時期について」の回答は、2．8年度中です。", None),
        ("回答します。\n「Q1 2」", ("2",)),
        ("遅くなりました。Q1は2です。", ("2",)),
        ("返信遅くなりました！ 2 です", ("2",)),
        ("本件、2 です。よろしくお願いします。", ("2",)),
        ("下記は仮の回答です。Q1は2です。", None),
        ("決裁が遅れますが、Q1は2です。", None),
        ("課長に聞かないと分かりません！ 2です", None),
        ("お尋ねします。Q1 2の意味は何ですか。", None),
        ("「Q1 2」\nのように書けばよいのでしょうか。", None),
        ("先頭に\n「Q1 2」\nと書くのですか。", None),
    ],
)
def test_an_answer_in_the_words_of_our_mail(said: str, answer: tuple[str, ...] | None) -> None:
    """Its title, the brackets of its example and an option that is open say nothing else; a question about them does."""
    reading = read_of(ONLY, f"{said}\n\n{quoted(invitation(ONLY))}")
    assert (reading.answers.get("Q1") if reading.hold is None else None) == answer
