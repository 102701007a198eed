"""Pictures as browsers make them: just headers where nothing is decoded."""

import struct
import zlib


def png(width: int, height: int, *, depth: int = 8, colour: int = 0, filling: int = 0) -> bytes:
    """A PNG that decodes (to black); ``filling``: bytes more in a chunk of its own."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" * (1 + (width * channels * depth + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if filling:
        chunks.append((b"teXt", bytes(filling)))
    chunks += [(b"IDAT", zlib.compress(row * height)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def webp(kind: bytes, body: bytes) -> bytes:
    body = body.ljust(18, b"\0")
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def lossless_webp(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def lossy_webp(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height))


def extended_webp(width: int, height: int, flags: int = 0) -> bytes:
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return webp(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def bands(width: int, height: int) -> bytes:
    return b"BND1" + struct.pack(">HH", width, height) + zlib.compress(b"", wbits=-15)
