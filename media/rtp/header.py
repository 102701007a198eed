"""The RTP header (RFC 3550 §5.1) and its extensions (RFC 8285), read without copying the payload."""

import struct

_FIXED = struct.Struct("!BBHII")
FIXED_SIZE = 12
ONE_BYTE = 0xBEDE
TWO_BYTE = 0x1000
_NONE: dict[int, tuple[int, int]] = {}


class Header:
    """Positions in the packet it was read from: the payload is ``[payload_start:payload_end]``.

    ``extensions``: id → (start, end) of the element's data.
    """

    __slots__ = (
        "extensions",
        "marker",
        "padding",
        "payload_end",
        "payload_start",
        "payload_type",
        "seq",
        "ssrc",
        "timestamp",
    )

    def __init__(
        self,
        payload_type: int,
        marker: bool,
        seq: int,
        timestamp: int,
        ssrc: int,
        payload_start: int,
        payload_end: int,
        padding: int,
        extensions: dict[int, tuple[int, int]],
    ) -> None:
        self.payload_type = payload_type
        self.marker = marker
        self.seq = seq
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.payload_start = payload_start
        self.payload_end = payload_end
        self.padding = padding
        self.extensions = extensions


def parse(packet: bytes) -> Header | None:
    """None when the packet is not RTP that makes sense."""
    size = len(packet)
    if size < FIXED_SIZE:
        return None
    first, second, seq, timestamp, ssrc = _FIXED.unpack_from(packet)
    if first >> 6 != 2:
        return None
    start = FIXED_SIZE + 4 * (first & 0x0F)
    extensions = _NONE
    if first & 0x10:
        if start + 4 > size:
            return None
        profile = packet[start] << 8 | packet[start + 1]
        begin = start + 4
        start = begin + 4 * (packet[start + 2] << 8 | packet[start + 3])
        if start > size:
            return None
        if profile == ONE_BYTE:
            extensions = _one_byte(packet, begin, start)
        elif profile & 0xFFF0 == TWO_BYTE:
            extensions = _two_byte(packet, begin, start)
    elif start > size:
        return None
    padding = 0
    if first & 0x20:
        padding = packet[-1]
        if padding == 0 or start + padding > size:
            return None
    return Header(
        second & 0x7F, second > 0x7F, seq, timestamp, ssrc, start, size - padding, padding, extensions
    )


def _one_byte(packet: bytes, position: int, end: int) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    while position < end:
        head = packet[position]
        position += 1
        if head == 0:
            continue
        identifier = head >> 4
        if identifier == 15:
            break
        stop = position + (head & 0x0F) + 1
        if stop > end:
            break
        if identifier:
            found[identifier] = (position, stop)
        position = stop
    return found


def _two_byte(packet: bytes, position: int, end: int) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    while position < end:
        identifier = packet[position]
        position += 1
        if identifier == 0:
            continue
        if position >= end:
            break
        stop = position + 1 + packet[position]
        if stop > end:
            break
        found[identifier] = (position + 1, stop)
        position = stop
    return found


def is_rtcp(second_byte: int) -> bool:
    """RFC 5761 §4: packet types 192–223 on a port shared with RTP."""
    return 192 <= second_byte <= 223
