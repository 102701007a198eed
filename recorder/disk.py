"""All writing happens in one thread, in order, behind a bounded queue: a slow disk never blocks the loop."""

import asyncio
import contextlib
import errno
import os
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from recorder.files import Files

T = TypeVar("T")
QUEUE_BYTES = 32 << 20
LEAST_FREE = 64 << 20
TO_BEGIN = LEAST_FREE + (64 << 20)
"""So much must be free for a recording to begin."""
_FREE_CHECK_BYTES = 4 << 20
_FREE_CHECK_SECONDS = 1.0


class DiskFull(OSError):
    """Less than LEAST_FREE is left."""


def is_full(error: OSError) -> bool:
    return isinstance(error, DiskFull) or error.errno in (errno.ENOSPC, errno.EDQUOT)


class Channel:
    """One recording's way to disk. After a failed write nothing more is written through it, so that
    what follows is never written at a wrong place."""

    def __init__(
        self, disk: "Disk", on_failure: Callable[[OSError], None], *, check_space: bool = True
    ) -> None:
        self._disk = disk
        self._on_failure = on_failure
        self._check_space = check_space
        self.failed: OSError | None = None

    @property
    def files(self) -> Files:
        return self._disk.files

    @property
    def congested(self) -> bool:
        return self._disk.queued > self._disk.queue_bytes

    @property
    def caught_up(self) -> bool:
        """Far from being congested."""
        return self._disk.queued <= self._disk.queue_bytes // 4

    @property
    def overrun(self) -> bool:
        """Not even sound can be taken any more."""
        return self._disk.queued > 2 * self._disk.queue_bytes

    def submit(self, work: Callable[[], object], size: int = 0) -> None:
        """Does ``work`` later, unless an earlier one failed."""
        self._disk.put(lambda: self._guard(work), size)

    async def run(self, work: Callable[[], T]) -> T:
        """Does ``work`` after everything submitted before it, failed or not; raises what it raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def done() -> None:
            try:
                result = work()
            except Exception as error:
                _tell(loop, partial(settle, None, error))
            else:
                _tell(loop, partial(settle, result, None))

        self._disk.put(done, 0)
        return await future

    def _guard(self, work: Callable[[], object]) -> None:
        if self.failed is not None:
            return
        try:
            if self._check_space:
                self._disk.check_space()
            work()
        except Exception as error:
            failure = error if isinstance(error, OSError) else OSError(repr(error))
            self.failed = failure
            _tell(self._disk.loop, lambda: self._on_failure(failure))


class Disk:
    """Owns the thread. ``close`` finishes what is queued."""

    def __init__(
        self,
        directory: Path,
        queue_bytes: int = QUEUE_BYTES,
        least_free: int = LEAST_FREE,
        files: Files | None = None,
    ) -> None:
        self.directory = directory
        self.files = Files() if files is None else files
        self.queue_bytes = queue_bytes
        self.least_free = least_free
        self.loop = asyncio.get_running_loop()
        self.queued = 0
        self.written = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Callable[[], None] | None, int]] = queue.SimpleQueue()
        self._until_check = 0
        self._next_check = 0.0
        self._thread = threading.Thread(target=self._work, name="recorder-disk")
        self._thread.start()

    def put(self, work: Callable[[], None], size: int) -> None:
        with self._lock:
            self.queued += size
        self._queue.put((work, size))
        self._until_check -= size

    def check_space(self) -> None:
        """Raises DiskFull. Looks once every few megabytes, and once a second: others write too."""
        now = time.monotonic()
        if self._until_check > 0 and now < self._next_check:
            return
        self._until_check = _FREE_CHECK_BYTES
        self._next_check = now + _FREE_CHECK_SECONDS
        if self.free() < self.least_free:
            self._until_check = 0
            raise DiskFull("less than the least free space is left")

    def free(self) -> int:
        found = os.statvfs(self.directory)
        return found.f_bavail * found.f_frsize

    async def flushed(self) -> None:
        """Returns once all that was put before is done."""
        done = asyncio.Event()
        self.put(lambda: _tell(self.loop, done.set), 0)
        await done.wait()

    async def close(self) -> None:
        """Idempotent."""
        self._queue.put((None, 0))
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while True:
            work, size = self._queue.get()
            if work is None:
                return
            try:
                work()
            finally:
                with self._lock:
                    self.queued -= size
                    self.written += size


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
