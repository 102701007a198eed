"""The routing table's rows, and what turns one into a handler: who may, parse, run, encode."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from signaling.gateway.call import Call, open_call
from signaling.gateway.errors import ApiError
from signaling.gateway.who import Who, signed_in

MAX_BODY = 64 * 1024
WORTH_COMPRESSING = 32 * 1024

Answer = Struct | web.StreamResponse | None
"""A handler's answer: a body to encode, a response made by hand, or nothing (204)."""


@dataclass(frozen=True)
class Query:
    """A query parameter, for the documentation; handlers read it with ``integer``."""

    name: str
    description: str
    type: str = "integer"


@dataclass(frozen=True)
class Route:
    """``path`` in aiohttp's form. ``content``: media type of an answer that is not JSON of ``response``;
    ``takes``: of a body that the handler reads itself."""

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Answer]]
    summary: str
    who: Who = signed_in
    request: type[Struct] | None = None
    takes: str | None = None
    response: type[Struct] | None = None
    status: int = 200
    content: str = "application/json"
    errors: tuple[str, ...] = ()
    query: tuple[Query, ...] = ()
    ranges: bool = False


def handler_of(route: Route) -> Handler:
    decoder = None if route.request is None else msgspec.json.Decoder(route.request)

    async def handle(request: web.Request) -> web.StreamResponse:
        call = await open_call(request)
        await route.who(call)
        if decoder is not None:
            call.body = _decode(decoder, request, await request.read())
        answer = await route.handler(call)
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            return web.Response(status=204)
        return json_response(answer, route.status)

    return handle


def json_response(body: Struct, status: int = 200) -> web.Response:
    encoded = msgspec.json.encode(body)
    response = web.Response(
        status=status, body=encoded, content_type="application/json", zlib_executor_size=WORTH_COMPRESSING
    )
    if len(encoded) >= WORTH_COMPRESSING:
        # BREACH guesses a secret by the length of an answer that holds it beside text of the attacker's choice, asked
        # for again and again in the victim's name. Answers this long are lists and time lines: titles, names, chat
        # that others have written, and no secret beside it. Sessions are in cookies, which are not compressed, there
        # are no tokens against forgery (origins are checked instead), grants and TURN credentials come in short
        # answers; and SameSite keeps another site's page from asking in the victim's name.
        response.enable_compression()
    return response


def _decode(decoder: msgspec.json.Decoder[Struct], request: web.Request, body: bytes) -> Struct:
    # A form cannot be sent as JSON by another site's page: insisting on the type keeps forms out.
    if request.content_type != "application/json":
        raise ApiError("unsupported_media_type", "send application/json")
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ApiError("bad_request", str(error)) from None


def integer(call: Call, name: str, low: int, high: int) -> int | None:
    """A query parameter; None when it is not given."""
    text = call.request.query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 20:
        raise ApiError("bad_request", f"{name}: not an integer")
    value = int(text)
    if not low <= value <= high:
        raise ApiError("bad_request", f"{name}: out of range")
    return value
