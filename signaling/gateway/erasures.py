"""Recordings are erased: out of sight at once, then wherever they are kept, then the receipt in the log.

What could not be done is tried again, also by the next gateway: the catalogue keeps what is still to be done.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from msgspec.structs import replace

from classroom.ids import SYSTEM, ParticipantId, RecordingId
from classroom.lesson import commands
from classroom.lesson.refusal import Refusal
from classroom.stores.port import RecordingEntry, StoreError, Stores
from recorder import control as recorder
from recorder.archive.port import Deleted, RecordingFiles, StorageFailed
from signaling.bus.port import Bus
from signaling.gateway.clock import Clock
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.lesson_recording import RecorderRefused, ask_recorder
from signaling.gateway.retention import due
from signaling.gateway.tasks import Tasks

_log = structlog.get_logger("erasures")
RETRY_SECONDS = 10.0
SWEEP_SECONDS = 3600.0
_ERASE_SECONDS = 30.0


class Erasures:
    """``stop_jobs``: nothing works on the recording any more when it returns."""

    def __init__(
        self,
        *,
        bus: Bus,
        stores: Stores,
        files: RecordingFiles,
        hosts: LessonHosts,
        clock: Clock,
        stop_jobs: Callable[[RecordingId], Awaitable[None]],
    ) -> None:
        self._bus = bus
        self._stores = stores
        self._hosts = hosts
        self._clock = clock
        self._stop_jobs = stop_jobs
        self._files = files
        self._counted: dict[RecordingId, Deleted] = {}
        self._tasks = Tasks()
        self._wake = asyncio.Event()

    async def start(self) -> None:
        self._tasks.start(self._run(), "erasures")
        self._tasks.start(self._sweep(), "retention")

    async def close(self) -> None:
        await self._tasks.close()

    async def erase(self, entry: RecordingEntry, by: ParticipantId, reason: str) -> None:
        """Nobody is given anything of it from here on; the rest is done as soon as it can be."""
        if entry.state != "erasing":
            gone = replace(entry, state="erasing", erased_by=by, erase_reason=reason)
            await self._stores.recordings.put(gone)
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            left = 0
            for entry in await self._all():
                if entry.state == "erasing":
                    left += not await self._finish(entry)
            try:
                async with asyncio.timeout(RETRY_SECONDS if left else None):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _finish(self, entry: RecordingEntry) -> bool:
        try:
            await self._stop_jobs(entry.id)
            gone = await ask_recorder(
                self._bus, recorder.EraseRecording(entry.id), recorder.RecordingErasedReply, _ERASE_SECONDS
            )
            # What an attempt removed before it failed belongs to the receipt too.
            so_far = self._counted.get(entry.id, Deleted()) + Deleted(gone.files, gone.bytes)
            self._counted[entry.id] = so_far
            so_far += await self._files.delete_all(entry.id)
            self._counted[entry.id] = so_far
            # Where an earlier attempt ended with its process, what it removed was not counted: but the catalogue,
            # which is emptied last, still knows of it.
            files = max(so_far.files, len(entry.files))
            size = max(so_far.bytes, sum(file.bytes for file in entry.files))
            host = await self._hosts.get(entry.lesson)
            if host is not None:
                by, reason = ParticipantId(entry.erased_by or SYSTEM), entry.erase_reason or "asked"
                receipt = commands.EraseRecording(entry.id, by, reason, files, size)
                if isinstance(answer := await host.execute(receipt), Refusal):
                    _log.warning("recording_not_erased", recording=entry.id, code=answer.code)
                    return False
            await self._stores.recordings.remove(entry.id)
            self._counted.pop(entry.id, None)
        except (RecorderRefused, StoreError, StorageFailed, OSError) as error:
            _log.warning("recording_not_erased", recording=entry.id, error=str(error))
            return False
        except Exception:
            # What one recording has wrong must not keep the others.
            _log.exception("recording_not_erased", recording=entry.id)
            return False
        _log.info("recording_erased", recording=entry.id, lesson=entry.lesson, files=files, bytes=size)
        return True

    async def _sweep(self) -> None:
        while True:
            try:
                rules = await self._stores.recordings.retention()
                lessons = self._stores.lessons
                for entry in await self._all():
                    lesson = await lessons.get(entry.lesson)
                    if lesson is not None and due(entry, lesson.class_id, rules, self._clock()):
                        await self.erase(entry, SYSTEM, "retention")
            except StoreError as error:
                _log.warning("retention_not_looked_at", error=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def _all(self) -> tuple[RecordingEntry, ...]:
        try:
            return await self._stores.recordings.all()
        except StoreError as error:
            _log.warning("recordings_not_read", error=str(error))
            return ()
