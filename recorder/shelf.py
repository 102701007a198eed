"""The recordings that are not open in this process: which a crash left open, their sums, their erasure."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from recorder import erasure, journal, manifest, salvage
from recorder.control import (
    HashedFile,
    HashRecording,
    RecorderDone,
    RecorderNotice,
    RecordingClosed,
    RecordingErasedReply,
    RecordingHashed,
)
from recorder.refused import Refused
from recorder.sums import Sums

RECORDING_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class Shelf:
    """``lock``: of one recording; held by who calls. Owns the thread that reads files for their sums."""

    def __init__(
        self,
        directory: Path,
        notify: Callable[[RecorderNotice], None],
        lock: Callable[[str], asyncio.Lock],
    ) -> None:
        self.failures = 0
        self._directory = directory
        self._notify = notify
        self._lock = lock
        self._sums = Sums(directory, self._hashed)
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Idempotent."""
        await self._sums.close()
        await asyncio.gather(*self._tasks)

    def hashes(self, recording: str) -> bool:
        """Whether its files are being read, or will be."""
        return self._sums.wants(recording)

    async def closed(self, recording: str) -> RecordingClosed | None:
        """None where it is not closed, or not there."""
        return await asyncio.to_thread(self._closed, recording)

    async def tidy(self, recording: str) -> None:
        """The power may have gone between a recording's end and that of its journal."""
        await asyncio.to_thread((self._directory / recording / journal.NAME).unlink, missing_ok=True)

    async def left_open(self) -> list[str]:
        return await asyncio.to_thread(self._left_open)

    async def hash(self, request: HashRecording) -> RecorderDone:
        """What is in the manifest already is told at once. Raises Refused."""
        name = request.recording
        found = await asyncio.to_thread(manifest.load, self._directory / name)
        if found is None or not found.closed:
            raise Refused("no_such_recording" if found is None else "open", name)
        known = {file.name: file for file in found.files if file.sha256}
        if told := tuple(
            HashedFile(file, known[file].bytes, known[file].sha256) for file in request.names if file in known
        ):
            self._notify(RecordingHashed(name, told))
        rest = tuple(file for file in request.names if file not in known and _FILE.fullmatch(file))
        if rest:
            self._sums.want(name, rest)
        return RecorderDone()

    async def erase(self, recording: str) -> RecordingErasedReply:
        """Raises OSError."""
        await self._sums.cancel(recording)
        return RecordingErasedReply(*await asyncio.to_thread(erasure.erase, self._directory, recording))

    def _hashed(self, recording: str, files: tuple[HashedFile, ...]) -> None:
        task = asyncio.create_task(self._keep_sums(recording, files), name=f"keep sums of {recording}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_sums(self, recording: str, files: tuple[HashedFile, ...]) -> None:
        async with self._lock(recording):
            try:
                await asyncio.to_thread(manifest.add_sums, self._directory / recording, files)
            except OSError:
                self.failures += 1
        self._notify(RecordingHashed(recording, files))

    def _closed(self, recording: str) -> RecordingClosed | None:
        found = manifest.load(self._directory / recording)
        return found.as_reply() if found is not None and found.closed else None

    def _left_open(self) -> list[str]:
        return [
            path.name
            for path in self._directory.iterdir()
            if RECORDING_ID.fullmatch(path.name)
            and path.is_dir()
            and self._closed(path.name) is None
            and salvage.is_left_open(path)
        ]
