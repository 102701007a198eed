"""A bus within one process, for tests of the gateway: handlers are called directly, presence is told at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from signaling.bus.port import BusError, Handler, Listener, PresenceListener


class TestBus:
    """``up``/``down`` say who serves an address; ``sent`` keeps every request."""

    __test__ = False
    instance = "test"

    def __init__(self) -> None:
        self.handlers: dict[str, tuple[str, Handler]] = {}
        self.listeners: dict[str, list[Listener]] = {}
        self.watchers: list[tuple[str, PresenceListener]] = []
        self.sent: list[tuple[str, Struct]] = []
        self.counters: dict[str, int] = {}

    async def request(self, address: str, message: Struct, *, timeout: float = 5.0) -> Struct:
        self.sent.append((address, message))
        if address not in self.handlers:
            raise BusError(f"nobody serves {address}")
        return await self.handlers[address][1](message)

    @asynccontextmanager
    async def serve(self, address: str, handler: Handler) -> AsyncIterator[None]:
        await self.up(address, handler, "instance")
        yield
        await self.down(address)

    async def up(self, address: str, handler: Handler, instance: str) -> None:
        self.handlers[address] = (instance, handler)
        await self._tell(address, instance)

    async def down(self, address: str) -> None:
        self.handlers.pop(address, None)
        await self._tell(address, None)

    async def _tell(self, address: str, instance: str | None) -> None:
        for prefix, listener in list(self.watchers):
            if address.startswith(prefix):
                await listener(address, instance)

    async def publish(self, topic: str, message: Struct) -> None:
        for listener in list(self.listeners.get(topic, ())):
            await listener(message)

    @asynccontextmanager
    async def subscribe(self, topic: str, listener: Listener) -> AsyncIterator[None]:
        self.listeners.setdefault(topic, []).append(listener)
        yield
        self.listeners[topic].remove(listener)

    @asynccontextmanager
    async def watch(self, prefix: str, listener: PresenceListener) -> AsyncIterator[None]:
        entry = (prefix, listener)
        self.watchers.append(entry)
        for address, (instance, _) in list(self.handlers.items()):
            if address.startswith(prefix):
                await listener(address, instance)
        yield
        self.watchers.remove(entry)
