"""The worker's one UDP socket: bound, with large buffers, never blocking, never queueing what cannot be sent."""

import contextlib
import errno
import socket
from collections.abc import Callable

from media.fanout.batch import unpack_address
from media.fanout.reading import Reader, Receive
from media.fanout.system import HAS_MMSG

_BUFFER = 8 << 20


class UdpSocket:
    """Owns the socket. Who reads it: a fanout, or ``start`` does."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            _enlarge(sock)
            sock.setblocking(False)
            sock.bind((host, port))
        except BaseException:
            sock.close()
            raise
        self.sock = sock
        self.port: int = sock.getsockname()[1]
        self.send_dropped = 0
        self._reader: Reader | None = None
        self._closed = False

    def start(self, receive: Receive, drained: Callable[[], None]) -> None:
        """Read it here, in the running event loop."""
        self._reader = Reader(self.sock)
        self._reader.start(receive, drained)

    def stop(self) -> None:
        """Read no more; the socket stays open."""
        if self._reader is not None:
            self._reader.close()

    def address(self, key: bytes) -> tuple[str, int]:
        """Ip and port of a raw socket address."""
        return unpack_address(key)

    def send(self, data: bytes, address: tuple[str, int]) -> None:
        """STUN and DTLS; RTP goes through the fanout."""
        try:
            self.sock.sendto(data, address)
        except OSError as error:
            if error.errno != errno.EINTR:
                self.send_dropped += 1

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.stop()
        self.sock.close()


def _enlarge(sock: socket.socket) -> None:
    """The large buffers bursts of key frames need; more than the system's limit where we may."""
    for forced, plain in ((33, socket.SO_RCVBUF), (32, socket.SO_SNDBUF)):
        try:
            if not HAS_MMSG:
                raise PermissionError
            sock.setsockopt(socket.SOL_SOCKET, forced, _BUFFER)
        except OSError:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, plain, _BUFFER)
