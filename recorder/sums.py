"""SHA-256 of closed files, in a thread of its own that takes a fifth of a core at most."""

import asyncio
import contextlib
import hashlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from recorder.control import HashedFile

PIECE = 1 << 20
REST = 4.0
"""It rests so many times as long as it worked. A lower priority instead would not do: a thread that is not
scheduled while it holds the interpreter would hold up whoever records."""
Done = Callable[[str, tuple[HashedFile, ...]], object]


class Sums:
    """``done`` is called on the event loop, with what could be read of what was wanted. Owns the thread."""

    def __init__(self, directory: Path, done: Done, rest: float = REST) -> None:
        self._directory = directory
        self._done = done
        self._rest = rest
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[tuple[str, tuple[str, ...]] | None] = queue.SimpleQueue()
        self._wanted: set[str] = set()
        self._stop = threading.Event()
        self._turn = threading.Lock()
        """Held while a file is read."""
        self._thread = threading.Thread(target=self._work, name="recorder-sums")
        self._thread.start()

    def want(self, recording: str, names: tuple[str, ...]) -> None:
        """All plain names inside the recording's directory. Nothing while it is under way already."""
        if recording not in self._wanted:
            self._wanted.add(recording)
            self._queue.put((recording, names))

    def wants(self, recording: str) -> bool:
        """It is under way, or waits."""
        return recording in self._wanted

    async def cancel(self, recording: str) -> None:
        """No file of the recording is open when this returns."""
        if recording in self._wanted:
            self._wanted.discard(recording)
            await asyncio.to_thread(self._wait_for_turn)

    async def close(self) -> None:
        """Idempotent. What is not done is not told of."""
        self._stop.set()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _wait_for_turn(self) -> None:
        with self._turn:
            pass

    def _work(self) -> None:
        while (job := self._queue.get()) is not None and not self._stop.is_set():
            recording, names = job
            found = tuple(file for name in names if (file := self._hash(recording, name)) is not None)
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell, recording, found)

    def _tell(self, recording: str, found: tuple[HashedFile, ...]) -> None:
        if recording in self._wanted and not self._stop.is_set():
            self._wanted.discard(recording)
            self._done(recording, found)

    def _hash(self, recording: str, name: str) -> HashedFile | None:
        """None when it cannot be read, or is wanted no more."""
        digest, size = hashlib.sha256(), 0
        piece = memoryview(bytearray(PIECE))
        path = self._directory / recording / name
        try:
            with self._turn, path.open("rb", buffering=0) as file:
                while not self._stop.is_set() and recording in self._wanted:
                    begun = time.monotonic()
                    count = file.readinto(piece)
                    if not count:
                        return HashedFile(name, size, digest.hexdigest())
                    digest.update(piece[:count])
                    size += count
                    self._stop.wait(self._rest * (time.monotonic() - begun))
        except OSError:
            return None
        return None
