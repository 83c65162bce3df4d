"""A register of invented bodies and people, as large as wanted, for the demo and the benchmarks; always the same one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain, islice, product

from mailbot.core.members.register import PREFECTURES, Body, Contact, Kind, check_digit

MOST_BODIES = 46_000  # so many codes are at hand; what is wanted beyond them are deputies of the same bodies
SECURITY_MEMBERS = 120  # contacts with the tag security: a closed list of them
OFFICERS = 8

# How an association of 1,401 is made up; other sizes keep the proportions.
_SHARES: dict[Kind, int] = {
    "city": 691,
    "town": 466,
    "village": 94,
    "ward": 23,
    "prefecture": 47,
    "other": 80,
}
# The last three digits of a code begin here: 000 is the prefecture itself, the others have a stretch each.
_FIRST_NUMBER: dict[Kind, int] = {"ward": 101, "city": 201, "town": 301, "village": 501, "other": 801}
_ENDINGS: dict[Kind, tuple[str, ...]] = {
    "city": ("市",),
    "town": ("町",),
    "village": ("村",),
    "ward": ("区",),
    "other": ("広域連合", "地区情報センター組合", "広域行政事務組合", "情報処理協議会"),
}
_POPULATION: dict[Kind, tuple[int, int]] = {
    "city": (28_000, 420_000),
    "town": (4_000, 46_000),
    "village": (400, 8_000),
    "ward": (60_000, 910_000),
    "prefecture": (540_000, 9_200_000),
    "other": (30_000, 300_000),
}
_TOKYO = 13

_FRONTS = "青朝旭石泉岩上内大岡小片金川北木清黒桜塩下白新杉砂高竹谷月鶴寺戸豊中長夏西野花浜東日平深藤富古松三南美宮森安山吉若"
_BACKS = "里崎沢島瀬田津野浜原部山川岡丘江木口倉坂城泉谷戸根橋畑葉羽淵穂間松水見宮森代"
# fmt: off
_SURNAMES = (
    ("佐藤", "sato"), ("鈴木", "suzuki"), ("田中", "tanaka"), ("渡辺", "watanabe"),
    ("伊藤", "ito"), ("山本", "yamamoto"), ("中村", "nakamura"), ("小林", "kobayashi"),
    ("加藤", "kato"), ("吉田", "yoshida"), ("山田", "yamada"), ("山口", "yamaguchi"),
    ("松本", "matsumoto"), ("井上", "inoue"), ("木村", "kimura"), ("清水", "shimizu"),
    ("林", "hayashi"), ("斎藤", "saito"), ("山崎", "yamazaki"), ("森", "mori"),
    ("池田", "ikeda"), ("橋本", "hashimoto"), ("阿部", "abe"), ("石川", "ishikawa"),
    ("前田", "maeda"), ("藤田", "fujita"), ("小川", "ogawa"), ("後藤", "goto"),
    ("岡田", "okada"), ("長谷川", "hasegawa"), ("石井", "ishii"), ("村上", "murakami"),
    ("近藤", "kondo"), ("坂本", "sakamoto"), ("遠藤", "endo"), ("青木", "aoki"),
    ("藤井", "fujii"), ("西村", "nishimura"), ("福田", "fukuda"), ("太田", "ota"),
)
_GIVEN_NAMES = (
    "太郎", "花子", "健一", "恵子", "誠", "由美子", "浩二", "美穂", "大輔", "裕子",
    "直樹", "久美", "隆", "真理", "修", "香織", "学", "智子", "翔太", "陽子",
    "剛", "幸子", "亮", "明美", "和也", "千春", "正樹", "由紀", "哲也", "典子",
)
# fmt: on
_ROLES = (
    "情報政策課 課長",
    "情報政策課 係長",
    "デジタル推進課 主任",
    "デジタル推進室 室長補佐",
    "総務課 情報係",
    "企画課 電算担当",
    "行政管理課 主査",
)


def make_register(members: int) -> list[tuple[Body, Contact]]:
    """Return so many contacts with their bodies, in the order of codes; the same ones each time.

    Up to MOST_BODIES each is of a body of its own, its primary contact; beyond, the bodies get deputies.
    """
    dice = random.Random(20260618)  # noqa: S311  invents names
    bodies = sorted(_bodies(min(members, MOST_BODIES), dice), key=lambda body: body.code)
    rows = []
    for place in range(members):
        above, at = divmod(place, len(bodies))
        body = bodies[at]
        rows.append((body, _contact(body, above + 1, _tags(place, members), dice)))
    return sorted(rows, key=lambda row: (row[0].code, row[1].rank))


def _bodies(count: int, dice: random.Random) -> Iterator[Body]:
    taken: set[str] = set()
    for kind, wanted in _how_many(count).items():
        names = _names(kind, dice)
        for code in islice((code for code in _codes(kind) if code not in taken), wanted):
            taken.add(code)
            prefecture = PREFECTURES[int(code[:2]) - 1]
            name = prefecture if kind == "prefecture" else next(names)
            population = dice.randint(*_POPULATION[kind])
            yield Body(code + check_digit(code), name, kind, prefecture, population)


def _how_many(count: int) -> dict[Kind, int]:
    """Share out `count` bodies among the kinds: rounded sums, so that nothing is left over."""
    whole = sum(_SHARES.values())
    counts: dict[Kind, int] = {}
    before = given = 0
    for kind, share in _SHARES.items():
        before += share
        counts[kind] = round(count * before / whole) - given
        given += counts[kind]
    surplus = max(0, counts["prefecture"] - len(PREFECTURES))
    counts["prefecture"] -= surplus
    counts["other"] += surplus
    return counts


def _codes(kind: Kind) -> Iterator[str]:
    """Yield codes of five digits: the prefecture's two, then numbers from the kind's own stretch onwards."""
    prefectures = range(1, len(PREFECTURES) + 1)
    if kind == "prefecture":
        return (f"{prefecture:02d}000" for prefecture in prefectures)
    if kind == "ward":
        own = sorted(prefectures, key=lambda prefecture: prefecture != _TOKYO)
        return (f"{prefecture:02d}{number}" for prefecture in own for number in range(101, 200))
    first = _FIRST_NUMBER[kind]
    numbers = chain(range(first, 1000), range(1, first))
    return (f"{prefecture:02d}{number:03d}" for number, prefecture in product(numbers, prefectures))


def _names(kind: Kind, dice: random.Random) -> Iterator[str]:
    """Yield names of bodies; they begin to repeat only when all are used up, as real ones do between prefectures."""
    stems = [front + back for front, back in product(_FRONTS, _BACKS) if front != back]
    dice.shuffle(stems)
    while True:
        for stem in stems:
            yield stem + dice.choice(_ENDINGS[kind])


def _contact(body: Body, rank: int, tags: frozenset[str], dice: random.Random) -> Contact:
    surname, romaji = dice.choice(_SURNAMES)
    return Contact(
        code=body.code,
        email=f"{romaji}{rank if rank > 1 else ''}@{body.kind}-{body.code[:5]}.example.jp",
        name=f"{surname} {dice.choice(_GIVEN_NAMES)}",
        role=dice.choice(_ROLES),
        rank=rank,
        tags=tags,
    )


def _tags(place: int, members: int) -> frozenset[str]:
    """Spread the members of the closed list and the officers evenly over the register."""
    wanted = {"security": min(SECURITY_MEMBERS, members), "officer": min(OFFICERS, members)}
    return frozenset(
        tag for tag, count in wanted.items() if (place + 1) * count // members > place * count // members
    )
