"""DTLS datagrams made by hand."""


def record(kind: int, body: bytes, *, epoch: int = 0, number: int = 0) -> bytes:
    return bytes((kind, 0xFE, 0xFD)) + epoch.to_bytes(2) + number.to_bytes(6) + len(body).to_bytes(2) + body


def message(kind: int, body: bytes, *, number: int = 0, offset: int = 0, total: int | None = None) -> bytes:
    """A handshake message, or a fragment of one."""
    size = len(body) if total is None else total
    return (
        bytes((kind,))
        + size.to_bytes(3)
        + number.to_bytes(2)
        + offset.to_bytes(3)
        + len(body).to_bytes(3)
        + body
    )


def hello(body: bytes) -> bytes:
    """A record with a ClientHello whose inside is ``body``."""
    return record(22, message(1, body))


def strange_hello(of: bytes, random: bytes) -> bytes:
    """A right ClientHello, but somebody else's: the one given with another random."""
    assert of[13] == 1
    return of[:27] + random + of[59:]
