"""What a member's mail system does to our mail and its reply, and the layout that it leaves alone (ballot.md section 1).

A probe is a harmless mail whose lines are made to be damaged: lines of known width, characters of which charsets
disagree, brackets, blanks. The member only presses Reply; what comes back tells the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailbot.core.calendar import Language
from mailbot.core.mail.fold import fold
from mailbot.core.mail.header import mail_date
from mailbot.core.mail.message import Message
from mailbot.core.mail.wrap import COLUMNS, NARROWEST, columns
from mailbot.core.reading.text.known_text import LONGEST_LINE, line_key
from mailbot.core.surveys.ballot import WIDTHS

_MOST_LINES = 2_000  # lines of a reply that are looked at
_MOST_BANNER = 3  # lines of a banner that are kept, so many characters of each
_BANNER_LENGTH = 80

_FILL = {
    "ja": "いろはにほへとちりぬるをわかよたれそつねならむうゐのおくやまけふこえて",
    "en": "the quick brown fox jumps over a lazy dog and runs away " * 2,
}
_MARKS = (("波線", "〜"), ("負号", "－"), ("双柱", "‖"), ("円記号", "¥"), ("丸数字", "①"), ("全角字", "Ａ"))
_BRACKETS = "括弧【】［］「」[]()の行"
_BLANKS = "空白[　　]と[   ]の行"
_LEADING = "   先頭に空白のある行"
_EDGES = {
    "ja": ("■■ 試験の行 ここから ■■", "■■ 試験の行 ここまで ■■"),
    "en": ("** TEST LINES START **", "** TEST LINES END **"),
}


def _ruler(width: int, language: Language) -> str:
    """Return a line of exactly so many columns that begins with its own width."""
    if language == "ja":
        head = f"{width}桁の行："
        return head + _FILL["ja"][: (width - columns(head)) // 2 - 1] + "終"
    head = f"{width} columns: "
    return head + _FILL["en"][: width - len(head) - 1].rstrip().ljust(width - len(head) - 1, "x") + "."


def probe_lines(language: Language) -> tuple[str, ...]:
    """Return the lines of a probe, none wider than 68 columns; some hold what does not survive everywhere, on purpose."""
    start, end = _EDGES[language]
    shown = [f"{name}「{mark}」" for name, mark in _MARKS]
    rulers = [_ruler(width, language) for width in WIDTHS]
    return (start, *rulers, "　".join(shown[:3]), "　".join(shown[3:]), _BRACKETS, _BLANKS, _LEADING, end)


def is_probe(text: str) -> bool:
    """Tell whether a text of ours is a probe."""
    return bool(_probe_part(text))


@dataclass(frozen=True)
class SentProbe:
    """The probe as it left."""

    text: str
    message_id: str  # with angle brackets
    subject: str


@dataclass(frozen=True)
class ProbeFindings:
    """What one reply to a probe shows."""

    quotes: bool  # at least half of our lines came back
    mark: str = ""  # what stands before each quoted line; "": nothing does
    lost: int = 0  # lines of ours that did not come back
    intact: tuple[int, ...] = ()  # widths of our lines that came back on one line
    wrapped_at: int | None = None  # columns after which a longer line was broken, quote mark included
    run_together: bool = False  # several lines of ours came back as one
    damaged: tuple[str, ...] = ()  # names of the characters that came back as others
    brackets: bool | None = None  # None, here and below: it did not come back, so nobody knows
    blanks: bool | None = None  # several blanks stayed several
    leading: bool | None = None  # blanks at the beginning of a line stayed
    form: Literal["plain", "html", "both", "none"] = "plain"
    charset: str = ""  # as declared by the part that is read; "": not declared
    flowed: bool = False  # format=flowed (RFC 3676)
    subject_tag: str = ""  # what was put before or after our Subject
    subject_kept: bool = True
    message_id: Literal["kept", "changed", "dropped"] = "kept"  # in In-Reply-To or References
    banner_top: tuple[str, ...] = ()  # lines that somebody put above our text
    banner_bottom: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    delay_s: int | None = None  # seconds from the reply's own Date to our receipt


@dataclass(frozen=True)
class Layout:
    """How a ballot is laid out for one address."""

    columns: int = COLUMNS
    quotes: bool = True  # False: the how-to names the top of the mail alone


USUAL = Layout()  # for an address that was never probed


def findings(sent: SentProbe, reply: Message, received_at: datetime) -> ProbeFindings:
    """Return what the way there and back did to a probe.

    A line counts as whole when the reader of replies would take it for ours; the blanks are looked at exactly.
    """
    lines = [line.rstrip("\r ")[:LONGEST_LINE] for line in reply.text.split("\n", _MOST_LINES)[:_MOST_LINES]]
    probe = _probe_part(sent.text)
    mark = _quote_mark(lines, probe)
    bare = [_without(line, mark) for line in lines]
    keys = [line_key(line) for line in bare]
    joined = "".join(keys)
    back = [line for line in probe if line_key(line) in joined]
    quotes = bool(probe) and 2 * len(back) >= len(probe)
    top, bottom = _banners(lines, keys, mark, sent.text)
    kept, tag = _subject(sent.subject, reply.subject)
    return ProbeFindings(
        quotes=quotes,
        mark=mark if quotes else "",
        lost=sum(not _came_back(line, keys, joined) for line in probe),
        intact=tuple(width for width, line in _rulers(probe) if line_key(line) in keys),
        wrapped_at=_wrapped_at(lines, keys, probe),
        run_together=any(sum(line_key(line) in key for line in probe) > 1 for key in keys),
        damaged=tuple(_damaged(bare)),
        brackets=(line_key(_BRACKETS) in joined) if quotes else None,
        blanks=_exactly(_BLANKS, bare, keys),
        leading=_exactly(_LEADING, bare, keys),
        form=_form(reply),
        charset=_charset(reply),
        flowed="format=flowed" in _content_type(reply),
        subject_tag=tag,
        subject_kept=kept,
        message_id=_message_id(sent.message_id, reply),
        banner_top=top,
        banner_bottom=bottom,
        attachments=reply.attachments,
        delay_s=_delay(reply, received_at),
    )


def layout(found: ProbeFindings) -> Layout:
    """Return the widest layout that this mail system leaves alone; where nothing of ours comes back, the usual one.

    A width counts only when every narrower line came back whole too.
    """
    if not found.quotes:
        return Layout(quotes=False)
    safe = [width for width in WIDTHS if all(each in found.intact for each in WIDTHS if each <= width)]
    return Layout(columns=max(safe, default=NARROWEST))


# ---- what came back ----------------------------------------------------------------------------------------------


def _probe_part(text: str) -> list[str]:
    """Return the probe's own lines of a mail that we sent."""
    lines = text.splitlines()
    for start, end in _EDGES.values():
        if start in lines and end in lines:
            return lines[lines.index(start) : lines.index(end) + 1]
    return []


def _rulers(probe: Sequence[str]) -> list[tuple[int, str]]:
    return list(zip(WIDTHS, probe[1 : 1 + len(WIDTHS)], strict=False))


def _came_back(line: str, keys: Sequence[str], joined: str) -> bool:
    """Tell whether a line came back at all; one with damaged characters by its beginning."""
    key = line_key(line)
    return key in joined or any(each and each.startswith(key[:3]) for each in keys)


def _quote_mark(lines: Sequence[str], probe: Sequence[str]) -> str:
    """Return what most often stands before a line of ours; our line with leading blanks says nothing of it."""
    ours = [line for line in probe if not line.startswith(" ")]
    marks = Counter(line[: -len(own)] for line in lines for own in ours if line.endswith(own))
    return marks.most_common(1)[0][0] if marks else ""


def _without(line: str, mark: str) -> str:
    if mark and line.startswith(mark.rstrip()):
        return line[len(mark) :] if line.startswith(mark) else line[len(mark.rstrip()) :]
    return line if not line.lstrip().startswith((">", "＞", "|", "｜")) else line.lstrip(" >＞|｜")


def _wrapped_at(lines: Sequence[str], keys: Sequence[str], probe: Sequence[str]) -> int | None:
    """Return how wide the widest line is at which one of our rulers was broken; None: none was."""
    broken = [line_key(line) for _, line in _rulers(probe) if line_key(line) not in keys]
    widths = [
        columns(line)
        for line, key in zip(lines, keys, strict=True)
        if len(key) >= len("68桁の行") and any(ruler != key and ruler.startswith(key) for ruler in broken)
    ]
    return max(widths, default=None)


def _exactly(line: str, bare: Sequence[str], keys: Sequence[str]) -> bool | None:
    """Tell whether a line came back with all its blanks; None: it did not come back."""
    if any(each.replace("\xa0", " ") == line for each in bare):
        return True
    return False if line_key(line) in keys else None


def _damaged(bare: Sequence[str]) -> Iterator[str]:
    for name, mark in _MARKS:
        found = [line.partition(f"{name}「")[2].partition("」")[0] for line in bare if f"{name}「" in line]
        if found and all(fold(each) != fold(mark) for each in found):
            yield name


# Words by which gateways mark mail from outside.
_BANNER = re.compile(
    r"外部(?:から|の|メール|送信|ドメイン)|ウイルス|ウィルス|無害化|なりすまし|社外|庁外"
    r"|\b(?:external|caution|disclaimer|confidential|virus|scanned)\b",
    re.IGNORECASE,
)


# A line of the head that mail programs put over a quotation.
_HEADER_LINE = re.compile(
    r"^(?:差出人|送信者|宛先|件名|送信日時|日時|日付|from|to|cc|subject|date|sent)\s?[:：]", re.IGNORECASE
)


def _banners(
    lines: Sequence[str], keys: Sequence[str], mark: str, text: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines that a system put above and below our text: quoted lines that are not ours, or with words of a banner.

    The header lines that Outlook writes above a quotation are no banner.
    """
    ours = {line_key(line) for line in text.splitlines()} - {""}
    at = [place for place, key in enumerate(keys) if key in ours]
    first, last = (at[0], at[-1]) if at else (0, -1)
    joined = "".join(ours)
    foreign = [
        (place, line)
        for place, (line, key) in enumerate(zip(lines, keys, strict=True))
        if key and key not in joined and not first <= place <= last
        if not _HEADER_LINE.match(_without(line, mark))
        if (mark.strip() and at and line.startswith(mark.rstrip())) or _BANNER.search(line)
    ]
    cut = [(place, line.strip()[:_BANNER_LENGTH]) for place, line in foreign]
    above = tuple(line for place, line in cut if at and place < first)
    below = tuple(line for place, line in cut if not at or place > last)
    return above[:_MOST_BANNER], below[:_MOST_BANNER]


# ---- the mail that brought it --------------------------------------------------------------------------------


def _form(reply: Message) -> Literal["plain", "html", "both", "none"]:
    kinds = {part.content_type for part in reply.parts if not part.filename}
    if {"text/plain", "text/html"} <= kinds:
        return "both"
    if "text/html" in kinds:
        return "html"
    return "plain" if "text/plain" in kinds else "none"


def _charset(reply: Message) -> str:
    texts = [part for part in reply.parts if part.content_type == "text/plain" and not part.filename]
    texts += [part for part in reply.parts if part.content_type == "text/html" and not part.filename]
    return (texts[0].charset or "") if texts else ""


def _content_type(reply: Message) -> str:
    values = [value for name, value in reply.headers if name.lower() == "content-type"]
    return "".join("".join(values).lower().split()).replace('"', "")


# What mail programs put before a Subject.
_REPLY_TAG = re.compile(
    r"\s*(?:[rR][eE]|[fF][wW][dD]?|[aA][wW]|[sS][vV]|返信|回答|転送)\s?(?:[\[^]?[0-9]{1,3}\]?)?\s?[:：]"
)


def _subject(sent: str, back: str) -> tuple[bool, str]:
    """Tell whether our Subject came back, and what stands around it beside the Re: of a mail program."""
    squeezed, ours = " ".join(fold(back[:LONGEST_LINE]).split()), " ".join(fold(sent).split())
    before, found, behind = squeezed.partition(ours)
    if not found:
        return False, ""
    around = f"{before} {behind}"
    while (tagged := _REPLY_TAG.sub(" ", around)) != around:
        around = tagged
    return True, " ".join(around.split())


def _message_id(ours: str, reply: Message) -> Literal["kept", "changed", "dropped"]:
    thread = (*reply.in_reply_to, *reply.references)
    if ours in thread:
        return "kept"
    return "changed" if thread else "dropped"


def _delay(reply: Message, received_at: datetime) -> int | None:
    """Return the seconds since the reply's own Date; None when it has none, or its clock runs ahead of ours."""
    written = mail_date(reply.date)
    if written is None:
        return None
    seconds = int((received_at - written).total_seconds())
    return seconds if seconds >= 0 else None
