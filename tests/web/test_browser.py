"""The pages in a real browser: they look as they should under their own security policy, and the button works."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.chromium import CHROMIUM, Browser
from tests.databases import sqlite
from tests.flows.post_office import TANAKA
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
        button = await browser.until(
            "document.querySelector('button.main')?.getBoundingClientRect().toJSON()"
        )
        place = {"x": button["x"] + 5, "y": button["y"] + 5, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            await browser.say("Input.dispatchMouseEvent", type=kind, **place)
        assert await browser.until("document.title == '退会されました' ? document.title : null")
        colour = await browser.until("getComputedStyle(document.querySelector('h1')).borderBottomColor")
    assert colour == "rgb(42, 93, 132)"
    assert not site.is_member(TANAKA)
