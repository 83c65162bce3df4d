"""The story of one mail starts here: its raw bytes are durable before anyone says 250 (promises.md I1, R2).

Many sessions share one commit: whatever arrives while the last commit is under way goes into the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mailbot import log
from mailbot.core.transfer.envelope import Envelope, StorageUnavailable
from mailbot.store.database import Database
from mailbot.store.mail import inbox

_MOST = 500  # mails in one commit
_MOST_BYTES = 64 * 1024 * 1024


@dataclass
class Intake:
    """The door through which SMTP, LMTP and IMAP hand in mail."""

    database: Database
    clock: Callable[[], datetime]
    stored: Callable[[], None]  # called after each commit: there is something to read
    check: bool = False  # mails wait until their senders were looked at (flows/check_senders.py)
    _queue: list[tuple[bytes, Envelope, asyncio.Future[None]]] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, content: bytes, envelope: Envelope) -> None:
        """Return when the mail is durable. Raises StorageFull or StorageUnavailable when it is not."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((content, envelope, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        """Commit what is handed in, until cancelled; who is still waiting then hears "try again later"."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while batch := self._next_batch():
                    await self._commit(batch)
        finally:
            for *_, done in self._queue:
                if not done.done():
                    done.set_exception(StorageUnavailable("the service is stopping"))

    def _next_batch(self) -> list[tuple[bytes, Envelope, asyncio.Future[None]]]:
        size = 0
        for number, (content, *_) in enumerate(self._queue):
            size += len(content)
            if number and (number >= _MOST or size > _MOST_BYTES):
                batch, self._queue = self._queue[:number], self._queue[number:]
                return batch
        batch, self._queue = self._queue, []
        return batch

    async def _commit(self, batch: list[tuple[bytes, Envelope, asyncio.Future[None]]]) -> None:
        error: BaseException | None = None
        try:
            arrivals = [(content, envelope) for content, envelope, _ in batch]
            await self.database.writing(inbox.add, arrivals, self.clock, check=self.check)
        except Exception as raised:  # noqa: BLE001  every sender of the batch must hear of it, whatever it is
            log.event("inbox.not_stored", level="error", mails=len(batch), reason=raised)
            error = raised
        except BaseException:
            # We are being stopped: nobody may be left waiting for an answer that never comes.
            error = StorageUnavailable("the service is stopping")
            raise
        else:
            self.stored()
        finally:
            for *_, done in batch:
                if not done.done():
                    if error is None:
                        done.set_result(None)
                    else:
                        done.set_exception(error)
