"""Around every page: its security headers, and bounds on what a client may send and how long it may take."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailbot import log

_SECONDS = 20.0  # for a whole request, until its answer begins
_SENDING_SECONDS = 120.0  # for the answer to leave: a file of 10 MB to a slow line
_BODY_BYTES = 8_192


class Guard:
    """ASGI middleware; nothing that happens behind it shows a traceback or keeps a connection."""

    def __init__(self, application: ASGIApp, style: str) -> None:
        """Guard this application; `style` is the source expression of the one style sheet, 'sha256-...'."""
        self._application = application
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src '{style}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'",
            "Strict-Transport-Security": "max-age=31536000",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "interest-cohort=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Robots-Tag": "noindex, nofollow",
            "Cache-Control": "no-store",
            "Connection": "close",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun = False

        async def guarded_send(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        async def send_in_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                deadline.reschedule(asyncio.get_running_loop().time() + _SENDING_SECONDS)
            await guarded_send(message)

        try:
            async with asyncio.timeout(_SECONDS) as deadline:
                body = await _body(receive)
                if body is None:
                    await PlainTextResponse("too large\n", 413)(scope, receive, send_in_time)
                elif "\0" in scope["path"]:  # no address of ours, and PostgreSQL takes none in a text
                    await PlainTextResponse("not found\n", 404)(scope, receive, send_in_time)
                else:
                    await self._application(scope, _whole(body, receive), send_in_time)
        except TimeoutError:
            if not begun:
                await PlainTextResponse("too slow\n", 408)(scope, receive, guarded_send)
        except Exception as error:  # noqa: BLE001  our own fault: the log has it, the client gets no details
            log.event("web.failed", level="error", error=error, method=scope["method"])
            if not begun:
                await PlainTextResponse("internal error\n", 500)(scope, receive, guarded_send)


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body; None: it is too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body  # the client is gone
        body += bytes(message.get("body", b""))
        if len(body) > _BODY_BYTES:
            return None
        if not message.get("more_body"):
            return body


def _whole(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives what was read, then what comes after."""
    waiting = [body]

    async def give() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return give
