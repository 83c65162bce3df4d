"""What Mailman knows of a list, read without running any of it: `config_list -o` of 2.1, the REST resources of 3."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from mailbot.core.lists.mailing_list import Joining, Preset, Viewers
from mailbot.core.lists.membership import Mode, PostingAction
from mailbot.core.lists.old_list import (
    Aside,
    OldList,
    OldMember,
    OldSettingsError,
    Role,
    Setting,
    Settings,
    Value,
    name_in,
    old_list,
    old_text,
)
from mailbot.core.mail.address import valid_address
from mailbot.core.mail.japanese import decode
from mailbot.core.members.audience import Selector

# How Python names a file's charset (PEP 263).
_CODING = re.compile(rb"^[ \t]*#.{0,80}?coding[:=][ \t]*([-\w.]{1,40})", re.MULTILINE)
_PLACE = re.compile(r"%\((\w{1,40})\)s")
_KIBIBYTE = 1024

_JOINING: dict[int, Joining] = {0: "confirm", 1: "confirm", 2: "ask", 3: "ask"}
_JOINING_3: dict[str, Joining] = {
    "open": "confirm",
    "confirm": "confirm",
    "moderate": "ask",
    "confirm_then_moderate": "ask",
}
_VIEWERS: dict[int, Viewers] = {0: "members", 1: "members", 2: "office"}
_VIEWERS_3: dict[str, Viewers] = {"public": "members", "members": "members", "moderators": "office"}
_MODES: dict[str, Mode] = {
    "regular": "each",
    "mime_digests": "digest",
    "plaintext_digests": "digest-plain",
    "summary_digests": "digest",
}
_ACTIONS: dict[str, PostingAction] = {
    "accept": "accept",
    "hold": "hold",
    "reject": "reject",
    "discard": "discard",
}
_ROLES: dict[str, Role] = {"member": "member", "owner": "moderator", "moderator": "moderator"}


def read_config_list(content: bytes, name: str = "") -> OldList:
    """Return what `config_list -o` of Mailman 2.1 wrote; `name` goes before the one that stands in it.

    Only NAME = VALUE with plain values is read; anything else is refused with its line, and nothing is ever executed.
    Raises OldSettingsError.
    """
    settings = Settings(_assignments(content))
    flags = ("real_name", "subject_prefix", "description")
    if not any(flag in settings.found for flag in flags):
        raise OldSettingsError(
            1, "holds no settings of a list as `config_list -o` of Mailman 2.1 writes them"
        )
    real_name = settings.text("real_name")
    name = name or real_name.lower()
    nonmembers = settings.number("generic_nonmember_action")
    held = settings.flag("default_member_moderation")
    action = settings.number("member_moderation_action")
    preset = _preset(everybody=nonmembers == 0, announce=held and action in {1, 2})
    _say_nonmembers(settings, "generic_nonmember_action", preset)
    size = settings.number("max_message_size")
    last = settings.number("post_id")
    policy, private = settings.number("subscribe_policy"), settings.number("private_roster")
    if private == 0:
        settings.differs("private_roster", "anybody could see the members; here the members can")
    unsubscribe = settings.number("unsubscribe_policy")
    return old_list(
        "Mailman 2.1",
        name,
        settings,
        title=settings.text("description") or real_name,
        preset=preset,
        moderated=held and preset != "announce",
        subject_prefix=settings.text("subject_prefix"),
        reply_to=_reply_to(settings, 1, preset),
        footer=_footer(settings, real_name or name),
        max_size=size * _KIBIBYTE if size else None,
        posters=_posters(settings),
        archive=None if "archive" not in settings.found else settings.flag("archive"),
        join=None if policy is None else _JOINING.get(policy),
        leave=None if unsubscribe is None else unsubscribe == 0,
        who=None if private is None else _VIEWERS.get(private),
        moderators=_people(settings, "owner", "moderator"),
        hold_days=settings.number("max_days_to_hold") or None,
        last_number=None if last is None else last - 1,
    )


def read_rest_config(content: bytes, name: str = "") -> OldList:
    """Return what Mailman 3 answers to GET lists/NAME/config. Raises OldSettingsError."""
    document = _json(content)
    settings = Settings(
        {key: Setting(key, _plain(value)) for key, value in document.items() if key != "http_etag"}
    )
    if "fqdn_listname" not in document and "list_name" not in document:
        raise OldSettingsError(1, "is no answer of Mailman 3 to lists/NAME/config: it names no list")
    name = name or settings.text("list_name").lower() or name_in(settings.text("fqdn_listname"))
    settings.take("list_name"), settings.take("fqdn_listname")
    members, others = settings.text("default_member_action"), settings.text("default_nonmember_action")
    preset = _preset(everybody=others == "accept", announce=members in {"reject", "discard"})
    _say_nonmembers(settings, "default_nonmember_action", preset)
    roster = settings.text("member_roster_visibility")
    if roster == "public":
        settings.differs("member_roster_visibility", "anybody could see the members; here the members can")
    size, last = settings.number("max_message_size"), settings.number("post_id")
    leaving = settings.text("unsubscription_policy")
    display = settings.text("display_name")
    return old_list(
        "Mailman 3",
        name,
        settings,
        title=settings.text("description") or display,
        preset=preset,
        moderated=members == "hold",
        subject_prefix=settings.text("subject_prefix"),
        reply_to=_reply_to(settings, "point_to_list", preset),
        max_size=size * _KIBIBYTE if size else None,
        posters=_posters(settings),
        archive=None if "archive_policy" not in document else settings.text("archive_policy") != "never",
        join=_JOINING_3.get(settings.text("subscription_policy")),
        leave=None if not leaving else leaving in {"open", "confirm"},
        who=_VIEWERS_3.get(roster),
        hold_days=settings.number("max_days_to_hold") or None,
        last_number=None if last is None else last - 1,
    )


def is_json(content: bytes) -> bool:
    """Tell whether a file is written as Mailman 3 answers."""
    return content[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def is_roster(content: bytes) -> bool:
    """Tell whether a JSON file is a roster of Mailman 3, not a list's configuration. Raises OldSettingsError."""
    document = _json(content)
    return "entries" in document or {"total_size", "start"} <= document.keys()


def read_roster(content: bytes, file: str) -> Iterator[tuple[Role, OldMember]]:
    """Yield the people of lists/NAME/roster/member, /owner or /moderator as Mailman 3 answers; others are passed over.

    Raises OldSettingsError for an entry without an address.
    """
    entries = _json(content).get("entries", [])
    if not isinstance(entries, list):
        raise OldSettingsError(1, "has no list of `entries`, as a roster of Mailman 3 has")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise OldSettingsError(1, f"entry {number} is no person with an `email`")
        address = entry.get("email") or str(entry.get("address", "")).rpartition("/")[2]
        if not isinstance(address, str) or not address:
            raise OldSettingsError(1, f"entry {number} has no `email`")
        role = _ROLES.get(str(entry.get("role", "member")))
        if role is None:
            continue  # nonmembers: everybody who ever posted
        action = str(entry.get("moderation_action") or "")
        member = OldMember(
            address,
            f"{file}:entry {number}",
            " ".join(str(entry.get("display_name") or "").split()),
            _MODES.get(str(entry.get("delivery_mode") or ""), "each"),
            off=str(entry.get("delivery_status") or "enabled") != "enabled",
            posting=_ACTIONS.get(action),
        )
        yield role, member


# -- what both have in common --------------------------------------------------------------------------------------


def _preset(*, everybody: bool, announce: bool) -> Preset:
    if announce:
        return "announce"
    return "open" if everybody else "closed"


def _say_nonmembers(settings: Settings, name: str, preset: Preset) -> None:
    if preset == "open":
        why = "anybody could post; here whoever is registered can, and what strangers send is held"
    else:
        why = "here registered senders who may not post are told so, and what strangers send is held"
    settings.differs(name, why)


def _reply_to(settings: Settings, to_list: int | str, preset: Preset) -> Literal["list", "author"]:
    stated = settings.take("reply_goes_to_list")
    stated = int(stated) if isinstance(stated, bool) else stated
    if stated is None:
        return "list" if preset == "closed" else "author"
    if stated not in {to_list, 0, "no_munging"}:
        settings.differs("reply_goes_to_list", "answers went to an address of their own; here to the author")
    else:
        settings.text("reply_to_address")
    return "list" if stated == to_list else "author"


def _people(settings: Settings, *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for name in names for word in settings.words(name)))


def _footer(settings: Settings, real_name: str) -> str:
    """Return the footer with the list's names filled in; lines that lead to Mailman's own pages are left aside."""
    known = {
        "real_name": real_name,
        "list_name": real_name,
        "_internal_name": real_name.lower(),
        "host_name": settings.text("host_name"),
        "description": settings.text("description"),
    }
    lines: list[str] = []
    for line in settings.text("msg_footer").splitlines():
        if set(_PLACE.findall(line)) <= known.keys():
            lines.append(_PLACE.sub(lambda found: known[found[1]], line).replace("%%", "%"))
        else:
            settings.aside.append(Aside("a line of msg_footer", line, "leads to pages of the old service"))
    while lines and set(lines[0].strip()) <= {"_", "-", "="}:
        lines.pop(0)  # the rule above it, which our own footer has
    return "\n".join(lines)


# -- the files -----------------------------------------------------------------------------------------------------


def _assignments(content: bytes) -> Mapping[str, Setting]:
    stated = _CODING.search(content[:2000])
    declared = stated[1].decode("ascii") if stated else None
    text = old_text(content, declared)
    try:
        tree = ast.parse(text.replace("\r\n", "\n"))
    except SyntaxError as error:
        raise OldSettingsError(
            error.lineno or 1, "is not what `config_list -o` writes: NAME = VALUE"
        ) from None
    except (ValueError, MemoryError, RecursionError):
        raise OldSettingsError(1, "is not what `config_list -o` writes: NAME = VALUE") from None
    found: dict[str, Setting] = {}
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise OldSettingsError(statement.lineno, "is no setting: only NAME = VALUE may stand here")
        try:
            value = ast.literal_eval(statement.value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            sentence = f"the value of {statement.targets[0].id[:60]} is no plain text, number or list of them"
            raise OldSettingsError(statement.lineno, sentence) from None
        name = statement.targets[0].id
        found[name] = Setting(name, _plain(value, declared), statement.lineno)
    return found


def _json(content: bytes) -> dict[str, object]:
    try:
        document = json.loads(old_text(content).lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise OldSettingsError(error.lineno, f"is not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise OldSettingsError(1, "is not JSON of Mailman 3") from None
    if not isinstance(document, dict):
        raise OldSettingsError(1, "is not JSON of Mailman 3: it is no mapping")
    return cast("dict[str, object]", document)


def _plain(value: object, declared: str | None = None) -> Value:
    match value:
        case None | bool() | int() | float():
            return value
        case str() | bytes():
            return _bytes_as_text(value, declared)
        case list() | tuple() | set():
            return tuple(_bytes_as_text(one, declared) if isinstance(one, str) else str(one) for one in value)
    return str(value)


def _bytes_as_text(text: str | bytes, declared: str | None) -> str:
    r"""Return text; bytes that stand in it as \xa4\xa2, as Python 2 wrote what is not ASCII, are read as Japanese."""
    if isinstance(text, str) and (text.isascii() or any(char > "\xff" for char in text)):
        return text
    raw = text if isinstance(text, bytes) else text.encode("latin-1")
    reading = decode(raw, declared)
    return reading.text if reading.clean or isinstance(text, bytes) else str(text)


def _posters(settings: Settings) -> Selector:
    """Return as a selector who else may post; what is no address (a pattern, another list) is left aside."""
    name = "accept_these_nonmembers"
    every = tuple(settings.words(name))
    settings.aside += [
        Aside(name, word, "patterns and lists are no addresses; see `posters:`")
        for word in every
        if not valid_address(word)
    ]
    return Selector(emails=tuple(dict.fromkeys(word for word in every if valid_address(word))))
