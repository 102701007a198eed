"""VP9's payload descriptor (RFC 9628 §4.2): PictureID, TL0PICIDX and the layer, as far as forwarding needs them."""

from typing import NamedTuple

from media.rtp.vp8 import PictureNumbers, picture_id


class Layer(NamedTuple):
    """``up``: a switching up point (U): from here on higher temporal layers may be taken."""

    temporal: int
    spatial: int
    up: bool


BASE = Layer(0, 0, True)


def read(packet: bytes, start: int, end: int) -> tuple[PictureNumbers | None, Layer]:
    """Numbers are None when the descriptor carries none; what is cut off reads as the base layer."""
    if start >= end:
        return None, BASE
    head = packet[start]
    position = start + 1
    picture_at, picture, wide, tl0_at, tl0 = -1, 0, False, -1, 0
    if head & 0x80:
        found = picture_id(packet, position, end)
        if found is None:
            return None, BASE
        picture_at = position - start
        picture, wide, position = found
    layer = BASE
    if head & 0x20:
        if position >= end:
            return None, BASE
        byte = packet[position]
        layer = Layer(byte >> 5, byte >> 1 & 0x07, bool(byte & 0x10))
        position += 1
        if not head & 0x10 and position < end:
            tl0_at = position - start
            tl0 = packet[position]
    if picture_at < 0 and tl0_at < 0:
        return None, layer
    return PictureNumbers(picture_at, picture, wide, tl0_at, tl0), layer
