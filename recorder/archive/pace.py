"""How fast uploads go: an average over parts, so that lessons keep the line and the disk."""

import asyncio
import time
from collections.abc import Awaitable, Callable

BESIDE_LESSONS = 2 << 20
ALONE = 8 << 20
"""Bytes a second; ``upload_mbit`` of the storage URL says otherwise."""


class Pacer:
    """``rate``: bytes a second that are right now; asked for each part."""

    def __init__(
        self,
        rate: Callable[[], float],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = 0.0

    async def __call__(self, size: int) -> None:
        """Returns when ``size`` bytes may be sent: at once after a rest, however long; none is saved up."""
        now = self._clock()
        begin = max(now, self._free_at)
        self._free_at = begin + size / max(1.0, self._rate())
        if begin > now:
            await self._sleep(begin - now)
