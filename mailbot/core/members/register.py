"""The register: bodies (municipalities) and their contacts, and the check digit of a local-government code."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import field
from datetime import date
from typing import Literal, get_args

from mailbot.core.frozen import frozen
from mailbot.core.mail.address import same_address

Kind = Literal["city", "town", "village", "ward", "prefecture", "other"]
KINDS: tuple[str, ...] = get_args(Kind)

KIND_WORDS: dict[str, Kind] = {
    "市": "city",
    "町": "town",
    "村": "village",
    "区": "ward",
    "特別区": "ward",
    "都道府県": "prefecture",
    "その他": "other",
    **{kind: kind for kind in ("city", "town", "village", "ward", "prefecture", "other")},
}

Category = Literal["regular", "partner"]

CATEGORY_WORDS: dict[str, Category] = {
    "": "regular",
    "正会員": "regular",
    "会員": "regular",
    "連携団体": "partner",
    "連携": "partner",
    "regular": "regular",
    "partner": "partner",
}

# 都道府県 in the order of the first two digits of a code (JIS X 0401).
# fmt: off
PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県",
    "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
    "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)
# fmt: on


@frozen
class Body:
    """A member municipality, or a partner body 連携団体 that gets what is marked for partners."""

    code: str  # six digits, check digit included
    name: str  # 長野市
    kind: Kind
    prefecture: str  # 長野県
    population: int | None = None  # persons
    joined: date | None = None  # 入会日, its first day; None: before anybody wrote it down
    left: date | None = None  # 退会日, the first day on which it is no member any more
    successor: str = ""  # 承継団体, the code of the body that it was merged into
    category: Category = "regular"


@frozen
class Contact:
    """One person or desk of a body."""

    code: str  # the body's code
    email: str  # as registered; compared with its domain in lower case
    name: str = ""
    role: str = ""
    rank: int = 1  # 1 = primary, 2.. = deputies
    tags: frozenset[str] = field(default_factory=frozenset)
    others: frozenset[str] = field(default_factory=frozenset)  # 別アドレス: he writes from these too

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address from which the person writes; the one to which his mail goes is the first."""
        return (self.email, *sorted(self.others))

    def writes_from(self, address: str) -> bool:
        """Tell whether an address is one of the person's."""
        return any(same_address(one, address) for one in self.addresses)


def same_person(one: str, other: str, registered: Iterable[Contact]) -> bool:
    """Tell whether two addresses are the same one, or belong to one of these contacts."""
    return same_address(one, other) or any(
        contact.writes_from(one) and contact.writes_from(other) for contact in registered
    )


def belongs(body: Body, day: date) -> bool:
    """Tell whether a body is a member, or a partner, on a day."""
    return (body.joined is None or body.joined <= day) and (body.left is None or day < body.left)


def check_digit(five: str) -> str:
    """Return the sixth digit of a local-government code (総務省: weights 6 5 4 3 2, 11 minus the rest mod 11)."""
    one, two, three, four, last = map(int, five)
    total = 6 * one + 5 * two + 4 * three + 3 * four + 2 * last
    return str((11 - total % 11) % 10)


def full_code(text: str) -> str:
    """Return the six-digit code for a code of five or six digits, typed in either width.

    Raises ValueError, with a sentence, when it is not a code or its check digit is wrong.
    """
    digits = unicodedata.normalize("NFKC", text).strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) in {5, 6}):
        raise ValueError(f"団体コード {text!r} is not five or six digits")
    expected = check_digit(digits[:5])
    if len(digits) == 6 and digits[5] != expected:
        raise ValueError(
            f"団体コード {digits}: the check digit is {digits[5]}, but {digits[:5]} needs {expected}"
        )
    return digits[:5] + expected
