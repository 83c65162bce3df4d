"""A sentence beside answers that doubts them: what it speaks of, and that this is not settled (ballot.md section 8)."""

from __future__ import annotations

import re
import unicodedata

from mailbot.core.reading.disowned import disowns

LONGEST_SENTENCE = 200  # characters; a doubt stands in a short one, and the patterns below stay cheap

_DELIBERATION = (
    "確認|協議|調整|検討|審議|審査|決裁|上申|照会|起案|回議|回覧|稟議|精査|集計|相談|合議|承認|了承|報告|説明"
)
_PENDING = re.compile(
    rf"(?:(?:{_DELIBERATION})(?:[中前]|待ち)|未(?:定稿?|確定|確認|決定?|決裁|了|承認|協議|調整|集計|回答|完成)"
    r"|下書き|草稿|草案|素案|試案|[た叩]たき台|(?:記入|回答|入力|記載)?(?:見本|例)(?![年外]|とし)|サンプル|ダミー|(?<![一-龠ァ-ヶー])(?:テスト|練習|試し書き)"
    r"|(?<![一-龠])仮(?:のもの|置き)?|暫定(?:のもの|値)?|(?:回答)?(?:控え|メモ(?:書き)?)|写し|参考(?:扱い|まで|値|程度))"
    r"\s?(?=です|でし|でござ|であ|のため|の(?:もの|ご?回答|お?答え|内容)|なの|につき|だ|と(?:な|し)|に(?:つき|な)|段階|[」)】\]。、.!]|$)"
)
_NOT_YET = re.compile(
    r"(?<!まだ)まだ(?!まだ).{0,12}(?:決[まめっ]|確[定認]|数え|表決|投票|回答|答え|承認|了承|出[しさ]|提出|済んで|下り|得られ|取れ|です|でし)"
    r"|(?:数え|(?:集計|カウント|反映|採用|登録|公表)し)ないで"
)
# Half done, without authority, by guess, or to be replaced.
_UNSETTLED = re.compile(
    r"(?:途中|段階|作業中|道半ば)(?:の(?:もの|回答|お?答え|状態))?(?:です|で(?:送|返)|であ)|(?:決定|結論|合意|確定)(?:に|まで)は?至(?:っ|り)|(?:変わり|変更し)得|後で(?:直|修正|訂正|変え)|差し?替え(?:予定|ます|る予定|になり)"
    r"|要(?:修正|訂正|見直し|差し?替え|相談|確認|承認)(?:です)?$|(?:判断|指示|決裁|意向|裁可|了解)を(?:仰|待っ|伺[いっ])|(?:議決|承認|決裁|判断|指示|裁可)(?:を|の結果を)(?:待|受けて(?:から|改))"
    r"|見なかったこと|無かったことに|なかったことに|続きは.{0,8}(?:送|回答|提出|記入)|(?:とりあえず|適当に|いい加減に|あてずっぽうで|勘で|当てずっぽうで)(?:埋め|書[いき]|記入|選[びん])|方が(?:[い良]い|適切|妥当|正し)[^。]{0,6}かも"
    r"|(?:庁内|内部|課内)?(?:検討(?:用|資料)|協議用)|(?:正誤|真偽|正否|正確さ)は|定かで(?:は|も)?(?:な|あり)|誰にも(?:相談|確認|了解)|(?:相談|協議|照会|報告)(?:は|も|を)?(?:まだ)?して(?:い|お)り?(?:ません|ない)"
    r"|(?:本番|正式|確定版?)の?(?:ご?回答|お?答え|もの)は、?(?:別|後|改|追)|(?:昨年|前年|前回|去年)度?の(?:ご?回答|お?答え|もの|デ?ータ|数[字値])を(?:貼|コピー|そのまま|流用|転記|写)|(?:間違えて|誤って)(?:押|ボタン|クリック)|途中で(?:送信|返信)(?:され|し)"
    r"|^(?:予算|議会|首長|[市町村区]長|財政)(?:の?(?:判断|意向|状況))?次第(?:です|で)"
    r"|(?:とりあえず|取り急ぎ|さしあたり|当座|現時点で)の(?:ご?回答|お?答え|意向|考え|見解|案)(?:です|で、|であ|と)|(?:第[一二1-9]報|中間報告|途中経過)(?:です|で、|であ|と)|(?:最終|確定|完成)(?:版|値|稿|的な(?:もの|回答|お?答え))?では(?:な|あり|ござい)"
    r"|^(?:なお、?|念のため、?)?(?:確定|決定)は[^。]{1,12}(?:です|になり|の予定|となり)|(?:後で|あとで|のちほど)[^。]{0,4}(?:変え|変わ|直)"
    r"|(?:相談|協議|確認|検討)(?:の|した)?(?:うえ|上)で?、?(?:改めて|あらためて|後日|再度)|(?:議決|承認|決裁|決定|同意)の?後に?、?(?:正式に|改めて)?(?:表決|回答|投票|返信|お?答え)|(?:下り|出|得られ|済み|終わり?|取れ)(?:ましたら|たら|次第)、?[^。]{0,6}(?:回答|お?答え|表決|返信|確定)"
    r"|(?:承認|決裁|合議|協議|稟議|了解|確認|議決)[がはも](?:まだ)?(?:下り|済ん|終わっ|得られ|取れ|完了し)[てで]?(?:い|お)?(?:ません|ない|りません)|(?:ご?回答|お?答え|入力|連絡|返事)待ちです"
)
# Figures in the wrong place, answers that are to be read otherwise.
_SHIFTED = re.compile(
    r"読み?替え(?:て|を|願)|(?:番号|選択肢|回答|お?答え|行|欄|順番|一つ|1つ)(?:が|は|も)?(?:全て|すべて|一つ|1つ)?(?:ずれて|ずれま|逆(?:です|に|で)|入れ替わ|食い違)"
)
# The answer is sent in another way, is asked about, or is not his.
_ELSEWHERE = re.compile(
    r"(?:ご?回答|お?答え|表決)(?:は|を)[^。]{0,8}(?:別の?メール|別便|電話|fax|ファ[クッ]ク?ス|郵送|公文|文書)(?:で|にて)|^(?:お?電話|fax|ファ[クッ]ク?ス|郵送|公文書?)(?:で|にて)、?(?:ご?回答|お?答え|お?返事|お?送り|送)(?!いただ|くだ|下さ|願|頂)"
    r"|^(?:(?:これ|本件|このメール)は、?)?(?:ご?回答|お?答え)では(?:なく|な[いし]|あり)|(?:ご?回答|お?答え)は(?:不要|必要な)[^。]{0,4}(?:と(?:聞|伺|の)|では)|(?:質問|問|設問|選択肢|趣旨)の(?:意味|意図|趣旨)[がを][^。]{0,8}(?:分か|わか|理解|つか|不明)|^(?:担当(?:者)?では?な[^。]{0,8}|よく|正直|私には|判断が?|詳しくは)?(?:分か|わか)り(?:ません|かねます)"
    r"|(?:別|他|隣|よそ|近隣)の?(?:市|町|村|区|県|課|団体|自治体|調査)の(?:もの|分|ご?回答|お?答え|データ|内容)[をが](?!参考|踏まえ|見)|(?:こちら(?:の(?:メール|ご?回答|返信))?|これ|この(?:メール|ご?回答|返信|お?答え))[はを][^。]{0,4}(?:不要|使わない|採用しない|お捨て|捨てて)"
    r"|^(?:当|本|弊)?[市町村区県課組合団体方]{0,3}も?(?:右に|これと|これに|上記と|隣の?[市町村]と)?(?:同じ|同様|同意見)(?:です|で(?:お願い|す)|。|$)|(?:前回|先(?:日|ほど)?|以前|先に送った)の?[^。]{0,4}(?:ご?回答|お?答え|表決|返信|委任状?|方)[をが][^。]{0,4}(?:有効|優先|正し|正です|生か|活か)"
    r"|(?:[市町村区県課]|組合|団体)(?:として)?の(?:ご?回答|お?答え|表決|意見)では(?:ありません|ございません|ない|なく)|(?:課長|係長|部長|上司|室長|主幹)[にへ][^。]{0,4}(?:確認|相談)(?:する(?:こと)?|のこと|を要|が必要|要|予定)"
)
# Taken back by name: 「キャンセルでお願いします」, 「Q1は取り下げます」, 「訂正があります」.
_RECALLED = re.compile(
    r"キャンセル(?:で|を|し(?!た)|願)|取り?下げ(?:ます|て|を|願|と)|(?:訂正|修正|誤り|間違い)が(?:あり|ござい|見つか)(?!ましたら|ません)|(?:送り|送信)間違|(?:以外|のみ|だけ)[はが]?(?:、)?(?:確定|正式)|(?:のみ|だけ|は)、?(?:後日|改めて|あらためて|後ほど|別途|追って)、?(?:正式に)?(?:返信|提出|差し?替え)(?:を)?(?:いた|致)?し(?!まし?た|た)"
)

# What is said of the answers themselves is a doubt unless it is one of the things that are always said of them.
_OF_THE_ANSWERS = re.compile(
    r"(?:↑(?!の)|上(?:記)?(?:は|が)|下(?:記)?(?:は|が)|(?:この|本|当|以上の|[上下](?:記の?|の)|先の|今の|今回の)(?:回答|お?答え|返信|送信|内容|記入|数[字値]|番号)(?:は|が|を|に|で|も)"
    r"|これ(?:は|が|で(?!、))|今のは|(?:ご?回答|お?答え|数[字値])(?:は|が|を)|(?:集計|カウント)(?:から|に|は|を)|(?:(?:送信|送付|提出|宛て?)先|宛て)を)"
)
_ALWAYS_SAID = re.compile(
    r"とおり|通り|以上|は、?(?:以下|次|下記|こちら)(?:です|で?す?。?$|に(?:なり|記))|遅[くれ]|お待たせ|恐縮|恐れ入り|申し訳|失礼|問題(?:は|が)?(?:あり|ござい)ません|相違|間違い(?:は|が)?(?:な[いく]|あり|ござい)|確定(?:です|し(?:ま|た)|版)|最終|正式"
    r"|(?:決裁|承認|了承|了解|確認|協議)(?:済|を?(?:経|得|受け|いただ|頂)|し(?:まし)?た|の?結果)|として|総意|同じ|同様|参考に(?:し|さ)|踏まえ|検討|不要|及びません|ありがとう|お待ち|お?願い|ください|下さい"
    r"|(?:回答|返信|返答|送付|送信|提出|報告|連絡|作成|記入|入力|添付|同封|登録|記載|依頼|共有|転送|返送|変更|訂正|修正)(?:を?(?:する|(?:いた|致)?し|させ|申し上げ)|済)|お?(?:送り|伝え|返し)|をもって|まとめ(?:まし|て|た(?:もの)?で)"
    r"|[0-9]|はい|いいえ|賛成|反対|棄権|(?:課|係|室|部|局|市|町|村|区|県|組合|団体)の(?:回答|お?答え|意見|もの|分)(?:です|でした)|どう|何|いつ|誰|なぜ"
)
_TAKEN_BACK = re.compile(
    r"^(?:やはり|やっぱり|↑|上(?:記)?は)?[、,]?\s?(?:やめ(?:ます|ました|ておき)|違い(?:ます|ました))[。.]?$|^(?:やはり|やっぱり|↑|上(?:記)?は)[、,]?\s?[無な]し(?:で|です)?[。.]?$|(?:ご?回答|お?答え)[はを][^。]{0,20}(?:破棄|無視|削除)(?:して|願)|忘れて(?:ください|下さい)|(?:送信先|宛て?先|相手)を?(?:間違|誤)"
    r"|(?:集計|カウント)から(?:は)?(?:外|除)|(?:ミス|誤り|間違い|漏れ|誤解|勘違い)[^。]{0,10}(?:かも|可能性|恐れ|おそれ)|(?:によって|次第で)は?[^。]{0,6}変わ|^(?:[^。、個私]{0,12}の)?(?:ご?回答|お?答え|表決|投票|分)では?(?:ありません|ございません|ない(?:です|。|$))|^変わるかも|権限(?:は|が)[^。]{1,12}に(?:あり|ござい)|(?:権限|所管)(?:が|は|では|で)?(?:な[いくし]|あり?ません|外)"
    r"|(?:案|[た叩]たき台|下書き|草稿)を(?:お?送|送付|提出|共有)|(?:下記|以下|次|上記|これ|この内容)[^。]{0,10}(?:回答|提出|返信|お?答え)(?:する|を)?予定"
    r"|案を(?:お?送|提出)|差し控え|見送ら|委任状.{0,10}(?:後日|別途|追って|後ほど)"
)
# 「議会の議決が得られれば、次のとおりとします」
_IF = re.compile(
    r"(?:場合|れば|たら|なら(?:ば)?)(?:の(?:ご?回答|お?答え)(?:です|でした)|、?(?:次|以下|下記|上記)の(?:とおり|通り|ご?回答|お?答え|内容))"
)
_TO_A_COLLEAGUE = re.compile(
    r"^[^、。\s]{0,6}(?:課長|係長|部長|局長|主任|主査|補佐|次長|所長)(?:へ|殿)?[、,\s](?!.{0,30}ありがと).{0,20}(?:確認|送って|出して|返信して|チェック|見て|決裁)"
    r"|^[^、。\s]{1,8}(?:さん|君|くん)(?:へ)?、.{0,20}(?:送って|出して|返信して|回答して)"
)
_IN_ENGLISH = re.compile(
    r"\b(?:disregard|sent (?:by mistake|in error)|withdraw|this is (?:just |only |merely )?an? (?:test|example|sample|trial)|(?:just|only) (?:a|an) (?:test|example|sample)|last year's|another (?:city|town|body|municipality)|(?:personal|private|own) (?:opinion|view)|subject to|only if|provided that|on condition|check (?:this|it) before|is this (?:the )?(?:right|correct)|not (?:the )?official|ignore (?:this|the|my)|(?:do not|don't) count|not (?:yet |so |quite )?(?:approved|decided|sure|certain|confirmed|official|final)|pending|tbc|to be (?:confirmed|decided|approved)|draft|tentative)\b"
)
_ASTRAY = re.compile(
    r"\bif you\b|intended recipient|received (?:this|it)[^.]{0,30}(?:in error|by mistake)|sorry|apolog"
)
_A_JUDGEMENT = re.compile(
    r"^(?P<whose>[^、。は]{1,16})の(?:判断|独断|個人的な?(?:意見|考え|見解)|ご?(?:意見|考え|見解))(?:です|でした)"
)
_LATER = re.compile(
    r"(?:後日|追って|改めて|あらためて|別途|後ほど|来週|来月|明日|週明け|(?:[まと決固]まり|確定|確認|決定)次第|[0-9]日(?:まで)?に)"
    r".{0,10}(?:回答|答え|返答|返事|表決|投票)(?:を?(?:する|(?:いた|致)?し(?!まし?た|た)|させ|予定|でき|申し))"
)
_MISTAKEN = re.compile(
    r"誤って(?:回答|返信|返送|送|提出|記入|入力)|(?:間違え|間違って)(?:て)?(?:回答|返信|送|提出|記入|入力)|誤(?:送信|記入|回答|返信)"
    r"|(?:撤回|取り?消|無効に?)(?:(?:いた|致)?し(?!まし?た|た)|を|とし|願)"
)
_ANOTHERS = re.compile(
    r"(?:上記|下記|以下|以上|これ|こちら|[上下]の(?:回答|答え|記入|内容)|この(?:回答|答え|記入|内容)|回答欄|記入(?:内容)?|回答|数[字値]|番号)は、?"
    r"(?P<whose>[^、。はが]{1,16})の(?:もの|回答|答え|分|記入|意見|考え|見解|希望|判断|データ)(?:です|でし|で、|であ|とな|にな|。|$)"
)
_OUR_OWN = re.compile(
    r"(?<!担)当|本(?!人)|弊|我々|私ども|わたくし|として|(?:市|町|村|区|県|府|都|道|組合|広域連合|団体|課|部|係|室|局|長|全体|最終|正式|確定|最新|今回|先|上|下)$"
)
_SEEKS_APPROVAL = re.compile(
    r"(?:よ(?:い|ろしい|かった)|[良宜](?:い|しい|かった)|いい|問題(?:は|が)?(?:な|あり)|差し?支え|支障|正し|[合あ]って|大丈夫|間違い|足り|ok|どうで|いかがで)"
    r"[^。]{0,14}(?:か|\?)[。)]?$"
)
_ASKS_HOW = re.compile("どう(?!でしょう|です|か)|どのよう|何|いつ")
_THE_ANSWER = re.compile(
    r"これ|(?:この|以上の|上記|下記)(?:で|の?(?:内容|回答|答え|よう|まま|とおり|通り|形|書き方|記入))|このように|(?:回答|答え|記入|提出|送信)(?!期|先|者|方|様|日|状況|結果)|書き方"
)
# What a sentence speaks of, where it is the answer or who decides about it.
_ABOUT_ANSWER = re.compile(
    r"(?:回答|答え|返答|返事|返信|送信|提出|メール|記入|記載|入力|欄|番号|上記|下記|以下|以上|[上下]|これ|それ|こちら|もの|内容|表決|投票|賛否|可否|意見|結論|方針|態度"
    r"|決裁|確認|承認|了承|了解|協議|検討|合議|(?:と|に)して|ここ|この(?:問|欄|項目|設問|質問)|回答者|[当本弊](?:市|町|村|県|区|課|係|室|部|団体|組合|方)|課長|部長|[市町村区]長|上司|係長"
    r"|(?:[q問]|議案)\s?[0-9]{1,3})(?:の?うち|の一部)?$"
)
_TOPIC = re.compile(
    r"(?P<topic>[^、,。]{1,30}?)(?:に(?:ついて|関して)は?|[はを]|も(?!の)|(?<![すたいくだ])が)(?![い])"
)
_LEADING = re.compile(
    r"[\s(（【\[「『※*・■●↓→←⇒<＜〈:>|»}#-]*(?:(?:なお|また|ただし?|但し|ちなみに|現時点では|現在は?|現状は?|今は|当面|一応|取り急ぎ|恐れ入りますが|すみませんが?)[、,]?\s?)?"
)
_EARLIER = re.compile(r"先ほど|さきほど|先程|さっき|前回|先日|昨日|前の|以前|午前|今朝")
_EARLIER_DONE = re.compile(r"(?:先ほど|先程|前回|先日)[^。]{0,16}(?:しました|ました。?$|いただ)")
_IN_CASE = re.compile(r"たら|れば|場合|際|よう|ところ")
_SENTENCE = re.compile(r"[^。!?\n]{1,200}[。!?]?")
# Without one of these no sentence doubts an answer: what most members write need not be looked at further.
_ANY = re.compile(
    "認中|議中|整中|討中|査中|裁中|申中|会中|覧中|計中|談中|承中|告中|明中|認前|議前|整前|討前|査前|裁前|申前|会前|覧前|計前|談前|承前|告前|明前|待ち|未|まだ|下書き|草|案|台|委任状|見本|例|仮|暫定|サンプル"
    r"|ダミー|テスト|練習|試し|後日|追って|改めて|あらためて|別途|後ほど|控え|見送ら|メモ|参考|↑|やめ|違い|なし|無し|忘れて|間違|外し|除い|ミス|漏れ|変わ|権限|所管|主任|主査|補佐"
    "|判断|独断|意見|考え|見解|先を|宛てを|記が|下が|上が|答が|えが|容が|入が|答を|えを|の内容|本内容|入を|答に|えに|答で|答も|字は|値は|号は|今のは|集計|カウント|えでは|分では|決では"
    r"|票では|えでな|分でな|予定|の結果|長[、,へ殿\s]|(?:さん|君|くん)[、へ]|(?:れば|たら|なら)[、次以下上の]|ならば|中の|いかが|破棄|無視|し得|途中|段階|作業中|道半ば|至っ|至り|得ま|得る|後で|替え|要訂正|要見直|要相談|要承認|指示を|決裁を|意向を"
    "|裁可|議決|承認を|承認の|かったことに|続きは|とりあえず|っぽうで|勘で|かも|検討用|検討資料|協議用|真偽|正否|定か|誰にも|本番|正式|確定|貼|コピー|そのまま|流用|転記|写|訂正版|正し|今後|回し|ではなく|場合|ない"
    "|無い|なけ|なかっ|かけ|ません|を待って|承認され|決ま|決定し|可能性|ことがあ|最終|本当|加減|確認|提出し|異議|伝え|ドラフト|適当|推測|想像|見当|でたらめ|分から|わから|違え|誤|つもり|聞い|聞か|伺っ|記憶|はず"
    "|たぶん|多分|おそらく|恐らく|と思い|と思わ|正確|入れ替わ|もし|しかね|できかね|辞退|見合わせ|遠慮|立場|公式|私見|内々|内定|了解|許可|同意|稟議|諮|これから|割れ|分かれ|まとま|そろ|揃|届|見てから|後に|最新"
    "|別便|気が変|直し|直す|やはり|やっぱり|とき|時に|時だ|時の|前提|条件|得られ|認められ|通っ|可決|当市|本市|うちの|自分の|他の|他市|隣|転送|代わりに|旧|古い|去年|昨年|前年|前回|令和|今年|今回|庁内限|部内限"
    "|修正|計上|数え|数に|よいか|良いか|宜しいか|いいか|合って|こう|保留|レベル|前任|is this|by mistake|in error|withdraw|this is|just a|only a|last year|another "
    "|opinion|view|subject to|only if|provided|condition|check |official|disregard|ignore |n't count|not |pending|tbc|to be "
    "|draft|tentative|来週|来月|明日|週明け|次第|日に|日までに|撤回|消|無効|記は|下は|上は|れは|らは|答は|えは|容は|入は|欄は"
    "|りあえずの|取り急ぎの|さしあたり|当座の|時点での|報で|告です|版では|値では|稿では|的なもの|的な回|的な答|的なお|定は|あとで|のちほど|うえ|上で|上、|の上|後、|後表|後回|後投|下り"
    "|済ん|終わ|取れ|完了し|読替|読み替|ずれ|逆|入れ替|食い違|メールで|電話|fax|ファ|郵送|公文|文書|ではあ|ではご|不要|必要な|意味|意図|趣旨|分か|わか|別の|よそ|捨て|同じ|同様"
    "|有効|優先|正です|生か|活か|するこ|のこと|を要|キャンセル|取り下げ|取下げ|正があ|りがあ|いがあ|正がご|りがご|いがご|見つか|以外|のみ|だけ"
)
_ASKS = re.compile(r"か[。)）]?\s*$|[?？]", re.MULTILINE)


def may_doubt(text: str) -> bool:
    """Say whether a text holds a word without which none of its lines doubts an answer."""
    asks = "か" in text or "?" in text or "？" in text
    return _ANY.search(text.casefold()) is not None or (asks and _ASKS.search(text) is not None)


def doubts(line: str) -> bool:
    """Say whether a line beside the answers says that they are not settled, another's, a mistake, or up for approval.

    A word such as 確認中 says so only where its sentence speaks of the answer or of nothing: 「日程は調整中です」 and
    「庁舎の移転が未定のため」 are about other things.
    """
    if not may_doubt(line):
        return False
    folded = unicodedata.normalize("NFKC", line[: 5 * LONGEST_SENTENCE]).casefold()
    return any(_sentence_doubts(each[0]) for each in _SENTENCE.finditer(folded))


def _sentence_doubts(sentence: str) -> bool:
    begin = _LEADING.match(sentence)
    said = sentence[begin.end() if begin else 0 :].strip()
    if (
        not _ASKS_HOW.search(said)
        and _SEEKS_APPROVAL.search(said)
        and (_THE_ANSWER.search(said) or _SEEKS_APPROVAL.match(said))
    ):
        return True
    if _IN_ENGLISH.search(said) and not _ASTRAY.search(said):
        return True
    if _TAKEN_BACK.search(said) and not _EARLIER.search(said) and not _IN_CASE.search(said):
        return True
    if _IF.search(said) or _TO_A_COLLEAGUE.search(said) or disowns(said):
        return True
    if _OF_THE_ANSWERS.match(said) and not (
        _ALWAYS_SAID.search(said) or _EARLIER.search(said) or _IN_CASE.search(said)
    ):
        return True
    another = _ANOTHERS.search(said) or _A_JUDGEMENT.search(said)
    if another and not _OUR_OWN.search(another["whose"]):
        return True
    for pattern in (_SHIFTED, _ELSEWHERE, _RECALLED):
        if pattern.search(said) and not _EARLIER_DONE.search(said) and not _IN_CASE.search(said):
            return True
    if (mistaken := _MISTAKEN.search(said)) and not _EARLIER.search(said) and not _IN_CASE.search(said):
        return _speaks_of_answer(said[: mistaken.start()])
    if (later := _LATER.search(said)) and not _IN_CASE.search(said):
        return _speaks_of_answer(said[: later.start()])
    for pattern in (_PENDING, _NOT_YET, _UNSETTLED):
        if (found := pattern.search(said)) and _speaks_of_answer(said[: found.start()]):
            return True
    return False


def _speaks_of_answer(before: str) -> bool:
    """Say whether the words before a doubtful one name the answer as what is spoken of, or nothing at all."""
    topic = ""
    for match in _TOPIC.finditer(before):
        topic = match["topic"]
    return not topic or _ABOUT_ANSWER.search(topic.strip()) is not None
