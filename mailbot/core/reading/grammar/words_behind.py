"""Words of one's own behind a choice that explain it and leave it standing: 「2　県の共同利用です」 (ballot.md sections 7 and 8).

Nobody can list what is said there. It leaves the choice standing where it names a thing, as explanations do, does not go
on with the choice itself, asks nothing, and is nothing that would keep a sentence beside the answers from leaving them so.
"""

from __future__ import annotations

import re

from mailbot.core.reading.doubts.nameless import names_nothing
from mailbot.core.reading.doubts.undone import undoes
from mailbot.core.reading.text.numeral import LONE_NUMBER
from mailbot.core.reading.text.prose import sentences
from mailbot.core.surveys.survey import Question

# 「2と3です」, 「2の予定です」, 「2からの」: the words go on with the choice.
_GOES_ON = re.compile(
    "と(?![てく])|が|は(?!じめ)|を|に(?!ぎ)|も(?!っと|う)|の(?!ち)|で(?!き)|へ|や(?!む)|か(?!な)|まで|より(?!よ)|だ|な(?![おる])"
    r"|[→⇒=+~/<>|-]|[q問]\s?[0-9]|議案|番|つ目"
)
_FORM = re.compile(r"[^「」?:=]{2,200}(?<!か)(?<!ね)(?<!よね)。?(?<!か。)(?<!ね。)")
_A_SENTENCE = re.compile(
    r"(?:ます|です|でした|ました|ません|による|ない|ため|ので|から|た|る|だ|中|予定|済み?)。?$|^.{2,}。."
)
_A_CLAUSE = re.compile(rf"{_A_SENTENCE.pattern}|.{{2,}}[にがをではの].{{2,}}")
# What turns away from the choice, or is only thought or heard to be so.
_TURNS_AWAY = re.compile(
    "しかし|けれ?ど|ただし|但し|一方|ものの|とはいえ|もっとも|実際|本当|本来|むしろ|実は|違[いうえっ]|嘘|うそ|冗談|別の|逆|強いて|どちらか|いずれか|(?<!ありま)すが$"
    "|たしか|確か(?![なにめ])|(?:よう|みたい)な。?$|あくまで|半分(?:は|だけ|ほど|程度|くらい|ぐらい)|部分|一部(?![の業])|混在|併用|手元に|まだ|未だ|いまだ"
    "|分から|わから|不明|知らな|自信|つもり|はず|らしい|(?:よう|みたい|そう)(?:です|だ|に思)|でしょう|だろう|気がし|だったと|たと思|ではない|に近い|寄り|相当|準じ|みなし|扱い"
)
# It waits for others, or goes by them: only a choice such as 未定 is explained by that.
_WAITS = re.compile(
    "(?:確認|協議|調整|検討|相談|審議|審査|決裁|査定|照会|承認|了承|同意|合意|了解|意向|判断|意思|決定|結論|決ま|決め(?!手)|固ま|確かめ|調べ|集め|回覧|回し|諮|待[っち]"
    "|従[いっう]|足並み|合わせ(?:ます|る)|倣|揃え|そろえ|任せ|しだい|次第|にもよ|(?:結果|状況|内容|判断|都度|場合)によ[りるっ]|聞い|伺[いっ]|言[いっ]|希望)"
    "(?!(?:し|いたし|を?(?:し|行い|得|経|受け)|り|め)?(?:ました|て決め|済)|(?:した|の)?結果|のうえ|の上)"
)
_VOTE = frozenset({"賛成", "承認", "同意", "賛同"})
# 「2　会員の負担が大きいため」, 「1です。やむを得ないものと考えます。」
_GIVES_REASON = re.compile(
    r".{2,}(?:ため|ので|から|ことから|ことにより|ことによる|(?:もの)?だ?と(?:考え|思い|存じ|判断(?:し|いたし|致し))(?:ます(?:ので)?|まして|ました|て|る|た)?(?:ため)?|やむを得ない|やむなし|妥当|適当|必要)(?:です|である)?。?"
)
# And why not, which needs no word for because: 「財政上受け入れられません。」
_SPEAKS_AGAINST = re.compile(
    r".{2,}(?:ません|られない|できない|困難|難しい|大きい|(?:不足し|超え|続い)て(?:い|お)り?(?:ます|る))(?:です|である)?。?"
)
_RESERVES = re.compile(
    "望|願|求め|配慮|検討|べき|懸念|不安|ほしい|欲しい|いただき|頂き|くださ|下さ|が、|今後|次回|来年|将来|再|まで|限|程度|範囲|一部|条|除|のみ|だけ|なら|れば|たら|場合|うえで|上で|前提|修正|見直|代わり|引き換え|ともに|他の|以外|保留|棄権|委任|一任|意見|同じ|同様"
)
_AGAINST = re.compile(
    "反対|否|不(?!足分)|時期尚早|拙速|疑問|納得|負担が|困難|難し|高(?:い|す)|性急|できない|できません|認められ|賛成し(?:ない|ません|かね|がた)"
)
_FOR = re.compile("賛成|賛同|同意|承認|妥当|適切|適当|必要|やむを得|やむなし|異議な|理解|当然|望まし")


def stands_beside(
    said: str, *, behind_sentence: bool, clause: bool = False, nameless: bool = False, waits: bool = False
) -> bool:
    """Say whether words behind a choice, tidied and without the courtesy before them, leave it as it is.

    `behind_sentence`: a full stop stands between; else they must be a sentence, or with `clause` at least a clause,
    「令和11年3月にリース満了」, but no lone noun, which may be another option. `nameless`: they need not name a thing. `waits`: the choice
    itself says that it is not settled, so that they may, too.
    """
    if _GOES_ON.match(said) or LONE_NUMBER.match(said):
        return False
    if not _FORM.fullmatch(said) or _TURNS_AWAY.search(said):
        return False
    if _WAITS.search(said) and not waits:
        return False
    if not behind_sentence and not (_A_CLAUSE if clause else _A_SENTENCE).search(said):
        return False
    return not any(undoes(each) or (names_nothing(each) and not nameless) for each in sentences(said))


def explains_vote(said: str, value: str) -> bool:
    """Say whether words beside a vote ("yes", "no" or "abstain") are its bare reason: no condition, no wish, and not another vote's."""
    reason = _GIVES_REASON.fullmatch(said) or (value == "no" and _SPEAKS_AGAINST.fullmatch(said))
    if _GOES_ON.match(said) or not reason or _RESERVES.search(said):
        return False
    others = {"yes": _AGAINST, "no": _FOR, "abstain": _FOR}.get(value)
    if others is None or others.search(said):
        return False
    # Who abstains may well say that he cannot judge: 「内容が不明なため棄権します」.
    return value == "abstain" or not any(undoes(each) for each in sentences(said))


def reserves(said: str) -> bool:
    """Say whether words beside a vote wish for something, limit it, or speak of others' votes."""
    return _RESERVES.search(said) is not None


def is_vote(question: Question) -> bool:
    """Say whether a question is put to the vote: it is answered with 賛成 or the like."""
    return question.type == "yesno" and not _VOTE.isdisjoint(question.options)
