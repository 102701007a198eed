"""STUN messages (RFC 8489) as ICE uses them (RFC 8445 §7): the part a lite agent and its tests need."""

import hmac
import ipaddress
import os
import socket
import struct
import zlib
from enum import IntEnum

MAGIC = 0x2112A442
HEADER_SIZE = 20
MAX_SIZE = 1280
MAX_ATTRIBUTES = 32
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_ADDRESS = struct.Struct("!BBH")
_MAGIC = MAGIC.to_bytes(4)
_MAPPED = bytes(10) + b"\xff\xff"
"""Begins an IPv6 address that is an IPv4 one (RFC 4291 §2.5.5.2)."""


class Type(IntEnum):
    REQUEST = 0x0001
    INDICATION = 0x0011
    SUCCESS = 0x0101
    ERROR = 0x0111


class Attribute(IntEnum):
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    XOR_MAPPED_ADDRESS = 0x0020
    PRIORITY = 0x0024
    USE_CANDIDATE = 0x0025
    FINGERPRINT = 0x8028
    ICE_CONTROLLED = 0x8029
    ICE_CONTROLLING = 0x802A


class Message:
    """``attributes``: first occurrence of each, raw value. ``integrity_at``: position of MESSAGE-INTEGRITY or -1."""

    __slots__ = ("attributes", "integrity_at", "raw", "transaction", "type")

    def __init__(
        self, kind: int, transaction: bytes, attributes: dict[int, bytes], raw: bytes, integrity_at: int
    ) -> None:
        self.type = kind
        self.transaction = transaction
        self.attributes = attributes
        self.raw = raw
        self.integrity_at = integrity_at

    @property
    def username(self) -> str:
        return self.attributes.get(Attribute.USERNAME, b"").decode("utf-8", "replace")

    def is_authentic(self, password: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and right (RFC 8489 §14.5)."""
        at = self.integrity_at
        if at < 0:
            return False
        head = bytearray(self.raw[:at])
        struct.pack_into("!H", head, 2, at - HEADER_SIZE + 24)
        return hmac.compare_digest(
            hmac.digest(password, head, "sha1"), self.attributes[Attribute.MESSAGE_INTEGRITY]
        )


def parse(data: bytes) -> Message | None:
    """None for what is not a well-formed STUN message of ICE: FINGERPRINT must be there and right
    (RFC 8445 §7.1). Attributes between MESSAGE-INTEGRITY and FINGERPRINT are ignored."""
    size = len(data)
    if not HEADER_SIZE <= size <= MAX_SIZE:
        return None
    kind, length, magic, transaction = _HEADER.unpack_from(data)
    if kind & 0xC000 or magic != MAGIC or length & 3 or length != size - HEADER_SIZE:
        return None
    attributes: dict[int, bytes] = {}
    integrity_at = -1
    is_marked = False
    position = HEADER_SIZE
    for _ in range(MAX_ATTRIBUTES):
        if position == size:
            return Message(kind, transaction, attributes, data, integrity_at) if is_marked else None
        if position + 4 > size:
            return None
        name, value_size = _ATTRIBUTE.unpack_from(data, position)
        start = position + 4
        end = start + value_size
        if end > size:
            return None
        if name == Attribute.FINGERPRINT:
            if value_size != 4 or end != size:
                return None
            if int.from_bytes(data[start:end]) != fingerprint(data[:position]):
                return None
            is_marked = True
        if integrity_at < 0:
            if name == Attribute.MESSAGE_INTEGRITY:
                if value_size != 20:
                    return None
                integrity_at = position
            attributes.setdefault(name, data[start:end])
        position = end + (-value_size % 4)
        if position > size:
            return None
    return None


def fingerprint(data: bytes | bytearray) -> int:
    """RFC 8489 §14.7, over everything before the attribute with the length field already final."""
    return zlib.crc32(data) ^ 0x5354554E


def build(
    kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], password: bytes | None
) -> bytes:
    """With MESSAGE-INTEGRITY (when ``password`` is given) and FINGERPRINT appended."""
    body = bytearray()
    for name, value in attributes:
        body += _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)
    if password is not None:
        head = _HEADER.pack(kind, len(body) + 24, MAGIC, transaction)
        code = hmac.digest(password, head + body, "sha1")
        body += _ATTRIBUTE.pack(Attribute.MESSAGE_INTEGRITY, 20) + code
    message = _HEADER.pack(kind, len(body) + 8, MAGIC, transaction) + bytes(body)
    return message + _ATTRIBUTE.pack(Attribute.FINGERPRINT, 4) + fingerprint(message).to_bytes(4)


def binding_response(request: Message, ip: str, port: int, password: bytes) -> bytes:
    mapped = encode_address(ip, port, request.transaction)
    return build(Type.SUCCESS, request.transaction, [(Attribute.XOR_MAPPED_ADDRESS, mapped)], password)


def binding_request(username: str, password: bytes, priority: int, tie_breaker: int, nominate: bool) -> bytes:
    """A controlling agent's connectivity check, with a fresh transaction id."""
    attributes = [
        (int(Attribute.USERNAME), username.encode()),
        (int(Attribute.PRIORITY), priority.to_bytes(4)),
        (int(Attribute.ICE_CONTROLLING), tie_breaker.to_bytes(8)),
    ]
    if nominate:
        attributes.append((int(Attribute.USE_CANDIDATE), b""))
    return build(Type.REQUEST, os.urandom(12), attributes, password)


def encode_address(ip: str, port: int, transaction: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS (RFC 8489 §14.2); IPv4 inside IPv6 is told as IPv4."""
    if ":" in ip:
        packed = socket.inet_pton(socket.AF_INET6, ip.partition("%")[0])
        packed = packed.removeprefix(_MAPPED)
    else:
        packed = socket.inet_pton(socket.AF_INET, ip)
    size = len(packed)
    mask = int.from_bytes(_MAGIC + transaction[: size - 4])
    xored = (int.from_bytes(packed) ^ mask).to_bytes(size)
    return _ADDRESS.pack(0, 1 if size == 4 else 2, port ^ MAGIC >> 16) + xored


def decode_address(value: bytes, transaction: bytes) -> tuple[str, int] | None:
    if len(value) not in (8, 20) or value[1] != (1 if len(value) == 8 else 2):
        return None
    mask = (MAGIC.to_bytes(4) + transaction)[: len(value) - 4]
    packed = bytes(a ^ b for a, b in zip(value[4:], mask, strict=True))
    return str(ipaddress.ip_address(packed)), int.from_bytes(value[2:4]) ^ MAGIC >> 16
