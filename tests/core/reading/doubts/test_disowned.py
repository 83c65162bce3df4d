"""Sentences that disown the answers without a word of doubt, and those that only sound like them (ballot.md section 8)."""

from __future__ import annotations

import re

import pytest

from mailbot.core.reading.doubts.disowned import DISOWNING_KINDS, KINDS_OF_THE_REPLY
from tests.core.reading.test_reply import read

DISOWNED = """送ったばかりで恐縮ですが、いったん引っ込めさせてください。|お手元に届きましたら捨ててください。|今回はご遠慮申し上げます。|
カウントなさいませんようお願いします。|取り扱いは一時止めておいていただけますか。|子どもがキーボードを触ってしまいました。|
ポケットの中で勝手に送られてしまったようです。|決裁は来週になります。|今週の庁議で最終的に決まります。|確定しましたら再度ご連絡いたします。|
今のところは、ということでお願いします。|最終版は締切日にお送りします。|もう少し考えさせてください。|お返事は少し待っていただけますか。|
確認でき次第、正しいものをお知らせします。|関係課からの返事を待っています。|年明けに本回答いたします。|
他の市町村が同じであれば、ということにしてください。|県の補助が付くことが前提です。|締切に間に合うようでしたら、これでお願いします。|
匿名であることが条件です。|会長市が賛成しているのであれば、当市もそうします。|多数の意見に従います。|事務局のお考えに合わせておいてください。|
皆さんと同じにしておいてください。|おかしければ事務局のほうで書き換えてください。|無記名でないなら出しません。|
もし選べるのが一つでないなら、別のものも入れてください。|場合によっては変更させていただきます。|隣の町が辞めるなら、うちも辞めます。|
会費を減らしてもらえるなら、です。|部会長に異論がなければ、このとおりでお願いします。|誰が書いたのか分からないものを送っています。|
なりすましで送られた可能性があります。|私のパソコンが乗っ取られていたようです。|サイコロで決めました。|くじ引きです。|ChatGPTの答えです。|
何となくです。|エイプリルフールですので。|冗談です。|なんちゃって。|本気にしないでください。|うそです。|選ぶものがなかったので、仕方なく入れました。|
実際のところは反対です。|事実と異なる部分があります。|正直に申しますと、そうではありません。|建前ではこうですが、本音は違います。|
見栄を張ってしまいました。|対外的にはこう言うしかありません。|表題しか見ていません。|担当でない者が書いています。|アルバイトに書いてもらいました。|
システム業者さんが書いてくれました。|決める立場にはありません。|退職した者のアドレスから送っています。|確かめていません。|どちらとも言い切れません。|
資料が手元にないので、後で確かめます。|違っていたら直してください。|念のため電話で確認させてください。|こういう場合は何番を選べばよいのでしょうか。|
根拠はありません。|あまり当てにしないでください。|古い資料を見て書いています。|最新の状況は把握できていません。|正式には企画課からお返事いたします。|
この件は副課長の松村から別にお送りします。|同じ課の水谷が送ったほうを使ってください。|前に送ったほうが正です。|昨日FAXしたものが正しいです。|
添付のExcelのほうが正しい内容です。|電話で申し上げたほうでお願いします。|県がまとめて答えるそうです。|当市は今回、組合から一括してお出しします。|
村長が直接お答えすると申しています。|委員長に一任いたします。|隣の○○市に委任しました。|代わりに議長が出します。|窓口を通して別途ご返答いたします。""".replace(
    "\n", ""
).split("|")
OF_OTHER_THINGS = """講師はくじ引きで決めました。|冗談はさておき、よろしくお願いします。|議事録は総務課から別途お送りします。|当日の席順は抽選で決めました。|
研修会の日程が決まりましたら、改めてご連絡いたします。|役員の推薦については別のメールでお返事します。|職員の意見に合わせて窓口を改めました。|
保守は業者に一任しています。|業者の選定に時間がかかっています。|必要でしたらお送りします。|なりすましメールにご注意ください。|
心当たりのない場合は、捨ててください。|本当にありがとうございました。|事務局の案内に従って記入しました。""".replace(
    "\n", ""
).split("|")


@pytest.mark.parametrize("sentence", DISOWNED)
def test_answers_that_nobody_means(sentence: str) -> None:
    """They are asked about, whether the sentence stands above or below."""
    for text in (f"{sentence}\n\nQ1 2\nQ2 1,3", f"Q1 2\nQ2 1,3\n\n{sentence}"):
        assert read(text).hold is not None


@pytest.mark.parametrize("sentence", OF_OTHER_THINGS)
def test_the_same_words_about_other_things(sentence: str) -> None:
    """What a drawing decided, who sends a record and when a day is told concern no answer."""
    assert read(f"{sentence}\n\nQ1 2\nQ2 1,3").hold is None


def test_each_kind_is_tried() -> None:
    """No kind stands there without a sentence of it above."""
    tried = " ".join(DISOWNED).casefold()
    kinds = [*DISOWNING_KINDS.items(), *KINDS_OF_THE_REPLY.items()]
    assert [kind for kind, words in kinds if not re.search(words, tried)] == []
