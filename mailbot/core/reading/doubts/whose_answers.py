"""Whose answers, and to what: a sentence beside them that makes them another body's or another survey's (ballot.md section 8)."""

from __future__ import annotations

import re
from string import ascii_letters

from mailbot.core.reading.text.known_text import LONGEST_LINE, Known, line_key

_LEAD = r"[\s※*・■(（【\[＜<]*"
_THESE = r"(?:(?:以下|下記|上記|次|これ|こちら|(?:この|本|[上下]の)(?:ご?回答|お?答え|返信|表決)(?:内容)?)(?:は、?|が|、)?)?"
_BODY = r"[^\s、。:：はがを]{1,14}[市町村区県]"
_WHOSE = re.compile(
    rf"{_LEAD}{_THESE}(?:[^\s、。]{{1,12}}が(?:取り?まとめ|集計し)た)?(?P<whose>{_BODY})(?:さん|様|役所|役場)?"
    r"(?:(?:から)?の(?:ご?回答|お?答え|表決|投票|賛否)(?:です|でした|を(?:転送|お?送|代わりに)|は(?:以下|次|下記)の(?:とおり|通り)(?:です|でした)?|[\s)）】\]＞>。:：]*$)"
    r"|(?:の[^\s、。]{1,8})?(?:の代わりに|に代わって)(?:送|回答|返信|提出)|長(?:名[でに]|の?\s*[印㊞])"
    r"|の?(?:分|もの)(?:です|でした|(?:を|の)(?:ご?回答|転送|お?送)|も[^。]{0,12}(?:ご?回答|お?答え|記入|お?送)|[\s)）】\]＞>。:：]*$))"
)
_NAMED_ALONE = re.compile(rf"[\s※*・]*[(（【\[［]\s?(?P<whose>{_BODY})(?:役所|役場)?\s?[)）】\]］]\s*")
_ONE_KE = str.maketrans("ヶヵ", "ケカ")  # 鎌ヶ谷市 writes itself both ways
_PREFECTURE = re.compile("^(?:東京都|北海道|(?:京都|大阪)府|[^市町村区]{2,3}県)(?=.)")  # 「長野県長野市」
_WHO_ANSWERS = re.compile(
    rf"{_LEAD}(?:ご?回答)?(?:団体|自治体|市町村|市区町村|会員)名?(?:[】\]）)]\s?[:：]?\s?|\s?[:：]\s?|\s)(?P<whose>{_BODY})(?:役所|役場)?[\s)）】\]＞>。]*$"
)
# 「松本市情報政策課です」: its first words are a body's name, not 都市計画課 or 市町村課, and not 中村 or 西村.
_INTRODUCED = re.compile(
    r"\s*(?P<whose>[^\s、。:：はがをの]{2,14}[市町村区県])(?:役所|役場|庁)?\s?(?:[^\s、。]{1,8}[部局]\s?)?"
    r"(?:情報|デジタル|総務|企画|政策|行政|財政|電算|システム|[DＤ][XＸ]|ICT|IT"
    r"|スマート)[^\s、。]{0,10}[課係室班当](?:の?\s?[^\s、。]{1,8}?)?(?:です|でございます|と申します|より)[。.]?\s*$"
)
_WE_ARE = re.compile(
    r"\s*(?P<whose>[^\s、。:：はがをのに(（]{2,12}(?:[市区県]|(?<=[^\s]{2})[町村]|広域連合|広域組合|事務組合|企業団))(?:役所|役場|庁)?"
    r"(?:です|でございます|と申します)(?:、|\s*$)"
)
# No body's name, but what kind of body it is, was, or stands beside: 「政令指定都市です」, 「旧山田町です」.
_A_KIND = re.compile(
    r"(?:政令(?:指定)?|中核|(?:施行時)?特例|一般|指定|地方|小規模|大規模|過疎|市|市区)?(?:都?市|町|村|区|県|町村|区町村)|(?:旧|元|隣|近隣|同じ|他の?|各|全)[^\s]{1,12}"
)
_COUNTY = re.compile("^(?:[^市町村区]{2,3}[都道府県])?[^市町村区]{1,6}郡(?=.)")  # 「上水内郡信濃町」
# 「総務省の調査への回答です」, 「昨年度の回答を送ります」: a sentence says what the answers are.
_DECLARED = re.compile(
    rf"{_LEAD}(?:(?:以下|下記|上記|次|これ|こちら)(?:は、?|が|、)?|参考(?:までに|として)?[、:：,\s]\s?)?"
    r"(?P<what>[^。、\n]{1,40}?)(?:の|への|に対する)(?:ご?回答|お?答え|表決|投票|賛否)(?:内容|結果|分)?"
    r"(?:です|でした|でござい|になり|となり|を?、?(?:(?:ご?参考|参照)(?:まで)?(?:に|として)、?)?(?:お?送|転送|お知らせ|(?:ご)?報告|提出|回送|連絡|誤って"
    r"|受け)|が[^。]{0,12}届[いき]|は、?(?:以下|次|下記|こちら)|[\s)）】\]＞>。:：]*$)"
)
_OURS_PLAINLY = re.compile(
    r"(?:当|本|弊|我|私|自|標[記題]|表[記題]|掲題|首[記題]|件名|この|これ|その|今[回般年]|先[日般]|過日|以[下上]|下記|上記|次|残り|追加|全|各|代表|最終|正式|確定"
    r"|訂正|修正|変更|再|[ごお御貴]|アンケート|調査$|照会|事務局|[A-Za-zＱ問設質議第0-9０-９])"
)
_NOT_THIS_TIME = re.compile(r"昨年|前年|去年|一昨年|前回|過去|旧|別の|別件|[他ほ]か?の|隣の|近隣")
_A_YEAR = re.compile(r"(?:令和|平成|[RＲ])\s?(?:[0-9０-９]{1,2}|元)年度?|20[0-9]{2}年度?")
_ANOTHER_PARTY = re.compile(
    r"(?:調査|アンケート|照会|会議|協議会|省|庁|連合|組合|本部|センター|機構|公社|財団|会社|様|さん|氏)$"
)
_RECEIVED = re.compile(
    rf"{_LEAD}(?P<whose>{_BODY}|[他ほ]か?の[^\s、。]{{1,8}}|隣の?[^\s、。]{{0,4}}|別の[^\s、。]{{1,8}})[^\s、。]{{0,10}}?から[^。]{{0,10}}?(?:届[いき]|預か|受け取|受領し|もら|いただ|頂)[^。]{{0,8}}(?:ご?回答|お?答え|表決)"
)
_BODY_FIRST = re.compile(
    r"[^\s、。:：はがをの]{2,10}[市区県]|[^\s、。:：はがをの]{3,10}[町村](?=$|[のから情総企デ])"
)
_OF_WHAT_KIND = re.compile(r"(?:の|に関する|についての?)?(?:調査|アンケート|照会)$")
_WHOSE_AT_ALL = re.compile(r"分|もの|代わ|団体|自治体|市[区町]|会員|表決|投票|賛否|長")
_SURVEY_KEY = re.compile(r"[A-Z][0-9]{2}-[0-9]{2,3}(?![0-9-])")
_OF_ANSWERS = re.compile(r"[^。\n]{0,30}(?:回答|お答え|表決)(?!済)")


def is_anothers(line: str, known: Known) -> bool:
    """Say whether a line makes the answers those of another body than the one that we wrote to: 「以下は山田市の回答です」."""
    line = line[:LONGEST_LINE]
    alone = _NAMED_ALONE.fullmatch(line) is not None
    if "回答" not in line and "答え" not in line and not alone and not _WHOSE_AT_ALL.search(line):
        return False
    for sentence in line.split("。"):
        match = (
            _WHOSE.match(sentence)
            or _WHO_ANSWERS.match(sentence)
            or _RECEIVED.match(sentence)
            or _NAMED_ALONE.fullmatch(sentence)
        )
        if match is not None and not _is_ours(match["whose"], known):
            return True
        declared = _DECLARED.match(sentence)
        if declared is not None and _is_of_others(declared["what"], known):
            return True
    return False


def _is_of_others(what: str, known: Known) -> bool:
    """Say whether what the answers are said to be is another body's, another year's or another survey's."""
    if _NOT_THIS_TIME.search(what):
        return True
    year = _A_YEAR.search(what)
    if year is not None and not _stands_in_ours(year[0], known):
        return True
    body = _BODY_FIRST.match(what)
    if body is not None and not _is_ours(body[0], known):
        return True
    if _OURS_PLAINLY.match(what) or not _ANOTHER_PARTY.search(what):
        return False
    return not _stands_in_ours(_OF_WHAT_KIND.sub("", what), known)


def _stands_in_ours(words: str, known: Known) -> bool:
    return known.holds(line_key(words).strip("「」『』"))


def introduces_another(line: str, known: Known) -> bool:
    """Say whether a sender introduces himself as one of another body: 「松本市情報政策課の山田です」."""
    line = line[:LONGEST_LINE]
    named = [match["whose"]] if (match := _INTRODUCED.match(line)) else []
    named += [match["whose"] for sentence in line.split("。") if (match := _WE_ARE.match(sentence))]
    return any(
        not (_A_KIND.fullmatch(whose) or _is_ours(whose, known) or _is_ours(_COUNTY.sub("", whose), known))
        for whose in named
    )


# 「松本市役所 佐藤」, 「松本市長 佐藤」, 「松本市デジタル推進課長 佐藤」; 中村 and 西村 are persons.
_OF_OFFICE = re.compile(
    r"\s*(?P<whose>[^\s、。:：()（）]{2,10}[市町村区])(?:役所|役場|長(?=[\s　])|[^\s、。()（）]{1,10}[部局課係室]長?(?=[\s　]))"
)


def signs_for_another(name: str, known: Known) -> bool:
    """Say whether a voter's name is that of one who holds an office of another body: 「松本市長 佐藤」."""
    match = _OF_OFFICE.match(name)
    return match is not None and not _is_ours(match["whose"], known)


def _is_ours(named: str, known: Known) -> bool:
    whose = line_key(_PREFECTURE.sub("", named))
    return whose[0] in "当本弊同貴我" or any(
        whose.translate(_ONE_KE) in text.joined.translate(_ONE_KE) for text in known.texts
    )


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
