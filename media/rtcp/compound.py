"""Compound RTCP packets (RFC 3550 §6.1, reduced size RFC 5506): split once, with limits."""

import struct
from typing import NamedTuple

SR, RR, SDES, BYE, APP, RTPFB, PSFB, XR = 200, 201, 202, 203, 204, 205, 206, 207
MAX_PARTS = 32
_HEAD = struct.Struct("!BBH")


class Part(NamedTuple):
    """``subtype``: report count, or feedback message type. ``body``: after the 4-byte head, padding removed."""

    type: int
    subtype: int
    body: bytes
    raw: bytes


def split(packet: bytes) -> list[Part]:
    """The parts up to the first that makes no sense."""
    parts: list[Part] = []
    position, size = 0, len(packet)
    while position + 4 <= size and len(parts) < MAX_PARTS:
        first, kind, words = _HEAD.unpack_from(packet, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > size or not SR <= kind <= XR:
            break
        stop = end
        if first & 0x20:
            padding = packet[end - 1]
            if padding == 0 or padding > 4 * words:
                break
            stop -= padding
        parts.append(Part(kind, first & 0x1F, packet[position + 4 : stop], packet[position:end]))
        position = end
    return parts


def build(kind: int, count: int, body: bytes) -> bytes:
    """``body`` is padded with zeros to whole words (as SDES and the like want it)."""
    body += bytes(-len(body) % 4)
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body
