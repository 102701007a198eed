"""Stills over HTTP: brought by the share's owner, got by those inside the lesson, at the pace of their link."""

import asyncio
import contextlib
import socket

from aiohttp import web

from classroom.ids import ParticipantId, ShareId
from classroom.lesson.checks import inside, own_id
from classroom.lesson.refusal import Refusal
from classroom.lesson.state import LessonState
from classroom.stores.port import LessonEntry
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.routing import Query, Route, integer
from signaling.gateway.stills import MAX_FULL, MAX_LIGHT, MAX_PATCH, VARIANTS, StillRefused, has_stills
from signaling.gateway.stills_image import MAX_SIDE, BadImage, StillImage, read_image
from signaling.gateway.stills_pace import (
    CONFIRMED_SECONDS,
    LOOK_AGAIN,
    UNCONFIRMED,
    announced,
    chunk_size,
)
from signaling.gateway.unconfirmed import unconfirmed
from signaling.gateway.who import knows_lesson
from signaling.wire.server import StillArea

_READ_SECONDS = 30.0
_UNSENT = 16 * 1024
"""Bytes that may lie in the kernel unsent: what is there can not be taken back when the still is outdated."""


def state_of(call: Call, lesson: LessonEntry) -> LessonState | None:
    host = call.gateway.hosts.loaded(lesson.id)
    return None if host is None else host.state


def still_inside(call: Call) -> bool:
    state = state_of(call, call.lesson)
    return state is not None and not isinstance(inside(state, call.actor), Refusal)


async def is_inside(call: Call) -> None:
    """Who is admitted to the live lesson and connected to it."""
    await knows_lesson(call)
    state = state_of(call, call.lesson)
    if state is None:
        raise ApiError("not_admitted", "not in the lesson")
    if isinstance(answer := inside(state, call.actor), Refusal):
        raise ApiError.of(answer)


async def owns_share(call: Call) -> None:
    """Whose screen it is, inside the live lesson, while it is shown."""
    await is_inside(call)
    _need_own_share(call)


def _need_own_share(call: Call) -> None:
    state, share = state_of(call, call.lesson), ShareId(call.request.match_info["share"])
    entry = None if state is None else state.shares.get(share)
    if state is None or entry is None:
        raise ApiError("no_such_share", "no such share in the lesson")
    if entry.participant != own_id(call.actor):
        raise ApiError("not_allowed", "somebody else's share")
    if not has_stills(state, share):
        raise ApiError("not_allowed", "not a screen that is shown now")


async def put_still(call: Call) -> None:
    part = call.request.match_info["part"]
    number = _number(call.request.match_info["still"])
    area = _area(call)
    patch = None if part in VARIANTS else _number(part)
    if patch is not None and area is None:
        raise ApiError("invalid", "where does the patch belong?")
    limit = MAX_PATCH if patch is not None else MAX_LIGHT if part == "light" else MAX_FULL
    try:
        image = await _read(call, limit)
        # The lesson went on while the picture was on its way.
        if not still_inside(call):
            raise ApiError("not_admitted", "not in the lesson any more")
        _need_own_share(call)
        _take(call, number, part, patch, area, image)
    except ApiError as error:
        call.gateway.metrics.stills_refused.labels(error.code).inc()
        raise


def _take(
    call: Call, number: int, part: str, patch: int | None, area: StillArea | None, image: StillImage
) -> None:
    stills, lesson = call.gateway.stills, call.lesson.id
    share = ShareId(call.request.match_info["share"])
    try:
        if patch is not None and area is not None:
            stills.put_patch(lesson, share, number, patch, area, image)
        else:
            stills.put_image(lesson, share, number, "full" if part == "full" else "light", image, area)
    except StillRefused as refused:
        raise ApiError(refused.code, refused.detail) from None


async def _read(call: Call, limit: int) -> StillImage:
    """The body as a picture. Its size is known before it is read: what is too much is not begun."""
    request, limits = call.request, call.gateway.limits
    length = request.content_length
    if length is None or length > limit:
        raise ApiError("too_large", f"at most {limit} bytes, with Content-Length")
    who, now = (call.lesson.id, call.actor.account), asyncio.get_running_loop().time()
    if not limits.stills.take(who, now) or not limits.still_bytes.take(who, now, length):
        raise ApiError("too_many_attempts", "too many stills", {"Retry-After": "2"})
    try:
        async with asyncio.timeout(_READ_SECONDS):
            data = await request.content.readexactly(length)
    except (TimeoutError, asyncio.IncompleteReadError):
        raise ApiError("bad_request", "the picture did not come") from None
    try:
        return read_image(data)
    except BadImage as error:
        raise ApiError(error.code, error.detail) from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not 0 < int(text) < 2**31:
        raise ApiError("invalid", "not a still's number")
    return int(text)


def _area(call: Call) -> StillArea | None:
    x, y = (integer(call, name, 0, MAX_SIDE) for name in ("x", "y"))
    width, height = (integer(call, name, 1, MAX_SIDE) for name in ("width", "height"))
    if x is None and y is None and width is None and height is None:
        return None
    if x is None or y is None or width is None or height is None:
        raise ApiError("bad_request", "x, y, width, height: all or none")
    return StillArea(x, y, width, height)


async def get_still(call: Call) -> web.StreamResponse:
    limits, now = call.gateway.limits, asyncio.get_running_loop().time()
    if not limits.still_reads.take((call.lesson.id, call.actor.account), now):
        raise ApiError("too_many_attempts", "too often", {"Retry-After": "1"})
    image = _wanted(call)
    if image is None:
        raise ApiError("no_such_still", "not there, or not any more")
    # No Content-Length: an answer that is cut off then ends as any other, and the connection lives on.
    response = web.StreamResponse(
        headers={"Content-Type": image.mime_type, "Cache-Control": "private, no-store"}
    )
    _keep_little_unsent(call.request)
    await response.prepare(call.request)
    await _write(call, response, image)
    await response.write_eof()
    return response


def _wanted(call: Call) -> StillImage | None:
    found = call.request.match_info
    try:
        number = _number(found["still"])
    except ApiError:
        return None
    return call.gateway.stills.image(call.lesson.id, ShareId(found["share"]), number, found["part"])


async def _write(call: Call, response: web.StreamResponse, image: StillImage) -> None:
    gateway, loop = call.gateway, asyncio.get_running_loop()
    lesson, viewer = call.lesson.id, ParticipantId(call.actor.account)
    found = call.request.match_info
    first = gateway.stills.is_first(lesson, ShareId(found["share"]), found["part"])
    at = told = 0
    patience = CONFIRMED_SECONDS
    while at < len(image.data):
        if _wanted(call) is not image or not still_inside(call):
            gateway.metrics.stills_cut.inc()
            return
        if unconfirmed(call.request.transport) > UNCONFIRMED:
            await asyncio.sleep(patience)
            patience = min(LOOK_AGAIN, 1.5 * patience)
            continue
        patience = CONFIRMED_SECONDS
        rate = gateway.stills.allowance(lesson, viewer, first)
        size = chunk_size(rate)
        if at >= told:
            # The still shows what the pictures that wait would show: it goes first.
            more = announced(len(image.data) - at, rate)
            await gateway.stills.give_way(lesson, viewer, more)
            told += more
        if wait := gateway.still_turns.wait((lesson, viewer), loop.time(), size, rate):
            await asyncio.sleep(wait)
            continue
        await response.write(image.data[at : at + size])
        gateway.metrics.still_bytes_served.inc(min(size, len(image.data) - at))
        at += size


def _keep_little_unsent(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    transport.set_write_buffer_limits(high=_UNSENT)
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)


_PATH = "/api/lessons/{lesson}/shares/{share}/stills/{still}/{part}"
_INSIDE = ("lesson_not_found", "not_admitted", "lesson_not_live", "lesson_ended", "too_many_attempts")
_AREA = tuple(
    Query(name, "The rectangle of a patch; of a full or light still: of the hole in it")
    for name in ("x", "y", "width", "height")
)

ROUTES = (
    Route(
        "PUT",
        _PATH,
        put_still,
        "A picture of the own share, which rests: part is full, light, or a patch's number",
        who=owns_share,
        status=204,
        takes="image/webp",
        errors=(
            *_INSIDE,
            "no_such_share",
            "not_allowed",
            "invalid",
            "outdated",
            "busy",
            "bad_request",
            "too_large",
            "unsupported_media_type",
        ),
        query=_AREA,
    ),
    Route(
        "GET",
        _PATH,
        get_still,
        "A picture of a share that rests; shorter than was told when it is outdated on the way",
        who=is_inside,
        content="image/webp",
        errors=(*_INSIDE, "no_such_still"),
    ),
)
