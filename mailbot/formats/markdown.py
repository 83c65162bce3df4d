"""Markdown (CommonMark with tables) read into an article, and what in it could not be sent as a mail.

HTML, pictures and marks that stay visible are refused with their line, rather than shown to a thousand readers as they
were typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailbot.core.bulletins.article import (
    ArticleFault,
    Block,
    Break,
    Grid,
    Heading,
    Items,
    Paragraph,
    Quote,
    ReadArticle,
    Sentence,
    Verbatim,
    Words,
    with_addresses,
)
from mailbot.core.calendar import Language

if TYPE_CHECKING:
    from markdown_it.token import Token

_LEFT_OVER = {"**": "bold", "](": "no-link", "![": "no-picture"}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "bold": "太字の ** が、記号のまま出てしまいます。太字にする言葉の前と後に空白を入れてください",
        "no-link": "リンクとして読み取れませんでした。［言葉］の後に、空白のないアドレスを (https://…) と続けてください",
        "no-picture": "画像は送れません。取り除いてください",
        "picture": "画像は、外から読み込むか、メールには大きすぎるため、送れません。[言葉](https://…) とリンクしてください",
        "html": "HTML は使えません。Markdown で書くか、< を ＜ と書いてください",
        "nowhere": "{link} は、メールからは開けません。https:// か mailto: で始めてください",
        "long": "アドレスが{length}字あります。1行に入るのは{most}字までです",
        "differs": "{shown} と見せて {link} に飛ぶリンクは送れません。言葉を見せてください",
        "bare": "{link} へのリンクに言葉がありません",
    },
    "en": {
        "bold": "the ** on this line is shown as it stands; put a blank before and after the bold words (next to 「 and 」 "
        "Markdown needs it)",
        "no-link": "the link on this line is not read as one; write [words](https://...) without blanks in the address",
        "no-picture": "the picture on this line is not read as one, and could not be sent; remove it",
        "picture": "pictures are fetched from elsewhere, or too large for a mail; link to it: [words](https://...)",
        "html": "HTML cannot stand here; write it in Markdown, or the < as ＜",
        "nowhere": "{link} leads nowhere from a mail; begin it with https:// or mailto:",
        "long": "this address has {length} characters; at most {most} fit a line",
        "differs": "this link shows {shown} and leads to {link}; let it show words",
        "bare": "the link to {link} shows nothing; give it words",
    },
}
_SCHEMES = ("https://", "http://", "mailto:")
_LONGEST_ADDRESS = 300  # columns: a longer one would be cut to fit a line (core/mail/wrap.py)
_URL = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)


@dataclass
class _Reading:
    """The tokens, how far they are read, and what was found wrong."""

    tokens: Sequence[Token]
    first_line: int
    language: Language
    at: int = 0
    faults: list[ArticleFault] = field(default_factory=list)

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def fault(self, token: Token, name: str, below: int = 0, **figures: object) -> None:
        line = token.map[0] if token.map else 0
        sentence = _WORDS[self.language][name].format(**figures)
        self.faults.append(ArticleFault(self.first_line + line + below, sentence))


def read_markdown(text: str, language: Language = "en", first_line: int = 1) -> ReadArticle:
    """Return the article, with its faults in this language; `first_line`: where the text begins in its file."""
    from markdown_it import MarkdownIt  # noqa: PLC0415  slow to import, and only bulletins need it

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    reading = _Reading(parser.parse(text), first_line, language)
    blocks = tuple(_blocks(reading, ""))
    return ReadArticle(
        blocks, tuple(sorted(set(reading.faults), key=lambda fault: (fault.line, fault.sentence)))
    )


def _blocks(reading: _Reading, end: str) -> Iterator[Block]:
    """Yield the blocks up to the token that closes what they stand in."""
    while reading.at < len(reading.tokens):
        token = reading.next()
        if token.type == end:
            return
        block = _block(reading, token)
        if block is not None:
            yield block


def _block(reading: _Reading, token: Token) -> Block | None:
    match token.type:
        case "heading_open":
            lines = _lines(reading, reading.next())
            reading.next()
            return Heading(int(token.tag[1]), tuple(words for line in lines for words in line))
        case "paragraph_open":
            paragraph = Paragraph(_lines(reading, reading.next()))
            reading.next()
            return paragraph if any(paragraph.lines) else None
        case "bullet_list_open" | "ordered_list_open":
            return _items(reading, token)
        case "blockquote_open":
            return Quote(tuple(_blocks(reading, "blockquote_close")))
        case "fence" | "code_block":
            return Verbatim(tuple(token.content.rstrip("\n").split("\n")))
        case "table_open":
            return _grid(reading)
        case "hr":
            return Break()
        case "html_block":
            reading.fault(token, "html")
    return None


def _items(reading: _Reading, token: Token) -> Items:
    items: list[tuple[Block, ...]] = []
    end = token.type.replace("_open", "_close")
    while reading.next().type != end:
        items.append(tuple(_blocks(reading, "list_item_close")))
    start = None if token.type == "bullet_list_open" else int(token.attrs.get("start", 1))
    return Items(tuple(items), start)


def _grid(reading: _Reading) -> Grid:
    rows: list[list[Sentence]] = []
    while (token := reading.next()).type != "table_close":
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(tuple(words for line in _lines(reading, token) for words in line))
    return Grid(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))


def _lines(reading: _Reading, token: Token) -> tuple[Sentence, ...]:
    """Return the lines of a paragraph; where its author broke a line it stays broken."""
    lines: list[list[Words]] = [[]]
    strong = 0
    link = ""
    linked: list[str] = []
    for piece in token.children or ():
        below = len(lines) - 1
        match piece.type:
            case "softbreak" | "hardbreak":
                lines.append([])
            case "strong_open":
                strong += 1
            case "strong_close":
                strong -= 1
            case "link_open":
                link, linked = str(piece.attrs.get("href", "")), []
                _check_link(reading, token, link, below)
            case "link_close":
                _check_shown(reading, token, link, "".join(linked), below)
                link = ""
            case "image":
                reading.fault(token, "picture", below)
            case "html_inline":
                reading.fault(token, "html", below)
            case "text" | "code_inline" if link:
                linked.append(piece.content)
                lines[-1].append(Words(piece.content, strong > 0, link))
            case "code_inline":
                lines[-1].append(Words(piece.content, strong > 0))
            case "text":
                for mark, name in _LEFT_OVER.items():
                    if mark in piece.content:
                        reading.fault(token, name, below)
                lines[-1] += with_addresses(piece.content, strong=strong > 0)
    return tuple(tuple(_joined(line)) for line in lines)


def _joined(line: Sequence[Words]) -> Iterator[Words]:
    """Put together what is one link, or of one weight."""
    held: Words | None = None
    for words in line:
        if not words.text:
            continue
        if held is not None and (held.strong, held.link) == (words.strong, words.link):
            held = Words(held.text + words.text, held.strong, held.link)
            continue
        if held is not None:
            yield held
        held = words
    if held is not None:
        yield held


def _check_link(reading: _Reading, token: Token, link: str, below: int) -> None:
    if not link.lower().startswith(_SCHEMES):
        reading.fault(token, "nowhere", below, link=link)
    elif len(link) > _LONGEST_ADDRESS:
        reading.fault(token, "long", below, length=len(link), most=_LONGEST_ADDRESS)


def _check_shown(reading: _Reading, token: Token, link: str, shown: str, below: int) -> None:
    """Refuse a link that shows one address and leads to another: readers are told never to follow such."""
    written = _URL.fullmatch(shown.strip())
    if written is not None and _bare(shown.strip()) != _bare(link):
        reading.fault(token, "differs", below, shown=shown.strip(), link=link)
    if not shown.strip():
        reading.fault(token, "bare", below, link=link)


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address.lower()).rstrip("/")
