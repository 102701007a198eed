"""EBML primitives (RFC 8794): variable-size integers, elements, and a bounded reader of headers."""

import struct
from typing import NamedTuple

UNKNOWN_SIZE_8 = b"\x01\xff\xff\xff\xff\xff\xff\xff"
VOID = 0xEC
MAX_VINT = (1 << 56) - 2


class Malformed(Exception):
    """These bytes are no EBML element."""


class Truncated(Exception):
    """The bytes end inside an element's header."""


class Header(NamedTuple):
    """``size`` is None when unknown; ``length``: bytes of the header itself."""

    id: int
    size: int | None
    length: int


def vint(value: int, width: int | None = None) -> bytes:
    """Size as a variable-size integer, in the fewest bytes or in ``width``."""
    if width is None:
        width = 1
        while value >= (1 << (7 * width)) - 1:
            width += 1
    if not 1 <= width <= 8 or not 0 <= value <= (1 << (7 * width)) - 2:
        raise ValueError(f"{value} does not fit {width} bytes")
    return (value | 1 << (7 * width)).to_bytes(width, "big")


def element_id(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def binary(identifier: int, payload: bytes) -> bytes:
    return element_id(identifier) + vint(len(payload)) + payload


def master(identifier: int, *children: bytes) -> bytes:
    return binary(identifier, b"".join(children))


def uint(identifier: int, value: int, width: int | None = None) -> bytes:
    width = width or max(1, (value.bit_length() + 7) // 8)
    return binary(identifier, value.to_bytes(width, "big"))


def float64(identifier: int, value: float) -> bytes:
    return binary(identifier, struct.pack("!d", value))


def text(identifier: int, value: str) -> bytes:
    return binary(identifier, value.encode())


def void(total: int) -> bytes:
    """A Void element of exactly ``total`` bytes (0, or at least 2)."""
    if total == 0:
        return b""
    if total < 2:
        raise ValueError("a Void element has at least two bytes")
    width = 1 if total - 2 < 0x7F else 8 if total >= 9 else 1
    return bytes((VOID,)) + vint(total - 1 - width, width) + bytes(total - 1 - width)


def read_header(data: bytes | memoryview, offset: int = 0) -> Header:
    """Raises Truncated when more bytes are needed, Malformed when no byte could help."""
    identifier, id_length = _read_vint(data, offset, 4)
    value, size_length = _read_vint(data, offset + id_length, 8)
    mask = (1 << (7 * size_length)) - 1
    size = value & mask
    return Header(identifier, None if size == mask else size, id_length + size_length)


def _read_vint(data: bytes | memoryview, offset: int, longest: int) -> tuple[int, int]:
    if offset >= len(data):
        raise Truncated
    first = data[offset]
    length = 9 - first.bit_length()
    if first == 0 or length > longest:
        raise Malformed(f"byte {first:#x} at {offset}")
    if offset + length > len(data):
        raise Truncated
    return int.from_bytes(data[offset : offset + length], "big"), length
