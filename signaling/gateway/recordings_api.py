"""Recordings: listed, shown, played by byte ranges, downloaded; every view is recorded."""

from aiohttp import web

from classroom.ids import LessonId, ParticipantId
from classroom.lesson import commands
from classroom.lesson.events import Knocked
from classroom.lesson.refusal import Refusal
from classroom.people import Actor
from classroom.stores.port import LessonEntry, RecordingEntry, RecordingFileEntry, RecordingSummary
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.file_answers import disposition
from signaling.gateway.recorded_bytes import serve as serve_file
from signaling.gateway.routing import Query, Route
from signaling.gateway.who import hosts_recording, is_id, manages, watches, watches_recording
from signaling.wire.http import (
    CaptionsRow,
    RecordingDetail,
    RecordingFile,
    RecordingList,
    RecordingRow,
    RecordingViewed,
    ReplayPermission,
)


async def list_recordings(call: Call) -> RecordingList:
    wanted = call.request.query.get("lesson")
    if wanted is not None and not is_id(wanted):
        return RecordingList(())
    lesson = None if wanted is None else LessonId(wanted)
    found = await call.gateway.stores.recordings.summaries(lesson)
    return RecordingList(tuple(_row(each, call.actor) for each in found if watches(call.actor, each.lesson)))


async def one_recording(call: Call) -> RecordingDetail:
    stores = call.gateway.stores
    entry, lesson, actor = call.recording, call.lesson, call.actor
    names = await _names(call) if entry.files else {}
    views = await stores.recordings.views(entry.id) if manages(actor, lesson) else ()
    captions = await stores.recordings.captions(entry.id)
    position = await stores.recordings.position(entry.id, actor.account)
    newest = sorted(views, key=lambda view: view.at, reverse=True)
    return RecordingDetail(
        recording=_row(_summary(entry, lesson), actor),
        files=tuple(
            RecordingFile(
                name=file.name,
                role=file.role,
                mime_type=file.mime_type,
                start_ms=file.start,
                duration_ms=file.duration,
                bytes=file.bytes,
                source=file.source,
                participant_name=names.get(ParticipantId(file.participant), ""),
                sha256=file.sha256,
            )
            for file in _shown(call)
        ),
        views=tuple(
            RecordingViewed(view.name, view.username, view.at, view.downloaded, view.what) for view in newest
        ),
        captions=tuple(CaptionsRow(each.language) for each in captions),
        position_ms=position or 0,
    )


def _shown(call: Call) -> tuple[RecordingFileEntry, ...]:
    """Films are for those who manage the recording."""
    if manages(call.actor, call.lesson):
        return call.recording.files
    return tuple(file for file in call.recording.files if file.role != "export")


async def _names(call: Call) -> dict[ParticipantId, str]:
    """As they were called in the lesson; who was erased has no name any more."""
    return {
        recorded.event.participant: recorded.event.name
        for recorded in await call.gateway.stores.log.read(call.recording.lesson)
        if isinstance(recorded.event, Knocked)
    }


def _summary(entry: RecordingEntry, lesson: LessonEntry) -> RecordingSummary:
    return RecordingSummary(
        id=entry.id,
        lesson=lesson,
        started_at=entry.started_at,
        state=entry.state,  # type: ignore[arg-type]
        duration=entry.duration,
        bytes=sum(file.bytes for file in entry.files),
    )


def _row(summary: RecordingSummary, actor: Actor) -> RecordingRow:
    lesson = summary.lesson
    return RecordingRow(
        id=summary.id,
        lesson=lesson.id,
        title=lesson.title,
        class_name=lesson.class_name,
        started_at=summary.started_at,
        duration_ms=summary.duration,
        bytes=summary.bytes,
        state=summary.state,
        replay_allowed=lesson.replay_allowed,
        may_manage=actor.teaches(lesson.class_id),
        may_download=manages(actor, lesson),
    )


async def programme(call: Call) -> web.StreamResponse:
    file = next((file for file in call.recording.files if file.role == "programme"), None)
    return await serve(call, file)


async def one_file(call: Call) -> web.StreamResponse:
    wanted = call.request.match_info["name"]
    file = next((file for file in _shown(call) if file.name == wanted), None)
    return await serve(call, file)


async def serve(call: Call, file: RecordingFileEntry | None) -> web.StreamResponse:
    entry = call.recording
    if entry.state != "ready":
        raise ApiError("recording_not_ready", f"the recording is {entry.state}")
    if file is None:
        raise ApiError("not_found", "no such file")
    headers = {}
    download = file.role == "export" or call.request.query.get("download") == "1"
    if download and not manages(call.actor, call.lesson):
        raise ApiError("not_allowed", "who may watch may not download")
    if download:
        ending = file.name.rpartition(".")[2]
        parts = [part.name for part in entry.files if part.role == "programme"]
        part = f" ({parts.index(file.name) + 1})" if file.name in parts[1:] else ""
        title = f"{call.lesson.class_name} {call.lesson.title}{part}"
        headers["Content-Disposition"] = disposition(f"{title}.{ending}")

    async def viewed() -> None:
        if download or file.role in ("programme", "share"):
            await _record_view(call, download=download, what=file.name)

    return await serve_file(
        call.request,
        call.gateway.files,
        entry.id,
        file.name,
        mime_type=file.mime_type,
        headers=headers,
        before=viewed,
    )


async def _record_view(call: Call, *, download: bool, what: str) -> None:
    """A playback is many requests and one view. Each download that begins at the beginning is one; what goes on
    in the middle belongs to the one before, and is one itself where there was none."""
    if call.request.method != "GET":
        return
    gateway, recording, account = call.gateway, call.recording.id, call.actor.account
    playback = f"download {what}" if download else ""
    begins = gateway.viewings.begins(recording, account, call.now, playback)
    if download:
        begins |= call.request.headers.get("Range", "bytes=0-").startswith("bytes=0-")
    if begins:
        try:
            await gateway.stores.recordings.viewed(recording, account, call.now, download, what)
        except BaseException:
            gateway.viewings.not_written(recording, account, playback)
            raise
        gateway.metrics.views.labels("download" if download else "view").inc()


async def allow_replay(call: Call) -> RecordingDetail:
    wanted = call.take(ReplayPermission)
    host = await call.gateway.hosts.get(call.lesson.id)
    if host is None:
        raise ApiError("lesson_not_found", "no such lesson")
    answer = await host.execute(commands.AllowReplay(call.actor, wanted.allowed))
    if isinstance(answer, Refusal):
        raise ApiError.of(answer)
    call.lesson_entry = await call.gateway.stores.lessons.get(call.lesson.id)
    return await one_recording(call)


_ERRORS = ("no_such_recording",)
_FILE_ERRORS = (*_ERRORS, "not_allowed", "recording_not_ready", "not_found", "storage_unreachable")
_DOWNLOAD = (Query("download", "1: answer as a download"),)

ROUTES = (
    Route(
        "GET",
        "/api/recordings",
        list_recordings,
        "Recordings that the account may watch, newest first",
        response=RecordingList,
        query=(Query("lesson", "Only of this lesson", "string"),),
    ),
    Route(
        "GET",
        "/api/recordings/{recording}",
        one_recording,
        "One recording: its files and, for those who manage it, who watched it",
        who=watches_recording,
        response=RecordingDetail,
        errors=_ERRORS,
    ),
    Route(
        "GET",
        "/api/recordings/{recording}/programme",
        programme,
        "The file that plays anywhere (the first part, where the programme has several); byte ranges",
        who=watches_recording,
        content="video/webm",
        errors=_FILE_ERRORS,
        query=_DOWNLOAD,
        ranges=True,
    ),
    Route(
        "GET",
        "/api/recordings/{recording}/files/{name}",
        one_file,
        "One file of the recording; byte ranges",
        who=watches_recording,
        content="video/webm",
        errors=_FILE_ERRORS,
        query=_DOWNLOAD,
        ranges=True,
    ),
    Route(
        "POST",
        "/api/recordings/{recording}/replay",
        allow_replay,
        "May members of the class watch the lesson's recordings?",
        who=hosts_recording,
        request=ReplayPermission,
        response=RecordingDetail,
        errors=(*_ERRORS, "not_allowed", "lesson_not_found"),
    ),
)
