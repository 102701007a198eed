"""Does a packet begin a key frame? Looks only at the payload's head; a lying sender harms its own picture."""

from collections.abc import Callable

KeyFrameTest = Callable[[bytes, int, int], bool]
"""``(packet, payload_start, payload_end) -> bool``"""


def vp8(packet: bytes, start: int, end: int) -> bool:
    """RFC 7741 §4.2–4.3: first packet of partition 0 with the P bit clear."""
    position = vp8_payload(packet, start, end)
    return position is not None and packet[start] & 0x17 == 0x10 and not packet[position] & 0x01


def vp8_payload(packet: bytes, start: int, end: int) -> int | None:
    """Where the VP8 payload header begins, after the descriptor."""
    if start >= end:
        return None
    position = start + 1
    if packet[start] & 0x80:
        if position >= end:
            return None
        flags = packet[position]
        position += 1
        if flags & 0x80:
            if position >= end:
                return None
            position += 2 if packet[position] & 0x80 else 1
        if flags & 0x40:
            position += 1
        if flags & 0x30:
            position += 1
    return position if position < end else None


def vp9(packet: bytes, start: int, end: int) -> bool:
    """RFC 9628 §4.2: a frame's beginning (B) that is not inter-predicted (P=0), base spatial layer."""
    if start >= end:
        return False
    head = packet[start]
    if head & 0x40 or not head & 0x08:
        return False
    position = start + 1
    if head & 0x80:
        if position >= end:
            return False
        position += 2 if packet[position] & 0x80 else 1
    if head & 0x20:
        return position < end and (packet[position] >> 1) & 0x07 == 0
    return True


_IDR, _SPS, _STAP_A, _FU_A = 5, 7, 24, 28


def h264(packet: bytes, start: int, end: int) -> bool:
    """RFC 6184: an SPS, or the beginning of an IDR slice, alone, aggregated or fragmented."""
    if start >= end:
        return False
    kind = packet[start] & 0x1F
    if kind == _STAP_A:
        position = start + 1
        while position + 2 < end:
            if packet[position + 2] & 0x1F in (_SPS, _IDR):
                return True
            position += 2 + (packet[position] << 8 | packet[position + 1])
        return False
    if kind == _FU_A:
        return start + 1 < end and packet[start + 1] & 0x80 != 0 and packet[start + 1] & 0x1F in (_SPS, _IDR)
    return kind in (_SPS, _IDR)


def av1(packet: bytes, start: int, end: int) -> bool:
    """AV1 RTP §4.4: the N bit, set on the first packet of a coded video sequence, and not a continuation."""
    return start < end and packet[start] & 0x88 == 0x08


def always(_packet: bytes, _start: int, _end: int) -> bool:
    """Audio: every packet can be the first."""
    return True


TESTS: dict[str, KeyFrameTest] = {"video/vp8": vp8, "video/vp9": vp9, "video/h264": h264, "video/av1": av1}


def test_for(mime_type: str) -> KeyFrameTest:
    return TESTS.get(mime_type.lower(), always)
