"""UDP segmentation offload (Linux ``UDP_SEGMENT``): datagrams of one size to one destination cross the
kernel as one. Sending is most of what a fanout costs, and a frame is many packets for each subscriber.
"""

import errno
import socket
from collections.abc import Sequence
from typing import Any, Protocol

from media.fanout.system import HAS_MMSG, PASSING, address_of, ffi

_SOL_UDP, _UDP_SEGMENT = 17, 103
_MOST = 32
_MOST_BYTES = 60_000
_HEAD_WORDS = 8
_CONTROL_SIZE = 24


class Named(Protocol):
    """A destination: ``size`` bytes of socket address at ``at``."""

    at: int
    size: int


class Segmenter:
    """Sends slots in groups. ``pointers``: where each slot is. ``works`` turns false where the way out cannot."""

    def __init__(self, libc: Any, pointers: Sequence[Any]) -> None:
        self.works = True
        self._libc = libc
        self._slots = [address_of(pointer) for pointer in pointers]
        count = len(self._slots)
        self._vectors = ffi.new("struct iovec[]", count)
        self._messages = ffi.new("struct mmsghdr[]", count + 1)
        # Both structs written as words: a tenth of the time of an attribute each.
        self._vector_words = memoryview(ffi.buffer(self._vectors)).cast("B").cast("Q")
        self._words = memoryview(ffi.buffer(self._messages)).cast("B").cast("Q")
        self._vectors_at = address_of(self._vectors)
        self._controls: dict[int, tuple[Any, int]] = {}

    def send(self, fd: int, destinations: Sequence[Any], lengths: Sequence[int]) -> tuple[int, int]:
        """One slot for each of ``destinations``, in order for each of them. Returns datagrams and bytes sent."""
        segments, sizes = self._prepare(destinations, lengths)
        count = len(segments)
        done = sent = sent_bytes = 0
        while done < count:
            taken = self._libc.sendmmsg(fd, self._messages + done, count - done, socket.MSG_DONTWAIT)
            if taken > 0:
                sent += sum(segments[done : done + taken])
                sent_bytes += sum(sizes[done : done + taken])
                done += taken
                continue
            if ffi.errno == errno.EINTR:
                continue
            if ffi.errno in PASSING:
                break
            if segments[done] > 1:
                if ffi.errno == errno.EIO:
                    self.works = False
                one_by_one = self._send_singly(fd, done, segments[done], count)
                sent += one_by_one[0]
                sent_bytes += one_by_one[1]
            done += 1
        return sent, sent_bytes

    def _prepare(self, destinations: Sequence[Named], lengths: Sequence[int]) -> tuple[list[int], list[int]]:
        groups: dict[Named, list[int]] = {}
        for slot, destination in enumerate(destinations):
            if destination in groups:
                groups[destination].append(slot)
            else:
                groups[destination] = [slot]
        slots_at, vectors = self._slots, self._vector_words
        segments: list[int] = []
        sizes: list[int] = []
        vector = 0
        for destination, slots in groups.items():
            first, size, total = vector, lengths[slots[0]], 0
            for slot in slots:
                length = lengths[slot]
                # Only the last of a group may be shorter.
                if (
                    length > size
                    or vector - first == _MOST
                    or total + length > _MOST_BYTES
                    or (total and total % size)
                ):
                    self._head(len(segments), destination, first, vector - first, size)
                    segments.append(vector - first)
                    sizes.append(total)
                    first, size, total = vector, length, 0
                vectors[vector * 2] = slots_at[slot]
                vectors[vector * 2 + 1] = length
                vector += 1
                total += length
            self._head(len(segments), destination, first, vector - first, size)
            segments.append(vector - first)
            sizes.append(total)
        return segments, sizes

    def _head(self, index: int, destination: Named, first: int, count: int, size: int) -> None:
        words, at = self._words, index * _HEAD_WORDS
        words[at] = destination.at
        words[at + 1] = destination.size
        words[at + 2] = self._vectors_at + 16 * first
        words[at + 3] = count
        if count > 1:
            control = self._controls.get(size)
            if control is None:
                control = self._controls[size] = _control(size)
            words[at + 4] = control[1]
            words[at + 5] = _CONTROL_SIZE
        else:
            words[at + 4] = words[at + 5] = 0

    def _send_singly(self, fd: int, index: int, count: int, spare: int) -> tuple[int, int]:
        """What was refused as a group: the last head is used for each in turn."""
        words, at, of = self._words, spare * _HEAD_WORDS, index * _HEAD_WORDS
        words[at : at + 2] = words[of : of + 2]
        words[at + 3], words[at + 4], words[at + 5] = 1, 0, 0
        first = (words[of + 2] - self._vectors_at) // 16
        sent = sent_bytes = 0
        for vector in range(first, first + count):
            words[at + 2] = self._vectors_at + 16 * vector
            if self._libc.sendmmsg(fd, self._messages + spare, 1, socket.MSG_DONTWAIT) > 0:
                sent += 1
                sent_bytes += self._vector_words[vector * 2 + 1]
        return sent, sent_bytes


def _control(size: int) -> tuple[Any, int]:
    """A ``cmsghdr`` with the segment size, and where it is."""
    buffer = ffi.new("unsigned long long[3]")
    view = memoryview(ffi.buffer(buffer)).cast("B")
    view.cast("Q")[0] = 18
    words = view.cast("I")
    words[2], words[3] = _SOL_UDP, _UDP_SEGMENT
    view.cast("H")[8] = size
    return buffer, address_of(buffer)


def make(libc: Any, sock: socket.socket, pointers: Sequence[Any]) -> Segmenter | None:
    """None where the kernel does not segment, or its structs are not those of a 64-bit Linux."""
    if not HAS_MMSG or ffi.sizeof("struct mmsghdr") != 8 * _HEAD_WORDS or ffi.sizeof("struct iovec") != 16:
        return None
    try:
        sock.setsockopt(_SOL_UDP, _UDP_SEGMENT, 0)
    except OSError:
        return None
    return Segmenter(libc, pointers)
