"""Moves closed recordings to storage, one file after the other, behind everything else the recorder does.

Knows nothing that is not on disk: what is closed and not marked as stored is found at the start and after each
change, so that whatever is killed, it goes on where it was. Storage that is down costs a try now and then.
"""

import asyncio
import contextlib
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from recorder.archive import mark, pending
from recorder.archive.both import Archive
from recorder.archive.due import Due
from recorder.archive.late import Late
from recorder.archive.pending import Pending, PendingFile
from recorder.archive.port import Deleted, Facts, NoSuchFile, StorageFailed, check_name, check_recording

_log = structlog.get_logger("uploads")
LOOK_SECONDS = 30.0
"""What jobs add to a recording is found this soon."""
FIRST_RETRY, LONGEST_RETRY = 2.0, 300.0
_SPARE = 256 << 20
"""Bytes that stay free on disk when a recording is brought back."""


def retry_after(failures: int) -> float:
    """Seconds."""
    return float(min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(failures - 1, 16)))


class Uploads:
    """``held``: recordings somebody works on: their local files stay. Owns its tasks; ``close`` stops at once."""

    def __init__(
        self,
        archive: Archive,
        held: Callable[[str], bool] = lambda _recording: False,
        *,
        wall: Callable[[], float] = time.time,
        look_seconds: float = LOOK_SECONDS,
        retry: Callable[[int], float] = retry_after,
    ) -> None:
        self._archive = archive
        self._root = archive.local.root
        self._held = held
        self._wall = wall
        self._due = Due(self._root, held, wall, retry)
        self._look_seconds = look_seconds
        self._retry = retry
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._current: tuple[str, asyncio.Task[None]] | None = None
        self._left: Counter[str] = Counter()
        """Recordings that are being erased or brought back: not looked at."""
        self._late = Late(self._root, archive.stored, wall)
        self._failures = 0
        self._counts: Counter[str] = Counter()
        self._writing = threading.Lock()

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._run(), name="uploads"),
            asyncio.create_task(self._look_for_late(), name="late uploads"),
        ]

    async def close(self) -> None:
        """Idempotent."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Something may have been closed or added."""
        self._wake.set()

    @property
    def figures(self) -> dict[str, float]:
        return {
            "archive_waiting_files": sum(len(one.upload) for one in self._due.waiting.values()),
            "archive_waiting_bytes": sum(one.bytes for one in self._due.waiting.values()),
            "archive_uploaded_files": self._counts["files"],
            "archive_uploaded_bytes": self._counts["bytes"],
            "archive_removed_bytes": self._counts["removed"],
            "archive_late_files": self._late.found,
            "archive_failures": self._counts["failures"],
            "archive_failing": float(bool(self._failures) or self._due.failing or self._late.failing),
        }

    # --- others' work on a recording -------------------------------------------------------------

    @asynccontextmanager
    async def leave(self, recording: str) -> AsyncIterator[None]:
        """Inside, nothing of the recording is uploaded or removed; what was under way has stopped."""
        self._left[recording] += 1
        try:
            current = self._current
            if current is not None and current[0] == recording:
                current[1].cancel()
                await asyncio.wait([current[1]])
            await asyncio.to_thread(self._wait_for_thread)
            yield
        finally:
            self._left[recording] -= 1
            if not self._left[recording]:
                del self._left[recording]
            self._due.look_again(recording)
            self._wake.set()

    async def delete_all(self, recording: str) -> Deleted:
        """From storage, now and what arrives of it later; what there is no local file of counts. Raises
        StorageFailed, NoSuchFile, OSError. Inside ``leave``."""
        await self._late.remember(recording)
        here = await self._archive.local.names(recording)
        stored = await self._archive.stored.names(recording)
        only = stored.keys() - here.keys()
        await self._archive.stored.delete_all(recording)
        return Deleted(len(only), sum(stored[name] for name in only))

    async def delete(self, recording: str, name: str) -> None:
        """One file, from storage. Raises StorageFailed, NoSuchFile, OSError. Inside ``leave``."""
        directory = self._root / check_recording(recording)
        if check_name(name) in (await asyncio.to_thread(mark.load, directory)).files:
            await self._archive.stored.delete(recording, name)
            await asyncio.to_thread(self._remove_mark, directory, name)

    async def bring_back(self, recording: str) -> None:
        """Every file that is only in storage is here again, for who works on it; held until it is let go of.
        Raises StorageFailed, NoSuchFile, OSError."""
        directory = self._root / check_recording(recording)
        await asyncio.to_thread(self._wait_for_thread)
        if not await self._gone(recording):
            return  # an upload that is under way goes on
        async with self.leave(recording):
            wanted = await self._gone(recording)
            stored = (await asyncio.to_thread(mark.load, directory)).files
            free = await asyncio.to_thread(os.statvfs, directory)
            if sum(stored[name].bytes for name in wanted) + _SPARE > free.f_bavail * free.f_frsize:
                raise OSError(28, "not enough space to bring the recording back")
            for name in wanted:
                await self._bring_back(recording, name, directory)

    async def _gone(self, recording: str) -> list[str]:
        """What is only in storage."""
        stored = (await asyncio.to_thread(mark.load, self._root / recording)).files
        here = await self._archive.local.names(recording)
        return [name for name in stored if name not in here]

    async def _bring_back(self, recording: str, name: str, directory: Path) -> None:
        aside = directory / ".back"
        aside.mkdir(exist_ok=True)
        try:
            copy = await self._archive.stored.local_copy(recording, name, aside)
            copy.replace(directory / name)
        finally:
            # With what a crash has left in it.
            await asyncio.to_thread(shutil.rmtree, aside)

    # --- at work ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = self._look_seconds
            try:
                await self._round()
                self._failures = 0
            except StorageFailed as error:
                self._failures += 1
                self._counts["failures"] += 1
                wait = self._retry(self._failures)
                _log.warning("storage_failed", error=str(error), failures=self._failures, again_in=wait)
            except OSError as error:
                self._counts["failures"] += 1
                _log.warning("cannot_look_for_recordings", error=str(error))
            if self._failures:
                await asyncio.sleep(wait)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()

    async def _look_for_late(self) -> None:
        """Beside uploads, which may take hours."""
        while True:
            try:
                await self._late.look()
            except (StorageFailed, OSError) as error:
                self._counts["failures"] += 1
                _log.warning("late_files_not_looked_for", error=str(error))
            await asyncio.sleep(self._look_seconds)

    async def _round(self) -> None:
        """All that is due now. Raises StorageFailed where going on makes no sense, OSError."""
        for recording in await asyncio.to_thread(self._due.find):
            if recording in self._left:
                continue
            task = asyncio.create_task(self._store(recording), name=f"store {recording}")
            self._current = (recording, task)
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
                await asyncio.wait([task])
                self._current = None
            if task.cancelled():
                continue
            error = task.exception()
            if isinstance(error, StorageFailed) and error.code != "damaged":
                raise error
            if error is not None:
                self._fault(recording, error)
            else:
                self._due.well(recording)

    def _fault(self, recording: str, error: BaseException) -> None:
        again_in = self._due.fault(recording)
        self._counts["failures"] += 1
        known = isinstance(error, StorageFailed | OSError | NoSuchFile)
        _log.warning(
            "recording_not_stored",
            recording=recording,
            error=str(error),
            again_in=again_in,
            exc_info=None if known else error,
        )

    async def _store(self, recording: str) -> None:
        """Raises StorageFailed, NoSuchFile, OSError."""
        found = await asyncio.to_thread(pending.look, self._root, recording, self._wall())
        left = list(found.upload)
        while left:
            await self._upload(recording, left.pop(0))
            self._due.waiting[recording] = Pending(recording, tuple(left))
        self._due.waiting.pop(recording, None)
        if found.removable and not self._held(recording):
            await asyncio.to_thread(self._remove, recording, found.removable)

    async def _upload(self, recording: str, file: PendingFile) -> None:
        directory = self._root / recording
        path = directory / file.name
        if not await asyncio.to_thread(path.exists):
            return
        facts = await self._archive.stored.put(
            recording, file.name, path, mime_type=file.mime_type, sha256=file.sha256
        )
        try:
            if not await asyncio.to_thread(path.exists):
                raise FileNotFoundError(path)
            await asyncio.to_thread(self._add_mark, directory, file.name, facts)
        except FileNotFoundError:
            # Erased meanwhile: what was sent must not be what is left of it.
            await self._archive.stored.delete(recording, file.name)
            return
        self._counts["files"] += 1
        self._counts["bytes"] += facts.bytes
        _log.info("file_stored", recording=recording, file=file.name, bytes=facts.bytes)

    # --- in a thread, which a cancelled task does not stop ---------------------------------------

    def _add_mark(self, directory: Path, name: str, facts: Facts) -> None:
        with self._writing:
            mark.add(directory, name, facts)

    def _remove_mark(self, directory: Path, name: str) -> None:
        with self._writing:
            mark.remove(directory, name)

    def _remove(self, recording: str, files: tuple[PendingFile, ...]) -> None:
        """Only what is still as it was stored, and while nobody works on it."""
        directory = self._root / recording
        with self._writing:
            stored = mark.load(directory)
            for file in files:
                path = directory / file.name
                if recording in self._left or self._held(recording):
                    return
                with contextlib.suppress(FileNotFoundError):
                    found = path.stat()
                    if stored.has(file.name, found.st_size, found.st_mtime_ns):
                        path.unlink()
                        self._counts["removed"] += found.st_size

    def _wait_for_thread(self) -> None:
        with self._writing:
            pass
