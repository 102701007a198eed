"""One end of a local bus connection: frames in, frames out, a bounded write buffer."""

import asyncio
from collections.abc import Callable

import structlog

from signaling.bus.frames import Frame, FrameError, FrameReader, encode_frame

SOFT_LIMIT = 4 * 1024 * 1024
"""Unsent bytes above which what may be lost (publications) is dropped."""
HARD_LIMIT = 32 * 1024 * 1024
"""Unsent bytes above which the peer is given up: it has stopped reading."""

log = structlog.get_logger(__name__)


class Connection(asyncio.Protocol):
    """``on_frame`` and ``on_lost`` are called in the event loop; ``on_lost`` exactly once, if it was made."""

    def __init__(
        self,
        on_frame: "Callable[[Connection, Frame], None]",
        on_made: "Callable[[Connection], None]",
        on_lost: "Callable[[Connection], None]",
    ) -> None:
        self._on_frame = on_frame
        self._on_made = on_made
        self._on_lost = on_lost
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._on_made(self)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                if not self.is_open:
                    return
                self._on_frame(self, frame)
        except FrameError as error:
            log.warning("bus_connection_unreadable", error=str(error))
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._on_lost(self)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_full(self) -> bool:
        """Whether what may be lost should be dropped now."""
        return self._transport is not None and self._transport.get_write_buffer_size() > SOFT_LIMIT

    def send(self, frame: Frame) -> bool:
        """False when the connection is gone, or is given up because its peer does not read."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > HARD_LIMIT:
            log.warning("bus_peer_does_not_read")
            self.abort()
            return False
        self._transport.write(encode_frame(frame))
        return True

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
