"""All taps of a worker, and what becomes of them when their reader goes away."""

import asyncio
from collections.abc import Callable

from media.held import SECONDS as HELD_SECONDS
from media.held import Budget
from media.tapping import Tap, TapConnection, Tapped


class Taps:
    """All taps of a worker and their connections. ``lost``: taps whose reader went away by itself. Those
    wait as orphans, a bounded time, for a tap of the same producer, which then misses nothing."""

    def __init__(self, lost: Callable[[tuple[int, ...]], None]) -> None:
        self._lost = lost
        self._connections: dict[str, TapConnection] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._orphans: dict[str, tuple[Tap, asyncio.TimerHandle]] = {}
        self._budget = Budget()
        self._dropped_before = 0
        self._frames_before = 0

    def get(self, number: int) -> Tap | None:
        for connection in self._connections.values():
            tap = connection.taps.get(number)
            if tap is not None:
                return tap
        return None

    def stop(self, number: int) -> None:
        """Idempotent."""
        orphans = [tap.producer.id for tap, _ in self._orphans.values() if tap.number == number]
        for producer in orphans:
            self._forget_orphan(producer)
        tap = self.get(number)
        if tap is not None:
            tap.close()
            self.sweep()

    def start(self, number: int, producer: Tapped, connection: TapConnection) -> None:
        """Opens a tap, or moves the producer's orphan."""
        tap, timer = self._orphans.pop(producer.id, (None, None))
        if timer is not None:
            timer.cancel()
        if tap is None or tap.closed or tap.producer is not producer:
            Tap(number, producer, connection, self._budget)
        else:
            tap.move(number, connection)

    def _orphan(self, tap: Tap) -> None:
        tap.detach()
        producer = tap.producer.id
        self._forget_orphan(producer)
        timer = asyncio.get_running_loop().call_later(HELD_SECONDS, self._forget_orphan, producer)
        self._orphans[producer] = (tap, timer)

    def _forget_orphan(self, producer: str) -> None:
        tap, timer = self._orphans.pop(producer, (None, None))
        if tap is not None and timer is not None:
            timer.cancel()
            tap.close()

    @property
    def addresses(self) -> dict[int, str]:
        return {n: c.address for c in self._connections.values() for n in c.taps}

    @property
    def producers(self) -> dict[int, str]:
        return {n: tap.producer.id for c in self._connections.values() for n, tap in c.taps.items()}

    async def connect(self, address: str) -> TapConnection:
        """The one connection to ``address``. Raises OSError or TimeoutError."""
        lock = self._locks.setdefault(address, asyncio.Lock())
        async with lock:
            connection = self._connections.get(address)
            if connection is None:
                connection = TapConnection(address, self._connection_lost)
                await connection.connect()
                self._connections[address] = connection
            return connection

    def _connection_lost(self, connection: TapConnection) -> None:
        if self._connections.get(connection.address) is not connection:
            return
        self._forget(connection)
        numbers = tuple(sorted(connection.taps))
        for tap in connection.taps.values():
            self._orphan(tap)
        connection.taps.clear()
        if numbers:
            self._lost(numbers)

    def _forget(self, connection: TapConnection) -> None:
        del self._connections[connection.address]
        self._locks.pop(connection.address, None)
        self._dropped_before += connection.dropped
        self._frames_before += connection.frames

    def sweep(self) -> None:
        """Close connections that no tap uses any more."""
        for connection in [c for c in self._connections.values() if not c.taps]:
            self._forget(connection)
            connection.close()

    @property
    def dropped(self) -> int:
        return self._dropped_before + sum(c.dropped for c in self._connections.values())

    @property
    def held_bytes(self) -> int:
        return self._budget.bytes

    @property
    def held_dropped(self) -> int:
        """Frames let go before their time."""
        return self._budget.dropped

    @property
    def frames(self) -> int:
        return self._frames_before + sum(c.frames for c in self._connections.values())

    def close(self) -> None:
        for connection in list(self._connections.values()):
            for tap in list(connection.taps.values()):
                tap.close()
        for producer in list(self._orphans):
            self._forget_orphan(producer)
        self.sweep()
