"""Where a file ends, told by its last frame's RTP timestamp, so that a track whose packets come once more
goes on right after it: nothing twice, nothing left out, no key frame needed; pure."""

import struct
from collections.abc import Iterable, Sequence

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
    """Lets frames of one track into one file: those behind the frame it ends with, from a key frame on
    where something is missing between."""

    def __init__(self, origin: Origin | None) -> None:
        self.origin = origin
        self._open = False

    def has(self, frame: Origin) -> bool:
        """Whether the file has it already, as far as its time tells."""
        end = self.origin
        if end is None or end.ssrc != frame.ssrc:
            return False
        return -WITHIN_S * 48_000 < after(frame.timestamp, end.timestamp) <= 0

    def passes(self, frame: Origin, reached: Sequence[Origin], *, key: bool) -> bool:
        """``reached``: the ends behind which nothing is missing."""
        if not self._open and not self.has(frame):
            self._open = key or self.origin in reached
        return self._open

    def sounds(self, frame: Origin) -> bool:
        """Of sound, which needs nothing of what was before."""
        return self.passes(frame, (), key=True)
