"""Erased recordings of which something may yet arrive in storage: remembered on disk, looked for again, deleted.

What an upload had sent before it was cut off, or before its process was killed, may be stored after all was
deleted. ``.erased/{recording}`` in the directory of recordings is an empty file whose time is the erasure's. It is
there before anything is deleted, and goes when storage has been looked through a last time.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from recorder.archive.port import NoSuchFile, RecordingFiles, StorageFailed, check_recording
from recorder.files import Files

_log = structlog.get_logger("late")
NAME = ".erased"
"""No id of a recording begins with a dot."""
AFTER = (60.0, 300.0, 900.0)
"""Seconds after the erasure. S3 refuses a request that was signed more than 15 minutes ago: what has not arrived by
then cannot any more. A recorder that starts looks once more, however late it is."""


class Late:
    """``root``: of the recordings on disk. ``wall``: seconds since the epoch."""

    def __init__(self, root: Path, stored: RecordingFiles, wall: Callable[[], float]) -> None:
        self._directory = root / NAME
        self._stored = stored
        self._wall = wall
        self._erased: dict[str, float] | None = None
        self._looked: dict[str, float] = {}
        """When storage was last looked through, by this process."""
        self._changing = asyncio.Lock()
        """What is on disk."""
        self.found = 0
        """Files that arrived late."""
        self.failing = False

    async def remember(self, recording: str) -> None:
        """Before it is deleted from storage, so that who is killed meanwhile has remembered it. Raises NoSuchFile,
        OSError."""
        check_recording(recording)
        known = await self._known()
        async with self._changing:
            now = self._wall()
            await asyncio.to_thread(self._write, recording, now)
            known[recording] = self._looked[recording] = now

    async def look(self) -> None:
        """Delete what has arrived of those that are due. Raises StorageFailed, when all were tried, OSError."""
        known = await self._known()
        failed: StorageFailed | None = None
        for recording in [one for one in known if self._due(one, known[one]) <= self._wall()]:
            try:
                await self._look(recording, known)
            except StorageFailed as error:
                failed = error
        self.failing = failed is not None
        if failed is not None:
            raise failed

    async def _look(self, recording: str, known: dict[str, float]) -> None:
        erased, now = known.get(recording), self._wall()
        if erased is None:
            return  # looked for meanwhile, a last time
        arrived = await self._stored.delete_all(recording)
        if arrived.files:
            self.found += arrived.files
            _log.warning("files_arrived_late", recording=recording, files=arrived.files)
        async with self._changing:
            if known.get(recording) != erased:
                return  # erased again meanwhile, or looked for
            self._looked[recording] = now
            if now >= erased + AFTER[-1]:
                await asyncio.to_thread((self._directory / recording).unlink, missing_ok=True)
                del known[recording], self._looked[recording]

    def _due(self, recording: str, erased: float) -> float:
        looked = self._looked.get(recording)
        if looked is None:
            return 0.0
        return next((erased + after for after in AFTER if erased + after > looked), 0.0)

    async def _known(self) -> dict[str, float]:
        if self._erased is None:
            read = await asyncio.to_thread(self._read)
            # Who came first while it was read counts.
            self._erased = read if self._erased is None else self._erased
        return self._erased

    def _read(self) -> dict[str, float]:
        found: dict[str, float] = {}
        if not self._directory.is_dir():
            return found
        for path in self._directory.iterdir():
            try:
                # A clock that was put back must not keep it for longer.
                found[check_recording(path.name)] = min(path.stat().st_mtime, self._wall())
            except NoSuchFile:
                continue
        return found

    def _write(self, recording: str, now: float) -> None:
        is_new = not self._directory.exists()
        self._directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(self._directory / recording, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.utime(descriptor, (now, now))
            # The time is no part of what fdatasync takes care of.
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        Files().sync_directory(self._directory)
        if is_new:
            Files().sync_directory(self._directory.parent)
