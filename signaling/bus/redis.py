"""The bus of a cluster, over Redis: publish/subscribe channels and one hash of who serves what.

Nothing here outlives its use: requests and replies are messages to a process's own channel, and an
address is up as long as its process says so every ``BEAT`` seconds. Losing Redis loses no data.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType

import msgspec
import redis.asyncio
import structlog
from msgspec import Struct
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from signaling.bus import codec, scripts
from signaling.bus.dispatch import Dispatch, end, failure
from signaling.bus.frames import MAX_FRAME, Body, Name
from signaling.bus.port import BusError, Handler, Listener, NobodyServes, PresenceListener, TimedOut

BEAT = 0.5
"""Seconds between two signs of life."""
EXPIRY = 2.5
"""Seconds without a sign of life after which an address is down."""
GRACE = 2 * BEAT + EXPIRY
"""Seconds after Redis was away in which an address that was up may show itself again."""
RECONNECT = 0.2
MAX_OUTBOX = 4096
MAX_OUTBOX_BYTES = 16 * 1024 * 1024
_BATCH = 64
_ROOT = "classroom:bus:"
_TABLE = _ROOT + "up"
_CHANGED = _ROOT + "changed"

log = structlog.get_logger(__name__)


class Letter(Struct, frozen=True, array_like=True, tag=1):
    """A request in the inbox of the process that serves ``address``."""

    id: int
    sender: Name
    address: Name
    body: Body


class Answer(Struct, frozen=True, array_like=True, tag=2):
    """``code`` empty: ``body`` is the reply."""

    id: int
    body: Body
    code: Name = ""
    detail: Name = ""


_encoder = msgspec.msgpack.Encoder()
_decoder: "msgspec.msgpack.Decoder[Letter | Answer]" = msgspec.msgpack.Decoder(Letter | Answer)


def _inbox(instance: str) -> str:
    return f"{_ROOT}to:{instance}"


def _channel(topic: str) -> str:
    return f"{_ROOT}topic:{topic}"


class RedisBus:
    """``async with RedisBus(url) as bus``. Goes on by itself when Redis was away."""

    def __init__(self, url: str) -> None:
        self.instance = secrets.token_urlsafe(9)
        self._redis = redis.asyncio.Redis.from_url(
            url, socket_connect_timeout=3, socket_keepalive=True, health_check_interval=5
        )
        # A pool of its own, so that no crowd of requests holds up the signs of life.
        self._asking = redis.asyncio.Redis.from_pool(
            redis.asyncio.BlockingConnectionPool.from_url(
                url, max_connections=8, timeout=None, socket_connect_timeout=3, socket_keepalive=True
            )
        )
        self._dispatch = Dispatch()
        self._claims: set[str] = set()
        self._pending: dict[int, tuple[asyncio.Future[bytes], str]] = {}
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._outbox_bytes = 0
        self._outbox_filled = asyncio.Event()
        self._beat_now = asyncio.Event()
        self._pubsub: PubSub | None = None
        self._confirmed: dict[str, asyncio.Event] = {}
        self._grace_until = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def counters(self) -> dict[str, int]:
        return dict(self._dispatch.counters)

    async def __aenter__(self) -> "RedisBus":
        """Raises BusError when Redis cannot be reached."""
        try:
            await self._beat()
            self._tasks = [
                asyncio.create_task(loop(), name=f"bus {name}")
                for name, loop in (("read", self._read), ("write", self._write), ("beat", self._keep_beating))
            ]
            await self._confirm(_inbox(self.instance))
        except (RedisError, OSError, TimeoutError) as error:
            await self.close()
            raise BusError(f"Redis cannot be reached: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            await end(task)
        for reply, _ in self._pending.values():
            if not reply.done():
                reply.set_exception(NobodyServes("the bus is closed"))
        await self._asking.aclose()
        await self._redis.aclose()

    # --- the port ---------------------------------------------------------------------------------

    async def request(self, address: str, message: Struct, *, timeout: float = 5.0) -> Struct:
        letter = Letter(self._dispatch.next_id(), self.instance, address, codec.encode(message))
        try:
            async with asyncio.timeout(timeout):
                return codec.decode(await self._ask(letter))
        except TimeoutError:
            raise TimedOut(f"{address}: no reply within {timeout} s") from None
        except (RedisError, OSError) as error:
            raise BusError(f"{address}: {error}") from error

    @asynccontextmanager
    async def serve(self, address: str, handler: Handler) -> AsyncIterator[None]:
        async with self._dispatch.serving(address, handler):
            self._claims.add(address)
            with suppress(RedisError, OSError, TimeoutError):  # else the next beat claims it
                async with asyncio.timeout(5):
                    await self._run(scripts.CLAIM, address, self.instance, _ms(EXPIRY), _CHANGED)
            try:
                yield
            finally:
                self._claims.discard(address)
                with suppress(RedisError, OSError, TimeoutError):  # else it expires
                    async with asyncio.timeout(1):
                        await self._run(scripts.RELEASE, address, self.instance, _CHANGED)

    async def publish(self, topic: str, message: Struct) -> None:
        self._post(_channel(topic), codec.encode(message))

    @asynccontextmanager
    async def subscribe(self, topic: str, listener: Listener) -> AsyncIterator[None]:
        channel = _channel(topic)
        try:
            async with self._dispatch.subscribed(topic, listener):
                with suppress(TimeoutError):  # else when Redis is back
                    await self._confirm(channel)
                yield
        finally:
            if topic not in self._dispatch.topics:
                self._confirmed.pop(channel, None)
                if self._pubsub is not None:
                    with suppress(RedisError, OSError):
                        await self._pubsub.unsubscribe(channel)

    @asynccontextmanager
    async def watch(self, prefix: str, listener: PresenceListener) -> AsyncIterator[None]:
        async with self._dispatch.watched(prefix, listener):
            yield

    # --- requests ---------------------------------------------------------------------------------

    async def _ask(self, letter: Letter) -> bytes:
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._pending[letter.id] = (reply, "")
        try:
            server = await self._asking.eval(
                scripts.ASK, 1, _TABLE, letter.address, _encoder.encode(letter), _ROOT + "to:"
            )
            if server is None:
                raise NobodyServes(letter.address)
            assert isinstance(server, bytes)
            self._pending[letter.id] = (reply, server.decode())
            return await reply
        finally:
            del self._pending[letter.id]

    def _letter_came(self, data: bytes) -> None:
        if len(data) > MAX_FRAME:
            self._dispatch.counters["undecodable"] += 1
            return
        try:
            letter = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._dispatch.counters["undecodable"] += 1
            return
        if isinstance(letter, Answer):
            self._answer_came(letter)
            return
        identifier, sender = letter.id, letter.sender

        def respond(body: bytes | None, code: str, detail: str) -> None:
            answer = Answer(identifier, body or b"", code, detail[:200])
            self._post(_inbox(sender), _encoder.encode(answer))

        self._dispatch.request_came(letter.address, letter.body, respond)

    def _answer_came(self, answer: Answer) -> None:
        reply, _ = self._pending.get(answer.id, (None, ""))
        if reply is None or reply.done():
            return
        if answer.code:
            reply.set_exception(failure("request", answer.code, answer.detail))
        else:
            reply.set_result(answer.body)

    # --- sending ----------------------------------------------------------------------------------

    async def _run(self, script: str, *arguments: str | bytes | int) -> object:
        return await self._redis.eval(script, 1, _TABLE, *arguments)

    def _post(self, channel: str, data: bytes) -> None:
        if len(self._outbox) >= MAX_OUTBOX or self._outbox_bytes + len(data) > MAX_OUTBOX_BYTES:
            self._dispatch.counters["messages_dropped"] += 1
            return
        self._outbox.append((channel, data))
        self._outbox_bytes += len(data)
        self._outbox_filled.set()

    async def _write(self) -> None:
        while True:
            await self._outbox_filled.wait()
            self._outbox_filled.clear()
            while self._outbox:
                batch = [self._outbox.popleft() for _ in range(min(_BATCH, len(self._outbox)))]
                self._outbox_bytes -= sum(len(data) for _, data in batch)
                pipeline = self._redis.pipeline(transaction=False)
                for channel, data in batch:
                    pipeline.publish(channel, data)
                try:
                    await pipeline.execute()
                except (RedisError, OSError) as error:
                    self._dispatch.counters["messages_dropped"] += len(batch)
                    log.warning("bus_messages_lost", count=len(batch), error=str(error))
                    await asyncio.sleep(RECONNECT)

    # --- receiving --------------------------------------------------------------------------------

    async def _confirm(self, channel: str) -> None:
        """Returns when messages of the channel reach this process. Raises TimeoutError."""
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        if self._pubsub is not None:
            with suppress(RedisError, OSError):  # the reader connects anew, and subscribes to it then
                await self._pubsub.subscribe(channel)
        async with asyncio.timeout(5):
            await confirmed.wait()

    async def _read(self) -> None:
        while True:
            pubsub = self._redis.pubsub()
            try:
                await pubsub.subscribe(_CHANGED, _inbox(self.instance), *self._confirmed)
                self._pubsub = pubsub
                await self._read_from(pubsub)
            except (RedisError, OSError) as error:
                log.warning("bus_connection_lost", error=str(error))
            finally:
                self._pubsub = None
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(RECONNECT)

    async def _read_from(self, pubsub: PubSub) -> None:
        prefix, inbox = _channel(""), _inbox(self.instance)
        while True:
            message = await pubsub.get_message(timeout=5.0)
            if message is None:
                continue
            channel = message["channel"].decode()
            if message["type"] == "subscribe":
                self._confirmed.setdefault(channel, asyncio.Event()).set()
            elif message["type"] == "message":
                if channel == inbox:
                    self._letter_came(message["data"])
                elif channel == _CHANGED:
                    self._beat_now.set()
                else:
                    self._dispatch.publication_came(channel.removeprefix(prefix), message["data"])

    # --- presence ---------------------------------------------------------------------------------

    async def _keep_beating(self) -> None:
        away = False
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._beat_now.wait()
            self._beat_now.clear()
            try:
                async with asyncio.timeout(EXPIRY):
                    await self._beat()
                away = False
            except (RedisError, OSError, TimeoutError) as error:
                if not away:
                    log.warning("bus_away", error=str(error))
                away = True
                # Nothing is known of presence while Redis is away, so nothing is said of it.
                self._grace_until = asyncio.get_running_loop().time() + GRACE

    async def _beat(self) -> None:
        table = await self._run(scripts.BEAT, self.instance, _ms(EXPIRY), *sorted(self._claims))
        assert isinstance(table, list)
        names = [item.decode() for item in table]
        up = dict(zip(names[::2], names[1::2], strict=True))
        for address in list(self._claims):
            if up.get(address, self.instance) != self.instance:
                self._claims.discard(address)  # somebody serves it now who came later
        if asyncio.get_running_loop().time() >= self._grace_until:
            for address in [address for address in self._dispatch.present if address not in up]:
                self._dispatch.presence_came(address, None)
        for address, instance in up.items():
            self._dispatch.presence_came(address, instance)
        alive = set(self._dispatch.present.values())
        for reply, server in self._pending.values():
            if server and server not in alive and not reply.done():
                reply.set_exception(NobodyServes("went down"))


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
