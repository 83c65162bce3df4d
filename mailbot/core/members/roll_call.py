"""The roll-call 名簿確認: each body is asked once a year whether what the register says of its people still holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from mailbot.core.calendar import Holiday, moment_before
from mailbot.core.lists.command_grammar import read_command
from mailbot.core.lists.list_command import ChangeAddress, HandOver, NotUnderstood
from mailbot.core.reading.text.known_text import line_key

# "": none yet; named: a successor; other: the office reads it
Answer = Literal["", "confirmed", "named", "other"]

REMIND_BEFORE = (7, 2)  # business days before the close, at nine
_AT = "09:00"
_LOOKED_AT = 5  # of the writer's own lines: what stands further down is a signature
_WHAT = r"(?:(?:現在|いま|今|上記|下記|本市|当市|当町|当村|当区)の?)?(?:名簿の)?(?:ご?(?:登録|名簿|記載|掲載))?(?:の?(?:内容|事項|情報|担当者?))?"
# That all is as it stands there: 変更なし, このままで結構です, 確認しました.
_UNCHANGED = re.compile(
    rf"(?:今年度?も|引き続き)?(?:{_WHAT}(?:について|に|の|は|、)*)?(?:特に|とくに)?(?:変更|異動|相違|訂正|修正|間違い|誤り|問題)(?:は|も|点は|箇所は|等は)?"
    r"(?:特に)?(?:なし|無し|ない|ありません|ございません)(?:です)?"
    rf"|{_WHAT}の?(?:とおり|通り)(?:で(?:す|(?:間違い|相違|問題)(?:は)?(?:ありません|ございません)|結構です))?"
    r"|(?:現状|このまま|現在)の?(?:まま|とおり|通り)?で(?:結構|問題ありません|お願いします)(?:です)?|(?:更新|変更|訂正|修正)の(?:必要|予定)は(?:あり|ござい)ません"
    r"|その(?:とおり|通り)です|(?:はい|ハイ)[○◯〇]?|確認(?:(?:いた|致)?しました|済み?(?:です)?)"
)
_PIECES = re.compile(r"[。、,.!]+")
# What may stand beside it and says nothing.
_COURTESY = re.compile(
    r"お世話|ありがとうございま|(?:よろしく|宜しく)?お?願い|お疲れ|[市町村区県都道府課室係]の[^、。]{1,10}(?:です|と申します|でございます)|担当の[^、。]{1,10}(?:です|と申します)"
    r"|^(?:標記|首記|掲題|表記|名簿(?:確認|登録)?)(?:の件)?(?:は|について(?:は)?|につきまして(?:は)?|ですが)$"
)
# Beside a word of consent, it takes that back, or is something that the register must learn.
_CHANGES = re.compile(
    r"変わ[りっる]|代わ[りっる]|替わ[りっる]|交代|交替|後任|異動(?:し|に|と|が|予定)|退職|廃止|統合|新設|移転|改称|新しい|(?:変更|訂正|修正|追加|削除)(?:し|を|が|は(?!な|無|あり|ござい)|と|に|願|予定|お願)"
    r"|(?:誤り|間違い)が|正しくは|ただし|但し|除き|以外は"
)


@dataclass(frozen=True)
class RollCall:
    """One roll-call."""

    key: str  # the day on which it opens, 2027-04-05
    opens: datetime
    closes: datetime


def reminders(call: RollCall, holiday: Holiday) -> tuple[datetime, ...]:
    """Return when those who have not answered are reminded, between opening and close; times as the zone of `closes`."""
    zone = call.closes.tzinfo
    assert zone is not None, "times are aware"
    day = call.closes.date()
    planned = (moment_before(day, days, _AT, holiday, zone) for days in REMIND_BEFORE)
    return tuple(at for at in planned if call.opens < at < call.closes)


def named_in(lines: Sequence[str], today: date) -> HandOver | ChangeAddress | NotUnderstood | None:
    """Return the successor or the new address that one of a reply's own first lines names, or why it names none."""
    looked_at = lines[:_LOOKED_AT]
    named: list[HandOver | ChangeAddress | NotUnderstood] = []
    for place, line in enumerate(looked_at):
        command = read_command(line, frozenset(), today=today)
        if command == NotUnderstood("successor") and "@" in "".join(looked_at[place + 1 : place + 2]):
            command = read_command(f"{line} {looked_at[place + 1]}", frozenset(), today=today)  # in two lines
        if isinstance(command, (HandOver, ChangeAddress)) or (
            isinstance(command, NotUnderstood) and command.kind in {"successor", "address"}
        ):
            named.append(command)
    if len({each.new for each in named if not isinstance(each, NotUnderstood)}) > 1:
        return NotUnderstood("successors")
    return named[0] if named else None


def says_unchanged(lines: Sequence[str]) -> bool:
    """Tell whether one of the first lines says in other words than はい that all is as it was: 変更ありません.

    「はい、登録内容に変更はございません。よろしくお願いいたします。」 says nothing else; courtesies are no more words than that.
    """
    return any(map(_is_unchanged, lines[:_LOOKED_AT]))


def _is_unchanged(line: str) -> bool:
    said = [
        piece for each in _PIECES.split(line) if (piece := line_key(each)) and not _COURTESY.search(piece)
    ]
    return bool(said) and all(_UNCHANGED.fullmatch(piece) for piece in said)


def speaks_of_change(lines: Sequence[str]) -> bool:
    """Tell whether one of the writer's own lines has something for the register: 「課名が変わりました」 under 「はい」."""
    return any(_CHANGES.search(line_key(line)) for line in lines)
