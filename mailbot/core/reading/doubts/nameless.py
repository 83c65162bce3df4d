"""A sentence that names no thing, as those do by which an answer is waved away in idioms nobody could list (ballot.md section 8).

Who writes of other business, or explains an answer, names things: a day, a figure, a place, an office, a machine; in
Japanese by compounds of characters, katakana or digits. 「手がすべりました」, 「もやもやしています」 and 「目をつぶって書きました」
name none, and beside an answer they can only be about it.
"""

from __future__ import annotations

import re

from mailbot.core.reading.text.prose import says_more, sentences

_SHORTEST = 5  # characters of a sentence
_A_THING = re.compile(r"[一-龠々○〇]{2,}|[ァ-ヶー]{2,}|[0-9a-z]|[一-龠々][のや][一-龠々]")
# Compounds that name no thing of the world.
_NO_THING = re.compile(
    "自分|本当|正直|適当|勝手|五分|半分|様子|中身|内緒|無理|途中|最後|最初|以上|一度|一応|多分|大体|今回|先方|本番|予行|演習|明日|今日|昨日|全部|全然|結局|当然|普通|十分|大変|非常|何度|何回|何卒"
)
_ENDS = re.compile(
    r"(?:ます|です|でした|ました|ません|ない|ください|下さい|たい|でしょう|かも|[かねよるただくて]|ので|けど|のですが)[。.!?)）」】]*$"
)
# Courtesy in plain words, and what is commonly said of how things go.
_PLAIN_COURTESY = re.compile(
    r"^(?:ほか|他)に?は、?(?:特に)?(?:あり|ござい)ません|^(?:丸|○|印|レ点?)[をは](?:付け|つけ|入れ)(?:ました|て(?:い|お)り?ます)|以上(?:[、とで]|$)|過ごし|おはよう|納め|会い|お?体|待たせ|どうも|それでは|^では|すみません|すいません|ごめん|いらっしゃ|越し|おいで|頼り|ご覧|助か|うれし|嬉し|ありがた|有り難|楽し|年|雪|寒|暑|春|夏|秋|冬"
    r"|疲れ|世話|よろし|宜し|大[事切]|許し|ぶさた|遅|[分わ]かりました|差し替え|崩れ|[表票枠欄]に(?:まとめ|記入|入れ)|取り下げはし|構いません|かまいません|励み|願|祈|失礼|目にかか|出し直せ|申し上げること|お知らせ|ご案内"
    r"|使|広[げがめま]|進[めみん]|増え|減[りっら]|困|悩|足り|足ら|古[いくびか]|高[いくま]|安い|多い|多く|少な|忙し|慣れ|始ま|続|冷え|住|暮らし"
)


def names_nothing(line: str) -> bool:
    """Say whether a line holds a sentence, other than a courtesy, in which no thing is named."""
    return any(_is_nameless(sentence) for sentence in sentences(line))


def _is_nameless(sentence: str) -> bool:
    return (
        len(sentence) >= _SHORTEST
        and _A_THING.search(_NO_THING.sub("", sentence)) is None
        and _ENDS.search(sentence) is not None
        and _PLAIN_COURTESY.search(sentence) is None
        and says_more(sentence)
    )
