"""A packet ready for subscribers: built once per incoming packet, shared by all of them.

The ``template`` has the router's payload type and extension ids, no CSRC, and room for the two
elements that differ per subscriber (MID of 4 characters, transport-cc sequence) at a fixed place
right after the extension header, zeroed (which reads as padding). Extensions that make sense only
on the publisher's leg (MID, RID, abs-send-time, transport-cc) are left out.
"""

import struct

from media.rtp.header import ONE_BYTE, TWO_BYTE, Header
from media.rtp.picture import SOUND, Picture

MID_SIZE = 4
_HEAD = struct.Struct("!BBHIIHH")
_EXTENSIONS_AT = 16
ROOM = {False: (1 + MID_SIZE) + (1 + 2), True: (2 + MID_SIZE) + (2 + 2)}


class Packet:
    """``seq`` is unwrapped; ``timestamp`` and ``ssrc`` are the publisher's. ``two_byte``: extension form.

    ``temporal``, ``up``: see ``rtp.picture``."""

    __slots__ = (
        "extension_head",
        "key_frame_start",
        "marker",
        "numbers",
        "payload_size",
        "payload_start",
        "seq",
        "template",
        "temporal",
        "timestamp",
        "two_byte",
        "up",
    )

    def __init__(
        self,
        seq: int,
        timestamp: int,
        template: bytes,
        payload_start: int,
        payload_size: int,
        two_byte: bool,
        marker: bool,
        picture: Picture,
    ) -> None:
        self.seq = seq
        self.timestamp = timestamp
        self.template = template
        self.payload_start = payload_start
        self.payload_size = payload_size
        self.two_byte = two_byte
        self.marker = marker
        self.key_frame_start, self.numbers, self.temporal, self.up = picture
        self.extension_head = template[12:16]


def build(
    packet: bytes,
    header: Header,
    seq: int,
    payload_type: int,
    extension_ids: dict[int, int],
    picture: Picture = SOUND,
    skip: int = 0,
    ssrc: int | None = None,
) -> Packet:
    """``extension_ids``: publisher's id → router's id of those to keep. ``skip``: payload bytes to leave out
    at the front (RTX's original sequence number). Padding is kept."""
    elements = b""
    two_byte = False
    if header.extensions:
        kept = []
        for identifier, (start, end) in header.extensions.items():
            target = extension_ids.get(identifier)
            if target is not None:
                size = end - start
                if size > 16 or size == 0 or target > 14:
                    two_byte = True
                kept.append((target, packet[start:end]))
        if two_byte:
            elements = b"".join(bytes((target, len(data))) + data for target, data in kept)
        else:
            elements = b"".join(bytes((target << 4 | len(data) - 1,)) + data for target, data in kept)
    room = ROOM[two_byte]
    extension_size = room + len(elements)
    fill = -extension_size % 4
    head = _HEAD.pack(
        0xB0 if header.padding else 0x90,
        payload_type | (0x80 if header.marker else 0),
        seq & 0xFFFF,
        header.timestamp,
        header.ssrc if ssrc is None else ssrc,
        TWO_BYTE if two_byte else ONE_BYTE,
        (extension_size + fill) // 4,
    )
    template = b"".join((head, bytes(room), elements, bytes(fill), packet[header.payload_start + skip :]))
    return Packet(
        seq,
        header.timestamp,
        template,
        _EXTENSIONS_AT + extension_size + fill,
        header.payload_end - header.payload_start - skip,
        two_byte,
        header.marker,
        picture,
    )
