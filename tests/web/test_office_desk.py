"""The desk over a real socket: what the office and moderators decide there, and that nobody else finds a door."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from mailbot.core.office.journal_line import Line
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.store.database import Database
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import InboxEntry
from mailbot.store.office import journal
from mailbot.store.surveys import surveys
from mailbot.store.tables import metadata
from mailbot.web import office_desk
from tests.databases import database, database_url, sqlite
from tests.flows.office.test_settle_act import CHAIR, DEPUTY, RESOLUTION, history, opened, state
from tests.flows.post_office import (
    KAIGI,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    SECURITY,
    STRANGER,
    SURVEY,
    TANAKA,
    UEDA,
    YAMADA,
    PostOffice,
    open_post_office,
)
from tests.web.test_members_corner import Browser, entered
from tests.web.test_pages import Answer, Site, running_site, site

__all__ = ["database", "database_url", "site", "sqlite"]

MODERATED = replace(SECURITY, moderators=(SATO,), reasons=("重複のため。", "話題から外れるため。"))
FILE = """\
--b
Content-Type: text/plain; charset=UTF-8

点検の手順です。
--b
Content-Type: {kind}; name="{name}"
Content-Disposition: attachment; filename="{name}"

{content}
--b--"""


def hold(office: PostOffice, to: str = "kaigi", author: str = STRANGER, **own: str) -> InboxEntry:
    """Let a post wait."""
    held = office.post(author, to=f"{to}@ml.example.jp", **own)
    assert held.state == "held"
    return held


def hold_file(
    office: PostOffice, name: str = "a.csv", kind: str = "text/csv", content: str = "a,b", to: str = "kaigi"
) -> InboxEntry:
    """Let a post with a file wait."""
    text = FILE.format(name=name, kind=kind, content=content)
    return hold(office, to, text=text, Content_Type="multipart/mixed; boundary=b")


async def foreseen(browser: Browser, decision: str, *numbers: int) -> dict[str, str]:
    """Return the form that says what a decision will do, as the page has it."""
    page = await browser.get(
        "/desk/confirm?" + urlencode([("decision", decision), *(("mail", n) for n in numbers)])
    )
    assert page.status == 200
    return form_of(page)


def form_of(page: Answer) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.body)
    return {name: unescape(value) for name, value in fields}


async def decide(browser: Browser, decision: str, *numbers: int, **own: str) -> Answer:
    """Decide as a person does: choose, look at what will happen, press."""
    return await browser.post("/desk/decide", **await foreseen(browser, decision, *numbers) | own)


def lines(office: PostOffice, what: str) -> list[Line]:
    """Return the journal's lines of a kind."""
    with office.database.read() as connection:
        return [entry.line for entry in journal.every(connection) if entry.line.what == what]


def told(office: PostOffice, kind: str) -> dict[str, str]:
    """Return what the copies of a kind said that were made, by address."""
    return {copy.to: copy.said for copy in office.all_copies() if copy.kind == kind}


# --- who is there -------------------------------------------------------------------------------------------------

PLACES = [
    ("GET", "/desk/"),
    ("GET", "/desk/held/1"),
    ("GET", "/desk/held/1/files/1"),
    ("GET", "/desk/confirm?decision=accept&mail=1"),
    ("GET", "/desk/decide"),
    ("POST", "/desk/decide"),
    ("POST", "/desk/"),
    ("PUT", "/desk/"),
    ("DELETE", "/desk/held/1"),
    ("GET", "/desk/nothing"),
    ("GET", "/desk"),
]


async def test_nobody_else_finds_a_door(site: Site) -> None:
    """To a stranger and to a member each address answers as one that does not exist, by whatever method."""
    hold_file(site.office)
    for browser in (Browser(site), await entered(site, YAMADA)):
        nothing = await browser.get("/nothing")
        assert nothing.status == 404
        for method, path in PLACES:
            answer = await browser._ask(method, path, "decision=accept" if method == "POST" else "")
            assert (answer.status, answer.body) == (404, nothing.body), (method, path)
        assert "desk" not in (await browser.get("/")).body


async def test_the_office_is_let_in_by_the_same_link(site: Site) -> None:
    """Its own page leads to the desk; every answer there has the headers of all pages, and is kept nowhere."""
    browser = await entered(site, OFFICE)
    assert 'href="/desk/"' in (await browser.get("/")).body
    page = await browser.get("/desk/")
    assert (page.status, "判断待ちのメールはありません" in page.body) == (200, True)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_people_of_the_office_come_and_go_with_the_configuration(sqlite: Any) -> None:
    """Whom it no longer names is shut out at his next step, whatever stands open in his browser."""
    office = open_post_office(sqlite)
    office.site = replace(office.site, desk=(CHAIR, YAMADA))
    async with running_site(office) as site:
        chair, yamada = await entered(site, CHAIR), await entered(site, YAMADA)
        held = hold(office)
        form = await foreseen(yamada, "accept", held.id)
        object.__setattr__(office.site, "desk", (CHAIR,))
        assert (await yamada.get("/desk/")).status == 404
        assert (await yamada.post("/desk/decide", **form)).status == 404
        assert "desk" not in (await yamada.get("/")).body
        assert office.state(held.id) == "held"
        assert (await chair.get("/desk/")).status == 200
        await decide(chair, "accept", held.id)
        assert lines(office, "post.accepted")[0].who == CHAIR


async def test_a_moderator_decides_about_his_lists_posts_alone(site: Site) -> None:
    """He sees no other list's, no letter, no reply; a number that he makes up is none to him, nor one within a form of his."""
    office = site.office
    office.apply(MODERATED, replace(KAIGI, moderators=(TANAKA,)))
    own, other = hold_file(office, to="security"), hold_file(office, to="kaigi")
    letter = office.hand_in(office.mail(STRANGER, "kaigi-owner@ml.example.jp"), "kaigi-owner@ml.example.jp")
    assert letter.state == "held"
    browser = await entered(site, SATO)
    page = await browser.get("/desk/")
    assert re.findall(r'name="mail" value="(\d+)"', page.body) == [str(own.id)]
    assert (await browser.get(f"/desk/held/{own.id}/files/1")).status == 200
    for number in (other.id, letter.id, 999):
        for path in (f"/desk/held/{number}", f"/desk/held/{number}/files/1"):
            assert (await browser.get(path)).status == 404
        confirm = await browser.get(f"/desk/confirm?decision=accept&mail={number}")
        assert "もう判断を待っていません" in confirm.body
        assert "mails" not in form_of(confirm)
    # the stamp of the other list's post, as its own moderator is given it
    tanaka = await foreseen(await entered(site, TANAKA), "accept", other.id)
    form = await foreseen(browser, "accept", own.id)
    answer = await browser.post("/desk/decide", **form | {"mails": f"{tanaka['mails']} {form['mails']}"})
    assert f"U-{other.id:04d} という番号のメールはありません" in answer.body
    assert (office.state(own.id), office.state(other.id)) == ("posted", "held")
    assert lines(office, "post.accepted")[0].who == SATO


async def test_a_moderator_who_is_one_no_more(site: Site) -> None:
    """The list's definition is asked at each step."""
    office = site.office
    office.apply(MODERATED)
    held = hold(office, "security")
    browser = await entered(site, SATO)
    form = await foreseen(browser, "discard", held.id)
    office.apply(replace(MODERATED, moderators=(TANAKA,)))
    assert (await browser.post("/desk/decide", **form)).status == 404
    assert office.state(held.id) == "held"


async def test_a_moderator_who_is_no_member_is_let_in(site: Site) -> None:
    """He is known by the list that names him."""
    site.office.apply(replace(MODERATED, moderators=("hitori@example.jp",)))
    browser = await entered(site, "hitori@example.jp")
    assert (await browser.get("/desk/")).status == 200
    site.office.apply(SECURITY)
    assert "リンクを受け取る" in (await browser.get("/")).body


# --- reading ------------------------------------------------------------------------------------------------------


async def test_the_mails_that_ask_say_where_the_page_is(site: Site) -> None:
    """To whom it is open: the office, and a list's moderators."""
    site.office.apply(MODERATED)
    hold(site.office, "security")
    hold(site.office, "kaigi", subject="別の件")
    for kind, to in (("moderate_post", SATO), ("office_held", OFFICE)):
        assert "「事務局のページ」へ）。https://ml.example.jp/" in told(site.office, kind)[to]


async def test_a_post_is_read_as_it_would_go_out(site: Site) -> None:
    """Who, where to, why, since when; subject with its tag, the author as members will see him, text with footer, files."""
    site.office.apply(MODERATED)
    held = hold_file(site.office, "手順.csv", to="security")
    browser = await entered(site, OFFICE)
    page = (await browser.get("/desk/")).body
    for words in (
        f"U-{held.id:04d}",
        "点検のお願い",
        "情報セキュリティ部会（security）",
        STRANGER,
        "名簿にありません",
        "2026/06/18 10:00",
    ):
        assert words in page
    page = (await browser.get(f"/desk/held/{held.id}")).body
    for words in ("<pre>点検の手順です。</pre>", "手順.csv", "text/csv", "3バイト"):
        assert words in page
    assert f'href="/desk/held/{held.id}/files/1" download' in page
    held = hold(site.office, "security", text="次の点検です。")
    page = (await browser.get(f"/desk/held/{held.id}")).body
    for words in ("[security:00001] 点検のお願い", "情報セキュリティ部会 &lt;security@ml.example.jp&gt;"):
        assert words in page
    assert "確かめられません / not known" in page
    assert re.search(r"<pre>次の点検です。\n[^<]*部会の窓口は事務局です。", page)


async def test_what_the_html_form_says_is_shown_too(site: Site) -> None:
    """Most programs show it: nobody lets a harmless plain text out together with another text that he has not seen."""
    forms = "--b\nContent-Type: text/plain; charset=UTF-8\n\n点検です。\n"
    forms += "--b\nContent-Type: text/html; charset=UTF-8\n\n{}\n--b--"
    browser = await entered(site, OFFICE)
    for number, (markup, notice) in enumerate(
        [
            ("<p>暗証番号を<b>ここ</b>へ &lt;script&gt;</p>", "<pre>暗証番号をここへ &lt;script&gt;"),
            ("<p>点検です。</p>" + "<!-- -->" * 200_000, "大きいため"),
        ]
    ):
        kind = "multipart/alternative; boundary=b"
        held = hold(site.office, text=forms.format(markup), Content_Type=kind, Message_ID=f"<{number}@x>")
        page = (await browser.get(f"/desk/held/{held.id}")).body
        assert notice in page
        assert "<script" not in page
    trap = '<p><a href="https://trap.example/?a&amp;b">点検です。</a></p><img src=//spy.example/1.png alt="">'
    for number, (text, kind_of) in enumerate(
        [(forms.format(trap), kind), (trap, "text/html; charset=UTF-8")]
    ):
        held = hold(site.office, text=text, Content_Type=kind_of, Message_ID=f"<trap{number}@x>")
        page = (await browser.get(f"/desk/held/{held.id}")).body
        assert "<ul><li>https://trap.example/?a&amp;b</li><li>//spy.example/1.png</li></ul>" in page
        assert "href=" not in page.partition("リンク先など")[2].partition("</ul>")[0]
    site.office.apply(MODERATED)  # with a footer
    for to in ("kaigi", "security"):
        same = forms.format("<p>点検です。</p>")
        held = hold(site.office, to, text=same, Content_Type=kind, Message_ID=f"<{to}@x>")
        assert "HTML形式" not in (await browser.get(f"/desk/held/{held.id}")).body


@pytest.mark.parametrize(
    ("name", "kind", "content", "kept"),
    [
        ("a.html", "text/html", "<script>alert(1)</script>", "a.html"),
        ("x.svg", "image/svg+xml", "<svg onload=alert(1)/>", "x.svg"),
        ("../../etc/passwd", "text/plain", "x", "passwd"),
        ("..\\\\..\\\\boot.ini", "text/plain", "x", "boot.ini"),
        ('e.pdf\\"; filename=\\"e.exe', "application/pdf", "x", "e.pdf_; filename=_e.exe"),
        ("=?utf-8?Q?a=0D=0ASet-Cookie:_x=3D1.txt?=", "text/plain", "x", "a  Set-Cookie_ x=1.txt"),
    ],
)
async def test_a_file_is_kept_and_never_shown(
    site: Site, name: str, kind: str, content: str, kept: str
) -> None:
    """Whatever it says that it is: octets, to be kept under a harmless name, and nothing to sniff."""
    held = hold_file(site.office, name, kind, content)
    browser = await entered(site, OFFICE)
    answer = await browser.get(f"/desk/held/{held.id}/files/1")
    assert (answer.status, answer.body) == (200, content)
    headers = answer.headers
    assert headers["content-type"] == "application/octet-stream"
    kept = " ".join(kept.split())
    assert headers["content-disposition"].startswith('attachment; filename="')
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "set-cookie" not in headers
    page = unescape((await browser.get(f"/desk/held/{held.id}")).body)
    assert f">{kept}</a>" in page
    for path in ("0", "2", "-1", "1/..", "x", "%2e%2e", "9999999999"):
        assert (await browser.get(f"/desk/held/{held.id}/files/{path}")).status == 404


async def test_what_strangers_wrote_is_text(site: Site) -> None:
    """In subject, address, text, file name, on every page and in what is said of a decision."""
    markup = "<script>x</script>\"'><img src=x>"
    held = site.office.hand_in(
        site.office.mail(
            f'"{markup.replace(chr(34), "")}" <eve@evil.test>',
            "kaigi@ml.example.jp",
            FILE.format(name=markup.replace('"', ""), kind="text/html", content=markup).replace(
                "点検", markup
            ),
            f"S{markup}",
            Content_Type="multipart/mixed; boundary=b",
        ),
        "kaigi@ml.example.jp",
        mail_from="eve@evil.test",
    )
    assert held.state == "held"
    browser = await entered(site, OFFICE)
    pages = [await browser.get(path) for path in ("/desk/", f"/desk/held/{held.id}")]
    pages += [
        await browser.get(f"/desk/confirm?decision={one}&mail={held.id}") for one in ("accept", "reject")
    ]
    pages.append(await decide(browser, "reject", held.id, reason=markup))
    for page in pages:
        assert page.status == 200
        assert "<script" not in page.body
        assert "<img" not in page.body
    assert "&lt;script&gt;" in pages[0].body


async def test_nobody_reads_a_secret_vote(site: Site) -> None:
    """A reply to a sealed survey waits and is named; no word of it is shown, nor its files, nor what it would count as."""
    office = site.office
    invitation = office.open_survey(replace(SURVEY, mode="sealed"))[YAMADA]
    text = FILE.format(name="kaitou.csv", kind="text/csv", content="Q1,2").replace(
        "点検の手順です。", "たぶん2です。秘密"
    )
    mail = office.mail(
        YAMADA,
        office.reply_address(invitation),
        text,
        subject="秘密の2",
        Content_Type="multipart/mixed; boundary=b",
    )
    held = office.hand_in(mail, office.reply_address(invitation))
    assert held.state == "held"
    browser = await entered(site, OFFICE)
    page = await browser.get(f"/desk/held/{held.id}")
    for shown in (
        page,
        await browser.get("/desk/"),
        await browser.get(f"/desk/confirm?decision=accept&mail={held.id}"),
        await browser.get(f"/desk/surveys/{SURVEY.key}"),
        await browser.get("/desk/runs/"),  # with the mails to the office
    ):
        assert "秘密" not in shown.body
        assert "無記名のため、お見せしません" in shown.body
        assert "kaitou" not in shown.body
        assert office.reply_address(invitation) not in shown.body, "whoever has it answers for the body"
    assert "お見せできません" in page.body
    assert (await browser.get(f"/desk/held/{held.id}/files/1")).status == 404


async def test_nobody_reads_a_secret_vote_that_lost_its_way(site: Site) -> None:
    """To the surveys' own address: neither while the survey is open nor after its close; what comes later is a letter."""
    office = site.office
    office.open_survey(replace(SURVEY, mode="sealed"))

    def lost(number: int) -> InboxEntry:
        to = "survey@ml.example.jp"
        mail = office.mail(YAMADA, to, "Q1 2 秘密", Message_ID=f"<lost{number}@x>")
        held = office.hand_in(mail, to)
        assert held.state == "held"
        return held

    early = lost(1)
    browser = await entered(site, OFFICE)
    assert "お見せできません" in (await browser.get(f"/desk/held/{early.id}")).body
    office.now = SURVEY.closes + timedelta(minutes=10)
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, SURVEY.closes, office.now)
    late = lost(2)
    browser = await entered(site, OFFICE)
    for held, shown in ((early, False), (late, True)):
        page = (await browser.get(f"/desk/held/{held.id}")).body
        assert ("秘密" in page, "お見せできません" in page) == (shown, not shown)
        assert ('value="accept"' in page) == shown


async def test_many_come_by_pages(site: Site) -> None:
    """Thirty at once, oldest first."""
    for number in range(33):
        hold(site.office, subject=f"話題{number:02}", Message_ID=f"<{number}@x>")
    browser = await entered(site, OFFICE)
    first = (await browser.get("/desk/")).body
    (more,) = re.findall(r'href="(/desk/\?after=\d+)"', first)
    second = (await browser.get(more)).body
    assert [len(re.findall(r'type="checkbox"', page)) for page in (first, second)] == [30, 3]
    every = re.findall(r"話題(\d\d)</label>", first + second)
    assert every == [f"{number:02}" for number in range(33)]


# --- deciding -----------------------------------------------------------------------------------------------------


async def test_to_how_many_it_goes_is_said_before_it_goes(site: Site) -> None:
    """The page changes nothing; its button sends the post, once, and the journal says whose word it was."""
    office = site.office
    held = hold_file(office)
    browser = await entered(site, OFFICE)
    page = await browser.get(f"/desk/confirm?decision=accept&mail={held.id}")
    assert "「電子会議室」のメンバー5名のうち、5名にすぐ配信します。" in page.body
    assert office.state(held.id) == "held"
    woken = site.woken
    answer = await browser.post("/desk/decide", **form_of(page))
    assert f"U-{held.id:04d} を受け入れました。" in answer.body
    assert (office.state(held.id), site.woken) == ("posted", woken + 1)
    assert len(told(office, "post")) == 5
    (line,) = lines(office, "post.accepted")
    assert (line.who, line.about, line.person) == (OFFICE, "kaigi", STRANGER)
    again = await browser.post("/desk/decide", **form_of(page))
    assert "行っていません" in again.body
    assert "保留中ではありません（配信済み）" in again.body
    assert len([copy for copy in office.all_copies() if copy.kind == "post"]) == 5


async def test_a_refusal_says_why(site: Site) -> None:
    """In the decider's own words, or in one of the list's, chosen; the author is told."""
    office = site.office
    office.apply(MODERATED)
    browser = await entered(site, SATO)
    held = hold(office, "security")
    page = await browser.get(f"/desk/confirm?decision=reject&mail={held.id}")
    assert f"差出人（{STRANGER}）に、理由を添えてお知らせします" in page.body
    assert '<option value="話題から外れるため。">話題から外れるため。</option>' in page.body
    await browser.post("/desk/decide", **form_of(page), reason="添付を\r\nお外しください。", canned="2")
    assert "添付を お外しください。".replace(" ", "") in told(office, "post_rejected")[STRANGER]
    held = hold(office, "security", subject="次")
    page = await browser.get(f"/desk/confirm?decision=reject&mail={held.id}")
    chosen = re.findall(r'<option value="([^"]+)">', page.body)[1]
    office.apply(
        replace(MODERATED, reasons=("別の理由。", "もう一つの理由。"))
    )  # before the button is pressed
    await browser.post("/desk/decide", **form_of(page), reason="", canned=chosen)
    assert office.state(held.id) == "rejected"
    assert "話題から外れるため。" in told(office, "post_rejected")[STRANGER]
    held = hold(office, "security", subject="その次")
    answer = await decide(browser, "reject", held.id, canned="7")
    assert "7番はありません" in answer.body
    assert office.state(held.id) == "held"


async def test_several_at_once(site: Site) -> None:
    """Each for itself: one that was decided meanwhile holds none of the others up."""
    office = site.office
    first, second, third = (hold(office, subject=f"件{n}", Message_ID=f"<{n}@x>") for n in range(3))
    browser = await entered(site, OFFICE)
    form = await foreseen(browser, "discard", first.id, second.id, third.id)
    await decide(await entered(site, OFFICE), "accept", second.id)
    answer = await browser.post("/desk/decide", **form)
    assert [office.state(one.id) for one in (first, second, third)] == ["discarded", "posted", "discarded"]
    assert answer.body.count("差出人に知らせずに片付けました") == 2
    assert answer.body.count("原文は残っています") == 2
    assert answer.body.count("行っていません") == 1


async def test_what_takes_too_long_is_left_and_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is cut off would not say which of thirty posts have gone out."""
    held = [hold(site.office, subject=f"件{n}", Message_ID=f"<{n}@x>") for n in range(2)]
    browser = await entered(site, OFFICE)
    form = await foreseen(browser, "accept", *(one.id for one in held))
    monkeypatch.setattr(office_desk, "_DECIDING_SECONDS", 0.0)
    answer = await browser.post("/desk/decide", **form)
    assert answer.body.count("まだ行っていません。もう一度お選びください") == 2
    assert [site.office.state(one.id) for one in held] == ["held"] * 2


async def test_a_letter_is_seen_to_or_put_aside(site: Site) -> None:
    """It is read here, and answered by a mail of the office's own: there is nothing to refuse."""
    office = site.office
    letter = office.hand_in(
        office.mail(STRANGER, "kaigi-owner@ml.example.jp", "お尋ねします。"), "kaigi-owner@ml.example.jp"
    )
    browser = await entered(site, OFFICE)
    page = (await browser.get(f"/desk/held/{letter.id}")).body
    assert "お尋ねします。" in page
    assert re.findall(r'name="decision" value="(\w+)"', page) == ["accept", "discard"]
    for decision in ("reject", "trust"):
        refused = await browser.get(f"/desk/confirm?decision={decision}&mail={letter.id}")
        assert "行えません" in refused.body
    confirm = await browser.get(f"/desk/confirm?decision=accept&mail={letter.id}")
    assert "対応済みとします" in confirm.body
    await browser.post("/desk/decide", **form_of(confirm))
    assert office.state(letter.id) == "answered"


async def test_its_author_is_trusted_from_now_on(site: Site) -> None:
    """As 「採用 以後も」 by mail."""
    held = hold(site.office)
    browser = await entered(site, OFFICE)
    page = await browser.get(f"/desk/confirm?decision=trust&mail={held.id}")
    assert "以後このリストで保留されません" in page.body
    await browser.post("/desk/decide", **form_of(page))
    assert site.office.post(STRANGER, to="kaigi@ml.example.jp", subject="次").state == "posted"


async def test_a_form_that_comes_twice_does_not_let_a_post_out_before_its_hours(site: Site) -> None:
    """Approved, it waits for the morning; a second approval would send it at once, and must be looked at anew."""
    office = site.office
    opens = (office.now + timedelta(hours=3)).time()
    office.apply(replace(KAIGI, hours=(opens, (office.now + timedelta(hours=4)).time())))
    held = hold(office)
    browser = await entered(site, OFFICE)
    page = await browser.get(f"/desk/confirm?decision=accept&mail={held.id}")
    assert "配信時間になる" in page.body
    form = form_of(page)
    await browser.post("/desk/decide", **form)
    again = await browser.post("/desk/decide", **form)
    assert "ご覧になった後に変わりました" in again.body
    assert (office.state(held.id), told(office, "post")) == ("held", {})
    assert "承認済みです" in (await browser.get("/desk/")).body
    await decide(browser, "accept", held.id)
    assert office.state(held.id) == "posted"


async def test_a_vote_on_a_resolution_needs_the_second_person_here_too(sqlite: Any) -> None:
    """The same flow as by mail: it is asked for, and does not count yet."""
    office = open_post_office(sqlite)
    office.site = replace(office.site, desk=(CHAIR, DEPUTY))
    invitations = opened(office)
    office.reply(invitations[YAMADA], "おおむね賛成（任期を定めること）")
    (number,) = held_numbers(office)
    async with running_site(office) as site:
        browser = await entered(site, CHAIR)
        page = await browser.get(f"/desk/held/{number}")
        assert "おおむね賛成（任期を定めること）" in page.body
        assert 'value="accept"' not in page.body, "nothing of it would count as it was read"
        confirm = await browser.get(f"/desk/confirm?decision=accept&mail={number}")
        assert "行えません" in confirm.body
        assert "mails" not in form_of(confirm)


async def test_no_other_form_decides(site: Site) -> None:
    """Without the token, with another visit's, from another site, with what no button of ours sends: nothing is done."""
    office = site.office
    office.apply(MODERATED)
    held = hold(office)
    browser = await entered(site, OFFICE)
    form = await foreseen(browser, "accept", held.id)
    other = await foreseen(await entered(site, SATO), "accept")
    wrong: list[dict[str, str]] = [
        {"token": ""},
        {"token": "x" * 20},
        {"token": other.get("token", "y")},
        {"decision": "claim"},
        {"decision": ""},
        {"mails": ""},
        {"mails": "x:y"},
        {"mails": f"{held.id}:a {held.id}:b"},
        {"mails": " ".join(f"{n}:x" for n in range(1, 40))},
        {"reason": "長" * 501},
    ]
    for one in wrong:
        assert (await browser.post("/desk/decide", **form | one)).status == 400, one
    for place in ("cross-site", "same-site"):
        browser.headers = {"Sec-Fetch-Site": place}
        assert (await browser.post("/desk/decide", **form)).status == 400
    browser.headers = {}
    for mails in (f"{held.id}:", f"{held.id}:{'0' * 16}", f"999:{'0' * 16}"):
        assert "行っていません" in (await browser.post("/desk/decide", **form | {"mails": mails})).body
    for path in (
        "/desk/confirm?decision=accept&mail=x",
        "/desk/confirm?mail=1",
        "/desk/confirm?decision=claim&mail=1",
    ):
        assert (await browser.get(path)).status == 400
    assert office.state(held.id) == "held"


async def test_on_both_databases(database: Database) -> None:
    """Two who decide about one post at once: the first decision is the one."""
    office = open_post_office(database)
    async with running_site(office) as site:
        held = hold_file(office)
        one, two = await entered(site, OFFICE), await entered(site, OFFICE)
        forms = [await foreseen(one, "accept", held.id), await foreseen(two, "discard", held.id)]
        await one.post("/desk/decide", **forms[0])
        answer = await two.post("/desk/decide", **forms[1])
        assert "行っていません" in answer.body
        assert office.state(held.id) == "posted"
        invitation = office.open_survey()[YAMADA]
        office.reply(invitation, "たぶん利用していないと思いますが未定です。")
        pages = [await one.get(path) for path in ("/desk/", f"/desk/surveys/{SURVEY.key}", "/desk/runs/")]
        assert [page.status for page in pages] == [200] * 3
        assert "未定です" in pages[1].body
        page, form = await tried(one, f"催促 {SURVEY.key}")
        assert "4通です" in page.body
        answers = await asyncio.gather(*(one.post("/desk/do", **form) for _ in range(4)))
        assert sum("催促のメールを送ります" in answer.body for answer in answers) == 1
        assert sum(copy.kind == "reminder" for copy in office.all_copies()) == 4


def held_numbers(office: PostOffice) -> list[int]:
    """Return the numbers of the mails that wait."""
    with office.database.read() as connection:
        return [one.id for one in inbox.held(connection)]


# --- surveys, runs, commands --------------------------------------------------------------------------------------


async def tried(browser: Browser, line: str, **own: str) -> tuple[Answer, dict[str, str]]:
    """Let a line be tried; returns the page and its form."""
    token = form_of(await browser.get("/desk/surveys/"))["token"]
    answer = await browser.post("/desk/try", token=token, line=line, **own)
    assert answer.status == 200
    return answer, form_of(answer)


async def done(browser: Browser, line: str, **own: str) -> Answer:
    """Command as a person does: press, look at what it would do, press again."""
    page, form = await tried(browser, line, **own)
    assert "once" in form, page.body
    return await browser.post("/desk/do", **form)


async def test_how_a_survey_goes(site: Site) -> None:
    """In a sentence; who is missing; each reply that waits, with its text, and a place for what it says."""
    office = site.office
    invitations = office.open_survey()
    office.reply(invitations[YAMADA], "Q1 2")
    office.reply(invitations[SATO], "たぶん利用していないと思いますが<b>未定</b>です。")
    (number,) = held_numbers(office)
    browser = await entered(site, OFFICE)
    surveys = (await browser.get("/desk/surveys/")).body
    assert f'href="/desk/surveys/{SURVEY.key}"' in surveys
    assert f"{office.now:%Y/%m/%d %H:%M} ～ 2026/07/02 17:00" in surveys, (
        "since when it is open, not since when by plan"
    )
    page = (await browser.get(f"/desk/surveys/{SURVEY.key}")).body
    for words in (
        "4団体のうち1団体がお答え済みで、3団体がまだです",
        "軽井沢町（203211）",
        "&lt;b&gt;未定&lt;/b&gt;",
        f"U-{number:04d}",
    ):
        assert words in page
    assert "長野市（202011）" not in page
    assert (await browser.get("/desk/surveys/S26-999")).status == 404

    before = len(office.all_copies())
    answer, form = await tried(browser, f"U-{number:04d}", rest="Q1=3")
    assert "松本市" in answer.body
    assert "Q1は「検討中」" in answer.body or "検討中" in answer.body
    assert "1通です" in answer.body
    assert (office.state(number), len(office.all_copies())) == ("held", before), (
        "a trial leaves nothing behind"
    )
    answer = await browser.post("/desk/do", **form)
    assert "お答えとして数えました" in answer.body
    row = office.stands()[MATSUMOTO].row
    assert (row.status, row.answers["Q1"], row.by) == ("counted", ("3",), OFFICE)
    again = await browser.post("/desk/do", **form)
    assert "1回押されているか" in again.body
    assert len(office.ledger()) == 3


async def test_what_is_commanded_is_said_first_and_done_once(site: Site) -> None:
    """Reminders go to those missing, once for one press; a close is put off; a body's answer is entered, its ballot reissued."""
    office = site.office
    office.open_survey()
    browser = await entered(site, OFFICE)
    page, form = await tried(browser, f"催促 {SURVEY.key}")
    assert "4通です" in page.body
    assert told(office, "reminder") == {}
    answer = await browser.post("/desk/do", **form | {"back": "//evil.test/"})
    assert 'href="/desk/">戻る' in answer.body
    assert len(told(office, "reminder")) == 4
    await browser.post("/desk/do", **form)
    assert sum(copy.kind == "reminder" for copy in office.all_copies()) == 4
    assert lines(office, "survey.reminded")[0].who == OFFICE
    page, _ = await tried(browser, f"催促 {SURVEY.key}")
    assert "4団体へお送りしたばかりです" in page.body
    assert f"催促 {SURVEY.key} 再度" in (await browser.get(f"/desk/surveys/{SURVEY.key}")).body

    page, _ = await tried(browser, f"延期 {SURVEY.key}", rest="7/1 17:00")
    assert "いまの締切より後ではありません" in page.body
    answer = await done(browser, f"延期 {SURVEY.key}", rest="7/9 17:00")
    assert "4団体にお知らせします" in answer.body
    answer = await done(browser, f"代理 {SURVEY.key} {UEDA}", rest="Q1=1 電話 6/17 田中")
    assert "上田市" in answer.body
    assert office.stands()[UEDA].row.by == OFFICE
    answer = await done(browser, f"再発行 {SURVEY.key} {NAGANO}")
    assert "新しい回答票" in answer.body
    answer = await done(browser, f"締切 {SURVEY.key}")
    assert "締め切りました" in answer.body
    assert "公表する" not in (await browser.get(f"/desk/surveys/{SURVEY.key}")).body


async def test_what_is_no_command_is_none_here(site: Site) -> None:
    """Prose, nothing, two lines in one: what a reply would not do, no form does."""
    site.office.open_survey()
    browser = await entered(site, OFFICE)
    for line in (
        "お疲れさまです",
        f"催促\n{SURVEY.key}\n締切 {SURVEY.key}",
        "承認",
        "差戻し だめ",
        "U-9999 破棄",
        "<script>",
    ):
        page, form = await tried(browser, line)
        assert "once" not in form, line
        assert "<script>" not in page.body
    token = form_of(await browser.get("/desk/surveys/"))["token"]
    for form in ({"line": ""}, {"line": "x" * 501}, {}):
        assert (await browser.post("/desk/try", token=token, **form)).status == 400
    assert (await browser.post("/desk/try", line=f"催促 {SURVEY.key}")).status == 400


async def test_a_button_is_good_for_its_visit_and_half_an_hour(site: Site) -> None:
    """What one browser was shown, no other presses; nor what is old, nor another command than was shown."""
    site.office.open_survey()
    one, two = await entered(site, OFFICE), await entered(site, OFFICE)
    _, form = await tried(one, f"催促 {SURVEY.key}")
    _, other = await tried(two, f"催促 {SURVEY.key}")
    for wrong in (
        form | {"token": other["token"]},
        form | {"once": other["once"]},
        form | {"once": "99999"},
        form | {"line": f"締切 {SURVEY.key}"},  # what it does was not shown
        form | {"act": "1"},
    ):
        answer = await one.post("/desk/do", **wrong)
        assert answer.status == 400 or "何も行っておりません" in answer.body
    site.office.now += timedelta(minutes=31)
    assert "30分を過ぎています" in (await one.post("/desk/do", **form)).body
    assert told(site.office, "reminder") == {}
    with site.office.database.read() as connection:
        stored = surveys.load(connection, SURVEY.key)
    assert stored is not None
    assert stored.state == "open"


async def test_a_moderator_finds_the_posts_alone(site: Site) -> None:
    """Surveys, the schedule and commands are the office's: to him they do not exist."""
    site.office.apply(MODERATED)
    site.office.open_survey()
    browser = await entered(site, SATO)
    page = (await browser.get("/desk/")).body
    assert "/desk/surveys/" not in page
    assert "/desk/runs/" not in page
    held = hold(site.office, "security")
    token = (await foreseen(browser, "accept", held.id))["token"]
    nothing = await browser.get("/nothing")
    for path in ("/desk/surveys/", f"/desk/surveys/{SURVEY.key}", "/desk/runs/"):
        answer = await browser.get(path)
        assert (answer.status, answer.body) == (404, nothing.body)
    for path in ("/desk/try", "/desk/do"):
        assert (await browser.post(path, token=token, line=f"催促 {SURVEY.key}", once="1")).status == 404


async def test_two_persons_are_two_here_too(sqlite: Any) -> None:
    """One asks on his page, the other reads what he was sent and approves on his; the one who asked cannot."""
    office = open_post_office(sqlite)
    office.site = replace(office.site, desk=(CHAIR, DEPUTY))
    opened(office)
    async with running_site(office) as site:
        chair, deputy = await entered(site, CHAIR), await entered(site, DEPUTY)
        answer = await done(chair, f"締切 {RESOLUTION.key}")
        assert f"{DEPUTY} に承認をお願いしました" in answer.body
        assert state(office) == "open"
        own = (await chair.get("/desk/surveys/")).body
        assert "ほかの方の承認を待っています" in own
        assert 'name="act"' not in own
        page = (await deputy.get(f"/desk/surveys/{RESOLUTION.key}")).body
        assert "求めた人" in page
        (act,) = set(re.findall(r'name="act" value="(\d+)"', page))
        refused, form = await tried(chair, "承認", act=act)
        assert "once" not in form
        assert "承認できるのは" in refused.body
        for wrong in ("0", "999", ""):
            assert "once" not in (await tried(deputy, "承認", act=wrong))[1]
        await done(deputy, "承認", act=act)
        assert state(office) == "closed"
        assert history(office)[-1] == ("close", "approved", DEPUTY)
        assert "once" not in (await tried(deputy, "承認", act=act))[1]
        assert lines(office, "survey.closed")[0].who == f"{CHAIR}, {DEPUTY}"


async def test_an_act_is_sent_back_here(sqlite: Any) -> None:
    """With a reason, which is kept; the reply address of the mail that asked is spent by it."""
    office = open_post_office(sqlite)
    office.site = replace(office.site, desk=(CHAIR, DEPUTY))
    opened(office)
    async with running_site(office) as site:
        await done(await entered(site, CHAIR), f"締切 {RESOLUTION.key}")
        asked = [copy for copy in office.all_copies() if (copy.kind, copy.to) == ("office_act", DEPUTY)][-1]
        deputy = await entered(site, DEPUTY)
        page = (await deputy.get("/desk/surveys/")).body
        (act,) = set(re.findall(r'name="act" value="(\d+)"', page))
        await done(deputy, "差戻し", rest="まだ早い", act=act)
        assert history(office)[-1] == ("close", "rejected", DEPUTY)
        office.command(asked, "承認")
        assert state(office) == "open"


async def test_what_stands_due(site: Site) -> None:
    """The runs of two weeks with how many mails each sends; put off and back, skipped; how the service is, and what it said."""
    office = site.office
    office.open_survey()
    held = hold(office)
    browser = await entered(site, OFFICE)
    page = (await browser.get("/desk/runs/")).body
    for words in (
        "再度のお願い",
        "4通 / mails",
        "判断を待っているメールは1件",
        "滞りなく出ています",
        f"U-{held.id:04d}",
        "いま送っているもの",
    ):
        assert words in page
    (run,) = set(re.findall(r'value="(P-\d+) 見送り"', page))
    answer = await done(browser, run, rest="延期 6/30 10:00")
    assert "6月30日" in answer.body
    assert f'value="{run} 取消"' in (await browser.get("/desk/runs/")).body
    await done(browser, f"{run} 取消")
    await done(browser, f"{run} 見送り")
    assert f'value="{run} 取消"' in (await browser.get("/desk/runs/")).body
    assert {
        line.who for what in ("run.postpone", "run.undo", "run.skip") for line in lines(office, what)
    } == {OFFICE}

    answer = await done(browser, f"停止 {SURVEY.key}")
    assert "残りの4通は、止めてあります" in answer.body
    assert f'value="続行 {SURVEY.key}"' in (await browser.get("/desk/runs/")).body
    office.pass_time(timedelta(minutes=30))
    assert "まだ出ていないメールがあります" in (await browser.get("/desk/runs/")).body


async def test_no_page_shows_where_the_office_answers(site: Site) -> None:
    """Whoever has the reply address of a mail to the office commands by mail: what was sent is shown without it."""
    hold(site.office)
    copy = next(copy for copy in site.office.all_copies() if copy.kind == "office_held")
    browser = await entered(site, OFFICE)
    page = (await browser.get("/desk/runs/")).body
    assert copy["Subject"] in page
    assert site.office.reply_address(copy).partition("@")[0] not in page


async def test_an_answer_for_a_secret_survey_is_kept_nowhere_but_in_its_ledger(site: Site) -> None:
    """What the office enters for a body stands, when it was tried and done, in no table beside."""
    office = site.office
    office.open_survey(replace(SURVEY, mode="sealed"))
    browser = await entered(site, OFFICE)
    await done(browser, f"代理 {SURVEY.key} {UEDA}", rest="Q1=2 Q2=1 Q3=ひみつのことば 電話 6/17 田中")
    assert office.stands()[UEDA].row.answers["Q3"] == "ひみつのことば"
    with office.database.read() as connection:
        holding = [
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(select(table)).mappings()
            if any(
                isinstance(value, str) and ("ひみつ" in value or "\\u3072\\u307f" in value)
                for value in row.values()
            )
        ]
    assert holding == ["vote"]
