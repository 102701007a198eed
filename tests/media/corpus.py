"""Datagrams nobody should send: seeded mutations of right ones, lengths that lie, records cut short.

``Corpus.datagram`` needs no keys. ``Corpus.inside`` is for a peer that has them: it is to be protected first.
"""

import functools
import random
import struct
from collections.abc import Callable

from media import stun
from media.dtls import Certificate
from media.dtls.association import Association
from media.rtcp import compound, feedback, reports
from media.rtcp.reports import SenderInfo
from tests.media.dtls.datagrams import message, record, strange_hello
from tests.media.house import rtp, vp8_payload
from tests.media.peer import Peer


@functools.cache
def right_hello() -> bytes:
    """A ClientHello as OpenSSL makes it."""
    (datagram,) = Association(Certificate(), False).begin(0.0)
    return datagram


def fresh_hello(rng: random.Random) -> bytes:
    """A right ClientHello that was not there before."""
    return strange_hello(right_hello(), rng.randbytes(32))


class Corpus:
    """``ufrag``: of the transport that a validated sender has. ``ssrcs``: those a lie may be about; ``own``:
    those that RTP is sent under."""

    def __init__(self, seed: int, ufrag: str, ssrcs: tuple[int, ...], own: tuple[int, ...]) -> None:
        self.rng = random.Random(seed)
        self._ufrag = ufrag
        self._ssrcs = ssrcs
        self._own = own
        self._outside = (self._noise, self._stun, self._dtls, self._srtp, self._hello)
        self._control = (self._nack, self._feedback, self._report, self._any_rtcp)

    def datagram(self) -> bytes:
        return self._spoil(self.rng.choice(self._outside)()) or b"\xff"

    def inside(self) -> tuple[bytes, bool]:
        """A packet, and whether it is RTCP."""
        if self.rng.random() < 0.6:
            return self._rtcp(), True
        return self._rtp(), False

    def _spoil(self, data: bytes) -> bytes:
        """Half of all: bytes changed, cut off, added."""
        rng = self.rng
        if rng.random() < 0.5:
            return data
        spoilt = bytearray(data)
        for _ in range(rng.randrange(1, 5)):
            what = rng.randrange(4)
            if what == 0:
                del spoilt[rng.randrange(len(spoilt) + 1) :]
            elif what == 1:
                spoilt += rng.randbytes(rng.randrange(1, 40))
            elif spoilt:
                spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        return bytes(spoilt[:1400])

    # --- without keys ----------------------------------------------------------------------------

    def _noise(self) -> bytes:
        return self.rng.randbytes(self.rng.randrange(1, 1400))

    def _stun(self) -> bytes:
        """The right ufrag under a wrong password; attributes without end or with lengths that lie."""
        rng = self.rng
        name = f"{self._ufrag}:{rng.getrandbits(32):x}"
        if rng.random() < 0.6:
            return stun.binding_request(
                name, rng.randbytes(24), rng.getrandbits(31), rng.getrandbits(64), True
            )
        attributes = [
            (rng.getrandbits(16), rng.randbytes(rng.randrange(30))) for _ in range(rng.randrange(40))
        ]
        attributes.insert(0, (int(stun.Attribute.USERNAME), name.encode()))
        return stun.build(rng.choice((1, 0x11, 0x101, 0x111)), rng.randbytes(12), attributes, None)

    def _dtls(self) -> bytes:
        """Records of every kind and epoch, whole by their lengths."""
        rng = self.rng
        body = rng.randbytes(rng.randrange(300))
        if rng.random() < 0.5:
            size = len(body) if rng.random() < 0.5 else rng.getrandbits(24)
            body = message(rng.randrange(25), body, number=rng.randrange(9), total=size)
        return record(rng.randrange(20, 28), body, epoch=rng.randrange(3), number=rng.randrange(99))

    def _hello(self) -> bytes:
        return fresh_hello(self.rng)

    def _srtp(self) -> bytes:
        """What no key has protected; RTP and RTCP."""
        rng = self.rng
        head = struct.pack(
            "!BBHII", rng.randrange(128, 192), rng.randrange(256), rng.getrandbits(16), 0, self._ssrc()
        )
        return head + rng.randbytes(rng.randrange(1200))

    def _ssrc(self) -> int:
        return self.rng.choice((*self._ssrcs, self.rng.getrandbits(32)))

    # --- with keys -------------------------------------------------------------------------------

    def _rtcp(self) -> bytes:
        rng = self.rng
        packet = b"".join(rng.choice(self._control)() for _ in range(rng.randrange(1, 4)))
        if rng.random() < 0.3:
            # The length in the header is another than that of the packet.
            at = bytearray(packet)
            struct.pack_into("!H", at, 2, rng.choice((0, 1, 0xFFFF, rng.getrandbits(16))))
            packet = bytes(at)
        if rng.random() < 0.2:
            packet = bytes((packet[0] | 0x20,)) + packet[1:]
        return packet[:1200] if rng.random() < 0.9 else packet[: rng.randrange(8, 40)]

    def _nack(self) -> bytes:
        """Everything, many times."""
        rng = self.rng
        pairs = [(rng.getrandbits(16), rng.choice((0, 0xFFFF))) for _ in range(rng.randrange(250))]
        body = struct.pack("!II", 1, self._ssrc()) + b"".join(struct.pack("!HH", *pair) for pair in pairs)
        return compound.build(compound.RTPFB, feedback.NACK, body)

    def _feedback(self) -> bytes:
        """Transport-cc of 65,535 packets in a few bytes; key frames for everybody; REMB of 255 sources."""
        rng = self.rng
        kind = rng.randrange(4)
        head = struct.pack("!II", 1, self._ssrc())
        if kind == 0:
            count = rng.choice((0, 1, 0xFFFF, rng.getrandbits(16)))
            runs = b"".join(
                struct.pack("!H", rng.choice((0x1FFF, 0x3FFF, 0x5FFF, 0x7FFF, rng.getrandbits(16))))
                for _ in range(rng.randrange(30))
            )
            body = head + struct.pack("!HHI", rng.getrandbits(16), count, rng.getrandbits(32)) + runs
            return compound.build(
                compound.RTPFB, feedback.TRANSPORT_CC, body + rng.randbytes(rng.randrange(80))
            )
        if kind == 1:
            return compound.build(compound.PSFB, feedback.PLI, head)
        if kind == 2:
            entries = b"".join(struct.pack("!II", self._ssrc(), rng.getrandbits(32)) for _ in range(140))
            return compound.build(compound.PSFB, feedback.FIR, head + entries)
        remb = b"REMB" + bytes((255,)) + rng.randbytes(3) + rng.randbytes(4 * rng.randrange(20))
        return compound.build(compound.PSFB, 15, head + remb)

    def _report(self) -> bytes:
        rng = self.rng
        if rng.random() < 0.5:
            info = SenderInfo(self._ssrc(), rng.getrandbits(64), rng.getrandbits(32), rng.getrandbits(32), 0)
            packet = bytearray(reports.build_sender(info))
            packet[0] |= rng.randrange(32)
            return bytes(packet)
        body = struct.pack("!I", 1) + b"".join(
            struct.pack("!I", self._ssrc()) + rng.randbytes(20) for _ in range(rng.randrange(32))
        )
        return compound.build(compound.RR, rng.randrange(32), body)

    def _any_rtcp(self) -> bytes:
        """BYE of a stream in use, SDES without end, XR, APP."""
        rng = self.rng
        body = struct.pack("!I", self._ssrc()) + rng.randbytes(rng.randrange(200))
        return compound.build(rng.randrange(192, 224), rng.randrange(32), body)

    def _rtp(self) -> bytes:
        """Extensions that end nowhere, descriptors cut short, payload types and SSRCs of nobody."""
        rng = self.rng
        payload = vp8_payload(rng.getrandbits(15), rng.random() < 0.5, 20)[: rng.randrange(1, 30)]
        if rng.random() < 0.3:
            payload = rng.randbytes(rng.randrange(1, 60))
        ids = {rng.randrange(1, 15): rng.randbytes(rng.randrange(1, 17)) for _ in range(rng.randrange(4))}
        packet = bytearray(
            rtp(
                rng.getrandbits(16),
                payload,
                ssrc=rng.choice((*self._own, *self._own, rng.getrandbits(32))),
                payload_type=rng.choice((96, 97, 100, 127, rng.randrange(128))),
                timestamp=rng.getrandbits(32),
                extensions=ids,
            )
        )
        if rng.random() < 0.5:
            packet[0] ^= rng.choice((0x20, 0x01, 0x0F, 0x10))
        if ids and rng.random() < 0.5:
            packet[rng.randrange(12, 16 + 4)] = rng.randrange(256)
        return bytes(packet)


def authentic(peer: Peer, corpus: Corpus) -> Callable[[], None]:
    """Sends something authentic with nonsense inside; libsrtp does not take every one."""

    def send() -> None:
        while True:
            packet, is_rtcp = corpus.inside()
            try:
                (peer.send_rtcp if is_rtcp else peer.send_rtp)(packet)
            except ValueError:
                continue
            return

    return send
