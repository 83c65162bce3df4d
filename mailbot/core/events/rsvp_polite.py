"""An RSVP as offices write it, brought down to its bare words: 「標記の件、都合により欠席させていただきます。」 is 「欠席」.

Only what cannot turn an answer round, or make it that of somebody else, is taken away: who is meant (「本市は」), what the mail is
about (「標記の件」), apologies, and the reason of an absence. A marked pair (「出席○・欠席×」) becomes the word that is marked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbot.core.events.event import ASCII_FORMS
from mailbot.core.events.rsvp_marks import marked_of_pair

_ABOUT = (
    r"(?:(?:以下|下記|次)の(?:とおり|通り)[、,]?\s?(?=[0-9]{1,3}\s?[名人]|ご?(?:出席|参加)))"
    r"|(?:(?:標記|首記|表記|標題|掲題|ご案内|ご照会|お尋ね|上記|本)(?:いただきました|の)?(?:標記の?)?(?:件|セミナー|研修会?|会議|説明会|講演会|会合)?"
    r"(?:の件)?(?:について|につきまして|につき|ですが|に|には|は)?[、,\s]\s?)|(?:(?:標記|ご案内の|当該|本)?(?:セミナー|研修会?|会議|説明会|講演会|会合)(?:に[は、]?|は、?))"
)
_WHO = r"(?:(?:本|当)(?:市|町|村|区|県|府|道|都|課|室|係|団体|方|所|組合)|私|わたくし)(?:からは|から|としては|は|が)[、,]?\s?"
_PLEASED = r"(?:ぜひ|是非|喜んで|謹んで|今回は)[、,]?\s?"
_SORRY = r"(?:(?:誠に|大変)?(?:申し訳(?:ございません|ありません|ない)|恐縮です|恐れ入ります|残念です|せっかくです|せっかくの(?:ご案内|機会)です)が|残念ながら|あいにく(?:ですが|では(?:あり|ござい)ますが)?)[、,]?\s?"
# A reason names nobody who stays away while another comes, and no part of the event: 「午後は公務のため」 stays.
_REASON = (
    r"(?:(?:当日は|この日は)?(?!.{0,20}(?:午前|午後|途中|前半|後半|日目|初日|一部|のみ|だけ|懇親|交流|食|分科|視察|見学|代理"
    r"|代わり))[^。、,はがも出参欠 ]{0,16}(?:都合|公務|業務|対応|出張|会議|事情|用務|所用|私用|先約|議会|定例会|研修|体調不良|急用|急病|病気|発熱|入院|葬儀|弔事|不幸"
    r"|忌引き?|休暇|監査|選挙)"
    r"(?:により|のため|につき|が(?:入り|あり)(?:ましたので|ますので|まして|ますため)|が(?:入っ|あっ)た(?:ため|ので)|があるため|が(?:入り|あり)"
    r"|ができ(?:たため|ましたので))|(?:時間|日程)にかかわらず|(?:都合|日程|予定)が(?:つかず|合わず)"
    r"|(?:他の)?(?:公務|業務|予定)と(?:重なり|重なっており))[、,]?\s?"
)
# Who the number counts: 「課長と係長の2名で」, 「以下の2名が」; not a part of them, nor one half of the day.
_COUNTED = r"(?![^。]*(?:欠席|不参加|うち|ほか|他|程度|午前|午後|懇親|交流))[^。0-9]{1,30}の(?=[0-9]{1,3}\s?[名人](?:で|が))"
_BEFORE = re.compile(rf"^(?:{_ABOUT}|{_WHO}|{_COUNTED}|{_PLEASED}|{_SORRY})")
_BEFORE_NO = re.compile(rf"^{_REASON}")
_BEHIND = re.compile(
    r"(?:ので|ため)?[、,。]?\s?(?:どうぞ|何卒)?(?:よろしく|宜しく)お?願い(?:いた|致|申し上げ|申し上)?(?:し|げ)?ます[。.]?$"
)
# A reason may stand before it, too
_FEWER = re.compile(r"[0-9]{1,3}\s?[名人](?:に|へ)(?:の)?(?:変更|減員|減ら)")
_NO_WORDS = re.compile(r"欠席|不参加|辞退|見送|でき(?:ません|かねます)|(?:いた|致)?しません|かないません")

_FIELD = re.compile(
    r"^[■◆●・【\[]?\s?(?:(?:ご?出欠|ご?出欠席|ご?参加|ご?出席)の?(?:ご?回答|可否|有無|意思)?)[】\]]?\s?[:：]?\s?"
    r"(?:(?P<yes>可|有|出|[○〇◯]|ご?出席|ご?参加)|(?P<no>不可|否|無|欠|[×✕]|ご?欠席|不参加))(?:です)?[。.]?$"
)
_NAMED_FIELD = re.compile(r"出欠|可否|有無|意思")
_TURNED = re.compile(
    r"^(?:(?:先日|先に|前回|先ほど|昨日)[、,]?)?(?P<was>出席|参加|欠席|不参加)(?:(?:で|と|の)?(?:ご)?(?:回答|返事|お返事|連絡)(?:を)?(?:いた|致)?(?:し|させていただき)ましたが"
    r"|の予定でしたが|予定でしたが)[、,]?\s?"
)
_CHANGED = re.compile(
    r"^(?:予定が(?:変わり|変更になり)(?:ましたので|まして)[、,]?\s?)?(?:(?P<was>出席|参加|欠席|不参加)から)?(?P<now>出席|参加|欠席|不参加)(?:に"
    r"|へ)(?:の)?変更(?:(?:いた|致)?します|させていただきます|させてください|してください|(?:を)?お願い(?:いた|致)?します)[。.]?$"
)
_UNDONE = re.compile(
    r"^(?:出席|参加)(?:の(?:ご?回答|申込み?|申し込み))?を(?:取り消し|取消し|取りやめ|キャンセルし)(?:ます|たいです|てください)[。.]?$"
)


_OPTIONS = {"①": "出席", "②": "欠席"}  # 「2」 alone may be two people
_CIRCLED = re.compile(f"^([{''.join(_OPTIONS)}])(?:です|(?:で|を)?お願い(?:いた|致)?します)?[。.]?$")
_AT_THE_TOP = 8  # lines of our mail: who is addressed, and the event's title
_ADDRESSED = re.compile(r"^(?P<body>[^\s]{1,20}[市町村区県都府道合])\s.*?(?P<person>[^\s]{2,20})様\s*$")
_COMES = r"が、?(?=ご?(?:出席|参加)(?:(?:いた|致)?します|させて|(?:する|の)?予定))"  # not: does not come, while another may
_TITLE = re.compile("「([^「」]{4,80})」")
_ON = re.compile(r"^日時\s+[0-9]{4}年([0-9]{1,2})月([0-9]{1,2})日")
_HELD = "(?:セミナー|研修会?|会議|説明会|講演会|会合|会)?"
_KANA = {
    "しゅっせき": "出席",
    "シュッセキ": "出席",
    "けっせき": "欠席",
    "ケッセキ": "欠席",
    "ｼｭｯｾｷ": "出席",
    "ｹｯｾｷ": "欠席",
}
_IN_KANA = re.compile(f"^(?:{'|'.join(_KANA)})")


def named_by_us(known: Sequence[str]) -> re.Pattern[str] | None:
    """Return what a line may begin with that our mail named: the body, 「長野市は」, its person, 「山田が」, the event, 「説明会に」."""
    names: set[str] = set()
    people: set[str] = set()
    titles: set[str] = set()
    days: set[str] = set()
    for text in known:
        for line in text.split("\n", _AT_THE_TOP)[:_AT_THE_TOP]:
            plain = line.translate(ASCII_FORMS)
            if addressed := _ADDRESSED.match(plain):
                names.add(re.escape(addressed["body"]))
                person = addressed["person"]
                people |= {re.escape(person[:end]) for end in range(2, len(person) + 1)}
            titles |= set(map(re.escape, _TITLE.findall(plain)))
            days |= {rf"{on[1]}(?:月|/){on[2]}日?" for on in [_ON.match(plain)] if on}
    leads = [rf"(?:{'|'.join(sorted(names))})(?:からは|から|としては|は|、)\s?"] if names else []
    if people:
        leads.append(rf"(?:{'|'.join(sorted(people, reverse=True))}){_COMES}")
    if titles:
        leads.append(
            rf"「?(?:{'|'.join(sorted(titles))})」?(?:の件(?:は|、)?|について(?:は|、)?|につきまして(?:は|、)?|には?|へ|は)[、,]?\s?"
        )
    if days:
        leads.append(
            rf"(?:{'|'.join(sorted(days))})(?:\([日月火水木金土]\))?の?{_HELD}(?:の件)?(?:には?|は|、|につきましては?、?)\s?"
        )
    return re.compile("^(?:" + "|".join(leads) + ")") if leads else None


def bare_words(line: str, ours: re.Pattern[str] | None = None) -> str:
    """Return a line's answer without the politeness around it, as `own_words` reads it; the line itself where there is none.

    `ours`: what else it may begin with, see `named_by_us`.
    """
    if (numbered := _CIRCLED.match(line)) is not None:
        return _OPTIONS[numbered[1]]
    if ours is not None and (lead := ours.match(line)):
        line = line[lead.end() :]
    line = _IN_KANA.sub(lambda word: _KANA[word[0]], line)
    if marked := marked_of_pair([line]):
        return marked
    if _UNDONE.match(line):
        return "欠席"
    if (field := _FIELD.match(line)) is not None and (_NAMED_FIELD.search(line) is not None):
        return "出席" if field["yes"] else "欠席"
    if (changed := _CHANGED.match(line)) is not None and changed["was"] != changed["now"]:
        return changed["now"]
    short = _BEHIND.sub("", line)
    if (turned := _TURNED.match(short)) is not None:
        short = short[turned.end() :]
    refuses = _NO_WORDS.search(short) is not None or _FEWER.search(short) is not None
    while found := _BEFORE.match(short) or (refuses and _BEFORE_NO.match(short)):
        short = short[found.end() :]
    changed = _CHANGED.match(short)  # 「都合により欠席に変更します」
    return changed["now"] if changed is not None and changed["was"] != changed["now"] else short
