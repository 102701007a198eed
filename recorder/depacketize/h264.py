"""H.264 (RFC 6184, packetization modes 0 and 1) → length-prefixed NAL units and avcC."""

import struct

from recorder.depacketize.assembler import Frame, MalformedPayload
from recorder.depacketize.bits import BitReader

_IDR, _SPS, _PPS, _DELIMITER, _FILLER = 5, 7, 8, 9, 12
_STAP_A, _FU_A = 24, 28


class H264:
    """Parameter sets stay in the stream as well, so that they may change (a window is resized)."""

    def __init__(self) -> None:
        self._sps = b""
        self._pps: dict[int, bytes] = {}

    def starts(self, payload: bytes) -> bool:
        kind = payload[0] & 0x1F
        if kind == _STAP_A and len(payload) > 3:
            kind = payload[3] & 0x1F
        return kind in (_SPS, _DELIMITER)

    def join(self, payloads: list[bytes]) -> Frame:
        units = [unit for unit in _units(payloads) if unit[0] & 0x1F not in (_DELIMITER, _FILLER)]
        kinds = {unit[0] & 0x1F for unit in units}
        if not kinds & {1, 2, _IDR}:
            self._remember(units)
            raise MalformedPayload("no slice")
        self._remember(units)
        if _IDR not in kinds:
            return Frame(0, False, _prefixed(units))
        if not self._sps or not self._pps:
            raise MalformedPayload("no parameter sets")
        if _SPS not in kinds:
            units = [self._sps, *self._pps.values(), *units]
        width, height = picture_size(self._sps)
        return Frame(0, True, _prefixed(units), width, height, self._avcc())

    def _remember(self, units: list[bytes]) -> None:
        for unit in units:
            kind = unit[0] & 0x1F
            if kind == _SPS and len(unit) > 4:
                self._sps = unit
            elif kind == _PPS and len(unit) > 1:
                identifier = BitReader(unit[1:]).ue()
                if identifier < 8:
                    self._pps[identifier] = unit

    def _avcc(self) -> bytes:
        """AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3)."""
        return b"".join(
            (
                b"\x01",
                self._sps[1:4],
                b"\xff\xe1",
                struct.pack("!H", len(self._sps)) + self._sps,
                bytes((len(self._pps),)),
                *(struct.pack("!H", len(pps)) + pps for pps in self._pps.values()),
            )
        )


def _prefixed(units: list[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def _units(payloads: list[bytes]) -> list[bytes]:
    units: list[bytes] = []
    fragments: list[bytes] | None = None
    for payload in payloads:
        kind = payload[0] & 0x1F
        if kind == _FU_A:
            header = payload[1]
            if header & 0x80:
                if fragments is not None:
                    raise MalformedPayload("a unit without end")
                fragments = [bytes((payload[0] & 0xE0 | header & 0x1F,))]
            if fragments is None:
                raise MalformedPayload("a unit without start")
            fragments.append(payload[2:])
            if header & 0x40:
                units.append(b"".join(fragments))
                fragments = None
            continue
        if fragments is not None:
            raise MalformedPayload("a unit without end")
        if kind == _STAP_A:
            offset = 1
            while offset + 2 < len(payload):
                size = int.from_bytes(payload[offset : offset + 2], "big")
                unit = payload[offset + 2 : offset + 2 + size]
                if size == 0 or len(unit) != size:
                    raise MalformedPayload("an aggregate cut short")
                units.append(unit)
                offset += 2 + size
        elif 1 <= kind <= 23:
            units.append(payload)
        else:
            raise MalformedPayload(f"packet type {kind}")
    if fragments is not None:
        raise MalformedPayload("a unit without end")
    return units


def picture_size(sps: bytes) -> tuple[int, int]:
    """Of a sequence parameter set (H.264 §7.3.2.1.1). Raises IndexError."""
    reader = BitReader(sps[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = reader.bits(8)
    reader.bits(16)
    reader.ue()
    chroma = 1
    if profile in (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135):
        chroma = reader.ue()
        if chroma == 3:
            reader.bits(1)
        reader.ue()
        reader.ue()
        reader.bits(1)
        if reader.flag():
            for index in range(8 if chroma != 3 else 12):
                if reader.flag():
                    _skip_scaling_list(reader, 16 if index < 6 else 64)
    reader.ue()
    order = reader.ue()
    if order == 0:
        reader.ue()
    elif order == 1:
        reader.bits(1)
        reader.se()
        reader.se()
        for _ in range(min(reader.ue(), 255)):
            reader.se()
    reader.ue()
    reader.bits(1)
    width = (reader.ue() + 1) * 16
    map_height = (reader.ue() + 1) * 16
    frame_only = reader.flag()
    height = map_height * (1 if frame_only else 2)
    if not frame_only:
        reader.bits(1)
    reader.bits(1)
    if reader.flag():
        unit_x = 1 if chroma in (0, 3) else 2
        unit_y = (2 if chroma == 1 else 1) * (1 if frame_only else 2)
        left, right, top, bottom = (reader.ue() for _ in range(4))
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise MalformedPayload(f"{width}x{height}")
    return width, height


def _skip_scaling_list(reader: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.se()) % 256
        last = following or last
