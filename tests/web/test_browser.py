"""The pages in a real browser: they look as they should under their own security policy, and the button works."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any, Self

import pytest

from tests.databases import sqlite
from tests.flows.post_office import TANAKA
from tests.web.test_pages import Site, site

__all__ = ["site", "sqlite"]
CHROMIUM = shutil.which("chromium")

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
    async with _Browser(tmp_path) as browser:
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


class _Browser:
    """A browser that is told what to do over its debugging pipe (no library, no port)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._session: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        assert CHROMIUM is not None
        options = " ".join(
            [
                *(
                    [
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                    ]
                ),
                *(
                    [
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--remote-debugging-pipe",
                    ]
                ),
                f"--user-data-dir={self._folder}/profile2",
            ]
        )
        # The pipe is file descriptors 3 (to the browser) and 4 (from it); each message ends with NUL.
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f"exec {CHROMIUM} {options} about:blank 3<&0 4>&1 >/dev/null 2>&1",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"HOME": str(self._folder), "LANG": "ja_JP.UTF-8", "PATH": "/usr/bin:/bin"},
            limit=1 << 24,
            start_new_session=True,
        )
        targets = await self.say("Target.getTargets")
        page = next(one for one in targets["targetInfos"] if one["type"] == "page")
        attached = await self.say("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        return self

    async def __aexit__(self, *_: object) -> None:
        self._session = {}
        await self.say("Browser.close")
        await asyncio.wait_for(self._process.wait(), 20)

    async def say(self, method: str, **parameters: object) -> dict[str, Any]:
        """Give one order and return its answer; events in between are passed over."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters, **self._session}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\0")
        while True:
            raw = await asyncio.wait_for(self._process.stdout.readuntil(b"\0"), 30)
            answer = json.loads(raw[:-1])
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    async def until(self, expression: str) -> Any:
        """Ask the page until it has an answer."""
        for _ in range(100):
            found = await self.say("Runtime.evaluate", expression=expression, returnByValue=True)
            value = found["result"].get("value")
            if value is not None:
                return value
            await asyncio.sleep(0.1)
        raise AssertionError(re.sub(r"\s+", " ", expression))
