"""An RSVP in words of one's own: 「参加 2名 山田太郎、鈴木花子」, 「不参加」, 「時間が決まってから」, 「3名に変更」.

Only a line that is such words as a whole is read: it is put into the form's own words, which the ballot reader knows. What
stands beside other words stays as it is, and is asked back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from mailbot.core.calendar import Language
from mailbot.core.events.event import ASCII_FORMS, read_people
from mailbot.core.events.rsvp_english import English, english_answer
from mailbot.core.events.rsvp_marks import marked_of_pair
from mailbot.core.events.rsvp_polite import bare_words, named_by_us
from mailbot.core.reading.joined_lines import taken_apart
from mailbot.core.reading.known_text import known_texts, line_key

_LONGEST_LINE = 200  # characters
_NAMES_BELOW = 9  # lines of names that may follow a number
_SEATS = r"(?:[0-9]{1,3}|[一二三四五六七八九十])\s?(?:名様|名|人|people\b|persons?\b)"
_POLITE = (
    r"(?:(?:と|に)?(?:いた|致)?します|(?:と)?させて(?:いただきます|頂きます|ください|下さい)|です|とします|で、?お願い(?:いた|致)?します|を?希望します|を?希望"
    r"(?:いた|致)します|の予定です|予定です|可能です|できます|希望です|で結構です|(?:する旨|で|と)(?:ご)?回答(?:いた|致)?します"
    r"|(?:いた|致)しますので)?[。.!]?"
)
_LABEL = r"(?:(?:出欠|ご?出欠席|Q1|問1)\s?[:は]?\s?)?"
_YES = re.compile(
    rf"^{_LABEL}(?:1[.)番]?\s?)?(?:ご?参加|ご?出席|attend(?:ing)?|yes,? attending|(?:yes,? )?(?:i|we) will attend)(?:者|人数)?(?P<polite>{_POLITE})"
    rf"(?:[\s、,・:/]*(?P<rest>[(]?\s?(?:計|合計)?{_SEATS}.*))?$",
    re.IGNORECASE,
)
_SO_MANY_COME = re.compile(
    rf"^{_LABEL}(?:計|合計|全部で)?(?P<now>{_SEATS})(?P<who>\s?[(][^()]{{2,60}}[)])?(?:で|が|、|のみ)?\s?(?:ご?参加|ご?出席){_POLITE}$"
)
# 「出席者は次の3名です。」, above the three.
_SO_MANY_ARE = re.compile(rf"^(?:ご?参加|ご?出席)者は、?(?:次|以下|下記)の(?P<now>{_SEATS})(?:です)?[。.:]?$")
# 「課長の代理として」, 「課長は公務のため、代理として」, 「欠席の課長に代わり」, 「本市からは」: in front of the one who comes.
_IN_HIS_PLACE = (
    r"(?:(?:欠席(?:の|する))?[一-龥々]{0,8}長(?:の代理として|に代わ(?:り|って|りまして)|の代わりに)"
    r"|(?:本|当)[市町村区県府道都]からは、?|(?:[一-龥々]{0,8}長(?:は|が)(?!.{0,16}(?:午前|午後|途中))[一-龥々]{1,8}のため[、,]\s?)?代理として)[、,]?\s?"
)
# 「課長が出席します」, 「情報政策課長の山田が参加します」, 「私が出席します」: one person, by a post that only one has.
_ONE_COMES = re.compile(
    rf"^{_LABEL}(?:当日は)?(?:(?P<lead>{_IN_HIS_PLACE})(?P<proxy>(?:[一-龥々ァ-ヶー]{{0,12}}(?:長|長補佐|長代理|主査|主任|主幹|主事|補佐)の?)?[一-龥々]{{2,6}})|(?P<who>(?![全各両複数])[一-龥々ァ-ヶーA-Za-z]{{0,12}}(?:長|長補佐|長代理)(?:の?[一-龥々]{{1,6}})?|小職|本人|代理(?:の者)?))"
    rf"が、?(?:ご?参加|ご?出席){_POLITE}$"
)
# How they come, which our form does not ask; in front of the word for coming alone, since who cannot come so may come otherwise.
_HOW = re.compile(
    r"(?:オンライン|リモート|ウェブ|web|zoom|teams|webex|会場|現地|対面)(?:会議)?(?:形式)?(?:で|にて)?の?[、,]?\s?(?=ご?(?:参加|出席))",
    re.IGNORECASE,
)
_NO = re.compile(
    rf"^{_LABEL}(?:2[.)番]?\s?)?(?:不参加|ご?欠席|ご?辞退|ご?遠慮|キャンセル|お休み)(?:を)?{_POLITE}$"
    rf"|^{_LABEL}(?:参加|出席)(?:は)?(?:でき(?:ません|かねます)|(?:いた|致)?しません|(?:いた|致)しかねます|不可|見送り)(?:です)?[。.]?$"
    rf"|^{_LABEL}(?:参加|出席)(?:することができません|がかないません)[。.]?$"
    rf"|^{_LABEL}(?:(?:参加|出席)[をは])?(?:取りやめ|取り止め|とりやめ|辞退し|辞退いたし|ご?遠慮し|ご?遠慮いたし|ご?遠慮させていただき|見送り|見送らせていただき|見合わせ|キャンセルし)ます[。.]?$"
    r"|^(?:not attending|(?:unfortunately,? )?(?:i|we) (?:do not|don't|will not|won't|cannot|can't) attend|decline[sd]?"
    r"|i'm afraid (?:i|we) will not be able to attend)[.]?$",
    re.IGNORECASE,
)
_LATER = re.compile(
    rf"^{_LABEL}(?:3[.)番]?\s?)?(?:"
    r"(?:時間|日時|時刻)?が?(?:(?:決まっ|決定し|確定し)(?:てから|た(?:後|ら|あと)(?:に|で)?)"
    r"|(?:決まり|決定し|確定し)ましたら)(?:、?(?:改めて|あらためて)?(?:ご|お)?(?:返事|連絡|回答)(?:(?:いた|致)?します)?)?"
    r"|未定|検討中|保留|調整中|仮(?:予約|参加|出席)?|(?:後日|追って)(?:、?(?:ご|お)?(?:返事|連絡|回答)(?:(?:いた|致)?します)?)?"
    r"|tentative|maybe|undecided|later"
    rf"){_POLITE}$",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    rf"^(?:(?:参加|出席)?(?:人数|者数|者)?\s?[をはが:]?\s?)?(?P<now>{_SEATS})"
    r"(?:に|へ)?(?:変更|訂正|増員|減員)?(?:(?:いた|致)?します|してください|して下さい|をお願い(?:いた|致)?します|でお願い(?:いた|致)?します|です)?[。.]?$",
    re.IGNORECASE,
)
_SLOT = re.compile(
    r"^(?P<head>(?P<quote>[\s>＞|]*)[【\[［〔]Q1回答[】\]］〕]\s*[\[［〔【])(?P<words>[^\]］〕】]{1,120})(?P<tail>[\]］〕】]\s*)$"
)
_OFFICE = re.compile(r"[市町村区県府都道課部係室局署所]$|役所$|役場$")
_A_CHANGE = re.compile("変更|訂正|増員|減員")
# The number of before, of which nothing is asked: 「2名→1名」, 「2名から1名に変更」; 「1名から2名」 alone may be a range.
_NUMBER_BEFORE = re.compile(
    rf"{_SEATS}\s?(?:(?:→|->|⇒|⇨)\s?(?={_SEATS})|から\s?(?={_SEATS}(?:に|へ|変更|増|減)))"
)
_SENTENCES = re.compile(r"(?<=[。.!])\s*(?=\S)")


_COME_LINE = "Q1 出席"
_COMES_ALL_THE_SAME = re.compile(
    r"^(?!.*(?:次回|今後|今度|またの)).*(?:(?:出席|参加)(?:(?:いた|致)?します|させて(?:いただき|頂き)ます|の?予定|者\s?[:：])|代理|代わりに)"
)
# A sentence beside the answer that somebody may not come, or that it is not settled: 「やはり欠席します」, 「仮申込みです」.
_MAY_STAY_AWAY = re.compile(
    r"欠席(?!の場合|者|届|でき|する場合|される)|不参加|(?:出席|参加)(?:は|が|を|も)?(?:でき(?:ません|な[いく])|し(?:ません|ない)|見送|見合わせ|取りやめ)"
    r"|キャンセル(?!待ち|料|ポリシー|の場合)|仮(?:の|申し?込|予約|登録|で(?:す|の))|(?:変更|変わる|変える)(?:の|する)?(?:可能性|かも)|未定です"
    r"|(?:可能性|恐れ|おそれ)が?(?:あり|ござい)"
    r"|\b(?:unless|(?:might|may) not|not (?:yet )?(?:sure|certain|decided)|depend(?:s|ing) on|if (?:I|we|my|our|the (?:council|assembly|schedule)))\b"
)
_IS_ANSWER = re.compile(r"^(?:Q[0-9]+ |[【\[])")
_SAYS_WHETHER = re.compile(r"^Q1 (?!欠席|2\b|.*？$)")
_QUOTE_BEGINS = re.compile(
    r"^\s*(?:[>＞|]|-{2,}|_{3,}|\*{3,}(?!.*(?:外部|庁外|external))|={3,}|From:|差出人|送信者|★★)|(?:書きました|wrote)[:：]\s*$"
)
_PEOPLE_FIELD = re.compile(
    r"^[【\[■]?(?:(?:ご?参加|ご?出席)?(?:人数|者数)|ご?(?:参加|出席)者(?:氏?名)?|ご?(?:参加|出席)予定者|ご?氏名|お名前"
    r"|ご?芳名)[】\]]?(?:\s?:\s?|\s|は\s?(?!以下|下記|次の)|(?<=[】\]]))(?P<said>\S.*)$"
)
_LED_FIELD = re.compile(r"^(?:ご?出席|ご?参加)[\s\u3000]+(?=(?:氏名|お名前|人数|出席者|参加者)\s?[:：])")
_NUMBER_FIELD = re.compile(rf"^(?:ご?参加|ご?出席)?人数\s?[:：]\s?(?P<now>{_SEATS})[。.]?$")
_NO_ONE = re.compile(r"^(?:(?:ご?参加|ご?出席)?(?:人数|者数)\s?[:は]?\s?)?0\s?(?:名様|名|人)(?:です)?[。.]?$")
_PROMISES = re.compile(
    r"(?:以下|下記|次)の(?:とおり|通り)(?!.{0,4}(?:回答|返信|返答|お?答え|連絡|報告|お知らせ))"
)
_PEOPLE_IN_SLOT = re.compile(r"[【\[]Q2回答[】\]]\s*[【\[]\s*[^\s【】\[\]]")
_ALL_NUMBER = re.compile(r"^[0-9０-９]{1,3}\s?(?:名様|名|人)?(?:です)?[。.]?$")
_COUNTED = re.compile(
    r"(?:[0-9]{1,3}|[一二三四五六七八九十])\s?(?:名(?!古屋|前|称|簿)|人(?!目|口|事|権|材|ひとり|一人|十色))"
)
_NUMBER_FIRST = re.compile(rf"^(?:計|合計)?\s?{_SEATS}\s?[(][^()]{{2,60}}[)](?:です)?[。.]?$")
_NAMES_FOLLOW = re.compile(
    r"^(?:ご?(?:出席|参加)(?:予定)?者|氏名|名簿)(?:は以下のとおりです|は次のとおりです)?[:：。]?$"
)
_POST_BEHIND = re.compile(r"[（(][^（）()]{1,12}[）)]$")
_NUMBERED = re.compile(r"^(?:[0-9０-９]{1,2}[.．)）、 \u3000]|[①-⑨])[ \u3000]*")
_A_NAME = re.compile(
    r"^[一-龥々髙﨑][一-龥々ヶヵ髙﨑ぁ-んァ-ヶー]{0,4}[ \u3000]?[一-龥々髙﨑ぁ-んァ-ヶー]{1,5}$"
)
_A_TITLED_NAME = re.compile(
    r"^(?:[同〃][ \u3000]+)?\S{0,14}(?:長|主査|主任|主事|主幹|補佐|係員|課員|技師|参事|専門官|主席|主管|課|部|係|室|局)[ \u3000]+"
    r"[一-龥々髙﨑][一-龥々ヶヵ髙﨑ぁ-んァ-ヶー]{0,4}[ \u3000]?[一-龥々髙﨑ぁ-んァ-ヶー]{1,5}$"
)
# 「1　出欠　出席」, 「2　出席者　山田太郎」, as in a letter of an office; 「【出席】2名」.
_FIELD_NUMBER = re.compile(
    r"^[ \u3000]*[0-9０-９]{1,2}[.．)）、]?[ \u3000]+(?=出欠|ご?(?:出席|参加)(?:者|人数)|ご?氏名|お名前|人数)"
)
_BRACKETED = re.compile(r"^【(ご?(?:出席|参加|欠席))】[ \u3000]*")
_A_POST = re.compile(
    r"[長員事任当査幹師補監佐与記務会合構団]$|以上|願|宜|御中|各位|拝$|敬具|草々|情報|総務|企画|政策|担当|推進|広域|公社"
)


_MORE_THAN_ONE = re.compile(r"[員者名人同部課係室等役会志]$|全|各|両|複|数")


@dataclass(frozen=True)
class OwnWords:
    """A reply put into the form's words."""

    text: str
    later: bool = False  # a line says that the answer follows later
    how: str = ""  # how they come, 「オンライン」: a remark for the office


def own_words(text: str, known: Sequence[str], language: Language = "ja") -> OwnWords:
    """Put the lines of a reply that are an RSVP in words of one's own into the form's words.

    Quoted lines, and our own in `known`, stay as they are.
    """
    ours = {line_key(line) for each in known for line in each.splitlines()}
    sent = known_texts(tuple(known))
    lines = [
        piece for line in text.split("\n") for piece in taken_apart(line, line_key(line), sent) or (line,)
    ]
    if language == "ja":
        lines = [
            piece
            for line in _options_copied(_marked_pairs(lines, ours), ours)
            for piece in ([line] if _is_ours(line, ours) else _sentences(line))
        ]
    named = named_by_us(known) if language == "ja" else None
    later, how, at = False, "", 0
    done: list[str] = []
    refused: list[int] = []  # places in it
    answered, looked_at = False, 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if len(line) > _LONGEST_LINE or _is_ours(line, ours):
            done.append(line)
            continue
        answered = answered or any(each.startswith("Q1 ") for each in done[looked_at:])
        looked_at = len(done)
        put = _put_line(line, lines[at : at + _NAMES_BELOW], language, named, answered=answered)
        if put.refuses:
            refused.append(len(done))
        done += put.lines
        at += put.taken
        later |= put.later
        how = how or put.how
    if refused and _somebody_comes(done, ours):
        done = [f"{line}？" if place in refused else line for place, line in enumerate(done)]
    if any(_MAY_STAY_AWAY.search(line) for line in _own_lines(done, ours) if not _IS_ANSWER.match(line)):
        own = len(_own_lines(done, ours))
        done[:own] = [f"{line}？" if _SAYS_WHETHER.match(line) else line for line in done[:own]]
    promised = any(map(_PROMISES.search, _own_lines(lines, ours)))
    done = _with_people(done, ours, promised=promised)
    own_now = _own_lines(done, ours)
    plain = [line.translate(ASCII_FORMS).strip() for line in own_now]
    # 「出席」 above 「0名」, or 「下記のとおり出席します」 with nobody below: how many is not said.
    promised = promised and not (
        any(line.startswith("Q2 ") for line in own_now)
        or any(_PEOPLE_IN_SLOT.search(line.translate(ASCII_FORMS)) for line in done[len(own_now) :])
    )
    if promised or any(map(_NO_ONE.match, plain)):
        done = [
            f"{line}？" if line == _COME_LINE and place < len(own_now) else line
            for place, line in enumerate(done)
        ]
    return OwnWords("\n".join(done), later, how)


_TAKES = re.compile(
    r"^(?:はい|ぜひ|1|①|yes)?(?:[、,。\s]*(?:お?席を?)?(?:お受け(?:いた)?します|受けます|承ります|お?願い(?:いた|致)?します))?[。.!]?$",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"欠席|辞退|不参加|キャンセル|でき(?:ません|かね)|見送|not attend|decline", re.IGNORECASE
)


def answer_to_offer(text: str, known: Sequence[str]) -> bool | None:
    """Tell whether a reply in no words of the form takes a seat that was offered: 「1」, 「はい」, 「お受けします」 at its top.

    None: it says something else, which is asked back; False: it says nothing of its own.
    """
    ours = {line_key(line) for each in known for line in each.splitlines()}
    own = [line.translate(ASCII_FORMS).strip() for line in _own_lines(text.split("\n"), ours)]
    own = [line for line in own if line]
    if not own:
        return False
    return True if _TAKES.match(own[0]) and not any(map(_REFUSES.search, own)) else None


def speaks_of_coming(text: str, known: Sequence[str]) -> bool:
    """Tell whether a line of one's own speaks of coming, or counts people: whoever has answered may mean to change that."""
    ours = {line_key(line) for each in known for line in each.splitlines()}
    own = [line.translate(ASCII_FORMS) for line in _own_lines(text.split("\n"), ours)]
    return any(_OF_COMING.search(line) or _COUNTED.search(line) for line in own)


_OF_COMING = re.compile(r"出席|参加|欠席|\battend", re.IGNORECASE)

_CONDITION = re.compile(
    r"(?:出席|参加|欠席|伺|行け|行き).{0,20}(?:かもしれ|次第|未定|か分か|か未)|(?:なければ|ければ|れば|たら|なら|場合(?:は|に|、)|次第).{0,20}(?:出席|参加|欠席|伺い|行きます)"
)


def depends_on_something(text: str) -> bool:
    """Tell whether words beside a calendar's answer make it depend on something: 「議会が入らなければ出席します。」."""
    return any(
        _CONDITION.search(line.translate(ASCII_FORMS)) for line in _own_lines(text.split("\n"), frozenset())
    )


class _Put(NamedTuple):
    """One line put into the form's words."""

    lines: Sequence[str]
    taken: int = 0  # how many of the lines below it are its names
    later: bool = False  # it says that the answer follows later
    refuses: bool = False  # it says that nobody comes
    how: str = ""  # how they come


def _put_line(
    line: str, below: Sequence[str], language: Language, named: re.Pattern[str] | None, *, answered: bool
) -> _Put:
    """Put one line, and the names below it, into the form's words.

    `named`: what it may begin with that our mail named. `answered`: a line above says whether they come.
    """
    if (slot := _SLOT.match(line)) is not None:
        return _in_slot(slot)
    short = line.translate(
        ASCII_FORMS
    ).strip()  # as long as the line, so that names are taken from it exactly
    own = line.strip(" \u3000\xa0\t\r")
    bare = bare_words(short, named) if language == "ja" else short
    if not short or short[:1] in {">", "|"} or len(short) != len(own):
        return _Put([line])
    if (english := english_answer(short)) is not None:
        return _in_english(english, language)
    if changed := _NUMBER_BEFORE.search(short):
        now = own[: changed.start()] + own[changed.end() :]
        put = _put_line(now, below, language, named, answered=True)
        return put if put.lines != [now] else _Put([f"Q2 {now}" if _is_people(now) else line])
    how = _HOW.search(bare) if language == "ja" else None
    comes = bare if how is None else bare[: how.start()] + bare[how.end() :]
    manner = "" if how is None else how[0].rstrip("、, ")
    if found := _YES.match(short) or _YES.match(comes):
        rest = own[found.start("rest") - len(found.string) :] if found["rest"] else ""
        names = _names_under(rest, below)
        people = " ".join((rest, "、".join(names))).strip()
        return _Put(_attending(people, language), len(names), how=manner)
    if found := _SO_MANY_COME.match(short) or _SO_MANY_COME.match(comes):
        names = [] if found["who"] else _names_below(found["now"], below)
        people = f"{found['now']} {found['who'] or '、'.join(names)}".rstrip()
        return _Put(_attending(people, language), len(names), how=manner)
    if (found := _SO_MANY_ARE.match(short)) and (names := _names_below(found["now"], below)):
        return _Put(_attending(f"{found['now']} {'、'.join(names)}", language), len(names))
    if language == "ja" and (found := _ONE_COMES.match(comes) or _ONE_COMES.match(short)):
        who = found["proxy"] or found["who"]
        if found["proxy"] is None or not _MORE_THAN_ONE.search(who):
            return _Put(_attending(f"1名 {who}", language), how=manner)
    if _NO.match(short) or _NO.match(bare):
        return _Put(["Q1 欠席" if language == "ja" else "Q1 not attending"], refuses=True)
    if _LATER.match(short) or _LATER.match(bare):
        return _Put([], later=True)
    if found := _NUMBER.match(short) or (_A_CHANGE.search(bare) and _NUMBER.match(bare)):
        names = _names_below(found["now"], below)
        stated = names or answered or _A_CHANGE.search(short)
        said = f"Q2 {found['now']} {'、'.join(names)}".rstrip()
        return _Put([said if stated else line], len(names))
    return _Put([line])


def _in_english(said: English, language: Language) -> _Put:
    """Put what an English sentence says into the form's words."""
    if said.comes:
        return _Put(_attending(said.people, language))
    return _Put(["Q1 欠席" if language == "ja" else "Q1 not attending"], refuses=True)


def _is_people(words: str) -> bool:
    """Tell whether words are nothing but people: 「1名 山田太郎」."""
    try:
        return bool(read_people(words))
    except ValueError:
        return False


def _marked_pairs(lines: Sequence[str], ours: AbstractSet[str]) -> list[str]:
    """Return the lines, two of them at the top of which one marks 出席 or 欠席 as what is marked: 「1. 出席 ○」 above 「2. 欠席」.

    Below 「2. 欠席」, which is copied from our form, the mark of the line above must not be lost.
    """
    done: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if _QUOTE_BEGINS.search(line) or (
            line.strip() and _is_ours(line, ours) and not _OPTION.match(line) and not marked_of_pair([line])
        ):
            break
        marked = marked_of_pair(lines[at : at + 2]) if at + 1 < len(lines) else ""
        done.append(marked or line)
        at += 2 if marked else 1
    return [*done, *lines[at:]]


def _somebody_comes(lines: Sequence[str], ours: AbstractSet[str]) -> bool:
    """Tell whether a line beside 「欠席します」 says that somebody comes all the same: 「代わりに課長が出席します」."""
    own = _own_lines(lines, ours)
    return any(_COMES_ALL_THE_SAME.search(line) and line != _COME_LINE for line in own)


def _own_lines(lines: Sequence[str], ours: AbstractSet[str]) -> list[str]:
    """Return the lines above what is quoted or ours."""
    return list(
        takewhile(
            lambda line: not (_QUOTE_BEGINS.search(line) or (line.strip() and _is_ours(line, ours))), lines
        )
    )


# An option as our form prints it, copied to the top as the answer: 「2. 欠席」.
_OPTION = re.compile(r"^\s*([123])[.．]\s*(?:出席|欠席|時間が決まってから返事)\s*$")


def _options_copied(lines: list[str], ours: AbstractSet[str]) -> list[str]:
    """Return the lines, an option that was copied to the top, and no other there, as its number."""
    top = list(
        takewhile(
            lambda line: (
                _OPTION.match(line)
                or not (_QUOTE_BEGINS.search(line) or (line.strip() and _is_ours(line, ours)))
            ),
            lines,
        )
    )
    copied = [place for place, line in enumerate(top) if _OPTION.match(line)]
    if len(copied) != 1:
        return lines
    found = _OPTION.match(top[copied[0]])
    assert found is not None, "it matched"
    said = "時間が決まってから返事" if found[1] == "3" else f"Q1 {found[1]}"
    return [*lines[: copied[0]], said, *lines[copied[0] + 1 :]]


_NAMED_QUOTE = re.compile(r"^[^\s>＞]{1,20}[>＞]\s?")  # AL-Mail writes the sender's name before each line


def _is_ours(line: str, ours: AbstractSet[str]) -> bool:
    """Tell whether a line is one of ours, with or without the marks of a quotation."""
    return line_key(line.lstrip("> \t|＞｜")) in ours or line_key(_NAMED_QUOTE.sub("", line, count=1)) in ours


def _sentences(line: str) -> list[str]:
    """Return a short line's sentences, each of which may be an answer: 「参加します。2名です。」."""
    if len(line) > _LONGEST_LINE:
        return [line]
    line = _BRACKETED.sub(r"\1 ", _FIELD_NUMBER.sub("", line))
    if (led := _LED_FIELD.match(line)) is not None:
        return [led[0], line[led.end() :]]
    return [line] if "。" not in line.rstrip("。") else _SENTENCES.split(line)


def _attending(rest: str, language: Language) -> list[str]:
    """Return the two answers of one line; the attendance comes last, and no name of a signature is taken for it."""
    comes = "Q1 出席" if language == "ja" else "Q1 attending"
    return [f"Q2 {rest}", comes] if rest else [comes]


def _names_under(rest: str, lines: Sequence[str]) -> list[str]:
    """Return the names in the lines under 「参加」: those of its number, or one line that names several."""
    if rest:
        return _names_below(rest, lines) if re.fullmatch(_SEATS, rest.translate(ASCII_FORMS)) else []
    line = lines[0].strip(" \u3000・\r") if lines else ""
    if "、" not in line and "," not in line.translate(ASCII_FORMS):
        return []
    try:
        people, names = read_people(line)
    except ValueError:
        return []
    return [line] if people > 1 and not any(map(_OFFICE.search, names)) else []


def _with_people(lines: list[str], ours: AbstractSet[str], *, promised: bool) -> list[str]:
    """Return the lines with the people who come, where 「出席」 stands alone and another line says how many or who.

    What cannot be read there is asked back: 「出席」 alone would count one person.
    """
    own = [
        (place, line.translate(ASCII_FORMS).strip(" ・\t\r"), line.strip(" \u3000・\t\r"))
        for place, line in enumerate(_own_lines(lines, ours))
    ]
    if stated := [line.removeprefix("Q2 ") for _, _, line in own if line.startswith("Q2 ")]:
        otherwise = {place: other for place, plain, _ in own if (other := _another_number(plain, stated[0]))}
        lines = [f"Q2 {otherwise[place]}" if place in otherwise else line for place, line in enumerate(lines)]
        return lines if otherwise else _with_names(lines, own, stated[0])
    comes = [place for place, _, line in own if line == _COME_LINE]
    if not comes:
        alone = {place: only for place, plain, line in own if (only := _number_alone(plain, line))}
        return [f"Q2 {alone[place]}" if place in alone else line for place, line in enumerate(lines)]
    fields = [(place, found) for place, plain, _ in own if (found := _PEOPLE_FIELD.match(plain)) is not None]
    said = [(place, found["said"].strip()) for place, found in fields]
    said += [(place, line) for first, words in said for place, line in _names_go_on(own, first, words)]
    if not said:
        said = [(place, _only_people(line)) for place, plain, line in own if _COUNTED.search(plain)][:1]
    if not said:
        below = _run_of_names([line for place, _, line in own if place > comes[-1]], promised=promised)
        return [*lines[: comes[0]], f"Q2 {'、'.join(below)}", *lines[comes[0] :]] if below else lines
    numbers = [words for _, words in said if _ALL_NUMBER.match(words)]
    names = [words for _, words in said if not _ALL_NUMBER.match(words)]
    people = " ".join(
        [*(f"{words}名" if words.isdigit() else words for words in numbers), "、".join(names)]
    ).strip()
    gone = {place for place, _ in said}
    rest = [line for place, line in enumerate(lines) if place not in gone]
    at = rest.index(_COME_LINE)
    return [*rest[:at], f"Q2 {people}", *rest[at:]]


def _with_names(lines: list[str], own: Sequence[tuple[int, str, str]], stated: str) -> list[str]:
    """Return the lines with the names of a field, 「氏名：山田太郎、鈴木花子」, beside a bare number that they agree with.

    Names that do not agree are asked about, as any number that is said otherwise.
    """
    if re.fullmatch(_SEATS, stated.translate(ASCII_FORMS).strip("() ")) is None:
        return lines
    fields = [
        (place, found["said"].strip()) for place, plain, _ in own if (found := _PEOPLE_FIELD.match(plain))
    ]
    fields = [(place, words) for place, words in fields if not _ALL_NUMBER.match(words)]
    if len(fields) != 1:
        return lines
    place, words = fields[0]
    more = _names_go_on(own, place, words)
    people = f"{stated} {'、'.join([words, *(line for _, line in more)])}"
    gone = {place, *(at for at, _ in more)}
    return [
        f"Q2 {people}" if line == f"Q2 {stated}" else line for at, line in enumerate(lines) if at not in gone
    ]


def _another_number(plain: str, stated: str) -> str:
    """Return the number of people in a field, 「人数：3名」, where it is not the one that was stated; "" else."""
    field = _PEOPLE_FIELD.match(plain)
    if field is None or not _ALL_NUMBER.match(field["said"]):
        return ""
    try:
        same = read_people(field["said"])[0] == read_people(stated)[0]
    except ValueError:
        same = False
    return "" if same else field["said"]


def _names_go_on(own: Sequence[tuple[int, str, str]], first: int, words: str) -> list[tuple[int, str]]:
    """Return the lines right under a field of names that name one more each: 「参加者：情報課 佐藤花子」 above 「情報課 田中一」."""
    if _ALL_NUMBER.match(words):
        return []
    more: list[tuple[int, str]] = []
    for place, plain, line in own[first + 1 :]:
        if not (
            _A_TITLED_NAME.match(line) or (_A_NAME.match(line) and not _A_POST.search(line))
        ) or _PEOPLE_FIELD.match(plain):
            break
        more.append((place, line))
    return more


def _number_alone(plain: str, line: str) -> str:
    """Return the people that a line, in ASCII forms and as written, is nothing else but: 「3名です。」, 「2名 山田太郎、鈴木花子」."""
    if found := _NUMBER_FIELD.match(plain) or _NUMBER.match(plain):
        return found["now"]
    if _COUNTED.search(plain) is None:
        return ""
    try:
        people, names = read_people(line)
    except ValueError:
        return ""
    told = len(names) == people and all(_A_NAME.match(name) and not _OFFICE.search(name) for name in names)
    return line if told else ""


def _only_people(line: str) -> str:
    """Return a line that counts people, with a mark that has it asked back unless it says how many come in all."""
    try:
        people, names = read_people(line)
    except ValueError:
        return line
    # 「随行1名」: one more than who? 「1名（山田太郎）」 is all.
    return (
        line if people > 1 or not names or _NUMBER_FIRST.match(line.translate(ASCII_FORMS)) else f"{line}？"
    )


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
    for line in (_NUMBERED.sub("", each) for each in lines[:_NAMES_BELOW]):
        if _A_TITLED_NAME.match(line):
            names.append(line)
            continue
        if not line or _OFFICE.search(line) or _A_POST.search(line):
            break
        if not _A_NAME.match(line):
            return [*names, line] if len(names) > 1 else []  # perhaps one more of them: read, or asked back
        names.append(line)
    return names if len(names) > 1 else []


def _names_below(count: str, lines: Sequence[str]) -> list[str]:
    """Return the lines under a number that are its names: exactly as many as it says."""
    try:
        people, _ = read_people(count)
    except ValueError:  # 「0名」
        return []
    names = [_POST_BEHIND.sub("", _NUMBERED.sub("", line.strip(" \u3000・\r"))) for line in lines[:people]]
    if len(names) < people or not all(names) or any(map(_OFFICE.search, names)):
        return []
    try:
        return names if read_people(f"{count} {'、'.join(names)}")[0] == people else []
    except ValueError:
        return []


_COMES, _STAYS = frozenset("出○〇◯⭕"), frozenset("欠×✕✖")  # the whole of a slot


def _in_slot(slot: re.Match[str]) -> _Put:
    """Put a filled slot's words into the option's number."""
    words = slot["words"].translate(ASCII_FORMS).strip()
    head, tail = slot["head"], slot["tail"]
    if _NO.match(words) or words in _STAYS:
        return _Put([f"{head}2{tail}"])
    if _LATER.match(words):
        return _Put([f"{head}{tail}"], later=True)
    filled = f"{head}1{tail}"
    if words in _COMES:
        return _Put([filled])
    if (found := _YES.match(words)) is None:
        return _Put([slot[0]])
    return _Put([f"{slot['quote']}Q2 {found['rest']}", filled] if found["rest"] else [filled])
