"""Files of recordings for code in a thread: the same port, waited for."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from recorder.archive.port import Facts, OpenFile, RecordingFiles

T = TypeVar("T")


class BlockingFile:
    def __init__(self, opened: OpenFile, loop: asyncio.AbstractEventLoop) -> None:
        self._opened = opened
        self._loop = loop

    @property
    def facts(self) -> Facts:
        return self._opened.facts

    def read(self) -> Iterator[bytes]:
        """All of it, in pieces. Raises StorageFailed, NoSuchFile, OSError."""
        pieces = self._opened.read(0, self.facts.bytes)

        async def following() -> bytes | None:
            return await anext(pieces, None)

        while (piece := _wait(following(), self._loop)) is not None:
            yield piece


class BlockingFiles:
    """``loop`` runs in another thread than the caller's."""

    def __init__(self, files: RecordingFiles, loop: asyncio.AbstractEventLoop) -> None:
        self._files = files
        self._loop = loop

    def names(self, recording: str) -> dict[str, int]:
        """Raises StorageFailed, NoSuchFile, OSError."""
        return _wait(self._files.names(recording), self._loop)

    @contextmanager
    def open(self, recording: str, name: str) -> Iterator[BlockingFile]:
        """Raises StorageFailed, NoSuchFile, OSError."""
        opened = _wait(self._files.open(recording, name), self._loop)
        try:
            yield BlockingFile(opened, self._loop)
        finally:
            _wait(opened.close(), self._loop)


def _wait(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result()
