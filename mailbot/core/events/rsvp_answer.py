"""What one line of an RSVP says, whole: that somebody comes and how many, that nobody does, or that the answer follows later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from mailbot.core.calendar import Language
from mailbot.core.events.event import ASCII_FORMS
from mailbot.core.events.rsvp_english import STAYS, english_answer
from mailbot.core.events.rsvp_people import (
    NUMBER_ALONE,
    SEATS,
    are_named,
    is_people,
    names_below,
    names_disagree,
    names_under,
)
from mailbot.core.events.rsvp_polite import bare_words

# --- what stands around the word of an answer
_LABEL = r"(?:(?:ご?出欠席?|Q1|問1)\s?[:は]?\s?)?"
_END = (
    r"(?:(?:と|に)?(?:いた|致)?します|(?:と)?させて(?:いただ(?:きます|きたく(?:存じます)?)|頂き(?:ます|たく(?:存じます)?)|ください|下さい)|(?:(?:いた|致)?したく(?:存じ|思い)|したいと(?:存じ|思い))ます"
    r"|とします|です|で登録を?(?:お?願います|お願い(?:いた|致)?します)|で結構です|で、?お願い(?:いた|致)?します"
    r"|を?希望(?:です|(?:いた|致)?します)|の?予定です|可能です|できます|でき(?:ることに|るように)なりました(?:ので)?|(?:する旨|で|と)(?:ご)?回答(?:いた|致)?します|(?:いた|致)しますので)?[。.!]?"
)
_COME = r"(?:ご?参加|(?:ご|代理)?出席)"
_VISITS = r"(?:伺い|うかがい|参り|行き)ます[。.!]?"

# --- somebody comes
_COMES = re.compile(
    rf"^{_LABEL}(?:1[.)番]?\s?)?{_COME}(?:者|人数)?{_END}(?:[\s、,・:/]*(?P<rest>[(]?\s?(?:計|合計)?{SEATS}.*))?$"
)
_SO_MANY_COME = re.compile(
    rf"^{_LABEL}(?:計|合計|以上の?|全部で|職員)?(?P<now>{SEATS})(?P<who>\s?[(][^()]{{2,60}}[)])?(?:(?:で|が|、|のみ)?\s?{_COME}{_END}|[でが]、?{_VISITS})$"
)
# 「岡田誠、森里美の２名が出席します。」: the number says that all are named.
_THEY_COME = re.compile(
    rf"^(?P<names>[^。0-9０-９]{{3,60}})の(?:計|合計)?(?P<now>{SEATS})[がで]、?{_COME}{_END}$"
)
# 「出席者は次の3名です。」, above the three.
_SO_MANY_ARE = re.compile(rf"^{_COME}者は、?(?:次|以下|下記)の(?P<now>{SEATS})(?:です)?[。.:]?$")
# 「課長の代理として」, 「課長は公務のため、代理として」, 「欠席の課長に代わり」, 「本市からは」: in front of the one who comes.
_IN_HIS_PLACE = (
    r"(?:(?:欠席(?:の|する))?[一-龥々]{0,8}長(?:の代理として|に代わ(?:り|って|りまして)|の代わりに)"
    r"|(?:本|当)[市町村区県府道都]からは、?|(?:[一-龥々]{0,8}長(?:は|が)(?!.{0,16}(?:午前|午後|途中))[一-龥々]{1,8}(?:により[一-龥々]{1,4})?のため[、,]\s?)?代理として)[、,]?\s?"
)
_POST = r"(?:長補佐|長代理|長|主査|主任|主幹|主事|補佐)"
# 「課長が出席します」, 「情報政策課長の山田が参加します」, 「私が出席します」: one person, by a post that only one has.
_ONE_COMES = re.compile(
    rf"^{_LABEL}(?:当日は)?(?:{_IN_HIS_PLACE}(?P<proxy>(?:[一-龥々ァ-ヶー]{{0,12}}{_POST}[の\s]?)?[一-龥々]{{1,6}}(?:\s?[一-龥々]{{1,4}}))"
    rf"|(?P<who>(?![全各両複数])[一-龥々ァ-ヶーA-Za-z]{{0,12}}(?:長|長補佐|長代理)(?:[の\s]?[一-龥々]{{1,6}})?|小職|本人|代理(?:の者)?))が、?{_COME}{_END}$"
)
_MORE_THAN_ONE = re.compile(r"[員者名人同部課係室等役会志]$|全|各|両|複|数")
_TWO_POSTS = re.compile(rf"\s[一-龥々ァ-ヶー]*{_POST}$")  # 「課長 係長が出席します」
# How they come, which our form does not ask; in front of the word for coming alone, since who cannot come so may come otherwise.
_HOW = re.compile(
    rf"(?:オンライン|リモート|ウェブ|web|zoom|teams|webex|会場|現地|対面)(?:会議)?(?:形式)?(?:で|にて)?の?[、,]?\s?(?=(?:{SEATS})?{_COME})",
    re.IGNORECASE,
)

# --- nobody comes
_STAYS_AWAY = tuple(
    re.compile(f"^{_LABEL}{words}[。.!]?$")
    for words in (
        rf"(?:2[.)番]?\s?)?(?:不参加|ご?欠席|ご?辞退|ご?遠慮|キャンセル|お休み)(?:を)?{_END}",
        r"(?:伺え|うかがえ|行け|行かれ|出られ|(?:伺う|行く|うかがう)ことが?でき)ません",
        r"(?:参加|出席)者\s?[:は]?\s?(?:なし|無し|おりません|いません|ございません)(?:です|と(?:いた|致)?します|とさせて(?:いただき|頂き)ます|でお願い(?:いた|致)?します)?",
        r"(?:参加|出席)(?:は|が)?(?:でき(?:ません|かねます|なくなりました)|することができません|かないません|(?:いた|致)?しません|(?:いた|致)しかねます|不可|見送り)(?:です)?",
        r"(?:(?:参加|出席)[をは])?(?:取りやめ|取り止め|とりやめ|辞退(?:いた)?し|ご?遠慮(?:いた)?し|ご?遠慮させていただき|(?:差し)?控え(?:させて(?:いただき|頂き))?|見送り|見送らせていただき|見合わせ|キャンセルし)ます",
    )
)

# --- it is not decided yet
_LATER = re.compile(
    rf"^{_LABEL}(?:3[.)番]?\s?)?(?:"
    r"(?:時間|日時|時刻)?が?(?:(?:決まっ|決定し|確定し)(?:てから|た(?:後|ら|あと)(?:に|で)?)|(?:決まり|決定し|確定し)ましたら|(?:決まり|決定|確定)次第)"
    r"(?:、?(?:改めて|あらためて)?[ごお]?(?:返事|連絡|回答)(?:(?:いた|致)?します)?)?"
    r"|(?:後日|追って)(?:、?[ごお]?(?:返事|連絡|回答)(?:(?:いた|致)?します)?)?"
    r"|未定|検討中|保留|調整中|仮(?:予約|参加|出席)?|tentative|maybe|undecided|later"
    rf"){_END}$",
    re.IGNORECASE,
)

# --- a number is changed
_A_CHANGE = re.compile("変更|訂正|増員|減員")
# The number of before, of which nothing is asked: 「2名→1名」, 「2名から1名に変更」, 「1名追加し、2名で」; 「1名から2名」 alone may be a range.
_NUMBER_BEFORE = re.compile(
    rf"{SEATS}\s?(?:(?:→|->|⇒|⇨)\s?(?={SEATS})|から\s?(?={SEATS}(?:に|へ|変更|増|減))|を?(?:追加|増員|減員|減ら|増や)し(?:て)?、?\s?(?=(?:計|合計)?{SEATS}(?:[でに]|と)))"
)

# --- our form's slot, filled in words
_SLOT = re.compile(
    r"^(?P<head>(?P<quote>[\s>＞|]*)[【\[［〔]Q1回答[】\]］〕]\s*[\[［〔【])(?P<words>[^\]］〕】]{1,120})(?P<tail>[\]］〕】]\s*)$"
)
_COMING_MARKS, _STAYING_MARKS = frozenset("出○〇◯⭕"), frozenset("欠×✕✖")  # the whole of a slot


class SaidLine(NamedTuple):
    """What a line says, in the form's words."""

    lines: Sequence[str]
    taken: int = 0  # how many of the lines below it are its names
    later: bool = False  # it says that the answer follows later
    refuses: bool = False  # it says that nobody comes
    how: str = ""  # how they come


def read_line(
    line: str, below: Sequence[str], language: Language, named: re.Pattern[str] | None, *, answered: bool
) -> SaidLine:
    """Put one line, and the names below it, into the form's words; what is no answer as a whole stays as it is.

    `named`: what it may begin with that our mail named. `answered`: a line above says whether they come.
    """
    if (slot := _SLOT.match(line)) is not None:
        return _in_slot(slot)
    plain, own = line.translate(ASCII_FORMS).strip(), line.strip(" \u3000\xa0\t\r")
    if (
        not plain or plain[:1] in {">", "|"} or len(plain) != len(own)
    ):  # names are taken from it by their place
        return SaidLine([line])
    if (english := english_answer(plain)) is not None:
        return _coming(english.people, language) if english.comes else _staying(language)
    if changed := _NUMBER_BEFORE.search(plain):
        now = own[: changed.start()] + own[changed.end() :]
        said = read_line(now, below, language, named, answered=True)
        return said if said.lines != [now] else SaidLine([f"Q2 {now}" if is_people(now) else line])
    bare = bare_words(plain, named) if language == "ja" else plain
    if (said_so := _who_comes(own, plain, bare, below, language)) is not None:
        return said_so
    if any(form.match(words) for form in _STAYS_AWAY for words in (plain, bare)):
        return _staying(language)
    if _LATER.match(plain) or _LATER.match(bare):
        return SaidLine([], later=True)
    if found := NUMBER_ALONE.match(plain) or (_A_CHANGE.search(bare) and NUMBER_ALONE.match(bare)):
        names = names_below(found["now"], below)
        stated = names or answered or _A_CHANGE.search(plain)
        return SaidLine([f"Q2 {found['now']} {'、'.join(names)}".rstrip() if stated else line], len(names))
    return SaidLine([line])


def _who_comes(own: str, plain: str, bare: str, below: Sequence[str], language: Language) -> SaidLine | None:
    """Read a line that says that somebody comes; None: it does not. `own`, `plain`, `bare`: as written, and ever plainer."""
    how = _HOW.search(bare)
    comes = bare if how is None else bare[: how.start()] + bare[how.end() :]
    manner = "" if how is None else how[0].rstrip("、, ")
    if found := _COMES.match(plain) or _COMES.match(comes):
        rest = own[found.start("rest") - len(found.string) :] if found["rest"] else ""
        under = names_under(rest, below)
        return _coming(" ".join((rest, "、".join(under))).strip(), language, len(under), manner)
    if found := _THEY_COME.match(plain):
        names = own[found.start("names") : found.end("names")]
        if are_named(f"{found['now']} {names}"):
            return _coming(f"{found['now']} {names}", language)
        if names_disagree(found["now"], names):
            return SaidLine([own])
    if found := _SO_MANY_COME.match(plain) or _SO_MANY_COME.match(comes):
        under = [] if found["who"] else names_below(found["now"], below)
        people = f"{found['now']} {found['who'] or '、'.join(under)}".rstrip()
        return _coming(people, language, len(under), manner)
    if (found := _SO_MANY_ARE.match(plain)) and (under := names_below(found["now"], below)):
        return _coming(f"{found['now']} {'、'.join(under)}", language, len(under))
    if found := _ONE_COMES.match(comes) or _ONE_COMES.match(plain):
        who = found["proxy"] or found["who"]
        several = _MORE_THAN_ONE.search(who) if found["proxy"] or " " in who else None
        if not several and not _TWO_POSTS.search(who):
            return _coming(f"1名 {who}", language, how=manner)
    return None


def _coming(people: str, language: Language, taken: int = 0, how: str = "") -> SaidLine:
    """Return the two answers of a line; the attendance comes last, and no name of a signature is taken for it."""
    comes = "Q1 出席" if language == "ja" else "Q1 attending"
    return SaidLine([f"Q2 {people}", comes] if people else [comes], taken, how=how)


def _staying(language: Language) -> SaidLine:
    return SaidLine(["Q1 欠席" if language == "ja" else "Q1 not attending"], refuses=True)


def _in_slot(slot: re.Match[str]) -> SaidLine:
    """Put a filled slot's words into the option's number."""
    words = slot["words"].translate(ASCII_FORMS).strip()
    head, tail = slot["head"], slot["tail"]
    english = english_answer(words)
    found = _COMES.match(words)
    if words in _STAYING_MARKS or any(form.match(words) for form in _STAYS_AWAY) or english == STAYS:
        return SaidLine([f"{head}2{tail}"])
    if _LATER.match(words):
        return SaidLine([f"{head}{tail}"], later=True)
    if words not in _COMING_MARKS and found is None and english is None:
        return SaidLine([slot[0]])
    people = (found["rest"] if found is not None else "") or (english.people if english is not None else "")
    return SaidLine([*([f"{slot['quote']}Q2 {people}"] if people else []), f"{head}1{tail}"])
