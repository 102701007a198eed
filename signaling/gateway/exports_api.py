"""Films of recordings, for those who manage them; the small pictures, for all who may watch."""

import asyncio

import msgspec
from aiohttp import web

from classroom.stores.port import RecordingFileEntry
from recorder.jobs import thumbnails_index
from recorder.jobs.request import ExportDetails
from recorder.jobs.thumbnails_index import INDEX
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.export_details import camera_of, export_details
from signaling.gateway.jobs_director import JobRefused, export_file
from signaling.gateway.recorded_bytes import read_whole
from signaling.gateway.recordings_api import serve
from signaling.gateway.routing import Route
from signaling.gateway.who import manages_recording, watches_recording
from signaling.wire.replay import Export, ExportList, NewExport, Thumbnails

_MOST_INDEX = 4 << 20
"""Bytes; an index of a lesson of hours has some kilobytes."""


async def new_export(call: Call) -> Export:
    wanted, entry, gateway = call.take(NewExport), call.recording, call.gateway
    if entry.state != "ready":
        raise ApiError("recording_not_ready", f"the recording is {entry.state}")
    log = await gateway.stores.log.read(entry.lesson)
    cameras = frozenset(
        file.participant for file in entry.files if file.role == "share" and file.source == "camera"
    )
    teacher = call.lesson.teacher

    def read() -> ExportDetails:
        camera = camera_of(log, teacher, cameras) if wanted.camera else ""
        return export_details(log, entry.id, chat=wanted.chat, camera=camera)

    # A long lesson's log is read in a thread: others wait for the loop.
    details = await asyncio.to_thread(read)
    try:
        return await gateway.jobs.export(entry, details)
    except JobRefused as refused:
        raise ApiError("busy", str(refused)) from None


async def list_exports(call: Call) -> ExportList:
    return ExportList(call.gateway.jobs.exports(call.recording))


async def remove_export(call: Call) -> None:
    try:
        found = await call.gateway.jobs.remove(call.recording, call.request.match_info["export"])
    except JobRefused as refused:
        raise ApiError("busy", str(refused)) from None
    if not found:
        raise ApiError("not_found", "no such export")


async def export_download(call: Call) -> web.StreamResponse:
    name = export_file(call.request.match_info["export"])
    return await serve(call, _file(call, "export", name))


async def thumbnails(call: Call) -> Thumbnails:
    if _file(call, "thumbnails", INDEX) is None:
        raise ApiError("not_found", "there are no thumbnails, or not yet")
    index = await read_whole(call.gateway.files, call.recording.id, INDEX, _MOST_INDEX)
    try:
        found = msgspec.json.decode(index, type=thumbnails_index.Thumbnails)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise ApiError("not_found", "the thumbnails cannot be read") from None
    return Thumbnails(**msgspec.structs.asdict(found))


def _file(call: Call, role: str, name: str) -> RecordingFileEntry | None:
    return next((file for file in call.recording.files if file.role == role and file.name == name), None)


_PATH = "/api/recordings/{recording}/exports"
_ERRORS = ("no_such_recording", "not_allowed")

ROUTES = (
    Route(
        "POST",
        _PATH,
        new_export,
        "Make a film (MP4) of the recording; one that is the same, made or under way, is answered instead",
        who=manages_recording,
        request=NewExport,
        response=Export,
        errors=(*_ERRORS, "recording_not_ready", "busy"),
    ),
    Route(
        "GET",
        _PATH,
        list_exports,
        "Films of the recording: made, under way, or failed",
        who=manages_recording,
        response=ExportList,
        errors=_ERRORS,
    ),
    Route(
        "DELETE",
        _PATH + "/{export}",
        remove_export,
        "Cancel a film that is under way, or take away one that is made",
        who=manages_recording,
        status=204,
        errors=(*_ERRORS, "not_found", "busy"),
    ),
    Route(
        "GET",
        _PATH + "/{export}/file",
        export_download,
        "The film as a download; byte ranges",
        who=manages_recording,
        content="video/mp4",
        errors=(*_ERRORS, "recording_not_ready", "not_found", "storage_unreachable"),
        ranges=True,
    ),
    Route(
        "GET",
        "/api/recordings/{recording}/thumbnails",
        thumbnails,
        "Small pictures of the recording: where and when; the sheets are files of the recording",
        who=watches_recording,
        response=Thumbnails,
        errors=("no_such_recording", "not_found", "storage_unreachable"),
    ),
)
