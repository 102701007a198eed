"""What the kernel alone takes: the same datagrams by the same timetable to the same receivers, prepared
beforehand, one system call a moment. ``sendmmsg``: each by itself. ``segments``: one message a subscriber, cut by
``UDP_SEGMENT``."""

import errno
import multiprocessing.connection
import os
import socket
import time
from typing import Any, NamedTuple

from media.fanout.batch import pack_address
from media.fanout.system import PASSING, ffi, libc
from media.udp import UdpSocket
from tests.bench._timetable import Load, gathered, timetable

_HEAD_WORDS = 8
_MOST = 48
_SOL_UDP, _UDP_SEGMENT = 17, 103
COALESCED_SECONDS = 0.005
"""Evenly paced packets have to wait for each other, or there is nothing to cut."""


class Job(NamedTuple):
    """``hot``: without waiting for the time, with everything in the caches."""

    load: Load
    seconds: float
    size: int
    segments: bool
    hot: bool = False


class Spent(NamedTuple):
    """``refused``: messages that the kernel did not take."""

    cpu: float
    refused: int


class Messages:
    """So many datagrams to every address."""

    def __init__(self, names: list[Any], count: int, size: int, segments: bool) -> None:
        most = _MOST if segments else 1
        parts = [min(most, count - start) for start in range(0, count, most)]
        self.count = len(parts) * len(names)
        self._payload = ffi.new("char[]", os.urandom(most * size))
        self._vectors = ffi.new("struct iovec[]", self.count)
        self._controls = {part: _control(size) for part in parts if part > 1}
        self.heads = ffi.new("struct mmsghdr[]", self.count)
        for index in range(self.count):
            # Packet by packet, and each to everybody: the order in which they came.
            part, name = parts[index // len(names)], names[index % len(names)]
            vector = self._vectors[index]
            vector.iov_base, vector.iov_len = self._payload, part * size
            head = self.heads[index].msg_hdr
            head.msg_name, head.msg_namelen = name, 16
            head.msg_iov, head.msg_iovlen = self._vectors + index, 1
            if part > 1:
                head.msg_control, head.msg_controllen = self._controls[part], 24

    def send(self, fd: int) -> int:
        """Answers how many were refused."""
        done = refused = 0
        while done < self.count:
            taken = libc.sendmmsg(fd, self.heads + done, self.count - done, socket.MSG_DONTWAIT)
            if taken > 0:
                done += taken
            elif ffi.errno in PASSING:
                refused += 1
                done += 1
            elif ffi.errno != errno.EINTR:
                raise OSError(ffi.errno, "the kernel refuses these datagrams")
        return refused


def _control(size: int) -> Any:
    buffer = ffi.new("unsigned long long[3]")
    view = memoryview(ffi.buffer(buffer)).cast("B")
    view.cast("Q")[0] = 18
    words = view.cast("I")
    words[2], words[3] = _SOL_UDP, _UDP_SEGMENT
    view.cast("H")[8] = size
    return buffer


def floor_process(pipe: multiprocessing.connection.Connection) -> None:
    """Told the ports, then jobs, answered with what was ``Spent``; None ends it."""
    names = [ffi.new("char[]", pack_address(socket.AF_INET, "127.0.0.1", port)) for port in pipe.recv()]
    udp = UdpSocket("127.0.0.1", 0)
    while (job := pipe.recv()) is not None:
        pipe.send(_work(udp.sock.fileno(), names, job))
    udp.close()


def _work(fd: int, names: list[Any], job: Job) -> Spent:
    moments = timetable(job.load, job.seconds)
    if job.segments and not job.load.bursts:
        moments = gathered(moments, COALESCED_SECONDS)
    prepared: dict[int, Messages] = {}
    for _, video, voice in moments:
        if video + voice not in prepared:
            prepared[video + voice] = Messages(names, video + voice, job.size, job.segments)
    refused = 0
    before, began = time.process_time(), time.perf_counter()
    for at, video, voice in moments:
        wait = began + at - time.perf_counter()
        if wait > 0 and not job.hot:
            time.sleep(wait)
        refused += prepared[video + voice].send(fd)
    return Spent(time.process_time() - before, refused)
