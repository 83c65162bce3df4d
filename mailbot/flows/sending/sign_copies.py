"""Sign copies in threads, a little ahead of the connections that send them: a signature costs more than all the rest.

OpenSSL works without the interpreter's lock, so that every core signs while the event loop talks to the relay.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar

from mailbot.core.senders.dkim import Covered, Signer, covered, signatures, unsigned
from mailbot.core.transfer.delivery import Transaction
from mailbot.core.transfer.seven_bit import seven_bit

_CORES = len(os.sched_getaffinity(0))
_CHUNK = 16  # copies that one thread signs at a time: some 12 ms
_AHEAD = 16 * _CHUNK * _CORES  # signed copies that wait at most
_AHEAD_BYTES = 16 << 20  # ... and what they take of the memory

Claim = TypeVar("Claim")


def sign_copies(
    copies: Sequence[bytes],
    columns: Mapping[str, Sequence[bytes]],
    shared: Covered | None,
    signers: Sequence[Signer],
    now: datetime,
) -> list[bytes]:
    """Return these copies with a signature of each signer on top, in 7 bits (RFC 6376 section 5.3).

    `shared` is what `covered` says of the cooked mailing that the columns fill; None: each body is its recipient's own.
    """
    if shared is not None:
        asked = [unsigned(shared, columns, len(copies), signer, now) for signer in signers]
    else:
        copies = list(map(seven_bit, copies))
        wholes = list(map(covered, copies))
        asked = [[unsigned(whole, {}, 1, signer, now)[0] for whole in wholes] for signer in signers]
    return list(map(b"".join, zip(*map(signatures, asked, signers), copies, strict=True)))


class SignedAhead(Generic[Claim]):
    """Turns claims into signed copies, by the chunk, in as many threads as there are cores."""

    def __init__(
        self,
        claim: Callable[[], Claim | None],
        make: Callable[[Sequence[Claim]], list[Transaction]],
        lost: Callable[[Sequence[Claim], BaseException], None],
    ) -> None:
        """Draw on `claim` (None: nothing now); `make` signs, in a thread; `lost` hears of what failed."""
        self._claim = claim
        self._make = make
        self._lost = lost
        self._threads = ThreadPoolExecutor(_CORES, thread_name_prefix="sign")
        self._signed: deque[Transaction] = deque()
        self._bytes = 0  # of the copies that are signed
        self._under_way: set[asyncio.Future[list[Transaction]]] = set()
        self._closing = False
        self._enough = asyncio.Event()
        self._share = _CHUNK / _AHEAD  # of what may be ahead that is enough: the first copies leave at once

    def take(self) -> Transaction | None:
        """Return the next signed copy; None: none is ready."""
        self._begin()
        if not self._signed:
            return None
        copy = self._signed.popleft()
        self._bytes -= len(copy.content)
        return copy

    async def ready(self) -> bool:
        """Wait until there is a copy to take, and then a stock of them while more are being signed; tell whether there is.

        From a stock the connections send copy after copy in a stream. Each chunk by itself would be over before they
        have begun: every copy would then cost a second exchange, a task that wakes up, and a commit for few.
        """
        self._begin()
        if not self._signed and self._under_way:
            self._enough.clear()
            await self._enough.wait()
        return bool(self._signed)

    async def close(self) -> None:
        """Wait for the threads; what they signed and nobody took is forgotten."""
        self._closing = True
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._threads.shutdown(wait=False)

    def _begin(self) -> None:
        """Keep the threads busy, each with one chunk and one more waiting, while not too much is ahead."""
        while not self._closing and len(self._under_way) < 2 * _CORES and self._stock < 1:
            chunk = list(islice(iter(self._claim, None), _CHUNK))
            if not chunk:
                return
            future = asyncio.get_running_loop().run_in_executor(self._threads, self._make, chunk)
            self._under_way.add(future)
            future.add_done_callback(lambda done, chunk=chunk: self._end(chunk, done))  # type: ignore[misc]

    def _end(self, chunk: Sequence[Claim], done: asyncio.Future[list[Transaction]]) -> None:
        self._under_way.discard(done)
        error = done.exception()
        if error is None:
            self._signed.extend(done.result())
            self._bytes += sum(len(copy.content) for copy in done.result())
        else:
            self._lost(chunk, error)
        self._begin()
        if self._stock >= self._share or not self._under_way:
            self._share = 0.5
            self._enough.set()

    @property
    def _stock(self) -> float:
        """How much of what may be ahead is."""
        return max(len(self._signed) / _AHEAD, self._bytes / _AHEAD_BYTES)
