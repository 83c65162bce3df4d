"""Sentences by which a member does not stand behind the answers beside them, kind by kind, and such as only sound alike."""

from __future__ import annotations

import re

import pytest

from mailbot.core.reading.disowned import _DISOWNED, _KINDS, disowns
from mailbot.core.reading.doubt import may_doubt
from tests.core.reading.test_reply import read
from tests.drawing import given, settings, st

DISOWNED = """番号は適当に入れてあります。|どの番号を選べばよいか分からず、仮に入れました。|試しに返信しています。|例として書いてみました。|この問いの意味が分からないまま書いています。|記載例のとおり書くとこうなります。
|すみません、番号を書き間違えています。|押し間違えました。|入力を誤った可能性があります。|質問の意図を取り違えているかもしれません。|書きかけです。|未完成のまま送信してしまいました。|ドラフト版|【案の段階】
|担当課からはこのように聞いていますが、確認は取れていません。|伝え聞いた話ですので、正確ではないかもしれません。|私の記憶では、このはずです。|たぶんこの回答になると思います。|おそらくこうなる見込みです。
|もし回答するとすればこうなります。|仮に答えるならば、という前提です。|本市は今回の調査には回答いたしません。|当市は回答を辞退します。|回答する立場にありませんので、参考までに書いたものです。
|あくまで私見であり、市の公式な回答ではございません。|非公式な回答です。|権限のない者が書いています。|代わりに私が書きましたが、担当の了解は得ておりません。|稟議にかけている最中です。|これから課内で諮ります。
|委員会で審議する予定であり、賛否は決まっておりません。|どちらにするか、課内で意見が割れています。|まだ各課からの返事がそろっておりません。|他市の状況を見てから決めます。|最終的な回答は部内会議の後に確定します。
|後ほど正しいものを送ります。|正しい回答は別便でお送りします。|上記の回答は誤りでしたので、訂正版を明日送付します。|回答は保留とさせてください。|書いたものの、やはり考え直したいと思います。|気が変わりましたので、後日回答し直します。
|予算が認められた場合に限り、このとおりとします。|会費が据え置かれることを前提とした回答です。|議会の議決が得られたら、この回答とさせてください。|うちの市の回答ではなく、県の回答です。|隣の市の回答をそのまま貼り付けました。
|去年お出ししたものをそのまま付けています。|令和5年度の状況を書いております。今年度分は調査中です。|各課長様　この内容で異議がなければ明日提出します。|ご確認のうえ、修正があれば本日中に私までお願いします（庁内限り）。
|カウントしないようお願いします。|さきほど書いた番号は忘れてください。|この番号でよいか、教えてください。|こういう理解で差し支えないでしょうか。|Please disregard this message, it was sent by mistake.|This is just an example.|These are last year's answers.
|We copied this from another city's reply.|Subject to approval by the council.|Only if the fee stays the same.|I hereby withdraw the answer below.|Is this the right way to answer?""".replace(
    "\n", ""
).split("|")

STOOD_BY = """会議録の未完成部分は、別に送ります。|回答しない市もあると聞きますが、当市は協力いたします。|期限までに回答できないかと思いましたが、間に合いました。|正式な回答として提出いたします。|回答例のとおり記入しました。|適当な選択肢がありましたので選びました。
|訂正がございましたらご連絡ください。|他市の状況も参考にさせていただきたく存じます。|担当課に確認のうえ回答いたします。|課長の決裁を得ましたので提出します。|議会の議決を得て実施しています。|前回の研修はためになりました。|先日の会議で決まりましたので回答します。
|If you received this in error, please disregard it.|Sorry, my last mail was sent by mistake.|This is the answer of our city.""".replace(
    "\n", ""
).split("|")


@pytest.mark.parametrize("sentence", DISOWNED)
def test_answers_that_their_sender_does_not_stand_behind(sentence: str) -> None:
    """They are asked about, whether the sentence stands above or below."""
    for text in (f"{sentence}\n\nQ1 2\nQ2 1,3", f"Q1 2\nQ2 1,3\n\n{sentence}"):
        assert read(text).hold is not None


@pytest.mark.parametrize("sentence", STOOD_BY)
def test_words_that_only_sound_alike(sentence: str) -> None:
    """The same words about other things, or about what is over, hold nothing."""
    assert read(f"{sentence}\n\nQ1 2\nQ2 1,3").hold is None


def test_each_kind_is_tried() -> None:
    """No kind stands there without a sentence of it above."""
    tried = " ".join(DISOWNED).casefold()
    assert [kind for kind, words in _KINDS.items() if not re.search(words, tried)] == []


@settings(max_examples=300)
@given(said=st.from_regex(_DISOWNED))
def test_none_is_passed_over(said: str) -> None:
    """Whatever the patterns find has a word by which doubts are looked for at all."""
    assert may_doubt(said) or not disowns(said)
