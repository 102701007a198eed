"""Jobs on closed recordings: small pictures and the text of stills by themselves, films when somebody asks.

What a job made is added to the catalogue. The recorder's workshop is where jobs are; a recorder that comes
back is asked what it knows, and what was lost with the one before is started again.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from msgspec import Struct

from classroom.ids import RecordingId
from classroom.stores.port import RecordingEntry, RecordingFileEntry, Stores
from recorder.control import RecorderDone
from recorder.jobs import control as jobs
from recorder.jobs.request import ExportDetails
from signaling.bus.port import Bus
from signaling.gateway.clock import MakeId
from signaling.gateway.export_details import packed
from signaling.gateway.lesson_recording import RECORDER, RecorderRefused, ask_recorder
from signaling.gateway.metrics import Metrics
from signaling.gateway.tasks import Tasks
from signaling.wire import replay as wire

_log = structlog.get_logger("jobs_director")
_CANCEL_SECONDS = 10.0
MOST_ENDED = 200
"""Exports that ended, of all recordings, that are still told of; those made are in the catalogue."""
MOST_TAKEN_UP = 100
"""Recordings whose small pictures and text are made up for when the recorder comes."""
_ACTIVE = ("waiting", "running")


class JobRefused(Exception):
    """The recorder is away, or has too much to do: nothing has changed."""


@dataclass
class _Export:
    id: str
    recording: RecordingId
    chat: bool
    camera: bool
    details: bytes | None
    """None: of an earlier gateway; it cannot be started again."""
    state: str = "waiting"
    progress: float = 0.0
    reason: str = ""
    bytes: int = 0

    def end(self, state: str, reason: str = "") -> None:
        """What it was made of is not kept."""
        self.state, self.reason, self.details = state, reason, None
        self.progress = {"ready": 1.0, "cancelled": 0.0}.get(state, self.progress)

    def told(self) -> wire.Export:
        return wire.Export(
            id=self.id,
            state=self.state,  # type: ignore[arg-type]
            chat=self.chat,
            camera=self.camera,
            progress=self.progress,
            bytes=self.bytes,
            reason=self.reason,
        )


def export_file(export: str) -> str:
    return f"export-{export}.mp4"


def _of_file(file: RecordingFileEntry) -> wire.Export:
    made = file.name.removeprefix("export-").removesuffix(".mp4")
    parts = file.source.split()
    return wire.Export(made, "ready", "chat" in parts, "camera" in parts, 1.0, file.bytes)


class JobsDirector:
    def __init__(self, bus: Bus, stores: Stores, make_id: MakeId, metrics: Metrics) -> None:
        self._bus = bus
        self._stores = stores
        self._make_id = make_id
        self._metrics = metrics
        self._tasks = Tasks()
        self._stack = AsyncExitStack()
        self._exports: dict[str, _Export] = {}
        self._recorder: str | None = None

    async def start(self) -> None:
        await self._stack.enter_async_context(self._bus.subscribe(RECORDER, self._notice))
        await self._stack.enter_async_context(self._bus.watch(RECORDER, self._presence))

    async def close(self) -> None:
        await self._stack.aclose()
        await self._tasks.close()

    # --- what is asked of it ---

    def ready(self, entry: RecordingEntry) -> None:
        """A recording has become ready."""
        self._tasks.start(self._make_up_for(entry), f"jobs of {entry.id}")

    def exports(self, entry: RecordingEntry) -> tuple[wire.Export, ...]:
        made = tuple(_of_file(file) for file in entry.files if file.role == "export")
        known = {export.id for export in made}
        under_way = (
            e.told() for e in self._exports.values() if e.recording == entry.id and e.id not in known
        )
        return (*made, *under_way)

    async def export(self, entry: RecordingEntry, details: ExportDetails) -> wire.Export:
        """One that is the same, made or under way, is not made again. Raises JobRefused."""
        chat, camera = details.chat is not None, bool(details.camera)
        for one in self.exports(entry):
            if (one.chat, one.camera) == (chat, camera) and one.state in ("ready", *_ACTIVE):
                return one
        made = _Export(self._make_id(), entry.id, chat, camera, packed(details))
        self._exports[made.id] = made
        self._forget_ended()
        if await self._start_export(made) == "busy":
            del self._exports[made.id]
            raise JobRefused("too many jobs wait")
        return made.told()

    async def remove(self, entry: RecordingEntry, export: str) -> bool:
        """Cancelled when it is under way, else its file is taken away. False when there is none.
        Raises JobRefused."""
        known = self._exports.get(export)
        file = next((f for f in entry.files if f.role == "export" and f.name == export_file(export)), None)
        if file is None and (known is None or known.recording != entry.id):
            return False
        await self._cancel(export)
        code = await self._ask(jobs.RemoveJobFile(entry.id, export_file(export)))
        if code and file is not None:
            raise JobRefused(f"the file is still there: {code}")
        await self._stores.recordings.remove_files(entry.id, (export_file(export),))
        if known is not None and known.state in _ACTIVE:
            known.end("cancelled")
        else:
            self._exports.pop(export, None)
        return True

    async def gone(self, recording: RecordingId) -> None:
        """The recording is erased: what works on it stops, and nothing of it is left when this returns."""
        for export in [e for e in self._exports.values() if e.recording == recording]:
            del self._exports[export.id]
            await self._cancel(export.id)
        for kind in ("thumbnails", "text"):
            await self._cancel(f"{kind}-{recording}")

    # --- what the recorder tells ---

    async def _notice(self, notice: Struct) -> None:
        if isinstance(notice, jobs.JobProgress):
            self._progressed(notice)
        elif isinstance(notice, jobs.JobDone):
            await self._done(notice)
        elif isinstance(notice, jobs.JobFailed):
            self._failed(notice)

    def _progressed(self, notice: jobs.JobProgress) -> None:
        if notice.kind != "export":
            return
        export = self._exports.get(notice.job)
        if export is None:
            made = _Export(notice.job, RecordingId(notice.recording), False, False, None)
            export = self._exports[notice.job] = made
        if export.state in _ACTIVE:
            export.state, export.progress = "running", notice.progress

    async def _done(self, notice: jobs.JobDone) -> None:
        recording = RecordingId(notice.recording)
        export = self._exports.get(notice.job)
        if export is not None and export.state == "cancelled":
            # The recorder could not be told in time: what it made is not wanted.
            removal = jobs.RemoveJobFile(recording, export_file(export.id))
            self._tasks.start(self._ask(removal), f"remove export {export.id}")
            return
        files = tuple(
            RecordingFileEntry(
                name=file.name,
                role=file.role,
                mime_type=file.mime_type,
                start=file.start,
                duration=file.duration,
                bytes=file.bytes,
                source=file.source,
            )
            for file in notice.files
        )
        if not await self._stores.recordings.put_files(recording, files):
            self._exports.pop(notice.job, None)
            return
        self._metrics.jobs.labels(notice.kind, "done").inc()
        _log.info("job_done", kind=notice.kind, recording=recording)
        if export is not None:
            # Kept: who has read the catalogue just before must not see it vanish.
            export.end("ready")
            export.bytes = sum(file.bytes for file in files)

    def _failed(self, notice: jobs.JobFailed) -> None:
        self._metrics.jobs.labels(notice.kind, notice.code).inc()
        _log.warning("job_failed", kind=notice.kind, recording=notice.recording, code=notice.code)
        export = self._exports.get(notice.job)
        if export is not None and export.state in _ACTIVE:
            export.end("failed", notice.code)

    async def _presence(self, address: str, instance: str | None) -> None:
        if address != RECORDER or instance == self._recorder:
            return
        self._recorder = instance
        if instance is None:
            for export in self._exports.values():
                if export.state in _ACTIVE:
                    export.state, export.progress = "waiting", 0.0
            return
        self._tasks.start(self._take_up(), "take up jobs")

    # --- inside ---

    async def _take_up(self) -> None:
        try:
            known = await ask_recorder(self._bus, jobs.ListJobs(), jobs.JobsKnown)
        except RecorderRefused:
            return
        for ended in known.ended:
            if ended.kind == "export":
                await self._catch_up(ended)
        if known.running is not None:
            self._progressed(known.running)
        here = {*known.waiting, *([known.running.job] if known.running else [])}
        for export in list(self._exports.values()):
            if export.state in _ACTIVE and export.id not in here:
                await self._start_export(export)
        entries = [entry for entry in await self._stores.recordings.all() if entry.state == "ready"]
        for entry in entries[:MOST_TAKEN_UP]:
            await self._make_up_for(entry)

    async def _catch_up(self, ended: jobs.JobDone | jobs.JobFailed) -> None:
        """Of an export that ended while nobody here listened. One whose file was removed since stays so."""
        if isinstance(ended, jobs.JobFailed):
            self._failed(ended)
        elif ended.job in self._exports or await self._still_missing(ended):
            await self._done(ended)

    async def _still_missing(self, ended: jobs.JobDone) -> bool:
        entry = await self._stores.recordings.get(RecordingId(ended.recording))
        return entry is not None and not {f.name for f in ended.files} <= {f.name for f in entry.files}

    async def _make_up_for(self, entry: RecordingEntry) -> None:
        roles = {file.role for file in entry.files}
        if "programme" in roles and "thumbnails" not in roles:
            await self._ask(jobs.StartJob(f"thumbnails-{entry.id}", "thumbnails", entry.id))
        if "still" in roles and "text" not in roles:
            await self._ask(jobs.StartJob(f"text-{entry.id}", "text", entry.id))

    async def _start_export(self, export: _Export) -> str:
        """The refusal's code; empty when it was started."""
        if export.details is None:
            export.end("failed", "failed")
            return "unsupported"
        export.state, export.progress = "waiting", 0.0
        code = await self._ask(jobs.StartJob(export.id, "export", export.recording, export.details))
        if code not in ("", "unavailable") and export.state in _ACTIVE:
            # Away: it is started when the recorder is back.
            export.end("failed", "failed")
        return code

    async def _cancel(self, job: str) -> None:
        await self._ask(jobs.CancelJob(job))

    async def _ask(self, message: jobs.JobRequest) -> str:
        """The refusal's code; empty when it was done."""
        try:
            await ask_recorder(self._bus, message, RecorderDone, _CANCEL_SECONDS)
        except RecorderRefused as refused:
            if refused.code != "unsupported":
                _log.warning("job_refused", request=type(message).__name__, code=refused.code)
            return refused.code
        return ""

    def _forget_ended(self) -> None:
        ended = [e.id for e in self._exports.values() if e.state not in _ACTIVE]
        for export in ended[: max(0, len(ended) - MOST_ENDED)]:
            del self._exports[export]
