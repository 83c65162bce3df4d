"""The register as a file: every form in which an office keeps it, and every row that cannot be right."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from mailbot.core.members.register import Body, Contact, full_code
from mailbot.core.mistake import Mistakes
from mailbot.formats.register_file import HEADERS, Register, read_register, write_register
from tests.drawing import given, st

ENGLISH = "code,body,kind,prefecture,population,name,role,email,rank,tags\n"
JAPANESE = ",".join(HEADERS.values()) + "\n"
CHIYODA = "131016,千代田区,区,東京都,66680,山田太郎,課長,yamada@city.example.jp,1,officer security\n"
BODY = Body("131016", "千代田区", "ward", "東京都", 66_680)
YAMADA = Contact(
    "131016", "yamada@city.example.jp", "山田太郎", "課長", 1, frozenset({"officer", "security"})
)


def own(address: str) -> bool:
    return address.endswith("@ml.example.jp")


def read(tmp_path: Path, content: str | bytes, name: str = "members.csv") -> Register:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_register(path, own)


def printed(tmp_path: Path, content: str | bytes, name: str = "members.csv") -> list[str]:
    """Return the mistakes, without the folder."""
    with pytest.raises(Mistakes) as broken:
        read(tmp_path, content, name)
    return [str(mistake).removeprefix(f"{tmp_path}/") for mistake in broken.value.mistakes]


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("header", [ENGLISH, JAPANESE, ENGLISH.upper(), JAPANESE.replace("メール", "ﾒｰﾙ")])
@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: text.encode("utf-8-sig"), lambda text: text.encode("cp932")]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_form_of_csv(tmp_path: Path, header: str, encode: Callable[[str], bytes], ends: str) -> None:
    """UTF-8 with or without BOM and CP932, English or Japanese headers, any line end: the same row."""
    register = read(tmp_path, encode((header + CHIYODA).replace("\n", ends)))
    assert [(row.line, row.body, row.contact) for row in register.rows] == [(2, BODY, YAMADA)]


def test_columns_in_any_order_with_others_between(tmp_path: Path) -> None:
    """Columns may stand in any order; those that the register has no place for are named, not read."""
    text = "メールアドレス,電話番号,種別,団体名,都道府県,団体コード\na@city.example.jp,03-0000-0000,区,千代田区,東京都,131016\n"
    register = read(tmp_path, text)
    assert register.ignored == ("電話番号",)
    (row,) = register.rows
    assert (row.body, row.contact) == (
        Body("131016", "千代田区", "ward", "東京都"),
        Contact("131016", "a@city.example.jp"),
    )


@pytest.mark.parametrize("header", ["others", "別アドレス", "その他のアドレス", "Other addresses"])
@pytest.mark.parametrize(
    "cell",
    ["b@x.jp c@y.jp", "b@x.jp、c@y.jp", "b@x.jp；c@y.jp", '"b@x.jp,\nc@y.jp"', '"c@y.jp, b@x.jp, B@X.jp"'],
)
def test_further_addresses(tmp_path: Path, header: str, cell: str) -> None:
    """別アドレス holds any number of addresses, set apart by blanks, commas, semicolons or lines."""
    head = ENGLISH.replace("tags", f"tags,{header}")
    (row,) = read(tmp_path, head + CHIYODA.replace("\n", f",{cell}\n")).rows
    assert sorted(one.lower() for one in row.contact.others) == ["b@x.jp", "c@y.jp"]
    (again,) = read(tmp_path, write_register([(row.body, row.contact)])).rows
    assert again.contact == row.contact


def test_an_address_of_two_persons(tmp_path: Path) -> None:
    """A further address that is another person's, bad, or ours is a mistake of its cell; one person's rows agree."""
    head = ENGLISH.replace("tags", "tags,others").replace(",rank", "")
    chiyoda, chuo = "131016,千代田区,区,東京都,,,,", "131024,中央区,区,東京都,,,,"
    assert printed(tmp_path, f"{head}{chiyoda}a@x.jp,,z@x.jp\n{chuo}b@x.jp,,z@x.jp\n") == [
        "members.csv:3:10 others: z@x.jp belongs already to the person of a@x.jp on line 2; an address has one owner"
    ]
    assert printed(tmp_path, f"{head}{chiyoda}a@x.jp,,B@x.jp\n{chuo}b@x.jp,,\n") == [
        "members.csv:3:8 email: b@x.jp belongs already to the person of a@x.jp on line 2; an address has one owner"
    ]
    assert printed(tmp_path, f"{head}{chiyoda}a@x.jp,,nobody\n{chuo}b@x.jp,,list@ml.example.jp\n") == [
        "members.csv:2:10 others: 'nobody' is not a mail address such as sato@city.example.jp",
        "members.csv:3:10 others: list@ml.example.jp is an address of this service itself and cannot be a member",
    ]
    rows = read(tmp_path, f"{head}{chiyoda}a@x.jp,,z@x.jp\n{chuo}a@x.jp,,\n").rows
    assert [row.contact.others for row in rows] == [{"z@x.jp"}, {"z@x.jp"}]


def test_xlsx(tmp_path: Path) -> None:
    """A workbook's first sheet is read, numbers as numbers."""
    content = workbook(
        tuple(HEADERS.values()),
        (131016, "千代田区", "区", "東京都", 66680.0, "山田太郎", "課長", "yamada@city.example.jp", 1, "officer security"),
        (None,) * 10,
        ("131016", "千代田区", "区", "東京都", None, None, None, "sato@city.example.jp", None, None),
    )  # fmt: skip
    register = read(tmp_path, content, "members.xlsx")
    assert [(row.line, row.contact.email, row.contact.rank) for row in register.rows] == [
        (2, "yamada@city.example.jp", 1),
        (4, "sato@city.example.jp", 2),
    ]
    assert register.rows[0].body == BODY


@pytest.mark.parametrize(
    ("code", "prefecture", "full"),
    [
        ("131016", "東京都", "131016"),
        ("13101", "東京都", "131016"),
        ("１３１０１６", "東京都", "131016"),
        ("011002", "北海道", "011002"),
        ("11002", "北海道", "011002"),
        ("1100", "北海道", "011002"),
        ("11002", "埼玉県", full_code("11002")),
        ("11002", "", full_code("11002")),
    ],
)
def test_codes_that_a_spreadsheet_shortened(tmp_path: Path, code: str, prefecture: str, full: str) -> None:
    """The leading 0 that a spreadsheet drops is given back when the prefecture shows that it was there."""
    text = f"code,body,kind,prefecture,email\n{code},某団体,その他,{prefecture},a@example.jp\n"
    assert read(tmp_path, text).rows[0].body.code == full


@pytest.mark.parametrize(
    ("written", "persons"),
    [("", None), ("12345", 12_345), ('"12,345"', 12_345), ("１２，３４５", 12_345), ("１２", 12)],
)
def test_population(tmp_path: Path, written: str, persons: int | None) -> None:
    """A population may have commas and full-width digits."""
    assert read(tmp_path, ENGLISH + CHIYODA.replace("66680", written)).rows[0].body.population == persons


@pytest.mark.parametrize("kind", ["city", "City", "市"])
def test_kinds(tmp_path: Path, kind: str) -> None:
    """A kind may be written in either language."""
    assert (
        read(tmp_path, ENGLISH + CHIYODA.replace("区,", f"{kind},", 2).replace("千代田" + kind, "千代田区"))
        .rows[0]
        .body.kind
        == "city"
    )


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            CHIYODA.replace("131016", "131017"),
            "2:1 code: 団体コード 131017: the check digit is 7, but 13101 needs 6",
        ),
        (CHIYODA.replace("131016", "12"), "2:1 code: 団体コード '12' is not five or six digits"),
        (CHIYODA.replace("131016", ""), "2:1 code: is empty; each row needs a code"),
        (CHIYODA.replace("千代田区", ""), "2:2 body: is empty; each row needs the body's name"),
        (
            CHIYODA.replace(",区,", ",組合,"),
            "2:3 kind: '組合' is not one of 市, 町, 村, 区, 特別区, 都道府県, その他, city, town, village, ward, prefecture, other",
        ),
        (
            CHIYODA.replace("東京都", ""),
            "2:4 prefecture: is empty; only a body of kind other may have none",
        ),
        (CHIYODA.replace("66680", "約7万"), "2:5 population: '約7万' is not a whole number"),
        (CHIYODA.replace("66680", '"1,23"'), "2:5 population: '1,23' is not a whole number"),
        (
            CHIYODA.replace("66680", "6668000000"),
            "2:5 population: '6668000000' is too large; at most 9 digits",
        ),
        (CHIYODA.replace(",1,", ",10000000000,"), "2:9 rank: '10000000000' is too large; at most 9 digits"),
        (
            CHIYODA.replace("66680", "66,680"),
            "2:1 code: the row has 11 cells, the header 10; put a cell with a comma in quotes",
        ),
        (CHIYODA.replace("yamada@city.example.jp", ""), "2:8 email: is empty; each row needs a mail address"),
        (
            CHIYODA.replace("yamada@city", "yamada＠city"),
            "2:8 email: 'yamada＠city.example.jp' is not a mail address such as sato@city.example.jp",
        ),
        (
            CHIYODA.replace("city.example", "ml.example"),
            "2:8 email: yamada@ml.example.jp is an address of this service itself and cannot be a member",
        ),
        (CHIYODA.replace(",1,", ",first,"), "2:9 rank: 'first' is not a whole number"),
        (CHIYODA.replace(",1,", ",0,"), "2:9 rank: must be 1 or more (1 = primary)"),
        (
            CHIYODA.replace("課長", '"課\n長"'),
            "2:7 role: must be one line of at most 1000 characters, without control characters",
        ),
        (CHIYODA + CHIYODA, "3:8 email: yamada@city.example.jp stands already on line 2 for 131016"),
        (
            CHIYODA + CHIYODA.replace("city.example.jp", "City.Example.JP"),
            "3:8 email: yamada@City.Example.JP stands already on line 2 for 131016",
        ),
        (
            CHIYODA + CHIYODA.replace("千代田区", "千代田").replace("yamada", "b"),
            "3:2 body: 131016 has 千代田 here, but 千代田区 on line 2",
        ),
        (
            CHIYODA + CHIYODA.replace(",区,", ",市,").replace("yamada", "b"),
            "3:3 kind: 131016 has city here, but ward on line 2",
        ),
        (
            CHIYODA + CHIYODA.replace("66680", "66681").replace("yamada", "b"),
            "3:5 population: 131016 has 66681 here, but 66680 on line 2",
        ),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, row: str, line: str) -> None:
    """A row that cannot be right is named by line and column, with what is wrong and how it should be."""
    assert printed(tmp_path, ENGLISH + row) == [f"members.csv:{line}"]


STANDING = "団体コード,団体名,種別,都道府県,メールアドレス,区分,入会日,退会日,承継団体\n"


@pytest.mark.parametrize(
    ("cells", "standing"),
    [
        (",,,", ("regular", None, None, "")),
        ("正会員,2020-04-01,,", ("regular", date(2020, 4, 1), None, "")),
        ("連携団体,令和2年4月1日,2027/4/1,131024", ("partner", date(2020, 4, 1), date(2027, 4, 1), "131024")),
        (
            "partner,2020-04-01 00:00:00,R9.4.1,13102",
            ("partner", date(2020, 4, 1), date(2027, 4, 1), "131024"),
        ),
    ],
)
def test_since_when_and_until_when(
    tmp_path: Path, cells: str, standing: tuple[str, date | None, date | None, str]
) -> None:
    """Dates as offices write them, the category and the body that it went into."""
    register = read(tmp_path, STANDING + f"131016,千代田区,区,東京都,a@example.jp,{cells}\n")
    body = register.rows[0].body
    assert (body.category, body.joined, body.left, body.successor) == standing
    assert {"joined", "left", "category", "successor"} <= register.columns


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ("特別会員,,,", "2:6 category: '特別会員' is not one of 正会員, 連携団体, regular, partner"),
        (",4月1日,,", "2:7 joined: '4月1日' is not a date such as 2027-04-01"),
        (",2027-02-30,,", "2:7 joined: '2027-02-30' is not a date such as 2027-04-01"),
        (",2027-04-01,2027-04-01,", "2:8 left: 2027-04-01 is not after the 入会日 2027-04-01"),
        (",,,131025", "2:9 successor: 団体コード 131025: the check digit is 5, but 13102 needs 4"),
        (",,,131016", "2:9 successor: 131016 cannot be merged into itself"),
    ],
)
def test_a_standing_that_cannot_be(tmp_path: Path, cells: str, line: str) -> None:
    """Each is named by its line and column, like every other cell."""
    text = STANDING + f"131016,千代田区,区,東京都,a@example.jp,{cells}\n"
    assert printed(tmp_path, text) == [f"members.csv:{line}"]


def test_a_body_has_one_standing(tmp_path: Path) -> None:
    """Two rows of one body cannot leave on two days."""
    rows = "".join(f"131016,千代田区,区,東京都,{name}@example.jp,,,2027-04-0{name},\n" for name in "12")
    assert printed(tmp_path, STANDING + rows) == [
        "members.csv:3:8 left: 131016 has 2027-04-02 here, but 2027-04-01 on line 2"
    ]


def test_all_bad_rows_are_named_at_once(tmp_path: Path) -> None:
    """An office mends the file once, not row by row; lines are counted as an editor counts them."""
    text = ENGLISH + CHIYODA.replace("課長", '"課\n長"') + "\n" + ",,組合,,x,,,no,y,\n"
    assert [line.split(" ")[0:2] for line in printed(tmp_path, text)] == [
        ["members.csv:2:7", "role:"],
        ["members.csv:5:1", "code:"],
        ["members.csv:5:2", "body:"],
        ["members.csv:5:3", "kind:"],
        ["members.csv:5:4", "prefecture:"],
        ["members.csv:5:5", "population:"],
        ["members.csv:5:8", "email:"],
        ["members.csv:5:9", "rank:"],
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            b"",
            (
                "1:1 header: the first row must hold the headers; missing: code (団体コード), body (団体名), "
                "kind (種別), prefecture (都道府県), email (メールアドレス)"
            ),
        ),
        (
            (JAPANESE + CHIYODA).replace("種別", "分類").encode(),
            "1:1 header: the first row must hold the headers; missing: kind (種別)",
        ),
        (ENGLISH.replace("name", "email").encode(), "1:8 email: the column email stands here a second time"),
        (ENGLISH.encode(), "2:1 file: the file holds no row below its headers"),
        (
            ENGLISH.encode() + b"\x81\xff\n",
            "2:1 file: the byte 0x81 on this line is neither UTF-8 nor CP932; save the file as CSV UTF-8",
        ),
        ((ENGLISH + CHIYODA).encode("utf-16"), "1:1 file: this is UTF-16; save it as CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "1:1 file: this is an old .xls file; save it as .xlsx or CSV"),
        (b"PK\x03\x04broken", "1:1 file: cannot be read as .xlsx (BadZipFile); save it anew or as CSV UTF-8"),
        (
            (ENGLISH + CHIYODA + '131016,"千代田区\n').encode(),
            "3:1 file: this is not CSV: unexpected end of data; a quotation mark may not be closed",
        ),
    ],
)
def test_a_file_that_is_no_register(tmp_path: Path, content: bytes, line: str) -> None:
    """A file that cannot be a register is refused with what to do about it."""
    assert printed(tmp_path, content) == [f"members.csv:{line}"]


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is refused with the system's words."""
    with pytest.raises(Mistakes, match=r"none\.csv:1:1 file: cannot be read: No such file or directory"):
        read_register(tmp_path / "none.csv", own)


def test_ranks_follow_the_rows_where_none_is_written(tmp_path: Path) -> None:
    """Without ranks the first contact of a body is its primary, the next its deputies."""
    rows = CHIYODA.replace(",1,", ",,") + CHIYODA.replace(",1,", ",,").replace("yamada", "sato")
    assert [row.contact.rank for row in read(tmp_path, ENGLISH + rows).rows] == [1, 2]


def test_one_person_may_serve_two_bodies(tmp_path: Path) -> None:
    """The same address for two bodies is no mistake."""
    other = CHIYODA.replace("131016", "131024").replace("千代田区", "中央区")
    assert len(read(tmp_path, ENGLISH + CHIYODA + other).rows) == 2


def test_export_defuses_formulas(tmp_path: Path) -> None:
    """A cell that a spreadsheet would run is written with an apostrophe before it (promises.md attack 12)."""
    risky = Contact("131016", "a@example.jp", "=HYPERLINK(1)", "＠係", 1)
    text = write_register([(BODY, risky)])
    assert '"\'=HYPERLINK(1)"' in text
    assert '"\'＠係"' in text
    assert read(tmp_path, text).rows[0].contact == risky


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" "), max_size=12
).map(str.strip)


@given(
    name=_TEXT,
    role=_TEXT,
    tags=st.frozensets(st.sampled_from(["officer", "役員", "-x", "=y"])),
    rank=st.integers(1, 9),
)
def test_what_export_writes_import_reads(
    tmp_path_factory: pytest.TempPathFactory, name: str, role: str, tags: frozenset[str], rank: int
) -> None:
    """An exported register is the same register when it is imported."""
    contact = Contact("131016", "-a+b@example.jp", name, role, rank, tags)
    register = read(tmp_path_factory.mktemp("export"), write_register([(BODY, contact)]))
    assert [(row.body, row.contact) for row in register.rows] == [(BODY, contact)]


def test_a_large_register_is_read_at_once(tmp_path: Path) -> None:
    """14,010 rows, ten times the association, cost less than a second of processor time."""
    codes = [full_code(str(number)) for number in range(10_000, 24_010)]
    rows = [
        f"{code},第{code}市,市,長野県,50000,担当 {code},主事,tanto@city{code}.example.jp,1,officer\n"
        for code in codes
    ]
    path = tmp_path / "members.csv"
    path.write_text(JAPANESE + "".join(rows), encoding="utf-8")
    started = time.process_time()
    register = read_register(path, own)
    assert time.process_time() - started < 5
    assert [row.body.code for row in register.rows] == codes
