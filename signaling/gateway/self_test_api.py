"""The socket of a connection test: any signed-in account, from our own pages, for a minute and a half."""

import asyncio
from typing import Any

import msgspec
import structlog
from aiohttp import WSMsgType, web

from signaling.gateway.call import Call
from signaling.gateway.connection import MAX_MESSAGE
from signaling.gateway.errors import ApiError
from signaling.gateway.routing import Route
from signaling.gateway.security import origin_is_ours
from signaling.gateway.self_test import RELAY_SECONDS, SECONDS, TestRefused, Trial
from signaling.gateway.token_bucket import TokenBucket
from signaling.wire import client, self_test, server

_log = structlog.get_logger("self_test")
_SILENCE_SECONDS = 15.0
_CLOSE_SECONDS = 2.0

_decoder = msgspec.json.Decoder(self_test.AnyTestRequest)
_encoder = msgspec.json.Encoder()


async def signed_in_at_our_page(call: Call) -> None:
    """Any account, from our own pages only."""
    if not origin_is_ours(call.request.headers):
        raise ApiError("wrong_origin", "this socket is for the pages of this host")
    _ = call.actor


async def open_test(call: Call) -> web.StreamResponse:
    """A page hears why it may not test over the socket itself: a browser tells pages nothing of an upgrade
    that was refused, and they would take it for a blocked network."""
    socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, timeout=_CLOSE_SECONDS, compress=False)
    if not socket.can_prepare(call.request):
        raise ApiError("bad_request", "this address is for WebSockets")
    await socket.prepare(call.request)
    reason = await _Session(call, socket).run()
    if not socket.closed:
        with_reason = self_test.Over(reason)
        try:
            await socket.send_str(_encoder.encode(with_reason).decode())
            await socket.close()
        except ConnectionError:
            return socket
    return socket


class _Session:
    """One socket, from ``self_test`` to the end of the time."""

    def __init__(self, call: Call, socket: web.WebSocketResponse) -> None:
        self._call = call
        self._gateway = call.gateway
        self._socket = socket
        self._rate = TokenBucket(rate=10, burst=100)
        self._deadline: asyncio.Timeout | None = None
        self._reason = "done"

    async def run(self) -> str:
        account = self._call.actor.account
        loop = asyncio.get_running_loop()
        if not self._gateway.limits.self_tests.take(account, loop.time()):
            return "too_often"
        try:
            if not await self._gateway.self_tests.run(account, self._stop, self._talk):
                return "busy"
        except TestRefused as refused:
            _log.info("test_not_possible", code=refused.code, detail=refused.detail)
            return "busy"
        return self._reason

    def _stop(self, reason: str) -> None:
        self._reason = reason
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time())

    async def _talk(self, trial: Trial) -> None:
        try:
            async with asyncio.timeout(SECONDS) as self._deadline:
                await self._greet(trial)
                while True:
                    message = await self._socket.receive(timeout=_SILENCE_SECONDS)
                    if message.type is not WSMsgType.TEXT or not self._rate.take(
                        asyncio.get_running_loop().time()
                    ):
                        return
                    await self._send(await self._answer(trial, message.data))
        except (TimeoutError, ConnectionError):
            return

    async def _greet(self, trial: Trial) -> None:
        gateway = self._gateway
        capabilities = await trial.capabilities()
        relays = gateway.turn.one_by_one(trial.account, gateway.clock(), RELAY_SECONDS)
        await self._send(self_test.SelfTest(len(trial.workers), relays, capabilities, SECONDS))

    async def _send(self, message: self_test.AnyTestMessage) -> None:
        await self._socket.send_str(_encoder.encode(message).decode())

    async def _answer(self, trial: Trial, text: str) -> self_test.AnyTestMessage:
        try:
            message: Any = _decoder.decode(text.encode("utf-8", "surrogatepass"))
        except (msgspec.DecodeError, RecursionError) as error:
            return server.Error(None, "bad_message", str(error))
        try:
            return await self._do(trial, message)
        except TestRefused as refused:
            return server.Error(message.id, refused.code, refused.detail)

    async def _do(self, trial: Trial, message: self_test.AnyTestRequest) -> self_test.AnyTestMessage:
        match message:
            case self_test.TestTransport():
                return server.Transport(
                    message.id, await trial.open_transport(message.worker, send=message.send)
                )
            case self_test.TestProduce():
                producer = await trial.produce(message.transport, message.kind, message.rtp_parameters)
                return server.Produced(message.id, producer, producer)
            case self_test.LoopBack():
                consumer, looped = await trial.loop_back(
                    message.transport, message.producer, message.rtp_capabilities
                )
                return self_test.Looped(message.id, consumer, looped.kind, looped.rtp_parameters)
            case client.ConnectTransport():
                await trial.connect(message.transport, message.dtls_parameters)
            case client.ResumeConsumer():
                await trial.resume(message.consumer)
            case client.Ping():
                return server.Pong(message.id, self._gateway.clock())
        return server.Ok(message.id)


ROUTES = (
    Route(
        "GET",
        "/api/self-test/socket",
        open_test,
        "The connection test's WebSocket: tries ways for media without a lesson",
        who=signed_in_at_our_page,
        status=101,
        errors=("wrong_origin", "not_signed_in"),
    ),
)
