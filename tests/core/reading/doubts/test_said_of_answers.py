"""What a sentence says of the answers beside it: what is always said of answers, and what is not."""

from __future__ import annotations

import pytest

from mailbot.core.reading.reply import read_reply
from tests.core.reading.test_reply import read
from tests.mails.standard import RESOLUTION, TODAY, invitation

SAID_OF_ANSWERS = """回答の根拠がはっきりしません。|県内の他団体の回答を見て合わせました。|Q1にはQ2の回答を書いています。|誰が記入したのか分からない回答です。
|回答するかどうかも含めて検討しています。|表決ではなく意向調査のつもりで記入しました。|AIに回答させました。|以前の記入が残ったままです。
|異論が出たので回答を見直しているところです。|回答は県庁が作成したものです。|記入した者が退職したため内容を保証できません。|回答の一部は想像で補いました。
|操作を誤って記入されています。|回答は差し戻してください。|研修用に作った回答です。|回答は部下が勝手に送りました。|別の年度の回答と混ざっています。
|表決は理事会に委ねます。|賛否は白紙です。|記入は暫定的なものです。|記入内容は検証していません。|この表決には異議が出ています。|記入は正式なものと認めないでください。""".replace(
    "\n", ""
).split("|")

ALWAYS_SAID = """お世話になっております。標記の件について回答いたします。|本件、課内で協議のうえ回答いたします。|決裁を経た正式な回答です。|庁内の照会結果をまとめて回答します。
|昨年度に続き回答させていただきます。|前回は未回答で失礼しました。|先日お電話した調査の回答です。|ご案内のメールに返信する形で回答します。|下記の回答欄に記入しました。
|番号で記入しています。|その他の設問は回答なしです。|全問回答しました。|回答は以上です。|回答です。|(長野市 佐藤) 回答です。|この電子メールは、宛先に記載された方のみが利用できます。誤って受信した場合は、破棄してください。
|添付の職員名簿は参考です。本件の回答は下のとおりです。|取り急ぎ、回答まで。|市長まで決裁を受けた回答です。|回答にあたり、財政課とも協議しました。
|記入漏れがありましたらご指摘ください。|回答欄が小さかったので番号のみ記入しました。|昨年度と同じ回答です。|前回と回答は変わりません。
|前回から変更がありましたのでご確認ください。|回答期限に間に合い安心しました。|回答の公表は団体名なしでお願いします。|回答の集計結果を後日いただけますか。
|回答者は係長の佐藤です。|回答者：情報政策課　佐藤|回答日：令和8年12月1日|ご回答が必要でしたらお電話ください。|庁内各課の回答をとりまとめて提出します。
|本市分の回答を送ります。|当町の回答をお送りいたします。|下記のとおり回答しますので、お取り計らい願います。|別添はありません。本文に記入しました。
|番号は半角で記入しました。|番号だけで失礼します。|前回のメールが届いていないようでしたので再送します。|先ほど送信に失敗したため、もう一度送ります。
|先日の回答に漏れがありましたので、追加します。|本件についての問い合わせ先は総務課です。|担当者が不在のため、代わりに回答します。|課長に代わり回答いたします。
|代理で回答いたします。|副課長の中島が代理で回答します。|組織改正により課名が変わりました。|回答しやすい様式で助かります。|来年もこの方法で回答したいです。
|回答に要した時間は約5分です。|電話でも回答できます。|回答の控えをいただけますか。|We are happy to answer.
|Our answers are below.|Please find our answers below.|以上、全2問の回答です。|議案書を拝見しました。
|両議案とも拝読しました。|決裁番号：情第123号|情第45号で照会のあった件の回答です。|12月1日付け照会の回答です。|公文書での回答は省略します。
|関係課と調整のうえ回答いたします。|担当課の意見を踏まえて回答します。|回答は昨日の庁議で決定しました。|回答にご協力できて幸いです。|今回も回答させていただきました。
|回答をお待たせして申し訳ございません。|ご回答の期限を守れず申し訳ありません。|記入は番号で行いました。|記入に迷う問いはありませんでした。
|回答に添えて資料をお送りします。|回答用の様式が開けませんでしたので、メールで回答します。|回答方法が簡単で助かりました。|表決の結果をお知らせください。
|表決にあたり特段の意見はありません。|議案に異議はありません。|賛否については記入のとおりです。|回答者が変わりましたのでお知らせします。
|回答の窓口は総務課に変わりました。|他団体の回答状況を教えてください。|全体の回答結果が出たら共有してください。|回答内容を公表する際は事前にご連絡ください。
|団体名が出ないのであれば安心して回答できます。|この回答は庁内でも共有しました。|この回答は課長の確認を受けています。|回答は12月1日時点の状況です。
|教育委員会を含めた回答です。|水道部局を除いた回答です。|紙の回答も必要ですか。|回答が届いたかご確認ください。|回答の受付が確認できましたらご連絡ください。
|回答を再度お送りします。|初めて回答します。|毎年回答しております。|お答えできてうれしく思います。|記入欄が足りない場合は別紙をお送りします。
|ご回答くださった皆様によろしくお伝えください。|回答期限の延長ありがとうございました。|記入者は田中です。|回答のため関係課に照会しました。
|回答までに時間がかかりました。|回答に際して上司の了承を得ました。|下記回答のとおりです。|下記に回答を記載しました。|本文の下部に回答があります。
|引用部に回答を入れました。|カッコ内に回答を入力しました。|番号にて回答いたします。|We answered all questions.
|The answers are given below.|Thank you for collecting our answers.
|回答を記入のうえ返信いたします。|表決は回答欄に入力しました。
|表題の件、回答をご送付いたします。|回答が重複していましたらご容赦ください。|以上となります。
|回答は各設問の下に記入しました。|○○協議会 回答受付さんは書きました。""".replace("\n", "").split("|")


def vote(text: str) -> str | None:
    every = "\n".join(f"{question.id} 1" for question in RESOLUTION.questions)
    return read_reply(RESOLUTION, text.format(every), [invitation(RESOLUTION)], today=TODAY).hold


@pytest.mark.parametrize("sentence", SAID_OF_ANSWERS)
def test_an_unfamiliar_sentence_about_the_answers(sentence: str) -> None:
    """It is asked about, whether the sentence stands above or below, in a survey as in a resolution."""
    assert read(f"{sentence}\n\nQ1 2\nQ2 1").hold is not None
    assert read(f"Q1 2\nQ2 1\n\n{sentence}").hold is not None
    assert vote(f"{sentence}\n\n{{}}") is not None


@pytest.mark.parametrize("sentence", ALWAYS_SAID)
def test_what_is_always_said_of_answers(sentence: str) -> None:
    """It holds nothing, not even a vote."""
    assert read(f"{sentence}\n\nQ1 2\nQ2 1").hold is None
    assert vote(f"{sentence}\n\n{{}}") is None


@pytest.mark.parametrize("unknown", ["議案9 賛成", "Q8 1"])
def test_a_vote_on_a_motion_that_is_not_put(unknown: str) -> None:
    """It may be meant for one that is, so that nothing counts; in a survey the other answers do."""
    assert vote(f"{{}}\n{unknown}") == "correction"
    assert read(f"Q1 2\n{unknown}").hold is None
