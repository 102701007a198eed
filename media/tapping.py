"""Taps: plain RTP of a producer on its way to a reader over a stream socket. Never waits for the reader."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from media import layers
from media import tap as framing
from media.rtcp.reports import SenderInfo, build_sender
from media.rtp.packet import Packet
from media.rtp.rewrite import Rewriter
from media.stream import Stream

MAX_BUFFER = 4 << 20
CONNECT_SECONDS = 2.0


class TapConnection(asyncio.Protocol):
    """One connection per address, shared by its taps."""

    def __init__(self, address: str, lost: Callable[["TapConnection"], None]) -> None:
        self.address = address
        self.taps: dict[int, Tap] = {}
        self.dropped = 0
        self.frames = 0
        self._lost = lost
        self._transport: asyncio.WriteTransport | None = None

    async def connect(self) -> None:
        """Raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        scheme, _, rest = self.address.partition(":")
        async with asyncio.timeout(CONNECT_SECONDS):
            if scheme == "unix":
                await loop.create_unix_connection(lambda: self, rest)
            elif scheme == "tcp":
                host, _, port = rest.rpartition(":")
                await loop.create_connection(lambda: self, host, int(port))
            else:
                raise OSError(f"a tap address begins with unix: or tcp:, not {scheme!r}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def write(self, kind: int, tap: int, packet: bytes, wall_ns: int) -> None:
        """``wall_ns``: when the packet came, in ns since the epoch."""
        transport = self._transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size() > MAX_BUFFER:
            self.dropped += 1
            return
        self.frames += 1
        transport.write(framing.encode(kind, tap, wall_ns, packet))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._lost(self)

    def close(self) -> None:
        """What is still buffered is given a chance to leave."""
        if self._transport is not None:
            self._transport.close()


class Tapped(Protocol):
    """The producer, as its taps need it."""

    id: str
    streams: list[Stream]

    def add_tap(self, tap: "Tap") -> None: ...
    def remove_tap(self, tap: "Tap") -> None: ...
    def target(self, now: float) -> Stream | None: ...


class Tap:
    """One producer's packets into a connection.

    A producer with one encoding is passed on with the numbers it came with; of simulcast the best
    encoding is taken, with numbers that go on over a switch (SSRC: the first encoding's).
    """

    def __init__(self, number: int, producer: Tapped, connection: TapConnection) -> None:
        self.number = number
        self.producer = producer
        self.connection = connection
        self._rewriter = Rewriter(1) if len(producer.streams) > 1 else None
        self._stream: Stream | None = None
        self._closed = False
        connection.taps[number] = self
        producer.add_tap(self)

    def take(self, stream: Stream, packet: Packet, wall_ns: int) -> None:
        template = packet.template
        now = time.monotonic()
        if self._rewriter is not None:
            if packet.key_frame_start and stream is not self._stream and stream is self.producer.target(now):
                self._switch(self._rewriter, stream, packet, now)
            if stream is not self._stream:
                return
            seq = self._rewriter.rewrite(packet.seq)
            if seq is None:
                return
            offset = self._timestamp_offset
            head = bytearray(template[:12])
            head[2:4] = (seq & 0xFFFF).to_bytes(2)
            head[4:8] = ((packet.timestamp + offset) & 0xFFFFFFFF).to_bytes(4)
            head[8:12] = self._ssrc.to_bytes(4)
            template = bytes(head) + template[12:]
        self.connection.write(framing.RTP, self.number, template, wall_ns)

    def _switch(self, rewriter: Rewriter, stream: Stream, packet: Packet, now: float) -> None:
        offset = 0
        if self._stream is not None:
            offset = layers.timestamp_offset(
                self._stream.clock,
                self._timestamp_offset,
                stream.clock,
                packet.timestamp,
                now,
                stream.clock_rate,
            )
        self._stream = stream
        rewriter.begin(stream, packet.seq, offset)

    @property
    def _timestamp_offset(self) -> int:
        epoch = self._rewriter.current if self._rewriter is not None else None
        return epoch.timestamp_offset if epoch is not None else 0

    @property
    def _ssrc(self) -> int:
        return self.producer.streams[0].ssrc or 1

    def take_report(self, stream: Stream, info: SenderInfo, raw: bytes) -> None:
        if self._rewriter is None:
            self.connection.write(framing.RTCP, self.number, raw, time.time_ns())
        elif stream is self._stream:
            moved = (info.rtp_timestamp + self._timestamp_offset) & 0xFFFFFFFF
            report = build_sender(info._replace(ssrc=self._ssrc, rtp_timestamp=moved))
            self.connection.write(framing.RTCP, self.number, report, time.time_ns())

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.producer.remove_tap(self)
        self.connection.taps.pop(self.number, None)


class Taps:
    """All taps of a worker and their connections. ``lost``: taps whose reader went away by itself."""

    def __init__(self, lost: Callable[[tuple[int, ...]], None]) -> None:
        self._lost = lost
        self._connections: dict[str, TapConnection] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._dropped_before = 0
        self._frames_before = 0

    def get(self, number: int) -> Tap | None:
        for connection in self._connections.values():
            tap = connection.taps.get(number)
            if tap is not None:
                return tap
        return None

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
        for tap in list(connection.taps.values()):
            tap.close()
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
    def frames(self) -> int:
        return self._frames_before + sum(c.frames for c in self._connections.values())

    def close(self) -> None:
        for connection in list(self._connections.values()):
            for tap in list(connection.taps.values()):
                tap.close()
        self.sweep()
