"""HTML replies of each client as the lines that a reader of votes sees."""

from __future__ import annotations

import time

import pytest

from mailbot.core.mail.html_text import _PARAGRAPH, MAX_REFERENCES, html_to_text
from tests.drawing import given, st


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("Q1&nbsp;2<br>Q2 1,3", ["Q1 2", "Q2 1,3"]),
        ("<div>a</div><div><br></div><div>b</div>", ["a", "", "b"]),
        ("<p>a\n b</p><p>&nbsp;</p><P>c", ["a b", "", "c"]),
        ("<h1>t</h1><ul><li>a<li>b</ul>c", ["t", "a", "b", "c"]),
        ("<ol><li>出席</li><li>欠席</li></ol><ol start=3><li>x", ["1. 出席", "2. 欠席", "3. x"]),
        ("<table><tr><td>1.<td>出席</tr><tr><td>2.</td><td>欠席</td></tr></table>", ["1.\t出席", "2.\t欠席"]),
        ("<pre>a\n  b</pre>", ["a", "  b"]),
        ("【Q1回答】[　　]", ["【Q1回答】[　　]"]),
        ("<head><title>x</title><style>p{}</style></head><script>y</script>z", ["z"]),
        ("<!-- x > --><!--[if mso]>hidden<![endif]-->a<!-->b", ["ab"]),
        ("&lt;a&gt; &amp; &#12354;&#x3042; a < b 1<2", ["<a> & ああ a < b 1<2"]),
        ("<a title='>' href=\"x>y\">link</a>", ["link"]),
        ("<a title=it's>don't</a> stop", ["don't stop"]),
        (
            "<blockquote type=cite>a<blockquote>b<br><br>c</blockquote></blockquote>d",
            ["> a", "> > b", "> >", "> > c", "d"],
        ),
        (
            "2<div class=gmail_quote><div>x wrote:<br></div><blockquote class=gmail_quote>1. 出席</blockquote></div>",
            ["2", "x wrote:", "> 1. 出席"],
        ),
        (
            '2<div class="gmail_quote">---- Forwarded ----<br>x</div>y',
            ["2", "> ---- Forwarded ----", "> x", "y"],
        ),
        ('<div>2</div><div class="yahoo_quoted" id=y><div>a</div></div>', ["2", "> a"]),
        (
            (
                "<div class=WordSection1><p>2</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;"
                "padding:3.0pt 0mm 0mm 0mm'><p>差出人: x</p></div></div><p>Q1</p></div><p>end</p>"
            ),
            ["2", "> 差出人: x", "> Q1", "end"],
        ),
        (
            (
                '2<div style="BORDER-TOP: rgb(181, 196, 223) 1pt solid">差出人</div>a'
                '<div style="border-top:solid #B5C4DF 1.0pt">From</div>b'
            ),
            ["2", "> 差出人", "> a", "> > From", "> > b"],
        ),
        ("<div>2</div><hr><div id=divRplyFwdMsg>From: x</div><div>Q1</div>", ["2", "> From: x", "> Q1"]),
        ("<div style='border-top:1px solid black'>署名</div>a", ["署名", "a"]),
        ("<s>1. 利用している</s><br>2. 利用していない", ["2. 利用していない"]),
        (
            '<p style="text-decoration: Line-Through">1. a</p><p><del>2. <b>b</b></del></p><p>3. c</p>',
            ["3. c"],
        ),
        ("[ <strike>1</strike> 2 ]", ["[ ~~1~~ 2 ]"]),
        (
            "<div style='display: none'>Q1 <b>1</b></div><p>Q1 <span style='mso-hide:all'>1</span>2</p>",
            ["Q1 ~~1~~2"],
        ),
        ("<span style='color:white'>2</span>", ["2"]),
        (
            "<div style='OPACITY: 0'>Q1 1</div><p style='color: transparent'>1</p><b style='opacity:0.0'>1</b>2",
            ["~~1~~2"],
        ),
        ("<div style='opacity:0.9;background-color:transparent;fill-opacity:0'>2</div>", ["2"]),
        ("<span style='font-size:0px'>1</span><font style='font-size: 0'>1</font>2", ["~~11~~2"]),
        ("<div style='font-size:0'><span style='font-size:0.9em'>2</span></div>", ["2"]),
        ("50<sup>1</sup>名<br><sub>1</sub>", ["50^1名", "1"]),
        ("<span style='color:red'>2</span>", ["2"]),
        ("<b><div>a</b><s>x</div>b</s>c", ["a~~x~~", "bc"]),
    ],
)
def test_lines(source: str, lines: list[str]) -> None:
    """Blocks become lines, quotations get their marks, and crossed-out lines are gone."""
    assert html_to_text(source).split("\n") == lines


@pytest.mark.parametrize(
    "source",
    [
        "<" * 50_000,
        "<a" * 500_000,
        '<a "' * 250_000,
        "<a='" * 250_000,
        "<!--" * 250_000,
        "&" * 1_000_000,
        "&#" + "9" * 5_000 + ";",
        "<div>" * 100_000 + "x",
        "<blockquote>x" * 100_000,
        "<i><div>" + "<b>" * 100_000 + "</i>" * 100_000,
        "<div style='border-top:solid #E1E1E1'>" * 30_000,
        "<style>" * 100_000,
        "<a " + "= " * 500_000 + ">",
        "<table>" + "<tr><td>" * 100_000,
        "<ol>" + "<li>x" * 100_000,
        "<div class=gmail_quote>" * 50_000,
    ],
    ids=range(16),
)
def test_hostile_html_costs_little(source: str) -> None:
    """No HTML of a stranger costs two seconds, and deep quotation does not multiply into the lines."""
    started = time.process_time()
    text = html_to_text(source)
    assert time.process_time() - started < 2
    assert len(text) < 5 * len(source) + 100


def test_struck_lines_can_be_shown() -> None:
    """A line struck through as a whole is left out, or stands between tildes where that is asked for."""
    source = "<p>Q1 1</p><p><s>Q2 2</s></p>"
    assert html_to_text(source) == "Q1 1"
    assert html_to_text(source, show_struck=True) == "Q1 1\n~~Q2 2~~"


def test_what_is_cut_off_is_shown() -> None:
    """A document beyond the bounds ends with a mark in place of the rest."""
    assert html_to_text("<p>a</p>" * 10, max_markup=2) == "a\n[…]"
    assert html_to_text("&#x3042;" * (MAX_REFERENCES + 1)) == "あ" * MAX_REFERENCES + "\n[…]"
    assert html_to_text("<p class=x>a</p>" * 10, max_markup=2) == "a\n[…]"  # attributes cost as much again


def test_a_script_without_its_end_hides_nothing_else() -> None:
    """What stands behind it is text, and a style sheet behind that is still hidden."""
    assert html_to_text("<script>a<p>b<STYLE>c</style>d<script>e</p>f") == "a\nbde\nf"


@given(
    st.lists(
        st.sampled_from(
            ["<", ">", "/", "div", "s", "blockquote", "!--", "-->", "'", '"', "=", " ", "x", "&#0;"]
        )
    )
)
def test_never_raises(tokens: list[str]) -> None:
    """Any heap of tokens gives text."""
    assert isinstance(html_to_text("".join(tokens)), str)


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    "around",
    [
        "<body>{}</body>",
        "<blockquote>{}</blockquote>{}",
        "<p>open {}",
        "<div>said <p>more{} and on</p></div>",
        "<pre>\n{}\n</pre>",
        "<s>taken away {}</s>{}",
        "<ol><li>{}<li>{}</ol>",
        "<table><tr><td>{}<td>{}</table>",
        '<div class="gmail_quote">{}<blockquote>{}</blockquote></div>',
        "<span>{}",
    ],
)
@pytest.mark.parametrize(
    "paragraph",
    [
        '<p class="MsoNormal">Q1 2<o:p></o:p></p>',
        "<div>a<br>b &gt; c<br></div>",
        "<div><br></div>",
        '<p>\n one\n <b>two</b> <span style="text-decoration:line-through">three</span></p>',
        '<p style="text-decoration:line-through">all</p>',
        "<p>left <b>open</p>",
        "<div>ended</b> twice</div>",
        '<div class="gmail_quote">theirs</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt">below a line</div>',
        '<div id="divRplyFwdMsg">below a header</div>',
    ],
)
def test_a_known_paragraph_reads_as_a_new_one(around: str, paragraph: str) -> None:
    """What a paragraph says does not depend on whether it was read before, wherever it stands."""
    page = around.replace("{}", f"{paragraph}\n<p>next</p>")
    new = page.replace("</p>", "<x></x></p>").replace("</div>", "<x></x></div>")  # no such paragraph is kept
    for _ in range(2):
        assert html_to_text(page) == html_to_text(new)
        assert html_to_text(page, show_struck=True) == html_to_text(new, show_struck=True)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<img src="q"></b><div style="x" id="b"><p class="a"><div style="x" id="b"></div>abc', (52, 80)),
        ('<div style="x" id="b"></div><div style="x"></span></b>', (0, 28)),
        ('<a href="x"></p><p></p>', (16, 23)),
    ],
)
def test_a_paragraph_is_found_behind_one_that_ends_nowhere(source: str, found: tuple[int, int]) -> None:
    """On Python before 3.11.5 too, where possessive groups lose their way."""
    assert [match.span() for match in _PARAGRAPH.finditer(source)] == [found]


def test_a_paragraph_without_an_end_costs_no_more() -> None:
    """Words and tags that end in no paragraph are looked at once."""
    assert html_to_text("<p>" + "ab" * 200 + "<b>" * 30 + "<") == "ab" * 200 + "<"
