"""Catching up: who is in a live lesson that is recorded watches it from its beginning.

Whether the account is admitted is asked at every request, of the lesson's own state.
"""

import asyncio
import os
from collections import OrderedDict
from pathlib import Path

from aiohttp import web

from classroom.lesson.checks import inside
from classroom.lesson.refusal import Refusal
from classroom.lesson.state import RecordingNow
from recorder import snapshot
from recorder.snapshot import NoSnapshot, Snapshot
from recorder.time import recording_time
from signaling.gateway import byte_range
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.recording_plan import pauses_of
from signaling.gateway.routing import Query, Route, integer
from signaling.gateway.stills_api import is_inside
from signaling.wire.replay import Rewind, RewindPart

_CHUNK = 256 * 1024
_KEPT = 64
_cache: OrderedDict[tuple[str, str, int], Snapshot] = OrderedDict()
"""Snapshots never change: a player asks for many ranges of one."""


def _running(call: Call) -> RecordingNow:
    host = call.gateway.hosts.loaded(call.lesson.id)
    state = None if host is None else host.state
    if state is None or state.recording is None:
        raise ApiError("not_recording", "the lesson is not recorded now")
    return state.recording


def _still_inside(call: Call) -> bool:
    host = call.gateway.hosts.loaded(call.lesson.id)
    state = None if host is None else host.state
    return state is not None and not isinstance(inside(state, call.actor), Refusal)


def _directory(call: Call, running: RecordingNow) -> Path:
    return call.gateway.settings.recordings / running.id


async def rewind(call: Call) -> Rewind:
    running = _running(call)
    try:
        parts = await asyncio.to_thread(snapshot.programme, _directory(call, running))
    except OSError:
        raise ApiError("busy", "the recording cannot be read now") from None
    now = recording_time(call.now, running.since, pauses_of(running))
    return Rewind(
        recording=running.id,
        now_ms=max(0, round(now)),
        paused=running.paused,
        parts=tuple(
            RewindPart(part.name, part.mime_type, part.start, part.duration, part.upto) for part in parts
        ),
    )


async def rewind_part(call: Call) -> web.StreamResponse:
    running, request = _running(call), call.request
    name, upto = request.match_info["name"], integer(call, "upto", 1, 2**53)
    if upto is None:
        raise ApiError("bad_request", "upto: how many bytes, as told")
    found = await _snapshot(_directory(call, running), running.id, name, upto)
    try:
        span = byte_range.parse(request.headers.get("Range"), found.size)
    except byte_range.NotSatisfiable:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{found.size}"})
    start, stop = span or (0, found.size)
    response = web.StreamResponse(status=200 if span is None else 206)
    response.content_type = found.mime_type
    response.content_length = stop - start
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private, no-store"
    if span is not None:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.size}"
    # Wherever a playback begins, its line is written before its first byte is sent.
    if request.method != "HEAD" and call.gateway.viewings.begins(
        running.id, call.actor.account, call.now, "live"
    ):
        await call.gateway.stores.recordings.viewed(running.id, call.actor.account, call.now, False, "live")
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    await _send(call, response, _directory(call, running) / found.name, found, start, stop)
    return response


async def _send(
    call: Call, response: web.StreamResponse, path: Path, found: Snapshot, start: int, stop: int
) -> None:
    descriptor = await asyncio.to_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        for piece in found.pieces(start, stop):
            if isinstance(piece, bytes):
                await response.write(piece)
                continue
            offset, left = piece
            while left:
                data = await asyncio.to_thread(os.pread, descriptor, min(left, _CHUNK), offset)
                if not data:
                    return
                await response.write(data)
                offset, left = offset + len(data), left - len(data)
                # Who is put out in the middle of it gets no further.
                if not _still_inside(call):
                    return
    finally:
        os.close(descriptor)


async def _snapshot(directory: Path, recording: str, name: str, upto: int) -> Snapshot:
    key = (recording, name, upto)
    found = _cache.get(key)
    if found is None:
        try:
            found = await asyncio.to_thread(snapshot.at, directory, name, upto)
        except NoSnapshot:
            raise ApiError("not_found", "no such part, or never of this length") from None
        except OSError:
            raise ApiError("busy", "the recording cannot be read now") from None
        _cache[key] = found
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    else:
        _cache.move_to_end(key)
    return found


_ERRORS = ("lesson_not_found", "not_admitted", "lesson_not_live", "lesson_ended", "not_recording", "busy")

ROUTES = (
    Route(
        "GET",
        "/api/lessons/{lesson}/rewind",
        rewind,
        "The running recording so far, for who is in the lesson",
        who=is_inside,
        response=Rewind,
        errors=_ERRORS,
    ),
    Route(
        "GET",
        "/api/lessons/{lesson}/rewind/{name}",
        rewind_part,
        "A part of the running recording up to `upto`, as a whole file; byte ranges",
        who=is_inside,
        content="video/webm",
        errors=(*_ERRORS, "not_found", "bad_request"),
        query=(Query("upto", "Bytes, as `rewind` told"),),
        ranges=True,
    ),
)
