"""A fanout with nothing above it: a publisher that sends SRTP to it, subscribers that open what comes out.

Both ends are plain sockets with libsrtp, so whatever holds here holds of bytes on the wire.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable

from media import srtp
from media.fanout.batch import pack_address
from media.fanout.port import CodecRule, Fanout, LegSettings, SourceSettings
from media.rtp import header
from media.rtp.header import is_rtcp
from tests.media.house import until

VIDEO = SourceSettings(
    is_video=True,
    clock_rate=90_000,
    codecs=(CodecRule(96, 101, "vp8"), CodecRule(98, 103, "vp9"), CodecRule(99, 107, "av1")),
    repairs=((97, 96),),
    kept=((8, 8),),
    level_id=0,
    descriptor_id=8,
    nacks=True,
)
VOICE = SourceSettings(
    is_video=False,
    clock_rate=48_000,
    codecs=(CodecRule(111, 100, "opus"),),
    repairs=(),
    kept=((1, 10),),
    level_id=1,
    descriptor_id=0,
    nacks=False,
)


class Heard:
    """Hears everything and remembers it."""

    def __init__(self) -> None:
        self.stun: list[tuple[bytes, bytes]] = []
        self.dtls: list[bytes] = []
        self.rtcp: list[bytes] = []
        self.unknown: list[bytes] = []
        self.gaps: list[tuple[int, int]] = []
        self.late: list[int] = []
        self.key_frames = 0
        self.packets: list = []
        self.began: list = []
        self.starved = 0
        self.answer: Callable[[bytes], None] | None = None

    def heard_stun(self, data, key):
        self.stun.append((data, key))

    def heard_dtls(self, data):
        self.dtls.append(data)

    def heard_rtcp(self, packet, now):
        self.rtcp.append(packet)

    def heard_unknown(self, packet):
        self.unknown.append(packet)
        if self.answer is not None:
            self.answer(packet)

    def heard_gap(self, first, last, now):
        self.gaps.append((first, last))

    def heard_late(self, seq, now):
        self.late.append(seq)

    def heard_key_frame(self, now):
        self.key_frames += 1

    def heard_packet(self, packet, wall_ns):
        self.packets.append(packet)

    def heard_began(self, source):
        self.began.append(source)

    def heard_starved(self, now):
        self.starved += 1


class End:
    """A remote: a socket, an SRTP session each way, and the inlet and outlet that belong to it."""

    def __init__(self, board: "Switchboard", profile: int, *, stream: bool) -> None:
        size = 30 if profile == srtp.AES128_CM_SHA1_80 else 28
        keys = os.urandom(size), os.urandom(size)
        self.sock = socket.socket(board.family, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind((board.address[0], 0))
        self.sock.setblocking(False)
        self.key = pack_address(board.family, *self.sock.getsockname()[:2])
        self.heard = Heard()
        self.frames: list[bytes] = []
        self.outlet = board.fanout.outlet()
        self.inlet = board.fanout.inlet(self.heard, self.outlet)
        self.inlet.set_keys(srtp.SrtpKeys(profile, keys[0], keys[1]))
        self.outlet.set_keys(srtp.SrtpKeys(profile, keys[0], keys[1]))
        if stream:
            self.outlet.to_stream(self.frames.append)
        else:
            self.outlet.to_address(self.key)
        board.fanout.trust(self.key, self.inlet)
        self.rtp: list[bytes] = []
        self.rtcp: list[bytes] = []
        self._to = board.address
        self._out = srtp.Session(profile, keys[0], inbound=False)
        self._in = srtp.Session(profile, keys[1], inbound=True)
        self._buffer = srtp.ffi.new("char[]", 4096)
        self._view = memoryview(srtp.ffi.buffer(self._buffer)).cast("B")
        self._is_stream = stream

    def seal(self, packet: bytes) -> bytes:
        self._view[: len(packet)] = packet
        size = self._out.protect(self._buffer, len(packet), len(packet) > 1 and is_rtcp(packet[1]))
        assert size > 0, size
        return bytes(self._view[:size])

    def send(self, packet: bytes) -> None:
        """Plain RTP or RTCP."""
        self.raw(self.seal(packet))

    def raw(self, data: bytes) -> None:
        self.sock.sendto(data, self._to)

    def pull(self) -> None:
        """Take and open all that has come; SRTP that does not open fails."""
        while True:
            if self._is_stream:
                if not self.frames:
                    return
                data = self.frames.pop(0)
            else:
                try:
                    data = self.sock.recv(4096)
                except BlockingIOError:
                    return
            if data[0] < 64:
                continue
            self._view[: len(data)] = data
            rtcp = is_rtcp(data[1])
            size = self._in.unprotect(self._buffer, len(data), rtcp)
            assert size > 0, size
            (self.rtcp if rtcp else self.rtp).append(bytes(self._view[:size]))

    async def come(self, count: int) -> list[bytes]:
        """Wait for so many RTP packets in all."""

        def there() -> bool:
            self.pull()
            return len(self.rtp) >= count

        await until(there)
        assert len(self.rtp) == count
        return self.rtp

    def seqs(self) -> list[int]:
        return [int.from_bytes(packet[2:4]) for packet in self.rtp]

    def close(self) -> None:
        for each in (self.inlet, self.outlet, self.sock, self._out, self._in):
            each.close()


class Switchboard:
    """The fanout under test, and its ends."""

    def __init__(self, make: Callable[..., Fanout], host: str) -> None:
        import time

        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(self.family, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind((host, 0))
        self.address = self.sock.getsockname()[:2]
        self.fanout = make(self.sock, time.monotonic)
        self.heard = Heard()
        self.ends: list[End] = []
        self._ssrc = 100

    def end(self, profile: int = srtp.AEAD_AES_128_GCM, *, stream: bool = False) -> End:
        self.ends.append(End(self, profile, stream=stream))
        return self.ends[-1]

    def publish(
        self,
        settings: SourceSettings = VIDEO,
        ssrc: int = 1111,
        rtx: int = 2222,
        profile: int = srtp.AEAD_AES_128_GCM,
    ):
        """A publisher with one source: the end, the source and what is heard of it."""
        end, heard = self.end(profile), Heard()
        source = self.fanout.source(settings, heard)
        end.inlet.transport_cc(3)
        end.inlet.route(ssrc, source, repairs=False)
        end.inlet.route(rtx, source, repairs=True)
        return end, source, heard

    def leg(self, end: End, **more):
        self._ssrc += 10
        values = {"ssrc": self._ssrc, "mid": "0007", "mid_id": 1, "transport_cc_id": 5, "start": 100} | more
        heard = Heard()
        return self.fanout.leg(end.outlet, LegSettings(**values), heard), heard

    def count(self, name: str) -> int:
        return self.fanout.counters()[name]

    async def settle(self) -> None:
        """All requests made so far have taken effect, and what they sent has left."""
        end = self.end()
        end.outlet.send_rtcp(bytes((0x80, 201, 0, 1, 0, 0, 0, 1)))
        self.fanout.flush()

        def there() -> bool:
            end.pull()
            return bool(end.rtcp)

        await until(there)
        end.close()


@contextlib.asynccontextmanager
async def switchboard(make: Callable[..., Fanout], host: str = "127.0.0.1") -> AsyncIterator[Switchboard]:
    board = Switchboard(make, host)
    board.fanout.start(board.heard)

    async def tick() -> None:
        import time

        while True:
            await asyncio.sleep(0.02)
            board.fanout.tick(time.monotonic())

    ticking = asyncio.get_running_loop().create_task(tick())
    try:
        yield board
    finally:
        ticking.cancel()
        for end in board.ends:
            end.close()
        board.fanout.close()
        board.sock.close()


def element(packet: bytes, identifier: int) -> bytes:
    read = header.parse(packet)
    assert read is not None
    return packet[slice(*read.extensions[identifier])]


def frame(
    seq: int,
    timestamp: int,
    head: bytes,
    body: bytes = b"",
    *,
    payload_type: int = 96,
    ssrc: int = 1111,
    extensions=None,
    marker: bool = True,
) -> bytes:
    """A packet as a publisher sends it."""
    first = 0x90 if extensions else 0x80
    packet = struct.pack(
        "!BBHII", first, payload_type | (0x80 if marker else 0), seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    if extensions:
        data = b"".join(bytes((i << 4 | len(d) - 1,)) + d for i, d in extensions.items())
        data += bytes(-len(data) % 4)
        packet += struct.pack("!HH", 0xBEDE, len(data) // 4) + data
    return packet + head + body


def vp8(number: int, *, key: bool = False, temporal: int = 0, sync: bool = False) -> bytes:
    """Descriptor with PictureID (15 bits), TL0PICIDX and TID, and the head of the picture."""
    tid = temporal << 6 | (0x20 if sync else 0)
    descriptor = bytes((0x90, 0xE0, 0x80 | number >> 8 & 0x7F, number & 0xFF, number & 0xFF, tid))
    return descriptor + bytes((0x00 if key else 0x01, 0x9D, 0x01, 0x2A)) + number.to_bytes(4)


def picture_of(packet: bytes) -> tuple[int, int, int]:
    """PictureID and number written by ``vp8``, and TL0PICIDX."""
    read = header.parse(packet)
    assert read is not None
    at = read.payload_start
    return (
        (packet[at + 2] & 0x7F) << 8 | packet[at + 3],
        int.from_bytes(packet[at + 10 : at + 14]),
        packet[at + 4],
    )
