"""Framing of tapped RTP on its way to a reader (the recorder) over a stream socket.

One frame: length of what follows (u16), type (u8), tap (u32), arrival (u64, nanoseconds since the
epoch), then the packet as it came out of SRTP. All integers big-endian.
"""

import struct
from collections.abc import Iterator

from msgspec import Struct

RTP = 1
RTCP = 2
_HEADER = struct.Struct("!HBIQ")
FRAME_HEAD = _HEADER.size
_REST = FRAME_HEAD - 2
MAX_FRAME = 4096


class TapFrame(Struct, frozen=True):
    type: int
    tap: int
    arrival: int
    packet: bytes


class TapFormatError(Exception):
    """The stream cannot be read on: close it."""


def encode(frame_type: int, tap: int, arrival: int, packet: bytes | bytearray | memoryview) -> bytes:
    return _HEADER.pack(_REST + len(packet), frame_type, tap, arrival) + bytes(packet)


class TapReader:
    """Sans-I/O: feed bytes, take frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[TapFrame]:
        """Raises TapFormatError on a frame that cannot be."""
        buffer = self._buffer
        buffer += data
        position = 0
        while len(buffer) - position >= _HEADER.size:
            length, frame_type, tap, arrival = _HEADER.unpack_from(buffer, position)
            if not _REST <= length <= MAX_FRAME or frame_type not in (RTP, RTCP):
                raise TapFormatError(f"length {length}, type {frame_type}")
            end = position + 2 + length
            if end > len(buffer):
                break
            yield TapFrame(frame_type, tap, arrival, bytes(buffer[position + _HEADER.size : end]))
            position = end
        del buffer[:position]
