"""The text of a mail as its author typed it: text/plain parts, or HTML as lines with quote marks (RFC 2046, 3676)."""

from __future__ import annotations

import re

from mailbot.core.mail.control_characters import strip_controls, strip_controls_of_lines
from mailbot.core.mail.html_text import read_html
from mailbot.core.mail.japanese import EUC, JIS, decode
from mailbot.core.mail.mime import Leaf, Multipart, Node

MAX_HARD_TEXT = 100_000  # bytes of one mail's text that a slow decoder reads (50 ms); the rest is left
MAX_FLOWED = 10_000  # lines of a text in which soft line ends are looked for; those behind stay as they are
MAX_MARKUP = 6_000  # tags of all HTML in one mail (40 ms), those with attributes twice: 750 lines as Outlook writes them


def charset_of(leaf: Leaf) -> str | None:
    """Return the charset that a leaf declares, in lower case; None: it declares none."""
    return strip_controls(leaf.parameters["charset"]).lower() if leaf.parameters.get("charset") else None


def is_text(leaf: Leaf) -> bool:
    """Tell whether a leaf is something that its author typed for reading. A root part may have a name."""
    if leaf.content_type not in {"text/plain", "text/html"} or leaf.disposition == "attachment":
        return False
    return not leaf.subtype_of or not leaf.filename


def readable_text(root: Node) -> tuple[str, bool]:
    """Return the text of a mail, and whether some of it could not be decoded, or was too much to be decoded."""
    reader = _Reader()
    text = reader.text(root)
    return text, reader.garbled


class _Reader:
    """Reads the text of a tree, and remembers whether all of it was legible."""

    def __init__(self) -> None:
        self.garbled = False
        self._markup_left = MAX_MARKUP
        self._hard_text_left = MAX_HARD_TEXT

    def text(self, node: Node) -> str:
        match node:
            case Leaf():
                return self._leaf(node) if is_text(node) else ""
            case Multipart(subtype="alternative"):
                return self._alternative(node.children)
            case Multipart(subtype="report"):
                return self.text(node.children[0])
            case Multipart():
                return "\n".join(text for child in node.children if (text := self.text(child)).strip())

    def _alternative(self, children: tuple[Node, ...]) -> str:
        """Return the plain text, or the richest other form when the plain one says nothing but that there is one."""
        plain = [
            child for child in children if isinstance(child, Leaf) and child.content_type == "text/plain"
        ]
        others = [child for child in reversed(children) if child not in plain]
        said = ""
        for child in (*plain, *others):
            if (text := self.text(child)).strip():
                if child not in plain or not _only_points_to_html(text):
                    return text
                said = said or text
        return said

    def _leaf(self, leaf: Leaf) -> str:
        if self._hard_text_left <= 0:
            self.garbled = True
            return ""
        content = leaf.body.content
        if len(content) > self._hard_text_left and not _easy(content):
            content, self.garbled = content[: self._hard_text_left], True
        decoded = decode(content, charset_of(leaf))
        self.garbled = self.garbled or not decoded.clean
        if not decoded.clean or decoded.charset in {JIS, EUC}:
            # damaged: it was tried by each
            self._hard_text_left -= len(content) * (1 if decoded.clean else 3)
        if leaf.content_type == "text/html":
            text, self._markup_left = read_html(decoded.text, self._markup_left)
            return strip_controls_of_lines(text)
        text = strip_controls_of_lines(decoded.text)
        if leaf.parameters.get("format", "").lower() == "flowed":
            text = unflowed(text, delete_space=leaf.parameters.get("delsp", "").lower() == "yes")
        return text


# A plain part that only says that there is an HTML part.
_POINTS_TO_HTML = re.compile(
    r"HTML\s?(?:形式|メール|対応|表示|で|mail|e-mail|message|format|version|capable|-)|in HTML|an HTML",
    re.IGNORECASE,
)


def _only_points_to_html(text: str) -> bool:
    """Tell whether a plain part says nothing of its own: 「このメールはHTML形式です。」"""
    words = text.strip()
    return len(words) <= 300 and words.count("\n") <= 5 and _POINTS_TO_HTML.search(words) is not None


def _easy(content: bytes) -> bool:
    """Tell whether a text is ASCII or UTF-8, which is read at once however long it is."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x1b" not in content


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676); quote marks become `> ` per level."""
    paragraphs: list[tuple[int, list[str]]] = []
    flowing = False
    *lines, rest = text.split("\n", MAX_FLOWED)
    if len(lines) < MAX_FLOWED:
        lines, rest = [*lines, rest], ""
    for line in lines:
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space-stuffing
        soft = content.endswith(" ") and content != "-- "
        if soft and delete_space:
            content = content[:-1]
        if flowing and paragraphs[-1][0] == depth and content != "-- ":
            paragraphs[-1][1].append(content)
        else:
            paragraphs.append((depth, [content]))
        flowing = soft
    joined = "\n".join("> " * depth + "".join(pieces) for depth, pieces in paragraphs)
    return f"{joined}\n{rest}" if rest else joined
