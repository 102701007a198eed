"""The publisher of a fanout bench, in a process of its own: a screen in VP8 and a voice."""

import asyncio
import multiprocessing.connection
import socket
import struct
import time
from collections.abc import Callable
from typing import NamedTuple

from media import srtp
from media.parameters import TransportParameters
from media.rtcp import compound, feedback
from media.rtp.header import is_rtcp
from tests.bench._line import Line, Reading, plain_socket
from tests.bench._timetable import FRAMES, VIDEO_SIZE, VOICE_SIZE, Load, timetable
from tests.media.house import rtp, vp8_payload
from tests.media.peer import CONSENT_SECONDS, Peer

VIDEO_SSRC, VOICE_SSRC = 1111, 3333
HEAD = 12 + 4 + 8
"""A header with MID and transport-cc."""


class Plain(NamedTuple):
    """Without ICE and DTLS: where to, and the master key and salt."""

    address: tuple[str, int]
    key: bytes


class Sent(NamedTuple):
    """``worst``: the furthest a packet was behind its time, seconds."""

    packets: int
    refused: int
    worst: float


class Publisher:
    """Packets end with the time they were made, in nanoseconds since the epoch."""

    def __init__(self, line: Line, check: Callable[[], None]) -> None:
        self._line = line
        self._check = check
        self._checked = 0.0
        self._reading = Reading()
        self._wide = self._seq = self._voice_seq = self._picture = 0
        self._key_wanted = True
        self._refused = 0

    def run(self, load: Load, seconds: float) -> Sent:
        moments = timetable(load, seconds)
        refused, sent, worst, count = self._refused, 0, 0.0, 0
        began = time.perf_counter() + 0.01
        for at, video, voice in moments:
            wait = began + at - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            worst = max(worst, -wait)
            for _ in range(video):
                self._video(count, load.video)
                count += 1
            if voice:
                self._voice()
            self._listen()
            sent += video + voice
        return Sent(sent, self._refused - refused, worst)

    def _video(self, count: int, rate: int) -> None:
        frame = count * FRAMES // rate
        begins = count == 0 or (count - 1) * FRAMES // rate != frame
        ends = (count + 1) * FRAMES // rate != frame
        is_key = False
        if begins:
            self._picture += 1
            is_key, self._key_wanted = self._key_wanted, False
        whole = vp8_payload(self._picture, is_key, 0)
        payload = whole if begins else bytes((whole[0] & ~0x10,)) + whole[1:]
        self._send(payload, VIDEO_SSRC, 96, self._seq, self._picture * 3000, ends, VIDEO_SIZE)
        self._seq += 1

    def _voice(self) -> None:
        self._voice_seq += 1
        self._send(b"", VOICE_SSRC, 111, self._voice_seq, self._voice_seq * 960, True, VOICE_SIZE)

    def _send(
        self, payload: bytes, ssrc: int, payload_type: int, seq: int, timestamp: int, marker: bool, size: int
    ) -> None:
        extensions = {4: b"0" if ssrc == VIDEO_SSRC else b"1", 3: struct.pack("!H", self._wide & 0xFFFF)}
        self._wide += 1
        payload += bytes(size - HEAD - 8 - len(payload)) + struct.pack("!Q", time.time_ns())
        packet = rtp(
            seq,
            payload,
            ssrc=ssrc,
            payload_type=payload_type,
            timestamp=timestamp,
            marker=marker,
            extensions=extensions,
        )
        self._refused += not self._line.send(packet)

    def _listen(self) -> None:
        """Key frames that are asked for. And consent has to be asked for, too (RFC 7675)."""
        now = time.perf_counter()
        if now - self._checked > CONSENT_SECONDS:
            self._checked = now
            self._check()
        line, view, slot_size = self._line, self._reading.view, Reading.SLOT
        if line.inbound is None:
            return
        for sizes in self._reading.batches(line):
            for slot, size in enumerate(sizes):
                at = slot * slot_size
                if not 128 <= view[at] < 192 or not is_rtcp(view[at + 1]):
                    continue
                size = line.inbound.unprotect(self._reading.pointers[slot], size, True)
                if size > 0 and any(
                    part.type == compound.PSFB and part.subtype in (feedback.PLI, feedback.FIR)
                    for part in compound.split(bytes(view[at : at + size]))
                ):
                    self._key_wanted = True


def publisher_process(pipe: multiprocessing.connection.Connection) -> None:
    """First told how to connect, answers its DTLS parameters (or None) and then that it is connected; then
    ``(load, seconds)`` again and again, answered with ``Sent``; None ends it."""
    loop = asyncio.new_event_loop()
    way: TransportParameters | Plain = pipe.recv()
    if isinstance(way, Plain):
        sock = plain_socket()
        sock.connect(way.address)
        pipe.send(None)
        line = Line(sock, None, srtp.Session(srtp.AEAD_AES_128_GCM, way.key, inbound=False))
        publisher = Publisher(line, lambda: None)
    else:
        peer = loop.run_until_complete(_make(way))
        pipe.send(peer.dtls_parameters)
        pipe.recv()
        publisher = Publisher(Line(*loop.run_until_complete(connected(peer))), peer.check)
    pipe.send("connected")
    while (request := pipe.recv()) is not None:
        pipe.send(publisher.run(*request))


async def _make(parameters: TransportParameters) -> Peer:
    return Peer(parameters)


async def connected(peer: Peer) -> tuple[socket.socket, srtp.Session, srtp.Session]:
    await peer.connect()
    taken = peer.hand_over()
    await asyncio.sleep(0)
    return taken
