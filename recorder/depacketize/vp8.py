"""VP8 (RFC 7741; frame header RFC 6386 §9.1)."""

from recorder.depacketize.assembler import Frame, MalformedPayload


def descriptor_length(payload: bytes) -> int:
    """Raises IndexError."""
    length = 1
    if payload[0] & 0x80:
        extension = payload[1]
        length = 2
        if extension & 0x80:
            length += 2 if payload[2] & 0x80 else 1
        if extension & 0x40:
            length += 1
        if extension & 0x30:
            length += 1
    return length


class Vp8:
    def starts(self, payload: bytes) -> bool:
        return payload[0] & 0x17 == 0x10

    def join(self, payloads: list[bytes]) -> Frame:
        if not self.starts(payloads[0]):
            raise MalformedPayload("no first packet")
        if any(self.starts(payload) for payload in payloads[1:]):
            raise MalformedPayload("two first packets")
        data = b"".join(payload[descriptor_length(payload) :] for payload in payloads)
        if len(data) < 3:
            raise MalformedPayload("no frame header")
        if data[0] & 1:
            return Frame(0, False, data)
        if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
            raise MalformedPayload("no start code")
        width = int.from_bytes(data[6:8], "little") & 0x3FFF
        height = int.from_bytes(data[8:10], "little") & 0x3FFF
        return Frame(0, True, data, width, height)
