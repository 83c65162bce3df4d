"""A sentence that names a question and only speaks of it, or says why it is answered so (ballot.md section 8)."""

from __future__ import annotations

import re
from datetime import date

from mailbot.core.reading.doubts.undone import undoes
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.printed_options import YESNO, printed_options, whole_labels
from mailbot.core.reading.grammar.remark import CONDITION, DOUBT
from mailbot.core.reading.grammar.understood import Understood, comparable
from mailbot.core.reading.text.prose import is_prose
from mailbot.core.reading.text.tidy import tidy
from mailbot.core.surveys.survey import Question

_SHORTEST = 12  # characters of a sentence; a shorter one is rather an answer
_WORD = re.compile("[一-龠々]{2,}|[ァ-ヶー]{2,}|[a-z]{2,}")
_FIGURE = re.compile("[0-9]|[一二三四五六七八九十](?:番|つ)|[①-⑳]")
# What the member thinks, means to do, asks for or has done: any of it may be an answer in other words.
_TAKES_A_STAND = re.compile(
    r"思|考え|存じ|希望|望|たい|たく|つもり|予定|方向|前向|後ろ向|積極|消極|賛|反対|満足|不満|良|よい|よく|悪|難し|困難|必要|不要|関心|興味|検討|協議中|調整"
    r"|未|まだ|どちら|いずれ|およそ|程度|ほぼ|一部|だけ|のみ|以外|場合|ただ|しかし|実際|実は|本当|本来|むしろ|逆|間違|違|誤|記入|回答|答え|番号|連絡|確認|後ほど|追って"
    r"|改めて|別途|次第|教え|ください|下さい|願い|でしょうか|ですか|ますか|かどうか|[?？]"
    r"|実施|導入して|導入済|設置|整備|実現|完了|済|対応|利用|活用|運用|稼働|開始|始め|終了|終え|廃止|整って|でき|して(?:い|お)り?ま(?:す|せん)|同様|同じ|左|右記|上記|下記"
    r"|割れ|分かれ|途中|途上|最中|段階|審議|継続|続け|争点|取り組|進め|着手|試行|止め|やめ|中断|撤回|白紙|断[っりら]|反[^映]"
)
# That it is talked of, how it came about, what it rests on.
_SPEAKS = re.compile(
    r"(?:話題|経緯|背景|テーマ)(?!.*[はが]、)[^。、]{0,12}(?:ます|です|ました|でした)[。.]?$"
    r"|(?:方針|計画|要綱|条例|規程|規則|通知|協約|規約)に(?:沿った|基づく|基づいた|よる)もの(?:です|となり(?:ます)?|でございます)[。.]?$"
)
# 「会費の上げ幅が大きいためです。」, and with the answer said again: 「庁内で意見がまとまらなかったため棄権といたします。」
_REASON = re.compile(
    r"(?P<why>[^。]{4,200}?)(?:(?:ため|ことから)(?:に|です|である|でございます|となります)?"
    r"|(?:ため|ことから|により|によって|を踏まえて?|に鑑みて?|ので)、?(?P<again>[^。、]{1,12}(?:です|と(?:(?:いた|致)?し(?:ます|ました)|なります)|しました)))[。.]?"
)
_VOTE = re.compile("賛成|反対|棄権|異議|同意|承認|否決|はい|いいえ")
# A stand that may be another answer, when the reason does not end in the same answer: 「賛同できる内容であるためです。」
_OTHER_STAND = re.compile(
    "賛同|賛意|納得|支持|容認|妥当|問題[がはも]?な|差し支え|差支え|再検討|再考|見直し|やはり|結局|改め[たて]|ことになった$"
    "|(?:実施|導入|設置|整備|開始|利用|活用|運用|対応)(?:した|して(?:い|お)?る|済み?)|(?:既に|すでに)|始め(?:た|て)"
)
# No reason to agree: 「時期尚早なためです。」 beside 賛成.
_AGAINST = re.compile(
    "時期尚早|尚早|拙速|不十分|不適切|不適当|懸念|不安|疑問|負担が|納得でき|容認でき|受け入れ(?:られ|がた)|でき(?:ない|ず|かね)"
)
_SAID = re.compile(r"(?:です|と(?:(?:いた|致)?し(?:ます|ました)|なります)|しました)$")
_ANY_BODY = {"市町", "町村", "近隣"}
_NOT_DONE = re.compile("見送[っりる]|断念し|実現に至ら|至って(?:い|お)りません")
_SAID_YES_OR_NO = re.compile(
    "|".join(
        sorted(
            (
                re.escape(word)
                for word in YESNO
                if len(word) > 1 and word not in {"あり", "なし", "有り", "無し"}
            ),
            key=len,
            reverse=True,
        )
    )
    + r"|(?:あり|有り|なし|無し)(?:です)?[。.]?$"
)


def gives_reason(question: Question, said: str, answer: Understood, today: date) -> bool:
    """Say whether words behind a question's name are why it is answered so, and say at most the same answer again.

    Of a reason that is pending, a condition, another option, or a stand by itself it cannot be said.
    """
    written = tidy(said)
    reason = _REASON.fullmatch(written)
    if reason is None or undoes(said) or DOUBT.search(written) or CONDITION.search(written):
        return False
    why = reason["why"]
    if _FIGURE.search(why) or _VOTE.search(why) or any(label in why for label, _ in whole_labels(question)):
        return False
    if reason["again"] is None:
        return not (_OTHER_STAND.search(why) or (answer.answer == "yes" and _AGAINST.search(why)))
    again = read_answer(question, _SAID.sub("", reason["again"]), today=today)
    return isinstance(again, Understood) and comparable(again.answer) == comparable(answer.answer)


def only_speaks_of(question: Question, said: str, answer: Understood) -> bool:
    """Say whether words behind a question's name are no second answer beside the clear one that it has.

    They are a sentence without a number, a label, a word for yes or no, a doubt, and what may be an answer in other words;
    and speak of nothing that is asked, unless they say that it was not done, as the answer does.
    """
    written = tidy(said)
    if (
        len(written) < _SHORTEST
        or not is_prose(said)
        or not _SPEAKS.search(written)
        or _FIGURE.search(written)
    ):
        return False
    if any(label in written for label, _ in whole_labels(question)) or _SAID_YES_OR_NO.search(written):
        return False
    if DOUBT.search(written) or CONDITION.search(written) or _TAKES_A_STAND.search(written):
        return False
    if undoes(said):
        return False
    asked = tidy(" ".join((question.text, *printed_options(question))))
    if _NOT_DONE.search(written):
        return answer.answer == "no"
    return not any(word in asked for word in _pieces(written) - _ANY_BODY)


def _pieces(written: str) -> set[str]:
    """Return the pairs of characters of the words of a sentence."""
    return {word[at : at + 2] for word in _WORD.findall(written) for at in range(len(word) - 1)}
