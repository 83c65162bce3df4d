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

from mailbot.core.delivery import Transaction
from mailbot.core.dkim import Covered, Signer, covered, signature
from mailbot.core.mailing import fill
from mailbot.core.seven_bit import seven_bit

_CORES = len(os.sched_getaffinity(0))
_CHUNK = 16  # copies that one thread signs at a time: some 12 ms
_AHEAD = 4 * _CHUNK * _CORES  # signed copies that wait at most; in memory

Claim = TypeVar("Claim")


def sign_copy(
    pieces: Sequence[bytes | str],
    values: Mapping[str, bytes],
    shared: Covered | None,
    signers: Sequence[Signer],
    now: datetime,
) -> bytes:
    """Return one recipient's copy with a signature of each signer on top, in 7 bits (RFC 6376 section 5.3).

    `shared` is what `covered` says of the cooked mailing; None: the body is each recipient's own.
    """
    copy = fill(pieces, values)
    if shared is None:
        copy = seven_bit(copy)
        shared, values = covered(copy), {}
    return b"".join([*(signature(shared, values, signer, now) for signer in signers), copy])


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
        self._under_way: set[asyncio.Future[list[Transaction]]] = set()

    def take(self) -> Transaction | None:
        """Return the next signed copy; None: none is ready."""
        self._begin()
        return self._signed.popleft() if self._signed else None

    async def ready(self) -> bool:
        """Wait for what is being signed; tell whether there is a copy to take."""
        self._begin()
        while not self._signed and self._under_way:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        return bool(self._signed)

    async def close(self) -> None:
        """Wait for the threads; what they signed and nobody took is forgotten."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._threads.shutdown(wait=False)

    def _begin(self) -> None:
        """Keep the threads busy, each with one chunk and one more waiting, while not too much is ahead."""
        while len(self._under_way) < 2 * _CORES and len(self._signed) < _AHEAD:
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
        else:
            self._lost(chunk, error)
