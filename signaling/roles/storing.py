"""The recorder role's part in storage: closed recordings move there; what is erased or removed goes there too."""

from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from recorder.archive import address
from recorder.archive.both import Archive
from recorder.archive.opening import open_files
from recorder.archive.pace import ALONE, BESIDE_LESSONS, Pacer
from recorder.archive.port import NoSuchFile, StorageFailed
from recorder.archive.uploads import Uploads
from recorder.control import (
    CloseRecording,
    EraseRecording,
    RecorderFailed,
    RecorderStats,
    RecordingErasedReply,
    RecordingHashed,
    TakeRecorderStats,
)
from recorder.jobs.control import JobDone, RemoveJobFile
from signaling.settings import Settings

Handle = Callable[[Struct], Awaitable[Struct]]


def upload_rate(upload_mbit: float | None, *, records: bool) -> float:
    """Bytes a second."""
    if upload_mbit is not None:
        return upload_mbit * 1e6 / 8
    return BESIDE_LESSONS if records else ALONE


def open_archive(settings: Settings, records: Callable[[], bool]) -> Archive | None:
    """None where recordings stay in the data directory. Raises ValueError."""
    if not settings.storage_url:
        return None
    most = address.parse(settings.storage_url).upload_mbit
    pacer = Pacer(lambda: upload_rate(most, records=records()))
    found = open_files(settings.recordings, settings.storage_url, pacer)
    assert isinstance(found, Archive)
    return found


class Storing:
    """Around ``handle``, which does what is asked on this machine's disk."""

    def __init__(self, uploads: Uploads, handle: Handle) -> None:
        self._uploads = uploads
        self._handle = handle

    def noticed(self, notice: Struct) -> None:
        """What the recorder tells: it may be the last that an upload waited for."""
        if isinstance(notice, RecordingHashed | JobDone):
            self._uploads.wake()

    async def handle(self, request: Struct) -> Struct:
        match request:
            case EraseRecording():
                return await self._erase(request)
            case RemoveJobFile():
                return await self._remove(request)
        reply = await self._handle(request)
        if isinstance(request, CloseRecording):
            self._uploads.wake()
        if isinstance(request, TakeRecorderStats) and isinstance(reply, RecorderStats):
            figures = {f"recorder_{name}": float(value) for name, value in self._uploads.figures.items()}
            return RecorderStats({**reply.values, **figures})
        return reply

    async def _erase(self, request: EraseRecording) -> Struct:
        """From storage first: as long as that does not do it, the whole erasure is yet to be done."""
        async with self._uploads.leave(request.recording):
            try:
                stored = await self._uploads.delete_all(request.recording)
            except NoSuchFile:
                return await self._handle(request)  # which refuses it
            except StorageFailed as error:
                return RecorderFailed("storage", str(error))
            except OSError as error:
                return RecorderFailed("disk", error.strerror or str(error))
            reply = await self._handle(request)
            if isinstance(reply, RecordingErasedReply):
                return replace(reply, files=reply.files + stored.files, bytes=reply.bytes + stored.bytes)
            return reply

    async def _remove(self, request: RemoveJobFile) -> Struct:
        async with self._uploads.leave(request.recording):
            try:
                await self._uploads.delete(request.recording, request.name)
            except NoSuchFile:
                pass
            except StorageFailed as error:
                return RecorderFailed("storage", str(error))
            except OSError as error:
                return RecorderFailed("disk", error.strerror or str(error))
            return await self._handle(request)
