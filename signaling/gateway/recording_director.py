"""All recordings: follows the lessons' states, takes them up after restarts, finishes what was left open."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog
from msgspec import Struct
from msgspec.structs import replace

from classroom.ids import LessonId, RecordingId
from classroom.lesson import commands
from classroom.lesson.events import SealedFile
from classroom.stores.port import RecordingEntry, RecordingFileEntry, StoreError, Stores
from recorder import control as recorder
from signaling.bus.port import Bus, BusError
from signaling.gateway.host import Change
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.lesson_media import LessonMedia
from signaling.gateway.lesson_recording import RECORDER, LessonRecording, RecorderRefused, ask_recorder
from signaling.gateway.media_director import MediaDirector
from signaling.gateway.metrics import Metrics
from signaling.gateway.recording_plan import pauses_in
from signaling.gateway.sockets import Sockets
from signaling.gateway.tasks import Tasks
from signaling.wire import server

_log = structlog.get_logger("recording_director")
_CLOSE_SECONDS = 30.0
_SPACE_SECONDS = 1.0
_CLOSE_AGAIN_SECONDS = 15.0
_SEALED_ROLES = ("programme", "share", "still")


def _make_tap() -> int:
    return secrets.randbits(32) or 1


class RecordingDirector:
    def __init__(
        self,
        *,
        bus: Bus,
        stores: Stores,
        hosts: LessonHosts,
        sockets: Sockets,
        media: MediaDirector,
        metrics: Metrics,
    ) -> None:
        self._bus = bus
        self._stores = stores
        self._hosts = hosts
        self._sockets = sockets
        self._media = media
        self._metrics = metrics
        self._tasks = Tasks()
        self._stack = AsyncExitStack()
        self._lessons: dict[LessonId, LessonRecording] = {}
        self._recorder: str | None = None
        self._closing: set[RecordingId] = set()
        self.ready_listeners: list[Callable[[RecordingEntry], None]] = []
        """Told of each recording that has become ready. Must not block and must not raise."""
        media.listeners.append(self._media_changed)
        media.tap_listeners.append(self._taps_lost)

    @property
    def recorder_up(self) -> bool:
        return self._recorder is not None

    async def start(self) -> None:
        for host in self._hosts.live():
            if (
                host.state is not None
                and host.state.recording is not None
                and host.lesson not in self._lessons
            ):
                self._follow(host.lesson)
        await self._stack.enter_async_context(self._bus.subscribe(RECORDER, self._notice))
        await self._stack.enter_async_context(self._bus.watch(RECORDER, self._presence))

    async def close(self) -> None:
        await self._stack.aclose()
        await self._tasks.close()

    def of(self, lesson: LessonId) -> LessonRecording | None:
        """None while the lesson is not recorded."""
        return self._lessons.get(lesson)

    def changed(self, change: Change) -> None:
        """A lesson changed: its recording follows."""
        recording = self._lessons.get(change.lesson)
        if recording is None and change.new.recording is not None:
            recording = self._follow(change.lesson)
        if recording is not None:
            recording.wake()

    def _follow(self, lesson: LessonId) -> LessonRecording | None:
        host = self._hosts.loaded(lesson)
        if host is None:
            return None
        recording = LessonRecording(
            host,
            bus=self._bus,
            recordings=self._stores.recordings,
            make_tap=_make_tap,
            media=self._media.of,
            close=self.finish,
            trouble=self._trouble,
        )
        self._lessons[lesson] = recording
        self._tasks.start(self._run(recording), f"recording of {lesson}")
        recording.wake()
        return recording

    async def _run(self, recording: LessonRecording) -> None:
        try:
            await recording.run()
        finally:
            self._lessons.pop(recording.lesson, None)
        if recording.host.state is not None and recording.host.state.recording is not None:
            self._follow(recording.lesson)

    def _media_changed(self, media: LessonMedia) -> None:
        recording = self._lessons.get(media.lesson)
        if recording is not None:
            recording.wake()

    def _taps_lost(self, taps: tuple[int, ...]) -> None:
        for recording in self._lessons.values():
            recording.taps_lost(taps)

    async def finish(self, recording: RecordingId, lesson: LessonId) -> None:
        """Close a recording's files. When the recorder is away it is done as soon as it is back."""
        entry = await self._stores.recordings.get(recording)
        if entry is None:
            entry = RecordingEntry(recording, lesson, 0, "closing")
        if entry.state in ("ready", "lost"):
            return
        await self._stores.recordings.put(replace(entry, state="closing"))
        self._tasks.start(self._finish(entry), f"finish recording {recording}")

    async def _finish(self, entry: RecordingEntry) -> None:
        if entry.id in self._closing or self._recorder is None:
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

    async def _presence(self, address: str, instance: str | None) -> None:
        if address != RECORDER or instance == self._recorder:
            return
        known, self._recorder = self._recorder, instance
        for lesson, recording in self._lessons.items():
            recording.recorder_lost()
            recording.wake()
            if known is not None and instance is None:
                self._sockets.tell_admitted(lesson, server.Notice("recorder_restarted"))
        if instance is None:
            _log.warning("recorder_down")
            self._metrics.set_role(RECORDER, None)
            return
        _log.info("recorder_up", instance=instance)
        self._tasks.start(self._finish_left_open(), "finish recordings left open")

    async def _finish_left_open(self) -> None:
        """Recordings that a crash (of anybody) left open, and that no lesson goes on with."""
        wanted = {
            host.state.recording.id
            for host in self._hosts.live()
            if host.state is not None and host.state.recording is not None
        }
        for entry in await self._stores.recordings.all():
            if entry.state in ("recording", "closing") and entry.id not in wanted:
                await self._stores.recordings.put(replace(entry, state="closing"))
                await self._finish(entry)
            elif entry.state == "ready":
                await self._want_sums(entry)
        await self._adopt_unknown(wanted)

    async def _adopt_unknown(self, wanted: set[RecordingId]) -> None:
        """What the recorder has open and the catalogue does not know, or has given up."""
        try:
            left = await ask_recorder(self._bus, recorder.ListRecordings(), recorder.RecordingsOpen)
            for recording in map(RecordingId, left.recordings):
                known = await self._stores.recordings.get(recording)
                if recording not in wanted and (known is None or known.state == "lost"):
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

    async def _notice(self, notice: Struct) -> None:
        if isinstance(notice, recorder.KeyFrameWanted):
            recording = self._by_id(notice.recording)
            if recording is not None:
                await recording.request_key_frame(notice.share)
        elif isinstance(notice, recorder.RecordingTrouble):
            recording = self._by_id(notice.recording)
            if recording is not None:
                self._trouble(recording.lesson, RecordingId(notice.recording), notice.code)
        elif isinstance(notice, recorder.RecordingHashed):
            self._tasks.start(self._hashed(notice), f"seal recording {notice.recording}")

    def _trouble(self, lesson: LessonId, recording: RecordingId, code: str) -> None:
        """Where nothing can be written any more the log says so: the recording is over."""
        _log.warning("recording_trouble", lesson=lesson, recording=recording, code=code)
        self._sockets.tell_admitted(lesson, server.Notice(f"recording_{code}"))
        host = self._hosts.loaded(lesson)
        if code in ("disk_full", "disk_failed") and host is not None:
            host.submit(commands.CutRecording(recording, code))

    async def disk_full(self) -> bool:
        """Whether a recording that began now would soon be stopped; False while nobody can tell."""
        try:
            space = await ask_recorder(self._bus, recorder.TakeSpace(), recorder.Space, _SPACE_SECONDS)
        except RecorderRefused:
            return False
        return space.free < space.needed

    def _by_id(self, recording: str) -> LessonRecording | None:
        return next((one for one in self._lessons.values() if one.table.recording == recording), None)

    async def take_stats(self) -> None:
        """Ask the recorder for its figures, for /metrics."""
        if self._recorder is None:
            return
        try:
            reply = await self._bus.request(RECORDER, recorder.TakeRecorderStats(), timeout=1.0)
        except BusError:
            return
        if isinstance(reply, recorder.RecorderStats):
            self._metrics.set_role(RECORDER, reply.values)
