"""All that was recorded, as it was written, in one ZIP: stored, not packed; streamed, never held."""

import asyncio
import zipfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import IO, cast

import msgspec
import structlog
from aiohttp import web

from classroom.stores.port import RecordingEntry
from recorder.archive.port import NoSuchFile, RecordingFiles, StorageFailed
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.file_answers import disposition
from signaling.gateway.replay_api import get_timeline
from signaling.gateway.routing import Route
from signaling.gateway.who import manages_recording

_log = structlog.get_logger("originals")
ROLES = ("programme", "share", "still")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""ZIP's own: the files' true times are in the manifest."""


class _Sink:
    """What the archive writes, until it is sent. Cannot be sought: sizes then follow each file."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing lies elsewhere."""

    def take(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data


async def originals(call: Call) -> web.StreamResponse:
    entry = call.recording
    if entry.state != "ready":
        raise ApiError("recording_not_ready", f"the recording is {entry.state}")
    names = [file.name for file in entry.files if file.role in ROLES]
    notes = {
        "manifest.json": _pretty(_manifest(call, entry)),
        # That of a long lesson is large: others wait for the loop.
        "timeline.json": await asyncio.to_thread(_pretty, await get_timeline(call)),
    }
    for captions in await call.gateway.stores.recordings.captions(entry.id):
        notes[f"captions-{captions.language}.vtt"] = captions.text.encode()
    await call.gateway.stores.recordings.viewed(entry.id, call.actor.account, call.now, True, "originals")
    call.gateway.metrics.views.labels("download").inc()
    response = web.StreamResponse()
    response.content_type = "application/zip"
    title = f"{call.lesson.class_name} {call.lesson.title}.zip"
    response.headers["Content-Disposition"] = disposition(title)
    response.headers["Cache-Control"] = "private, no-store"
    await response.prepare(call.request)
    try:
        async with aclosing(_archive(notes, call.gateway.files, entry.id, names)) as archive:
            async for data in archive:
                await response.write(data)
    except (NoSuchFile, StorageFailed, OSError) as error:
        # An archive that ends without its directory shows that it is not all.
        _log.warning("originals_cut", recording=entry.id, error=str(error))
        if call.request.transport is not None:
            call.request.transport.abort()
    return response


def _pretty(found: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(found), indent=1)


def _manifest(call: Call, entry: RecordingEntry) -> dict[str, object]:
    return {
        "recording": entry.id,
        "lesson": entry.lesson,
        "title": call.lesson.title,
        "class": call.lesson.class_name,
        "started_at": entry.started_at,
        "duration": entry.duration,
        "files": [f for f in entry.files if f.role in ROLES],
    }


async def _archive(
    notes: dict[str, bytes], files: RecordingFiles, recording: str, names: list[str]
) -> AsyncGenerator[bytes, None]:
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as archive:
        for name, data in notes.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        for name in names:
            opened = await files.open(recording, name)
            try:
                with archive.open(zipfile.ZipInfo(name, _EPOCH), "w", force_zip64=True) as member:
                    async for piece in opened.read(0, opened.facts.bytes):
                        member.write(piece)
                        yield sink.take()
            finally:
                await opened.close()
    yield sink.take()


ROUTES = (
    Route(
        "GET",
        "/api/recordings/{recording}/originals",
        originals,
        "All recorded files with manifest, timeline and captions, as a ZIP",
        who=manages_recording,
        content="application/zip",
        errors=("no_such_recording", "not_allowed", "recording_not_ready", "not_found"),
    ),
)
