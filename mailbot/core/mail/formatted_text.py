"""The HTML form of a mail beside its plain one, and where it leads without saying so."""

from __future__ import annotations

import html
import re

from mailbot.core.mail.control_characters import strip_controls, strip_controls_of_lines
from mailbot.core.mail.html_text import CUT, html_to_text
from mailbot.core.mail.japanese import decode
from mailbot.core.mail.message import Message
from mailbot.core.mail.readable_text import MAX_MARKUP

MAX_FORMATTED = 300_000  # bytes of HTML that are compared with the plain text beside them


def formatted_text(message: Message) -> str | None:
    """Return the HTML form of a mail as text, what is struck through as `~~words~~`; "" for a mail without two forms.

    Also "" where the HTML form says nothing else than the plain one, which most mails with both forms do. What a
    program shows of a mail with both forms is mostly this one, so that what its author saw when he wrote it is here;
    `Message.text` is the plain form. None: it is too large to be compared; pictures written into it do not count.
    """
    shown = [part for part in message.parts if part.filename is None]
    pages = [part for part in shown if part.content_type == "text/html"]
    if not pages or all(part.content_type != "text/plain" for part in shown):
        return ""
    contents = [_PICTURE.sub(b'""', page.content) for page in pages]
    if sum(map(len, contents)) > MAX_FORMATTED:
        return None
    markup = [decode(content, page.charset).text for content, page in zip(contents, pages, strict=True)]
    if all(_only_repeats(page, message.text) for page in markup):
        return ""
    room = MAX_MARKUP // len(pages)
    texts = [html_to_text(page, room, show_struck=True) for page in markup]
    return None if any(text.endswith(CUT) for text in texts) else strip_controls_of_lines("\n".join(texts))


def hidden_addresses(message: Message) -> tuple[str, ...]:
    """Return where the HTML of a mail leads, or takes its pictures from, as far as its text does not say it; each once.

    Looks at no more than the first `MAX_FORMATTED` bytes of each part.
    """
    found: dict[str, None] = {}
    for part in message.parts:
        if part.content_type == "text/html" and part.filename is None:
            markup = html.unescape(decode(part.content[:MAX_FORMATTED], part.charset).text)
            found |= dict.fromkeys(_LEADS_TO.findall(markup))
    return tuple(strip_controls(each) for each in found if each not in message.text)


# Where a link, a picture or a form of a page leads.
_LEADS_TO = re.compile(
    r"(?:href|src|action)\s{0,8}=[\s\"']{0,8}((?:https?:)?//[^\s\"'<>]{1,500})", re.IGNORECASE
)
_PICTURE = re.compile(rb'"data:image/[^"<>]*"')
# Markup that takes away what its words say.
_TAKES_AWAY = ("<s>", "<s ", "<del", "<strike", "line-through", "display", "visibility")
_UNSEEN = (("<!--", "-->"), ("<head", "</head>"), ("<style", "</style>"), ("<script", "</script>"))
_TAG = re.compile(r"<[^<>]*>")
# What Outlook's plain text has for the thin line above the quoted mail
_LINE_ABOVE = re.compile(r"(?m)^_{20,}$")


def _only_repeats(markup: str, plain: str) -> bool:
    """Tell whether an HTML form has just the characters of the plain one: then it need not be read as well."""
    lowered = markup.lower()
    if len(lowered) != len(markup) or any(mark in lowered for mark in _TAKES_AWAY):
        return False
    for start, end in _UNSEEN:
        if start in lowered:
            markup = _without(markup, start, end)
    return _letters(html.unescape(_TAG.sub("", markup))) == _letters(_LINE_ABOVE.sub("", plain))


def _letters(text: str) -> str:
    """Return a text without blanks, line ends and quote marks."""
    return "".join(text.replace(">", "").split())


def _without(markup: str, start: str, end: str) -> str:
    """Return the markup without what stands between these two, in any case of letters."""
    kept, at, lowered = [], 0, markup.lower()
    while (begins := lowered.find(start, at)) >= 0:
        kept.append(markup[at:begins])
        ends = lowered.find(end, begins)
        if ends < 0:
            return "".join(kept)
        at = ends + len(end)
    return "".join([*kept, markup[at:]])
