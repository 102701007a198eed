"""VP8's PictureID and TL0PICIDX (RFC 7741 §4.2): where they are and how they are moved by an offset.

A subscriber switched between layers must see both go on without a jump back.
"""

from typing import NamedTuple


class PictureNumbers(NamedTuple):
    """Positions are relative to the payload; -1 where absent. ``wide``: PictureID has 15 bits."""

    picture_at: int
    picture: int
    wide: bool
    tl0_at: int
    tl0: int


def read(packet: bytes, start: int, end: int) -> PictureNumbers | None:
    """None when the descriptor carries neither."""
    if start + 1 >= end or not packet[start] & 0x80:
        return None
    flags = packet[start + 1]
    position = start + 2
    picture_at, picture, wide, tl0_at, tl0 = -1, 0, False, -1, 0
    if flags & 0x80:
        found = picture_id(packet, position, end)
        if found is None:
            return None
        picture_at = position - start
        picture, wide, position = found
    if flags & 0x40:
        if position >= end:
            return None
        tl0_at = position - start
        tl0 = packet[position]
    if picture_at < 0 and tl0_at < 0:
        return None
    return PictureNumbers(picture_at, picture, wide, tl0_at, tl0)


def picture_id(packet: bytes, position: int, end: int) -> tuple[int, bool, int] | None:
    """A PictureID of 7 or 15 bits, as VP8 and VP9 write it: number, whether it has 15, and where it ends. None: cut off."""
    if position >= end:
        return None
    if not packet[position] & 0x80:
        return packet[position], False, position + 1
    if position + 1 >= end:
        return None
    return (packet[position] & 0x7F) << 8 | packet[position + 1], True, position + 2


def layer(packet: bytes, start: int, end: int) -> tuple[int, bool]:
    """The temporal layer (TID) and whether the picture depends on the base layer alone (Y); (0, False) without a TID."""
    if start + 1 >= end or not packet[start] & 0x80:
        return 0, False
    flags = packet[start + 1]
    if not flags & 0x20:
        return 0, False
    position = start + 2
    if flags & 0x80:
        if position >= end:
            return 0, False
        position += 2 if packet[position] & 0x80 else 1
    if flags & 0x40:
        position += 1
    if position >= end:
        return 0, False
    byte = packet[position]
    return byte >> 6, byte & 0x20 != 0


def write(
    buffer: bytearray | memoryview,
    payload_at: int,
    numbers: PictureNumbers,
    picture_offset: int,
    tl0_offset: int,
) -> None:
    """Write the moved numbers in place; the descriptor keeps its size."""
    if numbers.picture_at >= 0:
        at = payload_at + numbers.picture_at
        if numbers.wide:
            picture = (numbers.picture + picture_offset) & 0x7FFF
            buffer[at] = 0x80 | picture >> 8
            buffer[at + 1] = picture & 0xFF
        else:
            buffer[at] = (numbers.picture + picture_offset) & 0x7F
    if numbers.tl0_at >= 0:
        buffer[payload_at + numbers.tl0_at] = (numbers.tl0 + tl0_offset) & 0xFF
