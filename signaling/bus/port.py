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


class NobodyServes(BusError):
    """The address is not up, or went down before it answered."""


class TimedOut(BusError):
    """No reply within the time given; the request may still be carried out."""


class HandlerFailed(BusError):
    """The handler raised (its role's log says what), or was busy with too many requests."""


class MessageTooLarge(BusError):
    """An encoded message is over the bus's limit (``codec.MAX_MESSAGE``)."""


class Undecodable(BusError):
    """Bytes that are no message of the registry (``codec``)."""


class Bus(Protocol):
    """All context managers undo themselves on exit. Queues are bounded; a full one drops and counts."""

    @property
    def instance(self) -> str:
        """Names this process on the bus: what watchers of its addresses are told."""
        ...

    @property
    def counters(self) -> dict[str, int]:
        """What was dropped or refused since the start, by reason."""
        ...

    async def request(self, address: str, message: Struct, *, timeout: float = 5.0) -> Struct:
        """Raises BusError. ``timeout`` in seconds."""
        ...

    def serve(self, address: str, handler: Handler) -> AbstractAsyncContextManager[None]:
        """Answer requests to ``address``, each in a task of the bus; raising answers with BusError.

        Who serves an address last has it: an older server of it gets no more requests.
        """
        ...

    async def publish(self, topic: str, message: Struct) -> None: ...

    def subscribe(self, topic: str, listener: Listener) -> AbstractAsyncContextManager[None]:
        """Messages of one topic reach the listener one after another, in the publisher's order."""
        ...

    def watch(self, prefix: str, listener: PresenceListener) -> AbstractAsyncContextManager[None]:
        """Told of every address with the prefix that is up now, then of each change."""
        ...
