"""An RSVP as offices write it, brought down to its bare words: 「標記の件、都合により欠席させていただきます。」 is 「欠席」.

Only what cannot turn an answer round, or make it that of somebody else, is taken away: who is meant (「本市は」), what the mail is
about (「標記の件」), apologies, and the reason of an absence. A marked pair (「出席○・欠席×」) becomes the word that is marked.
"""

from __future__ import annotations

import re

from mailbot.core.events.rsvp_marks import marked_of_pair

# --- what stands in front of an answer and says nothing of it
_EVENT = "セミナー|研修会?|会議|説明会|講演会|会合"
_ABOUT = "(?:の件)?(?:について|につきまして|につき|ですが|に|には|は)?"
_LEADS = (
    # 「下記のとおり2名」, 「標記の件について、」, 「セミナーには」: what the mail is about
    r"(?:以下|下記|次)の(?:とおり|通り)[、,]?\s?(?=[0-9]{1,3}\s?[名人]|ご?(?:出席|参加))",
    r"(?:以下|下記|次)の者が、?(?=ご?(?:出席|参加))",
    rf"(?:標記|首記|表記|標題|掲題|ご案内|ご照会|お尋ね|上記|本)(?:いただきました|の)?(?:標記の?)?(?:件|{_EVENT})?{_ABOUT}[、,\s]\s?",
    rf"(?:標記|ご案内の|当該|本)?(?:{_EVENT})(?:(?:の件|につきまして|について)(?:は|ですが)?[、,]\s?|への?|に[は、]?|は、?|\s?:\s?)",
    # 「本市からは」, 「私が」: who answers
    r"(?:[本当](?:[市町村区県府道都課室係方所]|団体|組合)|私|わたくし)(?:からは|から|としては|は|が)[、,]?\s?",
    r"(?:先ほど|先日|昨日|本日|今朝)?お?電話(?:(?:いた|致)?しました|(?:いた|致)?した|でお(?:話し|伝え)した)件(?:ですが|について|は)[、,]\s?",
    # 「はい、参加します」, 「私1名で参加します」
    r"はい[、,。]\s?(?=ご?(?:出席|参加)(?:と?(?:いた|致)?します|させて|です|でお?願い))",
    r"(?:私|わたくし|小職)の?(?=1\s?[名人](?:で|が|のみ)、?ご?(?:出席|参加))",
    # 「課長と係長の2名で」, 「以下の2名が」: whom the number counts; not a part of them, nor one half of the day
    r"(?![^。]*(?:欠席|不参加|うち|ほか|他|程度|午前|午後|懇親|交流))[^。0-9]{1,30}の(?=[0-9]{1,3}\s?[名人][でが])",
    r"(?:都合|日程|予定)が(?:つき|付き|合い)(?:ました|ます)(?:ので|ため)[、,]?\s?(?=ご?(?:出席|参加))",
    r"(?:ぜひ|是非|喜んで|謹んで|今回は)[、,]?\s?",
    r"(?:誠に|大変)?(?:申し訳(?:ございません|ありません|ない)|恐縮です|恐れ入ります|残念です|せっかくです|せっかくの(?:ご案内|機会)です)が[、,]?\s?",
    r"(?:誠に|大変)?申し訳(?:ございません|ありません)[、,]\s?",
    r"(?:残念ながら|あいにく(?:ですが|では(?:あり|ござい)ますが)?)[、,]?\s?",
)
_LEAD = re.compile(f"^(?:{'|'.join(_LEADS)})")
_WISH = re.compile(
    r"(?:ので|ため)?[、,。]?\s?(?:どうぞ|何卒)?(?:よろしく|宜しく)お?願い(?:いた|致|申し上げ|申し上)?(?:し|げ)?ます[。.]?$"
)

# 「欠席しますので、資料の送付をお願いします。」: what is asked for besides
_PAPERS = re.compile(
    r"(?<=ます)(?:ので|が)[、,]\s?(?:当日の|後日、?|会議)?(?:資料|議事録|録画|動画|データ)[^。は]{1,24}(?:願いします|ください|下さい|でしょうか|幸いです)[。.]?$"
)

# --- the reason of an absence, or of fewer: it names nobody who stays away while another comes, and no part of the event
_PARTS = "午前|午後|途中|前半|後半|日目|初日|一部|のみ|だけ|懇親|交流|食|分科|視察|見学|代理|代わり"
_CAUSES = "都合|公務|業務|対応|出張|会議|事情|用務|所用|私用|先約|議会|定例会|研修|体調不良|急用|急病|病気|発熱|入院|葬儀|弔事|不幸|忌引き?|休暇|監査|選挙"
_BECAUSE = r"により|のため|につき|が(?:入り|あり)(?:ましたので|ますので|まして|ますため)?|が(?:入っ|あっ)た(?:ため|ので)|があるため|ができ(?:たため|ましたので)"
_REASON = re.compile(
    rf"^(?:(?:当日は|この日は)?(?!.{{0,20}}(?:{_PARTS}))[^。、,はがも出参欠 ]{{0,16}}(?:{_CAUSES})(?:{_BECAUSE})"
    r"|(?:時間|日程)にかかわらず|(?:都合|日程|予定)が(?:つか|付か|合わ)(?:ず|な(?:いため|いので|かったため))|(?:当日は?)?都合が(?:悪くなり|つかなくなり)(?:ました(?:ので|ため))?|(?:他の)?(?:公務|業務|予定)と(?:重なり|重なっており))[、,]?\s?"
)
_HAS_REASON = re.compile(
    r"欠席|不参加|辞退|見送|できなくなりました|(?:伺え|うかがえ|行け|行かれ|出られ)ません|でき(?:ません|かねます)|(?:いた|致)?しません|かないません|[0-9]{1,3}\s?[名人](?:に|へ)(?:の)?(?:変更|減員|減ら)"
)

# --- what was answered before
_WORD = "出席|参加|欠席|不参加"
_BEFORE = re.compile(  # 「先日出席と回答しましたが、」, 「出席予定でしたが」
    rf"^(?:(?:先日|先に|前回|先ほど|昨日)[、,]?)?(?:{_WORD})"
    r"(?:[でとの]?(?:回答|ご回答|返事|お返事|ご返事|連絡|ご連絡)を?(?:いた|致)?(?:し|させていただき)ましたが|の?予定でしたが)[、,]?\s?"
)
_CHANGED = re.compile(  # 「欠席に変更します」, 「出席から欠席への変更をお願いします」
    r"^(?:予定が(?:変わり|変更になり)(?:ましたので|まして)[、,]?\s?)?"
    rf"(?:(?P<was>{_WORD})から)?(?P<now>{_WORD})(?:に|へ)の?変更(?:(?:いた|致)?します|させていただきます|させてください|してください|を?お願い(?:いた|致)?します)[。.]?$"
)
_ARROW = re.compile(
    rf"^(?P<was>{_WORD})\s?(?:→|->|⇒|⇨)\s?(?P<now>{_WORD})(?:[にへ]の?変更(?:(?:いた|致)?します)?)?[。.]?$"
)
_UNDONE = re.compile(
    r"^(?:出席|参加)(?:の(?:ご?回答|申込み?|申し込み))?を(?:取り消し|取消し|取りやめ|キャンセルし)(?:ます|たいです|てください)[。.]?$"
)

# --- an answer in another form: 「【出欠】欠」, 「参加可否：可」, 「①」, 「ｼｭｯｾｷ」
_FIELD = re.compile(
    r"^[■◆●・【\[]?\s?(?:ご?出欠(?:席)?の?(?:ご?回答|可否|有無|意思)?|(?:ご?参加|ご?出席)の?(?:可否|有無|意思))[】\]]?\s?[:：]?\s?"
    r"(?:(?P<yes>可|有|出|[○〇◯]|ご?出席|ご?参加)|(?:不可|否|無|欠|[×✕]|ご?欠席|不参加))(?:です)?[。.]?$"
)
_OPTIONS = {"①": "出席", "②": "欠席"}  # 「2」 alone may be two people
_CIRCLED = re.compile(f"^([{''.join(_OPTIONS)}])(?:です|[でを]?お願い(?:いた|致)?します)?[。.]?$")
_KANA = {
    **dict.fromkeys(("しゅっせき", "シュッセキ", "ｼｭｯｾｷ"), "出席"),
    **dict.fromkeys(("けっせき", "ケッセキ", "ｹｯｾｷ"), "欠席"),
}
_IN_KANA = re.compile(f"^(?:{'|'.join(_KANA)})")


def bare_words(line: str, ours: re.Pattern[str] | None = None) -> str:
    """Return a line's answer without the politeness around it, as `own_words` reads it; the line itself where there is none.

    `ours`: what else it may begin with, see rsvp_named.py.
    """
    if ours is not None and (lead := ours.match(line)):
        line = line[lead.end() :]
    line = _IN_KANA.sub(lambda word: _KANA[word[0]], line)
    if word := _in_another_form(line) or _changed_to(line):
        return word
    short = _PAPERS.sub("", _WISH.sub("", line))
    if (before := _BEFORE.match(short)) is not None:
        short = short[before.end() :]
    has_reason = _HAS_REASON.search(short) is not None
    while found := _LEAD.match(short) or (has_reason and _REASON.match(short)):
        short = short[found.end() :]
    return _changed_to(short) or short  # 「都合により欠席に変更します」


def _in_another_form(line: str) -> str:
    """Return 出席 or 欠席 where a line is a mark, a field or a circled number for it; "" else."""
    if (circled := _CIRCLED.match(line)) is not None:
        return _OPTIONS[circled[1]]
    if marked := marked_of_pair([line]):
        return marked
    if (field := _FIELD.match(line)) is None:
        return ""
    return "出席" if field["yes"] else "欠席"


def _changed_to(line: str) -> str:
    """Return what an answer is changed to, "" where a line changes none: 「出席から出席に変更」 is no change."""
    if _UNDONE.match(line):
        return "欠席"
    changed = _CHANGED.match(line) or _ARROW.match(line)
    return changed["now"] if changed is not None and changed["was"] != changed["now"] else ""
