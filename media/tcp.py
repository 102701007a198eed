"""ICE-TCP, passive (RFC 6544) with RFC 4571 framing, for networks that block UDP."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

MAX_CONNECTIONS = 2048
MAX_PER_ADDRESS = 512
"""A school is behind one address."""
MAX_WRITE_BUFFER = 256 << 10
"""Bytes: a large key frame. More would not make a slow network faster, only what arrives older."""
MAX_UNSENT = 32 << 10
"""Bytes that the kernel may take beyond what is on its way; by itself it takes megabytes."""
MAX_FRAME = 2048
FIRST_SECONDS = 10.0
BACKLOG = 1024


_OPTIONS = [(socket.TCP_NODELAY, 1)]
if hasattr(socket, "TCP_NOTSENT_LOWAT"):
    _OPTIONS.append((socket.TCP_NOTSENT_LOWAT, MAX_UNSENT))


class TcpConnection(asyncio.Protocol):
    """One accepted connection; itself the key of its address. ``send`` drops when the remote does not read.

    What is sent in one turn of the event loop leaves in one write: a frame's packets, a batch's.
    """

    def __init__(self, listener: "TcpListener") -> None:
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._outgoing: list[bytes] = []
        self._outgoing_bytes = 0
        self.remote: tuple[str, int] = ("", 0)
        self.validated = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self.remote = (str(peer[0]), int(peer[1])) if peer else ("", 0)
        sock = transport.get_extra_info("socket")
        for option, value in _OPTIONS:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
        if not self._listener._add(self):
            transport.abort()
            return
        self._deadline = asyncio.get_running_loop().call_later(FIRST_SECONDS, self._late)

    def _late(self) -> None:
        if not self.validated:
            self.close()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        position, size = 0, len(buffer)
        while size - position >= 2:
            length = buffer[position] << 8 | buffer[position + 1]
            if length > MAX_FRAME:
                self.close()
                return
            end = position + 2 + length
            if end > size:
                break
            if length:
                self._listener._received(self, bytes(buffer[position + 2 : end]))
            position = end
        del buffer[:position]
        self._listener._drained()

    def send(self, data: bytes) -> None:
        transport = self._transport
        if (
            transport is None
            or transport.is_closing()
            or transport.get_write_buffer_size() + self._outgoing_bytes > MAX_WRITE_BUFFER
        ):
            self._listener.dropped += 1
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._write)
        self._outgoing.append(len(data).to_bytes(2) + data)
        self._outgoing_bytes += 2 + len(data)

    def _write(self) -> None:
        outgoing, self._outgoing, self._outgoing_bytes = self._outgoing, [], 0
        if self._transport is not None and outgoing:
            self._transport.write(b"".join(outgoing))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._outgoing.clear()
        if self._deadline is not None:
            self._deadline.cancel()
        self._listener._remove(self)

    def close(self) -> None:
        """What was sent before still leaves, if the kernel takes it at once."""
        self._write()
        if self._transport is not None:
            self._transport.abort()


class TcpListener:
    """Owns the listening socket and its connections."""

    def __init__(
        self,
        received: Callable[[TcpConnection, bytes], None],
        lost: Callable[[TcpConnection], None],
        drained: Callable[[], None],
    ) -> None:
        self._received = received
        self._lost = lost
        self._drained = drained
        self._server: asyncio.Server | None = None
        self._connections: set[TcpConnection] = set()
        self._by_ip: dict[str, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self.dropped = 0
        self.refused = 0

    async def start(self, host: str, port: int) -> None:
        """``::`` serves IPv4 too, as the UDP socket does. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
        loop = asyncio.get_running_loop()
        # asyncio would make an IPv6 socket of its own that serves IPv6 alone.
        self._server = await loop.create_server(lambda: TcpConnection(self), sock=sock, backlog=BACKLOG)

    @property
    def connections(self) -> int:
        return len(self._connections)

    def _add(self, connection: TcpConnection) -> bool:
        ip = connection.remote[0]
        if len(self._connections) >= MAX_CONNECTIONS or self._by_ip.get(ip, 0) >= MAX_PER_ADDRESS:
            self.refused += 1
            return False
        self._connections.add(connection)
        self._idle.clear()
        self._by_ip[ip] = self._by_ip.get(ip, 0) + 1
        return True

    def _remove(self, connection: TcpConnection) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        if not self._connections:
            self._idle.set()
        ip = connection.remote[0]
        self._by_ip[ip] -= 1
        if not self._by_ip[ip]:
            del self._by_ip[ip]
        self._lost(connection)

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for connection in list(self._connections):
            connection.close()
        await server.wait_closed()
        await self._idle.wait()
