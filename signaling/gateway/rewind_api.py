"""Catching up: who is in a live lesson that is recorded watches it from its beginning.

Whether the account is admitted is asked at every request, of the lesson's own state.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from io import FileIO
from pathlib import Path

from aiohttp import web

from classroom.lesson.state import RecordingNow
from recorder import snapshot
from recorder.archive.port import Facts, NoSuchFile
from recorder.snapshot import NoSnapshot, Snapshot
from recorder.time import recording_time
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.recorded_bytes import answer
from signaling.gateway.recording_plan import pauses_of
from signaling.gateway.routing import Query, Route, integer
from signaling.gateway.stills_api import is_inside, state_of, still_inside
from signaling.wire.replay import Rewind, RewindPart

_CHUNK = 256 * 1024
_KEPT = 64
_cache: OrderedDict[tuple[str, str, int], Snapshot] = OrderedDict()
"""Snapshots never change: a player asks for many ranges of one."""


def _running(call: Call) -> RecordingNow:
    state = state_of(call, call.lesson)
    if state is None or state.recording is None:
        raise ApiError("not_recording", "the lesson is not recorded now")
    return state.recording


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
        opened = await asyncio.to_thread(_open, _directory(call, running) / found.name)
    except OSError:
        raise ApiError("busy", "the recording cannot be read now") from None
    stood_at = (running.since + found.start + found.duration) * 1_000_000

    async def viewed() -> None:
        account, viewings = call.actor.account, call.gateway.viewings
        if request.method != "HEAD" and viewings.begins(running.id, account, call.now, "live"):
            try:
                await call.gateway.stores.recordings.viewed(running.id, account, call.now, False, "live")
            except BaseException:
                viewings.not_written(running.id, account, "live")
                raise

    return await answer(
        request,
        _OpenSnapshot(opened, found, Facts(found.size, stood_at), lambda: still_inside(call)),
        mime_type=found.mime_type,
        headers={"Cache-Control": "private, no-store"},
        before=viewed,
    )


def _open(path: Path) -> FileIO:
    return FileIO(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb")


class _OpenSnapshot:
    """An ``OpenFile``. ``may``: asked before each piece; who is put out in the middle of it gets no further."""

    file = None

    def __init__(self, growing: FileIO, found: Snapshot, facts: Facts, may: Callable[[], bool]) -> None:
        self.facts = facts
        self._growing = growing
        self._found = found
        self._may = may

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        for piece in self._found.pieces(start, stop):
            if isinstance(piece, bytes):
                yield piece
                continue
            offset, left = piece
            while left:
                if not self._may():
                    raise NoSuchFile("not in the lesson any more")
                data = await asyncio.to_thread(os.pread, self._growing.fileno(), min(left, _CHUNK), offset)
                if not data:
                    raise NoSuchFile("the file is shorter than it was")
                yield data
                offset, left = offset + len(data), left - len(data)

    async def close(self) -> None:
        self._growing.close()


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
