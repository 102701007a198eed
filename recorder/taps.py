"""The listening stream socket that media workers send tapped packets to."""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable

from media.tap import TapFormatError, TapFrame, TapReader

MOST_CONNECTIONS = 256
UNCLAIMED_S = 5.0
UNCLAIMED_BYTES = 64 << 20
OnFrame = Callable[[TapFrame], None]


class Unclaimed:
    """Frames of taps that are not known yet: a worker begins before it is told here whose they are. Bounded
    in time (seconds of a clock of the caller's) and bytes; the oldest go first."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, TapFrame]] = deque()
        self._bytes = 0

    def add(self, frame: TapFrame, now: float) -> None:
        self._frames.append((now, frame))
        self._bytes += len(frame.packet)
        self.tidy(now)

    def take(self, tap: int) -> list[TapFrame]:
        """Those of ``tap``, in order."""
        found = [frame for _, frame in self._frames if frame.tap == tap]
        if found:
            self._frames = deque(each for each in self._frames if each[1].tap != tap)
            self._bytes -= sum(len(frame.packet) for frame in found)
        return found

    def tidy(self, now: float) -> None:
        frames = self._frames
        while frames and (frames[0][0] < now - UNCLAIMED_S or self._bytes > UNCLAIMED_BYTES):
            self._bytes -= len(frames.popleft()[1].packet)


class _TapConnection(asyncio.Protocol):
    """One worker's stream; closed at the first frame that cannot be."""

    def __init__(self, server: "TapServer") -> None:
        self._server = server
        self._reader = TapReader()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if len(self._server.connections) >= MOST_CONNECTIONS:
            self._server.refused += 1
            transport.abort()
            return
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._server.on_frame(frame)
        except TapFormatError:
            self._server.malformed += 1
            assert self.transport is not None
            self.transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._server.connections.discard(self)


class TapServer:
    """``address``: ``unix:/path`` or ``tcp:host:port`` (port 0: any; the one taken is in ``address``)."""

    def __init__(self, address: str, on_frame: OnFrame) -> None:
        self.address = address
        self.on_frame = on_frame
        self.connections: set[_TapConnection] = set()
        self.malformed = 0
        self.refused = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises OSError, ValueError."""
        loop = asyncio.get_running_loop()
        scheme, _, rest = self.address.partition(":")
        if scheme == "unix":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(rest)
            self._server = await loop.create_unix_server(lambda: _TapConnection(self), rest)
            os.chmod(rest, 0o600)
        elif scheme == "tcp":
            host, _, port = rest.rpartition(":")
            host = host.strip("[]")
            self._server = await loop.create_server(lambda: _TapConnection(self), host, int(port))
            taken = self._server.sockets[0].getsockname()[1]
            self.address = f"tcp:{rest.rpartition(':')[0]}:{taken}"
        else:
            raise ValueError(f"no tap address: {self.address}")

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for connection in list(self.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await server.wait_closed()
        scheme, _, path = self.address.partition(":")
        if scheme == "unix":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
