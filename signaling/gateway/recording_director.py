"""All recordings: follows the lessons' states, takes them up after restarts."""

import secrets
from contextlib import AsyncExitStack

import structlog
from msgspec import Struct

from classroom.ids import LessonId, RecordingId
from classroom.lesson import commands
from classroom.stores.port import Stores
from recorder import control as recorder
from signaling.bus.port import Bus, BusError
from signaling.gateway.host import Change
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.lesson_media import LessonMedia
from signaling.gateway.lesson_recording import RECORDER, LessonRecording, RecorderRefused, ask_recorder
from signaling.gateway.media_director import MediaDirector
from signaling.gateway.metrics import Metrics
from signaling.gateway.recording_closing import RecordingCloser
from signaling.gateway.sockets import Sockets
from signaling.gateway.tasks import Tasks
from signaling.wire import server

_log = structlog.get_logger("recording_director")
_SPACE_SECONDS = 1.0


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
        self.closer = RecordingCloser(bus, stores, hosts, lambda: self.recorder_up)
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
        await self.closer.close()

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
            close=self.closer.finish,
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
        self.closer.recorder_came()

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
            self.closer.hashed(notice)

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
