"""Which bus a process uses: decided here, once, from the settings."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from signaling.bus.port import Bus
from signaling.settings import Settings

SOCKET = "bus"
"""Name of the broker's socket in the runtime directory."""


def connect_bus(settings: Settings, runtime: Path) -> AbstractAsyncContextManager[Bus]:
    """Entering raises BusError when broker or Redis cannot be reached. ``runtime``: the supervisor's."""
    if settings.redis_url:
        from signaling.bus.redis import RedisBus

        return RedisBus(settings.redis_url)
    from signaling.bus.local import LocalBus

    return LocalBus(runtime / SOCKET)
