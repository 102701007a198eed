"""The API describes itself: OpenAPI of the HTTP part, JSON Schema of the socket's messages."""

import functools

import msgspec
from aiohttp import web

from signaling.gateway.call import Call
from signaling.gateway.openapi import openapi
from signaling.gateway.routing import Route
from signaling.gateway.who import anyone
from signaling.wire.schema import protocol_schema


@functools.cache
def _protocol() -> bytes:
    return msgspec.json.encode(protocol_schema())


async def describe_protocol(_: Call) -> web.Response:
    return web.Response(body=_protocol(), content_type="application/schema+json")


def with_description(api: tuple[Route, ...]) -> tuple[Route, ...]:
    """The routes given and, behind them, those that describe them all, themselves included."""

    @functools.cache
    def description() -> bytes:
        return msgspec.json.encode(openapi(table))

    async def describe_api(_: Call) -> web.Response:
        return web.Response(body=description(), content_type="application/json")

    table = (
        *api,
        Route("GET", "/api/openapi.json", describe_api, "This description", who=anyone),
        Route(
            "GET",
            "/api/protocol.json",
            describe_protocol,
            "JSON Schema of the socket's messages, both directions",
            who=anyone,
            content="application/schema+json",
        ),
    )
    return table
