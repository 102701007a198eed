"""Taps: plain RTP of a producer on its way to a reader over a stream socket. Never waits for the reader."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from media import layers
from media import tap as framing
from media.held import Budget, Held
from media.rtcp.reports import SenderInfo, build_sender
from media.rtp.packet import Packet
from media.rtp.rewrite import Rewriter
from media.stream import Stream

MAX_BUFFER = 4 << 20
CONNECT_SECONDS = 2.0
GATHER_SECONDS = 0.08
GATHER_BYTES = 48 << 10
"""Frames leave together: a system call and a wake-up of the reader for each would cost more than the rest."""


class TapConnection(asyncio.Protocol):
    """One connection per address, shared by its taps."""

    def __init__(self, address: str, lost: Callable[["TapConnection"], None]) -> None:
        self.address = address
        self.taps: dict[int, Tap] = {}
        self.dropped = 0
        self.frames = 0
        self._lost = lost
        self._transport: asyncio.WriteTransport | None = None
        self._gathered: list[bytes] = []
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._most = MAX_BUFFER

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
        if transport is None or transport.is_closing():
            self.dropped += 1
            return
        if transport.get_write_buffer_size() + self._bytes > self._most:
            self.dropped += 1
            return
        self._gather(framing.encode(kind, tap, wall_ns, packet))

    def replay(self, tap: int, held: Held) -> None:
        """What a reader that went away may have missed; however much it is, nothing else gives way to it."""
        before = self._bytes
        for kind, wall_ns, packet in held.newest(time.time_ns()):
            self._most += framing.FRAME_HEAD + len(packet)
            self._gather(framing.encode(kind, tap, wall_ns, packet))
        if self._bytes != before:
            self._flush()

    def _gather(self, frame: bytes) -> None:
        self.frames += 1
        self._gathered.append(frame)
        self._bytes += len(frame)
        if self._bytes >= GATHER_BYTES:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gathered, self._gathered, self._bytes = self._gathered, [], 0
        transport = self._transport
        if gathered and transport is not None and not transport.is_closing():
            transport.write(b"".join(gathered))
            if self._most > MAX_BUFFER and transport.get_write_buffer_size() < MAX_BUFFER // 2:
                self._most = MAX_BUFFER

    def connection_lost(self, _exc: Exception | None) -> None:
        self._flush()
        self._transport = None
        self._lost(self)

    def close(self) -> None:
        """What is still buffered is given a chance to leave."""
        self._flush()
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
    Whose reader went away goes on holding what comes, until ``move`` or ``close``.
    """

    def __init__(self, number: int, producer: Tapped, connection: TapConnection, budget: Budget) -> None:
        self.number = number
        self.producer = producer
        self.connection: TapConnection | None = connection
        self._held = Held(budget)
        self._rewriter = Rewriter(1) if len(producer.streams) > 1 else None
        self._stream: Stream | None = None
        self._closed = False
        connection.taps[number] = self
        producer.add_tap(self)

    def move(self, number: int, connection: TapConnection) -> None:
        """Goes on to a reader that came back: what is held first, with the arrivals it had."""
        self.number = number
        self.connection = connection
        connection.taps[number] = self
        connection.replay(number, self._held)

    def detach(self) -> None:
        self.connection = None

    def _write(self, kind: int, packet: bytes, wall_ns: int) -> None:
        self._held.add(kind, wall_ns, packet)
        if self.connection is not None:
            self.connection.write(kind, self.number, packet, wall_ns)

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
        self._write(framing.RTP, template, wall_ns)

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
            self._write(framing.RTCP, raw, time.time_ns())
        elif stream is self._stream:
            moved = (info.rtp_timestamp + self._timestamp_offset) & 0xFFFFFFFF
            report = build_sender(info._replace(ssrc=self._ssrc, rtp_timestamp=moved))
            self._write(framing.RTCP, report, time.time_ns())

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.producer.remove_tap(self)
        self._held.clear()
        if self.connection is not None:
            self.connection.taps.pop(self.number, None)

    @property
    def closed(self) -> bool:
        return self._closed
