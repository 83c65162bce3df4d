"""Words behind a choice that say otherwise than it does: 「はい（参加しません）」, 「1です。以前は利用していました。」 (ballot.md section 8)."""

from __future__ import annotations

import re

from mailbot.core.reading.grammar.printed_options import printed_options
from mailbot.core.reading.text.tidy import tidy
from mailbot.core.surveys.survey import Question

_WORD = re.compile("[一-龠々]{2,}|[ァ-ヶー]{2,}|[a-z]{2,}")
# A label that says how things are, not what they are: 利用している, 設置済み; not 費用.
_A_STATE = re.compile(r"(?:て(?:い|お)?(?:る|ない)|する|した|しない|でき(?:る|ない|た)|ある|ない|済み?|中)$")
_LASTS = re.compile(r"て(?:い|お)?り?(?:る|ない|ますか|ません)|した|済み?$|中$|ましたか")
_HARMLESS = re.compile(
    r"(?:問題|支障|不便|不満|変わり|変更|差し?支え|間違い|少|足り)(?:[はが]|は特に)?(?:な[いく]|(?:あり|ござい)?ません)"
)
_NOT = re.compile(r"な[いくし]|無し|ません|せず|未|不[可要能]|辞退|見送|断念|禁止|制限")
_TO_COME = re.compile(r"予定|見込|検討|準備|計画|協議|要望|要求|調整|考え|した[いく]|でき(?:れば|たら)")
_OVER = re.compile(r"て(?:い|お)り?ました|(?:終|おわ|や)(?:え|わ[りっ]|め)|終了|廃止|中止|休止|停止")
_IS_SO = re.compile(
    r"て(?:い|お)り?(?:る|ます)|済|(?<!ま)し(?:まし)?た|(?:し|でき|[いきちにみりえけせてねべめれげ])ます"
)


def says_otherwise(question: Question, chosen: list[int], said: str, *, is_no: bool) -> bool:
    """Say whether words behind a choice use its own verb, or the question's, to say the contrary, or no longer or not yet.

    `said`: tidied; `chosen`: the options' numbers, none where a word such as はい was written; `is_no`: it is いいえ.
    """
    said = _HARMLESS.sub("", said)
    if question.type == "yesno":
        asked = tidy(question.text)
        words = _WORD.findall(asked)[-2:]
        return any(
            _is_denied(word, said, denied=is_no, lasts=_LASTS.search(asked) is not None) for word in words
        )
    labels = printed_options(question)
    for label in (tidy(labels[place - 1]) for place in chosen if 1 <= place <= len(labels)):
        words = _WORD.findall(label)[-1:] if _A_STATE.search(label) else []
        denied, lasts = _NOT.search(label) is not None, _LASTS.search(label) is not None
        if any(_is_denied(word, said, denied=denied, lasts=lasts) for word in words):
            return True
    return False


def _is_denied(word: str, said: str, *, denied: bool, lasts: bool) -> bool:
    """Say whether what follows a verb's word in its clause is not as the choice has it; 利用者 and 利用料 are other words."""
    if word not in said:
        return False
    for clause in re.finditer(
        rf"{re.escape(word)}(?=[しすでさをはがもなに]|予定|見込|検討|準備|中止|済|終)(?P<so>[^、。]*)", said
    ):
        so = clause["so"]
        if denied and _IS_SO.search(so) and not (_NOT.search(so) or _TO_COME.search(so)):
            return True
        if not denied and (_NOT.search(so) or (lasts and (_TO_COME.search(so) or _OVER.search(so)))):
            return True
    return False
