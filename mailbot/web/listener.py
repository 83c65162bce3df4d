"""The HTTP listener: uvicorn's protocol in the service's own loop, for a reverse proxy that speaks TLS to the world.

`uvicorn.Server` is left out, since it takes SIGTERM for itself. One request a connection: a slow or idle client has one
deadline for its head and one for its body (web/guard.py), and holds nothing after it.
"""

from __future__ import annotations

import asyncio
import logging

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

_HEAD_SECONDS = 10.0  # from the connection to the end of the request's head
_CONNECTIONS = 100  # at once; who comes beyond gets 503
_HEAD_BYTES = 16_384


class _Protocol(H11Protocol):
    """Closes a connection whose request does not come."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(_HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def _too_slow(self) -> None:
        if not self.headers:
            self.transport.close()


class Listener:
    """An open door."""

    def __init__(self, server: asyncio.Server, state: ServerState) -> None:
        self._server = server
        self._state = state
        self.port: int = server.sockets[0].getsockname()[1]

    async def drain(self, seconds: float) -> None:
        """Take no new connection; let requests under way end within so many seconds, then cut them off."""
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=seconds)
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()


async def listen(host: str, port: int, application: ASGIApp) -> Listener:
    """Open the door. Raises OSError when the port cannot be had."""
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # our own log says what matters
    config = uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Protocol(config, state, {}, loop), host, port)
    return Listener(server, state)
