"""The register as a file that people keep in a spreadsheet: CSV (UTF-8 or CP932) or .xlsx."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mailbot.core.mail.address import address_key, valid_address, with_ascii_domain
from mailbot.core.members.register import (
    CATEGORY_WORDS,
    KIND_WORDS,
    PREFECTURES,
    Body,
    Category,
    Contact,
    Kind,
    full_code,
)
from mailbot.core.mistake import Mistake, Mistakes

if TYPE_CHECKING:
    import _csv

Value = TypeVar("Value")

HEADERS = {  # the file's columns in the order in which they are written, with their Japanese names
    "code": "団体コード",
    "body": "団体名",
    "kind": "種別",
    "prefecture": "都道府県",
    "population": "人口",
    "name": "氏名",
    "role": "役職",
    "email": "メールアドレス",
    "rank": "順位",
    "tags": "タグ",
    "category": "区分",
    "joined": "入会日",
    "left": "退会日",
    "successor": "承継団体",
    "others": "別アドレス",
}
_NEEDED = ("code", "body", "kind", "prefecture", "email")
_COLUMNS = {
    **{name: name for name in HEADERS},
    **{japanese: name for name, japanese in HEADERS.items()},
    **dict.fromkeys(("other addresses", "other_addresses", "その他のアドレス", "他のアドレス"), "others"),
}
_KIND_NAMES = ", ".join(KIND_WORDS)
_XLSX = b"PK\x03\x04"
_XLS = b"\xd0\xcf\x11\xe0"
_LONGEST_CELL = 1_000
_MOST_DIGITS = 9  # of a count: what a 32-bit column of the database holds
_NONE: frozenset[str] = frozenset()
_BETWEEN = re.compile(r"[\s,，、;；]+")  # addresses of one cell
_COUNT = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+")
# What a spreadsheet would run (promises.md attack 12)
_FORMULA = re.compile(r"'*[\s\u200b\ufeff]*[=+\-@＝＋－＠]")


class Row(NamedTuple):
    """One row: a contact and the body it belongs to."""

    line: int  # in the file, from 1
    body: Body
    contact: Contact


@dataclass(frozen=True)
class Register:
    """A file without mistakes."""

    rows: tuple[Row, ...]
    ignored: tuple[str, ...]  # headers of columns that the register has no place for
    columns: frozenset[str]  # that the file has; what stands in no other changes by it
    sha256: str  # of the file


def read_register(path: Path, own: Callable[[str], bool]) -> Register:
    """Read the whole file; `own` tells whether an address is the service's. Raises Mistakes with every bad row."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Mistakes([Mistake(str(path), 1, 1, "file", f"cannot be read: {error.strerror}")]) from None
    lines = numbered_rows(raw, path)
    header, *rest = lines or [(1, [])]
    columns, ignored = _columns(header[1], path)
    reading = _Reading(str(path), columns, len(header[1]), own, rest)
    rows = reading.rows()
    if not rows and not reading.mistakes:
        reading.mistakes.append(Mistake(str(path), 2, 1, "file", "the file holds no row below its headers"))
    if reading.mistakes:
        raise Mistakes(reading.mistakes)
    return Register(rows, ignored, frozenset(columns), hashlib.sha256(raw).hexdigest())


def numbered_rows(raw: bytes, path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV or .xlsx file, each with the line on which it begins. Raises Mistakes."""
    return _xlsx_lines(raw, path) if raw.startswith(_XLSX) else _csv_lines(_text(raw, path), path)


def write_register(rows: Iterable[tuple[Body, Contact]]) -> str:
    """Return the rows as CSV with Japanese headers and a byte order mark, which spreadsheets need for UTF-8."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADERS.values())
    for body, contact in rows:
        population = "" if body.population is None else str(body.population)
        cells = [body.code, body.name, body.kind, body.prefecture, population]
        cells += [
            contact.name,
            contact.role,
            contact.email,
            str(contact.rank),
            " ".join(sorted(contact.tags)),
            "連携団体" if body.category == "partner" else "正会員",
            *("" if day is None else day.isoformat() for day in (body.joined, body.left)),
            body.successor,
            " ".join(sorted(contact.others)),
        ]
        writer.writerow([_inert(cell) for cell in cells])
    return text.getvalue()


def _inert(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    return "'" + cell if _FORMULA.match(cell) else cell


def _as_written(text: str) -> str:
    """Undo `_inert` for a cell that begins with an apostrophe."""
    return text[1:] if _FORMULA.match(text) else text


# -- the rows ------------------------------------------------------------------------------------------------------


class _BadCell(Exception):  # noqa: N818  never leaves this file
    """A cell that cannot be read: its column and why."""

    def __init__(self, column: str, sentence: str) -> None:
        self.column = column
        self.sentence = sentence


class _Reading:
    """The rows below the header: read column by column, then put together row by row with what earlier ones said."""

    def __init__(
        self,
        file: str,
        columns: Mapping[str, int],  # column -> place of its cell
        width: int,  # cells of the header
        own: Callable[[str], bool],
        rows: Iterable[tuple[int, Sequence[str]]],
    ) -> None:
        self.file = file
        self.columns = columns
        self.own = own
        self.mistakes: list[Mistake] = []
        self.lines: list[int] = []
        filled: list[Sequence[str]] = []
        for line, cells in rows:
            if len(cells) > width and any(cell.strip() for cell in cells[width:]):
                sentence = (
                    f"the row has {len(cells)} cells, the header {width}; put a cell with a comma in quotes"
                )
                self._note(line, "code", sentence)
            elif any(cells):
                self.lines.append(line)
                filled.append(cells if len(cells) >= width else [*cells, *[""] * (width - len(cells))])
        by_place = list(zip(*filled, strict=False))
        nothing = [""] * len(filled)
        self.texts = {  # column -> what stands in each row
            name: [
                _as_written(text) if text and text[0] == "'" else text
                for text in map(str.strip, by_place[columns[name]])
            ]
            if name in columns and filled
            else nothing
            for name in HEADERS
        }

    def rows(self) -> tuple[Row, ...]:
        """Return the rows; those with mistakes, which are all noted, are not among them."""
        texts = self.texts
        codes = self._read(_code, "code", "prefecture")
        bodies = zip(
            self._read(_body_name, "body"),
            self._read(_kind, "kind"),
            self._read(_prefecture, "prefecture", "kind"),
            self._read(_population, "population"),
            self._read(_standing, "joined", "left", "successor", "category"),
            strict=True,
        )
        emails = self._read(self._email, "email")
        others = self._read(self._others, "others")
        ranks = self._read(_rank, "rank")
        for name in ("body", "prefecture", "name", "role", "tags"):
            self._only_plain(name)
        standing = self._bodies(codes, bodies)
        wrong = {mistake.line for mistake in self.mistakes}
        keys = [address_key(email) if email else "" for email in emails]
        one_line_each = self._persons(wrong, codes, emails, keys, others)
        counts: dict[str, int] = {}  # code -> contacts so far
        rows = []
        for line, code, body, email, key, rank, name, role, tags in zip(
            *(self.lines, codes, standing, emails, keys, ranks),
            *(texts["name"], texts["role"], texts["tags"]),
            strict=True,
        ):
            if code is None or body is None or email is None or rank is None or line in wrong:
                continue
            counts[code] = counts.get(code, 0) + 1
            contact = Contact(
                *(code, email, name, role, rank or counts[code]),
                frozenset(tags.split()) if tags else _NONE,
                one_line_each.get(key, _NONE),
            )
            rows.append(Row(line, body, contact))
        return tuple(rows)

    def _read(self, read: Callable[..., Value], *columns: str) -> list[Value | None]:
        """Return the value of each row, from these of its cells; None where it is bad, which is noted."""
        cells = list(zip(*(self.texts[name] for name in columns), strict=True))
        values: dict[tuple[str, ...], Value] = {}  # most columns say the same few things again and again
        bad: dict[tuple[str, ...], _BadCell] = {}
        for one in dict.fromkeys(cells):
            try:
                values[one] = read(*one)
            except _BadCell as fault:
                bad[one] = fault
        if bad:
            for line, one in zip(self.lines, cells, strict=True):
                if (why := bad.get(one)) is not None:
                    self._note(line, why.column, why.sentence)
        return [*map(values.get, cells)]

    def _only_plain(self, name: str) -> None:
        """Note the cells of a column that are no single line of text."""
        texts = self.texts[name]
        if max(map(len, texts), default=0) <= _LONGEST_CELL and _printable("".join(texts)):
            return
        for line, text in zip(self.lines, texts, strict=True):
            if len(text) > _LONGEST_CELL or not _printable(text):
                sentence = (
                    f"must be one line of at most {_LONGEST_CELL} characters, without control characters"
                )
                self._note(line, name, sentence)

    def _bodies(self, codes: Iterable[str | None], parts: Iterable[tuple[Any, ...]]) -> list[Body | None]:
        """Return the body of each row, which must be the same in every row of its code."""
        first: dict[str, tuple[int, Body]] = {}
        bodies: list[Body | None] = []
        for line, code, (name, kind, prefecture, population, standing) in zip(
            self.lines, codes, parts, strict=True
        ):
            body = None
            if code and name and kind and prefecture is not None and population is not None and standing:
                body = Body(code, name, kind, prefecture, population if population >= 0 else None, *standing)
                if body.successor == code:
                    self._note(line, "successor", f"{code} cannot be merged into itself")
                before, known = first.setdefault(code, (line, body))
                if known is not body:
                    body = self._same(line, body, before, known)
            bodies.append(body)
        return bodies

    def _same(self, line: int, body: Body, before: int, known: Body) -> Body:
        """Return a body that an earlier line has named already; note where the two differ."""
        if body.population is None and known.population is not None:
            body = replace(body, population=known.population)
        for column, here, there in (
            ("body", body.name, known.name),
            ("kind", body.kind, known.kind),
            ("prefecture", body.prefecture, known.prefecture),
            ("population", body.population, known.population),
            ("category", body.category, known.category),
            ("joined", body.joined, known.joined),
            ("left", body.left, known.left),
            ("successor", body.successor, known.successor),
        ):
            if here != there:
                sentence = (
                    f"{body.code} has {here or 'nothing'} here, but {there or 'nothing'} on line {before}"
                )
                self._note(line, column, sentence)
        return body

    def _email(self, email: str) -> str:
        if not email:
            raise _BadCell("email", "is empty; each row needs a mail address")
        return self._address("email", email)

    def _others(self, text: str) -> frozenset[str]:
        """Return the further addresses of a row, separated by blanks, commas, semicolons or line breaks."""
        if not text:
            return _NONE
        if len(text) > _LONGEST_CELL:
            raise _BadCell("others", f"must be at most {_LONGEST_CELL} characters")
        written = map(with_ascii_domain, filter(None, _BETWEEN.split(text)))
        once = {address_key(one): one for one in written}
        return frozenset(self._address("others", one) for one in once.values())

    def _address(self, column: str, email: str) -> str:
        plain = with_ascii_domain(email)
        if not valid_address(plain):
            raise _BadCell(column, f"{email!r} is not a mail address such as sato@city.example.jp")
        if self.own(plain):
            raise _BadCell(column, f"{email} is an address of this service itself and cannot be a member")
        return plain

    def _persons(
        self,
        wrong: Container[int],
        codes: Iterable[str | None],
        emails: Iterable[str | None],
        keys: Iterable[str],
        others: Iterable[frozenset[str] | None],
    ) -> dict[str, frozenset[str]]:
        """Return all further addresses of each person, who may be in several bodies, by the key of the main address.

        A mistake is noted where somebody stands twice in a body, and where an address is another person's already: mail
        from it could not tell who wrote.
        """
        first: dict[tuple[str, str], int] = {}  # code and address -> line
        homes: dict[str, tuple[int, str]] = {}  # address -> first line and whose
        further: dict[str, frozenset[str]] = {}
        for line, code, email, key, named in zip(self.lines, codes, emails, keys, others, strict=True):
            if code is None or email is None or line in wrong:
                continue
            before = first.setdefault((code, key), line)
            if before != line:
                self._note(line, "email", f"{email} stands already on line {before} for {code}")
            self._of_one_person(homes, line, "email", email, key, key)
            for other in sorted(named or ()):
                if (other_key := address_key(other)) != key:
                    self._of_one_person(homes, line, "others", other, other_key, key)
                    further[key] = further.get(key, _NONE) | {other}
        return further

    def _of_one_person(
        self, homes: dict[str, tuple[int, str]], line: int, column: str, address: str, key: str, home: str
    ) -> None:
        before, theirs = homes.setdefault(key, (line, home))
        if theirs != home:
            sentence = f"{address} belongs already to the person of {theirs} on line {before}; an address has one owner"
            self._note(line, column, sentence)

    def _note(self, line: int, column: str, sentence: str) -> None:
        self.mistakes.append(Mistake(self.file, line, self.columns.get(column, 0) + 1, column, sentence))


def _printable(text: str) -> bool:
    return text.isprintable() or text.replace("\u3000", " ").isprintable()


def _code(written: str, prefecture: str) -> str:
    text = unicodedata.normalize("NFKC", written).removesuffix(".0")
    if not text:
        raise _BadCell("code", "is empty; each row needs a code")
    try:
        code = full_code(text)
    except ValueError as error:
        code = _with_zero(text, prefecture)
        if not code:
            raise _BadCell("code", str(error)) from None
    if len(text) == 5 and _prefecture_of(code) != prefecture:
        return _with_zero(text, prefecture) or code
    return code


def _with_zero(text: str, prefecture: str) -> str:
    """Give back the leading 0 that a spreadsheet drops (011002 of 北海道), if the prefecture says that it did; else ""."""
    try:
        code = full_code("0" + text)
    except ValueError:
        return ""
    return code if _prefecture_of(code) == prefecture else ""


def _prefecture_of(code: str) -> str:
    number = int(code[:2])
    return PREFECTURES[number - 1] if 1 <= number <= len(PREFECTURES) else ""


def _body_name(text: str) -> str:
    if not text:
        raise _BadCell("body", "is empty; each row needs the body's name")
    return text


def _kind(text: str) -> Kind:
    kind = KIND_WORDS.get(text.lower())
    if kind is None:
        raise _BadCell("kind", f"{text!r} is not one of {_KIND_NAMES}")
    return kind


def _prefecture(text: str, kind: str) -> str:
    if not text and KIND_WORDS.get(kind.lower()) != "other":
        raise _BadCell("prefecture", "is empty; only a body of kind other may have none")
    return text


def _population(text: str) -> int:
    """Return the persons, or -1 when the cell is empty."""
    return _count(text, "population", empty=-1)


def _standing(
    first: str, end: str, successor: str, category: str
) -> tuple[date | None, date | None, str, Category]:
    """Return the first day, the first day after the last, the successor's code, and the category."""
    joined, left = _day("joined", first), _day("left", end)
    if joined is not None and left is not None and left <= joined:
        raise _BadCell("left", f"{left} is not after the 入会日 {joined}")
    successor = unicodedata.normalize("NFKC", successor).removesuffix(".0")
    try:
        successor = full_code(successor) if successor else ""
    except ValueError as error:
        raise _BadCell("successor", str(error)) from None
    standing = CATEGORY_WORDS.get(category.lower())
    if standing is None:
        raise _BadCell("category", f"{category!r} is not one of 正会員, 連携団体, regular, partner")
    return joined, left, successor, standing


def _day(column: str, cell: str) -> date | None:
    """Return a date such as 2027-04-01, 2027/4/1, 2027年4月1日 or 令和9年4月1日."""
    text = cell.removesuffix(" 00:00:00")
    if not text:
        return None
    # A hundred patterns, for dates alone.
    from mailbot.core.reading.grammar.answer import read_answer  # noqa: PLC0415
    from mailbot.core.reading.grammar.understood import Understood  # noqa: PLC0415
    from mailbot.core.surveys.survey import Question  # noqa: PLC0415

    # With this day a date without its year is never guessed.
    read = read_answer(Question("Q1", "", "date"), text, today=date.max)
    if not isinstance(read, Understood) or read.remark or not isinstance(read.answer, str):
        raise _BadCell(column, f"{text!r} is not a date such as 2027-04-01")
    return date.fromisoformat(read.answer)


def _rank(text: str) -> int:
    """Return the rank, or 0 when the cell is empty: then the order of the rows decides."""
    rank = _count(text, "rank", empty=0)
    if rank == 0 and text:
        raise _BadCell("rank", "must be 1 or more (1 = primary)")
    return rank


def _count(text: str, column: str, empty: int) -> int:
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    if not text:
        return empty
    plain = unicodedata.normalize("NFKC", text).removesuffix(".0")
    if not _COUNT.fullmatch(plain):
        raise _BadCell(column, f"{text!r} is not a whole number")
    digits = plain.replace(",", "").lstrip("0")
    if len(digits) > _MOST_DIGITS:
        raise _BadCell(column, f"{text!r} is too large; at most {_MOST_DIGITS} digits")
    return int(digits or "0")


# -- the file ------------------------------------------------------------------------------------------------------


def _columns(header: Sequence[str], path: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return where each column stands, and the headers that are not the register's."""
    columns: dict[str, int] = {}
    ignored: list[str] = []
    mistakes: list[Mistake] = []
    for at, cell in enumerate(header):
        text = unicodedata.normalize("NFKC", cell).strip()
        name = _COLUMNS.get(text.lower())
        if name is None:
            ignored += [text] if text else []
        elif name in columns:
            mistakes.append(
                Mistake(str(path), 1, at + 1, name, f"the column {text} stands here a second time")
            )
        else:
            columns[name] = at
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        words = ", ".join(f"{name} ({HEADERS[name]})" for name in missing)
        sentence = f"the first row must hold the headers; missing: {words}"
        mistakes.append(Mistake(str(path), 1, 1, "header", sentence))
    if mistakes:
        raise Mistakes(mistakes)
    return columns, tuple(ignored)


def _text(raw: bytes, path: Path) -> str:
    if raw.startswith(_XLS):
        raise Mistakes(
            [Mistake(str(path), 1, 1, "file", "this is an old .xls file; save it as .xlsx or CSV")]
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Mistakes([Mistake(str(path), 1, 1, "file", "this is UTF-16; save it as CSV UTF-8")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as utf8:
        try:
            return raw.decode("cp932")
        except UnicodeDecodeError as cp932:
            wrong = max(utf8, cp932, key=lambda error: error.start)
    line = raw.count(b"\n", 0, wrong.start) + 1
    sentence = f"the byte 0x{raw[wrong.start]:02X} on this line is neither UTF-8 nor CP932; save the file as CSV UTF-8"
    raise Mistakes([Mistake(str(path), line, 1, "file", sentence)])


def _csv_lines(text: str, path: Path) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    return list(_numbered(reader, path))


def _numbered(reader: _csv.Reader, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number each row by the line on which it begins: a quoted cell may hold line breaks."""
    begins = 1
    try:
        for cells in reader:
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        sentence = f"this is not CSV: {error}; a quotation mark may not be closed"
        raise Mistakes([Mistake(str(path), begins, 1, "file", sentence)]) from None


def _xlsx_lines(raw: bytes, path: Path) -> list[tuple[int, list[str]]]:
    import openpyxl  # noqa: PLC0415  costs a tenth of a second that only this format should pay

    try:
        with warnings.catch_warnings(action="ignore"):  # on styles and extensions that do not matter here
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            rows = list(book.worksheets[0].iter_rows(values_only=True))
    except Exception as error:  # noqa: BLE001  whatever the zip and XML parsers below openpyxl raise
        sentence = f"cannot be read as .xlsx ({type(error).__name__}); save it anew or as CSV UTF-8"
        raise Mistakes([Mistake(str(path), 1, 1, "file", sentence)]) from None
    return [(line, [_cell_text(cell) for cell in cells]) for line, cells in enumerate(rows, 1)]


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
