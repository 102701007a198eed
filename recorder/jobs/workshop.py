"""Runs jobs, one at a time, each in a child process; knows what waits, what runs and what has lately ended."""

import asyncio
import contextlib
import heapq
import re
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog

from recorder import manifest
from recorder.archive.port import NoSuchFile, StorageFailed
from recorder.control import RecorderDone, RecorderFailed
from recorder.jobs import text
from recorder.jobs.__main__ import TEMPORARY, export_name
from recorder.jobs.child import run_child
from recorder.jobs.control import (
    CancelJob,
    FailureCode,
    JobDone,
    JobFailed,
    JobKind,
    JobNotice,
    JobProgress,
    JobRequest,
    JobsKnown,
    ListJobs,
    RemoveJobFile,
    StartJob,
)
from recorder.jobs.report import Done, Failed
from recorder.jobs.request import BadDetails, JobFile, unpack

_log = structlog.get_logger("workshop")
MOST_WAITING = 200
KEPT_ENDED = 200
_ORDER: dict[JobKind, int] = {"thumbnails": 0, "export": 1, "text": 2}
"""What takes seconds goes before what somebody waits for, and that before what nobody waits for."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EXPORT = re.compile(r"export-[A-Za-z0-9_-]{1,64}\.mp4")
Command = Callable[[Path], tuple[str, ...]]


Fetch = Callable[[str], Awaitable[None]]
"""Awaited with a recording before a job reads its files. Raises StorageFailed, NoSuchFile, OSError."""


async def in_place(_recording: str) -> None:
    """All files of recordings are in the directory."""


def command(job_file: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "recorder.jobs", str(job_file))


class Workshop:
    """``directory``: that of all recordings. ``notify`` is called on the event loop and must not block.

    Owns the child. ``close`` ends it; what waits is forgotten, and started again by whoever wants it.
    """

    def __init__(
        self,
        directory: Path,
        notify: Callable[[JobNotice], None],
        *,
        command: Command = command,
        fetch: Fetch = in_place,
    ) -> None:
        self._directory = directory
        self._notify = notify
        self._command = command
        self._fetch = fetch
        self._waiting: list[tuple[int, int, StartJob]] = []
        self._count = 0
        self._more = asyncio.Event()
        self._running: StartJob | None = None
        self._progress = 0.0
        self._work: asyncio.Task[None] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._ended: OrderedDict[str, JobDone | JobFailed] = OrderedDict()
        self._said_no_text = False

    def start(self) -> None:
        self._worker = asyncio.create_task(self._run(), name="workshop")

    async def close(self) -> None:
        """Idempotent."""
        worker, self._worker = self._worker, None
        self._waiting.clear()
        if worker is not None:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    async def handle(self, request: JobRequest) -> RecorderDone | RecorderFailed | JobsKnown:
        """Never raises."""
        match request:
            case StartJob():
                return await self._start(request)
            case CancelJob():
                await self._cancel(request.job)
            case RemoveJobFile():
                return await self._remove(request)
            case ListJobs():
                return self._known()
        return RecorderDone()

    def works_on(self, recording: str) -> bool:
        """Now or soon."""
        running = self._running
        return (running is not None and running.recording == recording) or any(
            request.recording == recording for _, _, request in tuple(self._waiting)
        )

    async def leave(self, recording: str) -> None:
        """The recording is about to be erased: nothing works on it any more, or will, when this returns."""
        jobs = [request.job for _, _, request in self._waiting if request.recording == recording]
        if self._running is not None and self._running.recording == recording:
            jobs.append(self._running.job)
        for job in jobs:
            await self._cancel(job)

    async def _start(self, request: StartJob) -> RecorderDone | RecorderFailed:
        if not (_ID.fullmatch(request.job) and _ID.fullmatch(request.recording)):
            return RecorderFailed("no_such_recording", "no valid id")
        directory = self._directory / request.recording
        found = await asyncio.to_thread(_closed, directory)
        if not found:
            return RecorderFailed("no_such_recording", request.recording)
        if request.kind == "text" and text.command() is None:
            if not self._said_no_text:
                self._said_no_text = True
                _log.warning("stills_not_read", missing="tesseract")
            return RecorderFailed("unsupported", "tesseract is not installed")
        try:
            unpack(request.details)
        except BadDetails as error:
            return RecorderFailed("unsupported", str(error))
        if request.job in self._ids():
            return RecorderDone()
        ended = self._ended.get(request.job)
        if ended is not None:
            self._notify(ended)
            return RecorderDone()
        if len(self._waiting) >= MOST_WAITING:
            return RecorderFailed("busy", "too many jobs wait")
        self._count += 1
        heapq.heappush(self._waiting, (_ORDER[request.kind], self._count, request))
        self._more.set()
        return RecorderDone()

    def _ids(self) -> set[str]:
        found = {request.job for _, _, request in self._waiting}
        return found if self._running is None else {*found, self._running.job}

    async def _cancel(self, job: str) -> None:
        self._ended.pop(job, None)
        self._waiting = [one for one in self._waiting if one[2].job != job]
        heapq.heapify(self._waiting)
        running, work = self._running, self._work
        if running is not None and running.job == job and work is not None:
            work.cancel()
            await asyncio.wait([work])
            if running.kind == "export":
                # It may just have got its name.
                await self._remove(RemoveJobFile(running.recording, export_name(job)))

    async def _remove(self, request: RemoveJobFile) -> RecorderDone | RecorderFailed:
        if not (_ID.fullmatch(request.recording) and _EXPORT.fullmatch(request.name)):
            return RecorderFailed("unsupported", "no file of a job")
        path = self._directory / request.recording / request.name
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            return RecorderFailed("disk", error.strerror or str(error))
        for job, ended in list(self._ended.items()):
            if export_name(job) == request.name and ended.recording == request.recording:
                del self._ended[job]
        return RecorderDone()

    def _known(self) -> JobsKnown:
        one = self._running
        running = None if one is None else JobProgress(one.job, one.recording, one.kind, self._progress)
        waiting = tuple(request.job for _, _, request in sorted(self._waiting, key=lambda entry: entry[:2]))
        return JobsKnown(waiting, running, tuple(self._ended.values()))

    # --- at work ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        """First of all takes away what a crash left unfinished."""
        await asyncio.to_thread(_sweep, self._directory)
        while True:
            while not self._waiting:
                self._more.clear()
                await self._more.wait()
            self._running = heapq.heappop(self._waiting)[2]
            self._progress = 0.0
            self._work = asyncio.create_task(self._do(self._running), name=f"job {self._running.job}")
            try:
                await asyncio.wait([self._work])
            finally:
                # Cancelled itself: the child goes first.
                self._work.cancel()
                await asyncio.wait([self._work])
                self._running = self._work = None

    async def _do(self, request: StartJob) -> None:
        """Cancelled: its process is gone and has left nothing."""
        directory = self._directory / request.recording
        job_file = directory / f"{TEMPORARY}{request.job}.json"
        try:
            await self._fetch(request.recording)
            asked = JobFile(request.job, request.kind, str(directory), unpack(request.details))
            await asyncio.to_thread(job_file.write_bytes, msgspec.json.encode(asked))
            ended = await run_child(
                self._command(job_file), lambda told: self._progressed(request, told.value)
            )
        except OSError as error:
            ended = Failed("failed", error.strerror or str(error))
        except (StorageFailed, NoSuchFile) as error:
            ended = Failed("failed", f"its files could not be fetched: {error}")
        finally:
            with contextlib.suppress(OSError):
                _sweep_one(directory)
        self._end(request, ended)

    def _progressed(self, request: StartJob, value: float) -> None:
        self._progress = min(1.0, max(0.0, value))
        self._notify(JobProgress(request.job, request.recording, request.kind, self._progress))

    def _end(self, request: StartJob, ended: Done | Failed) -> None:
        notice: JobDone | JobFailed
        if isinstance(ended, Done):
            notice = JobDone(request.job, request.recording, request.kind, ended.files)
            _log.info("job_done", job=request.job, kind=request.kind, recording=request.recording)
        else:
            notice = self._failed(request, ended.code, ended.detail)
        self._running = None
        self._ended[request.job] = notice
        while len(self._ended) > KEPT_ENDED:
            self._ended.popitem(last=False)
        self._notify(notice)

    def _failed(self, request: StartJob, code: FailureCode, detail: str) -> JobFailed:
        _log.warning("job_failed", job=request.job, kind=request.kind, recording=request.recording,
                     code=code, detail=detail)  # fmt: skip
        return JobFailed(request.job, request.recording, request.kind, code, detail[:500])


def _closed(directory: Path) -> bool:
    try:
        found = manifest.load(directory)
    except OSError:
        return False
    return found is not None and found.closed


def _sweep(directory: Path) -> None:
    try:
        found = list(directory.iterdir())
    except OSError:
        return
    for path in found:
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                _sweep_one(path)


def _sweep_one(directory: Path) -> None:
    for path in directory.glob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)
