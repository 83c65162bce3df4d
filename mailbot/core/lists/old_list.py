"""A list as another program kept it, said in our words: its definition, its members, and what has no counterpart here."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mailbot.core.lists.mailing_list import MailingList, joining, leaving, viewers
from mailbot.core.lists.membership import Mode, PostingAction
from mailbot.core.mail.address import split_address, valid_address
from mailbot.core.mail.japanese import decode
from mailbot.core.members.audience import NOBODY

Value = str | int | bool | float | tuple[str, ...] | None

Role = Literal["member", "digest", "off", "may-post", "moderator"]  # what a file's addresses are

_SMALLEST, _LARGEST = 10_240, 1_073_741_824  # bytes of a post, between which a limit makes sense
_LONGEST_HOLD = 365  # days
_LONGEST_TITLE = 200  # characters
_NUMBER = re.compile(r"%0?[0-9]{0,2}d")
_STRANGE = re.compile(r"[\uff61-\uff9f\ue000-\uf8ff\x80-\x9f]")  # what a wrong charset makes of Japanese
_NAMED = re.compile(r"(?P<name>[^<>]{0,1000}?)\s*<(?P<address>[^<>\s]{1,400})>")


class OldSettingsError(Exception):
    """Settings that cannot be read: where, and why, in a sentence that follows the file's name."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line  # from 1
        self.sentence = sentence


@dataclass(frozen=True)
class Setting:
    """One setting as it stood there."""

    name: str
    value: Value
    line: int = 1


@dataclass(frozen=True)
class Aside:
    """A setting that was not taken over, or not as it stood."""

    name: str
    value: Value
    why: str = ""  # "": it has no counterpart here


@dataclass(frozen=True)
class OldMember:
    """One address of the old list."""

    address: str
    place: str  # FILE:LINE
    name: str = ""
    mode: Mode = "each"
    off: bool = False  # nothing is sent until he says so
    posting: PostingAction | None = None


@dataclass(frozen=True)
class OldList:
    """A list that is about to be taken over."""

    program: str  # that kept it, such as Mailman 2.1
    value: MailingList
    last_number: int = 0  # of its newest post; the next one has the number after it
    moderated: bool = False  # each member's post waited for a moderator
    members: tuple[OldMember, ...] = ()
    aside: tuple[Aside, ...] = ()


@dataclass
class Settings:
    """The settings of one file while they are turned into ours; what nobody takes is left aside."""

    found: Mapping[str, Setting]
    aside: list[Aside] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def take(self, name: str) -> Value:
        """Return a setting's value, None when it is not there; it will not be left aside."""
        self._taken.add(name)
        one = self.found.get(name)
        return None if one is None else one.value

    def text(self, name: str) -> str:
        """Take a setting as text without blanks around it; "" when it is not there."""
        value = self.take(name)
        if isinstance(value, tuple):
            return " ".join(value)
        return "" if value is None else str(value).strip()

    def number(self, name: str) -> int | None:
        """Take a setting as a whole number; None when it is none."""
        value = self.take(name)
        if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,12}\s*", value):
            return int(value)
        if isinstance(value, (int, float)) and abs(value) < 1e12:  # no list has more of anything
            return int(value)
        return None

    def flag(self, name: str) -> bool:
        """Take a setting as yes or no."""
        value = self.take(name)
        if isinstance(value, str):
            return value.strip().lower() not in {"", "0", "no", "false", "off", "undef"}
        return bool(value)

    def words(self, name: str) -> tuple[str, ...]:
        """Take a setting that is a list of words, or one text of them."""
        value = self.take(name)
        if isinstance(value, tuple):
            return tuple(word.strip() for word in value if word.strip())
        return tuple(str(value).split()) if isinstance(value, str) else ()

    def differs(self, name: str, why: str) -> None:
        """Say of a setting that it was taken, but not as it stood."""
        one = self.found.get(name)
        if one is not None:
            self.aside.append(Aside(name, one.value, why))

    def left_aside(self) -> tuple[Aside, ...]:
        """Return what differs, then whatever nobody took, by name."""
        rest = [Aside(one.name, one.value) for name, one in self.found.items() if name not in self._taken]
        return (*self.aside, *sorted(rest, key=lambda one: one.name))


def old_text(content: bytes, declared: str | None = None) -> str:
    """Return a file's text, in whichever of the Japanese charsets it is written.

    Files of older programs do not say their charset. Of those that read every byte the one is taken that makes the
    fewest half-width kana and private characters: that is what EUC-JP looks like when it is read as CP932. Raises
    OldSettingsError when none reads it.
    """
    if declared:
        stated = decode(content, declared)
        if stated.clean:
            return stated.text
    charsets = ("iso-2022-jp",) if b"\x1b" in content else ("utf-8", "euc-jp", "cp932")
    readings = [one for charset in charsets if (one := decode(content, charset)).clean]
    if not readings:
        plain = decode(content, None)
        broken = plain.text.find("\ufffd")
        line = plain.text.count("\n", 0, broken) + 1 if broken >= 0 else 1
        raise OldSettingsError(line, "is in none of UTF-8, EUC-JP, ISO-2022-JP and CP932; save it as UTF-8")
    return min(readings, key=lambda one: len(_STRANGE.findall(one.text))).text


def old_list(program: str, name: str, settings: Settings, **ours: object) -> OldList:
    """Return the list with these of our settings (fields of `MailingList`, and of `OldList` beside them).

    What our definitions would refuse is mended, and said: a limit beyond all measure, a footer with control characters,
    a moderator who is no mail address.
    """
    moderated, last_number = bool(ours.pop("moderated", False)), ours.pop("last_number", 0)
    if moderated:
        ours["moderated"] = "yes"
    value = MailingList(name=name, title=name, preset="closed", members=NOBODY)
    value = replace(value, **{key: one for key, one in ours.items() if one is not None})  # type: ignore[arg-type]
    title = _line(value.title)[:_LONGEST_TITLE] or name
    prefix = _line(value.subject_prefix)
    if "%" in _NUMBER.sub("", prefix, count=1):
        settings.aside.append(
            Aside("subject prefix", prefix, "may hold one number such as %05d, and no other %")
        )
        prefix = ""
    footer = "\n".join(_printable(line).rstrip() for line in value.footer.splitlines()).strip("\n")
    size = min(max(value.max_size, _SMALLEST), _LARGEST)
    if size != value.max_size:
        settings.aside.append(Aside("size limit in bytes", value.max_size, f"{size} in its place"))
    days = min(max(value.hold_days, 1), _LONGEST_HOLD)
    people = tuple(dict.fromkeys(one for one in value.moderators if valid_address(one)))
    settings.aside += [
        Aside("moderator", one, "is no mail address") for one in value.moderators if not valid_address(one)
    ]
    value = replace(
        value,
        title=title,
        subject_prefix=prefix,
        footer=footer,
        max_size=size,
        hold_days=days,
        moderators=people,
    )
    plain = replace(value, join=None, leave=None, who=None)  # what the preset has need not be written
    value = replace(
        value,
        join=None if value.join == joining(plain) else value.join,
        leave=None if value.leave == leaving(plain) else value.leave,
        who=None if value.who == viewers(plain) else value.who,
    )
    number = last_number if isinstance(last_number, int) and 0 < last_number < 10**9 else 0
    return OldList(program, value, number, moderated, aside=settings.left_aside())


def name_in(address: str) -> str:
    """Return what stands before the @, in lower case; the whole when there is none."""
    parts = split_address(address.strip().lower())
    return address.strip().lower() if parts is None else parts[0]


def member_line(line: str) -> tuple[str, str] | None:
    """Return name and address of a line such as `a@b` or `Name <a@b>`; None when the line says nothing."""
    text = line.strip().lstrip("\ufeff")
    if not text:
        return None
    found = _NAMED.fullmatch(text)
    if found:
        return _line(found["name"].strip().strip('"')), found["address"]
    return "", text


def merged(lists: Iterable[tuple[Role, OldMember]]) -> tuple[tuple[OldMember, ...], tuple[str, ...]]:
    """Return each person once, and the moderators, from what every file says of its addresses.

    Whoever stands in a file of digest readers, or of members without mail, is one, whatever other files say. Somebody who
    may post and gets nothing stays so.
    """
    members: dict[str, OldMember] = {}
    moderators: dict[str, str] = {}
    for role, one in lists:
        key = one.address.lower()
        if role == "moderator":
            moderators.setdefault(key, one.address)
            continue
        stated = {
            "member": one,
            "digest": replace(one, mode=one.mode if one.mode != "each" else "digest"),
            "off": replace(one, off=True),
            "may-post": replace(one, mode="none"),
        }[role]
        before = members.get(key)
        members[key] = stated if before is None else _both(before, stated)
    return tuple(members.values()), tuple(moderators.values())


def posting_only_for(
    members: Iterable[OldMember], posters: Container[str], action: PostingAction
) -> tuple[OldMember, ...]:
    """Return the members, those who are not among the posters (keys: addresses in lower case) with this action."""
    return tuple(
        one if one.address.lower() in posters or one.posting else replace(one, posting=action)
        for one in members
    )


def _both(one: OldMember, other: OldMember) -> OldMember:
    """Return what two files say of one person: any mode before "none", and another than "each" before it."""
    modes = {one.mode, other.mode} - {"none"}
    mode: Mode = next(iter(sorted(modes - {"each"})), "each" if modes else "none")
    return replace(
        one,
        name=one.name or other.name,
        mode=mode,
        off=one.off or other.off,
        posting=one.posting or other.posting,
    )


def _line(text: str) -> str:
    """Return text as one line without control characters."""
    return re.sub(" {2,}", " ", _printable(text)).strip(" ")


def _printable(text: str) -> str:
    """Return text with a blank in the place of each control character."""
    return "".join(char if char.isprintable() or char == "\u3000" else " " for char in text)
