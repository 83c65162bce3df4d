"""A line beside answers that takes one of them back or corrects it (ballot.md section 8)."""

from __future__ import annotations

import re

_CORRECTION = re.compile(
    r"(?:間違|まちが)(?!い(?:は|が)?(?:ない|なく|あり|ござい))|誤り|正しくは|訂正|やはり|やっぱり|ではなく|じゃなく|撤回"
    r"|修正し|違います|\b(?:actually|correction|should be|by mistake|instead of)\b",
    re.IGNORECASE,
)
_PROVISIONAL = re.compile(
    r"仮の?(?:ご?回答|お?答え|お?返事|申し?込み?|登録)|^[0-9０-９]{1,3}番?でした|暫定(?:の|的な)?(?:ご?回答|お?答え|です)|下書き(?!では)"
    r"|(?:ご?回答|お?答え)は(?:まだ)?(?:未確定|確定(?:では|して)(?:い)?(?:ない|ません|ありません))"
    r"|(?:変更|修正|訂正)(?:する|となる|になる|の)?(?:可能性|かも|ことがあ|場合があ)"
    r"|^\s*[とで](?:よ(?:い|ろしい)|[良宜]し?い)(?:です|でしょう)?か"
    r"|(?:回答|提出|返信)(?:で|しても?|したいと(?:思|考え)[^。]{0,12})(?:よ(?:い|ろしい)|[良宜]し?い|(?:問題|差し?支え)(?:は?ない|ありません))(?:です|でしょう)?か"
    r"|^[\s※(（【\[＜<〈《]*(?:(?:上記|下記|以下|上|下|これ)(?:の(?:ご?回答|お?答え))?は、?)?(?:ご?回答)?(?:案|仮(?:のもの)?|未確定"
    r"|要(?:確認|協議)|協議中|調整中|ボツ|没|取り?消し?|誤り|間違い|たぶん)(?:です|ます)?[\s)）】\]＞>〉》。.]*$"
    r"|^[\s※*・■(（【\[＜<]*(?:参考)?[:：]?(?:(?:以下|下記|上記|これ)(?:は、?|、))?(?:(?:[^\s、。]{1,12}の)?(?:回答|記入|記載|入力)例"
    r"|(?:他|隣|近隣)の?(?:市|町|村|県|区|団体|自治体)の(?:ご?回答|お?答え)|サンプル|見本"
    r"|(?:昨年度?|前年度?|前回|旧)の?(?:ご?回答|お?答え)|旧版|誤った(?:ご?回答|お?答え))(?:です|でした"
    r"|は(?:以下|次|下記)の(?:とおり|通り)(?:です|でした))?[\s)）】\]＞>。:：]*$"
    r"|(?:以下|下記|上記|この(?:ご?回答|お?答え))[はを]、?(?:破棄|無視|削除)(?:して|願|を)|^[\s]*で(?:合|あ)って(?:い)?ますか"
    r"|未決裁|決裁[がは](?:まだ)?(?:下り|おり|済んで)て?い?(?:ない|ません)|まだ確定(?:では|して)?い?(?:ない|ません|ありません)"
    r"|後日、?正式に(?:ご?回答|お?答え)|正式な(?:ご?回答|お?答え)は、?(?:後日|改めて|追って|別途)|確認(?:して|した)(?:から|後に?|うえで|上で)確定"
    r"|^(?:いや|いえ|すみません|申し訳ありません|失礼しました)[、,。\s]{1,2}[0-9０-９]{1,3}番?(?:です|でし)"
    r"|^.{0,8}確認中(?:です)?[\s)）。]*$|[0-9０-９]番?(?:の可能性|\s?かも)|とも(?:[言い]え|[取と]れ|考えられ)(?:る|ます|な[いく]|ません)"
    r"|(?<![議原])案(?:です|であり|として|につき|の段階)|決裁(?:の?前|の?途中|中|待ち|を?願い)"
    r"|^(?:(?:これ|この内容)で)?(?:出して|提出して)?も?(?:よ(?:い|ろしい)|宜しい)(?:です|でしょう)か|^いかがでしょうか"
    r"|(?:この|これ|下記|以下|上記)(?:の(?:ご?回答|お?答え|内容)|ご?回答|内容)?[はを](?:誤り|間違い|取り?消|無効|保留)|^取り?消し(?:ます|て)"
    r"|(?:回答|提出|送信)[はを]?(?:まだ)?(?:しないで|待って|保留)|^(?:これは)?誤送信で|^誤って送信し|差し?戻しま|再考(?:願|を|して)"
    r"|^(?:これは)?(?:テスト|練習|サンプル)(?:送信|の?回答|です)|訂正前の|旧回答|^(?:この(?:ご?回答|メール)は)?無効に(?:して|願)"
    r"|(?:確認|決裁|検討|協議)の?後に?(?:確定|正式|改めて(?:ご?回答|お?答え))"
    r"|\b(?:this|it) is (?:only )?(?:a draft|tentative|provisional)\b|\bnot (?:yet )?final\b",
    re.IGNORECASE,
)
_DISCARDED = re.compile(
    r"(?:(?:この|本)(?:ご?回答|返信|お?答え|メール)[はを]、?|(?:こちら|これ)[はを]、?)?(?:破棄|無視|削除)(?:して(?:下さい|ください|お|いただ)|を?お?願い)"
)
_IF_ASTRAY = re.compile("誤|間違|心当|万一|場合|ない方")  # whom a mail's footer asks to delete it
# Each way in which these two say it has one of these words; tests/core/reading/test_correction.py compares them.
_IN_CORRECTIONS = (
    *(
        "間違",
        "まちが",
        "誤",
        "ミス",
        "正しくは",
        "訂正",
        "やはり",
        "やっぱり",
        "ではなく",
        "じゃなく",
        "撤回",
    ),
    *("actually", "correction", "should be", "by mistake", "instead of"),
    *("修正し", "違います", "案", "決裁", "正式", "要確認", "確認中", "たぶん", "無効", "保留"),
    *("しないで", "待って", "差し戻", "差戻", "再考", "テスト", "練習", "サンプル", "旧回答"),
    *("例", "他", "隣", "昨年", "前年", "前回", "見本", "旧", "ボツ", "没"),
    *(
        "破棄",
        "無視",
        "削除",
        "要協議",
        "協議中",
        "調整中",
        "ますか",
        "いや",
        "いえ",
        "すみません",
        "失礼しました",
    ),
    *("仮", "暫定", "下書き", "確定", "可能性", "かも", "ことがあ", "場合があ"),
    *("ではな", "でもな", "じゃな", "ありません", "取消", "取り消", "でしょうか", "ですか", "いか"),
    *("でした", "とも"),
    *("draft", "tentative", "provisional", "final", "改めて"),
)
_ANY_IN_CORRECTIONS = re.compile("|".join(_IN_CORRECTIONS))
_TAKEN_BACK = re.compile(
    r"(?<![0-9０-９])[0-9０-９]{1,3}\s?番?(?:の|は)(?:誤り|誤記|間違い|ミス)|誤\s?[)）:：]\s?.{1,20}正\s?[)）:：]"
    r"|(?<![0-9０-９])[0-9０-９]{1,3}\s?番?(?:の(?:ご?回答|お?答え))?\s?(?:で(?:は|も)(?:な[いくし]|ありません)|じゃ(?:な[いくし]|ありません)"
    r"|[はを]?\s?取り?消)"
)
_CHOICE_IN_PROSE = re.compile(
    r"(?:[qQＱｑ]|問|議案)\s?[0-9０-９]|[0-9０-９]\s?(?:番|です|でし|でお願い|に|が正|へ|$)"
)


_QUOTE_MARKS = " \t\r\n\u3000:：>＞|｜»}｝#"


def may_correct(text: str) -> bool:
    """Say whether a text holds a word without which none of its lines takes an answer back: 10 us less for a reply."""
    return _ANY_IN_CORRECTIONS.search(text.casefold()) is not None


def corrects(line: str) -> bool:
    """Say whether a sentence beside the answers seems to take one of them back: 「やはりQ1は3です」, 「仮の回答です」."""
    line = line.strip(_QUOTE_MARKS)  # of a client that marks what was typed in between, too
    corrected = _CORRECTION.search(line) is not None and _CHOICE_IN_PROSE.search(line) is not None
    taken_back = _PROVISIONAL.search(line) is not None or _TAKEN_BACK.search(line) is not None
    return corrected or taken_back


def discards(before: str, line: str) -> bool:
    """Say whether a line asks to throw the mail away, other than the footer of a mail that may go astray."""
    return _DISCARDED.match(line.strip(_QUOTE_MARKS)) is not None and _IF_ASTRAY.search(before) is None
