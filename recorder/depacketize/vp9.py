"""VP9 (RFC 9628; uncompressed header of the VP9 bitstream specification §6.2)."""

from recorder.depacketize.assembler import Frame, MalformedPayload
from recorder.depacketize.bits import BitReader

_SYNC = 0x498342


class Vp9:
    def starts(self, payload: bytes) -> bool:
        return bool(payload[0] & 0x08) and not payload[0] & 0x40

    def join(self, payloads: list[bytes]) -> Frame:
        """The layers of one picture become one superframe (Annex B)."""
        layers: list[list[bytes]] = []
        ended = True
        for payload in payloads:
            if payload[0] & 0x08:
                if not ended:
                    raise MalformedPayload("a layer without end")
                layers.append([])
            elif ended:
                raise MalformedPayload("a layer without start")
            layers[-1].append(payload[descriptor_length(payload) :])
            ended = bool(payload[0] & 0x04)
        if not ended:
            raise MalformedPayload("a layer without end")
        frames = [b"".join(layer) for layer in layers]
        key, width, height = _uncompressed_header(frames[0])
        for frame in frames[1:]:
            _, width, height = _uncompressed_header(frame, (width, height))
        return Frame(0, key, _superframe(frames), width, height)


def descriptor_length(payload: bytes) -> int:
    """Raises IndexError."""
    flags = payload[0]
    length = 1
    if flags & 0x80:
        length += 2 if payload[length] & 0x80 else 1
    if flags & 0x20:
        length += 1 if flags & 0x10 else 2
    if flags & 0x10 and flags & 0x40:
        for _ in range(3):
            more = payload[length] & 1
            length += 1
            if not more:
                break
    if flags & 0x02:
        structure = payload[length]
        length += 1
        if structure & 0x10:
            length += 4 * ((structure >> 5) + 1)
        if structure & 0x08:
            pictures = payload[length]
            length += 1
            for _ in range(pictures):
                length += 1 + (payload[length] >> 2 & 3)
    return length


def _uncompressed_header(data: bytes, inherited: tuple[int, int] = (0, 0)) -> tuple[bool, int, int]:
    reader = BitReader(data[:32])
    if reader.bits(2) != 2:
        raise MalformedPayload("no frame marker")
    profile = reader.bits(1) | reader.bits(1) << 1
    if profile == 3:
        reader.bits(1)
    if reader.flag():
        return False, *inherited
    inter = reader.flag()
    reader.bits(2)
    if inter:
        return False, *inherited
    if reader.bits(24) != _SYNC:
        raise MalformedPayload("no sync code")
    if profile >= 2:
        reader.bits(1)
    space = reader.bits(3)
    if space != 7:
        reader.bits(1)
        if profile & 1:
            reader.bits(3)
    elif profile & 1:
        reader.bits(1)
    return True, reader.bits(16) + 1, reader.bits(16) + 1


def _superframe(frames: list[bytes]) -> bytes:
    if len(frames) == 1:
        return frames[0]
    if len(frames) > 8:
        raise MalformedPayload("more than eight layers")
    marker = bytes((0xC0 | 3 << 3 | len(frames) - 1,))
    sizes = b"".join(len(frame).to_bytes(4, "little") for frame in frames)
    return b"".join(frames) + marker + sizes + marker
