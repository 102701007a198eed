"""A local file on its way to storage: read in parts of one size, hashed as it is read, at a pace."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from recorder.archive.port import Facts

PART = 5 << 20
"""The least that S3 takes as a part: what is in memory is a few of these."""
MOST_PARTS = 9000
"""S3 takes 10,000."""
Pace = Callable[[int], Awaitable[None]]
"""Awaited with the number of bytes before they are sent."""


def part_size(size: int) -> int:
    """Of a file of ``size`` bytes."""
    least = -(-size // MOST_PARTS)
    return max(PART, -(-least // PART) * PART)


class Source:
    """Reads ``path`` once. After the end ``sha256`` and ``etag`` (as S3 makes it, without quotes) are known."""

    def __init__(self, path: Path, pace: Pace) -> None:
        self._path = path
        self._pace = pace
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        found = os.fstat(self._descriptor)
        self.size = found.st_size
        self.modified = found.st_mtime_ns
        self.part = part_size(self.size)
        self._sha256 = hashlib.sha256()
        self._parts = hashlib.md5(usedforsecurity=False)
        self._count = 0
        self._last = b""

    @property
    def in_parts(self) -> bool:
        return self.size > self.part

    @property
    def facts(self) -> Facts:
        return Facts(self.size, self.modified, self._sha256.hexdigest())

    @property
    def etag(self) -> str:
        if not self.in_parts:
            return self._last.hex()
        return f"{self._parts.hexdigest()}-{self._count}"

    async def parts(self) -> AsyncIterator[bytes]:
        """Raises OSError, also where the file is not as long as it was."""
        position = 0
        while position < self.size or self._count == 0:
            want = min(self.part, self.size - position)
            await self._pace(want)
            data = await asyncio.to_thread(self._read, position, want)
            position += want
            yield data

    async def whole(self) -> bytes:
        """Of a file that is not in parts."""
        return b"".join([part async for part in self.parts()])

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _read(self, position: int, want: int) -> bytes:
        pieces = []
        while want:
            piece = os.pread(self._descriptor, want, position)
            if not piece:
                raise OSError(f"{self._path.name} became shorter while it was read")
            pieces.append(piece)
            position += len(piece)
            want -= len(piece)
        data = b"".join(pieces)
        self._sha256.update(data)
        self._last = hashlib.md5(data, usedforsecurity=False).digest()
        self._parts.update(self._last)
        self._count += 1
        return data
