"""A path: an address that ICE has validated, over UDP or a TCP connection, and the transport behind it."""

from collections.abc import Hashable

from media.fanout.port import Outlet
from media.tcp import TcpConnection
from media.transport import Transport
from media.udp import UdpSocket


class Path:
    """``key``: how datagrams from it are recognised; for TCP the connection itself."""

    __slots__ = ("_udp", "connection", "ip", "key", "port", "transport")

    def __init__(
        self,
        key: Hashable,
        ip: str,
        port: int,
        transport: Transport,
        udp: UdpSocket,
        connection: TcpConnection | None,
    ) -> None:
        self.key = key
        self.ip = ip
        self.port = port
        self.transport = transport
        self.connection = connection
        self._udp = udp

    def direct(self, outlet: Outlet) -> None:
        """Make ``outlet`` send here."""
        if self.connection is not None:
            outlet.to_stream(self.connection.send)
        else:
            assert isinstance(self.key, bytes)
            outlet.to_address(self.key)

    def send(self, data: bytes) -> None:
        """STUN and DTLS; RTP goes through the outlet."""
        if self.connection is not None:
            self.connection.send(data)
        else:
            self._udp.send(data, (self.ip, self.port))
