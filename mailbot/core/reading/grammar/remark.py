"""What stands behind a clear answer: courtesy, a remark, or words that may change it (ballot.md sections 7 and 8)."""

from __future__ import annotations

import re

from mailbot.core.reading.doubts.correction import corrects, discards
from mailbot.core.reading.doubts.doubt import doubts
from mailbot.core.reading.grammar.gainsaid import says_otherwise
from mailbot.core.reading.grammar.printed_options import choice_count, whole_labels
from mailbot.core.reading.grammar.words_behind import explains_vote, is_vote, stands_beside
from mailbot.core.reading.text.numeral import LONE_NUMBER
from mailbot.core.reading.text.prose import is_greeting, sentences
from mailbot.core.reading.text.tidy import tidy
from mailbot.core.surveys.survey import Question

_COURTESY = re.compile(
    r"(?:(?:(?:いた|致)?します|です)ので[、,]?(?=(?:どうぞ)?(?:よろ|宜)しく)|ですね|です|デスネ|デス|(?:デ|ヲ)?オネガイ(?:イタ)?シマス|でございます|になります|となります|(?:[でを]|にて)?お願い(?:いた|致)?し(?:ます|たいです)"
    r"|で願います|[にが]?該当(?:(?:いた|致)?します)|に該当|(?:[でを]|にて)?おねがい(?:いたし|し)ます|で?ヨロシクオネガイ(?:イタ)?シマス|のみ|だけ|とします"
    r"|と(?:いた|致)します|に(?:いた|致)?します|(?:いた|致)?します|と?させて(?:いただ|頂)きます|お取り?計らい(?:の?ほど|を)?[、,]?(?=(?:よろ|宜)しく|お?願い)|を選択(?:(?:いた|致)?し(?:ます|ました))?"
    r"|を選びます|で?(?:どうぞ)?(?:よろ|宜)しくお願い(?:いた|致|申し上げ)?(?:します|ます)|(?<=[。す])\s?以上|ありがとうございます"
    r"|お手数を?(?:お(?:か|掛)け)?(?:いた|致)?しますが|お手数を?お(?:か|掛)け(?:いた|致)?します|(?:[でを]|にて)?お?願い(?:いた|致)?しまー+す"
    r"|を希望(?:(?:いた|致)?します)?|の意を表(?:明)?(?:(?:いた|致)?し)?ます|と(?:(?:いた|致)?しました|させていただきました)|の(?:とおり|通り)です|が(?:最も|一番)?(?:都合が)?(?:[よ良]い|いい|(?:よろ|宜)しい)です|(?:[でとを]|にて)(?:ご?回答|返信)(?:(?:(?:いた|致)?し|させて(?:いただ|頂)き)ます|(?=[。.]?$))"
    r"|[にを](?:○|丸|マル)(?:を(?:付け|つけ)(?:ます|ました|て(?:ください|下さい))|で囲みました)?|(?:で|と?する|にて)(?=[。.!~]*$)"
    r"|で間違い(?:は|が)?(?:ありません|ございません|ないです)|(?<=のみ)の(?:ご?回答|お?答え)(?=です)|で(?:結構(?=です)|ok(?=です)|(?:処理|集計|登録|計上)(?=を?お願い)|(?:問題|差し?支え|支障)は?(?:ありません|ございません|ないです))|(?:[でを]|にて)?お願い申し上げます"
    r"|に(?:投票(?:(?:いた|致)?します)?|一票(?:を?(?:入れ|投じ)ます)?)|として?(?:ください|下さい)|[とに]なって(?:い|お)り?ます"
    r"|が?希望(?=です|(?:いた|致)?します)|を選択(?=させて|(?:いた|致)します)|が望ましい(?=です)|一択(?=です|[。.]|$)"
    r"|に(?:して(?:ください|下さい)|決め(?:ました|させていただきます)|決定(?:(?:いた|致)?しました|です)|決まりました|しました)|を選びました|に(?:1|一)票(?:です)?"
    r"|と(?:させていただき|(?:いた|致)し)たく(?:存じます|思います)|で(?:かまいません|構いません|大丈夫です|(?:よろ|宜)しいです)|で(?:頼みます|お頼みします)"
    r"|(?:[でを]|にて)?お願い(?:できればと|(?:いた|致)?し(?:たいと|たく))(?:存じます|思います)|相違は?(?:ありません|ございません)"
    r"|っす|(?:だ(?:よ|ね)?|や(?:ね|で))(?=[。.!~]*$)|(?<=[すでねよ])[~ーっ]+(?=[。.!]*$)|\(\^[^()0-9a-z一-龠]{0,4}\)[/;v]?|m\(_ ?_\)m"
    r"|票を投じます|[🙇🙏😊🙂😀👍💦\u200d♀♂\ufe0f]+|の(?:方|ほう)(?=で|を)|\s?[←⇐]\s?(?:こちら|これ)(?:です)?|please|thank you|thanks|[。.!、,♪\s]+)"
)  # one phrase: repeated in courtesy_end, since Python 3.11.2 miscounts possessive repetition
REMARK = re.compile(
    r"\s*(?:\((?P<inside>[^()]{1,200})\)|(?:※|(?:理由|備考|補足)\s?(?::|は)\s?)(?P<note>[^()]{1,200}(?:\([^()]{1,60}\)[^()]{0,100})?))"
)
DOUBT = re.compile(
    "間違|誤り|誤記|下書き(?!の(?:時間|作成|手間|負担))|^参考(?!にな)|の例|訂正|取消|取り消|取下|削除|抹消|無効|中止|延期|未実施|やめ|ではな|じゃな|でない|以外|除[くきい]|決裁[前中待]|^案$"
    "|変更予定(?!な|は?な)|後に?確定|^[×✕x]$|または|又は|もしくは"
    "|未定|未確定|確認中|要(?:再)?(?:確認|協議|検討|調整|決裁|承認|精査|相談|見直し)|^(?:後日|追って|改めて|聞き?取り|例$)"
    "|^(?:前回|昨年度?|前年度?|去年|前任者?)(?:の(?:ご?回答|お?答え|値|数|もの)|時点|分)?$|(?:確認|相談|協議|検討)してから"
    "|(?:決まっ|確定し|決定し|決め)てい?(?:ない|ません)|^検討中$|^廃止(?:済み?|予定|しました|した)?$|^仮(?:置き)?$|仮の|仮回答|暫定|保留|調整中|協議中|変更(?:の|あり|する|します)"
    "|(?<![当本弊同])[市町村区県都府]の(?:ご?回答|お?答え|意見)|かも|たぶん|多分|おそらく|^(?:予定|見込み?)(?:です)?$"
    "|(?:集計|計上|カウント|回答)(?:の?対象)?外|(?:カウント|集計|計上)(?:は)?不要|廃棄|(?:修正|差し?替え?|再提出|再回答)予定|推[定測]|前[回年]値"
    "|自信(?:が|は)?な|不確か|恐らく|(?:担当者?|私|個人)案|tbd|draft|pending|tentative|provisional|not sure|to be confirmed"
    "|[?]"
)
_ONCE_PASSED = re.compile(
    r"(?:承認|議決|可決|同意|決裁)の?[後前]|修正(?:案|を|の|し)|見直|委任|一任|に限(?:る|り|定)|(?:[るくすうつぬむぶ]|ない)こと。?$"
    r"|^(?:(?:いた|致)?し|でき)(?:ません|ない)"
)  # beside a vote: 「賛成（議会の承認後）」, 「賛成（修正案に）」, 「賛成（今年度に限る）」, 「賛成（しません）」
_OPINION = re.compile(
    r"\s?(?:だ|が(?:[よ良]い|いい|望ましい))?と(?:思い|考え|存じ)ます"
)  # not かと思います, a doubt
_AN_OPINION = re.compile(r"と(?:思|考え|存じ)")  # 「1（と思います）」, of what is or is not so
DENIED = re.compile(r"未|ない|なし|無|ません|せず|不|非|検討|予定|[×✕]|\b(?:not|no|except)\b")
STILL_TO_COME = re.compile(
    r"(?:予定|見込み?)(?:です)?[。.]?$|^(?:いずれも|どれも|両方|すべて|全て|とも)?に?[未不][一-龠]{1,3}$"
)
CONDITION = re.compile(
    "[附付]帯|前提|条件|ただし|但し|おおむね|概ね|場合|限り|留保|(?:なら(?:ば)?|[えけげせてねべめれ]ば|たら)(?:[、。]?$|、?[無な][しい])"
)
_ROUGHLY = re.compile("おおむね|概ね")


def courtesy_end(text: str, at: int = 0) -> int:
    """Return where the courtesy that stands at this place ends; never looks back, so it costs its length."""
    while phrase := _COURTESY.match(text, at):
        at = phrase.end()
    return at


def read_remark(
    question: Question, rest: str, chosen: list[int], *, value: str = "", printed: bool = False
) -> str | None:
    """Return the remark after a clear choice, "" for courtesy only; None when the rest may change the answer.

    `value`: of a yesno question, the choice; "no" is いいえ, which 未実施 says again. `printed`: its number has the form
    in which options are printed, 「3. 」, so that words behind it may be a damaged label.
    """
    remark = _remark_behind(question, rest, chosen, value, printed=printed)
    if remark and value == "abstain" and is_vote(question) and explains_vote(remark, value):
        return remark
    return _weighed(question, remark, chosen, is_no=value == "no") if remark else remark


def _remark_behind(
    question: Question, rest: str, chosen: list[int], value: str, *, printed: bool
) -> str | None:
    """Return the words behind a choice, without courtesy, where they have the form of a remark; None: they have not."""
    if question.type != "yesno" and (opinion := _OPINION.match(rest)):
        rest = rest[opinion.end() :]
    rest = _LEADS_ON.sub(" ", rest)
    courtesy = courtesy_end(rest)
    ended = rest[:courtesy].rstrip().endswith("。")
    apart = rest[:courtesy].endswith(APART)
    rest = rest[courtesy:]
    if not rest:
        return ""
    match = REMARK.match(rest)
    if match is not None and courtesy_end(rest, match.end()) == len(rest):
        remark = (match["inside"] or match["note"]).strip().lstrip("、,")
    elif question.type == "yesno" and ended and _is_courtesy(rest):
        remark = rest  # 「1です。外出先から失礼します。」
    elif not apart or printed or not _explains(question, rest, chosen, value, behind_sentence=ended):
        return None
    else:
        remark = rest  # 「2　県の共同利用です」
    return remark


# 「2 → 通信費の値上がりのため」, 「はいで、対象は本庁の職員です」; not 「2 → 3」.
_LEADS_ON = re.compile(r"^\s*(?:[→⇒]|で、)\s?(?=[一-龠ァ-ヶ]{2})")
APART = (" ", "。", "、", ",", ".", "!")  # tidied


_OF_CHOSEN = re.compile(r"([0-9]{1,2})番?は[、,]?\s?")


def _explains(question: Question, said: str, chosen: list[int], value: str, *, behind_sentence: bool) -> bool:
    """Say whether words of one's own behind a choice explain it: a reason of a vote, more than that of another choice."""
    if is_vote(question):
        return explains_vote(said, value)
    own = _OF_CHOSEN.match(said)
    if own is not None and int(own[1]) in chosen:  # 「1番と4番です。4番は帳票の印刷です。」
        said = said[own.end() :]
    if question.type == "rating":
        if _OF_THE_FIGURE.search(said) or _gainsays(question, chosen, said):
            return False
        return stands_beside(said, behind_sentence=behind_sentence, nameless=_is_impression(said))
    if question.type == "yesno":
        ended = _OVER.search(said) if value == "no" else _ENDED.search(said)
        contrary = ended or (value != "no" and DENIED.search(said))
        return not contrary and stands_beside(said, behind_sentence=behind_sentence)
    return stands_beside(
        said,
        behind_sentence=behind_sentence,
        clause=question.type == "single",
        waits=_is_undecided(question, chosen),
    )


def _weighed(question: Question, remark: str, chosen: list[int], *, is_no: bool) -> str | None:
    """Return a remark that leaves the choice as it is, "" for one that says it again; None: it may change the answer."""
    if question.type == "yesno" and (_ONCE_PASSED.search(remark) or _AN_OPINION.match(remark)):
        return None
    if "希望" in question.text and question.type in {"single", "multi"} and _IF_POSSIBLE.fullmatch(remark):
        return remark
    if not is_no and _NO_MORE.search(remark) and _is_affirmed(question, chosen):
        return None
    if remark in {label for label, place in whole_labels(question) if place in chosen}:
        return ""
    if question.type == "single" and _is_open(question, chosen) and _OPEN_STILL.fullmatch(remark):
        return remark
    if says_otherwise(question, chosen, remark, is_no=is_no):
        return None
    said_again = _without_words_of_choice(question, remark, chosen)
    reserved = remark if question.type != "rating" else _ROUGHLY.sub("", remark)  # 4（おおむね満足）
    if (
        DOUBT.search(said_again.replace("未実施", "") if is_no else said_again)
        or CONDITION.search(reserved)
        or corrects(remark)
        or doubts(remark)
        or discards("", remark)
    ):
        return None
    if _is_to_come(question, remark, chosen) or _divides_label(question, remark, chosen):
        return remark
    if _names_another(question, remark, chosen):
        return None
    count = choice_count(question)
    named = {int(number) for number in LONE_NUMBER.findall(remark)}
    if any(number <= count and number not in chosen for number in named):
        return None
    if question.type == "multi" and STILL_TO_COME.search(remark):
        return None  # 「1,2（導入予定）」: one of them, or both?
    return None if DENIED.search(remark) and _denies(question, remark, chosen) else remark


_WORD_OF_DOUBT = re.compile("除[くきい]|延期|中止|廃止|未定|検討中|調整中|協議中|未実施|変更")


_PART_OF_ALL = re.compile("一部|のみ|だけ|その他")


def _without_words_of_choice(question: Question, remark: str, chosen: list[int]) -> str:
    """Return a remark without the words of doubt that what was chosen says itself: 「4（令和11年度に延期）」 of 4. 延期した."""
    own = [
        word
        for label, place in whole_labels(question)
        if place in chosen
        for word in _WORD_OF_DOUBT.findall(label)
    ]
    if any(_PART_OF_ALL.search(label) for label, place in whole_labels(question) if place in chosen):
        own += _WORD_OF_DOUBT.findall("除く除き除い")  # 「2（戸籍を除く12業務が完了）」 of 2. 一部の業務
    for word in own:
        remark = remark.replace(word, "")
    return remark


# 「2（購入から切り替えました）」: as it was before.
_FROM_THAT = re.compile(r"から[^、。]{0,6}(?:切り?替え|移行し|変更し|変え|替え|換え)(?:まし)?(?:た|て)")
_ONLY_THAT = re.compile(r"(?:[\s、,・/と及びやのがはも]|です)*")


def _names_another(question: Question, remark: str, chosen: list[int]) -> bool:
    """Say whether a remark names an option that was not chosen, or begins as one does.

    Behind その他 alone, several of them and what is done with them are what is meant by it: 「5 その他（購入とリースが半々）」.
    """
    others = [label for label, place in whole_labels(question) if place not in chosen and len(label) > 1]
    if any(len(remark) > 1 and label.startswith(remark) for label in others):
        return True
    named, left = 0, remark
    for label in others:
        if label in left and not _FROM_THAT.match(left, left.index(label) + len(label)):
            named += 1
            left = left.replace(label, "")
    if named > 1 and _is_other(question, chosen):
        return _ONLY_THAT.fullmatch(left) is not None
    return named > 0


def _is_other(question: Question, chosen: list[int]) -> bool:
    return {label for label, place in whole_labels(question) if place in chosen} >= {"その他"} and len(
        set(chosen)
    ) == 1


_OVER = re.compile("廃止|中止|終了|撤去|解散|返却")
_ENDED = re.compile("廃止|中止|終了|撤去|解散|返却|一部|以外|のみ|だけ")
_OF_THE_VOTE = re.compile(
    "賛|反対|棄権|承認|同意|異議|否|可決|表決|議案|回答|答え|返[信事]|番号|[0-9○×△]|(?<!申し訳あり)(?<!申し訳ござい)ません|ない"
)


def _is_courtesy(said: str) -> bool:
    """Say whether all sentences behind a vote are greetings that speak of no vote."""
    return not _OF_THE_VOTE.search(said) and all(map(is_greeting, sentences(said)))


_PRAISE = re.compile(
    "良かった|よかった|良い|満足|有意義|参考になり|勉強になり|素晴|分かりやす|わかりやす|役に立|感謝|使いやす|便利|good|great"
)
_BLAME = re.compile(
    "悪|不満|残念|ひど|不足|足り|良くな|よくな|分かりにく|分かりづら|わかりにく|難し|長す|短(?!く(?:な|でき)|縮)|遅|改善|できな|bad|poor"
)


_OF_THE_FIGURE = re.compile("仮|案|迷|変更|採点|評価|評点|上司|[課部係室局]長|他の|ほかの|昨年|前回|以前")


def _is_impression(said: str) -> bool:
    """Say whether a sentence praises or blames what is rated."""
    return bool(_PRAISE.search(said) or _BLAME.search(said))


def _gainsays(question: Question, chosen: list[int], said: str) -> bool:
    """Say whether praise stands behind a low figure, or blame behind a high one: which end of the scale was meant?"""
    high = 2 * max(chosen) > choice_count(question) + 1
    low = 2 * max(chosen) < choice_count(question) + 1
    return bool(_BLAME.search(said) if high else _PRAISE.search(said) if low else None)


# Behind その他 or 未定 stands what is done instead: 「6（県と協議中）」; or how far it is,
# 「6（情報収集の段階）」; not 「6（協議中）」, which may be said of the answer.
_OPEN_STILL = re.compile(
    r"(?!.*(?:課|係|部|上司|庁内|内部|長と|回答|決裁))(?:[^、。0-9?]{1,20}[とをにで](?:協議|検討|調整|選定|準備|構築|試行|移行)中"
    r"|[^、。0-9?]{2,16}の?(?:段階|途中)(?:です)?[。.]?)"
)


# What was there and is no more, or is not there yet: 「1（現在撤去済み）」, 「はい（期限切れ）」, 「1台（未納車）」.
_NO_MORE = re.compile(
    r"期限切れ|失効|満了|(?:撤去|解除|解約|返却|返納|返還|売却|廃車|閉鎖|終了)(?:し(?:た|て|ました)|済)|休止中?$|停止中|使用不[可能]|故障中?|使え(?:ない|ません)"
    r"|未(?:納[車入品]|稼働|運用|導入|設置|着[工手]|実施|完成|供用|整備|契約|締結|配備|使用|開始)|予約(?:済|中|のみ)|発注(?:済|中|のみ)"
)
_NOT_SO = re.compile(r"ない|なし|無し|ません|未|不|非|予定|検討|その他|^0")


def _is_affirmed(question: Question, chosen: list[int]) -> bool:
    """Say whether what was chosen says that something is there or is so, which it may be no longer."""
    return not any(place in chosen and _NOT_SO.search(label) for label, place in whole_labels(question))


# 「0台（令和9年度に1台導入予定）」: what is to come is no second answer, where nothing that is printed asks for plans.
_LATER = re.compile(
    r"(?:令和|r)?\s?(?:[0-9]{1,4}年度?|来年度?|翌年度?)(?:中|末)?に[^、。?]{1,20}(?:する)?予定(?:です)?"
)


def _is_to_come(question: Question, remark: str, chosen: list[int]) -> bool:
    planned = any(re.search("予定|検討", label) for label, _ in whole_labels(question))
    return (
        len(set(chosen)) == 1
        and question.type in {"single", "multi"}
        and not planned
        and not _is_affirmed(question, chosen)
        and _LATER.fullmatch(remark) is not None
    )


_NUMBERS = re.compile("[0-9]+")
_DIVIDED = re.compile(
    r"(?:内訳\s?[:は]?\s?)?[^0-9、,()]{1,8}[0-9]{1,4}[人名台件]?(?:[、,・+]\s?[^0-9、,・+()]{1,8}[0-9]{1,4}[人名台件]?){1,9}"
)


def _divides_label(question: Question, remark: str, chosen: list[int]) -> bool:
    """Say whether a remark divides a number that fits the label: 「2台から4台（内訳：軽2、普通1）」."""
    label = next((label for label, place in whole_labels(question) if [place] == chosen), "")
    bounds = [int(number) for number in _NUMBERS.findall(label)]
    total = sum(int(number) for number in _NUMBERS.findall(remark))
    return len(bounds) == 2 and bounds[0] <= total <= bounds[1] and _DIVIDED.fullmatch(remark) is not None


# To what is wished for: 「3 併用（できれば）」 is courtesy.
_IF_POSSIBLE = re.compile(r"(?:できれば|出来れば|可能(?:であれば|なら(?:ば)?)|なるべく)")


def _is_open(question: Question, chosen: list[int]) -> bool:
    return _is_other(question, chosen) or _is_undecided(question, chosen)


def _is_undecided(question: Question, chosen: list[int]) -> bool:
    """Say whether the one option that was chosen says that nothing is settled."""
    labels = [label for label, place in whole_labels(question) if place in chosen]
    return len(labels) == 1 and labels[0].endswith(("未定", "検討中", "決まっていない"))


def _denies(question: Question, remark: str, chosen: list[int]) -> bool:
    """Say whether a remark takes one of several chosen options back: 「1,2,3（3は未導入）」."""
    names = [f"{place}番?" for place in chosen]
    names += [re.escape(label) for label, place in whole_labels(question) if place in chosen]
    named = rf"(?<![0-9])(?:{'|'.join(names)})(?:\s?[はがもを:]|\s|(?=なし|無|未|不|非|検討|[×✕])|$)"
    return remark.startswith("not ") or any(
        DENIED.search(remark, match.end()) for match in re.finditer(named, remark)
    )


def mentions_condition(line: str) -> bool:
    """Say whether prose holds a word of condition or reservation: ただし, 概ね, 条件."""
    return CONDITION.search(tidy(line)) is not None


def mentions_choice(question: Question, line: str) -> bool:
    """Say whether prose beside an answer might change it: it holds a number, a label or a word of correction."""
    written = tidy(line)
    if re.search("[0-9]", written) or DOUBT.search(written) or CONDITION.search(written):
        return True
    return any(label in written for label, _ in whole_labels(question))
