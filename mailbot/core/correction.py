"""A line beside answers that takes one of them back, corrects it, or makes all of them somebody else's (ballot.md section 8)."""

from __future__ import annotations

import re
from string import ascii_letters

from mailbot.core.known_text import LONGEST_LINE, Known, line_key

_CORRECTION = re.compile(
    r"(?:間違|まちが)(?!い(?:は|が)?(?:ない|なく|あり|ござい))|誤り|正しくは|訂正|やはり|やっぱり|ではなく|じゃなく|撤回"
    r"|修正し|違います|\b(?:actually|correction|should be|by mistake|instead of)\b",
    re.IGNORECASE,
)
_PROVISIONAL = re.compile(
    r"仮の?(?:ご?回答|お?答え)|暫定(?:の|的な)?(?:ご?回答|お?答え|です)|下書き(?!では)|(?:ご?回答|お?答え)は(?:まだ)?(?:未確定|確定(?:では|して)(?:い)?(?:ない|ません|ありません))"
    r"|(?:変更|修正|訂正)(?:する|となる|になる|の)?(?:可能性|かも|ことがあ|場合があ)"
    r"|^\s*[とで](?:よ(?:い|ろしい)|[良宜]し?い)(?:です|でしょう)?か"
    r"|(?:回答|提出|返信)(?:で|しても?|したいと(?:思|考え)[^。]{0,12})(?:よ(?:い|ろしい)|[良宜]し?い|(?:問題|差し?支え)(?:は?ない|ありません))(?:です|でしょう)?か"
    r"|^[\s※(（【\[]*(?:(?:上記|下記|以下|上|下|これ)(?:の(?:ご?回答|お?答え))?は、?)?(?:ご?回答)?(?:案|仮(?:のもの)?|未確定|要(?:確認|協議)|協議中|調整中|ボツ|没|取り?消し?|誤り|間違い|たぶん)(?:です|ます)?[\s)）】\]。.]*$"
    r"|^[\s※*・■(（【\[＜<]*(?:参考)?[:：]?(?:(?:以下|下記|上記|これ)(?:は、?|、))?(?:(?:[^\s、。]{1,12}の)?(?:回答|記入|記載|入力)例|(?:他|隣|近隣)の?(?:市|町|村|県|区|団体|自治体)の(?:ご?回答|お?答え)|サンプル|見本"
    r"|(?:昨年度?|前年度?|前回|旧)の?(?:ご?回答|お?答え)|旧版|誤った(?:ご?回答|お?答え))(?:です|でした|は(?:以下|次|下記)の(?:とおり|通り)(?:です|でした))?[\s)）】\]＞>。:：]*$"
    r"|(?:以下|下記|上記|この(?:ご?回答|お?答え))[はを]、?(?:破棄|無視|削除)(?:して|願|を)|^[\s]*で(?:合|あ)って(?:い)?ますか"
    r"|未決裁|決裁[がは](?:まだ)?(?:下り|おり|済んで)て?い?(?:ない|ません)|まだ確定(?:では|して)?い?(?:ない|ません|ありません)"
    r"|後日、?正式に(?:ご?回答|お?答え)|正式な(?:ご?回答|お?答え)は、?(?:後日|改めて|追って|別途)|確認(?:して|した)(?:から|後に?|うえで|上で)確定"
    r"|^(?:いや|いえ|すみません|申し訳ありません|失礼しました)[、,。\s]{1,2}[0-9０-９]{1,3}番?(?:です|でし)"
    r"|^.{0,8}確認中(?:です)?[\s)）。]*$|[0-9０-９]番?の可能性|(?<![議原])案(?:です|であり|として|につき|の段階)|決裁(?:の?前|の?途中|中|待ち|を?願い)"
    r"|^(?:(?:これ|この内容)で)?(?:出して|提出して)?も?(?:よ(?:い|ろしい)|宜しい)(?:です|でしょう)か|^いかがでしょうか"
    r"|(?:この|これ|下記|以下|上記)(?:の(?:ご?回答|お?答え|内容)|ご?回答|内容)?[はを](?:誤り|間違い|取り?消|無効|保留)|^取り?消し(?:ます|て)"
    r"|(?:回答|提出|送信)[はを]?(?:まだ)?(?:しないで|待って|保留)|^(?:これは)?誤送信で|^誤って送信し|差し?戻しま|再考(?:願|を|して)"
    r"|^(?:これは)?(?:テスト|練習|サンプル)(?:送信|の?回答|です)|訂正前の|旧回答|^(?:この(?:ご?回答|メール)は)?無効に(?:して|願)"
    r"|(?:確認|決裁|検討|協議)の?後に?(?:確定|正式|改めて(?:ご?回答|お?答え))"
    r"|\b(?:this|it) is (?:only )?(?:a draft|tentative|provisional)\b|\bnot (?:yet )?final\b",
    re.IGNORECASE,
)
_DISCARDED = re.compile(
    r"(?:(?:この|本)(?:ご?回答|返信|お?答え)[はを]、?|(?:こちら|これ)[はを]、?)?(?:破棄|無視|削除)(?:して(?:下さい|ください|お|いただ)|を?お?願い)"
)
_IF_ASTRAY = re.compile("誤|間違|心当|万一|場合|ない方")  # whom a mail's footer asks to delete it
_BODY = r"[^\s、。:：はがを]{1,14}[市町村区県]"
_WHOSE = re.compile(
    rf"[\s※*・■(（【\[＜<]*(?:(?:以下|下記|上記|次|これ|こちら)(?:は、?|が|、)?)?(?:[^\s、。]{{1,12}}が(?:取り?まとめ|集計し)た)?(?P<whose>{_BODY})(?:さん|様|役所|役場)?"
    r"(?:(?:から)?の(?:ご?回答|お?答え|表決|投票|賛否)(?:です|でした|を(?:転送|お?送|代わりに)|は(?:以下|次|下記)の(?:とおり|通り)(?:です|でした)?|[\s)）】\]＞>。:：]*$)"
    r"|の代わりに(?:送|回答|返信|提出)|長(?:名[でに]|の?\s*[印㊞])"
    r"|の?分(?:です|でした|(?:を|の)(?:ご?回答|転送|お?送)|[\s)）】\]＞>。:：]*$))"
)
_ONE_KE = str.maketrans("ヶヵ", "ケカ")  # 鎌ヶ谷市 writes itself both ways
_PREFECTURE = re.compile("^(?:東京都|北海道|(?:京都|大阪)府|[^市町村区]{2,3}県)(?=.)")  # 「長野県長野市」
_WHO_ANSWERS = re.compile(
    rf"[\s※*・■(（【\[＜<]*(?:ご?回答)?(?:団体|自治体|市町村|市区町村|会員)名?(?:[】\]）)]\s?[:：]?\s?|\s?[:：]\s?|\s)(?P<whose>{_BODY})(?:役所|役場)?[\s)）】\]＞>。]*$"
)
# 「松本市情報政策課です」: its first words are a body's name, not 都市計画課 or 市町村課, and not 中村 or 西村.
_INTRODUCED = re.compile(
    r"\s*(?P<whose>[^\s、。:：はがをの]{2,14}[市町村区県])(?:役所|役場|庁)?\s?(?:[^\s、。]{1,8}[部局]\s?)?"
    r"(?:情報|デジタル|総務|企画|政策|行政|財政|電算|システム|[DＤ][XＸ]|ICT|IT|スマート)[^\s、。]{0,10}[課係室班当](?:の?\s?[^\s、。]{1,8}?)?(?:です|でございます|と申します|より)[。.]?\s*$"
)
_WE_ARE = re.compile(
    r"\s*(?P<whose>[^\s、。:：はがをのに]{2,10}[市区県])(?:役所|役場)?(?:です|でございます)[。、]"
)
# Each way in which these two say it has one of these words; tests/core/test_correction.py compares them.
_IN_CORRECTIONS = (
    *("間違", "まちが", "誤り", "正しくは", "訂正", "やはり", "やっぱり", "ではなく", "じゃなく", "撤回"),
    *("actually", "correction", "should be", "by mistake", "instead of"),
    *(
        "修正し",
        "違います",
        "案",
        "決裁",
        "正式",
        "要確認",
        "確認中",
        "たぶん",
        "無効",
        "保留",
        "誤送信",
        "誤って送信",
    ),
    *("しないで", "待って", "差し戻", "差戻", "再考", "テスト", "練習", "サンプル", "旧回答"),
    *("例", "他", "隣", "昨年", "前年", "前回", "見本", "旧", "ボツ", "没", "誤った"),
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
    *("draft", "tentative", "provisional", "final", "改めて"),
)
_ANY_IN_CORRECTIONS = re.compile("|".join(_IN_CORRECTIONS))
_TAKEN_BACK = re.compile(
    r"(?<![0-9０-９])[0-9０-９]{1,3}\s?番?(?:の(?:ご?回答|お?答え))?\s?(?:で(?:は|も)(?:な[いくし]|ありません)|じゃ(?:な[いくし]|ありません)|[はを]?\s?取り?消)"
)
_CHOICE_IN_PROSE = re.compile(
    r"(?:[qQＱｑ]|問|議案)\s?[0-9０-９]|[0-9０-９]\s?(?:番|です|でし|でお願い|に|が正|へ|$)"
)


def is_anothers(line: str, known: Known) -> bool:
    """Say whether a line makes the answers those of another body than the one that we wrote to: 「以下は山田市の回答です」."""
    line = line[:LONGEST_LINE]
    match = _WHOSE.match(line) or _WHO_ANSWERS.match(line)
    return match is not None and not _is_ours(match["whose"], known)


def introduces_another(line: str, known: Known) -> bool:
    """Say whether a sender introduces himself as one of another body: 「松本市情報政策課の山田です」."""
    line = line[:LONGEST_LINE]
    match = _INTRODUCED.match(line) or _WE_ARE.match(line)
    return match is not None and not _is_ours(match["whose"], known)


def _is_ours(named: str, known: Known) -> bool:
    whose = line_key(_PREFECTURE.sub("", named))
    return whose[0] in "当本弊同貴我" or any(
        whose.translate(_ONE_KE) in text.joined.translate(_ONE_KE) for text in known.texts
    )


_SURVEY_KEY = re.compile(r"[A-Z][0-9]{2}-[0-9]{2,3}(?![0-9-])")
_OF_ANSWERS = re.compile(r"[^。\n]{0,30}(?:回答|お答え|表決)(?!済)")


def names_another(key: str, text: str) -> bool:
    """Say whether a sentence beside the answers says that they belong to another survey: 「S26-102の回答です」.

    A key in square brackets is one of a Subject.
    """
    if not _SURVEY_KEY.fullmatch(key):
        return False
    return any(
        named[0] != key
        and not text[named.start() - 1 : named.start()].strip().endswith(("[", *ascii_letters, "-"))
        and _OF_ANSWERS.match(text, named.end())
        for named in _SURVEY_KEY.finditer(text)
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
