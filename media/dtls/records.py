"""What can be told of a DTLS datagram without keys: it is cheap, so it comes first."""

from typing import NamedTuple

HEADER = 13
MTU = 1200
_HANDSHAKE_HEADER = 12
_MAX_MESSAGE = 1 << 14
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION = 20, 21, 22, 23
_CLIENT_HELLO = 1
_HELLO_VERIFY_REQUEST = 3
_RANDOM_AT = HEADER + _HANDSHAKE_HEADER + 2
_MESSAGES = frozenset({0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20})
"""Handshake messages of DTLS 1.2 (RFC 6347 §4.2.2, RFC 5246 §7.4)."""


class Datagram(NamedTuple):
    """``random``: of the ClientHello it begins with, if any, and its ``cookie``, which may be empty.
    ``is_plain_handshake``: begins with a handshake message that nothing protects."""

    random: bytes | None
    cookie: bytes
    is_plain_handshake: bool


def is_record(data: bytes) -> bool:
    """Whether a datagram is a row of well-formed DTLS 1.x records (RFC 6347 §4.1)."""
    position, size = 0, len(data)
    while position + HEADER <= size:
        if not 20 <= data[position] <= 26 or data[position + 1] != 0xFE:
            return False
        position += HEADER + (data[position + 11] << 8 | data[position + 12])
    return 0 < size == position


def read(data: bytes) -> Datagram | None:
    """None for what can only do harm: not DTLS, or in plaintext neither handshake nor ChangeCipherSpec.

    An alert in plaintext is by nobody: whoever can guess the address could end a handshake with it.
    """
    position, size = 0, len(data)
    while position + HEADER <= size:
        kind = data[position]
        if not _CHANGE_CIPHER_SPEC <= kind <= _APPLICATION or data[position + 1] != 0xFE:
            return None
        start = position + HEADER
        length = data[position + 11] << 8 | data[position + 12]
        is_plain = not (data[position + 3] or data[position + 4])
        if is_plain and kind == _HANDSHAKE:
            if not _is_handshake(data, start, min(start + length, size)):
                return None
        elif is_plain and (kind != _CHANGE_CIPHER_SPEC or length != 1):
            return None
        position = start + length
    if not 0 < size == position:
        return None
    random = _random(data)
    cookie = b"" if random is None else _cookie(data)
    return Datagram(random, cookie, data[0] == _HANDSHAKE and data[3:5] == b"\0\0")


def _is_handshake(data: bytes, position: int, end: int) -> bool:
    """Whether a plaintext record is a row of fragments whose lengths agree (RFC 6347 §4.2.2)."""
    if position == end:
        return False
    while position + _HANDSHAKE_HEADER <= end:
        total = int.from_bytes(data[position + 1 : position + 4])
        offset = int.from_bytes(data[position + 6 : position + 9])
        length = int.from_bytes(data[position + 9 : position + 12])
        if data[position] not in _MESSAGES or total > _MAX_MESSAGE or offset + length > total:
            return False
        position += _HANDSHAKE_HEADER + length
    return position == end


def _random(data: bytes) -> bytes | None:
    """The random that tells this ClientHello, or its first fragment, from others."""
    if (
        len(data) < _RANDOM_AT + 32
        or data[0] != _HANDSHAKE
        or data[3:5] != b"\0\0"
        or data[HEADER] != _CLIENT_HELLO
        or data[HEADER + 6 : HEADER + 9] != b"\0\0\0"
    ):
        return None
    return data[_RANDOM_AT : _RANDOM_AT + 32]


def _cookie(data: bytes) -> bytes:
    """RFC 6347 §4.2.1: behind the random and the session id. ``data`` begins with a hello, which may go on in
    other datagrams: the hellos of browsers are too large for one."""
    at = _RANDOM_AT + 32
    at += 1 + data[at] if at < len(data) else 0
    return data[at + 1 : at + 1 + data[at]] if at < len(data) else b""


def hello_verify_request(hello: bytes, cookie: bytes) -> bytes:
    """The answer to a hello that costs nothing: say that again, with this cookie."""
    body = b"\xfe\xff" + bytes((len(cookie),)) + cookie
    size = len(body).to_bytes(3)
    message = bytes((_HELLO_VERIFY_REQUEST,)) + size + bytes(5) + size + body
    return bytes((_HANDSHAKE, 0xFE, 0xFF)) + hello[3:11] + len(message).to_bytes(2) + message


def pack(flight: bytes) -> list[bytes]:
    """Whole records into datagrams of at most ``MTU`` bytes, as far as the records allow."""
    datagrams: list[bytes] = []
    start = position = 0
    while position + HEADER <= len(flight):
        end = position + HEADER + (flight[position + 11] << 8 | flight[position + 12])
        if end - start > MTU and position > start:
            datagrams.append(flight[start:position])
            start = position
        position = end
    if start < len(flight):
        datagrams.append(flight[start:])
    return datagrams
