"""All that was recorded, as it was written, in one ZIP: stored, not packed; streamed, never held."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, cast

import msgspec
from aiohttp import web

from classroom.stores.port import RecordingEntry
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.file_answers import disposition, file_path
from signaling.gateway.replay_api import get_timeline
from signaling.gateway.routing import Route
from signaling.gateway.who import manages_recording

ROLES = ("programme", "share", "still")
_CHUNK = 1 << 20
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
    root = call.gateway.settings.recordings
    files = [(f.name, file_path(root, entry.id, f.name)) for f in entry.files if f.role in ROLES]
    notes = {
        "manifest.json": msgspec.json.format(msgspec.json.encode(_manifest(call, entry)), indent=1),
        "timeline.json": msgspec.json.format(msgspec.json.encode(await get_timeline(call)), indent=1),
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
    async for data in _archive(notes, files):
        await response.write(data)
    return response


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


async def _archive(notes: dict[str, bytes], files: list[tuple[str, Path]]) -> AsyncIterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as archive:
        for name, data in notes.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        for name, path in files:
            with (
                path.open("rb") as file,
                archive.open(zipfile.ZipInfo(name, _EPOCH), "w", force_zip64=True) as member,
            ):
                while data := await asyncio.to_thread(file.read, _CHUNK):
                    member.write(data)
                    yield sink.take()
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
