"""A sentence beside answers that does not stand by them: it doubts them, or speaks of them in words of doubt (ballot.md section 8)."""

from __future__ import annotations

import re

from mailbot.core.reading.doubts.disowned import disowns
from mailbot.core.reading.doubts.topic import speaks_of_answers
from mailbot.core.reading.doubts.words_of_doubt import DOUBTFUL, OF_THE_ANSWERS
from mailbot.core.reading.text.prose import sentences

_FROM_THE_BEGINNING = re.compile(  # 「正式決定は来月の予定です」, 「部長に確認します」, 「右に同じ」
    r"(?:正式な?|最終的?な?)?(?:確定|決定)は[^。]{1,12}(?:です|になり|の予定|となり)"
    r"|で(?:よ(?:い|ろしい)|[良宜]し?い|[合あ]って)[^。]{0,8}か"
    r"|[^、。はがを]{0,8}(?:課長|係長|部長|上司|室長|主幹)[にへ][^。]{0,4}(?:確認|相談)(?:する|が必要|(?:いた|致)?します|して(?:み|おき)ます)"
    r"|[^、。はがを]{0,8}[、,]?\s?(?:課長|係長|部長|上司|室長|主幹|[市町村]長|担当(?:課|者)?)[にへ](?:ご?確認|お?聞|お?尋ね|ご?相談)(?:を|して|いて|いただ)?[^。]{0,4}(?:ください|下さい|願)"
    r"|[当本弊]?[市町村区県課組合団体方]{0,3}も?(?:右に|これと|これに|上記と|隣の?[市町村]と)?(?:同じ|同様|同意見)(?:です|で(?:お願い|す)|。|$)"
)
# 「この番号でよいか、教えてください。」
_SEEKS_APPROVAL = re.compile(
    r"(?:(?<!のみで)(?<!だけで)よ(?:い|ろしい|かった|ろしければ|ければ)|[良宜](?:い|しい|かった)|いい|問題(?!なく)|差し?支え|支障|正し|間違い(?:が)?な[いく]"
    r"|意味にな|[合あ]って|大丈夫|足り|伝わ|通じ|ok|どう|いかが|どちら|どれ)"
    r"[^。]{0,20}(?:(?:か|よ?ね)(?:[、。)?を]|$)|か(?:[はが]?(?:微妙|不明|不安|自信))|\?|教え|見て|確認|承認|送信|提出|受け付け)"
)
# 「どう書くべきかご教示ください」, 「何番を選べばよいでしょうか」: who asks this does not stand by what he wrote.
_ASKS_WHAT_TO_ANSWER = re.compile(
    r"(?:どう|どのように|何(?:番|と)を?|ど(?:れ|ちら)[をで])[^。、]{0,6}(?:書[くけ]|答え[るれ]?|(?:回答|記入)(?:す[るれ])?|選[ぶべ])(?:べき|ば|たら)[^。]{0,10}か"
)
_ASKS_HOW = re.compile("どう(?!でしょう|です|か)|どのよう|何|いつ|いかがお")
_THE_ANSWER = re.compile(
    r"これ|賛成|反対|こちら(?:で|の)|この(?:内容|回答|答え|記入|よう|まま|とおり|通り|形|書き方|番号|理解|解釈)(?!な)|こう|こん?な|(?:以上の|上記|下記|(?<!以)[上下](?=の))(?:で|の)"
    r"|(?:回答|答え|記入|提出|送信)(?!期|先|者|方|様|日|状況|結果)|書き方|この数|番号|数字|選択肢|[0-9]と[0-9]"
    r"|(?:という|との)(?:理解|解釈|認識)で|(?:含め|数え|除い|選ん)で?て?も?(?=よ|[良宜い])"
)
_TO_A_COLLEAGUE = re.compile(
    r"^[^、。\s]{0,6}(?:各?(?:課|係|部|局|室)長|主任|主査|補佐|次長|所長)(?:さん|様|各位|へ|殿)?[、,\s](?!.{0,30}ありがと).{0,30}"
    r"(?:確認|送|出し|返信|返し|チェック|見て|決裁|提出|異議|よろし)"
    r"|(?<!:[0-9]\()(?:庁内限り|部内限り)|^[^、。\s]{1,8}(?:さん|君|くん)(?:へ)?、.{0,20}(?:送って|出して|返信して|回答して|チェック|確認)"
)
_IN_ENGLISH = re.compile(
    r"\b(?:disregard|sent (?:by mistake|in error)|withdraw"
    r"|(?:just|only|merely) an? (?:test|example|sample|trial)|this is an? (?:test|example|sample|trial)"
    r"|last year's|copied from|another (?:city|town|body|municipality)"
    r"|(?:personal|private|own) (?:opinion|view)|subject to|only if|provided that|on condition"
    r"|(?:check|verify) (?:this|it|them)\b|please verify"
    r"|(?:is|if) (?:this|that|it) (?:is )?(?:the )?(?:right|correct)|ignore (?:this|the|my)"
    r"|(?:do not|don't) (?:count|use (?:this|these|my))"
    r"|not (?:yet |so |quite )?(?:approved|decided|sure|certain|confirmed|official|final|the official)"
    r"|not (?:our|my|the|a) (?:\w+ )?(?:final|official|own|answers?)|have not (?:yet )?decided"
    r"|pending|tbc|to be (?:confirmed|decided|approved)|draft|tentative"
    r"|(?:may|might) (?:be wrong|change|not be)|someone else|(?:answers?|reply|response) will follow"
    r"|(?:answers?|replies|reply|response) (?:above |below )?(?:is|are) (?:wrong|for practice|not valid"
    r"|invalid)|random (?:numbers?|answers?)"
    r"|wrong (?:survey|answers?|form|person)|guess(?:ed|ing)?|made up|placeholder)\b"
)
_ASTRAY = re.compile(
    r"\bif you\b|intended recipient|received (?:this|it)[^.]{0,30}(?:in error|by mistake)|sorry|apolog|confidential"
)
_WHOSE = re.compile(
    r"(?:上記|下記|以下|以上|これ|こちら|[上下]の(?:回答|答え|記入|内容)|この(?:回答|答え|記入|内容)|回答欄|記入(?:内容)?|回答|数[字値]|番号)は、?"
    r"(?P<of>[^、。はが]{1,16})の(?:もの|回答|答え|分|記入|意見|考え|見解|希望|判断|データ)(?:です|でし|で、|であ|とな|にな|。|$)"
    r"|^(?P<alone>[^、。は]{1,16})の(?:判断|レベルの|独断|個人的な?(?:意見|考え|見解)|ご?(?:意見|考え|見解)|分|もの)(?:です|でした|で、)"
)
_OUR_OWN = re.compile(
    r"(?<!担)当|(?<![一-龠])本(?!人)|弊|我々|私ども|わたくし|として|(?:市|町|村|区|県|府|都|道|組合|広域連合|団体|課|部|係|室|局|長|全体|最終|正式|確定|最新|今回|先|上|下)$"
)
_BEFORE = re.compile(
    r"[\s(（【\[「『※*・■●↓→←⇒<＜〈:>|»}#-]*(?:(?:なお|また|ただし?|但し|ちなみに|現時点では|現在は?|現状は?|今は|当面|一応|取り急ぎ(?!の)|恐れ入りますが|すみませんが?)"
    r"[、,]?\s?)?"
)
# An earlier reply is what is corrected, by this one: 「先ほどの回答に誤りがありましたので、訂正します」, 「下記のとおり差し替えます。」
_REPLACES = re.compile(
    r"(?:先ほど|さきほど|先程|さっき|先に|前回|先日|昨日|以前|今朝)(?:は|に|、)?(?:お?送(?:り|付|信)し"
    r"|(?:提出|返信|ご?回答)(?:(?:いた|致)?し)?)?(?:まし)?た?の?(?:ご?回答(?:票|内容)?|お?答え|返信|メール|表決|投票)(?:[をはにが]|ですが)、?"
    r"(?:(?:以下|下記|次)の(?:とおり|通り)に?|(?:一部|内容)[をに]?)?、?(?:訂正|修正|変更|差し?替え?|取り?消し?|撤回|破棄|無視|削除|誤り|間違い|不備)"
    r"(?:が(?:あり|ござい)まし(?:た|て)|でし(?:た|て)|(?:を|と)?(?:(?:いた|致)?し(?:ます|まし[たて]|て(?:ください|下さい))|させて(?:いただき|頂き)ます"
    r"|お?願い(?:いた|致)?します)|ます)"
    r"(?:ので|ため|から)?(?:、(?:以下|下記|次|この)?[^。]{0,8}(?:訂正|修正|再送|再回答|差し?替え|お?送り)[^。、]{0,12}ます)?[。.]?"
    r"|(?:(?:ご?回答|お?答え|番号|内容|数[字値])(?:の一部)?を)?(?:一部)?(?:訂正|修正|変更)(?:(?:いた|致)?しまし(?:た|て[、。]?(?:ご?返信|再送|お?送り)(?:(?:いた|致)?し)?ます)|して(?:ご?返信|再送|お?送り)(?:(?:いた|致)?し)?ます)[。.]?"
    r"|(?:(?:以下|下記|次)の(?:とおり|通り)(?:に)?、?|(?:ご?回答|お?答え)を、?)?(?:差し?替え(?:ます|させて(?:いただき|頂き)ます|を?お?願い(?:いた|致)?します))[。.]?"
    r"|(?:数[字値]|ご?回答|お?答え|内容|記[入載]|入力|金額|番号|日付)(?:内容)?に(?:一部)?(?:誤り|間違い|誤記)が(?:あり|ござい)まし(?:た|て)(?:ので|ため)?、?"
    r"(?:(?:以下|下記|次)の(?:とおり|通り)に?、?)?(?:訂正|修正|変更)(?:を?お願い(?:いた|致)?します|(?:いた|致)?します|させて(?:いただき|頂き)ます)[。.]?"
)
_EARLIER_DONE = re.compile(
    r"^(?!.*(?:(?:まし|ます|ません)が|後日|後ほど|のちほど|追って|改めて|あらためて|[一-龠](?:前|中|待ち)の?(?:も|回|案|段|で|、)|仮の|未[定確決承了]|控え|写し|見ながら"
    r"|(?<![議原])案[でのを]))[^。]*(?:先ほど|さきほど|先程|さっき|前回|先日|昨日|前の|以前|午前|今朝)[^。]*"
    r"(?:ました|(?<!て)(?:追加|再送|訂正|修正|変更|取り?消し?|送[りっ]?)(?:(?:いた|致)?し)?ます)。?$"
)
_IN_CASE = re.compile(
    r"[^、。]*(?:(?<!間違ってい)(?:たら|れば|場合[はに]?|(?<!実)際|(?<!の)ところ)、?[^。]{0,16}(?:ください|下さい|連絡|問い?合わせ|お送り|願|幸い|知らせ|ご?指摘|教示"
    r"|不要|改めて(?!、?正式)|どう(?!か)|禁)|(?:誤|間違)って(?:受信|お?受け取|届)[^、。]{0,8}方は)[^。]*"
)  # the clause and what follows: 「仮の回答ですので、変更があればご連絡ください」 doubts before it
# Taken out before words of doubt are looked for: what says that all is well, of whom a mail is, what others do, and what is quoted.
_SETTLED = re.compile(
    r"「[0-9]{1,2}[.、\s][^」]{1,60}」|「[^」]{1,60}」(?=と[のいっ]|が聞|という)"
    r"|(?:間違い|誤り|漏れ|相違|変更|訂正|修正)(?:は|が|等)?(?:な[いく]|あり?ません|ござい(?:ません|ましたら)|ありましたら|があれば)"
    r"|個人の?[^。]{0,6}では?(?:ありません|ない)|変わり(?:は|が)?(?:ありません|ません|ない)|になりました|変わりましたので"
    r"|(?<!ので、)(?<!ため、)(?<!から、)(?:本|当|この)(?:電子)?メール[はを][^。]{0,12}(?:削除|破棄)"
    r"|(?:本|当|この)(?:電子)?メ(?:ール|ッセージ)(?:は|に|が)[^。]{0,20}(?:送信され|受信|添付|検査|スキャン|自動|配信)[^。]{0,16}"
    r"|(?:回答(?:欄|票|用紙)|調査票|枠|票)(?:だけ|のみ|の部分|の所)?を[^。、]{0,8}貼り?付け(?:ます|ました|て)"
    r"|^(?:以下、?)?ご?参考までに(?:申し添え|書き添え|付記|お知らせ|ご報告|添付)|(?:カッコ|括弧|枠|欄)の?(?:外|後ろ|中|前|横|下)に(?:書い|記入し|入力し)てしま"
    r"|^ご?参考(?:ですが|になるか(?:どうか)?は?(?:分|わ)かりませんが)、"
    r"|(?:参考に|お役に)(?:なら|立(?:て|た))ないかも|遅くなるかも|(?:[遅長]く|ぎりぎり|間際|直前|[朝夕夜日月時回方]|最終)に?なってしま"
    r"|(?:いただい|頂い|戸惑っ|迷っ|かかっ|見落とし|見過ごし|待たせし?|過ぎ|おかけし)てしま"
    r"|(?:他|隣|近隣)(?:の|する)?[^。]{1,12}(?:参考|知りた|教え|踏まえ|状況(?!です|でした)|楽しみ|拝見|見られ|うれし|嬉し)|やはり|やっぱり"
)
# What a gateway does with mails, and whom a footer speaks to: no word in it is about the answers.
_FOOTER = re.compile(
    r"無断(?:での|で)?(?:複製|転載|転用|転送|開示|使用)|(?:本|当|この)(?:電子)?メール[^。]{0,30}(?:責任を負|法的拘束|改ざん|届いた場合|変換され|取り消されること|情報提供を目的|(?:契約|承諾|申し?込み?)[^。]{0,8}意味するものでは|返信(?:される|の際))|誤(?:送|配)信(?:の?防止|対策)|心当たりのない"
    # 「予約の変更・取消しはコールセンターまで」
    r"|(?:^|[、の])(?:申し?込み?|予約|変更|取り?消し?|キャンセル|訂正)(?:[・、や](?:申し?込み?|予約|変更|取り?消し?|キャンセル|訂正)){1,3}(?:等)?は、?[^。]{1,20}(?:まで|へ)(?:お[^。]{1,12})?[。.]?$"
)
# 「条例の見直しを進めています」, 「名簿の差し替えをお願いします」: done to something else.
_DONE_TO = re.compile(
    r"(?:最中|途中|素案|試案|草[案稿]|[たた]たき台|見本|概算|速報|見直|差し?替|訂正|修正|直し|取り?消|撤回|キャンセル|変更)"
)
_OF_WHAT = re.compile(r"(?P<what>[^、,。\s]{1,20})の$")
_YEARS_BEFORE = ("昨年", "前年", "前回", "去年")


def doubts(line: str, asked: str = "") -> bool:
    """Say whether a line beside the answers says that they are not settled, another's, a mistake, or up for approval.

    `asked`: the words of the survey's title and questions; a day or figure that they ask for is the answer, too.

    A word such as 確認中 says so only where its sentence speaks of the answers or of nothing: 「日程は調整中です」 and
    「庁舎の移転が未定のため」 are about other things.
    """
    return any(_doubts(sentence, asked) for sentence in sentences(line))


# 「別件ですが、変更届は追ってお送りします。」, where it speaks of no answer.
_ANOTHER_MATTER = re.compile(
    r"\s*(?:なお、?|また、?)?(?:別件|話は変わ|余談|ところで|さて)(?!.*(?:回答|答え|返[事信]|表決|議案|賛|反対|番号|上記|下記|[q問][0-9]))"
)
# 「ただ、広報課では使っているようです。」
_TURNS_AWAY = re.compile(
    "(?:ただ|しかし(?!ながら)|とはいえ|もっとも)、(?!.*(?:感謝|ありがと|助か|お世話|よろし|楽しみ))"
)


def _doubts(sentence: str, asked: str) -> bool:
    if _TURNS_AWAY.match(sentence):
        return True
    if _ANOTHER_MATTER.match(sentence):
        return False
    begin = _BEFORE.match(sentence)
    said = sentence[begin.end() if begin else 0 :]
    approval = _SEEKS_APPROVAL.search(said)
    if approval and not _ASKS_HOW.search(said) and (_THE_ANSWER.search(said) or approval.start() == 0):
        return True
    if _ASKS_WHAT_TO_ANSWER.search(said):
        return True
    if _TO_A_COLLEAGUE.search(said) or (_IN_ENGLISH.search(said) and not _ASTRAY.search(said)):
        return True
    if _FOOTER.search(said):
        return False
    if disowns(said):
        return True
    whose = _WHOSE.search(said)
    of_another = whose is not None and not _OUR_OWN.search(whose["of"] or whose["alone"])
    of_another = of_another or _FROM_THE_BEGINNING.match(said) is not None
    if not (of_another or OF_THE_ANSWERS.search(said) or DOUBTFUL.search(said)):
        return False
    if _REPLACES.fullmatch(said) or _EARLIER_DONE.search(said):
        return False
    left = _SETTLED.sub("", _IN_CASE.sub("", said))
    for year in _YEARS_BEFORE:
        left = left.replace(year, "") if year in asked else left  # what the survey asks about
    return (
        of_another
        or OF_THE_ANSWERS.search(left) is not None
        or any(
            speaks_of_answers(left[: word.start()], "" if "空欄" in left else asked)
            for word in DOUBTFUL.finditer(left)
            if not _is_done_to_another(left[: word.start()], word[0])
        )
    )


def _is_done_to_another(before: str, word: str) -> bool:
    """Say whether a word of revision is said of what stands right before it, and that is not the answers."""
    of = _OF_WHAT.search(before) if _DONE_TO.match(word) else None
    return of is not None and not speaks_of_answers(f"{of['what']}を")
