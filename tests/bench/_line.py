"""A connected UDP socket with SRTP, for loops of their own: no event loop, many datagrams a call."""

import socket
import struct
from collections.abc import Iterator
from typing import Any

from media import srtp
from media.fanout.system import address_of, ffi, libc

_BATCH, _SLOT, _CONTROL, _HEAD = 64, 2048, 64, 64
_LENGTH_WORD = 7
_STAMP_AT = struct.calcsize("@Nii")
_STAMP = struct.Struct("@qq")
SO_TIMESTAMPNS = 35


class Line:
    """``inbound`` None: what comes is counted by who reads, not opened. All of it stays the caller's."""

    def __init__(
        self, sock: socket.socket, inbound: srtp.Session | None, outbound: srtp.Session | None
    ) -> None:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock = sock
        self.inbound = inbound
        self.fd = sock.fileno()
        self._outbound = outbound
        self._out = srtp.ffi.new("char[]", _SLOT)
        self._view = memoryview(srtp.ffi.buffer(self._out)).cast("B")

    def send(self, packet: bytes, rtcp: bool = False) -> bool:
        """Whether the network took it."""
        assert self._outbound is not None
        size = len(packet)
        self._view[:size] = packet
        size = self._outbound.protect(self._out, size, rtcp)
        assert size > 0, size
        try:
            self.sock.send(self._view[:size])
        except OSError:
            return False
        return True


class Reading:
    """Memory for one batch of datagrams, for any number of lines in turn. Slot ``i`` is ``view[i * SLOT:]``."""

    SLOT = _SLOT

    def __init__(self) -> None:
        self._memory = ffi.new("char[]", _BATCH * _SLOT)
        self.view = memoryview(ffi.buffer(self._memory)).cast("B")
        base = address_of(self._memory)
        self.pointers: list[Any] = [srtp.ffi.cast("void *", base + i * _SLOT) for i in range(_BATCH)]
        self._controls = ffi.new("char[]", _BATCH * _CONTROL)
        self._controls_view = memoryview(ffi.buffer(self._controls)).cast("B")
        self._vectors = ffi.new("struct iovec[]", _BATCH)
        self._messages = ffi.new("struct mmsghdr[]", _BATCH)
        for i in range(_BATCH):
            self._vectors[i].iov_base = self._memory + i * _SLOT
            self._vectors[i].iov_len = _SLOT
            head = self._messages[i].msg_hdr
            head.msg_iov = self._vectors + i
            head.msg_iovlen = 1
            head.msg_control = self._controls + i * _CONTROL
            head.msg_controllen = _CONTROL
        self._heads = memoryview(ffi.buffer(self._messages)).cast("B")
        self._words = self._heads.cast("Q")
        self._fresh = bytes(self._heads)

    def batches(self, line: Line) -> Iterator[list[int]]:
        """Sizes of the datagrams in the slots, batch after batch, until nothing waits."""
        while True:
            count = libc.recvmmsg(line.fd, self._messages, _BATCH, socket.MSG_DONTWAIT, ffi.NULL)
            if count <= 0:
                return
            words = self._words
            yield [
                words[at] & 0xFFFFFFFF
                for at in range(_LENGTH_WORD, count * _HEAD // 8 + _LENGTH_WORD, _HEAD // 8)
            ]
            self._heads[: count * _HEAD] = self._fresh[: count * _HEAD]
            if count < _BATCH:
                return

    def arrived(self, slot: int) -> int:
        """When the kernel took it: nanoseconds since the epoch."""
        seconds, nanoseconds = _STAMP.unpack_from(self._controls_view, slot * _CONTROL + _STAMP_AT)
        return int(seconds) * 1_000_000_000 + int(nanoseconds)


def plain_socket() -> socket.socket:
    """On loopback, with the buffer that a browser's kernel would not need: whoever reads here is late at times."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return sock
