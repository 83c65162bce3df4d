"""A choice as members write it: numbers, labels, ranges, yes and no (ballot.md section 7)."""

from __future__ import annotations

import re
from dataclasses import replace

from mailbot.core.reading.grammar.printed_options import (
    ALL_WORDS,
    NONE_WORDS,
    NOT_CONCERNED,
    POLITELY,
    YESNO,
    choice_count,
    every_option,
    label_numbers,
    whole_labels,
    without_room,
    yesno_values,
)
from mailbot.core.reading.grammar.remark import CONDITION, DENIED, DOUBT, courtesy_end, read_remark
from mailbot.core.reading.grammar.understood import Read, Unclear, Understood
from mailbot.core.reading.grammar.words_behind import explains_vote, is_vote
from mailbot.core.reading.text.numeral import OPTION_NUMBER, option_number
from mailbot.core.reading.text.tidy import CIRCLED, CIRCLES, end_of, label_key, tidy
from mailbot.core.surveys.survey import Question

_SEPARATOR = re.compile(r"(?:[\s,、・/;&+]|及び|および|と|ト(?=\s?[0-9])|and\b)+")
_TICKED = re.compile(r"[○◎✓✔☑レ]?\s?(?P<number>[0-9]{1,3})\s?[○◎✓✔☑レ]?")  # not 〇: a nought
_TICKS = "○◎✓✔☑ "  # 「○会場」
_TICK = re.compile("(?<![にを])[○◎✓✔☑●■]")
_DOTTED = re.compile(r"[0-9]{1,2}(?:\s?\.\s?[0-9]{1,2}){2,}\.?")  # 「1.2.4」; 「1.4」 may be a figure
_ITEM_WORD = re.compile(
    r"(?:(?:options?|choices?|no\.?)\s?#?|(?:選択肢|(?:選択)?番号)\s?(?:[:の]\s?)?|第|#)(?=[0-9])"
)
_ITEM_WORD_BESIDE_NO = re.compile(
    r"(?:(?:options?|choices?)\s?|(?:選択肢|(?:選択)?番号)\s?(?:[:の]\s?)?|第)(?=[0-9])"
)  # no is an answer
_SUFFIX = re.compile(r"(?:\s?番目|つ目|\s?番|[.):])?\s*")
_ITEM_REMARK = re.compile(r"(?<=[^\s(),、])\s?\((?P<remark>[^()0-9]{1,40})\)(?=\s?[,、・/;]\s?[^\s])")
_REASON = re.compile(r"\s*(?:の?(?:具体的な)?(?:内容|理由)\s?)?(?:[:=]|→|⇒|->)\s*(?=\S)")
# 「4 その他は住民説明会です」, 「4 住民説明会」: what is meant by その他, in nouns.
_OTHER_IS = re.compile(r"(?:の?(?:具体的な)?(?:内容|理由))?は[、,]?\s?(?=[^\s、。])")
_OTHER_NAMED = re.compile(r"[\s、,【]+(?=[一-龠ァ-ヶa-z][^0-9()、。]{0,30}[一-龠ァ-ヶー]$)")
_NAMES_NOTHING = re.compile(
    "な[いし]|無し|ません|未|検討|予定|不[明要]|除|外|対象|のみ|だけ|削|取[りや消]|後日|確認|回答|保留|昨年|前回|協議|相談|決裁|再"
)
_TO_ITS_LABEL = re.compile(r"(?:\s*(?:→|⇒|=|-|:|\.)|の)\s*")  # 「2→利用していない」
_APART = re.compile(r"(?<=[番目)])(?=[0-9])")  # 「1番3番」
_SO_MANY = re.compile(
    r"の(?:(?P<count>[0-9]{1,2}|[二三四五六])(?:つ|点|項目)|(?P<both>両方))|(?P<either>どちらも|両方とも)"
)
_THAT_IS_ALL = re.compile(r"(?<=[0-9番])\s以上(?:です)?[。.]?$")
_RANGE = re.compile(r"\s*(?:-|~|から)\s*")
_RANGE_END = re.compile(r"(?:番目|番)?(?:まで)?")
_REASON_BEFORE = re.compile(r"(?P<reason>[^0-9()、。:]{2,40}?(?:ため|ので|した結果))[、,]?\s*(?=[0-9])")
_ALTERNATIVE = re.compile(r"[0-9番]\s?(?:か|または|又は|もしくは|or)\s?[0-9]")
_EITHER = re.compile(r"(?:[\s,、・/;&]|及び|および|と|か|または|又は|もしくは|or\b)+")
_NUMBER_IN_BRACKETS = re.compile(r"\(\s?([0-9]{1,3})\s?\)")
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
    return _read_items(question, plain, slot, item_remarks)


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


def _refused_form(question: Question, written: str, slot: str) -> Unclear | None:
    """Say what forms are no one choice, whatever the options are: 「1か2」, 「=1+1」, 「1・・・12」."""
    if _ALTERNATIVE.search(written):
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
        mark for mark in _TICKS if label_key(mark) not in numbered
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
# 「2と4が課題です」, where the question asks for 課題.
_AS_ASKED = re.compile(
    r"が(?:[当本]?[市町村区県]の)?(?P<asked>[一-龠ァ-ヶー]{2,10})(?=です|[になと]なります|[。.]?$)"
)


def _read_items(question: Question, plain: str, slot: str, item_remarks: list[str]) -> Read:
    """Read the items named one after another, their ticks, and what stands behind them."""
    count = choice_count(question)
    ticks = [] if any(map(_TICK.fullmatch, question.options)) else _TICK.findall(plain)
    items = _items(question, _TICK.sub(" ", plain).strip() if ticks else plain)
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
        pattern.search(remark) for remark in remarks for pattern in (DOUBT, CONDITION, DENIED)
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
    """Read the choice behind its reason, 「遠方のため2」; a reason that names an option or doubts is asked about."""
    read = read_choice(question, written, slot)
    doubtful = (
        DOUBT.search(reason)
        or CONDITION.search(reason)
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


def _items(question: Question, written: str) -> tuple[list[int], str] | Unclear:
    """Return the numbers named one after another, and the rest that names none; unclear if there is no number."""
    labels = whole_labels(question)
    word = _ITEM_WORD_BESIDE_NO if question.type == "yesno" else _ITEM_WORD
    numbers: list[int] = []
    at = 0
    while at < len(written):
        found = _label_at(labels, written, at)
        if found is None:
            at += end_of(word, written[at : at + 12])
            found = _label_at(labels, written, at)
        if found is not None:
            number, at = found
            numbers.append(number)
        else:
            match = OPTION_NUMBER.match(written, at)
            value = option_number(match) if match else None
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
    at += end_of(word, written[at : at + 12])
    match = OPTION_NUMBER.match(written, at)
    return (match is not None and option_number(match) is not None) or _label_at(
        labels, written, at
    ) is not None


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
    last = OPTION_NUMBER.match(written, span.end()) if span else None
    if last is not None:
        value = option_number(last)
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


def _out_of_range(question: Question, chosen: list[int], count: int) -> Unclear:
    """Say why a number is no option; in a short multi-select 13 may be 1 and 3, which is asked."""
    if question.type == "multi" and count <= 9 and len(chosen) == 1:
        digits = str(chosen[0])
        inside = all("1" <= digit <= str(count) for digit in digits)
        if len(digits) > 1 and inside and list(digits) == sorted(set(digits)):
            return Unclear("joined", tuple(digits))
    return Unclear("out-of-range")


_AS_PROPOSED = re.compile(
    r"(?:原案|改正案|本案|ご?提案)(?:(?:の?(?:とおり|通り)|どおり|通り)(?:に|で)?|[にを])[、,]?\s?(?=賛成|賛同|承認|同意|可決|反対|異議)"
    r"|(?:特に|特段の?)\s?(?=異議)|異議な[くし][、,]?\s?(?=賛成|賛同|承認|同意)"
)
_DISSENT, _NO_DISSENT = re.compile("あり|有り?"), re.compile("なし|無し?")
_ASKED_OF_OTHERS = frozenset({"承認", "同意", "了承", "賛同"})
_LONGEST_FIRST = tuple(sorted(YESNO, key=len, reverse=True))


# An abstention where one is offered; else 「△（係長が兼ねています）」 is half a yes, and who writes 棄権 still abstains.
_NEITHER = ("△", "保留")
_ASSENT = f"{CIRCLES}{_TICKS}"
_ASKED_POLITELY = re.compile(r"(?P<stem>[^はがをにでと、。\s]{1,12})ますか[?？]?$")


# 「今年度に研修を行いましたか」: 「行いました」, 「行っていない」.
_ASKED_IF_IT_WAS = re.compile(r"(?P<verb>[一-龠]{1,4})[ぁ-ん]{0,3}(?:ました|て(?:い|お)り?ます)か[?？]?$")
_DONE_SO = re.compile(
    "行|実施|開催|や(?=[りっ])"
)  # 「実施しました」, 「やりました」 to 「行いましたか」; not やめました
_IT_WAS = re.compile(r"[ぁ-ん]{0,2}?(?:ました|て(?:い|お)り?ます|ている)")
_IT_WAS_BRIEFLY = re.compile(r"した|った|済み?(?:です)?")
_IT_WAS_NOT = re.compile(r"[ぁ-ん]{0,2}?(?:て(?:い|お)?り?(?:ません|ない)|ませんでした|なかった)(?:です)?")


def _by_its_verb(question: Question, written: str) -> str | None:
    """Return yes or no where the question's own verb answers it: 「希望します」, 「希望しません」 to 「開催を希望しますか」."""
    was = _ASKED_IF_IT_WAS.search(question.text)
    if was is not None and not _AND_MORE.search(question.text):
        same = _DONE_SO if _DONE_SO.match(was["verb"]) else re.compile(re.escape(was["verb"]))
        verb = end_of(same, written)
        behind = written[verb:] if verb or written.startswith("して") else ""
        if _IT_WAS_NOT.fullmatch(behind):
            return "no"
        if _IT_WAS.fullmatch(behind) or ("ました" in was[0] and _IT_WAS_BRIEFLY.fullmatch(behind)):
            return "yes"
    asked = _ASKED_POLITELY.search(question.text)
    if asked is None:
        return None
    stem = tidy(asked["stem"])
    said = {f"{stem}ます": "yes", f"{stem}ません": "no"}.get(written)
    return said or _by_what_is_done(question, written)


_ASKED_IF_DONE = re.compile(r"(?P<done>[一-龠ァ-ヶー]{2,10})(?:を|は)?して(?:い|おり)ますか[?？]?$")
_AND_MORE = re.compile(
    "[、,]|または|又は|かつ|及び|および|並びに|あるいは"
)  # two things are asked: which is done?
_DONE = re.compile(r"済み?(?:です)?|を?して(?:います|おります|いる)|しました")
_NOT_DONE = re.compile(r"[はを]?して(?:い|おり)?(?:ません|ない(?:です)?)|しておりません")
_PLANNED_BEHIND_NO = re.compile(
    r"[。、,]?\s?(?:(?:現在|今後|なお)[、,]?)?(?:(?:令和|r)?[0-9]{1,4}年度?(?:中|末|内|当初|[0-9]{1,2}月)?|来年度?|今年度(?:中|末|内)?|次年度)?(?:に|から|より|までに)?(?:の)?"
    r"(?P<done>[一-龠ァ-ヶー]{2,10})(?:を|する|の)?(?:予定|検討中|準備中|検討して(?:い|お)り?ます)(?:です)?"
)


def _asked_if_done(question: Question) -> str:
    """Return what a question asks whether it is done, 設置 of 「CSIRTを設置していますか」; "": it asks otherwise, or for two things."""
    asked = _ASKED_IF_DONE.search(question.text)
    return tidy(asked["done"]) if asked and not _AND_MORE.search(question.text) else ""


def _by_what_is_done(question: Question, written: str) -> str | None:
    """Return yes or no where the question's own word says that it is done: 「設置済」, 「未設置です」."""
    done = _asked_if_done(question)
    if not done:
        return None
    said = written.removeprefix("まだ")
    if said.removesuffix("です") == f"未{done}":
        return "no"
    behind = said.removeprefix(done)
    if behind == said:
        return None
    if said == written and _DONE.fullmatch(behind):
        return "yes"
    return "no" if _NOT_DONE.fullmatch(behind) else None


def _planned_behind_no(question: Question, written: str, behind: str) -> bool:
    """Say whether いいえ goes on with what is to be done one day, which it is not yet: 「いいえ。令和9年度に設置予定です。」."""
    done = _asked_if_done(question)
    planned = _PLANNED_BEHIND_NO.fullmatch(behind.rstrip("。. "))
    return bool(done and planned and planned["done"] == done and YESNO.get(label_key(written)) == "no")


# 「はい。令和5年度に設置済みです。」
_WHEN_DONE = re.compile(
    r"[。、,]?\s?(?:(?:令和|平成|r|h)?[0-9]{1,4}(?:年度?(?:[0-9]{1,2}月)?|年[0-9]{1,2}月[0-9]{1,2}日)(?:に|から|より))"
)


def _done_behind_yes(question: Question, behind: str) -> bool:
    """Say whether はい goes on with when it was done, in the question's own word for that."""
    when = _WHEN_DONE.match(behind)
    return when is not None and _by_what_is_done(question, behind[when.end() :].rstrip("。. ")) == "yes"


def read_yesno(question: Question, written: str, *, twice: bool = True) -> Read:
    """Read a word of the closed lists, or a printed option, as the whole answer; `twice`: はい、賛成です is one too."""
    values = yesno_values(question)
    if written.startswith(_NEITHER) and "abstain" not in values:
        return Unclear("unclear")
    written = written[end_of(_AS_PROPOSED, written) :]
    why = _REASON_OF_VOTE.match(written) if is_vote(question) else None
    if why is not None:
        return _with_reason_of_vote(question, why["why"], written[why.end() :])
    whole = YESNO.get(label_key(written))
    ticked = written.strip(_ASSENT)
    if whole is None and (YESNO.get(label_key(ticked)) == "yes" or (ticked == "1" and values[0] == "yes")):
        whole = "yes"  # 「○賛成」, 「○1」; of 「○反対」 the circle may be the vote
    if whole is None and not question.options:
        whole = POLITELY.get(written.rstrip("。. ")) or _by_its_verb(question, written.rstrip("。. "))
    if whole is not None:
        return Understood(whole)  # 「賛　成」 too, as forms space a word out
    if _ALTERNATIVE.search(written):
        return Unclear("two-choices")
    items = _items(question, written)
    if isinstance(items, Unclear) and items.kind == "mismatch":
        return items
    if not isinstance(items, Unclear):
        numbers, rest = items
        among = {values[number - 1] for number in numbers if 1 <= number <= len(values)}
        value = among.pop() if len(among) == 1 else ""
        if twice and (again := _said_again(question, value, written, rest)) is not None:
            return again
        remark = read_remark(question, rest, numbers, value=value, printed=_as_printed(written, rest))
        if remark is not None:
            chosen = set(numbers)
            if len(chosen) > 1:
                return Unclear("two-choices")
            number = chosen.pop()
            if not 1 <= number <= len(values):
                return Unclear("out-of-range")
            return Understood(values[number - 1], remark)
    for word in _LONGEST_FIRST:
        if written.startswith(word):
            rest = written[len(word) :]
            if rest.startswith("を") and word in _ASKED_OF_OTHERS:
                break  # 「承認をお願いします」
            if twice and (again := _said_again(question, YESNO[word], written, rest)) is not None:
                return again
            remark = read_remark(question, rest, [], value=YESNO[word])
            if remark is not None:
                return Understood(YESNO[word], remark)
            if not question.options and YESNO[word] == "yes" and _done_behind_yes(question, rest):
                return Understood("yes", rest.strip("。、, "))
            if not question.options and _planned_behind_no(question, word, rest):
                return Understood("no", rest.strip("。、, "))
            break
    both_named = {YESNO[word] for word in map(label_key, _EITHER.split(written)) if word in YESNO}
    if len(both_named) > 1:
        return Unclear("two-choices")
    reserved = CONDITION.search(written) or any(word in written for word in _LONGEST_FIRST if len(word) > 1)
    return Unclear("conditional" if reserved else "unclear")  # おおむね賛成, 賛成できない: never rounded


# 「内容が不明なため棄権します」, 「時期尚早と考え反対とします」
_REASON_OF_VOTE = re.compile(
    r"(?P<why>[^0-9()、。:「」?]{2,40}?(?:ため|ので|ことから|と(?:考え|判断し|思い)(?:て|まして|ますので)?))[、,]?\s?(?=賛成|反対|棄権|承認|同意)"
)


def _with_reason_of_vote(question: Question, why: str, written: str) -> Read:
    """Read the vote behind its reason, where that is a bare reason of just this vote."""
    read = read_yesno(question, written, twice=False)
    if not isinstance(read, Understood) or read.remark:
        return read
    vote = str(read.answer)
    return replace(read, remark=why) if explains_vote(why, vote) else Unclear("conditional")


def _said_again(question: Question, value: str, written: str, rest: str) -> Read | None:
    """Return what a second whole answer makes of the first: 「はい、賛成です」, 「1　異議ありません」; None: there is none."""
    again = rest[courtesy_end(rest) :]
    if again in {"", rest} or (_DISSENT.search(written) and _NO_DISSENT.search(written)):
        return None  # 「異議あり なし」, neither struck out
    second = read_yesno(question, again, twice=False)
    if not isinstance(second, Understood):
        return None
    return second if second.answer == value else Unclear("two-choices")


def _as_printed(written: str, rest: str) -> bool:
    """Say whether the number before the rest has the form in which ballots print options: 「3. 」."""
    return written.removesuffix(rest).endswith((".", ")", ":"))
