"""The subscribers of a fanout bench, all in one process of their own: they open, count and report.

They are woken by what comes, or look at their sockets by the clock: over loopback whoever sends pays for waking
them, as no server pays for clients elsewhere. Delays are by the kernel's time stamps.
"""

import asyncio
import multiprocessing.connection
import select
import struct
import time
from typing import NamedTuple

from media import srtp
from media.parameters import TransportParameters
from media.rtp.header import is_rtcp
from tests.bench._line import Line, Reading, plain_socket
from tests.bench._publisher import connected
from tests.bench._streams import Streams, Tally
from tests.media.peer import CONSENT_SECONDS, Peer

SWEEP_SECONDS = 0.005
FEEDBACK_SECONDS = 0.1
_HEAD = struct.Struct("!HxxxxI")


class Expected(NamedTuple):
    """``ssrcs``: of the streams that one subscriber gets. ``reports``: whether it says anything back."""

    ssrcs: list[int]
    transport_cc: int
    reports: bool


class Subscriber:
    def __init__(self, line: Line, peer: Peer | None) -> None:
        self.line = line
        self.peer = peer
        self.streams: Streams | None = None
        self.reports = False


class Subscribers:
    def __init__(self, everybody: list[Subscriber]) -> None:
        self.tally = Tally()
        self._everybody = everybody
        self._reading = Reading()
        self._turn = 0
        self._checked = time.monotonic()

    def sweep(self) -> None:
        """Once over all sockets."""
        for subscriber in self._everybody:
            self._take(subscriber)

    def _take(self, subscriber: Subscriber) -> None:
        if subscriber.line.inbound is None:
            self._count(subscriber)
        else:
            self._read(subscriber)

    def report(self) -> None:
        """Those whose turn it is."""
        every = max(1, round(FEEDBACK_SECONDS / SWEEP_SECONDS))
        self._turn = (self._turn + 1) % every
        for subscriber in self._everybody[self._turn :: every]:
            if subscriber.reports and subscriber.streams is not None:
                for packet in subscriber.streams.feedback():
                    self.tally.reports += subscriber.line.send(packet, rtcp=True)
        now = time.monotonic()
        if now - self._checked > CONSENT_SECONDS:
            self._checked = now
            for subscriber in self._everybody:
                if subscriber.peer is not None:
                    subscriber.peer.check()

    def _count(self, subscriber: Subscriber) -> None:
        tally = self.tally
        for sizes in self._reading.batches(subscriber.line):
            tally.packets += len(sizes)
            tally.octets += sum(sizes)

    def _read(self, subscriber: Subscriber) -> None:
        tally, reading, streams = self.tally, self._reading, subscriber.streams
        view, pointers, slot_size = reading.view, reading.pointers, Reading.SLOT
        session = subscriber.line.inbound
        assert session is not None
        for sizes in reading.batches(subscriber.line):
            tally.octets += sum(sizes)
            for slot, size in enumerate(sizes):
                at = slot * slot_size
                if not 128 <= view[at] < 192:
                    continue
                rtcp = is_rtcp(view[at + 1])
                plain = session.unprotect(pointers[slot], size, rtcp)
                if plain < 0:
                    tally.unopened += 1
                elif rtcp:
                    tally.rtcp += 1
                elif streams is not None:
                    seq, ssrc = _HEAD.unpack_from(view, at + 2)
                    streams.note(seq, ssrc, view[at : at + plain], reading.arrived(slot), tally)

    def listen(self, pipe: multiprocessing.connection.Connection, woken: bool) -> None:
        """Until the pipe says something."""
        by_file = {subscriber.line.fd: subscriber for subscriber in self._everybody}
        with select.epoll() as waiting:
            waiting.register(pipe.fileno(), select.EPOLLIN)
            for file in by_file if woken else ():
                waiting.register(file, select.EPOLLIN)
            due = time.perf_counter() + SWEEP_SECONDS
            while True:
                for file, _ in waiting.poll(max(0.0, due - time.perf_counter())):
                    if file == pipe.fileno():
                        return
                    self._take(by_file[file])
                now = time.perf_counter()
                if now >= due:
                    if not woken:
                        self.sweep()
                    self.report()
                    due = max(due + SWEEP_SECONDS, now)

    def take(self) -> Tally:
        for _ in range(2):
            self.sweep()
        taken, self.tally = self.tally, Tally()
        return taken


def subscribers_process(woken: bool, pipe: multiprocessing.connection.Connection) -> None:
    """First told how to connect: transport parameters of each (answers their DTLS parameters, and then that they are
    connected), or a list of SRTP keys or None (answers their ports). Then what each is to expect, and "take",
    answered with a ``Tally``; None ends it."""
    loop = asyncio.new_event_loop()
    ways: list[TransportParameters | bytes | None] = pipe.recv()
    if isinstance(ways[0], TransportParameters):
        everybody = loop.run_until_complete(_connect(ways, pipe))
    else:
        everybody = [Subscriber(_plain(way), None) for way in ways]
        pipe.send([subscriber.line.sock.getsockname()[1] for subscriber in everybody])
    crowd = Subscribers(everybody)
    while True:
        crowd.listen(pipe, woken)
        request: list[Expected] | str | None = pipe.recv()
        if request is None:
            return
        if isinstance(request, str):
            pipe.send(crowd.take())
            continue
        for subscriber, expected in zip(everybody, request, strict=True):
            subscriber.streams = Streams(expected.ssrcs, expected.transport_cc)
            subscriber.reports = expected.reports
        pipe.send("expecting")


def _plain(key: object) -> Line:
    session = srtp.Session(srtp.AEAD_AES_128_GCM, key, inbound=True) if isinstance(key, bytes) else None
    return Line(plain_socket(), session, None)


async def _connect(
    ways: list[TransportParameters | bytes | None], pipe: multiprocessing.connection.Connection
) -> list[Subscriber]:
    peers = [Peer(way) for way in ways if isinstance(way, TransportParameters)]
    pipe.send([peer.dtls_parameters for peer in peers])
    pipe.recv()
    everybody: list[Subscriber] = []
    for start in range(0, len(peers), 10):
        some = peers[start : start + 10]
        taken = await asyncio.gather(*(connected(peer) for peer in some))
        everybody += [Subscriber(Line(*each), peer) for each, peer in zip(taken, some, strict=True)]
    pipe.send("connected")
    return everybody
