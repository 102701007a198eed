"""The bus on one machine: a client of the supervisor's broker."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType

import structlog
from msgspec import Struct

from signaling.bus import codec
from signaling.bus.connection import Connection
from signaling.bus.dispatch import Dispatch, end, failure
from signaling.bus.frames import (
    Barrier,
    Failure,
    Forget,
    Frame,
    Hello,
    Presence,
    Publish,
    Reply,
    Request,
    Serve,
    Subscribe,
    Unserve,
    Unsubscribe,
)
from signaling.bus.port import BusError, Handler, Listener, NobodyServes, PresenceListener, TimedOut

FIRST_CONNECT = 5.0
"""Seconds to wait for the broker at the start."""
RECONNECT = 0.1
"""Seconds between attempts to reach a broker that has gone."""
PRESENCE_GRACE = 2.0
"""Seconds after reaching a new broker in which an address that was up may show itself again."""

log = structlog.get_logger(__name__)


class LocalBus:
    """``async with LocalBus(path) as bus``. Connects anew, with all that is open, when the broker was away.

    While there is no broker nothing is known of presence, so nothing is said: a broker that comes
    back with the same roles around it is no event to watchers.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.instance = secrets.token_urlsafe(9)
        self._dispatch = Dispatch()
        self._pending: dict[int, asyncio.Future[bytes]] = {}
        self._connection: Connection | None = None
        self._up = asyncio.Event()
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unseen: set[str] = set()
        self._grace: asyncio.TimerHandle | None = None

    @property
    def counters(self) -> dict[str, int]:
        return dict(self._dispatch.counters)

    async def __aenter__(self) -> "LocalBus":
        """Raises BusError when there is no broker."""
        self._task = asyncio.create_task(self._keep_connected(), name="bus")
        try:
            async with asyncio.timeout(FIRST_CONNECT):
                await self._barrier_when_up()
        except TimeoutError:
            await self.close()
            raise BusError(f"no broker at {self._path}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            await end(task)
        if self._connection is not None:
            self._connection.abort()
            await self._gone.wait()
        self._end_grace()
        self._fail_pending()

    # --- the port ---------------------------------------------------------------------------------

    async def request(self, address: str, message: Struct, *, timeout: float = 5.0) -> Struct:
        body = codec.encode(message)
        identifier = self._dispatch.next_id()
        try:
            async with asyncio.timeout(timeout):
                connection = await self._connected()
                return codec.decode(await self._ask(connection, Request(identifier, address, body)))
        except TimeoutError:
            raise TimedOut(f"{address}: no reply within {timeout} s") from None

    @asynccontextmanager
    async def serve(self, address: str, handler: Handler) -> AsyncIterator[None]:
        async with self._dispatch.serving(address, handler):
            await self._say(Serve(address))
            try:
                yield
            finally:
                self._send(Unserve(address))

    async def publish(self, topic: str, message: Struct) -> None:
        body = codec.encode(message)
        connection = self._connection
        if connection is None or connection.is_full or not connection.send(Publish(topic, body)):
            self._dispatch.counters["messages_dropped"] += 1

    @asynccontextmanager
    async def subscribe(self, topic: str, listener: Listener) -> AsyncIterator[None]:
        try:
            async with self._dispatch.subscribed(topic, listener) as first:
                if first:
                    await self._say(Subscribe(topic))
                yield
        finally:
            if topic not in self._dispatch.topics:
                self._send(Unsubscribe(topic))

    @asynccontextmanager
    async def watch(self, prefix: str, listener: PresenceListener) -> AsyncIterator[None]:
        async with self._dispatch.watched(prefix, listener):
            yield

    # --- the connection ---------------------------------------------------------------------------

    async def _connected(self) -> Connection:
        while self._connection is None:
            if self._task is None:
                raise NobodyServes("the bus is closed")
            await self._up.wait()
        return self._connection

    async def _ask(self, connection: Connection, frame: Request | Barrier) -> bytes:
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._pending[frame.id] = reply
        try:
            if not connection.send(frame):
                raise NobodyServes("the connection to the bus is gone")
            return await reply
        finally:
            del self._pending[frame.id]
            if reply.cancelled():
                connection.send(Forget(frame.id))

    async def _say(self, frame: Frame) -> None:
        """Returns when it has taken effect; if there is no broker now, it will when there is one."""
        if not self._send(frame):
            return
        try:
            async with asyncio.timeout(FIRST_CONNECT):
                await self._barrier_when_up()
        except (TimeoutError, BusError):
            log.warning("bus_slow_to_answer", said=type(frame).__name__)

    async def _barrier_when_up(self) -> None:
        connection = await self._connected()
        await self._ask(connection, Barrier(self._dispatch.next_id()))

    def _send(self, frame: Frame) -> bool:
        return self._connection is not None and self._connection.send(frame)

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._gone.clear()
            try:
                await loop.create_unix_connection(
                    lambda: Connection(self._take, self._made, self._lost), str(self._path)
                )
            except OSError:
                await asyncio.sleep(RECONNECT)
                continue
            await self._gone.wait()
            log.warning("bus_connection_lost")

    def _made(self, connection: Connection) -> None:
        connection.send(Hello(self.instance))
        self._unseen = set(self._dispatch.present)
        if self._unseen:
            self._grace = asyncio.get_running_loop().call_later(PRESENCE_GRACE, self._drop_unseen)
        for address in self._dispatch.addresses:
            connection.send(Serve(address))
        for topic in self._dispatch.topics:
            connection.send(Subscribe(topic))
        self._connection = connection
        self._up.set()

    def _lost(self, _connection: Connection) -> None:
        self._connection = None
        self._up.clear()
        self._gone.set()
        self._fail_pending()
        self._end_grace()

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _drop_unseen(self) -> None:
        self._grace = None
        for address in self._unseen:
            self._dispatch.presence_came(address, None)
        self._unseen = set()

    def _fail_pending(self) -> None:
        for reply in self._pending.values():
            if not reply.done():
                reply.set_exception(NobodyServes("the connection to the bus was lost"))

    def _take(self, connection: Connection, frame: Frame) -> None:
        match frame:
            case Reply(identifier, body):
                self._settle(identifier, body)
            case Barrier(identifier):
                self._settle(identifier, b"")
            case Failure(identifier, code, detail):
                reply = self._pending.get(identifier)
                if reply is not None and not reply.done():
                    reply.set_exception(failure("request", code, detail))
            case Request(identifier, address, body):

                def respond(body: bytes | None, code: str, detail: str) -> None:
                    connection.send(
                        Failure(identifier, code, detail[:200]) if body is None else Reply(identifier, body)
                    )

                self._dispatch.request_came(address, body, respond)
            case Publish(topic, body):
                self._dispatch.publication_came(topic, body)
            case Presence(address, instance):
                self._unseen.discard(address)
                self._dispatch.presence_came(address, instance)
            case _:
                connection.abort()

    def _settle(self, identifier: int, body: bytes) -> None:
        reply = self._pending.get(identifier)
        if reply is not None and not reply.done():
            reply.set_result(body)
