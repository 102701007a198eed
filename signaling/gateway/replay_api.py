"""What goes with a recording while it is replayed: the lesson's timeline, where one left off, captions."""

import asyncio
import re

import msgspec
from aiohttp import web

from classroom.stores.port import Captions
from recorder.jobs.text import NAME as TEXTS
from recorder.jobs.text import StillText
from signaling.gateway import webvtt
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.recorded_bytes import read_whole
from signaling.gateway.routing import Route
from signaling.gateway.timeline import timeline
from signaling.gateway.who import manages_recording, watches_recording
from signaling.wire.replay import Position, Timeline

MAX_CAPTIONS_BYTES = 1 << 20
MAX_LANGUAGES = 8
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_READ_SECONDS = 30.0
_MOST_TEXT = 32 << 20


async def get_timeline(call: Call) -> Timeline:
    log = await call.gateway.stores.log.read(call.recording.lesson)
    texts = await _texts(call)
    # A long lesson's log is read in a thread: others wait for the loop.
    return await asyncio.to_thread(timeline, call.recording, log, texts)


async def _texts(call: Call) -> dict[str, str]:
    if not any(file.role == "text" for file in call.recording.files):
        return {}
    try:
        data = await read_whole(call.gateway.files, call.recording.id, TEXTS, _MOST_TEXT)
        stills = await asyncio.to_thread(msgspec.json.decode, data, type=list[StillText])
        return {still.name: still.text for still in stills}
    except (ApiError, msgspec.DecodeError, msgspec.ValidationError):
        return {}


async def put_position(call: Call) -> None:
    ms = call.take(Position).ms
    await call.gateway.stores.recordings.put_position(call.recording.id, call.actor.account, ms, call.now)


async def get_captions(call: Call) -> web.StreamResponse:
    language = _language(call)
    for captions in await call.gateway.stores.recordings.captions(call.recording.id):
        if captions.language == language:
            return web.Response(
                text=captions.text,
                content_type="text/vtt",
                charset="utf-8",
                headers={"Cache-Control": "private, no-cache"},
            )
    raise ApiError("not_found", "no captions in this language")


async def put_captions(call: Call) -> None:
    language = _language(call)
    recordings = call.gateway.stores.recordings
    known = {captions.language for captions in await recordings.captions(call.recording.id)}
    if language not in known and len(known) >= MAX_LANGUAGES:
        raise ApiError("invalid", f"captions in {MAX_LANGUAGES} languages at most")
    try:
        text = await asyncio.to_thread(webvtt.check, await _read(call))
    except webvtt.BadCaptions as error:
        raise ApiError("invalid", str(error)) from None
    await recordings.put_captions(call.recording.id, Captions(language, text, call.now))


async def remove_captions(call: Call) -> None:
    await call.gateway.stores.recordings.remove_captions(call.recording.id, _language(call))


async def _read(call: Call) -> str:
    request = call.request
    # A form cannot be sent as WebVTT by another site's page.
    if request.content_type != "text/vtt":
        raise ApiError("unsupported_media_type", "send text/vtt")
    length = request.content_length
    if length is None or length > MAX_CAPTIONS_BYTES:
        raise ApiError("too_large", f"captions of {MAX_CAPTIONS_BYTES} bytes at most")
    try:
        async with asyncio.timeout(_READ_SECONDS):
            return (await request.content.readexactly(length)).decode()
    except (TimeoutError, asyncio.IncompleteReadError, UnicodeDecodeError):
        raise ApiError("bad_request", "captions are whole, and UTF-8") from None


def _language(call: Call) -> str:
    """As BCP 47 writes it, folded: ``vi``, ``en``, ``zh-hant``."""
    language = call.request.match_info["language"]
    if not _LANGUAGE.fullmatch(language):
        raise ApiError("not_found", "no language")
    return language.lower()


_ERRORS = ("no_such_recording",)
_CAPTIONS = "/api/recordings/{recording}/captions/{language}"

ROUTES = (
    Route(
        "GET",
        "/api/recordings/{recording}/timeline",
        get_timeline,
        "The lesson on the recording's time: messages, hands, shares, chapters, stills",
        who=watches_recording,
        response=Timeline,
        errors=_ERRORS,
    ),
    Route(
        "PUT",
        "/api/recordings/{recording}/position",
        put_position,
        "Where the account left off",
        who=watches_recording,
        request=Position,
        status=204,
        errors=_ERRORS,
    ),
    Route(
        "GET",
        _CAPTIONS,
        get_captions,
        "Captions in a language (BCP 47)",
        who=watches_recording,
        content="text/vtt",
        errors=(*_ERRORS, "not_found"),
    ),
    Route(
        "PUT",
        _CAPTIONS,
        put_captions,
        "Captions in a language, in place of those there are",
        who=manages_recording,
        takes="text/vtt",
        status=204,
        errors=(*_ERRORS, "not_allowed", "invalid", "too_large", "not_found"),
    ),
    Route(
        "DELETE",
        _CAPTIONS,
        remove_captions,
        "Take captions away",
        who=manages_recording,
        status=204,
        errors=(*_ERRORS, "not_allowed", "not_found"),
    ),
)
