"""Small RTP packetizers, written from the payload formats' specifications for the tests."""

import struct

MTU = 1100


def rtp(
    payload: bytes, *, pt: int, seq: int, ts: int, ssrc: int, marker: bool, extension: bool = True
) -> bytes:
    first = 0x90 if extension else 0x80
    header = struct.pack("!BBHII", first, pt | (0x80 if marker else 0), seq & 0xFFFF, ts & 0xFFFFFFFF, ssrc)
    if extension:
        header += bytes.fromhex("bede0001") + bytes((0x10, 0x61, 0, 0))
    return header + payload


def sender_report(ssrc: int, ntp_ms: float, ts: int) -> bytes:
    seconds = ntp_ms / 1000 + 2_208_988_800
    whole = int(seconds)
    return struct.pack(
        "!BBHIIIIII", 0x80, 200, 6, ssrc, whole, int((seconds - whole) * (1 << 32)), ts & 0xFFFFFFFF, 0, 0
    )


def vp8(frame: bytes, picture: int = 0) -> list[bytes]:
    chunks = _chunks(frame)
    return [
        bytes((0x90 if i == 0 else 0x80, 0x80)) + struct.pack("!H", 0x8000 | picture & 0x7FFF) + chunk
        for i, chunk in enumerate(chunks)
    ]


def vp9(frame: bytes, picture: int = 0) -> list[bytes]:
    chunks = _chunks(frame)
    inter = bool(frame[0] & 0x04)
    payloads = []
    for i, chunk in enumerate(chunks):
        flags = (
            0x80 | (0x40 if inter else 0) | (0x08 if i == 0 else 0) | (0x04 if i == len(chunks) - 1 else 0)
        )
        payloads.append(bytes((flags,)) + struct.pack("!H", 0x8000 | picture & 0x7FFF) + chunk)
    return payloads


def h264(frame: bytes, picture: int = 0) -> list[bytes]:
    units = [unit for unit in _annex_b(frame) if unit[0] & 0x1F not in (6, 9)]
    small = [unit for unit in units if unit[0] & 0x1F in (7, 8)]
    payloads = []
    if small:
        body = b"".join(struct.pack("!H", len(unit)) + unit for unit in small)
        payloads.append(b"\x78" + body)
    for unit in units:
        if unit in small:
            continue
        if len(unit) <= MTU:
            payloads.append(unit)
            continue
        chunks = _chunks(unit[1:])
        for i, chunk in enumerate(chunks):
            edge = (0x80 if i == 0 else 0) | (0x40 if i == len(chunks) - 1 else 0)
            payloads.append(bytes((unit[0] & 0xE0 | 28, edge | unit[0] & 0x1F)) + chunk)
    return payloads


def av1(frame: bytes, picture: int = 0) -> list[bytes]:
    """Each OBU in packets of its own (W=1), without size fields."""
    payloads = []
    obus = [obu for obu in _obus(frame) if obu[0] >> 3 & 15 != 2]
    new = any(obu[0] >> 3 & 15 == 1 for obu in obus)
    for obu in obus:
        chunks = _chunks(obu)
        for i, chunk in enumerate(chunks):
            flags = 0x10 | (0x80 if i else 0) | (0x40 if i < len(chunks) - 1 else 0)
            if new and not payloads:
                flags |= 0x08
            payloads.append(bytes((flags,)) + chunk)
    return payloads


PACKETIZERS = {"vp8": vp8, "vp9": vp9, "h264": h264, "av1": av1}


def _chunks(data: bytes) -> list[bytes]:
    return [data[i : i + MTU] for i in range(0, len(data), MTU)]


def _annex_b(data: bytes) -> list[bytes]:
    parts = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def _obus(data: bytes) -> list[bytes]:
    obus = []
    offset = 0
    while offset < len(data):
        header = data[offset : offset + (2 if data[offset] & 4 else 1)]
        offset += len(header)
        size = shift = 0
        while True:
            byte = data[offset]
            offset += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        obus.append(bytes((header[0] & ~2,)) + header[1:] + data[offset : offset + size])
        offset += size
    return obus
