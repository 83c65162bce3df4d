"""A number or a day as members write it, with its unit and what was done on it (ballot.md section 7)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from mailbot.core.reading.doubts.correction import corrects
from mailbot.core.reading.doubts.doubt import doubts
from mailbot.core.reading.grammar.answered_day import read_day
from mailbot.core.reading.grammar.remark import APART, CONDITION, DOUBT, REMARK, STILL_TO_COME, courtesy_end
from mailbot.core.reading.grammar.understood import Read, Unclear, Understood
from mailbot.core.reading.grammar.words_behind import stands_beside
from mailbot.core.reading.text.numeral import LONE_NUMBER, NUMERAL, quantity
from mailbot.core.reading.text.tidy import end_of, tidy
from mailbot.core.surveys.survey import Answer, Question

_ALTOGETHER = re.compile(
    r"(?:(?:令和|平成|r|h)?\s?[0-9]{1,4}[年./][0-9]{1,2}[月./][0-9]{1,2}日?(?:現在|時点)(?:で|の|は)?[:、\s]*)?"
    r"(?:税込み?\s?)?(?:(?:合計|総計|総数|総額|年額|計|全部で|全体で|延べ|現在|ちょうど)(?:で|は)?[:、\s]*|全(?=[0-9]))?"
)
_ABOUT = re.compile(r"(?:約|およそ|おおよそ|ほぼ)\s*")
_ABOUT_AFTER = re.compile(r"(?:程度|くらい|ぐらい|ほど|前後)")
_UNIT = re.compile(
    r"\s*(?:円|%|パーセント|人(?:体制)?|名(?:体制|在籍)?|台|件|個|回|本|か所|ヶ所|箇所|カ所|部|枚|冊|世帯|団体|年間?|か月|日間?|時間|分|校|施設)?"
)
_NOUGHT = re.compile(rf"(?:ゼロ|零){_UNIT.pattern}")


_BLANK_IN_UNIT = re.compile(r"(?<=[0-9]) (?=[千百十万億兆]+円)")  # 「123,456 千円」


def read_amount(question: Question, written: str) -> Read:
    """Read a number, what it counts left out; one in a unit that the question does not ask for is unclear."""
    written = _BLANK_IN_UNIT.sub("", _without_counted(question, written))
    scale = _ASKED_IN.search(tidy(question.text))
    as_asked = written
    if scale is not None:
        unit = f"{scale['scale']}{scale['unit']}"
        written = re.sub(
            rf"(?<=[0-9〇一二三四五六七八九十百千])\s?(?:{unit}|\((?:単位:\s?)?{unit}(?:単位)?\))",
            "",
            written,
            count=1,
        )
    costs = re.search(r"円[)）]|経費|費用|金額", question.text) is not None
    read = _read_number(
        _without_counter(question, written), planned=_asks_what_is_to_come(question), estimated=costs
    )
    if not isinstance(read, Understood):
        return read
    if _A_SHARE.search(question.text) and Decimal(str(read.answer)) > _WHOLE:
        return Unclear("unit")  # 「120」 of a share: which figure was meant?
    of_own_size = (
        scale is not None
        and read.answer != "0"
        and _has_own_size(written if written == as_asked else written.replace("¥", ""), scale["unit"])
    )
    if _is_unit_asked(question, written) and not of_own_size:
        return read
    return Unclear("unit")


# What is a part of a whole; 前年比 and 達成率 may be more.
_A_SHARE = re.compile(
    "割合|(?<![倍効])(?:普及|取得|回答|参加|出席|受講|実施|導入|整備|利用|保有|回収|充足|交付|登録)率(?!.*前年)"
)
_WHOLE = 100  # per cent
# 「経費（千円）」 asks for thousands: 「3,600千円」 is 3600 of them; of 「360万」 and 「3,600,000円」 who writes may mean either.
_ASKED_IN = re.compile(
    r"(?:\(|何|単位\s?[:はが]?\s?)(?P<scale>[十百千万億]+)(?P<unit>[円人件台])(?!未満|以[上下]|を超|程度)"
)
_BEFORE_REMARK = re.compile("[^(※]*")
_OWN_SIZE = re.compile(r"[0-9]\s?[十百千万億兆]")


def _has_own_size(written: str, unit: str) -> bool:
    """Say whether a number names its own size or unit where the question asks for so many thousands of it."""
    before = end_of(_BEFORE_REMARK, written)
    number, remark = written[:before], written[before:]
    named = unit in number or remark.strip("()※ ").removeprefix("単位").lstrip(":はが ") == unit
    return named or "¥" in number or _OWN_SIZE.search(number) is not None


def _finished(understood: Understood, rest: str, *, planned: bool = False, estimated: bool = False) -> Read:
    """Return the value when only courtesy and a bracketed remark follow it.

    `planned`: it may be one to come; `estimated`: it may be one that is not known exactly yet, as costs are.
    """
    rest = rest[end_of(_THERE_ARE, rest) :]
    courtesy = courtesy_end(rest)
    before, rest = rest[:courtesy], rest[courtesy:]
    if not rest:
        return understood
    if estimated and (word := _PUT_DOWN.match(rest)) and courtesy_end(rest, word.end()) == len(rest):
        return replace(
            understood,
            remark=word["how"],
            flags=("approximate",) if word["how"] == "見込" else understood.flags,
        )
    if planned and (word := _PLANNED.match(rest)) and courtesy_end(rest, word.end()) == len(rest):
        return replace(understood, remark=word["planned"])
    match = REMARK.match(rest)
    if match is None or courtesy_end(rest, match.end()) < len(rest):
        explains = before.endswith(APART) and _explains(understood.answer, rest, before)
        return replace(understood, remark=rest) if explains else Unclear("unclear")
    remark = (match["inside"] or match["note"]).strip()
    if planned and _PLANNED.fullmatch(remark):
        return replace(understood, remark=remark)
    if (estimated and _ESTIMATED.fullmatch(remark)) or _ROUGHLY.fullmatch(remark):
        return replace(understood, remark=remark, flags=("approximate",))
    said = _LEFT_OUT.sub("", remark)
    lone = LONE_NUMBER.search(said) is not None and not _is_breakdown(understood.answer, said)
    if DOUBT.search(said) or lone or STILL_TO_COME.search(said):
        return Unclear("unclear")
    if corrects(remark) or doubts(remark) or _UNITS_OF.search(remark):
        return Unclear("unclear")
    return replace(understood, remark=remark)


# 「以上」, 「増える予定です」: the number is not this one, or is to be another.
_ANOTHER_NUMBER = re.compile(
    "以[上下内]|未満|超|程度|弱|強|増|減|倍|ずつ|毎|予定|見込|以外|除|欠員|前後|半|数"
)


def _explains(answer: Answer, said: str, before: str) -> bool:
    """Say whether words of one's own behind a number explain it: 「3人です。うち1人は兼務です。」."""
    part = _PART.match(said)
    if (
        part is not None
        and isinstance(answer, str)
        and answer.isdecimal()
        and int(part["part"]) <= int(answer)
    ):
        said = said[part.end() :].lstrip("は")
    if (
        re.search("[0-9]", said)
        or _ANOTHER_NUMBER.search(said)
        or DOUBT.search(said)
        or CONDITION.search(said)
    ):
        return False
    return stands_beside(said, behind_sentence=before.rstrip().endswith("。"))


_THERE_ARE = re.compile(
    r"(?:で(?:参加|出席|伺い)(?:(?:いた|致)?し)?|あり|ござい|おり|い|(?:を?(?:保有|所有)|で(?:対応|運用|担当|従事))して(?:い|おり))ます"
)  # 「12台あります」
# 「49,000千円を見込んでいます」, 「134,500千円を計上しました」
_PUT_DOWN = re.compile(r"\s?を?(?P<how>見込|計上)(?:(?:んで|して)(?:い|お)り?ます|しました|みます)")
_ROUGHLY = re.compile("概算[値額]?|概数|およそ|おおよそ|約")  # as 約 before it
_ESTIMATED = re.compile("見込み?額?|概算額?|予算額?|見積り?額?")
# 「1,200台（教育用を除く）」 says what was counted.
_LEFT_OUT = re.compile(r"^[^、。0-9]{2,20}(?:を|は)除(?:く|いた(?:台数|人数|数|額)?)$")
# Those not there yet (うち欠員1) may be counted or not; 内線2 is a telephone's number.
_PART = re.compile(
    r"(?:うち|内(?!線))、?(?!.*(?:予定|見込|欠員|未|不明))[^0-9、,]{0,20}(?P<part>[0-9]{1,9})[人名台件]?"
)
_PARTS = re.compile(
    r"(?:内訳\s?[:は]?\s?)?[^0-9、,]{1,8}[0-9]{1,9}(?:[、,・+]\s?[^0-9、,・+]{1,8}[0-9]{1,9}){1,9}"
)


def _is_breakdown(answer: Answer, remark: str) -> bool:
    """Say whether a remark divides the number, and rightly: 「10（本務8、兼務2）」, 「240（うち共用20）」."""
    if not isinstance(answer, str) or not answer.isdecimal():
        return False
    part = _PART.fullmatch(remark)
    if part is not None:
        return int(part["part"]) <= int(answer)
    return _PARTS.fullmatch(remark) is not None and sum(map(int, re.findall("[0-9]+", remark))) == int(answer)


_PLANNED = re.compile(r"\s?[のを]?(?P<planned>予定|見込み?)(?:(?:して|んで)(?:い|お)り?ます)?")
# 「5000（単位：千円）」, 「5,000（百万円）」: the figure is so many thousands or millions.
_UNITS_OF = re.compile(r"^(?:単位)?\s?[:はが]?\s?[千百十万億]+円?(?:単位)?$|単位\s?[:はが]?\s?[千百十万億]")


_TO_COME = re.compile("予定|見込|する(?:[(（]した[)）])?(?:日|時期|年月日)")


def _asks_what_is_to_come(question: Question) -> bool:
    return _TO_COME.search(question.text) is not None  # 「更新の予定日」, 「参加の見込み（人）」


def _read_number(written: str, *, planned: bool, estimated: bool) -> Read:
    """Read a quantity with 万 千 円 % 人 台 as a plain decimal string; `planned`: one to come, `estimated`: of costs."""
    whole = end_of(_ALTOGETHER, written)
    about = _ABOUT.match(written, whole)
    start = about.end() if about else whole
    start += written.startswith("¥", start)
    match = NUMERAL.match(written, start)
    numeral = match[0].rstrip(".,") if match else ""
    if nought := _NOUGHT.match(written):
        return _finished(Understood("0"), written[nought.end() :])
    value = quantity(numeral)
    if value is None:
        return Unclear("unclear")
    rest = written[start + len(numeral) :]
    unit = end_of(_UNIT, rest)
    if rest[:unit].isspace():
        unit = 0
    if unit and rest.startswith("でした", unit):  # 「260台でした」; 「3でした」 may correct another number
        rest = rest[:unit] + rest[unit + len("でした") :]
    rest = rest[unit:]
    after = _ABOUT_AFTER.match(rest)
    flags = ("approximate",) if about or after else ()
    found = Understood(f"{value.normalize():f}" if value else "0", "", flags)
    return _finished(found, rest[after.end() :] if after else rest, planned=planned, estimated=estimated)


# What a question counts, by its words, and the units that an answer to it may have; others count anything.
_COUNTED = (
    (re.compile(r"何[人名]|人数|職員数|(?<!業)者数|[（(][人名][)）]"), "人名"),
    (re.compile(r"何[千万百億]*円|金額|[（(:：][千万百億]*円[)）]"), "円"),
    (re.compile(r"何台|[（(]台[)）]"), "台"),
)


# 「割合（%）」, 「件数（件）」: the question names its unit in brackets.
_PRINTED_UNIT = re.compile(r"\((?P<unit>%|件|回|本|枚|冊|世帯|団体|年|日|時間|分|校|施設)\)")
_MEASURES = frozenset("円 % パーセント 年 年間 か月 日 日間 時間 分".split())  # noqa: SIM905  shorter to read


def _is_unit_asked(question: Question, written: str) -> bool:
    """Say whether the unit of a number is one of those that the question asks for: not 「12日」 where it counts people."""
    units = "".join(units for counts, units in _COUNTED if counts.search(question.text))
    if units == "" and (printed := _PRINTED_UNIT.search(tidy(question.text))) is not None:
        units = printed["unit"].replace("%", "%パーセント")
    numeral = _ANY_NUMERAL.search(written, end_of(_ALTOGETHER, written))
    unit = _UNIT.match(written, numeral.end()) if numeral else None
    found = unit[0].strip() if unit else ""
    if found in _MEASURES and (counters := _COUNTER.findall(question.text)):
        return any(counter.endswith(found) for counter in counters)  # 「12年」 of 利用年数, not of 拠点数
    return not units or not found or found.removesuffix("在籍").removesuffix("体制") in units


_COUNTED_FIRST = re.compile(
    r"(?P<counted>[^0-9\s、,:〇一二三四五六七八九十百千万]{2,12}?)(?:は\s?|\s|:\s?)?(?=約?[0-9])"
)


def _without_counted(question: Question, written: str) -> str:
    """Return the number without what it counts, where the question says so too: 「職員50人」 of 「職員は何人ですか」."""
    counted = _COUNTED_FIRST.match(written)
    if counted is None or end_of(_ALTOGETHER, written):
        return written
    said, asked = (words.replace("の", "") for words in (counted["counted"], tidy(question.text)))
    return written[counted.end() :] if said.removeprefix("全") in asked else written


_COUNTER = re.compile(r"[ァ-ヶー一-龠]{2,8}?(?=数)")


def _without_counter(question: Question, written: str) -> str:
    """Return the number without the unit that the question's own words have: 「25拠点」 of 「拠点数」."""
    numeral = _ANY_NUMERAL.search(written, end_of(_ALTOGETHER, written))
    if numeral is None:
        return written
    behind = written[numeral.end() :].lstrip()
    for counter in _COUNTER.findall(question.text):
        named = _SAME_SCRIPT.match(behind)
        if behind.startswith(counter):
            return written[: numeral.end()] + behind[len(counter) :]
        if named and counter.endswith(named[0]):  # 「45アカウント」 of 利用アカウント数
            return written[: numeral.end()] + behind[named.end() :]
    return written


_SAME_SCRIPT = re.compile("[ァ-ヶー]{3,}")
_ANY_NUMERAL = re.compile("[0-9〇一二三四五六七八九十百千万億兆](?:[0-9,.〇一二三四五六七八九十百千万億兆]*)")


_CLOCK = r"(?:午前|午後)?[0-9]{1,2}(?:時(?:[0-9]{1,2}分|半)?|:[0-9]{2})"
# 「R7.9.1から」, where the day on which something begins is asked for.
_SINCE = re.compile(
    r"\s?(?:(?:から|より|以降|~)|に?(?=(?:導入|実施|開始|運用|稼働|供用|施行|適用)(?:しました|を?開始)))(?:\s?(?:導入|実施|開始|運用|稼働|供用|施行|適用)(?:しました|済み?|を?開始)?)?(?![^\s。.(※])"
)
_BEGINS = re.compile("導入|開始|始め|始ま|稼働|運用|供用|施行|適用|設置|締結|発足")
_AT = re.compile(rf"\s?{_CLOCK}(?:\s?(?:から|より|~|-)(?:\s?{_CLOCK}(?:まで)?)?)?(?![0-9])")
# 「9月30日に机上訓練を実施」, where the question asks for the day of a 訓練.
_THING_HELD = re.compile(
    r"\s?に、?(?P<thing>(?![^を]{0,11}(?:他|隣|別|次|来年|昨年|前))[^0-9\s、。()を]{1,12})を(?=実施|開催)"
)
_DATED = re.compile(r"付け?(?![^\s。.(※])")  # 「4月1日付け」
_HELD = re.compile(r"\s?に?(?:実施|開催)(?:しました|済み?)?(?![^\s。.(※])")  # not 実施予定


# 「3月1日に完了」, 「3月1日に完了予定」, where the question asks when something is 完了.
_DONE_THEN = re.compile(
    r"\s?(?:に|で)?、?(?P<done>(?!予定|見込)[一-龠ァ-ヶー]{2,6}?)(?:しました|済み?|(?P<planned>(?:する|の)?(?:予定|見込み?)))?(?:です)?(?![^\s。.(※])"
)
# Another day for another thing, in the remark: 「（税は令和10年3月31日）」; not when it was decided.
_OF_ANOTHER_DAY = re.compile(
    r"[^0-9\s]は、?(?:(?:令和|平成|r|h)?[0-9]{1,4}[年/.-])[0-9]{1,2}[月/.-][0-9]{1,2}"
)


def behind_its_name(question: Question, written: str) -> str:
    """Return what stands behind the question's last words, bracketed ones among them: 「移行完了予定日：2027年9月21日」."""
    named = _COUNTED_FIRST.match(written)
    asked = re.sub("[()]", "", tidy(question.text))
    return written[named.end() :] if named is not None and asked.endswith(named["counted"]) else written


def read_date(question: Question, written: str, today: date) -> Read:
    """Read one day, and what was done on it; another one in the remark must be the same."""
    found = read_day(written := behind_its_name(question, written), today)
    if isinstance(found, Unclear):
        return found
    rest = found.rest[end_of(_AT, found.rest[:40]) :]
    rest = rest[end_of(_DATED, rest[:20]) :]
    held = _THING_HELD.match(rest)
    if held is not None and held["thing"][-2:] in question.text:
        rest = rest[held.end() :]
    rest = rest[end_of(_HELD, rest[:20]) :]
    planned = _asks_what_is_to_come(question)
    done = _DONE_THEN.match(rest[:20])
    if done is not None and done["done"] in question.text and (planned or not done["planned"]):
        rest = rest[done.end() :]
    if _BEGINS.search(question.text):
        rest = rest[end_of(_SINCE, rest[:20]) :]
    flags = ("year-assumed",) if found.year_assumed else ()
    read = _finished(Understood(found.day.isoformat(), "", flags), rest, planned=planned)
    other = read_date(question, read.remark, today) if isinstance(read, Understood) and read.remark else read
    differs = isinstance(other, Understood) and other.answer != found.day.isoformat()
    if isinstance(other, Unclear) and isinstance(read, Understood):
        differs = _OF_ANOTHER_DAY.search(tidy(read.remark)) is not None
    return Unclear("unclear") if differs else read  # 「令和8年7月2日（2026年7月3日）」
