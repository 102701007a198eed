"""A path: an address that ICE has validated, over UDP or a TCP connection."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from media.fanout.port import Outlet
from media.tcp import TcpConnection

if TYPE_CHECKING:
    from media.transport import Transport


class Path:
    """``key``: how datagrams from it are recognised; for TCP the connection itself."""

    __slots__ = ("connection", "ip", "key", "port", "transport")

    def __init__(
        self, key: Hashable, ip: str, port: int, transport: "Transport", connection: TcpConnection | None
    ) -> None:
        self.key = key
        self.ip = ip
        self.port = port
        self.transport = transport
        self.connection = connection

    def direct(self, outlet: Outlet) -> None:
        """Make ``outlet`` send here."""
        if self.connection is not None:
            outlet.to_stream(self.connection.send)
        else:
            outlet.to_address(self.ip, self.port)
