"""A real browser without a window, told what to do as a person at it would (Chromium's DevTools protocol)."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any, Self

CHROMIUM = shutil.which("chromium")
UNAVAILABLE = "" if CHROMIUM else "needs a browser (Debian: chromium)"


class Browser:
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

    async def keep_downloads(self, folder: Path) -> None:
        """Let what the page downloads be kept here; the browser itself is told, not the page."""
        page, self._session = self._session, {}
        await self.say("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self._session = page

    async def run(self, script: str) -> Any:
        """Let the page run a script; returns what it says, None for nothing."""
        done = await self.say("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    async def type(self, text: str) -> None:
        """Type into whatever has the focus; a line feed is the key Enter."""
        for number, line in enumerate(text.split("\n")):
            if number:
                key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
                await self.say("Input.dispatchKeyEvent", type="keyDown", **key)
                await self.say("Input.dispatchKeyEvent", type="keyUp", **key)
            await self.say("Input.insertText", text=line)

    async def until(self, expression: str) -> Any:
        """Ask the page until it has an answer."""
        for _ in range(100):
            found = await self.say("Runtime.evaluate", expression=expression, returnByValue=True)
            value = found["result"].get("value")
            if value is not None:
                return value
            await asyncio.sleep(0.1)
        raise AssertionError(re.sub(r"\s+", " ", expression))
