"""HTML mail as lines of text with `> ` quote marks, so that it reads like a plain reply (ballot.md section 5)."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

MAX_CHARACTERS = 5_000_000  # of one document, which may hold pictures as data: addresses
MAX_MARKUP = 50_000  # tags and comments, those with attributes twice: half a second; the rest is cut off
MAX_ATTRIBUTES = 8_000  # characters of one tag in which its attributes are looked for
MOST_ATTRIBUTES = 30  # of one tag that are looked at
USUAL_DEPTH = 200  # open elements; each one more counts as three tags
MAX_REFERENCES = 30_000  # characters written as &...; in one document; it is cut off before the next
MAX_QUOTE_MARKS = 20  # per line; deeper levels look like this one
LONGEST_PARAGRAPH = 450  # characters of a paragraph that is kept as it was read
CUT = "[…]"

_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905  shorter to read
)
_BLOCKS = frozenset(
    """address article aside blockquote body center dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6
    header hr html li main nav ol p pre section table tbody tfoot thead tr ul""".split()  # noqa: SIM905
)
_CELLS = frozenset({"td", "th"})
_INVISIBLE = frozenset({"script", "style", "title", "template", "noscript"})
_INVISIBLE_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE | re.ASCII) for name in _INVISIBLE}
_STRUCK = frozenset({"s", "del", "strike"})
_HIDDEN = re.compile(  # with all that stands inside; in a style without blanks
    r"display:none|visibility:hidden|mso-hide:all|(?<![a-z-])opacity:0(?![.\d]*[1-9])|(?<![a-z-])color:transparent"
)
# Without a size: around blocks that have one of their own it is a trick of layout, around words it hides them.
_SIZELESS = re.compile(r"font-size:0(?![.\d]*[1-9])")
_AROUND_WORDS = frozenset({"span", "font"})
_RAISED = frozenset({"sup", "sub"})
_CLOSES_ITSELF = {
    "p": ("p",),
    "li": ("li",),
    "tr": ("td", "th", "tr"),
    "td": ("td", "th"),
    "th": ("td", "th"),
}

# What mail programs wrap around the mail that they quote.
_QUOTE_CLASSES = frozenset({"gmail_quote", "yahoo_quoted", "protonmail_quote"})
_REPLY_HEADER_IDS = frozenset({"divrplyfwdmsg", "x_divrplyfwdmsg"})  # Outlook on the web
_OUTLOOK_BORDERS = (
    "#e1e1e1",
    "#b5c4df",
    "rgb(225,225,225)",
    "rgb(181,196,223)",
    "padding:3pt0",
    "padding:3.0pt0",
)

_BLANKS = " \t\n\r\f"


def html_to_text(source: str, max_markup: int = MAX_MARKUP, *, show_struck: bool = False) -> str:
    """Return the words of an HTML document as lines; linear in its length, never raises.

    Past MAX_CHARACTERS or `max_markup` tags it is cut off, and its last line is […].

    Quoted mail (blockquote, Gmail's, Yahoo!'s and Outlook's containers) gets `> ` per level. Outlook does not wrap
    what it quotes: everything that follows its header block (差出人, 送信日時 below a thin line) within the same
    container counts as quoted.

    A line whose every word is struck through is left out: an option that a member crossed out is an option line that
    a member deleted. Struck words within a line that goes on stand as `~~words~~`, which no answer grammar accepts,
    so that "2" with a struck "1" before it is asked back rather than guessed. With `show_struck` a line struck
    through as a whole stands as `~~words~~` too. Words that are hidden are treated alike: nobody stated them.
    """
    return read_html(source, max_markup, show_struck=show_struck)[0]


def read_html(source: str, max_markup: int, *, show_struck: bool = False) -> tuple[str, int]:
    """Return the same, and how much of `max_markup` is left for a further page of the mail."""
    kept = "&".join(source[:MAX_CHARACTERS].split("&", MAX_REFERENCES + 1)[: MAX_REFERENCES + 1])
    page = _Page(kept, show_struck=show_struck)
    whole = page.read(max_markup) and len(kept) == len(source)
    lines = page.lines
    while lines and not lines[-1].strip("> "):
        lines.pop()
    return "\n".join(lines if whole else [*lines, CUT]), page.left if whole else 0


class _Finder:
    """Finds the next occurrence of a mark at or behind a growing position, in linear time over the whole text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: dict[str, int] = {}

    def find(self, mark: str, position: int) -> int:
        """Return where the mark stands next; the text's length if nowhere."""
        known = self._next.get(mark, -1)
        if known < position:
            known = self._text.find(mark, position)
            known = len(self._text) if known < 0 else known
            self._next[mark] = known
        return known


@dataclass(slots=True)
class _Element:
    """An open element and what it did to the text inside."""

    name: str
    words_before: int  # words of the page when it opened
    quotes: int = 0  # levels of quotation that end with it
    struck: bool = False
    pre: bool = False
    item: int | None = None  # number of the last item of a numbered list


@dataclass(slots=True)
class _Line:
    """The line that is being written: stretches of text, each struck through or not."""

    stretches: list[tuple[str, bool]] = field(default_factory=list)

    def ends_blank(self) -> bool:
        return not self.stretches or self.stretches[-1][0].endswith((" ", "\t"))

    def text(self, *, show_struck: bool) -> str | None:
        """Return the finished line; None when all of its words are struck through and not to be shown."""
        if not any(struck for _, struck in self.stretches):
            return "".join(text for text, _ in self.stretches).rstrip()
        struck_words = [struck for text, struck in self.stretches if text.strip()]
        if struck_words and all(struck_words) and not show_struck:
            return None
        runs = [
            (struck, "".join(text for text, _ in run))
            for struck, run in groupby(self.stretches, key=itemgetter(1))
        ]
        return "".join(
            f"~~{text.strip()}~~" if struck and text.strip() else text for struck, text in runs
        ).rstrip()


class _Page:
    """One document on its way to lines."""

    def __init__(self, source: str, *, show_struck: bool) -> None:
        self.lines: list[str] = []
        self._show_struck = show_struck
        self._source = source
        self._finder = _Finder(source)
        self.left = 0  # tags and comments that may still be read
        self._endless: set[str] = set()  # names of script and the like that have no end tag from here on
        self._open: list[_Element] = []
        self._places: dict[str, list[int]] = {}  # name -> indexes in _open
        self._block_places: list[int] = []
        self._lists: list[_Element] = []
        self._line = _Line()
        self._words = 0
        self._quotes = 0
        self._struck = 0
        self._pre = 0
        self._is_paragraph = False  # the document is one paragraph, of a larger one
        self._no_paragraphs = 0  # tags that began like one

    def read(self, max_markup: int) -> bool:
        """Write the lines; return whether all of the page was read."""
        self.left = max_markup
        position = 0
        end = len(self._source)
        while position < end and self.left >= 0:
            bracket = self._finder.find("<", position)
            self._text(self._source[position:bracket])
            if behind := self._paragraph(bracket):
                position = behind
                continue
            position = self._markup(bracket) if bracket < end else end
            self.left -= 1
        self._break()
        return position >= end

    # Paragraphs: nearly all are ours, quoted, and the same in the replies of others

    def _paragraph(self, start: int) -> int:
        """Write the paragraph that begins at start as it was read before; return where it ends, 0 if it is none."""
        ending = _PARAGRAPH_ENDS.get(self._source[start : start + 2])
        if ending is None or self._is_paragraph or self._pre or self._struck or len(self._open) > _SHALLOW:
            return 0
        if self._no_paragraphs > _MOST_NO_PARAGRAPHS:
            return 0
        end = self._source.find(ending, start, start + LONGEST_PARAGRAPH) + len(ending)
        if end < len(ending):
            return 0
        if ending == "</p>" and self._block_places and self._open[self._block_places[-1]].name == "p":
            return 0  # it ends that one
        known = _read_paragraph(self._source[start:end], show_struck=self._show_struck)
        if known is None:
            self._no_paragraphs += 1
            return 0
        if self.left <= known.markup:
            return 0
        self._break()
        for line in known.lines:
            self._add(line)
        self._words += known.words
        self.left -= known.markup
        return end

    def read_paragraph(self) -> _Paragraph:
        """Read the page, which is one paragraph of a larger one."""
        self._is_paragraph = True
        self.read(MAX_MARKUP)
        return _Paragraph(tuple(self.lines), self._words, MAX_MARKUP - self.left)

    # Markup

    def _markup(self, start: int) -> int:
        """Read what begins with `<` at start; return where text goes on."""
        bare = _BARE_TAG.match(self._source, start)
        if bare and (name := bare["name"].lower()) not in _INVISIBLE:
            if bare["slash"]:
                self._end(name)
            else:
                self._start(name, {}, start)
            return bare.end()
        follows = self._source[start + 1 : start + 4]
        if self._finder.find(">", start) == len(self._source):
            self._text("<")
            return start + 1
        if follows == "!--":
            return self._behind("-->", start + 2, otherwise=self._behind(">", start + 2, otherwise=start + 4))
        if follows[:1] in {"!", "?"}:
            return self._behind(">", start + 2, otherwise=start + 2)
        if follows[:1] == "/" and _is_letter(follows[1:2]):
            end = self._behind(">", start + 2, otherwise=len(self._source))
            self._end(_name(self._source, start + 2, end))
            return end
        if _is_letter(follows[:1]):
            return self._start_tag(start)
        self._text("<")
        return start + 1

    def _behind(self, mark: str, position: int, otherwise: int) -> int:
        found = self._finder.find(mark, position)
        return found + len(mark) if found < len(self._source) else otherwise

    def _start_tag(self, start: int) -> int:
        end = self._tag_end(start)
        name = _name(self._source, start + 1, end)
        if name in _INVISIBLE:
            return self._behind_invisible(name, end)
        self.left -= 1  # its attributes cost as much again
        source = self._source[start + 1 + len(name) : min(end - 1, start + MAX_ATTRIBUTES)]
        attributes = _short_attributes(source) if len(source) <= 200 else _attributes(source)
        self._start(name, attributes, start)
        return end

    def _tag_end(self, start: int) -> int:
        """Return where the tag ends: behind the first `>` outside of quoted values, else behind the first of all."""
        nowhere = len(self._source)
        first = self._finder.find(">", start + 1)
        position = start + 1
        while (close := self._finder.find(">", position)) < nowhere:
            quote = min(self._finder.find('"', position), self._finder.find("'", position))
            if close < quote:
                return close + 1
            if self._source[max(start, quote - 9) : quote].rstrip().endswith("="):
                quote = self._finder.find(self._source[quote], quote + 1)
            position = quote + 1
        return first + 1

    def _behind_invisible(self, name: str, position: int) -> int:
        """Return where text goes on behind the end tag of a script or the like; at once when it has none."""
        if name not in self._endless:
            if closing := _INVISIBLE_ENDS[name].search(self._source, position):
                return self._behind(">", closing.start(), otherwise=len(self._source))
            self._endless.add(name)
        return position

    # Elements

    def _start(self, name: str, attributes: dict[str, str], place: int) -> None:
        for implied in _CLOSES_ITSELF.get(name, ()):
            self._close_own(implied)
        if name in _BLOCKS:
            self._break()
        if name == "br":
            self._break(even_if_empty=True)
        elif name in _CELLS and not self._line.ends_blank():
            self._write("\t")
        elif name in _RAISED and not self._line.ends_blank():
            self._write("^")  # a footnote's mark behind 50 does not make it 501; no answer form, like ¹
        if name in _VOID:
            return
        element = _Element(name, self._words, pre=name == "pre", struck=_is_struck(name, attributes))
        if name == "blockquote" or (name == "div" and self._wraps_quotation(attributes, place)):
            element.quotes = 1
        elif name == "div" and _heads_quotation(attributes):
            self._quote_what_follows()
        if name == "ol":
            element.item = _number(attributes.get("start", "1")) - 1
        self._push(element)
        if name == "li":
            self._number_item(attributes)

    def _wraps_quotation(self, attributes: dict[str, str], place: int) -> bool:
        """Tell whether a div is one level of quotation: Gmail's is, unless a blockquote inside it will be."""
        if _QUOTE_CLASSES.isdisjoint(attributes.get("class", "").lower().split()):
            return False
        return self._finder.find("<blockquote", place) == len(self._source)

    def _quote_what_follows(self) -> None:
        """Quote from here to the end of the innermost container in which the member wrote something before."""
        self._quotes += 1
        index = bisect_left(self._open, self._words, key=attrgetter("words_before")) - 1
        if index >= 0:
            self._open[index].quotes += 1

    def _number_item(self, attributes: dict[str, str]) -> None:
        if self._lists and self._lists[-1].item is not None:
            self._lists[-1].item = _number(attributes.get("value", str(self._lists[-1].item + 1)))
            self._write(f"{self._lists[-1].item}. ")

    def _push(self, element: _Element) -> None:
        index = len(self._open)
        if index > USUAL_DEPTH:
            self.left -= 2
        self._open.append(element)
        self._places.setdefault(element.name, []).append(index)
        if element.name in _BLOCKS or element.name in _CELLS:
            self._block_places.append(index)
        if element.name in {"ol", "ul"}:
            self._lists.append(element)
        self._quotes += element.quotes
        self._struck += element.struck
        self._pre += element.pre

    def _pop(self) -> None:
        element = self._open.pop()
        self._places[element.name].pop()
        if element.name in _BLOCKS or element.name in _CELLS:
            self._block_places.pop()
        if element.name in {"ol", "ul"}:
            self._lists.pop()
        self._quotes -= element.quotes
        self._struck -= element.struck
        self._pre -= element.pre

    def _end(self, name: str) -> None:
        if name in _BLOCKS:
            self._break()
        if name == "br":
            self._break(even_if_empty=True)
        places = self._places.get(name)
        if not places:
            return
        if (
            name not in _BLOCKS
            and name not in _CELLS
            and self._block_places
            and self._block_places[-1] > places[-1]
        ):
            return  # the end of a word's style does not end the block that began within it
        self._close_to(places[-1])

    def _close_own(self, name: str) -> None:
        """Close an open p, li, tr or td that a new one follows, unless another block lies between."""
        places = self._places.get(name)
        if places and self._block_places[-1] == places[-1]:
            self.left -= 2  # an end tag that mail programs write
            self._break_unless_cell(name)
            self._close_to(places[-1])

    def _break_unless_cell(self, name: str) -> None:
        if name not in _CELLS:
            self._break()

    def _close_to(self, index: int) -> None:
        while len(self._open) > index:
            self._pop()

    # Text

    def _text(self, raw: str) -> None:
        if not raw:
            return
        if self._pre:
            for number, line in enumerate(raw.replace("\r\n", "\n").split("\n")):
                if number:
                    self._break(even_if_empty=True)
                self._write(_unescaped(line))
            return
        if not raw.strip(_BLANKS):  # most often the line end between two paragraphs
            if not self._line.ends_blank():
                self._write(" ")
            return
        text = raw.replace("\n", " ").replace("\r", " ").replace("\t", " ").replace("\f", " ")
        while "  " in text:
            text = text.replace("  ", " ")
        if self._line.ends_blank():
            text = text.removeprefix(" ")
        self._write(_unescaped(text).replace("\xa0", " "))

    def _write(self, text: str) -> None:
        if text:
            self._line.stretches.append((text, self._struck > 0))
            self._words += not text.isspace()

    def _break(self, *, even_if_empty: bool = False) -> None:
        if not self._line.stretches and not even_if_empty:
            return
        text = self._line.text(show_struck=self._show_struck)
        self._line = _Line()
        if text is not None:
            self._add(text)

    def _add(self, line: str) -> None:
        marks = min(self._quotes, MAX_QUOTE_MARKS)
        self.lines.append("> " * marks + line if line or not marks else (">" + " >" * (marks - 1)))


class _Paragraph(NamedTuple):
    """What one p or div with nothing but words in it says, wherever it stands."""

    lines: tuple[str, ...]
    words: int  # stretches of text
    markup: int  # tags, those with attributes twice


_PARAGRAPH_ENDS = {"<p": "</p>", "<d": "</div>"}
_MOST_NO_PARAGRAPHS = 300  # that are none: after so many, a page is searched for them no more
_SHALLOW = USUAL_DEPTH - LONGEST_PARAGRAPH // 3  # open elements, beneath which no paragraph goes too deep
# Nothing in these can be read in two ways: a stranger writes what they look at. A group is not made possessive, since Python
# before 3.11.5, as in Debian 12, takes half a round of such a group for a whole one (gh-106052).
_ATTRIBUTES = r"""[^<>"']*+(?:"[^<>"]*+"[^<>"']*+)*"""
# A paragraph with nothing but text and what marks it: it is read by itself, and once for all that are equal.
_PARAGRAPH = re.compile(
    rf"<(?P<name>p|div)(?P<attributes>(?:\s{_ATTRIBUTES})?)>"
    rf"(?:[^<>]++|</?+(?:span|font|a|b|i|u|em|strong|o:p|br)(?:[\s/]{_ATTRIBUTES})?>)*</(?P=name)>"
)


@lru_cache(maxsize=4096)
def _read_paragraph(source: str, *, show_struck: bool) -> _Paragraph | None:
    """Return what a paragraph says; None: it is none, or it depends on what stands around it, as a quotation's does."""
    paragraph = _PARAGRAPH.fullmatch(source)
    if paragraph is None:
        return None
    found = _attributes(paragraph["attributes"])
    if not _QUOTE_CLASSES.isdisjoint(found.get("class", "").lower().split()) or _heads_quotation(found):
        return None
    return _Page(source, show_struck=show_struck).read_paragraph()


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a numeric reference of thousands of digits
        return text


_BARE_TAG = re.compile(r"<(?P<slash>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,40})>")  # most tags have no attributes
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:_-]{0,40}")


def _name(source: str, start: int, end: int) -> str:
    """Return the lower-case name of the tag whose name begins at start."""
    found = _NAME.match(source, start, end)
    return found.group().lower() if found else ""


_READ_ATTRIBUTES = ("style", "class", "id", "start", "value")


def _attributes(source: str) -> dict[str, str]:
    """Return the attributes that matter here, by lower-case name; the first of a name counts. A style has no blanks."""
    found: dict[str, str] = {}
    position = 0
    for _ in range(MOST_ATTRIBUTES):
        equals = source.find("=", position)
        if equals < 0:
            break
        name = "".join(source[position:equals].split()[-1:]).lower()
        start = equals + 1
        while start < len(source) and source[start].isspace():
            start += 1
        mark = source[start : start + 1]
        if mark in {'"', "'"} and (closing := source.find(mark, start + 1)) >= 0:
            value = source[start + 1 : closing]
            position = closing + 1
        else:
            value = source[start : start + 1000].split(maxsplit=1)[0] if mark else ""
            position = start + len(value)
        if name in _READ_ATTRIBUTES:
            found.setdefault(name, _unescaped(value))
    if "style" in found:
        found["style"] = "".join(found["style"].lower().split())
    return found


_short_attributes = lru_cache(maxsize=512)(_attributes)  # a mail program writes the same few over and over


def _is_struck(name: str, attributes: dict[str, str]) -> bool:
    """Say whether words are struck through, or hidden from their own writer; white ones may be those of a dark screen."""
    if name in _STRUCK:
        return True
    style = attributes.get("style", "")
    if not style:
        return False
    _, found, value = style.partition("text-decoration")
    return bool(
        (found and "line-through" in value)
        or _HIDDEN.search(style)
        or (name in _AROUND_WORDS and _SIZELESS.search(style))
    )


def _heads_quotation(attributes: dict[str, str]) -> bool:
    """Tell whether a div is the header block with which Outlook begins the mail that it quotes."""
    if attributes.get("id", "").lower() in _REPLY_HEADER_IDS:
        return True
    style = attributes.get("style", "")
    line_above = "border-top:" in style or "border-style:solidnonenone" in style
    return line_above and "solid" in style and any(sign in style for sign in _OUTLOOK_BORDERS)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
