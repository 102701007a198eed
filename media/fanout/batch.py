"""Datagrams written in place and sent together: ``sendmmsg`` where the system has it, else one by one."""

import errno
import ipaddress
import socket
import sys
from typing import Any, Protocol

from media.fanout import segments
from media.fanout.system import HAS_MMSG, PASSING, address_of, ffi, libc

SLOTS = 1024
"""A frame's packets for a whole class: what goes to one destination can then leave together."""
SLOT_SIZE = 2048


class Destination:
    """Where datagrams go, by its raw socket address. ``at``: where ``name`` is in memory."""

    __slots__ = ("at", "name", "pair", "size")

    def __init__(self, raw: bytes) -> None:
        self.pair: tuple[str, int] = unpack_address(raw)
        self.name: Any = ffi.new("char[]", raw)
        self.size = len(raw)
        self.at = address_of(self.name)


def pack_address(family: int, ip: str, port: int) -> bytes:
    """A Linux ``sockaddr_in`` or ``sockaddr_in6`` (IPv4 is mapped into IPv6)."""
    if family == socket.AF_INET:
        return (
            family.to_bytes(2, sys.byteorder) + port.to_bytes(2) + ipaddress.IPv4Address(ip).packed + bytes(8)
        )
    host, _, scope = ip.partition("%")
    address = ipaddress.ip_address(host)
    packed = address.packed
    if isinstance(address, ipaddress.IPv4Address):
        packed = bytes(10) + b"\xff\xff" + packed
    number = int(scope) if scope.isdigit() else (socket.if_nametoindex(scope) if scope else 0)
    return (
        family.to_bytes(2, sys.byteorder)
        + port.to_bytes(2)
        + bytes(4)
        + packed
        + number.to_bytes(4, sys.byteorder)
    )


def unpack_address(raw: bytes) -> tuple[str, int]:
    port = int.from_bytes(raw[2:4])
    if len(raw) == 16:
        return str(ipaddress.IPv4Address(raw[4:8])), port
    address = ipaddress.IPv6Address(raw[8:24])
    scope = int.from_bytes(raw[24:28], sys.byteorder)
    return (f"{address}%{scope}" if scope else str(address)), port


class Batch(Protocol):
    """Slot ``i`` is ``view[i * SLOT_SIZE:]`` and ``pointers[i]``; set its length and destination, count up."""

    view: memoryview
    pointers: list[Any]
    count: int
    sent: int
    sent_bytes: int
    dropped: int
    destinations: list[Destination | None]
    lengths: list[int]

    def flush(self) -> None: ...
    def close(self) -> None: ...


class MmsgBatch:
    """One system call for many datagrams."""

    def __init__(self, sock: socket.socket) -> None:
        self._fd = sock.fileno()
        self._memory = ffi.new("char[]", SLOTS * SLOT_SIZE)
        self.view = memoryview(ffi.buffer(self._memory)).cast("B")
        self.pointers = [self._memory + i * SLOT_SIZE for i in range(SLOTS)]
        self._vectors = ffi.new("struct iovec[]", SLOTS)
        self._messages = ffi.new("struct mmsghdr[]", SLOTS)
        self._iov: list[Any] = []
        self._head: list[Any] = []
        for i in range(SLOTS):
            self._vectors[i].iov_base = self.pointers[i]
            head = self._messages[i].msg_hdr
            head.msg_iov = self._vectors + i
            head.msg_iovlen = 1
            self._iov.append(self._vectors[i])
            self._head.append(head)
        self.destinations: list[Destination | None] = [None] * SLOTS
        self.lengths = [0] * SLOTS
        self._set_destinations: list[Destination | None] = [None] * SLOTS
        self._set_lengths = [-1] * SLOTS
        self.count = 0
        self.sent = self.sent_bytes = self.dropped = 0
        self._segmenter = segments.make(libc, sock, self.pointers)

    def flush(self) -> None:
        count, self.count = self.count, 0
        if not count:
            return
        destinations, lengths = self.destinations, self.lengths
        segmenter = self._segmenter
        if segmenter is not None and len(set(destinations[:count])) < count:
            sent, sent_bytes = segmenter.send(self._fd, destinations[:count], lengths)
            self.sent += sent
            self.sent_bytes += sent_bytes
            self.dropped += count - sent
            if not segmenter.works:
                self._segmenter = None
            return
        set_destinations, set_lengths = self._set_destinations, self._set_lengths
        for i in range(count):
            destination = destinations[i]
            if destination is not set_destinations[i]:
                assert destination is not None
                head = self._head[i]
                head.msg_name = destination.name
                head.msg_namelen = destination.size
                set_destinations[i] = destination
            if lengths[i] != set_lengths[i]:
                self._iov[i].iov_len = set_lengths[i] = lengths[i]
        done = 0
        while done < count:
            sent = libc.sendmmsg(self._fd, self._messages + done, count - done, socket.MSG_DONTWAIT)
            if sent > 0:
                self.sent += sent
                self.sent_bytes += sum(lengths[done : done + sent])
                done += sent
                continue
            if ffi.errno == errno.EINTR:
                continue
            if ffi.errno in PASSING:
                self.dropped += count - done
                return
            self.dropped += 1
            done += 1

    def close(self) -> None:
        """Send what is queued; afterwards everything is dropped (the descriptor may be another's by then)."""
        self.flush()
        self._fd = -1


class LoopBatch:
    """The same slots, one ``sendto`` each."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._memory = ffi.new("char[]", SLOTS * SLOT_SIZE)
        self.view = memoryview(ffi.buffer(self._memory)).cast("B")
        self.pointers = [self._memory + i * SLOT_SIZE for i in range(SLOTS)]
        self.destinations: list[Destination | None] = [None] * SLOTS
        self.lengths = [0] * SLOTS
        self.count = 0
        self.sent = self.sent_bytes = self.dropped = 0

    def flush(self) -> None:
        count, self.count = self.count, 0
        for i in range(count):
            destination = self.destinations[i]
            assert destination is not None
            start = i * SLOT_SIZE
            try:
                self._socket.sendto(self.view[start : start + self.lengths[i]], destination.pair)
            except (BlockingIOError, OSError):
                self.dropped += 1
            else:
                self.sent += 1
                self.sent_bytes += self.lengths[i]

    def close(self) -> None:
        self.flush()


def make_batch(sock: socket.socket) -> Batch:
    return MmsgBatch(sock) if HAS_MMSG else LoopBatch(sock)
