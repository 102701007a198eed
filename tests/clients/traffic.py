"""Synthetic media: RTP packets that look like a microphone or a screen, and the count of what arrives.

Pure: packets are made for a moment, and arrivals are told with theirs.
"""

import struct
from collections.abc import Iterator

from msgspec import Struct

_HEADER = struct.Struct("!BBHII")
AUDIO_BYTES = 80
VIDEO_BYTES = 1_100
VIDEO_RATE = 90_000
AUDIO_RATE = 48_000


def header(payload_type: int, seq: int, timestamp: int, ssrc: int, marker: bool = False) -> bytes:
    """RFC 3550, without extensions: the server routes by SSRC."""
    return _HEADER.pack(0x80, payload_type | marker << 7, seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)


class Microphone:
    """50 packets a second of Opus-like noise. ``packets`` are those due until ``now`` (seconds)."""

    interval = 0.02

    def __init__(self, ssrc: int, payload_type: int, started: float) -> None:
        self.ssrc = ssrc
        self.sent = 0
        self._payload_type = payload_type
        self._started = started

    def packets(self, now: float) -> Iterator[bytes]:
        while self._started + self.sent * self.interval <= now:
            index = self.sent
            self.sent += 1
            # TOC byte 0xFC: CELT, 20 ms, mono would be 0xF8; the rest is never decoded here.
            payload = b"\xf8" + index.to_bytes(4, "big") * ((AUDIO_BYTES - 1) // 4)
            yield header(self._payload_type, index, index * 960, self.ssrc, index == 0) + payload


class Screen:
    """15 pictures of 20 packets a second, which makes 300; VP8 descriptor (RFC 7741), a key frame each ``key_every``."""

    interval = 1 / 15
    packets_per_frame = 20

    def __init__(self, ssrc: int, payload_type: int, started: float, key_every: int = 150) -> None:
        self.ssrc = ssrc
        self.sent = 0
        self._payload_type = payload_type
        self._started = started
        self._frame = 0
        self._key_every = key_every
        self._key_wanted = False

    def want_key_frame(self) -> None:
        self._key_wanted = True

    def packets(self, now: float) -> Iterator[bytes]:
        while self._started + self._frame * self.interval <= now:
            key = self._key_wanted or self._frame % self._key_every == 0
            self._key_wanted = False
            timestamp = round(self._frame * self.interval * VIDEO_RATE)
            picture = self._frame & 0x7FFF
            for part in range(self.packets_per_frame):
                first, last = part == 0, part == self.packets_per_frame - 1
                descriptor = bytes((0x90 if first else 0x80, 0x80)) + struct.pack("!H", 0x8000 | picture)
                frame = b""
                if first:
                    # RFC 6386: bit 0 of the frame tag is clear in a key frame, whose start code and size follow.
                    frame = b"\x10\x02\x00\x9d\x01\x2a\x80\x07\x38\x04" if key else b"\x11\x02\x00"
                body = frame + bytes(VIDEO_BYTES - len(frame) - len(descriptor))
                yield header(self._payload_type, self.sent, timestamp, self.ssrc, last) + descriptor + body
                self.sent += 1
            self._frame += 1


class Stream(Struct):
    """What arrived of one SSRC. ``lost`` is what was missing between the first and the highest packet."""

    first_at: float = 0.0
    packets: int = 0
    bytes: int = 0
    duplicates: int = 0
    late: int = 0
    first: int = 0
    highest: int = 0
    _seen: int = 0

    @property
    def lost(self) -> int:
        return 0 if not self.packets else self.highest - self.first + 1 - (self.packets - self.duplicates)

    def take(self, seq: int, size: int, now: float) -> None:
        self.bytes += size
        self.packets += 1
        if self.packets == 1:
            self.first = self.highest = seq
            self.first_at = now
            self._seen = 1
            return
        step = (seq - self.highest + 0x8000 & 0xFFFF) - 0x8000
        if step > 0:
            self.highest += step
            self._seen = (self._seen << step | 1) & (1 << 256) - 1
        elif step > -256 and not self._seen >> -step & 1:
            self.late += 1
            self._seen |= 1 << -step
            if self.highest + step < self.first:
                self.first = self.highest + step
        else:
            self.duplicates += 1


class Arrivals:
    """Counts every stream that reaches one participant."""

    def __init__(self) -> None:
        self.streams: dict[int, Stream] = {}

    def take(self, packet: bytes, now: float) -> None:
        if len(packet) < 12:
            return
        _, _, seq, _, ssrc = _HEADER.unpack_from(packet)
        self.streams.setdefault(ssrc, Stream()).take(seq, len(packet), now)
