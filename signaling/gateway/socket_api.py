"""The upgrade: who opens a lesson's socket, from which page."""

import asyncio

from aiohttp import web

from classroom.lesson.admission import NEVER_ENTER
from signaling.gateway.call import COOKIE, Call
from signaling.gateway.connection import MAX_MESSAGE, Connection
from signaling.gateway.errors import ApiError
from signaling.gateway.routing import Query, Route
from signaling.gateway.security import origin_is_ours
from signaling.gateway.who import knows_lesson

_CLOSE_SECONDS = 2.0


async def enters_lesson(call: Call) -> None:
    """Accounts that may ever ask to enter: not parents, not support. From our own pages only."""
    if not origin_is_ours(call.request.headers):
        raise ApiError("wrong_origin", "this socket is for the pages of this host")
    await knows_lesson(call)
    if call.actor.role in NEVER_ENTER:
        raise ApiError("not_allowed", f"a {call.actor.role} account cannot enter a lesson")


async def open_socket(call: Call) -> web.StreamResponse:
    gateway = call.gateway
    host = await gateway.hosts.get(call.lesson.id)
    if host is None or call.session is None:
        raise ApiError("lesson_not_found", "no such lesson")
    now = asyncio.get_running_loop().time()
    if not gateway.limits.sockets.take((call.lesson.id, call.actor.account), now):
        raise ApiError("too_many_attempts", "too many connections", {"Retry-After": "1"})
    socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, timeout=_CLOSE_SECONDS, compress=False)
    if not socket.can_prepare(call.request):
        raise ApiError("bad_request", "this address is for WebSockets")
    await socket.prepare(call.request)
    connection = Connection(
        gateway,
        host,
        call.actor,
        session=call.session.id,
        token=call.request.cookies.get(COOKIE, ""),
        page=call.request.query.get("page", "")[:64],
        socket=socket,
        request=call.request,
    )
    await connection.run()
    return socket


ROUTES = (
    Route(
        "GET",
        "/api/lessons/{lesson}/socket",
        open_socket,
        "The lesson's WebSocket; its messages are described by /api/protocol.json",
        who=enters_lesson,
        status=101,
        errors=("lesson_not_found", "not_allowed", "wrong_origin", "too_many_attempts"),
        query=(
            Query(
                "page",
                "Names the page, made anew each time it is loaded: its own return after a lost network "
                "is then not taken for a second device, and its shares go on",
                "string",
            ),
        ),
    ),
)
