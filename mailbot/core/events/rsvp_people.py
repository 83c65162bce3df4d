"""How many come and who, in the lines around 「出席」: 「人数：2名」, 「参加者：山田太郎、鈴木花子」, names one below another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile, takewhile
from typing import NamedTuple

from mailbot.core.events.event import ASCII_FORMS, read_people

NAMES_BELOW = 9  # lines of names that may follow a number
SEATS = r"(?:[0-9]{1,3}|[一二三四五六七八九十])\s?(?:名様|名|人|people\b|persons?\b)"
COUNTED = re.compile(
    r"(?:[0-9]{1,3}|[一二三四五六七八九十])\s?(?:名(?!古屋|前|称|簿)|人(?!目|口|事|権|材|ひとり|一人|十色))"
)
# A line that is a number of people, or its change: 「3名です。」, 「人数：2名」, 「3名に変更」.
NUMBER_ALONE = re.compile(
    rf"^(?:(?:参加|出席)?(?:人数|者数|者)?\s?[をはが:]?\s?)?(?P<now>{SEATS})(?:に|へ)?(?:変更|訂正|増員|減員)?"
    r"(?:(?:いた|致)?します|してください|して下さい|[をで]お願い(?:いた|致)?します|です)?[。.]?$",
    re.IGNORECASE,
)
COME_LINE = "Q1 出席"
_STATED = "Q2 "

# --- what says how many, or who
_FIELD = re.compile(
    r"^[【\[■]?(?:(?:ご?参加|ご?出席)?(?:人数|者数)|ご?(?:参加|出席)者(?:氏?名)?|ご?(?:参加|出席)予定者|ご?氏名|お名前"
    r"|ご?芳名)[】\]]?(?:\s?:\s?|\s|は\s?(?!以下|下記|次の)|(?<=[】\]]))(?P<said>\S.*)$"
)
_NUMBER_BEHIND = re.compile(r"[^\s(][0-9]{1,3}\s?[名人]$")  # 「随行1名」: one more than who?
_NUMBER = re.compile(r"^[0-9０-９]{1,3}\s?(?:名様|名|人)?(?:です)?[。.]?$")
_NUMBER_FIRST = re.compile(rf"^(?:計|合計)?\s?{SEATS}\s?[(][^()]{{2,60}}[)](?:です)?[。.]?$")
_BEGINS_WITH_NUMBER = re.compile(rf"^(?:人数\s?[:は]?|計|合計)?\s?{SEATS}")
_IN_ALL = re.compile(rf"^(?:以上|計|合計)の?\s?(?P<now>{SEATS})(?:です)?[。.]?$")  # below the names
_SEATS_ALONE = re.compile(SEATS)
# 「（1名）でお願いします」, as it stood behind 「出席」
_LIST_ENDS = re.compile(r"(?:ます|です|ください|下さい)[。.]?$|よろしく|宜しく|^以上")
_ONLY_SEATS = re.compile(
    rf"[(]?\s?(?:計|合計)?(?P<now>{SEATS})\s?[)]?(?:です|(?:で|にて)お?願い(?:(?:いた|致)?し|申し上げ)ます)?[。.]?"
)
_NAMES_FOLLOW = re.compile(
    r"^(?:ご?(?:出席|参加)(?:予定)?者|氏名|名簿)(?:は以下のとおりです|は次のとおりです)?[:：。]?$"
)

# --- what is a name, and what is a line of a signature
_NAME = r"[一-龥々髙﨑][一-龥々ヶヵ髙﨑ぁ-んァ-ヶー]{0,4}[ \u3000]?[一-龥々髙﨑ぁ-んァ-ヶー]{1,5}"
_A_NAME = re.compile(f"^{_NAME}$")
_A_FULL_NAME = re.compile(
    r"^(?=.{3,})[一-龥々髙﨑ヶ]{1,4}(?:[ \u3000][一-龥々髙﨑ぁ-んァ-ヶー]{1,4}|[一-龥々髙﨑]{1,3})$"
)
_OFFICES = r"(?:長|主査|主任|主事|主幹|補佐|係員|課員|技師|参事|専門官|主席|主管|課|部|係|室|局)"
# 「出席者：山田太郎」; without a colon only behind an office: 「出席者　情報課長　山田太郎」.
_WHO_COME = re.compile(
    r"^[【\[■]?ご?(?:出席|参加)(?:(?P<who>(?:予定)?者)(?:氏?名)?[】\]]?(?:\s?(?::|は)"
    rf"|(?=\s+\S{{0,14}}{_OFFICES}\s))|[】\]]?\s?:)\s?(?!.*(?:のみ|だけ|他|ほか))(?P<said>\S.*)$"
)
_BEHIND_AN_OFFICE = re.compile(rf"^(?:\S{{0,14}}{_OFFICES}[ \u3000]+){{1,3}}(?P<name>{_NAME})$")
_A_TITLED_NAME = re.compile(rf"^(?:[同〃][ \u3000]+)?\S{{0,14}}{_OFFICES}[ \u3000]+{_NAME}$")
# 「出席者：検討中」, 「参加：懇親会」: no person, though it looks like a name.
_NO_PERSON = re.compile(
    r"不(?!破|二)|未(?!来|央|希|華|知|歩|紗)|検討|調整|確認|予定|保留|辞退|見送|欠|席|参加|可能|希望|困難|無理|多忙|都合|公務|業務|出張|休暇|議会"
    r"|午前|午後|終日|前半|後半|初日|全日|両日|日程|現地|会場|対面|代理|全員|複数|若干|該当|同上|別紙|別添|別途|添付|後日|追加|以外|以降"
    r"|限定|条件|次第|場合|程度|半日|途中|一部|名簿|回答|連絡|人選|選定|協議|照会|会議|済|了解|承諾|承知|賛成|同意|質問|資料|名札|駐車|昼食|弁当|交通|会費|宿泊|開催|案内|要望|意見|場所|時間|日時|事項|要相談|担当|変更|訂正|増員|減員|遅刻|遅参|早退|同行|有志|職員|各課|両名|随行(?![ \u3000]?[一-龥]{2})|部下|同僚|係員|ほか|他[ \u3000]|[者等分回会と]$"
)
_OFFICE = re.compile(r"[市町村区県府都道課部係室局署所]$|役所$|役場$")
_POST_OR_WISH = re.compile(
    r"[長員事任当査幹師補監佐与記務会合構団]$|以上|願|宜|御中|各位|拝$|敬具|草々|情報|総務|企画|政策|担当|推進|広域|公社"
)
_NUMBERED = re.compile(r"^(?:[0-9０-９]{1,2}[.．)）、 \u3000]|[①-⑨])[ \u3000]*")
_POST_BEHIND = re.compile(  # 「（課長）」, 「（かとう まこと）」; not 「（欠席）」
    rf"[ \u3000]*[（(](?:[ぁ-んァ-ヶーｦ-ﾟ・ \u3000]{{2,24}}|[^（）()]{{0,12}}{_OFFICES})[）)]$"
)
_REMARK_BEHIND = re.compile(r"[ \u3000]*[（(][^（）()]{1,20}[）)]$")
_NAMES_LATER = re.compile(
    r"^(?:ご?氏名|お名前|参加者名?|出席者名?)は、?(?:当日|後日|追って|別途|後ほど|改めて)、?(?:名簿[をにで])?[ごお]?(?:持参|連絡|報告|知らせ|提出|通知|送付)(?:(?:いた|致)?します)?[。.]?$"
)


class _Line(NamedTuple):
    """A line of one's own."""

    place: int
    plain: str  # in ASCII forms
    words: str  # as it was written


def with_people(lines: list[str], own: int, *, promised: bool) -> list[str]:
    """Return the lines with the people who come as the answer to Q2; of the first, `own`, the writer wrote each himself.

    `promised`: 「下記のとおり出席」 stands above. What cannot be read is asked back: 「出席」 alone would count one person.
    """
    mine = [
        _Line(place, line.translate(ASCII_FORMS).strip(" ・\t\r"), line.strip(" \u3000・\t\r"))
        for place, line in enumerate(lines[:own])
    ]
    stated = [line.words.removeprefix(_STATED) for line in mine if line.words.startswith(_STATED)]
    if stated:
        mine = [line for line in mine if not _NAMES_LATER.match(line.plain)]
        return _with_their_names(lines, mine, stated[0])
    if any(line.words == COME_LINE for line in mine):
        return _beside_coming(lines, mine, promised=promised)
    if not any(line.words.startswith("Q1 ") for line in mine) and (named := _who_come(mine)) is not None:
        places, people = named
        kept = [line for place, line in enumerate(lines) if place not in places]
        return [*kept[: min(places)], f"{_STATED}{people}", COME_LINE, *kept[min(places) :]]
    return _numbers_alone(lines, mine)


def names_below(count: str, lines: Sequence[str]) -> list[str]:
    """Return the lines under a number that are its names: exactly as many as it says."""
    people = _people(count)
    if people is None:  # 「0名」
        return []
    names = [
        _POST_BEHIND.sub("", _NUMBERED.sub("", line.strip(" \u3000・\r"))) for line in lines[: people[0]]
    ]
    if len(names) < people[0] or not all(names) or any(map(_OFFICE.search, names)):
        return []
    found = _people(f"{count} {'、'.join(names)}")
    return names if found is not None and found[0] == people[0] else []


def names_under(rest: str, lines: Sequence[str]) -> list[str]:
    """Return the names in the lines under 「参加」: those of its number, or one line that names several."""
    if rest:
        return names_below(rest, lines) if _SEATS_ALONE.fullmatch(rest.translate(ASCII_FORMS)) else []
    line = lines[0].strip(" \u3000・\r") if lines else ""
    if "、" not in line and "," not in line.translate(ASCII_FORMS):
        return []
    found = _people(line)
    return [line] if found is not None and found[0] > 1 and not any(map(_OFFICE.search, found[1])) else []


def is_people(words: str) -> bool:
    """Tell whether words are nothing but people: 「1名 山田太郎」."""
    return _people(words) is not None


def are_named(words: str) -> bool:
    """Tell whether words are a number of people and as many names of persons."""
    return _all_are_named(words) and not any(map(_POST_OR_WISH.search, (_people(words) or (0, ()))[1]))


def names_disagree(count: str, names: str) -> bool:
    """Tell whether words name another number of persons than is said: 「山田、鈴木、佐藤の2名」."""
    people, said = _people(names), _people(count)
    return (
        people is not None
        and people[0] > 1
        and all(map(_is_person, people[1]))
        and (said is None or said[0] != people[0])
    )


def _people(words: str) -> tuple[int, tuple[str, ...]] | None:
    """Return how many people words say, and their names; None: they say anything else."""
    try:
        return read_people(words)
    except ValueError:
        return None


def _with_their_names(lines: list[str], mine: Sequence[_Line], stated: str) -> list[str]:
    """Return the lines with the names of a field, 「氏名：山田太郎、鈴木花子」, beside the number that was stated.

    Another number in a field is stated as well, and names that do not agree are put beside it: both are asked about.
    """
    fields = [(line.place, found["said"].strip()) for line in mine if (found := _FIELD.match(line.plain))]
    others = {
        place: words for place, words in fields if _NUMBER.match(words) and not _same_number(words, stated)
    }
    if others:
        return [f"{_STATED}{others[place]}" if place in others else line for place, line in enumerate(lines)]
    named = [(place, words) for place, words in fields if not _NUMBER.match(words)]
    seats = _ONLY_SEATS.fullmatch(stated.translate(ASCII_FORMS).strip())
    if not named and seats is not None and (above := _listed_above(mine, seats["now"])):
        both = f"{_STATED}{seats['now']} {'、'.join(above)}"
        return [both if line == f"{_STATED}{stated}" else line for line in lines]
    if len(named) != 1 or seats is None:
        return lines
    more = _names_go_on(mine, named[0])
    both = f"{_STATED}{seats['now']} {'、'.join(words for _, words in [named[0], *more])}"
    gone = {named[0][0], *(place for place, _ in more)}
    kept = [line for place, line in enumerate(lines) if place not in gone]
    return [both if line == f"{_STATED}{stated}" else line for line in kept]


def _listed_above(mine: Sequence[_Line], count: str) -> list[str]:
    """Return the names in the lines above 「以上2名、出席いたします。」: exactly as many, each behind its office."""
    above = list(takewhile(lambda line: not line.words.startswith(_STATED), mine))
    upwards = dropwhile(lambda line: not line.words, reversed(above))
    names = [
        _NUMBERED.sub("", line.words)
        for line in takewhile(lambda line: _BEHIND_AN_OFFICE.match(_NUMBERED.sub("", line.words)), upwards)
    ]
    people = _people(count)
    fits = people is not None and people[0] == len(names) and all(map(_is_titled_person, names))
    return names[::-1] if fits else []


def _who_come(mine: Sequence[_Line]) -> tuple[set[int], str] | None:
    """Return the places and names of the one field that says who come, where nothing else says whether: 「出席者：山田太郎」."""
    found = [
        (line.place, who["said"])
        for line in mine
        if (who := _WHO_COME.match(line.plain)) and not _NUMBER_BEHIND.search(who["said"])
        if who["who"] or all(map(_is_full_name, (_people(who["said"]) or (0, ()))[1]))
    ]
    if len(found) != 1 or not (_names_all(found[0][1]) or _is_one_of_an_office(found[0][1])):
        return None
    named = [found[0], *_names_go_on(mine, found[0])]
    people = _people("、".join(words for _, words in named))
    in_all = [total["now"] for line in mine if (total := _IN_ALL.match(line.plain))]
    if any(people is None or not _same_number(total, f"{people[0]}名") for total in in_all):
        return None
    return {place for place, _ in named}, "、".join(words for _, words in named)


def _same_number(words: str, stated: str) -> bool:
    one, other = _people(words), _people(stated)
    return one is not None and other is not None and one[0] == other[0]


def _numbers_alone(lines: list[str], mine: Sequence[_Line]) -> list[str]:
    """Return the lines, of which one that is people and nothing else answers for itself: 「3名です。」, 「2名 山田太郎、鈴木花子」."""
    told: dict[int, str] = {}
    for line in mine:
        if found := NUMBER_ALONE.match(line.plain):
            told[line.place] = found["now"]
        elif COUNTED.search(line.plain) and _all_are_named(line.words):
            told[line.place] = line.words
    return [f"{_STATED}{told[place]}" if place in told else line for place, line in enumerate(lines)]


def _all_are_named(words: str) -> bool:
    people = _people(words)
    if people is None:
        return False
    return len(people[1]) == people[0] and all(map(_is_person, people[1]))


def _names_all(words: str) -> bool:
    """Tell whether words are a number and as many names of persons, each with or without his office before it."""
    people = _people(words)
    return people is not None and len(people[1]) == people[0] and all(map(_is_titled_person, people[1]))


def _is_titled_person(words: str) -> bool:
    named = _BEHIND_AN_OFFICE.match(words)
    name = words if named is None else named["name"]
    return _is_person(name) and not _POST_OR_WISH.search(name)


def _is_person(words: str) -> bool:
    return bool(_A_NAME.match(words)) and not (_OFFICE.search(words) or _NO_PERSON.search(words))


def _is_full_name(words: str) -> bool:
    """Tell whether words are a name as 「参加：」 may have it, where other words of two characters or in kana may stand as well."""
    return bool(_A_FULL_NAME.match(words)) and not _POST_OR_WISH.search(words)


def _is_one_of_an_office(words: str) -> bool:
    """Tell whether words are one person behind his office, and say that it is one: 「情報政策課　主任　渡辺剛　1名」."""
    people = _people(words)
    if people is None or people[0] != 1 or not COUNTED.search(words) or len(people[1]) != 1:
        return False
    named = _BEHIND_AN_OFFICE.match(people[1][0])
    return named is not None and _is_person(named["name"])


def _beside_coming(lines: list[str], mine: Sequence[_Line], *, promised: bool) -> list[str]:
    """Return the lines with the people of fields, of the first line that counts some, or of names below 「出席」."""
    comes = [line.place for line in mine if line.words == COME_LINE]
    fields = [(line.place, found["said"].strip()) for line in mine if (found := _FIELD.match(line.plain))]
    said = [*fields, *(name for field in fields for name in _names_go_on(mine, field))]
    if not said:
        counted = [line for line in mine if COUNTED.search(line.plain)]
        said = [(line.place, _all_or_asked(line.words, alone=len(counted) == 1)) for line in counted[:1]]
    if not said:
        under = [line for line in mine if line.place > comes[-1]]
        below = _run_of_names([line.words for line in under], promised=promised)
        below = below or _names_apart([line.words for line in under])
        below = below or (_the_one_promised([line.words for line in under]) if promised else [])
        return [*lines[: comes[0]], f"{_STATED}{'、'.join(below)}", *lines[comes[0] :]] if below else lines
    numbers = [f"{words}名" if words.isdigit() else words for _, words in said if _NUMBER.match(words)]
    names = [words for _, words in said if not _NUMBER.match(words)]
    people = " ".join([*numbers, "、".join(names)]).strip()
    gone = {place for place, _ in said}
    rest = [line for place, line in enumerate(lines) if place not in gone]
    at = rest.index(COME_LINE)
    return [*rest[:at], f"{_STATED}{people}", *rest[at:]]


def _names_go_on(mine: Sequence[_Line], field: tuple[int, str]) -> list[tuple[int, str]]:
    """Return the lines right under a field of names that name one more each: 「参加者：情報課 佐藤花子」 above 「情報課 田中一」."""
    place, words = field
    more: list[tuple[int, str]] = []
    for line in [] if _NUMBER.match(words) else mine[place + 1 :]:
        named = _A_TITLED_NAME.match(line.words) or (
            _A_NAME.match(line.words) and not _POST_OR_WISH.search(line.words)
        )
        if not named or _FIELD.match(line.plain):
            break
        more.append((line.place, line.words))
    return more


def _all_or_asked(words: str, *, alone: bool) -> str:
    """Return a line that counts people, with a mark that has it asked back unless it says how many come in all.

    「随行1名」: one more than who? 「1名（山田太郎）」, 「1名 山田太郎」 is all, if it stands `alone`.
    """
    people = _people(words)
    if people is None or people[0] > 1 or not people[1]:
        return words
    plain = words.translate(ASCII_FORMS)
    first = _NUMBER_FIRST.match(plain) or (alone and _BEGINS_WITH_NUMBER.match(plain) and _names_all(words))
    return words if first else f"{words}？"


def _run_of_names(lines: Sequence[str], *, promised: bool) -> list[str]:
    """Return the names, two or more, that stand right under 「出席」 (or 「出席者」) a line each.

    `promised`: 「下記のとおり出席」 stands above them, and a blank line may lie between.
    """
    while lines and (not lines[0] or _NAMES_FOLLOW.match(lines[0])):
        headed = bool(lines[0])
        lines = lines[1:]
        if not (headed or promised) and not (lines and _NAMES_FOLLOW.match(lines[0])):
            return []
    names: list[str] = []
    for line in (_POST_BEHIND.sub("", _NUMBERED.sub("", each)) for each in lines[:NAMES_BELOW]):
        if _A_TITLED_NAME.match(line):
            names.append(line)
            continue
        if not line or _OFFICE.search(line) or _POST_OR_WISH.search(line):
            break
        if _NO_PERSON.search(line):
            break
        if not _A_NAME.match(line):
            return [*names, line] if len(names) > 1 else []  # perhaps one more of them: read, or asked back
        names.append(line)
    return names if len(names) > 1 else []


def _the_one_promised(lines: Sequence[str]) -> list[str]:
    """Return the one name under 「下記の者が出席いたします。」: behind its office, in a paragraph of its own, above words that end the list.

    A name that ends the mail, or stands below those words, may be its signature.
    """
    below = list(dropwhile(lambda line: not line, lines))
    listed = list(takewhile(lambda line: not _LIST_ENDS.search(line), below))
    if len(listed) < 2 or listed[1] or len(listed) == len(below):
        return []
    named = _BEHIND_AN_OFFICE.match(below[0])
    alone = not any(listed[1:])
    return below[:1] if named is not None and alone and _is_titled_person(below[0]) else []


def _names_apart(lines: Sequence[str]) -> list[str]:
    """Return the names, two or more, that stand a line each somewhere below 「出席」.

    Names that have their reading or their post behind them are read right below a blank line; others may be a signature,
    or a list of other things, and are asked about: 「出席」 alone would count one person.
    """
    run: list[str] = []
    listed, prose = True, False
    for words in [*lines, ""]:
        bare = _POST_BEHIND.sub("", _NUMBERED.sub("", words))
        limited = _REMARK_BEHIND.search(bare)  # 「鈴木花子（午前のみ）」
        bare = bare[: limited.start()] if limited else bare
        if (_is_person(bare) and not _POST_OR_WISH.search(bare)) or _A_TITLED_NAME.match(bare):
            run.append(bare)
            listed &= not limited and bare != _NUMBERED.sub("", words)
        elif len(run) > 1:
            return [f"{name}{'' if listed and not prose else '？'}" for name in run]
        else:
            run, listed, prose = [], True, prose or bool(words)
    return []
