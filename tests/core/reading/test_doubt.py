"""Doubts: sentences beside answers which say that they are not settled, another's, or a mistake."""

from __future__ import annotations

import re
import unicodedata

import pytest

from mailbot.core.reading.doubt import (
    _ELSEWHERE,
    _IF,
    _IN_ENGLISH,
    _LATER,
    _MISTAKEN,
    _NOT_YET,
    _PENDING,
    _RECALLED,
    _SHIFTED,
    _TAKEN_BACK,
    _TO_A_COLLEAGUE,
    _TO_BE_DONE_OVER,
    _UNSETTLED,
    doubts,
    may_doubt,
)
from tests.core.reading.test_reply import INVITATION, read, slot
from tests.drawing import example, given, settings, st
from tests.mails.standard import quoted

DOUBTS = """下のように書けばよろしいでしょうか。|まだ送信のつもりはありません。|先ほどの回答は正しいので、これは破棄してください。|先ほどの回答に誤りがありましたが、このままで結構です。|先ほどの回答を訂正しますが、まだ確定ではありません。
|↑これは課内の意見で、市としては未定です。|（このメールはテストです）|【未定稿】|上記のうちQ2は未確認です。|課長の確認前ですが取り急ぎ。
|このように回答しようと思いますが、問題ないでしょうか。|→ 課長、これで出してよろしいですか？|回答欄は記入例です。まだ数えないでください。|当市は来週回答します。
|記入してみましたが、これで正しいでしょうか。|下の記入は前任者のものです。現在確認中です。|別の調査の回答を誤って返信してしまいました。|まだ表決ではありません。様式の確認です。
|決裁がまだです|現在、課内で協議中です。|財政課に確認中です|市の方針は未定です|これは私個人の意見です。|決まり次第改めて回答します。|当課の回答は暫定です。|市長決裁待ちです
|この内容で大丈夫でしょうか|下記は練習です|数えないでください|と市長に上申中です。
|この回答で確定ではありません。|異動前の担当者の判断です。|（自分用メモ）|この返信は保存用の控えです。|集計からは外してください。|当課の所管ではないため、参考扱いとしてください。|回答権限がないため、正式には課長から回答します。
|転記ミスがあるかもしれません。|Please disregard this.|Not approved yet.|Pending approval by the mayor.|I am not sure about this.|送信先を間違えました。|今のは忘れてください。|上は無しで。|↑違います|上記は入力例をそのまま写したものです。
|数値は昨年のものです。|市長の意向によっては変わります。|係長、確認お願いします。|鈴木さん、これを送っておいてください。|取り急ぎ案をお送りします。|やっぱりやめます。|回答は差し控えます。|上記回答は確定後に再送します。|これでどうでしょうか|委任状は後日送ります。|先ほどの回答は撤回し、改めて回答します。
|まだ誰にも相談していません。|一旦これで出しますが、後で直すと思います。|見なかったことにしてください。|正誤は不明です。|首長の判断を仰いでいるところです。|回答者は私ですが権限は課長にあります。
|未だ決定には至っておりません。|検討段階のものです。|今後変わり得ます。|予算次第です。|議会の議決を待って正式に回答します。|間違えて押しました。|入力途中で送信されました。|途中です。|続きは後で送ります。|とりあえず埋めました。|適当に書きました。
|1の方がいいかも。|取扱注意：内部検討用|部外秘・検討資料|要修正|差し替え予定|後日差し替えの可能性あり|昨年の回答を貼り付けました。|本番の回答は別メールです。|次の回答は間違っていましたので破棄してください。|次の回答は誤って送信したものです。|事前にたたき台をお送りします。|起案中のものです。|内部で確認中の回答です。|下記のとおり回答する予定です。
|下記の内容で回答したいと思いますが、いかがでしょうか。|当市の回答ではありません。|回答ではありません。|予算が認められた場合の回答です。|補助金が出る場合、次のとおりです。|議会の議決が得られれば、次のとおりとします。|佐藤係長　下記で回答予定です。ご確認ください。|山田様のご意見です。""".replace(
    "\n", ""
).split("|")

NO_DOUBTS = """差し替えます。|下記のとおり差し替えます。|回答を差し替えさせていただきます。|先ほどの回答を訂正します。|先ほどの回答に誤りがありましたので、訂正します。|前回の回答を修正します。|先にお送りした回答は取り消します。|回答は枠内です。|以上でよろしいでしょうか。|万一、誤って届いた場合は、このメールを破棄してください。
|なお、切替の時期は未定です。|庁舎移転の時期が未定のため|参加者については、後日回答します|先ほど誤って白紙で送信しました。|これは市としての回答です|以下は情報政策課の回答です
|変更がありましたら改めてご回答いたします|お忙しいところ恐縮ですが、ご確認のほどよろしくお願いいたします。|期限前ですが回答します。|まだまだ暑い日が続きますが|担当者は出張中のため|会議中のため電話に出られません
|決裁済みです|例として|次回の案内は改めて配布します|接続テストは1月でも対応できます。|日程は調整中ですが、ご容赦ください|予算要求前の時期で恐縮です
|回答期限は延ばしていただけますか|資料の2ページは見本です|田中です。|中村町の前田でございます
|回答が遅くなり申し訳ございません。|この回答は市としての正式なものです。|回答内容についてご不明な点がありましたらご連絡ください。|以上、回答いたします。|集計結果を後日ご教示ください。|本メールの内容を無断で転載することを禁じます。|会議は来週です。|田中課長、いつもありがとうございます。
|佐藤さん、先日はお世話になりました。|まだ寒い日が続きますのでご自愛ください。|紙での回答は不要でしょうか。|上司の了解を得ています。|今週は議会中のため電話に出られません。|参考までに当市の計画を添付します。|上水道課も同意見です。|数字は12月1日現在です。|内容は昨年と同じです。|お答えは以上です。|この回答をもって返事とします。
|↑の番号です。|変更がある場合は改めて連絡します。|回答を変更する場合はどうすればよいですか。|If you received this in error, please disregard it.|Sorry for the late reply.|受信確認をお願いいたします。|庁内で協議のうえ決定しました。|なし
|係内で相談して決めました。|検討の結果です。|工事は途中です。|庁舎の整備は検討段階です。|システムの更新は予算次第です。|資料は後で送ります。|とりあえず回答いたします。|ご指示をお待ちしています。|続きは次回の会議でお願いします。|遅くなるかもしれません。|届き次第お知らせください。
|課長の確認も取れています。|後日、請求書をお送りします。|代理で送信しております。|急ぎ回答いたしました。|添付の回答様式は使用していません。|来年度から課名が変わります。|適当な選択肢がありましたので選びました。|予算は議会の承認待ちです。|正式な回答書を添付します。|個人の回答ではありません。|修正等がございましたら下記までご連絡ください。|来年度から担当が変わる予定です。|回答は以下です。|ご不明点があれば下記までお問い合わせください。|いかがお過ごしでしょうか。|コピーを保管しました。""".replace(
    "\n", ""
).split("|")


@pytest.mark.parametrize("sentence", DOUBTS)
def test_what_doubts_answers(sentence: str) -> None:
    """What is pending, not yet, later, a mistake, somebody else's or up for approval, where it speaks of the answer."""
    assert doubts(sentence)
    for text in (
        f"{sentence}\n\nQ1 2\nQ2 1",
        f"Q1 2\n\n{sentence}",
        f"{sentence}\n\n{quoted(slot(1, '[ 2 ]'))}",
    ):
        reading = read(text)
        assert reading.hold is not None or "Q1" not in reading.answers


@pytest.mark.parametrize("sentence", NO_DOUBTS)
def test_what_speaks_of_other_things(sentence: str) -> None:
    """The same words about something else, or about a mail before this one, leave the answers as they are."""
    assert not doubts(sentence)
    assert read(f"{sentence}\n\nQ1 2\nQ2 1").hold is None


def test_an_answer_that_is_said_to_be_another_survey_s() -> None:
    """「S26-102の回答です」 above an answer to S26-014; that key in a Subject says nothing."""
    assert read("S26-102の回答です。\n\nQ1 2").hold == "correction"
    assert read("S26-014の回答です。\n\nQ1 2").hold is None
    assert read(f"Q1 2\n\n件名: [S26-102] ご回答のお願い\n\n{quoted(INVITATION)}").hold is None


@settings(max_examples=400)
@given(
    said=st.one_of(
        *map(
            st.from_regex,
            (
                _PENDING,
                _NOT_YET,
                _UNSETTLED,
                _TAKEN_BACK,
                _LATER,
                _MISTAKEN,
                _IN_ENGLISH,
                _IF,
                _TO_A_COLLEAGUE,
                *(_SHIFTED, _ELSEWHERE, _RECALLED, _TO_BE_DONE_OVER),
            ),
        )
    )
)
@example("見送ら")
@example("is this right")
@example("たら次の回答")
@example("決裁の結果を待")
def test_no_doubt_is_passed_over(said: str) -> None:
    """Whatever the patterns of doubts find has a word by which they are looked for at all."""
    folded = unicodedata.normalize("NFKC", said).casefold()
    assert may_doubt(folded) or not re.search(r"\S", folded)
