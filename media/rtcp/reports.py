"""Sender and receiver reports, source descriptions and BYE (RFC 3550 §6.4–6.6)."""

import struct
from typing import NamedTuple

from media.rtcp.compound import BYE, RR, SDES, SR, Part, build

_SENDER = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")
_EPOCH_1900 = 2_208_988_800


class SenderInfo(NamedTuple):
    """``ntp``: 32.32 fixed point seconds since 1900."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int


class ReportBlock(NamedTuple):
    """``fraction_lost`` in 1/256; ``last_sr`` and ``delay`` in 1/65536 s; ``lost`` may be negative."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


def parse_sender(part: Part) -> SenderInfo | None:
    if len(part.body) < _SENDER.size:
        return None
    return SenderInfo(*_SENDER.unpack_from(part.body))


def parse_blocks(part: Part) -> list[ReportBlock]:
    """Report blocks of an SR or RR."""
    position = _SENDER.size if part.type == SR else 4
    blocks: list[ReportBlock] = []
    for _ in range(part.subtype):
        if position + _BLOCK.size > len(part.body):
            break
        ssrc, loss, highest, jitter, last_sr, delay = _BLOCK.unpack_from(part.body, position)
        lost = loss & 0xFFFFFF
        if lost & 0x800000:
            lost -= 0x1000000
        blocks.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last_sr, delay))
        position += _BLOCK.size
    return blocks


def parse_bye(part: Part) -> list[int]:
    count = min(part.subtype, len(part.body) // 4)
    return list(struct.unpack_from(f"!{count}I", part.body))


def build_sender(info: SenderInfo) -> bytes:
    return build(
        SR,
        0,
        _SENDER.pack(
            info.ssrc, info.ntp, info.rtp_timestamp, info.packets & 0xFFFFFFFF, info.octets & 0xFFFFFFFF
        ),
    )


def build_receiver(sender_ssrc: int, blocks: list[ReportBlock]) -> bytes:
    """At most 31 blocks fit one report."""
    body = struct.pack("!I", sender_ssrc)
    for block in blocks[:31]:
        lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
        body += _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | lost,
            block.highest & 0xFFFFFFFF,
            block.jitter & 0xFFFFFFFF,
            block.last_sr,
            block.delay & 0xFFFFFFFF,
        )
    return build(RR, min(31, len(blocks)), body)


def build_cname(ssrc: int, cname: str) -> bytes:
    data = cname.encode()[:255]
    return build(SDES, 1, struct.pack("!IBB", ssrc, 1, len(data)) + data + b"\0")


def build_bye(ssrc: int) -> bytes:
    return build(BYE, 1, struct.pack("!I", ssrc))


def to_ntp(unix_seconds: float) -> int:
    return int((unix_seconds + _EPOCH_1900) * (1 << 32))
