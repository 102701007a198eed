"""Datagrams read from a socket in batches, as the event loop says that there are some."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from media import srtp
from media.fanout.batch import SLOT_SIZE, pack_address
from media.fanout.system import HAS_MMSG, ffi, libc

_BATCH = 64
_BATCHES_AT_ONCE = 4

_CONTROL = 64
_SO_TIMESTAMPNS = 35
_MAX_AGE = 2.0
_TIMESTAMP = struct.Struct("@qq")
_CONTROL_HEAD = struct.calcsize("@Nii")

Receive = Callable[[Any, memoryview, bytes, float], None]
"""``(pointer, view, source, age)``: the datagram, valid until the callback returns, at both. ``source``: the raw
socket address. ``age``: seconds since the kernel took it (0.0 where the kernel does not say):
what a busy event loop added must not look like congestion to the sender."""


class Reader:
    """``receive`` gets each datagram, ``drained`` is called after each batch. The socket stays the caller's."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = 0
        self.received_bytes = 0
        self._memory = ffi.new("char[]", _BATCH * SLOT_SIZE)
        self._view = memoryview(ffi.buffer(self._memory)).cast("B")
        base = int(ffi.cast("uintptr_t", self._memory))
        self._pointers = [srtp.ffi.cast("char *", base + i * SLOT_SIZE) for i in range(_BATCH)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receive: Receive | None = None
        self._drained: Callable[[], None] | None = None
        self._closed = False
        if HAS_MMSG:
            self._prepare(16 if sock.family == socket.AF_INET else 28)

    def _prepare(self, name_size: int) -> None:
        self._name_size = name_size
        self._names = ffi.new("char[]", _BATCH * 32)
        self._vectors = ffi.new("struct iovec[]", _BATCH)
        self._messages = ffi.new("struct mmsghdr[]", _BATCH)
        self._heads: list[Any] = []
        self._controls = ffi.new("char[]", _BATCH * _CONTROL)
        self._controls_view = memoryview(ffi.buffer(self._controls)).cast("B")
        self._used = 0
        self.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        for i in range(_BATCH):
            self._vectors[i].iov_base = self._memory + i * SLOT_SIZE
            self._vectors[i].iov_len = SLOT_SIZE
            head = self._messages[i].msg_hdr
            head.msg_iov = self._vectors + i
            head.msg_iovlen = 1
            head.msg_name = self._names + i * 32
            head.msg_namelen = name_size
            head.msg_control = self._controls + i * _CONTROL
            head.msg_controllen = _CONTROL
            self._heads.append(self._messages[i])

    def start(self, receive: Receive, drained: Callable[[], None]) -> None:
        self._receive = receive
        self._drained = drained
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.sock, self._on_readable)

    def _on_readable(self) -> None:
        assert self._drained is not None
        read = self._read_many if HAS_MMSG else self._read_one_by_one
        for _ in range(_BATCHES_AT_ONCE):
            count = read()
            if count:
                self._drained()
            if count < _BATCH or self._closed:
                break

    def _read_many(self) -> int:
        for i in range(self._used):
            self._messages[i].msg_hdr.msg_controllen = _CONTROL
        count = libc.recvmmsg(self.sock.fileno(), self._messages, _BATCH, socket.MSG_DONTWAIT, ffi.NULL)
        self._used = max(0, count)
        if count <= 0:
            return 0
        wall = time.time_ns()
        controls = self._controls_view
        receive, heads, view, pointers = self._receive, self._heads, self._view, self._pointers
        assert receive is not None
        names = ffi.buffer(self._names)[:]
        name_size = self._name_size
        self.received += count
        for i in range(count):
            size = heads[i].msg_len
            self.received_bytes += size
            if size:
                seconds, nanoseconds = _TIMESTAMP.unpack_from(controls, i * _CONTROL + _CONTROL_HEAD)
                age = (wall - seconds * 1_000_000_000 - nanoseconds) * 1e-9
                if not 0.0 <= age < _MAX_AGE:
                    age = 0.0
                start = i * SLOT_SIZE
                name = i * 32
                receive(pointers[i], view[start : start + size], names[name : name + name_size], age)
        return int(count)

    def _read_one_by_one(self) -> int:
        receive, view = self._receive, self._view
        assert receive is not None
        for i in range(_BATCH):
            try:
                size, address = self.sock.recvfrom_into(view[:SLOT_SIZE])
            except OSError:
                return i
            self.received += 1
            self.received_bytes += size
            if size:
                receive(self._pointers[0], view[:size], pack_address(self.sock.family, *address[:2]), 0.0)
        return _BATCH

    def close(self) -> None:
        """Stops reading; idempotent. Before the socket is closed."""
        if self._closed:
            return
        self._closed = True
        if self._loop is not None:
            self._loop.remove_reader(self.sock)
