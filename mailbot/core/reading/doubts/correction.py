"""A line beside answers that takes one of them back or corrects it (ballot.md section 8)."""

from __future__ import annotations

import re

from mailbot.core.reading.text.known_text import LONGEST_LINE

# Each way to say it begins with a character, so that a search looks at few places.
_CORRECTION = re.compile(
    r"間違(?!い(?:は|が)?(?:ない|なく|あり|ござい))|まちが(?!い(?:は|が)?(?:ない|なく|あり|ござい))|誤り|正しくは|訂正|やはり|やっぱり|ではなく|じゃなく|撤回"
    r"|修正し|違います|actually|correction|should be|by mistake|instead of",
    re.IGNORECASE,
)
_CHOICE_IN_PROSE = re.compile(
    r"(?:(?<![0-9A-Za-z])[qQＱｑ]|問|議案)\s?[0-9０-９]|(?<!-[0-9]{3})[0-9０-９]\s?(?:番|です|でし|でお願い|に|が正|へ|$)"
)
_NUMBER = r"(?<![0-9０-９])[0-9０-９]{1,3}\s?番?"
_TAKEN_BACK = re.compile(
    rf"{_NUMBER}(?:の|は)(?:誤り|誤記|間違い|ミス)|誤\s?[)）:：]\s?.{{1,20}}正\s?[)）:：]"
    rf"|{_NUMBER}(?:の(?:ご?回答|お?答え))?\s?(?:で(?:は|も)(?:な[いくし]|ありません)|じゃ(?:な[いくし]|ありません)|[はを]?\s?取り?消|の可能性|かも)"
    r"|^(?:(?:あ[っれ]?[、,。…]?\s?|ああ、)?(?:いや|いえ|すみません|すいません|ごめんなさい|申し訳ありません|失礼しました)[、,。\s]{0,2}[0-9０-９]{1,3}番?(?:です|でし|でお願い|に(?:し|変更|訂正))|[0-9０-９]{1,3}番?でした)"
    r"|とも(?:[言い]え|[取と]れ|考えられ)(?:る|ます|な[いく]|ません)"
)
_DISCARDED = re.compile(
    r"(?:(?:この|本)(?:ご?回答|返信|お?答え|メール)[はを]、?|(?:こちら|これ)[はを]、?)?(?:破棄|無視|削除)(?:して(?:下さい|ください|お|いただ)|を?お?願い)"
)
_IF_ASTRAY = re.compile("誤|間違|心当|万一|場合|ない方")  # whom a mail's footer asks to delete it
_QUOTE_MARKS = " \t\r\n\u3000:：>＞|｜»}｝#"


def corrects(line: str) -> bool:
    """Say whether a sentence beside the answers seems to take one of them back: 「やはりQ1は3です」, 「1の誤りです」."""
    line = line[:LONGEST_LINE].strip(_QUOTE_MARKS)  # of a client that marks what was typed in between, too
    corrected = _CORRECTION.search(line) is not None and _CHOICE_IN_PROSE.search(line) is not None
    return corrected or _TAKEN_BACK.search(line) is not None


def discards(before: str, line: str) -> bool:
    """Say whether a line asks to throw the mail away, other than the footer of a mail that may go astray."""
    return _DISCARDED.match(line.strip(_QUOTE_MARKS)) is not None and _IF_ASTRAY.search(before) is None
