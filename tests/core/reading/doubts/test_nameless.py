"""A sentence that names no thing is about the answers beside it, whatever its idiom (ballot.md section 8)."""

from __future__ import annotations

import pytest

from tests.core.reading.test_reply import read

NAMELESS = """さっきのは寝ぼけて打ちました。|今のは予行演習です。|本番は明日です。|手がすべりました。|差し支えなければ、これは引き上げたいのですが。
|お尻は来週の水曜日でもよろしいですか。それまでに固めます。|いまは様子を見ているところです。|きちんとしたものは後から届きます。
|ほかの町がどうするかを見て決めさせてください。|この書き方が許されるのでしたら、お受け取りください。|上と下があべこべです。|えんぴつを転がしました。
|占いで吉と出たほうです。|目が悪くて、よく読めませんでした。|中身を開かずに返しています。|とにかく出せと言われたので出しました。
|ほめられたくて、いいほうにしました。|口が裂けても本当のことは言えません。|話を盛っています。|こうだったらいいなと思って。
|できていることにしておいてください。|首をかしげながら書いています。|五分五分といったところです。|もやもやしています。|当たっているといいのですが。
|これで丸がもらえますか。|自分でもよく分かっていません。|目をつぶって書きました。|合っていなければ、そちらで合うようにしてください。""".replace(
    "\n", ""
).split("|")
OF_SOMETHING = """少しずつ広げています。|なかなか進みません。|いかがお過ごしでしょうか。|お目にかかれるのを楽しみにしています。|お体を大切になさってください。
|どうぞよいお年を。|ほかはありません。|お待たせいたしました。|雪が降りはじめました。|3階だけです。|別館は壁が厚くて電波が届きません。|今朝は初雪でした。
|忘れ物の傘が見つかりました。|とても助かっています。|○○市さんもお元気でしょうか。""".replace("\n", "").split(
    "|"
)


@pytest.mark.parametrize("sentence", NAMELESS)
def test_answers_waved_away_in_an_idiom(sentence: str) -> None:
    """They are asked about, whether the sentence stands above or below."""
    for text in (f"{sentence}\n\nQ1 2\nQ2 1,3", f"Q1 2\nQ2 1,3\n\n{sentence}"):
        assert read(text).hold == "correction"


@pytest.mark.parametrize("sentence", OF_SOMETHING)
def test_courtesy_and_what_names_a_thing(sentence: str) -> None:
    """Plain words of courtesy, how things go, and a day, a place or a machine hold nothing."""
    assert read(f"{sentence}\n\nQ1 2\nQ2 1,3").hold is None


def test_the_rest_of_a_wrapped_sentence() -> None:
    """Of a line that a gateway broke the second half may name nothing by itself."""
    wrapped = "来年度の予算に計上する方向で財政課との話し合いを\n進めてまいりました。"
    assert read(f"{wrapped}\n\nQ1 2\nQ2 1,3").hold is None
