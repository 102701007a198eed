"""Where a file ends, told by its last frame's RTP timestamp, so that a track whose packets come once more
goes on right after it: nothing twice, nothing left out, no key frame needed; pure."""

import struct
from collections.abc import Iterable

from msgspec import Struct

_FORM = struct.Struct("!4sBIIQ")
_MAGIC = b"rtp\x01"
WITHIN_S = 60
"""A stream is taken up only this near to where it was."""


class Origin(Struct, frozen=True):
    """A frame in a file: its stream, its RTP timestamp, and its ms of recording time."""

    ssrc: int
    timestamp: int
    ms: int


def encode(track: int, origin: Origin) -> bytes:
    return _FORM.pack(_MAGIC, track, origin.ssrc, origin.timestamp, max(0, origin.ms))


def decode(data: bytes) -> tuple[int, Origin] | None:
    """None when this is something else."""
    if len(data) != _FORM.size or data[:4] != _MAGIC:
        return None
    _, track, ssrc, timestamp, ms = _FORM.unpack(data)
    return track, Origin(ssrc, timestamp, ms)


def after(timestamp: int, other: int) -> int:
    """How much later than ``other``, wrapped at 32 bits: negative when it is earlier."""
    return ((timestamp - other + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def reached(origins: Iterable[Origin | None], ssrc: int, timestamp: int, rate: int) -> list[Origin]:
    """Those of this stream that are not before its first packet, earliest first: all after them is there."""
    found = [
        origin
        for origin in origins
        if origin is not None
        and origin.ssrc == ssrc
        and 0 <= after(origin.timestamp, timestamp) < WITHIN_S * rate
    ]
    return sorted(found, key=lambda origin: after(origin.timestamp, timestamp))


class Gate:
    """Lets frames of one track into one file: from behind the frame it ends with, or from a key frame on."""

    def __init__(self, origin: Origin | None) -> None:
        self.origin = origin
        self._open = origin is None

    def passes(self, ssrc: int, timestamp: int, *, key: bool, continuous: bool) -> bool:
        """``continuous``: no frame is missing since the one the file ends with."""
        if self._open:
            return True
        origin = self.origin
        if origin is not None and origin.ssrc == ssrc and -WITHIN_S * 90_000 < after(timestamp, origin.timestamp) <= 0:
            return False
        self._open = key or continuous
        return self._open
