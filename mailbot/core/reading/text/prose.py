"""Which of a member's lines say something: more than a greeting, courtesy, a signature or a machine's own words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mailbot.core.reading.text.known_text import LONGEST_LINE, SHORT_LINE

# A line across, above a signature; and lines of addresses, attributions and headers.
RULE = re.compile(r"^[\s\-_=*─━＿－ー―~]{2,}$|^--\s?$")
NOT_PROSE = re.compile(
    r"@|https?:|^on [a-z]{3}, [0-9]{1,2} [a-z]{3} [0-9]{4}|^\s*(?:tel|fax|e-?mail|電話|〒|内線)|wrote:$"
    r"|さんは書きました|のメール:|^\s*-{2,}"
    r"|^\s*(?:差出人|送信者|宛先|件名|送信日時|日時|cc|from|to|subject|date|sent)\s*[:：]|iphone|から送信|outlook for",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"お世話|いつも|よろしく|宜しく|お(?:疲|つか)れ|失礼|ありがとう|有難う|有り難う|拝啓|敬具|以上$|以上(?:です|[とに]なり)|次のとおり|下記|以下のとおり"
    r"|回答します|回答いたします|返信します|ご回答|送付|回答を?提出|御中|了解|承知|確認(?:いた)?しました|様[、。]?$|担当[:：]|課$|係$|部$"
    r"|^.{1,25}(?:の|課|係|市|町|村).{1,8}です。?$|申します。?$"
    r"|thank|regards|sincerely|dear|hello|^hi\b",
    re.IGNORECASE,
)
# Sentences that stand beside answers every day, beyond greetings.
_COURTEOUS = re.compile(
    r"申し訳|申しわけ|ご容赦|お詫び|失礼(?:いた|し)|お忙しい|ご多[忙用]|恐縮|恐れ入り|お手数|査収|ご高配|ご清栄|ご健勝|時下|お(?:問い?合わせ|尋ね)"
    r"|ご(?:案内|連絡|照会|依頼)(?:いただ|頂|を|のあり|の件)"
    r"|(?:ご?不明|ご質問|不備|問題)[^。]{0,10}(?:いまし|りまし)たら|の候、|よいお年|乱文"
    r"|^(?:[上下]の?欄?|回答欄|所定の?欄|該当(?:箇所|欄)?|以下|下記)?[にへをのも]?(?:記入|記載|入力|[○◎■✓レ]を?(?:つけ|付け)?)(?:いた)?し?まし?た。?$"
    r"|^(?:以下|下記)[、がは]?(?:ご?回答|お?答え)です|(?:の|た)件(?:に|で|、)|(?:につい|につきまし)て、?(?:下記|以下|次)|sorry|apolog"
    r"|please find|as follows",
    re.IGNORECASE,
)
# What a gateway or a mail program writes above a reply by itself.
_BY_MACHINE = re.compile(
    r"(?:この|本|当)(?:電子)?メ(?:ール|ッセージ)は.{0,10}(?:庁外|外部|組織外|社外|庁内|インターネット)|^\W*このメ(?:ール|ッセージ)(?:は|が)、?誤(?:送信|配信)(?:された|である|の)?(?:可能性|おそれ|恐れ)が(?:あり|ござい)ます。?$|無害化|(?:添付|HTML).{0,16}(?:削除|除去|分離)"
    r"|^[-=_─━■□●◆◇★☆*+~][^。\n]{1,100}?からの(?:メール|メッセージ)[-=_─━■□●◆◇★☆*+~ ]{1,40}$|^on (?:mon|tue|wed|thu|fri|sat|sun)|external (?:e-?mail|sender)|outside (?:of )?(?:the|your) organi[sz]ation",
    re.IGNORECASE,
)
_ENGLISH_THANKS = re.compile(
    r"^\s*(?:many )?thank(?:s|\s+you)(?:\s+(?:very|so) much)?(?:\s+(?:again"
    r"|for\s+[^,.;]{1,60}))?[,.;!\s]*(?:(?:and|but)\s)?",
    re.IGNORECASE,
)
_ENGLISH_STATEMENT = re.compile(
    r"^(?:(?:but|and|so|as)\s+)?(?:i|we|it|they|this|that|our|the|there|please|sorry)\b", re.IGNORECASE
)
_SENTENCE = re.compile(
    r"(?:ます|ません|した|です|ない|ください|ありました|思う|いる|ある|でしょうか)[。.!！?？]?$|。|[?？]$"
)


# With one of these a sentence of courtesy says something about the answers, too: 「決裁が下りたら正式に回答します」.
_MORE_THAN_COURTEOUS = re.compile(
    r"(?<!いまし)(?<!りまし)たら|次第|(?:後日|改めて|あらためて|後ほど|追って|別途|再度).{0,10}(?:回答|答え|返信|返事|提出|連絡|送)|限り|前提|条件|のみ|だけ|以外"
    r"|とりあえず|待ち|まだ|逆|ずれ|(?<!お)間違|誤[りっ]|取り?消|取り?下げ|不要|無効"
    r"|^.{1,25}(?:の|課|係|市|町|村)(?=.{1,8}です)[^。]{0,6}(?:回答|答え|番号|意向|意見|案|もの|予定|段階|時点|見込|[数値字待版稿]|[はがをもに]).{0,8}です[。.]?$"  # no name
)


_EACH_SENTENCE = re.compile(r"[^。!?\n]{1,200}[。!?]?")


def sentences(line: str) -> list[str]:
    """Return the sentences of a line, in one width and lower case; of a long line those of its beginning."""
    folded = unicodedata.normalize("NFKC", line[:LONGEST_LINE]).casefold()
    return [each[0].strip() for each in _EACH_SENTENCE.finditer(folded)]


def says_more(line: str) -> bool:
    """Say whether a line beside answers is more than courtesy, so that the office should see it."""
    if is_prose(line):
        return _COURTEOUS.search(line) is None or _MORE_THAN_COURTEOUS.search(line) is not None
    return _is_sentence(line) and _MORE_THAN_COURTEOUS.search(line) is not None


def _is_sentence(line: str) -> bool:
    machine = NOT_PROSE.search(line) or RULE.match(line) or _BY_MACHINE.search(line)
    return not machine and _SENTENCE.search(line.strip()) is not None


def is_by_machine(line: str) -> bool:
    """Say whether a gateway or a mail program wrote a line by itself: 「このメールは誤送信の可能性があります」."""
    return _BY_MACHINE.search(line[:LONGEST_LINE]) is not None


# 「本メールには機密情報が含まれている場合があります」, 「誤って受信された場合は削除してください」: a mail's own notice below it.
_OF_A_MAIL = re.compile("メール|添付|受信|送信|配信|宛先|名宛|受取人")
_CONFIDENTIAL = re.compile(
    "機密|秘密|守秘|誤って|誤[送配受]信|心当たり|名宛|意図|破棄|削除|消去|無断|ウイルス|開示|漏[洩え]"
)

_OF_THE_MATTER = re.compile("表決|議案|総会|会議|議会|理事会|予算|上記|回答")  # the member's own words


def is_notice(line: str) -> bool:
    """Say whether a line is of the confidentiality notice that an office puts below its mails."""
    said = _OF_A_MAIL.search(line) is not None and _CONFIDENTIAL.search(line) is not None
    return said and _OF_THE_MATTER.search(line) is None


# What a gateway glues to the first line: 「[EXTERNAL]Q1 2」.
_GATEWAY_TAG = re.compile(
    r"\s*+[\[【(（<＜]\s*(?:external(?:[ -]e?-?mail| sender)?|(?:庁|社|組織)?外部?(?:メール|からのメール)?)\s*[\]】)）>＞][:：]?[ \u3000]*",
    re.IGNORECASE,
)


def without_gateway_tag(text: str) -> str:
    """Return a mail's text without the mark of a mail from outside that a gateway wrote before its first word."""
    tag = _GATEWAY_TAG.match(text)
    return text[tag.end() :] if tag else text


def is_prose(line: str) -> bool:
    """Say whether a line at the top says something: more than a greeting, a signature or a mail header."""
    return _short_is_prose(line) if len(line) <= SHORT_LINE else _is_prose(line)


def _is_prose(line: str) -> bool:
    if NOT_PROSE.search(line) or RULE.match(line) or _BY_MACHINE.search(line):
        return False
    if line.isascii() and (thanks := _ENGLISH_THANKS.match(line)):
        behind = line[thanks.end() :]
        return behind.count(" ") >= 2 and _ENGLISH_STATEMENT.match(behind) is not None
    sentences = [sentence.strip() for sentence in re.split(r"(?<=[。!！?？])", line)]
    return any(
        len(sentence) >= 5
        and not _GREETING.search(sentence)
        and (_SENTENCE.search(sentence) is not None or (sentence.isascii() and sentence.count(" ") >= 4))
        for sentence in sentences
    )


# What follows a free answer and is none of it: 「よろしく…」, 「回答は以上です」, 「不明な点がありましたら…」, 「別件ですが、…」.
_AFTER_TEXT = re.compile(
    r"[\s※*(（]*(?:(?:どうぞ|何卒)?(?:よろしく|宜しく)|(?:ご?回答は)?以上(?=です|でござ|、|。|$|よろしく|宜しく)|(?:なお、?)?(?:別件|(?:ご?不明な?点|ご質問|ご?不備)[^。]{0,6}(?:あり|ござい)ましたら)|取り急ぎ|引き続きよろしく|(?:いつも)?(?:ありがとう|有難う|有り難う)ござい|末筆|時節柄|[^。]{0,20}ご自愛"
    r"|ご(?:確認|査収)(?:の?ほど|を|くだ|下さ)|お手数(?:を?お(?:か|掛)け|です))"
)


def ends_text(line: str) -> bool:
    """Say whether a free answer written at the top ends before this line."""
    return (
        RULE.match(line) is not None
        or NOT_PROSE.search(line) is not None
        or _AFTER_TEXT.match(line) is not None
    )


def is_greeting(line: str) -> bool:
    """Say whether a line is a greeting, an address or who writes, and says nothing more."""
    return _GREETING.search(line) is not None and not says_more(line)


_short_is_prose = lru_cache(maxsize=4096)(_is_prose)
