"""What one process has open on the bus, whatever carries it: handlers, listeners, watchers."""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from msgspec import Struct

from signaling.bus import codec
from signaling.bus.port import (
    BusError,
    Handler,
    HandlerFailed,
    Listener,
    MessageTooLarge,
    NobodyServes,
    PresenceListener,
    Undecodable,
)

MAX_HANDLING = 256
"""Requests one address works on at a time; more are refused as busy."""
MAX_WAITING = 2048
"""Messages that wait for one listener; more are dropped and counted."""

log = structlog.get_logger(__name__)

Respond = Callable[[bytes | None, str, str], None]
"""Called once with (body, "", "") or (None, code, detail)."""

_FAILURES: dict[str, type[BusError]] = {
    "nobody": NobodyServes,
    "too_large": MessageTooLarge,
    "undecodable": Undecodable,
}


def failure(address: str, code: str, detail: str) -> BusError:
    """The error a requester sees for a failure's code."""
    return _FAILURES.get(code, HandlerFailed)(f"{address}: {code} {detail}".rstrip())


async def end(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait for it, unless it is the one that asks."""
    task.cancel()
    if task is asyncio.current_task():
        return
    # A library in between may swallow a cancellation that meets its own time-out: ask again.
    while not (await asyncio.wait([task], timeout=0.2))[0]:
        task.cancel()


class _Serving:
    def __init__(self, address: str, handler: Handler, counters: "Counter[str]") -> None:
        self.address = address
        self._handler = handler
        self._counters = counters
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, body: bytes, respond: Respond) -> None:
        if len(self._tasks) >= MAX_HANDLING:
            self._counters["requests_refused"] += 1
            respond(None, "busy", "")
            return
        task = asyncio.create_task(self._handle(body, respond), name=f"bus {self.address}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, body: bytes, respond: Respond) -> None:
        try:
            reply = codec.encode(await self._handler(codec.decode(body)))
        except asyncio.CancelledError:
            respond(None, "nobody", "stopped")
            raise
        except Undecodable:
            self._counters["undecodable"] += 1
            respond(None, "undecodable", "")
        except MessageTooLarge as error:
            respond(None, "too_large", str(error))
        except Exception as error:
            log.exception("bus_handler_failed", address=self.address)
            respond(None, "handler", type(error).__name__)
        else:
            respond(reply, "", "")

    async def close(self) -> None:
        for task in list(self._tasks):
            await end(task)


class _Subscription:
    def __init__(self, topic: str, listener: Listener, counters: "Counter[str]") -> None:
        self.topic = topic
        self._listener = listener
        self._counters = counters
        self._waiting: deque[Struct] = deque()
        self._wake = asyncio.Event()

    def take(self, message: Struct) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._counters["messages_dropped"] += 1
            return
        self._waiting.append(message)
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                message = self._waiting.popleft()
                try:
                    await self._listener(message)
                except Exception:
                    self._counters["listener_failures"] += 1
                    log.exception("bus_listener_failed", topic=self.topic)


class _Watch:
    """Changes that wait are merged by address: only the latest of each is told."""

    def __init__(self, prefix: str, listener: PresenceListener, counters: "Counter[str]") -> None:
        self.prefix = prefix
        self._listener = listener
        self._counters = counters
        self._told: dict[str, str] = {}
        self._waiting: dict[str, str | None] = {}
        self._wake = asyncio.Event()

    def take(self, address: str, instance: str | None) -> None:
        self._waiting[address] = instance
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                address = next(iter(self._waiting))
                instance = self._waiting.pop(address)
                if self._told.get(address) == instance:
                    continue
                if instance is None:
                    del self._told[address]
                else:
                    self._told[address] = instance
                try:
                    await self._listener(address, instance)
                except Exception:
                    self._counters["listener_failures"] += 1
                    log.exception("bus_watcher_failed", address=address)


class Dispatch:
    """Owned by a bus client, which brings what arrives and sends what these need said."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.present: dict[str, str] = {}
        self._servings: dict[str, _Serving] = {}
        self._subscriptions: dict[str, list[_Subscription]] = {}
        self._watches: list[_Watch] = []
        self._ids = itertools.count(1)

    def next_id(self) -> int:
        return next(self._ids)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self._servings)

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._subscriptions)

    def request_came(self, address: str, body: bytes, respond: Respond) -> None:
        serving = self._servings.get(address)
        if serving is None:
            respond(None, "nobody", "")
        else:
            serving.take(body, respond)

    def publication_came(self, topic: str, body: bytes) -> None:
        subscriptions = self._subscriptions.get(topic)
        if not subscriptions:
            return
        try:
            message = codec.decode(body)
        except BusError:
            self.counters["undecodable"] += 1
            return
        for subscription in subscriptions:
            subscription.take(message)

    def presence_came(self, address: str, instance: str | None) -> None:
        if self.present.get(address) == instance:
            return
        if instance is None:
            del self.present[address]
        else:
            self.present[address] = instance
        for watch in self._watches:
            if address.startswith(watch.prefix):
                watch.take(address, instance)

    @asynccontextmanager
    async def serving(self, address: str, handler: Handler) -> AsyncIterator[None]:
        if address in self._servings:
            raise BusError(f"{address} is served by this process already")
        serving = self._servings[address] = _Serving(address, handler, self.counters)
        try:
            yield
        finally:
            del self._servings[address]
            await serving.close()

    @asynccontextmanager
    async def subscribed(self, topic: str, listener: Listener) -> AsyncIterator[bool]:
        """Yields whether this is the topic's first subscription here."""
        subscription = _Subscription(topic, listener, self.counters)
        subscriptions = self._subscriptions.setdefault(topic, [])
        subscriptions.append(subscription)
        task = asyncio.create_task(subscription.run(), name=f"bus topic {topic}")
        try:
            yield len(subscriptions) == 1
        finally:
            subscriptions.remove(subscription)
            if not subscriptions and self._subscriptions.get(topic) is subscriptions:
                del self._subscriptions[topic]
            await end(task)

    @asynccontextmanager
    async def watched(self, prefix: str, listener: PresenceListener) -> AsyncIterator[None]:
        watch = _Watch(prefix, listener, self.counters)
        for address, instance in self.present.items():
            if address.startswith(prefix):
                watch.take(address, instance)
        self._watches.append(watch)
        task = asyncio.create_task(watch.run(), name=f"bus watch {prefix}")
        try:
            yield
        finally:
            self._watches.remove(watch)
            await end(task)
