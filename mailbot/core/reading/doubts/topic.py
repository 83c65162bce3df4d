"""What a sentence beside the answers speaks of: the answers, who decides about them, or nothing that it names."""

from __future__ import annotations

import re

# What a sentence speaks of, where it is the answers or who decides about them.
_TOPIC = re.compile(
    r"(?P<topic>[^、,。]{1,30}?)(?:に(?:ついて|関して)は?|(?<![とにでてらや])は(?!な[くい]|あり|ござ)|を|も(?!の|し|う)|(?<![すたいくだ])が)(?![い])"
)
_ABOUT_ANSWERS = re.compile(
    r"^(?:[q問]|議案)\s?[0-9]|(?:回答|答え|返答|返事|返信|送信|提出|メール|記入|記載|入力|欄|(?<!電話)(?<!内線)(?<!郵便)(?<!口座)(?<!直通)(?<!会員)(?<!課の)番号|数[字値]|選択肢|[上下]記|以[下上]|(?<![山川木森宮坂村井池三])[上下]|これ|それ|こちら"
    r"|もの|いずれ|すべて|全て|どれ|内容|ほう|取り?扱い|正解|仕方|[読書選]み?[きび]?方|印|議案書?|用紙|回答票|(?:設?問|質問)\s?[0-9]*の[^、。]{1,6}"
    r"|表決|投票|賛否|可否|意見|結論|(?<![国県庁省]の)方針|態度|実際(?:のところ)?|本当(?:のところ)?|^何|賛成|反対|(?:書い|記入し|入力し)たの|決裁|確認|承認|了承|了解|同意|合意|腹|印鑑"
    r"|中身|態度|協議|検討|合議|相談|判断|指示|(?:と|に)して|ここ|今の|分"
    r"|[0-9]と[0-9]|(?:記入|書い)た者|一部|正[誤否]|(?:回答|表決|投票)権|権限"
    r"|理解|続き|本文|委任状?|(?<!封筒の)(?<!書の)(?<!郵便物の)(?:宛?先|宛名)|この(?:問い?|欄|項目|設問|質問)|[当本弊](?:市|町|村|県|区|課|係|室|部|団体|組合|方)|課長|部長|[市町村区]長|上司|係長|議会"
    r"|(?:課長|部長|上司|係長|担当者?|本人|出席者|参加者|[市町村区]長)の(?:予定|都合|日程|意向|考え|判断|了解)|理事会|会議|私|担当者|うち|(?:この|今回の|当該の?|本)件|回答者"
    r"|今年度分|今回|票|単位|桁|ボタン|設?問|質問|意味|意図|趣旨|^市|^町|^[0-9]{1,2}|(?:[q問]|議案)\s?[0-9]{1,3})(?:の?うち|の一部|だけ)?$"
)
_BECAUSE = re.compile(
    "(?:ので|ため|のうえ|の上|上で|てから|(?:まし|で|でし|ま)すが|ましたが|でしたが|だけで)、?|(?:中で|ており|おらず|まして|なく)、"
)
# 「国の方針が固まっていない」: theirs, and a reason of ours.
_OF_OTHERS = re.compile(
    "^(?:国|[都道府]?県|[都府]|政府|[^、。]{1,6}[省庁]|ベンダー|(?:事)?業者|メーカー)の(?:[^、。]{1,6}の)?(?:方針|考え方|制度|動向|基準|仕様|指針|ガイドライン|通知|予算|補助金?|計画)$"
)
# What a question asks for by its own name: 「日程は変更するかもしれません」 beside an answer to 希望の日程.
_ASKED_FOR = re.compile(r"(?:日|日程|期日|時期|日時|金額|額|経費|費用|[一-龠]数)$")


def speaks_of_answers(before: str, asked: str = "") -> bool:
    """Say whether the words before a doubtful one name the answers as what is spoken of, or nothing at all."""
    topic = ""
    for match in _TOPIC.finditer(_BECAUSE.split(before)[-1]):
        topic = match["topic"]
    topic = topic.strip()
    if _OF_OTHERS.search(topic):
        return False
    if not topic or _ABOUT_ANSWERS.search(topic):
        return True
    return topic in asked and _ASKED_FOR.search(topic) is not None
