"""The bus as the roles see it. Addresses: ``media.0``, ``recorder``, ``gateway``. Topics: same form."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

Handler = Callable[[Struct], Awaitable[Struct]]
Listener = Callable[[Struct], Awaitable[None]]
PresenceListener = Callable[[str, str | None], Awaitable[None]]
"""Called with (address, instance); instance is None when the address went down."""


class BusError(Exception):
    """A request got no reply: nobody serves the address, it died, or the time-out passed."""


class Bus(Protocol):
    """All context managers undo themselves on exit. Queues are bounded; a full one drops and counts."""

    async def request(self, address: str, message: Struct, *, timeout: float = 5.0) -> Struct:
        """Raises BusError. ``timeout`` in seconds."""
        ...

    def serve(self, address: str, handler: Handler) -> AbstractAsyncContextManager[None]:
        """Answer requests to ``address``, each in a task of the bus; raising answers with BusError."""
        ...

    async def publish(self, topic: str, message: Struct) -> None: ...

    def subscribe(self, topic: str, listener: Listener) -> AbstractAsyncContextManager[None]:
        """Messages of one topic reach the listener one after another, in the publisher's order."""
        ...

    def watch(self, prefix: str, listener: PresenceListener) -> AbstractAsyncContextManager[None]:
        """Told of every address with the prefix that is up now, then of each change."""
        ...
