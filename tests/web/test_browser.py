"""The pages in a real browser: they look as they should under their own security policy, and the button works."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import pytest

from tests.chromium import CHROMIUM, Browser
from tests.databases import sqlite
from tests.flows.post_office import NAGANO, OFFICE, SURVEY, TANAKA, YAMADA
from tests.web.test_members_corner import entered, links
from tests.web.test_office_desk import hold_file
from tests.web.test_pages import Site, site

__all__ = ["site", "sqlite"]

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a browser (Debian: chromium)"),
]


async def chromium(folder: Path, *options: str) -> tuple[str, str]:
    """Run the browser without a window; returns what it printed and what it complained about."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", f"--user-data-dir={folder}/profile"),
        *("--enable-logging=stderr", "--v=0", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"HOME": str(folder), "LANG": "ja_JP.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    out, complaints = await asyncio.wait_for(process.communicate(), 60)
    return out.decode(), complaints.decode(errors="replace")


async def test_the_page_is_shown_with_its_style(site: Site, tmp_path: Path) -> None:
    """The policy lets the one style sheet through and nothing complains; to look removes nobody."""
    url = f"http://127.0.0.1:{site.door.port}{site.link(TANAKA)}"
    shown, complaints = await chromium(
        tmp_path, f"--screenshot={tmp_path}/page.png", "--window-size=600,700", "--dump-dom", url
    )
    assert "退会する / Unsubscribe" in shown
    assert "Content Security Policy" not in complaints
    assert site.is_member(TANAKA)


async def test_the_button_leaves(site: Site, tmp_path: Path) -> None:
    """Pressed as a person does, by the browser's own click, it sends the POST of RFC 8058 and shows what was done."""
    page = f"http://127.0.0.1:{site.door.port}{site.link(TANAKA)}"
    async with Browser(tmp_path) as browser:
        await browser.say("Page.enable")
        await browser.say("Page.navigate", url=page)
        await browser.until("document.querySelector('button.main') ? 1 : null")
        await press(browser, "button.main")
        assert await browser.until("document.title == '退会されました' ? document.title : null")
        colour = await browser.until("getComputedStyle(document.querySelector('h1')).borderBottomColor")
    assert colour == "rgb(42, 93, 132)"
    assert not site.is_member(TANAKA)


async def sign_in(browser: Browser, site: Site, address: str) -> None:
    """As a person does: the address into the form that is shown, the link of the mail, its button."""
    await browser.until("document.querySelector('#address') ? 1 : null")
    await browser.until(f"(document.querySelector('#address').value = '{address}', 1)")
    await press(browser, "button.main")
    await browser.until("document.title == 'メールをご覧ください' ? 1 : null")
    path = re.search(r"https://ml\.example\.jp(/s/\S+)", links(site)[-1].text)
    assert path is not None
    await browser.say("Page.navigate", url=f"http://127.0.0.1:{site.door.port}{path[1]}")
    await browser.until("document.title == '会員ページを開く' ? 1 : null")
    await press(browser, "button.main")


async def test_a_member_enters_and_reads(site: Site, tmp_path: Path) -> None:
    """As a person does: his address into the form, the link of the mail, its button, a list, a post."""
    site.office.post(TANAKA, to="kaigi@ml.example.jp", subject="移行の時期", text="来年度ですか。")
    start = f"http://127.0.0.1:{site.door.port}"
    async with Browser(tmp_path) as browser:
        await browser.say("Page.enable")
        await browser.say("Page.navigate", url=f"{start}/a/kaigi/")
        await sign_in(browser, site, TANAKA)
        await browser.until("document.title == '電子会議室の記事' ? 1 : null")
        await press(browser, "h3 a")
        text = await browser.until("document.querySelector('pre')?.textContent")
        await browser.say("Page.navigate", url=start)
        page = await browser.until("document.title == '会員ページ' ? document.body.textContent : null")
    assert text == "来年度ですか。"
    assert "上田市 田中次郎 様" in page


async def test_the_secretary_reads_and_approves(site: Site, tmp_path: Path) -> None:
    """In by a link, to the desk, a held post with its file, the box before it, what will happen, the button: it has gone out."""
    held = hold_file(site.office, "tejun.csv", content="a,b")
    start = f"http://127.0.0.1:{site.door.port}"
    async with Browser(tmp_path) as browser:
        await browser.say("Page.enable")
        await browser.say("Page.navigate", url=start)
        await sign_in(browser, site, OFFICE)
        await browser.until("document.title == '会員ページ' ? 1 : null")
        await press(browser, 'nav a[href="/desk/"]')
        await browser.until("document.title == '判断待ちのメール' ? 1 : null")
        await picture(browser, tmp_path / "held.png")
        await press(browser, f'a[href="/desk/held/{held.id}"]')
        text = await browser.until("document.querySelector('pre')?.textContent")
        file = await browser.until("document.querySelector('a[download]')?.textContent")
        await picture(browser, tmp_path / "mail.png")
        await browser.keep_downloads(tmp_path)
        await press(browser, "a[download]")
        for _ in range(100):
            if (tmp_path / "tejun.csv").exists():
                break
            await asyncio.sleep(0.1)
        await browser.say("Page.navigate", url=f"{start}/desk/")
        await browser.until("document.title == '判断待ちのメール' ? 1 : null")
        await press(browser, "input[type=checkbox]")
        await press(browser, 'button[value="accept"]')
        await browser.until("document.title == '承認してよろしいですか' ? 1 : null")
        foreseen = await browser.until("document.querySelector('article').textContent")
        await picture(browser, tmp_path / "confirm.png")
        assert site.office.state(held.id) == "held"
        await press(browser, "button.main")
        done = await browser.until("document.querySelector('[role=status]')?.textContent")
    assert (text, file) == ("点検の手順です。", "tejun.csv")
    assert (tmp_path / "tejun.csv").read_text() == "a,b"
    assert "5名にすぐ配信します" in foreseen
    assert "を受け入れました" in done
    assert site.office.state(held.id) == "posted"
    assert len([copy for copy in site.office.all_copies() if copy.kind == "post"]) == 5


async def test_an_unclear_reply_is_counted_by_the_keyboard_alone(site: Site, tmp_path: Path) -> None:
    """On the survey's page: what it answers is typed, Enter shows what that would do, Enter on the button does it."""
    invitation = site.office.open_survey()[YAMADA]
    site.office.reply(invitation, "たぶん利用していないと思いますが未定です。")
    session = await entered(site, OFFICE)
    start = f"http://127.0.0.1:{site.door.port}"
    name, _, value = session.cookie.partition("=")
    async with Browser(tmp_path) as browser:
        await browser.say("Page.enable")
        await browser.say("Network.setCookie", name=name, value=value, url=start, secure=True, path="/")
        await browser.say("Page.navigate", url=f"{start}/desk/surveys/{SURVEY.key}")
        await browser.until("document.querySelector('input[id^=give]') ? 1 : null")
        words = await browser.run("document.querySelector('pre').textContent")
        await browser.run("document.querySelector('input[id^=give]').focus()")
        await browser.type("Q1=2 Q2=1\n")
        await browser.until("document.title == '行ってよろしいですか' ? 1 : null")
        foreseen = await browser.run("document.querySelector('.said').textContent")
        await browser.run("document.querySelector('button.main').focus()")
        await browser.type("\n")
        await browser.until("document.title == '行いました' ? 1 : null")
        await press(browser, "main > p a")
        await browser.until(f"document.title.includes('{SURVEY.key}') ? 1 : null")
    assert words == "たぶん利用していないと思いますが未定です。"
    assert "長野市" in foreseen
    row = site.office.stands()[NAGANO].row
    assert (row.status, row.answers["Q1"], row.by) == ("counted", ("2",), OFFICE)


async def picture(browser: Browser, path: Path) -> None:
    """Keep what the page looks like, for a person."""
    shot = await browser.say("Page.captureScreenshot", captureBeyondViewport=True)
    path.write_bytes(base64.b64decode(shot["data"]))  # noqa: ASYNC240  a test


async def press(browser: Browser, what: str) -> None:
    """Click on the middle of something."""
    found = f"document.querySelector('{what}')"
    await browser.until(f"({found}?.scrollIntoView(), {found} ? 1 : null)")
    place = await browser.until(f"{found}.getBoundingClientRect().toJSON()")
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    for kind in ("mousePressed", "mouseReleased"):
        await browser.say("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
