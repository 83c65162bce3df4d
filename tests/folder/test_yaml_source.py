"""A YAML file as a person writes it: text stays text, and every mistake has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbot.core.mistake import Mistake, Mistakes
from mailbot.folder.yaml_source import FileModel, Line, Source, nearest, read_yaml, validate


class Inner(FileModel):
    """Something nested."""

    word: Line
    number: int = 1


class Outer(FileModel):
    """Something with every shape."""

    title: Line | None = None
    flag: bool = False
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()


def source(tmp_path: Path, text: str | bytes) -> Source:
    path = tmp_path / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path, "config/file.yaml")


def printed(tmp_path: Path, text: str | bytes) -> list[str]:
    """Return the mistakes of the text as `mailbot check` prints them."""
    try:
        _, mistakes = validate(source(tmp_path, text), Outer, {}, required=("title",))
    except Mistakes as broken:
        return [str(mistake) for mistake in broken.mistakes]
    return [str(mistake) for mistake in sorted(mistakes)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10:00", "10:00"),
        ("10:00-15:00", "10:00-15:00"),
        ("undecided", "undecided"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", "true"),
        ("2026-06-18 09:00", "2026-06-18 09:00"),
        ("2026-06-18 09:00:00", "2026-06-18 09:00:00"),
        ("'2026-06-18 09:00'", "2026-06-18 09:00"),
        ("2026-10-22", "2026-10-22"),
        ("011002", "011002"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("1e3", "1e3"),
        ("'null'", "null"),
        ("''", ""),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_scalars_stay_text(tmp_path: Path, written: str, read: str | None) -> None:
    """What a person wrote is not turned into a number, a date or a truth by YAML's own rules."""
    assert source(tmp_path, f"value: {written}\n").plain == {"value": read}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("flag: true\n", "config/file.yaml:1:1 title: is missing"),
        ("title:\n", "config/file.yaml:1:1 title: has no value"),
        ("title: ''\n", "config/file.yaml:1:8 title: is empty"),
        ("title: [a]\n", "config/file.yaml:1:8 title: must be text, not a list"),
        (
            'title: "a\\nb"\n',
            "config/file.yaml:1:8 title: must be one line without control characters",
        ),
        (
            "title: a\ntitel: b\n",
            "config/file.yaml:2:1 titel: is not a known key; did you mean 'title'?",
        ),
        (
            "title: a\nxyz: b\n",
            "config/file.yaml:2:1 xyz: is not a known key; known here: title, flag, inner, many",
        ),
        ("title: a\nflag: maybe\n", "config/file.yaml:2:7 flag: must be true or false, not 'maybe'"),
        ("title: a\ninner: {number: 2}\n", "config/file.yaml:2:8 inner.word: is missing"),
        (
            "title: a\ninner: word\n",
            "config/file.yaml:2:8 inner: must be keys with values such as {key: value}, not 'word'",
        ),
        (
            "title: a\nmany: {word: a}\n",
            "config/file.yaml:2:7 many: must be a list such as [a, b], not keys and values",
        ),
        (
            "title: a\nmany:\n  - word: a\n  - {word: b, number: two}\n",
            "config/file.yaml:4:23 many.2.number: must be a whole number, not 'two'",
        ),
        (
            "title: a\nmany: [{word: a, numbr: 2}]\n",
            "config/file.yaml:2:18 many.1.numbr: is not a known key; did you mean 'number'?",
        ),
        ("title: a\ntitle: b\n", "config/file.yaml:2:1 title: this key stands already on line 1; remove one of them"),
        ("title: !secret a\n", "config/file.yaml:1:8 title: the tag !secret means nothing here; write the plain value"),
        ("title: a\n? [b]\n: c\n", "config/file.yaml:2:3 yaml: a key must be one word, not a list or a mapping"),
        ("title: a\nmany: &m [*m]\n", "config/file.yaml:2:7 many.1: this value refers to itself"),
        ("title: *a\n", "config/file.yaml:1:8 yaml: a value that begins with '*' refers to another one in YAML; put it in quotes"),
        ("title: @a\n", "config/file.yaml:1:8 yaml: a value cannot begin with '@'; put it in quotes"),
        ("", "config/file.yaml:1:1 file: the file is empty"),
        ("title\n", "config/file.yaml:1:1 yaml: the file must hold keys: 'key: value'"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place_and_sentence(tmp_path: Path, text: str, line: str) -> None:
    """A mistake is one line `file:line:column key: sentence`, at the value, or at the key where the key is wrong."""
    assert line in printed(tmp_path, text)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Nobody mends a file one mistake at a time."""
    text = "flag: maybe\nflag: true\ninner: {wrd: a}\nother: 1\n"
    assert [line.split(":")[1:3] for line in printed(tmp_path, text)] == [
        ["1", "1 title"],
        ["1", "7 flag"],
        ["2", "1 flag"],
        ["3", "8 inner.word"],
        ["3", "9 inner.wrd"],
        ["4", "1 other"],
    ]


def test_what_is_sound_is_still_returned(tmp_path: Path) -> None:
    """A key with a mistake takes its default, so that checks between the other keys can go on."""
    found, mistakes = validate(source(tmp_path, "title: a\nflag: maybe\nnew: 1\n"), Outer, {})
    assert found == Outer(title="a")
    assert len(mistakes) == 2


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_windows_files_are_read(tmp_path: Path, ends: str) -> None:
    """A byte order mark and CRLF, as Windows editors write them, change nothing."""
    raw = b"\xef\xbb\xbf" + f"title: 会議{ends}flag: yes{ends}".encode()
    assert validate(source(tmp_path, raw), Outer, {})[0] == Outer(title="会議", flag=True)


def test_text_that_is_not_utf8_names_its_line(tmp_path: Path) -> None:
    """A file saved in Shift_JIS is refused where its first such byte stands."""
    (line,) = printed(tmp_path, b"flag: true\ntitle: \x89\xef\x8bc\n")
    assert (
        line == "config/file.yaml:2:8 yaml: the byte 0x89 on this line is not UTF-8; save the file as UTF-8"
    )


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    """A file that is not there is refused with its path and what makes one."""
    with pytest.raises(Mistakes) as broken:
        read_yaml(tmp_path / "none.yaml", "config/none.yaml")
    assert str(broken.value).startswith(f"config/none.yaml:1:1 file: there is no {tmp_path / 'none.yaml'}; ")


def test_a_folder_in_place_of_a_file_is_a_mistake(tmp_path: Path) -> None:
    """What the system says about an unreadable file stands in the sentence."""
    with pytest.raises(Mistakes, match=r"^a\.yaml:1:1 file: cannot be read: Is a directory$"):
        read_yaml(tmp_path, "a.yaml")


def test_deep_nesting_is_a_mistake(tmp_path: Path) -> None:
    """A file nested beyond reason is refused, not crashed on."""
    assert len(printed(tmp_path, "title: " + "[" * 1_000)) == 1


def test_mistakes_are_sorted_and_said_once() -> None:
    """Mistakes stand in the order of files and lines, none twice."""
    first, second = Mistake("a", 2, 1, "k", "x"), Mistake("a", 10, 1, "k", "x")
    assert Mistakes([second, first, second]).mistakes == (first, second)


def test_nearest_suggests_or_lists() -> None:
    """A slip of the finger is answered with the word meant, anything else with all words."""
    assert nearest("clsed", ["closed", "open"]) == "; did you mean 'closed'?"
    assert nearest("x", ["closed", "open"]) == "; known here: closed, open"
