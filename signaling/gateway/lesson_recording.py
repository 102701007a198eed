"""One lesson's recording: the recorder and the worker kept in step with the lesson's state.

Nothing is tapped before the log says RecordingStarted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from msgspec import Struct

from classroom.ids import LessonId, RecordingId, ShareId
from classroom.lesson.state import LessonState
from classroom.stores.port import RecordingEntry, Recordings, StoreError
from media import control
from recorder import control as recorder
from recorder.time import Pause
from signaling.bus.port import Bus, BusError
from signaling.gateway.host import LessonHost
from signaling.gateway.lesson_media import LessonMedia
from signaling.gateway.media_table import MediaTable
from signaling.gateway.recording_plan import RecordingPlan, RecordingTable, Tap, pauses_of, plan

_log = structlog.get_logger("recording_director")
T = TypeVar("T", bound=Struct)

RECORDER = "recorder"
_REQUEST_SECONDS = 5.0
_RETRY_SECONDS = 0.5
_RETRY_SECONDS_AT_MOST = 8.0


class RecorderRefused(Exception):
    """``code``: unavailable, or a code of RecorderFailed."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


async def ask_recorder(bus: Bus, message: Struct, reply: type[T], timeout: float = _REQUEST_SECONDS) -> T:
    """Raises RecorderRefused."""
    try:
        answer = await bus.request(RECORDER, message, timeout=timeout)
    except BusError as error:
        raise RecorderRefused("unavailable", str(error)) from error
    if isinstance(answer, recorder.RecorderFailed):
        raise RecorderRefused(answer.code, answer.detail)
    if not isinstance(answer, reply):
        raise RecorderRefused("unavailable", f"unexpected {type(answer).__name__}")
    return answer


class LessonRecording:
    """``media``: asked at each step where the lesson's media is. ``close``: finishes a recording's files.

    ``trouble``: what the people in the lesson should know of, by code of RecordingTrouble.
    """

    def __init__(
        self,
        host: LessonHost,
        *,
        bus: Bus,
        recordings: Recordings,
        make_tap: Callable[[], int],
        media: Callable[[LessonId], LessonMedia | None],
        close: Callable[[RecordingId, LessonId], Awaitable[None]],
        trouble: Callable[[LessonId, RecordingId, str], None],
    ) -> None:
        self.host = host
        self.lesson = host.lesson
        self.table = RecordingTable()
        self._bus = bus
        self._recordings = recordings
        self._make_tap = make_tap
        self._media = media
        self._close_recording = close
        self._trouble = trouble
        self._wake = asyncio.Event()
        self._retry_after = _RETRY_SECONDS

    def wake(self) -> None:
        self._wake.set()

    def recorder_lost(self) -> None:
        """All that it had open is to be opened again: same recording, new taps."""
        self.table.tap_address = None
        self.table.known.clear()
        self.table.taps.clear()
        self.table.stage = None

    def taps_lost(self, taps: tuple[int, ...]) -> None:
        lost = [share for share, tap in self.table.taps.items() if tap.tap in taps]
        for share in lost:
            del self.table.taps[share]
        if lost:
            self.wake()

    async def run(self) -> None:
        """Until the lesson is no longer recorded."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self._step():
                    self._retry_after = _RETRY_SECONDS
            except (BusError, StoreError, RecorderRefused) as error:
                _log.warning("recording_step_failed", lesson=self.lesson, error=str(error))
                if isinstance(error, RecorderRefused) and error.code in ("disk_full", "disk"):
                    self._cannot_go_on("disk_full" if error.code == "disk_full" else "disk_failed")
                self._retry()
                continue
            state = self.host.state
            if self.table.recording is None and (state is None or state.recording is None):
                return

    def _cannot_go_on(self, code: str) -> None:
        running = None if self.host.state is None else self.host.state.recording
        if running is not None:
            self.table.recording = running.id  # so that its files are made whole, as far as there are any
            self._trouble(self.lesson, running.id, code)

    def _retry(self) -> None:
        asyncio.get_running_loop().call_later(self._retry_after, self.wake)
        self._retry_after = min(self._retry_after * 2, _RETRY_SECONDS_AT_MOST)

    async def request_key_frame(self, share: str) -> None:
        media = self._media(self.lesson)
        producer = None if media is None else media.table.current().get(ShareId(share))
        if media is not None and media.address is not None and producer is not None:
            await self._ask_worker(media.address, control.RequestKeyFrame(producer))

    async def _step(self) -> bool:
        state = self.host.state
        if state is None:
            return False
        media = self._media(self.lesson)
        if media is not None:
            media.codecs.refresh()
        placed = media is not None and media.address is not None
        todo = plan(
            state,
            self.table,
            media.table if media is not None and placed else MediaTable(),
            media.instance if media is not None and placed else None,
            media.codecs.changing if media is not None else frozenset(),
        )
        if todo == RecordingPlan():
            return False
        try:
            if todo.pauses is not None:
                await self._set_pauses(todo.pauses)
        finally:
            await self._stop_taps(media, todo)
        if todo.close is not None:
            self.table = RecordingTable()
            await self._close_recording(todo.close, self.lesson)
            return True
        if todo.open is not None:
            await self._open(state, todo.open)
        if todo.open is not None or todo.pauses is not None:
            return True
        recording = self.table.recording
        assert recording is not None
        all_tapped = True
        for share in todo.tap:
            if media is not None:
                all_tapped &= await self._tap(media, recording, share)
        for share in todo.end:
            self.table.known.discard(share)
            if self.table.stage == share:
                self.table.stage = None
            await ask_recorder(self._bus, recorder.EndTrack(recording, share), recorder.RecorderDone)
        for stage in todo.stage:
            await ask_recorder(self._bus, recorder.SetStage(recording, stage), recorder.RecorderDone)
            self.table.stage = stage
        if not all_tapped:
            self._retry()
        return all_tapped

    async def _open(self, state: LessonState, recording: RecordingId) -> None:
        assert state.recording is not None
        since = state.recording.since
        await self._recordings.put(RecordingEntry(recording, self.lesson, since, "recording"))
        pauses = pauses_of(state.recording)
        opened = await ask_recorder(
            self._bus, recorder.OpenRecording(recording, self.lesson, since, pauses), recorder.RecordingOpened
        )
        self.table.recording = recording
        self.table.pauses = pauses
        self.table.tap_address = opened.tap_address
        _log.info("recording_opened", lesson=self.lesson, recording=recording)

    async def _set_pauses(self, pauses: tuple[Pause, ...]) -> None:
        assert self.table.recording is not None
        message = recorder.SetPauses(self.table.recording, pauses)
        await ask_recorder(self._bus, message, recorder.RecorderDone)
        self.table.pauses = pauses

    async def _stop_taps(self, media: LessonMedia | None, todo: RecordingPlan) -> None:
        taps = [self.table.taps.pop(share).tap for share in todo.stop if share in self.table.taps]
        if media is None or media.address is None:
            return
        taps += [media.table.taps.pop(producer) for producer in todo.stray if producer in media.table.taps]
        for tap in taps:
            await self._ask_worker(media.address, control.StopTap(tap))

    async def _tap(self, media: LessonMedia, recording: RecordingId, share: ShareId) -> bool:
        """Send a share's packets to the recorder, which then learns what they are."""
        address, router, tap_address = media.address, media.instance, self.table.tap_address
        state = self.host.state
        info = state.shares.get(share) if state is not None else None
        producer = media.table.current().get(share)
        if info is None or producer is None or address is None or router is None or tap_address is None:
            return True
        known = media.table.taps.pop(producer, None)
        tap = self._make_tap() if known is None else known
        tapping = await self._ask_worker(address, control.StartTap(producer, tap, tap_address))
        if not isinstance(tapping, control.Tapping):
            _log.warning("tap_refused", lesson=self.lesson, share=share, reply=type(tapping).__name__)
            return False
        track = recorder.AddTrack(
            recording, tap, share, info.participant, info.source.value, tapping.kind, tapping.codecs
        )
        try:
            await ask_recorder(self._bus, track, recorder.RecorderDone)
        except RecorderRefused as refused:
            await self._ask_worker(address, control.StopTap(tap))
            if refused.code != "unsupported":
                raise
            _log.warning("cannot_record", lesson=self.lesson, share=share, codecs=len(tapping.codecs))
            self.table.unsupported.add(producer)
            return True
        self.table.taps[share] = Tap(tap, router, producer)
        self.table.known.add(share)
        if tapping.kind == "video":
            await self._ask_worker(address, control.RequestKeyFrame(producer))
        return True

    async def _ask_worker(self, address: str, message: Struct) -> Struct | None:
        """None when the worker did not answer: it is being replaced, and its taps went with it."""
        try:
            return await self._bus.request(address, message, timeout=_REQUEST_SECONDS)
        except BusError as error:
            _log.warning("worker_did_not_answer", worker=address, error=str(error))
            return None
