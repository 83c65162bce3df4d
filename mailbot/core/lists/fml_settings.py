"""What fml knows of a list, read without running any of it: config.ph of fml 4 (Perl), config.cf of fml 8."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from mailbot.core.lists.mailing_list import Joining, Preset
from mailbot.core.lists.membership import Mode
from mailbot.core.lists.old_list import (
    OldList,
    OldMember,
    OldSettingsError,
    Role,
    Setting,
    Settings,
    name_in,
    old_list,
    old_text,
)

_LONGEST = 16_384  # characters of one value
_SIZE = re.compile(r"([0-9]{1,12})\s*([kKmM]?)")
_UNITS = {"": 1, "k": 1024, "m": 1_048_576}

# -- fml 4 ---------------------------------------------------------------------------------------------------------

_ASSIGNED = re.compile(r"[ \t]*\$(\w{1,80})[ \t]*=[ \t]*")
# A string of Perl, in either quotes.
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
_BARE = re.compile(r"(-?[0-9][0-9_.]{0,30}[kKmM]?)|undef\b")
_Q = re.compile(r"q{1,2}[ \t]*([^\w\s])")
_HERE = re.compile(r"<<[ \t]*[\"']?(\w{1,40})[\"']?[ \t]*;[^\n]*\n")
_END = re.compile(r"[ \t]*;[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_CLOSING = {"{": "}", "(": ")", "[": "]", "<": ">"}
_INSIDE = re.compile(r"\\(.)|\$\{?(\w{1,80})\}?", re.DOTALL)
_TAGS = {  # $SUBJECT_TAG_TYPE: what stands around the list's name and the number; LIST is the name
    "( )": "(LIST %05d)",
    "[ ]": "[LIST %05d]",
    "(:)": "(LIST:%05d)",
    "[:]": "[LIST:%05d]",
    "(,)": "(LIST,%05d)",
    "[,]": "[LIST,%05d]",
    "()": "(LIST)",
    "[]": "[LIST]",
    "(ID)": "(%05d)",
    "[ID]": "[%05d]",
}


def read_config_ph(content: bytes, name: str, folder: str, last_number: int) -> OldList:
    """Return the list of a config.ph of fml 4. Its name is `name`, or what the file states, or the folder's.

    Assignments of plain values to scalars are read; other Perl (hooks, calls, lists) is never run, and is left aside
    line by line. Raises OldSettingsError.
    """
    text = old_text(content).replace("\r\n", "\n")
    settings = Settings(_perl(text))
    if not settings.found:
        raise OldSettingsError(1, "holds no settings of fml 4 such as $MAIL_LIST")
    address = settings.text("MAIL_LIST")
    old_name = (name_in(address) if "@" in address else "") or folder
    name = name or old_name
    for own in ("CONTROL_ADDRESS", "CFVersion", "DOMAINNAME", "FQDN"):
        settings.take(own)  # its own addresses and formats, which ours replace
    title = settings.text("ML_FN").strip("() ")
    permitted, handler = settings.text("PERMIT_POST_FROM"), settings.text("REJECT_POST_HANDLER")
    preset: Preset = "open" if permitted == "anyone" else "closed"
    if permitted == "anyone":
        settings.differs(
            "PERMIT_POST_FROM", "here whoever is registered may post; what strangers send is held"
        )
    if handler and handler != "reject" and preset == "closed":
        settings.differs(
            "REJECT_POST_HANDLER", "here registered senders are told; what strangers send is held"
        )
    automatic = (
        "auto" in settings.text("REJECT_COMMAND_HANDLER") or settings.text("PERMIT_COMMAND_FROM") == "anyone"
    )
    joins: Joining = "confirm" if automatic else "ask"
    digits = settings.number("SUBJECT_FORM_LONG_ID")
    kind = settings.text("SUBJECT_TAG_TYPE")
    bracket = settings.text("BRACKET") or old_name
    prefix = _TAGS.get(kind, "").replace("LIST", bracket).replace("%05d", f"%0{digits or 5}d")
    if kind and not prefix:
        settings.differs("SUBJECT_TAG_TYPE", "is no known kind of tag; write subject_prefix yourself")
    size = settings.number("INCOMING_MAIL_SIZE_LIMIT") or _size(settings.text("INCOMING_MAIL_SIZE_LIMIT"))
    return old_list(
        "fml 4",
        name,
        settings,
        title="" if title in {"", f"{old_name} ML", f"{old_name.capitalize()} ML"} else title,
        preset=preset,
        moderated=permitted == "moderator",
        subject_prefix=prefix,
        reply_to="list",  # fml states the list wherever the author stated nothing
        max_size=size or None,
        archive=not settings.flag("NOT_USE_SPOOL"),
        join=joins,
        hold_days=settings.number("MODERATOR_EXPIRE_LIMIT") or None,
        last_number=last_number,
    )


def _perl(text: str) -> Mapping[str, Setting]:
    """Return the scalars of a config.ph; each stretch of other code is a setting of its own, named by its line."""
    found: dict[str, Setting] = {}
    place, line = 0, 1
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end + 1
        begins = text[place:end].strip()
        assigned = _ASSIGNED.match(text, place)
        valued = _perl_value(text, assigned.end()) if assigned else None
        if assigned and valued is not None:
            value, behind = valued
            found[assigned[1]] = Setting(assigned[1], _filled(value, found), line)
            line += text.count("\n", place, behind)
            place = behind
            continue
        if begins.startswith(("__END__", "=")):
            break
        if begins and not begins.startswith("#") and begins != "1;":
            code = f"Perl on line {line}"
            found[code] = Setting(code, begins, line)
        place, line = end, line + 1
    return found


def _perl_value(text: str, place: int) -> tuple[str, int] | None:
    """Return the value that begins here, its escapes still in it, and where the code after its semicolon begins; None: other code."""
    if found := _HERE.match(text, place):
        close = text.find(f"\n{found[1]}\n", found.end() - 1, found.end() + _LONGEST)
        return None if close < 0 else (text[found.end() : close], close + len(found[1]) + 2)
    if quoted := _QUOTED.match(text, place, place + _LONGEST):
        value, behind = (quoted[1] if quoted[1] is not None else _literal(quoted[2])), quoted.end()
    elif bare := _BARE.match(text, place):
        value, behind = bare[1] or "", bare.end()
    elif opening := _Q.match(text, place):
        closing = _CLOSING.get(opening[1], opening[1])
        close = text.find(f"{closing};", opening.end(), opening.end() + _LONGEST)
        if close < 0:
            return None
        value, behind = _literal(text[opening.end() : close]), close + 1
    else:
        return None
    ended = _END.match(text, behind)
    return (value, ended.end()) if ended else None


def _literal(text: str) -> str:
    """Protect what stands between single quotes, where neither $ nor a backslash before a letter means anything."""
    return re.sub(r"\\(?![\\'])|\$", lambda found: "\\" + found[0], text)


def _filled(value: str, found: Mapping[str, Setting]) -> str:
    """Return a value with its escapes undone and the scalars in it that were assigned before; others stay as they are."""

    def fill(place: re.Match[str]) -> str:
        if place[1] is not None:
            return {"n": "\n", "t": "\t"}.get(place[1], place[1])
        one = found.get(place[2])
        return place[0] if one is None else str(one.value)[:1000]

    return _INSIDE.sub(fill, value)[:_LONGEST]


# -- fml 8 ---------------------------------------------------------------------------------------------------------

_NAMED = re.compile(r"([A-Za-z_]\w{0,80})[ \t]*(\+?)=[ \t]*(.*)")
_VARIABLE = re.compile(r"\$(\w{1,80})")
_OWN = ("ml_domain", "article_post_address", "command_mail_address", "maintainer", "ml_home_dir")


def read_config_cf(content: bytes, name: str, folder: str, last_number: int) -> OldList:
    """Return the list of a config.cf of fml 8. Its name is `name`, or what the file states, or the folder's.

    What follows `=cut` is Perl, which is left aside unread. Raises OldSettingsError.
    """
    settings = Settings(_cf(old_text(content).replace("\r\n", "\n"), folder))
    old_name = settings.text("ml_name").lower()
    name = name or old_name
    for own in _OWN:
        settings.take(own)
    rules = settings.words("article_post_restrictions") or settings.words("post_restrictions")
    settings.take("post_restrictions")
    everybody, moderated = "permit_anyone" in rules, any("moderator" in word for word in rules)
    if everybody:
        why = "here whoever is registered may post; what strangers send is held"
        settings.differs("article_post_restrictions", why)
    tag = (
        settings.text("article_subject_tag") if "article_subject_tag" in settings.found else "[$ml_name:%05d]"
    )
    commands = settings.words("command_mail_restrictions")
    size = _size(settings.text("incoming_article_body_size_limit"))
    return old_list(
        "fml 8",
        name,
        settings,
        title="",
        preset="open" if everybody else "closed",
        moderated=moderated,
        subject_prefix=tag.replace("$ml_name", old_name),
        reply_to="list",
        max_size=size or None,
        archive="use_article_spool" not in settings.found or settings.flag("use_article_spool"),
        join="confirm" if not commands or "permit_anyone" in commands or _strangers(commands) else "ask",
        last_number=last_number,
    )


def _strangers(rules: tuple[str, ...]) -> bool:
    """Tell whether somebody who is no member may write the commands with which one joins."""
    return any("anonymous" in word or "stranger" in word for word in rules)


def _cf(text: str, folder: str) -> Mapping[str, Setting]:
    found: dict[str, Setting] = {"ml_name": Setting("ml_name", folder)}
    last = ""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith("=cut"):
            rest = [one for one in lines[number:] if one.strip() and not one.lstrip().startswith("#")]
            if rest:
                found["Perl"] = Setting(f"Perl from line {number + 1}", "\n".join(rest), number + 1)
            break
        if not line.strip() or line.lstrip().startswith("#") or line.startswith("="):
            continue
        if line[0] in " \t" and last:
            before = found[last]
            if len(str(before.value)) < _LONGEST:
                found[last] = replace(before, value=f"{before.value} {line.strip()}".strip())
            continue
        assigned = _NAMED.fullmatch(line.strip())
        if assigned is None:
            raise OldSettingsError(number, "is no line such as `name = value` of a config.cf of fml 8")
        last, value = assigned[1], assigned[3].strip()
        if assigned[2] and last in found:
            value = f"{found[last].value} {value}"[:_LONGEST]
        found[last] = Setting(last, value, number)
    return {
        key: replace(one, value=_expanded(str(one.value), found) if key != "Perl" else one.value)
        for key, one in found.items()
    }


def _expanded(value: str, found: Mapping[str, Setting]) -> str:
    """Fill in variables of the same file, one level deep; others stay as they are."""

    def fill(place: re.Match[str]) -> str:
        one = found.get(place[1])
        return place[0] if one is None else str(one.value)[:1000]

    return _VARIABLE.sub(fill, value)[:_LONGEST]


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    return int(found[1]) * _UNITS[found[2].lower()] if found else 0


# -- members -------------------------------------------------------------------------------------------------------


def read_fml_addresses(content: bytes, file: str, role: Role) -> Iterator[tuple[Role, OldMember]]:
    """Yield what one of fml's address files says: an address a line, then options and comments.

    In the file of recipients of fml 4 (`actives`), m= asks for a digest, s= and a single # before the address rest the
    mail. Two # and lines that begin with #. are fml's own notes.
    """
    for number, line in enumerate(old_text(content).split("\n"), 1):
        text = line.strip().lstrip("\ufeff")
        resting = False
        if text.startswith("#"):
            text = text[1:].strip() if role == "member" else ""
            resting = "@" in text.split(" ")[0] and not text.startswith(("#", "."))
            if not resting:
                continue
        if not text:
            continue
        address, *options = text.partition("#")[0].split() or [""]
        if not address:
            continue
        comment = text.partition("#")[2].strip()
        one = OldMember(
            address,
            f"{file}:{number}",
            " ".join(comment.split()),
            _mode(options),
            off=resting or _rests(options),
        )
        yield role, one


def _mode(options: list[str]) -> Mode:
    for option in options:
        key, _, value = option.partition("=")
        if key == "m" and value.strip("0"):
            return "digest"
    return "each"


def _rests(options: list[str]) -> bool:
    return any(
        option.partition("=")[0] == "s" and option.partition("=")[2] not in {"0", ""} for option in options
    )


def last_number_of(content: bytes) -> int:
    """Return the number of the newest post that fml keeps in `seq`. Raises OldSettingsError when it is none."""
    text = content[:100].decode("ascii", "replace").strip()
    if not re.fullmatch("[0-9]{1,9}", text):
        raise OldSettingsError(
            1, f"{text[:20]!r} is no number of a post; write the last one, or remove the file"
        )
    return int(text)
