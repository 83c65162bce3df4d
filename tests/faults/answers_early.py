"""A mutant of the service: it answers 250 when a mail lies in its memory. A database that goes away must find it out."""

from __future__ import annotations

import asyncio

from mailbot.cli import main
from mailbot.core.transfer.envelope import Envelope
from mailbot.flows.receive_mail import Intake


async def receive(self: Intake, content: bytes, envelope: Envelope) -> None:
    """Hand it on, and wait for nothing."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.add_done_callback(asyncio.Future.exception)  # nobody else asks
    self._queue.append((content, envelope, done))
    self._wake.set()


setattr(Intake, "receive", receive)  # noqa: B010  mypy would not have it
main()
