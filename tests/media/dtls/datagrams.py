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


def in_fragments(of: bytes, size: int = 100) -> list[bytes]:
    """A ClientHello in two datagrams, as browsers send theirs. The second record's number is one of its own."""
    body, number = of[25:], int.from_bytes(of[17:19])
    parts = ((0, int.from_bytes(of[5:11])), (size, 40 + number))
    return [
        record(
            22,
            message(1, body[at:][:size] if at == 0 else body[at:], number=number, offset=at, total=len(body)),
            number=n,
        )
        for at, n in parts
    ]
