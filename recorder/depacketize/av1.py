"""AV1 (RTP payload format for AV1 v1.0; OBUs of the AV1 specification §5) → temporal units and av1C."""

from recorder.depacketize.assembler import Frame, MalformedPayload
from recorder.depacketize.bits import BitReader, leb128, read_leb128

_SEQUENCE, _DELIMITER, _FRAME_HEADER, _FRAME = 1, 2, 3, 6
_TILE_LIST, _PADDING = 8, 15


class Av1:
    def starts(self, payload: bytes) -> bool:
        """N: first packet of a coded video sequence."""
        return bool(payload[0] & 0x08) and not payload[0] & 0x80

    def join(self, payloads: list[bytes]) -> Frame:
        kept: list[bytes] = []
        sequence = sequence_body = b""
        key = False
        for obu in _obus(payloads):
            kind = obu[0] >> 3 & 0x0F
            if kind in (_DELIMITER, _TILE_LIST, _PADDING):
                continue
            header, body = _split(obu)
            sized = bytes((header[0] | 0x02,)) + header[1:] + leb128(len(body)) + body
            if kind == _SEQUENCE:
                sequence = sized
                sequence_body = body
            elif kind in (_FRAME_HEADER, _FRAME) and sequence and body and body[0] & 0xE0 == 0:
                key = True
            kept.append(sized)
        if not kept:
            raise MalformedPayload("nothing to show")
        data = b"".join(kept)
        if not key:
            return Frame(0, False, data)
        width, height, config = _sequence_header(sequence_body)
        return Frame(0, True, data, width, height, config + sequence)


def _split(obu: bytes) -> tuple[bytes, bytes]:
    length = 2 if obu[0] & 0x04 else 1
    header = obu[:length]
    if obu[0] & 0x02:
        size, start = read_leb128(obu, length)
        if start + size > len(obu):
            raise MalformedPayload("an OBU cut short")
        return header, obu[start : start + size]
    return header, obu[length:]


def _obus(payloads: list[bytes]) -> list[bytes]:
    obus: list[bytes] = []
    open_end = False
    for payload in payloads:
        aggregation = payload[0]
        elements = _elements(payload, aggregation >> 4 & 3)
        if bool(aggregation & 0x80) != open_end:
            raise MalformedPayload("a fragment without its other half")
        if open_end:
            if not elements:
                raise MalformedPayload("an empty packet")
            obus[-1] += elements[0]
            elements = elements[1:]
        obus += elements
        open_end = bool(aggregation & 0x40)
    if open_end:
        raise MalformedPayload("a fragment without its other half")
    return [obu for obu in obus if obu]


def _elements(payload: bytes, count: int) -> list[bytes]:
    elements: list[bytes] = []
    offset = 1
    while offset < len(payload):
        if count and len(elements) == count - 1:
            elements.append(payload[offset:])
            return elements
        size, offset = read_leb128(payload, offset)
        if offset + size > len(payload):
            raise MalformedPayload("an element cut short")
        elements.append(payload[offset : offset + size])
        offset += size
    return elements


def _sequence_header(body: bytes) -> tuple[int, int, bytes]:
    """(width, height, the fixed part of av1C) of a sequence header OBU (§5.5)."""
    reader = BitReader(body)
    profile = reader.bits(3)
    reader.bits(1)
    if reader.flag():
        level, tier = reader.bits(5), 0
    else:
        level, tier = _operating_points(reader)
    width_bits, height_bits = reader.bits(4) + 1, reader.bits(4) + 1
    width, height = reader.bits(width_bits) + 1, reader.bits(height_bits) + 1
    config = bytes((0x81, profile << 5 | level, tier << 7 | (0x0C if profile == 0 else 0), 0))
    return width, height, config


def _operating_points(reader: BitReader) -> tuple[int, int]:
    delay_bits = 0
    if reader.flag():
        reader.bits(64)
        if reader.flag():
            reader.ue()
        if reader.flag():
            delay_bits = reader.bits(5) + 1
            reader.bits(42)
            decoder_model = True
        else:
            decoder_model = False
    else:
        decoder_model = False
    display_delay = reader.flag()
    first = (0, 0)
    for index in range(reader.bits(5) + 1):
        reader.bits(12)
        level = reader.bits(5)
        tier = reader.bits(1) if level > 7 else 0
        if decoder_model and reader.flag():
            reader.bits(2 * delay_bits + 1)
        if display_delay and reader.flag():
            reader.bits(4)
        if index == 0:
            first = (level, tier)
    return first
