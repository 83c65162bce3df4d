"""A list of another program as files: which file says what, and every bad line with its place."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pytest

from mailbot.core.lists.old_list import OldList
from mailbot.core.mistake import Mistakes
from mailbot.core.refusal import Refusal
from mailbot.folder.definition_yaml import write_yaml
from mailbot.folder.list_files import ListFile
from mailbot.folder.yaml_source import read_yaml, validate
from mailbot.formats.old_list_files import check_addresses, read_old_list
from tests.flows.post_office import TOKYO

MAILMAN_2 = (
    "real_name = 'Bukai'\ndescription = '部会'\nowner = ['yamada@example.jp', 'bukai@ml.example.jp', 'x']\n"
)


def own(address: str) -> bool:
    return address.endswith("@ml.example.jp")


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def printed(broken: pytest.ExceptionInfo[Mistakes], tmp_path: Path) -> list[str]:
    """Return the mistakes, without the folder."""
    return [str(mistake).removeprefix(f"{tmp_path}/") for mistake in broken.value.mistakes]


def shown(old: OldList) -> list[tuple[str, str, bool, str | None]]:
    return [(one.address.partition("@")[0], one.mode, one.off, one.posting) for one in old.members]


def test_a_folder_of_fml_4(tmp_path: Path) -> None:
    """Who posts and gets nothing is a member without mail; who gets mail and may not post may not here either."""
    folder = tmp_path / "Bukai"
    write(folder / "config.ph", "$PERMIT_POST_FROM = 'members_only';\n")
    write(folder / "members", "a@example.jp\nb@example.jp\n")
    write(folder / "actives", "a@example.jp m=3\nc@example.jp\n")
    write(folder / "moderators", "a@example.jp\n")
    write(folder / "seq", "12\n")
    old = read_old_list([folder], [])
    assert (old.value.name, old.last_number, old.value.moderators) == ("bukai", 12, ("a@example.jp",))
    assert shown(old) == [
        ("a", "digest", False, None),
        ("c", "each", False, "reject"),
        ("b", "none", False, None),
    ]


def test_one_file_for_both(tmp_path: Path) -> None:
    """Where fml has no file of recipients, its members get the mail."""
    write(tmp_path / "bukai/config.ph", "$PERMIT_POST_FROM = 'members_only';\n")
    write(tmp_path / "bukai/members", "a@example.jp\n")
    old = read_old_list([tmp_path / "bukai"], [])
    assert shown(old) == [("a", "each", False, None)]
    assert [one.name for one in old.aside if one.name == "seq"] == ["seq"]


def test_a_folder_of_fml_8(tmp_path: Path) -> None:
    """Each of its files of addresses has its meaning."""
    folder = tmp_path / "bukai"
    write(folder / "config.cf", "maintainer = x@example.jp\n")
    write(folder / "members", "a@example.jp\nb@example.jp\n")
    write(folder / "recipients", "a@example.jp\n")
    write(folder / "recipients-digest", "b@example.jp\n")
    write(folder / "members-admin", "c@example.jp\n")
    write(folder / "seq", "7\n")
    old = read_old_list([folder], [], name="new")
    assert (old.value.name, old.last_number, old.value.moderators) == ("new", 7, ("c@example.jp",))
    assert shown(old) == [("a", "each", False, None), ("b", "digest", False, None)]


def test_no_digest_of_what_is_not_kept(tmp_path: Path) -> None:
    """On a list without an archive its readers of digests get each post, and are named."""
    write(tmp_path / "bukai/config.ph", "$NOT_USE_SPOOL = 1;\n")
    write(tmp_path / "bukai/actives", "a@example.jp m=3\n")
    old = read_old_list([tmp_path / "bukai"], [])
    assert shown(old) == [("a", "each", False, None)]
    assert [one.value for one in old.aside if one.name == "digest"] == [("a@example.jp",)]


def test_mailman_2_with_its_members(tmp_path: Path) -> None:
    """The regular ones, those with digests and those without mail come in files of their own."""
    config = write(tmp_path / "config", MAILMAN_2)
    everybody = write(
        tmp_path / "all", '山田 <a@example.jp>\n"B" <b@example.jp>\nc@example.jp\n\n'.encode("euc-jp")
    )
    digest, off = write(tmp_path / "digest", "b@example.jp\n"), write(tmp_path / "off", "C@example.jp\n")
    people = [("member", everybody), ("digest", digest), ("off", off)]
    old = check_addresses(read_old_list([config], people), own)  # type: ignore[arg-type]
    assert [one.name for one in old.members] == ["山田", "B", ""]
    assert shown(old) == [("a", "each", False, None), ("b", "digest", False, None), ("c", "each", True, None)]
    assert old.value.moderators == ("yamada@example.jp",)
    assert [one.value for one in old.aside if one.name == "moderator"] == ["x", "bukai@ml.example.jp"]


def test_mailman_3_with_its_rosters(tmp_path: Path) -> None:
    """Settings and rosters are told apart by what they say."""
    config = write(tmp_path / "config.json", json.dumps({"fqdn_listname": "bukai@x.jp", "post_id": 5}))
    entries = [{"email": "a@example.jp", "role": "member", "delivery_mode": "summary_digests"}]
    roster = write(tmp_path / "member.json", json.dumps({"start": 0, "entries": entries}))
    owners = write(
        tmp_path / "owner.json", json.dumps({"entries": [{"email": "b@example.jp", "role": "owner"}]})
    )
    old = read_old_list([roster, config, owners], [])
    assert (old.value.name, old.last_number, old.value.moderators) == ("bukai", 4, ("b@example.jp",))
    assert shown(old) == [("a", "digest", False, None)]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp932"])
def test_a_table_of_addresses(tmp_path: Path, charset: str) -> None:
    """Names, ways of delivery and what becomes of one's posts, in Japanese or English."""
    text = "氏名,メールアドレス,配信,投稿,備考\n山田,a@example.jp,まとめ送り,,x\n,b@example.jp,停止,保留,\n,c@example.jp,,,\n"
    old = read_old_list([write(tmp_path / "研修.csv", text.encode(charset))], [], name="kenshu")
    assert (old.value.name, old.value.title, old.value.subject_prefix) == ("kenshu", "研修", "[kenshu:%05d]")
    assert shown(old) == [
        ("a", "digest", False, None),
        ("b", "each", True, "hold"),
        ("c", "each", False, None),
    ]
    assert [one.value for one in old.aside] == ["備考"]


def test_a_workbook(tmp_path: Path) -> None:
    """The same as .xlsx."""
    book = openpyxl.Workbook()
    for row in [("address", "mode"), ("a@example.jp", "digest"), (None, None), ("b@example.jp", None)]:
        book.worksheets[0].append(list(row))
    content = io.BytesIO()
    book.save(content)
    old = read_old_list([write(tmp_path / "kenshu.xlsx", content.getvalue())], [])
    assert shown(old) == [("a", "digest", False, None), ("b", "each", False, None)]


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    """With its file and line, all of them at once."""
    table = write(tmp_path / "t.csv", "address,mode\na@example.jp,weekly\nb@example.jp,\nc@example.jp,x\n")
    with pytest.raises(Mistakes) as broken:
        read_old_list([table], [])
    choices = "is none of each, digest, digest-plain, notices, none and off"
    assert printed(broken, tmp_path) == [
        f"t.csv:2:2 mode: 'weekly' {choices}",
        f"t.csv:4:2 mode: 'x' {choices}",
    ]
    config = write(tmp_path / "config", MAILMAN_2)
    people = write(tmp_path / "m", "a@example.jp\nnobody\nx@ml.example.jp\n")
    with pytest.raises(Mistakes) as broken:
        check_addresses(read_old_list([config], [("member", people)]), own)
    assert printed(broken, tmp_path) == [
        "m:2:1 address: 'nobody' is not a mail address",
        "m:3:1 address: x@ml.example.jp is an address of this service itself and cannot be a member",
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("config", b"real_name = 'a'\n\x00", "config:2:1 file: holds a NUL, which no text file does"),
        ("config", b"#" * 300_000, "config:1:1 file: is too large for a list's settings, and no table"),
        ("config", b"#\n\xff\xfe\xfd", "config:2:1 file: is in none of UTF-8, EUC-JP, ISO-2022-JP and CP932"),
        ("t.csv", b"name\nx\n", "t.csv:1:1 header: the first row must hold the headers"),
        ("t.csv", b"", "t.csv:1:1 header: the first row must hold the headers"),
        ("bukai/seq", b"x", "bukai/seq:1:1 file: 'x' is no number of a post"),
        ("bukai/members", b"\x00", "bukai/members:1:1 file: holds a NUL"),
        ("bukai/config.ph", b"", "bukai/config.ph:1:1 file: holds no settings of fml 4"),
    ],
)
def test_hostile_files(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    """A file that cannot be what it should be is refused with its place."""
    write(tmp_path / "bukai/config.ph", "$PERMIT_POST_FROM = 'anyone';\n")
    path = write(tmp_path / name, content)
    with pytest.raises(Mistakes) as broken:
        read_old_list([path.parent if "/" in name else path], [])
    assert printed(broken, tmp_path)[0].startswith(sentence)


def test_there_is_one_list_at_a_time(tmp_path: Path) -> None:
    """No settings, two of them, an empty folder: each is refused with what to do."""
    one, other = write(tmp_path / "1", MAILMAN_2), write(tmp_path / "2", MAILMAN_2)
    roster = write(tmp_path / "r.json", '{"entries": []}')
    with pytest.raises(Refusal, match="more than one of these holds"):
        read_old_list([one, other], [])
    with pytest.raises(Refusal, match="none of these holds"):
        read_old_list([roster], [])
    with pytest.raises(Refusal, match="neither config"):
        read_old_list([write(tmp_path / "empty/x", "").parent], [])
    with pytest.raises(Mistakes, match="cannot be read: No such file"):
        read_old_list([tmp_path / "missing"], [])


@pytest.mark.parametrize(
    "settings",
    [
        "subject_prefix = '[50% %d]'",
        "max_message_size = 1",
        "max_message_size = 999999999",
        "max_days_to_hold = 9999",
        "description = 'a\\x1b[31m\\nb'",
        "msg_footer = 'a\\x07\\n\\nb\\n'",
        "owner = ['x y', 'nobody']",
        "accept_these_nonmembers = ['^.*$', '@other']",
        "default_member_moderation = 1\nmember_moderation_action = 2\nreply_goes_to_list = 2",
    ],
)
def test_what_comes_over_is_a_sound_definition(tmp_path: Path, settings: str) -> None:
    """Whatever the old list had, `mailbot export` writes a file that `mailbot check` accepts, with the same value."""
    old = read_old_list([write(tmp_path / "config", f"real_name = 'bukai'\n{settings}\n")], [])
    path = write(tmp_path / "bukai.yaml", write_yaml(old.value, TOKYO))
    found, mistakes = validate(
        read_yaml(path, "bukai.yaml"),
        ListFile,
        {"zone": TOKYO},
        required=("name", "title", "preset", "members"),
    )
    assert mistakes == []
    assert found.value() == old.value
