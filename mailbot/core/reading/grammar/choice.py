"""A choice as members write it: numbers, labels, ranges, yes and no (ballot.md section 7)."""

from __future__ import annotations

import re
from dataclasses import replace

from mailbot.core.reading.grammar.items import ALTERNATIVE, TICKS, read_items
from mailbot.core.reading.grammar.printed_options import (
    ALL_WORDS,
    NONE_WORDS,
    NOT_CONCERNED,
    choice_count,
    every_option,
    label_numbers,
    whole_labels,
    without_room,
)
from mailbot.core.reading.grammar.remark import CONDITION, DENIED, DOUBT, read_remark
from mailbot.core.reading.grammar.understood import Read, Unclear, Understood
from mailbot.core.reading.text.numeral import LONE_NUMBER, OPTION_NUMBER, option_number
from mailbot.core.reading.text.tidy import CIRCLED, end_of, label_key, tidy
from mailbot.core.surveys.survey import Question

_TICKED = re.compile(r"[○◎✓✔☑レ]?\s?(?P<number>[0-9]{1,3})\s?[○◎✓✔☑レ]?")  # not 〇: a nought
_TICK = re.compile("(?<![にを])[○◎✓✔☑●■]")
_DOTTED = re.compile(r"[0-9]{1,2}(?:\s?\.\s?[0-9]{1,2}){2,}\.?")  # 「1.2.4」; 「1.4」 may be a figure
_ITEM_REMARK = re.compile(r"(?<=[^\s(),、])\s?\((?P<remark>[^()]{1,40})\)(?=\s?[,、・/;]\s?[^\s])")
_REASON = re.compile(r"\s*(?:の?(?:具体的な)?(?:内容|理由)\s?)?(?:[:=]|→|⇒|->)\s*(?=\S)")
# 「4 その他は住民説明会です」, 「4 住民説明会」: what is meant by その他, in nouns.
_OTHER_IS = re.compile(r"(?:の?(?:具体的な)?(?:内容|理由))?は[、,]?\s?(?=[^\s、。])")
_OTHER_NAMED = re.compile(r"[\s、,【]+(?=[一-龠ァ-ヶa-z][^0-9()、。]{0,30}[一-龠ァ-ヶー]$)")
_NAMES_NOTHING = re.compile(
    "な[いし]|無し|ません|未|検討|予定|不[明要]|除|外|対象|のみ|だけ|削|取[りや消]|後日|確認|回答|保留|昨年|前回|協議|相談|決裁|再"
)
_SO_MANY = re.compile(
    r"の(?:(?P<count>[0-9]{1,2}|[二三四五六])(?:つ|点|項目)|(?P<both>両方))|(?P<either>どちらも|両方とも)"
)
_THAT_IS_ALL = re.compile(r"(?<=[0-9番])\s以上(?:です)?[。.]?$")
_REASON_BEFORE = re.compile(r"(?P<reason>[^0-9()、。:]{2,40}?(?:ため|ので|した結果))[、,]?\s*(?=[0-9])")
_NUMBER_IN_BRACKETS = re.compile(r"\(\s?([0-9]{1,3})番?\s?\)")
_NUMBER_BESIDE = re.compile(r"(?:^|[\s,、・/;&と])[0-9]{1,3}番?(?=$|[\s,、・/;&と])")
_DOTS = re.compile(
    r"[0-9]\s?(?:・{2,}|\.{2,})\s?(?:[0-9]|$)|十\s[一二三四五六七八九]|[一二三四五六七八九]\s十"
)
_SUM = re.compile(r"[0-9]+(?:\s?\+\s?[0-9]+)+")  # 「=1+1」
_FIRST_OF_TWO = re.compile(r"[0-9]{1,3}\s?番?\s?[,、・/]\s?[0-9]")


_SET_APART = re.compile(r"[(（\[［<＜「]\s?[0-9０-９]{1,2}\s?[)）\]］>＞」]")


def _all_shown(numbers: list[int], slot: str) -> bool:
    """Say whether the options are written out, some of them marked: 「① 2 ③ 4」."""
    if len(numbers) < 3 or numbers != list(range(1, len(numbers) + 1)):
        return False
    bare, marked = _SET_APART.subn("", slot)
    marked += sum(mark in CIRCLED for mark in bare)
    return marked > 0 and any(mark in "0123456789０１２３４５６７８９" for mark in bare)


def read_choice(question: Question, written: str, slot: str) -> Read:
    """Read numbers and labels for a question with numbered options; `slot`: what was written, before it was tidied."""
    if question.options and _DAY.fullmatch(tidy(question.options[0])):
        written = _DAY.sub(lambda said: _day_label(question, said), written)
    if any(option.endswith("曜日") for option in question.options):
        written = _WEEKDAY.sub(lambda said: _weekday_label(question, said), written)
    if question.type in {"single", "multi"} and "はい" not in question.options:
        written = _YES_BEFORE.sub("", written)
    if (unclear := _refused_form(question, written, slot)) is not None:
        return unclear
    if (whole := _whole_label(question, written)) is not None:
        return whole
    if question.type != "rating":
        written = _THAT_IS_ALL.sub("", written)
    special = _special_word(question, written)
    if special is not None:
        return special
    item_remarks: list[str] = []
    if question.type == "multi":
        written, item_remarks = _without_item_remarks(question, _at_commas(written))
    reason = _REASON_BEFORE.match(written) if question.type in {"single", "multi"} else None
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
    return _read_items(question, plain, slot, item_remarks)


_YES_BEFORE = re.compile(r"^はい[、,。]\s?(?=[^、。]{2})")  # 「はい、一部の部署で利用しています」
_DAY = re.compile(
    r"(?<![0-9/年月.-])(?P<month>[0-9]{1,2})(?:(?P<slash>/)|月)(?P<day>[0-9]{1,2})(?:日"
    r"|(?![0-9]))(?:\s?\((?P<week>[月火水木金土日])\)|(?!\s?[(/~-]))"
)


def _day_label(question: Question, said: re.Match[str]) -> str:
    """Return the label of the one option that is this day, where the options are days: 「12/22」 of 12月22日（火）.

    「1/2」 of such a list may be the options 1 and 2 as well.
    """
    days = ((tidy(label), _DAY.fullmatch(tidy(label))) for label in question.options)
    fits = [
        label
        for label, day in days
        if day is not None
        and (int(day["month"]), int(day["day"])) == (int(said["month"]), int(said["day"]))
        and said["week"] in {None, day["week"]}
    ]
    if len(fits) != 1:
        return said[0]
    numbers = said["slash"] and max(int(said["month"]), int(said["day"])) <= len(question.options)
    return f"{said[0]}?" if numbers else fits[0]


_WEEKDAY = re.compile("(?<![一-龠々])(?P<day>[月火水木金土日])曜?(?![一-龠々])")


def _weekday_label(question: Question, said: re.Match[str]) -> str:
    """Return the label of the option that is this weekday: 「水曜」 or 「水」 of 水曜日."""
    label = f"{said['day']}曜日"
    return label if label in question.options else said[0]


def _refused_form(question: Question, written: str, slot: str) -> Unclear | None:
    """Say what forms are no one choice, whatever the options are: 「1か2」, 「=1+1」, 「1・・・12」."""
    if ALTERNATIVE.search(written):
        return Unclear("two-choices")
    if _SUM.fullmatch(written) and (question.type != "multi" or slot.lstrip()[:1] in {"=", "＝"}):
        return Unclear("formula")
    if _DOTS.search(written):
        return Unclear("unclear")  # 「1・・・12」: all between them? 「十 二」: 12? 「1,2,3...」: more?
    if question.type != "multi" and _FIRST_OF_TWO.match(written):
        return Unclear("two-choices")  # 「2、3年以内」, though option 2 is 3年以内
    return None


# 「今のところ予定はありません」
_NOW = re.compile(r"^(?:現在(?:のところ)?|今のところ|現時点で)は?[、,]?\s?(?=[^0-9]{2})|(?<=中)です[。]?$")


def _whole_label(question: Question, written: str) -> Read | None:
    """Read what is one option's whole label; a label that is itself another option's number is asked about."""
    numbered = label_numbers(question)
    ticks = "".join(
        mark for mark in TICKS if label_key(mark) not in numbered
    )  # 「○△」: ○ is an option itself
    said = _NOW.sub("", written).rstrip("。") if question.type == "single" else written
    keys = [label_key(each) for each in (written, written.strip(ticks), said)]
    whole = next((numbered[key] for key in keys if key in numbered), None)
    if whole is None:
        return None
    lone = OPTION_NUMBER.fullmatch(written)
    return Unclear("mismatch") if lone and option_number(lone) != whole else Understood((str(whole),))


def _may_be_longer_label(question: Question, written: str, rest: str) -> bool:
    """Say whether a bracket behind a label may be another one's that begins so: 「住民票の写し（コンビニ交付）」 beside 住民票の写し（広域交付）."""
    if not rest.lstrip().startswith("("):
        return False
    before = written[: len(written) - len(rest)].rstrip()
    labels = whole_labels(question)
    named = next((label for label, _ in labels if before.endswith(label)), None)
    if named is None or _ENDS_WITH_NUMBER.search(before[: -len(named)]):
        return False
    return any(
        label.startswith((f"{named}(", f"{named} (")) and without_room(label) != named for label, _ in labels
    )


_ENDS_WITH_NUMBER = re.compile(r"[0-9一二三四五六七八九十]番?[).:,、]?\s*$")


def _at_commas(written: str) -> str:
    """Return 「1.2.4」 as 1,2,4 where the numbers rise."""
    if not _DOTTED.fullmatch(written):
        return written
    apart = [int(number) for number in re.findall("[0-9]+", written)]
    return ",".join(map(str, apart)) if apart == sorted(set(apart)) else written


# 「費用のため」, where the reason is asked for.
_AS_REASON = re.compile(r"(?:の?ため|だから)(?=です|[。.]|$)")
# 「一部の部署で利用しています」 of an option 一部の部署で利用.
_DOES_SO = re.compile(r"して(?:い|お)り?ます(?=[。.]|$)")
# 「2と4が課題です」, where the question asks for 課題.
_AS_ASKED = re.compile(
    r"が(?:[当本]?[市町村区県]の)?(?P<asked>[一-龠ァ-ヶー]{2,10})(?=です|[になと]なります|[。.]?$)"
)


def _read_items(question: Question, plain: str, slot: str, item_remarks: list[str]) -> Read:
    """Read the items named one after another, their ticks, and what stands behind them."""
    count = choice_count(question)
    ticks = [] if any(map(_TICK.fullmatch, question.options)) else _TICK.findall(plain)
    items = read_items(question, _TICK.sub(" ", plain).strip() if ticks else plain)
    if isinstance(items, Unclear):
        return items
    numbers, rest = items
    if _may_be_longer_label(question, plain, rest):
        return Unclear("unclear")
    if ticks and (len(ticks) != len(numbers) or len(set(ticks)) > 1):
        return Unclear("unclear")  # 「1○ 2 3○」, 「●1 ○2」: options written out, some of them ticked
    if len(ticks) > 1 and len(ticks) == count:
        return Unclear("all", every_option(question))
    if "理由" in question.text:
        rest = rest[end_of(_AS_REASON, rest) :]
    if (named := _AS_ASKED.match(rest)) and named["asked"] in question.text:
        rest = rest[named.end() :]
    rest = rest[end_of(_DOES_SO, rest) :] if question.type in {"single", "multi"} else rest
    rest = _reason_for_other(question, plain, _without_count(rest, numbers), numbers[-1])
    remark = read_remark(question, rest, numbers, printed=plain.removesuffix(rest).endswith((".", ")", ":")))
    if _all_shown(numbers, slot):
        return Unclear("unclear")
    if remark is None:
        return Unclear("conditional" if CONDITION.search(rest) else "unclear")
    if label_key(remark) in NONE_WORDS and _other_named(question, numbers[-1]):
        return Unclear("unclear")  # 「4（なし）」 of 4. その他
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
    if "(" not in written:
        return written, []
    labels = [label for label, _ in whole_labels(question)]
    remarks = [match["remark"] for match in _ITEM_REMARK.finditer(written)]
    harmful = any(
        pattern.search(remark) for remark in remarks for pattern in (DOUBT, CONDITION, DENIED, LONE_NUMBER)
    ) or any(
        label in match["remark"] and not _is_numbered_before(written[: match.start()], place)
        for match in _ITEM_REMARK.finditer(written)
        for label, place in whole_labels(question)
    )
    if harmful or any("(" in label for label in labels):
        return written, []
    return _ITEM_REMARK.sub("", written), [remark for remark in remarks if remark not in labels]


def _is_numbered_before(before: str, place: int) -> bool:
    """Say whether an option's own number stands right before a remark: 「1（初期費用）」 of 1. 費用."""
    number = _LAST_NUMBER.search(before)
    return number is not None and int(number[1]) == place


_LAST_NUMBER = re.compile(r"(?<![0-9])([0-9]{1,3})番?\.?\s?$")


def _with_reason(question: Question, reason: str, written: str, slot: str) -> Read:
    """Read the choice behind its reason, 「遠方のため2」; a reason that names another option or doubts is asked about."""
    read = read_choice(question, written, slot)
    chosen = read.answer if isinstance(read, Understood) else ()
    left = reason
    for label, place in whole_labels(question):
        left = left.replace(label, "") if str(place) in chosen else left  # 「検討中ですので4」 of 4. 検討中
    doubtful = (
        DOUBT.search(left)
        or CONDITION.search(left)
        or any(word in left for word in ("まだ", "決裁", "検討中"))
        or any(label in left for label, _ in whole_labels(question))
    )
    if doubtful:
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


def _other_named(question: Question, place: int) -> str:
    """Return the option's label, tidied, without the room behind it, where it is その他; else ""."""
    label = tidy(without_room(question.options[place - 1])) if 1 <= place <= len(question.options) else ""
    return label if label.startswith(("その他", "other")) else ""


def _reason_for_other(question: Question, written: str, rest: str, last: int) -> str:
    """Return what follows その他 behind a colon or an arrow as a remark: 「4 その他：人手不足」."""
    label = _other_named(question, last)
    if not label:
        return rest
    separator = _REASON.match(rest)
    behind_colon = rest.strip() != "" and written[: len(written) - len(rest)].rstrip().endswith(":")
    if separator is None and not behind_colon and not _NAMES_NOTHING.search(rest):
        named = written.removesuffix(rest).endswith(label)
        separator = (_OTHER_IS.match(rest) if named else None) or _OTHER_NAMED.match(rest)
    if separator is None and not behind_colon:
        return rest
    return f"※{rest[separator.end() if separator else 0 :]}"


def _without_count(rest: str, chosen: list[int]) -> str:
    """Return what follows the numbers without their count, where it is right: 「1と3の2つ」."""
    counted = _SO_MANY.match(rest)
    if counted is None:
        return rest
    many = counted["count"] or "2"
    if len(set(chosen)) != (int(many) if many.isdecimal() else "二三四五六".index(many) + 2):
        return rest
    return rest[counted.end() :]


def _special_word(question: Question, written: str) -> Read | None:
    """Read すべて and なし, which name options without their numbers; None: neither of them."""
    courtesy = written.rstrip("。. ")
    courtesy = courtesy.removesuffix("です")
    key = label_key(courtesy)
    every = _ALL_NAMED.fullmatch(courtesy) if question.type == "multi" else None
    listed = read_items(question, every["named"]) if every else Unclear("all")
    if (
        not isinstance(listed, Unclear)
        and not listed[1]
        and {*listed[0]} == {*range(1, choice_count(question) + 1)}
    ):
        return Understood(every_option(question))
    if key in ALL_WORDS and question.type == "multi":
        return Unclear("all", every_option(question))
    if key in NONE_WORDS:
        named = [place for label, place in label_numbers(question).items() if label in NONE_WORDS]
        if len(named) == 1:
            return Understood((str(named[0]),))
        if key not in NOT_CONCERNED:
            return Unclear("none-of-these")
    if is_none(written, NOT_CONCERNED):
        return Unclear("not-concerned")
    none_is_option = any(label in NONE_WORDS for label in label_numbers(question))
    return Unclear("none-of-these") if not none_is_option and is_none(written, NONE_WORDS) else None


_ALL_NAMED = re.compile(r"(?:すべて|全て|全部)\s?\((?P<named>[0-9][^()]{1,40})\)")  # 「全部（1～6）」


def is_none(written: str, words: frozenset[str]) -> bool:
    """Say whether an answer is that there is none, one of these words: 「対象外」, 「該当なし（Q1が1のため）」."""
    said = _LAST_BRACKET.sub("", written).rstrip("。. ").removesuffix("です")
    said = _LEFT_OUT.sub("", said)
    return len(said) <= _LONGEST_NONE and label_key(said) in words


_LAST_BRACKET = re.compile(r"\s?\([^()]{1,60}\)[。.]?$")
_LEFT_OUT = re.compile(
    r"(?:の|な)?(?:ため|ので)、?(?:(?:空欄|無回答|未記入|回答不要)(?:と(?:(?:いた|致)?します|しました|して(?:い|お)り?ます)|です)?"
    r"|(?:記入|回答)(?:なし|不要|して(?:い|お)り?ません|し(?:ません|ていません|ておりません)))?$"
)  # 「対象外のため記入していません」
_LONGEST_NONE = 12  # characters; no longer answer is tidied again


def _out_of_range(question: Question, chosen: list[int], count: int) -> Unclear:
    """Say why a number is no option; in a short multi-select 13 may be 1 and 3, which is asked."""
    if question.type == "multi" and count <= 9 and len(chosen) == 1:
        digits = str(chosen[0])
        inside = all("1" <= digit <= str(count) for digit in digits)
        if len(digits) > 1 and inside and list(digits) == sorted(set(digits)):
            return Unclear("joined", tuple(digits))
    return Unclear("out-of-range")
