"""What beside an answer makes it uncertain, and whether words in no form of ours take a seat or speak of coming at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mailbot.core.events.event import ASCII_FORMS
from mailbot.core.events.rsvp_lines import our_lines, own_lines
from mailbot.core.events.rsvp_people import COUNTED

_IS_ANSWER = re.compile(r"^(?:Q[0-9]+ |[【\[])")
_COMES_ALL_THE_SAME = re.compile(
    r"^(?!.*(?:次回|今後|今度|またの)).*(?:(?:出席|参加)(?:(?:いた|致)?します|させて(?:いただき|頂き)ます|の?予定|者\s?[:：])|代理|代わりに)"
)
_MAY_STAY_AWAY = re.compile(
    r"欠席(?!の場合|者|届|でき|する場合|される)|不参加|(?:出席|参加)(?:は|が|を|も)?(?:でき(?:ません|な[いく])|し(?:ません|ない)|見送|見合わせ|取りやめ)"
    r"|キャンセル(?!待ち|料|ポリシー|の場合)|仮(?:の|申し?込|予約|登録|で(?:す|の))|(?:変更|変わる|変える)(?:の|する|[にと]なる)?(?:可能性|かも|場合)|未定です"
    r"|(?:可能性|恐れ|おそれ)が?(?:あり|ござい)"
    r"|\b(?:unless|(?:might|may) not|not (?:yet )?(?:sure|certain|decided)|depend(?:s|ing) on|if (?:I|we|my|our|the (?:council|assembly|schedule)))\b"
)
_NOT_AFTERWARDS = re.compile(
    r"^[※*・\s(]*(?:なお|また)?[、,]?\s?(?P<part>(?:情報|意見|名刺)交換会|交流会|懇親会|懇談会)(?:に?は|について(?:は)?|につきまして(?:は)?)[、,]?\s?"
    r"(?:(?:所用|公務)のため|都合により)?[、,]?(?:(?:全員|[0-9]\s?名とも)、?)?(?:欠席|不参加|(?:出席|参加)(?:(?:いた|致)?しません|できません))"
    r"(?:と?(?:(?:いた|致)?します|させて(?:いただき|頂き)ます)|です|で(?:お願い)(?:(?:いた|致)?します))?[。.]?[)]?$"
)
_CONDITION = re.compile(
    r"(?:出席|参加|欠席|伺|行け|行き).{0,20}(?:かもしれ|次第|未定|か分か|か未)|(?:なければ|ければ|れば|たら|なら|場合(?:は|に|、)|次第).{0,20}(?:出席|参加|欠席|伺い|行きます)"
)
_OF_COMING = re.compile(r"出席|参加|欠席|\battend", re.IGNORECASE)
_TAKES = re.compile(
    r"^(?:はい|ぜひ|1|①|yes)?(?:[、,。\s]*(?:お?席を?)?(?:お受け(?:いた)?します|受けます|承ります|お?願い(?:いた|致)?します))?[。.!]?$",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"欠席|辞退|不参加|キャンセル|でき(?:ません|かね)|見送|not attend|decline", re.IGNORECASE
)


def comes_all_the_same(own: Iterable[str]) -> bool:
    """Tell whether a line beside 「欠席します」 says that somebody comes: 「代わりに課長が出席します」. 「次回は参加します」 does not."""
    return any(_COMES_ALL_THE_SAME.search(line) for line in own)


def may_stay_away(own: Iterable[str], title: str) -> bool:
    """Tell whether a sentence beside the answer says that somebody may not come: 「やはり欠席します」, 「仮申込みです」.

    「懇親会は欠席します」 speaks of what follows the event, unless `title`, the words that name the event, is about that.
    """
    return any(
        _MAY_STAY_AWAY.search(line)
        for line in own
        if not _IS_ANSWER.match(line)
        and ((after := _NOT_AFTERWARDS.match(line.translate(ASCII_FORMS))) is None or after["part"] in title)
    )


def depends_on_something(text: str) -> bool:
    """Tell whether words beside a calendar's answer make it depend on something: 「議会が入らなければ出席します。」."""
    return any(map(_CONDITION.search, _plain(text, ())))


def speaks_of_coming(text: str, known: Sequence[str]) -> bool:
    """Tell whether a line of one's own speaks of coming, or counts people: whoever has answered may mean to change that."""
    return any(_OF_COMING.search(line) or COUNTED.search(line) for line in _plain(text, known))


def answer_to_offer(text: str, known: Sequence[str]) -> bool | None:
    """Tell whether a reply in no words of the form takes a seat that was offered: 「1」, 「はい」, 「お受けします」 at its top.

    None: it says something else, which is asked back; False: it says nothing of its own.
    """
    own = _plain(text, known)
    if not own:
        return False
    return True if _TAKES.match(own[0]) and not any(map(_REFUSES.search, own)) else None


def _plain(text: str, known: Sequence[str]) -> list[str]:
    """Return the lines of one's own, in ASCII forms, without blank ones."""
    own = own_lines(text.split("\n"), our_lines(known))
    return [plain for line in own if (plain := line.translate(ASCII_FORMS).strip())]
