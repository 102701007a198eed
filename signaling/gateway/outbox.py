"""What is to be sent over one socket: bounded; who does not read is let go."""

import asyncio
from collections import deque


class Outbox:
    """``limit``: messages, ``limit_bytes``: of those waiting. Overflow is for the owner to act on."""

    def __init__(self, limit: int = 1024, limit_bytes: int = 4 * 1024 * 1024) -> None:
        self._waiting: deque[bytes] = deque()
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._ready = asyncio.Event()
        self._finished = False

    def put(self, message: bytes) -> bool:
        """False when it does not fit. After ``finish`` everything is swallowed."""
        if self._finished:
            return True
        if len(self._waiting) >= self._limit or self._bytes + len(message) > self._limit_bytes:
            return False
        self._waiting.append(message)
        self._bytes += len(message)
        self._ready.set()
        return True

    def finish(self) -> None:
        """Nothing more comes: ``take`` ends when what waits is taken."""
        self._finished = True
        self._ready.set()

    @property
    def finished(self) -> bool:
        return self._finished

    async def take(self) -> bytes | None:
        """The next message; None at the end."""
        while not self._waiting:
            if self._finished:
                return None
            self._ready.clear()
            await self._ready.wait()
        message = self._waiting.popleft()
        self._bytes -= len(message)
        return message
