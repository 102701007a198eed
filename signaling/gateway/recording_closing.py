"""What becomes of recordings that are over: finished, found where nobody knew of them, sealed in the log."""

import asyncio
from collections.abc import Callable

import structlog
from msgspec.structs import replace

from classroom.ids import LessonId, RecordingId
from classroom.lesson import commands
from classroom.lesson.events import SealedFile
from classroom.stores.port import RecordingEntry, RecordingFileEntry, StoreError, Stores
from recorder import control as recorder
from signaling.bus.port import Bus
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.lesson_recording import RecorderRefused, ask_recorder
from signaling.gateway.recording_plan import pauses_in
from signaling.gateway.tasks import Tasks

_log = structlog.get_logger("recording_director")
_CLOSE_SECONDS = 30.0
_CLOSE_AGAIN_SECONDS = 15.0
_SEALED_ROLES = ("programme", "share", "still")


class RecordingCloser:
    """``up``: whether the recorder is there. ``ready_listeners`` are told of each recording that has become
    ready; they must not block and must not raise."""

    def __init__(self, bus: Bus, stores: Stores, hosts: LessonHosts, up: Callable[[], bool]) -> None:
        self.ready_listeners: list[Callable[[RecordingEntry], None]] = []
        self._bus = bus
        self._stores = stores
        self._hosts = hosts
        self._up = up
        self._tasks = Tasks()
        self._closing: set[RecordingId] = set()

    async def close(self) -> None:
        await self._tasks.close()

    def recorder_came(self) -> None:
        self._tasks.start(self._finish_left_open(), "finish recordings left open")

    def hashed(self, notice: recorder.RecordingHashed) -> None:
        self._tasks.start(self._hashed(notice), f"seal recording {notice.recording}")

    async def finish(self, recording: RecordingId, lesson: LessonId) -> None:
        """Close a recording's files. When the recorder is away it is done as soon as it is back."""
        entry = await self._stores.recordings.get(recording)
        if entry is None:
            entry = RecordingEntry(recording, lesson, 0, "closing")
        if entry.state in ("ready", "lost", "erasing"):
            return
        await self._stores.recordings.put(replace(entry, state="closing"))
        self._tasks.start(self._finish(entry), f"finish recording {recording}")

    async def _finish(self, entry: RecordingEntry) -> None:
        if entry.id in self._closing or not self._up():
            return
        self._closing.add(entry.id)
        try:
            await self._close(entry)
        except (RecorderRefused, StoreError) as error:
            _log.warning("recording_not_closed", recording=entry.id, error=str(error))
            self._tasks.start(self._finish_later(entry), f"finish recording {entry.id} later")
        finally:
            self._closing.discard(entry.id)

    async def _close(self, entry: RecordingEntry) -> None:
        """Raises RecorderRefused, StoreError."""
        pauses = pauses_in(await self._stores.log.read(entry.lesson), entry.id)
        message = recorder.CloseRecording(entry.id, pauses)
        try:
            closed = await ask_recorder(self._bus, message, recorder.RecordingClosed, _CLOSE_SECONDS)
        except RecorderRefused as refused:
            if refused.code != "no_such_recording":
                raise
            _log.warning("recording_lost", recording=entry.id)
            await self._stores.recordings.put(replace(entry, state="lost"))
            return
        ready = replace(
            entry,
            state="ready",
            started_at=entry.started_at or closed.started_at,
            duration=closed.duration,
            files=tuple(
                RecordingFileEntry(
                    name=file.name,
                    role=file.role,
                    mime_type=file.mime_type,
                    start=file.start,
                    duration=file.duration,
                    bytes=file.bytes,
                    share=file.share,
                    participant=file.participant,
                    source=file.source,
                )
                for file in closed.files
            ),
        )
        await self._stores.recordings.put(ready)
        for listener in self.ready_listeners:
            listener(ready)
        _log.info("recording_ready", recording=entry.id, lesson=entry.lesson, duration_ms=closed.duration)
        await self._want_sums(ready)

    async def _finish_later(self, entry: RecordingEntry) -> None:
        """A disk that is full may get room; a recorder that is away says itself when it is back."""
        await asyncio.sleep(_CLOSE_AGAIN_SECONDS)
        try:
            now = await self._stores.recordings.get(entry.id)
        except StoreError:
            now = entry
        if now is not None and now.state in ("recording", "closing"):
            await self._finish(now)

    async def _want_sums(self, entry: RecordingEntry) -> None:
        """Of what was recorded, as far as they are not known; what is made of it later comes and goes."""
        names = tuple(f.name for f in entry.files if f.role in _SEALED_ROLES and not f.sha256)
        if not names:
            return
        try:
            await ask_recorder(self._bus, recorder.HashRecording(entry.id, names), recorder.RecorderDone)
        except RecorderRefused as refused:
            _log.warning("recording_not_hashed", recording=entry.id, code=refused.code)

    async def _hashed(self, notice: recorder.RecordingHashed) -> None:
        """Into the lesson's log first: what is not in the catalogue is asked for again."""
        recording = RecordingId(notice.recording)
        entry = await self._stores.recordings.get(recording)
        host = None if entry is None else await self._hosts.get(entry.lesson)
        if entry is None or host is None:
            return
        sealed = tuple(SealedFile(file.name, file.bytes, file.sha256) for file in notice.files)
        await host.execute(commands.SealRecording(recording, sealed))
        await self._stores.recordings.put_sums(recording, {file.name: file.sha256 for file in notice.files})
        _log.info("recording_sealed", recording=recording, lesson=entry.lesson, files=len(sealed))

    async def _finish_left_open(self) -> None:
        """Recordings that a crash (of anybody) left open, and that no lesson goes on with."""
        for entry in await self._stores.recordings.all():
            if entry.state in ("recording", "closing") and not self._goes_on(entry.id):
                await self._stores.recordings.put(replace(entry, state="closing"))
                await self._finish(entry)
            elif entry.state == "ready":
                await self._want_sums(entry)
        await self._adopt_unknown()

    def _goes_on(self, recording: RecordingId) -> bool:
        """Asked each time: a recording may begin meanwhile."""
        states = [host.state for host in self._hosts.live() if host.state is not None]
        return any(state.recording is not None and state.recording.id == recording for state in states)

    async def _adopt_unknown(self) -> None:
        """What the recorder has open and the catalogue does not know, or has given up."""
        try:
            left = await ask_recorder(self._bus, recorder.ListRecordings(), recorder.RecordingsOpen)
            for recording in map(RecordingId, left.recordings):
                known = await self._stores.recordings.get(recording)
                if not self._goes_on(recording) and (known is None or known.state == "lost"):
                    await self._adopt(recording)
        except RecorderRefused as refused:
            _log.warning("recordings_not_adopted", code=refused.code)

    async def _adopt(self, recording: RecordingId) -> None:
        message = recorder.CloseRecording(recording)
        closed = await ask_recorder(self._bus, message, recorder.RecordingClosed, _CLOSE_SECONDS)
        host = await self._hosts.get(LessonId(closed.lesson)) if closed.lesson else None
        if host is None or host.state is None:
            _log.warning("recording_of_no_lesson", recording=recording, lesson=closed.lesson)
        elif recording in host.state.erased:
            await ask_recorder(self._bus, recorder.EraseRecording(recording), recorder.RecordingErasedReply)
        else:
            _log.info("recording_adopted", recording=recording, lesson=host.lesson)
            entry = RecordingEntry(recording, host.lesson, closed.started_at, "closing")
            await self._stores.recordings.put(entry)
            await self._finish(entry)
