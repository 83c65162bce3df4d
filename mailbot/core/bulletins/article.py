"""A text with headings, lists, links and tables, as plain lines for a mail and as light HTML beside them.

The plain text is the whole of it: the HTML (RFC 2046 section 5.1.4) shows nothing that the lines do not say, fetches
nothing, and stands on a telephone of 320 pixels as on a wide screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from mailbot.core.mail.wrap import COLUMNS, columns, wrap

RULE = "━" * 25  # a rule of dashes would be cut as a signature (ballot.md section 1)


@dataclass(frozen=True)
class Words:
    """A piece of a line."""

    text: str
    strong: bool = False
    link: str = ""  # where it leads; "": nowhere


Sentence = tuple[Words, ...]  # one line as its author broke it


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the widest."""

    level: int
    words: Sentence


@dataclass(frozen=True)
class Paragraph:
    """Some lines."""

    lines: tuple[Sentence, ...]


@dataclass(frozen=True)
class Items:
    """A list; each item holds blocks of its own."""

    items: tuple[tuple[Block, ...], ...]
    start: int | None = None  # its first number; None: a list of points


@dataclass(frozen=True)
class Quote:
    """What somebody else said."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Verbatim:
    """Lines that stay as they are."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table: its head, and rows as long as that."""

    head: tuple[Sentence, ...]
    rows: tuple[tuple[Sentence, ...], ...]


@dataclass(frozen=True)
class Break:
    """A rule across the page."""


Block = Heading | Paragraph | Items | Quote | Verbatim | Grid | Break


@dataclass(frozen=True)
class ArticleFault:
    """What cannot be sent as it stands."""

    line: int  # of the text, from 1
    sentence: str


@dataclass(frozen=True)
class ReadArticle:
    """A text that was read, and what in it cannot be sent."""

    blocks: tuple[Block, ...] = ()
    faults: tuple[ArticleFault, ...] = field(default=())


# --- plain text ---------------------------------------------------------------------------------------------------


def plain_lines(blocks: Sequence[Block], width: int = COLUMNS) -> list[str]:
    """Return the text in lines of at most so many columns; where a link leads stands on a line of its own."""
    lines: list[str] = []
    for at, block in enumerate(blocks):
        if at:
            lines.append("")
        lines += _plain(block, width)
    return lines


def _plain(block: Block, width: int) -> list[str]:
    match block:
        case Heading(1, words):
            title = wrap(f"■ {_said(words)}", width, indent="　 ")
            return [RULE, *title, RULE, *_links([words], width)]
        case Heading(level, words):
            mark = "■" if level == 2 else "◆"
            return [*wrap(f"{mark} {_said(words)}", width, indent="　 "), *_links([words], width)]
        case Paragraph(lines):
            broken = [each for line in lines for each in wrap(_said(line), width)]
            return [*broken, *_links(lines, width)]
        case Items(items, start):
            return [
                line
                for place, item in enumerate(items)
                for line in _item("・" if start is None else f"{start + place}. ", item, width)
            ]
        case Quote(blocks):
            return [f"　　{line}".rstrip() for line in plain_lines(blocks, width - 4)]
        case Verbatim(lines):
            return [f"　{line}".rstrip() for line in lines]
        case Grid(head, rows):
            return _grid(head, rows, width)
        case Break():
            return [RULE]


def _item(mark: str, blocks: Sequence[Block], width: int) -> list[str]:
    room = columns(mark)
    indent = "　" * (room // 2) + " " * (room % 2)
    inner: list[str] = []
    for at, block in enumerate(blocks):
        if at and not isinstance(block, Items):
            inner.append("")
        inner += _plain(block, width - room)
    first, *others = inner or [""]
    return [f"{mark}{first}".rstrip(), *(f"{indent}{line}".rstrip() for line in others)]


def _grid(head: Sequence[Sentence], rows: Sequence[Sequence[Sentence]], width: int) -> list[str]:
    """Return a table: each row a line while all fit, else each row as 「head：cell」 lines."""
    names = [_said(cell) for cell in head]
    cells = [[_said(cell) for cell in row] for row in rows]
    wide = [max(columns(row[at]) for row in [names, *cells]) for at in range(len(names))]
    links = [line for row in [head, *rows] for line in _links(row, width)]
    if sum(wide) + 2 * (len(wide) - 1) <= width:
        padded = [
            "  ".join(
                text + " " * (room - columns(text)) for text, room in zip(row, wide, strict=True)
            ).rstrip()
            for row in [names, *cells]
        ]
        return [padded[0], "─" * min(sum(wide) // 2 + len(wide) - 1, width // 2), *padded[1:], *links]
    lines: list[str] = []
    for at, row in enumerate(cells):
        if at:
            lines.append("")
        for name, text in zip(names, row, strict=True):
            lines += wrap(f"{name}：{text}" if name else text, width, indent="　　")
    return lines + links


def _said(words: Iterable[Words]) -> str:
    """Return a line's text; a link that shows something else than its address leaves it to the lines below."""
    return "".join(each.text for each in words)


def _links(lines: Iterable[Sentence], width: int) -> list[str]:
    """Return where the links of these lines lead, each address whole on a line of its own."""
    named = dict.fromkeys(
        (each.text, each.link) for line in lines for each in line if each.link and not _bare(each)
    )
    found: list[str] = []
    for text, link in named:
        if len(named) > 1:
            found += wrap(f"　{text}", width, indent="　")
        found.append(f"　{shown_link(link)}")
    return found


def _bare(words: Words) -> bool:
    """Tell whether a link shows its own address."""
    return words.link in {words.text, f"mailto:{words.text}"}


def shown_link(link: str) -> str:
    """Return an address as people read it."""
    return link.removeprefix("mailto:")


# --- HTML ---------------------------------------------------------------------------------------------------------

_BODY = "margin:0;padding:0;background:#fff;color:#222"
_PAGE = (
    "max-width:600px;margin:0 auto;padding:12px;font-family:sans-serif;font-size:16px;line-height:1.7;"
    "overflow-wrap:anywhere;word-break:normal"
)
_STYLES = {
    "h1": "font-size:20px;margin:28px 0 10px;padding:0 0 4px;border-bottom:3px solid #35618e",
    "h2": "font-size:18px;margin:26px 0 8px;padding:0 0 0 8px;border-left:5px solid #35618e",
    "h3": "font-size:16px;margin:20px 0 6px",
    "p": "margin:0 0 14px",
    "ul": "margin:0 0 14px;padding:0 0 0 22px",
    "ol": "margin:0 0 14px;padding:0 0 0 26px",
    "blockquote": "margin:0 0 14px;padding:0 0 0 12px;border-left:3px solid #bbb",
    "pre": "margin:0 0 14px;padding:8px;background:#f3f3f3;font-size:14px;white-space:pre-wrap",
    "table": "border-collapse:collapse;width:100%;margin:0 0 14px",
    "th": "border:1px solid #bbb;padding:4px 6px;text-align:left;background:#f3f3f3",
    "td": "border:1px solid #bbb;padding:4px 6px;vertical-align:top",
    "hr": "border:0;border-top:1px solid #bbb;margin:22px 0",
    "a": "color:#1a4f8b",
    "small": "font-size:13px;color:#555",
}


def html_page(title: str, blocks: Sequence[Block], language: str) -> str:
    """Return a whole page in one column: styles within it, no script, no picture, nothing that is fetched."""
    inner = "\n".join(_html(block) for block in blocks)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n</head>\n"
        f'<body style="{_BODY}">\n<div style="{_PAGE}">\n{inner}\n</div>\n</body>\n</html>\n'
    )


def _html(block: Block) -> str:
    match block:
        case Heading(level, words):
            return _element(f"h{min(level, 3)}", _inline(words))
        case Paragraph(lines):
            return _element("p", "<br>\n".join(map(_inline, lines)))
        case Items(items, start):
            inner = "\n".join(f"<li>{_item_html(item)}</li>" for item in items)
            if start is None:
                return _element("ul", f"\n{inner}\n")
            return _element("ol", f"\n{inner}\n", f' start="{start}"' if start != 1 else "")
        case Quote(blocks):
            return _element("blockquote", "\n".join(map(_html, blocks)))
        case Verbatim(lines):
            return _element("pre", escape("\n".join(lines)))
        case Grid(head, rows):
            cells = ["".join(_element("th", _inline(cell)) for cell in head)]
            cells += ["".join(_element("td", _inline(cell)) for cell in row) for row in rows]
            return _element("table", "\n" + "\n".join(f"<tr>{row}</tr>" for row in cells) + "\n")
        case Break():
            return f'<hr style="{_STYLES["hr"]}">'


def _item_html(blocks: Sequence[Block]) -> str:
    """Return an item: one paragraph stands in it bare."""
    match blocks:
        case [Paragraph(lines), *others]:
            return "<br>\n".join(map(_inline, lines)) + "".join(f"\n{_html(each)}" for each in others)
        case _:
            return "\n".join(map(_html, blocks))


def _inline(words: Iterable[Words]) -> str:
    return "".join(_piece(each) for each in words)


def _piece(words: Words) -> str:
    text = escape(words.text)
    if words.strong:
        text = f"<strong>{text}</strong>"
    if not words.link:
        return text
    made = f'<a href="{escape(words.link)}" style="{_STYLES["a"]}">{text}</a>'
    if _bare(words):
        return made
    return f'{made}<span style="{_STYLES["small"]}">（{escape(shown_link(words.link))}）</span>'


def _element(name: str, inner: str, more: str = "") -> str:
    return f'<{name}{more} style="{_STYLES[name]}">{inner}</{name}>'


# --- bare addresses -----------------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"https?://[!-~]+")
_BEHIND = ".,;:!?)]}'\""


def with_addresses(text: str, *, strong: bool) -> Iterator[Words]:
    """Yield a text's pieces, with the web addresses in it as links."""
    at = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(_BEHIND)
        if found.start() > at:
            yield Words(text[at : found.start()], strong)
        yield Words(address, strong, address)
        at = found.start() + len(address)
    if at < len(text):
        yield Words(text[at:], strong)
