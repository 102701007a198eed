"""Does a TURN server relay for us? One allocation (RFC 8656 §7), asked for as a browser would and given back."""

import hashlib
import hmac
import os
import socket
import ssl
import struct
from collections.abc import Callable

from signaling.turn import TurnUrl

_MAGIC = 0x2112A442
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_ALLOCATE, _REFRESH = 0x0003, 0x0004
_SUCCESS = 0x0100
_USERNAME, _INTEGRITY, _ERROR, _LIFETIME, _REALM, _NONCE, _TRANSPORT = 6, 8, 9, 0x0D, 0x14, 0x15, 0x19
_UDP = (_TRANSPORT, bytes((17, 0, 0, 0)))
_UNAUTHORIZED = 401
_TRIES = 3
_MAX_MESSAGE = 4096


class TurnFailed(Exception):
    """In plain words, for whoever runs the server."""


class _Refused(Exception):
    def __init__(self, code: int, attributes: dict[int, bytes]) -> None:
        super().__init__(str(code))
        self.code = code
        self.attributes = attributes


def try_turn(url: TurnUrl, username: str, password: str, seconds: float = 3.0) -> None:
    """Raises TurnFailed. ``seconds``: for each answer. Certificates are verified, as browsers do."""
    try:
        with _connect(url, seconds) as sock:
            _allocate(_exchange(sock, url.transport == "udp"), username, password)
    except ssl.SSLError as error:
        raise TurnFailed(f"its certificate is not accepted: {error.reason or error}") from error
    except TimeoutError as error:
        raise TurnFailed("it does not answer") from error
    except OSError as error:
        raise TurnFailed(error.strerror or str(error)) from error


def _connect(url: TurnUrl, seconds: float) -> socket.socket:
    if url.transport == "tcp":
        sock = socket.create_connection((url.host, url.port), seconds)
        if url.scheme == "turns":
            return ssl.create_default_context().wrap_socket(sock, server_hostname=url.host)
        return sock
    if url.scheme == "turns":
        raise TurnFailed("browsers speak turns: over TCP only")
    family, kind, _, _, address = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, kind)
    # Each try of a datagram waits for its share of the time.
    sock.settimeout(seconds / _TRIES)
    sock.connect(address)
    return sock


_Exchange = Callable[[bytes], bytes]


def _exchange(sock: socket.socket, datagrams: bool) -> _Exchange:
    def over_datagrams(request: bytes) -> bytes:
        for attempt in range(1, _TRIES + 1):
            sock.send(request)
            try:
                return sock.recv(_MAX_MESSAGE)
            except TimeoutError:
                if attempt == _TRIES:
                    raise
        raise AssertionError("not reached")

    def over_a_stream(request: bytes) -> bytes:
        sock.sendall(request)
        head = _receive(sock, _HEADER.size)
        return head + _receive(sock, min(int.from_bytes(head[2:4]), _MAX_MESSAGE))

    return over_datagrams if datagrams else over_a_stream


def _receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise TurnFailed("it closes the connection")
        data += part
    return data


def _allocate(exchange: _Exchange, username: str, password: str) -> None:
    try:
        _ask(exchange, _ALLOCATE, [_UDP], b"")
    except _Refused as refused:
        realm, nonce = refused.attributes.get(_REALM, b""), refused.attributes.get(_NONCE, b"")
        if refused.code != _UNAUTHORIZED or not realm:
            raise TurnFailed(f"it refuses with {refused.code}") from None
    else:
        raise TurnFailed("it relays for anybody: it asks for no credentials")
    key = hashlib.md5(b":".join((username.encode(), realm, password.encode()))).digest()  # noqa: S324 (RFC 8489 §9.2.2)
    names = [(_USERNAME, username.encode()), (_REALM, realm), (_NONCE, nonce)]
    try:
        _ask(exchange, _ALLOCATE, [_UDP, *names], key)
        _ask(exchange, _REFRESH, [(_LIFETIME, bytes(4)), *names], key)
    except _Refused as refused:
        if refused.code == _UNAUTHORIZED:
            raise TurnFailed("it does not take our credentials") from None
        raise TurnFailed(f"it refuses to relay with {refused.code}") from None


def _ask(exchange: _Exchange, method: int, attributes: list[tuple[int, bytes]], key: bytes) -> None:
    transaction = os.urandom(12)
    body = b"".join(
        _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes
    )
    if key:
        head = _HEADER.pack(method, len(body) + 24, _MAGIC, transaction)
        body += _ATTRIBUTE.pack(_INTEGRITY, 20) + hmac.digest(key, head + body, "sha1")
    answer = exchange(_HEADER.pack(method, len(body), _MAGIC, transaction) + body)
    if len(answer) < _HEADER.size or answer[4:20] != _MAGIC.to_bytes(4) + transaction:
        raise TurnFailed("it answers something else than TURN")
    if int.from_bytes(answer[:2]) != method | _SUCCESS:
        found = _attributes(answer[_HEADER.size :])
        error = found.get(_ERROR, bytes(4))
        raise _Refused((error[2] & 7) * 100 + error[3] if len(error) >= 4 else 0, found)


def _attributes(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(body):
        name, size = _ATTRIBUTE.unpack_from(body, position)
        found.setdefault(name, body[position + 4 : position + 4 + size])
        position += 4 + size + -size % 4
    return found
