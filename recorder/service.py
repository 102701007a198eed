"""The recorder's face: requests in, replies and notices out, packets through its tap socket."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

from media.tap import TapFrame
from recorder import erasure, journal, salvage
from recorder.control import (
    AddStill,
    AddTrack,
    CloseRecording,
    EndTrack,
    EraseRecording,
    HashRecording,
    ListRecordings,
    OpenRecording,
    RecorderDone,
    RecorderFailed,
    RecorderNotice,
    RecorderReply,
    RecorderRequest,
    RecorderStats,
    RecordingClosed,
    RecordingErasedReply,
    RecordingOpened,
    RecordingsOpen,
    SetPauses,
    SetStage,
    Space,
    TakeRecorderStats,
    TakeSpace,
)
from recorder.depacketize.codecs import UnsupportedCodec
from recorder.disk import QUEUE_BYTES, TO_BEGIN, Disk, is_full
from recorder.files import Files
from recorder.recording import Recording
from recorder.refused import Refused
from recorder.shelf import RECORDING_ID, Shelf
from recorder.stills import BadStill
from recorder.syncing import Syncing
from recorder.taps import TapServer, Unclaimed
from recorder.time import Pause

TICK_S = 0.1
MOST_AHEAD_MS = 1000.0
MOST_BACKLOG_MS = 30_000.0
"""A worker whose clock is further off than this is on a machine without a common clock: then the
packets' own arrival here counts."""


class Recorder:
    """``notify`` is called on the event loop and must not block. Owns the tap socket, the disk's
    thread and every open recording."""

    def __init__(
        self,
        directory: Path,
        tap_address: str,
        notify: Callable[[RecorderNotice], None],
        *,
        wall_ms: Callable[[], float] = lambda: time.time() * 1000,
        queue_bytes: int = QUEUE_BYTES,
        files: Files | None = None,
    ) -> None:
        self._directory = directory
        self._notify = notify
        self._wall_ms = wall_ms
        self._queue_bytes = queue_bytes
        self._files = files
        self._taps = TapServer(tap_address, self._on_frame)
        self._unclaimed = Unclaimed()
        self._routes: dict[int, tuple[Recording, str]] = {}
        self._recordings: dict[str, Recording] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """As long as somebody holds one or waits for it."""
        self._counts: Counter[str] = Counter()
        self._disk: Disk | None = None
        self._syncing: Syncing | None = None
        self._shelf: Shelf | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def tap_address(self) -> str:
        return self._taps.address

    @property
    def records(self) -> bool:
        """Whether a recording is open."""
        return bool(self._recordings)

    def hashes(self, recording: str) -> bool:
        """Whether its files are being read, or will be."""
        return self._shelf is not None and self._shelf.hashes(recording)

    async def start(self) -> None:
        """Raises OSError when the directory or the socket cannot be had."""
        self._directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        await asyncio.to_thread(erasure.empty_trash, self._directory)
        await self._taps.start()
        self._disk = Disk(self._directory, self._queue_bytes, files=self._files)
        self._syncing = Syncing(self._disk)
        self._shelf = Shelf(self._directory, self._notify, self._lock)
        self._ticker = asyncio.create_task(self._tick(), name="recorder-tick")

    async def close(self) -> None:
        """Makes every open file whole, yet leaves its recording open to be taken up again; idempotent."""
        ticker, self._ticker = self._ticker, None
        if ticker is not None:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker
        await self._taps.close()
        self._routes.clear()
        shelf, self._shelf = self._shelf, None
        if shelf is not None:
            await shelf.close()
        recordings, self._recordings = self._recordings, {}
        for recording in recordings.values():
            with contextlib.suppress(OSError):
                await recording.finish(self._wall_ms(), close=False)
        disk, self._disk = self._disk, None
        if disk is not None:
            await disk.close()

    async def handle(self, request: RecorderRequest) -> RecorderReply:
        """Never raises; what cannot be done changes nothing."""
        try:
            match request:
                case ListRecordings():
                    return await self._list()
                case TakeSpace():
                    return Space(await asyncio.to_thread(self._running_disk().free), TO_BEGIN)
                case TakeRecorderStats():
                    return self._stats()
            recording = _valid(request.recording)
            async with self._lock(recording):
                return await self._handle(recording, request)
        except Refused as refusal:
            return refusal.reply
        except (UnsupportedCodec, BadStill) as error:
            return RecorderFailed("unsupported", str(error))
        except OSError as error:
            return RecorderFailed("disk_full" if is_full(error) else "disk", error.strerror or str(error))

    async def _handle(
        self,
        name: str,
        request: OpenRecording
        | SetPauses
        | AddTrack
        | EndTrack
        | SetStage
        | AddStill
        | CloseRecording
        | HashRecording
        | EraseRecording,
    ) -> RecorderReply:
        match request:
            case OpenRecording():
                return await self._open(request)
            case CloseRecording():
                return await self._close(name, request.pauses)
            case HashRecording():
                return await self._on_shelf().hash(request)
            case EraseRecording():
                return await self._erase(name)
        recording = self._recordings.get(name)
        if recording is None:
            closed = await self._on_shelf().closed(name)
            raise Refused("closed" if closed is not None else "no_such_recording", name)
        match request:
            case AddTrack():
                _valid(request.share)
                recording.add_track(request)
                self._forget(recording, request.share)
                for tap in recording.taps(request.share):
                    self._routes[tap] = (recording, request.share)
                claimed = self._unclaimed.take(request.tap)
                self._counts["unknown_tap_packets"] -= len(claimed)
                for frame in claimed:
                    self._on_frame(frame)
            case EndTrack():
                recording.end_track(request.share)
                self._forget(recording, request.share)
            case AddStill():
                _valid(request.share)
                recording.add_still(request)
            case SetStage():
                recording.set_stage(request.share, self._wall_ms())
            case SetPauses():
                recording.set_pauses(request.pauses)
                self._forget(recording)
        return RecorderDone()

    async def _open(self, request: OpenRecording) -> RecorderReply:
        known = self._recordings.get(request.recording)
        if known is None:
            if await self._on_shelf().closed(request.recording) is not None:
                raise Refused("closed", request.recording)
            directory = self._directory / request.recording
            known = await Recording.begin(directory, self._running_disk(), request, self._notify)
            self._recordings[request.recording] = known
        elif known.failed is not None:
            raise known.failed
        elif request.pauses != known.clock.pauses:
            known.set_pauses(request.pauses)
            self._forget(known)
        return RecordingOpened(self._taps.address)

    async def _close(self, name: str, pauses: tuple[Pause, ...] | None) -> RecordingClosed:
        recording = self._recordings.get(name)
        if recording is not None and not recording.stopped:
            self._drop(name, recording)
            if pauses is not None:
                recording.set_pauses(pauses)
            try:
                return await recording.finish(self._wall_ms(), close=True)
            except OSError:
                self._counts["disk_failures"] += 1
        elif recording is not None:
            self._drop(name, recording)
            with contextlib.suppress(OSError):
                await recording.finish(None, close=False)
        else:
            closed = await self._on_shelf().closed(name)
            if closed is not None:
                await self._on_shelf().tidy(name)
                return closed
        return await self._finish_left_open(name, pauses)

    async def _finish_left_open(self, name: str, pauses: tuple[Pause, ...] | None) -> RecordingClosed:
        """From what is on disk: after a crash of this process, or of its disk."""
        directory = self._directory / name
        try:
            begun = (await asyncio.to_thread(salvage.find, directory)).journal.begun
        except (journal.NoJournal, FileNotFoundError) as error:
            raise Refused("no_such_recording", name) from error
        request = OpenRecording(name, begun.lesson, begun.started_at, pauses or ())
        recording = await Recording.begin(
            directory, self._running_disk(), request, self._notify, check_space=False
        )
        return await recording.finish(None, close=True)

    def _drop(self, name: str, recording: Recording) -> None:
        self._recordings.pop(name, None)
        self._forget(recording)

    async def _erase(self, name: str) -> RecordingErasedReply:
        if name in self._recordings:
            raise Refused("open", name)
        return await self._on_shelf().erase(name)

    def _forget(self, recording: Recording, share: str | None = None) -> None:
        """``share`` None: all of them."""
        for tap, (of, its) in tuple(self._routes.items()):
            if of is recording and share in (None, its):
                del self._routes[tap]

    async def _list(self) -> RecordingsOpen:
        left = await self._on_shelf().left_open()
        return RecordingsOpen(tuple(sorted({*left, *self._recordings})))

    def _stats(self) -> RecorderStats:
        values: dict[str, float] = dict(self._counts)
        if self._shelf is not None:
            values["sums_not_kept"] = self._shelf.failures
        values |= {
            "recordings": len(self._recordings),
            "dropped_packets": sum(recording.dropped for recording in self._recordings.values()),
            "taps": len(self._routes),
            "tap_connections": len(self._taps.connections),
            "tap_streams_malformed": self._taps.malformed,
            "tasks": len(asyncio.all_tasks()),
        }
        if self._disk is not None:
            values |= {"disk_queued_bytes": self._disk.queued, "disk_written_bytes": self._disk.written}
        if self._syncing is not None:
            values |= {"syncs": self._syncing.done, "sync_ms": self._syncing.cost_ms}
        return RecorderStats({f"recorder_{name}": float(value) for name, value in values.items()})

    def _on_frame(self, frame: TapFrame) -> None:
        route = self._routes.get(frame.tap)
        if route is None:
            self._counts["unknown_tap_packets"] += 1
            self._unclaimed.add(frame, self._wall_ms() / 1000)
            return
        self._counts["packets"] += 1
        recording, share = route
        arrival = frame.arrival / 1e6
        now = self._wall_ms()
        if not -MOST_BACKLOG_MS < arrival - now < MOST_AHEAD_MS:
            self._counts["foreign_clock_packets"] += 1
            arrival = now
        recording.frame(share, frame, arrival)

    def tick(self) -> None:
        """What time alone brings about; done by itself every TICK_S."""
        now = self._wall_ms()
        self._unclaimed.tidy(now / 1000)
        recordings = list(self._recordings.values())
        for recording in recordings:
            recording.tick(now)
        if self._syncing is not None:
            self._syncing.tick(now, recordings)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def _lock(self, recording: str) -> asyncio.Lock:
        return self._locks.setdefault(recording, asyncio.Lock())

    def _on_shelf(self) -> Shelf:
        if self._shelf is None:
            raise Refused("disk", "the recorder is not running")
        return self._shelf

    def _running_disk(self) -> Disk:
        if self._disk is None:
            raise Refused("disk", "the recorder is not running")
        return self._disk


def _valid(name: str) -> str:
    if not RECORDING_ID.fullmatch(name):
        raise Refused("no_such_recording", "no valid id")
    return name
