"""Feedback messages: NACK (RFC 4585 §6.2.1), PLI (§6.3.1), FIR (RFC 5104 §4.3.1)."""

import struct
from collections.abc import Iterable

from media.rtcp.compound import PSFB, RTPFB, Part, build

NACK, TRANSPORT_CC = 1, 15
PLI, FIR = 1, 4
MAX_NACKED = 1024
_SSRCS = struct.Struct("!II")
_PAIR = struct.Struct("!HH")
_FIR_ENTRY = struct.Struct("!IB3x")


def media_ssrc(part: Part) -> int | None:
    """The media source an RTPFB or PSFB speaks of."""
    if len(part.body) < 8:
        return None
    return int(_SSRCS.unpack_from(part.body)[1])


def parse_nack(part: Part) -> list[int]:
    """The 16-bit numbers asked for, in the order given, at most ``MAX_NACKED``."""
    body = part.body
    wanted: list[int] = []
    for position in range(8, len(body) - 3, 4):
        first, mask = _PAIR.unpack_from(body, position)
        wanted.append(first)
        bit = 1
        while mask:
            if mask & 1:
                wanted.append((first + bit) & 0xFFFF)
            mask >>= 1
            bit += 1
        if len(wanted) >= MAX_NACKED:
            return wanted[:MAX_NACKED]
    return wanted


def build_nack(sender_ssrc: int, ssrc: int, seqs: Iterable[int]) -> bytes:
    """``seqs``: 16-bit or unwrapped numbers, ascending."""
    body = bytearray(_SSRCS.pack(sender_ssrc, ssrc))
    first, mask = -1, 0
    for seq in seqs:
        distance = (seq - first) & 0xFFFF
        if first >= 0 and 1 <= distance <= 16:
            mask |= 1 << (distance - 1)
            continue
        if first >= 0:
            body += _PAIR.pack(first, mask)
        first, mask = seq & 0xFFFF, 0
    if first >= 0:
        body += _PAIR.pack(first, mask)
    return build(RTPFB, NACK, bytes(body))


def build_pli(sender_ssrc: int, ssrc: int) -> bytes:
    return build(PSFB, PLI, _SSRCS.pack(sender_ssrc, ssrc))


def parse_fir(part: Part) -> list[int]:
    """The media sources asked for a key frame."""
    return [
        _FIR_ENTRY.unpack_from(part.body, position)[0]
        for position in range(8, len(part.body) - _FIR_ENTRY.size + 1, _FIR_ENTRY.size)
    ]
