"""Bulletins written in Markdown: whole as plain text, the same as light HTML, and refused where a mark would stay visible."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mailbot.core.bulletins.article import html_page, plain_lines
from mailbot.core.mail.wrap import COLUMNS, columns
from mailbot.formats.markdown import read_markdown
from tests.chromium import CHROMIUM, Browser

TEXT = """\
## セミナーのご案内

今年の**トピックスセミナー**は、10月22日に開きます。
[開催要領](https://example.jp/n26-07?a=1&b=2)をご覧ください。詳しくは https://example.jp/seminar をどうぞ。

1. 参加の申し込みは、ご案内のメールへの返信で承ります。長い行は、送る前に折り返しますので、途中で改行しなくてもかまいません。
2. 会場
   - 有明
   - [地図](https://example.jp/map)

> お待ちしています。

| 時刻 | 内容 |
|---|---|
| 10:00 | 開会 |
| 13:00 | 講演 |

---

```
<b>そのまま</b>
```
"""
PLAIN = """\
■ セミナーのご案内

今年のトピックスセミナーは、10月22日に開きます。
開催要領をご覧ください。詳しくは https://example.jp/seminar をどう
ぞ。
　https://example.jp/n26-07?a=1&b=2

1. 参加の申し込みは、ご案内のメールへの返信で承ります。長い行は、送
　 る前に折り返しますので、途中で改行しなくてもかまいません。
2. 会場
　 ・有明
　 ・地図
　 　　https://example.jp/map

　　お待ちしています。

時刻   内容
─────
10:00  開会
13:00  講演

━━━━━━━━━━━━━━━━━━━━━━━━━

　<b>そのまま</b>
"""


class Page(HTMLParser):
    """What a page fetches, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.fetched += [
            f"{tag} {name}" for name in ("src", "srcset", "background", "data") if found.get(name)
        ]
        self.fetched += [tag] if tag in {"script", "link", "iframe", "object", "form", "style"} else []
        if tag == "a":
            self.links.append(str(found["href"]))


def test_the_plain_text_is_whole() -> None:
    """Headings, lists, tables and quotations stand in lines that fit, and where a link leads stands below it."""
    lines = plain_lines(read_markdown(TEXT).blocks)
    assert "\n".join(lines) + "\n" == PLAIN
    assert max(map(columns, lines)) <= COLUMNS


def test_the_html_fetches_nothing_and_says_the_same() -> None:
    """It has no script, picture or style from elsewhere; each link shows its address; a narrow telephone scrolls nothing sideways."""
    text = html_page("十二月号 <b>", read_markdown(TEXT).blocks, "ja")
    page = Page(text)
    assert page.fetched == []
    assert page.links == [
        "https://example.jp/n26-07?a=1&b=2",
        "https://example.jp/seminar",
        "https://example.jp/map",
    ]
    assert "（https://example.jp/n26-07?a=1&amp;b=2）" in text
    assert "<title>十二月号 &lt;b&gt;</title>" in text
    assert "&lt;b&gt;そのまま" in text
    assert 'content="width=device-width' in text
    assert not re.search(r"(?<!max-)width:\s*[0-9]{3,}px", text)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("一\n\nこれは**「重要」**です", 3, r"the \*\* on this line"),
        ("![図](https://example.jp/a.png)", 1, "pictures are fetched"),
        ("一\n<b>太字</b>", 2, "HTML cannot stand here"),
        ("<div>\n箱\n</div>", 1, "HTML cannot stand here"),
        ("[要領](youryou.pdf)", 1, "leads nowhere from a mail"),
        ("[押す](javascript:alert(1))", 1, "is not read as one"),
        ("[https://example.jp/](https://evil.test/)", 1, "shows https://example.jp/ and leads to"),
        ("[](https://example.jp/)", 1, "shows nothing"),
        (f"[長い](https://example.jp/{'a' * 300})", 1, "at most 300"),
    ],
)
def test_what_would_arrive_as_it_was_typed_is_refused(text: str, line: int, why: str) -> None:
    """With its line, and a sentence that says what to write instead."""
    (fault,) = {fault.line: fault for fault in read_markdown(text).faults}.values()
    assert fault.line == line
    assert re.search(why, fault.sentence)


def test_a_wide_table_becomes_lines() -> None:
    """A table that does not fit stands as 「head：cell」, so that no mail program breaks it."""
    long = "とても長い内容" * 6
    lines = plain_lines(read_markdown(f"| 名 | 内容 |\n|---|---|\n| あ | {long} |\n| い | 短い |").blocks)
    assert lines[0] == "名：あ"
    assert lines[1].startswith("内容：とても長い内容")
    assert lines[-1] == "内容：短い"
    assert max(map(columns, lines)) <= COLUMNS


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser (Debian: chromium)")
async def test_the_html_fits_a_narrow_telephone(tmp_path: Path) -> None:
    """At 320 pixels nothing must be moved sideways: not a long address, not a table; a real browser measures it."""
    wide = f"\n\n<https://example.jp/{'a' * 200}>\n\n| 項目 | 内容 | 備考 |\n|---|---|---|\n| {'長い' * 20} | b | c |\n"
    page = tmp_path / "page.html"
    page.write_text(html_page("12月号", read_markdown(TEXT + wide).blocks, "ja"), encoding="utf-8")
    async with Browser(tmp_path) as browser:
        size = {"width": 320, "height": 600, "deviceScaleFactor": 1, "mobile": True}
        await browser.say("Emulation.setDeviceMetricsOverride", **size)
        await browser.say("Page.enable")
        await browser.say("Page.navigate", url=page.as_uri())
        assert await browser.until("document.querySelector('table') ? document.title : null") == "12月号"
        assert await browser.run("document.documentElement.scrollWidth") <= 320
        assert await browser.run("performance.getEntriesByType('resource').length") == 0
