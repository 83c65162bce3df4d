"""A list of another program as files: Mailman's settings, fml's spool folder, a table of addresses, and who is on it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mailbot.core.lists.digest import DIGESTS
from mailbot.core.lists.fml_settings import last_number_of, read_config_cf, read_config_ph, read_fml_addresses
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.mailman_settings import (
    is_json,
    is_roster,
    read_config_list,
    read_rest_config,
    read_roster,
)
from mailbot.core.lists.membership import Mode, PostingAction
from mailbot.core.lists.old_list import (
    Aside,
    OldList,
    OldMember,
    OldSettingsError,
    Role,
    Settings,
    member_line,
    merged,
    old_list,
    old_text,
    posting_only_for,
)
from mailbot.core.mail.address import valid_address
from mailbot.core.mistake import Mistake, Mistakes
from mailbot.core.refusal import Refusal
from mailbot.formats.register_file import numbered_rows

_LARGEST = 16_777_216  # bytes of one file of addresses
_LARGEST_SETTINGS = 262_144  # bytes
_XLSX = b"PK\x03\x04"
_TABLES = {".csv", ".xlsx"}

# fml's files beside its settings, and what the addresses in them are.
_FML_4: tuple[tuple[str, Role], ...] = (
    ("actives", "member"),
    ("members", "may-post"),
    ("moderators", "moderator"),
    ("members-admin", "moderator"),
)
_FML_8: tuple[tuple[str, Role], ...] = (
    ("recipients", "member"),
    ("actives", "member"),
    ("recipients-digest*", "digest"),
    ("members", "may-post"),
    ("members-moderator", "moderator"),
    ("members-admin", "moderator"),
)

_HEADERS = {
    "email": "email", "address": "email", "mail": "email", "e-mail": "email", "メールアドレス": "email", "アドレス": "email",
    "name": "name", "氏名": "name", "名前": "name",
    "mode": "mode", "配信": "mode", "配信方法": "mode",
    "posting": "posting", "投稿": "posting",
}  # fmt: skip
_MODES: dict[str, tuple[Mode, bool]] = {  # and whether the mail rests
    "": ("each", False), "each": ("each", False), "regular": ("each", False), "通常": ("each", False), "毎回": ("each", False),
    "digest": ("digest", False), "まとめ": ("digest", False), "まとめ送り": ("digest", False), "ダイジェスト": ("digest", False),
    "digest-plain": ("digest-plain", False), "まとめ(本文のみ)": ("digest-plain", False),
    "notices": ("notices", False), "通知": ("notices", False), "通知のみ": ("notices", False),
    "none": ("none", False), "なし": ("none", False), "配信なし": ("none", False),
    "off": ("each", True), "停止": ("each", True), "休止": ("each", True), "一時停止": ("each", True),
}  # fmt: skip
_POSTING: dict[str, PostingAction | None] = {
    "": None, "accept": "accept", "可": "accept", "hold": "hold", "保留": "hold",
    "reject": "reject", "不可": "reject", "discard": "discard", "破棄": "discard",
}  # fmt: skip


def read_old_list(paths: Sequence[Path], people: Sequence[tuple[Role, Path]], *, name: str = "") -> OldList:
    """Return the list that these files describe: one of settings, and whatever names its people.

    `people` are files of addresses with what they are. `name` goes before the name that the settings state. Raises
    Mistakes with every line that cannot be read, and Refusal when no file, or more than one, holds settings.
    """
    settings: list[OldList] = []
    everybody: list[tuple[Role, OldMember]] = []
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            found, named = _folder(path, name) if path.is_dir() else _file(path, name)
        except Mistakes as broken:
            mistakes += broken.mistakes
            continue
        settings += found
        everybody += named
    for role, path in people:
        try:
            everybody += _addresses(path, role)
        except Mistakes as broken:
            mistakes += broken.mistakes
    if mistakes:
        raise Mistakes(mistakes)
    if len(settings) != 1:
        shown = ", ".join(map(str, paths))
        raise Refusal(
            f"{shown}: {'none of these holds' if not settings else 'more than one of these holds'} a list's settings; "
            "name one fml folder, one file of Mailman's settings or one table of addresses"
        )
    old = settings[0]
    members, moderators = merged(everybody)
    together = tuple(dict.fromkeys((*old.value.moderators, *moderators)))
    value, members = replace(old.value, moderators=together), (*old.members, *members)
    return (
        replace(old, value=value, members=members) if value.archive else _without_digests(old, value, members)
    )


def _without_digests(old: OldList, value: MailingList, members: Sequence[OldMember]) -> OldList:
    """Return a list that keeps no posts, so that nothing is there to make a digest of."""
    digests = tuple(one.address for one in members if one.mode in DIGESTS)
    each = tuple(replace(one, mode="each") if one.mode in DIGESTS else one for one in members)
    why = "the list keeps no posts (archive: no); they get each post"
    aside = [Aside("digest", digests, why)] if digests else []
    return replace(old, value=value, members=each, aside=(*old.aside, *aside))


def check_addresses(old: OldList, own: Callable[[str], bool]) -> OldList:
    """Return the list with moderators who can be some; raises Mistakes with each member who cannot be one."""
    mistakes: list[Mistake] = []
    for one in old.members:
        file, _, place = one.place.rpartition(":")
        line = int(place) if place.isdecimal() else 1
        if not valid_address(one.address):
            sentence = f"{one.address[:100]!r} is not a mail address"
        elif own(one.address):
            sentence = f"{one.address} is an address of this service itself and cannot be a member"
        else:
            continue
        mistakes.append(Mistake(file, line, 1, "address", sentence))
    if mistakes:
        raise Mistakes(mistakes)
    wrong = [one for one in old.value.moderators if own(one) or not valid_address(one)]
    aside = [Aside("moderator", one, "is an address of this service, or none") for one in wrong]
    kept = tuple(one for one in old.value.moderators if one not in wrong)
    return replace(old, value=replace(old.value, moderators=kept), aside=(*old.aside, *aside))


Found = tuple[list[OldList], list[tuple[Role, OldMember]]]


def _file(path: Path, name: str) -> Found:
    """Read a file that says itself what it is."""
    raw = _bytes(path, _LARGEST)
    many = raw.startswith(_XLSX) or path.suffix.lower() in _TABLES or is_json(raw)
    if not many and len(raw) > _LARGEST_SETTINGS:
        raise Mistakes([Mistake(str(path), 1, 1, "file", "is too large for a list's settings, and no table")])
    try:
        if raw.startswith(_XLSX) or path.suffix.lower() in _TABLES:
            return [_table(raw, path, name)], []
        if is_json(raw):
            if is_roster(raw):
                return [], list(read_roster(raw, str(path)))
            return [read_rest_config(raw, name)], []
        return [read_config_list(raw, name)], []
    except OldSettingsError as error:
        raise _mistaken(path, error) from None


def _folder(path: Path, name: str) -> Found:
    """Read a spool folder of fml."""
    number, aside = _sequence(path)
    folder = path.resolve().name.lower()
    if (path / "config.ph").is_file():
        read, known, settings = read_config_ph, _FML_4, path / "config.ph"
    elif (path / "config.cf").is_file():
        read, known, settings = read_config_cf, _FML_8, path / "config.cf"
    else:
        raise Refusal(
            f"{path}: this is no folder of an fml list: it has neither config.ph (fml 4) nor config.cf (fml 8)"
        )
    try:
        old = read(_bytes(settings, _LARGEST_SETTINGS), name, folder, number)
    except OldSettingsError as error:
        raise _mistaken(settings, error) from None
    people: list[tuple[Role, OldMember]] = []
    mistakes: list[Mistake] = []
    for pattern, role in known:
        for file in sorted(path.glob(pattern)):
            try:
                people += read_fml_addresses(_bytes(file, _LARGEST), str(file), role)
            except OldSettingsError as error:
                mistakes += _mistaken(file, error).mistakes
            except Mistakes as broken:
                mistakes += broken.mistakes
    if mistakes:
        raise Mistakes(mistakes)
    receives = [one for role, one in people if role in {"member", "digest"}]
    posts = {one.address.lower() for role, one in people if role in {"may-post", "moderator"}}
    if not receives:  # one file for both, as fml has it where people join by themselves
        people = [("member" if role == "may-post" else role, one) for role, one in people]
    elif posts and old.value.preset == "closed":
        people = [
            (role, posting_only_for([one], posts, "reject")[0] if role in {"member", "digest"} else one)
            for role, one in people
        ]
    return [replace(old, aside=(*old.aside, *aside))], people


def _sequence(folder: Path) -> tuple[int, list[Aside]]:
    """Return the number of the newest post; without `seq`, what the list's archive has will go on."""
    path = folder / "seq"
    if not path.is_file():
        return 0, [
            Aside("seq", None, "is missing: numbers begin at 1, or after those of the imported archive")
        ]
    try:
        return last_number_of(_bytes(path, _LARGEST_SETTINGS)), []
    except OldSettingsError as error:
        raise _mistaken(path, error) from None


def _addresses(path: Path, role: Role) -> list[tuple[Role, OldMember]]:
    """Read a file of addresses: lines, or a roster of Mailman 3."""
    raw = _bytes(path, _LARGEST)
    try:
        if is_json(raw):
            return [
                (role if role != "member" else stated, one) for stated, one in read_roster(raw, str(path))
            ]
        lines = old_text(raw).split("\n")
    except OldSettingsError as error:
        raise _mistaken(path, error) from None
    read = [(number, member_line(line)) for number, line in enumerate(lines, 1)]
    return [(role, OldMember(one[1], f"{path}:{number}", one[0])) for number, one in read if one is not None]


def _table(raw: bytes, path: Path, name: str) -> OldList:
    """Read a table of addresses for a new list."""
    rows = numbered_rows(raw, path)
    header = [unicodedata.normalize("NFKC", cell).strip().lower() for cell in rows[0][1]] if rows else []
    columns = {_HEADERS[cell]: at for at, cell in reversed(list(enumerate(header))) if cell in _HEADERS}
    if "email" not in columns:
        sentence = "the first row must hold the headers: address (メールアドレス), and if you like name (氏名), mode (配信)"
        raise Mistakes([Mistake(str(path), 1, 1, "header", sentence)])
    mistakes: list[Mistake] = []
    members = list(_table_rows(rows[1:], columns, path, mistakes))
    if mistakes:
        raise Mistakes(mistakes)
    people, _ = merged(members)
    left = [Aside("column", cell) for cell in header if cell and cell not in _HEADERS]
    title = unicodedata.normalize("NFC", path.stem)
    old = old_list("a table of addresses", name or title.lower(), Settings({}, left), title=title)
    prefix = f"[{old.value.name}:%05d]"
    return replace(old, value=replace(old.value, subject_prefix=prefix), members=people)


def _table_rows(
    rows: Sequence[tuple[int, list[str]]], columns: dict[str, int], path: Path, mistakes: list[Mistake]
) -> Iterator[tuple[Role, OldMember]]:
    for line, cells in rows:
        values = {key: cells[at].strip() if at < len(cells) else "" for key, at in columns.items()}
        if not any(values.values()):
            continue
        mode = _MODES.get(unicodedata.normalize("NFKC", values.get("mode", "")).lower())
        posting = unicodedata.normalize("NFKC", values.get("posting", "")).lower()
        if mode is None:
            sentence = f"{values['mode'][:40]!r} is none of each, digest, digest-plain, notices, none and off"
            mistakes.append(Mistake(str(path), line, columns["mode"] + 1, "mode", sentence))
        elif posting not in _POSTING:
            sentence = f"{values['posting'][:40]!r} is none of accept, hold, reject and discard"
            mistakes.append(Mistake(str(path), line, columns["posting"] + 1, "posting", sentence))
        else:
            name = " ".join(values.get("name", "").split())
            place = f"{path}:{line}"
            yield "member", OldMember(values["email"], place, name, mode[0], mode[1], _POSTING[posting])


def _bytes(path: Path, largest: int) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > largest:
            sentence = f"has {path.stat().st_size} bytes; a file of this kind has at most {largest}"
            raise Mistakes([Mistake(str(path), 1, 1, "file", sentence)])
        raw = path.read_bytes()
    except OSError as error:
        raise Mistakes([Mistake(str(path), 1, 1, "file", f"cannot be read: {error.strerror}")]) from None
    if b"\x00" in raw and not raw.startswith(_XLSX):
        line = raw.count(b"\n", 0, raw.index(b"\x00")) + 1
        raise Mistakes([Mistake(str(path), line, 1, "file", "holds a NUL, which no text file does")])
    return raw


def _mistaken(path: Path, error: OldSettingsError) -> Mistakes:
    return Mistakes([Mistake(str(path), error.line, 1, "file", error.sentence)])
