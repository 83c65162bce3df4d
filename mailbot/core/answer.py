"""The grammar of one answer: what a member wrote in a slot or behind "Q1", read whole or not at all (ballot.md 7)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache

from mailbot.core.answered_day import read_day
from mailbot.core.japanese import fold
from mailbot.core.numeral import NUMERAL, kanji_number, quantity
from mailbot.core.survey import Question
from mailbot.core.understood import Blank, Read, Unclear, Understood

LONGEST_CHOICE = 300  # characters; nobody writes a longer choice, and the patterns below stay cheap
LONGEST_TEXT = 20_000  # characters kept of one free answer


# ---- characters -------------------------------------------------------------------------------------------------

CIRCLES = "○〇◯⭕"
CROSSES = "×✕✖❌╳"
GARBLED = re.compile("[\ufffd〓]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f\u00ad]")
_KEYCAP = re.compile("(?P<digit>[0-9])\ufe0f?\u20e3")  # 2️⃣, a number of its own like ②


def _numbered() -> dict[int, str]:
    """Return the single characters that stand for a number, each as a word of its own.

    NFKC would turn ①③ into 13 and ⅠⅡ into III, which are other answers.
    """
    series = [("①", 20, 1), ("㉑", 15, 21), ("㊱", 15, 36), ("❶", 10, 1), ("⓫", 10, 11), ("⓵", 10, 1)]
    series += [("➀", 10, 1), ("➊", 10, 1), ("⑴", 20, 1), ("⒈", 20, 1), ("㊀", 10, 1), ("㈠", 10, 1)]
    series += [("Ⅰ", 12, 1), ("ⅰ", 12, 1), ("🔟", 1, 10)]
    words = {
        ord(first) + step: f" {start + step}番 " for first, count, start in series for step in range(count)
    }
    return words | dict.fromkeys(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉⓪⓿"), "^")  # small figures: no answer form


_NUMBERED = _numbered()
CIRCLED = frozenset(chr(code) for code in _NUMBERED)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-") | {"〜": "~", "∼": "~", "∥": "‖"})
# A text without any of these need not be looked through character by character in a table.
ANY_CIRCLED, _ANY_DASH = (re.compile(f"[{''.join(map(chr, table))}]") for table in (_NUMBERED, _DASHES))
_DASH_BETWEEN_DIGITS = re.compile(r"(?<=[0-9番目])\s?ー\s?(?=[0-9])")
_QUOTED_BESIDE = re.compile(r"」\s?「")
_QUOTED = re.compile(r"「([^「」]*)」|『([^『』]*)』|“([^“”]*)”|\"([^\"]*)\"")


def tidy(text: str) -> str:
    """Return text for reading: one width, one kind of blank and dash, lower case; numbers stay apart."""
    if text.isascii():
        return " ".join(text.casefold().split())
    if "\u20e3" in text:
        text = _KEYCAP.sub(r" \g<digit>番 ", text)
    text = _INVISIBLE.sub("", text)
    if ANY_CIRCLED.search(text):
        text = text.translate(_NUMBERED).replace("番 番", "番")  # 「②番」
    text = unicodedata.normalize("NFKC", text)
    if _ANY_DASH.search(text):
        text = text.translate(_DASHES)
    text = text.casefold()
    return " ".join(_DASH_BETWEEN_DIGITS.sub("-", text).split())


@lru_cache(maxsize=4096)
def label_key(label: str) -> str:
    """Return what two labels have in common when they are the same words (ballot.md section 5, fold)."""
    return "".join(fold(_unquoted(tidy(label))).casefold().split())


def _unquoted(text: str) -> str:
    """Return text without quotation marks that stand in pairs."""
    apart = _QUOTED_BESIDE.sub("」、「", text)
    return _QUOTED.sub(lambda match: "".join(part or "" for part in match.groups()), apart)


_EMPHASIS = re.compile(
    r"(?<![\w*])(?P<mark>\*{1,2})(?=[^\s*])(?P<said>[^*\n]{1,100})(?<=[^\s])(?P=mark)(?![\w*])"
)


def without_emphasis(text: str) -> str:
    """Return text without the asterisks that Gmail and Thunderbird put around bold words in the plain form of a mail."""
    return _EMPHASIS.sub(r"\g<said>", text) if text.count("*") > 1 else text


def is_garbled(text: str) -> bool:
    """Say whether a slot shows damage: U+FFFD, 〓, or nothing but question marks."""
    return GARBLED.search(text) is not None or (
        bool(text.strip(" ?？　")) is False and ("?" in text or "？" in text)
    )


def is_blank(text: str) -> bool:
    """Say whether nothing is written: blanks, underscores, dots of an ellipsis."""
    return not text.strip(" \t\r\n\u3000\xa0_＿…‥\u200b\ufeff") or text.strip() in {"...", "・・・"}


# ---- what is printed ---------------------------------------------------------------------------------------------

YES = "はい ハイ yes y 有 有り あり 賛成 可 承認 了承 同意 賛同 異議なし 異議無し 異議ありません 異議はありません 異議ございません 出席 参加"
NO = "いいえ イイエ no n 無 無し なし 反対 否 不可 不承認 不同意 異議あり 異議有り 欠席 不参加"
ABSTAIN = "棄権 白票 保留 abstain △"
_YESNO: dict[str, str] = {
    **{label_key(word): "yes" for word in YES.split()},
    **{label_key(word): "no" for word in NO.split()},
    **{label_key(word): "abstain" for word in ABSTAIN.split()},
    **dict.fromkeys(CIRCLES, "yes"),
    **dict.fromkeys(CROSSES, "no"),
}
_POLITELY = {
    "あります": "yes",
    "有ります": "yes",
    "ありません": "no",
    "有りません": "no",
}  # of what? of what is asked
_YESNO_BY_PLACE = ("yes", "no", "abstain")
_YESNO_LABELS = {"ja": ("はい", "いいえ"), "en": ("yes", "no")}
_NONE_WORDS = frozenset(
    map(
        label_key,
        [
            "なし",
            "無し",
            "無",
            "ない",
            "特になし",
            "特に無し",
            "特にない",
            "特にありません",
            "該当なし",
            "該当無し",
            "none",
        ],
    )
)
_NOT_CONCERNED = frozenset(
    map(
        label_key,
        "該当なし 該当無し 該当せず 該当しない 該当しません 非該当 対象外 n/a".split(),  # noqa: SIM905  shorter to read
    )
)
_ALL_WORDS = frozenset(
    map(
        label_key, ["すべて", "全て", "全部", "すべて該当", "全て該当", "全部該当", "すべて該当します", "all"]
    )
)


def printed_options(question: Question, language: str = "ja") -> tuple[str, ...]:
    """Return the labels as the ballot numbers them from 1; yes/no questions have はい and いいえ by default."""
    if question.type == "yesno" and not question.options:
        return _YESNO_LABELS[language]
    return question.options


def choice_count(question: Question) -> int:
    """Return how many numbered choices a single, multi, yesno or rating question has."""
    if question.type == "rating" and not question.options:
        return 5
    return len(printed_options(question))


def yesno_values(question: Question) -> tuple[str, ...]:
    """Return what each printed option of a yes/no question means: by its word, else by its place."""
    labels = printed_options(question)
    named = [_YESNO.get(label_key(label)) for label in labels]
    if all(named):
        return tuple(name for name in named if name)
    return _YESNO_BY_PLACE[: len(labels)]


def _labels(question: Question) -> tuple[tuple[str, int], ...]:
    """Return each label with its option number; a yes/no question without options has those of both languages."""
    every = (
        _YESNO_LABELS.values() if question.type == "yesno" and not question.options else (question.options,)
    )
    return tuple((label, place) for labels in every for place, label in enumerate(labels, 1))


# ---- choices -----------------------------------------------------------------------------------------------------

_SEPARATOR = re.compile(r"(?:[\s,、・/;&+]|及び|および|と|ト(?=\s?[0-9])|and\b)+")
_NUMBER = re.compile(
    r"(?P<digits>[0-9]{1,6})|(?P<kanji>[一二三四五六七八九十]{1,3})|(?P<roman>[ivx]{1,4})(?![a-z])"
)
_TICKED = re.compile(r"[○◎✓✔☑レ]?\s?(?P<number>[0-9]{1,3})\s?[○◎✓✔☑レ]?")  # not 〇: a nought
_TICKS = "○◎✓✔☑ "  # 「○会場」
_TICK = re.compile("(?<![にを])[○◎✓✔☑●■]")
_DOTTED = re.compile(r"[0-9]{1,2}(?:\s?\.\s?[0-9]{1,2}){2,}\.?")  # 「1.2.4」; 「1.4」 may be a figure
_POINTS = re.compile(r"(?<=[0-9])点")  # of a rating
_ITEM_WORD = re.compile(
    r"(?:(?:options?|choices?|no\.?)\s?#?|(?:選択肢|(?:選択)?番号)\s?(?:[:の]\s?)?|第|#)(?=[0-9])"
)
_ITEM_WORD_BESIDE_NO = re.compile(
    r"(?:(?:options?|choices?)\s?|(?:選択肢|(?:選択)?番号)\s?(?:[:の]\s?)?|第)(?=[0-9])"
)  # no is an answer
_SUFFIX = re.compile(r"(?:\s?番目|つ目|\s?番|[.):])?\s*")
_ITEM_REMARK = re.compile(r"(?<=[^\s(),、])\s?\((?P<remark>[^()0-9]{1,40})\)(?=\s?[,、・/;]\s?[^\s])")
_REASON = re.compile(r"\s*(?:の?(?:具体的な)?(?:内容|理由)\s?)?(?:[:=]|→|⇒|->)\s*(?=\S)")
_TO_ITS_LABEL = re.compile(r"(?:\s*(?:→|⇒|=|-|:|\.)|の)\s*")  # 「2→利用していない」
_APART = re.compile(r"(?<=[番目)])(?=[0-9])")  # 「1番3番」
_SO_MANY = re.compile(r"の(?:(?P<count>[0-9]{1,2})(?:つ|点|項目)|(?P<both>両方))")
_THAT_IS_ALL = re.compile(r"(?<=[0-9番])\s以上(?:です)?[。.]?$")
_RANGE = re.compile(r"\s*(?:-|~|から)\s*")
_RANGE_END = re.compile(r"(?:番目|番)?(?:まで)?")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
_COURTESY = re.compile(
    r"(?:ですね|です|デスネ|デス|(?:デ|ヲ)?オネガイ(?:イタ)?シマス|でございます|になります|となります|(?:[でを]|にて)?お願い(?:いた|致)?し(?:ます|たいです)|で願います|に該当(?:(?:いた|致)?します)?|のみ|だけ|とします"
    r"|と(?:いた|致)します|に(?:いた|致)?します|(?:いた|致)?します|と?させて(?:いただ|頂)きます|を選択(?:します|しました)?"
    r"|を選びます|で?(?:どうぞ)?(?:よろ|宜)しくお願い(?:いた|致|申し上げ)?(?:します|ます)|(?<=[。す])\s?以上|ありがとうございます"
    r"|お手数を?(?:お(?:か|掛)け)?(?:いた|致)?しますが|お手数を?お(?:か|掛)け(?:いた|致)?します"
    r"|を希望(?:(?:いた|致)?します)?|の(?:とおり|通り)です|が(?:[よ良]い|いい|(?:よろ|宜)しい)です|(?:[でとを]|にて)(?:ご?回答|返信)(?:いた|致)?します|[にを](?:○|丸|マル)(?:を(?:付け|つけ)(?:ます|ました|て(?:ください|下さい))|で囲みました)?|(?:で|と?する|にて)(?=[。.]?$)"
    r"|で(?:結構(?=です)|ok(?=です)|(?:処理|集計|登録|計上)(?=を?お願い)|(?:問題|差し?支え|支障)は?(?:ありません|ございません|ないです))|(?:[でを]|にて)?お願い申し上げます"
    r"|に(?:投票(?:(?:いた|致)?します)?|一票(?:を?(?:入れ|投じ)ます)?)|として?(?:ください|下さい)|が?希望(?=です|(?:いた|致)?します)|を選択(?=させて|(?:いた|致)します)|が望ましい(?=です)|一択(?=です|[。.]|$)"
    r"|に(?:して(?:ください|下さい)|決め(?:ました|させていただきます)|決定(?:(?:いた|致)?しました|です)|決まりました|しました)|を選びました"
    r"|と(?:させていただき|(?:いた|致)し)たく(?:存じます|思います)|で(?:かまいません|構いません|大丈夫です|(?:よろ|宜)しいです)|で(?:頼みます|お頼みします)"
    r"|(?:[でを]|にて)?お願い(?:できればと|(?:いた|致)?し(?:たいと|たく))(?:存じます|思います)|相違は?(?:ありません|ございません)"
    r"|票を投じます|[🙇🙏😊🙂😀👍💦\u200d♀♂\ufe0f]+|の(?:方|ほう)(?=で|を)|please|thank you|thanks|[。.!、,♪\s]+)"
)  # one phrase: repeated in _courtesy_end, since Python 3.11.2 miscounts possessive repetition
_REMARK = re.compile(
    r"\s*(?:\((?P<inside>[^()]{1,200})\)|(?:※|(?:理由|備考|補足)\s?(?::|は)\s?)(?P<note>[^()]{1,200}))"
)
_DOUBT = re.compile(
    "間違|誤り|誤記|下書き|^参考|の例|訂正|取消|取り消|取下|削除|抹消|無効|中止|延期|未実施|やめ|ではな|じゃな|でない|以外|除[くきい]|決裁[前中待]|^案$|変更予定(?!な|は?な)|後に?確定|^[×✕x]$|または|又は|もしくは"
    "|未定|未確定|確認中|要(?:確認|協議|検討|調整|決裁|承認|精査)|^(?:後日|追って|改めて|聞き?取り|例$)|^(?:前回|昨年度?|前年度?|去年|前任者?)(?:の(?:ご?回答|お?答え|値|数|もの)|時点|分)?$|(?:確認|相談|協議|検討)してから|(?:決まっ|確定し|決定し|決め)てい?(?:ない|ません)|^検討中$|^仮(?:置き)?$|仮の|仮回答|暫定|保留|調整中|協議中|変更(?:の|あり|する|します)|(?<![当本弊同])[市町村区県都府]の(?:ご?回答|お?答え|意見)|かも|たぶん|多分|おそらく|^(?:予定|見込み?)(?:です)?$|draft|pending|tentative|provisional|not sure|to be confirmed|[?]"
)
_ONCE_PASSED = re.compile(r"(?:承認|議決|可決|同意|決裁)の?[後前]")  # beside a vote: 「賛成（議会の承認後）」
_OPINION = re.compile(
    r"\s?(?:だ|が(?:[よ良]い|いい|望ましい))?と(?:思い|考え|存じ)ます"
)  # not かと思います, a doubt
_REASON_BEFORE = re.compile(r"(?P<reason>[^0-9()、。:]{2,40}?(?:ため|ので|した結果))[、,]?\s*(?=[0-9])")
_REASON_BEHIND = re.compile(r"(?![はがをにでともの以])[^0-9()。:]{2,60}(?:ため|ので)(?:です)?[。.]?")
_DENIED = re.compile(r"未|ない|なし|無|ません|せず|不|非|検討|予定|[×✕]|\b(?:not|no|except)\b")
_STILL_TO_COME = re.compile(
    r"(?:予定|見込み?)(?:です)?[。.]?$|^(?:いずれも|どれも|両方|すべて|全て|とも)?に?[未不][一-龠]{1,3}$"
)
_CONDITION = re.compile("[附付]帯|前提|条件|ただし|但し|おおむね|概ね|場合|限り|留保")
_ROUGHLY = re.compile("おおむね|概ね")
_ALTERNATIVE = re.compile(r"[0-9番]\s?(?:か|または|又は|もしくは|or)\s?[0-9]")
_EITHER = re.compile(r"(?:[\s,、・/;&]|及び|および|と|か|または|又は|もしくは|or\b)+")
_NUMBER_IN_BRACKETS = re.compile(r"\(\s?([0-9]{1,3})\s?\)")
_NUMBER_BESIDE = re.compile(r"(?:^|[\s,、・/;&と])[0-9]{1,3}番?(?=$|[\s,、・/;&と])")
_DOTS = re.compile(r"[0-9]\s?(?:・{2,}|\.{2,})\s?[0-9]|十\s[一二三四五六七八九]|[一二三四五六七八九]\s十")
_SUM = re.compile(r"[0-9]+(?:\s?\+\s?[0-9]+)+")  # 「=1+1」
_FIRST_OF_TWO = re.compile(r"[0-9]{1,3}\s?番?\s?[,、・/]\s?[0-9]")
_LONE_NUMBER = re.compile(
    r"(?<![0-9.])([0-9]{1,3})(?:番|(?![0-9.年月日度人台件円割名%回期者階期部課社市町村個本]))"
)


def read_answer(question: Question, slot: str, *, today: date) -> Read:
    """Read one slot for one question; anything that is not wholly an answer is unclear (ballot.md section 7).

    `today` gives a date without its year the year that is meant, where that is plain.
    """
    # Most members of a survey write one of a few short things: 1, 2, 1,3, or nothing.
    return _read_short(question, slot, today) if len(slot) <= _SHORT else _read(question, slot, today)


def _read(question: Question, slot: str, today: date) -> Read:
    if is_blank(slot):
        return Blank()
    if is_garbled(slot):
        return Unclear("garbled")
    if question.type == "text":
        return Understood(slot.strip(" \t\r\n\u3000")[:LONGEST_TEXT])
    if len(slot) > LONGEST_CHOICE:
        return Unclear("unclear")
    written = _bare(_without_marker(question, _bare(_unquoted(tidy(without_emphasis(slot))))).strip(_LOOSE))
    if not written:
        return Blank()
    if question.type == "number":
        written = _without_counted(question, written)
    match question.type:
        case "number" | "date":
            read = _read_number(written) if question.type == "number" else _read_date(written, today)
            if isinstance(read, Unclear) and _is_none(written, _NONE_WORDS | _NOT_CONCERNED):
                read = Unclear("no-value")
            elif (
                isinstance(read, Understood)
                and question.type == "number"
                and not _is_unit_asked(question, written)
            ):
                read = Unclear("unit")
        case "yesno":
            read = _read_yesno(question, written)
        case "single" | "multi" | "rating":
            read = _read_choice(
                question, _POINTS.sub("", written) if question.type == "rating" else written, slot
            )
    if isinstance(read, Understood) and read.remark:
        return replace(read, remark=_as_written(slot, read.remark))
    return read


_SHORT = 40  # characters
_read_short = lru_cache(maxsize=4096)(_read)

_LOOSE = "[]【】〔〕〖〗_ "  # what is left of our brackets when a member types over them
_MARKER = re.compile(
    r"(?:(?:(?:ご?回\s?答|お?答え)(?:番号|欄|結果|内容)?|答|answer|ans)(?:\s?[:=→⇒]|\s?は(?!い)|\s)|(?:a|ans)\s?[.:]|[→⇒=☞✅]"
    r"|(?:選択|希望)(?:番号)?(?:\s?[:=→⇒]|\s?は(?!い))|(?:私ども|私共|当方|こちら)(?:と(?:いた)?しまして|として)?は(?!い)[、,]?"
    r"|(?:ご?回答|お?答え)に(?:つきまして|ついて)は[、,]?"
    r"|[当本弊](?:市|町|村|県|府|都|道|区|課|係|室|部|局|団体|組合)(?:(?:と(?:いた)?しまして|として)?は(?!い)[、,]?|(?:の(?:ご?回答|お?答え))?(?:は|\s?:))"
    r"|(?:標記|首記|表題|件名|質問|お尋ね|ご?照会|アンケート|調査)の?件(?:ですが|に(?:つきまして|ついて|関して)は?|は)?[、,:\s]*"
    r"|(?:標記|首記|表題|本件|ご?照会|アンケート|調査)(?:ですが|に(?:つきまして|ついて|関して)は?)[、,:\s]*"
    r"|(?:下記|以下|次)の?(?:とおり|通り)ご?回答(?:(?:いた|致)?します)[。:]"
    r"|(?:i|we)(?:'d| would)? (?:choose|select|prefer|like|opt for|go for)\s|(?:our|my|the) (?:answer|choice) is\s|(?:choice|vote)\s?:\s?|(?:i|we) vote for\s|上から\s?(?=[0-9]{1,2}\s?[番つ]目))\s*(?=\S)"
)  # 「回答：2」, "A. 2", 「当市は2です」


def _without_marker(question: Question, written: str) -> str:
    """Return the answer without the word or arrow that only announces it."""
    marker = _MARKER.match(written)
    if marker is None or label_key(written) in _label_numbers(question):
        return written
    return written[marker.end() :]


def _as_written(slot: str, remark: str) -> str:
    """Return the remark in the member's own characters where it stands in brackets, else as tidied."""
    inside = re.findall(r"[(（]([^()（）]{1,200})[)）]", slot)
    return next((words.strip() for words in inside if tidy(words) == remark), remark)


@lru_cache(maxsize=1024)
def whole_labels(question: Question) -> tuple[tuple[str, int], ...]:
    """Return (label as tidied, option number), the longest first, so that a label is matched whole."""
    tidied = ((_unquoted(tidy(label)), place) for label, place in _labels(question))
    words = (pair for pair in tidied if pair[0] and not _NUMBER.fullmatch(pair[0]))
    return tuple(sorted(words, key=lambda pair: -len(pair[0])))


@lru_cache(maxsize=1024)
def _label_numbers(question: Question) -> Mapping[str, int]:
    return {label_key(label): place for label, place in _labels(question)}


_SET_APART = re.compile(r"[(（\[［<＜「]\s?[0-9０-９]{1,2}\s?[)）\]］>＞」]")


def _all_shown(numbers: list[int], slot: str) -> bool:
    """Say whether the options are written out, some of them marked: 「① 2 ③ 4」."""
    if len(numbers) < 3 or numbers != list(range(1, len(numbers) + 1)):
        return False
    bare, marked = _SET_APART.subn("", slot)
    marked += sum(mark in CIRCLED for mark in bare)
    return marked > 0 and any(mark in "0123456789０１２３４５６７８９" for mark in bare)


def _read_choice(question: Question, written: str, slot: str) -> Read:
    """Read numbers and labels for a question with numbered options; `slot`: what was written, before it was tidied."""
    if _ALTERNATIVE.search(written):
        return Unclear("two-choices")
    if _SUM.fullmatch(written) and (question.type != "multi" or slot.lstrip()[:1] in {"=", "＝"}):
        return Unclear("formula")
    if _DOTS.search(written):
        return Unclear("unclear")  # 「1・・・12」: all between them? 「十 二」: 12?
    if question.type != "multi" and _FIRST_OF_TWO.match(written):
        return Unclear("two-choices")  # 「2、3年以内」, though option 2 is 3年以内
    count = choice_count(question)
    numbered = _label_numbers(question)
    whole = numbered.get(label_key(written)) or numbered.get(label_key(written.strip(_TICKS)))
    if whole is not None:
        lone = _NUMBER.fullmatch(written)
        if lone and _number_of(lone) != whole:
            return Unclear("mismatch")  # a label that is itself another option's number
        return Understood((str(whole),))
    if question.type != "rating":
        written = _THAT_IS_ALL.sub("", written)
    special = _special_word(question, written, count)
    if special is not None:
        return special
    if question.type == "multi" and _DOTTED.fullmatch(written):
        apart = [int(number) for number in re.findall("[0-9]+", written)]
        if apart == sorted(set(apart)):
            written = ",".join(map(str, apart))
    item_remarks: list[str] = []
    if question.type == "multi" and "(" in written:
        written, item_remarks = _without_item_remarks(question, written)
    reason = _REASON_BEFORE.match(written) if question.type == "single" else None
    if reason is not None:
        return _with_reason(question, reason["reason"], written[reason.end() :], slot)
    ticked = _TICKED.fullmatch(written)
    plain = ticked["number"] if ticked else written
    if "(" in plain:
        if _NUMBER_IN_BRACKETS.search(plain) and _NUMBER_BESIDE.search(_NUMBER_IN_BRACKETS.sub(" ", plain)):
            return Unclear("unclear")  # 「1（3）」: 3 less than 1?
        if _is_misnumbered(question, plain):
            return Unclear("mismatch")
        plain = _NUMBER_IN_BRACKETS.sub(r" \1番 ", plain).strip()
    ticks = _TICK.findall(plain)
    items = _items(question, _TICK.sub(" ", plain).strip() if ticks else plain)
    if isinstance(items, Unclear):
        return items
    numbers, rest = items
    if ticks and (len(ticks) != len(numbers) or len(set(ticks)) > 1):
        return Unclear("unclear")  # 「1○ 2 3○」, 「●1 ○2」: options written out, some of them ticked
    if len(ticks) > 1 and len(ticks) == count:
        return Unclear("all", tuple(str(number) for number in range(1, count + 1)))
    rest = _reason_for_other(question, plain, _without_count(rest, numbers), numbers[-1])
    remark = _remark(question, rest, numbers)
    if _all_shown(numbers, slot):
        return Unclear("unclear")
    if remark is None:
        return Unclear("conditional" if _CONDITION.search(rest) else "unclear")
    chosen = sorted(set(numbers))
    if any(not 1 <= number <= count for number in chosen):
        return _out_of_range(question, chosen, count)
    if question.type != "multi" and len(chosen) > 1:
        return Unclear("two-choices")
    remarks = [each for each in (*item_remarks, remark) if each]
    return Understood(tuple(str(number) for number in chosen), "、".join(remarks))


def _without_item_remarks(question: Question, written: str) -> tuple[str, list[str]]:
    """Return a list of items without the words in brackets behind those before the last, and these: 「1（全職員）、2」.

    Words that doubt, deny or name an option stay, so that the whole is asked about.
    """
    labels = [label for label, _ in whole_labels(question)]
    remarks = [match["remark"] for match in _ITEM_REMARK.finditer(written)]
    harmful = any(
        pattern.search(remark) for remark in remarks for pattern in (_DOUBT, _CONDITION, _DENIED)
    ) or any(label in remark for remark in remarks for label in labels)
    if harmful or any("(" in label for label in labels):
        return written, []
    return _ITEM_REMARK.sub("", written), remarks


def _with_reason(question: Question, reason: str, written: str, slot: str) -> Read:
    """Read the choice behind its reason, 「遠方のため2」; a reason that names an option or doubts is asked about."""
    read = _read_choice(question, written, slot)
    doubtful = (
        _DOUBT.search(reason)
        or _CONDITION.search(reason)
        or any(word in reason for word in ("まだ", "決裁", "検討中"))
    )
    if doubtful or any(label in reason for label, _ in whole_labels(question)):
        return Unclear("unclear")
    if isinstance(read, Understood):
        return replace(read, remark=f"{reason} {read.remark}".strip())
    return read


def _is_misnumbered(question: Question, written: str) -> bool:
    """Say whether another number stands in brackets behind an option's label: 「費用（3）」 of 1. 費用."""
    for match in _NUMBER_IN_BRACKETS.finditer(written):
        before = written[: match.start()].rstrip()
        named = next((place for label, place in whole_labels(question) if before.endswith(label)), None)
        if named is not None and named != int(match[1]):
            return True
    return False


def _reason_for_other(question: Question, written: str, rest: str, last: int) -> str:
    """Return what follows その他 behind a colon or an arrow as a remark: 「4 その他：人手不足」."""
    label = question.options[last - 1] if 1 <= last <= len(question.options) else ""
    if not tidy(label).startswith(("その他", "other")):
        return rest
    separator = _REASON.match(rest)
    behind_colon = rest.strip() != "" and written[: len(written) - len(rest)].rstrip().endswith(":")
    if separator is None and not behind_colon:
        return rest
    return f"※{rest[separator.end() if separator else 0 :]}"


def _without_count(rest: str, chosen: list[int]) -> str:
    """Return what follows the numbers without their count, where it is right: 「1と3の2つ」."""
    counted = _SO_MANY.match(rest)
    if counted is None or len(set(chosen)) != (2 if counted["both"] else int(counted["count"])):
        return rest
    return rest[counted.end() :]


def _bare(written: str) -> str:
    """Return the text without one pair of brackets around the whole of it."""
    for opening, closing in ("()", "[]", "【】", "〔〕", "<>", "{}"):
        if written.startswith(opening) and written.endswith(closing) and written.count(opening) == 1:
            return written[1:-1].strip()
    return written


def _special_word(question: Question, written: str, count: int) -> Read | None:
    """Read すべて and なし, which name options without their numbers; None: neither of them."""
    courtesy = written.rstrip("。. ")
    courtesy = courtesy.removesuffix("です")
    key = label_key(courtesy)
    if key in _ALL_WORDS and question.type == "multi":
        return Unclear("all", tuple(str(number) for number in range(1, count + 1)))
    if key in _NONE_WORDS:
        named = [place for label, place in _label_numbers(question).items() if label in _NONE_WORDS]
        if len(named) == 1:
            return Understood((str(named[0]),))
        if key not in _NOT_CONCERNED:
            return Unclear("none-of-these")
    return Unclear("not-concerned") if _is_none(written, _NOT_CONCERNED) else None


def _is_none(written: str, words: frozenset[str]) -> bool:
    """Say whether an answer is that there is none, one of these words: 「対象外」, 「該当なし（Q1が1のため）」."""
    said = _LAST_BRACKET.sub("", written).rstrip("。. ").removesuffix("です")
    return len(said) <= _LONGEST_NONE and label_key(said) in words


_LAST_BRACKET = re.compile(r"\s?\([^()]{1,60}\)[。.]?$")
_LONGEST_NONE = 12  # characters; no longer answer is tidied again


def _items(question: Question, written: str) -> tuple[list[int], str] | Unclear:
    """Return the numbers named one after another, and the rest that names none; unclear if there is no number."""
    labels = whole_labels(question)
    word = _ITEM_WORD_BESIDE_NO if question.type == "yesno" else _ITEM_WORD
    numbers: list[int] = []
    at = 0
    while at < len(written):
        found = _label_at(labels, written, at)
        if found is None:
            at += _end(word, written[at : at + 12])
            found = _label_at(labels, written, at)
        if found is not None:
            number, at = found
            numbers.append(number)
        else:
            match = _NUMBER.match(written, at)
            value = _number_of(match) if match else None
            if match is None or value is None:
                break
            after = _range_or_label(labels, written, match.end(), value)
            if isinstance(after, Unclear):
                return after
            named, at = after
            numbers += named
        separator = _SEPARATOR.match(written, at) or _APART.match(written, at)
        if separator is None:
            break
        if _starts_item(labels, written, separator.end(), word):
            at = separator.end()
            continue
        break
    return (numbers, written[at:]) if numbers else Unclear("unclear")


def _starts_item(labels: tuple[tuple[str, int], ...], written: str, at: int, word: re.Pattern[str]) -> bool:
    if _label_at(labels, written, at) is not None:
        return True
    at += _end(word, written[at : at + 12])
    match = _NUMBER.match(written, at)
    return (match is not None and _number_of(match) is not None) or _label_at(labels, written, at) is not None


def _label_at(labels: tuple[tuple[str, int], ...], written: str, at: int) -> tuple[int, int] | None:
    """Return the option whose whole label stands here, and where it ends."""
    for label, place in labels:
        if written.startswith(label, at):
            return place, at + len(label)
    return None


def _range_or_label(
    labels: tuple[tuple[str, int], ...], written: str, at: int, first: int
) -> tuple[list[int], int] | Unclear:
    """Read what follows a number: the end of a range, the option's own label, or nothing."""
    suffix = _SUFFIX.match(written, at)
    after = suffix.end() if suffix else at
    span = _RANGE.match(written, after)
    last = _NUMBER.match(written, span.end()) if span else None
    if last is not None:
        value = _number_of(last)
        if value is None:
            return Unclear("unclear")
        if value <= first:
            return Unclear("descending")
        end = _RANGE_END.match(written, last.end())
        if value - first > 100:
            return Unclear("out-of-range")
        return list(range(first, value + 1)), end.end() if end else last.end()
    link = _TO_ITS_LABEL.match(written, after) or _TO_ITS_LABEL.match(written, at)
    named = (
        _label_at(labels, written, after)
        or _bracketed_label(labels, written, after)
        or (_label_at(labels, written, link.end()) if link else None)
    )
    if named is None:
        return [first], at + len(written[at:after].rstrip())
    if named[0] != first:
        return Unclear("mismatch")
    return [first], named[1]


def _bracketed_label(labels: tuple[tuple[str, int], ...], written: str, at: int) -> tuple[int, int] | None:
    """Return the option whose whole label stands here in brackets, 「1（費用）」, and where they end."""
    named = _label_at(labels, written, at + 1) if written.startswith("(", at) else None
    return (named[0], named[1] + 1) if named and written.startswith(")", named[1]) else None


def _number_of(match: re.Match[str]) -> int | None:
    """Return the value of a number as written; None for a lone v or x, which are also ticks and crosses."""
    if match["digits"]:
        return int(match["digits"])
    if match["kanji"]:
        return kanji_number(match["kanji"])
    return _ROMAN.get(match["roman"])


def _courtesy_end(text: str, at: int = 0) -> int:
    """Return where the courtesy that stands at this place ends; never looks back, so it costs its length."""
    while phrase := _COURTESY.match(text, at):
        at = phrase.end()
    return at


def _remark(question: Question, rest: str, chosen: list[int]) -> str | None:
    """Return the remark after a clear choice, "" for courtesy only; None when the rest may change the answer."""
    if question.type != "yesno" and (opinion := _OPINION.match(rest)):
        rest = rest[opinion.end() :]
    courtesy = _courtesy_end(rest)
    rest = rest[courtesy:]
    if not rest:
        return ""
    match = _REMARK.match(rest)
    if match is not None and _courtesy_end(rest, match.end()) == len(rest):
        remark = (match["inside"] or match["note"]).strip()
    elif (
        question.type in {"single", "multi"}
        and courtesy
        and _REASON_BEHIND.fullmatch(rest)
        and "検討中" not in rest
    ):
        remark = rest  # 「2 遠方のため」
    else:
        return None
    if question.type == "yesno" and _ONCE_PASSED.search(remark):
        return None
    if remark in {label for label, place in whole_labels(question) if place in chosen}:
        return ""
    reserved = remark if question.type != "rating" else _ROUGHLY.sub("", remark)  # 4（おおむね満足）
    if _DOUBT.search(remark) or _CONDITION.search(reserved):
        return None
    others = {label for label, place in whole_labels(question) if place not in chosen and len(label) > 1}
    if any(label in remark for label in others):
        return None
    count = choice_count(question)
    named = {int(number) for number in _LONE_NUMBER.findall(remark)}
    if any(number <= count and number not in chosen for number in named):
        return None
    if question.type == "multi" and _STILL_TO_COME.search(remark):
        return None  # 「1,2（導入予定）」: one of them, or both?
    return None if _DENIED.search(remark) and _denies(question, remark, chosen) else remark


def _denies(question: Question, remark: str, chosen: list[int]) -> bool:
    """Say whether a remark takes one of several chosen options back: 「1,2,3（3は未導入）」."""
    names = [f"{place}番?" for place in chosen]
    names += [re.escape(label) for label, place in whole_labels(question) if place in chosen]
    named = rf"(?<![0-9])(?:{'|'.join(names)})(?:\s?[はがもを:]|\s|(?=なし|無|未|不|非|検討|[×✕])|$)"
    return remark.startswith("not ") or any(
        _DENIED.search(remark, match.end()) for match in re.finditer(named, remark)
    )


def _end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


def _out_of_range(question: Question, chosen: list[int], count: int) -> Unclear:
    """Say why a number is no option; in a short multi-select 13 may be 1 and 3, which is asked."""
    if question.type == "multi" and count <= 9 and len(chosen) == 1:
        digits = str(chosen[0])
        inside = all("1" <= digit <= str(count) for digit in digits)
        if len(digits) > 1 and inside and list(digits) == sorted(set(digits)):
            return Unclear("joined", tuple(digits))
    return Unclear("out-of-range")


# ---- yes and no --------------------------------------------------------------------------------------------------

_AS_PROPOSED = re.compile(
    r"原案(?:(?:の?(?:とおり|通り)|どおり|通り)(?:に|で)?|[にを])[、,]?\s?(?=賛成|賛同|承認|同意|可決|反対)"
)
_DISSENT, _NO_DISSENT = re.compile("あり|有り?"), re.compile("なし|無し?")
_LONGEST_FIRST = tuple(sorted(_YESNO, key=len, reverse=True))


def _read_yesno(question: Question, written: str, *, twice: bool = True) -> Read:
    """Read a word of the closed lists, or a printed option, as the whole answer; `twice`: はい、賛成です is one too."""
    values = yesno_values(question)
    written = written[_end(_AS_PROPOSED, written) :]
    whole = _YESNO.get(label_key(written))
    if whole is None and not question.options:
        whole = _POLITELY.get(written.rstrip("。. "))
    if whole is not None:
        return Understood(whole)  # 「賛　成」 too, as forms space a word out
    if _ALTERNATIVE.search(written):
        return Unclear("two-choices")
    items = _items(question, written)
    if isinstance(items, Unclear) and items.kind == "mismatch":
        return items
    if not isinstance(items, Unclear):
        numbers, rest = items
        if _remark(question, rest, numbers) is not None:
            chosen = set(numbers)
            if len(chosen) > 1:
                return Unclear("two-choices")
            number = chosen.pop()
            if not 1 <= number <= len(values):
                return Unclear("out-of-range")
            return Understood(values[number - 1], _remark(question, rest, numbers) or "")
    for word in _LONGEST_FIRST:
        if written.startswith(word):
            rest = written[len(word) :]
            remark = _remark(question, rest, [])
            if remark is not None:
                return Understood(_YESNO[word], remark)
            again = rest[_courtesy_end(rest) :]
            both = _DISSENT.search(written) and _NO_DISSENT.search(
                written
            )  # 「異議あり なし」, neither struck out
            second = (
                _read_yesno(question, again, twice=False) if twice and again != rest and not both else None
            )
            if isinstance(second, Understood):
                return second if second.answer == _YESNO[word] else Unclear("two-choices")
            break
    named = {_YESNO[word] for word in map(label_key, _EITHER.split(written)) if word in _YESNO}
    if len(named) > 1:
        return Unclear("two-choices")
    reserved = _CONDITION.search(written) or any(word in written for word in _LONGEST_FIRST if len(word) > 1)
    return Unclear("conditional" if reserved else "unclear")  # おおむね賛成, 賛成できない: never rounded


# ---- numbers and dates -------------------------------------------------------------------------------------------

_ALTOGETHER = re.compile(
    r"(?:(?:令和|平成|r|h)?\s?[0-9]{1,4}[年./][0-9]{1,2}[月./][0-9]{1,2}日?(?:現在|時点)(?:で|の|は)?[:、\s]*)?"
    r"(?:(?:合計|総計|総数|計|全部で|全体で|延べ|現在|ちょうど)(?:で|は)?[:、\s]*|全(?=[0-9]))?"
)
_ABOUT = re.compile(r"(?:約|およそ|おおよそ|ほぼ)\s*")
_ABOUT_AFTER = re.compile(r"(?:程度|くらい|ぐらい|ほど|前後)")
_UNIT = re.compile(
    r"\s*(?:円|%|パーセント|人(?:体制)?|名(?:体制|在籍)?|台|件|個|回|本|か所|ヶ所|箇所|カ所|部|枚|冊|世帯|団体|年間?|か月|日間?|時間|分|校|施設)?"
)
_NOUGHT = re.compile(rf"(?:ゼロ|零){_UNIT.pattern}")


def _finished(understood: Understood, rest: str) -> Read:
    """Return the value when only courtesy and a bracketed remark follow it."""
    rest = rest[_courtesy_end(rest) :]
    if not rest:
        return understood
    match = _REMARK.match(rest)
    if match is None or _courtesy_end(rest, match.end()) < len(rest):
        return Unclear("unclear")
    remark = (match["inside"] or match["note"]).strip()
    if _DOUBT.search(remark) or _LONE_NUMBER.search(remark) or _STILL_TO_COME.search(remark):
        return Unclear("unclear")
    return replace(understood, remark=remark)


def _read_number(written: str) -> Read:
    """Read a quantity with 万 千 円 % 人 台 as a plain decimal string."""
    whole = _end(_ALTOGETHER, written)
    about = _ABOUT.match(written, whole)
    start = about.end() if about else whole
    match = NUMERAL.match(written, start)
    numeral = match[0].rstrip(".,") if match else ""
    if nought := _NOUGHT.match(written):
        return _finished(Understood("0"), written[nought.end() :])
    value = quantity(numeral)
    if value is None:
        return Unclear("unclear")
    rest = written[start + len(numeral) :]
    rest = rest[_end(_UNIT, rest) :]
    after = _ABOUT_AFTER.match(rest)
    flags = ("approximate",) if about or after else ()
    found = Understood(f"{value.normalize():f}" if value else "0", "", flags)
    return _finished(found, rest[after.end() :] if after else rest)


# What a question counts, by its words, and the units that an answer to it may have; others count anything.
_COUNTED = (
    (re.compile(r"何[人名]|人数|職員数|(?<!業)者数|[（(][人名][)）]"), "人名"),
    (re.compile(r"何円|金額|[（(][千万百億]*円[)）]"), "円"),
)


def _is_unit_asked(question: Question, written: str) -> bool:
    """Say whether the unit of a number is one of those that the question asks for: not 「12日」 where it counts people."""
    units = "".join(units for counts, units in _COUNTED if counts.search(question.text))
    numeral = _ANY_NUMERAL.search(written, _end(_ALTOGETHER, written))
    unit = _UNIT.match(written, numeral.end()) if numeral else None
    found = unit[0].strip() if unit else ""
    return not units or not found or found.removesuffix("在籍") in units


_COUNTED_FIRST = re.compile(
    r"(?P<counted>[^0-9\s、,:〇一二三四五六七八九十百千万]{2,12}?)(?:は\s?|\s|:\s?)?(?=約?[0-9])"
)


def _without_counted(question: Question, written: str) -> str:
    """Return the number without what it counts, where the question says so too: 「職員50人」 of 「職員は何人ですか」."""
    counted = _COUNTED_FIRST.match(written)
    if counted is None or counted["counted"] not in tidy(question.text) or _end(_ALTOGETHER, written):
        return written
    return written[counted.end() :]


_ANY_NUMERAL = re.compile("[0-9〇一二三四五六七八九十百千万億兆](?:[0-9,.〇一二三四五六七八九十百千万億兆]*)")


_CLOCK = r"(?:午前|午後)?[0-9]{1,2}(?:時(?:[0-9]{1,2}分|半)?|:[0-9]{2})"
_AT = re.compile(rf"\s?{_CLOCK}(?:\s?(?:から|より|~|-)(?:\s?{_CLOCK}(?:まで)?)?)?(?![0-9])")
_HELD = re.compile(r"\s?に?(?:実施|開催)(?:しました|済み?)?(?![^\s。.(※])")  # not 実施予定


def _read_date(written: str, today: date) -> Read:
    """Read one day, and what was done on it; another one in the remark must be the same."""
    found = read_day(written, today)
    if isinstance(found, Unclear):
        return found
    rest = found.rest[_end(_AT, found.rest[:40]) :]
    rest = rest[_end(_HELD, rest[:20]) :]
    flags = ("year-assumed",) if found.year_assumed else ()
    read = _finished(Understood(found.day.isoformat(), "", flags), rest)
    other = _read_date(read.remark, today) if isinstance(read, Understood) and read.remark else read
    differs = isinstance(other, Understood) and other.answer != found.day.isoformat()
    return Unclear("unclear") if differs else read  # 「令和8年7月2日（2026年7月3日）」


# ---- for the alignment -------------------------------------------------------------------------------------------


def option_answer(question: Question, number: int) -> tuple[str, ...] | str:
    """Return the answer that printed option `number` stands for."""
    return yesno_values(question)[number - 1] if question.type == "yesno" else (str(number),)


def label_answer(question: Question, line: str) -> tuple[str, ...] | str | None:
    """Return the answer of a line that is one option's whole label with courtesy at most; else None."""
    if question.type not in {"single", "multi", "yesno"} or len(line) > LONGEST_CHOICE:
        return None
    written = _bare(_unquoted(tidy(line)))
    for label, place in whole_labels(question):
        if written.startswith(label) and _courtesy_end(written, len(label)) == len(written):
            return option_answer(question, place)
    return None


def denies_itself(question: Question, answer: tuple[str, ...] | str) -> bool:
    """Say whether an option such as なし was chosen together with others."""
    if question.type != "multi" or isinstance(answer, str) or len(answer) < 2:
        return False
    labels = printed_options(question)
    return any(label_key(labels[int(number) - 1]) in _NONE_WORDS | _NOT_CONCERNED for number in answer)


SHORTEST_CUT = 25  # characters; gateways wrap at 40 columns or later


def may_be_cut(line: str, after: str) -> bool:
    """Say whether a number may have been cut in two at the end of a line: "... 10 and 1" and "1 and 12"."""
    return len(line) >= SHORTEST_CUT and line.rstrip()[-1:].isdigit() and after.lstrip()[:1].isdigit()


def mentions_condition(line: str) -> bool:
    """Say whether prose holds a word of condition or reservation: ただし, 概ね, 条件."""
    return _CONDITION.search(tidy(line)) is not None


def mentions_choice(question: Question, line: str) -> bool:
    """Say whether prose beside an answer might change it: it holds a number, a label or a word of correction."""
    written = tidy(line)
    if re.search("[0-9]", written) or _DOUBT.search(written) or _CONDITION.search(written):
        return True
    return any(label in written for label, _ in whole_labels(question))
