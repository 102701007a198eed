"""ICE-TCP's connections: framing, and what happens to those who do not read."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from media.tcp import MAX_FRAME, MAX_UNSENT, MAX_WRITE_BUFFER, TcpConnection, TcpListener
from tests.media.house import until


class _Listening:
    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.connections: list[TcpConnection] = []
        self.lost: list[TcpConnection] = []
        self.listener = TcpListener(self._take, self.lost.append, lambda: None)

    def _take(self, connection: TcpConnection, data: bytes) -> None:
        if connection not in self.connections:
            connection.validated = True
            self.connections.append(connection)
        self.received.append(data)


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[_Listening, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A listener, and a client of it that has sent ``hello``."""
    listening = _Listening()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    await listening.listener.start("127.0.0.1", port)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(frame(b"hello"))
        await until(lambda: listening.connections)
        yield listening, reader, writer
        writer.close()
    finally:
        await listening.listener.close()


def frame(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


async def test_frames_come_whole_however_they_are_cut():
    async with connected() as (listening, _, writer):
        sent = [bytes([n]) * (n * 7 % 1200 + 1) for n in range(100)]
        stream = b"".join(map(frame, sent))
        for at in range(0, len(stream), 333):
            writer.write(stream[at : at + 333])
            await writer.drain()
        await until(lambda: len(listening.received) == 101)
        assert listening.received[1:] == sent


async def test_what_is_sent_arrives_in_order_and_before_a_close():
    async with connected() as (listening, reader, _):
        (connection,) = listening.connections
        for number in range(50):
            connection.send(number.to_bytes(2))
        connection.close()
        data = await reader.read()
        assert data == b"".join(frame(number.to_bytes(2)) for number in range(50))
        await until(lambda: listening.lost == [connection])


async def test_a_frame_too_large_closes():
    async with connected() as (listening, reader, writer):
        writer.write((MAX_FRAME + 1).to_bytes(2))
        assert await reader.read() == b""
        assert listening.listener.connections == 0


async def test_who_does_not_read_holds_little_and_the_rest_is_dropped_and_counted():
    async with connected() as (listening, reader, _):
        (connection,) = listening.connections
        packet = bytes(1200)
        rounds = 0
        while listening.listener.dropped < 1000:
            for _ in range(100):
                connection.send(packet)
            await asyncio.sleep(0)
            rounds += 1
        transport = connection._transport
        assert transport is not None
        assert transport.get_write_buffer_size() <= MAX_WRITE_BUFFER + 2 * len(packet)
        unsent = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
        assert unsent == MAX_UNSENT
        # It reads again: whole frames go on.
        taken = 0
        while taken < 2 * MAX_WRITE_BUFFER:
            size = int.from_bytes(await reader.readexactly(2))
            assert await reader.readexactly(size) == packet
            taken += size
            connection.send(packet)
